"""When to stop: values that are called with the progress, and answer. They join with :class:`Either`.

The kernel has no clock; a time limit is given one by its maker (``TimeLimit(60, time.monotonic)``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from dispatch.coverage.answer import Progress


class Stop(Protocol):
    """Asked at every step: whether to be content with what there is."""

    def __call__(self, progress: Progress, /) -> bool:
        """Whether to stop."""
        ...


@dataclass(frozen=True, slots=True)
class Never:
    """Go on until it is proven."""

    def __call__(self, _progress: Progress) -> bool:
        """No."""
        return False


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Stop ``limit_s`` seconds of ``clock`` after this was made. Raises ``ValueError`` for a limit below 0."""

    limit_s: float
    clock: Callable[[], float]
    began_s: float = field(init=False)

    def __post_init__(self) -> None:
        if not self.limit_s >= 0:
            raise ValueError(f"a time limit of {self.limit_s} s: give 0 or more")
        object.__setattr__(self, "began_s", self.clock())

    def __call__(self, _progress: Progress) -> bool:
        """Whether the time is over."""
        return self.left_s() <= 0.0

    def left_s(self) -> float:
        """Seconds that are left."""
        return self.limit_s - (self.clock() - self.began_s)


@dataclass(frozen=True, slots=True)
class Gap:
    """Stop when the gap is at most ``share`` (0.01: one per cent). Raises ``ValueError`` for a share below 0."""

    share: float

    def __post_init__(self) -> None:
        if not self.share >= 0:
            raise ValueError(f"a gap of {self.share}: give 0 or more")

    def __call__(self, progress: Progress) -> bool:
        """Whether value and bound are near enough."""
        return progress.gap <= self.share


@dataclass(slots=True)
class NoImprovement:
    """Stop after ``steps`` steps of progress in which neither value nor bound moved."""

    steps: int
    _last: tuple[float, float] | None = None
    _since: int = 0

    def __call__(self, progress: Progress) -> bool:
        """Whether nothing has moved for so long."""
        now = (progress.value, progress.bound)
        self._since = self._since + 1 if now == self._last else 0
        self._last = now
        return self._since >= self.steps


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Stop when ``asked`` says so: a flag that a signal handler or another thread sets."""

    asked: Callable[[], bool]

    def __call__(self, _progress: Progress) -> bool:
        """Whether somebody has asked."""
        return self.asked()

    def cancelled(self) -> bool:
        """Whether somebody has asked."""
        return self.asked()


@dataclass(frozen=True, slots=True)
class Either:
    """Stop when one of these would."""

    stops: tuple[Stop, ...]

    def __call__(self, progress: Progress) -> bool:
        """Whether any would stop; all are asked, for some count."""
        return True in [stop(progress) for stop in self.stops]

    def left_s(self) -> float:
        """Seconds that the strictest of them leaves."""
        return min(map(left_s, self.stops), default=float("inf"))

    def cancelled(self) -> bool:
        """Whether any of them is."""
        return any(map(cancelled, self.stops))


@dataclass(frozen=True, slots=True)
class Part:
    """Stop when ``stop`` would, or when this ``share`` of the time that it left when this was made is used."""

    stop: Stop
    share: float
    until_s: float = field(init=False)

    def __post_init__(self) -> None:
        left = left_s(self.stop)
        object.__setattr__(self, "until_s", (1 - self.share) * left if left < float("inf") else 0.0)

    def __call__(self, progress: Progress) -> bool:
        """Whether the part, or the whole, is over."""
        return self.stop(progress) or self.left_s() <= 0.0

    def left_s(self) -> float:
        """Seconds of the part that are left."""
        return left_s(self.stop) - self.until_s

    def cancelled(self) -> bool:
        """Whether the whole is."""
        return cancelled(self.stop)


def left_s(stop: Stop) -> float:
    """Seconds that ``stop`` leaves; infinite where it knows no time."""
    told = getattr(stop, "left_s", None)
    return float(told()) if told is not None else float("inf")


def cancelled(stop: Stop) -> bool:
    """Whether somebody has asked to stop altogether."""
    told = getattr(stop, "cancelled", None)
    return bool(told()) if told is not None else False
