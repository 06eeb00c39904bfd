"""What must hold as long as a sortie is under way, whatever it flies for: a legal way, weather within its limits, and
energy to come home.

Each rule looks at one sortie and does nothing while it is kept.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from dispatch import circling, reasons
from dispatch.draft import Draft
from dispatch.mission import leads_home
from dispatch.model import DroneState, Sortie, SortieState
from dispatch.orders import fence_of, stay, upload_fence
from dispatch.planning import home_amsl_m, home_for, usable_wh, ways_home
from dispatch.sky import airways_of
from dispatch.sorties import (
    IN_FLIGHT,
    ON_GROUND_BEFORE,
    carry_another,
    come_on_scene,
    go_home,
    land,
    replan,
    way_home,
    way_out,
)
from geo.flight import FlightPlan, landing_energy_wh
from geo.frame import LocalFrame
from geo.route import Points

SAME_WAY_M = 10.0
"""So much nearer another leg of its way is no sign that a drone is on that one."""

_SERVING = frozenset({SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE})


def keep_legal(draft: Draft, sortie: Sortie) -> None:
    """A drone whose way is cut by closed ground, or which is over it already, is sent round it, out of it, or home.

    The same where only the way back is cut that its vehicle carries. A drone that has not been told to start yet is
    decided on again: another may be the nearer one now.
    """
    state = draft.states.get(sortie.drone_id)
    if state is None or state.position is None or sortie.state not in IN_FLIGHT | ON_GROUND_BEFORE:
        return
    airways, why = airways_of(draft.situation, sortie.out.height_m), "a geozone is in its way"
    here = airways.frame.xy(state.position)
    inside = airways.closed_at(here) is not None
    plan = sortie.home if sortie.state is SortieState.RETURNING else sortie.out
    ahead = _ahead(airways.frame, here, plan)
    cut = inside or bool(airways.blocked(ahead[:-1], ahead[1:]).any())
    if not cut and sortie.mission is not None and sortie.state is not SortieState.RELEASED:
        why = "a geozone is in its way back"
        cut = not leads_home(airways, ahead, state.height_m, sortie.mission)
    if sortie.held and not inside:  # it flies nowhere; when it is resumed its way is planned anew
        if cut:
            carry_another(draft, sortie)
        return
    scene_open = circling.scene_is_open(draft, sortie)
    match sortie.state:
        case SortieState.RELEASED:
            go_home(draft, sortie, "the geozones have changed")
        case SortieState.RETURNING if cut:
            go_home(draft, sortie, why)
        case SortieState.ON_SCENE if scene_open is True:
            circling.keep_legal(draft, sortie, cut=cut)
        case SortieState.ON_SCENE if inside or scene_open is False:
            draft.reopen(sortie)
            go_home(draft, sortie, "a geozone is over the scene")
        case SortieState.ON_SCENE if cut and draft.incidents[sortie.incident_id or ""].route:
            come_on_scene(draft, sortie, why)
        case SortieState.ON_SCENE if cut:
            stay(draft, sortie)
        case SortieState.DECIDED if cut and sortie.incident_id is not None:
            draft.reopen(sortie)
            go_home(draft, sortie, why)
        case SortieState.COMMANDED | SortieState.AIRBORNE | SortieState.EN_ROUTE if cut:
            if sortie.incident_id is not None:
                replan(draft, sortie, why)
        case _:
            pass


def take_shorter(draft: Draft, sortie: Sortie) -> None:
    """A drone on its way out or home takes a way that has opened, if that saves more than a moment."""
    state = draft.states.get(sortie.drone_id)
    waits = sortie.held or sortie.yields is not None
    if state is None or state.position is None or waits or draft.ordered(sortie.drone_id):
        return
    frame, why = draft.frame, "a shorter way has opened"
    match sortie.state:
        case SortieState.EN_ROUTE if sortie.incident_id is not None:
            old, new = sortie.out, way_out(draft, sortie)
        case SortieState.RETURNING if sortie.home is not None:
            found = way_home(draft, sortie)
            old, new = sortie.home, found[1] if found is not None else None
        case _:
            return
    if new is None:
        return
    left_now_s = left_s(frame, frame.xy(state.position), old)
    if cruise_s(new) + draft.rules.reroute_gain_s > left_now_s:
        return
    if sortie.state is SortieState.EN_ROUTE:
        replan(draft, sortie, why)
    else:
        go_home(draft, sortie, why)


def keep_fenced(draft: Draft, sortie: Sortie) -> None:
    """The vehicle of a sortie holds the zones in force; whoever was given an order has been given them with it."""
    carries = IN_FLIGHT | ON_GROUND_BEFORE | {SortieState.LANDING}
    if sortie.state in carries and not draft.ordered(sortie.drone_id):
        upload_fence(draft, sortie)


def fence_after_leaving(draft: Draft, sortie: Sortie) -> None:
    """A drone that was in a zone when it was given its fence is given all of it once it is out."""
    if not sortie.unfenced or sortie.state not in IN_FLIGHT or draft.ordered(sortie.drone_id):
        return
    if set(fence_of(draft, sortie, sortie.mission).within) < set(sortie.unfenced):
        upload_fence(draft, sortie)


def keep_in_limits(draft: Draft, sortie: Sortie) -> None:
    """In more wind or rain than its airframe bears a drone does not take off, and comes home if it flies."""
    if sortie.incident_id is None or sortie.state not in _SERVING | ON_GROUND_BEFORE:
        return
    situation = draft.situation
    over = reasons.weather(situation.wind, situation.rain_mm_h, draft.airframe(sortie.drone_id))
    if over is not None:
        draft.reopen(sortie)
        go_home(draft, sortie, over.text)


def keep_energy(draft: Draft, sortie: Sortie) -> None:
    """A drone comes home while its battery still allows it; one that cannot lands while it still can.

    Its incident is decided again, for a fresh drone.
    """
    state = draft.states.get(sortie.drone_id)
    if sortie.state not in IN_FLIGHT or state is None or state.position is None or not state.in_air:
        return
    situation, airframe = draft.situation, draft.airframe(sortie.drone_id)
    usable = usable_wh(state, airframe, situation.temperature_c)
    amsl_m = home_amsl_m(situation, state)
    here, height_m, own = draft.frame.xy(state.position), sortie.out.height_m, draft.drone(sortie.drone_id).base_id
    landing = landing_energy_wh(height_m, airframe)
    way = ways_home(situation, airframe, here, height_m, amsl_m, [own]).get(own)
    if way is not None and way.energy_wh < usable - landing:
        return  # it comes home to its own base: the ways to all of them are looked for only where that is in doubt
    homes = ways_home(situation, airframe, here, height_m, amsl_m)
    base_id = home_for(situation, sortie.drone_id, homes, usable - landing)
    needed = landing + (homes[base_id].energy_wh if base_id is not None else 0.0)
    if sortie.state in _SERVING and sortie.incident_id is not None:
        if usable <= needed:
            draft.reopen(sortie)
            go_home(draft, sortie, "battery: it is time to go home")
    elif sortie.state is SortieState.RELEASED and base_id is None:
        if usable <= landing:
            _land_here(draft, sortie, state)
    elif sortie.state is SortieState.RETURNING:
        left = usable + airframe.reserve_share * airframe.battery_wh
        if left < needed and left <= 2 * landing:
            _land_here(draft, sortie, state)


def _land_here(draft: Draft, sortie: Sortie, state: DroneState) -> None:
    why = f"battery at {state.battery_share:.0%}: it lands where it is"
    draft.withdraw(sortie.drone_id, why)
    land(draft, sortie, why)


def cruise_s(plan: FlightPlan) -> float:
    """Seconds at cruise along all of ``plan``."""
    return sum(leg.length_m / leg.ground_speed_mps for leg in plan.legs)


def left_s(frame: LocalFrame, here: Points, plan: FlightPlan) -> float:
    """Seconds at cruise along what is left of ``plan``."""
    now_on = leg_on(frame, here, plan)
    first_m = float(np.hypot(*(frame.xy(plan.legs[now_on].end) - here))) if plan.legs else 0.0
    rest_s = sum(leg.length_m / leg.ground_speed_mps for leg in plan.legs[now_on + 1 :])
    return rest_s + (first_m / plan.legs[now_on].ground_speed_mps if plan.legs else 0.0)


def left_m(frame: LocalFrame, here: Points, plan: FlightPlan) -> float:
    """Metres left of ``plan``. Where its way comes by more than once (it turns back to what it has flown over), a drone
    is taken to be as far along as it can be."""
    if not plan.legs:
        return 0.0
    far_m = _far_m(frame, here, plan)
    last = int(np.flatnonzero(far_m <= far_m.min() + SAME_WAY_M)[-1])
    to_end_m = float(np.hypot(*(frame.xy(plan.legs[last].end) - here)))
    return to_end_m + sum(leg.length_m for leg in plan.legs[last + 1 :])


def leg_on(frame: LocalFrame, here: Points, plan: FlightPlan) -> int:
    """The leg of ``plan`` that a drone is on: the nearest."""
    return int(np.argmin(_far_m(frame, here, plan))) if plan.legs else 0


def _far_m(frame: LocalFrame, here: Points, plan: FlightPlan) -> NDArray[np.float64]:
    """How far from each leg of ``plan`` a place is. Shape [legs]."""
    corners = frame.xy_of([plan.legs[0].start, *(leg.end for leg in plan.legs)])
    legs = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    return np.asarray(shapely.distance(legs, shapely.Point(here)))


def _ahead(frame: LocalFrame, here: Points, plan: FlightPlan | None) -> Points:
    """What is left of the way [n, 2]: here, the end of the leg that the drone is on, and of all after it."""
    if plan is None or not plan.legs:
        return here[None, :]
    return np.vstack([here, frame.xy_of([leg.end for leg in plan.legs[leg_on(frame, here, plan) :]])])
