"""Units on the ground: when the first of them arrives at each call by road.

A unit stands at its station. Of all units the one goes that arrives first: it leaves when it is free, and takes its
turnout (from the report to rolling wheels) and the road. What that takes is uncertain by a factor, lognormal about 1.
It is busy until its work on scene is done. Units know nothing of drones; :mod:`simulator.city.ground_fit` finds their
figures in real records.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from dispatch.model import LEAST_URGENT
from simulator.city.rows import Calls, Places

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DETOUR = 1.3
"""How much longer a road is taken to be than the straight line. A fit finds the speed that belongs to it: only the two
together make a time."""

_GROUND = 100
"""The branch of a seed that is drawn from here; no other part of the simulator takes it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Units, the roads from their stations to all places, and their figures by priority.

    ``road_m`` [places, units]. ``turnout_s``, ``speed_mps`` (along the road) and ``spread`` (standard deviation of the
    factor's logarithm) have one figure for each priority from 1 to 5. ``service_s`` [types, any] are quantiles, at even
    steps from the least to the greatest, of how long a unit stays. Raises ``ValueError`` for what cannot be.
    """

    road_m: Floats
    turnout_s: Floats
    speed_mps: Floats
    spread: Floats
    service_s: Floats

    def __post_init__(self) -> None:
        for name in ("turnout_s", "speed_mps", "spread"):
            values = getattr(self, name)
            if values.shape != (LEAST_URGENT,) or not np.isfinite(values).all() or (values < 0).any():
                raise ValueError(f"{name} {values} must be {LEAST_URGENT} finite numbers ≥ 0, one for each priority")
        if (self.speed_mps == 0).any():
            raise ValueError(f"speed_mps {self.speed_mps} must be above 0")
        if self.road_m.ndim != 2 or self.service_s.ndim != 2 or self.road_m.shape[1] == 0:
            raise ValueError(f"road_m {self.road_m.shape} must be [places, units], service_s [types, any]; some unit")
        if not (self.road_m >= 0).all() or not (np.isfinite(self.service_s).all() and (self.service_s >= 0).all()):
            raise ValueError("road_m and service_s must be ≥ 0; only a road may be infinite, where there is none")


def straight_m(
    stations_xy_m: Floats, places: Places, *, units: int | Sequence[int] = 1, detour: float = DETOUR
) -> Floats:
    """Roads [places, units] as straight lines times ``detour``, for so many units at each station [stations, 2]."""
    homes = np.repeat(stations_xy_m, units, axis=0)
    road_m: Floats = np.hypot(*(places.xy_m[:, np.newaxis] - homes).transpose(2, 0, 1)) * detour
    return road_m


def units_of(
    road_m: Floats,
    *,
    turnout_s: ArrayLike,
    speed_mps: ArrayLike,
    spread: ArrayLike,
    service_s: ArrayLike,
    types: int,
) -> Units:
    """Units out of one figure for all priorities (or one for each), and one service time for all types (or quantiles
    for each)."""
    figures = [np.broadcast_to(np.asarray(one, np.float64), LEAST_URGENT) for one in (turnout_s, speed_mps, spread)]
    service = np.asarray(service_s, np.float64)
    if service.ndim < 2:
        service = np.broadcast_to(service.reshape(-1, 1), (types, 1))
    return Units(road_m=road_m, turnout_s=figures[0], speed_mps=figures[1], spread=figures[2], service_s=service)


def by_road(blocks: Iterable[Calls], units: Units, *, seed: int) -> Iterator[Calls]:
    """The same calls with ``ground_s`` filled in, block by block; blocks must follow each other in time.

    Merged reports get no unit and keep NaN, and so does a call that no road leads to. What is left to chance is drawn
    call by call from generators of their own, one for the way and one for the stay: blocks of any size give the same.
    """
    return (calls for calls, _, _ in _served(blocks, units, seed))


def sent(calls: Calls, units: Units, *, seed: int) -> tuple[Calls, Ints, Floats]:
    """The same for all calls at once; beside them which unit went (-1: none) and how long after the report it was free
    to go."""
    return next(_served([calls], units, seed))


def _served(blocks: Iterable[Calls], units: Units, seed: int) -> Iterator[tuple[Calls, Ints, Floats]]:
    way, stay = (np.random.default_rng(one) for one in np.random.SeedSequence(seed, spawn_key=(_GROUND,)).spawn(2))
    free_s = np.full(units.road_m.shape[1], -np.inf)
    steps = units.service_s.shape[1] - 1
    for block in blocks:
        calls = block.copy()
        at = stay.random(len(calls)) * steps
        low = at.astype(np.int64)
        less, more = (units.service_s[calls["type"], np.minimum(k, steps)] for k in (low, low + 1))
        urgency = calls["priority"].astype(np.int64) - 1
        factor = np.exp(units.spread[urgency] * way.standard_normal(len(calls)))
        unit, waited_s = np.full(len(calls), -1, np.int64), np.zeros(len(calls))
        ground_s = np.full(len(calls), np.nan)
        _send(
            calls["at_s"].copy(), calls["place"].astype(np.int64), urgency, calls["merged"].copy(), factor,
            less + (more - less) * (at - low), units.road_m, units.turnout_s, units.speed_mps,
            free_s, ground_s, unit, waited_s,
        )  # fmt: skip
        calls["ground_s"] = ground_s
        yield calls, unit, waited_s


def _one_after_another(
    at_s: Floats,
    place: Ints,
    urgency: Ints,
    merged: NDArray[np.bool_],
    factor: Floats,
    service_s: Floats,
    road_m: Floats,
    turnout_s: Floats,
    speed_mps: Floats,
    free_s: Floats,
    ground_s: Floats,
    unit: Ints,
    waited_s: Floats,
) -> None:
    """Send a unit to each call in turn; ``free_s`` [units] and the last three [calls] are written."""
    for k in range(len(at_s)):
        if merged[k]:
            continue
        here, turnout, speed = road_m[place[k]], turnout_s[urgency[k]], speed_mps[urgency[k]]
        first_s, sent = math.inf, -1
        for u in range(len(here)):
            arrives_s = max(at_s[k], free_s[u]) + turnout + here[u] / speed
            if arrives_s < first_s:
                first_s, sent = arrives_s, u
        if sent < 0:
            continue
        leaves_s = max(at_s[k], free_s[sent])
        arrived_s = leaves_s + (first_s - leaves_s) * factor[k]
        free_s[sent] = arrived_s + service_s[k]
        ground_s[k], unit[k], waited_s[k] = arrived_s - at_s[k], sent, leaves_s - at_s[k]


_send = njit(cache=True, nogil=True)(_one_after_another)
