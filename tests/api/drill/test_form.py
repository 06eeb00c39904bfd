"""Drill files: what is read, and that each mistake is named with its place before anything happens."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from api.drill.form import find_drill, load_drill
from api.scenario import ScenarioError
from geo.airspace import Area
from tests.api.drill.files import small_drill
from tests.api.test_cli import typed
from tests.cities import FRAME, place

AT = place(0.0, 0.0)
PLUME = f"""
[[plumes]]
at_s = 10
lift_at_s = 130
id = "plume"
longitude_deg = {AT["longitude_deg"]}
latitude_deg = {AT["latitude_deg"]}
datum = "WGS-84"
opening_deg = 40
radius_m = 50
grows_mps = 2.0
longest_m = 200
every_s = 30

[[winds]]
at_s = 60
speed_mps = 4.0
from_deg = 180.0
"""
WEST_WIND = "watch_s = 40.0\nwind = { speed_mps = 3.0, from_deg = 270.0 }"


def written(folder: Path, text: str) -> Path:
    path = folder / "drill.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plume_grows_and_turns_with_the_wind(tmp_path: Path, city_folder: Path) -> None:
    drill = load_drill(written(tmp_path, small_drill(city_folder).replace("watch_s = 40.0", WEST_WIND) + PLUME))
    plume = [entry for entry in drill.scenario.zones if entry.zone.id == "plume"]
    assert [(entry.at_s, entry.lift_at_s) for entry in plume] == [(10, None), (40, None), (70, None), (100, 130)]
    grounds = []
    for entry in plume:
        assert isinstance(entry.zone.ground, Area)
        grounds.append(shapely.Polygon(FRAME.to_xy(*np.array(entry.zone.ground.outline).T)))
    assert all(ground.is_valid and ground.covers(shapely.Point(0, 0)) for ground in grounds)
    assert [ground.bounds[2] for ground in grounds[:2]] == pytest.approx([50.0, 110.0], abs=1.0)
    assert [ground.bounds[3] for ground in grounds[2:]] == pytest.approx([170.0, 200.0], abs=1.0)


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('title_zh = "小"\n', "", "title_zh: Field required"),
        ("within_s = 60\n", "within_s = 0\n", "injects.0.answer.within_s: Input should be greater than 0"),
        (
            "after_s = 10\n[",
            'after_s = 10\nrelease = "A"\n[',
            "give one of report, zone and release; found report, rel",
        ),
        ('name = "training"', 'name = "quay"', "injects: the name 'quay' is given twice"),
        ('kind = "apart"', 'kind = "fast"', "objectives.4: Input tag 'fast' found using 'kind'"),
        ("within_s = 120", 'within_s = 120\nincidents = ["Z"]', "objectives.0: there is no incident named 'Z'"),
        (
            '"answered"',
            '"answered"\ninjects = ["told"]',
            "objectives.2: there is no inject with an answer named 'told'",
        ),
        ('kind = "process_killed"', 'kind = "explodes"', "faults.0: unknown fault 'explodes'"),
        ("at_s = 40\n", "at_s = -40\n", "injects.0.at_s: Input should be greater than or equal to 0"),
        ("lift_at_s = 150", "lift_at_s = 15", "zones.0: lift_at_s = 15.0 must be after at_s = 60.0"),
        ("lift_at_s = 130", "lift_at_s = 5", "plumes.0: Value error, lift_at_s = 5.0 must be after at_s = 10.0"),
        ('datum = "WGS-84"\nopening', 'datum = "XY-1"\nopening', "plumes.0: "),
        ("opening_deg = 40", "opening_deg = 400", "plumes.0.opening_deg: Input should be less than or equal to 180"),
        ('incident = "B"\nwhen = "on_scene"\nafter_s = 5', 'at_s = 3\nbase = "B9"', "faults.0: no drone of base 'B9'"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, city_folder: Path, was: str, now: str, told: str) -> None:
    text = small_drill(city_folder) + PLUME
    assert was in text
    path = written(tmp_path, text.replace(was, now, 1))
    with pytest.raises(ScenarioError) as error:
        load_drill(path)
    assert str(error.value).startswith(str(path))
    assert told in str(error.value)


def test_a_fault_of_a_base_is_one_of_each_of_its_drones(tmp_path: Path, city_folder: Path) -> None:
    moment = 'incident = "B"\nwhen = "on_scene"\nafter_s = 5'
    drill = load_drill(written(tmp_path, small_drill(city_folder).replace(moment, 'at_s = 3\nbase = "B2"')))
    assert [fault.drone_id for fault in drill.scenario.faults] == ["D3", "D4"]
    assert len({fault.name for fault in drill.scenario.faults}) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "which drill? a file, or one of --list"),
        (("moon",), "no drill 'moon': neither a file nor one of chemical-fire, market-fire"),
        (("market-fire", "--speed", "fast"), "--speed fast: a number above 0, or max"),
        (("market-fire", "--live", "--speed", "max"), "--speed max is for drills played here"),
        (("market-fire", "--live", "--speed", "99"), "at most 50"),
    ],
)
def test_what_cannot_be_played_is_said(arguments: tuple[str, ...], told: str) -> None:
    done = typed("drill", *arguments)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_the_ready_ones_are_listed_and_one_is_played(tmp_path: Path, city_folder: Path) -> None:
    assert "north-storm" in typed("drill", "--list").output
    path = written(tmp_path, small_drill(city_folder))
    done = typed("drill", str(path), "--out", str(tmp_path / "score"))
    assert done.exit_code == 0, done.output
    assert '"passed": true' in (tmp_path / "score" / "score.json").read_text(encoding="utf-8")
    again = typed("drill", str(path), "--out", str(tmp_path / "score"))
    assert again.exit_code == 2
    assert "is not empty" in again.output


def test_a_drill_that_is_none_is_told_which_there_are() -> None:
    with pytest.raises(ScenarioError, match="no drill 'moon': neither a file nor one of chemical-fire, market-fire"):
        find_drill("moon")
