"""EUROCAE ED-269 UAS geographical zones: the older JSON, in WGS-84, as national authorities publish it.

Real files differ in small things, all of which are read: the list of zones is ``features`` or ``UASZoneList``, daily
hours are ``schedule`` or ``dailyPeriod``, limits are numbers or numbers in text, absent members are ``null``. A zone
with several geometries becomes one zone each, ``x/1``, ``x/2``...; zones that share an identifier are numbered so too.
"""

from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from geo.airspace import DEFAULT_MARGIN_M, Area, Circle, Geozone, ZoneKind
from geo.formats.ed318 import Day, Instant, TimeOfDay, hours_of, reference
from geo.formats.zone_file import Open, Period, ZoneFile, entry, in_force, metres, numbered, require_band, validated
from geo.geojson import Entry, area_of, place_of
from geo.position import Position

KINDS: dict[str, ZoneKind | None] = {
    "PROHIBITED": "prohibited",
    "REQ_AUTHORISATION": "authorisation",
    "REQ_AUTHORIZATION": "authorisation",
    "CONDITIONAL": "conditional",
    "NO_RESTRICTION": None,
}


def _number_from_text(value: object) -> object:
    return float(value) if isinstance(value, str) else value


def _list(value: object) -> object:
    return [] if value is None else value if isinstance(value, list) else [value]


Limit = Annotated[float, BeforeValidator(_number_from_text)]
Words = Annotated[list[str], BeforeValidator(_list)]
Pair = Annotated[list[float], Field(min_length=2)]


class CircleProjection(Open):
    """A circle."""

    type: Literal["Circle"]
    center: Pair
    radius: Annotated[float, BeforeValidator(_number_from_text), Field(gt=0)]


class PolygonProjection(Open):
    """A polygon's rings."""

    type: Literal["Polygon"]
    coordinates: list[Annotated[list[Pair], Field(min_length=4)]]


class Volume(Open):
    """Ground and limits."""

    uom_dimensions: Literal["M", "FT"]
    lower_limit: Limit | None = None
    lower_vertical_reference: Literal["AGL", "AMSL", "WGS84"] | None = None
    upper_limit: Limit | None = None
    upper_vertical_reference: Literal["AGL", "AMSL", "WGS84"] | None = None
    horizontal_projection: Annotated[CircleProjection | PolygonProjection, Field(discriminator="type")]


class Daily(Open):
    """Hours of some days; of none where ``day`` is empty, as some publish what they do not mean."""

    day: Annotated[list[Day], BeforeValidator(_list)] = Field(default_factory=list)
    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None


class Applicability(Open):
    """A time in which the zone applies."""

    permanent: Literal["YES", "NO"] = "NO"
    start_date_time: Instant | None = None
    end_date_time: Instant | None = None
    schedule: Annotated[list[Daily], BeforeValidator(_list)] = Field(default_factory=list)
    daily_period: Annotated[list[Daily], BeforeValidator(_list)] = Field(default_factory=list)


class Zone(Open):
    """One zone."""

    identifier: Annotated[str, Field(min_length=1)]
    country: Annotated[str, Field(min_length=3, max_length=3)]
    name: str | None = None
    type: Literal["COMMON", "CUSTOMIZED"]
    restriction: Literal["PROHIBITED", "REQ_AUTHORISATION", "REQ_AUTHORIZATION", "CONDITIONAL", "NO_RESTRICTION"]
    restriction_conditions: Words = Field(default_factory=list)
    reason: Words = Field(default_factory=list)
    message: str | None = None
    applicability: Annotated[list[Applicability], Field(min_length=1)]
    zone_authority: Annotated[list[dict[str, Any]], Field(min_length=1)]
    geometry: Annotated[list[Volume], Field(min_length=1)]


class Features(Open):
    """The file, as the standard has it."""

    features: list[Zone]


class ZoneList(Open):
    """The file, as services send it."""

    zones: Annotated[list[Zone], Field(alias="UASZoneList")]


def parse(obj: object, where: str, near: Position | None = None) -> ZoneFile:
    """The zones of a decoded ED-269 file; raises :class:`geo.formats.zone_file.ZoneFileError`."""
    listed = isinstance(obj, dict) and "UASZoneList" in obj
    found = validated(ZoneList, obj, where).zones if listed else validated(Features, obj, where).features
    zones: list[Geozone] = []
    notes: list[str] = []
    for number, one in enumerate(found):
        here = entry(where, f"$.{'UASZoneList' if listed else 'features'}[{number}]", one.identifier)
        kind = KINDS[one.restriction]
        if kind is None:
            notes.append(f"{one.identifier}: no restriction, closes nothing: left out")
            continue
        base = Geozone(
            id=one.identifier,
            name=one.name or one.identifier,
            ground=Area(outline=()),
            kind=kind,
            conditions="; ".join(one.restriction_conditions) or one.message or "",
            margin_m=DEFAULT_MARGIN_M[kind],
        )
        base = in_force(base, [_period(here, period) for period in one.applicability])
        for volume in one.geometry:
            zones.append(require_band(here, _volume(here, base, volume, near)))
            if volume.uom_dimensions == "FT" and isinstance(volume.horizontal_projection, CircleProjection):
                notes.append(f"{one.identifier}: limits in feet; the circle's radius was read as metres, the wider way")
    return ZoneFile(format="ED-269", zones=numbered(zones), notes=tuple(notes))


def _volume(here: Entry, zone: Geozone, volume: Volume, near: Position | None) -> Geozone:
    lower, upper = metres(volume.lower_limit, volume.uom_dimensions), metres(volume.upper_limit, volume.uom_dimensions)
    shape = volume.horizontal_projection
    return replace(
        zone,
        ground=Circle(centre=place_of(here, shape.center, near=near), radius_m=shape.radius)
        if isinstance(shape, CircleProjection)
        else area_of(here, shape.coordinates, near=near),
        floor_m=lower,
        floor_reference=reference(
            here, "lowerVerticalReference", volume.lower_vertical_reference, bounded=lower is not None
        ),
        ceiling_m=upper,
        ceiling_reference=reference(
            here, "upperVerticalReference", volume.upper_vertical_reference, bounded=upper is not None
        ),
    )


def _period(here: Entry, period: Applicability) -> Period:
    start, end = (None, None) if period.permanent == "YES" else (period.start_date_time, period.end_date_time)
    if start is not None and end is not None and start >= end:
        raise here.fail("applicability: startDateTime must be before endDateTime")
    return Period(
        from_s=None if start is None else start.timestamp(),
        until_s=None if end is None else end.timestamp(),
        hours=tuple(
            hours_of(tuple(daily.day) or ("ANY",), daily.start_time, daily.end_time)
            for daily in (*period.schedule, *period.daily_period)
            if daily.day or _timed(daily.start_time, daily.end_time)
        ),
    )


def _timed(*times: time | None) -> bool:
    return any(at is not None for at in times)
