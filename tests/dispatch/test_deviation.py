"""What a vehicle does otherwise than it was told: each detector, and the step that follows."""

import dataclasses
from typing import Any

import pytest
import shapely
from scipy.optimize import brentq

from dispatch.deviation import OFF_SCENE_M, OFF_WAY_M, Deviation, deviation, late_s
from dispatch.events import Observed
from dispatch.handover import arrives_at_s
from dispatch.model import IncidentStatus, SortieState
from dispatch.outbound import ways_out
from dispatch.safety import left_m
from geo.flight import FlightPlan, Leg, passed_s, timed_plan
from tests.dispatch.sky import Sky, sky_of, telemetry
from tests.dispatch.worlds import FRAME, NOW_S, QUAD, RULES, at, base, drone, flying, incident, situation, sortie

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


def left_after_m(plan: FlightPlan, passed: float) -> float:
    """What is left of the plan's way when it counts so many seconds of it."""
    return brentq(lambda left_m: passed_s(plan, QUAD, left_m) - passed, 0.0, plan.distance_m)


def test_how_late_it_will_be() -> None:
    whole_s = EN_ROUTE.out.time.total_s

    def at_pace(share: float, flown_s: float) -> float:
        left_m = left_after_m(EN_ROUTE.out, share * flown_s)
        return late_s(EN_ROUTE, QUAD, left_m, NOW_S + flown_s, 12.0)

    assert at_pace(1.0, 20) == pytest.approx(0, abs=1e-3)
    assert at_pace(0.5, 20) == pytest.approx(whole_s, abs=1e-3)  # half the speed: twice the time
    assert at_pace(0.0, 20) > 300
    assert at_pace(0.5, 5) == 0  # too early to tell
    assert at_pace(1.5, 20) == 0


@pytest.mark.parametrize(
    ("goal_m", "speed_mps"), [((900, 0), 0.0), ((-900, 0), 20.0), ((0, 900), 20.0), ((-300, 0), 20.0)]
)
def test_who_flies_as_planned_is_never_late(goal_m: tuple[float, float], speed_mps: float) -> None:
    """Told at speed to turn back, a drone is at first farther and farther away; that is in its plan."""
    state = flying("D1", 0, 0, course_deg=90.0, ground_speed_mps=speed_mps)
    one = situation(BASES, FLEET, [incident("I1", *goal_m)], states=[state])
    (plan,) = ways_out(one, QUAD, [state], at(*goal_m))
    assert plan is not None
    flies = dataclasses.replace(EN_ROUTE, out=plan)
    line = shapely.LineString(FRAME.xy_of([plan.legs[0].start, *(leg.end for leg in plan.legs)]))
    before_s = plan.time.turnout_s + plan.time.start_s
    for flown_s in range(12, int(plan.time.total_s)):
        flown_m = plan.distance_m - left_after_m(plan, max(0.0, flown_s - before_s))
        here = shapely.get_coordinates(line.interpolate(flown_m))[0]
        assert late_s(flies, QUAD, left_m(FRAME, here, plan), NOW_S + flown_s, 12.0) == pytest.approx(0, abs=0.1)


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


def test_the_time_of_a_late_drone_is_told_anew() -> None:
    sky = two()
    sky.vehicles["D1"].speed_mps = 8.0
    sky.until(lambda: sky.sortie("D1").late_s > 0, 30)
    there_s = sky.until_state("D1", SortieState.ON_SCENE).steps[-1].at_s
    assert arrives_at_s(sky.sortie("D1")) == pytest.approx(there_s, abs=15)  # told better and better on the way
    assert "D2" not in sky.situation.sorties  # 2.2 km away: no sooner


def test_another_is_sent_for_a_late_drone_where_that_is_much_sooner() -> None:
    sky = sky_of(situation([BASES[0], base("B2", 1500, 0)], FLEET), [CASE])
    assert sky.sortie("D2" if "D2" in sky.situation.sorties else "D1").incident_id == "I1"
    first = next(iter(sky.situation.sorties))
    other = "D1" if first == "D2" else "D2"
    sky.until_state(first, SortieState.EN_ROUTE)
    sky.vehicles[first].speed_mps = 3.0
    sky.until(lambda: other in sky.situation.sorties, 60)
    assert sky.sortie(other).incident_id == "I1"
    assert "late and another is sooner" in sky.why(first)
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)


@pytest.mark.parametrize("state", [SortieState.DECIDED, SortieState.EN_ROUTE, SortieState.ON_SCENE])
def test_two_vehicles_with_one_system_id_are_withdrawn_and_named(state: SortieState) -> None:
    sky = sky_of(situation(BASES, FLEET), [CASE])
    sky.until_state("D1", state)
    mixed = dataclasses.replace(sky.vehicles["D1"].state, twins=True, seen_at_s=sky.now_s)
    sky.give(Observed(at_s=sky.now_s + 0.2, states=(mixed,)))
    assert sky.situation.withdrawn["D1"] == "two vehicles answer to its system id 1"
    assert sky.sortie("D2").incident_id == "I1"
    assert sky.orders("D1")[-1] in ("StandDown", "Fly", "Land")
