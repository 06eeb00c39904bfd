"""The point mass against closed forms."""

import math
from dataclasses import fields

import numpy as np
import pytest

from simulator.mavlink.dynamics import STEP_S, Kind, Limits, Setpoint, State, rest, step, stopping_speed
from simulator.mavlink.spec import VehicleSpec
from simulator.mavlink.world import World

STILL = np.zeros(2)


def limits(count: int = 1, **changes: float) -> Limits:
    values = {
        "airspeed_max_mps": 25.0,
        "held_share": 1.0,
        "speed_mps": 20.0,
        "acceleration_mps2": 3.0,
        "jerk_mps3": 1000.0,
        "corner_gain": 0.5,
        "climb_mps": 3.0,
        "descent_mps": 1.5,
        "climb_mps2": 4.0,
        "descent_mps2": 3.0,
        "takeoff_mps": 1.5,
        "takeoff_ramp_s": 3.0,
        "landing_mps": 0.7,
        "slow_from_m": 10.0,
        "slow_to_m": 5.0,
        "creep_from_m": 1.0,
        "creep_mps": 0.3,
        "yaw_rate_rps": 1.0,
        "battery_wh": 100.0,
        "hover_w": 180.0,
        "cruise_w": 220.0,
        "climb_w": 300.0,
        "charge_w": 360.0,
        "wing_w": 0.0,
    }
    values.update(changes)
    return Limits(**{entry.name: np.full(count, values[entry.name]) for entry in fields(Limits)})


def state(position: tuple[float, float, float] = (0.0, 0.0, 50.0), energy_wh: float = 100.0) -> State:
    return State(
        np.array([position]), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1), np.array([energy_wh]), np.zeros(1)
    )


def setpoint(
    target: tuple[float, float, float],
    *,
    kind: Kind = Kind.GOTO,
    onward: tuple[float, float, float] | None = None,
    cruise: float = 15.0,
    acceptance: float = 2.0,
) -> Setpoint:
    return Setpoint(
        np.array([kind], dtype=np.int8),
        np.array([target]),
        np.array([onward or target]),
        np.array([acceptance]),
        np.array([cruise]),
        np.array([math.nan]),
        np.array([True]),
        np.array([False]),
        np.array([0.0]),
    )


def fly(
    now: State, to: Setpoint, able: Limits, seconds: float, wind: np.ndarray = STILL, dt_s: float = STEP_S
) -> list[State]:
    track = [now]
    for _ in range(round(seconds / dt_s)):
        track.append(step(track[-1], to, able, wind, dt_s))
    return track


def test_400_m_take_the_time_of_a_trapezium() -> None:
    track = fly(state(), setpoint((0.0, 400.0, 50.0)), limits(), 40.0)
    arrival_s = next(i for i, s in enumerate(track) if s.position_m[0, 1] > 399.0) * STEP_S
    trapezium_s = 400.0 / 15.0 + 15.0 / 3.0
    last_metre_s = math.sqrt(2.0 * 1.0 / 3.0)
    assert arrival_s == pytest.approx(trapezium_s - last_metre_s, rel=0.01)
    assert max(s.position_m[0, 1] for s in track) < 400.05  # no overshoot
    assert max(s.velocity_mps[0, 1] for s in track) == pytest.approx(15.0, abs=0.05)


def test_400_m_take_what_real_px4_took() -> None:
    # PX4 1.16 SIH, MPC_XY_CRUISE 15, MPC_ACC_HOR 3, MPC_JERK_AUTO 4: within 2 m after 35.25 s, twice
    track = fly(state(), setpoint((0.0, 400.0, 50.0)), limits(jerk_mps3=4.0), 60.0)
    arrival_s = next(i for i, s in enumerate(track) if s.position_m[0, 1] > 398.0) * STEP_S
    assert arrival_s == pytest.approx(35.25, rel=0.06)


def test_steps_of_a_tenth_of_a_second_are_stable_and_arrive_at_the_same_time() -> None:
    fine, coarse = (
        fly(state(), setpoint((0.0, 400.0, 50.0)), limits(jerk_mps3=4.0), 42.0, dt_s=dt) for dt in (0.02, 0.1)
    )
    assert fine[-1].position_m[0, 1] == pytest.approx(400.0, abs=0.1)
    assert coarse[-1].position_m[0, 1] == pytest.approx(400.0, abs=0.1)
    assert coarse[250].position_m[0, 1] == pytest.approx(fine[1250].position_m[0, 1], abs=3.0)


def test_a_headwind_leaves_the_rest_of_the_airspeed_and_a_tailwind_costs_nothing() -> None:
    able = limits(airspeed_max_mps=18.0)
    against = fly(state(), setpoint((0.0, 5000.0, 50.0)), able, 30.0, np.array([0.0, -8.0]))
    behind = fly(state(), setpoint((0.0, 5000.0, 50.0)), able, 30.0, np.array([0.0, 8.0]))
    assert against[-1].velocity_mps[0, 1] == pytest.approx(10.0, abs=0.01)
    assert behind[-1].velocity_mps[0, 1] == pytest.approx(15.0, abs=0.01)


def test_a_crosswind_follows_the_wind_triangle_and_keeps_the_course() -> None:
    able = limits(airspeed_max_mps=15.0)
    track = fly(state(), setpoint((0.0, 5000.0, 50.0)), able, 30.0, np.array([9.0, 0.0]))
    assert track[-1].velocity_mps[0, 1] == pytest.approx(12.0, abs=0.01)  # 9, 12, 15
    assert abs(track[-1].position_m[0, 0]) < 0.5


def test_a_headwind_above_the_airspeed_drifts_it_back() -> None:
    able = limits(airspeed_max_mps=12.0)
    track = fly(state(), setpoint((0.0, 500.0, 50.0)), able, 30.0, np.array([0.0, -15.0]))
    assert track[-1].velocity_mps[0, 1] == pytest.approx(-3.0, abs=0.01)
    hover = fly(state(), setpoint((0.0, 0.0, 50.0)), able, 30.0, np.array([15.0, 0.0]))
    assert hover[-1].velocity_mps[0, 0] == pytest.approx(3.0, abs=0.01)


def test_hovering_stands_against_a_wind_within_the_airspeed() -> None:
    track = fly(state(), setpoint((0.0, 0.0, 50.0)), limits(), 30.0, np.array([8.0, 5.0]))
    assert np.abs(track[-1].position_m[0, :2]).max() < 0.05


def test_a_corner_is_passed_slower_than_a_straight_line_and_faster_than_a_stop() -> None:
    at_target = {}
    for name, onward in (("stop", None), ("corner", (300.0, 300.0, 50.0)), ("straight", (0.0, 600.0, 50.0))):
        to = setpoint((0.0, 300.0, 50.0), onward=onward)
        track = fly(state(), to, limits(jerk_mps3=4.0), 30.0)
        near = [s for s in track if s.position_m[0, 1] > 298.0]
        at_target[name] = float(near[0].velocity_mps[0, 1])
    assert at_target["stop"] < at_target["corner"] < at_target["straight"]
    # PX4: v^2 = gain * a * acceptance * tan(45 deg), and on a straight line nothing but the cruise binds
    assert at_target["corner"] == pytest.approx(math.sqrt(0.5 * 3.0 * 2.0), abs=1.2)
    assert at_target["straight"] == pytest.approx(15.0, abs=0.1)


def test_climb_and_descent_keep_their_limits() -> None:
    up = fly(state((0.0, 0.0, 20.0)), setpoint((0.0, 0.0, 120.0)), limits(), 20.0)
    down = fly(state((0.0, 0.0, 120.0)), setpoint((0.0, 0.0, 20.0)), limits(), 20.0)
    assert max(s.velocity_mps[0, 2] for s in up) == pytest.approx(3.0, abs=0.02)
    assert min(s.velocity_mps[0, 2] for s in down) == pytest.approx(-1.5, abs=0.02)


def test_takeoff_is_slow_near_the_ground_and_landing_too() -> None:
    up = fly(state((0.0, 0.0, 0.0)), setpoint((0.0, 0.0, 30.0), kind=Kind.TAKEOFF), limits(), 30.0)
    assert max(s.velocity_mps[0, 2] for s in up if s.position_m[0, 2] < 9.5) == pytest.approx(1.5, abs=0.02)
    assert max(s.velocity_mps[0, 2] for s in up) == pytest.approx(3.0, abs=0.02)
    down = fly(state((0.0, 0.0, 30.0)), setpoint((0.0, 0.0, 0.0), kind=Kind.LAND), limits(), 40.0)
    assert min(s.velocity_mps[0, 2] for s in down if s.position_m[0, 2] < 4.0) == pytest.approx(-0.65, abs=0.02)
    assert down[-1].position_m[0, 2] == 0.0


def test_a_landing_takes_px4s_time_part_by_part() -> None:
    """PX4 1.16.0 SIH, told 3 m/s and 1 m/s for the landing, medians of 28 flights."""
    able = limits(descent_mps=3.0, landing_mps=1.0, jerk_mps3=15.0)
    track = fly(state((0.0, 0.0, 40.0)), setpoint((0.0, 0.0, 0.0), kind=Kind.LAND), able, 60.0)
    heights = [float(s.position_m[0, 2]) for s in track]
    below_s = {at_m: next(i for i, up_m in enumerate(heights) if up_m <= at_m) * STEP_S for at_m in (38, 10, 5, 1, 0)}
    for from_m, to_m, flown_s in ((38, 10, 10.5), (10, 5, 3.1), (5, 1, 4.5), (1, 0, 3.4)):
        assert below_s[to_m] - below_s[from_m] == pytest.approx(flown_s, rel=0.08), f"{from_m} to {to_m} m"


def test_hovering_burns_hover_power() -> None:
    able = limits(battery_wh=500.0)
    track = fly(state(energy_wh=500.0), setpoint((0.0, 0.0, 50.0)), able, 100.0, dt_s=0.1)
    assert 500.0 - track[-1].energy_wh[0] == pytest.approx(180.0 / 36.0, rel=1e-6)


def test_power_rises_with_airspeed_and_with_the_climb() -> None:
    able = limits(airspeed_max_mps=15.0)
    cruise = fly(state(), setpoint((0.0, 5000.0, 50.0)), able, 30.0)[-1]
    climb = fly(state(), setpoint((0.0, 0.0, 500.0)), able, 30.0)[-1]
    assert cruise.power_w[0] == pytest.approx(220.0, abs=0.1)
    assert climb.power_w[0] == pytest.approx(300.0, abs=0.1)


def test_a_dock_charges_what_it_says_and_no_more_than_full() -> None:
    parked = setpoint((0.0, 0.0, 0.0), kind=Kind.OFF)
    now = rest(state((0.0, 0.0, 0.0), energy_wh=50.0), parked, limits(), 360.0)
    assert now.energy_wh[0] == pytest.approx(50.0 + 36.0)
    assert rest(now, parked, limits(), 3600.0).energy_wh[0] == 100.0


def test_without_thrust_it_falls() -> None:
    track = fly(state((0.0, 0.0, 20.0)), setpoint((0.0, 0.0, 20.0), kind=Kind.OFF), limits(), 5.0)
    hit_s = next(i for i, s in enumerate(track) if s.position_m[0, 2] == 0.0) * STEP_S
    assert hit_s == pytest.approx(math.sqrt(2.0 * 20.0 / 9.80665), abs=0.1)


def test_stopping_speed_is_px4s_formula() -> None:
    jerk, acceleration, distance = np.array([4.0]), np.array([3.0]), np.array([50.0])
    speed = stopping_speed(jerk, acceleration, distance, np.zeros(1))[0]
    assert speed**2 + speed * 4.0 * 9.0 / 4.0 == pytest.approx(2.0 * 3.0 * 50.0)


def test_a_world_repeats_itself_to_the_bit() -> None:
    def run() -> list[float]:
        world = World([VehicleSpec(system_id=1, latitude_deg=31.0, longitude_deg=121.0)])
        world.set_wind(6.0, 200.0)
        vehicle = world.vehicles[0]
        vehicle.arm()
        vehicle.takeoff(30.0)
        for _ in range(60):
            world.advance(1.0)
        return [*world.state.position_m[0].tolist(), float(world.state.energy_wh[0])]

    assert run() == run()
