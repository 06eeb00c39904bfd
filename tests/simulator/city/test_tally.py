"""A tally says what its outcomes say, and the same whatever the blocks, their order and who counted them."""

import pickle
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.city.histogram import BINS, EDGES_MS, LONGEST_MS, Histograms, Spread, bins_of
from simulator.city.rows import Fate, Outcomes
from simulator.city.tally import CLOCKS, Cell, Sum, Tally
from tests.simulator.city.outcomes import FROM_S, PLACES, UNTIL_S, outcomes

PROMISE_S = 180.0


def tally_of(*blocks: Outcomes, zone: str = "America/Chicago") -> Tally:
    tally = Tally(PLACES, promise_s=PROMISE_S, from_s=FROM_S, until_s=UNTIL_S, time_zone=zone)
    for block in blocks:
        tally.add(block)
    return tally


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    workers=st.integers(1, 4),
)
def test_blocks_their_order_and_workers_change_no_byte(seed: int, cuts: list[int], workers: int) -> None:
    rows = outcomes(seed, 400)
    whole = tally_of(rows).to_bytes()
    chance = np.random.default_rng(seed)
    blocks = np.split(rows[chance.permutation(len(rows))], sorted(cuts))
    parts = [tally_of(*blocks[worker::workers]) for worker in range(workers)]
    total = parts[0]
    for part in parts[1:]:
        total.merge(pickle.loads(pickle.dumps(part)))
    assert total.to_bytes() == whole


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_it_says_what_a_plain_count_says(seed: int) -> None:
    """Row by row in Python, with nothing of the tally's own."""
    rows = outcomes(seed, 300)
    tally = tally_of(rows)
    fates, table, by_place = np.zeros_like(tally.fates), np.zeros_like(tally.table), np.zeros_like(tally.by_place)
    sums = np.zeros_like(tally.sums)
    for row in rows:
        if not FROM_S <= row["at_s"] < UNTIL_S:
            continue
        hour = datetime.fromtimestamp(row["at_s"], UTC).astimezone(ZoneInfo("America/Chicago")).hour
        cell = (row["priority"] - 1, hour, PLACES.district[row["place"]])
        fates[(*cell, row["fate"])] += 1
        if row["fate"] == Fate.MERGED:
            continue
        came, response_ms = not np.isnan(row["on_scene_s"]), round(float(np.nan_to_num(row["on_scene_s"])) * 1000)
        for where in (table[cell], by_place[row["place"]]):
            where += [1, came and response_ms <= 180_000, came, response_ms, row["queued"]]
        sum_ = sums[row["priority"] - 1]
        sum_[Sum.LATE_MS] += max(0, response_ms - 180_000)
        if row["fate"] == Fate.SERVED:
            sum_[Sum.WATCHED_MS] += round(float(row["cleared_s"]) * 1000) - response_ms
        sum_[Sum.PEOPLE_MS] += round(float(row["people_s"]) * 1000)
        sum_[Sum.RELIEFS] += row["reliefs"]
        sum_[Sum.ROBBED] += row["robbed"]
        sum_[Sum.FALSE_ALARMS] += row["false_alarm"]
        sum_[Sum.SEEN_THROUGH] += row["false_alarm"] and came and not row["ground_s"] <= row["on_scene_s"]
    assert np.array_equal(tally.fates, fates)
    assert np.array_equal(tally.table, table)
    assert np.array_equal(tally.by_place, by_place)
    assert np.array_equal(tally.sums, sums)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("priority", [None, 1, 5])
def test_clocks_are_right_to_the_bin(clock: str, priority: int | None) -> None:
    rows = outcomes(180, 20_000)
    spread = tally_of(rows).spread(clock, priority)
    rows = rows[(rows["at_s"] >= FROM_S) & (rows["at_s"] < UNTIL_S) & (rows["fate"] != Fate.MERGED)]
    rows = rows if priority is None else rows[rows["priority"] == priority]
    seconds = np.sort(rows[f"{clock}_s"][~np.isnan(rows[f"{clock}_s"])].astype(np.float64))
    assert spread.count == len(seconds)
    assert spread.mean_s == pytest.approx(seconds.mean(), abs=1e-3)
    assert spread.max_s == pytest.approx(seconds.max(), abs=1e-3)
    for share in (0.01, 0.5, 0.9, 0.999):
        exact_s = float(np.percentile(seconds, share * 100, method="inverted_cdf"))
        assert -1e-3 <= spread.quantile_s(share) - exact_s <= max(0.101, exact_s / 2048)
    assert spread.within(PROMISE_S) == np.count_nonzero(np.rint(seconds * 1000) <= PROMISE_S * 1000)


def test_a_drone_that_was_in_the_air_was_launched_at_once() -> None:
    rows = outcomes(1, 2)
    rows["at_s"], rows["fate"] = FROM_S, Fate.SERVED
    rows["launched_s"] = [-300.0, 10.0]
    assert tally_of(rows).spread("launched").mean_s == 5.0


def test_minutes_gained_are_those_of_incidents_with_a_unit_on_the_ground() -> None:
    rows = outcomes(1, 4)
    rows["at_s"], rows["fate"] = FROM_S, Fate.SERVED
    rows["on_scene_s"] = [100.0, 400.0, np.nan, 50.0]
    rows["ground_s"] = [340.0, 300.0, 300.0, np.nan]
    spread = tally_of(rows).spread("gained")
    assert (spread.count, spread.mean_s, spread.max_s, spread.within(0)) == (3, 80.0, 240.0, 2)


@given(st.lists(st.integers(0, 3 * LONGEST_MS), min_size=1, max_size=50))
def test_every_duration_is_above_the_edge_before_and_not_above_its_own(span_ms: list[int]) -> None:
    durations = np.array(span_ms + EDGES_MS[:: len(EDGES_MS) // 40].tolist())
    bins = bins_of(durations)
    assert np.array_equal(bins, np.searchsorted(EDGES_MS, durations))  # by search: the same bins
    assert bins.max() < BINS


def test_what_is_longer_than_the_longest_bin_is_counted_and_its_longest_kept() -> None:
    histograms = Histograms(1)
    histograms.add(np.zeros(3, dtype=np.int64), np.array([1_000, LONGEST_MS + 1, 10 * LONGEST_MS]))
    spread = Spread(histograms, 0)
    assert spread.quantile_s(1 / 3) == 1.0
    assert spread.quantile_s(0.9) == spread.max_s == LONGEST_MS / 100
    assert spread.within(1e9) == 1  # what is beyond the last edge is not known to be within anything
    with pytest.raises(ValueError, match="a duration of -1 ms"):
        histograms.add(np.zeros(1, dtype=np.int64), np.array([-1]))


def test_nothing_counted_is_nan() -> None:
    spread = tally_of().spread("on_scene")
    assert spread.count == 0
    assert all(np.isnan([spread.mean_s, spread.max_s, spread.quantile_s(0.5)]))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("priority", 0, "call 7: priority is 0, not 1 to 5"),
        ("place", 7, "call 7: place is 7, not 0 to 6"),
        ("fate", 9, "call 7: fate is 9, not 0 to 4"),
        ("decided_s", -1.0, "call 7: decided_s is -1.0, before its report"),
    ],
)
def test_rows_that_cannot_be_are_named_and_nothing_is_counted(name: str, value: float, message: str) -> None:
    rows = outcomes(2, 10)
    rows["at_s"] = FROM_S
    rows[name][7] = value
    tally = tally_of()
    with pytest.raises(ValueError, match=message):
        tally.add(rows)
    assert tally.to_bytes() == tally_of().to_bytes()


def test_tallies_of_different_things_do_not_merge() -> None:
    rows = outcomes(3, 10)
    with pytest.raises(ValueError, match=r"time_zone is America/Chicago here and UTC there"):
        tally_of(rows).merge(tally_of(rows, zone="UTC"))
    with pytest.raises(ValueError, match="'Mars/Olympus' is not a time zone"):
        tally_of(zone="Mars/Olympus")
    with pytest.raises(ValueError, match="nothing to measure"):
        Tally(PLACES, promise_s=PROMISE_S, from_s=UNTIL_S, until_s=FROM_S)


def test_memory_does_not_grow_with_calls() -> None:
    few, many = tally_of(outcomes(4, 10)), tally_of(*(outcomes(seed, 5_000) for seed in range(4)))
    assert len(pickle.dumps(few)) == len(pickle.dumps(many))
    assert many.table[..., Cell.INCIDENTS].sum() > 15_000
