"""What can be seen within T seconds from a place: the reach polygon.

From every point where a fastest way can turn (the start itself and the corners of closed ground that are reached in
time) whatever lies in straight sight is reached as far as the time left allows; the union of those stars is the reach.
"""

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.airframe import Airframe
from geo.kernels.profile import straight_times
from geo.route import Airways, Motion, Points
from geo.wind import ground_speed_mps

RAYS = 180
ROUNDS = 30
"""Halvings of what may be the range: a kilometre comes down to a micrometre."""

BESIDE_RAD = 1e-4
"""Rays are also cast this much left and right of every corner, where sight ends."""


def reach(
    airways: Airways, start: Points, airframe: Airframe, motion: Motion, flight_s: float, height_m: float
) -> BaseGeometry:
    """The ground seen by ``airframe`` within ``flight_s`` of cruise from ``start`` [2], in the frame's metres.

    ``flight_s`` is what the promise leaves after turnout. A point is reached when the camera's footprint at
    ``height_m`` covers it. Closed ground itself is never reached. Speeding up and braking for the goal count; slowing
    down at corners, and changing speed from leg to leg in wind, does not.
    """
    if flight_s <= 0 or airways.closed_at(start) is not None:
        return Polygon()
    seen_from_m = airframe.footprint_radius_m(height_m)
    corner_s, chains = airways.times_from(start, motion)
    stars = [_star(airways, start, airframe, motion, flight_s, seen_from_m, from_rest=True)]
    for k in np.flatnonzero(np.isfinite(corner_s)):
        first = (airways.corners[chains[int(k)][0]] - start)[None, :]
        first_s = float(motion.leg_times_s(first)[0])
        begun_s = float(np.hypot(*first[0])) / first_s / (2 * airframe.acceleration_mps2) if first_s > 0 else 0.0
        left_s = flight_s - corner_s[k] - begun_s  # what speeding up costs is lost on the way to the corner
        stars.append(_star(airways, airways.corners[k], airframe, motion, left_s, seen_from_m, from_rest=False))
    ground = shapely.union_all(stars)
    closed = airways.closed_ground
    return shapely.difference(ground, shapely.union_all(closed)) if closed else ground


def _star(
    airways: Airways,
    hub: Points,
    airframe: Airframe,
    motion: Motion,
    left_s: float,
    seen_from_m: float,
    *,
    from_rest: bool,
) -> BaseGeometry:
    angles = np.linspace(0.0, 2 * math.pi, RAYS, endpoint=False)
    if len(airways.corners):
        towards = airways.corners - hub
        sight = np.arctan2(towards[:, 1], towards[:, 0])[np.hypot(towards[:, 0], towards[:, 1]) > 1e-6]
        angles = np.concatenate([angles, sight - BESIDE_RAD, sight, sight + BESIDE_RAD])
    angles = np.unique(angles % (2 * math.pi))
    courses = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    speeds = ground_speed_mps(courses, motion.wind, motion.airspeed_mps, motion.speed_limit_mps)
    lengths = _ranges_m(speeds, left_s, airframe, seen_from_m, from_rest=from_rest)
    if not lengths.any():
        return Polygon()
    lengths = np.minimum(lengths, _sight_m(airways, hub, courses, lengths))
    return shapely.make_valid(Polygon(hub + courses * lengths[:, None]))


def _ranges_m(
    speeds_mps: NDArray[np.float64], within_s: float, airframe: Airframe, seen_from_m: float, *, from_rest: bool
) -> NDArray[np.float64]:
    """The longest straight leg, per cruise speed, whose goal is seen within ``within_s``.

    The drone brakes for the goal in any case; it speeds up ``from_rest``, or flies past at cruise speed already.
    """
    starts = np.zeros_like(speeds_mps) if from_rest else speeds_mps
    a, j = airframe.acceleration_mps2, airframe.jerk_mps3
    low, high = np.zeros_like(speeds_mps), np.where(speeds_mps > 0, seen_from_m + speeds_mps * max(0.0, within_s), 0.0)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        in_time = straight_times(middle, speeds_mps, starts, a, j, seen_from_m)[:, 1] <= within_s
        low, high = np.where(in_time, middle, low), np.where(in_time, high, middle)
    return low


def _sight_m(airways: Airways, hub: Points, courses: Points, lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each ray runs before it meets closed ground."""
    sight = np.full(len(courses), math.inf)
    closed = airways.closed_ground
    if not closed:
        return sight
    rays = shapely.linestrings(
        np.stack([np.broadcast_to(hub, courses.shape), hub + courses * lengths[:, None]], axis=1)
    )
    rays = np.asarray(rays, dtype=object)
    ray, ground = shapely.STRtree(closed).query(rays, predicate="intersects")
    met = shapely.distance(shapely.Point(hub), shapely.intersection(rays[ray], np.array(closed, dtype=object)[ground]))
    np.minimum.at(sight, ray, met)
    return sight
