"""The drill of a running engine: one at a time, begun by an operator, scored at its end."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from api.drill.form import Drill, load_drill, shipped
from api.drill.leaving import leave_drill
from api.drill.live import VEHICLES, play_live, require_fit
from api.drill.score import Score, score_of, standing
from api.engine import Engine
from api.sitl.record import Record
from api.sitl.run import Run, record_of
from api.stream import message

log = structlog.get_logger(__name__)


@dataclass
class Running:
    """A drill that is played, or was. ``failed`` says why it came to no score."""

    name: str
    drill: Drill
    by: str
    began_at_s: float
    folder: Path
    """What it leaves."""
    told: list[str] = field(default_factory=list)
    run: Run | None = None
    ending: bool = False
    """Whether it is past being stopped: what is left is its end and its score."""
    score: Score | None = None
    failed: str = ""

    @property
    def over(self) -> bool:
        """Whether it is over."""
        return self.score is not None or bool(self.failed)

    @property
    def now_s(self) -> float:
        """Seconds of the drill that have passed; negative before its first."""
        return -1.0 if self.run is None else self.run.now_s

    def standing(self) -> Score | None:
        """The score, as if it ended now; None before it has begun."""
        if self.score is not None or self.run is None:
            return self.score
        seen = replace(record_of(self.run, VEHICLES, "it goes on"), asked=tuple(self.run.asked.values()))
        return standing(self.drill, seen, self.now_s)


class Drills:
    """The shipped drills, and the one that is played or was last."""

    def __init__(self) -> None:
        self.last: Running | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, engine: Engine, name: str, by: str, *, answers: bool) -> Running:
        """Begin a shipped drill in ``engine``. Raises KeyError for a name that there is not, RuntimeError while another
        is played, and :class:`api.sitl.run.RunError` where it does not fit the engine."""
        drill = load_drill(shipped()[name], speed=engine.clock.speed)
        if self.last is not None and not self.last.over:
            raise RuntimeError(f"drill {self.last.name} is being played")
        require_fit(engine, drill)
        now_s = engine.clock.now_s()
        folder = engine.settings.data / "drills" / f"{datetime.fromtimestamp(now_s, UTC):%Y%m%d-%H%M%S}-{name}"
        self.last = Running(name, drill, by, now_s, folder)
        self._task = asyncio.create_task(_play(engine, self.last, answers=answers))
        return self.last

    async def stop(self) -> None:
        """End the drill that is played: it is scored as not finished. What it left flying goes on."""
        if self._task is not None and self.last is not None:
            if not self.last.ending:
                self.last.ending = True
                self._task.cancel()
            await asyncio.wait({self._task})


async def _play(engine: Engine, running: Running, *, answers: bool) -> None:
    def begun(run: Run) -> None:
        running.run = run

    _publish(engine, running)
    try:
        record = await play_live(engine, running.drill, answers=answers, tell=running.told.append, begun=begun)
        running.ending = True
        running.score = await asyncio.to_thread(_judge, running, record)
    except asyncio.CancelledError:
        running.failed = "it was stopped before it began"
        raise
    except Exception as error:  # told to whoever asks; the engine goes on
        running.failed = str(error) or type(error).__name__
        log.exception("drill_failed", drill=running.name)
    finally:
        running.run = None  # all that was recorded
        _publish(engine, running)


def _judge(running: Running, record: Record) -> Score:
    """Score it and leave its files. It takes seconds: not in the loop that decides."""
    score = score_of(running.drill, record)
    leave_drill(running.folder, record, score, "POST /api/v1/drills")
    return score


def _publish(engine: Engine, running: Running) -> None:
    engine.stream.publish(message("drill", {"name": running.name, "over": running.over}))
