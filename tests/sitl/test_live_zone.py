"""A zone raised in front of a real PX4 in the air: it is sent round, holds the new fence, and never enters."""

import asyncio
import time
from pathlib import Path

import pytest
import shapely

from api.drive import drive
from api.engine import Engine, ready, running
from api.pytest_plugin import Px4Fleets
from api.settings import Settings
from dispatch.city_folder import load_city
from dispatch.events import ZoneRaised
from dispatch.model import IncidentStatus, Sortie, SortieState
from geo.airspace import Area, Geozone
from geo.closed import closed_ground
from geo.position import Position
from simulator.calls import Call
from simulator.px4 import GROUND_STATION_URL
from tests.sitl.city import write_px4_city

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]

SCENE = Position(120.9560, 31.3840)
"""440 m north of base B1, nothing between."""

RING = ((120.9550, 31.3825), (120.9572, 31.3825), (120.9572, 31.3830), (120.9550, 31.3830))
"""Across the way, 280 m north of the base."""


def test_a_zone_raised_en_route_is_flown_round(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    homes = [city.bases[drone.base_id].position for drone in city.drones.values()]
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, connections=[GROUND_STATION_URL], database="")
    zone = Geozone(id="now", name="now", ground=Area(outline=RING))
    closed = closed_ground(city.frame, Geozone(id="now", name="now", ground=Area(outline=RING), margin_m=0.0))

    async def fly() -> None:
        async with running(settings, city) as engine:
            assert await ready(engine, 60.0) == len(city.drones)
            driving = asyncio.create_task(
                drive(engine, [Call(at_s=engine.clock.now_s() + 1, position=SCENE, type="fire")], watch_s=5.0)
            )
            sortie = await en_route(engine)
            began_s = time.monotonic()
            outcome = await engine.operations.ask(ZoneRaised(at_s=engine.clock.now_s(), zone=zone), by="test")
            (order,) = outcome.commands
            assert len(sortie.out.legs) == 1 < len(order.points)
            answered_s = time.monotonic() - began_s
            driven = await asyncio.wait_for(driving, 240)
            (incident,) = driven.incidents(engine)
            assert incident.status is IncidentStatus.CLOSED
            flown = [city.frame.xy(point.position) for point in engine.store.track(sortie_id=sortie.id)]
            kept_m = shapely.LineString(flown).distance(closed)
            print(f"ordered {answered_s * 1000:.0f} ms after the zone was raised, kept {kept_m:.1f} m from it")
            assert answered_s < 1.0
            assert kept_m > 1.0

    with px4_fleet(homes, ground_amsl_m=city.ground_amsl_m):
        asyncio.run(fly())


async def en_route(engine: Engine) -> Sortie:
    """The sortie, once it has flown some way."""
    async with asyncio.timeout(60):
        while True:
            for sortie in engine.operations.situation.sorties.values():
                state = engine.operations.situation.states[sortie.drone_id]
                if sortie.state is SortieState.EN_ROUTE and state.ground_speed_mps > 8:
                    return sortie
            await asyncio.sleep(0.1)
