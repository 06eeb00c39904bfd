"""Flight time and energy, part by part."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airframe import Airframe, parse_airframes
from geo.flight import (
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
