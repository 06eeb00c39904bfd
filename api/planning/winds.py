"""Winds and how often they blow, out of a file."""

import csv
from pathlib import Path

from api.planning.features import PlanningError
from dispatch.placement import Blow
from geo.wind import Wind


def read_wind_rose(path: Path) -> tuple[Blow, ...]:
    """Winds and their shares out of a CSV file with the columns speed_mps, from_deg and share.

    Raises :class:`PlanningError`.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanningError(f"{path}: cannot be read: {error}") from error
    if not rows:
        raise PlanningError(f"{path.name}: no row below the header")
    winds = []
    for k, row in enumerate(rows, start=1):
        try:
            values = [float(row[name]) for name in ("speed_mps", "from_deg", "share")]
            winds.append(Blow(wind=Wind(values[0], values[1] % 360.0), share=values[2]))
        except KeyError as error:
            raise PlanningError(
                f"{path.name}: no column {error.args[0]}; needed are speed_mps, from_deg, share"
            ) from error
        except (TypeError, ValueError) as error:
            raise PlanningError(f"{path.name}: row {k}: {error}") from error
    return tuple(winds)
