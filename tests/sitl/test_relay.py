"""Two real PX4 of one base: the battery of the first runs down on scene, and the other relieves it in time."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from api.engine import running
from api.pytest_plugin import Px4Fleets
from api.settings import Settings
from dispatch.city_folder import load_city
from dispatch.model import Drone
from geo.position import Position
from simulator.px4 import GROUND_STATION_URL, Px4Fleet, Px4Spec
from tests.sitl.city import write_px4_city
from tests.sitl.watched import watched_by_two

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]

POINT = Position(120.9560, 31.3814)
WATCH_S = 180.0

DRAINS = {"SIM_BAT_DRAIN": 200.0, "SIM_BAT_MIN_PCT": 16.0}
"""From full to empty in 200 s while armed, but never so low that the autopilot comes home by itself (15 %)."""


def test_a_px4_whose_battery_runs_down_is_relieved_by_another(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    drones = {id_: Drone(id=id_, airframe="px4-x500", base_id="B1", system_id=n) for n, id_ in enumerate("AB", 1)}
    base = replace(city.bases["B1"], docks=2)
    city = replace(city, bases={**city.bases, "B1": base}, drones=drones)
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, connections=[GROUND_STATION_URL], database="")
    ground_m = city.ground_amsl_m
    specs = [Px4Spec(system_id=n, home=base.position, ground_amsl_m=ground_m, parameters=DRAINS) for n in (1, 2)]

    async def fly() -> None:
        async with running(settings, city) as engine:
            await watched_by_two(engine, POINT, WATCH_S, within_s=600)
            assert not engine.operations.situation.withdrawn

    with Px4Fleet(px4_fleet.build, specs):
        asyncio.run(fly())
