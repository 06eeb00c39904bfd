"""Calls of a model: how often, where, what, how urgent, who tells, how long; drawn for any time, by seed.

Events are a Poisson process whose rate is constant within each hour of the week by the city's clock. Each event has,
independently, a type; by its type a place, a priority, who told it, and how long it is watched; by who told it a chance
of being a false alarm. Some events are reported again: such rows are ``merged``.

Each cause of chance has a generator of its own for each day (UTC), spawned from the seed. So the calls of a span are
those that any longer span has there: a longer run begins with the shorter, how many rows a block holds changes nothing,
and two runs of one seed meet the same calls, whatever serves them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.city import City
from dispatch.demand import CELL_M
from dispatch.model import LEAST_URGENT
from geo.schedule import time_zone as zone_of
from simulator.city.history import ROWS, History, type_codes
from simulator.city.places import places_of_city
from simulator.city.rows import CALL, Calls, Places
from simulator.local_time import DAY_S, HOUR_S, HOURS_OF_WEEK, QUARTER_S, ahead_s, days_covered, hours_of_week, local_s

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

QUANTILES = 101
"""How many quantiles tell a distribution: the least, every hundredth, the greatest."""

PRIOR_CALLS = 100.0
"""The demand of all types counts as so many calls of each one, where a type's own calls are spread over places."""

_QUARTERS = int(DAY_S / QUARTER_S)
_TIME, _TYPE, _PLACE, _PRIORITY, _SOURCE, _FALSE, _WATCH, _CHANCE, _REPEATS = range(9)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A model of calls on so many places. Shares sum to 1 along their last axis.

    ``per_hour`` [168] are events in each hour of the week from Monday 00:00 on, by the clock of ``time_zone``;
    ``growth`` multiplies them. By type: ``type_shares`` [types], ``place_shares`` [types, places],
    ``priority_shares`` [types, 5], ``source_shares`` [types, sources] and ``watch_s`` [types, any], quantiles at even
    steps from the least to the greatest. ``false_shares`` [sources] are false alarms. An event is reported again
    ``repeats`` times on average (Poisson), ``repeat_after_s`` (quantiles, at most a day) later.
    """

    time_zone: str
    types: tuple[str, ...]
    sources: tuple[str, ...]
    per_hour: Floats
    type_shares: Floats
    place_shares: Floats
    priority_shares: Floats
    source_shares: Floats
    false_shares: Floats
    watch_s: Floats
    repeats: float = 0.0
    repeat_after_s: Floats
    growth: float = 1.0

    def __post_init__(self) -> None:
        zone_of(self.time_zone)
        types, sources = len(self.types), len(self.sources)
        shapes = {
            "per_hour": (HOURS_OF_WEEK,),
            "type_shares": (types,),
            "place_shares": (types, self.place_shares.shape[-1]),
            "priority_shares": (types, LEAST_URGENT),
            "source_shares": (types, sources),
            "false_shares": (sources,),
            "watch_s": (types, self.watch_s.shape[-1]),
            "repeat_after_s": (self.repeat_after_s.shape[-1],),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values.shape != shape or not np.isfinite(values).all() or (values < 0).any():
                raise ValueError(f"{name} {values.shape} must be finite numbers ≥ 0 of the shape {shape}")
            if name.endswith("_shares") and name != "false_shares" and not np.allclose(values.sum(axis=-1), 1.0):
                raise ValueError(f"{name} must sum to 1")
        if (self.false_shares > 1).any() or (self.repeat_after_s > DAY_S).any():
            raise ValueError("false_shares are at most 1, repeat_after_s at most a day")
        if not (np.isfinite([self.repeats, self.growth]).all() and self.repeats >= 0 and self.growth >= 0):
            raise ValueError(f"repeats = {self.repeats}, growth = {self.growth} must be finite and ≥ 0")

    @property
    def per_day(self) -> float:
        """Events a day, on average."""
        return float(self.per_hour.mean()) * 24.0 * self.growth

    def grown(self, factor: float) -> "Fitted":
        """The same with so many times the events."""
        return replace(self, growth=self.growth * factor)

    @cached_property
    def _mixes(self) -> tuple["_Mix", "_Mix", "_Mix", "_Mix"]:
        rows = (self.type_shares[np.newaxis], self.place_shares, self.priority_shares, self.source_shares)
        types, places, priorities, sources = (_Mix(row) for row in rows)
        return types, places, priorities, sources


def generate(model: Fitted, from_s: float, until_s: float, *, seed: int, rows: int = ROWS) -> Iterator[Calls]:
    """The calls of [from_s, until_s) (seconds since 1970, UTC) in order of time, in blocks of ``rows``; the last block
    holds the rest.

    ``ground_s`` is NaN: :mod:`simulator.city.ground` tells it. Raises ``ValueError`` for a time before 1970, an
    unbounded one, or blocks without rows.
    """
    if not (np.isfinite([from_s, until_s]).all() and from_s >= 0 and rows >= 1):
        raise ValueError(f"from_s = {from_s}, until_s = {until_s} must be finite and ≥ 0, rows = {rows} at least 1")
    return _in_blocks(_daily(model, from_s, until_s, seed), rows)


def from_city(city: City, *, cell_m: float = CELL_M) -> tuple[Fitted, Places]:
    """The city's own call model (``calls.toml``) and its places: every week is alike, every type is everywhere.

    Priority and watch are those of the type, nobody repeats a report, nothing is a false alarm. Raises
    :class:`~dispatch.demand.CallsError` for a city without a call model or open ground.
    """
    places = places_of_city(city, cell_m=cell_m)
    told = city.calls
    assert told is not None, "it has places"
    codes = type_codes(city.types)
    hours = np.array(told.hour_weights)
    weights = np.array([told.type_weights.get(code, 0.0) for code in codes])
    model = Fitted(
        time_zone=city.time_zone,
        types=codes,
        sources=("",),
        per_hour=np.tile(told.calls_per_day * hours / hours.sum(), 7),
        type_shares=weights / weights.sum(),
        place_shares=np.broadcast_to(places.weights, (len(codes), len(places))),
        priority_shares=np.eye(LEAST_URGENT)[[city.types[code].priority - 1 for code in codes]],
        source_shares=np.ones((len(codes), 1)),
        false_shares=np.zeros(1),
        watch_s=np.array([[city.types[code].watch_s] for code in codes]),
        repeat_after_s=np.zeros(1),
    )
    return model, places


def fit(history: History, places: Places, *, time_zone: str, prior_calls: float = PRIOR_CALLS) -> Fitted:
    """The model that made these calls, most likely.

    Rates are events of an hour of the week over how long the clock showed that hour from the first call to the last, on
    days that the records cover (:func:`~simulator.local_time.days_covered`). Shares are those counted; where the calls
    of one type lie is counted beside ``prior_calls`` spread as ``places.weights`` are. Times are told by their
    quantiles. Raises ``ValueError`` for a history without calls, or an unknown time zone.
    """
    rows = history.calls
    if not len(rows):
        raise ValueError("no calls to fit")
    zone = zone_of(time_zone)
    events = rows[~rows["merged"]]
    shown_s = local_s(events["at_s"], zone)
    counts = np.bincount(hours_of_week(shown_s), minlength=HOURS_OF_WEEK)
    hours = _hours_shown(rows["at_s"], zone)
    types, sources = len(history.types), len(history.sources)
    type_ = events["type"].astype(np.int64)
    per_type = np.bincount(type_, minlength=types)
    at_place = _counted(type_, events["place"], types, len(places)) + prior_calls * places.weights
    watches = [events["watch_s"][type_ == k] for k in range(types)]
    after_s = (rows["at_s"] - rows["at_s"][history.event])[rows["merged"]]
    told_by = np.bincount(events["source"], minlength=sources)
    false = np.bincount(events["source"], events["false_alarm"], minlength=sources)
    return Fitted(
        time_zone=time_zone,
        types=history.types,
        sources=history.sources,
        per_hour=np.divide(counts, hours, out=np.zeros(HOURS_OF_WEEK), where=hours > 0),
        type_shares=per_type / per_type.sum(),
        place_shares=at_place / at_place.sum(axis=1, keepdims=True),
        priority_shares=_shares(_counted(type_, events["priority"] - 1, types, LEAST_URGENT)),
        source_shares=_shares(_counted(type_, events["source"], types, sources)),
        false_shares=np.divide(false, told_by, out=np.zeros(sources), where=told_by > 0),
        watch_s=np.stack([quantiles(watch_s if len(watch_s) else events["watch_s"]) for watch_s in watches]),
        repeats=len(after_s) / len(events),
        repeat_after_s=quantiles(after_s if len(after_s) else np.zeros(1)),
    )


# --- fitted ---


def _hours_shown(at_s: Floats, zone: tzinfo) -> Floats:
    """For how many hours the clock showed each hour of the week, from the first call to the last, on days covered."""
    first, last = (int(end_s // QUARTER_S) for end_s in (at_s[0], at_s[-1]))
    quarters = np.arange(first, last + 1)
    shown_s = quarters * QUARTER_S + ahead_s(quarters, zone)
    shown_s = shown_s[np.isin(np.floor(shown_s / DAY_S).astype(np.int64), days_covered(local_s(at_s, zone)))]
    quarters_shown = np.bincount(hours_of_week(shown_s), minlength=HOURS_OF_WEEK)
    hours: Floats = quarters_shown.astype(np.float64) * (QUARTER_S / HOUR_S)
    return hours


def _counted(row: Ints, column: NDArray[np.integer], rows: int, columns: int) -> Floats:
    return np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns).astype(np.float64)


def _shares(counts: Floats) -> Floats:
    """Shares of each row; of all rows together where a row has none."""
    total = counts.sum(axis=1, keepdims=True)
    shares: Floats = np.where(total > 0, counts, counts.sum(axis=0)) / np.where(total > 0, total, counts.sum())
    return shares


def quantiles(values: Floats) -> Floats:
    return np.quantile(values.astype(np.float64), np.linspace(0.0, 1.0, QUANTILES))


# --- drawn ---


class _Mix:
    """Rows of shares to draw columns from, as one rising line: row k takes the part from k to k + 1."""

    def __init__(self, shares: Floats) -> None:
        upto = np.cumsum(shares, axis=1)
        self.columns = shares.shape[1]
        self.line = (upto / upto[:, -1:] + np.arange(len(shares))[:, np.newaxis]).reshape(-1)

    def draw(self, row: Ints | int, uniform: Floats) -> Ints:
        """A column of each ``row`` [n]; ``uniform`` [n] in [0, 1)."""
        at = row + uniform * (1.0 - 1e-12)  # which rounding would else carry into the next row, once in a long life
        column: Ints = np.searchsorted(self.line, at, side="right") - row * self.columns
        return column


def _at_quantile(table: Floats, row: Ints | int, uniform: Floats) -> Floats:
    """The value of each ``row`` of quantiles [rows, any] at ``uniform``, straight between them."""
    steps = table.shape[1] - 1
    at = uniform * steps
    low = at.astype(np.int64)
    high = np.minimum(low + 1, steps)
    values: Floats = table[row, low] + (table[row, high] - table[row, low]) * (at - low)
    return values


def _daily(model: Fitted, from_s: float, until_s: float, seed: int) -> Iterator[Calls]:
    """The calls of each day of UTC, as far as they lie in the span."""
    zone = zone_of(model.time_zone)
    first = int(from_s // DAY_S)
    late = np.empty(0, CALL)  # reports of a day's events on a later day
    for day in range(first - (1 if model.repeats and first else 0), int(-(-until_s // DAY_S))):
        rows = _events_of(model, day, zone, seed)
        if model.repeats:
            rows = np.concatenate([late, rows, _repeats_of(model, rows, day, seed)])
            rows = rows[np.argsort(rows["at_s"], kind="stable")]
            today = int(np.searchsorted(rows["at_s"], (day + 1) * DAY_S))
            rows, late = rows[:today], rows[today:]
        low, high = np.searchsorted(rows["at_s"], [from_s, until_s])
        yield rows[low:high]


def _events_of(model: Fitted, day: int, zone: tzinfo, seed: int) -> Calls:
    times = _chance(seed, day, _TIME)
    quarters = day * _QUARTERS + np.arange(_QUARTERS)
    starts_s = quarters * QUARTER_S
    per_quarter = model.per_hour[hours_of_week(starts_s + ahead_s(quarters, zone))] * (QUARTER_S / HOUR_S)
    at_s = np.repeat(starts_s, times.poisson(per_quarter * model.growth))
    at_s += times.random(len(at_s)) * QUARTER_S
    at_s.sort()

    def uniform(cause: int) -> Floats:
        return _chance(seed, day, cause).random(len(at_s))

    types, places, priorities, sources = model._mixes
    rows = np.zeros(len(at_s), CALL)
    type_ = types.draw(0, uniform(_TYPE))
    source = sources.draw(type_, uniform(_SOURCE))
    rows["at_s"], rows["type"], rows["source"] = at_s, type_, source
    rows["place"] = places.draw(type_, uniform(_PLACE))
    rows["priority"] = priorities.draw(type_, uniform(_PRIORITY)) + 1
    rows["false_alarm"] = uniform(_FALSE) < model.false_shares[source]
    rows["watch_s"] = _at_quantile(model.watch_s, type_, uniform(_WATCH))
    rows["ground_s"] = np.nan
    rows["chance"] = uniform(_CHANCE)
    return rows


def _repeats_of(model: Fitted, events: Calls, day: int, seed: int) -> Calls:
    """More reports of a day's events: of the same thing, perhaps from somebody else."""
    chance = _chance(seed, day, _REPEATS)
    rows = np.repeat(events, chance.poisson(model.repeats, len(events)))
    after, source, rest = chance.random((3, len(rows)))
    rows["at_s"] += _at_quantile(model.repeat_after_s[np.newaxis], 0, after)
    rows["source"] = model._mixes[3].draw(rows["type"].astype(np.int64), source)
    rows["merged"], rows["chance"] = True, rest
    return rows


def _chance(seed: int, day: int, cause: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(cause, day)))


def _in_blocks(parts: Iterator[Calls], rows: int) -> Iterator[Calls]:
    held: Sequence[Calls] = []
    count = 0
    for part in parts:
        held, count = [*held, part], count + len(part)
        if count >= rows:
            whole = np.concatenate(held)
            end = count - count % rows
            yield from (whole[low : low + rows] for low in range(0, end, rows))
            held, count = [whole[end:]], count - end
    if count:
        yield np.concatenate(held)
