"""What the reference says of one city: the bound, the grid's ways, and what the engine makes of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.reference.audit import Auditor
from tests.reference.bound import least_s
from tests.reference.city import City, LonLat
from tests.reference.earth import Plane
from tests.reference.engine import Engine
from tests.reference.grid import Lattice
from tests.reference.ground import closed, edges
from tests.reference.pace import pace_of, way_s

Table = NDArray[np.float64]

PITCH_M, ROOM_M = 50.0, 800.0
CRAMPED_M = 1.0
"""The engine turns half a metre off a margin and cuts no corner finer, so it does not squeeze through every gap of less
than a metre. Where such a gap is what makes the bound so low, the bound with margins wider by this is the fair one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Seconds of every flight of a city, out first, then back, and how near to a zone the engine's routes come."""

    bound_s: Table
    cramped_s: Table
    """The bound with all margins wider by ``CRAMPED_M``."""
    grid_s: Table
    engine_s: Table
    flown_s: Table
    """The engine's routes timed by the reference."""
    room_m: float
    nearest: str
    bends: int


def judged(city: City) -> Verdict:
    """Every flight of ``city``, from each start to each goal and back."""
    plane, pace = Plane(city.middle), pace_of(city)
    starts, goals = plane.xy(city.starts), plane.xy(city.goals)
    pairs = [(a, b) for a in starts for b in goals] + [(b, a) for b in goals for a in starts]

    lattice = Lattice(edges(closed(city, plane)), np.concatenate([starts, goals]), PITCH_M, ROOM_M)
    found = [lattice.way(a, b, pace) for a, b in pairs]

    engine, auditor = Engine(city), Auditor(city)
    ways = [way for row in (*engine.ways_out(), *engine.ways_back()) for way in row]
    routes: list[list[LonLat] | None] = [None if way is None else engine.places(way) for way in ways]
    rooms = [auditor.room_of_route_m(route) for route in routes if route is not None]
    hovers = np.array([*city.starts, *city.goals]).reshape(-1, 2)
    room_m, nearest = min([*rooms, auditor.room_m(hovers)])
    return Verdict(
        bound_s=_bound_s(city, plane, 0.0),
        cramped_s=_bound_s(city, plane, CRAMPED_M),
        grid_s=np.array([np.inf if way is None else way_s(way, pace) for way in found]),
        engine_s=np.array([np.inf if way is None else way.cruise_s for way in ways]),
        flown_s=np.array([np.inf if route is None else way_s(plane.xy(route), pace) for route in routes]),
        room_m=room_m,
        nearest=nearest,
        bends=sum(len(route) - 2 for route in routes if route is not None),
    )


def _bound_s(city: City, plane: Plane, more_m: float) -> Table:
    """Out, start by start, then back, goal by goal."""
    ground = closed(city, plane, outer=False, more_m=more_m)
    out, back = least_s(ground, plane.xy(city.starts), plane.xy(city.goals), pace_of(city))
    return np.concatenate([out.ravel(), back.ravel()])
