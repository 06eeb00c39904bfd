"""Flight time and energy, part by part."""

import dataclasses
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airframe import Airframe, parse_airframes
from geo.flight import (
    FINAL_DESCENT_M,
    P90_DEVIATIONS,
    FlightTime,
    Leg,
    climb_time_s,
    descent_s,
    hover_energy,
    landing_energy,
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


def test_to_leave_the_ground_and_to_be_sure_of_it_again_take_time_beside_the_way() -> None:
    slow = dataclasses.replace(QUAD, lift_s=1.5, touch_s=8.0)
    assert climb_time_s(60.0, slow) == climb_time_s(60.0, QUAD) + 1.5
    assert climb_time_s(60.0, slow, 20.0) == climb_time_s(60.0, QUAD, 20.0) == climb_time_s(40.0, QUAD)
    assert descent_s(60.0, slow) == pytest.approx(descent_s(60.0, QUAD) + 8.0)


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
    assert plan.energy.climb_wh == pytest.approx(time.climb_s * QUAD.climb_w / 3600)
    assert plan.energy.cruise_wh == pytest.approx(flown.stop_at_s * QUAD.cruise_w / 3600)
    assert plan.energy_wh == plan.energy.climb_wh + plan.energy.cruise_wh
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


def test_starting_and_turning_the_camera_count() -> None:
    brisk, slow = QUAD, dataclasses.replace(QUAD, start_s=1.5, slew_s=0.5)
    one, two = (timed_plan((leg(1000, 0),), each, height_m=60, climb_from_m=0.0) for each in (brisk, slow))
    assert two.time.total_s == pytest.approx(one.time.total_s + 2.0)
    assert two.time.turnout_s == one.time.turnout_s
    assert two.energy.hover_wh == pytest.approx(1.5 * QUAD.hover_w / 3600)
    home = timed_plan((leg(1000, 0),), slow, height_m=60, climb_from_m=None, sensor=False)
    assert (home.time.start_s, home.time.slew_s) == (1.5, 0.0)
    assert timed_plan((), slow, height_m=60, climb_from_m=None, sensor=False).time.total_s == 0.0


def test_a_p90_is_later_than_most_likely_by_the_parts_in_quadrature() -> None:
    time = timed_plan((leg(1000, 0),), QUAD, height_m=60, climb_from_m=0.0).time
    flying_s = time.cruise_s + time.arrive_s
    parts = (QUAD.dock_sd_s, QUAD.arm_sd_s, QUAD.climb_sd_share * time.climb_s, QUAD.speed_sd_share * flying_s)
    normal = statistics.NormalDist(time.total_s, math.hypot(*parts))
    assert time.p90_s == pytest.approx(normal.inv_cdf(0.9))
    certain = dataclasses.replace(QUAD, dock_sd_s=0, arm_sd_s=0, climb_sd_share=0, speed_sd_share=0)
    assert timed_plan((leg(1000, 0),), certain, height_m=60, climb_from_m=0.0).time.spread_s == 0.0


def test_nine_flights_of_ten_keep_the_p90() -> None:
    plan, chance = timed_plan((leg(1000, 0),), QUAD, height_m=60, climb_from_m=0.0), np.random.default_rng(4)
    time, n = plan.time, 20_000
    dock, arm, climb, speed = chance.normal(0, 1, (4, n))
    flown_s = (
        *(time.decision_s, time.uplink_s),
        *(time.dock_s + QUAD.dock_sd_s * dock, time.arm_s + QUAD.arm_sd_s * arm),
        time.climb_s * (1 + QUAD.climb_sd_share * climb),
        (time.cruise_s + time.arrive_s) * (1 + QUAD.speed_sd_share * speed),
    )
    assert np.mean(sum(flown_s) <= time.p90_s) == pytest.approx(0.9, abs=0.01)


def test_gusts_make_it_later_but_not_the_most_likely_time() -> None:
    calm, gusty = (
        timed_plan((dataclasses.replace(leg(1000, 0), gust_speed_mps=v),), QUAD, height_m=60, climb_from_m=None)
        for v in (None, 12.0)
    )
    assert gusty.time.total_s == calm.time.total_s
    slower_s = profile([1000], [12.0], [], QUAD, QUAD.footprint_radius_m(60)).seen_at_s - (
        calm.time.cruise_s + calm.time.arrive_s
    )
    assert gusty.time.spread_s == pytest.approx(math.hypot(calm.time.spread_s, slower_s))
    assert gusty.energy.total_wh == calm.energy.total_wh
    assert gusty.energy.p90_wh > calm.energy.p90_wh


def test_energies_add_up_phase_by_phase() -> None:
    there = timed_plan((leg(1000, 0),), QUAD, height_m=60, climb_from_m=0.0).energy
    whole = there + hover_energy(600.0, QUAD) + landing_energy(60.0, QUAD)
    assert whole.hover_wh == pytest.approx(600 * QUAD.hover_w / 3600)
    assert whole.landing_wh == landing_energy_wh(60.0, QUAD)
    assert whole.total_wh == pytest.approx(there.total_wh + whole.hover_wh + whole.landing_wh)
    assert whole.p90_wh == pytest.approx(
        there.p90_wh + (whole.hover_wh + whole.landing_wh) * (1 + P90_DEVIATIONS * QUAD.power_sd_share)
    )


def test_a_leg_that_climbs_takes_as_long_as_the_climb() -> None:
    low, high = leg(100, 0), dataclasses.replace(leg(400, 0), height_m=160.0)
    level = timed_plan((low, leg(400, 0)), QUAD, height_m=60, climb_from_m=None, sensor=False).time.total_s
    up = timed_plan((low, high), QUAD, height_m=60, climb_from_m=None, sensor=False).time.total_s
    assert up > level
    assert up >= 100 / QUAD.climb_mps + 400 / 20  # it climbs on the leg before and is high at the corner
    steep = (dataclasses.replace(low, height_m=160.0), leg(200, 0))
    down = timed_plan(steep, QUAD, height_m=60, climb_from_m=None, sensor=False)
    assert down.time.total_s >= 100 / 20 + 100 / QUAD.descent_mps  # and descends on the leg after
    assert timed_plan((low, high), QUAD, height_m=60, climb_from_m=None).energy.climb_wh == pytest.approx(
        100 / QUAD.climb_mps * (QUAD.climb_w - QUAD.cruise_w) / 3600
    )


def test_a_flat_step_in_height_costs_nothing_where_it_is_quicker_than_the_way() -> None:
    legs = (leg(900, 0), dataclasses.replace(leg(900, 90), height_m=62.0))
    level = (leg(900, 0), leg(900, 90))
    one, two = (timed_plan(way, QUAD, height_m=60, climb_from_m=None, sensor=False) for way in (level, legs))
    assert two.time.total_s == one.time.total_s


def test_the_first_climb_goes_to_the_height_of_the_first_leg() -> None:
    high = dataclasses.replace(leg(900, 0), height_m=100.0)
    plan = timed_plan((high,), QUAD, height_m=60, climb_from_m=0.0)
    assert plan.time.climb_s == climb_time_s(100.0, QUAD)


def test_a_leg_straight_up_takes_its_time() -> None:
    tower = (
        leg(500, 0),
        dataclasses.replace(leg(0, 0), height_m=160.0),
        dataclasses.replace(leg(500, 0), height_m=160),
    )
    flat = timed_plan((leg(500, 0), leg(500, 0)), QUAD, height_m=60, climb_from_m=None, sensor=False)
    there = timed_plan(tower, QUAD, height_m=60, climb_from_m=None, sensor=False)
    assert there.time.total_s >= flat.time.total_s
