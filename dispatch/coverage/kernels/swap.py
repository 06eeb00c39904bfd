"""Greedy adding and the best swap for "levels", after Resende and Werneck (EJOR 174, 2007).

One walk along the chains tells for every site what opening one more there gains, for every open one what closing it
loses, and for every pair what both together spare; the best swap of all pairs is then read off. Levels beyond the
count at which φ is flat are never walked, so a walk is short where much is open.
"""

import numpy as np
from numba import njit

from dispatch.coverage.kernels.types import Floats, Ints, Sites

TINY = 1e-9
"""A gain smaller than this share of all that can be gained is none."""


@njit(cache=True, nogil=True)
def _deltas(
    chains: Ints, levels: Ints, sites: Sites, gains: Floats, steps: Floats,
    y: Ints, slot: Ints, gain: Floats, loss: Floats, both: Floats, pairs: bool,
) -> float:  # fmt: skip
    """Fills ``gain`` [m], ``loss`` [open] and ``both`` [open, m]; returns the value of ``y``.

    ``steps[c]`` is φ(c + 1) - φ(c), zero from the count on where φ is flat. ``slot`` numbers the open sites.
    """
    gain[:] = 0.0
    loss[:] = 0.0
    if pairs:
        both[:] = 0.0
    flat = len(steps) - 1  # steps[flat] == 0
    value = 0.0
    longest = 0
    for i in range(len(chains) - 1):
        longest = max(longest, chains[i + 1] - chains[i])
    more, less = np.empty(longest + 1), np.empty(longest + 1)
    reach = np.empty(len(y) + 1, np.int32)  # open sites of this chain, nearest first
    where = np.empty(len(y) + 1, np.int64)
    for i in range(len(chains) - 1):
        count, opened, end = 0, 0, chains[i]
        for level in range(chains[i], chains[i + 1]):
            for k in range(levels[level], levels[level + 1]):
                if y[sites[k]] > 0:
                    reach[opened], where[opened] = sites[k], level - chains[i]
                    opened += 1
                    count += y[sites[k]]
            end = level + 1
            at = level - chains[i]
            more[at] = gains[level] * (steps[count] if count < flat else 0.0)
            less[at] = gains[level] * (steps[count - 1] if 0 < count <= flat else 0.0)
            for c in range(min(count, flat)):
                value += gains[level] * steps[c]
            if count > flat:
                for rest in range(level + 1, chains[i + 1]):  # nothing changes beyond, but it counts
                    for c in range(flat):
                        value += gains[rest] * steps[c]
                break
        last = end - chains[i]
        more[last], less[last] = 0.0, 0.0
        for at in range(last - 1, -1, -1):
            more[at] += more[at + 1]
            less[at] += less[at + 1]
        for n in range(opened):
            loss[slot[reach[n]]] += less[where[n]]
        for level in range(chains[i], end):
            at = level - chains[i]
            if more[at] == 0.0 and less[at] == 0.0:
                break
            for k in range(levels[level], levels[level + 1]):
                j = sites[k]
                gain[j] += more[at]
                if pairs:
                    for n in range(opened):
                        spared = max(at, where[n])
                        both[slot[reach[n]], j] += less[spared] - more[spared]
    return value


@njit(cache=True, nogil=True)
def improve(
    chains: Ints, levels: Ints, sites: Sites, gains: Floats, steps: Floats,
    low: Ints, high: Ints, uses: Floats, most: float, y: Ints, swaps: int,
) -> float:  # fmt: skip
    """Opens what fits by most gain per use, then makes the best swap until none gains; ``y`` is changed in place."""
    m = len(y)
    gain, slot = np.zeros(m), np.zeros(m, np.int64)
    scale = 0.0
    for level in range(len(gains)):
        scale += gains[level]
    least = TINY * max(scale, 1e-300)
    value, made = 0.0, 0
    nothing = np.zeros((1, 1))
    while True:
        used, opened = 0.0, 0
        for j in range(m):
            used += uses[j] * y[j]
            if y[j] > 0:
                slot[j] = opened
                opened += 1
        room = most - used + 1e-9 * max(1.0, most)
        fits = False
        for j in range(m):
            if y[j] < high[j] and uses[j] <= room:
                fits = True
        loss = np.zeros(max(1, opened))
        swapping = not fits
        both = np.zeros((max(1, opened), m)) if swapping else nothing
        value = _deltas(chains, levels, sites, gains, steps, y, slot, gain, loss, both, swapping)
        best, out, into = 0.0, -1, -1
        if fits:
            for j in range(m):
                if y[j] < high[j] and uses[j] <= room and gain[j] > least:
                    rate = gain[j] / max(uses[j], 1e-12)
                    if rate > best:
                        best, into = rate, j
            if into >= 0:
                y[into] += 1
                continue
            both = np.zeros((max(1, opened), m))
            value = _deltas(chains, levels, sites, gains, steps, y, slot, gain, loss, both, True)
        if made >= swaps:
            break
        best = least
        for r in range(m):
            if y[r] <= low[r]:
                continue
            n = slot[r]
            for j in range(m):
                if j == r or y[j] >= high[j] or uses[j] > room + uses[r]:
                    continue
                delta = gain[j] - loss[n] + both[n, j]
                if delta > best:
                    best, out, into = delta, r, j
        if into < 0:
            break
        y[out] -= 1
        y[into] += 1
        made += 1
    return value


@njit(cache=True, nogil=True)
def search(
    chains: Ints, levels: Ints, sites: Sites, gains: Floats, steps: Floats,
    low: Ints, high: Ints, uses: Floats, most: float, y: Ints, odds: Floats, kicks: int, chance: np.random.Generator,
) -> tuple[float, Ints]:  # fmt: skip
    """Local search from ``y``, then ``kicks`` times: some sites closed, others opened at random, and searched anew.

    A site is opened with chances as its ``odds``; the relaxation's y are good ones.
    """
    m = len(y)
    heap = np.cumsum(odds)
    best_y = y.copy()
    best = improve(chains, levels, sites, gains, steps, low, high, uses, most, best_y, 1 << 30)
    for _ in range(kicks):
        trial = best_y.copy()
        used = 0.0
        for j in range(m):
            used += uses[j] * trial[j]
        for _ in range(2 + int(3 * chance.random())):
            r = int(m * chance.random())
            for _ in range(20 * m):
                if trial[r] > low[r]:
                    break
                r = int(m * chance.random())
            if trial[r] <= low[r]:
                break
            trial[r] -= 1
            used -= uses[r]
            for _ in range(20):
                j = min(m - 1, np.searchsorted(heap, chance.random() * heap[m - 1], side="right"))
                if j != r and trial[j] < high[j] and used + uses[j] <= most + 1e-9 * max(1.0, most):
                    trial[j] += 1
                    used += uses[j]
                    break
        value = improve(chains, levels, sites, gains, steps, low, high, uses, most, trial, 1 << 30)
        if value > best + TINY * abs(best):
            best, best_y = value, trial
    return best, best_y
