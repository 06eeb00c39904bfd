"""``reach180 certify``: is any point within R of a base reached within T?"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.area import city_area, read_area
from api.certificate import (
    Certified,
    Setting,
    bases_words,
    cell_for,
    certified,
    figures,
    markdown,
    share_words,
    speed_words,
    verdict_words,
    worst_words,
)
from api.cli.common import err, out, plain_errors
from api.given import airframes_of, metres, situation_at, told_at
from api.planning.layout_file import read_layout
from dispatch.city_folder import find_city, load_city
from dispatch.network import network_of
from geo.certify import Claim, Network
from simulator.demand import modelled_demand, read_demand

WIDE = 160


@plain_errors
def certify(
    area: Annotated[Path | None, typer.Option(help="GeoJSON of the area, datum stated; the city's outline")] = None,
    within: Annotated[float | None, typer.Option("--time", help="T in seconds; 180, or the layout's")] = None,
    radius: Annotated[str, typer.Option(help="R, as 8km or 8000m")] = "8km",
    city: Annotated[str | None, typer.Option(help="a built-in city's name or a city folder; kunshan")] = None,
    layout: Annotated[
        Path | None, typer.Option(help="layout.geojson of reach180 plan: its bases, area, airframe, wind, time")
    ] = None,
    airframe: Annotated[
        list[str] | None, typer.Option(help="airframe that every base has; may be repeated; those of the city's fleet")
    ] = None,
    wind: Annotated[str | None, typer.Option(help="m/s@degrees that it blows from, as 6@300; the city's")] = None,
    demand: Annotated[Path | None, typer.Option(help="places of demand, CSV or Parquet; the city's call model")] = None,
    datum: Annotated[str | None, typer.Option(help="datum of --demand where the file does not state it")] = None,
    at: Annotated[str | None, typer.Option(help="local time whose geozones hold, ISO 8601; now")] = None,
    cell: Annotated[str | None, typer.Option(help="grid on which the worst point is looked for first; by area")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="folder for certify.md and pictures/certify-….png")] = None,
    verdict_only: Annotated[bool, typer.Option("--verdict-only", help="look for neither speed nor bases")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="figures as JSON")] = False,
) -> None:
    """Say whether any point of an area within R of a base is reached within T: the share, the worst point, what would
    make it true."""
    planned = None if layout is None else read_layout(layout, city)
    if planned is None:
        town = load_city(find_city(city or "kunshan"))
        ground, within_s, names = city_area(town), 180.0, airframe
    else:
        town, ground, within_s, names = planned.city, planned.area, planned.within_s, airframe or [planned.airframe]
        at, wind = at or planned.at, wind or planned.wind
    situation = situation_at(town, at, wind)
    network, base_ids = network_of(situation), tuple(situation.bases)
    claim = Claim(
        area=read_area(area, town) if area else ground,
        within_s=within_s if within is None else within,
        radius_m=metres(radius, "--radius"),
    )
    cell_m = cell_for(claim) if cell is None else metres(cell, "--cell")
    frames = airframes_of(town, names)
    places = modelled_demand(town) if demand is None else read_demand(demand, town.frame, datum=datum)
    done: list[Certified] = []
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err
    ) as bar:
        for frame in frames:
            work = bar.add_task(frame.name, total=1.0)

            def tell(what: str, share: float, work: TaskID = work, name: str = frame.name) -> None:
                bar.update(work, completed=share, description=f"{name}: {what}")

            done.append(
                certified(claim, network, frame, places and places[0], tell, cell_m=cell_m, more=not verdict_only)
            )
    setting = Setting(
        city=town.name,
        hills=bool(town.terrain),
        area=area.name if area else "its outline" if layout is None else f"the area of {layout.name}",
        at=told_at(situation, town),
        demand=places and places[1],
        command=_command(area, claim.within_s, radius, city, layout, airframe, wind, demand, datum, at),
    )
    if to is not None:
        _write(to, setting, claim, network, base_ids, done)
    if as_json:
        out.print_json(json.dumps([figures(one, claim, network, base_ids) for one in done]))
        return
    console = out if out.is_terminal else Console(width=WIDE)
    console.print(_table(setting, claim, network, base_ids, done))
    if town.terrain:
        console.print("[yellow]terrain is not counted: climbing over hills takes longer than is told here[/]")
    if to is not None:
        out.print(f"written: {to / 'certify.md'} and its pictures", highlight=False, soft_wrap=True)


def _command(
    area: Path | None,
    within: float,
    radius: str,
    city: str | None,
    layout: Path | None,
    airframe: Sequence[str] | None,
    wind: str | None,
    demand: Path | None,
    datum: str | None,
    at: str | None,
) -> str:
    words = ["reach180 certify"]
    words += [f"--layout {layout.name}"] if layout else [f"--city {Path(city or 'kunshan').name}"]
    words += [f"--time {within:g}", f"--radius {radius}"]
    words += [f"--area {area.name}"] if area else []
    words += [f"--airframe {name}" for name in airframe or ()]
    words += [f"--wind {wind}"] if wind else []
    words += [f"--demand {demand.name}"] if demand else []
    words += [f"--datum {datum}"] if datum else []
    words += [f"--at {at}"] if at else []
    return " ".join(words)


def _picture(name: str) -> str:
    return f"pictures/certify-{name}.png"


def _write(
    folder: Path,
    setting: Setting,
    claim: Claim,
    network: Network,
    base_ids: Sequence[str],
    done: Sequence[Certified],
) -> None:
    # matplotlib takes a second to import, and most commands draw nothing
    from api.maps import certificate_map, field_map, save

    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for one in done:
        verdict, worst = one.verdict, one.verdict.worst
        figure, axes = field_map(
            one.raster,
            within_s=claim.within_s,
            area=claim.area,
            zones=[network.closed()],
            bases_xy=network.bases_xy,
            base_ids=base_ids,
            title=f"{setting.city}: {verdict.airframe.name}, {claim.within_s:g} s",
            subtitle=f"{verdict_words(verdict)}. Wind {network.wind.speed_mps:g} m/s from {network.wind.from_deg:g}°; "
            f"turnout {verdict.turnout_s:.0f} s; {setting.at}",
        )
        certificate_map(
            axes,
            reached=verdict.reached,
            bases_xy=network.bases_xy,
            radius_m=claim.radius_m,
            worst_xy=None if worst is None else worst.place_xy,
            worst_told=worst_words(verdict, base_ids),
            sites_xy=one.missing.sites_xy,
        )
        save(figure, folder / _picture(verdict.airframe.name))
    text = markdown(setting, claim, network, base_ids, done, _picture)
    (folder / "certify.md").write_text(text, encoding="utf-8")


def _table(
    setting: Setting, claim: Claim, network: Network, base_ids: Sequence[str], done: Sequence[Certified]
) -> Table:
    wind = network.wind
    table = Table(
        title=f"{setting.city}: any point within {claim.radius_m / 1000:g} km of a base is reached within "
        f"{claim.within_s:g} s? ({setting.area}, {len(base_ids)} bases, wind {wind.speed_mps:g} m/s from "
        f"{wind.from_deg:g}°, {setting.at})",
        title_justify="left",
    )
    for name in ("airframe", "the claim is", "area, P90", "demand", "worst point", "speed needed", "more bases needed"):
        table.add_column(name, overflow="fold")
    for one in done:
        verdict = one.verdict
        colour = {"true": "bold green", "void": "yellow"}.get(verdict.answer, "bold red")
        table.add_row(
            verdict.airframe.name,
            f"[{colour}]{verdict_words(verdict)}[/]",
            share_words(verdict.p90_share),
            "–" if verdict.demand_share is None else share_words(verdict.demand_share),
            worst_words(verdict, base_ids),
            speed_words(one),
            bases_words(one.missing),
        )
    return table
