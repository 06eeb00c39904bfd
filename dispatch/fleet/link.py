"""What knows MAVSDK, with :mod:`dispatch.fleet.camera`.

MAVSDK 4 is a native library with blocking calls. They run in a pool as large as the fleet needs: on the default pool
(six threads on two cores) a recall would wait behind the time-outs of silent drones. Its ``*_async`` calls are not
used: they keep every callback for ever. Telemetry is not queued: MAVSDK's own latest values are read when somebody
looks, so a slow reader loses nothing but history. Nor are there callbacks, each of which waits for Python's global
lock: with one for every position, a hundred vehicles at 5 Hz made MAVSDK drop some. Of what it keeps, the attitude
bears the vehicle's own clock; that it moves says that the vehicle is alive.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from mavsdk.autopilot import Autopilot
from mavsdk.component_type import ComponentType
from mavsdk.exceptions import MavsdkError
from mavsdk.logging import LogLevel, log_subscribe
from mavsdk.mavsdk import Configuration, Mavsdk
from mavsdk.plugins.action import Action, OrbitYawBehavior
from mavsdk.plugins.geofence import Geofence
from mavsdk.plugins.info import Info
from mavsdk.plugins.mission_raw import MissionItem, MissionRaw
from mavsdk.plugins.param import Param
from mavsdk.plugins.telemetry import FlightMode, LandedState, Telemetry, VtolState
from mavsdk.system import System

from dispatch.fleet.calls import Calls
from dispatch.fleet.camera import Camera
from dispatch.fleet.connection import obstacle, parse_connections
from dispatch.fleet.vehicle import Item, Plan, Reading, VehicleError
from dispatch.model import Body
from geo.position import Position

log = structlog.get_logger(__name__)

_ON_WING = frozenset({VtolState.FW, VtolState.TRANSITION_TO_FW, VtolState.TRANSITION_TO_MC})

NEVER_S = 1e9
"""The age of telemetry that was never heard."""

DROPPED: Counter[str] = Counter()
"""How often MAVSDK said that it dropped callbacks since we are not keeping up, by what it said; it counts them, and
says so every few seconds at most."""


class MavsdkVehicle:
    """One autopilot seen through MAVSDK."""

    def __init__(self, system: System, pool: ThreadPoolExecutor) -> None:
        self._system_id = int(system.get_system_id())
        self._system, self._info, self._firmware = system, Info(system), ""
        self._call, self._camera = Calls(pool, self.messages), Camera(system, pool)
        self._action, self._mission = Action(system), MissionRaw(system)
        self._fence, self._param, self._telemetry = Geofence(system), Param(system), Telemetry(system)
        self._heard_s = -NEVER_S
        self._clock_s = 0.0
        self._said: deque[str] = deque(maxlen=50)
        self._telemetry.subscribe_status_text(lambda text, _: self._said.append(str(text.text)))

    @property
    def system_id(self) -> int:
        """Its MAVLink system id."""
        return self._system_id

    def _listen(self) -> float:
        """Its clock now; where that has moved, it has been heard."""
        clock_s = float(self._telemetry.attitude_euler().timestamp_us) / 1e6
        if clock_s != self._clock_s:
            self._clock_s, self._heard_s = clock_s, time.monotonic()
        return clock_s

    def read(self) -> Reading:
        """Its latest telemetry; no position until all of it was heard, for MAVSDK tells of an unheard vehicle that it
        stands on the ground with an unknown battery.
        """
        told = self._telemetry
        place, velocity, in_air = told.position(), told.velocity_ned(), bool(told.in_air())
        battery_percent, mode = told.battery().remaining_percent, told.flight_mode()
        clock_s = self._listen()
        known = (
            self._heard_s > 0
            and told.landed_state() != LandedState.UNKNOWN
            and mode != FlightMode.UNKNOWN
            and all(map(math.isfinite, (place.latitude_deg, place.longitude_deg, battery_percent)))
        )
        return Reading(
            position=Position(place.longitude_deg, place.latitude_deg) if known else None,
            height_m=_number(place.relative_altitude_m),
            ground_speed_mps=math.hypot(_number(velocity.north_m_s), _number(velocity.east_m_s)),
            course_deg=math.degrees(math.atan2(_number(velocity.east_m_s), _number(velocity.north_m_s))) % 360.0,
            heading_deg=_number(told.heading().heading_deg) % 360.0,
            battery_share=_number(battery_percent) / 100.0,
            armed=bool(told.armed()),
            in_air=in_air,
            mode=str(mode.name),
            healthy=bool(told.health_all_ok()),
            age_s=time.monotonic() - self._heard_s,
            clock_s=clock_s,
            sight=self._camera.sight(),
            on_wing=told.vtol_state() in _ON_WING,
        )

    def body(self) -> Body:
        """What it tells of its condition. Its firmware is known once :meth:`learn_firmware` was answered."""
        told, gps, health = self._telemetry, self._telemetry.gps_info(), self._telemetry.health()
        volts, now_us = told.battery().voltage_v, told.unix_epoch_time()
        gps_heard = told.raw_gps().timestamp_us > 0
        kind = self._system.vehicle_type().name.lower()
        return Body(
            failing=tuple(word for word, passes in _HEALTH.items() if not getattr(health, passes)),
            kind="" if kind in ("unknown", "generic") else kind,
            firmware=self._firmware,
            gps_fix=int(gps.fix_type) if gps_heard else None,
            satellites=int(gps.num_satellites) if gps_heard else None,
            voltage_v=round(volts, 1) if math.isfinite(volts) else None,
            clock_off_s=round(now_us / 1e6 - time.time(), 1) if now_us else None,  # noqa: TID251 - a shell
            camera=self._camera.heard,
            gimbal=self._camera.steerable,
            video_url=self._camera.stream_url,
        )

    async def ping(self) -> None:
        """Ask it something that changes nothing, and wait for the answer."""
        await self._call(self._param.get_param_int, "MAV_SYS_ID")

    async def learn_firmware(self) -> None:
        """Ask for the version of its firmware."""
        version = await self._call(self._info.get_version)
        self._firmware = f"{version.flight_sw_major}.{version.flight_sw_minor}.{version.flight_sw_patch}"

    def messages(self) -> Sequence[str]:
        """What it said in words since the last call."""
        said = list(self._said)
        self._said.clear()
        return said

    async def settled(self) -> None:
        """Wait until no call is under way, not even one whose order was dropped: it may reach the vehicle yet."""
        await self._call.settled()

    async def set_rates(self, position_hz: float) -> None:
        """Ask for positions, velocities and the attitude in angles (with the clock) so often, and for what nobody looks
        at once a second: PX4 sends attitudes at up to 100 Hz on a companion's link."""
        await self._call(self._telemetry.set_rate_position, position_hz)
        await self._call(self._telemetry.set_rate_attitude_euler, position_hz)
        await self._call(self._telemetry.set_rate_attitude_quaternion, 1.0)
        if self.body().kind.startswith("vtol"):
            await self._call(self._telemetry.set_rate_vtol_state, position_hz)

    async def set_parameters(self, values: Mapping[str, float | int]) -> None:
        """Set parameters one after the other and read each back; the error names the parameter."""
        for name, value in values.items():
            whole = isinstance(value, int)
            setter = self._param.set_param_int if whole else self._param.set_param_float
            getter = self._param.get_param_int if whole else self._param.get_param_float
            try:
                await self._call(setter, name, value)
                held = await self._call(getter, name)
            except VehicleError as error:
                raise VehicleError(f"parameter {name} = {value}: {error}") from error
            if not math.isclose(held, value, rel_tol=1e-6, abs_tol=1e-6):
                raise VehicleError(f"parameter {name} = {value}: the vehicle holds {held}")

    async def arm(self) -> None:
        """Arm."""
        await self._call(self._action.arm)

    async def disarm(self) -> None:
        """Disarm; refused in the air."""
        await self._call(self._action.disarm)

    async def take_off(self) -> None:
        """Climb to the take-off height set by parameter."""
        await self._call(self._action.takeoff)

    async def hold(self) -> None:
        """Stop and hover."""
        await self._call(self._action.hold)

    async def land(self) -> None:
        """Land here."""
        await self._call(self._action.land)

    async def leave_wing(self) -> None:
        """Have a VTOL go back to hovering."""
        await self._call(self._action.transition_to_multicopter)

    async def go_to(self, point: Position, height_m: float) -> None:
        """Fly straight to ``point`` at ``height_m`` above the home that the vehicle itself reports."""
        altitude_m = self._altitude_m(height_m)
        await self._call(self._action.goto_location, point.latitude_deg, point.longitude_deg, altitude_m, math.nan)

    async def circle(self, centre: Position, height_m: float, radius_m: float, speed_mps: float) -> None:
        """Circle over ``centre`` at ``height_m`` above the home that the vehicle itself reports."""
        inwards, altitude_m = OrbitYawBehavior.HOLD_FRONT_TO_CIRCLE_CENTER, self._altitude_m(height_m)
        place = centre.latitude_deg, centre.longitude_deg, altitude_m
        await self._call(self._action.do_orbit, radius_m, speed_mps, inwards, *place)

    def _altitude_m(self, height_m: float) -> float:
        home = self._telemetry.home()
        if not math.isfinite(home.absolute_altitude_m):
            raise VehicleError("it has not told its home position")
        return float(home.absolute_altitude_m) + height_m

    async def upload(self, plan: Plan, items: Sequence[Item]) -> None:
        """Replace a plan on board."""
        send = {
            Plan.MISSION: self._mission.upload_mission,
            Plan.GEOFENCE: self._mission.upload_geofence,
            Plan.RALLY: self._mission.upload_rally_points,
        }[plan]
        try:
            if not items and plan is Plan.GEOFENCE:  # MAVSDK uploads no empty list
                await self._call(self._fence.clear_geofence)
            else:
                await self._call(send, [_raw(number, item, plan) for number, item in enumerate(items)])
        except VehicleError as error:
            raise VehicleError(f"{plan.value} of {len(items)} items: {error}") from error

    async def verify(self, plan: Plan, items: Sequence[Item]) -> None:
        """Read a plan back."""
        read = {
            Plan.MISSION: self._mission.download_mission,
            Plan.GEOFENCE: self._mission.download_geofence,
            Plan.RALLY: self._mission.download_rallypoints,
        }[plan]
        sent = [_raw(number, item, plan) for number, item in enumerate(items)]
        try:
            held = await self._call(read) if sent else []
        except VehicleError as error:
            raise VehicleError(f"{plan.value} of {len(items)} items cannot be read back: {error}") from error
        if len(held) != len(sent) or not all(map(_same, held, sent)):
            raise VehicleError(f"{plan.value} of {len(items)} items: the vehicle holds {len(held)} others")

    async def start_mission(self) -> None:
        """Fly the mission on board, from the item where it stands.

        No vehicle is set back to an earlier item: MAVSDK 4.1 (``SetCurrentWorkItem``) asks for it until it is told that
        item, without end. A vehicle over its first item has passed it before it tells, and one that falls silent then
        never does.
        """
        await self._call(self._mission.start_mission)

    async def look_at(self, place: Position, amsl_m: float) -> None:
        """Keep the camera on ``place``, ``amsl_m`` above mean sea level."""
        await self._camera.look_at(place, amsl_m)

    async def rest_camera(self) -> None:
        """The camera back to neutral, its gimbal let go of."""
        await self._camera.rest()

    async def make_camera_ready(self) -> None:
        """Have the gimbal found, where there is one, before it is to be steered."""
        await self._camera.make_ready()

    async def learn_camera(self) -> None:
        """Ask whether it has a gimbal, and where its pictures are."""
        await self._camera.learn()

    def close(self) -> None:
        """Let go of the vehicle."""
        self._camera.close()
        for plugin in (self._info, self._telemetry, self._param, self._fence, self._mission, self._action):
            plugin.destroy()


class MavsdkLink:
    """One MAVSDK for any number of vehicles on any number of connections."""

    def __init__(self, connections: Sequence[str], *, threads: int = 64) -> None:
        wanted = parse_connections(connections)
        log_subscribe(_tell)
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="mavsdk")
        self._mavsdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
        self._vehicles: dict[int, MavsdkVehicle] = {}
        for connection in wanted:
            why = obstacle(connection)
            try:
                if why is None:
                    self._mavsdk.add_any_connection_with_handle(str(connection))  # without "handle" it fails in silence
            except MavsdkError as error:
                why = str(error)
            if why is not None:
                self.close()
                raise VehicleError(f"connection {str(connection)!r} cannot be opened: {why}")

    def discover(self) -> dict[int, MavsdkVehicle]:
        """The vehicles heard so far, by system id; those seen before are the same objects."""
        if self._mavsdk.system_count() > len(self._vehicles):
            for system in self._mavsdk.get_systems():
                system_id = int(system.get_system_id())
                # Known at the first heartbeat, known to be PX4 at the second; between them a take-off is sent to 0 m.
                if system_id not in self._vehicles and system.autopilot_type() == Autopilot.PX4:
                    self._vehicles[system_id] = MavsdkVehicle(system, self._pool)
        return dict(self._vehicles)

    def close(self) -> None:
        """Let go of every vehicle and close the connections; waits for calls that are under way (some seconds where a
        vehicle is silent), for what they use is MAVSDK's own memory."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for vehicle in self._vehicles.values():
            vehicle.close()
        self._vehicles.clear()
        self._mavsdk.destroy()


_HEALTH = {
    "gyro": "is_gyrometer_calibration_ok",
    "accelerometer": "is_accelerometer_calibration_ok",
    "compass": "is_magnetometer_calibration_ok",
    "local position": "is_local_position_ok",
    "global position": "is_global_position_ok",
    "home position": "is_home_position_ok",
    "arming": "is_armable",
}
"""A vehicle's health checks, by the word that people are told."""

_KINDS = {Plan.MISSION: 0, Plan.GEOFENCE: 1, Plan.RALLY: 2}
_FRAME_MISSION, _FRAME_RELATIVE = 2, 6
"""MAV_FRAME_MISSION, for what is no place, and MAV_FRAME_GLOBAL_RELATIVE_ALT_INT."""


def _raw(number: int, item: Item, plan: Plan) -> MissionItem:
    at = item.position
    return MissionItem(
        seq=number,
        frame=_FRAME_MISSION if at is None else _FRAME_RELATIVE,
        command=item.command,
        current=int(number == 0 and plan is Plan.MISSION),
        autocontinue=1,
        param1=item.params[0],
        param2=item.params[1],
        param3=item.params[2],
        param4=item.params[3],
        x=0 if at is None else round(at.latitude_deg * 1e7),
        y=0 if at is None else round(at.longitude_deg * 1e7),
        z=item.height_m,
        mission_type=_KINDS[plan],
    )


PLACE_E7 = 10
"""A place may come back so many 1e-7 degrees off (0.1 m): PX4 gave back a corner 4 e-7 off."""


def _same(held: MissionItem, sent: MissionItem) -> bool:
    """Whether an item came back as it was sent: the command, the place, and what a fence says (corners, radius)."""
    return (
        held.command == sent.command
        and abs(held.x - sent.x) <= PLACE_E7
        and abs(held.y - sent.y) <= PLACE_E7
        and (sent.mission_type != _KINDS[Plan.MISSION] or sent.x == 0 or math.isclose(held.z, sent.z, abs_tol=0.01))
        and (sent.mission_type != _KINDS[Plan.GEOFENCE] or math.isclose(held.param1, sent.param1, rel_tol=1e-5))
    )


def _number(value: float) -> float:
    return float(value) if math.isfinite(value) else 0.0


def _tell(level: LogLevel, text: str, _file: str | None, _line: int) -> bool:
    """MAVSDK's own log, in ours; its warnings (a message sent again) are what a radio link is like."""
    if text.startswith("Dropping subscription"):
        DROPPED[text.split(" (")[0]] += 1
    if level is LogLevel.ERROR:
        log.warning("mavsdk", text=text)
    else:
        log.debug("mavsdk", text=text)
    return True
