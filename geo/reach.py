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
from geo.flight import ACCEPTANCE_RADIUS_M
from geo.kernels.profile import profile_times_of_all
from geo.route import Airways, Motion, Points
from geo.wind import ground_speed_mps

RAYS = 180
ROUNDS = 30
"""Halvings of what may be the range: two kilometres come down to some micrometres."""

BESIDE_RAD = 1e-4
"""Rays are also cast this much left and right of every corner, where sight ends."""


def reach(
    airways: Airways, start: Points, airframe: Airframe, motion: Motion, flight_s: float, height_m: float
) -> BaseGeometry:
    """The ground seen by ``airframe`` within ``flight_s`` of cruise from ``start`` [2], in the frame's metres.

    ``flight_s`` is what the promise leaves after turnout. A point is reached when the camera's footprint at
    ``height_m`` covers it. Closed ground itself is never reached. Speeding up, slowing down at corners and braking for
    the goal all count.
    """
    if flight_s <= 0 or airways.closed_at(start) is not None:
        return Polygon()
    seen_from_m = airframe.footprint_radius_m(height_m)
    corner_s, chains = airways.times_from(start, motion)
    stars = [_star(airways, start[None, :], airframe, motion, flight_s, seen_from_m)]
    for k in np.flatnonzero(np.isfinite(corner_s)):
        way = np.vstack([start[None, :], airways.corners[chains[int(k)]]])
        stars.append(_star(airways, way, airframe, motion, flight_s, seen_from_m))
    ground = shapely.union_all(stars)
    closed = airways.closed_ground
    return shapely.difference(ground, shapely.union_all(closed)) if closed else ground


def _star(
    airways: Airways, way: Points, airframe: Airframe, motion: Motion, flight_s: float, seen_from_m: float
) -> BaseGeometry:
    """What is seen in time in straight sight of the last point of ``way`` [n, 2], which is flown to first."""
    hub = way[-1]
    angles = np.linspace(0.0, 2 * math.pi, RAYS, endpoint=False)
    if len(airways.corners):
        towards = airways.corners - hub
        sight = np.arctan2(towards[:, 1], towards[:, 0])[np.hypot(towards[:, 0], towards[:, 1]) > 1e-6]
        angles = np.concatenate([angles, sight - BESIDE_RAD, sight, sight + BESIDE_RAD])
    angles = np.unique(angles % (2 * math.pi))
    courses = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lengths = _ranges_m(way, courses, airframe, motion, flight_s, seen_from_m)
    if not lengths.any():
        return Polygon()
    lengths = np.minimum(lengths, _sight_m(airways, hub, courses, lengths))
    return shapely.make_valid(Polygon(hub + courses * lengths[:, None]))


def _ranges_m(
    way: Points, courses: Points, airframe: Airframe, motion: Motion, within_s: float, seen_from_m: float
) -> NDArray[np.float64]:
    """The longest last leg on each course [n, 2] whose goal is seen within ``within_s``, after flying ``way`` [m, 2].

    By bisection: the profile's time grows with the length of its last leg.
    """
    n, legs = len(courses), len(way)  # the legs of the way, and the ray
    steps = np.diff(way, axis=0)
    hops = np.hypot(steps[:, 0], steps[:, 1])
    speeds_mps = ground_speed_mps(courses, motion.wind, motion.airspeed_mps, motion.speed_limit_mps)
    lengths, speeds, turns = np.empty((n, legs)), np.empty((n, legs)), np.zeros((n, legs))
    if legs > 1:
        along = steps / hops[:, None]
        lengths[:, :-1] = hops
        speeds[:, :-1] = ground_speed_mps(along, motion.wind, motion.airspeed_mps, motion.speed_limit_mps)
        turns[:, :-2] = _turns_deg(along[:-1], along[1:])
        turns[:, -2] = _turns_deg(along[-1:], courses)
    speeds[:, -1] = np.where(speeds_mps > 0, speeds_mps, 1.0)
    first, a, j = np.arange(0, n * legs + 1, legs), airframe.acceleration_mps2, airframe.jerk_mps3
    low, high = np.zeros(n), np.where(speeds_mps > 0, seen_from_m + speeds_mps * within_s, 0.0)
    for halvings in range(ROUNDS):
        lengths[:, -1] = (low + high) / 2 if halvings else 0.0
        flat = lengths.ravel(), speeds.ravel(), turns.ravel()
        in_time = profile_times_of_all(*flat, first, a, j, ACCEPTANCE_RADIUS_M, seen_from_m)[:, 1] <= within_s
        if not in_time.any() and halvings == 0:
            break  # the corner itself is too far
        low, high = np.where(in_time, lengths[:, -1], low), np.where(in_time, high, lengths[:, -1])
    return low


def _turns_deg(courses: Points, onward: Points) -> NDArray[np.float64]:
    """Degrees between unit vectors [n, 2]."""
    turns: NDArray[np.float64] = np.degrees(np.arccos(np.clip(np.sum(courses * onward, axis=1), -1.0, 1.0)))
    return turns


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
