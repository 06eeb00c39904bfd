"""Where demand is: places with weights, out of a table or out of a city's call model."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dispatch.city import City
from geo.certify import Demand
from geo.datum import Datum, to_wgs84
from geo.frame import LocalFrame
from geo.position import Position, PositionError
from simulator.calls import generate_calls
from simulator.record_table import RecordsError, datum_of, numbers, open_source
from simulator.record_words import COLUMNS

SAMPLES, SEED = 10_000, 180
"""A call model is asked for so many calls: a share of them is right to 1 % (95 %, at worst)."""

FAR_M = 60_000.0
"""Places beyond this from the centre are left out: the local frame ends there."""


def read_demand(path: Path, frame: LocalFrame, *, datum: Datum | str | None = None) -> tuple[Demand, str]:
    """The places of a CSV or Parquet table, and an account of its rows for people.

    Columns are longitude and latitude in any of the spellings of call records, and ``weight`` (1 if there is none), so
    that a file of call records is a file of demand. Rows without a place, with a weight that is no number ≥ 0, or more
    than 60 km from the frame's origin are left out and counted. Raises :class:`RecordsError`.
    """
    source = open_source(path)
    spelt = {name.strip().lower(): name for name in source.names}
    longitude_name, latitude_name = (column_for(path, spelt, key) for key in ("longitude", "latitude"))
    weight_name = spelt.get("weight")
    table = source.load([name for name in (longitude_name, latitude_name, weight_name) if name])
    longitude, _, _ = numbers(table[longitude_name])
    latitude, _, _ = numbers(table[latitude_name])
    weights = numbers(table[weight_name])[0] if weight_name else np.ones(len(longitude))
    stated = datum_of(source, datum)
    good = np.isfinite(longitude) & np.isfinite(latitude) & np.isfinite(weights) & (weights >= 0)
    good &= (np.abs(longitude) <= 180) & (np.abs(latitude) <= 90)
    if not good.any():
        raise RecordsError(f"{path.name}: no row has a place on the earth and a weight ≥ 0")
    lon, lat = to_wgs84(longitude[good], latitude[good], stated)
    try:
        for wrong in (np.argmax(np.abs(lon)), np.argmax(np.abs(lat))):
            Position(float(lon[wrong]), float(lat[wrong]))
    except PositionError as error:
        raise RecordsError(f"{path.name}: {error}") from error
    places, weights = frame.to_xy(lon, lat), weights[good]
    near = np.hypot(*places.T) <= FAR_M
    rows, used = len(longitude), int(near.sum())
    if not used:
        raise RecordsError(f"{path.name}: no place lies within {FAR_M / 1000:.0f} km of the centre: another city's?")
    told = f"{path.name}: {used:,} of {rows:,} rows used"
    return Demand(places_xy=places[near], weights=weights[near]), told


def column_for(path: Path, spelt: Mapping[str, str], key: str) -> str:
    """The column for ``key`` (of :data:`COLUMNS`) among names by their lower-case spelling.

    Raises :class:`RecordsError`.
    """
    for name in COLUMNS[key]:
        if name in spelt:
            return spelt[name]
    raise RecordsError(f"{path.name}: no column for {key}; it may be called {', '.join(COLUMNS[key])}")


def modelled_demand(city: City) -> tuple[Demand, str] | None:
    """Calls of the city's own model, and what they are; None for a city without one."""
    if city.calls is None:
        return None
    calls = generate_calls(city, 0.0, count=SAMPLES, seed=SEED)
    places = city.frame.xy_of([call.position for call in calls])
    return Demand(places_xy=places, weights=np.ones(len(places))), f"{SAMPLES:,} calls of the city's call model"
