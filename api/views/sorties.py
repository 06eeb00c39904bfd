"""A sortie: its steps, the way that it flies now, its circle and its camera."""

from pydantic import Field

from api.views.parts import PositionView, ReasonView, View
from dispatch.decide import AT_HOME
from dispatch.handover import arrives_at_s
from dispatch.model import Circling, Sortie, SortieState
from geo.flight import FlightPlan


class StepView(View):
    """One transition of a sortie."""

    state: SortieState
    at_s: float
    why: str


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
        eta_at_s=eta_at_s(sortie),
        home_base_id=sortie.home_base_id,
        orbit=None if sortie.circling is None else _orbit_view(sortie.circling),
        hovers=None if sortie.hovers is None else ReasonView.model_validate(sortie.hovers),
        camera=None if sortie.pointing is None else CameraView.model_validate(sortie.pointing),
        unpointed=None if sortie.unpointed is None else ReasonView.model_validate(sortie.unpointed),
        video_url=sortie.video_url or None,
    )


def eta_at_s(sortie: Sortie) -> float | None:
    if sortie.state in (SortieState.DECIDED, SortieState.COMMANDED, SortieState.AIRBORNE, SortieState.EN_ROUTE):
        return arrives_at_s(sortie)
    if sortie.state is SortieState.RETURNING and sortie.home is not None:
        return sortie.steps[-1].at_s + sortie.home.time.total_s
    return None


def _orbit_view(circling: Circling) -> OrbitView:
    orbit = circling.orbit
    centre = PositionView.model_validate(orbit.centre)
    return OrbitView(centre=centre, radius_m=orbit.radius_m, speed_mps=orbit.speed_mps, flown=circling.seen)


def _line(plan: FlightPlan) -> list[tuple[float, float]]:
    if not plan.legs:
        return []
    points = [plan.legs[0].start, *(leg.end for leg in plan.legs)]
    return [(point.longitude_deg, point.latitude_deg) for point in points]
