"""KML 2.x: polygons with holes, alone or in a MultiGeometry, one Placemark a zone; WGS-84 by its standard.

What a Placemark means is read as follows; whatever cannot be meant is refused with the Placemark's name.

- *Heights*: clamped to the ground (the default), the zone has no floor and no ceiling. Extruded, with one altitude at
  all corners, it reaches from the ground to that altitude (``relativeToGround``: AGL, ``absolute``: AMSL). A polygon in
  the air that is not extruded encloses nothing.
- *Times*: a ``TimeSpan`` of instants with their zone.
- *Kind*: ``ExtendedData`` may hold ``kind``, ``conditions`` and ``margin_m`` of our own GeoJSON; else prohibited.
- Points and lines enclose nothing: KML has no circles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from geo.airspace import DEFAULT_MARGIN_M, Area, Geozone, HeightReference, ZoneKind
from geo.datum import Datum
from geo.formats.times import instant_s
from geo.formats.zone_file import ZoneFile, ZoneFileError, numbered
from geo.geojson import Entry, area_of
from geo.position import Position

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SAME_ALTITUDE_M = 0.01
GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Model", "Track", "MultiTrack")
MODES: dict[str, HeightReference | None] = {"clampToGround": None, "relativeToGround": "AGL", "absolute": "AMSL"}


@dataclass(frozen=True, slots=True)
class _Corner:
    longitude_deg: float
    latitude_deg: float
    altitude_m: float


def parse(text: str, where: str, near: Position | None = None, datum: Datum = Datum.WGS84) -> ZoneFile:
    """The zones of a KML text; raises :class:`geo.formats.zone_file.ZoneFileError`."""
    try:
        root: Element = fromstring(text)
    except ParseError as error:
        raise ZoneFileError(f"{where}: not well-formed XML: {error}") from error
    except DefusedXmlException as error:
        raise ZoneFileError(f"{where}: refused: XML with entities or a document type ({error})") from error
    if _tag(root) != "kml":
        raise ZoneFileError(f"{where}: expected the element <kml>, found <{_tag(root)}>")
    zones: list[Geozone] = []
    for number, placemark in enumerate(_all(root, "Placemark"), start=1):
        name = _text(placemark, "name")
        id_ = placemark.get("id") or name or f"placemark-{number}"
        here = Entry(f"{where}: Placemark {number} ({id_!r})", {}, ZoneFileError)
        shapes = [child for child in placemark if _tag(child) in GEOMETRIES]
        if len(shapes) != 1:
            raise here.fail(f"it has {len(shapes)} geometries; it needs one (several belong into a MultiGeometry)")
        base = _described(here, placemark, id_, name or id_)
        zones += [_zone(here, base, polygon, near, datum) for polygon in _polygons(here, shapes[0])]
    return ZoneFile(format="KML", zones=numbered(zones))


def _polygons(here: Entry, geometry: "Element") -> Iterator["Element"]:
    match _tag(geometry):
        case "Polygon":
            yield geometry
        case "MultiGeometry":
            parts = [child for child in geometry if _tag(child) in GEOMETRIES]
            if not parts:
                raise here.fail("an empty MultiGeometry")
            for part in parts:
                yield from _polygons(here, part)
        case other:
            raise here.fail(f"a {other} encloses no ground: draw a Polygon (KML has no circles; our GeoJSON has)")


def _zone(here: Entry, base: Geozone, polygon: "Element", near: Position | None, datum: Datum) -> Geozone:
    outer = [ring for boundary in _children(polygon, "outerBoundaryIs") for ring in _children(boundary, "LinearRing")]
    if len(outer) != 1:
        raise here.fail(f"a Polygon with {len(outer)} outer boundaries; it needs one")
    inner = [ring for boundary in _children(polygon, "innerBoundaryIs") for ring in _children(boundary, "LinearRing")]
    rings = [_corners(here, ring) for ring in (*outer, *inner)]
    pairs = [[[corner.longitude_deg, corner.latitude_deg] for corner in ring] for ring in rings]
    ceiling_m, above = _ceiling(here, polygon, rings[0])
    return replace(base, ground=area_of(here, pairs, datum, near), ceiling_m=ceiling_m, ceiling_reference=above)


def _ceiling(here: Entry, polygon: "Element", outline: list[_Corner]) -> tuple[float | None, HeightReference]:
    mode = _text(polygon, "altitudeMode") or "clampToGround"
    if mode not in MODES:
        raise here.fail(f"altitudeMode {mode!r} must be one of {', '.join(MODES)}")
    above = MODES[mode]
    if above is None:
        return None, "AGL"
    altitudes = [corner.altitude_m for corner in outline]
    if max(altitudes) - min(altitudes) > SAME_ALTITUDE_M:
        raise here.fail(f"altitudes from {min(altitudes):g} to {max(altitudes):g} m: a zone's ceiling is level")
    if _text(polygon, "extrude") not in ("1", "true"):
        raise here.fail("a polygon in the air that is not extruded encloses nothing: set <extrude>1</extrude>")
    if above == "AGL" and altitudes[0] <= 0:
        raise here.fail(f"it ends {altitudes[0]:g} m above the ground it begins at: it encloses nothing")
    return altitudes[0], above


def _corners(here: Entry, ring: "Element") -> list[_Corner]:
    corners = []
    for number, word in enumerate((_text(ring, "coordinates") or "").split(), start=1):
        parts = word.split(",")
        try:
            numbers = [float(part) for part in parts]
        except ValueError as error:
            raise here.fail(f"coordinate {number} {word!r} is not longitude,latitude[,altitude]") from error
        if len(numbers) not in (2, 3):
            raise here.fail(f"coordinate {number} {word!r} is not longitude,latitude[,altitude]")
        corners.append(_Corner(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0.0))
    return corners


def _described(here: Entry, placemark: "Element", id_: str, name: str) -> Geozone:
    data = _data(placemark)
    entry = Entry(here.where, data, ZoneFileError)
    kind = next((kind for kind in get_args(ZoneKind) if kind == data.get("kind", "prohibited")), None)
    if kind is None:
        raise here.fail(f"kind = {data['kind']!r} must be one of {', '.join(get_args(ZoneKind))}")
    margin_m = DEFAULT_MARGIN_M[kind]
    if "margin_m" in data:
        try:
            margin_m = Entry(here.where, {"margin_m": float(data["margin_m"])}, ZoneFileError).number("margin_m", low=0)
        except ValueError as error:
            raise entry.fail(f"margin_m = {data['margin_m']!r} must be a number of metres, 0 or more") from error
    begin_s, end_s = _times(here, placemark)
    return Geozone(
        id=id_,
        name=name,
        ground=Area(outline=()),
        kind=kind,
        conditions=data.get("conditions", ""),
        valid_from_s=begin_s,
        valid_until_s=end_s,
        margin_m=margin_m,
    )


def _times(here: Entry, placemark: "Element") -> tuple[float | None, float | None]:
    if any(True for _ in _children(placemark, "TimeStamp")):
        raise here.fail("a TimeStamp is an instant: a zone holds for a TimeSpan")
    found: list[float | None] = [None, None]
    for span in _children(placemark, "TimeSpan"):
        for k, name in enumerate(("begin", "end")):
            text = _text(span, name)
            if text:
                try:
                    found[k] = instant_s(text)
                except ValueError as error:
                    raise here.fail(f"TimeSpan: {name} {text!r} {error}") from error
    begin_s, end_s = found
    if begin_s is not None and end_s is not None and begin_s >= end_s:
        raise here.fail("TimeSpan: begin must be before end")
    return begin_s, end_s


def _data(placemark: "Element") -> Mapping[str, str]:
    """``ExtendedData``, as ``Data`` with a ``value`` or as ``SimpleData``."""
    found: dict[str, str] = {}
    for extended in _children(placemark, "ExtendedData"):
        for element in extended.iter():
            name = element.get("name")
            if name and _tag(element) == "Data":
                found[name] = _text(element, "value") or ""
            elif name and _tag(element) == "SimpleData":
                found[name] = (element.text or "").strip()
    return found


def _tag(element: "Element") -> str:
    """The element's name without its namespace; a comment has none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: "Element", tag: str) -> Iterator["Element"]:
    return (child for child in element if _tag(child) == tag)


def _all(element: "Element", tag: str) -> Iterator["Element"]:
    return (found for found in element.iter() if _tag(found) == tag)


def _text(element: "Element", tag: str) -> str | None:
    child = next(_children(element, tag), None)
    return None if child is None else (child.text or "").strip()
