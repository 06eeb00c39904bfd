"""The whole life of a situation as one pure function: ``advance(situation, event)``.

No clock, no I/O, no chance. The shells (the live loop, the simulator) feed events in, store the records, and only
then carry out the commands.
"""

from dataclasses import replace
from typing import assert_never

from dispatch import sorties
from dispatch.decide import assess, decide, decision_id, ranked
from dispatch.draft import Draft
from dispatch.events import (
    Assign,
    Cancel,
    Event,
    Hold,
    HoldHere,
    Observed,
    OrderError,
    Outcome,
    Recall,
    Refused,
    Release,
    Reported,
    Restore,
    Resume,
    Ticked,
    Weather,
    WeatherChanged,
    Withdraw,
    ZoneLifted,
    ZoneRaised,
)
from dispatch.model import Decision, Incident, IncidentStatus, Situation, Sortie, SortieState
from dispatch.planning import airways_of, frame_of, ways_out

RECONSIDER_S = 5.0
"""An incident that waits is decided again this often: batteries charge and wind drops without an event."""

_IN_FLIGHT = frozenset(
    {
        SortieState.AIRBORNE,
        SortieState.EN_ROUTE,
        SortieState.ON_SCENE,
        SortieState.RELEASED,
        SortieState.RETURNING,
    }
)
_CAN_BE_CALLED_OFF = _IN_FLIGHT | {SortieState.DECIDED, SortieState.COMMANDED}


def advance(situation: Situation, event: Event) -> Outcome:
    """The situation after ``event``, the records to store and the commands to give.

    Raises :class:`OrderError` for an order that cannot be carried out; nothing has happened then.
    """
    draft = Draft(situation, event.at_s)
    _take(draft, event)
    if not isinstance(event, Observed):
        for sortie in list(draft.sorties.values()):
            sorties.supervise(draft, sortie)
    if draft.reconsider or (isinstance(event, Ticked) and _someone_waits(draft, situation.now_s)):
        _decide(draft)
    return draft.outcome()


def next_deadline_s(situation: Situation) -> float:
    """The instant at which a tick will next be due for some sortie; infinite if none waits for anything."""
    deadlines = (s.deadline_at_s for s in situation.sorties.values() if not s.held)
    return min((at_s for at_s in deadlines if at_s is not None), default=float("inf"))


def _take(draft: Draft, event: Event) -> None:
    match event:
        case Ticked():
            pass
        case Reported(incident=incident):
            draft.put(incident)
            draft.reconsider = True
        case Observed(states=states):
            before = draft.situation.states
            draft.observe(states)
            for state in states:
                old = before.get(state.drone_id)
                if old is None or (state.healthy and state.connected) != (old.healthy and old.connected):
                    draft.reconsider = draft.reconsider or _open(draft)
                sorties.observe(draft, state)
        case Refused():
            sorties.refused(draft, event)
        case Release(incident_id=incident_id):
            sorties.release(draft, _sortie_for(draft, _incident(draft, incident_id)), "released by the operator")
        case Cancel(incident_id=incident_id):
            _cancel(draft, _incident(draft, incident_id))
        case Assign(incident_id=incident_id, drone_id=drone_id):
            _assign(draft, _incident(draft, incident_id), drone_id)
        case Recall(sortie_id=sortie_id):
            sortie = _flying(draft, sortie_id)
            draft.reopen(sortie.incident_id, without=sortie.drone_id)
            sorties.go_home(draft, replace(sortie, incident_id=None), "recalled by the operator")
        case HoldHere(sortie_id=sortie_id):
            sortie = _flying(draft, sortie_id)
            if sortie.state not in _IN_FLIGHT:
                raise OrderError("not_flying", f"sortie {sortie_id} is {sortie.state.value}: it cannot hold yet")
            draft.put(replace(sortie, held=True))
            draft.order(Hold(drone_id=sortie.drone_id, sortie_id=sortie.id))
        case Resume(sortie_id=sortie_id):
            _resume(draft, _flying(draft, sortie_id))
        case Withdraw(drone_id=drone_id, why=why):
            draft.drone(drone_id)
            draft.withdraw(drone_id, why)
        case Restore(drone_id=drone_id):
            draft.drone(drone_id)
            draft.restore(drone_id)
        case ZoneRaised(zone=zone):
            draft.zones[zone.id] = zone
            draft.note(zone.id, zone)
            _keep_legal(draft)
        case ZoneLifted(zone_id=zone_id):
            if zone_id not in draft.zones:
                raise OrderError("unknown_zone", f"there is no geozone {zone_id!r}")
            draft.lift_zone(zone_id)
            draft.reconsider = True
        case WeatherChanged(wind=wind, rain_mm_h=rain_mm_h):
            draft.set_weather(Weather(wind=wind, rain_mm_h=rain_mm_h))
        case _:
            assert_never(event)


def _open(draft: Draft) -> bool:
    return any(i.status is IncidentStatus.OPEN for i in draft.incidents.values())


def _someone_waits(draft: Draft, before_s: float) -> bool:
    crossed = draft.now_s // RECONSIDER_S != before_s // RECONSIDER_S
    return crossed and _open(draft)


def _decide(draft: Draft) -> None:
    on = draft.situation
    for decision in decide(on):
        incident = draft.incidents[decision.incident_id]
        if decision.drone_id is not None:
            draft.decided(decision, on)
            sorties.send(draft, decision)
        elif incident.waits_because != decision.why:
            draft.decided(decision, on)
            draft.put(replace(draft.incidents[incident.id], waits_because=decision.why))


# ---------------------------------------------------------------- orders


def _cancel(draft: Draft, incident: Incident) -> None:
    sortie = _sortie_of(draft, incident)
    draft.put(replace(incident, status=IncidentStatus.CANCELLED))
    if sortie is not None and sortie.incident_id == incident.id:
        sorties.go_home(draft, sortie, f"{incident.id} was cancelled")


def _assign(draft: Draft, incident: Incident, drone_id: str) -> None:
    draft.drone(drone_id)
    if incident.status not in (IncidentStatus.OPEN, IncidentStatus.ASSIGNED, IncidentStatus.ON_SCENE):
        raise OrderError("over", f"{incident.id} is {incident.status.value}: it needs no drone")
    on = draft.situation
    options = assess(on, incident, {}, by_hand=drone_id)
    pick = next(option for option in options if option.drone_id == drone_id)
    if pick.out is not None:
        raise OrderError("not_able", f"{drone_id} cannot go: {pick.out.text} (would change it: {pick.out.change})")
    before = _sortie_of(draft, incident)
    if before is not None and before.drone_id == drone_id and before.incident_id == incident.id:
        raise OrderError("already", f"{drone_id} serves {incident.id} already")
    decision = Decision(
        id=decision_id(incident),
        incident_id=incident.id,
        at_s=draft.now_s,
        drone_id=drone_id,
        options=ranked(options),
        policy="by-hand",
        why=f"{drone_id} was chosen by the operator",
    )
    if before is not None and before.incident_id == incident.id:
        sorties.go_home(draft, before, f"{drone_id} takes over {incident.id}")
    draft.decided(decision, on)
    sorties.send(draft, decision)


def _resume(draft: Draft, sortie: Sortie) -> None:
    if not sortie.held:
        raise OrderError("not_held", f"sortie {sortie.id} is not held")
    sortie = replace(sortie, held=False)
    draft.put(sortie)
    if sortie.state is SortieState.EN_ROUTE and sortie.incident_id is not None:
        _replan(draft, sortie, "resumed")
    elif sortie.state is SortieState.RETURNING:
        sorties.go_home(draft, sortie, "resumed")


def _replan(draft: Draft, sortie: Sortie, why: str) -> None:
    """The way out again, from where the drone is now; home if there is none left."""
    situation, incident = draft.situation, draft.incidents[sortie.incident_id or ""]
    airframe = draft.airframe(sortie.drone_id)
    plan = ways_out(situation, airframe, [draft.states[sortie.drone_id]], incident.position)[0]
    if plan is None:
        draft.reopen(incident.id, without=sortie.drone_id)
        sorties.go_home(draft, replace(sortie, incident_id=None), f"{why}: no legal way left")
    else:
        sorties.fly_out(draft, replace(sortie, out=plan, planned_at_s=draft.now_s), why)


def _keep_legal(draft: Draft) -> None:
    """After a zone was raised: drones in the air whose way it cuts are sent round it, or home."""
    situation = draft.situation
    airways, frame = airways_of(situation), frame_of(situation)
    for sortie in list(draft.sorties.values()):
        state = draft.states.get(sortie.drone_id)
        if state is None or state.position is None or not state.in_air:
            continue
        plan = sortie.home if sortie.state is SortieState.RETURNING else sortie.out
        points = [state.position, *(leg.end for leg in plan.legs)] if plan else [state.position]
        xy = frame.xy_of(points)
        cut = bool(airways.blocked(xy[:-1], xy[1:]).any()) or airways.closed_at(xy[0]) is not None
        if not cut:
            continue
        if sortie.state is SortieState.EN_ROUTE and sortie.incident_id is not None:
            _replan(draft, sortie, "a geozone was raised on its way")
        elif sortie.state is SortieState.RETURNING:
            sorties.go_home(draft, sortie, "a geozone was raised on its way")
        elif sortie.state is SortieState.ON_SCENE and airways.closed_at(xy[0]) is not None:
            draft.reopen(sortie.incident_id, without=sortie.drone_id)
            sorties.go_home(draft, replace(sortie, incident_id=None), "a geozone was raised over the scene")
    draft.reconsider = draft.reconsider or _open(draft)


# ---------------------------------------------------------------- what an order names


def _incident(draft: Draft, incident_id: str) -> Incident:
    incident = draft.incidents.get(incident_id)
    if incident is None:
        raise OrderError("unknown_incident", f"there is no open incident {incident_id!r}")
    return incident


def _sortie_of(draft: Draft, incident: Incident) -> Sortie | None:
    return next((s for s in draft.sorties.values() if s.id == incident.sortie_id), None)


def _sortie_for(draft: Draft, incident: Incident) -> Sortie:
    sortie = _sortie_of(draft, incident)
    if sortie is None or sortie.incident_id != incident.id:
        raise OrderError("no_drone", f"no drone serves {incident.id} now ({incident.status.value})")
    return sortie


def _flying(draft: Draft, sortie_id: str) -> Sortie:
    sortie = next((s for s in draft.sorties.values() if s.id == sortie_id), None)
    if sortie is None:
        raise OrderError("unknown_sortie", f"there is no sortie {sortie_id!r} under way")
    if sortie.state not in _CAN_BE_CALLED_OFF:
        raise OrderError("too_late", f"sortie {sortie_id} is {sortie.state.value}")
    return sortie
