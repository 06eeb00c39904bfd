"""A city folder made out of data: sites of bases, a boundary, records of calls.

What the data tell is taken from them; what they leave open gets a plain default that the folder's README names,
so that whoever reads it knows what to replace. There are no geozones: none are known.

Where bases are only counted, they stand at the centres of that many clusters of the calls (k-means: Lloyd, IEEE
Transactions on Information Theory 28, 1982; seeded as k-means++). That is a start to plan from, not a plan: it
minimises squared distances and knows neither promise nor airspace.
"""

import csv
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from scipy.cluster.vq import kmeans2

from dispatch.city import City, CityError
from dispatch.city_folder import find_city, load_city
from geo.datum import Datum, DatumError, parse_datum, position_of
from geo.frame import LocalFrame
from geo.geojson import GeoJSONError, parse_polygons
from geo.position import Position, PositionError
from simulator.fit_calls import fit_hour_weights
from simulator.local_time import days_covered, local_s
from simulator.record_words import COLUMNS
from simulator.records import Records

MOST_DRONES = 254
"""MAVLink system ids."""

_WORDS_ZH = {"Base": "基地", "Candidate": "候选点"}
_HOT_SPOTS = 12
_BACKGROUND_SHARE = 0.1
_HULL_MARGIN_M = 500.0
_CLUSTERED_AT_MOST = 50_000
_MOST_CORNERS = 2_000
_GRID_DEG = 1e-6  # a tenth of a metre


class CityDataError(ValueError):
    """Data that make no city; the message names the file, the row and the reason."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a base stands or could stand. ``docks`` is ``None`` where the data do not tell."""

    id: str
    name: str
    name_zh: str
    position: Position
    docks: int | None = None


def make_city(
    folder: Path,
    *,
    city_id: str,
    name: str,
    time_zone: str,
    bases: Path | int,
    calls: Records | None = None,
    boundary: Path | None = None,
    candidates: Path | None = None,
    name_zh: str | None = None,
    centre: Position | None = None,
    airframe: str = "dock-quad",
    drones_per_base: int = 1,
    ground_amsl_m: float = 0.0,
    datum: Datum | str | None = None,
    seed: int = 0,
) -> City:
    """Write the city into ``folder``, which must not exist or be empty, and load it.

    ``bases`` is a CSV (:func:`read_sites`) or a number of clusters of ``calls``; ``boundary`` is GeoJSON or
    GeoParquet, or else the convex hull of calls and bases, 500 m wider. ``datum`` is that of files that do not
    state theirs (CSV never does). The centre is the boundary's centroid unless told. ``calls.toml`` is fitted to
    ``calls``. Deterministic for a ``seed``. ``folder`` appears whole or not at all.

    Raises :class:`CityDataError`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CityDataError(f"{folder}: is there already; name a new folder")
    if drones_per_base < 1:
        raise CityDataError(f"drones_per_base = {drones_per_base} must be 1 or more")
    if calls is not None and len(calls) == 0:
        raise CityDataError(f"{calls.source.name}: no calls were kept")
    sites = _clustered(bases, calls, seed) if isinstance(bases, int) else read_sites(bases, datum=datum)
    if len(sites) * drones_per_base > MOST_DRONES:
        raise CityDataError(
            f"{len(sites)} bases with {drones_per_base} drones each are more than the {MOST_DRONES} "
            "that MAVLink can tell apart"
        )
    outline = _hull(sites, calls) if boundary is None else read_boundary(boundary, datum=datum)
    middle = centre or _rounded(outline.centroid.x, outline.centroid.y)
    try:
        texts = {
            "city.toml": _city_toml(city_id, name, name_zh or name, middle, ground_amsl_m, time_zone),
            "boundary.geojson": _boundary_geojson(outline, name, name_zh or name),
            "bases.geojson": _sites_geojson(sites, docks=drones_per_base),
            "drones.csv": _drones_csv(sites, airframe, drones_per_base),
            "zones.geojson": _collection((), note="None are known. Add yours before anything flies."),
            "README.md": _readme(name, bases, boundary, calls),
        }
        if candidates is not None:
            texts["candidates.geojson"] = _sites_geojson(read_sites(candidates, datum=datum, word="Candidate"))
        if calls is not None:
            texts |= _call_model(calls, time_zone, LocalFrame(middle), seed)
        return _write(folder, texts)
    except (CityError, OSError) as error:
        raise CityDataError(f"{folder.name}: {error}") from error


def _write(folder: Path, texts: Mapping[str, str]) -> City:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for file, text in texts.items():
            (made / file).write_text(text, encoding="utf-8")
        city = load_city(made)
        made.chmod(0o755)  # temporary folders are private
        made.replace(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return city


# --- what is read ---


def read_sites(path: Path, *, datum: Datum | str | None, word: str = "Base") -> tuple[Site, ...]:
    """Sites out of a CSV with columns for longitude and latitude (spelt as in :data:`simulator.record_words.COLUMNS`),
    and perhaps ``id``, ``name``, ``name_zh`` and ``docks``, in file order.

    An id of digits gets the first letter of ``word`` before it; a site without a name is called ``word`` and its id.
    Raises :class:`CityDataError`.
    """
    try:
        measured_in = parse_datum(datum)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except DatumError as error:
        raise CityDataError(f"{path.name}: {error}") from error
    except UnicodeDecodeError as error:
        raise CityDataError(f"{path.name}: is not CSV in UTF-8") from error
    except OSError as error:
        raise CityDataError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        rows = list(csv.DictReader(lines))
    except csv.Error as error:
        raise CityDataError(f"{path.name}: not readable as CSV: {error}") from error
    if not rows:
        raise CityDataError(f"{path.name}: no sites")
    columns = {(name or "").strip().lower(): name for name in rows[0] if name is not None}
    places = [next((columns[s] for s in COLUMNS[key] if s in columns), None) for key in ("longitude", "latitude")]
    if None in places:
        raise CityDataError(f"{path.name}: no columns of longitude and latitude; there are {', '.join(columns)}")
    sites: dict[str, Site] = {}
    for number, row in enumerate(rows, start=1):
        told = {key: str(row[column] or "").strip() for key, column in columns.items()}
        site_id = told.get("id") or str(number)
        if site_id.isdecimal():
            site_id = f"{word[0]}{int(site_id):02d}"
        try:
            lon, lat = (float(row[str(place)] or "") for place in places)
            sites[_new(site_id, sites)] = Site(
                id=site_id,
                name=told.get("name") or f"{word} {site_id}",
                name_zh=told.get("name_zh") or told.get("name") or f"{_WORDS_ZH.get(word, word)} {site_id}",
                position=position_of(lon, lat, measured_in),
                docks=int(told["docks"]) if told.get("docks") else None,
            )
        except (ValueError, PositionError, DatumError) as error:
            raise CityDataError(f"{path.name}: row {number} ({site_id}): {error}") from error
    return tuple(sites.values())


def _new(site_id: str, taken: Mapping[str, Site]) -> str:
    if site_id in taken:
        raise ValueError("the id is taken by an earlier row")
    return site_id


def read_boundary(path: Path, *, datum: Datum | str | None = None) -> shapely.MultiPolygon:
    """The area of all polygons of a GeoJSON or GeoParquet file, WGS-84, its holes filled.

    GeoJSON states its datum in a member ``"datum"``, or ``datum`` does; GeoParquet states its reference system,
    any that PROJ knows. Raises :class:`CityDataError`.
    """
    try:
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
        shapes = _geoparquet(path) if parquet else _geojson(path, datum)
    except (OSError, pa.ArrowException, shapely.errors.GEOSException, CRSError, GeoJSONError, ValueError) as error:
        raise CityDataError(f"{path.name}: {error}") from error
    parts = [part for part in shapely.get_parts(shapely.make_valid(shapely.union_all(shapes))) if part.area > 0]
    if not parts:
        raise CityDataError(f"{path.name}: no polygon")
    return _plain(parts)


def _geojson(path: Path, datum: Datum | str | None) -> list[Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"neither GeoParquet nor GeoJSON: {error}") from error
    if not isinstance(read, dict):
        raise ValueError("neither GeoParquet nor GeoJSON")
    stated = read.get("datum", None if datum is None else parse_datum(datum).value)
    if read.get("type") in ("Polygon", "MultiPolygon"):
        read = {"type": "Feature", "geometry": read}
    if read.get("type") == "Feature":
        read = {"type": "FeatureCollection", "features": [read]}
    features = [
        {**feature, "properties": feature.get("properties") or {}} if isinstance(feature, dict) else feature
        for feature in read.get("features") or ()
    ]
    polygons = parse_polygons({**read, "datum": stated, "features": features}, path.name)
    return [shapely.Polygon(polygon.outline, polygon.holes) for polygon in polygons]


def _geoparquet(path: Path) -> Any:
    schema = pq.read_schema(path)
    described = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    name = described.get("primary_column")
    if name is None:
        raise ValueError("a Parquet file without geometry (GeoParquet metadata)")
    column = described.get("columns", {}).get(name, {})
    if column.get("encoding") != "WKB":
        raise ValueError(f"geometry encoded as {column.get('encoding')!r}, not WKB")
    shapes = shapely.from_wkb(pq.read_table(path, columns=[name])[name].to_numpy())
    system = CRS.from_user_input(column.get("crs") or "OGC:CRS84")
    to_degrees = Transformer.from_crs(system, CRS("OGC:CRS84"), always_xy=True)
    return shapely.transform(shapes, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])))


def _plain(parts: Iterable[Any]) -> shapely.MultiPolygon:
    """Outlines without holes, of a tenth of a metre and at most so many corners."""
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in parts if part.geom_type == "Polygon"])
    tolerance_deg = 1e-5
    simple = filled
    while shapely.get_num_coordinates(simple) > _MOST_CORNERS and tolerance_deg < 0.1:
        simple = shapely.simplify(filled, tolerance_deg)
        tolerance_deg *= 2
    rounded = shapely.set_precision(simple, _GRID_DEG)
    polygons = [shapely.Polygon(part.exterior) for part in shapely.get_parts(rounded) if part.area > 0]
    return shapely.MultiPolygon(polygons)


# --- what is made out of calls ---


def _xy(calls: Records, frame: LocalFrame) -> NDArray[np.float64]:
    return frame.to_xy(calls.longitude_deg, calls.latitude_deg)


def _middle(calls: Records) -> LocalFrame:
    return LocalFrame(Position(float(np.median(calls.longitude_deg)), float(np.median(calls.latitude_deg))))


def _clusters(xy: NDArray[np.float64], count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Centres of so many clusters, from the largest to the smallest, and the cluster of every point."""
    chance = np.random.default_rng(seed)
    some = xy if len(xy) <= _CLUSTERED_AT_MOST else chance.choice(xy, _CLUSTERED_AT_MOST, replace=False)
    distinct = np.unique(some, axis=0)
    if len(distinct) <= count:
        centres = distinct
    else:
        centres, _ = kmeans2(some, count, iter=50, minit="++", rng=chance, missing="warn")
    nearest = np.asarray(shapely.STRtree(np.asarray(shapely.points(centres))).nearest(shapely.points(xy)))
    sizes = np.bincount(nearest, minlength=len(centres))
    order = np.argsort(-sizes, kind="stable")
    return centres[order], np.argsort(order)[nearest]


def _clustered(count: int, calls: Records | None, seed: int) -> tuple[Site, ...]:
    if calls is None:
        raise CityDataError("bases given by number stand where calls are: give calls, or a CSV of bases")
    if not 1 <= count <= MOST_DRONES:
        raise CityDataError(f"bases = {count} must be from 1 to {MOST_DRONES}")
    frame = _middle(calls)
    centres, _ = _clusters(_xy(calls, frame), count, seed)
    if len(centres) < count:
        raise CityDataError(f"{calls.source.name}: {count} bases, but calls at {len(centres)} places only")
    return tuple(
        Site(id=f"B{n:02d}", name=f"Base {n}", name_zh=f"{n}号基地", position=_rounded(lon, lat))
        for n, (lon, lat) in enumerate(frame.to_lonlat(centres).tolist(), start=1)
    )


def _hull(sites: Sequence[Site], calls: Records | None) -> shapely.MultiPolygon:
    places = np.array([(site.position.longitude_deg, site.position.latitude_deg) for site in sites])
    if calls is not None:
        places = np.vstack([places, np.column_stack([calls.longitude_deg, calls.latitude_deg])])
    frame = LocalFrame(Position(*np.median(places, axis=0).tolist()))
    hull = shapely.MultiPoint(frame.to_xy(places[:, 0], places[:, 1])).convex_hull.buffer(_HULL_MARGIN_M, quad_segs=4)
    return _plain([shapely.transform(hull, frame.to_lonlat)])


def _call_model(calls: Records, time_zone: str, frame: LocalFrame, seed: int) -> dict[str, str]:
    """``calls.toml`` and the places that its hot spots refer to."""
    try:
        shown_s = local_s(calls.at_s, ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CityDataError(f"time_zone = {time_zone!r} is not a time zone of the IANA database") from error
    days = len(days_covered(shown_s))
    hours = fit_hour_weights((shown_s // 3600 % 24).astype(np.int64))
    codes = np.array([code for code, _ in calls.kinds])[calls.kind]
    types = dict(zip(*(column.tolist() for column in np.unique(codes, return_counts=True)), strict=True))
    xy = _xy(calls, frame)
    centres, which = _clusters(xy, _HOT_SPOTS, seed)
    lines = [
        f"# Fitted to {len(calls)} calls of {calls.source.name} on {days} days; the background is assumed.",
        "",
        f"calls_per_day = {len(calls) / days:.2f}",
        f"hour_weights = [{', '.join(f'{weight:.3f}' for weight in hours)}]",
        f"background_weight = {_BACKGROUND_SHARE}",
        "",
        "[type_weights]",
        *(f"{_quoted(code)} = {count}" for code, count in types.items()),
    ]
    places = []
    for n, (lon, lat) in enumerate(frame.to_lonlat(centres).tolist(), start=1):
        near = xy[which == n - 1]
        spread_m = float(np.sqrt(np.mean(np.sum((near - centres[n - 1]) ** 2, axis=1)) / 2)) if len(near) else 0.0
        share = (1 - _BACKGROUND_SHARE) * len(near) / len(xy)
        lines += ["", "[[hot_spots]]", f'place_id = "area-{n}"', f"weight = {share:.4f}"]
        lines.append(f"radius_m = {max(50.0, spread_m):.0f}")
        properties = {"id": f"area-{n}", "name": f"Area {n}", "name_zh": f"片区{n}"}
        places.append(_point(_rounded(lon, lat), properties))
    return {
        "calls.toml": "\n".join(lines) + "\n",
        "places.geojson": _collection(places, note="Centres of clusters of the calls; rename them."),
    }


# --- what is written ---


def _rounded(lon: float, lat: float) -> Position:
    return Position(round(lon, 6), round(lat, 6))


def _quoted(text: str) -> str:
    """A TOML basic string; JSON writes the same."""
    return json.dumps(text, ensure_ascii=False)


def _city_toml(city_id: str, name: str, name_zh: str, centre: Position, ground_amsl_m: float, time_zone: str) -> str:
    lines = [
        f"id = {_quoted(city_id)}",
        f"name = {_quoted(name)}",
        f"name_zh = {_quoted(name_zh)}",
        f"ground_amsl_m = {float(ground_amsl_m)}",
        f"time_zone = {_quoted(time_zone)}",
        "",
        "[centre]",
        f"longitude_deg = {centre.longitude_deg}",
        f"latitude_deg = {centre.latitude_deg}",
        'datum = "WGS-84"',
    ]
    for kind in load_city(find_city("kunshan")).types.values():
        lines += [
            "",
            "[[types]]",
            f"code = {_quoted(kind.code)}",
            f"name_en = {_quoted(kind.name_en)}",
            f"name_zh = {_quoted(kind.name_zh)}",
            f"priority = {kind.priority}",
            f"needs = [{', '.join(map(_quoted, kind.needs))}]",
            f"watch_s = {kind.watch_s:g}",
            *([f"orbit_radius_m = {kind.orbit_radius_m:g}"] if kind.orbit_radius_m else []),
        ]
    return "\n".join(lines) + "\n"


def _boundary_geojson(outline: shapely.MultiPolygon, name: str, name_zh: str) -> str:
    geometry = shapely.geometry.mapping(outline)
    return _collection([{"type": "Feature", "properties": {"name": name, "name_zh": name_zh}, "geometry": geometry}])


def _sites_geojson(sites: Sequence[Site], docks: int | None = None) -> str:
    return _collection(
        _point(
            site.position,
            {"id": site.id, "name": site.name, "name_zh": site.name_zh}
            | ({} if docks is None else {"docks": max(docks, site.docks or 0)}),
        )
        for site in sites
    )


def _drones_csv(sites: Sequence[Site], airframe: str, drones_per_base: int) -> str:
    lines = ["id,airframe,base_id,system_id"]
    for site in sites:
        for _ in range(drones_per_base):
            lines.append(f"D{len(lines):02d},{airframe},{site.id},{len(lines)}")
    return "\n".join(lines) + "\n"


def _point(position: Position, properties: Mapping[str, object]) -> dict[str, object]:
    coordinates = [position.longitude_deg, position.latitude_deg]
    return {
        "type": "Feature",
        "properties": dict(properties),
        "geometry": {"type": "Point", "coordinates": coordinates},
    }


def _collection(features: Iterable[Mapping[str, object]], note: str | None = None) -> str:
    """GeoJSON with a line for each feature, to be edited by hand."""
    head = ['  "type": "FeatureCollection",', f'  "datum": "{Datum.WGS84.value}",']
    if note is not None:
        head.append(f'  "note": {_quoted(note)},')
    written = ",\n".join(f"    {json.dumps(feature, ensure_ascii=False)}" for feature in features)
    return "\n".join(["{", *head, '  "features": [', *([written] if written else []), "  ]", "}"]) + "\n"


def _readme(name: str, bases: Path | int, boundary: Path | None, calls: Records | None) -> str:
    from_calls = "not given: there is no calls.toml" if calls is None else f"`{calls.source.name}`, {len(calls)} calls"
    outline = "hull of calls and bases, 500 m wider" if boundary is None else f"`{boundary.name}`"
    stand = f"centres of {bases} clusters of the calls" if isinstance(bases, int) else f"`{bases.name}`"
    return f"""# {name}

| what | where from |
|---|---|
| boundary | {outline} |
| bases | {stand} |
| how calls come | {from_calls} |
| types of incident, rules | those of the demonstration city: check them |
| geozones | none are known: add yours before anything flies |
| fleet | assumed |

What each file means: README of the demonstration city, `simulator/cities/kunshan/`.
"""
