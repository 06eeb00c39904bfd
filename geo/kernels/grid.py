"""Edges of closed ground filed in the cells of a uniform grid, so that a leg meets only those along its way."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PAD_M = 0.01
"""An edge is also filed in cells that it misses by this much, so that rounding while walking loses none."""

FAR_M = 150_000.0
"""Edges farther out than this (the outer rim of "everything outside an inclusion zone") are not filed in cells."""

MOST_CELLS = 1 << 18


class Ground(NamedTuple):
    """Edges of closed ground and the cells they pass. Lengths in metres, coordinates (east, north)."""

    edges: Floats
    """Shape [e, 4]: x, y of both ends."""
    west_m: float
    south_m: float
    cell_m: float
    columns: int
    rows: int
    first: Ints
    """Shape [rows · columns + 1]: where each cell's list begins in ``filed``."""
    filed: Ints
    """Edge numbers, cell by cell."""
    centre_closed: Bools
    """Whether the centre of each cell is closed ground. Shape [rows · columns]."""


@njit(cache=True, nogil=True)
def _passes(x0: float, y0: float, x1: float, y1: float, west: float, south: float, size: float) -> bool:
    """Whether a leg touches the square; separating axes."""
    half = size / 2
    mx, my = (x0 + x1) / 2 - west - half, (y0 + y1) / 2 - south - half
    hx, hy = abs(x1 - x0) / 2, abs(y1 - y0) / 2
    if abs(mx) > half + hx or abs(my) > half + hy:
        return False
    ux, uy = (x1 - x0) / 2, (y1 - y0) / 2
    return abs(mx * uy - my * ux) <= half * (hx + hy) + 1e-9


@njit(cache=True, nogil=True)
def file_edges(edges: Floats, west: float, south: float, cell: float, columns: int, rows: int) -> tuple[Ints, Ints]:
    """For every cell the numbers of the edges [e, 4] that pass it: where its list begins [cells + 1], and all lists."""
    first = np.zeros(columns * rows + 1, dtype=np.int64)
    filed = np.zeros(0, dtype=np.int64)
    for fill in (False, True):
        used = np.zeros(columns * rows, dtype=np.int64)
        for e in range(len(edges)):
            x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
            low_column = max(0, math.floor((min(x0, x1) - PAD_M - west) / cell))
            high_column = min(columns - 1, math.floor((max(x0, x1) + PAD_M - west) / cell))
            low_row = max(0, math.floor((min(y0, y1) - PAD_M - south) / cell))
            high_row = min(rows - 1, math.floor((max(y0, y1) + PAD_M - south) / cell))
            for row in range(low_row, high_row + 1):
                for column in range(low_column, high_column + 1):
                    left, low = west + column * cell - PAD_M, south + row * cell - PAD_M
                    if _passes(x0, y0, x1, y1, left, low, cell + 2 * PAD_M):
                        at = row * columns + column
                        if fill:
                            filed[first[at] + used[at]] = e
                        used[at] += 1
        if not fill:
            first[1:] = np.cumsum(used)
            filed = np.zeros(first[-1], dtype=np.int64)
    return first, filed
