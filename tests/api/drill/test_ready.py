"""Every drill that comes with the program: played here, its objectives met, and the same again to the byte."""

import json
from functools import cache

import pytest

from api.drill.form import Drill, find_drill, load_drill, shipped
from api.drill.here import play
from api.drill.score import score_of
from api.sitl.record import Record
from dispatch.codec import to_json

DRILLS = ("chemical-fire", "market-fire", "night-flood", "north-storm", "stadium-event")


@cache
def played(name: str) -> tuple[Drill, Record]:
    """A shipped drill, and what was seen of it."""
    drill = load_drill(find_drill(name))
    return drill, play(drill)


def test_there_are_these() -> None:
    assert tuple(shipped()) == DRILLS


@pytest.mark.parametrize("name", DRILLS)
def test_it_is_played_and_passed(name: str) -> None:
    drill, record = played(name)
    assert drill.scenario.city.id == "kunshan"
    assert all(len(text) > 20 for text in (drill.introduction_en, drill.introduction_zh))
    score = score_of(drill, record)
    assert [(result.asked, result.found) for result in score.objectives if not result.met] == []
    assert score.passed
    assert score.answers
    assert {incident.name for incident in score.incidents} == {i.name for i in drill.scenario.incidents}


def test_the_same_again_to_the_byte() -> None:
    drill, first = played("market-fire")
    second = play(drill)
    assert log_of(first) == log_of(second)
    assert json.dumps(score_of(drill, first).to_json()) == json.dumps(score_of(drill, second).to_json())


def log_of(record: Record) -> str:
    """All that was seen, as text."""
    return to_json([record.incidents, record.decisions, record.sorties, record.samples, record.zones])
