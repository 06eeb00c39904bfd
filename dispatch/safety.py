"""What must hold as long as a sortie is under way, whatever it flies for: a legal way, weather within its limits, and
energy to come home.

Each rule looks at one sortie and does nothing while it is kept.
"""

import numpy as np
import shapely

from dispatch import reasons
from dispatch.draft import Draft
from dispatch.model import DroneState, Sortie, SortieState
from dispatch.planning import home_amsl_m, home_for, usable_wh, ways_home
from dispatch.sky import airways_of
from dispatch.sorties import IN_FLIGHT, ON_GROUND_BEFORE, go_home, land, replan, watch
from geo.flight import FlightPlan, landing_energy_wh
from geo.frame import LocalFrame
from geo.route import Points

_SERVING = frozenset({SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE})


def keep_legal(draft: Draft, sortie: Sortie) -> None:
    """A drone whose way is cut by closed ground, or which is over it already, is sent round it, out of it, or home."""
    state = draft.states.get(sortie.drone_id)
    if state is None or state.position is None or sortie.state not in IN_FLIGHT | ON_GROUND_BEFORE:
        return
    airways, why = airways_of(draft.situation, sortie.out.height_m), "a geozone is in its way"
    here = airways.frame.xy(state.position)
    inside = airways.closed_at(here) is not None
    plan = sortie.home if sortie.state is SortieState.RETURNING else sortie.out
    ahead = _ahead(airways.frame, here, plan)
    cut = inside or bool(airways.blocked(ahead[:-1], ahead[1:]).any())
    if sortie.held and not inside:
        return  # it flies nowhere; when it is resumed its way is planned anew
    match sortie.state:
        case SortieState.RELEASED:
            go_home(draft, sortie, "the geozones have changed")
        case SortieState.RETURNING if cut:
            go_home(draft, sortie, why)
        case SortieState.ON_SCENE if inside:
            draft.reopen(sortie.incident_id)
            go_home(draft, sortie, "a geozone is over the scene")
        case SortieState.ON_SCENE if cut and draft.incidents[sortie.incident_id or ""].route:
            watch(draft, sortie, why)
        case SortieState.DECIDED | SortieState.COMMANDED | SortieState.AIRBORNE | SortieState.EN_ROUTE if cut:
            if sortie.incident_id is not None:
                replan(draft, sortie, why)
        case _:
            pass


def keep_in_limits(draft: Draft, sortie: Sortie) -> None:
    """In more wind or rain than its airframe bears a drone does not take off, and comes home if it flies."""
    if sortie.incident_id is None or sortie.state not in _SERVING | ON_GROUND_BEFORE:
        return
    situation = draft.situation
    over = reasons.weather(situation.wind, situation.rain_mm_h, draft.airframe(sortie.drone_id))
    if over is not None:
        draft.reopen(sortie.incident_id)
        go_home(draft, sortie, over.text)


def keep_energy(draft: Draft, sortie: Sortie) -> None:
    """A drone comes home while its battery still allows it; one that cannot lands while it still can.

    Its incident is decided again, for a fresh drone.
    """
    state = draft.states.get(sortie.drone_id)
    if sortie.state not in IN_FLIGHT or state is None or state.position is None or not state.in_air:
        return
    situation, airframe = draft.situation, draft.airframe(sortie.drone_id)
    usable = usable_wh(state, airframe)
    amsl_m = home_amsl_m(situation, state)
    homes = ways_home(situation, airframe, draft.frame.xy(state.position), sortie.out.height_m, amsl_m)
    landing = landing_energy_wh(sortie.out.height_m, airframe)
    base_id = home_for(situation, sortie.drone_id, homes, usable - landing)
    needed = landing + (homes[base_id].energy_wh if base_id is not None else 0.0)
    if sortie.state in _SERVING and sortie.incident_id is not None:
        if usable <= needed:
            draft.reopen(sortie.incident_id)
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


def _ahead(frame: LocalFrame, here: Points, plan: FlightPlan | None) -> Points:
    """What is left of the way [n, 2]: here, the end of the leg that the drone is on, and of all after it."""
    if plan is None or not plan.legs:
        return here[None, :]
    corners = frame.xy_of([plan.legs[0].start, *(leg.end for leg in plan.legs)])
    legs = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    now_on = int(np.argmin(shapely.distance(legs, shapely.Point(here))))
    return np.vstack([here, corners[now_on + 1 :]])
