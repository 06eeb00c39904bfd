"""Eyes are never off the point: a drone that cannot stay to the end of a watch is relieved before it leaves.

While one drone is on scene it is foreseen when its battery will send it home, and who could come in its place. The
relief is sent so early that in nine flights of ten it is on scene, at another height, some time before that; both then
watch for ``relay_overlap_s``, and the first goes home only when telemetry shows the second over the scene.

All of it is in the incident (``relay``, ``relief_id``) and in the deadlines of sorties: a restart loses nothing.
"""

from dataclasses import replace

from dispatch import reasons, watch
from dispatch.decide import assess, ranked
from dispatch.draft import Draft
from dispatch.model import DroneState, Incident, IncidentStatus, Option, Relay, Situation, Sortie, SortieState
from dispatch.observed import sees
from dispatch.planning import usable_wh, way_back
from dispatch.sorties import go_home
from geo.flight import landing_energy_wh

RECONSIDER_S = 5.0
"""An incident that waits is decided again this often: batteries charge without an event."""

LOOK_S = 30.0
"""Who could relieve a drone on scene is asked this often, and every time when it is nearly due."""

TELLING_SHARE, RESOLUTION_SHARE = 0.05, 0.01
"""Once so much of the battery is gone on scene, what is gone tells what hovering takes; telemetry knows it so well."""


def is_relief(draft: Draft, sortie: Sortie) -> bool:
    """Whether ``sortie`` flies to take over from another that is on scene."""
    incident = draft.incidents.get(sortie.incident_id or "")
    return incident is not None and incident.relief_id == sortie.id


def hand_over(draft: Draft, relief: Sortie) -> bool:
    """Both were on scene together: the first goes home, if telemetry still shows the relief there; whether it does."""
    incident = draft.incidents[relief.incident_id or ""]
    first = draft.sortie(incident.sortie_id)
    if first is None or not sees(draft, draft.states[relief.drone_id], incident.position):
        return False
    draft.take_over(incident, relief)
    go_home(draft, first, f"relieved by {relief.drone_id}")
    return True


def foresee(draft: Draft, before_s: float) -> None:
    """Look ahead for every point that is watched; ``before_s`` is when that was last done."""
    look = draft.now_s // LOOK_S != before_s // LOOK_S
    for incident_id in sorted(draft.incidents):
        incident = draft.incidents[incident_id]
        first = draft.sortie(incident.sortie_id)
        alone = incident.status is IncidentStatus.ON_SCENE and incident.relief_id is None
        if alone and first is not None and not incident.route:  # a patrol is one drone's work
            _foresee(draft, incident, first, look=look)


def _foresee(draft: Draft, incident: Incident, first: Sortie, *, look: bool) -> None:
    situation, state, before = draft.situation, draft.states.get(first.drone_id), incident.relay
    if state is None or state.position is None:
        return
    left_s, leaves_in_s = watch.left_s(incident, draft.now_s), stay_s(situation, first, state, incident)
    if leaves_in_s >= left_s:
        if before is not None:
            draft.put(replace(incident, relay=None, waits_because=""))
        return
    if before is not None and not look and draft.now_s < before.call_at_s - LOOK_S:
        return
    options = ranked(assess(situation, incident, {}))
    pick = _pick(options)
    relay = Relay(
        leaves_at_s=draft.now_s + leaves_in_s,
        call_at_s=draft.now_s + leaves_in_s - lead_s(situation, pick, options),
        drone_id=None if pick is None else pick.drone_id,
        lacks=reasons.no_relief(first.drone_id, options) if pick is None else None,
    )
    if before is None or _differs(before, relay):
        draft.put(replace(incident, relay=relay))


def stay_s(situation: Situation, sortie: Sortie, state: DroneState, incident: Incident) -> float:
    """How long a drone on scene can stay: until what is left above its reserve just takes it home and down.

    What hovering takes is the airframe's figure, or what it was seen to take, if that is more.
    """
    airframe = situation.airframes[situation.drones[sortie.drone_id].airframe]
    height_m, usable = sortie.out.height_m, usable_wh(state, airframe, situation.temperature_c)
    home = way_back(situation, sortie.drone_id, incident.position, height_m, usable)
    spare_wh = usable - landing_energy_wh(height_m, airframe) - (home[1].energy_wh if home is not None else 0.0)
    full_wh = airframe.battery_wh * airframe.capacity_share(situation.temperature_c)
    power_w = max(airframe.hover_w, 3600 * full_wh * _seen_share_per_s(sortie, state, situation.now_s))
    return max(0.0, 3600 * spare_wh / power_w)


def _seen_share_per_s(sortie: Sortie, state: DroneState, now_s: float) -> float:
    gone = 0.0 if sortie.arrived_share is None else sortie.arrived_share - state.battery_share
    arrived_at_s = sortie.steps[-1].at_s
    if gone < TELLING_SHARE or sortie.steps[-1].state is not SortieState.ON_SCENE or now_s <= arrived_at_s:
        return 0.0
    return (gone - RESOLUTION_SHARE) / (now_s - arrived_at_s)


def lead_s(situation: Situation, pick: Option | None, options: tuple[Option, ...]) -> float:
    """How long before the first must leave a relief is to be sent: nine flights of ten, a layer higher than alone, the
    overlap, and the pause between two looks. Where nobody can go, as for whoever would be quickest."""
    times, rules = [pick] if pick is not None else options, situation.rules
    flights_s = [option.time.p90_s for option in times if option.time is not None]
    return min(flights_s, default=rules.promise_s) + layer_s(situation) + rules.relay_overlap_s + RECONSIDER_S


def layer_s(situation: Situation) -> float:
    """How long the slowest of the city's airframes climbs to the next layer."""
    return situation.rules.layer_step_m / min(airframe.climb_mps for airframe in situation.airframes.values())


def _pick(options: tuple[Option, ...]) -> Option | None:
    """Who would be sent: the best that need not be taken from anybody."""
    able = [option for option in options if option.out is None]
    return next((option for option in able if option.preempts is None), able[0] if able else None)


def _differs(before: Relay, after: Relay) -> bool:
    """Whether it is worth telling."""
    codes = [relay.lacks.text if relay.lacks is not None else "" for relay in (before, after)]
    later_s = max(abs(after.leaves_at_s - before.leaves_at_s), abs(after.call_at_s - before.call_at_s))
    return before.drone_id != after.drone_id or codes[0] != codes[1] or later_s > RECONSIDER_S
