"""The fence that a vehicle holds itself: the last line behind our own ways, drawn at the zones' own edges.

Our ways keep a zone's margin, but a drone does not fly them to the metre: it cuts a corner by up to its acceptance
radius towards the zone, and wind and position error take the rest. A fence at the margin would stop drones on legal
ways; one at the zone's own edge is crossed only by a drone that is really lost.

A vehicle's fence knows no heights and not much room. So a zone that a way passes over or under is left out, and of
more zones than the vehicle holds it gets the nearest. Whatever is left out is named.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

from geo.airspace import Circle, Fence, Geozone, Restriction
from geo.closed import closed_ground, polygons_of
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Points

NEAR_EDGE_M = 3.0
"""A drone this near to a zone, or in it, is not given that zone's fence yet: an autopilot that finds itself outside of
its fence acts at once (or, as PX4 does, throws that part of the fence away without a word in its answer)."""

ROUNDING_M = (0.0, 1.0, 2.0, 5.0)
"""How far a polygon's corners may be off, tried in turn where the vehicle has no room for all of them."""

ROUNDING_SHARE = 0.25
"""Never farther off than this share of the zone's margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FencePolygon:
    """Stay out of (or, with ``inside``, in) a simple polygon. Its corners may be moved by ``slack_m``."""

    zone_id: str
    corners: tuple[Position, ...]
    inside: bool = False
    slack_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceCircle:
    """Stay out of (or, with ``inside``, in) a circle."""

    zone_id: str
    centre: Position
    radius_m: float
    inside: bool = False


FenceArea = FencePolygon | FenceCircle


@dataclass(frozen=True, slots=True, kw_only=True)
class Geofence:
    """What a vehicle keeps out of by itself, nearest to its way first.

    ``over`` names zones that its way passes over or under, ``within`` those that it is in itself for now (it gets
    their fence once it is out), ``no_room`` those that the vehicle cannot hold.
    """

    areas: tuple[FenceArea, ...] = ()
    over: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    no_room: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """How many places it takes on the vehicle: one per corner, one per circle."""
        return sum(_points(area) for area in self.areas)


def geofence_of(
    frame: LocalFrame, zones: Iterable[Restriction], here: Points | None, lines: Iterable[Sequence[Position]]
) -> Geofence:
    """The fence of ``zones`` for a drone that is ``here`` [2] (None: not known) and flies along ``lines``."""
    ways = MultiLineString([LineString(frame.xy_of(line)) for line in lines if len(line) > 1])
    at = None if here is None else shapely.Point(here)
    told: list[tuple[float, str, tuple[FenceArea, ...]]] = []
    over, within = [], []
    for zone in zones:
        ground = _ground(frame, zone)
        if at is not None and ground.distance(at) < NEAR_EDGE_M:
            within.append(zone.id)
        elif ways.intersects(ground):
            over.append(zone.id)
        else:
            far_m = float(ground.distance(ways)) if not ways.is_empty else float(ground.distance(at)) if at else 0.0
            told.append((far_m, zone.id, _areas(frame, zone, at)))
    areas = tuple(area for _, _, group in sorted(told, key=lambda entry: entry[:2]) for area in group)
    return Geofence(areas=areas, over=tuple(over), within=tuple(within))


def fitted(fence: Geofence, most_points: int) -> Geofence:
    """``fence`` for a vehicle that has room for ``most_points``: polygons rounded off as little as is needed, and then
    the nearest zones, each whole or not at all.
    """
    for rounding_m in ROUNDING_M:
        rounded = replace(fence, areas=tuple(_rounded(area, rounding_m) for area in fence.areas))
        if rounded.points <= most_points:
            return rounded
    kept: list[FenceArea] = []
    no_room: list[str] = []
    room = most_points
    for zone_id in dict.fromkeys(area.zone_id for area in rounded.areas):
        group = [area for area in rounded.areas if area.zone_id == zone_id]
        needs = sum(_points(area) for area in group)
        if needs <= room:
            kept, room = kept + group, room - needs
        else:
            no_room.append(zone_id)
    return replace(rounded, areas=tuple(kept), no_room=tuple(no_room))


def _points(area: FenceArea) -> int:
    return len(area.corners) if isinstance(area, FencePolygon) else 1


@lru_cache(maxsize=4096)  # the same zones are asked for by every sortie
def _ground(frame: LocalFrame, zone: Restriction) -> BaseGeometry:
    """What it closes, without its margin."""
    if isinstance(zone, Fence):
        return closed_ground(frame, replace(zone, zones=tuple(replace(one, margin_m=0.0) for one in zone.zones)))
    return closed_ground(frame, replace(zone, margin_m=0.0))


def _areas(frame: LocalFrame, zone: Restriction, at: shapely.Point | None) -> tuple[FenceArea, ...]:
    return _inside(frame, zone, at) if isinstance(zone, Fence) else _outside(frame, zone)


@lru_cache(maxsize=4096)
def _outside(frame: LocalFrame, zone: Geozone) -> tuple[FenceArea, ...]:
    if isinstance(zone.ground, Circle):
        return (FenceCircle(zone_id=zone.id, centre=zone.ground.centre, radius_m=zone.ground.radius_m),)
    slack_m = zone.margin_m * ROUNDING_SHARE
    return tuple(
        FencePolygon(zone_id=zone.id, corners=_corners(frame, whole), slack_m=slack_m)
        for polygon in polygons_of(_ground(frame, zone))
        for whole in _without_holes(polygon)
    )


def _inside(frame: LocalFrame, fence: Fence, at: shapely.Point | None) -> tuple[FenceArea, ...]:
    """The part of a fence that the drone is in, for PX4 wants a drone inside of *every* area to stay in."""
    if len(fence.zones) == 1 and isinstance(fence.zones[0].ground, Circle):
        ground = fence.zones[0].ground
        return (FenceCircle(zone_id=fence.id, centre=ground.centre, radius_m=ground.radius_m, inside=True),)
    room = shapely.box(*_ground(frame, fence).bounds).difference(_ground(frame, fence))
    parts = [part for part in _polygons_in(room) if at is None or part.contains(at)]
    if len(parts) != 1:
        return ()
    slack_m = fence.margin_m * ROUNDING_SHARE
    edge = FencePolygon(zone_id=fence.id, corners=_corners(frame, parts[0]), inside=True, slack_m=slack_m)
    holes = [whole for ring in parts[0].interiors for whole in _without_holes(Polygon(ring))]
    return (edge, *(FencePolygon(zone_id=fence.id, corners=_corners(frame, h), slack_m=slack_m) for h in holes))


def _corners(frame: LocalFrame, polygon: Polygon) -> tuple[Position, ...]:
    ring = np.asarray(polygon.exterior.coords)[:-1]
    return tuple(Position(*place) for place in frame.to_lonlat(ring).tolist())


def _without_holes(polygon: Polygon) -> list[Polygon]:
    """A polygon as pieces that have no hole, for an autopilot's polygon has none: cut through each hole's middle."""
    if not polygon.interiors:
        return [polygon]
    west, south, east, north = polygon.bounds
    middle = polygon.interiors[0].centroid.x
    halves = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    pieces = [piece for half in halves for piece in _polygons_in(polygon.intersection(half))]
    return [whole for piece in pieces for whole in _without_holes(piece)]


def _polygons_in(geometry: BaseGeometry) -> list[Polygon]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and part.area > 0]


def _rounded(area: FenceArea, rounding_m: float) -> FenceArea:
    if isinstance(area, FenceCircle) or rounding_m == 0.0:
        return area
    frame = LocalFrame(area.corners[0])
    polygon = Polygon(frame.xy_of(area.corners)).simplify(min(rounding_m, area.slack_m))
    if not isinstance(polygon, Polygon) or polygon.is_empty or len(polygon.exterior.coords) < 4:
        return area
    return replace(area, corners=_corners(frame, polygon))
