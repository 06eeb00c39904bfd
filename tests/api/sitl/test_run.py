"""A scenario flown whole, by embedded vehicles faster than real time, through the command line."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from api.sitl.report import read_report
from tests.api.test_cli import typed
from tests.cities import place, square

SPEED = "8"


def entry(at_s: float, name: str, east_m: float, north_m: float, more: str = "") -> str:
    at = place(east_m, north_m)
    return (
        f'\n[[incidents]]\nat_s = {at_s}\nname = "{name}"\nlongitude_deg = {at["longitude_deg"]}\n'
        f'latitude_deg = {at["latitude_deg"]}\ndatum = "WGS-84"\ntype = "crash"\n{more}'
    )


def test_a_scenario_is_flown_and_its_report_left(city_folder: Path, tmp_path: Path) -> None:
    text = f'city = "{city_folder}"\nwatch_s = 5.0\n' + entry(2.0, "A", 300.0, 200.0) + entry(4.0, "B", 700.0, -300.0)
    text += entry(6.0, "in the zone", -500.0, -500.0, 'expect = "refused"\n')
    text += f"""
[[faults]]
kind = "process_killed"
incident = "A"
when = "en_route"

[[zones]]
at_s = 8.0
geometry = {{ type = "Polygon", coordinates = [{json.dumps(square((760.0, -120.0), (840.0, -100.0)))}] }}
properties = {{ id = "raised", margin_m = 10.0 }}
"""
    path, folder = tmp_path / "scenario.toml", tmp_path / "report"
    path.write_text(text, encoding="utf-8")
    done = typed("sitl", "--scenario", str(path), "--embedded", "--speed", SPEED, "--out", str(folder))
    report = read_report(folder / "report.json")
    outcomes = {finding.name: finding.outcome for finding in report.incidents}
    assert outcomes == {"A": "served", "B": "served", "in the zone": "refused (inside_geozone)"}
    (fault,) = report.faults
    assert fault.replaced_by not in ("", fault.drone_id)
    assert fault.detected_after_s is not None
    assert fault.ok
    assert {zone.zone_id: zone.breaches for zone in report.zones} == {"depot": (), "raised": ()}
    assert report.unfinished == ""
    assert report.least_hz is not None
    assert [clock.name for clock in report.clocks][:3] == ["turnout", "climb", "flight out"]
    assert done.exit_code == (0 if report.passed else 1), done.output
    suites = ElementTree.fromstring((folder / "junit.xml").read_text(encoding="utf-8"))
    assert [suite.attrib["name"] for suite in suites] == ["incidents", "faults", "invariants"]
    for name in ("report.html", "tracks.csv", "engine.db"):
        assert (folder / name).stat().st_size > 1000
    again = typed("sitl", "--scenario", str(path), "--embedded", "--out", str(folder))
    assert again.exit_code == 2
    assert "is not empty" in again.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "which vehicles? --px4 BUILD"),
        (("--embedded", "--px4", "."), "--px4 and --embedded: one of them"),
        (("--px4", "."), "is no PX4 SITL build: it has no bin/px4"),
        (("--embedded", "--vehicles", "99"), "vehicles = 99: proving-ground has 6 drones"),
        (("--embedded", "--against", "nothing.json"), "nothing.json"),
    ],
)
def test_what_cannot_be_flown_is_said_before_anything_starts(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REACH180_PX4", raising=False)
    done = typed("sitl", "--scenario", "proving-ground", "--out", str(tmp_path / "report"), *arguments)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
    assert not (tmp_path / "report").exists()
