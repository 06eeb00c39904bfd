"""Wind: what it leaves of a drone's speed over ground."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.wind import CALM, Wind, ground_speed_mps, wind_along

bearings = st.floats(0, 360)
winds = st.builds(Wind, st.floats(0, 40), bearings)
airspeeds = st.floats(1, 40)


def towards(bearing_deg: float) -> np.ndarray:
    """The unit vector (east, north) of a course."""
    return np.array([math.sin(math.radians(bearing_deg)), math.cos(math.radians(bearing_deg))])


def speed(bearing_deg: float, wind: Wind, airspeed_mps: float, limit_mps: float = math.inf) -> float:
    return float(ground_speed_mps(towards(bearing_deg), wind, airspeed_mps, limit_mps))


@pytest.mark.parametrize(
    ("from_deg", "east", "north"), [(0, 0, -10), (90, -10, 0), (180, 0, 10), (270, 10, 0), (225, 7.0710678, 7.0710678)]
)
def test_wind_is_named_by_where_it_comes_from(from_deg: float, east: float, north: float) -> None:
    wind = Wind(10, from_deg)
    assert (wind.east_mps, wind.north_mps) == pytest.approx((east, north), abs=1e-6)


@pytest.mark.parametrize(
    ("speed_mps", "from_deg", "named"),
    [(-0.1, 0, "-0.1"), (math.nan, 0, "nan"), (math.inf, 0, "inf"), (1, math.nan, "direction"), (1, math.inf, "inf")],
)
def test_a_wind_that_is_none_is_refused(speed_mps: float, from_deg: float, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Wind(speed_mps, from_deg)


@pytest.mark.parametrize(
    ("course_deg", "expected_mps"),
    [(0, 15 - 9), (180, 15 + 9), (90, 12), (270, 12)],  # 9, 12, 15: the triangle of Pythagoras
)
def test_head_tail_and_cross_wind(course_deg: float, expected_mps: float) -> None:
    assert speed(course_deg, Wind(9, 0), 15) == pytest.approx(expected_mps)


def test_in_calm_air_the_smaller_of_airspeed_and_limit_holds_on_every_course() -> None:
    courses = np.stack([towards(b) for b in range(0, 360, 7)])
    assert ground_speed_mps(courses, CALM, 15) == pytest.approx(np.full(len(courses), 15.0))
    assert ground_speed_mps(courses, CALM, 15, 12) == pytest.approx(np.full(len(courses), 12.0))


def test_a_tailwind_does_not_lift_the_commanded_limit_but_a_headwind_binds() -> None:
    assert speed(180, Wind(9, 0), 15, 18) == 18.0
    assert speed(0, Wind(9, 0), 15, 18) == pytest.approx(6.0)


@given(bearings, airspeeds, st.floats(0, 20))
def test_no_headway_against_a_wind_at_or_above_the_airspeed(from_deg: float, airspeed: float, more: float) -> None:
    """Equal speeds are the trap: rounding leaves 1e-15 m/s of headway, and an arrival in a million years."""
    assert speed(from_deg, Wind(airspeed + more, from_deg), airspeed) == 0.0


@given(bearings, airspeeds, st.floats(1.01, 3))
def test_a_wind_above_the_airspeed_leaves_only_courses_downwind(from_deg: float, airspeed: float, times: float) -> None:
    wind = Wind(times * airspeed, from_deg)
    widest_deg = math.degrees(math.asin(1 / times))
    for off_deg in (-0.9, 0.0, 0.9):
        assert speed(from_deg + 180 + off_deg * widest_deg, wind, airspeed) > 0
    for off_deg in (-1.1, 1.1):
        assert speed(from_deg + 180 + off_deg * widest_deg, wind, airspeed) == 0


def test_a_speed_below_what_the_wind_carries_it_along_at_cannot_be_held() -> None:
    assert speed(180, Wind(25, 0), 20, 10) == 10.0  # it drifts at 5 m/s at least
    assert speed(180, Wind(35, 0), 20, 10) == 0.0  # at 15 at least


@given(bearings, winds, airspeeds, st.floats(1, 60))
def test_the_speed_is_the_highest_that_the_air_allows(
    course_deg: float, wind: Wind, airspeed: float, limit: float
) -> None:
    """Checked through the air: ground velocity less wind is what the drone must fly."""
    course = towards(course_deg)

    def through_air(ground_mps: float) -> float:
        east, north = course * ground_mps - (wind.east_mps, wind.north_mps)
        return math.hypot(east, north)

    v = speed(course_deg, wind, airspeed, limit)
    assert 0 <= v <= limit
    if v > 0:
        assert through_air(v) <= airspeed + 1e-6
    if 1e-3 < v < limit - 1e-9:
        assert through_air(v + 0.01) > airspeed - 1e-9
    if v == 0:  # then no speed up to the limit can be held
        grid = np.linspace(0.01, limit, 200)
        margin = min(through_air(float(g)) for g in grid) - airspeed
        assert margin > -1e-3


@given(winds, st.floats(0, 360), airspeeds, st.floats(0.1, 60))
def test_a_wind_is_known_by_what_it_leaves_along_a_course(wind: Wind, course: float, air: float, ground: float) -> None:
    found = wind_along(wind, course, air, ground)
    along = towards(course)
    across = np.array([along[1], -along[0]])
    crosswind = float(np.dot(across, [wind.east_mps, wind.north_mps]))
    assert float(np.dot(across, [found.east_mps, found.north_mps])) == pytest.approx(crosswind, abs=1e-6)
    if abs(crosswind) < 0.99 * air:
        assert ground_speed_mps(along, found, air, ground + 100) == pytest.approx(ground, abs=1e-6)


def test_shapes_are_kept() -> None:
    assert ground_speed_mps(towards(10), CALM, 5).shape == ()
    assert ground_speed_mps(np.zeros((3, 4, 2)) + towards(10), CALM, 5).shape == (3, 4)


steps = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000)).filter(lambda d: math.hypot(*d) > 1)


@given(steps, steps, winds, airspeeds, st.floats(1, 60))
def test_a_detour_never_pays(
    one: tuple[float, float], two: tuple[float, float], wind: Wind, airspeed: float, limit: float
) -> None:
    """The triangle inequality, on which the routing round corners stands."""

    def seconds(step: np.ndarray) -> float:
        length = float(np.hypot(*step))
        v = float(ground_speed_mps(step / length, wind, airspeed, limit)) if length > 0 else math.inf
        return length / v if v > 0 else math.inf

    first, second = np.array(one), np.array(two)
    if math.hypot(*(first + second)) > 1 and wind.speed_mps < 0.95 * airspeed:
        assert seconds(first + second) <= (seconds(first) + seconds(second)) * (1 + 1e-9)
