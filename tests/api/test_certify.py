"""``reach180 certify`` and ``reach180 field``: what they answer, what they write, what they refuse with which words."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from matplotlib.image import imread
from pyproj import Transformer

from dispatch.city import situation_of
from dispatch.city_folder import load_city
from dispatch.model import DroneState
from dispatch.outbound import ways_out
from geo.position import Position
from geo.wind import Wind
from simulator.demand import read_demand
from simulator.record_table import RecordsError
from tests.api.test_cli import typed
from tests.cities import BASES_M, FRAME, square

NOON = "2027-01-04T12:00"


def area_file(folder: Path, south_west_m: tuple[float, float], north_east_m: tuple[float, float], **top: Any) -> Path:
    """A GeoJSON area between these metres."""
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [square(south_west_m, north_east_m)]},
    }
    path = folder / "area.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "datum": "WGS-84", "features": [feature], **top}))
    return path


def certified(city_folder: Path, *words: object) -> dict[str, Any]:
    """The figures of the one airframe asked for."""
    told = typed(
        "certify", "--city", city_folder, "--at", NOON, "--json", "--airframe", "sprinter", "--cell", "60m", *words
    )
    assert told.exit_code == 0, told.output
    figures: list[dict[str, Any]] = json.loads(told.stdout)
    assert len(figures) == 1
    return figures[0]


def test_the_citys_outline_is_certified_and_a_shorter_time_is_not(city_folder: Path) -> None:
    all_of_it = certified(city_folder, "--time", 180, "--radius", "8km", "--wind", "0@0")
    assert all_of_it["answer"] == "true"
    assert all_of_it["area_km2"] == pytest.approx(2.4**2, rel=1e-3)
    assert all_of_it["reached_share_of_open"] == pytest.approx(1.0, abs=1e-3)
    assert all_of_it["closed_share_of_claimed"] == pytest.approx(0.34**2 / 2.4**2, rel=0.02)
    assert all_of_it["speed_needed_mps"] < 20
    assert (all_of_it["more_bases_at_least"], all_of_it["more_bases_enough"]) == (0, 0)
    part = certified(city_folder, "--time", 80, "--radius", "8000m", "--wind", "0@0")
    assert part["answer"] == "partly"
    assert part["worst"]["seconds"] == all_of_it["worst"]["seconds"] > 80
    assert part["worst"]["base_id"] in BASES_M
    assert part["speed_needed_mps"] > 20
    assert 1 <= part["more_bases_at_least"] <= part["more_bases_enough"] == len(part["more_bases_sites"])


def test_an_area_of_its_own_with_its_demand(city_folder: Path, tmp_path: Path) -> None:
    area = area_file(tmp_path, (600, -300), (1200, 300))
    inside = [(650, 0, 1), (1150, 250, 3), (-1000, 0, 50), (90_000, 0, 50)]  # the last two are not asked about
    rows = [f"{lon},{lat},{weight}" for x, y, weight in inside for lon, lat in [FRAME.to_lonlat((x, y))[0]]]
    places = tmp_path / "places.csv"
    places.write_text("\n".join(["lon,lat,weight", *rows, ",,1"]))
    words = ("--area", area, "--demand", places, "--datum", "WGS-84", "--wind", "0@0", "--verdict-only")
    near = certified(city_folder, "--time", 29, *words)
    assert near["area_km2"] == pytest.approx(0.36, rel=1e-3)
    assert near["reached_share_of_demand"] == 0.25
    assert certified(city_folder, "--time", 60, *words)["reached_share_of_demand"] == 1.0


def test_ground_beyond_the_radius_is_not_asked_for(city_folder: Path, tmp_path: Path) -> None:
    far = area_file(tmp_path, (3000, 3000), (4000, 4000))
    void = certified(city_folder, "--area", far, "--radius", "1km")
    assert (void["answer"], void["worst"]) == ("void", None)
    assert "1000 m" in void["why"]


def test_too_much_wind_is_a_clear_no(city_folder: Path) -> None:
    blown = certified(city_folder, "--wind", "13@300")
    assert blown["answer"] == "false"
    assert "limit" in blown["why"]
    assert "wind" in blown["speed_why_none"]


def test_the_certificate_and_its_pictures(city_folder: Path, tmp_path: Path) -> None:
    words = [
        "--time",
        80,
        "--airframe",
        "sprinter",
        "--airframe",
        "lifter",
        "--wind",
        "6@300",
        "--at",
        NOON,
        "--cell",
        "60m",
    ]
    told = typed("certify", "--city", city_folder, *words, "--out", tmp_path / "made")
    assert told.exit_code == 0, told.output
    assert "FALSE; true for" in told.stdout
    text = (tmp_path / "made" / "certify.md").read_text(encoding="utf-8")
    assert "6 m/s from 300°" in text
    assert "--time 80 --radius 8km --airframe sprinter --airframe lifter --wind 6@300" in text
    assert str(tmp_path) not in text
    for name in ("sprinter", "lifter"):
        assert f"## {name}" in text
        assert f"(pictures/certify-{name}.png)" in text
        picture = imread(tmp_path / "made" / "pictures" / f"certify-{name}.png")
        assert min(picture.shape[:2]) > 500
        assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--radius", "8"], "unit"),
        (["--radius", "0km"], "more than 0"),
        (["--radius", "-8km"], "more than 0"),
        (["--time", "0"], "time 0"),
        (["--time", "nan"], "time nan"),
        (["--airframe", "zeppelin"], "known are"),
        (["--wind", "north"], "6@300"),
        (["--at", "noon"], "ISO 8601"),
        (["--city", "atlantis"], "atlantis"),
        (["--area", "nowhere.geojson"], "nowhere.geojson"),
        (["--demand", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_makes_no_sense_is_refused(city_folder: Path, words: list[str], said: str) -> None:
    told = typed("certify", "--city", city_folder, *words)
    assert told.exit_code == 2
    assert said in told.output
    assert "Traceback" not in told.output


def test_areas_that_cannot_be_used_are_refused(city_folder: Path, tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        told = typed("certify", "--city", city_folder, "--area", path)
        assert told.exit_code == 2
        return " ".join(told.output.split())

    assert "datum" in refused(area_file(tmp_path, (0, 0), (9, 9), datum=None))
    assert "no polygon" in refused(area_file(tmp_path, (0, 0), (9, 9), features=[]))
    assert "60 km is the most" in refused(area_file(tmp_path, (0, 0), (61_000, 900)))
    broken = tmp_path / "broken.geojson"
    broken.write_text("{")
    assert "not valid JSON" in refused(broken)


def test_demand_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    def refused(text: str, **how: Any) -> str:
        path = tmp_path / "demand.csv"
        path.write_text(text)
        with pytest.raises(RecordsError) as error:
            read_demand(path, FRAME, **({"datum": "WGS-84"} | how))
        return str(error.value)

    assert "datum" in refused("lon,lat\n10.5,48.25", datum=None)
    assert "latitude" in refused("lon,x\n10.5,48.25")
    assert "no row" in refused("lon,lat\n,\n")
    assert "no row" in refused("lon,lat,weight\n10.5,48.25,-1\n")
    assert "another city" in refused("lon,lat\n48.25,10.5\n")


def test_the_field_reads_back_as_single_plans_say(city_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "eta.tif"
    told = typed("field", "--city", city_folder, "--cell", "60", "--wind", "5@270", "--at", NOON, "--out", path)
    assert told.exit_code == 0, told.output
    assert imread(path.with_suffix(".png")).shape[2] == 4
    town = load_city(city_folder)
    situation = situation_of(town, 1_798_200_000.0)
    with rasterio.open(path) as file:
        assert (file.count, file.width, file.height, file.nodata) == (2, 41, 40, -1.0)
        tags = file.tags()
        assert (tags["city"], tags["airframe"], tags["wind"]) == ("probe", "sprinter", "5 m/s from 270 degrees")
        assert tags["time"].startswith("2027-01-04 12:00")
        base_ids = tags["bases"].split()
        to_lonlat = Transformer.from_crs(file.crs, "EPSG:4326", always_xy=True)
        seconds, base = file.read(1), file.read(2)
        places = [(row, column) for row in range(1, 40, 6) for column in range(1, 40, 6)]
        for row, column in places:
            lon, lat = to_lonlat.transform(*file.xy(row, column))
            plans = _plans(situation, town, lon, lat)
            if not plans:
                assert (seconds[row, column], base[row, column]) == (-1.0, -1.0)
                continue
            best = min(plans, key=lambda id_: plans[id_])
            assert seconds[row, column] == pytest.approx(plans[best], abs=0.02)
            assert plans[base_ids[int(base[row, column])]] == pytest.approx(plans[best], abs=0.02)
    assert (seconds[base < 0] == -1).all()
    assert (base < 0).any(), "the depot is closed"


def _plans(situation: Any, town: Any, lon: float, lat: float) -> dict[str, float]:
    """Seconds of a drone of each base to a place, by the plans that decisions are made on."""
    windy = replace(situation, wind=Wind(5.0, 270.0))
    docked = [DroneState(drone_id=id_, position=base.position) for id_, base in town.bases.items()]
    plans = ways_out(windy, town.airframes["sprinter"], docked, Position(lon, lat))
    return {id_: plan.time.total_s for id_, plan in zip(town.bases, plans, strict=True) if plan is not None}


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--cell", "0"], "more than 0"), (["--cell", "wide"], "length"), (["--cell", "0.1m"], "larger")],
)
def test_a_field_that_makes_no_sense_is_refused(city_folder: Path, tmp_path: Path, words: list[str], said: str) -> None:
    told = typed("field", "--city", city_folder, "--out", tmp_path / "eta.tif", *words)
    assert told.exit_code == 2
    assert said in told.output
    assert not (tmp_path / "eta.tif").exists()


def test_a_field_that_cannot_be_written_says_where(city_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "eta.tif").mkdir()
    told = typed("field", "--city", city_folder, "--cell", "300m", "--out", tmp_path / "eta.tif")
    assert told.exit_code == 2
    assert "eta.tif" in told.output
