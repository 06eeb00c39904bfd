"""Covering every demand point: the cheapest choice in which each row has as many open sites as it needs.

Rows that hold another row are dropped, sites that another covers for no more are dropped (where once is enough); a
greedy choice without its needless sites (Chvátal, Mathematics of Operations Research 4, 1979) is improved by tearing
parts of it down and building them anew; OR-Tools has the rest, in slices.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dispatch.coverage import rest
from dispatch.coverage.kernels.cover import needless_rows
from dispatch.coverage.kernels.setcover import greedy_cover
from dispatch.coverage.kernels.types import Bools, Floats, Ints, Sites
from dispatch.coverage.levels import Choice, rows_of, single, without_dominated
from dispatch.coverage.telling import Told

REBUILT = 60


class Rows(NamedTuple):
    """Rows that each need some of their sites open."""

    first: Ints
    sites: Sites
    needs: Ints

    def lacking(self, choice: Choice) -> Ints:
        """Rows that cannot have what they need, even with everything open that may be."""
        return np.flatnonzero(self.openable(choice) < self.needs)

    def openable(self, choice: Choice) -> Ints:
        """How many sites of each row may open."""
        return self._sums(choice.high)

    def met(self, y: Ints) -> bool:
        """Whether every row has what it needs."""
        return bool(self.are_met(y).all())

    def are_met(self, y: Ints) -> Bools:
        """Which rows have what they need."""
        return self._sums(y) >= self.needs

    def _sums(self, y: Ints) -> Ints:
        return np.add.reduceat(np.append(y[self.sites], 0), self.first[:-1]) * (np.diff(self.first) > 0)

    def without_needless(self, choice: Choice) -> "Rows":
        """Without rows that standing sites meet, sites that may not open, and rows that hold another."""
        kept_sites = choice.high[self.sites] > 0
        counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept_sites)])
        first, sites = counts[self.first], self.sites[kept_sites]
        open_now = self._sums(choice.low)
        which: Bools = open_now < self.needs
        first, sites = rows_of(first, sites, which)
        needs = self.needs[which]
        order = np.lexsort((-needs, np.diff(first)))
        needless = needless_rows(first, sites, needs, order, len(choice.low))
        first, sites = rows_of(first, sites, ~needless)
        return Rows(first, sites, needs[~needless])


class Covering(NamedTuple):
    """The best choice found (None: none), what it uses, and what none can use less than."""

    y: Ints | None
    uses: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether use and bound meet."""
        return self.bound >= self.uses - 1e-9 * abs(self.uses)


def cheapest(rows: Rows, choice: Choice, told: Told, start: Ints | None = None) -> Covering:
    """The least use of a choice that meets all ``rows``; ``choice.most`` binds it, too.

    A choice with y = None and an infinite bound: there is none.
    """
    short, choice = _without_dominated(rows, choice)
    whole = bool((choice.uses == np.floor(choice.uses)).all())
    best = greedy(short, replace(choice, most=np.inf))
    if start is not None and rows.met(start) and (best is None or choice.uses @ start < choice.uses @ best):
        best = start
    uses = float(choice.uses @ best) if best is not None else np.inf
    bound = float(choice.uses @ choice.low)
    with told.until_stopped():
        told.ask("first", uses, bound)
        effort = rest.Effort()
        while bound < uses:
            better = min(uses - (1.0 - 1e-5 if whole else 1e-6 * abs(uses)), choice.most)
            part = rest.covering(*short, choice, better, effort, told)
            if part.y is not None and rows.met(part.y) and float(choice.uses @ part.y) < uses:
                best, uses = part.y, float(choice.uses @ part.y)
            reached = uses if part.done else min(uses, part.bound - 1e-9 * abs(part.bound))
            bound = max(bound, np.ceil(reached - 1e-6) if whole and np.isfinite(reached) else reached)
            effort = effort.twice()
            told.ask("proof", uses, bound)
            if part.done:
                break
    if best is not None and uses > choice.most * (1 + 1e-12):
        best = None
    return Covering(best, uses if best is not None else np.inf, bound)


def greedy(rows: Rows, choice: Choice, rebuilt: int = REBUILT) -> Ints | None:
    """A choice by greed that meets all rows within ``choice.most``; None where greed finds none."""
    short = rows.without_needless(choice)
    y = greedy_cover(*short, choice.low, choice.high, choice.uses, rebuilt, np.random.default_rng(1))
    return y if short.met(y) and float(choice.uses @ y) <= choice.most * (1 + 1e-12) else None


def feasible(rows: Rows, choice: Choice, told: Told) -> Ints | None:
    """A choice that meets all rows within ``choice.most``; None where there is none. Raises :class:`Enough`."""
    if len(rows.lacking(choice)):
        return None
    short, choice = _without_dominated(rows, choice)
    found = greedy(short, choice)
    if found is not None:
        return found
    effort = rest.Effort()
    while True:
        part = rest.covering(*short, choice, choice.most, effort, told)
        if part.y is not None:
            return part.y
        if part.done:
            return None
        effort = effort.twice()
        told.again()


def _without_dominated(rows: Rows, choice: Choice) -> tuple[Rows, Choice]:
    """The rows that matter and, where once is enough, the choice without sites that another does the work of."""
    short = rows.without_needless(choice)
    if (rows.needs > 1).any() or not len(short.needs):
        return short, choice
    choice = without_dominated(single(short.first, short.sites, np.ones(len(short.needs))), choice)
    return short.without_needless(choice), choice


def packing(rows: Rows, uses: Floats) -> float:
    """What it takes at least to give each row one site more: rows of which no two share a site, each at its
    cheapest."""
    taken = np.zeros(len(uses), np.bool_)
    total = 0.0
    for i in np.argsort(np.diff(rows.first), kind="stable").tolist():
        row = rows.sites[rows.first[i] : rows.first[i + 1]]
        if len(row) and not taken[row].any():
            taken[row] = True
            total += float(uses[row].min())
    return total
