"""What can be seen within T seconds from a place: the reach polygon.

A plan takes the way that is fastest at cruise, and its time is that way's timed flight. So ground is drawn hub by hub:
a hub is where fastest ways turn last, the start itself or a corner of closed ground. Along each ray from a hub a goal
is reached as far as it is in sight, as the fastest way to it still turns last at this hub (once it does not, it never
does again: a part of a fastest way is fastest), and as the flight by that way, timed in full, sees it in time. The
reach is the union of those stars. Rays are added until the rim between neighbours is as straight as drawn.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.airframe import Airframe
from geo.flight import ACCEPTANCE_RADIUS_M
from geo.kernels.profile import Craft, Hubs, longest_last_legs
from geo.kernels.rays import in_sight_m
from geo.kernels.ways import TAUT_M
from geo.route import Airways, Motion, Points

STEP_RAD = math.radians(3.0)
"""Neighbouring rays are no farther apart."""

RIM_M = 0.5
"""The rim between two rays is drawn this well; where it jumps, the rays beside the jump are this near to each other."""

TIE_M = 0.05
"""A way that is faster by less than the time of this many metres is no other way: corners stand half a metre off."""

CRACK_M = 1.0
"""Between the stars of two hubs no crack of less than twice this stays open."""

MOST_ROUNDS = 12

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def reach(
    airways: Airways, start: Points, airframe: Airframe, motion: Motion, flight_s: float, height_m: float
) -> BaseGeometry:
    """The ground seen by ``airframe`` within ``flight_s`` of cruise from ``start`` [2], in the frame's metres.

    ``flight_s`` is what the promise leaves after turnout. A point is reached when the camera's footprint at
    ``height_m`` covers it. Closed ground itself is never reached. Starting, speeding up, slowing down at corners,
    braking for the goal and turning the camera all count: a point is inside when :func:`geo.flight.timed_plan` says of
    its way that it is seen in time.
    """
    flight_s -= airframe.start_s + airframe.slew_s
    if flight_s <= 0 or airways.closed_at(start) is not None:
        return Polygon()
    craft = Craft(
        airframe.acceleration_mps2, airframe.jerk_mps3, ACCEPTANCE_RADIUS_M, airframe.footprint_radius_m(height_m)
    )
    sky = _Sky(airways, start, motion, craft, flight_s)
    rays = _rays(sky)
    for _ in range(MOST_ROUNDS):
        rays, settled = _refined(sky, rays)
        if settled:
            break
    stars = _stars(sky, rays)
    ground = shapely.union_all(stars)
    if len(stars) > 1:
        ground = ground.buffer(CRACK_M, join_style="mitre").buffer(-CRACK_M, join_style="mitre")
    closed = airways.closed_ground
    return shapely.difference(shapely.make_valid(ground), shapely.union_all(closed)) if closed else ground


class _Sky:
    """The hubs round a start, and how far rays from them run."""

    def __init__(self, airways: Airways, start: Points, motion: Motion, craft: Craft, flight_s: float) -> None:
        self.airways, self.start, self.motion, self.craft, self.flight_s = airways, start, motion, craft, flight_s
        corner_s, chains = airways.times_from(start, motion)
        # the way to a corner only grows slower by being timed in full, and is over a sight before it ends
        in_time = corner_s <= flight_s + (craft.seen_from_m + 1.0) / _slowest_mps(motion)
        corners = [k for k in chains if in_time[k]]
        self.corner = np.array([-1, *corners])
        self.cruise_s = np.array([0.0, *corner_s[corners]])
        ways = [np.vstack([start[None, :], airways.corners[chains[k]]]) for k in corners]
        self.hubs = _hubs(start, ways, motion)

    def lengths_m(self, hub: Ints, angle_rad: Floats) -> Floats:
        """How far each ray is drawn. Shapes [n]."""
        rays = np.stack([np.cos(angle_rad), np.sin(angle_rad)], axis=1)
        rays_mps = 1.0 / self.motion.leg_times_s(rays)
        timely_m = longest_last_legs(self.hubs, hub, rays, rays_mps, self.craft, self.flight_s)
        far_m = in_sight_m(self.airways.ground.edges, self.hubs.here, hub, rays, timely_m)
        low_m, open_ = np.zeros(len(far_m)), np.flatnonzero(self._overtaken(hub, angle_rad, far_m))
        high_m = far_m.copy()
        while len(open_):
            middle_m = (low_m[open_] + high_m[open_]) / 2
            overtaken = self._overtaken(hub[open_], angle_rad[open_], middle_m)
            high_m[open_[overtaken]] = middle_m[overtaken]
            low_m[open_[~overtaken]] = middle_m[~overtaken]
            open_ = open_[high_m[open_] - low_m[open_] > RIM_M / 2]
        return np.where(high_m < far_m, low_m, far_m)

    def _overtaken(self, hub: Ints, angle_rad: Floats, length_m: Floats) -> NDArray[np.bool_]:
        """Whether the end of each ray is reached faster by a way that does not turn last at its hub."""
        from_hub = np.flatnonzero((hub > 0) & (length_m > 0))  # nothing is faster than straight from the start
        courses = np.stack([np.cos(angle_rad[from_hub]), np.sin(angle_rad[from_hub])], axis=1)
        ends = self.hubs.here[hub[from_hub]] + courses * length_m[from_hub, None]
        fan = self.airways.fan(self.start, ends, self.motion, towards=False)
        per_m_s = self.motion.leg_times_s(courses)
        by_hub_s = self.cruise_s[hub[from_hub]] + per_m_s * (length_m[from_hub] - TIE_M)
        other = np.zeros(len(hub), dtype=bool)
        other[from_hub] = (fan.via != self.corner[hub[from_hub]]) & (fan.cruise_s < by_hub_s)
        return other


@dataclass(frozen=True, slots=True)
class _Rays:
    """Rays by hub and angle, in this order, and whether the rim to the next ray of the hub may still bend. [n]"""

    hub: Ints
    angle_rad: Floats
    length_m: Floats
    bends: NDArray[np.bool_]


def _hubs(start: Points, ways: list[Points], motion: Motion) -> Hubs:
    steps = [np.diff(way, axis=0) for way in ways]
    along = np.concatenate([np.empty((0, 2)), *steps])
    lengths = np.hypot(along[:, 0], along[:, 1])
    courses = along / lengths[:, None]
    first = np.cumsum([0, 0, *(len(step) for step in steps)])
    bearings = np.degrees(np.arctan2(courses[:, 0], courses[:, 1]))
    turns = np.abs((np.diff(bearings, prepend=0.0) + 180.0) % 360.0 - 180.0)
    came = np.vstack([np.zeros(2), courses[first[2:] - 1]])
    here = np.vstack([start[None, :], *(way[-1:] for way in ways)])
    return Hubs(here, first.astype(np.int64), lengths, lengths / motion.leg_times_s(along), turns, came)


def _rays(sky: _Sky) -> _Rays:
    """The first rays: all round the start, and behind each corner where the string bends about it; every few degrees,
    and towards all that may end sight."""
    hubs, angles = [], []
    tips = sky.airways.ground.edges[:, :2]
    for k, here in enumerate(sky.hubs.here):
        low, width = (0.0, 2 * math.pi) if k == 0 else _wedge(sky, k)
        even = np.linspace(0.0, width, max(3, math.ceil(width / STEP_RAD) + 1))
        towards = tips - here
        beside = (np.arctan2(towards[:, 1], towards[:, 0]) - low) % (2 * math.pi)
        mine = np.unique(np.concatenate([even, beside[beside < width]]))
        hubs.append(np.full(len(mine), k))
        angles.append(low + mine)
    hub, angle = np.concatenate(hubs), np.concatenate(angles)
    return _Rays(hub, angle, sky.lengths_m(hub, angle), np.append(hub[1:] == hub[:-1], False))


def _wedge(sky: _Sky, hub: int) -> tuple[float, float]:
    """Where ways go on from a corner, from straight on to along the rim they turn about: its first angle, its width."""
    rims, corner, (x, y) = sky.airways.rims, int(sky.corner[hub]), sky.hubs.came[hub]
    rim = np.stack([rims.before[corner], rims.after[corner]]) - rims.here[corner]
    left = np.arctan2(x * rim[:, 1] - y * rim[:, 0], rim @ (x, y))
    away_m = np.hypot(rim[:, 0], rim[:, 1])
    # Ways may cut the ground between a rim and its corners: into what angle depends on how near the next corner is.
    slack = np.where(away_m > 2 * TAUT_M, np.arcsin(np.minimum(1.0, TAUT_M / away_m)), math.pi)
    aside_m = away_m * np.sin(left)
    width = [
        # what lies behind is gone round to the far side, though rounding put it on the other
        float((np.where(turn < -math.pi / 2, turn + 2 * math.pi, turn) + slack).min().clip(0.0, math.pi))
        if (side_m >= -TAUT_M).all()
        else 0.0
        for turn, side_m in ((left, aside_m), (-left, -aside_m))
    ]
    if not any(width):
        width = [math.pi / 2, math.pi / 2]  # a corner in a notch of two zones: any side may be the one
    return math.atan2(y, x) - width[1], sum(width)


def _refined(sky: _Sky, rays: _Rays) -> tuple[_Rays, bool]:
    """The rays with one more in the middle wherever the rim may still bend, and whether it does so nowhere."""
    at = np.flatnonzero(rays.bends)
    one, two = _ends(sky, rays, at), _ends(sky, rays, at + 1)
    gap_rad = rays.angle_rad[at + 1] - rays.angle_rad[at]
    wide = gap_rad * np.maximum(rays.length_m[at], rays.length_m[at + 1]) > RIM_M
    at, one, two = at[wide], one[wide], two[wide]
    if not len(at):
        return rays, True
    angle, hub = (rays.angle_rad[at] + rays.angle_rad[at + 1]) / 2, rays.hub[at]
    length = sky.lengths_m(hub, angle)
    middle = sky.hubs.here[hub] + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    bends = _off_line_m(middle, one, two) > RIM_M
    order = np.argsort(np.concatenate([np.arange(len(rays.hub)), at + 0.5]), kind="stable")
    still = np.zeros(len(rays.hub), dtype=bool)
    still[at] = bends
    refined = _Rays(
        np.concatenate([rays.hub, hub])[order],
        np.concatenate([rays.angle_rad, angle])[order],
        np.concatenate([rays.length_m, length])[order],
        np.concatenate([still, bends])[order],
    )
    return refined, not bends.any()


def _ends(sky: _Sky, rays: _Rays, which: Ints) -> Points:
    angle = rays.angle_rad[which]
    courses = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ends: Points = sky.hubs.here[rays.hub[which]] + rays.length_m[which, None] * courses
    return ends


def _off_line_m(points: Points, one: Points, two: Points) -> Floats:
    """How far each of ``points`` lies from the piece of line between ``one`` and ``two``. Shapes [n, 2]."""
    along, to = two - one, points - one
    square = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip((along * to).sum(axis=1) / square, 0.0, 1.0)
    off = to - share[:, None] * along
    off_m: Floats = np.hypot(off[:, 0], off[:, 1])
    return off_m


def _stars(sky: _Sky, rays: _Rays) -> NDArray[np.object_]:
    """The ground that each hub's rays cover, no rim more than ``RIM_M`` / 5 off. Valid polygons."""
    ends = _ends(sky, rays, np.arange(len(rays.hub)))
    rims = np.split(ends, np.flatnonzero(np.diff(rays.hub)) + 1)
    lit = [k for k, hub in enumerate(np.split(rays.length_m, np.flatnonzero(np.diff(rays.hub)) + 1)) if hub.any()]
    rings = [np.vstack([sky.hubs.here[k], rims[k]]) if k else rims[k] for k in lit]
    stars = shapely.simplify(np.array([Polygon(ring) for ring in rings]), RIM_M / 5, preserve_topology=False)
    return np.asarray(shapely.make_valid(stars))


def _slowest_mps(motion: Motion) -> float:
    """At most the speed over ground on any course, where there is one at all."""
    return max(1e-3, min(motion.airspeed_mps - motion.wind.speed_mps, motion.speed_limit_mps))
