"""A vehicle's gimbal and video stream through MAVSDK.

Measured with mavsdk 4.1.0: its gimbal plugin finds every gimbal manager, be it the autopilot or a component of its own,
but asks every component that is none once a second or more for as long as it lives. So who has a gimbal is asked
directly, and the plugin lives from take-off until the gimbal is let go of. The camera plugin is not used: it never asks
for VIDEO_STREAM_INFORMATION, so that it knows no address, and asks for four other things every few seconds.

Calls to a camera wait for each other and for nothing else: no flight order waits for a gimbal that is silent.
"""

import asyncio
import json
import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from mavsdk.plugins.gimbal import ControlMode, Gimbal, GimbalError
from mavsdk.plugins.mavlink_direct import MavlinkDirect, MavlinkMessage
from mavsdk.system import System

from dispatch.fleet.calls import Calls
from dispatch.fleet.vehicle import NoAnswerError, VehicleError
from dispatch.model import Sight
from dispatch.video import without_credentials
from geo.position import Position

CAMERAS = frozenset(range(100, 106))
"""MAVLink's component ids."""

SET_ROI_NONE, REQUEST_MESSAGE = 197, 512
STREAM, GIMBAL_MANAGER = (269, "VIDEO_STREAM_INFORMATION"), (280, "GIMBAL_MANAGER_INFORMATION")
ACCEPTED = 0
TOLD_WITHIN_S = 1.0
FOUND_WITHIN_S, LOOK_S = 10.0, 0.1
"""The plugin finds a gimbal with its next heartbeat, the one of PX4 1.16 with the sixth: it asks that five times for
what it does not tell."""


class Camera:
    """What one vehicle looks at the ground with."""

    def __init__(self, system: System, pool: ThreadPoolExecutor) -> None:
        self._system = system
        self._calls = Calls(pool)
        self._manager: int | None = None  # the component that steers its gimbal
        self._gimbal: Gimbal | None = None
        self._number: int | None = None  # the gimbal's, in MAVSDK's list
        self.stream_url = ""
        """Where its pictures are, once :meth:`learn` was answered; without credentials."""

    @property
    def heard(self) -> bool:
        """Whether a camera has been heard."""
        return bool(self._system.has_camera())

    @property
    def steerable(self) -> bool:
        """Whether it has a gimbal, once :meth:`learn` was answered."""
        return self._manager is not None

    def sight(self) -> Sight | None:
        """Where it looks; None where no gimbal is steered, or has told."""
        if self._gimbal is None or self._number is None:
            return None
        try:
            q = self._gimbal.get_attitude(self._number).quaternion_north
        except GimbalError:
            return None
        if not all(map(math.isfinite, (q.w, q.x, q.y, q.z))):
            return None
        north, east, down = 1 - 2 * (q.y**2 + q.z**2), 2 * (q.x * q.y + q.w * q.z), 2 * (q.x * q.z - q.w * q.y)
        return Sight(
            bearing_deg=math.degrees(math.atan2(east, north)) % 360.0,
            pitch_deg=math.degrees(math.atan2(-down, math.hypot(north, east))),
        )

    async def learn(self) -> None:
        """Ask its components for a gimbal, and its cameras where their pictures are; the first that tells counts."""
        components = sorted(self._system.component_ids())
        if self._manager is None:
            self._manager = next((who for who, _ in await self._told(components, GIMBAL_MANAGER)), None)
        if not self.stream_url:
            told = await self._told(CAMERAS.intersection(components), STREAM)
            self.stream_url = next((without_credentials(str(fields["uri"]).rstrip("\0")) for _, fields in told), "")

    async def make_ready(self) -> None:
        """Have MAVSDK find the gimbal, where there is one, before it is to be steered."""
        if self.steerable:
            await self._steered()

    async def look_at(self, place: Position, amsl_m: float) -> None:
        """Take control of the gimbal and keep it on a place, ``amsl_m`` above mean sea level."""
        gimbal, number = await self._steered()
        await self._calls(gimbal.take_control, number, ControlMode.PRIMARY)
        await self._calls(gimbal.set_roi_location, number, place.latitude_deg, place.longitude_deg, amsl_m)

    async def rest(self) -> None:
        """Back to neutral, and let go of the gimbal. MAVSDK's plugin cannot take back a place to look at."""
        gimbal, number = await self._steered()
        await self._calls(self._command, self._manager, SET_ROI_NONE)
        await self._calls(gimbal.release_control, number)
        self.close()

    def close(self) -> None:
        """Let go of the plugin, not of the gimbal."""
        if self._gimbal is not None:
            self._gimbal.destroy()
        self._gimbal = self._number = None

    async def _steered(self) -> tuple[Gimbal, int]:
        """The plugin, once it has found the gimbal."""
        if self._gimbal is None:
            self._gimbal = Gimbal(self._system)
        for _ in range(round(FOUND_WITHIN_S / LOOK_S)):
            if gimbals := self._gimbal.gimbal_list().gimbals:
                self._number = int(gimbals[0].gimbal_id)
                return self._gimbal, self._number
            await asyncio.sleep(LOOK_S)
        raise VehicleError("its gimbal does not tell of itself")

    async def _told(self, components: Iterable[int], what: tuple[int, str]) -> list[tuple[int, dict[str, Any]]]:
        """What the first of these components tells of it, with the component; nothing where none does."""
        for component in components:
            try:
                fields = await self._calls(self._ask, component, *what)
            except NoAnswerError:
                continue
            if fields is not None:
                return [(component, fields)]
        return []

    def _ask(self, component: int, number: int, name: str) -> dict[str, Any] | None:
        """The fields of a message that a component sends when asked; None where it does not."""
        told: list[dict[str, Any]] = []
        heard = Event()

        def take(message: MavlinkMessage, _: object) -> None:
            if message.component_id == component:
                told.append(json.loads(message.fields_json))
                heard.set()

        direct = MavlinkDirect(self._system)
        try:
            direct.subscribe_message(name, take)
            answer = direct.send_command(self._long(component, REQUEST_MESSAGE, number))
            if json.loads(answer.fields_json)["result"] == ACCEPTED:
                heard.wait(TOLD_WITHIN_S)
        finally:
            direct.destroy()
        return told[0] if told else None

    def _command(self, component: int, command: int) -> None:
        direct = MavlinkDirect(self._system)
        try:
            direct.send_command(self._long(component, command))
        finally:
            direct.destroy()

    def _long(self, component: int, command: int, first: float = 0.0) -> MavlinkMessage:
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
