"""A drone at speed turns where it can, not where it is told."""

import itertools

import numpy as np
import pytest

from dispatch import underway
from dispatch.model import DroneState, Situation
from dispatch.outbound import ways_out
from dispatch.sky import airways_of
from geo.flight import FlightPlan, stopping_m
from tests.dispatch.worlds import FRAME, QUAD, at, base, box, drone, flying, incident, situation

FAST_MPS = 18.0


def world(state: DroneState, *zones: object) -> Situation:
    return situation([base("B1", -500, 0)], [drone("D1", "B1")], [incident("I1", 0, 0)], states=[state], zones=zones)


def plan_to(state: DroneState, east_m: float, north_m: float, *zones: object) -> FlightPlan:
    plan = ways_out(world(state, *zones), QUAD, [state], at(east_m, north_m))[0]
    assert plan is not None
    return plan


def eastwards(**changes: object) -> DroneState:
    return flying("D1", 0, 0, **{"ground_speed_mps": FAST_MPS, "course_deg": 90.0, **changes})


def test_a_way_begins_with_what_is_flown_before_the_drone_can_turn() -> None:
    plan = plan_to(eastwards(), 0, 1000)
    turn = FRAME.xy(plan.legs[0].end)
    assert turn == pytest.approx((FAST_MPS * underway.REACTION_S + stopping_m(FAST_MPS, QUAD), 0), abs=0.01)
    assert len(plan.legs) == 2


@pytest.mark.parametrize(
    "state", [eastwards(ground_speed_mps=1.0), eastwards(course_deg=None), eastwards(in_air=False, armed=False)]
)
def test_one_that_hovers_or_tells_no_course_or_stands_turns_where_it_is(state: DroneState) -> None:
    assert len(plan_to(state, 0, 1000).legs) == 1


def test_straight_on_is_quicker_than_from_rest_and_back_is_slower() -> None:
    """From rest 20 m/s take 5 s over 50 m that full speed does in 2.5; back, the braking and its way are lost. The
    1.5 s of decision and uplink pass while it flies."""
    rest_s = plan_to(eastwards(ground_speed_mps=0.0), 1000, 0).time.total_s
    on_s, back_s = plan_to(eastwards(), 1000, 0).time.total_s, plan_to(eastwards(), -1000, 0).time.total_s
    assert -5.5 < on_s - rest_s < -3.0
    assert 4.5 < back_s - rest_s < 12.5


def test_the_drone_that_comes_is_preferred_to_the_one_that_goes() -> None:
    going = eastwards()
    coming = flying("D2", 0, 0, ground_speed_mps=FAST_MPS, course_deg=270.0)
    one = situation([base("B1", -500, 0)], [drone("D1", "B1"), drone("D2", "B1")], states=[going, coming])
    plans = ways_out(one, QUAD, [going, coming], at(-1000, 0))
    assert plans[0] is not None
    assert plans[1] is not None
    assert plans[1].time.total_s + 5 < plans[0].time.total_s


def test_no_zone_is_flown_into_while_turning() -> None:
    """Where the whole way to a halt is not open, the longest part that is; where none is, it turns where it is."""
    ahead_m = FAST_MPS * underway.REACTION_S + stopping_m(FAST_MPS, QUAD)
    for edge_m, share in ((0.8 * ahead_m, 0.75), (0.4 * ahead_m, 0.25), (0.1 * ahead_m, 0.0)):
        zone = box("Z", edge_m, -50, edge_m + 100, 50, margin_m=0.0)
        one = world(eastwards(), zone)
        airways = airways_of(one, 60.0)
        turns, speeds = underway.turning_points(airways, QUAD, [eastwards()], FRAME.xy(at(0, 0))[None, :])
        assert turns[0] == pytest.approx((share * ahead_m, 0), abs=0.01)
        assert speeds[0] == (FAST_MPS if share else 0.0)


def test_many_turn_where_each_would_alone() -> None:
    chance = np.random.default_rng(4)
    xy, moves = chance.uniform(-60, 60, (40, 2)).tolist(), chance.uniform([0, 0], [20, 360], (40, 2)).tolist()
    states = [
        flying("D1", *at_m, ground_speed_mps=speed_mps, course_deg=course_deg)
        for at_m, (speed_mps, course_deg) in zip(xy, moves, strict=True)
    ]
    airways = airways_of(world(eastwards(), box("Z", 60, -300, 300, 300)), 60.0)
    places = FRAME.xy_of([state.position for state in states])
    turns, speeds = underway.turning_points(airways, QUAD, states, places)
    for k, state in enumerate(states):
        turn, speed = underway.turning_points(airways, QUAD, [state], places[k : k + 1])
        assert (turns[k], speeds[k]) == (pytest.approx(turn[0]), speed[0])
    assert 0 < np.count_nonzero(speeds) < len(states)
    nobody = underway.turning_points(airways, QUAD, [], np.empty((0, 2)))
    assert [found.shape for found in nobody] == [(0, 2), (0,)]


def test_the_way_beside_a_zone_is_planned_from_where_the_drone_can_turn() -> None:
    """Seen on the proving ground: flying east, told south, past the corner of a zone that the straight way from here
    just clears. The way from where it can turn clears it too."""
    zone = box("Z", 20, -400, 300, -100, margin_m=10.0)
    plan = plan_to(eastwards(), 0, -800, zone)
    corners = [FRAME.xy(leg.end) for leg in plan.legs]
    assert corners[0][0] > 50
    airways = airways_of(world(eastwards(), zone), 60.0)
    assert not any(airways.blocked(a[None, :], b[None, :])[0] for a, b in itertools.pairwise(corners))
    assert len(corners) > 2, "it goes round the corner"
