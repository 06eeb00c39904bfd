"""Zones raised and lifted while drones fly: who is sent round, out, home or elsewhere, and what the vehicles hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely

from api.intake import IncidentIn, new_incident
from dispatch.events import Reported, ZoneLifted, ZoneRaised
from dispatch.model import SortieState
from dispatch.store import Role
from geo.airspace import Area, Geozone
from geo.position import Position
from tests.api.site import Site, serving, settings_for, until
from tests.cities import FRAME, ZONE_ID, place, square, zone

FAR = (1900.0, -1700.0)
"""It lies 15 s from the nearest base, with nothing between."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, city_folder: Path) -> Iterator[Site]:
    """A city of its own: here drones end up at other bases than their own."""
    with serving(settings_for(tmp_path_factory.mktemp("live-zones"), city_folder)) as running:
        yield running


@pytest.fixture
def admin(own: Site) -> Iterator[httpx.Client]:
    """May do everything, and leaves the sky as it was."""
    own.wait_for_rest(60)
    client = own.client(Role.ADMIN)
    yield client
    for incident in client.get("/incidents?limit=1000").json()["incidents"]:
        if incident["status"] not in ("closed", "cancelled", "cleared"):
            client.post(f"/incidents/{incident['id']}/cancel")
    for feature in client.get("/zones").json()["features"]:
        if feature["properties"]["id"] != ZONE_ID:
            client.delete(f"/zones/{feature['properties']['id']}")
    assert own.engine.operations.failures == 0


def report(client: httpx.Client, at_m: tuple[float, float], **others: Any) -> dict[str, Any]:
    answer = client.post("/incidents", json=place(*at_m) | {"type": "fire", "watch_s": 20} | others)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def sortie_of(client: httpx.Client, made: dict[str, Any]) -> dict[str, Any]:
    sorties: list[dict[str, Any]] = client.get("/sorties").json()
    return next(s for s in sorties if s["id"] == made["sortie_id"])


def becomes(client: httpx.Client, made: dict[str, Any], *states: str) -> dict[str, Any]:
    def now() -> dict[str, Any] | None:
        sortie = sortie_of(client, made)
        return sortie if sortie["state"] in states else None

    return until(now, f"{made['sortie_id']} {' or '.join(states)}", 30)


def raise_zone(client: httpx.Client, id_: str, *corners_m: tuple[float, float]) -> shapely.Polygon:
    answer = client.post("/zones", json=zone(id_, *corners_m))
    assert answer.status_code == 201, answer.text
    return shapely.box(*corners_m[0], *corners_m[1])


def at(own: Site, drone_id: str) -> tuple[float, float]:
    position = own.engine.operations.situation.states[drone_id].position
    assert position is not None
    east_m, north_m = FRAME.xy(position)
    return float(east_m), float(north_m)


def route(sortie: dict[str, Any]) -> shapely.LineString:
    return shapely.LineString([FRAME.xy(Position(*point)) for point in sortie["route"]])


def truth(own: Site, drone_id: str) -> dict[str, Any]:
    """What is true of the vehicle itself."""
    assert own.engine.embedded is not None
    system_id = own.engine.city.drones[drone_id].system_id
    return next(t for t in own.run(own.engine.embedded.state()) if t["system_id"] == system_id)


def flies(own: Site, drone_id: str) -> bool:
    return own.engine.operations.situation.states[drone_id].ground_speed_mps > 5


def test_a_zone_over_the_drone_is_left_by_the_shortest_way_and_then_fenced(own: Site, admin: httpx.Client) -> None:
    made = report(admin, FAR)
    becomes(admin, made, "en_route")
    until(lambda: at(own, made["drone_id"])[1] < -600, "it is far from its base, whose zone it could not hold")
    assert truth(own, made["drone_id"])["fence_items"] == 4, "the city's one zone went up before take-off"
    east_m, north_m = at(own, made["drone_id"])
    over = raise_zone(admin, "over it", (east_m - 250, north_m - 300), (east_m + 350, north_m + 300))
    assert "geozone" in sortie_of(admin, made)["steps"][-1]["why"]
    until(lambda: shapely.Point(at(own, made["drone_id"])).distance(over) > 5, "out of it")
    until(lambda: truth(own, made["drone_id"])["fence_in_force"] == 2, "the zone that it left is in its fence")
    assert becomes(admin, made, "on_scene")["incident_id"] == made["id"]


def test_a_zone_that_is_lifted_shortens_the_way(own: Site, admin: httpx.Client) -> None:
    raise_zone(admin, "wall", (1000.0, -1800.0), (1100.0, 700.0))
    made = report(admin, FAR)
    long = route(becomes(admin, made, "en_route"))
    until(lambda: flies(own, made["drone_id"]), "it flies")
    until(lambda: truth(own, made["drone_id"])["fence_items"] == 8, "both zones are aboard")
    assert admin.delete("/zones/wall").status_code == 200
    sortie = sortie_of(admin, made)
    assert "shorter" in sortie["steps"][-1]["why"]
    assert route(sortie).length < long.length - 100
    until(lambda: truth(own, made["drone_id"])["fence_items"] == 4, "the zone is off its fence")
    becomes(admin, made, "on_scene")


def test_a_zone_over_the_goal_calls_the_drone_back_until_it_is_lifted(own: Site, admin: httpx.Client) -> None:
    made = report(admin, FAR)
    becomes(admin, made, "en_route")
    until(lambda: flies(own, made["drone_id"]), "it flies")
    closed = raise_zone(admin, "fire", (1800.0, -1800.0), (2000.0, -1600.0))
    sortie = sortie_of(admin, made)
    assert sortie["state"] == "returning"
    assert not route(sortie).intersects(closed)
    waiting = admin.get(f"/incidents/{made['id']}").json()
    assert (waiting["status"], waiting["drone_id"]) == ("open", None)
    assert "no_way" in own.engine.operations.situation.incidents[made["id"]].waits_because
    assert admin.delete("/zones/fire").status_code == 200
    again = admin.get(f"/incidents/{made['id']}").json()
    assert again["status"] == "assigned"


def test_a_zone_over_its_base_sends_a_drone_to_another(own: Site, admin: httpx.Client) -> None:
    made = report(admin, (100.0, 3000.0), needs=["visible", "speaker"])
    assert made["drone_id"] == "H1"
    becomes(admin, made, "on_scene")
    admin.post(f"/incidents/{made['id']}/release")
    assert becomes(admin, made, "returning")["home_base_id"] == "B3"
    closed = raise_zone(admin, "helicopter", (-150.0, 750.0), (150.0, 1050.0))
    sortie = sortie_of(admin, made)
    assert (sortie["state"], sortie["home_base_id"] != "B3") == ("returning", True)
    track = [at(own, "H1")]

    def home() -> bool:
        track.append(at(own, "H1"))
        return sortie_of(admin, made)["state"] in ("charging", "done")

    until(home, "it landed elsewhere", 40)
    assert not shapely.LineString(track).intersects(closed)


def test_a_sortie_that_has_not_started_is_decided_again(own: Site, admin: httpx.Client) -> None:
    """The dock opens for 2 s: nothing was ordered of the drone yet when its way is closed."""
    operations = own.engine.operations
    ring = tuple((float(lon), float(lat)) for lon, lat in square((1000.0, -1500.0), (1100.0, 700.0)))[:-1]
    wall = Geozone(id="wall", name="wall", ground=Area(outline=ring))

    async def both() -> tuple[str, tuple[str, ...]]:
        now_s = own.engine.clock.now_s()
        asked, where = IncidentIn.model_validate(place(*FAR) | {"type": "fire"}), FRAME.position(FAR)
        incident = new_incident(
            asked, operations.situation, at_s=now_s, position=where, incident_id=operations.next_incident_id()
        )
        await operations.ask(Reported(at_s=now_s, incident=incident), by="test")
        before = operations.situation.incidents[incident.id]
        sortie = next(s for s in operations.situation.sorties.values() if s.id == before.sortie_id)
        assert sortie.state is SortieState.DECIDED
        await operations.ask(ZoneRaised(at_s=now_s, zone=wall), by="test")
        after = operations.situation.incidents[incident.id]
        return incident.id, (before.sortie_id or "", after.sortie_id or "")

    incident_id, (first, second) = own.run(both())
    assert first != second != ""
    decisions = own.engine.store.decisions_of(incident_id)
    assert [d.id for d in decisions] == [f"{incident_id}.1", f"{incident_id}.2"]
    assert decisions[1].options[0].time.total_s > decisions[0].options[0].time.total_s + 1
    becomes(admin, {"sortie_id": second}, "on_scene")
    own.run(operations.ask(ZoneLifted(at_s=own.engine.clock.now_s(), zone_id="wall"), by="test"))
