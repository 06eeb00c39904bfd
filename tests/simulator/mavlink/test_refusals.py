"""An accepted command is no promise: what PX4 refuses, and how little of it an acknowledgement tells."""

import asyncio
import math

import pytest
from mavsdk.plugins.action import ActionError
from mavsdk.plugins.geofence import Circle, FenceType, GeofenceData, Point, Polygon

from .flight import FAST, Drone, flying, in_loop, spec


async def fence(drone: Drone, half_m: float) -> None:
    """An inclusion square around home."""
    home = drone.home
    north = half_m / 110_900
    east = half_m / (111_320 * math.cos(math.radians(home.latitude_deg)))
    corners = [
        Point(home.latitude_deg + y * north, home.longitude_deg + x * east)
        for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1))
    ]
    await drone.geofence.upload_geofence(GeofenceData([Polygon(corners, FenceType.INCLUSION)], []))


async def barrier(drone: Drone, from_m: float, to_m: float) -> None:
    """An exclusion across the way north."""
    home = drone.home
    corners = [
        Point(home.latitude_deg + y / 110_900, home.longitude_deg + x)
        for y, x in ((from_m, -0.002), (to_m, -0.002), (to_m, 0.002), (from_m, 0.002))
    ]
    await drone.geofence.upload_geofence(GeofenceData([Polygon(corners, FenceType.EXCLUSION)], []))


@in_loop
async def test_goto_while_disarmed_is_accepted_and_nothing_happens() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.goto(100.0, 0.0, 30.0)
        await asyncio.sleep(0.5)
        truth = await drone.truth()
        assert (truth["armed"], truth["up_m"], truth["north_m"]) == (False, 0.0, 0.0)


@in_loop
async def test_takeoff_while_disarmed_is_accepted_and_waits_for_arming() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.action.takeoff()
        await asyncio.sleep(0.5)
        truth = await drone.truth()
        assert (truth["armed"], truth["up_m"], truth["mode"]) == (False, 0.0, "TAKEOFF")
        await drone.action.arm()  # measured on PX4: it takes off by itself now
        await drone.until(lambda t: t["up_m"] > 2.0)


@in_loop
async def test_goto_while_armed_on_the_ground_takes_off_and_goes() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.action.arm()
        await drone.goto(30.0, 0.0, 15.0)
        await drone.until(lambda t: abs(t["north_m"] - 30.0) < 2.0 and abs(t["up_m"] - 15.0) < 1.0)


@in_loop
async def test_land_on_the_ground_leaves_a_mode_that_cannot_be_armed_until_hold() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.action.land()
        await drone.until(lambda t: t["mode"] == "LAND")
        with pytest.raises(ActionError, match="COMMAND_DENIED"):
            await drone.action.arm()
        await drone.until_told("Arming denied")
        await drone.action.hold()
        await drone.action.arm()
        assert (await drone.truth())["armed"]


@in_loop
async def test_disarming_in_the_air_is_denied() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.fly_up()
        with pytest.raises(ActionError, match="COMMAND_DENIED"):
            await drone.action.disarm()
        await drone.until_told("Disarming denied: not landed")
        assert (await drone.truth())["armed"]


@in_loop
async def test_an_idle_armed_vehicle_disarms_itself() -> None:
    async with flying(speed=15.0) as (fleet, [drone]):
        begun_s = await fleet.now_s()
        await drone.action.arm()
        await drone.until(lambda t: not t["armed"])
        assert 10.9 < await fleet.now_s() - begun_s < 18.0  # 11 s, and what a busy machine adds
        await drone.until_told("Disarmed by preflight inaction")


@in_loop
async def test_a_goto_outside_the_fence_is_accepted_and_not_flown() -> None:
    async with flying() as (_fleet, [drone]):
        await fence(drone, 60.0)
        await drone.fly_up()
        await drone.goto(200.0, 0.0, 20.0)
        await drone.until_told("Reposition is outside geofence")
        await asyncio.sleep(0.5)
        assert (await drone.truth())["north_m"] < 1.0
        await drone.geofence.clear_geofence()
        await drone.goto(100.0, 0.0, 20.0)
        await drone.until(lambda t: t["north_m"] > 90.0)


@in_loop
async def test_a_fence_comes_back_as_it_was_sent() -> None:
    async with flying() as (_fleet, [drone]):
        home = drone.home
        zone = Circle(Point(home.latitude_deg + 0.001, home.longitude_deg), 40.0, FenceType.EXCLUSION)
        await drone.geofence.upload_geofence(GeofenceData([], [zone]))
        stored = await drone.geofence.download_geofence()
        assert stored.circles[0].radius == pytest.approx(40.0)
        assert stored.circles[0].fence_type == FenceType.EXCLUSION
        await drone.fly_up()
        await drone.goto(110.0, 0.0, 20.0)
        await drone.until_told("Reposition is outside geofence")


@in_loop
async def test_a_mission_outside_the_fence_uploads_and_starts_and_is_not_flown() -> None:
    from .test_mission import plan

    async with flying() as (_fleet, [drone]):
        await fence(drone, 60.0)
        await drone.mission.upload_mission(await plan(drone, (30.0, 0.0, 20.0), (200.0, 0.0, 20.0)))
        await drone.until_told("Geofence violation for waypoint 2")
        await drone.action.arm()
        await drone.mission.start_mission()
        await asyncio.sleep(0.3)
        assert (await drone.truth())["mode"] == "HOLD"


@in_loop
async def test_a_breach_with_action_return_goes_on_for_five_seconds_and_then_returns() -> None:
    params = {**FAST, "GF_ACTION": 3}
    async with flying(spec(params=params), speed=8.0) as (fleet, [drone]):
        await drone.fly_up()
        await barrier(drone, 60.0, 600.0)
        await drone.goto(3000.0, 0.0, 20.0)
        await drone.until_told("entering Hold for 5 seconds")
        breach_s, breach_m = await fleet.now_s(), (await drone.truth())["north_m"]
        truth = await drone.until(lambda t: t["mode"] == "RETURN")
        assert 3.5 < await fleet.now_s() - breach_s < 12.0  # 5 s, and what a busy machine adds
        assert truth["north_m"] > breach_m + 40.0
        assert truth["intended_mode"] == "HOLD"


@in_loop
async def test_a_hold_within_those_five_seconds_cancels_the_return() -> None:
    async with flying(spec(params={**FAST, "GF_ACTION": 3}), speed=8.0) as (_fleet, [drone]):
        await drone.fly_up()
        await barrier(drone, 60.0, 600.0)
        await drone.goto(3000.0, 0.0, 20.0)
        await drone.until_told("entering Hold for 5 seconds")
        await drone.action.hold()
        await asyncio.sleep(1.0)
        assert (await drone.truth())["mode"] == "HOLD"
