"""Arm, take off, go, hold, land and return through MAVSDK, and what telemetry tells of it."""

import asyncio
import math

import pytest
from mavsdk.plugins.telemetry import FlightMode, LandedState

from .flight import ALTITUDE, LATITUDE, LONGITUDE, eventually, first, flying, in_loop, spec


@in_loop
async def test_a_flight_there_and_back() -> None:
    async with flying() as (_fleet, [drone]):
        telemetry = drone.telemetry
        home = drone.home
        assert home.latitude_deg == pytest.approx(LATITUDE + 0.001, abs=5e-6)
        assert home.longitude_deg == pytest.approx(LONGITUDE, abs=5e-6)
        assert home.absolute_altitude_m == pytest.approx(ALTITUDE)
        assert await telemetry.flight_mode() == FlightMode.HOLD
        await eventually(telemetry.subscribe_landed_state(), lambda s: s == LandedState.ON_GROUND)

        await drone.fly_up()
        assert await eventually(telemetry.subscribe_armed(), bool)
        assert await eventually(telemetry.subscribe_in_air(), bool)
        await eventually(telemetry.subscribe_flight_mode(), lambda mode: mode == FlightMode.HOLD)
        await drone.until_told("Takeoff detected")

        await drone.goto(600.0, 0.0, 30.0)
        await eventually(telemetry.subscribe_velocity_ned(), lambda v: v.north_m_s > 8.0)
        heading = await eventually(telemetry.subscribe_heading(), lambda h: not 5 < h.heading_deg < 355)
        assert heading is not None
        await drone.soon(lambda t: abs(t["north_m"] - 600.0) < 2.0 and abs(t["up_m"] - 30.0) < 1.0)
        position = await first(telemetry.subscribe_position())
        truth = await drone.truth()
        assert position.latitude_deg == pytest.approx(truth["latitude_deg"], abs=2e-5)
        assert position.relative_altitude_m == pytest.approx(truth["up_m"], abs=0.5)
        assert position.absolute_altitude_m == pytest.approx(truth["up_m"] + ALTITUDE, abs=0.5)

        await drone.action.return_to_launch()
        await eventually(telemetry.subscribe_flight_mode(), lambda m: m == FlightMode.RETURN_TO_LAUNCH)
        await eventually(telemetry.subscribe_landed_state(), lambda s: s == LandedState.LANDING, 10.0)
        truth = await drone.soon(lambda t: not t["armed"])
        assert math.hypot(truth["east_m"], truth["north_m"]) < 0.5
        assert truth["mode"] == "HOLD"
        await drone.until_told("Disarmed by landing")


@in_loop
async def test_land_stays_where_it_is_and_disarms() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.fly_up()
        await drone.action.land()
        await eventually(drone.telemetry.subscribe_flight_mode(), lambda mode: mode == FlightMode.LAND)
        truth = await drone.soon(lambda t: not t["armed"])
        assert truth["up_m"] == 0.0
        assert math.hypot(truth["east_m"], truth["north_m"]) < 0.5


@in_loop
async def test_hold_does_not_stop_a_goto_but_a_goto_does_as_in_px4() -> None:
    async with flying(speed=15.0) as (_fleet, [drone]):
        await drone.fly_up()
        await drone.goto(300.0, 0.0, 20.0)
        await drone.until(lambda t: t["north_m"] > 50.0)
        await drone.action.hold()
        await drone.until(lambda t: t["north_m"] > 150.0)
        await drone.goto(160.0, 0.0, 20.0)
        await drone.until(lambda t: abs(t["north_m"] - 160.0) < 2.0 and abs(t["velocity_mps"][1]) < 0.2)


@in_loop
async def test_a_commanded_speed_stays_in_force_over_later_gotos() -> None:
    async with flying(speed=15.0) as (_fleet, [drone]):
        await drone.fly_up()
        await drone.action.set_current_speed(6.0)
        await drone.goto(1500.0, 0.0, 20.0)
        truth = await drone.soon(lambda t: t["north_m"] > 60.0)
        assert truth["velocity_mps"][1] == pytest.approx(6.0, abs=0.1)
        await drone.goto(0.0, 0.0, 20.0)
        truth = await drone.until(lambda t: t["velocity_mps"][1] < -5.0)
        await asyncio.sleep(0.2)
        assert (await drone.truth())["velocity_mps"][1] >= -6.05


@in_loop
async def test_a_goto_flies_at_the_cruise_speed_parameter() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.param.set_param_float("MPC_XY_CRUISE", 9.0)
        assert await drone.param.get_param_float("MPC_XY_CRUISE") == pytest.approx(9.0)
        await drone.fly_up()
        await drone.goto(1500.0, 0.0, 20.0)
        truth = await drone.soon(lambda t: t["north_m"] > 100.0)
        assert truth["velocity_mps"][1] == pytest.approx(9.0, abs=0.1)


@in_loop
async def test_wind_slows_a_real_flight_and_is_told() -> None:
    async with flying(spec(airspeed_max_mps=16.0)) as (fleet, [drone]):
        await fleet.wind(6.0, from_deg=0.0)
        await drone.fly_up()
        await drone.goto(3000.0, 0.0, 20.0)
        truth = await drone.soon(lambda t: t["north_m"] > 200.0)
        assert truth["velocity_mps"][1] == pytest.approx(10.0, abs=0.1)
        told = await first(drone.telemetry.subscribe_wind())
        assert told.wind_x_ned_m_s == pytest.approx(-6.0, abs=0.01)


@in_loop
async def test_takeoff_to_29_m_takes_px4s_time() -> None:
    async with flying(spec(params={"MIS_TAKEOFF_ALT": 29.0}), speed=15.0) as (fleet, [drone]):
        begun_s = await fleet.now_s()
        await drone.action.arm()
        await drone.action.takeoff()
        await drone.until(lambda t: t["mode"] == "HOLD" and t["up_m"] > 20.0)
        assert 20.0 < await fleet.now_s() - begun_s < 26.0  # PX4: 21.4 to 22.9 s


@in_loop
async def test_a_vehicle_tells_who_it_is_and_what_its_battery_holds() -> None:
    async with flying(spec(battery_share=0.62)) as (_fleet, [drone]):
        version = await drone.info.get_version()
        assert (version.flight_sw_major, version.flight_sw_minor) == (1, 16)
        battery = await eventually(drone.telemetry.subscribe_battery(), lambda b: b.voltage_v > 1.0)
        assert battery.remaining_percent == pytest.approx(65.0, abs=4.0)
        assert 14.0 < battery.voltage_v < 17.0
        await drone.action.arm()
        await drone.action.takeoff()
        flying_battery = await eventually(drone.telemetry.subscribe_battery(), lambda b: b.current_battery_a > 5.0)
        assert flying_battery.current_battery_a * flying_battery.voltage_v < 300.0


@in_loop
async def test_parameter_types_are_px4s() -> None:
    async with flying() as (_fleet, [drone]):
        assert await drone.param.get_param_int("COM_DL_LOSS_T") == 10
        with pytest.raises(Exception, match="WRONG_TYPE"):
            await drone.param.get_param_float("COM_DL_LOSS_T")
        await drone.param.set_param_int("COM_DL_LOSS_T", 30)
        assert await drone.param.get_param_int("COM_DL_LOSS_T") == 30
        everything = await drone.param.get_all_params()
        names = {entry.name for entry in everything.int_params} | {e.name for e in everything.float_params}
        assert {"MPC_XY_CRUISE", "GF_ACTION", "SYS_AUTOSTART"} <= names


@in_loop
async def test_home_moves_to_where_it_took_off_last() -> None:
    async with flying() as (_fleet, [drone]):
        await drone.fly_up()
        await drone.goto(40.0, 0.0, 20.0)
        await drone.soon(lambda t: abs(t["north_m"] - 40.0) < 1.0)
        await drone.action.land()
        await drone.soon(lambda t: not t["armed"])
        before = await drone.telemetry.home()
        await drone.action.arm()
        await eventually(
            drone.telemetry.subscribe_home(), lambda h: (h.latitude_deg - before.latitude_deg) * 111_000 > 35.0
        )
