"""Who covers whom: points and sites in the plane, equal rows merged exactly, dominated rows and sites found."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dispatch.coverage.kernels.types import Bools, Floats, Ints, Sites

Hashes = NDArray[np.uint64]


@njit(cache=True, nogil=True)
def file_sites(xy: Floats, cell: float) -> tuple[Ints, Sites, float, float, int, int]:
    """Sites [m, 2] filed in square cells: where each cell's list begins, the lists, west, south, columns, rows."""
    west, south = xy[:, 0].min() - cell, xy[:, 1].min() - cell
    columns = int((xy[:, 0].max() - west) / cell) + 2
    rows = int((xy[:, 1].max() - south) / cell) + 2
    first = np.zeros(columns * rows + 1, np.int64)
    at = np.empty(len(xy), np.int64)
    for j in range(len(xy)):
        at[j] = int((xy[j, 1] - south) / cell) * columns + int((xy[j, 0] - west) / cell)
        first[at[j] + 1] += 1
    first = np.cumsum(first)
    filed, used = np.empty(len(xy), np.int32), first[:-1].copy()
    for j in range(len(xy)):
        filed[used[at[j]]] = j
        used[at[j]] += 1
    return first, filed, west, south, columns, rows


@njit(cache=True, nogil=True)
def covers_of(
    points: Floats, xy: Floats, reach: float, keys: Hashes,
    first: Ints, filed: Sites, west: float, south: float, columns: int, rows: int, cell: float,
    fill: bool, begins: Ints, out: Sites,
) -> tuple[Ints, Hashes]:  # fmt: skip
    """How many sites lie within ``reach`` of each point, and the sum of their keys; with ``fill`` also which.

    Each list is written to ``out`` from ``begins`` on, in the order of the sites' numbers.
    """
    counts, sums = np.zeros(len(points), np.int64), np.zeros(len(points), np.uint64)
    square = reach * reach
    for i in range(len(points)):
        x, y = points[i, 0], points[i, 1]
        column, row = math.floor((x - west) / cell), math.floor((y - south) / cell)
        for r in range(max(0, row - 1), min(rows, row + 2)):
            for c in range(max(0, column - 1), min(columns, column + 2)):
                for k in range(first[r * columns + c], first[r * columns + c + 1]):
                    j = filed[k]
                    dx, dy = xy[j, 0] - x, xy[j, 1] - y
                    if dx * dx + dy * dy <= square:
                        if fill:
                            out[begins[i] + counts[i]] = j
                        counts[i] += 1
                        sums[i] += keys[j]
        if fill:
            out[begins[i] : begins[i] + counts[i]].sort()
    return counts, sums


@njit(cache=True, nogil=True)
def agree(
    points: Floats, xy: Floats, reach: float,
    first: Ints, filed: Sites, west: float, south: float, columns: int, rows: int, cell: float,
    group: Ints, begins: Ints, lists: Sites,
) -> bool:  # fmt: skip
    """Whether every point is covered by just the sites that its group's list names."""
    square = reach * reach
    for i in range(len(points)):
        x, y, found = points[i, 0], points[i, 1], 0
        start, end = begins[group[i]], begins[group[i] + 1]
        column, row = math.floor((x - west) / cell), math.floor((y - south) / cell)
        for r in range(max(0, row - 1), min(rows, row + 2)):
            for c in range(max(0, column - 1), min(columns, column + 2)):
                for k in range(first[r * columns + c], first[r * columns + c + 1]):
                    j = filed[k]
                    dx, dy = xy[j, 0] - x, xy[j, 1] - y
                    if dx * dx + dy * dy <= square:
                        at = start + np.searchsorted(lists[start:end], j)
                        if at >= end or lists[at] != j:
                            return False
                        found += 1
        if found != end - start:
            return False
    return True


@njit(cache=True, nogil=True)
def same_rows(first: Ints, sites: Sites, of: Ints, group: Ints) -> bool:
    """Whether every row has the sites of row ``of[group]``, in the same order."""
    for i in range(len(first) - 1):
        a, b = first[i], first[of[group[i]]]
        if first[i + 1] - a != first[of[group[i]] + 1] - b:
            return False
        for k in range(first[i + 1] - a):
            if sites[a + k] != sites[b + k]:
                return False
    return True


@njit(cache=True, nogil=True)
def needless_rows(first: Ints, sites: Sites, needs: Ints, order: Ints, m: int) -> Bools:
    """Rows that hold all sites of another row that needs as much: whoever meets that one meets these.

    ``order`` is by length; of equal rows the first is kept.
    """
    n = len(first) - 1
    needless = np.zeros(n, np.bool_)
    heads = np.full(m, -1, np.int64)  # kept rows chained under their rarest site
    onward = np.full(n, -1, np.int64)
    often = np.zeros(m, np.int64)
    for k in range(len(sites)):
        often[sites[k]] += 1
    mark = np.full(m, -1, np.int64)
    for i in order:
        for k in range(first[i], first[i + 1]):
            mark[sites[k]] = i
        for k in range(first[i], first[i + 1]):
            other = heads[sites[k]]
            while other >= 0 and not needless[i]:
                if needs[other] >= needs[i]:
                    inside = True
                    for a in range(first[other], first[other + 1]):
                        if mark[sites[a]] != i:
                            inside = False
                            break
                    needless[i] = inside
                other = onward[other]
            if needless[i]:
                break
        if not needless[i] and first[i + 1] > first[i]:
            rare = sites[first[i]]
            for k in range(first[i], first[i + 1]):
                if often[sites[k]] < often[rare]:
                    rare = sites[k]
            onward[i] = heads[rare]
            heads[rare] = i
    return needless


@njit(cache=True, nogil=True)
def shared_rows(first: Ints, sites: Sites, m: int) -> NDArray[np.int32]:
    """For every pair of sites the number of rows that name both. Shape [m, m]."""
    both = np.zeros((m, m), np.int32)
    for i in range(len(first) - 1):
        for a in range(first[i], first[i + 1]):
            for b in range(first[i], first[i + 1]):
                both[sites[a], sites[b]] += 1
    return both


@njit(cache=True, nogil=True)
def restrict(
    chains: Ints, levels: Ints, sites: Sites, gains: Floats, low: Ints, high: Ints, given: Bools, once: bool
) -> tuple[Ints, Ints, Sites, Floats, float]:
    """The chains without sites that cannot open; levels left without a new site join the one before.

    What is gained whatever is chosen (``once`` is enough and a standing site does it, or the level is ``given``) is
    summed up and left out.
    """
    out_chains, out_levels = np.zeros(len(chains), np.int64), np.zeros(len(levels), np.int64)
    out_sites, out_gains = np.empty(len(sites), np.int32), np.empty(len(gains))
    base, c, n, s = 0.0, 0, 0, 0
    for i in range(len(chains) - 1):
        held, begin = 0, n
        free = False
        for level in range(chains[i], chains[i + 1]):
            new = 0
            free = free or given[level]
            for k in range(levels[level], levels[level + 1]):
                j = sites[k]
                if once and low[j] > 0:
                    free = True
                if high[j] > 0 and not free:
                    out_sites[s + new] = j
                    new += 1
            if free:
                base += gains[level]
                continue
            if new == 0:
                if held > 0:
                    out_gains[n - 1] += gains[level]
                continue
            s += new
            held += new
            out_gains[n] = gains[level]
            n += 1
            out_levels[n] = s
        if n > begin:
            c += 1
            out_chains[c] = n
        s = out_levels[n]
    return out_chains[: c + 1].copy(), out_levels[: n + 1].copy(), out_sites[:s].copy(), out_gains[:n].copy(), base
