"""Telling how far the work is, and hearing the stop, in the model's own value and bound."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatch.coverage.answer import Progress, Tell
from dispatch.coverage.branch import Enough
from dispatch.coverage.stop import Stop


@dataclass(slots=True)
class Told:
    """Stop and progress callback of one call; ``shown`` turns inner values into the model's."""

    stop: Stop
    tell: Tell
    shown: Callable[[float, float], tuple[float, float]] = lambda value, bound: (value, bound)
    last: Progress = field(default=Progress(stage="start", value=float("inf"), bound=0.0))

    def progress(self, stage: str, value: float, bound: float) -> Progress:
        """Tell; the progress that a stop is asked with."""
        value, bound = self.shown(value, bound)
        self.last = Progress(stage=stage, value=value, bound=bound)
        self.tell(self.last)
        return self.last

    def ask(self, stage: str, value: float, bound: float) -> None:
        """Tell, and raise :class:`Enough` where the stop says so."""
        if self.stop(self.progress(stage, value, bound)):
            raise Enough

    def again(self) -> None:
        """The same progress once more."""
        self.tell(self.last)
        if self.stop(self.last):
            raise Enough
