"""The autopilot of one vehicle: arming, modes, commands and what they really bring about.

It answers as PX4 1.16 does, also where that surprises: an accepted command is no promise. A takeoff while
disarmed changes the mode, and a later arming takes off; a goto while disarmed or outside the fence is
accepted and not flown; Hold while a goto is under way changes nothing; LAND on the ground leaves a mode that
cannot be armed. Time is simulated time in seconds since boot.
"""

import math
from typing import Final

from .dynamics import Kind
from .failsafe import BatteryLevel, Conditions, Failsafe, battery_level
from .frame import Frame
from .ground import Ground
from .homing import ALONG_MISSION, along_mission, straight_home
from .items import Item
from .mission import MissionFlight
from .modes import Mode, Severity, Verdict
from .navigation import (
    OFF,
    Drift,
    Hold,
    Land,
    Navigation,
    Place,
    Return,
    Sense,
    Takeoff,
    Target,
    default_speed,
    stop_place,
)
from .orbit import LEAST_RADIUS_M, Orbit
from .params import ParameterTable
from .plan import Plan
from .spec import VehicleSpec
from .wing import Vtol

FENCE_CHECK_S: Final = 0.2
QUAD_TYPE: Final = 2
VTOL_TYPE: Final = 22
"""MAV_TYPE, and MAV_TYPE_VTOL_FIXEDROTOR."""
POSITION_LOST_S: Final = 6.0  # without GPS, until the estimate is given up (measured)


class Vehicle:
    """One simulated autopilot. The fleet writes ``sense`` and reads ``target`` at every step."""

    def __init__(self, spec: VehicleSpec) -> None:
        self.spec = spec
        self.frame: Frame = spec.frame()
        kind = VTOL_TYPE if spec.wing_w else QUAD_TYPE
        self.params = ParameterTable({"MAV_TYPE": kind, **spec.params, "MAV_SYS_ID": spec.system_id})
        self.sense = Sense(share=spec.battery_share)
        self.texts: list[tuple[Severity, str]] = []
        self.plan = Plan(self.frame, self.params, self.sense, self._complain)
        self.refuse_arm = False
        self.refuse_goto = False
        self.refuse_mission = False
        self.gps_lost = False
        self.gimbal_stuck = False
        self.link_lost = True
        self._boot()

    def _boot(self) -> None:
        self.armed = False
        self.mode = Mode.HOLD  # what the operator intends
        self.active_mode = Mode.HOLD  # what is flown, failsafes included
        self.target: Target = OFF
        self._mode_after_disarm = Mode.HOLD
        self._navigation: Navigation | None = None
        self._orbit: Orbit | None = None
        self._failsafe = Failsafe()
        self._ground = Ground(self.sense, self.params)
        self._speed_mps: float | None = None
        self._takeoff_up_m: float | None = None
        self._fence_checked_s = 0.0
        self._outside_fence = False
        self.sense.vtol = Vtol.HOVERS if self.spec.wing_w else Vtol.NONE
        self._gps_lost_s: float | None = None
        self._drifting = False

    def reboot(self) -> None:
        """Start again on the ground, disarmed, without a mission: what a restarted PX4 process does."""
        self.plan.clear()
        self.sense.booted_s = self.sense.now_s
        self.sense.landed = True
        self.sense.home_m = (0.0, 0.0, 0.0)
        self._boot()

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        """Queue a STATUSTEXT."""
        self.texts.append((severity, text))

    def _complain(self, text: str) -> None:
        self.say(text, Severity.CRITICAL)

    # ------------------------------------------------------------------ what others may know

    @property
    def healthy(self) -> bool:
        """Whether there is a position to navigate by."""
        return not self.gps_lost and not self._drifting

    @property
    def armable(self) -> bool:
        """Whether arming would succeed now."""
        return (
            self.healthy
            and not self.refuse_arm
            and not self.mode.prevents_arming
            and battery_level(self.sense.share, self.params) < BatteryLevel.CRITICAL
            and not (self.link_lost and self.params["NAV_DLL_ACT"] > 0)
            and not (self.mode == Mode.MISSION and not self.plan.available)
        )

    @property
    def wanted_kind(self) -> Kind:
        """What the active mode wants of the motors, whether or not they can do it yet."""
        return self._navigation.target.kind if self._navigation is not None else self.target.kind

    # ------------------------------------------------------------------ commands

    def arm(self, *, reason: str = "external command") -> Verdict:
        """Start the motors."""
        if self.armed:
            return Verdict.ACCEPTED
        if not self.armable:
            self._complain("Arming denied: Resolve system health failures first")
            return Verdict.REJECTED
        self.armed = True
        self._ground = Ground(self.sense, self.params)
        self._failsafe = Failsafe(self._conditions())
        self._set_home()
        self._navigation = None
        self.say(f"Armed by {reason}")
        return Verdict.ACCEPTED

    def disarm(self, *, force: bool = False, reason: str = "external command") -> Verdict:
        """Stop the motors; in the air only by force."""
        if not self.armed:
            return Verdict.ACCEPTED
        if not (force or self.sense.landed):
            self._complain("Disarming denied: not landed")
            return Verdict.REJECTED
        self.armed = False
        self.mode = self.active_mode = self._mode_after_disarm
        self._navigation = None
        self._drifting = False
        self.target = OFF
        self.say(f"Disarmed by {reason}")
        return Verdict.ACCEPTED

    def set_mode(self, mode: Mode) -> Verdict:
        """Ask for a mode; disarmed, any is granted, and Land always."""
        runs = self.healthy and (mode != Mode.MISSION or (self.plan.available and not self.refuse_mission))
        if self.armed and not runs and mode != Mode.LAND:
            self._complain(f"Switching to {mode.title} is currently not available")
            return Verdict.REJECTED
        self._intend(mode)
        return Verdict.ACCEPTED

    def takeoff(self, altitude_m: float | None) -> Verdict:
        """Climb on the spot, to MIS_TAKEOFF_ALT above here or to an altitude above mean sea level."""
        self._takeoff_up_m = None if altitude_m is None else altitude_m - self.frame.altitude_m
        already = self.active_mode == Mode.TAKEOFF
        verdict = self.set_mode(Mode.TAKEOFF)
        if verdict == Verdict.ACCEPTED and self.armed and already:
            self._enter(Mode.TAKEOFF)
        return verdict

    def land(self) -> Verdict:
        """Come down here."""
        self.say("Landing at current position")
        return self.set_mode(Mode.LAND)

    def return_home(self) -> Verdict:
        """Fly home and land."""
        verdict = self.set_mode(Mode.RETURN)
        if verdict == Verdict.ACCEPTED:
            self.say("Returning to launch")
        return verdict

    def goto(
        self,
        latitude_deg: float | None,
        longitude_deg: float | None,
        altitude_m: float | None,
        yaw_rad: float,
        speed_mps: float | None,
        *,
        change_mode: bool,
    ) -> Verdict:
        """DO_REPOSITION: hold, and fly to a place if it is armed and inside the fence."""
        if not change_mode and self.active_mode != Mode.HOLD:
            return Verdict.DENIED
        was_holding = isinstance(self._navigation, Hold)
        verdict = self.set_mode(Mode.HOLD)
        if verdict != Verdict.ACCEPTED or not self.armed or self._drifting:
            return verdict
        place = self._reposition_place(latitude_deg, longitude_deg, altitude_m, yaw_rad)
        if self.refuse_goto or not self.plan.allows(*place):
            self._complain("Reposition is outside geofence")
            return verdict
        speed = speed_mps or (self._speed_mps if was_holding else None) or default_speed(self.params)
        goal = Target(Kind.GOTO, place, None, self.params["NAV_ACC_RAD"], speed, yaw_rad)
        self._navigation = Hold(self.sense, self.params, goal)
        self.active_mode = Mode.HOLD
        return verdict

    def _reposition_place(
        self, latitude_deg: float | None, longitude_deg: float | None, altitude_m: float | None, yaw_rad: float
    ) -> Place:
        """The place that DO_REPOSITION means; without any argument it means "stop"."""
        place = self.sense.place_m
        up = place[2] if altitude_m is None else altitude_m - self.frame.altitude_m
        if latitude_deg is not None and longitude_deg is not None:
            return (*self.frame.local(latitude_deg, longitude_deg), up)
        if altitude_m is None and math.isnan(yaw_rad):
            return stop_place(self.sense, self.params)
        if isinstance(self._navigation, Hold) and self._navigation.target.kind == Kind.GOTO:
            place = self._navigation.target.place_m
        return (place[0], place[1], up)

    def orbit(self, centre: tuple[float, float, float] | None, radius_m: float, speed_mps: float, nose: int) -> Verdict:
        """DO_ORBIT: circle over (latitude_deg, longitude_deg, altitude_m), or over here, ``nose`` as MAVLink's
        ORBIT_YAW_BEHAVIOUR. A radius that is out of range is accepted, and the vehicle hovers in the mode.
        """
        if self.armed and not self.healthy:
            self._complain("Orbit command rejected")
            return Verdict.REJECTED
        place = self.sense.place_m
        if centre is not None:
            place = (*self.frame.local(centre[0], centre[1]), centre[2] - self.frame.altitude_m)
        self._orbit = None
        if not self.armed:
            pass
        elif LEAST_RADIUS_M <= abs(radius_m) <= self.params["MC_ORBIT_RAD_MAX"]:
            self._orbit = Orbit(self.sense, self.params, place, radius_m, speed_mps, nose)
        else:
            self._complain("Orbit radius limit exceeded")
        already = self.active_mode == Mode.ORBIT
        self._intend(Mode.ORBIT)
        if self.armed and already and not self._drifting:
            self._enter(Mode.ORBIT)
        return Verdict.ACCEPTED

    def transition(self, state: int) -> Verdict:
        """DO_VTOL_TRANSITION: back to hovering; to the wing it goes in missions only."""
        if self.sense.vtol == Vtol.NONE or state != Vtol.HOVERS:
            return Verdict.UNSUPPORTED if self.sense.vtol == Vtol.NONE else Verdict.REJECTED
        self._leave_wing()
        return Verdict.ACCEPTED

    def _leave_wing(self) -> None:
        if self.sense.vtol in (Vtol.FORWARD, Vtol.ON_WING):
            self.sense.vtol = Vtol.BACK

    def change_speed(self, speed_mps: float) -> Verdict:
        """DO_CHANGE_SPEED: in force until the mode changes; nothing positive means the default."""
        self._speed_mps = speed_mps if speed_mps > 0.0 else None
        if isinstance(self._navigation, Hold | MissionFlight) and speed_mps > 0.0:
            self._navigation.set_speed(speed_mps)
        return Verdict.ACCEPTED

    def start_mission(self) -> Verdict:
        """MISSION_START: change to the mission and arm."""
        if not self.plan.available or self.refuse_mission:
            self._complain("Mission start denied! No valid mission")
            return Verdict.DENIED
        self._intend(Mode.MISSION)
        return self.arm(reason="mission start")

    def set_mission_index(self, index: int) -> bool:
        """Go on from another mission item."""
        if not 0 <= index < len(self.plan.mission):
            return False
        self.plan.index, self.plan.finished = index, False
        self._restart_mission()
        return True

    def accept_mission(self, items: tuple[Item, ...]) -> bool:
        """Take over an uploaded mission, also in flight; False where it cannot be flown by any vehicle."""
        accepted = self.plan.accept_mission(items)
        if accepted:
            self._restart_mission()
        return accepted

    def _restart_mission(self) -> None:
        if isinstance(self._navigation, MissionFlight):
            self._navigation = None

    def set_home(self, place: tuple[float, float, float] | None) -> Verdict:
        """DO_SET_HOME: here, or at (latitude_deg, longitude_deg, altitude_m)."""
        if place is None:
            self._set_home()
        else:
            self.sense.home_m = (*self.frame.local(place[0], place[1]), place[2] - self.frame.altitude_m)
        return Verdict.ACCEPTED

    def _set_home(self) -> None:
        self.sense.home_m = (self.sense.place_m[0], self.sense.place_m[1], 0.0)

    # ------------------------------------------------------------------ every step

    def update(self) -> None:
        """Look round, change modes that end by themselves, and leave the setpoint in ``target``."""
        if not self.armed:
            self.sense.landed = self.sense.place_m[2] <= 0.0
            return
        if self._ground.detect_landing(self.target.kind):
            self.say("Landing detected")
        on_mission = self.active_mode == Mode.MISSION and not self.plan.finished
        if reason := self._ground.disarm_reason(on_mission=on_mission):
            self.disarm(reason=reason)
            return
        self._watch_position()
        self._watch_failsafes()
        if self.sense.vtol == Vtol.BACK and self.sense.speed_mps <= default_speed(self.params):
            self.sense.vtol = Vtol.HOVERS
        if self._navigation is None:
            self._enter(self.active_mode)
        navigation = self._navigation
        assert navigation is not None
        navigation.update(self.sense)
        if isinstance(navigation, MissionFlight) and self.active_mode == Mode.MISSION:
            self._follow_mission(navigation)
        elif isinstance(navigation, Takeoff) and navigation.finished and self.mode == Mode.TAKEOFF:
            self._intend(Mode.HOLD, by_itself=True)
            place = navigation.target.place_m
            goal = Target(Kind.GOTO, place, speed_mps=default_speed(self.params))
            self._navigation = Hold(self.sense, self.params, goal)
        assert self._navigation is not None
        self.target, lifted = self._ground.thrust(self._navigation.target)
        if lifted:
            self._set_home()
            self.say("Takeoff detected")

    def _watch_position(self) -> None:
        now_s = self.sense.now_s
        if not self.gps_lost:
            self._gps_lost_s = None
            if self._drifting:
                self._drifting = False
                self._navigation = None
        elif self._gps_lost_s is None:
            self._gps_lost_s = now_s
        elif not self._drifting and now_s - self._gps_lost_s >= POSITION_LOST_S:
            self._drifting = True
            self._navigation = None
            self._complain("Failsafe activated")

    def _conditions(self) -> Conditions:
        level = battery_level(self.sense.share, self.params)
        return Conditions(self.link_lost, self._outside_fence, level)

    def _watch_failsafes(self) -> None:
        sense = self.sense
        if sense.now_s - self._fence_checked_s >= FENCE_CHECK_S and self.healthy:
            self._fence_checked_s = sense.now_s
            self._outside_fence = self.plan.fenced and not self.plan.allows(*sense.place_m)
        override, texts = self._failsafe.update(sense.now_s, self._conditions(), self.mode, self.params)
        for text in texts:
            self._complain(text)
        mode = Mode.LAND if self._drifting else override or self.mode
        if mode != self.active_mode:
            self._enter(mode)
        elif override == Mode.HOLD and "Failsafe activated" in texts:
            self._navigation = None  # a fence's Hold stops a goto; the wait before another action does not

    def _follow_mission(self, flight: MissionFlight) -> None:
        plan = self.plan
        plan.index = min(flight.index, len(plan.mission) - 1)
        plan.reached.extend(flight.reached)
        flight.reached.clear()
        if flight.wants_return:
            self._intend(Mode.RETURN, by_itself=True)
        elif flight.finished and not plan.finished:
            plan.finished = True
            if not self.sense.landed and self.mode == Mode.MISSION:
                self.say("Mission finished, loitering")
                self._intend(Mode.HOLD, by_itself=True)

    # ------------------------------------------------------------------ modes

    def _intend(self, mode: Mode, *, by_itself: bool = False) -> None:
        """Change the mode that the operator wants; PX4 returns to the last armable one after landing."""
        self.mode = mode
        if not by_itself:
            self._failsafe.commanded()
        if not mode.prevents_arming and mode != Mode.TAKEOFF:
            self._mode_after_disarm = mode
        if not self.armed:
            self.active_mode = mode
        elif mode != self.active_mode and not self._drifting:
            self._enter(mode)

    def _enter(self, mode: Mode) -> None:
        """Begin to fly a mode."""
        before, self.active_mode = self.active_mode, mode
        if mode != Mode.MISSION:
            self._leave_wing()  # PX4 would circle on its wing until it is told to hover
        self._speed_mps = None
        if self._drifting:
            self._navigation = Drift()
        elif mode == Mode.TAKEOFF:
            self._navigation = self._takeoff()
        elif mode == Mode.LAND:
            self._navigation = Land(self.sense, self.params)
        elif mode == Mode.RETURN:
            self._navigation = self._return(before)
        elif mode == Mode.MISSION and self.plan.mission:
            self._navigation = self._mission()
        elif mode == Mode.ORBIT and self._orbit is not None and not self.sense.landed:
            self._navigation = self._orbit
        else:
            self._navigation = Hold(self.sense, self.params)

    def _takeoff(self) -> Takeoff:
        navigation = Takeoff(self.sense, self.params, self._takeoff_up_m)
        if self._takeoff_up_m is None:
            self.say(f"Using default takeoff altitude: {self.params['MIS_TAKEOFF_ALT']:.1f} m")
        self._takeoff_up_m = None
        if navigation.already_higher:
            self._complain("Already higher than takeoff altitude")
        return navigation

    def _return(self, before: Mode) -> Navigation:
        """RTL, from the mode ``before``."""
        if self.params["RTL_TYPE"] in ALONG_MISSION and self.sense.vtol != Vtol.NONE:
            return Hold(self.sense, self.params)  # PX4 1.16 refuses the transition that it itself asks for
        if self.params["RTL_TYPE"] in ALONG_MISSION:
            index = self.plan.index if before == Mode.MISSION else None
            way = along_mission(self.plan.mission, self.frame, self.sense, index) if self.plan.available else None
            if way is None:
                return Hold(self.sense, self.params)
            self.say("Executing Mission")
            return MissionFlight(way[0], self.frame, self.params, self.sense, way[1])
        goal = straight_home(self.plan.rally, self.frame, self.sense)
        navigation = Return(self.sense, self.params, goal)
        height_m = math.ceil(navigation.return_up_m - self.sense.home_m[2])
        altitude_m = math.ceil(self.frame.altitude_m + navigation.return_up_m)
        self.say(f"RTL: start return at {altitude_m} m ({height_m} m above destination)")
        return navigation

    def _mission(self) -> MissionFlight:
        plan = self.plan
        if plan.finished:
            plan.finished, plan.index = False, 0
        self.say("Executing Mission")
        return MissionFlight(plan.mission, self.frame, self.params, self.sense, plan.index)
