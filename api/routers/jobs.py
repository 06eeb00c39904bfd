"""Jobs: how far they are, what came out, cancel, delete. What makes one is a route of its kind."""

import json
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import FileResponse
from pydantic import Field

from api.jobs.job import Job, JobState
from api.problems import RESPONSES, Problem
from api.routers.common import Running
from api.security import Operator, Viewer
from api.views.parts import View
from dispatch.store import Account, Role

router = APIRouter(tags=["jobs"], responses=RESPONSES)


class ProgressView(View):
    """How far it was."""

    what: str = Field(description="what it did", examples=["tree"])
    seconds: float = Field(description="wall seconds of work until then")
    share: float | None = Field(description="of this step, where it is known")
    value: float | None = Field(description="of the best found so far, in the unit of what was asked")
    bound: float | None = Field(description="what nothing can be better than")
    gap: float | None = Field(description="|bound - value| / |value|")


class FailureView(View):
    """Why there is no result."""

    code: str = Field(examples=["infeasible"])
    detail: str
    where: str = Field(description="the part of the request that is wrong, if one is", examples=["demand"])


class ResultView(View):
    """One result file."""

    name: str = Field(examples=["layout.geojson"])
    bytes: int


class JobView(View):
    """A job in the list."""

    id: str
    kind: str = Field(examples=["plan"])
    name: str
    asked_by: str
    asked_at_s: float
    state: JobState
    began_at_s: float | None
    ended_at_s: float | None
    cancel_asked: bool
    progress: ProgressView | None = Field(description="the last that was told")
    failure: FailureView | None
    results: list[ResultView] = Field(description="files that can be fetched")


class JobDetailView(JobView):
    """A job with what was asked and how it went."""

    request: dict[str, Any]
    course: list[ProgressView] = Field(description="progress, first to last, thinned")


def job_view(engine: Running, job: Job) -> JobView:
    """As it stands in the list."""
    return JobView.model_validate(_values(engine, job))


def _values(engine: Running, job: Job) -> dict[str, Any]:
    shown = {name: getattr(job, name) for name in JobView.model_fields if name not in ("progress", "results")}
    results = [{"name": path.name, "bytes": path.stat().st_size} for path in engine.jobs.results(job.id)]
    return {**shown, "progress": job.progress[-1] if job.progress else None, "results": results}


def _job(job_id: Annotated[str, Path(max_length=100)], engine: Running) -> Job:
    job = engine.jobs.job(job_id)
    if job is None:
        raise Problem(404, "unknown_job", f"there is no job {job_id!r}")
    return job


Known = Annotated[Job, Depends(_job)]


@router.get("/jobs", summary="Jobs")
def jobs(engine: Running, _: Viewer) -> list[JobView]:
    """Those that wait, run, or are over and not deleted; the newest first."""
    return [job_view(engine, job) for job in engine.jobs.all()]


@router.get("/jobs/{job_id}", summary="One job")
def job(engine: Running, _: Viewer, job: Known) -> JobDetailView:
    """Its state, how value, bound and gap went, and the names of its result files. To be asked again while it runs."""
    request = json.loads(engine.jobs.request(job.id))
    return JobDetailView.model_validate({**_values(engine, job), "request": request, "course": job.progress})


@router.get(
    "/jobs/{job_id}/results/{name}",
    summary="A result file",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the file"}},
)
def result(engine: Running, _: Viewer, job: Known, name: Annotated[str, Path(max_length=200)]) -> FileResponse:
    """The file, to be saved: it is never shown as a page of ours."""
    return file_of(engine.jobs.results(job.id), name, f"job {job.id} ({job.state.value})")


@router.post("/jobs/{job_id}/cancel", summary="Cancel it")
async def cancel_job(engine: Running, account: Operator, job: Known) -> JobView:
    """It stops as soon as it can; the best that it found so far is its result. A job that is over stays as it is. Who
    is no planner may only end what he asked for himself."""
    _require_own(account, job)
    return job_view(engine, await engine.jobs.cancel(job.id))


@router.delete("/jobs/{job_id}", summary="Delete it", status_code=204)
async def delete_job(engine: Running, account: Operator, job: Known) -> None:
    """It is ended at once, and all its files are gone. Who is no planner may only delete what he asked for himself."""
    _require_own(account, job)
    await engine.jobs.delete(job.id)


def _require_own(account: Account, job: Job) -> None:
    if job.asked_by != account.username and not account.role.includes(Role.PLANNER):
        raise Problem(403, "forbidden", f"{job.id} was asked for by {job.asked_by}: this needs the role planner")


def file_of(files: Iterable[FilePath], name: str, whose: str) -> FileResponse:
    """The file of that name, to be saved; 404 where there is none."""
    for path in files:
        if path.name == name:
            return FileResponse(path, filename=name)
    raise Problem(404, "unknown_result", f"{whose} has no result {name!r}")
