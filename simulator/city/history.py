"""Real calls as rows of a simulated city: records on places, with what they leave open filled from the city's types.

What a record tells is taken: time, place, type, priority, who told, false alarm, when the first unit came and the last
one left. What it does not tell comes from its type (:class:`~dispatch.model.IncidentType`: priority, how long it is
watched), or stays unknown (``ground_s``). Nothing is left out because no drone could serve it: that is for the loop to
say. Calls of types that the city does not have are left out, and told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dispatch.model import IncidentType
from geo.frame import LocalFrame
from simulator.city.places import nearest
from simulator.city.rows import CALL, Calls, Places
from simulator.records import Records, Tally

ROWS = 65_536
"""How many calls a block holds."""

FAR_M = 1_000.0
"""A call that is moved farther than this to its place is told as a doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameEvent:
    """Reports of one type, so near in place and time to an event's first one, are of that event."""

    within_m: float = 200.0
    within_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Recorded calls as rows, in order of time.

    ``types`` and ``sources`` are what the rows number; the first source is "": nobody says. ``record`` [n] is the
    place of a row among the records. ``event`` [n] is the row of the event's first report: its own where it is
    ``merged`` into none. ``told`` counts the calls that were left out (``lost`` in all), or kept with a doubt, beside
    the account of the records themselves.
    """

    calls: Calls
    types: tuple[str, ...]
    sources: tuple[str, ...]
    record: NDArray[np.int64]
    event: NDArray[np.int64]
    lost: int
    told: tuple[Tally, ...]

    def __len__(self) -> int:
        return len(self.calls)

    def blocks(self, rows: int = ROWS) -> Iterator[Calls]:
        """The calls, so many at a time."""
        return (self.calls[low : low + rows] for low in range(0, len(self), rows))


def type_codes(types: Mapping[str, IncidentType]) -> tuple[str, ...]:
    """The types that the rows of a city number, in order of their codes."""
    return tuple(sorted(types))


def recorded(
    records: Records,
    places: Places,
    frame: LocalFrame,
    types: Mapping[str, IncidentType],
    *,
    same_event: SameEvent | None = None,
    watch_recorded: bool = True,
    seed: int = 0,
) -> History:
    """The calls of ``records`` on the nearest of ``places``.

    ``types`` are the city's. A record's false alarm is what its words say (NFIRS 62 and 7, "false alarm"). It is
    watched from its first unit's arrival until its last one left, where that is told and ``watch_recorded``; where
    only the end is told, from the report on. Reports are merged by ``same_event``, for records that hold each report
    and not each event. ``chance`` is drawn by ``seed``.
    """
    codes = type_codes(types)
    of_kind = np.array([codes.index(code) if code in types else -1 for code, _ in records.kinds], np.int16)
    kept = np.flatnonzero(of_kind[records.kind] >= 0)
    kind = records.kind[kept]
    place, moved_m = nearest(places, frame.to_xy(records.longitude_deg[kept], records.latitude_deg[kept]))

    rows = np.zeros(len(kept), CALL)
    rows["at_s"], rows["place"], rows["type"] = records.at_s[kept], place, of_kind[kind]
    usual_priority = np.array([types[code].priority for code in codes], np.int8)[rows["type"]]
    rows["priority"] = np.where(records.priority[kept] > 0, records.priority[kept], usual_priority)
    rows["source"], rows["false_alarm"] = records.teller[kept], records.nothing[kind]
    rows["ground_s"] = records.first_unit_s[kept]
    watched_s = records.cleared_s[kept] - np.nan_to_num(records.first_unit_s[kept])
    usual_watch_s = np.array([types[code].watch_s for code in codes])[rows["type"]]
    rows["watch_s"] = np.where(watched_s >= 0, watched_s, usual_watch_s) if watch_recorded else usual_watch_s
    rows["chance"] = np.random.default_rng(seed).random(len(kept))

    event = np.arange(len(kept))
    if same_event is not None:
        xy_m = frame.to_xy(records.longitude_deg[kept], records.latitude_deg[kept])
        event = _events(rows["at_s"], xy_m, rows["type"], same_event)
        rows["merged"] = event != np.arange(len(kept))
    told = (
        *_told(records, of_kind[records.kind] < 0, "calls of a type that the city does not have"),
        *_told(records, kept[moved_m > FAR_M], f"calls moved more than {FAR_M:.0f} m to the nearest place"),
        *_told(records, kept[watched_s < 0], "ends before the first unit's arrival, left to the type"),
    )
    return History(
        calls=rows,
        types=codes,
        sources=records.tellers,
        record=kept,
        event=event,
        lost=len(records) - len(kept),
        told=told,
    )


def _events(
    at_s: NDArray[np.float64], xy_m: NDArray[np.float64], type_: NDArray[np.int16], same: SameEvent
) -> NDArray[np.int64]:
    """For each report, in order of time, the first one of its event: the earliest that is near and no repeat itself."""
    event = np.arange(len(at_s))
    scaled = np.column_stack([xy_m / same.within_m, (at_s - at_s[:1]) / same.within_s])
    pairs = cKDTree(scaled).query_pairs(1.0, p=np.inf, output_type="ndarray")
    first, later = np.sort(pairs, axis=1).T
    near = (type_[first] == type_[later]) & (np.hypot(*(xy_m[first] - xy_m[later]).T) <= same.within_m)
    first, later = first[near], later[near]
    for k in np.lexsort((first, later)).tolist():
        one, other = int(first[k]), int(later[k])
        if event[one] == one and event[other] == other:
            event[other] = one
    return event


def _told(records: Records, rows: NDArray[np.intp] | NDArray[np.bool_], reason: str) -> tuple[Tally, ...]:
    found = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    if not len(found):
        return ()
    code, note = records.kinds[records.kind[found[0]]]
    return (Tally(reason, len(found), f"call {found[0] + 1}: {code}, {note!r}"),)
