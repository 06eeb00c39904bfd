"""A drone as it is now, and its checklist."""

from typing import Literal

from pydantic import Field

from api.views.parts import PositionView, ReasonView, View
from dispatch import preflight
from dispatch.camera import video_url_of
from dispatch.decide import AT_HOME
from dispatch.model import DroneState, Situation, SortieState


class DroneView(View):
    """A drone as it is now."""

    id: str
    airframe: str
    base_id: str
    system_id: int
    connected: bool
    healthy: bool
    position: PositionView | None
    height_m: float
    ground_speed_mps: float
    heading_deg: float
    battery_share: float
    armed: bool
    in_air: bool
    mode: str
    seen_at_s: float
    activity: Literal["docked", "charging", "sortie", "offline", "withdrawn", "lost"]
    sortie_id: str | None
    ready: bool
    not_ready_because: str | None
    video_url: str | None = Field(description="where its pictures are, as the vehicle or the city says")


class CheckView(View):
    """One point of the pre-flight checklist."""

    code: str
    verdict: preflight.Verdict
    told: str = Field(description="what the vehicle told; empty where it told nothing")
    reason: ReasonView | None = Field(description="what is wrong, and what would mend it")


def drone_view(drone_id: str, situation: Situation) -> DroneView:
    """A drone with what it does and whether it could go."""
    drone = situation.drones[drone_id]
    state = situation.states.get(drone_id) or DroneState(drone_id=drone_id)
    sortie = situation.sorties.get(drone_id)
    active = sortie is not None and sortie.state not in AT_HOME
    heard = state.position is not None
    live = state.connected and situation.now_s - state.seen_at_s <= situation.rules.link_lost_s
    docked = live and heard and not active and not state.in_air
    blocked = preflight.blocked(situation, state) if docked else None
    ready = docked and blocked is None and drone_id not in situation.withdrawn
    activity: Literal["docked", "charging", "sortie", "offline", "withdrawn", "lost"]
    if drone_id in situation.withdrawn:
        activity = "withdrawn"
    elif not heard:
        activity = "offline"
    elif not live:
        activity = "lost"
    elif active or state.in_air:
        activity = "sortie"
    elif sortie is not None and sortie.state is SortieState.CHARGING:
        activity = "charging"
    else:
        activity = "docked"
    because = None
    if not ready:
        because = situation.withdrawn.get(drone_id) or {
            "offline": "not heard yet",
            "lost": "link lost",
            "sortie": sortie.state.value if sortie else "in the air",
        }.get(activity, blocked.text if blocked is not None else "")
    return DroneView(
        id=drone.id,
        airframe=drone.airframe,
        base_id=drone.base_id,
        system_id=drone.system_id,
        connected=live,
        healthy=state.healthy,
        position=PositionView.model_validate(state.position) if state.position else None,
        height_m=round(state.height_m, 1),
        ground_speed_mps=round(state.ground_speed_mps, 2),
        heading_deg=round(state.heading_deg, 1),
        battery_share=round(state.battery_share, 3),
        armed=state.armed,
        in_air=state.in_air,
        mode=state.mode,
        seen_at_s=state.seen_at_s,
        activity=activity,
        sortie_id=sortie.id if active and sortie else None,
        ready=ready,
        not_ready_because=because,
        video_url=video_url_of(drone, state) or None,
    )
