"""An incident: where it stands, who serves it, who takes over, and when nobody watched."""

from pydantic import Field

from api.views.parts import PositionView, ReasonView, View
from api.views.sorties import eta_at_s
from dispatch.model import Decision, Incident, IncidentStatus, Situation


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
    lacks: ReasonView | None = Field(description="why nobody can take over, and what would change that")


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
        eta_at_s=eta_at_s(sortie) if sortie and serving and incident.clocks.on_scene_at_s is None else None,
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
        eta_at_s=eta_at_s(relief) if relief is not None else None,
        lacks=ReasonView.model_validate(relay.lacks) if relay is not None and relay.lacks and relief is None else None,
    )
