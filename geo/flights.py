"""Many flights at once: what :func:`geo.flight.timed_plan` says of one, as arrays over all ways of a fan."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.flight import ACCEPTANCE_RADIUS_M, profile_with_wings
from geo.kernels.profile import profile_times_of_all
from geo.kernels.ways import legs_along
from geo.route import Fan, Motion, Points, in_parts

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flown:
    """Flights from rest to rest along the ways of a fan. All of shape [m]; infinite where there is no legal way."""

    distance_m: Array
    brake_at_s: Array
    """When the drone brakes for its goal, or sees it."""
    seen_at_s: Array
    stop_at_s: Array
    winged_s: Array
    """How much of it is flown on the wing."""


@dataclass(frozen=True, slots=True)
class Lead:
    """How drones that are under way come to where their ways begin: straight, from ``places`` [m, 2], where they have
    the speeds ``speeds_mps`` [m]."""

    places: Points
    speeds_mps: Array


def flown(fan: Fan, motion: Motion, airframe: Airframe, seen_from_m: float = 0.0, lead: Lead | None = None) -> Flown:
    """The speed profile along every way of ``fan``; its goal is seen from ``seen_from_m`` before it."""
    points, first = fan.polylines()
    starts_mps = np.zeros(len(first) - 1)
    if lead is not None:
        there = np.diff(first) > 0
        points = np.insert(points, first[:-1][there], lead.places[there], axis=0)
        first = first + np.concatenate([[0], np.cumsum(there)])
        starts_mps = lead.speeds_mps

    def along(part: slice) -> tuple[Array, Array]:
        lengths, speeds, turns, begins = legs_along(points, first[part.start : part.stop + 1], motion.pace)
        times = profile_times_of_all(
            lengths, speeds, turns, begins,
            airframe.acceleration_mps2, airframe.jerk_mps3, ACCEPTANCE_RADIUS_M, seen_from_m, starts_mps[part],
        )  # fmt: skip
        whole = np.concatenate([[0.0], np.cumsum(lengths)])
        return times, np.diff(whole[begins])

    times, distance_m = in_parts(along, len(first) - 1)
    winged_s = np.zeros(len(times))
    if airframe.wing is not None:
        _take_wings(fan, motion, airframe, seen_from_m, (points, first, starts_mps), times, winged_s)
    none = np.isinf(fan.cruise_s)
    times[none], distance_m[none] = np.inf, np.inf
    return Flown(distance_m, times[:, 0], times[:, 1], times[:, 2], winged_s)


def _take_wings(
    fan: Fan,
    motion: Motion,
    airframe: Airframe,
    seen_from_m: float,
    lines: tuple[Points, NDArray[np.int64], Array],
    times: Array,
    winged_s: Array,
) -> None:
    """Write into ``times`` [m, 3] and ``winged_s`` [m] what is flown on the wing: along ``lines``, their points, where
    each begins, and the speeds that they are begun with."""
    points, first, starts_mps = lines
    wings_mps = fan.airways.wings_mps(points[:-1], points[1:], motion)  # also from way to way, which nobody flies
    lengths, speeds, turns, begins = legs_along(points, first, motion.pace)
    for k in range(len(times)):
        wings = wings_mps[first[k] : max(first[k], first[k + 1] - 1)]
        if wings.any():
            legs = slice(begins[k], begins[k + 1])
            one = profile_with_wings(
                lengths[legs].tolist(), speeds[legs].tolist(), turns[legs].tolist()[:-1], wings.tolist(),
                airframe, seen_from_m, float(starts_mps[k]),
            )  # fmt: skip
            times[k], winged_s[k] = (one.brake_at_s, one.seen_at_s, one.stop_at_s), one.winged_s
