"""A VTOL on its wing: straight legs that are long enough, each flown from hovering to hovering.

A fixed wing holds its airspeed, so its speed over ground follows from the wind on every leg, and it turns in a wide
curve. So it flies on its wing along one straight leg only: it transitions where the leg begins, goes back to hovering
before its end, and passes every corner as the multirotor that it then is.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """How an airframe flies on its wing; measured, like all of an :class:`geo.airframe.Airframe`."""

    airspeed_mps: float
    """What it is told to hold through the air, and holds."""
    forward_s: float
    """From hovering at the leg's beginning, its nose turned to the leg first, until it flies on its wing."""
    forward_m: float
    """How far it is then."""
    back_m: float
    """So far before the leg's end it goes back to hovering."""
    back_s: float
    """From there until it hovers over the end."""
    clearance_m: float
    """No closed ground is nearer than this to a leg flown on the wing: it keeps its line less closely."""
    cruise_w: float
    """Electric power on the wing."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"wing.{field.name} = {value!r} must be > 0")

    def least_m(self, hover_mps: float) -> float:
        """The shortest leg that is quicker on the wing than at ``hover_mps``, in still air; infinite: none is."""
        transitions_m = self.forward_m + self.back_m
        gained_s_per_m = 1.0 / hover_mps - 1.0 / self.airspeed_mps
        if gained_s_per_m <= 0:
            return math.inf
        lost_s = self.forward_s + self.back_s - transitions_m / self.airspeed_mps
        return max(transitions_m, lost_s / gained_s_per_m)

    def times_s(self, length_m: float, ground_mps: float, seen_from_m: float = 0.0) -> tuple[float, float, float]:
        """Seconds along a leg of at least :meth:`least_m`: until it goes back to hovering, until its end is seen from
        ``seen_from_m`` before it, in all.

        Both transitions are taken as even speeding up and slowing down; what is left of ``back_s`` it settles.
        """
        back_at_s = self.forward_s + (length_m - self.forward_m - self.back_m) / ground_mps
        into_m = length_m - seen_from_m
        if into_m <= 0:
            seen_s = 0.0
        elif into_m <= self.forward_m:
            seen_s = self.forward_s * math.sqrt(into_m / self.forward_m)
        elif seen_from_m >= self.back_m:
            seen_s = self.forward_s + (into_m - self.forward_m) / ground_mps
        elif seen_from_m > 0:
            slowing_s = 2.0 * self.back_m / ground_mps * (1.0 - math.sqrt(seen_from_m / self.back_m))
            seen_s = back_at_s + min(slowing_s, self.back_s)
        else:
            seen_s = back_at_s + self.back_s
        return back_at_s, seen_s, back_at_s + self.back_s


def stretches(wings_mps: Sequence[float]) -> Iterator[tuple[int, int]]:
    """First and behind the last of the legs that are flown from hovering to hovering: one on the wing (its speed is
    not 0), or all up to the next of these."""
    at = 0
    for on_wing, legs in itertools.groupby(wings_mps, bool):
        count = len(list(legs))
        yield from ((k, k + 1) for k in range(at, at + count)) if on_wing else [(at, at + count)]
        at += count
