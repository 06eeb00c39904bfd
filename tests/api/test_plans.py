"""Plans over HTTP: a real city, uploaded demand, the layout with its proof; what is wrong is said at its field."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.jobs.job import JobError, Stopped
from api.jobs.worker import Errand
from api.planning.job import work
from tests.api.site import Site
from tests.api.test_jobs import over
from tests.api.test_security import problem_of
from tests.cities import place, square

ASKED: dict[str, Any] = {"p": 1, "within_s": 40.0, "grid_m": 600.0, "limit_s": 20.0}
FAR_CORNERS = ((-1100.0, 1100.0), (-1000.0, 1000.0), (1100.0, 1100.0))


def table(rows: list[str]) -> bytes:
    """A CSV of demand."""
    return "\n".join(["longitude,latitude,weight", *rows]).encode()


def row(east_m: float, north_m: float, weight: object = 1) -> str:
    """One place of demand."""
    at = place(east_m, north_m)
    return f"{at['longitude_deg']},{at['latitude_deg']},{weight}"


CALLS = table([row(*FAR_CORNERS[0], 5), row(*FAR_CORNERS[1], 4), row(*FAR_CORNERS[2], 3), row(0, 50, 2)])


def send(client: httpx.Client, asked: dict[str, Any], *, key: str | None = None, **files: Any) -> httpx.Response:
    """A plan asked for as a form does it."""
    headers = {"idempotency-key": key} if key else {}
    return client.post("/plans", data={"plan": json.dumps(asked)}, files=files or {"none": b""}, headers=headers)


def results(client: httpx.Client, told: dict[str, Any], name: str) -> Any:
    """A result file's JSON."""
    return client.get(f"/jobs/{told['id']}/results/{name}").json()


def test_a_plan_from_uploaded_demand(planner: httpx.Client, viewer: httpx.Client, site: Site) -> None:
    asked = {**ASKED, "name": "corners", "demand_datum": "WGS-84", "demand_weight": ["weight"], "frontier_to": 3}
    made = send(planner, asked, key="one plan only", demand=("../../calls.csv", CALLS, "text/csv"))
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1/jobs/{made.json()['id']}"
    told = over(viewer, made.json()["id"])
    assert (told["kind"], told["name"], told["state"]) == ("plan", "corners", "done"), told
    assert {one["name"] for one in told["results"]} >= {"plan.json", "plan.html", "layout.geojson", "coverage.geojson"}
    plan = results(viewer, told, "plan.json")
    assert plan["status"] == "optimal"
    assert (plan["value"], plan["bound"]) == (11.0, 11.0)  # two corners of three, and what the bases see already
    assert [base["standing"] for base in plan["bases"]].count(False) == plan["new_bases"] == 1
    assert [step["value"] for step in plan["frontier"]["steps"]] == [11.0, 14.0, 14.0]
    layout = results(viewer, told, "layout.geojson")
    assert layout["datum"] == "WGS-84"
    bases = {feature["properties"]["id"] for feature in layout["features"]}
    coverage = results(viewer, told, "coverage.geojson")
    assert {feature["properties"]["base_id"] for feature in coverage["features"]} == bases
    assert told["course"][-1]["what"] == "report"
    assert max(one["value"] or 0 for one in told["course"]) == 14.0
    # asked again with the same key it is the same job; with another demand it is refused
    again = send(planner, asked, key="one plan only", demand=("../../calls.csv", CALLS, "text/csv"))
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    other = send(planner, asked, key="one plan only", demand=("../../calls.csv", CALLS + b"\n", "text/csv"))
    assert (other.status_code, problem_of(other)) == (409, "idempotency_mismatch")
    inputs = site.engine.jobs.root / told["id"] / "inputs"
    assert [path.relative_to(inputs).as_posix() for path in inputs.rglob("*.*")] == ["demand/calls.csv"]
    assert str(site.engine.settings.city) not in json.dumps(told)


def test_points_and_an_area(planner: httpx.Client) -> None:
    corners = square((-900.0, 200.0), (900.0, 900.0))[:3]
    points = [
        {"type": "Feature", "properties": {"id": f"P{k}"}, "geometry": {"type": "Point", "coordinates": corner}}
        for k, corner in enumerate(corners)
    ]
    area = {"type": "Polygon", "coordinates": [square((-1000.0, 0.0), (1000.0, 1000.0))]}
    collection = {"type": "FeatureCollection", "datum": "WGS-84"}
    asked = {
        **{**ASKED, "grid_m": None, "bases": False, "p": 2, "model": "median", "demand_datum": "WGS-84"},
        "points": {**collection, "features": points},
        "area": {**collection, "features": [{"type": "Feature", "properties": {}, "geometry": area}]},
    }
    made = send(planner, asked, demand=("calls.csv", CALLS))
    assert made.status_code == 201, made.text
    told = over(planner, made.json()["id"])
    assert told["state"] == "done", told
    plan = results(planner, told, "plan.json")
    assert plan["status"] == "optimal"
    assert {base["id"] for base in plan["bases"]} < {"P0", "P1", "P2"}


# ---------------------------------------------------------------- what the child does, without a child


def errand(folder: Path, city: Path, asked: dict[str, Any], calls: bytes = CALLS) -> Errand:
    """A plan as the child finds it."""
    request = {**ASKED, "demand_datum": "WGS-84", "demand_weight": ["weight"], **asked}
    (folder / "inputs" / "demand").mkdir(parents=True)
    (folder / "inputs" / "demand" / "calls.csv").write_bytes(calls)
    (folder / "request.json").write_text(json.dumps(request))
    (folder / "context").write_text(str(city))
    return Errand(folder=folder, results=folder, out=io.StringIO())


def test_a_wrong_file_is_told_with_its_row(tmp_path: Path, city_folder: Path) -> None:
    with pytest.raises(JobError) as wrong:
        work(errand(tmp_path, city_folder, {}, table([row(0, 0), row(10, 10, "many")])))
    failure = wrong.value.failure
    assert (failure.code, failure.where) == ("invalid_plan", "demand")
    assert "calls.csv: row 2" in failure.detail
    assert "many" in failure.detail


def test_a_promise_that_cannot_be_kept_says_what_would_do(tmp_path: Path, city_folder: Path) -> None:
    with pytest.raises(JobError) as wrong:
        work(errand(tmp_path, city_folder, {"model": "cover", "p": None, "within_s": 12.0}))
    assert wrong.value.failure.code == "infeasible"
    assert "T must be" in wrong.value.failure.detail


def test_cancelled_before_there_is_a_layout_it_leaves_nothing(tmp_path: Path, city_folder: Path) -> None:
    asked = errand(tmp_path, city_folder, {})
    asked.cancel()
    with pytest.raises(Stopped):
        work(asked)
    assert not list(tmp_path.glob("plan.*"))


# ---------------------------------------------------------------- what is refused at the door


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"p": None}, "p"),
        ({"p": -1}, "p"),
        ({"p": "three"}, "p"),
        ({"p": 1.5}, "p"),
        ({"within_s": 0}, "within_s"),
        ({"within_s": float("inf")}, "within_s"),
        ({"grid_m": 1}, "grid_m"),
        ({"grid_m": None}, "candidates"),
        ({"model": "best"}, "model"),
        ({"model": "median", "times": 2}, "model"),
        ({"airframe": "zeppelin"}, "airframe"),
        ({"demand_datum": "NAD-27"}, "demand_datum"),
        ({"limit_s": 86_400}, "limit_s"),
        ({"budget": -5}, "budget"),
        ({"colour": "red"}, "colour"),
        ({"area": {"type": "FeatureCollection", "features": []}}, "area"),
    ],
)
def test_a_wrong_field_is_named(planner: httpx.Client, change: dict[str, Any], where: str) -> None:
    before = planner.get("/jobs").json()
    answer = planner.post(
        "/plans", content=json.dumps({**ASKED, **change}), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert problem_of(answer) in ("invalid_request", "invalid_plan")
    said = [one["where"] for one in answer.json()["errors"]] + [answer.json()["detail"]]
    assert any(one.startswith(f"body.{where}") for one in said), said
    assert planner.get("/jobs").json() == before


def test_what_is_no_plan_at_all(planner: httpx.Client, operator: httpx.Client) -> None:
    def answer(content: bytes, kind: str) -> tuple[int, str]:
        got = planner.post("/plans", content=content, headers={"content-type": kind})
        return got.status_code, problem_of(got)

    assert answer(b"{}", "text/plain") == (415, "not_json")
    assert answer(b"{", "application/json") == (400, "invalid_json")
    assert answer(b"\xff\xfe", "application/json") == (400, "invalid_json")
    assert answer(b"[" * 50_000, "application/json") == (400, "invalid_json")
    assert answer(b"null", "application/json") == (422, "invalid_request")
    assert answer(b"no parts", "multipart/form-data; boundary=x")[0] in (400, 422)
    assert answer(b"no parts", "multipart/form-data")[0] in (400, 422)
    assert send(planner, {}, demand=("x.csv", b"")).status_code == 422
    assert planner.post("/plans", files={"demand": b"x"}).status_code == 422
    assert send(operator, ASKED, demand=("x.csv", CALLS)).status_code == 403
