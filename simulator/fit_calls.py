"""Hourly weights of a call model, fitted to real records.

``python -m simulator.fit_calls FILE`` reads the times of calls from a Parquet file and prints the line
``hour_weights = [...]`` for a city's ``calls.toml``: for each hour of local time its share of all calls,
times 24, so that the mean is 1. These are the maximum-likelihood estimates of a Poisson process whose rate
repeats daily and is constant within an hour.
"""

import argparse
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

HOURS = 24


class FitError(ValueError):
    """Records that cannot be fitted; the message names the file, the column and the reason."""


def fit_hour_weights(local_hours: NDArray[np.integer]) -> tuple[float, ...]:
    """24 weights with mean 1 from the hour (0 to 23, local time) of every call.

    Raises :class:`FitError` where there are no calls or an hour is none.
    """
    if len(local_hours) == 0:
        raise FitError("no calls to fit")
    if local_hours.min() < 0 or local_hours.max() >= HOURS:
        raise FitError("hours must be in 0 to 23")
    counts = np.bincount(local_hours, minlength=HOURS)
    return tuple(float(weight) for weight in counts * HOURS / counts.sum())


def local_hours_of(file: Path, column: str, time_zone: str) -> NDArray[np.integer]:
    """The hour of local time of every call in a Parquet file.

    Times with a zone are converted to ``time_zone``; times without one are taken as local already. Raises
    :class:`FitError` for a file, column or zone that cannot be read.
    """
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FitError(f"{time_zone!r} is not a time zone of the IANA database") from error
    try:
        records = pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise FitError(f"{file}: {error}") from error
    names = records.schema_arrow.names
    if column not in names:
        raise FitError(f"{file}: no column {column!r}; there are {', '.join(names)}")
    times: Any = records.read(columns=[column])[column].drop_null()
    if not pa.types.is_timestamp(times.type):
        raise FitError(f"{file}: column {column!r} holds {times.type}, not times")
    if times.type.tz is not None:
        times = pc.local_timestamp(times.cast(pa.timestamp("us", tz=time_zone)))
    hours: NDArray[np.integer] = pc.hour(times).to_numpy()
    return hours


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulator.fit_calls", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help="Parquet file with one row per call")
    parser.add_argument("--column", default="call_time", help="column of the time of call (%(default)s)")
    parser.add_argument("--time-zone", default="America/Chicago", help="IANA name of local time (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        hours = local_hours_of(options.file, options.column, options.time_zone)
        weights = fit_hour_weights(hours)
    except FitError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"# {len(hours)} calls of {options.file.name}, hours of {options.time_zone}")
    print(f"hour_weights = [{', '.join(f'{weight:.3f}' for weight in weights)}]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
