"""EUROCAE ED-318 UAS geographical zones: a GeoJSON with layers, in WGS-84.

The models say what the published JSON Schemas say (``UASGeoZones/ED-318``), so that a file that they refuse is
refused here with its JSON path, and three things that they leave open but without which there is no zone: a Point has
an ``extent``, a limit has its reference, a time of day has its offset. Heights above the WGS84 ellipsoid are refused:
to turn them into heights above the sea takes a model of the geoid, and there is none here.

``USPACE`` zones need an authorisation (Regulation (EU) 2021/664, article 10). ``NO_RESTRICTION`` closes nothing and is
left out. A feature with several geometries or layers becomes one zone each, ``x/1``, ``x/2``... The validity of the
collection (``metadata``) is the data set's, not the zones'.
"""

from dataclasses import replace
from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from geo.airspace import DEFAULT_MARGIN_M, Area, Circle, Geozone, HeightReference, ZoneKind
from geo.formats.zone_file import (
    Open,
    Period,
    Strict,
    ZoneFile,
    end_of,
    entry,
    in_force,
    metres,
    numbered,
    require_band,
    validated,
)
from geo.geojson import Entry, area_of, place_of
from geo.position import Position
from geo.schedule import EVERY_DAY, Hours, SunEvent, Weekday

KINDS: dict[str, ZoneKind | None] = {
    "PROHIBITED": "prohibited",
    "REQ_AUTHORIZATION": "authorisation",
    "USPACE": "authorisation",
    "CONDITIONAL": "conditional",
    "NO_RESTRICTION": None,
}


def _from_text(value: object) -> object:
    """ISO 8601 text as an instant: JSON has no other way to write one."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    raise ValueError("must be an ISO 8601 instant in text")


def _time_from_text(value: object) -> object:
    if isinstance(value, str):
        at = time.fromisoformat(value)
        offset = at.utcoffset()
        if offset is not None and offset.total_seconds() % 60 == 0:
            return at
    raise ValueError("must be a time of day with its offset, as 17:00:00Z")


Instant = Annotated[AwareDatetime, BeforeValidator(_from_text)]
TimeOfDay = Annotated[time, BeforeValidator(_time_from_text)]
Pair = Annotated[list[float], Field(min_length=2)]
Reference = Literal["AGL", "AMSL", "WGS84"]
Event = Literal["BMCT", "SR", "SS", "EECT"]
Day = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN", "ANY"]


class Text(Open):
    """A short text in a language."""

    text: Annotated[str, Field(max_length=200)] = ""
    lang: Annotated[str, Field(max_length=5)]


class Layer(Open):
    """A vertical extent."""

    upper: float | None = None
    upper_reference: Reference | None = None
    lower: float | None = None
    lower_reference: Reference | None = None
    uom: Literal["m", "ft"] = "m"


class Extent(Open):
    """What makes a point a circle."""

    sub_type: Literal["Circle"]
    radius: Annotated[float, Field(gt=0)]


class Point(Open):
    """A circle's centre."""

    type: Literal["Point"]
    coordinates: Pair
    extent: Extent
    layer: Layer = Layer()


class Polygon(Open):
    """Rings."""

    type: Literal["Polygon"]
    coordinates: list[Annotated[list[Pair], Field(min_length=4)]]
    layer: Layer = Layer()


class MultiPolygon(Open):
    """Polygons of one layer."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[Annotated[list[Pair], Field(min_length=4)]]]
    layer: Layer = Layer()


Geometry = Annotated[Point | Polygon | MultiPolygon, Field(discriminator="type")]


class Collection(Open):
    """Several geometries, most often layers."""

    type: Literal["GeometryCollection"]
    geometries: Annotated[list[Geometry], Field(min_length=1)]


class Daily(Strict):
    """Hours of some days."""

    day: Annotated[list[Day], Field(min_length=1, max_length=7)]
    start_time: TimeOfDay | None = None
    start_event: Event | None = None
    end_time: TimeOfDay | None = None
    end_event: Event | None = None


class Applicability(Strict):
    """A time in which the zone applies."""

    start_date_time: Instant | None = None
    end_date_time: Instant | None = None
    schedule: list[Daily] = Field(default_factory=list)


class Authority(Open):
    """Whom to ask."""

    name: list[Text] = Field(default_factory=list)
    service: list[Text] = Field(default_factory=list)
    contact_name: list[Text] = Field(default_factory=list)
    site_url: Annotated[str | None, Field(alias="siteURL")] = None
    email: str | None = None
    phone: Annotated[str, Field(max_length=200)] | None = None
    purpose: Literal["AUTHORIZATION", "NOTIFICATION", "INFORMATION"]
    interval_before: str | None = None


class Properties(Strict):
    """What a zone says."""

    identifier: Annotated[str, Field(min_length=1, max_length=7)]
    country: Annotated[str, Field(min_length=3, max_length=3)]
    name: list[Text] = Field(default_factory=list)
    type: Literal["USPACE", "PROHIBITED", "REQ_AUTHORIZATION", "CONDITIONAL", "NO_RESTRICTION"]
    variant: Literal["COMMON", "CUSTOMIZED"]
    restriction_conditions: str | None = None
    region: int | None = None
    reason: Annotated[
        list[
            Literal["AIR_TRAFFIC", "SENSITIVE", "PRIVACY", "POPULATION", "NATURE", "NOISE", "EMERGENCY", "DAR", "OTHER"]
        ],
        Field(max_length=9),
    ] = Field(default_factory=list)
    other_reason_info: list[Text] = Field(default_factory=list)
    regulation_exemption: Literal["YES", "NO"] | None = None
    message: list[Text] = Field(default_factory=list)
    zone_authority: Annotated[list[Authority], Field(min_length=1)]
    limited_applicability: list[Applicability] = Field(default_factory=list)
    data_source: dict[str, Any] | None = None
    extended_properties: dict[str, Any] | None = None


class Feature(Open):
    """One zone."""

    type: Literal["Feature"]
    properties: Properties
    geometry: Annotated[Point | Polygon | MultiPolygon | Collection, Field(discriminator="type")]


class Metadata(Open):
    """About the data set."""

    valid_from: Instant | None = None
    valid_to: Instant | None = None
    issued: Instant | None = None
    provider: list[Text] = Field(default_factory=list)
    description: list[Text] = Field(default_factory=list)
    other_geoid: str | None = None
    technical_limitations: list[Text] = Field(default_factory=list)


class Document(Open):
    """The file."""

    type: Literal["FeatureCollection"]
    name: Annotated[str, Field(max_length=200)] | None = None
    metadata: Metadata = Metadata()
    features: list[Feature]


def parse(obj: object, where: str, near: Position | None = None) -> ZoneFile:
    """The zones of a decoded ED-318 collection; raises :class:`geo.formats.zone_file.ZoneFileError`."""
    document = validated(Document, obj, where)
    zones, notes = [], []
    for number, feature in enumerate(document.features):
        one, place = feature.properties, f"$.features[{number}]"
        here = entry(where, place, one.identifier)
        kind = KINDS[one.type]
        if kind is None:
            notes.append(f"{one.identifier}: no restriction, closes nothing: left out")
            continue
        geometry = feature.geometry
        pieces = geometry.geometries if isinstance(geometry, Collection) else [geometry]
        base = Geozone(
            id=one.identifier,
            name=_worded(one.name) or one.identifier,
            ground=Area(outline=()),
            kind=kind,
            conditions=one.restriction_conditions or _worded(one.message),
            margin_m=DEFAULT_MARGIN_M[kind],
        )
        base = in_force(base, [_period(here, period) for period in one.limited_applicability])
        for piece in pieces:
            layered = require_band(here, _layered(here, base, piece.layer))
            zones += [replace(layered, ground=ground) for ground in _grounds(here, piece, near)]
    return ZoneFile(format="ED-318", zones=numbered(zones), notes=tuple(notes))


def _grounds(here: Entry, geometry: Point | Polygon | MultiPolygon, near: Position | None) -> list[Area | Circle]:
    match geometry:
        case Point():
            return [Circle(centre=place_of(here, geometry.coordinates, near=near), radius_m=geometry.extent.radius)]
        case Polygon():
            return [area_of(here, geometry.coordinates, near=near)]
        case MultiPolygon():
            return [area_of(here, rings, near=near) for rings in geometry.coordinates]


def _layered(here: Entry, zone: Geozone, layer: Layer) -> Geozone:
    lower, upper = metres(layer.lower, layer.uom), metres(layer.upper, layer.uom)
    return replace(
        zone,
        floor_m=lower,
        floor_reference=reference(here, "lowerReference", layer.lower_reference, bounded=lower is not None),
        ceiling_m=upper,
        ceiling_reference=reference(here, "upperReference", layer.upper_reference, bounded=upper is not None),
    )


def reference(here: Entry, key: str, stated: str | None, *, bounded: bool) -> HeightReference:
    """What a limit is above, AGL where there is no limit; refuses the ellipsoid and what is not stated."""
    if not bounded:
        return "AGL"
    match stated:
        case "AGL":
            return "AGL"
        case "AMSL":
            return "AMSL"
        case "WGS84":
            raise here.fail(
                f"{key} = 'WGS84': heights above the ellipsoid need a model of the geoid, and there is none here; "
                "state the limit above mean sea level (AMSL) or above ground (AGL)"
            )
    raise here.fail(f"{key} = {stated!r} must say what the limit is above: AGL or AMSL")


def _worded(texts: list[Text]) -> str:
    """The English text, or the first."""
    english = [one.text for one in texts if one.lang.lower().startswith("en") and one.text]
    return next(iter(english or [one.text for one in texts if one.text]), "")


def _period(here: Entry, period: Applicability) -> Period:
    start, end = period.start_date_time, period.end_date_time
    if start is not None and end is not None and start >= end:
        raise here.fail("limitedApplicability: startDateTime must be before endDateTime")
    return Period(
        from_s=None if start is None else start.timestamp(),
        until_s=None if end is None else end.timestamp(),
        hours=tuple(_hours(here, daily) for daily in period.schedule),
    )


def _hours(here: Entry, daily: Daily) -> Hours:
    if (daily.start_time and daily.start_event) or (daily.end_time and daily.end_event):
        raise here.fail("schedule: a time and an event for the same end of the hours")
    return hours_of(
        tuple(daily.day),
        SunEvent(daily.start_event) if daily.start_event else daily.start_time,
        SunEvent(daily.end_event) if daily.end_event else daily.end_time,
    )


def hours_of(days: tuple[str, ...], start: time | SunEvent | None, end: time | SunEvent | None) -> Hours:
    """Daily hours whose times of day carry their offset; without a start from midnight, without an end until then."""
    held: tuple[Weekday, ...] = EVERY_DAY if "ANY" in days else tuple(day for day in EVERY_DAY if day in days)
    offset_s = next((_offset_s(at) for at in (start, end) if isinstance(at, time)), 0.0)

    def seconds(at: time | SunEvent | None, default: float) -> float | SunEvent:
        if at is None or isinstance(at, SunEvent):
            return default if at is None else at
        of_day_s = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
        return (of_day_s - _offset_s(at) + offset_s) % 86_400

    begin, finish = seconds(start, 0.0), seconds(end, 86_400.0)
    return Hours(
        days=held,
        start=begin,
        end=finish if isinstance(finish, SunEvent) else end_of(finish),
        time_zone=_zone_name(offset_s),
    )


def _offset_s(at: time) -> float:
    offset = at.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _zone_name(offset_s: float) -> str:
    minutes = round(abs(offset_s) / 60)
    return "UTC" if minutes == 0 else f"{'+' if offset_s > 0 else '-'}{minutes // 60:02d}:{minutes % 60:02d}"
