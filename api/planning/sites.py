"""Candidate sites: out of a file, the city's own, or made: a grid over the area."""

import math
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.planning.features import Features, PlanningError
from api.planning.points import numbers_of, read_points, whole_numbers
from dispatch.city import City
from dispatch.placement import Site
from geo.frame import LocalFrame
from geo.position import Position

COLUMNS = ("id", "name", "docks", "cost", "standing", "forced", "forbidden")
"""What a file of sites may say beside where they are."""

YES, NO = {"1", "1.0", "true", "yes", "y", "x", "是"}, {"", "0", "0.0", "false", "no", "n", "none", "否"}

MOST_GRID_SITES = 20_000


def read_sites(path: Path, datum: str | None = None) -> tuple[Site, ...]:
    """The sites of a file of points. Raises :class:`PlanningError` and ``RecordsError``."""
    found = read_points(path, datum, "site", COLUMNS)
    texts = {name: found.texts(column) for name in ("id", "name") if (column := found.find((name,)))}
    docks, costs = whole_numbers(found, "docks", 1), numbers_of(found, "cost", 1.0)
    marks = {name: _marks(found, name) for name in ("standing", "forced", "forbidden")}
    sites: dict[str, Site] = {}
    for k, (longitude, latitude) in enumerate(found.lonlat.tolist()):
        id_ = texts["id"][k] if "id" in texts else f"S{k + 1}"
        if not id_:
            raise PlanningError(f"{found.where(k)}: id is empty")
        if id_ in sites:
            raise PlanningError(f"{found.where(k)}: id {id_!r} is taken by another site")
        if marks["forbidden"][k] and (marks["standing"][k] or marks["forced"][k]):
            raise PlanningError(f"{found.where(k)}: site {id_!r} is forbidden, and also standing or forced")
        sites[id_] = Site(
            id=id_,
            name=(texts["name"][k] if "name" in texts else "") or id_,
            position=Position(longitude, latitude),
            docks=int(docks[k]),
            cost=float(costs[k]),
            **{name: mark[k] for name, mark in marks.items()},
        )
    return tuple(sites.values())


def city_sites(city: City, which: str) -> tuple[Site, ...]:
    """The city's ``bases``, or the sites of its ``candidates.geojson`` (stations, say)."""
    if which == "bases":
        found = tuple(
            Site(id=base.id, name=base.name, position=base.position, docks=base.docks) for base in city.bases.values()
        )
    else:
        found = tuple(Site(id=one.id, name=one.name, position=one.position) for one in city.candidates)
    if not found:
        raise PlanningError(f"{city.name} has no {which}")
    return found


def grid_sites(frame: LocalFrame, area: BaseGeometry, spacing_m: float) -> tuple[Site, ...]:
    """A hexagonal grid over ``area`` (the frame's metres): every site has six neighbours ``spacing_m`` away."""
    row_m = spacing_m * math.sqrt(3) / 2
    west, south, east, north = area.bounds
    count = (east - west) * (north - south) / (spacing_m * row_m)
    if count > MOST_GRID_SITES:
        raise PlanningError(f"a grid of {spacing_m:g} m has some {count:,.0f} sites: take a wider one")
    rows = [
        np.column_stack([x := np.arange(west + (k % 2) * spacing_m / 2, east + 1, spacing_m), np.full(len(x), y)])
        for k, y in enumerate(np.arange(south + (north - south) % row_m / 2, north + 1, row_m).tolist())
    ]
    points = np.concatenate(rows)
    points = points[shapely.intersects_xy(area, *points.T)]
    if not len(points):
        points = np.array([[area.representative_point().x, area.representative_point().y]])
    digits = len(str(len(points)))
    return tuple(
        Site(id=f"G{k:0{digits}d}", name=f"grid {k}", position=Position(*place), made=True)
        for k, place in enumerate(frame.to_lonlat(points).tolist(), start=1)
    )


def _marks(found: Features, name: str) -> list[bool]:
    column = found.find((name,))
    if column is None:
        return [False] * len(found)
    words = [word.lower() for word in found.texts(column)]
    for row, word in enumerate(words):
        if word not in YES | NO:
            raise PlanningError(f"{found.where(row)}: {name} = {word!r} must be yes or no")
    return [word in YES for word in words]
