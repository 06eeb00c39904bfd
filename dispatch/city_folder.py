"""A city as a folder of plain files, read into a :class:`~dispatch.city.City`.

A folder holds ``city.toml``, ``boundary.geojson``, ``bases.geojson`` and ``drones.csv``, and may hold
``places.geojson``, ``airports.geojson``, ``candidates.geojson``, ``zones.geojson``, ``airframes.toml`` and
``calls.toml``. Whoever wants another city copies a folder and edits it;
``simulator/cities/kunshan/README.md`` says what each file means. Every refusal is a :class:`CityError` that
names the file, the entry and the reason.
"""

import dataclasses
import importlib.resources
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatch.city import CallModel, City, CityError, HotSpot, Place
from dispatch.city_sites import (
    CITY_RADIUS_M,
    airports_of,
    bases_of,
    candidates_of,
    drones_of,
    places_of,
    require_site,
)
from dispatch.demand import CallsError, demand_of
from dispatch.demand import remember as remember_demand
from dispatch.layers import APART_IN_HEIGHT_M
from dispatch.model import LEAST_URGENT, MOST_URGENT, IncidentType, Rules
from dispatch.policies import PolicyError, live_policy_of
from dispatch.terrain_file import read_terrain, require_on_the_ground
from geo.airframe import Airframe, AirframeError, parse_airframes
from geo.airspace import Geozone, Ring
from geo.datum import DatumError, parse_datum, position_of
from geo.formats.read import read_zones
from geo.formats.zone_file import ZoneFileError
from geo.geojson import (
    Entry,
    GeoJSONError,
    PointFeature,
    parse_points,
    parse_polygons,
    unique,
)
from geo.position import Position, PositionError
from geo.terrain import TerrainError, remember
from geo.wind import Wind

MOST_ORBIT_RADIUS_M = 500.0
"""Wider circles show no scene; PX4 flies none above 1000 m (MC_ORBIT_RAD_MAX)."""

HOURS = 24


def find_city(name_or_path: str | Path) -> Path:
    """The folder of a city: a path to one, or the name of one that comes with the program ("kunshan").

    Raises :class:`CityError` that lists the names that would do.
    """
    path = Path(name_or_path)
    if (path / "city.toml").is_file():
        return path
    built_in = Path(str(importlib.resources.files("simulator"))) / "cities"
    names = sorted(folder.name for folder in built_in.glob("*") if (folder / "city.toml").is_file())
    if str(name_or_path) in names:
        return built_in / str(name_or_path)
    raise CityError(
        f"no city {str(name_or_path)!r}: neither a folder with a city.toml nor one of {', '.join(names) or '(none)'}"
    )


def load_city(folder: Path) -> City:
    """The city described by the files of ``folder``. Raises :class:`CityError`."""
    try:
        return _load(folder)
    except (TerrainError, GeoJSONError, ZoneFileError, PositionError) as error:
        raise CityError(str(error)) from error


def _load(folder: Path) -> City:
    table = _toml(folder, "city.toml").allow(
        ("id", "name", "name_zh", "centre", "ground_amsl_m", "time_zone", "weather", "rules", "types", "terrain")
    )
    centre = _centre(_table(table, "centre"))
    ground_amsl_m = table.number("ground_amsl_m", low=-500, high=9000)
    weather = _table(table, "weather", {}).allow(
        ("wind_mps", "wind_from_deg", "gust_mps", "rain_mm_h", "temperature_c")
    )
    rules = _rules(_table(table, "rules", {}))
    airframes = _airframes(folder)
    types = _types(table, {sensor for airframe in airframes.values() for sensor in airframe.sensors})
    zones = _zones(folder, centre)
    places = places_of(_points(folder, "places.geojson", centre))
    bases = bases_of(_points(folder, "bases.geojson", centre, needed=True), ground_amsl_m)
    candidates = candidates_of(_points(folder, "candidates.geojson", centre))
    terrain = read_terrain(folder, _table(table, "terrain")) if "terrain" in table.values else None
    if terrain is not None:
        require_on_the_ground(bases.values(), terrain)
    for name, position in (
        *((f"bases.geojson: base {base.id!r}", base.position) for base in bases.values()),
        *((f"candidates.geojson: candidate {c.id!r}", c.position) for c in candidates),
    ):
        require_site(name, position, centre, zones, rules.cruise_height_m, ground_amsl_m)
    city = City(
        id=table.text("id"),
        name=table.text("name"),
        name_zh=table.text("name_zh"),
        centre=centre,
        ground_amsl_m=ground_amsl_m,
        time_zone=_time_zone(table),
        boundary=_boundary(folder, centre),
        places=places,
        airports=airports_of(_points(folder, "airports.geojson", centre)),
        candidates=candidates,
        bases=bases,
        drones=drones_of(_read(folder, "drones.csv"), airframes, bases),
        zones=zones,
        airframes=airframes,
        types=types,
        rules=rules,
        wind=Wind(
            weather.number("wind_mps", 0.0, low=0, high=100),
            weather.number("wind_from_deg", 0.0),
            weather.number("gust_mps", 0.0, low=0, high=150),
        ),
        rain_mm_h=weather.number("rain_mm_h", 0.0, low=0),
        temperature_c=weather.number("temperature_c", 20.0, low=-60, high=60),
        calls=_call_model(folder, types, {place.id: place for place in places}),
        terrain="" if terrain is None else remember(terrain),
    )
    return _with_demand(city, table)


def _with_demand(city: City, table: Entry) -> City:
    """The same with its demand, where the city's policy weighs it."""
    try:
        if not live_policy_of(city.rules.policy).weighs:
            return city
        return dataclasses.replace(city, demand=remember_demand(demand_of(city)))
    except (PolicyError, CallsError) as error:
        raise table.fail(f"[rules] policy = {city.rules.policy!r}: {error}") from error


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CityError(f"{name}: no such file in {folder}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CityError(f"{name}: {error}") from error


def _toml(folder: Path, name: str) -> Entry:
    try:
        return Entry(name, tomllib.loads(_read(folder, name)), CityError)
    except tomllib.TOMLDecodeError as error:
        raise CityError(f"{name}: not valid TOML: {error}") from error


_NOTHING: Mapping[str, object] = {"type": "FeatureCollection", "datum": "WGS-84", "features": []}


def _json(folder: Path, name: str, *, needed: bool) -> object:
    if not needed and not (folder / name).exists():
        return _NOTHING
    try:
        return json.loads(_read(folder, name))
    except json.JSONDecodeError as error:
        raise CityError(f"{name}: not valid JSON: {error}") from error


def _points(folder: Path, name: str, centre: Position, *, needed: bool = False) -> tuple[PointFeature, ...]:
    points = parse_points(_json(folder, name, needed=needed), name, centre)
    unique((point.entry.text("id"), point.entry) for point in points)
    return points


def _table(parent: Entry, key: str, default: Mapping[str, object] | None = None) -> Entry:
    value = parent.values.get(key, default)
    if not isinstance(value, Mapping):
        raise parent.fail(f"[{key}] is missing" if value is None else f"{key} = {value!r} must be a table")
    return Entry(f"{parent.where}: [{key}]", value, parent.error)


def _centre(table: Entry) -> Position:
    table.allow(("longitude_deg", "latitude_deg", "datum"))
    stated = table.values.get("datum")
    try:
        datum = parse_datum(stated if stated is None or isinstance(stated, str) else repr(stated))
        return position_of(table.number("longitude_deg"), table.number("latitude_deg"), datum)
    except (DatumError, PositionError) as error:
        raise table.fail(str(error)) from error


def _time_zone(table: Entry) -> str:
    name = table.text("time_zone")
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise table.fail(f"time_zone = {name!r} is not a time zone of the IANA database") from error


def _rules(table: Entry) -> Rules:
    defaults = {field.name: field.default for field in dataclasses.fields(Rules)}
    heights = dict.fromkeys(("lowest_height_m", "cruise_height_m", "highest_height_m"), (5.0, 500.0))
    limits = {"promise_s": (1.0, 3600.0), "ready_battery_share": (0.0, 1.0), "layer_step_m": (APART_IN_HEIGHT_M, 100.0)}
    limits |= heights
    table.allow(tuple(defaults))
    values: dict[str, Any] = {}  # each read as the type of its default
    for key in table.values:
        low, high = limits.get(key, (0.0, 1e6))
        words = isinstance(defaults[key], str)
        values[key] = table.text(key) if words else table.number(key, low=low, high=high)
    rules = Rules(**values)
    in_order = [h for h in (rules.lowest_height_m, rules.cruise_height_m, rules.highest_height_m) if h is not None]
    if in_order != sorted(in_order):
        raise table.fail(f"heights {in_order} must rise from lowest_height_m over cruise_height_m to highest_height_m")
    return rules


def _types(table: Entry, sensors: set[str]) -> dict[str, IncidentType]:
    listed = table.values.get("types")
    if not isinstance(listed, list) or not listed:
        raise table.fail("[[types]] is missing: a city needs a type of incident")
    types: dict[str, IncidentType] = {}
    for number, item in enumerate(listed, start=1):
        entry = Entry(f"{table.where}: [[types]] {number}", item if isinstance(item, Mapping) else {}, CityError)
        code = entry.allow(("code", "name_en", "name_zh", "priority", "needs", "watch_s", "orbit_radius_m")).text(
            "code"
        )
        if code in types:
            raise entry.fail(f"code {code!r} is taken by another type")
        needs = entry.values.get("needs", ["visible"])
        if not isinstance(needs, list) or not needs or not all(isinstance(need, str) for need in needs):
            raise entry.fail(f"needs = {needs!r} must be a list of sensors")
        for need in needs:
            if need not in sensors:
                raise entry.fail(f"no airframe carries {need!r}; known are {', '.join(sorted(sensors))}")
        types[code] = IncidentType(
            code=code,
            name_en=entry.text("name_en"),
            name_zh=entry.text("name_zh"),
            priority=entry.whole("priority", low=MOST_URGENT, high=LEAST_URGENT),
            needs=tuple(needs),
            watch_s=entry.number("watch_s", 300.0, low=0, high=86_400),
            orbit_radius_m=entry.number("orbit_radius_m", 0.0, low=0, high=MOST_ORBIT_RADIUS_M),
        )
    return types


def builtin_airframes() -> dict[str, Airframe]:
    """The airframes that come with reach180, by name."""
    return parse_airframes((importlib.resources.files("geo") / "airframes.toml").read_text(encoding="utf-8"))


def _airframes(folder: Path) -> dict[str, Airframe]:
    """The airframes that come with the program, and over them those of the city."""
    shipped = builtin_airframes()
    if not (folder / "airframes.toml").exists():
        return shipped
    try:
        return shipped | parse_airframes(_read(folder, "airframes.toml"))
    except AirframeError as error:
        raise CityError(f"airframes.toml: {error}") from error


def _boundary(folder: Path, centre: Position) -> tuple[Ring, ...]:
    polygons = parse_polygons(_json(folder, "boundary.geojson", needed=True), "boundary.geojson", centre)
    if not polygons:
        raise CityError("boundary.geojson: no polygon")
    for polygon in polygons:
        if polygon.holes:
            raise polygon.entry.fail("a boundary has no holes")
    return tuple(polygon.outline for polygon in polygons)


def _zones(folder: Path, centre: Position) -> dict[str, Geozone]:
    """The geozones of ``zones.*`` and of all files in ``zones/``, of any format; by id."""
    files = [*sorted(folder.glob("zones.*")), *sorted((folder / "zones").glob("[!.]*"))]
    zones: dict[str, Geozone] = {}
    origin: dict[str, str] = {}
    for file in files:
        where = file.relative_to(folder).as_posix()
        for zone in read_zones(_content(file, where), where, near=centre).zones:
            if zone.id in zones:
                raise CityError(f"{where}: id {zone.id!r} is taken by a zone of {origin[zone.id]}")
            zones[zone.id], origin[zone.id] = zone, where
    return zones


def _content(file: Path, where: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CityError(f"{where}: cannot be read: {error.strerror}") from error


def _call_model(folder: Path, types: Mapping[str, IncidentType], places: Mapping[str, Place]) -> CallModel | None:
    if not (folder / "calls.toml").exists():
        return None
    table = _toml(folder, "calls.toml").allow(
        ("calls_per_day", "hour_weights", "type_weights", "hot_spots", "background_weight")
    )
    hours = table.values.get("hour_weights")
    if not isinstance(hours, list) or len(hours) != HOURS:
        raise table.fail("hour_weights must be a list of 24 numbers, for the hours 00 to 23 of local time")
    hour = Entry(f"{table.where}: hour_weights", {f"{h:02d} h": weight for h, weight in enumerate(hours)}, CityError)
    mix = _table(table, "type_weights").allow(tuple(types))
    listed = table.values.get("hot_spots", [])
    if not isinstance(listed, list):
        raise table.fail("hot_spots must be a list of tables")
    model = CallModel(
        calls_per_day=table.number("calls_per_day", low=0, high=1e6),
        hour_weights=tuple(hour.number(key, low=0) for key in hour.values),
        type_weights={code: mix.number(code, low=0) for code in mix.values},
        hot_spots=tuple(_hot_spot(n, item, places) for n, item in enumerate(listed, start=1)),
        background_weight=table.number("background_weight", low=0),
    )
    for name, total in (
        ("hour_weights", sum(model.hour_weights)),
        ("type_weights", sum(model.type_weights.values())),
        ("hot_spots and background_weight", model.background_weight + sum(s.weight for s in model.hot_spots)),
    ):
        if total <= 0:
            raise table.fail(f"{name}: all weights are 0")
    return model


def _hot_spot(number: int, item: object, places: Mapping[str, Place]) -> HotSpot:
    entry = Entry(f"calls.toml: [[hot_spots]] {number}", item if isinstance(item, Mapping) else {}, CityError)
    place_id = entry.allow(("place_id", "weight", "radius_m")).text("place_id")
    if place_id not in places:
        raise entry.fail(f"unknown place {place_id!r}; known are {', '.join(places) or '(none)'}")
    return HotSpot(
        place_id=place_id,
        position=places[place_id].position,
        weight=entry.number("weight", low=0),
        radius_m=entry.number("radius_m", low=1, high=CITY_RADIUS_M),
    )
