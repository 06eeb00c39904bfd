"""The description of a fleet that the embedded autopilot flies, read from JSON and checked."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .frame import Frame
from .params import ParameterError, ParameterTable

VIDEO_URL_BYTES = 160
"""What VIDEO_STREAM_INFORMATION has room for."""


class SpecError(ValueError):
    """A fleet description that cannot be flown; the message names the vehicle, the field and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSpec:
    """One vehicle: where it stands, what it is able to do and which parameters differ from the defaults.

    Powers are electric watts drawn in that phase. ``altitude_m`` is the ground at the dock above mean sea
    level; ``battery_share`` is the charge at the start; ``held_share`` how much it holds of a speed over ground
    that it is told.
    """

    system_id: int
    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0
    airspeed_max_mps: float = 20.0
    held_share: float = 1.0
    battery_wh: float = 100.0
    hover_w: float = 180.0
    cruise_w: float = 200.0
    climb_w: float = 280.0
    charge_w: float = 300.0
    battery_share: float = 1.0
    wing_w: float = 0.0
    """What a standard VTOL draws on its wing; 0: it is a multirotor."""
    camera: bool = False
    """Whether it carries a camera on a gimbal; ``video_url`` is where its camera says that its pictures are."""
    video_url: str = ""
    params: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"vehicle {self.system_id!r}"
        if isinstance(self.system_id, bool) or not isinstance(self.system_id, int):
            raise SpecError(f"{where}: system_id must be an integer")
        if not 1 <= self.system_id <= 250:
            raise SpecError(f"{where}: system_id must lie in 1 to 250")
        for entry in dataclasses.fields(self):
            if entry.name in ("system_id", "params", "camera", "video_url"):
                continue
            value = getattr(self, entry.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise SpecError(f"{where}: {entry.name} = {value!r} must be a number")
            if entry.name in _POSITIVE and value <= 0:
                raise SpecError(f"{where}: {entry.name} = {value!r} must be > 0")
        if abs(self.latitude_deg) > 85:
            raise SpecError(f"{where}: latitude_deg = {self.latitude_deg!r} must lie in -85 to 85")
        if abs(self.longitude_deg) > 180:
            raise SpecError(f"{where}: longitude_deg = {self.longitude_deg!r} must lie in -180 to 180")
        if self.wing_w < 0:
            raise SpecError(f"{where}: wing_w = {self.wing_w!r} must be ≥ 0")
        if not 0 < self.held_share <= 1:
            raise SpecError(f"{where}: held_share = {self.held_share!r} must be in (0, 1]")
        if not 0 <= self.battery_share <= 1:
            raise SpecError(f"{where}: battery_share = {self.battery_share!r} must lie in 0 to 1")
        if not isinstance(self.camera, bool):
            raise SpecError(f"{where}: camera = {self.camera!r} must be true or false")
        if not isinstance(self.video_url, str) or len(self.video_url.encode()) > VIDEO_URL_BYTES:
            raise SpecError(f"{where}: video_url must be text of at most {VIDEO_URL_BYTES} bytes")
        if not isinstance(self.params, Mapping):
            raise SpecError(f"{where}: params = {self.params!r} must map names to numbers")
        try:
            ParameterTable(self.params)
        except ParameterError as error:
            raise SpecError(f"{where}: params: {error}") from None

    def frame(self) -> Frame:
        """The local frame: PX4 keeps its start position in single precision, up to 0.5 m off."""
        return Frame.at(
            float(np.float32(self.latitude_deg)),
            float(np.float32(self.longitude_deg)),
            float(np.float32(self.altitude_m)),
        )


_POSITIVE = frozenset({"airspeed_max_mps", "battery_wh", "hover_w", "cruise_w", "climb_w", "charge_w"})


def parse_fleet(text: str) -> tuple[VehicleSpec, ...]:
    """The vehicles of a JSON document: a list with one object per vehicle, its keys those of VehicleSpec."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(f"not valid JSON: {error}") from None
    if not isinstance(document, list) or not document:
        raise SpecError("expected a list of at least one vehicle")
    fleet = tuple(_vehicle(number, entry) for number, entry in enumerate(document))
    seen: set[int] = set()
    for spec in fleet:
        if spec.system_id in seen:
            raise SpecError(f"vehicle {spec.system_id}: system_id is used twice")
        seen.add(spec.system_id)
    return fleet


def dump_fleet(fleet: Sequence[VehicleSpec]) -> str:
    """The JSON document that :func:`parse_fleet` reads back."""
    return json.dumps([{**dataclasses.asdict(spec), "params": dict(spec.params)} for spec in fleet])


def _vehicle(number: int, entry: Any) -> VehicleSpec:
    if not isinstance(entry, dict):
        raise SpecError(f"entry {number}: expected an object, found {entry!r}")
    known = {f.name for f in dataclasses.fields(VehicleSpec)}
    for key in entry:
        if key not in known:
            raise SpecError(f"entry {number}: unknown field {key!r}")
    for key in ("system_id", "latitude_deg", "longitude_deg"):
        if key not in entry:
            raise SpecError(f"entry {number}: {key} is missing")
    return VehicleSpec(**entry)
