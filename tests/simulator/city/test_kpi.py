"""Every figure of a run that can be reckoned by hand, and what may not pass."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.city.figures import FIGURES, as_markdown
from simulator.city.kpi import REACHED_S, Kpis, kpis
from simulator.city.rows import OUTCOME, Fate, Outcomes
from simulator.city.tally import Tally
from simulator.city.totals import Count, LittleError, Totals
from tests.simulator.city.outcomes import FROM_S, PLACES, UNTIL_S, outcomes

DAYS = (UNTIL_S - FROM_S) / 86_400
TOTALS = Totals(
    measured_s=UNTIL_S - FROM_S,
    in_system_s=3 * (UNTIL_S - FROM_S),
    sojourn_s=3 * (UNTIL_S - FROM_S),
    waiting_s=0.25 * (UNTIL_S - FROM_S),
    covered_s=np.array([1.0, 0.9, 0.6]) * (UNTIL_S - FROM_S),
    busy_s=np.array([0.2, 0.4]) * (UNTIL_S - FROM_S),
    away_s=np.array([0.1, 0.2]) * (UNTIL_S - FROM_S),
    counts=np.arange(len(Count), dtype=np.int64) * 14,
)


def tally_of(rows: Outcomes) -> Tally:
    tally = Tally(PLACES, promise_s=180.0, from_s=FROM_S, until_s=UNTIL_S)
    tally.add(rows)
    return tally


def by_hand() -> Kpis:
    """Five incidents and one more report: on scene after 100, 200 and 400 s; one lost, one refused."""
    rows = np.zeros(6, dtype=OUTCOME)
    for name in ("decided_s", "launched_s", "on_scene_s", "cleared_s", "returned_s", "ground_s"):
        rows[name] = np.nan
    rows["at_s"] = FROM_S + np.array([0, 1, 2, 3, 4, 5]) * 3600
    rows["priority"] = [1, 1, 2, 2, 3, 3]
    rows["place"] = [0, 2, 4, 5, 6, 0]  # districts 0, 1, 1, 2, 2, 0
    rows["fate"] = [Fate.SERVED, Fate.SERVED, Fate.SERVED, Fate.LOST, Fate.REFUSED, Fate.MERGED]
    came = slice(0, 3)
    rows["on_scene_s"][came] = [100, 200, 400]
    rows["decided_s"][came] = [0, 0, 60]
    rows["launched_s"][came] = [10, 10, 70]
    rows["cleared_s"][came] = [1100, 1200, 1400]
    rows["returned_s"][came] = [1200, 1300, 1500]
    rows["ground_s"][:4] = [340, 150, 460, 500]
    rows["queued"] = [False, False, True, True, False, False]
    rows["false_alarm"] = [True, True, False, True, False, False]
    rows["gap_s"][1] = 30
    rows["robbed"][2] = 1
    rows["people_s"][came] = [30, 60, 90]
    return kpis(tally_of(rows), TOTALS)


def test_figures_by_hand() -> None:
    run = by_hand()
    expected = {
        "incidents": 5, "merged": 1, "within_share": 1 / 5, "queued_share": 2 / 5, "lost_share": 1 / 5,
        "refused_share": 1 / 5, "open_share": 0, "decided_mean_s": 20, "decided_median_s": 0, "decided_max_s": 60,
        "launched_mean_s": 30, "on_scene_mean_s": 700 / 3, "on_scene_median_s": 200, "on_scene_p90_s": 400,
        "on_scene_max_s": 400, "cleared_mean_s": 3700 / 3, "returned_max_s": 1500,
        "lateness_s": 20 + 220, "lateness_mean_s": 80,
        # Ahead by 240, not, by 60; and one that no drone came to.
        "first_share": 2 / 4, "gained_mean_s": 75, "gained_median_s": 0, "gained_max_s": 240,
        "seen_through_share": 1 / 5,  # the first; at the second a ground unit was earlier
        "watched_share": 1 - 30 / 3000, "gap_mean_s": 10, "gap_max_s": 30, "robbed_per_incident": 1 / 5,
        "overflight_mean_s": 36, "overflight_min_per_day": 3 / DAYS,
        # Districts: 1 of 1 met (mean 100 s), 0 of 2 (300 s), 0 of 2 (nobody came).
        "worst_districts_share": 0, "worst_places_share": 0,
        "gini_districts": (2 * 1 * 2 / 9 * 200) / 2 / (700 / 3),
        "busy_share": 0.3, "busiest_share": 0.4, "away_share": 0.15, "in_system": 3, "waiting": 0.25,
        "covered_share": 0.9, "covered_twice_share": 0.6, "decisions_per_day": 0, "launches_per_day": 1,
        "refused_launches_per_day": 2, "failures_per_day": 3, "diverted_per_day": 4, "preempted_per_day": 5,
        "reliefs_per_day": 6, "moved_up_per_day": 7,
    }  # fmt: skip
    assert {name: run[name] for name in expected} == pytest.approx(expected)
    statistics = {
        name for name in (f.name for f in FIGURES) if name.endswith(("_mean_s", "_median_s", "_p90_s", "_max_s"))
    }
    assert {figure.name for figure in FIGURES} - set(expected) <= statistics  # no figure is left unchecked but of these


def test_tables_and_the_curve_by_hand() -> None:
    run = by_hand()
    assert run.by_priority.incidents.tolist() == [2, 2, 1, 0, 0]
    assert run.by_priority.met.tolist() == [1, 0, 0, 0, 0]
    assert run.by_priority.share[:2].tolist() == [0.5, 0.0]
    assert math.isnan(run.by_priority.share[4])
    assert run.by_hour.incidents[:6].tolist() == [1, 1, 1, 1, 1, 0]
    assert run.by_district.keys == ("north", "middle", "south")
    assert run.by_district.mean_s[:2].tolist() == [100.0, 300.0]
    assert run.clocks_s[0, 2].tolist() == [150.0, 100.0, 200.0, 200.0]
    assert run.within(180) == (1, 5)
    assert run.within(200, priority=1) == (2, 2)
    assert run.within(REACHED_S) == (3, 5)
    for bad in (-1, 180.5, REACHED_S + 1):
        with pytest.raises(ValueError, match="full seconds"):
            run.within(bad)


def test_the_curve_agrees_with_the_share_within_the_promise() -> None:
    run = kpis(tally_of(outcomes(6, 3_000)), TOTALS)
    met, of = run.within(180)
    assert met / of == run["within_share"]
    assert run.by_priority.met.tolist() == [run.within(180, priority)[0] for priority in range(1, 6)]


def test_a_run_without_calls_has_no_shares() -> None:
    run = kpis(tally_of(outcomes(7, 0)), TOTALS)
    assert run["incidents"] == 0
    assert all(math.isnan(run[name]) for name in ("within_share", "on_scene_p90_s", "first_share", "gini_districts"))


def test_a_run_that_miscounted_has_no_figures() -> None:
    tally = tally_of(outcomes(8, 10))
    with pytest.raises(LittleError):
        kpis(tally, replace(TOTALS, sojourn_s=TOTALS.sojourn_s * 1.001))
    with pytest.raises(ValueError, match="the loop measured 3600"):
        kpis(tally, replace(TOTALS, measured_s=3600.0, busy_s=np.zeros(2), away_s=np.zeros(2)))


def test_names_are_unique_and_every_figure_says_what_it_is() -> None:
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    assert all(figure.told.endswith(".") and figure.unit for figure in FIGURES)


def test_the_docs_have_every_figure_as_it_is() -> None:
    assert as_markdown() in (Path(__file__).parents[3] / "docs" / "kpis.md").read_text(encoding="utf-8")


def test_a_tally_without_an_end_goes_with_a_run_that_ends_by_itself() -> None:
    tally = Tally(PLACES, promise_s=180.0, from_s=FROM_S)
    tally.add(outcomes(9, 10))
    assert kpis(tally, replace(TOTALS, measured_s=UNTIL_S - FROM_S + 77.0))["incidents"] > 0
