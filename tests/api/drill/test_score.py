"""What is not met is told so: the score of a drill that went well, and of the same with one thing wrong in it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from api.drill.form import Drill, load_drill
from api.drill.here import play
from api.drill.score import score_of
from api.sitl.record import Asked, Record
from dispatch.model import Gap
from tests.api.drill.files import small_drill
from tests.cities import FRAME


@pytest.fixture(scope="module")
def went_well(tmp_path_factory: pytest.TempPathFactory, city_folder: Path) -> tuple[Drill, Record]:
    path = tmp_path_factory.mktemp("drill") / "small.toml"
    path.write_text(small_drill(city_folder), encoding="utf-8")
    drill = load_drill(path)
    return drill, play(drill)


def first_id(record: Record) -> str:
    return record.asked[0].incident_id or ""


def late(record: Record) -> Record:
    incident = record.incidents[first_id(record)]
    clocks = replace(incident.clocks, on_scene_at_s=incident.clocks.reported_at_s + 121.0)
    return replace(record, incidents={**record.incidents, incident.id: replace(incident, clocks=clocks)})


def unwatched(record: Record) -> Record:
    incident = record.incidents[first_id(record)]
    began_s = incident.clocks.on_scene_at_s or 0.0
    gap = Gap(from_at_s=began_s + 5.0, until_at_s=began_s + 38.0)
    return replace(record, incidents={**record.incidents, incident.id: replace(incident, gaps=(gap,))})


def unanswered(record: Record) -> Record:
    planned = {asked.incident_id for asked in record.asked}
    return replace(record, incidents={id_: i for id_, i in record.incidents.items() if id_ in planned})


def elsewhere(record: Record) -> Record:
    """The answer's report is of another place."""
    planned = {asked.incident_id for asked in record.asked}
    moved = {
        id_: i if id_ in planned else replace(i, position=FRAME.position((900.0, 900.0)))
        for id_, i in record.incidents.items()
    }
    return replace(record, incidents=moved)


def without_zone(record: Record) -> Record:
    return replace(record, zones=tuple(span for span in record.zones if span.zone.id != "training"))


def breached(record: Record) -> Record:
    samples = dict(record.samples)
    drone_id = next(id_ for id_, told in samples.items() if any(s.in_air for s in told))
    place = FRAME.position((-550.0, -550.0))
    at = next(k for k, s in enumerate(samples[drone_id]) if s.in_air and s.height_m > 30.0)
    there = replace(samples[drone_id][at], longitude_deg=place.longitude_deg, latitude_deg=place.latitude_deg)
    samples[drone_id] = (*samples[drone_id][:at], there, *samples[drone_id][at + 1 :])
    return replace(record, samples=samples)


def too_near(record: Record) -> Record:
    one = next(id_ for id_, told in record.samples.items() if any(s.in_air for s in told))
    other = next(id_ for id_ in record.samples if id_ != one)
    return replace(record, samples={**record.samples, other: record.samples[one]})


def refused(record: Record) -> Record:
    asked = Asked(planned=record.asked[0].planned, refused="inside_geozone")
    return replace(record, asked=(asked, *record.asked[1:]))


def away(record: Record) -> Record:
    return replace(record, in_air=("D3",))


def test_it_went_well(went_well: tuple[Drill, Record]) -> None:
    score = score_of(*went_well)
    assert score.passed
    assert [answer.after_s for answer in score.answers] == [10.0, 10.0]
    assert score.to_json()["passed"] is True
    assert score_of(went_well[0], replace(went_well[1], unfinished="it was interrupted")).passed is False


def test_unanswered_it_is_not_passed(went_well: tuple[Drill, Record]) -> None:
    drill, _ = went_well
    left = score_of(drill, play(drill, answers=False))
    assert [result.kind for result in left.objectives if not result.met] == ["answered"]
    assert [answer.after_s for answer in left.answers] == [None, None]
    assert not left.passed


@pytest.mark.parametrize(
    ("spoil", "missed"),
    [
        (late, "on_scene"),
        (unwatched, "watched"),
        (unanswered, "answered"),
        (elsewhere, "answered"),
        (without_zone, "answered"),
        (breached, "no_breach"),
        (too_near, "apart"),
        (refused, "as_expected"),
        (away, "all_home"),
    ],
)
def test_one_thing_wrong_is_one_objective_missed(
    went_well: tuple[Drill, Record], spoil: Callable[[Record], Record], missed: str
) -> None:
    drill, record = went_well
    score = score_of(drill, spoil(record))
    assert missed in {result.kind for result in score.objectives if not result.met}
    assert not score.passed
