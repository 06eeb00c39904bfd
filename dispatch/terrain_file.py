"""Terrain out of raster files: GeoTIFF, SRTM (.hgt, .hgt.zip) and whatever else GDAL reads, in any projection.

A file says where its points are and seldom what its heights are above; so whoever names it must say that. What it holds
is never made lower: a raster in a projection of its own is first raised to the highest of each point's neighbours, then
looked up at every half step of a grid in degrees.
"""

import math
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import Resampling, calculate_default_transform, reproject
from scipy import ndimage

from geo.terrain import Heights, Raster, TerrainError

WGS84 = CRS.from_epsg(4326)
LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Heights beyond these are none: a void that the file does not declare."""

MOST_POINTS = 100_000_000
METRES = frozenset({"", "m", "metre", "metres", "meter", "meters"})


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
