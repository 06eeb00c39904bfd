"""The simulator against queueing theory: Erlang C, Erlang B, Larson's hypercube, and Little's law in every run.

How the tests are set: seeds are 0 to 11 and were not chosen by what came out. A test that compares k figures with the
truth gives each an interval of 1 − 0.05/k over the replications (Bonferroni), so that together they are one of 95 %.
The intervals must be narrow, or they would hold anything: how narrow was set to what so many calls can tell.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from dispatch.policies import policy_of
from simulator.city.bare import bare_world
from simulator.city.experiment import replicate
from simulator.city.intervals import t_interval
from simulator.city.kpi import Kpis, kpis
from simulator.city.rows import CALL, Calls, Outcomes
from simulator.city.run import NO_TROUBLE, Trouble, simulate
from simulator.city.tally import Tally
from simulator.city.theory import Queue, erlang_b, hypercube
from simulator.city.totals import Totals

Floats = NDArray[np.float64]

SERVICE_S = 60.0
CALLS = 25_000
"""In each run, about; a tenth of them is warm-up."""
LOST_AT_ONCE = Trouble(patience_s=0.0)
SEEDS = tuple(range(12))


@dataclass(frozen=True, slots=True)
class Told:
    """What one run left."""

    tally: Tally
    totals: Totals
    sent: NDArray[np.int64]
    """[drones, places] who was first where."""

    @property
    def kpis(self) -> Kpis:
        return kpis(self.tally, self.totals)


def poisson_calls(seed: int, rates_per_s: Floats, for_s: float) -> Calls:
    """Poisson calls from each place, watched for exponential times."""
    chance = np.random.default_rng(seed)
    calls = np.zeros(chance.poisson(rates_per_s.sum() * for_s), CALL)
    calls["at_s"] = np.sort(chance.uniform(0, for_s, len(calls)))
    calls["place"] = chance.choice(len(rates_per_s), len(calls), p=rates_per_s / rates_per_s.sum())
    calls["priority"] = 1
    calls["watch_s"] = chance.exponential(SERVICE_S, len(calls))
    calls["ground_s"] = np.nan
    calls["chance"] = chance.random(len(calls))
    return calls


def told(
    seed: int,
    ranks: NDArray[np.int64],
    rates_per_s: Floats,
    trouble: Trouble,
    *,
    home_s: float = 0.0,
    count: int = CALLS,
    block: int = 1 << 16,
) -> Told:
    """A run in which the flight from base to place takes ``ranks`` [places, bases] milliseconds."""
    world = bare_world(ranks / 1000, range(ranks.shape[1]), home_s=home_s)
    until_s = count / rates_per_s.sum()
    warm_up_s = 0.1 * until_s
    calls = poisson_calls(seed, rates_per_s, until_s)
    tally = Tally(world.places, promise_s=180.0, from_s=warm_up_s, until_s=until_s)
    sent = np.zeros(ranks.T.shape, np.int64)

    def take(rows: Outcomes) -> None:
        tally.add(rows)
        came = rows[(rows["drone"] >= 0) & (rows["at_s"] >= warm_up_s)]
        np.add.at(sent, (came["drone"], came["place"]), 1)

    blocks = [calls[k : k + block] for k in range(0, len(calls), block)]
    policy = policy_of("nearest-able")
    totals = simulate(
        world, blocks, policy, take, from_s=0.0, until_s=until_s, measured_from_s=warm_up_s, trouble=trouble
    )
    return Told(tally, totals, sent)


def queue_run(seed: int, *, drones: int, load: float, trouble: Trouble) -> Kpis:
    """Drones alike and flights of no time: M/M/c, or M/M/c/c where who finds no drone is lost."""
    return told(seed, np.zeros((1, drones), np.int64), np.array([load / SERVICE_S]), trouble).kpis


def compare(figures: dict[str, tuple[Floats, float, float]]) -> None:
    """Of each figure what the runs gave, the truth, and how wide its interval may be to either side, as its share."""
    for name, (values, truth, narrow) in figures.items():
        interval = t_interval(values, level=1 - 0.05 / len(figures))
        assert interval.holds(truth), f"{name}: {truth:.6g} is not in {interval}"
        assert interval.high - interval.low < 2 * narrow * truth, f"{name}: {interval} is too wide to tell"


@pytest.mark.parametrize(("drones", "load"), [(1, 0.5), (4, 2.8), (10, 8.0)])
def test_who_waits_waits_as_erlang_c_says(drones: int, load: float) -> None:
    queue = Queue(servers=drones, rate_per_s=load / SERVICE_S, service_s=SERVICE_S)
    runs = replicate(partial(queue_run, drones=drones, load=load, trouble=NO_TROUBLE), SEEDS)
    truth = {
        "queued_share": (queue.waits_share, 0.08),
        "decided_mean_s": (queue.mean_wait_s, 0.25),
        "decided_p90_s": (queue.wait_quantile_s(0.9), 0.25),
        "waiting": (queue.mean_wait_s * queue.rate_per_s, 0.25),
        "in_system": ((queue.mean_wait_s + SERVICE_S) * queue.rate_per_s, 0.05),
        "busy_share": (load / drones, 0.03),
    }
    compare({name: (runs.values(name), *told) for name, told in truth.items()})


@pytest.mark.parametrize(("drones", "load"), [(1, 0.5), (4, 2.8), (10, 8.0)])
def test_who_does_not_wait_is_lost_as_erlang_b_says(drones: int, load: float) -> None:
    lost = erlang_b(drones, load)
    runs = replicate(partial(queue_run, drones=drones, load=load, trouble=LOST_AT_ONCE), SEEDS)
    truth = {
        "lost_share": (lost, 0.06),
        "busy_share": (load * (1 - lost) / drones, 0.03),
        "in_system": (load * (1 - lost), 0.03),
    }
    compare({name: (runs.values(name), *told) for name, told in truth.items()})


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("drones", [3, 8])
def test_drones_that_help_each_other_are_larsons_hypercube(drones: int, waits: bool) -> None:
    """Twelve atoms in a plane, the nearest drone that is free goes: every drone's workload, and more.

    Flights take as many milliseconds as the drone's rank, so that service is exponential as in the model. Where calls
    wait, the model serves them in the order of their coming and the engine sends the drone to the nearest; neither
    workloads nor the mean wait hang on that, who is sent where does.
    """
    chance = np.random.default_rng(180)
    atoms_m, bases_m = chance.uniform(0, 4_000, (12, 1, 2)), chance.uniform(0, 4_000, (1, drones, 2))
    away_m = np.hypot(*np.moveaxis(atoms_m - bases_m, 2, 0))
    lists = np.argsort(away_m, axis=1)
    ranks = np.argsort(lists, axis=1)
    rates_per_s = chance.dirichlet(np.full(12, 3.0)) * 0.6 * drones / SERVICE_S
    truth = hypercube(rates_per_s, lists, np.full(drones, SERVICE_S), waits=waits)

    runs = [told(seed, ranks, rates_per_s, NO_TROUBLE if waits else LOST_AT_ONCE) for seed in SEEDS]
    busy = np.array([run.totals.busy_s / run.totals.measured_s for run in runs])
    figures = {f"workload {n}": (busy[:, n], float(truth.workloads[n]), 0.03) for n in range(drones)}
    if waits:
        figures["waits"] = (np.array([run.kpis["queued_share"] for run in runs]), truth.waits_share, 0.2)
        figures["wait"] = (np.array([run.kpis["decided_mean_s"] for run in runs]), truth.mean_wait_s, 0.25)
    else:
        sent = np.array([run.sent / run.sent.sum() for run in runs])
        own = ranks.T == 0
        figures["lost"] = (np.array([run.kpis["lost_share"] for run in runs]), truth.lost_share, 0.06)
        figures["sent from elsewhere"] = (sent[:, ~own].sum(axis=1), float(truth.dispatches[~own].sum()), 0.03)
        figures["way"] = ((sent * away_m.T).sum(axis=(1, 2)), truth.mean_travel_s(away_m.T), 0.03)
    compare(figures)


def test_a_wrong_theory_would_be_found_out() -> None:
    """The same comparison finds a load that is off by three per cent."""
    runs = replicate(partial(queue_run, drones=4, load=2.8, trouble=LOST_AT_ONCE), SEEDS)
    with pytest.raises(AssertionError, match=r"busy: .* is not in"):
        compare({"busy": (runs.values("busy_share"), 2.8 * 1.03 * (1 - erlang_b(4, 2.8 * 1.03)) / 4, 0.03)})


@pytest.mark.parametrize("seed", SEEDS[:3])
@pytest.mark.parametrize(
    "trouble",
    [
        NO_TROUBLE,
        LOST_AT_ONCE,
        Trouble(patience_s=200.0, refused_share=0.1, lost_per_hour=5.0, repair_s=900.0, most_in_air=3),
    ],
)
def test_little_holds_in_every_run(trouble: Trouble, seed: int) -> None:
    """Runs that end while incidents are open, with drones that fail; ``kpis`` would raise."""
    ranks = np.random.default_rng(seed).integers(20_000, 90_000, (12, 5))
    run = told(seed, ranks, np.full(12, 0.0022), trouble, home_s=40.0, count=800)
    assert run.kpis["in_system"] > 1
    if trouble is NO_TROUBLE:  # from the rows alone: each incident's stay, all but those that straddle an end
        stays_s = run.kpis["cleared_mean_s"] * run.tally.spread("cleared").count
        assert run.totals.sojourn_s == pytest.approx(stays_s, rel=0.05)


def test_the_same_seed_gives_the_same_bytes_whatever_the_blocks_and_the_workers() -> None:
    run = partial(queue_run, drones=4, load=2.8, trouble=NO_TROUBLE)
    alone = replicate(run, SEEDS[:4])
    with ProcessPoolExecutor(2) as pool:
        together = replicate(run, SEEDS[:4], each=pool.map)
    assert [one.to_bytes() for one in together.kpis] == [one.to_bytes() for one in alone.kpis]
    assert alone.kpis[0].to_bytes() != alone.kpis[1].to_bytes()
    ranks, rates_per_s = np.zeros((1, 4), np.int64), np.array([2.8 / SERVICE_S])
    for block in (1, 997):
        small = told(0, ranks, rates_per_s, NO_TROUBLE, count=500, block=block)
        whole = told(0, ranks, rates_per_s, NO_TROUBLE, count=500)
        assert small.kpis.to_bytes() == whole.kpis.to_bytes()
        assert small.tally.to_bytes() == whole.tally.to_bytes()
