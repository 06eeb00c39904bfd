"""A cover by greed, its needless sites dropped, and parts of it torn down and built anew."""

import numpy as np
from numba import njit

from dispatch.coverage.kernels.types import Floats, Ints, Sites


@njit(cache=True, nogil=True)
def _built(
    first: Ints, sites: Sites, needs: Ints, begins: Ints, rows: Ints,
    low: Ints, high: Ints, uses: Floats, y: Ints, noise: Floats,
) -> None:  # fmt: skip
    """Opens the site with most missing rows per use until nothing is missing, then closes what proves needless."""
    m = len(low)
    have = np.zeros(len(needs), np.int64)
    gain = np.zeros(m)
    for i in range(len(needs)):
        for k in range(first[i], first[i + 1]):
            have[i] += y[sites[k]]
        if have[i] < needs[i]:
            for k in range(first[i], first[i + 1]):
                gain[sites[k]] += 1.0
    while True:
        best, into = 0.0, -1
        for j in range(m):
            if y[j] < high[j] and gain[j] > 0.0:
                rate = gain[j] * noise[j] / max(uses[j], 1e-9)
                if rate > best:
                    best, into = rate, j
        if into < 0:
            break
        y[into] += 1
        for a in range(begins[into], begins[into + 1]):
            i = rows[a]
            have[i] += 1
            if have[i] == needs[i]:
                for k in range(first[i], first[i + 1]):
                    gain[sites[k]] -= 1.0
    for j in np.argsort(-uses * noise):
        while y[j] > low[j]:
            needed = False
            for a in range(begins[j], begins[j + 1]):
                if have[rows[a]] <= needs[rows[a]]:
                    needed = True
                    break
            if needed:
                break
            y[j] -= 1
            for a in range(begins[j], begins[j + 1]):
                have[rows[a]] -= 1


@njit(cache=True, nogil=True)
def greedy_cover(
    first: Ints,
    sites: Sites,
    needs: Ints,
    low: Ints,
    high: Ints,
    uses: Floats,
    rebuilt: int,
    chance: np.random.Generator,
) -> Ints:
    """A choice that meets every row that can be met; the best of ``rebuilt`` times that a part is built anew."""
    m = len(low)
    begins = np.zeros(m + 1, np.int64)
    for k in range(len(sites)):
        begins[sites[k] + 1] += 1
    begins = np.cumsum(begins)
    rows, used = np.empty(len(sites), np.int64), begins[:-1].copy()
    for i in range(len(needs)):
        for k in range(first[i], first[i + 1]):
            rows[used[sites[k]]] = i
            used[sites[k]] += 1
    best = low.copy()
    _built(first, sites, needs, begins, rows, low, high, uses, best, np.ones(m))
    best_uses = (uses * best).sum()
    for _ in range(rebuilt):
        y = best.copy()
        torn = chance.random() * 0.6
        for j in range(m):
            if y[j] > low[j] and chance.random() < torn:
                y[j] = low[j]
        noise = 1.0 + 0.3 * chance.random(m)
        _built(first, sites, needs, begins, rows, low, high, uses, y, noise)
        total = (uses * y).sum()
        if total <= best_uses:
            best, best_uses = y, total
    return best
