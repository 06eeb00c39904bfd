"""What numba keeps on disk of a folder's compiled functions is renewed when any file of the folder changes."""

import importlib
import sys
from pathlib import Path

import pytest

OUTER = """
from simulator.city.loop.compiled import compiled
from kept_0.inner import twice

@compiled
def outer(k):
    return twice(k) + 1
"""
INNER = """
from simulator.city.loop.compiled import compiled

@compiled
def twice(k):
    return {factor} * k
"""


def test_a_change_of_what_is_called_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "kept_0"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "outer.py").write_text(OUTER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def asked(factor: int) -> tuple[int, int]:
        """The answer of a process that starts now, and how often it was read from disk."""
        (folder / "inner.py").write_text(INNER.format(factor=factor))
        for name in [name for name in sys.modules if name.startswith("kept_0")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        outer = importlib.import_module("kept_0.outer").outer
        return outer(5), sum(outer.stats.cache_hits.values())

    assert asked(2) == (11, 0)
    assert asked(2) == (11, 1)
    assert asked(3) == (16, 0)
