"""Recorded calls as rows of a city: what a record tells is taken, what it leaves open is its type's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dispatch.city import Place
from dispatch.city_folder import find_city, load_city
from dispatch.demand import CallsError
from dispatch.model import IncidentType
from geo.frame import LocalFrame
from geo.position import Position
from simulator.city.history import SameEvent, recorded
from simulator.city.places import gathered, nearest, places_of_city, places_of_records
from simulator.city.rows import Places
from simulator.records import Records, read_calls

FRAME = LocalFrame(Position(10.5, 48.25))
TYPES = {
    "fire": IncidentType(code="fire", name_en="Fire", name_zh="火警", priority=1, watch_s=600.0),
    "crash": IncidentType(code="crash", name_en="Crash", name_zh="事故", priority=3, watch_s=120.0),
}
HEADER = "time,lat,lon,type,priority,arrival,cleared,source"


@pytest.fixture
def records_of(tmp_path: Path) -> Callable[..., Records]:
    def read(*rows: tuple[float, tuple[float, float], str]) -> Records:
        """Rows of seconds after a midnight, metres from the origin, and the rest of the columns."""
        lines = [HEADER]
        for at_s, (east_m, north_m), rest in rows:
            place = FRAME.position((east_m, north_m))
            lines.append(f"{1_735_689_600 + at_s},{place.latitude_deg:.9f},{place.longitude_deg:.9f},{rest}")
        path = tmp_path / "calls.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_calls(path, datum="WGS-84")

    return read


def at(*xy_m: tuple[float, float]) -> Places:
    return gathered(FRAME, np.array(xy_m), np.ones(len(xy_m)), cell_m=1.0)


def test_what_a_record_tells_is_taken_and_what_it_leaves_open_is_its_types(records_of: Callable[..., Records]) -> None:
    records = records_of(
        (0.0, (10.0, 0.0), "FIRE,2,1735689960,1735691400,phone"),
        (60.0, (990.0, 0.0), "CRASH,,,,"),
        (120.0, (990.0, 0.0), "FALSE ALARM FIRE,,,1735690320,phone"),
        (180.0, (0.0, 0.0), "CROWD,1,,,"),
        (240.0, (4000.0, 0.0), "CRASH,5,1735690000,1735689900,"),
    )
    history = recorded(records, at((0.0, 0.0), (1000.0, 0.0)), FRAME, TYPES)
    rows = history.calls
    assert history.types == ("crash", "fire")
    assert history.sources == ("", "phone")
    assert rows["at_s"].tolist() == [1_735_689_600.0 + at_s for at_s in (0, 60, 120, 240)]
    assert rows["place"].tolist() == [0, 1, 1, 1]
    assert rows["type"].tolist() == [1, 0, 1, 0]
    assert rows["priority"].tolist() == [2, 3, 1, 5]
    assert rows["source"].tolist() == [1, 0, 1, 0]
    assert rows["false_alarm"].tolist() == [False, False, True, False]
    assert rows["watch_s"].tolist() == [1440.0, 120.0, 600.0, 120.0]
    assert rows["ground_s"][[0, 3]].tolist() == [360.0, 160.0]
    assert np.isnan(rows["ground_s"][[1, 2]]).all()
    assert not rows["merged"].any()
    assert len(set(rows["chance"].tolist())) == 4
    assert history.record.tolist() == [0, 1, 2, 4]
    assert history.lost == 1
    assert [(tally.reason, tally.count) for tally in history.told] == [
        ("calls of a type that the city does not have", 1),
        ("calls moved more than 1000 m to the nearest place", 1),
        ("ends before the first unit's arrival, left to the type", 1),
    ]
    by_type = recorded(records, at((0.0, 0.0)), FRAME, TYPES, watch_recorded=False)
    assert by_type.calls["watch_s"].tolist() == [600.0, 120.0, 600.0, 120.0]


def test_blocks_are_the_calls_in_order(records_of: Callable[..., Records]) -> None:
    records = records_of(*((60.0 * k, (0.0, 0.0), "FIRE,,,,") for k in range(7)))
    history = recorded(records, at((0.0, 0.0)), FRAME, TYPES)
    assert [len(block) for block in history.blocks(3)] == [3, 3, 1]
    assert np.concatenate(list(history.blocks(3))).tobytes() == history.calls.tobytes()


def test_reports_near_the_first_of_an_event_are_merged_into_it(records_of: Callable[..., Records]) -> None:
    records = records_of(
        (0.0, (0.0, 0.0), "FIRE,,,,"),
        (100.0, (80.0, 0.0), "FIRE,,,,"),  # of the first
        (110.0, (80.0, 0.0), "CRASH,,,,"),  # another type
        (150.0, (160.0, 0.0), "FIRE,,,,"),  # near the second only, which is none of its own
        (160.0, (71.0, 71.0), "FIRE,,,,"),  # 100.4 m off, though near by either axis
        (170.0, (150.0, 10.0), "FIRE,,,,"),  # of the fourth
        (290.0, (0.0, 0.0), "FIRE,,,,"),  # of the first
        (310.0, (0.0, 0.0), "FIRE,,,,"),  # too late for that; 301 s before
    )
    history = recorded(records, at((0.0, 0.0)), FRAME, TYPES, same_event=SameEvent(within_m=100.0, within_s=300.0))
    assert history.event.tolist() == [0, 0, 2, 3, 4, 3, 0, 7]
    assert history.calls["merged"].tolist() == [False, True, False, False, False, True, True, False]


def test_a_city_that_has_none_of_the_types_has_no_calls(records_of: Callable[..., Records]) -> None:
    records = records_of((0.0, (0.0, 0.0), "FIRE,,,,"))
    history = recorded(records, at((0.0, 0.0)), FRAME, {}, same_event=SameEvent())
    assert (len(history), history.lost, list(history.blocks())) == (0, 1, [])


# --- places ---


def test_points_are_gathered_by_cell_at_their_mean_with_their_weights() -> None:
    xy_m = np.array([(10.0, 10.0), (90.0, 30.0), (510.0, 10.0), (2000.0, 2000.0)])
    named = [
        Place(id=name, name=name, name_zh=name, position=FRAME.position(xy))
        for name, xy in (("W", (0, 0)), ("E", (600, 0)))
    ]
    places = gathered(FRAME, xy_m, np.array([1.0, 3.0, 4.0, 0.0]), people=np.array([5.0, 6.0, 7.0, 8.0]), named=named)
    assert places.xy_m.tolist() == [[70.0, 25.0], [510.0, 10.0]]
    assert places.weights.tolist() == [0.5, 0.5]
    assert places.people.tolist() == [11.0, 7.0]
    assert [places.districts[k] for k in places.district] == ["W", "E"]
    which, far_m = nearest(places, np.array([(70.0, 28.0), (400.0, 10.0)]))
    assert (which.tolist(), far_m.tolist()) == ([0, 1], [3.0, 110.0])


def test_h3_cells_gather_what_lies_in_the_same_hexagon() -> None:
    chance = np.random.default_rng(1)
    xy_m = chance.uniform(-2000, 2000, (500, 2))
    places = gathered(FRAME, xy_m, np.ones(500), h3_resolution=8)
    _, far_m = nearest(places, xy_m)
    assert 20 <= len(places) <= 45  # 16 km² of hexagons of about 0.74 km², those cut at the edge too
    assert far_m.max() < 1100.0  # no hexagon is wider
    assert places.weights.sum() == pytest.approx(1.0)


def test_a_citys_places_lie_on_its_open_ground_and_weigh_as_its_model_does() -> None:
    city = load_city(find_city("kunshan"))
    coarse, fine = (places_of_city(city, cell_m=cell_m) for cell_m in (1000.0, 500.0))
    assert len(fine) > 3 * len(coarse)
    assert set(np.array(fine.districts)[fine.district]) == {place.name for place in city.places}
    for places in (coarse, fine):
        assert places.weights.sum() == pytest.approx(1.0)
    shares = [np.bincount(places.district, places.weights, len(city.places)) for places in (coarse, fine)]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_what_cannot_be_is_refused(records_of: Callable[..., Records]) -> None:
    with pytest.raises(ValueError, match="nowhere a call could be"):
        gathered(FRAME, np.zeros((2, 2)), np.zeros(2))
    with pytest.raises(ValueError, match="0 m"):
        gathered(FRAME, np.zeros((2, 2)), np.ones(2), cell_m=0.0)
    with pytest.raises(ValueError, match="resolution of 16"):
        places_of_records(records_of((0.0, (0.0, 0.0), "FIRE,,,,")), FRAME, h3_resolution=16)
    with pytest.raises(CallsError, match="1,000,000"):
        places_of_city(load_city(find_city("kunshan")), cell_m=1.0)
