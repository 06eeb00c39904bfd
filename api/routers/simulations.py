"""Simulations: what a city or a planned layout would do, asked for as a job."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.engine import Engine
from api.given import wind_of
from api.jobs.job import Kind
from api.problems import RESPONSES
from api.routers.asking import body_of, created, parsed, read_parts, wrong
from api.routers.common import Running
from api.routers.incidents import IdempotencyKey
from api.routers.jobs import JobView
from api.routers.plans import PLAN
from api.security import Planner, Viewer
from api.simulating.request import CALLS, PLANS, UPLOADS, SimulationIn, files_of, study_of
from api.views.parts import View
from dispatch.policies import PolicyError, policies, policy_of

router = APIRouter(tags=["jobs"], responses=RESPONSES)

SIMULATION = Kind(name="simulation", target="api.simulating.job:work")


class PolicyView(View):
    """A dispatch policy that a simulation can be asked for."""

    name: str
    about_en: str = Field(description="empty where a plug-in says nothing of itself")
    about_zh: str
    dial: float | None = Field(description="where its dial stands; `name:8` sets it. null: it has none")


@router.get("/policies", summary="Dispatch policies")
def list_policies(_: Viewer) -> list[PolicyView]:
    """Those that a simulation can be asked for, plug-ins among them."""
    return [
        PolicyView(name=name, about_en=policy.about_en, about_zh=policy.about_zh, dial=policy.dial)
        for name, policy in policies().items()
    ]


@router.post(
    "/simulations",
    status_code=201,
    summary="Ask for a simulation",
    responses={200: {"model": JobView}},
    openapi_extra=body_of("simulation", SimulationIn, UPLOADS),
)
async def ask_simulation(
    request: Request, response: Response, engine: Running, account: Planner, idempotency_key: IdempotencyKey = None
) -> JobView:
    """A job of the kind `simulation`: response times with intervals, of the city as it is and of layouts that were
    planned, under one policy or more. JSON, or multipart with the part `simulation` (the same JSON) and the files
    `calls` (records), `layout` (a layout.geojson), `stations` (of ground units), `wind_rose` and `weather` (by the
    hour). What is wrong with a file is told by the job. A repeat answers 200 with the first's."""
    body, inputs = await read_parts(request, "simulation", UPLOADS)
    asked = parsed(SimulationIn, body)
    for job_id in asked.plans:
        inputs[f"{PLANS}/{job_id}.geojson"] = await asyncio.to_thread(_layout_of, engine, job_id)
    try:
        for policy in asked.policies:
            policy_of(policy)
    except PolicyError as error:
        raise wrong(str(error), "policies") from error
    try:
        if asked.wind is not None:
            wind_of(asked.wind)
    except ValueError as error:
        raise wrong(str(error), "wind") from error
    if asked.workers > engine.settings.simulation_workers:
        most = engine.settings.simulation_workers
        raise wrong(f"no more than {most} here (REACH180_SIMULATION_WORKERS)", "workers")
    files = files_of(inputs, Path())
    if asked.replay and files.calls is None:
        raise wrong("there are no calls to replay: send a file of them", CALLS)
    try:
        study_of(asked, engine.settings.city, files)
    except ValueError as error:
        raise wrong(str(error), "simulation") from error
    return await created(
        engine, response, SIMULATION, asked, inputs, name=asked.name, by=account.username, key=idempotency_key
    )


def _layout_of(engine: Engine, job_id: str) -> bytes:
    """The layout that a plan came to."""
    job = engine.jobs.job(job_id)
    found = next((path for path in engine.jobs.results(job_id) if path.name == "layout.geojson"), None) if job else None
    if job is None or job.kind != PLAN.name or found is None:
        raise wrong(f"{job_id!r} is no plan with a layout", PLANS)
    return found.read_bytes()
