"""Engine time goes on, whatever happens to the system's clock."""

import dataclasses
import time
from pathlib import Path

import pytest

from dispatch.clock import WallClock
from dispatch.model import IncidentStatus, SortieState
from dispatch.operations import restored
from dispatch.store import Change, Store
from tests.dispatch.sky import sky_of
from tests.dispatch.worlds import base, drone, incident, situation

HOUR_S = 3600.0


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_a_jump_of_the_systems_clock_moves_nothing(by_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    real, clock = time.time, WallClock()
    before_s = clock.now_s()
    monkeypatch.setattr(time, "time", lambda: real() + by_s)
    assert 0 <= clock.now_s() - before_s < 5


def test_a_clock_that_was_set_back_while_the_engine_stood_goes_on_where_the_log_ends() -> None:
    log_ends_s = time.time() + HOUR_S
    assert WallClock(log_ends_s).now_s() == pytest.approx(log_ends_s, abs=5)
    assert WallClock(log_ends_s - 2 * HOUR_S).now_s() == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize("state", [SortieState.COMMANDED, SortieState.EN_ROUTE, SortieState.RETURNING])
def test_an_hour_that_is_missing_costs_a_drone_nothing(state: SortieState, tmp_path: Path) -> None:
    """The engine stood, or the clock was put forward meanwhile: the deadlines of before have all passed."""
    sky = sky_of(situation([base("B1", 0, 0)], [drone("D1", "B1")]), [incident("I1", 800, 0, watch_s=5.0)])
    sky.until_state("D1", state)
    told = len(sky.orders("D1"))
    for vehicle in sky.vehicles.values():
        vehicle.move(sky.step_s, sky.now_s + HOUR_S)
    with Store.open(f"sqlite:///{tmp_path / 'log.db'}") as store:
        changes = [Change(kind="sortie", subject_id=s.id, at_s=sky.now_s, value=s) for s in sky.sorties.values()]
        changes += [Change(kind="incident", subject_id="I1", at_s=sky.now_s, value=sky.incident("I1"))]
        store.append(changes)
        sky.situation = restored(dataclasses.replace(sky.situation, now_s=sky.now_s + HOUR_S), store)
    sky.until(lambda: sky.incident("I1").status is IncidentStatus.CLOSED)
    assert sky.situation.withdrawn == {}
    assert "StandDown" not in sky.orders("D1")[told:]
    assert SortieState.FAILED not in {step.state for step in sky.sortie("D1").steps}
