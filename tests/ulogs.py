"""Made-up PX4 flight logs: a copter that climbs, flies straight there and back and lands, written as a ULog.

The format is that of PX4's ULog specification (version 1): a header, formats, parameters, subscriptions, data.
"""

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path

STEP_S = 0.05
POSITION = "uint64_t timestamp;float x;float y;float z;float vx;float vy;float vz;"
FORMATS = {
    "vehicle_local_position": (POSITION, "<Q6f"),
    "vehicle_status": ("uint64_t timestamp;uint8_t arming_state;uint8_t nav_state;", "<QBB"),
    "vehicle_command": ("uint64_t timestamp;uint32_t command;", "<QI"),
    "battery_status": ("uint64_t timestamp;float voltage_v;float current_a;", "<Qff"),
    "wind": ("uint64_t timestamp;float windspeed_north;float windspeed_east;", "<Qff"),
}


@dataclass
class Copter:
    """What it can do, and the rows that it logged so far."""

    told_mps: float = 15.0
    held_mps: float = 14.4
    acceleration_mps2: float = 3.0
    jerk_mps3: float = 15.0
    climb_mps: float = 3.0
    landing_mps: float = 1.0
    arm_s: float = 2.5
    start_s: float = 1.2
    watts: dict[str, float] = field(default_factory=dict)
    now_s: float = 5.0
    east_m: float = 0.0
    up_m: float = 0.0
    rows: list[tuple[str, tuple[float, ...]]] = field(default_factory=list)

    def wait(self, seconds: float, *, armed: bool = True) -> None:
        """Stay."""
        for _ in range(round(seconds / STEP_S)):
            self._log(0.0, 0.0, armed=armed)

    def climb_to(self, height_m: float, speed_mps: float) -> None:
        """Up or down, from rest to rest with bounded acceleration."""
        way, done, speed = abs(height_m - self.up_m), 0.0, 0.0
        sign = math.copysign(1.0, height_m - self.up_m)
        while done < way - 1e-3:
            limit = min(speed_mps, math.sqrt(2 * self.acceleration_mps2 * (way - done)) + 0.02)
            speed = min(limit, speed + self.acceleration_mps2 * STEP_S)
            step = min(speed * STEP_S, way - done)
            done += step
            self.up_m += sign * step
            self._log(0.0, sign * speed)

    def fly(self, way_m: float) -> None:
        """East by ``way_m`` (west if negative): ordered, a wait, an S-curve, PX4's braking rule."""
        self._row("vehicle_command", 192)
        self.wait(self.start_s)
        a, j = self.acceleration_mps2, self.jerk_mps3
        b, done, speed, push = 4 * a * a / j, 0.0, 0.0, 0.0
        while abs(way_m) - done > 0.05:
            rule = (math.sqrt(b * b + 8 * a * (abs(way_m) - done)) - b) / 2
            limit = min(self.held_mps, rule)
            push = min(push + j * STEP_S, a, math.sqrt(2 * j * max(0.0, limit - speed)))
            speed = min(limit, speed + push * STEP_S)
            done += speed * STEP_S
            self.east_m += math.copysign(speed * STEP_S, way_m)
            self._log(math.copysign(speed, way_m), 0.0)

    def _log(self, east_mps: float, up_mps: float, *, armed: bool = True) -> None:
        self._row("vehicle_local_position", 0.0, self.east_m, -self.up_m, 0.0, east_mps, -up_mps)
        self._row("vehicle_status", 2 if armed else 1, 4)
        if self.watts:
            phase = "climb" if up_mps > 1.0 else "cruise" if abs(east_mps) > 5.0 else "hover"
            self._row("battery_status", 20.0, self.watts[phase] / 20.0)
        self.now_s += STEP_S

    def _row(self, topic: str, *values: float) -> None:
        self.rows.append((topic, (round(self.now_s * 1e6), *values)))


def flown(copter: Copter, ways_m: tuple[float, ...] = (400.0, -400.0, 250.0, -250.0)) -> Copter:
    """A whole flight."""
    copter.wait(2.0, armed=False)
    copter.wait(copter.arm_s)
    copter.climb_to(40.0, copter.climb_mps)
    copter.wait(4.0)
    for way_m in ways_m:
        copter.fly(way_m)
        copter.wait(3.0)
    copter.climb_to(10.0, copter.climb_mps)
    copter.climb_to(0.0, copter.landing_mps)
    copter.wait(2.0)
    copter.wait(1.0, armed=False)
    return copter


def written(copter: Copter, path: Path) -> Path:
    """The log as a file."""
    parameters = {"MPC_XY_CRUISE": copter.told_mps, "MPC_ACC_HOR": copter.acceleration_mps2}
    parameters["MPC_JERK_AUTO"] = copter.jerk_mps3
    content = bytearray(b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 0))
    content += _frame("B", bytes(40))
    for name, (columns, _) in FORMATS.items():
        content += _frame("F", f"{name}:{columns}".encode())
    for name, value in parameters.items():
        key = f"float {name}".encode()
        content += _frame("P", bytes([len(key)]) + key + struct.pack("<f", value))
    for number, name in enumerate(FORMATS):
        content += _frame("A", struct.pack("<BH", 0, number) + name.encode())
    numbers = {name: number for number, name in enumerate(FORMATS)}
    for topic, values in copter.rows:
        content += _frame("D", struct.pack("<H", numbers[topic]) + struct.pack(FORMATS[topic][1], *values))
    path.write_bytes(content)
    return path


def _frame(kind: str, body: bytes) -> bytes:
    return struct.pack("<Hc", len(body), kind.encode()) + body
