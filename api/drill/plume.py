"""A toxic plume as zones: it grows downwind from its source, turns with the wind, and is gone."""

import math
from collections.abc import Sequence

import numpy as np
from pydantic import Field, model_validator

from api.intake import DatumIn, Strict
from api.sitl.scenario import AtS, PlannedWeather, PlannedZone
from dispatch.city import City
from geo.airspace import Area, Geozone
from geo.datum import parse_datum, position_of
from geo.frame import LocalFrame
from geo.position import Position
from geo.wind import Wind

ARC_DEG = 5.0
"""The plume's front is drawn with a corner every so many degrees, its source with one every six times that."""


class PlumeIn(Strict):
    """A wedge of closed ground downwind of a source. It is ``radius_m`` wide about the source at once and grows by
    ``grows_mps`` up to ``longest_m``; every ``every_s`` it is raised anew, along the wind that blows then."""

    at_s: float = AtS
    lift_at_s: float = Field(ge=0)
    id: str = Field(min_length=1, max_length=40)
    name: str = ""
    longitude_deg: float
    latitude_deg: float
    datum: DatumIn
    opening_deg: float = Field(gt=0, le=180)
    radius_m: float = Field(gt=0)
    grows_mps: float = Field(gt=0)
    longest_m: float = Field(gt=0)
    every_s: float = Field(60.0, ge=10)
    margin_m: float = Field(30.0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "PlumeIn":
        if self.lift_at_s <= self.at_s:
            raise ValueError(f"lift_at_s = {self.lift_at_s} must be after at_s = {self.at_s}")
        return self


def zones_of(plume: PlumeIn, city: City, winds: Sequence[PlannedWeather]) -> tuple[PlannedZone, ...]:
    """The plume as one zone that is raised again and again under the same id. ``winds`` are in order of time.

    Raises :class:`geo.datum.DatumError` and :class:`geo.position.PositionError` for a source that is no place.
    """
    source = position_of(plume.longitude_deg, plume.latitude_deg, parse_datum(plume.datum))
    instants = np.arange(plume.at_s, plume.lift_at_s, plume.every_s).tolist()
    zones = []
    for at_s in instants:
        wind = next((weather.wind for weather in reversed(winds) if weather.at_s <= at_s), city.wind)
        length_m = min(plume.longest_m, plume.radius_m + plume.grows_mps * (at_s - plume.at_s))
        zone = Geozone(
            id=plume.id,
            name=plume.name or plume.id,
            ground=Area(outline=_wedge(city.frame, source, wind, plume, length_m)),
            margin_m=plume.margin_m,
        )
        last = at_s == instants[-1]
        zones.append(PlannedZone(at_s=at_s, lift_at_s=plume.lift_at_s if last else None, zone=zone))
    return tuple(zones)


def _wedge(
    frame: LocalFrame, source: Position, wind: Wind, plume: PlumeIn, length_m: float
) -> tuple[tuple[float, float], ...]:
    """Longitudes and latitudes of a front downwind, so far off, and half a circle behind the source."""
    downwind, half = wind.from_deg + 180.0, plume.opening_deg / 2
    front = np.linspace(downwind - half, downwind + half, 1 + max(2, math.ceil(plume.opening_deg / ARC_DEG)))
    behind = np.linspace(downwind + 90.0, downwind + 270.0, 7)
    polar = [(course, length_m) for course in front.tolist()] + [(course, plume.radius_m) for course in behind.tolist()]
    east, north = frame.xy(source)
    places = [
        frame.position((east + far_m * math.sin(math.radians(course)), north + far_m * math.cos(math.radians(course))))
        for course, far_m in polar
    ]
    return tuple((place.longitude_deg, place.latitude_deg) for place in places)
