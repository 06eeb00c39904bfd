"""Every fault scenario on embedded vehicles, and on real PX4 where there is a build: the incident is served all the
same, or the reason why not can be read. The same definitions make the table of docs/faults.md."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.faults import SCENARIOS, Result, Run, Scenario, fly
from dispatch.model import SortieState
from simulator.px4 import named_build

SPEED = 8.0
LONG_SILENCE_S = 13.0
"""Wall time: longer than an embedded vehicle waits (COM_DL_LOSS_T, 10 s) before it returns."""

ANSWERED_WITHIN_S = 2.0
"""Of the wall, from when it is known. A vehicle's answers live there: what waits for them is as long at any speed."""


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_embedded(scenario: Scenario, tmp_path: Path) -> None:
    result, run = asyncio.run(fly(scenario, "embedded", tmp_path, speed=SPEED, long_silence_s=LONG_SILENCE_S))
    judge(scenario, result, run)


@pytest.mark.px4
@pytest.mark.skipif(named_build() is None, reason="REACH180_PX4 names no PX4 build")
@pytest.mark.xdist_group("px4")
@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if "px4" in scenario.kinds])
def test_px4(name: str, tmp_path: Path) -> None:
    result, run = asyncio.run(fly(SCENARIOS[name], "px4", tmp_path))
    judge(SCENARIOS[name], result, run)


def judge(scenario: Scenario, result: Result, run: Run) -> None:
    """Served, or an operator can read why not; another drone soon after it is known; no drone launched twice."""
    print(result)
    assert all(result.served), result.outcome
    answered = [at_s for at_s in (result.replaced_s, result.kept_s) if at_s is not None]
    assert all(at_s <= ANSWERED_WITHIN_S for at_s in answered), "another was sent, but not at once"
    match scenario.replaced:
        case True:
            assert result.replaced_s is not None
            assert run.victim not in result.served
        case False:
            assert result.replaced_s is None
            assert not run.victim or run.victim in result.served
        case None:
            assert answered or result.detected_s is None  # at 8 x a drone is there before it counts as late
    assert len(set(result.served)) == len(result.served), "one drone served two at once"
    assert run.engine.operations.failures == 0
    for sortie in run.sorties.values():
        states = [step.state for step in sortie.steps]
        assert states.count(SortieState.COMMANDED) <= 1
        assert all(a.at_s <= b.at_s for a, b in pairwise(sortie.steps))
