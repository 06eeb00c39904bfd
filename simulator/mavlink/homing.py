"""Where RTL leads: home or to a rally point in a straight line, or along the mission (PX4's ``RTL_TYPE``).

Along the mission means PX4 1.16's ``rtl_mission_fast.cpp``: on to the landing at the mission's end, nowhere staying;
where the mission has no landing, ``rtl_mission_fast_reverse.cpp``: back along it and down at home. In mission mode it
goes on from the item that it is on, in any other mode from the item nearest to it, height counted.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .frame import Frame
from .items import DO_LAND_START, NAV_LAND, NAV_RALLY_POINT, NAV_WAYPOINT, Item
from .navigation import Place, Sense

ALONG_MISSION: Final = frozenset({2, 4})
LEAST_FROM_HOME_M: Final = 10.0
"""A rally point nearer to home than this is home."""
LEAST_GAIN_M: Final = 2.0


def has_landing(items: Sequence[Item]) -> bool:
    """Whether the mission ends with a marked landing."""
    commands = [item.command for item in items]
    return DO_LAND_START in commands and NAV_LAND in commands[commands.index(DO_LAND_START) :]


def along_mission(
    items: Sequence[Item], frame: Frame, sense: Sense, index: int | None
) -> tuple[tuple[Item, ...], int] | None:
    """The items to fly home by, and the first of them; ``index`` is the item under way in mission mode, else None.

    None where there is no item to fly to: PX4 then stays where it is.
    """
    places = [number for number, item in enumerate(items) if item.positioned]
    if not places:
        return None
    if has_landing(items):
        passing = tuple(_passing(item) for item in items)
        return passing, _nearest(items, places, frame, sense) if index is None else index
    start = _nearest(items, places, frame, sense) if index is None else max(0, index - 1)
    back = [_passing(items[number]) for number in reversed(places) if number <= start]
    east, north, _ = sense.home_m
    latitude, longitude = frame.globe(east, north)
    down = replace(items[0], command=NAV_LAND, latitude_deg=latitude, longitude_deg=longitude, z_m=0.0, frame=3)
    return (*back, down), 0


def straight_home(rally: Sequence[Item], frame: Frame, sense: Sense) -> Place:
    """Home, or the rally point that is nearer."""
    best, nearest_m = sense.home_m, sense.distance_m(sense.home_m)
    for item in rally:
        east, north = frame.local(item.latitude_deg, item.longitude_deg)
        place = (east, north, item.altitude_m(frame.altitude_m + sense.home_m[2]) - frame.altitude_m)
        apart_m = math.hypot(east - sense.home_m[0], north - sense.home_m[1])
        if item.command == NAV_RALLY_POINT and apart_m > LEAST_FROM_HOME_M:
            far_m = sense.distance_m(place)
            if far_m + LEAST_GAIN_M < nearest_m:
                best, nearest_m = place, far_m
    return best


def _passing(item: Item) -> Item:
    """The item as it is flown on the way home: no place to stay at."""
    if not item.positioned or item.command == NAV_LAND:
        return item
    return replace(item, command=NAV_WAYPOINT, autocontinue=True, param1=0.0)


def _nearest(items: Sequence[Item], places: Sequence[int], frame: Frame, sense: Sense) -> int:
    def far_m(number: int) -> float:
        item = items[number]
        east, north = frame.local(item.latitude_deg, item.longitude_deg)
        up = item.altitude_m(frame.altitude_m + sense.home_m[2]) - frame.altitude_m
        return math.dist((east, north, up), sense.place_m)

    return min(places, key=far_m)
