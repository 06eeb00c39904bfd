"""The life of a sortie: what is ordered. :mod:`dispatch.observed` is what telemetry confirms of it.

decided → commanded → airborne → en route → on scene → released → returning → landing → landed → charging → done.
Every state that waits for a vehicle has a deadline (:mod:`dispatch.deadlines` takes the step after it); an
acknowledgement moves nothing.
"""

from dataclasses import replace

from dispatch import underway, watch
from dispatch.draft import Draft
from dispatch.events import Hold, Land, StandDown
from dispatch.layers import clear_to_go, parted
from dispatch.model import Decision, DroneState, Incident, IncidentStatus, Sortie, SortieState, Step
from dispatch.orders import land_if_lost, no_way, order_launch, order_way, upload_way
from dispatch.outbound import AT_CRUISE_HEIGHT_M, ways_out
from dispatch.planning import (
    home_amsl_m,
    home_for,
    patrol_points,
    site_of,
    usable_wh,
    way_along,
    way_back,
    ways_home,
)
from dispatch.sky import airways_of
from geo.flight import FlightPlan, climb_time_s, descent_s, landing_energy_wh
from geo.route import motion_of

BY_HAND = "by-hand"
"""The policy of a decision that an operator made."""

OVER_BASE_M = 3.0
STILL_MPS = 0.7
LATE_FACTOR, LATE_S = 1.5, 30.0
"""A flight that takes this much longer than planned is not flying its plan."""

LINK_LOST = "link lost"
"""How the reason begins for which a silent drone's sortie fails."""

RETRY_S = 5.0
"""A drone in the air that has no legal way home, or whose sortie failed, is brought home as soon as this is over."""

_GONE = frozenset({SortieState.DONE, SortieState.FAILED})
ON_GROUND_AFTER = frozenset({SortieState.LANDED, SortieState.CHARGING, SortieState.DONE, SortieState.FAILED})
AT_REST = frozenset({SortieState.CHARGING, *_GONE})
ON_GROUND_BEFORE = frozenset({SortieState.DECIDED, SortieState.COMMANDED})
IN_FLIGHT = frozenset(
    {
        SortieState.AIRBORNE,
        SortieState.EN_ROUTE,
        SortieState.ON_SCENE,
        SortieState.RELEASED,
        SortieState.RETURNING,
    }
)


# ---------------------------------------------------------------- beginnings


def send(draft: Draft, decision: Decision) -> None:
    """Carry out a decision: a new sortie from the dock, or a drone in the air told to go elsewhere."""
    drone_id, incident = decision.drone_id, draft.incidents[decision.incident_id]
    assert drone_id is not None
    plan = ways_out(draft.situation, draft.airframe(drone_id), [draft.states[drone_id]], incident.position)[0]
    assert plan is not None, "decide offers only drones that have a way"
    current = draft.sorties.get(drone_id)
    if current is not None and current.incident_id not in (None, incident.id):
        taken_off = drone_id if decision.policy == BY_HAND else None  # or it would be given back at once
        draft.reopen(current, without=taken_off)
    if current is None or current.state in ON_GROUND_AFTER:
        if current is not None and current.state not in _GONE:
            draft.step(current, SortieState.DONE, "launched again")
        sortie = _new(draft, drone_id, plan, incident_id=incident.id, decision_id=decision.id)
        dock_s = draft.airframe(drone_id).dock_s
        sortie = draft.step(sortie, SortieState.DECIDED, decision.why, within_s=dock_s)
    else:
        sortie = replace(
            current, incident_id=incident.id, decision_id=decision.id, out=plan, planned_at_s=draft.now_s, home=None
        )
        draft.put(sortie)
    if sortie.state is SortieState.DECIDED:
        sortie = take_layer(draft, sortie, incident, plan)
    incident = replace(draft.incidents[incident.id], waits_because="")
    if incident.status is IncidentStatus.ON_SCENE:
        draft.put(replace(incident, relief_id=sortie.id))
    else:
        draft.put(replace(incident, status=IncidentStatus.ASSIGNED, sortie_id=sortie.id))
    draft.clock(incident.id, decided_at_s=draft.now_s)
    if sortie.state is SortieState.DECIDED and (sortie.deadline_at_s or 0.0) <= draft.now_s:
        command_launch(draft, sortie)
    elif sortie.state in ON_GROUND_BEFORE:
        upload_way(draft, sortie, sortie.out)  # while the dock opens
    else:
        draft.clock(incident.id, launched_at_s=draft.now_s)
        if sortie.state is not SortieState.AIRBORNE:
            fly_out(draft, sortie, f"sent on to {incident.id}")
        elif sortie.held:
            climb(draft, sortie, f"sent on to {incident.id}")
        else:
            upload_way(draft, sortie, plan)


def take_layer(draft: Draft, sortie: Sortie, incident: Incident, plan: FlightPlan) -> Sortie:
    """A sortie on its dock, to fly ``plan`` in the layer and after the wait in which it meets nobody."""
    opens_at_s = max(draft.now_s, sortie.steps[-1].at_s + draft.airframe(sortie.drone_id).dock_s)
    plan = replace(plan, time=replace(plan.time, dock_s=opens_at_s - draft.now_s))
    out = parted(draft.situation, replace(sortie, deadline_at_s=opens_at_s), incident, plan)
    sortie = replace(sortie, out=out, planned_at_s=draft.now_s, deadline_at_s=opens_at_s + out.time.wait_s)
    draft.put(sortie)
    return sortie


def launch_when_clear(draft: Draft, sortie: Sortie) -> None:
    """The dock is open: launch, or wait on where somebody came into the way since."""
    incident = draft.incidents[sortie.incident_id or ""]
    if not clear_to_go(draft.situation, sortie, incident):
        plan = way_out(draft, sortie)
        if plan is None:
            draft.reopen(sortie)
            go_home(draft, sortie, "no legal way left")
            return
        sortie = take_layer(draft, sortie, incident, plan)
        if (sortie.deadline_at_s or 0.0) > draft.now_s:
            upload_way(draft, sortie, sortie.out)
            return
    command_launch(draft, sortie)


def _new(draft: Draft, drone_id: str, out: FlightPlan, *, incident_id: str | None, decision_id: str) -> Sortie:
    """A sortie that begins now, its id unlike that of the drone's last, even where both begin at one instant."""
    last = draft.sorties.get(drone_id)
    number = last.id.rpartition(".")[2] if last is not None else ""
    stamp_ms = max(round(draft.now_s * 1000), int(number) + 1 if number.isdecimal() else 0)
    return Sortie(
        id=f"{drone_id}.{stamp_ms}",
        drone_id=drone_id,
        incident_id=incident_id,
        decision_id=decision_id,
        state=SortieState.DECIDED if incident_id else SortieState.RELEASED,
        out=out,
        planned_at_s=draft.now_s,
        home_base_id=draft.drone(drone_id).base_id,
        from_base_id=_stands_on(draft, drone_id),
    )


def _stands_on(draft: Draft, drone_id: str) -> str | None:
    state = draft.states.get(drone_id)
    return None if state is None or state.in_air else site_of(draft.situation, state)


def climb(draft: Draft, sortie: Sortie, why: str = "", *, order: bool = True) -> None:
    """Off the ground and up to cruise height, which must be reached in time."""
    airframe = draft.airframe(sortie.drone_id)
    climb_s = climb_time_s(sortie.out.height_m, airframe)
    draft.step(sortie, SortieState.AIRBORNE, why, within_s=LATE_FACTOR * climb_s + LATE_S)
    if order:
        order_launch(draft, draft.sorties[sortie.drone_id])


def fly_out(draft: Draft, sortie: Sortie, why: str = "") -> None:
    """Order the way out and wait to see the drone move."""
    sortie = draft.step(sortie, SortieState.EN_ROUTE, why, within_s=draft.rules.command_deadline_s)
    order_way(draft, sortie, sortie.out)


def replan(draft: Draft, sortie: Sortie, why: str) -> None:
    """The way out again, from where the drone is now; home if there is none left."""
    plan = way_out(draft, sortie)
    if plan is None or not _can_come_back(draft, sortie, plan):
        draft.reopen(sortie)
        go_home(draft, sortie, f"{why}: no legal way left")
        return
    sortie = replace(sortie, out=plan, planned_at_s=draft.now_s)
    draft.put(sortie)
    if sortie.state is SortieState.EN_ROUTE:
        fly_out(draft, sortie, why)
    else:
        upload_way(draft, sortie, plan)


def _can_come_back(draft: Draft, sortie: Sortie, plan: FlightPlan) -> bool:
    end = plan.legs[-1].end if plan.legs else draft.incidents[sortie.incident_id or ""].position
    return way_back(draft.situation, sortie.drone_id, end, plan.height_m, 0.0) is not None


def way_out(draft: Draft, sortie: Sortie) -> FlightPlan | None:
    """The way to its incident from where the drone is now; None where there is no legal one."""
    state, incident = draft.states.get(sortie.drone_id), draft.incidents.get(sortie.incident_id or "")
    if state is None or state.position is None or incident is None:
        return None
    return ways_out(draft.situation, draft.airframe(sortie.drone_id), [state], incident.position)[0]


def way_home(draft: Draft, sortie: Sortie) -> tuple[str, FlightPlan] | None:
    """The base to come home to from where the drone is now, and the way; None where there is no legal one."""
    state, airframe = draft.states.get(sortie.drone_id), draft.airframe(sortie.drone_id)
    if state is None or state.position is None:
        return None
    amsl_m, height_m = home_amsl_m(draft.situation, state), sortie.out.height_m
    airways, here = airways_of(draft.situation, height_m), draft.frame.xy(state.position)
    turns, speeds_mps = underway.turning_points(airways, airframe, [state], here[None, :])
    usable = usable_wh(state, airframe, draft.situation.temperature_c)
    within_wh = usable - landing_energy_wh(height_m, airframe)
    for start, start_mps in ((turns[0], float(speeds_mps[0])), (here, 0.0)):
        homes = ways_home(draft.situation, airframe, start, height_m, amsl_m)
        base_id = home_for(draft.situation, sortie.drone_id, homes, within_wh)
        if base_id is not None:
            motion = motion_of(airframe, draft.situation.wind)
            return base_id, underway.begun(homes[base_id], airframe, motion, draft.frame, (here, start), start_mps)
    return None


def come_on_scene(draft: Draft, sortie: Sortie, why: str = "") -> None:
    """Over its scene: a point is watched; a patrol is flown on through its further points, and the last watched."""
    incident, held = draft.incidents[sortie.incident_id or ""], sortie.held
    sortie = replace(sortie, arrived_share=draft.states[sortie.drone_id].battery_share)
    if incident.relief_id == sortie.id:  # the other leaves when both have been there for a while
        second = draft.step(sortie, SortieState.ON_SCENE, why, within_s=draft.rules.relay_overlap_s)
        draft.put(replace(second, held=held))
        return
    incident = watch.found(incident, draft.now_s)
    way_on, within_s = None, watch.left_s(incident, draft.now_s)
    if incident.route:
        here = draft.states[sortie.drone_id].position or incident.position
        points = (here, *patrol_points(incident))
        amsl_m = home_amsl_m(draft.situation, draft.states[sortie.drone_id])
        way_on = way_along(draft.situation, draft.airframe(sortie.drone_id), points, sortie.out.height_m, amsl_m)
        if way_on is None:
            draft.reopen(sortie)
            go_home(draft, sortie, "no legal way through the further points any more")
            return
        within_s += way_on.time.total_s
        sortie = replace(sortie, out=way_on, planned_at_s=draft.now_s)
    sortie = replace(draft.step(sortie, SortieState.ON_SCENE, why, within_s=within_s), held=held)
    draft.put(sortie)
    draft.put(replace(incident, status=IncidentStatus.ON_SCENE))
    draft.clock(incident.id, on_scene_at_s=draft.now_s)
    if way_on is not None and not held:
        order_way(draft, sortie, way_on)


def go_home(draft: Draft, sortie: Sortie, why: str) -> None:
    """Release the drone and order the way home, to its own base or another that it can reach."""
    sortie = replace(sortie, incident_id=None)
    draft.put(sortie)
    if sortie.state in ON_GROUND_BEFORE:
        draft.order(StandDown(drone_id=sortie.drone_id, sortie_id=sortie.id))
        end(draft, sortie, SortieState.DONE, why)
        return
    if sortie.state not in IN_FLIGHT:
        return
    found = way_home(draft, sortie)
    if found is None:
        _boxed_in(draft, sortie, why)
        return
    (base_id, home), state = found, draft.states[sortie.drone_id]
    over = is_over_base(draft, state, base_id)
    low = state.height_m < sortie.out.height_m - AT_CRUISE_HEIGHT_M
    if sortie.state is SortieState.AIRBORNE and low and not over:  # between roofs: it flies home from cruise height
        if sortie.held:
            climb(draft, sortie, why)
        else:
            draft.put(replace(sortie, steps=(*sortie.steps, Step(state=sortie.state, at_s=draft.now_s, why=why))))
        return
    released = draft.step(sortie, SortieState.RELEASED, why)
    returning = replace(released, home=home, home_base_id=base_id)
    returning = draft.step(returning, SortieState.RETURNING, within_s=draft.rules.command_deadline_s)
    if over:
        land(draft, returning)
    else:
        order_way(draft, returning, home)
    draft.reconsider = True


def _boxed_in(draft: Draft, sortie: Sortie, why: str) -> None:
    """No legal way home (or the drone has not been heard yet): it hovers, and looks for one again soon.

    The battery rule of :mod:`dispatch.safety` lands it in the end.
    """
    if sortie.state is not SortieState.RELEASED or not sortie.steps:
        sortie = draft.step(replace(sortie, home=None), SortieState.RELEASED, f"{why}; no legal way home")
        draft.order(Hold(drone_id=sortie.drone_id, sortie_id=sortie.id))
        land_if_lost(draft, sortie)
    sortie = draft.sorties[sortie.drone_id]
    draft.put(replace(sortie, home=None, held=False, deadline_at_s=draft.now_s + RETRY_S))


def land(draft: Draft, sortie: Sortie, why: str = "") -> None:
    """Order the drone down where it is."""
    height_m = draft.states[sortie.drone_id].height_m
    within_s = LATE_FACTOR * descent_s(height_m, draft.airframe(sortie.drone_id)) + LATE_S
    draft.step(replace(sortie, incident_id=None), SortieState.LANDING, why, within_s=within_s)
    draft.order(Land(drone_id=sortie.drone_id, sortie_id=sortie.id))


def adopt(draft: Draft, drone_id: str) -> Sortie:
    """A drone flies that has no sortie (found at start, or back after a silence): it is given one."""
    before = draft.sorties.get(drone_id)
    if before is not None and before.state not in _GONE:
        draft.step(before, SortieState.DONE, "in the air again")
    stray = _new(draft, drone_id, no_way(draft.rules.cruise_height_m), incident_id=None, decision_id="")
    draft.put(stray)
    return stray


# ---------------------------------------------------------------- endings


def release(draft: Draft, sortie: Sortie, why: str) -> None:
    """The incident has been served: its clock stops, and the drone comes home with its relief."""
    draft.clock(sortie.incident_id, cleared_at_s=draft.now_s)
    call_off(draft, sortie.incident_id, IncidentStatus.CLEARED, why)


def call_off(draft: Draft, incident_id: str | None, status: IncidentStatus, why: str) -> None:
    """Nobody is needed there any more: whoever serves the incident comes home."""
    incident = draft.incidents.get(incident_id or "")
    if incident is None:
        return
    draft.put(replace(watch.found(incident, draft.now_s), status=status, relief_id=None, relay=None))
    for sortie in draft.serving(incident):
        go_home(draft, sortie, why)


def fail(draft: Draft, sortie: Sortie, why: str) -> None:
    """This sortie is over; its incident is decided again at once, without this drone."""
    end(draft, replace(sortie, incident_id=None), SortieState.FAILED, why)
    draft.reopen(sortie, without=sortie.drone_id)


def end(draft: Draft, sortie: Sortie, state: SortieState, why: str = "", *, returned: bool = False) -> None:
    """The sortie is on the ground, or lost: the incidents that it served are closed, whether it came home or not."""
    draft.step(sortie, state, why)
    for incident in sorted(draft.incidents.values(), key=lambda incident: incident.id):
        if incident.sortie_id == sortie.id and incident.status is IncidentStatus.CLEARED:
            if returned:
                draft.clock(incident.id, returned_at_s=draft.now_s)
            draft.put(replace(draft.incidents[incident.id], status=IncidentStatus.CLOSED))
    draft.reconsider = True


def command_launch(draft: Draft, sortie: Sortie) -> None:
    """The dock is open: order arming and take-off."""
    airframe, rules = draft.airframe(sortie.drone_id), draft.rules
    within_s = airframe.arm_s + rules.command_deadline_s
    order_launch(draft, draft.step(sortie, SortieState.COMMANDED, within_s=within_s))


def carry_another(draft: Draft, sortie: Sortie) -> None:
    """The mission of a held drone is cut: its vehicle is given another to carry, and stays where it is."""
    match sortie.state:
        case SortieState.EN_ROUTE if (out := way_out(draft, sortie)) is not None:
            draft.put(replace(sortie, out=out, planned_at_s=draft.now_s))
            upload_way(draft, sortie, out)
        case SortieState.RETURNING if (found := way_home(draft, sortie)) is not None:
            base_id, home = found
            returning = replace(sortie, home_base_id=base_id, home=home)
            draft.put(returning)
            upload_way(draft, returning, home)
        case _:
            upload_way(draft, sortie, no_way(sortie.out.height_m))


def is_over_base(draft: Draft, state: DroneState, base_id: str) -> bool:
    """Whether the drone hovers over this base."""
    assert state.position is not None
    near = draft.frame.distance_m(state.position, draft.base(base_id).position) <= OVER_BASE_M
    return near and state.ground_speed_mps <= STILL_MPS
