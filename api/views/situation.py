"""The whole picture at one instant."""

from collections.abc import Mapping

from api.views.airspace import zones_view
from api.views.fleet import DroneView, drone_view
from api.views.incidents import IncidentView, incident_view
from api.views.parts import GeoJson, View
from api.views.sorties import SortieView, sortie_view
from dispatch.decide import AT_HOME
from dispatch.model import Decision, Situation


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
