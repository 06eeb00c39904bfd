"""The life of an incident from the report to the drone's return, and what an operator may do on the way."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from dispatch.codec import to_json
from dispatch.events import (
    Assign,
    Cancel,
    GrantRecorded,
    GrantRevoked,
    HoldHere,
    OrderError,
    Recall,
    Release,
    Reported,
    Restore,
    Resume,
    Withdraw,
    ZoneLifted,
)
from dispatch.lifecycle import advance, next_deadline_s
from dispatch.model import IncidentStatus, SortieState
from geo.airspace import Grant
from tests.dispatch.sky import CLOCKS, ON_THE_WAY, Sky, fault, sky_of, states_of, telemetry
from tests.dispatch.worlds import FRAME, NOW_S, at, base, drone, incident, situation

BASES = [base("B1", 0, 0), base("B2", 3000, 0)]
FLEET = [drone("D1", "B1"), drone("D2", "B2")]
CASE = incident("I1", 800, 0, watch_s=30.0)


def two() -> Sky:
    """Two drones, of which D1 is decided for I1."""
    sky = sky_of(situation(BASES, FLEET), [CASE])
    assert sky.sortie("D1").state is SortieState.DECIDED
    return sky


# ---------------------------------------------------------------- all goes well


def test_from_report_to_return_with_every_clock_in_order() -> None:
    sky = two()
    seen = [sky.sortie("D1").state]
    while sky.situation.incidents:
        sky.step()
        if sky.sortie("D1").state is not seen[-1]:
            seen.append(sky.sortie("D1").state)
        assert sky.now_s - NOW_S < 400
    names = "decided commanded airborne en_route on_scene returning landing charging"
    assert [state.value for state in seen] == names.split()
    case = sky.incident("I1")
    assert case.status is IncidentStatus.CLOSED
    instants = [getattr(case.clocks, name) for name in CLOCKS]
    assert None not in instants
    assert instants == sorted(instants)
    reported, decided, launched, on_scene, cleared, returned = instants
    assert decided == reported
    assert launched - decided == pytest.approx(4 + 2 + 1, abs=2)  # dock, arming, off the ground
    assert on_scene - launched == pytest.approx(60 / 5 + (800 - 34) / 20, abs=3)
    assert cleared - on_scene == pytest.approx(30, abs=1)
    assert returned - cleared == pytest.approx(800 / 20 + 60 / 5 + 2, abs=4)
    assert sky.orders("D1") == ["Launch", "Fly", "Fly", "Land"]
    sky.until_state("D1", SortieState.DONE)
    assert sky.orders("D2") == []


def test_predicted_and_flown_times_agree() -> None:
    sky = two()
    predicted_s = sky.sortie("D1").out.time.total_s
    sky.until_state("D1", SortieState.ON_SCENE)
    assert 0 <= predicted_s - (sky.now_s - NOW_S) < 8  # these vehicles need no time to speed up


def test_a_patrol_is_flown_on_through_its_points_before_it_is_watched() -> None:
    patrol = dataclasses.replace(CASE, route=(at(800, 400), at(1200, 400)))
    sky = sky_of(situation(BASES, FLEET), [patrol])
    sortie = sky.until_state("D1", SortieState.ON_SCENE)
    assert [command.points[-1] for command in sky.commands if hasattr(command, "points")][-1] == sortie.out.legs[-1].end
    assert sortie.out.distance_m == pytest.approx(800 + 20, abs=25)  # from where the first point came into sight
    sky.until(lambda: sky.sortie("D1").state is not SortieState.ON_SCENE)
    assert sky.now_s - sky.incident("I1").clocks.on_scene_at_s == pytest.approx(sortie.out.time.total_s + 30, abs=2)  # type: ignore[operator]
    sky.until(lambda: not sky.situation.incidents)


def test_an_incident_over_the_base_is_watched_from_there() -> None:
    sky = sky_of(situation(BASES, FLEET), [incident("I1", 0, 0, watch_s=5.0)])
    sky.until(lambda: not sky.situation.incidents)
    assert sky.incident("I1").clocks.on_scene_at_s is not None


def test_the_decision_and_what_it_was_made_on_are_told() -> None:
    start = situation(BASES, FLEET)
    outcome = advance(start, Reported(at_s=NOW_S, incident=CASE))
    (id_,) = outcome.decided_on
    assert id_ == "I1.1"
    assert outcome.decided_on[id_].incidents["I1"] == CASE
    assert start.incidents == {}


# ---------------------------------------------------------------- one after the other


def test_a_drone_on_its_way_home_goes_again_and_closes_both_when_it_lands() -> None:
    sky = two()
    sky.until_state("D1", SortieState.RETURNING)
    sky.report(incident("I2", 600, 300, watch_s=10.0))
    assert sky.sortie("D1").incident_id == "I2"
    assert sky.sortie("D1").state is SortieState.EN_ROUTE
    assert sky.incident("I1").status is IncidentStatus.CLEARED
    assert sky.incident("I2").clocks.launched_at_s == sky.now_s
    sky.until(lambda: not sky.situation.incidents)
    assert sky.incident("I1").clocks.returned_at_s == sky.incident("I2").clocks.returned_at_s
    assert len(sky.sorties) == 1


def test_a_charging_drone_is_launched_again_as_a_new_sortie() -> None:
    sky = two()
    sky.until_state("D1", SortieState.CHARGING)
    sky.report(incident("I2", 500, 0, watch_s=5.0))
    first, second = (sky.sorties[id_] for id_ in sorted(sky.sorties))
    assert (first.state, second.state) == (SortieState.DONE, SortieState.DECIDED)
    sky.until(lambda: not sky.situation.incidents)


@pytest.mark.parametrize("state", sorted(ON_THE_WAY))
def test_a_more_urgent_incident_takes_the_drone_wherever_it_is_on_its_way(state: SortieState) -> None:
    """Recorded on the ground, climbing and en route: the sortie goes on, for another."""
    sky = sky_of(situation(BASES, FLEET), [dataclasses.replace(CASE, priority=4)])
    before = sky.until_state("D1", state)
    sky.report(incident("I2", 300, 300, priority=1, watch_s=10.0))
    after = sky.sortie("D1")
    assert (after.id, after.incident_id) == (before.id, "I2")
    assert after.state is before.state
    assert sky.sortie("D2").incident_id == "I1"
    assert sky.decisions[-1].incident_id == "I1"
    assert "taken for I2" in sky.decisions[-1].why
    sky.until(lambda: not sky.situation.incidents)
    assert sky.orders("D1").count("Launch") == 1


def test_what_nobody_can_serve_waits_says_why_once_and_is_served_when_that_changes() -> None:
    sky = sky_of(situation(BASES[:1], FLEET[:1], withdrawn={"D1": "propeller"}), [CASE])
    assert "withdrawn 1" in sky.incident("I1").waits_because
    sky.run(30)
    assert len(sky.decisions) == 1
    sky.give(Restore(at_s=sky.now_s, drone_id="D1"))
    assert sky.incident("I1").status is IncidentStatus.ASSIGNED
    assert sky.incident("I1").waits_because == ""


def test_a_battery_that_has_charged_is_noticed_without_any_other_event() -> None:
    sky = sky_of(situation(BASES[:1], FLEET[:1]))
    telemetry(sky, "D1", battery_share=0.2)
    sky.step()
    sky.report(CASE)
    assert "energy 1" in sky.incident("I1").waits_because
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.ASSIGNED, 600)


def test_a_drone_that_becomes_healthy_or_is_heard_again_is_sent_at_once() -> None:
    for changes in ({"healthy": False}, {"connected": False}):
        sky = sky_of(situation(BASES[:1], FLEET[:1]))
        telemetry(sky, "D1", **changes)
        if "connected" in changes:
            fault(sky, "D1", "silent")
        sky.run(10)
        sky.report(CASE)
        assert sky.incident("I1").status is IncidentStatus.OPEN
        sky.vehicles["D1"].faults.clear()
        telemetry(sky, "D1", healthy=True)
        sky.step()
        assert sky.incident("I1").status is IncidentStatus.ASSIGNED


# ---------------------------------------------------------------- orders


FLIES = [SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE]
STANDS = [SortieState.DECIDED, SortieState.COMMANDED]
COMES_HOME = [SortieState.RETURNING]
OVER = [SortieState.LANDING, SortieState.CHARGING, SortieState.DONE]


def brought_to(state: SortieState) -> Sky:
    sky = two()
    sky.until_state("D1", state)
    return sky


@pytest.mark.parametrize("state", [*STANDS, *FLIES])
def test_release_ends_the_watch_and_closes_when_the_drone_is_home(state: SortieState) -> None:
    sky = brought_to(state)
    sky.give(Release(at_s=sky.now_s, incident_id="I1"))
    case = sky.incident("I1")
    assert case.clocks.cleared_at_s == sky.now_s
    if state in STANDS:  # it never left
        assert case.status is IncidentStatus.CLOSED
        assert sky.sortie("D1").state is SortieState.DONE
        assert sky.orders("D1")[-1] == "StandDown"
    else:
        sky.until(lambda: not sky.situation.incidents)
        assert sky.incident("I1").clocks.returned_at_s is not None
    assert sky.orders("D2") == []


@pytest.mark.parametrize("state", [*STANDS, *FLIES])
def test_cancel_strikes_the_incident_off_at_once(state: SortieState) -> None:
    sky = brought_to(state)
    sky.give(Cancel(at_s=sky.now_s, incident_id="I1"))
    assert sky.incident("I1").status is IncidentStatus.CANCELLED
    assert sky.situation.incidents == {}
    assert sky.sortie("D1").incident_id is None
    sky.until(lambda: sky.sortie("D1").state in OVER)
    sky.until(lambda: not sky.vehicles["D1"].state.in_air)


@pytest.mark.parametrize("state", [*STANDS, *FLIES])
def test_recall_sends_the_next_drone_in_the_same_event(state: SortieState) -> None:
    sky = brought_to(state)
    sky.give(Recall(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.incident("I1").refused_drones == ("D1",)
    assert sky.sortie("D2").incident_id == "I1"
    sky.until(lambda: not sky.situation.incidents)
    assert not sky.vehicles["D1"].state.in_air


@pytest.mark.parametrize("state", [*FLIES, *COMES_HOME])
def test_hold_stops_it_for_as_long_as_it_takes_and_resume_goes_on(state: SortieState) -> None:
    sky = brought_to(state)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.orders("D1")[-1] == "Hold"
    orders = len(sky.commands)
    here = FRAME.xy(sky.vehicles["D1"].state.position)
    sky.run(120)  # far beyond every deadline
    assert sky.sortie("D1").state is state
    assert len(sky.commands) == orders
    assert FRAME.xy(sky.vehicles["D1"].state.position) == pytest.approx(here, abs=1e-3)
    assert next_deadline_s(sky.situation) == float("inf")
    sky.give(Resume(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert not sky.sortie("D1").held
    sky.until(lambda: not sky.situation.incidents)
    assert states_of(sky.sortie("D1")).count(SortieState.FAILED) == 0
    assert sky.situation.withdrawn == {}


def test_a_held_patrol_goes_on_with_its_points() -> None:
    sky = sky_of(situation(BASES, FLEET), [dataclasses.replace(CASE, route=(at(800, 900),))])
    sky.until_state("D1", SortieState.ON_SCENE)
    sky.run(5)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    sky.run(200)
    sky.give(Resume(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.sortie("D1").state is SortieState.ON_SCENE
    sky.until(lambda: sky.sortie("D1").state is not SortieState.ON_SCENE)
    path = [command.points[-1] for command in sky.commands if hasattr(command, "points")]
    assert path[-2].latitude_deg == pytest.approx(at(800, 900).latitude_deg)


def test_a_held_drone_that_sees_its_scene_says_so_and_stays_held() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    telemetry(sky, "D1", position=at(790, 0))
    sky.step()
    assert sky.incident("I1").status is IncidentStatus.ON_SCENE
    assert sky.sortie("D1").held


@pytest.mark.parametrize(
    ("state", "drift"),
    [
        (SortieState.AIRBORNE, {"height_m": 60.0}),
        (SortieState.EN_ROUTE, {"position": at(795, 0)}),
        (SortieState.RETURNING, {"position": at(0, 0), "ground_speed_mps": 0.0}),
    ],
)
def test_a_held_drone_is_told_nothing_even_where_it_would_be_told_to_go_on(
    state: SortieState, drift: dict[str, object]
) -> None:
    """Climbed high enough, over the first point of a patrol, over its base."""
    sky = sky_of(situation(BASES, FLEET), [dataclasses.replace(CASE, route=(at(800, 300),))])
    sky.until_state("D1", state)
    sky.run(2)
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    told = len(sky.orders("D1"))
    telemetry(sky, "D1", **drift)
    sky.run(5)
    assert sky.sortie("D1").held
    assert len(sky.orders("D1")) == told


@pytest.mark.parametrize("state", [*STANDS, *FLIES])
def test_assigning_another_drone_brings_the_first_home(state: SortieState) -> None:
    sky = brought_to(state)
    sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D2"))
    assert sky.sortie("D2").incident_id == "I1"
    assert sky.decisions[-1].policy == "by-hand"
    if state is SortieState.ON_SCENE:  # eyes stay on the point until the other is there
        assert sky.incident("I1").relief_id == sky.sortie("D2").id
    else:
        assert sky.sortie("D1").incident_id is None
    sky.until(lambda: not sky.situation.incidents)
    assert not sky.vehicles["D1"].state.in_air


@pytest.mark.parametrize("state", [*STANDS, *FLIES, *COMES_HOME, SortieState.CHARGING])
def test_an_operator_may_take_a_drone_from_what_it_does(state: SortieState) -> None:
    """Even from the scene of something more urgent, which is then decided again."""
    sky = sky_of(situation(BASES, [*FLEET, drone("D3", "B1")]), [dataclasses.replace(CASE, priority=1)])
    sky.until_state("D1", state)
    sky.give(Withdraw(at_s=sky.now_s, drone_id="D3", why="test"))
    sky.report(incident("I2", 200, 500, priority=5, watch_s=10.0))
    if sky.sortie("D1").incident_id != "I2":
        sky.give(Assign(at_s=sky.now_s, incident_id="I2", drone_id="D1"))
    assert sky.sortie("D1").incident_id == "I2"
    if state in (*STANDS, *FLIES):
        assert sky.sortie("D2").incident_id == "I1"
    sky.until(lambda: not sky.situation.incidents)


def test_a_drone_that_failed_on_it_may_be_sent_again_by_hand() -> None:
    sky = brought_to(SortieState.EN_ROUTE)
    sky.run(10)
    sky.give(Recall(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D1"))
    assert sky.sortie("D1").incident_id == "I1"
    assert sky.sortie("D2").incident_id is None


@pytest.mark.parametrize("state", [*STANDS, *FLIES, *COMES_HOME])
def test_withdrawing_keeps_what_stands_on_the_ground_and_lets_what_flies_go_on(state: SortieState) -> None:
    """Somebody may be standing beside the dock."""
    sky = brought_to(state)
    before = sky.sortie("D1")
    sky.give(Withdraw(at_s=sky.now_s, drone_id="D1", why="propeller check"))
    assert sky.situation.withdrawn == {"D1": "propeller check"}
    if state in STANDS:
        assert sky.sortie("D1").state is SortieState.DONE
        assert sky.orders("D1")[-1] == "StandDown"
        assert sky.sortie("D2").incident_id == "I1"
        sky.run(20)
        assert not sky.vehicles["D1"].state.in_air
    else:
        assert sky.sortie("D1") == before
    sky.until(lambda: not sky.situation.incidents)
    sky.report(incident("I9", 100, 0))
    assert sky.sortie("D2").incident_id == "I9"
    sky.give(Restore(at_s=sky.now_s, drone_id="D1"))
    assert sky.situation.withdrawn == {}


def leave(sky: Sky, **changes: Any) -> Grant:
    """A grant for an hour."""
    one = Grant(id="G1", zone_id="Z", authority="tower", reference="1", from_s=sky.now_s, until_s=sky.now_s + 3600)
    return dataclasses.replace(one, **changes)


ILLEGAL: list[tuple[str, list[SortieState], Callable[[Sky], object]]] = [
    ("not_flying", STANDS, lambda sky: HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id)),
    ("not_held", [*STANDS, *FLIES, *COMES_HOME], lambda sky: Resume(at_s=sky.now_s, sortie_id=sky.sortie("D1").id)),
    ("too_late", OVER, lambda sky: Recall(at_s=sky.now_s, sortie_id=sky.sortie("D1").id)),
    ("too_late", OVER, lambda sky: HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id)),
    ("no_drone", COMES_HOME, lambda sky: Release(at_s=sky.now_s, incident_id="I1")),
    ("over", COMES_HOME, lambda sky: Assign(at_s=sky.now_s, incident_id="I1", drone_id="D2")),
    ("already", [*STANDS, *FLIES], lambda sky: Assign(at_s=sky.now_s, incident_id="I1", drone_id="D1")),
    ("known_incident", [*STANDS, *FLIES], lambda sky: Reported(at_s=sky.now_s, incident=CASE)),
    ("unknown_incident", FLIES, lambda sky: Release(at_s=sky.now_s, incident_id="I7")),
    ("unknown_incident", FLIES, lambda sky: Cancel(at_s=sky.now_s, incident_id="I7")),
    ("unknown_incident", [SortieState.DONE], lambda sky: Assign(at_s=sky.now_s, incident_id="I1", drone_id="D2")),
    ("unknown_drone", FLIES, lambda sky: Assign(at_s=sky.now_s, incident_id="I1", drone_id="D7")),
    ("unknown_drone", FLIES, lambda sky: Withdraw(at_s=sky.now_s, drone_id="D7", why="x")),
    ("unknown_drone", FLIES, lambda sky: Restore(at_s=sky.now_s, drone_id="D7")),
    ("unknown_sortie", FLIES, lambda sky: Recall(at_s=sky.now_s, sortie_id="D7.1")),
    ("unknown_sortie", FLIES, lambda sky: Resume(at_s=sky.now_s, sortie_id="D7.1")),
    ("unknown_zone", FLIES, lambda sky: ZoneLifted(at_s=sky.now_s, zone_id="Z7")),
    ("unknown_zone", FLIES, lambda sky: GrantRecorded(at_s=sky.now_s, grant=leave(sky, zone_id="Z7"))),
    ("unknown_grant", FLIES, lambda sky: GrantRevoked(at_s=sky.now_s, grant_id="G7", by="x")),
]


@pytest.mark.parametrize(
    ("code", "state", "order"),
    [(code, state, order) for code, states, order in ILLEGAL for state in states],
    ids=lambda value: value.value if isinstance(value, SortieState) else str(value) if isinstance(value, str) else "",
)
def test_an_order_that_cannot_be_carried_out_says_so_and_changes_nothing(
    code: str, state: SortieState, order: Callable[[Sky], object]
) -> None:
    sky = brought_to(state)
    before = to_json(sky.situation)
    with pytest.raises(OrderError) as caught:
        advance(sky.situation, order(sky))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert to_json(sky.situation) == before


def test_a_drone_that_is_not_able_cannot_be_assigned_and_the_error_says_why() -> None:
    sky = two()
    telemetry(sky, "D2", battery_share=0.21)
    sky.step()
    with pytest.raises(OrderError, match=r"D2 cannot go: needs \d+% .* \(would change it: \d+% of battery\)") as caught:
        sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D2"))
    assert caught.value.code == "not_able"
