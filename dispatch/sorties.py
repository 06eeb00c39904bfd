"""The life of a sortie: what telemetry confirms, and what happens when it does not in time.

decided → commanded → airborne → en route → on scene → released → returning → landing → landed → charging → done.
Every state that waits for a vehicle has a deadline and a next step; an acknowledgement moves nothing.
"""

from dataclasses import replace

import numpy as np

from dispatch.draft import Draft
from dispatch.events import Fly, Land, Launch, Refused, StandDown
from dispatch.model import Decision, DroneState, IncidentStatus, Sortie, SortieState
from dispatch.planning import (
    AT_CRUISE_HEIGHT_M,
    home_for,
    landing_wh,
    patrol_points,
    way_along,
    ways_home,
    ways_out,
)
from geo.airframe import Airframe
from geo.flight import FlightPlan, FlightTime, descent_s, vertical_s
from geo.position import Position

MOVING_MPS = 1.0
OVER_BASE_M = 3.0
STILL_MPS = 0.7
TRIES = 3
"""So often a vehicle is told the same before the next worse step is taken."""

LATE_FACTOR, LATE_S = 1.5, 30.0
"""A flight that takes this much longer than planned is not flying its plan."""

_GONE = frozenset({SortieState.DONE, SortieState.FAILED})
_ON_GROUND_AFTER = frozenset({SortieState.LANDED, SortieState.CHARGING, SortieState.DONE, SortieState.FAILED})
_ON_GROUND_BEFORE = frozenset({SortieState.DECIDED, SortieState.COMMANDED})
_OUTBOUND = frozenset({SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE})


# ---------------------------------------------------------------- beginnings


def send(draft: Draft, decision: Decision) -> None:
    """Carry out a decision: a new sortie from the dock, or a drone in the air told to go elsewhere."""
    drone_id, incident = decision.drone_id, draft.incidents[decision.incident_id]
    assert drone_id is not None
    plan = ways_out(draft.situation, draft.airframe(drone_id), [draft.states[drone_id]], incident.position)[0]
    assert plan is not None, "decide offers only drones that have a way"
    current = draft.sorties.get(drone_id)
    if current is not None and current.incident_id not in (None, incident.id):
        draft.reopen(current.incident_id)
    if current is None or current.state in _ON_GROUND_AFTER:
        if current is not None and current.state not in _GONE:
            draft.step(current, SortieState.DONE, "launched again")
        sortie = Sortie(
            id=f"{drone_id}.{round(draft.now_s * 1000)}",
            drone_id=drone_id,
            incident_id=incident.id,
            decision_id=decision.id,
            state=SortieState.DECIDED,
            out=plan,
            planned_at_s=draft.now_s,
            home_base_id=draft.drone(drone_id).base_id,
        )
        dock_s = draft.airframe(drone_id).dock_s
        sortie = draft.step(sortie, SortieState.DECIDED, decision.why, within_s=dock_s)
    else:
        sortie = replace(
            current, incident_id=incident.id, decision_id=decision.id, out=plan, planned_at_s=draft.now_s, home=None
        )
        draft.put(sortie)
    draft.put(
        replace(
            incident,
            status=IncidentStatus.ASSIGNED,
            sortie_id=sortie.id,
            waits_because="",
        )
    )
    draft.clock(incident.id, decided_at_s=draft.now_s)
    if sortie.state is SortieState.DECIDED and draft.airframe(drone_id).dock_s <= 0:
        _command_launch(draft, sortie)
    elif sortie.state not in _ON_GROUND_BEFORE:
        draft.clock(incident.id, launched_at_s=draft.now_s)
        if sortie.state is not SortieState.AIRBORNE:
            fly_out(draft, sortie, f"sent on to {incident.id}")


def fly_out(draft: Draft, sortie: Sortie, why: str = "") -> None:
    """Order the way out and wait to see the drone move."""
    sortie = draft.step(sortie, SortieState.EN_ROUTE, why, within_s=draft.rules.command_deadline_s)
    _order_way(draft, sortie, sortie.out)


def go_home(draft: Draft, sortie: Sortie, why: str) -> None:
    """Release the drone and order the way home, to its own base or another that it can reach."""
    state, rules = draft.states[sortie.drone_id], draft.rules
    if sortie.state in _ON_GROUND_BEFORE:
        draft.order(StandDown(drone_id=sortie.drone_id, sortie_id=sortie.id))
        draft.step(replace(sortie, incident_id=None), SortieState.DONE, why)
        draft.reconsider = True
        return
    if state.position is None or sortie.state in _ON_GROUND_AFTER or sortie.state is SortieState.LANDING:
        return
    homes = ways_home(draft.situation, draft.airframe(sortie.drone_id), draft.frame.xy(state.position))
    base_id = home_for(draft.situation, sortie.drone_id, homes)
    if base_id is None:
        # Boxed in by a zone: hover and let the operator see it; the battery rule lands it in the end.
        draft.step(replace(sortie, incident_id=None, home=None), SortieState.RELEASED, f"{why}; no legal way home")
        return
    released = draft.step(replace(sortie, incident_id=None), SortieState.RELEASED, why)
    home = replace(released, home=homes[base_id], home_base_id=base_id)
    home = draft.step(home, SortieState.RETURNING, within_s=rules.command_deadline_s)
    _order_way(draft, home, homes[base_id])
    draft.reconsider = True


def bring_home_stray(draft: Draft, state: DroneState) -> None:
    """A drone flies that has no sortie (found at start, or back after a silence): it is given one, homewards."""
    base_id = draft.drone(state.drone_id).base_id
    sortie = Sortie(
        id=f"{state.drone_id}.{round(draft.now_s * 1000)}",
        drone_id=state.drone_id,
        incident_id=None,
        decision_id="",
        state=SortieState.RELEASED,
        out=FlightPlan(legs=(), height_m=draft.rules.cruise_height_m, time=FlightTime(), energy_wh=0.0),
        planned_at_s=draft.now_s,
        home_base_id=base_id,
    )
    go_home(draft, sortie, "found in the air without a sortie")


# ---------------------------------------------------------------- telemetry


def observe(draft: Draft, state: DroneState) -> None:
    """What the latest telemetry of one drone means for its sortie."""
    sortie = draft.sorties.get(state.drone_id)
    if not state.connected or state.position is None:
        return
    if sortie is None or sortie.state in _GONE:
        if state.in_air and state.armed:
            bring_home_stray(draft, state)
        return
    match sortie.state:
        case SortieState.COMMANDED if state.in_air:
            _airborne(draft, sortie)
        case SortieState.AIRBORNE if state.height_m >= sortie.out.height_m - AT_CRUISE_HEIGHT_M:
            if sortie.incident_id is None:
                go_home(draft, sortie, "released while climbing")
            else:
                fly_out(draft, sortie)
        case SortieState.EN_ROUTE:
            _en_route(draft, sortie, state)
        case SortieState.ON_SCENE:
            _spare_energy(draft, sortie, state)
        case SortieState.RETURNING:
            _returning(draft, sortie, state)
        case SortieState.LANDING if not state.in_air and not state.armed:
            _landed(draft, sortie)
        case SortieState.CHARGING if state.battery_share >= draft.rules.ready_battery_share:
            draft.step(sortie, SortieState.DONE, "charged")
            draft.reconsider = True
        case _:
            pass
    if sortie.state in _OUTBOUND | {SortieState.RETURNING} and not state.in_air and not state.armed:
        _down(draft, sortie)


def _airborne(draft: Draft, sortie: Sortie) -> None:
    airframe = draft.airframe(sortie.drone_id)
    climb_s = vertical_s(sortie.out.height_m, airframe.takeoff_mps, airframe.acceleration_mps2)
    draft.step(sortie, SortieState.AIRBORNE, within_s=LATE_FACTOR * climb_s + LATE_S)
    draft.clock(sortie.incident_id, launched_at_s=draft.now_s)


def _en_route(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    incident = draft.incidents.get(sortie.incident_id or "")
    if incident is None:
        return
    airframe = draft.airframe(sortie.drone_id)
    if _distance_m(draft, state, incident.position) <= airframe.footprint_radius_m(state.height_m):
        along_s = 0.0
        if incident.route:
            along = _along(draft, airframe, patrol_points(incident))
            _order_way(draft, sortie, along)
            along_s = along.time.total_s
        draft.step(sortie, SortieState.ON_SCENE, within_s=along_s + incident.watch_s)
        draft.clock(incident.id, on_scene_at_s=draft.now_s)
        draft.put(replace(draft.incidents[incident.id], status=IncidentStatus.ON_SCENE))
    elif not sortie.moving and not sortie.held and state.ground_speed_mps > MOVING_MPS:
        late_s = LATE_FACTOR * sortie.out.time.total_s + LATE_S
        draft.put(replace(sortie, moving=True, deadline_at_s=draft.now_s + late_s))


def _spare_energy(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    """A watch ends when the battery must go home: the incident is decided again, for a fresh drone."""
    airframe = draft.airframe(sortie.drone_id)
    left_wh = (state.battery_share - airframe.reserve_share) * airframe.battery_wh
    if left_wh > 0.25 * airframe.battery_wh or state.position is None:
        return  # the way home from anywhere in reach is dearer only near the end
    here = draft.frame.xy(state.position)
    homes = ways_home(draft.situation, airframe, here)
    base_id = home_for(draft.situation, sortie.drone_id, homes)
    needed_wh = homes[base_id].energy_wh + landing_wh(draft.situation, airframe) if base_id else 0.0
    if left_wh <= needed_wh:
        incident_id = sortie.incident_id
        draft.reopen(incident_id)
        go_home(draft, draft.sorties[sortie.drone_id], "battery: it is time to go home")


def _returning(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    base = draft.base(sortie.home_base_id)
    if _distance_m(draft, state, base.position) <= OVER_BASE_M and state.ground_speed_mps <= STILL_MPS:
        airframe = draft.airframe(sortie.drone_id)
        within_s = LATE_FACTOR * descent_s(state.height_m, airframe) + LATE_S
        draft.step(sortie, SortieState.LANDING, within_s=within_s)
        draft.order(Land(drone_id=sortie.drone_id, sortie_id=sortie.id))
    elif not sortie.moving and not sortie.held and state.ground_speed_mps > MOVING_MPS and sortie.home:
        late_s = LATE_FACTOR * sortie.home.time.total_s + LATE_S
        draft.put(replace(sortie, moving=True, deadline_at_s=draft.now_s + late_s))


def _landed(draft: Draft, sortie: Sortie) -> None:
    landed = draft.step(sortie, SortieState.LANDED)
    draft.step(landed, SortieState.CHARGING)
    for incident in list(draft.incidents.values()):
        if incident.sortie_id == sortie.id and incident.status is IncidentStatus.CLEARED:
            draft.clock(incident.id, returned_at_s=draft.now_s)
            draft.put(replace(draft.incidents[incident.id], status=IncidentStatus.CLOSED))
    draft.reconsider = True


def _down(draft: Draft, sortie: Sortie) -> None:
    """It stands on the ground, disarmed, where it should fly."""
    why = f"came down while {sortie.state.value}"
    draft.withdraw(sortie.drone_id, why)
    fail(draft, draft.sorties[sortie.drone_id], why)


# ---------------------------------------------------------------- deadlines, refusals, failures


def supervise(draft: Draft, sortie: Sortie) -> None:
    """The next step for a sortie whose link is lost or whose deadline has passed."""
    if sortie.state in _ON_GROUND_AFTER:
        return
    state, rules = draft.states.get(sortie.drone_id), draft.rules
    silent_s = draft.now_s - state.seen_at_s if state else float("inf")
    if state is None or silent_s > rules.link_lost_s:
        if sortie.incident_id is not None:
            fail(draft, sortie, f"link lost: silent for {silent_s:.0f} s")
        elif sortie.deadline_at_s is not None and draft.now_s > sortie.deadline_at_s + LATE_S:
            draft.withdraw(sortie.drone_id, "link lost on its way home")
            fail(draft, sortie, "link lost on its way home")
        return
    if sortie.held or sortie.deadline_at_s is None or draft.now_s < sortie.deadline_at_s:
        return
    match sortie.state:
        case SortieState.DECIDED:
            _command_launch(draft, sortie)
        case SortieState.COMMANDED:
            _no_start(draft, sortie, "did not take off in time")
        case SortieState.AIRBORNE:
            draft.reopen(sortie.incident_id, without=sortie.drone_id)
            draft.withdraw(sortie.drone_id, "did not climb to its cruise height")
            landing = draft.step(
                replace(sortie, incident_id=None), SortieState.LANDING, "does not climb", within_s=LATE_S
            )
            draft.order(Land(drone_id=sortie.drone_id, sortie_id=landing.id))
        case SortieState.EN_ROUTE | SortieState.RETURNING | SortieState.LANDING:
            _again(draft, sortie, "did not do what it was told")
        case SortieState.ON_SCENE:
            release(draft, sortie, "the watch is over")
        case _:
            pass


def refused(draft: Draft, event: Refused) -> None:
    """A vehicle refused an order outright: no need to wait for the deadline."""
    sortie = draft.sorties.get(event.drone_id)
    if sortie is None or sortie.id != event.sortie_id or sortie.state in _ON_GROUND_AFTER:
        return
    why = f"{event.order} refused: {event.why}"
    match sortie.state:
        case SortieState.DECIDED | SortieState.COMMANDED:
            _no_start(draft, sortie, why)
        case SortieState.EN_ROUTE | SortieState.RETURNING | SortieState.LANDING:
            _again(draft, sortie, why)
        case _:
            pass


def release(draft: Draft, sortie: Sortie, why: str) -> None:
    """The incident has been served: its clock stops and the drone comes home."""
    incident_id = sortie.incident_id
    draft.clock(incident_id, cleared_at_s=draft.now_s)
    if incident_id in draft.incidents:
        draft.put(replace(draft.incidents[incident_id], status=IncidentStatus.CLEARED))
    go_home(draft, sortie, why)


def fail(draft: Draft, sortie: Sortie, why: str) -> None:
    """This sortie is over; its incident is decided again at once, without this drone."""
    draft.step(replace(sortie, incident_id=None), SortieState.FAILED, why)
    draft.reopen(sortie.incident_id, without=sortie.drone_id)
    for incident in list(draft.incidents.values()):
        if incident.sortie_id == sortie.id and incident.status is IncidentStatus.CLEARED:
            draft.put(replace(incident, status=IncidentStatus.CLOSED))  # served, but its drone never came home


def _command_launch(draft: Draft, sortie: Sortie) -> None:
    airframe, rules = draft.airframe(sortie.drone_id), draft.rules
    within_s = airframe.arm_s + rules.command_deadline_s
    sortie = draft.step(sortie, SortieState.COMMANDED, within_s=within_s)
    draft.order(Launch(drone_id=sortie.drone_id, sortie_id=sortie.id, height_m=sortie.out.height_m))


def _no_start(draft: Draft, sortie: Sortie, why: str) -> None:
    draft.order(StandDown(drone_id=sortie.drone_id, sortie_id=sortie.id))
    draft.withdraw(sortie.drone_id, why)
    fail(draft, sortie, why)


def _again(draft: Draft, sortie: Sortie, why: str) -> None:
    """Tell it once more; when that has not helped often enough, take the next worse step."""
    rules = draft.rules
    if sortie.attempts + 1 < TRIES:
        tried = replace(
            sortie,
            attempts=sortie.attempts + 1,
            moving=False,
            deadline_at_s=draft.now_s + rules.command_deadline_s,
        )
        draft.put(tried)
        if sortie.state is SortieState.LANDING:
            draft.put(replace(tried, deadline_at_s=draft.now_s + LATE_S))
            draft.order(Land(drone_id=sortie.drone_id, sortie_id=sortie.id))
        else:
            plan = sortie.out if sortie.state is SortieState.EN_ROUTE else sortie.home
            if plan is not None:
                _order_way(draft, tried, plan)
    elif sortie.state is SortieState.EN_ROUTE:
        draft.reopen(sortie.incident_id, without=sortie.drone_id)
        go_home(draft, replace(sortie, incident_id=None), f"{why}, {TRIES} times")
    else:
        draft.withdraw(sortie.drone_id, f"{sortie.state.value}: {why}, {TRIES} times")
        fail(draft, sortie, f"{why}, {TRIES} times")


def _order_way(draft: Draft, sortie: Sortie, plan: FlightPlan) -> None:
    points = tuple(leg.end for leg in plan.legs)
    if not points:
        state = draft.states[sortie.drone_id]
        points = (state.position,) if state.position is not None else ()
    draft.order(
        Fly(
            drone_id=sortie.drone_id,
            sortie_id=sortie.id,
            points=points,
            height_m=plan.height_m,
            speed_mps=draft.airframe(sortie.drone_id).speed_mps,
        )
    )


def _along(draft: Draft, airframe: Airframe, points: tuple[Position, ...]) -> FlightPlan:
    plan = way_along(draft.situation, airframe, points)
    assert plan is not None, "decide offers only incidents whose points can be joined"
    return plan


def _distance_m(draft: Draft, state: DroneState, goal: Position) -> float:
    frame = draft.frame
    assert state.position is not None
    return float(np.hypot(*(frame.xy(state.position) - frame.xy(goal))))
