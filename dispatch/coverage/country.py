"""Raw points in open country: who covers whom by distance alone, equal points merged exactly on the way.

Ten million points need no list of pairs: each point's cover is hashed as it is found, points with equal covers become
one with their weights added, and every point is compared with the list of its group before that is believed.
"""

import numpy as np
from numpy.typing import ArrayLike

from dispatch.coverage.kernels.cover import agree, covers_of, file_sites
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.problem import Travel

CHUNK = 1_000_000
"""So many points are looked at at once."""


def open_country(
    points_xy: ArrayLike, weights: ArrayLike, sites_xy: ArrayLike, reach_m: float, within_s: float
) -> tuple[Floats, Travel]:
    """Weights and flight times of merged points: every site within ``reach_m`` of a point reaches it in ``within_s``.

    ``points_xy`` [n, 2] and ``sites_xy`` [m, 2] in metres of one plane. Points that no site reaches stay, as one point
    with an empty list. Raises ``ValueError`` for shapes and numbers that cannot be meant.
    """
    points, sites = _plane("points", points_xy), _plane("sites", sites_xy)
    given = np.asarray(weights, np.float64)
    if given.shape != (len(points),):
        raise ValueError(f"{given.shape} weights for {len(points)} points")
    if not 0 < reach_m < np.inf:
        raise ValueError(f"the reach is {reach_m} m: give more than 0")
    if not len(sites):
        raise ValueError("there is no candidate site")
    filed = file_sites(sites, reach_m)
    for seed in range(8):
        keys = np.random.default_rng(seed).integers(0, 2**63, len(sites), dtype=np.uint64)
        sums = np.empty(len(points), np.uint64)
        for part, chunk in _chunks(points):
            _, sums[part] = covers_of(
                chunk, sites, reach_m, keys, *filed, reach_m, False, np.zeros(0, np.int64), np.zeros(0, np.int32)
            )
        _, of, group = np.unique(sums, return_index=True, return_inverse=True)
        del sums
        ours = points[of]
        counts, _ = covers_of(
            ours, sites, reach_m, keys, *filed, reach_m, False, np.zeros(0, np.int64), np.zeros(0, np.int32)
        )
        first: Ints = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        lists = np.empty(first[-1], np.int32)
        covers_of(ours, sites, reach_m, keys, *filed, reach_m, True, first, lists)
        groups = group.astype(np.int64)
        if all(agree(c, sites, reach_m, *filed, reach_m, groups[p], first, lists) for p, c in _chunks(points)):
            merged: Floats = np.bincount(groups, given, minlength=len(of)).astype(np.float64)
            times_s = np.full(len(lists), float(within_s))
            return merged, Travel(first=first, sites=lists, times_s=times_s, site_count=len(sites))
    raise ArithmeticError("eight hashes in a row collide")


def _chunks(points: Floats) -> list[tuple[slice, Floats]]:
    return [(slice(k, k + CHUNK), points[k : k + CHUNK]) for k in range(0, len(points), CHUNK)]


def _plane(what: str, xy: ArrayLike) -> Floats:
    """Coordinates [n, 2], all finite."""
    places = np.ascontiguousarray(np.asarray(xy, np.float64))
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"{what} have shape {places.shape}: give [n, 2], metres east and north")
    bad = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if len(bad):
        raise ValueError(f"{what}[{bad[0]}] is {places[bad[0]].tolist()}: give two numbers")
    return places
