"""Small problems of every model against every layout there is."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.coverage import (
    Candidates,
    Center,
    Cover,
    Expected,
    InfeasibleError,
    MaxCover,
    Median,
    Model,
    Percentile,
    Problem,
    Reliable,
    Scenario,
    Travel,
    WorstFirst,
    place,
)
from tests.dispatch.coverage.brute import best, judged

LONGEST_S = 12

within = st.integers(1, 10).map(float)
covers = st.builds(MaxCover, within_s=within)
expected = st.builds(Expected, within_s=within, busy=st.sampled_from([0.0, 0.25, 0.6]))
medians = st.just(Median(unserved_s=20.0))
MODELS: dict[str, st.SearchStrategy[Model]] = {
    "LSCP": st.builds(Cover, within_s=within),
    "backup": st.builds(Cover, within_s=within, times=st.integers(2, 3)),
    "partial": st.builds(
        Cover, within_s=within, times=st.integers(1, 3), share=st.sampled_from([0.3, 0.5, 0.75, 0.9, 0.99])
    ),
    "MCLP": covers,
    "deep": st.builds(MaxCover, within_s=within, times=st.integers(2, 3)),
    "MEXCLP": expected,
    "queue": st.builds(
        Reliable,
        within_s=within,
        reliability=st.sampled_from([0.5, 0.8, 0.95]),
        calls_per_h=st.sampled_from([0.3, 1.0, 3.0]),
        busy_s=st.just(1800.0),
    ),
    "p-median": medians,
    "p-center": st.just(Center()),
    "percentile": st.builds(Percentile, share=st.sampled_from([0.5, 0.9, 1.0])),
    "worst": st.builds(WorstFirst, of=covers | expected | medians, over=st.sampled_from(["districts", "scenarios"])),
}

COUNTED = [name for name in MODELS if name not in ("LSCP", "backup", "partial", "queue")]
"""Models that ask what given means can do, not for the fewest."""


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """A few points, a few sites, now and then no way, a standing base, costs, docks, a second scenario."""
    n, m = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole = draw(st.booleans())
    scenarios = []
    for k in range(draw(st.sampled_from([1, 1, 2]))):
        times = numbers.integers(0, LONGEST_S, (n, m)).astype(float)
        times[numbers.random((n, m)) < draw(st.sampled_from([0.0, 0.2]))] = np.inf
        weights = numbers.integers(0, 5, n).astype(float) if whole else numbers.random(n)
        weights[numbers.integers(n)] += 1
        scenarios.append(Scenario(weights=weights, travel=Travel.of_matrix(times), name=f"S{k}", share=float(k + 1)))
    mark = numbers.integers(0, 12, m)
    free = int((mark > 1).sum()) - int((mark == 2).sum())
    forced = [j for j in range(m) if mark[j] == 2]
    p = draw(st.integers(len(forced), max(len(forced), free)))
    sites = Candidates.of(
        m,
        docks=numbers.integers(1, 3, m),
        costs=numbers.integers(1, 4, m).astype(float),
        standing=[j for j in range(m) if mark[j] == 0],
        forbidden=[j for j in range(m) if mark[j] == 1],
        forced=forced,
    )
    means = draw(st.sampled_from(["p", "p", "budget", "none"]))
    return Problem(
        candidates=sites,
        scenarios=tuple(scenarios),
        p=p if means == "p" else None,
        budget=float(sites.costs[forced].sum()) + draw(st.integers(0, 8)) if means == "budget" else None,
        districts=tuple(numbers.choice(["north", "south"], n).tolist()),
    )


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_answer_is_the_best_of_all_layouts(name: str, data: st.DataObject) -> None:
    problem, model = data.draw(problems()), data.draw(MODELS[name])
    truth = best(problem, model)
    if truth is None:
        with pytest.raises(InfeasibleError):
            place(problem, model)
        return
    answer = place(problem, model)
    assert answer.status == "optimal"
    assert math.isclose(answer.value, truth, rel_tol=1e-6, abs_tol=1e-6)
    assert math.isclose(answer.bound, answer.value, rel_tol=1e-6, abs_tol=1e-5)
    y = [0] * len(problem.candidates)
    for j, drones in zip(answer.open_sites, answer.drones, strict=True):
        y[j] = drones
    own = judged(problem, model, tuple(y))
    assert own is not None
    assert math.isclose(own, answer.value, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=25)
@given(data=st.data())
def test_what_is_too_large_for_scip_has_a_layout_and_a_bound_that_hold(data: st.DataObject) -> None:
    problem, model = data.draw(problems()), data.draw(MODELS["deep"] | MODELS["partial"])
    truth = best(problem, model)
    if truth is None:
        return
    with mock.patch("dispatch.coverage.rest.MOST_ENTRIES", -1):
        answer = place(problem, model)
    low, high = (answer.bound, answer.value) if isinstance(model, Cover) else (answer.value, answer.bound)
    assert low - 1e-6 <= truth <= high + 1e-6
