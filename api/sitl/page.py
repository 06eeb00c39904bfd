"""The report as one HTML file that needs nothing else: verdict, figures, plots, tables."""

from html import escape

from api.html import document, figure, table
from api.sitl.findings import Accuracy, Pair
from api.sitl.plots import errors, heights, map_of
from api.sitl.record import Record
from api.sitl.report import Report


def page(report: Report, record: Record) -> str:
    """The whole document."""
    parts = [
        _head(report),
        _accuracy(report),
        figure("Where they flew", map_of(record, report)),
        figure("Predicted against flown", errors(report)),
        _clocks(report),
        _incidents(report),
        _legs(report),
        _faults(report),
        _zones(report),
        _near(report),
        figure("Heights over time", heights(record)),
        _comparison(report),
        _run(report),
    ]
    return document(f"{report.scenario} on {report.vehicles}", parts)


# ---------------------------------------------------------------- words and tables


def _head(report: Report) -> str:
    failed = [check for check in report.checks if not check.ok]
    verdict = f"{len(report.checks)} checks passed" if not failed else f"{len(failed)} of {len(report.checks)} failed"
    minutes = report.took_s / 60
    rows = [
        f"<h1>{escape(report.scenario)}: {report.drones} drones on {escape(report.vehicles)}</h1>",
        f'<p class="small">{escape(report.city)}, {escape(", ".join(report.airframes))}, {minutes:.0f} min at '
        f"{report.speed:g}× real time, begun {escape(report.began)}</p>",
        f'<p class="verdict {"no" if failed else "ok"}">{verdict}</p>',
    ]
    if failed:
        items = "".join(f"<li><b>{escape(c.group)} {escape(c.name)}</b>: {escape(c.told)}</li>" for c in failed)
        rows.append(f'<ul class="no">{items}</ul>')
    invariants = [check for check in report.checks if check.group == "invariant"]
    rows.append(
        table(
            ("Invariant", "", "Found"),
            [(c.name, _mark(c.ok), c.told) for c in invariants],
        )
    )
    if not report.kept_pace:
        rows.append(f'<p class="no">{too_slow(report)}</p>')
    return "\n".join(rows)


def too_slow(report: Report) -> str:
    """What is to be said where the machine did not keep up."""
    return (
        f"The machine did not keep up: PX4 simulated {report.pace or 0:.2f} s per second. "
        "Flights seem to take longer than they do; do not trust the times of this run."
    )


def _accuracy(report: Report) -> str:
    rows = [
        _accuracy_row("on scene, by the plan in force on arrival", report.accuracy),
        _accuracy_row("of these, not re-planned under way", report.undisturbed),
        _accuracy_row("by the first decision's promise", report.promised),
    ]
    return "<h2>Time on scene: predicted against flown</h2>" + table(
        ("", "#n", "#median |error|", "#P95 |error|", "#bias (mean)", "#worst"), rows
    )


def _accuracy_row(name: str, of: Accuracy) -> tuple[str, ...]:
    values = ("–" if v is None else f"{v:.1%}" for v in (of.median_abs, of.p95_abs))
    signed = ("–" if v is None else f"{v:+.1%}" for v in (of.bias, of.worst))
    return name, str(of.count), *values, *signed


def _clocks(report: Report) -> str:
    rows = [
        (c.name, str(c.count), f"{c.predicted_s:.2f}", f"{c.flown_s:.2f}", f"{c.bias_s:+.2f}", f"{c.bias_share:+.1%}",
         f"{c.spread_s:.2f}")
        for c in report.clocks
    ]  # fmt: skip
    return (
        '<h2>Clock by clock</h2><p class="small">Means over all flights, in seconds. Turnout is from the plan until '
        "off the ground, climb until cruise height, flight out until on scene; a leg ends where its corner is passed."
        "</p>" + table(("clock", "#n", "#predicted", "#flown", "#bias", "#bias", "#spread (σ)"), rows)
    )


def _incidents(report: Report) -> str:
    rows = []
    for f in report.incidents:
        pair = f.on_scene
        timed = ("–",) * 4
        if pair is not None:
            timed = (
                f"{pair.predicted_s:.1f}",
                f"{pair.flown_s:.1f}",
                f"{pair.error_s:+.1f}",
                f"{pair.error_share:+.1%}",
            )
        told = f.told if f.plans < 2 else f"{f.plans} plans; {f.told}"
        rows.append((f.name, f"{f.at_s:.0f}", f.type, f.drone_id, f.outcome, _mark(f.ok), *timed, told))
    return "<h2>Incidents</h2>" + table(
        ("", "#at s", "type", "drone", "outcome", "", "#predicted s", "#flown s", "#error s", "#error", ""), rows
    )


def _legs(report: Report) -> str:
    rows = [(f.name, f.drone_id, p.name, *_pair(p)) for f in report.incidents for p in (*f.clocks, *f.legs)]
    every = table(("incident", "drone", "part", "#predicted s", "#flown s", "#error s", "#error"), rows)
    return f"<details><summary>Every clock and leg of every flight ({len(rows)})</summary>{every}</details>"


def _pair(pair: Pair) -> tuple[str, ...]:
    share = f"{pair.error_share:+.1%}" if pair.predicted_s > 0 else "–"
    return f"{pair.predicted_s:.2f}", f"{pair.flown_s:.2f}", f"{pair.error_s:+.2f}", share


def _faults(report: Report) -> str:
    if not report.faults:
        return ""

    def seconds(value: float | None, digits: int = 1) -> str:
        return "–" if value is None else f"{value:.{digits}f}"

    rows = [
        (f.name, f.drone_id, f.incident_id, seconds(f.at_s, 0), seconds(f.noticed_after_s), f.noticed,
         seconds(f.detected_after_s), f.detected,
         seconds(f.replaced_after_s, 2), f.replaced_by, f.outcome, _mark(f.ok))
        for f in report.faults
    ]  # fmt: skip
    return "<h2>Faults</h2>" + table(
        ("fault", "drone", "incident", "#at s", "#first sign after s", "", "#given up after s", "why",
         "#replacement commanded after s", "drone", "outcome", ""),
        rows,
    )  # fmt: skip


def _zones(report: Report) -> str:
    if not report.zones:
        return ""
    rows = []
    for z in report.zones:
        near = "–" if z.nearest_m is None else f"{z.nearest_m:.1f}"
        who = "" if z.nearest_at_s is None else f"{z.nearest_drone} at {z.nearest_at_s:.0f} s"
        told = "; ".join([*z.breaches, *(f"{d} was inside when it was raised" for d in z.inside_when_raised)])
        rows.append((z.zone_id, z.name, z.kind, f"{z.margin_m:.0f}", near, who, _mark(not z.breaches), told))
    return (
        "<h2>Geozones</h2>"
        '<p class="small">Telemetry against each zone\'s own edge (without its margin), measured on the ellipsoid.</p>'
        + table(("zone", "name", "kind", "#margin m", "#nearest m", "who", "", "breaches"), rows)
    )


def _near(report: Report) -> str:
    if not report.approaches:
        return ""
    rows = [
        (f"{a.one}, {a.other}", f"{a.horizontal_m:.1f}", f"{a.vertical_m:.1f}", _mark(not a.too_near))
        for a in report.approaches
    ]
    return "<h2>Closest approaches of our own drones</h2>" + table(("pair", "#horizontal m", "#vertical m", ""), rows)


def _comparison(report: Report) -> str:
    if report.comparison is None:
        return ""
    c = report.comparison
    rows = [
        (r.name, f"{r.this_s:.1f}", f"{r.other_s:.1f}", f"{r.this_s - r.other_s:+.1f}", f"{r.difference_share:+.1%}",
         "" if r.same_flight else "another drone was sent, or from elsewhere")
        for r in c.incidents
    ]  # fmt: skip
    summary = table(
        ("", "#n", "#median |difference|", "#P95", "#mean", "#worst"),
        [_accuracy_row("time on scene, where the same drone was sent the same way", c.accuracy)],
    )
    return f"<h2>Beside {escape(c.other)}</h2>{summary}" + table(
        ("incident", "#this s", "#other s", "#difference s", "#difference", ""), rows
    )


def _run(report: Report) -> str:
    pace = "" if report.pace is None else f"; PX4 simulated {report.pace:.3f} s per second"
    hz = "–" if report.least_hz is None else f"{report.least_hz:.1f}"
    logs = ", ".join(escape(name) for name in report.logs) or "none"
    return (
        f'<h2>The run</h2><p class="small">Command: <code>{escape(report.command)}</code><br>'
        f"Software: {escape(report.software)}<br>Telemetry of a drone in the air: at least {hz} samples a second "
        f"(engine time).<br>Mean load of the machine: {report.load:.2f} per processor{pace}.<br>"
        f"Flight logs: {logs}.<br>"
        "Beside this page: report.json, junit.xml, tracks.csv, engine.db (the engine's own log).</p>"
    )


def _mark(ok: bool) -> str:
    return "✓" if ok else "✗"
