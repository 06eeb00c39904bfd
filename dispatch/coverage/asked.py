"""What a model asks about a problem, as numbers: the levels, the groups or the points that it is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels, single, stacked
from dispatch.coverage.models import Expected, MaxCover, Median, Reliable, WorstFirst
from dispatch.coverage.problem import Problem, Scenario, Travel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """Levels to be maximised, and how what is gained is told in the model's own terms."""

    levels: Levels
    unit: str
    shown: Callable[[float], float]

    def value(self, y: Ints) -> float:
        """The model's value of a layout."""
        return self.shown(self.levels.gained(y))


def counts_drones(model: object) -> bool:
    """Whether ``p`` counts drones in it, and not bases."""
    return isinstance(model.of if isinstance(model, WorstFirst) else model, Expected | Reliable)


def asked(problem: Problem, model: MaxCover | Expected | Median) -> Asked:
    """The levels of all scenarios under each other, by their shares."""
    total = sum(s.share for s in problem.scenarios)
    shares = [s.share / total for s in problem.scenarios]
    if not isinstance(model, Median):
        choice = problem.choice(counting_drones=counts_drones(model))
        parts = [_coverage(s, model, choice, w) for s, w in zip(problem.scenarios, shares, strict=True)]
        return Asked(levels=stacked(parts), unit="demand", shown=lambda value: value)
    saved = [_savings(s, model, w) for s, w in zip(problem.scenarios, shares, strict=True)]
    weight = sum(w * float(s.weights.sum()) for s, w in zip(problem.scenarios, shares, strict=True))
    worst = sum(constant for _, constant in saved)
    levels = stacked([levels for levels, _ in saved])
    return Asked(levels=levels, unit="s", shown=lambda value: (worst - value) / weight)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouped:
    """Groups, each with levels; the worst has min_g (shift_g + scale_g · value_g), less the sign what it is told as."""

    groups: list[Levels]
    scale: Floats
    shift: Floats
    sign: float
    unit: str

    def served(self, y: Ints | Floats) -> Floats:
        """What a layout does for every group: the more the better."""
        return np.array([b + a * g.gained(y) for g, a, b in zip(self.groups, self.scale, self.shift, strict=True)])


def grouped(problem: Problem, model: WorstFirst) -> Grouped:
    """The districts or the scenarios, each as a share of its own demand. Raises ``ValueError``."""
    inner = model.of
    if isinstance(inner, MaxCover) and inner.times > 1:
        raise ValueError("the worst district or scenario is asked for bases that cover once: give times = 1")
    choice = problem.choice(counting_drones=counts_drones(model))
    groups, scale, shift = [], [], []
    for scenario in _groups(problem, model.over):
        weight = float(scenario.weights.sum())
        if isinstance(inner, Median):
            levels, constant = _savings(scenario, inner, 1.0)
            groups.append(levels)
            shift.append(-constant / weight)
        else:
            groups.append(_coverage(scenario, inner, choice, 1.0))
            shift.append(0.0)
        scale.append(1.0 / weight)
    timed = isinstance(inner, Median)
    return Grouped(
        groups=groups, scale=np.array(scale), shift=np.array(shift),
        sign=-1.0 if timed else 1.0, unit="s" if timed else "share of demand",
    )  # fmt: skip


def _coverage(scenario: Scenario, model: MaxCover | Expected, choice: Choice, share: float) -> Levels:
    slopes: Sequence[float] = (1.0,)
    if isinstance(model, Expected):
        most = max(1, int(min(choice.high.sum(), choice.most / max(float(choice.uses.min()), 1e-9))))
        slopes = [(1 - model.busy) * model.busy**k for k in range(most)]
        slopes = [slope for slope in slopes if slope > 1e-12]
    return single(*scenario.travel.within(model.within_s), scenario.weights * share, slopes)


def _savings(scenario: Scenario, model: Median, share: float) -> tuple[Levels, float]:
    """Levels of what is saved against the longest time, and what it comes to when nothing is."""
    travel = scenario.travel
    lengths = np.diff(travel.first)
    short = np.flatnonzero((lengths < travel.site_count) & (scenario.weights > 0))
    longest = float(travel.times_s.max(initial=0.0))
    unserved_s = model.unserved_s
    if unserved_s is None:
        if len(short):
            raise ValueError(
                f"demand point {short[0]} has no way from {travel.site_count - lengths[short[0]]} of the sites: "
                f"say with unserved_s what a point counts that no base reaches"
            )
        unserved_s = longest
    if unserved_s < longest:
        raise ValueError(f"unserved_s is {unserved_s:g}, and one flight takes {longest:g} s: give that at least")
    last = np.zeros(len(travel.times_s), np.bool_)
    last[travel.first[1:][lengths > 0] - 1] = True
    onward = np.where(last, unserved_s, np.append(travel.times_s[1:], unserved_s))
    ends = last | (onward > travel.times_s)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    weights = scenario.weights * share
    chains = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows[ends], minlength=len(lengths)))])
    levels = Levels(
        chains=chains,
        levels=np.concatenate([np.zeros(1, np.int64), np.flatnonzero(ends) + 1]),
        sites=travel.sites,
        gains=(weights[rows] * (onward - travel.times_s))[ends],
        slopes=np.ones(1),
    )
    return levels, float(weights.sum() * unserved_s)


def all_points(problem: Problem) -> tuple[Travel, Floats]:
    """The points of all scenarios under each other, and their weights by the scenarios' shares."""
    if len(problem.scenarios) == 1:
        return problem.scenarios[0].travel, problem.scenarios[0].weights
    travel = Travel.stacked([s.travel for s in problem.scenarios])
    total = sum(s.share for s in problem.scenarios)
    return travel, np.concatenate([s.weights * (s.share / total) for s in problem.scenarios])


def _groups(problem: Problem, over: str) -> list[Scenario]:
    """Scenarios as they are, or the districts of all of them; those with demand."""
    if over == "scenarios":
        return list(problem.scenarios)
    if not problem.districts:
        raise ValueError("the worst district is asked for, and the problem names no districts")
    names = np.array(problem.districts)
    travel, weights = all_points(problem)
    of_all = np.tile(names, len(problem.scenarios))
    parts = [
        Scenario(weights=np.where(of_all == name, weights, 0.0), travel=travel, name=str(name))
        for name in np.unique(names)
    ]
    return [part for part in parts if part.weights.sum() > 0]
