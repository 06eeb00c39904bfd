"""Runs with different chance, and what they say together: intervals, differences of policies, whether a promise holds.

The interval that is shown is Student's t over replications. Wilson's interval for the calls of all runs thrown together
stands beside it as a reference only: it takes calls for independent, which those that wait for the same drone are not.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dispatch.kpi import Share, wilson
from simulator.city.figures import FIGURES, INDEX
from simulator.city.intervals import Interval, deviation, needed, t_interval
from simulator.city.kpi import Kpis, Table

Run = Callable[[int], Kpis]
"""One replication, with all its chance from the seed."""
Each = Callable[[Run, Iterable[int]], Iterable[Kpis]]
"""As ``map``: of a pool of processes, of Dask; results in the order of the seeds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replications:
    """Runs that differ in their seed alone. Raises ``ValueError`` for a seed named twice: that is one run, not two."""

    seeds: tuple[int, ...]
    kpis: tuple[Kpis, ...]

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or len(self.seeds) != len(self.kpis):
            raise ValueError(f"{len(self.kpis)} runs for the seeds {self.seeds}: one for each, none twice")

    def values(self, figure: str) -> NDArray[np.float64]:
        """[replications] one figure."""
        return np.array([run[figure] for run in self.kpis])

    def interval(self, figure: str) -> Interval:
        """Of one figure. Of a percentile it is the interval of the replications' percentiles."""
        return t_interval(self.values(figure))

    def intervals(self) -> dict[str, Interval]:
        """Of every figure, by name."""
        return {figure.name: self.interval(figure.name) for figure in FIGURES}

    def shares(self, by: Literal["priority", "hour", "district"]) -> dict[str, Interval]:
        """Of the share within the promise, for each row of a table by its key."""
        tables: list[Table] = [getattr(run, f"by_{by}") for run in self.kpis]
        each = np.array([table.share for table in tables])
        return {key: t_interval(each[:, row]) for row, key in enumerate(tables[0].keys)}


def replicate(run: Run, seeds: Sequence[int], *, each: Each = map) -> Replications:
    """Run once for each seed."""
    return Replications(seeds=tuple(seeds), kpis=tuple(each(run, seeds)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much the second's figure exceeds the first's."""

    figure: str
    interval: Interval
    better: Literal["first", "second"] | None
    """None where the interval holds 0, or where neither less nor more is better."""
    correlation: float
    """Between both over the seeds: the nearer to 1, the more it sharpens the interval that both had the same calls; nan
    where one does not vary."""


def differences(first: Replications, second: Replications) -> dict[str, Difference]:
    """Every figure's difference, by name, seed by seed: with common random numbers chance is the same for both.

    A paired t-interval (Law 2015, section 10.2.1), each at 95 %: of twenty figures without a difference one will seem
    to have one. Raises ``ValueError`` where the seeds or the promises differ.
    """
    if first.seeds != second.seeds:
        raise ValueError(f"the seeds are not the same: {first.seeds} and {second.seeds}")
    if first.kpis[0].promise_s != second.kpis[0].promise_s:
        raise ValueError(f"the promises are {first.kpis[0].promise_s} s and {second.kpis[0].promise_s} s")
    return {figure.name: _difference(figure.name, first, second) for figure in FIGURES}


def _difference(name: str, first: Replications, second: Replications) -> Difference:
    ones, others = first.values(name), second.values(name)
    interval = t_interval(others - ones)
    better: Literal["first", "second"] | None = None
    wanted = FIGURES[INDEX[name]].better
    if wanted != "neither" and not interval.holds(0.0) and interval.replications:
        better = "second" if (interval.mean > 0) == (wanted == "more") else "first"
    both = ~np.isnan(ones + others)
    varies = both.sum() > 1 and np.ptp(ones[both]) > 0 and np.ptp(others[both]) > 0
    correlation = float(np.corrcoef(ones[both], others[both])[0, 1]) if varies else math.nan
    return Difference(figure=name, interval=interval, better=better, correlation=correlation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether so large a share of incidents has a drone on scene within so many seconds."""

    status: Literal["met", "not met", "not yet decidable"]
    promised: float
    within_s: float
    priority: int | None
    share: Interval
    """Over replications. Wholly at or above ``promised``: met; wholly below: not met."""
    pooled: Share
    """All runs' incidents together, with Wilson's interval: for reference."""
    more: int | None
    """About how many replications more would decide it, where they go on like these; None where it is decided, where
    there is one alone, or where a million would not."""


def verdict(replications: Replications, *, promised: float, within_s: float, priority: int | None = None) -> Verdict:
    """Judge a promise: ``promised`` of the incidents (of one priority) within ``within_s``, full seconds up to 1,800.

    To add replications until it comes out as one wishes is not to decide it: ask once for ``more``, run those, and
    judge. Raises ``ValueError``.
    """
    if not 0 <= promised <= 1:
        raise ValueError(f"a promise for a share of {promised}")
    counts = [run.within(within_s, priority) for run in replications.kpis]
    shares = [met / of for met, of in counts if of]
    share = t_interval(shares)
    status: Literal["met", "not met", "not yet decidable"] = "not yet decidable"
    more = None
    if share.low >= promised:
        status = "met"
    elif share.high < promised:
        status = "not met"
    elif len(shares) > 1:
        total = needed(deviation(shares), abs(share.mean - promised))
        more = None if total is None else max(1, total - len(shares))
    return Verdict(
        status=status,
        promised=promised,
        within_s=within_s,
        priority=priority,
        share=share,
        pooled=wilson(sum(met for met, _ in counts), sum(of for _, of in counts)),
        more=more,
    )
