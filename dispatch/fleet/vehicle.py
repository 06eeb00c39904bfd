"""What a vehicle can be told and what it tells: the seam between our fleet and any autopilot link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from dispatch.model import Body, Sight
from geo.position import Position


class VehicleError(Exception):
    """A vehicle refused an order or did not answer it; the message is the link's own word."""


class NoAnswerError(VehicleError):
    """A vehicle did not answer: its link may be bad for a moment, or for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The latest telemetry of one vehicle. ``age_s`` is how long ago it was found to have told something new (wall
    time; who looks seldom finds it late); ``clock_s`` its own time since it was switched on.
    """

    position: Position | None
    height_m: float
    ground_speed_mps: float
    heading_deg: float
    battery_share: float
    armed: bool
    in_air: bool
    mode: str
    healthy: bool
    age_s: float
    clock_s: float = 0.0
    course_deg: float = 0.0
    sight: Sight | None = None
    on_wing: bool = False
    """Whether a VTOL flies on its wing, or is between that and hovering."""


class Plan(StrEnum):
    """The three lists that MAVLink's mission protocol carries."""

    MISSION = "mission"
    GEOFENCE = "geofence"
    RALLY = "rally"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a plan: a MAVLink command with its parameters.

    ``position`` is None for a command that is no place. ``height_m`` is above home.
    """

    command: int
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    position: Position | None = None
    height_m: float = 0.0


class Vehicle(Protocol):
    """One autopilot. Every order returns when the vehicle has *acknowledged* it, which proves nothing yet."""

    @property
    def system_id(self) -> int:
        """Its MAVLink system id."""
        ...

    def read(self) -> Reading:
        """Its latest telemetry."""
        ...

    def body(self) -> Body:
        """What it tells of its condition; whether it is prepared is for the fleet to say."""
        ...

    def messages(self) -> Sequence[str]:
        """What it said in words since the last call (status texts)."""
        ...

    async def settled(self) -> None:
        """Wait until no order is on its way to it any more, not even a dropped one."""
        ...

    async def learn_firmware(self) -> None:
        """Ask for the version of its firmware, for :meth:`body` to tell."""
        ...

    async def set_rates(self, position_hz: float) -> None:
        """Have it tell its position so often, and what nobody looks at seldom."""
        ...

    async def set_parameters(self, values: Mapping[str, float | int]) -> None:
        """Set autopilot parameters and read them back; an ``int`` is set as an integer parameter."""
        ...

    async def arm(self) -> None: ...
    async def disarm(self) -> None: ...
    async def take_off(self) -> None: ...
    async def hold(self) -> None: ...
    async def land(self) -> None: ...

    async def leave_wing(self) -> None:
        """Have a VTOL go back to hovering."""
        ...

    async def go_to(self, point: Position, height_m: float) -> None:
        """Fly straight to ``point`` at ``height_m`` above home and hold there."""
        ...

    async def circle(self, centre: Position, height_m: float, radius_m: float, speed_mps: float) -> None:
        """Circle over ``centre`` at ``height_m`` above home, clockwise, the nose to the centre."""
        ...

    async def upload(self, plan: Plan, items: Sequence[Item]) -> None:
        """Replace a plan on board."""
        ...

    async def verify(self, plan: Plan, items: Sequence[Item]) -> None:
        """Read a plan back: an acknowledged plan that is not the one sent is an error."""
        ...

    async def look_at(self, place: Position, amsl_m: float) -> None:
        """Keep the camera on ``place``, ``amsl_m`` above mean sea level. No flight order waits for it."""
        ...

    async def rest_camera(self) -> None:
        """The camera back to neutral, its gimbal let go of. No flight order waits for it."""
        ...

    async def make_camera_ready(self) -> None:
        """Have the gimbal found, where there is one, before it is to be steered. No flight order waits for it."""
        ...

    async def learn_camera(self) -> None:
        """Ask whether it has a gimbal and where its pictures are, for :meth:`body`. No flight order waits for it."""
        ...

    async def start_mission(self) -> None:
        """Fly the mission on board, from the item where it stands."""
        ...
