"""Real PX4 circles beside a zone as the engine tells it, and narrower once another is raised."""

import asyncio
from pathlib import Path

import pytest

from api.engine import running
from api.pytest_plugin import Px4Fleets
from api.settings import Settings
from dispatch.city_folder import load_city
from dispatch.model import Sortie
from simulator.px4 import GROUND_STATION_URL, Px4Fleet, Px4Spec
from tests.sitl.circle import circle_beside_a_zone
from tests.sitl.city import write_px4_city

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]

LASTS = {"SIM_BAT_DRAIN": 3600.0}
"""By default SIH's battery is half empty after 30 s, and a relief comes."""


def test_real_px4_circles_beside_a_zone(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    ground_m = city.ground_amsl_m
    specs = [
        Px4Spec(system_id=drone.system_id, home=home.position, ground_amsl_m=ground_m, parameters=LASTS)
        for drone in city.drones.values()
        for home in (city.bases[drone.base_id],)
    ]
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, connections=[GROUND_STATION_URL], database="")

    async def fly() -> None:
        async with running(settings, city) as engine:

            async def where(sortie: Sortie) -> tuple[float, float]:
                position = engine.operations.situation.states[sortie.drone_id].position
                assert position is not None
                east, north = city.frame.xy(position)
                return float(east), float(north)

            await circle_beside_a_zone(engine, where)

    with Px4Fleet(px4_fleet.build, specs):
        asyncio.run(fly())
