"""What a vehicle tells: one builder for each message, and how often PX4 sends it."""

import math
import time
from collections.abc import Callable
from typing import Final

from .dynamics import GRAVITY_MPS2, Kind
from .failsafe import battery_level
from .modes import Mode
from .navigation import Sense
from .vehicle import Vehicle
from .wire import Message, dialect

CELLS: Final = 4
CELL_EMPTY_V: Final = 3.6
CELL_CHARGED_V: Final = 4.05

_GPS = dialect.MAV_SYS_STATUS_SENSOR_GPS
_PREARM = dialect.MAV_SYS_STATUS_PREARM_CHECK
_SENSORS = (
    dialect.MAV_SYS_STATUS_SENSOR_3D_GYRO
    | dialect.MAV_SYS_STATUS_SENSOR_3D_ACCEL
    | dialect.MAV_SYS_STATUS_SENSOR_3D_MAG
    | dialect.MAV_SYS_STATUS_SENSOR_ABSOLUTE_PRESSURE
    | dialect.MAV_SYS_STATUS_SENSOR_BATTERY
    | dialect.MAV_SYS_STATUS_AHRS
)
_CAPABILITIES = (
    dialect.MAV_PROTOCOL_CAPABILITY_MISSION_FLOAT
    | dialect.MAV_PROTOCOL_CAPABILITY_MISSION_INT
    | dialect.MAV_PROTOCOL_CAPABILITY_PARAM_FLOAT
    | dialect.MAV_PROTOCOL_CAPABILITY_PARAM_ENCODE_BYTEWISE
    | dialect.MAV_PROTOCOL_CAPABILITY_COMMAND_INT
    | dialect.MAV_PROTOCOL_CAPABILITY_FLIGHT_TERMINATION
    | dialect.MAV_PROTOCOL_CAPABILITY_MAVLINK2
    | dialect.MAV_PROTOCOL_CAPABILITY_MISSION_FENCE
)
SOFTWARE_VERSION: Final = 1 << 24 | 16 << 16 | 255  # 1.16.0, release: the PX4 that was measured
_MAV_STATE_STANDBY, _MAV_STATE_ACTIVE, _MAV_STATE_CRITICAL = 3, 4, 5
_LANDED, _IN_AIR, _TAKING_OFF, _LANDING = 1, 2, 3, 4


def heartbeat(vehicle: Vehicle) -> Message:
    """Mode and arming."""
    base = dialect.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED | dialect.MAV_MODE_FLAG_STABILIZE_ENABLED
    base |= dialect.MAV_MODE_FLAG_GUIDED_ENABLED | dialect.MAV_MODE_FLAG_AUTO_ENABLED
    if vehicle.armed:
        base |= dialect.MAV_MODE_FLAG_SAFETY_ARMED
    state = _MAV_STATE_ACTIVE if vehicle.armed else _MAV_STATE_STANDBY
    if vehicle.armed and vehicle.active_mode != vehicle.mode:
        state = _MAV_STATE_CRITICAL
    kind = int(vehicle.params["MAV_TYPE"])
    return dialect.MAVLink_heartbeat_message(
        kind, dialect.MAV_AUTOPILOT_PX4, base, vehicle.active_mode.custom_mode, state, 3
    )


def landed_state(vehicle: Vehicle) -> int:
    """MAV_LANDED_STATE as PX4 derives it: from the land detector and the kind of setpoint."""
    if vehicle.sense.landed:
        return _LANDED
    if vehicle.wanted_kind == Kind.TAKEOFF:
        return _TAKING_OFF
    return _LANDING if vehicle.wanted_kind in (Kind.LAND, Kind.DRIFT) else _IN_AIR


def extended_sys_state(vehicle: Vehicle) -> Message:
    return dialect.MAVLink_extended_sys_state_message(vehicle.sense.vtol, landed_state(vehicle))


def global_position(vehicle: Vehicle) -> Message:
    sense = vehicle.sense
    east, north, up = sense.place_m
    ve, vn, vu = sense.velocity_mps
    latitude, longitude = vehicle.frame.globe(east, north)
    return dialect.MAVLink_global_position_int_message(
        boot_ms(sense),
        round(latitude * 1e7),
        round(longitude * 1e7),
        round((vehicle.frame.altitude_m + up) * 1e3),
        round((up - sense.home_m[2]) * 1e3),
        round(vn * 100),
        round(ve * 100),
        round(-vu * 100),
        round(math.degrees(sense.yaw_rad) * 100) % 36_000,
    )


def local_position(vehicle: Vehicle) -> Message:
    east, north, up = vehicle.sense.place_m
    ve, vn, vu = vehicle.sense.velocity_mps
    return dialect.MAVLink_local_position_ned_message(boot_ms(vehicle.sense), north, east, -up, vn, ve, -vu)


def _angles(sense: Sense) -> tuple[float, float, float]:
    """(roll, pitch, yaw) in radians of a multirotor that leans into its acceleration."""
    east, north, _ = sense.acceleration_mps2
    ahead = north * math.cos(sense.yaw_rad) + east * math.sin(sense.yaw_rad)
    right = east * math.cos(sense.yaw_rad) - north * math.sin(sense.yaw_rad)
    yaw = math.remainder(sense.yaw_rad, 2.0 * math.pi)
    return math.atan2(right, GRAVITY_MPS2), -math.atan2(ahead, GRAVITY_MPS2), yaw


def attitude(vehicle: Vehicle) -> Message:
    roll, pitch, yaw = _angles(vehicle.sense)
    return dialect.MAVLink_attitude_message(boot_ms(vehicle.sense), roll, pitch, yaw, 0.0, 0.0, 0.0)


def attitude_quaternion(vehicle: Vehicle) -> Message:
    roll, pitch, yaw = (angle / 2.0 for angle in _angles(vehicle.sense))
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    return dialect.MAVLink_attitude_quaternion_message(
        boot_ms(vehicle.sense),
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        0.0,
        0.0,
        0.0,
    )


def gps_raw(vehicle: Vehicle) -> Message:
    sense = vehicle.sense
    east, north, up = sense.place_m
    ve, vn, _ = sense.velocity_mps
    latitude, longitude = vehicle.frame.globe(east, north)
    altitude_mm = round((vehicle.frame.altitude_m + up) * 1e3)
    fix, satellites = (0, 0) if vehicle.gps_lost else (3, 16)
    return dialect.MAVLink_gps_raw_int_message(
        round(sense.now_s * 1e6),
        fix,
        round(latitude * 1e7),
        round(longitude * 1e7),
        altitude_mm,
        70,
        110,
        round(math.hypot(ve, vn) * 100),
        round(math.degrees(math.atan2(ve, vn)) * 100) % 36_000,
        satellites,
        altitude_mm,
        500,
        900,
    )


def sys_status(vehicle: Vehicle) -> Message:
    health = _SENSORS
    if vehicle.healthy:
        health |= _GPS
    if vehicle.armed or vehicle.armable:
        health |= _PREARM
    present = _SENSORS | _GPS | _PREARM
    return dialect.MAVLink_sys_status_message(
        present,
        present,
        health,
        150,
        round(_volts(vehicle.sense) * 1e3),
        _centi_amperes(vehicle.sense),
        math.ceil(vehicle.sense.share * 100),
        0,
        0,
        0,
        0,
        0,
        0,
    )


def battery_status(vehicle: Vehicle) -> Message:
    sense = vehicle.sense
    cell_mv = round(_volts(sense) / CELLS * 1e3)
    used_wh = (1.0 - sense.share) * vehicle.spec.battery_wh
    charging = sense.power_w < 0.0
    level = battery_level(sense.share, vehicle.params)
    return dialect.MAVLink_battery_status_message(
        0,
        dialect.MAV_BATTERY_FUNCTION_ALL,
        dialect.MAV_BATTERY_TYPE_LIPO,
        32_767,
        [cell_mv] * CELLS + [65_535] * (10 - CELLS),
        _centi_amperes(sense),
        round(used_wh / (CELLS * 3.7) * 1e3),
        -1,
        round(sense.share * 100),
        0,
        dialect.MAV_BATTERY_CHARGE_STATE_CHARGING if charging else level + 1,
    )


def _volts(sense: Sense) -> float:
    return CELLS * (CELL_EMPTY_V + sense.share * (CELL_CHARGED_V - CELL_EMPTY_V))


def _centi_amperes(sense: Sense) -> int:
    return min(round(max(sense.power_w, 0.0) / _volts(sense) * 100), 32_767)


def home_position(vehicle: Vehicle) -> Message:
    east, north, up = vehicle.sense.home_m
    latitude, longitude = vehicle.frame.globe(east, north)
    return dialect.MAVLink_home_position_message(
        round(latitude * 1e7),
        round(longitude * 1e7),
        round((vehicle.frame.altitude_m + up) * 1e3),
        north,
        east,
        -up,
        [1.0, 0.0, 0.0, 0.0],
        0.0,
        0.0,
        0.0,
        round(vehicle.sense.now_s * 1e6),
    )


def vfr_hud(vehicle: Vehicle) -> Message:
    sense = vehicle.sense
    ve, vn, vu = sense.velocity_mps
    air = math.hypot(ve - sense.wind_mps[0], vn - sense.wind_mps[1])
    throttle = round(100 * min(max(sense.power_w, 0.0) / max(vehicle.spec.climb_w, 1.0), 1.0))
    heading = round(math.degrees(sense.yaw_rad)) % 360
    altitude_m = vehicle.frame.altitude_m + sense.place_m[2]
    return dialect.MAVLink_vfr_hud_message(air, math.hypot(ve, vn), heading, throttle, altitude_m, vu)


def altitude(vehicle: Vehicle) -> Message:
    up = vehicle.sense.place_m[2]
    amsl_m = vehicle.frame.altitude_m + up
    return dialect.MAVLink_altitude_message(
        round(vehicle.sense.now_s * 1e6), amsl_m, amsl_m, up, up - vehicle.sense.home_m[2], math.nan, math.nan
    )


def wind(vehicle: Vehicle) -> Message:
    east, north = vehicle.sense.wind_mps
    return dialect.MAVLink_wind_cov_message(round(vehicle.sense.now_s * 1e6), north, east, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def system_time(vehicle: Vehicle) -> Message:
    return dialect.MAVLink_system_time_message(time.time_ns() // 1000, boot_ms(vehicle.sense))


def mission_current(vehicle: Vehicle) -> Message:
    if not vehicle.plan.mission:
        state = dialect.MISSION_STATE_NO_MISSION
    elif vehicle.plan.finished:
        state = dialect.MISSION_STATE_COMPLETE
    elif vehicle.armed and vehicle.active_mode == Mode.MISSION:
        state = dialect.MISSION_STATE_ACTIVE
    elif vehicle.plan.index:
        state = dialect.MISSION_STATE_PAUSED
    else:
        state = dialect.MISSION_STATE_NOT_STARTED
    return dialect.MAVLink_mission_current_message(vehicle.plan.index, len(vehicle.plan.mission) or 65_535, state)


def autopilot_version(vehicle: Vehicle) -> Message:
    system_id = vehicle.spec.system_id
    return dialect.MAVLink_autopilot_version_message(
        _CAPABILITIES,
        SOFTWARE_VERSION,
        SOFTWARE_VERSION,
        0,
        0,
        [0] * 8,
        [0] * 8,
        [0] * 8,
        0,
        0,
        system_id,
        [0] * 17 + [system_id],
    )


def gps_global_origin(vehicle: Vehicle) -> Message:
    frame = vehicle.frame
    return dialect.MAVLink_gps_global_origin_message(
        round(frame.latitude_deg * 1e7),
        round(frame.longitude_deg * 1e7),
        round(frame.altitude_m * 1e3),
        round(vehicle.sense.now_s * 1e6),
    )


def boot_ms(sense: Sense) -> int:
    """Simulated milliseconds since it was switched on, as MAVLink counts them."""
    return int((sense.now_s - sense.booted_s) * 1e3) & 0xFFFF_FFFF


Builder = Callable[[Vehicle], Message]

# message id: (builder, seconds between two in wall time; 0: on request only). Position has its own rate.
# PX4 sends attitude and some others faster; these rates keep a fleet of a hundred light for its listener.
STREAMS: Final[dict[int, tuple[Builder, float]]] = {
    dialect.MAVLINK_MSG_ID_HEARTBEAT: (heartbeat, 1.0),
    dialect.MAVLINK_MSG_ID_SYS_STATUS: (sys_status, 1.0),
    dialect.MAVLINK_MSG_ID_EXTENDED_SYS_STATE: (extended_sys_state, 1.0),
    dialect.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: (global_position, 0.2),
    dialect.MAVLINK_MSG_ID_LOCAL_POSITION_NED: (local_position, 1.0),
    dialect.MAVLINK_MSG_ID_ATTITUDE: (attitude, 0.5),
    dialect.MAVLINK_MSG_ID_ATTITUDE_QUATERNION: (attitude_quaternion, 1.0),
    dialect.MAVLINK_MSG_ID_GPS_RAW_INT: (gps_raw, 1.0),
    dialect.MAVLINK_MSG_ID_BATTERY_STATUS: (battery_status, 1.0),
    dialect.MAVLINK_MSG_ID_HOME_POSITION: (home_position, 2.0),
    dialect.MAVLINK_MSG_ID_VFR_HUD: (vfr_hud, 1.0),
    dialect.MAVLINK_MSG_ID_ALTITUDE: (altitude, 1.0),
    dialect.MAVLINK_MSG_ID_WIND_COV: (wind, 2.0),
    dialect.MAVLINK_MSG_ID_SYSTEM_TIME: (system_time, 1.0),
    dialect.MAVLINK_MSG_ID_MISSION_CURRENT: (mission_current, 1.0),
    dialect.MAVLINK_MSG_ID_GPS_GLOBAL_ORIGIN: (gps_global_origin, 0.0),
    dialect.MAVLINK_MSG_ID_AUTOPILOT_VERSION: (autopilot_version, 0.0),
}
