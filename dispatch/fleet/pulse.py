"""One vehicle's own clock, and what it gives away: that it was started again, or that two of them speak as one.

Every autopilot counts the time since it was switched on. Heard again and again, that clock only goes forward. Where it
goes back once and then on, the vehicle has been started again: whatever it held, it holds no more. Where it goes back
and forth, two vehicles send under one system id, and what is heard of them is a mixture of both.
"""

from dataclasses import dataclass

BACK_S = 0.5
"""A clock that is this much before what was heard last has gone back; a message overtaken by another is less."""

SETTLE_S = 2.0
"""A clock that has gone back once and not again for this long (wall time) belongs to one vehicle, started again."""

TWINS_S = 10.0
"""Twice back within this long (wall time) are two vehicles: an autopilot takes longer to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What is remembered of a vehicle's clock. ``backs_s`` are the instants (wall time) at which it last went back."""

    clock_s: float = 0.0
    backs_s: tuple[float, ...] = ()

    def heard(self, clock_s: float, now_s: float) -> "Pulse":
        """The pulse once ``clock_s`` was heard at ``now_s``."""
        backs_s = tuple(at_s for at_s in self.backs_s if now_s - at_s < TWINS_S)
        if clock_s < self.clock_s - BACK_S:
            backs_s = (*backs_s, now_s)
        if clock_s == self.clock_s and backs_s == self.backs_s:
            return self
        return Pulse(clock_s=clock_s, backs_s=backs_s)

    @property
    def twins(self) -> bool:
        """Whether two vehicles send under this system id."""
        return len(self.backs_s) > 1

    def trusted(self, now_s: float) -> bool:
        """Whether what is heard now is surely of one vehicle."""
        return not self.twins and (not self.backs_s or now_s - self.backs_s[-1] >= SETTLE_S)
