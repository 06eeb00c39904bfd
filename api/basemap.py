"""An offline base map: an OpenStreetMap extract in, one PMTiles file of vector tiles out.

GDAL (inside pyogrio) reads the extract and cuts the tiles, one layer and one zoom at a time. Tiles of
one place are joined by putting their bytes in a row: a vector tile is a list of layers, so that is all
it takes; :mod:`api.pmtiles` writes them into the file. Its layers (``landuse``, ``water``, ``waterways``,
``buildings``, ``roads``, ``railways``, ``places``), their fields and their zooms are told in
:mod:`api.basemap_style`.

The sea is no polygon in an extract. It is built from the coastline, whose right-hand side is water by
OpenStreetMap's rule; where the coastline does not close within the extract's bounds (an extract cut
along a ragged border), no sea is drawn rather than a wrong one.
"""

import errno
import gzip
import math
import shutil
import sqlite3
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from api import basemap_style as style
from api.pmtiles import Archive, Bounds, tile_id_of

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is done, 0 to 1."""

ATTRIBUTION: Final = "© OpenStreetMap contributors"

_TILE_UNITS: Final = 4096
_UNITS_PER_PIXEL: Final = _TILE_UNITS / style.TILE_PIXELS
_COLUMNS: "Mapping[str, pa.DataType]" = {
    "geometry": pa.binary(),
    "class": pa.string(),
    **dict.fromkeys(style.NAMES, pa.string()),
    "rank": pa.int32(),
    "first_zoom": pa.int8(),
}
_SCHEMA: Final = pa.schema(_COLUMNS)


class BasemapError(ValueError):
    """A base map that cannot be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basemap:
    """What was made. ``features`` counts per layer; ``sea`` says whether a coastline was found and closed."""

    path: Path
    size_bytes: int
    tiles: int
    features: Mapping[str, int]
    bounds: Bounds
    sea: bool


def make_basemap(pbf: Path, out: Path, progress: Progress | None = None) -> Basemap:
    """Turn the OpenStreetMap extract ``pbf`` (``.osm.pbf``, or ``.osm`` XML) into the PMTiles file ``out``.

    ``out`` appears whole or not at all. Raises :class:`BasemapError`.
    """
    tell = progress or (lambda _doing, _share: None)
    pyogrio = _pyogrio()
    _check_extract(pbf)
    _check_room(pbf, out)
    try:
        scratch = tempfile.TemporaryDirectory(prefix=".basemap-", dir=out.parent)
    except OSError as error:
        raise BasemapError(f"{out.parent}: cannot be written to: {error.strerror}") from error
    with scratch as folder, _plain_errors(pyogrio, pbf, out), _gdal(pyogrio, folder):
        work = Path(folder)
        bounds, features, sea = _gather(pyogrio, pbf, work, tell)
        made = work / "map.pmtiles"
        tiles = _write_tiles(pyogrio, work, made, _metadata(pbf), bounds, tell)
        size_bytes = made.stat().st_size
        made.replace(out)
    tell("done", 1.0)
    return Basemap(path=out, size_bytes=size_bytes, tiles=tiles, features=features, bounds=bounds, sea=sea)


def _pyogrio() -> ModuleType:
    try:
        import pyogrio
        import pyogrio.errors
    except ImportError as error:
        raise BasemapError(
            "a base map is made with pyogrio, which is not installed: pip install 'reach180[basemap]'"
        ) from error
    drivers = pyogrio.list_drivers()
    for name, use in (("OSM", "r"), ("MVT", "w")):
        if use not in (drivers.get(name) or ""):
            raise BasemapError(f"this build of GDAL lacks its {name} driver: pip install 'reach180[basemap]'")
    module: ModuleType = pyogrio
    return module


def _check_extract(pbf: Path) -> None:
    """Refuse what is no extract or not a whole one: GDAL would read a broken file up to the break, in silence."""
    try:
        with pbf.open("rb") as file:
            head = file.read(4096)
            if not head:
                raise BasemapError(f"{pbf.name}: the file is empty")
            if b"OSMHeader" in head[:64]:
                file.seek(0)
                for blob in _blobs(file):
                    for number, _, packed in _fields(blob):
                        if number == _ZLIB_DATA:
                            zlib.decompress(packed)
            elif b"<osm" in head:
                file.seek(max(0, pbf.stat().st_size - 64))
                if not file.read().rstrip().endswith((b"</osm>", b"/>")):
                    raise BasemapError(f"{pbf.name}: is cut off: it does not end with </osm>")
            else:
                raise BasemapError(f"{pbf.name}: is not an OpenStreetMap extract (.osm.pbf)")
    except OSError as error:
        raise BasemapError(f"{pbf}: cannot be read: {error.strerror}") from error
    except (EOFError, IndexError, zlib.error) as error:
        raise BasemapError(f"{pbf.name}: is damaged or cut off; download it again") from error


_DATA_SIZE, _ZLIB_DATA = 3, 3  # numbers of fields in a BlobHeader and in a Blob
_MOST_BYTES: Final = 64 * 1024**2  # of a header or a blob, well above the 32 MiB that the format allows


def _blobs(file: BinaryIO) -> Iterator[bytes]:
    """The blobs of a PBF file. Raises EOFError or IndexError where its framing breaks."""

    def take(length: int) -> bytes:
        taken = file.read(length) if length <= _MOST_BYTES else b""
        if len(taken) < length:
            raise EOFError
        return taken

    while start := file.read(4):
        (length,) = struct.unpack(">I", start.ljust(4, b"\xff"))
        sizes = [size for number, size, _ in _fields(take(length)) if number == _DATA_SIZE]
        yield take(sizes[0])


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Of a protobuf message: the fields' numbers, with their varints, or with their lengths and bytes."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key, value = varint(), varint()
        if key & 7 == 0:
            yield key >> 3, value, b""
        elif key & 7 == 2 and place + value <= len(message):
            yield key >> 3, value, message[place : place + value]
            place += value
        else:
            raise EOFError


def _check_room(pbf: Path, out: Path) -> None:
    if out.is_dir():
        raise BasemapError(f"{out}: is a folder; name the file to write")
    if not out.parent.is_dir():
        raise BasemapError(f"{out.parent}: no such folder")
    needed = 10 * pbf.stat().st_size + 16_000_000
    free = shutil.disk_usage(out.parent).free
    if free < needed:
        raise BasemapError(
            f"{out.parent}: no space: {free / 1e6:.0f} MB are free, and making a base map of {pbf.name} "
            f"may take {needed / 1e6:.0f} MB"
        )


@contextmanager
def _gdal(pyogrio: ModuleType, folder: str) -> Iterator[None]:
    """GDAL with its scratch files in ``folder``, and quiet about the ragged edges that every extract has.

    Its threads would write such edges to standard error, past pyogrio, and were measured to save no time.
    """
    options = {"CPL_TMPDIR": folder, "GDAL_NUM_THREADS": "1"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        pyogrio.set_gdal_config_options(before)


@contextmanager
def _plain_errors(pyogrio: ModuleType, pbf: Path, out: Path) -> Iterator[None]:
    """What the parts below raise, said in plain words."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise BasemapError(f"{out.parent}: no space was left; nothing was kept") from error
        raise BasemapError(f"{out}: the base map cannot be written: {error.strerror or error}") from error
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pa.ArrowException,
        sqlite3.Error,
        RuntimeError,
    ) as error:
        if shutil.disk_usage(out.parent).free < pbf.stat().st_size:  # GDAL does not tell why a write failed
            raise BasemapError(f"{out.parent}: no space was left; nothing was kept") from error
        raise BasemapError(f"{pbf.name}: no base map can be made of it: {str(error)[:300]}") from error


# --- from the extract to features, one Arrow file a layer ---


def _gather(pyogrio: ModuleType, pbf: Path, work: Path, tell: Progress) -> tuple[Bounds, dict[str, int], bool]:
    config = work / "osmconf.ini"
    config.write_text(style.driver_config(), encoding="utf-8")
    counts = dict.fromkeys(style.GEOMETRY, 0)
    coastline: list[bytes] = []
    with ExitStack() as stack:
        sinks = {
            layer: stack.enter_context(pa.ipc.new_file(str(work / f"{layer}.arrow"), _SCHEMA))
            for layer in style.GEOMETRY
        }
        for step, source in enumerate(style.READ):
            tell(f"reading {source}", 0.2 * step / len(style.READ))
            for layer, batch in _features(pyogrio, pbf, source, config):
                if layer == style.COASTLINE:
                    coastline += batch.column("geometry").to_numpy(zero_copy_only=False).tolist()
                else:
                    sinks[layer].write_batch(batch)
                    counts[layer] += batch.num_rows
        bounds = _bounds(pyogrio, pbf, config)
        sea = _sea(coastline, bounds)
        if sea:
            rows = [{"geometry": shapely.to_wkb(face), "class": "sea", "first_zoom": 0} for face in sea]
            sinks["water"].write_batch(pa.RecordBatch.from_pylist(rows, schema=_SCHEMA))
            counts["water"] += len(sea)
    if not any(counts.values()):
        raise BasemapError(f"{pbf.name}: holds nothing to draw: no road, water, land use, building or place")
    return bounds, counts, bool(sea)


def _features(pyogrio: ModuleType, pbf: Path, source: str, config: Path) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The objects of one layer of the driver, batch by batch, sorted into the layers of the map."""
    tags = style.READ[source]
    with pyogrio.open_arrow(
        pbf,
        layer=source,
        where=style.WANTED[source],
        use_pyarrow=True,
        batch_size=20_000,
        CONFIG_FILE=str(config),
    ) as (meta, reader):
        for batch in reader:
            wkb = batch.column(meta["geometry_name"] or "wkb_geometry")
            areas_m2 = _areas_m2(wkb) if source == "multipolygons" else np.zeros(batch.num_rows)
            rows: dict[str, list[tuple[int, style.Feature]]] = {}
            for row, values in enumerate(zip(*(batch.column(tag).to_pylist() for tag in tags), strict=True)):
                found = style.feature(source, dict(zip(tags, values, strict=True)), float(areas_m2[row]))
                if found is not None:
                    rows.setdefault(found[0], []).append((row, found))
            for layer, taken in rows.items():
                index = pa.array([row for row, _ in taken], pa.int64())
                columns = [
                    wkb.take(index).cast(pa.binary()),
                    pa.array([kind for _, (_, kind, _, _) in taken], pa.string()),
                    *(batch.column(name).take(index).cast(pa.string()) for name in style.NAMES),
                    pa.array([rank for _, (_, _, _, rank) in taken], pa.int32()),
                    pa.array([zoom for _, (_, _, zoom, _) in taken], pa.int8()),
                ]
                yield layer, pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def _areas_m2(wkb: Any) -> Any:
    """Areas of WGS-84 polygons as a web map shows them: at the scale of their own latitude."""
    polygons = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
    bounds = shapely.bounds(polygons)
    latitude_deg = np.clip((bounds[:, 1] + bounds[:, 3]) / 2, -85, 85)
    areas = shapely.area(polygons) * (style.EQUATOR_M / 360) ** 2 / np.cos(np.radians(latitude_deg))
    return np.nan_to_num(areas)


def _bounds(pyogrio: ModuleType, pbf: Path, config: Path) -> Bounds:
    """The bounds that the extract states, or else those of what it holds."""
    boxes = []
    for layer in style.READ:
        info = pyogrio.read_info(pbf, layer=layer, force_total_bounds=True, CONFIG_FILE=str(config))
        if info["total_bounds"] is not None and all(map(math.isfinite, info["total_bounds"])):
            boxes.append(info["total_bounds"])
    if not boxes:
        raise BasemapError(f"{pbf.name}: holds no object with a place")
    west, south = np.min(boxes, axis=0)[:2]
    east, north = np.max(boxes, axis=0)[2:]
    return float(west), float(south), float(east), float(north)


def _sea(coastline: list[bytes], bounds: Bounds) -> list[shapely.Polygon]:
    """The faces between coastlines and ``bounds`` that lie to the right of every coastline at their edges."""
    box = shapely.box(*bounds)
    within = shapely.intersection(shapely.from_wkb(np.array(coastline, dtype=object)), box)
    lines = [part for part in shapely.get_parts(within) if isinstance(part, shapely.LineString)]
    if not lines:
        return []
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union([*lines, box.exterior])]))
    tree = shapely.STRtree(faces)
    shore = np.zeros((len(faces), 2))  # degrees of coastline that have the face on their left, on their right
    for line in lines:
        xy = shapely.get_coordinates(line)
        step = np.diff(xy, axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
        middle, step, length = (value[length > 0] for value in ((xy[1:] + xy[:-1]) / 2, step, length))
        left = np.column_stack([-step[:, 1], step[:, 0]]) / length[:, None] * 1e-7
        for side, points in enumerate((middle + left, middle - left)):
            point, face = tree.query(shapely.points(points), predicate="within")
            np.add.at(shore[:, side], face, length[point])
    return [face for face, (left, right) in zip(faces, shore, strict=True) if left < 0.05 * right]


# --- from features to tiles ---


def _write_tiles(
    pyogrio: ModuleType,
    work: Path,
    made: Path,
    metadata: Mapping[str, object],
    bounds: Bounds,
    tell: Progress,
) -> int:
    zooms = range(style.FIRST_ZOOM, style.LAST_ZOOM + 1)
    with (work / "tiles").open("wb+") as data:
        archive = Archive(data, zooms)
        for zoom in zooms:
            tell(f"cutting tiles of zoom {zoom}", 0.2 + 0.78 * 2.0 ** (zoom - style.LAST_ZOOM - 1))
            pieces = [cut for layer in style.GEOMETRY if (cut := _cut(pyogrio, work, layer, zoom)) is not None]
            _join(archive, zoom, pieces)
            for piece in pieces:
                piece.unlink()
        tell("writing the file", 0.98)
        with made.open("wb") as file:
            archive.write(file, metadata, bounds)
    return archive.tiles


def _cut(pyogrio: ModuleType, work: Path, layer: str, zoom: int) -> Path | None:
    """One layer's tiles at one zoom as MBTiles (SQLite), or None where the layer has nothing there."""
    cut = work / f"{layer}.mbtiles"
    with pa.memory_map(str(work / f"{layer}.arrow")) as mapped:
        table = pa.ipc.open_file(mapped).read_all()
        table = table.filter(pc.less_equal(table["first_zoom"], pa.scalar(zoom, pa.int8())))
        if not table.num_rows:
            return None
        pyogrio.write_arrow(
            table.drop_columns(["first_zoom"] if layer == "places" else ["first_zoom", "rank"]),
            cut,
            layer=layer,
            driver="MVT",
            geometry_name="geometry",
            geometry_type=style.GEOMETRY[layer],
            crs="EPSG:4326",
            FORMAT="MBTILES",
            MINZOOM=str(zoom),
            MAXZOOM=str(zoom),
            EXTENT=str(_TILE_UNITS),
            SIMPLIFICATION_MAX_ZOOM=str(1 if zoom == style.LAST_ZOOM else _UNITS_PER_PIXEL / 2),
            MAX_SIZE="4000000",
        )
    return cut


def _join(archive: Archive, zoom: int, pieces: list[Path]) -> None:
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(sqlite3.connect(piece))) for piece in pieces]
        last_row = 2**zoom - 1  # MBTiles counts rows from the south
        places = {
            tile_id_of(zoom, column, last_row - row): (column, row)
            for store in stores
            for column, row in store.execute("SELECT tile_column, tile_row FROM tiles")
        }
        one = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
        for tile_id, place in sorted(places.items()):
            found = [data for store in stores for (data,) in store.execute(one, (zoom, *place))]
            archive.add(tile_id, b"".join(map(gzip.decompress, found)))


def _metadata(pbf: Path) -> dict[str, object]:
    fields = dict.fromkeys(("class", *style.NAMES), "String")
    return {
        "name": pbf.name.removesuffix(".pbf").removesuffix(".osm"),
        "description": "Base map out of an OpenStreetMap extract",
        "attribution": ATTRIBUTION,
        "type": "baselayer",
        "vector_layers": [
            {
                "id": layer,
                "fields": fields | ({"rank": "Number"} if layer == "places" else {}),
                "minzoom": style.FIRST_ZOOM,
                "maxzoom": style.LAST_ZOOM,
            }
            for layer in style.GEOMETRY
        ],
    }
