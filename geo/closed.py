"""Closed ground: what a geozone with its margin takes out of the plane at one height."""

import numpy as np
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.airspace import Geozone
from geo.frame import LocalFrame

MITRE_LIMIT = 1.5
"""A sharp corner of a margin is cut at this multiple of the margin: a drone need not fly round a needle's tip."""


def closed_ground(frame: LocalFrame, zone: Geozone) -> BaseGeometry:
    """The ground that ``zone`` closes, margin included, in the frame's metres."""
    rings = [frame.to_xy(*np.asarray(ring).T) for ring in (zone.outline, *zone.holes)]
    polygon = Polygon(rings[0], rings[1:])
    return polygon.buffer(zone.margin_m, join_style="mitre", mitre_limit=MITRE_LIMIT)


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons that a geometry is made of; raises ``TypeError`` for lines and points."""
    if geometry.is_empty:
        return []
    if isinstance(geometry, Polygon):
        return [geometry]
    if isinstance(geometry, MultiPolygon):
        return list(geometry.geoms)
    raise TypeError(f"expected polygons, found {geometry.geom_type}")
