"""When a vehicle does not do what it was told: every deadline, refusal and silence, and the step after it."""

import dataclasses

import pytest

from dispatch.deadlines import TRIES
from dispatch.events import HoldHere, Observed, Refused, Restore, Resume, Ticked, Withdraw
from dispatch.handover import LINK_REGAINED
from dispatch.model import IncidentStatus, SortieState
from tests.dispatch.sky import Sky, fault, sky_of, states_of, telemetry
from tests.dispatch.worlds import RULES, at, base, drone, incident, situation

BASES = [base("B1", 0, 0), base("B2", 3000, 0)]
FLEET = [drone("D1", "B1"), drone("D2", "B2")]
CASE = incident("I1", 800, 0, watch_s=60.0)


def two(*faults: str) -> Sky:
    """D1, of which something is wrong, is decided for I1; D2 is farther away."""
    sky = sky_of(situation(BASES, FLEET))
    fault(sky, "D1", *faults)
    sky.report(CASE)
    assert sky.sortie("D1").state is SortieState.DECIDED
    return sky


def served_by_the_other(sky: Sky) -> None:
    assert sky.incident("I1").refused_drones == ("D1",)
    assert sky.sortie("D2").incident_id == "I1"
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)


# ---------------------------------------------------------------- at the start


def test_a_refusal_to_arm_sends_the_next_drone_in_the_same_event() -> None:
    sky = two("refuse launch")
    sky.until(lambda: "D2" in sky.situation.sorties, 6)
    assert sky.orders("D1") == ["Launch", "StandDown"]
    assert sky.orders("D2") == []
    assert sky.sortie("D1").state is SortieState.FAILED
    assert "launch denied" in sky.situation.withdrawn["D1"]
    assert sky.decisions[-1].at_s == sky.sortie("D1").steps[-1].at_s
    served_by_the_other(sky)


def test_no_take_off_is_noticed_at_its_deadline() -> None:
    sky = two("deaf to launch")
    took_s = sky.until(lambda: "D2" in sky.situation.sorties)
    assert took_s == pytest.approx(4 + 2 + RULES.command_deadline_s, abs=1.5)
    assert "did not take off" in sky.situation.withdrawn["D1"]
    assert sky.orders("D1")[-1] == "StandDown"
    served_by_the_other(sky)


def test_a_drone_that_does_not_climb_is_landed_where_it_is() -> None:
    sky = two("does not climb")
    sky.until_state("D1", SortieState.LANDING, 80)
    assert "did not climb" in sky.situation.withdrawn["D1"]
    assert sky.orders("D1") == ["Launch", "Land"]
    assert sky.sortie("D2").incident_id == "I1"
    sky.until_state("D1", SortieState.CHARGING, 60)
    served_by_the_other(sky)


def test_a_vehicle_in_the_air_before_its_time_is_taken_as_it_is() -> None:
    sky = two()
    telemetry(sky, "D1", in_air=True, armed=True, height_m=3.0)
    sky.vehicles["D1"].doing, sky.vehicles["D1"].height_m = "climb", 60.0
    sky.step()
    assert sky.sortie("D1").state is SortieState.AIRBORNE
    sky.until_state("D1", SortieState.ON_SCENE)
    assert "Launch" not in sky.orders("D1")


# ---------------------------------------------------------------- on its way


def test_a_way_out_that_is_ignored_is_told_three_times_and_then_given_up() -> None:
    sky = two("deaf to fly")
    sky.until_state("D1", SortieState.EN_ROUTE)
    took_s = sky.until(lambda: "D2" in sky.situation.sorties)
    assert took_s == pytest.approx(TRIES * RULES.command_deadline_s, abs=TRIES + 1)
    assert sky.orders("D1")[: 1 + TRIES] == ["Launch"] + ["Fly"] * TRIES
    assert f"{TRIES} times" in sky.why("D1")
    served_by_the_other(sky)


def test_a_way_that_is_refused_is_given_to_another_at_once() -> None:
    """Its autopilot was asked several times before it was told that it refuses."""
    sky = two()
    fault(sky, "D1", "refuse fly")
    sky.until_state("D1", SortieState.AIRBORNE)
    sky.until(lambda: "Fly" in sky.orders("D1"))
    assert sky.sortie("D2").incident_id == "I1"
    assert "fly refused: fly denied" in "; ".join(s.why for v in sky.sorties.values() for s in v.steps)
    sky.vehicles["D1"].faults.clear()
    served_by_the_other(sky)


def test_a_way_that_is_not_answered_is_told_three_times() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    for _ in range(TRIES):
        assert sky.sortie("D1").incident_id == "I1"
        sortie_id = sky.sortie("D1").id
        sky.give(
            Refused(at_s=sky.now_s, drone_id="D1", sortie_id=sortie_id, order="fly", why="TIMEOUT", answered=False)
        )
    served_by_the_other(sky)


def test_an_order_that_a_silent_vehicle_does_not_answer_costs_it_nothing() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    fault(sky, "D1", "silent")
    sky.run(3)
    sortie_id = sky.sortie("D1").id
    for _ in range(TRIES):
        sky.give(
            Refused(at_s=sky.now_s, drone_id="D1", sortie_id=sortie_id, order="fly", why="TIMEOUT", answered=False)
        )
    sky.vehicles["D1"].faults.clear()
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)
    assert "D2" not in sky.situation.sorties


def test_a_way_that_is_refused_is_told_three_times_at_once_and_then_now_and_then_where_no_other_can_go() -> None:
    sky = two()
    sky.give(Withdraw(at_s=sky.now_s, drone_id="D2", why="propeller check"))
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.run(10)
    fault(sky, "D1", "refuse fly")
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    sky.give(Resume(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.orders("D1").count("Fly") == 1 + TRIES + TRIES  # out again, and home
    assert sky.incident("I1").refused_drones == ("D1",)
    assert sky.incident("I1").status is IncidentStatus.OPEN
    before = len(sky.sorties)
    sky.run(30)
    assert 3 <= len(sky.sorties) - before <= 7  # it is told again, but not at every breath
    sky.vehicles["D1"].faults.clear()
    sky.until_state("D1", SortieState.CHARGING)


def test_a_vehicle_that_stops_on_its_way_is_told_again_from_where_it_is() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.run(10)
    assert sky.sortie("D1").moving
    sky.vehicles["D1"].doing = "hold"
    sky.until(lambda: sky.orders("D1").count("Fly") == 2, 200)
    assert sky.sortie("D1").out.distance_m == pytest.approx(800 - 200, abs=25)
    sky.until_state("D1", SortieState.ON_SCENE)


def test_a_way_home_that_is_ignored_takes_the_drone_out_of_service_but_is_told_again_and_again() -> None:
    sky = two()
    sky.until_state("D1", SortieState.ON_SCENE)
    fault(sky, "D1", "deaf to fly")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED, 200)
    assert "returning" in sky.situation.withdrawn["D1"]
    assert sky.incident("I1").clocks.returned_at_s is None
    sky.until_state("D1", SortieState.RETURNING, 10)  # a new sortie: what is in the air must come home
    sky.vehicles["D1"].faults.clear()
    sky.until_state("D1", SortieState.CHARGING)
    assert "D1" in sky.situation.withdrawn


def test_a_patrol_that_is_refused_is_given_up_too() -> None:
    sky = sky_of(situation(BASES, FLEET), [dataclasses.replace(CASE, route=(at(800, 900),))])
    sky.until(lambda: sky.orders("D1").count("Fly") == 1)
    fault(sky, "D1", "refuse fly")
    sky.until(lambda: "D2" in sky.situation.sorties, 100)
    assert sky.orders("D1").count("Fly") >= 1 + TRIES
    served_by_the_other(sky)


# ---------------------------------------------------------------- landing


def test_a_landing_that_is_ignored_is_told_three_times_and_then_a_person_must_look() -> None:
    sky = two("deaf to land")
    sky.until_state("D1", SortieState.LANDING)
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED, 200)
    assert sky.orders("D1").count("Land") >= TRIES
    assert "landing" in sky.situation.withdrawn["D1"]


def test_a_drone_that_stays_armed_on_the_ground_is_told_to_disarm() -> None:
    sky = two("stays armed")
    sky.until_state("D1", SortieState.LANDING)
    sky.until(lambda: "StandDown" in sky.orders("D1"), 120)
    sky.until_state("D1", SortieState.CHARGING, 20)
    assert sky.situation.withdrawn == {}


# ---------------------------------------------------------------- silence


@pytest.mark.parametrize(
    "state",
    [
        SortieState.DECIDED,
        SortieState.COMMANDED,
        SortieState.AIRBORNE,
        SortieState.EN_ROUTE,
        SortieState.ON_SCENE,
    ],
)
def test_when_the_link_is_lost_another_drone_goes_at_once_and_the_lost_one_goes_on_if_it_is_heard_soon(
    state: SortieState,
) -> None:
    sky = two()
    sky.until_state("D1", state)
    silence(sky, state)
    sky.run(5)
    sky.vehicles["D1"].faults.clear()
    flies_on = sky.vehicles["D1"].state.in_air
    sky.run(3)
    if flies_on:  # it was on its way all the while, and is nearer than the other, which comes home again
        assert sky.sortie("D1").incident_id == "I1"
        assert sky.decisions[-1].policy == LINK_REGAINED
        assert sky.orders("D2")[-1] in ("Fly", "StandDown", "Land")
        sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)
        assert sky.sortie("D1").state is SortieState.CHARGING
    else:
        served_by_the_other(sky)
    assert sky.situation.withdrawn == {}


@pytest.mark.parametrize("state", [SortieState.EN_ROUTE, SortieState.ON_SCENE])
def test_a_lost_drone_that_returns_by_itself_is_let_home_when_it_is_heard_again(state: SortieState) -> None:
    sky = two()
    sky.until_state("D1", state)
    sky.run(5)
    silence(sky, state)
    sky.vehicles["D1"].doing, sky.vehicles["D1"].goals = "return", [(0.0, 0.0)]
    sky.run(5)
    sky.vehicles["D1"].faults.clear()
    sky.run(6)
    assert sky.sortie("D1").incident_id is None
    sky.until_state("D1", SortieState.CHARGING)
    served_by_the_other(sky)
    assert sky.situation.withdrawn == {}


def test_a_lost_drone_whose_incident_nobody_else_can_serve_goes_on_with_it() -> None:
    sky = two()
    sky.give(Withdraw(at_s=sky.now_s, drone_id="D2", why="propeller check"))
    sky.until_state("D1", SortieState.EN_ROUTE)
    fault(sky, "D1", "silent")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.OPEN)
    sky.run(2)
    sky.vehicles["D1"].faults.clear()
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)
    assert sky.incident("I1").clocks.on_scene_at_s is not None


def silence(sky: Sky, state: SortieState) -> None:
    """D1 is not heard any more, from that state on: D2 goes."""
    fault(sky, "D1", "silent")
    took_s = sky.until(lambda: "D2" in sky.situation.sorties, 20)
    assert took_s == pytest.approx(RULES.link_lost_s + 1, abs=1)
    assert "link lost" in sky.why("D1")
    assert sky.sortie("D1").state is SortieState.FAILED
    if state in (SortieState.DECIDED, SortieState.COMMANDED):
        assert sky.orders("D1")[-1] == "StandDown"


def test_a_silent_drone_on_its_way_home_is_given_up_when_it_is_overdue() -> None:
    sky = two()
    sky.until_state("D1", SortieState.RETURNING)
    sky.run(5)
    fault(sky, "D1", "silent")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED, 300)
    assert "link lost on its way home" in sky.situation.withdrawn["D1"]
    assert sky.incident("I1").clocks.returned_at_s is None
    sky.vehicles["D1"].faults.clear()
    sky.until_state("D1", SortieState.CHARGING)


@pytest.mark.parametrize(
    "state", [SortieState.COMMANDED, SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE]
)
def test_a_silence_of_five_seconds_changes_nothing(state: SortieState) -> None:
    """And one more second, for it is found and ended in telemetry that is not looked at all the time."""
    sky = two()
    sky.step_s = 0.5
    sky.until_state("D1", state)
    sky.run(2)
    before = sky.sortie("D1")
    fault(sky, "D1", "silent")
    sky.run(6)
    assert sky.sortie("D1") == before or state is SortieState.COMMANDED
    sky.vehicles["D1"].faults.clear()
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)
    assert sky.incident("I1").refused_drones == ()
    assert "D2" not in sky.situation.sorties


def test_a_silence_is_answered_before_an_autopilot_turns_back_by_itself() -> None:
    """PX4 does after 10 s; until then a drone that is heard again may go on with its incident."""
    sky = two()
    sky.step_s = 0.5
    sky.until_state("D1", SortieState.EN_ROUTE)
    fault(sky, "D1", "silent")
    assert 6 < sky.until(lambda: "D2" in sky.situation.sorties, 60) <= 8
    assert sky.decisions[-1].at_s == sky.now_s


# ---------------------------------------------------------------- coming down


@pytest.mark.parametrize("state", [SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE])
def test_a_drone_that_comes_down_is_out_of_service_and_another_goes_at_once(state: SortieState) -> None:
    sky = two()
    sky.until_state("D1", state)
    sky.run(3)
    fault(sky, "D1", "dead")
    sky.step()
    assert sky.sortie("D1").state is SortieState.FAILED
    assert sky.situation.withdrawn["D1"].startswith("came down while")
    served_by_the_other(sky)


def test_a_drone_that_comes_down_on_its_way_home_closes_what_it_had_served() -> None:
    sky = two()
    sky.until_state("D1", SortieState.RETURNING)
    sky.run(10)
    fault(sky, "D1", "dead")
    sky.step()
    assert sky.situation.withdrawn["D1"] == "came down while returning"
    assert sky.incident("I1").status is IncidentStatus.CLOSED
    assert sky.incident("I1").clocks.returned_at_s is None


def test_a_drone_that_landed_at_home_by_itself_is_home() -> None:
    """Its own failsafe brought it back while nobody heard it."""
    sky = two()
    sky.until_state("D1", SortieState.RETURNING)
    telemetry(sky, "D1", position=at(12, 0), height_m=0.0, in_air=False, armed=False)
    sky.vehicles["D1"].doing = "rest"
    sky.step()
    assert sky.sortie("D1").state is SortieState.CHARGING
    assert sky.incident("I1").clocks.returned_at_s == sky.now_s
    assert sky.situation.withdrawn == {}


def test_a_drone_that_lands_by_itself_on_its_way_is_not_sent_anywhere_while_it_is_still_armed() -> None:
    """The autopilot disarms two seconds after touching down: until then it looks as if it could fly on."""
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.run(5)
    sky.vehicles["D1"].doing, sky.vehicles["D1"].height_m = "land", 0.0
    sky.until(lambda: not sky.vehicles["D1"].state.in_air)
    assert sky.vehicles["D1"].state.armed
    told = len(sky.orders("D1"))
    sky.report(incident("I2", 150, 50, priority=1, watch_s=5.0))
    assert sky.sortie("D2").incident_id == "I2"
    sky.run(4)
    assert sky.orders("D1")[told:] == []
    assert "lands by itself" in sky.situation.withdrawn["D1"]
    assert sky.incident("I1").status is IncidentStatus.OPEN


def test_a_drone_that_stands_in_a_field_is_not_launched_from_there() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.run(15)
    fault(sky, "D1", "dead")
    sky.step()
    sky.vehicles["D1"].faults.clear()
    sky.give(Restore(at_s=sky.now_s, drone_id="D1"))
    sky.report(incident("I2", 300, 0))
    assert "away 1" in sky.incident("I2").waits_because


# ---------------------------------------------------------------- what is out of date


def test_what_was_refused_before_is_not_what_is_refused_now() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    for drone_id, sortie_id in (("D1", "D1.1"), ("D7", "D7.1")):
        outcome = sky.give(Refused(at_s=sky.now_s, drone_id=drone_id, sortie_id=sortie_id, order="fly", why="busy"))
        assert outcome.records == ()
        assert outcome.commands == ()


def test_a_hold_that_is_refused_is_told_again_and_the_way_is_not() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    fault(sky, "D1", "refuse hold")
    flown = sky.orders("D1").count("Fly")
    sky.give(HoldHere(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.orders("D1").count("Hold") == TRIES
    assert sky.orders("D1").count("Fly") == flown


def test_time_does_not_go_back_when_events_overtake_each_other() -> None:
    sky = two()
    sky.until_state("D1", SortieState.EN_ROUTE)
    now_s = sky.now_s
    sky.give(Ticked(at_s=now_s - 3))
    assert sky.now_s == now_s


def test_a_stranger_is_not_listened_to() -> None:
    sky = two()
    stranger = dataclasses.replace(sky.vehicles["D1"].state, drone_id="D7", in_air=True, armed=True)
    sky.give(Observed(at_s=sky.now_s, states=(stranger,)))
    assert "D7" not in sky.situation.states
    assert SortieState.FAILED not in states_of(sky.sortie("D1"))
