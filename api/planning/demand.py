"""Demand out of a file: calls, weighted points, polygons or H3 cells with people, a population raster.

Rows without any place are left out and counted; whatever else is wrong ends it with the row and the reason, or, where
the planner said so, is left out and counted too.
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import RasterioError

from api.planning.features import RASTER, Bools, Features, Floats, PlanningError, read_features, to_degrees
from dispatch.placement import Demand, Layer
from geo.frame import LocalFrame
from geo.position import Position
from simulator.record_table import Source, instants_s
from simulator.record_words import COLUMNS

WEIGHTS = ("weight", "population", "pop", "people", "count", "calls", "demand", "risk")
"""What a column of weights may be called that is not named."""

SPREAD_M = 500.0
"""Polygons larger than a square of twice this are many points so far apart, their people spread evenly."""

FAR_M = 60_000.0
"""The local frame is good so far from its centre."""

MOST_CELLS = 50_000_000
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSource:
    """Which file, and what in it counts."""

    path: Path
    datum: str | None = None
    weight: tuple[str, ...] = ()
    """Columns of weights; several are layers of demand (years of growth), each NAME or NAME:SHARE."""
    district: str | None = None
    hours: tuple[float, ...] = ()
    """Calls are parted by the hour of the day at which these bands begin; a study sets its own."""
    time_zone: str = "UTC"
    skip_wrong: bool = False
    """Leave wrong rows out and count them, instead of ending with the first."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise PlanningError(f"time zone {self.time_zone!r} is not one of the IANA database") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Demand before anything is merged, and an account of it for people."""

    demand: Demand
    told: str


def read_demand_file(source: DemandSource, centre: Position | None = None) -> Raw:
    """The demand of a file. Places more than 60 km from ``centre`` (the median place where none is given) are wrong.

    Raises :class:`PlanningError` and :class:`~simulator.record_table.RecordsError`.
    """
    read = _raster if source.path.suffix.lower() in RASTER else _features
    return _near(source, read(source), centre)


def _features(source: DemandSource) -> Raw:
    columns = [name.rpartition(":")[0] or name for name in source.weight]
    wanted = [*columns, *WEIGHTS, *((source.district,) if source.district else ()), *COLUMNS["time"]]
    found = read_features(source.path, source.datum, wanted)
    wrong = dict(found.wrong)
    if not columns:
        named = found.find(WEIGHTS)
        if named is None and (found.polygons is not None or found.cells):
            raise PlanningError(
                f"{source.path.name}: areas without a weight: name the column of their people; there are "
                f"{', '.join(found.names)}"
            )
        columns = [] if named is None else [named]
    layers, weights = _weights(source, found, columns, wrong)
    districts = found.texts(source.district) if source.district else []
    wrong |= {k: f"no district: {source.district} is empty" for k, name in enumerate(districts) if not name}
    placeless: Bools = np.isnan(found.lonlat[:, 0])
    placeless[list(wrong)] = False
    if wrong and not source.skip_wrong:
        row = min(wrong)
        more = f" ({len(wrong):,} rows are wrong)" if len(wrong) > 1 else ""
        raise PlanningError(f"{found.where(row)}: {wrong[row]}{more}")
    kept: Bools = ~placeless
    kept[list(wrong)] = False
    if source.hours:
        layers, weights = _by_hour(source, found, weights, kept)
    if not kept.any():
        raise PlanningError(f"{source.path.name}: no {found.word} has a place and a weight")
    rows = np.flatnonzero(kept)
    lonlat, of = (found.lonlat[rows], rows) if found.polygons is None else _spread(found.polygons, rows)
    share = np.bincount(of, minlength=len(found))[of] if found.polygons is not None else 1
    told = f"{source.path.name}: {int(kept.sum()):,} of {len(found):,} {found.word}s"
    told += f", {int(placeless.sum()):,} without a place" if placeless.any() else ""
    told += f", {len(wrong):,} wrong and left out" if wrong else ""
    told += f", {len(rows):,} areas as {len(of):,} points" if len(of) != len(rows) else ""
    told += f"; weight: {', '.join(columns)}" if columns else "; each counts 1"
    demand = Demand(
        lonlat=lonlat,
        weights=weights[:, of] / share,
        layers=layers,
        districts=tuple(districts[k] for k in of.tolist()) if districts else (),
    )
    return Raw(demand=demand, told=told)


def _weights(
    source: DemandSource, found: Features, columns: list[str], wrong: dict[int, str]
) -> tuple[tuple[Layer, ...], Floats]:
    if not columns:
        return (Layer(),), np.ones((1, len(found)))
    if source.hours and len(columns) > 1:
        raise PlanningError("hours of the day and several columns of weights at once: give one of them")
    each = []
    for name in columns:
        values, faults = found.amounts(name, what="weight")
        wrong |= {row: why for row, why in faults.items() if row not in wrong}
        each.append(values)
    layers = tuple(_layer(told, name) for told, name in zip(source.weight or columns, columns, strict=True))
    weights = np.stack(each)
    return (layers if len(layers) > 1 else (Layer(),)), weights


def _layer(told: str, name: str) -> Layer:
    _, colon, share = told.rpartition(":")
    try:
        return Layer(name=name, share=float(share) if colon else 1.0)
    except ValueError as error:
        raise PlanningError(f"weight {told!r} must be a column, or a column and its share as {name}:0.5") from error


def _by_hour(
    source: DemandSource, found: Features, weights: Floats, kept: np.ndarray
) -> tuple[tuple[Layer, ...], Floats]:
    """One layer for each band of hours. A layer holds the demand as if it were always that band: in the mean of all
    layers, each by its length, the whole demand."""
    starts = sorted(source.hours)
    name = found.find(COLUMNS["time"])
    if name is None:
        raise PlanningError(f"{source.path.name}: no column of times; it may be called {', '.join(COLUMNS['time'])}")
    zone = ZoneInfo(source.time_zone)
    record = Source(source.path, found.names, lambda names: found.table.select(names))
    at_s, _ = instants_s(record, name, found.column(name), zone)
    kept &= np.isfinite(at_s)
    hour = np.zeros(len(at_s))
    good = np.flatnonzero(np.isfinite(at_s))
    hour[good] = _local_hours(at_s[good], zone)
    band = (np.searchsorted(starts, hour, side="right") - 1) % len(starts)
    lengths = np.diff([*starts, starts[0] + 24.0])
    layers = tuple(
        Layer(name=f"{start:g}-{(start + length) % 24:g} h", share=float(length / 24), at_s=None)
        for start, length in zip(starts, lengths, strict=True)
    )
    parted = [np.where(band == k, weights[0] * 24.0 / length, 0.0) for k, length in enumerate(lengths.tolist())]
    return layers, np.stack(parted)


def _local_hours(at_s: Floats, zone: ZoneInfo) -> Floats:
    """The hour that a clock on the wall showed; the offset is asked once a quarter of an hour."""
    from datetime import datetime

    quarters, which = np.unique(np.floor(at_s / 900.0), return_inverse=True)
    offsets = [datetime.fromtimestamp(q * 900.0, zone).utcoffset() for q in quarters.tolist()]
    offset_s = np.array([0.0 if offset is None else offset.total_seconds() for offset in offsets])
    return np.asarray((at_s + offset_s[which]) % DAY_S / 3600.0)


def _spread(polygons: np.ndarray, rows: np.ndarray) -> tuple[Floats, np.ndarray]:
    """Points for areas (WGS-84), and of which row each is."""
    places, of = [], []
    for row in rows.tolist():
        shape = polygons[row]
        inner = shape.point_on_surface()
        frame = LocalFrame(Position(inner.x, inner.y))
        flat = shapely.transform(shape, partial(_flat, frame))
        points = np.array([[inner.x, inner.y]])
        if flat.area > (2 * SPREAD_M) ** 2:
            west, south, east, north = flat.bounds
            x, y = np.arange(west + SPREAD_M / 2, east, SPREAD_M), np.arange(south + SPREAD_M / 2, north, SPREAD_M)
            grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
            grid = grid[shapely.contains_xy(flat, *grid.T)]
            points = frame.to_lonlat(grid) if len(grid) else points
        places.append(points)
        of.append(np.full(len(points), row))
    return np.concatenate(places), np.concatenate(of)


def _flat(frame: LocalFrame, degrees: Floats) -> Floats:
    return frame.to_xy(*degrees.T)


def _raster(source: DemandSource) -> Raw:
    path = source.path
    try:
        with rasterio.open(path) as file:
            if file.crs is None and source.datum is None:
                raise PlanningError(f"{path.name}: states no coordinate reference system: say --datum")
            if file.width * file.height > MOST_CELLS:
                raise PlanningError(f"{path.name}: {file.width} × {file.height} cells: cut it to the area")
            counts = file.read(1, masked=True).astype(np.float64).filled(np.nan)
            crs = CRS.from_user_input("OGC:CRS84" if file.crs is None else file.crs.to_wkt())
            transform = file.transform
    except RasterioError as error:
        raise PlanningError(f"{path.name}: not a raster that can be read: {error}") from error
    wrong = np.argwhere(np.isfinite(counts) & (counts < 0) | np.isinf(counts))
    if len(wrong) and not source.skip_wrong:
        row, column = wrong[0].tolist()
        raise PlanningError(
            f"{path.name}: row {row + 1}, column {column + 1}: {counts[row, column]:g} people: a void that the file "
            "does not declare?"
        )
    rows, columns = np.nonzero(np.isfinite(counts) & (counts > 0))
    if not len(rows):
        raise PlanningError(f"{path.name}: no cell has anybody in it")
    x, y = rasterio.transform.xy(transform, rows, columns)
    lonlat = to_degrees(path, crs, np.column_stack([x, y]), source.datum)
    told = f"{path.name}: {len(rows):,} of {counts.size:,} cells have demand"
    return Raw(demand=Demand(lonlat=lonlat, weights=counts[rows, columns][None, :]), told=told)


def _near(source: DemandSource, raw: Raw, centre: Position | None) -> Raw:
    demand = raw.demand
    middle = centre or Position(*np.median(demand.lonlat, axis=0).tolist())
    away_m = _away_m(demand.lonlat, middle)
    far = np.flatnonzero(~(away_m <= FAR_M))
    if not len(far):
        return raw
    if not source.skip_wrong or len(far) == len(demand):
        k = int(far[0])
        longitude, latitude = demand.lonlat[k].tolist()
        raise PlanningError(
            f"{source.path.name}: {len(far):,} places lie more than {FAR_M / 1000:.0f} km from the centre, the first "
            f"at {latitude:g}, {longitude:g}: latitude and longitude swapped, or another city's?"
        )
    near = away_m <= FAR_M
    kept = dataclasses.replace(
        demand,
        lonlat=demand.lonlat[near],
        weights=demand.weights[:, near],
        districts=tuple(np.array(demand.districts, dtype=object)[near]) if demand.districts else (),
    )
    return Raw(demand=kept, told=f"{raw.told}, {len(far):,} too far away and left out")


def _away_m(lonlat: Floats, centre: Position) -> Floats:
    """Metres on a sphere, good enough to tell what is far; any place on the earth has one."""
    lon, lat = np.radians(lonlat.T)
    lon0, lat0 = np.radians([centre.longitude_deg, centre.latitude_deg])
    half = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
    return np.asarray(2 * 6_371_000.0 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
