"""Drills: which there are, begin one in the command room, what it told so far, its score; play one here as a job."""

import asyncio
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from api.drill.form import Drill, load_drill, shipped
from api.drill.live import Misfit, misfit
from api.drill.request import HereIn, LiveIn
from api.drill.running import Drills
from api.drill.running import Running as RunningDrill
from api.jobs.job import Kind
from api.problems import RESPONSES, Problem
from api.routers.asking import created
from api.routers.common import Running
from api.routers.incidents import IdempotencyKey
from api.routers.jobs import JobView, ResultView, file_of
from api.security import Operator, Viewer
from api.sitl.run import RunError
from api.views.parts import PositionView, View

router = APIRouter(tags=["drills"], responses=RESPONSES)

DRILL = Kind(name="drill", target="api.drill.job:work")


class DrillView(View):
    """A drill that comes with the program."""

    name: str
    title_en: str
    title_zh: str
    introduction_en: str
    introduction_zh: str
    incidents: int
    injects: int
    last_at_s: float = Field(description="when the last of its timetable happens; drones fly home after that")
    misfit: Misfit | None = Field(description="why it cannot be begun in this room; null: it can")


class InjectView(View):
    """A message to the trainees, once it is due."""

    at_s: float = Field(description="seconds of the drill")
    name: str
    text_en: str
    text_zh: str
    within_s: float | None = Field(description="so soon it is to be answered; null: nothing is asked")
    position: PositionView | None = Field(description="where that is which it asks about")


class PlayedView(View):
    """The drill that is played, or was last."""

    name: str
    title_en: str
    title_zh: str
    state: Literal["running", "over", "failed"]
    asked_by: str
    began_at_s: float
    passed_s: float | None = Field(description="seconds of the drill; null: it has not begun, or is over")
    last_at_s: float
    injects: list[InjectView]
    told: list[str] = Field(description="what happened, line by line")
    standing: dict[str, Any] | None = Field(description="the score as if it ended now, of what can be told by now")
    score: dict[str, Any] | None = Field(description="once it is over; see docs/drills.md")
    failed: str = Field(description="why it came to no score")
    files: list[ResultView] = Field(description="what it left, once it is over")


def _drills(request: Request) -> Drills:
    drills: Drills = request.app.state.drills
    return drills


Played = Annotated[Drills, Depends(_drills)]


def _view(played: RunningDrill) -> PlayedView:
    drill, passed_s = played.drill, played.now_s
    due = drill.injects if played.over else [inject for inject in drill.injects if inject.at_s <= passed_s]
    stands = played.standing()
    return PlayedView(
        name=played.name,
        title_en=drill.title_en,
        title_zh=drill.title_zh,
        state="failed" if played.failed else "over" if played.score is not None else "running",
        asked_by=played.by,
        began_at_s=played.began_at_s,
        passed_s=None if played.run is None else passed_s,
        last_at_s=drill.last_at_s,
        injects=[
            InjectView(
                at_s=inject.at_s,
                name=inject.name,
                text_en=inject.text_en,
                text_zh=inject.text_zh,
                within_s=None if inject.answer is None else inject.answer.within_s,
                position=None if (place := drill.place_of(inject)) is None else PositionView.model_validate(place),
            )
            for inject in due
        ],
        told=played.told,
        standing=None if stands is None else stands.to_json(),
        score=None if played.score is None else played.score.to_json(),
        failed=played.failed,
        files=[ResultView(name=path.name, bytes=path.stat().st_size) for path in _files(played)],
    )


def _files(played: RunningDrill) -> list[FilePath]:
    return sorted(played.folder.iterdir()) if played.over and played.folder.is_dir() else []


async def _known(name: str) -> Drill:
    known = await asyncio.to_thread(shipped)
    if name not in known:
        raise Problem(404, "unknown_drill", f"there is no drill {name!r}; there are: {', '.join(known)}")
    return await asyncio.to_thread(load_drill, known[name])


@router.get("/drills", summary="The drills that there are")
def drills(engine: Running, _: Viewer) -> list[DrillView]:
    """Those that come with the program, with their introductions, and which can be begun in this room."""
    return [
        DrillView(
            name=name,
            title_en=drill.title_en,
            title_zh=drill.title_zh,
            introduction_en=drill.introduction_en,
            introduction_zh=drill.introduction_zh,
            incidents=len(drill.scenario.incidents),
            injects=len(drill.injects),
            last_at_s=drill.last_at_s,
            misfit=misfit(engine, drill),
        )
        for name, path in shipped().items()
        for drill in (load_drill(path),)
    ]


@router.post("/drills", status_code=202, summary="Begin a drill")
async def begin_drill(body: LiveIn, engine: Running, account: Operator, played: Played) -> PlayedView:
    """In this room and now, with embedded vehicles: one at a time. The stream tells of it as `drill`, when it begins
    and when it is over, and of injects as `inject`."""
    await _known(body.name)
    try:
        return _view(played.begin(engine, body.name, account.username, answers=body.answers))
    except RunError as error:
        raise Problem(409, "drill_does_not_fit", str(error)) from error
    except RuntimeError as error:
        raise Problem(409, "drill_running", str(error)) from error


@router.post("/drills/here", status_code=201, summary="Play a drill here", responses={200: {"model": JobView}})
async def play_drill(
    body: HereIn, response: Response, engine: Running, account: Operator, idempotency_key: IdempotencyKey = None
) -> JobView:
    """A job of the kind `drill`: kinematic vehicles fly it, at any speed, and nothing of it is seen in this room. Its
    results are the score and the report. A repeat answers 200 with the first's."""
    await _known(body.name)
    return await created(engine, response, DRILL, body, {}, name=body.name, by=account.username, key=idempotency_key)


@router.get("/drills/last", summary="The drill that is played, or was last")
async def last_drill(_: Viewer, played: Played) -> PlayedView:
    """What it told so far, how it stands, and its score once it is over."""
    return _view(_last(played))


@router.get(
    "/drills/last/files/{name}",
    summary="What the last drill left",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the file"}},
)
def drill_file(_: Viewer, played: Played, name: Annotated[str, Path(max_length=200)]) -> FileResponse:
    """Score, report and tracks, to be saved."""
    last = _last(played)
    return file_of(_files(last), name, f"drill {last.name}")


@router.post("/drills/last/stop", summary="Stop the drill")
async def stop_drill(_: Operator, played: Played) -> PlayedView:
    """It is scored as not finished. What flies goes on, and what was raised stays: lift and release as usual."""
    last = _last(played)
    await played.stop()
    return _view(last)


def _last(played: Drills) -> RunningDrill:
    if played.last is None:
        raise Problem(404, "no_drill", "no drill was begun since the engine started")
    return played.last
