"""Many durations in little room: bins of 0.1 s that widen with the duration, and exact sums.

A bin holds what is above the one before and not above its own edge, so "how many within T" is exact where T is an edge
(every 0.1 s up to 409.6 s), 0 has a bin of its own, and a quantile, told as its bin's edge, is never too short and at
most one bin too long. Above 409.6 s bins are 0.2 s wide, then 0.4 s, and so on: a 2,048th of the duration at most.
Above 29 h there is one bin, and the longest is kept. All is integers, so nothing depends on the order in which it came.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

BIN_MS: Final = 100
_HALF: Final = 2048
"""Bins of each width but the first, which has twice as many."""
_WIDENED: Final = 8
"""How often bins double in width."""
BINS: Final = _HALF * (_WIDENED + 2) + 2
"""Edges from 0 to the longest, and the bin of what is longer."""

Milliseconds = NDArray[np.int64]


def _edges_ms() -> Milliseconds:
    bins = np.arange(BINS - 1)
    doubled = np.maximum((bins - _HALF - 1) // _HALF, 0)
    edges: Milliseconds = (bins - _HALF * doubled) * 2**doubled * BIN_MS
    return edges


EDGES_MS: Final = _edges_ms()
LONGEST_MS: Final = int(EDGES_MS[-1])


def milliseconds(seconds: NDArray[np.floating]) -> Milliseconds:
    """To the nearest; a float32 of seconds holds them for some hours."""
    return np.rint(np.asarray(seconds, dtype=np.float64) * 1000).astype(np.int64)


def bins_of(span_ms: Milliseconds) -> NDArray[np.int64]:
    """The bin of each duration, none below 0."""
    tenths = -(-span_ms // BIN_MS)
    # How often its bins have doubled: the bits of (tenths − 1) beyond those of the first 4,096 bins.
    doubled = np.maximum(np.frexp((tenths - 1).astype(np.float64))[1] - 12, 0)
    bins: NDArray[np.int64] = -(-tenths // 2**doubled) + _HALF * doubled
    return np.where(span_ms > LONGEST_MS, BINS - 1, bins)


class Histograms:
    """``rows`` histograms of durations, with exact counts, sums and maxima. Raises ``ValueError`` below 0."""

    __slots__ = ("counts", "most_ms", "sums_ms")

    def __init__(self, rows: int) -> None:
        self.counts = np.zeros((rows, BINS), dtype=np.int64)
        self.sums_ms = np.zeros(rows, dtype=np.int64)
        self.most_ms = np.full(rows, -1, dtype=np.int64)
        """−1 where nothing was counted."""

    def add(self, rows: NDArray[np.integer], span_ms: Milliseconds) -> None:
        """One duration to each of ``rows``."""
        if span_ms.min(initial=0) < 0:
            raise ValueError(f"a duration of {int(span_ms.min())} ms")
        # One flat index: numpy adds at it three times as quickly as at two.
        np.add.at(self.counts.reshape(-1), rows * BINS + bins_of(span_ms), np.int64(1))
        np.add.at(self.sums_ms, rows, span_ms)
        np.maximum.at(self.most_ms, rows, span_ms)

    def merge(self, other: "Histograms") -> None:
        """All that ``other`` has counted, too."""
        self.counts += other.counts
        self.sums_ms += other.sums_ms
        np.maximum(self.most_ms, other.most_ms, out=self.most_ms)


class Spread:
    """What one or several rows of :class:`Histograms` say together; nan where there is nothing."""

    __slots__ = ("_below", "_most_ms", "_sum_ms", "count")

    def __init__(self, histograms: Histograms, rows: slice | int) -> None:
        self._below = np.cumsum(np.atleast_2d(histograms.counts[rows]).sum(axis=0))
        """How many are not above each bin's edge."""
        self._sum_ms = int(np.sum(histograms.sums_ms[rows]))
        self._most_ms = int(np.max(histograms.most_ms[rows]))
        self.count = int(self._below[-1])

    @property
    def sum_s(self) -> float:
        return self._sum_ms / 1000

    @property
    def mean_s(self) -> float:
        return self._sum_ms / self.count / 1000 if self.count else math.nan

    @property
    def max_s(self) -> float:
        return self._most_ms / 1000 if self.count else math.nan

    def quantile_s(self, share: float) -> float:
        """What ``share`` of all durations do not exceed: the ⌈share · n⌉-th, told as the edge of its bin."""
        if not self.count:
            return math.nan
        rank = max(1, math.ceil(share * self.count))
        at = int(np.searchsorted(self._below, rank))
        return min(int(EDGES_MS[at]), self._most_ms) / 1000 if at < len(EDGES_MS) else self.max_s

    def reached(self, span_s: NDArray[np.number]) -> NDArray[np.int64]:
        """How many do not exceed each of ``span_s``; exact where that is a bin's edge, else up to the edge before."""
        at = np.searchsorted(EDGES_MS, np.rint(np.asarray(span_s) * 1000), side="right") - 1
        return np.where(at >= 0, self._below[np.maximum(at, 0)], 0)

    def within(self, span_s: float) -> int:
        """How many do not exceed ``span_s``, as :meth:`reached` tells it."""
        return int(self.reached(np.array([span_s]))[0])
