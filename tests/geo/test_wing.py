"""A VTOL on its wing: what that takes, and which legs are flown so."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.airframe import AirframeError, parse_airframes
from geo.airspace import Geozone
from geo.flight import profile, timed_plan
from geo.flights import flown
from geo.route import Motion, legs_of, motion_of
from geo.wind import CALM, Wind
from geo.wing import Wing, stretches
from tests.geo.fields import airways, fields, in_the_west, square, xy, zone
from tests.geo.test_airframe import table
from tests.geo.test_flight import QUAD

WING = Wing(airspeed_mps=20.0, forward_s=5.0, forward_m=40.0, back_m=50.0, back_s=8.0, clearance_m=15.0, cruise_w=90.0)
VTOL = dataclasses.replace(QUAD, kind="vtol", speed_mps=8.0, airspeed_mps=10.0, held_share=1.0, wing=WING)
HEIGHT_M = 60.0
FAR = st.floats(200, 1500)


def planned(zones: tuple[Geozone, ...], start: np.ndarray, goal: np.ndarray, how: Motion) -> tuple[float, float, int]:
    """Seconds and watt-hours of one plan, and how many of its legs are flown on the wing; infinite without one."""
    field = airways(*zones)
    way = field.ways_from(start, goal[None, :], how)[0]
    if way is None:
        return math.inf, math.inf, 0
    legs = field.legs(way, how)
    plan = timed_plan(legs, VTOL, height_m=HEIGHT_M, climb_from_m=None)
    return plan.time.cruise_s + plan.time.arrive_s, plan.energy_wh, sum(leg.wing_mps > 0 for leg in legs)


@given(st.floats(2.0, 30.0))
def test_the_shortest_leg_that_pays_takes_as_long_either_way(hover_mps: float) -> None:
    least_m = WING.least_m(hover_mps)
    if hover_mps >= WING.airspeed_mps:
        assert least_m == math.inf
        return
    assert least_m >= WING.forward_m + WING.back_m
    for length_m in (least_m, least_m + 100.0):
        assert WING.times_s(length_m, WING.airspeed_mps)[2] <= length_m / hover_mps * (1 + 1e-9)


@given(FAR, st.floats(5, 30), st.floats(0, 400), st.floats(0, 400))
def test_what_is_seen_from_farther_away_is_seen_earlier(
    length_m: float, ground_mps: float, near_m: float, more_m: float
) -> None:
    _, far_s, _ = WING.times_s(length_m, ground_mps, near_m + more_m)
    back_at_s, near_s, whole_s = WING.times_s(length_m, ground_mps, near_m)
    assert 0 <= far_s <= near_s + 1e-9
    assert near_s <= whole_s
    assert near_m < WING.back_m or near_s <= back_at_s + 1e-9


def test_stretches_are_legs_on_the_wing_and_what_lies_between() -> None:
    assert list(stretches([0, 0, 20.0, 20.0, 0])) == [(0, 2), (2, 3), (3, 4), (4, 5)]
    assert list(stretches([])) == []


def test_a_long_leg_takes_its_transitions_and_its_cruise() -> None:
    seconds, _, on_wing = planned((), xy(0, 0), xy(1000, 0), motion_of(VTOL, CALM))
    seen_from_m = VTOL.footprint_radius_m(HEIGHT_M)
    slowing_s = 2 * 50 / 20 * (1 - math.sqrt(seen_from_m / 50))
    assert on_wing == 1
    assert seconds == pytest.approx(5 + (1000 - 90) / 20 + slowing_s)


def test_a_short_leg_is_flown_as_by_a_multirotor() -> None:
    short_m = WING.least_m(VTOL.hover_mps) - 1.0
    seconds, _, on_wing = planned((), xy(0, 0), xy(short_m, 0), motion_of(VTOL, CALM))
    hovering = profile([short_m], [VTOL.hover_mps], [], VTOL, VTOL.footprint_radius_m(HEIGHT_M))
    assert (seconds, on_wing) == (hovering.seen_at_s, 0)


def test_on_the_wing_it_draws_what_the_wing_draws() -> None:
    _, energy_wh, _ = planned((), xy(0, 0), xy(1000, 0), motion_of(VTOL, CALM))
    flying_s = WING.times_s(1000.0, 20.0)[2]
    assert energy_wh == pytest.approx((flying_s * WING.cruise_w + VTOL.start_s * VTOL.hover_w) / 3600)


def test_it_holds_its_airspeed_whatever_the_wind() -> None:
    """800 m along the wind and against it, 12 m/s of it: 32 and 8 m/s over ground, where a multirotor holds 8."""
    with_it, against_it = (motion_of(VTOL, Wind(12.0, from_deg)) for from_deg in (270.0, 90.0))
    (fast,), (slow,) = (airways().wings_mps(xy(0, 0)[None], xy(800, 0)[None], how) for how in (with_it, against_it))
    assert (fast, slow) == (pytest.approx(32.0), pytest.approx(8.0))
    too_gusty = motion_of(VTOL, Wind(12.0, 90.0, 21.0))
    assert airways().wings_mps(xy(0, 0)[None], xy(800, 0)[None], too_gusty).tolist() == [0.0]


@pytest.mark.parametrize(("beside_m", "on_wing"), [(14.0, 0), (16.0, 1)])
def test_a_leg_near_closed_ground_is_flown_as_by_a_multirotor(beside_m: float, on_wing: int) -> None:
    near = zone(square(50, 500, 50 + beside_m), margin_m=0.0)
    assert planned((near,), xy(0, 0), xy(1000, 0), motion_of(VTOL, CALM))[2] == on_wing


def test_a_way_bent_round_a_zone_is_flown_as_by_a_multirotor() -> None:
    seconds, _, on_wing = planned((zone(square(100, 500)),), xy(0, 0), xy(1000, 0), motion_of(VTOL, CALM))
    assert on_wing == 0
    assert seconds > 1000 / VTOL.hover_mps * 0.9


def test_a_multirotor_has_no_leg_on_a_wing() -> None:
    way = airways().ways_from(xy(0, 0), xy(1000, 0)[None], motion_of(QUAD, CALM))[0]
    assert way is not None
    assert airways().legs(way, motion_of(QUAD, CALM)) == legs_of(way, airways().frame, motion_of(QUAD, CALM))


@settings(max_examples=40)
@given(fields(), in_the_west, st.floats(0, 8), st.floats(0, 360), st.integers(0, 2**32 - 1))
def test_many_flights_at_once_take_what_each_plan_takes(
    zones: tuple[Geozone, ...], start: tuple[float, float], wind_mps: float, from_deg: float, seed: int
) -> None:
    how = motion_of(VTOL, Wind(wind_mps, from_deg))
    goals = np.random.default_rng(seed).uniform(-900, 900, (12, 2))
    fan = airways(*zones).fan(xy(*start), goals, how, towards=False)
    all_of_them = flown(fan, how, VTOL, VTOL.footprint_radius_m(HEIGHT_M))
    for goal, seen_at_s in zip(goals, all_of_them.seen_at_s, strict=True):
        assert planned(zones, xy(*start), goal, how)[0] == pytest.approx(seen_at_s, abs=1e-6)


def test_a_wing_is_read_from_its_table() -> None:
    fields_ = "\n".join(f"{key} = {value}" for key, value in dataclasses.asdict(WING).items())
    text = table(kind="vtol") + "\n[quad.wing]\n" + fields_
    assert parse_airframes(text)["quad"].wing == WING
    for wrong, why in (
        (table(kind="vtol"), "wing = None must be told of a vtol and of no other"),
        (table() + "\n[quad.wing]\n" + fields_, "must be told of a vtol and of no other"),
        (text.replace("back_s = 8.0", "back_s = 0"), r"wing.back_s = 0.0 must be > 0"),
        (text.replace("back_s = 8.0", "back_s = true"), "wing.back_s = True must be a finite number"),
        (text.replace("back_s = 8.0", ""), "wing.back_s is missing"),
        (text + "\nspan_m = 2.0", "unknown field 'wing.span_m'"),
        (table(kind="vtol") + "\nwing = 3", "wing = 3 must be a table"),
    ):
        with pytest.raises(AirframeError, match=why):
            parse_airframes(wrong)
