"""Scenario files: what is read, and that each mistake is named with its place before anything is started."""

from pathlib import Path

import pytest

from api.scenario import ScenarioError
from api.sitl.scenario import find_scenario, load_sitl
from dispatch.city_folder import load_city
from dispatch.model import SortieState
from simulator.faults import BatteryDrains
from simulator.proving_ground import write_city, write_scenario

INCIDENT = """
[[incidents]]
at_s = 5.0
name = "A"
longitude_deg = 8.55
latitude_deg = 47.40
datum = "WGS-84"
type = "fire"
"""

WHOLE = (
    """
city = "proving-ground"
vehicles = 3
airframe = "dock-quad"
watch_s = 8.0
"""
    + INCIDENT
    + """
[[zones]]
at_s = 10.0
lift_at_s = 60.0
geometry = { type = "Point", coordinates = [8.54, 47.39] }
properties = { id = "fire", radius_m = 100.0, margin_m = 30.0 }

[[lifts]]
at_s = 20.0
zone_id = "Z3"

[[winds]]
at_s = 30.0
speed_mps = 6.0
from_deg = 270.0

[[orders]]
at_s = 40.0
order = "release"
incident = "A"

[[faults]]
kind = "battery_drains"
figures = { to_share = 0.1 }
incident = "A"
when = "on_scene"
after_s = 3.0
"""
)


def written(folder: Path, text: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_that_it_can_say(tmp_path: Path) -> None:
    found = load_sitl(written(tmp_path, WHOLE))
    assert (found.name, len(found.city.drones), found.speed) == ("scenario", 3, 1.0)
    assert {drone.airframe for drone in found.city.drones.values()} == {"dock-quad"}
    assert (found.incidents[0].name, found.incidents[0].body.watch_s) == ("A", 8.0)
    assert (found.zones[0].zone.id, found.zones[0].zone.margin_m, found.zones[0].lift_at_s) == ("fire", 30.0, 60.0)
    assert found.lifts == ((20.0, "Z3"),)
    assert found.blows
    assert found.faults[0].fault == BatteryDrains(to_share=0.1)
    assert found.faults[0].state is SortieState.ON_SCENE
    assert len(load_sitl(tmp_path / "scenario.toml", vehicles=1, speed=5.0).city.drones) == 1


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('city = "proving-ground"', 'city = "atlantis"', "no city 'atlantis'"),
        ("vehicles = 3", "vehicles = 9", "vehicles = 9: proving-ground has 6 drones"),
        ('airframe = "dock-quad"', 'airframe = "zeppelin"', "airframe = 'zeppelin': known are dock-quad"),
        ("watch_s = 8.0", "watch_s = -8.0", "watch_s: Input should be greater than or equal to 0"),
        ("watch_s = 8.0", "wach_s = 8.0", "wach_s: Extra inputs are not permitted"),
        ('type = "fire"', 'type = "flood"', "incidents.0: there is no incident type 'flood'; there are: fire"),
        ("at_s = 5.0", 'at_s = "5"', "incidents.0.at_s: Input should be a valid number"),
        ("lift_at_s = 60.0", "lift_at_s = 6.0", "zones.0: lift_at_s = 6.0 must be after at_s = 10.0"),
        ('type = "Point"', 'type = "Line"', "zones.0"),
        ('zone_id = "Z3"', 'zone_id = "Z99"', "lifts.0: proving-ground has no zone 'Z99'"),
        ('order = "release"', 'order = "dance"', "orders.0.order: Input should be 'release' or 'cancel'"),
        ('incident = "A"\n\n', 'incident = "B"\n\n', "orders.0: there is no incident named 'B'"),
        ('kind = "battery_drains"', 'kind = "explodes"', "faults.0: unknown fault 'explodes': one of"),
        ("to_share = 0.1", "to_share = 15", "faults.0: fault battery_drains: to_share = 15.0 must lie in 0 to 1"),
        (
            'when = "on_scene"',
            'drone = "D1"',
            "faults.0: Value error, give at_s and drone (or base), or incident and when",
        ),
        ('when = "on_scene"', 'when = "asleep"', "faults.0.when: Input should be"),
        ("[[lifts]]", "[[lifts", "scenario.toml: "),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, was: str, now: str, told: str) -> None:
    assert was in WHOLE
    path = written(tmp_path, WHOLE.replace(was, now))
    with pytest.raises(ScenarioError) as error:
        load_sitl(path)
    assert str(error.value).startswith(str(path))
    assert told in str(error.value)


def test_names_are_given_once(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="incidents: the name 'A' is given twice"):
        load_sitl(written(tmp_path, WHOLE + INCIDENT))


def test_a_scenario_that_is_none_is_told_which_there_are() -> None:
    with pytest.raises(ScenarioError, match="no scenario 'moon': neither a file nor one of proving-ground"):
        find_scenario("moon")


def test_the_proving_ground_is_what_its_generator_gives(tmp_path: Path) -> None:
    shipped = find_scenario("proving-ground")
    write_city(tmp_path / "city")
    for file in (tmp_path / "city").iterdir():
        assert file.read_bytes() == (shipped.parents[1] / "cities" / "proving-ground" / file.name).read_bytes()
    write_scenario(tmp_path / "scenario.toml", load_city(tmp_path / "city"))
    assert (tmp_path / "scenario.toml").read_bytes() == shipped.read_bytes()
    asked = load_sitl(shipped)
    assert (len(asked.incidents), len(asked.city.drones), len(asked.city.zones)) == (30, 6, 7)
    assert not asked.blows
