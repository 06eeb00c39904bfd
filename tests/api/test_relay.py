"""Embedded vehicles over MAVLink: the first cannot stay to the end of the watch, and is relieved before it leaves."""

import asyncio
from dataclasses import replace
from pathlib import Path

from api.engine import running
from dispatch.city_folder import load_city
from tests.api.site import settings_for
from tests.cities import FRAME, write_city
from tests.sitl.watched import watched_by_two

SPEED, WATCH_S = 10.0, 240.0
BATTERY_WH = 18.0
"""After the way out it lasts for some 170 s on scene and the way home."""

RULES = {"relay_stint_s": 60.0, "relay_overlap_s": 40.0}
"""Twice the usual overlap: a second that a busy machine takes is ten of the engine's."""


def test_a_drone_that_runs_low_is_relieved_with_eyes_on_the_point_throughout(tmp_path: Path) -> None:
    folder = write_city(tmp_path / "city", **RULES)
    city = load_city(folder)
    airframes = {id_: replace(airframe, battery_wh=BATTERY_WH) for id_, airframe in city.airframes.items()}
    city = replace(city, airframes=airframes, drones={id_: city.drones[id_] for id_ in ("D1", "D2")})

    async def fly() -> None:
        async with running(settings_for(tmp_path, folder, speed=SPEED), city) as engine:
            await watched_by_two(engine, FRAME.position((300.0, 0.0)), WATCH_S, within_s=120)
            assert engine.operations.failures == 0
            assert not engine.operations.situation.withdrawn

    asyncio.run(fly())
