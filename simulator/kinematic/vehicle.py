"""A vehicle that is where its orders and geo's flight times say: the kernel's commands in, telemetry out.

It does what the embedded vehicle does behind MAVLink, with the same modes, its way home when its link is lost among
them, and without an autopilot's quirks: what it is told it does, the airframe's ``arm_s``, ``lift_s`` and ``start_s``
later. The ground is level, as the embedded vehicle's is. It has no camera to point.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dispatch.events import Command, Fly, FlyOrbit, Hold, Land, Launch, PointCamera, RestCamera, StandDown, Upload
from dispatch.mission import Mission, Waypoint, places_of
from dispatch.model import DroneState, Orbit
from geo.airframe import Airframe
from geo.flight import stopping_m
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Points
from geo.wind import CALM, Wind
from simulator.kinematic.track import Track, track_of
from simulator.kinematic.vertical import Landing, Lift, landing_from

SILENT_S = 3.0
"""A vehicle not heard for this long counts as not connected, as in :mod:`dispatch.fleet`."""

COMES_HOME_S = 10.0
"""Not having heard us for so long it comes home by itself (PX4's COM_DL_LOSS_T)."""

DOCK_RADIUS_M = 2.0
"""So near to a base it stands on a dock, and charges."""

CLIMBS_FIRST_M, SLOW_MPS = 2.5, 2.0
"""A vehicle at rest so much below its way climbs before it sets out (PX4's NAV_MC_ALT_RAD)."""


HOVERS_S, FLIES_S, NEARS_S, NEAR_S = 2.0, 1.0, 0.25, 8.0
"""How often a vehicle that is switched on is to be heard: over its place, on its way, and near the end of it."""

_BY_ITSELF = frozenset({"RETURN_TO_LAUNCH", "LAND"})


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """From ``start`` straight onto a circle and round it, clockwise; ``centre`` and ``start`` [2] in metres."""

    orbit: Orbit
    centre: NDArray[np.float64]
    start: NDArray[np.float64]
    begins_at_s: float

    def place(self, at_s: float) -> NDArray[np.float64]:
        """Where it is at an instant. Shape [2]."""
        off = self.start - self.centre
        far_m = float(np.hypot(*off))
        bearing = math.atan2(off[0], off[1]) if far_m > 0 else 0.0
        radius_m, left_m = self.orbit.radius_m, (at_s - self.begins_at_s) * self.orbit.speed_mps
        inwards_m = far_m - radius_m
        if left_m < abs(inwards_m):
            radius_m, left_m = far_m - math.copysign(left_m, inwards_m), abs(inwards_m)
        bearing += (left_m - abs(inwards_m)) / self.orbit.radius_m
        return self.centre + radius_m * np.array([math.sin(bearing), math.cos(bearing)])


@dataclass(eq=False)
class Vehicle:
    """One vehicle; :meth:`obey` tells it what to do, :meth:`move` lets time pass.

    ``docks`` [n, 2] are where it can charge, in metres; it stands on ``home`` [2] at first.
    """

    drone_id: str
    airframe: Airframe
    frame: LocalFrame
    home: NDArray[np.float64]
    docks: Points
    full_wh: float
    now_s: float
    uplink_s: float = 0.0
    wind: Wind = CALM
    share: float = 1.0
    refuses_arming: bool = False
    refuses_ways: bool = False
    twins: bool = False
    dead: bool = False
    silent_until_s: float = -math.inf

    xy: NDArray[np.float64] = field(init=False)
    height_m: float = field(default=0.0, init=False)
    armed: bool = field(default=False, init=False)
    in_air: bool = field(default=False, init=False)
    mode: str = field(default="HOLD", init=False)

    def __post_init__(self) -> None:
        self.xy = self.home
        self._track: Track | None = None
        self._vertical: Lift | Landing | None = None
        self._circle: Circle | None = None
        self._mission: Mission | None = None
        self._arms_at_s = math.inf
        self._lands_at_end = False
        self._heard_at_s = self.now_s
        self._told: DroneState | None = None
        self._placed: tuple[NDArray[np.float64], Position] | None = None
        """Where it is in metres, and what place that is: looked up once for as long as it stays there."""

    # ------------------------------------------------------------------ what others may know

    @property
    def rests(self) -> bool:
        """Whether it stands switched off, and is not about to start."""
        return not self.armed and not self.in_air and self._arms_at_s == math.inf

    @property
    def next_at_s(self) -> float:
        """When something about it changes that is no mere matter of place."""
        due = [self._arms_at_s, self._vertical.ends_at_s if self._vertical else math.inf]
        if isinstance(self._vertical, Landing):
            due.append(self._vertical.down_at_s)
        due.append(self._track.ends_at_s if self._track else math.inf)
        return min((at_s for at_s in due if at_s > self.now_s), default=math.inf)

    @property
    def period_s(self) -> float:
        """How often it is to be heard now, so that what it does is seen in time."""
        if self.rests:
            return math.inf
        if self._track is not None and self.now_s < self._track.ends_at_s:
            return NEARS_S if self._track.ends_at_s - self.now_s < NEAR_S else FLIES_S
        return HOVERS_S if self._vertical is None else FLIES_S

    def state(self) -> DroneState:
        """What it tells of itself now; what it told last, where it is not heard."""
        if not self._hears and self._told is not None:
            connected = self.now_s - self._heard_at_s <= SILENT_S
            return replace(self._told, connected=connected)
        self._heard_at_s = self.now_s
        speed_mps = self._speed_mps
        self._told = DroneState(
            drone_id=self.drone_id,
            connected=True,
            healthy=not self.refuses_arming,
            position=self._position,
            height_m=self.height_m,
            ground_speed_mps=speed_mps,
            heading_deg=self._course_deg,
            course_deg=self._course_deg if speed_mps > 0.0 else None,
            battery_share=self.share,
            armed=self.armed,
            in_air=self.in_air,
            mode=self.mode,
            seen_at_s=self.now_s,
            twins=self.twins,
        )
        return self._told

    @property
    def _hears(self) -> bool:
        return not self.dead and self.now_s >= self.silent_until_s

    @property
    def _position(self) -> Position:
        if self._placed is None or self._placed[0] is not self.xy:
            self._placed = self.xy, self.frame.position(self.xy)
        return self._placed[1]

    @property
    def _speed_mps(self) -> float:
        if self._circle is not None:
            return self._circle.orbit.speed_mps
        return self._track.speed_mps(self.now_s) if self._track is not None else 0.0

    @property
    def _course_deg(self) -> float:
        return self._track.course_deg(self.now_s) if self._track is not None else 0.0

    # ------------------------------------------------------------------ orders

    def obey(self, command: Command) -> str | None:
        """Begin to do it; why not, if it refuses. Who is not heard hears nothing."""
        if not self._hears:
            return None
        match command:
            case Launch(height_m=height_m, mission=mission):
                return self._launch(height_m, mission)
            case Fly(mission=mission):
                return self._fly(mission)
            case FlyOrbit(orbit=orbit, mission=mission):
                self._mission = mission
                self._stop("POSCTL")
                self._circle = Circle(orbit, self.frame.xy(orbit.centre), self.xy, self.now_s + self.uplink_s)
            case Hold() if self.in_air:
                self._hold()
            case Land() if self.in_air:
                self._land()
            case StandDown() if not self.in_air:
                self._switch_off()
            case Upload(mission=mission):
                self._mission = mission or self._mission
            case Hold() | Land() | StandDown() | PointCamera() | RestCamera():
                pass
        return None

    def _launch(self, height_m: float, mission: Mission) -> str | None:
        self._mission = mission
        if self.refuses_arming and not self.armed:
            return "arming denied: resolve system health failures first"
        up_at_s = self.now_s + self.uplink_s
        if not self.armed:
            self._arms_at_s = up_at_s = up_at_s + self.airframe.arm_s
        self._stop("TAKEOFF")
        if not self.in_air:
            up_at_s += self.airframe.lift_s
        self._vertical = self._lift(height_m, up_at_s, self.airframe.takeoff_mps)
        return None

    def _fly(self, mission: Mission) -> str | None:
        if not self.armed:
            return "not armed"
        if self.refuses_ways:
            return "the mission was accepted but the mode does not change"
        self._mission = mission
        wings = [point.wing for point in mission.points]
        self._follow(places_of(self.frame, mission.points)[:, :2], mission.points[-1].height_m, "MISSION", wings)
        return None

    def _follow(self, points: Points, height_m: float, mode: str, wings: Sequence[bool] = ()) -> None:
        """Fly through ``points`` from here on, at that height, to those that ``wings`` marks on its wing."""
        start_mps, slow = self._speed_along(points[0] - self.xy), self._speed_mps < SLOW_MPS
        self._stop(mode)
        begins_at_s = self.now_s
        if slow:
            begins_at_s += self.uplink_s + self.airframe.start_s
        rise_m = height_m - self.height_m
        if abs(rise_m) > 0.0:
            first = slow and rise_m > CLIMBS_FIRST_M
            fast_mps = self.airframe.takeoff_mps if first else self._fast_mps(rise_m)
            self._vertical = self._lift(height_m, begins_at_s, fast_mps)
            begins_at_s = self._vertical.ends_at_s if first else begins_at_s
        way = np.vstack([self.xy, points])
        begun_mps = 0.0 if slow else start_mps
        self._track = track_of(self.frame, way, self.airframe, self.wind, begins_at_s, begun_mps, wings)

    def _hold(self) -> None:
        speed_mps, course = self._speed_mps, math.radians(self._course_deg)
        if self.mode == "TAKEOFF":  # it stops where it is in its climb
            self._vertical = None
        self._stop("HOLD")
        if speed_mps > 0.0:
            ahead = stopping_m(speed_mps, self.airframe) * np.array([math.sin(course), math.cos(course)])
            way = np.vstack([self.xy, self.xy + ahead])
            self._track = track_of(self.frame, way, self.airframe, self.wind, self.now_s, speed_mps)

    def _land(self) -> None:
        self._stop("LAND")
        self._vertical = landing_from(self.height_m, self.airframe, self.now_s + self.uplink_s)

    def _switch_off(self) -> None:
        self._stop("HOLD")
        self._vertical, self._arms_at_s = None, math.inf
        self.armed = self.in_air = False
        self.height_m = 0.0

    def _stop(self, mode: str) -> None:
        """What it flies is over; a change of height that has begun goes on."""
        self.mode, self._track, self._circle, self._lands_at_end = mode, None, None, False
        if isinstance(self._vertical, Landing):
            self._vertical = None

    def _lift(self, to_m: float, begins_at_s: float, speed_mps: float) -> Lift:
        return Lift(
            from_m=self.height_m,
            to_m=to_m,
            begins_at_s=begins_at_s,
            speed_mps=speed_mps,
            acceleration_mps2=self.airframe.acceleration_mps2,
        )

    def _fast_mps(self, rise_m: float) -> float:
        return self.airframe.climb_mps if rise_m > 0 else self.airframe.descent_mps

    def _speed_along(self, step: NDArray[np.float64]) -> float:
        far_m, course = float(np.hypot(*step)), math.radians(self._course_deg)
        if far_m == 0.0 or self._circle is not None:
            return 0.0
        return max(0.0, self._speed_mps * float(step @ [math.sin(course), math.cos(course)]) / far_m)

    # ------------------------------------------------------------------ what happens to it

    def blow(self, wind: Wind) -> None:
        """The wind is another from now on: the rest of its way takes longer, or less."""
        self.wind = wind
        track = self._track
        if track is not None and self.now_s < max(track.ends_at_s, track.begins_at_s + 1e-9):
            way = np.vstack([self.xy, track.left(self.now_s)])
            begins_at_s = max(self.now_s, track.begins_at_s)
            self._track = track_of(self.frame, way, self.airframe, wind, begins_at_s, self._speed_mps)

    def die(self) -> None:
        """Its autopilot stops: no telemetry, no answer, and it falls."""
        self._switch_off()
        self.dead = True

    def revive(self) -> None:
        """As if it had been started again: on its dock, if it was dead."""
        self.refuses_arming = self.refuses_ways = self.twins = False
        self.silent_until_s = -math.inf
        if self.dead:
            self.dead, self.xy, self._mission, self._told = False, self.home, None, None

    def move(self, at_s: float) -> None:
        """Time passes until ``at_s``."""
        self._spend(at_s - self.now_s)
        self.now_s = at_s
        if self.dead:
            return
        if at_s >= self._arms_at_s:
            self.armed, self.in_air, self._arms_at_s = True, True, math.inf
        if self._track is not None:
            self.xy = self._track.place(at_s)
        if self._circle is not None and at_s >= self._circle.begins_at_s:
            self.xy = self._circle.place(at_s)
        if self._vertical is not None:
            self.height_m = self._vertical.height_m(at_s)
            if at_s >= self._vertical.ends_at_s:
                self._levelled(self._vertical)
        if isinstance(self._vertical, Landing) and at_s >= self._vertical.down_at_s:
            self.in_air = False
        if self._lands_at_end and self._track is not None and at_s >= self._track.ends_at_s:
            self._land()
        if self.in_air and self.share <= 0.0:
            self.die()
        elif self.in_air and at_s - self._heard_at_s >= COMES_HOME_S and self.mode not in _BY_ITSELF:
            self._come_home()

    def _levelled(self, vertical: Lift | Landing) -> None:
        self._vertical = None
        if isinstance(vertical, Landing):
            self._switch_off()
        else:
            self.height_m = vertical.to_m
            if self.mode == "TAKEOFF":
                self.mode = "HOLD"

    def _come_home(self) -> None:
        """Along what it carries, to the landing at its end; down here where it carries no way back."""
        mission = self._mission
        if mission is None or not mission.back:
            self._land()
            return
        ahead = self._ahead(mission)
        self._follow(places_of(self.frame, ahead)[:, :2], mission.points[-1].height_m, "RETURN_TO_LAUNCH")
        self._lands_at_end = True
        if self._track is None:
            self._land()

    def _ahead(self, mission: Mission) -> tuple[Waypoint, ...]:
        """The items that it flies home through: on its way from the one that it is on, else from the nearest."""
        items = (*mission.points, *mission.back)
        if self._track is not None and self.mode == "MISSION":
            return items[max(0, len(mission.points) - len(self._track.left(self.now_s))) :]
        here = np.array([*self.xy, self.height_m])
        return items[int(np.argmin(np.linalg.norm(places_of(self.frame, items) - here, axis=1))) :]

    def _spend(self, seconds: float) -> None:
        if self.rests:
            if not self.dead and self.share < 1.0 and self._on_dock:
                self.share = min(1.0, self.share + self.airframe.charge_w * seconds / 3600 / self.full_wh)
            return
        rising = isinstance(self._vertical, Lift) and self._vertical.to_m > self._vertical.from_m
        if not self.in_air:
            power_w = 0.0
        elif rising:
            power_w = self.airframe.climb_w
        else:
            power_w = self.airframe.cruise_w if self._speed_mps > SLOW_MPS else self.airframe.hover_w
        self.share = max(0.0, self.share - power_w * seconds / 3600 / self.full_wh)

    @property
    def _on_dock(self) -> bool:
        return bool((np.hypot(*(self.docks - self.xy).T) <= DOCK_RADIUS_M).any())
