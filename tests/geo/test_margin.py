"""Margins: nothing within them is left open, and little beyond them is closed."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.margin import MARGIN_EXCESS_M, WIDEST_TURN_RAD, widened
from tests.geo.fields import shapes, square

margins = st.sampled_from([0.5, 5.0, 20.0, 50.0, 100.0])


@settings(max_examples=60)
@given(shapes(), margins, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-8, 1e-5, 1e-2]))
def test_all_within_the_margin_is_held_and_nothing_far_beyond(
    corners: list[tuple[float, float]], margin_m: float, seed: int, hair_m: float
) -> None:
    chance = np.random.default_rng(seed)
    if hair_m:  # one corner twice, but for a hair
        corners = [corners[0], (corners[0][0] + chance.normal(0, hair_m), corners[0][1] + hair_m), *corners[1:]]
    ground = shapely.Polygon(corners)
    if not ground.is_valid:
        return
    wide = widened(ground, margin_m)
    assert wide.is_valid
    points = shapely.points(chance.uniform(-800, 800, (3000, 2)))
    rim = shapely.points(shapely.get_coordinates(ground) + margin_m * chance.uniform(-1.2, 1.2, (len(corners) + 1, 2)))
    for place in (points, rim):
        away_m, held = shapely.distance(ground, place), shapely.intersects(wide, place)
        assert held[away_m < margin_m - 1e-6].all()
        tips_m = min(MARGIN_EXCESS_M, margin_m * (1 / math.cos(WIDEST_TURN_RAD / 2) - 1))
        assert not held[away_m > margin_m + tips_m + 0.01 * margin_m].any()  # GEOS itself fills dents by 1 %


def test_no_margin_is_the_ground_itself() -> None:
    ground = shapely.Polygon(square(100))
    assert widened(ground, 0.0).equals(ground)
    assert widened(shapely.Polygon(), 20.0).is_empty


@pytest.mark.parametrize(("margin_m", "corners_of_one"), [(2.0, 1), (20.0, 2), (100.0, 4)])
def test_wide_margins_have_more_tangents(margin_m: float, corners_of_one: int) -> None:
    wide = widened(shapely.Polygon(square(200)), margin_m)
    rim = shapely.remove_repeated_points(wide, 1e-3).simplify(1e-6)
    assert len(rim.exterior.coords) - 1 == 4 * corners_of_one


def test_a_hole_shrinks_and_closes() -> None:
    yard = shapely.Polygon(square(300), [square(100)])
    assert widened(yard, 20.0).intersects(shapely.Point(85, 0))
    assert not widened(yard, 20.0).intersects(shapely.Point(79, 0))
    assert widened(yard, 120.0).contains(shapely.Point(0, 0))


@pytest.mark.parametrize("margin_m", [5e-324, 1e-300, 1e-12, 1e-6])
def test_next_to_no_margin_does_not_lose_the_ground(margin_m: float) -> None:
    """Found by the hunt of tests/reference: GEOS widens by 5e-324 m to nothing, and ways led through the zone."""
    ground = shapely.Polygon(square(100))
    assert widened(ground, margin_m).contains(ground)
