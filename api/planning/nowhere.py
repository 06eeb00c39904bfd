"""A plan without a city folder: a city of which nothing is known but where its data lie."""

from dispatch.city import City
from dispatch.city_folder import builtin_airframes
from dispatch.model import Rules
from geo.position import Position


def nowhere(centre: Position) -> City:
    """A city of which nothing is known but where it is."""
    return City(
        id="",
        name="no city",
        name_zh="",
        centre=centre,
        ground_amsl_m=0.0,
        time_zone="UTC",
        boundary=(),
        places=(),
        airports=(),
        candidates=(),
        bases={},
        drones={},
        zones={},
        airframes=builtin_airframes(),
        types={},
        rules=Rules(),
    )
