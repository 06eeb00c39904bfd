"""``reach180 field``: arrival times over a city as a raster."""

from pathlib import Path
from typing import Annotated

import numpy as np
import shapely
import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.area import city_area, grid_over, read_area
from api.cli.common import err, out, plain_errors
from api.given import airframes_of, metres, situation_at, told_at
from api.rasters import Raster, cell_centres, write_field
from dispatch.city_folder import find_city, load_city
from dispatch.network import network_of

MOST_CELLS, CELLS_AT_ONCE = 25_000_000, 20_000


@plain_errors
def field(
    to: Annotated[Path, typer.Option("--out", help="the GeoTIFF to write; a PNG of the same name is put beside it")],
    city: Annotated[str, typer.Option(help="a built-in city's name or a city folder")] = "kunshan",
    cell: Annotated[str, typer.Option(help="side of a cell, as 100, 100m or 1km")] = "100m",
    area: Annotated[Path | None, typer.Option(help="GeoJSON of the area, datum stated; the city's outline")] = None,
    airframe: Annotated[str | None, typer.Option(help="airframe that every base has; the fleet's first")] = None,
    wind: Annotated[str | None, typer.Option(help="m/s@degrees that it blows from, as 6@300; the city's")] = None,
    at: Annotated[str | None, typer.Option(help="local time whose geozones hold, ISO 8601; now")] = None,
) -> None:
    """Write which base sees each cell of a city first, and after how many seconds: GeoTIFF and PNG."""
    town = load_city(find_city(city))
    situation = situation_at(town, at, wind)
    network, base_ids = network_of(situation), tuple(situation.bases)
    frame = airframes_of(town, [airframe] if airframe else None)[0]
    ground = read_area(area, town) if area else city_area(town)
    cell_m = metres(cell if not cell.replace(".", "", 1).isdigit() else f"{cell}m", "--cell")
    shape, corner_xy = grid_over(ground, cell_m)
    if shape[0] * shape[1] > MOST_CELLS:
        raise ValueError(f"--cell {cell}: {shape[0]} × {shape[1]} cells are more than {MOST_CELLS:,}: take larger ones")
    cells = cell_centres(shape, corner_xy, cell_m)
    seconds, base = np.full(len(cells), np.inf), np.full(len(cells), -1, dtype=np.intp)
    shapely.prepare(ground)
    inside = np.flatnonzero(shapely.intersects_xy(ground, *cells.T))
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err
    ) as bar:
        for part in bar.track(np.array_split(inside, max(1, len(inside) // CELLS_AT_ONCE)), description=frame.name):
            seconds[part], base[part] = network.eta(frame, cells[part])
    raster = Raster(
        frame=town.frame, corner_xy=corner_xy, cell_m=cell_m, seconds=seconds.reshape(shape), base=base.reshape(shape)
    )
    blows = f"{network.wind.speed_mps:g} m/s from {network.wind.from_deg:g} degrees"
    tags = {"city": town.id, "airframe": frame.name, "wind": blows, "time": told_at(situation, town)}
    to.parent.mkdir(parents=True, exist_ok=True)
    write_field(to, raster, base_ids, tags)
    # matplotlib takes a second to import, and most commands draw nothing
    from api.maps import field_map, save

    figure, _ = field_map(
        raster,
        within_s=town.rules.promise_s,
        area=ground,
        zones=[network.closed()],
        bases_xy=network.bases_xy,
        base_ids=base_ids,
        title=f"{town.name}: arrival times of {frame.name}",
        subtitle=f"wind {blows}; {tags['time']}",
    )
    picture = to.with_suffix(".png")
    save(figure, picture)
    seen = seconds[inside]
    within = float(np.mean(seen <= town.rules.promise_s)) if len(seen) else 0.0
    out.print(
        f"{to}: {shape[1]} × {shape[0]} cells of {cell_m:g} m, {within:.1%} of the area within "
        f"{town.rules.promise_s:g} s; picture: {picture}",
        highlight=False,
        soft_wrap=True,
    )
