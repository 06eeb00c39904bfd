"""What a layout is without one of its bases: what that base is worth, and what was risked by not planning for its loss.

Values are the model's. Of ``Cover`` it is the demand that has as many bases within T as the promise asks for.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from dispatch.coverage.answer import Layout, Tell
from dispatch.coverage.asked import all_points, asked, counts_drones, grouped
from dispatch.coverage.center import nearest_s, worst_time_s
from dispatch.coverage.interrupt import listening
from dispatch.coverage.kernels.types import Ints
from dispatch.coverage.models import Center, Cover, Expected, MaxCover, Median, Model, Percentile, Reliable, WorstFirst
from dispatch.coverage.percentile import reached_within_s
from dispatch.coverage.place import placed, unheard
from dispatch.coverage.problem import InfeasibleError, Problem
from dispatch.coverage.setcover import Rows
from dispatch.coverage.stop import Never, Part, Stop
from dispatch.coverage.telling import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A layout without one of its bases, the others as they are."""

    site: int
    value: float | None
    """What the layout is worth without it; None where some time has no end then."""
    marginal: float | None
    """By how much that is worse than with it: 0 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """A base lost, against the best layout of the size that is left.

    Size: as many new bases (drones, where a model counts drones) as remain, or what the budget leaves when the lost
    base's cost is spent; standing bases stay, the lost site is shut. A lost standing base takes nothing from ``p``.
    """

    site: int
    value: float | None
    """What is left is worth so much."""
    best: float | None
    """The best layout found of that size; None where there is none that serves."""
    bound: float | None
    """No layout of that size exceeds this."""
    regret: float | None
    """By how much ``value`` is worse than ``best``."""
    at_most: float | None
    """By how much it is worse than ``bound``: the true regret lies between the two."""


def worth(problem: Problem, model: Model) -> Callable[[Ints], float]:
    """A function of drones by site: the value of a layout, whoever pays for it; infinite where some time has no end."""
    match model:
        case Reliable():
            raise ValueError("losses are not told for Reliable: ask for those of Expected")
        case MaxCover() if model.times > 1:
            return worth(problem, Cover(within_s=model.within_s, times=model.times))
        case MaxCover() | Expected() | Median():
            ask = asked(problem, model)
            strict = isinstance(model, Median) and model.unserved_s is None
            return lambda y: math.inf if strict and not y.any() else ask.value(y)
        case WorstFirst():
            groups = grouped(problem, model)
            strict = isinstance(model.of, Median) and model.of.unserved_s is None
            return lambda y: math.inf if strict and not y.any() else groups.sign * float(groups.served(y).min())
        case Cover():
            travel, weights = all_points(problem)
            rows = Rows(*travel.within(model.within_s), np.full(len(weights), model.times))
            return lambda y: float(weights[rows.are_met(np.minimum(y, 1))].sum())
        case Center():
            travel, weights = all_points(problem)
            return lambda y: worst_time_s(travel, np.flatnonzero(weights > 0), y)
        case Percentile():
            travel, weights = all_points(problem)
            goal = model.goal(weights)
            return lambda y: reached_within_s(nearest_s(travel, y), weights, goal)


def losses(problem: Problem, model: Model, layout: Layout) -> tuple[Loss, ...]:
    """For every base of a layout, standing ones among them, what is lost if it is not there."""
    value_of, whole = worth(problem, model), _drones(problem, layout)
    value = value_of(whole)
    found = []
    for site in layout.open_sites:
        left = value_of(_without(whole, site))
        found.append(Loss(site=site, value=_finite(left), marginal=_finite(abs(value - left))))
    return tuple(found)


def regrets(
    problem: Problem, model: Model, layout: Layout, stop: Stop | None = None, tell: Tell | None = None
) -> tuple[Regret, ...]:
    """For every base of a layout, what could be had beside what is left when it is lost; see :class:`Regret`.

    A time limit in ``stop`` is shared out among the bases. Ctrl-C and ``Cancelled`` end it: what was not looked at has
    no entry.
    """
    best_of: Model = model
    if isinstance(model, Cover):
        best_of = MaxCover(within_s=model.within_s, times=model.times)
    value_of, whole = worth(problem, model), _drones(problem, layout)
    found = []
    with listening() as interrupt:
        for k, site in enumerate(layout.open_sites):
            rest = _without(whole, site)
            left = value_of(rest)
            part = Part(stop or Never(), 1.0 / (len(layout.open_sites) - k))
            told = Told(part, tell or unheard, interrupt=interrupt)
            best = bound = math.inf
            with suppress(InfeasibleError):
                answer = placed(_smaller(problem, model, whole, site), best_of, told, _Drones.of(rest))
                best, bound = answer.value, answer.bound
            regret, at_most = _finite(abs(best - left)), _finite(abs(bound - left))
            values = {"value": _finite(left), "best": _finite(best), "bound": _finite(bound)}
            found.append(Regret(site=site, regret=regret, at_most=at_most, **values))
            if told.ended:
                break
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Drones:
    open_sites: tuple[int, ...]
    drones: tuple[int, ...]

    @classmethod
    def of(cls, y: Ints) -> "_Drones":
        opened = np.flatnonzero(y)
        return cls(tuple(opened.tolist()), tuple(y[opened].tolist()))


def _smaller(problem: Problem, model: Model, whole: Ints, site: int) -> Problem:
    """The problem after the loss: the site shut, and the means that are left."""
    sites = problem.candidates
    here = np.arange(len(sites)) == site
    left = replace(
        sites, standing=sites.standing & ~here, forced=sites.forced & ~here, forbidden=sites.forbidden | here
    )
    new = (whole if counts_drones(model) else np.minimum(whole, 1)) - sites.standing
    if problem.budget is not None:
        return replace(problem, candidates=left, budget=problem.budget - float(sites.costs[site] * new[site]))
    return replace(problem, candidates=left, p=int(new.sum() - new[site]))


def _drones(problem: Problem, layout: Layout) -> Ints:
    y = np.zeros(len(problem.candidates), np.int64)
    y[list(layout.open_sites)] = layout.drones
    return y


def _without(whole: Ints, site: int) -> Ints:
    left = whole.copy()
    left[site] = 0
    return left


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
