"""Outcomes of a run as Parquet: a row for each call, written block by block, so that a year needs no more room than an
hour."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.city.rows import OUTCOME, Fate, Outcomes
from simulator.city.world import World

FATES = tuple(fate.name.lower() for fate in Fate)


def outcome_path(folder: Path, **names: str | int) -> Path:
    """The file of the run that these names tell, as Hive partitions folders, so that all are read as one data set."""
    return folder.joinpath(*(f"{key}={quote(str(name), safe=' +')}" for key, name in names.items()), "outcomes.parquet")


class OutcomeFile:
    """Outcomes in the order in which their incidents ended, as :data:`~simulator.city.rows.OUTCOME` has them; type,
    fate, drone and base by name (none: null), the place also as ``longitude_deg`` and ``latitude_deg`` where the world
    lies somewhere.

    A context manager; the file is there when it is whole, and not before. ``about`` is kept in the file's metadata
    under ``reach180``, as JSON. Raises ``OSError``.
    """

    def __init__(self, path: Path, world: World, about: Mapping[str, object]) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.{os.getpid()}")
        self._names = {"type": world.types, "fate": FATES, "drone": world.drones, "base": world.bases}
        self._places = np.array(world.place_positions, np.float64).reshape(-1, 2)
        fields = [(name, self._kind(name)) for name in OUTCOME.names or ()]
        if len(self._places):
            fields += [("longitude_deg", pa.float64()), ("latitude_deg", pa.float64())]
        self._schema = pa.schema(fields, metadata={"reach180": json.dumps(dict(about), ensure_ascii=False)})
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")

    def write(self, rows: Outcomes) -> None:
        """One more block: a row group."""
        columns = [self._column(name, rows[name]) for name in OUTCOME.names or ()]
        if len(self._places):
            columns += [pa.array(axis) for axis in self._places[rows["place"]].T]
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
