"""How high the terrain makes a flight, where a city has one.

A sortie keeps one height above the base that it took off from, out, on scene and home: the highest that any leg of its
way needs, the usual one at least. So whatever way back along it a vehicle takes by itself, it clears the ground. A way
that would need more than the city's ``highest_above_base_m``, or that leads over unknown ground, is closed. In the air
a drone stays at its height; a way that needs more is closed to it.
"""

import math
from collections.abc import Sequence

import numpy as np

from dispatch.model import DroneState, Situation
from dispatch.sky import airways_of, frame_of
from geo.flight import Leg
from geo.position import Position
from geo.route import Motion, Points
from geo.terrain import Surface, prepare_surface, recall, safe_heights_m

RADIUS_M = 60_000.0
"""The local frame is good so far; nobody flies farther."""

ROUNDS = 5
"""So often a way is looked for at a greater height before it is held to be closed."""

STEP_M = 5.0
"""Heights that terrain asks for are rounded up to this, so that neighbours fly at the same."""


def surface_of(situation: Situation) -> Surface | None:
    """The prepared surface of the situation's terrain; None where its city has none."""
    if not situation.terrain:
        return None
    corridor_m = situation.rules.terrain_corridor_m
    return prepare_surface(recall(situation.terrain), frame_of(situation), RADIUS_M, corridor_m)


def make_ready(situation: Situation) -> None:
    """Have the surface prepared, and its loops compiled, now and not at the first alarm."""
    here = frame_of(situation).xy(situation.centre)
    needed_m(situation, here[None, :], situation.ground_amsl_m)


def took_off_at_amsl_m(situation: Situation, state: DroneState, site: str | None) -> float:
    """The ground that a drone's heights are above: of the ``site`` where it stands, else of its sortie's base, else of
    its own."""
    sortie = situation.sorties.get(state.drone_id)
    for base_id in (site, sortie.from_base_id if sortie is not None and state.in_air else None):
        if base_id is not None and base_id in situation.bases:
            return situation.bases[base_id].ground_amsl_m
    drone = situation.drones.get(state.drone_id)
    return lowest_base_amsl_m(situation) if drone is None else situation.bases[drone.base_id].ground_amsl_m


def lowest_base_amsl_m(situation: Situation) -> float:
    """The ground of the lowest base: who counts from it is never too low."""
    return min((base.ground_amsl_m for base in situation.bases.values()), default=situation.ground_amsl_m)


def needed_m(situation: Situation, points: Points, home_amsl_m: float) -> float:
    """The lowest height above ``home_amsl_m`` that clears the terrain along the way through ``points`` [n, 2].

    Minus infinity for a city without terrain, infinite over unknown ground. A way of one point is that point.
    """
    surface = surface_of(situation)
    if surface is None:
        return -math.inf
    ends = points[1:] if len(points) > 1 else points
    starts = points[:-1] if len(points) > 1 else points
    heights_m = safe_heights_m(
        surface,
        starts,
        ends,
        base_amsl_m=home_amsl_m,
        clearance_m=situation.rules.terrain_clearance_m,
        at_least_m=-math.inf,
    )
    return float(heights_m.max())


def lowest_height_m(
    situation: Situation, motion: Motion, start: Points, goal: Points, home_amsl_m: float, at_m: float | None = None
) -> float:
    """The lowest height above ``home_amsl_m`` for a flight from ``start`` to ``goal`` [2] over the terrain.

    ``at_m`` is the height of a drone in the air, which keeps it; one on the ground flies at the usual height or higher.
    Infinite where the terrain closes every way.
    """
    height_m = situation.rules.cruise_height_m if at_m is None else at_m
    if not situation.terrain:
        return height_m
    for _ in range(ROUNDS):  # higher up other zones are in the way, and the way is another
        airways = airways_of(situation, height_m)
        way = airways.ways_to(goal, start[None, :], motion)[0]
        if way is None and at_m is not None:
            way = airways.ways_from_air(start, goal[None, :], motion)[0]
        needs_m = -math.inf if way is None else needed_m(situation, way.points, home_amsl_m)
        if needs_m <= height_m:
            return height_m
        if at_m is not None or needs_m > situation.rules.highest_above_base_m:
            return math.inf
        height_m = min(rounded_m(needs_m), situation.rules.highest_above_base_m)
    return math.inf


def clears(situation: Situation, legs: Sequence[Leg], height_m: float, home_amsl_m: float) -> bool:
    """Whether these legs, flown at ``height_m`` above ``home_amsl_m``, clear the terrain."""
    if not situation.terrain or not legs:
        return True
    points = frame_of(situation).xy_of([legs[0].start, *(leg.end for leg in legs)])
    return needed_m(situation, points, home_amsl_m) <= height_m


def rounded_m(height_m: float) -> float:
    """The next height that is flown."""
    return math.ceil(height_m / STEP_M - 1e-9) * STEP_M


def ground_amsl_m(situation: Situation, place: Position) -> float:
    """The surface of ``place`` above mean sea level; without terrain the ground of the city."""
    surface = surface_of(situation)
    if surface is None:
        return situation.ground_amsl_m
    xy = np.atleast_2d(frame_of(situation).xy(place))
    return float(surface.along(xy, xy)[0])


def above_ground_m(situation: Situation, place: Position, height_m: float, home_amsl_m: float) -> float:
    """How far ``height_m`` above ``home_amsl_m`` is above the surface of ``place``; ``height_m`` without terrain."""
    if not situation.terrain:
        return height_m
    return max(0.0, home_amsl_m + height_m - ground_amsl_m(situation, place))
