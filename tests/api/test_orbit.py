"""An embedded vehicle circles beside a zone over MAVLink, as real PX4 does (tests/sitl/test_orbit.py)."""

import asyncio
from pathlib import Path

from api.engine import running
from api.settings import Settings
from api.views.sorties import sortie_view
from dispatch import hovering
from dispatch.city_folder import load_city
from dispatch.model import Circling, Orbit, Sortie, SortieState
from geo.position import Position
from tests.dispatch.worlds import sortie
from tests.sitl.circle import SCENE, circle_beside_a_zone
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


def test_the_command_room_is_told_the_circle_or_why_there_is_none() -> None:
    orbit = Orbit(centre=SCENE, radius_m=25.0, speed_mps=5.0, height_m=60.0)
    circling = sortie_view(sortie("D1", SortieState.ON_SCENE, "I1", circling=Circling(orbit=orbit, seen=True)))
    assert circling.orbit is not None
    assert circling.orbit.model_dump(exclude={"centre"}) == {"radius_m": 25.0, "speed_mps": 5.0, "flown": True}
    assert circling.hovers is None
    hovers = sortie_view(sortie("D1", SortieState.ON_SCENE, "I1", hovers=hovering.zone("Z1", 6.2)))
    assert hovers.orbit is None
    assert hovers.hovers is not None
    assert (hovers.hovers.code, hovers.hovers.values["zone_id"]) == ("orbit_zone", "Z1")
