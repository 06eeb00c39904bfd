"""Calls of a simulated city: when they come, what they are, where.

Times are a nonhomogeneous Poisson process by thinning (Lewis and Shedler, Naval Research Logistics 26, 1979):
the rate is the city's calls per day times the weight of the hour of local time. Each call is, independently,
of a type by the type weights and at a place by the hot spots and the background.

Each cause of chance has its own generator, spawned from one seed: the same seed gives the same calls, other
zones do not move other calls in time, and a longer run begins with the calls of a shorter one.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from dispatch.city import CallModel, City
from dispatch.demand import CallsError, open_ground
from geo.position import Position

Points = NDArray[np.float64]
Draw = Callable[[int], Points]
"""So many points at random, shape [n, 2], in the metres of the city's frame."""

DAY_S = 86_400.0

_BLOCK = 512
"""Numbers drawn at once; part of the recipe, since another block would give other calls for the same seed."""

_BARREN_BLOCKS = 200
"""Blocks in a row without one legal place until there is held to be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call for help, generated or out of records.

    ``at_s`` is in seconds since 1970 (UTC). ``priority`` is ``None`` where that of the type holds.
    ``first_unit_s`` is how long the first unit on the ground took, ``None`` where no record tells.
    """

    at_s: float
    position: Position
    type: str
    priority: int | None = None
    note: str = ""
    first_unit_s: float | None = None


def generate_calls(
    city: City, from_s: float, *, hours: float | None = None, count: int | None = None, seed: int
) -> tuple[Call, ...]:
    """The calls from ``from_s`` (seconds since 1970) on, for so many ``hours`` or the first ``count``, in
    time order.

    Every call lies within the boundary and outside the zones, with their margins, that a drone at cruise
    height may not enter at some time. Deterministic for a seed (and a version of numpy). Raises
    :class:`CallsError` for a city without a call model, for neither or both of ``hours`` and ``count``, and
    where there is no legal place.
    """
    model = city.calls
    if model is None:
        raise CallsError(f"city {city.id!r} has no call model: it needs a calls.toml")
    if (hours is None) == (count is None):
        raise CallsError("say either hours or count")
    if not all(math.isfinite(number) and number >= 0 for number in (from_s, hours or 0.0, count or 0)):
        raise CallsError(f"from_s = {from_s}, hours = {hours}, count = {count} must be finite and ≥ 0")
    if count and model.calls_per_day <= 0:
        raise CallsError(f"city {city.id!r} has no calls: calls_per_day is {model.calls_per_day}")
    time_seed, type_seed, spot_seed, place_seed = np.random.SeedSequence(seed).spawn(4)
    moments = _moments(model, ZoneInfo(city.time_zone), from_s, np.random.default_rng(time_seed))
    if hours is not None:
        until_s = from_s + hours * 3600.0
        times = list(takewhile(lambda at_s: at_s < until_s, moments))
    else:
        times = list(islice(moments, count))
    codes = list(model.type_weights)
    chosen = np.random.default_rng(type_seed).choice(
        len(codes), size=len(times), p=_shares(model.type_weights.values())
    )
    places = _places(city, model, len(times), spot_seed, place_seed)
    return tuple(
        Call(at_s=at_s, position=place, type=codes[kind], note="simulated call")
        for at_s, kind, place in zip(times, chosen, places, strict=True)
    )


def _moments(model: CallModel, zone: ZoneInfo, from_s: float, chance: np.random.Generator) -> Iterator[float]:
    """The instants of calls, without end."""
    if model.calls_per_day <= 0:
        return
    highest = max(model.hour_weights)
    mean = sum(model.hour_weights) / len(model.hour_weights)
    highest_per_s = model.calls_per_day / DAY_S * highest / mean
    at_s = from_s
    while True:
        gaps_s = chance.exponential(1.0 / highest_per_s, _BLOCK)
        thins = chance.random(_BLOCK) * highest
        for gap_s, thin in zip(gaps_s.tolist(), thins.tolist(), strict=True):
            at_s += gap_s
            if thin < model.hour_weights[datetime.fromtimestamp(at_s, zone).hour]:
                yield at_s


def _places(
    city: City,
    model: CallModel,
    count: int,
    spot_seed: np.random.SeedSequence,
    place_seed: np.random.SeedSequence,
) -> list[Position]:
    """A legal place for each call: round the hot spot that chance gives it, or anywhere (the last choice)."""
    frame = city.frame
    legal_ground = open_ground(city)
    weights = [*(spot.weight for spot in model.hot_spots), model.background_weight]
    choices = np.random.default_rng(spot_seed).choice(len(weights), size=count, p=_shares(weights))
    xy = np.empty((count, 2))
    for k, seed in enumerate(place_seed.spawn(len(weights))):
        chance = np.random.default_rng(seed)
        if k < len(model.hot_spots):
            spot = model.hot_spots[k]
            draw, name = _round(chance, frame.xy(spot.position), spot.radius_m), f"hot spot {spot.place_id!r}"
        else:
            draw, name = _within(chance, legal_ground), "the background"
        mine = np.flatnonzero(choices == k)
        xy[mine] = _legal(draw, legal_ground, len(mine), name)
    return [Position(lon, lat) for lon, lat in frame.to_lonlat(xy).tolist()]


def _round(chance: np.random.Generator, centre: Points, radius_m: float) -> Draw:
    return lambda n: chance.normal(centre, radius_m, (n, 2))


def _within(chance: np.random.Generator, area: BaseGeometry) -> Draw:
    west, south, east, north = area.bounds
    return lambda n: chance.uniform((west, south), (east, north), (n, 2))


def _legal(draw: Draw, open_ground: BaseGeometry, count: int, name: str) -> Points:
    """The first ``count`` points drawn that lie on open ground; in blocks, so that fewer are the same first
    ones."""
    found = [np.empty((0, 2))]
    missing, barren = count, 0
    while missing > 0:
        block = draw(_BLOCK)
        legal = block[shapely.contains_xy(open_ground, block[:, 0], block[:, 1])]
        barren = 0 if len(legal) else barren + 1
        if barren == _BARREN_BLOCKS:
            raise CallsError(f"{name}: no open ground there, inside the boundary and outside zones")
        found.append(legal[:missing])
        missing -= len(found[-1])
    return np.concatenate(found)


def _shares(weights: Iterable[float]) -> Points:
    shares: Points = np.array(list(weights), dtype=np.float64)
    shares /= shares.sum()
    return shares
