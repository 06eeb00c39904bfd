"""What breaks, and what the client sees of it."""

import asyncio
import socket
import time

import pytest
from mavsdk.plugins.action import ActionError

from simulator.mavlink import FleetError

from .flight import FAST, eventually, first, flying, in_loop, poll, spec


@in_loop
async def test_a_dead_vehicle_answers_nothing_falls_and_starts_again_at_home() -> None:
    async with flying(speed=5.0) as (fleet, [drone]):
        await drone.fly_up()
        await fleet.fault(1, "dead")
        await drone.soon(lambda t: t["up_m"] == 0.0)
        begun = time.monotonic()
        with pytest.raises(ActionError, match="TIMEOUT"):
            await drone.action.hold()
        assert time.monotonic() - begun > 1.0
        await poll(drone.system.is_connected, lambda connected: not connected, 8.0)
        await fleet.fault(1, "revive")
        await poll(drone.system.is_connected, bool)
        truth = await drone.truth()
        assert (truth["armed"], truth["up_m"], truth["mode"]) == (False, 0.0, "HOLD")
        await drone.ready()
        await drone.action.arm()


@in_loop
async def test_a_silent_vehicle_flies_on_unheard() -> None:
    async with flying() as (fleet, [drone]):
        await drone.fly_up()
        await drone.goto(200.0, 0.0, 20.0)
        await fleet.fault(1, "silent")
        await drone.soon(lambda t: t["north_m"] > 150.0)
        with pytest.raises(ActionError, match="TIMEOUT"):
            await drone.action.return_to_launch()
        await fleet.fault(1, "silent", value=False)
        await asyncio.sleep(0.2)
        await drone.action.return_to_launch()


@in_loop
async def test_a_lost_link_hovers_by_default_and_returns_where_told_to() -> None:
    told = {**FAST, "NAV_DLL_ACT": 2, "COM_DL_LOSS_T": 3}
    async with flying(spec(1), spec(2, params=told), speed=10.0) as (fleet, drones):
        await asyncio.gather(*(drone.fly_up() for drone in drones))
        await asyncio.gather(*(drone.goto(600.0, 0.0, 20.0) for drone in drones))
        await asyncio.gather(*(drone.until(lambda t: t["north_m"] > 200.0) for drone in drones))
        for system_id in (1, 2):
            await fleet.fault(system_id, "silent")
        await drones[1].until(lambda t: t["mode"] == "RETURN")
        assert (await drones[0].truth())["mode"] == "HOLD"
        await fleet.fault(2, "revive")
        await asyncio.sleep(0.3)
        assert (await drones[1].truth())["mode"] == "RETURN"  # goes on until commanded
        await drones[1].goto(50.0, 0.0, 20.0)
        await drones[1].until(lambda t: t["mode"] == "HOLD")


@in_loop
async def test_a_refused_arming_is_refused_until_revived() -> None:
    async with flying() as (fleet, [drone]):
        await fleet.fault(1, "refuse_arm")
        with pytest.raises(ActionError, match="COMMAND_DENIED"):
            await drone.action.arm()
        await fleet.fault(1, "revive")
        await drone.action.arm()


@in_loop
async def test_a_refused_goto_is_accepted_and_not_flown() -> None:
    async with flying() as (fleet, [drone]):
        await drone.fly_up()
        await fleet.fault(1, "refuse_goto")
        await drone.goto(100.0, 0.0, 20.0)
        await asyncio.sleep(0.5)
        assert (await drone.truth())["north_m"] < 1.0


@in_loop
async def test_without_gps_it_cannot_be_armed() -> None:
    async with flying() as (fleet, [drone]):
        await fleet.fault(1, "gps_lost")
        await eventually(drone.telemetry.subscribe_health_all_ok(), lambda healthy: not healthy)
        with pytest.raises(ActionError, match="COMMAND_DENIED"):
            await drone.action.arm()


@in_loop
async def test_gps_lost_in_flight_comes_down_drifting_and_holds_again_when_it_returns() -> None:
    async with flying(speed=8.0) as (fleet, [drone]):
        await fleet.wind(5.0, from_deg=270.0)
        await drone.fly_up()
        lost_s = await fleet.now_s()
        await fleet.fault(1, "gps_lost")
        await drone.until(lambda t: t["mode"] == "LAND")
        assert 5.9 < await fleet.now_s() - lost_s < 15.0  # 6 s, and what a busy machine adds
        truth = await drone.until(lambda t: t["east_m"] > 3.0)
        assert truth["up_m"] < 20.0
        await fleet.fault(1, "gps_lost", value=False)
        await drone.until(lambda t: t["mode"] == "HOLD")


@in_loop
async def test_a_critical_battery_holds_five_seconds_and_returns_an_emptier_one_lands() -> None:
    async with flying(speed=10.0) as (fleet, [drone]):
        await drone.fly_up()
        await drone.goto(1500.0, 0.0, 20.0)
        await drone.soon(lambda t: t["north_m"] > 100.0)
        await fleet.fault(1, "battery", 0.12)
        await drone.until_told("Low battery")
        assert (await drone.truth())["mode"] == "HOLD"
        await fleet.fault(1, "battery", 0.065)
        await drone.until_told("entering Hold for 5 seconds")
        await drone.until(lambda t: t["mode"] == "RETURN")
        await fleet.fault(1, "battery", 0.04)
        await drone.until(lambda t: t["mode"] == "LAND")


@in_loop
async def test_skipping_time_charges_on_the_dock_and_flies_on_in_the_air() -> None:
    poor = spec(1, battery_share=0.2, battery_wh=100.0, charge_w=300.0)
    async with flying(poor, spec(2), speed=1.0) as (fleet, [first_drone, second_drone]):
        await second_drone.action.arm()
        await second_drone.action.takeoff()
        begun_s = await fleet.now_s()
        await fleet.skip(60.0)
        assert await fleet.now_s() - begun_s >= 60.0
        assert (await first_drone.truth())["battery_share"] == pytest.approx(0.25, abs=0.01)
        assert (await second_drone.truth())["up_m"] == pytest.approx(20.0, abs=0.5)
        await second_drone.action.land()
        begun = time.monotonic()
        await fleet.skip(3600.0)
        assert time.monotonic() - begun < 5.0
        assert (await first_drone.truth())["battery_share"] == 1.0
        assert not (await second_drone.truth())["armed"]
        told = await eventually(
            first_drone.telemetry.subscribe_battery(), lambda battery: battery.remaining_percent > 99
        )
        assert told.remaining_percent == pytest.approx(100.0)


@in_loop
async def test_garbage_datagrams_and_bad_orders_do_no_harm() -> None:
    async with flying() as (fleet, [drone]):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
            port = fleet.socket_port
            for junk in (b"", b"\xfd", b"\xfd" * 300, b"\x00" * 1400, bytes(range(256))):
                noise.sendto(junk, ("127.0.0.1", port))
        for order in (
            fleet.fault(99, "dead"),
            fleet.fault(1, "battery", 7.0),
            fleet.fault(1, "unheard_of"),  # type: ignore[arg-type]
            fleet.wind(-1.0, 0.0),
            fleet.skip(float("inf")),
        ):
            with pytest.raises(FleetError):
                await order
        await drone.fly_up()
        assert await first(drone.telemetry.subscribe_position())
