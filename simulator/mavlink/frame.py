"""The flat metres that one vehicle flies in: east, north, up from where it was switched on.

A tangent plane with the WGS-84 radii of curvature at the origin. It maps both ways without loss, so a goto
arrives exactly at its coordinates; lengths are true to 0.1 % within some 10 km.
"""

import math
from dataclasses import dataclass

_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_SQUARED = 6.694_379_990_14e-3


@dataclass(frozen=True, slots=True)
class Frame:
    """A local frame: its origin in degrees and metres above mean sea level."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    north_m_per_deg: float
    east_m_per_deg: float

    @classmethod
    def at(cls, latitude_deg: float, longitude_deg: float, altitude_m: float) -> "Frame":
        """The frame with its origin at a WGS-84 position."""
        latitude = math.radians(latitude_deg)
        bend = 1.0 - _ECCENTRICITY_SQUARED * math.sin(latitude) ** 2
        prime_vertical_m = _SEMI_MAJOR_M / math.sqrt(bend)
        meridian_m = prime_vertical_m * (1.0 - _ECCENTRICITY_SQUARED) / bend
        degree = math.pi / 180.0
        return cls(
            latitude_deg,
            longitude_deg,
            altitude_m,
            meridian_m * degree,
            prime_vertical_m * math.cos(latitude) * degree,
        )

    def local(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        """(east_m, north_m) of a position in degrees."""
        return (
            (longitude_deg - self.longitude_deg) * self.east_m_per_deg,
            (latitude_deg - self.latitude_deg) * self.north_m_per_deg,
        )

    def globe(self, east_m: float, north_m: float) -> tuple[float, float]:
        """(latitude_deg, longitude_deg) of a local position."""
        return (
            self.latitude_deg + north_m / self.north_m_per_deg,
            self.longitude_deg + east_m / self.east_m_per_deg,
        )
