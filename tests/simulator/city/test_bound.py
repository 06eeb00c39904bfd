"""The bound against all that drones could do with a few calls, and against every policy."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dispatch.policies import BUILT_IN, Policy
from simulator.city.bare import bare_world
from simulator.city.bound import Bound, BoundError, bound, waited
from simulator.city.loop.state import CHANGE
from simulator.city.regret import bounds_of, regret, waits_of
from simulator.city.rows import CALL, Calls, Outcomes
from simulator.city.run import NO_TROUBLE, Trouble, simulate
from simulator.city.study import Case, Scenario, Study
from simulator.city.world import World, records

LAUNCH_S, MPS, LANDING_S = 25.0, 15.0, 20.0
PATIENCE = Trouble(patience_s=900.0)


def town(seed: int, *, places: int, bases: int, drones: int, spare: int = 0, mps: float = MPS) -> World:
    """Places and bases in a plane; drones fly straight, those in the air from the base that they are nearest to."""
    chance = np.random.default_rng(seed)
    places_m, bases_m = chance.uniform(0, 4_000, (places, 2)), chance.uniform(0, 4_000, (bases, 2))
    away_s = np.hypot(*np.moveaxis(places_m[:, None] - bases_m, 2, 0)) / mps
    world = bare_world(away_s + LAUNCH_S, [k % bases for k in range(drones)], home_s=away_s)
    tables = world.tables
    centres = np.stack(np.meshgrid(np.arange(50.0, 4000, 100), np.arange(50.0, 4000, 100)), axis=-1)
    air, levels, nodes, shift = (one.copy() for one in (tables.air, tables.levels, tables.nodes, tables.shift))
    air["ms"] -= round(1000 * (LAUNCH_S - 2))
    levels["landing_s"] = LANDING_S
    nodes["x"], nodes["y"] = bases_m.T
    shift["s"] = np.hypot(*np.moveaxis(bases_m[:, None] - bases_m, 2, 0)) / mps + LAUNCH_S
    where = tables.places.copy()
    where["x"], where["y"] = places_m.T
    covered = [np.flatnonzero(tables.ways["ms"][0, 0, :, b] <= 180_000) for b in range(bases)]
    tables = tables._replace(
        air=air,
        levels=levels,
        nodes=nodes,
        shift=shift,
        places=where,
        near=cKDTree(bases_m).query(centres.reshape(-1, 2))[1].reshape(40, 40).astype(np.int32),
        raster=np.array([0.0, 0.0, 100.0]),
        docks=tables.docks + spare,
        cover=np.concatenate(covered).astype(np.int32),
        cover_at=np.cumsum([0, *map(len, covered)]).reshape(1, 1, -1),
    )
    return replace(world, tables=tables)


def calls_of(seed: int, count: int, places: int, gap_s: float, *, priorities: int = 1) -> Calls:
    chance = np.random.default_rng(seed)
    calls = np.zeros(count, CALL)
    calls["at_s"] = np.cumsum(chance.exponential(gap_s, count))
    calls["place"] = chance.integers(0, places, count)
    calls["priority"] = chance.integers(1, priorities + 1, count)
    calls["watch_s"] = chance.uniform(60, 300, count)
    calls["ground_s"] = np.nan
    calls["chance"] = chance.random(count)
    return calls


def end_of(calls: Calls) -> float:
    return float(calls["at_s"][-1]) + 2_000.0


def bounded(world: World, calls: Calls, *, trouble: Trouble = PATIENCE, moves: bool = False, rounds: int = 20) -> Bound:
    return bound(world, [calls], from_s=0.0, until_s=end_of(calls), trouble=trouble, moves=moves, rounds=rounds)


def played(world: World, calls: Calls, policy: Policy, trouble: Trouble = PATIENCE) -> Outcomes:
    told: list[Outcomes] = []
    simulate(world, [calls], policy, told.append, from_s=0.0, until_s=end_of(calls), trouble=trouble)
    return np.concatenate(told)


def figures(rows: Outcomes, calls: Calls, trouble: Trouble = PATIENCE) -> tuple[float, int]:
    """The mean wait, and how many were seen in time."""
    mean_s = float(waited(rows, until_s=end_of(calls), patience_s=trouble.patience_s).mean())
    return mean_s, int((np.rint(rows["on_scene_s"].astype(np.float64) * 1000) <= 180_000).sum())


class Brute:
    """All that the drones of a base could do: for each set of calls the least cost of serving just these."""

    def __init__(self, world: World, calls: Calls, base: int, promise: bool) -> None:
        self.world, self.calls, self.base, self.promise = world, calls, base, promise
        self.least: dict[frozenset[int], float] = {}
        self._go(frozenset(), 0.0, None, 0.0)

    def _cost(self, call: int, on_scene_s: float) -> float:
        took_s = on_scene_s - self.calls["at_s"][call]
        return float(took_s > 180.0) if self.promise else float(took_s)

    def _go(self, done: frozenset[int], cost: float, last: int | None, free_s: float) -> None:
        self.least[done] = min(cost, self.least.get(done, np.inf))
        for call in range(len(self.calls)):
            if call in done:
                continue
            for on_scene_s in self._arrivals(call, last, free_s):
                if on_scene_s <= end_of(self.calls):
                    watched_s = on_scene_s + float(self.calls["watch_s"][call])
                    self._go(done | {call}, cost + self._cost(call, on_scene_s), call, watched_s)

    def _arrivals(self, call: int, last: int | None, free_s: float) -> list[float]:
        """From the dock, and from two places of the way home."""
        tables, at_s, place = self.world.tables, float(self.calls["at_s"][call]), int(self.calls["place"][call])
        out_s = tables.ways["ms"][0, 0, place, self.base] / 1000
        if last is None:
            return [max(at_s, free_s) + out_s]
        home_s = float(tables.homes["s"][0, 0, 0, self.calls["place"][last], self.base])
        here, home = tables.places[self.calls["place"][last]], tables.nodes[self.base]
        arrivals = [max(at_s, free_s + home_s + LANDING_S) + out_s]
        for sent_s in (max(at_s, free_s), max(at_s, free_s + 0.5 * home_s)):
            along = (sent_s - free_s) / home_s
            if along < 1:
                x, y = (here[axis] + along * (home[axis] - here[axis]) for axis in ("x", "y"))
                node = tables.near[int(y / 100), int(x / 100)]
                arrivals.append(sent_s + tables.air["ms"][0, 0, place, node] / 1000)
        return arrivals


def best_of_all(world: World, calls: Calls, promise: bool) -> float:
    """The least cost of all ways to serve the calls or to leave them alone, in total."""
    drones = [Brute(world, calls, int(base), promise).least for base in world.drone_base]
    let_s = np.minimum(PATIENCE.patience_s, end_of(calls) - calls["at_s"])
    alone = np.ones(len(calls)) if promise else let_s
    best = np.inf
    for who in itertools.product(range(-1, len(drones)), repeat=len(calls)):
        served = [frozenset(c for c, drone in enumerate(who) if drone == d) for d in range(len(drones))]
        cost = sum(least.get(mine, np.inf) for least, mine in zip(drones, served, strict=True))
        best = min(best, cost + sum(alone[c] for c, drone in enumerate(who) if drone < 0))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_drones_could_do_is_better_and_little_is_worse(seed: int) -> None:
    world, calls = town(seed, places=6, bases=2, drones=2 + seed % 2), calls_of(seed, 5, 6, 60.0 + 20 * seed)
    found = bounded(world, calls, rounds=80)
    least_s, missed = best_of_all(world, calls, False) / 5, best_of_all(world, calls, True)
    assert found.wait_s <= least_s + 1e-6
    assert found.within >= 5 - missed - 1e-6
    assert found.wait_s > 0.75 * least_s  # a bound of nothing at all would hold as well


@pytest.mark.parametrize("seed", range(20))
def test_no_policy_is_better(seed: int) -> None:
    """Calls of one priority with watches that any able drone holds: then all policies are bounded."""
    world, calls = town(seed, places=12, bases=3, drones=5), calls_of(seed, 60, 12, 40.0 + 15 * seed)
    found = bounded(world, calls)
    for policy in BUILT_IN.values():
        wait_s, within = figures(played(world, calls, policy), calls)
        assert found.wait_s <= wait_s + 1e-3, policy.name
        assert found.within >= within, policy.name
    assert found.wait_s > 30.0
    if seed == 0:  # so many calls that some wait whoever decides
        nearest_s = world.tables.ways["ms"][0, 0].min(axis=1)[calls["place"]].mean() / 1000
        assert found.wait_s > 1.2 * nearest_s
        assert found.within < 60


@pytest.mark.parametrize("seed", range(6))
def test_nor_where_drones_move_up_or_launches_fail_or_weather_grounds_them(seed: int) -> None:
    roomy = town(seed, places=12, bases=4, drones=3, spare=1)
    calls = calls_of(seed, 60, 12, 150.0, priorities=3)
    moving = replace(BUILT_IN["move-up"], preempt_gain_s=float("inf"), move_up_gain=1e-3)
    assert bounded(roomy, calls, moves=True).wait_s <= figures(played(roomy, calls, moving), calls)[0]
    world = town(seed, places=12, bases=3, drones=4)
    failing = Trouble(patience_s=900.0, refused_share=0.1, lost_per_hour=4.0, repair_s=30.0, most_in_air=3)
    rows = played(world, calls, BUILT_IN["first-come"], failing)
    assert bounded(world, calls, trouble=failing).wait_s <= figures(rows, calls)[0]
    tables = world.tables
    stormy = {name: np.concatenate([getattr(tables, name)] * 2) for name in ("ways", "homes", "levels", "air", "shift")}
    stormy |= {"nearest": np.concatenate([tables.nearest] * 2), "served": np.concatenate([tables.served] * 2)}
    stormy["kinds"] = np.concatenate([tables.kinds] * 2)
    stormy["kinds"]["flies"][1] = False
    stormy["cover_at"] = np.concatenate([tables.cover_at] * 2)
    stormy["changes"] = records(CHANGE, 3, at_s=[-np.inf, 3_000.0, 4_500.0], which=[0, 1, 0])
    windy = replace(world, tables=tables._replace(**stormy))
    rows = played(windy, calls, BUILT_IN["first-come"])
    assert bounded(windy, calls).wait_s <= figures(rows, calls)[0]


def test_with_no_drone_busy_the_nearest_is_the_bound() -> None:
    world, calls = town(3, places=12, bases=3, drones=3), calls_of(3, 40, 12, 1.0)
    calls["at_s"] = 2_000.0 * np.arange(40)
    found = bounded(world, calls)
    wait_s, within = figures(played(world, calls, BUILT_IN["nearest-able"]), calls)
    assert found.wait_s == pytest.approx(wait_s, abs=1e-4)
    assert found.within == within
    assert found.incidents == 40


@pytest.mark.parametrize("seed", range(3))
def test_a_far_flight_is_bounded_like_a_near_one(seed: int) -> None:
    """So slow that most flights home take longer than is looked into."""
    world, calls = town(seed, places=12, bases=3, drones=3, mps=3.0), calls_of(seed, 40, 12, 700.0)
    nearest_s = world.tables.ways["ms"][0, 0].min(axis=1)[calls["place"]].mean() / 1000
    found = bounded(world, calls)
    wait_s, within = figures(played(world, calls, BUILT_IN["first-come"]), calls)
    assert 0.8 * nearest_s < found.wait_s <= wait_s
    assert found.within >= within


def test_warm_up_costs_nothing_and_keeps_drones_in_the_air() -> None:
    world, calls = town(5, places=12, bases=3, drones=4), calls_of(5, 80, 12, 60.0)
    half_s = float(calls["at_s"][40])
    found = bound(
        world, [calls[:40], calls[40:]], from_s=0.0, measured_from_s=half_s, until_s=end_of(calls), trouble=PATIENCE
    )
    rows = played(world, calls, BUILT_IN["nearest-able"])
    rows = rows[rows["at_s"] >= half_s]
    assert found.incidents == len(rows) == 40
    assert found.wait_s <= figures(rows, calls)[0]


def test_no_incidents_are_told_as_such_and_what_takes_no_time_is_refused() -> None:
    world, calls = town(1, places=3, bases=1, drones=1), calls_of(1, 3, 3, 60.0)
    calls["merged"] = True
    assert bounded(world, calls).incidents == 0
    calls["merged"], calls["watch_s"] = False, 0.0
    with pytest.raises(BoundError, match="less than a second"):
        bounded(bare_world(np.zeros((3, 1)), [0]), calls, trouble=NO_TROUBLE)


def test_the_regret_of_a_study() -> None:
    """The bound and the runs are of the same calls, counted alike; all drones see their errands through here."""
    world, calls = town(7, places=12, bases=3, drones=4), calls_of(7, 90, 12, 80.0)
    study = Study(
        layouts={"town": world},
        scenarios={"calls": Scenario(calls=calls, trouble=PATIENCE)},
        policies=("nearest-able", "batch"),
        places=world.places,
        from_s=0.0,
        until_s=end_of(calls),
        warm_up_s=1_000.0,
    )
    bounds = bounds_of(world, study, "calls")
    for policy in study.policies:
        runs = [waits_of(world, study, Case("town", "calls", policy, 0))]
        rows = played(world, calls, BUILT_IN[policy])
        rows = rows[rows["at_s"] >= 1_000.0]
        assert runs[0].incidents == len(rows)
        assert (runs[0].wait_s, runs[0].within) == pytest.approx(figures(rows, calls))
        found = regret(runs, bounds)
        assert found.wait_s.mean == pytest.approx(runs[0].wait_s - bounds[0].wait_s)
        assert found.wait_s.mean > 0
        assert found.within_share.mean >= 0
        assert found.outside_share.mean == 0
    with pytest.raises(ValueError, match="not of the same calls"):
        regret([replace(runs[0], incidents=1)], bounds)


def test_where_far_too_many_call_the_bound_says_so_too() -> None:
    world, calls = town(3, places=30, bases=1, drones=1), calls_of(3, 80, 30, 30.0)
    told = bounded(world, calls, rounds=60)
    within = figures(played(world, calls, BUILT_IN["first-come"]), calls)[1]
    assert within <= told.within < 40  # one drone, watches of a minute at the least, in some forty minutes
