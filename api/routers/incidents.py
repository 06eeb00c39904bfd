"""Incidents and patrol requests: report, look, release, cancel, choose a drone."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from api.engine import Engine
from api.intake import (
    IncidentIn,
    NeedIn,
    PatrolIn,
    Strict,
    content_hash,
    new_incident,
    read_position,
)
from api.problems import RESPONSES
from api.routers.common import Running, order_incident, show_incident
from api.security import Operator, Viewer
from api.views.decisions import DecisionView, decision_view
from api.views.incidents import IncidentView, incident_view
from dispatch.events import Assign, Cancel, Release
from dispatch.model import Incident, IncidentStatus
from dispatch.operations import Request as Once

router = APIRouter(tags=["incidents"], responses=RESPONSES)

IdempotencyKey = Annotated[
    str | None,
    Header(min_length=8, max_length=200, description="the same key with the same body makes one incident, not two"),
]
PATROL = "patrol"
LAST_SEQ = 2**63 - 1
"""No log has more entries."""


class IncidentsView(BaseModel):
    """A page of incidents, newest change first; ``next_before`` asks for the page after it."""

    incidents: list[IncidentView]
    next_before: int | None


class DroneChoice(Strict):
    """The drone that shall go."""

    drone_id: str = Field(max_length=100)


@router.post("/incidents", status_code=201, summary="Report an incident", responses={200: {"model": IncidentView}})
async def report(
    body: IncidentIn, response: Response, engine: Running, account: Operator, idempotency_key: IdempotencyKey = None
) -> IncidentView:
    """Accepted means stored and decided: the answer says which drone goes. A repeat answers 200 with the first's."""

    def make() -> Incident:
        situation, at_s = engine.operations.situation, engine.clock.now_s()
        position = read_position(body.longitude_deg, body.latitude_deg, body.datum, situation)
        return new_incident(body, situation, at_s=at_s, position=position, reported_by=account.username)

    return await _accept(engine, make, _once(idempotency_key, body), response)


@router.post("/patrols", status_code=201, summary="Request a patrol", responses={200: {"model": IncidentView}})
async def patrol(
    body: PatrolIn, response: Response, engine: Running, account: Operator, idempotency_key: IdempotencyKey = None
) -> IncidentView:
    """Fly these points in order and hold over the last: an incident of type ``patrol``."""
    first = body.points[0]
    asked = IncidentIn(
        longitude_deg=first.longitude_deg,
        latitude_deg=first.latitude_deg,
        datum=body.datum,
        type=PATROL,
        priority=body.priority,
        needs=None,
        watch_s=body.hold_s,
        note=body.note,
    )

    def make() -> Incident:
        situation, at_s = engine.operations.situation, engine.clock.now_s()
        position, *route = (read_position(p.longitude_deg, p.latitude_deg, body.datum, situation) for p in body.points)
        return new_incident(
            asked,
            situation,
            at_s=at_s,
            position=position,
            route=tuple(route),
            source="patrol",
            reported_by=account.username,
        )

    return await _accept(engine, make, _once(idempotency_key, body), response)


@router.post("/decide", summary="Who would go")
def decide(body: NeedIn, engine: Running, _: Viewer) -> DecisionView:
    """A dry run: every drone ranked with its ETA or the reason it is out. Nothing is stored, nothing flies."""
    situation = engine.operations.situation
    position = read_position(body.longitude_deg, body.latitude_deg, body.datum, situation)
    incident = new_incident(body, situation, at_s=engine.clock.now_s(), position=position, incident_id="preview")
    return decision_view(engine.operations.consider(incident))


@router.get("/incidents", summary="Incidents")
def incidents(
    engine: Running,
    _: Viewer,
    status: Annotated[list[IncidentStatus] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=LAST_SEQ)] = None,
) -> IncidentsView:
    """Live ones and those that are over, newest change first."""
    rows = engine.store.incidents(status=set(status) if status else None, limit=limit, before_seq=before)
    situation = engine.operations.situation
    found = [situation.incidents.get(row.value.id, row.value) for row in rows]
    views = [incident_view(one, situation, engine.last_decision(one)) for one in found]
    return IncidentsView(incidents=views, next_before=rows[-1].seq if len(rows) == limit else None)


@router.get("/incidents/{incident_id}", summary="One incident")
def incident(incident_id: str, engine: Running, _: Viewer) -> IncidentView:
    """Its clocks, its drone, the last decision in a sentence."""
    return show_incident(engine, incident_id)


@router.get("/incidents/{incident_id}/decisions", summary="Decisions on an incident")
def decisions(incident_id: str, engine: Running, _: Viewer) -> list[DecisionView]:
    """First to last; each holds every drone of the fleet, ranked, with its ETA or the reason it is out."""
    show_incident(engine, incident_id)
    return [decision_view(decision) for decision in engine.store.decisions_of(incident_id)]


@router.post("/incidents/{incident_id}/release", summary="Release its drone")
async def release(incident_id: str, engine: Running, account: Operator) -> IncidentView:
    """The incident is served: its drone comes home."""
    return await order_incident(engine, Release(at_s=engine.clock.now_s(), incident_id=incident_id), account)


@router.post("/incidents/{incident_id}/cancel", summary="Cancel it")
async def cancel(incident_id: str, engine: Running, account: Operator) -> IncidentView:
    """It is none: it is struck off and its drone comes home. Cannot be undone."""
    return await order_incident(engine, Cancel(at_s=engine.clock.now_s(), incident_id=incident_id), account)


@router.post("/incidents/{incident_id}/dispatch", summary="Choose its drone")
async def dispatch(incident_id: str, body: DroneChoice, engine: Running, account: Operator) -> IncidentView:
    """Another drone than the engine's choice, also one that is busy elsewhere; hard constraints hold all the same."""
    event = Assign(at_s=engine.clock.now_s(), incident_id=incident_id, drone_id=body.drone_id)
    return await order_incident(engine, event, account)


def _once(key: str | None, body: Strict) -> Once | None:
    return None if key is None else Once(key, content_hash(body))


async def _accept(engine: Engine, make: Callable[[], Incident], once: Once | None, response: Response) -> IncidentView:
    incident_id, new = await engine.accept(make, once)
    if new:
        response.headers["Location"] = f"/api/v1/incidents/{incident_id}"
    else:
        response.status_code = 200
    return await asyncio.to_thread(show_incident, engine, incident_id)
