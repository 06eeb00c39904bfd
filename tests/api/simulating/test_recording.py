"""A recorded run looked at a window at a time: what is in it, whatever the blocks of its file; and the ways flown."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from api.simulating import recording as recordings
from api.simulating.flown import flights_of
from api.simulating.recording import Recording, Row, WindowError, next_late, recording, window
from api.simulating.run import run
from api.simulating.study import Study
from dispatch.sky import airways_of, frame_of
from geo.flight import climb_time_s, descent_s
from simulator.city.bare import bare_world
from simulator.city.outcome_file import OutcomeFile, OutcomeFileError, read_about, read_sky
from simulator.city.run import Trouble
from tests.cities import write_city


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A busy day: drones are sent on from the air, taken away and lost, and who waits too long is given up."""
    folder = tmp_path_factory.mktemp("recording")
    trouble = Trouble(refused_share=0.05, patience_s=120.0)
    study = Study(
        plans=(str(write_city(folder / "probe")),), replications=1, days=1, warm_up_s=3600, growth=12, wind="6@300",
        trouble=trouble,
    )  # fmt: skip
    (path,) = run(study, record=folder).recorded
    return recording(path)


@pytest.fixture(scope="module")
def every(told: Recording) -> list[Row]:
    rows: list[Row] = pq.read_table(told.path).to_pylist()
    assert len(rows) > 1000
    return [row for row in rows if row["fate"] != "merged"]


@pytest.fixture(scope="module")
def in_blocks(told: Recording) -> Recording:
    """The same run in many blocks, as a long one has."""
    path = told.path.with_name("blocks.parquet")
    pq.write_table(pq.read_table(told.path), path, row_group_size=97)
    return recording(path)


def windows(told: Recording) -> list[tuple[float, float]]:
    chance = np.random.default_rng(5)
    begins_s = chance.uniform(told.about.from_s - 100, told.about.until_s, 25)
    return [(at_s, at_s + float(span_s)) for at_s, span_s in zip(begins_s, chance.uniform(1, 4000, 25), strict=True)]


def test_a_window_has_all_that_was_under_way_and_nothing_else(told: Recording, every: list[Row]) -> None:
    for from_s, until_s in windows(told):
        found = window(told, from_s, until_s)
        under_way = []
        for row in every:
            ends_s = {"served": row["returned_s"], "open": np.inf}.get(row["fate"], row["ended_s"])
            if row["at_s"] < until_s and row["at_s"] + ends_s >= from_s:
                under_way.append(row)
        assert found == sorted(under_way, key=lambda row: int(row["call"]))
    assert {row["fate"] for row in every} == {"served", "lost", "open"}
    assert all(row["ended_s"] > 0 for row in every if row["fate"] == "lost")  # somebody waited


def test_the_blocks_of_a_file_change_nothing(told: Recording, in_blocks: Recording) -> None:
    assert len(in_blocks.blocks) > 10 > len(told.blocks)
    assert in_blocks.course.incidents.tolist() == told.course.incidents.tolist()
    for from_s, until_s in windows(told):
        assert window(told, from_s, until_s) == window(in_blocks, from_s, until_s)
        assert next_late(told, from_s) == next_late(in_blocks, from_s)


def test_the_course_and_the_next_late_are_the_rows(told: Recording, every: list[Row]) -> None:
    about, course = told.about, told.course
    late = [row for row in every if row["on_scene_s"] is None or row["on_scene_s"] > about.promise_s]
    assert course.incidents.sum() == len(every)
    assert course.within.sum() == len(every) - len(late) < len(every)
    hour = [row for row in every if 0 <= row["at_s"] - about.from_s - 7200 < 3600]
    assert course.incidents[2] == len(hour) > 30
    for after_s, _ in windows(told):
        after = [row for row in late if row["at_s"] > after_s]
        soonest = min(after, key=lambda row: row["at_s"]) if after else None
        assert next_late(told, after_s) == (soonest and {"call": soonest["call"], "at_s": soonest["at_s"]})
    assert next_late(told, about.until_s) is None


def test_what_cannot_be_told_is_refused(told: Recording, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(WindowError, match="is no window"):
        window(told, told.about.until_s, told.about.from_s)
    monkeypatch.setattr(recordings, "MOST_INCIDENTS", 30)
    with pytest.raises(WindowError, match=r"incidents were under way in these 7,200 s, and no more than 30 are told"):
        window(told, told.about.measured_from_s, told.about.measured_from_s + 7200)
    with pytest.raises(OutcomeFileError, match=r"none.parquet: cannot be read: No such file"):
        recording(tmp_path / "none.parquet")
    bare = tmp_path / "bare.parquet"
    with OutcomeFile(bare, bare_world(np.ones((1, 1)), [0]), told.about):
        pass
    with pytest.raises(OutcomeFileError, match=r"bare.parquet: it does not tell in which sky"):
        recording(bare)


def test_the_ways_are_those_that_were_flown(told: Recording) -> None:
    """Each takes as long as its clocks say: rising before it and coming down after it are all that is left."""
    about = told.about
    rows = window(told, about.measured_from_s, about.measured_from_s + 6 * 3600)
    situation = told.situations[0]
    airframe, height_m = situation.airframes["sprinter"], situation.rules.cruise_height_m
    airways, frame = airways_of(situation, height_m), frame_of(situation)
    docked = bent = 0
    for row in rows:
        flights = flights_of(told, row)
        assert (flights.out is None) == (row["drone"] is None), row
        if flights.out is None:
            continue
        out = flights.out
        assert out.until_s == pytest.approx(row["at_s"] + row["on_scene_s"])
        assert (out.line[-1].longitude_deg, out.line[-1].latitude_deg) == pytest.approx(
            (row["longitude_deg"], row["latitude_deg"])
        )
        if row["launched_s"] >= row["decided_s"]:
            docked += 1
            climbs_s = out.from_s - row["at_s"] - row["launched_s"]
            assert climbs_s == pytest.approx(climb_time_s(height_m, airframe), abs=0.002)  # float32, milliseconds
        elif row["decided_s"] < row["on_scene_s"]:
            assert out.from_s - row["at_s"] - row["decided_s"] == pytest.approx(
                situation.rules.decision_s + situation.rules.uplink_s, abs=0.002
            )
        xy = frame.xy_of(list(out.line))
        assert not airways.blocked(xy[:-1], xy[1:]).any()
        bent += len(out.line) > 2
        if flights.home is not None:
            assert row["at_s"] + row["returned_s"] - flights.home.until_s == pytest.approx(
                descent_s(height_m, airframe), abs=0.01
            )
    assert docked > 50
    assert docked < sum(row["drone"] is not None for row in rows)  # some were sent on from the air
    assert bent > 3  # round the zone


def test_the_sky_is_kept_with_the_run(told: Recording) -> None:
    sky = read_sky(told.path)
    assert sky == told.sky
    assert sky is not None
    wind = sky.at(told.about.until_s).wind
    assert (wind.speed_mps, wind.from_deg) == (6.0, 300.0)
    assert set(sky.situation.zones) == {"depot"}
    assert read_about(told.path) == told.about
