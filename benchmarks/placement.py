"""Where bases must stand: the OR-Library's medians and centers, and covering from 1,000 to 10,000,000 points.

``python -m benchmarks placement`` runs all of it; words pick parts: ``pmed``, ``cover``, ``others``, ``frontier``
(Virginia Beach and Houston, as the crow flies), ``large``, ``huge`` (the ten million). Seconds are processor seconds of
one core (``time.process_time``), so that a busy machine tells the same.

The peer is spopt. It brings solvers of its own that cannot live beside OR-Tools in one process, so it is asked in
another interpreter, named by ``REACH180_SPOPT_PYTHON`` (``pip install spopt highspy`` in an environment of its own).
Without it the peer's columns are empty. pmed files: ``REACH180_SHARED_DATA``.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow.parquet as parquet
from rich.console import Console
from rich.table import Table

from benchmarks._data import SHARED
from dispatch.coverage import (
    Answer,
    Candidates,
    Center,
    Cover,
    Either,
    Expected,
    Gap,
    MaxCover,
    Median,
    Problem,
    Progress,
    TimeLimit,
    Travel,
    frontier,
    open_country,
    place,
)
from dispatch.coverage.kernels.types import Floats
from dispatch.coverage.warm import warm

PEER = os.environ.get("REACH180_SPOPT_PYTHON", "")
SIDE_M, TOWNS, TOWN_SHARE, WITHIN_S = 30_000.0, 40, 0.7, 180.0

BESIDE_SPOPT = (
    # points, sites, p, reach in m, limit in s
    (1_000, 200, 15, 2_500.0, 60.0),
    (1_000, 200, 15, 3_500.0, 60.0),
    (10_000, 500, 20, 2_500.0, 60.0),
)
LARGE = (
    (10_000, 500, 20, 3_000.0, 60.0),
    (10_000, 500, 20, 3_500.0, 60.0),
    (100_000, 1000, 30, 2_000.0, 60.0),
    (100_000, 1000, 30, 2_500.0, 60.0),
    (1_000_000, 1000, 40, 2_000.0, 90.0),
    (1_000_000, 1000, 40, 2_500.0, 90.0),
)
OTHERS = (
    ("LSCP", 2_000, 200, 0, 3_500.0),
    ("LSCP-B", 1_000, 150, 0, 4_000.0),
    ("p-median", 500, 100, 10, 1.0),
)
HUGE = ((10_000_000, 1000, 40, 2_000.0, 120.0),)

SPOPT = """
import sys, time
import numpy as np, pulp
from spopt.locate import LSCP, LSCPB, MCLP, PMedian
data = np.load(sys.argv[1])
began = time.process_time()
metres = np.hypot(*(data["points"][:, None] - data["sites"][None]).transpose(2, 0, 1))
kind, reach, p = str(data["kind"]), float(data["reach"]), int(data["p"])
if kind == "MaxCover":
    model = MCLP.from_cost_matrix(metres, data["weights"], reach, p)
elif kind == "LSCP":
    model = LSCP.from_cost_matrix(metres, reach)
elif kind == "LSCP-B":
    model = LSCPB.from_cost_matrix(metres, reach, pulp.HiGHS(msg=False))
else:
    model = PMedian.from_cost_matrix(metres, data["weights"], p)
model.solve(pulp.HiGHS(msg=False, timeLimit=1800))
took = time.process_time() - began
value = model.problem.objective.value()
if kind == "MaxCover":
    value = sum(w for w, v in zip(data["weights"], model.cli_vars) if v.value() > 0.5)
if kind == "LSCP-B":  # by its layout: the objective that it tells counts more
    opened = np.array([v.value() > 0.5 for v in model.fac_vars])
    value = ((metres <= reach)[:, opened].sum(axis=1) >= 2).sum()
print(took, value, pulp.LpStatus[model.problem.status])
"""


def pmed_times(file: Path) -> tuple[Floats, int]:
    """Distances [n, n] and p of a p-median instance of the OR-Library; a repeated edge overwrites the earlier one."""
    words = iter(file.read_text().split())
    nodes, edges, p = (int(next(words)) for _ in range(3))
    graph: nx.Graph[int] = nx.empty_graph(nodes)
    for _ in range(edges):
        a, b, length = (int(next(words)) for _ in range(3))
        graph.add_edge(a - 1, b - 1, weight=length)
    times = np.full((nodes, nodes), np.inf)
    for a, reached in nx.all_pairs_dijkstra_path_length(graph):
        times[a, list(reached)] = list(reached.values())
    return times, p


def town(points: int, sites: int, seed: int = 1) -> tuple[Floats, Floats, Floats]:
    """Points, weights 1 to 99 and sites on 30 by 30 km: seven points of ten in forty towns, sites everywhere."""
    numbers = np.random.default_rng(seed)
    centres, spread_m = numbers.uniform(0, SIDE_M, (TOWNS, 2)), numbers.uniform(500, 3000, TOWNS)
    of = numbers.choice(TOWNS, int(points * TOWN_SHARE), p=numbers.dirichlet(np.ones(TOWNS)))
    inside = centres[of] + numbers.normal(size=(len(of), 2)) * spread_m[of, None]
    strewn = numbers.uniform(0, SIDE_M, (points - len(of), 2))
    places = np.clip(np.concatenate([inside, strewn]), 0, SIDE_M)
    return places, numbers.integers(1, 100, points).astype(float), numbers.uniform(0, SIDE_M, (sites, 2))


def main(words: list[str]) -> None:
    """Measure and print."""
    console = Console(width=150)
    parts = {
        "pmed": pmed,
        "cover": lambda c: covering(c, BESIDE_SPOPT, peer=True),
        "others": others,
        "frontier": frontiers,
        "large": lambda c: covering(c, LARGE),
        "huge": lambda c: covering(c, HUGE),
    }
    warm()
    for name in words or parts:
        parts[name](console)


# ---------------------------------------------------------------- medians and centers


def pmed(console: Console) -> None:
    """Every instance that is there, against its published optima."""
    folder = SHARED / "pmed"
    if not folder.exists():
        console.print("pmed: the instances are not here (REACH180_SHARED_DATA)")
        return
    published = {line.split(",")[0]: line.split(",")[1:] for line in (folder / "optima.csv").read_text().split()[1:]}
    table = table_of("OR-Library p-median instances", "instance", "n", "p", "p-median", "published", "proven", "s",
                     "p-center", "published", "proven", "s")  # fmt: skip
    for name in sorted(published, key=lambda n: int(n[4:])):
        times, p = pmed_times(folder / f"{name}.txt")
        problem = Problem.of(np.ones(len(times)), Travel.of_matrix(times), p=p)
        median, median_s = timed(problem, Median(), 600.0)
        center, center_s = timed(problem, Center(), 600.0)
        best_median, best_center = published[name]
        row = (name, f"{len(times)}", f"{p}", f"{median.value * len(times):.0f}", best_median, proof(median),
               f"{median_s:.2f}", f"{center.value:.0f}", best_center, proof(center), f"{center_s:.2f}")  # fmt: skip
        table.add_row(*row)
        console.print(" ".join(row), highlight=False)
    console.print(table)


# ---------------------------------------------------------------- covering


def covering(console: Console, sizes: tuple[tuple[int, int, int, float, float], ...], *, peer: bool = False) -> None:
    """Most demand within reach, from raw points; spopt beside it where it can be asked."""
    table = table_of("Most demand covered, from raw points", "points", "sites", "p", "reach m", "merged", "covered",
                     "proof", "nodes", "s", "1 % after s", "0.5 % after s", "peak MB", "spopt s", "ratio")  # fmt: skip
    for points, sites, p, reach_m, limit_s in sizes:
        places, weights, candidates = town(points, sites)
        began_s = time.process_time()
        merged, travel = open_country(places, weights, candidates, reach_m, WITHIN_S)
        problem = Problem.of(merged, travel, Candidates.of(sites), p=p)
        within: dict[float, float] = {}

        def heard(progress: Progress, began_s: float = began_s, within: dict[float, float] = within) -> None:
            for share in (0.01, 0.005):
                if progress.gap <= share:
                    within.setdefault(share, time.process_time() - began_s)

        left_s = limit_s - (time.process_time() - began_s)
        answer = place(problem, MaxCover(within_s=WITHIN_S), TimeLimit(max(0.0, left_s), time.process_time), heard)
        took_s = time.process_time() - began_s
        asked = spopt(places, weights, candidates, "MaxCover", reach_m, p) if peer else None
        told = beside(asked, answer, answer.value, took_s)
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row = (f"{points:,}", f"{sites}", f"{p}", f"{reach_m:.0f}", f"{len(merged):,}",
               f"{answer.value / weights.sum():.1%}", proof(answer), f"{answer.nodes}", f"{took_s:.2f}",
               *(f"{within[share]:.1f}" if share in within else "" for share in (0.01, 0.005)),
               f"{memory_mb:.0f}", *told)  # fmt: skip
        table.add_row(*row)
        console.print(" ".join(row), highlight=False)
    console.print(table)
    if peer and not PEER:
        console.print("spopt was not asked: REACH180_SPOPT_PYTHON names no interpreter")


def others(console: Console) -> None:
    """Fewest bases, those with most points covered twice, and p-median beside spopt, from the same points."""
    table = table_of("Other models beside spopt", "model", "points", "sites", "value", "proof", "s", "spopt s", "ratio")
    for kind, points, sites, p, reach_m in OTHERS:
        places, weights, candidates = town(points, sites)
        metres = np.hypot(*(places[:, None] - candidates[None]).transpose(2, 0, 1))
        if kind != "p-median":  # points that no site reaches would make it infeasible for both
            kept = metres.min(axis=1) <= reach_m
            places, weights, metres = places[kept], weights[kept], metres[kept]
        began_s = time.process_time()
        answer, value = other(kind, metres, weights, p, reach_m)
        took_s = time.process_time() - began_s
        told = beside(spopt(places, weights, candidates, kind, reach_m, p), answer, value, took_s)
        name = f"{kind}, p {p}" if p else kind
        row = (name, f"{len(places)}", f"{sites}", f"{value:.0f}", proof(answer), f"{took_s:.2f}", *told)
        table.add_row(*row)
        console.print(" ".join(row), highlight=False)
    console.print(table)


def other(kind: str, metres: Floats, weights: Floats, p: int, reach_m: float) -> tuple[Answer, float]:
    """Our answer, at a metre a second, and what spopt calls its value."""
    travel, stop = Travel.of_matrix(metres), TimeLimit(120.0, time.process_time)
    if kind == "p-median":
        answer = place(Problem.of(weights, travel, p=p), Median(), stop)
        return answer, answer.value * float(weights.sum())
    fewest = place(Problem.of(weights, travel), Cover(within_s=reach_m), stop)
    if kind == "LSCP":
        return fewest, fewest.value
    # a second base that counts so little that no first one is given up for any number of them
    backed = Expected(within_s=reach_m, busy=0.5 / len(metres))
    answer = place(Problem.of(np.ones(len(metres)), travel, p=int(fewest.value)), backed, stop, start=fewest)
    covers = (metres[:, list(answer.open_sites)] <= reach_m).sum(axis=1)
    assert fewest.status == "optimal"
    assert covers.min() >= 1
    return answer, float((covers >= 2).sum())


# ---------------------------------------------------------------- frontiers


def frontiers(console: Console) -> None:
    """What every further base buys, in two real towns: a drone at 20 m/s that is under way after 20 s, in a calm."""
    if not (SHARED / "virginia_beach").exists():
        console.print("frontier: the towns are not here (REACH180_SHARED_DATA)")
        return
    table = table_of("Most demand within 180 s", "town", "bases", "covered", "bound", "gap", "proof")
    towns = (("Virginia Beach", virginia_beach(), 40, 60.0, 0.0), ("Houston", houston(), 120, 240.0, 0.002))
    for name, problem, most, limit_s, gap in towns:
        began_s, weight = time.process_time(), float(problem.scenarios[0].weights.sum())
        stop = Either((TimeLimit(limit_s, time.process_time), Gap(gap)))
        curve = frontier(problem, MaxCover(within_s=WITHIN_S), range(1, most + 1), stop=stop)
        took_s = time.process_time() - began_s
        for step in curve.steps[:: most // 8]:
            table.add_row(name, f"{step.means:.0f}", f"{step.value / weight:.2%}", f"{step.bound / weight:.2%}",
                          f"{step.gap:.2%}", step.status)  # fmt: skip
        worst, proven = max(step.gap for step in curve.steps), sum(step.status == "optimal" for step in curve.steps)
        console.print(f"{name}: {len(curve.steps)} steps in {took_s:.2f} s, {proven} proven, widest gap {worst:.2%}")
    console.print(table)


def virginia_beach() -> Problem:
    """1,988 cardiac arrests and 40 stations."""
    arrests, bases = (
        np.genfromtxt(SHARED / "virginia_beach" / file, delimiter=",", names=True, usecols=("lon", "lat"))
        for file in ("ohca.csv", "bases.csv")
    )
    places, sites = (plane_m(x["lon"], x["lat"], float(arrests["lat"].mean())) for x in (arrests, bases))
    metres = np.hypot(*(places[:, None] - sites[None]).transpose(2, 0, 1))
    return Problem.of(np.ones(len(places)), Travel.of_matrix(20 + metres / 20))


def houston() -> Problem:
    """A year of calls; the 1,000 cells of 2 km with most of them may have a base each."""
    calls = parquet.read_table(SHARED / "calls" / "houston_2025.parquet", columns=["lon", "lat"])
    lon, lat = calls["lon"].to_numpy(), calls["lat"].to_numpy()
    places = plane_m(lon, lat, float(lat.mean()))
    cells, counts = np.unique(np.floor(places / 2_000), axis=0, return_counts=True)
    sites = (cells[np.argsort(-counts, kind="stable")[:1_000]] + 0.5) * 2_000
    return Problem.of(*open_country(places, np.ones(len(places)), sites, (WITHIN_S - 20) * 20, WITHIN_S))


def plane_m(lon_deg: Floats, lat_deg: Floats, about_deg: float) -> Floats:
    """Metres east and north on a plane that is true about one latitude. Shape [n, 2]."""
    return np.column_stack([lon_deg * np.cos(np.radians(about_deg)), lat_deg]) * 111_195


# ---------------------------------------------------------------- the peer, and tables


def beside(peer: tuple[float, float] | None, answer: Answer, value: float, took_s: float) -> tuple[str, str]:
    """The peer's seconds and the ratio; or that its value is another."""
    if peer is None:
        return "", ""
    peer_s, peer_value = peer
    if answer.status == "optimal" and abs(peer_value - value) > 1e-4 * value:
        return f"{peer_s:.1f}", f"differs: {peer_value:.0f}"
    return f"{peer_s:.1f}", f"{peer_s / took_s:.0f} ×"


def spopt(
    places: Floats, weights: Floats, sites: Floats, kind: str, reach_m: float, p: int
) -> tuple[float, float] | None:
    """Processor seconds of spopt with HiGHS, and its value; None where it cannot be asked or does not end."""
    if not PEER:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "instance.npz"
        np.savez(file, points=places, weights=weights, sites=sites, kind=kind, reach=reach_m, p=p)
        ran = subprocess.run([PEER, "-c", SPOPT, str(file)], capture_output=True, text=True, check=False)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr)
        return None
    took_s, value, status = ran.stdout.split()[-3:]
    return (float(took_s), float(value)) if status == "Optimal" else None


def timed(problem: Problem, model: Median | Center, limit_s: float) -> tuple[Answer, float]:
    """The answer, and processor seconds."""
    began_s = time.process_time()
    answer = place(problem, model, TimeLimit(limit_s, time.process_time))
    return answer, time.process_time() - began_s


def proof(answer: Answer) -> str:
    """Optimal, or the gap."""
    return "optimal" if answer.status == "optimal" else f"gap {answer.gap:.2%}"


def table_of(title: str, *headings: str) -> Table:
    """An empty table."""
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
