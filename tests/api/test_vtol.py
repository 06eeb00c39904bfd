"""Embedded standard VTOLs over MAVLink fly as real PX4's do (tests/sitl/test_vtol.py)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from api.engine import Engine, running
from api.settings import Settings
from tests.sitl.vtol import sent_round, there_and_back, write_vtol_city

SPEED = 5.0


@pytest.mark.parametrize("errand", [there_and_back, sent_round])
def test_embedded_vtols_fly_on_their_wings(tmp_path: Path, errand: Callable[[Engine], Awaitable[None]]) -> None:
    city = write_vtol_city(tmp_path / "city")
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, database="", speed=SPEED)

    async def fly() -> None:
        async with running(settings, city) as engine:
            await errand(engine)

    asyncio.run(fly())
