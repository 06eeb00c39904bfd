"""Ways and energy for drones of a situation: along a patrol, home to some base.

Everything here is a pure function of the situation; what is expensive (airways, corner graphs) is cached in geo by
value, so that asking again costs nothing.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from dispatch import relief
from dispatch.model import Base, DroneState, Incident, Situation
from dispatch.sky import airways_of, column_of, frame_of
from geo.airframe import Airframe
from geo.flight import FlightEnergy, FlightPlan, hover_energy, landing_energy_wh, timed_plan
from geo.frame import inverse
from geo.position import Position
from geo.route import Airways, Motion, Points, motion_of

SITE_RADIUS_M = 50.0
"""A drone that stands within this of a base stands on one of its docks."""


def patrol_points(incident: Incident) -> tuple[Position, ...]:
    """Where a drone goes for this incident, in order."""
    return (incident.position, *incident.route)


@dataclass(frozen=True, slots=True)
class Errand:
    """What an incident costs an airframe beyond getting there: flying its further points, watching, going home."""

    way_on: FlightPlan | None
    homes: Mapping[str, FlightPlan]
    """The way home from the last point to every base that has one, by base id."""

    def on_scene(self, watch_s: float, airframe: Airframe) -> FlightEnergy:
        """Energy from on scene until released."""
        watching = hover_energy(watch_s, airframe)
        return self.way_on.energy + watching if self.way_on else watching

    def on_scene_wh(self, watch_s: float, airframe: Airframe) -> float:
        """The same in all, as it is most likely."""
        return self.on_scene(watch_s, airframe).total_wh


def errand(
    situation: Situation, airframe: Airframe, incident: Incident, height_m: float, home_amsl_m: float | None = None
) -> Errand | None:
    """The errand of ``incident`` for ``airframe`` that arrives at ``height_m`` and stays there; None where its points
    cannot be joined legally in this wind."""
    points = patrol_points(incident)
    way_on = way_along(situation, airframe, points, height_m, home_amsl_m) if incident.route else None
    if incident.route and way_on is None:
        return None
    return Errand(way_on, ways_home(situation, airframe, frame_of(situation).xy(points[-1]), height_m, home_amsl_m))


def way_along(
    situation: Situation,
    airframe: Airframe,
    points: Sequence[Position],
    height_m: float,
    home_amsl_m: float | None = None,
) -> FlightPlan | None:
    """The way through all ``points`` in order; None where two of them cannot be joined legally in this wind.

    ``height_m`` is above ``home_amsl_m``; where that is not told, the lowest base is taken for it.
    """
    airways, motion = airways_of(situation, height_m), motion_of(airframe, situation.wind)
    xy = airways.frame.xy_of(points)
    pieces = [airways.ways_from(a, b[None, :], motion)[0] for a, b in itertools.pairwise(xy)]
    if any(piece is None for piece in pieces):
        return None
    legs = tuple(leg for piece in pieces if piece is not None for leg in airways.legs(piece, motion))
    if not relief.clears(situation, legs, height_m, _home_amsl_m(situation, home_amsl_m)):
        return None
    return timed_plan(legs, airframe, height_m=height_m, climb_from_m=None, sensor=False)


def home_amsl_m(situation: Situation, state: DroneState) -> float:
    """The ground (AMSL) that a drone's heights are above: of the base where it stands or took off from."""
    if not situation.terrain:
        return situation.ground_amsl_m  # nobody asks
    return relief.took_off_at_amsl_m(situation, state, site_of(situation, state))


def _home_amsl_m(situation: Situation, told_m: float | None) -> float:
    return relief.lowest_base_amsl_m(situation) if told_m is None else told_m


def ways_home(
    situation: Situation,
    airframe: Airframe,
    start: Points,
    height_m: float,
    home_amsl_m: float | None = None,
    base_ids: Iterable[str] | None = None,
) -> Mapping[str, FlightPlan]:
    """The way from ``start`` in the air (metres) to every base that can be reached legally, of ``base_ids`` if they are
    given; landing not included.

    ``height_m`` is above ``home_amsl_m``; where that is not told, the lowest base is taken for it.
    """
    column, frame = column_of(situation, height_m), frame_of(situation)
    asked = situation.bases if base_ids is None else base_ids
    all_bases = [(id_, situation.bases[id_].position) for id_ in sorted(asked)]
    sites = frame.xy_of([place for _, place in all_bases]) if all_bases else np.empty((0, 2))
    may_land = ~column.blocked(sites, sites)
    bases = tuple(base for base, open_ in zip(all_bases, may_land.tolist(), strict=True) if open_)
    motion, here = motion_of(airframe, situation.wind), (float(start[0]), float(start[1]))
    homes = _ways_home(airways_of(situation, height_m), motion, airframe, height_m, here, bases)
    if not situation.terrain:
        return homes
    amsl_m = _home_amsl_m(situation, home_amsl_m)
    return {id_: plan for id_, plan in homes.items() if relief.clears(situation, plan.legs, height_m, amsl_m)}


@lru_cache(maxsize=4096)  # an incident that waits asks for the same again and again
def _ways_home(
    airways: Airways,
    motion: Motion,
    airframe: Airframe,
    height_m: float,
    start: tuple[float, float],
    bases: tuple[tuple[str, Position], ...],
) -> Mapping[str, FlightPlan]:
    goals = airways.frame.xy_of([position for _, position in bases]) if bases else np.empty((0, 2))
    ways = airways.ways_from_air(np.array(start), goals, motion)
    homes = {
        base_id: timed_plan(airways.legs(way, motion), airframe, height_m=height_m, climb_from_m=None, sensor=False)
        for (base_id, _), way in zip(bases, ways, strict=True)
        if way is not None
    }
    return MappingProxyType(homes)


def usable_wh(state: DroneState, airframe: Airframe, temperature_c: float) -> float:
    """What is left in the battery above the reserve, at this temperature of the air."""
    full_wh = airframe.battery_wh * airframe.capacity_share(temperature_c)
    return (state.battery_share - airframe.reserve_share) * full_wh


def home_for(situation: Situation, drone_id: str, homes: Mapping[str, FlightPlan], within_wh: float) -> str | None:
    """The base to come home to: its own, else the quickest with a free dock; None where there is no way to any.

    A base that cannot be reached within ``within_wh`` (what is to spare for the way, landing apart) is chosen only
    where all are too far.
    """
    own = situation.drones[drone_id].base_id

    def too_far(base_id: str) -> bool:
        return homes[base_id].energy_wh > within_wh

    if own in homes and not too_far(own):
        return own
    free = [id_ for id_ in homes if id_ == own or free_docks(situation, situation.bases[id_], drone_id) > 0]
    return min(free, key=lambda id_: (too_far(id_), homes[id_].time.total_s, id_), default=None)


def way_back(
    situation: Situation, drone_id: str, end: Position, height_m: float, within_wh: float
) -> tuple[str, FlightPlan] | None:
    """The base that a drone would come home to from ``end``, and the way; None where there is no legal one."""
    airframe = situation.airframes[situation.drones[drone_id].airframe]
    amsl_m = home_amsl_m(situation, situation.states[drone_id])
    homes = ways_home(situation, airframe, frame_of(situation).xy(end), height_m, amsl_m)
    base_id = home_for(situation, drone_id, homes, within_wh - landing_energy_wh(height_m, airframe))
    return None if base_id is None else (base_id, homes[base_id])


def free_docks(situation: Situation, base: Base, besides: str) -> int:
    """Docks of ``base`` that no drone but ``besides`` calls its own, stands on or is on its way to."""
    taken = {drone.id for drone in situation.drones.values() if drone.base_id == base.id}
    taken |= {sortie.drone_id for sortie in situation.sorties.values() if sortie.home_base_id == base.id}
    taken |= {drone_id for drone_id, state in situation.states.items() if stands_on(state, base)}
    return base.docks - len(taken - {besides})


def site_of(situation: Situation, state: DroneState) -> str | None:
    """The base on whose site the drone stands; None where it is in the air or stands elsewhere."""
    own = situation.drones[state.drone_id].base_id
    if stands_on(state, situation.bases[own]):  # as nearly all do: the others need not be looked at
        return own
    return next((id_ for id_ in sorted(situation.bases) if stands_on(state, situation.bases[id_])), None)


def stands_on(state: DroneState, base: Base) -> bool:
    """Whether the drone stands on the ground of that base's site."""
    at, centre = state.position, base.position
    if state.in_air or at is None or abs(at.latitude_deg - centre.latitude_deg) > 0.001:
        return False  # more than 110 m away: most of them, and quickly told
    return _distance_m(at, centre) <= SITE_RADIUS_M


@lru_cache(maxsize=4096)  # drones on their docks do not move
def _distance_m(at: Position, centre: Position) -> float:
    return inverse(at, centre)[1]
