"""The fastest legal way round geozones in uniform wind.

In uniform wind the time along a straight leg is its length over the ground speed on its course, a convex function of
the displacement (:func:`geo.wind.ground_speed_mps`), so a fastest way round polygons is a polyline whose inner points
are corners of the polygons (Lozano-Pérez and Wesley 1979; with wind: Zermelo's problem in a constant field). The
corners and who sees whom are prepared once for a set of zones; one Dijkstra per hub then serves a whole fleet. Of all
legs between corners only taut ones are kept: those that leave the ground at a corner on one side (a fastest way wraps
round what it turns at).

The inner loops are compiled (:mod:`geo.kernels`); :meth:`Airways.graph` is the same graph for networkx.
"""

import itertools
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from geo.airframe import Airframe
from geo.airspace import Restriction
from geo.closed import closed_ground, polygons_of
from geo.flight import Leg
from geo.frame import LocalFrame
from geo.kernels import ways
from geo.kernels.grid import Ground
from geo.kernels.ways import DIRECT, NONE, Pace, Tree
from geo.position import Position
from geo.wind import Wind, ground_speed_mps
from geo.wing import Wing

CORNER_CLEARANCE_M = 0.5
"""Ways turn this far outside a zone's margin, so that a leg along an edge does not touch it."""

MITRE_LIMIT = 1.5
"""At a sharp corner this clearance is cut at so many times its width: a drone need not fly round a needle's tip."""

Points = NDArray[np.float64]
"""East and north in metres, shape [n, 2]."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How fast an aircraft gets along in this wind, whatever the course."""

    wind: Wind
    airspeed_mps: float
    speed_limit_mps: float
    wing: Wing | None = None
    """Of a VTOL: ways are found for its flight as a multirotor, and legs that pay are flown on the wing."""

    @property
    def pace(self) -> Pace:
        """The same for compiled loops."""
        wind, gusts = self.wind, self.wind.in_gusts
        limits = self.airspeed_mps, self.speed_limit_mps
        return Pace(wind.east_mps, wind.north_mps, *limits, gusts.east_mps, gusts.north_mps)

    def leg_times_s(self, displacements: Points) -> NDArray[np.float64]:
        """Seconds per displacement, NaN where the wind makes it impossible. ``displacements`` has shape [n, 2]."""
        lengths = np.hypot(displacements[:, 0], displacements[:, 1])
        courses = displacements / np.where(lengths > 0, lengths, 1.0)[:, None]
        speeds = ground_speed_mps(courses, self.wind, self.airspeed_mps, self.speed_limit_mps)
        times = np.full(len(lengths), np.nan)
        np.divide(lengths, speeds, out=times, where=speeds > 0)
        times[lengths == 0] = 0.0
        return times

    def wings_mps(self, displacements: Points) -> NDArray[np.float64]:
        """Speeds over ground on the wing along ``displacements`` [n, 2]; 0 where that does not pay or, in gusts, cannot
        be flown."""
        lengths = np.hypot(displacements[:, 0], displacements[:, 1])
        if self.wing is None or not len(lengths):
            return np.zeros(len(lengths))
        courses = displacements / np.where(lengths > 0, lengths, 1.0)[:, None]
        now, in_gusts = (
            ground_speed_mps(courses, wind, self.wing.airspeed_mps, math.inf)
            for wind in (self.wind, self.wind.in_gusts)
        )
        pays = (lengths >= self.wing.least_m(self.speed_limit_mps)) & (now > 0) & (in_gusts > 0)
        return np.where(pays, now, 0.0)


def motion_of(airframe: Airframe, wind: Wind) -> Motion:
    """How ``airframe`` moves in ``wind``."""
    return Motion(wind, airframe.airspeed_mps, airframe.hover_mps, airframe.wing)


@dataclass(frozen=True, slots=True)
class Way:
    """A fastest way as a polyline [n ≥ 2, 2] from start to goal, and its time at cruise speed."""

    points: Points
    cruise_s: float


@dataclass(frozen=True, slots=True)
class Fan:
    """The fastest ways between one hub and many spokes, as arrays."""

    airways: "Airways"
    tree: Tree
    hub: Points
    spokes: Points
    towards: bool
    """Whether they are flown from the spokes to the hub."""
    cruise_s: NDArray[np.float64]
    """Seconds at cruise, infinite where there is no legal way. Shape [m]."""
    via: NDArray[np.int64]
    """The corner next to each spoke, or ``DIRECT`` or ``NONE`` of :mod:`geo.kernels.ways`. Shape [m]."""

    def polylines(self) -> tuple[Points, NDArray[np.int64]]:
        """All ways as flown, one after the other: points [p, 2] and where each begins [m + 1]; none has no points."""
        return ways.trace(self.airways.rims, self.tree, self.hub, self.spokes, self.via, self.towards)

    def ways(self) -> list[Way | None]:
        """The ways one by one; None where there is no legal one."""
        points, first = self.polylines()
        return [
            Way(points[a:b], float(time_s)) if b > a else None
            for (a, b), time_s in zip(itertools.pairwise(first.tolist()), self.cruise_s, strict=True)
        ]


class Airways:
    """Zones of one height and time, prepared: closed ground, its corners, and which corners see each other."""

    def __init__(self, frame: LocalFrame, zones: tuple[Restriction, ...]) -> None:
        self.frame = frame
        self.zones = zones
        volumes = [closed_ground(frame, zone) for zone in zones]
        self._closed_by_zone = volumes
        self._closed = polygons_of(shapely.union_all(volumes)) if volumes else []
        edges = [_edges(polygon) for polygon in self._closed]
        self.ground = ways.ground_of(np.concatenate(edges) if edges else np.empty((0, 4)))
        self.rims = _rims(self._closed, np.repeat(np.arange(len(edges)), [len(e) for e in edges]))
        self.first, self.others = _joined(self.ground, self.rims)
        """The corners that each corner is joined with by a taut legal leg: ``others[first[i]:first[i + 1]]``."""

    @property
    def corners(self) -> Points:
        """Where ways may turn. Shape [n, 2]."""
        return self.rims.here

    def blocked(self, starts: Points, ends: Points) -> NDArray[np.bool_]:
        """Whether each straight leg start → end touches closed ground. Shapes [n, 2]."""
        starts, ends = np.ascontiguousarray(starts, np.float64), np.ascontiguousarray(ends, np.float64)
        return ways.blocked(self.ground, starts, ends)

    def closed_at(self, point: Points) -> Restriction | None:
        """The first zone (by id) whose closed ground, margin included, holds ``point`` (shape [2]); None if legal."""
        where = shapely.Point(point)
        for zone, volume in zip(self.zones, self._closed_by_zone, strict=True):
            if volume.intersects(where):
                return zone
        return None

    @property
    def closed_ground(self) -> list[Polygon]:
        """Closed ground with its margins as disjoint polygons in the frame's metres."""
        return list(self._closed)

    def wings_mps(self, starts: Points, ends: Points, motion: Motion) -> NDArray[np.float64]:
        """The speeds over ground at which the legs start → end [n, 2] are flown on the wing; 0: as a multirotor, for it
        does not pay or closed ground is near."""
        speeds_mps = motion.wings_mps(ends - starts)
        asked = np.flatnonzero(speeds_mps)
        if motion.wing is not None and len(asked) and self._closed:
            lines = shapely.linestrings(np.stack([starts[asked], ends[asked]], axis=1))
            near, _ = self._tree.query(lines, predicate="dwithin", distance=motion.wing.clearance_m)
            speeds_mps[asked[near]] = 0.0
        return speeds_mps

    def legs(self, way: Way, motion: Motion) -> tuple[Leg, ...]:
        """The legs of ``way`` (:func:`legs_of`), those flown on the wing marked."""
        legs = legs_of(way, self.frame, motion)
        if motion.wing is None or not legs:
            return legs
        steps = np.hypot(*np.diff(way.points, axis=0).T) > 0
        ends = way.points[:-1][steps], way.points[1:][steps]
        now = self.wings_mps(*ends, motion)
        gusty = self.wings_mps(*ends, replace(motion, wind=motion.wind.in_gusts))
        return tuple(
            replace(leg, wing_mps=float(mps), wing_gust_mps=float(gust_mps))
            for leg, mps, gust_mps in zip(legs, now, gusty, strict=True)
        )

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._closed)

    def sees(self, point: Points, targets: Points) -> NDArray[np.bool_]:
        """Which of ``targets`` [n, 2] can be flown to straight from ``point`` [2]."""
        return ~self.blocked(np.broadcast_to(point, targets.shape), targets)

    def fan(self, hub: Points, spokes: Points, motion: Motion, *, towards: bool) -> Fan:
        """The fastest ways from ``spokes`` [m, 2] ``towards`` the ``hub`` [2], or from the hub to them."""
        hub, spokes = np.ascontiguousarray(hub, np.float64), np.ascontiguousarray(spokes, np.float64)
        tree = self.tree(hub, motion, towards=towards)

        def join(part: slice) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
            return ways.join_spokes(self.ground, self.rims, tree, hub, spokes[part], motion.pace, towards)

        cruise_s, via = in_parts(join, len(spokes))
        return Fan(self, tree, hub, spokes, towards, cruise_s, via)

    def tree(self, hub: Points, motion: Motion, *, towards: bool) -> Tree:
        """The fastest ways between ``hub`` [2] and every corner."""
        return _tree(self, (float(hub[0]), float(hub[1])), motion, towards)

    def ways_to(self, goal: Points, starts: Points, motion: Motion) -> list[Way | None]:
        """The fastest way from each of ``starts`` [n, 2] to ``goal`` [2]; None where there is no legal one."""
        return self.fan(goal, starts, motion, towards=True).ways()

    def ways_from(self, start: Points, goals: Points, motion: Motion) -> list[Way | None]:
        """The fastest way from ``start`` [2] to each of ``goals`` [n, 2]; None where there is no legal one."""
        return self.fan(start, goals, motion, towards=False).ways()

    def ways_from_air(self, start: Points, goals: Points, motion: Motion) -> list[Way | None]:
        """As :meth:`ways_from`, for a drone in the air, which may find itself in closed ground: it cut a corner, or a
        zone was raised over it. It then leaves by the shortest way from which any goal can be reached.
        """
        ways = self.ways_from(start, goals, motion)
        for gate in self._gates(start):
            first_s = float(motion.leg_times_s((gate - start)[None, :])[0])
            if not math.isnan(first_s):
                ways = [
                    way and Way(np.vstack([start, way.points]), first_s + way.cruise_s)
                    for way in self.ways_from(gate, goals, motion)
                ]
            if any(way is not None for way in ways):
                break
        return ways

    def _gates(self, point: Points) -> list[Points]:
        """For a point in closed ground: the nearest place on each of its edges, just outside, nearest first."""
        where = shapely.Point(point)
        if self.closed_at(point) is None:
            return []
        grown = polygons_of(MultiPolygon(self._closed).buffer(CORNER_CLEARANCE_M))
        around = [polygon for polygon in grown if polygon.intersects(where)]
        edges = [ring for polygon in around for ring in (polygon.exterior, *polygon.interiors)]
        gates = [np.array(edge.interpolate(edge.project(where)).coords[0]) for edge in edges]
        return sorted(gates, key=lambda gate: float(np.hypot(*(gate - point))))

    def times_from(self, start: Points, motion: Motion) -> tuple[NDArray[np.float64], dict[int, list[int]]]:
        """Seconds from ``start`` to every corner where a way may turn (NaN: none does), and the corners on the way,
        itself last."""
        tree = self.tree(start, motion, towards=False)
        chains: dict[int, list[int]] = {}
        for corner in np.argsort(tree.times_s, kind="stable").tolist():
            before = int(tree.onward[corner])
            if before != NONE:
                chains[corner] = [corner] if before == DIRECT else [*chains[before], corner]
        return np.where(np.isfinite(tree.times_s), tree.times_s, np.nan), chains

    def graph(self, motion: Motion) -> "nx.DiGraph[int]":
        """Corners (by number) and the seconds of the taut legal legs between them, as ``weight``."""
        return _graph(self, motion)


@lru_cache(maxsize=16)
def prepare(frame: LocalFrame, zones: tuple[Restriction, ...]) -> Airways:
    """The prepared airways of these zones; the same zones are prepared once."""
    return Airways(frame, zones)


@lru_cache(maxsize=256)  # one goal is asked for by every airframe of a fleet, a base by every goal
def _tree(airways: Airways, hub: tuple[float, float], motion: Motion, towards: bool) -> Tree:
    here = np.array(hub)
    seeds = ways.seeds_s(airways.ground, airways.rims, here, motion.pace, towards)
    return ways.grow_tree(airways.first, airways.others, _weights_s(airways, motion, towards), seeds)


@lru_cache(maxsize=64)
def _weights_s(airways: Airways, motion: Motion, towards: bool) -> NDArray[np.float64]:
    return ways.weights_s(airways.rims, airways.first, airways.others, motion.pace, towards)


@lru_cache(maxsize=16)
def _graph(airways: Airways, motion: Motion) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    n = len(airways.corners)
    graph.add_nodes_from(range(n))
    starts = np.repeat(np.arange(n), np.diff(airways.first))
    leg_s = _weights_s(airways, motion, False)
    possible = np.isfinite(leg_s)
    legs = zip(starts[possible].tolist(), airways.others[possible].tolist(), leg_s[possible].tolist(), strict=True)
    graph.add_weighted_edges_from(legs)
    return graph


def legs_of(way: Way, frame: LocalFrame, motion: Motion) -> tuple[Leg, ...]:
    """The legs of a way, each with its length, course and ground speed; a way of no length has none."""
    steps = np.diff(way.points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    times, in_gusts = motion.leg_times_s(steps), replace(motion, wind=motion.wind.in_gusts).leg_times_s(steps)
    positions = [Position(*place) for place in frame.to_lonlat(way.points).tolist()]
    return tuple(
        Leg(
            start=positions[i],
            end=positions[i + 1],
            length_m=float(lengths[i]),
            course_deg=math.degrees(math.atan2(steps[i, 0], steps[i, 1])) % 360.0,
            ground_speed_mps=float(lengths[i] / times[i]),
            gust_speed_mps=float(lengths[i] / in_gusts[i]),
        )
        for i in range(len(steps))
        if lengths[i] > 0
    )


def _edges(polygon: Polygon) -> NDArray[np.float64]:
    """The edges of a polygon with holes. Shape [e, 4]."""
    rings = [np.asarray(ring.coords) for ring in (polygon.exterior, *polygon.interiors)]
    return np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in rings])


def _rims(closed: list[Polygon], rim_of_edge: NDArray[np.int64]) -> ways.Corners:
    """The corners at which ways round ``closed`` (disjoint polygons) may turn, just outside of it."""
    found = [np.concatenate([np.empty((0, 3, 2)), *_corners_round(polygon)]) for polygon in closed]
    rim = np.repeat(np.arange(len(closed)), [len(corners) for corners in found])
    corners = np.concatenate([np.empty((0, 3, 2)), *found])
    inside = np.unique(shapely.STRtree(closed).query(shapely.points(corners[:, 0]), predicate="intersects")[0])
    corners, rim = np.delete(corners, inside, axis=0), np.delete(rim, inside)
    first_of_rim = np.searchsorted(rim, np.arange(len(closed) + 1)).astype(np.int64)
    circles = [_circle_round(corners[a:b, 0]) for a, b in itertools.pairwise(first_of_rim.tolist())]
    return ways.Corners(
        here=np.ascontiguousarray(corners[:, 0]),
        before=np.ascontiguousarray(corners[:, 1]),
        after=np.ascontiguousarray(corners[:, 2]),
        first_of_rim=first_of_rim,
        rim_of_edge=rim_of_edge.astype(np.int64),
        middle=np.array([middle for middle, _ in circles]).reshape(-1, 2),
        radius_m=np.array([radius_m for _, radius_m in circles], dtype=np.float64),
    )


def _circle_round(points: Points) -> tuple[Points, float]:
    if not len(points):
        return np.zeros(2), 0.0
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return middle, float(np.hypot(*(points - middle).T).max())


def _corners_round(polygon: Polygon) -> list[NDArray[np.float64]]:
    """Per ring the corners that a taut string could touch, those where closed ground is locally convex, each with its
    neighbours along the ring. Shape [n, 3, 2]."""
    grown = polygon.buffer(CORNER_CLEARANCE_M, join_style="mitre", mitre_limit=MITRE_LIMIT)
    rings = []
    for part in polygons_of(shapely.remove_repeated_points(grown, 1e-3)):
        oriented = shapely.geometry.polygon.orient(part)  # closed ground on the left
        for ring in (oriented.exterior, *oriented.interiors):
            here = np.asarray(ring.coords)[:-1]
            before, after = np.roll(here, 1, axis=0), np.roll(here, -1, axis=0)
            came, goes = here - before, after - here
            left_turn = came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0]
            rings.append(np.stack([here, before, after], axis=1)[left_turn > 1e-9])
    return rings


ROWS_AT_ONCE = 256


def _joined(ground: Ground, corners: ways.Corners) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of corners joined by a taut legal leg, both ways, as rows of a sparse matrix: first [n + 1], others."""
    n = len(corners.here)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for row in range(0, n, ROWS_AT_ONCE):
        i, j = np.nonzero(ways.joined(ground, corners, row, min(row + ROWS_AT_ONCE, n)))
        pairs.append(np.stack([i + row, j], axis=1))
    one_way = np.concatenate(pairs)
    both = np.concatenate([one_way, one_way[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    first = np.searchsorted(both[:, 0], np.arange(n + 1)).astype(np.int64)
    return first, np.ascontiguousarray(both[:, 1])


WORTH_A_THREAD = 256
"""Fewer ways than this are done before another thread has begun."""


def in_parts(
    work: Callable[[slice], tuple[NDArray[Any], NDArray[Any]]], count: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """``work`` over all of ``count``, by as many threads as are worth it: compiled loops let go of Python's lock."""
    parts = count // WORTH_A_THREAD
    if parts > 1:  # who asks for the cores asks the kernel: 30 µs
        parts = min(os.cpu_count() or 1, parts)
    if parts < 2:
        return work(slice(0, count))
    cuts = np.linspace(0, count, parts + 1).astype(int)
    done = list(_threads().map(work, [slice(a, b) for a, b in itertools.pairwise(cuts.tolist())]))
    return np.concatenate([one for one, _ in done]), np.concatenate([two for _, two in done])


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="ways")
