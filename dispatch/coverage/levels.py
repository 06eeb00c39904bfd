"""What most placement models are underneath: gains that hang on how many open sites a demand point has within reach.

*Levels*: every demand point has a chain of levels, each a set of sites that holds the one before; a level gives
``gain · φ(number of open sites in it)``, φ concave with φ(0) = 0. To be maximised over the open sites. So are

* the maximal covering location problem: one level a point, the sites within T; φ(c) = min(1, c);
* MEXCLP: the same with φ(c) = 1 - q^c, c counting drones;
* the p-median: one level for every distinct time of a point, which gives what is saved against the next longer one
  (Cornuéjols, Nemhauser and Wolsey 1980; Elloumi, INFORMS J. on Computing 22, 2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dispatch.coverage.kernels.ascent import value_of
from dispatch.coverage.kernels.cover import restrict, same_rows, shared_rows
from dispatch.coverage.kernels.types import Bools, Floats, Ints, Sites


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What may be opened: ``low`` ≤ y ≤ ``high``, whole numbers, and ``uses`` · y ≤ ``most``."""

    low: Ints
    high: Ints
    uses: Floats
    most: float

    @property
    def free(self) -> Bools:
        """Sites that are not settled."""
        return self.low < self.high


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Chains of levels over sites: see the module. ``base`` is gained whatever is chosen."""

    chains: Ints
    """Where each demand point's levels begin. Shape [n + 1]."""
    levels: Ints
    """Where each level's *new* sites begin. Shape [levels + 1]."""
    sites: Sites
    gains: Floats
    slopes: Floats
    """φ(c + 1) - φ(c) from c = 0 on, falling and above zero; zero beyond."""
    base: float = 0.0

    @property
    def steps(self) -> Floats:
        """``slopes`` and the zero that ends them."""
        return np.append(self.slopes, 0.0)

    @property
    def quantum(self) -> float:
        """Every choice's value is a multiple of this; 0.0 where nothing is known."""
        amounts = np.outer(self.gains, self.slopes).ravel() if len(self.slopes) > 1 else self.gains * self.slopes[0]
        whole = bool((amounts == np.floor(amounts)).all()) and float(amounts.sum()) < 2**52 and self.base % 1 == 0
        return float(np.gcd.reduce(np.append(amounts, self.base).astype(np.int64))) if whole else 0.0

    def gained(self, y: Ints | Floats) -> float:
        """What a layout gains, or a relaxed one."""
        return self.base + value_of(self.chains, self.levels, self.sites, self.gains, self.slopes, y.astype(np.float64))

    def among(self, choice: Choice, given: Bools | None = None) -> "Levels":
        """The same for this choice only: shorter, equal in value (``given`` levels count as gained)."""
        given = np.zeros(len(self.gains), np.bool_) if given is None else given
        once = len(self.slopes) == 1
        chains, levels, sites, gains, base = restrict(
            self.chains, self.levels, self.sites, self.gains, choice.low, choice.high, given, once
        )
        base = self.base + base * float(self.slopes[0])
        return merged(replace(self, chains=chains, levels=levels, sites=sites, gains=gains, base=base))


def single(first: Ints, sites: Sites, gains: Floats, slopes: Sequence[float] | Floats = (1.0,)) -> Levels:
    """One level a demand point: row i is ``sites[first[i] : first[i + 1]]``. Equal rows are merged."""
    chains = np.arange(len(first), dtype=np.int64)
    return merged(Levels(chains=chains, levels=first, sites=sites, gains=gains, slopes=np.asarray(slopes, float)))


def stacked(parts: Sequence[Levels]) -> Levels:
    """Several under one choice, their values added."""
    levels_before = np.cumsum([0] + [len(p.gains) for p in parts])
    sites_before = np.cumsum([0] + [len(p.sites) for p in parts])
    whole = Levels(
        chains=np.concatenate(
            [np.zeros(1, np.int64)] + [p.chains[1:] + b for p, b in zip(parts, levels_before, strict=False)]
        ),
        levels=np.concatenate(
            [np.zeros(1, np.int64)] + [p.levels[1:] + b for p, b in zip(parts, sites_before, strict=False)]
        ),
        sites=np.concatenate([p.sites for p in parts]),
        gains=np.concatenate([p.gains for p in parts]),
        slopes=parts[0].slopes,
        base=sum(p.base for p in parts),
    )
    return merged(whole)


def merged(given: Levels) -> Levels:
    """Equal rows as one with their gains added, where every chain has one level; rows that gain nothing are dropped."""
    if not len(given.gains) or (np.diff(given.chains) != 1).any():
        return given
    kept = (given.gains > 0) & (np.diff(given.levels) > 0)
    first, sites = rows_of(given.levels, given.sites, kept)
    group, of = equal_rows(first, sites)
    gains: Floats = np.bincount(group, given.gains[kept], minlength=len(of)).astype(np.float64)
    first, sites = rows_of(first, sites, of)
    return replace(given, chains=np.arange(len(first), dtype=np.int64), levels=first, sites=sites, gains=gains)


def rows_of(first: Ints, sites: Sites, which: Ints | Bools) -> tuple[Ints, Sites]:
    """Some of the rows, as rows."""
    lengths = np.diff(first)[which]
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    at = np.repeat(first[:-1][which] - begins[:-1], lengths) + np.arange(begins[-1])
    return begins, sites[at]


def equal_rows(first: Ints, sites: Sites) -> tuple[Ints, Ints]:
    """For every row its group, and for every group its first row. Rows with the same sites in the same order are equal.

    Found by hash and then compared, so the answer is exact.
    """
    m = int(sites.max(initial=0)) + 1
    for seed in range(8):
        keys = np.random.default_rng(seed).integers(0, 2**63, m, dtype=np.uint64)
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys[sites], dtype=np.uint64)])
        _, of, group = np.unique(sums[first[1:]] - sums[first[:-1]], return_index=True, return_inverse=True)
        if same_rows(first, sites, of, group):
            return group.astype(np.int64), of.astype(np.int64)
    raise ArithmeticError("eight hashes in a row collide")


def without_dominated(given: Levels, choice: Choice) -> Choice:
    """The choice without sites whose rows another, no dearer site covers too (one level a point, φ = min(1, c)).

    Of equal sites the first stays. A site that must open stays.
    """
    m = len(choice.low)
    if len(given.slopes) > 1 or (np.diff(given.chains) != 1).any() or m > MOST_COMPARED:
        return choice
    both = shared_rows(given.levels, given.sites, m)
    rows = np.diagonal(both)
    inside = both == rows[:, None]  # [j, k]: all rows of j are rows of k
    at_most = choice.uses[None, :] <= choice.uses[:, None]
    first_of_equals = ~((rows[None, :] == rows[:, None]) & (choice.uses[None, :] == choice.uses[:, None])) | (
        np.arange(m)[None, :] < np.arange(m)[:, None]
    )
    usable = choice.high > 0
    by: NDArray[np.bool_] = inside & at_most & first_of_equals & usable[None, :]
    np.fill_diagonal(by, False)
    dominated = by.any(axis=1) & (choice.low == 0)
    return replace(choice, high=np.where(dominated, 0, choice.high))


MOST_COMPARED = 4000
"""More sites than this are not compared in pairs."""
