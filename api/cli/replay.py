"""``reach180 replay``: real call records through the live engine."""

import asyncio
import json
import statistics
import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.cli.common import clocks_table, err, out, plain_errors, watched_sentence
from api.drive import Driven, drive
from api.engine import Engine, ready, running
from api.logs import configure_logging
from api.settings import Settings
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.clock import ScaledClock
from dispatch.kpi import stage_times, watches, wilson, within
from simulator.calls import Call
from simulator.records import read_calls

LEAD_S = 30.0
"""The engine's clock starts this long before the first call."""


@plain_errors
def replay(
    calls: Annotated[Path, typer.Argument(help="call records, CSV or Parquet")],
    city: Annotated[str, typer.Option(help="a built-in city's name or a city folder")],
    speed: Annotated[float, typer.Option(min=0.1, max=50, help="engine seconds per second")] = 20.0,
    limit: Annotated[int, typer.Option(min=1, help="so many calls at the most")] = 100,
    begin: Annotated[str | None, typer.Option("--from", help="from this local day or time on, ISO 8601")] = None,
    until: Annotated[str | None, typer.Option(help="until this local day or time, ISO 8601")] = None,
    time_zone: Annotated[str | None, typer.Option(help="of local times in the records; the city's if left out")] = None,
    datum: Annotated[str | None, typer.Option(help="datum of the records where they do not state it")] = None,
    watch_s: Annotated[float | None, typer.Option(min=0.0, help="time on scene; the type's own if left out")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="figures as JSON")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """Drive real calls through the live engine on embedded vehicles and report every clock.

    Quiet gaps in which nothing flies are skipped, batteries charge through them.
    """
    configure_logging(verbose=verbose)
    town = load_city(find_city(city))
    zone = ZoneInfo(time_zone or town.time_zone)
    records = read_calls(
        calls,
        time_zone=str(zone),
        datum=datum,
        limit=limit,
        from_s=_instant_s(begin, zone),
        until_s=_instant_s(until, zone),
    )
    err.print(records.report(), highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(city=city, speed=speed, data=Path(folder), connections=[], database="")
        figures, share_met = asyncio.run(_replay(settings, town, list(records), watch_s, as_json=as_json))
    if as_json:
        out.print_json(json.dumps(figures))
    elif share_met is not None:
        out.print(share_met)


async def _replay(
    settings: Settings, city: City, calls: list[Call], watch_s: float | None, *, as_json: bool
) -> tuple[dict[str, Any], str | None]:
    clock = ScaledClock(settings.speed, calls[0].at_s - LEAD_S)
    async with running(settings, city, clock=clock) as engine:
        await ready(engine)
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err
        ) as bar:
            work = bar.add_task("replaying", total=len(calls))

            def show(driven: Driven, waiting: int) -> None:
                reported = len(driven.incident_ids) + driven.refused.total()
                local = datetime.fromtimestamp(engine.clock.now_s(), ZoneInfo(city.time_zone))
                told = f"{local:%Y-%m-%d %H:%M}  {reported} reported, {waiting} open"
                bar.update(work, completed=reported, description=told)

            driven = await drive(engine, calls, watch_s=watch_s, on_progress=show)
        figures = _figures(engine, city, driven)
        if not as_json:
            clocks = [incident.clocks for incident in driven.incidents(engine)]
            out.print(clocks_table(stage_times(clocks), f"{city.name}: {len(clocks)} calls at {settings.speed:g} ×"))
            if told := watched_sentence(watches(driven.incidents(engine))):
                out.print(told)
        return figures, None if as_json else _sentence(figures)


def _figures(engine: Engine, city: City, driven: Driven) -> dict[str, Any]:
    incidents = driven.incidents(engine)
    clocks = [incident.clocks for incident in incidents]
    met = within(clocks, city.rules.promise_s)
    told = [i for i in incidents if i.id in driven.first_unit_s and i.clocks.on_scene_at_s is not None]
    # A response time of nought means that somebody was there already, or that nobody noted it: no race was run.
    raced = [incident for incident in told if driven.first_unit_s[incident.id] > 0]
    pairs = [
        (incident.clocks.on_scene_at_s - incident.clocks.reported_at_s, driven.first_unit_s[incident.id])
        for incident in raced
        if incident.clocks.on_scene_at_s is not None
    ]
    first = wilson(sum(drone_s < unit_s for drone_s, unit_s in pairs), len(pairs))
    return {
        "calls": len(incidents),
        "refused": dict(driven.refused),
        "promise_s": city.rules.promise_s,
        "stages": [
            {"name": s.name, "n": s.count, "median_s": s.median_s, "p90_s": s.p90_s, "max_s": s.max_s}
            for s in stage_times(clocks)
            if s.count
        ],
        "within_promise": {"share": met.share, "low": met.low, "high": met.high, "n": met.of},
        "watches": asdict(watches(incidents)),
        "first_on_scene": {
            "share": first.share if pairs else None,
            "n": first.of,
            "left_out_at_0_s": len(told) - len(raced),
            "median_gain_s": statistics.median(unit_s - drone_s for drone_s, unit_s in pairs) if pairs else None,
        },
    }


def _sentence(figures: dict[str, Any]) -> str:
    met, first = figures["within_promise"], figures["first_on_scene"]
    told = (
        f"on scene within {figures['promise_s']:.0f} s: {met['share']:.1%} of {met['n']} "
        f"(95 % interval {met['low']:.1%} to {met['high']:.1%}); refused: {figures['refused'] or 'none'}"
    )
    if first["n"]:
        told += (
            f"\nthe drone was there before the first unit of the record in {first['share']:.1%} of {first['n']} calls, "
            f"by {first['median_gain_s']:.0f} s in the median ({first['left_out_at_0_s']} recorded as 0 s left out)"
        )
    return told


def _instant_s(text: str | None, zone: ZoneInfo) -> float | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).timestamp()
