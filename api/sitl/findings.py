"""Figures out of a record: predicted against flown, clock by clock and leg by leg, and what came of every fault.

*Predicted* is what the plan in force said when it was made, *flown* what telemetry showed. Where a drone was re-planned
under way, the plan in force on arrival counts from the instant at which it was made; the first promise is told too.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from api.sitl.record import Asked, Broken, Record
from dispatch.lateness import KEPT
from dispatch.model import Decision, Incident, IncidentStatus, Sortie, SortieState, Step
from geo.flight import FlightPlan, descent_s, passed_s

SOON_S = 2.0
"""A replacement is commanded so soon after the fault was detected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One duration, predicted and flown, in seconds."""

    name: str
    predicted_s: float
    flown_s: float

    @property
    def error_s(self) -> float:
        """How much longer it took than predicted."""
        return self.flown_s - self.predicted_s

    @property
    def error_share(self) -> float:
        """The same as a share of the prediction."""
        return self.error_s / self.predicted_s if self.predicted_s > 0 else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFinding:
    """One incident of the scenario: what came of it, and its clocks. ``ok`` is whether that was what is expected."""

    name: str
    incident_id: str
    type: str
    at_s: float
    expect: str
    outcome: str
    ok: bool
    drone_id: str = ""
    sortie_id: str = ""
    on_scene: Pair | None = None
    """Until on scene, by the plan in force on arrival."""
    promised: Pair | None = None
    """The same by the first decision that gave it a drone."""
    plans: int = 0
    """How many plans there were on the way; more than one: it was re-planned."""
    clocks: tuple[Pair, ...] = ()
    legs: tuple[Pair, ...] = ()
    told: str = ""
    """What else happened to it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Errors of many predictions as shares of them; None where there are none."""

    count: int
    median_abs: float | None = None
    p95_abs: float | None = None
    bias: float | None = None
    worst: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTotal:
    """One clock over all flights, in seconds; the bias is the mean error, also as a share of the mean prediction."""

    name: str
    count: int
    predicted_s: float
    flown_s: float
    bias_s: float
    bias_share: float
    spread_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFinding:
    """One fault and how it ended.

    It was *noticed* at the first sign of anything (a link silent, an order told again), *detected* when the engine gave
    the drone up for its incident; the replacement's time counts from there. A dock that opens first is part of its
    turnout.
    """

    name: str
    drone_id: str
    incident_id: str
    at_s: float | None
    noticed: str
    noticed_after_s: float | None
    detected: str
    detected_after_s: float | None
    replaced_by: str
    replaced_after_s: float | None
    outcome: str
    ok: bool


# ---------------------------------------------------------------- incidents


def incident_findings(record: Record) -> tuple[IncidentFinding, ...]:
    """Every incident of the scenario, in its order."""
    return tuple(_incident(record, asked) for asked in record.asked)


def _incident(record: Record, asked: Asked) -> IncidentFinding:
    planned = asked.planned
    incident = record.incidents.get(asked.incident_id or "")
    if incident is None:
        outcome = f"refused ({asked.refused})"
        return IncidentFinding(
            name=planned.name, incident_id="", type=planned.body.type, at_s=planned.at_s, expect=planned.expect,
            outcome=outcome, ok=planned.expect == "refused",
        )  # fmt: skip
    decisions = record.decisions.get(incident.id, ())
    served = incident.clocks.on_scene_at_s is not None
    outcome = "served" if served else _unserved(incident, decisions)
    cancelled = incident.status is IncidentStatus.CANCELLED
    found = _arrival(record, incident) if served else None
    finding = IncidentFinding(
        name=planned.name,
        incident_id=incident.id,
        type=incident.type,
        at_s=incident.clocks.reported_at_s - record.began_at_s,
        expect=planned.expect,
        outcome=outcome,
        ok=cancelled or served == (planned.expect == "served"),
        promised=_promised(incident, decisions),
        told=_story(record, incident, decisions),
    )
    return _timed(record, finding, incident, *found) if found is not None else finding


def _unserved(incident: Incident, decisions: Sequence[Decision]) -> str:
    if incident.status is IncidentStatus.CANCELLED:
        return "cancelled"
    return f"unserved: {incident.waits_because or (decisions[-1].why if decisions else 'no decision')}"


def _arrival(record: Record, incident: Incident) -> tuple[Sortie, list[Sortie]] | None:
    """The sortie that came on scene first, as it was at the end, and its versions on the way there."""
    at_s = incident.clocks.on_scene_at_s
    for versions in record.sorties.values():
        last = versions[-1][1]
        if any(step.state is SortieState.ON_SCENE and step.at_s == at_s for step in last.steps):
            way = [v for made_at_s, v in versions if v.incident_id == incident.id and made_at_s <= (at_s or 0.0)]
            way = [version for version in way if not _step(version.steps, SortieState.ON_SCENE, at_s)]
            if way:
                return last, way
    return None


def _timed(
    record: Record, finding: IncidentFinding, incident: Incident, sortie: Sortie, way: Sequence[Sortie]
) -> IncidentFinding:
    """The finding with its clocks and legs."""
    plans: list[tuple[float, FlightPlan]] = []
    for version in way:
        if not plans or plans[-1] != (version.planned_at_s, version.out):
            plans.append((version.planned_at_s, version.out))
    planned_at_s, plan = plans[-1]
    on_scene_at_s = incident.clocks.on_scene_at_s
    assert on_scene_at_s is not None
    airborne = _last_before(sortie.steps, SortieState.AIRBORNE, on_scene_at_s)
    moving = _last_before(sortie.steps, SortieState.EN_ROUTE, on_scene_at_s)
    time = plan.time
    out_s = time.start_s + time.cruise_s + time.arrive_s + time.slew_s
    clocks = []
    if airborne is not None and moving is not None and planned_at_s <= airborne.at_s:  # from its dock
        ready_s = time.turnout_s - time.climb_s
        clocks = [
            Pair(name="turnout", predicted_s=ready_s, flown_s=airborne.at_s - planned_at_s),
            Pair(name="climb", predicted_s=time.climb_s, flown_s=moving.at_s - airborne.at_s),
        ]
    begun_at_s = moving.at_s if moving is not None and moving.at_s >= planned_at_s else planned_at_s
    clocks.append(Pair(name="flight out", predicted_s=out_s, flown_s=on_scene_at_s - begun_at_s))
    return replace(
        finding,
        drone_id=sortie.drone_id,
        sortie_id=sortie.id,
        on_scene=Pair(name="on scene", predicted_s=time.total_s, flown_s=on_scene_at_s - planned_at_s),
        plans=len(plans),
        clocks=(*clocks, *_home(record, sortie)),
        legs=_legs(record, sortie.drone_id, plan, begun_at_s, on_scene_at_s),
    )


def _home(record: Record, sortie: Sortie) -> list[Pair]:
    """The way home and the descent of a sortie that came home as planned, without a second order."""
    steps = sortie.steps
    returning = [step for step in steps if step.state is SortieState.RETURNING]
    landing, landed = _step(steps, SortieState.LANDING), _step(steps, SortieState.LANDED)
    if sortie.home is None or len(returning) != 1 or landing is None or landed is None:
        return []
    airframe = record.city.airframes[record.city.drones[sortie.drone_id].airframe]
    home_s, down_s = sortie.home.time.total_s, descent_s(sortie.out.height_m, airframe)
    return [
        Pair(name="way home", predicted_s=home_s, flown_s=landing.at_s - returning[0].at_s),
        Pair(name="descent", predicted_s=down_s, flown_s=landed.at_s - landing.at_s),
    ]


def _legs(record: Record, drone_id: str, plan: FlightPlan, begun_at_s: float, on_scene_at_s: float) -> tuple[Pair, ...]:
    """Each leg of the way out, until its corner is passed; the last until the goal is seen."""
    if not plan.legs:
        return ()
    airframe, frame = record.city.airframes[record.city.drones[drone_id].airframe], record.city.frame
    flown = [s for s in record.samples.get(drone_id, ()) if begun_at_s <= s.at_s <= on_scene_at_s]
    if len(flown) < 2:
        return ()
    xy = frame.to_xy([s.longitude_deg for s in flown], [s.latitude_deg for s in flown])
    instants = np.array([s.at_s for s in flown])
    pairs, left_m = [], plan.distance_m
    said_s, passed_at_s, first = 0.0, begun_at_s, 0
    for number, leg in enumerate(plan.legs, 1):
        left_m -= leg.length_m
        if number == len(plan.legs):
            end_s = plan.time.start_s + plan.time.cruise_s + plan.time.arrive_s + plan.time.slew_s
            end_at_s = on_scene_at_s
        else:
            end_s = plan.time.start_s + passed_s(plan, airframe, left_m)
            away = np.hypot(*(xy[first:] - frame.xy(leg.end)).T)
            first += int(np.argmin(away))
            end_at_s = float(instants[first])
        name = f"leg {number} of {len(plan.legs)}, {leg.length_m:.0f} m"
        pairs.append(Pair(name=name, predicted_s=end_s - said_s, flown_s=end_at_s - passed_at_s))
        said_s, passed_at_s = end_s, end_at_s
    return tuple(pairs)


def _promised(incident: Incident, decisions: Sequence[Decision]) -> Pair | None:
    """The first decision that gave it a drone, and when somebody was on scene after that."""
    first = next((made for made in decisions if made.drone_id is not None), None)
    if first is None or incident.clocks.on_scene_at_s is None:
        return None
    option = next(option for option in first.options if option.drone_id == first.drone_id)
    if option.time is None:
        return None
    flown_s = incident.clocks.on_scene_at_s - first.at_s
    return Pair(name="promised", predicted_s=option.time.total_s, flown_s=flown_s)


def _story(record: Record, incident: Incident, decisions: Sequence[Decision]) -> str:
    """What was not as in the book: it waited, was taken over, re-planned, robbed of its drone."""
    told = []
    waited = next((made for made in decisions if made.drone_id is None), None)
    if waited is not None:
        told.append(f"waited: {waited.why}")
    drones = [made.drone_id for made in decisions if made.drone_id is not None and made.policy != KEPT]
    if len(drones) > 1:
        told.append("sent: " + ", then ".join(drones))
    for made_by in decisions:
        option = next((o for o in made_by.options if o.drone_id == made_by.drone_id), None)
        if option is not None and option.preempts:
            told.append(f"{option.drone_id} was taken off {option.preempts} for it")
    for versions in record.sorties.values():
        told += [f"{versions[-1][1].drone_id}: {why}" for why in _replans([v for _, v in versions], incident.id)]
    return "; ".join(dict.fromkeys(told))


def _replans(versions: Sequence[Sortie], incident_id: str) -> list[str]:
    mine = [version for version in versions if version.incident_id == incident_id]
    told = []
    for before, after in itertools.pairwise(mine):
        if before.out != after.out and after.state is not SortieState.ON_SCENE:
            new = [step.why for step in after.steps[len(before.steps) :] if step.why]
            told.append(f"re-planned{': ' + new[0] if new else ''}")
    return told


def _step(steps: Iterable[Step], state: SortieState, at_s: float | None = None) -> Step | None:
    return next((s for s in steps if s.state is state and (at_s is None or s.at_s == at_s)), None)


def _last_before(steps: Sequence[Step], state: SortieState, at_s: float) -> Step | None:
    """The last passage into that state before ``at_s``; told again to do the same, a step may stand there twice."""
    found = [step for step in steps if step.state is state and step.at_s <= at_s]
    return found[-1] if found else None


# ---------------------------------------------------------------- all together


def accuracy(pairs: Iterable[Pair | None]) -> Accuracy:
    """Median and 95th percentile of the absolute error, the mean error (bias), and the worst, with its sign."""
    errors = np.array([pair.error_share for pair in pairs if pair is not None and pair.predicted_s > 0])
    if not len(errors):
        return Accuracy(count=0)
    return Accuracy(
        count=len(errors),
        median_abs=float(np.median(np.abs(errors))),
        p95_abs=float(np.percentile(np.abs(errors), 95)),
        bias=float(np.mean(errors)),
        worst=float(errors[int(np.argmax(np.abs(errors)))]),
    )


def clock_totals(findings: Iterable[IncidentFinding]) -> tuple[ClockTotal, ...]:
    """Every clock over all flights, in the order of a flight; legs together."""
    by_name: dict[str, list[Pair]] = {}
    for finding in findings:
        for pair in (*finding.clocks, *([finding.on_scene] if finding.on_scene else [])):
            by_name.setdefault(pair.name, []).append(pair)
        for number, leg in enumerate(finding.legs):
            last = number == len(finding.legs) - 1
            name = "a straight way" if len(finding.legs) == 1 else ("last leg" if last else "leg to a corner")
            by_name.setdefault(name, []).append(leg)
    order = ("turnout", "climb", "flight out", "a straight way", "leg to a corner", "last leg", "on scene")
    names = sorted(by_name, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(_total(name, by_name[name]) for name in names)


def _total(name: str, pairs: Sequence[Pair]) -> ClockTotal:
    predicted, flown = np.array([p.predicted_s for p in pairs]), np.array([p.flown_s for p in pairs])
    bias_s = float(np.mean(flown - predicted))
    mean_s = float(np.mean(predicted))
    return ClockTotal(
        name=name,
        count=len(pairs),
        predicted_s=mean_s,
        flown_s=float(np.mean(flown)),
        bias_s=bias_s,
        bias_share=bias_s / mean_s if mean_s > 0 else 0.0,
        spread_s=float(np.std(flown - predicted)),
    )


# ---------------------------------------------------------------- faults


def fault_findings(record: Record) -> tuple[FaultFinding, ...]:
    """Every fault of the scenario, in its order."""
    return tuple(_fault(record, broken) for broken in record.broken)


def _fault(record: Record, broken: Broken) -> FaultFinding:
    name, at_s = broken.planned.name, broken.at_s
    if at_s is None:
        outcome = f"not injected: {broken.not_injected}"
        return FaultFinding(
            name=name, drone_id=broken.drone_id, incident_id="", at_s=None, noticed="",
            noticed_after_s=None, detected="", detected_after_s=None,
            replaced_by="", replaced_after_s=None, outcome=outcome, ok=False,
        )  # fmt: skip
    signs = [n for n in record.notices if n.drone_id == broken.drone_id and n.at_s >= at_s]
    first, notice = next(iter(signs), None), next((n for n in signs if n.gives_up), None)
    incident = record.incidents.get(broken.incident_id or "")
    replaced_by, replaced_at_s = "", None
    if incident is not None and notice is not None:
        replaced_by, replaced_at_s = _replacement(record, incident.id, broken.drone_id, notice.at_s)
    served = incident is not None and incident.clocks.on_scene_at_s is not None
    if incident is None:
        outcome, ok = "no incident hung on it", True
    elif served:
        before = (incident.clocks.on_scene_at_s or 0.0) < at_s
        outcome, ok = f"{incident.id} served{' before the fault' if before and not replaced_by else ''}", True
    else:
        outcome = _unserved(incident, record.decisions.get(incident.id, ()))
        ok = outcome.startswith(("unserved: ", "cancelled"))
    after_s = replaced_at_s - notice.at_s if replaced_at_s is not None and notice is not None else None
    return FaultFinding(
        name=name,
        drone_id=broken.drone_id,
        incident_id=broken.incident_id or "",
        at_s=at_s - record.began_at_s,
        noticed=first.what if first is not None else "",
        noticed_after_s=first.at_s - at_s if first is not None else None,
        detected=notice.what if notice is not None else "",
        detected_after_s=notice.at_s - at_s if notice is not None else None,
        replaced_by=replaced_by,
        replaced_after_s=after_s,
        outcome=outcome,
        ok=ok and (after_s is None or after_s <= SOON_S * max(1.0, record.scenario.speed)),
    )


def _replacement(record: Record, incident_id: str, drone_id: str, since_s: float) -> tuple[str, float | None]:
    """Who was commanded to the incident instead of that drone, and when."""
    for versions in record.sorties.values():
        other = versions[-1][1].drone_id
        for made_at_s, sortie in versions:
            if other != drone_id and made_at_s >= since_s and sortie.incident_id == incident_id:
                commanded = [at_s for at_s, id_ in record.launched if id_ == sortie.id and at_s >= since_s]
                dock_s = record.city.airframes[record.city.drones[other].airframe].dock_s
                return other, max(made_at_s, min(commanded, default=made_at_s) - dock_s)
    return "", None
