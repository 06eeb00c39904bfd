"""``reach180 zones``: what a file of geozones says, in any format, and out of it our own."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.cli.common import out, plain_errors
from dispatch.city_folder import find_city, load_city
from geo.airspace import Circle, Geozone
from geo.closed import area_m2
from geo.datum import parse_datum
from geo.formats.own import zones_to_geojson
from geo.formats.plan import zones_to_plan
from geo.formats.read import read_zones
from geo.formats.times import time_of_day
from geo.formats.zone_file import ZoneFile, ZoneFileError
from geo.position import Position
from geo.schedule import EVERY_DAY, Hours, SunEvent

WIDE = 160


@plain_errors
def zones(
    files: Annotated[list[Path], typer.Argument(help="ED-318, ED-269, GeoJSON, KML, QGC .plan, DJI flight areas")],
    city: Annotated[str | None, typer.Option(help="the city they are for: places far from it are refused")] = None,
    datum: Annotated[str | None, typer.Option(help="datum of files that state none: WGS-84, GCJ-02, BD-09")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="write them: .geojson, or .plan (ground only)")] = None,
) -> None:
    """Read geozones and say what they are; refuse what is wrong with its place and the reason."""
    near = None if city is None else load_city(find_city(city)).centre
    read = [_read(file, near, datum) for file in files]
    console = out if out.is_terminal else Console(width=WIDE)
    for file, found in zip(files, read, strict=True):
        console.print(_table(file, found))
        for note in found.notes:
            console.print(f"  note: {escape(note)}", highlight=False)
    if to is not None:
        _write(to, [zone for found in read for zone in found.zones])
        out.print(f"{to}: written", soft_wrap=True)


def _read(file: Path, near: Position | None, datum: str | None) -> ZoneFile:
    return read_zones(file.read_bytes(), file.name, near, None if datum is None else parse_datum(datum))


def _write(to: Path, zones: list[Geozone]) -> None:
    ids = [zone.id for zone in zones]
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        raise ZoneFileError(f"{to.name}: id {twice[0]!r} is in two of the files")
    obj = zones_to_plan(zones) if to.suffix == ".plan" else zones_to_geojson(zones)
    to.write_text(json.dumps(obj, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _table(file: Path, found: ZoneFile) -> Table:
    table = Table(title=f"{file.name}: {found.format}, {len(found.zones)} zones", title_justify="left")
    for name in ("id", "name", "kind", "band", "in force"):
        table.add_column(name, overflow="fold")
    for name in ("margin", "ground"):
        table.add_column(name, justify="right")
    for zone in found.zones:
        cells = [zone.id, zone.name, zone.kind, band(zone), times(zone), f"{zone.margin_m:g} m", ground(zone)]
        table.add_row(*map(escape, cells))
    return table


def band(zone: Geozone) -> str:
    """The height band in words."""
    low = (
        "ground"
        if zone.floor_m is None or (zone.floor_m == 0 and zone.floor_reference == "AGL")
        else f"{zone.floor_m:.0f} m {zone.floor_reference}"
    )
    high = "unlimited" if zone.ceiling_m is None else f"{zone.ceiling_m:.0f} m {zone.ceiling_reference}"
    return f"{low} – {high}"


def times(zone: Geozone) -> str:
    """When it is in force, in words."""
    valid = _interval(zone.valid_from_s, zone.valid_until_s)
    hours = "; ".join(_hours(one) for one in zone.hours)
    return ", ".join(part for part in (valid, hours) if part) or "always"


def ground(zone: Geozone) -> str:
    """Its ground in words: an area, or a circle's radius with it."""
    square_m = area_m2(zone)
    size = f"{square_m / 1e6:.3g} km²" if square_m < 1e8 else f"{square_m / 1e6:,.0f} km²"
    if isinstance(zone.ground, Circle):
        return f"r {zone.ground.radius_m:g} m, {size}"
    return size


def _interval(from_s: float | None, until_s: float | None) -> str:
    def written(at_s: float) -> str:
        return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%MZ")

    begin = "" if from_s is None else f"from {written(from_s)}"
    end = "" if until_s is None else f"until {written(until_s)}"
    return f"{begin} {end}".strip()


def _hours(hours: Hours) -> str:
    def written(when: float | SunEvent) -> str:
        return when.value if isinstance(when, SunEvent) else time_of_day(when)[:5]

    days = "daily" if hours.days == EVERY_DAY else "+".join(hours.days)
    season = _interval(hours.from_s, hours.until_s)
    return f"{days} {written(hours.start)}–{written(hours.end)} {hours.time_zone}{f' {season}' if season else ''}"
