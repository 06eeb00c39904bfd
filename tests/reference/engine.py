"""The engine asked about a city of the reference: the only file here that knows ``geo``."""

import dataclasses
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.airspace import Area, Circle, Geozone, zones_in_force
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Airways, Motion, Way, motion_of, prepare
from geo.wind import Wind
from tests.geo.test_flight import QUAD
from tests.reference.city import City, LonLat, Zone


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
            kind="multirotor" if capped else "vtol",
            speed_mps=self.city.speed_limit_mps if capped else self.city.airspeed_mps,
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

    def places(self, way: Way) -> list[LonLat]:
        """The places of a way in degrees, as the vehicle is sent them."""
        return [(float(lon), float(lat)) for lon, lat in self.frame.to_lonlat(way.points)]


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
