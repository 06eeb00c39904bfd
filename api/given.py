"""What is given on a command line or in a request, as values: times, winds, lengths, airframes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.city import City, CityError, situation_of
from dispatch.clock import WallClock
from dispatch.model import Situation
from geo.airframe import Airframe
from geo.wind import Wind


def situation_at(city: City, at: str | None, wind: str | None) -> Situation:
    """The city with every drone at home at a local time (now), in this wind or its own."""
    now_s = WallClock().now_s()
    if at is not None:
        try:
            instant = datetime.fromisoformat(at)
        except ValueError as error:
            raise ValueError(f"--at {at!r} is not an ISO 8601 time, as 2027-06-07T12:00") from error
        now_s = (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(city.time_zone))).timestamp()
    situation = situation_of(city, now_s)
    return situation if wind is None else replace(situation, wind=wind_of(wind))


def told_at(situation: Situation, city: City) -> str:
    """The local time of a situation, for people."""
    return f"{datetime.fromtimestamp(situation.now_s, ZoneInfo(city.time_zone)):%Y-%m-%d %H:%M} {city.time_zone}"


def wind_of(text: str) -> Wind:
    """``6@300``: six metres a second from 300°."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*(?:m/s)?\s*@\s*(\d+(?:\.\d*)?)\s*°?\s*", text)
    if found is None:
        raise ValueError(f"wind {text!r} must be m/s@degrees that it blows from, as 6@300")
    return Wind(float(found[1]), float(found[2]) % 360.0)


def metres(text: str, what: str) -> float:
    """``8km`` or ``8000m`` in metres; more than 0."""
    found = re.fullmatch(r"\s*([-+]?\d+(?:\.\d*)?)\s*(km|m)\s*", text)
    if found is None:
        raise ValueError(f"{what} {text!r} must be a length with its unit, as 8km or 8000m")
    length_m = float(found[1]) * (1000.0 if found[2] == "km" else 1.0)
    if length_m <= 0:
        raise ValueError(f"{what} {text!r} must be more than 0")
    return length_m


def airframes_of(city: City, names: Sequence[str] | None) -> list[Airframe]:
    """The airframes of these names, each once; those that the city's drones are where none is named."""
    wanted = list(dict.fromkeys(names or [drone.airframe for drone in city.drones.values()]))
    for name in wanted:
        if name not in city.airframes:
            raise CityError(f"unknown airframe {name!r}; known are {', '.join(city.airframes)}")
    if not wanted:
        raise CityError(f"{city.name} has no drones: name an --airframe")
    return [city.airframes[name] for name in wanted]
