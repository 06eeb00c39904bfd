"""Every layout of a small problem, judged by the definitions: knows nothing of how placement is solved."""

import itertools
import math
from collections.abc import Iterator

import numpy as np

from dispatch.coverage import (
    Center,
    Cover,
    Expected,
    MaxCover,
    Median,
    Model,
    Percentile,
    Problem,
    Reliable,
    WorstFirst,
)


def layouts(problem: Problem, *, drones: bool) -> Iterator[tuple[int, ...]]:
    """Drones at every site, in every way that the problem allows."""
    sites = problem.candidates
    ranges = []
    for j in range(len(sites)):
        least = int(sites.standing[j] or sites.forced[j])
        most = 0 if sites.forbidden[j] else int(sites.docks[j]) if drones else 1
        ranges.append(range(least, most + 1))
    for y in itertools.product(*ranges):
        new = [n - int(standing) for n, standing in zip(y, sites.standing, strict=True)]
        if problem.p is not None and sum(new) > problem.p:
            continue
        if problem.budget is not None and sum(n * c for n, c in zip(new, sites.costs, strict=True)) > problem.budget:
            continue
        yield y


def judged(problem: Problem, model: Model, y: tuple[int, ...]) -> float | None:
    """The model's value of a layout; None where it keeps no promise."""
    sites = problem.candidates
    total = sum(s.share for s in problem.scenarios)
    worlds = [(s.share / total, s.weights, s.travel.table()) for s in problem.scenarios]
    match model:
        case Cover():
            kept, whole = 0.0, 0.0
            for share, weights, times in worlds:
                kept += share * deep(weights, times, y, model.within_s, model.times)
                whole += share * float(weights.sum())
            if kept < model.share * whole * (1 - 1e-9):
                return None
            costs = sites.costs if problem.p is None else np.ones(len(sites))
            return float(sum(costs[j] for j, n in enumerate(y) if n and not sites.standing[j]))
        case Reliable():
            calls = sum(share * weights.sum() for share, weights, _ in worlds)
            for _, weights, times in worlds:
                erlangs = weights / calls * model.calls_per_h * model.busy_s / 3600
                if not all(
                    is_served(i, erlangs, times <= model.within_s, y, problem, model) for i in np.flatnonzero(weights)
                ):
                    return None
            each = sites.costs if problem.p is None else np.ones(len(sites))
            return float(sum((n - standing) * c for n, standing, c in zip(y, sites.standing, each, strict=True)))
        case MaxCover() | Expected() | Median():
            return sum(share * worth(model, weights, times, y) for share, weights, times in worlds) / (
                sum(share * weights.sum() for share, weights, _ in worlds) if isinstance(model, Median) else 1.0
            )
        case Center():
            return max(nearest(times[i], y) for _, weights, times in worlds for i in np.flatnonzero(weights))
        case Percentile():
            reached = sorted(
                (nearest(times[i], y), share * weight)
                for share, weights, times in worlds
                for i, weight in enumerate(weights)
            )
            goal, so_far = model.share * sum(weight for _, weight in reached) * (1 - 1e-12), 0.0
            for time_s, weight in reached:
                so_far += weight
                if so_far >= goal:
                    return time_s
            return math.inf
        case WorstFirst():
            groups = [(weights, times) for _, weights, times in worlds]
            if model.over == "districts":
                names = np.array(problem.districts)
                groups = [
                    (np.concatenate([np.where(names == d, share * w, 0.0) for share, w, _ in worlds]),
                     np.concatenate([times for _, _, times in worlds]))
                    for d in sorted(set(problem.districts))
                ]  # fmt: skip
            values = [worth(model.of, w, times, y) / w.sum() for w, times in groups if w.sum() > 0]
            return max(values) if isinstance(model.of, Median) else min(values)


def worth(model: MaxCover | Expected | Median, weights: np.ndarray, times: np.ndarray, y: tuple[int, ...]) -> float:
    """Demand that is covered; for the median weighted seconds."""
    total = 0.0
    for i, weight in enumerate(weights):
        if isinstance(model, Median):
            longest = model.unserved_s if model.unserved_s is not None else times.max()
            total += weight * min(nearest(times[i], y), longest)
        else:
            count = sum(n for j, n in enumerate(y) if times[i, j] <= model.within_s)
            total += weight * (1 - model.busy**count if isinstance(model, Expected) else count >= model.times)
    return total


def deep(weights: np.ndarray, times: np.ndarray, y: tuple[int, ...], within_s: float, bases: int) -> float:
    """Demand that so many different bases cover in time."""
    covers = [sum(1 for j, n in enumerate(y) if n and row[j] <= within_s) for row in times]
    return float(sum(weight for weight, count in zip(weights, covers, strict=True) if count >= bases))


def is_served(
    i: int, erlangs: np.ndarray, near: np.ndarray, y: tuple[int, ...], problem: Problem, model: Reliable
) -> bool:
    """Whether a call at point i finds a free drone often enough, by Erlang's sum."""
    around = [float(erlangs[near[:, j]].sum()) for j in np.flatnonzero(near[i] & ~problem.candidates.forbidden)]
    drones = sum(y[j] for j in np.flatnonzero(near[i]))
    if not around or not drones:
        return False
    load = sum(around) / len(around)
    terms = [load**k / math.factorial(k) for k in range(drones + 1)]
    return 1 - terms[-1] / sum(terms) >= model.reliability - 1e-12


def nearest(times: np.ndarray, y: tuple[int, ...]) -> float:
    """Seconds from the nearest base."""
    return min((times[j] for j, n in enumerate(y) if n), default=math.inf)


def best(problem: Problem, model: Model) -> float | None:
    """The best value of any layout; None where none keeps the promise."""
    drones = isinstance(model, Expected | Reliable) or (
        isinstance(model, WorstFirst) and isinstance(model.of, Expected)
    )
    every = list(layouts(problem, drones=drones))
    if isinstance(model, Median) and not any(map(any, every)):
        return None  # a mean time to no base at all
    values = [judged(problem, model, y) for y in every]
    kept = [value for value in values if value is not None and math.isfinite(value)]
    if not kept:
        return None
    inner = model.of if isinstance(model, WorstFirst) else model
    return max(kept) if isinstance(inner, MaxCover | Expected) else min(kept)
