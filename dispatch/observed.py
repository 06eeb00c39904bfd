"""What the telemetry of a drone means for its sortie: it alone moves a sortie on."""

import math
from dataclasses import replace

from dispatch import circling, relief
from dispatch.draft import Draft
from dispatch.model import DroneState, Sortie, SortieState
from dispatch.outbound import AT_CRUISE_HEIGHT_M
from dispatch.planning import home_amsl_m, site_of
from dispatch.sorties import (
    IN_FLIGHT,
    LATE_FACTOR,
    LATE_S,
    ON_GROUND_AFTER,
    RETRY_S,
    adopt,
    climb,
    come_on_scene,
    end,
    fail,
    fly_out,
    go_home,
    is_over_base,
    land,
)
from geo.flight import FlightPlan
from geo.position import Position

MOVING_MPS = 1.0


def observe(draft: Draft, state: DroneState) -> None:
    """What the latest telemetry of one drone means for its sortie."""
    sortie = draft.sorties.get(state.drone_id)
    if not state.connected or state.position is None:
        return
    if (sortie is None or sortie.state in ON_GROUND_AFTER) and state.in_air and state.armed:
        failed_at_s = sortie.steps[-1].at_s if sortie and sortie.state is SortieState.FAILED else -math.inf
        if draft.now_s >= failed_at_s + RETRY_S:
            go_home(draft, adopt(draft, state.drone_id), "found in the air without a sortie")
        return
    if sortie is None:
        return
    if sortie.state in IN_FLIGHT and not state.in_air and not state.armed:
        _came_down(draft, sortie, state)
        return
    match sortie.state:
        case SortieState.DECIDED | SortieState.COMMANDED if state.in_air:
            climb(draft, sortie, order=False)
            draft.clock(sortie.incident_id, launched_at_s=draft.now_s)
        case SortieState.AIRBORNE if not sortie.held:
            if state.height_m < sortie.out.height_m - AT_CRUISE_HEIGHT_M:
                return
            if sortie.incident_id is None:
                go_home(draft, sortie, "released while climbing")
            else:
                fly_out(draft, sortie)
        case SortieState.EN_ROUTE:
            _en_route(draft, sortie, state)
        case SortieState.ON_SCENE:
            circling.observe(draft, sortie, state)
        case SortieState.RETURNING if not sortie.held and sortie.yields is None:
            if is_over_base(draft, state, sortie.home_base_id):
                land(draft, sortie)
            elif not sortie.moving and _obeys(state) and sortie.home:
                _seen_moving(draft, sortie, sortie.home)
        case SortieState.LANDING if not state.in_air and not state.armed:
            _landed(draft, sortie)
        case SortieState.CHARGING if state.battery_share >= draft.rules.ready_battery_share:
            draft.step(sortie, SortieState.DONE, "charged")
            draft.reconsider = True
        case _:
            pass


def _en_route(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    incident = draft.incidents.get(sortie.incident_id or "")
    if incident is None:
        return
    if sees(draft, state, incident.position):
        come_on_scene(draft, sortie)
    elif not sortie.moving and not sortie.held and sortie.yields is None and _obeys(state):
        _seen_moving(draft, sortie, sortie.out)


def _obeys(state: DroneState) -> bool:
    """Whether it flies a mission; what moves in another mode may be on its autopilot's own way."""
    return state.mode == "MISSION" and state.ground_speed_mps > MOVING_MPS


def sees(draft: Draft, state: DroneState, place: Position) -> bool:
    """Whether the footprint of the drone's camera covers ``place``."""
    if not state.in_air or state.position is None:
        return False
    amsl_m = home_amsl_m(draft.situation, state)
    above_m = relief.above_ground_m(draft.situation, place, state.height_m, amsl_m)
    return draft.frame.distance_m(state.position, place) <= draft.airframe(state.drone_id).footprint_radius_m(above_m)


def _seen_moving(draft: Draft, sortie: Sortie, plan: FlightPlan) -> None:
    late_s = LATE_FACTOR * plan.time.total_s + LATE_S
    draft.put(replace(sortie, moving=True, deadline_at_s=draft.now_s + late_s))


def _landed(draft: Draft, sortie: Sortie) -> None:
    landed = draft.step(replace(sortie, incident_id=None), SortieState.LANDED)
    end(draft, landed, SortieState.CHARGING, returned=True)


def _came_down(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    """It stands on the ground, disarmed, where it should fly: at home if its autopilot brought it back by itself."""
    site = site_of(draft.situation, state)
    if sortie.incident_id is None and site is not None:
        _landed(draft, replace(sortie, home_base_id=site))
        return
    why = f"came down while {sortie.state.value}"
    draft.withdraw(sortie.drone_id, why)
    fail(draft, sortie, why)
