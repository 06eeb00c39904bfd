"""What a run tells, counted as it ends: outcomes come in blocks and go, and what stays does not grow with them.

Everything is an integer (counts, and milliseconds), so a tally does not depend on the order or the size of the blocks,
nor on how many workers counted: it is the same to the byte.

An *incident* is a call that is not one more report of another. One that is still open when the run ends counts among
incidents; had nobody come by then, as one to which nobody came within the promise.
"""

import math
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from simulator.city.histogram import Histograms, Milliseconds, Spread, milliseconds
from simulator.city.rows import OUTCOME, Fate, Outcomes, Places
from simulator.local_time import QUARTER_S, ahead_s, hours_of_week

PRIORITIES: Final = 5
HOURS: Final = 24

CLOCKS: Final = ("decided", "launched", "on_scene", "cleared", "returned")
SPANS: Final = (*CLOCKS, "ground", "gained", "gap")
"""What has histograms: every clock after the report; when a unit on the ground came; by how much a drone was there
before it (0 where it was not); for how long nobody watched once somebody had."""


class Cell(IntEnum):
    """What is summed by priority, hour and district, and by place: a place in the last axis of a table."""

    INCIDENTS = 0
    MET = 1  # a drone was on scene within the promise
    ARRIVED = 2  # a drone was on scene at all
    RESPONSE_MS = 3  # of these, from report to on scene
    QUEUED = 4


class Sum(IntEnum):
    """What is summed by priority: a place in the last axis of :attr:`Tally.sums`."""

    LATE_MS = 0  # Σ max(0, on scene − T)
    WATCHED_MS = 1  # from the first arrival until cleared, gaps included
    PEOPLE_MS = 2  # over inhabited ground
    RELIEFS = 3
    ROBBED = 4  # how often its drone was taken for a more urgent incident
    FALSE_ALARMS = 5
    SEEN_THROUGH = 6  # false alarms that a drone saw before a unit on the ground was there, or where none came


_Values = NDArray[np.integer] | NDArray[np.bool_]


class Tally:
    """Counts outcomes whose reports lie in [``from_s``, ``until_s``): what came before is warm-up.

    Hours are those of the day in ``time_zone``, a name of the IANA database. Raises ``ValueError``.
    """

    __slots__ = (
        "_zone",
        "by_place",
        "fates",
        "from_s",
        "histograms",
        "places",
        "promise_s",
        "sums",
        "table",
        "time_zone",
        "until_s",
    )

    def __init__(
        self, places: Places, *, promise_s: float, from_s: float, until_s: float = math.inf, time_zone: str = "UTC"
    ) -> None:
        if not (promise_s > 0 and from_s < until_s):
            raise ValueError(f"a promise of {promise_s} s, from {from_s} s until {until_s} s: nothing to measure")
        try:
            self._zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{time_zone!r} is not a time zone of the IANA database") from error
        self.places, self.promise_s, self.time_zone = places, promise_s, time_zone
        self.from_s, self.until_s = from_s, until_s
        shape = (PRIORITIES, HOURS, len(places.districts))
        self.fates = np.zeros((*shape, len(Fate)), dtype=np.int64)
        """[priority − 1, hour, district, fate] calls."""
        self.table = np.zeros((*shape, len(Cell)), dtype=np.int64)
        """[priority − 1, hour, district, :class:`Cell`] of incidents."""
        self.by_place = np.zeros((len(places), len(Cell)), dtype=np.int64)
        """[place, :class:`Cell`] of incidents."""
        self.sums = np.zeros((PRIORITIES, len(Sum)), dtype=np.int64)
        """[priority − 1, :class:`Sum`] of incidents."""
        self.histograms = Histograms(len(SPANS) * PRIORITIES)
        """Rows of :data:`SPANS`, in each by priority; read with :meth:`spread`."""

    def add(self, outcomes: Outcomes) -> None:
        """Count a block. Raises ``ValueError`` for rows that cannot be, and has then counted none of them."""
        at_s = outcomes["at_s"]
        rows = _only(outcomes, (at_s >= self.from_s) & (at_s < self.until_s))
        if not len(rows):
            return
        self._check(rows)
        priority, place = rows["priority"].astype(np.int64) - 1, rows["place"].astype(np.int64)
        hour = _local_hours(rows["at_s"], self._zone)
        cell = (priority * HOURS + hour) * len(self.places.districts) + self.places.district[place]
        _add(self.fates, cell * len(Fate) + rows["fate"], np.ones(len(rows), dtype=np.bool_))

        real = rows["fate"] != Fate.MERGED
        rows, priority, place, cell = (_only(column, real) for column in (rows, priority, place, cell))
        for key, values in self._cells(rows):
            _add(self.table, cell * len(Cell) + key, values)
            _add(self.by_place, place * len(Cell) + key, values)
        for what, values in self._sums(rows):
            _add(self.sums, priority * len(Sum) + what, values)
        for span, (known, span_ms) in enumerate(_spans(rows)):
            self.histograms.add(span * PRIORITIES + priority[known], span_ms)

    def merge(self, other: "Tally") -> None:
        """Count all that ``other`` has counted. Raises ``ValueError`` where it measured something else."""
        for name in ("promise_s", "from_s", "until_s", "time_zone"):
            if getattr(self, name) != getattr(other, name):
                raise ValueError(f"{name} is {getattr(self, name)} here and {getattr(other, name)} there")
        if not np.array_equal(self.places.district, other.places.district):
            raise ValueError("the places are not the same")
        for name in ("fates", "table", "by_place", "sums"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.histograms.merge(other.histograms)

    def spread(self, span: str, priority: int | None = None) -> Spread:
        """The distribution of one of :data:`SPANS`, of one priority or of all."""
        row = SPANS.index(span) * PRIORITIES
        return Spread(self.histograms, slice(row, row + PRIORITIES) if priority is None else row + priority - 1)

    def to_bytes(self) -> bytes:
        """All that was counted; two tallies of the same outcomes give the same."""
        parts = (self.fates, self.table, self.by_place, self.sums)
        return b"".join(a.tobytes() for a in (*parts, *(getattr(self.histograms, n) for n in Histograms.__slots__)))

    def _check(self, rows: Outcomes) -> None:
        bounds = {"priority": (1, PRIORITIES), "place": (0, len(self.places) - 1), "fate": (0, len(Fate) - 1)}
        for name, (low, high) in bounds.items():
            bad = (rows[name] < low) | (rows[name] > high)
            if bad.any():
                row = rows[bad][0]
                raise ValueError(f"call {row['call']}: {name} is {row[name]}, not {low} to {high}")
        for name in OUTCOME.names or ():
            if name.endswith("_s") and name not in ("at_s", "launched_s") and (rows[name] < 0).any():
                row = rows[rows[name] < 0][0]
                raise ValueError(f"call {row['call']}: {name} is {row[name]}, before its report")

    def _cells(self, rows: Outcomes) -> Iterator[tuple[Cell, _Values]]:
        arrived, response_ms = _known(rows["on_scene_s"])
        yield Cell.INCIDENTS, np.ones(len(rows), dtype=np.bool_)
        yield Cell.MET, arrived & (response_ms <= self._promise_ms)
        yield Cell.ARRIVED, arrived
        yield Cell.RESPONSE_MS, response_ms
        yield Cell.QUEUED, rows["queued"]

    def _sums(self, rows: Outcomes) -> Iterator[tuple[Sum, _Values]]:
        arrived, response_ms = _known(rows["on_scene_s"])
        cleared, cleared_ms = _known(rows["cleared_s"])
        yield Sum.LATE_MS, np.maximum(response_ms - self._promise_ms, 0)
        yield Sum.WATCHED_MS, np.where(arrived & cleared, cleared_ms - response_ms, 0)
        yield Sum.PEOPLE_MS, _known(rows["people_s"])[1]
        yield Sum.RELIEFS, rows["reliefs"]
        yield Sum.ROBBED, rows["robbed"]
        yield Sum.FALSE_ALARMS, rows["false_alarm"]
        yield Sum.SEEN_THROUGH, rows["false_alarm"] & arrived & ~(rows["ground_s"] <= rows["on_scene_s"])

    @property
    def _promise_ms(self) -> int:
        return round(self.promise_s * 1000)


def _only(column: NDArray[Any], kept: NDArray[np.bool_]) -> NDArray[Any]:
    """Rows are wide, and mostly all are kept: then nothing is copied."""
    return column if kept.all() else column[kept]


def _add(sums: NDArray[np.int64], flat: NDArray[np.int64], values: _Values) -> None:
    """Add each value where its flat index says: numpy does that three times as quickly as by several indices."""
    np.add.at(sums.reshape(-1), flat, values.astype(np.int64))


def _known(seconds: NDArray[np.floating]) -> tuple[NDArray[np.bool_], Milliseconds]:
    """Where a clock happened, and its milliseconds: 0 where it did not."""
    known = ~np.isnan(seconds)
    return known, milliseconds(np.where(known, seconds, 0))


def _spans(rows: Outcomes) -> Iterator[tuple[NDArray[np.bool_], Milliseconds]]:
    """In the order of :data:`SPANS`: which rows have it, and the milliseconds of those."""
    for clock in (*CLOCKS, "ground"):
        known, span_ms = _known(rows[f"{clock}_s"])
        yield known, np.maximum(span_ms[known], 0)  # a drone that was in the air already was launched before the report
    grounded, ground_ms = _known(rows["ground_s"])
    arrived, response_ms = _known(rows["on_scene_s"])
    yield grounded, np.where(arrived, np.maximum(ground_ms - response_ms, 0), 0)[grounded]
    yield arrived, _known(rows["gap_s"])[1][arrived]


def _local_hours(at_s: NDArray[np.float64], zone: ZoneInfo) -> NDArray[np.int64]:
    """The hour of the local day. A block is short, so each of its quarters of an hour is looked up once."""
    quarters = np.floor(at_s / QUARTER_S).astype(np.int64)
    span = np.arange(quarters.min(), quarters.max() + 1)
    hours: NDArray[np.int64] = hours_of_week(span * QUARTER_S + ahead_s(span, zone)) % HOURS
    return hours[quarters - int(span[0])]
