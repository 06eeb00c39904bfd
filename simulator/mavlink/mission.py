"""Flying an uploaded mission, item by item, as PX4's navigator does."""

import math
from collections.abc import Sequence
from dataclasses import replace

from .dynamics import Kind
from .frame import Frame
from .items import (
    DO_CHANGE_SPEED,
    DO_JUMP,
    DO_VTOL_TRANSITION,
    NAV_DELAY,
    NAV_LAND,
    NAV_RETURN_TO_LAUNCH,
    NAV_TAKEOFF,
    Item,
)
from .navigation import REST, Place, Sense, Target, default_speed
from .params import ParameterTable
from .wing import ACCEPTED_M, FLIES_SHARE, Vtol, back, on_wing, turned_to


class MissionFlight:
    """A mission at work, from ``index`` on. ``reached`` grows by every item that is done.

    ``wants_return`` is set by a return item: the vehicle then changes its mode, as PX4's commander does.
    """

    def __init__(self, items: Sequence[Item], frame: Frame, params: ParameterTable, sense: Sense, index: int) -> None:
        self._items = items
        self._frame = frame
        self._params = params
        self._jumps: dict[int, int] = {}
        self._speed_mps: float | None = None
        self._stay_until_s: float | None = None
        self._approaching_land = False
        self._goal: Target | None = None
        self.index = index
        self.reached: list[int] = []
        self.finished = False
        self.wants_return = False
        self.target: Target = REST if sense.landed else _here(sense)
        for item in items[:index]:
            if item.command == DO_CHANGE_SPEED:
                self._speed_mps = item.param2 if item.param2 > 0 else None
        self._climb_to_m = self._needed_climb(sense)
        self._begin(sense)

    def set_speed(self, speed_mps: float) -> None:
        """A speed commanded in flight holds until the mission sets another one."""
        self._speed_mps = speed_mps
        if self.target.kind == Kind.GOTO:
            t = self.target
            self.target = Target(t.kind, t.place_m, t.next_m, t.acceptance_m, speed_mps, t.yaw_rad)

    def update(self, sense: Sense) -> None:
        while not self.finished and self._done(sense):
            if self._climb_to_m is not None:
                self._climb_to_m = None
            else:
                self._advance()
            self._begin(sense)
        if sense.vtol in (Vtol.FORWARD, Vtol.ON_WING) and self._goal is not None and not self.finished:
            self.target = on_wing(self._goal, sense, self._params["FW_AIRSPD_TRIM"])

    @property
    def speed_mps(self) -> float:
        """Speed over ground between waypoints."""
        return self._speed_mps if self._speed_mps is not None else default_speed(self._params)

    def _needed_climb(self, sense: Sense) -> float | None:
        """PX4 climbs on the spot before it flies towards a first item that is higher."""
        item = next((i for i in self._items[self.index :] if i.positioned), None)
        if item is None or item.command == NAV_LAND:
            return None
        height = self._place(item, sense)[2]
        return height if height - sense.place_m[2] > self._params["NAV_MC_ALT_RAD"] else None

    def _place(self, item: Item, sense: Sense) -> Place:
        east, north = self._frame.local(item.latitude_deg, item.longitude_deg)
        home_altitude_m = self._frame.altitude_m + sense.home_m[2]
        return (east, north, item.altitude_m(home_altitude_m) - self._frame.altitude_m)

    def _begin(self, sense: Sense) -> None:
        """Set the target of the current item; items that are no place are carried out on the way."""
        self._stay_until_s = None
        self._approaching_land = False
        if self._climb_to_m is not None:
            east, north, _ = sense.place_m
            kind = Kind.TAKEOFF if sense.landed else Kind.GOTO
            self.target = Target(kind, (east, north, self._climb_to_m), speed_mps=self.speed_mps)
            return
        while self.index < len(self._items):
            item = self._items[self.index]
            if item.command == NAV_RETURN_TO_LAUNCH:
                self.wants_return = True
                return
            if item.positioned:
                self._begin_place(item, sense)
                return
            if item.command == NAV_DELAY:
                self._stay_until_s = sense.now_s + item.stay_s
                return
            if item.command == DO_VTOL_TRANSITION and sense.vtol != Vtol.NONE:
                self._begin_transition(item, sense)
                return
            if item.command == DO_CHANGE_SPEED:
                self._speed_mps = item.param2 if item.param2 > 0 else None
            self._advance()
        self.finished = True
        if sense.landed:
            self.target = REST
        elif self.target.kind == Kind.GOTO:
            t = self.target
            self.target = Target(t.kind, t.place_m, None, t.acceptance_m, t.speed_mps, t.yaw_rad)

    def _begin_transition(self, item: Item, sense: Sense) -> None:
        """To the wing: turn to the next place, hovering. Back: brake for where this leg leads."""
        to = next((self._place(later, sense) for later in self._items[self.index :] if later.positioned), sense.place_m)
        goal = Target(Kind.GOTO, to, None, ACCEPTED_M, self.speed_mps)
        if not item.to_wing:
            sense.vtol = Vtol.BACK if sense.vtol != Vtol.HOVERS else Vtol.HOVERS
            self._goal, self.target = None, back(goal)
            return
        self._goal = goal
        if sense.vtol == Vtol.HOVERS:
            yaw_rad = math.atan2(to[0] - sense.place_m[0], to[1] - sense.place_m[1])
            self.target = Target(Kind.GOTO, sense.place_m, speed_mps=self.speed_mps, yaw_rad=yaw_rad)

    def _transition_done(self, item: Item, sense: Sense) -> bool:
        if not item.to_wing:
            if sense.vtol == Vtol.BACK and sense.speed_mps <= default_speed(self._params):
                sense.vtol = Vtol.HOVERS
            return sense.vtol == Vtol.HOVERS
        assert self._goal is not None
        if sense.vtol == Vtol.HOVERS and turned_to(sense, self._goal.place_m, self._params["MIS_YAW_ERR"]):
            sense.vtol = Vtol.FORWARD
        elif sense.vtol == Vtol.FORWARD and sense.speed_mps >= FLIES_SHARE * self.target.speed_mps:
            sense.vtol = Vtol.ON_WING
        return sense.vtol == Vtol.ON_WING

    def _begin_place(self, item: Item, sense: Sense) -> None:
        east, north, up = self._place(item, sense)
        if item.command == NAV_TAKEOFF:
            here_east, here_north, here_up = sense.place_m
            kind = Kind.TAKEOFF if sense.landed or self.target.kind == Kind.TAKEOFF else Kind.GOTO
            place = (here_east, here_north, max(up, here_up))
            self.target = Target(kind, place, speed_mps=self.speed_mps)
            return
        if item.command == NAV_LAND:
            place = (east, north, sense.place_m[2])
            if not sense.landed and sense.distance_m(place) > self._params["NAV_ACC_RAD"]:
                self._approaching_land = True
                self.target = Target(Kind.GOTO, place, None, self._params["NAV_ACC_RAD"], self.speed_mps)
            else:
                self.target = Target(Kind.LAND, place, speed_mps=self.speed_mps)
            return
        acceptance = item.param2 if math.isfinite(item.param2) and item.param2 > 0 else None
        self.target = Target(
            Kind.GOTO,
            (east, north, up),
            self._onward(item, sense),
            acceptance or self._params["NAV_ACC_RAD"],
            self.speed_mps,
            math.radians(item.param4) if math.isfinite(item.param4) else math.nan,
        )
        if sense.vtol == Vtol.ON_WING:
            self._goal = replace(self.target, acceptance_m=ACCEPTED_M)
        elif self._left_wing:
            self.target = replace(back(self.target), acceleration_mps2=None)

    def _onward(self, item: Item, sense: Sense) -> Place | None:
        """The place after this one, unless the vehicle is to stop here."""
        if not item.autocontinue or item.stay_s > 0.0:
            return None
        for later in self._items[self.index + 1 :]:
            if later.command in (NAV_RETURN_TO_LAUNCH, NAV_DELAY, DO_JUMP):
                return None
            if later.positioned:
                return self._place(later, sense)
        return None

    def _done(self, sense: Sense) -> bool:
        """Whether the current item (or the climb before it) has been carried out."""
        up = sense.place_m[2]
        near_m = self._params["NAV_MC_ALT_RAD"]
        if self.wants_return:
            return False
        if self._climb_to_m is not None:
            return not sense.landed and up > self._climb_to_m - near_m
        item = self._items[self.index]
        if item.command == NAV_DELAY:
            return self._stay_until_s is not None and sense.now_s >= self._stay_until_s
        if item.command == NAV_TAKEOFF:
            return not sense.landed and up > self.target.place_m[2] - near_m
        if item.command == DO_VTOL_TRANSITION:
            return self._transition_done(item, sense)
        if item.command == NAV_LAND:
            if self._approaching_land:
                if sense.distance_m(self.target.place_m) <= self.target.acceptance_m:
                    self._approaching_land = False
                    place = self.target.place_m
                    self.target = Target(Kind.LAND, place, speed_mps=self.speed_mps)
                return False
            return sense.landed
        if self._stay_until_s is None:
            goal = self._goal or self.target
            there = sense.distance_m(goal.place_m) <= goal.acceptance_m
            if sense.landed or not there or abs(up - goal.place_m[2]) > near_m:
                return False
            self._stay_until_s = sense.now_s + item.stay_s
        return sense.now_s >= self._stay_until_s

    @property
    def _left_wing(self) -> bool:
        """Whether it has just gone back to hovering."""
        before = self._items[self.index - 1] if self.index else None
        return before is not None and before.command == DO_VTOL_TRANSITION and not before.to_wing

    def _advance(self) -> None:
        item = self._items[self.index]
        self.reached.append(self.index)
        if item.command == DO_JUMP:
            made = self._jumps.get(self.index, 0)
            if made < item.param2 and 0 <= item.param1 < len(self._items):
                self._jumps[self.index] = made + 1
                self.index = int(item.param1)
                return
        self.index += 1


def _here(sense: Sense) -> Target:
    return Target(Kind.GOTO, sense.place_m)
