"""A planned layout read back, to be certified: what ``layout.geojson`` says, and the city that it is for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from api.planning.features import PlanningError
from api.planning.nowhere import nowhere
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.model import Base
from geo.formats.own import parse_zones
from geo.geojson import GeoJSONError, parse_points, unique
from geo.position import Position, PositionError


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutFile:
    """A layout as it was planned. ``city`` has its bases, and the zones that the plan added; its drones are still those
    that stood before: ``drones`` tells how many each base has by the plan."""

    city: City
    area: BaseGeometry
    airframe: str
    drones: Mapping[str, int]
    within_s: float
    wind: str
    """As ``6@300``."""
    at: str
    """ISO 8601."""


def read_layout(path: Path, city: str | None = None) -> LayoutFile:
    """The layout of a ``layout.geojson``, in ``city`` where another than the plan's is named.

    Raises :class:`PlanningError`, and ``CityError`` for a city that is not there.
    """
    try:
        decoded = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PlanningError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise PlanningError(f"{path.name}: not valid JSON: {error}") from error
    told = decoded.get("plan") if isinstance(decoded, dict) else None
    if not isinstance(told, dict):
        raise PlanningError(f"{path.name}: no layout of reach180 plan: the member plan is missing")
    try:
        return _read(decoded, told, path.name, city)
    except KeyError as error:
        raise PlanningError(f"{path.name}: member plan: {error.args[0]} is missing") from error
    except (GeoJSONError, PositionError, ShapelyError, TypeError, AttributeError) as error:
        raise PlanningError(f"{path.name}: {error}") from error


def _read(decoded: object, told: Mapping[str, Any], name: str, city: str | None) -> LayoutFile:
    named = city or told["city"]
    town = nowhere(Position(*told["centre"])) if named is None else load_city(find_city(named))
    points = parse_points(decoded, name, town.centre)
    if not points:
        raise PlanningError(f"{name}: no base")
    unique((point.entry.text("id"), point.entry) for point in points)
    bases = {
        point.entry.text("id"): Base(
            id=point.entry.text("id"),
            name=point.entry.text("name"),
            name_zh=point.entry.text("name"),
            position=point.position,
            ground_amsl_m=town.ground_amsl_m,
            docks=point.entry.whole("docks", 1, low=1, high=1000),
        )
        for point in points
    }
    zones = {zone.id: zone for zone in parse_zones(told["zones"], name, town.centre)}
    frame = town.frame
    return LayoutFile(
        city=replace(town, bases=bases, zones={**town.zones, **zones}),
        area=shapely.transform(shape(told["area"]), lambda degrees: frame.to_xy(*degrees.T)),
        airframe=str(told["airframe"]),
        drones={point.entry.text("id"): point.entry.whole("drones", 1, low=1, high=1000) for point in points},
        within_s=float(told["within_s"]),
        wind=str(told["wind"]),
        at=datetime.fromtimestamp(float(told["at_s"]), UTC).isoformat(),
    )
