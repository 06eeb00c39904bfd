"""Drones and their sorties."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.intake import Strict
from api.problems import RESPONSES, Problem
from api.routers.common import Running, ask, order_sortie
from api.security import Operator, Viewer
from api.views.fleet import CheckView, DroneView, drone_view
from api.views.sorties import SortieView, sortie_view
from dispatch import preflight
from dispatch.events import Assign, HoldHere, Recall, Restore, Resume, Withdraw
from dispatch.model import SortieState

router = APIRouter(tags=["drones"], responses=RESPONSES)


class WhyIn(Strict):
    """A reason, for those who come after."""

    why: str = Field(min_length=1, max_length=500)


class RedirectIn(Strict):
    """The incident that it shall serve instead."""

    incident_id: str = Field(max_length=100)


class TrackPointView(BaseModel):
    """Where a drone was."""

    at_s: float
    longitude_deg: float
    latitude_deg: float
    height_m: float
    ground_speed_mps: float
    battery_share: float


@router.get("/drones", summary="The fleet")
def drones(engine: Running, _: Viewer) -> list[DroneView]:
    """Every registered drone as it is now."""
    situation = engine.operations.situation
    return [drone_view(drone_id, situation) for drone_id in situation.drones]


@router.get("/drones/{drone_id}", summary="One drone")
def drone(drone_id: str, engine: Running, _: Viewer) -> DroneView:
    """As it is now."""
    situation = engine.operations.situation
    if drone_id not in situation.drones:
        raise Problem(404, "unknown_drone", f"there is no drone {drone_id!r}")
    return drone_view(drone_id, situation)


@router.get("/drones/{drone_id}/checklist", summary="Pre-flight checklist")
def checklist(drone_id: str, engine: Running, _: Viewer) -> list[CheckView]:
    """Point by point whether it may be sent. A drone with a failed point is not dispatched, for the reason given."""
    situation = engine.operations.situation
    if drone_id not in situation.drones:
        raise Problem(404, "unknown_drone", f"there is no drone {drone_id!r}")
    return [CheckView.model_validate(check) for check in preflight.checklist(situation, drone_id)]


@router.post("/drones/{drone_id}/withdraw", summary="Take out of service")
async def withdraw(drone_id: str, body: WhyIn, engine: Running, account: Operator) -> DroneView:
    """It is not sent any more until restored. A sortie under way goes on."""
    await engine.operations.ask(
        Withdraw(at_s=engine.clock.now_s(), drone_id=drone_id, why=body.why), by=account.username
    )
    return drone_view(drone_id, engine.operations.situation)


@router.post("/drones/{drone_id}/restore", summary="Back into service")
async def restore(drone_id: str, engine: Running, account: Operator) -> DroneView:
    """It may be sent again."""
    await ask(engine, Restore(at_s=engine.clock.now_s(), drone_id=drone_id), account)
    return drone_view(drone_id, engine.operations.situation)


@router.get("/sorties", summary="Sorties")
def sorties(
    engine: Running,
    _: Viewer,
    state: Annotated[list[SortieState] | None, Query()] = None,
    drone_id: str | None = None,
    incident_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[SortieView]:
    """Newest change first."""
    found = engine.store.sorties(
        state=set(state) if state else None, drone_id=drone_id, incident_id=incident_id, limit=limit
    )
    return [sortie_view(row.value) for row in found]


@router.get("/sorties/{sortie_id}/track", summary="Where it flew")
def track(
    sortie_id: str, engine: Running, _: Viewer, limit: Annotated[int, Query(ge=1, le=20_000)] = 5000
) -> list[TrackPointView]:
    """One point a second while in the air."""
    if engine.store.sortie(sortie_id) is None:
        raise Problem(404, "unknown_sortie", f"there is no sortie {sortie_id!r}")
    return [
        TrackPointView(
            at_s=point.at_s,
            longitude_deg=point.position.longitude_deg,
            latitude_deg=point.position.latitude_deg,
            height_m=point.height_m,
            ground_speed_mps=point.ground_speed_mps,
            battery_share=point.battery_share,
        )
        for point in engine.store.track(sortie_id=sortie_id, limit=limit)
    ]


@router.post("/sorties/{sortie_id}/recall", summary="Call it home")
async def recall(sortie_id: str, engine: Running, account: Operator) -> SortieView:
    """It comes home; its incident is decided again without that drone."""
    return await order_sortie(engine, Recall(at_s=engine.clock.now_s(), sortie_id=sortie_id), sortie_id, account)


@router.post("/sorties/{sortie_id}/hold", summary="Hold where it is")
async def hold(sortie_id: str, engine: Running, account: Operator) -> SortieView:
    """It stops and hovers until resumed."""
    return await order_sortie(engine, HoldHere(at_s=engine.clock.now_s(), sortie_id=sortie_id), sortie_id, account)


@router.post("/sorties/{sortie_id}/resume", summary="Go on")
async def resume(sortie_id: str, engine: Running, account: Operator) -> SortieView:
    """A held drone goes on with what it was doing."""
    return await order_sortie(engine, Resume(at_s=engine.clock.now_s(), sortie_id=sortie_id), sortie_id, account)


@router.post("/sorties/{sortie_id}/redirect", summary="Send it elsewhere")
async def redirect(sortie_id: str, body: RedirectIn, engine: Running, account: Operator) -> SortieView:
    """It serves another incident instead; the one it leaves is decided again."""
    sortie = engine.operations.situation.sortie(sortie_id)
    if sortie is None:
        raise Problem(404, "unknown_sortie", f"there is no sortie {sortie_id!r} under way")
    event = Assign(at_s=engine.clock.now_s(), incident_id=body.incident_id, drone_id=sortie.drone_id)
    return await order_sortie(engine, event, sortie_id, account)
