"""The fastest legal way round geozones in uniform wind.

In uniform wind the time along a straight leg is its length over the ground speed on its course, a convex function of
the displacement (:func:`geo.wind.ground_speed_mps`), so a fastest way round polygons is a polyline whose inner points
are corners of the polygons (Lozano-Pérez and Wesley 1979; with wind: Zermelo's problem in a constant field). The
corners and who sees whom are prepared once for a set of zones; one Dijkstra per goal then serves a whole fleet.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from geo.airframe import Airframe
from geo.airspace import Geozone
from geo.closed import MITRE_LIMIT, closed_ground, polygons_of
from geo.flight import Leg
from geo.frame import LocalFrame
from geo.position import Position
from geo.wind import Wind, ground_speed_mps

CORNER_CLEARANCE_M = 0.5
"""Ways turn this far outside a zone's margin, so that a leg along an edge does not touch it."""

Points = NDArray[np.float64]
"""East and north in metres, shape [n, 2]."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How fast an aircraft gets along in this wind, whatever the course."""

    wind: Wind
    airspeed_mps: float
    speed_limit_mps: float

    def leg_times_s(self, displacements: Points) -> NDArray[np.float64]:
        """Seconds per displacement, NaN where the wind makes it impossible. ``displacements`` has shape [n, 2]."""
        lengths = np.hypot(displacements[:, 0], displacements[:, 1])
        courses = displacements / np.where(lengths > 0, lengths, 1.0)[:, None]
        speeds = ground_speed_mps(courses, self.wind, self.airspeed_mps, self.speed_limit_mps)
        times = np.full(len(lengths), np.nan)
        np.divide(lengths, speeds, out=times, where=speeds > 0)
        times[lengths == 0] = 0.0
        return times


def motion_of(airframe: Airframe, wind: Wind) -> Motion:
    """How ``airframe`` moves in ``wind``: a VTOL flies its airspeed, a multirotor what is commanded over ground."""
    limit_mps = airframe.speed_mps if airframe.kind == "multirotor" else math.inf
    return Motion(wind, airframe.airspeed_mps, limit_mps)


@dataclass(frozen=True, slots=True)
class Way:
    """A fastest way as a polyline [n ≥ 2, 2] from start to goal, and its time at cruise speed."""

    points: Points
    cruise_s: float


class Airways:
    """Zones of one height and time, prepared: closed ground, its corners, and which corners see each other."""

    def __init__(self, frame: LocalFrame, zones: tuple[Geozone, ...]) -> None:
        self.frame = frame
        self.zones = zones
        volumes = [closed_ground(frame, zone) for zone in zones]
        self._closed_by_zone = volumes
        self._closed = polygons_of(shapely.union_all(volumes)) if volumes else []
        self._tree = shapely.STRtree(self._closed)
        self.corners = self._find_corners()
        n = len(self.corners)
        self._sees = np.zeros((n, n), dtype=bool)
        if n:
            i, j = np.triu_indices(n, k=1)
            clear = ~self.blocked(self.corners[i], self.corners[j])
            self._sees[i, j] = self._sees[j, i] = clear

    def blocked(self, starts: Points, ends: Points) -> NDArray[np.bool_]:
        """Whether each straight leg start → end touches closed ground. Shapes [n, 2]."""
        hit = np.zeros(len(starts), dtype=bool)
        if self._closed and len(starts):
            lines = shapely.linestrings(np.stack([starts, ends], axis=1))
            hit[self._tree.query(lines, predicate="intersects")[0]] = True
        return hit

    def closed_at(self, point: Points) -> Geozone | None:
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

    def sees(self, point: Points, targets: Points) -> NDArray[np.bool_]:
        """Which of ``targets`` [n, 2] can be flown to straight from ``point`` [2]."""
        return ~self.blocked(np.broadcast_to(point, targets.shape), targets)

    def ways_to(self, goal: Points, starts: Points, motion: Motion) -> list[Way | None]:
        """The fastest way from each of ``starts`` [n, 2] to ``goal`` [2]; None where there is no legal one."""
        return self._ways(goal, starts, motion, towards_hub=True)

    def ways_from(self, start: Points, goals: Points, motion: Motion) -> list[Way | None]:
        """The fastest way from ``start`` [2] to each of ``goals`` [n, 2]; None where there is no legal one."""
        return self._ways(start, goals, motion, towards_hub=False)

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
        """Seconds from ``start`` to every corner (NaN: out of reach), and the corners on the way, itself last."""
        return _spread(self, (float(start[0]), float(start[1])), motion, towards_hub=False)

    def _ways(self, hub: Points, spokes: Points, motion: Motion, *, towards_hub: bool) -> list[Way | None]:
        sign = 1.0 if towards_hub else -1.0
        straight_s = motion.leg_times_s(sign * (hub - spokes))
        straight_s[self.blocked(spokes, np.broadcast_to(hub, spokes.shape))] = np.nan
        corner_s, chains = _spread(self, (float(hub[0]), float(hub[1])), motion, towards_hub)
        ways: list[Way | None] = []
        reached = np.flatnonzero(~np.isnan(corner_s))
        for spoke, direct_s in zip(spokes, straight_s, strict=True):
            best_s, best = (float(direct_s), None) if not math.isnan(direct_s) else (math.inf, None)
            # A way through a corner is never faster than the straight line where that is legal.
            if best is None and math.isinf(best_s) and len(reached):
                seen = reached[self.sees(spoke, self.corners[reached])]
                via_s = corner_s[seen] + motion.leg_times_s(sign * (self.corners[seen] - spoke))
                if len(seen) and not np.all(np.isnan(via_s)):
                    k = int(np.nanargmin(via_s))
                    best_s, best = float(via_s[k]), int(seen[k])
            if math.isinf(best_s):
                ways.append(None)
                continue
            inner = [self.corners[c] for c in chains[best]] if best is not None else []
            chain = [hub, *inner, spoke]
            ways.append(Way(np.array(chain[::-1] if towards_hub else chain), best_s))
        return ways

    def _find_corners(self) -> Points:
        rings = []
        for polygon in self._closed:
            grown = polygon.buffer(CORNER_CLEARANCE_M, join_style="mitre", mitre_limit=MITRE_LIMIT)
            for part in polygons_of(grown):
                rings.append(_taut_corners(np.asarray(part.exterior.coords), hole=False))
                rings += [_taut_corners(np.asarray(ring.coords), hole=True) for ring in part.interiors]
        points = np.concatenate(rings) if rings else np.empty((0, 2))
        if len(points):
            inside = self._tree.query(shapely.points(points), predicate="intersects")[0]
            points = np.delete(points, np.unique(inside), axis=0)
        return points


@lru_cache(maxsize=16)
def prepare(frame: LocalFrame, zones: tuple[Geozone, ...]) -> Airways:
    """The prepared airways of these zones; the same zones are prepared once."""
    return Airways(frame, zones)


@lru_cache(maxsize=4096)  # one goal is asked for by every drone of a fleet
def _spread(
    airways: Airways, hub: tuple[float, float], motion: Motion, towards_hub: bool
) -> tuple[NDArray[np.float64], dict[int, list[int]]]:
    """Seconds between ``hub`` and every corner (NaN: no way), and the corners passed, from the hub outwards."""
    corners, here = airways.corners, np.array(hub)
    if not len(corners):
        return np.full(0, np.nan), {}
    seen = np.flatnonzero(airways.sees(here, corners))
    steps = corners[seen] - here
    first_s = np.nan_to_num(motion.leg_times_s(-steps if towards_hub else steps), nan=np.inf)
    between_s, passing = _corner_ways(airways, motion)
    # corner → seen corner → hub, or hub → seen corner → corner: the best of all seen corners
    via_s = (between_s[:, seen] if towards_hub else between_s[seen, :].T) + first_s
    times = via_s.min(axis=1, initial=np.inf)
    best = seen[np.argmin(via_s, axis=1)] if len(seen) else np.empty(0, dtype=np.intp)
    chains: dict[int, list[int]] = {}
    for corner in np.flatnonzero(np.isfinite(times)).tolist():
        first = int(best[corner])
        chains[corner] = passing[corner][first][::-1] if towards_hub else passing[first][corner]
    return np.where(np.isfinite(times), times, np.nan), chains


@lru_cache(maxsize=64)
def _corner_ways(airways: Airways, motion: Motion) -> tuple[NDArray[np.float64], dict[int, dict[int, list[int]]]]:
    """Seconds of the fastest way from every corner to every other (infinite: none), and the corners on it."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    n = len(airways.corners)
    graph.add_nodes_from(range(n))
    i, j = np.nonzero(airways._sees)
    leg_s = motion.leg_times_s(airways.corners[j] - airways.corners[i])
    graph.add_weighted_edges_from(
        (a, b, t) for a, b, t in zip(i.tolist(), j.tolist(), leg_s.tolist(), strict=True) if not math.isnan(t)
    )
    times, chains = np.full((n, n), np.inf), {}
    for start, (reached_s, paths) in nx.all_pairs_dijkstra(graph):
        times[start, list(reached_s)] = list(reached_s.values())
        chains[start] = paths
    return times, chains


def legs_of(way: Way, frame: LocalFrame, motion: Motion) -> tuple[Leg, ...]:
    """The legs of a way, each with its length, course and ground speed; a way of no length has none."""
    steps = np.diff(way.points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    times = motion.leg_times_s(steps)
    positions = [Position(*place) for place in frame.to_lonlat(way.points).tolist()]
    return tuple(
        Leg(
            start=positions[i],
            end=positions[i + 1],
            length_m=float(lengths[i]),
            course_deg=math.degrees(math.atan2(steps[i, 0], steps[i, 1])) % 360.0,
            ground_speed_mps=float(lengths[i] / times[i]),
        )
        for i in range(len(steps))
        if lengths[i] > 0
    )


def _taut_corners(ring: Points, *, hole: bool) -> Points:
    """The corners of closed ground that a taut string could touch: those where solid ground is locally convex."""
    points = ring[:-1]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    left_turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    solid_on_the_right = bool(shapely.is_ccw(shapely.linearrings(ring))) == hole
    corners: Points = points[(-left_turn if solid_on_the_right else left_turn) > 1e-9]
    return corners
