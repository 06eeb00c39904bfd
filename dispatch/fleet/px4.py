"""The ways of PX4, each with the measurement that found it (PX4 1.16.0 SIH, mavsdk 4.1.0).

Everything that is true of PX4 and of no other autopilot stands here.
"""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.fleet.vehicle import Item, Plan, Vehicle, VehicleError
from dispatch.geofence import FencePolygon, Geofence, fitted
from dispatch.mission import Mission, Waypoint
from dispatch.model import Orbit
from geo.airframe import Airframe
from geo.flight import ACCEPTANCE_RADIUS_M
from geo.wing import Wing

RETURN_ALONG_MISSION = 2
"""RTL_TYPE: along the mission to the landing at its end, at the mission's own heights. Type 0, the default, climbs to
RTL_RETURN_ALT and flies straight home; so do rally points, and of those it takes the nearest.

Measured: link cut on the way out, between two zones' corners, over the scene, in hold on the way and while climbing:
it flew the mission to its end and landed at the base, and was never lower or higher than the mission's heights. In
mission mode it goes on from its item, else from the item that is nearest to it. So COM_FAIL_ACT_T is 0: with the
default of 5 s it first holds, which is not mission mode, and flies on 60 m before it knows again where to go."""

RETURN_IF_LOST, LAND_IF_LOST = 2, 3
"""NAV_DLL_ACT, 10 s after the last heartbeat of a ground station (COM_DL_LOSS_T)."""

HOLD_AT_FENCE = 2
"""GF_ACTION: stop where the fence is crossed, and wait for us. A return (3) from there sets out through the zone."""

MOST_FENCE_POINTS = 64
"""DM_KEY_FENCE_POINTS_MAX of dataman.h: corners and circles in all."""

FENCE_POLYGON_IN, FENCE_POLYGON_OUT, FENCE_CIRCLE_IN, FENCE_CIRCLE_OUT = 5001, 5002, 5003, 5004
WAYPOINT, LOITER, LOITER_TIME, LAND, LAND_START, SPEED, TRANSITION = 16, 17, 19, 21, 189, 178, 3000
HOVERING, ON_WING = 3.0, 4.0
GROUND_SPEED = 1.0

NEAR_HEIGHT_M = 2.5
"""A mission that is begun more than this below its first point's height first climbs on the spot. At the default of
0.8 m a drone sent off at 28 of 30 m stood for 2 s."""

PARAMETERS_SETTLE_S = 2.0
"""A take-off ordered right after MIS_TAKEOFF_ALT was set, and read back as 30 m, went to the 2.5 m of before."""

ARM_TRIES, ARM_PAUSE_S = 4, 0.5
MODE_TRIES, MODE_WAIT_S, MODE_POLL_S = 4, 0.6, 0.05


MISSION_GOES_ON = 1
"""COM_DLL_EXCEPT: a mission is flown on without a link; in any other mode a VTOL then lands (NAV_DLL_ACT)."""

LAND_IF_LOW = 2
"""COM_LOW_BAT_ACT, at the critical level. A VTOL has no return: see :func:`wing_parameters`."""

FASTER_MPS = 4.0
HEADING_ERROR_DEG, NEVER_GIVE_UP = 20.0, -1.0

WING_LEFT_WITHIN_S, WING_POLL_S = 12.0, 0.05
"""So long (wall time) a VTOL may take to hover; PX4 gives up a transition back after VT_B_TRANS_DUR, 10 s."""


def parameters(airframe: Airframe, cruise_height_m: float) -> Mapping[str, float | int]:
    """The parameters that make PX4 fly what the airframe's entry promises.

    By default missions and gotos fly at 5 m/s (MPC_XY_CRUISE), nothing faster than 12 (MPC_XY_VEL_MAX), and take-off
    climbs at 1.5. At PX4's default jerk of 4 m/s³ a way of 440 m with two corners took 39.4 s, at 15 it took 34.6 (18
    m/s, 3 m/s²).
    MPC_XY_VEL_MAX and MPC_XY_CRUISE bound each other, so the maximum is set first.
    """
    return {
        "MPC_XY_VEL_MAX": airframe.speed_mps,
        "MPC_XY_CRUISE": airframe.speed_mps,
        "MPC_ACC_HOR": airframe.acceleration_mps2,
        "MPC_JERK_AUTO": airframe.jerk_mps3,
        "MPC_Z_VEL_MAX_UP": airframe.climb_mps,
        "MPC_Z_V_AUTO_UP": airframe.climb_mps,
        "MPC_Z_VEL_MAX_DN": airframe.descent_mps,
        "MPC_Z_V_AUTO_DN": airframe.descent_mps,
        "MPC_TKO_SPEED": airframe.takeoff_mps,
        "MPC_LAND_SPEED": airframe.landing_mps,
        "MIS_TAKEOFF_ALT": float(cruise_height_m),
        "RTL_RETURN_ALT": float(cruise_height_m),
        "MIS_DIST_1WP": 0.0,  # how far is ours to say: energy and the way home are counted
        "RTL_TYPE": RETURN_ALONG_MISSION,
        "COM_FAIL_ACT_T": 0.0,
        "NAV_DLL_ACT": RETURN_IF_LOST,
        "GF_ACTION": HOLD_AT_FENCE,
        "GF_PREDICT": 0,
        "NAV_MC_ALT_RAD": NEAR_HEIGHT_M,
        **(wing_parameters(airframe.wing) if airframe.wing is not None else {}),
    }


def wing_parameters(wing: Wing) -> Mapping[str, float | int]:
    """What PX4 needs besides to fly a standard VTOL's missions.

    It turns its nose to the leg before it transitions. With the default of MIS_YAW_ERR, 12°, it stood a few degrees
    short of that in some flights, and after 10 s (MIS_YAW_TMT) PX4 gave up the mission. A mission without a landing is
    refused to a VTOL by default (MIS_TKO_LAND_REQ 2).

    PX4 1.16 cannot bring a hovering VTOL home: its return along the mission wants the VTOL on its wing first
    (rtl_mission_fast.cpp), a transition that it refuses in a return (vtol_att_control_main.cpp), and so hovers on; the
    other returns are straight lines.
    """
    return {
        "FW_AIRSPD_MAX": wing.airspeed_mps + FASTER_MPS,
        "FW_AIRSPD_TRIM": wing.airspeed_mps,
        "MIS_TKO_LAND_REQ": 0,
        "MIS_YAW_ERR": HEADING_ERROR_DEG,
        "MIS_YAW_TMT": NEVER_GIVE_UP,
        "COM_DLL_EXCEPT": MISSION_GOES_ON,
        "NAV_DLL_ACT": LAND_IF_LOST,
        "COM_LOW_BAT_ACT": LAND_IF_LOW,
    }


@dataclass(slots=True)
class Aboard:
    """What a vehicle is known to hold; None: not known (it may have been started again)."""

    mission: Mission | None = None
    verified: bool = False
    """Whether the mission was read back."""
    begun: bool = False
    """Whether the mission was started since it went up: an upload sets it to its first item."""
    geofence: Geofence | None = None
    if_lost: int = RETURN_IF_LOST
    takes_off_to_m: float | None = None
    takes_off_since_s: float = 0.0
    """The height of its next take-off, and when it was told (monotonic)."""
    settles_s: float = PARAMETERS_SETTLE_S
    """How long (wall time) its parameters need to settle."""

    def forget(self) -> None:
        """It was silent: whatever it held, it may hold no more."""
        self.mission = self.geofence = self.takes_off_to_m = None


def mission_items(mission: Mission) -> list[Item]:
    """A mission as PX4 flies it: through the points, hold over the last, and behind a landing marker the way back.

    Behind a corner the goal is a waypoint first, and only then the place to hold over. PX4 flies back to the line to
    its target when it is farther off than the target's acceptance radius, and a hold has none but NAV_ACC_RAD, 2 m:
    having cut a corner it went on by stops and goes (FlightTaskAuto, ``State::offtrack``; seen: a leg of 14 s took 17 s
    longer).

    The acceptance radius is stated, for without one PX4 all but stops at every corner (2.2 m/s), and the speed once
    only: a speed item after each point hides the next corner from PX4.
    """
    *through, last = mission.points
    items = _legs(mission.points) if through else []
    items.append(_hold(last, mission.hold_s))
    items.insert(1, Item(command=SPEED, params=(GROUND_SPEED, mission.speed_mps, -1.0, 0.0)))
    if mission.back:
        *home, landing = mission.back
        items.append(Item(command=LAND_START))
        items += _legs(home)
        items.append(_place(LAND, landing, 0.0))
    elif mission.hold_s is not None:
        items.append(_place(LAND, last, 0.0))
    return items


def _legs(waypoints: Sequence[Waypoint]) -> list[Item]:
    """Waypoints with what a VTOL does between them. PX4 turns to a leg and transitions at the waypoint before it (with
    none it would fly the leg first), accepts the leg's end some 24 m before it, at 11 m/s, and goes back to hovering
    on the way there; the end is then flown to once more, as by any multirotor."""
    items = []
    for waypoint in waypoints:
        if waypoint.wing:
            items.append(Item(command=TRANSITION, params=(ON_WING, 0.0, 0.0, 0.0)))
        items.append(_waypoint(waypoint))
        if waypoint.wing:
            items += [Item(command=TRANSITION, params=(HOVERING, 0.0, 0.0, 0.0)), _waypoint(waypoint)]
    return items


def _hold(waypoint: Waypoint, hold_s: float | None) -> Item:
    if hold_s is None:
        return _place(LOITER, waypoint, 0.0)
    return replace(_place(LOITER_TIME, waypoint, 0.0), params=(float(round(hold_s)), 0.0, 0.0, math.nan))


def _waypoint(waypoint: Waypoint) -> Item:
    return _place(WAYPOINT, waypoint, ACCEPTANCE_RADIUS_M)


def _place(command: int, waypoint: Waypoint, radius_m: float) -> Item:
    params = (0.0, radius_m, 0.0, math.nan)
    return Item(command=command, params=params, position=waypoint.position, height_m=waypoint.height_m)


def fence_items(fence: Geofence) -> list[Item]:
    """A fence as PX4 reads it. Circles come last: PX4 1.16 takes every polygon after a circle for a circle
    (geofence.cpp, ``is_circle_area`` is never put back), which then is not kept at all.
    """
    items = []
    for area in sorted(fence.areas, key=lambda area: not isinstance(area, FencePolygon)):
        if isinstance(area, FencePolygon):
            command = FENCE_POLYGON_IN if area.inside else FENCE_POLYGON_OUT
            params = (float(len(area.corners)), 0.0, 0.0, 0.0)
            items += [Item(command=command, params=params, position=corner) for corner in area.corners]
        else:
            command = FENCE_CIRCLE_IN if area.inside else FENCE_CIRCLE_OUT
            items.append(Item(command=command, params=(area.radius_m, 0.0, 0.0, 0.0), position=area.centre))
    return items


async def take_mission(vehicle: Vehicle, aboard: Aboard, mission: Mission) -> None:
    """Put a mission on board unless it is there, and read it back."""
    await _upload_mission(vehicle, aboard, mission)
    await _verify_mission(vehicle, aboard, mission)


async def take_height(vehicle: Vehicle, aboard: Aboard, height_m: float) -> None:
    """Have the next take-off climb to ``height_m``.

    ``takeoff`` climbs to MIS_TAKEOFF_ALT, whatever the mission says, and hovers there; a sortie in a higher layer would
    wait for its height until it counts as one that does not climb.
    """
    if aboard.takes_off_to_m != height_m:
        aboard.takes_off_to_m = None
        await vehicle.set_parameters({"MIS_TAKEOFF_ALT": float(height_m)})
        aboard.takes_off_to_m, aboard.takes_off_since_s = height_m, time.monotonic()


async def _upload_mission(vehicle: Vehicle, aboard: Aboard, mission: Mission) -> None:
    if aboard.mission != mission:
        aboard.mission, aboard.verified, aboard.begun = None, False, False
        await vehicle.upload(Plan.MISSION, mission_items(mission))
        aboard.mission = mission


async def _verify_mission(vehicle: Vehicle, aboard: Aboard, mission: Mission) -> None:
    """Read it back; a vehicle that has no way back is to land should its link be lost."""
    if_lost = RETURN_IF_LOST if mission.back and mission.hold_s is None else LAND_IF_LOST
    if aboard.if_lost != if_lost:
        await vehicle.set_parameters({"NAV_DLL_ACT": if_lost})
        aboard.if_lost = if_lost
    if not aboard.verified:
        try:
            await vehicle.verify(Plan.MISSION, mission_items(mission))
        except VehicleError:
            aboard.mission = None
            raise
        aboard.verified = True


async def take_fence(vehicle: Vehicle, aboard: Aboard, geofence: Geofence) -> Geofence:
    """Put a fence on board unless it is there, and return what of it the vehicle holds."""
    fence = fitted(geofence, MOST_FENCE_POINTS)
    before = aboard.geofence
    if before is not None and before.areas == fence.areas and set(before.within) == set(fence.within):
        return fence
    aboard.geofence = None
    items = fence_items(fence)
    await vehicle.upload(Plan.GEOFENCE, items)
    await vehicle.verify(Plan.GEOFENCE, items)
    aboard.geofence = fence
    return fence


async def launch(vehicle: Vehicle, aboard: Aboard, height_m: float, mission: Mission, geofence: Geofence) -> None:
    """Take mission and fence on board, arm and take off.

    The mission goes first: should the link be lost in the climb, the vehicle must not return along its last one.
    A preflight check can flap for about 2 s ("GPS Vertical Pos Drift too high"): arming is tried again. In mode LAND on
    the ground arming is denied: hold first. ``takeoff`` while disarmed is acknowledged and does nothing, so it is sent
    only after arming was acknowledged; whether it left the ground is for telemetry to say.
    """
    if vehicle.read().mode == "LAND":
        await vehicle.hold()
    await take_height(vehicle, aboard, height_m)
    await take_mission(vehicle, aboard, mission)
    await take_fence(vehicle, aboard, geofence)
    await asyncio.sleep(max(0.0, aboard.takes_off_since_s + aboard.settles_s - time.monotonic()))
    for attempt in range(ARM_TRIES):
        try:
            if not vehicle.read().armed:
                await vehicle.arm()
            break
        except VehicleError:
            if attempt == ARM_TRIES - 1:
                raise
            await asyncio.sleep(ARM_PAUSE_S)
    await vehicle.take_off()


async def fly(vehicle: Vehicle, aboard: Aboard, mission: Mission, geofence: Geofence) -> None:
    """Fly a mission, its fence still to be taken (:func:`take_fence`).

    PX4 checks a mission against the fence that it holds, and again whenever it is given a fence; a mission with a
    point outside is flown no longer. So what is not forbidden any more comes off first, then the new mission goes up,
    and what is newly forbidden after that.

    Upload followed at once by a start is a race (refused in 3 of 5 concurrent runs), and the start is acknowledged
    before the mode has changed: so the mode is watched and the start repeated. An uploaded mission stands at its first
    item, and so one that was flown already goes up again. A VTOL takes it hovering, as it was made for.
    """
    await leave_wing(vehicle)
    held = aboard.geofence
    staying = replace(held, areas=tuple(area for area in held.areas if area in geofence.areas)) if held else Geofence()
    if held is None or staying.areas != held.areas:
        await take_fence(vehicle, aboard, staying)
    if aboard.begun:
        aboard.mission = None
    await _upload_mission(vehicle, aboard, mission)
    aboard.begun = True
    for _ in range(MODE_TRIES):
        await vehicle.start_mission()
        for _ in range(round(MODE_WAIT_S / MODE_POLL_S)):
            if vehicle.read().mode == "MISSION":
                await _verify_mission(vehicle, aboard, mission)  # it flies meanwhile
                return
            await asyncio.sleep(MODE_POLL_S)
    said = "; ".join(vehicle.messages())
    raise VehicleError(
        f"the mission was accepted but the mode stays {vehicle.read().mode}{': ' + said if said else ''}"
    )


async def circle(vehicle: Vehicle, aboard: Aboard, orbit: Orbit, mission: Mission) -> None:
    """Fly an orbit; the mission to come home by goes on board first, unless it is there.

    Measured with circles of 8 to 25 m, ordered in mission mode, in hold and on another circle: 0.1 to 0.8 s later PX4
    tells the mode POSCTL (the orbit is a sub-mode of it, which MAVSDK does not tell apart). It flies straight to the
    nearest point of the circle, at MPC_XY_CRUISE, and goes round from there: from the middle it is on a circle of 25 m
    after 5 s. It was never more than 1.2 m outside of the circle, holds it within -0.7 and +1.2 m and its height within
    0.7 m, and flies 85 to 97 % of the speed told (of 10 m/s at 25 m, PX4 makes 7: it bounds v²/r by 2 m/s²). Its nose
    is within 2° of the centre. No parameter needs to be set.

    It goes round until something else is told: ``hold`` stops it within 1 s and 0.5 m, a mission is begun within 1.7 s,
    one that is only uploaded changes nothing. With its link lost it returns as from hold: straight to the mission's
    nearest item. A radius above MC_ORBIT_RAD_MAX (1000 m) is acknowledged, the mode changes too, and it hovers with the
    text "Orbit radius limit exceeded"; disarmed, the order changes the mode on the ground.
    """
    await take_mission(vehicle, aboard, mission)
    await vehicle.circle(orbit.centre, orbit.height_m, orbit.radius_m, orbit.speed_mps)


async def leave_wing(vehicle: Vehicle) -> None:
    """Have a VTOL that flies on its wing hover.

    Held first: then PX4 stops at once (0.8 s and 7 m until it hovers, 10 m until it stands, from 11 m/s). In a mission
    it slows down as the distance to the item allows: 41 m.
    """
    if not vehicle.read().on_wing:
        return
    await vehicle.hold()
    await vehicle.leave_wing()
    deadline_s = time.monotonic() + WING_LEFT_WITHIN_S
    while vehicle.read().on_wing:
        if time.monotonic() > deadline_s:
            raise VehicleError("it does not go back to hovering")
        await asyncio.sleep(WING_POLL_S)


async def land(vehicle: Vehicle) -> None:
    """Land here, hovering."""
    await leave_wing(vehicle)
    await vehicle.land()


async def hold(vehicle: Vehicle) -> None:
    """Stop here and hover.

    PX4's hold ends a mission or a return, but not a goto: told to hold on the way to a goto's target it flew on 270 m
    to the target. So it is also told to go to where it is.
    """
    await leave_wing(vehicle)
    await vehicle.hold()
    here = vehicle.read()
    if here.position is not None and here.in_air:
        await vehicle.go_to(here.position, here.height_m)
