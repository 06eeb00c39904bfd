"""An embedded vehicle circles beside a zone over MAVLink, as real PX4 does (tests/sitl/test_orbit.py)."""

import asyncio
from pathlib import Path

from api.engine import running
from api.settings import Settings
from dispatch.city_folder import load_city
from dispatch.model import Sortie
from geo.position import Position
from tests.sitl.circle import circle_beside_a_zone
from tests.sitl.city import write_px4_city

SPEED = 5.0


def test_an_embedded_vehicle_circles_beside_a_zone(tmp_path: Path) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, database="", speed=SPEED)

    async def fly() -> None:
        async with running(settings, city) as engine:
            embedded = engine.embedded
            assert embedded is not None

            async def where(sortie: Sortie) -> tuple[float, float]:
                truths = {truth["system_id"]: truth for truth in await embedded.state()}
                truth = truths[city.drones[sortie.drone_id].system_id]
                east, north = city.frame.xy(Position(truth["longitude_deg"], truth["latitude_deg"]))
                return float(east), float(north)

            await circle_beside_a_zone(engine, where)

    asyncio.run(fly())
