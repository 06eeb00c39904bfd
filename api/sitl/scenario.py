"""The scenario file of ``reach180 sitl``: a city, its vehicles, and what happens when. TOML::

    city = "proving-ground"     # a built-in name, or a folder beside the file
    vehicles = 5                # the first so many drones of the city; all if left out
    airframe = "px4-x500"       # instead of what the city's drones are

    [[incidents]]
    at_s = 10.0                 # seconds after all are ready
    name = "A"
    longitude_deg = 120.96
    latitude_deg = 31.38
    datum = "WGS-84"
    type = "fire"

    [[faults]]
    kind = "process_killed"
    incident = "A"              # whoever flies for A ...
    when = "en_route"           # ... 5 s after it is on its way
    after_s = 5.0

``docs/sitl.md`` tells all of it. Everything is checked before anything is started.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, model_validator

from api.intake import IncidentIn, Strict
from api.scenario import ScenarioError, WindIn, city_beside, find_file, read_as, shipped_in
from dispatch.city import City, CityError
from dispatch.model import SortieState
from geo.airspace import Geozone
from geo.formats.own import parse_zones
from geo.geojson import GeoJSONError
from geo.wind import Wind
from simulator.faults import Fault, FaultError, fault_of

Expected = Literal["served", "unserved", "refused"]
Moment = Literal["decided", "airborne", "en_route", "on_scene", "returning"]

AtS = Field(ge=0, description="seconds after all vehicles are ready")


class TimedIncidentIn(IncidentIn):
    """An incident and when it is reported. ``expect`` is what must come of it."""

    at_s: float = AtS
    name: str = Field("", max_length=40)
    expect: Expected = "served"


class TimedZoneIn(Strict):
    """A geozone that is raised, as a feature of our own GeoJSON."""

    at_s: float = AtS
    lift_at_s: float | None = Field(None, ge=0)
    geometry: dict[str, Any]
    properties: dict[str, Any]


class LiftIn(Strict):
    """A zone of the city that is lifted."""

    at_s: float = AtS
    zone_id: str


class TimedWindIn(WindIn):
    """The weather from then on, told to the engine; the wind blows. Without rain it rains as before."""

    at_s: float = AtS
    rain_mm_h: float | None = Field(None, ge=0)


class OrderIn(Strict):
    """What an operator orders about an incident."""

    at_s: float = AtS
    order: Literal["release", "cancel"]
    incident: str


class FaultIn(Strict):
    """Something breaks: at an instant on a drone or on every drone of a base, or in a moment of the sortie that flies
    for an incident."""

    kind: str
    figures: dict[str, float] = Field(default_factory=dict)
    at_s: float | None = Field(None, ge=0)
    drone: str | None = None
    base: str | None = None
    incident: str | None = None
    when: Moment | None = None
    after_s: float = Field(0.0, ge=0)
    mend_after_s: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "FaultIn":
        given = [name for name in ("at_s", "drone", "base", "incident", "when") if getattr(self, name) is not None]
        if given not in (["at_s", "drone"], ["at_s", "base"], ["incident", "when"]):
            found = ", ".join(given) or "none of them"
            raise ValueError(f"give at_s and drone (or base), or incident and when; found {found}")
        return self


class LimitsIn(Strict):
    """How far the flown time on scene may be off the predicted one, as shares of it."""

    median_error_share: float | None = Field(None, gt=0)
    p95_error_share: float | None = Field(None, gt=0)
    bias_share: float | None = Field(None, gt=0)


class SitlIn(Strict):
    """A scenario file."""

    city: str
    name: str = ""
    vehicles: int | None = Field(None, ge=1, le=250)
    airframe: str | None = None
    speed: float = Field(1.0, gt=0, le=100)
    wind: WindIn | None = None
    watch_s: float | None = Field(None, ge=0, description="of every incident that does not say its own")
    patience_s: float = Field(600.0, gt=0, description="after the last entry, until the run is given up")
    limits: LimitsIn = LimitsIn()
    incidents: list[TimedIncidentIn] = Field(min_length=1)
    zones: list[TimedZoneIn] = Field(default_factory=list)
    lifts: list[LiftIn] = Field(default_factory=list)
    winds: list[TimedWindIn] = Field(default_factory=list)
    orders: list[OrderIn] = Field(default_factory=list)
    faults: list[FaultIn] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedIncident:
    """One report: when, what, and what must come of it."""

    at_s: float
    name: str
    body: IncidentIn
    expect: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedZone:
    """A zone that is raised; ``lift_at_s`` None: it stays."""

    at_s: float
    lift_at_s: float | None
    zone: Geozone


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWeather:
    """The wind from then on; ``rain_mm_h`` None: it rains as before."""

    at_s: float
    wind: Wind
    rain_mm_h: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """An operator's order about an incident of the scenario."""

    at_s: float
    order: Literal["release", "cancel"]
    incident: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """A fault of a drone at an instant, or (``incident``) of whoever flies for it ``after_s`` into ``state``."""

    name: str
    kind: str
    fault: Fault
    at_s: float | None
    drone_id: str | None
    incident: str | None
    state: SortieState | None
    after_s: float
    mend_after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far the flown time on scene may be off the predicted one, as shares of it; None: not asked."""

    median_error_share: float | None = None
    p95_error_share: float | None = None
    bias_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario, checked. The city holds the vehicles that fly, and no others."""

    name: str
    city: City
    speed: float
    patience_s: float
    limits: Limits
    incidents: tuple[PlannedIncident, ...]
    zones: tuple[PlannedZone, ...]
    lifts: tuple[tuple[float, str], ...]
    winds: tuple[PlannedWeather, ...]
    orders: tuple[PlannedOrder, ...]
    faults: tuple[PlannedFault, ...]

    @property
    def blows(self) -> bool:
        """Whether there is wind at any time."""
        return self.city.wind.speed_mps > 0 or any(told.wind.speed_mps > 0 for told in self.winds)


def find_scenario(name_or_path: str | Path) -> Path:
    """A scenario file: a path, or the name of one that comes with the program ("proving-ground")."""
    return find_file("scenario", shipped_in("scenarios"), name_or_path)


def load_sitl(path: Path, *, vehicles: int | None = None, speed: float | None = None) -> Scenario:
    """The scenario of a file; ``vehicles`` and ``speed`` bind over its own.

    Raises :class:`ScenarioError` that names the file, the entry and the reason.
    """
    return checked(path, read_as(SitlIn, path), vehicles=vehicles, speed=speed)


def checked(path: Path, asked: SitlIn, *, vehicles: int | None = None, speed: float | None = None) -> Scenario:
    """What a file asks for, checked; see :func:`load_sitl`."""
    try:
        city = _city(path, asked, vehicles)
        zones = tuple(_zone(city, number, entry) for number, entry in enumerate(asked.zones))
        incidents = tuple(_incident(number, entry, asked.watch_s) for number, entry in enumerate(asked.incidents))
        _require_names(city, asked, [incident.name for incident in incidents])
        faults = tuple(fault for number, entry in enumerate(asked.faults) for fault in _faults(city, number, entry))
    except (ScenarioError, CityError, GeoJSONError, FaultError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    return Scenario(
        name=asked.name or path.stem,
        city=city,
        speed=asked.speed if speed is None else speed,
        patience_s=asked.patience_s,
        limits=Limits(**asked.limits.model_dump()),
        incidents=tuple(sorted(incidents, key=lambda incident: incident.at_s)),
        zones=zones,
        lifts=tuple((lift.at_s, lift.zone_id) for lift in asked.lifts),
        winds=tuple(
            PlannedWeather(at_s=told.at_s, wind=Wind(told.speed_mps, told.from_deg), rain_mm_h=told.rain_mm_h)
            for told in asked.winds
        ),
        orders=tuple(PlannedOrder(at_s=o.at_s, order=o.order, incident=o.incident) for o in asked.orders),
        faults=faults,
    )


def _city(path: Path, asked: SitlIn, vehicles: int | None) -> City:
    city = city_beside(path, asked.city)
    count = vehicles or asked.vehicles or len(city.drones)
    if count > len(city.drones):
        raise ScenarioError(f"vehicles = {count}: {asked.city} has {len(city.drones)} drones")
    if asked.airframe is not None and asked.airframe not in city.airframes:
        raise ScenarioError(f"airframe = {asked.airframe!r}: known are {', '.join(city.airframes)}")
    flying = list(city.drones.values())[:count]
    drones = {d.id: replace(d, airframe=asked.airframe or d.airframe) for d in flying}
    wind = Wind(asked.wind.speed_mps, asked.wind.from_deg) if asked.wind else city.wind
    return replace(city, drones=MappingProxyType(drones), wind=wind)


def _incident(number: int, entry: TimedIncidentIn, watch_s: float | None) -> PlannedIncident:
    fields = entry.model_dump(exclude={"at_s", "name", "expect"})
    if entry.watch_s is None:
        fields["watch_s"] = watch_s
    name = entry.name or f"{number + 1:02d}"
    return PlannedIncident(at_s=entry.at_s, name=name, body=IncidentIn(**fields), expect=entry.expect)


def _zone(city: City, number: int, entry: TimedZoneIn) -> PlannedZone:
    feature = {"type": "Feature", "geometry": entry.geometry, "properties": entry.properties}
    collection = {"type": "FeatureCollection", "datum": "WGS-84", "features": [feature]}
    made = parse_zones(collection, f"zones.{number}", city.centre)
    if len(made) != 1:
        raise ScenarioError(f"zones.{number}: one zone each, found {len(made)}")
    if entry.lift_at_s is not None and entry.lift_at_s <= entry.at_s:
        raise ScenarioError(f"zones.{number}: lift_at_s = {entry.lift_at_s} must be after at_s = {entry.at_s}")
    return PlannedZone(at_s=entry.at_s, lift_at_s=entry.lift_at_s, zone=made[0])


def _faults(city: City, number: int, entry: FaultIn) -> list[PlannedFault]:
    """The fault of an entry; of a base one for each of its drones."""
    try:
        fault = fault_of(entry.kind, entry.figures)
    except FaultError as error:
        raise ScenarioError(f"faults.{number}: {error}") from error
    one = PlannedFault(
        name=f"{entry.kind} {number + 1}",
        kind=entry.kind,
        fault=fault,
        at_s=entry.at_s,
        drone_id=entry.drone,
        incident=entry.incident,
        state=None if entry.when is None else SortieState(entry.when),
        after_s=entry.after_s,
        mend_after_s=entry.mend_after_s,
    )
    if entry.base is None:
        return [one]
    drones = [drone.id for drone in city.drones.values() if drone.base_id == entry.base]
    if not drones:
        raise ScenarioError(f"faults.{number}: no drone of base {entry.base!r} flies")
    return [replace(one, name=f"{one.name} {drone_id}", drone_id=drone_id) for drone_id in drones]


def _require_names(city: City, asked: SitlIn, names: list[str]) -> None:
    """Whatever an entry names must exist."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ScenarioError(f"incidents: the name {twice!r} is given twice")
    for number, incident in enumerate(asked.incidents):
        if incident.type not in city.types:
            known = ", ".join(city.types)
            raise ScenarioError(f"incidents.{number}: there is no incident type {incident.type!r}; there are: {known}")
    named = [(f"orders.{n}", order.incident) for n, order in enumerate(asked.orders)]
    named += [(f"faults.{n}", fault.incident) for n, fault in enumerate(asked.faults) if fault.incident is not None]
    for where, name in named:
        if name not in names:
            raise ScenarioError(f"{where}: there is no incident named {name!r}")
    for number, fault in enumerate(asked.faults):
        if fault.drone is not None and fault.drone not in city.drones:
            raise ScenarioError(f"faults.{number}: no drone {fault.drone!r} flies; there are: {', '.join(city.drones)}")
    for number, lift in enumerate(asked.lifts):
        if lift.zone_id not in city.zones:
            raise ScenarioError(f"lifts.{number}: {asked.city} has no zone {lift.zone_id!r}")
