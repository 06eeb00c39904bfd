"""Circling over a place: PX4's orbit (``FlightTaskOrbit.cpp`` of 1.16).

It flies straight to the nearest point of the circle, and from there round it with a velocity along the tangent and back
to the circle by what it is off.
"""

import math
from typing import Final

from .dynamics import Kind
from .navigation import Place, Sense, Target, default_speed
from .params import ParameterTable

LEAST_RADIUS_M, MOST_SPEED_MPS, MOST_LATERAL_MPS2, ON_CIRCLE_M = 1.0, 10.0, 2.0, 2.0
"""Constants of PX4's flight task."""

AHEAD_M: Final = 200.0
"""A velocity is flown as a place so far ahead that nothing brakes for it yet."""

TO_CENTRE, TANGENT = 0, 3
"""Where the nose points, of MAVLink's ORBIT_YAW_BEHAVIOUR; with any other it stays where it pointed."""


class Orbit:
    """A circle over ``centre`` at its height; a negative radius is flown anticlockwise."""

    finished = False

    def __init__(
        self, sense: Sense, params: ParameterTable, centre: Place, radius_m: float, speed_mps: float, nose: int
    ) -> None:
        self._params = params
        self._centre = centre
        self._radius_m = abs(radius_m)
        self._speed_mps = min(abs(speed_mps), MOST_SPEED_MPS, math.sqrt(MOST_LATERAL_MPS2 * self._radius_m))
        self._turn = math.copysign(1.0, radius_m)
        self._nose, self._first_yaw_rad = nose, sense.yaw_rad
        self._approaching = True
        self._now_mps, self._at_s = 0.0, sense.now_s
        self.target: Target
        self.update(sense)

    def update(self, sense: Sense) -> None:
        east, north = sense.place_m[0] - self._centre[0], sense.place_m[1] - self._centre[1]
        away_m = math.hypot(east, north)
        out_east, out_north = (east / away_m, north / away_m) if away_m > 0.0 else (0.0, 1.0)
        level = abs(sense.place_m[2] - self._centre[2]) < self._params["NAV_MC_ALT_RAD"]
        passed_s, self._at_s = sense.now_s - self._at_s, sense.now_s
        if self._approaching and not (level and abs(away_m - self._radius_m) < ON_CIRCLE_M):
            place = (self._centre[0] + out_east * self._radius_m, self._centre[1] + out_north * self._radius_m)
            speed_mps = default_speed(self._params)
        else:
            self._approaching = False
            self._now_mps = min(self._speed_mps, self._now_mps + self._params["MPC_ACC_HOR"] * passed_s)
            back_mps = self._radius_m - away_m
            ve = self._turn * self._now_mps * out_north + back_mps * out_east
            vn = -self._turn * self._now_mps * out_east + back_mps * out_north
            speed_mps = math.hypot(ve, vn)
            ahead_s = AHEAD_M / max(speed_mps, 1e-6)
            place = (sense.place_m[0] + ve * ahead_s, sense.place_m[1] + vn * ahead_s)
        yaw_rad = {TO_CENTRE: math.atan2(-out_east, -out_north), TANGENT: math.nan}.get(self._nose, self._first_yaw_rad)
        self.target = Target(
            Kind.GOTO, (*place, self._centre[2]), None, self._params["NAV_ACC_RAD"], speed_mps, yaw_rad
        )
