"""Eyes are never off the point: when a relief is sent, who it is, and how one takes over from the other."""

import dataclasses

import numpy as np
import pytest

from dispatch.events import Assign, Cancel, Recall, Release
from dispatch.model import IncidentStatus, SortieState
from dispatch.relay import stay_s
from dispatch.sky import frame_of
from dispatch.watch import left_s
from geo.separation import Track, closest_approaches
from tests.dispatch.sky import Sky, fault, sky_of, telemetry
from tests.dispatch.test_restart import stop_and_start
from tests.dispatch.worlds import QUAD, RULES, base, box, drone, frozen, incident, situation

BASES = [base("B1", 0, 0, docks=4), base("B2", 1500, 0, docks=2)]
FLEET = [drone("D1", "B1"), drone("D2", "B1"), drone("D3", "B2")]
LONG = incident("I1", 600, 0, watch_s=7200.0)
OVERLAP_S = RULES.relay_overlap_s


def watched(fleet: int = 3, **changes: object) -> Sky:
    """D1 is on scene of a long watch; it is the nearest, and hovering takes what its airframe says."""
    sky = sky_of(situation(BASES, FLEET[:fleet]), [dataclasses.replace(LONG, **changes)])
    for vehicle in sky.vehicles.values():
        vehicle.drain = QUAD.hover_w / 3600 / QUAD.battery_wh
    sky.until_state("D1", SortieState.ON_SCENE)
    return sky


def on_point(sky: Sky) -> list[str]:
    """The drones that watch I1 now."""
    there = sky.situation.sorties.values()
    return sorted(s.drone_id for s in there if s.incident_id == "I1" and s.state is SortieState.ON_SCENE)


def nearly_empty(sky: Sky, share: float = 0.32) -> None:
    """D1 came with no more than this in its battery."""
    telemetry(sky, "D1", battery_share=share)
    came = {"D1": dataclasses.replace(sky.sortie("D1"), arrived_share=share)}
    sky.situation = dataclasses.replace(sky.situation, sorties=frozen({**sky.situation.sorties, **came}))


def to_the_relief(sky: Sky, drone_id: str = "D2") -> None:
    """On with the clock until the relief is launched."""
    sky.until(lambda: drone_id in sky.situation.sorties and sky.sortie(drone_id).incident_id == "I1")


# ---------------------------------------------------------------- when, and who


def test_a_watch_longer_than_a_battery_is_taken_on_and_foreseen() -> None:
    sky = watched()
    sky.run(10)
    relay = sky.incident("I1").relay
    assert relay is not None
    assert relay.drone_id == "D2"
    assert relay.lacks is None
    state, sortie = sky.vehicles["D1"].state, sky.sortie("D1")
    spare_wh = (state.battery_share - QUAD.reserve_share) * QUAD.battery_wh
    most_s = 3600 * spare_wh / QUAD.hover_w
    leaves_in_s = relay.leaves_at_s - sky.now_s
    assert most_s - 150 < leaves_in_s < most_s, "the way home and the landing are kept back"
    assert stay_s(sky.situation, sortie, state, sky.incident("I1")) == pytest.approx(leaves_in_s, abs=7)
    assert relay.leaves_at_s - relay.call_at_s > OVERLAP_S + 600 / QUAD.speed_mps


def test_cold_and_a_battery_that_sinks_faster_bring_it_forward() -> None:
    sky = watched()
    state, sortie, case = sky.vehicles["D1"].state, sky.sortie("D1"), sky.incident("I1")
    usual_s = stay_s(sky.situation, sortie, state, case)
    cold = dataclasses.replace(sky.situation, temperature_c=-10.0)
    assert stay_s(cold, sortie, state, case) < usual_s
    later = dataclasses.replace(sky.situation, now_s=sky.now_s + 100)
    sunk = dataclasses.replace(state, battery_share=state.battery_share - 0.2)  # six times as fast as it should
    as_it_should_s = stay_s(later, dataclasses.replace(sortie, arrived_share=None), sunk, case)
    assert stay_s(later, sortie, sunk, case) < as_it_should_s / 4


def test_the_relief_is_on_scene_for_the_overlap_before_the_first_must_leave() -> None:
    sky = watched()
    nearly_empty(sky)
    to_the_relief(sky)
    leaves_at_s = sky.incident("I1").relay.leaves_at_s  # type: ignore[union-attr]
    assert sky.sortie("D1").state is SortieState.ON_SCENE
    assert "D2 relieves D1" in sky.decisions[-1].why
    assert {option.drone_id for option in sky.decisions[-1].options} == {"D1", "D2", "D3"}
    sky.until_state("D2", SortieState.ON_SCENE)
    both_from_s = sky.now_s
    while sky.sortie("D1").incident_id is not None:
        assert on_point(sky) == ["D1", "D2"]
        sky.step()
    assert OVERLAP_S <= sky.now_s - both_from_s <= OVERLAP_S + 2
    assert sky.now_s <= leaves_at_s
    assert leaves_at_s - sky.now_s < 40, "sent so early that it need not have been"
    assert "relieved by D2" in sky.why("D1")
    case = sky.incident("I1")
    assert (case.sortie_id, case.relief_id, case.reliefs, case.gaps) == (sky.sortie("D2").id, None, 1, ())
    assert case.status is IncidentStatus.ON_SCENE


def test_the_watch_ends_when_it_was_to_end_whoever_is_there() -> None:
    sky = watched(watch_s=400.0)
    nearly_empty(sky)
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLEARED)
    clocks = sky.incident("I1").clocks
    assert sky.incident("I1").reliefs == 1
    assert clocks.cleared_at_s - clocks.on_scene_at_s == pytest.approx(400, abs=2)  # type: ignore[operator]
    sky.until(lambda: not sky.situation.incidents)


def test_no_relief_is_sent_where_the_first_can_stay_to_the_end() -> None:
    sky = watched(watch_s=400.0)
    sky.until(lambda: not sky.situation.incidents)
    assert sky.orders("D2") == []
    assert sky.incident("I1").relay is None


def test_of_reliefs_the_one_that_can_stay_longest_is_sent() -> None:
    sky = watched()
    telemetry(sky, "D2", battery_share=0.6)  # nearer, but D3 is charged
    nearly_empty(sky)
    to_the_relief(sky, "D3")
    first, second = sky.decisions[-1].options[:2]
    assert [first.drone_id, second.drone_id] == ["D3", "D2"]
    assert first.stay_s > second.stay_s  # type: ignore[operator]
    assert first.time.total_s > second.time.total_s  # type: ignore[union-attr]


def test_a_drone_on_its_way_home_relieves_as_well_as_one_on_its_dock() -> None:
    sky = watched(fleet=2)
    sky.report(incident("I2", -1000, 0, watch_s=5.0))
    sky.until_state("D2", SortieState.RETURNING)
    nearly_empty(sky, share=0.265)
    to_the_relief(sky)
    assert sky.orders("D2").count("Launch") == 1
    sky.until(lambda: on_point(sky) == ["D1", "D2"])
    assert apart_m(sky) >= 10
    assert sky.incident("I1").gaps == ()


def test_an_open_incident_that_is_more_urgent_gets_the_drone_and_the_watch_waits() -> None:
    sky = watched(fleet=2, priority=3)
    nearly_empty(sky)
    to_the_relief(sky)
    sky.report(incident("I2", 300, 300, priority=1, watch_s=5.0))
    assert sky.sortie("D2").incident_id == "I2"
    assert sky.incident("I1").relief_id is None
    assert "more urgent" in sky.incident("I1").waits_because
    assert on_point(sky) == ["D1"]


def test_a_relief_is_taken_only_from_something_less_urgent() -> None:
    for priority, taken in ((4, True), (3, False)):
        sky = watched(fleet=2, priority=3)
        sky.report(incident("I2", 0, 900, priority=priority, watch_s=5.0))
        assert sky.sortie("D2").incident_id == "I2"
        nearly_empty(sky, share=0.24)
        sky.run(6)
        assert (sky.sortie("D2").incident_id == "I1") is taken


# ---------------------------------------------------------------- heights


def apart_m(sky: Sky) -> float:
    """How far D1 and D2 are above each other."""
    first, second = sky.vehicles["D1"].state, sky.vehicles["D2"].state
    return abs(first.height_m - second.height_m)


@pytest.mark.parametrize("ground_m", [-20.0, -12.0, 0.0, 8.0, 15.0, 40.0])
def test_relief_and_first_are_never_near_whatever_ground_their_bases_stand_on(ground_m: float) -> None:
    bases = [base("B1", 0, 0, docks=4), base("B2", 1500, 0, docks=2, ground_amsl_m=ground_m)]
    sky = sky_of(situation(bases, [drone("D1", "B1"), drone("D2", "B2")]), [LONG])
    sky.until_state("D1", SortieState.ON_SCENE)
    nearly_empty(sky)
    frame, rows = frame_of(sky.situation), {"D1": [], "D2": []}  # type: ignore[var-annotated]
    while sky.situation.sorties["D1"].state is not SortieState.CHARGING:
        sky.step()
        for drone_id, above_m in (("D1", 0.0), ("D2", ground_m)):
            state = sky.vehicles[drone_id].state
            assert state.position is not None
            if state.in_air:
                rows[drone_id].append((sky.now_s, *frame.xy(state.position), above_m + state.height_m))
    assert sky.incident("I1").reliefs == 1
    assert sky.incident("I1").gaps == ()
    (approach,) = closest_approaches([Track.of(drone_id, np.array(track)) for drone_id, track in rows.items()])
    assert not approach.too_near, str(approach)


def test_where_no_layer_over_the_first_is_legal_the_relief_comes_once_it_has_left() -> None:
    ceiling = box("Z", 300, -300, 900, 300, floor_m=65.0, ceiling_m=400.0)
    sky = sky_of(situation(BASES, FLEET[:2], zones=[ceiling]), [LONG])
    sky.until_state("D1", SortieState.ON_SCENE)
    nearly_empty(sky)
    sky.until(lambda: on_point(sky) == ["D2"], 900)
    (gap,) = sky.incident("I1").gaps
    assert gap.until_at_s == sky.now_s
    assert sky.now_s - gap.from_at_s < 100, "no longer than its flight"


# ---------------------------------------------------------------- what goes wrong


def test_with_nobody_to_relieve_it_the_operator_is_told_early_and_the_gap_is_told_of() -> None:
    sky = watched(fleet=1)
    sky.run(10)
    relay = sky.incident("I1").relay
    assert relay is not None
    assert relay.drone_id is None
    assert relay.lacks is not None
    assert relay.lacks.code == "no_relief"
    assert relay.call_at_s - sky.now_s > 1000, "told when it arrives, not when it leaves"
    nearly_empty(sky)
    left_at_s = sky.now_s + sky.until(lambda: sky.sortie("D1").state is SortieState.RETURNING)
    assert left_at_s == pytest.approx(relay_leaves(sky), abs=10), "it stays as long as it safely can"
    assert sky.incident("I1").status is IncidentStatus.OPEN
    (gap,) = sky.incident("I1").gaps
    assert (gap.from_at_s, gap.until_at_s) == (left_at_s, None)
    sky.until(lambda: on_point(sky) == ["D1"], 4000)
    (gap,) = sky.incident("I1").gaps
    assert gap.until_at_s == sky.now_s
    assert left_s(sky.incident("I1"), sky.now_s) < 7200
    sky.give(Release(at_s=sky.now_s, incident_id="I1"))


def relay_leaves(sky: Sky) -> float:
    """When the first was last expected to leave."""
    return next(v.relay.leaves_at_s for v in reversed(sky.versions["I1"]) if v.relay is not None)


@pytest.mark.parametrize("word", ["refuse launch", "does not climb", "refuse fly", "silent", "dead"])
def test_a_relief_that_fails_is_replaced_at_once(word: str) -> None:
    sky = watched()
    telemetry(sky, "D3", battery_share=0.9)
    fault(sky, "D2", *([] if word in ("silent", "dead") else [word]))
    nearly_empty(sky, share=0.45)
    to_the_relief(sky)
    sky.run(8)
    fault(sky, "D2", word)
    sky.until(lambda: "D3" in sky.situation.sorties and sky.sortie("D3").incident_id == "I1", 120)
    left_at_s = next(s.steps[-1].at_s for s in sky.sorties.values() if s.drone_id == "D2" and s.incident_id is None)
    if word != "does not climb":  # it comes down from where it is
        assert sky.sortie("D3").steps[0].at_s == left_at_s
    sky.until(lambda: on_point(sky) == ["D3"], 900)
    in_time = word not in ("does not climb", "refuse fly")  # told too late for the battery of the first
    assert len(sky.incident("I1").gaps) == (0 if in_time else 1)


def test_if_the_first_fails_the_relief_on_its_way_serves_the_incident() -> None:
    sky = watched()
    nearly_empty(sky)
    to_the_relief(sky)
    sky.run(12)
    fault(sky, "D1", "dead")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.ASSIGNED)
    assert sky.incident("I1").sortie_id == sky.sortie("D2").id
    assert sky.orders("D3") == []
    sky.until(lambda: on_point(sky) == ["D2"])
    (gap,) = sky.incident("I1").gaps
    assert gap.until_at_s == sky.now_s
    assert sky.incident("I1").reliefs == 0


def test_if_the_first_fails_while_both_are_there_nobody_misses_it() -> None:
    sky = watched()
    nearly_empty(sky)
    to_the_relief(sky)
    sky.until_state("D2", SortieState.ON_SCENE)
    fault(sky, "D1", "dead")
    sky.until(lambda: "D1" in sky.situation.withdrawn)
    sky.run(30)
    assert sky.incident("I1").status is IncidentStatus.ON_SCENE
    assert on_point(sky) == ["D2"]
    assert sky.incident("I1").gaps == ()


def test_a_relief_that_is_not_over_the_scene_does_not_take_over() -> None:
    sky = watched(fleet=2)
    sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D2"))
    sky.until_state("D2", SortieState.ON_SCENE)
    sky.run(5)
    blown_off(sky, "D2")
    sky.until_state("D2", SortieState.EN_ROUTE, 10)
    assert on_point(sky) == ["D1"]
    sky.run(OVERLAP_S - 5)
    assert sky.incident("I1").reliefs == 0
    sky.until(lambda: sky.incident("I1").reliefs == 1)
    assert sky.incident("I1").gaps == ()


def blown_off(sky: Sky, drone_id: str) -> None:
    """The drone is 600 m from its scene all of a sudden."""
    away = dataclasses.replace(sky.vehicles[drone_id].state, position=base("B", 1200, 0).position)
    sky.vehicles[drone_id].state = away


@pytest.mark.parametrize("relieved", [True, False])
def test_a_first_that_leaves_its_scene_leaves_a_gap_and_its_relief_takes_over(relieved: bool) -> None:
    sky = watched(fleet=2)
    if relieved:
        nearly_empty(sky)
        to_the_relief(sky)
    blown_off(sky, "D1")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.ASSIGNED, 10)
    assert sky.incident("I1").sortie_id == sky.sortie("D2" if relieved else "D1").id
    (gap,) = sky.incident("I1").gaps
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.ON_SCENE)
    assert on_point(sky) == ["D2" if relieved else "D1"]
    assert sky.incident("I1").gaps == (dataclasses.replace(gap, until_at_s=sky.now_s),)


@pytest.mark.parametrize("order", [Release, Cancel])
@pytest.mark.parametrize("state", [SortieState.DECIDED, SortieState.EN_ROUTE, SortieState.ON_SCENE])
def test_release_and_cancel_bring_both_home(order: type[Release], state: SortieState) -> None:
    sky = watched()
    nearly_empty(sky)
    to_the_relief(sky)
    sky.until_state("D2", state)
    sky.give(order(at_s=sky.now_s, incident_id="I1"))
    assert sky.sortie("D1").incident_id is None
    assert sky.sortie("D2").incident_id is None
    sky.until(lambda: not any(v.state.in_air for v in sky.vehicles.values()) and not sky.situation.incidents)
    assert len(sky.sorties) == 2


def test_a_recalled_relief_is_replaced_and_a_recalled_first_leaves_to_the_relief() -> None:
    sky = watched()
    nearly_empty(sky, share=0.4)
    to_the_relief(sky)
    sky.run(10)
    sky.give(Recall(at_s=sky.now_s, sortie_id=sky.sortie("D2").id))
    assert sky.sortie("D3").incident_id == "I1"
    assert sky.incident("I1").relief_id == sky.sortie("D3").id
    sky.run(10)
    sky.give(Recall(at_s=sky.now_s, sortie_id=sky.sortie("D1").id))
    assert sky.incident("I1").sortie_id == sky.sortie("D3").id
    assert sky.incident("I1").status is IncidentStatus.ASSIGNED


def test_an_operator_may_have_the_drone_on_scene_relieved() -> None:
    sky = watched()
    sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D3"))
    assert on_point(sky) == ["D1"]
    sky.run(20)
    sky.give(Assign(at_s=sky.now_s, incident_id="I1", drone_id="D2"))  # no, this one
    assert sky.sortie("D3").incident_id is None
    sky.until(lambda: sky.incident("I1").reliefs == 1)
    assert on_point(sky) == ["D2"]
    assert sky.incident("I1").gaps == ()


@pytest.mark.parametrize(
    "state", [SortieState.DECIDED, SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE]
)
def test_a_restart_in_the_middle_loses_nothing(state: SortieState) -> None:
    sky = watched()
    nearly_empty(sky)
    to_the_relief(sky)
    sky.until_state("D2", state)
    launches = [sky.orders(id_).count("Launch") for id_ in ("D1", "D2")]
    stop_and_start(sky)
    sky.until(lambda: sky.incident("I1").reliefs == 1)
    assert on_point(sky) == ["D2"]
    assert sky.incident("I1").gaps == ()
    assert sky.orders("D3") == []
    assert [sky.orders(id_).count("Launch") for id_ in ("D1", "D2")] == [launches[0], max(1, launches[1])]


# ---------------------------------------------------------------- a long watch


def two_hours(fleet: int) -> tuple[Sky, float]:
    """A watch of two hours by ``fleet`` drones that stay some 25 min each, and its share with somebody on scene."""
    airframe = dataclasses.replace(QUAD, hover_w=270.0)
    drones = [drone(f"D{k}", "B1") for k in range(1, fleet + 1)]
    sky = Sky(situation(BASES, drones, airframes=[airframe]), step_s=2.0)
    for vehicle in sky.vehicles.values():
        vehicle.drain = airframe.hover_w / 3600 / airframe.battery_wh
    sky.report(LONG)
    sky.until_state("D1", SortieState.ON_SCENE)
    watched_s, began_s = 0.0, sky.now_s
    while sky.now_s < began_s + 7200 and "I1" in sky.situation.incidents:
        sky.step()
        watched_s += sky.step_s * bool(on_point(sky))
    return sky, watched_s / 7200


def test_two_hours_are_watched_without_a_gap_by_a_chain_of_drones() -> None:
    sky, share = two_hours(4)
    case = sky.incident("I1")
    assert case.gaps == ()
    assert share > 0.999
    assert case.reliefs >= 4
    drones = [sortie.drone_id for sortie in sky.sorties.values()]
    assert len(drones) > len(set(drones)), "drones that have charged came back into the chain"
    assert case.reliefs <= 6, "nobody is sent who has just begun to charge"


def test_with_too_few_drones_the_gaps_are_told_as_they_were() -> None:
    sky, share = two_hours(1)
    case = sky.incident("I1")
    told_s = sum((gap.until_at_s or sky.now_s) - gap.from_at_s for gap in case.gaps)
    assert len(case.gaps) >= 2
    assert 1 - share == pytest.approx(told_s / 7200, abs=0.002)
    assert 0.3 < share < 0.7
