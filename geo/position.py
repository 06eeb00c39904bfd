"""A place on the earth, WGS-84."""

import math
from dataclasses import dataclass


class PositionError(ValueError):
    """A position that is no place on the earth; the message says which number is wrong and why."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A WGS-84 place. Positions of another datum are converted by :func:`geo.datum.to_wgs84` at the door.

    Raises :class:`PositionError` for a coordinate that is not finite or out of range.
    """

    longitude_deg: float
    latitude_deg: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.longitude_deg) and math.isfinite(self.latitude_deg)):
            raise PositionError(f"({self.longitude_deg}, {self.latitude_deg}) is not a finite position")
        if abs(self.latitude_deg) > 90:
            hint = ": are latitude and longitude swapped?" if abs(self.longitude_deg) <= 90 else ""
            raise PositionError(f"latitude {self.latitude_deg}° is outside ±90°{hint}")
        if abs(self.longitude_deg) > 180:
            raise PositionError(f"longitude {self.longitude_deg}° is outside ±180°")
