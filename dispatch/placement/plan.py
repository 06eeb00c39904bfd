"""A plan: the question, the problem that it is, the best layout with its proof, and what that layout is good for.

Pure: a clock stands only inside ``stop``. The same question has the same answer as long as no clock cuts it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dispatch.coverage import (
    Cover,
    Expected,
    Frontier,
    InfeasibleError,
    MaxCover,
    Never,
    Progress,
    Stop,
    frontier,
    place,
)
from dispatch.placement.ask import Ask
from dispatch.placement.layout import Clocks, Layout, judge, layout_of
from dispatch.placement.scenes import Ground, Posed, ignoring, posed

Work = Callable[[str, float], None]
"""Told what is being prepared and the share of it that is done."""

Told = Callable[[Progress], None]
"""Told value and bound while a layout is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignoring:
    """The best layout of a calm world without zones, beside the true one."""

    promised_share: float
    """Of the demand, that it would cover there."""
    true_share: float
    """Of the demand, that it covers in the true world; the true layout covers the share of its own clocks."""
    clocks: Clocks
    """What it does in the true world."""
    ids: tuple[str, ...]
    only_there: tuple[str, ...]
    only_here: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """What :func:`plan` gives back: the question, the layout, and the problem that it solves."""

    ask: Ask
    layout: Layout
    posed: Posed


def plan(
    ground: Ground,
    ask: Ask,
    stop: Stop | None = None,
    tell: Told = lambda _progress: None,
    work: Work = lambda _what, _share: None,
) -> Planned:
    """The best layout for ``ask`` over ``ground``, as far as ``stop`` lets it.

    Ctrl-C while it looks for layouts ends it like a stop. Raises :class:`~dispatch.coverage.InfeasibleError`, which
    names the smallest change that makes the promise one that can be kept,
    :class:`~dispatch.placement.ask.AskError` and ``ValueError`` for what cannot be meant.
    """
    question = posed(ground, ask, work)
    return Planned(ask=ask, layout=solved(question, ask, stop, tell), posed=question)


def solved(question: Posed, ask: Ask, stop: Stop | None = None, tell: Told = lambda _progress: None) -> Layout:
    """The layout of a problem that is posed already."""
    try:
        answer = place(question.problem, ask.model(question.unserved_s), stop or Never(), tell)
    except InfeasibleError as error:
        if error.point is None:
            raise
        longitude, latitude = question.ground.demand.lonlat[error.point].tolist()
        raise InfeasibleError(
            f"{error}. Demand point {error.point} lies at {latitude:.6f}, {longitude:.6f} (WGS-84)", error.point
        ) from error
    return layout_of(question, ask, answer)


def curve(
    planned: Planned,
    means: Sequence[float],
    stop: Stop | None = None,
    tell: Told = lambda _progress: None,
) -> Frontier:
    """What every further base buys, for each of ``means`` new bases; of ``cover`` the most demand that they cover."""
    promise, model = planned.ask.promise, planned.ask.model(planned.posed.unserved_s)
    if isinstance(model, Cover):
        model = MaxCover(within_s=promise.within_s, times=promise.times)
    problem = replace(planned.posed.problem, p=None, budget=None)
    most = int(problem.choice(counting_drones=isinstance(model, Expected)).high.sum())
    most -= int(problem.candidates.standing.sum())
    return frontier(problem, model, [amount for amount in means if amount <= most] or [most], stop=stop, tell=tell)


def ignored(planned: Planned, stop: Stop | None = None, tell: Told = lambda _progress: None) -> Ignoring:
    """How the layout differs where wind and zones are ignored: that question answered, and its answer judged by the
    true world. It may choose sites that lie in zones, and gets nothing from them."""
    true = planned.posed
    ground, ask = ignoring(replace(true.ground, sites=(*true.ground.sites, *true.dropped)), planned.ask)
    calm = posed(ground, ask)
    there = solved(calm, ask, stop, tell)
    ids = tuple(base.site.id for base in there.bases)
    here = tuple(base.site.id for base in planned.layout.bases)
    judged = judge(true, planned.ask, tuple(k for k in there.open_sites if k < len(true.ground.sites)))
    return Ignoring(
        promised_share=there.clocks.within_share,
        true_share=judged.clocks.within_share,
        clocks=judged.clocks,
        ids=ids,
        only_there=tuple(id_ for id_ in ids if id_ not in here),
        only_here=tuple(id_ for id_ in here if id_ not in ids),
    )
