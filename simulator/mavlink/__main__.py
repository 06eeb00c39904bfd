"""``python -m simulator.mavlink --spec FILE --port 14550 --speed 10 --rate 10``"""

import argparse
import asyncio
import sys
from pathlib import Path

from .fleet import serve
from .spec import SpecError, parse_fleet


def main() -> int:
    """Fly the fleet of a spec file until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m simulator.mavlink", description=__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="fleet description, JSON")
    parser.add_argument("--port", type=int, default=14_550, help="UDP port on which MAVSDK listens (udpin)")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a second")
    parser.add_argument("--rate", type=float, default=10.0, help="position messages a second and vehicle")
    arguments = parser.parse_args()
    if not 0 < arguments.port < 65_536:
        parser.error("--port must lie in 1 to 65535")
    if not arguments.speed >= 0 or not 0 < arguments.rate <= 50:
        parser.error("--speed must be ≥ 0 and --rate in 0 to 50")
    try:
        fleet = parse_fleet(arguments.spec.read_text(encoding="utf-8"))
    except (OSError, SpecError) as error:
        sys.stderr.write(f"{arguments.spec}: {error}\n")
        return 2
    asyncio.run(serve(fleet, arguments.port, arguments.speed, arguments.rate))
    return 0


if __name__ == "__main__":
    sys.exit(main())
