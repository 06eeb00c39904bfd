"""Fields for routing tests: closed ground in metres about a made-up place, and an independent way of finding ways."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.airspace import Area, Geozone, Ring
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Airways, Motion, Way
from geo.wind import CALM, Wind

FRAME = LocalFrame(Position(10.0, 50.0))
Metres = Sequence[tuple[float, float]]


def ring(points: Metres) -> Ring:
    """Corners in metres as a ring of degrees."""
    return tuple((float(lon), float(lat)) for lon, lat in FRAME.to_lonlat(np.asarray(points)))


def zone(points: Metres, *, holes: Sequence[Metres] = (), margin_m: float = 0.0, id_: str = "z") -> Geozone:
    """A zone with these corners in metres."""
    return Geozone(
        id=id_, name=id_, ground=Area(outline=ring(points), holes=tuple(map(ring, holes))), margin_m=margin_m
    )


def square(half_m: float, east_m: float = 0.0, north_m: float = 0.0) -> list[tuple[float, float]]:
    """A square about a point."""
    return [(east_m + x * half_m, north_m + y * half_m) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def xy(*point: float) -> NDArray[np.float64]:
    """A point of the plane."""
    return np.array(point, dtype=float)


def airways(*zones: Geozone) -> Airways:
    """Airways round these zones."""
    return Airways(FRAME, zones)


def motion(speed_mps: float = 20.0, airspeed_mps: float = 20.0, wind: Wind = CALM) -> Motion:
    """How a drone moves; as fast as the air allows unless told otherwise."""
    return Motion(wind, airspeed_mps, speed_mps)


def way(field: Airways, start: NDArray[np.float64], goal: NDArray[np.float64], how: Motion) -> Way | None:
    """The fastest way from start to goal."""
    return field.ways_from(start, goal[None, :], how)[0]


def length_m(found: Way) -> float:
    """The length of a way."""
    return float(np.hypot(*np.diff(found.points, axis=0).T).sum())


def sampled(found: Way, every_m: float = 0.5) -> NDArray[np.float64]:
    """Points along a way, at most this far apart."""
    pieces = []
    for a, b in zip(found.points, found.points[1:], strict=False):
        n = max(2, math.ceil(float(np.hypot(*(b - a))) / every_m) + 1)
        pieces.append(a + (b - a) * np.linspace(0, 1, n)[:, None])
    return np.concatenate(pieces)


def clearance_m(found: Way, zones: Sequence[Geozone]) -> float:
    """How near a way comes to any zone, less the zone's margin. Negative: it violates it."""
    points = shapely.points(sampled(found))
    least = math.inf
    for one in zones:
        assert isinstance(one.ground, Area)
        rings = [FRAME.to_xy(*np.asarray(r).T) for r in (one.ground.outline, *one.ground.holes)]
        least = min(least, float(shapely.distance(shapely.Polygon(rings[0], rings[1:]), points).min()) - one.margin_m)
    return least


# ---------------------------------------------------------------- random fields

SIDE_M, STEP_M = 1200.0, 60.0
"""A square field whose grid points are this far apart."""

coordinates = st.floats(-400, 400)


@st.composite
def shapes(draw: st.DrawFn) -> list[tuple[float, float]]:
    """The corners of a convex polygon, or of a star with dents."""
    east, north = draw(coordinates), draw(coordinates)
    n = draw(st.integers(3, 9))
    if draw(st.booleans()):
        radii = draw(st.lists(st.floats(40, 300), min_size=n, max_size=n))
        angles = [2 * math.pi * k / n for k in range(n)]
        return [(east + r * math.cos(t), north + r * math.sin(t)) for r, t in zip(radii, angles, strict=True)]
    near = st.floats(-250, 250)
    points = draw(st.lists(st.tuples(near, near), min_size=n, max_size=n))
    hull = shapely.convex_hull(shapely.MultiPoint([(east + x, north + y) for x, y in points]))
    if hull.geom_type != "Polygon" or hull.area < 400:
        return square(60.0, east, north)
    return [(x, y) for x, y in hull.exterior.coords[:-1]]


@st.composite
def fields(draw: st.DrawFn) -> tuple[Geozone, ...]:
    """One to four zones."""
    count = draw(st.integers(1, 4))
    return tuple(
        zone(draw(shapes()), margin_m=draw(st.sampled_from([0.0, 5.0, 20.0])), id_=str(k)) for k in range(count)
    )


def grid_nodes() -> NDArray[np.float64]:
    """The grid's points, row by row."""
    axis = np.arange(-SIDE_M / 2, SIDE_M / 2 + 1, STEP_M)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


in_the_west = st.tuples(st.floats(-600, -350), st.floats(-250, 250))
in_the_east = st.tuples(st.floats(350, 600), st.floats(-250, 250))
"""Ends of ways that most fields stand between."""

_COLUMN, _ROW = np.meshgrid(np.arange(SIDE_M // STEP_M + 1), np.arange(SIDE_M // STEP_M + 1))
western_nodes = st.sampled_from(np.flatnonzero((_COLUMN < 5) & (abs(_ROW - 10) < 5)).tolist())
eastern_nodes = st.sampled_from(np.flatnonzero((_COLUMN > 15) & (abs(_ROW - 10) < 5)).tolist())


@lru_cache(maxsize=1)
def _edges() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of grid points up to four steps apart that no third lies between: 32 headings."""
    points = grid_nodes()
    per_row = round(SIDE_M / STEP_M) + 1
    starts, ends = [], []
    for dx in range(-4, 5):
        for dy in range(-4, 5):
            if math.gcd(dx, dy) != 1:
                continue
            column, row = np.arange(len(points)) % per_row, np.arange(len(points)) // per_row
            fits = (column + dx >= 0) & (column + dx < per_row) & (row + dy >= 0) & (row + dy < per_row)
            starts.append(np.flatnonzero(fits))
            ends.append(np.flatnonzero(fits) + dx + dy * per_row)
    return np.concatenate(starts), np.concatenate(ends)


def grid_time_s(zones: Sequence[Geozone], start: int, goal: int, wind: Wind, airspeed: float, limit: float) -> float:
    """Seconds of the fastest way over the grid that keeps a metre clear of all margins; infinite if there is none.

    Shares nothing with ``geo``: ground speeds come from a search over headings flown through the air.
    """
    points = grid_nodes()
    grounds = []
    for one in zones:
        assert isinstance(one.ground, Area)
        rings = [FRAME.to_xy(*np.asarray(r).T) for r in (one.ground.outline, *one.ground.holes)]
        grounds.append(shapely.Polygon(rings[0], rings[1:]).buffer(1.6 * one.margin_m + 1.5))
    ground = shapely.union_all(grounds)
    shapely.prepare(ground)
    i, j = _edges()
    lines = shapely.linestrings(np.stack([points[i], points[j]], axis=1))
    clear = ~shapely.intersects(ground, lines)
    i, j = i[clear], j[clear]
    if start == goal or not len(i):
        return 0.0 if start == goal and not shapely.intersects(ground, shapely.Point(points[start])) else math.inf
    steps = points[j] - points[i]
    seconds = _seconds(steps, wind, airspeed, limit)
    usable = np.isfinite(seconds)
    graph = csr_array((seconds[usable], (i[usable], j[usable])), shape=(len(points), len(points)))
    return float(dijkstra(graph, indices=start)[goal])


def _seconds(steps: NDArray[np.float64], wind: Wind, airspeed: float, limit: float) -> NDArray[np.float64]:
    """Seconds per step: of all times to fly it, the least in which the air lets the drone do it, by bisection.

    In time t the drone must make ``step / t − wind`` through the air, at most its airspeed. With less wind than
    airspeed every time above the least will do.
    """
    blown = np.array([wind.east_mps, wind.north_mps])
    lengths = np.hypot(*steps.T)
    low, high = lengths / limit, np.full(len(steps), 1e6)
    for _ in range(60):
        middle = np.sqrt(low * high)
        fits = np.hypot(*(steps / middle[:, None] - blown).T) <= airspeed
        low, high = np.where(fits, low, middle), np.where(fits, middle, high)
    fast = np.hypot(*(steps / (lengths / limit)[:, None] - blown).T) <= airspeed
    return np.where(fast, lengths / limit, np.where(high < 9e5, high, np.inf))
