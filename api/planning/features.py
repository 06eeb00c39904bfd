"""Features with places out of a planner's file: CSV, Parquet, GeoParquet, GeoJSON, GeoPackage; always WGS-84 inside.

The datum is always stated, by the file or by who hands it over. A coordinate reference system counts as a statement;
since none is registered for GCJ-02 and BD-09, a caller may say so of degrees that a file calls EPSG:4326.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geo.datum import Datum, DatumError, parse_datum, to_wgs84
from geo.geojson import GeoJSONError, parse_points, parse_polygons
from simulator.demand import column_for
from simulator.record_table import Source, datum_of, numbers, open_source

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Geometries = NDArray[np.object_]

GEOPACKAGE, GEOJSON, RASTER = (".gpkg",), (".geojson", ".json"), (".tif", ".tiff")
H3_COLUMNS = ("h3", "h3_index", "h3_cell", "hex_id", "hexid")


class PlanningError(ValueError):
    """A planner's file that cannot be used; the message names the file, the row and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Rows with a place each. ``polygons`` where the places are areas; ``lonlat`` [n, 2] then is a point within.

    A row without any place has NaN; ``wrong`` says which rows have a place that is none, and why.
    """

    path: Path
    names: tuple[str, ...]
    table: pa.Table
    lonlat: Floats
    polygons: Geometries | None = None
    cells: bool = False
    """Whether places stand for areas (H3 cells)."""
    wrong: Mapping[int, str] = field(default_factory=dict)
    word: str = "row"

    def __len__(self) -> int:
        return len(self.lonlat)

    def where(self, row: int) -> str:
        """The file and the row, for errors; rows count from 1, the header not counted."""
        return f"{self.path.name}: {self.word} {row + 1}"

    def column(self, name: str) -> Any:
        """The column of this name. Raises :class:`PlanningError`."""
        if name not in self.table.column_names:
            raise PlanningError(f"{self.path.name}: no column {name!r}; there are {', '.join(self.names)}")
        return self.table[name]

    def find(self, names: Sequence[str]) -> str | None:
        """The first column that is called one of these, whatever its case."""
        spelt = {name.strip().lower(): name for name in self.table.column_names}
        return next((spelt[name] for name in names if name in spelt), None)

    def texts(self, name: str) -> list[str]:
        """A column as words; empty where there are none."""
        return ["" if value is None else str(value).strip() for value in self.column(name).to_pylist()]

    def amounts(self, name: str, *, what: str, blank: float | None = None) -> tuple[Floats, Mapping[int, str]]:
        """A column as numbers ≥ 0, and which rows hold none, with the reason. ``blank`` stands for empty cells."""
        column = self.column(name)
        values, missing, bad = numbers(column)
        values = np.where(missing, np.nan if blank is None else blank, values)
        wrong = {
            int(k): f"{name} = {column[int(k)].as_py()!r} is no {what}, a number from 0 on"
            for k in np.flatnonzero(bad | (~missing & ~(np.isfinite(values) & (values >= 0))))
        }
        if blank is None:
            wrong |= {int(k): f"no {what}: {name} is empty, or NaN" for k in np.flatnonzero(missing)}
        return values, wrong


def read_features(path: Path, datum: str | None, wanted: Sequence[str] | None = None) -> Features:
    """The features of ``path``, told by its suffix. Of ``wanted`` columns those that are there (None: all).

    Raises :class:`PlanningError` and :class:`~simulator.record_table.RecordsError`.
    """
    try:
        if path.suffix.lower() in GEOJSON:
            return _geojson(path, datum, wanted)
        if path.suffix.lower() in GEOPACKAGE:
            return _geopackage(path, datum, wanted)
        return _table(path, datum, wanted)
    except (GeoJSONError, DatumError, CRSError) as error:
        raise PlanningError(str(error) if path.name in str(error) else f"{path.name}: {error}") from error


def to_degrees(path: Path, crs: CRS, xy: Floats, datum: str | None) -> Floats:
    """WGS-84 degrees [n, 2] of coordinates (x, y) in ``crs``; ``datum`` is what the caller says of them."""
    stated = None if datum is None else parse_datum(datum)
    if stated not in (None, Datum.WGS84):
        if not crs.is_geographic:
            raise PlanningError(f"{path.name}: states {crs.name}, which is not {stated}")
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], stated))
    if crs.to_epsg(min_confidence=100) in (4326, 4490):
        return xy
    return np.column_stack(Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(xy[:, 0], xy[:, 1]))


# ---------------------------------------------------------------- tables


def _table(path: Path, datum: str | None, wanted: Sequence[str] | None) -> Features:
    source = open_source(path)
    if (geometry := _geometry_column(source)) is not None:
        return _geoparquet(source, datum, wanted, *geometry)
    spelt = {name.strip().lower(): name for name in source.names}
    cell = next((spelt[name] for name in H3_COLUMNS if name in spelt), None)
    has_places = any(name in spelt for name in ("longitude", "lon", "lng", "long", "longitude_deg", "x_lon"))
    by_cell = cell is not None and not has_places
    place_names = [cell] if by_cell and cell else [column_for(path, spelt, key) for key in ("longitude", "latitude")]
    others = [name for name in source.names if wanted is None or name in wanted or name.strip().lower() in wanted]
    table = source.load(list(dict.fromkeys([*place_names, *others])))
    if source.malformed:
        raise PlanningError(f"{path.name}: a row has {source.malformed[0]} columns")
    if not len(table):
        raise PlanningError(f"{path.name}: no row below the header")
    if by_cell:
        lonlat, wrong = _of_cells(table[place_names[0]])
        return Features(path=path, names=source.names, table=table, lonlat=lonlat, wrong=wrong, cells=True)
    lonlat, wrong = _of_columns(table, place_names[0], place_names[1], datum_of(source, datum))
    return Features(path=path, names=source.names, table=table, lonlat=lonlat, wrong=wrong)


def _of_columns(table: pa.Table, lon_name: str, lat_name: str, datum: Datum) -> tuple[Floats, dict[int, str]]:
    wrong: dict[int, str] = {}
    values = []
    empty = np.ones(len(table), np.bool_)
    for name, most in ((lon_name, 180.0), (lat_name, 90.0)):
        column = table[name]
        degrees, missing, bad = numbers(column)
        empty &= missing
        for k in np.flatnonzero(bad | missing | (np.abs(degrees) > most)).tolist():
            wrong.setdefault(k, f"{name} = {column[k].as_py()!r} is no {'longitude' if most > 90 else 'latitude'}")
        values.append(degrees)
    for k in np.flatnonzero(empty).tolist():  # no place at all: nothing is wrong with it
        wrong.pop(k, None)
    lonlat = np.column_stack(values)
    good: Bools = np.isfinite(lonlat[:, 0]) & np.isfinite(lonlat[:, 1])
    good[list(wrong)] = False
    lonlat[~good] = np.nan
    lonlat[good] = np.column_stack(to_wgs84(lonlat[good, 0], lonlat[good, 1], datum))
    return lonlat, wrong


def _of_cells(column: Any) -> tuple[Floats, dict[int, str]]:
    import h3  # for files of H3 cells only

    lonlat, wrong = np.full((len(column), 2), np.nan), {}
    for k, cell in enumerate(column.to_pylist()):
        name = f"{cell:x}" if isinstance(cell, int) else str(cell or "").strip()
        if not h3.is_valid_cell(name):
            wrong[k] = f"{cell!r} is no H3 cell"
            continue
        latitude, longitude = h3.cell_to_latlng(name)
        lonlat[k] = longitude, latitude
    return lonlat, wrong


# ---------------------------------------------------------------- geometry


def _geometry_column(source: Source) -> tuple[str, Mapping[str, Any]] | None:
    """The primary geometry of a GeoParquet file and what its metadata say of it; None for another table."""
    if source.path.suffix.lower() == ".csv":
        return None
    try:
        metadata = pq.read_schema(source.path).metadata or {}
        told = json.loads(metadata[b"geo"])
        name = str(told["primary_column"])
        return name, told["columns"][name]
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None


def _geoparquet(
    source: Source, datum: str | None, wanted: Sequence[str] | None, name: str, told: Mapping[str, Any]
) -> Features:
    path = source.path
    if told.get("encoding") != "WKB":
        raise PlanningError(f"{path.name}: geometries are {told.get('encoding')}, not WKB")
    names = tuple(one for one in source.names if one != name)
    others = [one for one in names if wanted is None or one in wanted or one.strip().lower() in wanted]
    table = source.load([name, *others])
    crs = told.get("crs", "OGC:CRS84")  # the standard's default; null says that nobody knows
    if crs is None and datum is None:
        raise PlanningError(f"{path.name}: does not state the datum of its coordinates: say --datum")
    stated = CRS.from_user_input("OGC:CRS84" if crs is None else crs)
    return _of_wkb(path, names, table.drop_columns([name]), table[name].to_pylist(), stated, datum)


def _geopackage(path: Path, datum: str | None, wanted: Sequence[str] | None) -> Features:
    pyogrio = _pyogrio()
    if not path.is_file():
        raise PlanningError(f"{path}: no such file")
    try:
        layers = pyogrio.list_layers(path)
        if len(layers) != 1:
            raise PlanningError(f"{path.name}: {len(layers)} layers: keep one, {', '.join(layers[:, 0])}")
        names = tuple(pyogrio.read_info(path)["fields"].tolist())
        chosen = [one for one in names if wanted is None or one in wanted or one.strip().lower() in wanted]
        meta, _, geometry, values = pyogrio.raw.read(path, columns=chosen)
    except pyogrio.errors.DataSourceError as error:
        raise PlanningError(f"{path.name}: cannot be read as GeoPackage: {str(error)[:200]}") from error
    if meta["crs"] is None and datum is None:
        raise PlanningError(f"{path.name}: does not state the datum of its coordinates: say --datum")
    table = pa.table({one: pa.array(list(column)) for one, column in zip(meta["fields"], values, strict=True)})
    return _of_wkb(path, names, table, list(geometry), CRS.from_user_input(meta["crs"] or "OGC:CRS84"), datum)


def _pyogrio() -> Any:
    try:
        import pyogrio
        import pyogrio.errors
        import pyogrio.raw
    except ImportError as error:
        raise PlanningError(
            "GeoPackage is read with pyogrio, which is not installed: pip install 'reach180[plan]'"
        ) from error
    return pyogrio


def _of_wkb(
    path: Path, names: tuple[str, ...], table: pa.Table, wkb: list[bytes | None], crs: CRS, datum: str | None
) -> Features:
    if not wkb:
        raise PlanningError(f"{path.name}: no feature")
    shapes = np.array([None if one is None else shapely.from_wkb(one) for one in wkb], dtype=object)
    degrees = shapely.transform(shapes, lambda xy: to_degrees(path, crs, xy, datum))
    return _of_shapes(path, names, table, degrees, word="feature")


def _of_shapes(path: Path, names: tuple[str, ...], table: pa.Table, shapes: Geometries, word: str) -> Features:
    """Points, or polygons; not both, nothing else."""
    kinds = shapely.get_type_id(shapes)
    there = (kinds >= 0) & ~shapely.is_empty(shapes)
    point, areal = (kinds == 0) & there, np.isin(kinds, (3, 6)) & there
    want = point if bool(point.any()) else areal
    for k in np.flatnonzero(there & ~want).tolist():
        told = "Point" if bool(point.any()) else "Polygon"
        raise PlanningError(f"{path.name}: {word} {k + 1}: geometry {shapes[k].geom_type!r} must be a {told}")
    lonlat = np.full((len(shapes), 2), np.nan)
    inner = shapely.point_on_surface(shapes[want])
    lonlat[want] = np.column_stack([shapely.get_x(inner), shapely.get_y(inner)])
    wrong = {
        int(k): f"({lonlat[k, 0]:g}, {lonlat[k, 1]:g}) is no place on the earth"
        for k in np.flatnonzero(want & ~((np.abs(lonlat[:, 0]) <= 180) & (np.abs(lonlat[:, 1]) <= 90)))
    }
    areas = bool(areal.any())
    if areas:
        wrong |= {
            int(k): f"not a simple polygon: {shapely.is_valid_reason(shapes[k])}"
            for k in np.flatnonzero(want & ~shapely.is_valid(shapes))
        }
    polygons = shapes if areas else None
    return Features(path=path, names=names, table=table, lonlat=lonlat, polygons=polygons, wrong=wrong, word=word)


def _geojson(path: Path, datum: str | None, wanted: Sequence[str] | None) -> Features:
    decoded = _decoded(path)
    if isinstance(decoded, dict) and "datum" not in decoded and datum is not None:
        decoded = {**decoded, "datum": parse_datum(datum).value}
    listed = decoded.get("features") if isinstance(decoded, dict) else None
    if listed == []:
        raise PlanningError(f"{path.name}: no feature")
    first = listed[0] if isinstance(listed, list) else None
    geometry = first.get("geometry") if isinstance(first, dict) else None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind in ("Polygon", "MultiPolygon"):
        polygons = parse_polygons(decoded, path.name)
        entries = [one.entry.values for one in polygons if one.part == 1]
        wholes: list[list[shapely.Polygon]] = []
        for one in polygons:
            if one.part == 1:
                wholes.append([])
            wholes[-1].append(shapely.Polygon(one.outline, one.holes))
        shapes = np.array([shapely.union_all(parts) for parts in wholes], dtype=object)
    else:
        points = parse_points(decoded, path.name)
        entries = [one.entry.values for one in points]
        shapes = shapely.points([(p.position.longitude_deg, p.position.latitude_deg) for p in points])
    names = tuple(dict.fromkeys(str(key) for entry in entries for key in entry))
    chosen = [one for one in names if wanted is None or one in wanted or one.strip().lower() in wanted]
    table = pa.table({name: _property([entry.get(name) for entry in entries]) for name in chosen})
    return _of_shapes(path, names, table, np.asarray(shapes, dtype=object), word="feature")


def _property(values: list[object]) -> Any:
    """Numbers where all are, else words."""
    amounts = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(amounts) == sum(v is not None for v in values):
        left = iter(amounts)
        return pa.array([None if v is None else next(left) for v in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _decoded(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PlanningError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise PlanningError(f"{path.name}: not valid JSON: {error}") from error
