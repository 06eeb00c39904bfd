"""Flight time and energy, against a speed profile integrated without any formula of ``geo.flight``."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.airframe import Airframe, parse_airframes
from geo.flight import (
    ACCEPTANCE_RADIUS_M,
    FINAL_DESCENT_M,
    FlightTime,
    Leg,
    descent_s,
    landing_energy_wh,
    profile,
    timed_plan,
    vertical_s,
)
from geo.position import Position
from tests.geo.test_airframe import table

QUAD: Airframe = parse_airframes(table())["quad"]
A = QUAD.acceleration_mps2


def integrated_s(
    lengths: Sequence[float], speeds: Sequence[float], turns: Sequence[float], until_m: float | None = None
) -> float:
    """Seconds along the polyline, rest to rest: at every metre the highest speed that every limit ahead and behind
    allows (v² may change by 2a a metre), summed up in small steps.
    """
    corners = np.concatenate([[0.0], np.cumsum(lengths)])
    half_turns = [math.tan(math.radians(max(turn_deg, 1e-6)) / 2) for turn_deg in turns]
    at_node = [0.0, *(math.sqrt(A * ACCEPTANCE_RADIUS_M / half_turn) for half_turn in half_turns), 0.0]
    inner = [np.linspace(a, b, 4000) for a, b in itertools.pairwise(corners)]
    place = np.unique(np.concatenate([*inner, [] if until_m is None else [until_m]]))
    square = np.full(len(place), np.inf)
    for corner, speed in zip(corners, at_node, strict=True):
        square = np.minimum(square, speed**2 + 2 * A * np.abs(place - corner))
    for start, end, speed in zip(corners, corners[1:], speeds, strict=False):
        outside = np.maximum(0.0, np.maximum(start - place, place - end))
        square = np.minimum(square, speed**2 + 2 * A * outside)
    speed_at = np.sqrt(square)
    steps_s = 2 * np.diff(place) / (speed_at[:-1] + speed_at[1:])
    done = place[1:] <= (corners[-1] if until_m is None else until_m) + 1e-9
    return float(steps_s[done].sum())


legs = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.5, 900), min_size=n, max_size=n),
        st.lists(st.floats(2, 30), min_size=n, max_size=n),
        st.lists(st.floats(0, 179), min_size=n - 1, max_size=n - 1),
    )
)
Way = tuple[list[float], list[float], list[float]]


@settings(max_examples=60, deadline=None)
@given(legs)
def test_the_profile_takes_as_long_as_the_integrated_one(way: Way) -> None:
    assert profile(*way, QUAD).stop_at_s == pytest.approx(integrated_s(*way), rel=2e-3, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(legs, st.floats(0, 400))
def test_the_goal_is_seen_when_that_much_of_the_way_is_left(way: Way, seen_from_m: float) -> None:
    seen = profile(*way, QUAD, seen_from_m)
    place_m = sum(way[0]) - seen_from_m
    assert seen.seen_at_s == pytest.approx(integrated_s(*way, until_m=max(0.0, place_m)), rel=2e-3, abs=0.02)
    assert 0 <= seen.brake_at_s <= seen.seen_at_s <= seen.stop_at_s


@settings(max_examples=60, deadline=None)
@given(legs, st.data())
def test_a_point_on_a_straight_leg_changes_nothing(way: Way, data: st.DataObject) -> None:
    lengths, speeds, turns = way
    k = data.draw(st.integers(0, len(lengths) - 1))
    part = data.draw(st.floats(0.05, 0.95))
    split = [*lengths[:k], lengths[k] * part, lengths[k] * (1 - part), *lengths[k + 1 :]]
    cut = profile(split, [*speeds[: k + 1], *speeds[k:]], [*turns[:k], 0.0, *turns[k:]], QUAD, 30.0)
    whole = profile(*way, QUAD, 30.0)
    assert (cut.seen_at_s, cut.stop_at_s) == pytest.approx((whole.seen_at_s, whole.stop_at_s), rel=1e-6, abs=1e-6)


def test_a_long_leg_is_a_trapezoid_and_a_short_one_a_triangle() -> None:
    v, a = 20.0, A  # 100 m to speed up and slow down
    long = profile([1000.0], [v], [], QUAD)
    assert long.stop_at_s == pytest.approx(1000 / v + v / a)
    assert long.brake_at_s == pytest.approx(long.stop_at_s - v / a)
    short = profile([36.0], [v], [], QUAD)
    assert short.stop_at_s == pytest.approx(2 * math.sqrt(36.0 / a))
    assert short.brake_at_s == pytest.approx(short.stop_at_s / 2)
    assert profile([], [], [], QUAD).stop_at_s == 0.0
    assert profile([0.0], [v], [], QUAD).stop_at_s == 0.0


def test_what_lies_within_sight_is_seen_at_once() -> None:
    assert profile([30.0], [20.0], [], QUAD, 30.0).seen_at_s == 0.0
    assert profile([10.0, 15.0], [20.0, 20.0], [90.0], QUAD, 30.0).seen_at_s == 0.0
    late = profile([400.0, 15.0], [20.0, 20.0], [90.0], QUAD, 30.0)
    assert late.seen_at_s < profile([400.0], [20.0], [], QUAD).stop_at_s  # 15 m before the corner


@pytest.mark.parametrize("turn_deg", [30.0, 60.0, 90.0, 135.0])
def test_a_corner_is_taken_at_the_autopilots_speed(turn_deg: float) -> None:
    corner_mps = math.sqrt(A * ACCEPTANCE_RADIUS_M * math.tan(math.radians(180 - turn_deg) / 2))
    v = 20.0
    ramp_s, ramp_m = (v - corner_mps) / A, (v**2 - corner_mps**2) / (2 * A)
    lost_s = 2 * (ramp_s - ramp_m / v) if corner_mps < v else 0.0
    straight, bent = profile([1000.0], [v], [], QUAD), profile([500.0, 500.0], [v, v], [turn_deg], QUAD)
    assert bent.stop_at_s == pytest.approx(straight.stop_at_s + lost_s)


def test_turning_back_means_stopping() -> None:
    there, back = profile([500.0], [20.0], [], QUAD), profile([500.0, 500.0], [20.0, 20.0], [180.0], QUAD)
    assert back.stop_at_s == pytest.approx(2 * there.stop_at_s)


@given(st.floats(0, 200), st.floats(0.5, 10))
def test_a_vertical_move_is_a_trapezoid_from_rest_to_rest(height_m: float, speed_mps: float) -> None:
    turning_m = speed_mps**2 / A
    expected_s = height_m / speed_mps + speed_mps / A if height_m >= turning_m else 2 * math.sqrt(height_m / A)
    assert vertical_s(height_m, speed_mps, A) == pytest.approx(expected_s, abs=1e-9)


def test_the_last_metres_are_descended_at_landing_speed() -> None:
    fast_m = 60.0 - FINAL_DESCENT_M
    fast_s = fast_m / QUAD.descent_mps + QUAD.descent_mps / A
    assert descent_s(60.0, QUAD) == pytest.approx(fast_s + FINAL_DESCENT_M / QUAD.landing_mps)
    assert descent_s(4.0, QUAD) == pytest.approx(4.0 / QUAD.landing_mps)
    assert landing_energy_wh(60.0, QUAD) == pytest.approx(descent_s(60.0, QUAD) * QUAD.hover_w / 3600)


def leg(length_m: float, course_deg: float, speed_mps: float = 20.0) -> Leg:
    somewhere = Position(10.0, 50.0)
    return Leg(start=somewhere, end=somewhere, length_m=length_m, course_deg=course_deg, ground_speed_mps=speed_mps)


def test_a_plan_from_the_dock_names_every_part() -> None:
    plan = timed_plan((leg(1000, 0),), QUAD, height_m=60, climb_from_m=0.0, decision_s=1.0, uplink_s=0.5)
    time, seen_from_m = plan.time, QUAD.footprint_radius_m(60)
    assert (time.decision_s, time.uplink_s, time.dock_s, time.arm_s) == (1.0, 0.5, QUAD.dock_s, QUAD.arm_s)
    assert time.climb_s == vertical_s(60, QUAD.takeoff_mps, A)
    flown = profile([1000], [20.0], [], QUAD, seen_from_m)
    assert time.cruise_s + time.arrive_s == pytest.approx(flown.seen_at_s)
    assert time.total_s == pytest.approx(time.turnout_s + flown.seen_at_s)
    assert plan.energy_wh == pytest.approx((time.climb_s * QUAD.climb_w + flown.stop_at_s * QUAD.cruise_w) / 3600)
    assert plan.distance_m == 1000


def test_a_plan_in_the_air_opens_no_dock_and_climbs_only_what_is_left() -> None:
    level = timed_plan((leg(1000, 0),), QUAD, height_m=60, climb_from_m=None)
    assert (level.time.dock_s, level.time.arm_s, level.time.climb_s) == (0, 0, 0)
    for height_m in (20.0, 100.0):
        bound = timed_plan((leg(1000, 0),), QUAD, height_m=60, climb_from_m=height_m)
        assert (bound.time.dock_s, bound.time.arm_s) == (0, 0)
        assert bound.time.climb_s == vertical_s(40, QUAD.takeoff_mps, A)


def test_coming_home_counts_until_it_hovers_there() -> None:
    way = (leg(600, 350), leg(400, 80))
    seen = timed_plan(way, QUAD, height_m=60, climb_from_m=None)
    home = timed_plan(way, QUAD, height_m=60, climb_from_m=None, sensor=False)
    assert home.time.total_s == pytest.approx(profile([600, 400], [20, 20], [90], QUAD).stop_at_s)
    assert seen.time.total_s < home.time.total_s
    assert seen.energy_wh == home.energy_wh


def test_the_turn_over_north_is_the_small_one() -> None:
    over_north = timed_plan((leg(300, 350), leg(300, 10)), QUAD, height_m=60, climb_from_m=None, sensor=False)
    assert over_north.time.total_s == pytest.approx(profile([300, 300], [20, 20], [20], QUAD).stop_at_s)


def test_no_way_at_all_takes_no_time() -> None:
    plan = timed_plan((), QUAD, height_m=60, climb_from_m=None)
    assert plan.time == FlightTime()
    assert (plan.energy_wh, plan.distance_m) == (0.0, 0.0)
