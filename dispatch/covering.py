"""What idle drones cover together, and how much of it the departure of one costs.

Coverage is expected coverage (Daskin's MEXCLP, Transportation Science 17, 1983): of the demand at a place the k-th idle
drone that is there within the promise adds (1 - q) q^(k - 1), where q is how much of their time drones are busy.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dispatch import reasons
from dispatch.demand import recall
from dispatch.model import Situation
from dispatch.network import pairs_within
from dispatch.planning import site_of
from dispatch.sky import column_of, highest_layer_m
from geo.airframe import Airframe
from geo.route import Points

Numbers = NDArray[np.int64]


def in_time(situation: Situation, airframe: Airframe, places_xy: Points) -> dict[str, Numbers]:
    """The places [n, 2] that a charged drone of ``airframe`` sees within the promise from each base: by base id their
    numbers, in order; none where the weather holds it on the ground."""
    ids = sorted(situation.bases)
    if reasons.weather(situation.wind, situation.rain_mm_h, airframe) is not None:
        return {id_: np.empty(0, np.int64) for id_ in ids}
    bases = [situation.bases[id_] for id_ in ids]
    pairs = pairs_within(situation, airframe, bases, places_xy, situation.rules.promise_s)
    return {id_: np.sort(pairs.place[pairs.site == k]) for k, id_ in enumerate(ids)}


def losses(situation: Situation, idle: Iterable[str], busy: float) -> dict[str, float]:
    """The share of demand by which expected coverage falls when one of the ``idle`` drones, on its dock, leaves.

    ``busy`` is q. Raises :class:`dispatch.demand.CallsError` where the situation's demand is not known.
    """
    demand = recall(situation.demand)
    at = {id_: (situation.drones[id_].airframe, site_of(situation, situation.states[id_])) for id_ in idle}
    posts = Counter(at.values())
    airframes = {name for name, _ in posts}
    reached = {name: _remembered(_asked(situation, situation.airframes[name])) for name in airframes}
    places = {(name, base): reached[name].get(base or "", np.empty(0, np.int64)) for name, base in posts}
    covered_by = np.zeros(len(demand.weights))
    for post, count in posts.items():
        covered_by[places[post]] += count
    adds = demand.weights * busy ** (covered_by - 1.0)
    loses = {post: (1.0 - busy) * _sum(adds[which]) for post, which in places.items()}
    return {id_: loses[post] for id_, post in at.items()}


def _sum(numbers: NDArray[np.float64]) -> float:
    """One after the other, as the year's compiled loop does, so that both get the same to the last bit."""
    return float(np.cumsum(numbers)[-1]) if len(numbers) else 0.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """What :func:`in_time` hangs on; two that are equal have one answer."""

    situation: Situation = field(compare=False)
    airframe: Airframe
    demand: str
    on: tuple[object, ...]


def _asked(situation: Situation, airframe: Airframe) -> _Asked:
    rules, bases = situation.rules, tuple(sorted(situation.bases.items()))
    sky = column_of(situation, max(rules.cruise_height_m, highest_layer_m(rules)))  # all that closes any height below
    on = (rules, bases, sky, situation.wind, situation.rain_mm_h, situation.terrain, situation.ground_amsl_m)
    return _Asked(situation, airframe, situation.demand, on)


@lru_cache(maxsize=32)
def _remembered(asked: _Asked) -> dict[str, Numbers]:
    return in_time(asked.situation, asked.airframe, recall(asked.demand).places_xy)
