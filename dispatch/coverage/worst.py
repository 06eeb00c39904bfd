"""The best for the worst group: max min_g (shift_g + scale_g · value_g(y)).

For any weights u ≥ 0 with Σ u = 1 the worst group is at most Σ u_g V_g(y), so the relaxation of that sum bounds it.
Weights are learned: groups that the relaxed layout serves badly weigh more (Freund and Schapire, Games and Economic
Behavior 29, 1999). Its layouts are good ones; OR-Tools has the rest, in slices.
"""

from dataclasses import replace

import numpy as np

from dispatch.coverage import rest
from dispatch.coverage.asked import Grouped
from dispatch.coverage.branch import PROVEN, ROUNDING, first_prices, rounded
from dispatch.coverage.kernels.ascent import climb
from dispatch.coverage.kernels.swap import search
from dispatch.coverage.kernels.types import Ints
from dispatch.coverage.levels import Choice, stacked
from dispatch.coverage.telling import Told

ROUNDS, RATE, STEPS = 30, 3.0, 400


def best_for_the_worst(
    grouped: Grouped, choice: Choice, told: Told, start: Ints | None = None
) -> tuple[Ints, float, float]:
    """The layout, what its worst group has, and what no layout's worst group exceeds."""
    groups, scale, shift, served = grouped.groups, grouped.scale, grouped.shift, grouped.served
    u = np.full(len(groups), 1.0 / len(groups))
    low, high = choice.low.astype(np.float64), choice.high.astype(np.float64)

    y, relaxed = choice.low.copy(), low
    chance = np.random.default_rng(1)
    best, bound = float(served(low).min()), np.inf

    def take(found: Ints) -> None:
        nonlocal y, best
        worst = float(served(found).min())
        if worst > best:
            y, best = found, worst

    if start is not None:
        take(start)
    with told.until_stopped():
        for round_ in range(ROUNDS):
            whole = stacked(
                [replace(g, gains=g.gains * (w * a), base=g.base * (w * a))
                 for g, w, a in zip(groups, u, scale, strict=True)]
            )  # fmt: skip
            top, _, _, _, relaxed, _, _ = climb(
                whole.chains, whole.levels, whole.sites, whole.gains, whole.slopes, low, high, choice.uses,
                choice.most, first_prices(whole, relaxed), relaxed.copy(), 1.0, STEPS, 1e-6, -np.inf, 0.0,
            )  # fmt: skip
            fixed = whole.base + float(u @ shift)
            bound = min(bound, top + fixed + ROUNDING * (abs(top) + abs(fixed)))
            for begin in (rounded(relaxed, choice), y):
                _, found = search(
                    whole.chains, whole.levels, whole.sites, whole.gains, whole.steps, choice.low, choice.high,
                    choice.uses, choice.most, begin, relaxed + 0.1 * relaxed.mean() + 1e-9, 2, chance,
                )  # fmt: skip
                take(found)
            told.ask("bound", best, bound)
            if proven(best, bound):
                return y, best, bound
            values = served(relaxed)
            spread = float(values.max() - values.min())
            if spread <= 0:
                break
            u = u * np.exp(-RATE / np.sqrt(1 + round_) * (values - values.min()) / spread)
            u /= u.sum()
        effort = rest.Effort()
        while not proven(best, bound) and sum(len(g.sites) for g in groups) <= rest.MOST_ENTRIES:
            better = _hardly_better(best)
            part = rest.worst_of(groups, scale, shift, choice, better, effort, told)
            if part.y is not None:
                take(part.y)
            if part.done:
                bound = max(best, better) if part.y is None else best
                break
            bound = min(bound, part.bound + ROUNDING * abs(part.bound))
            effort = effort.twice()
            told.ask("proof", best, bound)
    return y, best, bound


def proven(value: float, bound: float) -> bool:
    """Whether the bound is as near as it is ever taken."""
    return bound <= _hardly_better(value)


def _hardly_better(value: float) -> float:
    """So little more is no better."""
    return value + PROVEN * max(abs(value), 1e-9)
