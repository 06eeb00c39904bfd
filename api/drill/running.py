"""The drill of a running engine: one at a time, begun by an operator, scored at its end."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import structlog

from api.drill.form import Drill, load_drill, shipped
from api.drill.live import play_live, require_fit
from api.drill.score import Score, score_of
from api.engine import Engine

log = structlog.get_logger(__name__)


@dataclass
class Running:
    """A drill that is played, or was. ``failed`` says why it came to no score."""

    name: str
    drill: Drill
    by: str
    began_at_s: float
    told: list[str] = field(default_factory=list)
    score: Score | None = None
    failed: str = ""

    @property
    def over(self) -> bool:
        """Whether it is over."""
        return self.score is not None or bool(self.failed)


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
        self.last = Running(name, drill, by, engine.clock.now_s())
        self._task = asyncio.create_task(_play(engine, self.last, answers=answers))
        return self.last

    async def stop(self) -> None:
        """End the drill that is played: it is scored as not finished. What it left flying goes on."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


async def _play(engine: Engine, running: Running, *, answers: bool) -> None:
    try:
        record = await play_live(engine, running.drill, answers=answers, tell=running.told.append)
        running.score = score_of(running.drill, record)
    except asyncio.CancelledError:
        running.failed = "it was stopped before it began"
        raise
    except Exception as error:  # told to whoever asks; the engine goes on
        running.failed = str(error) or type(error).__name__
        log.exception("drill_failed", drill=running.name)
