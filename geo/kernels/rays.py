"""How far rays run before they meet closed ground."""

import numpy as np
from numba import njit

from geo.kernels.grid import Floats, Ints


@njit(cache=True, nogil=True)
def in_sight_m(edges: Floats, hubs: Floats, rays_hub: Ints, rays: Floats, lengths: Floats) -> Floats:
    """Metres along each ray [n] (a unit vector [n, 2] from ``hubs[rays_hub]``) of at most ``lengths`` [n] until it
    meets one of ``edges`` [e, 4]."""
    out = np.empty(len(lengths))
    for r in range(len(lengths)):
        x, y = hubs[rays_hub[r], 0], hubs[rays_hub[r], 1]
        out[r] = _in_sight_m(edges, x, y, rays[r, 0], rays[r, 1], lengths[r])
    return out


@njit(cache=True, nogil=True)
def _in_sight_m(edges: Floats, x: float, y: float, ux: float, uy: float, length: float) -> float:
    """How far a ray of at most ``length`` runs before it meets an edge."""
    for e in range(len(edges)):
        ax, ay = edges[e, 0] - x, edges[e, 1] - y
        bx, by = edges[e, 2] - x, edges[e, 3] - y
        a, b = ux * ay - uy * ax, ux * by - uy * bx
        if (a > 0.0 and b > 0.0) or (a < 0.0 and b < 0.0):
            continue
        if a == b:
            at = min(ux * ax + uy * ay, ux * bx + uy * by)
        else:
            share = a / (a - b)
            at = ux * (ax + share * (bx - ax)) + uy * (ay + share * (by - ay))
        if 0.0 <= at < length:
            length = at
    return length
