"""A VTOL whose link is cut on its wing, for any kind of vehicle; judged by its track (tests.sitl.lost)."""

from collections.abc import Awaitable, Callable
from importlib import resources

from dispatch.fleet import px4
from dispatch.fleet.link import MavsdkLink
from dispatch.geofence import Geofence
from dispatch.mission import Mission, Waypoint, mission_of
from geo.airframe import Airframe, parse_airframes
from geo.flight import timed_plan
from geo.route import motion_of, prepare
from geo.wind import CALM
from tests.sitl.lost import FRAME, HEIGHT_M, HOME, heard, persist, until

PX4_VTOL: Airframe = parse_airframes((resources.files("geo") / "airframes.toml").read_text(encoding="utf-8"))[
    "px4-vtol"
]
AWAY_M, HOLD_S = 450.0, 10.0

ABOVE_M = 6.0
"""PX4 rises by up to 4.6 m as it begins to fly on its wing."""


def mission() -> Mission:
    """Out on the wing, ten seconds over the scene, and home on the wing."""
    airways, motion = prepare(FRAME, ()), motion_of(PX4_VTOL, CALM)
    here, there = FRAME.xy(HOME), FRAME.xy(FRAME.position((0.0, AWAY_M)))
    ways = [airways.ways_from(a, b[None, :], motion)[0] for a, b in ((here, there), (there, here))]
    out, back = (
        timed_plan(airways.legs(way, motion), PX4_VTOL, height_m=HEIGHT_M, climb_from_m=None, sensor=False)
        for way in ways
        if way is not None
    )
    start = Waypoint(position=HOME, height_m=HEIGHT_M)
    made = mission_of(airways, start, out, back, HOME, PX4_VTOL.speed_mps, HOLD_S)
    assert made.points[-1].wing
    assert made.back[-2].wing
    return made


async def fly_until_fast(link: MavsdkLink, system_id: int, cut: Callable[[], Awaitable[None]]) -> None:
    """Launch, and cut the link without a word when it flies on its wing."""
    vehicle, aboard = await heard(link, system_id), px4.Aboard()
    await persist(lambda: vehicle.set_parameters(px4.parameters(PX4_VTOL, HEIGHT_M)))
    task = mission()
    await persist(lambda: px4.launch(vehicle, aboard, HEIGHT_M, task, Geofence()))
    await until(lambda: vehicle.read().height_m > HEIGHT_M - 2)
    await persist(lambda: px4.fly(vehicle, aboard, task, Geofence()))
    await until(lambda: vehicle.read().ground_speed_mps > 11.0)
    await cut()
