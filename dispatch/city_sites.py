"""What stands in a city, out of the entries of its files: places, airports, candidate sites, bases and their drones.

Every refusal is a :class:`~dispatch.city.CityError` that names the file, the entry and the reason.
"""

import csv
from collections import Counter
from collections.abc import Mapping

import shapely

from dispatch.city import Airport, Candidate, CityError, Place
from dispatch.model import Base, Drone
from dispatch.video import video_fault
from geo.airframe import Airframe
from geo.airspace import Fence, Geozone, restrictions
from geo.closed import closed_ground
from geo.frame import LocalFrame
from geo.geojson import Entry, PointFeature
from geo.position import Position

CITY_RADIUS_M = 60_000.0
"""Bases and candidate sites lie within this of the centre: the local frame is good that far."""

DRONE_COLUMNS = ("id", "airframe", "base_id", "system_id", "video_url")
"""The last need not be there."""

OWN_SYSTEM_ID = 245
"""What MAVSDK calls itself as a ground station; a vehicle with that number would be taken for us."""


def places_of(points: tuple[PointFeature, ...]) -> tuple[Place, ...]:
    """The named places of ``places.geojson``."""
    return tuple(
        Place(
            id=entry.allow(("id", "name", "name_zh", "population", "note")).text("id"),
            name=entry.text("name"),
            name_zh=entry.text("name_zh"),
            position=point.position,
            population=None if entry.values.get("population") is None else entry.whole("population", low=0, high=10**8),
        )
        for point in points
        for entry in (point.entry,)
    )


def airports_of(points: tuple[PointFeature, ...]) -> tuple[Airport, ...]:
    """Those of ``airports.geojson``."""
    return tuple(
        Airport(
            id=point.entry.allow(("id", "name", "elevation_amsl_m", "note")).text("id"),
            name=point.entry.text("name"),
            position=point.position,
            elevation_amsl_m=point.entry.number("elevation_amsl_m", 0.0, low=-500, high=9000),
        )
        for point in points
    )


def candidates_of(points: tuple[PointFeature, ...]) -> tuple[Candidate, ...]:
    """The sites of ``candidates.geojson`` where a base could stand."""
    return tuple(
        Candidate(
            id=point.entry.allow(("id", "name", "name_zh", "note")).text("id"),
            name=point.entry.text("name"),
            name_zh=point.entry.text("name_zh"),
            position=point.position,
        )
        for point in points
    )


def bases_of(points: tuple[PointFeature, ...], ground_amsl_m: float) -> dict[str, Base]:
    """The bases of ``bases.geojson`` by id; where a base tells no height, its ground lies as high as the city's."""
    bases: dict[str, Base] = {}
    for point in points:
        entry = point.entry.allow(("id", "name", "name_zh", "docks", "ground_amsl_m", "note"))
        base = Base(
            id=entry.text("id"),
            name=entry.text("name"),
            name_zh=entry.text("name_zh"),
            position=point.position,
            ground_amsl_m=entry.number("ground_amsl_m", ground_amsl_m, low=-500, high=9000),
            docks=entry.whole("docks", low=1, high=1000),
        )
        bases[base.id] = base
    return bases


def drones_of(text: str, airframes: Mapping[str, Airframe], bases: Mapping[str, Base]) -> dict[str, Drone]:
    """The fleet of ``drones.csv`` by id; more than one drone a dock, or two of one system id, are refused."""
    needed, columns = DRONE_COLUMNS[:-1], DRONE_COLUMNS
    reader = csv.DictReader(text.splitlines(), restkey="(further)")
    named = reader.fieldnames or ()
    if not set(needed) <= set(named) <= set(columns) or len(named) != len(set(named)):
        raise CityError(f"drones.csv: the first line must be {','.join(needed)}, and may name {columns[-1]}")
    drones: dict[str, Drone] = {}
    owners: dict[int, str] = {}
    for row in reader:
        entry = Entry(f"drones.csv: line {reader.line_num} ({row['id']!r})", row, CityError).allow(columns)
        number = entry.text("system_id")
        if not number.strip().isdecimal() or not 1 <= int(number) <= 254:
            raise entry.fail(f"system_id = {number!r} must be a whole number in [1, 254]")
        if int(number) == OWN_SYSTEM_ID:
            raise entry.fail(f"system_id {number} is the engine's own on every link (MAVSDK's)")
        drone = Drone(
            id=entry.text("id"),
            airframe=entry.text("airframe"),
            base_id=entry.text("base_id"),
            system_id=int(number),
            video_url=(row.get("video_url") or "").strip(),
        )
        if drone.video_url and (fault := video_fault(drone.video_url)):
            raise entry.fail(f"video_url {fault}")
        if drone.id in drones:
            raise entry.fail(f"id {drone.id!r} is taken by another drone")
        if drone.airframe not in airframes:
            raise entry.fail(f"unknown airframe {drone.airframe!r}; known are {', '.join(airframes)}")
        if drone.base_id not in bases:
            raise entry.fail(f"unknown base {drone.base_id!r}")
        if drone.system_id in owners:
            raise entry.fail(f"system_id {drone.system_id} is taken by drone {owners[drone.system_id]!r}")
        owners[drone.system_id] = drone.id
        drones[drone.id] = drone
    for base_id, count in Counter(drone.base_id for drone in drones.values()).items():
        if count > bases[base_id].docks:
            raise CityError(f"drones.csv: {count} drones at base {base_id!r}, which has {bases[base_id].docks} docks")
    return drones


def require_site(
    name: str,
    position: Position,
    centre: Position,
    zones: Mapping[str, Geozone],
    cruise_height_m: float,
    ground_amsl_m: float,
) -> None:
    """Refuse ``position`` unless a drone can rise from it: near enough to the centre, in no prohibited zone (with
    margin) up to cruise height, inside the inclusion zones. In a zone that can be opened by a grant a base may stand,
    and wait for it."""
    frame = LocalFrame(centre)
    away_m = frame.distance_m(centre, position)
    if away_m > CITY_RADIUS_M:
        raise CityError(
            f"{name}: lies {away_m / 1000:.1f} km from the centre; {CITY_RADIUS_M / 1000:.0f} km is the most"
        )
    spot = shapely.Point(frame.xy(position))
    met = [zone for zone in zones.values() if zone.holds_between(0.0, cruise_height_m, ground_amsl_m)]
    for rule in restrictions(zone for zone in met if zone.kind in ("prohibited", "inclusion")):
        if not closed_ground(frame, rule).intersects(spot):
            continue
        if isinstance(rule, Fence):
            raise CityError(f"{name}: lies {rule.name}, or within {rule.margin_m:.0f} m of the edge")
        raise CityError(f"{name}: lies in zone {rule.id!r} ({rule.name}) or within {rule.margin_m:.0f} m of it")
