"""A recorded run, looked at a window at a time: which incidents were under way, how many came so far, who was late.

Rows are in the order in which incidents ended. A file is gone through once, a block at a time, to know when each block
begins and ends; a window then costs what its blocks hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dispatch.model import Situation
from simulator.city.outcome_file import OutcomeFileError, RecordedRun, read_about, read_sky
from simulator.city.recorded_sky import RecordedSky

MOST_INCIDENTS = 1000
"""A window may hold so many: its flights are found again, at about a millisecond each."""

STEP_S = 3600.0
MOST_STEPS = 10_000
"""The course of a run is told by the hour; by more hours where there would be more than this."""

_CLOCKS = ("at_s", "on_scene_s", "ended_s", "returned_s")

Row = dict[str, Any]
"""One incident, by the columns of the file."""


class WindowError(ValueError):
    """A window that cannot be told; the message says why, and what would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A row group: when its first incident was reported, its last, and when the last of them was over."""

    first_s: float
    last_s: float
    over_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Incidents by when they were reported, ``step_s`` at a time from ``from_s`` on, and how many of them had a drone
    on scene within the promise. Shape [n]."""

    from_s: float
    step_s: float
    incidents: NDArray[np.int64]
    within: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """A recorded run whose file was gone through. ``situations`` has one for each scene of the sky."""

    path: Path
    about: RecordedRun
    sky: RecordedSky
    situations: tuple[Situation, ...]
    blocks: tuple[Block, ...]
    course: Course
    sky_changes_s: tuple[float, ...]
    """From when on another wind holds, or other zones are in force."""


def recording(path: Path) -> Recording:
    """What is in the file; remembered while it stays as it is. Raises :class:`OutcomeFileError`."""
    try:
        stat = path.stat()
    except OSError as error:
        raise OutcomeFileError(f"{path.name}: cannot be read: {error.strerror}") from error
    return _recording(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _recording(path: Path, _changed_ns: int, _size: int) -> Recording:
    about, sky = read_about(path), read_sky(path)
    if sky is None:
        raise OutcomeFileError(f"{path.name}: it does not tell in which sky it was flown, so no map can show it")
    step_s = STEP_S * np.ceil((about.until_s - about.from_s) / STEP_S / MOST_STEPS)
    steps = int((about.until_s - about.from_s) // step_s) + 1
    incidents, within = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
    blocks = []
    for table in _blocks(path, ("fate", *_CLOCKS)):
        lives = _Lives(table, about)
        blocks.append(
            Block(
                first_s=float(lives.at_s.min(initial=np.inf)),
                last_s=float(lives.at_s.max(initial=-np.inf)),
                over_s=float(lives.over_s.max(initial=-np.inf)),
            )
        )
        step = np.clip((lives.at_s - about.from_s) // step_s, 0, steps - 1).astype(np.int64)
        incidents += np.bincount(step[lives.real], minlength=steps)
        within += np.bincount(step[lives.real & ~lives.late], minlength=steps)
    spans = [span for zone in sky.situation.zones.values() for span in zone.spans(about.from_s, about.until_s)]
    edges_s = {edge_s for span in spans for edge_s in span if about.from_s < edge_s < about.until_s}
    return Recording(
        path=path,
        about=about,
        sky=sky,
        situations=sky.situations(),
        blocks=tuple(blocks),
        course=Course(from_s=about.from_s, step_s=float(step_s), incidents=incidents, within=within),
        sky_changes_s=tuple(sorted(edges_s | {change.at_s for change in sky.changes})),
    )


class _Lives:
    """When the incidents of a block were reported and over, which are real, and which were late."""

    def __init__(self, table: pa.Table, about: RecordedRun) -> None:
        self.at_s, on_scene_s, ended_s, returned_s = (
            table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in _CLOCKS
        )
        merged = pc.equal(table["fate"].cast(pa.string()), pa.scalar("merged"))
        self.real: NDArray[np.bool_] = ~np.asarray(merged).astype(np.bool_)
        """All but further reports of what is known."""
        self.late: NDArray[np.bool_] = self.real & ~(on_scene_s <= about.promise_s)
        """Had no drone on scene within the promise, as the run's figures count it."""
        ended_s = np.where(np.isnan(ended_s), about.until_s, self.at_s + ended_s)  # nan: the run ended before it
        self.over_s: NDArray[np.float64] = np.fmax(ended_s, self.at_s + returned_s)
        """When it had ended, and the last drone was down."""


def window(told: Recording, from_s: float, until_s: float) -> list[Row]:
    """The incidents that were under way at some time of [``from_s``, ``until_s``), their drones' way home included, in
    the order of their reports; further reports of what is known are left out.

    Raises :class:`WindowError` where it is none, or holds more than :data:`MOST_INCIDENTS`.
    """
    if not from_s < until_s:
        raise WindowError(f"from {from_s:.0f} until {until_s:.0f} is no window")
    asked = [k for k, one in enumerate(told.blocks) if one.first_s < until_s and one.over_s >= from_s]
    found: list[Row] = []
    count = 0
    for table in _blocks(told.path, None, asked):
        lives = _Lives(table, told.about)
        rows = np.flatnonzero(lives.real & (lives.at_s < until_s) & (lives.over_s >= from_s))
        count += len(rows)
        if count <= MOST_INCIDENTS:
            found += table.take(rows).to_pylist()
    if count > MOST_INCIDENTS:
        raise WindowError(
            f"{count:,} incidents were under way in these {until_s - from_s:,.0f} s, and no more than "
            f"{MOST_INCIDENTS:,} are told at once: ask for a shorter window"
        )
    return sorted(found, key=lambda row: row["call"])


def next_late(told: Recording, after_s: float) -> Row | None:
    """The first incident reported after an instant that was late, by ``call`` and ``at_s``; None: no more."""
    best: Row | None = None
    for k, block in sorted(enumerate(told.blocks), key=lambda one: one[1].first_s):
        if block.last_s <= after_s:
            continue
        if best is not None and block.first_s >= best["at_s"]:
            break
        (table,) = _blocks(told.path, ("call", "fate", *_CLOCKS), [k])
        lives = _Lives(table, told.about)
        rows = np.flatnonzero(lives.late & (lives.at_s > after_s))
        if len(rows):
            row = rows[np.argmin(lives.at_s[rows])]
            if best is None or lives.at_s[row] < best["at_s"]:
                best = {"call": table["call"][row].as_py(), "at_s": float(lives.at_s[row])}
    return best


def _blocks(path: Path, columns: tuple[str, ...] | None, which: list[int] | None = None) -> Iterator[pa.Table]:
    """Row groups of the file, one after the other: all, or those of these numbers."""
    try:
        with pq.ParquetFile(path) as file:
            for k in range(file.num_row_groups) if which is None else which:
                yield file.read_row_group(k, columns=None if columns is None else list(columns))
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise OutcomeFileError(f"{path.name}: cannot be read: {error}") from error
