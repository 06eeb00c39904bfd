"""``reach180 city``: a city folder out of sites and records."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.common import out, plain_errors
from geo.position import Position
from simulator.city_from_data import make_city
from simulator.records import read_calls


@plain_errors
def city(
    folder: Annotated[Path, typer.Argument(help="the city folder to write; must not exist yet, or be empty")],
    name: Annotated[str, typer.Option(help="the city's name")],
    time_zone: Annotated[str, typer.Option(help="IANA time zone, e.g. America/New_York")],
    bases: Annotated[str, typer.Option(help="a CSV or GeoJSON of sites, or how many to place on the calls")],
    calls: Annotated[Path | None, typer.Option(help="call records: where demand is")] = None,
    boundary: Annotated[
        Path | None, typer.Option(help="boundary, GeoJSON or GeoParquet; the hull of the calls")
    ] = None,
    candidates: Annotated[Path | None, typer.Option(help="candidate sites, CSV or GeoJSON")] = None,
    datum: Annotated[str | None, typer.Option(help="datum of CSV files, which cannot state it themselves")] = None,
    airframe: Annotated[str, typer.Option(help="airframe of every drone")] = "dock-quad",
    drones_per_base: Annotated[int, typer.Option(min=1)] = 1,
    ground_amsl_m: Annotated[float, typer.Option(help="height of the ground above mean sea level")] = 0.0,
    centre: Annotated[str | None, typer.Option(help="longitude,latitude; the middle of the boundary")] = None,
) -> None:
    """Write a city folder that every command takes as --city."""
    records = read_calls(calls, time_zone=time_zone, datum=datum) if calls else None
    middle = None
    if centre is not None:
        longitude, _, latitude = centre.partition(",")
        middle = Position(float(longitude), float(latitude))
    town = make_city(
        folder,
        city_id=folder.name,
        name=name,
        time_zone=time_zone,
        bases=int(bases) if bases.isdecimal() else Path(bases),
        calls=records,
        boundary=boundary,
        candidates=candidates,
        centre=middle,
        airframe=airframe,
        drones_per_base=drones_per_base,
        ground_amsl_m=ground_amsl_m,
        datum=datum,
    )
    if records is not None:
        out.print(records.report(), highlight=False)
    out.print(f"{folder}: {town.name}, {len(town.bases)} bases, {len(town.drones)} drones, {len(town.zones)} geozones")
