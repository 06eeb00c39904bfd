"""A vehicle's gimbal and video stream through MAVSDK.

Measured with mavsdk 4.1.0: its gimbal plugin finds every gimbal manager, be it the autopilot or a component of its own.
Its camera plugin is not used: it never asks for VIDEO_STREAM_INFORMATION, so that it knows no address, and it asks
every component for four other things every few seconds. So the address is asked for directly. Calls to a camera wait
for each other and for nothing else: no flight order waits for a gimbal that is silent.
"""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from mavsdk.plugins.gimbal import ControlMode, Gimbal, GimbalError
from mavsdk.plugins.mavlink_direct import MavlinkDirect, MavlinkMessage
from mavsdk.system import System

from dispatch.fleet.calls import Calls
from dispatch.fleet.vehicle import VehicleError
from dispatch.model import Sight
from dispatch.video import without_credentials
from geo.position import Position

AUTOPILOT, CAMERAS = 1, range(100, 106)
"""MAVLink's component ids."""

SET_ROI_NONE, REQUEST_MESSAGE, STREAM_INFORMATION = 197, 512, 269
STREAM_WITHIN_S = 1.0


class Camera:
    """What one vehicle looks at the ground with."""

    def __init__(self, system: System, pool: ThreadPoolExecutor) -> None:
        self._system, self._gimbal = system, Gimbal(system)
        self._calls = Calls(pool)
        self._found: tuple[int, int] | None = None  # the gimbal's number, and its manager's component
        self.stream_url = ""
        """Where its pictures are, once :meth:`learn_stream` was answered; without credentials."""

    @property
    def heard(self) -> bool:
        """Whether a camera has been heard."""
        return bool(self._system.has_camera())

    @property
    def steerable(self) -> bool:
        """Whether there is a gimbal."""
        if self._found is None and (gimbals := self._gimbal.gimbal_list().gimbals):
            self._found = int(gimbals[0].gimbal_id), int(gimbals[0].gimbal_manager_component_id)
        return self._found is not None

    def sight(self) -> Sight | None:
        """Where it looks; None where no gimbal has told."""
        if self._found is None:
            return None
        try:
            q = self._gimbal.get_attitude(self._found[0]).quaternion_north
        except GimbalError:
            return None
        if not all(map(math.isfinite, (q.w, q.x, q.y, q.z))):
            return None
        north, east, down = 1 - 2 * (q.y**2 + q.z**2), 2 * (q.x * q.y + q.w * q.z), 2 * (q.x * q.z - q.w * q.y)
        return Sight(
            bearing_deg=math.degrees(math.atan2(east, north)) % 360.0,
            pitch_deg=math.degrees(math.atan2(-down, math.hypot(north, east))),
        )

    async def look_at(self, place: Position, amsl_m: float) -> None:
        """Take control of the gimbal and keep it on a place, ``amsl_m`` above mean sea level."""
        gimbal, _ = self._steered()
        await self._calls(self._gimbal.take_control, gimbal, ControlMode.PRIMARY)
        await self._calls(self._gimbal.set_roi_location, gimbal, place.latitude_deg, place.longitude_deg, amsl_m)

    async def rest(self) -> None:
        """Back to neutral, and let go of the gimbal. MAVSDK's plugin cannot take back a place to look at."""
        gimbal, manager = self._steered()
        await self._calls(self._command, manager, SET_ROI_NONE)
        await self._calls(self._gimbal.release_control, gimbal)

    async def learn_stream(self) -> None:
        """Ask its cameras where their pictures are; the first that tells counts."""
        for component in sorted(set(self._system.component_ids()).intersection(CAMERAS)):
            if url := await self._calls(self._stream_of, component):
                self.stream_url = without_credentials(url)
                return

    def close(self) -> None:
        """Let go of it."""
        self._gimbal.destroy()

    def _steered(self) -> tuple[int, int]:
        if self._found is None:
            raise VehicleError("it has no gimbal")
        return self._found

    def _command(self, component: int, command: int, first: float = 0.0) -> None:
        direct = MavlinkDirect(self._system)
        try:
            direct.send_command(self._long(component, command, first))
        finally:
            direct.destroy()

    def _long(self, component: int, command: int, first: float) -> MavlinkMessage:
        system_id = int(self._system.get_system_id())
        fields: dict[str, float] = {f"param{number}": 0 for number in range(2, 8)}
        fields |= {"target_system": system_id, "target_component": component}
        fields |= {"command": command, "confirmation": 0, "param1": first}
        return MavlinkMessage(
            message_name="COMMAND_LONG",
            target_system_id=system_id,
            target_component_id=component,
            fields_json=json.dumps(fields),
        )

    def _stream_of(self, component: int) -> str:
        """The address of a camera's first stream; empty where it tells none in time."""
        told: list[str] = []
        heard = Event()

        def take(message: MavlinkMessage, _: object) -> None:
            if message.component_id == component:
                told.append(str(json.loads(message.fields_json).get("uri", "")))
                heard.set()

        direct = MavlinkDirect(self._system)
        try:
            direct.subscribe_message("VIDEO_STREAM_INFORMATION", take)
            direct.send_command(self._long(component, REQUEST_MESSAGE, STREAM_INFORMATION))
            heard.wait(STREAM_WITHIN_S)
        finally:
            direct.destroy()
        return told[0].rstrip("\0") if told else ""
