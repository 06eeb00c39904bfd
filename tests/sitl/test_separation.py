"""Three real PX4 of one base at once: two along the same way, one the other way, telemetry of every pair audited."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from api.drive import drive
from api.engine import ready, running
from api.pytest_plugin import Px4Fleets
from api.settings import Settings
from api.tracks import Tracks
from dispatch.city_folder import load_city
from dispatch.model import Drone, IncidentStatus
from geo.position import Position
from geo.separation import closest_approaches
from simulator.calls import Call
from simulator.px4 import GROUND_STATION_URL
from tests.sitl.city import write_px4_city

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]


def test_three_px4_of_one_base_are_kept_apart(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    drones = {id_: Drone(id=id_, airframe="px4-x500", base_id="B1", system_id=n) for n, id_ in enumerate("ABC", 1)}
    city = replace(city, bases={**city.bases, "B1": replace(city.bases["B1"], docks=3)}, drones=drones)
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, connections=[GROUND_STATION_URL], database="")

    async def fly() -> None:
        async with running(settings, city) as engine:
            assert await ready(engine, 60.0) == len(drones)
            tracks, now_s = Tracks(engine.operations), engine.clock.now_s()
            places = [Position(120.9580, 31.3803), Position(120.9581, 31.3804), Position(120.9535, 31.3798)]
            calls = [Call(at_s=now_s + 1 + k, position=place, type="fire") for k, place in enumerate(places)]
            driven = await asyncio.wait_for(drive(engine, calls, watch_s=15.0), 400)
            for incident in driven.incidents(engine):
                sortie = engine.store.sortie(incident.sortie_id or "")
                assert incident.status is IncidentStatus.CLOSED
                assert sortie is not None
                seen_s = (incident.clocks.on_scene_at_s or 0.0) - incident.clocks.reported_at_s
                time = sortie.out.time
                print(
                    f"{incident.id} {sortie.drone_id}: {sortie.out.height_m:.0f} m, waited {time.wait_s:.1f} s, "
                    f"planned {time.total_s:.1f} s, seen after {seen_s:.1f} s"
                )
            approaches = closest_approaches(tracks.all())
            for approach in approaches:
                print(f"{approach.share:.2f} {approach}")
            assert len(approaches) == 3
            assert not [str(approach) for approach in approaches if approach.too_near]

    with px4_fleet([city.bases["B1"].position] * 3, ground_amsl_m=city.ground_amsl_m):
        asyncio.run(fly())
