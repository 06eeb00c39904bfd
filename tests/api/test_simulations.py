"""Simulations over HTTP: of the city and of a planned layout, with uploaded calls; what is wrong is told by field."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.simulating.test_simulate import records
from tests.api.test_jobs import over
from tests.api.test_plans import ASKED as PLAN
from tests.api.test_plans import CALLS as DEMAND
from tests.api.test_plans import results
from tests.api.test_plans import send as send_plan
from tests.api.test_security import problem_of
from tests.cities import place

QUICK: dict[str, Any] = {"policies": ["nearest-able"], "days": 1, "warm_up_h": 1, "replications": 2, "growth": 5}


def send(client: httpx.Client, asked: dict[str, Any], *, key: str | None = None, **files: Any) -> httpx.Response:
    """A simulation asked for as a form does it."""
    headers = {"idempotency-key": key} if key else {}
    return client.post(
        "/simulations", data={"simulation": json.dumps(asked)}, files=files or {"none": b""}, headers=headers
    )


def test_a_planned_layout_beside_the_city_as_it_is(planner: httpx.Client, viewer: httpx.Client) -> None:
    plan = over(viewer, send_plan(planner, {**PLAN, "demand_datum": "WGS-84"}, demand=("c.csv", DEMAND)).json()["id"])
    asked = {**QUICK, "name": "both", "plans": [plan["id"]], "policies": ["nearest-able", "first-come"]}
    made = planner.post("/simulations", json=asked, headers={"idempotency-key": "one simulation"})
    assert made.status_code == 201, made.text
    told = over(viewer, made.json()["id"])
    assert (told["kind"], told["name"], told["state"]) == ("simulation", "both", "done"), told
    names = {one["name"] for one in told["results"]}
    assert names == {
        "simulation.json", "simulation.html", "kpis.parquet", "map.png", *(f"run-{k}.parquet" for k in range(1, 5)),
    }  # fmt: skip
    figures = results(viewer, told, "simulation.json")
    assert [arm["layout"] for arm in figures["arms"]] == ["probe", "probe", plan["id"], plan["id"]]
    assert {arm["bases"] for arm in figures["arms"][2:]} == {len(results(viewer, plan, "plan.json")["bases"])}
    assert figures["command"] == "POST /api/v1/simulations"
    assert told["course"][-1]["what"] == "report"
    runs = [one for one in viewer.get("/runs").json() if one["job_id"] == told["id"]]
    assert [one["id"] for one in runs] == [f"{told['id']}.{k}" for k in range(1, 5)]
    assert [(one["layout"], one["policy"]) for one in runs[2:]] == [
        (plan["id"], "nearest-able"), (plan["id"], "first-come"),
    ]  # fmt: skip
    assert planner.post("/simulations", json=asked, headers={"idempotency-key": "one simulation"}).status_code == 200


def test_uploaded_calls_and_weather(planner: httpx.Client, tmp_path: Path) -> None:
    calls = records(tmp_path / "calls.csv").read_bytes()
    hours = [f"2026-03-{2 + k // 24:02d}T{k % 24:02d}:00,90,4" for k in range(24 * 8)]
    weather = "\n".join(["hour,wind_from_deg,wind_speed_mps", *hours, ""]).encode()
    asked = {"policies": ["batch"], "replay": True, "replications": 1, "calls_datum": "WGS-84", "warm_up_h": 2}
    files = {"calls": ("calls.csv", calls), "weather": ("hours.csv", weather)}
    told = over(planner, send(planner, {**asked, "record": False}, **files).json()["id"])
    assert told["state"] == "done", told
    assert not [one["name"] for one in told["results"] if one["name"].startswith("run")]
    figures = results(planner, told, "simulation.json")
    assert (figures["calls"], figures["settings"]["weather"]) == ("calls.csv, replayed", "hours.csv")
    assert figures["headlines"][0]["name"] == "within_share"
    assert {one["name"] for one in figures["headlines"]} <= set(figures["arms"][0]["figures"])
    told = over(planner, send(planner, {**asked, "calls_datum": None}, calls=("calls.csv", calls)).json()["id"])
    assert (told["failure"]["code"], told["failure"]["where"]) == ("invalid_simulation", "calls")


def test_ground_units_outages_and_winds_by_two_processes(planner: httpx.Client) -> None:
    at = place(0, 0)
    stations = f"longitude,latitude,units\n{at['longitude_deg']},{at['latitude_deg']},2\n".encode()
    ground = {"stations_datum": "WGS-84", "turnout_s": 1800, "road_mps": 12, "drone_fails_after_h": 50}
    asked = {**QUICK, **ground, "cell_m": 1000, "workers": 2}
    files = {"stations": ("stations.csv", stations), "wind_rose": ("rose.csv", b"speed_mps,from_deg,share\n3,90,1\n")}
    told = over(planner, send(planner, asked, **files).json()["id"])
    assert told["state"] == "done", told
    figures = results(planner, told, "simulation.json")
    assert figures["ground_units"].startswith("2 at 1 stations, turnout 1800 s")
    assert figures["arms"][0]["figures"]["first_share"]["mean"] > 0.9
    assert {"stations.csv", "rose.csv"} <= {one["name"] for one in figures["inputs"]}
    assert figures["settings"]["ground"]["stations"] == "stations.csv"


def test_the_policies_that_there_are(viewer: httpx.Client) -> None:
    found = {policy["name"]: policy for policy in viewer.get("/policies").json()}
    assert found["coverage-preserving"]["dial"] == 5.0
    assert found["batch"]["dial"] is None
    assert all(policy["about_en"] and policy["about_zh"] for policy in found.values())


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"policies": []}, "policies"),
        ({"policies": ["best"]}, "policies"),
        ({"policies": ["batch", "batch"]}, "simulation"),
        ({"replications": 0}, "replications"),
        ({"share": 1.5}, "share"),
        ({"days": -1}, "days"),
        ({"cell_m": 0}, "cell_m"),
        ({"wind": "a breeze"}, "wind"),
        ({"city": False}, "simulation"),
        ({"plans": ["J-nobody"]}, "plans"),
        ({"replay": True}, "calls"),
        ({"patience_s": float("inf")}, "patience_s"),
        ({"workers": 99}, "workers"),
        ({"stations": "candidates"}, "simulation"),
        ({"turnout_s": 90}, "simulation"),
        ({"drone_fails_after_h": 0}, "drone_fails_after_h"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(planner: httpx.Client, change: dict[str, Any], where: str) -> None:
    answer = planner.post(
        "/simulations", content=json.dumps({**QUICK, **change}), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert problem_of(answer) == "invalid_request"
    assert any(one["where"].startswith(f"body.{where}") for one in answer.json()["errors"]), answer.text
