"""What routers share: the engine of the app, and what an order leaves of what it named."""

from typing import Annotated

from fastapi import Depends, Request

from api.engine import Engine
from api.problems import Problem
from api.views import IncidentView, SortieView, incident_view, sortie_view
from dispatch.events import Event
from dispatch.model import Incident


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


Running = Annotated[Engine, Depends(_engine)]


def find_incident(engine: Engine, incident_id: str) -> Incident:
    """An incident, live or over; 404 if there never was one."""
    incident = engine.operations.situation.incidents.get(incident_id) or engine.store.incident(incident_id)
    if incident is None:
        raise Problem(404, "unknown_incident", f"there is no incident {incident_id!r}")
    return incident


def show_incident(engine: Engine, incident_id: str) -> IncidentView:
    """An incident as it is now."""
    return incident_view(find_incident(engine, incident_id), engine.operations.situation, engine.why)


async def order_incident(engine: Engine, event: Event, incident_id: str) -> IncidentView:
    """Carry out an order about an incident and show what became of it."""
    find_incident(engine, incident_id)
    await engine.operations.submit(event)
    return show_incident(engine, incident_id)


async def order_sortie(engine: Engine, event: Event, sortie_id: str) -> SortieView:
    """Carry out an order about a sortie and show what became of it."""
    await engine.operations.submit(event)
    sortie = next((s for s in engine.operations.situation.sorties.values() if s.id == sortie_id), None)
    sortie = sortie or engine.store.sortie(sortie_id)
    if sortie is None:
        raise Problem(404, "unknown_sortie", f"there is no sortie {sortie_id!r}")
    return sortie_view(sortie)
