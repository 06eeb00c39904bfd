"""Closed ground: what a geozone or a fence with its margin takes out of the plane at one height.

Ways are straight legs between corners of closed ground, so a circle is closed by a polygon *round* it: the polygon
holds the circle and its margin, and a way along it is longer than one along the circle by what stands out.
"""

import math
from functools import lru_cache

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.airspace import Circle, Fence, Geozone, Restriction
from geo.frame import LocalFrame
from geo.margin import widened
from geo.position import Position

CIRCLE_EXCESS_M = 0.5
"""A polygon stands out from its circle by no more than this, unless that takes more than the most sides."""
LEAST_SIDES, MOST_SIDES = 8, 64

WORLD_M = 300_000.0
"""Half the side of the square that a fence closes round its zones: farther than any drone flies."""

_GEOD = Geod(ellps="WGS84")


@lru_cache(maxsize=4096)  # where one zone is raised or lifted, the others stay
def closed_ground(frame: LocalFrame, zone: Restriction) -> BaseGeometry:
    """The ground that ``zone`` closes, margin included, in the frame's metres."""
    if isinstance(zone, Fence):
        inside = shapely.union_all([_ground(frame, one, outside=False) for one in zone.zones])
        outside = shapely.box(-WORLD_M, -WORLD_M, WORLD_M, WORLD_M).difference(inside)
        return widened(outside, zone.margin_m)
    if isinstance(zone.ground, Circle):
        return _round(frame, zone.ground.centre, zone.ground.radius_m + zone.margin_m, outside=True)
    return widened(_ground(frame, zone, outside=True), zone.margin_m)


def area_m2(zone: Geozone) -> float:
    """The zone's own ground on the ellipsoid, in square metres, without its margin."""
    if isinstance(zone.ground, Circle):
        return math.pi * zone.ground.radius_m**2
    rings = (zone.ground.outline, *zone.ground.holes)
    outline, *holes = (abs(_GEOD.geometry_area_perimeter(Polygon(ring))[0]) for ring in rings)
    return float(outline - sum(holes))


def distance_m(frame: LocalFrame, zone: Geozone) -> float:
    """How far the zone's own ground lies from the frame's origin; 0 where it holds it."""
    return float(shapely.distance(_ground(frame, zone, outside=True), shapely.Point(0, 0)))


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons that a geometry is made of; raises ``TypeError`` for lines and points."""
    if geometry.is_empty:
        return []
    if isinstance(geometry, Polygon):
        return [geometry]
    if isinstance(geometry, MultiPolygon):
        return list(geometry.geoms)
    raise TypeError(f"expected polygons, found {geometry.geom_type}")


def sides_of(radius_m: float) -> int:
    """Sides of a regular polygon whose corners stand out from its circle by ``CIRCLE_EXCESS_M`` or less, at most 64."""
    sides = math.ceil(math.pi / math.acos(radius_m / (radius_m + CIRCLE_EXCESS_M)))
    return max(LEAST_SIDES, min(MOST_SIDES, sides))


def _ground(frame: LocalFrame, zone: Geozone, *, outside: bool) -> BaseGeometry:
    """The zone's own ground; a circle as a polygon round it, or ``not outside`` in it."""
    if isinstance(zone.ground, Circle):
        return _round(frame, zone.ground.centre, zone.ground.radius_m, outside=outside)
    rings = [frame.to_xy(*np.asarray(ring).T) for ring in (zone.ground.outline, *zone.ground.holes)]
    return Polygon(rings[0], rings[1:])


def _round(frame: LocalFrame, centre: Position, radius_m: float, *, outside: bool) -> BaseGeometry:
    """A polygon round or in the circle. Its corners are set off along geodesics: far from the frame's origin a circle
    on the earth is not quite one in the plane."""
    if radius_m <= 0:
        return Polygon()
    sides = sides_of(radius_m)
    reach_m = radius_m / math.cos(math.pi / sides) if outside else radius_m
    courses_deg = np.linspace(0.0, -360.0, sides, endpoint=False)
    full = np.ones(sides)
    lon, lat, _ = _GEOD.fwd(full * centre.longitude_deg, full * centre.latitude_deg, courses_deg, full * reach_m)
    return Polygon(frame.to_xy(lon, lat))
