"""A recorded run, as Parquet: a row for each call, written block by block, so that a year needs no more room than an
hour; and in the metadata what ran."""

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dispatch.codec import CodecError, from_json, to_json
from simulator.city.recorded_sky import RecordedSky, sky_of
from simulator.city.rows import OUTCOME, Fate, Outcomes
from simulator.city.world import World

FATES = tuple(fate.name.lower() for fate in Fate)

POSITIONS = {"place": ("longitude_deg", "latitude_deg"), "node": ("from_longitude_deg", "from_latitude_deg")}
"""What the columns that number places and nodes are as positions, WGS-84."""

ABOUT = b"reach180"
"""The key of the metadata that holds a :class:`RecordedRun` as JSON."""

SKY = b"reach180.sky"
"""The key of the metadata that holds a :class:`~simulator.city.recorded_sky.RecordedSky` as JSON, where the world lies
somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBase:
    """A base of a run. In a world of bare tables it lies nowhere."""

    id: str
    longitude_deg: float | None
    latitude_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDrone:
    """A drone of a run, and where it belongs."""

    id: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """What a file of outcomes is of. Times are seconds since 1970 (UTC); local hours are those of ``time_zone``."""

    city: str
    layout: str
    scenario: str
    policy: str
    replication: int
    seed: int
    """Of the study."""
    from_s: float
    measured_from_s: float
    until_s: float
    time_zone: str
    promise_s: float
    bases: tuple[RecordedBase, ...]
    drones: tuple[RecordedDrone, ...]


class OutcomeFileError(ValueError):
    """A file that is no recorded run; the message names it and says why."""


def read_about(path: Path) -> RecordedRun:
    """What the run in a file was. Raises :class:`OutcomeFileError`, also where the file is none or cannot be read."""
    try:
        metadata = pq.read_schema(path).metadata or {}
        return from_json(RecordedRun, metadata[ABOUT])
    except KeyError as error:
        raise OutcomeFileError(f"{path.name}: no run of reach180: its metadata does not tell what ran") from error
    except (OSError, pa.ArrowInvalid, CodecError) as error:
        raise OutcomeFileError(f"{path.name}: no run of reach180 that can be read: {error}") from error


def read_sky(path: Path) -> RecordedSky | None:
    """The sky that a run was flown in; None for a world of bare tables. Raises :class:`OutcomeFileError`."""
    try:
        told = (pq.read_schema(path).metadata or {}).get(SKY)
        return None if told is None else from_json(RecordedSky, told)
    except (OSError, pa.ArrowInvalid, CodecError) as error:
        raise OutcomeFileError(f"{path.name}: its sky cannot be read: {error}") from error


def bases_of(world: World) -> tuple[RecordedBase, ...]:
    """A world's bases, in the order of its tables."""
    if not world.situations:
        return tuple(RecordedBase(id=id_, longitude_deg=None, latitude_deg=None) for id_ in world.bases)
    at = {id_: world.situations[0].bases[id_].position for id_ in world.bases}
    return tuple(
        RecordedBase(id=id_, longitude_deg=place.longitude_deg, latitude_deg=place.latitude_deg)
        for id_, place in at.items()
    )


def drones_of(world: World) -> tuple[RecordedDrone, ...]:
    """A world's drones, in the order of its tables."""
    return tuple(
        RecordedDrone(id=id_, base=world.bases[base])
        for id_, base in zip(world.drones, world.drone_base.tolist(), strict=True)
    )


def outcome_path(folder: Path, **names: str | int) -> Path:
    """The file of the run that these names tell, as Hive partitions folders, so that all are read as one data set."""
    return folder.joinpath(*(f"{key}={quote(str(name), safe=' +')}" for key, name in names.items()), "outcomes.parquet")


def _unfinished(path: Path) -> str:
    """How the name of a file begins that is not whole."""
    return f".{path.name}."


def remove_unfinished(path: Path) -> None:
    """What processes that were killed over this file have left of it is gone."""
    for part in path.parent.glob(f"{_unfinished(path)}*"):
        part.unlink()


class OutcomeFile:
    """Outcomes in the order in which their incidents ended, as :data:`~simulator.city.rows.OUTCOME` has them; type,
    fate, drone and bases by name (none: null). Where the world lies somewhere: the place also as ``longitude_deg`` and
    ``latitude_deg``, where the drone set out as ``from_longitude_deg`` and ``from_latitude_deg``.

    A context manager; the file is there when it is whole, and not before. Raises ``OSError``.
    """

    def __init__(self, path: Path, world: World, about: RecordedRun) -> None:
        self._path, self._part = path, path.with_name(f"{_unfinished(path)}{os.getpid()}")
        bases = world.bases
        self._names = {"type": world.types, "fate": FATES, "drone": world.drones, "base": bases, "home": bases}
        self._positions: dict[str, NDArray[np.float64]] = {}  # [n, 2] of what a column numbers
        told: dict[bytes | str, bytes | str] = {ABOUT: to_json(about)}
        sky = sky_of(world)
        if sky is not None:
            told[SKY] = to_json(sky)
            for which, positions in (("place", world.place_positions), ("node", world.node_positions)):
                self._positions[which] = np.array([(at.longitude_deg, at.latitude_deg) for at in positions])
        fields = [(name, self._kind(name)) for name in OUTCOME.names or ()]
        fields += [(name, pa.float64()) for which in self._positions for name in POSITIONS[which]]
        self._schema = pa.schema(fields, metadata=told)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")

    def write(self, rows: Outcomes) -> None:
        """One more block: a row group."""
        columns = [self._column(name, rows[name]) for name in OUTCOME.names or ()]
        for which, positions in self._positions.items():
            columns += [pa.array(axis, mask=rows[which] < 0) for axis in positions[rows[which]].T]
        self._writer.write_table(pa.table(columns, schema=self._schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()

    def _kind(self, name: str) -> pa.DataType:
        if name in self._names:
            return pa.dictionary(pa.int32(), pa.string())
        return pa.from_numpy_dtype(OUTCOME[name])

    def _column(self, name: str, values: NDArray[Any]) -> "pa.Array[Any]":
        if name not in self._names:
            happened: pa.Array[Any] = pa.array(np.ascontiguousarray(values), from_pandas=True)  # null where it is nan
            return happened
        numbers = pa.array(values, type=pa.int32(), mask=values < np.int32(0))
        return pa.DictionaryArray.from_arrays(numbers, pa.array(self._names[name], pa.string()))
