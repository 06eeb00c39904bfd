"""The cells of a grid that a leg crosses, compiled."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def highest_along(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    highest: NDArray[np.float32],
    west: float,
    south: float,
    cell: float,
) -> NDArray[np.float64]:
    """The highest of the cells that each leg crosses, shapes [n, 2] → [n]; infinite beyond the grid.

    Amanatides and Woo, A fast voxel traversal algorithm for ray tracing (Eurographics 1987). Where a leg passes through
    a corner of cells one of the two neighbours there is left out: what a cell tells holds half a cell beyond it.
    """
    rows, columns = highest.shape
    found = np.full(len(starts), -np.inf)
    for k in range(len(starts)):
        x, y = (starts[k, 0] - west) / cell, (starts[k, 1] - south) / cell
        to_x, to_y = (ends[k, 0] - west) / cell, (ends[k, 1] - south) / cell
        if not (
            min(x, to_x) >= 0.0 and max(x, to_x) < columns and min(y, to_y) >= 0.0 and max(y, to_y) < rows
        ):  # NaN too
            found[k] = np.inf
            continue
        i, j, last_i, last_j = int(y), int(x), int(to_y), int(to_x)
        dx, dy = to_x - x, to_y - y
        step_j, step_i = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
        next_x = math.inf if dx == 0 else ((j + (dx > 0)) - x) / dx
        next_y = math.inf if dy == 0 else ((i + (dy > 0)) - y) / dy
        each_x = math.inf if dx == 0 else abs(1.0 / dx)
        each_y = math.inf if dy == 0 else abs(1.0 / dy)
        most = np.float64(highest[i, j])
        for _ in range(abs(last_i - i) + abs(last_j - j)):
            if next_x < next_y:
                j += step_j
                next_x += each_x
            else:
                i += step_i
                next_y += each_y
            if i < 0 or j < 0 or i >= rows or j >= columns:
                break
            most = max(most, np.float64(highest[i, j]))
        found[k] = max(most, np.float64(highest[last_i, last_j]))
    return found
