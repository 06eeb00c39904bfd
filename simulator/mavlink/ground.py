"""Leaving the ground and coming back to it: spin-up, takeoff ramp, land detector, auto-disarm.

The times are those of PX4 1.16's land detector and takeoff ramp, measured on its SIH quadrotor: a takeoff is
detected 1.8 s after arming, before anything rises; a landing 3.9 s after the touch (the median of 28).
"""

from typing import Final

from .dynamics import Kind
from .navigation import REST, Sense, Target
from .params import ParameterTable

LANDED_AFTER_S: Final = 3.9
LIFT_DETECTED_S: Final = 0.8
LEAST_CLIMB_M: Final = 0.2  # a target lower than this starts no takeoff
RAMP_SHARE: Final = 0.8  # of MPC_TKO_RAMP_T, until the thrust carries

_COMING_DOWN: Final = frozenset({Kind.LAND, Kind.DRIFT, Kind.OFF})


class Ground:
    """Contact with the ground since the vehicle was armed. Owns ``sense.landed``."""

    def __init__(self, sense: Sense, params: ParameterTable) -> None:
        self._sense = sense
        self._params = params
        self._armed_s = sense.now_s
        self._ramp_s: float | None = None
        self._touched_s: float | None = None
        self._landed_s = 0.0
        self.flown = False

    def detect_landing(self, kind: Kind) -> bool:
        """True at the moment at which a landing is detected."""
        sense = self._sense
        if sense.landed:
            return False
        if sense.place_m[2] > 0.0 or kind not in _COMING_DOWN:
            self._touched_s = None
        elif self._touched_s is None:
            self._touched_s = sense.now_s
        elif sense.now_s - self._touched_s >= LANDED_AFTER_S:
            sense.landed = True
            self._landed_s = sense.now_s
            return True
        return False

    def thrust(self, wanted: Target) -> tuple[Target, bool]:
        """What the motors give of a wanted target, and whether a takeoff is detected in this moment."""
        sense = self._sense
        if sense.place_m[2] > 0.0:
            self._ramp_s = None
            return wanted, self._lift_off()
        if wanted.kind in _COMING_DOWN:
            return wanted if not sense.landed else REST, False
        if wanted.kind == Kind.REST or wanted.place_m[2] < LEAST_CLIMB_M:
            self._ramp_s = None
            return REST, False
        if self._ramp_s is None:
            self._ramp_s = max(sense.now_s, self._armed_s + self._params["COM_SPOOLUP_TIME"])
        lifted = sense.now_s >= self._ramp_s + LIFT_DETECTED_S and self._lift_off()
        carries = sense.now_s >= self._ramp_s + RAMP_SHARE * self._params["MPC_TKO_RAMP_T"]
        return wanted if carries else REST, lifted

    def _lift_off(self) -> bool:
        """Leave the landed state; False where it had been left before."""
        was_landed = self._sense.landed
        self._sense.landed = False
        self.flown = True
        return was_landed

    def disarm_reason(self, *, on_mission: bool) -> str | None:
        """Why the vehicle is to be disarmed now, if it is."""
        now_s = self._sense.now_s
        if self.flown:
            wait_s = self._params["COM_DISARM_LAND"]
            waits = wait_s <= 0.0 or not self._sense.landed or on_mission
            return None if waits or now_s - self._landed_s < wait_s else "landing"
        wait_s = self._params["COM_DISARM_PRFLT"]
        if wait_s > 0.0 and now_s - self._armed_s >= self._params["COM_SPOOLUP_TIME"] + wait_s:
            return "preflight inaction"
        return None
