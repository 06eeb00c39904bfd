"""Where bases must stand: a function of the problem and the model. No clock, no chance, no input or output.

``place(problem, model, stop, tell)`` is all. The same question has the same answer, as long as no time limit cuts it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np

from dispatch.coverage.answer import Answer, Layout, Progress, Status, Tell
from dispatch.coverage.asked import Asked, all_points, asked, counts_drones, grouped
from dispatch.coverage.branch import Warm, maximise
from dispatch.coverage.center import least_worst, nearest_s, nth_nearest_s
from dispatch.coverage.deep import maximise_deep
from dispatch.coverage.fewest import fewest
from dispatch.coverage.interrupt import listening
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels, single
from dispatch.coverage.models import Center, Cover, Expected, MaxCover, Median, Model, Percentile, Reliable, WorstFirst
from dispatch.coverage.percentile import least_time, reached_within_s
from dispatch.coverage.problem import InfeasibleError, Problem, Scenario, Travel
from dispatch.coverage.queue import drones_needed, loss_probability, neighbourhood_erlangs
from dispatch.coverage.setcover import Covering, Rows, cheapest
from dispatch.coverage.stop import Never, Stop
from dispatch.coverage.telling import Told
from dispatch.coverage.worst import best_for_the_worst, proven


def place(
    problem: Problem, model: Model, stop: Stop | None = None, tell: Tell | None = None, start: Layout | None = None
) -> Answer:
    """The best layout, its bound, and whether it is proven; as far as ``stop`` lets it.

    ``tell`` hears value and bound again and again. ``start`` is a layout to begin from; what it opens and this problem
    does not allow is left out. Ctrl-C ends it like a stop: the best so far is the answer.
    Raises ``InfeasibleError``, which names the smallest change that would make the promise one that can be kept, and
    ``ValueError`` for what cannot be meant.
    """
    with listening() as interrupt:
        return placed(problem, model, Told(stop or Never(), tell or unheard, interrupt=interrupt), start)


def unheard(progress: Progress) -> None:
    """Progress that nobody listens to."""


def placed(problem: Problem, model: Model, told: Told, start: Layout | None) -> Answer:
    """The answer of :func:`place`, told to whoever listens."""
    choice = problem.choice(counting_drones=counts_drones(model))
    begin = None if start is None else layout_of(start, choice)
    match model:
        case Cover(share=1.0):
            answer = _cover(problem, model, told, begin)
        case Cover():
            answer = _share_covered(problem, model, told, begin)
        case MaxCover() if model.times > 1:
            answer = _deeply_covered(problem, model, told, begin)
        case MaxCover() | Expected() | Median():
            answer, _ = resumed(problem, model, asked(problem, model), told, None if begin is None else Warm(begin))
        case Reliable():
            answer = _reliable(problem, model, told, begin)
        case Center():
            answer = _center(problem, told, begin)
        case Percentile():
            answer = _percentile(problem, model, told, begin)
        case WorstFirst():
            answer = _worst(problem, model, told, begin)
        case _:
            assert_never(model)
    return replace(answer, interrupted=told.interrupt.heard)


def layout_of(layout: Layout, choice: Choice) -> Ints | None:
    """Drones by site as far as ``choice`` allows it; None where its means do not suffice."""
    y = np.zeros(len(choice.low), np.int64)
    y[list(layout.open_sites)] = layout.drones
    y = np.clip(y, choice.low, choice.high)
    return y if float(choice.uses @ y) <= choice.most * (1 + 1e-12) else None


# ---------------------------------------------------------------- models


def resumed(
    problem: Problem, model: MaxCover | Expected | Median, ask: Asked, told: Told, warm: Warm | None
) -> tuple[Answer, Warm]:
    """The answer to levels that are made already, and where a question with other means may begin."""
    choice = problem.choice(counting_drones=counts_drones(model))
    if isinstance(model, Median) and not choice.low.any():
        least = float(choice.uses[choice.high > 0].min(initial=math.inf))
        if least > choice.most:
            raise InfeasibleError(f"no base stands and none may open: the least that opens one is {least:g}")
    told.shown = lambda value, bound: (ask.shown(value), ask.shown(bound))
    found = maximise(ask.levels, choice, told, warm=warm)
    value, bound = ask.shown(found.value), ask.shown(found.bound)
    return _answer(found.y, value, bound, ask.unit, proven=found.proven, nodes=found.nodes), found.warm


def _cover(problem: Problem, model: Cover, told: Told, start: Ints | None) -> Answer:
    choice, free, what = _cheap(problem)
    parts = [_rows(s, model) for s in problem.scenarios]
    for scenario, rows in zip(problem.scenarios, parts, strict=True):
        _within_reach(scenario, rows, choice, model)
    rows = _joined(parts)
    told.shown = lambda value, bound: (value - free, bound - free)
    found = cheapest(rows, replace(choice, most=math.inf), told, start)
    promise = f"covering all demand{_deep(model)} within {model.within_s:g} s"
    return _cheapest_answer(problem, promise, found, choice, free, what)


def _reliable(problem: Problem, model: Reliable, told: Told, start: Ints | None) -> Answer:
    choice, free, what = _cheap(problem, counting_drones=True)
    rows = _joined([_queues(problem, s, model, choice) for s in problem.scenarios])
    told.shown = lambda value, bound: (value - free, bound - free)
    found = cheapest(rows, replace(choice, most=math.inf), told, start)
    promise = f"a free drone within {model.within_s:g} s for {model.reliability:.4g} of all calls"
    return _cheapest_answer(problem, promise, found, choice, free, what)


def _cheap(problem: Problem, *, counting_drones: bool = False) -> tuple[Choice, float, str]:
    """What may be opened where it is the use that is to be least; what standing bases use of it, and its unit."""
    choice = problem.choice(counting_drones=counting_drones)
    if problem.p is None:  # nothing bounds the number: it is cost that is to be least
        choice = replace(choice, uses=problem.candidates.costs)
        if problem.budget is None:
            choice = replace(choice, most=math.inf)
    each = "drones" if counting_drones else "bases"
    what = each if problem.p is not None or (problem.candidates.costs == 1).all() else "cost"
    return choice, float(choice.uses @ problem.candidates.standing), what


def _cheapest_answer(problem: Problem, promise: str, found: Covering, choice: Choice, free: float, what: str) -> Answer:
    """Raises ``InfeasibleError`` where the promise needs more than there is."""
    if found.bound > choice.most * (1 + 1e-12):
        least = found.bound - free
        means = f"p is {problem.p}" if problem.p is not None else f"the budget is {problem.budget:g}"
        exactly = "needs" if found.proven else "needs at least"
        raise InfeasibleError(f"{promise} {exactly} {least:g}{'' if what == 'cost' else f' new {what}'}, and {means}")
    if found.y is None or found.uses > choice.most * (1 + 1e-12):
        return _answer(choice.low, math.inf, found.bound - free, what, proven=False)
    return _answer(found.y, found.uses - free, found.bound - free, what, proven=found.proven)


def _share_covered(problem: Problem, model: Cover, told: Told, start: Ints | None) -> Answer:
    choice, free, what = _cheap(problem)
    travel, weights = all_points(problem)
    whole = float(weights.sum())
    _share_within_reach(travel, weights, model, choice)
    told.shown = lambda value, bound: (value - free, bound - free)
    levels = single(*travel.within(model.within_s), weights)
    goal = model.share * whole * (1 - 1e-12)
    found = fewest(levels, model.times, goal, replace(choice, most=math.inf), told, start)
    promise = f"covering {model.share:.4g} of the demand{_deep(model)} within {model.within_s:g} s"
    return _cheapest_answer(problem, promise, found, choice, free, what)


def _deeply_covered(problem: Problem, model: MaxCover, told: Told, start: Ints | None) -> Answer:
    travel, weights = all_points(problem)
    levels = single(*travel.within(model.within_s), weights)
    found = maximise_deep(levels, model.times, problem.choice(), told, start=start)
    return _answer(found.y, found.value, found.bound, "demand", proven=found.proven, nodes=found.nodes)


def _center(problem: Problem, told: Told, start: Ints | None) -> Answer:
    travel, weights = all_points(problem)
    choice = problem.choice()
    y, value, bound = least_worst(travel, np.flatnonzero(weights > 0), choice, told, start)
    return _answer(choice.low if y is None else y, value, bound, "s", proven=value <= bound)


def _percentile(problem: Problem, model: Percentile, told: Told, start: Ints | None) -> Answer:
    choice = problem.choice()
    travel, weights = all_points(problem)
    goal = model.goal(weights)
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

    y, value, bound, nodes = least_time(np.unique(travel.times_s), covered_at, reached_s, goal, choice, told, start)
    layout = choice.low if y is None else y
    return _answer(layout, value, bound, "s", proven=value <= bound, nodes=nodes)


def _worst(problem: Problem, model: WorstFirst, told: Told, start: Ints | None) -> Answer:
    groups = grouped(problem, model)
    sign = groups.sign
    told.shown = lambda value, bound: (sign * value, sign * bound)
    choice = problem.choice(counting_drones=counts_drones(model))
    y, value, bound = best_for_the_worst(groups, choice, told, start)
    return _answer(y, sign * value, sign * bound, groups.unit, proven=proven(value, bound))


# ---------------------------------------------------------------- what covering is made of


def _rows(scenario: Scenario, model: Cover) -> Rows:
    first, sites = scenario.travel.within(model.within_s)
    return Rows(first, sites, np.where(scenario.weights > 0, model.times, 0))


def _queues(problem: Problem, scenario: Scenario, model: Reliable, choice: Choice) -> Rows:
    """The drones that each point needs within T. Raises ``InfeasibleError``."""
    mean_weight = sum(s.share * float(s.weights.sum()) for s in problem.scenarios) / sum(
        s.share for s in problem.scenarios
    )
    offered = scenario.weights / mean_weight * (model.calls_per_h * model.busy_s / 3600)
    around = neighbourhood_erlangs(scenario.travel, offered, model.within_s, choice.high > 0)
    needs = np.where(scenario.weights > 0, drones_needed(around, model.reliability), 0)
    rows = Rows(*scenario.travel.within(model.within_s), needs)
    lacking = rows.lacking(choice)
    if len(lacking):
        room = rows.openable(choice)[lacking]
        least = 1 - loss_probability(room, around[lacking])
        worst = int(np.argmin(least))
        point, reliability = int(lacking[worst]), math.floor(float(least[worst]) * 1e4) / 1e4
        change = f"the reliability {reliability:.4g} at most" if reliability > 0 else "T must be more"
        where = f" in scenario {scenario.name}" if scenario.name else ""
        raise InfeasibleError(
            f"{len(lacking)} demand points{where} cannot have as many drones within {model.within_s:g} s as "
            f"the calls around them take; point {point} needs {needs[point]} for {around[point]:.3g} erlang, and its "
            f"sites have docks for {room[worst]}: {change}, or more docks",
            point,
        )
    return rows


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
    share = 1.0 - float(scenario.weights[lacking].sum() / scenario.weights.sum())
    raise InfeasibleError(
        f"{len(lacking)} demand points{where} cannot be covered{_deep(model)} within {model.within_s:g} s; point "
        f"{point} has {have} sites that may open in reach: {change}{least_times}, or a share of "
        f"{math.floor(share * 1e4) / 1e4:.4g} at most",
        point,
    )


def _share_within_reach(travel: Travel, weights: Floats, model: Cover, choice: Choice) -> None:
    """Raises ``InfeasibleError`` where all sites together cover less than the share, with the least that would do."""
    soonest_s = nth_nearest_s(travel, choice.high, model.times)
    whole = float(weights.sum())
    most = float(weights[soonest_s <= model.within_s].sum()) / whole
    if most >= model.share * (1 - 1e-12):
        return
    needed_s = reached_within_s(soonest_s, weights, model.share * whole * (1 - 1e-12))
    later = f"T must be {needed_s:g} s at least, or " if math.isfinite(needed_s) else ""
    raise InfeasibleError(
        f"{model.share:.4g} of the demand cannot be covered{_deep(model)} within {model.within_s:g} s: all sites "
        f"together cover {most:.4g}; {later}the share {math.floor(most * 1e4) / 1e4:.4g} at most"
    )


def _deep(model: Cover) -> str:
    return f" by {model.times} different bases" if model.times > 1 else ""


def _joined(parts: Sequence[Rows]) -> Rows:
    """All rows of several, under each other."""
    before = np.cumsum([0] + [len(p.sites) for p in parts])
    begins = [p.first[1:] + b for p, b in zip(parts, before, strict=False)]
    return Rows(
        np.concatenate([np.zeros(1, np.int64), *begins]),
        np.concatenate([p.sites for p in parts]),
        np.concatenate([p.needs for p in parts]),
    )


def _answer(y: Ints, value: float, bound: float, unit: str, *, proven: bool, nodes: int = 0) -> Answer:
    status: Status = "optimal" if proven else "stopped"
    opened = np.flatnonzero(y)
    return Answer(
        open_sites=tuple(opened.tolist()), drones=tuple(y[opened].tolist()), value=float(value), unit=unit,
        bound=float(bound), status=status, nodes=nodes,
    )  # fmt: skip
