"""From any point of any leg there is a legal way to a base that the battery is enough for."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.contingency import _out, contingencies, lacking, return_tree
from dispatch.decide import decide
from geo.airspace import restrictions
from geo.flight import landing_energy_wh, timed_plan
from geo.route import Airways, Motion, Points, legs_of, motion_of, prepare
from geo.wind import Wind
from tests.dispatch.worlds import FRAME, QUAD, at, base, box, docked, drone, incident, situation

SITES = (("B1", (0.0, 0.0)), ("B2", (2600.0, 400.0)), ("B3", (900.0, -1500.0)))
PLACES = st.tuples(st.floats(-2000, 4000), st.floats(-2500, 2500))
WALLS = st.lists(
    st.tuples(st.floats(-1500, 3500), st.floats(-2000, 2000), st.floats(40, 900), st.floats(40, 900)), max_size=5
)
WINDS = st.builds(Wind, st.floats(0, 12), st.floats(0, 359))
BASES = [base(id_, *place) for id_, place in SITES]
FLEET = [drone("D1", "B1"), drone("D2", "B2", system_id=2)]


def sky(walls: list[tuple[float, float, float, float]]) -> Airways:
    return prepare(FRAME, restrictions([box(f"Z{k}", x, y, x + w, y + h) for k, (x, y, w, h) in enumerate(walls)]))


def nearest_s(airways: Airways, motion: Motion, point: Points) -> float:
    """By the compiled ways, base by base."""
    ways = airways.ways_from(point, np.array([place for _, place in SITES]), motion)
    return min((way.cruise_s for way in ways if way is not None), default=np.inf)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(walls=WALLS, place=PLACES, wind=WINDS)
def test_the_tree_finds_the_base_that_the_ways_find(
    walls: list[tuple[float, float, float, float]], place: tuple[float, float], wind: Wind
) -> None:
    airways, motion, point = sky(walls), motion_of(QUAD, wind), np.array(place)
    found = _out(airways, motion, return_tree(airways, motion, SITES), point)
    expected_s = nearest_s(airways, motion, point)
    if found is None:
        assert np.isinf(expected_s)
        return
    base_id, seconds, way = found.base_id, found.seconds, found.way
    assert seconds == pytest.approx(expected_s, rel=1e-6, abs=1e-6)
    assert tuple(way[-1]) == dict(SITES)[base_id]
    assert not airways.blocked(way[:-1], way[1:]).any()
    assert motion.leg_times_s(np.diff(way, axis=0)).sum() == pytest.approx(seconds, rel=1e-6, abs=1e-6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(walls=WALLS, start=PLACES, goal=PLACES, wind=WINDS)
def test_no_point_of_a_leg_is_worse_than_its_contingency_says(
    walls: list[tuple[float, float, float, float]],
    start: tuple[float, float],
    goal: tuple[float, float],
    wind: Wind,
) -> None:
    airways, motion = sky(walls), motion_of(QUAD, wind)
    way = airways.ways_from(np.array(start), np.array([goal]), motion)[0]
    if way is None:
        return
    plan = timed_plan(legs_of(way, FRAME, motion), QUAD, height_m=60.0, climb_from_m=0.0)
    found = contingencies(airways, motion, return_tree(airways, motion, SITES), plan, QUAD, 200.0)
    assert len(found) == len(plan.legs)
    cruise_wh_s, flown_s = QUAD.cruise_w / 3600, 0.0
    all_s = sum(leg.length_m / leg.ground_speed_mps for leg in plan.legs)
    other_wh = plan.energy_wh - all_s * cruise_wh_s + landing_energy_wh(60.0, QUAD)
    for leg, out in zip(plan.legs, found, strict=True):
        leg_s, (a, b) = leg.length_m / leg.ground_speed_mps, FRAME.xy_of([leg.start, leg.end])
        for share in (0.0, 0.17, 0.5, 0.73, 0.99):
            exact_s = nearest_s(airways, motion, a + share * (b - a))
            if out is None:
                continue  # some point of it has no way out; which, it does not say
            assert not airways.blocked(out.way[:-1], out.way[1:]).any()
            needed_wh = other_wh + (flown_s + share * leg_s + exact_s) * cruise_wh_s
            assert 200.0 - out.spare_wh >= needed_wh - 1e-6
        flown_s += leg_s


def test_a_leg_behind_which_no_base_can_be_reached_has_none() -> None:
    """Downwind of the only base in more wind than the airspeed."""
    airways, motion = sky([]), Motion(Wind(24.0, 270.0), 20.0, 30.0)
    way = airways.ways_from(np.array([0.0, 0.0]), np.array([[1000.0, 0.0]]), motion)[0]
    assert way is not None
    plan = timed_plan(legs_of(way, FRAME, motion), QUAD, height_m=60.0, climb_from_m=0.0)
    alone = return_tree(airways, motion, SITES[:1])
    assert contingencies(airways, motion, alone, plan, QUAD, 200.0) == [None]
    downwind = return_tree(airways, motion, SITES[:2])
    (out,) = contingencies(airways, motion, downwind, plan, QUAD, 200.0)
    assert out is not None
    assert out.base_id == "B2"


def test_a_battery_that_is_enough_for_the_way_out_only_is_told_of() -> None:
    one = situation([base("B1", 0, 0)], FLEET[:1], [incident("I1", 4000, 0)])
    assert lacking(one, "D1", at(4000, 0)) is None
    low = docked(FLEET[0], {"B1": one.bases["B1"]}, battery_share=QUAD.reserve_share + 0.12)
    reason = lacking(dataclasses.replace(one, states={"D1": low}), "D1", at(4000, 0))
    assert reason is not None
    assert reason.code == "no_contingency"
    assert float(reason.values["lacks_wh"]) > 0
    assert "leg 1 of 1" in reason.text


def test_a_drone_without_contingency_is_not_sent_though_it_is_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule of the decision alone: the way home that it demands besides leaves no case that is not made up."""
    from dispatch import decide as module
    from dispatch import reasons

    one = situation(BASES, FLEET, [incident("I1", 600, 0)])
    assert decide(one)[0].drone_id == "D1"
    monkeypatch.setattr(
        module, "lacking", lambda _s, drone_id, *_: reasons.no_contingency(1, 1, 0.0) if drone_id == "D1" else None
    )
    (decision,) = decide(one)
    assert decision.drone_id == "D2"
    assert {o.drone_id: o.out.code for o in decision.options if o.out} == {"D1": "no_contingency"}
