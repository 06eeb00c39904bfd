"""One flight behind a zone whose link is cut at some place, for any kind of vehicle; and a track to judge it by."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources

import numpy as np
import shapely

from dispatch.fleet import px4
from dispatch.fleet.link import MavsdkLink
from dispatch.fleet.vehicle import Vehicle, VehicleError
from dispatch.geofence import Geofence, geofence_of
from dispatch.mission import Mission, Waypoint, lines_of, mission_of
from dispatch.model import Orbit
from dispatch.orbit import ALLOWANCE_M, MOST_LATERAL_MPS2, clear_m, comes_home
from geo.airframe import Airframe, parse_airframes
from geo.airspace import Area, Geozone, restrictions
from geo.closed import closed_ground
from geo.flight import FlightPlan, timed_plan
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import legs_of, motion_of, prepare
from geo.wind import CALM

HOME = Position(120.9560, 31.3800)
FRAME = LocalFrame(HOME)
SCENE = FRAME.position((330.0, 0.0))
HEIGHT_M = 30.0
ON_TIME_M = 12.0

Track = list[tuple[float, float, float]]
"""East, north, height in metres."""


def wall(id_: str, west_m: float, south_m: float, east_m: float, north_m: float) -> Geozone:
    """A zone of four corners."""
    corners = [(west_m, south_m), (east_m, south_m), (east_m, north_m), (west_m, north_m)]
    ring = tuple((p.longitude_deg, p.latitude_deg) for p in map(FRAME.position, corners))
    return Geozone(id=id_, name=id_, ground=Area(outline=ring))


PX4_X500 = parse_airframes((resources.files("geo") / "airframes.toml").read_text(encoding="utf-8"))["px4-x500"]

ZONES = restrictions(
    [
        wall("between", 120.0, -170.0, 160.0, 110.0),
        wall("north", 60.0, 190.0, 260.0, 230.0),
        wall("scene", 366.0, -80.0, 386.0, 80.0),
    ]
)
AIRWAYS = prepare(FRAME, ZONES)
"""A zone straight across the way, one that leaves a lane of 40 m between their margins, and one whose margin begins 16
m beside the scene."""

CASES: dict[str, Callable[[float, float], bool]] = {
    "climbing": lambda east, north: True,
    "in the lane": lambda east, north: 125.0 < east < 175.0,
    "held behind the zone": lambda east, north: east > 240.0,
    "over the scene": lambda east, north: math.hypot(east - 330.0, north) < ON_TIME_M,
    "circling beside a zone": lambda east, north: east > 340.0,
}
"""Where the link is cut."""


@dataclass(frozen=True)
class Errand:
    """What the vehicle is given before its link is cut."""

    mission: Mission
    fence: Geofence
    home: FlightPlan


def errand(airframe: Airframe) -> Errand:
    """Out behind the zone and back to the base that it came from."""
    motion = motion_of(airframe, CALM)
    here, there = FRAME.xy(HOME), FRAME.xy(SCENE)

    def plan(start: np.ndarray, goal: np.ndarray) -> FlightPlan:
        way = AIRWAYS.ways_from(start, goal[None, :], motion)[0]
        assert way is not None
        assert len(way.points) > 2, "the straight way is not legal"
        return timed_plan(legs_of(way, FRAME, motion), airframe, height_m=HEIGHT_M, climb_from_m=None, sensor=False)

    out, home = plan(here, there), plan(there, here)
    start = Waypoint(position=HOME, height_m=HEIGHT_M)
    mission = mission_of(AIRWAYS, start, out, home, HOME, airframe.speed_mps)
    return Errand(mission, geofence_of(FRAME, ZONES, here, lines_of(mission)), home)


async def fly_until_cut(
    link: MavsdkLink, system_id: int, case: str, airframe: Airframe, cut: Callable[[], Awaitable[None]]
) -> None:
    """Launch, fly as far as ``case`` says, and cut the link without a word."""
    vehicle = await heard(link, system_id)
    task, aboard = errand(airframe), px4.Aboard()
    await persist(lambda: vehicle.set_parameters(px4.parameters(airframe, HEIGHT_M)))
    await asyncio.sleep(px4.PARAMETERS_SETTLE_S)
    assert len(px4.fence_items(task.fence)) == 12
    await persist(lambda: px4.launch(vehicle, aboard, HEIGHT_M, task.mission, task.fence))
    if case == "climbing":
        await until(lambda: vehicle.read().height_m > HEIGHT_M / 2)
    else:
        await until(lambda: vehicle.read().height_m > HEIGHT_M - 2)
        await persist(lambda: px4.fly(vehicle, aboard, task.mission, task.fence))
        if case.startswith("circling"):
            await circle_once(vehicle, aboard, task.mission)
        await until(lambda: CASES[case](*place(vehicle)))
    if case.startswith("held"):
        await px4.hold(vehicle)
        await asyncio.sleep(1.0)
    await cut()


async def circle_once(vehicle: Vehicle, aboard: px4.Aboard, mission: Mission) -> None:
    """Once round the scene, as widely as the zone beside it allows; the circle is audited."""
    there = FRAME.xy(SCENE)
    radius_m = clear_m(AIRWAYS, there) - ALLOWANCE_M
    assert 8.0 < radius_m < 16.0
    assert comes_home(AIRWAYS, there, radius_m, HEIGHT_M, mission)
    speed_mps = math.sqrt(MOST_LATERAL_MPS2 * radius_m)
    await until(lambda: math.dist(place(vehicle), there) < 2.0 and vehicle.read().ground_speed_mps < 1.0)
    orbit = Orbit(centre=SCENE, radius_m=radius_m, speed_mps=speed_mps, height_m=HEIGHT_M)
    await persist(lambda: px4.circle(vehicle, aboard, orbit, mission))
    began_s, flown, turned_deg = time.monotonic(), [place(vehicle)], 0.0
    while turned_deg < 400.0:
        assert time.monotonic() - began_s < 90.0
        await asyncio.sleep(0.05)
        here = place(vehicle)
        if math.dist(here, flown[-1]) > 0.0:
            if math.dist(here, there) > radius_m / 2:
                turned_deg += (_angle_deg(here, there) - _angle_deg(flown[-1], there) + 180.0) % 360.0 - 180.0
            flown.append(here)
    line = shapely.LineString(flown)
    off_m = [shapely.Point(p).distance(shapely.Point(there)) - radius_m for p in densified(line)]
    room_m = line.distance(shapely.union_all(AIRWAYS.closed_ground))
    print(f"circle of {radius_m:.1f} m: at most {max(off_m):.2f} m outside of it, {room_m:.2f} m from the margin")
    assert max(off_m) < ALLOWANCE_M
    assert room_m > 0.0
    assert min(off_m[-20:]) > -2.0


def densified(line: shapely.LineString) -> list[tuple[float, float]]:
    """A place on every metre of it, and its corners."""
    return [(x, y) for x, y in shapely.segmentize(line, 1.0).coords]


def _angle_deg(here: tuple[float, float], middle: np.ndarray) -> float:
    return math.degrees(math.atan2(here[0] - middle[0], here[1] - middle[1]))


async def heard(link: MavsdkLink, system_id: int) -> Vehicle:
    """The vehicle, once it is ready to arm."""
    await until(lambda: system_id in link.discover(), 40)
    vehicle = link.discover()[system_id]
    await until(lambda: vehicle.read().position is not None and vehicle.read().healthy, 40)
    return vehicle


async def persist(order: Callable[[], Awaitable[None]], tries: int = 6) -> None:
    """What the lifecycle does about a refusal."""
    for last in range(tries):
        try:
            await order()
            return
        except VehicleError:
            if last == tries - 1:
                raise
            await asyncio.sleep(1.0)


async def until(so: Callable[[], bool], within_s: float = 90.0) -> None:
    """Wait for it."""
    async with asyncio.timeout(within_s):
        while not so():  # noqa: ASYNC110 - telemetry is looked at, it tells nobody
            await asyncio.sleep(0.02)


def place(vehicle: Vehicle) -> tuple[float, float]:
    """East and north in metres."""
    at = vehicle.read().position
    assert at is not None
    east, north = FRAME.xy(at)
    return float(east), float(north)


def judge(case: str, track: Track, above_m: float = 3.0) -> None:
    """The track of a vehicle since its link was cut: home, never in a zone, never ``above_m`` above its height."""
    line = shapely.LineString([point[:2] for point in track])
    bare = shapely.union_all([closed_ground(FRAME, zone) for zone in restrictions_bare()])
    kept_m = line.distance(bare)
    east, north, height_m = track[-1]
    top_m = max(point[2] for point in track)
    print(f"{case}: {line.length:.0f} m home, {kept_m:.1f} m from the nearest zone, top {top_m:.1f} m")
    assert kept_m > 1.0, case
    assert math.hypot(east, north) < 5.0, case
    assert height_m < 1.0, case
    assert top_m < HEIGHT_M + above_m, case
    if case != "climbing":
        assert line.length > 300.0, case


def restrictions_bare() -> list[Geozone]:
    """The zones without their margins."""
    return [
        Geozone(id=zone.id, name=zone.name, ground=zone.ground, margin_m=0.0)
        for zone in ZONES
        if isinstance(zone, Geozone)
    ]
