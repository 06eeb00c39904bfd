"""What each flight mode asks of the motors: takeoff, hold (with goto), land and return.

Modelled on PX4's navigator: a mode is entered, looks at what the vehicle senses at every step and leaves a
:class:`Target`. None of them knows about arming, commands or failsafes.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Protocol

from .dynamics import Kind, stopping_distance
from .params import ParameterTable

Place = tuple[float, float, float]  # east_m, north_m, up_m


@dataclass(frozen=True, slots=True)
class Target:
    """The setpoint of one vehicle in its local frame."""

    kind: Kind
    place_m: Place = (0.0, 0.0, 0.0)
    next_m: Place | None = None
    acceptance_m: float = 10.0
    speed_mps: float = 12.0
    yaw_rad: float = math.nan
    wing: bool = False
    """Flown on the wing: its speed is what it makes over ground, whatever a multirotor may."""
    acceleration_mps2: float | None = None
    """Instead of MPC_ACC_HOR."""


OFF: Final = Target(Kind.OFF)
REST: Final = Target(Kind.REST)


@dataclass(slots=True)
class Sense:
    """What one vehicle knows of itself; the fleet writes it at every step."""

    now_s: float = 0.0
    booted_s: float = 0.0
    place_m: Place = (0.0, 0.0, 0.0)
    velocity_mps: Place = (0.0, 0.0, 0.0)
    yaw_rad: float = 0.0
    acceleration_mps2: Place = (0.0, 0.0, 0.0)
    share: float = 1.0
    power_w: float = 0.0
    wind_mps: tuple[float, float] = (0.0, 0.0)
    landed: bool = True
    home_m: Place = (0.0, 0.0, 0.0)
    vtol: int = 0
    """MAV_VTOL_STATE (:class:`simulator.mavlink.wing.Vtol`)."""

    @property
    def speed_mps(self) -> float:
        """Speed over ground."""
        return math.hypot(self.velocity_mps[0], self.velocity_mps[1])

    def distance_m(self, place_m: Place) -> float:
        """Horizontal distance to a place."""
        return math.hypot(place_m[0] - self.place_m[0], place_m[1] - self.place_m[1])


class Navigation(Protocol):
    """One flight mode at work."""

    target: Target
    finished: bool

    def update(self, sense: Sense) -> None:
        """Look round and set ``target`` and ``finished``."""


def stop_place(sense: Sense, params: ParameterTable) -> Place:
    """Where the vehicle comes to rest if it brakes now."""
    east, north, up = sense.place_m
    ve, vn, _ = sense.velocity_mps
    speed = math.hypot(ve, vn)
    if speed < 0.1:
        return sense.place_m
    ahead = stopping_distance(speed, params["MPC_ACC_HOR"]) / speed
    return (east + ve * ahead, north + vn * ahead, up)


class Takeoff:
    """Straight up to an altitude; finished within NAV_MC_ALT_RAD of it."""

    def __init__(self, sense: Sense, params: ParameterTable, up_m: float | None) -> None:
        east, north, up = sense.place_m
        goal = up + params["MIS_TAKEOFF_ALT"] if up_m is None else up_m
        self.already_higher = goal < up
        self._goal_m = max(goal, up)
        radius = params["NAV_MC_ALT_RAD"]
        rise = self._goal_m - sense.home_m[2]
        self._near_m = rise / 2.0 if 0.0 < rise < radius else radius
        self.target = Target(Kind.TAKEOFF, (east, north, self._goal_m), speed_mps=default_speed(params))
        self.finished = False

    def update(self, sense: Sense) -> None:
        self.finished = not sense.landed and sense.place_m[2] > self._goal_m - self._near_m


class Hold:
    """Stay where one stops, or fly to ``goal`` and stay there."""

    finished = False

    def __init__(self, sense: Sense, params: ParameterTable, goal: Target | None = None) -> None:
        if goal is not None:
            self.target = goal
        elif sense.landed:
            self.target = REST
        else:
            place = stop_place(sense, params)
            self.target = Target(Kind.GOTO, place, speed_mps=default_speed(params))

    def set_speed(self, speed_mps: float) -> None:
        """Change the speed of the way under way."""
        if self.target.kind == Kind.GOTO:
            self.target = replace(self.target, speed_mps=speed_mps)

    def update(self, sense: Sense) -> None:
        pass


class Land:
    """Come down where one stops; finished on the ground."""

    def __init__(self, sense: Sense, params: ParameterTable) -> None:
        place = stop_place(sense, params)
        self.target = Target(Kind.LAND, place, speed_mps=default_speed(params))
        self.finished = False

    def update(self, sense: Sense) -> None:
        self.finished = sense.landed
        if sense.landed:
            self.target = REST


class Drift:
    """PX4's DESCEND: without a position, come down slowly wherever the wind carries."""

    def __init__(self) -> None:
        self.target = Target(Kind.DRIFT)
        self.finished = False

    def update(self, sense: Sense) -> None:
        self.finished = sense.landed
        if sense.landed:
            self.target = REST


class Return:
    """RTL in a straight line: climb, fly to the goal (home or a rally point), come down, land."""

    def __init__(self, sense: Sense, params: ParameterTable, goal: Place) -> None:
        self._params = params
        self._home = goal
        self.return_up_m = return_altitude(sense, params, goal)
        self._wait_until_s = math.inf
        self.finished = False
        east, north, _ = sense.place_m
        self._speed_mps = default_speed(params)
        if sense.landed:
            self._phase = "land"
            self.target = REST
        else:
            self._phase = "climb"
            self.target = self._go((east, north, self.return_up_m))

    def _go(self, place_m: Place) -> Target:
        return Target(Kind.GOTO, place_m, None, self._params["NAV_ACC_RAD"], self._speed_mps)

    def update(self, sense: Sense) -> None:
        east, north, home_up = self._home
        near_m = self._params["NAV_MC_ALT_RAD"]
        level = abs(sense.place_m[2] - self.target.place_m[2]) <= near_m
        near = sense.distance_m(self.target.place_m) <= self._params["NAV_ACC_RAD"]
        descend_up = min(home_up + self._params["RTL_DESCEND_ALT"], self.return_up_m)
        if self._phase == "climb" and level:
            self._phase = "fly"
            self.target = self._go((east, north, self.return_up_m))
        elif self._phase == "fly" and near and level:
            self._phase = "descend" if self._params["RTL_LAND_DELAY"] else "land"
            place = (east, north, descend_up)
            self.target = self._go(place) if self._phase == "descend" else self._touch_down()
        elif self._phase == "descend" and near and level:
            delay = self._params["RTL_LAND_DELAY"]
            self._phase = "wait"
            self._wait_until_s = sense.now_s + delay if delay > 0.0 else math.inf
        elif self._phase == "wait" and sense.now_s >= self._wait_until_s:
            self._phase = "land"
            self.target = self._touch_down()
        if self._phase == "land" and sense.landed:
            self.finished = True
            self.target = REST

    def _touch_down(self) -> Target:
        return Target(Kind.LAND, self._home, speed_mps=self._speed_mps)


def return_altitude(sense: Sense, params: ParameterTable, goal: Place) -> float:
    """Height (up_m) of the way to ``goal``: RTL_RETURN_ALT, lower inside the cone around it, never down."""
    home_up = goal[2]
    away_m = sense.distance_m(goal)
    highest = home_up + params["RTL_RETURN_ALT"]
    angle = params["RTL_CONE_ANG"]
    height = highest
    if angle > 0:
        if away_m <= params["NAV_ACC_RAD"]:
            height = home_up + 2.0 * away_m
        else:
            if away_m <= params["RTL_MIN_DIST"]:
                cone = math.radians(min(max(angle, 1.0), 89.0))
                height = min(home_up + away_m / math.tan(cone), height)
            height = max(height, home_up + 2.0 * params["NAV_ACC_RAD"])
        return min(max(height, sense.place_m[2]), max(highest, sense.place_m[2]))
    return max(sense.place_m[2], highest)


def default_speed(params: ParameterTable) -> float:
    """Speed over ground of goto, mission and return where none was commanded (5 m/s if nobody changed it)."""
    return min(params["MPC_XY_CRUISE"], params["MPC_XY_VEL_MAX"])
