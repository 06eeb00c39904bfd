"""The area that a claim is about: the city's own outline, or polygons out of a GeoJSON file."""

import json
import math
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dispatch.city import City, CityError
from dispatch.city_sites import CITY_RADIUS_M
from geo.airspace import Ring
from geo.frame import LocalFrame
from geo.geojson import GeoJSONError, parse_polygons


def city_area(city: City) -> BaseGeometry:
    """The city's outline in the metres of its frame."""
    return shapely.union_all([_polygon(city.frame, (ring,)) for ring in city.boundary])


def read_area(path: Path, city: City) -> BaseGeometry:
    """The polygons of a GeoJSON file in the metres of the city's frame.

    Raises :class:`CityError` for a file that cannot be read, is no GeoJSON with its datum stated, holds no polygon, or
    reaches beyond 60 km from the city's centre.
    """
    try:
        decoded = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CityError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CityError(f"{path.name}: not valid JSON: {error}") from error
    try:
        polygons = parse_polygons(decoded, path.name, city.centre)
    except GeoJSONError as error:
        raise CityError(str(error)) from error
    if not polygons:
        raise CityError(f"{path.name}: no polygon")
    for polygon in polygons:
        farthest_m = float(np.hypot(*city.frame.to_xy(*np.asarray(polygon.outline).T).T).max())
        if farthest_m > CITY_RADIUS_M:
            raise polygon.entry.fail(
                f"reaches {farthest_m / 1000:.1f} km from the centre of {city.name}; "
                f"{CITY_RADIUS_M / 1000:.0f} km is the most"
            )
    return shapely.union_all([_polygon(city.frame, (one.outline, *one.holes)) for one in polygons])


def _polygon(frame: LocalFrame, rings: tuple[Ring, ...]) -> BaseGeometry:
    outline, *holes = (frame.to_xy(*np.asarray(ring).T) for ring in rings)
    return shapely.Polygon(outline, holes)


def grid_over(area: BaseGeometry, cell_m: float) -> tuple[tuple[int, int], tuple[float, float]]:
    """Rows and columns of a grid over the area's bounds, and its north-west corner in metres."""
    west, south, east, north = area.bounds
    columns, rows = (max(1, math.ceil(side_m / cell_m)) for side_m in (east - west, north - south))
    return (rows, columns), (west, north)
