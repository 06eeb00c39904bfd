"""Recorded runs over HTTP: which there are, what was under way, the next late one, wind and zones; and bad input."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from api.simulating.run import run
from api.simulating.study import Study
from dispatch.city_folder import load_city
from dispatch.store import Role
from simulator.city.outcome_file import ABOUT, RecordedRun, read_about
from tests.api.site import serving, settings_for
from tests.api.test_security import problem_of


@pytest.fixture(scope="module")
def given(city_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two layouts' runs, and files that are none."""
    folder = tmp_path_factory.mktemp("given")
    study = Study(plans=(str(city_folder), str(city_folder)), replications=1, days=0.25, warm_up_s=3600, growth=25)
    run(study, record=folder / "runs")
    (folder / "broken.parquet").write_text("no Parquet")
    (folder / "readme.txt").write_text("nothing")
    return folder


@pytest.fixture(scope="module")
def about(given: Path) -> RecordedRun:
    return read_about(given / "runs" / "run-1.parquet")


@pytest.fixture(scope="module")
def viewer(given: Path, city_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Who may look, at an engine without drones that was given the folder, as ``reach180 watch`` starts it."""
    settings = settings_for(tmp_path_factory.mktemp("watch"), city_folder, speed=1.0, runs=[given])
    with serving(settings, city=replace(load_city(city_folder), drones={})) as site:
        yield site.client(Role.VIEWER)


def test_the_runs_that_there_are(viewer: httpx.Client, about: RecordedRun) -> None:
    first, second = viewer.get("/runs").json()
    assert [(one["id"], one["job_id"], one["layout"]) for one in (first, second)] == [
        ("given-1.1", None, "probe"), ("given-1.2", None, "probe (2)"),
    ]  # fmt: skip
    assert (first["city"], first["policy"], first["seed"]) == ("Probe", "nearest-able", 1)
    assert (first["measured_from_at_s"], first["until_at_s"]) == (about.measured_from_s, about.until_s)
    told = viewer.get("/runs/given-1.1").json()
    assert {**told, **first} == told
    assert [base["id"] for base in told["bases"]] == ["B1", "B2", "B3"]
    assert told["bases"][0]["docks"] == 3
    assert {"id": "H1", "base_id": "B3"} in told["drones"]
    assert {kind["code"] for kind in told["types"]} == {"fire", "crash", "patrol"}
    assert sum(told["course"]["incidents"]) > 400
    assert len(told["sky_changes_at_s"]) == 1


def test_what_was_under_way(viewer: httpx.Client, about: RecordedRun) -> None:
    asked = {"from_at_s": about.measured_from_s, "until_at_s": about.measured_from_s + 1800}
    told = viewer.get("/runs/given-1.1/window", params=asked).json()
    served = [one for one in told["incidents"] if one["fate"] == "served"]
    assert len(served) > 20
    for one in served:
        assert one["reported_at_s"] < asked["until_at_s"]
        assert one["returned_at_s"] >= asked["from_at_s"]
        assert one["out"]["until_at_s"] == pytest.approx(one["on_scene_at_s"])
        assert one["out"]["line"][-1] == pytest.approx([one["longitude_deg"], one["latitude_deg"]])
        assert one["ended_at_s"] == one["cleared_at_s"]
        if one["reliefs"] == 0:
            assert one["home"]["from_at_s"] == one["cleared_at_s"]
            assert one["home"]["until_at_s"] < one["returned_at_s"]


def test_the_next_late_and_the_sky(viewer: httpx.Client, about: RecordedRun) -> None:
    late = viewer.get("/runs/given-1.1/late", params={"after_at_s": about.from_s}).json()["late"]
    if late is not None:
        window = {"from_at_s": late["reported_at_s"] - 1, "until_at_s": late["reported_at_s"] + 1}
        rows = viewer.get("/runs/given-1.1/window", params=window).json()["incidents"]
        (row,) = (one for one in rows if one["call"] == late["call"])
        assert row["on_scene_at_s"] is None or row["on_scene_at_s"] - row["reported_at_s"] > about.promise_s
    assert viewer.get("/runs/given-1.1/late", params={"after_at_s": about.until_s}).json() == {"late": None}
    sky = viewer.get("/runs/given-1.1/sky", params={"at_s": about.until_s}).json()
    assert [(zone["properties"]["id"], zone["properties"]["in_force"]) for zone in sky["zones"]["features"]] == [
        ("depot", True)
    ]
    assert sky["wind"]["speed_mps"] == 0.0


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("given-1.9", {}, 404, "unknown_run"),
        ("J-nobody.1", {}, 404, "unknown_run"),
        ("..%2F..%2Fetc", {}, 404, "not_found"),
        ("given-1.1/window", {}, 422, "invalid_request"),
        ("given-1.1/window", {"from_at_s": "now", "until_at_s": 1}, 422, "invalid_request"),
        ("given-1.1/window", {"from_at_s": "nan", "until_at_s": 1}, 422, "invalid_request"),
        ("given-1.1/window", {"from_at_s": 0, "until_at_s": "inf"}, 422, "invalid_request"),
        ("given-1.1/window", {"from_at_s": 2, "until_at_s": 1}, 422, "invalid_window"),
        ("given-1.1/late", {"after_at_s": -1}, 422, "invalid_request"),
        ("given-1.1/sky", {}, 422, "invalid_request"),
    ],
)
def test_bad_input_is_told(viewer: httpx.Client, path: str, asked: dict[str, str], status: int, code: str) -> None:
    answer = viewer.get(f"/runs/{path}", params=asked)
    assert answer.status_code == status, answer.text
    assert problem_of(answer) == code


def test_a_run_without_a_sky_is_no_map(viewer: httpx.Client, given: Path) -> None:
    """One that an earlier version recorded tells what ran, and not where."""
    table = pq.read_table(given / "runs" / "run-1.parquet")
    path = given / "zz" / "earlier.parquet"
    path.parent.mkdir()
    pq.write_table(table.replace_schema_metadata({ABOUT: (table.schema.metadata or {})[ABOUT]}), path)
    answer = viewer.get("/runs/given-1.3")
    path.unlink()
    assert answer.status_code == 409, answer.text
    assert problem_of(answer) == "unreadable_run"
    assert "earlier.parquet" in answer.json()["detail"]
