"""Rasters out: fields of arrival times as GeoTIFF, for any geographic information system."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.transform import from_origin

from geo.frame import LocalFrame

NO_SECONDS, NO_BASE = -1.0, -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Seconds and base index, both [rows, columns], north up; ``corner_xy`` is the north-west corner in metres.

    Seconds are infinite, and the base −1, where no drone comes.
    """

    frame: LocalFrame
    corner_xy: tuple[float, float]
    cell_m: float
    seconds: NDArray[np.float64]
    base: NDArray[np.intp]

    def centres_xy(self) -> NDArray[np.float64]:
        """The centres of all cells [rows · columns, 2], row by row from the north-west."""
        return cell_centres(self.seconds.shape, self.corner_xy, self.cell_m)


def cell_centres(shape: tuple[int, ...], corner_xy: tuple[float, float], cell_m: float) -> NDArray[np.float64]:
    """The centres of a grid's cells [rows · columns, 2], row by row from its north-west corner."""
    x = corner_xy[0] + (np.arange(shape[1]) + 0.5) * cell_m
    y = corner_xy[1] - (np.arange(shape[0]) + 0.5) * cell_m
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def crs_of(frame: LocalFrame) -> CRS:
    """The coordinate reference system of a local frame: azimuthal equidistant about its origin, WGS-84, metres."""
    origin = frame.origin
    return CRS.from_dict(
        {
            "proj": "aeqd",
            "lon_0": origin.longitude_deg,
            "lat_0": origin.latitude_deg,
            "datum": "WGS84",
            "units": "m",
        }
    )


def write_field(path: Path, raster: Raster, base_ids: tuple[str, ...], tags: Mapping[str, str]) -> None:
    """Write a GeoTIFF of two bands, seconds and base index (float32); −1 is no data. Raises ``OSError``.

    The bases' ids stand in the tags in the order of their indices.
    """
    rows, columns = raster.seconds.shape
    seconds = np.where(np.isfinite(raster.seconds), raster.seconds, NO_SECONDS).astype(np.float32)
    try:
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=columns,
            height=rows,
            count=2,
            dtype="float32",
            crs=rasterio.crs.CRS.from_wkt(crs_of(raster.frame).to_wkt()),
            transform=from_origin(*raster.corner_xy, raster.cell_m, raster.cell_m),
            nodata=NO_SECONDS,
            compress="deflate",
        ) as file:
            file.write(seconds, 1)
            file.write(raster.base.astype(np.float32), 2)
            file.set_band_description(1, "seconds from the decision until seen")
            file.set_band_description(2, "index of the base that is there first")
            file.set_band_unit(1, "s")
            file.update_tags(**tags, bases=" ".join(base_ids))
    except rasterio.errors.RasterioError as error:
        raise OSError(f"{path}: cannot be written: {error}") from error
