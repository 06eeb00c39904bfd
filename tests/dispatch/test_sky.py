"""Round, over or under: the heights that a flight may choose from."""

import dataclasses

import numpy as np
import pytest

from dispatch.decide import decide
from dispatch.model import DroneState, Situation, SortieState
from dispatch.outbound import ways_out
from dispatch.planning import ways_home
from dispatch.sky import airways_of, closed_zone, heights_m, zones_now
from geo.airspace import Geozone
from geo.flight import FlightPlan, vertical_s
from tests.dispatch.worlds import NOW_S, QUAD, RULES, at, base, box, drone, flying, incident, situation, sortie

FREE = dataclasses.replace(RULES, lowest_height_m=30.0, highest_height_m=120.0)
WALL = {"west": 400.0, "south": -5000.0, "east": 450.0, "north": 5000.0}


def city(*zones: Geozone, **changes: object) -> Situation:
    """A drone in the west, an incident a kilometre east of it."""
    plain: dict[str, object] = {"rules": FREE}
    return situation([base("B1", 0, 0)], [drone("D1", "B1")], [incident("I1", 1000, 0)], zones=zones, **plain | changes)


def way(one: Situation) -> FlightPlan | None:
    """The way of D1 to the incident."""
    return ways_out(one, QUAD, [one.states["D1"]], one.incidents["I1"].position)[0]


def test_a_wall_that_ends_below_is_flown_over() -> None:
    plan = way(city(box("wall", **WALL, floor_m=0.0, ceiling_m=90.0)))
    assert plan is not None
    assert plan.height_m == 95.0
    assert len(plan.legs) == 1
    assert plan.time.climb_s == pytest.approx(vertical_s(95.0, QUAD.takeoff_mps, QUAD.acceleration_mps2))


def test_a_wall_that_begins_above_is_flown_under() -> None:
    plan = way(city(box("wall", **WALL, floor_m=50.0, ceiling_m=300.0)))
    assert plan is not None
    assert plan.height_m == 45.0


def test_what_is_quicker_round_is_flown_round_and_without_leave_everything_is() -> None:
    low = box("low", 400, -30, 450, 30, floor_m=0.0, ceiling_m=110.0)
    plan = way(city(low))
    assert plan is not None
    assert plan.height_m == RULES.cruise_height_m
    assert len(plan.legs) > 2
    wall = box("wall", **WALL, floor_m=0.0, ceiling_m=90.0)
    round_it = way(city(wall, rules=RULES))
    assert round_it is not None
    assert round_it.distance_m > 10_000
    assert round_it.height_m == RULES.cruise_height_m


def test_nothing_above_the_legal_height_or_below_the_lowest() -> None:
    assert heights_m(city(box("high", **WALL, floor_m=0.0, ceiling_m=119.0))) == (60.0,)
    assert heights_m(city(box("deep", **WALL, floor_m=32.0, ceiling_m=None))) == (60.0,)
    same = [box("a", **WALL, floor_m=0.0, ceiling_m=70.0), box("b", **WALL, floor_m=0.0, ceiling_m=90.0)]
    assert heights_m(city(*same)) == (60.0, 75.0, 95.0)


def test_no_climb_through_a_zone_over_the_base() -> None:
    wall = box("wall", **WALL, floor_m=0.0, ceiling_m=90.0)
    roof = box("roof", -50, -50, 50, 50, floor_m=70.0, ceiling_m=80.0)
    plan = way(city(wall, roof))
    assert plan is not None
    assert plan.height_m == RULES.cruise_height_m
    lid = box("lid", -50, -50, 50, 50, floor_m=20.0, ceiling_m=30.0)
    assert way(city(lid)) is None, "nor to the usual height"
    over = city(lid, states=[flying("D1", 500, 0)], sorties=[sortie("D1", SortieState.EN_ROUTE, "I1")])
    here = airways_of(over, 60.0).frame.xy(at(500, 0))
    assert not ways_home(over, QUAD, here, 60.0), "and nobody comes down through it"


def test_a_drone_in_the_air_stays_at_its_height_and_comes_home_at_it() -> None:
    wall = box("wall", **WALL, floor_m=0.0, ceiling_m=90.0)
    launched = way(city(wall))
    assert launched is not None
    moved = DroneState(
        drone_id="D1", connected=True, healthy=True, position=at(200, 0), height_m=95.0, battery_share=0.9,
        armed=True, in_air=True, seen_at_s=NOW_S,
    )  # fmt: skip
    aloft = city(wall, states=[moved], sorties=[sortie("D1", SortieState.EN_ROUTE, "I1", out=launched)])
    plan = way(aloft)
    assert plan is not None
    assert (plan.height_m, plan.time.climb_s, len(plan.legs)) == (95.0, 0.0, 1)
    beyond = np.array([800.0, 0.0])
    assert len(ways_home(aloft, QUAD, beyond, 95.0)["B1"].legs) == 1
    assert len(ways_home(aloft, QUAD, beyond, 60.0)["B1"].legs) > 2


def test_the_decision_counts_the_climb_and_the_way_home_at_that_height() -> None:
    wall = box("wall", **WALL, floor_m=0.0, ceiling_m=90.0)
    (decided,) = decide(city(wall))
    assert decided.drone_id == "D1"
    option = decided.options[0]
    assert option.time is not None
    assert option.distance_m == pytest.approx(1000, rel=1e-3)
    assert option.time.climb_s > vertical_s(60.0, QUAD.takeoff_mps, QUAD.acceleration_mps2)


def test_a_place_is_closed_only_where_no_height_is_legal() -> None:
    over = box("over", 900, -100, 1100, 100, floor_m=0.0, ceiling_m=90.0)
    one = city(over)
    assert closed_zone(one, one.incidents["I1"].position) is None
    without = city(over, rules=RULES)
    shut = closed_zone(without, without.incidents["I1"].position)
    assert shut is not None
    assert shut.id == "over"
    assert zones_now(one) == (over,)
