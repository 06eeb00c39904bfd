"""Zone files in every format, made up: one valid document each, to be spoiled one place at a time."""

import copy
import json
from typing import Any

SQUARE = [[2.58, 49.02], [2.61, 48.98], [2.73, 48.98], [2.70, 49.04], [2.58, 49.02]]
AUTHORITY = {"name": [{"text": "Office", "lang": "en-GB"}], "email": "a@b.fr", "purpose": "AUTHORIZATION"}


def changed(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy with one place changed; ``None`` takes it out."""
    copied = copy.deepcopy(document)
    here = copied
    for key in path[:-1]:
        here = here[key]
    if value is None:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return copied


def ed318(**properties: Any) -> dict[str, Any]:
    """A polygon of two layers with hours, and a circle."""
    layers = [
        {
            "type": "Polygon",
            "coordinates": [SQUARE],
            "layer": {"lower": low, "lowerReference": "AGL", "upper": high, "upperReference": above, "uom": unit},
        }
        for low, high, above, unit in ((50, 150, "AMSL", "m"), (0, 164, "AGL", "ft"))
    ]
    period = {
        "startDateTime": "2026-12-31T16:00:00Z",
        "endDateTime": "2027-12-31T16:00:00+01:00",
        "schedule": [
            {"day": ["ANY"], "startTime": "16:00:00Z", "endTime": "17:30:00Z"},
            {"day": ["SUN", "SAT"], "startTime": "22:00:00+02:00", "endEvent": "SR"},
        ],
    }
    circle = {
        "type": "Point",
        "coordinates": [2.64, 49.12],
        "extent": {"subType": "Circle", "radius": 3500},
        "layer": {"upper": 150, "upperReference": "AGL"},
    }
    first = {
        "identifier": "NFZ6547",
        "country": "FRA",
        "name": [{"text": "Un", "lang": "fr-FR"}, {"text": "One", "lang": "en-GB"}],
        "type": "REQ_AUTHORIZATION",
        "variant": "COMMON",
        "restrictionConditions": "call the tower",
        "reason": ["AIR_TRAFFIC"],
        "zoneAuthority": [AUTHORITY],
        "limitedApplicability": [period],
    } | properties
    second = {
        "identifier": "ABC1234",
        "country": "FRA",
        "type": "PROHIBITED",
        "variant": "CUSTOMIZED",
        "zoneAuthority": [AUTHORITY],
        "extendedProperties": {"colour": "red"},
    }
    return {
        "type": "FeatureCollection",
        "title": "made up",
        "metadata": {"validFrom": "2026-12-31T16:00:00Z"},
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "GeometryCollection", "geometries": layers},
                "properties": first,
            },
            {"type": "Feature", "geometry": circle, "properties": second},
        ],
    }


def ed269() -> dict[str, Any]:
    """A circle on some evenings, in feet; a polygon for good."""
    return {
        "title": "made up",
        "features": [
            {
                "identifier": "Concert",
                "country": "CHE",
                "name": "Open air",
                "type": "COMMON",
                "restriction": "CONDITIONAL",
                "restrictionConditions": ["below the trees"],
                "reason": ["OTHER"],
                "message": "hello",
                "applicability": [
                    {
                        "permanent": "NO",
                        "startDateTime": "2027-06-15T09:00:00.00Z",
                        "endDateTime": "2028-06-15T09:00:00.00Z",
                        "schedule": [{"day": ["SAT", "SUN"], "startTime": "17:00:00.00Z", "endTime": "23:59:59.00Z"}],
                    },
                    {"permanent": "NO", "startDateTime": "2029-01-01T00:00:00Z", "endDateTime": "2029-02-01T00:00:00Z"},
                ],
                "zoneAuthority": [{"name": "Canton", "purpose": "AUTHORIZATION"}],
                "geometry": [
                    {
                        "uomDimensions": "FT",
                        "lowerLimit": 0,
                        "lowerVerticalReference": "AGL",
                        "upperLimit": "400",
                        "upperVerticalReference": "AMSL",
                        "horizontalProjection": {"type": "Circle", "center": [6.9, 46.4], "radius": 3000},
                    }
                ],
            },
            {
                "identifier": "Park",
                "country": "CHE",
                "name": None,
                "type": "COMMON",
                "restriction": "REQ_AUTHORISATION",
                "applicability": [
                    {
                        "permanent": "YES",
                        "startDateTime": None,
                        "endDateTime": None,
                        "dailyPeriod": [{"day": [], "startTime": None, "endTime": None}],
                    }
                ],
                "zoneAuthority": [{"name": "Park"}],
                "geometry": [
                    {
                        "uomDimensions": "M",
                        "lowerLimit": 0,
                        "lowerVerticalReference": "AGL",
                        "upperLimit": None,
                        "upperVerticalReference": "AGL",
                        "horizontalProjection": {"type": "Polygon", "coordinates": [SQUARE]},
                    }
                ],
            },
        ],
    }


def plan() -> dict[str, Any]:
    """A fence of a polygon to stay in and a circle to stay out of."""
    return {
        "fileType": "Plan",
        "geoFence": {
            "polygons": [{"polygon": [[49.0, 2.5], [49.0, 2.7], [49.1, 2.6]], "inclusion": True, "version": 1}],
            "circles": [{"circle": {"center": [49.05, 2.6], "radius": 120.5}, "inclusion": False, "version": 1}],
            "version": 2,
        },
        "groundStation": "QGroundControl",
        "mission": {"items": []},
        "version": 1,
    }


def dji() -> dict[str, Any]:
    """An area to stay in, one to stay out of, one that is switched off."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "id": "geofence-1",
                "type": "Feature",
                "geofence_type": "dfence",
                "geometry": {"type": "Polygon", "coordinates": [[*SQUARE[:-1]]]},
                "properties": {"radius": 0, "enable": True},
            },
            {
                "id": "nfz-1",
                "type": "Feature",
                "geofence_type": "nfz",
                "geometry": {"type": "Point", "coordinates": [2.6, 49.0]},
                "properties": {"subType": "Circle", "radius": 55.5, "enable": True},
            },
            {
                "id": "nfz-2",
                "type": "Feature",
                "geofence_type": "nfz",
                "geometry": {"type": "Point", "coordinates": [2.6, 49.0]},
                "properties": {"subType": "Circle", "radius": 99, "enable": False},
            },
        ],
    }


RING = "2.5,49.0,{h} 2.7,49.0,{h} 2.7,49.2,{h} 2.5,49.2,{h} 2.5,49.0,{h}"
HOLE = "2.55,49.05,{h} 2.6,49.05,{h} 2.6,49.1,{h} 2.55,49.05,{h}"


def polygon(height: float = 0.0, mode: str = "", extrude: str = "") -> str:
    """A KML polygon with a hole."""
    return f"""<Polygon>{f"<extrude>{extrude}</extrude>" if extrude else ""}
      {f"<altitudeMode>{mode}</altitudeMode>" if mode else ""}
      <outerBoundaryIs><LinearRing><coordinates>{RING.format(h=height)}</coordinates></LinearRing></outerBoundaryIs>
      <innerBoundaryIs><LinearRing><coordinates>{HOLE.format(h=height)}</coordinates></LinearRing></innerBoundaryIs>
    </Polygon>"""


def kml(shape: str | None = None, inside: str = "", name: str = "Stadium") -> str:
    """A KML of one Placemark in a Folder."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made up -->
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>zones</name><Folder>
  <Placemark><!-- one --><name>{name}</name>{inside}{polygon() if shape is None else shape}</Placemark>
</Folder></Document></kml>"""


def own(**properties: Any) -> dict[str, Any]:
    """Our own GeoJSON."""
    return {
        "type": "FeatureCollection",
        "datum": "WGS-84",
        "features": [
            {
                "type": "Feature",
                "properties": {"id": "z1"} | properties,
                "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
            }
        ],
    }


ALL = {
    "ED-318": json.dumps(ed318()),
    "ED-269": json.dumps(ed269()),
    "QGroundControl plan": json.dumps(plan()),
    "DJI custom flight area": json.dumps(dji() | {"datum": "WGS-84"}),
    "KML": kml(),
    "GeoJSON": json.dumps(own()),
}
