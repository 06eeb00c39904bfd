"""Response times over hills: as :mod:`geo.pairs`, where the terrain says how high a flight is.

What :func:`dispatch.relief.lowest_height_m` says of one flight, for all flights from a site at once: a flight rises to
the lowest multiple of five metres that clears its way, and is closed where that is too high. How far the camera sees
hangs on how high it then is above the place; whole metres are counted, the lower ones.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dispatch import relief
from dispatch.model import Base, Situation
from dispatch.sky import airways_of, column_of
from geo.airframe import Airframe
from geo.certify import Network
from geo.field import seen_s
from geo.pairs import Near, Pairs, farthest_m
from geo.route import Airways, Motion, Points, motion_of
from geo.terrain import Surface

Floats = NDArray[np.float64]


def pairs_over_hills(
    situation: Situation,
    network: Network,
    airframe: Airframe,
    bases: tuple[Base, ...],
    places_xy: Points,
    within_s: float,
) -> Pairs:
    """Seconds until ``airframe`` from each of ``bases`` sees each of ``places_xy`` [n, 2], up to ``within_s``.

    ``network`` is that of the situation; its level heights are not asked, the terrain gives the height.
    """
    surface = relief.surface_of(situation)
    assert surface is not None, "asked for a city with terrain"
    motion, near = motion_of(airframe, situation.wind), Near(places_xy)
    ground_m = surface.along(places_xy, places_xy)
    reach_m = farthest_m(airframe, motion, network.turnout_s(airframe), situation.rules.highest_above_base_m, within_s)
    found = []
    for k, base in enumerate(bases):
        here = network.frame.xy(base.position)
        places = near(here, reach_m)
        seconds = _from_base(
            situation, network, surface, airframe, motion, base, here, places_xy[places], ground_m[places]
        )
        seen = np.isfinite(seconds) & (seconds <= within_s)
        found.append((places[seen], np.full(int(seen.sum()), k), seconds[seen]))
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    place, site, seconds = (np.concatenate([np.empty(0), *column]) for column in columns)
    return Pairs(place=place.astype(np.int64), site=site.astype(np.int64), seconds=seconds)


def _from_base(
    situation: Situation,
    network: Network,
    surface: Surface,
    airframe: Airframe,
    motion: Motion,
    base: Base,
    here: Points,
    places_xy: Points,
    ground_m: Floats,
) -> Floats:
    rules = situation.rules
    seconds = np.full(len(places_xy), np.inf)
    height_m = np.full(len(places_xy), rules.cruise_height_m)
    open_ = np.arange(len(places_xy))
    for _ in range(relief.ROUNDS):  # higher up other zones are in the way, and the way is another
        rising = []
        for at_m in np.unique(height_m[open_]).tolist():
            mine = open_[height_m[open_] == at_m]
            airways = airways_of(situation, at_m)
            needs_m = _needed_m(surface, airways, motion, here, places_xy[mine], base.ground_amsl_m)
            needs_m += rules.terrain_clearance_m
            clear = mine[needs_m <= at_m]
            if column_of(situation, at_m).closed_at(here) is None:
                above_m = base.ground_amsl_m + at_m - ground_m[clear]
                ready_s = network.turnout_s(airframe, replace(network.levels[0], height_m=at_m))
                seconds[clear] = _seen_s(airways, airframe, motion, here, ready_s, places_xy[clear], above_m)
            higher = (needs_m > at_m) & (needs_m <= rules.highest_above_base_m)
            height_m[mine[higher]] = np.minimum(_rounded_m(needs_m[higher]), rules.highest_above_base_m)
            rising.append(mine[higher])
        open_ = np.concatenate([np.empty(0, np.intp), *rising])
    return seconds


def _needed_m(
    surface: Surface, airways: Airways, motion: Motion, here: Points, places_xy: Points, home_amsl_m: float
) -> Floats:
    """How high above the base the surface under each way is; minus infinity where there is no way."""
    points, first = airways.fan(here, places_xy, motion, towards=False).polylines()
    needs_m = np.full(len(places_xy), -np.inf)
    if len(points) < 2:
        return needs_m
    inner = np.ones(len(points) - 1, dtype=bool)
    inner[first[1:-1][(first[1:-1] > 0) & (first[1:-1] < len(points))] - 1] = False
    legs_m = np.full(len(points), -np.inf)
    legs_m[:-1][inner] = surface.along(points[:-1][inner], points[1:][inner]) - home_amsl_m
    there = np.diff(first) > 0
    needs_m[there] = np.maximum.reduceat(legs_m, first[:-1][there])
    return needs_m


def _seen_s(
    airways: Airways,
    airframe: Airframe,
    motion: Motion,
    here: Points,
    ready_s: float,
    places_xy: Points,
    above_m: Floats,
) -> Floats:
    whole_m = np.floor(np.maximum(above_m, 0.0))
    seconds = np.full(len(places_xy), np.inf)
    for over_m in np.unique(whole_m[np.isfinite(whole_m)]).tolist():
        mine = np.flatnonzero(whole_m == over_m)
        seen_from_m = airframe.footprint_radius_m(over_m)
        seconds[mine] = seen_s(airways, here, ready_s, airframe, motion, seen_from_m, places_xy[mine])
    return seconds


def _rounded_m(heights_m: Floats) -> Floats:
    return np.array([relief.rounded_m(height_m) if math.isfinite(height_m) else height_m for height_m in heights_m])
