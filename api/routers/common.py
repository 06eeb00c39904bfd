"""What routers share: the engine of the app, and what an order leaves of what it named."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request

from api.engine import Engine
from api.problems import Problem
from api.views.incidents import IncidentView, incident_view
from api.views.sorties import SortieView, sortie_view
from dispatch.events import Asked, Assign, Cancel, Order, OrderError, Outcome, Release
from dispatch.model import Incident
from dispatch.store import Account


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


Running = Annotated[Engine, Depends(_engine)]


def show_incident(engine: Engine, incident_id: str) -> IncidentView:
    """An incident as it is now, live or over; 404 if there never was one. Reads the store: not for the event loop."""
    situation = engine.operations.situation
    incident = situation.incidents.get(incident_id) or engine.store.incident(incident_id)
    if incident is None:
        raise Problem(404, "unknown_incident", f"there is no incident {incident_id!r}")
    return incident_view(incident, situation, engine.last_decision(incident))


async def ask(engine: Engine, event: Asked, by: Account) -> Outcome:
    """What came of what ``by`` asks for. Raises :class:`OrderError` and the store's errors."""
    return await engine.operations.ask(event, by=by.username)


async def order_incident(engine: Engine, event: Release | Cancel | Assign, by: Account) -> IncidentView:
    """Carry out an order of ``by`` about an incident and show what became of it."""
    incident_id = event.incident_id
    if incident_id not in engine.operations.situation.incidents:
        ended = await asyncio.to_thread(show_incident, engine, incident_id)
        raise Problem(409, "over", f"incident {incident_id} is {ended.status.value}")
    outcome = await ask(engine, event, by)
    changed = (r for r in outcome.records if isinstance(r, Incident) and r.id == incident_id)
    incident = next(changed, None) or outcome.situation.incidents[incident_id]
    return incident_view(incident, outcome.situation, engine.why.get(incident_id))


async def order_sortie(engine: Engine, event: Order, sortie_id: str, by: Account) -> SortieView:
    """Carry out an order of ``by`` about a sortie and show what became of it."""
    try:
        outcome = await ask(engine, event, by)
    except OrderError as error:
        if error.code == "unknown_sortie" and await asyncio.to_thread(engine.store.sortie, sortie_id) is not None:
            raise Problem(409, "too_late", f"sortie {sortie_id} is over") from error
        raise
    sortie = outcome.situation.sortie(sortie_id)
    assert sortie is not None, "an order to a sortie that there is not is refused"
    return sortie_view(sortie)
