"""The rehearsal before the first alarm: it goes all the way, and leaves nothing behind."""

from dataclasses import replace
from typing import Any

import pytest

from dispatch import decide as decided
from dispatch.codec import to_json
from dispatch.model import Situation
from dispatch.rehearsal import rehearse
from geo.wind import Wind
from tests.dispatch.worlds import base, drone, flying, incident, situation

BASES = (base("B1", 0, 0), base("B2", 3000, 0))


def world() -> Situation:
    return situation(BASES, [drone("D1", "B1"), drone("D2", "B2")], [incident("I1", 1500, 100)])


def test_it_decides_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Situation] = []
    monkeypatch.setattr("dispatch.lifecycle.decide", lambda one: asked.append(one) or decided.decide(one))
    here = replace(world(), withdrawn={"D1": "a broken propeller"})
    before = to_json(here)
    rehearse(here)
    assert to_json(here) == before
    assert [list(one.incidents) for one in asked][:1] == [["rehearsal"]]
    assert "D1" not in asked[0].withdrawn, "all are taken to be ready, so that all is gone through"


@pytest.mark.parametrize(
    "changes",
    [
        {"drones": {}},
        {"wind": Wind(60.0, 0.0)},
        {"states": {"D1": flying("D1", 500, 0)}},
        {"bases": {"B1": base("B1", 0, 0)}, "drones": {"D1": drone("D1", "B1")}},
    ],
)
def test_no_situation_stops_the_start(changes: dict[str, Any]) -> None:
    rehearse(replace(world(), **changes))
