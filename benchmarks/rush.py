"""Sixty embedded vehicles, a hundred incidents in five minutes: decision time, command to airborne, CPU.

Real time by default (twelve minutes); ``python -m benchmarks rush 5`` runs it five times as fast, which stretches
every figure that counts wall time in engine time.
"""

import asyncio
import resource
import tempfile
import time
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from api.cli.common import clocks_table
from api.cli.serve import paced_calls
from api.drive import drive
from api.engine import Engine, ready, running
from api.settings import Settings
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.codec import from_json
from dispatch.decide import AT_HOME
from dispatch.kpi import stage_times
from dispatch.model import Drone, Sortie, SortieState

VEHICLES, INCIDENTS, WINDOW_S, WATCH_S = 60, 100, 300.0, 60.0
PATIENCE_S = 420.0
"""It ends this long after the last incident at the latest; whoever is on the way home by then is not waited for."""


def city_of_sixty() -> City:
    """The demo city with three drones at each of its twenty bases."""
    city = load_city(find_city("kunshan"))
    bases = {id_: replace(base, docks=3) for id_, base in city.bases.items()}
    names = [name for name in bases for _ in range(VEHICLES // len(bases))]
    drones = [
        Drone(id=f"D{n:02d}", airframe="dock-quad", base_id=base_id, system_id=n) for n, base_id in enumerate(names, 1)
    ]
    return replace(city, bases=bases, drones={drone.id: drone for drone in drones})


async def rush(city: City, speed: float, folder: Path) -> tuple[Engine, list[str], dict[str, float]]:
    """Drive the incidents; the engine (closed, its store on disk), their ids and CPU shares of one core."""
    settings = Settings(city="kunshan", speed=speed, data=folder, connections=[], database="")
    async with running(settings, city) as engine:
        assert await ready(engine) == VEHICLES
        calls = paced_calls(city, engine.clock.now_s() + 5, INCIDENTS, WINDOW_S / INCIDENTS, seed=180)
        began_s, own_s = time.monotonic(), _own_cpu_s()
        vehicles_s = _cpu_s(engine)
        driven = await drive(engine, calls, watch_s=WATCH_S, patience_s=PATIENCE_S)
        wall_s = time.monotonic() - began_s
        cpu = {
            "engine": (_own_cpu_s() - own_s) / wall_s,
            "vehicles": (_cpu_s(engine) - vehicles_s) / wall_s,
            "wall_s": wall_s,
            "refused": float(driven.refused.total()),
        }
        return engine, driven.incident_ids, cpu


def check(engine: Engine) -> list[str]:
    """What is wrong in the log, read from its beginning: incidents with two drones, drones with two sorties at once."""
    wrong: list[str] = []
    flying: dict[str, Sortie] = {}
    entries = engine.store.read(kinds=("sortie",), limit=1_000_000)
    for _, event in groupby(entries, key=lambda entry: entry.at_s):  # what one event changed belongs together
        for entry in event:
            sortie = from_json(Sortie, entry.body)
            before = flying.get(sortie.drone_id)
            if before is not None and before.id != sortie.id and before.state not in AT_HOME:
                wrong.append(f"{sortie.drone_id} was given {sortie.id} while {before.id} is {before.state.value}")
            flying[sortie.drone_id] = sortie
        served = Counter(sortie.incident_id for sortie in flying.values() if sortie.incident_id is not None)
        wrong += [f"{incident_id} is served by {drones} drones" for incident_id, drones in served.items() if drones > 1]
    return wrong


def report(engine: Engine, incident_ids: list[str], cpu: dict[str, float], speed: float) -> None:
    """Print the tables."""
    console = Console()
    decision_ms = np.array(engine.operations.decision_times_s) * 1000
    airborne_s = []
    for row in engine.store.sorties(limit=100_000):
        at = {step.state: step.at_s for step in row.value.steps}
        if SortieState.COMMANDED in at and SortieState.AIRBORNE in at:
            airborne_s.append(at[SortieState.AIRBORNE] - at[SortieState.COMMANDED])
    table = Table(
        title=f"{VEHICLES} vehicles, {len(incident_ids)} incidents in {WINDOW_S:.0f} s, {speed:g} × real time"
    )
    for name in ("", "n", "p50", "p99", "max"):
        table.add_column(name, justify="right" if name else "left")
    for name, values, unit in (("decision", decision_ms, "ms"), ("command to airborne", np.array(airborne_s), "s")):
        p50, p99 = np.percentile(values, [50, 99])
        table.add_row(name, str(len(values)), f"{p50:.2f} {unit}", f"{p99:.2f} {unit}", f"{values.max():.2f} {unit}")
    console.print(table)
    incidents = [i for id_ in incident_ids if (i := engine.store.incident(id_)) is not None]
    console.print(clocks_table(stage_times(i.clocks for i in incidents), "clocks"))
    decided = sum(i.clocks.decided_at_s is not None for i in incidents)
    console.print(
        f"decided {decided} of {len(incidents)}, calls refused {cpu['refused']:.0f}; wrong in the log: "
        f"{check(engine) or 'nothing'}; CPU: engine {cpu['engine']:.0%}, vehicles {cpu['vehicles']:.0%} of a core"
    )


def main(arguments: list[str]) -> None:
    """Run it."""
    speed = float(arguments[0]) if arguments else 1.0
    with tempfile.TemporaryDirectory() as folder:
        engine, incident_ids, cpu = asyncio.run(rush(city_of_sixty(), speed, Path(folder)))
        report(engine, incident_ids, cpu, speed)


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu_s(engine: Engine) -> float:
    """CPU seconds of the vehicles' process so far (Linux)."""
    assert engine.embedded is not None
    fields = Path(f"/proc/{engine.embedded.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
