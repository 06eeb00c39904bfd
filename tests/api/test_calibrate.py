"""``reach180 calibrate``: what it fits, what it says that it cannot fit, what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest

from api.flight_log import armed_spans_s, read_ulog
from dispatch.city_folder import builtin_airframes
from geo.airframe import Airframe, parse_airframes
from geo.calibration import CalibrationError, calibrate, wind_of
from geo.flight import climb_time_s, profile
from tests.api.test_cli import typed
from tests.ulogs import Copter, flown, written

BASE: Airframe = builtin_airframes()["px4-x500"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flight of a copter that draws 180 W hovering, 220 cruising and 300 climbing."""
    copter = Copter(watts={"hover": 180.0, "cruise": 220.0, "climb": 300.0})
    return written(flown(copter), tmp_path_factory.mktemp("logs") / "one.ulg")


def test_it_finds_what_the_copter_can_do(log: Path) -> None:
    found = calibrate([read_ulog(log)], BASE, "mine").airframe
    assert found.speed_mps == pytest.approx(15.0)
    assert found.held_share == pytest.approx(14.4 / 15, abs=0.01)
    assert (found.acceleration_mps2, found.jerk_mps3) == (3.0, 15.0)
    assert found.takeoff_mps == pytest.approx(3.0, rel=0.05)
    assert found.descent_mps == pytest.approx(3.0, rel=0.05)
    assert found.landing_mps == pytest.approx(1.0, rel=0.05)
    assert found.start_s == pytest.approx(1.2, abs=0.3)
    assert found.arm_s + climb_time_s(40.0, found) == pytest.approx(2.5 + 38 / 3 + 0.5, abs=0.3)  # to 2 m below the top
    assert (found.hover_w, found.cruise_w, found.climb_w) == pytest.approx((180.0, 220.0, 300.0), rel=0.02)
    assert found.battery_wh == BASE.battery_wh


def test_how_long_it_was_armed(log: Path) -> None:
    (armed_s,) = armed_spans_s(log)
    (span,) = read_ulog(log).armed_s
    assert armed_s == pytest.approx(span[1] - span[0], abs=0.2)
    assert armed_s > 30.0


def test_a_calibrated_airframe_says_another_flight_better(log: Path) -> None:
    other = Copter()
    other.wait(1.0)
    began_s = other.now_s
    other.fly(600.0)
    flown_s = other.now_s - began_s

    def error(frame: Airframe) -> float:
        way = profile([600.0], [frame.speed_mps * frame.held_share], [], frame)
        return abs((frame.start_s + way.stop_at_s) / flown_s - 1.0)

    calibrated = calibrate([read_ulog(log)], BASE, "mine")
    assert error(calibrated.airframe) < 0.02 < error(BASE)
    assert len(calibrated.errors_share) == 4
    assert np.abs(calibrated.errors_share).max() < 0.02


def test_what_was_not_logged_is_kept_and_the_table_says_why(tmp_path: Path) -> None:
    path = written(flown(Copter()), tmp_path / "dry.ulg")
    found = calibrate([read_ulog(path)], BASE, "mine")
    assert (found.airframe.hover_w, found.airframe.cruise_w) == (BASE.hover_w, BASE.cruise_w)
    notes = {fit.field: fit.note for fit in found.fits if fit.value is None}
    assert notes["hover_w"] == "no battery current was logged"
    assert notes["climb_mps"] == "it never climbed again after its take-off"
    assert wind_of([read_ulog(path)]) is None


def test_the_command_writes_an_entry_that_can_be_read_and_names_its_source(log: Path, tmp_path: Path) -> None:
    to = tmp_path / "airframes.toml"
    told = typed("calibrate", log, "--airframe", "px4-x500", "--name", "ours", "--out", to)
    assert told.exit_code == 0, told.output
    assert "held_share" in told.output
    entry = parse_airframes(to.read_text(encoding="utf-8"))["ours"]
    assert entry.speed_mps == 15.0
    assert "one.ulg" in entry.source
    assert "start_s ±" in entry.source
    again = typed("calibrate", log, "--airframe", "px4-x500", "--name", "ours", "--out", to)
    assert again.exit_code == 2
    assert "already" in again.output
    more = typed("calibrate", log, "--airframe", "ours", "--known", to, "--name", "next", "--out", to)
    assert more.exit_code == 0, more.output
    assert set(parse_airframes(to.read_text(encoding="utf-8"))) == {"ours", "next"}


def test_the_entry_is_judged_by_logs_that_it_was_not_fitted_to(log: Path, tmp_path: Path) -> None:
    other = written(flown(Copter()), tmp_path / "two.ulg")
    told = typed("calibrate", log, "--airframe", "px4-x500", "--check", other)
    assert told.exit_code == 0, told.output
    rms = dict(
        re.findall(r"4 (straight flights of other logs said|the same by px4-x500): RMS error ([\d.]+)%", told.output)
    )
    fitted, before = (float(share) for share in rms.values())
    assert fitted < 2.0 < before
    to = tmp_path / "none.toml"
    bad = typed("calibrate", log, "--airframe", "px4-x500", "--check", tmp_path / "none.ulg", "--out", to)
    assert bad.exit_code == 2
    assert not to.exists()


def test_what_is_no_log_or_cut_off_is_refused(log: Path, tmp_path: Path) -> None:
    whole = log.read_bytes()
    for name, content, why in (
        ("cut.ulg", whole[:-7], "cut off"),
        ("text.ulg", b"time,lat,lon\n", "not a ULog"),
        ("empty.ulg", b"", "not a ULog"),
        ("header.ulg", whole[:16], "no positions"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(CalibrationError, match=why):
            read_ulog(path)
        told = typed("calibrate", path, "--airframe", "px4-x500")
        assert told.exit_code == 2
    assert typed("calibrate", tmp_path / "none.ulg", "--airframe", "px4-x500").exit_code == 2
    assert "no airframe" in typed("calibrate", log, "--airframe", "kite").output


def test_a_log_without_a_flight_is_refused(tmp_path: Path) -> None:
    still, parked = Copter(), Copter()
    still.wait(5.0)
    parked.wait(5.0, armed=False)
    for copter, why in ((still, "never higher than 0.0 m"), (parked, "never armed")):
        with pytest.raises(CalibrationError, match=why):
            calibrate([read_ulog(written(copter, tmp_path / "no.ulg"))], BASE, "mine")


def test_a_hop_shows_nothing(tmp_path: Path) -> None:
    hop = Copter()
    hop.wait(2.0)
    hop.climb_to(3.0, hop.climb_mps)
    hop.wait(2.0)
    hop.climb_to(0.0, hop.landing_mps)
    hop.wait(1.0, armed=False)
    log = read_ulog(written(hop, tmp_path / "hop.ulg"))
    assert len(log.armed_s) == 1
    assert log.commanded["jerk_mps3"] == hop.jerk_mps3
    with pytest.raises(CalibrationError, match=r"hop\.ulg: it flew, but nothing can be fitted"):
        calibrate([log], BASE, "mine")


@pytest.mark.shared_data("flights/sample_log_small.ulg")
def test_a_real_log_from_the_ground_is_refused(shared: Path) -> None:
    with pytest.raises(CalibrationError, match=r"never higher than 0\.0 m"):
        calibrate([read_ulog(shared)], BASE, "mine")


@pytest.mark.shared_data("flights/sample_px4_events.ulg")
def test_a_real_log_of_a_hop_is_read_but_shows_nothing(shared: Path) -> None:
    log = read_ulog(shared)
    assert len(log.armed_s) == 1
    assert log.commanded["jerk_mps3"] == 4.0
    with pytest.raises(CalibrationError, match="nothing can be fitted"):
        calibrate([log], BASE, "mine")
