"""A standard VTOL between hovering and flight on its wing, as PX4 1.16 flies it in missions (measured on SIH)."""

import math
from dataclasses import replace
from enum import IntEnum
from typing import Final

import numpy as np

from .navigation import Place, Sense, Target


class Vtol(IntEnum):
    """How it flies, as MAV_VTOL_STATE."""

    NONE = 0  # no VTOL
    FORWARD = 1
    BACK = 2
    HOVERS = 3
    ON_WING = 4


ACCEPTED_M: Final = 25.0
"""On the wing PX4 takes a waypoint for reached so far before it (its guidance's switching distance at 12 m/s)."""

FLIES_SHARE: Final = 0.85
"""Of its airspeed: from there on it flies on its wing (VT_ARSP_TRANS is 10 m/s)."""

BRAKES_MPS2: Final = 9.0
"""Going back to hovering, PX4 came from 11.5 to 5 m/s in 0.7 s and 6 m,"""

AFTER_MPS: Final = 3.3
"""and flew what was left of the leg hovering at this speed."""

AHEAD_M: Final = 500.0
"""A velocity is flown as a place so far ahead that nothing brakes for it yet."""


def on_wing(goal: Target, sense: Sense, airspeed_mps: float) -> Target:
    """``goal`` flown to on the wing: on its course, as fast over ground as the wind makes the airspeed."""
    east, north, _ = sense.place_m
    away_m = max(sense.distance_m(goal.place_m), 1e-6)
    course = ((goal.place_m[0] - east) / away_m, (goal.place_m[1] - north) / away_m)
    tail_mps = sense.wind_mps[0] * course[0] + sense.wind_mps[1] * course[1]
    across_mps = sense.wind_mps[0] * course[1] - sense.wind_mps[1] * course[0]
    ground_mps = tail_mps + math.sqrt(max(0.0, airspeed_mps**2 - across_mps**2))
    place = (goal.place_m[0] + AHEAD_M * course[0], goal.place_m[1] + AHEAD_M * course[1], goal.place_m[2])
    return replace(goal, place_m=place, next_m=None, speed_mps=max(0.1, ground_mps), wing=True)


def back(goal: Target) -> Target:
    """``goal`` flown to by a vehicle that just goes back to hovering."""
    return replace(goal, next_m=None, speed_mps=min(goal.speed_mps, AFTER_MPS), acceleration_mps2=BRAKES_MPS2)


def turned_to(sense: Sense, place: Place, within_deg: float) -> bool:
    """Whether its nose points to a place."""
    bearing = math.atan2(place[0] - sense.place_m[0], place[1] - sense.place_m[1])
    return bool(abs((bearing - sense.yaw_rad + np.pi) % (2.0 * np.pi) - np.pi) <= math.radians(within_deg))
