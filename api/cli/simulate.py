"""``reach180 simulate``: what a layout would do under a policy, with intervals.

Ends with 0 when it was simulated (the report says what holds of the promise), 2 for bad input and for workers that
cannot be had, 130 when Ctrl-C came before every layout and policy had one replication. Ctrl-C later keeps the
replications that all have: files are written, exit 0.
"""

import json
import math
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
from api.cli.plan import INTERRUPTED, WIDE, seconds
from api.given import metres
from api.simulating.ground import BUSY_S, KNOWN, SPREAD, GroundSource, ground_source
from api.simulating.report import figures
from api.simulating.run import Arm, Done, Watch, run
from api.simulating.study import REPLICATIONS, USUAL, CallSource, Study
from api.simulating.words import HEADLINES, NOTE, begun, better_words, between, first_words, promise_words, regret_words
from dispatch.policies import policy_names
from simulator.city.experiment import differences
from simulator.city.figures import FIGURES, INDEX
from simulator.city.outages import Outages
from simulator.city.run import NO_TROUBLE, RunError, Trouble
from simulator.city.sweep import SweepError


@plain_errors
def simulate(
    plans: Annotated[
        list[str], typer.Argument(help="a city folder, a built-in city's name, or a layout.geojson of reach180 plan")
    ],
    calls: Annotated[
        Path | None, typer.Option(help="call records, CSV or Parquet; none: the city's own call model")
    ] = None,
    fit: Annotated[
        bool | None,
        typer.Option(
            "--fit/--replay",
            help="draw calls from a model fitted to the records, or replay them; replay, if --replications is 1",
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(policy_names())}, or a plug-in's; NAME:DIAL sets a dial; may be repeated"),
    ] = None,
    replications: Annotated[int | None, typer.Option(help=f"{REPLICATIONS}; 1 where records are replayed")] = None,
    seed: Annotated[int, typer.Option(help="what all chance hangs on")] = 1,
    share: Annotated[float, typer.Option(help="share of incidents that is promised")] = 0.9,
    begin: Annotated[str | None, typer.Option("--from", help="first measured local day or time, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="end of what is measured")] = None,
    days: Annotated[float | None, typer.Option(help="how long is measured; 28, or as long as the records")] = None,
    warm_up: Annotated[str, typer.Option(help="simulated before that and not measured, as 24h")] = "24h",
    growth: Annotated[float, typer.Option(help="so many times the calls, where they are drawn")] = 1.0,
    city: Annotated[str | None, typer.Option(help="the city that layouts are for, if it is not the plan's")] = None,
    cell: Annotated[str, typer.Option(help="calls lie on the middles of cells of this size")] = "500m",
    wind: Annotated[str | None, typer.Option(help="m/s@degrees that it blows from, as 6@300; the city's")] = None,
    wind_rose: Annotated[
        Path | None, typer.Option(help="CSV of winds: speed_mps, from_deg, share; drawn by the hour")
    ] = None,
    weather: Annotated[Path | None, typer.Option(help="weather by the hour, CSV or Parquet")] = None,
    stations: Annotated[
        str | None,
        typer.Option(
            help="ground units: a file of points (its column units: how many, 1), candidates (the city's sites), or "
            "records (fitted to the calls)"
        ),
    ] = None,
    turnout: Annotated[str | None, typer.Option(help="ground units: from the report until they roll, as 90s")] = None,
    road_speed: Annotated[float | None, typer.Option(help="ground units: m/s along the road")] = None,
    road_spread: Annotated[
        float | None, typer.Option(help=f"ground units: standard deviation of the logarithm of their times; {SPREAD}")
    ] = None,
    unit_busy: Annotated[
        str | None, typer.Option(help=f"ground units: how long they work on scene; {BUSY_S:g}s")
    ] = None,
    refused: Annotated[float, typer.Option(help="trouble: share of launches that are refused")] = 0.0,
    lost: Annotated[float, typer.Option(help="trouble: drones lost per hour of flight on the way out")] = 0.0,
    repair: Annotated[str, typer.Option(help="trouble: how long a drone is then missing")] = "1h",
    drone_fails: Annotated[
        str | None, typer.Option(help="outages: a drone fails on the ground after so long on average, as 500h; never")
    ] = None,
    drone_repair: Annotated[str, typer.Option(help="outages: how long it is then out, on average")] = "24h",
    dock_fails: Annotated[str | None, typer.Option(help="outages: the same of a dock; never")] = None,
    dock_repair: Annotated[str, typer.Option(help="outages: how long it is then out, on average")] = "24h",
    patience: Annotated[
        str | None, typer.Option(help="trouble: who has waited longer for a drone is given up; for ever")
    ] = None,
    pilots: Annotated[int | None, typer.Option(help="how many pilots; no limit")] = None,
    per_pilot: Annotated[int, typer.Option(help="drones in the air for each pilot")] = 1,
    datum: Annotated[str | None, typer.Option(help="datum of records that do not state theirs")] = None,
    time_zone: Annotated[str | None, typer.Option(help="of local times in the records; the city's")] = None,
    regret: Annotated[
        bool,
        typer.Option("--regret", help="how far each policy stays behind who knew all calls; takes long"),
    ] = False,
    workers: Annotated[int, typer.Option(help="processes that work at it; the figures are the same to the byte")] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="scheduler of a Dask cluster that works at it, as tcp://host:8786")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="folder for the report (simulation.html) and files")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the figures as JSON")] = False,
) -> None:
    """Say what response times a city or a planned layout would give, and which policy is better, with intervals."""
    fitted = replications != 1 if fit is None else fit
    source = None if calls is None else CallSource(path=calls, fitted=fitted, datum=datum, time_zone=time_zone)
    once = source is not None and not source.fitted
    study = Study(
        plans=tuple(plans),
        policies=tuple(policy or USUAL),
        city=city,
        calls=source,
        growth=growth,
        begins=begin,
        ends=until,
        days=days,
        warm_up_s=seconds(warm_up, "--warm-up"),
        replications=replications if replications is not None else 1 if once else REPLICATIONS,
        seed=seed,
        promised=share,
        wind=wind,
        wind_rose=wind_rose,
        weather=weather,
        ground=_ground(stations, datum, turnout, road_speed, road_spread, unit_busy),
        trouble=_trouble(refused, lost, repair, patience, pilots, per_pilot),
        outages=Outages(
            drone_fails_after_h=math.inf if drone_fails is None else _hours(drone_fails, "--drone-fails"),
            drone_repair_h=_hours(drone_repair, "--drone-repair"),
            dock_fails_after_h=math.inf if dock_fails is None else _hours(dock_fails, "--dock-fails"),
            dock_repair_h=_hours(dock_repair, "--dock-repair"),
        ),
        regret=regret,
        cell_m=metres(cell, "--cell"),
    )
    if workers < 1:
        raise ValueError("--workers must be at least 1")
    if workers > 1 and cluster is not None:
        raise ValueError("--workers are processes of this machine, --cluster has its own: give one of them")
    try:
        done = _watched(study, to, workers, cluster)
    except (RunError, SweepError) as error:
        raise ValueError(str(error)) from error
    except KeyboardInterrupt as end:
        err.print("stopped before every layout and policy had a replication: nothing is told")
        raise typer.Exit(INTERRUPTED) from end
    written: tuple[Path, ...] = ()
    if to is not None:
        # matplotlib takes a second to import, and most commands draw nothing
        from api.simulating.outputs import write_all

        written = write_all(to, done, shlex.join(["reach180", *sys.argv[1:]]))
    if as_json:
        out.print_json(json.dumps(figures(done), allow_nan=False))
        return
    _tell(done)
    if written:
        out.print(f"written: {', '.join(str(path) for path in written)}", highlight=False, soft_wrap=True)


def _trouble(
    refused: float, lost: float, repair: str, patience: str | None, pilots: int | None, per_pilot: int
) -> Trouble:
    if not (0 <= refused <= 1 and lost >= 0):
        raise ValueError(f"--refused {refused:g} must be a share from 0 to 1, --lost {lost:g} at least 0")
    if (pilots is not None and pilots < 1) or per_pilot < 1:
        raise ValueError("--pilots and --per-pilot must be at least 1")
    return Trouble(
        refused_share=refused,
        lost_per_hour=lost,
        repair_s=seconds(repair, "--repair"),
        most_in_air=NO_TROUBLE.most_in_air if pilots is None else pilots * per_pilot,
        patience_s=NO_TROUBLE.patience_s if patience is None else seconds(patience, "--patience"),
    )


def _hours(text: str, what: str) -> float:
    hours = seconds(text, what) / 3600
    if hours == 0:
        raise ValueError(f"{what} must be above 0")
    return hours


def _ground(
    stations: str | None,
    datum: str | None,
    turnout: str | None,
    speed: float | None,
    spread: float | None,
    busy: str | None,
) -> GroundSource | None:
    known = next((word for word in KNOWN if word == stations), None)
    return ground_source(
        known if known or stations is None else Path(stations),
        datum=datum,
        turnout_s=None if turnout is None else seconds(turnout, "--turnout"),
        road_mps=speed,
        spread=spread,
        busy_s=None if busy is None else seconds(busy, "--unit-busy"),
    )


def _watched(study: Study, to: Path | None, workers: int, cluster: str | None) -> Done:
    """The study done, with a bar."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn()
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("reading", total=1.0)
        watch = Watch(tell=lambda what, share: bar.update(task, description=escape(what), completed=share))
        return run(study, watch, record=to, workers=workers, cluster=cluster)


def _tell(done: Done) -> None:
    console = out if out.is_terminal else Console(width=WIDE)

    def say(text: str, colour: str = "") -> None:
        console.print(f"[{colour}]{escape(text)}[/]" if colour else escape(text), highlight=False, soft_wrap=True)

    for one in done.prepared.inputs:
        say(f"read {one.name}: {one.told}")
    say(f"calls: {done.prepared.calls_told}")
    if done.prepared.ground_told:
        say(f"ground units: {done.prepared.ground_told}")
    say(begun(done))
    if done.stopped:
        say("Stopped by hand: fewer replications than asked for.", "bold red")
    colours = {"met": "bold green", "not met": "bold red", "not yet decidable": "bold yellow"}
    for arm in done.arms:
        for priority, verdict in done.verdicts(arm).items():
            say(f"{arm.name}: {promise_words(verdict)}", colours[verdict.status] if priority is None else "")
        for told in (first_words(arm), regret_words(arm)):
            if told is not None:
                say(f"{arm.name}: {told}")
    console.print(_figures(done))
    for arm in done.arms[1:]:
        console.print(_differences(done.arms[0], arm))
    say(NOTE)


def _figures(done: Done) -> Table:
    table = Table(title="figures, with 95 % intervals", title_justify="left")
    table.add_column("")
    for arm in done.arms:
        table.add_column(escape(arm.name), justify="right", overflow="fold")
    every = [arm.runs.intervals() for arm in done.arms]
    for name in HEADLINES:
        if any(each[name].replications for each in every):
            table.add_row(name, *(between(each[name], FIGURES[INDEX[name]].unit) for each in every))
    return table


def _differences(first: Arm, arm: Arm) -> Table:
    table = Table(title=f"{escape(arm.name)} less {escape(first.name)}, under the same calls", title_justify="left")
    for head in ("", "difference", "better"):
        table.add_column(head, justify="right" if head == "difference" else "left", overflow="fold")
    compared = differences(first.runs, arm.runs)
    for figure in HEADLINES:
        one = compared[figure]
        if one.interval.replications:
            told = between(one.interval, FIGURES[INDEX[figure]].unit)
            table.add_row(figure, told, escape(better_words(one, first.name, arm.name)))
    return table
