"""Engine time: the wall's, or faster. Only shells hold a clock; the kernel is told the time with every event."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells engine time in seconds since 1970 (UTC)."""

    @property
    def speed(self) -> float:
        """Engine seconds per wall second."""
        ...

    def now_s(self) -> float:
        """The engine's time; it never goes back."""
        ...


class WallClock:
    """Real time, steady: a step of the system's clock while we run does not move it.

    ``not_before_s``: where the log ends. A system's clock that was set back since is not followed, or every deadline
    in the log would lie ahead by as much.
    """

    speed = 1.0

    def __init__(self, not_before_s: float = 0.0) -> None:
        told_s = time.time()  # noqa: TID251 - a clock is where time comes from
        self._offset_s = max(told_s, not_before_s) - time.monotonic()

    def now_s(self) -> float:
        """Seconds since 1970 (UTC)."""
        return self._offset_s + time.monotonic()


class ScaledClock:
    """Time that runs ``speed`` times as fast from ``start_s`` on, and can be skipped forward."""

    def __init__(self, speed: float, start_s: float | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed {speed} must be > 0")
        self.speed = speed
        self._origin_s = time.monotonic()
        self._start_s = WallClock().now_s() if start_s is None else start_s

    def now_s(self) -> float:
        """Seconds since 1970 (UTC) as the scaled world counts them."""
        return self._start_s + (time.monotonic() - self._origin_s) * self.speed

    def skip(self, seconds: float) -> None:
        """Jump ahead by ``seconds`` ≥ 0."""
        if seconds < 0:
            raise ValueError(f"time cannot be skipped backwards ({seconds} s)")
        self._start_s += seconds
