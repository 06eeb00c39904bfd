"""A plan: the question, the problem that it is, the best layout with its proof, and what that layout is good for.

Pure: a clock stands only inside ``stop``. The same question has the same answer as long as no clock cuts it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.coverage import InfeasibleError, Never, Progress, Stop, place
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

    open_ids: tuple[str, ...]
    promised: float
    """The share of the demand that it would cover there."""
    clocks: Clocks
    """What it does in the true world."""
    only_there: tuple[str, ...]
    only_here: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """What :func:`plan` gives back: the layout, the problem that it solves, what ignoring wind and zones would do."""

    layout: Layout
    posed: Posed
    ignoring: Ignoring | None = None


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
    found = solved(question, ask, stop, tell)
    return Planned(
        layout=found,
        posed=question,
        ignoring=_ignoring(question, ask, found, stop, tell) if ask.ignoring else None,
    )


def solved(question: Posed, ask: Ask, stop: Stop | None = None, tell: Told = lambda _progress: None) -> Layout:
    """The layout of a problem that is posed already."""
    try:
        answer = place(question.problem, ask.model(question.unserved_s), stop or Never(), tell)
    except InfeasibleError as error:
        if error.point is None:
            raise
        count = len(question.places_xy)
        longitude, latitude = question.ground.demand.lonlat[error.point % count].tolist()
        raise InfeasibleError(
            f"{error}. Demand point {error.point} lies at {latitude:.6f}, {longitude:.6f} (WGS-84)", error.point
        ) from error
    return layout_of(question, ask, answer)


def _ignoring(question: Posed, ask: Ask, found: Layout, stop: Stop | None, tell: Told) -> Ignoring:
    ground, calm_ask = ignoring(question.ground, ask)
    calm = posed(ground, calm_ask)
    there = solved(calm, calm_ask, stop, tell)
    ids = tuple(base.site.id for base in there.bases)
    here = tuple(base.site.id for base in found.bases)
    return Ignoring(
        open_ids=ids,
        promised=there.clocks.within_share,
        clocks=judge(question, ask, there.open_sites).clocks,
        only_there=tuple(id_ for id_ in ids if id_ not in here),
        only_here=tuple(id_ for id_ in here if id_ not in ids),
    )
