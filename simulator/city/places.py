"""Places made out of points: where calls of a simulated city can be, a place for each cell that has demand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dispatch.city import City, Place
from dispatch.demand import CELL_M, demand_of
from geo.frame import LocalFrame
from simulator.city.rows import Places
from simulator.records import Records

Floats = NDArray[np.float64]


def gathered(
    frame: LocalFrame,
    xy_m: Floats,
    weights: Floats,
    *,
    people: Floats | None = None,
    named: Sequence[Place] = (),
    cell_m: float = CELL_M,
    h3_resolution: int | None = None,
) -> Places:
    """Weighted points [n, 2] as one place for each cell with any weight, at the mean of its points.

    Cells are squares of ``cell_m``, or H3's of a resolution. ``people`` [n] are added up; the district of a place is
    the nearest of ``named``. Raises ``ValueError`` for points without any weight, and for what is no size of a cell.
    """
    if h3_resolution is None and not cell_m > 0:
        raise ValueError(f"a cell of {cell_m} m: it must be above 0")
    counts = weights > 0
    if not counts.any():
        raise ValueError("no point has a weight above 0: there is nowhere a call could be")
    xy_m, weights = xy_m[counts], weights[counts]
    cells = np.floor(xy_m / cell_m).astype(np.int64) if h3_resolution is None else _hexagons(frame, xy_m, h3_resolution)
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    total: Floats = np.bincount(cell, weights).astype(np.float64)
    middles = np.column_stack([np.bincount(cell, weights * axis) / total for axis in xy_m.T])
    lives = np.zeros(len(cell)) if people is None else people[counts]
    living: Floats = np.bincount(cell, lives).astype(np.float64)
    return _placed(frame, middles, total, living, named)


def places_of_records(
    records: Records,
    frame: LocalFrame,
    *,
    named: Sequence[Place] = (),
    cell_m: float = CELL_M,
    h3_resolution: int | None = None,
) -> Places:
    """A place for each cell from which there was a call."""
    xy_m = frame.to_xy(records.longitude_deg, records.latitude_deg)
    return gathered(frame, xy_m, np.ones(len(xy_m)), named=named, cell_m=cell_m, h3_resolution=h3_resolution)


def places_of_city(city: City, *, cell_m: float = CELL_M) -> Places:
    """The city's own demand; each square is of the district of the nearest named place. Raises what
    :func:`dispatch.demand.demand_of` does."""
    demand = demand_of(city, cell_m=cell_m)
    return _placed(city.frame, demand.places_xy, demand.weights, np.zeros(len(demand.weights)), city.places)


def nearest(places: Places, xy_m: Floats) -> tuple[NDArray[np.int32], Floats]:
    """The place next to each point [n, 2], and how far off it is in metres."""
    far_m, which = cKDTree(places.xy_m).query(xy_m)
    return which.astype(np.int32), far_m


def _placed(frame: LocalFrame, xy_m: Floats, weights: Floats, people: Floats, named: Sequence[Place]) -> Places:
    district = np.zeros(len(xy_m), np.int32)
    if named:
        district = cKDTree(frame.xy_of([place.position for place in named])).query(xy_m)[1].astype(np.int32)
    return Places(
        xy_m=xy_m,
        weights=weights / weights.sum(),
        district=district,
        districts=tuple(place.name for place in named) or ("",),
        people=people,
    )


def _hexagons(frame: LocalFrame, xy_m: Floats, resolution: int) -> NDArray[np.int64]:
    import h3  # for those who ask for its cells only

    if not 0 <= resolution <= 15:
        raise ValueError(f"an H3 resolution of {resolution}: it must be from 0 to 15")
    distinct, which = np.unique(xy_m, axis=0, return_inverse=True)
    cells = [h3.str_to_int(h3.latlng_to_cell(lat, lon, resolution)) for lon, lat in frame.to_lonlat(distinct).tolist()]
    return np.array(cells, np.int64)[which][:, np.newaxis]
