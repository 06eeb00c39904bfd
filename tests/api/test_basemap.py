"""A base map out of an OpenStreetMap extract, read back by GDAL's PMTiles driver and by a small reader here."""

import errno
import gzip
import json
import math
import shutil
import struct
import sys
import zlib
from collections import namedtuple
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
import shapely

from api import basemap_style
from api.basemap import ATTRIBUTION, BasemapError, make_basemap
from api.pmtiles import Archive, tile_id_of

pyogrio = pytest.importorskip("pyogrio", reason="needs reach180[basemap]")

WEST, SOUTH, EAST, NORTH = 121.0, 31.0, 121.2, 31.2


class Extract:
    """An OpenStreetMap extract in the making."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.ways: list[str] = []
        self.relations: list[str] = []

    def node(self, x: float, y: float, **tags: str) -> int:
        """A node at shares ``x`` east and ``y`` north of the extract's bounds."""
        lon, lat = WEST + x * (EAST - WEST), SOUTH + y * (NORTH - SOUTH)
        number = len(self.nodes) + 1
        self.nodes.append(f'<node id="{number}" lat="{lat:.7f}" lon="{lon:.7f}">{_tags(tags)}</node>')
        return number

    def way(self, *points: tuple[float, float], closed: bool = False, **tags: str) -> int:
        nodes = [self.node(*point) for point in points]
        nodes += nodes[:1] if closed else []
        number = len(self.ways) + 1
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        self.ways.append(f'<way id="{number}">{refs}{_tags(tags)}</way>')
        return number

    def area(self, x: float, y: float, side: float, **tags: str) -> int:
        return self.way((x, y), (x + side, y), (x + side, y + side), (x, y + side), closed=True, **tags)

    def lake_with_island(self, outer: int, inner: int, **tags: str) -> None:
        members = "".join(
            f'<member type="way" ref="{way}" role="{role}"/>' for way, role in ((outer, "outer"), (inner, "inner"))
        )
        self.relations.append(f'<relation id="1">{members}{_tags(tags | {"type": "multipolygon"})}</relation>')

    def write(self, path: Path) -> Path:
        bounds = f'<bounds minlat="{SOUTH}" minlon="{WEST}" maxlat="{NORTH}" maxlon="{EAST}"/>'
        body = "\n".join([bounds, *self.nodes, *self.ways, *self.relations])
        path.write_text(f'<?xml version="1.0"?>\n<osm version="0.6">\n{body}\n</osm>\n', encoding="utf-8")
        return path


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(key.replace('__', ':'))} v={quoteattr(value)}/>" for key, value in tags.items())


@pytest.fixture
def town(tmp_path: Path) -> Path:
    extract = Extract()
    extract.node(0.5, 0.5, place="city", name="Kunshan 昆山", name__zh="昆山市", name__en="Kunshan")
    extract.node(0.6, 0.6, place="hamlet", name="Far End")
    extract.node(0.7, 0.7, place="ocean", name="not drawn")
    extract.way((0.1, 0.5), (0.9, 0.5), highway="motorway", name="G2")
    extract.way((0.1, 0.4), (0.9, 0.4), highway="primary_link")
    extract.way((0.1, 0.3), (0.9, 0.3), highway="residential", name="人民路")
    extract.way((0.1, 0.2), (0.9, 0.2), highway="proposed")
    extract.way((0.2, 0.1), (0.2, 0.9), railway="rail")
    extract.way((0.3, 0.1), (0.3, 0.9), railway="rail", service="yard")
    extract.way((0.4, 0.1), (0.4, 0.9), waterway="river", name="Lou")
    extract.way((0.5, 0.2), (0.6, 0.2), aeroway="runway")
    extract.area(0.55, 0.55, 0.002, building="yes", amenity="school")
    extract.area(0.60, 0.30, 0.10, leisure="park", name="Park")
    extract.area(0.75, 0.30, 0.001, landuse="grass")
    outer, inner = extract.area(0.70, 0.55, 0.20), extract.area(0.78, 0.62, 0.05)
    extract.lake_with_island(outer, inner, natural="water", name="Lake")
    return extract.write(tmp_path / "town.osm")


def features(tiles: Path, layer: str, zoom: int) -> list[dict[str, Any]]:
    """A layer at one zoom, as GDAL reads it."""
    meta, _, _, columns = pyogrio.raw.read(tiles, layer=layer, ZOOM_LEVEL=str(zoom))
    return [dict(zip(meta["fields"], row, strict=True)) for row in zip(*columns, strict=True)]


def classes(tiles: Path, layer: str, zoom: int) -> set[str]:
    return {feature["class"] for feature in features(tiles, layer, zoom)}


Header = namedtuple("Header", "root meta leaves data addressed entries contents kinds zooms bounds")


def header(data: bytes) -> Header:
    assert data[:8] == b"PMTiles\x03"
    numbers = struct.unpack("<11Q", data[8:96])
    spans = [(numbers[n], numbers[n + 1]) for n in range(0, 8, 2)]
    bounds = struct.unpack("<4i", data[102:118])
    return Header(*spans, *numbers[8:], tuple(data[96:100]), tuple(data[100:102]), bounds)


def varints(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def tiles_of(data: bytes) -> dict[int, bytes]:
    """Every tile by its id: a reader of PMTiles written from the specification alone."""
    head = header(data)
    found: dict[int, bytes] = {}

    def walk(start: int, length: int) -> None:
        numbers = list(varints(gzip.decompress(data[start : start + length])))
        count = numbers[0]
        steps, runs, lengths, offsets = (numbers[1 + k * count : 1 + (k + 1) * count] for k in range(4))
        tile_id = behind = 0
        for step, run, size, offset in zip(steps, runs, lengths, offsets, strict=True):
            tile_id += step
            begin = behind if offset == 0 else offset - 1
            behind = begin + size
            if run == 0:
                walk(head.leaves[0] + begin, size)
            for place in range(tile_id, tile_id + run):
                found[place] = gzip.decompress(data[head.data[0] + begin : head.data[0] + begin + size])

    walk(*head.root)
    return found


# --- what is on the map ---


def test_layers_classes_and_zooms_are_those_documented(town: Path, tmp_path: Path) -> None:
    made = make_basemap(town, tmp_path / "town.pmtiles")
    assert made.features == {
        "landuse": 2,
        "water": 1,
        "waterways": 1,
        "buildings": 1,
        "roads": 4,
        "railways": 2,
        "places": 2,
    }
    assert [name for name, _ in pyogrio.list_layers(made.path)] == list(basemap_style.GEOMETRY)
    assert classes(made.path, "roads", 6) == {"motorway"}
    assert classes(made.path, "roads", 11) == {"motorway", "primary", "runway"}
    assert classes(made.path, "roads", 14) == {"motorway", "primary", "minor", "runway"}
    assert classes(made.path, "railways", 12) == {"rail"}
    assert classes(made.path, "railways", 14) == {"rail", "siding"}
    assert classes(made.path, "places", 6) == {"city"}
    assert classes(made.path, "waterways", 8) == {"river"}
    assert classes(made.path, "buildings", 12) == set()
    assert classes(made.path, "buildings", 14) == {"building"}
    assert classes(made.path, "landuse", 11) == {"park"}  # the grass is too small to see
    assert classes(made.path, "landuse", 14) == {"park", "grass"}
    assert classes(made.path, "water", 9) == {"lake"}


def test_names_are_kept_in_every_language(town: Path, tmp_path: Path) -> None:
    make_basemap(town, tmp_path / "town.pmtiles")
    (city,) = features(tmp_path / "town.pmtiles", "places", 10)
    assert (city["name"], city["name:zh"], city["name:en"], city["rank"]) == ("Kunshan 昆山", "昆山市", "Kunshan", 1)
    roads = features(tmp_path / "town.pmtiles", "roads", 14)
    assert {road["name"] for road in roads if road["class"] == "minor"} == {"人民路"}


def test_geometry_stands_where_it_should(town: Path, tmp_path: Path) -> None:
    make_basemap(town, tmp_path / "town.pmtiles")
    _, _, geometry, _ = pyogrio.raw.read(tmp_path / "town.pmtiles", layer="water", ZOOM_LEVEL="14")
    lake = shapely.union_all(shapely.make_valid(shapely.from_wkb(geometry)))  # metres of the web's Mercator
    half_m = 20_037_508.34
    west_m, east_m = (half_m * (WEST + share * (EAST - WEST)) / 180 for share in (0.70, 0.90))
    assert (lake.bounds[0], lake.bounds[2]) == pytest.approx((west_m, east_m), abs=2)
    assert lake.area == pytest.approx((east_m - west_m) ** 2 * (1 - (0.05 / 0.20) ** 2), rel=0.2)  # less its island


def test_metadata_attribute_the_data_and_describe_the_layers(town: Path, tmp_path: Path) -> None:
    made = make_basemap(town, tmp_path / "town.pmtiles")
    data = made.path.read_bytes()
    head = header(data)
    meta = json.loads(gzip.decompress(data[head.meta[0] : sum(head.meta)]))
    assert meta["attribution"] == ATTRIBUTION == "© OpenStreetMap contributors"
    assert [layer["id"] for layer in meta["vector_layers"]] == list(basemap_style.GEOMETRY)
    assert {"class", "name", "name:zh"} <= set(meta["vector_layers"][4]["fields"])
    assert head.kinds == (1, 2, 2, 1)  # clustered, gzip, gzip, vector tiles
    assert head.zooms == (6, 14)
    assert head.bounds == tuple(round(edge * 1e7) for edge in (WEST, SOUTH, EAST, NORTH))
    assert made.bounds == (WEST, SOUTH, EAST, NORTH)
    assert head.addressed == made.tiles == len(tiles_of(data))
    assert made.size_bytes == len(data)


def test_the_same_extract_gives_the_same_bytes(town: Path, tmp_path: Path) -> None:
    one, two = make_basemap(town, tmp_path / "1.pmtiles"), make_basemap(town, tmp_path / "2.pmtiles")
    assert one.path.read_bytes() == two.path.read_bytes()


def test_progress_rises_to_the_whole(town: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    make_basemap(town, tmp_path / "town.pmtiles", lambda doing, share: told.append((doing, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], told[-1]) == (0.0, ("done", 1.0))


def test_the_layers_of_the_docstring_are_those_that_are_made() -> None:
    text = basemap_style.__doc__
    assert text is not None
    assert all(f"``{layer}``" in text for layer in basemap_style.GEOMETRY)
    made = {kind for _, kind, *_ in map(_any_feature, _every_tag()) if kind != "sea"}
    assert all(kind in text for kind in made)


def _every_tag() -> Iterator[tuple[str, dict[str, str]]]:
    tables = [("points", "place", basemap_style._PLACES), ("lines", "highway", basemap_style._ROADS)]
    tables += [("lines", "railway", basemap_style._RAILWAYS), ("lines", "waterway", basemap_style._WATERWAYS)]
    for source, tag, table in tables:
        yield from ((source, {tag: value}) for value in table)
    for tag, value in (*basemap_style._WATER, *basemap_style._LANDUSE):
        yield "multipolygons", {tag: value}


def _any_feature(given: tuple[str, dict[str, str]]) -> basemap_style.Feature:
    found = basemap_style.feature(given[0], given[1], 1e6)
    assert found is not None
    return found


# --- the sea ---


def test_the_sea_lies_to_the_right_of_the_coast(tmp_path: Path) -> None:
    extract = Extract()
    extract.way((0.5, 1.1), (0.5, -0.1), natural="coastline")  # southward: water in the west
    extract.way((0.2, 0.4), (0.3, 0.4), (0.3, 0.5), (0.2, 0.5), closed=True, natural="coastline")  # an island
    extract.way((0.6, 0.5), (0.9, 0.5), highway="motorway")
    made = make_basemap(extract.write(tmp_path / "coast.osm"), tmp_path / "coast.pmtiles")
    assert made.sea
    _, _, geometry, _ = pyogrio.raw.read(made.path, layer="water", ZOOM_LEVEL="10")
    sea = shapely.union_all(shapely.make_valid(shapely.from_wkb(geometry)))

    def is_sea(x: float, y: float) -> bool:
        radius_m = 6_378_137.0
        lon, lat = math.radians(WEST + x * (EAST - WEST)), math.radians(SOUTH + y * (NORTH - SOUTH))
        return bool(sea.contains(shapely.Point(radius_m * lon, radius_m * math.asinh(math.tan(lat)))))

    assert [is_sea(*place) for place in ((0.1, 0.1), (0.4, 0.9), (0.25, 0.45), (0.7, 0.5))] == [
        True,
        True,
        False,
        False,
    ]


def test_a_coast_that_does_not_close_makes_no_sea(tmp_path: Path) -> None:
    extract = Extract()
    extract.way((0.5, 0.8), (0.5, 0.2), natural="coastline")
    extract.way((0.6, 0.5), (0.9, 0.5), highway="motorway")
    made = make_basemap(extract.write(tmp_path / "coast.osm"), tmp_path / "coast.pmtiles")
    assert not made.sea
    assert made.features["water"] == 0


# --- the file format ---


@pytest.mark.parametrize(
    ("place", "tile_id"),
    [((0, 0, 0), 0), ((1, 0, 0), 1), ((1, 0, 1), 2), ((1, 1, 1), 3), ((1, 1, 0), 4), ((12, 3423, 1763), 19078479)],
)
def test_tile_ids_are_those_of_the_specification(place: tuple[int, int, int], tile_id: int) -> None:
    assert tile_id_of(*place) == tile_id


def test_tile_ids_go_from_neighbour_to_neighbour() -> None:
    curve = sorted((tile_id_of(5, x, y), x, y) for x in range(32) for y in range(32))
    assert [tile_id for tile_id, _, _ in curve] == list(range(341, 341 + 1024))
    assert all(abs(a[1] - b[1]) + abs(a[2] - b[2]) == 1 for a, b in pairwise(curve))


def test_a_large_archive_has_leaves_and_gives_every_tile_back(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    ids = np.cumsum(chance.integers(1, 1000, 12_000)).tolist()
    tiles = {tile_id: chance.bytes(size) for tile_id, size in zip(ids, chance.integers(5, 90, 12_000), strict=True)}
    tiles |= dict.fromkeys(range(ids[-1] + 1, ids[-1] + 1001), b"open sea")
    with (tmp_path / "data").open("wb+") as data, (tmp_path / "large.pmtiles").open("wb") as file:
        archive = Archive(data, range(15))
        for tile_id, tile in tiles.items():
            archive.add(tile_id, tile)
        archive.write(file, {"name": "large"}, (0, 0, 1, 1))
    written = (tmp_path / "large.pmtiles").read_bytes()
    head = header(written)
    assert sum(head.root) <= 16_384
    assert head.leaves[1] > 0
    assert (head.contents, head.entries, head.addressed) == (12_001, 12_001, 13_000)
    assert tiles_of(written) == tiles


# --- what is refused ---


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"lon,lat\n1,2\n", "is not an OpenStreetMap extract"),
        (bytes(range(256)) * 40, "is not an OpenStreetMap extract"),
        (b"\0\0\0\x0d\x0a\x09OSMHeader\x18\x7c", "is damaged or cut off"),
        (b'<?xml version="1.0"?><osm version="0.6"><node id="1" lat="1" lon', "is cut off"),
        (b'<?xml version="1.0"?><osm version="0.6"></osm>', "holds no object with a place"),
    ],
)
def test_what_is_no_extract_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    pbf = tmp_path / ("x.osm" if content.startswith(b"<") else "x.osm.pbf")
    pbf.write_bytes(content)
    with pytest.raises(BasemapError, match=rf"^x\.osm.*: {why}"):
        make_basemap(pbf, tmp_path / "out.pmtiles")
    assert sorted(path.name for path in tmp_path.iterdir()) == [pbf.name]


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_packed_extract_is_looked_at_to_its_end(tmp_path: Path, damage: str) -> None:
    """The blobs of an OSM PBF file: a length, a header that tells a kind and a size, and packed data."""

    def blob(kind: bytes, content: bytes) -> bytes:
        packed = zlib.compress(content)
        body = b"\x10" + _varint(len(content)) + b"\x1a" + _varint(len(packed)) + packed
        head = b"\x0a" + _varint(len(kind)) + kind + b"\x18" + _varint(len(body))
        return struct.pack(">I", len(head)) + head + body

    whole = blob(b"OSMHeader", b"") + blob(b"OSMData", np.random.default_rng(1).bytes(3000))
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(whole)
    with pytest.raises(BasemapError) as unharmed:  # it holds nothing that GDAL can draw
        make_basemap(path, tmp_path / "out.pmtiles")
    assert "damaged" not in str(unharmed.value)
    path.write_bytes(whole[:-500] if damage == "cut" else whole[:-1500] + bytes(1000) + whole[-500:])
    with pytest.raises(BasemapError, match=r"x\.osm\.pbf: is damaged or cut off"):
        make_basemap(path, tmp_path / "out.pmtiles")


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + _varint(value >> 7)


def test_an_extract_with_nothing_to_draw_is_refused(tmp_path: Path) -> None:
    extract = Extract()
    extract.node(0.5, 0.5, shop="kiosk")
    with pytest.raises(BasemapError, match="holds nothing to draw"):
        make_basemap(extract.write(tmp_path / "x.osm"), tmp_path / "out.pmtiles")


def test_places_that_cannot_be_read_or_written_are_named(town: Path, tmp_path: Path) -> None:
    with pytest.raises(BasemapError, match=r"none\.pbf: cannot be read: No such file"):
        make_basemap(tmp_path / "none.pbf", tmp_path / "out.pmtiles")
    with pytest.raises(BasemapError, match="no such folder"):
        make_basemap(town, tmp_path / "none" / "out.pmtiles")
    with pytest.raises(BasemapError, match="is a folder"):
        make_basemap(town, tmp_path)


def test_too_little_space_is_told_before_the_work(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=3_000_000))
    with pytest.raises(BasemapError, match=r"no space: 3 MB are free.*town\.osm may take 16 MB"):
        make_basemap(town, tmp_path / "out.pmtiles")


def test_space_that_runs_out_keeps_the_old_map(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "out.pmtiles").write_bytes(b"old")
    monkeypatch.setattr(Archive, "write", full)
    with pytest.raises(BasemapError, match="no space was left; nothing was kept"):
        make_basemap(town, tmp_path / "out.pmtiles")
    assert (tmp_path / "out.pmtiles").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pmtiles", "town.osm"]


def test_without_pyogrio_the_message_says_what_to_install(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(BasemapError, match=r"pip install 'reach180\[basemap\]'"):
        make_basemap(town, tmp_path / "out.pmtiles")


# --- real extracts ---


@pytest.mark.shared_data("osm/baltimore.osm.pbf")
def test_baltimore(shared: Path, tmp_path: Path) -> None:
    made = make_basemap(shared, tmp_path / "baltimore.pmtiles")
    assert made.features["buildings"] == 1731
    assert made.features["roads"] > 3800
    assert made.sea
    assert classes(made.path, "water", 13) >= {"sea", "river"}
    assert 200_000 < made.size_bytes < 600_000
    assert made.tiles == len(tiles_of(made.path.read_bytes()))


@pytest.mark.shared_data("osm/helsinki.osm.pbf")
def test_helsinki(shared: Path, tmp_path: Path) -> None:
    made = make_basemap(shared, tmp_path / "helsinki.pmtiles")
    assert "Helsinki" in {place["name"] for place in features(made.path, "places", 6)}
    assert classes(made.path, "railways", 13) >= {"rail", "tram", "subway"}


@pytest.mark.shared_data("osm/baltimore.osm.pbf")
@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_extract_is_not_half_drawn(shared: Path, tmp_path: Path, damage: str) -> None:
    whole = shared.read_bytes()
    bad = whole[:400_000] if damage == "cut" else whole[:200_000] + bytes(3000) + whole[203_000:]
    (tmp_path / "bad.osm.pbf").write_bytes(bad)
    with pytest.raises(BasemapError, match=r"bad\.osm\.pbf: is damaged or cut off"):
        make_basemap(tmp_path / "bad.osm.pbf", tmp_path / "out.pmtiles")
