"""What real PX4 does where a mission leads through its fence: it holds, and obeys us; a return would fly through."""

import asyncio
from dataclasses import replace

import pytest

from api.pytest_plugin import Px4Fleets
from dispatch.fleet import px4
from dispatch.fleet.link import MavsdkLink
from dispatch.fleet.vehicle import Vehicle
from dispatch.geofence import Geofence, geofence_of
from dispatch.mission import Mission, Waypoint
from geo.airspace import restrictions
from simulator.px4 import GROUND_STATION_URL
from tests.sitl.lost import FRAME, HEIGHT_M, HOME, PX4_X500, heard, persist, place, until, wall

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]

EDGE_M, FAR_EDGE_M = 100.0, 220.0
RETURN = 3


def straight_to(east_m: float, north_m: float) -> Mission:
    """A mission that no planner of ours would give."""
    there = Waypoint(position=FRAME.position((east_m, north_m)), height_m=HEIGHT_M)
    return Mission(points=(there,), back=(Waypoint(position=HOME, height_m=0.0),), speed_mps=PX4_X500.speed_mps)


def test_real_px4_holds_at_its_fence_and_then_obeys(px4_fleet: Px4Fleets) -> None:
    zones = restrictions([wall("Z", EDGE_M, -80.0, FAR_EDGE_M, 80.0)])
    fence = geofence_of(FRAME, zones, FRAME.xy(HOME), [])
    assert fence.points == 4

    async def fly_all() -> None:
        link = MavsdkLink([GROUND_STATION_URL])
        try:
            holds, returns = await asyncio.gather(into(link, 1, px4.HOLD_AT_FENCE, fence), into(link, 2, RETURN, fence))
        finally:
            link.close()
        print(f"hold: {holds - EDGE_M:.0f} m inside; return: {returns - EDGE_M:.0f} m beyond the near edge")
        assert EDGE_M < holds < FAR_EDGE_M
        assert returns > FAR_EDGE_M

    with px4_fleet([HOME, HOME]):
        asyncio.run(fly_all())


async def into(link: MavsdkLink, system_id: int, action: int, fence: Geofence) -> float:
    """How far east it came, in metres."""
    vehicle, aboard = await heard(link, system_id), px4.Aboard()
    await persist(lambda: vehicle.set_parameters({**px4.parameters(PX4_X500, HEIGHT_M), "GF_ACTION": action}))
    await asyncio.sleep(px4.PARAMETERS_SETTLE_S)
    await persist(lambda: px4.launch(vehicle, aboard, HEIGHT_M, straight_to(400.0, 0.0), fence))
    await until(lambda: vehicle.read().height_m > HEIGHT_M - 2)
    await persist(lambda: px4.fly(vehicle, aboard, straight_to(400.0, 0.0), replace(fence)))
    await until(lambda: place(vehicle)[0] > EDGE_M)
    deepest_m = await farthest(vehicle)
    if action == px4.HOLD_AT_FENCE:
        assert vehicle.read().mode == "HOLD"
        await persist(lambda: px4.fly(vehicle, aboard, straight_to(deepest_m, 150.0), fence))
        await until(lambda: place(vehicle)[1] > 130.0)
    return deepest_m


async def farthest(vehicle: Vehicle) -> float:
    """The easternmost place of the next 12 s."""
    best_m = 0.0
    for _ in range(120):
        best_m = max(best_m, place(vehicle)[0])
        await asyncio.sleep(0.1)
    return best_m
