"""What every further base, or yuan, buys: the best value against ``p`` or against the budget, each with its bound.

Steps go up, and each begins where the one before ended: with its layout, which has room for more now, and, where a
model is made of levels, with the relaxation's prices, which bound every other ``p`` as well (Lagrange's dual is one
function of the prices, and the means only its parameter). The curve need not be concave, so only what always holds is
carried back: no layout with less is better than the bound for more.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np

from dispatch.coverage.answer import Answer, Progress, Status, Tell, gap_of
from dispatch.coverage.asked import Asked, asked, counts_drones
from dispatch.coverage.branch import Warm
from dispatch.coverage.interrupt import Interrupt, listening
from dispatch.coverage.models import Cover, Expected, MaxCover, Median, Model, Reliable, WorstFirst
from dispatch.coverage.place import layout_of, placed, resumed, unheard
from dispatch.coverage.problem import InfeasibleError, Problem
from dispatch.coverage.stop import Never, Part, Stop, left_s
from dispatch.coverage.telling import Told

By = Literal["p", "budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The best layout found with these means, and what no layout with them exceeds."""

    means: float
    """``p``, or the budget."""
    open_sites: tuple[int, ...]
    drones: tuple[int, ...]
    value: float
    bound: float
    gap: float
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Means without a layout, and why: the promise cannot be kept with them, or it was stopped before."""

    means: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Steps by rising means; every number is finite, so that JSON can hold it (``dispatch.codec.to_json``)."""

    by: By
    unit: str
    steps: tuple[Step, ...]
    missing: tuple[Missing, ...] = ()


def frontier(
    problem: Problem,
    model: Model,
    means: Sequence[float] | None = None,
    *,
    by: By = "p",
    stop: Stop | None = None,
    tell: Tell | None = None,
    each: Callable[[Step], None] | None = None,
) -> Frontier:
    """The best layouts for each of ``means``: ``p`` (all there can be, if none are named), or budgets.

    A time limit in ``stop`` is shared out: every step may take its part of what is left, what one does not need is the
    others', and what is left in the end goes to the steps that are not proven. All else in ``stop`` is asked at every
    step anew (``Gap``: each step ends when it is that good). Ctrl-C and ``Cancelled`` end all: what is missing is told.
    ``tell`` hears progress, its stage with the means before it; ``each`` hears every step when it is done, before later
    ones may better its bound. Raises ``ValueError``.
    """
    if isinstance(model, Cover | Reliable):
        raise ValueError(
            f"{type(model).__name__} asks for the fewest itself: ask for the frontier of MaxCover or Expected"
        )
    asked_for = _checked(problem, model, means, by)
    with listening() as interrupt:
        walk = _Walk(
            problem=problem, model=model, by=by, stop=stop or Never(), tell=tell or unheard, widest=asked_for[-1],
            interrupt=interrupt,
        )  # fmt: skip
        for k, amount in enumerate(asked_for):
            walk.on(amount, 1.0 / (len(asked_for) - k))
            if each is not None and amount in walk.answers:
                each(_step(amount, walk.answers[amount]))
        if math.isfinite(left_s(walk.stop)):
            again = [amount for amount, answer in walk.answers.items() if not walk.content(answer)]
            for k, amount in enumerate(again):
                walk.on(amount, 1.0 / (len(again) - k))
    most = isinstance(model.of if isinstance(model, WorstFirst) else model, MaxCover | Expected)
    steps = [_step(amount, answer) for amount, answer in walk.answers.items()]
    missing = [Missing(means=amount, why=why) for amount, why in walk.missing.items()]
    return Frontier(by=by, unit=walk.unit, steps=_carried_back(steps, most=most), missing=tuple(missing))


@dataclass(slots=True, kw_only=True)
class _Walk:
    """From step to step: what was found, and what each leaves for the next."""

    problem: Problem
    model: Model
    by: By
    stop: Stop
    tell: Tell
    widest: float
    interrupt: Interrupt
    answers: dict[float, Answer] = field(default_factory=dict)
    missing: dict[float, str] = field(default_factory=dict)
    unit: str = ""
    over: bool = False
    ask: Asked | None = None
    warm: Warm | None = None
    last: Answer | None = None

    def on(self, amount: float, share: float) -> None:
        """A step, with a share of the time that is left; one that was made before goes on from its layout."""
        if self.over:
            if amount not in self.answers:
                self.missing[amount] = "stopped before"
            return
        before = self.answers.get(amount)
        tell = partial(self._heard, f"{self.by} {amount:g}")
        told = Told(Part(self.stop, share), tell, interrupt=self.interrupt)
        try:
            answer = self._answered(_with(self.problem, self.by, amount), told, before or self.last)
        except InfeasibleError as error:
            self.missing[amount] = str(error)
            return
        self.over = told.ended
        if not math.isfinite(answer.value):
            self.missing[amount] = f"stopped before a layout was found: none is below {answer.bound:g}"
            return
        self.unit, self.last = answer.unit, answer
        if before is not None and abs(before.bound - answer.value) < abs(answer.bound - answer.value):
            answer = replace(answer, bound=before.bound)  # the layout is no worse, and both bounds hold
        self.answers[amount] = answer

    def content(self, answer: Answer) -> bool:
        """Whether there is nothing more to do for an answer."""
        return answer.status == "optimal" or self.stop(Progress(stage="again", value=answer.value, bound=answer.bound))

    def _answered(self, problem: Problem, told: Told, start: Answer | None) -> Answer:
        deep = isinstance(self.model, MaxCover) and self.model.times > 1
        if deep or not isinstance(self.model, MaxCover | Expected | Median):
            return placed(problem, self.model, told, start)
        if self.ask is None:  # the same levels whatever the means
            self.ask = asked(_with(self.problem, self.by, self.widest), self.model)
        if start is not None and self.warm is not None:
            layout = layout_of(start, problem.choice(counting_drones=counts_drones(self.model)))
            self.warm = self.warm if layout is None else self.warm._replace(y=layout)
        answer, self.warm = resumed(problem, self.model, self.ask, told, self.warm)
        return replace(answer, interrupted=told.interrupt.heard)

    def _heard(self, named: str, progress: Progress) -> None:
        self.tell(replace(progress, stage=f"{named}: {progress.stage}"))


def _checked(problem: Problem, model: Model, means: Sequence[float] | None, by: By) -> list[float]:
    """The means in order, each once. Raises ``ValueError``."""
    if means is None:
        if by == "budget":
            raise ValueError("name the budgets that the frontier is to have")
        sites = problem.candidates
        each = sites.docks if counts_drones(model) else np.ones(len(sites))
        return list(range(int(each[~sites.forbidden].sum() - sites.standing.sum()) + 1))
    if not len(means):
        raise ValueError(f"name at least one {by} for the frontier")
    odd = [amount for amount in means if by == "p" and amount != int(amount)]
    if odd:
        raise ValueError(f"p is {odd[0]:g}: give whole numbers")
    in_order = sorted({float(amount) for amount in means})
    with suppress(InfeasibleError):  # what cannot be kept is told step by step
        _with(problem, by, in_order[-1])
    return in_order


def _with(problem: Problem, by: By, amount: float) -> Problem:
    return replace(problem, p=int(amount)) if by == "p" else replace(problem, budget=amount)


def _step(means: float, answer: Answer) -> Step:
    return Step(
        means=means, open_sites=answer.open_sites, drones=answer.drones, value=answer.value, bound=answer.bound,
        gap=answer.gap, status=answer.status,
    )  # fmt: skip


def _carried_back(steps: Sequence[Step], *, most: bool) -> tuple[Step, ...]:
    """The steps with the bounds of later ones where those are better."""
    carried: list[Step] = []
    bound = math.inf if most else -math.inf
    for step in reversed(steps):
        bound = min(bound, step.bound) if most else max(bound, step.bound)
        status: Status = "optimal" if bound == step.value else step.status
        carried.append(replace(step, bound=bound, gap=gap_of(step.value, bound), status=status))
    return tuple(reversed(carried))
