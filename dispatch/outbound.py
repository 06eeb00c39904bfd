"""Flights out: of many drones to one goal at once as arrays, and of those that go with every leg.

A drone on the ground may choose a height that passes over or under what it would have to go round; one in the air
stays at its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dispatch import relief, underway
from dispatch.model import DroneState, Rules, Situation, SortieState
from dispatch.planning import home_amsl_m
from dispatch.sky import airways_of, column_of, frame_of, heights_m
from geo.airframe import Airframe
from geo.flight import (
    FlightEnergy,
    FlightPlan,
    FlightTime,
    Profile,
    climb_time_s,
    flight_energy,
    flight_energy_wh,
    leg_profile,
    response_time,
    timed_plan,
)
from geo.flights import Lead, flown
from geo.position import Position
from geo.route import Airways, Motion, Points, Way, motion_of

AT_CRUISE_HEIGHT_M = 2.0
"""Nearer to its cruise height than this a drone need not climb or descend first."""

GO_ROUND_S = 2.0
"""Another height is chosen only where it saves more than this."""

_COLUMNS = ("height_m", "climb_s", "brake_s", "seen_s", "stop_s", "distance_m", "gusts_s", "start_mps", "winged_s")
_ROW = np.dtype([(name, np.float64) for name in _COLUMNS])


@dataclass(frozen=True, slots=True)
class Flights:
    """Flights of one airframe to one goal, one for each drone asked for; infinite seconds where there is none."""

    airframe: Airframe
    rules: Rules
    docked: NDArray[np.bool_]
    """Whether it begins on a dock. Shape [m]."""
    rows: NDArray[np.void]
    """Height, climb, when it brakes, sees and stops counted from the end of the climb, distance, how much longer it
    takes in gusts, the speed that it has already, and how long it flies on the wing. Shape [m]."""

    def time(self, k: int) -> FlightTime:
        """The time of flight ``k``, part by part."""
        row = self.rows[k]
        along = Profile(float(row["brake_s"]), float(row["seen_s"]), float(row["stop_s"]))
        climb_s, gusts_s, flies = float(row["climb_s"]), float(row["gusts_s"]), bool(row["start_mps"] > 0)
        return self._time(along, docked=bool(self.docked[k]), flies=flies, climb_s=climb_s, gusts_s=gusts_s)

    def energy(self, k: int) -> FlightEnergy:
        """The energy of flight ``k`` until the drone hovers over its goal, phase by phase."""
        row = self.rows[k]
        climb_s, stop_s, gusts_s, winged_s = (float(row[name]) for name in ("climb_s", "stop_s", "gusts_s", "winged_s"))
        return flight_energy(self.airframe, climb_s, stop_s, gusts_s=gusts_s, winged_s=winged_s)

    @property
    def total_s(self) -> NDArray[np.float64]:
        """The response times."""
        still = Profile(0.0, 0.0, 0.0)
        on_dock, in_air = (self._time(still, docked=docked, flies=False).total_s for docked in (True, False))
        under_way = self._time(still, docked=False, flies=True).total_s
        ready_s = np.select([self.docked, self.rows["start_mps"] > 0], [on_dock, under_way], in_air)
        total_s: NDArray[np.float64] = ready_s + self.rows["climb_s"] + self.rows["seen_s"]
        total_s += np.where(self.rows["seen_s"] > 0, self.airframe.start_s, 0.0)
        return total_s

    @property
    def energy_wh(self) -> NDArray[np.float64]:
        """Energy until the drone hovers over its goal."""
        rows = self.rows
        return flight_energy_wh(self.airframe, rows["climb_s"], rows["stop_s"], rows["winged_s"])

    def _time(
        self, along: Profile, *, docked: bool, flies: bool, climb_s: float = 0.0, gusts_s: float = 0.0
    ) -> FlightTime:
        """``flies``: it is under way, and nothing waits for decision and uplink (:func:`geo.flight.timed_plan`)."""
        return response_time(
            self.airframe,
            along,
            docked=docked,
            climb_s=climb_s,
            decision_s=0.0 if flies else self.rules.decision_s,
            uplink_s=0.0 if flies else self.rules.uplink_s,
            gusts_s=gusts_s,
        )


def flights_out(situation: Situation, airframe: Airframe, states: Sequence[DroneState], goal: Position) -> Flights:
    """The flights of these drones (positions known) to ``goal``, from their docks or from where they fly."""
    kinds: dict[tuple[object, ...], int] = {}  # drones that stand on one base fly alike
    kind = [kinds.setdefault(_kind(situation, state), len(kinds)) for state in states]
    first = {one: k for k, one in reversed(list(enumerate(kind)))}
    flights = _flights_out(situation, airframe, [states[first[one]] for one in range(len(kinds))], goal)
    return replace(flights, docked=flights.docked[kind], rows=flights.rows[kind])


def _kind(situation: Situation, state: DroneState) -> tuple[object, ...]:
    if not state.in_air and _told_height_m(situation, state) is None:
        return (state.position,)
    moves = underway.speed_mps(state), state.course_deg
    return state.position, state.height_m, _own_height_m(situation, state), home_amsl_m(situation, state), moves


def _flights_out(situation: Situation, airframe: Airframe, states: Sequence[DroneState], goal: Position) -> Flights:
    others_m = () if situation.terrain else heights_m(situation)[1:]  # over hills a height is what it must be
    own_m, above_m = _heights_m(situation, airframe, states, goal)
    docked = np.array([not state.in_air for state in states], dtype=bool)
    starts = frame_of(situation).xy_of([_place(state) for state in states]) if states else np.empty((0, 2))
    flights = Flights(airframe, situation.rules, docked, np.zeros(len(states), dtype=_ROW))

    def at(height_m: float, over_goal_m: float, members: NDArray[np.intp]) -> NDArray[np.void]:
        group = [states[k] for k in members.tolist()]
        return _rows_at(situation, airframe, group, starts[members], goal, height_m, over_goal_m)

    for height_m, over_goal_m in sorted(set(zip(own_m.tolist(), above_m.tolist(), strict=True))):
        members = np.flatnonzero((own_m == height_m) & (above_m == over_goal_m))
        if math.isinf(height_m):
            flights.rows[members] = np.inf
        else:
            flights.rows[members] = at(height_m, over_goal_m, members)
    free = docked & np.array([_told_height_m(situation, state) is None for state in states], dtype=bool)
    straight_m = np.hypot(*(starts - frame_of(situation).xy(goal)).T)
    for height_m in others_m:
        members = np.flatnonzero(free & (flights.rows["distance_m"] > straight_m + 0.01))
        if len(members):
            rows = at(height_m, height_m, members)
            saves = (
                rows["climb_s"] + rows["seen_s"] + GO_ROUND_S
                < (flights.rows["climb_s"] + flights.rows["seen_s"])[members]
            )
            flights.rows[members[saves]] = rows[saves]
    return flights


def _heights_m(
    situation: Situation, airframe: Airframe, states: Sequence[DroneState], goal: Position
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At which height above its base each drone flies, and how high it then is above the ground of its goal.

    Infinite where terrain closes its way. Without terrain the ground is everywhere as high as the bases.
    """
    own_m = np.array([_own_height_m(situation, state) for state in states])
    if not situation.terrain:
        return own_m, own_m
    motion, frame, there = motion_of(airframe, situation.wind), frame_of(situation), frame_of(situation).xy(goal)
    above_m = own_m.copy()
    for k, state in enumerate(states):
        amsl_m, here = home_amsl_m(situation, state), frame.xy(_place(state))
        at_m = float(own_m[k]) if state.in_air or _told_height_m(situation, state) is not None else None
        own_m[k] = relief.lowest_height_m(situation, motion, here, there, amsl_m, at_m)
        above_m[k] = relief.above_ground_m(situation, goal, float(own_m[k]), amsl_m) if own_m[k] < np.inf else 0.0
    return own_m, above_m


def ways_out(
    situation: Situation, airframe: Airframe, states: Sequence[DroneState], goal: Position
) -> list[FlightPlan | None]:
    """:func:`flights_out` with their legs; None where there is no legal way."""
    rows = flights_out(situation, airframe, states, goal).rows
    return [
        _plan(situation, airframe, state, goal, float(row["height_m"])) if math.isfinite(row["seen_s"]) else None
        for state, row in zip(states, rows, strict=True)
    ]


def way_at(
    situation: Situation, airframe: Airframe, state: DroneState, goal: Position, height_m: float
) -> FlightPlan | None:
    """The way of one drone to ``goal`` at this height above its base; None where it cannot rise to it, or no way at it
    is legal and clears the terrain."""
    here = frame_of(situation).xy_of([_place(state)])
    if not state.in_air and column_of(situation, height_m).blocked(here, here)[0]:
        return None
    plan = _plan(situation, airframe, state, goal, height_m)
    if plan is None or not relief.clears(situation, plan.legs, height_m, home_amsl_m(situation, state)):
        return None
    return plan


def _own_height_m(situation: Situation, state: DroneState) -> float:
    """The height above its base that a drone flies at: what it was told, else the usual one."""
    told_m = _told_height_m(situation, state)
    return situation.rules.cruise_height_m if told_m is None else told_m


def _told_height_m(situation: Situation, state: DroneState) -> float | None:
    """The height of its sortie, where a drone is in the air or told to take off; None where it may still choose."""
    sortie = situation.sorties.get(state.drone_id)
    bound = sortie is not None and (state.in_air or sortie.state is SortieState.COMMANDED)
    return sortie.out.height_m if sortie is not None and bound else None


def _rows_at(
    situation: Situation,
    airframe: Airframe,
    states: Sequence[DroneState],
    starts: Points,
    goal: Position,
    height_m: float,
    over_goal_m: float,
) -> NDArray[np.void]:
    """The flights at ``height_m`` above their bases, ``over_goal_m`` above the ground of the goal; none for drones that
    cannot rise to it or have no legal way at it."""
    airways, motion = airways_of(situation, height_m), motion_of(airframe, situation.wind)
    there, seen_from_m = airways.frame.xy(goal), airframe.footprint_radius_m(over_goal_m)
    turns, speeds_mps = underway.turning_points(airways, airframe, states, starts)
    fan, lead = airways.fan(there, turns, motion, towards=True), Lead(starts, speeds_mps) if speeds_mps.any() else None
    along = flown(fan, motion, airframe, seen_from_m, lead)
    rows = np.zeros(len(states), dtype=_ROW)
    rows["height_m"] = height_m
    rows["brake_s"], rows["seen_s"], rows["stop_s"] = along.brake_at_s, along.seen_at_s, along.stop_at_s
    rows["distance_m"], rows["start_mps"], rows["winged_s"] = along.distance_m, speeds_mps, along.winged_s
    if motion.wind.in_gusts != motion.wind:
        gusty = flown(fan, replace(motion, wind=motion.wind.in_gusts), airframe, seen_from_m, lead)
        legal = np.isfinite(along.seen_at_s)
        rows["gusts_s"][legal] = np.maximum(0.0, gusty.seen_at_s[legal] - along.seen_at_s[legal])
    from_m = [_from_m(state, height_m) for state in states]
    climbs_s = {h: 0.0 if h is None else climb_time_s(height_m, airframe, h) for h in set(from_m)}
    rows["climb_s"] = [climbs_s[h] for h in from_m]
    docked = np.array([not state.in_air for state in states], dtype=bool)
    shut = docked & column_of(situation, height_m).blocked(starts, starts)
    for k in np.flatnonzero(~docked & ~np.isfinite(along.seen_at_s)).tolist():
        way, start_mps = _way(airways, airframe, motion, states[k], starts[k], there)
        if way is not None:
            legs = airways.legs(way, motion)
            one, slowed = (
                leg_profile(legs, airframe, seen_from_m, in_gusts=in_gusts, start_mps=start_mps)
                for in_gusts in (False, True)
            )
            rows[k] = (
                height_m,
                rows["climb_s"][k],
                one.brake_at_s,
                one.seen_at_s,
                one.stop_at_s,
                sum(leg.length_m for leg in legs),
                max(0.0, slowed.seen_at_s - one.seen_at_s),
                0.0,
                one.winged_s,
            )
    for name in ("brake_s", "seen_s", "stop_s", "distance_m"):
        rows[name][shut] = np.inf
    return rows


def _way(
    airways: Airways, airframe: Airframe, motion: Motion, state: DroneState, here: Points, there: Points
) -> tuple[Way | None, float]:
    """The way of one drone, None where none is legal, and the speed that it begins with.

    It leads over where the drone can turn. A drone in the air that has no way from there turns where it is, and leaves
    closed ground by the shortest way.
    """
    turns, speeds_mps = underway.turning_points(airways, airframe, [state], here[None, :])
    way, start_mps = airways.ways_to(there, turns, motion)[0], float(speeds_mps[0])
    if way is not None and start_mps > 0.0:
        return Way(np.vstack([here, way.points]), way.cruise_s), start_mps
    if way is None and start_mps > 0.0:
        way = airways.ways_to(there, here[None, :], motion)[0]
    if way is None and state.in_air:
        way = airways.ways_from_air(here, there[None, :], motion)[0]
    return way, 0.0


def _plan(
    situation: Situation, airframe: Airframe, state: DroneState, goal: Position, height_m: float
) -> FlightPlan | None:
    airways, motion = airways_of(situation, height_m), motion_of(airframe, situation.wind)
    here, there = airways.frame.xy(_place(state)), airways.frame.xy(goal)
    way, start_mps = _way(airways, airframe, motion, state, here, there)
    if way is None:
        return None
    return timed_plan(
        airways.legs(way, motion),
        airframe,
        height_m=height_m,
        climb_from_m=_from_m(state, height_m),
        decision_s=situation.rules.decision_s,
        uplink_s=situation.rules.uplink_s,
        above_goal_m=relief.above_ground_m(situation, goal, height_m, home_amsl_m(situation, state)),
        start_mps=start_mps,
    )


def _from_m(state: DroneState, height_m: float) -> float | None:
    """The height that a drone climbs (or comes down) from; None where it flies at ``height_m`` already."""
    if not state.in_air:
        return 0.0
    return None if abs(state.height_m - height_m) <= AT_CRUISE_HEIGHT_M else state.height_m


def _place(state: DroneState) -> Position:
    assert state.position is not None, "a drone whose position is not known is out"
    return state.position
