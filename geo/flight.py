"""Flight time and energy of a route, with every part named.

The speed profile along a polyline (:mod:`geo.kernels.profile`) is PX4's: speed up with bounded jerk, cruise at the
ground speed that wind and command allow on each leg, slow down for corners, brake for the goal.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.kernels.profile import profile_times
from geo.position import Position
from geo.wing import stretches

T = TypeVar("T", float, NDArray[np.float64])

ACCEPTANCE_RADIUS_M = 10.0
"""PX4's NAV_ACC_RAD default; the fleet leaves it there."""

P90_DEVIATIONS = 1.2815515655446004
"""Nine values of ten of a normal distribution lie below its mean and this many standard deviations."""

STEEPEST_M = 0.001
"""A leg that only climbs counts as this long, flown as slowly as it climbs."""

FINAL_DESCENT_M = 10.0
"""Below this height above the dock a drone descends at its landing speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightTime:
    """Seconds from the decision being asked for until the camera covers the point, part by part."""

    decision_s: float = 0.0
    uplink_s: float = 0.0
    wait_s: float = 0.0
    """Standing on the dock until the air is clear of other drones."""
    dock_s: float = 0.0
    arm_s: float = 0.0
    climb_s: float = 0.0
    start_s: float = 0.0
    cruise_s: float = 0.0
    arrive_s: float = 0.0
    slew_s: float = 0.0
    spread_s: float = 0.0
    """How much later than most likely it is in nine flights of ten at worst; see :func:`response_time`."""

    @property
    def turnout_s(self) -> float:
        """Decision to airborne, and the climb to cruise height."""
        return self.decision_s + self.uplink_s + self.wait_s + self.dock_s + self.arm_s + self.climb_s

    @property
    def total_s(self) -> float:
        """The response time that is most likely."""
        return self.turnout_s + self.start_s + self.cruise_s + self.arrive_s + self.slew_s

    @property
    def p90_s(self) -> float:
        """The response time that nine flights of ten keep."""
        return self.total_s + self.spread_s


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightEnergy:
    """Battery watt-hours, phase by phase."""

    climb_wh: float = 0.0
    cruise_wh: float = 0.0
    hover_wh: float = 0.0
    landing_wh: float = 0.0
    spread_wh: float = 0.0
    """How much more than most likely nine flights of ten need at worst."""

    @property
    def total_wh(self) -> float:
        """The energy that is most likely."""
        return self.climb_wh + self.cruise_wh + self.hover_wh + self.landing_wh

    @property
    def p90_wh(self) -> float:
        """The energy that suffices nine flights of ten."""
        return self.total_wh + self.spread_wh

    def __add__(self, other: "FlightEnergy") -> "FlightEnergy":
        """Both together. What drives their spreads (the air, the battery's age) is the same, so spreads add up."""
        return FlightEnergy(
            climb_wh=self.climb_wh + other.climb_wh,
            cruise_wh=self.cruise_wh + other.cruise_wh,
            hover_wh=self.hover_wh + other.hover_wh,
            landing_wh=self.landing_wh + other.landing_wh,
            spread_wh=self.spread_wh + other.spread_wh,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One straight piece of a route, flown at one ground speed.

    ``height_m`` is above the base that the plan was made from, ``None`` the plan's own. A corner between legs of
    different heights is passed at the higher of both; the drone climbs on the leg before, and descends on the leg
    after.
    """

    start: Position
    end: Position
    length_m: float
    course_deg: float
    ground_speed_mps: float
    gust_speed_mps: float | None = None
    """The ground speed while the wind blows as in gusts; ``None``: the same."""
    height_m: float | None = None
    wing_mps: float = 0.0
    """The ground speed on the wing, where a VTOL flies this leg on it; 0: as a multirotor."""
    wing_gust_mps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightPlan:
    """A route with its time and energy. ``height_m`` is above the base it was planned from."""

    legs: tuple[Leg, ...]
    height_m: float
    time: FlightTime
    energy: FlightEnergy = FlightEnergy()
    start_mps: float = 0.0
    """The speed along the first leg with which it is begun."""

    @property
    def energy_wh(self) -> float:
        """The energy that is most likely."""
        return self.energy.total_wh

    @property
    def distance_m(self) -> float:
        """Length of the route on the ground."""
        return sum(leg.length_m for leg in self.legs)


def vertical_s(height_m: float, speed_mps: float, acceleration_mps2: float) -> float:
    """Seconds for a vertical move of ``height_m`` from rest to rest with a trapezoidal profile."""
    if height_m * acceleration_mps2 < speed_mps**2:
        return 2 * math.sqrt(height_m / acceleration_mps2)
    return height_m / speed_mps + speed_mps / acceleration_mps2


def climb_time_s(height_m: float, airframe: Airframe, from_m: float = 0.0) -> float:
    """Seconds to climb (or come down) on the spot to ``height_m`` above its base, to rest; at 0.0 it lifts off."""
    lift_s = airframe.lift_s if from_m == 0.0 else 0.0
    return lift_s + vertical_s(abs(height_m - from_m), airframe.takeoff_mps, airframe.acceleration_mps2)


def descent_s(height_m: float, airframe: Airframe) -> float:
    """Seconds from hovering at ``height_m`` above the dock until landed, its motors off."""
    slow_m = min(height_m, FINAL_DESCENT_M)
    fast_s = vertical_s(height_m - slow_m, airframe.descent_mps, airframe.acceleration_mps2)
    return fast_s + slow_m / airframe.landing_mps + airframe.touch_s


def stopping_m(speed_mps: T, airframe: Airframe) -> T:
    """How far a drone at this speed still flies when it brakes as PX4 does (:mod:`geo.kernels.profile`); of numbers or
    arrays."""
    eased_mps = 4.0 * airframe.acceleration_mps2**2 / airframe.jerk_mps3
    return speed_mps * (speed_mps + eased_mps) / (2.0 * airframe.acceleration_mps2)


@dataclass(frozen=True, slots=True)
class Profile:
    """Times along a polyline flown to rest: until it brakes for the goal, until the goal is seen, in all."""

    brake_at_s: float
    seen_at_s: float
    stop_at_s: float
    winged_s: float = 0.0
    """How much of it is flown on the wing."""


def profile(
    lengths_m: Sequence[float],
    speeds_mps: Sequence[float],
    turns_deg: Sequence[float],
    airframe: Airframe,
    seen_from_m: float = 0.0,
    start_mps: float = 0.0,
) -> Profile:
    """The speed profile along a polyline whose goal is seen from ``seen_from_m`` before it, begun at ``start_mps``.

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
            start_mps,
        )
    )


def leg_profile(
    legs: Sequence[Leg],
    airframe: Airframe,
    seen_from_m: float = 0.0,
    *,
    height_m: float = 0.0,
    in_gusts: bool = False,
    start_mps: float = 0.0,
) -> Profile:
    """The speed profile along ``legs``, whose goal is seen from ``seen_from_m`` before it, begun at ``start_mps``.

    A leg that climbs or descends is flown as a straight line in space (as PX4 does): no faster along than its height
    changes in time. ``height_m`` is that of legs without one.
    """
    flown = _flown(legs, airframe, height_m, in_gusts)
    return profile_with_wings(*flown, airframe, seen_from_m, start_mps)


def _flown(
    legs: Sequence[Leg], airframe: Airframe, height_m: float, in_gusts: bool = False
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Lengths, speeds, turns and speeds on the wing of ``legs`` as they are flown."""
    turns = [_turn_deg(one.course_deg, two.course_deg) for one, two in itertools.pairwise(legs)]
    speeds = [leg.ground_speed_mps for leg in legs]
    if in_gusts:
        speeds = [min(leg.ground_speed_mps, leg.gust_speed_mps or leg.ground_speed_mps) for leg in legs]
    lengths = [leg.length_m for leg in legs]
    for i, rise_m in enumerate(_rises_m(legs, height_m)):
        if rise_m != 0:
            rise_s = rise_m / airframe.climb_mps if rise_m > 0 else -rise_m / airframe.descent_mps
            lengths[i] = max(lengths[i], STEEPEST_M)
            speeds[i] = min(speeds[i], lengths[i] / rise_s)
    wings = [min(leg.wing_mps, leg.wing_gust_mps) if in_gusts else leg.wing_mps for leg in legs]
    return lengths, speeds, turns, wings


def course_of_time_s(
    legs: Sequence[Leg], airframe: Airframe, gone_m: NDArray[np.float64], start_mps: float = 0.0
) -> NDArray[np.float64]:
    """Seconds along level ``legs``, begun at ``start_mps``, until so many metres [n] are gone. Shape [n]; infinite
    where the wind leaves a leg no speed. The profile is that of :func:`leg_profile`."""
    lengths, speeds, turns, wings = _flown(legs, airframe, 0.0)
    if any(wings):
        lefts_m = (sum(lengths) - gone_m).tolist()
        flown = [profile_with_wings(lengths, speeds, turns, wings, airframe, m, start_mps) for m in lefts_m]
        return np.array([one.seen_at_s for one in flown])
    whole = np.array(lengths), np.array(speeds), np.array([*turns, 0.0])
    limits = airframe.acceleration_mps2, airframe.jerk_mps3, ACCEPTANCE_RADIUS_M
    left_m = sum(lengths) - gone_m
    return np.array([profile_times(*whole, *limits, left, start_mps)[1] for left in left_m.tolist()])


def profile_with_wings(
    lengths_m: Sequence[float],
    speeds_mps: Sequence[float],
    turns_deg: Sequence[float],
    wings_mps: Sequence[float],
    airframe: Airframe,
    seen_from_m: float = 0.0,
    start_mps: float = 0.0,
) -> Profile:
    """As :func:`profile`, legs with a speed in ``wings_mps`` flown on the wing: from hovering to hovering, and so is
    what lies between them."""
    wing = airframe.wing
    if wing is None or not any(wings_mps):
        return profile(lengths_m, speeds_mps, turns_deg, airframe, seen_from_m, start_mps)
    left_m, done_s, winged_s = sum(lengths_m), 0.0, 0.0
    brake_at_s, seen_at_s = math.inf, math.inf
    for first, behind in stretches(wings_mps):
        left_m -= sum(lengths_m[first:behind])
        here_m = max(0.0, seen_from_m - left_m)
        if wings_mps[first]:
            one = Profile(*wing.times_s(lengths_m[first], wings_mps[first], here_m))
            winged_s += one.stop_at_s
        else:
            legs = slice(first, behind)
            turns, begun_mps = turns_deg[first : behind - 1], 0.0 if first else start_mps
            one = profile(lengths_m[legs], speeds_mps[legs], turns, airframe, here_m, begun_mps)
        if seen_at_s == math.inf and (here_m > 0 or behind == len(lengths_m)):
            seen_at_s = done_s + one.seen_at_s
            brake_at_s = min(done_s + one.brake_at_s, seen_at_s)
        done_s += one.stop_at_s
    return Profile(brake_at_s, seen_at_s, done_s, winged_s)


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
    start_mps: float = 0.0,
) -> FlightPlan:
    """Time and energy of a polyline, most likely and as nine flights of ten keep it.

    ``climb_from_m`` is the height the drone starts at: ``None`` when it flies at cruise height already; a drone on
    its dock (0.0) also spends dock and arming time. With ``sensor`` the flight counts until the camera's footprint
    covers the goal (on scene); without, until the drone hovers over it (coming home). ``above_goal_m`` is how high it
    then flies above the ground there, where that is not at the height of its base. ``start_mps`` is the speed along the
    first leg that it has already: it flies on while the decision is made and told, so that nothing waits for either.
    """
    docked = climb_from_m == 0.0
    first_m = height_m if not legs or legs[0].height_m is None else legs[0].height_m
    last_m = height_m if not legs or legs[-1].height_m is None else legs[-1].height_m
    climb_s = 0.0 if climb_from_m is None else climb_time_s(first_m, airframe, climb_from_m)
    seen_from_m = airframe.footprint_radius_m(last_m if above_goal_m is None else above_goal_m) if sensor else 0.0
    flown = leg_profile(legs, airframe, seen_from_m, height_m=height_m, start_mps=start_mps)
    gusty = flown
    if any(leg.gust_speed_mps not in (None, leg.ground_speed_mps) for leg in legs):
        gusty = leg_profile(legs, airframe, seen_from_m, height_m=height_m, in_gusts=True, start_mps=start_mps)
    time = response_time(
        airframe,
        flown,
        docked=docked,
        climb_s=climb_s,
        decision_s=0.0 if start_mps > 0.0 else decision_s,
        uplink_s=0.0 if start_mps > 0.0 else uplink_s,
        sensor=sensor,
        gusts_s=gusty.seen_at_s - flown.seen_at_s,
    )
    climbing_s = sum(max(0.0, rise_m) for rise_m in _rises_m(legs, height_m)) / airframe.climb_mps
    gusts_s = gusty.stop_at_s - flown.stop_at_s
    energy = flight_energy(
        airframe, climb_s, flown.stop_at_s, climbing_s=climbing_s, gusts_s=gusts_s, winged_s=flown.winged_s
    )
    return FlightPlan(legs=legs, height_m=height_m, time=time, energy=energy, start_mps=start_mps)


def passed_s(plan: FlightPlan, airframe: Airframe, left_m: float) -> float:
    """Seconds that a plan counts from where its legs begin until ``left_m`` of them are left; 0 without legs."""
    return leg_profile(plan.legs, airframe, left_m, height_m=plan.height_m, start_mps=plan.start_mps).seen_at_s


def response_time(
    airframe: Airframe,
    flown: Profile,
    *,
    docked: bool,
    climb_s: float,
    decision_s: float = 0.0,
    uplink_s: float = 0.0,
    sensor: bool = True,
    gusts_s: float = 0.0,
) -> FlightTime:
    """The time of a flight, part by part, out of its climb and its profile along the way.

    The P90 takes the parts as independent and normal: their standard deviations (the airframe's) add in quadrature,
    times 1.28. ``gusts_s``, what the way takes longer in a wind as strong as the gusts, counts as the 90 % value of
    what wind does, so it joins them without that factor.
    """
    flying_s = flown.seen_at_s
    deviations = (
        airframe.dock_sd_s if docked else 0.0,
        airframe.arm_sd_s if docked else 0.0,
        airframe.climb_sd_share * climb_s,
        airframe.speed_sd_share * flying_s,
        gusts_s / P90_DEVIATIONS,
    )
    return FlightTime(
        decision_s=decision_s,
        uplink_s=uplink_s,
        dock_s=airframe.dock_s if docked else 0.0,
        arm_s=airframe.arm_s if docked else 0.0,
        climb_s=climb_s,
        start_s=airframe.start_s if flying_s > 0 else 0.0,
        cruise_s=flown.brake_at_s,
        arrive_s=flown.seen_at_s - flown.brake_at_s,
        slew_s=airframe.slew_s if sensor else 0.0,
        spread_s=P90_DEVIATIONS * math.hypot(*deviations),
    )


def flight_energy(
    airframe: Airframe,
    climb_s: float,
    flying_s: float,
    *,
    climbing_s: float = 0.0,
    gusts_s: float = 0.0,
    winged_s: float = 0.0,
) -> FlightEnergy:
    """Energy of a climb and a flight, phase by phase; ``climbing_s`` of the flight also gain height, ``winged_s`` are
    flown on the wing.

    Its P90 joins the spread of the power and of the speed, and what gusts cost, in quadrature.
    """
    starts_s = airframe.start_s if flying_s > 0 else 0.0
    energy = FlightEnergy(
        climb_wh=(climb_s * airframe.climb_w + climbing_s * max(0.0, airframe.climb_w - airframe.cruise_w)) / 3600,
        cruise_wh=(flying_s * airframe.cruise_w - spared_w(airframe) * winged_s) / 3600,
        hover_wh=starts_s * airframe.hover_w / 3600,
    )
    power_wh = P90_DEVIATIONS * airframe.power_sd_share * energy.total_wh
    slow_wh = P90_DEVIATIONS * airframe.speed_sd_share * energy.cruise_wh
    return replace(energy, spread_wh=math.hypot(power_wh, slow_wh, gusts_s * airframe.cruise_w / 3600))


def flight_energy_wh(airframe: Airframe, climb_s: T, flying_s: T, winged_s: T) -> T:
    """The energy of :func:`flight_energy` in all, as it is most likely; of numbers or arrays."""
    starting_wh = (flying_s > 0) * airframe.start_s * airframe.hover_w / 3600
    flying_ws = flying_s * airframe.cruise_w - winged_s * spared_w(airframe)
    return (climb_s * airframe.climb_w + flying_ws) / 3600 + starting_wh


def spared_w(airframe: Airframe) -> float:
    """What flight on the wing draws less than flight as a multirotor."""
    return 0.0 if airframe.wing is None else airframe.cruise_w - airframe.wing.cruise_w


def hover_energy(hover_s: float, airframe: Airframe) -> FlightEnergy:
    """Energy of hovering over one place."""
    hover_wh = hover_s * airframe.hover_w / 3600
    return FlightEnergy(hover_wh=hover_wh, spread_wh=P90_DEVIATIONS * airframe.power_sd_share * hover_wh)


def landing_energy(height_m: float, airframe: Airframe) -> FlightEnergy:
    """Energy from hovering over the dock at ``height_m`` until landed."""
    landing_wh = landing_energy_wh(height_m, airframe)
    return FlightEnergy(landing_wh=landing_wh, spread_wh=P90_DEVIATIONS * airframe.power_sd_share * landing_wh)


def landing_energy_wh(height_m: float, airframe: Airframe) -> float:
    """Energy from hovering over the dock at ``height_m`` until landed."""
    return descent_s(height_m, airframe) * airframe.hover_w / 3600


def _rises_m(legs: Sequence[Leg], height_m: float) -> list[float]:
    """By how much each leg gains height: corners are passed at the higher of both legs' heights."""
    heights = [height_m if leg.height_m is None else leg.height_m for leg in legs]
    corners = [*heights[:1], *map(max, itertools.pairwise(heights)), *heights[-1:]]
    return [after_m - before_m for before_m, after_m in itertools.pairwise(corners)]


def _turn_deg(course_deg: float, next_deg: float) -> float:
    return abs((next_deg - course_deg + 180.0) % 360.0 - 180.0)
