"""City folders: the one that comes with the program, and every way a folder can be wrong."""

import json
import pickle
import shutil

import numpy as np
import pytest
import shapely

from dispatch.city import City, CityError
from dispatch.city_folder import find_city, load_city
from dispatch.model import Rules
from geo.airspace import Circle
from geo.position import Position
from geo.wind import CALM, Wind


@pytest.fixture(scope="module")
def kunshan() -> City:
    return load_city(find_city("kunshan"))


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(find_city("kunshan"), tmp_path / "copy")


def refusal(folder) -> str:
    with pytest.raises(CityError) as caught:
        load_city(folder)
    return str(caught.value)


def replace(folder, name, old, new):
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def edit(folder, name, change):
    obj = json.loads((folder / name).read_text(encoding="utf-8"))
    change(obj)
    (folder / name).write_text(json.dumps(obj), encoding="utf-8")


def test_kunshan(kunshan):
    assert (kunshan.id, kunshan.name, kunshan.name_zh) == ("kunshan", "Kunshan", "昆山")
    assert kunshan.time_zone == "Asia/Shanghai"
    assert kunshan.ground_amsl_m == 3.0
    assert kunshan.wind == Wind(3.0, 120.0)
    assert (len(kunshan.bases), len(kunshan.drones), len(kunshan.candidates)) == (20, 30, 60)
    assert 6 <= len(kunshan.zones) <= 10
    assert [drone.airframe for drone in kunshan.drones.values()].count("responder") == 4
    assert [drone.system_id for drone in kunshan.drones.values()] == list(range(1, 31))
    assert {base.ground_amsl_m for base in kunshan.bases.values()} == {3.0}
    assert "patrol" in kunshan.types
    for mapping in (kunshan.bases, kunshan.drones, kunshan.zones):
        assert all(key == value.id for key, value in mapping.items())


def test_kunshan_lies_where_it_should(kunshan):
    frame = kunshan.frame
    area = shapely.Polygon(frame.to_xy(*np.array(kunshan.boundary[0]).T))
    assert area.is_valid
    assert area.area / 1e6 == pytest.approx(929.7, rel=0.005)
    for place in (*kunshan.places, *kunshan.candidates, *kunshan.bases.values()):
        assert area.contains(shapely.Point(frame.xy(place.position))), place.id
    for zone in kunshan.zones.values():
        assert area.contains(shapely.Polygon(frame.to_xy(*np.array(zone.ground.outline).T))), zone.id


def test_a_zone_of_kunshan_bends_the_way_between_two_bases(kunshan):
    frame = kunshan.frame
    way = shapely.LineString(frame.xy_of([kunshan.bases[base].position for base in ("B15", "B16")]))
    zone = kunshan.zones["chemical-park"]
    assert way.intersects(shapely.Polygon(frame.to_xy(*np.array(zone.ground.outline).T)))
    height_m = kunshan.rules.cruise_height_m
    assert zone.holds_between(height_m, height_m, kunshan.ground_amsl_m)
    flown_over = [z for z in kunshan.zones.values() if not z.holds_between(height_m, height_m, kunshan.ground_amsl_m)]
    assert flown_over


def test_a_city_travels_to_other_processes(kunshan):
    assert pickle.loads(pickle.dumps(kunshan)) == kunshan


def test_cities_are_found_by_name_or_path(tmp_path, folder):
    assert find_city("kunshan").name == "kunshan"
    assert find_city(folder) == find_city(str(folder)) == folder
    with pytest.raises(CityError, match=r"no city 'atlantis'.*kunshan"):
        find_city("atlantis")
    with pytest.raises(CityError, match=r"neither a folder with a city\.toml"):
        find_city(tmp_path)


def test_the_least_city(folder):
    for name in ("places", "airports", "candidates", "zones"):
        (folder / f"{name}.geojson").unlink()
    (folder / "calls.toml").unlink()
    (folder / "city.toml").write_text(
        """
        id = "least"
        name = "Least"
        name_zh = "小"
        ground_amsl_m = 3
        time_zone = "UTC"
        centre = { longitude_deg = 120.9847, latitude_deg = 31.3831, datum = "GCJ-02" }
        [[types]]
        code = "fire"
        name_en = "Fire"
        name_zh = "火警"
        priority = 1
        """,
        encoding="utf-8",
    )
    city = load_city(folder)
    assert (city.places, city.airports, city.candidates, city.zones, city.calls) == ((), (), (), {}, None)
    assert (city.rules, city.wind, city.rain_mm_h) == (Rules(), CALM, 0.0)
    assert city.types["fire"].needs == ("visible",)
    assert city.frame.distance_m(city.centre, Position(120.9804, 31.3851)) < 50  # converted


def test_a_city_has_airframes_of_its_own(folder):
    shipped = load_city(folder).airframes["dock-quad"]
    table = (
        "[dock-quad]\n"
        + "\n".join(
            f"{key} = {json.dumps(getattr(shipped, key))}"
            for key in type(shipped).__dataclass_fields__
            if key not in ("name", "wing")
        )
    ).replace("speed_mps = 21.0", "speed_mps = 20.0")
    (folder / "airframes.toml").write_text(table, encoding="utf-8")
    city = load_city(folder)
    assert city.airframes["dock-quad"].speed_mps == 20.0
    assert "responder" in city.airframes
    replace(folder, "airframes.toml", "dock_s", "dog_s")
    assert refusal(folder).startswith("airframes.toml: airframe 'dock-quad': unknown field 'dog_s'")


@pytest.mark.parametrize("name", ["city.toml", "boundary.geojson", "bases.geojson", "drones.csv"])
def test_a_file_that_is_needed(folder, name):
    (folder / name).unlink()
    assert refusal(folder).startswith(f"{name}: no such file in")


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("city.toml", 'id = "kunshan"', "id = ", "city.toml: not valid TOML"),
        ("city.toml", 'id = "kunshan"', 'idd = "kunshan"', "city.toml: unknown key 'idd'"),
        ("city.toml", 'name_zh = "昆山"', "", "city.toml: name_zh is missing"),
        ("city.toml", "[centre]", "[center]", "city.toml: unknown key 'center'"),
        ("city.toml", 'datum = "WGS-84"', "", "city.toml: [centre]: the datum is not stated"),
        ("city.toml", 'datum = "WGS-84"', "datum = 84", "city.toml: [centre]: unknown datum '84'"),
        ("city.toml", "longitude_deg = 120.98", 'longitude_deg = "E"', "[centre]: longitude_deg = 'E' must be"),
        ("city.toml", "latitude_deg = 31.385", "latitude_deg = 120.98", "[centre]: latitude 120.98° is outside"),
        ("city.toml", "ground_amsl_m = 3.0", "", "city.toml: ground_amsl_m is missing"),
        ("city.toml", "Asia/Shanghai", "Asia/Kunshan", "time_zone = 'Asia/Kunshan' is not a time zone"),
        ("city.toml", "wind_mps = 3.0", "wind_mps = -3.0", "city.toml: [weather]: wind_mps = -3.0 must be in"),
        ("city.toml", "wind_mps = 3.0", "wind = 3.0", "city.toml: [weather]: unknown key 'wind'"),
        ("city.toml", "promise_s = 180.0", "promise = 180.0", "city.toml: [rules]: unknown key 'promise'"),
        (
            "city.toml",
            "highest_height_m = 120.0",
            "highest_height_m = 50.0",
            "heights [60.0, 50.0] must rise",
        ),
        ("city.toml", "promise_s = 180.0", "promise_s = 0", "city.toml: [rules]: promise_s = 0 must be in"),
        ("city.toml", "priority = 1", "priority = 6", "city.toml: [[types]] 1: priority = 6 must be in"),
        ("city.toml", "priority = 1", "priority = 1.5", "[[types]] 1: priority = 1.5 must be a whole number"),
        ("city.toml", '"thermal"', '"sonar"', "[[types]] 1: no airframe carries 'sonar'"),
        ("city.toml", 'needs = ["visible"]', "needs = []", "[[types]] 2: needs = [] must be a list"),
        ("city.toml", 'code = "medical"', 'code = "fire"', "[[types]] 2: code 'fire' is taken"),
        ("city.toml", "watch_s = 1200", "watch_m = 20", "[[types]] 1: unknown key 'watch_m'"),
        ("bases.geojson", '"datum": "WGS-84",', "", 'bases.geojson: member "datum": the datum is not stated'),
        ("bases.geojson", '"features": [', '"features": [,', "bases.geojson: not valid JSON"),
        ("bases.geojson", '"id": "B02"', '"id": "B01"', "bases.geojson: feature 2 ('B01'): id 'B01' is taken"),
        ("bases.geojson", '"docks": 1', '"docks": 0', "bases.geojson: feature 1 ('B01'): docks = 0 must be in"),
        ("bases.geojson", '"docks": 1', '"dock": 1', "bases.geojson: feature 1 ('B01'): unknown key 'dock'"),
        ("bases.geojson", '"docks": 1', '"docks": 0.5', "docks = 0.5 must be in"),
        ("bases.geojson", "[120.912, 31.497]", "[31.497, 120.912]", "feature 1 ('B01'): latitude 120.912°"),
        ("bases.geojson", "[120.912, 31.497]", "[120.2, 31.497]", "base 'B01': lies 75.2 km from the centre"),
        ("bases.geojson", "[120.912, 31.497]", "[120.974, 31.2455]", "base 'B01': lies in zone 'chemical-park'"),
        ("candidates.geojson", '"id": "C02"', '"id": "C01"', "feature 2 ('C01'): id 'C01' is taken"),
        ("places.geojson", '"name_zh": "玉山镇"', '"name_zn": "玉山镇"', "feature 1 ('yushan'): unknown key"),
        ("airports.geojson", '"elevation_amsl_m": 0.0', '"elevation_amsl_m": "low"', "feature 1 ('ZSCG'): elev"),
        ("zones.geojson", '"ceiling_m": 150', '"ceiling_m": -1', "zones.geojson: feature 1 ('heli-hospital'): fl"),
        ("boundary.geojson", '"Polygon"', '"Point"', "boundary.geojson: feature 1: geometry 'Point' must be a"),
        ("drones.csv", "id,airframe", "name,airframe", "drones.csv: the first line must be id,airframe,base_id"),
        ("drones.csv", "dock-quad", "dock-squad", "drones.csv: line 2 ('D01'): unknown airframe 'dock-squad'"),
        ("drones.csv", "B01,", "B99,", "drones.csv: line 2 ('D01'): unknown base 'B99'"),
        ("drones.csv", "D02", "D01", "drones.csv: line 3 ('D01'): id 'D01' is taken"),
        ("drones.csv", "B02,2", "B02,1", "drones.csv: line 3 ('D02'): system_id 1 is taken by drone 'D01'"),
        ("drones.csv", "B02,2", "B02,255", "line 3 ('D02'): system_id = '255' must be a whole number in [1, 254]"),
        ("drones.csv", "B02,2", "B02,two", "line 3 ('D02'): system_id = 'two' must be"),
        ("drones.csv", "B02,2", "B02", "line 3 ('D02'): system_id is missing"),
        ("drones.csv", "B02,2", "B02,2,3", "line 3 ('D02'): unknown key"),
        ("drones.csv", "system_id\n", "system_id,video_uri\n", "may name video_url"),
        ("drones.csv", "B02,2", "B01,2", "drones.csv: 2 drones at base 'B01', which has 1 docks"),
        ("calls.toml", "calls_per_day", "calls_a_day", "calls.toml: unknown key 'calls_a_day'"),
        ("calls.toml", "0.739,", "", "calls.toml: hour_weights must be a list of 24"),
        ("calls.toml", "0.739,", "-1,", "calls.toml: hour_weights: 00 h = -1 must be in"),
        ("calls.toml", "fire = 10", "fires = 10", "calls.toml: [type_weights]: unknown key 'fires'"),
        ("calls.toml", "fire = 10", 'fire = "10"', "calls.toml: [type_weights]: fire = '10' must be"),
        ("calls.toml", '"yushan"', '"atlantis"', "calls.toml: [[hot_spots]] 1: unknown place 'atlantis'"),
        ("calls.toml", "radius_m = 2200", "radius_m = 0", "calls.toml: [[hot_spots]] 1: radius_m = 0 must be in"),
        ("calls.toml", "weight = 5.0", "", "calls.toml: [[hot_spots]] 1: weight is missing"),
    ],
)
def test_a_mistake_is_named_with_file_entry_and_reason(folder, name, old, new, why):
    replace(folder, name, old, new)
    text = refusal(folder)
    assert text.startswith(name)
    assert why in text


def test_a_drone_may_have_a_video_address_and_a_password_in_it_is_refused_without_repeating_it(folder):
    replace(folder, "drones.csv", "system_id\n", "system_id,video_url\n")
    replace(folder, "drones.csv", "B02,2\n", "B02,2,rtsp://10.0.0.5/d2\n")
    drones = load_city(folder).drones
    assert (drones["D01"].video_url, drones["D02"].video_url) == ("", "rtsp://10.0.0.5/d2")
    replace(folder, "drones.csv", "rtsp://", "rtsp://pilot:hunter2@")
    told = refusal(folder)
    assert told.startswith("drones.csv: line 3 ('D02'): video_url holds a user name or a password")
    assert "hunter2" not in told


def test_a_site_in_the_margin_of_a_zone_is_refused_and_under_a_high_one_is_not(folder, kunshan):
    east = max(lon for lon, _ in kunshan.zones["substation"].ground.outline)
    lat = next(lat for lon, lat in kunshan.zones["substation"].ground.outline if lon == east)
    replace(folder, "bases.geojson", "[120.912, 31.497]", f"[{east + 0.0003}, {lat}]")  # 28 m, margin 40 m
    assert "base 'B01': lies in zone 'substation'" in refusal(folder)
    replace(folder, "bases.geojson", f"[{east + 0.0003}, {lat}]", "[121.02, 31.33]")
    assert load_city(folder).bases["B01"].position == Position(121.02, 31.33)  # below the helicopter corridor
    replace(folder, "zones.geojson", '"floor_m": 150', '"floor_m": 50')
    assert "lies in zone 'helicopter-corridor'" in refusal(folder)


def test_a_boundary_is_one_polygon_or_several_without_holes(folder):
    def nothing(obj):
        obj["features"] = []

    def holed(obj):
        obj["features"][0]["geometry"]["coordinates"].append(
            [[120.95, 31.35], [120.96, 31.35], [120.96, 31.36], [120.95, 31.35]]
        )

    def split(obj):
        ring = obj["features"][0]["geometry"]["coordinates"]
        island = [[[121.3, 31.3], [121.31, 31.3], [121.31, 31.31], [121.3, 31.3]]]
        obj["features"][0]["geometry"] = {"type": "MultiPolygon", "coordinates": [ring, island]}

    whole = (folder / "boundary.geojson").read_text(encoding="utf-8")
    for change, why in ((nothing, "boundary.geojson: no polygon"), (holed, "a boundary has no holes")):
        edit(folder, "boundary.geojson", change)
        assert why in refusal(folder)
        (folder / "boundary.geojson").write_text(whole, encoding="utf-8")
    edit(folder, "boundary.geojson", split)
    assert len(load_city(folder).boundary) == 2


def test_weights_that_are_all_nothing(folder):
    replace(folder, "calls.toml", "background_weight = 3.0", "background_weight = 0")
    text = (folder / "calls.toml").read_text(encoding="utf-8")
    (folder / "calls.toml").write_text(text[: text.index("[[hot_spots]]")], encoding="utf-8")
    assert refusal(folder).startswith("calls.toml: hot_spots and background_weight: all weights are 0")


def test_files_that_are_no_text(folder):
    (folder / "drones.csv").write_bytes(b"\xff\xfe\x00")
    assert refusal(folder).startswith("drones.csv: 'utf-8' codec")


def test_types_and_hot_spots_that_are_no_tables(folder):
    replace(folder, "calls.toml", "[[hot_spots]]", "[hot_spots]\nx = 1\n[other]")
    assert refusal(folder).startswith("calls.toml: ")
    text = (folder / "city.toml").read_text(encoding="utf-8")
    (folder / "city.toml").write_text(text[: text.index("[[types]]")], encoding="utf-8")
    assert refusal(folder) == "city.toml: [[types]] is missing: a city needs a type of incident"
    (folder / "city.toml").write_text("types = [1]\n" + text[: text.index("[[types]]")], encoding="utf-8")
    assert refusal(folder).startswith("city.toml: [[types]] 1: ")


# ---------------------------------------------------------------- zone files of other formats


def test_a_city_takes_zone_files_of_any_format(folder):
    (folder / "zones").mkdir()
    circle = {"circle": {"center": [31.39, 120.99], "radius": 80}, "inclusion": False}
    fence = {"fileType": "Plan", "geoFence": {"version": 2, "circles": [circle]}}
    (folder / "zones" / "works.plan").write_text(json.dumps(fence))
    shipped = load_city(folder).zones
    assert shipped["works-circle-1"].ground == Circle(centre=Position(120.99, 31.39), radius_m=80.0)
    assert "chemical-park" in shipped
    (folder / "zones" / "again.geojson").write_bytes((folder / "zones.geojson").read_bytes())
    assert "zones/again.geojson: id 'heli-hospital' is taken by a zone of zones.geojson" in refusal(folder)
    (folder / "zones" / "again.geojson").write_text("{}")
    assert "zones/again.geojson: a format that is not known" in refusal(folder)


def test_a_base_may_wait_for_a_grant_but_stands_inside_the_fence(folder):
    def raised(kind: str, at: tuple[float, float]) -> None:
        properties = {"id": "mine", "kind": kind, "radius_m": 3000}
        geometry = {"type": "Point", "coordinates": list(at)}
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        text = json.dumps({"type": "FeatureCollection", "datum": "WGS-84", "features": [feature]})
        (folder / "zones.geojson").write_text(text)

    base = next(iter(load_city(folder).bases.values())).position
    raised("authorisation", (base.longitude_deg, base.latitude_deg))
    assert load_city(folder).zones["mine"].kind == "authorisation"
    raised("prohibited", (base.longitude_deg, base.latitude_deg))
    assert "lies in zone 'mine'" in refusal(folder)
    raised("inclusion", (base.longitude_deg, base.latitude_deg))
    assert "lies outside mine, or within 10 m of the edge" in refusal(folder)
