"""Every format says the same demand; what is wrong with a file is told with its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pytest
import shapely
from pyproj import Transformer

from api.planning.demand import DemandSource, read_demand_file
from api.planning.features import PlanningError
from api.planning.sites import grid_sites, read_sites
from dispatch.placement import Demand
from geo.datum import Datum, from_wgs84
from geo.frame import LocalFrame
from geo.position import Position
from simulator.record_table import RecordsError
from tests.api.planning.files import (
    PLACES,
    WEIGHTS,
    cells,
    geojson,
    geopackage,
    geoparquet,
    parquet,
    raster,
    table,
)

TO_METRES = Transformer.from_crs("EPSG:4326", "EPSG:32632", always_xy=True)
WGS84 = {"datum": "WGS-84"}


def points_file(folder: Path) -> Path:
    properties: list[dict[str, object]] = [{"weight": w} for w in WEIGHTS.tolist()]
    return geojson(folder, "demand.geojson", list(shapely.points(PLACES)), properties, **WGS84)


def cells_file(folder: Path) -> Path:
    properties: list[dict[str, object]] = [{"population": w} for w in WEIGHTS.tolist()]
    return geojson(folder, "cells.geojson", list(cells()), properties, **WGS84)


def in_metres(folder: Path) -> Path:
    return geopackage(folder, "EPSG:32632", np.column_stack(TO_METRES.transform(*PLACES.T)))


MAKERS: dict[str, tuple[Callable[[Path], Path], str | None]] = {
    "CSV": (table, "WGS-84"),
    "Parquet": (parquet, None),
    "GeoParquet": (geoparquet, None),
    "GeoJSON points": (points_file, None),
    "GeoJSON polygons": (cells_file, None),
    "GeoPackage": (geopackage, None),
    "GeoPackage in metres": (in_metres, None),
    "GeoTIFF": (raster, None),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_format_says_the_same(kind: str, tmp_path: Path) -> None:
    make, datum = MAKERS[kind]
    found = read_demand_file(DemandSource(path=make(tmp_path), datum=datum)).demand.merged()
    order = np.lexsort((PLACES[:, 1], PLACES[:, 0]))
    mine = np.lexsort((np.round(found.lonlat[:, 1], 6), np.round(found.lonlat[:, 0], 6)))
    assert np.allclose(found.lonlat[mine], PLACES[order], atol=1e-6)
    assert np.allclose(found.weights[0][mine], WEIGHTS[order])


def test_h3_cells_stand_at_their_centres(tmp_path: Path) -> None:
    names = [h3.latlng_to_cell(lat, lon, 8) for lon, lat in PLACES.tolist()]
    path = table(tmp_path, rows=[f"{name},3" for name in names], head="h3,population")
    found = read_demand_file(DemandSource(path=path)).demand
    assert np.allclose(found.lonlat, [h3.cell_to_latlng(name)[::-1] for name in names])
    with pytest.raises(PlanningError, match=r"demand.csv: row 2: 'nonsense' is no H3 cell"):
        read_demand_file(DemandSource(path=table(tmp_path, rows=[f"{names[0]},3", "nonsense,2"], head="h3,population")))


def test_a_chinese_datum_is_converted_also_where_a_file_can_only_say_degrees(tmp_path: Path) -> None:
    there = np.array([(120.98, 31.38)] * len(WEIGHTS)) + np.arange(len(WEIGHTS))[:, None] * 1e-3
    shifted = np.column_stack(from_wgs84(there[:, 0], there[:, 1], Datum.GCJ02))
    rows = [f"{lon!r},{lat!r},{w:g}" for (lon, lat), w in zip(shifted.tolist(), WEIGHTS.tolist(), strict=True)]
    for path in (table(tmp_path, rows=rows), geopackage(tmp_path, xy=shifted)):
        found = read_demand_file(DemandSource(path=path, datum="GCJ-02")).demand
        assert np.allclose(found.lonlat, there, atol=1e-8)


def test_a_large_polygon_is_many_points_and_loses_nobody(tmp_path: Path) -> None:
    whole = [shapely.box(7.40, 43.70, 7.46, 43.74)]
    path = geojson(tmp_path, "one.geojson", list(whole), [{"population": 1000}], **WGS84)
    raw = read_demand_file(DemandSource(path=path))
    assert 60 < len(raw.demand) < 100
    assert raw.demand.weights.sum() == pytest.approx(1000)
    assert shapely.contains_xy(whole[0], *raw.demand.lonlat.T).all()
    assert "1 areas as" in raw.told


def test_hours_part_demand_by_its_time_and_keep_all_of_it(tmp_path: Path) -> None:
    rows = [f"7.42,43.74,2026-05-01 {hour:02d}:30:00" for hour in (1, 2, 9, 23)]
    path = table(tmp_path, rows=rows, head="lon,lat,call_time")
    found = read_demand_file(DemandSource(path=path, datum="WGS-84", hours=(0, 8), time_zone="Europe/Paris")).demand
    shares = np.array([layer.share for layer in found.layers])
    assert shares.tolist() == pytest.approx([8 / 24, 16 / 24])
    assert (found.weights * shares[:, None]).sum(axis=1).tolist() == pytest.approx([2, 2])


def read(path: Path, **how: Any) -> Demand:
    return read_demand_file(DemandSource(path=path, **{"datum": "WGS-84", **how})).demand


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no datum": (lambda f: read(table(f), datum=None), r"demand\.csv: does not state the datum"),
    "no datum in GeoJSON": (
        lambda f: read(geojson(f, "d.geojson", list(shapely.points(PLACES)), [{}] * len(PLACES)), datum=None),
        r'd\.geojson: member "datum": the datum is not stated',
    ),
    "no datum in a GeoPackage": (lambda f: read(geopackage(f, crs=None), datum=None), r"demand\.gpkg: does not state"),
    "no datum in GeoParquet": (lambda f: read(geoparquet(f, None), datum=None), r"geo\.parquet: does not state"),
    "no datum in a raster": (lambda f: read(raster(f, crs=None), datum=None), r"people\.tif: states no coordinate"),
    "unknown datum": (lambda f: read(table(f), datum="Mars"), r"unknown datum 'Mars'"),
    "empty file": (lambda f: read(_empty(f, "demand.csv")), r"demand\.csv: the file is empty"),
    "header alone": (lambda f: read(table(f, rows=[])), r"demand\.csv: no row below the header"),
    "no feature": (lambda f: read(geojson(f, "d.geojson", [], [], **WGS84)), r"d\.geojson: no feature"),
    "not there": (lambda f: read(f / "nowhere.csv"), r"nowhere\.csv: cannot be read"),
    "no column of places": (lambda f: read(table(f, head="x,lat,weight")), r"demand\.csv: no column for longitude"),
    "unknown column of weights": (
        lambda f: read(table(f), weight=("people",)),
        r"demand\.csv: no column 'people'; there are lon, lat, weight",
    ),
    "row without weight": (
        lambda f: read(table(f, rows=["7.42,43.74,1", "7.43,43.74,"])),
        r"demand\.csv: row 2: no weight: weight is empty, or NaN",
    ),
    "weight NaN": (
        lambda f: read(table(f, rows=["7.42,43.74,NaN"])),
        r"demand\.csv: row 1: no weight: weight is empty, or NaN",
    ),
    "weight below 0": (lambda f: read(table(f, rows=["7.42,43.74,-2"])), r"row 1: weight = '-2' is no weight"),
    "weight infinite": (lambda f: read(table(f, rows=["7.42,43.74,inf"])), r"row 1: weight = 'inf' is no weight"),
    "areas without weight": (
        lambda f: read(geojson(f, "d.geojson", list(cells()), [{"name": "x"}] * len(PLACES), **WGS84)),
        r"d\.geojson: areas without a weight: name the column of their people; there are name",
    ),
    "latitude of 200": (
        lambda f: read(table(f, rows=["7.42,43.74,1", "7.4,200,1"])),
        r"demand\.csv: row 2: lat = '200' is no latitude",
    ),
    "longitude missing": (lambda f: read(table(f, rows=[",43.74,1"])), r"row 1: lon = '?(None|)'? is no longitude"),
    "words for numbers": (lambda f: read(table(f, rows=["east,43.74,1"])), r"row 1: lon = 'east' is no longitude"),
    "a row too short": (lambda f: read(table(f, rows=["7.42,43.74,1", "7.42"])), r"demand\.csv: a row has 1 in place"),
    "lines for points": (
        lambda f: read(geojson(f, "d.geojson", [shapely.LineString([(7, 43), (8, 44)])], [{}], **WGS84)),
        r"d\.geojson: feature 1: geometry 'LineString' must be a Point",
    ),
    "points and polygons": (
        lambda f: read(geojson(f, "d.geojson", [shapely.Point(7, 43), cells()[0]], [{}, {}], **WGS84)),
        r"d\.geojson: feature 2: geometry 'Polygon' must be a Point",
    ),
    "a bow tie": (
        lambda f: read(
            geojson(
                f, "d.geojson", [shapely.Polygon([(7, 43), (7.1, 43.1), (7.1, 43), (7, 43.1)])], [{"pop": 1}], **WGS84
            )
        ),
        r"d\.geojson: feature 1: not a simple polygon",
    ),
    "another continent": (
        lambda f: read(table(f, rows=["7.42,43.74,1", "7.43,43.74,1", "43.74,7.42,1"])),
        r"demand\.csv: 1 places lie more than 60 km from the centre.*swapped, or another city's",
    ),
    "people below 0": (
        lambda f: read(raster(f, np.array([[1.0, -3.0]])), datum=None),
        r"people\.tif: row 1, column 2: -3 people",
    ),
    "nobody": (lambda f: read(raster(f, np.zeros((2, 2))), datum=None), r"people\.tif: no cell has anybody"),
    "not a raster": (lambda f: read(_empty(f, "x.tif")), r"x\.tif: not a raster"),
    "not a GeoPackage": (lambda f: read(_empty(f, "x.gpkg")), r"x\.gpkg: cannot be read as GeoPackage"),
    "not JSON": (lambda f: read(_empty(f, "x.geojson")), r"x\.geojson: not valid JSON"),
    "metres that say GCJ-02": (
        lambda f: read(geopackage(f, "EPSG:32632", np.column_stack(TO_METRES.transform(*PLACES.T))), datum="GCJ-02"),
        r"demand\.gpkg: states WGS 84 / UTM zone 32N, which is not GCJ-02",
    ),
    "site without a place": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74", "B,,"], "id,lon,lat"), "WGS-84"),
        r"s\.csv: row 2: a site without a place",
    ),
    "site twice": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74", "A,7.43,43.74"], "id,lon,lat"), "WGS-84"),
        r"s\.csv: row 2: id 'A' is taken by another site",
    ),
    "half a dock": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74,0.5"], "id,lon,lat,docks"), "WGS-84"),
        r"s\.csv: row 1: docks = 0\.5 must be a whole number from 1 on",
    ),
    "a cost in words": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74,dear"], "id,lon,lat,cost"), "WGS-84"),
        r"s\.csv: row 1: cost = 'dear' is no cost",
    ),
    "perhaps standing": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74,perhaps"], "id,lon,lat,standing"), "WGS-84"),
        r"s\.csv: row 1: standing = 'perhaps' must be yes or no",
    ),
    "misspelt column": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74,2"], "id,lon,lat,dock"), "WGS-84"),
        r"s\.csv: unknown column 'dock': is 'docks' meant",
    ),
    "forbidden and forced": (
        lambda f: read_sites(table(f, "s.csv", ["A,7.42,43.74,1,1"], "id,lon,lat,forced,forbidden"), "WGS-84"),
        r"s\.csv: row 1: site 'A' is forbidden, and also standing or forced",
    ),
    "sites as polygons": (
        lambda f: read_sites(geojson(f, "s.geojson", list(cells()), [{"id": str(k)} for k in range(12)], **WGS84)),
        r"s\.geojson: sites must be points",
    ),
}


def _empty(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(b"" if name.endswith(".csv") else b"nothing")
    return folder / name


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    work, told = WRONG[case]
    with pytest.raises((PlanningError, RecordsError), match=told) as raised:
        work(tmp_path)
    assert "\n" not in str(raised.value)


def test_wrong_rows_are_left_out_and_counted_where_the_planner_says_so(tmp_path: Path) -> None:
    rows = ["7.42,43.74,1", "7.43,43.74,1", "7.42,43.74,", "7.43,200,1", ",,5", "100,10,1"]
    raw = read_demand_file(DemandSource(path=table(tmp_path, rows=rows), datum="WGS-84", skip_wrong=True))
    assert len(raw.demand) == 2
    assert "3 of 6 rows, 1 without a place, 2 wrong and left out" in raw.told
    assert "1 too far away and left out" in raw.told


def test_every_site_of_a_grid_has_its_neighbours_as_far_away_as_asked() -> None:
    frame, area = LocalFrame(Position(7.4, 43.7)), shapely.Point(0, 0).buffer(6000)
    xy = frame.xy_of([site.position for site in grid_sites(frame, area, 1000.0)])
    assert shapely.intersects_xy(area.buffer(1.0), *xy.T).all()
    inner = xy[np.hypot(*xy.T) < 4000]
    for place in inner:
        near = np.sort(np.hypot(*(xy - place).T))[1:8]
        assert near[:6] == pytest.approx([1000.0] * 6, abs=0.01)
        assert near[6] > 1500
    with pytest.raises(PlanningError, match="take a wider one"):
        grid_sites(frame, area, 20.0)
