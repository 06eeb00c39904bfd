"""One item of a mission, as MISSION_ITEM_INT carries it, and what PX4 makes of it."""

import math
from dataclasses import dataclass
from typing import Final

NAV_WAYPOINT: Final = 16
NAV_LOITER_UNLIM: Final = 17
NAV_LOITER_TIME: Final = 19
NAV_RETURN_TO_LAUNCH: Final = 20
NAV_LAND: Final = 21
NAV_TAKEOFF: Final = 22
NAV_DELAY: Final = 93
DO_JUMP: Final = 177
DO_CHANGE_SPEED: Final = 178
DO_LAND_START: Final = 189
DO_VTOL_TRANSITION: Final = 3000
NAV_RALLY_POINT: Final = 5100

POSITIONED: Final = frozenset({NAV_WAYPOINT, NAV_LOITER_UNLIM, NAV_LOITER_TIME, NAV_LAND, NAV_TAKEOFF})
# accepted and passed over: cameras, gimbals, grippers, regions of interest, servos, home
IGNORED: Final = frozenset(
    {112, 113, 115, 181, 183, 187, 189, 195, 196, 197, 201, 203, 205, 206, 211, 214, 530, 531, 532}
    | {1000, 1001, 2000, 2001, 2500, 2501}
)
SUPPORTED: Final = (
    POSITIONED | IGNORED | {NAV_RETURN_TO_LAUNCH, NAV_DELAY, DO_JUMP, DO_CHANGE_SPEED, DO_VTOL_TRANSITION}
)

TO_WING: Final = 4
"""MAV_VTOL_STATE_FW."""

_RELATIVE_FRAMES: Final = frozenset({3, 6})
_AMSL_FRAMES: Final = frozenset({0, 5})
_FRAMES: Final = _RELATIVE_FRAMES | _AMSL_FRAMES | {2}


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a mission, a fence or the rally points.

    Positions in degrees, ``z_m`` in the altitude reference of ``frame``.
    """

    seq: int
    frame: int
    command: int
    autocontinue: bool
    param1: float
    param2: float
    param3: float
    param4: float
    latitude_deg: float
    longitude_deg: float
    z_m: float

    @property
    def known_frame(self) -> bool:
        """Whether PX4 takes this coordinate frame."""
        return self.frame in _FRAMES

    @property
    def positioned(self) -> bool:
        """Whether the item is a place to fly to."""
        return self.command in POSITIONED

    def altitude_m(self, home_altitude_m: float) -> float:
        """Altitude above mean sea level."""
        return self.z_m + home_altitude_m if self.frame in _RELATIVE_FRAMES else self.z_m

    @property
    def to_wing(self) -> bool:
        """Whether a transition leads to flight on the wing."""
        return self.command == DO_VTOL_TRANSITION and int(self.param1) == TO_WING

    @property
    def stay_s(self) -> float:
        """How long the vehicle stays once there."""
        if self.command in (NAV_WAYPOINT, NAV_LOITER_TIME, NAV_DELAY) and math.isfinite(self.param1):
            return max(self.param1, 0.0)
        return math.inf if self.command == NAV_LOITER_UNLIM else 0.0
