"""How a drill went: one pure function from what was seen of it to a score, whichever kind of vehicle flew.

A figure is always told beside what it is measured against; an objective that nothing can be said of is not met.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, assert_never

from api.drill.form import AnsweredIn, Drill, Inject, ObjectiveIn, OnSceneIn, PlainIn, WatchedIn
from api.sitl.audit import approaches, zone_findings
from api.sitl.findings import IncidentFinding, incident_findings
from api.sitl.record import Record
from dispatch.kpi import STAGES
from dispatch.model import Incident, SortieState
from dispatch.watch import unwatched_s
from geo.datum import parse_datum, position_of
from geo.frame import inverse

BY_OPERATOR = "released by the operator"
"""Why a sortie goes home that somebody released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """One incident of the drill. Clocks are seconds after the report; None where they did not happen."""

    name: str
    type: str
    priority: int | None
    outcome: str
    as_expected: bool
    drone_id: str
    clocks_s: dict[str, float | None]
    watched_share: float | None
    """Of the time from the first arrival until it was cleared; None where nobody came."""
    reliefs: int
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One inject that asked for an answer, and after how many seconds that came; None: it did not."""

    name: str
    within_s: float
    after_s: float | None

    @property
    def in_time(self) -> bool:
        """Whether it came in time."""
        return self.after_s is not None and self.after_s <= self.within_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One objective: what was asked, what was found, and whether that meets it. ``figures`` are for programs."""

    kind: str
    asked: str
    found: str
    met: bool
    figures: dict[str, float]
    limits: dict[str, float]
    """What the figures are measured against, where that is a number."""
    names: tuple[str, ...]
    """The incidents or injects that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a drill went."""

    title_en: str
    title_zh: str
    vehicles: str
    lasted_s: float
    objectives: tuple[Result, ...]
    incidents: tuple[Clocks, ...]
    answers: tuple[Answer, ...]
    unfinished: str

    @property
    def passed(self) -> bool:
        """Whether every objective was met, and the drill came to its end."""
        return all(result.met for result in self.objectives) and not self.unfinished

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"passed": self.passed, **asdict(self)}


UNDER_WAY = frozenset({"on_scene", "watched", "answered", "as_expected"})
"""The objectives that can be told while a drill is played. The others judge whole tracks, or the end."""


def standing(drill: Drill, record: Record, now_s: float) -> Score:
    """The score of what has happened ``now_s`` seconds into the drill: as if it ended now. What is still to come is not
    in it, nor are objectives that are for the end."""
    due = tuple(inject for inject in drill.injects if inject.at_s <= now_s)
    told = tuple(objective for objective in drill.objectives if objective.kind in UNDER_WAY)
    return score_of(replace(drill, injects=due, objectives=told), record)


def score_of(drill: Drill, record: Record) -> Score:
    """The score of a drill as ``record`` shows it."""
    findings = incident_findings(record)
    incidents = tuple(_clocks(record, finding) for finding in findings)
    answers = tuple(_answers(drill.injects, record))
    return Score(
        title_en=drill.title_en,
        title_zh=drill.title_zh,
        vehicles=record.vehicles,
        lasted_s=round(record.ended_at_s - record.began_at_s, 2),
        objectives=tuple(_result(objective, record, incidents, answers) for objective in drill.objectives),
        incidents=incidents,
        answers=answers,
        unfinished=record.unfinished,
    )


# ---------------------------------------------------------------- incidents and answers


def _clocks(record: Record, finding: IncidentFinding) -> Clocks:
    incident = record.incidents.get(finding.incident_id)
    return Clocks(
        name=finding.name,
        type=finding.type,
        priority=None if incident is None else incident.priority,
        outcome=finding.outcome,
        as_expected=finding.ok,
        drone_id=finding.drone_id,
        clocks_s={} if incident is None else _after_s(incident),
        watched_share=None if incident is None else _watched_share(incident, record.ended_at_s),
        reliefs=0 if incident is None else incident.reliefs,
        told=finding.told,
    )


def _after_s(incident: Incident) -> dict[str, float | None]:
    clocks = incident.clocks
    told = {name: getattr(clocks, end) for name, _, end in STAGES}
    return {name: None if at_s is None else round(at_s - clocks.reported_at_s, 2) for name, at_s in told.items()}


def _watched_share(incident: Incident, ended_at_s: float) -> float | None:
    began_s = incident.clocks.on_scene_at_s
    if began_s is None:
        return None
    end_s = ended_at_s if incident.clocks.cleared_at_s is None else incident.clocks.cleared_at_s
    return 1.0 if end_s <= began_s else round(1.0 - unwatched_s(incident, end_s) / (end_s - began_s), 4)


def _answers(injects: Sequence[Inject], record: Record) -> Iterator[Answer]:
    for inject in injects:
        if inject.answer is not None:
            at_s = record.began_at_s + inject.at_s
            after_s = min((t - at_s for t in _answered_at_s(inject, record) if t >= at_s), default=None)
            yield Answer(
                name=inject.name,
                within_s=inject.answer.within_s,
                after_s=None if after_s is None else round(after_s, 2),
            )


def _answered_at_s(inject: Inject, record: Record) -> Iterator[float]:
    """When something was done that may be the answer."""
    answer = inject.answer
    assert answer is not None
    planned = {asked.incident_id for asked in record.asked}
    if answer.report is not None:
        place = position_of(answer.report.longitude_deg, answer.report.latitude_deg, parse_datum(answer.report.datum))
        for incident in record.incidents.values():
            if incident.id not in planned and inverse(place, incident.position)[1] <= answer.near_m:
                yield incident.clocks.reported_at_s
    elif inject.zone is not None:
        raised = {zone.zone.id for zone in record.scenario.zones}
        yield from (span.from_s for span in record.zones if span.zone.id not in raised | set(record.city.zones))
    else:
        ids = {asked.planned.name: asked.incident_id for asked in record.asked}
        for versions in record.sorties.values():
            served = any(version.incident_id == ids.get(answer.release or "") for _, version in versions)
            for step in versions[-1][1].steps:
                if served and step.state is SortieState.RELEASED and step.why == BY_OPERATOR:
                    yield step.at_s


# ---------------------------------------------------------------- objectives


def _result(objective: ObjectiveIn, record: Record, incidents: Sequence[Clocks], answers: Sequence[Answer]) -> Result:
    match objective:
        case OnSceneIn():
            return _on_scene(objective, incidents)
        case WatchedIn():
            return _watched(objective, incidents)
        case AnsweredIn():
            return _answered(objective, answers)
        case PlainIn(kind="no_breach"):
            return _no_breach(record)
        case PlainIn(kind="apart"):
            return _apart(record)
        case PlainIn(kind="as_expected"):
            off = [incident.name for incident in incidents if not incident.as_expected]
            found = "every incident as expected" if not off else f"otherwise: {', '.join(off)}"
            return _told("as_expected", "every incident comes out as expected", found, not off, unexpected=len(off))
        case PlainIn():
            return _all_home(record)
        case _:
            assert_never(objective)


def _on_scene(objective: OnSceneIn, incidents: Sequence[Clocks]) -> Result:
    asked = [i for i in incidents if i.name in objective.incidents or not objective.incidents]
    if not objective.incidents:
        asked = [i for i in asked if i.clocks_s]  # those that were refused at the door are for as_expected
    times = {i.name: i.clocks_s.get("on scene") for i in asked}
    there = [name for name, after_s in times.items() if after_s is not None and after_s <= objective.within_s]
    share = len(there) / len(asked) if asked else math.nan
    told = ", ".join(f"{name} {'–' if s is None else f'{s:.0f} s'}" for name, s in times.items())
    worst_s = max((math.inf if s is None else s for s in times.values()), default=math.nan)
    return _told(
        "on_scene",
        f"on scene within {objective.within_s:g} s, {objective.share:.0%} of {len(asked)}",
        f"{len(there)} of {len(asked)}: {told}",
        share >= objective.share,
        {"within_s": objective.within_s, "share": objective.share},
        times,
        share=share,
        worst_s=worst_s,
    )


def _watched(objective: WatchedIn, incidents: Sequence[Clocks]) -> Result:
    asked = [i for i in incidents if i.name in objective.incidents or (not objective.incidents and i.clocks_s)]
    shares = {i.name: i.watched_share or 0.0 for i in asked}
    least = min(shares.values(), default=math.nan)
    return _told(
        "watched",
        f"eyes on the point for {objective.least_share:.0%} of the time",
        "least " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items() if share == least),
        least >= objective.least_share,
        {"least_share": objective.least_share},
        shares,
        least_share=least,
    )


def _answered(objective: AnsweredIn, answers: Sequence[Answer]) -> Result:
    asked = [answer for answer in answers if answer.name in objective.injects or not objective.injects]
    told = [
        f"{a.name} {'not' if a.after_s is None else f'after {a.after_s:.0f} s'} (of {a.within_s:g} s)" for a in asked
    ]
    late = [answer for answer in asked if not answer.in_time]
    names = [answer.name for answer in asked]
    found, met = ", ".join(told), bool(asked) and not late
    return _told("answered", "injects answered in time", found, met, names=names, missed=len(late))


def _no_breach(record: Record) -> Result:
    findings = zone_findings(record)
    breaches = [f"{finding.zone_id}: {breach}" for finding in findings for breach in finding.breaches]
    found = f"none of {len({finding.zone_id for finding in findings})} zones" if not breaches else "; ".join(breaches)
    return _told("no_breach", "nobody flies in closed ground", found, not breaches, breaches=len(breaches))


def _apart(record: Record) -> Result:
    near = [approach for approach in approaches(record) if approach.too_near]
    return _told("apart", "drones keep apart", "; ".join(map(str, near)) or "all did", not near, too_near=len(near))


def _all_home(record: Record) -> Result:
    planned = {broken.drone_id for broken in record.broken}
    lost = {versions[-1][1].drone_id for versions in record.sorties.values() if _lost(versions[-1][1].state)}
    away = sorted((set(record.in_air) | lost) - planned)
    return _told("all_home", "every drone comes home", ", ".join(away) or "all did", not away, away=len(away))


def _lost(state: SortieState) -> bool:
    return state not in (SortieState.CHARGING, SortieState.DONE)


def _told(
    kind: str,
    asked: str,
    found: str,
    met: bool,
    limits: Mapping[str, float] = MappingProxyType({}),
    names: Iterable[str] = (),
    **figures: float,
) -> Result:
    known = {name: round(value, 4) for name, value in figures.items() if math.isfinite(value)}
    return Result(
        kind=kind, asked=asked, found=found, met=met, figures=known, limits=dict(limits), names=tuple(names)
    )  # fmt: skip
