"""Flights as arrays say what single plans say."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.model import Situation
from dispatch.outbound import flights_out, ways_out
from tests.dispatch import strategies as have
from tests.dispatch.worlds import QUAD, at, base, box, drone, flying, incident, situation


@settings(max_examples=60)
@given(have.situations(), st.tuples(st.floats(-2500, 2500), st.floats(-2500, 2500)), st.booleans())
def test_arrays_say_what_single_plans_say(one: Situation, goal: tuple[float, float], free: bool) -> None:
    if free:
        rules = dataclasses.replace(one.rules, lowest_height_m=20.0, highest_height_m=150.0)
        one = dataclasses.replace(one, rules=rules)
    states = [state for state in one.states.values() if state.position is not None]
    flights = flights_out(one, QUAD, states, at(*goal))
    plans = ways_out(one, QUAD, states, at(*goal))
    for k, plan in enumerate(plans):
        assert (plan is None) == math.isinf(flights.total_s[k])
        if plan is not None:
            assert plan.height_m == flights.rows["height_m"][k]
            assert flights.total_s[k] == pytest.approx(plan.time.total_s, abs=1e-6)
            assert dataclasses.astuple(flights.time(k)) == pytest.approx(dataclasses.astuple(plan.time), abs=1e-6)
            assert flights.energy_wh[k] == pytest.approx(plan.energy_wh, abs=1e-6)
            assert flights.rows["distance_m"][k] == pytest.approx(plan.distance_m, abs=1e-6)


def test_drones_that_stand_or_fly_alike_have_the_same_flight_each() -> None:
    one = situation(
        [base("B1", 0, 0), base("B2", 500, 0)],
        [drone("D1", "B1"), drone("D2", "B2"), drone("D3", "B1"), drone("D4", "B1"), drone("D5", "B1")],
        [incident("I1", 900, 300)],
        zones=[box("Z", 600, 100, 700, 400)],
        states=[flying("D4", 0, 0), flying("D5", 0, 0, height_m=20.0)],
    )
    flights = flights_out(one, QUAD, list(one.states.values()), one.incidents["I1"].position)
    total_s = flights.total_s.tolist()
    assert total_s[0] == total_s[2] > total_s[1]
    assert flights.docked.tolist() == [True, True, True, False, False]
    assert total_s[3] < total_s[4] < total_s[0], (
        "one in the air need not open its dock, one that is high need not climb"
    )
