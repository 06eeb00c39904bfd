"""A three-axis gimbal: where its camera looks, and how fast that turns. Bearings are clockwise from north."""

import math
from typing import Final

from .navigation import Place, Sense

SLEW_RAD_S: Final = math.radians(60.0)
LOWEST_RAD, HIGHEST_RAD = math.radians(-90.0), math.radians(30.0)


class Gimbal:
    """Keeps its camera level to the nose, or on a place; a ``stuck`` one obeys and does not move."""

    def __init__(self, sense: Sense) -> None:
        self._sense = sense
        self._place_m: Place | None = None
        self._at_s = sense.now_s
        self.stuck = False
        self.bearing_rad, self.pitch_rad = sense.yaw_rad, 0.0
        """``pitch_rad`` is 0 at the horizon and -π/2 straight down."""

    def look_at(self, place_m: Place | None) -> None:
        """Keep the camera on a place (east, north, up of the vehicle's frame); ``None``: to the nose."""
        self.update()
        self._place_m = place_m

    def update(self) -> None:
        """Turn by as much as the time since the last call allows."""
        passed_s, self._at_s = self._sense.now_s - self._at_s, self._sense.now_s
        if self.stuck:
            return
        bearing_rad, pitch_rad = self._wanted()
        self.bearing_rad += _step(math.remainder(bearing_rad - self.bearing_rad, 2.0 * math.pi), passed_s)
        self.pitch_rad += _step(pitch_rad - self.pitch_rad, passed_s)

    def _wanted(self) -> tuple[float, float]:
        if self._place_m is None:
            return self._sense.yaw_rad, 0.0
        east, north, up = (goal - here for goal, here in zip(self._place_m, self._sense.place_m, strict=True))
        return math.atan2(east, north), min(max(math.atan2(up, math.hypot(east, north)), LOWEST_RAD), HIGHEST_RAD)


def _step(way_rad: float, passed_s: float) -> float:
    most_rad = SLEW_RAD_S * max(passed_s, 0.0)
    return min(max(way_rad, -most_rad), most_rad)
