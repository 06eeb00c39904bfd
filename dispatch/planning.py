"""Ways and energy for drones of a situation: out to a goal, along a patrol, home to some base.

Everything here is a pure function of the situation; what is expensive (airways, corner graphs) is cached in geo by
value, so that asking again costs nothing.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from dispatch.model import Base, DroneState, Incident, Situation
from geo.airframe import Airframe
from geo.airspace import Restriction, zones_in_force
from geo.flight import FlightPlan, Leg, landing_energy_wh, timed_plan
from geo.frame import LocalFrame, inverse
from geo.position import Position
from geo.route import Airways, Motion, Points, Way, legs_of, motion_of, prepare

AT_CRUISE_HEIGHT_M = 2.0
"""Nearer to its cruise height than this a drone need not climb or descend first."""

SITE_RADIUS_M = 50.0
"""A drone that stands within this of a base stands on one of its docks."""


def frame_of(situation: Situation) -> LocalFrame:
    """The metric plane of the situation's city."""
    return LocalFrame(situation.centre)


def zones_now(situation: Situation) -> tuple[Restriction, ...]:
    """The geozones that flights under way now must keep clear of, and the fences that they must stay inside.

    Drones keep their cruise height above the base that they took off from, and bases stand at different heights.
    """
    rules, ground_m = situation.rules, situation.ground_amsl_m
    above_ground_m = [0.0, *(base.ground_amsl_m - ground_m for base in situation.bases.values())]
    return zones_in_force(
        situation.zones.values(),
        situation.now_s,
        situation.now_s + rules.zone_horizon_s,
        rules.cruise_height_m + min(above_ground_m),
        ground_m,
        rules.cruise_height_m + max(above_ground_m),
        situation.grants.values(),
    )


def airways_of(situation: Situation) -> Airways:
    """The airways at cruise height for flights that begin now."""
    return prepare(frame_of(situation), zones_now(situation))


def closed_zone(situation: Situation, position: Position) -> Restriction | None:
    """The geozone or fence, margin included, that forbids hovering over ``position`` now; None if it is legal."""
    airways = airways_of(situation)
    return airways.closed_at(airways.frame.xy(position))


def patrol_points(incident: Incident) -> tuple[Position, ...]:
    """Where a drone goes for this incident, in order."""
    return (incident.position, *incident.route)


@dataclass(frozen=True, slots=True)
class Errand:
    """What an incident costs an airframe beyond getting there: flying its further points, watching, going home."""

    way_on: FlightPlan | None
    homes: Mapping[str, FlightPlan]
    """The way home from the last point to every base that has one, by base id."""

    def on_scene_wh(self, watch_s: float, airframe: Airframe) -> float:
        """Energy from on scene until released."""
        along_wh = self.way_on.energy_wh if self.way_on else 0.0
        return along_wh + watch_s * airframe.hover_w / 3600


def errand(situation: Situation, airframe: Airframe, incident: Incident) -> Errand | None:
    """The errand of ``incident`` for ``airframe``; None where its points cannot be joined legally in this wind."""
    points = patrol_points(incident)
    way_on = way_along(situation, airframe, points) if incident.route else None
    if incident.route and way_on is None:
        return None
    return Errand(way_on, ways_home(situation, airframe, frame_of(situation).xy(points[-1])))


def way_along(situation: Situation, airframe: Airframe, points: Sequence[Position]) -> FlightPlan | None:
    """The way through all ``points`` in order; None where two of them cannot be joined legally in this wind."""
    airways, motion = airways_of(situation), motion_of(airframe, situation.wind)
    xy = airways.frame.xy_of(points)
    pieces = [airways.ways_from(a, b[None, :], motion)[0] for a, b in itertools.pairwise(xy)]
    if any(piece is None for piece in pieces):
        return None
    return _flown(situation, airways, motion, airframe, [piece for piece in pieces if piece is not None])


def ways_home(situation: Situation, airframe: Airframe, start: Points) -> Mapping[str, FlightPlan]:
    """The way from ``start`` in the air (metres) to every base that can be reached legally; landing not included."""
    bases = tuple((id_, situation.bases[id_].position) for id_ in sorted(situation.bases))
    motion, height_m = motion_of(airframe, situation.wind), situation.rules.cruise_height_m
    return _ways_home(airways_of(situation), motion, airframe, height_m, (float(start[0]), float(start[1])), bases)


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
        base_id: timed_plan(
            legs_of(way, airways.frame, motion), airframe, height_m=height_m, climb_from_m=None, sensor=False
        )
        for (base_id, _), way in zip(bases, ways, strict=True)
        if way is not None
    }
    return MappingProxyType(homes)


def ways_out(
    situation: Situation, airframe: Airframe, states: Sequence[DroneState], goal: Position
) -> list[FlightPlan | None]:
    """The plan of each of these drones (positions known) to ``goal``, from its dock or from where it flies."""
    airways, motion, rules = airways_of(situation), motion_of(airframe, situation.wind), situation.rules
    plans: list[FlightPlan | None] = []
    for state in states:
        assert state.position is not None, "a drone whose position is not known is out"
        legs = _legs_out(airways, motion, state.position, goal, state.in_air)
        if legs is None:
            plans.append(None)
            continue
        level = state.in_air and abs(state.height_m - rules.cruise_height_m) <= AT_CRUISE_HEIGHT_M
        plans.append(
            timed_plan(
                legs,
                airframe,
                height_m=rules.cruise_height_m,
                climb_from_m=None if level else (state.height_m if state.in_air else 0.0),
                decision_s=rules.decision_s,
                uplink_s=rules.uplink_s,
            )
        )
    return plans


@lru_cache(maxsize=16384)  # drones on their docks do not move, nor does an incident that waits
def _legs_out(
    airways: Airways, motion: Motion, start: Position, goal: Position, in_air: bool
) -> tuple[Leg, ...] | None:
    here, there = airways.frame.xy(start), airways.frame.xy(goal)
    way = airways.ways_to(there, here[None, :], motion)[0]
    if way is None and in_air:
        way = airways.ways_from_air(here, there[None, :], motion)[0]
    return None if way is None else legs_of(way, airways.frame, motion)


def landing_wh(situation: Situation, airframe: Airframe) -> float:
    """Energy of the descent onto a dock from cruise height."""
    return landing_energy_wh(situation.rules.cruise_height_m, airframe)


def usable_wh(state: DroneState, airframe: Airframe) -> float:
    """What is left in the battery above the reserve."""
    return (state.battery_share - airframe.reserve_share) * airframe.battery_wh


def home_for(situation: Situation, drone_id: str, homes: Mapping[str, FlightPlan], within_wh: float) -> str | None:
    """The base to come home to: its own, else the quickest with a free dock; None where there is no way to any.

    A base that cannot be reached and landed on within ``within_wh`` is chosen only where all are too far.
    """
    airframe = situation.airframes[situation.drones[drone_id].airframe]
    own, most_wh = situation.drones[drone_id].base_id, within_wh - landing_wh(situation, airframe)
    if own in homes and homes[own].energy_wh <= most_wh:
        return own
    free = [id_ for id_ in homes if id_ == own or free_docks(situation, situation.bases[id_], drone_id) > 0]
    return min(free, key=lambda id_: (homes[id_].energy_wh > most_wh, homes[id_].time.total_s, id_), default=None)


def free_docks(situation: Situation, base: Base, besides: str) -> int:
    """Docks of ``base`` that no drone but ``besides`` calls its own, stands on or is on its way to."""
    taken = {drone.id for drone in situation.drones.values() if drone.base_id == base.id}
    taken |= {sortie.drone_id for sortie in situation.sorties.values() if sortie.home_base_id == base.id}
    taken |= {drone_id for drone_id, state in situation.states.items() if stands_on(state, base)}
    return base.docks - len(taken - {besides})


def site_of(situation: Situation, state: DroneState) -> str | None:
    """The base on whose site the drone stands; None where it is in the air or stands elsewhere."""
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


def _flown(
    situation: Situation, airways: Airways, motion: Motion, airframe: Airframe, ways: Sequence[Way]
) -> FlightPlan:
    legs = tuple(leg for way in ways for leg in legs_of(way, airways.frame, motion))
    height_m = situation.rules.cruise_height_m
    return timed_plan(legs, airframe, height_m=height_m, climb_from_m=None, sensor=False)
