"""Geozones: where a drone may not be, between which heights, and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Ring = tuple[tuple[float, float], ...]
"""A closed line of (longitude_deg, latitude_deg), WGS-84; the first point is not repeated at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Geozone:
    """A volume of airspace closed to us: a polygon with holes, a height band, a time of validity.

    Heights are metres above ``height_reference`` (AGL: above ground; AMSL: above mean sea level); ``None`` means
    unbounded. Times are seconds since 1970 (UTC); ``None`` means always. ``margin_m`` is kept clear around it.
    """

    id: str
    name: str
    outline: Ring
    holes: tuple[Ring, ...] = ()
    floor_m: float | None = None
    ceiling_m: float | None = None
    height_reference: Literal["AGL", "AMSL"] = "AGL"
    valid_from_s: float | None = None
    valid_until_s: float | None = None
    margin_m: float = 20.0

    def holds_at(self, at_s: float) -> bool:
        """Whether the zone is in force at the instant ``at_s``."""
        return (self.valid_from_s is None or self.valid_from_s <= at_s) and (
            self.valid_until_s is None or at_s < self.valid_until_s
        )

    def holds_during(self, from_s: float, until_s: float) -> bool:
        """Whether the zone is in force at any instant of [from_s, until_s]."""
        return (self.valid_from_s is None or self.valid_from_s <= until_s) and (
            self.valid_until_s is None or from_s < self.valid_until_s
        )

    def holds_between(self, low_agl_m: float, high_agl_m: float, ground_amsl_m: float) -> bool:
        """Whether the zone reaches into the height band [low, high] above ground that lies at ``ground_amsl_m``."""
        shift_m = ground_amsl_m if self.height_reference == "AMSL" else 0.0
        floor_m = -float("inf") if self.floor_m is None else self.floor_m - shift_m
        ceiling_m = float("inf") if self.ceiling_m is None else self.ceiling_m - shift_m
        return floor_m <= high_agl_m and low_agl_m <= ceiling_m


def zones_in_force(
    zones: Iterable[Geozone],
    from_s: float,
    until_s: float,
    height_m: float,
    ground_amsl_m: float,
    highest_m: float | None = None,
) -> tuple[Geozone, ...]:
    """The zones that a flight from the ground to ``height_m`` must keep clear of in [from_s, until_s], by id.

    A drone takes off and lands within its own base's site; on its way it is at ``height_m``, or anywhere up to
    ``highest_m`` where bases stand at different heights. Zones that end below that height are flown over.
    """
    top_m = height_m if highest_m is None else highest_m
    held = (
        zone
        for zone in zones
        if zone.holds_during(from_s, until_s) and zone.holds_between(height_m, top_m, ground_amsl_m)
    )
    return tuple(sorted(held, key=lambda zone: zone.id))
