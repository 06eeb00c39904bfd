"""DJI custom flight areas: the JSON that DJI's docks take (Cloud API, "Custom Flight Area File").

A FeatureCollection whose features carry ``geofence_type``: ``dfence``, an area that the aircraft may not leave, or
``nfz``, one that it may not enter; a polygon, or a Point with ``subType`` Circle and a radius; ``enable`` false is
left out. There are no heights and no times. DJI's aircraft stop a task within 5 m of an edge, and a dock stands 10 m
from it or more, so the margin is 10 m.

The file does not state its datum. The aircraft fly WGS-84, but who draws on a Chinese map draws in GCJ-02, some 500 m
off, and forgets to convert: so the datum must be stated, by the caller or in a member ``datum`` added to the file.
"""

from typing import Annotated, Literal

from pydantic import Field

from geo.airspace import Circle, Geozone, ZoneKind
from geo.datum import Datum, DatumError, parse_datum
from geo.formats.zone_file import Open, ZoneFile, ZoneFileError, entry, numbered, validated
from geo.geojson import area_of, place_of
from geo.position import Position

MARGIN_M = 10.0
KINDS: dict[str, ZoneKind] = {"dfence": "inclusion", "nfz": "prohibited"}
Pair = Annotated[list[float], Field(min_length=2)]


class Point(Open):
    """A circle's centre."""

    type: Literal["Point"]
    coordinates: Pair


class Polygon(Open):
    """Rings."""

    type: Literal["Polygon"]
    coordinates: list[list[Pair]]


class Properties(Open):
    """What makes a point a circle, and whether the area counts."""

    sub_type: Literal["Circle"] | None = None
    radius: Annotated[float, Field(ge=0)] = 0.0
    enable: bool = True
    name: str | None = None


class Feature(Open):
    """One area."""

    id: Annotated[str, Field(min_length=1)]
    geofence_type: Annotated[Literal["dfence", "nfz"], Field(alias="geofence_type")]
    geometry: Annotated[Point | Polygon, Field(discriminator="type")]
    properties: Properties


class Document(Open):
    """The file."""

    type: Literal["FeatureCollection"]
    datum: str | None = None
    features: list[Feature]


def parse(obj: object, where: str, near: Position | None = None, datum: Datum | None = None) -> ZoneFile:
    """The areas of a decoded file; raises :class:`geo.formats.zone_file.ZoneFileError`."""
    document = validated(Document, obj, where)
    stated = _datum(document.datum, where) or datum
    if stated is None:
        raise ZoneFileError(
            f"{where}: the datum is not stated: a custom flight area drawn on a Chinese map may be GCJ-02, 500 m off. "
            'State it (WGS-84, GCJ-02 or BD-09), or add "datum" to the file beside "features"'
        )
    zones, notes = [], []
    for number, one in enumerate(document.features):
        here = entry(where, f"$.features[{number}]", one.id)
        if not one.properties.enable:
            notes.append(f"{one.id}: not enabled: left out")
            continue
        shape, radius_m = one.geometry, one.properties.radius
        if isinstance(shape, Point) and radius_m <= 0:
            raise here.fail("a Point needs properties.radius, in metres")
        ground = (
            Circle(centre=place_of(here, shape.coordinates, stated, near), radius_m=radius_m)
            if isinstance(shape, Point)
            else area_of(here, _closed(shape.coordinates), stated, near)
        )
        kind = KINDS[one.geofence_type]
        name = one.properties.name or one.id
        zones.append(Geozone(id=one.id, name=name, ground=ground, kind=kind, margin_m=MARGIN_M))
    return ZoneFile(format="DJI custom flight area", zones=numbered(zones), notes=tuple(notes))


def _datum(stated: str | None, where: str) -> Datum | None:
    if stated is None:
        return None
    try:
        return parse_datum(stated)
    except DatumError as error:
        raise ZoneFileError(f'{where}: member "datum": {error}') from error


def _closed(rings: list[list[list[float]]]) -> list[list[list[float]]]:
    """Rings whose last corner repeats the first, which these files do not always do."""
    return [ring if ring[:1] == ring[-1:] else [*ring, ring[0]] for ring in rings]
