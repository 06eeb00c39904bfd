"""What a vehicle does otherwise than it was told: each detector, and the step that follows."""

import dataclasses
from typing import Any

import pytest

from dispatch.deviation import OFF_SCENE_M, OFF_WAY_M, Deviation, deviation
from dispatch.events import Observed
from dispatch.model import IncidentStatus, SortieState
from geo.flight import FlightPlan, Leg, timed_plan
from tests.dispatch.sky import Sky, sky_of, telemetry
from tests.dispatch.worlds import FRAME, QUAD, RULES, at, base, drone, flying, incident, situation, sortie

BASES = [base("B1", 0, 0), base("B2", 3000, 0)]
FLEET = [drone("D1", "B1"), drone("D2", "B2")]
CASE = incident("I1", 800, 0, watch_s=60.0)
SCENE = at(800, 0)


def way(east_m: float) -> FlightPlan:
    """Straight east at 20 m/s."""
    leg = Leg(start=at(0, 0), end=at(east_m, 0), length_m=east_m, course_deg=90.0, ground_speed_mps=20.0)
    return timed_plan((leg,), QUAD, height_m=RULES.cruise_height_m, climb_from_m=None)


EN_ROUTE = sortie("D1", SortieState.EN_ROUTE, "I1", out=way(800), moving=True)
ON_SCENE = sortie("D1", SortieState.ON_SCENE, "I1", out=way(800))
CLIMBING = sortie("D1", SortieState.AIRBORNE, "I1", out=way(800))
RETURNING = sortie("D1", SortieState.RETURNING, out=way(800), home=way(800), moving=True)


@pytest.mark.parametrize(
    ("on", "place", "told", "wrong"),
    [
        (EN_ROUTE, (400, 0), {"mode": "MISSION", "ground_speed_mps": 20.0}, None),
        (EN_ROUTE, (400, OFF_WAY_M - 1), {"mode": "MISSION", "ground_speed_mps": 20.0}, None),
        (EN_ROUTE, (400, OFF_WAY_M + 1), {"mode": "MISSION", "ground_speed_mps": 20.0}, Deviation.OFF_WAY),
        (EN_ROUTE, (400, 0), {"mode": "HOLD", "ground_speed_mps": 0.1}, Deviation.STOPPED),
        (EN_ROUTE, (400, 0), {"mode": "HOLD", "ground_speed_mps": 9.0}, None),
        (EN_ROUTE, (400, 0), {"mode": "RETURN_TO_LAUNCH", "ground_speed_mps": 9.0}, Deviation.RETURNS),
        (EN_ROUTE, (400, 0), {"mode": "LAND", "ground_speed_mps": 2.0}, Deviation.LANDS),
        (EN_ROUTE, (400, 0), {"mode": "LAND", "in_air": False}, None),
        (dataclasses.replace(EN_ROUTE, moving=False), (0, 0), {"mode": "HOLD"}, None),
        (dataclasses.replace(EN_ROUTE, held=True), (400, 0), {"mode": "HOLD"}, None),
        (CLIMBING, (0, 0), {"mode": "TAKEOFF"}, None),
        (CLIMBING, (0, 0), {"mode": "RETURN_TO_LAUNCH"}, Deviation.RETURNS),
        (ON_SCENE, (790, 0), {"mode": "MISSION"}, None),
        (ON_SCENE, (790, 0), {"mode": "HOLD"}, None),
        (ON_SCENE, (790, 0), {"mode": "RETURN_TO_LAUNCH"}, Deviation.RETURNS),
        (ON_SCENE, (800, 30 + OFF_SCENE_M + 1), {"mode": "MISSION"}, Deviation.LEFT_SCENE),
        (ON_SCENE, (800, 30 + OFF_SCENE_M - 1), {"mode": "MISSION"}, None),
        (RETURNING, (400, 0), {"mode": "MISSION", "ground_speed_mps": 20.0}, None),
        (RETURNING, (400, 0), {"mode": "RETURN_TO_LAUNCH", "ground_speed_mps": 9.0}, None),
        (RETURNING, (400, 0), {"mode": "HOLD"}, Deviation.STOPPED),
        (RETURNING, (400, 90), {"mode": "MISSION", "ground_speed_mps": 9.0}, Deviation.OFF_WAY),
    ],
)
def test_what_is_wrong(on: Any, place: tuple[float, float], told: dict[str, Any], wrong: Deviation | None) -> None:
    state = flying("D1", *place, **told)
    assert deviation(on, state, FRAME, SCENE, 30.0) is wrong


# ---------------------------------------------------------------- what follows


def two() -> Sky:
    """D1 is on its way to I1; D2 is farther away."""
    sky = sky_of(situation(BASES, FLEET), [CASE])
    sky.until_state("D1", SortieState.EN_ROUTE)
    sky.run(8)
    assert sky.sortie("D1").moving
    return sky


def test_one_that_stops_on_its_way_is_told_again_within_seconds() -> None:
    sky = two()
    sky.vehicles["D1"].doing = "hold"
    took_s = sky.until(lambda: sky.orders("D1").count("Fly") == 2)
    assert took_s <= 4
    sky.until_state("D1", SortieState.ON_SCENE)


def test_one_that_returns_by_itself_on_its_way_is_told_again() -> None:
    sky = two()
    sky.vehicles["D1"].doing, sky.vehicles["D1"].goals = "return", [(0.0, 0.0)]
    assert sky.until(lambda: sky.orders("D1").count("Fly") == 2) <= 3
    sky.until_state("D1", SortieState.ON_SCENE)
    assert sky.incident("I1").refused_drones == ()


def test_one_that_returns_from_its_scene_by_itself_is_sent_back_and_at_last_given_up() -> None:
    sky = two()
    for _ in range(3):
        sky.until_state("D1", SortieState.ON_SCENE)
        sky.vehicles["D1"].doing, sky.vehicles["D1"].goals = "return", [(0.0, 0.0)]
        sky.until(lambda: sky.sortie("D1").state is not SortieState.ON_SCENE, 4)
    assert sky.sortie("D2").incident_id == "I1"
    assert "sent there 3 times" in sky.why("D1")
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)


def test_one_that_lands_by_itself_is_withdrawn_and_another_goes() -> None:
    sky = two()
    sky.vehicles["D1"].doing = "land"
    sky.vehicles["D1"].faults |= {"refuse fly", "deaf to fly"}
    assert sky.until(lambda: "D2" in sky.situation.sorties) <= 3
    assert "lands by itself" in sky.situation.withdrawn["D1"]
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)
    assert sky.sorties[sky.incident("I1").sortie_id or ""].drone_id == "D2"


def test_one_that_is_pushed_off_its_way_is_told_the_way_from_there() -> None:
    sky = two()
    east_m, north_m = FRAME.xy(sky.vehicles["D1"].state.position)  # type: ignore[arg-type]
    telemetry(sky, "D1", position=at(east_m, north_m + 60))
    assert sky.until(lambda: sky.orders("D1").count("Fly") == 2) <= 3
    sky.until_state("D1", SortieState.ON_SCENE)


@pytest.mark.parametrize("state", [SortieState.DECIDED, SortieState.EN_ROUTE, SortieState.ON_SCENE])
def test_two_vehicles_with_one_system_id_are_withdrawn_and_named(state: SortieState) -> None:
    sky = sky_of(situation(BASES, FLEET), [CASE])
    sky.until_state("D1", state)
    mixed = dataclasses.replace(sky.vehicles["D1"].state, twins=True, seen_at_s=sky.now_s)
    sky.give(Observed(at_s=sky.now_s + 0.2, states=(mixed,)))
    assert sky.situation.withdrawn["D1"] == "two vehicles answer to its system id 1"
    assert sky.sortie("D2").incident_id == "I1"
    assert sky.orders("D1")[-1] in ("StandDown", "Fly", "Land")
