"""DO_ORBIT as PX4 flies it: mode, circle, nose, what ends it and what it refuses."""

import asyncio
import itertools
import math

import pytest
from mavsdk.plugins.action import ActionError, OrbitYawBehavior
from mavsdk.plugins.telemetry import FlightMode

from .flight import Drone, eventually, flying, in_loop, poll, spec

INWARDS = OrbitYawBehavior.HOLD_FRONT_TO_CIRCLE_CENTER


async def circle(drone: Drone, radius_m: float, speed_mps: float) -> None:
    """Over its own take-off place, at 20 m."""
    home = drone.home
    at = home.latitude_deg, home.longitude_deg, home.absolute_altitude_m + 20.0
    await drone.action.do_orbit(radius_m, speed_mps, INWARDS, *at)


async def sampled(drone: Drone, count: int) -> list[tuple[float, float, float]]:
    """Distance from the middle, speed, and angle (degrees) clockwise from north, again and again."""
    found = []
    for _ in range(count):
        await asyncio.sleep(0.03)
        truth = await drone.truth()
        east, north, (ve, vn, _) = truth["east_m"], truth["north_m"], truth["velocity_mps"]
        found.append((math.hypot(east, north), math.hypot(ve, vn), math.degrees(math.atan2(east, north))))
    return found


async def off_deg(drone: Drone) -> float:
    """How far its nose is from the middle."""
    [(_, _, angle)], heading = await sampled(drone, 1), await drone.telemetry.heading()
    return abs((heading.heading_deg - angle) % 360.0 - 180.0)


@in_loop
@pytest.mark.parametrize("speed", [1.0, 20.0])
async def test_it_flies_onto_the_circle_and_round_it_with_its_nose_inwards(speed: float) -> None:
    async with flying(speed=speed) as (_fleet, [drone]):
        await drone.fly_up()
        await circle(drone, 25.0, 5.0)
        assert await eventually(drone.telemetry.subscribe_flight_mode(), lambda m: m == FlightMode.POSCTL)
        await drone.soon(lambda t: math.hypot(*t["velocity_mps"]) > 4.5 and math.hypot(t["east_m"], t["north_m"]) > 23)
        rows = await sampled(drone, 60)
        assert all(24.0 < away_m < 26.0 for away_m, _, _ in rows)
        assert all(4.0 < speed_mps < 5.2 for _, speed_mps, _ in rows)
        turned = sum((b[2] - a[2] + 180.0) % 360.0 - 180.0 for a, b in itertools.pairwise(rows))
        assert turned > 0, "clockwise"
        await drone.fleet.speed(1.0)
        await poll(lambda: off_deg(drone), lambda deg: deg < 8.0, 5.0)  # told five times a second


@in_loop
async def test_it_goes_round_the_other_way_narrower_and_no_faster_than_its_lean_allows() -> None:
    async with flying(speed=10.0) as (_fleet, [drone]):
        await drone.fly_up()
        await circle(drone, 25.0, 5.0)
        await drone.soon(lambda t: math.hypot(t["east_m"], t["north_m"]) > 23)
        await circle(drone, -8.0, 9.0)
        await drone.until(lambda t: math.hypot(t["east_m"], t["north_m"]) < 9)
        await drone.fleet.skip(10.0)
        rows = await sampled(drone, 40)
        assert all(7.0 < away_m < 9.5 and speed_mps < 4.2 for away_m, speed_mps, _ in rows)
        assert sum((b[2] - a[2] + 180.0) % 360.0 - 180.0 for a, b in itertools.pairwise(rows)) < 0


@in_loop
async def test_hold_ends_it_at_once_and_a_goto_takes_over() -> None:
    async with flying(speed=10.0) as (_fleet, [drone]):
        await drone.fly_up()
        await circle(drone, 25.0, 5.0)
        await drone.soon(lambda t: math.hypot(*t["velocity_mps"]) > 4 and math.hypot(t["east_m"], t["north_m"]) > 23)
        await drone.action.hold()
        truth = await drone.soon(lambda t: math.hypot(*t["velocity_mps"]) < 0.1)
        assert truth["mode"] == "HOLD"
        assert 20.0 < math.hypot(truth["east_m"], truth["north_m"]) < 30.0
        await circle(drone, 25.0, 5.0)
        await drone.until(lambda t: t["mode"] == "ORBIT")
        await drone.goto(0.0, 0.0, 20.0)
        await drone.soon(lambda t: t["mode"] == "HOLD" and math.hypot(t["east_m"], t["north_m"]) < 1.0)


@in_loop
async def test_too_wide_a_circle_is_accepted_and_it_hovers_with_a_word() -> None:
    async with flying(spec(), speed=20.0) as (_fleet, [drone]):
        await drone.fly_up()
        await circle(drone, 2000.0, 5.0)
        await drone.until_told("Orbit radius limit exceeded")
        truth = await drone.truth()
        assert truth["mode"] == "ORBIT"
        assert math.hypot(*truth["velocity_mps"]) < 1.0


@in_loop
async def test_on_the_ground_it_changes_the_mode_and_cannot_be_armed() -> None:
    async with flying(speed=20.0) as (_fleet, [drone]):
        await circle(drone, 25.0, 5.0)
        truth = await poll(drone.truth, lambda t: t["mode"] == "ORBIT")
        assert not truth["armed"]
        assert truth["up_m"] == 0.0
        with pytest.raises(ActionError):
            await drone.action.arm()
