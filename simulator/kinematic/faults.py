"""Faults of kinematic vehicles: the same closed union that embedded ones and PX4 know."""

from typing import assert_never

from geo.wind import Wind
from simulator.faults import (
    ArmingRefused,
    BatteryDrains,
    Drift,
    Fault,
    GpsLost,
    Headwind,
    InjectionError,
    LinkSilent,
    OrdersRefused,
    ProcessKilled,
    Rebooted,
    Twin,
)
from simulator.kinematic.room import Room


def inject(room: Room, drone_id: str, fault: Fault) -> None:
    """Let it happen to this vehicle now; a headwind blows on all. Durations are simulated time.

    Raises :class:`simulator.faults.InjectionError` for what a vehicle without an autopilot cannot be made to do.
    """
    vehicle = room.vehicles[drone_id]
    match fault:
        case ProcessKilled():
            vehicle.die()
        case LinkSilent(for_s=for_s):
            vehicle.silent_until_s = room.now_s + for_s
        case ArmingRefused():
            vehicle.refuses_arming = True
        case BatteryDrains(to_share=share):
            vehicle.share = share
        case Headwind(speed_mps=speed_mps, from_deg=from_deg):
            room.blow(Wind(speed_mps, from_deg))
        case OrdersRefused():
            vehicle.refuses_ways = True
        case Rebooted():
            vehicle.die()
            vehicle.revive()
        case Twin():
            vehicle.twins = True
        case GpsLost() | Drift():
            raise InjectionError("a kinematic vehicle is where its way says: it cannot lose its place or be pushed off")
        case _:
            assert_never(fault)


def mend(room: Room, drone_id: str) -> None:
    """Everything is as before; the wind that the engine knows blows again."""
    room.vehicles[drone_id].revive()
    room.blow(room.situation.wind)
