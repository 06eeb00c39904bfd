"""Who may call what, and that nobody else can: every route, every role, every kind of bad token."""

import asyncio
import base64
import concurrent.futures
import importlib
import json
import pkgutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

import api.routers
from api.app import PREFIX, create_app
from api.logins import MOST_TRIES
from api.logs import configure_logging
from api.problems import Problem
from api.routers import live
from api.routers.session import LoginIn, SessionView
from api.security import COOKIE, session_key
from api.settings import Settings
from dispatch.store import Role
from tests.api.site import PASSWORD, Site, until
from tests.cities import place

PUBLIC = {
    ("POST", "/session"): "logging in",
    ("DELETE", "/session"): "forgetting the cookie",
    ("GET", "/health"): "tells no positions",
}
"""Every route of the API that needs no session, and why that is right."""

ROLES = {
    ("GET", "/session"): Role.VIEWER,
    ("GET", "/situation"): Role.VIEWER,
    ("GET", "/stream"): Role.VIEWER,
    ("GET", "/decisions/{decision_id}"): Role.VIEWER,
    ("GET", "/incidents"): Role.VIEWER,
    ("GET", "/incidents/{incident_id}"): Role.VIEWER,
    ("GET", "/incidents/{incident_id}/decisions"): Role.VIEWER,
    ("POST", "/decide"): Role.VIEWER,
    ("POST", "/incidents"): Role.OPERATOR,
    ("POST", "/patrols"): Role.OPERATOR,
    ("POST", "/incidents/{incident_id}/release"): Role.OPERATOR,
    ("POST", "/incidents/{incident_id}/cancel"): Role.OPERATOR,
    ("POST", "/incidents/{incident_id}/dispatch"): Role.OPERATOR,
    ("GET", "/drones"): Role.VIEWER,
    ("GET", "/drones/{drone_id}"): Role.VIEWER,
    ("GET", "/drones/{drone_id}/checklist"): Role.VIEWER,
    ("POST", "/drones/{drone_id}/withdraw"): Role.OPERATOR,
    ("POST", "/drones/{drone_id}/restore"): Role.OPERATOR,
    ("GET", "/sorties"): Role.VIEWER,
    ("GET", "/sorties/{sortie_id}/track"): Role.VIEWER,
    ("POST", "/sorties/{sortie_id}/recall"): Role.OPERATOR,
    ("POST", "/sorties/{sortie_id}/hold"): Role.OPERATOR,
    ("POST", "/sorties/{sortie_id}/resume"): Role.OPERATOR,
    ("POST", "/sorties/{sortie_id}/redirect"): Role.OPERATOR,
    ("GET", "/zones"): Role.VIEWER,
    ("POST", "/zones"): Role.PLANNER,
    ("POST", "/zones/import"): Role.PLANNER,
    ("GET", "/grants"): Role.VIEWER,
    ("POST", "/grants"): Role.PLANNER,
    ("DELETE", "/grants/{grant_id}"): Role.PLANNER,
    ("DELETE", "/zones/{zone_id}"): Role.PLANNER,
    ("PUT", "/weather"): Role.OPERATOR,
    ("GET", "/reach"): Role.VIEWER,
    ("GET", "/city"): Role.VIEWER,
    ("GET", "/bases"): Role.VIEWER,
    ("GET", "/airframes"): Role.VIEWER,
    ("POST", "/plans"): Role.PLANNER,
    ("GET", "/policies"): Role.VIEWER,
    ("POST", "/simulations"): Role.PLANNER,
    ("GET", "/runs"): Role.VIEWER,
    ("GET", "/runs/{run_id}"): Role.VIEWER,
    ("GET", "/runs/{run_id}/window"): Role.VIEWER,
    ("GET", "/runs/{run_id}/late"): Role.VIEWER,
    ("GET", "/runs/{run_id}/sky"): Role.VIEWER,
    ("GET", "/jobs"): Role.VIEWER,
    ("GET", "/jobs/{job_id}"): Role.VIEWER,
    ("GET", "/jobs/{job_id}/results/{name}"): Role.VIEWER,
    ("POST", "/jobs/{job_id}/cancel"): Role.OPERATOR,
    ("DELETE", "/jobs/{job_id}"): Role.OPERATOR,
    ("GET", "/drills"): Role.VIEWER,
    ("POST", "/drills"): Role.OPERATOR,
    ("POST", "/drills/here"): Role.OPERATOR,
    ("GET", "/drills/last"): Role.VIEWER,
    ("GET", "/drills/last/files/{name}"): Role.VIEWER,
    ("POST", "/drills/last/stop"): Role.OPERATOR,
}
"""The least role of every other route. A new route, or another role, is a decision: it is written down here."""


def routes() -> Iterator[tuple[str, str, APIRoute]]:
    """Every route of every router module, with its method and its path as a client sees it."""
    for found in pkgutil.iter_modules(api.routers.__path__):
        module = importlib.import_module(f"api.routers.{found.name}")
        router = getattr(module, "router", None)
        for route in router.routes if router is not None else ():
            assert isinstance(route, APIRoute)
            for method in route.methods:
                yield method, route.path.replace(":path}", "}"), route


def needed(dependant: Dependant) -> set[Role]:
    """The roles that a route, or anything that it depends on, asks for by ``needs``."""
    role = getattr(dependant.call, "role", None)
    roles = {role} if isinstance(role, Role) else set()
    return roles.union(*(needed(each) for each in dependant.dependencies))


def problem_of(response: httpx.Response) -> str:
    """The code of a problem; fails if the answer is none."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]
    return str(body["code"])


# ---------------------------------------------------------------- routes and roles


def test_every_route_declares_its_role() -> None:
    declared = {(method, path): needed(route.dependant) for method, path, route in routes()}
    assert {key for key, roles in declared.items() if not roles} == set(PUBLIC)
    assert {key: roles for key, roles in declared.items() if roles} == {key: {role} for key, role in ROLES.items()}


def test_the_app_has_no_route_that_the_table_does_not_know(site: Site) -> None:
    app = create_app(site.engine.settings, site.engine)
    documented = {
        (method.upper(), path.removeprefix(PREFIX))
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert documented == set(ROLES) | set(PUBLIC)
    others = {getattr(route, "path", "") for route in app.routes} - {""}
    assert others == {f"{PREFIX}/openapi.json", "/basemap.pmtiles"}


@pytest.mark.parametrize("who", [None, *Role])
def test_every_route_answers_every_role_as_declared(site: Site, who: Role | None) -> None:
    client = site.client(who)
    for (method, path), role in ROLES.items():
        url = path.replace("{", "no-such-").replace("}", "")
        with client.stream(method, url, json={} if method in ("POST", "PUT") else None) as response:
            if path != "/stream" or response.status_code != 200:
                response.read()
        told = f"{who}: {method} {path}: {response.status_code}"
        if who is None:
            assert response.status_code == 401, told
            assert problem_of(response) == "not_logged_in"
            assert response.headers["www-authenticate"] == "Bearer"
        elif who.includes(role):
            assert response.status_code in (200, 404, 409, 422), told
        else:
            assert response.status_code == 403, told
            assert problem_of(response) == "forbidden"
            assert role.value in response.json()["detail"]


def test_public_routes_need_no_session(nobody: httpx.Client) -> None:
    assert nobody.get("/health").status_code == 200
    assert nobody.delete("/session").status_code == 204
    assert nobody.get("/openapi.json").status_code == 200
    told = json.dumps(nobody.get("/health").json())
    assert "longitude" not in told
    assert "username" not in told


def test_a_dependency_that_fails_answers_with_a_problem(nobody: httpx.Client) -> None:
    assert problem_of(nobody.get("/drones")) == "not_logged_in"


# ---------------------------------------------------------------- tokens


@pytest.fixture
def encode(site: Site) -> Callable[..., str]:
    """Signs claims as this engine would, or with another key or algorithm."""

    def made(claims: dict[str, Any], key: str | None = None, alg: str = "HS256") -> str:
        kept = (site.engine.settings.data / "session.key").read_text()
        return jwt.encode({"alg": alg}, claims, OctKey.import_key(key or kept), algorithms=[alg])

    return made


def claims(**others: Any) -> dict[str, Any]:
    """The claims of a good token of the viewer, but for ``others``."""
    now_s = time.time()
    good = {"iss": "reach180", "sub": "viewer", "iat": now_s, "exp": int(now_s + 3600)}
    return {name: value for name, value in {**good, **others}.items() if value is not None}


def test_a_token_made_by_hand_is_good(site: Site, nobody: httpx.Client, encode: Callable[..., str]) -> None:
    """So the refusals below are of what is wrong with each, not of how they were made."""
    answer = nobody.get("/session", headers={"authorization": f"Bearer {encode(claims())}"})
    assert answer.status_code == 200
    assert answer.json() == {"username": "viewer", "role": "viewer", "token": None}


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("session_expired", {"exp": int(time.time()) - 1}),
        ("session_expired", {"exp": 0}),
        ("invalid_session", {"exp": None}),
        ("invalid_session", {"exp": "never"}),
        ("invalid_session", {"iss": "somebody else"}),
        ("invalid_session", {"iss": None}),
        ("invalid_session", {"iat": "today"}),
        ("session_void", {"iat": 0}),
        ("invalid_session", {"iat": None}),
        ("session_void", {"sub": "nobody-of-that-name"}),
        ("session_void", {"sub": None}),
        ("session_void", {"sub": ["viewer"]}),
    ],
)
def test_claims_that_do_not_hold(
    nobody: httpx.Client, encode: Callable[..., str], code: str, wrong: dict[str, Any]
) -> None:
    answer = nobody.get("/situation", headers={"authorization": f"Bearer {encode(claims(**wrong))}"})
    assert answer.status_code == 401
    assert problem_of(answer) == code


def _unsigned(header: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    return b".".join([*parts, b""]).decode()


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda encode: encode(claims(), key="k" * 48), id="another key"),
        pytest.param(lambda encode: encode(claims(), alg="HS512"), id="our key, another algorithm"),
        pytest.param(lambda _: _unsigned({"alg": "none"}), id="alg none"),
        pytest.param(lambda _: _unsigned({"alg": "None"}), id="alg None"),
        pytest.param(lambda _: _unsigned({}), id="no alg"),
        pytest.param(lambda _: _unsigned({"alg": ["HS256"]}), id="alg is a list"),
        pytest.param(lambda _: _unsigned({"alg": "HS256", "crit": ["b64"], "b64": False}), id="crit"),
        pytest.param(lambda encode: encode(claims())[:-2], id="cut short"),
        pytest.param(lambda encode: encode(claims()).rpartition(".")[0] + ".", id="signature left out"),
        pytest.param(lambda _: "a.b.c", id="no base64"),
        pytest.param(lambda _: "e30.e30.e30.e30.e30", id="encrypted"),
        pytest.param(lambda _: "x", id="a letter"),
        pytest.param(lambda _: "." * 1000, id="dots"),
    ],
)
def test_forged_tokens(nobody: httpx.Client, encode: Callable[..., str], forge: Callable[..., str]) -> None:
    for way in ({"headers": {"authorization": f"Bearer {forge(encode)}"}}, {"cookies": {COOKIE: forge(encode)}}):
        answer = httpx.get(f"{nobody.base_url}situation", **way)  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert problem_of(answer) == "invalid_session"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(), st.lists(st.binary(max_size=30), min_size=2, max_size=6).map(
    lambda parts: ".".join(base64.urlsafe_b64encode(part).decode() for part in parts))))  # fmt: skip
def test_whatever_is_sent_as_a_token_is_refused_in_order(site: Site, text: str) -> None:
    with pytest.raises(Problem) as refused:
        site.engine.sessions.account(text)
    assert refused.value.status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dmlld2VyOng=", "Token abc"])
def test_a_header_that_is_no_token_is_nobody(nobody: httpx.Client, header: str) -> None:
    answer = nobody.get("/situation", headers={"authorization": header})
    assert answer.status_code == 401
    assert problem_of(answer) == "not_logged_in"


def test_changed_and_disabled_accounts_are_out_at_once(site: Site, nobody: httpx.Client) -> None:
    accounts = site.engine.accounts
    accounts.create("volatile", "volatile password", Role.VIEWER)

    def answer(token: str) -> httpx.Response:
        return nobody.get("/situation", headers={"authorization": f"Bearer {token}"})

    first = site.token("volatile")
    assert answer(first).status_code == 200
    accounts.set_password("volatile", "another password")
    assert problem_of(answer(first)) == "session_void"

    second = site.token("volatile")
    assert answer(second).status_code == 200
    accounts.set_role("volatile", Role.OPERATOR)
    assert problem_of(answer(second)) == "session_void"

    third = site.token("volatile")
    accounts.disable("volatile")
    assert problem_of(answer(third)) == "session_void"
    login = nobody.post("/session", json={"username": "volatile", "password": "another password"})
    assert problem_of(login) == "wrong_credentials"


def test_a_stream_ends_with_its_session(site: Site, nobody: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.2)
    site.engine.accounts.create("listener", "listener password", Role.VIEWER)
    authorization = {"authorization": f"Bearer {site.token('listener')}"}
    with nobody.stream("GET", "/stream", headers=authorization) as response:
        lines = response.iter_lines()
        next(lines)
        site.engine.accounts.disable("listener")
        began_s = time.monotonic()
        for _ in lines:
            assert time.monotonic() - began_s < 5, "the stream of a disabled account goes on"


# ---------------------------------------------------------------- logging in


def test_the_cookie(site: Site, nobody: httpx.Client) -> None:
    credentials = {"username": "operator", "password": PASSWORD.format("operator")}
    answer = nobody.post("/session", json=credentials)
    assert answer.status_code == 200
    assert answer.json()["role"] == "operator"
    name, _, rest = answer.headers["set-cookie"].partition("=")
    flags = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == COOKIE
    assert {"httponly", "samesite=strict", "path=/", f"max-age={12 * 3600}"} <= flags
    assert "secure" not in flags  # this one is http
    tls = site.client().post("/session", json=credentials, headers={"x-forwarded-proto": "https"})
    assert "secure" in {part.strip().lower() for part in tls.headers["set-cookie"].split(";")}

    assert nobody.get("/session").json()["username"] == "operator"  # by the cookie alone
    assert nobody.delete("/session").status_code == 204
    assert problem_of(nobody.get("/session")) == "not_logged_in"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null", "http://localhost"])
def test_a_change_from_elsewhere_is_refused(site: Site, nobody: httpx.Client, origin: str) -> None:
    cookie = {"cookie": f"{COOKIE}={site.token('operator')}", "origin": origin}
    before = site.footprint()
    answer = nobody.post("/incidents", json=place(100, 100) | {"type": "crash"}, headers=cookie)
    assert answer.status_code == 403
    assert problem_of(answer) == "cross_origin"
    assert site.footprint() == before
    assert nobody.get("/situation", headers=cookie).status_code == 200  # looking is for the browser to forbid


def test_our_own_pages_and_programs_may(site: Site, nobody: httpx.Client) -> None:
    own = {"cookie": f"{COOKIE}={site.token('operator')}", "origin": site.url}
    assert problem_of(nobody.post("/drones/nothing/restore", headers=own)) == "unknown_drone"
    program = {"authorization": f"Bearer {site.token('operator')}", "origin": "https://evil.example"}
    assert problem_of(nobody.post("/drones/nothing/restore", headers=program)) == "unknown_drone"


def test_no_answer_lets_other_origins_read(viewer: httpx.Client) -> None:
    answer = viewer.get("/situation", headers={"origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    preflight = viewer.options("/incidents", headers={"access-control-request-method": "POST"})
    assert preflight.status_code == 405


def test_logging_in_tells_not_what_was_wrong(site: Site, nobody: httpx.Client) -> None:
    site.engine.accounts.create("dormant", "dormant password", Role.VIEWER)
    site.engine.accounts.disable("dormant")

    def tried(username: str, password: str) -> tuple[str, float]:
        began_s = time.perf_counter()
        answer = nobody.post("/session", json={"username": username, "password": password})
        assert answer.status_code == 401
        return answer.text, time.perf_counter() - began_s

    nameless = [tried(f"no-such-{n}", "wrong password") for n in range(3)]
    known = [tried(name, "wrong password") for name in ("viewer", "planner", "admin")]
    others = [tried("dormant", "dormant password"), tried("no name at all!", "x"), tried("", "")]
    assert len({text for text, _ in [*nameless, *known, *others]}) == 1
    assert "set-cookie" not in nobody.post("/session", json={"username": "x", "password": "y"}).headers
    took = [statistics.median(time_s for _, time_s in tries) for tries in (nameless, known)]
    assert min(took) > max(took) / 3, took


def test_guessing_is_slow(site: Site, nobody: httpx.Client) -> None:
    site.engine.accounts.create("guarded", "guarded password", Role.VIEWER)

    def tried(username: str, password: str) -> httpx.Response:
        return nobody.post("/session", json={"username": username, "password": password})

    for _ in range(3):
        assert tried("guarded", "wrong").status_code == 401
    assert tried("guarded", "guarded password").status_code == 200  # which makes up for the failures
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        spellings = ["guarded", "Guarded", "GUARDED", "ｇuarded"] * 4
        statuses = [answer.status_code for answer in pool.map(lambda name: tried(name, "wrong"), spellings)]
    assert statuses.count(401) == MOST_TRIES
    assert statuses.count(429) == len(spellings) - MOST_TRIES
    late = tried("guarded", "guarded password")
    assert late.status_code == 429
    assert problem_of(late) == "too_many_tries"
    assert 250 < int(late.headers["retry-after"]) <= 300
    assert tried("viewer", PASSWORD.format("viewer")).status_code == 200  # others are not kept out
    open_session = {"authorization": f"Bearer {site.token('guarded')}"}
    assert nobody.get("/session", headers=open_session).status_code == 200  # nor is who is in already


# ---------------------------------------------------------------- headers, logs, files


def test_security_headers_are_on_every_answer(site: Site, nobody: httpx.Client, viewer: httpx.Client) -> None:
    big = b"x" * 1_000_001
    answers = {
        "api": viewer.get("/drones"),
        "401": nobody.get("/drones"),
        "404": viewer.get("/nothing"),
        "405": viewer.put("/drones"),
        "413": viewer.post("/decide", content=big),
        "415": viewer.post("/decide", content=b"x", headers={"content-type": "text/plain"}),
        "422": viewer.post("/decide", json={}),
        "openapi": nobody.get("/openapi.json"),
        "no map": nobody.get(f"{site.url}/basemap.pmtiles"),
        "no file": nobody.get(f"{site.url}/nothing"),
        "a way out": nobody.get(f"{site.url}/..%2f..%2fapp.py"),
        "room": nobody.get(f"{site.url}/"),
        "planner": nobody.get(f"{site.url}/planner"),
        "a file": nobody.get(f"{site.url}/favicon.svg"),
    }
    with viewer.stream("GET", "/stream") as streamed:
        answers["stream"] = streamed
    for name, answer in answers.items():
        assert "default-src 'self'" in answer.headers["content-security-policy"], name
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], name
        assert answer.headers["x-content-type-options"] == "nosniff", name
        assert answer.headers["referrer-policy"] == "no-referrer", name
        assert "server" not in answer.headers, name
        if answer.url.path.startswith("/api/"):
            assert answer.headers["cache-control"] == "no-store", name
        if answer.is_error:
            problem_of(answer)
    assert answers["413"].status_code == 413
    assert answers["a way out"].status_code == 404


class _Local:
    """A local variable of a route: who draws it tells what it holds, and with all that it holds takes seconds."""

    drawn = 0

    def __repr__(self) -> str:
        self.drawn += 1
        return "a secret in a local variable"


async def _answer_of_a_broken_route(site: Site, token: str, held: _Local) -> httpx.Response:
    app = create_app(site.engine.settings, site.engine)

    @app.get("/api/v1/broken")
    async def broken() -> None:
        local = held
        raise RuntimeError(f"a defect ({local.drawn})")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=site.url) as client:
        return await client.get("/api/v1/broken", headers={"authorization": f"Bearer {token}"})


def test_what_nobody_foresaw_tells_nothing_and_leaks_nothing(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """A defect of ours: the answer is plain, the log has the traceback, neither has a secret or draws a variable."""
    token, held = site.token("viewer"), _Local()
    configure_logging(verbose=True)
    answer = asyncio.run(_answer_of_a_broken_route(site, token, held))
    configure_logging(verbose=False)
    logged = "".join(capfd.readouterr())
    assert answer.status_code == 500
    assert problem_of(answer) == "internal"
    assert "defect" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "RuntimeError" in logged
    assert "broken" in logged
    assert token not in logged
    assert "local variable" not in logged
    assert held.drawn == 0


def test_no_secret_in_any_repr_or_answer(nobody: httpx.Client) -> None:
    secret = "hunter2-hunter2-hunter2-hunter2-hunter2"
    mine = Settings(secret=SecretStr(secret), database=f"postgresql://me:{secret}@host/db")
    told = [
        mine,
        LoginIn(username="me", password=SecretStr(secret)),
        SessionView(username="me", role=Role.VIEWER, token=secret),
    ]
    assert secret not in "".join(f"{each!r} {each}" for each in told)
    for body in (
        {"username": "me", "password": secret, "more": 1},
        {"username": 1, "password": secret},
        {"username": "x" * 300, "password": secret},
        {"username": "me", "password": [secret]},
        {"username": "me", "password": secret * 40},
        {"username": "me", "password": secret},
    ):
        answer = nobody.post("/session", json=body)
        assert answer.status_code in (401, 422)
        assert secret not in answer.text


def test_the_session_key_is_its_owners_only(site: Site, tmp_path: Path) -> None:
    path = site.engine.settings.data / "session.key"
    assert path.stat().st_mode & 0o777 == 0o600
    made = session_key(SecretStr(""), tmp_path)
    assert len(made.get_secret_value()) >= 32
    assert session_key(SecretStr(""), tmp_path).get_secret_value() == made.get_secret_value()
    assert (tmp_path / "session.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="at least 32"):
        session_key(SecretStr("short"), tmp_path)


@pytest.mark.parametrize("left", ["", "\n", "short"])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path: Path, left: str) -> None:
    """A crash between making and filling it must not leave an engine whose tokens anybody can sign."""
    (tmp_path / "session.key").write_text(left)
    with pytest.raises(ValueError, match="holds no key"):
        session_key(SecretStr(""), tmp_path)


def test_health_counts_streams(site: Site, viewer: httpx.Client) -> None:
    with viewer.stream("GET", "/stream") as response:
        lines = response.iter_lines()
        next(lines)
        assert viewer.get("/health").json()["stream_clients"] >= 1
    until(lambda: viewer.get("/health").json()["stream_clients"] == 0, "the client is gone")
