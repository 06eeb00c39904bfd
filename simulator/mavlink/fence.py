"""Geofences as MAVLink uploads them: polygons and circles to stay inside or outside of.

The rule is PX4 1.16's (geofence.cpp, ``isInsidePolygonOrCircle``): a position is allowed when it is inside every
inclusion and outside every exclusion.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .frame import Frame
from .items import Item

POLYGON_IN: Final = 5001
POLYGON_OUT: Final = 5002
CIRCLE_IN: Final = 5003
CIRCLE_OUT: Final = 5004
COMMANDS: Final = frozenset({POLYGON_IN, POLYGON_OUT, CIRCLE_IN, CIRCLE_OUT})

Point = tuple[float, float]


class FenceError(ValueError):
    """Fence items that do not make up whole polygons and circles."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A ring of (east_m, north_m) corners."""

    inclusion: bool
    corners_m: tuple[Point, ...]

    def contains(self, east_m: float, north_m: float) -> bool:
        """Whether a point lies inside (even-odd rule)."""
        inside = False
        previous = self.corners_m[-1]
        for corner in self.corners_m:
            (x1, y1), (x2, y2) = previous, corner
            if (y1 > north_m) != (y2 > north_m) and east_m < x1 + (north_m - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
            previous = corner
        return inside

    def allows(self, east_m: float, north_m: float) -> bool:
        """Whether the vehicle may be at a point."""
        return self.contains(east_m, north_m) == self.inclusion


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc around (east_m, north_m)."""

    inclusion: bool
    centre_m: Point
    radius_m: float

    def contains(self, east_m: float, north_m: float) -> bool:
        """Whether a point lies inside."""
        return math.hypot(east_m - self.centre_m[0], north_m - self.centre_m[1]) < self.radius_m

    def allows(self, east_m: float, north_m: float) -> bool:
        """Whether the vehicle may be at a point."""
        return self.contains(east_m, north_m) == self.inclusion


@dataclass(frozen=True, slots=True)
class Fence:
    """All fences of one vehicle, in its local frame."""

    shapes: tuple[Polygon | Circle, ...] = ()

    def allows(self, east_m: float, north_m: float) -> bool:
        """Whether the vehicle may be at a position."""
        return all(shape.allows(east_m, north_m) for shape in self.shapes)


def fence_from_items(items: Sequence[Item], frame: Frame) -> Fence:
    """The fence that uploaded items describe; raises :class:`FenceError` where they make no sense."""
    shapes: list[Polygon | Circle] = []
    position = 0
    while position < len(items):
        item = items[position]
        if item.command in (CIRCLE_IN, CIRCLE_OUT):
            centre = frame.local(item.latitude_deg, item.longitude_deg)
            shapes.append(Circle(item.command == CIRCLE_IN, centre, item.param1))
            position += 1
            continue
        if item.command not in COMMANDS:
            raise FenceError(f"item {item.seq} is no fence: command {item.command}")
        count = int(item.param1) if math.isfinite(item.param1) else 0
        ring = items[position : position + count]
        if count < 3 or len(ring) < count or any(i.command != item.command for i in ring):
            raise FenceError(f"polygon at item {item.seq} is incomplete")
        corners = tuple(frame.local(i.latitude_deg, i.longitude_deg) for i in ring)
        shapes.append(Polygon(item.command == POLYGON_IN, corners))
        position += count
    return Fence(tuple(shapes))
