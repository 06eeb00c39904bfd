"""What the clocks of many incidents say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.kpi import STAGES, stage_times, watches, wilson, within
from dispatch.model import Clocks, Gap
from tests.dispatch.worlds import incident


def clocks(*on_scene_s: float | None, reported_at_s: float = 1000.0) -> list[Clocks]:
    """Incidents that were reached so many seconds after their report, or never."""
    return [
        Clocks(reported_at_s=reported_at_s, on_scene_at_s=None if seconds is None else reported_at_s + seconds)
        for seconds in on_scene_s
    ]


def test_every_stage_counts_from_the_report() -> None:
    one = Clocks(
        reported_at_s=100.0,
        decided_at_s=101.0,
        launched_at_s=110.0,
        on_scene_at_s=160.0,
        cleared_at_s=400.0,
        returned_at_s=500.0,
    )
    told = {stage.name: (stage.count, stage.median_s, stage.p90_s, stage.max_s) for stage in stage_times([one])}
    spans = {"decided": 1.0, "launched": 10.0, "on scene": 60.0, "cleared": 300.0, "returned": 400.0}
    assert told == {name: (1, span, span, span) for name, span in spans.items()}
    assert list(told) == [name for name, _, _ in STAGES]


def test_incidents_without_a_clock_do_not_count_for_its_stage() -> None:
    on_scene = next(stage for stage in stage_times(clocks(10, None, 30, None)) if stage.name == "on scene")
    assert (on_scene.count, on_scene.median_s, on_scene.max_s) == (2, 20, 30)
    for stage in stage_times([]):
        assert stage.count == 0
        assert math.isnan(stage.median_s)
        assert math.isnan(stage.p90_s)
        assert math.isnan(stage.max_s)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_half_and_nine_tenths_are_at_or_below(spans: list[int]) -> None:
    stage = next(s for s in stage_times(clocks(*map(float, spans))) if s.name == "on scene")
    assert stage.count == len(spans)
    assert stage.max_s == max(spans)
    assert np.mean(np.array(spans) <= stage.median_s + 1e-9) >= 0.5
    assert np.mean(np.array(spans) >= stage.median_s - 1e-9) >= 0.5
    assert np.mean(np.array(spans) <= stage.p90_s + 1e-9) >= 0.9 - 1 / len(spans)
    assert stage.median_s <= stage.p90_s <= stage.max_s


def test_the_promise_is_kept_up_to_its_last_instant_and_by_nobody_who_never_came() -> None:
    share = within(clocks(179.9, 180.0, 180.1, None), 180.0)
    assert (share.count, share.of, share.share) == (2, 4, 0.5)


def test_of_nothing_nothing_is_known() -> None:
    share = within([], 180.0)
    assert (share.count, share.of, share.low, share.high) == (0, 0, 0.0, 1.0)
    assert math.isnan(share.share)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [  # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    share = wilson(count, of)
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_share_and_mirrors(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    share, rest = wilson(count, of), wilson(of - count, of)
    assert 0 <= share.low <= share.share + 1e-12
    assert share.share - 1e-12 <= share.high <= 1
    assert share.low == pytest.approx(1 - rest.high)
    wider = wilson(2 * count, 2 * of)
    assert wider.high - wider.low < share.high - share.low


def test_gaps_and_reliefs_count_from_the_first_arrival_to_the_end_of_the_watch() -> None:
    seen = Clocks(reported_at_s=0.0, on_scene_at_s=100.0, cleared_at_s=500.0)
    gaps = (Gap(from_at_s=200.0, until_at_s=230.0), Gap(from_at_s=300.0, until_at_s=310.0))
    cases = [
        incident("I1", 0, 0, clocks=seen, gaps=gaps, reliefs=2),
        incident("I2", 0, 0, clocks=seen, reliefs=1),
        incident("I3", 0, 0, clocks=Clocks(reported_at_s=0.0, cleared_at_s=50.0)),
        incident("I4", 0, 0, clocks=Clocks(reported_at_s=0.0, on_scene_at_s=50.0)),
    ]
    told = watches(cases)
    assert (told.count, told.reliefs, told.gaps, told.longest_gap_s) == (2, 3, 2, 30.0)
    assert told.watched_share == pytest.approx(1 - 40 / 800)
    assert watches(cases[2:]).watched_share is None
