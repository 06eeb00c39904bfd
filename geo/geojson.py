"""GeoJSON (RFC 7946) read strictly: points, polygons and circles out of a decoded object.

Text is decoded by the caller; here values go in and values come out. Every collection must *state* its datum
in a member ``"datum"`` beside ``"features"`` ("WGS-84", "GCJ-02" or "BD-09"), although the RFC says WGS-84:
files in circulation label GCJ-02 coordinates as WGS-84, and only a statement made on purpose can be believed.

Every refusal is a :class:`GeoJSONError` that names the file, the feature and the reason.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import shapely
from shapely.validation import explain_validity

from geo.airspace import Area, Circle, Ring
from geo.datum import Datum, DatumError, parse_datum, to_wgs84
from geo.frame import inverse
from geo.position import Position, PositionError

FAR_M = 500_000.0
"""A coordinate farther than this from where the data should lie is an error, most likely a swapped pair."""

LEAST_RADIUS_M = 1.0
"""A circle smaller than this is no ground that anybody closes: most likely its radius is missing."""


class GeoJSONError(ValueError):
    """GeoJSON that cannot be used; the message names the file, the feature and the reason."""


@dataclass(frozen=True)
class Entry:
    """One table of named values, read strictly; whatever is missing, unknown or wrong is named with
    ``where``.

    Reads the properties of a feature here, and tables of TOML and rows of CSV in ``dispatch.city``. ``error``
    is the exception raised.
    """

    where: str
    values: Mapping[str, object]
    error: Callable[[str], Exception] = GeoJSONError

    def fail(self, why: str) -> Exception:
        """The error to raise about this entry."""
        return self.error(f"{self.where}: {why}")

    def allow(self, known: Collection[str]) -> "Entry":
        """Itself; raises for a key that is not ``known``, since a misspelt key would be silently without
        effect."""
        for key in self.values:
            if key not in known:
                raise self.fail(f"unknown key {key!r}; known are {', '.join(known)}")
        return self

    def text(self, key: str, default: str | None = None) -> str:
        """Text that is not empty."""
        value = self.values.get(key, default)
        if value is None:
            raise self.fail(f"{key} is missing")
        if not isinstance(value, str) or not value.strip():
            raise self.fail(f"{key} = {value!r} must be text, and not empty")
        return value

    def number(
        self, key: str, default: float | None = None, *, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """A finite number in [low, high]."""
        value = self.values.get(key, default)
        if value is None:
            raise self.fail(f"{key} is missing")
        if not _is_finite(value):
            raise self.fail(f"{key} = {value!r} must be a finite number")
        if not low <= value <= high:
            raise self.fail(f"{key} = {value} must be in [{low}, {high}]")
        return float(value)

    def number_or_none(self, key: str) -> float | None:
        """A finite number, ``None`` where it is null or not given."""
        return None if self.values.get(key) is None else self.number(key)

    def whole(self, key: str, default: int | None = None, *, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self.number(key, default, low=low, high=high)
        if value != int(value):
            raise self.fail(f"{key} = {value} must be a whole number")
        return int(value)


@dataclass(frozen=True, slots=True)
class PointFeature:
    """A point with its properties, still to be understood by whoever asked for it."""

    entry: Entry
    position: Position


@dataclass(frozen=True, slots=True)
class PolygonFeature:
    """One polygon with its properties. The parts of a MultiPolygon are features of their own, numbered from
    1."""

    entry: Entry
    outline: Ring
    holes: tuple[Ring, ...]
    part: int
    parts: int


@dataclass(frozen=True, slots=True)
class GroundFeature:
    """Ground with its properties: one polygon (parts as :class:`PolygonFeature`), or a circle."""

    entry: Entry
    ground: Area | Circle
    part: int
    parts: int


def parse_points(obj: object, where: str, near: Position | None = None) -> tuple[PointFeature, ...]:
    """The Point features of a FeatureCollection, WGS-84, in file order.

    ``where`` names the source in errors. With ``near``, a coordinate more than :data:`FAR_M` from it is
    refused: the only way to find a swapped pair where both orders are places on the earth.
    """
    found = []
    for feature, geometry, read in _features(obj, where, near):
        if geometry.get("type") != "Point":
            raise feature.fail(f"geometry {geometry.get('type')!r} must be a Point")
        found.append(PointFeature(feature, Position(*read([geometry.get("coordinates")])[0])))
    return tuple(found)


def parse_polygons(obj: object, where: str, near: Position | None = None) -> tuple[PolygonFeature, ...]:
    """The Polygon and MultiPolygon features of a FeatureCollection, WGS-84, in file order; see
    :func:`parse_points`.

    A ring is closed and has three corners or more; a polygon does not cross itself, its holes lie within it.
    """
    found: list[PolygonFeature] = []
    for feature, geometry, read in _features(obj, where, near):
        if geometry.get("type") not in ("Polygon", "MultiPolygon"):
            raise feature.fail(f"geometry {geometry.get('type')!r} must be a Polygon or a MultiPolygon")
        found += _polygons(feature, geometry, read)
    return tuple(found)


def parse_grounds(obj: object, where: str, near: Position | None = None) -> tuple[GroundFeature, ...]:
    """Polygons as :func:`parse_polygons` gives them, and circles: a Point whose properties state ``radius_m``."""
    found: list[GroundFeature] = []
    for feature, geometry, read in _features(obj, where, near):
        match geometry.get("type"):
            case "Point":
                radius_m = feature.number("radius_m", low=LEAST_RADIUS_M, high=FAR_M)
                centre = Position(*read([geometry.get("coordinates")])[0])
                found.append(GroundFeature(feature, Circle(centre=centre, radius_m=radius_m), 1, 1))
            case "Polygon" | "MultiPolygon":
                if feature.values.get("radius_m") is not None:
                    raise feature.fail("radius_m belongs to a Point, not to a polygon")
                found += [
                    GroundFeature(feature, Area(outline=one.outline, holes=one.holes), one.part, one.parts)
                    for one in _polygons(feature, geometry, read)
                ]
            case other:
                raise feature.fail(f"geometry {other!r} must be a Polygon, a MultiPolygon, or a Point with radius_m")
    return tuple(found)


def area_of(entry: Entry, rings: object, datum: Datum = Datum.WGS84, near: Position | None = None) -> Area:
    """The polygon of a geometry's ``rings`` as another format holds them; raises ``entry``'s error."""
    if not isinstance(rings, list) or not rings:
        raise entry.fail("a polygon without rings")
    read = _reader(entry, datum, near)
    outline, *holes = (_ring(entry, ring, number, read) for number, ring in enumerate(rings))
    _require_valid(entry, (outline, *holes))
    return Area(outline=outline, holes=tuple(holes))


def place_of(entry: Entry, pair: object, datum: Datum = Datum.WGS84, near: Position | None = None) -> Position:
    """The place of a ``[longitude, latitude]`` as another format holds it; raises ``entry``'s error."""
    return Position(*_reader(entry, datum, near)([pair])[0])


def unique(entries: Iterable[tuple[str, Entry]]) -> None:
    """Raises for an id that two entries share."""
    seen: set[str] = set()
    for key, entry in entries:
        if key in seen:
            raise entry.fail(f"id {key!r} is taken by another entry")
        seen.add(key)


def _is_finite(value: object) -> TypeGuard[float]:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


_Reader = Callable[[list[object]], list[tuple[float, float]]]
"""Coordinate pairs as they stand in the file → WGS-84 (longitude, latitude)."""


def _polygons(feature: Entry, geometry: Mapping[str, object], read: _Reader) -> list[PolygonFeature]:
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if geometry.get("type") == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        raise feature.fail("a MultiPolygon without polygons")
    found = []
    for part, polygon in enumerate(polygons, start=1):
        if not isinstance(polygon, list) or not polygon:
            raise feature.fail(f"polygon {part} has no rings")
        rings = tuple(_ring(feature, ring, number, read) for number, ring in enumerate(polygon))
        _require_valid(feature, rings)
        found.append(PolygonFeature(feature, rings[0], rings[1:], part, len(polygons)))
    return found


def _features(obj: object, where: str, near: Position | None) -> Iterable[tuple[Entry, Mapping[str, object], _Reader]]:
    if not isinstance(obj, Mapping) or obj.get("type") != "FeatureCollection":
        raise GeoJSONError(f"{where}: expected a FeatureCollection")
    stated = obj.get("datum")
    try:
        datum = parse_datum(stated if stated is None or isinstance(stated, str) else repr(stated))
    except DatumError as error:
        raise GeoJSONError(f'{where}: member "datum": {error}') from error
    features = obj.get("features")
    if not isinstance(features, list):
        raise GeoJSONError(f"{where}: features must be a list")
    for number, feature in enumerate(features, start=1):
        name = f"{where}: feature {number}"
        if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
            raise GeoJSONError(f"{name}: expected a Feature")
        properties, geometry = feature.get("properties"), feature.get("geometry")
        if not isinstance(properties, Mapping) or not isinstance(geometry, Mapping):
            raise GeoJSONError(f"{name}: needs both properties and a geometry")
        stated_id = properties.get("id")
        entry = Entry(f"{name} ({stated_id!r})" if isinstance(stated_id, str) else name, properties)
        yield entry, geometry, _reader(entry, datum, near)


def _reader(entry: Entry, datum: Datum, near: Position | None) -> _Reader:
    def read(pairs: list[object]) -> list[tuple[float, float]]:
        given = [_pair(entry, pair) for pair in pairs]
        for lon, lat in given:
            _require_near(entry, lon, lat, near)
        if datum is Datum.WGS84 or not given:
            return given
        there = np.asarray(given)
        longitudes, latitudes = to_wgs84(there[:, 0], there[:, 1], datum)
        return [(float(lon), float(lat)) for lon, lat in zip(longitudes, latitudes, strict=True)]

    return read


def _pair(entry: Entry, pair: object) -> tuple[float, float]:
    """One position; a height as third number is not used."""
    if not isinstance(pair, list) or len(pair) not in (2, 3):
        raise entry.fail(f"coordinate {pair!r} must be [longitude, latitude]")
    if not all(_is_finite(number) for number in pair):
        raise entry.fail(f"coordinate {pair!r} must be finite numbers")
    return float(pair[0]), float(pair[1])


def _require_near(entry: Entry, lon: float, lat: float, near: Position | None) -> None:
    try:
        here = Position(lon, lat)
    except PositionError as error:
        raise entry.fail(str(error)) from error
    if near is None or (away_m := inverse(near, here)[1]) <= FAR_M:
        return
    swapped = abs(lon) <= 90 and inverse(near, Position(lat, lon))[1] <= FAR_M
    hint = ": latitude and longitude are swapped" if swapped else ""
    raise entry.fail(f"(longitude, latitude) = ({lon}, {lat}) lies {away_m / 1000:.0f} km from the city centre{hint}")


def _ring(entry: Entry, ring: object, number: int, read: _Reader) -> Ring:
    name = "outline" if number == 0 else f"hole {number}"
    if not isinstance(ring, list):
        raise entry.fail(f"{name} must be a list of coordinates")
    closed = read(ring)
    if closed[:1] != closed[-1:]:
        raise entry.fail(f"{name} is not closed: its last coordinate must repeat its first")
    corners = closed[:-1]
    if len(set(corners)) < 3:
        raise entry.fail(f"{name} has {len(set(corners))} corners; it needs 3 or more")
    longitudes = [lon for lon, _ in corners]
    if max(longitudes) - min(longitudes) > 180:
        raise entry.fail(f"{name} crosses the antimeridian: cut it there in two (RFC 7946, 3.1.9)")
    return tuple(corners)


def _require_valid(entry: Entry, rings: tuple[Ring, ...]) -> None:
    polygon = shapely.Polygon(rings[0], rings[1:])
    if not polygon.is_valid:
        raise entry.fail(f"not a simple polygon: {explain_validity(polygon)}")
