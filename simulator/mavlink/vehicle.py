"""The autopilot of one vehicle: arming, modes, commands and what they really bring about.

It answers as PX4 1.16 does, also where that surprises: an accepted command is no promise. Commands given
while disarmed change the mode and nothing else; a goto outside the fence is accepted and not flown; LAND on
the ground leaves a mode that cannot be armed. Time is simulated time in seconds since boot.
"""

import math
from dataclasses import replace

from .dynamics import Kind
from .failsafe import BatteryLevel, Conditions, Failsafe, battery_level
from .fence import COMMANDS as FENCE_COMMANDS
from .fence import Fence, FenceError, fence_from_items
from .frame import Frame
from .items import DO_JUMP, SUPPORTED, Item
from .mission import MissionFlight
from .modes import Mode, Severity, Verdict
from .navigation import OFF, REST, Drift, Hold, Land, Navigation, Return, Sense, Takeoff, Target, goto_speed
from .params import ParameterTable
from .spec import VehicleSpec

FENCE_CHECK_S = 0.2
LANDED_AFTER_S = 1.0  # on the ground before the land detector says so
LIFTED_OFF_M = 0.3  # above the ground before it says the opposite
RAMP_SHARE = 0.7  # of MPC_TKO_RAMP_T, before the thrust carries
MISSION_CHECK_S = 0.1  # between an upload and the navigator having checked it
POSITION_LOST_S = 6.0  # without GPS, until the estimate is given up
GPS_BACK_S = 1.0


class Vehicle:
    """One simulated autopilot. The fleet writes ``sense`` and reads ``target`` at every step."""

    def __init__(self, spec: VehicleSpec) -> None:
        self.spec = spec
        self.frame: Frame = spec.frame()
        self.params = ParameterTable({**spec.params, "MAV_SYS_ID": spec.system_id})
        self.sense = Sense(share=spec.battery_share)
        self.texts: list[tuple[Severity, str]] = []
        self.fence = Fence()
        self.fence_items: tuple[Item, ...] = ()
        self.mission: tuple[Item, ...] = ()
        self.mission_index = 0
        self.mission_finished = False
        self.refuse_arm = False
        self.refuse_goto = False
        self.gps_lost = False
        self.link_lost = False
        self._mission_valid = False
        self._mission_ready_s = 0.0
        self._boot()

    def _boot(self) -> None:
        self.armed = False
        self.mode = Mode.HOLD  # what the operator intends
        self.active_mode = Mode.HOLD  # what is flown, failsafes included
        self.reached: list[int] = []
        self._mode_after_disarm = Mode.HOLD
        self._navigation: Navigation | None = None
        self._failsafe = Failsafe()
        self._speed_mps: float | None = None
        self._takeoff_up_m: float | None = None
        self._armed_s = 0.0
        self._lift_s: float | None = None
        self._flown = False
        self._touched_s: float | None = None
        self._landed_s = 0.0
        self._fence_checked_s = 0.0
        self._outside_fence = False
        self._gps_lost_s: float | None = None
        self._drifting = False
        self.target: Target = OFF

    def reboot(self) -> None:
        """Start again on the ground, disarmed, without a mission: what a restarted PX4 process does."""
        self.mission, self.mission_index, self.mission_finished = (), 0, False
        self._mission_valid = False
        self.fence, self.fence_items = Fence(), ()
        self.sense.landed = True
        self.sense.home_m = (0.0, 0.0, 0.0)
        self._boot()

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        """Queue a STATUSTEXT."""
        self.texts.append((severity, text))

    # ------------------------------------------------------------------ commands

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
            and not (self.mode == Mode.MISSION and not self.mission_available)
        )

    @property
    def mission_available(self) -> bool:
        """Whether there is a mission that passed the checks."""
        return bool(self.mission) and self._mission_valid and self.sense.now_s >= self._mission_ready_s

    def arm(self, *, force: bool = False, reason: str = "command") -> Verdict:
        """Start the motors."""
        if self.armed:
            return Verdict.ACCEPTED
        if self.refuse_arm or not (force or self.armable):
            self.say("Arming denied: Resolve system health failures first", Severity.CRITICAL)
            return Verdict.REJECTED
        self.armed = True
        self._armed_s = self.sense.now_s
        self._flown = False
        self._lift_s = None
        self._failsafe = Failsafe(self._conditions())
        self._set_home()
        self._navigation = None
        self.say(f"Armed by {reason}")
        return Verdict.ACCEPTED

    def disarm(self, *, force: bool = False, reason: str = "command") -> Verdict:
        """Stop the motors; in the air only by force."""
        if not self.armed:
            return Verdict.ACCEPTED
        if not (force or self.sense.landed):
            self.say("Disarming denied: not landed", Severity.CRITICAL)
            return Verdict.REJECTED
        self.armed = False
        self.mode = self.active_mode = self._mode_after_disarm
        self._navigation = None
        self._drifting = False
        self.target = OFF
        self.say(f"Disarmed by {reason}")
        return Verdict.ACCEPTED

    def set_mode(self, mode: Mode) -> Verdict:
        """Ask for a mode; disarmed, any is granted."""
        force = mode == Mode.LAND
        if self.armed and not force and not self._can_run(mode):
            self.say(f"Switching to {mode.title} is currently not available", Severity.CRITICAL)
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
        east, north, up = self.sense.place_m
        if latitude_deg is not None and longitude_deg is not None:
            east, north = self.frame.local(latitude_deg, longitude_deg)
        if altitude_m is not None:
            up = altitude_m - self.frame.altitude_m
        if self.refuse_goto or not self._allowed(east, north, up):
            self.say("Reposition is outside geofence", Severity.CRITICAL)
            return verdict
        speed = speed_mps or (self._speed_mps if was_holding else None) or goto_speed(self.params)
        goal = Target(Kind.GOTO, (east, north, up), None, self.params["NAV_ACC_RAD"], speed, yaw_rad)
        if isinstance(self._navigation, Hold):
            self._navigation.goto(goal)
        else:
            self._navigation = Hold(self.sense, self.params, goal)
            self.active_mode = Mode.HOLD
        return verdict

    def change_speed(self, speed_mps: float) -> Verdict:
        """DO_CHANGE_SPEED: in force until the mode changes; nothing positive means the default."""
        self._speed_mps = speed_mps if speed_mps > 0.0 else None
        if isinstance(self._navigation, Hold | MissionFlight) and speed_mps > 0.0:
            self._navigation.set_speed(speed_mps)
        return Verdict.ACCEPTED

    def start_mission(self) -> Verdict:
        """MISSION_START: change to the mission and arm."""
        if not self.mission_available:
            self.say("Mission start denied! No valid mission", Severity.CRITICAL)
            return Verdict.DENIED
        self._intend(Mode.MISSION)
        return self.arm(reason="mission start")

    def set_home(self, place: tuple[float, float, float] | None) -> Verdict:
        """DO_SET_HOME: here, or at (latitude_deg, longitude_deg, altitude_m)."""
        if place is None:
            self._set_home()
        else:
            east, north = self.frame.local(place[0], place[1])
            self.sense.home_m = (east, north, place[2] - self.frame.altitude_m)
        return Verdict.ACCEPTED

    # ------------------------------------------------------------------ uploads

    def accept_mission(self, items: tuple[Item, ...]) -> bool:
        """Take over an uploaded mission; False where it holds an item this vehicle cannot fly."""
        if any(item.command not in SUPPORTED or not item.known_frame for item in items):
            return False
        self.mission = items
        self.mission_finished = False
        self.reached = []
        self.set_mission_index(0)
        self._check_mission()
        return True

    def accept_fence(self, items: tuple[Item, ...]) -> bool:
        """Take over an uploaded fence; False where it is incomplete."""
        try:
            fence = fence_from_items(items, self.frame)
        except FenceError as error:
            self.say(f"Geofence invalid: {error}"[:50], Severity.CRITICAL)
            return False
        assert all(item.command in FENCE_COMMANDS for item in items)
        self.fence, self.fence_items = fence, items
        self._check_mission()
        return True

    def set_mission_index(self, index: int) -> bool:
        """Go on from another item."""
        if index and not 0 <= index < len(self.mission):
            return False
        self.mission_index = index
        if isinstance(self._navigation, MissionFlight):
            self._navigation = None
        return True

    def _check_mission(self) -> None:
        self._mission_ready_s = self.sense.now_s + MISSION_CHECK_S
        self._mission_valid = bool(self.mission)
        home_altitude_m = self.frame.altitude_m + self.sense.home_m[2]
        first = True
        for number, item in enumerate(self.mission, start=1):
            if item.command == DO_JUMP and not 0 <= item.param1 < len(self.mission):
                self._mission_valid = False
            if not item.positioned:
                continue
            east, north = self.frame.local(item.latitude_deg, item.longitude_deg)
            up = item.altitude_m(home_altitude_m) - self.frame.altitude_m
            if not self._allowed(east, north, up):
                self.say(f"Geofence violation for waypoint {number}", Severity.CRITICAL)
                self._mission_valid = False
                return
            limit_m = self.params["MIS_DIST_1WP"]
            away_m = self.sense.distance_m((east, north, up))
            if first and 0.0 < limit_m < away_m:
                self.say(f"First waypoint too far away: {away_m:.0f}m", Severity.CRITICAL)
                self._mission_valid = False
                return
            first = False

    # ------------------------------------------------------------------ every step

    def update(self) -> None:
        """Look round, change modes that end by themselves, and leave the setpoint in ``target``."""
        if not self.armed:
            self.sense.landed = self.sense.place_m[2] <= 0.0
            return
        self._detect_ground()
        if self._auto_disarm():
            return
        self._watch_position()
        self._watch_failsafes()
        if self._navigation is None:
            self._enter(self.active_mode)
        navigation = self._navigation
        assert navigation is not None
        navigation.update(self.sense)
        if isinstance(navigation, MissionFlight):
            self._follow_mission(navigation)
        elif navigation.finished and isinstance(navigation, Takeoff) and self.mode == Mode.TAKEOFF:
            self._intend(Mode.HOLD, by_itself=True)
            place = navigation.target.place_m
            speed = goto_speed(self.params)
            self._navigation = Hold(self.sense, self.params, Target(Kind.GOTO, place, speed_mps=speed))
            self.active_mode = Mode.HOLD
        self.target = self._thrust()

    def _thrust(self) -> Target:
        """The navigation's target, once motors have spun up and the takeoff ramp carries."""
        assert self._navigation is not None
        wanted = self._navigation.target
        if not self.sense.landed or wanted.kind in (Kind.OFF, Kind.REST):
            self._lift_s = None
            return wanted
        if wanted.kind in (Kind.LAND, Kind.DRIFT) or wanted.place_m[2] < self.sense.place_m[2] + 0.2:
            return REST
        if self._lift_s is None:
            spun_up_s = max(self.sense.now_s, self._armed_s + self.params["COM_SPOOLUP_TIME"])
            self._lift_s = spun_up_s + RAMP_SHARE * self.params["MPC_TKO_RAMP_T"]
        if self.sense.now_s < self._lift_s:
            return REST
        return replace(wanted, kind=Kind.TAKEOFF)

    def _detect_ground(self) -> None:
        sense = self.sense
        if sense.landed:
            if sense.place_m[2] > LIFTED_OFF_M:
                sense.landed = False
                self._flown = True
                self._touched_s = None
                self._set_home()
                self.say("Takeoff detected")
            return
        coming_down = self.target.kind in (Kind.LAND, Kind.DRIFT, Kind.OFF)
        if sense.place_m[2] > 0.0 or not coming_down:
            self._touched_s = None
        elif self._touched_s is None:
            self._touched_s = sense.now_s
        elif sense.now_s - self._touched_s >= LANDED_AFTER_S:
            sense.landed = True
            self._landed_s = sense.now_s
            self.say("Landing detected")

    def _auto_disarm(self) -> bool:
        now_s, params = self.sense.now_s, self.params
        on_mission = self.active_mode == Mode.MISSION and not self.mission_finished
        if self._flown:
            wait_s = params["COM_DISARM_LAND"]
            if wait_s > 0.0 and self.sense.landed and not on_mission and now_s - self._landed_s >= wait_s:
                self.disarm(reason="landing")
        elif params["COM_DISARM_PRFLT"] > 0.0:
            wait_s = params["COM_SPOOLUP_TIME"] + params["COM_DISARM_PRFLT"]
            if now_s - self._armed_s >= wait_s:
                self.disarm(reason="preflight inaction")
        return not self.armed

    def _watch_position(self) -> None:
        if self.gps_lost and self._gps_lost_s is None:
            self._gps_lost_s = self.sense.now_s
        elif not self.gps_lost and self._gps_lost_s is not None:
            self._gps_lost_s = None
            if self._drifting:
                self._drifting = False
                self._navigation = None
        if self._gps_lost_s is not None and not self._drifting:
            self._drifting = self.sense.now_s - self._gps_lost_s >= POSITION_LOST_S
            if self._drifting:
                self.say("Failsafe activated", Severity.CRITICAL)
                self._navigation = None

    def _conditions(self) -> Conditions:
        level = battery_level(self.sense.share, self.params)
        return Conditions(self.link_lost, self._outside_fence, level)

    def _watch_failsafes(self) -> None:
        sense = self.sense
        if self.fence.shapes and sense.now_s - self._fence_checked_s >= FENCE_CHECK_S and self.healthy:
            self._fence_checked_s = sense.now_s
            self._outside_fence = not self.fence.allows(sense.place_m[0], sense.place_m[1])
        override, texts = self._failsafe.update(sense.now_s, self._conditions(), self.mode, self.params)
        for text in texts:
            self.say(text, Severity.CRITICAL)
        mode = Mode.LAND if self._drifting else override or self.mode
        if mode != self.active_mode:
            self._enter(mode)
        elif override == Mode.HOLD and "Failsafe activated" in texts:
            self._navigation = None  # a fence's Hold stops a goto; the wait before another action does not

    def _follow_mission(self, flight: MissionFlight) -> None:
        self.mission_index = min(flight.index, len(self.mission) - 1)
        self.reached.extend(flight.reached)
        flight.reached.clear()
        if flight.wants_return:
            self._intend(Mode.RETURN, by_itself=True)
        elif flight.finished and not self.mission_finished:
            self.mission_finished = True
            if not self.sense.landed and self.mode == Mode.MISSION:
                self._intend(Mode.HOLD, by_itself=True)
                self._navigation = Hold(self.sense, self.params, flight.target)
                self.active_mode = Mode.HOLD

    # ------------------------------------------------------------------ modes

    def _can_run(self, mode: Mode) -> bool:
        if mode == Mode.MISSION and not self.mission_available:
            return False
        return self.healthy

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
        self.active_mode = mode
        self._speed_mps = None
        if self._drifting:
            self._navigation = Drift()
        elif mode == Mode.TAKEOFF:
            self._navigation = self._takeoff()
        elif mode == Mode.LAND:
            self._navigation = Land(self.sense, self.params)
        elif mode == Mode.RETURN:
            self._navigation = Return(self.sense, self.params)
            height = math.ceil(self._navigation.return_up_m - self.sense.home_m[2])
            altitude = math.ceil(self.frame.altitude_m + self._navigation.return_up_m)
            self.say(f"RTL: start return at {altitude} m ({height} m above destination)")
        elif mode == Mode.MISSION and self.mission:
            if self.mission_finished:
                self.mission_finished, self.mission_index = False, 0
            self._navigation = MissionFlight(
                self.mission, self.frame, self.params, self.sense, self.mission_index
            )
        else:
            self._navigation = Hold(self.sense, self.params)

    def _takeoff(self) -> Takeoff:
        navigation = Takeoff(self.sense, self.params, self._takeoff_up_m)
        if self._takeoff_up_m is None:
            self.say(f"Using default takeoff altitude: {self.params['MIS_TAKEOFF_ALT']:.1f} m")
        self._takeoff_up_m = None
        if navigation.already_higher:
            self.say("Already higher than takeoff altitude", Severity.CRITICAL)
        return navigation

    def _allowed(self, east_m: float, north_m: float, up_m: float) -> bool:
        """Whether the fence and the distance limits allow a place."""
        home_east, home_north, home_up = self.sense.home_m
        across, above = self.params["GF_MAX_HOR_DIST"], self.params["GF_MAX_VER_DIST"]
        if 0.0 < across < math.hypot(east_m - home_east, north_m - home_north):
            return False
        if 0.0 < above < up_m - home_up:
            return False
        return self.fence.allows(east_m, north_m)

    def _set_home(self) -> None:
        self.sense.home_m = (self.sense.place_m[0], self.sense.place_m[1], 0.0)
