"""A city as one frozen value: all that is known of it before anything happens.

:mod:`dispatch.city_folder` reads it out of a folder of plain files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dispatch.model import Base, Drone, IncidentType, Rules, Situation
from geo.airframe import Airframe
from geo.airspace import Geozone, Ring
from geo.frame import LocalFrame
from geo.position import Position
from geo.wind import CALM, Wind


class CityError(ValueError):
    """A city folder that cannot be used; the message names the file, the entry and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named place for people to find their way: a town, a district. ``population`` is ``None`` if not
    told."""

    id: str
    name: str
    name_zh: str
    position: Position
    population: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Airport:
    """An airport near by, shown on the map; its airspace is closed only by a geozone."""

    id: str
    name: str
    position: Position
    elevation_amsl_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A site where a base could stand."""

    id: str
    name: str
    name_zh: str
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """Where calls cluster: round a place, normally distributed with standard deviation ``radius_m``."""

    place_id: str
    position: Position
    weight: float
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallModel:
    """How calls come: how many, at which hours (local time), of which types, where.

    Weights are relative; ``hour_weights`` has one for each hour from 00 to 23. ``background_weight`` is the
    weight, beside those of ``hot_spots``, of calls anywhere within the boundary.
    """

    calls_per_day: float
    hour_weights: tuple[float, ...]
    type_weights: Mapping[str, float]
    hot_spots: tuple[HotSpot, ...]
    background_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """All that is known of a city before anything happens. Mappings are by id, in file order, and never
    changed."""

    id: str
    name: str
    name_zh: str
    centre: Position
    ground_amsl_m: float
    time_zone: str
    boundary: tuple[Ring, ...]
    places: tuple[Place, ...]
    airports: tuple[Airport, ...]
    candidates: tuple[Candidate, ...]
    bases: Mapping[str, Base]
    drones: Mapping[str, Drone]
    zones: Mapping[str, Geozone]
    airframes: Mapping[str, Airframe]
    types: Mapping[str, IncidentType]
    rules: Rules
    wind: Wind = CALM
    rain_mm_h: float = 0.0
    temperature_c: float = 20.0
    calls: CallModel | None = None
    terrain: str = ""
    """The name of its terrain (:func:`geo.terrain.remember`); empty where it has none."""
    demand: str = ""
    """The name of its demand (:func:`dispatch.demand.remember`); empty where no policy asks for it."""

    @property
    def frame(self) -> LocalFrame:
        """The local metric plane about the centre."""
        return LocalFrame(self.centre)


def situation_of(city: City, now_s: float, speed: float = 1.0) -> Situation:
    """The situation of a city before anything was heard. Deadlines stretch with the clock's ``speed``.

    A vehicle's answers take wall time: at 20 × a command's 0.2 s round trip is 4 s of engine time.
    """
    rules = replace(
        city.rules,
        command_deadline_s=city.rules.command_deadline_s * max(1.0, speed),
        link_lost_s=city.rules.link_lost_s * max(1.0, speed),
    )
    return Situation(
        now_s=now_s,
        centre=city.centre,
        ground_amsl_m=city.ground_amsl_m,
        rules=rules,
        airframes=city.airframes,
        types=city.types,
        bases=city.bases,
        drones=city.drones,
        states=MappingProxyType({}),
        incidents=MappingProxyType({}),
        sorties=MappingProxyType({}),
        zones=city.zones,
        wind=city.wind,
        rain_mm_h=city.rain_mm_h,
        terrain=city.terrain,
        demand=city.demand,
        temperature_c=city.temperature_c,
    )
