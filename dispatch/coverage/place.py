"""Where bases must stand: a function of the problem and the model. No clock, no chance, no input or output.

``place(problem, model, stop, tell)`` is all. The same question has the same answer, as long as no time limit cuts it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np

from dispatch.coverage.answer import Answer, Status, Tell
from dispatch.coverage.branch import maximise
from dispatch.coverage.center import least_worst, nearest_s
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels, single, stacked
from dispatch.coverage.models import Center, Cover, Expected, MaxCover, Median, Model, Percentile, WorstFirst
from dispatch.coverage.percentile import least_time, reached_within_s
from dispatch.coverage.problem import InfeasibleError, Problem, Scenario, Travel
from dispatch.coverage.setcover import Rows, cheapest
from dispatch.coverage.stop import Never, Stop
from dispatch.coverage.telling import Told
from dispatch.coverage.worst import best_for_the_worst, proven


def place(problem: Problem, model: Model, stop: Stop | None = None, tell: Tell | None = None) -> Answer:
    """The best layout, its bound, and whether it is proven; as far as ``stop`` lets it.

    ``tell`` hears value and bound again and again. Ctrl-C (``KeyboardInterrupt``) ends it like a stop: the best so far
    is the answer. Raises ``InfeasibleError``, which names the smallest change that would make the promise one that can
    be kept, and ``ValueError`` for what cannot be meant.
    """
    told = Told(stop or Never(), tell or (lambda _progress: None))
    match model:
        case Cover():
            return _cover(problem, model, told)
        case MaxCover() | Expected():
            return _covered(problem, model, told)
        case Median():
            return _median(problem, model, told)
        case Center():
            return _center(problem, told)
        case Percentile():
            return _percentile(problem, model, told)
        case WorstFirst():
            return _worst(problem, model, told)
        case _:
            assert_never(model)


# ---------------------------------------------------------------- models


def _cover(problem: Problem, model: Cover, told: Told) -> Answer:
    choice = problem.choice()
    if problem.p is None:  # nothing bounds the number: it is cost that is to be least
        choice = replace(choice, uses=problem.candidates.costs)
        if problem.budget is None:
            choice = replace(choice, most=math.inf)
    free = float(choice.uses @ problem.candidates.standing)
    parts = [_rows(s, model) for s in problem.scenarios]
    for scenario, rows in zip(problem.scenarios, parts, strict=True):
        _within_reach(scenario, rows, choice, model)
    rows = _joined(parts)
    told.shown = lambda value, bound: (value - free, bound - free)
    found = cheapest(rows, replace(choice, most=math.inf), told)
    what = "bases" if problem.p is not None or (problem.candidates.costs == 1).all() else "cost"
    if found.bound > choice.most * (1 + 1e-12):
        least = found.bound - free
        means = f"p is {problem.p}" if problem.p is not None else f"the budget is {problem.budget:g}"
        exactly = "needs" if found.proven else "needs at least"
        raise InfeasibleError(
            f"covering all demand {model.times} times within {model.within_s:g} s {exactly} {least:g}"
            f"{' new bases' if what == 'bases' else ''}, and {means}"
        )
    if found.y is None or found.uses > choice.most * (1 + 1e-12):
        return _answer(choice.low, math.inf, found.bound - free, what, proven=False)
    return _answer(found.y, found.uses - free, found.bound - free, what, proven=found.proven)


def _covered(problem: Problem, model: MaxCover | Expected, told: Told) -> Answer:
    choice = problem.choice(counting_drones=isinstance(model, Expected))
    total = sum(s.share for s in problem.scenarios)
    parts = [_coverage(s, model, choice, s.share / total) for s in problem.scenarios]
    found = maximise(stacked(parts), choice, told.stop, told.progress)
    return _answer(found.y, found.value, found.bound, "demand", proven=found.proven, nodes=found.nodes)


def _median(problem: Problem, model: Median, told: Told) -> Answer:
    choice = problem.choice()
    if not choice.low.any() and not ((choice.high > 0) & (choice.uses <= choice.most)).any():
        least = float(choice.uses[choice.high > 0].min(initial=math.inf))
        raise InfeasibleError(f"no base stands and none may open: the least that opens one is {least:g}")
    total = sum(s.share for s in problem.scenarios)
    shares = [s.share / total for s in problem.scenarios]
    parts = [_savings(s, model, w) for s, w in zip(problem.scenarios, shares, strict=True)]
    weight = sum(w * float(s.weights.sum()) for s, w in zip(problem.scenarios, shares, strict=True))
    worst = sum(constant for _, constant in parts)

    def shown(value: float, bound: float) -> tuple[float, float]:
        return (worst - value) / weight, (worst - bound) / weight

    told.shown = shown
    found = maximise(stacked([levels for levels, _ in parts]), choice, told.stop, told.progress)
    value, bound = shown(found.value, found.bound)
    return _answer(found.y, value, bound, "s", proven=found.proven, nodes=found.nodes)


def _center(problem: Problem, told: Told) -> Answer:
    travel, weights = _all_points(problem)
    y, value, bound = least_worst(travel, np.flatnonzero(weights > 0), problem.choice(), told)
    layout = problem.choice().low if y is None else y
    return _answer(layout, value, bound, "s", proven=value <= bound)


def _percentile(problem: Problem, model: Percentile, told: Told) -> Answer:
    choice = problem.choice()
    travel, weights = _all_points(problem)
    goal = model.share * float(weights.sum()) * (1 - 1e-12)
    reachable = float(weights[np.isfinite(nearest_s(travel, choice.high))].sum())
    if reachable < goal:
        raise InfeasibleError(
            f"{model.share:.4g} of the demand is asked for, but only {reachable / weights.sum():.4g} has a site with a "
            f"way to it"
        )

    def covered_at(within_s: float) -> Levels:
        return single(*travel.within(within_s), weights)

    def reached_s(y: Ints) -> float:
        return reached_within_s(nearest_s(travel, y), weights, goal)

    y, value, bound, nodes = least_time(np.unique(travel.times_s), covered_at, reached_s, goal, choice, told)
    layout = choice.low if y is None else y
    return _answer(layout, value, bound, "s", proven=value <= bound, nodes=nodes)


def _worst(problem: Problem, model: WorstFirst, told: Told) -> Answer:
    inner = model.of
    choice = problem.choice(counting_drones=isinstance(inner, Expected))
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
    sign = -1.0 if isinstance(inner, Median) else 1.0
    told.shown = lambda value, bound: (sign * value, sign * bound)
    y, value, bound = best_for_the_worst(groups, np.array(scale), np.array(shift), choice, told)
    unit = "s" if isinstance(inner, Median) else "share of demand"
    return _answer(y, sign * value, sign * bound, unit, proven=proven(value, bound))


# ---------------------------------------------------------------- what models are made of


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


def _rows(scenario: Scenario, model: Cover) -> Rows:
    first, sites = scenario.travel.within(model.within_s)
    return Rows(first, sites, np.where(scenario.weights > 0, model.times, 0))


def _within_reach(scenario: Scenario, rows: Rows, choice: Choice, model: Cover) -> None:
    """Raises ``InfeasibleError`` for demand that no layout covers so often in time, with the least that would do."""
    lacking = rows.lacking(choice)
    if not len(lacking):
        return
    travel = scenario.travel
    needed = []
    for i in lacking.tolist():
        part = slice(travel.first[i], travel.first[i + 1])
        times = travel.times_s[part][choice.high[travel.sites[part]] > 0]
        needed.append(float(times[model.times - 1]) if len(times) >= model.times else math.inf)
    worst = int(np.argmax(needed))
    point, least_s = int(lacking[worst]), needed[worst]
    have = int(rows.openable(choice)[point])
    where = f" in scenario {scenario.name}" if scenario.name else ""
    change = (
        f"T must be {least_s:g} s at least"
        if math.isfinite(least_s)
        else "it has no way from enough sites, however long it takes"
    )
    fewer = min(int(n) for n in rows.openable(choice)[lacking])
    least_times = f", or times {fewer} at most" if fewer >= 1 else ""
    raise InfeasibleError(
        f"{len(lacking)} demand points{where} cannot be covered {model.times} times within {model.within_s:g} s; point "
        f"{point} has {have} sites that may open in reach: {change}{least_times}"
    )


def _joined(parts: Sequence[Rows]) -> Rows:
    """All rows of several, under each other."""
    before = np.cumsum([0] + [len(p.sites) for p in parts])
    begins = [p.first[1:] + b for p, b in zip(parts, before, strict=False)]
    return Rows(
        np.concatenate([np.zeros(1, np.int64), *begins]),
        np.concatenate([p.sites for p in parts]),
        np.concatenate([p.needs for p in parts]),
    )


def _all_points(problem: Problem) -> tuple[Travel, Floats]:
    """The points of all scenarios under each other, and their weights by the scenarios' shares."""
    if len(problem.scenarios) == 1:
        return problem.scenarios[0].travel, problem.scenarios[0].weights
    travels = [s.travel for s in problem.scenarios]
    before = np.cumsum([0] + [len(t.sites) for t in travels])
    travel = Travel(
        first=np.concatenate(
            [np.zeros(1, np.int64)] + [t.first[1:] + b for t, b in zip(travels, before, strict=False)]
        ),
        sites=np.concatenate([t.sites for t in travels]),
        times_s=np.concatenate([t.times_s for t in travels]),
        site_count=travels[0].site_count,
    )
    total = sum(s.share for s in problem.scenarios)
    return travel, np.concatenate([s.weights * (s.share / total) for s in problem.scenarios])


def _groups(problem: Problem, over: str) -> list[Scenario]:
    """Scenarios as they are, or the districts of all of them; those with demand."""
    if over == "scenarios":
        return list(problem.scenarios)
    if not problem.districts:
        raise ValueError("the worst district is asked for, and the problem names no districts")
    names = np.array(problem.districts)
    travel, weights = _all_points(problem)
    of_all = np.tile(names, len(problem.scenarios))
    parts = [
        Scenario(weights=np.where(of_all == name, weights, 0.0), travel=travel, name=str(name))
        for name in np.unique(names)
    ]
    return [part for part in parts if part.weights.sum() > 0]


def _answer(y: Ints, value: float, bound: float, unit: str, *, proven: bool, nodes: int = 0) -> Answer:
    status: Status = "optimal" if proven else "stopped"
    opened = np.flatnonzero(y)
    return Answer(
        open_sites=tuple(opened.tolist()), drones=tuple(y[opened].tolist()), value=float(value), unit=unit,
        bound=float(bound), status=status, nodes=nodes,
    )  # fmt: skip
