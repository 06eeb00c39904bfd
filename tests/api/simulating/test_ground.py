"""Ground units, outages and a wind rose asked for by ``reach180 simulate``: what they change, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.simulating.test_simulate import QUICK, records, said
from tests.api.test_cli import ANSI, typed
from tests.cities import place, write_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_city(tmp_path_factory.mktemp("ground") / "probe")


def stations(path: Path, *rows: str) -> Path:
    """A file of stations: the middle of the city, and what is given."""
    at = place(0, 0)
    first = f"F1,{at['longitude_deg']},{at['latitude_deg']},400"
    path.write_text("\n".join(["id,longitude,latitude,units", first, *rows]) + "\n")
    return path


def figures_of(city: Path, *words: object) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(said(city, *QUICK, "--cell", "1km", *words, "--json"))
    return told


def mean(told: dict[str, Any], figure: str) -> float:
    value: float = told["arms"][0]["figures"][figure]["mean"]
    return value


def test_who_is_first_on_scene(city: Path, tmp_path: Path) -> None:
    asked = ("--stations", stations(tmp_path / "stations.csv"), "--datum", "WGS-84", "--road-speed", "1000")
    asked = (*asked, "--unit-busy", "0s")
    at_once = figures_of(city, *asked, "--turnout", "0s")
    assert mean(at_once, "first_share") < 0.01
    assert at_once["ground_units"] == "400 at 1 stations, turnout 0 s, 1000 m/s by road, spread 0.2, busy 0 s"
    out = tmp_path / "out"
    printed = said(city, *QUICK, "--cell", "1km", *asked, "--turnout", "30min", "--road-spread", "0", "--out", out)
    late = json.loads((out / "simulation.json").read_text())
    assert 0.99 < mean(late, "first_share") <= 1  # the end of the run is sooner still with some
    assert mean(late, "gained_mean_s") == pytest.approx(1800 - mean(late, "on_scene_mean_s"), rel=0.01)
    words = "a drone is there before the first ground unit at "
    assert f"probe, nearest-able: {words}" in printed
    assert words in (out / "simulation.html").read_text()
    assert "Ground units: 400 at 1 stations" in (out / "simulation.html").read_text()
    assert any(one["name"] == "stations.csv" for one in late["inputs"])


def test_units_are_fitted_to_records(city: Path, tmp_path: Path) -> None:
    plain = records(tmp_path / "calls.csv").read_text().splitlines()
    for k, row in enumerate(plain):
        plain[k] = f"{row},station,first_unit_s" if k == 0 else f"{row},S{k % 2},{300 + k % 7}"
    calls = tmp_path / "told.csv"
    calls.write_text("\n".join(plain) + "\n")
    words = (city, "--calls", calls, "--datum", "WGS-84", "--replications", "2", "--days", "1", "--stations", "records")
    told = json.loads(said(*words, "--json"))
    assert told["ground_units"].startswith("fitted to told.csv: 2 stations with a unit each; priority 1: turnout ")
    assert mean(told, "gained_mean_s") == pytest.approx(303 - mean(told, "on_scene_mean_s"), rel=0.15)
    said(*words, "--replay")  # by chance units take longer or shorter: two runs are not one


def test_outages_and_a_wind_rose(city: Path, tmp_path: Path) -> None:
    usual = figures_of(city)
    failing = figures_of(city, "--drone-fails", "2h", "--drone-repair", "12h", "--dock-fails", "20h")
    assert mean(failing, "within_share") < mean(usual, "within_share") - 0.05
    rose = tmp_path / "rose.csv"
    rose.write_text("speed_mps,from_deg,share\n2,90,0.5\n40,270,0.5\n")
    blown = figures_of(city, "--wind-rose", rose)
    assert mean(blown, "within_share") < mean(usual, "within_share") - 0.1  # who flies in 40 m/s?
    assert any(one["name"] == "rose.csv" and one["told"].startswith("2 winds") for one in blown["inputs"])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("F2,10.5,48.25,0", "stations.csv: row 2: units = 0 must be a whole number from 1 on"),
        ("F2,10.5,48.25,1.5", "stations.csv: row 2: units = 1.5 must be a whole number from 1 on"),
        ("F2,10.5,here,1", "stations.csv: row 2"),
        ("F2,,,1", "stations.csv: row 2: a station without a place"),
    ],
)
def test_a_wrong_station_is_named(city: Path, tmp_path: Path, row: str, says: str) -> None:
    file = stations(tmp_path / "stations.csv", row)
    told = typed("simulate", city, "--stations", file, "--datum", "WGS-84", "--turnout", "60s", "--road-speed", "9")
    assert told.exit_code == 2, told.output
    assert says in ANSI.sub("", told.output).replace("\n", " ")
