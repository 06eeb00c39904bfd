"""What a vehicle does otherwise than it was told, seen in its telemetry long before a deadline would pass.

:func:`deviation` looks at one sortie and one reading and names what is wrong; :func:`keep_to_orders` waits until it has
been so for a moment (modes change slowly) and takes the next step. Who does what it was told, but slowly, is told of in
:mod:`dispatch.lateness`.
"""

from dataclasses import replace
from enum import StrEnum

import shapely

from dispatch import safety, watch
from dispatch.deadlines import PATIENCE_SHARE, TRIES, again
from dispatch.draft import Draft
from dispatch.handover import BY_ITSELF, give_away
from dispatch.model import DroneState, Incident, IncidentStatus, Sortie, SortieState
from dispatch.observed import MOVING_MPS
from dispatch.sorties import fly_out, way_out
from geo.flight import FlightPlan
from geo.frame import LocalFrame
from geo.position import Position

OFF_WAY_M = 25.0
"""So far beside its way a drone is not flying it; corners are cut by less than 15 m."""

OFF_SCENE_M = 40.0
"""So much farther from its scene than it sees from, a drone has left it."""


class Deviation(StrEnum):
    """What is wrong, in words that an operator reads."""

    RETURNS = "its autopilot returns by itself"
    LANDS = "its autopilot lands by itself"
    STOPPED = "it stopped on its way"
    OFF_WAY = "it is off its way"
    LEFT_SCENE = "it has left its scene"


def deviation(
    sortie: Sortie, state: DroneState, frame: LocalFrame, scene: Position | None, sees_m: float
) -> Deviation | None:
    """What the vehicle does otherwise than it was told; None where nothing is seen, or it has not had time to obey.

    ``scene`` is what it watches (None for a patrol), and ``sees_m`` how far from there it sees it.
    """
    if sortie.held or sortie.yields is not None or not state.in_air or state.position is None:
        return None
    serving = sortie.incident_id is not None
    far_m = OFF_SCENE_M + sees_m + (sortie.circling.orbit.radius_m if sortie.circling is not None else 0.0)
    match sortie.state:
        case SortieState.AIRBORNE | SortieState.ON_SCENE if serving and state.mode in BY_ITSELF:
            return _by_itself(state)
        case SortieState.EN_ROUTE if sortie.moving and state.mode in BY_ITSELF:
            return _by_itself(state)
        case SortieState.ON_SCENE if scene is not None and frame.distance_m(state.position, scene) > far_m:
            return Deviation.LEFT_SCENE
        case SortieState.EN_ROUTE | SortieState.RETURNING if sortie.moving:
            plan = sortie.out if sortie.state is SortieState.EN_ROUTE else sortie.home
            if state.mode == "HOLD" and state.ground_speed_mps < MOVING_MPS:
                return Deviation.STOPPED
            if state.mode == "MISSION" and plan is not None and off_way_m(frame, state, plan) > OFF_WAY_M:
                return Deviation.OFF_WAY
        case _:
            pass
    return None


def _by_itself(state: DroneState) -> Deviation:
    return Deviation.LANDS if state.mode == "LAND" else Deviation.RETURNS


def off_way_m(frame: LocalFrame, state: DroneState, plan: FlightPlan) -> float:
    """How far beside its way a drone is; 0 where it has none."""
    if not plan.legs or state.position is None:
        return 0.0
    line = shapely.LineString(frame.xy_of([plan.legs[0].start, *(leg.end for leg in plan.legs)]))
    return float(shapely.distance(line, shapely.Point(frame.xy(state.position))))


def keep_to_orders(draft: Draft, sortie: Sortie) -> None:
    """The next step for a drone whose autopilot does otherwise than it was told, once that has lasted a moment."""
    state, incident = draft.states.get(sortie.drone_id), draft.incidents.get(sortie.incident_id or "")
    scene = incident.position if incident is not None and not incident.route else None
    sees_m = draft.airframe(sortie.drone_id).footprint_radius_m(sortie.out.height_m)
    wrong = None if state is None else deviation(sortie, state, draft.frame, scene, sees_m)
    if wrong is None:
        if sortie.astray_since_s is not None:
            draft.put(replace(sortie, astray_since_s=None))
        return
    if sortie.astray_since_s is None:
        draft.put(replace(sortie, astray_since_s=draft.now_s))
        return
    if draft.now_s - sortie.astray_since_s < PATIENCE_SHARE * draft.rules.command_deadline_s:
        return
    sortie = replace(sortie, astray_since_s=None)
    draft.put(sortie)
    match wrong:
        case Deviation.LANDS:
            draft.withdraw(sortie.drone_id, wrong)
            give_away(draft, sortie, wrong)
            safety.keep_energy(draft, draft.sorties[sortie.drone_id])
        case Deviation.RETURNS | Deviation.LEFT_SCENE if incident and sortie.state is SortieState.ON_SCENE:
            _back_to_scene(draft, sortie, incident, wrong)
        case Deviation.RETURNS if sortie.state is SortieState.AIRBORNE:
            give_away(draft, sortie, wrong)
        case _:
            again(draft, sortie, wrong)


def _back_to_scene(draft: Draft, sortie: Sortie, incident: Incident, why: str) -> None:
    """It is sent there again, but not for ever, and not if it has a relief."""
    sent = sum(step.state is SortieState.EN_ROUTE for step in sortie.steps)
    out = way_out(draft, sortie)
    if out is None or sent >= TRIES:
        give_away(draft, sortie, f"{why}: sent there {sent} times")
        return
    if incident.sortie_id == sortie.id:
        if incident.relief_id is not None:
            give_away(draft, sortie, f"{why}: its relief takes over")
            return
        draft.put(replace(watch.lost(incident, draft.now_s), status=IncidentStatus.ASSIGNED))
    fly_out(draft, replace(sortie, out=out, planned_at_s=draft.now_s, circling=None, hovers=None), why)
