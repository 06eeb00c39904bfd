"""A file of records, CSV or Parquet, read into columns: texts, numbers, instants.

What the file says of itself is heard (its columns, its datum), and what it leaves open is asked for and not
guessed: a local time needs a zone, a coordinate a datum. Which column means what is not known here.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from geo.datum import Datum, DatumError, parse_datum

Column = Any  # pyarrow.ChunkedArray, of a type found at run time
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LONGEST_LINE_BYTES: Final = 4 * 1024**2
_HEADER_BYTES: Final = 64 * 1024

_ISO_TIME = (
    r"^\s*(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?P<part>\.\d+)?)?\s*(?P<zone>Z|z|UTC|[+-]\d{2}:?\d{2})?\s*$"
)
_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"

_pc: Any = pyarrow.compute  # whose stubs know no column of a type found at run time


class RecordsError(ValueError):
    """Records that cannot be read; the message names the file, the column or row, and the reason."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose columns are known and not yet read."""

    path: Path
    names: tuple[str, ...]
    load: Callable[[list[str]], pa.Table]
    crs: str | None = None
    malformed: list[str] = field(default_factory=list)
    """Rows of a CSV whose number of columns is wrong; filled by ``load``."""


def open_source(path: Path) -> Source:
    """The file at ``path``, told by its first bytes. Raises :class:`RecordsError`."""
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


def _open_parquet(path: Path) -> Source:
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
    return Source(path, tuple(schema.names), load, None if crs is None else crs.decode(errors="replace"))


def _open_csv(path: Path, head: bytes) -> Source:
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
    return Source(path, tuple(names), load, None, malformed)


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0][:200]


def datum_of(source: Source, stated: Datum | str | None) -> Datum:
    """The datum that the file or the caller states; both may, if they agree."""
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


# --- its columns ---


def _texts(column: Column) -> Column:
    return _pc.cast(column, pa.string())


def encoded(column: Column) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct texts of a column, and which of them each row has; one past the last where it has none."""
    found = _pc.dictionary_encode(_texts(column)).combine_chunks()
    distinct: list[str] = found.dictionary.to_pylist()
    return distinct, _pc.fill_null(found.indices, len(distinct)).to_numpy().astype(np.int64)


def numbers(column: Column) -> tuple[Floats, Flags, Flags]:
    """Values (NaN where there is none), which are missing, which are no numbers."""
    if pa.types.is_dictionary(column.type):
        column = _texts(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        good = _pc.match_substring_regex(column, _NUMBER)
        missing = _flags(_pc.equal(_pc.utf8_trim_whitespace(column), ""))
        trimmed = _pc.if_else(good, _pc.utf8_trim_whitespace(column), None)
        values = _pc.cast(trimmed, pa.float64())
        bad = ~_flags(good, default=True) & ~missing
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values, bad = _pc.cast(column, pa.float64(), safe=False), np.zeros(len(column), dtype=bool)
        missing = np.zeros(len(column), dtype=bool)
    else:
        return np.full(len(column), np.nan), empty(column), ~empty(column)
    floats = np.array(_pc.fill_null(values, np.nan).to_numpy(), dtype=np.float64)
    missing |= np.isnan(floats) & ~bad
    return floats, missing, bad


def empty(column: Column) -> Flags:
    """Where a column holds nothing at all."""
    return _flags(_pc.is_null(column))


def as_shown(column: Column) -> Callable[[int], str]:
    """How a cell of the column is shown to people, by its row."""
    return lambda row: repr(column[row].as_py())[:80]


def _flags(column: Column, *, default: bool = False) -> Flags:
    return np.asarray(_pc.fill_null(column, default).to_numpy(), dtype=bool)


# --- times ---


def instants_s(source: Source, name: str, column: Column, zone: tzinfo | None) -> tuple[Floats, Flags]:
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
        return numbers(column)[0], none
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
    ticks = _pc.cast(column, pa.timestamp("us", tz=column.type.tz), safe=False)
    micros = _pc.fill_null(_pc.cast(ticks, pa.int64()), np.iinfo(np.int64).min).to_numpy()
    return np.where(micros == np.iinfo(np.int64).min, np.nan, micros / 1e6)


def _parsed_s(column: Column) -> tuple[Floats, Flags]:
    """Seconds since 1970 by the clock that a text tells, NaN where it tells none; and which are local."""
    found = _pc.extract_regex(column, _ISO_TIME)
    good = _flags(_pc.is_valid(found))

    def part(name: str) -> Floats:
        text = _pc.fill_null(_pc.struct_field(found, name), "0")
        return np.asarray(_pc.cast(_pc.if_else(_pc.equal(text, ""), "0", text), pa.float64()).to_numpy())

    months = ((part("year") - 1970) * 12 + part("month") - 1).astype(np.int64).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (part("day") - 1).astype(np.int64)
    good &= (part("month") >= 1) & (part("month") <= 12) & (part("day") >= 1)
    good &= (days.astype("datetime64[M]") == months) & (part("hour") < 24) & (part("minute") < 60)
    good &= part("second") <= 60  # a leap second
    clock_s = part("hour") * 3600 + part("minute") * 60 + part("second") + part("part")
    wall_s = days.astype(np.int64) * 86_400.0 + clock_s
    zone_text = _pc.fill_null(_pc.struct_field(found, "zone"), "")
    zones = _pc.dictionary_encode(zone_text).combine_chunks()
    offsets_s = np.array([_offset_s(text.as_py()) for text in zones.dictionary], dtype=np.float64)
    if len(offsets_s):
        wall_s -= offsets_s[zones.indices.to_numpy()]
    local = good & _flags(_pc.equal(zone_text, ""))
    since_1970_s, missing, bad = numbers(column)
    is_number = ~missing & ~bad
    return np.where(good, wall_s, np.where(is_number, since_1970_s, np.nan)), local


def _offset_s(text: str) -> float:
    if text[:1] not in ("+", "-"):
        return 0.0
    offset_s = int(text[1:3]) * 3600.0 + int(text[-2:]) * 60.0
    return -offset_s if text[0] == "-" else offset_s


def _offsets_s(wall_s: Floats, zone: tzinfo) -> tuple[Floats, Flags]:
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
