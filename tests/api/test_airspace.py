"""Geozones through the front door: files of every format, circles, kinds and grants."""

import json
from typing import Any

import httpx
import pytest

from api.problems import ProblemView
from dispatch.store import Role
from tests.api.site import Site
from tests.cities import FRAME, ZONE_ID, place, zone
from tests.geo.formats import documents

HOUR_S = 3600.0


def ids(planner: httpx.Client) -> list[str]:
    return [feature["properties"]["id"] for feature in planner.get("/zones").json()["features"]]


def lift(planner: httpx.Client, *zone_ids: str) -> None:
    for zone_id in zone_ids:
        planner.delete(f"/zones/{zone_id}").raise_for_status()


def refused(answer: httpx.Response, code: str) -> str:
    problem = ProblemView.model_validate_json(answer.text)
    assert problem.code == code
    return problem.detail


def here(east_m: float, north_m: float) -> list[float]:
    position = FRAME.position((east_m, north_m))
    return [position.longitude_deg, position.latitude_deg]


def ed318() -> dict[str, Any]:
    """A circle that needs authorisation, 300 m round a place where no drone flies else."""
    obj = documents.ed318()
    del obj["features"][0]
    obj["features"][0]["geometry"]["coordinates"] = here(-1500, 1500)
    obj["features"][0]["geometry"]["extent"]["radius"] = 300
    obj["features"][0]["properties"]["type"] = "REQ_AUTHORIZATION"
    return obj


def test_a_file_of_any_format_is_raised_at_once(planner: httpx.Client) -> None:
    plan = {
        "fileType": "Plan",
        "geoFence": {
            "version": 2,
            "polygons": [],
            "circles": [{"circle": {"center": here(-1500, -1500)[::-1], "radius": 90}, "inclusion": False}],
        },
    }
    corners = [here(-1000, 1000), here(-900, 1000), here(-900, 1100), here(-1000, 1000)]
    words = " ".join(f"{lon},{lat}" for lon, lat in corners)
    ring = f"<LinearRing><coordinates>{words}</coordinates></LinearRing>"
    kml = documents.kml(f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>")
    for content, format_, raised in (
        (json.dumps(ed318()), "ED-318", ["ABC1234"]),
        (json.dumps(plan), "QGroundControl plan", ["fence-circle-1"]),
        (kml, "KML", ["Stadium"]),
        (json.dumps(zone("mine", (-1300, 900), (-1200, 1000))), "GeoJSON", ["mine"]),
    ):
        answer = planner.post("/zones/import", content=content, params={"name": "fence.plan"})
        assert answer.status_code == 201, answer.text
        assert answer.json() == {"format": format_, "raised": raised, "notes": []}
        assert set(raised) < set(ids(planner))
        lift(planner, *raised)
    assert ids(planner) == [ZONE_ID]


def test_a_file_with_a_fault_raises_nothing_and_says_where(planner: httpx.Client) -> None:
    spoiled = ed318()
    spoiled["features"].append(spoiled["features"][0] | {"properties": {"identifier": "X"}})
    detail = refused(planner.post("/zones/import", content=json.dumps(spoiled)), "invalid_zone")
    assert "body: $.features[1].properties" in detail
    dji = documents.dji()
    dji["features"] = [dji["features"][1]]
    dji["features"][0]["geometry"]["coordinates"] = here(-1000, 1000)
    assert "GCJ-02" in refused(planner.post("/zones/import", content=json.dumps(dji)), "invalid_zone")
    bad_datum = planner.post("/zones/import", content=json.dumps(dji), params={"datum": "NAD27"})
    assert "NAD27" in refused(bad_datum, "invalid_zone")
    dji["features"][0]["properties"]["enable"] = False
    none = planner.post("/zones/import", content=json.dumps(dji), params={"datum": "WGS-84"})
    assert "no zone in the file; nfz-1: not enabled" in refused(none, "invalid_zone")
    swiss = planner.post("/zones/import", content=json.dumps(documents.ed318()))
    assert "more than 100 km from the city centre" in refused(swiss, "invalid_zone")
    assert ids(planner) == [ZONE_ID]


def test_a_file_may_be_longer_than_other_requests(planner: httpx.Client, site: Site) -> None:
    padded = json.dumps(ed318()) + " " * 1_500_000
    assert planner.post("/zones", content=padded, headers={"content-type": "application/json"}).status_code == 413
    assert planner.post("/zones/import", content=padded).status_code == 201
    lift(planner, "ABC1234")
    nobody = site.client().post("/zones/import", content=padded)
    assert nobody.status_code == 401


@pytest.mark.parametrize(("method", "path"), [("POST", "/zones/import"), ("POST", "/grants"), ("DELETE", "/grants/G")])
def test_only_planners_import_and_grant(site: Site, method: str, path: str) -> None:
    assert site.client(Role.OPERATOR).request(method, path, json={}).status_code == 403


def test_circles_stay_circles_on_the_way_out(planner: httpx.Client) -> None:
    planner.post("/zones/import", content=json.dumps(ed318())).raise_for_status()
    features = planner.get("/zones").json()["features"]
    (circle,) = [feature for feature in features if feature["properties"]["id"] == "ABC1234"]
    assert circle["geometry"] == {"type": "Point", "coordinates": pytest.approx(here(-1500, 1500))}
    said = circle["properties"]
    assert (said["radius_m"], said["kind"], said["in_force"], said["granted_until_s"]) == (
        300,
        "authorisation",
        True,
        None,
    )
    lift(planner, "ABC1234")


def test_a_grant_opens_a_zone_until_it_is_revoked(
    site: Site, planner: httpx.Client, operator: httpx.Client, viewer: httpx.Client
) -> None:
    planner.post("/zones/import", content=json.dumps(ed318())).raise_for_status()
    inside = place(-1500, 1500) | {"type": "crash"}
    detail = refused(operator.post("/decide", json=inside), "inside_geozone")
    assert "ABC1234" in detail
    assert detail.endswith("without a grant (it is authorisation)")

    now_s = site.engine.clock.now_s()
    body = {"zone_id": "ABC1234", "authority": "Tower", "reference": "T-1", "until_at_s": now_s + 3 * HOUR_S}
    answer = planner.post("/grants", json=body)
    assert answer.status_code == 201, answer.text
    granted = answer.json()
    assert (granted["authority"], granted["reference"], granted["recorded_by"]) == ("Tower", "T-1", "planner")
    assert granted["from_at_s"] == pytest.approx(now_s, abs=60)
    assert viewer.get("/grants").json() == [granted]
    assert operator.post("/decide", json=inside).status_code == 200
    (zone_now,) = [
        f["properties"] for f in viewer.get("/zones").json()["features"] if f["properties"]["id"] == "ABC1234"
    ]
    assert zone_now["granted_until_s"] == granted["until_at_s"]
    stored = site.engine.store.read(kinds=("grant",))
    assert json.loads(stored[-1].body)["id"] == granted["id"]

    left = planner.delete(f"/grants/{granted['id']}")
    assert left.status_code == 200
    assert viewer.get("/grants").json() == []
    assert "ABC1234" in refused(operator.post("/decide", json=inside), "inside_geozone")
    assert json.loads(site.engine.store.read(kinds=("grant",))[-1].body)["revoked_by"] == "planner"
    refused(planner.delete(f"/grants/{granted['id']}"), "unknown_grant")
    lift(planner, "ABC1234")


def test_a_grant_that_would_open_nothing_is_refused(site: Site, planner: httpx.Client) -> None:
    planner.post("/zones/import", content=json.dumps(ed318())).raise_for_status()
    now_s = site.engine.clock.now_s()
    body = {"zone_id": "ABC1234", "authority": "Tower", "reference": "T-1", "until_at_s": now_s + HOUR_S * 3}
    for changes, status, code in (
        ({"zone_id": "atlantis"}, 404, "unknown_zone"),
        ({"zone_id": ZONE_ID}, 409, "not_grantable"),
        ({"until_at_s": now_s + 600}, 409, "grant_too_short"),
        ({"authority": ""}, 422, "invalid_request"),
        ({"until_at_s": "tomorrow"}, 422, "invalid_request"),
    ):
        answer = planner.post("/grants", json=body | changes)
        assert answer.status_code == status, answer.text
        refused(answer, code)
    assert planner.get("/grants").json() == []
    lift(planner, "ABC1234")


def test_outside_the_fence_nothing_is_accepted(planner: httpx.Client, operator: httpx.Client) -> None:
    fence = zone("fence", (-2500, -2500), (2500, 2500))
    fence["features"][0]["properties"]["kind"] = "inclusion"
    fence["features"][0]["properties"]["margin_m"] = 15
    planner.post("/zones", json=fence).raise_for_status()
    detail = refused(operator.post("/decide", json=place(-2600, 0) | {"type": "crash"}), "inside_geozone")
    assert "lies outside fence, or within 15 m of the edge: drones stay inside" in detail
    lift(planner, "fence")
