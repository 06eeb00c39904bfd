"""Carries out the kernel's commands, one at a time per drone, and gathers telemetry."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace

import structlog

from dispatch.events import (
    Command,
    Fly,
    FlyOrbit,
    Hold,
    Land,
    Launch,
    PointCamera,
    RestCamera,
    StandDown,
    Upload,
)
from dispatch.fleet import px4
from dispatch.fleet.link import MavsdkLink
from dispatch.fleet.pulse import Pulse
from dispatch.fleet.vehicle import NoAnswerError, Reading, Vehicle, VehicleError
from dispatch.geofence import Geofence
from dispatch.model import Body, Drone, DroneState
from geo.airframe import Airframe

log = structlog.get_logger(__name__)

OnRefused = Callable[[str, str, str, str, bool], None]
"""Called with drone id, sortie id, the order's name, why, and whether it answered, when a vehicle did not take it."""

SILENT_S = 3.0
"""A vehicle not heard for this long (wall time) counts as not connected."""

BODY_PERIOD_S = 1.0
"""How often a vehicle's condition is looked at (wall time)."""

ASK_CAMERA_S = (1.0, 2.0, 10.0)
"""A vehicle that is heard, is started again or has a camera heard beside it is asked for its gimbal and its stream
after these pauses (wall time)."""

INSIST_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Fleet:
    """Every registered drone, whether its vehicle has been heard or not."""

    def __init__(
        self,
        link: MavsdkLink,
        drones: Mapping[str, Drone],
        airframes: Mapping[str, Airframe],
        cruise_height_m: float,
        on_refused: OnRefused,
        position_hz: float = 5.0,
        *,
        speed: float = 1.0,
    ) -> None:
        self._link = link
        self._drones = drones
        self._drone_of = {drone.system_id: drone for drone in drones.values()}
        self._airframes = airframes
        self._cruise_height_m = cruise_height_m
        self._on_refused = on_refused
        self._position_hz = position_hz
        self._speed = speed
        self._vehicles: dict[str, Vehicle] = {}
        self._ready: set[str] = set()
        self._tasks: dict[str, tuple[asyncio.Task[None], ...]] = {}
        """What is under way for each drone: at most one command, and uploads that wait for their turn behind it."""
        self._preparations: dict[str, asyncio.Task[None]] = {}
        self._cameras: dict[str, asyncio.Task[None]] = {}
        """What is under way for a drone's camera: beside its flight, neither waits for the other."""
        self._strangers: set[int] = set()
        self._aboard: dict[str, px4.Aboard] = {}
        self._bodies: dict[str, tuple[Body, float]] = {}
        self._pulses: dict[str, Pulse] = {}
        self._trusted: dict[str, tuple[Reading, float]] = {}
        """The latest reading of each that was surely of one vehicle, and when it was heard (wall time)."""

    def vehicle(self, drone_id: str) -> Vehicle | None:
        """The drone's vehicle; None until it has been heard."""
        return self._vehicles.get(drone_id)

    def states(self, now_s: float, speed: float) -> tuple[DroneState, ...]:
        """The latest state of every drone that has been heard; ``speed`` is engine seconds per wall second."""
        self._take_in()
        states = []
        for drone_id in sorted(self._vehicles):
            reading = self._trustworthy(drone_id, self._vehicles[drone_id].read())
            if reading.position is not None:
                states.append(self._state(drone_id, reading, now_s, speed))
        return tuple(states)

    def _body(self, drone_id: str) -> Body:
        """Its condition, looked at once a second: it changes slowly."""
        now_s = time.monotonic()
        body, looked_s = self._bodies.get(drone_id, (None, 0.0))
        if body is None or now_s - looked_s >= BODY_PERIOD_S:
            before, body = body, self._vehicles[drone_id].body()
            self._bodies[drone_id] = body, now_s
            if body.camera and not (before is not None and before.camera):
                self._tend_camera(drone_id, self._learn_camera(drone_id))
        return replace(body, prepared=drone_id in self._ready)

    def _trustworthy(self, drone_id: str, reading: Reading) -> Reading:
        """The reading, or an older one while it is not sure whose it is; a vehicle that was started again is prepared
        afresh."""
        now_s, before = time.monotonic(), self._pulses.get(drone_id, Pulse())
        pulse = self._pulses[drone_id] = before.heard(reading.clock_s, now_s)
        if pulse.twins and not before.twins:
            log.error("two_vehicles_one_system_id", drone_id=drone_id, system_id=self._vehicles[drone_id].system_id)
        if pulse.backs_s[-1:] != before.backs_s[-1:]:
            self._hold_unknown(drone_id)
        if before.backs_s and pulse.trusted(now_s) and drone_id not in self._preparations:
            log.warning("vehicle_started_again", drone_id=drone_id)
            self._prepare_soon(drone_id)
        if pulse.trusted(now_s) or drone_id not in self._trusted:
            self._trusted[drone_id] = (reading, now_s)
            return reading
        reading, heard_s = self._trusted[drone_id]
        return replace(reading, age_s=reading.age_s + now_s - heard_s)

    def _hold_unknown(self, drone_id: str) -> None:
        """It was started again, or two speak as one: what is on board is not known, and it is not ready."""
        self._ready.discard(drone_id)
        self._known_aboard(drone_id).forget()
        preparing = self._preparations.pop(drone_id, None)
        if preparing is not None:
            preparing.cancel()

    def perform(self, command: Command) -> None:
        """Begin to carry out ``command``; a drone's earlier command that is still under way is dropped.

        An upload changes nothing in what is flown: it waits for the command before it. What the camera is told goes
        its own way.
        """
        if isinstance(command, PointCamera | RestCamera):
            self._tend_camera(command.drone_id, self._steer(command))
            return
        if isinstance(command, Launch):
            self._tend_camera(command.drone_id, self._make_camera_ready(command.drone_id))
        under_way = tuple(task for task in self._tasks.get(command.drone_id, ()) if not task.done())
        if isinstance(command, Upload):
            work = self._upload(command, under_way[-1] if under_way else None)
        else:
            for task in under_way:  # each: one that has not begun to wait for another does not pass it on
                task.cancel()
            under_way, work = (), self._perform(command)
        task = asyncio.create_task(work, name=f"{command.drone_id}:{type(command).__name__}")
        self._tasks[command.drone_id] = (*under_way, task)

    async def close(self) -> None:
        """Drop what is under way and let go of the vehicles. They go on with what they were told."""
        orders = [task for tasks in self._tasks.values() for task in tasks]
        tasks = [*orders, *self._preparations.values(), *self._cameras.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._link.close()

    def _take_in(self) -> None:
        for system_id, vehicle in self._link.discover().items():
            drone = self._drone_of.get(system_id)
            if drone is None:
                if system_id not in self._strangers:
                    self._strangers.add(system_id)
                    log.warning("vehicle_not_registered", system_id=system_id)
            elif drone.id not in self._vehicles:
                self._vehicles[drone.id] = vehicle
                log.info("vehicle_heard", drone_id=drone.id, system_id=system_id)
                self._prepare_soon(drone.id)

    def _prepare_soon(self, drone_id: str) -> None:
        self._preparations[drone_id] = asyncio.create_task(self._prepare(self._drones[drone_id]))
        self._tend_camera(drone_id, self._learn_camera(drone_id))

    async def _prepare(self, drone: Drone) -> None:
        vehicle = self._vehicles[drone.id]
        airframe = self._airframes[drone.airframe]
        for pause_s in (0.5, 1.0, 2.0, 4.0, 8.0):
            try:
                await vehicle.set_rates(self._position_hz)
                await vehicle.learn_firmware()
                await vehicle.set_parameters(px4.parameters(airframe, self._cruise_height_m))
            except VehicleError as error:
                log.warning("parameters_not_set", drone_id=drone.id, why=str(error))
                await asyncio.sleep(pause_s)
            else:
                await asyncio.sleep(px4.PARAMETERS_SETTLE_S)
                self._known_aboard(drone.id).takes_off_to_m = float(self._cruise_height_m)
                self._ready.add(drone.id)
                return

    async def _perform(self, command: Command) -> None:
        vehicle, aboard = self._vehicles.get(command.drone_id), self._known_aboard(command.drone_id)
        name = type(command).__name__.lower()
        try:
            if vehicle is None:
                raise VehicleError("its vehicle has not been heard")
            await vehicle.settled()
            match command:
                case Launch(height_m=height_m, mission=mission, geofence=geofence):
                    await px4.launch(vehicle, aboard, height_m, mission, geofence)
                case Fly(mission=mission, geofence=geofence):
                    await px4.fly(vehicle, aboard, mission, geofence)
                case FlyOrbit(orbit=orbit, mission=mission):
                    await px4.circle(vehicle, aboard, orbit, mission)
                case Hold():
                    await px4.hold(vehicle)
                case Land():
                    await px4.land(vehicle)
                case StandDown():
                    if not vehicle.read().in_air:  # armed or not: that may be told a second late
                        await vehicle.disarm()
                case Upload() | PointCamera() | RestCamera():
                    raise AssertionError("these go their own way")
        except VehicleError as error:
            log.warning("order_refused", drone_id=command.drone_id, order=name, why=str(error))
            answered = not isinstance(error, NoAnswerError)
            self._on_refused(command.drone_id, command.sortie_id, name, str(error), answered)
            return
        if isinstance(command, Launch | Fly | FlyOrbit):
            await self._fence(command.drone_id, vehicle, aboard, command.geofence)

    def _tend_camera(self, drone_id: str, work: Coroutine[None, None, None]) -> None:
        before = self._cameras.get(drone_id)
        if before is not None:
            before.cancel()
        self._cameras[drone_id] = asyncio.create_task(work, name=f"{drone_id}:camera")

    async def _steer(self, command: PointCamera | RestCamera) -> None:
        """A refusal is only logged: what a camera is told is confirmed, or not, by what its gimbal tells."""
        vehicle = self._vehicles.get(command.drone_id)
        if vehicle is None:
            return
        try:
            match command:
                case PointCamera(at=at, amsl_m=amsl_m):
                    await vehicle.look_at(at, amsl_m)
                case RestCamera():
                    await vehicle.rest_camera()
        except VehicleError as error:
            log.warning("camera_not_steered", drone_id=command.drone_id, why=str(error))

    async def _make_camera_ready(self, drone_id: str) -> None:
        vehicle = self._vehicles.get(drone_id)
        if vehicle is None:
            return
        try:
            await vehicle.learn_camera()
            await vehicle.make_camera_ready()
        except VehicleError as error:
            log.warning("camera_not_ready", drone_id=drone_id, why=str(error))

    async def _learn_camera(self, drone_id: str) -> None:
        """Ask for its gimbal and its stream, a few times: a camera starts later than the autopilot beside it."""
        vehicle = self._vehicles[drone_id]
        for pause_s in ASK_CAMERA_S:
            await asyncio.sleep(pause_s)
            try:
                await vehicle.learn_camera()
            except VehicleError as error:
                log.warning("camera_not_told", drone_id=drone_id, why=str(error))
            body = vehicle.body()
            if body.gimbal and body.video_url:
                return

    async def _upload(self, command: Upload, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        vehicle, aboard = self._vehicles.get(command.drone_id), self._known_aboard(command.drone_id)
        if vehicle is None:
            return
        mission = command.mission
        if mission is not None:
            if not vehicle.read().in_air:
                height_m = mission.points[-1].height_m
                await self._insist(command.drone_id, lambda: px4.take_height(vehicle, aboard, height_m))
            await self._insist(command.drone_id, lambda: px4.take_mission(vehicle, aboard, mission))
        await self._fence(command.drone_id, vehicle, aboard, command.geofence)

    async def _fence(self, drone_id: str, vehicle: Vehicle, aboard: px4.Aboard, geofence: Geofence) -> None:
        """See to it that the vehicle holds this fence; say which zones it cannot hold."""

        async def take() -> None:
            fence = await px4.take_fence(vehicle, aboard, geofence)
            if fence.no_room:
                log.warning("fence_cut", drone_id=drone_id, without=fence.no_room, most_points=px4.MOST_FENCE_POINTS)
            if refused := [text for text in vehicle.messages() if text.startswith("Geofence invalid")]:
                log.warning("fence_not_in_force", drone_id=drone_id, why=refused)

        await self._insist(drone_id, take)

    async def _insist(self, drone_id: str, order: Callable[[], Awaitable[None]]) -> None:
        """Try until it is done, or another command comes: a vehicle that flies without it is no reason to land it."""
        for pause_s in INSIST_S:
            try:
                await order()
                return
            except VehicleError as error:
                log.warning("upload_failed", drone_id=drone_id, why=str(error))
                await asyncio.sleep(pause_s)

    def _known_aboard(self, drone_id: str) -> px4.Aboard:
        return self._aboard.setdefault(drone_id, px4.Aboard(settles_s=px4.PARAMETERS_SETTLE_S / self._speed))

    def _state(self, drone_id: str, reading: Reading, now_s: float, speed: float) -> DroneState:
        connected = reading.age_s <= SILENT_S
        if not connected:
            self._known_aboard(drone_id).forget()
        return DroneState(
            drone_id=drone_id,
            connected=connected,
            healthy=reading.healthy and drone_id in self._ready,
            position=reading.position,
            height_m=reading.height_m,
            ground_speed_mps=reading.ground_speed_mps,
            heading_deg=reading.heading_deg,
            course_deg=reading.course_deg,
            battery_share=reading.battery_share,
            armed=reading.armed,
            in_air=reading.in_air,
            mode=reading.mode,
            sight=reading.sight,
            seen_at_s=now_s - reading.age_s * speed,
            body=self._body(drone_id),
            twins=self._pulses[drone_id].twins,
        )
