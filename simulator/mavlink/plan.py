"""What was uploaded to a vehicle: its mission, its fence and its rally points, and whether they can be flown."""

import math
from collections.abc import Callable
from typing import Final

from .fence import Circle, Fence, FenceError, Polygon, fence_from_items
from .frame import Frame
from .items import DO_JUMP, SUPPORTED, Item
from .navigation import Sense
from .params import ParameterTable

CHECK_S: Final = 0.1  # between an upload and the navigator having checked it
TEXT_LENGTH: Final = 50

Complain = Callable[[str], None]


class Plan:
    """Mission, fence and rally points of one vehicle; ``index`` is the mission item that is flown next."""

    def __init__(self, frame: Frame, params: ParameterTable, sense: Sense, complain: Complain) -> None:
        self._frame = frame
        self._params = params
        self._sense = sense
        self._complain = complain
        self.clear()

    def clear(self) -> None:
        """Forget everything, as a restarted autopilot has."""
        self.mission: tuple[Item, ...] = ()
        self.index = 0
        self.finished = False
        self.reached: list[int] = []
        self.fence = Fence()
        self.fence_items: tuple[Item, ...] = ()
        self.rally: tuple[Item, ...] = ()
        self._valid = False
        self._ready_s = 0.0

    @property
    def available(self) -> bool:
        """Whether there is a mission that passed the checks."""
        return self._valid and self._sense.now_s >= self._ready_s

    def accept_mission(self, items: tuple[Item, ...]) -> bool:
        """Take over an uploaded mission; False where it holds an item this vehicle cannot fly."""
        if any(item.command not in SUPPORTED or not item.known_frame for item in items):
            return False
        self.mission = items
        self.index = 0
        self.finished = False
        self.reached = []
        self._check()
        return True

    def accept_fence(self, items: tuple[Item, ...]) -> bool:
        """Take over an uploaded fence; False where it is incomplete.

        Like PX4 it throws away, with a word but not in its answer, what does not allow its home or, in the air, the
        place where it is; and the same fence sent again it does not look at again.
        """
        if items == self.fence_items:
            return True
        try:
            fence = fence_from_items(items, self._frame)
        except FenceError as error:
            self._complain(f"Geofence invalid: {error}"[:TEXT_LENGTH])
            return False
        self.fence, self.fence_items = Fence(tuple(filter(self._holds, fence.shapes))), items
        self._check()
        return True

    def _holds(self, shape: Polygon | Circle) -> bool:
        """Whether a part of a fence allows home and, in the air, where the vehicle is."""
        sense = self._sense
        if not shape.allows(*sense.home_m[:2]):
            self._complain("Geofence invalid, doesn't contain Home position")
            return False
        if self._params["GF_ACTION"] and not sense.landed and not shape.allows(*sense.place_m[:2]):
            self._complain("Geofence invalid, doesn't contain current vehicle position")
            return False
        return True

    def allows(self, east_m: float, north_m: float, up_m: float) -> bool:
        """Whether the fence and the distance limits (GF_MAX_*) allow a place."""
        home_east, home_north, home_up = self._sense.home_m
        across, above = self._params["GF_MAX_HOR_DIST"], self._params["GF_MAX_VER_DIST"]
        if 0.0 < across < math.hypot(east_m - home_east, north_m - home_north):
            return False
        if 0.0 < above < up_m - home_up:
            return False
        return self.fence.allows(east_m, north_m)

    @property
    def fenced(self) -> bool:
        """Whether there is anything to stay inside of."""
        limits = self._params["GF_MAX_HOR_DIST"] > 0.0 or self._params["GF_MAX_VER_DIST"] > 0.0
        return bool(self.fence.shapes) or limits

    def _check(self) -> None:
        self._ready_s = self._sense.now_s + CHECK_S
        self._valid = bool(self.mission) and self._flyable()

    def _flyable(self) -> bool:
        home_altitude_m = self._frame.altitude_m + self._sense.home_m[2]
        first = True
        for number, item in enumerate(self.mission, start=1):
            if item.command == DO_JUMP and not 0 <= item.param1 < len(self.mission):
                return False
            if not item.positioned:
                continue
            east, north = self._frame.local(item.latitude_deg, item.longitude_deg)
            up = item.altitude_m(home_altitude_m) - self._frame.altitude_m
            if not self.allows(east, north, up):
                self._complain(f"Geofence violation for waypoint {number}")
                return False
            limit_m, (home_east, home_north, _) = self._params["MIS_DIST_1WP"], self._sense.home_m
            away_m = math.hypot(east - home_east, north - home_north)
            if first and 0.0 < limit_m <= away_m:  # a word, but no reason not to fly it
                self._complain(f"First waypoint far away from home: {away_m:.0f}m"[:TEXT_LENGTH])
            first = False
        return True
