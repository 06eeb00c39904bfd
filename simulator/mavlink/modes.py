"""PX4's flight modes and what may be done in them."""

from enum import Enum


class Mode(Enum):
    """A flight mode as (main mode, sub mode), the two numbers PX4 puts into HEARTBEAT.custom_mode.

    Source: PX4 ``px4_custom_mode.h``. Only modes of an autopilot without a pilot are flown here.
    """

    TAKEOFF = (4, 2)
    HOLD = (4, 3)
    MISSION = (4, 4)
    RETURN = (4, 5)
    LAND = (4, 6)
    ORBIT = (3, 1)

    @property
    def custom_mode(self) -> int:
        """The 32 bits of HEARTBEAT.custom_mode."""
        main, sub = self.value
        return int(main) << 16 | int(sub) << 24

    @property
    def prevents_arming(self) -> bool:
        """PX4 does not arm in a mode whose end is on the ground, nor to circle."""
        return self in (Mode.RETURN, Mode.LAND, Mode.ORBIT)

    @property
    def title(self) -> str:
        """The mode's name in PX4's own messages."""
        return _TITLES[self]


_TITLES = {
    Mode.TAKEOFF: "Takeoff",
    Mode.HOLD: "Hold",
    Mode.MISSION: "Mission",
    Mode.RETURN: "Return",
    Mode.LAND: "Land",
    Mode.ORBIT: "Orbit",
}


def mode_of(main: int, sub: int) -> Mode | None:
    """The mode that DO_SET_MODE names, or None where this vehicle does not fly it."""
    if main == 4 and sub == 0:
        return Mode.MISSION
    known = next((mode for mode in Mode if mode.value == (main, sub)), None)
    return None if known is Mode.ORBIT else known  # a circle needs a command that says which


class Verdict(Enum):
    """The answer to a command, as MAV_RESULT."""

    ACCEPTED = 0
    REJECTED = 1  # TEMPORARILY_REJECTED, what PX4 answers where MAVSDK says COMMAND_DENIED
    DENIED = 2
    UNSUPPORTED = 3
    FAILED = 4


class Severity(Enum):
    """How grave a STATUSTEXT is, as MAV_SEVERITY."""

    EMERGENCY = 0
    CRITICAL = 2
    WARNING = 4
    INFO = 6
