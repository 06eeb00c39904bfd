"""What of OpenStreetMap's tags a base map draws: in which layer, as which class, from which zoom.

Layers and fields, for whoever styles them. Every feature may carry ``name``, ``name:zh`` and ``name:en`` too.

============= ======== ============================================================== ==========
layer         geometry ``class``, with its first zoom where it differs                from zoom
============= ======== ============================================================== ==========
``landuse``   polygon  park, grass, wood, farmland, wetland, sand, residential,       by area
                       commercial, industrial, cemetery, school, hospital, military,
                       railway, airport, runway
``water``     polygon  sea, lake, river, basin                                        by area
``waterways`` line     river 8, canal 10, stream 12, ditch 13                         8
``buildings`` polygon  building                                                       13
``roads``     line     motorway 6, trunk 6, primary 8, secondary 9, tertiary 11,      6
                       minor 12, service 13, track 13, path 13, runway 11,
                       taxiway 13
``railways``  line     rail 8, subway 11, light_rail 11, tram 12, siding 13           8
``places``    point    city 6, town 8, suburb 11, village 11, neighbourhood 13,       6
                       hamlet 13; ``rank`` 1 (city) to 6 (hamlet) orders labels
============= ======== ============================================================== ==========

"By area": once the polygon covers 8 by 8 pixels. Zooms run from 6 to 14; a map shows 14 enlarged beyond.
"""

import math
from collections.abc import Mapping
from typing import Final

FIRST_ZOOM, LAST_ZOOM = 6, 14
TILE_PIXELS: Final = 512  # the side at which a map draws a vector tile
EQUATOR_M: Final = 40_075_016.68

GEOMETRY: Final = {  # layers of the map in drawing order
    "landuse": "Polygon",
    "water": "Polygon",
    "waterways": "LineString",
    "buildings": "Polygon",
    "roads": "LineString",
    "railways": "LineString",
    "places": "Point",
}
COASTLINE: Final = "coastline"  # sorted like a layer, but only to build the sea from
NAMES: Final = ("name", "name:zh", "name:en")

Feature = tuple[str, str, int, int | None]
"""Layer, class, first zoom, rank."""

_POLYGON_PIXELS: Final = 8  # side of the smallest polygon worth drawing

_ROADS: Final = {  # highway -> class, first zoom
    "motorway": ("motorway", 6),
    "trunk": ("trunk", 6),
    "primary": ("primary", 8),
    "secondary": ("secondary", 9),
    "tertiary": ("tertiary", 11),
    **{f"{kind}_link": (kind, 11) for kind in ("motorway", "trunk", "primary", "secondary", "tertiary")},
    **dict.fromkeys(("residential", "unclassified", "living_street", "road"), ("minor", 12)),
    "service": ("service", 13),
    "track": ("track", 13),
    **dict.fromkeys(("path", "footway", "cycleway", "pedestrian", "steps", "bridleway"), ("path", 13)),
}
_AIRWAYS: Final = {"runway": ("runway", 11), "taxiway": ("taxiway", 13)}  # aeroway -> class, first zoom
_RAILWAYS: Final = {  # railway -> class, first zoom
    "rail": ("rail", 8),
    "narrow_gauge": ("rail", 8),
    "subway": ("subway", 11),
    "light_rail": ("light_rail", 11),
    "monorail": ("light_rail", 11),
    "tram": ("tram", 12),
}
_WATERWAYS: Final = {  # waterway -> class, first zoom
    "river": ("river", 8),
    "canal": ("canal", 10),
    "stream": ("stream", 12),
    "ditch": ("ditch", 13),
    "drain": ("ditch", 13),
}
_PLACES: Final = {  # place -> class, first zoom, rank
    "city": ("city", 6, 1),
    "town": ("town", 8, 2),
    "borough": ("suburb", 11, 3),
    "suburb": ("suburb", 11, 3),
    "quarter": ("suburb", 12, 3),
    "village": ("village", 11, 4),
    "neighbourhood": ("neighbourhood", 13, 5),
    "hamlet": ("hamlet", 13, 6),
}
_AREA_TAGS: Final = ("aeroway", "natural", "waterway", "landuse", "leisure", "amenity")
_WATER: Final = {  # tag, value -> class
    ("natural", "water"): "lake",
    ("waterway", "riverbank"): "river",
    ("waterway", "dock"): "basin",
    ("landuse", "reservoir"): "lake",
    ("landuse", "basin"): "basin",
}
_RIVERS: Final = frozenset({"river", "canal", "stream", "oxbow", "ditch"})  # ``water`` of a natural=water
_LANDUSE: Final = {  # tag, value -> class
    ("aeroway", "aerodrome"): "airport",
    ("aeroway", "runway"): "runway",
    **dict.fromkeys((("natural", kind) for kind in ("grassland", "scrub", "heath")), "grass"),
    **dict.fromkeys((("natural", kind) for kind in ("beach", "sand", "shingle")), "sand"),
    ("natural", "wood"): "wood",
    ("leisure", "golf_course"): "grass",
    ("natural", "wetland"): "wetland",
    ("landuse", "forest"): "wood",
    **dict.fromkeys((("landuse", kind) for kind in ("grass", "meadow", "greenfield")), "grass"),
    **dict.fromkeys((("landuse", kind) for kind in ("recreation_ground", "village_green")), "park"),
    **dict.fromkeys((("landuse", kind) for kind in ("farmland", "farmyard", "orchard")), "farmland"),
    **dict.fromkeys((("landuse", kind) for kind in ("commercial", "retail")), "commercial"),
    **{("landuse", kind): kind for kind in ("residential", "industrial", "cemetery", "military", "railway")},
    **dict.fromkeys((("leisure", kind) for kind in ("park", "garden", "nature_reserve")), "park"),
    **dict.fromkeys((("leisure", kind) for kind in ("pitch", "playground", "dog_park")), "grass"),
    **dict.fromkeys((("amenity", kind) for kind in ("school", "university", "college")), "school"),
    ("amenity", "hospital"): "hospital",
    ("amenity", "grave_yard"): "cemetery",
}

READ: Final = {  # layer of GDAL's OSM driver -> tags to read
    "points": ("place",),
    "lines": ("highway", "railway", "waterway", "aeroway", "natural", "service"),
    "multipolygons": ("building", "water", *_AREA_TAGS),
}
WANTED: Final = {  # layer of GDAL's OSM driver -> condition on what is read
    "points": "place IS NOT NULL",
    "lines": "highway IS NOT NULL OR railway IS NOT NULL OR waterway IS NOT NULL OR aeroway IS NOT NULL"
    " OR natural = 'coastline'",
    "multipolygons": " OR ".join(f"{tag} IS NOT NULL" for tag in ("building", *_AREA_TAGS)),
}


def driver_config() -> str:
    """The configuration file that tells GDAL's OSM driver which tags to keep and which closed ways are areas.

    ``natural`` is listed by value, because a closed coastline is an island's shore and not an area.
    """
    areas = [f"{tag}={value}" for tag, value in (*_WATER, *_LANDUSE)]
    lines = ["attribute_name_laundering=no", "closed_ways_are_polygons=" + ",".join(["building", *areas])]
    for layer, tags in READ.items():
        lines += [f"[{layer}]", "osm_id=no", "other_tags=no", "attributes=" + ",".join((*NAMES, *tags))]
    return "\n".join(lines) + "\n"


def feature(source: str, tags: Mapping[str, str | None], area_m2: float = 0.0) -> Feature | None:
    """How an object of the driver's layer ``source`` is drawn; None if it is not.

    ``area_m2`` is that of a polygon at the scale of a web map.

    >>> feature("lines", {"highway": "primary_link"})
    ('roads', 'primary', 11, None)
    """
    if source == "points":
        place = _PLACES.get(tags.get("place") or "")
        return None if place is None else ("places", *place)
    return _line(tags) if source == "lines" else _area(tags, area_m2)


def _line(tags: Mapping[str, str | None]) -> Feature | None:
    if tags.get("natural") == "coastline":
        return (COASTLINE, "sea", FIRST_ZOOM, None)
    for tag, layer, table in (
        ("highway", "roads", _ROADS),
        ("railway", "railways", _RAILWAYS),
        ("aeroway", "roads", _AIRWAYS),
        ("waterway", "waterways", _WATERWAYS),
    ):
        found = table.get(tags.get(tag) or "")
        if found is not None:
            if found[0] == "rail" and tags.get("service"):  # yards, spurs, sidings, crossovers
                found = ("siding", 13)
            return (layer, *found, None)
    return None


def _area(tags: Mapping[str, str | None], area_m2: float) -> Feature | None:
    if tags.get("building") not in (None, "no"):
        return ("buildings", "building", 13, None)
    for layer, table in (("water", _WATER), ("landuse", _LANDUSE)):
        for tag in _AREA_TAGS:
            found = table.get((tag, tags.get(tag) or ""))
            if found is not None:
                if found == "lake" and tags.get("water") in _RIVERS:
                    found = "river"
                return (layer, found, _zoom_of_area(area_m2), None)
    return None


def _zoom_of_area(area_m2: float) -> int:
    """The first zoom at which a polygon covers ``_POLYGON_PIXELS`` squared."""
    side_m = math.sqrt(max(area_m2, 1.0))
    zoom = math.ceil(math.log2(_POLYGON_PIXELS * EQUATOR_M / (TILE_PIXELS * side_m)))
    return min(max(zoom, FIRST_ZOOM), LAST_ZOOM)
