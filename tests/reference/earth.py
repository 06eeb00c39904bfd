"""The reference's own plane and geodesics: transverse Mercator about a city's middle, and lines on the ellipsoid.

Within 10 km of its middle the plane stretches lengths by less than x²/2R² = 1.3e-6.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod, Transformer

GEOD = Geod(ellps="WGS84")
Metres = NDArray[np.float64]
"""East and north of a city's middle, shape [n, 2]."""


class Plane:
    """Metres about a middle (degrees)."""

    def __init__(self, middle: tuple[float, float]) -> None:
        lon, lat = middle
        self._to = Transformer.from_pipeline(
            f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=tmerc +lat_0={lat} +lon_0={lon}"
            " +k=1 +x_0=0 +y_0=0 +ellps=WGS84"
        )

    def xy(self, lonlat: object) -> Metres:
        """Metres of degrees, shape [n, 2]."""
        lon, lat = np.asarray(lonlat, dtype=float).reshape(-1, 2).T
        return np.stack(self._to.transform(lon, lat), axis=1)

    def lonlat(self, xy: object) -> NDArray[np.float64]:
        """Degrees of metres, shape [n, 2]; longitudes in [−180, 180]."""
        east, north = np.asarray(xy, dtype=float).reshape(-1, 2).T
        lon, lat = self._to.transform(east, north, direction="INVERSE")
        return np.stack([(np.asarray(lon) + 180.0) % 360.0 - 180.0, lat], axis=1)

    def ring(self, corners: Metres) -> tuple[tuple[float, float], ...]:
        """Corners in metres as a ring of degrees."""
        return tuple((float(lon), float(lat)) for lon, lat in self.lonlat(corners))


def disc(place: tuple[float, float], radius_m: float, every_m: float) -> NDArray[np.float64]:
    """Degrees of points all over a disc on the ellipsoid, rim and all, at most ``every_m`` apart. Shape [n, 2]."""
    rings_m = np.linspace(0.0, radius_m, int(np.ceil(radius_m / every_m)) + 1)
    counts = np.maximum(1, np.ceil(2 * np.pi * rings_m / every_m)).astype(int)
    courses = np.concatenate([np.linspace(0.0, 360.0, count, endpoint=False) for count in counts])
    away_m, full = np.repeat(rings_m, counts), np.ones(len(courses))
    lon, lat, _ = GEOD.fwd(full * place[0], full * place[1], courses, away_m)
    return np.stack([lon, lat], axis=1)


def along(places: Sequence[tuple[float, float]], every_m: float) -> NDArray[np.float64]:
    """Degrees of points on the geodesics that join ``places`` (degrees), at most ``every_m`` apart. Shape [n, 2]."""
    pieces = [np.asarray(places[:1], dtype=float)]
    for (lon, lat), (to_lon, to_lat) in itertools.pairwise(places):
        course, _, length_m = GEOD.inv(lon, lat, to_lon, to_lat)
        ways_m = np.linspace(0.0, length_m, max(2, int(np.ceil(length_m / every_m)) + 1))[1:]
        full = np.ones_like(ways_m)
        found_lon, found_lat, _ = GEOD.fwd(full * lon, full * lat, full * course, ways_m)
        pieces.append(np.stack([found_lon, found_lat], axis=1))
    return np.concatenate(pieces)
