"""Whether a route keeps out of the zones, on the geodesic: a point every metre, measured to the zones themselves."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from tests.reference.city import City, Zone
from tests.reference.earth import GEOD, Plane, along, disc
from tests.reference.ground import edges
from tests.reference.segments import heights

EVERY_M = 1.0
EDGE_M = 100.0
"""Edges of zones are geodesics too: their points this far apart leave less than a millimetre to a straight line."""


class Auditor:
    """The zones in force of a city, ready to be measured to."""

    def __init__(self, city: City) -> None:
        self.plane = Plane(city.middle)
        self.shut = [zone for zone in city.in_force() if not zone.inside]
        fences = [zone for zone in city.in_force() if zone.inside]
        self._walls = [_walls(zone, self.plane) for zone in self.shut]
        self._fence, self._fence_margin_m = None, 0.0
        if fences:
            rings = [shapely.Polygon(self.plane.xy(_densified(zone.rings[0]))) for zone in fences]
            self._fence = edges(shapely.union_all(rings))
            self._fence_margin_m = max(zone.margin_m for zone in fences)

    def room_m(self, places: NDArray[np.float64]) -> tuple[float, str]:
        """The least room (metres beyond its margin) that ``places`` (degrees, [n, 2]) leave to any zone, and which."""
        least, which = np.inf, "nothing"
        xy = self.plane.xy(places)
        for zone, walls in zip(self.shut, self._walls, strict=True):
            if zone.centre is not None:
                full = np.ones(len(places))
                away_m = GEOD.inv(full * zone.centre[0], full * zone.centre[1], places[:, 0], places[:, 1])[2]
                room = float(away_m.min()) - zone.radius_m - zone.margin_m
            else:
                room = float(heights(walls, xy).min()) - zone.margin_m
            if room < least:
                least, which = room, zone.id
        if self._fence is not None:
            room = float(-heights(self._fence, xy).max()) - self._fence_margin_m
            if room < least:
                least, which = room, "fence"
        return least, which

    def room_of_disc_m(self, place: tuple[float, float], radius_m: float) -> tuple[float, str]:
        """The same for all within ``radius_m`` of a place, along geodesics from it."""
        return self.room_m(disc(place, radius_m, EVERY_M))

    def room_of_route_m(self, route: Sequence[tuple[float, float]]) -> tuple[float, str]:
        """The same for the geodesics that join the places of a route."""
        return self.room_m(along(route, EVERY_M))


def _densified(ring: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    return along([*ring, ring[0]], EDGE_M)[:-1]


def _walls(zone: Zone, plane: Plane) -> NDArray[np.float64]:
    pieces = [np.empty((0, 4))]
    for ring in zone.rings:
        points = plane.xy(_densified(ring))
        pieces.append(np.hstack([points, np.roll(points, -1, axis=0)]))
    return np.concatenate(pieces)
