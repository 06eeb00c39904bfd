"""Terrain out of raster files: GeoTIFF, SRTM (.hgt, .hgt.zip) and whatever else GDAL reads, in any projection.

A file says where its points are and seldom what its heights are above; so whoever names it must say that. What it holds
is never made lower: a raster in a projection of its own is first raised to the highest of each point's neighbours, then
looked up at every half step of a grid in degrees.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import Resampling, calculate_default_transform, reproject
from scipy import ndimage

from dispatch.model import Base
from geo.geojson import Entry
from geo.terrain import Heights, Raster, Terrain, TerrainError, filled

WGS84 = CRS.from_epsg(4326)
LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Heights beyond these are none: a void that the file does not declare."""

MOST_POINTS = 100_000_000
METRES = frozenset({"", "m", "metre", "metres", "meter", "meters"})


OFF_M = 30.0
"""A base's ``ground_amsl_m`` and the terrain there may differ by this: SRTM is right to 16 m in nine places of ten."""


def read_terrain(folder: Path, table: Entry) -> Terrain:
    """The terrain that the table ``[terrain]`` of a city folder names.

    ``file`` is the ground, ``obstacles`` a raster of what stands on it (heights above ground), ``obstacles_m`` one
    figure for what no raster has, ``voids`` what is done about unknown ground (``refuse`` or ``rim``). Raises
    :class:`TerrainError`, or the table's own error.
    """
    table.allow(("file", "height_reference", "obstacles", "obstacles_m", "voids"))
    if (stated := table.text("height_reference")) != "AMSL":
        raise table.fail(f"height_reference = {stated!r}: heights of the ground must be above mean sea level, AMSL")
    voids = table.text("voids", "refuse")
    if voids not in ("refuse", "rim"):
        raise table.fail(f"voids = {voids!r} must be refuse (unknown ground is closed) or rim (as high as its rim)")
    ground = read_raster(folder / table.text("file"))
    obstacles = read_raster(folder / table.text("obstacles")) if "obstacles" in table.values else None
    return Terrain(
        ground=filled(ground) if voids == "rim" else ground,
        obstacles=obstacles,
        obstacles_m=table.number("obstacles_m", 0.0, low=0.0, high=500.0),
    )


def require_on_the_ground(bases: Iterable[Base], terrain: Terrain) -> None:
    """Every flight's height is above its base: a base that is not where the terrain says is an error.

    Raises :class:`TerrainError`.
    """
    for base in bases:
        place = np.array([[base.position.longitude_deg, base.position.latitude_deg]])
        there_m = float(terrain.ground.at(place)[0])
        if not abs(there_m - base.ground_amsl_m) <= OFF_M:
            told = "unknown" if math.isnan(there_m) else f"{there_m:.0f} m"
            raise TerrainError(
                f"bases.geojson: base {base.id!r}: ground_amsl_m = {base.ground_amsl_m:g}, the terrain there is {told}"
            )


def read_raster(path: Path) -> Raster:
    """The heights of the first band of ``path``; NaN where it says that they are unknown.

    Raises :class:`TerrainError` for a file that is no raster, has no projection, is not in metres, holds heights that
    are none, or is above the ellipsoid by its own account.
    """
    try:
        with rasterio.open(path) as file:
            crs = file.crs
            if crs is None:
                raise TerrainError(f"{path.name}: states no coordinate reference system")
            if file.width * file.height > MOST_POINTS:
                raise TerrainError(f"{path.name}: {file.width} × {file.height} points: cut it to the city")
            unit = (file.units[0] or "").lower()
            if unit not in METRES:
                raise TerrainError(f"{path.name}: heights are in {unit!r}, not in metres")
            if crs.to_epsg() == 4979:
                raise TerrainError(f"{path.name}: heights are above the ellipsoid, not above mean sea level")
            heights = file.read(1, masked=True).astype(np.float32).filled(np.nan)
            transform = file.transform
    except RasterioError as error:
        raise TerrainError(f"{path.name}: not a raster that can be read: {error}") from error
    if not np.isfinite(heights).any():
        raise TerrainError(f"{path.name}: every height is unknown")
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    if low < LOWEST_M or high > HIGHEST_M:
        raise TerrainError(f"{path.name}: heights from {low:g} to {high:g} m: a void that the file does not declare?")
    if not (crs == WGS84 and transform.b == transform.d == 0 and transform.a > 0 and transform.e < 0):
        heights, transform = _in_degrees(heights, transform, crs)
    west, north = transform.c + transform.a / 2, transform.f + transform.e / 2  # the middle of a cell is its point
    return Raster(heights, float(west), float(north), float(transform.a), float(-transform.e))


def _in_degrees(heights: Heights, transform: rasterio.Affine, crs: CRS) -> tuple[Heights, rasterio.Affine]:
    rows, columns = heights.shape
    raised = ndimage.maximum_filter(np.where(np.isnan(heights), np.inf, heights), size=3, mode="nearest")
    raised[np.isinf(raised)] = np.nan  # unknown beside it: unknown
    west, south, east, north = rasterio.transform.array_bounds(rows, columns, transform)
    whole, width, height = calculate_default_transform(crs, WGS84, columns, rows, west, south, east, north)
    step_deg = min(whole.a, -whole.e) / 2
    finer = from_origin(whole.c, whole.f, step_deg, step_deg)
    shape = (math.ceil(height * -whole.e / step_deg), math.ceil(width * whole.a / step_deg))
    if shape[0] * shape[1] > MOST_POINTS:
        raise TerrainError(f"{shape[1]} × {shape[0]} points in degrees: cut the raster to the city")
    turned = np.full(shape, np.nan, dtype=np.float32)
    reproject(
        raised,
        turned,
        src_transform=transform,
        src_crs=crs,
        src_nodata=np.nan,
        dst_transform=finer,
        dst_crs=WGS84,
        dst_nodata=np.nan,
        resampling=Resampling.nearest,
    )
    return turned, finer
