"""A sortie that circles over its scene: ordered once it has arrived, seen, told again, ended by zones and by people."""

import dataclasses

import pytest

from dispatch.deadlines import TRIES
from dispatch.events import Assign, Fly, FlyOrbit, HoldHere, Refused, Release, Resume, Ticked, ZoneLifted, ZoneRaised
from dispatch.lifecycle import advance, next_deadline_s
from dispatch.model import Circling, IncidentStatus, IncidentType, SortieState
from dispatch.orbit import ALLOWANCE_M
from geo.airspace import Geozone
from tests.dispatch.sky import Sky, fault, sky_of, telemetry
from tests.dispatch.worlds import FRAME, at, base, box, drone, frozen, incident, situation

FIRE = IncidentType(code="fire", name_en="Fire", name_zh="火警", priority=1, needs=("visible",), orbit_radius_m=25.0)
CASE = incident("I1", 800, 0, type="fire", watch_s=120.0)
BASES = [base("B1", 0, 0), base("B2", 3000, 0, docks=2)]


def sky(*zones: Geozone, case: object = CASE) -> Sky:
    """D1 is sent to a fire 800 m east."""
    here = dataclasses.replace(situation(BASES, [drone("D1", "B1")], zones=zones), types=frozen({"fire": FIRE}))
    return sky_of(here, [case])  # type: ignore[list-item]


def circling(one: Sky) -> Circling:
    """What D1 was told to fly."""
    found = one.sortie("D1").circling
    assert found is not None, one.why("D1")
    return found


def on_circle(*zones: Geozone) -> Sky:
    """D1 has been seen on its circle."""
    one = sky(*zones)
    one.until(lambda: (c := one.sortie("D1").circling) is not None and c.seen, 200)
    return one


def off_m(one: Sky) -> float:
    """How far D1 is from its scene."""
    x, y = FRAME.xy(one.vehicles["D1"].state.position) - FRAME.xy(CASE.position)  # type: ignore[arg-type]
    return float((x * x + y * y) ** 0.5)


def test_it_circles_once_it_has_arrived_and_its_watch_is_as_long_as_ever() -> None:
    one = sky()
    one.until_state("D1", SortieState.ON_SCENE)
    began_s = one.now_s
    assert one.orders("D1")[-1] == "Fly", "it is still on its way to the point"
    one.until(lambda: one.orders("D1")[-1] == "FlyOrbit")
    assert off_m(one) < 5
    order = next(c for c in one.commands if isinstance(c, FlyOrbit))
    assert order.orbit.radius_m == 25.0
    assert order.mission == one.sortie("D1").mission
    assert not circling(one).seen
    one.step()
    assert circling(one) == Circling(orbit=order.orbit, seen=True)
    one.run(60)
    assert off_m(one) == pytest.approx(25.0, abs=0.1)
    one.until(lambda: one.incident("I1").status is IncidentStatus.CLEARED)
    assert one.now_s - began_s == pytest.approx(120, abs=2)
    assert one.sortie("D1").circling is None
    one.until(lambda: one.incident("I1").status is IncidentStatus.CLOSED)
    assert one.orders("D1").count("FlyOrbit") == 1


def test_what_asks_for_none_is_hovered_over() -> None:
    one = sky(case=dataclasses.replace(CASE, type="crowd"))
    one.until(lambda: one.incident("I1").status is IncidentStatus.CLOSED)
    assert "FlyOrbit" not in one.orders("D1")


def test_a_patrol_circles_over_its_last_point_only() -> None:
    case = dataclasses.replace(CASE, route=(at(800, 900), at(1200, 900)))
    one = sky(case=case)
    one.until(lambda: "FlyOrbit" in one.orders("D1"), 300)
    order = next(c for c in one.commands if isinstance(c, FlyOrbit))
    assert order.orbit.centre == case.route[-1]


def test_where_no_circle_is_legal_it_hovers_and_says_why() -> None:
    one = sky(box("Z", 818, -100, 900, 100))
    one.until(lambda: one.sortie("D1").hovers is not None, 200)
    why = one.sortie("D1").hovers
    assert why is not None
    assert (why.code, why.values["zone_id"]) == ("orbit_zone", "Z")
    one.run(30)
    assert "FlyOrbit" not in one.orders("D1")
    one.give(ZoneLifted(at_s=one.now_s, zone_id="Z"))
    one.until(lambda: one.sortie("D1").circling is not None, 5)
    assert one.sortie("D1").hovers is None


def test_a_vehicle_that_does_not_circle_is_told_again_and_then_hovers_while_the_watch_goes_on() -> None:
    one = sky()
    fault(one, "D1", "deaf to flyorbit")
    one.until_state("D1", SortieState.ON_SCENE)
    one.until(lambda: one.sortie("D1").hovers is not None, 100)
    assert one.orders("D1").count("FlyOrbit") == TRIES
    assert one.orders("D1")[-1] == "Fly"
    why = one.sortie("D1").hovers
    assert why is not None
    assert why.code == "orbit_not_flown"
    assert one.incident("I1").status is IncidentStatus.ON_SCENE
    one.until(lambda: one.incident("I1").status is IncidentStatus.CLOSED)
    assert one.orders("D1").count("FlyOrbit") == TRIES


def test_a_vehicle_that_refuses_to_circle_hovers_too() -> None:
    one = sky()
    fault(one, "D1", "refuse flyorbit")
    one.until(lambda: "FlyOrbit" in one.orders("D1"))
    assert one.orders("D1").count("FlyOrbit") == TRIES
    assert one.sortie("D1").hovers is not None
    assert one.incident("I1").status is IncidentStatus.ON_SCENE


def test_one_that_stops_circling_is_told_again_in_time() -> None:
    one = on_circle()
    one.vehicles["D1"].doing = "hold"
    one.step()
    assert not circling(one).seen
    due_s = circling(one).deadline_at_s
    assert due_s is not None
    assert next_deadline_s(one.situation) == due_s
    one.until(lambda: one.orders("D1").count("FlyOrbit") == 2, one.situation.rules.command_deadline_s + 2)
    one.until(lambda: circling(one).seen, 5)


def test_one_that_was_carried_off_comes_back_over_its_scene_before_it_circles_again() -> None:
    one = on_circle()
    one.vehicles["D1"].doing = "hold"
    telemetry(one, "D1", position=at(800, 200))
    one.until(lambda: one.orders("D1")[-1] == "Fly", 20)
    one.until(lambda: one.orders("D1")[-1] == "FlyOrbit", 60)
    assert off_m(one) < 5


def test_a_zone_raised_over_the_circle_ends_it_at_once_and_it_circles_as_it_may() -> None:
    one = on_circle()
    zone = box("Z", 830, -100, 900, 100)  # its margin begins 20 m east of the scene
    (order,) = one.give(ZoneRaised(at_s=one.now_s, zone=zone)).commands
    assert isinstance(order, Fly)
    assert order.points[-1] == CASE.position
    assert one.sortie("D1").circling is None
    one.until(lambda: (c := one.sortie("D1").circling) is not None and c.seen, 60)
    assert circling(one).orbit.radius_m == pytest.approx(20.0 - ALLOWANCE_M, abs=0.01)
    assert one.incident("I1").status is IncidentStatus.ON_SCENE


def test_a_zone_raised_over_the_drone_but_not_the_scene_is_left_at_once() -> None:
    one = on_circle()
    one.until(lambda: FRAME.xy(one.vehicles["D1"].state.position)[0] > 823, 60)  # type: ignore[arg-type]
    (order,) = one.give(ZoneRaised(at_s=one.now_s, zone=box("Z", 828, -100, 900, 100))).commands
    assert isinstance(order, Fly)
    assert order.points[-1] == CASE.position
    assert one.incident("I1").status is IncidentStatus.ON_SCENE


def test_a_zone_raised_over_the_scene_sends_it_home() -> None:
    one = on_circle()
    one.give(ZoneRaised(at_s=one.now_s, zone=box("Z", 790, -10, 810, 10)))
    assert one.sortie("D1").state is SortieState.RETURNING
    assert one.incident("I1").status is IncidentStatus.OPEN


def test_a_zone_on_the_way_back_changes_the_mission_and_not_the_circle() -> None:
    one = on_circle()
    outcome = one.give(ZoneRaised(at_s=one.now_s, zone=box("Z", 400, -100, 450, 100)))
    assert [type(command).__name__ for command in outcome.commands] == ["Upload"]
    assert circling(one).seen
    mission = one.sortie("D1").mission
    assert mission is not None
    assert mission.points[-1].position == CASE.position
    assert len(mission.back) > 1


def test_a_zone_far_away_changes_nothing() -> None:
    one = on_circle()
    before = one.sortie("D1")
    one.give(ZoneRaised(at_s=one.now_s, zone=box("Z", 2000, 2000, 2100, 2100)))
    assert one.sortie("D1").circling == before.circling


def test_held_it_stops_and_resumed_it_goes_back_to_circle() -> None:
    one = on_circle()
    one.give(HoldHere(at_s=one.now_s, sortie_id=one.sortie("D1").id))
    assert one.sortie("D1").circling is None
    one.run(20)
    assert one.orders("D1")[-1] == "Hold"
    one.give(Resume(at_s=one.now_s, sortie_id=one.sortie("D1").id))
    one.until(lambda: (c := one.sortie("D1").circling) is not None and c.seen, 30)


def test_released_it_comes_home_from_where_it_is() -> None:
    one = on_circle()
    here = one.vehicles["D1"].state.position
    (order,) = one.give(Release(at_s=one.now_s, incident_id="I1")).commands
    assert isinstance(order, Fly)
    home = one.sortie("D1").home
    assert home is not None
    assert FRAME.xy(home.legs[0].start) == pytest.approx(FRAME.xy(here), abs=0.01)  # type: ignore[arg-type]


def test_a_drone_sent_elsewhere_by_hand_circles_there() -> None:
    one = on_circle()
    one.report(incident("I2", 1600, 0, type="fire"))
    one.give(Assign(at_s=one.now_s, incident_id="I2", drone_id="D1"))
    assert one.sortie("D1").circling is None
    one.until(lambda: (c := one.sortie("D1").circling) is not None and c.seen, 200)
    assert circling(one).orbit.centre == at(1600, 0)


def test_a_late_refusal_and_a_tick_without_a_circle_do_nothing() -> None:
    one = on_circle()
    one.give(HoldHere(at_s=one.now_s, sortie_id=one.sortie("D1").id))
    told = len(one.commands)
    one.give(Refused(at_s=one.now_s, drone_id="D1", sortie_id=one.sortie("D1").id, order="flyorbit", why="late"))
    assert len(one.commands) == told
    assert advance(one.situation, Ticked(at_s=one.now_s + 1)).commands == ()
