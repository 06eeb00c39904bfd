"""Who is late, by how much, and who serves its incident then: the answer falls in the event in which it is found."""

import dataclasses
import itertools

import pytest
import shapely
from scipy.optimize import brentq

from dispatch.events import Restore, Withdraw
from dispatch.handover import arrives_at_s
from dispatch.lateness import AHEAD_S, KEPT, Progress, pace_ahead, progress
from dispatch.model import IncidentStatus, SortieState
from dispatch.outbound import ways_out
from dispatch.relay import RECONSIDER_S
from dispatch.safety import left_m
from geo.flight import FlightPlan, Leg, passed_s, timed_plan
from tests.dispatch.sky import Sky, sky_of
from tests.dispatch.worlds import FRAME, NOW_S, QUAD, RULES, at, base, drone, flying, incident, situation, sortie

FLEET = [drone("D1", "B1"), drone("D2", "B2")]


def way(*corners_m: tuple[float, float]) -> FlightPlan:
    """Along these places at 20 m/s."""
    places = [(0.0, 0.0), *corners_m]
    legs = []
    for (x, y), (u, v) in itertools.pairwise(places):
        course_deg, length_m = 90.0 if v == y else 0.0, abs(u - x) + abs(v - y)
        leg = Leg(start=at(x, y), end=at(u, v), length_m=length_m, course_deg=course_deg, ground_speed_mps=20.0)
        legs.append(leg)
    return timed_plan(tuple(legs), QUAD, height_m=RULES.cruise_height_m, climb_from_m=None)


EN_ROUTE = sortie("D1", SortieState.EN_ROUTE, "I1", out=way((800.0, 0.0)), moving=True)


def left_after_m(plan: FlightPlan, passed: float) -> float:
    """What is left of the plan's way when it counts so many seconds of it."""
    return brentq(lambda left: passed_s(plan, QUAD, left) - passed, 0.0, plan.distance_m)


def seen(share: float, flown_s: float, speed_mps: float = 20.0) -> Progress | None:
    """A drone that has flown its plan at that share of its pace."""
    left = left_after_m(EN_ROUTE.out, share * flown_s)
    return progress(EN_ROUTE, QUAD, left, speed_mps, NOW_S + flown_s, 12.0)


def late_s(share: float, flown_s: float) -> float:
    """How late it will be if it goes on so."""
    found = seen(share, flown_s)
    assert found is not None
    return found.late_s(found.pace)


def test_how_late_it_will_be() -> None:
    whole_s = EN_ROUTE.out.time.total_s
    assert late_s(1.0, 20) == pytest.approx(0, abs=1e-3)
    assert late_s(0.5, 20) == pytest.approx(whole_s, abs=1e-3)  # half the speed: twice the time
    assert late_s(0.0, 20) > 300
    assert late_s(1.5, 20) == 0
    assert seen(0.5, 5) is None  # too early to tell


def test_the_pace_that_it_has_now_is_by_its_speed() -> None:
    plan = EN_ROUTE.out
    assert pace_ahead(plan, QUAD, 500.0, 20.0) == pytest.approx(1.0)
    assert pace_ahead(plan, QUAD, 500.0, 5.0) == pytest.approx(0.25)
    assert pace_ahead(plan, QUAD, 500.0, 0.0) == 0.0
    found = seen(0.8, 20, speed_mps=2.0)  # it was a little slow, and hardly moves now
    assert found is not None
    assert found.late_s(found.pace_now) > 150 > found.late_s(found.pace)


def test_a_corner_is_no_slow_pace() -> None:
    """Near a corner the plan is slow, and so is a drone that keeps it."""
    plan, step_m = way((400.0, 0.0), (400.0, 400.0)), 0.5
    for left in (440.0, 420.0, 405.0, 400.0, 395.0, 380.0, 360.0):
        speed_mps = step_m / (passed_s(plan, QUAD, left - step_m) - passed_s(plan, QUAD, left))
        lost_s = AHEAD_S * max(0.0, 1.0 - pace_ahead(plan, QUAD, left, speed_mps))
        assert lost_s < 4.0, left


@pytest.mark.parametrize(
    ("goal_m", "speed_mps"), [((900, 0), 0.0), ((-900, 0), 20.0), ((0, 900), 20.0), ((-300, 0), 20.0)]
)
def test_who_flies_as_planned_is_never_late(goal_m: tuple[float, float], speed_mps: float) -> None:
    """Told at speed to turn back, a drone is at first farther and farther away; that is in its plan."""
    state = flying("D1", 0, 0, course_deg=90.0, ground_speed_mps=speed_mps)
    (plan,) = ways_out(
        situation([base("B1", 0, 0)], FLEET[:1], [incident("I1", *goal_m)], states=[state]), QUAD, [state], at(*goal_m)
    )
    assert plan is not None
    flies = dataclasses.replace(EN_ROUTE, out=plan)
    line = shapely.LineString(FRAME.xy_of([plan.legs[0].start, *(leg.end for leg in plan.legs)]))
    before_s = plan.time.turnout_s + plan.time.start_s
    for flown_s in range(12, int(plan.time.total_s)):
        flown_m = plan.distance_m - left_after_m(plan, max(0.0, flown_s - before_s))
        here = shapely.get_coordinates(line.interpolate(flown_m))[0]
        found = progress(flies, QUAD, left_m(FRAME, here, plan), 20.0, NOW_S + flown_s, 12.0)
        assert found is not None
        assert found.late_s(found.pace) == pytest.approx(0, abs=0.1)


# ---------------------------------------------------------------- what follows


def en_route(*, goal_m: tuple[float, float] = (800.0, 0.0), second_m: tuple[float, float] = (3000.0, 0.0)) -> Sky:
    """D1, from the middle, is on its way; D2 stands there."""
    bases = [base("B1", 0, 0), base("B2", *second_m)]
    sky = sky_of(situation(bases, FLEET), [incident("I1", *goal_m, watch_s=60.0)])
    sky.until_state("D1", SortieState.EN_ROUTE)
    assert "D2" not in sky.situation.sorties
    return sky


def slow(sky: Sky, drone_id: str, speed_mps: float) -> None:
    sky.vehicles[drone_id].speed_mps = speed_mps


def until_late(sky: Sky, drone_id: str = "D1") -> None:
    """Until it is found late, in this very event."""
    sky.until(lambda: sky.sortie(drone_id).late_s > 0, 60)


def served(sky: Sky) -> str:
    """The drone that comes on scene."""
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.ON_SCENE)
    return sky.sorties[sky.incident("I1").sortie_id or ""].drone_id


def test_the_time_of_a_late_drone_is_told_anew_and_it_says_why_it_goes_on() -> None:
    sky = en_route()
    sky.run(8)
    slow(sky, "D1", 8.0)
    until_late(sky)
    (kept,) = (d for d in sky.decisions if d.policy == KEPT)
    assert (kept.at_s, kept.drone_id) == (sky.now_s, "D1")
    assert "keeps it: D2 would be there in" in kept.why
    expected_at_s = arrives_at_s(sky.sortie("D1"))
    assert kept.options[0].time is not None
    assert kept.at_s + kept.options[0].time.total_s == pytest.approx(expected_at_s)
    assert sky.until_state("D1", SortieState.ON_SCENE).steps[-1].at_s == pytest.approx(expected_at_s, abs=3)
    assert "D2" not in sky.situation.sorties  # 2.2 km away: no sooner


@pytest.mark.parametrize("flown_s", [1, 30])
def test_another_goes_in_the_event_in_which_a_drone_is_found_late(flown_s: int) -> None:
    """Also where it was held up only after a while: what the rest will take counts, not what the part before took."""
    sky = en_route(goal_m=(1500.0, 0.0), second_m=(3100.0, 0.0))
    sky.run(flown_s)
    slow(sky, "D1", 1.0)
    until_late(sky)
    assert sky.sortie("D2").incident_id == "I1"
    assert sky.decisions[-1].at_s == sky.sortie("D1").steps[-1].at_s == sky.now_s
    assert "s late, there in" in sky.why("D1")
    assert "D2 would be there in" in sky.why("D1")
    assert served(sky) == "D2"


def test_time_that_was_lost_before_is_no_slow_flight() -> None:
    """The start was slow, and by the pace so far the rest would take minutes; but it flies as planned now."""
    sky = en_route(goal_m=(1500.0, 0.0), second_m=(3100.0, 0.0))
    slow(sky, "D1", 1.0)
    sky.run(10)
    slow(sky, "D1", 20.0)
    sky.until_state("D1", SortieState.ON_SCENE)
    assert not [d for d in sky.decisions if d.policy == KEPT]
    assert served(sky) == "D1"


@pytest.mark.parametrize(("second_m", "goes"), [((-50.0, 0.0), "D1"), ((4000.0, 4050.0), "D2")])
def test_what_may_be_wind_meets_the_others_too(second_m: tuple[float, float], goes: str) -> None:
    """14 m/s where 25 m/s are held through the air: 11 m/s against it. From behind D2 would meet it as well."""
    sky = en_route(goal_m=(4000.0, 0.0), second_m=second_m)
    slow(sky, "D1", 14.0)
    until_late(sky)
    sky.run(10)
    assert sky.sortie(goes).incident_id == "I1"
    assert ("D2" in sky.situation.sorties) is (goes == "D2")


def test_the_own_trouble_of_a_drone_does_not_meet_the_others() -> None:
    """No drone flies in a wind that would leave it 3 m/s: D2 from right behind goes."""
    sky = en_route(goal_m=(4000.0, 0.0), second_m=(-50.0, 0.0))
    slow(sky, "D1", 3.0)
    until_late(sky)
    assert sky.sortie("D2").incident_id == "I1"


def test_an_incident_is_not_handed_to_and_fro() -> None:
    """Every drone is slow: each is given up once at most, and the last keeps it."""
    bases = [base("B1", 0, 0), base("B2", 1700, 0), base("B3", 1800, 0)]
    sky = sky_of(situation(bases, [*FLEET, drone("D3", "B3")]), [incident("I1", 800, 0, watch_s=60.0)])
    for drone_id in ("D1", "D2", "D3"):
        slow(sky, drone_id, 3.0)
    last = served(sky)
    assert sky.incident("I1").refused_drones == ("D1", "D2")
    assert last == "D3"
    sent = [d.drone_id for d in sky.decisions if d.policy != KEPT]
    assert sent == ["D1", "D2", "D3"]
    assert {d.drone_id for d in sky.decisions if d.policy == KEPT} == {"D3"}


def test_another_that_comes_free_is_sent_for_a_late_drone() -> None:
    sky = en_route(goal_m=(1500.0, 0.0), second_m=(3100.0, 0.0))
    sky.give(Withdraw(at_s=sky.now_s, drone_id="D2", why="rotors are looked at"))
    slow(sky, "D1", 3.0)
    until_late(sky)
    assert "no other can go (withdrawn 1)" in sky.decisions[-1].why
    sky.run(20)
    sky.give(Restore(at_s=sky.now_s, drone_id="D2"))
    assert sky.until(lambda: "D2" in sky.situation.sorties, 60) <= RECONSIDER_S + 1
    assert served(sky) == "D2"
