"""``reach180 plan`` through its front door: a promise in, files and a proof out, errors that say what and where."""

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.planning.demand import DemandSource
from api.planning.outputs import write_all
from api.planning.study import Study, Watch, run
from dispatch.coverage import Progress
from dispatch.placement import Ask, Promise
from geo.frame import LocalFrame
from geo.position import Position
from tests.api.planning.files import table

FRAME = LocalFrame(Position(7.42, 43.74))
SITES = {"west": (-6000.0, 0.0), "middle": (0.0, 0.0), "east": (6000.0, 0.0), "far": (0.0, 15000.0)}


def lonlat(xy: tuple[float, float]) -> str:
    return ",".join(f"{degrees:.9f}" for degrees in FRAME.to_lonlat(xy)[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hundred calls about three places, and four sites; nothing else is known."""
    chance = np.random.default_rng(5)
    places = np.concatenate([chance.normal(centre, 400.0, (100, 2)) for centre in list(SITES.values())[:3]])
    table(
        tmp_path,
        "calls.csv",
        [f"{lonlat(tuple(xy))},{3 if 100 <= k < 200 else 1}" for k, xy in enumerate(places.tolist())],
    )
    rows = [f"{name},{lonlat(xy)},2,{k + 1}" for k, (name, xy) in enumerate(SITES.items())]
    table(tmp_path, "sites.csv", rows, "id,lon,lat,docks,cost")
    return tmp_path


def asked(folder: Path, *words: object, demand: str = "calls.csv", sites: str = "sites.csv") -> Result:
    """The command with the folder's files."""
    given = ["--demand", folder / demand, "--sites", folder / sites, "--datum", "WGS-84", "--airframe", "dock-quad"]
    return CliRunner().invoke(app, ["plan", *map(str, [*given, *words])])


def answer(folder: Path, *words: object) -> dict[str, Any]:
    """The plan as JSON."""
    result = asked(folder, *words, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def ids(told: dict[str, Any]) -> list[str]:
    return sorted(base["id"] for base in told["bases"])


def test_every_model_answers_with_its_proof(folder: Path) -> None:
    assert ids(answer(folder, "--share", "0.9")) == ["east", "middle", "west"]
    assert ids(answer(folder, "--bases", "1")) == ["middle"]
    assert ids(answer(folder, "--bases", "2", "--standing", "middle")) == ["east", "middle", "west"]
    assert ids(answer(folder, "--bases", "2", "--forced", "far", "--forbidden", "middle"))[-1] != "middle"
    assert len(ids(answer(folder, "--budget", "4"))) == 2
    for model in ("median", "center", "p90", "expected"):
        told = answer(folder, "--model", model, "--bases", "3")
        assert told["status"] == "optimal"
        assert (told["unit"] == "s") is (model != "expected")


def test_a_promise_two_bases_deep_is_kept_and_proven(folder: Path) -> None:
    told = answer(folder, "--time", "360", "--share", "0.95", "--times", "2")
    assert told["status"] == "optimal"
    assert told["clocks"]["within_share"] >= 0.95
    assert told["unit"] == "cost"
    fewer = answer(folder, "--time", "360", "--times", "2", "--budget", str(told["cost"] - 1))
    assert fewer["clocks"]["within_share"] < 0.95


def test_the_files_agree_with_each_other_and_the_report_needs_nothing_else(folder: Path) -> None:
    out = folder / "out"
    result = asked(
        folder, "--bases", "2", "--frontier", "0..3", "--ignoring", "--time", "50", "--wind", "8@90", "--out", out
    )
    assert result.exit_code == 0, result.output
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    layout = json.loads((out / "layout.geojson").read_text(encoding="utf-8"))
    with (out / "bases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    marks = ET.parse(out / "layout.kml").getroot().iter("{http://www.opengis.net/kml/2.2}Placemark")
    named = [mark[0].text for mark in marks if mark[0].text]
    assert len(rows) == len(layout["features"]) == len(named) == len(plan["bases"]) == 2
    assert [row["id"] for row in rows] == [one["properties"]["id"] for one in layout["features"]]
    assert sorted(row["id"] for row in rows) == ids(plan)
    assert [step["p"] for step in plan["frontier"]["steps"]] == [0, 1, 2, 3]
    values = [step["value"] for step in plan["frontier"]["steps"]]
    assert values == sorted(values)
    assert values[2] == plan["value"]
    assert plan["ignoring"]["promised_share"] > plan["ignoring"]["true_share"]
    assert {one["name"] for one in plan["inputs"]} == {"calls.csv", "sites.csv"}
    with (out / "uncovered.csv").open(encoding="utf-8") as file:
        uncovered = sum(float(row["weight"]) for row in csv.DictReader(file))
    assert uncovered == pytest.approx((1 - plan["clocks"]["within_share"]) * plan["demand"], abs=1e-3)
    page = (out / "plan.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 3
    assert not [word for word in ("http://", "https://", "<script", "<link") if word in page]


def area_file(folder: Path, east_m: float) -> Path:
    """A square of 4 km so far east of the middle place."""
    corners = [(east_m + x, y) for x, y in ((-2000, -2000), (2000, -2000), (2000, 2000), (-2000, 2000), (-2000, -2000))]
    ring = [[float(degrees) for degrees in FRAME.to_lonlat(corner)[0]] for corner in corners]
    path = folder / f"area {east_m:.0f}.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    whole = {"type": "FeatureCollection", "datum": "WGS-84", "features": [feature]}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def test_demand_beyond_the_area_is_left_out_and_told(folder: Path) -> None:
    told = answer(folder, "--bases", "1", "--area", area_file(folder, 0.0))
    assert (ids(told), told["demand"]) == (["middle"], 300.0)
    inputs = {one["name"]: one["told"] for one in told["inputs"]}
    assert inputs["area 0.geojson"] == "the area; 200 of 300 places of demand lie beyond it"
    result = asked(folder, "--bases", "1", "--area", area_file(folder, 30_000.0))
    assert result.exit_code == 2
    assert "area 30000.geojson: none of the 300 places of demand lies within the area" in result.output


def test_a_planned_layout_is_certified(folder: Path) -> None:
    assert asked(folder, "--bases", "3", "--wind", "5@10", "--out", folder / "out").exit_code == 0
    words = ["certify", "--layout", folder / "out" / "layout.geojson", "--radius", "2km", "--verdict-only", "--json"]
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 0, result.output
    (verdict,) = json.loads(result.stdout)
    assert verdict["answer"] == "true"
    assert verdict["within_s"] == 180.0
    assert verdict["airframe"] == "dock-quad"
    assert verdict["worst"]["base_id"] in ("west", "middle", "east")
    wrong = CliRunner().invoke(app, ["certify", "--layout", str(folder / "sites.csv")])
    assert wrong.exit_code == 2
    assert "sites.csv: not valid JSON" in wrong.output


def test_ctrl_c_keeps_the_best_so_far_and_its_files(folder: Path) -> None:
    def interrupted(_part: str, progress: Progress) -> None:
        if np.isfinite(progress.value):
            raise KeyboardInterrupt

    study = Study(
        ask=Ask(goal="median", p=2, promise=Promise()),
        demand=DemandSource(path=folder / "calls.csv", datum="WGS-84"),
        sites=(str(folder / "sites.csv"),),
        datum="WGS-84",
        airframe="dock-quad",
        frontier=(1, 3),
    )
    done = run(study, Watch(tell=interrupted))
    assert done.stopped
    assert done.frontier is None
    assert len(done.planned.layout.bases) == 2
    written = write_all(folder / "out", done, "reach180 plan")
    assert json.loads((folder / "out" / "plan.json").read_text(encoding="utf-8"))["stopped"] is True
    assert "best so far" in (folder / "out" / "plan.html").read_text(encoding="utf-8")
    assert all(path.stat().st_size for path in written)
    cancelled = run(study, Watch(cancelled=lambda: True))
    assert cancelled.stopped
    assert len(cancelled.planned.layout.bases) <= 2


def test_the_compiler_works_before_the_time_limit_begins(folder: Path) -> None:
    heard: list[str] = []
    study = Study(
        ask=Ask(p=2),
        demand=DemandSource(path=folder / "calls.csv", datum="WGS-84"),
        sites=(str(folder / "sites.csv"),),
        datum="WGS-84",
        airframe="dock-quad",
    )
    run(study, Watch(work=lambda what, _share: heard.append(what), tell=lambda part, _progress: heard.append(part)))
    assert heard.index("compiling") < heard.index("flight times") < heard.index("layout")


WRONG = {
    "no candidate": (["--forbidden", "west,middle,east,far", "--bases", "1"], 2, "only 0 of 4 sites can be opened"),
    "more bases than sites": (["--bases", "9"], 2, "p is 9, but only 4 of 4 sites can be opened"),
    "unknown model": (["--model", "best"], 2, "unknown model 'best'; known are cover, maxcover"),
    "no means": (["--model", "median"], 2, "median asks what so many bases can do: give p or a budget"),
    "unknown site": (["--standing", "north"], 2, "standing site 'north': no site has this id; there are east, far"),
    "unknown airframe": (["--bases", "1", "--airframe", "kite"], 2, "unknown airframe 'kite'"),
    "unknown column": (["--bases", "1", "--weight", "people"], 2, "calls.csv: no column 'people'"),
    "too much wind": (["--bases", "1", "--wind", "30@0"], 2, "a wind of 30 m/s is above the limit of dock-quad"),
    "no such time zone": (["--bases", "1", "--time-zone", "Mars/North"], 2, "time zone 'Mars/North' is not one of"),
    "hours of no day": (["--bases", "1", "--hours", "8,25"], 2, "hours [8.0, 25.0] must be different, from 0 to below"),
    "hours without times": (["--bases", "1", "--hours", "0,12"], 2, "calls.csv: no column of times"),
    "no such file of sites": (["--bases", "1", "--sites", "nowhere.csv"], 2, "nowhere.csv: cannot be read"),
    "no grid": (["--bases", "1", "--sites", "grid:1"], 2, "grid: '1' must be a length with its unit"),
    "half a share": (["--share", "90"], 2, "the promised share is 90.0: give more than 0, at most 1"),
    "no districts": (["--model", "worst-district", "--bases", "1"], 2, "names no districts"),
    "a promise beyond reach": (["--time", "60"], 3, "T must be"),
    "a share beyond reach": (["--time", "60", "--share", "0.9"], 3, "or the share 0."),
    "too few bases": (["--share", "0.9", "--bases", "2"], 3, "needs 3 new bases, and p is 2"),
    "too little money": (["--share", "0.9", "--budget", "3"], 3, "needs 6, and the budget is 3"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_asked_or_kept_is_told_in_a_line(case: str, folder: Path) -> None:
    words, code, told = WRONG[case]
    result = asked(folder, *words)
    assert result.exit_code == code, result.output
    assert told in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_an_infeasible_promise_can_be_kept_as_soon_as_it_is_changed_as_told(folder: Path) -> None:
    told = asked(folder, "--time", "60").output
    least_s = float(told.split("T must be ")[1].split(" s")[0])
    assert asked(folder, "--time", f"{least_s + 0.01:.2f}").exit_code == 0


def test_the_built_in_city_plans_with_its_own_calls_and_sites() -> None:
    words = ["plan", "--city", "kunshan", "--sites", "candidates", "--standing", "bases", "--bases", "2"]
    result = CliRunner().invoke(app, [*words, "--at", "2026-06-01T12:00", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["status"] == "optimal"
    assert (told["new_bases"], len(told["bases"]), told["sites"]) == (2, 22, 80)


@pytest.mark.shared_data("virginia_beach")
def test_real_arrests_and_real_sites(shared: Path) -> None:
    given = ["--demand", shared / "ohca.csv", "--sites", shared / "bases.csv", "--datum", "WGS-84"]
    words = [*given, "--airframe", "dock-quad", "--bases", "10", "--json"]
    told = json.loads(CliRunner().invoke(app, ["plan", *map(str, words)]).stdout)
    assert (told["status"], told["sites"], told["demand"], told["value"]) == ("optimal", 40, 1988, 1623)


def test_a_wind_rose_counts_by_its_shares_and_a_wrong_row_is_named(folder: Path) -> None:
    rose = folder / "rose.csv"
    rose.write_text("speed_mps,from_deg,share\n0,0,3\n30,90,1\n", encoding="utf-8")
    told = answer(folder, "--bases", "3", "--wind-rose", rose)
    assert len(told["scenes"]) == 2
    assert told["clocks"]["within_share"] == pytest.approx(0.75)
    rose.write_text("speed_mps,from_deg,share\n0,0,3\n5,x,1\n", encoding="utf-8")
    assert "rose.csv: row 2: could not convert" in asked(folder, "--bases", "3", "--wind-rose", rose).output
    rose.write_text("speed_mps,from_deg\n0,0\n", encoding="utf-8")
    assert "rose.csv: no column share" in asked(folder, "--bases", "3", "--wind-rose", rose).output
