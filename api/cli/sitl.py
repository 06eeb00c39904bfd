"""``reach180 sitl``: a scenario flown by real PX4 in simulation, or by embedded vehicles, and the report on it."""

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.common import err, out, plain_errors
from api.logs import configure_logging
from api.sitl.findings import Accuracy
from api.sitl.job import fly_and_report
from api.sitl.report import Report
from api.sitl.run import RunError
from simulator.px4 import Px4Build, Px4Error, named_build


@plain_errors
def sitl(
    scenario: Annotated[str, typer.Option(help="a scenario file (TOML), or the name of a shipped one: proving-ground")],
    px4: Annotated[Path | None, typer.Option(help="a PX4 SITL build; REACH180_PX4 if left out")] = None,
    embedded: Annotated[bool, typer.Option("--embedded", help="embedded vehicles instead of PX4")] = False,
    vehicles: Annotated[int | None, typer.Option(min=1, help="only the first so many drones of the city")] = None,
    speed: Annotated[float | None, typer.Option(min=0.1, max=50, help="simulated seconds per second")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="folder of the report; a new one if left out")] = None,
    against: Annotated[Path | None, typer.Option(help="report.json of another run, to be put beside this one")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """Fly a scenario through the live engine and leave a report; exit code 1 where something did not hold."""
    configure_logging(verbose=verbose)
    if px4 is not None and embedded:
        raise ValueError("--px4 and --embedded: one of them")
    try:
        build = None if embedded else (Px4Build(px4.resolve()) if px4 is not None else named_build())
        if build is None and not embedded:
            raise ValueError("which vehicles? --px4 BUILD (or REACH180_PX4) for real PX4, --embedded for embedded ones")
        folder = to or Path("var") / f"sitl-{time.strftime('%Y%m%d-%H%M%S')}"
        report = fly_and_report(
            scenario,
            folder,
            build=build,
            vehicles=vehicles,
            speed=speed,
            against=against,
            command=_command(px4),
            tell=lambda what: err.print(what, highlight=False, markup=False),
        )
    except (Px4Error, RunError) as error:
        raise ValueError(str(error)) from error
    _print(report, folder)
    raise typer.Exit(0 if report.passed else 1)


def _command(px4: Path | None) -> str:
    """What was typed, without the place of the build: a report is read on other machines."""
    typed = ["BUILD" if px4 is not None and Path(word) == px4 else word for word in sys.argv[1:]]
    return shlex.join(["reach180", *typed])


def _print(report: Report, folder: Path) -> None:
    table = Table(title=f"{report.scenario}: {report.drones} drones on {report.vehicles}, time on scene")
    table.add_column("")
    for name in ("n", "median |error|", "P95 |error|", "bias", "worst"):
        table.add_column(name, justify="right")
    _row(table, "plan in force", report.accuracy)
    _row(table, "first promise", report.promised)
    if report.comparison is not None:
        _row(table, f"beside {report.comparison.other}", report.comparison.accuracy)
    out.print(table)
    clocks = Table(title="clock by clock, means in s")
    clocks.add_column("")
    for name in ("n", "predicted", "flown", "bias", "bias share", "σ"):
        clocks.add_column(name, justify="right")
    for c in report.clocks:
        values = f"{c.predicted_s:.2f}", f"{c.flown_s:.2f}", f"{c.bias_s:+.2f}", f"{c.bias_share:+.1%}"
        clocks.add_row(c.name, str(c.count), *values, f"{c.spread_s:.2f}")
    out.print(clocks)
    for check in report.checks:
        if not check.ok:
            out.print(f"FAILED {check.group} {check.name}: {check.told}", style="red", markup=False, highlight=False)
    if not report.kept_pace:
        out.print(f"the machine did not keep up (pace {report.pace:.2f}): do not trust these times", style="yellow")
    passed = sum(check.ok for check in report.checks)
    out.print(f"{passed} of {len(report.checks)} checks passed; {folder / 'report.html'}", highlight=False)


def _row(table: Table, name: str, of: Accuracy) -> None:
    values = ("–" if v is None else f"{v:.1%}" for v in (of.median_abs, of.p95_abs))
    signed = ("–" if v is None else f"{v:+.1%}" for v in (of.bias, of.worst))
    table.add_row(name, str(of.count), *values, *signed)
