"""The bound: seconds that no legal way can beat.

Let D be the ground that is surely closed (:func:`tests.reference.ground.closed` with ``outer=False``): polygons within
the true closed ground, whose corners of margins are chords. Any legal way keeps out of D, so the fastest way that keeps
out of D is no slower than the fastest legal one. Flight time is a convex gauge of the displacement
(:mod:`tests.reference.pace`), which obeys the triangle inequality, and D is made of polygons: so a fastest way round D
exists that is a polyline whose inner points are corners at which D is locally convex (pull a way taut between two
corners: each straightening makes it no slower). The bound is the shortest path over all pairs of those corners whose
line does not pass through D. Lines are tested against D shrunk by a millimetre; that only lets more of them pass and
so can only lower the bound. It errs to the low side by the chords alone: 0.3 % of the arcs flown round.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry.base import BaseGeometry

from tests.reference.ground import edges
from tests.reference.pace import Pace
from tests.reference.segments import clear_pairs

HAIR_M = 1e-3


def least_s(
    surely_closed: BaseGeometry, starts: NDArray[np.float64], goals: NDArray[np.float64], pace: Pace
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds that no way beats: out, [starts, goals], and back, [goals, starts]. Infinite: there is no legal way."""
    turns = _convex_corners(surely_closed)
    places = np.concatenate([starts, goals, turns])
    walls = edges(surely_closed.buffer(-HAIR_M, join_style="mitre"))
    clear = clear_pairs(walls, places)
    i, j = np.nonzero(clear)  # a dense matrix would take legs of no length for none
    seconds = csr_array((_times_s(places[j] - places[i], pace), (i, j)), shape=clear.shape)
    s, g = len(starts), len(goals)
    found = dijkstra(seconds, indices=np.arange(s + g))
    return found[:s, s : s + g], found[s:, :s]


def _times_s(steps: NDArray[np.float64], pace: Pace) -> NDArray[np.float64]:
    square = (steps**2).sum(axis=-1)
    with_wind = steps[..., 0] * pace.east + steps[..., 1] * pace.north
    spare = pace.air**2 - pace.east**2 - pace.north**2
    return np.maximum((np.sqrt(with_wind**2 + spare * square) - with_wind) / spare, np.sqrt(square) / pace.cap)


def _convex_corners(ground: BaseGeometry) -> NDArray[np.float64]:
    """Every corner that may be convex: of two that are all but one, rounding tells nothing, so both count."""
    found = [np.empty((0, 2))]
    for part in shapely.get_parts(ground):
        for ring in shapely.get_rings(shapely.geometry.polygon.orient(part)):  # closed ground on the left
            here = np.asarray(ring.coords)[:-1]
            came, goes = here - np.roll(here, 1, axis=0), np.roll(here, -1, axis=0) - here
            short = np.minimum(np.hypot(*came.T), np.hypot(*goes.T)) < HAIR_M
            found.append(here[short | (came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0] > 0)])
    return np.concatenate(found)
