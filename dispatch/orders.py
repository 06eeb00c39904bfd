"""What a vehicle is told: its way as a mission with a way back, and the fence that goes with it.

Should it hear no more of us, a vehicle knows from these how to come home without crossing a zone.
"""

from dataclasses import replace

from dispatch.draft import Draft
from dispatch.events import Fly, Launch, Upload
from dispatch.geofence import Geofence, geofence_of
from dispatch.mission import Mission, Waypoint, lines_of, mission_of
from dispatch.model import Sortie, SortieState
from dispatch.planning import usable_wh, way_back
from dispatch.sky import airways_of
from geo.airframe import Airframe
from geo.flight import FlightPlan, FlightTime, landing_energy_wh

LEAST_HOLD_S = 30.0
"""So long a VTOL holds at least before it goes on by itself: over its base it is told to land within that."""


def order_launch(draft: Draft, sortie: Sortie) -> None:
    """Order arming and take-off to the height of the way out."""
    mission, geofence = _provided(draft, sortie, sortie.out)
    launch = Launch(
        drone_id=sortie.drone_id, sortie_id=sortie.id, height_m=sortie.out.height_m, mission=mission, geofence=geofence
    )
    draft.order(launch)


def order_way(draft: Draft, sortie: Sortie, plan: FlightPlan) -> None:
    """Order the vehicle along a way, or to stay over a goal that it has reached."""
    mission, geofence = _provided(draft, sortie, plan)
    draft.order(Fly(drone_id=sortie.drone_id, sortie_id=sortie.id, mission=mission, geofence=geofence))


def stay(draft: Draft, sortie: Sortie) -> None:
    """Order the vehicle to stay where it is, with a way back that is legal now."""
    order_way(draft, sortie, no_way(sortie.out.height_m))


def upload_way(draft: Draft, sortie: Sortie, plan: FlightPlan) -> None:
    """Have the vehicle take a way on board that it does not fly yet, for it stands, climbs or is held: should its link
    be lost, it must not return along the mission that it had before."""
    mission, geofence = _provided(draft, sortie, plan)
    draft.order(Upload(drone_id=sortie.drone_id, sortie_id=sortie.id, mission=mission, geofence=geofence))


def land_if_lost(draft: Draft, sortie: Sortie) -> None:
    """What its vehicle carries leads through closed ground: without a link it is to land instead of returning."""
    state = draft.states[sortie.drone_id]
    if state.position is not None:
        here = Waypoint(position=state.position, height_m=state.height_m)
        airframe = draft.airframe(sortie.drone_id)
        hold_s = None if airframe.wing is None else LEAST_HOLD_S
        mission = Mission(points=(here,), back=(), speed_mps=airframe.speed_mps, hold_s=hold_s)
        fence = fence_of(draft, sortie, mission)
        draft.put(replace(draft.sorties[sortie.drone_id], mission=mission, unfenced=fence.within))
        draft.order(Upload(drone_id=sortie.drone_id, sortie_id=sortie.id, geofence=fence, mission=mission))


def upload_fence(draft: Draft, sortie: Sortie) -> None:
    """Have the vehicle take the zones in force on board, whatever it is flying."""
    geofence = fence_of(draft, sortie, sortie.mission)
    draft.put(replace(draft.sorties[sortie.drone_id], unfenced=geofence.within))
    draft.order(Upload(drone_id=sortie.drone_id, sortie_id=sortie.id, geofence=geofence))


def fence_of(draft: Draft, sortie: Sortie, mission: Mission | None) -> Geofence:
    """The fence of a drone that flies this mission from where it is."""
    state, zones = draft.states.get(sortie.drone_id), airways_of(draft.situation, sortie.out.height_m).zones
    lines = lines_of(mission) if mission is not None else []
    if state is None or state.position is None:
        return geofence_of(draft.frame, zones, None, lines)
    if lines:
        lines[0] = [state.position, *lines[0]]
    return geofence_of(draft.frame, zones, draft.frame.xy(state.position), lines)


def _provided(draft: Draft, sortie: Sortie, plan: FlightPlan) -> tuple[Mission, Geofence]:
    """What the vehicle must know to fly ``plan`` and, should it hear no more of us, to come home from there."""
    situation, airframe = draft.situation, draft.airframe(sortie.drone_id)
    state, airways = draft.states[sortie.drone_id], airways_of(draft.situation, plan.height_m)
    assert state.position is not None, "a drone whose position is not known is given no order"
    here = Waypoint(position=state.position, height_m=state.height_m if state.in_air else plan.height_m)
    end = plan.legs[-1].end if plan.legs else state.position
    left_wh = usable_wh(state, airframe, situation.temperature_c) - plan.energy_wh
    if sortie.state is SortieState.RETURNING and plan.legs:
        found: tuple[str, FlightPlan] | None = (sortie.home_base_id, no_way(plan.height_m))
        left_wh = 0.0
    else:
        found = way_back(situation, sortie.drone_id, end, plan.height_m, left_wh)
    back = found[1] if found is not None else None
    landing = draft.base(found[0]).position if found is not None else None
    hold_s = _hold_s(airframe, back, left_wh, plan.height_m)
    mission = mission_of(airways, here, plan, back, landing, airframe.speed_mps, hold_s)
    geofence = fence_of(draft, sortie, mission)
    draft.put(replace(draft.sorties[sortie.drone_id], mission=mission, unfenced=geofence.within))
    return mission, geofence


def _hold_s(airframe: Airframe, back: FlightPlan | None, left_wh: float, height_m: float) -> float | None:
    """How long a VTOL that nobody speaks to hovers over the end of its way: as long as it can still come home."""
    if airframe.wing is None:
        return None
    home_wh = (0.0 if back is None else back.energy.p90_wh) + landing_energy_wh(height_m, airframe)
    return max(LEAST_HOLD_S, (left_wh - home_wh) / airframe.hover_w * 3600)


def no_way(height_m: float) -> FlightPlan:
    """A plan that leads nowhere: stay where you are."""
    return FlightPlan(legs=(), height_m=height_m, time=FlightTime())
