"""``reach180 drill``: an exercise, played here as fast as it goes or live in the command room, and its score."""

import asyncio
import json
import math
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.common import err, out, plain_errors
from api.cli.serve import serve_engine
from api.drill.form import Drill, find_drill, load_drill, shipped
from api.drill.here import play
from api.drill.leaving import leave_drill
from api.drill.live import play_live
from api.drill.score import Score, score_of
from api.engine import Engine
from api.logs import configure_logging
from api.settings import Settings
from api.sitl.record import Record


@plain_errors
def drill(
    name: Annotated[str | None, typer.Argument(help="a drill file (TOML), or the name of a shipped one")] = None,
    shown: Annotated[bool, typer.Option("--list", help="the drills that come with the program")] = False,
    speed: Annotated[
        str | None, typer.Option(help="drill seconds per second, or max; without --live it is max, with it 1")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="in the command room, with embedded vehicles")] = False,
    answers: Annotated[
        bool | None, typer.Option("--answers/--no-answers", help="answer injects as the file says; live: no")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the score as JSON")] = False,
    to: Annotated[Path | None, typer.Option("--out", help="folder for score.json and the report, new or empty")] = None,
    host: Annotated[str, typer.Option(help="address to listen on (live)")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0 takes a free one (live)")] = 8180,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """Play a drill and score it; exit code 1 where an objective was not met."""
    configure_logging(verbose=verbose)
    if shown:
        _list()
        return
    if name is None:
        raise ValueError("which drill? a file, or one of --list")
    factor = _factor(speed, live=live)
    if to is not None and to.exists() and any(to.iterdir()):
        raise ValueError(f"{to} is not empty")
    asked = load_drill(find_drill(name), speed=factor if live else None)
    told = answers if answers is not None else not live
    _tell(f"{asked.title_en} · {asked.title_zh}\n\n{asked.introduction_en}\n\n{asked.introduction_zh}\n")
    if live:
        record = asyncio.run(_live(asked, host, port, factor, answers=told, data=to))
    else:
        began_s = time.process_time()
        record = play(asked, answers=told, speed=factor, tell=_tell)
        took_s, lasted_s = time.process_time() - began_s, record.ended_at_s - record.began_at_s
        _tell(f"{lasted_s:.0f} s in {took_s:.1f} s of CPU, {lasted_s / took_s:,.0f} times real time")
    score = score_of(asked, record)
    if to is not None:
        leave_drill(to, record, score, shlex.join(["reach180", *sys.argv[1:]]))
    if as_json:
        typer.echo(json.dumps(score.to_json(), ensure_ascii=False, indent=2))
    else:
        _print(score)
    raise typer.Exit(0 if score.passed else 1)


def _factor(speed: str | None, *, live: bool) -> float:
    if speed is None or speed == "max":
        if live and speed == "max":
            raise ValueError("--speed max is for drills played here: vehicles over MAVLink take --speed 1 to 20")
        return 1.0 if live else math.inf
    try:
        factor = float(speed)
    except ValueError:
        factor = math.nan
    if not 0 < factor <= (50 if live else math.inf):
        raise ValueError(f"--speed {speed}: a number above 0{' and at most 50' if live else ''}, or max")
    return factor


async def _live(asked: Drill, host: str, port: int, speed: float, *, answers: bool, data: Path | None) -> Record:
    folder = (data or Path("var") / f"drill-{time.strftime('%Y%m%d-%H%M%S')}") / "engine"
    city = asked.scenario.city
    settings = Settings(city=city.id, host=host, port=port, speed=speed, data=folder, connections=[], database="")
    records: list[Record] = []

    async def exercise(engine: Engine) -> None:
        records.append(await play_live(engine, asked, answers=answers, tell=_tell))

    await serve_engine(settings, city, demo=True, meanwhile=exercise)
    if not records:
        raise ValueError("it was stopped before it began")
    return records[0]


def _tell(what: str) -> None:
    err.print(what, highlight=False, markup=False)


def _list() -> None:
    table = Table(title="drills")
    for column in ("name", "title", "", "incidents", "injects", "lasts"):
        table.add_column(column)
    for name, path in shipped().items():
        one = load_drill(path)
        counts = (str(len(one.scenario.incidents)), str(len(one.injects)), f"{one.last_at_s / 60:.0f} min and home")
        table.add_row(name, one.title_en, one.title_zh, *counts)
    out.print(table)


def _print(score: Score) -> None:
    clocks = Table(title=f"{score.title_en} · {score.title_zh}: {score.vehicles} vehicles, {score.lasted_s:.0f} s")
    for column in ("incident", "type", "outcome", "drone"):
        clocks.add_column(column)
    names = ("launched", "on scene", "cleared", "returned")
    for column in (*names, "watched"):
        clocks.add_column(column, justify="right")
    for incident in score.incidents:
        times = [incident.clocks_s.get(name) for name in names]
        told = ["–" if after_s is None else f"{after_s:.0f} s" for after_s in times]
        watched = "–" if incident.watched_share is None else f"{incident.watched_share:.0%}"
        clocks.add_row(incident.name, incident.type, incident.outcome, incident.drone_id, *told, watched)
    out.print(clocks)
    objectives = Table(title="objectives")
    for column in ("", "asked", "found"):
        objectives.add_column(column)
    for result in score.objectives:
        objectives.add_row("[green]met[/]" if result.met else "[red]not met[/]", result.asked, result.found)
    out.print(objectives)
    if score.unfinished:
        out.print(f"not finished: {score.unfinished}", style="yellow")
    out.print("passed" if score.passed else "not passed", style="green" if score.passed else "red")
