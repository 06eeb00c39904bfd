"""Where a drone that is under way can first turn to another way: a vehicle at speed does not stand where it is told.

At 18 m/s PX4 was 45 m on before it had turned to a new mission's first waypoint, and flew to that from there: past the
corner that the way was planned round, into the zone. So a new way begins with what the drone flies before it can be at
rest, straight on; that place is the new mission's first waypoint. The turn there is timed like any other corner: a way
straight on costs nothing, the way back costs the braking and the way that it took.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.model import DroneState
from geo.airframe import Airframe
from geo.flight import FlightPlan, stopping_m, timed_plan
from geo.frame import LocalFrame
from geo.route import Airways, Motion, Points, Way, legs_of

SLOW_MPS = 2.0
"""Slower than this a drone turns on the spot."""

REACTION_S = 1.0
"""So long a vehicle flies on before it obeys. The embedded one began to turn 0.7 s after the engine's order; PX4 begins
an uploaded mission within 1.7 s, mostly in less than one."""

SHORTER = (1.0, 0.75, 0.5, 0.25)
"""Where closed ground lies ahead: the shares of the stopping distance that are tried, the longest legal one flown."""


def speed_mps(state: DroneState) -> float:
    """The speed that a new way of this drone begins with; 0 for one that stands, hovers, or tells no course."""
    moving = state.in_air and state.course_deg is not None and state.ground_speed_mps > SLOW_MPS
    return state.ground_speed_mps if moving else 0.0


def turning_points(
    airways: Airways, airframe: Airframe, states: Sequence[DroneState], places: Points
) -> tuple[Points, NDArray[np.float64]]:
    """Where each drone, now at ``places`` [n, 2], can first turn (its own place if it is slow or may not fly on), and
    the speed that it has until then, 0 where it has no way to go. Shapes [n, 2] and [n]."""
    speeds = np.fromiter(map(speed_mps, states), np.float64, len(states))
    courses = np.radians([state.course_deg or 0.0 for state in states])
    ahead_m = speeds * REACTION_S + stopping_m(speeds, airframe)
    ahead = ahead_m[:, None] * np.stack([np.sin(courses), np.cos(courses)], axis=1)
    tried = places[:, None] + np.array(SHORTER)[:, None] * ahead[:, None]
    starts = np.broadcast_to(places[:, None], tried.shape)
    shut = airways.blocked(starts.reshape(-1, 2), tried.reshape(-1, 2)).reshape(tried.shape[:2])
    longest, none = tried[np.arange(len(states)), shut.argmin(axis=1)], shut[:, -1]
    return np.where(none[:, None], places, longest), np.where(none, 0.0, speeds)


def begun(
    plan: FlightPlan,
    airframe: Airframe,
    motion: Motion,
    frame: LocalFrame,
    lead: tuple[Points, Points],
    start_mps: float,
) -> FlightPlan:
    """A way home with what is flown before it: along ``lead`` (two places), begun at ``start_mps``; itself where that
    is 0."""
    if start_mps == 0.0:
        return plan
    legs = (*legs_of(Way(np.stack(lead), 0.0), frame, motion), *plan.legs)
    return timed_plan(legs, airframe, height_m=plan.height_m, climb_from_m=None, sensor=False, start_mps=start_mps)
