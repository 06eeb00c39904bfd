"""Real call records, CSV or Parquet, read as calls.

Columns are recognised by name, case and blanks aside (:data:`COLUMNS`), or named by the caller. What a
record leaves open is asked for and not guessed:

- *Time.* A time with a zone is an instant, a number is seconds since 1970. A time without a zone is local:
  ``time_zone`` must say of where. The hour that occurs twice in autumn is taken as the first.
- *Place.* Parquet may state its datum in the schema's metadata under ``crs``. CSV cannot, so ``datum`` must.
- *Type.* The words of a record are mapped to types of incident by :data:`KEYWORDS`, fire service codes
  (NFIRS) by :data:`NFIRS`; what neither knows becomes ``other_type``, and is counted.

Rows that cannot be used are counted by reason with an example (:attr:`Records.refused`), so are rows that
were kept with a doubt (:attr:`Records.doubts`): read = kept + refused + left out, always.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dispatch.model import LEAST_URGENT, MOST_URGENT
from geo.datum import Datum, DatumError, parse_datum, to_wgs84
from geo.position import Position, PositionError
from simulator.calls import Call

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": (
        *("call_time", "call_time_utc", "call_911_local", "call_time_local", "received_local", "received"),
        *("received_at", "reported_at", "incident_time", "datetime", "date_time", "time", "timestamp", "at_s"),
    ),
    "longitude": ("longitude_deg", "longitude", "lon", "lng", "long", "x_lon"),
    "latitude": ("latitude_deg", "latitude", "lat", "y_lat"),
    # of these all that are there, the first that says something wins
    "type": (
        *("nfirs_type", "type", "call_type", "incident_type", "category", "service", "action", "nature"),
        *("title", "description"),
    ),
    "priority": ("priority", "response_type", "urgency"),
    # how long the first unit took, or when it arrived
    "first_unit_s": ("first_unit_s", "first_unit_response_s", "response_s", "response_time_s"),
    "first_unit_min": ("first_unit_min", "first_unit_response_min", "response_min", "response_time_min"),
    "arrival": ("arrival_local", "arrival_time", "arrival", "arrived_at", "on_scene_time", "on_scene_at"),
}
"""What a call needs → the spellings of its column, the better first."""

NFIRS: Final[Mapping[str, str]] = {
    "1": "fire",
    "2": "fire",  # explosion, overheating
    "3": "medical",
    "322": "crash",
    "323": "crash",  # with a pedestrian
    "324": "crash",
    "34": "missing",  # searches
    "341": "missing",
    "36": "water",
    "4": "fire",  # leaks, wires, chemicals
    "463": "crash",  # clearing up after one
    "6": "fire",  # good intent: smoke scare, cancelled on the way
    "7": "fire",  # alarms
    "73": "fire",
}
"""Codes of the US National Fire Incident Reporting System, by their first digits; the longest that fits holds."""

KEYWORDS: Final[Sequence[tuple[str, str]]] = (
    ("missing", r"MISSING|LOST PERSON|SEARCH FOR|走失|失踪|迷路|行方不明"),
    (
        "crime",
        r"ASSAULT|SHOOTING|SHOOTER|STABBING|ROBBERY|BURGLAR|THEFT|WEAPON|GUN\b|ASSAILANT|BOMB|WARRANT"
        r"|抢劫|盗窃|打架|斗殴|犯罪",
    ),
    (
        "fire",
        r"FIRES?\b|SMOKE|FLAMES?\b|BURNING|GAS\b|HAZ ?MAT|HAZARDOUS MAT|CHEMICAL|CARBON MONOXIDE|CRBN|FUEL"
        r"|AUTOMATIC ALARM|WATER ?FLOW|WIRES?\b|TRANSFORMER|EXPLOSION|ODOR|LEAK|COLLAPSE|SUBST"
        r"|火災|火灾|火警|ガス|警戒出動|燃气|爆炸",
    ),
    (
        "crash",
        r"CRASH|TRAFFIC|(DISABLED|MOTOR) VEHICLE|ACCIDENT|COLLISION|MOTORCYCLE|PEDESTRIAN|ROAD\b|HIGHWAY"
        r"|DERAILMENT|MVA\b|交通|车祸|追尾",
    ),
    (
        "water",
        r"WATER RESCUE|RESCUE - WATER|WATER RELATED|LAKE\b|BOAT|DROWN|FLOOD|水難|水难|溺水|落水|洪水|积水",
    ),
    ("crowd", r"CROWD|SPECIAL EVENT|DEMONSTRATION|PROTEST|GATHERING|RIOT|聚集|人群"),
    ("heat", r"HEAT SOURCE|HOT ?SPOT|热源"),
    ("drone", r"DRONE|UAV\b|UAS\b|无人机|黑飞"),
    ("patrol", r"PATROL|巡逻|巡查"),
    (
        "medical",
        r"EMS\b|MEDICAL|PATIENT|ALS\b|BLS\b|CARDIAC|STROKE|INJUR|VICTIM|BLEED|HEMORRHAG|UNCONSCIOUS|SEIZURE"
        r"|OVERDOSE|BREATH|RESPIRATORY|RESCUE|EXTRICATION|救急|救助|急救|医疗|受伤",
    ),
    ("crime", r"DISTURBANCE|POLICE|SUSPICIOUS|CRIME|警情|治安"),
)
"""Type of incident, and words that tell it (in capitals, at the start of a word); the first line that fits holds.

A vehicle on fire is a fire, a shooting is a crime before it is a wound, and any rescue without a better word
is medical.
"""

PRIORITIES: Final[Mapping[str, int]] = {
    "emergent": MOST_URGENT,
    "emergent initially, changing to non-emergent": MOST_URGENT,  # what it was when units were sent
    "emergency": MOST_URGENT,
    "high": MOST_URGENT,
    "medium": 3,
    "non-emergent": 4,
    "non-emergent initially, changing to emergent": 4,
    "non-emergency": 4,
    "low": LEAST_URGENT,
    "no response (walk-in, etc.)": LEAST_URGENT,
}
"""Priorities in words; whole numbers from 1 to 5 are taken as they are."""

OTHER_TYPE: Final = "medical"
"""Most calls of a city are, and it is a type that no drone may come late to."""

FAR_TIMES, FAR_LEAST_M = 3.0, 10_000.0
"""A call is an outlier beyond so many times the distance from the median place that 95 % of the calls keep, and
at least so far. On six real sets the farthest true call lay at 2.7 times, the nearest false one at 6.4."""

_EARLIEST_S, _LATEST_S = 0.0, 4_102_444_800.0  # 1970 to 2100
_LONGEST_RESPONSE_S = 86_400.0
_LONGEST_LINE_BYTES = 4 * 1024**2
_HEADER_BYTES = 64 * 1024

_ISO_TIME = (
    r"^\s*(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?P<part>\.\d+)?)?\s*(?P<zone>Z|z|UTC|[+-]\d{2}:?\d{2})?\s*$"
)
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"

pc: Any = pyarrow.compute  # whose stubs know no column of a type found at run time
Column = Any  # pyarrow.ChunkedArray, of such a type
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class RecordsError(ValueError):
    """Records that cannot be read; the message names the file, the column or row, and the reason."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows share one reason, with the first of them as an example."""

    reason: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Records:
    """Calls in time order as columns, and an account of every row that was read.

    ``kinds`` are the distinct (type, note) pairs; ``kind[i]`` is the one of call ``i``. ``priority`` is 0 and
    ``first_unit_s`` NaN where no record tells. ``type_of`` maps each note (the record's own words) to its type.
    """

    source: Path
    read: int
    at_s: Floats
    longitude_deg: Floats
    latitude_deg: Floats
    kinds: tuple[tuple[str, str], ...]
    kind: NDArray[np.int32]
    priority: NDArray[np.int8]
    first_unit_s: Floats
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
    the record to types, before :data:`KEYWORDS`; ``columns`` maps keys of :data:`COLUMNS` to columns of the
    file, before those spellings. Kept are the first ``limit`` calls of ``[from_s, until_s)``.

    Raises :class:`RecordsError` for a file that cannot be read, does not say what is needed, or has no
    usable row.
    """
    if limit is not None and limit < 0:
        raise RecordsError(f"limit = {limit} must be 0 or more")
    zone = _zone(path, time_zone)
    source = _open(path)
    chosen = _choose(source, columns or {})
    coordinates_in = _datum(source, datum)
    table = source.load(sorted({name for names in chosen.values() for name in names}))
    sieve = _Sieve(len(table))
    at_s = _call_times(source, table, chosen["time"][0], zone, sieve)
    longitude, latitude = _places(table, chosen, coordinates_in, sieve)
    kinds, kind = _types(table, chosen.get("type", ()), types or {}, other_type, sieve)
    priority = _priorities(table, chosen.get("priority", ()), sieve)
    first_unit_s = _first_units(source, table, chosen, zone, at_s, sieve)

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
        kind=kind[order],
        priority=priority[order],
        first_unit_s=first_unit_s[order],
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


# --- the file ---


@dataclass(frozen=True, slots=True)
class _Source:
    """A file whose columns are known and not yet read."""

    path: Path
    names: tuple[str, ...]
    load: Callable[[list[str]], pa.Table]
    crs: str | None = None
    malformed: list[str] = field(default_factory=list)
    """Rows of a CSV whose number of columns is wrong; filled by ``load``."""


def _open(path: Path) -> _Source:
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError as error:
        raise RecordsError(f"{path}: cannot be read: {error.strerror}") from error
    if not head.strip():
        raise RecordsError(f"{path.name}: the file is empty")
    if head[:4] == b"PAR1" or path.suffix in (".parquet", ".pq"):
        return _open_parquet(path)
    return _open_csv(path, head)


def _open_parquet(path: Path) -> _Source:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise RecordsError(f"{path.name}: not a whole Parquet file: {_first_line(error)}") from error

    def load(names: list[str]) -> pa.Table:
        try:
            return pq.read_table(path, columns=names, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise RecordsError(f"{path.name}: a damaged Parquet file: {_first_line(error)}") from error

    crs = (schema.metadata or {}).get(b"crs")
    return _Source(path, tuple(schema.names), load, None if crs is None else crs.decode(errors="replace"))


def _open_csv(path: Path, head: bytes) -> _Source:
    if b"\0" in head:
        raise RecordsError(f"{path.name}: neither Parquet nor CSV: it holds binary data")
    line, *rest = head.removeprefix(b"\xef\xbb\xbf").splitlines() or [b""]
    if not rest and len(head) == _HEADER_BYTES:
        raise RecordsError(f"{path.name}: row 0: no header: the first line is longer than {_HEADER_BYTES} bytes")
    try:
        header = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordsError(f"{path.name}: row 0: the header is not UTF-8; save the file as UTF-8 (not GBK)") from error
    delimiter = max(",;\t", key=header.count)
    malformed: list[str] = []

    def wrong(row: Any) -> Literal["skip"]:
        malformed.append(f"{row.actual_columns} in place of {row.expected_columns}: {row.text[:80]!r}")
        return "skip"

    options: dict[str, Any] = {
        "read_options": pcsv.ReadOptions(block_size=_LONGEST_LINE_BYTES),
        "parse_options": pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=wrong),
    }

    def load(names: list[str]) -> pa.Table:
        convert = pcsv.ConvertOptions(
            include_columns=names, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
        )
        try:
            return pcsv.read_csv(path, convert_options=convert, **options)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            why = _first_line(error)
            if "straddl" in why:
                why = f"a line is longer than {_LONGEST_LINE_BYTES // 1024**2} MB"
            elif "UTF8" in why or "utf-8" in why:
                why += "; save the file as UTF-8 (not GBK)"
            raise RecordsError(f"{path.name}: not readable as CSV: {why}") from error

    names = next(csv.reader([header], delimiter=delimiter))
    return _Source(path, tuple(names), load, None, malformed)


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0][:200]


# --- its columns ---


def _choose(source: _Source, named: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Which columns tell what; for a key of :data:`COLUMNS` that none tells there is no entry."""
    for key, column in named.items():
        if key not in COLUMNS:
            raise RecordsError(f"columns: unknown key {key!r}; known are {', '.join(COLUMNS)}")
        if column not in source.names:
            raise RecordsError(f"{source.path.name}: no column {column!r}; there are {_list(source.names)}")
    plain: dict[str, list[str]] = {}
    for name in source.names:
        plain.setdefault(re.sub(r"[\s_]+", "_", name.strip().lower()), []).append(name)
    chosen: dict[str, tuple[str, ...]] = {}
    for key, spellings in COLUMNS.items():
        found = [name for spelling in spellings for name in plain.get(spelling, ())]
        if key in named:
            found = [named[key]]
        if found:
            chosen[key] = tuple(found) if key == "type" else (found[0],)
    for key in ("time", "longitude", "latitude"):
        if key not in chosen:
            raise RecordsError(
                f"{source.path.name}: row 0: no column for {key}: looked for {', '.join(COLUMNS[key])}; "
                f"there are {_list(source.names)}"
            )
    for (name,) in (chosen[key] for key in ("time", "longitude", "latitude")):
        if source.names.count(name) > 1:
            raise RecordsError(f"{source.path.name}: row 0: column {name!r} stands there twice")
    return chosen


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _datum(source: _Source, stated: Datum | str | None) -> Datum:
    try:
        said = None if stated is None else parse_datum(stated)
    except DatumError as error:
        raise RecordsError(f"datum: {error}") from error
    if source.crs is None:
        if said is None:
            raise RecordsError(
                f"{source.path.name}: does not state the datum of its coordinates: "
                "say datum='WGS-84', 'GCJ-02' or 'BD-09'"
            )
        return said
    try:
        written = parse_datum(re.split(r"[\s,;(]", source.crs.strip())[0])
    except DatumError as error:
        raise RecordsError(f"{source.path.name}: metadata crs: {error}") from error
    if said is not None and said is not written:
        raise RecordsError(f"{source.path.name}: states {written} in its metadata, not {said}")
    return written


def _texts(column: Column) -> Column:
    return pc.cast(column, pa.string())


def _numbers(column: Column) -> tuple[Floats, Flags, Flags]:
    """Values (NaN where there is none), which are missing, which are no numbers."""
    if pa.types.is_dictionary(column.type):
        column = _texts(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        good = pc.match_substring_regex(column, _NUMBER)
        missing = _flags(pc.equal(pc.utf8_trim_whitespace(column), ""))
        trimmed = pc.if_else(good, pc.utf8_trim_whitespace(column), None)
        values = pc.cast(trimmed, pa.float64())
        bad = ~_flags(good, default=True) & ~missing
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values, bad = pc.cast(column, pa.float64(), safe=False), np.zeros(len(column), dtype=bool)
        missing = np.zeros(len(column), dtype=bool)
    else:
        return np.full(len(column), np.nan), _flags(pc.is_null(column)), ~_flags(pc.is_null(column))
    floats = np.array(pc.fill_null(values, np.nan).to_numpy(), dtype=np.float64)
    missing |= np.isnan(floats) & ~bad
    return floats, missing, bad


def _flags(column: Column, *, default: bool = False) -> Flags:
    return np.asarray(pc.fill_null(column, default).to_numpy(), dtype=bool)


def _shown(column: Column) -> Callable[[int], str]:
    return lambda row: repr(column[row].as_py())[:80]


# --- when ---


def _zone(path: Path, name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RecordsError(f"{path.name}: {name!r} is not a time zone of the IANA database") from error


def _call_times(source: _Source, table: pa.Table, name: str, zone: ZoneInfo | None, sieve: _Sieve) -> Floats:
    column: Column = table[name]
    at_s, twice = _instants_s(source, name, column, zone)
    missing = _flags(pc.is_null(column))
    sieve.refuse("rows without a time", missing, lambda _: f"{name} is empty")
    shown = _shown(column)
    sieve.refuse("bad times", np.isnan(at_s), lambda row: f"{name} = {shown(row)}")
    outside = ~((at_s >= _EARLIEST_S) & (at_s < _LATEST_S))
    sieve.refuse("times before 1970 or after 2100", outside, lambda row: f"{name} = {shown(row)}")
    sieve.doubt("local times that the clock showed twice or never, taken as the first", twice, lambda row: shown(row))
    return at_s


def _instants_s(source: _Source, name: str, column: Column, zone: ZoneInfo | None) -> tuple[Floats, Flags]:
    """Seconds since 1970 (UTC), NaN where there is no time; and which local times are ambiguous."""
    if pa.types.is_dictionary(column.type):
        column = _texts(column)
    kind = column.type
    none = np.zeros(len(column), dtype=bool)
    if pa.types.is_timestamp(kind):
        wall_s = _seconds(column)
        if kind.tz is not None:
            return wall_s, none
        local = ~np.isnan(wall_s)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbers(column)[0], none
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        wall_s, local = _parsed_s(column)
    else:
        raise RecordsError(f"{source.path.name}: column {name!r} holds {kind}, not times of day")
    if name.strip().lower().endswith("utc") or not local.any():
        return wall_s, none
    if zone is None:
        raise RecordsError(
            f"{source.path.name}: column {name!r} holds local times without a zone: "
            "say time_zone='Asia/Shanghai' or whatever their clock showed"
        )
    offset_s, twice = _offsets_s(wall_s[local], zone)
    at_s = wall_s.copy()
    at_s[local] -= offset_s
    none[local] = twice
    return at_s, none


def _seconds(column: Column) -> Floats:
    ticks = pc.cast(column, pa.timestamp("us", tz=column.type.tz), safe=False)
    micros = pc.fill_null(pc.cast(ticks, pa.int64()), np.iinfo(np.int64).min).to_numpy()
    return np.where(micros == np.iinfo(np.int64).min, np.nan, micros / 1e6)


def _parsed_s(column: Column) -> tuple[Floats, Flags]:
    """Seconds since 1970 by the clock that a text tells, NaN where it tells none; and which are local."""
    found = pc.extract_regex(column, _ISO_TIME)
    good = _flags(pc.is_valid(found))

    def part(name: str) -> Floats:
        text = pc.fill_null(pc.struct_field(found, name), "0")
        return np.asarray(pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.float64()).to_numpy())

    months = ((part("year") - 1970) * 12 + part("month") - 1).astype(np.int64).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (part("day") - 1).astype(np.int64)
    good &= (part("month") >= 1) & (part("month") <= 12) & (part("day") >= 1)
    good &= (days.astype("datetime64[M]") == months) & (part("hour") < 24) & (part("minute") < 60)
    good &= part("second") <= 60  # a leap second
    clock_s = part("hour") * 3600 + part("minute") * 60 + part("second") + part("part")
    wall_s = days.astype(np.int64) * 86_400.0 + clock_s
    zone_text = pc.fill_null(pc.struct_field(found, "zone"), "")
    zones = pc.dictionary_encode(zone_text).combine_chunks()
    offsets_s = np.array([_offset_s(text.as_py()) for text in zones.dictionary], dtype=np.float64)
    if len(offsets_s):
        wall_s -= offsets_s[zones.indices.to_numpy()]
    local = good & _flags(pc.equal(zone_text, ""))
    numbers, missing, bad = _numbers(column)
    is_number = ~missing & ~bad
    return np.where(good, wall_s, np.where(is_number, numbers, np.nan)), local


def _offset_s(text: str) -> float:
    if text[:1] not in ("+", "-"):
        return 0.0
    offset_s = int(text[1:3]) * 3600.0 + int(text[-2:]) * 60.0
    return -offset_s if text[0] == "-" else offset_s


def _offsets_s(wall_s: Floats, zone: ZoneInfo) -> tuple[Floats, Flags]:
    """How far ahead of UTC the clock was, asked once for each quarter of an hour; and where it was changed."""
    quarters, which = np.unique(np.floor(wall_s / 900.0), return_inverse=True)
    begin = datetime(1970, 1, 1, tzinfo=zone)
    first, second = [], []
    for quarter in quarters.tolist():
        try:
            wall = begin + timedelta(seconds=quarter * 900.0)  # by the clock on the wall
            first.append(_ahead_s(wall))
            second.append(_ahead_s(wall.replace(fold=1)))
        except OverflowError:
            first.append(0.0)
            second.append(0.0)
    offsets_s = np.array(first)
    return offsets_s[which], (offsets_s != np.array(second))[which]


def _ahead_s(wall: datetime) -> float:
    offset = wall.utcoffset()
    assert offset is not None  # a zone was given
    return offset.total_seconds()


# --- where ---


def _places(
    table: pa.Table, chosen: Mapping[str, tuple[str, ...]], datum: Datum, sieve: _Sieve
) -> tuple[Floats, Floats]:
    lon_name, lat_name = chosen["longitude"][0], chosen["latitude"][0]
    longitude, no_longitude, bad_longitude = _numbers(table[lon_name])
    latitude, no_latitude, bad_latitude = _numbers(table[lat_name])
    shown_lon, shown_lat = _shown(table[lon_name]), _shown(table[lat_name])

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
) -> tuple[tuple[tuple[str, str], ...], NDArray[np.int32]]:
    """The distinct (type, note) pairs, and which of them each row has."""
    rows = len(table)
    index = np.zeros(rows, dtype=np.int64)
    distinct: list[tuple[str, ...]] = [()]
    for name in names:
        encoded = pc.dictionary_encode(_texts(table[name])).combine_chunks()
        words = [*encoded.dictionary.to_pylist(), ""]
        codes = pc.fill_null(encoded.indices, len(words) - 1).to_numpy().astype(np.int64)
        used, index = np.unique(index * len(words) + codes, return_inverse=True)
        distinct = [(*distinct[pair // len(words)], words[pair % len(words)].strip()) for pair in used.tolist()]
    explicit = {word.strip().casefold(): code for word, code in types.items()}
    codes_of = [_type_of(names, words, explicit) for words in distinct]
    kinds = tuple(
        (code or other_type, "; ".join(filter(None, words))) for code, words in zip(codes_of, distinct, strict=True)
    )
    unknown = np.array([code is None for code in codes_of], dtype=bool)[index]
    sieve.doubt(
        f"types not known, taken as {other_type}",
        unknown,
        lambda row: repr(kinds[index[row]][1]) if names else "no column tells a type",
    )
    return kinds, index.astype(np.int32)


def _type_of(names: Sequence[str], words: Sequence[str], explicit: Mapping[str, str]) -> str | None:
    for word in words:
        if word.casefold() in explicit:
            return explicit[word.casefold()]
    for name, word in zip(names, words, strict=True):
        if "nfirs" in name.lower():
            fitting = [digits for digits in NFIRS if word.startswith(digits)]
            if fitting:
                return NFIRS[max(fitting, key=len)]
            continue
        for code, pattern in KEYWORDS:
            if re.search(rf"(?:(?<![A-Z])(?:{pattern}))", word.upper()):
                return code
    return None


# --- how urgent, how fast ---


def _priorities(table: pa.Table, names: tuple[str, ...], sieve: _Sieve) -> NDArray[np.int8]:
    priority = np.zeros(len(table), dtype=np.int8)
    for name in names:
        encoded = pc.dictionary_encode(_texts(table[name])).combine_chunks()
        words = encoded.dictionary.to_pylist()
        values = np.array([*map(_priority, words), 0], dtype=np.int8)
        codes = pc.fill_null(encoded.indices, len(words)).to_numpy()
        priority = values[codes]
        shown = _shown(table[name])
        sieve.doubt(
            "priorities not understood, left to the type",
            (priority == 0) & (codes < len(words)),
            lambda row, name=name, shown=shown: f"{name} = {shown(row)}",  # type: ignore[misc]
        )
    return priority


def _priority(text: str) -> int:
    """1 to 5, or 0 for what tells none."""
    word = text.strip().casefold()
    if re.fullmatch(r"\d(\.0*)?", word) and MOST_URGENT <= int(word[0]) <= LEAST_URGENT:
        return int(word[0])
    return PRIORITIES.get(word, 0)


def _first_units(
    source: _Source,
    table: pa.Table,
    chosen: Mapping[str, tuple[str, ...]],
    zone: ZoneInfo | None,
    at_s: Floats,
    sieve: _Sieve,
) -> Floats:
    """How long the first unit took, NaN where nothing usable tells."""
    key = next((key for key in ("first_unit_s", "first_unit_min", "arrival") if key in chosen), None)
    if key is None:
        return np.full(len(table), np.nan)
    (name,) = chosen[key]
    if key == "arrival":
        took_s = _instants_s(source, name, table[name], zone)[0] - at_s
    else:
        took_s = _numbers(table[name])[0] * (60.0 if key == "first_unit_min" else 1.0)
    told = ~_flags(pc.is_null(table[name]))
    usable = (took_s >= 0) & (took_s <= _LONGEST_RESPONSE_S)
    shown = _shown(table[name])
    sieve.doubt(
        "times of the first unit below 0 or over a day, left out",
        told & ~usable,
        lambda row: f"{name} = {shown(row)}",
    )
    return np.where(usable, took_s, np.nan)
