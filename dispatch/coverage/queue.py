"""How many drones it takes that one is free: a queue in which a call that finds none is lost to others.

Calls that come at random and hold a drone for some time, whatever its distribution, offer a load in erlangs (calls a
second times seconds held). With n drones a call finds all of them busy with Erlang's loss probability B (A. K. Erlang,
1917), which falls ever more slowly with n.
"""

import numpy as np
from numpy.typing import ArrayLike

from dispatch.coverage.kernels.types import Bools, Floats, Ints
from dispatch.coverage.problem import Travel

ROUNDING = 1e-12


def loss_probability(drones: ArrayLike, erlangs: ArrayLike) -> Floats:
    """Erlang's B: how often a call finds all drones busy. By B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1))."""
    n, a = np.broadcast_arrays(np.asarray(drones, np.int64), np.asarray(erlangs, np.float64))
    lost: Floats = np.ones(n.shape)
    for k in range(1, int(n.max(initial=0)) + 1):
        lost = np.where(k <= n, a * lost / (k + a * lost), lost)
    return lost


def drones_needed(erlangs: Floats, reliability: float) -> Ints:
    """The fewest drones, at least one, of which one is free with this probability."""
    needed: Ints = np.ones(len(erlangs), np.int64)
    lost = erlangs / (1 + erlangs)
    while (short := lost > 1 - reliability + ROUNDING).any():
        needed = needed + short
        lost = np.where(short, erlangs * lost / (needed + erlangs * lost), lost)
    return needed


def neighbourhood_erlangs(travel: Travel, erlangs: Floats, within_s: float, usable: Bools) -> Floats:
    """The load that the drones within reach of each demand point compete for.

    The mean, over the ``usable`` sites within T of the point, of what lies within T of the site: about what lies within
    T of the point itself, which is Marianov and ReVelle's neighbourhood, in terms of flights from sites.
    """
    kept = (travel.times_s <= within_s) & usable[travel.sites]
    rows = np.repeat(np.arange(len(travel.first) - 1), np.diff(travel.first))[kept]
    sites = travel.sites[kept]
    of_site = np.bincount(sites, erlangs[rows], minlength=travel.site_count)
    count = np.bincount(rows, minlength=len(erlangs))
    around: Floats = np.bincount(rows, of_site[sites], minlength=len(erlangs)) / np.maximum(count, 1)
    return around
