"""A year of a nation's fire calls on 300 drones, beside a SimPy model of the same city in the same run.

``python -m benchmarks city_year`` takes some minutes, most of them for flight times; ``quick`` asks for fewer calls.
The city is Kunshan with its zones, 100 bases on a lattice, three dock drones each; 2,358,000 calls a year come by its
own model, in winds that change every hour: calm, and eight directions. Every incident is watched for :data:`WATCH_S` by
one drone that can stay to the end, so that drones are busy with incidents some 0.3 of their time and then charge for
long: where calls cluster, and at the peaks of the day, incidents wait. Seconds are processor seconds of one core
(``time.process_time``); a busy machine tells more of them, for caches are shared. A quarter, one and four years tell
whether memory grows with calls.

The peer needs SimPy (``pip install simpy``). It is written as one would with care: a process for each sortie that may
be interrupted when its drone is sent on in the air, tables in numpy, all drones asked at once, scipy's assignment where
several incidents of a class wait. It knows what both are asked: nearest able drone, priority queue, batteries that
drain and charge; no reliefs and no taking of drones from other incidents, so the loop runs with ``first-come`` beside
it.
"""

import importlib
import resource
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from dispatch.city import situation_of
from dispatch.city_folder import find_city, load_city
from dispatch.demand import open_ground
from dispatch.idle import idle
from dispatch.model import Base, Drone, Situation
from dispatch.policies import policy_of
from geo.frame import LocalFrame
from geo.position import Position
from geo.wind import CALM, Wind
from simulator.city.fitted import Fitted, from_city, generate
from simulator.city.intervals import t_interval
from simulator.city.kpi import kpis
from simulator.city.rows import Calls, Outcomes
from simulator.city.run import Trouble, simulate
from simulator.city.tally import Tally
from simulator.city.world import World, build

CALLS, BASES, DRONES_A_BASE = 2_358_000, 100, 3
FROM_S, YEAR_S = 1_767_225_600.0, 365 * 86_400.0
WIND_MPS = 5.0
NODES, CELL_M = 600, 900.0
WATCH_S = 1020.0
PATIENCE = Trouble(patience_s=3600.0)
PEER_DAYS, PEER_RUNS = 2.0, 5
RUNS = (
    ("nearest-able", 0.25),
    ("nearest-able", 1.0),
    ("nearest-able", 4.0),
    ("first-come", 1.0),
    ("coverage-preserving", 1.0),
)
"""Policy and years."""
MOST_YEARS = max(years for _, years in RUNS)


def the_city() -> tuple[World, Fitted]:
    """The world of the benchmark, and its calls."""
    city = load_city(find_city("kunshan"))
    model, places = from_city(city, cell_m=CELL_M)
    model = replace(model.grown(CALLS / (365 * model.per_day)), watch_s=np.full_like(model.watch_s, WATCH_S))
    situation = with_lattice(idle(situation_of(city, FROM_S)), open_ground(city))
    winds = [CALM, *(Wind(WIND_MPS, 45.0 * k) for k in range(8))]
    hours = int(MOST_YEARS * YEAR_S / 3600)
    changes = np.random.default_rng(180).integers(0, len(winds), hours)
    world = build(
        [replace(situation, wind=wind) for wind in winds],
        places,
        scene_from_s=FROM_S + 3600.0 * np.arange(hours),
        scene_is=changes.astype(np.int32),
        nodes=NODES,
    )
    return world, model


def with_lattice(situation: Situation, ground: Any) -> Situation:
    """The same city with its bases on a lattice over open ground, the step such that there are :data:`BASES`."""
    frame, airframe = LocalFrame(situation.centre), "dock-quad"
    step_m = np.sqrt(ground.area / BASES)
    west, south, east, north = ground.bounds
    while True:
        grid = np.stack(np.meshgrid(np.arange(west, east, step_m), np.arange(south, north, step_m)), -1).reshape(-1, 2)
        inside = grid[shapely.contains_xy(ground, *grid.T)]
        if len(inside) >= BASES:
            break
        step_m *= 0.995
    sites = frame.to_lonlat(inside[np.linspace(0, len(inside) - 1, BASES).astype(int)]).tolist()
    bases = {
        f"B{k:03}": Base(
            id=f"B{k:03}", name="", name_zh="", position=Position(lon, lat), ground_amsl_m=situation.ground_amsl_m,
            docks=DRONES_A_BASE,
        )
        for k, (lon, lat) in enumerate(sites)
    }  # fmt: skip
    drones = {
        f"D{k:03}": Drone(id=f"D{k:03}", airframe=airframe, base_id=f"B{k // DRONES_A_BASE:03}", system_id=k % 254 + 1)
        for k in range(BASES * DRONES_A_BASE)
    }
    some = next(iter(situation.states.values()))
    states = {id_: replace(some, drone_id=id_, position=bases[drone.base_id].position) for id_, drone in drones.items()}
    rules = replace(situation.rules, relay_stint_s=WATCH_S)
    return replace(situation, rules=rules, bases=bases, drones=drones, states=states)


class Waits:
    """For whom no drone was able when it called: how many, how long until one went or it was given up, and how many
    there were at once, looked at every minute. As large for a day as for :data:`MOST_YEARS`."""

    def __init__(self) -> None:
        self.count, self.total_s = 0, 0.0
        self._change = np.zeros(int(MOST_YEARS * YEAR_S / 60) + 2, np.int32)

    def add(self, rows: Outcomes) -> None:
        rows = rows[rows["queued"]]
        for_s = np.where(np.isnan(rows["decided_s"]), rows["ended_s"], rows["decided_s"]).astype(np.float64)
        self.count += len(rows)
        self.total_s += float(np.nansum(for_s))
        minute = (rows["at_s"] - FROM_S) / 60
        np.add.at(self._change, np.ceil(minute).astype(np.int64), 1)
        until = np.where(np.isnan(for_s), len(self._change) - 1, np.ceil(minute + for_s / 60))
        np.add.at(self._change, until.astype(np.int64), -1)

    @property
    def mean_s(self) -> float:
        return self.total_s / max(1, self.count)

    @property
    def most(self) -> int:
        return int(np.cumsum(self._change).max())


def main(words: list[str]) -> None:
    """Prints speed, figures and memory; then the peer beside the loop."""
    console, quick = Console(width=170), "quick" in words
    began_s = time.process_time()
    world, model = the_city()
    tables = world.tables
    console.print(
        f"flight times of {len(world.situations)} winds, {len(world.places)} places, {len(world.bases)} bases and "
        f"{len(tables.nodes)} nodes: {time.process_time() - began_s:.0f} s, once; "
        f"{sum(part.nbytes for part in tables) / 1e6:.0f} MB"
    )
    run_loop(world, model, "nearest-able", FROM_S + 3600.0)  # read what is compiled
    table = Table(
        "policy", "years", "calls", "s", "calls/s", "on scene median, s", "P90, s", "<= 180 s", "waited",
        "mean wait, s", "most at once", "lost", "busy", "peak MB",
    )  # fmt: skip
    for policy, years in RUNS:
        until_s = FROM_S + (0.05 if quick else 1.0) * years * YEAR_S
        forget_peak()
        seconds, tally, totals, waits = run_loop(world, model, policy, until_s)
        told, calls = kpis(tally, totals), int(tally.fates.sum())
        table.add_row(
            policy, f"{years:g}", f"{calls:,}", f"{seconds:.1f}", f"{calls / seconds:,.0f}",
            f"{told['on_scene_median_s']:.1f}", f"{told['on_scene_p90_s']:.1f}", f"{told['within_share']:.2%}",
            f"{told['queued_share']:.2%}", f"{waits.mean_s:.0f}", f"{waits.most}", f"{told['lost_share']:.3%}",
            f"{told['busy_share']:.3f}", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f}",
        )  # fmt: skip
    console.print(table)
    beside_simpy(console, world, model)


def run_loop(world: World, model: Fitted, policy: str, until_s: float) -> tuple[float, Tally, Any, Waits]:
    """Processor seconds of a run, generating its calls and counting its outcomes included; what it told."""
    tally, waits = (
        Tally(world.places, promise_s=world.rules.promise_s, from_s=FROM_S, time_zone="Asia/Shanghai"),
        Waits(),
    )

    def count(rows: Outcomes) -> None:
        tally.add(rows)
        waits.add(rows)

    began_s = time.process_time()
    blocks = generate(model, FROM_S, until_s, seed=1)
    totals = simulate(world, blocks, policy_of(policy), count, from_s=FROM_S, trouble=PATIENCE)
    return time.process_time() - began_s, tally, totals, waits


def forget_peak() -> None:
    """Linux forgets the greatest memory that this process has had."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def beside_simpy(console: Console, world: World, model: Fitted) -> None:
    """The same calls through both: seconds, and whether they tell the same."""
    try:
        peer = importlib.import_module("benchmarks._simpy_city")
    except ImportError:
        console.print("SimPy is not there: pip install simpy")
        return
    spent = {"loop": 0.0, "SimPy": 0.0}
    means: dict[str, list[float]] = {"mean": [], "P90": [], "waited": [], "lost": []}
    count = 0
    for run in range(PEER_RUNS):
        from_s = FROM_S + run * 30 * 86_400.0
        calls = np.concatenate(list(generate(model, from_s, from_s + PEER_DAYS * 86_400.0, seed=run)))
        count += len(calls)
        began_s = time.process_time()
        theirs = peer.simulated(world, calls, from_s)
        spent["SimPy"] += time.process_time() - began_s
        began_s = time.process_time()
        ours = loop_rows(world, calls, from_s)
        spent["loop"] += time.process_time() - began_s
        for name, figure in figures(ours).items():
            means[name].append(figure - figures(theirs)[name])
    ratio = spent["SimPy"] / spent["loop"]
    console.print(
        f"SimPy on {count:,} calls: {spent['SimPy']:.1f} s, {count / spent['SimPy']:,.0f} calls/s; the loop "
        f"{spent['loop']:.2f} s, {count / spent['loop']:,.0f} calls/s: {ratio:.0f} times"
    )
    for name, off in means.items():
        interval = t_interval(off)
        console.print(
            f"  {name}: loop less SimPy {interval.mean:+.4f} (95 %: {interval.low:+.4f} to {interval.high:+.4f})"
        )
    assert ratio >= 10, "the loop is less than ten times as quick as SimPy"


def loop_rows(world: World, calls: Calls, from_s: float) -> Outcomes:
    """The outcomes of the loop, in the order of calls."""
    rows: list[Outcomes] = []
    simulate(world, [calls], policy_of("first-come"), rows.append, from_s=from_s, trouble=PATIENCE)
    all_rows = np.concatenate(rows)
    return all_rows[np.argsort(all_rows["call"])]


def figures(rows: Any) -> dict[str, float]:
    """What is compared, of rows with on_scene_s and queued."""
    there_s = rows["on_scene_s"][np.isfinite(rows["on_scene_s"])]
    return {
        "mean": float(np.mean(there_s, dtype=np.float64)),
        "P90": float(np.percentile(there_s, 90)),
        "waited": float(np.mean(rows["queued"])),
        "lost": float(np.mean(rows["queued"] & ~np.isfinite(rows["on_scene_s"]))),
    }
