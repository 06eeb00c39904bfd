"""Drills in the command room: which there are, begin one, what it told so far, its score."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.drill.form import load_drill, shipped
from api.drill.running import Drills
from api.drill.running import Running as RunningDrill
from api.intake import Strict, Word
from api.problems import RESPONSES, Problem
from api.routers.common import Running
from api.security import Operator, Viewer
from api.sitl.run import RunError
from api.views.parts import View

router = APIRouter(tags=["drills"], responses=RESPONSES)


class DrillIn(Strict):
    """Which drill."""

    name: Word = Field(examples=["night-flood"])
    answers: bool = Field(False, description="whether injects are answered as the drill says, for nobody is there to")


class DrillView(View):
    """A drill that comes with the program."""

    name: str
    title_en: str
    title_zh: str
    introduction_en: str
    introduction_zh: str
    incidents: int
    injects: int


class InjectView(View):
    """A message to the trainees, once it is due."""

    at_s: float = Field(description="seconds of the drill")
    name: str
    text_en: str
    text_zh: str


class PlayedView(View):
    """The drill that is played, or was last."""

    name: str
    state: Literal["running", "over", "failed"]
    asked_by: str
    began_at_s: float
    injects: list[InjectView]
    told: list[str] = Field(description="what happened, line by line")
    score: dict[str, Any] | None = Field(description="once it is over; see docs/drills.md")
    failed: str = Field(description="why it came to no score")


def _drills(request: Request) -> Drills:
    drills: Drills = request.app.state.drills
    return drills


Played = Annotated[Drills, Depends(_drills)]


def _view(engine: Running, played: RunningDrill) -> PlayedView:
    passed_s = engine.clock.now_s() - played.began_at_s
    due = [inject for inject in played.drill.injects if inject.at_s <= passed_s]
    return PlayedView(
        name=played.name,
        state="failed" if played.failed else "over" if played.score is not None else "running",
        asked_by=played.by,
        began_at_s=played.began_at_s,
        injects=[InjectView(at_s=i.at_s, name=i.name, text_en=i.text_en, text_zh=i.text_zh) for i in due],
        told=played.told,
        score=None if played.score is None else played.score.to_json(),
        failed=played.failed,
    )


@router.get("/drills", summary="The drills that there are")
def drills(_: Viewer) -> list[DrillView]:
    """Those that come with the program, with their introductions."""
    return [
        DrillView(
            name=name,
            title_en=drill.title_en,
            title_zh=drill.title_zh,
            introduction_en=drill.introduction_en,
            introduction_zh=drill.introduction_zh,
            incidents=len(drill.scenario.incidents),
            injects=len(drill.injects),
        )
        for name, path in shipped().items()
        for drill in (load_drill(path),)
    ]


@router.post("/drills", status_code=202, summary="Begin a drill")
async def begin_drill(body: DrillIn, engine: Running, account: Operator, played: Played) -> PlayedView:
    """Here and now, with embedded vehicles: one at a time. Injects come over the stream as `inject`."""
    known = await asyncio.to_thread(shipped)
    if body.name not in known:
        raise Problem(404, "unknown_drill", f"there is no drill {body.name!r}; there are: {', '.join(known)}")
    try:
        return _view(engine, played.begin(engine, body.name, account.username, answers=body.answers))
    except RunError as error:
        raise Problem(409, "drill_does_not_fit", str(error)) from error
    except RuntimeError as error:
        raise Problem(409, "drill_running", str(error)) from error


@router.get("/drills/last", summary="The drill that is played, or was last")
async def last_drill(engine: Running, _: Viewer, played: Played) -> PlayedView:
    """What it told so far, and its score once it is over."""
    return _view(engine, _last(played))


@router.post("/drills/last/stop", summary="Stop the drill")
async def stop_drill(engine: Running, _: Operator, played: Played) -> PlayedView:
    """It is scored as not finished. What flies goes on, and what was raised stays: lift and release as usual."""
    last = _last(played)
    await played.stop()
    return _view(engine, last)


def _last(played: Drills) -> RunningDrill:
    if played.last is None:
        raise Problem(404, "no_drill", "no drill was begun since the engine started")
    return played.last
