"""Our own drones kept apart: layers and waits on the dock, turns over a base, holds in the air, judged by tracks."""

import dataclasses
import random

import pytest

from dispatch.decide import decide
from dispatch.events import Hold, Launch
from dispatch.layers import APART_IN_HEIGHT_M, heights_from
from dispatch.model import IncidentStatus, SortieState
from tests.dispatch.crowd import Crowd
from tests.dispatch.worlds import RULES, at, base, box, drone, flying, incident, situation, sortie

SIX = [base("B1", 0, 0, docks=6)]
FLEET = [drone(f"D{n}", "B1") for n in range(1, 7)]


def served(sky: Crowd, within_s: float = 1500.0) -> Crowd:
    """The same once every incident is over."""
    sky.until(lambda: not sky.situation.incidents, within_s)
    assert sky.too_near() == []
    return sky


def test_a_drone_alone_in_the_sky_flies_as_it_was_decided() -> None:
    sky = Crowd(situation(SIX, FLEET), [incident("I1", 700, 0)])
    sent = sky.sortie("D1")
    assert (sent.out.height_m, sent.out.time.wait_s) == (RULES.cruise_height_m, 0.0)
    option = sky.decisions[-1].options[0]
    assert option.time == sent.out.time


def test_two_to_one_place_fly_in_two_layers_or_one_after_the_other() -> None:
    sky = Crowd(situation(SIX, FLEET), [incident("I1", 700, 0), incident("I2", 705, 5)])
    first, second = sky.sortie("D1").out, sky.sortie("D2").out
    assert second.height_m >= first.height_m + APART_IN_HEIGHT_M, "they watch over one place"
    assert second.time.wait_s > 0, "the higher one climbs through the height of the lower once that has left"
    assert second.time.climb_s > first.time.climb_s
    assert second.energy.climb_wh > first.energy.climb_wh
    planned_s = {id_: sky.sortie(id_).planned_at_s + sky.sortie(id_).out.time.total_s for id_ in ("D1", "D2")}
    for id_ in ("D1", "D2"):
        sky.until_state(id_, SortieState.ON_SCENE)
        assert sky.now_s == pytest.approx(planned_s[id_], abs=6), "the plan in the sortie is the one flown"
    launches = {c.drone_id: c.height_m for c in sky.commands if isinstance(c, Launch)}
    assert launches == {"D1": first.height_m, "D2": second.height_m}
    served(sky)


def test_opposite_ways_of_one_base_cost_seconds() -> None:
    sky = Crowd(situation(SIX, FLEET), [incident("I1", 700, 0), incident("I2", -700, 0)])
    assert 0 < sky.sortie("D2").out.time.total_s - sky.sortie("D1").out.time.total_s < 15
    served(sky)


def test_heights_are_compared_above_the_sea() -> None:
    """Bases 15 m apart in height: 60 m over one is 75 m over the other."""
    bases = [base("B1", -600, 0), base("B2", 600, 0, ground_amsl_m=RULES.layer_step_m)]
    fleet = [drone("D1", "B1"), drone("D2", "B2")]
    sky = Crowd(situation(bases, fleet), [incident("I1", -5, 0), incident("I2", 5, 0)])
    heights_m = {id_: sky.sortie(id_).out.height_m for id_ in ("D1", "D2")}
    assert heights_m == {"D1": 60.0, "D2": 60.0}
    assert sky.sortie("D2").out.time.wait_s == 0.0
    served(sky)


def test_layers_end_at_the_highest_allowed_height() -> None:
    assert heights_from(RULES, 60.0) == [60.0, 75.0, 90.0, 105.0, 120.0]
    low = dataclasses.replace(RULES, highest_height_m=80.0)
    assert heights_from(low, 60.0) == [60.0, 75.0]
    assert heights_from(low, 85.0) == [85.0]
    sky = Crowd(situation(SIX, FLEET, rules=low), [incident(f"I{n}", 700 + n, 0) for n in range(3)])
    assert {sky.sortie(f"D{n}").out.height_m for n in (1, 2, 3)} <= {60.0, 75.0}
    assert sky.sortie("D3").out.time.wait_s > 30, "it waits for one of them to have left the scene"
    served(sky)


def test_a_layer_that_a_geozone_closes_is_not_taken() -> None:
    lid = box(
        "lid", 300, -300, 1200, 300, floor_m=68.0, ceiling_m=100.0, floor_reference="AGL", ceiling_reference="AGL"
    )
    sky = Crowd(situation(SIX, FLEET, zones=[lid]), [incident("I1", 700, 0), incident("I2", 705, 5)])
    assert sky.sortie("D1").out.height_m == RULES.cruise_height_m
    assert sky.sortie("D2").out.height_m not in (75.0, 90.0)
    served(sky)


def test_the_more_urgent_of_two_on_their_docks_goes_first() -> None:
    sky = Crowd(situation(SIX, FLEET), [incident("I1", 700, 0, priority=4)])
    sky.run(1)
    sky.report(incident("I2", 705, 5, priority=1))
    urgent = next(s for s in sky.situation.sorties.values() if s.incident_id == "I2")
    assert (urgent.out.height_m, urgent.out.time.wait_s) == (RULES.cruise_height_m, 0.0)
    served(sky)
    first, later = (sky.incident(id_).clocks.launched_at_s for id_ in ("I2", "I1"))
    assert first is not None
    assert later is not None
    assert first < later


def test_one_that_comes_home_waits_beside_the_base_while_another_takes_off() -> None:
    sky = Crowd(situation(SIX, FLEET), [incident("I1", 500, 0, watch_s=5.0)])
    sky.until_state("D1", SortieState.RETURNING)
    sky.run(12)
    sky.report(incident("I2", 505, -100, priority=1))
    other = next(s for s in sky.situation.sorties.values() if s.incident_id == "I2")
    if other.drone_id != "D1":
        assert other.out.time.wait_s < 10, "a launch is not delayed by a landing that can wait"
    served(sky)


def test_two_in_the_air_at_one_height_on_crossing_ways() -> None:
    """Redirected in the air they keep their height; the later one holds, once, and goes on."""
    states = [flying("D1", -400, 0), flying("D2", 0, -400)]
    homes = [
        sortie("D1", SortieState.RELEASED, home_base_id="B2", deadline_at_s=0.0),
        sortie("D2", SortieState.RELEASED, home_base_id="B3", deadline_at_s=0.0),
    ]
    bases = [base("B1", 5000, 5000, docks=9), base("B2", 900, 0), base("B3", 0, 900)]
    fleet = [drone("D1", "B2"), drone("D2", "B3")]
    sky = Crowd(situation(bases, fleet, states=states, sorties=homes))
    sky.until(lambda: all(s.state is SortieState.CHARGING for s in sky.situation.sorties.values()))
    assert sky.too_near() == []
    holds = [c.drone_id for c in sky.commands if isinstance(c, Hold)]
    assert len(holds) <= 1, f"it must not oscillate: {holds}"


def test_one_that_would_meet_a_drone_that_stays_changes_its_height() -> None:
    """Head-on or over a scene, waiting does not help."""
    watching = sortie("D1", SortieState.ON_SCENE, "I1", deadline_at_s=situation().now_s + 400.0)
    coming = sortie("D2", SortieState.RELEASED, home_base_id="B2", deadline_at_s=0.0)
    states = [flying("D1", 0, 0), flying("D2", -500, 0)]
    bases = [base("B1", -900, 900), base("B2", 700, 0)]
    sky = Crowd(
        situation(
            bases,
            [drone("D1", "B1"), drone("D2", "B2")],
            [incident("I1", 0, 0, watch_s=400.0)],
            states=states,
            sorties=[watching, coming],
        )
    )
    sky.until_state("D2", SortieState.CHARGING, 120.0)
    assert sky.too_near() == []
    assert sky.sorties["D2.1"].out.height_m > RULES.cruise_height_m


def test_a_drone_whose_link_is_lost_is_kept_clear_of() -> None:
    """It is expected to fly its mission; another that is sent the same way flies elsewhere."""
    sky = Crowd(situation(SIX, FLEET), [incident("I1", 700, 0)])
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.run(5)
    sky.vehicles["D1"].faults.add("silent")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.ASSIGNED and "D2" in sky.situation.sorties, 30.0)
    again = sky.sortie("D2").out
    assert again.height_m > RULES.cruise_height_m or again.time.wait_s > 20


def test_decisions_do_not_change() -> None:
    """Layers are chosen when a drone is sent; who goes is decided as ever."""
    alone = situation(SIX, FLEET, [incident("I1", 700, 0), incident("I2", 705, 5)])
    stepless = dataclasses.replace(alone, rules=dataclasses.replace(RULES, layer_step_m=50.0))
    assert decide(alone) == decide(stepless)


@pytest.mark.parametrize("seed", [10, 16])
def test_any_traffic_between_two_bases_is_kept_apart(seed: int) -> None:
    """Random calls, urgent and not, at random pauses; the bases' grounds are 7 m apart, so layers interleave."""
    chance = random.Random(seed)
    bases = [base("B1", 0, 0, docks=6), base("B2", 900, 200, docks=6, ground_amsl_m=7.0)]
    sky = Crowd(situation(bases, [drone(f"D{k}", "B1" if k % 2 else "B2") for k in range(6)]))
    for k in range(9):
        sky.run(chance.choice([0, 0, 2, 10, 25]))
        east_m, north_m = chance.uniform(-800, 1500), chance.uniform(-800, 800)
        watch_s = chance.choice([10.0, 30.0, 60.0])
        sky.report(incident(f"I{k}", east_m, north_m, priority=chance.randint(1, 4), watch_s=watch_s))
    served(sky)
    assert len(sky.approaches()) == 15
    assert at(0, 0) == bases[0].position
