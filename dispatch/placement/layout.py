"""What comes back: the layout with its proof, what each base is good for, how soon the demand is seen, what is not."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.coverage import Answer, losses
from dispatch.coverage.answer import Status, gap_of
from dispatch.placement.ask import Ask, Floats, Site, endurance_s
from dispatch.placement.scenes import Posed, Scene, blocks, pairs_of

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
    marginal: float
    """By how much the model's value would be worse, were it lost; infinite where some time would have no end."""
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
    lost = {loss.site: loss.marginal for loss in losses(posed.problem, ask.model(posed.unserved_s), answer)}
    drones = dict(zip(answer.open_sites, answer.drones, strict=True))
    return Layout(
        ask=ask,
        proof=Proof(value=answer.value, unit=answer.unit, bound=answer.bound, status=answer.status),
        bases=tuple(
            OpenBase(
                site=sites[k],
                drones=drones[k],
                marginal=math.inf if (marginal := lost.get(k)) is None else marginal,
                **{name: float(row[j]) for name, row in judged.of_bases.items()},
            )
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
        dropped=tuple(site.id for site in posed.dropped),
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
    count, within_s, times = len(opened), ask.promise.within_s, ask.promise.times
    sums = {name: np.zeros(count) for name in ("first", "covered", "lost", "mean_s", "later_s")}
    places = len(posed.places_xy)
    missed, latest_s, closed_any = np.zeros(places), np.zeros(places), np.zeros(places, np.bool_)
    all_s, all_weights = [], []
    demand = within = once = shut = 0.0
    for scene, closed in zip(posed.scenes, posed.closed, strict=True):
        weight = posed.ground.demand.weights[scene.layer] * scene.share
        nearest_s, covers = _summed(posed, scene, opened, weight, within_s, times, sums)
        seen, short = np.isfinite(nearest_s), (covers < times) & (weight > 0)
        all_s.append(nearest_s[seen])
        all_weights.append(weight[seen])
        demand += float(weight.sum())
        within += float(weight[covers >= times].sum())
        once += float(weight[covers >= 1].sum())
        shut += float(weight[closed].sum())
        missed += np.where(short, weight, 0.0)
        latest_s = np.maximum(latest_s, np.where(short, nearest_s, 0.0))
        closed_any |= closed & short
    with np.errstate(invalid="ignore", divide="ignore"):
        sums["mean_s"] = sums["mean_s"] / sums["first"]
    sums["later_s"] /= demand
    seconds, shares = np.concatenate(all_s), np.concatenate(all_weights)
    seen_weight = float(shares.sum())
    at = np.flatnonzero(missed > 0)
    at = at[np.argsort(-missed[at], kind="stable")]
    return Judged(
        demand=demand,
        clocks=Clocks(
            mean_s=float(seconds @ shares / seen_weight) if seen_weight > 0 else math.nan,
            median_s=_percentile_s(seconds, shares, 0.5),
            p90_s=_percentile_s(seconds, shares, 0.9),
            worst_s=float(seconds[shares > 0].max(initial=0.0)) if seen_weight > 0 else math.nan,
            within_share=within / demand,
            once_share=once / demand,
            closed_share=shut / demand,
            unseen_share=max(0.0, 1.0 - (seen_weight + shut) / demand),
        ),
        of_bases=sums,
        uncovered=Uncovered(
            lonlat=posed.ground.demand.lonlat[at], weights=missed[at], seconds=latest_s[at], closed=closed_any[at]
        ),
    )


def _summed(
    posed: Posed,
    scene: Scene,
    opened: tuple[int, ...],
    weight: Floats,
    within_s: float,
    times: int,
    sums: dict[str, Floats],
) -> tuple[Floats, Ints]:
    """Of one scene what each place has: seconds until the first drone, and bases in time. Adds to ``sums`` what each
    base does. In blocks of places, for a base sees most of a city in the end."""
    airframe, count, n = posed.ground.airframe, len(opened), len(posed.places_xy)
    longest_s = max(within_s, endurance_s(airframe, scene.network.turnout_s(airframe)))
    nearest_s, covers = np.full(n, np.inf), np.zeros(n, np.int64)
    for block in blocks(n, count):
        heavy = weight[block]
        pairs = pairs_of(airframe, scene, opened, posed.places_xy[block], longest_s)
        order = np.lexsort((pairs.site, pairs.seconds, pairs.place))
        place, site, seconds = pairs.place[order], pairs.site[order], pairs.seconds[order]
        first = np.flatnonzero(np.append(True, place[1:] != place[:-1])) if len(place) else np.zeros(0, np.int64)
        then_s = np.full(len(first), longest_s)
        two = np.append(np.diff(first), len(place) - first[-1:]) > 1
        then_s[two] = seconds[first[two] + 1]
        in_time = seconds <= within_s
        covering = np.bincount(place[in_time], minlength=len(heavy))
        needed = in_time & (covering[place] == times)
        base, load = site[first], heavy[place[first]]
        sums["first"] += np.bincount(base, load, count)
        sums["mean_s"] += np.bincount(base, load * seconds[first], count)
        sums["later_s"] += np.bincount(base, load * (then_s - seconds[first]), count)
        sums["covered"] += np.bincount(site[in_time], heavy[place[in_time]], count)
        sums["lost"] += np.bincount(site[needed], heavy[place[needed]], count)
        nearest_s[block][place[first]] = seconds[first]
        covers[block] = covering
    return nearest_s, covers


def _percentile_s(seconds: Floats, weights: Floats, share: float) -> float:
    """The least time within which so much of the weight is seen; NaN without any."""
    if weights.sum() <= 0:
        return math.nan
    order = np.argsort(seconds, kind="stable")
    reached = np.cumsum(weights[order])
    return float(seconds[order[int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))]])
