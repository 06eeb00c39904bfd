"""Response times of all pairs of site and place: :mod:`geo.field` without its question which site is first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.certify import Level, Network
from geo.field import fastest_mps, seen_s
from geo.route import Motion, Points, motion_of


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which site sees which place, and after how many seconds; all of shape [m], by site."""

    place: NDArray[np.int64]
    site: NDArray[np.int64]
    seconds: NDArray[np.float64]


def response_pairs(network: Network, airframe: Airframe, places_xy: Points, within_s: float = np.inf) -> Pairs:
    """Seconds until ``airframe`` from each base of ``network`` sees each of ``places_xy`` [n, 2], up to ``within_s``.

    Of the heights that a flight may choose the quickest, as in :meth:`geo.certify.Network.eta`. A pair that takes
    longer, or has no legal way, is not listed. Only places that could be seen in time by a straight flight are looked
    at, so that the work goes with what is reached and not with all pairs there are.
    """
    motion, near = motion_of(airframe, network.wind), Near(places_xy)
    found = [
        (k, *_from_site(network, airframe, motion, site_xy, near, within_s))
        for k, site_xy in enumerate(network.bases_xy)
    ]
    return Pairs(
        place=np.concatenate([np.empty(0, np.int64), *(place for _, place, _ in found)]),
        site=np.repeat(np.array([k for k, _, _ in found], np.int64), [len(place) for _, place, _ in found]),
        seconds=np.concatenate([np.empty(0), *(seconds for _, _, seconds in found)]),
    )


class Near:
    """Places by their distance from another: sorted by their east, so that most are never looked at."""

    def __init__(self, places_xy: Points) -> None:
        self.places_xy = places_xy
        self._order = np.argsort(places_xy[:, 0], kind="stable")
        self._east_m = places_xy[self._order, 0]

    def __call__(self, here_xy: Points, within_m: float) -> NDArray[np.int64]:
        """The numbers of the places within so many metres, in order."""
        if within_m < 0:
            return np.empty(0, np.int64)
        low, high = np.searchsorted(self._east_m, (here_xy[0] - within_m, here_xy[0] + within_m), side="left")
        strip = self._order[low : high + 1]
        away_m = np.hypot(*(self.places_xy[strip] - here_xy).T)
        return np.sort(strip[away_m <= within_m]).astype(np.int64)


def farthest_m(airframe: Airframe, motion: Motion, ready_s: float, height_m: float, within_s: float) -> float:
    """No place farther than this from a start is seen within ``within_s``; negative where none is."""
    flying_s = within_s - ready_s - airframe.slew_s
    return airframe.footprint_radius_m(height_m) + flying_s * fastest_mps(motion) if flying_s >= 0 else -1.0


def _from_site(
    network: Network, airframe: Airframe, motion: Motion, site_xy: Points, near: Near, within_s: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    levels = [level for level in network.levels if level.column.closed_at(site_xy) is None]
    reach_m = [farthest_m(airframe, motion, network.ready_s(airframe, one), one.height_m, within_s) for one in levels]
    places = near(site_xy, max(reach_m, default=-1.0))
    seconds = np.full(len(places), np.inf)
    for level in levels if len(places) else ():
        np.minimum(seconds, _at_level(network, airframe, motion, site_xy, level, near.places_xy[places]), out=seconds)
    seen = np.isfinite(seconds) & (seconds <= within_s)
    return places[seen], seconds[seen]


def _at_level(
    network: Network, airframe: Airframe, motion: Motion, site_xy: Points, level: Level, places_xy: Points
) -> NDArray[np.float64]:
    ready_s, seen_from_m = network.ready_s(airframe, level), airframe.footprint_radius_m(level.height_m)
    return seen_s(level.airways, site_xy, ready_s, airframe, motion, seen_from_m, places_xy)
