"""The linear relaxation of "levels" by a primal-dual method, with a bound that holds at every step.

The relaxed problem is a saddle point over a box and a simplex,

    max over y, min over λ of  Σ_l φ*(λ_l) + Σ_l λ_l c_l(y),    c_l(y) = the sites open among those of level l,

where φ*(λ) = Σ_k max(0, gain_l slope_k - λ). Any λ ≥ 0 gives a proven upper bound: the Lagrangian dual of Church and
ReVelle's rows. It is climbed down by the hybrid gradient method of Chambolle and Pock (J. Math. Imaging and Vision 40,
2011) with the diagonal steps of Pock and Chambolle (ICCV 2011) and the restarts of Applegate et al. (PDLP, NeurIPS
2021). One step is one walk along the chains: counts forward, prices backward.
"""

import numpy as np
from numba import njit

from dispatch.coverage.kernels.types import Floats, Ints, Sites

CHECK = 20
"""Bounds are taken every so many steps."""

GOOD, LONG = 0.4, 0.36
"""Restart when the gap has fallen to this share, or when this share of all steps has passed since the last."""


@njit(cache=True, nogil=True)
def knapsack(prices: Floats, low: Floats, high: Floats, uses: Floats, most: float) -> float:
    """The most that ``prices`` · y can be with low ≤ y ≤ high and uses · y ≤ most, y real."""
    total, left = 0.0, most
    ratio = np.zeros(len(prices))
    for j in range(len(prices)):
        total += prices[j] * low[j]
        left -= uses[j] * low[j]
        if prices[j] <= 0.0:
            ratio[j] = -1.0
        elif uses[j] <= 0.0:
            ratio[j] = np.inf
        else:
            ratio[j] = prices[j] / uses[j]
    for j in np.argsort(-ratio):
        if ratio[j] <= 0.0:
            break
        room = high[j] - low[j]
        if uses[j] > 0.0:
            if left <= 0.0:
                break
            room = min(room, left / uses[j])
        total += prices[j] * room
        left -= uses[j] * room
    return total


@njit(cache=True, nogil=True)
def _project(v: Floats, tau: Floats, low: Floats, high: Floats, uses: Floats, most: float, y: Floats) -> None:
    """The nearest ``y`` to ``v`` (in the norm of 1 / tau) with low ≤ y ≤ high and uses · y ≤ most."""
    used, top = 0.0, 0.0
    for j in range(len(v)):
        y[j] = min(high[j], max(low[j], v[j]))
        used += uses[j] * y[j]
        if uses[j] > 0.0:
            top = max(top, (v[j] - low[j]) / (tau[j] * uses[j]))
    if used <= most:
        return
    bottom = 0.0
    for _ in range(50):
        mu = (bottom + top) / 2
        used = 0.0
        for j in range(len(v)):
            used += uses[j] * min(high[j], max(low[j], v[j] - mu * tau[j] * uses[j]))
        if used > most:
            bottom = mu
        else:
            top = mu
    for j in range(len(v)):
        y[j] = min(high[j], max(low[j], v[j] - top * tau[j] * uses[j]))


@njit(cache=True, nogil=True)
def prices_of(chains: Ints, levels: Ints, sites: Sites, lam: Floats, prices: Floats) -> None:
    """What a unit of each site is worth at the level prices ``lam``."""
    prices[:] = 0.0
    for i in range(len(chains) - 1):
        acc = 0.0
        for level in range(chains[i + 1] - 1, chains[i] - 1, -1):
            acc += lam[level]
            for k in range(levels[level], levels[level + 1]):
                prices[sites[k]] += acc


@njit(cache=True, nogil=True)
def value_of(chains: Ints, levels: Ints, sites: Sites, gains: Floats, slopes: Floats, y: Floats) -> float:
    """Σ gain φ(count), φ going on straight between whole counts."""
    total = 0.0
    for i in range(len(chains) - 1):
        count = 0.0
        for level in range(chains[i], chains[i + 1]):
            for k in range(levels[level], levels[level + 1]):
                count += y[sites[k]]
            left = count
            for slope in slopes:
                if left <= 0.0:
                    break
                total += gains[level] * slope * min(1.0, left)
                left -= 1.0
    return total


@njit(cache=True, nogil=True)
def conjugate(gains: Floats, slopes: Floats, lam: Floats) -> float:
    """Σ_l Σ_k max(0, gain_l slope_k - λ_l)."""
    total = 0.0
    for level in range(len(gains)):
        for slope in slopes:
            total += max(0.0, gains[level] * slope - lam[level])
    return total


@njit(cache=True, nogil=True)
def climb(
    chains: Ints, levels: Ints, sites: Sites, gains: Floats, slopes: Floats,
    low: Floats, high: Floats, uses: Floats, most: float,
    lam: Floats, y: Floats, omega: float, steps: int, good_enough: float, goal: float, share: float,
) -> tuple[float, Floats, Floats, float, Floats, float, int]:  # fmt: skip
    """Best bound, its level prices and site prices; best relaxed value and its y; the balance of the steps; steps.

    Ends after ``steps``, when the bound is at most ``goal``, when bound and value are within ``good_enough`` of each
    other (a share of the value), or within ``share`` of what the bound still is above ``goal``.
    """
    m = len(y)
    count_of = np.empty(len(gains))
    tau_inverse = np.full(m, 1e-12)
    acc_sites = 0
    for i in range(len(chains) - 1):
        acc_sites = 0
        for level in range(chains[i], chains[i + 1]):
            acc_sites += levels[level + 1] - levels[level]
            count_of[level] = max(1, acc_sites)
        acc = 0.0
        for level in range(chains[i + 1] - 1, chains[i] - 1, -1):
            acc += gains[level] * slopes[0]
            for k in range(levels[level], levels[level + 1]):
                tau_inverse[sites[k]] += acc
    tau = 1.0 / tau_inverse
    prices, new, bar, v = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    prices_of(chains, levels, sites, lam, prices)
    bound = conjugate(gains, slopes, lam) + knapsack(prices, low, high, uses, most)
    best_lam, best_prices = lam.copy(), prices.copy()
    value = value_of(chains, levels, sites, gains, slopes, y)
    best_y = y.copy()
    y_mean, prices_mean, lam_mean = np.zeros(m), np.zeros(m), np.zeros(len(lam))
    y_start, lam_start = y.copy(), lam.copy()
    since, last_gap = 0, bound - value
    step = 0
    while step < steps:
        step += 1
        for j in range(m):
            v[j] = y[j] + omega * tau[j] * prices[j]
        _project(v, tau, low, high, uses, most, new)
        for j in range(m):
            bar[j] = 2 * new[j] - y[j]
            y[j] = new[j]
        prices[:] = 0.0
        since += 1
        for i in range(len(chains) - 1):
            count = 0.0
            for level in range(chains[i], chains[i + 1]):
                for k in range(levels[level], levels[level + 1]):
                    count += bar[sites[k]]
                gain = gains[level]
                # the step of λ: the nearest to v that pays for Σ_k max(0, gain slope_k - λ)
                sigma = gain * slopes[0] / (count_of[level] * omega)
                at = lam[level] - sigma * count
                top = gain * slopes[0]
                for n in range(len(slopes)):
                    at += sigma
                    under = gain * slopes[n + 1] if n + 1 < len(slopes) else 0.0
                    if at <= top and at >= under:
                        break
                    if at > top:
                        at = top
                        break
                    top = under
                lam[level] = max(0.0, at)
                lam_mean[level] += (lam[level] - lam_mean[level]) / since
            acc = 0.0
            for level in range(chains[i + 1] - 1, chains[i] - 1, -1):
                acc += lam[level]
                for k in range(levels[level], levels[level + 1]):
                    prices[sites[k]] += acc
        for j in range(m):
            y_mean[j] += (y[j] - y_mean[j]) / since
            prices_mean[j] += (prices[j] - prices_mean[j]) / since
        if step % CHECK and step < steps:
            continue
        bound_mean = conjugate(gains, slopes, lam_mean) + knapsack(prices_mean, low, high, uses, most)
        value_mean = value_of(chains, levels, sites, gains, slopes, y_mean)
        bound_now = conjugate(gains, slopes, lam) + knapsack(prices, low, high, uses, most)
        value_now = value_of(chains, levels, sites, gains, slopes, y)
        if bound_mean < bound:
            bound, best_lam[:], best_prices[:] = bound_mean, lam_mean, prices_mean
        if bound_now < bound:
            bound, best_lam[:], best_prices[:] = bound_now, lam, prices
        if value_mean > value:
            value, best_y[:] = value_mean, y_mean
        if value_now > value:
            value, best_y[:] = value_now, y
        gap = min(bound_mean - value_mean, bound_now - value_now)
        near = bound - value
        if bound <= goal or near <= good_enough * abs(value) or near <= share * (bound - goal):
            break
        if gap <= GOOD * last_gap or since >= max(200, LONG * step):
            if bound_mean - value_mean < bound_now - value_now:
                y[:] = y_mean
                lam[:] = lam_mean
                prices[:] = prices_mean
            moved_y, moved_lam = 0.0, 0.0
            for j in range(m):
                moved_y += (y[j] - y_start[j]) ** 2 / tau[j]
            for level in range(len(lam)):
                if gains[level] > 0.0:
                    moved_lam += (lam[level] - lam_start[level]) ** 2 * count_of[level] / (gains[level] * slopes[0])
            if moved_y > 1e-18 and moved_lam > 1e-18:
                omega = np.sqrt(omega * np.sqrt(moved_y / moved_lam))
            y_start[:] = y
            lam_start[:] = lam
            y_mean[:] = 0.0
            prices_mean[:] = 0.0
            lam_mean[:] = 0.0
            since, last_gap = 0, gap
    return bound, best_lam, best_prices, value, best_y, omega, step
