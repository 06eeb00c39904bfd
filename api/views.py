"""The JSON that goes out. All times are seconds since 1970 (UTC) of *engine* time and end in ``_at_s``."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dispatch import preflight
from dispatch.camera import video_url_of
from dispatch.decide import AT_HOME
from dispatch.handover import arrives_at_s
from dispatch.model import (
    Circling,
    Decision,
    DroneState,
    Incident,
    IncidentStatus,
    IncidentType,
    Option,
    Situation,
    Sortie,
    SortieState,
)
from geo.airframe import Airframe
from geo.airspace import Grant, granted_until_s
from geo.flight import FlightPlan
from geo.formats.own import zones_to_geojson

GeoJson = dict[str, Any]


class View(BaseModel):
    """Built from a domain value's attributes."""

    model_config = ConfigDict(from_attributes=True)


class PositionView(View):
    """A place, WGS-84."""

    longitude_deg: float = Field(examples=[120.9566])
    latitude_deg: float = Field(examples=[31.3886])


class ClocksView(View):
    """The instants of one incident; null until they happen."""

    reported_at_s: float
    decided_at_s: float | None
    launched_at_s: float | None
    on_scene_at_s: float | None
    cleared_at_s: float | None
    returned_at_s: float | None


class RelayView(View):
    """Who takes over from the drone on scene, which cannot stay to the end of the watch."""

    leaves_at_s: float | None = Field(description="when the drone on scene must leave")
    call_at_s: float | None = Field(description="when the relief must be sent")
    drone_id: str | None = Field(description="the relief, or who would be sent as things stand")
    sortie_id: str | None = Field(description="the relief's sortie, once it was sent")
    eta_at_s: float | None = Field(description="when the relief is expected on scene; null before it is sent")
    lacks: "ReasonView | None" = Field(description="why nobody can take over, and what would change that")


class GapView(View):
    """A time in which nobody watched."""

    from_at_s: float
    until_at_s: float | None


class IncidentView(View):
    """One event at a place, and who serves it."""

    id: str
    type: str
    priority: int
    position: PositionView
    route: list[PositionView]
    status: IncidentStatus
    clocks: ClocksView
    sortie_id: str | None
    drone_id: str | None
    note: str
    source: str
    reported_by: str
    watch_s: float
    relay: RelayView | None = Field(description="null where the drone on scene can stay to the end")
    reliefs: int = Field(description="how often one drone took over from another")
    gaps: list[GapView] = Field(description="when nobody watched since somebody first did")
    eta_at_s: float | None = Field(description="when the drone is expected on scene")
    latest_decision_id: str | None
    why: str | None = Field(description="the last decision in one sentence")


class StepView(View):
    """One transition of a sortie."""

    state: SortieState
    at_s: float
    why: str


class ReasonView(View):
    """Why a drone is out, and what would change that."""

    code: str
    text: str
    change: str
    values: Mapping[str, float | str]


class OrbitView(View):
    """A circle over a scene, the camera inwards."""

    centre: PositionView
    radius_m: float
    speed_mps: float
    flown: bool = Field(description="whether the drone has been seen to fly it")


class CameraView(View):
    """What the camera of a drone on scene was told to look at."""

    at: PositionView
    seen: bool = Field(description="whether its gimbal has been seen to look there")


class SortieView(View):
    """One launch to one return."""

    id: str
    drone_id: str
    incident_id: str | None
    state: SortieState
    held: bool
    steps: list[StepView]
    route: list[tuple[float, float]] = Field(description="what it flies now, as [longitude, latitude]")
    eta_at_s: float | None
    home_base_id: str
    orbit: OrbitView | None = Field(description="the circle over its scene that it was told to fly")
    hovers: ReasonView | None = Field(description="why it hovers over its scene where an orbit was asked for")
    camera: CameraView | None = Field(description="what its camera was told to look at; null without a gimbal")
    unpointed: ReasonView | None = Field(description="why its camera does not show the scene")
    video_url: str | None = Field(description="where its pictures are, as the vehicle or the city says")


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


class FlightTimeView(View):
    """An ETA, part by part."""

    decision_s: float
    uplink_s: float
    wait_s: float = Field(description="on the dock until the air is clear of other drones")
    dock_s: float
    arm_s: float
    climb_s: float
    start_s: float = Field(description="from the order to fly until it moves")
    cruise_s: float
    arrive_s: float
    slew_s: float = Field(description="turning the camera to the goal")
    total_s: float = Field(description="most likely")
    p90_s: float = Field(description="nine flights of ten are no later")


class FlightEnergyView(View):
    """Battery energy, phase by phase, most likely and as it suffices nine flights of ten."""

    climb_wh: float
    cruise_wh: float
    hover_wh: float
    landing_wh: float
    total_wh: float
    p90_wh: float


class CheckView(View):
    """One point of the pre-flight checklist."""

    code: str
    verdict: preflight.Verdict
    told: str = Field(description="what the vehicle told; empty where it told nothing")
    reason: ReasonView | None = Field(description="what is wrong, and what would mend it")


class OptionView(View):
    """One drone in a decision."""

    drone_id: str
    time: FlightTimeView | None
    distance_m: float | None
    energy_wh: float | None
    energy: FlightEnergyView | None
    spare_wh: float | None
    stay_s: float | None = Field(description="how long it could watch")
    from_state: str
    preempts: str | None
    out: ReasonView | None


class DecisionView(View):
    """Who goes, and why each other does not."""

    id: str
    incident_id: str
    at_s: float
    drone_id: str | None
    policy: str
    why: str
    inputs_hash: str
    options: list[OptionView]


class WindView(View):
    """Uniform wind, by where it comes from."""

    speed_mps: float
    from_deg: float
    gust_mps: float


class ClockView(View):
    """Engine time, and how fast it runs."""

    now_at_s: float
    speed: float


class WeatherView(View):
    """Wind and rain."""

    wind: WindView
    rain_mm_h: float


class SituationView(View):
    """The whole picture at one instant, after entry ``seq`` of the log."""

    seq: int
    clock: ClockView
    wind: WindView
    rain_mm_h: float
    drones: list[DroneView]
    incidents: list[IncidentView]
    sorties: list[SortieView]
    zones: GeoJson


class BaseView(View):
    """A site with docks."""

    id: str
    name: str
    name_zh: str
    position: PositionView
    docks: int


class TypeView(View):
    """A kind of incident."""

    code: str
    name_en: str
    name_zh: str
    priority: int
    needs: list[str]
    watch_s: float
    orbit_radius_m: float


class AirframeView(View):
    """A type of aircraft: what can be commanded of it."""

    name: str
    kind: str
    speed_mps: float
    airspeed_mps: float
    climb_mps: float
    dock_s: float
    arm_s: float
    battery_wh: float
    reserve_share: float
    wind_limit_mps: float
    rain_limit_mm_h: float
    sensors: list[str]
    source: str


def decision_view(decision: Decision) -> DecisionView:
    """A decision with its ranked options."""
    return DecisionView.model_validate(decision)


def option_view(option: Option) -> OptionView:
    """One option."""
    return OptionView.model_validate(option)


def type_view(kind: IncidentType) -> TypeView:
    """One kind of incident."""
    return TypeView.model_validate(kind)


def airframe_view(airframe: Airframe) -> AirframeView:
    """One airframe."""
    return AirframeView.model_validate(airframe)


def incident_view(incident: Incident, situation: Situation, decision: Decision | None) -> IncidentView:
    """An incident with its drone and ETA, and the last ``decision`` on it."""
    sortie = situation.sortie(incident.sortie_id)
    serving = sortie is not None and sortie.incident_id == incident.id
    decided = decision.drone_id if decision and incident.status is not IncidentStatus.OPEN else None
    return IncidentView(
        id=incident.id,
        type=incident.type,
        priority=incident.priority,
        position=PositionView.model_validate(incident.position),
        route=[PositionView.model_validate(point) for point in incident.route],
        status=incident.status,
        clocks=ClocksView.model_validate(incident.clocks),
        sortie_id=incident.sortie_id,
        drone_id=sortie.drone_id if sortie else decided,
        note=incident.note,
        source=incident.source,
        reported_by=incident.reported_by,
        watch_s=incident.watch_s,
        relay=_relay_view(incident, situation),
        reliefs=incident.reliefs,
        gaps=[GapView.model_validate(gap) for gap in incident.gaps],
        eta_at_s=_eta_at_s(sortie) if sortie and serving and incident.clocks.on_scene_at_s is None else None,
        latest_decision_id=decision.id if decision else None,
        why=incident.waits_because or (decision.why if decision else None),
    )


def _relay_view(incident: Incident, situation: Situation) -> RelayView | None:
    relay = incident.relay
    relief = situation.sortie(incident.relief_id)
    if relay is None and relief is None:
        return None
    foreseen = relay.drone_id if relay is not None else None
    return RelayView(
        leaves_at_s=relay.leaves_at_s if relay is not None else None,
        call_at_s=relay.call_at_s if relay is not None else None,
        drone_id=relief.drone_id if relief is not None else foreseen,
        sortie_id=incident.relief_id,
        eta_at_s=_eta_at_s(relief) if relief is not None else None,
        lacks=ReasonView.model_validate(relay.lacks) if relay is not None and relay.lacks and relief is None else None,
    )


def sortie_view(sortie: Sortie) -> SortieView:
    """A sortie with the way it flies now."""
    plan = sortie.home if sortie.state in (SortieState.RETURNING, SortieState.RELEASED) else sortie.out
    return SortieView(
        id=sortie.id,
        drone_id=sortie.drone_id,
        incident_id=sortie.incident_id,
        state=sortie.state,
        held=sortie.held,
        steps=[StepView.model_validate(step) for step in sortie.steps],
        route=_line(plan) if sortie.state not in AT_HOME and plan is not None else [],
        eta_at_s=_eta_at_s(sortie),
        home_base_id=sortie.home_base_id,
        orbit=None if sortie.circling is None else _orbit_view(sortie.circling),
        hovers=None if sortie.hovers is None else ReasonView.model_validate(sortie.hovers),
        camera=None if sortie.pointing is None else CameraView.model_validate(sortie.pointing),
        unpointed=None if sortie.unpointed is None else ReasonView.model_validate(sortie.unpointed),
        video_url=sortie.video_url or None,
    )


def _orbit_view(circling: Circling) -> OrbitView:
    orbit = circling.orbit
    centre = PositionView.model_validate(orbit.centre)
    return OrbitView(centre=centre, radius_m=orbit.radius_m, speed_mps=orbit.speed_mps, flown=circling.seen)


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


class GrantView(View):
    """Leave to fly in a zone."""

    id: str
    zone_id: str
    authority: str
    reference: str
    from_at_s: float
    until_at_s: float
    recorded_by: str
    note: str


def grant_view(grant: Grant) -> GrantView:
    """A grant."""
    return GrantView(
        id=grant.id,
        zone_id=grant.zone_id,
        authority=grant.authority,
        reference=grant.reference,
        from_at_s=grant.from_s,
        until_at_s=grant.until_s,
        recorded_by=grant.recorded_by,
        note=grant.note,
    )


def zones_view(situation: Situation) -> GeoJson:
    """Every geozone as GeoJSON, with whether it is in force, and until when grants open it (null: none does now)."""
    collection: GeoJson = dict(zones_to_geojson(situation.zones.values()))
    for feature in collection["features"]:
        zone = situation.zones[feature["properties"]["id"]]
        feature["properties"] |= {
            "in_force": zone.holds_at(situation.now_s),
            "granted_until_s": granted_until_s(zone, situation.now_s, situation.grants.values()),
            "valid_from_s": zone.valid_from_s,
            "valid_until_s": zone.valid_until_s,
        }
    return collection


def situation_view(situation: Situation, seq: int, speed: float, why: Mapping[str, Decision]) -> SituationView:
    """The whole picture."""
    return SituationView(
        seq=seq,
        clock=ClockView(now_at_s=situation.now_s, speed=speed),
        wind=WindView.model_validate(situation.wind),
        rain_mm_h=situation.rain_mm_h,
        drones=[drone_view(drone_id, situation) for drone_id in situation.drones],
        incidents=[incident_view(i, situation, why.get(i.id)) for i in situation.incidents.values()],
        sorties=[sortie_view(s) for s in situation.sorties.values() if s.state not in AT_HOME],
        zones=zones_view(situation),
    )


def _line(plan: FlightPlan) -> list[tuple[float, float]]:
    if not plan.legs:
        return []
    points = [plan.legs[0].start, *(leg.end for leg in plan.legs)]
    return [(point.longitude_deg, point.latitude_deg) for point in points]


def _eta_at_s(sortie: Sortie) -> float | None:
    if sortie.state in (SortieState.DECIDED, SortieState.COMMANDED, SortieState.AIRBORNE, SortieState.EN_ROUTE):
        return arrives_at_s(sortie)
    if sortie.state is SortieState.RETURNING and sortie.home is not None:
        return sortie.steps[-1].at_s + sortie.home.time.total_s
    return None
