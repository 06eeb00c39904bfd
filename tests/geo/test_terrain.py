"""No leg comes nearer to the surface than its clearance; what is unknown is never flown over."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from geo.frame import LocalFrame
from geo.position import Position
from geo.terrain import Raster, Surface, Terrain, TerrainError, filled, prepare_surface, safe_heights_m

CLEARANCE_M, CORRIDOR_M, RADIUS_M = 30.0, 20.0, 1500.0


def hills(centre: Position, step_m: float, seed: int, tall_m: float = 300.0) -> Raster:
    """A made-up raster about a centre: waves, noise and some spikes."""
    chance = np.random.default_rng(seed)
    south_deg, n = step_m / 111_000.0, math.ceil(2.4 * RADIUS_M / step_m)
    east_deg = south_deg / math.cos(math.radians(centre.latitude_deg))
    i, j = np.mgrid[0:n, 0:n]
    phases = chance.uniform(0, 2 * math.pi, 4)
    waves = sum(np.sin((k + 1) * i * 5 / n + phases[k]) * np.cos((k + 2) * j * 4 / n) / (k + 1) for k in range(4))
    heights = tall_m * np.asarray(waves) + chance.normal(0, 5, (n, n))
    heights[chance.integers(0, n, 40), chance.integers(0, n, 40)] += chance.uniform(20, 200, 40)
    return Raster(
        heights.astype(np.float32),
        centre.longitude_deg - n / 2 * east_deg,
        centre.latitude_deg + n / 2 * south_deg,
        east_deg,
        south_deg,
    )


@cache
def hilly(centre: Position, step_m: float, seed: int) -> Terrain:
    """One terrain for the same hills, so that its surface is prepared once."""
    return Terrain(hills(centre, step_m, seed))


def independently_m(raster: Raster, lonlat: np.ndarray) -> np.ndarray:
    """Bilinear heights by scipy; NaN beyond the edge."""
    rows, columns = raster.heights_m.shape
    latitudes = raster.north_deg - np.arange(rows) * raster.step_south_deg
    longitudes = raster.west_deg + np.arange(columns) * raster.step_east_deg
    look = RegularGridInterpolator((latitudes[::-1], longitudes), raster.heights_m[::-1], bounds_error=False)
    near = longitudes.mean() + (lonlat[:, 0] - longitudes.mean() + 180) % 360 - 180
    return look(np.stack([lonlat[:, 1], near], axis=1))


def sampled(start: np.ndarray, end: np.ndarray, aside_m: float) -> np.ndarray:
    """Points every metre along a leg, so far to its left."""
    step = end - start
    length_m = float(np.hypot(*step))
    left = np.array([-step[1], step[0]]) / max(length_m, 1e-9)
    return start + np.linspace(0, 1, math.ceil(length_m) + 2)[:, None] * step + aside_m * left


coordinates = st.tuples(st.floats(-1450, 1450), st.floats(-1450, 1450))
centres = st.sampled_from([Position(7.4, 43.7), Position(179.99, 51.2), Position(18.9, 69.6), Position(-70.0, -33.4)])


@settings(max_examples=60)
@given(centres, coordinates, coordinates, st.sampled_from([15.0, 90.0]), st.floats(-1, 1), st.integers(0, 1))
def test_no_leg_comes_nearer_to_the_surface_than_the_clearance(
    centre: Position,
    start: tuple[float, float],
    end: tuple[float, float],
    step_m: float,
    aside: float,
    seed: int,
) -> None:
    frame, terrain = LocalFrame(centre), hilly(centre, step_m, seed)
    raster, surface = terrain.ground, prepare_surface(terrain, frame, RADIUS_M, CORRIDOR_M)
    a, b, base_amsl_m = np.array(start), np.array(end), 40.0
    (height_m,) = safe_heights_m(
        surface, a[None], b[None], base_amsl_m=base_amsl_m, clearance_m=CLEARANCE_M, at_least_m=60.0
    )
    ground_m = independently_m(raster, frame.to_lonlat(sampled(a, b, aside * CORRIDOR_M)))
    assert height_m >= 60.0
    assert base_amsl_m + height_m >= ground_m.max() + CLEARANCE_M - 1e-3


def flat(height_m: float = 10.0, n: int = 121) -> Raster:
    """A plain about 10° E, 50° N, with points every 30 m or so."""
    east_deg, south_deg = 0.00042, 0.00027
    return Raster(
        np.full((n, n), height_m, dtype=np.float32), 10 - n / 2 * east_deg, 50 + n / 2 * south_deg, east_deg, south_deg
    )


FRAME = LocalFrame(Position(10.0, 50.0))


def along_m(surface: Surface, *leg: float) -> float:
    """The highest surface along the leg (x, y, x, y)."""
    return float(surface.along(np.array([leg[:2]]), np.array([leg[2:]]))[0])


def test_over_a_plain_the_height_is_arithmetic() -> None:
    surface = prepare_surface(Terrain(flat(), obstacles_m=25.0), FRAME, 1000.0, CORRIDOR_M)
    legs = np.array([[0.0, 0.0], [300.0, -500.0]]), np.array([[800.0, 100.0], [300.0, -500.0]])
    heights = safe_heights_m(surface, *legs, base_amsl_m=5.0, clearance_m=30.0, at_least_m=40.0)
    assert heights == pytest.approx([60.0, 60.0])
    assert safe_heights_m(surface, *legs, base_amsl_m=50.0, clearance_m=30.0, at_least_m=40.0).tolist() == [40.0, 40.0]


def test_a_mast_is_seen_from_its_corridor_and_not_from_afar() -> None:
    heights = flat().heights_m.copy()
    heights[60, 60] = 500.0
    plain = flat()
    raster = Raster(heights, plain.west_deg, plain.north_deg, plain.step_east_deg, plain.step_south_deg)
    surface = prepare_surface(Terrain(raster), FRAME, 1000.0, CORRIDOR_M)
    assert along_m(surface, -900, 0, 900, 0) == 500.0
    assert along_m(surface, -900, 35, 900, 35) == 500.0
    assert along_m(surface, -900, 200, 900, 200) == 10.0
    obstacles = Terrain(flat(), obstacles=Raster(heights - 10.0, *_place(raster)))
    assert along_m(prepare_surface(obstacles, FRAME, 1000.0, CORRIDOR_M), -900, 0, 900, 0) == 500.0


def _place(raster: Raster) -> tuple[float, float, float, float]:
    return raster.west_deg, raster.north_deg, raster.step_east_deg, raster.step_south_deg


def test_what_is_unknown_or_beyond_the_edge_has_no_safe_height() -> None:
    heights = flat().heights_m.copy()
    heights[60, 60] = np.nan
    raster = Raster(heights, *_place(flat()))
    surface = prepare_surface(Terrain(raster), FRAME, 1000.0, CORRIDOR_M)
    assert along_m(surface, -900, 0, 900, 0) == math.inf
    assert along_m(surface, -900, 300, 900, 300) == 10.0
    assert along_m(surface, 0, 300, 1200, 300) == math.inf
    wide = prepare_surface(Terrain(raster), FRAME, 5000.0, CORRIDOR_M)
    assert along_m(wide, 0, 300, 2500, 300) == math.inf
    assert along_m(wide, 0, 300, math.nan, 300) == math.inf


def test_voids_are_filled_with_the_highest_of_their_rim() -> None:
    heights = flat().heights_m.copy()
    heights[50:53, 50:53] = np.nan
    heights[49, 51] = 80.0
    heights[100, 100] = np.nan
    raster = filled(Raster(heights, *_place(flat())))
    assert (raster.heights_m[50:53, 50:53] == 80.0).all()
    assert raster.heights_m[100, 100] == 10.0
    assert filled(raster) is raster
    with pytest.raises(TerrainError, match="every height"):
        filled(Raster(np.full((3, 3), np.nan, dtype=np.float32), *_place(flat())))


@settings(max_examples=60)
@given(st.floats(-1400, 1400), st.floats(-1400, 1400))
def test_bilinear_heights_are_those_of_scipy(east_m: float, north_m: float) -> None:
    raster = hills(Position(10.0, 50.0), 90.0, 1)
    lonlat = FRAME.to_lonlat(np.array([[east_m, north_m]]))
    assert raster.at(lonlat) == pytest.approx(independently_m(raster, lonlat), abs=1e-2)
    assert np.isnan(raster.at(np.array([[11.0, 50.0]]))).all()


@pytest.mark.parametrize(
    ("heights", "steps", "said"),
    [
        (np.zeros((1, 5)), (1.0, 1.0), "two rows"),
        (np.zeros((3, 3)), (0.0, 1.0), "must be > 0"),
        (np.full((3, 3), np.inf), (1.0, 1.0), "infinite"),
    ],
)
def test_a_raster_that_is_none_is_refused(heights: np.ndarray, steps: tuple[float, float], said: str) -> None:
    with pytest.raises(TerrainError, match=said):
        Raster(heights.astype(np.float32), 10.0, 50.0, *steps)
