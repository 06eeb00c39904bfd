"""What a city has, whatever happens: bases, types of incidents, airframes."""

from api.views.parts import PositionView, View
from dispatch.model import IncidentType
from geo.airframe import Airframe


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


def type_view(kind: IncidentType) -> TypeView:
    """One kind of incident."""
    return TypeView.model_validate(kind)


def airframe_view(airframe: Airframe) -> AirframeView:
    """One airframe."""
    return AirframeView.model_validate(airframe)
