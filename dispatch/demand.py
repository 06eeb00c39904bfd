"""Where calls come from: a city's open ground, squares of it weighted by its call model, and demand by its name."""

import hashlib

import numpy as np
import shapely
from scipy.special import ndtr
from shapely.geometry.base import BaseGeometry

from dispatch.city import City
from geo.airspace import Ring, restrictions
from geo.certify import Demand
from geo.closed import closed_ground

CELL_M = 500.0
"""The side of a square: to the middle of such a one it is 191 m on average (0.3826 of its side)."""

MOST_CELLS = 1_000_000


class CallsError(ValueError):
    """Calls that cannot be generated, or that come from nowhere; the message says why."""


def open_ground(city: City) -> BaseGeometry:
    """Where calls can be: the boundary less closed ground, in the metres of the city's frame; prepared.

    Raises :class:`CallsError` where zones cover all of it.
    """
    frame = city.frame

    def polygon(outline: Ring) -> shapely.Polygon:
        return shapely.Polygon(frame.to_xy([lon for lon, _ in outline], [lat for _, lat in outline]))

    height_m = city.rules.cruise_height_m
    inside = shapely.union_all([polygon(ring) for ring in city.boundary])
    met = [zone for zone in city.zones.values() if zone.holds_between(height_m, height_m, city.ground_amsl_m)]
    closed = [closed_ground(frame, rule) for rule in restrictions(met)]
    legal = inside.difference(shapely.union_all(closed))
    if legal.is_empty:
        raise CallsError(f"city {city.id!r}: zones cover all of the boundary")
    shapely.prepare(legal)
    return legal


def demand_of(city: City, *, cell_m: float = CELL_M) -> Demand:
    """Squares of the city's open ground, weighted by its call model: hot spots and background, integrated over each.
    The weights sum to 1.

    Raises :class:`CallsError` for a city without a call model, a hot spot without open ground, or more than
    :data:`MOST_CELLS` squares.
    """
    model = city.calls
    if model is None:
        raise CallsError(f"city {city.id!r} has no call model: it needs a calls.toml")
    ground = open_ground(city)
    west, south, east, north = ground.bounds
    if not cell_m > 0 or (east - west) * (north - south) > MOST_CELLS * cell_m**2:
        raise CallsError(f"cells of {cell_m:g} m: city {city.id!r} would be more than {MOST_CELLS:,} of them, or none")
    corners = np.stack(np.meshgrid(np.arange(west, east, cell_m), np.arange(south, north, cell_m)), -1).reshape(-1, 2)
    pieces = shapely.intersection(shapely.box(*corners.T, *(corners + cell_m).T), ground)
    areas = shapely.area(pieces)
    corners, pieces, areas = corners[areas > 0], pieces[areas > 0], areas[areas > 0]
    middles = shapely.centroid(pieces)
    inside = shapely.contains(pieces, middles)
    points = shapely.get_coordinates(np.where(inside, middles, shapely.point_on_surface(pieces)))
    weights = model.background_weight * areas / areas.sum()
    for spot in model.hot_spots:
        low, high = ((at - city.frame.xy(spot.position)) / spot.radius_m for at in (corners, corners + cell_m))
        share = np.prod(ndtr(high) - ndtr(low), axis=1) * areas
        if not share.sum() > 0:
            raise CallsError(f"hot spot {spot.place_id!r}: no open ground there, inside the boundary and outside zones")
        weights += spot.weight * share / share.sum()
    return Demand(places_xy=points, weights=weights / weights.sum())


_KNOWN: dict[str, Demand] = {}


def remember(demand: Demand) -> str:
    """The name of demand, the SHA-256 of its content: a situation is written down with every decision, and holds the
    name of what weighs a hundred kilobytes, as it does of its terrain (:func:`geo.terrain.remember`)."""
    content = hashlib.sha256(repr(demand.places_xy.shape).encode())
    for numbers in (demand.places_xy, demand.weights):
        content.update(np.ascontiguousarray(numbers, dtype="<f8").tobytes())
    name = content.hexdigest()
    _KNOWN.setdefault(name, demand)
    return name


def recall(name: str) -> Demand:
    """The demand of this name; raises :class:`CallsError` where it was not read on this machine yet."""
    if not name:
        raise CallsError("the policy weighs what a departure leaves uncovered, and no demand is known: read the city")
    if name not in _KNOWN:
        raise CallsError(f"demand {name[:12]}… is not known here: read the city folder that it belongs to")
    return _KNOWN[name]
