"""Going up and coming down on the spot: height as a function of time, with geo's own durations."""

from dataclasses import dataclass

from geo.airframe import Airframe
from geo.flight import FINAL_DESCENT_M, vertical_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """From one height to another, from rest to rest."""

    from_m: float
    to_m: float
    begins_at_s: float
    speed_mps: float
    acceleration_mps2: float

    @property
    def ends_at_s(self) -> float:
        """When it is there."""
        return self.begins_at_s + vertical_s(abs(self.to_m - self.from_m), self.speed_mps, self.acceleration_mps2)

    def height_m(self, at_s: float) -> float:
        """How high it is at an instant."""
        whole_m, whole_s = abs(self.to_m - self.from_m), self.ends_at_s - self.begins_at_s
        gone_s = min(max(0.0, at_s - self.begins_at_s), whole_s)
        ramp_s = min(self.speed_mps / self.acceleration_mps2, whole_s / 2)
        if gone_s < ramp_s:
            gone_m = self.acceleration_mps2 * gone_s**2 / 2
        elif gone_s <= whole_s - ramp_s:
            gone_m = self.acceleration_mps2 * ramp_s * (gone_s - ramp_s / 2)
        else:
            gone_m = whole_m - self.acceleration_mps2 * (whole_s - gone_s) ** 2 / 2
        return self.from_m + (gone_m if self.to_m > self.from_m else -gone_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Down to the ground and until the motors stand still: as long as :func:`geo.flight.descent_s` says."""

    fast: Lift
    airframe: Airframe

    @property
    def down_at_s(self) -> float:
        """When it touches the ground."""
        return self.fast.ends_at_s + self.fast.to_m / self.airframe.landing_mps

    @property
    def ends_at_s(self) -> float:
        """When it is disarmed."""
        return self.down_at_s + self.airframe.touch_s

    def height_m(self, at_s: float) -> float:
        """How high it is at an instant."""
        if at_s < self.fast.ends_at_s:
            return self.fast.height_m(at_s)
        return max(0.0, (self.down_at_s - at_s) * self.airframe.landing_mps)


def landing_from(height_m: float, airframe: Airframe, begins_at_s: float) -> Landing:
    """The landing of a drone that hovers so high."""
    fast = Lift(
        from_m=height_m,
        to_m=min(height_m, FINAL_DESCENT_M),
        begins_at_s=begins_at_s,
        speed_mps=airframe.descent_mps,
        acceleration_mps2=airframe.acceleration_mps2,
    )
    return Landing(fast=fast, airframe=airframe)
