"""One engine process, 100 vehicles in the air at 5 Hz: CPU, command round trip, age of telemetry; what breaks it.

``python -m benchmarks capacity`` goes up until something breaks or MAVLink has no more system ids; ``capacity 100``
runs one size, ``capacity 100 10`` at 10 Hz. A quiet machine, please: the figures are of wall time.

Every vehicle is in the air and sends all its telemetry through the whole engine (MAVSDK, lifecycle, store). A command
is one ``hold`` or one ``start_mission`` given to a vehicle of the fleet; its round trip ends when *telemetry* shows the
mode that it was to bring about. The vehicles are a process of their own.
"""

import asyncio
import itertools
import math
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from api.drive import drive
from api.engine import Engine, ready, running
from api.settings import Settings
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.city_sites import OWN_SYSTEM_ID
from dispatch.fleet import Vehicle, VehicleError
from dispatch.fleet.link import DROPPED
from dispatch.model import Base, Drone
from dispatch.operations import OBSERVE_HZ
from geo.frame import LocalFrame
from geo.wind import CALM
from simulator.calls import Call

SIZES = (100, 150, 200, 249)
"""MAVLink has 254 system ids; the embedded vehicles take 1 to 250, and 245 is MAVSDK's own."""
RATES_HZ = (10.0, 20.0, 40.0)
"""Tried with the largest fleet, should none of the sizes break it."""


APART_M, AWAY_M = 600.0, 200.0
"""From base to base, and from a base to its incident."""

WATCH_S, READY_S, AIRBORNE_S = 600.0, 90.0, 120.0
QUIET_S, COMMANDS, COMMANDS_HZ, LOST_S = 20.0, 400, 10.0, 5.0
MOST_CORES, MOST_ROUND_TRIP_S, MOST_AGE_S = 1.0, 0.1, 3.0


@dataclass
class Figures:
    """What was measured with one fleet."""

    vehicles: int
    position_hz: float
    in_air: int = 0
    engine_cores: float = 0.0
    vehicle_cores: float = 0.0
    acknowledged_s: list[float] = field(default_factory=list)
    seen_s: list[float] = field(default_factory=list)
    lost: int = 0
    """Commands refused, or not seen to be obeyed within ``LOST_S``."""
    age_s: list[float] = field(default_factory=list)
    dropped: int = 0
    """How often MAVSDK warned that it drops callbacks."""
    memory_mb: float = 0.0

    def broken(self) -> list[str]:
        """What is not as it must be."""
        p99_s, oldest_s = percentile(self.seen_s, 99), max(self.age_s, default=np.inf)
        checks = {
            f"{self.in_air} of {self.vehicles} in the air": self.in_air < 0.95 * self.vehicles,
            f"CPU {self.engine_cores:.2f} cores": self.engine_cores > MOST_CORES,
            f"round trip p99 {p99_s * 1000:.0f} ms": p99_s > MOST_ROUND_TRIP_S,
            f"{self.lost} commands lost": self.lost > 0,
            f"telemetry {oldest_s:.1f} s old": oldest_s > MOST_AGE_S,
            f"MAVSDK told of dropped callbacks {self.dropped} times": self.dropped > 0,
        }
        return [what for what, wrong in checks.items() if wrong]


def city_of(count: int) -> City:
    """A plain with a base for each of ``count`` drones, so that none waits for another to leave."""
    city, side = load_city(find_city("kunshan")), math.ceil(math.sqrt(count))
    ids = [n for n in range(1, count + 2) if n != OWN_SYSTEM_ID][:count]
    bases, drones = {}, {}
    for k, system_id in enumerate(ids):
        name = f"{system_id:03d}"
        position = city.frame.position(((k % side - side / 2) * APART_M, (k // side - side / 2) * APART_M))
        bases[name] = Base(id=name, name=name, name_zh=name, position=position, ground_amsl_m=3.0, docks=1)
        drones[name] = Drone(id=name, airframe="dock-quad", base_id=name, system_id=system_id)
    return replace(city, bases=bases, drones=drones, zones={}, wind=CALM, rain_mm_h=0.0, terrain="")


def calls_near_bases(city: City, from_s: float) -> Iterator[Call]:
    """One incident for every drone, north of its base."""
    for number, drone in enumerate(city.drones.values()):
        place = LocalFrame(city.bases[drone.base_id].position).position((0.0, AWAY_M))
        yield Call(at_s=from_s + 0.1 * number, position=place, type="crowd", priority=3)


async def measure(count: int, position_hz: float, folder: Path) -> Figures:
    """Bring the fleet into the air, watch it, then command it."""
    city, figures = city_of(count), Figures(vehicles=count, position_hz=position_hz)
    settings = Settings(city="kunshan", speed=1.0, data=folder, connections=[], database="")
    async with running(settings, city) as engine:
        assert await ready(engine, READY_S) == count, "not every vehicle got ready"
        calls = list(calls_near_bases(city, engine.clock.now_s() + 1.0))
        driving = asyncio.create_task(drive(engine, calls, watch_s=WATCH_S))
        await _airborne(engine, figures)
        vehicles = [v for id_ in city.drones if (v := engine.fleet.vehicle(id_)) is not None and v.read().in_air]
        if position_hz != OBSERVE_HZ:
            await asyncio.gather(*(vehicle.set_rates(position_hz) for vehicle in vehicles))
        aging = asyncio.create_task(_ages(engine, figures))
        dropped, began_s, own_s, theirs_s = DROPPED.total(), time.monotonic(), own_cpu_s(), cpu_s(engine)
        await asyncio.sleep(QUIET_S)
        await _command(vehicles, figures)
        wall_s = time.monotonic() - began_s
        figures.engine_cores = (own_cpu_s() - own_s) / wall_s
        figures.vehicle_cores = (cpu_s(engine) - theirs_s) / wall_s
        figures.dropped = DROPPED.total() - dropped
        figures.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for task in (driving, aging):
            task.cancel()
        await asyncio.gather(driving, aging, return_exceptions=True)
    return figures


async def _airborne(engine: Engine, figures: Figures) -> None:
    """Wait until all drones are in the air, or the time is over."""
    deadline_s = time.monotonic() + AIRBORNE_S
    while figures.in_air < figures.vehicles and time.monotonic() < deadline_s:
        await asyncio.sleep(0.5)
        figures.in_air = sum(state.in_air for state in engine.operations.situation.states.values())


async def _ages(engine: Engine, figures: Figures) -> None:
    """How old the engine's picture of each drone in the air is, ten times a second, until cancelled."""
    while True:
        now_s, states = engine.clock.now_s(), engine.operations.situation.states.values()
        figures.age_s += [now_s - state.seen_at_s for state in states if state.in_air]
        await asyncio.sleep(0.1)


async def _command(vehicles: list[Vehicle], figures: Figures) -> None:
    """Command the vehicles in turn, without waiting for the one before."""
    orders, next_s = [], time.monotonic()
    for vehicle in itertools.islice(itertools.cycle(vehicles), COMMANDS):
        orders.append(asyncio.create_task(_order(vehicle, figures)))
        next_s += 1 / COMMANDS_HZ
        await asyncio.sleep(max(0.0, next_s - time.monotonic()))
    await asyncio.gather(*orders)


async def _order(vehicle: Vehicle, figures: Figures) -> None:
    """Tell a vehicle to change between holding and its mission, and see it done."""
    wanted = "MISSION" if vehicle.read().mode == "HOLD" else "HOLD"
    began_s = time.monotonic()
    try:
        await (vehicle.start_mission() if wanted == "MISSION" else vehicle.hold())
    except VehicleError:
        figures.lost += 1
        return
    figures.acknowledged_s.append(time.monotonic() - began_s)
    while vehicle.read().mode != wanted:
        if time.monotonic() - began_s > LOST_S:
            figures.lost += 1
            return
        await asyncio.sleep(0.005)
    figures.seen_s.append(time.monotonic() - began_s)


def percentile(values: list[float], share: float) -> float:
    """That percentile, infinite where nothing was measured."""
    return float(np.percentile(values, share)) if values else float("inf")


def own_cpu_s() -> float:
    """CPU seconds of this process so far, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_s(engine: Engine) -> float:
    """CPU seconds of the vehicles' process so far (Linux)."""
    assert engine.embedded is not None
    fields = Path(f"/proc/{engine.embedded.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table_of(all_figures: list[Figures]) -> Table:
    """One row for each fleet."""
    table = Table(title=f"one engine process, {COMMANDS} commands at {COMMANDS_HZ:g} a second; what breaks is named")
    columns = ("vehicles", "in air", "Hz", "engine cores", "vehicles' cores", "ack p50/p99 ms", "seen p50/p99/max ms")
    for name in (*columns, "telemetry p99/max s", "drops told", "MB", "broken"):
        table.add_column(name, justify="right")
    for f in all_figures:
        ack, seen = ([percentile(v, p) * 1000 for p in (50, 99, 100)] for v in (f.acknowledged_s, f.seen_s))
        table.add_row(
            str(f.vehicles),
            str(f.in_air),
            f"{f.position_hz:g}",
            f"{f.engine_cores:.2f}",
            f"{f.vehicle_cores:.2f}",
            f"{ack[0]:.0f} / {ack[1]:.0f}",
            f"{seen[0]:.0f} / {seen[1]:.0f} / {seen[2]:.0f}",
            f"{percentile(f.age_s, 99):.2f} / {percentile(f.age_s, 100):.2f}",
            str(f.dropped),
            f"{f.memory_mb:.0f}",
            "; ".join(f.broken()) or "nothing",
        )
    return table


def main(arguments: list[str]) -> None:
    """Run it."""
    steps = [(size, 5.0) for size in SIZES] + [(SIZES[-1], hz) for hz in RATES_HZ]
    if arguments:
        steps = [(int(arguments[0]), float(arguments[1]) if len(arguments) > 1 else 5.0)]
    console, measured = Console(width=170), []
    for size, hz in steps:
        with tempfile.TemporaryDirectory() as folder:
            measured.append(asyncio.run(measure(size, hz, Path(folder))))
        console.print(table_of(measured))
        if measured[-1].broken():
            break
