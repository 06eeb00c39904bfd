"""Telling how far the work is, and hearing the stop, in the model's own value and bound."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dispatch.coverage.answer import Progress, Tell
from dispatch.coverage.interrupt import Interrupt
from dispatch.coverage.stop import Stop, cancelled


class Enough(Exception):  # noqa: N818 - no error: the stop was heard
    """It was told to stop."""


@dataclass(slots=True)
class Told:
    """Stop and progress callback of one call; ``shown`` turns inner values into the model's."""

    stop: Stop
    tell: Tell
    shown: Callable[[float, float], tuple[float, float]] = lambda value, bound: (value, bound)
    last: Progress = field(default=Progress(stage="start", value=float("inf"), bound=0.0))
    interrupt: Interrupt = field(default_factory=Interrupt)

    @property
    def ended(self) -> bool:
        """Whether it is over altogether, by Ctrl-C or a cancelled stop."""
        return self.interrupt.heard or cancelled(self.stop)

    @contextmanager
    def until_stopped(self) -> Iterator[None]:
        """What is done within ends where it is told to stop; what it found so far stays."""
        try:
            yield
        except Enough:
            pass
        except KeyboardInterrupt:
            self.interrupt.heard = True

    def progress(self, stage: str, value: float, bound: float) -> Progress:
        """Tell; the progress that a stop is asked with."""
        value, bound = self.shown(value, bound)
        self.last = Progress(stage=stage, value=value, bound=bound)
        self.tell(self.last)
        return self.last

    def ask(self, stage: str, value: float, bound: float) -> None:
        """Tell, and raise :class:`Enough` where the stop says so, or Ctrl-C was heard."""
        if self.stop(self.progress(stage, value, bound)) or self.interrupt.heard:
            raise Enough

    def again(self) -> None:
        """The same progress once more."""
        self.tell(self.last)
        if self.stop(self.last) or self.interrupt.heard:
            raise Enough
