"""Missions through MAVSDK: upload, start, progress, corners, end, return; and the refusals around them."""

import asyncio
import math
from typing import Any

import pytest
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.plugins.mission import MissionItem, MissionPlan
from mavsdk.plugins.mission_raw import MissionItem as RawItem
from mavsdk.plugins.mission_raw import MissionRawError
from mavsdk.plugins.telemetry import FlightMode

from .flight import FAST, Drone, eventually, first, flying, in_loop, spec

NORTH_M_PER_DEG = 110_900.0


async def plan(drone: Drone, *places: tuple[float, float, float], **first_item: Any) -> MissionPlan:
    """Waypoints (north_m, east_m, up_m) from home; ``first_item`` sets fields of the first one."""
    home = drone.home
    items = []
    for number, (north, east, up) in enumerate(places):
        item = MissionItem(
            latitude_deg=home.latitude_deg + north / NORTH_M_PER_DEG,
            longitude_deg=home.longitude_deg + east / (111_320 * math.cos(math.radians(home.latitude_deg))),
            relative_altitude_m=up,
            speed_m_s=math.nan,
            is_fly_through=True,
            gimbal_pitch_deg=math.nan,
            gimbal_yaw_deg=math.nan,
            loiter_time_s=math.nan,
            acceptance_radius_m=3.0,
            yaw_deg=math.nan,
        )
        for name, value in first_item.items() if number == 0 else ():
            setattr(item, name, value)
        items.append(item)
    return MissionPlan(items)


async def start(drone: Drone) -> None:
    """Arm and start, trying again as one has to with PX4, until the mode is really Mission."""
    await drone.action.arm()
    async with asyncio.timeout(5):
        while True:
            await drone.mission.start_mission()
            await asyncio.sleep(0.05)
            if (await drone.truth())["mode"] == "MISSION":
                return


@in_loop
async def test_a_mission_is_flown_to_its_end_and_held_there() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.mission.set_return_to_launch_after_mission(False)
        await drone.mission.upload_mission(
            await plan(drone, (60.0, 0.0, 20.0), (60.0, 80.0, 20.0), (120.0, 80.0, 25.0))
        )
        downloaded = await drone.mission.download_mission()
        assert [item.relative_altitude_m for item in downloaded.mission_items] == [20.0, 20.0, 25.0]
        await start(drone)
        steps = []
        async for progress in drone.mission.subscribe_mission_progress():
            if not steps or steps[-1] != progress.current:
                steps.append(progress.current)
            if progress.current == progress.total == 3:
                break
        assert steps[-3:] == [1, 2, 3]
        assert await drone.mission.is_mission_finished()
        truth = await drone.until(lambda t: t["mode"] == "HOLD")
        assert math.hypot(truth["north_m"] - 120.0, truth["east_m"] - 80.0) < 4.0
        await drone.until_told("Mission finished, loitering")


@in_loop
async def test_a_mission_that_returns_lands_at_home_and_idles_in_mission_mode() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.mission.set_return_to_launch_after_mission(True)
        await drone.mission.upload_mission(await plan(drone, (80.0, 0.0, 20.0)))
        await start(drone)
        await eventually(drone.telemetry.subscribe_flight_mode(), lambda m: m == FlightMode.RETURN_TO_LAUNCH, 15.0)
        truth = await drone.soon(lambda t: not t["armed"])
        assert math.hypot(truth["north_m"], truth["east_m"]) < 0.5
        assert truth["mode"] == "MISSION"
        await drone.action.arm()  # MAVSDK asks for Hold first, as it has to with PX4


@in_loop
async def test_speed_items_bind_and_corners_slow_down() -> None:
    async with flying(speed=12.0) as (_fleet, [drone]):
        await drone.mission.set_return_to_launch_after_mission(False)
        await drone.mission.upload_mission(
            await plan(drone, (0.0, 0.0, 20.0), (90.0, 0.0, 20.0), (90.0, 90.0, 20.0), speed_m_s=8.0)
        )
        await start(drone)
        fastest, corner = 0.0, math.inf
        async with asyncio.timeout(20):
            while (truth := await drone.truth())["mode"] == "MISSION":
                speed = math.hypot(*truth["velocity_mps"][:2])
                fastest = max(fastest, speed)
                if math.hypot(truth["north_m"] - 90.0, truth["east_m"]) < 5.0:
                    corner = min(corner, speed)
                await asyncio.sleep(0.005)
        assert fastest == pytest.approx(8.0, abs=0.1)
        assert 0.5 < corner < 4.0  # PX4 passed the same corner at 1.6 m/s


@in_loop
async def test_a_pause_keeps_the_place_in_the_mission() -> None:
    async with flying(speed=10.0) as (_fleet, [drone]):
        await drone.mission.set_return_to_launch_after_mission(False)
        await drone.mission.upload_mission(
            await plan(drone, (50.0, 0.0, 20.0), (400.0, 0.0, 20.0), (400.0, 50.0, 20.0))
        )
        await start(drone)
        await drone.until(lambda t: t["north_m"] > 100.0)
        await drone.mission.pause_mission()
        truth = await drone.until(lambda t: t["mode"] == "HOLD" and abs(t["velocity_mps"][1]) < 0.1)
        assert truth["north_m"] < 350.0
        progress = await first(drone.mission.subscribe_mission_progress())
        assert progress.current == 1
        await drone.mission.start_mission()
        await drone.soon(lambda t: t["north_m"] > 395.0)


@in_loop
async def test_starting_at_once_after_an_upload_is_a_race_that_success_does_not_tell() -> None:
    async with flying(speed=1.0) as (_fleet, [drone]):
        await drone.action.arm()
        await drone.mission.upload_mission(await plan(drone, (50.0, 0.0, 20.0)))
        await drone.mission.start_mission()  # SUCCESS: the first of two acknowledgements
        await drone.until_told("Switching to Mission is currently not available")
        assert (await drone.truth())["mode"] == "HOLD"
        await asyncio.sleep(0.2)
        await drone.mission.start_mission()
        await drone.until(lambda t: t["mode"] == "MISSION")


@in_loop
async def test_a_first_waypoint_far_away_is_remarked_on_and_flown() -> None:
    """As PX4 1.16 does: FeasibilityChecker.cpp looks at the distance and drops the answer."""
    async with flying(spec(params={**FAST, "MIS_DIST_1WP": 500.0})) as (_fleet, [drone]):
        await drone.mission.upload_mission(await plan(drone, (900.0, 0.0, 20.0)))
        await drone.until_told("First waypoint far away from home: 900m")
        await drone.action.arm()
        await asyncio.sleep(0.2)
        await drone.mission.start_mission()
        await drone.until(lambda t: t["mode"] == "MISSION")


@in_loop
async def test_a_cleared_mission_is_gone() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.mission.upload_mission(await plan(drone, (50.0, 0.0, 20.0)))
        await drone.mission.clear_mission()
        await drone.action.arm()
        await drone.mission.start_mission()
        await drone.until_told("Switching to Mission is currently not available")


@in_loop
async def test_a_raw_mission_takes_off_waits_and_lands_elsewhere() -> None:
    async with flying() as (_fleet, [drone]):
        raw = MissionRawAsync(drone.system)
        relative, takeoff, waypoint, land = 6, 22, 16, 21

        def item(seq: int, command: int, north_m: float, up_m: float, wait_s: float = 0.0) -> RawItem:
            latitude = drone.home.latitude_deg + north_m / NORTH_M_PER_DEG
            x, y = round(latitude * 1e7), round(drone.home.longitude_deg * 1e7)
            return RawItem(seq, relative, command, int(seq == 0), 1, wait_s, 3.0, 0.0, math.nan, x, y, up_m, 0)

        items = [
            item(0, takeoff, 0.0, 15.0),
            item(1, waypoint, 60.0, 15.0, wait_s=5.0),
            item(2, land, 60.0, 0.0),
        ]
        await raw.upload_mission(items)
        assert [entry.command for entry in await raw.download_mission()] == [takeoff, waypoint, land]
        await start(drone)
        await drone.until(lambda t: t["north_m"] > 58.0)
        truth = await drone.soon(lambda t: not t["armed"])
        assert truth["north_m"] == pytest.approx(60.0, abs=1.0)
        assert truth["battery_share"] < 1.0
        with pytest.raises(MissionRawError, match="UNSUPPORTED"):
            await raw.upload_mission([item(0, 9999, 0.0, 10.0)])
