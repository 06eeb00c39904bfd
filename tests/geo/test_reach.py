"""The reach: what lies inside can be seen in time, what lies outside cannot."""

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.airspace import Geozone
from geo.flight import profile
from geo.reach import reach
from geo.route import Motion
from geo.wind import CALM, Wind
from tests.geo.fields import airways, fields, in_the_west, motion, square, way, xy, zone
from tests.geo.test_flight import QUAD
from tests.geo.test_profile import straight_seen_s

HEIGHT_M = 60.0
SIGHT_M = QUAD.footprint_radius_m(HEIGHT_M)
BAND_M = 3.0
"""Nearer to the rim than this a point may be taken for the other side."""


winds = st.builds(Wind, st.floats(0, 12), st.floats(0, 360))
in_wind = winds.map(lambda wind: motion(QUAD.speed_mps, QUAD.airspeed_mps, wind))


def seen_after_s(zones: tuple[Geozone, ...], start: np.ndarray, point: np.ndarray, how: Motion) -> float:
    """Seconds until the point is seen; infinite without a legal way."""
    found = way(airways(*zones), start, point, how)
    if found is None:
        return math.inf
    steps = np.array([b - a for a, b in itertools.pairwise(found.points)])
    lengths = np.hypot(*steps.T)
    steps, lengths = steps[lengths > 0], lengths[lengths > 0]
    if not len(lengths):
        return 0.0
    speeds = lengths / how.leg_times_s(steps)
    bearings = np.degrees(np.arctan2(steps[:, 0], steps[:, 1]))
    turns = [abs((after - before + 180) % 360 - 180) for before, after in itertools.pairwise(bearings)]
    return profile(list(lengths), list(speeds), turns, QUAD, SIGHT_M).seen_at_s


@settings(max_examples=40)
@given(fields(), in_the_west, in_wind, st.floats(10, 70), st.integers(0, 2**32 - 1))
def test_inside_is_reached_in_time_and_outside_is_not(
    zones: tuple[Geozone, ...], west: tuple[float, float], how: Motion, flight_s: float, seed: int
) -> None:
    field, start = airways(*zones), xy(*west)
    ground = reach(field, start, QUAD, how, flight_s, HEIGHT_M)
    chance = np.random.default_rng(seed)
    points = start + chance.normal(0, 12 * flight_s, (25, 2))
    in_time = [seen_after_s(zones, start, point, how) <= flight_s for point in points]
    wrong = shapely.intersects_xy(ground, *points.T) != in_time
    assert (shapely.distance(shapely.boundary(ground), shapely.points(points[wrong])) < BAND_M).all()


@settings(max_examples=40)
@given(in_wind, st.floats(3, 120), st.integers(0, 359))
def test_in_open_country_the_rim_is_where_the_time_is_over(how: Motion, flight_s: float, bearing: int) -> None:
    ground = reach(airways(), xy(0, 0), QUAD, how, flight_s, HEIGHT_M)
    course = xy(math.sin(math.radians(bearing)), math.cos(math.radians(bearing)))
    ray = shapely.LineString([xy(0, 0), course * 10_000])
    rim_m = shapely.length(shapely.intersection(ray, ground))
    assert seen_after_s((), xy(0, 0), course * (rim_m - 1.0), how) <= flight_s
    assert seen_after_s((), xy(0, 0), course * (rim_m + 1.0), how) >= flight_s


def test_in_calm_air_it_is_a_disc_whose_radius_is_arithmetic() -> None:
    ground = reach(airways(), xy(0, 0), QUAD, motion(20), 60.0, HEIGHT_M)
    v, a, j = 20.0, QUAD.acceleration_mps2, QUAD.jerk_mps3
    radius_m = 1000 + v * (60.0 - straight_seen_s(1000, v, a, j, SIGHT_M))
    assert shapely.get_num_coordinates(ground) > 100
    assert ground.area == pytest.approx(math.pi * radius_m**2, rel=1e-3)


def test_wind_moves_it_downwind() -> None:
    ground = reach(airways(), xy(0, 0), QUAD, motion(math.inf, 20, Wind(10, 90)), 60.0, HEIGHT_M)
    assert ground.centroid.x < -300
    assert abs(ground.centroid.y) < 5


@settings(max_examples=30)
@given(fields(), in_the_west, in_wind, st.floats(5, 60), st.floats(1, 20))
def test_more_time_never_reaches_less(
    zones: tuple[Geozone, ...], west: tuple[float, float], how: Motion, flight_s: float, more_s: float
) -> None:
    field = airways(*zones)
    less, more = (reach(field, xy(*west), QUAD, how, t, HEIGHT_M) for t in (flight_s, flight_s + more_s))
    lost = shapely.difference(less, shapely.buffer(more, 1.0))
    assert lost.area <= 1e-3 * less.area + 1.0


def test_closed_ground_is_never_reached_but_what_lies_behind_is() -> None:
    field = airways(zone(square(100, 300, 0), margin_m=20))
    ground = reach(field, xy(0, 0), QUAD, motion(20), 60.0, HEIGHT_M)
    assert shapely.intersection(ground, shapely.union_all(field.closed_ground)).area == pytest.approx(0, abs=1e-3)
    assert shapely.intersects_xy(ground, 460, 0)
    assert shapely.intersects_xy(ground, 150, 0)


@pytest.mark.parametrize("flight_s", [0.0, -5.0])
def test_no_time_reaches_nothing(flight_s: float) -> None:
    assert reach(airways(), xy(0, 0), QUAD, motion(), flight_s, HEIGHT_M).is_empty


def test_from_closed_ground_nothing_is_reached() -> None:
    assert reach(airways(zone(square(100))), xy(0, 0), QUAD, motion(), 60.0, HEIGHT_M).is_empty


def test_a_courtyard_keeps_the_drone_in() -> None:
    yard = airways(zone(square(300), holes=[square(200)]))
    ground = reach(yard, xy(0, 0), QUAD, motion(20, 20, CALM), 120.0, HEIGHT_M)
    assert ground.area == pytest.approx(400**2, rel=0.01)
    assert shapely.within(ground, shapely.box(-200.01, -200.01, 200.01, 200.01))
