"""Real PX4 standard VTOLs: out and home on the wing when it was said, round a zone hovering, in no zone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from api.engine import Engine, running
from api.pytest_plugin import Px4Fleets
from api.settings import Settings
from dispatch.fleet.link import MavsdkLink
from simulator.px4 import GROUND_STATION_URL, STANDARD_VTOL
from tests.sitl.lost import HOME, judge, until
from tests.sitl.lost_vtol import ABOVE_M, fly_until_fast
from tests.sitl.test_lost_link import HOME_WITHIN_S, SDK_PORT, Listener
from tests.sitl.vtol import sent_round, there_and_back, write_mixed_scenario, write_vtol_city

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]


def test_vtols_are_there_and_back_when_it_was_said(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    fly(px4_fleet, tmp_path, there_and_back)


def test_a_vtol_on_its_wing_is_sent_round_a_zone(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    fly(px4_fleet, tmp_path, sent_round)


def test_a_scenario_of_a_vtol_and_a_quadrotor(px4_fleet: Px4Fleets, tmp_path: Path) -> None:
    report = px4_fleet.fly(write_mixed_scenario(tmp_path))
    print(report.accuracy)
    assert report.passed, [check for check in report.checks if not check.ok]


def test_a_vtol_comes_home_when_nobody_speaks_to_it_any_more(px4_fleet: Px4Fleets) -> None:
    async def fly_alone(listener: Listener) -> float:
        link, cut_at_s = MavsdkLink([f"udpin://127.0.0.1:{SDK_PORT}"]), [0.0]

        async def cut() -> None:
            await asyncio.to_thread(link.close)
            cut_at_s[0] = time.monotonic()

        listening = asyncio.create_task(asyncio.to_thread(listener.run))
        try:
            await fly_until_fast(link, 1, cut)
            await until(lambda: listener.is_down(1, cut_at_s[0]), HOME_WITHIN_S)
        finally:
            listener.stopped.set()
            await listening
        return cut_at_s[0]

    with px4_fleet([HOME], model=STANDARD_VTOL):
        listener = Listener()
        cut_at_s = asyncio.run(fly_alone(listener))
    judge("on its wing", listener.track(1, cut_at_s), ABOVE_M)


def fly(px4_fleet: Px4Fleets, folder: Path, errand: Callable[[Engine], Awaitable[None]]) -> None:
    """Fly it under the live engine."""
    city = write_vtol_city(folder / "city")
    homes = [city.bases[drone.base_id].position for drone in city.drones.values()]
    settings = Settings(city=str(folder / "city"), data=folder, connections=[GROUND_STATION_URL], database="")

    async def under_the_engine() -> None:
        async with running(settings, city) as engine:
            await errand(engine)

    with px4_fleet(homes, ground_amsl_m=city.ground_amsl_m, model=STANDARD_VTOL):
        asyncio.run(under_the_engine())
