"""The circle that a drone flies over its scene, camera inwards: how wide it may be, and how fast it is flown.

A circle shows a scene from all sides where a hover shows one. It is flown where the incident's type asks for it and
where it is legal: the whole *disc*, which is the circle and what the vehicle may stray outwards from it, is clear of
closed ground at the drone's height (margins in, inside the inclusion zones), clears the terrain, lies within the
camera's footprint of the point, and from all over it a vehicle whose link is lost comes home legally. Where that is not
so, the circle is made narrower; below the least radius the drone hovers, and says why.

The disc is convex: whatever straight line a vehicle flies within it, to the circle or back to the point, is legal too.

Energy: a circle counts as hovering. At a few metres a second a multirotor needs no more power than at rest (its rotors
meet more air and work better), so this errs on the safe side.
"""

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dispatch import hovering, relief
from dispatch.mission import Mission, Places, places_of
from dispatch.model import DroneState, Incident, Orbit, Reason, Situation
from dispatch.planning import home_amsl_m, patrol_points
from dispatch.sky import airways_of
from geo.airframe import Airframe
from geo.closed import closed_ground
from geo.position import Position
from geo.route import Airways, Points
from geo.wind import Wind

ALLOWANCE_M = 3.0
"""A vehicle told to circle keeps within this of its circle. PX4 1.16 (SIH, no wind) was never more than 1.2 m outside
of it, at radii of 8 to 25 m and speeds of 2.8 to 10 m/s, the way onto it from the middle included; the rest is for wind
and for what its position is off."""

LEAST_RADIUS_M = 8.0
"""A narrower circle shows no more than a hover does."""

SPEED_MPS, MOST_LATERAL_MPS2 = 5.0, 1.0
"""A few metres a second, less where the circle is so narrow that it would lean the drone by more than 6°."""

LEAST_SPEED_MPS = 1.0
"""Where the wind leaves less there is no circle."""

NARROWER, ROUNDS = 0.8, 8
"""A circle that the ground or the way home forbids is tried narrower by this factor, so often at most."""

SIDES, HAIR_M = 64, 0.01
"""A disc is looked at as a polygon: round it where that is on the safe side, else with its corners this far within it,
and so within 5 cm of all of it."""

NEARLY_M = 3.0
"""What is farther by less than this may yet be found the nearest: its position and height are not exact."""


def asked_radius_m(situation: Situation, incident: Incident) -> float:
    """The radius that the incident's type asks for; 0 where it asks for none."""
    kind = situation.types.get(incident.type)
    return 0.0 if kind is None else kind.orbit_radius_m


def scene_of(incident: Incident) -> Position:
    """What is circled over: the incident's place, of a patrol its last point."""
    return patrol_points(incident)[-1]


def orbit_over(
    situation: Situation, airframe: Airframe, state: DroneState, incident: Incident, height_m: float, mission: Mission
) -> Orbit | Reason:
    """The orbit of a drone that flies at ``height_m`` and carries ``mission``, or why it can only hover.

    For an incident whose type asks for one.
    """
    airways, centre = airways_of(situation, height_m), scene_of(incident)
    here, amsl_m = airways.frame.xy(centre), home_amsl_m(situation, state)
    if airframe.kind != "multirotor":
        return hovering.airframe(airframe.kind)
    if speed_mps(LEAST_RADIUS_M, airframe, situation.wind) < LEAST_SPEED_MPS:
        return hovering.wind(situation.wind.in_gusts.speed_mps)
    above_m = relief.above_ground_m(situation, centre, height_m, amsl_m)
    seen_m = airframe.footprint_radius_m(above_m) - ALLOWANCE_M
    if seen_m < LEAST_RADIUS_M:
        return hovering.footprint(above_m, max(0.0, seen_m))
    open_m = clear_m(airways, here) - ALLOWANCE_M
    radius_m = min(asked_radius_m(situation, incident), seen_m, open_m)
    why = hovering.zone(_nearest_zone(airways, here), max(0.0, open_m))
    for _ in range(ROUNDS):
        if radius_m < LEAST_RADIUS_M:
            return why
        if relief.needed_m(situation, rings(here, radius_m, situation.rules.terrain_corridor_m), amsl_m) > height_m:
            why = hovering.terrain(radius_m)
        elif not comes_home(airways, here, radius_m, height_m, mission):
            why = hovering.way_home(radius_m)
        else:
            fast_mps = speed_mps(radius_m, airframe, situation.wind)
            return Orbit(centre=centre, radius_m=radius_m, speed_mps=fast_mps, height_m=height_m)
        radius_m *= NARROWER
    return why


def stays_legal(situation: Situation, orbit: Orbit) -> bool:
    """Whether the disc of an orbit that is flown is clear of closed ground now."""
    airways = airways_of(situation, orbit.height_m)
    return clear_m(airways, airways.frame.xy(orbit.centre)) >= orbit.radius_m + ALLOWANCE_M


def speed_mps(radius_m: float, airframe: Airframe, wind: Wind) -> float:
    """How fast a circle is flown over ground; the drone must hold it against the wind as well as with it."""
    headway_mps = airframe.airspeed_mps - wind.in_gusts.speed_mps
    return max(0.0, min(SPEED_MPS, math.sqrt(MOST_LATERAL_MPS2 * radius_m), airframe.speed_mps, headway_mps))


def clear_m(airways: Airways, centre: Points) -> float:
    """How far closed ground is from ``centre`` [2], margins in; 0 within it, infinite where there is none."""
    ground = airways.closed_ground
    return float(shapely.distance(ground, shapely.Point(centre)).min()) if ground else math.inf


def rings(centre: Points, radius_m: float, apart_m: float) -> Points:
    """A line through all of a disc: no place of it (its allowance in) is farther than ``apart_m`` from it. [n, 2]."""
    reach_m = radius_m + ALLOWANCE_M
    count = math.ceil(reach_m / max(apart_m, 1.0))
    circles = [disc(centre, reach_m * k / count) for k in range(1, count + 1)]
    return np.vstack([centre, *(np.array(circle.exterior.coords) for circle in circles)])


def disc(centre: Points, radius_m: float) -> shapely.Polygon:
    """A polygon round the circle: it holds all of it."""
    angles = np.linspace(0.0, 2 * math.pi, SIDES, endpoint=False)
    reach_m = radius_m / math.cos(math.pi / SIDES)
    return shapely.Polygon(np.asarray(centre) + reach_m * np.stack([np.sin(angles), np.cos(angles)], axis=1))


def comes_home(airways: Airways, centre: Points, radius_m: float, height_m: float, mission: Mission) -> bool:
    """Whether a vehicle that carries ``mission`` comes home legally from anywhere on the disc.

    Told nothing more, PX4 flies straight to the item nearest to it, in three dimensions, and on from there
    (:mod:`dispatch.mission`). So for every item the part of the disc to which it can be the nearest, and all straight
    lines from there to it, must be clear. That part is cut generously: all that is not nearer by ``NEARLY_M`` to the
    item nearest to the centre.
    """
    if not mission.back:
        return False
    items, home = places_of(airways.frame, mission.points), places_of(airways.frame, mission.back)
    way_home = np.vstack([items[-1:], home])[:, :2]
    if airways.blocked(way_home[:-1], way_home[1:]).any():
        return False
    ground, reach_m = airways.closed_ground, radius_m + ALLOWANCE_M
    whole, items = disc(centre, reach_m * math.cos(math.pi / SIDES) - HAIR_M), np.vstack([items, home])
    apart_m = np.linalg.norm(items - np.array([*centre, height_m]), axis=1)
    usual, nearest_m = items[int(np.argmin(apart_m))], float(apart_m.min())
    for item in items[apart_m <= nearest_m + 2 * reach_m + NEARLY_M]:
        part = _nearer_to(item, usual, whole, height_m, nearest_m + reach_m)
        flown = shapely.union(part, shapely.Point(item[:2])).convex_hull
        if ground and not part.is_empty and shapely.intersects(ground, flown).any():
            return False
    return True


def _nearer_to(item: Places, usual: Places, whole: BaseGeometry, height_m: float, farthest_m: float) -> BaseGeometry:
    """The part of the disc ``whole`` whose places, at ``height_m``, are not nearer by ``NEARLY_M`` to ``usual`` than to
    ``item``. No place of the disc is farther than ``farthest_m`` from ``usual``."""
    # |p − item|² ≤ (|p − usual| + nearly)² ≤ |p − usual|² + slack is a half-plane: along · p ≥ least
    slack = 2 * NEARLY_M * farthest_m + NEARLY_M**2
    along = 2 * (item[:2] - usual[:2])
    least = item @ item - usual @ usual - 2 * height_m * (item[2] - usual[2]) - slack
    length = float(np.hypot(*along))
    if length < 1e-6:
        return whole if least <= 0 else shapely.Polygon()
    unit, start_m = along / length, float(least) / length
    across, far_m = np.array([-unit[1], unit[0]]), 1e5
    foot = unit * start_m + across * float(across @ usual[:2])
    corners = [foot - far_m * across, foot + far_m * across]
    return whole.intersection(shapely.Polygon([*corners, *(c + far_m * unit for c in reversed(corners))]))


def _nearest_zone(airways: Airways, centre: Points) -> str:
    where = shapely.Point(centre)
    zones = [(closed_ground(airways.frame, zone).distance(where), zone.id) for zone in airways.zones]
    return min(zones, default=(0.0, ""))[1]
