"""A run as a file: each incident with its clocks, who came and from where, as Parquet that anything can read."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.city.rows import Fate, Outcomes
from simulator.city.world import World

ABOUT = b"reach180"
"""The key of the file's metadata, a JSON object: the city, the bases and drones, what ran, the promise."""

CLOCKS = ("decided_s", "launched_s", "on_scene_s", "cleared_s", "returned_s", "ground_s", "gap_s", "people_s")
"""Seconds after the report; null where it did not happen (``gap_s`` and ``people_s`` are how long)."""

_COLUMNS: dict[str, pa.DataType] = {
    "call": pa.int64(),
    "reported": pa.timestamp("ms", tz="UTC"),
    "longitude": pa.float64(),
    "latitude": pa.float64(),
    "type": pa.string(),
    "priority": pa.int8(),
    "false_alarm": pa.bool_(),
    "fate": pa.string(),
    "queued": pa.bool_(),
    "drone": pa.string(),
    "base": pa.string(),
    **dict.fromkeys(CLOCKS, pa.float32()),
    "reliefs": pa.int16(),
    "robbed": pa.int16(),
}

SCHEMA = pa.schema(_COLUMNS)
"""Places are WGS-84, the middles of the cells that calls were put on; ``drone`` is the one that came first."""


class Recorder:
    """Writes the rows of one run as they come; used as a context, which ends the file."""

    def __init__(self, path: Path, world: World, *, layout: str, policy: str, seed: int, city: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._world = world
        self._places = np.array([(p.longitude_deg, p.latitude_deg) for p in world.place_positions])
        first = world.situations[0]
        about = {
            "city": city,
            "layout": layout,
            "policy": policy,
            "seed": seed,
            "promise_s": world.rules.promise_s,
            "bases": [
                {"id": id_, "longitude": base.position.longitude_deg, "latitude": base.position.latitude_deg}
                for id_, base in sorted(first.bases.items())
            ],
            "drones": [{"id": id_, "base": first.drones[id_].base_id} for id_ in world.drones],
        }
        schema = SCHEMA.with_metadata({ABOUT: json.dumps(about, ensure_ascii=False).encode()})
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, rows: Outcomes) -> None:
        """Write a block."""
        names = {
            "type": (self._world.types, rows["type"]),
            "fate": (tuple(fate.name.lower() for fate in Fate), rows["fate"]),
            "drone": (self._world.drones, rows["drone"]),
            "base": (self._world.bases, rows["base"]),
        }
        columns: dict[str, Any] = {
            name: rows[name] for name in ("call", "priority", "false_alarm", "queued", "reliefs", "robbed")
        }
        columns["reported"] = np.rint(rows["at_s"] * 1000).astype("datetime64[ms]")
        columns["longitude"], columns["latitude"] = self._places[rows["place"]].T
        columns |= {name: pa.array(rows[name], from_pandas=True) for name in CLOCKS}
        columns |= {name: _named(words, which) for name, (words, which) in names.items()}
        self._writer.write_table(pa.table({name: columns[name] for name in SCHEMA.names}).cast(SCHEMA))


def _named(words: tuple[str, ...], which: np.ndarray[Any, Any]) -> "pa.Array[Any]":
    """The word of each number, null where it is negative."""
    numbers = pa.array(which.astype(np.int32), mask=which < 0)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(words, pa.string())).cast(pa.string())
