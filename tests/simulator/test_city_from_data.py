"""A city folder out of sites, a boundary and records: it loads, and says what the data say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyproj import CRS, Transformer

from dispatch.city import City
from dispatch.city_folder import load_city
from geo.datum import Datum, from_wgs84
from geo.position import Position
from simulator.calls import generate_calls
from simulator.city_from_data import CityDataError, make_city, read_boundary, read_sites
from simulator.records import Records, read_calls

TOWNS = [(120.90, 31.30), (121.00, 31.35), (121.10, 31.42)]
SQUARE = [[120.8, 31.2], [121.2, 31.2], [121.2, 31.5], [120.8, 31.5], [120.8, 31.2]]


@pytest.fixture
def calls(tmp_path: Path) -> Records:
    """Six hundred calls round three towns, within ten days, all between 8 and 10 in the morning."""
    chance = np.random.default_rng(7)
    places = np.repeat(TOWNS, 200, axis=0) + chance.normal(0, 0.008, (600, 2))
    days, seconds = chance.integers(0, 10, 600), chance.integers(0, 7200, 600)
    days[:2], seconds[:2] = (0, 9), (0, 7199)
    table = pa.table(
        {
            "call_time": pa.array(1_735_689_600 + days * 86_400 + seconds, pa.timestamp("s", "UTC")),
            "type": pa.array(["EMS EVENT"] * 450 + ["BUILDING FIRE"] * 150),
            "lon": places[:, 0],
            "lat": places[:, 1],
        }
    )
    path = tmp_path / "calls.parquet"
    pq.write_table(table.replace_schema_metadata({"crs": "EPSG:4326"}), path)
    return read_calls(path)


@pytest.fixture
def bases(tmp_path: Path) -> Path:
    path = tmp_path / "stations.csv"
    rows = [f"{n},{lat},{lon},{docks}" for n, (lon, lat), docks in zip((1, 2, 30), TOWNS, (1, 3, 1), strict=True)]
    path.write_text("\n".join(["id,lat,lon,docks", *rows]), encoding="utf-8")
    return path


@pytest.fixture
def boundary(tmp_path: Path) -> Path:
    path = tmp_path / "limits.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [SQUARE]}), encoding="utf-8")
    return path


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., City]:
    def make(**more: Any) -> City:
        given = {"city_id": "test", "name": "Test", "time_zone": "Asia/Shanghai", "datum": "WGS-84"} | more
        return make_city(tmp_path / "city", **given)

    return make


def test_the_folder_loads_and_holds_what_was_given(
    made: Callable[..., City], calls: Records, bases: Path, boundary: Path, tmp_path: Path
) -> None:
    city = made(bases=bases, calls=calls, boundary=boundary, candidates=bases, drones_per_base=2, name_zh="测试")
    assert load_city(tmp_path / "city") == city
    assert [(base.id, base.docks) for base in city.bases.values()] == [("B01", 2), ("B02", 3), ("B30", 2)]
    assert [base.position for base in city.bases.values()] == [Position(*town) for town in TOWNS]
    assert [candidate.id for candidate in city.candidates] == ["C01", "C02", "C30"]
    assert [drone.base_id for drone in city.drones.values()] == ["B01", "B01", "B02", "B02", "B30", "B30"]
    assert city.boundary == (tuple((lon, lat) for lon, lat in SQUARE[:4]),) or len(city.boundary[0]) == 4
    assert (city.name, city.name_zh, city.zones) == ("Test", "测试", {})
    assert "calls.parquet" in (tmp_path / "city" / "README.md").read_text(encoding="utf-8")


def test_the_call_model_is_that_of_the_records(made: Callable[..., City], calls: Records, bases: Path) -> None:
    model = made(bases=bases, calls=calls).calls
    assert model is not None
    assert model.calls_per_day == 60
    assert model.type_weights == {"fire": 150, "medical": 450}
    assert [hour for hour, weight in enumerate(model.hour_weights) if weight] == [8, 9]  # local time
    assert sum(spot.weight for spot in model.hot_spots) + model.background_weight == pytest.approx(1, abs=1e-3)


def test_a_hole_in_the_records_is_no_quiet_time(
    made: Callable[..., City], calls: Records, bases: Path, tmp_path: Path
) -> None:
    table = pq.read_table(calls.source)
    later = pa.array(calls.at_s.astype(np.int64) + 200 * 86_400, pa.timestamp("s", "UTC"))
    path = tmp_path / "twice.parquet"
    times = pa.chunked_array([*table["call_time"].cast(pa.timestamp("s", "UTC")).chunks, later])
    twice = pa.concat_tables([table, table]).set_column(0, "call_time", times)
    pq.write_table(twice, path)
    model = made(bases=bases, calls=read_calls(path)).calls
    assert model is not None
    assert model.calls_per_day == 60


def test_calls_can_be_drawn_from_it(made: Callable[..., City], calls: Records, bases: Path) -> None:
    drawn = generate_calls(made(bases=bases, calls=calls), 1_735_689_600, count=50, seed=3)
    assert len(drawn) == 50


def test_bases_by_number_stand_where_calls_are(made: Callable[..., City], calls: Records) -> None:
    city = made(bases=3, calls=calls)
    for lon, lat in TOWNS:
        away_m = [city.frame.distance_m(Position(lon, lat), base.position) for base in city.bases.values()]
        assert min(away_m) < 300


def test_the_same_seed_gives_the_same_folder(calls: Records, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_city(tmp_path / name, city_id="c", name="C", time_zone="UTC", bases=5, calls=calls, seed=4)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_without_a_boundary_the_hull_holds_every_call_and_base(
    made: Callable[..., City], calls: Records, bases: Path
) -> None:
    hull = shapely.Polygon(made(bases=bases, calls=calls).boundary[0])
    assert shapely.contains_xy(hull, calls.longitude_deg, calls.latitude_deg).all()
    assert all(hull.contains(shapely.Point(town)) for town in TOWNS)


def test_sites_of_another_datum_are_converted(tmp_path: Path) -> None:
    lon, lat = from_wgs84(121.0, 31.3, Datum.GCJ02)
    (tmp_path / "b.csv").write_text(f"lng,lat\n{float(lon):.8f},{float(lat):.8f}\n", encoding="utf-8")
    (site,) = read_sites(tmp_path / "b.csv", datum="GCJ-02")
    assert site.position.longitude_deg == pytest.approx(121.0, abs=2e-8)
    assert (site.id, site.name) == ("B01", "Base B01")


# --- boundaries ---


def geoparquet(path: Path, shape: object, crs: str | None) -> None:
    system = {} if crs is None else {"crs": json.loads(CRS(crs).to_json())}
    geo = {"version": "1.0.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB", **system}}}
    table = pa.table({"geom": [shapely.to_wkb(shape)]})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)


@pytest.mark.parametrize("crs", [None, "OGC:CRS84", "EPSG:32651"])
def test_geoparquet_of_any_reference_system(tmp_path: Path, crs: str | None) -> None:
    square = shapely.Polygon(SQUARE)
    there = Transformer.from_crs("OGC:CRS84", crs or "OGC:CRS84", always_xy=True)
    shape = shapely.transform(square, lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1])))
    geoparquet(tmp_path / "b.parquet", shape, crs)
    assert read_boundary(tmp_path / "b.parquet").symmetric_difference(square).area < 1e-6


def test_holes_are_filled_and_corners_kept_few(tmp_path: Path) -> None:
    ring = shapely.Point(121, 31.3).buffer(0.1, quad_segs=3000).difference(shapely.Point(121, 31.3).buffer(0.02))
    geoparquet(tmp_path / "b.parquet", ring, None)
    (part,) = shapely.get_parts(read_boundary(tmp_path / "b.parquet"))
    assert len(part.interiors) == 0
    assert shapely.get_num_coordinates(part) <= 2001
    assert part.area == pytest.approx(np.pi * 0.01, rel=1e-3)


def test_geojson_states_its_datum_or_the_caller_does(boundary: Path) -> None:
    with pytest.raises(CityDataError, match=r"limits\.geojson: .*datum is not stated"):
        read_boundary(boundary)
    assert read_boundary(boundary, datum="WGS-84").area == pytest.approx(0.4 * 0.3)
    assert read_boundary(boundary, datum="GCJ-02").centroid.x == pytest.approx(121.0 - 0.0044, abs=5e-4)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "neither GeoParquet nor GeoJSON"),
        (b"\xff\xfe\x00junk", "neither GeoParquet nor GeoJSON"),
        (b"[1, 2]", "neither GeoParquet nor GeoJSON"),
        (b"PAR1 and no more", "Parquet"),
        (b'{"type": "Point", "coordinates": [1, 2]}', "expected a FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "no polygon"),
    ],
)
def test_a_boundary_that_is_none_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "b.geojson").write_bytes(content)
    with pytest.raises(CityDataError, match=rf"b\.geojson: .*{why}"):
        read_boundary(tmp_path / "b.geojson", datum="WGS-84")


def test_a_parquet_without_geometry_is_no_boundary(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "b.parquet")
    with pytest.raises(CityDataError, match="without geometry"):
        read_boundary(tmp_path / "b.parquet")


# --- refusals leave nothing behind ---


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"airframe": "zeppelin"}, "unknown airframe 'zeppelin'"),
        ({"time_zone": "Mars/Olympus"}, "not a time zone"),
        ({"drones_per_base": 85}, "more than the 254"),
        ({"drones_per_base": 0}, "must be 1 or more"),
        ({"datum": None}, r"stations\.csv: the datum is not stated"),
        ({"centre": Position(0, 0)}, "km from the city centre"),
        ({"bases": 3}, "give calls"),
        ({"bases": Path("none.csv")}, r"none\.csv: cannot be read"),
    ],
)
def test_refusals_name_the_reason(
    made: Callable[..., City], bases: Path, tmp_path: Path, more: dict[str, object], why: str
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CityDataError, match=why):
        made(**({"bases": bases} | more))
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("id,lat,lon\n", "no sites"),
        ("id,x,y\n1,2,3\n", "no columns of longitude and latitude"),
        ("id,lat,lon\n1,31,121\n1,31,121\n", r"row 2 \(B01\): the id is taken"),
        ("id,lat,lon\n1,121,31\n", r"row 1 \(B01\): .*swapped"),
        ("id,lat,lon\n1,here,121\n", r"row 1 \(B01\): could not convert"),
        ("id,lat,lon\n1,31\n", r"row 1 \(B01\)"),
    ],
)
def test_sites_that_are_none_are_refused(tmp_path: Path, rows: str, why: str) -> None:
    (tmp_path / "b.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(CityDataError, match=rf"b\.csv: {why}"):
        read_sites(tmp_path / "b.csv", datum="WGS-84")


def test_a_type_that_no_city_knows_is_refused(made: Callable[..., City], calls: Records, bases: Path) -> None:
    odd = read_calls(calls.source, types={"EMS EVENT": "dragon"})
    with pytest.raises(CityDataError, match=r"calls\.toml: .*'dragon'"):
        made(bases=bases, calls=odd)


def test_a_folder_that_is_there_is_left_alone(made: Callable[..., City], bases: Path, tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CityDataError, match="is there already"):
        made(bases=bases)
    assert [path.name for path in (tmp_path / "city").iterdir()] == ["mine.txt"]


# --- the real one ---


@pytest.mark.shared_data("virginia_beach")
def test_virginia_beach_stands_on_its_forty_stations(shared: Path, tmp_path: Path) -> None:
    calls = read_calls(shared / "ohca.csv", time_zone="America/New_York", datum="WGS-84")
    city = make_city(
        tmp_path / "virginia-beach",
        city_id="virginia-beach",
        name="Virginia Beach",
        time_zone="America/New_York",
        bases=shared / "bases.csv",
        boundary=shared / "boundary.parquet",
        calls=calls,
        datum="WGS-84",
    )
    assert (len(city.bases), len(city.drones), len(city.zones)) == (40, 40, 0)
    limits = shapely.MultiPolygon([shapely.Polygon(ring) for ring in city.boundary])
    assert shapely.contains_xy(limits, calls.longitude_deg, calls.latitude_deg).mean() > 0.95
    assert city.calls is not None
    assert city.calls.calls_per_day == pytest.approx(1988 / 910, rel=0.01)
