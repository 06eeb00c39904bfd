"""The studies of docs/studies.md: on a made-up town, and on Virginia Beach where its data are there."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.planning.study import prepare
from benchmarks.studies import CITIES, City, Curve, study, study_of, without_closed
from dispatch.placement import posed
from dispatch.placement.layout import judge
from geo.frame import LocalFrame
from geo.position import Position
from tests.api.planning.files import table

FRAME = LocalFrame(Position(7.42, 43.74))


@pytest.fixture
def town(tmp_path: Path) -> City:
    """A hundred and fifty calls with the first unit's minutes, nine sites, one of them in a zone, and a gale."""
    chance = np.random.default_rng(180)
    minutes = chance.uniform(0, 12, 150).round(2)
    minutes[:10] = 0.0
    calls = FRAME.to_lonlat(chance.uniform(-6000, 6000, (150, 2)))
    sites = FRAME.to_lonlat(np.array([(x, y) for x in (-4000, 0, 4000) for y in (-4000, 0, 4000)], float))
    rows = [f"{lon},{lat},{late}" for (lon, lat), late in zip(calls.tolist(), minutes.tolist(), strict=True)]
    demand = table(tmp_path, "calls.csv", rows, "lon,lat,first_unit_response_min")
    rows = [f"S{k},{lon},{lat}" for k, (lon, lat) in enumerate(sites.tolist())]
    zone = {
        "type": "Feature",
        "properties": {"id": "Z", "radius_m": 900, "margin_m": 0},
        "geometry": {"type": "Point", "coordinates": sites[4].tolist()},
    }
    zones = tmp_path / "zones.geojson"
    zones.write_text(json.dumps({"type": "FeatureCollection", "datum": "WGS-84", "features": [zone]}))
    return City(
        demand=str(demand), sites=str(table(tmp_path, "sites.csv", rows, "id,lon,lat")), zones=str(zones), wind="10@90",
        most=9, sizes=(2, 4), gap=0.0, limit_s=20.0, first_units=True,
    )  # fmt: skip


def told_by_truth(curves: dict[str, Curve]) -> None:
    """No layout is better in truth than the proven one; in still air no fewer are reached."""
    true = curves["truth"]
    assert {step.status for curve in curves.values() for step in curve.frontier.steps} == {"optimal"}
    for bases, share in true.true.items():
        assert share >= max(curve.true[bases] for curve in curves.values()) - 1e-9
        believed = curves["still air"].step(bases).value
        assert believed >= true.step(bases).value
    assert list(true.true.values()) == sorted(true.true.values())


def test_a_town_is_studied_and_truth_is_judged_as_a_plan_is(
    town: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = study("town", town, tmp_path / "pictures")
    told_by_truth(curves)
    assert curves["still air"].ids[9] - curves["truth"].ids[8] == {"S4"}
    prepared = prepare(study_of(town))
    ground, closed = without_closed(prepared.ground, prepared.ask)
    assert closed == ("S4",)
    true = posed(ground, replace(prepared.ask, p=4))
    judged = judge(true, prepared.ask, curves["truth"].step(4).open_sites)
    assert curves["truth"].true[4] == pytest.approx(judged.clocks.within_share)
    printed = capsys.readouterr().out
    assert "150 calls, 10 with a time of 0 left out" in printed
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        f"study-town-{name}.png" for name in ("frontier", "layouts", "first-units")
    }


@pytest.mark.shared_data("virginia_beach")
@pytest.mark.usefixtures("shared")
def test_virginia_beach_is_proven_and_the_drone_comes_before_the_first_unit(capsys: pytest.CaptureFixture[str]) -> None:
    curves = study("virginia-beach", CITIES["virginia-beach"], None)
    told_by_truth(curves)
    assert len(curves["still air"].frontier.steps) == 40
    assert curves["still air"].step(10).value == 1623
    rows = [
        line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| wind and zones | 10")
    ]
    assert float(rows[0][3].strip(" %")) > 90
