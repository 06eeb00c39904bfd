"""The most demand that several different bases reach in time: covered ``times`` deep.

A point counts when ``times`` of its sites are open, and nothing before: not concave, so not :mod:`levels`. But
min(open sites, times) / times is, and never less: its best value is a bound. Its layout is improved by swaps that look
at the real count, and small problems go to SCIP whole.
"""

from dataclasses import dataclass, replace

import numpy as np

from dispatch.coverage import rest
from dispatch.coverage.branch import Found, Warm, maximise
from dispatch.coverage.kernels.types import Bools, Floats, Ints
from dispatch.coverage.levels import Choice, Levels, merged
from dispatch.coverage.telling import Enough, Told

MOST_SWEEPS = 20


def maximise_deep(
    given: Levels,
    times: int,
    choice: Choice,
    told: Told,
    *,
    goal: float = np.inf,
    start: Ints | None = None,
    exact: bool = True,
) -> Found:
    """The best of ``choice`` for rows (one level a point) that count when ``times`` of their sites are open.

    As :func:`~dispatch.coverage.branch.maximise`: reaching ``goal``, or proving that it cannot be reached, is enough.
    Without ``exact`` the relaxation's bound is enough, too.
    """
    warm = None if start is None else Warm(start)
    if times == 1:
        return maximise(given, choice, told, goal=goal, warm=warm)
    deep = Deep(with_enough(given, times, choice), times, choice)
    best = deep.improved(choice.low if start is None else start)
    value, bound, nodes = deep.value(best), float(deep.rows.gains.sum()) + deep.rows.base, 0

    def take(found: Ints) -> None:
        nonlocal best, value
        if (worth := deep.value(found)) > value:
            best, value = found, worth

    def ask(stage: str) -> None:
        told.ask(stage, value, bound)
        if value >= goal or bound < goal < np.inf:
            raise Enough

    with told.until_stopped():
        ask("first")
        inner = replace(told, tell=lambda step: told.tell(replace(step, value=told.last.value)))
        relaxed = replace(deep.rows, slopes=np.full(times, 1.0 / times))
        found = maximise(relaxed, choice, inner, goal=goal, warm=Warm(best))
        bound, nodes = min(bound, found.bound), found.nodes
        take(deep.improved(found.y))
        ask("first")
        effort = rest.Effort()
        while exact and bound > value and len(deep.rows.sites) <= rest.MOST_ENTRIES:
            part = rest.covered_deeply(deep.rows, times, choice, value, effort, told)
            if part.y is not None:
                take(part.y)
            bound = value if part.done else max(value, min(bound, part.bound + 1e-9 * abs(part.bound)))
            effort = effort.twice()
            ask("proof")
    return Found(best, value, max(bound, value), nodes, Warm(best))


def with_enough(given: Levels, times: int, choice: Choice) -> Levels:
    """Without closed sites, and without the rows that then cannot be covered so often."""
    kept = (choice.high > 0)[given.sites]
    levels = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[given.levels]
    gains = np.where(np.diff(levels) >= times, given.gains, 0.0)
    return merged(replace(given, levels=levels, sites=given.sites[kept], gains=gains))


@dataclass(frozen=True, slots=True)
class Deep:
    """Rows that count when ``times`` of their sites are open."""

    rows: Levels
    times: int
    choice: Choice

    def counts(self, y: Ints) -> Ints:
        """How many open sites every row has."""
        if not len(self.rows.gains):
            return np.zeros(0, np.int64)
        counts: Ints = np.add.reduceat(y[self.rows.sites], self.rows.levels[:-1])
        return counts

    def value(self, y: Ints) -> float:
        """The gains of the rows that are covered often enough."""
        return float(self.rows.gains[self.counts(y) >= self.times].sum()) + self.rows.base

    def gains(self, needs: Floats) -> Floats:
        """For every site the sum over its rows of ``needs`` (one number a row)."""
        each = np.repeat(needs, np.diff(self.rows.levels))
        return np.bincount(self.rows.sites, each, minlength=len(self.choice.low)).astype(np.float64)

    def improved(self, y: Ints) -> Ints:
        """Filled up, then one site for another as long as that gains."""
        y = self._filled(y.copy())
        value = self.value(y)
        for _ in range(MOST_SWEEPS):
            before = value
            for i in np.flatnonzero(y > self.choice.low).tolist():
                tried = y.copy()
                tried[i] -= 1
                tried = self._filled(tried)
                if (worth := self.value(tried)) > value + 1e-12 * abs(value):
                    y, value = tried, worth
            if value == before:
                break
        return y

    def _filled(self, y: Ints) -> Ints:
        """Sites added while the means last: what completes most first, then what comes nearest to it."""
        while True:
            left = self.choice.most - float(self.choice.uses @ y)
            free: Bools = (y < self.choice.high) & (self.choice.uses <= left + 1e-12)
            if not free.any():
                return y
            lacking = np.maximum(self.times - self.counts(y), 0)
            completes = self.gains(np.where(lacking == 1, self.rows.gains, 0.0))
            nearer = self.gains(np.where(lacking > 0, self.rows.gains / np.maximum(lacking, 1) ** 2, 0.0))
            worth = np.where(free, completes + 1e-3 * nearer, -1.0)
            best = int(np.argmax(worth))
            if worth[best] <= 0:
                return y
            y[best] += 1
