"""Units on the ground as they are asked for: at stations with stated figures, or fitted to records."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from api.planning.inputs import Input, input_of
from api.planning.points import read_points, whole_numbers
from api.planning.sites import city_sites
from dispatch.city import City
from simulator.city.ground import Units, straight_m, units_of
from simulator.city.ground_fit import fit_units
from simulator.city.history import History
from simulator.city.rows import Places
from simulator.records import Records

CANDIDATES: Final = "candidates"
"""Stations that are no file: the city's own sites for bases."""

FITTED: Final = "records"
"""The same: those that the calls tell of, with all their figures."""

KNOWN: tuple[Literal["candidates", "records"], ...] = (CANDIDATES, FITTED)

COLUMNS = ("id", "name", "units")
"""What a file of stations may say beside where they are."""

SPREAD = 0.2
"""What South Metro's units have (docs/simulate-data.md)."""

BUSY_S = 1800.0


class GroundSourceError(ValueError):
    """Ground units that cannot be meant; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedUnits:
    """Where units stand, and how soon they come. Raises :class:`GroundSourceError`."""

    stations: Path | Literal["candidates"]
    """A file of points, or the city's own sites."""
    datum: str | None = None
    """Of a file that states none."""
    turnout_s: float
    """From the report until a unit rolls."""
    road_mps: float
    """Along the road."""
    spread: float = SPREAD
    """Standard deviation of the logarithm of what turnout and road take."""
    busy_s: float = BUSY_S
    """How long a unit works on scene."""

    def __post_init__(self) -> None:
        for name in ("turnout_s", "road_mps", "spread", "busy_s"):
            value = getattr(self, name)
            if not 0 <= value < math.inf or (name == "road_mps" and value == 0):
                least = "above 0" if name == "road_mps" else "at least 0"
                raise GroundSourceError(f"ground units: {name} = {value:g} must be finite and {least}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedUnits:
    """Units whose stations and figures are found in the records of the calls."""

    stations: Literal["records"] = FITTED


GroundSource = StatedUnits | FittedUnits


def ground_source(
    stations: Path | Literal["candidates", "records"] | None,
    *,
    datum: str | None,
    turnout_s: float | None,
    road_mps: float | None,
    spread: float | None,
    busy_s: float | None,
) -> GroundSource | None:
    """The units that so many words ask for; None: none. Raises :class:`GroundSourceError`."""
    told = [value for value in (turnout_s, road_mps, spread, busy_s) if value is not None]
    if stations is None:
        if told:
            raise GroundSourceError("ground units have figures, and no stations: say where they stand")
        return None
    if stations == FITTED:
        if told:
            raise GroundSourceError("ground units that are fitted to records have all their figures from there")
        return FittedUnits()
    if turnout_s is None or road_mps is None:
        raise GroundSourceError("ground units: say their turnout and their speed along the road")
    return StatedUnits(
        stations=stations,
        datum=datum,
        turnout_s=turnout_s,
        road_mps=road_mps,
        spread=SPREAD if spread is None else spread,
        busy_s=BUSY_S if busy_s is None else busy_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Units on the ground, and what they were made of."""

    units: Units
    told: str
    inputs: tuple[Input, ...] = ()


def stated(source: StatedUnits, city: City, places: Places) -> Ground:
    """Units at a city's sites, or at those of a file. Raises ``PlanningError`` and ``RecordsError``."""
    inputs: tuple[Input, ...] = ()
    if source.stations == CANDIDATES:
        stations_xy_m = city.frame.xy_of([site.position for site in city_sites(city, CANDIDATES)])
        each = np.ones(len(stations_xy_m), np.int64)
    else:
        found = read_points(source.stations, source.datum, "station", COLUMNS)
        stations_xy_m, each = city.frame.to_xy(*found.lonlat.T), whole_numbers(found, "units", 1)
        inputs = (input_of(source.stations, f"{len(each):,} stations of ground units"),)
    units = units_of(
        straight_m(stations_xy_m, places, units=each.tolist()),
        turnout_s=source.turnout_s,
        speed_mps=source.road_mps,
        spread=source.spread,
        service_s=source.busy_s,
        types=len(city.types),
    )
    told = (
        f"{each.sum():,} at {len(each):,} stations, turnout {source.turnout_s:g} s, {source.road_mps:g} m/s by road, "
        f"spread {source.spread:g}, busy {source.busy_s:g} s"
    )
    return Ground(units=units, told=told, inputs=inputs)


def fitted(records: Records, history: History, places: Places) -> Ground:
    """Units that arrive as recorded. Raises ``GroundError``."""
    units, stations_xy_m = fit_units(history, records.station[history.record], places)
    told = (
        f"fitted to {records.source.name}: {len(stations_xy_m)} stations with a unit each; priority 1: turnout "
        f"{units.turnout_s[0]:.0f} s, {units.speed_mps[0]:.1f} m/s by road, spread {units.spread[0]:.2f}"
    )
    return Ground(units=units, told=told)
