"""The camera of a drone on scene: pointed once, seen to point, told again, remarked on, let go of; never in the way."""

import dataclasses

import pytest

from dispatch.camera import TRIES
from dispatch.events import Observed, PointCamera, Release, RestCamera, ZoneRaised
from dispatch.lifecycle import advance, next_deadline_s
from dispatch.model import Body, IncidentStatus, IncidentType, Pointing, Sortie, SortieState
from dispatch.video import video_fault, without_credentials
from tests.dispatch.sky import Sky, fault, sky_of, telemetry
from tests.dispatch.worlds import at, base, box, drone, frozen, incident, situation

CASE = incident("I1", 800, 0, watch_s=120.0)
FIRE = IncidentType(code="fire", name_en="Fire", name_zh="火警", priority=1, needs=("visible",), orbit_radius_m=25.0)
BASES = [base("B1", 0, 0), base("B2", 3000, 0, docks=2)]
GIMBAL = Body(prepared=True, gimbal=True, video_url="rtsp://10.0.0.5/d1")


def sky(body: Body | None = GIMBAL, case: object = CASE, *faults: str) -> Sky:
    """D1 is sent 800 m east; its vehicle has that body."""
    here = dataclasses.replace(situation(BASES, [drone("D1", "B1")]), types=frozen({"fire": FIRE}), ground_amsl_m=4.0)
    one = sky_of(here)
    telemetry(one, "D1", body=body)
    fault(one, "D1", *faults)
    one.step()
    one.report(case)  # type: ignore[arg-type]
    return one


def camera_orders(one: Sky) -> list[PointCamera | RestCamera]:
    return [command for command in one.commands if isinstance(command, PointCamera | RestCamera)]


def flight_orders(one: Sky) -> list[str]:
    return [name for name in one.orders("D1") if name not in ("PointCamera", "RestCamera")]


def told(one: Sky) -> Sortie:
    """D1's sortie, its camera told where to look."""
    one.until(lambda: one.sortie("D1").pointing is not None, 200)
    return one.sortie("D1")


def test_it_is_pointed_once_on_scene_and_let_go_of_on_the_way_home() -> None:
    one = sky()
    one.until_state("D1", SortieState.EN_ROUTE)
    assert camera_orders(one) == []
    pointing = told(one).pointing
    assert one.sortie("D1").state is SortieState.ON_SCENE
    assert pointing == Pointing(at=CASE.position, amsl_m=4.0, tries=1, deadline_at_s=pytest.approx(one.now_s + 13.0))
    one.until(lambda: (p := one.sortie("D1").pointing) is not None and p.seen, 5)
    one.run(60)
    assert len(camera_orders(one)) == 1
    assert one.sortie("D1").unpointed is None
    one.until(lambda: one.incident("I1").status is IncidentStatus.CLOSED, 400)
    first, last = camera_orders(one)
    assert (first.sortie_id, last.sortie_id) == (one.sortie("D1").id,) * 2
    assert isinstance(last, RestCamera)
    assert one.orders("D1").index("RestCamera") > len(one.orders("D1")) - 4, "with the order home, not after landing"
    assert one.sortie("D1").pointing is None


def test_while_it_circles_it_goes_on_pointing_at_the_scene() -> None:
    one = sky(GIMBAL, dataclasses.replace(CASE, type="fire"))
    one.until(lambda: (c := one.sortie("D1").circling) is not None and c.seen, 200)
    one.run(30)
    assert len(camera_orders(one)) == 1
    assert (found := one.sortie("D1").pointing) is not None
    assert found.seen


def test_a_patrol_points_over_its_last_point_only() -> None:
    case = dataclasses.replace(CASE, route=(at(800, 900), at(1200, 900)))
    pointing = told(sky(GIMBAL, case)).pointing
    assert pointing is not None
    assert pointing.at == case.route[-1]


def test_a_gimbal_that_does_not_turn_is_told_again_and_then_remarked_on_and_the_flight_is_the_same() -> None:
    good, stuck = sky(), sky(GIMBAL, CASE, "stuck gimbal")
    for one in (good, stuck):
        one.until_state("D1", SortieState.ON_SCENE)
        one.run(45)
    assert [type(order) for order in camera_orders(stuck)] == [PointCamera] * TRIES
    remark = stuck.sortie("D1").unpointed
    assert remark is not None
    assert remark.code == "camera_not_pointing"
    assert next_deadline_s(stuck.situation) > stuck.now_s, "nothing is waited for any more"
    for one in (good, stuck):
        one.until(lambda one=one: one.incident("I1").status is IncidentStatus.CLOSED, 400)  # type: ignore[misc]
    assert flight_orders(good) == flight_orders(stuck)
    assert good.incident("I1").clocks == stuck.incident("I1").clocks
    assert good.situation.withdrawn == stuck.situation.withdrawn == {}


def test_one_that_points_after_all_is_not_remarked_on_any_more() -> None:
    one = sky(GIMBAL, CASE, "stuck gimbal")
    one.until(lambda: one.sortie("D1").unpointed is not None, 200)
    one.vehicles["D1"].faults.clear()
    one.until(lambda: one.sortie("D1").unpointed is None, 5)
    assert one.sortie("D1").pointing is not None


def test_one_that_looks_away_is_told_again() -> None:
    one = sky()
    one.until(lambda: (p := one.sortie("D1").pointing) is not None and p.seen, 200)
    one.vehicles["D1"].looks_at = None
    one.until(lambda: len(camera_orders(one)) == 2, 20)
    one.until(lambda: (p := one.sortie("D1").pointing) is not None and p.seen, 5)


@pytest.mark.parametrize("body", [None, Body(prepared=True, camera=True), Body(prepared=True)])
def test_a_vehicle_without_gimbal_is_told_nothing(body: Body | None) -> None:
    one = sky(body)
    one.until(lambda: one.incident("I1").status is IncidentStatus.CLOSED, 500)
    assert camera_orders(one) == []
    assert one.sortie("D1").unpointed is None


def test_what_the_vehicle_tells_of_its_stream_counts_else_what_the_city_says() -> None:
    assert told(sky()).video_url == "rtsp://10.0.0.5/d1"
    one = sky(Body(gimbal=True))
    d1 = dataclasses.replace(one.situation.drones["D1"], video_url="https://city.example/d1")
    one.situation = dataclasses.replace(one.situation, drones=frozen({"D1": d1}))
    assert told(one).video_url == "https://city.example/d1"


def test_a_silent_vehicle_s_old_sight_proves_nothing() -> None:
    one = sky()
    state = one.situation.states["D1"]
    before = told(one)
    deaf = dataclasses.replace(one.vehicles["D1"].state, connected=False)
    outcome = advance(one.situation, Observed(at_s=one.now_s + 0.1, states=(deaf,)))
    assert outcome.situation.sorties["D1"].pointing == before.pointing
    assert state is not None


def test_a_zone_over_the_scene_sends_it_home_and_the_camera_is_let_go_of() -> None:
    one = sky()
    told(one)
    one.give(ZoneRaised(at_s=one.now_s, zone=box("Z1", 700, -100, 900, 100)))
    assert isinstance(camera_orders(one)[-1], RestCamera)


def test_a_released_drone_lets_go_in_the_same_event() -> None:
    one = sky()
    told(one)
    outcome = one.give(Release(at_s=one.now_s, incident_id="I1"))
    assert [type(command).__name__ for command in outcome.commands] == ["Fly", "RestCamera"]


def test_addresses_of_streams() -> None:
    for good in ("rtsp://10.0.0.5:8554/d1", "https://media.example/d1.m3u8", "whip://a.example/x", "rtmp://a/b"):
        assert video_fault(good) is None
        assert without_credentials(good) == good
    for bad in ("10.0.0.5/d1", "javascript:alert(1)", "file:///etc/passwd", "rtsp://", "rtsp://a b/c", "rtsp://a:x/"):
        assert video_fault(bad)
        assert without_credentials(bad) == ""
    secret = "rtsp://pilot:hunter2@10.0.0.5/d1"
    assert "hunter2" not in (video_fault(secret) or "hunter2")
    assert without_credentials(secret) == "rtsp://10.0.0.5/d1"
