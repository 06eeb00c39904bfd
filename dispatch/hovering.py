"""Why a drone hovers over its scene where the incident's type asks for an orbit, and what would change that."""

from dispatch.model import Reason
from dispatch.reasons import reason


def airframe(kind: str) -> Reason:
    """Only multirotors circle on the spot."""
    return reason("orbit_airframe", f"a {kind} flies no circle on the spot", "a multirotor goes", kind=kind)


def wind(wind_mps: float) -> Reason:
    """The wind leaves too little speed for the upwind half of a circle."""
    return reason(
        "orbit_wind", f"wind of {wind_mps:.1f} m/s leaves no speed to circle", "the wind drops", wind_mps=wind_mps
    )


def footprint(height_m: float, radius_m: float) -> Reason:
    """Flying so low, the camera would lose the point on any circle worth flying."""
    return reason(
        "orbit_footprint",
        f"from {height_m:.0f} m the point stays in the picture only within {radius_m:.0f} m of it",
        "a greater height",
        height_m=round(height_m, 1),
        radius_m=round(radius_m, 1),
    )


def zone(zone_id: str, radius_m: float) -> Reason:
    """A geozone is too near for a circle: ``radius_m`` is the widest that keeps clear of it."""
    return reason(
        "orbit_zone",
        f"geozone {zone_id} leaves room for a circle of {radius_m:.0f} m only",
        f"geozone {zone_id} is lifted",
        zone_id=zone_id,
        radius_m=round(radius_m, 1),
    )


def terrain(radius_m: float) -> Reason:
    """The ground round the point is too high."""
    return reason(
        "orbit_terrain",
        f"the ground within {radius_m:.0f} m of the point is too high to circle at its height",
        "a greater height",
        radius_m=round(radius_m, 1),
    )


def way_home(radius_m: float) -> Reason:
    """Should the link be lost on the circle, the vehicle's way home would begin through a geozone, or there is none."""
    return reason(
        "orbit_way_home",
        f"without its link it would not come home legally from all of a circle of {radius_m:.0f} m",
        "a geozone is lifted",
        radius_m=round(radius_m, 1),
    )


def not_flown(tries: int) -> Reason:
    """Its vehicle was told to circle and was not seen to."""
    return reason(
        "orbit_not_flown",
        f"its vehicle did not circle, though told {tries} times",
        "another drone goes",
        tries=tries,
    )
