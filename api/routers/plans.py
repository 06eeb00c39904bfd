"""Plans: where bases must stand, asked for as a job."""

from fastapi import APIRouter, Request, Response

from api.engine import Engine
from api.jobs.job import Kind
from api.planning.request import CANDIDATES, DEMAND, PlanIn, ask_of, drawn
from api.problems import RESPONSES, Problem
from api.routers.asking import body_of, created, parsed, read_parts, wrong
from api.routers.common import Running
from api.routers.incidents import IdempotencyKey
from api.routers.jobs import JobView
from api.security import Planner
from dispatch.placement import AskError
from geo.datum import DatumError, parse_datum
from geo.geojson import GeoJSONError

router = APIRouter(tags=["jobs"], responses=RESPONSES)

PLAN = Kind(name="plan", target="api.planning.job:work")


@router.post(
    "/plans",
    status_code=201,
    summary="Ask for a plan",
    responses={200: {"model": JobView}},
    openapi_extra=body_of("plan", PlanIn, (DEMAND, CANDIDATES)),
)
async def ask_plan(
    request: Request, response: Response, engine: Running, account: Planner, idempotency_key: IdempotencyKey = None
) -> JobView:
    """A job of the kind `plan`: the best layout with its proof. JSON, or multipart with the part `plan` (the same JSON)
    and the files `demand` and `candidates`; without a file of demand it is the city's call model. What is wrong with a
    file is told by the job. A repeat answers 200 with the first's."""
    body, files = await read_parts(request, "plan", (DEMAND, CANDIDATES))
    asked = _checked(body, engine)
    try:
        inputs = {**files, **drawn(asked, engine.city.centre)}
    except GeoJSONError as error:
        raise Problem(422, "invalid_plan", str(error)) from error
    sites = asked.candidates or asked.grid_m is not None or asked.points is not None
    if not sites and not any(name.startswith(f"{CANDIDATES}/") for name in inputs):
        raise wrong("no site to choose from: give a grid, the city's candidates, points or a file", "candidates")
    return await created(
        engine, response, PLAN, asked, inputs, name=asked.name, by=account.username, key=idempotency_key
    )


def _checked(body: str | bytes, engine: Engine) -> PlanIn:
    """The request, of which all that needs no file is right."""
    asked = parsed(PlanIn, body)
    if asked.p is None and asked.budget is None and asked.model != "cover":
        raise wrong(f"{asked.model} asks what so many bases can do: give p or a budget", "p")
    if asked.airframe is not None and asked.airframe not in engine.city.airframes:
        raise wrong(f"unknown airframe; known are {', '.join(engine.city.airframes)}", "airframe")
    for where in ("demand_datum", "sites_datum"):
        datum = getattr(asked, where)
        try:
            if datum is not None:
                parse_datum(datum)
        except DatumError as error:
            raise wrong(str(error), where) from error
    try:
        ask_of(asked)
    except AskError as error:
        raise wrong(str(error), "model") from error
    return asked
