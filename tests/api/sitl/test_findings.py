"""The figures of a report on a record whose figures are known."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from api.sitl.audit import approaches, armed_s, samples_hz, zone_findings
from api.sitl.findings import Pair, accuracy, clock_totals, fault_findings, incident_findings
from api.sitl.job import leave
from api.sitl.record import Broken, Notice, ZoneSpan
from api.sitl.report import compared, junit, read_report, report_of
from api.sitl.scenario import PlannedFault
from dispatch.model import IncidentStatus, SortieState
from geo.airspace import Circle
from geo.flight import descent_s, leg_profile
from simulator.faults import ProcessKilled
from tests.api.sitl.flown import CORNER_M, T0, TOTAL_S, record, zone

FAULT = PlannedFault(
    name="process_killed 1", kind="process_killed", fault=ProcessKilled(), at_s=None, drone_id=None, incident="01",
    state=SortieState.EN_ROUTE, after_s=0.0, mend_after_s=None,
)  # fmt: skip


def test_time_on_scene_is_held_against_the_plan() -> None:
    (found,) = incident_findings(record())
    assert (found.outcome, found.ok, found.drone_id, found.plans) == ("served", True, "D1", 1)
    assert found.on_scene == Pair(name="on scene", predicted_s=TOTAL_S, flown_s=52.0)
    assert found.promised == Pair(name="promised", predicted_s=TOTAL_S, flown_s=52.0)
    assert found.on_scene.error_share == pytest.approx(0.04)


def test_every_clock_and_leg() -> None:
    asked = record()
    (found,) = incident_findings(asked)
    clocks = {pair.name: (pair.predicted_s, pair.flown_s) for pair in found.clocks}
    airframe = asked.city.airframes["px4-x500"]
    assert clocks == {
        "turnout": (4.0, 4.0),
        "climb": (14.0, 15.0),
        "flight out": (32.0, 33.0),
        "way home": (35.0, 36.0),
        "descent": (descent_s(40.0, airframe), 23.0),
    }
    first, last = found.legs
    plan = asked.sorties["D1.1"][0][1].out
    assert first.predicted_s == pytest.approx(1.0 + leg_profile(plan.legs, airframe, 300.0, height_m=40.0).seen_at_s)
    assert first.flown_s == pytest.approx(14.0, abs=0.2)
    assert first.predicted_s + last.predicted_s == pytest.approx(32.0)
    assert first.flown_s + last.flown_s == pytest.approx(33.0)


def test_a_drone_re_planned_under_way_is_held_against_the_plan_in_force() -> None:
    asked = record()
    versions = list(asked.sorties["D1.1"])
    new = replace(versions[2][1].out, time=replace(versions[2][1].out.time, cruise_s=20.0))
    again = replace(versions[2][1], out=new, planned_at_s=T0 + 25.0)
    later = [(at_s, replace(v, out=new, planned_at_s=T0 + 25.0)) for at_s, v in versions[3:]]
    asked = replace(asked, sorties={"D1.1": (*versions[:3], (T0 + 25.0, again), *later)})
    (found,) = incident_findings(asked)
    assert found.plans == 2
    assert found.on_scene == Pair(name="on scene", predicted_s=41.0, flown_s=27.0)
    assert found.promised is not None
    assert found.promised.flown_s == 52.0
    assert next(pair.name for pair in found.clocks) == "flight out", "it did not begin at its dock"
    assert "re-planned" in found.told
    report = report_of(asked)
    assert (report.accuracy.count, report.undisturbed.count) == (1, 0)


def test_accuracy_is_of_shares() -> None:
    pairs = [Pair(name="", predicted_s=100.0, flown_s=100.0 + error) for error in (-2.0, 1.0, 3.0, 10.0)]
    found = accuracy([*pairs, None])
    assert (found.count, found.median_abs, found.bias, found.worst) == pytest.approx((4, 0.025, 0.03, 0.1))
    assert found.p95_abs == pytest.approx(0.0895)  # between 3 and 10
    assert accuracy([]).median_abs is None
    (total,) = [t for t in clock_totals(incident_findings(record())) if t.name == "climb"]
    assert (total.count, total.bias_s, total.bias_share) == pytest.approx((1, 1.0, 1 / 14))


def test_a_zone_that_was_entered_is_found_and_one_that_was_passed_is_measured() -> None:
    asked = record()
    spans = [
        ZoneSpan(zone=zone(asked.scenario, "passed", 207.0, 100.0), from_s=T0 - 10.0),
        ZoneSpan(zone=zone(asked.scenario, "entered", 180.0, 100.0), from_s=T0 - 10.0),
        ZoneSpan(zone=zone(asked.scenario, "lifted", 180.0, 100.0), from_s=T0 - 10.0, until_s=T0 + 30.0),
        ZoneSpan(zone=replace(zone(asked.scenario, "above", 180.0, 100.0), floor_m=60.0), from_s=T0 - 10.0),
        ZoneSpan(zone=replace(zone(asked.scenario, "stay in", -10.0, -10.0, 400.0), kind="inclusion"), from_s=T0),
        ZoneSpan(zone=replace(zone(asked.scenario, "left", -10.0, -10.0, 250.0), kind="inclusion"), from_s=T0),
    ]
    found = {finding.zone_id: finding for finding in zone_findings(replace(asked, zones=tuple(spans)))}
    assert [id_ for id_, finding in found.items() if finding.breaches] == ["entered", "left"]
    assert found["passed"].nearest_m == pytest.approx(7.0, abs=0.05)
    assert found["stay in"].nearest_m == pytest.approx(10.0, abs=0.05)
    assert found["entered"].breaches[0].startswith("D1 at ")
    assert found["above"].nearest_m is None


def test_a_circle_is_round_on_the_ellipsoid() -> None:
    asked = record()
    round_ = replace(
        zone(asked.scenario, "round", 0.0, 0.0),
        ground=Circle(centre=asked.city.frame.position((260.0, 150.0)), radius_m=50.0),
    )
    (found,) = zone_findings(replace(asked, zones=(ZoneSpan(zone=round_, from_s=T0),)))
    assert found.nearest_m == pytest.approx(10.0, abs=0.05)


def test_a_drone_that_a_zone_is_raised_over_may_leave_it() -> None:
    asked = record()
    at_corner = zone(asked.scenario, "raised", CORNER_M[0] - 20, CORNER_M[1] - 20, 60.0)
    (found,) = zone_findings(replace(asked, zones=(ZoneSpan(zone=at_corner, from_s=T0 + 33.0),)))
    assert found.inside_when_raised == ("D1",)
    assert not found.breaches or "D1 at 3" not in found.breaches[0]


def test_two_drones_that_came_too_near_are_named() -> None:
    asked = record()
    assert approaches(asked) == []
    near = tuple(replace(s, latitude_deg=s.latitude_deg + 0.0002) for s in asked.samples["D1"])  # 22 m north
    report = report_of(replace(asked, samples={**asked.samples, "D2": near}))
    (failed,) = [check for check in report.checks if not check.ok and "apart" in check.name]
    assert "D1 and D2: 22." in failed.told


def test_telemetry_and_armed_spans_are_counted() -> None:
    track = record().samples["D1"]
    assert samples_hz(track) == pytest.approx(5.0)
    assert armed_s(track) == pytest.approx([119.2], abs=0.3)


def test_a_fault_is_told_from_its_detection_to_the_replacement() -> None:
    asked = record()
    notices = (
        Notice(at_s=T0 + 10.0, drone_id="D1", what="something before the fault"),
        Notice(at_s=T0 + 26.0, drone_id="D1", what="not healthy"),
        Notice(at_s=T0 + 28.0, drone_id="D1", what="link lost", gives_up=True),
    )
    broken = Broken(planned=FAULT, at_s=T0 + 25.0, drone_id="D1", incident_id="I-000001")
    other = replace(asked.sorties["D1.1"][0][1], id="D2.1", drone_id="D2")
    asked = replace(
        asked,
        broken=(broken,),
        notices=notices,
        sorties={**asked.sorties, "D2.1": ((T0 + 28.0, other),)},
        launched=((T0 + 3.0, "D1.1"), (T0 + 28.5, "D2.1")),
    )
    (found,) = fault_findings(asked)
    assert (found.noticed, found.noticed_after_s) == ("not healthy", 1.0)
    assert (found.detected, found.detected_after_s) == ("link lost", 3.0)
    assert (found.replaced_by, found.replaced_after_s, found.ok) == ("D2", 0.5, True)
    late = replace(asked, launched=((T0 + 31.0, "D2.1"),))
    assert not fault_findings(late)[0].ok, "later than 2 s after it was detected"


def test_an_incident_that_nobody_serves_fails_unless_that_is_expected() -> None:
    asked = record()
    open_ = replace(
        asked.incidents["I-000001"],
        status=IncidentStatus.OPEN,
        clocks=replace(asked.incidents["I-000001"].clocks, on_scene_at_s=None),
        waits_because="no drone is able",
    )
    asked = replace(asked, incidents={"I-000001": open_})
    (found,) = incident_findings(asked)
    assert (found.outcome, found.ok) == ("unserved: no drone is able", False)
    planned = replace(asked.asked[0].planned, expect="unserved")
    (found,) = incident_findings(replace(asked, asked=(replace(asked.asked[0], planned=planned),)))
    assert found.ok


def test_the_files_hold_what_was_found(tmp_path: Path) -> None:
    asked = record()
    report = report_of(asked, command="reach180 sitl --x <y>", software="PX4 v1")
    leave(tmp_path, report, asked)
    assert read_report(tmp_path / "report.json") == report
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert "://" not in page, "it needs nothing else"
    assert "reach180 sitl --x &lt;y&gt;" in page
    suites = ElementTree.fromstring(junit(report))
    cases = suites.findall("./testsuite/testcase")
    assert len(cases) == len(report.checks) == int(suites.attrib["tests"])
    failed = [case.attrib["name"] for case in cases if case.find("failure") is not None]
    assert failed == [check.name for check in report.checks if not check.ok]
    assert failed == ["median absolute error of time on scene", "bias of time on scene"], "4 % is more than 3 and 2"
    assert len((tmp_path / "tracks.csv").read_text().splitlines()) == 651


def test_two_runs_beside_each_other(tmp_path: Path) -> None:
    asked = record()
    this, other = report_of(asked), report_of(asked)
    slower = replace(this.incidents[0], promised=Pair(name="promised", predicted_s=50.0, flown_s=54.6))
    found = compared(replace(this, incidents=(slower,)), other, "other.json").comparison
    assert found is not None
    assert found.accuracy.bias == pytest.approx(0.05)
    with pytest.raises(ValueError, match="no incident in common"):
        compared(this, replace(other, incidents=()), "other.json")
    (tmp_path / "no.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"no\.json: not a Report"):
        read_report(tmp_path / "no.json")
