"""What a layout is without one of its bases, against every layout there is."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dispatch.codec import to_json
from dispatch.coverage import (
    Candidates,
    Cover,
    InfeasibleError,
    MaxCover,
    Median,
    Problem,
    TimeLimit,
    losses,
    place,
    regrets,
    worth,
)
from tests.dispatch.coverage.brute import best, judged
from tests.dispatch.coverage.instances import line_of, open_square
from tests.dispatch.coverage.test_brute_force import COUNTED, MODELS, problems


@pytest.mark.parametrize("name", COUNTED)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_value_without_a_base_and_the_best_that_could_be_had(name: str, data: st.DataObject) -> None:
    problem, model = data.draw(problems()), data.draw(MODELS[name])
    try:
        answer = place(problem, model)
    except InfeasibleError:
        assume(False)
    whole = np.zeros(len(problem.candidates), np.int64)
    whole[list(answer.open_sites)] = answer.drones
    assert math.isclose(worth(problem, model)(whole), answer.value, rel_tol=1e-9, abs_tol=1e-9)
    without = losses(problem, model, answer)
    regretted = regrets(problem, model, answer)
    assert [loss.site for loss in without] == [regret.site for regret in regretted] == list(answer.open_sites)
    sites = problem.candidates
    for loss, regret in zip(without, regretted, strict=True):
        rest = whole.copy()
        rest[loss.site] = 0
        truth = judged(problem, model, tuple(rest.tolist()))
        if name == "p-median" and not rest.any():
            truth = 20.0  # nobody is served: every point counts unserved_s
        assert truth is not None
        if math.isinf(truth):
            assert loss.value is loss.marginal is regret.value is regret.regret is None
        else:
            assert loss.value is not None
            assert loss.marginal is not None
            assert math.isclose(loss.value, truth, rel_tol=1e-9, abs_tol=1e-9)
            assert math.isclose(loss.marginal, abs(truth - answer.value), rel_tol=1e-9, abs_tol=1e-9)
        here = np.arange(len(sites)) == loss.site
        new = whole - sites.standing
        left = new[loss.site]
        shut = replace(
            problem,
            candidates=replace(
                sites, standing=sites.standing & ~here, forced=sites.forced & ~here, forbidden=sites.forbidden | here
            ),
            p=int(new.sum() - left) if problem.budget is None else None,
            budget=None if problem.budget is None else problem.budget - left * sites.costs[loss.site],
        )
        could = best(shut, model)
        if could is None:
            assert regret.best is None
            continue
        assert regret.best is not None
        assert regret.bound is not None
        assert math.isclose(regret.best, could, rel_tol=1e-6, abs_tol=1e-6)
        assert math.isclose(regret.bound, could, rel_tol=1e-6, abs_tol=1e-5)
        if not math.isinf(truth):
            assert regret.regret is not None
            assert math.isclose(regret.regret, abs(could - truth), rel_tol=1e-5, abs_tol=1e-5)


def test_what_a_full_cover_keeps_without_a_base() -> None:
    """Three towns on a line; the middle base backs both others up, each of them stands alone at its end."""
    problem = Problem.of([5, 1, 3], line_of([0, 60, 120], [0, 60, 120]), Candidates.of(3, forced=[0, 1, 2]))
    once = place(problem, Cover(within_s=60))
    assert [(loss.value, loss.marginal) for loss in losses(problem, Cover(within_s=60), once)] == [(9, 0)] * 3
    twice = place(problem, Cover(within_s=60, times=2))
    assert [(loss.value, loss.marginal) for loss in losses(problem, Cover(within_s=60, times=2), twice)] == [
        (4, 5),
        (1, 8),
        (6, 3),
    ]
    assert [regret.best for regret in regrets(problem, Cover(within_s=60), once)] == [9, 9, 9]
    assert [regret.best for regret in regrets(problem, Cover(within_s=60, times=2), twice)] == [4, 1, 6]


def test_a_lost_base_that_a_better_plan_would_do_without() -> None:
    """Two towns share the middle site. Bases at the ends are as good, until one is lost."""
    problem = Problem.of([4, 4], line_of([0, 100], [0, 50, 100]), p=2)
    ends = place(problem, Median())
    assert ends.open_sites == (0, 2)
    for regret in regrets(problem, Median(), ends):
        assert (regret.value, regret.best, regret.regret, regret.at_most) == (50, 50, 0, 0)
    for regret in regrets(problem, MaxCover(within_s=50), ends):
        assert (regret.value, regret.best, regret.regret, regret.at_most) == (4, 8, 4, 4)
    alone = Problem.of([4, 4], line_of([0, 100], [0, 100]), p=1)
    (lost,) = losses(alone, Median(), place(alone, Median()))
    assert (lost.value, lost.marginal) == (None, None)
    assert "null" in to_json((lost,))


def test_regret_in_time() -> None:
    """Stopped early, what is regretted lies between two numbers."""
    problem = open_square(400, 40, 5, 6_000)
    answer = place(problem, MaxCover(within_s=180), TimeLimit(0.1, itertools.count(0, 0.01).__next__))
    told = regrets(problem, MaxCover(within_s=180), answer, TimeLimit(0.3, itertools.count(0, 0.01).__next__))
    assert [regret.site for regret in told] == list(answer.open_sites)
    for regret in told:
        assert regret.regret is not None
        assert regret.at_most is not None
        assert 0 <= regret.regret <= regret.at_most
