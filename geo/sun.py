"""When the sun crosses a height above the horizon: sunrise, sunset, civil twilight.

NOAA Global Monitoring Laboratory, *Solar Calculation Details* (low-accuracy formulas of Meeus, Astronomical
Algorithms, 1991): right within a minute or two up to 72° of latitude, within some ten minutes beyond.
"""

import math

from geo.position import Position

RISE_AND_SET_DEG = -0.833
"""Height of the sun's centre at sunrise and sunset: half its disc and the refraction at the horizon."""
CIVIL_TWILIGHT_DEG = -6.0


def crossing_s(day: int, place: Position, height_deg: float, *, rising: bool) -> float:
    """The instant (seconds since 1970, UTC) at which the sun crosses ``height_deg`` on ``day`` by the sun at ``place``.

    ``day`` counts from 1970-01-01; its solar noon is the one at 12 h of local mean time. Where the sun stays above
    all day, it rises half a day before noon and sets half a day after; where it stays below, it does both at noon.
    So the time between rising and setting is always the time for which it is above.
    """
    mean_noon_s = day * 86_400 + 43_200 - place.longitude_deg * 240
    latitude = math.radians(place.latitude_deg)
    at_s = mean_noon_s
    for _ in range(3):  # the sun moves on while the earth turns; after two rounds nothing changes by a second
        declination, equation_s = _sun(at_s)
        share = (math.sin(math.radians(height_deg)) - math.sin(latitude) * math.sin(declination)) / max(
            1e-9, math.cos(latitude) * math.cos(declination)
        )
        turn_s = math.degrees(math.acos(max(-1.0, min(1.0, share)))) * 240
        at_s = mean_noon_s - equation_s + (-turn_s if rising else turn_s)
    return at_s


def _sun(at_s: float) -> tuple[float, float]:
    """The sun's declination (radians) and the equation of time (seconds: how far the sun is ahead of the mean)."""
    century = (at_s / 86_400 + 2_440_587.5 - 2_451_545.0) / 36_525
    mean_longitude = math.radians((280.46646 + century * (36_000.76983 + century * 0.0003032)) % 360)
    anomaly = math.radians(357.52911 + century * (35_999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = math.radians(
        math.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + math.sin(3 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * century)
    longitude = mean_longitude + centre - math.radians(0.00569 + 0.00478 * math.sin(node))
    mean_obliquity = 23 + (26 + (21.448 - century * (46.815 + century * (0.00059 - century * 0.001813))) / 60) / 60
    obliquity = math.radians(mean_obliquity + 0.00256 * math.cos(node))
    y = math.tan(obliquity / 2) ** 2
    equation = (
        y * math.sin(2 * mean_longitude)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean_longitude)
        - 0.5 * y * y * math.sin(4 * mean_longitude)
        - 1.25 * eccentricity * eccentricity * math.sin(2 * anomaly)
    )
    return math.asin(math.sin(obliquity) * math.sin(longitude)), math.degrees(equation) * 240
