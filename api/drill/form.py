"""The drill file: a scenario file (``docs/sitl.md``) with plumes, injects and objectives. TOML::

    title_en = "Market fire"
    title_zh = "市场火灾"
    introduction_en = "..."
    introduction_zh = "..."

    [[injects]]                 # what trainees are told, and what they should do about it
    at_s = 300
    name = "hydrant"
    text_en = "..."
    text_zh = "..."
    [injects.answer]
    within_s = 120
    after_s = 45                # when a room without people does it
    report = { longitude_deg = 120.95, latitude_deg = 31.39, datum = "WGS-84", type = "fire" }

    [[objectives]]
    kind = "on_scene"
    within_s = 180

``docs/drills.md`` tells all of it. Everything is checked before anything happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from api.drill.plume import PlumeIn, zones_of
from api.intake import IncidentIn, Strict
from api.scenario import ScenarioError, find_file, read_as, shipped_in
from api.sitl.scenario import AtS, Scenario, SitlIn, checked
from geo.airspace import Geozone
from geo.datum import DatumError, parse_datum, position_of
from geo.formats.own import parse_zones
from geo.geojson import GeoJSONError
from geo.position import Position, PositionError


class ZoneAnswerIn(Strict):
    """A zone that is to be raised, as a feature of our own GeoJSON."""

    geometry: dict[str, object]
    properties: dict[str, object]


class AnswerIn(Strict):
    """What is to be done about an inject: one of a report near a place, a zone, and the release of an incident."""

    within_s: float = Field(gt=0)
    after_s: float = Field(30.0, ge=0, description="when a room without people does it")
    report: IncidentIn | None = None
    near_m: float = Field(400.0, gt=0, description="so near to the report's place one counts")
    zone: ZoneAnswerIn | None = None
    release: str | None = Field(None, description="the name of an incident")

    @model_validator(mode="after")
    def _one(self) -> "AnswerIn":
        given = [name for name in ("report", "zone", "release") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of report, zone and release; found {', '.join(given) or 'none of them'}")
        return self


class InjectIn(Strict):
    """A message to the trainees."""

    at_s: float = AtS
    name: str = Field(min_length=1, max_length=40)
    text_en: str = Field(min_length=1, max_length=2000)
    text_zh: str = Field(min_length=1, max_length=2000)
    answer: AnswerIn | None = None


class OnSceneIn(Strict):
    """A drone is over these incidents (all, if none are named) within so many seconds of their report."""

    kind: Literal["on_scene"]
    within_s: float = Field(gt=0)
    incidents: list[str] = Field(default_factory=list)
    share: float = Field(1.0, gt=0, le=1)


class WatchedIn(Strict):
    """From the first arrival until they are cleared somebody watches these incidents for such a share of the time."""

    kind: Literal["watched"]
    least_share: float = Field(gt=0, le=1)
    incidents: list[str] = Field(default_factory=list)


class AnsweredIn(Strict):
    """These injects (all that ask for an answer, if none are named) are answered in time."""

    kind: Literal["answered"]
    injects: list[str] = Field(default_factory=list)


class PlainIn(Strict):
    """``no_breach``: nobody flew in closed ground; ``apart``: no two drones came too near to each other;
    ``as_expected``: every incident was served, refused or left unserved as its ``expect`` says; ``all_home``: no drone
    is in the air at the end, and none was lost but those whose fault was planned."""

    kind: Literal["no_breach", "apart", "as_expected", "all_home"]


ObjectiveIn = Annotated[OnSceneIn | WatchedIn | AnsweredIn | PlainIn, Field(discriminator="kind")]


class DrillIn(SitlIn):
    """A drill file."""

    title_en: str = Field(min_length=1)
    title_zh: str = Field(min_length=1)
    introduction_en: str = Field(min_length=1)
    introduction_zh: str = Field(min_length=1)
    plumes: list[PlumeIn] = Field(default_factory=list)
    injects: list[InjectIn] = Field(default_factory=list)
    objectives: list[ObjectiveIn] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """A message to the trainees; ``zone`` is the one that its answer asks for."""

    at_s: float
    name: str
    text_en: str
    text_zh: str
    answer: AnswerIn | None = None
    zone: Geozone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill, checked: what happens (``scenario``), what is told, and what is scored."""

    title_en: str
    title_zh: str
    introduction_en: str
    introduction_zh: str
    scenario: Scenario
    injects: tuple[Inject, ...]
    objectives: tuple[ObjectiveIn, ...]

    @property
    def last_at_s(self) -> float:
        """When the last of its timetable happens; drones fly home after that."""
        planned = self.scenario
        at_s = [incident.at_s for incident in planned.incidents] + [inject.at_s for inject in self.injects]
        at_s += [zone.lift_at_s or zone.at_s for zone in planned.zones] + [lifted_s for lifted_s, _ in planned.lifts]
        at_s += [weather.at_s for weather in planned.winds] + [order.at_s for order in planned.orders]
        return max(at_s)

    def place_of(self, inject: Inject) -> Position | None:
        """Where that is which an inject asks about; None where it asks nothing."""
        answer = inject.answer
        if answer is None:
            return None
        if inject.zone is not None:
            return inject.zone.middle
        body = answer.report or next(i.body for i in self.scenario.incidents if i.name == answer.release)
        return position_of(body.longitude_deg, body.latitude_deg, parse_datum(body.datum))


def shipped() -> dict[str, Path]:
    """The drills that come with the program, by name."""
    return shipped_in("drills")


def find_drill(name_or_path: str | Path) -> Path:
    """A drill file: a path, or the name of one that comes with the program ("chemical-fire")."""
    return find_file("drill", shipped(), name_or_path)


def load_drill(path: Path, *, speed: float | None = None) -> Drill:
    """The drill of a file; ``speed`` binds over its own.

    Raises :class:`api.scenario.ScenarioError` that names the file, the entry and the reason.
    """
    asked = read_as(DrillIn, path)
    scenario = checked(path, asked, speed=speed)
    winds = sorted(scenario.winds, key=lambda weather: weather.at_s)
    zones = list(scenario.zones)
    for number, plume in enumerate(asked.plumes):
        try:
            zones += zones_of(plume, scenario.city, winds)
        except (DatumError, PositionError) as error:
            raise ScenarioError(f"{path}: plumes.{number}: {error}") from error
    try:
        injects = tuple(_inject(scenario, number, entry) for number, entry in enumerate(asked.injects))
        _require_names(asked, [incident.name for incident in scenario.incidents])
    except (ScenarioError, GeoJSONError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    return Drill(
        title_en=asked.title_en,
        title_zh=asked.title_zh,
        introduction_en=asked.introduction_en.strip(),
        introduction_zh=asked.introduction_zh.strip(),
        scenario=replace(scenario, zones=tuple(zones)),
        injects=tuple(sorted(injects, key=lambda inject: inject.at_s)),
        objectives=tuple(asked.objectives),
    )


def _inject(scenario: Scenario, number: int, entry: InjectIn) -> Inject:
    zone = None
    if entry.answer is not None and entry.answer.zone is not None:
        feature = {"type": "Feature", **entry.answer.zone.model_dump()}
        collection = {"type": "FeatureCollection", "datum": "WGS-84", "features": [feature]}
        (zone,) = parse_zones(collection, f"injects.{number}.answer.zone", scenario.city.centre)
    return Inject(
        at_s=entry.at_s, name=entry.name, text_en=entry.text_en, text_zh=entry.text_zh, answer=entry.answer, zone=zone
    )


def _require_names(asked: DrillIn, incidents: Sequence[str]) -> None:
    """Whatever an entry names must exist, and what is named must be one thing."""
    injects = [inject.name for inject in asked.injects]
    twice = next((name for name in injects if injects.count(name) > 1), None)
    if twice is not None:
        raise ScenarioError(f"injects: the name {twice!r} is given twice")
    with_answer = [inject.name for inject in asked.injects if inject.answer is not None]
    named = [
        (f"injects.{n}.answer", "incident", i.answer.release, incidents)
        for n, i in enumerate(asked.injects)
        if i.answer is not None and i.answer.release is not None
    ]
    for n, objective in enumerate(asked.objectives):
        if isinstance(objective, OnSceneIn | WatchedIn):
            named += [(f"objectives.{n}", "incident", name, incidents) for name in objective.incidents]
        elif isinstance(objective, AnsweredIn):
            named += [(f"objectives.{n}", "inject with an answer", name, with_answer) for name in objective.injects]
    for where, what, name, known in named:
        if name not in known:
            raise ScenarioError(f"{where}: there is no {what} named {name!r}")


__all__ = ["Drill", "DrillIn", "Inject", "find_drill", "load_drill", "shipped"]
