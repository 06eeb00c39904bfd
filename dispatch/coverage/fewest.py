"""The fewest (cheapest) bases for a share of the demand: covering decisions over what may be used.

A decision asks :func:`~dispatch.coverage.deep.maximise_deep` whether so much use covers enough; it says yes with a
layout, no with a bound, or nothing within its effort. Decisions by halving find what can be had quickly from above and
what is ruled out quickly from below; those left between them get all the time there is, the cheapest success first.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from dispatch.coverage import rest
from dispatch.coverage.answer import Progress
from dispatch.coverage.deep import Deep, maximise_deep, with_enough
from dispatch.coverage.kernels.types import Ints
from dispatch.coverage.levels import Choice, Levels
from dispatch.coverage.setcover import Covering
from dispatch.coverage.stop import Stop, cancelled, left_s
from dispatch.coverage.telling import Told

QUICK_STEPS = 40
"""A quick decision ends after so many steps of progress."""

FINE = 1e-7
"""Uses that are no whole numbers are told apart down to this share."""


def fewest(levels: Levels, times: int, goal: float, choice: Choice, told: Told, start: Ints | None = None) -> Covering:
    """The least use of a choice that gains ``goal``; a choice with y = None where none is known.

    ``told`` hears uses and bound. All that may open gains ``goal``: who calls has made sure of that.
    """
    whole = bool((choice.uses == np.floor(choice.uses)).all())
    search = _Search(levels=levels, times=times, goal=goal, choice=choice, told=told, whole=whole)
    enough = start is not None and Deep(with_enough(levels, times, choice), times, choice).value(start) >= goal
    search.y = start if start is not None and enough else choice.high.copy()
    search.high = float(choice.uses @ search.y)
    search.low = float(choice.uses @ choice.low)
    with told.until_stopped():
        search.run()
    return Covering(search.y, search.high, min(search.low, search.high))


@dataclass(slots=True, kw_only=True)
class _Search:
    """``high`` is used by ``y``; ``low`` is what none can use less than."""

    levels: Levels
    times: int
    goal: float
    choice: Choice
    told: Told
    whole: bool
    y: Ints = field(init=False)
    high: float = field(init=False)
    low: float = field(init=False)

    def run(self) -> None:
        self.told.ask("first", self.high, self.low)
        above = self.low  # below it a quick decision found nothing
        while self.high - above > self._step(self.high):
            middle = self._between(above, self.high)
            if self._decided(middle, quick=True) is not True:
                above = middle + (1.0 if self.whole else 0.0)
        below = self.high  # from it on a quick decision ruled nothing out
        while below - self.low > self._step(self.high):
            middle = self._between(self.low, below)
            if self._decided(middle, quick=True) is not False:
                below = min(below, middle)
            below = min(below, self.high)
        if self.times > 1:
            self._settled_whole()
            return
        while self.high - self.low > self._step(self.high):
            last = self.high - 1.0 if self.whole else (self.low + self.high) / 2
            if self._decided(last, quick=False) is None:
                return
        self.low = self.high

    def _settled_whole(self) -> None:
        """What is left of a deep question goes to SCIP, as one."""
        deep = Deep(with_enough(self.levels, self.times, self.choice), self.times, self.choice)
        effort = rest.Effort()
        while self.high > self.low and len(deep.rows.sites) <= rest.MOST_ENTRIES:
            better = self.high - (1.0 - 1e-5 if self.whole else FINE * abs(self.high))
            part = rest.gaining_deeply(deep.rows, self.times, self.goal, self.choice, better, effort, self.told)
            if part.y is not None and deep.value(part.y) >= self.goal:
                self.y, self.high = part.y, float(self.choice.uses @ part.y)
            reached = self.high if part.done else min(self.high, part.bound - 1e-9 * abs(part.bound))
            self.low = max(self.low, math.ceil(reached - 1e-6) if self.whole else reached)
            effort = effort.twice()
            self.told.ask("proof", self.high, self.low)
        while self.high > self.low and len(deep.rows.sites) > rest.MOST_ENTRIES:  # too large for it: raise the bound
            if self._decided(self.low, quick=False, exact=False) is not False:
                return

    def _step(self, about: float) -> float:
        return 0.0 if self.whole else FINE * abs(about)

    def _between(self, low: float, high: float) -> float:
        return math.floor((low + high) / 2) if self.whole else (low + high) / 2

    def _decided(self, most: float, *, quick: bool, exact: bool = True) -> bool | None:
        """Whether ``most`` is enough; None where that stays open."""
        choice = replace(self.choice, most=most + 1e-9 * abs(most))
        stop: Stop = _Quick(self.told.stop) if quick else self.told.stop
        inner = Told(
            stop,
            lambda step: self.told.tell(replace(step, value=self.high, bound=self.low)),
            interrupt=self.told.interrupt,
        )
        found = maximise_deep(
            self.levels, self.times, choice, inner, goal=self.goal, start=self._start(choice), exact=exact and not quick
        )
        if found.value >= self.goal:
            self.y, self.high = found.y, float(self.choice.uses @ found.y)
        elif found.bound < self.goal:
            self.low = min(self.high, max(self.low, most + 1.0 if self.whole else most))
        self.told.ask("proof", self.high, self.low)
        if found.value >= self.goal:
            return True
        return False if found.bound < self.goal else None

    def _start(self, choice: Choice) -> Ints:
        """What is open now, without what the means do not allow: the least that is used goes first."""
        y = self.y.copy()
        gains = np.bincount(self.levels.sites, np.repeat(self.levels.gains, np.diff(self.levels.levels)), len(y))
        for j in np.argsort(gains, kind="stable").tolist():
            if float(choice.uses @ y) <= choice.most:
                break
            y[j] = choice.low[j]
        return y


@dataclass(slots=True)
class _Quick:
    """Stop after some steps, or when it is said."""

    stop: Stop
    steps: int = 0

    def __call__(self, progress: Progress) -> bool:
        self.steps += 1
        return self.stop(progress) or self.steps > QUICK_STEPS

    def left_s(self) -> float:
        return min(2.0, left_s(self.stop))

    def cancelled(self) -> bool:
        return cancelled(self.stop)
