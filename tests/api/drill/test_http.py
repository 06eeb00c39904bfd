"""A drill begun from the command room: which there are, one at a time, stopped and scored."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dispatch.store import Role
from tests.api.drill.files import small_drill
from tests.api.site import Site, serving, settings_for, until
from tests.api.test_jobs import over
from tests.api.test_plans import results
from tests.api.test_security import problem_of
from tests.cities import place


def test_the_ready_ones_and_what_cannot_be_begun(operator: httpx.Client, viewer: httpx.Client) -> None:
    listed = viewer.get("/drills").json()
    assert [drill["name"] for drill in listed][:2] == ["chemical-fire", "market-fire"]
    assert all(drill["title_zh"] and drill["introduction_zh"] for drill in listed)
    assert {drill["misfit"] for drill in listed} == {"other_city"}
    assert {drill["name"]: drill["last_at_s"] for drill in listed}["market-fire"] == 330
    assert problem_of(operator.post("/drills/here", json={"name": "moon"})) == "unknown_drill"
    assert problem_of(operator.post("/drills/here", json={"name": "market-fire", "speed": 0})) == "invalid_request"
    assert problem_of(operator.post("/drills", json={"name": "moon"})) == "unknown_drill"
    assert problem_of(operator.post("/drills", json={"name": "market-fire"})) == "drill_does_not_fit"
    assert problem_of(viewer.get("/drills/last")) == "no_drill"
    assert problem_of(operator.post("/drills/last/stop")) == "no_drill"


@pytest.fixture
def own(tmp_path: Path, city_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that nobody else uses, with one drill, of its own city."""
    path = tmp_path / "small.toml"
    path.write_text(small_drill(city_folder), encoding="utf-8")
    for module in ("api.drill.running", "api.routers.drills"):
        monkeypatch.setattr(f"{module}.shipped", lambda: {"small": path})
    with serving(settings_for(tmp_path / "data", city_folder, speed=10.0)) as site:
        yield site


def test_played_here_as_a_job_that_its_owner_ends(operator: httpx.Client, planner: httpx.Client) -> None:
    """At a speed, so that it takes long enough to be ended: it is scored as not finished."""
    others = planner.post("/drills/here", json={"name": "market-fire", "speed": 1.0}).json()["id"]
    assert problem_of(operator.post(f"/jobs/{others}/cancel")) == "forbidden"
    assert problem_of(operator.delete(f"/jobs/{others}")) == "forbidden"
    assert planner.delete(f"/jobs/{others}").status_code == 204
    made = operator.post("/drills/here", json={"name": "market-fire", "speed": 20.0})
    assert (made.status_code, made.json()["kind"], made.json()["name"]) == (201, "drill", "market-fire")
    job_id = made.json()["id"]
    until(lambda: ((operator.get(f"/jobs/{job_id}").json()["progress"] or {}).get("share") or 0) > 0.1, "a tenth", 90)
    operator.post(f"/jobs/{job_id}/cancel")
    told = over(operator, job_id)
    assert told["state"] == "cancelled", told
    assert {"score.json", "report.html", "tracks.csv"} <= {one["name"] for one in told["results"]}
    score = results(operator, told, "score.json")
    assert (score["unfinished"], score["vehicles"], score["passed"]) == ("it was interrupted", "kinematic", False)
    assert [incident["name"] for incident in score["incidents"]][:2] == ["market", "crowd"]


def test_real_drones_are_never_drilled(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.engine, "embedded", None)
    assert {drill["misfit"] for drill in site.client(Role.VIEWER).get("/drills").json()} == {"real_vehicles"}
    refused = site.client(Role.OPERATOR).post("/drills", json={"name": "market-fire"})
    assert (problem_of(refused), refused.json()["detail"]) == (
        "drill_does_not_fit",
        "a drill is for embedded vehicles: this engine flies others",
    )


def test_it_is_begun_told_of_stopped_and_scored(own: Site) -> None:
    operator = own.client(Role.OPERATOR)
    assert operator.get("/drills").json()[0]["misfit"] is None
    begun = operator.post("/drills", json={"name": "small", "answers": True})
    assert begun.status_code == 202, begun.text
    assert begun.json()["state"] == "running"
    assert problem_of(operator.post("/drills", json={"name": "small"})) == "drill_running"
    until(lambda: "quay" in str(operator.get("/drills/last").json()["told"]), "the first inject", 60)
    played = operator.get("/drills/last").json()
    assert [(inject["name"], inject["within_s"]) for inject in played["injects"]] == [("quay", 60.0)]
    quay = {name: value for name, value in place(-300.0, 300.0).items() if name != "datum"}
    assert played["injects"][0]["position"] == pytest.approx(quay)
    assert played["passed_s"] >= 40
    stands = played["standing"]
    assert [incident["name"] for incident in stands["incidents"]] == ["A", "B", "shut"]  # and not what is to come
    assert {objective["kind"] for objective in stands["objectives"]} == {
        "on_scene", "watched", "answered", "as_expected",
    }  # fmt: skip
    assert [answer["name"] for answer in stands["answers"]] == ["quay"]
    assert (played["score"], played["files"]) == (None, [])
    assert {incident["note"] for incident in operator.get("/incidents").json()["incidents"]} == {""}
    stopped = operator.post("/drills/last/stop").json()
    assert stopped["state"] == "over"
    assert stopped["score"]["unfinished"] == "it was interrupted"
    assert stopped["score"]["passed"] is False
    assert stopped["standing"] == stopped["score"]
    assert "report.html" in {one["name"] for one in stopped["files"]}
    assert operator.get("/drills/last/files/score.json").json() == stopped["score"]
    assert problem_of(operator.get("/drills/last/files/engine.db")) == "unknown_result"
    assert own.engine.operations.failures == 0
