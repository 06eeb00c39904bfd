"""A sweep on Dask: two workers against one, and a worker killed half-way; every figure the same to the byte.

``python -m benchmarks sweep``; after it the days that a run lasts (40). Sixty drones at twenty bases of bare tables,
two layouts and two policies, six replications: 24 runs. Both times are through Dask, with workers that have run before
(what they load and compile at first is not counted). Wall time, which tells something on a quiet machine alone: this
process has a share of the work, too, for it puts the runs together.
"""

import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from simulator.city.bare import bare_world
from simulator.city.fitted import Fitted
from simulator.city.study import Results, Scenario, Study, run_one
from simulator.city.sweep import Progress, Tell, local_workers, sweep, sweep_on
from simulator.local_time import DAY_S, HOURS_OF_WEEK

PLACES, BASES, DRONES_AT_EACH = 1000, 20, 3
PER_HOUR = 110.0
"""Busy fraction near 0.3, for a sortie takes some ten minutes."""

FROM_S = 1_800_000_000.0
WANTED = 1.7


def main(words: Sequence[str]) -> None:
    """Run the sweep in this process, on one worker, on two, and on two of which one is killed."""
    study = study_of(float(words[0]) if words else 40.0)
    warm(study)
    began_s = time.perf_counter()
    here = sweep(study)
    alone_s = time.perf_counter() - began_s
    one_s, one = timed(study, 1)
    two_s, two = timed(study, 2)
    killed_s, killed = timed(study, 2, kill=True)
    table = Table(title=f"{len(study.cases)} runs of {(study.until_s - study.from_s) / DAY_S:g} days, "
                  f"{calls_of(here):,} calls; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for name in ("", "wall s", "of one worker", "figures"):
        table.add_column(name, justify="left" if not name else "right")
    for name, wall_s, results in (
        ("this process, no Dask", alone_s, here),
        ("1 worker", one_s, one),
        ("2 workers", two_s, two),
        ("2 workers, one killed half-way", killed_s, killed),
    ):
        table.add_row(name, f"{wall_s:.1f}", f"{one_s / wall_s:.2f}", "the same" if same(results, here) else "OTHERS")
    Console().print(table)
    memory_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    Console().print(f"two workers do it {one_s / two_s:.2f} times as fast as one (wanted: {WANTED}); the largest "
                    f"worker had {memory_mb:.0f} MB", highlight=False)  # fmt: skip
    if not all(same(results, here) for results in (one, two, killed)):
        raise SystemExit("figures differ")


def study_of(days: float) -> Study:
    """What is swept."""
    chance = np.random.default_rng(180)
    base_xy, place_xy = chance.uniform(0, 20_000, (BASES, 2)), chance.uniform(0, 20_000, (PLACES, 2))
    far_m = np.hypot(*(place_xy[:, None] - base_xy).transpose(2, 0, 1))
    everywhere = np.repeat(np.arange(BASES), DRONES_AT_EACH)
    uneven = np.sort(chance.integers(0, BASES, len(everywhere)))
    layouts = {
        name: bare_world(25.0 + far_m / 20.0, drones_at.tolist(), home_s=far_m / 20.0)
        for name, drones_at in (("even", everywhere), ("uneven", uneven))
    }
    calls = Fitted(
        time_zone="UTC",
        types=("call",),
        sources=("",),
        per_hour=np.full(HOURS_OF_WEEK, PER_HOUR),
        type_shares=np.ones(1),
        place_shares=np.full((1, PLACES), 1 / PLACES),
        priority_shares=np.full((1, 5), 0.2),
        source_shares=np.ones((1, 1)),
        false_shares=np.zeros(1),
        watch_s=np.array([[60.0, 600.0]]),
        repeat_after_s=np.zeros(1),
    )
    return Study(
        layouts=layouts,
        scenarios={"usual": Scenario(calls=calls)},
        policies=("nearest-able", "preemptive"),
        places=layouts["even"].places,
        from_s=FROM_S,
        until_s=FROM_S + DAY_S * (1 + days),
        replications=6,
    )


def timed(study: Study, workers: int, *, kill: bool = False) -> tuple[float, Results]:
    """Wall seconds of the sweep alone, and its results."""
    with local_workers(workers) as client:
        short = replace(study, until_s=study.measured_from_s + 60.0)
        for done in [client.submit(warm, short, workers=[one], pure=False) for one in client.run(os.getpid)]:
            done.result()
        victim = min(client.run(os.getpid).values())
        began_s = time.perf_counter()
        results = sweep_on(client, study, tell=killer(victim) if kill else lambda _progress: None)
        return time.perf_counter() - began_s, results


def warm(study: Study) -> None:
    """A run under each policy, by each worker."""
    for policy in study.policies:
        run_one(study, "even", policy, "usual", 0)


def killer(victim: int) -> Tell:
    """Ends a process when half of the runs are done."""

    def tell(progress: Progress) -> None:
        if progress.runs == progress.of_runs // 2 and os.path.exists(f"/proc/{victim}"):
            os.kill(victim, signal.SIGKILL)

    return tell


def same(results: Results, others: Results) -> bool:
    """Whether they are so to the byte."""
    return {k: v.to_bytes() for k, v in results.items()} == {k: v.to_bytes() for k, v in others.items()}


def calls_of(results: Results) -> int:
    """All that were measured."""
    return sum(int(runs.tally.fates.sum()) for runs in results.values())
