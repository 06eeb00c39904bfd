"""What is asked about: demand, candidate sites, flight times, and what may be opened. Checked when it is made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dispatch.coverage.kernels.types import Bools, Floats, Ints, Sites
from dispatch.coverage.levels import Choice


class InfeasibleError(ValueError):
    """No layout keeps the promise; the text says what stands in the way and the least that must change.

    ``point`` is the demand point that it speaks of, if it speaks of one.
    """

    def __init__(self, why: str, point: int | None = None) -> None:
        super().__init__(why)
        self.point = point


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Travel:
    """Flight times in seconds, demand point by demand point; a pair that is not listed cannot be flown.

    Each point's sites stand in order of time, then number.
    """

    first: Ints
    """Where each point's list begins. Shape [n + 1]."""
    sites: Sites
    times_s: Floats
    site_count: int

    @classmethod
    def of_matrix(cls, times_s: ArrayLike) -> "Travel":
        """From times [demand points, sites]; infinite: no way. Raises ``ValueError`` for NaN and times below 0."""
        table = np.asarray(times_s, dtype=np.float64)
        if table.ndim != 2:
            raise ValueError(f"flight times have shape {table.shape}: give [demand points, sites]")
        bad = np.argwhere(~(table >= 0))
        if len(bad):
            i, j = bad[0].tolist()
            raise ValueError(f"the flight time from site {j} to demand point {i} is {table[i, j]}: give 0 s or more")
        rows, sites = np.nonzero(np.isfinite(table))
        return cls.of_pairs(rows, sites, table[rows, sites], demand_count=table.shape[0], site_count=table.shape[1])

    @classmethod
    def of_pairs(
        cls, demand: ArrayLike, sites: ArrayLike, times_s: ArrayLike, *, demand_count: int, site_count: int
    ) -> "Travel":
        """From pairs that can be flown. Raises ``ValueError`` for numbers out of range, NaN and times below 0."""
        rows, columns = np.asarray(demand, np.int64), np.asarray(sites, np.int64)
        times = np.asarray(times_s, np.float64)
        for what, numbers, count in (("demand point", rows, demand_count), ("site", columns, site_count)):
            if len(numbers) and (numbers.min() < 0 or numbers.max() >= count):
                raise ValueError(
                    f"flight times name {what} {numbers.min()} to {numbers.max()}: there are {count}, from 0 on"
                )
        bad = np.flatnonzero(~(times >= 0) | np.isinf(times))
        if len(bad):
            k = bad[0]
            raise ValueError(f"the flight time from site {columns[k]} to demand point {rows[k]} is {times[k]}")
        order = np.lexsort((columns, times, rows))
        first = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows, minlength=demand_count))])
        by_pair = np.lexsort((columns, rows))
        twice = np.flatnonzero((np.diff(rows[by_pair]) == 0) & (np.diff(columns[by_pair]) == 0))
        if len(twice):
            k = by_pair[twice[0]]
            raise ValueError(f"site {columns[k]} has two flight times to demand point {rows[k]}")
        return cls(first=first, sites=columns[order].astype(np.int32), times_s=times[order], site_count=site_count)

    @classmethod
    def stacked(cls, parts: Sequence["Travel"]) -> "Travel":
        """The demand points of several, under each other; their sites are the same."""
        before = np.cumsum([0] + [len(part.sites) for part in parts])
        begins = [part.first[1:] + b for part, b in zip(parts, before, strict=False)]
        return cls(
            first=np.concatenate([np.zeros(1, np.int64), *begins]),
            sites=np.concatenate([part.sites for part in parts]),
            times_s=np.concatenate([part.times_s for part in parts]),
            site_count=parts[0].site_count,
        )

    def within(self, within_s: float) -> tuple[Ints, Sites]:
        """For every demand point the sites that reach it in time: where each list begins, and the lists."""
        kept = self.times_s <= within_s
        counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
        first = counts[self.first]
        rows = np.repeat(np.arange(len(first) - 1), np.diff(first))
        sites = self.sites[kept]
        order = np.lexsort((sites, rows))  # by number, so that equal covers are equal lists
        return first, sites[order]

    def table(self) -> Floats:
        """Times [demand points, sites], infinite where there is no way."""
        whole = np.full((len(self.first) - 1, self.site_count), np.inf)
        whole[np.repeat(np.arange(len(whole)), np.diff(self.first)), self.sites] = self.times_s
        return whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Sites where bases stand or could stand; every field one entry a site."""

    names: tuple[str, ...]
    docks: Ints
    """The most drones that a base there can have."""
    costs: Floats
    standing: Bools
    """Stands already: is part of every layout, and counts against neither ``p`` nor the budget."""
    forced: Bools
    """Must be in the layout, and counts."""
    forbidden: Bools

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(
        cls,
        count: int,
        *,
        names: Sequence[str] = (),
        docks: ArrayLike = 1,
        costs: ArrayLike = 1.0,
        standing: Sequence[int] = (),
        forced: Sequence[int] = (),
        forbidden: Sequence[int] = (),
    ) -> "Candidates":
        """``count`` sites; what is not told is one dock, cost 1 and free choice. Raises ``ValueError``."""
        told = tuple(names) or tuple(f"site {j}" for j in range(count))
        if count < 1:
            raise ValueError("there is no candidate site")
        if len(told) != count:
            raise ValueError(f"{len(told)} names for {count} sites")
        marks = []
        for what, numbers in (("standing", standing), ("forced", forced), ("forbidden", forbidden)):
            mark = np.zeros(count, np.bool_)
            for j in numbers:
                if not 0 <= j < count:
                    raise ValueError(f"{what} site {j}: there are {count} sites, counted from 0")
                mark[j] = True
            marks.append(mark)
        both = np.flatnonzero((marks[0] | marks[1]) & marks[2])
        if len(both):
            raise ValueError(f"{told[both[0]]} is forbidden, and also standing or forced")
        docks_of = _each(docks, count, "docks", told).astype(np.int64)
        if (docks_of < 1).any():
            raise ValueError(f"{told[int(np.argmax(docks_of < 1))]} has {docks_of.min()} docks: a base has at least 1")
        return cls(
            names=told, docks=docks_of, costs=_each(costs, count, "cost", told),
            standing=marks[0], forced=marks[1], forbidden=marks[2],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """One state of the world: an hour of the day, a wind, a year of growth."""

    weights: Floats
    """How much demand each point has. Shape [n]."""
    travel: Travel
    name: str = ""
    share: float = 1.0
    """How often it is so, beside the other scenarios' shares."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Demand, sites and flight times in one scenario or several, and the means: ``p`` new bases or a ``budget``.

    Raises ``ValueError`` for what cannot be meant: no site, no demand, a weight that is NaN or below 0, more bases than
    sites.
    """

    candidates: Candidates
    scenarios: tuple[Scenario, ...]
    p: int | None = None
    """New bases at most (drones at most, where a model counts drones)."""
    budget: float | None = None
    """What new bases may cost at most."""
    districts: tuple[str, ...] = field(default=())
    """The district of each demand point, for :class:`~dispatch.coverage.models.WorstFirst`."""

    @classmethod
    def of(
        cls,
        weights: ArrayLike,
        travel: Travel,
        candidates: Candidates | None = None,
        *,
        p: int | None = None,
        budget: float | None = None,
        districts: Sequence[str] = (),
    ) -> "Problem":
        """One scenario. Raises ``ValueError``."""
        sites = Candidates.of(travel.site_count) if candidates is None else candidates
        scenario = Scenario(weights=np.asarray(weights, np.float64), travel=travel)
        return cls(candidates=sites, scenarios=(scenario,), p=p, budget=budget, districts=tuple(districts))

    def __post_init__(self) -> None:
        count = len(self.candidates)
        if not self.scenarios:
            raise ValueError("there is no scenario")
        for scenario in self.scenarios:
            where = f" in scenario {scenario.name}" if scenario.name else ""
            if scenario.travel.site_count != count:
                raise ValueError(f"flight times{where} are for {scenario.travel.site_count} sites, there are {count}")
            if not len(scenario.weights):
                raise ValueError(f"there is no demand{where}")
            if len(scenario.weights) != len(scenario.travel.first) - 1:
                points = len(scenario.travel.first) - 1
                raise ValueError(f"{len(scenario.weights)} weights{where} for flight times to {points} demand points")
            bad = np.flatnonzero(~(scenario.weights >= 0) | np.isinf(scenario.weights))
            if len(bad):
                raise ValueError(
                    f"demand point {bad[0]}{where} has the weight {scenario.weights[bad[0]]}: give a number from 0 on"
                )
            if scenario.weights.sum() <= 0:
                raise ValueError(f"no demand point{where} has any weight")
            if not scenario.share > 0 or math.isinf(scenario.share):
                raise ValueError(f"the share{where} is {scenario.share}: give more than 0")
            if self.districts and len(self.districts) != len(scenario.weights):
                raise ValueError(f"{len(self.districts)} districts for {len(scenario.weights)} demand points{where}")
        if self.p is not None and self.budget is not None:
            raise ValueError("give p or a budget, not both")
        most = int(self.candidates.docks[~self.candidates.forbidden].sum() - self.candidates.standing.sum())
        if self.p is not None and self.p < 0:
            raise ValueError(f"p is {self.p}: give 0 or more")
        if self.p is not None and self.p > most:
            raise ValueError(f"p is {self.p}, but only {most} can be opened (forbidden and standing sites left out)")
        if self.budget is not None and not self.budget >= 0:
            raise ValueError(f"the budget is {self.budget}: give 0 or more")
        must = self.candidates.forced & ~self.candidates.standing
        forced = int(must.sum())
        if self.p is not None and forced > self.p:
            raise InfeasibleError(f"{forced} sites are forced, but p is {self.p}: p must be {forced} at least")
        cost = float(self.candidates.costs[must].sum())
        if self.budget is not None and cost > self.budget:
            raise InfeasibleError(f"the forced sites cost {cost:g}, the budget is {self.budget:g}")

    def choice(self, *, counting_drones: bool = False) -> Choice:
        """What may be opened. Standing bases have one drone that costs nothing."""
        sites = self.candidates
        low = (sites.standing | sites.forced).astype(np.int64)
        high = np.where(sites.forbidden, 0, sites.docks if counting_drones else 1)
        if self.budget is not None:
            uses = sites.costs.astype(np.float64)
            most = self.budget + float(uses[sites.standing].sum())
        else:
            uses = np.ones(len(sites))
            most = float(high.sum() if self.p is None else self.p + int(sites.standing.sum()))
        return Choice(low=low, high=high, uses=uses, most=most)


def _each(given: ArrayLike, count: int, what: str, names: Sequence[str]) -> NDArray[np.float64]:
    """One number a site, none below 0."""
    numbers = np.asarray(given, np.float64)
    if numbers.ndim == 0:
        numbers = np.full(count, float(numbers))
    if numbers.shape != (count,):
        raise ValueError(f"{what}: {numbers.shape} numbers for {count} sites")
    bad = np.flatnonzero(~(numbers >= 0) | np.isinf(numbers))
    if len(bad):
        raise ValueError(f"{what} of {names[bad[0]]} is {numbers[bad[0]]}: give a number from 0 on")
    return numbers
