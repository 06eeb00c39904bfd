"""What cannot be is refused with a word that helps, and leaves nothing behind: no incident, no entry of the log."""

import json
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.store import Role
from tests.api.site import Site
from tests.api.test_security import problem_of
from tests.cities import CENTRE, ZONE_ID, place, zone

GOOD = place(300, 300) | {"type": "crash", "watch_s": 10}
NAN, INFINITY = float("nan"), float("inf")
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def _nothing_is_left(site: Site) -> Iterator[None]:
    site.wait_for_rest(40)
    before = site.footprint()
    yield
    assert site.footprint() == before


def without(key: str) -> dict[str, Any]:
    """A good report that lacks ``key``."""
    return {name: value for name, value in GOOD.items() if name != key}


BAD_REPORTS: list[tuple[str, Any, int, str, str]] = [
    ("no datum", without("datum"), 422, "invalid_request", "body.datum"),
    ("datum empty", GOOD | {"datum": " "}, 422, "invalid_datum", "not stated"),
    ("datum unknown", GOOD | {"datum": "NAD-27"}, 422, "invalid_datum", "'NAD-27'"),
    ("datum in metres", GOOD | {"datum": "EPSG:3857"}, 422, "invalid_datum", "'EPSG:3857'"),
    ("datum not a word", GOOD | {"datum": 4326}, 422, "invalid_request", "body.datum"),
    ("datum is a novel", GOOD | {"datum": "W" * 500_000}, 422, "invalid_request", "body.datum"),
    (
        "swapped",
        GOOD | {"longitude_deg": CENTRE.latitude_deg, "latitude_deg": CENTRE.longitude_deg},
        422,
        "outside_area",
        "swapped?",
    ),
    ("far away", GOOD | {"longitude_deg": 11.5}, 422, "outside_area", "km from the city"),
    ("no such latitude", GOOD | {"latitude_deg": 91.0}, 422, "invalid_position", "91"),
    ("no such longitude", GOOD | {"longitude_deg": 181.0}, 422, "invalid_position", "181"),
    ("inside a geozone", GOOD | place(-550, -550), 422, "inside_geozone", ZONE_ID),
    ("in its margin", GOOD | place(-550, -390), 422, "inside_geozone", "margin of 20 m"),
    ("outside all reach", GOOD | place(30_000, 0), 422, "outside_reach", "no drone of the fleet"),
    ("stays for days", GOOD | {"watch_s": 4 * 3600 + 1}, 422, "invalid_request", "body.watch_s"),
    ("leaves before it comes", GOOD | {"watch_s": -1}, 422, "invalid_request", "body.watch_s"),
    ("priority 0", GOOD | {"priority": 0}, 422, "invalid_request", "body.priority"),
    ("priority negative", GOOD | {"priority": -1}, 422, "invalid_request", "body.priority"),
    ("priority 6", GOOD | {"priority": 6}, 422, "invalid_request", "body.priority"),
    ("priority and a half", GOOD | {"priority": 1.5}, 422, "invalid_request", "body.priority"),
    ("priority in words", GOOD | {"priority": "1"}, 422, "invalid_request", "body.priority"),
    ("priority true", GOOD | {"priority": True}, 422, "invalid_request", "body.priority"),
    ("type unknown", GOOD | {"type": "ufo"}, 422, "unknown_type", "fire, crash, patrol"),
    ("type empty", GOOD | {"type": ""}, 422, "unknown_type", "''"),
    ("type missing", without("type"), 422, "invalid_request", "body.type"),
    ("field unknown", GOOD | {"prioriy": 1}, 422, "invalid_request", "body.prioriy"),
    ("need unknown", GOOD | {"needs": ["x-ray"]}, 422, "unknown_need", "x-ray"),
    ("needs what no drone here has", GOOD | {"needs": ["speaker", "drop"]}, 422, "outside_reach", "lacks drop"),
    ("needs without end", GOOD | {"needs": ["visible"] * 11}, 422, "invalid_request", "body.needs"),
    ("NaN", GOOD | {"longitude_deg": NAN}, 422, "invalid_request", "body.longitude_deg"),
    ("infinite", GOOD | {"latitude_deg": -INFINITY}, 422, "invalid_request", "body.latitude_deg"),
    ("NaN to stay", GOOD | {"watch_s": NAN}, 422, "invalid_request", "body.watch_s"),
    ("a number in words", GOOD | {"longitude_deg": "10.5"}, 422, "invalid_request", "body.longitude_deg"),
    ("a truth for a number", GOOD | {"longitude_deg": True}, 422, "invalid_request", "body.longitude_deg"),
    ("null", GOOD | {"latitude_deg": None}, 422, "invalid_request", "body.latitude_deg"),
    ("a note too long", GOOD | {"note": "n" * 2001}, 422, "invalid_request", "body.note"),
    ("a note that is no text", GOOD | {"note": "\ud800"}, 422, "invalid_request", "body.note"),
    ("a list", [GOOD], 422, "invalid_request", "body"),
    ("a word", "fire", 422, "invalid_request", "body"),
    ("null altogether", None, 422, "invalid_request", "body"),
    ("an empty object", {}, 422, "invalid_request", "body.longitude_deg"),
]


def _bad_needs() -> Iterator[Any]:
    """As reports, and all but what a preview is not told also as previews."""
    for name, body, *expected in BAD_REPORTS:
        yield pytest.param("/incidents", body, *expected, id=f"report: {name}")
        told = body if isinstance(body, dict) else {}
        if "note" not in told and told.get("watch_s", GOOD["watch_s"]) == GOOD["watch_s"]:
            seen = {key: value for key, value in told.items() if key != "watch_s"} if told else body
            yield pytest.param("/decide", seen, *expected, id=f"preview: {name}")


@pytest.mark.parametrize(("path", "body", "status", "code", "says"), list(_bad_needs()))
def test_bad_reports(operator: httpx.Client, path: str, body: Any, status: int, code: str, says: str) -> None:
    answer = operator.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert problem_of(answer) == code
    assert says in answer.text
    assert len(answer.text) < 5000


BAD_PATROLS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no points", {"points": []}, "invalid_request", "body.points"),
    ("too many", {"points": [{"longitude_deg": 10.5, "latitude_deg": 48.25}] * 51}, "invalid_request", "body.points"),
    ("a point with a datum of its own", {"points": [place(0, 300)]}, "invalid_request", "body.points.0.datum"),
    ("no datum", {"datum": None}, "invalid_request", "body.datum"),
    ("the last in a zone", {"points": [(0, 300), (-550, -550)]}, "inside_geozone", ZONE_ID),
    ("the last far away", {"points": [(0, 300), (90_000, 0)]}, "outside_area", "km from the city"),
    ("farther than a battery", {"points": [(0, 300), (11_000, 0), (-11_000, 0)]}, "outside_reach", "no drone"),
    ("held for ever", {"hold_s": 1e9}, "invalid_request", "body.hold_s"),
]


@pytest.mark.parametrize(("wrong", "code", "says"), [pytest.param(*row[1:], id=row[0]) for row in BAD_PATROLS])
def test_bad_patrols(operator: httpx.Client, wrong: dict[str, Any], code: str, says: str) -> None:
    body: dict[str, Any] = {"points": [(0, 300)], "datum": "WGS-84", **wrong}
    body["points"] = [point if isinstance(point, dict) else _point(*point) for point in body["points"]]
    answer = operator.post("/patrols", json=body)
    assert answer.status_code == 422
    assert problem_of(answer) == code
    assert says in answer.text


def _point(east_m: float, north_m: float) -> dict[str, float]:
    return {name: value for name, value in place(east_m, north_m).items() if name != "datum"}


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_request"),
        (b"{", "invalid_json"),
        (b"{'type': 'fire'}", "invalid_json"),
        (b'{"type": "fire",}', "invalid_json"),
        (b"\xff\xfe\x00", "bad_request"),
        (b'{"note": "\xff"}', "bad_request"),
        (b"[" * 100_000, "bad_request"),
        (b"1e999999", "invalid_request"),
        (b"9" * 5000, "bad_request"),
    ],
)
def test_what_is_not_json(operator: httpx.Client, content: bytes, code: str) -> None:
    answer = operator.post("/incidents", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == (422 if code == "invalid_request" else 400)
    assert problem_of(answer) == code


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""]
)
def test_a_wrong_content_type(operator: httpx.Client, content_type: str) -> None:
    """Also what keeps a form of a foreign page out: a browser sends JSON elsewhere only after asking."""
    answer = operator.post("/incidents", content=json.dumps(GOOD), headers={"content-type": content_type})
    assert answer.status_code == 415
    assert problem_of(answer) == "not_json"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("who", [None, Role.OPERATOR])
def test_a_body_of_ten_megabytes(site: Site, who: Role | None, chunked: bool) -> None:
    """Refused by what it says it holds, or once it has sent a megabyte."""
    pieces = (b"x" * MEGABYTE for _ in range(10))
    content = pieces if chunked else b"".join(pieces)
    answer = site.client(who).post("/incidents", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert problem_of(answer) == "too_large"


def _said(site: Site, *headers: str, pieces: Iterable[bytes] = ()) -> bytes:
    """What the server says to a request written by hand."""
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall("\r\n".join(["POST /api/v1/incidents HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode())
        for piece in pieces:
            raw.sendall(piece)
        return raw.recv(1000)


@pytest.mark.parametrize("length", ["-1", "1e9", "٣", "9" * 30, ""])
def test_a_length_that_is_a_lie(site: Site, length: str) -> None:
    assert _said(site, f"Content-Length: {length}").split()[1] in (b"400", b"413")


def test_a_body_without_end_is_not_read_to_its_end(site: Site) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while sent < 500:
            sent += 1
            yield b"f4240\r\n" + b"x" * MEGABYTE + b"\r\n"

    with pytest.raises(ConnectionError):
        _said(site, "Transfer-Encoding: chunked", pieces=pieces())
    assert sent < 50


def test_just_under_a_megabyte_is_read(operator: httpx.Client) -> None:
    answer = operator.post("/incidents", json=GOOD | {"note": "x" * (MEGABYTE - 400)})
    assert answer.status_code == 422
    assert "body.note" in answer.text
    assert len(answer.text) < 5000


# ---------------------------------------------------------------- names that nothing has


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/incidents/I-999999", None, "unknown_incident"),
        ("GET", "/incidents/I-999999/decisions", None, "unknown_incident"),
        ("POST", "/incidents/I-999999/release", None, "unknown_incident"),
        ("POST", "/incidents/I-999999/cancel", None, "unknown_incident"),
        ("POST", "/incidents/I-999999/dispatch", {"drone_id": "D1"}, "unknown_incident"),
        ("GET", "/incidents/%00", None, "unknown_incident"),
        ("GET", "/incidents/' OR 1=1 --", None, "unknown_incident"),
        ("GET", "/drones/D99", None, "unknown_drone"),
        ("POST", "/drones/D99/withdraw", {"why": "because"}, "unknown_drone"),
        ("POST", "/drones/D99/restore", None, "unknown_drone"),
        ("GET", "/decisions/I-999999.1", None, "unknown_decision"),
        ("GET", "/sorties/D1.0/track", None, "unknown_sortie"),
        ("POST", "/sorties/D1.0/recall", None, "unknown_sortie"),
        ("POST", "/sorties/D1.0/hold", None, "unknown_sortie"),
        ("POST", "/sorties/D1.0/resume", None, "unknown_sortie"),
        ("POST", "/sorties/D1.0/redirect", {"incident_id": "I-000001"}, "unknown_sortie"),
        ("DELETE", "/zones/atlantis", None, "unknown_zone"),
        ("GET", "/nothing", None, "not_found"),
        ("POST", "/nothing", {}, "not_found"),
        ("GET", "/incidents/", None, "not_found"),
        ("GET", "/../../etc/passwd", None, "not_found"),
    ],
)
def test_unknown_names(admin: httpx.Client, method: str, path: str, body: Any, code: str) -> None:
    answer = admin.request(method, path, json=body)
    assert answer.status_code == 404
    assert problem_of(answer) == code


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/decide"), ("DELETE", "/incidents"), ("PATCH", "/drones"), ("POST", "/health"), ("POST", "/zones/depot")],
)
def test_a_wrong_method_says_which_is_right(admin: httpx.Client, method: str, path: str) -> None:
    answer = admin.request(method, path)
    assert answer.status_code == 405
    assert problem_of(answer) == "method_not_allowed"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/incidents?limit=0", "query.limit"),
        ("/incidents?limit=1001", "query.limit"),
        ("/incidents?before=0", "query.before"),
        ("/incidents?before=99999999999999999999999", "query.before"),
        ("/incidents?status=asleep", "query.status.0"),
        ("/sorties?state=asleep", "query.state.0"),
        ("/sorties/D1.0/track?limit=20001", "query.limit"),
        ("/reach?seconds=nan", "query.seconds"),
        ("/reach?seconds=inf", "query.seconds"),
        ("/reach?seconds=-1", "query.seconds"),
        ("/reach?all=perhaps", "query.all"),
    ],
)
def test_bad_queries(viewer: httpx.Client, path: str, says: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 422
    assert problem_of(answer) == "invalid_request"
    assert answer.json()["errors"][0]["where"] == says


@pytest.mark.parametrize("key", ["short", "k" * 201, ""])
def test_bad_idempotency_keys(operator: httpx.Client, key: str) -> None:
    answer = operator.post("/incidents", json=GOOD, headers={"idempotency-key": key})
    assert answer.status_code == 422
    assert "header.idempotency-key" in answer.text


def test_an_expired_login(site: Site, nobody: httpx.Client) -> None:
    """The engine's own token, once its time is over."""
    sessions, before_s = site.engine.sessions, site.engine.sessions.lifetime_s
    sessions.lifetime_s = -1
    token = site.token("operator")
    sessions.lifetime_s = before_s
    answer = nobody.post("/incidents", json=GOOD, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert problem_of(answer) == "session_expired"


# ---------------------------------------------------------------- zones and weather


def _changed(**members: Any) -> dict[str, Any]:
    return zone("new", (-900, 900), (-800, 1000)) | members


def _property(**values: Any) -> dict[str, Any]:
    collection = zone("new", (-900, 900), (-800, 1000))
    collection["features"][0]["properties"] |= values
    return collection


def _ring(*points_deg: list[Any]) -> dict[str, Any]:
    collection = zone("new", (-900, 900), (-800, 1000))
    collection["features"][0]["geometry"]["coordinates"] = [list(points_deg)]
    return collection


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_changed(datum=None), id="no datum"),
        pytest.param(_changed(datum="WGS-72"), id="unknown datum"),
        pytest.param(_changed(features=[]), id="nothing in it"),
        pytest.param(_changed(features=None), id="no features"),
        pytest.param({}, id="empty"),
        pytest.param(_property(id=""), id="no name"),
        pytest.param(_property(id=7), id="a number for a name"),
        pytest.param(_property(floor_m=0), id="a height above what"),
        pytest.param(_property(margin_m=-1), id="a negative margin"),
        pytest.param(_property(valid_from="2026-01-01T00:00:00"), id="a time of which zone"),
        pytest.param(_property(colour="red"), id="an unknown property"),
        pytest.param(_ring([10.5, 48.25], [10.6, 48.25]), id="two corners"),
        pytest.param(
            _ring([10.5, 48.25], [10.51, 48.26], [10.51, 48.25], [10.5, 48.26], [10.5, 48.25]), id="crosses itself"
        ),
        pytest.param(_ring([48.25, 10.5], [48.26, 10.5], [48.26, 10.6], [48.25, 10.5]), id="swapped"),
        pytest.param(_ring(["a", "b"], ["c", "d"], ["e", "f"], ["a", "b"]), id="words"),
        pytest.param(_ring([None, 1], [2, 3], [4, 5], [None, 1]), id="null"),
    ],
)
def test_bad_zones(planner: httpx.Client, body: dict[str, Any]) -> None:
    zones = planner.get("/zones").json()
    answer = planner.post("/zones", json=body)
    assert answer.status_code == 422
    assert problem_of(answer) == "invalid_zone"
    assert planner.get("/zones").json() == zones


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_zones_with_numbers_that_are_none(planner: httpx.Client, number: str) -> None:
    body = json.dumps(_property(margin_m=12345)).replace("12345", number)
    answer = planner.post("/zones", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert problem_of(answer) == "invalid_zone"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"speed_mps": -1, "from_deg": 0}, "body.speed_mps"),
        ({"speed_mps": 81, "from_deg": 0}, "body.speed_mps"),
        ({"speed_mps": 5}, "body.from_deg"),
        ({"speed_mps": 5, "from_deg": 361}, "body.from_deg"),
        ({"speed_mps": 5, "from_deg": 0, "rain_mm_h": -1}, "body.rain_mm_h"),
        ({"speed_mps": 5, "from_deg": 0, "snow": 1}, "body.snow"),
    ],
)
def test_bad_weather(operator: httpx.Client, body: dict[str, Any], says: str) -> None:
    answer = operator.put("/weather", json=body)
    assert answer.status_code == 422
    assert problem_of(answer) == "invalid_request"
    assert says in answer.text


# ---------------------------------------------------------------- anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
POSTS = ["/incidents", "/patrols", "/decide", "/zones", "/drones/D1/withdraw", "/incidents/I-999999/dispatch"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(POSTS), body=JSON, field=st.sampled_from(sorted(GOOD)), value=JSON)
def test_whatever_is_sent_is_refused_in_order(
    admin: httpx.Client, path: str, body: Any, field: str, value: Any
) -> None:
    """No body, and no good report with one field swapped for anything, brings down a route or gets half through."""
    for sent in (body, GOOD | {"type": "no such type", field: value}):
        answer = admin.post(path, content=json.dumps(sent), headers={"content-type": "application/json"})
        assert answer.status_code in (400, 404, 422), (path, sent, answer.text)
        problem_of(answer)
