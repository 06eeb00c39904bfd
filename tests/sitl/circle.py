"""A drone that circles beside a zone, and narrower once another is raised, for any kind of vehicle under the engine."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
import shapely

from api.drive import drive
from api.engine import Engine, ready
from dispatch.events import Release, ZoneRaised
from dispatch.model import Circling, IncidentStatus, Sortie
from dispatch.orbit import ALLOWANCE_M
from geo.airspace import Area, Geozone
from geo.closed import closed_ground
from geo.position import Position
from simulator.calls import Call

SCENE = Position(120.9560, 31.3814)
"""155 m north of base B1."""

EAST_M, NORTH_M = 16.0, 12.0
"""So far from the scene the margins of the two zones begin."""

Where = Callable[[Sortie], Awaitable[tuple[float, float]]]


async def circle_beside_a_zone(engine: Engine, where: Where) -> None:
    """Report, watch it circle, raise the second zone, watch it circle again, release; every metre is audited.

    ``where`` tells a sortie's place in the city's metres.
    """
    frame = engine.city.frame
    there = frame.xy(SCENE)
    east = wall(engine, "east", EAST_M, -100.0, EAST_M + 60.0, 100.0)
    north = wall(engine, "north", -100.0, NORTH_M, 100.0, NORTH_M + 60.0)
    assert await ready(engine, 60.0) == len(engine.city.drones)
    await engine.operations.ask(ZoneRaised(at_s=engine.clock.now_s(), zone=east), by="test")
    call = Call(at_s=engine.clock.now_s() + 1, position=SCENE, type="blaze")
    driving = asyncio.create_task(drive(engine, [call], watch_s=600.0))
    try:
        wide = await circles(engine)
        assert wide.orbit.radius_m == pytest.approx(EAST_M - ALLOWANCE_M, abs=0.1)
        await audit_turn(engine, where, there, wide, closed_ground(frame, east))
        began_s = time.monotonic()
        await engine.operations.ask(ZoneRaised(at_s=engine.clock.now_s(), zone=north), by="test")
        assert _sortie(engine).circling is None, "it is told to leave the circle in the same event"
        assert time.monotonic() - began_s < 2.0
        narrow = await circles(engine)
        assert narrow.orbit.radius_m == pytest.approx(NORTH_M - ALLOWANCE_M, abs=0.1)
        both = shapely.union_all([closed_ground(frame, zone) for zone in (east, north)])
        await audit_turn(engine, where, there, narrow, both)
        (incident,) = engine.operations.situation.incidents.values()
        assert incident.status is IncidentStatus.ON_SCENE
        await engine.operations.ask(Release(at_s=engine.clock.now_s(), incident_id=incident.id), by="test")
        driven = await asyncio.wait_for(driving, 120)
        assert [one.status for one in driven.incidents(engine)] == [IncidentStatus.CLOSED]
    finally:
        driving.cancel()


def wall(engine: Engine, id_: str, west_m: float, south_m: float, east_m: float, north_m: float) -> Geozone:
    """A zone whose *margin* ends at these metres from the scene."""
    frame, by_m = engine.city.frame, 20.0
    middle = frame.xy(SCENE)
    inner = shapely.box(west_m + by_m, south_m + by_m, east_m - by_m, north_m - by_m)
    places = [frame.position(middle + np.array(corner)) for corner in inner.exterior.coords[:-1]]
    ring = tuple((p.longitude_deg, p.latitude_deg) for p in places)
    return Geozone(id=id_, name=id_, ground=Area(outline=ring), margin_m=by_m)


async def circles(engine: Engine) -> Circling:
    """What the only sortie under way was told to fly, once it has been seen to."""
    async with asyncio.timeout(120):
        while True:
            for sortie in engine.operations.situation.sorties.values():
                assert sortie.hovers is None, sortie.hovers
                if sortie.circling is not None and sortie.circling.seen:
                    return sortie.circling
            await asyncio.sleep(0.02)


async def audit_turn(
    engine: Engine, where: Where, there: np.ndarray, circling: Circling, closed: shapely.Geometry
) -> None:
    """Follow it once round: it keeps within its disc, and the disc out of all margins."""
    sortie, radius_m = _sortie(engine), circling.orbit.radius_m
    flown, turned_deg = [await where(sortie)], 0.0
    async with asyncio.timeout(90):
        while turned_deg < 380.0:
            await asyncio.sleep(0.02)
            here = await where(sortie)
            if here != flown[-1]:
                turned_deg += (_angle_deg(here, there) - _angle_deg(flown[-1], there) + 180.0) % 360.0 - 180.0
                flown.append(here)
    line = shapely.segmentize(shapely.LineString(flown), 1.0)
    off_m = [math.dist(place, there) - radius_m for place in line.coords]
    room_m = line.distance(closed)
    print(f"circle of {radius_m:.1f} m: {min(off_m):+.2f} to {max(off_m):+.2f} m off it, {room_m:.2f} m from a margin")
    assert min(off_m[len(off_m) // 3 :]) > -ALLOWANCE_M, "on its way onto the circle it may be within"
    assert max(off_m) < ALLOWANCE_M
    assert room_m > 0.0


def _sortie(engine: Engine) -> Sortie:
    (sortie,) = (s for s in engine.operations.situation.sorties.values() if s.incident_id is not None)
    return sortie


def _angle_deg(here: tuple[float, float], middle: np.ndarray) -> float:
    return math.degrees(math.atan2(here[0] - middle[0], here[1] - middle[1]))
