"""The pre-flight checklist: what it passes, what it only remarks on, and what it keeps on the ground."""

import dataclasses
from typing import Any

import pytest

from dispatch.decide import decide
from dispatch.model import Body, Situation, SortieState
from dispatch.preflight import Check, Verdict, blocked, checklist
from tests.dispatch.worlds import at, base, drone, incident, situation, sortie

BASES = [base("B1", 0, 0), base("B2", 300, 0)]
GOOD = Body(
    prepared=True,
    kind="multicopter",
    firmware="1.16.0",
    gps_fix=3,
    satellites=14,
    voltage_v=15.8,
    clock_off_s=0.2,
    camera=True,
)


def world(**changes: Any) -> Situation:
    """D1 on its dock, with something else of it."""
    one = situation(BASES, [drone("D1", "B1")], [incident("I1", 700, 0)])
    state = dataclasses.replace(one.states["D1"], **{"body": GOOD, **changes})
    return dataclasses.replace(one, states={"D1": state})


def points(one: Situation) -> dict[str, Check]:
    return {check.code: check for check in checklist(one, "D1")}


def goes(one: Situation) -> bool:
    return decide(one)[0].drone_id == "D1"


def test_a_good_drone_passes_every_point() -> None:
    found = points(world())
    assert {check.verdict for check in found.values()} == {Verdict.OK}
    assert len(found) == 11
    assert goes(world())


def test_what_a_vehicle_does_not_tell_is_not_known_and_keeps_nothing_on_the_ground() -> None:
    found = points(world(body=Body(prepared=True)))
    unknown = {code for code, check in found.items() if check.verdict is Verdict.UNKNOWN}
    assert unknown == {"airframe", "gps", "power", "firmware", "clock", "camera"}
    assert goes(world(body=Body(prepared=True)))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("battery", {"battery_share": 0.49}),
        ("firmware", {"body": dataclasses.replace(GOOD, firmware="1.14.3")}),
        ("clock", {"body": dataclasses.replace(GOOD, clock_off_s=-3600.0)}),
        ("camera", {"body": dataclasses.replace(GOOD, camera=False)}),
    ],
)
def test_what_is_only_worth_a_look(code: str, changes: dict[str, object]) -> None:
    assert [c for c, check in points(world(**changes)).items() if check.verdict is Verdict.WARN] == [code]
    assert goes(world(**changes))


@pytest.mark.parametrize(
    ("code", "reason", "changes"),
    [
        ("place", "away", {"position": at(150, 0)}),
        ("place", "misplaced", {"position": at(300, 0)}),
        ("airframe", "wrong_airframe", {"body": dataclasses.replace(GOOD, kind="fixed_wing")}),
        ("health", "not_ready", {"healthy": False}),
        ("health", "unprepared", {"healthy": False, "body": dataclasses.replace(GOOD, prepared=False)}),
        ("gps", "no_fix", {"body": dataclasses.replace(GOOD, satellites=5)}),
        ("power", "unpowered", {"body": dataclasses.replace(GOOD, voltage_v=0.0)}),
    ],
)
def test_a_failed_point_keeps_it_on_the_ground_with_its_reason(
    code: str, reason: str, changes: dict[str, object]
) -> None:
    one = world(**changes)
    failed = [check for check in points(one).values() if check.verdict is Verdict.FAIL]
    assert [check.code for check in failed] == [code]
    assert failed[0].reason is not None
    assert failed[0].reason.code == reason
    (decision,) = decide(one)
    assert decision.drone_id is None
    assert decision.options[0].out == failed[0].reason == blocked(one, one.states["D1"])


def test_a_drone_that_the_engine_brought_to_another_base_goes_from_there() -> None:
    there = world(position=at(300, 0))
    brought = sortie("D1", SortieState.DONE)
    assert not goes(dataclasses.replace(there, sorties={"D1": brought}))
    assert goes(dataclasses.replace(there, sorties={"D1": dataclasses.replace(brought, home_base_id="B2")}))


def test_before_it_is_heard_and_in_the_air_there_is_less_to_say() -> None:
    unheard = dataclasses.replace(world(), states={})
    assert {code: check.verdict for code, check in points(unheard).items()} == {
        "in_service": Verdict.OK,
        "heard": Verdict.FAIL,
    }
    assert set(points(world(in_air=True))) == {"in_service", "heard"}
    silent = points(world(seen_at_s=world().now_s - 60))["heard"]
    assert silent.reason is not None
    assert silent.reason.code == "no_link"
    withdrawn = points(dataclasses.replace(world(), withdrawn={"D1": "propeller"}))["in_service"]
    assert withdrawn.verdict is Verdict.FAIL
