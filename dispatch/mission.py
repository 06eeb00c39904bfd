"""What a vehicle carries so that it comes home legally when nobody tells it anything any more.

An autopilot's own return flies straight home and through whatever lies between. So every way that a vehicle is given
goes on board as one mission: the way to where it holds, and behind that the way back to a base and the landing there.
PX4 1.16 with ``RTL_TYPE`` 2 returns along such a mission: in mission mode from the item that it is on, in every other
mode (it holds, it climbs) from the item *nearest* to it, to which it flies straight. :func:`with_stepping_stones` sees
to it that the nearest item can always be flown to straight.

A VTOL has no such return: that of PX4 1.16 wants it on its wing first, which PX4 refuses in a return, so it hovers
where it is. Its mission goes on by itself instead, link or no link: it holds over the last point for as long as its
energy lets it (``hold_s``), then flies the way back and lands.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.flight import FlightPlan
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Airways, Points

SAMPLE_M = 10.0
"""The way is looked at this closely for whether the item nearest to the drone can be flown to straight."""

MOST_HALVINGS = 8
"""A leg of 2.5 km is then stepping stones of 10 m: what still is not legal has a zone within metres of the way."""

Places = NDArray[np.float64]
"""East, north and height in metres, shape [n, 3]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A place to fly through; ``height_m`` is above the vehicle's home."""

    position: Position
    height_m: float
    wing: bool = False
    """Whether a VTOL flies here on its wing, and hovers when it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """Fly through ``points`` and hold over the last until told otherwise.

    ``back`` is the way from there to a base, which the vehicle flies by itself once its link is lost or its battery
    low; it lands at the last of it. Where it is empty no base can be reached legally: the vehicle lands where it is.
    """

    points: tuple[Waypoint, ...]
    back: tuple[Waypoint, ...]
    speed_mps: float
    hold_s: float | None = None
    """A VTOL goes on by itself after so long over the last point; ``None``: a vehicle that returns by itself."""


def mission_of(
    airways: Airways,
    here: Waypoint,
    out: FlightPlan,
    back: FlightPlan | None,
    landing: Position | None,
    speed_mps: float,
    hold_s: float | None = None,
) -> Mission:
    """The mission of a drone that is ``here``: along ``out`` (where that has no leg it stays here), ``back`` from its
    end, down at ``landing``.
    """
    points = _waypoints(out) or (here,)
    if back is None or landing is None:
        return Mission(points=points, back=(), speed_mps=speed_mps, hold_s=hold_s)
    home = (*_waypoints(back), Waypoint(position=landing, height_m=0.0))
    mission = Mission(points=points, back=home, speed_mps=speed_mps, hold_s=hold_s)
    return mission if hold_s is not None else with_stepping_stones(airways, here, mission)


def with_stepping_stones(airways: Airways, here: Waypoint, mission: Mission) -> Mission:
    """``mission`` with points added on its legs until, all along it, the item nearest to the drone (in three
    dimensions, as PX4 measures) can be flown to straight.

    A drone that is in closed ground (it leaves a zone that was raised over it) is past helping there.
    """
    frame = airways.frame
    start = places_of(frame, [here])
    out, back = places_of(frame, mission.points), places_of(frame, mission.back)
    for _ in range(MOST_HALVINGS):
        way, n = np.vstack([start, out, back]), len(out)
        legs = [leg for leg in range(len(way) - 1) if _leads_astray(airways, way[1:], way[leg], way[leg + 1])]
        if not legs:
            break
        halves = {leg: (way[leg] + way[leg + 1]) / 2 for leg in legs}
        # leg k ends at way[k + 1], which is out[k], and from k = n on back[k - n]
        out = np.array([p for k in range(n) for p in ([halves[k]] if k in halves else []) + [out[k]]])
        back = np.array([p for k in range(len(back)) for p in ([halves[n + k]] if n + k in halves else []) + [back[k]]])
    return replace(mission, points=_named(frame, out, mission.points), back=_named(frame, back, mission.back))


def nearest_is_legal(airways: Airways, places: Places, items: Places) -> NDArray[np.bool_]:
    """Whether the nearest of ``items`` [m, 3] can be flown to straight from each of ``places`` [n, 3]."""
    apart = np.linalg.norm(places[:, None, :] - items[None, :, :], axis=2)
    nearest = items[np.argmin(apart, axis=1)]
    legal: NDArray[np.bool_] = ~airways.blocked(places[:, :2], nearest[:, :2])
    return legal


def samples(start: Places, end: Places) -> Places:
    """Places along a straight leg, both ends among them, at most ``SAMPLE_M`` apart. Shape [n, 3]."""
    steps = max(1, int(np.ceil(np.linalg.norm(end - start) / SAMPLE_M)))
    return start + np.linspace(0.0, 1.0, steps + 1)[:, None] * (end - start)


def _leads_astray(airways: Airways, items: Places, start: Places, end: Places) -> bool:
    """Whether somewhere on this leg, outside of closed ground, the nearest item lies behind a zone."""
    if np.array_equal(start[:2], end[:2]):
        return False  # straight up or down: nothing to step on
    places = samples(start, end)
    astray = places[~nearest_is_legal(airways, places, items)]
    return any(airways.closed_at(place[:2]) is None for place in astray)


def _waypoints(plan: FlightPlan) -> tuple[Waypoint, ...]:
    """Where its legs end; a VTOL that sets out on its wing transitions where the first begins."""
    ends = tuple(Waypoint(position=leg.end, height_m=plan.height_m, wing=leg.wing_mps > 0) for leg in plan.legs)
    if ends and ends[0].wing:
        return (replace(ends[0], position=plan.legs[0].start, wing=False), *ends)
    return ends


def places_of(frame: LocalFrame, waypoints: Sequence[Waypoint]) -> Places:
    """Where these waypoints lie."""
    if not waypoints:
        return np.empty((0, 3))
    heights = np.array([[waypoint.height_m] for waypoint in waypoints])
    return np.hstack([frame.xy_of([waypoint.position for waypoint in waypoints]), heights])


def _named(frame: LocalFrame, places: Places, before: Sequence[Waypoint]) -> tuple[Waypoint, ...]:
    """Waypoints again; those that were there before exactly as they were."""
    left, told = list(before), []
    kept: Points = places_of(frame, before)[:, :2] if before else np.empty((0, 2))
    at = 0
    for place in places:
        if at < len(left) and np.array_equal(place[:2], kept[at]) and place[2] == left[at].height_m:
            told.append(left[at])
            at += 1
        else:
            told.append(Waypoint(position=frame.position(place[:2]), height_m=float(place[2])))
    return tuple(told)


def lines_of(mission: Mission) -> list[list[Position]]:
    """The way out and the way back, each as the places that it leads through."""
    out = [waypoint.position for waypoint in mission.points]
    return [out, [out[-1], *(waypoint.position for waypoint in mission.back)]]


def leads_home(airways: Airways, ahead: Points, height_m: float, mission: Mission) -> bool:
    """Whether a vehicle that carries ``mission`` and has the way ``ahead`` [n, 2] (here first) comes home legally.

    That is: its way back is clear, and wherever it may be told to hold it can fly straight to the item nearest to it;
    a VTOL flies to none, it goes on along its mission or, held, lands.
    """
    if not mission.back:
        return False
    out, back = places_of(airways.frame, mission.points), places_of(airways.frame, mission.back)
    home = np.vstack([out[-1:], back])
    if airways.blocked(home[:-1, :2], home[1:, :2]).any():
        return False
    if mission.hold_s is not None:
        return True
    level = np.column_stack([ahead, np.full(len(ahead), height_m)])
    way, items = [*itertools.pairwise(level), *itertools.pairwise(home)], np.vstack([out, back])
    return not any(_leads_astray(airways, items, start, end) for start, end in way)
