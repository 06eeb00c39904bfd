"""Incidents from the report to the last clock, and every order an operator can give, on vehicles that fly."""

import asyncio
import concurrent.futures
import itertools
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely

from api.app import create_app
from api.engine import free_udp_port, ready, running
from api.views.decisions import DecisionView
from api.views.incidents import IncidentView
from api.views.situation import SituationView
from api.views.sorties import SortieView
from dispatch.city_folder import load_city
from dispatch.clock import ScaledClock
from dispatch.store import Role, Store
from geo.position import Position
from simulator.embedded import embedded_fleet
from tests.api.site import SPEED, Site, settings_for, until
from tests.api.test_security import problem_of
from tests.cities import DRONES, FRAME, ZONE_ID, place, write_city, zone

CLOCKS = ("reported_at_s", "decided_at_s", "launched_at_s", "on_scene_at_s", "cleared_at_s", "returned_at_s")
STORM = {"speed_mps": 20.0, "from_deg": 270.0}
CALM = {"speed_mps": 0.0, "from_deg": 0.0}


@pytest.fixture(autouse=True)
def _tidy(site: Site, admin: httpx.Client) -> Iterator[None]:
    """Leaves no incident open, no drone out of service, no zone but the city's, and calm weather."""
    yield
    for incident in admin.get("/incidents?limit=1000").json()["incidents"]:
        if incident["status"] not in ("closed", "cancelled", "cleared"):
            admin.post(f"/incidents/{incident['id']}/cancel")
    for drone in admin.get("/drones").json():
        if drone["activity"] == "withdrawn":
            admin.post(f"/drones/{drone['id']}/restore")
    for feature in admin.get("/zones").json()["features"]:
        if feature["properties"]["id"] != ZONE_ID:
            admin.delete(f"/zones/{feature['properties']['id']}")
    admin.put("/weather", json=CALM)
    assert site.engine.operations.failures == 0


def report(client: httpx.Client, east_m: float, north_m: float, **others: Any) -> dict[str, Any]:
    """Report an incident there; the answer, which must be 201."""
    answer = client.post("/incidents", json=place(east_m, north_m) | {"type": "crash", "watch_s": 20} | others)
    assert answer.status_code == 201, answer.text
    incident: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/incidents/{incident['id']}"
    return incident


def becomes(client: httpx.Client, incident_id: str, *statuses: str, timeout_s: float = 20) -> dict[str, Any]:
    """The incident once it has one of these statuses."""

    def now() -> dict[str, Any] | None:
        incident: dict[str, Any] = client.get(f"/incidents/{incident_id}").json()
        return incident if incident["status"] in statuses else None

    return until(now, f"{incident_id} {' or '.join(statuses)}", timeout_s)


def sortie_becomes(client: httpx.Client, sortie_id: str, *states: str) -> dict[str, Any]:
    """The sortie once it has one of these states."""

    def now() -> dict[str, Any] | None:
        found: list[dict[str, Any]] = client.get("/sorties").json()
        return next((s for s in found if s["id"] == sortie_id and s["state"] in states), None)

    return until(now, f"{sortie_id} {' or '.join(states)}")


def in_order(incident: dict[str, Any]) -> bool:
    """Whether all clocks are set, none before the one that must come first."""
    instants = [incident["clocks"][name] for name in CLOCKS]
    return None not in instants and all(a <= b for a, b in itertools.pairwise(instants))


# ---------------------------------------------------------------- before anything flies


def test_out_of_service_and_back(quiet_site: Site, operator: httpx.Client, viewer: httpx.Client) -> None:
    best = viewer.post("/decide", json=place(0, 1100) | {"type": "crash"}).json()["drone_id"]
    assert best == "H1"
    seen = operator.post(f"/drones/{best}/withdraw", json={"why": "propeller check"}).json()
    assert (seen["activity"], seen["ready"], seen["not_ready_because"]) == ("withdrawn", False, "propeller check")
    preview = viewer.post("/decide", json=place(0, 1100) | {"type": "crash"}).json()
    out = next(option["out"] for option in preview["options"] if option["drone_id"] == best)
    assert preview["drone_id"] != best
    assert (out["code"], out["values"]) == ("withdrawn", {"why": "propeller check"})
    assert problem_of(operator.post(f"/drones/{best}/withdraw", json={"why": ""})) == "invalid_request"
    back = operator.post(f"/drones/{best}/restore").json()
    assert (back["activity"], back["ready"]) == ("charging" if back["activity"] == "charging" else "docked", True)
    assert viewer.post("/decide", json=place(0, 1100) | {"type": "crash"}).json()["drone_id"] == best


def test_what_is_in_reach(quiet_site: Site, viewer: httpx.Client, operator: httpx.Client) -> None:
    def area_m2(**query: Any) -> dict[str, float]:
        found = viewer.get("/reach", params=query).json()["features"]
        return {f["properties"]["drone_id"]: shapely.geometry.shape(f["geometry"]).area for f in found}

    now = area_m2(seconds=60)
    assert set(now) == {"D1", "D3", "H1"}  # one of a base and airframe
    assert all(later > now[drone] for drone, later in area_m2(seconds=90).items())
    assert area_m2(seconds=1) == {}
    operator.put("/weather", json=STORM)
    assert area_m2(seconds=60) == {}


# ---------------------------------------------------------------- one incident, whole


def test_a_preview_is_what_then_happens_and_leaves_nothing(
    quiet_site: Site, viewer: httpx.Client, operator: httpx.Client
) -> None:
    before = quiet_site.footprint()
    answer = viewer.post("/decide", json=place(-300, 800) | {"type": "crash"})
    seen = DecisionView.model_validate_json(answer.text)
    assert quiet_site.footprint() == before
    made = report(operator, -300, 800, watch_s=0)
    assert seen.drone_id == made["drone_id"]
    assert seen.options[0].time is not None
    planned_s = made["eta_at_s"] - made["clocks"]["decided_at_s"]
    assert seen.options[0].time.total_s == pytest.approx(planned_s, abs=0.5)


def test_from_the_report_to_the_last_clock(site: Site, operator: httpx.Client, viewer: httpx.Client) -> None:
    made = report(operator, 400, 300, type="fire", note="smoke over the roofs")
    assert made["status"] == "assigned"
    assert made["drone_id"] in DRONES
    assert (made["priority"], made["reported_by"], made["source"]) == (1, "operator", "operator")
    assert made["eta_at_s"] > made["clocks"]["decided_at_s"] >= made["clocks"]["reported_at_s"]

    (decision,) = viewer.get(f"/incidents/{made['id']}/decisions").json()
    assert decision["id"] == made["latest_decision_id"]
    assert decision["why"] == made["why"]
    assert decision["drone_id"] == decision["options"][0]["drone_id"] == made["drone_id"]
    assert {option["drone_id"] for option in decision["options"]} == set(DRONES)
    assert all((option["time"] is None) == (option["out"] is not None) for option in decision["options"])
    times_s = [option["time"]["total_s"] for option in decision["options"] if option["out"] is None]
    assert times_s == sorted(times_s)
    assert viewer.get(f"/decisions/{decision['id']}").json() == decision
    inputs = site.engine.store.decision_inputs(decision["id"])
    assert inputs is not None
    assert made["id"] in inputs

    sortie = sortie_becomes(viewer, made["sortie_id"], "en_route")
    assert sortie["drone_id"] == made["drone_id"]
    assert sortie["incident_id"] == made["id"]
    assert len(sortie["route"]) >= 2
    drone = viewer.get(f"/drones/{made['drone_id']}").json()
    assert drone["activity"] == "sortie"
    assert drone["sortie_id"] == made["sortie_id"]
    assert not drone["ready"]

    for status in ("on_scene", "cleared", "closed"):
        seen = becomes(viewer, made["id"], status, "closed")
        picture = SituationView.model_validate_json(viewer.get("/situation").text)
        assert {one.id for one in picture.drones} == set(DRONES)
        assert made["id"] in {one.id for one in picture.incidents}
    assert in_order(seen)
    assert seen["drone_id"] == made["drone_id"]
    assert seen["clocks"]["cleared_at_s"] - seen["clocks"]["on_scene_at_s"] >= 20
    assert seen["clocks"]["on_scene_at_s"] - seen["clocks"]["reported_at_s"] <= 180

    track = viewer.get(f"/sorties/{made['sortie_id']}/track").json()
    assert len(track) >= 3
    assert all(a["at_s"] < b["at_s"] for a, b in itertools.pairwise(track))
    flown = viewer.get("/sorties", params={"drone_id": made["drone_id"]}).json()
    states = next(s for s in flown if s["id"] == made["sortie_id"])["steps"]
    order = ["decided", "commanded", "airborne", "en_route", "on_scene", "released", "returning", "landing", "landed"]
    assert [step["state"] for step in states][:9] == order

    for verb in ("release", "cancel"):
        late = operator.post(f"/incidents/{made['id']}/{verb}")
        assert late.status_code == 409
        assert problem_of(late) == "over"
    late = operator.post(f"/sorties/{made['sortie_id']}/recall")
    assert late.status_code == 409
    assert problem_of(late) == "too_late"


# ---------------------------------------------------------------- once and only once


def test_a_repeat_is_the_same_incident(site: Site, operator: httpx.Client, planner: httpx.Client) -> None:
    operator.put("/weather", json=STORM)  # so that nothing flies
    body = place(1500, 1500) | {"type": "crash", "note": "once"}
    key = {"idempotency-key": str(uuid.uuid4())}
    first = operator.post("/incidents", json=body, headers=key)
    again = operator.post("/incidents", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert "location" not in again.headers
    spelled = operator.post("/incidents", json=body | {"priority": None, "watch_s": None}, headers=key)
    assert spelled.json()["id"] == first.json()["id"]  # what is left out is null

    other = operator.post("/incidents", json=body | {"note": "twice"}, headers=key)
    assert other.status_code == 409
    assert problem_of(other) == "idempotency_mismatch"
    patrol = operator.post("/patrols", json={"points": [_point(0, 0)], "datum": "WGS-84"}, headers=key)
    assert patrol.status_code == 409

    # what would be refused now was accepted then: the answer to the repeat is what became of it
    planner.post("/zones", json=zone("over-it", (1400, 1400), (1600, 1600))).raise_for_status()
    assert problem_of(operator.post("/incidents", json=body)) == "inside_geozone"
    operator.post(f"/incidents/{first.json()['id']}/cancel")
    late = operator.post("/incidents", json=body, headers=key)
    assert late.status_code == 200
    assert (late.json()["id"], late.json()["status"]) == (first.json()["id"], "cancelled")


def test_the_same_request_many_times_at_once(site: Site, operator: httpx.Client) -> None:
    operator.put("/weather", json=STORM)
    before, _ = site.footprint()
    body, key = place(500, 500) | {"type": "crash"}, {"idempotency-key": str(uuid.uuid4())}
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: operator.post("/incidents", json=body, headers=key), range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert site.footprint()[0] == before + 1
    # and none of it, nor a refusal, has used up a number
    assert problem_of(operator.post("/incidents", json=body | {"type": "ufo"})) == "unknown_type"
    number = int(answers[0].json()["id"].removeprefix("I-"))
    assert report(operator, 500, 500)["id"] == f"I-{number + 1:06d}"


def test_many_reports_at_once_are_many_incidents(site: Site, operator: httpx.Client) -> None:
    operator.put("/weather", json=STORM)
    before, _ = site.footprint()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda n: report(operator, 100 * n, 0), range(10)))
    assert len({incident["id"] for incident in made}) == 10
    assert site.footprint()[0] == before + 10


# ---------------------------------------------------------------- looking


def test_pages_of_incidents(operator: httpx.Client, viewer: httpx.Client) -> None:
    operator.put("/weather", json=STORM)
    made = [report(operator, 50 * n, 100)["id"] for n in range(5)]
    operator.post(f"/incidents/{made[0]}/cancel")

    def pages(limit: int, **query: Any) -> list[str]:
        found: list[str] = []
        before: dict[str, int] = {}
        while True:
            page = viewer.get("/incidents", params={"limit": limit, **before, **query}).json()
            assert len(page["incidents"]) <= limit
            found += [incident["id"] for incident in page["incidents"]]
            if page["next_before"] is None:
                return found
            before = {"before": page["next_before"]}

    everything = pages(1000)
    assert pages(2) == everything
    assert len(everything) == len(set(everything))
    assert everything[:5] == [made[0], *reversed(made[1:])]  # newest change first
    assert set(made[1:]) <= set(pages(3, status="open"))
    assert made[0] in pages(3, status="cancelled")
    assert set(pages(3, status=["open", "cancelled"])) >= set(made)


def test_what_ended_long_ago_still_says_who_went(site: Site, operator: httpx.Client, viewer: httpx.Client) -> None:
    made = report(operator, 100, 100)
    operator.post(f"/incidents/{made['id']}/cancel")
    site.engine.why.pop(made["id"], None)  # forgotten, as after many others or a restart
    for seen in (
        viewer.get(f"/incidents/{made['id']}").json(),
        viewer.get("/incidents?limit=1").json()["incidents"][0],
    ):
        assert seen["id"] == made["id"]
        assert seen["why"] == made["why"]
        assert seen["drone_id"] == made["drone_id"]
        assert seen["latest_decision_id"] == made["latest_decision_id"]


# ---------------------------------------------------------------- weather


def test_no_drone_in_a_storm_and_every_reason_why(operator: httpx.Client, viewer: httpx.Client) -> None:
    told = operator.put("/weather", json=STORM | {"rain_mm_h": 0.0}).json()
    assert told == {"wind": {"speed_mps": 20.0, "from_deg": 270.0, "gust_mps": 0.0}, "rain_mm_h": 0.0}
    made = report(operator, 200, -200)
    assert (made["status"], made["drone_id"], made["sortie_id"], made["eta_at_s"]) == ("open", None, None, None)
    assert "no drone can go" in made["why"]
    assert f"wind {len(DRONES)}" in made["why"]
    (decision,) = viewer.get(f"/incidents/{made['id']}/decisions").json()
    assert decision["drone_id"] is None
    for option in decision["options"]:
        assert option["out"]["code"] == "wind"
        assert option["out"]["values"] == {"speed_mps": 20.0, "limit_mps": 12.0}
        assert "12.0 m/s" in option["out"]["change"]
    for verb in ("release", "dispatch"):
        answer = operator.post(f"/incidents/{made['id']}/{verb}", json={"drone_id": "D1"})
        assert answer.status_code == 409
        assert problem_of(answer) == ("no_drone" if verb == "release" else "not_able")

    operator.put("/weather", json={"speed_mps": 0, "from_deg": 0, "rain_mm_h": 9})
    assert becomes(viewer, made["id"], "open")["why"].count("rain")
    operator.put("/weather", json=CALM)  # and it is decided again without being asked
    assert becomes(viewer, made["id"], "assigned")["drone_id"] in DRONES
    assert [d["drone_id"] is None for d in viewer.get(f"/incidents/{made['id']}/decisions").json()] == [
        True,
        True,
        False,
    ]


# ---------------------------------------------------------------- orders


def test_a_drone_chosen_by_hand(quiet_site: Site, operator: httpx.Client, viewer: httpx.Client) -> None:
    made = report(operator, 1300, 0)
    assert made["drone_id"] in ("D3", "D4")
    url = f"/incidents/{made['id']}/dispatch"
    assert problem_of(operator.post(url, json={"drone_id": "D99"})) == "unknown_drone"
    assert problem_of(operator.post(url, json={"drone_id": made["drone_id"]})) == "already"
    chosen = operator.post(url, json={"drone_id": "H1"})
    assert chosen.status_code == 200
    assert (chosen.json()["status"], chosen.json()["drone_id"]) == ("assigned", "H1")
    *_, decision = viewer.get(f"/incidents/{made['id']}/decisions").json()
    assert (decision["policy"], decision["drone_id"]) == ("by-hand", "H1")
    assert len(decision["options"]) == len(DRONES)
    first = sortie_becomes(viewer, made["sortie_id"], "done", "returning", "charging")
    assert first["incident_id"] is None


def test_hold_resume_and_release(operator: httpx.Client, viewer: httpx.Client) -> None:
    made = report(operator, 900, -1000, watch_s=600)
    sortie_id, drone = made["sortie_id"], f"/drones/{made['drone_id']}"
    early = operator.post(f"/sorties/{sortie_id}/hold")
    assert (early.status_code, problem_of(early)) == (409, "not_flying")
    assert problem_of(operator.post(f"/sorties/{sortie_id}/resume")) == "not_held"
    sortie_becomes(viewer, sortie_id, "en_route")
    until(lambda: viewer.get(drone).json()["ground_speed_mps"] > 10, "it flies")
    assert SortieView.model_validate_json(operator.post(f"/sorties/{sortie_id}/hold").text).held
    until(lambda: viewer.get(drone).json()["ground_speed_mps"] < 0.5, "it stands still")
    assert viewer.get(f"/incidents/{made['id']}").json()["status"] == "assigned"
    assert not SortieView.model_validate_json(operator.post(f"/sorties/{sortie_id}/resume").text).held
    becomes(viewer, made["id"], "on_scene")
    released = operator.post(f"/incidents/{made['id']}/release").json()
    assert released["status"] == "cleared"
    assert released["clocks"]["cleared_at_s"] is not None
    assert problem_of(operator.post(f"/incidents/{made['id']}/release")) == "no_drone"
    assert in_order(becomes(viewer, made["id"], "closed"))


def test_recall_redirect_and_cancel(operator: httpx.Client, viewer: httpx.Client) -> None:
    one = report(operator, -300, 1500, watch_s=600)
    sortie_becomes(viewer, one["sortie_id"], "en_route")

    other = report(operator, 0, 2200, watch_s=600)
    sent = operator.post(f"/sorties/{one['sortie_id']}/redirect", json={"incident_id": other["id"]})
    assert sent.status_code == 200
    assert sent.json()["incident_id"] == other["id"]
    assert viewer.get(f"/incidents/{other['id']}").json()["drone_id"] == one["drone_id"]
    left = becomes(viewer, one["id"], "assigned", "on_scene")
    assert left["drone_id"] != one["drone_id"]  # decided again at once, for the next
    unknown = operator.post(f"/sorties/{one['sortie_id']}/redirect", json={"incident_id": "I-999999"})
    assert problem_of(unknown) == "unknown_incident"

    recalled = operator.post(f"/sorties/{one['sortie_id']}/recall")
    assert recalled.status_code == 200
    assert recalled.json()["state"] in ("released", "returning", "landing")
    assert recalled.json()["incident_id"] is None
    third = becomes(viewer, other["id"], "assigned")
    assert third["drone_id"] != one["drone_id"]
    (*_, decision) = viewer.get(f"/incidents/{other['id']}/decisions").json()
    assert {o["drone_id"]: o["out"] and o["out"]["code"] for o in decision["options"]}[
        one["drone_id"]
    ] == "failed_before"

    cancelled = operator.post(f"/incidents/{other['id']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert cancelled["drone_id"] == third["drone_id"]
    home = until(
        lambda: [
            s for s in viewer.get("/sorties").json() if s["id"] == third["sortie_id"] and s["incident_id"] is None
        ],
        "its drone is free",
    )
    assert home[0]["state"] in ("done", "released", "returning", "landing", "landed", "charging")


# ---------------------------------------------------------------- patrols and zones


def _point(east_m: float, north_m: float) -> dict[str, float]:
    return {name: value for name, value in place(east_m, north_m).items() if name != "datum"}


def _distance_m(point: dict[str, Any], at_m: tuple[float, float]) -> float:
    east_m, north_m = FRAME.xy(Position(point["longitude_deg"], point["latitude_deg"]))
    return math.hypot(east_m - at_m[0], north_m - at_m[1])


def test_a_patrol_is_flown_in_order(operator: httpx.Client, viewer: httpx.Client) -> None:
    points_m = [(300.0, 300.0), (1000.0, 300.0), (1000.0, 900.0)]
    body = {"points": [_point(*at_m) for at_m in points_m], "datum": "WGS-84", "hold_s": 60}
    answer = operator.post("/patrols", json=body)
    assert answer.status_code == 201
    made = IncidentView.model_validate_json(answer.text)
    assert (made.type, made.priority, made.source, len(made.route)) == ("patrol", 5, "patrol", 2)
    seen = becomes(viewer, made.id, "cleared", "closed", timeout_s=30)
    track = viewer.get(f"/sorties/{made.sortie_id}/track").json()
    nearest = [min(range(len(track)), key=lambda k, at_m=at_m: _distance_m(track[k], at_m)) for at_m in points_m]
    assert nearest == sorted(set(nearest)), "the points were flown in another order"
    # a point of the track is a second of the wall: 400 m of flight
    assert all(_distance_m(track[k], at_m) < 400 for k, at_m in zip(nearest, points_m, strict=True))
    assert _distance_m(track[nearest[-1]], points_m[-1]) < 20
    assert seen["clocks"]["cleared_at_s"] - seen["clocks"]["on_scene_at_s"] > 1300 / 20 + 60


def test_a_zone_on_its_way_is_flown_round(
    site: Site, operator: httpx.Client, planner: httpx.Client, viewer: httpx.Client
) -> None:
    made = report(operator, 1900, -1700, type="fire", watch_s=20)
    assert len(sortie_becomes(viewer, made["sortie_id"], "en_route")["route"]) == 2
    until(lambda: viewer.get(f"/drones/{made['drone_id']}").json()["ground_speed_mps"] > 5, "it flies")
    corners_m = ((1400.0, -1400.0), (1700.0, -1100.0))
    raised = planner.post("/zones", json=zone("closed now", *corners_m))
    assert raised.status_code == 201
    assert {f["properties"]["id"] for f in raised.json()["features"]} == {ZONE_ID, "closed now"}
    sortie = next(s for s in viewer.get("/sorties").json() if s["id"] == made["sortie_id"])
    assert len(sortie["route"]) > 2
    assert "geozone" in sortie["steps"][-1]["why"]

    closed = shapely.box(*corners_m[0], *corners_m[1])
    flown: list[tuple[float, float]] = []

    def on_scene() -> bool:
        position = site.engine.operations.situation.states[made["drone_id"]].position
        assert position is not None
        east_m, north_m = FRAME.xy(position)
        flown.append((float(east_m), float(north_m)))
        return viewer.get(f"/incidents/{made['id']}").json()["status"] == "on_scene"

    until(on_scene, "on scene")
    assert not shapely.LineString(flown).intersects(closed)
    inside = operator.post("/incidents", json=place(1500, -1300) | {"type": "crash"})
    assert problem_of(inside) == "inside_geozone"
    assert planner.delete("/zones/closed now").status_code == 200
    assert problem_of(planner.delete("/zones/closed now")) == "unknown_zone"


def test_the_parts_of_a_zone_can_be_lifted(planner: httpx.Client) -> None:
    """A MultiPolygon becomes zones whose names hold a slash."""
    body = zone("twin", (-2000, 2000), (-1900, 2100))
    geometry = body["features"][0]["geometry"]
    other = zone("x", (-1800, 2000), (-1700, 2100))["features"][0]["geometry"]["coordinates"]
    body["features"][0]["geometry"] = {"type": "MultiPolygon", "coordinates": [geometry["coordinates"], other]}
    ids = {feature["properties"]["id"] for feature in planner.post("/zones", json=body).json()["features"]}
    assert ids == {ZONE_ID, "twin/1", "twin/2"}
    assert planner.delete("/zones/twin/1").status_code == 200
    left = planner.delete("/zones/twin%2F2").json()
    assert [feature["properties"]["id"] for feature in left["features"]] == [ZONE_ID]


# ---------------------------------------------------------------- restart


def test_a_restart_forgets_nothing_and_launches_nothing_twice(tmp_path: Path) -> None:
    """The engine goes and comes back; its vehicles fly on meanwhile. Time runs on for both."""
    slack = {"command_deadline_s": 160.0, "link_lost_s": 200.0}  # the rules of a clock twenty times as fast
    asyncio.run(_restart(tmp_path / "data", write_city(tmp_path / "city", **slack)))


async def _restart(data: Path, city_folder: Path) -> None:
    city, clock = load_city(city_folder), ScaledClock(SPEED)
    fleet = embedded_fleet(city, port=free_udp_port(), speed=SPEED)
    settings = settings_for(data, city_folder, connections=[fleet.url], speed=1.0)

    async with fleet:
        async with running(settings, city, clock=clock) as engine:
            assert await ready(engine) == len(DRONES)
            engine.accounts.create("admin", "correct horse", Role.ADMIN)
            client = _client(engine)
            over = (await client.post("/incidents", json=place(200, 200) | {"type": "crash"})).json()
            await client.post(f"/incidents/{over['id']}/cancel")
            engine.operations.next_incident_id()  # a number is lost, as by a disk that is full for a moment
            await client.post("/drones/H1/withdraw", json={"why": "propeller check"})
            await client.post("/zones", json=zone("raised", (-2000, 1500), (-1800, 1700)))
            await client.delete(f"/zones/{ZONE_ID}")
            flying = (await client.post("/incidents", json=place(-700, 700) | {"type": "fire"})).json()
            await _has(client, flying["id"], lambda i: i["clocks"]["launched_at_s"] is not None)
            await client.put("/weather", json={"speed_mps": 3.0, "from_deg": 90.0})
            loud = place(900, 900) | {"type": "crash", "needs": ["speaker"]}
            waiting = (await client.post("/incidents", json=loud)).json()
            assert waiting["status"] == "open"
            token = client.headers["authorization"]
            log = engine.store.last_seq()
            before = (await client.get(f"/incidents/{over['id']}")).json()

        with Store.open(settings.database_url) as store:
            assert store.last_seq() >= log

        async with running(settings, city, clock=clock) as engine:
            client = _client(engine)
            assert client.headers["authorization"] != token
            kept = await client.get("/session", headers={"authorization": token})
            assert kept.status_code == 200  # whoever was logged in still is
            situation = SituationView.model_validate_json((await client.get("/situation")).text)
            assert {i.id: i.status.value for i in situation.incidents} == {
                over["id"]: "cancelled",
                flying["id"]: "assigned",
                waiting["id"]: "open",
            }
            assert (await client.get(f"/incidents/{over['id']}")).json() == before
            assert situation.wind.speed_mps == 3.0
            zones = {feature["properties"]["id"] for feature in situation.zones["features"]}
            assert zones == {"raised"}
            assert {d.id: d.not_ready_because for d in situation.drones}["H1"] == "propeller check"
            assert await ready(engine) >= len(DRONES) - 1

            arrived = await _has(client, flying["id"], lambda i: i["status"] == "on_scene")
            assert arrived["sortie_id"] == flying["sortie_id"]
            assert arrived["clocks"]["launched_at_s"] < arrived["clocks"]["on_scene_at_s"]
            await client.post("/drones/H1/restore")
            assert (await client.get(f"/incidents/{waiting['id']}")).json()["drone_id"] == "H1"
            fresh = (await client.post("/incidents", json=place(300, 300) | {"type": "crash"})).json()
            assert fresh["id"] > waiting["id"]
            await client.post(f"/incidents/{flying['id']}/release")
            closed = await _has(client, flying["id"], lambda i: i["status"] == "closed")
            assert in_order(closed)
            sorties = (await client.get("/sorties", params={"drone_id": flying["drone_id"]})).json()
            (steps,) = ([step["state"] for step in s["steps"]] for s in sorties if s["id"] == flying["sortie_id"])
            assert steps.count("commanded") == steps.count("airborne") == steps.count("landed") == 1
            assert engine.operations.failures == 0


def _client(engine: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(engine.settings, engine))
    account = engine.accounts.account("admin")
    headers = {"authorization": f"Bearer {engine.sessions.issue(account)}"}
    return httpx.AsyncClient(transport=transport, base_url="http://engine/api/v1", headers=headers)


async def _has(client: httpx.AsyncClient, incident_id: str, found: Any) -> dict[str, Any]:
    async with asyncio.timeout(25):
        while True:
            incident: dict[str, Any] = (await client.get(f"/incidents/{incident_id}")).json()
            if found(incident):
                return incident
            await asyncio.sleep(0.02)


def test_time_goes_on_where_the_log_ends(tmp_path: Path, city_folder: Path) -> None:
    """An engine that ran twenty times as fast has a log of the future; its next run must not be before that."""
    asyncio.run(_time(settings_for(tmp_path, city_folder)))


async def _time(settings: Any) -> None:
    async with running(settings) as engine:
        engine.accounts.create("admin", "correct horse", Role.ADMIN)
        client = _client(engine)
        await client.put("/weather", json=STORM)
        made = (await client.post("/incidents", json=place(0, 500) | {"type": "crash"})).json()
        await asyncio.sleep(1.0)
        await client.post(f"/incidents/{made['id']}/cancel")
        (last,) = engine.store.read(after_seq=engine.store.last_seq() - 1)
    for speed in (SPEED, 1.0):
        async with running(settings.model_copy(update={"speed": speed})) as engine:
            assert engine.clock.now_s() >= last.at_s > made["clocks"]["reported_at_s"] + SPEED / 2
            assert engine.clock.speed == speed
