"""Help for flying the embedded fleet through the real MAVSDK: one client, one port, a free one each time."""

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any

from mavsdk.asyncio import ComponentType, Configuration, Mavsdk
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.geofence import GeofenceAsync
from mavsdk.asyncio.plugins.info import InfoAsync
from mavsdk.asyncio.plugins.mission import MissionAsync
from mavsdk.asyncio.plugins.param import ParamAsync
from mavsdk.asyncio.plugins.telemetry import TelemetryAsync
from mavsdk.autopilot import Autopilot
from mavsdk.plugins.action import ActionError

from simulator.mavlink import EmbeddedFleet, VehicleSpec

LATITUDE, LONGITUDE, ALTITUDE = 31.38, 120.95, 5.0
HURRY = 100.0  # simulated seconds in a second while nothing is looked at
FAST = {
    "MIS_TAKEOFF_ALT": 20.0,
    "MPC_LAND_SPEED": 3.0,
    "MPC_TKO_RAMP_T": 0.5,
    "MPC_TKO_SPEED": 5.0,
    "MPC_XY_CRUISE": 15.0,
    "MPC_XY_VEL_MAX": 20.0,
    "MPC_Z_VEL_MAX_DN": 5.0,
    "MPC_Z_VEL_MAX_UP": 8.0,
    "MPC_Z_V_AUTO_DN": 5.0,
    "MPC_Z_V_AUTO_UP": 8.0,
}


def spec(system_id: int = 1, **changes: Any) -> VehicleSpec:
    """A vehicle some 100 m from its neighbour."""
    values: dict[str, Any] = {
        "system_id": system_id,
        "latitude_deg": LATITUDE + 0.001 * system_id,
        "longitude_deg": LONGITUDE,
        "altitude_m": ALTITUDE,
        "params": FAST,
    }
    return VehicleSpec(**{**values, **changes})


def free_port() -> int:
    """A UDP port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test, with as many threads as MAVSDK's blocking commands may need at once."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def with_threads() -> None:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
            async with asyncio.timeout(50):
                await test(*args, **kwargs)

        asyncio.run(with_threads())

    return run


@dataclass
class Drone:
    """One vehicle through MAVSDK, and the truth about it through the fleet's control."""

    system_id: int
    system: Any
    fleet: EmbeddedFleet
    speed: float

    def __post_init__(self) -> None:
        self.action = ActionAsync(self.system)
        self.telemetry = TelemetryAsync(self.system)
        self.texts: list[str] = []
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for text in self.telemetry.subscribe_status_text():
            self.texts.append(text.text)

    def close(self) -> None:
        self._listener.cancel()

    @cached_property
    def param(self) -> ParamAsync:
        return ParamAsync(self.system)

    @cached_property
    def mission(self) -> MissionAsync:
        return MissionAsync(self.system)

    @cached_property
    def geofence(self) -> GeofenceAsync:
        return GeofenceAsync(self.system)

    @cached_property
    def info(self) -> InfoAsync:
        return InfoAsync(self.system)

    async def truth(self) -> dict[str, Any]:
        states = await self.fleet.state()
        return next(state for state in states if state["system_id"] == self.system_id)

    async def until(self, condition: Callable[[dict[str, Any]], bool], wall_s: float = 15.0) -> dict[str, Any]:
        """The truth as soon as it meets a condition."""
        return await poll(self.truth, condition, wall_s)

    async def soon(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The same, with time running fast meanwhile."""
        await self.fleet.speed(HURRY)
        truth = await self.until(condition)
        await self.fleet.speed(self.speed)
        return truth

    async def until_told(self, part: str, wall_s: float = 5.0) -> None:
        """Wait for a STATUSTEXT that contains ``part``."""

        async def texts() -> list[str]:
            return self.texts

        await poll(texts, lambda texts: any(part in text for text in texts), wall_s)

    async def ready(self) -> None:
        """Wait until all is healthy; asked for often, since health is told once a second only."""
        await self.telemetry.set_rate_health(20.0)
        await self.telemetry.set_rate_home(20.0)
        await poll(self.telemetry.health_all_ok, bool, 5.0)
        # MAVSDK knows a system before it knows its tongue, and would command it in another one
        await poll(self.system.autopilot_type, lambda kind: kind == Autopilot.PX4, 5.0)
        self.home = await self.telemetry.home()

    async def fly_up(self) -> None:
        """Arm (where it is refused, once more: the ground station may not have been heard yet), take off."""
        try:
            await self.action.arm()
        except ActionError:
            await asyncio.sleep(1.2)
            await self.action.arm()
        await self.action.takeoff()
        await self.soon(lambda t: t["mode"] == "HOLD" and t["up_m"] > 1.0)

    async def goto(self, north_m: float, east_m: float, up_m: float) -> None:
        """Goto a place relative to where the vehicle was switched on."""
        home = self.home
        await self.action.goto_location(
            home.latitude_deg + north_m / 110_900,
            home.longitude_deg + east_m / (111_320 * math.cos(math.radians(home.latitude_deg))),
            home.absolute_altitude_m + up_m,
            math.nan,
        )


async def poll(question: Callable[[], Awaitable[Any]], condition: Callable[[Any], bool], wall_s: float = 15.0) -> Any:
    """Ask again and again until the answer meets a condition."""
    async with asyncio.timeout(wall_s):
        while True:
            if condition(answer := await question()):
                return answer
            await asyncio.sleep(0.01)


async def first(stream: AsyncIterator[Any]) -> Any:
    """The next value of a subscription."""
    async for value in stream:
        return value
    raise AssertionError("the stream ended")


async def eventually(stream: AsyncIterator[Any], condition: Callable[[Any], bool], wall_s: float = 5.0) -> Any:
    """The first value of a subscription that meets a condition."""
    async with asyncio.timeout(wall_s):
        async for value in stream:
            if condition(value):
                return value
    raise AssertionError("the stream ended")


@contextlib.asynccontextmanager
async def flying(
    *specs: VehicleSpec, speed: float = 40.0, ready: bool = True
) -> AsyncIterator[tuple[EmbeddedFleet, list[Drone]]]:
    """A fleet and its drones, by MAVSDK as a ground station."""
    async with EmbeddedFleet(specs or (spec(),), port=free_port(), speed_factor=speed) as fleet:
        mavsdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
        await mavsdk.add_any_connection(fleet.url)
        wanted = len(specs) or 1
        systems = await poll(mavsdk.get_systems, lambda found: len(found) == wanted, 10.0)
        drones = [Drone(await system.get_system_id(), system, fleet, speed) for system in systems]
        drones.sort(key=lambda drone: drone.system_id)
        try:
            if ready:
                await asyncio.gather(*(drone.ready() for drone in drones))
            yield fleet, drones
        finally:
            for drone in drones:
                drone.close()
            await _destroy(mavsdk)


async def _destroy(mavsdk: Mavsdk) -> None:
    ended = mavsdk.destroy()
    if isinstance(ended, Awaitable):
        await ended
