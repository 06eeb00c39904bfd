"""``reach180 plan``: where bases must stand, with the proof.

Ends with 0 when there is a layout (the report says how sure it is), 2 for bad input, 3 for a promise that cannot be
kept, 130 when Ctrl-C came before there was a layout. Ctrl-C later keeps the best so far: files are written, exit 0.
"""

import json
import math
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from api.cli.common import err, out, plain_errors
from api.planning.demand import DemandSource
from api.planning.report import figures
from api.planning.study import Done, Study, Watch, run
from api.planning.words import clock_words, ended, ignoring_words, kept, proof_words, question
from dispatch.coverage import InfeasibleError, Progress
from dispatch.placement import GOALS, Ask, Goal, Promise

WIDE, SHOWN = 140, 40
INFEASIBLE, INTERRUPTED = 3, 130


@plain_errors
def plan(
    city: Annotated[
        str | None, typer.Option(help="a built-in city's name or a city folder; none: as the data lie")
    ] = None,
    demand: Annotated[
        Path | None,
        typer.Option(help="CSV, Parquet, GeoParquet, GeoJSON, GeoPackage or GeoTIFF; the city's call model"),
    ] = None,
    sites: Annotated[
        list[str] | None,
        typer.Option(help="bases, candidates (the city's), grid:1km, or a file; may be repeated"),
    ] = None,
    within: Annotated[float, typer.Option("--time", help="T in seconds")] = 180.0,
    share: Annotated[float | None, typer.Option(help="share of the demand that is promised, as 0.9; all")] = None,
    times: Annotated[int, typer.Option(help="by so many different bases")] = 1,
    model: Annotated[
        str | None, typer.Option(help=f"{', '.join(GOALS)}; cover, or maxcover where --bases or --budget is given")
    ] = None,
    bases: Annotated[int | None, typer.Option(help="new bases at most (drones, for expected)")] = None,
    budget: Annotated[float | None, typer.Option(help="what new bases may cost at most")] = None,
    busy: Annotated[float, typer.Option(help="for expected: share of the time that a drone is busy")] = 0.3,
    standing: Annotated[
        list[str] | None, typer.Option(help="ids of sites with a base already, by commas; bases: the city's")
    ] = None,
    forced: Annotated[list[str] | None, typer.Option(help="ids of sites that must have a base")] = None,
    forbidden: Annotated[list[str] | None, typer.Option(help="ids of sites that must have none")] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="column of the demand's weights; several, as NAME:SHARE, are scenarios of growth"),
    ] = None,
    district: Annotated[str | None, typer.Option(help="column of the demand's districts, for worst-district")] = None,
    hours: Annotated[
        str | None, typer.Option(help="bands of the day, as 0,8,16: demand by its time, the zones then in force")
    ] = None,
    datum: Annotated[str | None, typer.Option(help="datum of files that do not state theirs")] = None,
    time_zone: Annotated[str, typer.Option(help="of times in the demand that state none")] = "UTC",
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="leave wrong rows out and count them")] = False,
    airframe: Annotated[str | None, typer.Option(help="airframe that every base has; the city's first")] = None,
    area: Annotated[
        Path | None,
        typer.Option(help="GeoJSON of the area for demand, grids and maps; the city's outline"),
    ] = None,
    zones: Annotated[
        list[Path] | None, typer.Option(help="file of geozones, beside the city's; may be repeated")
    ] = None,
    wind: Annotated[str | None, typer.Option(help="m/s@degrees that it blows from, as 6@300; the city's")] = None,
    wind_rose: Annotated[Path | None, typer.Option(help="CSV of winds: speed_mps, from_deg, share")] = None,
    at: Annotated[str | None, typer.Option(help="local time whose geozones hold, ISO 8601; now")] = None,
    longest: Annotated[
        str | None, typer.Option(help="flights longer than this do not count, as 600s; by the model and the battery")
    ] = None,
    frontier: Annotated[str | None, typer.Option(help="also the best layouts of A..B new bases, as 1..40")] = None,
    ignoring: Annotated[
        bool, typer.Option("--ignoring", help="also say what a plan without wind and zones would do")
    ] = False,
    limit: Annotated[
        str, typer.Option(help="time for the layout; again for the frontier, again for --ignoring")
    ] = "60s",
    to: Annotated[Path | None, typer.Option("--out", help="folder for the report (plan.html) and its files")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the plan as JSON")] = False,
) -> None:
    """Say where bases must stand: the best layout for a promise, its proof, and what the next base buys."""
    goal = _goal(model, bases, budget, share)
    study = Study(
        ask=Ask(
            goal=goal,
            promise=Promise(within_s=within, share=share, times=times),
            p=bases,
            budget=budget,
            busy=busy,
            cutoff_s=None if longest is None else seconds(longest, "--longest"),
        ),
        city=city,
        demand=None
        if demand is None
        else DemandSource(
            path=demand,
            datum=datum,
            weight=tuple(weight or ()),
            district=district,
            time_zone=time_zone,
            skip_wrong=skip_wrong,
        ),
        sites=tuple(sites or (("candidates",) if city is not None else ())),
        standing=_ids(standing),
        forced=_ids(forced),
        forbidden=_ids(forbidden),
        airframe=airframe,
        area=area,
        zones=tuple(zones or ()),
        datum=datum,
        at=at,
        wind=wind,
        wind_rose=wind_rose,
        hours=_hours(hours),
        limit_s=seconds(limit, "--limit"),
        frontier=_range(frontier),
        ignoring=ignoring,
    )
    try:
        done = _watched(study)
    except InfeasibleError as error:
        err.print(f"[bold red]cannot be kept:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(INFEASIBLE) from error
    except KeyboardInterrupt as end:
        err.print("stopped before there was a layout: nothing is written")
        raise typer.Exit(INTERRUPTED) from end
    written: tuple[Path, ...] = ()
    if to is not None:
        # matplotlib takes a second to import, and most commands draw nothing
        from api.planning.outputs import write_all

        written = write_all(to, done, shlex.join(["reach180", *sys.argv[1:]]))
    if as_json:
        out.print_json(json.dumps(figures(done), allow_nan=False))
        return
    _tell(done)
    if written:
        out.print(f"written: {', '.join(str(path) for path in written)}", highlight=False, soft_wrap=True)


def seconds(text: str, what: str) -> float:
    """``60s``, ``90``, ``5min`` or ``1h`` in seconds."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*(s|min|h)?\s*", text)
    if found is None:
        raise ValueError(f"{what} {text!r} must be a time, as 60s, 5min or 1h")
    return float(found[1]) * {"min": 60.0, "h": 3600.0}.get(found[2] or "s", 1.0)


def _goal(model: str | None, bases: int | None, budget: float | None, share: float | None) -> Goal:
    if model is None:
        return "maxcover" if share is None and (bases is not None or budget is not None) else "cover"
    found = next((goal for goal in GOALS if goal == model), None)
    if found is None:
        raise ValueError(f"unknown model {model!r}; known are {', '.join(GOALS)}")
    return found


def _hours(text: str | None) -> tuple[float, ...]:
    try:
        return () if text is None else tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"--hours {text!r} must be hours by commas, as 0,8,16") from error


def _ids(given: list[str] | None) -> tuple[str, ...]:
    return tuple(word.strip() for one in given or () for word in one.split(",") if word.strip())


def _range(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+)\s*\.\.\s*(\d+)\s*", text)
    if found is None:
        raise ValueError(f"--frontier {text!r} must be A..B, as 1..40")
    return int(found[1]), int(found[2])


def _watched(study: Study) -> Done:
    """The study done, with a bar that shows value, bound and gap."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn()
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def work(what: str, part: float) -> None:
            bar.update(task, description=what, completed=part, total=1.0)

        def tell(part: str, progress: Progress) -> None:
            gap = f"gap {progress.gap:.2%}" if math.isfinite(progress.gap) else "no bound yet"
            told = f"{part}, {progress.stage}: {progress.value:,.6g}, bound {progress.bound:,.6g}, {gap}"
            done = 1.0 - min(1.0, progress.gap) if math.isfinite(progress.gap) else 0.0
            bar.update(task, description=told, completed=done, total=1.0)

        return run(study, Watch(work=work, tell=tell))


def _tell(done: Done) -> None:
    console = out if out.is_terminal else Console(width=WIDE)
    layout = done.planned.layout
    for one in done.prepared.inputs:
        console.print(f"read {one.name}: {one.told}", highlight=False, markup=False)
    if layout.dropped:
        console.print(f"{len(layout.dropped)} sites of the grid lie in zones and were left out", highlight=False)
    console.print(f"asked: {question(layout.ask)}", highlight=False, markup=False)
    colour = "bold green" if layout.proof.status == "optimal" else "bold yellow"
    console.print(f"[{colour}]{escape(proof_words(layout.proof, layout))}[/]", highlight=False)
    console.print(f"{kept(layout)}. {clock_words(layout)}", highlight=False, markup=False)
    if told := ended(done):
        console.print(f"[bold red]{told}[/]", highlight=False)
    console.print(_bases(done))
    if done.frontier is not None:
        console.print(_frontier(done))
    if told := ignoring_words(done):
        console.print(told, highlight=False, markup=False)


def _bases(done: Done) -> Table:
    layout = done.planned.layout
    whole = max(layout.demand, 1e-12)
    table = Table(title=f"{len(layout.bases)} bases, {layout.new_bases} new", title_justify="left")
    for name in ("site", "name", ""):
        table.add_column(name, overflow="fold")
    for name in ("drones", "sees first", "covers", "lost without it", "mean s", "later s"):
        table.add_column(name, justify="right")
    for base in sorted(layout.bases, key=lambda base: -base.first)[:SHOWN]:
        shares = (f"{part / whole:.1%}" for part in (base.first, base.covered, base.lost))
        mean = f"{base.mean_s:.0f}" if base.first > 0 else "–"
        words = (escape(base.site.id), escape(base.site.name), "stands" if base.site.standing else "new")
        table.add_row(*words, str(base.drones), *shares, mean, f"{base.later_s:.1f}")
    if len(layout.bases) > SHOWN:
        table.caption = f"and {len(layout.bases) - SHOWN} more: see --out or --json"
    return table


def _frontier(done: Done) -> Table:
    assert done.frontier is not None, "asked only where there is one"
    table = Table(title="what every further base buys", title_justify="left")
    for name in ("new bases", f"best ({done.frontier.unit})", "bound", "gap"):
        table.add_column(name, justify="right")
    for step in done.frontier.steps:
        gap = "proven" if step.status == "optimal" else f"{step.gap:.2%}"
        table.add_row(f"{step.means:g}", f"{step.value:,.6g}", f"{step.bound:,.6g}", gap)
    for one in done.frontier.missing:
        table.add_row(f"{one.means:g}", "–", "–", escape(one.why))
    return table
