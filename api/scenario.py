"""One situation out of a scenario file: a city, who stands how, and the incidents to decide on.

JSON or TOML::

    city = "kunshan"            # a built-in name or a folder
    wind = { speed_mps = 6.0, from_deg = 300 }
    rain_mm_h = 0.0

    [[incidents]]
    longitude_deg = 120.96
    latitude_deg = 31.39
    datum = "WGS-84"
    type = "fire"

    [drones.D07]                # those not named stand on their base, charged and healthy
    battery_share = 0.4
    withdrawn = "propeller check"
"""

import importlib.resources
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from api.intake import IncidentIn, Strict, incident_of
from api.problems import Problem
from dispatch.city import City, situation_of
from dispatch.city_folder import find_city, load_city
from dispatch.model import DroneState, Incident, Situation
from geo.wind import Wind

M = TypeVar("M", bound=BaseModel)


class ScenarioError(ValueError):
    """A scenario file that cannot be used; the message names the file, the field and the reason."""


class WindIn(Strict):
    """Wind by where it comes from."""

    speed_mps: float = Field(ge=0)
    from_deg: float


class DroneIn(Strict):
    """How one drone differs from standing on its base, charged and healthy."""

    battery_share: float = Field(1.0, ge=0, le=1)
    healthy: bool = True
    connected: bool = True
    withdrawn: str = ""


class ScenarioIn(Strict):
    """A scenario file."""

    city: str
    at_s: float = Field(0.0, description="the instant, seconds since 1970 (UTC)")
    wind: WindIn | None = None
    rain_mm_h: float | None = Field(None, ge=0)
    incidents: list[IncidentIn] = Field(min_length=1)
    drones: dict[str, DroneIn] = Field(default_factory=dict)


def shipped_in(folder: str) -> dict[str, Path]:
    """The files of a folder that come with the program, by name."""
    files = Path(str(importlib.resources.files("simulator"))) / folder
    return {file.stem: file for file in sorted(files.glob("*.toml"))}


def find_file(what: str, shipped: Mapping[str, Path], name_or_path: str | Path) -> Path:
    """A file by its path, or by its name among those ``shipped``; ``what`` says in an error what it is."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    raise ScenarioError(f"no {what} {str(name_or_path)!r}: neither a file nor one of {', '.join(shipped)}")


def read_as(model: type[M], path: Path) -> M:
    """A JSON or TOML file as ``model``. Raises :class:`ScenarioError` that names the file, the field and the reason."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        return model.model_validate(data)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioError(f"{path}: {'.'.join(str(p) for p in first['loc'])}: {first['msg']}") from error


def city_beside(path: Path, named: str) -> City:
    """The city that a scenario file names: a folder beside the file, else a built-in name or any folder."""
    beside = path.parent / named
    return load_city(find_city(beside if beside.is_dir() else named))


def load_scenario(path: Path) -> Situation:
    """The situation that a scenario file describes, its incidents open.

    Raises :class:`ScenarioError` for a file that is none, and for incidents that the intake refuses.
    """
    asked = read_as(ScenarioIn, path)
    situation = situation_of(city_beside(path, asked.city), asked.at_s)
    for drone_id in asked.drones:
        if drone_id not in situation.drones:
            raise ScenarioError(f"{path}: drones.{drone_id}: there is no such drone in {asked.city}")
    states, withdrawn = {}, {}
    for drone in situation.drones.values():
        given = asked.drones.get(drone.id, DroneIn())
        states[drone.id] = DroneState(
            drone_id=drone.id,
            connected=given.connected,
            healthy=given.healthy,
            position=situation.bases[drone.base_id].position,
            battery_share=given.battery_share,
            seen_at_s=asked.at_s,
        )
        if given.withdrawn:
            withdrawn[drone.id] = given.withdrawn
    situation = replace(
        situation,
        states=states,
        withdrawn=withdrawn,
        wind=Wind(asked.wind.speed_mps, asked.wind.from_deg) if asked.wind else situation.wind,
        rain_mm_h=situation.rain_mm_h if asked.rain_mm_h is None else asked.rain_mm_h,
    )
    incidents: dict[str, Incident] = {}
    for number, body in enumerate(asked.incidents, 1):
        incident_id = f"I-{number:06d}"
        try:
            incidents[incident_id] = incident_of(
                body, situation, at_s=asked.at_s, source="scenario", incident_id=incident_id
            )
        except Problem as problem:
            raise ScenarioError(f"{path}: incidents.{number - 1}: {problem}") from problem
    return replace(situation, incidents=incidents)
