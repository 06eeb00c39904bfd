"""Six embedded vehicles on one base, over MAVLink: telemetry of every pair, from first take-off to last landing."""

import asyncio
from dataclasses import replace
from pathlib import Path

from api.drive import drive
from api.engine import ready, running
from api.tracks import Tracks
from dispatch.city import City
from dispatch.city_folder import load_city
from dispatch.model import Drone, IncidentStatus
from geo.separation import closest_approaches
from simulator.calls import Call
from tests.api.site import settings_for
from tests.cities import FRAME

SPEED, WATCH_S = 5.0, 15.0
PLACES_M = [(450, 20), (480, -30), (430, 60), (-380, 150), (500, 40), (460, 0)]
"""Close together along one way out, and one the other way."""

PAUSE_S = 12.0
"""The second six are reported while the first come home: returns cross launches."""


def six_on_one_base(folder: Path) -> City:
    """The made-up city with all of its drones on one base."""
    city = load_city(folder)
    bases = {**city.bases, "B1": replace(city.bases["B1"], docks=6)}
    drones = [Drone(id=f"D{n}", airframe="sprinter", base_id="B1", system_id=n) for n in range(1, 7)]
    return replace(city, bases=bases, drones={drone.id: drone for drone in drones})


def test_six_drones_of_one_base_never_come_near_each_other(tmp_path: Path, city_folder: Path) -> None:
    city, settings = six_on_one_base(city_folder), settings_for(tmp_path, city_folder, speed=SPEED)

    async def fly() -> None:
        async with running(settings, city) as engine:
            assert await ready(engine) == len(city.drones)
            tracks = Tracks(engine.operations)
            begin_s = engine.clock.now_s() + 5
            calls = [
                Call(at_s=begin_s + wave * 70 + k * PAUSE_S / 6, position=FRAME.position(place), type="fire")
                for wave in range(2)
                for k, place in enumerate(PLACES_M)
            ]
            driven = await asyncio.wait_for(drive(engine, calls, watch_s=WATCH_S), 240)
            told = driven.incidents(engine)
            assert [incident.status for incident in told] == [IncidentStatus.CLOSED] * len(calls)
            approaches = closest_approaches(tracks.all())
            assert len(approaches) >= 10, "hardly any two were in the air at once: nothing is shown"
            for approach in approaches[:3]:
                print(f"{approach.share:.2f} {approach}")
            assert not [str(approach) for approach in approaches if approach.too_near]
            assert engine.operations.failures == 0
            assert not engine.operations.situation.withdrawn

    asyncio.run(fly())
