"""The engine asked about a city of the reference: the only file here that knows ``geo`` and ``dispatch``."""

import dataclasses
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.mission import Mission, Waypoint, mission_of
from dispatch.model import Base, Clocks, Drone, DroneState, Incident, IncidentType, Orbit, Reason, Rules, Situation
from dispatch.orbit import ALLOWANCE_M, orbit_over
from geo.airframe import Airframe
from geo.airspace import Area, Circle, Geozone, zones_in_force
from geo.flight import FlightPlan, timed_plan
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Airways, Motion, Way, legs_of, motion_of, prepare
from geo.wind import Wind
from tests.geo.test_flight import QUAD
from tests.reference.city import City, LonLat, Zone


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Circled:
    """What the engine would have a drone do over a place: the circle and what its vehicle strays from it at most, and
    the items of its mission (degrees and height), any of which may be the nearest when its link is lost. Where it is to
    hover, ``radius_m`` is 0, and ``why`` says it."""

    place: LonLat
    radius_m: float = 0.0
    stray_m: float = 0.0
    height_m: float = 0.0
    items: tuple[tuple[float, float, float], ...] = ()
    why: str = ""


class Engine:
    """The engine's answers about one city."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.frame = LocalFrame(Position(*city.middle))
        self.zones = tuple(_geozone(zone) for zone in city.zones)

    @cached_property
    def airframe(self) -> Airframe:
        """A craft with the city's speeds."""
        capped = np.isfinite(self.city.speed_limit_mps)
        return dataclasses.replace(
            QUAD,
            speed_mps=self.city.speed_limit_mps if capped else self.city.airspeed_mps + self.city.wind_mps,
            airspeed_mps=self.city.airspeed_mps,
        )

    @cached_property
    def motion(self) -> Motion:
        """How it moves in the city's wind."""
        return motion_of(self.airframe, Wind(self.city.wind_mps, self.city.wind_from_deg))

    @cached_property
    def airways(self) -> Airways:
        """The airways of the zones in force."""
        city = self.city
        return prepare(
            self.frame,
            zones_in_force(self.zones, city.from_s, city.until_s, city.height_m, city.ground_amsl_m),
        )

    def xy(self, places: tuple[LonLat, ...]) -> NDArray[np.float64]:
        """Places in the engine's plane."""
        return self.frame.to_xy(*np.asarray(places, dtype=float).reshape(-1, 2).T)

    def ways_out(self) -> list[list[Way | None]]:
        """From every start to every goal: rows are starts."""
        starts, goals = self.xy(self.city.starts), self.xy(self.city.goals)
        return [list(row) for row in zip(*(self.airways.ways_to(g, starts, self.motion) for g in goals), strict=True)]

    def ways_back(self) -> list[list[Way | None]]:
        """From every goal to every start: rows are goals."""
        starts, goals = self.xy(self.city.starts), self.xy(self.city.goals)
        return [self.airways.ways_from(goal, starts, self.motion) for goal in goals]

    def circled(self, out: Way, back: Way, asked_m: float) -> Circled:
        """The orbit over the end of ``out`` by a drone that came that way and would go home by ``back``."""
        here, height_m = self._situation(asked_m), self.city.height_m
        plans = [self._plan(way) for way in (out, back)]
        start, end, landing = (self.frame.position(point) for point in (out.points[0], out.points[-1], back.points[-1]))
        first = Waypoint(position=start, height_m=height_m)
        mission = mission_of(self.airways, first, *plans, landing, self.airframe.speed_mps)
        case = Incident(
            id="I", position=end, type="fire", priority=1, needs=(), watch_s=60.0, clocks=Clocks(reported_at_s=0.0)
        )
        over = DroneState(drone_id="D", position=end, height_m=height_m, in_air=True)
        airframe = dataclasses.replace(self.airframe, kind="multirotor")
        place = self.places(out)[-1]
        match orbit_over(here, airframe, over, case, height_m, mission):
            case Orbit(radius_m=radius_m, height_m=height_m):
                return Circled(
                    place=place,
                    radius_m=radius_m,
                    stray_m=ALLOWANCE_M,
                    height_m=height_m,
                    items=_items(mission),
                )
            case Reason(code=code):
                return Circled(place=place, why=code)

    def _plan(self, way: Way) -> FlightPlan:
        legs = legs_of(way, self.frame, self.motion)
        return timed_plan(legs, self.airframe, height_m=self.city.height_m, climb_from_m=None)

    def _situation(self, asked_m: float) -> Situation:
        """The city as the kernel sees it, with one base and one drone of it in the air."""
        city, middle = self.city, Position(*self.city.middle)
        kind = IncidentType(code="fire", name_en="", name_zh="", priority=1, orbit_radius_m=asked_m)
        base = Base(id="B", name="", name_zh="", position=middle, ground_amsl_m=city.ground_amsl_m, docks=1)
        return Situation(
            now_s=city.from_s,
            centre=middle,
            ground_amsl_m=city.ground_amsl_m,
            rules=Rules(cruise_height_m=city.height_m, zone_horizon_s=city.until_s - city.from_s),
            airframes={},
            types={"fire": kind},
            bases={"B": base},
            drones={"D": Drone(id="D", airframe="", base_id="B", system_id=1)},
            states={},
            incidents={},
            sorties={},
            zones={zone.id: zone for zone in self.zones},
        )

    def places(self, way: Way) -> list[LonLat]:
        """The places of a way in degrees, as the vehicle is sent them."""
        return [(float(lon), float(lat)) for lon, lat in self.frame.to_lonlat(way.points)]


def _items(mission: Mission) -> tuple[tuple[float, float, float], ...]:
    flown = (*mission.points, *mission.back)
    return tuple((w.position.longitude_deg, w.position.latitude_deg, w.height_m) for w in flown)


def _geozone(zone: Zone) -> Geozone:
    ground = (
        Area(outline=zone.rings[0], holes=zone.rings[1:])
        if zone.centre is None
        else Circle(centre=Position(*zone.centre), radius_m=zone.radius_m)
    )
    return Geozone(
        id=zone.id,
        name=zone.id,
        ground=ground,
        kind="inclusion" if zone.inside else "prohibited",
        floor_m=zone.floor_m,
        floor_reference=zone.above,
        ceiling_m=zone.ceiling_m,
        ceiling_reference=zone.above,
        valid_from_s=zone.from_s,
        valid_until_s=zone.until_s,
        margin_m=zone.margin_m,
    )
