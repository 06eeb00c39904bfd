"""Rasters as they are found in the world are read as they are, never lower, or refused with the reason."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from dispatch.terrain_file import read_raster
from geo.frame import LocalFrame
from geo.position import Position
from geo.terrain import Raster, Terrain, TerrainError, filled, prepare_surface, safe_heights_m
from tests.geo.test_terrain import independently_m, sampled

STEP_DEG = 0.001


def bumps(n: int = 60) -> np.ndarray:
    """Heights that differ everywhere."""
    i, j = np.mgrid[0:n, 0:n]
    return (100 + 3 * i + 2 * j + 20 * np.sin(i) * np.cos(j)).astype(np.float32)


def written(path: Path, heights: np.ndarray, *, units: str | None = None, **how: Any) -> Path:
    """A GeoTIFF, in WGS-84 from 10° E, 50° N on unless told otherwise."""
    profile: dict[str, Any] = {
        "crs": "EPSG:4326",
        "transform": from_origin(10.0, 50.0, STEP_DEG, STEP_DEG),
        "dtype": heights.dtype.name,
        "height": heights.shape[0],
        "width": heights.shape[1],
        "count": 1,
    }
    with rasterio.open(path, "w", driver="GTiff", **(profile | how)) as file:
        file.write(heights, 1)
        if units:
            file.set_band_unit(1, units)
    return path


def test_a_geotiff_in_degrees_is_read_point_by_point(tmp_path: Path) -> None:
    raster = read_raster(written(tmp_path / "dem.tif", bumps()))
    assert np.array_equal(raster.heights_m, bumps())
    assert (raster.west_deg, raster.north_deg) == pytest.approx((10.0005, 49.9995))
    assert raster.at(np.array([[10.0005 + 7 * STEP_DEG, 49.9995 - 4 * STEP_DEG]])) == pytest.approx(bumps()[4, 7])


def test_declared_voids_are_unknown_and_undeclared_ones_are_refused(tmp_path: Path) -> None:
    heights = bumps().round().astype(np.int16)
    heights[5, 5] = -32768
    assert np.isnan(read_raster(written(tmp_path / "a.tif", heights, nodata=-32768)).heights_m[5, 5])
    with pytest.raises(TerrainError, match="void that the file does not declare"):
        read_raster(written(tmp_path / "b.tif", heights))


def test_a_raster_in_a_projection_is_never_lower_than_it_was(tmp_path: Path) -> None:
    east, north, step_m = 500_000.0, 5_538_000.0, 30.0
    heights = bumps(80)
    heights[40, 40] = 900.0
    path = written(tmp_path / "utm.tif", heights, crs="EPSG:32632", transform=from_origin(east, north, step_m, step_m))
    raster = read_raster(path)
    to_lonlat = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    i, j = np.mgrid[2:78, 2:78]
    lonlat = np.stack(to_lonlat.transform(east + (j + 0.5) * step_m, north - (i + 0.5) * step_m), axis=-1)
    told = raster.at(lonlat.reshape(-1, 2)).reshape(i.shape)
    assert (told >= heights[2:78, 2:78] - 1e-3).all()
    highest_about = np.array(
        [[heights[a - 2 : a + 3, b - 2 : b + 3].max() for b in range(2, 78)] for a in range(2, 78)]
    )
    assert (told <= highest_about + 1e-3).all()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"crs": None}, "coordinate reference system"),
        ({"crs": "EPSG:4979"}, "ellipsoid"),
        ({"units": "ft"}, "metres"),
    ],
)
def test_what_heights_are_above_must_be_clear(tmp_path: Path, how: dict[str, Any], said: str) -> None:
    with pytest.raises(TerrainError, match=said):
        read_raster(written(tmp_path / "dem.tif", bumps(), **how))


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dem.tif").write_text("not a raster")
    for name in ("dem.tif", "missing.tif"):
        with pytest.raises(TerrainError, match=name):
            read_raster(tmp_path / name)
    with pytest.raises(TerrainError, match="every height"):
        read_raster(written(tmp_path / "void.tif", np.full((9, 9), -1, dtype=np.int16), nodata=-1))


@pytest.mark.shared_data("dem/N43E007.hgt.zip")
def test_monaco(shared: Path) -> None:
    """Legs over the hills behind Monaco, against an independent interpolation of the same file, metre by metre."""
    raster = read_raster(shared)
    assert raster.heights_m.shape == (1201, 1201)
    assert (np.nanmax(raster.heights_m), np.isnan(raster.heights_m).sum()) == (2064.0, 1595)
    frame = LocalFrame(Position(7.42, 43.74))
    strict, lenient = (prepare_surface(Terrain(r), frame, 12_000.0, 20.0) for r in (raster, filled(raster)))
    chance = np.random.default_rng(1)
    starts, ends = chance.uniform(-8000, 8000, (300, 2)), chance.uniform(-8000, 8000, (300, 2))
    heights, more = (
        safe_heights_m(one, starts, ends, base_amsl_m=5.0, clearance_m=30.0, at_least_m=60.0)
        for one in (strict, lenient)
    )
    known = np.isfinite(heights)
    assert 0.3 < known.mean() < 1.0
    assert np.array_equal(heights[known], more[known])
    assert np.isfinite(more).all()
    for start, end, height_m in zip(starts[known], ends[known], heights[known], strict=True):
        ground_m = independently_m(raster, frame.to_lonlat(sampled(start, end, 20.0)))
        assert not np.isnan(ground_m).any()
        assert 5.0 + height_m >= ground_m.max() + 30.0 - 1e-3
        assert height_m <= max(60.0, _highest_about(raster, frame, start, end) + 40.0), "and not without need"


def _highest_about(raster: Raster, frame: LocalFrame, start: np.ndarray, end: np.ndarray) -> float:
    """The highest point within 450 m of a leg: what the bound may see with points 93 m apart."""
    asides = [sampled(start, end, aside_m)[::20] for aside_m in np.arange(-450, 451, 30)]
    beyond = (end - start) / max(1.0, math.hypot(*(end - start))) * 450
    asides += [sampled(start - beyond, end + beyond, aside_m)[::20] for aside_m in np.arange(-450, 451, 30)]
    return float(np.nanmax(independently_m(raster, frame.to_lonlat(np.concatenate(asides)))))
