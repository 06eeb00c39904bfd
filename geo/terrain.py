"""Ground and what stands on it: how high a leg must be flown to stay clear of both.

Heights are metres above mean sea level (AMSL) as the raster states them. A drone's height is above its base; the base's
own ``ground_amsl_m`` joins the two (:func:`safe_heights_m`). SRTM's and most national models' zero is a geoid within
decimetres of each other; heights above the ellipsoid are off by up to 100 m and refused by the reader.

*Never too low.* Rasters say nothing between their points, so the surface of a place is bounded by the highest of the
points around it: a bilinear interpolation, or any other that stays between its neighbours, lies under that bound. A
:class:`Surface` holds for every cell of a metric grid the highest raster point within reach of the cell, of the
corridor about a leg and of one raster step; a leg takes the highest of the cells that it crosses.

*Voids are unknown.* A leg over unknown ground, or beyond the raster's edge, has no safe height (infinite). Whoever
accepts the risk may fill voids first with the highest point on their rim (:func:`filled`).
"""

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from geo.frame import LocalFrame
from geo.kernels.terrain import highest_along

Floats = NDArray[np.float64]
Heights = NDArray[np.float32]

MOST_CELLS = 4_000_000
"""A surface has no more cells than this; over a large area they are larger, and its bound is coarser."""

LEAST_CELL_M = 5.0


class TerrainError(ValueError):
    """Terrain that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Heights [rows, columns] at points; NaN where unknown. Two are equal only where they are one.

    The point of row i and column j lies at ``west_deg + j · step_east_deg``, ``north_deg − i · step_south_deg``
    (WGS-84).
    """

    heights_m: Heights
    west_deg: float
    north_deg: float
    step_east_deg: float
    step_south_deg: float

    def __post_init__(self) -> None:
        if self.heights_m.ndim != 2 or min(self.heights_m.shape) < 2:
            raise TerrainError(f"a raster of shape {self.heights_m.shape} needs two rows and two columns")
        if not (self.step_east_deg > 0 and self.step_south_deg > 0):
            raise TerrainError(f"steps of {self.step_east_deg}° and {self.step_south_deg}° must be > 0")
        if np.isinf(self.heights_m).any():
            raise TerrainError("infinite heights")
        self.heights_m.flags.writeable = False

    def steps_m(self) -> tuple[float, float]:
        """The least distance between neighbouring points, east and south, in metres."""
        south_deg = self.north_deg - (self.heights_m.shape[0] - 1) * self.step_south_deg
        widest_deg = min(89.0, max(abs(self.north_deg), abs(south_deg)))
        # the shortest degree of latitude is 110.574 km, of longitude 111.320 km times a cosine
        return self.step_east_deg * 111_300.0 * math.cos(math.radians(widest_deg)), self.step_south_deg * 110_500.0

    def indices(self, lonlat: Floats) -> Floats:
        """Row and column [n, 2], with fractions, of degrees [n, 2]; a raster may lie on the antimeridian."""
        middle_deg = self.west_deg + (self.heights_m.shape[1] - 1) * self.step_east_deg / 2
        near_deg = middle_deg + (lonlat[:, 0] - middle_deg + 180.0) % 360.0 - 180.0
        rows = (self.north_deg - lonlat[:, 1]) / self.step_south_deg
        return np.stack([rows, (near_deg - self.west_deg) / self.step_east_deg], axis=1)

    def at(self, lonlat: Floats) -> Floats:
        """Bilinear heights [n] at degrees [n, 2]; NaN beyond the edge and where a neighbour is unknown."""
        where = self.indices(np.asarray(lonlat, dtype=np.float64).reshape(-1, 2))
        rows, columns = self.heights_m.shape
        inside = (where >= 0).all(axis=1) & (where[:, 0] <= rows - 1) & (where[:, 1] <= columns - 1)
        i, j = (np.clip(np.floor(where[:, k]), 0, n - 2).astype(int) for k, n in ((0, rows), (1, columns)))
        u, v = where[:, 0] - i, where[:, 1] - j
        h = self.heights_m.astype(np.float64, copy=False)
        told = (h[i, j] * (1 - v) + h[i, j + 1] * v) * (1 - u) + (h[i + 1, j] * (1 - v) + h[i + 1, j + 1] * v) * u
        return np.where(inside, told, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """The ground (AMSL), and what stands on it and is not in it: obstacles above ground, a raster or one figure."""

    ground: Raster
    obstacles: Raster | None = None
    obstacles_m: float = 0.0


_KNOWN: dict[str, Terrain] = {}


def remember(terrain: Terrain) -> str:
    """The name of a terrain: the SHA-256 of its content.

    Megabytes of heights have no place in a situation that is written down with every decision, their name has. A name
    stands for one content for ever, so that who knows the name and recalls the terrain gets the same on every machine.
    """
    content = hashlib.sha256(repr(terrain.obstacles_m).encode())
    for raster in (terrain.ground, terrain.obstacles):
        if raster is not None:
            steps = (raster.west_deg, raster.north_deg, raster.step_east_deg, raster.step_south_deg)
            content.update(repr((raster.heights_m.shape, steps)).encode())
            content.update(np.ascontiguousarray(raster.heights_m, dtype="<f4").tobytes())
    name = content.hexdigest()
    _KNOWN.setdefault(name, terrain)
    return name


def recall(name: str) -> Terrain:
    """The terrain of this name; raises :class:`TerrainError` where it was not read on this machine yet."""
    if name not in _KNOWN:
        raise TerrainError(f"terrain {name[:12]}… is not known here: read the city folder that it belongs to")
    return _KNOWN[name]


def filled(raster: Raster) -> Raster:
    """The raster with every void at the highest of the known points on its rim.

    A summit that lies within a void is not known to it. Raises :class:`TerrainError` where nothing is known at all.
    """
    void = np.isnan(raster.heights_m)
    if void.all():
        raise TerrainError("every height is unknown")
    if not void.any():
        return raster
    whole = np.ones((3, 3), dtype=bool)
    labels, count = ndimage.label(void, structure=whole)
    rims = ndimage.maximum_filter(np.where(void, -np.inf, raster.heights_m), footprint=whole)
    highest = ndimage.maximum(rims, labels=labels, index=np.arange(1, count + 1))
    heights = raster.heights_m.copy()
    heights[void] = np.asarray(highest, dtype=np.float32)[labels[void] - 1]
    return Raster(heights, raster.west_deg, raster.north_deg, raster.step_east_deg, raster.step_south_deg)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """For every cell [rows, columns] of a metric grid, the highest surface (AMSL) of a corridor that crosses it.

    The cell of row i and column j lies between ``west_m + j · cell_m`` and ``south_m + i · cell_m`` and the next.
    Infinite where something there is unknown; so is everything beyond the grid.
    """

    highest_m: Heights
    west_m: float
    south_m: float
    cell_m: float
    corridor_m: float

    def along(self, starts: Floats, ends: Floats) -> Floats:
        """The highest surface within the corridor about each leg start → end, shapes [n, 2] → [n]. AMSL."""
        return highest_along(
            np.ascontiguousarray(starts, dtype=np.float64),
            np.ascontiguousarray(ends, dtype=np.float64),
            self.highest_m,
            self.west_m,
            self.south_m,
            self.cell_m,
        )


@lru_cache(maxsize=8)
def prepare_surface(terrain: Terrain, frame: LocalFrame, radius_m: float, corridor_m: float) -> Surface:
    """The surface within ``radius_m`` of the frame's origin, for corridors ``corridor_m`` to either side of a leg."""
    grids = [terrain.ground, *([terrain.obstacles] if terrain.obstacles is not None else [])]
    west_m, south_m, east_m, north_m = _extent_m(terrain.ground, frame, radius_m)
    finest_m = min(min(grid.steps_m()) for grid in grids) / 2
    cell_m = max(LEAST_CELL_M, math.sqrt((east_m - west_m) * (north_m - south_m) / MOST_CELLS), finest_m)
    columns, rows = math.ceil((east_m - west_m) / cell_m) + 1, math.ceil((north_m - south_m) / cell_m) + 1
    highest = np.full((rows, columns), np.float32(terrain.obstacles_m))
    x_m = west_m + np.linspace(0.5, columns - 0.5, columns, dtype=np.float64) * cell_m
    y_m = south_m + np.linspace(0.5, rows - 0.5, rows, dtype=np.float64) * cell_m
    lonlat = _degrees(frame, x_m, y_m)
    for grid in grids:
        bound = _bounded(grid, corridor_m + cell_m)
        for row in range(rows):
            highest[row] += _looked_up(bound, grid, lonlat[row])
    highest.flags.writeable = False
    return Surface(highest, west_m, south_m, cell_m, corridor_m)


def _extent_m(raster: Raster, frame: LocalFrame, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east and north of what a raster tells of the square of that radius about the frame's origin.

    Raises :class:`TerrainError` where it tells nothing of it.
    """
    rows, columns = raster.heights_m.shape
    where = raster.indices(np.array([[frame.origin.longitude_deg, frame.origin.latitude_deg]]))[0]
    east_m, south_m = raster.steps_m()
    if (np.abs(where - np.clip(where, 0, (rows, columns))) * (south_m, east_m) > radius_m).any():
        raise TerrainError("the terrain lies elsewhere")
    n = 65  # its rim is curved in the plane
    i, j = np.linspace(0, rows - 1, n), np.linspace(0, columns - 1, n)
    rim = np.concatenate(
        [[(a, b) for a in i for b in (0, columns - 1)], [(a, b) for a in (0, rows - 1) for b in j]], dtype=np.float64
    )
    lon = (raster.west_deg + rim[:, 1] * raster.step_east_deg + 180.0) % 360.0 - 180.0
    xy = frame.to_xy(lon, raster.north_deg - rim[:, 0] * raster.step_south_deg)
    west_m, south_m = np.maximum(xy.min(axis=0), -radius_m).tolist()
    east_m, north_m = np.minimum(xy.max(axis=0), radius_m).tolist()
    return west_m, south_m, east_m, north_m


def _degrees(frame: LocalFrame, x_m: Floats, y_m: Floats) -> Floats:
    """Degrees [rows, columns, 2] of the places at ``x_m`` [columns] and ``y_m`` [rows].

    Every eighth is projected, those between are interpolated: millimetres, in cells of 50 m.
    """
    coarse = [axis_m[np.unique(np.append(np.arange(0, len(axis_m), 8), len(axis_m) - 1))] for axis_m in (x_m, y_m)]
    places = np.stack(np.meshgrid(*coarse), axis=-1)
    lonlat = frame.to_lonlat(places).reshape(places.shape)
    middle_deg = frame.origin.longitude_deg
    lonlat[..., 0] = middle_deg + (lonlat[..., 0] - middle_deg + 180.0) % 360.0 - 180.0  # or the antimeridian cuts it
    across, along = (
        np.stack([np.interp(axis_m, some_m, row) for row in np.eye(len(some_m))], axis=1)
        for axis_m, some_m in zip((x_m, y_m), coarse, strict=True)
    )
    degrees: Floats = np.einsum("ia,abk,jb->ijk", along, lonlat, across, optimize=True)
    return degrees


@lru_cache(maxsize=8)
def _bounded(raster: Raster, reach_m: float) -> Heights:
    """At every point the highest within ``reach_m`` and one raster step of any place nearer to it than to others;
    infinite where one of them is unknown."""
    east_m, south_m = raster.steps_m()
    # half a step to the nearest point, the reach, and one step to the farthest neighbour of what lies there
    across, down = (2 * math.ceil(reach_m / step_m + 1.5) + 1 for step_m in (east_m, south_m))
    known = np.where(np.isnan(raster.heights_m), np.inf, raster.heights_m)
    return np.asarray(ndimage.maximum_filter(known, size=(down, across), mode="constant", cval=np.inf), np.float32)


def _looked_up(bound: Heights, raster: Raster, lonlat: Floats) -> Heights:
    where = np.rint(raster.indices(lonlat)).astype(np.int64)
    rows, columns = bound.shape
    inside = (where >= 0).all(axis=1) & (where[:, 0] < rows) & (where[:, 1] < columns)
    i, j = np.where(inside, where[:, 0], 0), np.where(inside, where[:, 1], 0)
    return np.where(inside, bound[i, j], np.float32(np.inf))


def safe_heights_m(
    surface: Surface, starts: Floats, ends: Floats, *, base_amsl_m: float, clearance_m: float, at_least_m: float
) -> Floats:
    """The lowest height above the base at which each leg [n] keeps ``clearance_m`` from the surface in its corridor.

    At least ``at_least_m`` (the cruise height). Infinite over unknown ground.
    """
    return np.maximum(at_least_m, surface.along(starts, ends) + clearance_m - base_amsl_m)
