"""How the vehicles move and what they burn: pure, vectorised over all vehicles of a fleet.

Every array has one row per vehicle. Positions are metres (east, north, up) in each vehicle's own frame,
``up`` above the ground at its dock. A vehicle is a point mass that PX4's multicopter trajectory generator
would steer: speed towards a target is limited by what still stops at it and by what the next corner allows
(PX4 ``TrajMath``/``TrajectoryConstraints``), acceleration and jerk are limited (``MPC_ACC_HOR``,
``MPC_JERK_AUTO``), a straight line in space is flown to a target that differs in height.

Wind is honest: PX4 commands speed over ground, the aircraft has a limit through the air. On the commanded
course the ground speed is cut to what ``airspeed_max_mps`` leaves; where that is nothing, it drifts.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int8]

STEP_S: Final = 0.05
GRAVITY_MPS2: Final = 9.80665
REST_SHARE: Final = 0.1  # of hover power, burnt by idling motors on the ground
SINKS_SHARE: Final = 0.93  # of the speed that it is told, in a landing (PX4 1.16.0 SIH: 2.67 of 3 m/s, 0.87 of 1)


class Kind(IntEnum):
    """What a vehicle's motors are asked to do."""

    OFF = 0  # no thrust: stands on the ground, falls in the air
    REST = 1  # armed and idling on the ground
    GOTO = 2  # fly to a point and stay there
    TAKEOFF = 3  # the same, slow near the ground
    LAND = 4  # stay over a point and come down
    DRIFT = 5  # come down without knowing where: no position


@dataclass(frozen=True, slots=True)
class State:
    """Where the vehicles are. Shapes: (n, 3), (n, 3), (n, 3), (n,), (n,), (n,)."""

    position_m: Floats
    velocity_mps: Floats
    acceleration_mps2: Floats
    yaw_rad: Floats  # clockwise from north
    energy_wh: Floats
    power_w: Floats  # drawn in the last step; negative while charging


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What the autopilots ask for; rows are written in place by the fleet. Shapes: (n,) or (n, 3)."""

    kind: Ints
    target_m: Floats
    next_m: Floats  # the point after the target; equal to it where there is none
    acceptance_m: Floats
    cruise_mps: Floats
    yaw_rad: Floats  # NaN: look where you go
    charging: Bools
    wing: Bools  # flown on the wing: cruise_mps is what it makes over ground
    acceleration_mps2: Floats  # across; 0: MPC_ACC_HOR


@dataclass(frozen=True, slots=True)
class Limits:
    """What the vehicles can do; rows are written in place when parameters change. All shapes (n,)."""

    airspeed_max_mps: Floats
    held_share: Floats  # of a speed over ground that it is told
    speed_mps: Floats
    acceleration_mps2: Floats
    jerk_mps3: Floats
    corner_gain: Floats
    climb_mps: Floats
    descent_mps: Floats
    climb_mps2: Floats
    descent_mps2: Floats
    takeoff_mps: Floats
    takeoff_ramp_s: Floats
    landing_mps: Floats
    slow_from_m: Floats  # MPC_LAND_ALT1
    slow_to_m: Floats  # MPC_LAND_ALT2
    creep_from_m: Floats  # MPC_LAND_ALT3
    creep_mps: Floats  # MPC_LAND_CRWL
    yaw_rate_rps: Floats
    battery_wh: Floats
    hover_w: Floats
    cruise_w: Floats
    wing_w: Floats
    climb_w: Floats
    charge_w: Floats


def stopping_speed(jerk: Floats, acceleration: Floats, distance_m: Floats, final_mps: Floats) -> Floats:
    """The highest speed from which ``final_mps`` is reached within a distance. All shapes (n,).

    PX4's ``computeMaxSpeedFromDistance``: constant braking after a delay of 2 a / j for turning thrust round.
    """
    b = 4.0 * acceleration**2 / jerk
    c = 2.0 * acceleration * distance_m + final_mps**2
    speed: Floats = np.maximum(0.5 * (np.sqrt(b * b + 4.0 * c) - b), final_mps)
    return speed


def stopping_distance(speed_mps: float, acceleration: float) -> float:
    """Where a vehicle told to hold comes to rest, in metres ahead (PX4 ``preproject_stop_point``)."""
    return speed_mps * (speed_mps / (2.0 * acceleration) + 0.6)


def step(state: State, setpoint: Setpoint, limits: Limits, wind_mps: Floats, dt_s: float) -> State:
    """The state ``dt_s`` (at most 0.1) later; ``wind_mps`` (2,) is where the air goes, east and north."""
    kind = setpoint.kind
    flying = kind >= Kind.GOTO
    to_target = setpoint.target_m - state.position_m
    asked = setpoint.acceleration_mps2
    limits = replace(limits, acceleration_mps2=np.where(asked > 0.0, asked, limits.acceleration_mps2))
    wanted = _wanted_velocity(state, setpoint, limits, to_target, dt_s)
    airspeed_max_mps = np.where(setpoint.wing, np.inf, limits.airspeed_max_mps)  # its speed was told with the wind
    wanted[:, :2] = _within_airspeed(wanted[:, :2], to_target[:, :2], wind_mps, airspeed_max_mps)
    drifting = kind == Kind.DRIFT
    wanted[drifting, :2] = wind_mps

    acceleration = _approach(state, limits, wanted, kind, dt_s)
    falling = (kind == Kind.OFF) & (state.position_m[:, 2] > 0.0)
    acceleration[~flying] = 0.0
    acceleration[falling, 2] = -GRAVITY_MPS2
    velocity = state.velocity_mps + acceleration * dt_s
    position = state.position_m + 0.5 * (state.velocity_mps + velocity) * dt_s

    grounded = (position[:, 2] <= 0.0) & ((velocity[:, 2] <= 0.0) | ~flying)
    position[grounded, 2] = 0.0
    velocity[grounded] = 0.0
    acceleration[grounded] = 0.0

    power = _power(limits, velocity, wind_mps, kind, grounded, setpoint.wing)
    charging = setpoint.charging & (kind == Kind.OFF) & (state.energy_wh < limits.battery_wh)
    power = np.where(charging, -limits.charge_w, power)
    energy = np.clip(state.energy_wh - power * (dt_s / 3600.0), 0.0, limits.battery_wh)
    yaw = _turn(state.yaw_rad, setpoint, limits, to_target, flying & ~grounded, dt_s)
    return State(position, velocity, acceleration, yaw, energy, power)


def rest(state: State, setpoint: Setpoint, limits: Limits, dt_s: float) -> State:
    """The state after any time at which every vehicle stands switched off: only charging goes on."""
    charging = setpoint.charging & (state.energy_wh < limits.battery_wh)
    gained = np.where(charging, limits.charge_w * (dt_s / 3600.0), 0.0)
    energy = np.minimum(state.energy_wh + gained, limits.battery_wh)
    still_charging = setpoint.charging & (energy < limits.battery_wh)
    return replace(state, energy_wh=energy, power_w=np.where(still_charging, -limits.charge_w, 0.0))


def _wanted_velocity(state: State, setpoint: Setpoint, limits: Limits, to_target: Floats, dt_s: float) -> Floats:
    """Velocity over ground (n, 3) that the trajectory generator would command in still air."""
    zero = np.zeros(len(to_target))
    speed = np.hypot(state.velocity_mps[:, 0], state.velocity_mps[:, 1])
    distance = np.hypot(to_target[:, 0], to_target[:, 1])
    height = np.abs(to_target[:, 2])
    hovering_mps = np.minimum(setpoint.cruise_mps, limits.speed_mps) * limits.held_share
    along = np.where(setpoint.wing, setpoint.cruise_mps, hovering_mps)
    corner = _corner_speed(setpoint, limits, to_target, distance, along)
    room = np.maximum(distance - speed * dt_s, 0.0)  # what is left when this order takes effect
    across = np.minimum(along, stopping_speed(limits.jerk_mps3, limits.acceleration_mps2, room, corner))

    rising = to_target[:, 2] > 0.0
    lifting = (setpoint.kind == Kind.TAKEOFF) & (state.position_m[:, 2] < limits.slow_from_m)
    climb = np.where(lifting, limits.takeoff_mps, limits.climb_mps)
    vertical_limit = np.where(rising, climb, limits.descent_mps)
    vertical_acceleration = np.where(rising, limits.climb_mps2, limits.descent_mps2)
    room = np.maximum(height - np.abs(state.velocity_mps[:, 2]) * dt_s, 0.0)
    vertical = np.minimum(vertical_limit, stopping_speed(limits.jerk_mps3, vertical_acceleration, room, zero))

    # a straight line in space: the full speed along it, then cut to what each plane allows
    length = np.sqrt(distance**2 + height**2)
    unit = to_target / np.maximum(length, 1e-9)[:, None]
    wanted: Floats = unit * np.hypot(across, vertical)[:, None]
    flat = np.hypot(wanted[:, 0], wanted[:, 1])
    wanted *= np.where(flat > across, across / np.maximum(flat, 1e-9), 1.0)[:, None]
    upright = np.abs(wanted[:, 2])
    wanted *= np.where(upright > vertical, vertical / np.maximum(upright, 1e-9), 1.0)[:, None]

    landing = (setpoint.kind == Kind.LAND) | (setpoint.kind == Kind.DRIFT)
    if landing.any():
        span = np.maximum(limits.slow_from_m - limits.slow_to_m, 1e-6)
        share = np.clip((state.position_m[:, 2] - limits.slow_to_m) / span, 0.0, 1.0)
        sinking = limits.landing_mps + share * (limits.descent_mps - limits.landing_mps)
        creeping = state.position_m[:, 2] < limits.creep_from_m
        sinking = SINKS_SHARE * np.where(creeping, np.minimum(limits.creep_mps, sinking), sinking)
        wanted[landing, 2] = -sinking[landing]
        flat = to_target[:, :2] / np.maximum(distance, 1e-9)[:, None] * across[:, None]
        wanted[landing, :2] = flat[landing]
    return wanted


def _corner_speed(setpoint: Setpoint, limits: Limits, to_target: Floats, distance: Floats, along: Floats) -> Floats:
    """Speed (n,) with which the target may be passed on the way to the next point; 0 where it is the last."""
    onward = setpoint.next_m[:, :2] - setpoint.target_m[:, :2]
    length = np.hypot(onward[:, 0], onward[:, 1])
    passing = length > np.maximum(setpoint.acceptance_m, 1e-3)
    if not passing.any():
        return np.zeros(len(length))
    straight = np.sum(to_target[:, :2] * onward, axis=1) / np.maximum(distance * length, 1e-9)
    # the angle between the two legs: pi is straight on, 0 is back again
    angle = np.arccos(np.clip(-straight, -1.0, 1.0))
    half = np.minimum(angle, np.pi - 1e-6) / 2.0
    turning = np.sqrt(limits.corner_gain * limits.acceleration_mps2 * setpoint.acceptance_m * np.tan(half))
    leaving = stopping_speed(limits.jerk_mps3, limits.acceleration_mps2, length, np.zeros(len(length)))
    corner: Floats = np.where(passing, np.minimum(np.minimum(turning, leaving), along), 0.0)
    return corner


def _within_airspeed(wanted: Floats, to_target: Floats, wind_mps: Floats, airspeed_max_mps: Floats) -> Floats:
    """The ground velocity (n, 2) nearest to the wanted one on its course that the airspeed limit allows."""
    wind_squared = float(wind_mps @ wind_mps)
    if wind_squared == 0.0:
        return wanted
    speed = np.hypot(wanted[:, 0], wanted[:, 1])
    gap = np.hypot(to_target[:, 0], to_target[:, 1])
    course = np.where(
        (speed > 1e-6)[:, None],
        wanted / np.maximum(speed, 1e-9)[:, None],
        to_target / np.maximum(gap, 1e-9)[:, None],
    )
    tail = course @ wind_mps
    room = airspeed_max_mps**2 - (wind_squared - tail**2)
    reach = np.sqrt(np.maximum(room, 0.0))
    held = course * np.clip(speed, tail - reach, tail + reach)[:, None]
    wind_speed = np.sqrt(wind_squared)
    lost = wind_mps[None, :] * (1.0 - airspeed_max_mps / wind_speed)[:, None]
    # without a course (hovering on the spot) a wind within the limit is simply stood against
    hovering = (speed <= 1e-6) & (gap <= 1e-6) & (airspeed_max_mps >= wind_speed)
    feasible: Floats = np.where((room >= 0.0)[:, None], held, lost)
    feasible[hovering] = 0.0
    return feasible


def _approach(state: State, limits: Limits, wanted: Floats, kind: Ints, dt_s: float) -> Floats:
    """Acceleration (n, 3) that brings the velocity to the wanted one within acceleration and jerk."""
    error = wanted - state.velocity_mps
    acceleration = np.empty_like(error)

    flat = np.hypot(error[:, 0], error[:, 1])
    push = np.minimum(limits.acceleration_mps2, np.sqrt(2.0 * limits.jerk_mps3 * flat))
    push = np.minimum(push, flat / dt_s)
    wish = error[:, :2] * (push / np.maximum(flat, 1e-9))[:, None]
    change = wish - state.acceleration_mps2[:, :2]
    size = np.hypot(change[:, 0], change[:, 1])
    share = np.minimum(1.0, limits.jerk_mps3 * dt_s / np.maximum(size, 1e-9))
    acceleration[:, :2] = state.acceleration_mps2[:, :2] + change * share[:, None]
    # where jerk alone would carry it past the wanted speed, the thrust is taken back at once
    past = np.sum(acceleration[:, :2] * error[:, :2], axis=1) * dt_s > flat**2
    acceleration[past, :2] = error[past, :2] / dt_s

    lifting = (kind == Kind.TAKEOFF) & (state.position_m[:, 2] < limits.slow_from_m)
    ramp = limits.takeoff_mps / np.maximum(limits.takeoff_ramp_s, 1e-3)
    upward = np.where(lifting, np.minimum(limits.climb_mps2, ramp), limits.climb_mps2)
    bound = np.where(error[:, 2] > 0.0, upward, limits.descent_mps2)
    upright = np.abs(error[:, 2])
    lift = np.minimum(np.minimum(bound, np.sqrt(2.0 * limits.jerk_mps3 * upright)), upright / dt_s)
    lift = np.copysign(lift, error[:, 2])
    swing = limits.jerk_mps3 * dt_s
    acceleration[:, 2] = state.acceleration_mps2[:, 2] + np.clip(lift - state.acceleration_mps2[:, 2], -swing, swing)
    past = acceleration[:, 2] * error[:, 2] * dt_s > upright**2
    acceleration[past, 2] = error[past, 2] / dt_s
    return acceleration


def _power(limits: Limits, velocity: Floats, wind_mps: Floats, kind: Ints, grounded: Bools, wing: Bools) -> Floats:
    """Electric power (n,): hover to cruise with airspeed, up to ``climb_w`` with the climb rate; less on the wing."""
    through_air = np.hypot(velocity[:, 0] - wind_mps[0], velocity[:, 1] - wind_mps[1])
    share = np.minimum(through_air / limits.airspeed_max_mps, 1.0)
    level = np.where(wing, limits.wing_w, limits.hover_w + share * (limits.cruise_w - limits.hover_w))
    rising = np.clip(velocity[:, 2] / limits.climb_mps, 0.0, 1.0)
    flight = level + rising * np.maximum(limits.climb_w - level, 0.0)
    idle = np.where(grounded, REST_SHARE * limits.hover_w, flight)
    power: Floats = np.where(kind == Kind.OFF, 0.0, idle)
    return power


def _turn(yaw_rad: Floats, setpoint: Setpoint, limits: Limits, to_target: Floats, free: Bools, dt_s: float) -> Floats:
    """Heading (n,) after turning at most at the yaw rate to the asked heading or, far out, to the target."""
    bearing = np.arctan2(to_target[:, 0], to_target[:, 1])
    away = np.hypot(to_target[:, 0], to_target[:, 1]) > np.maximum(setpoint.acceptance_m, 1.0)
    goal = np.where(np.isnan(setpoint.yaw_rad), np.where(away, bearing, yaw_rad), setpoint.yaw_rad)
    gap = (goal - yaw_rad + np.pi) % (2.0 * np.pi) - np.pi
    turn = np.clip(gap, -limits.yaw_rate_rps * dt_s, limits.yaw_rate_rps * dt_s)
    turned: Floats = np.where(free, (yaw_rad + turn) % (2.0 * np.pi), yaw_rad)
    return turned
