"""Plans: where bases must stand, asked for as a job."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from api.engine import Engine
from api.jobs.job import Kind
from api.jobs.runner import TooManyJobsError
from api.planning.request import CANDIDATES, DEMAND, PlanIn, ask_of, drawn, uploaded
from api.problems import RESPONSES, Problem
from api.routers.common import Running
from api.routers.incidents import IdempotencyKey
from api.routers.jobs import JobView, job_view
from api.security import Planner
from dispatch.placement import AskError
from geo.datum import DatumError, parse_datum
from geo.geojson import GeoJSONError

router = APIRouter(tags=["jobs"], responses=RESPONSES)

PLAN = Kind(name="plan", target="api.planning.job:work")

_FILE = {"type": "string", "format": "binary"}
_REQUEST = PlanIn.model_json_schema()
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _REQUEST},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["plan"],
                    "properties": {"plan": _REQUEST, DEMAND: _FILE, CANDIDATES: _FILE},
                }
            },
        },
    }
}


@router.post(
    "/plans",
    status_code=201,
    summary="Ask for a plan",
    responses={200: {"model": JobView}},
    openapi_extra=_BODY,
)
async def ask_plan(
    request: Request, response: Response, engine: Running, account: Planner, idempotency_key: IdempotencyKey = None
) -> JobView:
    """A job of the kind `plan`: the best layout with its proof. JSON, or multipart with the part `plan` (the same JSON)
    and the files `demand` and `candidates`; without a file of demand it is the city's call model. What is wrong with a
    file is told by the job. A repeat answers 200 with the first's."""
    body, files = await _read(request)
    asked = _checked(body, engine)
    try:
        inputs = {**files, **drawn(asked, engine.city.centre)}
    except GeoJSONError as error:
        raise Problem(422, "invalid_plan", str(error)) from error
    sites = asked.candidates or asked.grid_m is not None or asked.points is not None
    if not sites and not any(name.startswith(f"{CANDIDATES}/") for name in inputs):
        raise _wrong("no site to choose from: give a grid, the city's candidates, points or a file", "candidates")
    try:
        job, new = await engine.jobs.create(
            PLAN,
            asked.model_dump_json(),
            inputs,
            context=engine.settings.city,
            name=asked.name,
            by=account.username,
            key=idempotency_key,
        )
    except TooManyJobsError as error:
        raise Problem(409, "too_many_jobs", str(error)) from error
    if new:
        response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    else:
        response.status_code = 200
    return await asyncio.to_thread(job_view, engine, job)


async def _read(request: Request) -> tuple[str | bytes, dict[str, bytes]]:
    """The request's JSON and its files by name. Read here, and so not before it is known who is asking."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await request.body(), {}
    if kind != "multipart/form-data":
        raise Problem(415, "not_json", "send JSON, or multipart/form-data with a part `plan` that is JSON")
    files: dict[str, bytes] = {}
    async with request.form(max_files=2, max_fields=1) as form:
        plan = form.get("plan")
        if not isinstance(plan, str):
            raise _wrong("there is no part `plan`", "plan")
        for which in (DEMAND, CANDIDATES):
            file = form.get(which)
            if isinstance(file, UploadFile):
                files |= uploaded(which, file.filename, await file.read())
        return plan, files


def _checked(body: str | bytes, engine: Engine) -> PlanIn:
    """The request, of which all that needs no file is right."""
    try:
        asked = PlanIn.model_validate(json.loads(body))
    except ValidationError as error:
        told: Any = error.errors(include_url=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in told]) from error
    except json.JSONDecodeError as error:
        wrong = {"type": "json_invalid", "loc": ("body", error.pos), "msg": error.msg, "ctx": {"error": error.msg}}
        raise RequestValidationError([wrong]) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "invalid_json", f"the body is not JSON: {error}") from error
    if asked.p is None and asked.budget is None and asked.model != "cover":
        raise _wrong(f"{asked.model} asks what so many bases can do: give p or a budget", "p")
    if asked.airframe is not None and asked.airframe not in engine.city.airframes:
        raise _wrong(f"unknown airframe; known are {', '.join(engine.city.airframes)}", "airframe")
    for where in ("demand_datum", "sites_datum"):
        datum = getattr(asked, where)
        try:
            if datum is not None:
                parse_datum(datum)
        except DatumError as error:
            raise _wrong(str(error), where) from error
    try:
        ask_of(asked)
    except AskError as error:
        raise _wrong(str(error), "model") from error
    return asked


def _wrong(message: str, where: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", where), "msg": message}])
