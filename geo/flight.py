"""Flight time and energy of a route, with every part named.

The speed profile along a polyline (:mod:`geo.kernels.profile`) is PX4's: speed up with bounded jerk, cruise at the
ground speed that wind and command allow on each leg, slow down for corners, brake for the goal.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.kernels.profile import profile_times
from geo.position import Position

T = TypeVar("T", float, NDArray[np.float64])

ACCEPTANCE_RADIUS_M = 10.0
"""PX4's NAV_ACC_RAD default; the fleet leaves it there."""

FINAL_DESCENT_M = 10.0
"""Below this height above the dock a drone descends at its landing speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightTime:
    """Seconds from the decision being asked for until the camera covers the point, part by part."""

    decision_s: float = 0.0
    uplink_s: float = 0.0
    dock_s: float = 0.0
    arm_s: float = 0.0
    climb_s: float = 0.0
    cruise_s: float = 0.0
    arrive_s: float = 0.0

    @property
    def turnout_s(self) -> float:
        """Decision to airborne, and the climb to cruise height."""
        return self.decision_s + self.uplink_s + self.dock_s + self.arm_s + self.climb_s

    @property
    def total_s(self) -> float:
        """The response time."""
        return self.turnout_s + self.cruise_s + self.arrive_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One straight piece of a route, flown at one ground speed."""

    start: Position
    end: Position
    length_m: float
    course_deg: float
    ground_speed_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightPlan:
    """A route with its time and energy. ``height_m`` is above the base it was planned from."""

    legs: tuple[Leg, ...]
    height_m: float
    time: FlightTime
    energy_wh: float

    @property
    def distance_m(self) -> float:
        """Length of the route on the ground."""
        return sum(leg.length_m for leg in self.legs)


def vertical_s(height_m: float, speed_mps: float, acceleration_mps2: float) -> float:
    """Seconds for a vertical move of ``height_m`` from rest to rest with a trapezoidal profile."""
    if height_m * acceleration_mps2 < speed_mps**2:
        return 2 * math.sqrt(height_m / acceleration_mps2)
    return height_m / speed_mps + speed_mps / acceleration_mps2


def descent_s(height_m: float, airframe: Airframe) -> float:
    """Seconds from hovering at ``height_m`` above the dock until landed."""
    slow_m = min(height_m, FINAL_DESCENT_M)
    fast_s = vertical_s(height_m - slow_m, airframe.descent_mps, airframe.acceleration_mps2)
    return fast_s + slow_m / airframe.landing_mps


@dataclass(frozen=True, slots=True)
class Profile:
    """Times along a polyline flown from rest to rest: until it brakes for the goal, until the goal is seen, in all."""

    brake_at_s: float
    seen_at_s: float
    stop_at_s: float


def profile(
    lengths_m: Sequence[float],
    speeds_mps: Sequence[float],
    turns_deg: Sequence[float],
    airframe: Airframe,
    seen_from_m: float = 0.0,
) -> Profile:
    """The speed profile along a polyline whose goal is seen from ``seen_from_m`` before it.

    ``lengths_m`` and ``speeds_mps`` have one entry per leg, ``turns_deg`` one per corner between legs (0 = straight).
    """
    if not lengths_m:
        return Profile(0.0, 0.0, 0.0)
    return Profile(
        *profile_times(
            np.array(lengths_m, dtype=np.float64),
            np.array(speeds_mps, dtype=np.float64),
            np.array([*turns_deg, 0.0]),
            airframe.acceleration_mps2,
            airframe.jerk_mps3,
            ACCEPTANCE_RADIUS_M,
            seen_from_m,
        )
    )


def leg_profile(legs: Sequence[Leg], airframe: Airframe, seen_from_m: float = 0.0) -> Profile:
    """The speed profile along ``legs``, whose goal is seen from ``seen_from_m`` before it."""
    turns = [_turn_deg(one.course_deg, two.course_deg) for one, two in itertools.pairwise(legs)]
    speeds = [leg.ground_speed_mps for leg in legs]
    return profile([leg.length_m for leg in legs], speeds, turns, airframe, seen_from_m)


def timed_plan(
    legs: tuple[Leg, ...],
    airframe: Airframe,
    *,
    height_m: float,
    climb_from_m: float | None,
    decision_s: float = 0.0,
    uplink_s: float = 0.0,
    sensor: bool = True,
    above_goal_m: float | None = None,
) -> FlightPlan:
    """Time and energy of a polyline.

    ``climb_from_m`` is the height the drone starts at: ``None`` when it flies at cruise height already; a drone on
    its dock (0.0) also spends dock and arming time. With ``sensor`` the flight counts until the camera's footprint
    covers the goal (on scene); without, until the drone hovers over it (coming home). ``above_goal_m`` is how high it
    then flies above the ground there, where that is not at the height of its base.
    """
    a = airframe.acceleration_mps2
    docked = climb_from_m == 0.0
    climb_s = 0.0 if climb_from_m is None else vertical_s(abs(height_m - climb_from_m), airframe.takeoff_mps, a)
    seen_from_m = airframe.footprint_radius_m(height_m if above_goal_m is None else above_goal_m) if sensor else 0.0
    flown = leg_profile(legs, airframe, seen_from_m)
    time = response_time(airframe, flown, docked=docked, climb_s=climb_s, decision_s=decision_s, uplink_s=uplink_s)
    energy_wh = flight_energy_wh(airframe, climb_s, flown.stop_at_s)
    return FlightPlan(legs=legs, height_m=height_m, time=time, energy_wh=energy_wh)


def response_time(
    airframe: Airframe, flown: Profile, *, docked: bool, climb_s: float, decision_s: float = 0.0, uplink_s: float = 0.0
) -> FlightTime:
    """The time of a flight, part by part, out of its climb and its profile along the way."""
    return FlightTime(
        decision_s=decision_s,
        uplink_s=uplink_s,
        dock_s=airframe.dock_s if docked else 0.0,
        arm_s=airframe.arm_s if docked else 0.0,
        climb_s=climb_s,
        cruise_s=flown.brake_at_s,
        arrive_s=flown.seen_at_s - flown.brake_at_s,
    )


def flight_energy_wh(airframe: Airframe, climb_s: T, flying_s: T) -> T:
    """Energy of a climb and a flight level; of numbers or arrays."""
    return (climb_s * airframe.climb_w + flying_s * airframe.cruise_w) / 3600


def landing_energy_wh(height_m: float, airframe: Airframe) -> float:
    """Energy from hovering over the dock at ``height_m`` until landed."""
    return descent_s(height_m, airframe) * airframe.hover_w / 3600


def _turn_deg(course_deg: float, next_deg: float) -> float:
    return abs((next_deg - course_deg + 180.0) % 360.0 - 180.0)
