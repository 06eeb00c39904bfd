"""Run one benchmark by its name."""

import importlib
import pkgutil
import sys

import benchmarks


def main() -> int:
    """List the benchmarks, or run the one that is named."""
    names = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_")]
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        for name in names:
            module = importlib.import_module(f"benchmarks.{name}")
            print(f"{name:12} {(module.__doc__ or '').splitlines()[0]}")
        return 0 if len(sys.argv) < 2 else 2
    importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])
    return 0


sys.exit(main())
