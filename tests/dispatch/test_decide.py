"""Who goes: the promises of the decision, on examples and on random situations."""

import dataclasses
import itertools
import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.codec import to_json
from dispatch.decide import assess, decide
from dispatch.model import Decision, IncidentStatus, Option, Rules, Situation, SortieState
from dispatch.outbound import ways_out
from geo.wind import Wind
from tests.dispatch.strategies import incidents, situations, with_incident
from tests.dispatch.worlds import (
    FRAME,
    NOW_S,
    QUAD,
    at,
    base,
    box,
    docked,
    drone,
    flying,
    incident,
    shuffled,
    situation,
    sortie,
)
from tests.geo.test_profile import straight_seen_s

BASES = [base("B1", 0, 0), base("B2", 2000, 0)]
D1, D2, D3 = drone("D1", "B1"), drone("D2", "B2"), drone("D3", "B1")


def only(one: Situation) -> Decision:
    (decision,) = decide(one)
    return decision


def by_incident(decisions: tuple[Decision, ...]) -> dict[str, Decision]:
    return {decision.incident_id: decision for decision in decisions}


def option(decision: Decision, drone_id: str) -> Option:
    return next(o for o in decision.options if o.drone_id == drone_id)


# ---------------------------------------------------------------- the simplest things


def test_the_nearest_goes_and_its_time_is_arithmetic() -> None:
    decision = only(situation(BASES, [D1, D2], [incident("I1", 700, 0)]))
    assert decision.drone_id == "D1"
    seen_m, v, a, j = 60 * math.tan(math.radians(30)), 20.0, 4.0, 15.0
    time = option(decision, "D1").time
    assert time is not None
    assert time.turnout_s == pytest.approx(1.0 + 0.5 + 4.0 + 2.0 + 60 / 5 + 5 / 4)
    assert time.total_s - time.turnout_s == pytest.approx(straight_seen_s(700, v, a, j, seen_m), rel=1e-4)
    assert decision.why.startswith("D1 goes: over I1 in ")


def test_nothing_open_nobody_goes() -> None:
    assert decide(situation(BASES, [D1])) == ()
    served = situation(BASES, [D1], [incident("I1", 700, 0)], sorties=[sortie("D1", SortieState.EN_ROUTE, "I1")])
    assert decide(served) == ()


def test_without_drones_or_bases_it_waits_and_says_so() -> None:
    for empty in (situation(BASES, [], [incident("I1", 0, 0)]), situation([], [], [incident("I1", 0, 0)])):
        decision = only(empty)
        assert decision.drone_id is None
        assert decision.options == ()
        assert "no drone can go (no drones)" in decision.why


def test_without_a_base_to_come_home_to_nobody_goes() -> None:
    lost = situation(BASES, [D1], [incident("I1", 700, 0)], states=[flying("D1", 500, 0)])
    homeless = dataclasses.replace(lost, bases={}, sorties={"D1": sortie("D1", SortieState.RETURNING)})
    reason = option(only(homeless), "D1").out
    assert reason is not None
    assert reason.code == "no_way_home"


def test_an_incident_right_over_the_base_is_served() -> None:
    decision = only(situation(BASES, [D1, D2], [incident("I1", 0, 0)]))
    assert decision.drone_id == "D1"
    assert option(decision, "D1").distance_m == 0


# ---------------------------------------------------------------- for every situation


@settings(max_examples=60)
@given(situations())
def test_the_same_situation_gives_the_same_bytes_in_any_order(one: Situation) -> None:
    before = to_json(one)
    first = to_json(decide(one))
    assert to_json(decide(one)) == first
    assert to_json(decide(shuffled(one))) == first
    assert to_json(one) == before


@settings(max_examples=60)
@given(situations())
def test_every_decision_ranks_every_drone_once(one: Situation) -> None:
    decisions = decide(one)
    waiting = {i.id for i in one.incidents.values() if i.status is IncidentStatus.OPEN}
    robbed = {o.preempts for d in decisions for o in d.options if o.drone_id == d.drone_id and o.preempts}
    assert sorted(d.incident_id for d in decisions) == sorted(waiting | robbed)
    for decision in decisions:
        assert sorted(o.drone_id for o in decision.options) == sorted(one.drones)
        able = [o for o in decision.options if o.out is None]
        assert list(decision.options[: len(able)]) == able
        times = [o.time.total_s for o in able if o.time is not None]
        assert len(times) == len(able)
        assert times == sorted(times)
        assert all(o.out.text and o.out.change for o in decision.options if o.out is not None)
    urgencies = [one.incidents[d.incident_id].priority for d in decisions]
    assert urgencies == sorted(urgencies)


@settings(max_examples=80)
@given(situations())
def test_no_drone_goes_twice_and_no_hard_constraint_is_broken(one: Situation) -> None:
    decisions = decide(one)
    sent = [d.drone_id for d in decisions if d.drone_id is not None]
    assert len(sent) == len(set(sent))
    for decision in decisions:
        if decision.drone_id is None:
            continue
        case, state = one.incidents[decision.incident_id], one.states[decision.drone_id]
        airframe = one.airframes[one.drones[decision.drone_id].airframe]
        pick = option(decision, decision.drone_id)
        assert pick.out is None
        assert decision.drone_id not in one.withdrawn
        assert decision.drone_id not in case.refused_drones
        assert state.connected
        assert one.now_s - state.seen_at_s <= one.rules.link_lost_s
        assert state.in_air or state.healthy
        assert set(case.needs) <= set(airframe.sensors)
        assert one.wind.speed_mps <= airframe.wind_limit_mps
        assert one.rain_mm_h <= airframe.rain_limit_mm_h
        usable_wh = (state.battery_share - airframe.reserve_share) * airframe.battery_wh
        assert state.position is not None
        there = math.dist(FRAME.xy(state.position), FRAME.xy(case.position))
        home = min(math.dist(FRAME.xy(b.position), FRAME.xy(case.position)) for b in one.bases.values())
        least_s = (there + home) / (airframe.speed_mps + one.wind.speed_mps)
        stint_s = min(case.watch_s, one.rules.relay_stint_s)
        least_wh = (least_s * airframe.cruise_w + stint_s * airframe.hover_w) / 3600
        assert pick.energy_wh is not None
        assert least_wh <= pick.energy_wh <= usable_wh + 1e-9
        assert pick.spare_wh == pytest.approx(usable_wh - pick.energy_wh)


@settings(max_examples=60)
@given(situations())
def test_no_drone_is_sent_through_a_zone(one: Situation) -> None:
    closed = []
    for zone in one.zones.values():
        corners = FRAME.to_xy(*zip(*zone.ground.outline, strict=True))
        closed.append(shapely.Polygon(corners).buffer(zone.margin_m - 1e-3))
    ground = shapely.union_all(closed)
    for decision in decide(one):
        if decision.drone_id is None:
            continue
        state, case = one.states[decision.drone_id], one.incidents[decision.incident_id]
        airframe = one.airframes[one.drones[decision.drone_id].airframe]
        (plan,) = ways_out(one, airframe, [state], case.position)
        assert plan is not None
        for leg in plan.legs:
            line = shapely.LineString([FRAME.xy(leg.start), FRAME.xy(leg.end)])
            if state.in_air and leg is plan.legs[0]:
                line = shapely.difference(line, ground)  # it may have to leave closed ground first
            assert shapely.intersection(line, ground).length < 1e-3
        assert not shapely.intersects(ground, shapely.Point(FRAME.xy(case.position)))


# ---------------------------------------------------------------- assignment


def best_assignment(options: list[list[Option]], gain_s: float) -> tuple[int, float]:
    """How many incidents of one class can be served, and the least total price of doing so, by trying everything."""
    best = (0, 0.0)
    able = [[None, *(o for o in row if o.out is None)] for row in options]
    for chosen in itertools.product(*able):
        picked = [o for o in chosen if o is not None]
        if len({o.drone_id for o in picked}) < len(picked):
            continue
        price = sum(o.time.total_s + (gain_s if o.preempts else 0.0) for o in picked if o.time is not None)
        if (-len(picked), price) < (-best[0], best[1]):
            best = (len(picked), price)
    return best


@settings(max_examples=60)
@given(situations(most_drones=4, most_open=4, with_zones=False), st.sampled_from([0.0, 30.0, 300.0]))
def test_each_class_serves_as_many_as_possible_in_the_least_total_time(one: Situation, gain_s: float) -> None:
    one = dataclasses.replace(one, rules=Rules(preempt_gain_s=gain_s), wind=Wind(), rain_mm_h=0.0)
    taken: dict[str, str] = {}
    decisions = decide(one)
    for _, group in itertools.groupby(decisions, key=lambda d: one.incidents[d.incident_id].priority):
        batch = list(group)
        options = [assess(one, one.incidents[d.incident_id], taken) for d in batch]
        picks = [next((o for o in d.options if o.drone_id == d.drone_id), None) for d in batch]
        prices = [
            o.time.total_s + (gain_s if o.preempts else 0.0) for o in picks if o is not None and o.time is not None
        ]
        count, price = best_assignment(options, gain_s)
        assert len(prices) == count
        assert sum(prices) == pytest.approx(price, abs=0.002 * len(one.drones) + 1e-6)
        taken |= {d.drone_id: d.incident_id for d in batch if d.drone_id is not None}


@settings(max_examples=60)
@given(situations(), incidents("X9"), st.integers(0, 3))
def test_what_is_less_urgent_changes_nothing_for_what_is_more(one: Situation, more: object, later: int) -> None:
    """However many less urgent incidents come in, those before them get the same drones."""
    case = dataclasses.replace(more, priority=5, clocks=dataclasses.replace(more.clocks, reported_at_s=NOW_S - later))  # type: ignore[type-var, attr-defined]
    before, after = by_incident(decide(one)), by_incident(decide(with_incident(one, case)))
    for incident_id, decision in before.items():
        assert after[incident_id].drone_id == decision.drone_id
        assert to_json(after[incident_id]) == to_json(decision)


def test_a_second_best_goes_where_that_serves_both() -> None:
    """D3 could reach only the near one: the fast D1 leaves it to it, though it would be there sooner."""
    weak = docked(D3, {"B1": BASES[0]}, battery_share=0.31)
    one = situation(BASES[:1], [D1, D3], [incident("I1", 100, 0), incident("I2", 2500, 0)], states=[weak])
    got = by_incident(decide(one))
    assert (got["I1"].drone_id, got["I2"].drone_id) == ("D3", "D1")
    assert option(got["I2"], "D3").out is not None


# ---------------------------------------------------------------- pre-emption


def on_the_way(priority: int, where: float = 600, **changes: object) -> Situation:
    """D1 is on its way east to S1; D2 stands at B2; I1 is reported near D1."""
    return situation(
        BASES,
        [D1, D2],
        [incident("S1", 1400, 0, priority=priority), incident("I1", 500, 300, priority=2)],
        states=[flying("D1", where, 0)],
        sorties=[sortie("D1", SortieState.EN_ROUTE, "S1", **changes)],
    )


def test_a_drone_is_taken_from_a_less_urgent_incident_which_is_decided_again_and_says_so() -> None:
    got = by_incident(decide(on_the_way(priority=3)))
    assert got["I1"].drone_id == "D1"
    assert option(got["I1"], "D1").preempts == "S1"
    assert "taken from S1" in got["I1"].why
    assert got["S1"].drone_id == "D2"
    assert "its drone was taken for I1" in got["S1"].why
    assert option(got["S1"], "D1").out is not None


@pytest.mark.parametrize("priority", [1, 2])
def test_never_from_one_as_urgent_or_more(priority: int) -> None:
    got = by_incident(decide(on_the_way(priority=priority)))
    assert set(got) == {"I1"}
    assert got["I1"].drone_id == "D2"


def test_not_for_a_gain_smaller_than_the_rules_ask() -> None:
    eager = on_the_way(priority=3)
    times = {o.drone_id: o.time.total_s for o in by_incident(decide(eager))["I1"].options if o.time is not None}
    gain_s = times["D2"] - times["D1"]
    for asked, goes in ((gain_s - 0.1, "D1"), (gain_s + 0.1, "D2")):
        one = dataclasses.replace(eager, rules=Rules(preempt_gain_s=asked))
        assert by_incident(decide(one))["I1"].drone_id == goes


@pytest.mark.parametrize("state", [SortieState.ON_SCENE, SortieState.LANDING])
def test_not_from_the_scene_or_while_landing(state: SortieState) -> None:
    one = dataclasses.replace(on_the_way(priority=3), sorties={"D1": sortie("D1", state, "S1")})
    assert by_incident(decide(one))["I1"].drone_id == "D2"


def test_not_one_that_an_operator_holds() -> None:
    assert by_incident(decide(on_the_way(priority=3, held=True)))["I1"].drone_id == "D2"


def test_robbing_goes_down_the_priorities() -> None:
    """The first takes a drone from the second, and the second from the third, in one call."""
    one = situation(
        BASES,
        [D1, D3],
        [
            incident("I1", 300, 0, priority=1),
            incident("S2", 900, 0, priority=2),
            incident("S3", 1400, 0, priority=3),
        ],
        states=[flying("D1", 300, 100), flying("D3", 700, 100)],
        sorties=[sortie("D1", SortieState.EN_ROUTE, "S2"), sortie("D3", SortieState.EN_ROUTE, "S3")],
    )
    got = by_incident(decide(one))
    assert {k: d.drone_id for k, d in got.items()} == {"I1": "D1", "S2": "D3", "S3": None}
    assert "taken for I1" in got["S2"].why
    assert "taken for S2" in got["S3"].why


def test_a_drone_on_its_way_home_goes_again_at_once() -> None:
    one = situation(
        BASES,
        [D1, D2],
        [incident("I1", 1000, 300)],
        states=[flying("D1", 1000, 0)],
        sorties=[sortie("D1", SortieState.RETURNING)],
    )
    decision = only(one)
    assert decision.drone_id == "D1"
    assert option(decision, "D1").preempts is None
    time = option(decision, "D1").time
    assert time is not None
    assert (time.dock_s, time.arm_s, time.climb_s) == (0, 0, 0)


# ---------------------------------------------------------------- home


def test_a_base_nearer_than_its_own_is_enough_to_come_home_to() -> None:
    """Own base too far for the battery, the other's spare dock is not."""
    far = [base("B1", 0, 0), base("B2", 7500, 0)]
    low = docked(D1, {"B1": far[0]}, battery_share=0.42)
    one = situation(far, [D1, D2], [incident("I1", 7000, 0, needs=("visible",))], states=[low])
    one = dataclasses.replace(one, withdrawn={"D2": "away"})
    assert only(one).drone_id == "D1"
    full = dataclasses.replace(one, bases={**one.bases, "B2": base("B2", 7500, 0, docks=1)})  # D2's own
    reason = option(only(full), "D1").out
    assert reason is not None
    assert reason.code == "energy"


def test_bases_at_other_heights_meet_zones_of_other_heights() -> None:
    """From a base 100 m up the drone flies at 160 m above the sea: into a zone that begins at 150."""
    above = box("Z", 300, -50, 500, 50, floor_m=150.0, floor_reference="AMSL")
    low = situation([base("B1", 0, 0)], [D1], [incident("I1", 700, 0)], zones=[above])
    high = dataclasses.replace(low, bases={"B1": base("B1", 0, 0, ground_amsl_m=100.0)})
    lengths = [option(only(one), "D1").distance_m for one in (low, high)]
    assert lengths[0] == pytest.approx(700, abs=0.1)
    assert lengths[1] is not None
    assert lengths[1] > 701


def test_at_hand_are_the_sensors_of_the_airframe() -> None:
    one = situation(BASES, [D1, drone("L1", "B1", "lifter")], [incident("I1", 300, 0, needs=("speaker",))])
    assert only(one).drone_id == "L1"
    assert set(QUAD.sensors) == {"visible", "thermal"}
    assert at(0, 0) == BASES[0].position
