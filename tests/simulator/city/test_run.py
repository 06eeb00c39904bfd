"""The event loop on bare tables: queues, pre-emption, failures, reliefs, and sums that add up."""

from dataclasses import replace
from typing import TypedDict, Unpack

import numpy as np
import pytest

from dispatch.policies import BUILT_IN, Policy, PolicyError, policy_of
from simulator.city.bare import bare_world
from simulator.city.loop import state as words
from simulator.city.loop.state import CHANGE
from simulator.city.rows import CALL, Calls, Fate, Outcomes
from simulator.city.run import Run, RunError, Trouble, simulate
from simulator.city.totals import Count, Totals, little
from simulator.city.world import World, records

NEAREST = BUILT_IN["nearest-able"]
AT_S = 1_800_000_000.0


def calls_at(*rows: tuple[float, int, int, float]) -> Calls:
    """Calls of (seconds, place, priority, watch_s)."""
    calls = np.zeros(len(rows), CALL)
    for call, (after_s, place, priority, watch_s) in zip(calls, rows, strict=True):
        call["at_s"], call["place"], call["priority"], call["watch_s"] = AT_S + after_s, place, priority, watch_s
    calls["ground_s"] = np.nan
    calls["chance"] = np.linspace(0.1, 0.9, len(rows))
    return calls


class Asked(TypedDict, total=False):
    """What :func:`simulate` may be told beside the calls."""

    until_s: float
    measured_from_s: float
    trouble: Trouble


def run(world: World, calls: Calls, policy: Policy = NEAREST, **asked: Unpack[Asked]) -> tuple[Outcomes, Totals]:
    told: list[Outcomes] = []
    totals = simulate(world, [calls], policy, told.append, from_s=AT_S, **asked)
    rows = np.concatenate(told)
    return rows[np.argsort(rows["call"])], totals


TWO_BASES = np.array([[10.0, 50.0], [50.0, 10.0]])
"""Two places, each ten seconds from its own base and fifty from the other's."""


def test_the_nearest_goes_then_the_other_then_the_third_waits() -> None:
    rows, totals = run(bare_world(TWO_BASES, [0, 1]), calls_at((0, 0, 3, 100), (1, 0, 3, 100), (2, 0, 3, 100)))
    assert rows["drone"].tolist() == [0, 1, 0]
    assert rows["on_scene_s"].tolist() == [10.0, 50.0, 118.0]  # cleared after 110 s, and ten more
    assert rows["queued"].tolist() == [False, False, True]
    assert rows["node"].tolist() == rows["home"].tolist() == [0, 1, 0]
    assert little(totals) < 1e-12
    assert totals.counts[Count.LAUNCHES] == 2  # the third is served by a drone on its way home
    assert totals.counts[Count.DIVERTED] == 1


def test_a_drone_under_way_is_taken_for_a_more_urgent_incident() -> None:
    calls = calls_at((0, 0, 4, 100), (5, 0, 1, 100))
    rows, totals = run(bare_world(TWO_BASES[:, :1], [0]), calls)
    assert rows["robbed"].tolist() == [1, 0]
    assert rows["on_scene_s"].tolist() == [5 + 10 + 100 + 10, 10.0]
    assert totals.counts[Count.PREEMPTED] == 1
    assert rows["node"].tolist() == rows["home"].tolist() == [0, 0]
    spared, _ = run(bare_world(TWO_BASES[:, :1], [0]), calls, BUILT_IN["first-come"])
    assert spared["robbed"].tolist() == [0, 0]


def test_two_incidents_that_want_one_drone_get_the_cheapest_assignment() -> None:
    out_s = np.array([[10.0, 11.0], [10.0, 100.0]])  # place 0 can do with base 1, place 1 cannot
    rows, _ = run(bare_world(out_s, [0, 1]), calls_at((0, 0, 3, 9), (1, 1, 3, 9)), BUILT_IN["batch"])
    assert rows["drone"].tolist() == [1, 0]
    assert not rows["queued"].any()


@pytest.mark.parametrize("count", [3, 6, 9])
def test_the_assignment_is_the_best_of_all(count: int) -> None:
    """Against scipy's on random times: all are decided together."""
    from scipy.optimize import linear_sum_assignment

    chance = np.random.default_rng(count)
    out_s = np.rint(chance.uniform(1, 99, (count, 6)) * 1000) / 1000
    calls = calls_at(*[(k / 8, k, 3, 1e4) for k in range(count)])
    rows, _ = run(bare_world(out_s, range(6)), calls, BUILT_IN["batch"], until_s=AT_S + 2000)
    first = rows[rows["decided_s"] < 30]
    assert len(first) == min(count, 6)
    flown_s = (first["on_scene_s"] - first["decided_s"]).sum()
    assert flown_s == pytest.approx(out_s[linear_sum_assignment(out_s)].sum(), abs=1e-3 * count)


def test_who_refuses_or_is_lost_is_replaced_and_mended() -> None:
    world, calls = bare_world(TWO_BASES, [0, 1]), calls_at(*[(400.0 * k, k % 2, 3, 30) for k in range(400)])
    rows, totals = run(world, calls, trouble=Trouble(refused_share=0.3, lost_per_hour=20, repair_s=300))
    assert (rows["fate"] == Fate.SERVED).all()
    refused = totals.counts[Count.REFUSED_LAUNCHES]
    assert 0.2 < refused / totals.counts[Count.LAUNCHES] < 0.4
    assert totals.counts[Count.FAILURES] > refused
    assert little(totals) < 1e-9


def test_without_patience_who_finds_nobody_is_lost() -> None:
    calls = calls_at((0, 0, 3, 100), (1, 0, 3, 100))
    rows, totals = run(bare_world(TWO_BASES[:, :1], [0]), calls, trouble=Trouble(patience_s=0))
    assert rows["fate"].tolist() == [Fate.SERVED, Fate.LOST]
    assert np.isnan(rows["on_scene_s"][1])
    assert little(totals) < 1e-12


def test_pilots_limit_who_is_in_the_air() -> None:
    calls = calls_at((0, 0, 3, 100), (1, 1, 3, 100))
    rows, _ = run(bare_world(TWO_BASES, [0, 1], home_s=40.0), calls, trouble=Trouble(most_in_air=1))
    assert rows["queued"].tolist() == [False, True]
    assert rows["on_scene_s"][1] == 110 + 50 - 1  # the first is sent on from where it flies home


def test_a_batch_waits_for_its_instant() -> None:
    rows, _ = run(bare_world(TWO_BASES, [0, 1]), calls_at((0, 0, 3, 9), (0, 1, 2, 9)), BUILT_IN["batch"])
    assert rows["decided_s"].tolist() == [0.0, 0.0]  # the urgent one has both decided
    rows, _ = run(bare_world(TWO_BASES, [0, 1]), calls_at((0, 0, 3, 9), (1, 1, 3, 9)), BUILT_IN["batch"])
    assert rows["decided_s"].tolist() == [20.0, 19.0]


def test_blocks_and_stops_change_nothing() -> None:
    chance = np.random.default_rng(4)
    world = bare_world(chance.uniform(20, 300, (12, 4)), [0, 0, 1, 2, 3], home_s=60.0)
    at_s = np.sort(chance.uniform(0, 40_000, 900))
    calls = calls_at(*[(t, int(chance.integers(12)), int(chance.integers(1, 6)), 90) for t in at_s])
    whole, totals = run(world, calls)
    told: list[Outcomes] = []
    stepwise = Run(world, NEAREST, told.append, from_s=AT_S)
    for k in range(0, 900, 100):
        stepwise.give(calls[k : k + 100], last=k == 800)
        for until_s in np.arange(AT_S, AT_S + 50_000, 777.0):
            stepwise.go(float(until_s))
    stepwise.go()
    again = stepwise.end()
    rows = np.concatenate(told)
    assert whole.tobytes() == rows[np.argsort(rows["call"])].tobytes()
    assert again.counts.tolist() == totals.counts.tolist()
    assert again.sojourn_s == totals.sojourn_s


def test_only_what_is_measured_is_summed() -> None:
    calls = calls_at(*[(100.0 * k, 0, 3, 30) for k in range(100)])
    world = bare_world(TWO_BASES[:, :1], [0])
    _, totals = run(world, calls, measured_from_s=AT_S + 5005, until_s=AT_S + 9005)
    assert totals.measured_s == 4000
    assert totals.busy_s[0] == pytest.approx(40 * 40)
    assert totals.in_system_s == pytest.approx(40 * 40)
    assert little(totals) < 1e-9


def test_a_run_with_an_end_goes_on_until_then_though_nothing_happens() -> None:
    _, totals = run(
        bare_world(TWO_BASES, [0, 1]), calls_at((0, 0, 3, 9)), BUILT_IN["move-up"], until_s=AT_S + 5000,
        measured_from_s=AT_S + 1000,
    )  # fmt: skip
    assert totals.measured_s == 4000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"place": 7}, "place 7 is none of 0 to 1"),
        ({"type": 3}, "type 3 is none of 0 to 0"),
        ({"watch_s": -1.0}, "watch_s is negative"),
        ({"at_s": AT_S - 9}, "begin before the run"),
    ],
)
def test_calls_of_another_world_are_refused(change: dict[str, float], said: str) -> None:
    calls = calls_at((0, 0, 3, 30))
    for name, value in change.items():
        calls[name] = value
    with pytest.raises(ValueError, match=said):
        run(bare_world(TWO_BASES, [0]), calls)


def test_a_queue_without_end_is_an_error_and_not_a_figure() -> None:
    calls = calls_at(*[(k / 10, 0, 3, 1e6) for k in range(20_000)])
    with pytest.raises(RunError, match="more calls come than this fleet can ever serve"):
        run(bare_world(TWO_BASES[:, :1], [0]), calls)


@pytest.mark.parametrize("spec", ["nobody", "nearest-able:3", "coverage-preserving:x", "coverage-preserving:nan"])
def test_a_policy_that_is_not_known_is_refused(spec: str) -> None:
    with pytest.raises(PolicyError):
        policy_of(spec)


def test_the_dial_is_a_parameter() -> None:
    assert policy_of("coverage-preserving:8").parameters[0] == 8.0


def test_who_cannot_stay_to_the_end_is_relieved() -> None:
    """Four hundred seconds on scene, of nine hundred asked."""
    world = bare_world(TWO_BASES, [0, 0, 0, 1, 1], home_s=30.0)
    kinds = world.tables.kinds
    kinds["hover_w"], kinds["charge"] = 9.0, 1 / 900  # charged in 15 minutes
    chance = np.random.default_rng(7)
    at_s = np.sort(chance.uniform(0, 80_000, 300))
    calls = calls_at(*[(t, int(chance.integers(2)), int(chance.integers(1, 6)), 900) for t in at_s])
    rows, totals = run(world, calls, until_s=AT_S + 86_400)
    assert totals.counts[Count.RELIEFS] > 50
    assert (rows["gap_s"] > 0).any()
    assert little(totals) < 1e-9


def test_time_does_not_go_back_to_when_a_drone_should_have_left() -> None:
    """Another wind may leave the battery of a drone on scene no time at all; each second is still counted once."""
    run = Run(bare_world(TWO_BASES, [0, 1]), NEAREST, lambda _rows: None, from_s=AT_S)
    run.give(calls_at((0, 0, 3, 100)), last=True)
    run.go(AT_S + 50)
    on_scene = run.state.drones[0]
    assert on_scene["state"] == words.SCENE
    on_scene["why"], on_scene["leaves_s"] = words.RELIEF_DUE, AT_S + 20
    run.go(AT_S + 1000)
    assert run.end().measured_s == 1000


def test_who_is_left_alone_on_scene_goes_on_with_the_watch() -> None:
    """Weather grounds one of two airframes again and again, also while one drone takes over from another."""
    world = bare_world(TWO_BASES, [0, 0, 0, 1, 1, 1], home_s=30.0)
    kinds = np.tile(world.tables.kinds, (2, 2))
    kinds["hover_w"], kinds["charge"] = 9.0, 1 / 900
    kinds["flies"][1, 0] = False
    chance = np.random.default_rng(8)
    changes = records(CHANGE, 2000, at_s=AT_S + np.cumsum(chance.exponential(60.0, 2000)), which=np.arange(2000) % 2)
    tables = world.tables._replace(kinds=kinds, changes=changes)
    twice = {name: np.tile(getattr(tables, name), (2, 2, *(1,) * (getattr(tables, name).ndim - 2))) for name in
             ("ways", "nearest", "homes", "levels", "air", "shift", "cover_at")}  # fmt: skip
    world = replace(
        world,
        tables=tables._replace(**twice, served=np.ones((2, 2), np.bool_)),
        drone_kind=np.array([0, 1, 0, 1, 0, 1]),
    )
    at_s = np.sort(chance.uniform(0, 80_000, 200))
    rows, totals = run(world, calls_at(*[(t, int(chance.integers(2)), 3, 900) for t in at_s]))
    assert (rows["fate"] == Fate.SERVED).all()
    assert totals.counts[Count.RELIEFS] > 50
    assert totals.counts[Count.FAILURES] == 0
    # Each was watched for as long as it asked, whatever gap there was.
    watched_s = rows["cleared_s"] - rows["on_scene_s"] - rows["gap_s"]
    assert watched_s == pytest.approx(900.0, abs=0.5)
