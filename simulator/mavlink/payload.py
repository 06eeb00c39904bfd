"""The camera and the gimbal of a vehicle on the wire: two components beside its autopilot.

As on a commercial payload, the gimbal is its own manager (MAVLink's gimbal protocol v2): it obeys whoever has taken
control of it. The camera tells of itself and of its stream when asked; it takes no pictures.
"""

import math
from collections.abc import Callable
from typing import Final

from .command import Command
from .gimbal import HIGHEST_RAD, LOWEST_RAD, Gimbal
from .modes import Verdict
from .telemetry import boot_ms
from .vehicle import Vehicle
from .wire import Message, Packer, dialect

CAMERA: Final = dialect.MAV_COMP_ID_CAMERA
GIMBAL: Final = dialect.MAV_COMP_ID_GIMBAL
PERIOD_S: Final = 1.0
"""Heartbeats and, as PX4 1.16 does, where the gimbal looks; the latter faster where time runs fast in the air."""

FASTEST_ATTITUDE_HZ: Final = 10.0

_CAN: Final = (
    dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_NEUTRAL
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_ROLL_LOCK
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_PITCH_AXIS
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_PITCH_LOCK
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_YAW_AXIS
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_YAW_FOLLOW
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_HAS_YAW_LOCK
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_SUPPORTS_INFINITE_YAW
    | dialect.GIMBAL_MANAGER_CAP_FLAGS_CAN_POINT_LOCATION_GLOBAL
)
_DEVICE_CAN: Final = _CAN & 0xFFFF  # the device's flags are the manager's without pointing at places
_LOCKED: Final = (
    dialect.GIMBAL_DEVICE_FLAGS_ROLL_LOCK
    | dialect.GIMBAL_DEVICE_FLAGS_PITCH_LOCK
    | dialect.GIMBAL_DEVICE_FLAGS_YAW_LOCK
    | dialect.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME
)
_VENDOR, _MODEL = "reach180", "embedded"


class Payload:
    """The MAVLink face of one vehicle's camera and gimbal; ``outbox`` takes what goes out."""

    def __init__(self, vehicle: Vehicle, outbox: list[bytes]) -> None:
        self._vehicle = vehicle
        self._outbox = outbox
        self._gimbal = Gimbal(vehicle.sense)
        self._control = (0, 0)  # system and component that steer the gimbal
        self._packers = {component: Packer(vehicle.spec.system_id, component) for component in (CAMERA, GIMBAL)}
        self._attitude_s = PERIOD_S
        self._heartbeat_due_s = self._attitude_due_s = 0.0

    def set_pace(self, factor: float) -> None:
        """Simulated time runs ``factor`` times as fast as the wall: in the air, tell sooner where the gimbal looks."""
        self._attitude_s = 1.0 / min(max(factor, 1.0 / PERIOD_S), FASTEST_ATTITUDE_HZ)

    def tick(self, now_s: float) -> None:
        """Queue what is due now (wall time)."""
        self._gimbal.stuck = self._vehicle.gimbal_stuck
        if now_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = now_s + PERIOD_S
            self._send(CAMERA, _heartbeat(dialect.MAV_TYPE_CAMERA))
            self._send(GIMBAL, _heartbeat(dialect.MAV_TYPE_GIMBAL))
        if now_s >= self._attitude_due_s:
            self._attitude_due_s = now_s + (PERIOD_S if self._vehicle.sense.landed else self._attitude_s)
            self._send(GIMBAL, self._attitude())

    def handle(self, message: Message) -> None:
        """Answer a command that is for the camera or for the gimbal."""
        if message.get_type() not in ("COMMAND_LONG", "COMMAND_INT"):
            return
        command, component = Command(message), int(message.target_component)
        if command.number == dialect.MAV_CMD_REQUEST_MESSAGE:
            builder = _MESSAGES[component].get(int(command.number_or_none(1) or 0))
        else:
            builder = _REQUESTS[component].get(command.number)
        obey = _ORDERS.get(command.number) if component == GIMBAL else None
        if builder is not None and (told := builder(self)) is not None:
            self._send(component, command.answer(Verdict.ACCEPTED))
            self._send(component, told)
        elif obey is not None:
            self._send(component, command.answer(obey(self, command)))
        else:
            self._send(component, command.answer(Verdict.UNSUPPORTED))

    def _send(self, component: int, message: Message) -> None:
        self._outbox.append(self._packers[component].pack(message))

    # ------------------------------------------------------------------ what the gimbal is told

    def _configure(self, command: Command) -> Verdict:
        """Take control; -1 leaves it as it is, -3 lets go of it, which as with PX4 only its holder can."""
        system, component = (int(command.number_or_none(position) or 0) for position in (1, 2))
        if system >= 0:
            self._control = (system, component)
        elif system == -3 and self._is_held_by(command):
            self._control = (0, 0)
        self._send(GIMBAL, self._manager_status())
        return Verdict.ACCEPTED

    def _point(self, command: Command) -> Verdict:
        latitude, longitude, altitude = (command.number_or_none(position) for position in (5, 6, 7))
        if latitude is None or longitude is None or altitude is None:
            return Verdict.DENIED
        frame = self._vehicle.frame
        return self._steer(command, (*frame.local(latitude, longitude), altitude - frame.altitude_m))

    def _steer(self, command: Command, place_m: tuple[float, float, float] | None) -> Verdict:
        if not self._is_held_by(command):
            return Verdict.DENIED
        self._gimbal.look_at(place_m)
        return Verdict.ACCEPTED

    def _is_held_by(self, command: Command) -> bool:
        return self._control == (command.system_id, command.component_id)

    # ------------------------------------------------------------------ what they tell

    def _boot_ms(self) -> int:
        return boot_ms(self._vehicle.sense)

    def _attitude(self) -> Message:
        gimbal = self._gimbal
        gimbal.update()
        half_pitch, half_yaw = gimbal.pitch_rad / 2.0, math.remainder(gimbal.bearing_rad, 2.0 * math.pi) / 2.0
        cp, sp, cy, sy = math.cos(half_pitch), math.sin(half_pitch), math.cos(half_yaw), math.sin(half_yaw)
        q = [cp * cy, -sp * sy, sp * cy, cp * sy]
        return dialect.MAVLink_gimbal_device_attitude_status_message(
            0, 0, self._boot_ms(), _LOCKED, q, math.nan, math.nan, math.nan, 0
        )

    def _manager_information(self) -> Message:
        return dialect.MAVLink_gimbal_manager_information_message(
            self._boot_ms(), _CAN, GIMBAL, 0.0, 0.0, LOWEST_RAD, HIGHEST_RAD, math.nan, math.nan
        )

    def _manager_status(self) -> Message:
        return dialect.MAVLink_gimbal_manager_status_message(self._boot_ms(), _LOCKED, GIMBAL, *self._control, 0, 0)

    def _device_information(self) -> Message:
        limits = (0.0, 0.0, LOWEST_RAD, HIGHEST_RAD, math.nan, math.nan)
        return dialect.MAVLink_gimbal_device_information_message(
            self._boot_ms(), _VENDOR.encode(), _MODEL.encode(), b"", 1, 1, 0, _DEVICE_CAN, 0, *limits
        )

    def _camera_information(self) -> Message:
        streams = dialect.CAMERA_CAP_FLAGS_HAS_VIDEO_STREAM if self._vehicle.spec.video_url else 0
        vendor, model = (list(name.encode().ljust(32, b"\0")) for name in (_VENDOR, _MODEL))
        return dialect.MAVLink_camera_information_message(
            self._boot_ms(), vendor, model, 1, math.nan, math.nan, math.nan, 1920, 1080, 0, streams, 0, b"", GIMBAL
        )

    def _stream_information(self) -> Message | None:
        url = self._vehicle.spec.video_url
        if not url:
            return None
        kind, running = dialect.VIDEO_STREAM_TYPE_RTSP, dialect.VIDEO_STREAM_STATUS_FLAGS_RUNNING
        return dialect.MAVLink_video_stream_information_message(
            1, 1, kind, running, 30.0, 1920, 1080, 4_000_000, 0, 60, b"main", url.encode()
        )


def _heartbeat(kind: int) -> Message:
    return dialect.MAVLink_heartbeat_message(kind, dialect.MAV_AUTOPILOT_INVALID, 0, 0, dialect.MAV_STATE_ACTIVE, 3)


Builder = Callable[[Payload], Message | None]

_MESSAGES: Final[dict[int, dict[int, Builder]]] = {
    CAMERA: {
        dialect.MAVLINK_MSG_ID_CAMERA_INFORMATION: Payload._camera_information,
        dialect.MAVLINK_MSG_ID_VIDEO_STREAM_INFORMATION: Payload._stream_information,
    },
    GIMBAL: {
        dialect.MAVLINK_MSG_ID_GIMBAL_MANAGER_INFORMATION: Payload._manager_information,
        dialect.MAVLINK_MSG_ID_GIMBAL_MANAGER_STATUS: Payload._manager_status,
        dialect.MAVLINK_MSG_ID_GIMBAL_DEVICE_INFORMATION: Payload._device_information,
        dialect.MAVLINK_MSG_ID_GIMBAL_DEVICE_ATTITUDE_STATUS: Payload._attitude,
    },
}
"""What each component tells when asked."""

_REQUESTS: Final[dict[int, dict[int, Builder]]] = {
    CAMERA: {
        dialect.MAV_CMD_REQUEST_CAMERA_INFORMATION: Payload._camera_information,
        dialect.MAV_CMD_REQUEST_VIDEO_STREAM_INFORMATION: Payload._stream_information,
    },
    GIMBAL: {},
}
"""The same, asked for by the older commands."""

_ORDERS: Final[dict[int, Callable[[Payload, Command], Verdict]]] = {
    dialect.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE: Payload._configure,
    dialect.MAV_CMD_DO_SET_ROI_LOCATION: Payload._point,
    dialect.MAV_CMD_DO_SET_ROI_NONE: lambda payload, command: payload._steer(command, None),
}
"""What the gimbal obeys."""
