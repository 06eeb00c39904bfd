"""Types of aircraft: what can be *commanded* of them, not what the brochure says."""

import dataclasses
import itertools
import math
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from geo.wing import Wing


class AirframeError(ValueError):
    """An airframe entry that cannot be used; the message names the airframe, the field and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Airframe:
    """One type of aircraft.

    ``speed_mps`` is the highest speed over ground that can be commanded and ``airspeed_mps`` the highest the
    airframe holds through the air: with a tailwind the first binds, with a headwind the second. Energies are
    battery watt-hours; powers are electric watts drawn in that phase.
    """

    name: str
    kind: Literal["multirotor", "vtol"]
    speed_mps: float
    airspeed_mps: float
    acceleration_mps2: float
    climb_mps: float
    descent_mps: float
    takeoff_mps: float
    landing_mps: float
    dock_s: float
    arm_s: float
    battery_wh: float
    reserve_share: float
    hover_w: float
    cruise_w: float
    climb_w: float
    charge_w: float
    wind_limit_mps: float
    rain_limit_mm_h: float
    sensors: tuple[str, ...]
    camera_half_angle_deg: float
    source: str
    jerk_mps3: float = 15.0
    """How fast acceleration may change; the fleet sets it in the autopilot (MPC_JERK_AUTO)."""
    held_share: float = 1.0
    """Share of the commanded speed that it really holds: an autopilot's controller lags a little."""
    lift_s: float = 0.0
    """From off the ground, as its autopilot tells it, until it rises: thrust grows slowly (PX4's MPC_TKO_RAMP_T)."""
    start_s: float = 0.0
    """From the order to fly until the drone moves."""
    touch_s: float = 0.0
    """What a landing takes longer than its descent: the last metre is crept, and the motors stop once it is certain."""
    slew_s: float = 0.0
    """Turning the camera to the goal on arrival."""
    dock_sd_s: float = 1.0
    arm_sd_s: float = 1.0
    climb_sd_share: float = 0.05
    """Standard deviation of the climb's time, as a share of it; likewise of the speed and of the power."""
    speed_sd_share: float = 0.03
    power_sd_share: float = 0.05
    cold: tuple[tuple[float, float], ...] = ((-20.0, 0.6), (-10.0, 0.75), (0.0, 0.88), (20.0, 1.0))
    """Temperature (°C) and the share of the battery's energy that it leaves, from cold to warm."""
    wing: Wing | None = None
    """How a VTOL flies on its wing; all other fields are of its flight as a multirotor."""

    def __post_init__(self) -> None:
        positive = (
            "speed_mps", "airspeed_mps", "acceleration_mps2", "climb_mps", "descent_mps", "takeoff_mps",
            "landing_mps", "battery_wh", "hover_w", "cruise_w", "climb_w", "charge_w", "jerk_mps3",
            "held_share",
        )  # fmt: skip
        for name in positive:
            self._require(name, getattr(self, name) > 0, "must be > 0")
        not_negative = (
            "dock_s", "arm_s", "wind_limit_mps", "rain_limit_mm_h", "lift_s", "start_s", "touch_s", "slew_s",
            "dock_sd_s", "arm_sd_s", "climb_sd_share", "speed_sd_share", "power_sd_share",
        )  # fmt: skip
        for name in not_negative:
            self._require(name, getattr(self, name) >= 0, "must be ≥ 0")
        warming = all(one[0] < two[0] for one, two in itertools.pairwise(self.cold))
        shares = all(math.isfinite(celsius) and 0 < share <= 1 for celsius, share in self.cold)
        self._require(
            "cold", bool(self.cold) and warming and shares, "must be pairs (°C, share in (0, 1]), colder first"
        )
        self._require("kind", self.kind in ("multirotor", "vtol"), "must be multirotor or vtol")
        self._require(
            "wing", (self.wing is not None) == (self.kind == "vtol"), "must be told of a vtol and of no other"
        )
        self._require("held_share", self.held_share <= 1, "must be in (0, 1]")
        self._require("reserve_share", 0 <= self.reserve_share < 1, "must be in [0, 1)")
        self._require("camera_half_angle_deg", 0 < self.camera_half_angle_deg < 90, "must be in (0, 90)")

    def _require(self, field: str, holds: bool, why: str) -> None:
        value = getattr(self, field)
        if isinstance(value, float) and not math.isfinite(value):
            holds, why = False, "must be finite"
        if not holds:
            raise AirframeError(f"airframe {self.name!r}: {field} = {value!r} {why}")

    @property
    def hover_mps(self) -> float:
        """The speed over ground that it holds as a multirotor."""
        return self.speed_mps * self.held_share

    def footprint_radius_m(self, height_m: float) -> float:
        """Radius on the ground that the camera, held straight down, sees from ``height_m`` above it."""
        return height_m * math.tan(math.radians(self.camera_half_angle_deg))

    def capacity_share(self, temperature_c: float) -> float:
        """Share of the battery's energy that can be had at this temperature, interpolated in ``cold``."""
        celsius, shares = zip(*self.cold, strict=True)
        return float(np.interp(temperature_c, celsius, shares))


def parse_airframes(text: str) -> dict[str, Airframe]:
    """Airframes by name out of TOML text: one table per airframe, its keys the fields of :class:`Airframe`; a VTOL's
    ``wing`` is a table with the fields of :class:`geo.wing.Wing`.

    Fields that have a default may be left out.

    Raises :class:`AirframeError` that names the airframe and the field for anything missing, unknown or wrong.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AirframeError(f"not valid TOML: {error}") from error
    return {name: _airframe(name, table) for name, table in tables.items()}


def _airframe(name: str, table: object) -> Airframe:
    if not isinstance(table, Mapping):
        raise AirframeError(f"airframe {name!r}: expected a table, found {table!r}")
    fields = {field.name: field for field in dataclasses.fields(Airframe) if field.name != "name"}
    for key in table:
        if key not in fields:
            raise AirframeError(f"airframe {name!r}: unknown field {key!r}")
    values: dict[str, Any] = {}  # checked field by field
    for key, field in fields.items():
        if key not in table:
            if field.default is not dataclasses.MISSING:
                continue
            raise AirframeError(f"airframe {name!r}: {key} is missing")
        value = table[key]
        if field.type in (float, "float"):
            values[key] = _number(name, key, value)
        elif key == "sensors":
            if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
                raise AirframeError(f"airframe {name!r}: sensors = {value!r} must be a list of words")
            values[key] = tuple(value)
        elif key == "cold":
            values[key] = _pairs(name, key, value)
        elif key == "wing":
            values[key] = _wing(name, value)
        elif not isinstance(value, str):
            raise AirframeError(f"airframe {name!r}: {key} = {value!r} must be text")
        else:
            values[key] = value
    return Airframe(name=name, **values)


def _number(name: str, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise AirframeError(f"airframe {name!r}: {key} = {value!r} must be a finite number")
    return float(value)


def _wing(name: str, table: object) -> Wing:
    if not isinstance(table, Mapping):
        raise AirframeError(f"airframe {name!r}: wing = {table!r} must be a table")
    known = {field.name for field in dataclasses.fields(Wing)}
    for key in [*table, *sorted(known)]:
        if key not in known:
            raise AirframeError(f"airframe {name!r}: unknown field 'wing.{key}'")
        if key not in table:
            raise AirframeError(f"airframe {name!r}: wing.{key} is missing")
    try:
        return Wing(**{key: _number(name, f"wing.{key}", value) for key, value in table.items()})
    except ValueError as error:
        raise AirframeError(f"airframe {name!r}: {error}") from error


def _pairs(name: str, key: str, value: object) -> tuple[tuple[float, float], ...]:
    pairs: list[tuple[float, float]] = []
    for pair in value if isinstance(value, list) else [value]:
        numbers = [n for n in pair if type(n) in (int, float)] if isinstance(pair, list) else []
        if len(numbers) != 2 or not isinstance(pair, list) or len(pair) != 2:
            raise AirframeError(f"airframe {name!r}: {key} = {value!r} must be a list of pairs of numbers")
        pairs.append((float(numbers[0]), float(numbers[1])))
    return tuple(pairs)
