"""Zones out of a file of any format that we know: which one it is, its content says."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from geo.closed import distance_m
from geo.datum import Datum
from geo.formats import dji, ed269, ed318, kml, own, plan
from geo.formats.zone_file import ZoneFile, ZoneFileError
from geo.frame import LocalFrame
from geo.geojson import GeoJSONError
from geo.position import Position

FORMATS = ("GeoJSON", "ED-318", "ED-269", "KML", "QGroundControl plan", "DJI custom flight area")
RELEVANT_M = 100_000.0
"""Bases stand within 60 km of a city's centre, and no drone of theirs flies 40 km from its base and back."""
KNOWN = f"known are {', '.join(FORMATS)}"


def read_zones(content: str | bytes, where: str, near: Position | None = None, datum: Datum | None = None) -> ZoneFile:
    """The zones of one file; raises :class:`ZoneFileError` with the place and the reason.

    ``where`` names the file in errors. With ``near``, a coordinate far from it is refused, as most likely swapped;
    of ED-269 and ED-318, which hold whole countries, the zones far from it are left out.
    ``datum`` is that of a file which does not state its own; without it, KML, plans and ED-269/318 are WGS-84 by
    their standards, and GeoJSON and DJI's files, which are not, are refused.
    """
    text = _text(content, where)
    if text.startswith("<"):
        return kml.parse(text, where, near, datum or Datum.WGS84)
    try:
        obj = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise ZoneFileError(f"{where}: neither JSON nor KML: {error}") from error
    if not isinstance(obj, dict):
        raise ZoneFileError(f"{where}: a format that is not known: a JSON {type(obj).__name__}; {KNOWN}")
    return _read(obj, where, near, datum)


def _read(obj: dict[str, Any], where: str, near: Position | None, datum: Datum | None) -> ZoneFile:
    match format_of(obj):
        case "QGroundControl plan":
            return plan.parse(obj, where, near, datum or Datum.WGS84)
        case "ED-269":
            return _of_here(ed269.parse(obj, where), where, near)
        case "ED-318":
            return _of_here(ed318.parse(obj, where), where, near)
        case "DJI custom flight area":
            return dji.parse(obj, where, near, datum)
        case "GeoJSON":
            stated = obj if "datum" in obj or datum is None else {**obj, "datum": datum.value}
            try:
                return ZoneFile(format="GeoJSON", zones=own.parse_zones(stated, where, near))
            except GeoJSONError as error:
                raise ZoneFileError(str(error)) from error
    keys = ", ".join(sorted(map(str, obj))[:8]) or "nothing"
    raise ZoneFileError(f"{where}: a format that is not known: a JSON object of {keys}; {KNOWN}")


def _of_here(country: ZoneFile, where: str, near: Position | None) -> ZoneFile:
    """The zones of a national file that a drone of the city at ``near`` can meet at all."""
    if near is None or not country.zones:
        return country
    frame = LocalFrame(near)
    zones = tuple(zone for zone in country.zones if distance_m(frame, zone) <= RELEVANT_M)
    far = len(country.zones) - len(zones)
    if not zones:
        raise ZoneFileError(f"{where}: all {far} zones lie more than {RELEVANT_M / 1000:.0f} km from the city centre")
    note = f"{far} zones lie more than {RELEVANT_M / 1000:.0f} km from the city centre: left out"
    return replace(country, zones=zones, notes=(*country.notes, note) if far else country.notes)


def format_of(obj: Mapping[str, Any]) -> str | None:
    """The format of a decoded JSON object; ``None`` for none that we know."""
    if "geoFence" in obj or obj.get("fileType") == "Plan":
        return "QGroundControl plan"
    if "UASZoneList" in obj:
        return "ED-269"
    listed = obj.get("features")
    features = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    if any("geofence_type" in one for one in features):
        return "DJI custom flight area"
    if any("zoneAuthority" in one or "restriction" in one for one in features):
        return "ED-269"
    properties = [one["properties"] for one in features if isinstance(one.get("properties"), Mapping)]
    if any({"zoneAuthority", "variant", "country"} & one.keys() for one in properties):
        return "ED-318"
    return "GeoJSON" if obj.get("type") == "FeatureCollection" else None


def _text(content: str | bytes, where: str) -> str:
    if isinstance(content, bytes):
        if content.startswith(b"PK"):
            raise ZoneFileError(f"{where}: a zip file: if it is KMZ, unpack it and give the doc.kml")
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ZoneFileError(f"{where}: not UTF-8: {error}") from error
    text = content.lstrip("\ufeff \t\r\n")
    if not text:
        raise ZoneFileError(f"{where}: empty")
    return text


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")
