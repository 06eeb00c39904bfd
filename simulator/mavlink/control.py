"""The control of a running fleet: JSON lines on stdin, each answered with one JSON line on stdout.

wind, skip, speed, fault, state and quit. The end of stdin ends the process, so that no orphan is left behind
when the parent dies.
"""

import asyncio
import json
import math
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from .fleet import Fleet

STDIN: Final = 0
Fault = Literal[
    "dead",
    "silent",
    "refuse_arm",
    "refuse_goto",
    "refuse_mission",
    "gps_lost",
    "gimbal_stuck",
    "battery",
    "drift",
    "revive",
]


class ControlError(ValueError):
    """A control line that cannot be obeyed."""


def listen(fleet: "Fleet") -> None:
    """Obey stdin from now on, in the order of its lines."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        rest = b""
        while chunk := os.read(STDIN, 65_536):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                loop.call_soon_threadsafe(lines.put_nowait, line.decode(errors="replace"))
        loop.call_soon_threadsafe(lines.put_nowait, None)

    async def obey() -> None:
        while (line := await lines.get()) is not None:
            if line.strip():
                sys.stdout.write(json.dumps(await _answer(fleet, line)) + "\n")
                sys.stdout.flush()
        fleet.stopped.set()

    fleet.tasks.add(loop.create_task(obey()))
    threading.Thread(target=read, daemon=True, name="control").start()


async def _answer(fleet: "Fleet", line: str) -> dict[str, Any]:
    try:
        order = json.loads(line)
        if not isinstance(order, dict):
            raise ControlError("expected an object")
        return {"ok": True, **await _obey(fleet, order)}
    except (ControlError, json.JSONDecodeError) as error:
        return {"ok": False, "error": str(error)}


async def _obey(fleet: "Fleet", order: dict[str, Any]) -> dict[str, Any]:
    match order.get("op"):
        case "wind":
            fleet.world.set_wind(_number(order, "speed_mps", least=0.0), _number(order, "from_deg"))
        case "skip":
            await fleet.skip(_number(order, "seconds", least=0.0))
        case "speed":
            fleet.set_factor(_number(order, "factor", least=0.0))
        case "fault":
            _fault(fleet, order)
        case "state":
            return {"now_s": fleet.world.now_s, "vehicles": _truths(fleet)}
        case "quit":
            fleet.stopped.set()
        case other:
            raise ControlError(f"unknown op {other!r}")
    return {}


def _number(order: dict[str, Any], key: str, least: float = -math.inf) -> float:
    value = order.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ControlError(f"{key} = {value!r} must be a number")
    if value < least:
        raise ControlError(f"{key} = {value!r} must be ≥ {least:g}")
    return float(value)


def _east_north(order: dict[str, Any]) -> tuple[float, float]:
    value = order.get("value")
    if not isinstance(value, list) or len(value) != 2:
        raise ControlError(f"value = {value!r} must be two numbers, east and north")
    east, north = (_number({"value": part}, "value") for part in value)
    return east, north


def _fault(fleet: "Fleet", order: dict[str, Any]) -> None:
    world = fleet.world
    system_id, kind = order.get("system_id"), order.get("kind")
    row = world.index.get(system_id) if isinstance(system_id, int) else None
    if row is None:
        raise ControlError(f"no vehicle {system_id!r}")
    vehicle = world.vehicles[row]
    on = bool(order.get("value", True))
    match kind:
        case "dead":
            world.dead[row] = True
        case "silent":
            (fleet.silent.add if on else fleet.silent.discard)(row)
        case "refuse_arm":
            vehicle.refuse_arm = on
        case "refuse_goto":
            vehicle.refuse_goto = on
        case "refuse_mission":
            vehicle.refuse_mission = on
        case "gps_lost":
            vehicle.gps_lost = on
        case "gimbal_stuck":
            vehicle.gimbal_stuck = on
        case "battery":
            share = _number(order, "value", least=0.0)
            if share > 1.0:
                raise ControlError(f"value = {share!r} must be a share, at most 1")
            world.set_battery(row, share)
        case "drift":
            world.push_mps[row] = _east_north(order)
        case "revive":
            fleet.silent.discard(row)
            vehicle.refuse_arm = vehicle.refuse_goto = vehicle.refuse_mission = False
            vehicle.gps_lost = vehicle.gimbal_stuck = False
            if world.dead[row]:
                world.restart(row)
        case _:
            raise ControlError(f"unknown fault {kind!r}: one of {', '.join(get_args(Fault))}")


def _truths(fleet: "Fleet") -> list[dict[str, Any]]:
    truths = []
    for row, vehicle in enumerate(fleet.world.vehicles):
        sense = vehicle.sense
        east, north, up = sense.place_m
        latitude, longitude = vehicle.frame.globe(east, north)
        truths.append(
            {
                "system_id": vehicle.spec.system_id,
                "latitude_deg": latitude,
                "longitude_deg": longitude,
                "altitude_m": vehicle.frame.altitude_m + up,
                "up_m": up,
                "east_m": east,
                "north_m": north,
                "velocity_mps": list(sense.velocity_mps),
                "armed": vehicle.armed,
                "landed": sense.landed,
                "mode": vehicle.active_mode.name,
                "intended_mode": vehicle.mode.name,
                "mission_items": len(vehicle.plan.mission),
                "fence_items": len(vehicle.plan.fence_items),
                "fence_in_force": len(vehicle.plan.fence.shapes),
                "battery_share": sense.share,
                "power_w": sense.power_w,
                "dead": bool(fleet.world.dead[row]),
                "silent": row in fleet.silent,
            }
        )
    return truths
