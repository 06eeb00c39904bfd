"""The engine stops and starts again: records are read back, telemetry goes on, nothing is launched twice."""

import dataclasses
from pathlib import Path

import pytest

from dispatch.codec import from_json, to_json
from dispatch.events import Ticked
from dispatch.model import Incident, IncidentStatus, Situation, Sortie, SortieState
from dispatch.operations import restored
from dispatch.store import Change, Store
from tests.dispatch.sky import ON_THE_WAY, Sky, sky_of
from tests.dispatch.worlds import RULES, base, box, drone, frozen, incident, situation

BASES = [base("B1", 0, 0), base("B2", 3000, 0)]
FLEET = [drone("D1", "B1"), drone("D2", "B2")]
CASE = incident("I1", 800, 0, watch_s=60.0)
ALL_STATES = [*sorted(ON_THE_WAY), SortieState.ON_SCENE, SortieState.RETURNING, SortieState.LANDING]


def running(state: SortieState) -> Sky:
    sky = sky_of(situation(BASES, FLEET), [CASE])
    sky.until_state("D1", state)
    return sky


def stop_and_start(sky: Sky, down_s: float = 0.0) -> None:
    """Everything but what was stored is forgotten; the vehicles fly on meanwhile."""
    for _ in range(round(down_s)):
        for vehicle in sky.vehicles.values():
            vehicle.move(1.0, sky.now_s)
    kept = sky.situation
    ended = {SortieState.DONE, SortieState.FAILED}
    sky.situation = dataclasses.replace(
        kept,
        now_s=kept.now_s + down_s,
        states=frozen({}),
        sorties=frozen({k: from_json(Sortie, to_json(s)) for k, s in kept.sorties.items() if s.state not in ended}),
        incidents=frozen({k: from_json(Incident, to_json(i)) for k, i in kept.incidents.items()}),
    )


@pytest.mark.parametrize("state", ALL_STATES)
def test_a_sortie_goes_on_where_it_was(state: SortieState) -> None:
    sky = running(state)
    launches = sky.orders("D1").count("Launch")
    stop_and_start(sky)
    sky.give(Ticked(at_s=sky.now_s + 0.5))  # before any vehicle was heard
    sky.until(lambda: not sky.situation.incidents)
    assert sky.incident("I1").status is IncidentStatus.CLOSED
    assert sky.orders("D2") == []
    assert sky.orders("D1").count("Launch") == max(1, launches)
    assert len(sky.sorties) == 1


@pytest.mark.parametrize("state", ALL_STATES)
def test_vehicles_may_take_a_while_to_be_found(state: SortieState) -> None:
    sky = running(state)
    before = sky.sortie("D1")
    stop_and_start(sky, down_s=3)
    for _ in range(20):
        sky.give(Ticked(at_s=sky.now_s + 1))
    after = sky.sortie("D1")
    assert (after.id, after.state, after.incident_id) == (before.id, before.state, before.incident_id)
    sky.until(lambda: not sky.situation.incidents)
    assert sky.situation.withdrawn == {} or state is SortieState.COMMANDED


def test_a_vehicle_that_is_never_found_again_is_replaced() -> None:
    sky = running(SortieState.EN_ROUTE)
    stop_and_start(sky)
    del sky.vehicles["D1"]
    took_s = sky.until(lambda: "D2" in sky.situation.sorties)
    assert took_s == pytest.approx(RULES.link_lost_s + 30, abs=2)
    assert "link lost" in sky.why("D1")


def test_a_drone_found_in_the_air_without_a_sortie_is_brought_home() -> None:
    sky = running(SortieState.EN_ROUTE)
    sky.run(10)
    stop_and_start(sky)
    sky.situation = dataclasses.replace(sky.situation, sorties=frozen({}), incidents=frozen({}))
    sky.step()
    assert sky.sortie("D1").incident_id is None
    assert "without a sortie" in sky.why("D1")
    sky.until_state("D1", SortieState.CHARGING)
    assert len({s.id for s in sky.sorties.values()}) == 2


def test_a_zone_that_was_raised_while_the_engine_stood_is_kept_clear_of() -> None:
    sky = running(SortieState.EN_ROUTE)
    stop_and_start(sky)
    wall = box("Z", 400, -200, 450, 200)
    sky.situation = dataclasses.replace(sky.situation, zones=frozen({"Z": wall}))
    sky.step()
    assert sky.sortie("D1").out.distance_m > 850


def stored(sky: Sky, store: Store) -> None:
    changes = [Change(kind="sortie", subject_id=s.id, at_s=sky.now_s, value=s) for s in sky.sorties.values()]
    latest = [versions[-1] for versions in sky.versions.values()]
    changes += [Change(kind="incident", subject_id=i.id, at_s=sky.now_s, value=i) for i in latest]
    store.append(changes)


def empty(one: Situation) -> Situation:
    return dataclasses.replace(one, states=frozen({}), sorties=frozen({}), incidents=frozen({}))


def test_what_the_store_remembers_is_what_was_there(tmp_path: Path) -> None:
    sky = running(SortieState.ON_SCENE)
    with Store.open(f"sqlite:///{tmp_path / 'log.db'}") as store:
        stored(sky, store)
        again = restored(empty(sky.situation), store)
    assert again.sorties == sky.situation.sorties
    assert again.incidents == sky.situation.incidents


def test_the_incident_of_a_drone_that_left_the_fleet_is_decided_again(tmp_path: Path) -> None:
    sky = running(SortieState.ON_SCENE)
    with Store.open(f"sqlite:///{tmp_path / 'log.db'}") as store:
        stored(sky, store)
        smaller = dataclasses.replace(empty(sky.situation), drones={"D2": FLEET[1]})
        sky.situation = dataclasses.replace(restored(smaller, store), states={"D2": sky.situation.states["D2"]})
    del sky.vehicles["D1"]
    assert set(sky.situation.sorties) == set()
    sky.give(Ticked(at_s=sky.now_s + 0.1))
    assert sky.sortie("D2").incident_id == "I1"
