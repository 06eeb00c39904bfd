"""What the reference says of one city: the bound, the grid's ways, and what the engine makes of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.reference.audit import Auditor
from tests.reference.bound import least_s
from tests.reference.city import SIDE_M, City, LonLat
from tests.reference.earth import Plane, disc
from tests.reference.engine import Circled, Engine
from tests.reference.grid import Lattice
from tests.reference.ground import closed, edges
from tests.reference.pace import pace_of, way_s

Table = NDArray[np.float64]

PITCH_M, ROOM_M = 50.0, 800.0
CRAMPED_M = 1.0
"""The engine turns half a metre off a margin and cuts no corner finer, so it does not squeeze through every gap of less
than a metre. Where such a gap is what makes the bound so low, the bound with margins wider by this is the fair one."""


ASKED_M = (10.0, 25.0, 60.0)
"""Radii of orbits that are asked for."""

TRIED, NEAR_M, SCENES = 150, 60.0, 6
"""Of so many places of a city those so near to a zone, at most so many of them, are circled over."""

EVERY_ASTRAY_M = 6.0


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
    circled: tuple[Circled, ...]
    """Over some places beside zones."""
    disc_room_m: tuple[float, ...]
    """How near to a zone the disc of each orbit comes; of a hover how much room the place itself has."""
    astray_room_m: float
    """How near to a zone the flights come that vehicles make when their link is lost somewhere on an orbit."""


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
    circled = _circled(city, engine, auditor)
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
        circled=circled,
        disc_room_m=tuple(auditor.room_of_disc_m(c.place, c.radius_m + c.stray_m)[0] for c in circled),
        astray_room_m=min([np.inf, *(_astray_room_m(c, plane, auditor) for c in circled if c.radius_m)]),
        bends=sum(len(route) - 2 for route in routes if route is not None),
    )


def _circled(city: City, engine: Engine, auditor: Auditor) -> tuple[Circled, ...]:
    """What the engine would have drones do over places near zones that they can reach and come home from."""
    chance = np.random.default_rng([182, city.seed])
    places = auditor.plane.lonlat(chance.uniform(-SIDE_M, SIDE_M, (TRIED, 2)))
    near = [place for place in places if 0.0 < auditor.room_m(place[None, :])[0] < NEAR_M]
    found = []
    for k, place in enumerate(near[:SCENES]):
        here, start = engine.xy((tuple(place),))[0], engine.xy(city.starts)[:1]
        (out,) = engine.airways.ways_to(here, start, engine.motion)
        (back,) = engine.airways.ways_from(here, start, engine.motion)
        if out is not None and back is not None:
            found.append(engine.circled(out, back, ASKED_M[k % len(ASKED_M)]))
    return tuple(found)


def _astray_room_m(circled: Circled, plane: Plane, auditor: Auditor) -> float:
    """The least room of straight flights from places all over an orbit's disc to the item that is nearest there."""
    places = disc(circled.place, circled.radius_m + 0.99 * circled.stray_m, EVERY_ASTRAY_M)
    items = np.array(circled.items)
    at, to = plane.xy(places), plane.xy(items[:, :2])
    apart_m = np.hypot(np.linalg.norm(at[:, None] - to[None], axis=2), circled.height_m - items[:, 2])
    flights = zip(places.tolist(), items[np.argmin(apart_m, axis=1), :2].tolist(), strict=True)
    return min(auditor.room_of_route_m([tuple(here), tuple(there)])[0] for here, there in flights)


def _bound_s(city: City, plane: Plane, more_m: float) -> Table:
    """Out, start by start, then back, goal by goal."""
    ground = closed(city, plane, outer=False, more_m=more_m)
    out, back = least_s(ground, plane.xy(city.starts), plane.xy(city.goals), pace_of(city))
    return np.concatenate([out.ravel(), back.ravel()])
