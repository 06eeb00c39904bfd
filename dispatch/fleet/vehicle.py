"""What a vehicle can be told and what it tells: the seam between our fleet and any autopilot link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from geo.position import Position


class VehicleError(Exception):
    """A vehicle refused an order or did not answer it; the message is the link's own word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The latest telemetry of one vehicle. ``age_s`` is how long ago its position was heard (wall time)."""

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


class Vehicle(Protocol):
    """One autopilot. Every order returns when the vehicle has *acknowledged* it, which proves nothing yet."""

    @property
    def system_id(self) -> int:
        """Its MAVLink system id."""
        ...

    def read(self) -> Reading:
        """Its latest telemetry."""
        ...

    def messages(self) -> Sequence[str]:
        """What it said in words since the last call (status texts)."""
        ...

    async def set_parameters(self, values: Mapping[str, float | int]) -> None:
        """Set autopilot parameters; an ``int`` is set as an integer parameter."""
        ...

    async def arm(self) -> None: ...
    async def disarm(self) -> None: ...
    async def take_off(self) -> None: ...
    async def hold(self) -> None: ...
    async def land(self) -> None: ...

    async def go_to(self, point: Position, height_m: float) -> None:
        """Fly straight to ``point`` at ``height_m`` above home and hold there."""
        ...

    async def upload_mission(self, points: Sequence[Position], height_m: float, speed_mps: float) -> None:
        """Replace the mission: fly through ``points`` and hold over the last."""
        ...

    async def start_mission(self) -> None: ...
