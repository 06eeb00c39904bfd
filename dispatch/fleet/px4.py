"""The ways of PX4, each with the measurement that found it (PX4 1.16.0 SIH, mavsdk 4.1.0).

Everything that is true of PX4 and of no other autopilot stands here.
"""

import asyncio
from collections.abc import Mapping, Sequence

from dispatch.fleet.vehicle import Vehicle, VehicleError
from geo.airframe import Airframe
from geo.position import Position

ARM_TRIES, ARM_PAUSE_S = 4, 0.5
MODE_TRIES, MODE_WAIT_S, MODE_POLL_S = 4, 0.6, 0.05


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
        "NAV_DLL_ACT": 2,
    }


async def launch(vehicle: Vehicle) -> None:
    """Arm and take off.

    A preflight check can flap for about 2 s ("GPS Vertical Pos Drift too high"): arming is tried again. In mode LAND on
    the ground arming is denied: hold first. ``takeoff`` while disarmed is acknowledged and does nothing, so it is sent
    only after arming was acknowledged; whether it left the ground is for telemetry to say.
    """
    if vehicle.read().mode == "LAND":
        await vehicle.hold()
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


async def fly(
    vehicle: Vehicle,
    points: Sequence[Position],
    height_m: float,
    speed_mps: float,
) -> None:
    """Fly through ``points`` and hold over the last: one point as a goto, several as a mission.

    Upload followed at once by a start is a race (refused in 3 of 5 concurrent runs), and the start is acknowledged
    before the mode has changed: so the mode is watched and the start repeated. A mission goes on when the link is lost,
    a chain of gotos would stop at the next corner.
    """
    if len(points) == 1:
        await vehicle.go_to(points[0], height_m)
        return
    await vehicle.upload_mission(points, height_m, speed_mps)
    for _ in range(MODE_TRIES):
        await vehicle.start_mission()
        for _ in range(round(MODE_WAIT_S / MODE_POLL_S)):
            if vehicle.read().mode == "MISSION":
                return
            await asyncio.sleep(MODE_POLL_S)
    said = "; ".join(vehicle.messages())
    raise VehicleError(
        f"the mission was accepted but the mode stays {vehicle.read().mode}{': ' + said if said else ''}"
    )


async def hold(vehicle: Vehicle) -> None:
    """Stop here and hover.

    PX4's hold ends a mission or a return, but not a goto: told to hold on the way to a goto's target it flew on 270 m
    to the target. So it is also told to go to where it is.
    """
    await vehicle.hold()
    here = vehicle.read()
    if here.position is not None and here.in_air:
        await vehicle.go_to(here.position, here.height_m)
