"""The figures of ground units out of real records: where they stand, how fast they are out and on the road.

Records tell whose call it was (its first-due station) and when the first unit arrived. Clocks are often kept in whole
minutes, cut off: then an arrival "6 minutes" after a call took anything from 5 to 7, and a fit that takes it for 6.0 is
wrong in its spread and in every quantile. Here the likelihood of a figure is that of the difference of two clocks that
were cut off, exactly.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri

from dispatch.model import LEAST_URGENT
from simulator.city.fitted import quantiles
from simulator.city.ground import DETOUR, Units, sent, straight_m
from simulator.city.history import History
from simulator.city.rows import Places

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FEWEST = 100
"""A priority, or a type, with fewer calls than these shares the figures of all."""

LONGEST_S = 3_600.0
"""A first unit that takes longer was not on its way all the time (a call in storage, a slip of a clock)."""

OUTLIERS = 1e-3
"""Such a share of arrivals have a time that tells nothing: any within :data:`LONGEST_S` is as likely."""

ROUNDS = 6
"""Who goes depends on the figures and the figures on who went: they are found in turn so many times."""

RUNS = 8
"""So many simulated runs together tell the quantiles to be brought to those recorded."""

LEAST_SPREAD = 0.01

FIRST_GUESS = np.array([120.0, 15.0, 0.3])
"""Turnout in seconds, speed in m/s and spread to begin with."""


class GroundError(ValueError):
    """Records that tell too little of ground units; the message says what."""


def clock_step_s(took_s: Floats) -> float:
    """60 where all times are whole minutes, else 1."""
    return 60.0 if not np.any(took_s % 60.0) else 1.0


def clock_quantiles_s(took_s: Floats, shares: Floats) -> Floats:
    """Quantiles of times between clocks that may have been cut off to whole minutes.

    The difference of two such clocks is m where the true time and a uniform minute sum to [m, m + 1): so the share of
    differences up to m is exactly that of sums below m + 1. The quantile of the sum, straight between these points,
    less the half minute that it is longer on average, is right to some seconds. Times in seconds lose half a second by
    the same rule.
    """
    step_s = clock_step_s(took_s)
    values, counts = np.unique(took_s, return_counts=True)
    upto = np.cumsum(counts) / len(took_s)
    at = np.concatenate([values[:1], values + step_s])
    found: Floats = np.interp(shares, np.concatenate([[0.0], upto]), at)
    return found - step_s / 2


def fit_units(
    history: History,
    station: NDArray[np.int32],
    places: Places,
    *,
    use: Flags | None = None,
    each: int = 1,
    detour: float = DETOUR,
) -> tuple[Units, Floats]:
    """Units, ``each`` per station, that arrive as recorded; and where the stations stand, [s, 2].

    ``station`` [n] is the first-due station of each row (0: not told), so ``records.station[history.record]``. Only the
    clocks of rows in ``use`` (all) are looked at; all calls keep units busy.

    First, in turn, what makes the arrivals most likely: where each station stands, beginning in the middle of its
    quickest calls; turnout, speed and spread by priority; and to which calls the station's own unit goes at once, by
    :func:`~simulator.city.ground.by_road`. Other calls tell nothing here: nobody knows from where their unit came. Then
    turnout and road are scaled together, and the spread is changed, until median and P90 of all simulated arrivals of a
    priority are those recorded: a few late arrivals do not then tell the spread of the others. Raises
    :class:`GroundError`.
    """
    rows = history.calls
    recorded_s = rows["ground_s"].astype(np.float64)
    told = np.isfinite(recorded_s) & (recorded_s <= LONGEST_S) & (True if use is None else use)
    mine = np.flatnonzero(told & (station > 0))
    if len(mine) < FEWEST:
        raise GroundError(
            f"{len(mine)} calls tell both their station and the first arrival; at least {FEWEST} are needed"
        )
    numbers, due = np.unique(np.where(told, station, 0), return_inverse=True)
    due = due - np.count_nonzero(numbers == 0)  # -1: not told
    xy_m, urgency = places.xy_m[rows["place"]], rows["priority"].astype(np.int64) - 1
    stations_xy_m = _middles_of_quickest(xy_m[mine], due[mine], recorded_s[mine])
    figures = np.repeat(FIRST_GUESS[:, np.newaxis], LEAST_URGENT, axis=1)
    service_s = _service_s(history, told)
    step_s = clock_step_s(recorded_s[told])

    def units() -> Units:
        roads_m = straight_m(stations_xy_m, places, units=each, detour=detour)
        return Units(road_m=roads_m, turnout_s=figures[0], speed_mps=figures[1], spread=figures[2], service_s=service_s)

    for _ in range(ROUNDS):
        _, unit, waited_s = sent(rows, units(), seed=0)
        own = told & (due >= 0) & (unit // each == due) & (waited_s == 0)
        for k in range(len(stations_xy_m)):
            mine = own & (due == k)
            if mine.any():
                of_mine = figures[:, urgency[mine]]
                stations_xy_m[k] = _stand(stations_xy_m[k], xy_m[mine], recorded_s[mine], of_mine, detour, step_s)
        road_m = np.hypot(*(xy_m - stations_xy_m[due]).T) * detour
        figures = _figures(recorded_s[own], road_m[own], urgency[own], step_s, figures)
    return _calibrated(units(), history, told), stations_xy_m


def _calibrated(units: Units, history: History, told: Flags) -> Units:
    """The same with the level and spread at which median and P90 of each priority are those recorded."""
    rows = history.calls
    groups = [told & (rows["priority"] == k + 1) for k in range(LEAST_URGENT)]
    groups = [mine if mine.sum() >= FEWEST else told for mine in groups]
    shares, normal = np.array([0.5, 0.9]), float(ndtri(0.9))
    goals_s = [clock_quantiles_s(rows["ground_s"][mine].astype(np.float64), shares) for mine in groups]
    for _ in range(ROUNDS):
        runs = np.stack([sent(rows, units, seed=seed)[0]["ground_s"] for seed in range(RUNS)])
        found_s = [np.nanquantile(runs[:, mine], shares) for mine in groups]
        (middle, _), (goal, _) = (np.transpose(both) for both in (found_s, goals_s))
        wide, wanted = (np.log([late / mid for mid, late in both]) / normal for both in (found_s, goals_s))
        units = replace(
            units,
            turnout_s=units.turnout_s * goal / middle,
            speed_mps=units.speed_mps * middle / goal,
            spread=np.sqrt(np.maximum(units.spread**2 + wanted**2 - wide**2, LEAST_SPREAD**2)),
        )
    return units


def _middles_of_quickest(xy_m: Floats, due: Ints, took_s: Floats) -> Floats:
    """For each station the middle of the tenth of its calls that were reached first."""
    groups = [np.flatnonzero(due == k) for k in range(due.max() + 1)]
    quickest = [mine[np.argsort(took_s[mine], kind="stable")[: max(5, len(mine) // 10)]] for mine in groups]
    return np.array([xy_m[mine].mean(axis=0) for mine in quickest])


def _service_s(history: History, told: Flags) -> Floats:
    """Quantiles of how long the calls of each type were worked at."""
    rows = history.calls[told]
    by_type = [rows["watch_s"][rows["type"] == k] for k in range(len(history.types))]
    return np.stack([quantiles(one if len(one) >= FEWEST else rows["watch_s"]) for one in by_type])


def _stand(begin_m: Floats, xy_m: Floats, took_s: Floats, figures: Floats, detour: float, step_s: float) -> Floats:
    """Where a station most likely stands, by the calls that its unit went to; ``figures`` [3, n] are each call's."""

    def unlikely(at_km: Floats) -> float:
        return _unlikely(took_s, np.hypot(*(xy_m - at_km * 1000.0).T) * detour, figures, step_s)

    return np.asarray(minimize(unlikely, begin_m / 1000.0, method="L-BFGS-B").x * 1000.0)


def _figures(took_s: Floats, road_m: Floats, urgency: Ints, step_s: float, begin: Floats) -> Floats:
    """Most likely turnout, speed and spread [3, 5] by priority; those of all for a priority with too few calls."""

    def likeliest(mine: Flags, guess: Floats) -> Floats:
        def unlikely(logs: Floats) -> float:
            return _unlikely(took_s[mine], road_m[mine], np.exp(logs), step_s)

        return np.asarray(np.exp(minimize(unlikely, np.log(guess), method="L-BFGS-B").x))

    every = likeliest(np.ones(len(took_s), np.bool_), begin.mean(axis=1))
    groups = [urgency == k for k in range(LEAST_URGENT)]
    return np.stack([likeliest(mine, every) if mine.sum() >= FEWEST else every for mine in groups], axis=1)


def _unlikely(took_s: Floats, road_m: Floats, figures: Floats, step_s: float) -> float:
    """Minus the mean logarithm of the chance of these times between clocks that were cut off to ``step_s``.

    The time is lognormal about turnout and road. Between two clocks it shows as m where, with a uniform step added, it
    lies in [m, m + 1): the chance is the second difference of the integral of its distribution function.
    """
    turnout_s, speed_mps, spread = figures
    middle = np.log(turnout_s + road_m / speed_mps)
    below = [_mean_spare_s(took_s + off_s, middle, spread) for off_s in (-step_s, 0.0, step_s)]
    chance = (below[2] - 2 * below[1] + below[0]) / step_s
    return -float(np.log(np.maximum(chance, 0.0) + OUTLIERS * step_s / LONGEST_S).mean())


def _mean_spare_s(limit_s: Floats, middle: Floats, spread: Floats) -> Floats:
    """E[max(limit - T, 0)] of a lognormal T: the integral of its distribution function up to the limit."""
    positive = limit_s > 0
    z = (np.log(np.where(positive, limit_s, 1.0)) - middle) / spread
    spare_s = limit_s * ndtr(z) - np.exp(middle + spread**2 / 2) * ndtr(z - spread)
    return np.where(positive, spare_s, 0.0)
