"""Twenty incidents in the demo city: how near did any two drones come, and what did it cost in response time?

``python -m benchmarks separation [INCIDENTS [EVERY_S [SPEED [DRONES_PER_BASE]]]]``: the calls of ``reach180 demo``.
"""

import asyncio
import math
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from api.cli.serve import paced_calls
from api.drive import drive
from api.engine import ready, running
from api.settings import Settings
from api.tracks import Tracks
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.kpi import stage_times
from dispatch.model import Drone
from geo.separation import closest_approaches

WATCH_S = 60.0


def crowded(city: City, drones_per_base: int) -> City:
    """The city with so many drones on each of its bases."""
    bases = {id_: replace(base, docks=drones_per_base) for id_, base in city.bases.items()}
    airframe = next(iter(city.drones.values())).airframe
    names = [id_ for id_ in bases for _ in range(drones_per_base)]
    drones = [Drone(id=f"D{n:03d}", airframe=airframe, base_id=base, system_id=n) for n, base in enumerate(names, 1)]
    return replace(city, bases=bases, drones={drone.id: drone for drone in drones})


async def fly(city: City, count: int, every_s: float, speed: float, folder: Path) -> int:
    """Fly it and print the figures; how many pairs came too near."""
    settings = Settings(city="kunshan", speed=speed, data=folder, connections=[], database="")
    async with running(settings, city) as engine:
        await ready(engine)
        tracks = Tracks(engine.operations)
        calls = paced_calls(city, engine.clock.now_s() + 5, count, every_s, seed=180)
        driven = await drive(engine, calls, watch_s=WATCH_S)
        approaches = closest_approaches(tracks.all())
        near = [approach for approach in approaches if approach.too_near]
        print(f"{count} incidents, one every {every_s:g} s, {len(city.drones)} drones at {speed:g} x")
        print(
            f"pairs in the air at once {len(approaches)}, too near {len(near)}, failures {engine.operations.failures}"
        )
        for approach in approaches[: max(5, len(near))]:
            print(f"  {approach.share:5.2f}  {approach}")
        for stage in stage_times([incident.clocks for incident in driven.incidents(engine)]):
            print(f"  {stage.name:28} n {stage.count:3}  median {stage.median_s:6.1f} s  P90 {stage.p90_s:6.1f} s")
        return len(near)


def main(args: list[str]) -> None:
    """Run it; the exit code is 1 where two drones came too near."""
    told = [float(arg) for arg in args]
    count, every_s, speed, per_base = [*told, *(20.0, 30.0, 10.0, math.nan)[len(told) :]]
    city = load_city(find_city("kunshan"))
    if not math.isnan(per_base):
        city = crowded(city, int(per_base))
    with tempfile.TemporaryDirectory() as folder:
        near = asyncio.run(fly(city, int(count), every_s, speed, Path(folder)))
    sys.exit(1 if near else 0)
