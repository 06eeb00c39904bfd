"""Which straight lines cross closed ground: every line against every edge, in the plainest way there is."""

import numba
import numpy as np


@numba.njit(cache=True)
def _side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@numba.njit(cache=True)
def crosses(edges: np.ndarray, ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether the line a → b meets any edge [e, 4]; lines along an edge or through a corner of it do."""
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    for k in range(len(edges)):
        cx, cy, dx, dy = edges[k]
        if max(cx, dx) < west or min(cx, dx) > east or max(cy, dy) < south or min(cy, dy) > north:
            continue
        if _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) > 0:
            continue
        if _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) > 0:
            continue
        return True
    return False


@numba.njit(cache=True)
def clear_pairs(edges: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which of ``points`` [n, 2] are joined by a line that meets no edge. Symmetric, bool [n, n]."""
    n = len(points)
    clear = np.zeros((n, n), dtype=np.bool_)
    for i in range(n):
        for j in range(i):
            if not crosses(edges, points[i, 0], points[i, 1], points[j, 0], points[j, 1]):
                clear[i, j] = clear[j, i] = True
    return clear


@numba.njit(cache=True)
def heights(edges: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Metres from each of ``points`` [n, 2] to the nearest edge, negative within closed ground (by crossings)."""
    out = np.full(len(points), np.inf)
    for i in range(len(points)):
        px, py = points[i]
        inside = False
        best = np.inf
        for k in range(len(edges)):
            cx, cy, dx, dy = edges[k]
            ex, ey = dx - cx, dy - cy
            if (cy > py) != (dy > py) and px < cx + (py - cy) / ey * ex:
                inside = not inside
            square = ex * ex + ey * ey
            share = 0.0 if square == 0 else min(1.0, max(0.0, ((px - cx) * ex + (py - cy) * ey) / square))
            gap_x, gap_y = px - cx - share * ex, py - cy - share * ey
            best = min(best, gap_x * gap_x + gap_y * gap_y)
        out[i] = -np.sqrt(best) if inside else np.sqrt(best)
    return out
