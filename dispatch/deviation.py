"""What a vehicle does otherwise than it was told, seen in its telemetry long before a deadline would pass.

:func:`deviation` looks at one sortie and one reading and names what is wrong; :func:`keep_to_orders` waits until it has
been so for a moment (modes change slowly) and takes the next step. :func:`late_s` tells from the pace so far how late a
drone will be; :func:`keep_time` tells the command room, and sends another where that is much sooner.
"""

from dataclasses import replace
from enum import StrEnum

import shapely

from dispatch import safety, watch
from dispatch.deadlines import TRIES, again
from dispatch.draft import Draft
from dispatch.handover import BY_ITSELF, another_can, arrives_at_s, give_away
from dispatch.model import DroneState, Incident, IncidentStatus, Sortie, SortieState
from dispatch.observed import MOVING_MPS
from dispatch.sorties import fly_out, way_out
from geo.airframe import Airframe
from geo.flight import FlightPlan, passed_s
from geo.frame import LocalFrame
from geo.position import Position

OFF_WAY_M = 25.0
"""So far beside its way a drone is not flying it; corners are cut by less than 15 m."""

OFF_SCENE_M = 40.0
"""So much farther from its scene than it sees from, a drone has left it."""

PATIENCE_SHARE = 1 / 8
"""Of ``command_deadline_s``: so long something must be wrong before it is acted upon (1 s in real time)."""

LATE_DEADLINES, LATE_SHARE = 2.0, 0.15
"""A drone is late if it will be there more than the greater of these after its time: so many ``command_deadline_s`` (16
s in real time; orders take wall time, so this stretches where time runs faster), the share of the whole flight."""

LEAST_FLOWN_DEADLINES, SLOWEST_SHARE = 1.5, 0.05
"""So many ``command_deadline_s`` it must have flown (12 s in real time), and no slower pace is believed."""

TOLD_STEP_S = 10.0


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


# ---------------------------------------------------------------- late


def late_s(sortie: Sortie, airframe: Airframe, left_m: float, now_s: float, least_flown_s: float) -> float:
    """How much later than planned a drone on its way will be there if it goes on at the pace that it has flown so far.

    The pace is what its plan counts for the part that is flown (speeding up and turning back included), by how long
    that took. ``left_m`` is what is left of its way. 0 where it has flown less than ``least_flown_s``, too little to
    tell.
    """
    time, on_way_s = sortie.out.time, sortie.steps[-1].at_s if sortie.steps else 0.0
    flown_s = now_s - max(sortie.planned_at_s, on_way_s)
    if flown_s < least_flown_s:
        return 0.0
    before_s = time.start_s + (time.turnout_s if sortie.planned_at_s >= on_way_s else 0.0)
    all_s = before_s + time.cruise_s + time.arrive_s
    planned_s = min(all_s, before_s + passed_s(sortie.out, airframe, left_m))
    pace = min(1.0, max(SLOWEST_SHARE, planned_s / flown_s))
    return max(0.0, (all_s - planned_s) / pace + time.slew_s - (sortie.planned_at_s + time.total_s - now_s))


def keep_time(draft: Draft, sortie: Sortie) -> None:
    """A drone that is late: its time is told anew, and its incident given to another that is much sooner there."""
    state = draft.states.get(sortie.drone_id)
    if (
        sortie.state is not SortieState.EN_ROUTE
        or sortie.held
        or sortie.yields is not None
        or state is None
        or state.position is None
    ):
        return
    left_m = safety.left_m(draft.frame, draft.frame.xy(state.position), sortie.out)
    answer_s = draft.rules.command_deadline_s
    late = late_s(sortie, draft.airframe(sortie.drone_id), left_m, draft.now_s, LEAST_FLOWN_DEADLINES * answer_s)
    if late < max(LATE_DEADLINES * answer_s, LATE_SHARE * sortie.out.time.total_s):
        late = 0.0
    if abs(late - sortie.late_s) < TOLD_STEP_S:
        return
    sortie = replace(sortie, late_s=late)
    draft.put(sortie)
    if late and another_can(draft, sortie, arrives_at_s(sortie) - draft.now_s - draft.rules.preempt_gain_s):
        give_away(draft, sortie, f"it will be {late:.0f} s late and another is sooner there")
