"""Points out of a file, with what it may tell of them: sites of bases, stations of ground units."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.planning.features import Features, PlanningError, read_features


def read_points(path: Path, datum: str | None, what: str, columns: Sequence[str]) -> Features:
    """The points of a file, each with a place. A column that is nearly one of ``columns`` is taken for a slip.

    Raises :class:`PlanningError` and ``RecordsError``.
    """
    found = read_features(path, datum)
    if found.polygons is not None:
        raise PlanningError(f"{path.name}: {what}s must be points, not polygons")
    for name in found.names:
        meant = difflib.get_close_matches(name.strip().lower(), columns, n=1, cutoff=0.75)
        if meant and name.strip().lower() not in columns:
            raise PlanningError(f"{path.name}: unknown column {name!r}: is {meant[0]!r} meant?")
    for row, why in sorted(found.wrong.items()):
        raise PlanningError(f"{found.where(row)}: {why}")
    placeless = np.flatnonzero(~np.isfinite(found.lonlat).all(axis=1))
    if len(placeless):
        raise PlanningError(f"{found.where(int(placeless[0]))}: a {what} without a place")
    return found


def numbers_of(found: Features, name: str, default: float) -> NDArray[np.float64]:
    """A column of numbers ≥ 0; ``default`` where nothing is told. Raises :class:`PlanningError`."""
    column = found.find((name,))
    if column is None:
        return np.full(len(found), default)
    values, wrong = found.amounts(column, what=name, blank=default)
    for row, why in sorted(wrong.items()):
        raise PlanningError(f"{found.where(row)}: {why}")
    return values


def whole_numbers(found: Features, name: str, default: int) -> NDArray[np.int64]:
    """The same of whole numbers from 1 on."""
    values = numbers_of(found, name, default)
    for k in np.flatnonzero((values != np.floor(values)) | (values < 1)).tolist():
        raise PlanningError(f"{found.where(k)}: {name} = {values[k]:g} must be a whole number from 1 on")
    return values.astype(np.int64)
