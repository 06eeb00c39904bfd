"""The situation now, everything that moves after it, and whether the engine is well."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.problems import RESPONSES, Problem
from api.routers.common import Running
from api.security import Token, Viewer
from api.views.decisions import DecisionView
from api.views.situation import SituationView

router = APIRouter(tags=["live"], responses=RESPONSES)

CHECK_S = 5.0
"""So often a stream looks whether its session still holds."""

GRACE_S = 1.0
"""So long a stream has to end in order when the server stops, before it is cut off."""


class HealthView(BaseModel):
    """Whether the engine is well."""

    status: str
    city: str
    version: str
    uptime_s: float
    drones: int
    drones_ready: int
    incidents_open: int
    stream_clients: int
    failures: int


@router.get("/situation", summary="The whole picture", response_model=SituationView)
async def situation(engine: Running, _: Viewer) -> Response:
    """Drones, incidents, sorties, zones and weather at one instant."""
    return Response(engine.snapshot().data, media_type="application/json")


@router.get(
    "/stream",
    summary="Everything that moves",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "server-sent events"}},
)
async def stream(
    engine: Running,
    _: Viewer,
    token: Token,
    last_event_id: Annotated[
        str | None, Header(description="the id of the last event seen: the stream goes on there")
    ] = None,
) -> EventSourceResponse:
    """Server-sent events: situation, drones, incident, sortie, decision, zones, weather, clock, drill, inject.

    Resumable by id.

    It ends when the session does.
    """

    async def events() -> AsyncIterator[ServerSentEvent]:
        checked_s = time.monotonic()
        async with aclosing(engine.stream.listen(last_event_id)) as heard:
            async for event in heard:
                if time.monotonic() - checked_s > CHECK_S:
                    checked_s = time.monotonic()
                    try:
                        await asyncio.to_thread(engine.sessions.account, token)
                    except Problem:
                        return
                yield event

    return EventSourceResponse(events(), ping=15, shutdown_grace_period=GRACE_S)


@router.get("/decisions/{decision_id}", summary="One decision")
def decision(decision_id: str, engine: Running, _: Viewer) -> DecisionView:
    """With every drone of the fleet, ranked."""
    found = engine.store.decision(decision_id)
    if found is None:
        raise Problem(404, "unknown_decision", f"there is no decision {decision_id!r}")
    return DecisionView.model_validate(found)


@router.get("/health", summary="Is the engine well")
def health(engine: Running) -> HealthView:
    """Public: tells no positions and no names but the city's."""
    now = engine.operations.situation
    failures = engine.operations.failures
    return HealthView(
        status="ok" if failures == 0 else "degraded",
        city=engine.city.id,
        version=engine.version,
        uptime_s=round(time.monotonic() - engine.started_s, 1),
        drones=len(now.drones),
        drones_ready=sum(state.healthy and state.connected for state in now.states.values()),
        incidents_open=len(now.incidents),
        stream_clients=engine.stream.clients,
        failures=failures,
    )
