"""Real call records, CSV or Parquet, read as calls.

Columns are recognised by name (:data:`~simulator.record_words.COLUMNS`), or named by the caller. What a record
leaves open is asked for and not guessed:

- *Time.* A time with a zone is an instant, a number is seconds since 1970. A time without a zone is local:
  ``time_zone`` must say of where. The hour that occurs twice in autumn is taken as the first.
- *Place.* Parquet may state its datum in the schema's metadata under ``crs``. CSV cannot, so ``datum`` must.
- *Type.* The words of a record are mapped to types of incident by :mod:`simulator.record_words`; what it
  does not know becomes ``other_type``, and is counted.

Rows that cannot be used are counted by reason with an example (:attr:`Records.refused`), so are rows that
were kept with a doubt (:attr:`Records.doubts`): read = kept + refused + left out, always.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.datum import Datum, to_wgs84
from geo.position import Position, PositionError
from simulator.calls import Call
from simulator.record_table import (
    Flags,
    Floats,
    RecordsError,
    Source,
    as_shown,
    datum_of,
    empty,
    encoded,
    instants_s,
    numbers,
    open_source,
)
from simulator.record_words import OTHER_TYPE, choose_columns, is_false_alarm, priority_of, type_of

FAR_TIMES, FAR_LEAST_M = 3.0, 10_000.0
"""A call is an outlier beyond so many times the distance from the median place that 95 % of the calls keep, and
at least so far. On six real sets the farthest true call lay at 2.7 times, the nearest false one at 6.4."""

_EARLIEST_S, _LATEST_S = 0.0, 4_102_444_800.0  # 1970 to 2100
_LONGEST_S = 86_400.0
"""Neither a first unit on its way nor a whole incident takes longer; what does is a slip of a pen."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows share one reason, with the first of them as an example."""

    reason: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Records:
    """Calls in time order as columns, and an account of every row that was read.

    ``kinds`` are the distinct (type, note) pairs; ``kind[i]`` is the one of call ``i``, and ``nothing[kind]`` says
    whether its words tell a false alarm. ``priority`` is 0, and ``first_unit_s`` and ``cleared_s`` (when the last unit
    left, after the call) are NaN, where no record tells. ``teller`` and ``station`` number ``tellers`` (who told) and
    ``stations``, of which the first is "": no record tells. ``type_of`` maps each note (the record's own words) to its
    type.
    """

    source: Path
    read: int
    at_s: Floats
    longitude_deg: Floats
    latitude_deg: Floats
    kinds: tuple[tuple[str, str], ...]
    nothing: Flags
    kind: NDArray[np.int32]
    priority: NDArray[np.int8]
    first_unit_s: Floats
    cleared_s: Floats
    tellers: tuple[str, ...]
    teller: NDArray[np.int32]
    stations: tuple[str, ...]
    station: NDArray[np.int32]
    refused: tuple[Tally, ...] = ()
    doubts: tuple[Tally, ...] = ()
    left_out: int = 0
    """Good rows that ``from_s``, ``until_s`` or ``limit`` did not ask for."""

    def __len__(self) -> int:
        return len(self.at_s)

    @property
    def type_of(self) -> Mapping[str, str]:
        """The record's own words → type of incident."""
        return {note: kind for kind, note in self.kinds}

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The calls one by one; made when first asked for (some 300,000 a second)."""
        return tuple(self)

    def __iter__(self) -> Iterator[Call]:
        columns = (self.at_s, self.longitude_deg, self.latitude_deg, self.kind, self.priority, self.first_unit_s)
        for at_s, lon, lat, kind, priority, first_s in zip(*(c.tolist() for c in columns), strict=True):
            code, note = self.kinds[kind]
            yield Call(
                at_s=at_s,
                position=Position(lon, lat),
                type=code,
                priority=priority or None,
                note=note,
                first_unit_s=None if first_s != first_s else first_s,
            )

    def report(self) -> str:
        """What became of the rows, for people."""
        lines = [f"{self.source.name}: {self.read} rows read, {len(self)} calls"]
        if len(self):
            first, last = (datetime.fromtimestamp(at_s, UTC) for at_s in self.at_s[[0, -1]].tolist())
            lines[0] += f", {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        lines += [f"  refused: {tally.count} {tally.reason} ({tally.example})" for tally in self.refused]
        lines += [f"  in doubt: {tally.count} {tally.reason} ({tally.example})" for tally in self.doubts]
        if self.left_out:
            lines.append(f"  not asked for: {self.left_out}")
        return "\n".join(lines)


def read_calls(
    path: Path,
    *,
    time_zone: str | None = None,
    datum: Datum | str | None = None,
    types: Mapping[str, str] | None = None,
    other_type: str = OTHER_TYPE,
    columns: Mapping[str, str] | None = None,
    limit: int | None = None,
    from_s: float | None = None,
    until_s: float | None = None,
) -> Records:
    """The calls that ``path`` (Parquet, or CSV in UTF-8) records.

    ``time_zone`` (IANA) is that of local times, ``datum`` that of the coordinates. ``types`` maps words of
    the record to types, before the keywords of :mod:`simulator.record_words`; ``columns`` maps keys of its
    ``COLUMNS`` to columns of the file, before those spellings. Kept are the first ``limit`` calls of
    ``[from_s, until_s)``.

    Raises :class:`RecordsError` for a file that cannot be read, does not say what is needed, or has no
    usable row.
    """
    if limit is not None and limit < 0:
        raise RecordsError(f"limit = {limit} must be 0 or more")
    zone = _zone(path, time_zone)
    source = open_source(path)
    chosen = choose_columns(source, columns or {})
    coordinates_in = datum_of(source, datum)
    table = source.load(sorted({name for names in chosen.values() for name in names}))
    sieve = _Sieve(len(table))
    at_s = _call_times(source, table, chosen["time"][0], zone, sieve)
    longitude, latitude = _places(table, chosen, coordinates_in, sieve)
    kinds, nothing, kind = _types(table, chosen.get("type", ()), types or {}, other_type, sieve)
    priority = _priorities(table, chosen.get("priority", ()), sieve)

    def after_s(keys: tuple[str, ...], what: str) -> Floats:
        return _after_s(source, table, chosen, keys, zone, at_s, what, sieve)

    first_unit_s = after_s(("first_unit_s", "first_unit_min", "arrival"), "times of the first unit")
    cleared_s = after_s(("cleared_s", "cleared"), "times of the end")
    tellers, teller = _names(table, chosen.get("source", ()))
    stations, station = _names(table, chosen.get("station", ()))

    if not sieve.keep.any():
        why = "; ".join(f"{tally.count} {tally.reason} ({tally.example})" for tally in sieve.refused())
        raise RecordsError(f"{path.name}: no usable row: {why or 'there is none'}")
    order = np.flatnonzero(sieve.keep)
    usable = len(order)
    order = order[np.argsort(at_s[order], kind="stable")]
    if from_s is not None:
        order = order[at_s[order] >= from_s]
    if until_s is not None:
        order = order[at_s[order] < until_s]
    order = order[:limit]
    refused = sieve.refused()
    if source.malformed:
        refused = (Tally("rows with a wrong number of columns", len(source.malformed), source.malformed[0]), *refused)
    return Records(
        source=path,
        read=len(table) + len(source.malformed),
        at_s=at_s[order],
        longitude_deg=longitude[order],
        latitude_deg=latitude[order],
        kinds=kinds,
        nothing=nothing,
        kind=kind[order],
        priority=priority[order],
        first_unit_s=first_unit_s[order],
        cleared_s=cleared_s[order],
        tellers=tellers,
        teller=teller[order],
        stations=stations,
        station=station[order],
        refused=refused,
        doubts=sieve.doubts(),
        left_out=usable - len(order),
    )


class _Sieve:
    """Which rows are still good, and why others are not; in file order."""

    def __init__(self, rows: int) -> None:
        self.keep: Flags = np.ones(rows, dtype=bool)
        self._refused: list[Tally] = []
        self._doubts: list[tuple[str, Flags, Callable[[int], str]]] = []

    def refuse(self, reason: str, rows: Flags, example: Callable[[int], str]) -> None:
        found = np.flatnonzero(rows & self.keep)
        if len(found):
            self._refused.append(_tally(reason, found, example))
            self.keep[found] = False

    def doubt(self, reason: str, rows: Flags, example: Callable[[int], str]) -> None:
        self._doubts.append((reason, rows, example))

    def refused(self) -> tuple[Tally, ...]:
        return tuple(self._refused)

    def doubts(self) -> tuple[Tally, ...]:
        """Of rows that were kept in the end."""
        found = ((reason, np.flatnonzero(rows & self.keep), example) for reason, rows, example in self._doubts)
        return tuple(_tally(reason, rows, example) for reason, rows, example in found if len(rows))


def _tally(reason: str, rows: NDArray[np.intp], example: Callable[[int], str]) -> Tally:
    return Tally(reason, len(rows), f"row {rows[0] + 1}: {example(int(rows[0]))}")


# --- when ---


def _zone(path: Path, name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RecordsError(f"{path.name}: {name!r} is not a time zone of the IANA database") from error


def _call_times(source: Source, table: pa.Table, name: str, zone: ZoneInfo | None, sieve: _Sieve) -> Floats:
    column = table[name]
    at_s, twice = instants_s(source, name, column, zone)
    missing = empty(column)
    sieve.refuse("rows without a time", missing, lambda _: f"{name} is empty")
    shown = as_shown(column)
    sieve.refuse("bad times", np.isnan(at_s), lambda row: f"{name} = {shown(row)}")
    outside = ~((at_s >= _EARLIEST_S) & (at_s < _LATEST_S))
    sieve.refuse("times before 1970 or after 2100", outside, lambda row: f"{name} = {shown(row)}")
    sieve.doubt("local times that the clock showed twice or never, taken as the first", twice, lambda row: shown(row))
    return at_s


# --- where ---


def _places(
    table: pa.Table, chosen: Mapping[str, tuple[str, ...]], datum: Datum, sieve: _Sieve
) -> tuple[Floats, Floats]:
    lon_name, lat_name = chosen["longitude"][0], chosen["latitude"][0]
    longitude, no_longitude, bad_longitude = numbers(table[lon_name])
    latitude, no_latitude, bad_latitude = numbers(table[lat_name])
    shown_lon, shown_lat = as_shown(table[lon_name]), as_shown(table[lat_name])

    def example(row: int) -> str:
        return f"{lon_name} = {shown_lon(row)}, {lat_name} = {shown_lat(row)}"

    def off_the_earth(row: int) -> str:
        try:
            Position(float(longitude[row]), float(latitude[row]))
        except PositionError as error:
            return str(error)
        return example(row)

    sieve.refuse("coordinates that are no numbers", bad_longitude | bad_latitude, example)
    sieve.refuse("rows without coordinates", no_longitude | no_latitude, example)
    sieve.refuse("rows without coordinates (0, 0)", (longitude == 0) & (latitude == 0), example)
    with np.errstate(invalid="ignore"):
        nowhere = ~((np.abs(longitude) <= 180) & (np.abs(latitude) <= 90))
    sieve.refuse("positions not on the earth", nowhere, off_the_earth)
    if sieve.keep.any():
        good = sieve.keep
        longitude[good], latitude[good] = to_wgs84(longitude[good], latitude[good], datum)
        sieve.refuse("positions far from all others", _far(longitude, latitude, good), example)
    return longitude, latitude


def _far(longitude: Floats, latitude: Floats, good: Flags) -> Flags:
    middle_lon, middle_lat = np.median(longitude[good]), np.median(latitude[good])
    metres_per_degree = 111_195.0
    east_deg = (longitude - middle_lon + 180) % 360 - 180
    away_m = metres_per_degree * np.hypot(east_deg * np.cos(np.radians(middle_lat)), latitude - middle_lat)
    limit_m = max(FAR_TIMES * float(np.percentile(away_m[good], 95)), FAR_LEAST_M)
    far: Flags = good & (away_m > limit_m)
    return far


# --- what ---


def _types(
    table: pa.Table, names: tuple[str, ...], types: Mapping[str, str], other_type: str, sieve: _Sieve
) -> tuple[tuple[tuple[str, str], ...], Flags, NDArray[np.int32]]:
    """The distinct (type, note) pairs, whether each tells a false alarm, and which of them each row has."""
    rows = len(table)
    index = np.zeros(rows, dtype=np.int64)
    distinct: list[tuple[str, ...]] = [()]
    for name in names:
        told, codes = encoded(table[name])
        words = [*told, ""]
        used, index = np.unique(index * len(words) + codes, return_inverse=True)
        distinct = [(*distinct[pair // len(words)], words[pair % len(words)].strip()) for pair in used.tolist()]
    explicit = {word.strip().casefold(): code for word, code in types.items()}
    codes_of = [type_of(names, words, explicit) for words in distinct]
    kinds = tuple(
        (code or other_type, "; ".join(filter(None, words))) for code, words in zip(codes_of, distinct, strict=True)
    )
    unknown = np.array([code is None for code in codes_of], dtype=bool)[index]
    sieve.doubt(
        f"types not known, taken as {other_type}",
        unknown,
        lambda row: repr(kinds[index[row]][1]) if names else "no column tells a type",
    )
    nothing = np.array([is_false_alarm(names, words) for words in distinct], dtype=bool)
    return kinds, nothing, index.astype(np.int32)


def _names(table: pa.Table, names: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The distinct names in a column after "", which stands for none, and which of them each row has."""
    if not names:
        return ("",), np.zeros(len(table), np.int32)
    told, codes = encoded(table[names[0]])
    distinct, which = np.unique(["", *(name.strip() for name in told), ""], return_inverse=True)
    return tuple(distinct.tolist()), which[codes + 1].astype(np.int32)


# --- how urgent, how fast ---


def _priorities(table: pa.Table, names: tuple[str, ...], sieve: _Sieve) -> NDArray[np.int8]:
    if not names:
        return np.zeros(len(table), dtype=np.int8)
    (name,) = names
    words, codes = encoded(table[name])
    priority: NDArray[np.int8] = np.array([*map(priority_of, words), 0], dtype=np.int8)[codes]
    shown = as_shown(table[name])
    sieve.doubt(
        "priorities not understood, left to the type",
        (priority == 0) & (codes < len(words)),
        lambda row: f"{name} = {shown(row)}",
    )
    return priority


def _after_s(
    source: Source,
    table: pa.Table,
    chosen: Mapping[str, tuple[str, ...]],
    keys: tuple[str, ...],
    zone: ZoneInfo | None,
    at_s: Floats,
    what: str,
    sieve: _Sieve,
) -> Floats:
    """How long after the call it was, by the first of ``keys`` that there is; NaN where nothing usable tells."""
    key = next((key for key in keys if key in chosen), None)
    if key is None:
        return np.full(len(table), np.nan)
    (name,) = chosen[key]
    if key.endswith(("_s", "_min")):
        took_s = numbers(table[name])[0] * (60.0 if key.endswith("_min") else 1.0)
    else:
        took_s = instants_s(source, name, table[name], zone)[0] - at_s
    told = ~empty(table[name])
    usable = (took_s >= 0) & (took_s <= _LONGEST_S)
    shown = as_shown(table[name])
    sieve.doubt(f"{what} below 0 or over a day, left out", told & ~usable, lambda row: f"{name} = {shown(row)}")
    return np.where(usable, took_s, np.nan)
