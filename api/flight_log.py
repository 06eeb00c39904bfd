"""PX4 flight logs (ULog) read as what :mod:`geo.calibration` asks for. The one file that knows pyulog."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyulog import ULog

from geo.calibration import CalibrationError, FlightLog

Floats = NDArray[np.float64]

MAGIC = b"ULog\x01\x12\x35"
HEADER_BYTES, FRAME_BYTES = 16, 3
TOPICS = [
    "vehicle_local_position", "vehicle_status", "actuator_armed", "vehicle_command", "battery_status", "wind",
    "wind_estimate",
]  # fmt: skip

ARMED = 2
"""``vehicle_status.arming_state`` of an armed vehicle."""

DO_REPOSITION = 192
AUTO_MISSION = 3
"""``vehicle_status.nav_state`` while it flies a mission."""

COMMANDED = {
    "speed_mps": ("MPC_XY_CRUISE",),
    "acceleration_mps2": ("MPC_ACC_HOR",),
    "jerk_mps3": ("MPC_JERK_AUTO",),
}


def software_of(path: Path) -> str:
    """The autopilot that wrote a log, by name and version; "PX4" where the log does not tell its version."""
    _require_whole(path)
    return f"PX4 {ULog(str(path), ['nothing']).get_version_info_str() or ''}".strip()


def armed_spans_s(path: Path) -> list[float]:
    """How long it was armed each time, in seconds of the autopilot's own clock (in simulation: simulated seconds)."""
    _require_whole(path)
    topics = {data.name: data.data for data in ULog(str(path), ["actuator_armed", "vehicle_status"]).data_list}
    end_s = max((float(_seconds(told["timestamp"])[-1]) for told in topics.values()), default=0.0)
    return [until_s - since_s for since_s, until_s in _armed(topics, end_s)]


def read_ulog(path: Path) -> FlightLog:
    """The flight log in a file; raises :class:`CalibrationError` where it is no ULog, cut off, or without positions."""
    _require_whole(path)
    try:
        ulog = ULog(str(path), TOPICS)
    except (TypeError, ValueError, KeyError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: not a readable ULog: {error}") from error
    topics = {data.name: data.data for data in reversed(ulog.data_list) if len(data.data["timestamp"])}
    place = topics.get("vehicle_local_position")
    if place is None or len(place["timestamp"]) < 3:
        raise CalibrationError(f"{path}: no flight in it: no positions (vehicle_local_position) were logged")
    at_s = _seconds(place["timestamp"])
    power_at_s, power_w = _power(topics)
    wind_east, wind_north = _wind(topics)
    return FlightLog(
        name=str(path),
        at_s=at_s,
        east_m=_floats(place["y"]),
        north_m=_floats(place["x"]),
        height_m=-_floats(place["z"]),
        east_mps=_floats(place["vy"]),
        north_mps=_floats(place["vx"]),
        up_mps=-_floats(place["vz"]),
        armed_s=_armed(topics, float(at_s[-1])),
        orders_s=_orders(topics),
        commanded=_commanded(ulog),
        power_at_s=power_at_s,
        power_w=power_w,
        wind_east_mps=wind_east,
        wind_north_mps=wind_north,
    )


def _require_whole(path: Path) -> None:
    """Walk the frames: a log that was cut off ends within one."""
    content = path.read_bytes()
    if content[: len(MAGIC)] != MAGIC or len(content) < HEADER_BYTES:
        raise CalibrationError(f"{path}: not a ULog: it does not begin as one does")
    at, end = HEADER_BYTES, len(content)
    while at + FRAME_BYTES <= end:
        at += FRAME_BYTES + content[at] + 256 * content[at + 1]
    if at != end:
        raise CalibrationError(f"{path}: cut off: its last message ends {at - end} bytes after the end of the file")


def _seconds(timestamps: NDArray[np.uint64]) -> Floats:
    return np.asarray(timestamps, dtype=np.float64) / 1e6


def _floats(values: NDArray[np.floating]) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _armed(topics: dict[str, dict[str, NDArray[np.float64]]], end_s: float) -> list[tuple[float, float]]:
    """From when to when it was armed."""
    if "actuator_armed" in topics:
        told, armed = topics["actuator_armed"], topics["actuator_armed"]["armed"] != 0
    elif "vehicle_status" in topics:
        told, armed = topics["vehicle_status"], topics["vehicle_status"]["arming_state"] == ARMED
    else:
        return []
    at_s, spans, since = _seconds(np.asarray(told["timestamp"])), [], None
    for now_s, is_armed in zip(at_s.tolist(), armed.tolist(), strict=True):
        if is_armed and since is None:
            since = now_s
        elif not is_armed and since is not None:
            spans.append((since, now_s))
            since = None
    return [*spans, (since, end_s)] if since is not None else spans


def _orders(topics: dict[str, dict[str, NDArray[np.float64]]]) -> list[float]:
    """When it was told to go somewhere, and when it began a mission."""
    orders: list[float] = []
    if "vehicle_command" in topics:
        commands = topics["vehicle_command"]
        orders += _seconds(np.asarray(commands["timestamp"]))[commands["command"] == DO_REPOSITION].tolist()
    if "vehicle_status" in topics:
        modes = topics["vehicle_status"]["nav_state"]
        begun = np.flatnonzero((modes[1:] == AUTO_MISSION) & (modes[:-1] != AUTO_MISSION)) + 1
        orders += _seconds(np.asarray(topics["vehicle_status"]["timestamp"]))[begun].tolist()
    return sorted(orders)


def _commanded(ulog: ULog) -> dict[str, float]:
    """What the autopilot's parameters said when the log ended."""
    values = {**ulog.initial_parameters, **{name: value for _, name, value in ulog.changed_parameters}}
    return {field: float(values[name]) for field, names in COMMANDED.items() for name in names if name in values}


def _power(topics: dict[str, dict[str, NDArray[np.float64]]]) -> tuple[Floats, Floats]:
    """Electric power where a real current was logged: a simulator's missing or constant one says nothing."""
    told = topics.get("battery_status", {})
    if "current_a" not in told or "voltage_v" not in told:
        return np.empty(0), np.empty(0)
    watts = _floats(told["current_a"]) * _floats(told["voltage_v"])
    good = np.isfinite(watts) & (told["current_a"] > 0.5)
    if good.sum() < 2 or np.std(_floats(told["current_a"])[good]) < 0.1:
        return np.empty(0), np.empty(0)
    return _seconds(np.asarray(told["timestamp"]))[good], watts[good]


def _wind(topics: dict[str, dict[str, NDArray[np.float64]]]) -> tuple[Floats, Floats]:
    told = topics.get("wind") or topics.get("wind_estimate") or {}
    if "windspeed_east" not in told:
        return np.empty(0), np.empty(0)
    return _floats(told["windspeed_east"]), _floats(told["windspeed_north"])
