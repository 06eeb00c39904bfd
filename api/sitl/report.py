"""The report of a run: what was found, what had to hold and whether it did; as JSON, JUnit XML and tracks as CSV."""

import csv
import dataclasses
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from api.sitl.audit import ZoneFinding, approaches, samples_hz, zone_findings
from api.sitl.findings import (
    Accuracy,
    ClockTotal,
    FaultFinding,
    IncidentFinding,
    Pair,
    accuracy,
    clock_totals,
    fault_findings,
    incident_findings,
)
from api.sitl.record import Record
from dispatch.codec import CodecError, from_json
from geo.separation import Approach

NEAREST_PAIRS = 10
SAME_FLIGHT_S = 1.0
"""Flights that were predicted to take so nearly the same are put beside each other."""

LEAST_PACE = 0.99
"""A simulation that is slower than that against the clock makes flights seem to take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that had to hold: an incident, a fault or an invariant."""

    group: Literal["incident", "fault", "invariant"]
    name: str
    ok: bool
    told: str
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One incident flown by both: time on scene of this run, and how much longer it is than the other's."""

    name: str
    this_s: float
    other_s: float
    same_flight: bool = False
    """Whether the same drone was sent, by a way of the same length in time: in the air it may have been elsewhere."""

    @property
    def difference_share(self) -> float:
        """The difference as a share of the other's time."""
        return (self.this_s - self.other_s) / self.other_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """This run beside another of the same scenario."""

    other: str
    incidents: tuple[Compared, ...]
    accuracy: Accuracy
    """The differences, as shares of the other's times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was found of one run."""

    scenario: str
    city: str
    vehicles: str
    airframes: tuple[str, ...]
    drones: int
    speed: float
    began: str
    took_s: float
    command: str
    software: str
    unfinished: str
    load: float
    least_hz: float | None
    pace: float | None
    """Seconds that PX4 simulated (by its logs) per second that it should have."""
    accuracy: Accuracy
    """By the plan in force on arrival."""
    undisturbed: Accuracy
    """Of those that were not re-planned under way."""
    promised: Accuracy
    """By the first decision."""
    clocks: tuple[ClockTotal, ...]
    incidents: tuple[IncidentFinding, ...]
    faults: tuple[FaultFinding, ...]
    zones: tuple[ZoneFinding, ...]
    approaches: tuple[Approach, ...]
    checks: tuple[Check, ...]
    logs: tuple[str, ...] = ()
    comparison: Comparison | None = None

    @property
    def kept_pace(self) -> bool:
        """Whether the machine was quick enough for the times to be trusted."""
        return self.pace is None or self.pace >= LEAST_PACE

    @property
    def passed(self) -> bool:
        """Whether everything held that had to."""
        return all(check.ok for check in self.checks)


def report_of(
    record: Record, *, command: str = "", software: str = "", logs: Sequence[str] = (), pace: float | None = None
) -> Report:
    """The report on a record."""
    city, incidents = record.city, incident_findings(record)
    faults, zones, near = fault_findings(record), zone_findings(record), approaches(record)
    rates = [hz for samples in record.samples.values() if (hz := samples_hz(samples)) is not None]
    overall = accuracy(finding.on_scene for finding in incidents)
    checks = [
        *(_incident_check(finding) for finding in incidents),
        *(_fault_check(finding) for finding in faults),
        *_invariants(record, zones, near, overall),
    ]
    return Report(
        scenario=record.scenario.name,
        city=city.name,
        vehicles=record.vehicles,
        airframes=tuple(sorted({drone.airframe for drone in city.drones.values()})),
        drones=len(city.drones),
        speed=record.scenario.speed,
        began=datetime.fromtimestamp(record.began_at_s, UTC).isoformat(timespec="seconds"),
        took_s=record.ended_at_s - record.began_at_s,
        command=command,
        software=software,
        unfinished=record.unfinished,
        load=record.load,
        least_hz=min(rates, default=None),
        pace=pace,
        accuracy=overall,
        undisturbed=accuracy(finding.on_scene for finding in incidents if finding.plans == 1),
        promised=accuracy(finding.promised for finding in incidents),
        clocks=clock_totals(incidents),
        incidents=incidents,
        faults=faults,
        zones=zones,
        approaches=tuple(near[:NEAREST_PAIRS]),
        checks=tuple(checks),
        logs=tuple(logs),
    )


# ---------------------------------------------------------------- what had to hold


def _incident_check(finding: IncidentFinding) -> Check:
    timed = ""
    if finding.on_scene is not None:
        pair = finding.on_scene
        timed = f" by {finding.drone_id} in {pair.flown_s:.1f} s, predicted {pair.predicted_s:.1f}"
    expected = "" if finding.ok else f"; expected: {finding.expect}"
    told = "; ".join(filter(None, (f"{finding.outcome}{timed}{expected}", finding.told)))
    took_s = finding.on_scene.flown_s if finding.on_scene is not None else 0.0
    return Check(group="incident", name=finding.name, ok=finding.ok, told=told, took_s=took_s)


def _fault_check(finding: FaultFinding) -> Check:
    parts = [f"{finding.drone_id}: {finding.outcome}"]
    if finding.detected_after_s is not None:
        parts.append(f"detected after {finding.detected_after_s:.1f} s ({finding.detected})")
    if finding.replaced_after_s is not None:
        parts.append(f"{finding.replaced_by} commanded {finding.replaced_after_s:.2f} s after that")
    return Check(group="fault", name=finding.name, ok=finding.ok, told="; ".join(parts))


def _invariants(
    record: Record, zones: Sequence[ZoneFinding], near: Sequence[Approach], overall: Accuracy
) -> list[Check]:
    def check(name: str, ok: bool, told: str) -> Check:
        return Check(group="invariant", name=name, ok=ok, told=told)

    breached = [f"{zone.zone_id}: {', '.join(zone.breaches)}" for zone in zones if zone.breaches]
    close = [approach for approach in near if approach.too_near]
    checks = [
        check("the scenario was flown to its end", not record.unfinished, record.unfinished or "it was"),
        check(
            "no drone entered a closed zone",
            not breached,
            "; ".join(breached) or f"none of {len(zones)} zones was entered",
        ),
        check(
            "own drones kept apart (30 m, or 10 m in height)",
            not close,
            "; ".join(map(str, close[:5])) or (f"nearest: {near[0]}" if near else "no two were in the air at once"),
        ),
        check("every drone was down at the end", not record.in_air, ", ".join(record.in_air) or "all of them"),
        check("no event ended in an error", record.defects == 0, f"{record.defects} did"),
    ]
    limits = record.scenario.limits
    for name, limit, value in (
        ("median absolute error of time on scene", limits.median_error_share, overall.median_abs),
        ("95th percentile of the absolute error", limits.p95_error_share, overall.p95_abs),
        ("bias of time on scene", limits.bias_share, overall.bias),
    ):
        if limit is not None:
            held = value is not None and abs(value) <= limit
            told = "nobody came on scene" if value is None else f"{value:+.1%} of {overall.count}, limit {limit:.1%}"
            checks.append(check(name, held, told))
    return checks


# ---------------------------------------------------------------- beside another


def compared(report: Report, other: Report, named: str) -> Report:
    """The report with a comparison to another run of the same scenario.

    Raises ``ValueError`` where the two have no incident in common.
    """
    others = {finding.name: finding for finding in other.incidents}
    rows = []
    for finding in report.incidents:
        theirs = others.get(finding.name)
        if theirs is not None and finding.promised is not None and theirs.promised is not None:
            said_s = abs(finding.promised.predicted_s - theirs.promised.predicted_s)
            same = finding.drone_id == theirs.drone_id and said_s <= SAME_FLIGHT_S
            this_s, other_s = finding.promised.flown_s, theirs.promised.flown_s
            rows.append(Compared(name=finding.name, this_s=this_s, other_s=other_s, same_flight=same))
    if not rows:
        raise ValueError(f"{named} has no incident in common that both served: is it of the same scenario?")
    shares = _shares([row.difference_share for row in rows if row.same_flight])
    return dataclasses.replace(
        report, comparison=Comparison(other=f"{other.vehicles}, {other.began}", incidents=tuple(rows), accuracy=shares)
    )


def _shares(shares: Sequence[float]) -> Accuracy:
    return accuracy(Pair(name="", predicted_s=1.0, flown_s=1.0 + share) for share in shares)


# ---------------------------------------------------------------- files


def write_files(folder: Path, report: Report, record: Record) -> None:
    """``report.json``, ``junit.xml`` and ``tracks.csv``."""
    text = json.dumps(dataclasses.asdict(report), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "junit.xml").write_text(junit(report), encoding="utf-8")
    with (folder / "tracks.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ("drone", "at_s", "longitude_deg", "latitude_deg", "height_m", "ground_speed_mps", "battery_share", "mode",
             "in_air")
        )  # fmt: skip
        for drone_id, samples in sorted(record.samples.items()):
            for s in samples:
                place = f"{s.longitude_deg:.7f}", f"{s.latitude_deg:.7f}"
                rows.writerow(
                    (drone_id, f"{s.at_s - record.began_at_s:.2f}", *place, f"{s.height_m:.2f}",
                     f"{s.ground_speed_mps:.2f}", f"{s.battery_share:.3f}", s.mode, int(s.in_air))
                )  # fmt: skip


def read_report(path: Path) -> Report:
    """A ``report.json``. Raises ``ValueError`` that names the file and what is wrong with it."""
    try:
        return from_json(Report, path.read_bytes())
    except CodecError as error:
        raise ValueError(f"{path}: {error}") from error


def junit(report: Report) -> str:
    """One test case per incident, fault and invariant."""
    failed = sum(not check.ok for check in report.checks)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name={quoteattr(report.scenario)} tests="{len(report.checks)}" failures="{failed}" '
        f'time="{report.took_s:.1f}">',
    ]
    for group, of_group in itertools.groupby(report.checks, key=lambda check: check.group):
        checks = list(of_group)
        failures = sum(not check.ok for check in checks)
        lines.append(
            f'  <testsuite name="{group}s" tests="{len(checks)}" failures="{failures}" timestamp="{report.began}">'
        )
        for check in checks:
            lines.append(
                f"    <testcase classname={quoteattr(f'{report.scenario}.{group}')} name={quoteattr(check.name)} "
                f'time="{check.took_s:.1f}">'
            )
            told = escape(check.told)
            lines.append(f"      <system-out>{told}</system-out>" if check.ok else f"      <failure>{told}</failure>")
            lines.append("    </testcase>")
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"
