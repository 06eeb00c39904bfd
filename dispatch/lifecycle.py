"""The whole life of a situation as one pure function: ``advance(situation, event)``.

No clock, no I/O, no chance. The shells (the live loop, the simulator) feed events in, store the records, and only
then carry out the commands.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from dispatch import camera, circling, deadlines, deviation, lateness, observed, relay, safety, sorties, watch
from dispatch.decide import decide
from dispatch.draft import Draft
from dispatch.events import (
    Assign,
    Cancel,
    Event,
    GrantRecorded,
    GrantRevoked,
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
from dispatch.handover import give_away, hand_to, take_back
from dispatch.model import DroneState, Incident, IncidentStatus, Situation, Sortie, SortieState
from dispatch.relay import RECONSIDER_S
from dispatch.separation import WATCH_S, keep_apart
from dispatch.sky import zones_now
from dispatch.sorties import IN_FLIGHT, ON_GROUND_BEFORE
from geo.airspace import Grant

BATTERY_STEPS = 200
"""So many times per full battery a drone in the air is asked whether it must come home."""


def advance(situation: Situation, event: Event) -> Outcome:
    """The situation after ``event``, the records to store and the commands to give.

    Raises :class:`OrderError` for an order that cannot be carried out; nothing has happened then.
    """
    draft = Draft(situation, max(event.at_s, situation.now_s))  # events may overtake each other, time does not go back
    _take(draft, event)
    if zones_now(draft.situation) != zones_now(situation):  # raised, lifted, come into force or run out
        _each(draft, safety.keep_legal)
        _each(draft, safety.take_shorter)
        _each(draft, safety.keep_fenced)
        draft.reconsider = draft.reconsider or _open(draft)
    if not isinstance(event, Observed):
        _each(draft, deadlines.supervise)
        _each(draft, lateness.keep_time)
        _forget_none(draft)
    if draft.now_s // RECONSIDER_S != situation.now_s // RECONSIDER_S:
        _each(draft, safety.keep_energy)
        _each(draft, lateness.look_again)
        relay.foresee(draft, situation.now_s)
        draft.reconsider = draft.reconsider or _open(draft)
    if draft.reconsider:
        _decide(draft)
    if draft.now_s // WATCH_S != situation.now_s // WATCH_S:
        keep_apart(draft)
    _each(draft, camera.tend)
    return draft.outcome()


def next_deadline_s(situation: Situation) -> float:
    """The instant at which a tick will next be due for some sortie; infinite if none waits for anything."""
    waiting = [s for s in situation.sorties.values() if not s.held]
    due_s = [s.deadline_at_s for s in waiting] + [s.circling.deadline_at_s for s in waiting if s.circling is not None]
    due_s += [s.pointing.deadline_at_s for s in situation.sorties.values() if s.pointing is not None]
    return min((at_s for at_s in due_s if at_s is not None), default=float("inf"))


def _take(draft: Draft, event: Event) -> None:
    match event:
        case Ticked():
            pass
        case Reported(incident=incident):
            if incident.id in draft.incidents:
                raise OrderError("known_incident", f"there is an incident {incident.id!r} already")
            draft.put(incident)
            draft.reconsider = True
        case Observed(states=states):
            before = draft.situation.states
            heard = tuple(state for state in states if draft.knows(state.drone_id))
            draft.observe(heard)
            for state in heard:
                _observe(draft, before.get(state.drone_id), state)
        case Refused():
            deadlines.refused(draft, event)
        case Release(incident_id=incident_id):
            sorties.release(draft, _sortie_for(draft, _incident(draft, incident_id)), "released by the operator")
        case Cancel(incident_id=incident_id):
            _cancel(draft, _incident(draft, incident_id))
        case Assign(incident_id=incident_id, drone_id=drone_id):
            _assign(draft, _incident(draft, incident_id), drone_id)
        case Recall(sortie_id=sortie_id):
            sortie = _flying(draft, sortie_id)
            draft.reopen(sortie, without=sortie.drone_id)
            sorties.go_home(draft, sortie, "recalled by the operator")
        case HoldHere(sortie_id=sortie_id):
            sortie = _flying(draft, sortie_id)
            if sortie.state not in IN_FLIGHT:
                raise OrderError("not_flying", f"sortie {sortie_id} is {sortie.state.value}: it cannot hold yet")
            draft.put(replace(sortie, held=True, circling=None))
            draft.order(Hold(drone_id=sortie.drone_id, sortie_id=sortie.id))
        case Resume(sortie_id=sortie_id):
            _resume(draft, _flying(draft, sortie_id))
        case Withdraw(drone_id=drone_id, why=why):
            draft.drone(drone_id)
            draft.withdraw(drone_id, why, by_hand=True)
            starting = draft.sorties.get(drone_id)
            if starting is not None and starting.state in ON_GROUND_BEFORE:  # somebody may be standing beside it
                draft.reopen(starting)
                sorties.go_home(draft, starting, f"out of service: {why}")
        case Restore(drone_id=drone_id):
            draft.drone(drone_id)
            draft.restore(drone_id)
        case ZoneRaised(zone=zone, more=more):
            for raised in (zone, *more):
                draft.zones[raised.id] = raised
                draft.note(raised.id, raised)
        case ZoneLifted(zone_id=zone_id):
            if zone_id not in draft.zones:
                raise OrderError("unknown_zone", f"there is no geozone {zone_id!r}")
            draft.lift_zone(zone_id)
            draft.reconsider = True
        case GrantRecorded(grant=grant):
            _require_of_use(draft, grant)
            draft.grants[grant.id] = grant
            draft.note(grant.id, grant)
            draft.reconsider = True
        case GrantRevoked(grant_id=grant_id, by=by):
            if grant_id not in draft.grants:
                raise OrderError("unknown_grant", f"there is no grant {grant_id!r}, or it is over")
            revoked = replace(draft.grants.pop(grant_id), revoked_at_s=draft.now_s, revoked_by=by)
            draft.note(grant_id, revoked)
        case WeatherChanged(wind=wind, rain_mm_h=rain_mm_h):
            draft.set_weather(Weather(wind=wind, rain_mm_h=rain_mm_h))
            _each(draft, safety.keep_in_limits)
            _each(draft, safety.keep_energy)
        case _:
            assert_never(event)


def _require_of_use(draft: Draft, grant: Grant) -> None:
    """Raises for a grant that would open nothing: people would count on it."""
    about = [zone for zone in draft.zones.values() if grant.names(zone)]
    if not about:
        raise OrderError("unknown_zone", f"there is no geozone {grant.zone_id!r}")
    if not any(grant.opens(zone) for zone in about):
        kinds = " and ".join(sorted({zone.kind for zone in about}))
        raise OrderError("not_grantable", f"geozone {grant.zone_id!r} is {kinds}: no grant opens it")
    if grant.id in draft.grants:
        raise OrderError("known_grant", f"there is a grant {grant.id!r} already")
    left_s, horizon_s = grant.until_s - max(grant.from_s, draft.now_s), draft.rules.zone_horizon_s
    if left_s <= horizon_s:
        raise OrderError(
            "grant_too_short",
            f"the grant holds for {max(0.0, left_s) / 60:.0f} min; a zone must stay open for the {horizon_s / 60:.0f} "
            "min that a flight may take (rules.zone_horizon_s), so it would open nothing",
        )


def _open(draft: Draft) -> bool:
    return any(watch.waits(i, draft.now_s) for i in draft.incidents.values())


def _each(draft: Draft, rule: Callable[[Draft, Sortie], None]) -> None:
    """One rule for every sortie, in the order of their drones."""
    for drone_id in sorted(draft.sorties):
        rule(draft, draft.sorties[drone_id])


def _observe(draft: Draft, before: DroneState | None, state: DroneState) -> None:
    """Telemetry is the truth: what one drone's latest means."""
    if before is None or (state.healthy and state.connected) != (before.healthy and before.connected):
        draft.reconsider = draft.reconsider or _open(draft)
    heard_again = state.connected and (before is None or not before.connected)
    if state.twins and (before is None or not before.twins):
        _two_in_one(draft, state.drone_id)
    if heard_again:
        take_back(draft, state)
    observed.observe(draft, state)
    rules = [deviation.keep_to_orders, safety.fence_after_leaving] + (
        [safety.keep_legal, safety.keep_in_limits] if heard_again else []
    )
    if heard_again or before is None or _battery_step(before) != _battery_step(state):
        rules.append(safety.keep_energy)
    for rule in rules:
        if state.drone_id in draft.sorties:
            rule(draft, draft.sorties[state.drone_id])


def _two_in_one(draft: Draft, drone_id: str) -> None:
    """Two vehicles answer to one system id: what is ordered of one, both may do. Neither is sent anywhere."""
    unheard = [id_ for id_ in draft.situation.drones if id_ not in draft.states]
    why = f"two vehicles answer to its system id {draft.drone(drone_id).system_id}"
    told = f"{why}; not heard: {', '.join(unheard)}" if unheard else why
    draft.withdraw(drone_id, told, by_hand=True)  # whatever the mixture was taken for before: this is why
    sortie = draft.sorties.get(drone_id)
    if sortie is not None and sortie.state in IN_FLIGHT | ON_GROUND_BEFORE:
        give_away(draft, sortie, why)


def _battery_step(state: DroneState) -> int:
    return int(state.battery_share * BATTERY_STEPS)


def _forget_none(draft: Draft) -> None:
    """An incident whose sortie is not known any more (its drone left the fleet while the engine stood) is taken up."""
    known = {sortie.id for sortie in draft.sorties.values()}
    for before in sorted(draft.incidents.values(), key=lambda incident: incident.id):
        if before.relief_id is not None and before.relief_id not in known:
            draft.leave(before, before.relief_id)
        incident = draft.incidents[before.id]
        if incident.sortie_id is None or incident.sortie_id in known:
            continue
        if incident.status is IncidentStatus.CLEARED:
            draft.put(replace(incident, status=IncidentStatus.CLOSED))
        elif incident.status in (IncidentStatus.ASSIGNED, IncidentStatus.ON_SCENE):
            draft.leave(incident, incident.sortie_id)


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
    sorties.call_off(draft, incident.id, IncidentStatus.CANCELLED, f"{incident.id} was cancelled")


def _assign(draft: Draft, incident: Incident, drone_id: str) -> None:
    draft.drone(drone_id)
    if incident.status not in (IncidentStatus.OPEN, IncidentStatus.ASSIGNED, IncidentStatus.ON_SCENE):
        raise OrderError("over", f"{incident.id} is {incident.status.value}: it needs no drone")
    if any(sortie.drone_id == drone_id for sortie in draft.serving(incident)):
        raise OrderError("already", f"{drone_id} serves {incident.id} already")
    out = hand_to(draft, incident, drone_id, sorties.BY_HAND, f"{drone_id} was chosen by the operator")
    if out is not None:
        raise OrderError("not_able", f"{drone_id} cannot go: {out.text} (would change it: {out.change})")


def _resume(draft: Draft, sortie: Sortie) -> None:
    if not sortie.held:
        raise OrderError("not_held", f"sortie {sortie.id} is not held")
    sortie = replace(sortie, held=False)
    draft.put(sortie)
    match sortie.state:
        case SortieState.AIRBORNE:
            sorties.climb(draft, sortie, "resumed")
        case SortieState.EN_ROUTE:
            sorties.replan(draft, sortie, "resumed")
        case SortieState.ON_SCENE if draft.incidents[sortie.incident_id or ""].route:
            sorties.come_on_scene(draft, sortie, "resumed")
        case SortieState.ON_SCENE if circling.asked(draft, sortie) is not None:
            circling.to_scene(draft, sortie)
        case SortieState.RELEASED | SortieState.RETURNING:
            sorties.go_home(draft, sortie, "resumed")
        case _:
            pass


# ---------------------------------------------------------------- what an order names


def _incident(draft: Draft, incident_id: str) -> Incident:
    incident = draft.incidents.get(incident_id)
    if incident is None:
        raise OrderError("unknown_incident", f"there is no open incident {incident_id!r}")
    return incident


def _sortie_for(draft: Draft, incident: Incident) -> Sortie:
    sortie = draft.sortie(incident.sortie_id)
    if sortie is None or sortie.incident_id != incident.id:
        raise OrderError("no_drone", f"no drone serves {incident.id} now ({incident.status.value})")
    return sortie


def _flying(draft: Draft, sortie_id: str) -> Sortie:
    sortie = draft.sortie(sortie_id)
    if sortie is None:
        raise OrderError("unknown_sortie", f"there is no sortie {sortie_id!r} under way")
    if sortie.state not in IN_FLIGHT | ON_GROUND_BEFORE:
        raise OrderError("too_late", f"sortie {sortie_id} is {sortie.state.value}")
    return sortie
