"""What comes back: the layout with its proof, what each base is good for, how soon the demand is seen, what is not."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.coverage import Answer
from dispatch.coverage.answer import Status, gap_of
from dispatch.placement.ask import Ask, Floats, Site, endurance_s
from dispatch.placement.scenes import Posed, pairs_of
from geo.pairs import Pairs

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The layout's value, what none exceeds (or falls below), and whether the two meet; see ``dispatch.coverage``."""

    value: float
    unit: str
    bound: float
    status: Status

    @property
    def gap(self) -> float:
        """How far the bound is from the value, as a share of the value."""
        return gap_of(self.value, self.bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBase:
    """One base of a layout. Demand is in the weights' unit, in the mean of all scenes."""

    site: Site
    drones: int
    first: float
    """Demand that it sees before any other base."""
    covered: float
    """Demand that it sees within the promised time."""
    lost: float
    """Demand that would no longer be covered as deep as promised, were it lost."""
    mean_s: float
    """Mean response time to the demand that it sees first; NaN where that is none."""
    later_s: float
    """How much later all demand would be seen in the mean, were it lost; see :class:`Clocks` for what is out of
    reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Response times over all demand, from the nearest base with a free drone, in the mean of all scenes.

    ``mean_s``, ``median_s`` and ``p90_s`` are over the demand that is seen at all. Demand in closed ground, and what no
    base sees within what the battery lasts, is ``closed_share`` and ``unseen_share``.
    """

    mean_s: float
    median_s: float
    p90_s: float
    worst_s: float
    within_share: float
    """The share of all demand that is seen within the promised time by so many bases as promised."""
    once_share: float
    """The share of all demand that is seen within the promised time by one base at least."""
    closed_share: float
    unseen_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncovered:
    """Places that are not covered as promised in some scene, the heaviest first. All of shape [n] but ``lonlat``."""

    lonlat: Floats
    weights: Floats
    """Mean demand of the scenes in which the place is not covered."""
    seconds: Floats
    """Until a first drone is there, in the worst scene; infinite where none comes."""
    closed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """The answer to a plan: reproducible from the question."""

    ask: Ask
    proof: Proof
    bases: tuple[OpenBase, ...]
    new_bases: int
    cost: float
    """Of the new bases."""
    demand: float
    """All of it, in the mean of the scenes."""
    places: int
    sites: int
    scenes: tuple[str, ...]
    clocks: Clocks
    uncovered: Uncovered
    dropped: tuple[str, ...]
    """Sites of the engine's making that were left out: no drone may rise there."""
    interrupted: bool
    """Ctrl-C was heard: it is the best so far."""
    open_sites: tuple[int, ...]
    """By their place among the sites that were left."""


def layout_of(posed: Posed, ask: Ask, answer: Answer) -> Layout:
    """The layout that ``answer`` is, judged anew by flight truth without the cut-off of the question."""
    sites = posed.ground.sites
    opened = [k for k, drones in zip(answer.open_sites, answer.drones, strict=True) if drones]
    new = [k for k in opened if not sites[k].standing]
    judged = judge(posed, ask, tuple(opened))
    drones = dict(zip(answer.open_sites, answer.drones, strict=True))
    return Layout(
        ask=ask,
        proof=Proof(value=answer.value, unit=answer.unit, bound=answer.bound, status=answer.status),
        bases=tuple(
            OpenBase(site=sites[k], drones=drones[k], **{name: float(row[j]) for name, row in judged.of_bases.items()})
            for j, k in enumerate(opened)
        ),
        new_bases=len(new),
        cost=sum(sites[k].cost for k in new),
        demand=judged.demand,
        places=len(posed.places_xy),
        sites=len(sites),
        scenes=tuple(scene.name for scene in posed.scenes),
        clocks=judged.clocks,
        uncovered=judged.uncovered,
        dropped=posed.dropped,
        interrupted=answer.interrupted,
        open_sites=tuple(opened),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What flight truth says of some open sites; ``of_bases`` has the fields of :class:`OpenBase`, each [bases]."""

    demand: float
    clocks: Clocks
    of_bases: dict[str, Floats]
    uncovered: Uncovered


def judge(posed: Posed, ask: Ask, opened: tuple[int, ...]) -> Judged:
    """How soon the demand is seen from these sites, and what each of them is good for."""
    n, count = len(posed.places_xy), len(opened)
    within_s, times = ask.promise.within_s, ask.promise.times
    airframe, weights = posed.ground.airframe, posed.ground.demand.weights
    sums = {name: np.zeros(count) for name in ("first", "covered", "lost", "mean_s", "later_s")}
    all_s, all_weights = [], []
    missed, worst_s, closed_any = np.zeros(n), np.zeros(n), np.zeros(n, np.bool_)
    demand = within = once = closed_weight = seen_weight = 0.0
    for scene, closed in zip(posed.scenes, posed.closed, strict=True):
        weight = weights[scene.layer] * scene.share
        longest_s = max(within_s, endurance_s(airframe, scene.network.turnout_s(airframe)))
        pairs = pairs_of(airframe, scene, opened, posed.places_xy, longest_s)
        order, first, second_s = _ranked(pairs, n)
        nearest_s = np.full(n, np.inf)
        nearest_s[pairs.place[order][first]] = pairs.seconds[order][first]
        in_time = pairs.seconds <= within_s
        covers = np.bincount(pairs.place[in_time], minlength=n)
        base, place = pairs.site[order][first], pairs.place[order][first]
        needed = in_time & (covers[pairs.place] == times)
        sums["first"] += np.bincount(base, weight[place], count)
        sums["covered"] += np.bincount(pairs.site[in_time], weight[pairs.place[in_time]], count)
        sums["lost"] += np.bincount(pairs.site[needed], weight[pairs.place[needed]], count)
        sums["mean_s"] += np.bincount(base, weight[place] * nearest_s[place], count)
        then_s = np.minimum(second_s[place], longest_s)
        sums["later_s"] += np.bincount(base, weight[place] * (then_s - nearest_s[place]), count)
        seen = np.isfinite(nearest_s)
        all_s.append(nearest_s[seen])
        all_weights.append(weight[seen])
        demand += float(weight.sum())
        within += float(weight[covers >= times].sum())
        once += float(weight[covers >= 1].sum())
        closed_weight += float(weight[closed].sum())
        seen_weight += float(weight[seen].sum())
        short = (covers < times) & (weight > 0)
        missed += np.where(short, weight, 0.0)
        worst_s = np.maximum(worst_s, np.where(short, nearest_s, 0.0))
        closed_any |= closed & short
    with np.errstate(invalid="ignore", divide="ignore"):
        sums["mean_s"] = sums["mean_s"] / sums["first"]
    sums["later_s"] /= demand
    seconds, shares = np.concatenate(all_s), np.concatenate(all_weights)
    at = np.flatnonzero(missed > 0)
    at = at[np.argsort(-missed[at], kind="stable")]
    return Judged(
        demand=demand,
        clocks=Clocks(
            mean_s=float(seconds @ shares / shares.sum()) if shares.sum() > 0 else math.nan,
            median_s=_percentile_s(seconds, shares, 0.5),
            p90_s=_percentile_s(seconds, shares, 0.9),
            worst_s=float(seconds[shares > 0].max(initial=0.0)) if shares.sum() > 0 else math.nan,
            within_share=within / demand,
            once_share=once / demand,
            closed_share=closed_weight / demand,
            unseen_share=max(0.0, 1.0 - (seen_weight + closed_weight) / demand),
        ),
        of_bases=sums,
        uncovered=Uncovered(
            lonlat=posed.ground.demand.lonlat[at], weights=missed[at], seconds=worst_s[at], closed=closed_any[at]
        ),
    )


def _ranked(pairs: Pairs, n: int) -> tuple[Ints, Ints, Floats]:
    """The pairs place by place in order of time, where each place's begin, and the second times [n]."""
    order = np.lexsort((pairs.site, pairs.seconds, pairs.place))
    place, seconds = pairs.place[order], pairs.seconds[order]
    begins = np.ones(len(place), np.bool_)
    begins[1:] = place[1:] != place[:-1]
    first = np.flatnonzero(begins)
    second_s = np.full(n, np.inf)
    after = first + 1
    has = (after < len(place)) & ~np.append(begins, True)[after]
    second_s[place[first[has]]] = seconds[after[has]]
    return order, first, second_s


def _percentile_s(seconds: Floats, weights: Floats, share: float) -> float:
    """The least time within which so much of the weight is seen; NaN without any."""
    if weights.sum() <= 0:
        return math.nan
    order = np.argsort(seconds, kind="stable")
    reached = np.cumsum(weights[order])
    return float(seconds[order[int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))]])
