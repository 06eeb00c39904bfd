"""What every further base buys: each step the best there is, and the time shared out."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.codec import from_json, to_json
from dispatch.coverage import (
    Cancelled,
    Candidates,
    Center,
    Cover,
    Either,
    Frontier,
    Gap,
    MaxCover,
    Median,
    Percentile,
    Problem,
    Progress,
    Step,
    TimeLimit,
    Travel,
    frontier,
    place,
)
from tests.dispatch.coverage.brute import best
from tests.dispatch.coverage.instances import line_of, open_square
from tests.dispatch.coverage.test_brute_force import COUNTED, MODELS, problems


@pytest.mark.parametrize("name", COUNTED)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_step_is_the_best_of_all_layouts(name: str, data: st.DataObject) -> None:
    problem, model = data.draw(problems()), data.draw(MODELS[name])
    by_budget = data.draw(st.booleans())
    problem = replace(problem, p=None, budget=None)
    means = (0.0, 1.5, 3.0, 7.0) if by_budget else None
    found = frontier(problem, model, means, by="budget" if by_budget else "p")
    assert found.steps or found.missing
    for step in found.steps:
        asked = replace(problem, budget=step.means) if by_budget else replace(problem, p=int(step.means))
        truth = best(asked, model)
        assert truth is not None
        assert step.status == "optimal"
        assert math.isclose(step.value, truth, rel_tol=1e-6, abs_tol=1e-6)
        assert math.isclose(step.bound, truth, rel_tol=1e-6, abs_tol=1e-5)
    for missing in found.missing:
        forced = problem.candidates.forced & ~problem.candidates.standing
        too_few = problem.candidates.costs[forced].sum() if by_budget else forced.sum()
        if missing.means >= too_few:
            asked = replace(problem, budget=missing.means) if by_budget else replace(problem, p=int(missing.means))
            assert best(asked, model) is None


def test_it_is_json_and_comes_back() -> None:
    found = frontier(Problem.of([3, 1, 1], line_of([0, 50, 100], [0, 50, 100])), Median(), range(4))
    assert [step.means for step in found.steps] == [1, 2, 3]
    assert found.missing[0].means == 0
    assert "the least that opens one is 1" in found.missing[0].why
    assert from_json(Frontier, to_json(found)) == found


def test_forty_steps_of_a_town() -> None:
    found = frontier(open_square(1_000, 60, 0, 4_000), MaxCover(within_s=180), range(1, 41))
    assert [step.status for step in found.steps] == ["optimal"] * 40
    values = [step.value for step in found.steps]
    assert values == sorted(values)
    assert values[7] == place(open_square(1_000, 60, 8, 4_000), MaxCover(within_s=180)).value


def test_a_time_limit_is_shared_out_and_its_bounds_hold() -> None:
    problem = open_square(2_000, 120, 0, 5_000)
    truth = frontier(problem, MaxCover(within_s=180), range(6, 12))
    assert {step.status for step in truth.steps} == {"optimal"}
    now_s = [0.0]

    def clock() -> float:
        now_s[0] += 0.01
        return now_s[0]

    timed = frontier(problem, MaxCover(within_s=180), range(6, 12), stop=TimeLimit(1.0, clock))
    assert len(timed.steps) == 6
    assert "stopped" in {step.status for step in timed.steps}
    for step, best_there_is in zip(timed.steps, truth.steps, strict=True):
        assert step.value <= best_there_is.value <= step.bound
        assert step.gap < 0.25


def test_a_gap_ends_each_step_and_none_after_it() -> None:
    heard: list[str] = []
    done: list[Step] = []

    def tell(progress: Progress) -> None:
        heard.append(progress.stage)

    found = frontier(
        open_square(2_000, 120, 0, 5_000),
        MaxCover(within_s=180),
        [6, 8, 10],
        stop=Gap(0.05),
        tell=tell,
        each=done.append,
    )
    assert [step.means for step in found.steps] == [step.means for step in done] == [6, 8, 10]
    assert all(step.gap <= 0.05 for step in found.steps)
    assert heard[0].startswith("p 6: ")
    assert heard[-1].startswith("p 10: ")


def test_cancelled_between_steps_tells_what_is_missing() -> None:
    done: list[Step] = []
    stop = Either((Cancelled(lambda: len(done) >= 2), Gap(0.0)))
    found = frontier(open_square(500, 40, 0, 5_000), MaxCover(within_s=180), range(1, 6), stop=stop, each=done.append)
    assert [step.means for step in found.steps] == [1, 2, 3]  # the third hears it, and keeps what it has
    assert [(m.means, m.why) for m in found.missing] == [(4, "stopped before"), (5, "stopped before")]


def test_ctrl_c_ends_all_steps() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.stage.startswith("p 2"):
            raise KeyboardInterrupt

    found = frontier(open_square(500, 40, 0, 5_000), MaxCover(within_s=180), range(1, 6), tell=interrupt)
    assert [step.means for step in found.steps] == [1, 2]
    assert [missing.means for missing in found.missing] == [3, 4, 5]


@pytest.mark.parametrize(
    ("model", "means", "by", "says"),
    [
        (Cover(within_s=60), None, "p", "ask for the frontier of MaxCover"),
        (MaxCover(within_s=60), [], "p", "at least one p"),
        (MaxCover(within_s=60), [1.5], "p", "p is 1.5: give whole numbers"),
        (MaxCover(within_s=60), [1, 4], "p", "p is 4, but only 3 can be opened"),
        (MaxCover(within_s=60), [-1, 2], "budget", "the budget is -1"),
        (MaxCover(within_s=60), None, "budget", "name the budgets"),
    ],
)
def test_means_that_cannot_be_meant(model: MaxCover | Cover, means: list[float] | None, by: str, says: str) -> None:
    problem = Problem.of(np.ones(3), line_of([0, 1, 2], [0, 1, 2]), Candidates.of(3))
    with pytest.raises(ValueError, match=says):
        frontier(problem, model, means, by="budget" if by == "budget" else "p")


@pytest.mark.shared_data("virginia_beach")
def test_virginia_beach_from_one_to_forty_bases(shared: Path) -> None:
    """1,988 cardiac arrests, 40 stations: a drone at 20 m/s that is under way after 20 s, as the crow flies."""
    with (shared / "ohca.csv").open() as lines:
        arrests = np.array([[float(row["lon"]), float(row["lat"])] for row in csv.DictReader(lines)])
    with (shared / "bases.csv").open() as lines:
        bases = np.array([[float(row["lon"]), float(row["lat"])] for row in csv.DictReader(lines)])
    metres = np.array([math.cos(math.radians(arrests[:, 1].mean())), 1.0]) * 111_195
    apart_m = np.hypot(*((arrests[:, None] - bases[None]) * metres).transpose(2, 0, 1))
    problem = Problem.of(np.ones(len(arrests)), Travel.of_matrix(20 + apart_m / 20))
    covered = frontier(problem, MaxCover(within_s=180), range(1, 41))
    assert [step.status for step in covered.steps] == ["optimal"] * 40
    for model in (Median(), Center(), Percentile()):
        found = frontier(problem, model, (1, 5, 10, 20, 40))
        assert [step.status for step in found.steps] == ["optimal"] * 5
