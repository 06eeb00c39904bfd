"""Intervals, differences, verdicts and warm-up, against tables, by hand, and by how often they are right."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.city.experiment import Replications, differences, replicate, verdict
from simulator.city.figures import FIGURES, INDEX
from simulator.city.intervals import half_width, needed, t_interval
from simulator.city.kpi import Kpis, kpis
from simulator.city.rows import OUTCOME
from simulator.city.tally import Tally
from simulator.city.warm_up import mser5, warm_up_s
from tests.simulator.city.outcomes import FROM_S, PLACES, UNTIL_S, outcomes
from tests.simulator.city.test_kpi import TOTALS


def run(seed: int, quicker_s: float = 0.0) -> Kpis:
    """A run of 300 calls; with ``quicker_s`` the same calls with a drone earlier on scene."""
    rows = outcomes(seed, 300)
    rows["on_scene_s"] = np.maximum(rows["on_scene_s"] - quicker_s, 0)
    tally = Tally(PLACES, promise_s=180.0, from_s=FROM_S, until_s=UNTIL_S)
    tally.add(rows)
    return kpis(tally, TOTALS)


BASE = replicate(run, range(12))


def test_an_interval_is_students() -> None:
    # 2, 4, 4, 4, 5, 5, 7, 9: mean 5, deviation sqrt(32/7), t(7) = 2.3646
    interval = t_interval([2, 4, 4, 4, 5, 5, 7, 9, math.nan])
    half = 2.3646 * math.sqrt(32 / 7) / math.sqrt(8)
    assert interval.replications == 8
    assert (interval.mean, interval.low, interval.high) == pytest.approx((5, 5 - half, 5 + half), rel=1e-4)
    assert t_interval([3.0]).low == -math.inf
    assert math.isnan(t_interval([]).mean)


def test_intervals_hold_the_truth_19_times_of_20() -> None:
    """4,000 intervals of 6 exponential means of 50: their share within four standard errors of 0.95 (fixed seed)."""
    means = np.random.default_rng(180).exponential(1.0, (4_000, 6, 50)).mean(axis=2)
    held = np.mean([t_interval(row).holds(1.0) for row in means])
    assert held == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4_000))


@given(deviation=st.floats(0.01, 10), distance=st.floats(0.01, 10))
def test_so_many_replications_are_enough_and_one_fewer_is_not(deviation: float, distance: float) -> None:
    total = needed(deviation, distance)
    if total is None:
        assert half_width(deviation, 1_000_000) >= distance
    else:
        assert half_width(deviation, total) < distance
        assert total == 2 or half_width(deviation, total - 1) >= distance
    assert needed(1.0, 0.0) is None


def test_workers_change_no_byte() -> None:
    with ThreadPoolExecutor(3) as pool:
        again = replicate(run, range(12), each=pool.map)
    assert [one.to_bytes() for one in again.kpis] == [one.to_bytes() for one in BASE.kpis]
    assert again.intervals() == BASE.intervals() or any(math.isnan(i.mean) for i in BASE.intervals().values())


def test_a_seed_twice_is_one_run() -> None:
    with pytest.raises(ValueError, match="none twice"):
        replicate(run, [1, 2, 1])
    with pytest.raises(ValueError, match="none twice"):
        Replications(seeds=(1,), kpis=())


def test_the_same_calls_tell_a_difference_that_different_calls_would_hide() -> None:
    quicker = replicate(lambda seed: run(seed, quicker_s=3.0), BASE.seeds)
    paired = differences(BASE, quicker)["on_scene_mean_s"]
    assert paired.interval.mean == pytest.approx(-3.0, abs=0.1)
    assert paired.better == "second"
    assert paired.correlation > 0.99
    apart = replicate(lambda seed: run(seed + 1000, quicker_s=3.0), BASE.seeds)
    apart = replace(apart, seeds=BASE.seeds)
    assert differences(BASE, apart)["on_scene_mean_s"].better is None
    with pytest.raises(ValueError, match="the seeds are not the same"):
        differences(BASE, replicate(run, range(1, 13)))


def test_more_of_what_is_neither_better_nor_worse_is_not_better() -> None:
    def longer(one: Kpis) -> Kpis:
        values = one.values + 100.0
        return replace(one, values=values)

    other = Replications(seeds=BASE.seeds, kpis=tuple(longer(one) for one in BASE.kpis))
    better = {name: difference.better for name, difference in differences(BASE, other).items()}
    for figure in FIGURES:
        expected = {"less": "first", "more": "second", "neither": None}[figure.better]
        assert better[figure.name] == expected, figure.name


def test_no_difference_is_no_difference() -> None:
    same = differences(BASE, BASE)
    assert all(difference.better is None for difference in same.values())


def _with_shares(shares: list[float]) -> Replications:
    """Runs of 1,000 incidents of priority 1 each, so large a share of them within 180 s."""

    def one(share: float) -> Kpis:
        template = BASE.kpis[0]
        reached = np.zeros_like(template.reached)
        reached[0, 180:] = round(share * 1000)
        by_priority = replace(template.by_priority, incidents=np.array([1000, 0, 0, 0, 0]))
        return replace(template, reached=reached, by_priority=by_priority)

    return Replications(seeds=tuple(range(len(shares))), kpis=tuple(map(one, shares)))


def test_a_promise_is_met_not_met_or_not_yet_decidable() -> None:
    shares = [0.88, 0.90, 0.92, 0.91, 0.89]
    replications = _with_shares(shares)
    assert verdict(replications, promised=0.85, within_s=180).status == "met"
    assert verdict(replications, promised=0.95, within_s=180).status == "not met"
    open_ = verdict(replications, promised=0.905, within_s=180, priority=1)
    assert open_.status == "not yet decidable"
    # Deviation 0.0158, distance 0.005: t(40) · 0.0158 / sqrt(41) = 0.00499, and not with 40.
    assert open_.more == 41 - 5
    assert (open_.pooled.count, open_.pooled.of) == (4500, 5000)
    assert verdict(replications, promised=0.01, within_s=179).status == "not met"


def test_one_run_decides_nothing_and_nothing_decides_nothing() -> None:
    one = verdict(_with_shares([1.0]), promised=0.5, within_s=180)
    assert (one.status, one.more) == ("not yet decidable", None)
    none = verdict(_with_shares([0.9, 0.91]), promised=0.5, within_s=180, priority=3)
    assert (none.status, none.more, none.share.replications) == ("not yet decidable", None, 0)
    with pytest.raises(ValueError, match="a promise for a share of 90"):
        verdict(BASE, promised=90, within_s=180)


def test_a_warm_up_is_found_and_a_steady_run_has_hardly_any() -> None:
    chance = np.random.default_rng(1)
    steady = chance.normal(100, 10, 5_000)
    warm = steady - 80 * np.exp(-np.arange(5_000) / 150)
    assert 200 <= mser5(warm) <= 1500
    assert abs(warm[mser5(warm) :].mean() - 100) < abs(warm.mean() - 100)
    assert mser5(steady) < 1000
    with pytest.raises(ValueError, match="second half"):
        mser5(np.arange(1000.0))
    with pytest.raises(ValueError, match="too few"):
        mser5(steady[:9])


def test_the_cut_is_the_least_of_all_cuts_tried_one_by_one() -> None:
    values = np.random.default_rng(2).normal(0, 1, 400) - 5 * np.exp(-np.arange(400) / 20)
    means = values.reshape(-1, 5).mean(axis=1)
    errors = [((means[d:] - means[d:].mean()) ** 2).sum() / (len(means) - d) ** 2 for d in range(len(means) - 5)]
    assert mser5(values) == 5 * int(np.argmin(errors))


def test_a_pilot_run_tells_how_long_to_leave_it_alone() -> None:
    rows = np.zeros(4_000, dtype=OUTCOME)
    rows["at_s"] = FROM_S + np.arange(4_000) * 30
    rows["on_scene_s"] = 150 + np.random.default_rng(3).normal(0, 10, 4_000) - 100 * np.exp(-np.arange(4_000) / 100)
    shuffled = rows[np.random.default_rng(4).permutation(4_000)]  # outcomes come as incidents end
    assert warm_up_s(shuffled, FROM_S) == mser5(rows["on_scene_s"]) * 30
    assert 100 * 30 < warm_up_s(shuffled, FROM_S) < 1000 * 30


def test_shares_by_district_have_intervals() -> None:
    intervals = BASE.shares("district")
    assert tuple(intervals) == PLACES.districts
    assert intervals["middle"].mean == pytest.approx(np.mean([one.by_district.share[1] for one in BASE.kpis]))
    assert len(BASE.shares("hour")) == 24
    assert BASE.shares("priority")["3"].low < BASE.shares("priority")["3"].high


def test_every_figure_can_be_asked_for_by_name() -> None:
    assert set(BASE.intervals()) == set(INDEX)
