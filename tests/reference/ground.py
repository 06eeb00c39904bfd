"""Closed ground as the rules mean it: every place nearer to a zone than its margin, with round corners.

A round margin is no polygon, so it is bracketed by two: chords inside of it (``outer=False``: closed ground that is
surely closed) and tangents outside of it (``outer=True``: what is left is surely free).
"""

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tests.reference.city import City, Zone
from tests.reference.earth import Plane

WORLD_M = 60_000.0
QUARTER = {False: 6, True: 16}
"""Chords, and tangents, to a quarter of a circle: the former stand off 0.9 %, the latter 0.12 % of the radius."""


def closed(city: City, plane: Plane, *, outer: bool = True, widen: float = 1.0, more_m: float = 0.0) -> BaseGeometry:
    """The closed ground of the zones in force, margins times ``widen`` plus ``more_m``, in the plane's metres."""
    shut, fences = [], []
    for zone in city.in_force():
        if zone.inside:
            fences.append(zone)
        else:
            grown_m = widen * zone.margin_m + more_m
            shut.append(_grown(shape(zone, plane, outer), grown_m, outer))
    if fences:
        inside = shapely.union_all([shape(zone, plane, not outer) for zone in fences])
        outside = shapely.box(-WORLD_M, -WORLD_M, WORLD_M, WORLD_M).difference(inside)
        grown_m = widen * max(zone.margin_m for zone in fences) + more_m
        shut.append(_grown(outside, grown_m, outer))
    return shapely.union_all(shut)


def shape(zone: Zone, plane: Plane, outer: bool) -> BaseGeometry:
    """The zone without its margin; a circle by tangents or chords."""
    if zone.centre is not None:
        middle = shapely.Point(plane.xy([zone.centre])[0])
        return _grown(middle, zone.radius_m, outer)
    rings = [plane.xy(ring) for ring in zone.rings]
    return shapely.Polygon(rings[0], rings[1:])


def _grown(ground: BaseGeometry, by_m: float, outer: bool) -> BaseGeometry:
    if by_m < 1e-9:  # GEOS loses the ground itself
        return ground
    quarter = QUARTER[outer]
    stretch = 1.0 / math.cos(math.pi / (4 * quarter)) if outer else 1.0
    return ground.buffer(by_m * stretch, quad_segs=quarter, join_style="round")


def edges(ground: BaseGeometry) -> np.ndarray:
    """The edges of polygons, shape [e, 4]."""
    rings = [np.asarray(ring.coords) for ring in shapely.get_rings(shapely.get_parts(ground))]
    return np.concatenate([np.empty((0, 4)), *(np.hstack([ring[:-1], ring[1:]]) for ring in rings)])
