"""A drone on scene told to circle, and seen to: what is ordered, what telemetry confirms, and what follows if not.

The watch goes on all the while; a circle that is not flown costs no more than the sight of the other sides.
"""

from dataclasses import replace

from dispatch import hovering
from dispatch.draft import Draft
from dispatch.events import FlyOrbit
from dispatch.model import Circling, DroneState, Incident, Orbit, Reason, Sortie
from dispatch.orbit import ALLOWANCE_M, asked_radius_m, comes_home, orbit_over, scene_of, stays_legal
from dispatch.orders import fence_of, order_way, stay, upload_way
from dispatch.outbound import ways_out
from dispatch.sky import airways_of
from geo.flight import FlightPlan

OVER_SCENE_M, SLOW_MPS = 5.0, 1.5
"""So near to the point and so slow a drone has arrived: it is told to circle from there, not in full flight."""

ENTER_S = 10.0
"""To be seen on its circle a vehicle has so long, and the time in which commands are obeyed. PX4 1.16 took 5 s from the
middle onto a circle of 25 m."""

CIRCLING_SHARE = 0.5
"""A vehicle circles that keeps within the allowance of its circle, as fast as this share of the speed that it was told;
PX4 1.16 holds 0.85 to 0.97 of it. Its mode proves nothing: it changes for a circle that PX4 does not fly, too."""

TRIES = 3

FLOWN_SHARE = 0.8
"""A patrol is not over its last point, though it may pass it, before this share of its time has passed."""


def asked(draft: Draft, sortie: Sortie) -> Incident | None:
    """The incident of a sortie on scene whose type asks for an orbit; None where it asks for none."""
    incident = draft.incidents.get(sortie.incident_id or "")
    return incident if incident is not None and asked_radius_m(draft.situation, incident) > 0 else None


def observe(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    """Telemetry of a drone on scene: it has arrived and may circle, is seen to circle, or has left its circle."""
    incident = asked(draft, sortie)
    if incident is None or sortie.held or state.position is None:
        return
    circling = sortie.circling
    if circling is None:
        if sortie.hovers is None and has_arrived(draft, sortie, state, incident):
            begin(draft, sortie, state, incident)
    elif circling.seen != (seen := _circles(draft, circling.orbit, state)):
        deadline_at_s = None if seen else draft.now_s + draft.rules.command_deadline_s
        circling = replace(circling, seen=seen, deadline_at_s=deadline_at_s)
        draft.put(replace(sortie, circling=circling, attempts=0 if seen else sortie.attempts))


def begin(draft: Draft, sortie: Sortie, state: DroneState, incident: Incident) -> None:
    """Order the orbit over the scene, or note why it hovers."""
    found: Orbit | Reason
    if sortie.mission is None:
        found = hovering.way_home(0.0)
    else:
        airframe = draft.airframe(sortie.drone_id)
        found = orbit_over(draft.situation, airframe, state, incident, sortie.out.height_m, sortie.mission)
    if isinstance(found, Orbit):
        _order(draft, sortie, found)
    else:
        draft.put(replace(sortie, circling=None, hovers=found))


def overdue(draft: Draft, sortie: Sortie) -> bool:
    """Whether a drone should have been seen on its circle by now."""
    due_s = sortie.circling.deadline_at_s if sortie.circling is not None else None
    return due_s is not None and draft.now_s >= due_s and not sortie.held


def again(draft: Draft, sortie: Sortie) -> None:
    """It does not circle: it is told again, and at last hovers over its scene."""
    circling, state = sortie.circling, draft.states[sortie.drone_id]
    if circling is None or state.position is None:
        return
    tried = replace(sortie, attempts=sortie.attempts + 1)
    if tried.attempts >= TRIES:
        to_scene(draft, replace(tried, attempts=0), hovering.not_flown(TRIES))
    elif draft.frame.distance_m(state.position, circling.orbit.centre) > circling.orbit.radius_m + ALLOWANCE_M:
        to_scene(draft, tried)  # from elsewhere the straight way onto the circle may be closed
    else:
        _order(draft, tried, circling.orbit)


def to_scene(draft: Draft, sortie: Sortie, hovers: Reason | None = None) -> None:
    """Order the drone back over its scene. Unless it is to hover there for a reason, it then circles as it may."""
    sortie = replace(sortie, circling=None, hovers=hovers)
    draft.put(sortie)
    plan = _way_to_scene(draft, sortie)
    if plan is None:
        stay(draft, sortie)
        return
    sortie = replace(sortie, out=plan, planned_at_s=draft.now_s)
    draft.put(sortie)
    order_way(draft, sortie, plan)


def scene_is_open(draft: Draft, sortie: Sortie) -> bool | None:
    """Whether the scene over which a drone is to circle is legal now; None for one that is to circle nowhere yet."""
    incident = asked(draft, sortie)
    if incident is None or (incident.route and sortie.circling is None and sortie.hovers is None):
        return None
    airways = airways_of(draft.situation, sortie.out.height_m)
    return airways.closed_at(airways.frame.xy(scene_of(incident))) is None


def keep_legal(draft: Draft, sortie: Sortie, *, cut: bool) -> None:
    """The geozones have changed. A drone whose disc, or whose way home from there, is not legal any more goes back over
    its scene at once, to circle as widely as it then may; so does one that is on its way there, where that is ``cut``.
    One that hovers may circle now."""
    circling = sortie.circling
    if circling is None:
        if cut:
            to_scene(draft, sortie)
        elif sortie.hovers is not None:
            draft.put(replace(sortie, hovers=None))
    elif not stays_legal(draft.situation, circling.orbit):
        to_scene(draft, sortie)
    elif not _comes_home(draft, sortie, circling.orbit):
        plan = _way_to_scene(draft, sortie)
        if plan is not None:
            upload_way(draft, sortie, plan)
        if plan is None or not _comes_home(draft, draft.sorties[sortie.drone_id], circling.orbit):
            to_scene(draft, sortie)


def _order(draft: Draft, sortie: Sortie, orbit: Orbit) -> None:
    assert sortie.mission is not None, "an orbit is chosen for what its vehicle carries"
    within_s = ENTER_S + draft.rules.command_deadline_s
    fence = fence_of(draft, sortie, sortie.mission)
    circling = Circling(orbit=orbit, deadline_at_s=draft.now_s + within_s)
    draft.put(replace(sortie, circling=circling, hovers=None, unfenced=fence.within))
    draft.order(
        FlyOrbit(drone_id=sortie.drone_id, sortie_id=sortie.id, orbit=orbit, mission=sortie.mission, geofence=fence)
    )


def _comes_home(draft: Draft, sortie: Sortie, orbit: Orbit) -> bool:
    airways = airways_of(draft.situation, orbit.height_m)
    centre = airways.frame.xy(orbit.centre)
    return sortie.mission is not None and comes_home(airways, centre, orbit.radius_m, orbit.height_m, sortie.mission)


def _way_to_scene(draft: Draft, sortie: Sortie) -> FlightPlan | None:
    incident, state = draft.incidents[sortie.incident_id or ""], draft.states[sortie.drone_id]
    return ways_out(draft.situation, draft.airframe(sortie.drone_id), [state], scene_of(incident))[0]


def has_arrived(draft: Draft, sortie: Sortie, state: DroneState, incident: Incident) -> bool:
    """Whether a drone on scene stands over its point, of a patrol over the last."""
    if incident.route and draft.now_s < sortie.planned_at_s + FLOWN_SHARE * sortie.out.time.total_s:
        return False
    assert state.position is not None
    near = draft.frame.distance_m(state.position, scene_of(incident)) <= OVER_SCENE_M
    return near and state.ground_speed_mps <= SLOW_MPS


def _circles(draft: Draft, orbit: Orbit, state: DroneState) -> bool:
    assert state.position is not None
    off_circle_m = abs(draft.frame.distance_m(state.position, orbit.centre) - orbit.radius_m)
    return off_circle_m <= ALLOWANCE_M and state.ground_speed_mps >= CIRCLING_SHARE * orbit.speed_mps
