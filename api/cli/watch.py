"""``reach180 watch``: the recorded runs of a simulation on the map, with a time slider."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from api.cli.common import err, plain_errors
from api.cli.serve import serve_engine
from api.logs import configure_logging
from api.settings import Settings
from api.simulating.runs import given_runs
from dispatch.city import CityError
from dispatch.city_folder import find_city, load_city


@plain_errors
def watch(
    runs: Annotated[list[Path], typer.Argument(help="a folder that reach180 simulate wrote (--out), or files of runs")],
    city: Annotated[
        str | None, typer.Option(help="the city whose outline and places are drawn; the run's own, if it is built in")
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port to listen on; 0 takes a free one")] = 8180,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """Show recorded runs on the command room's map, with a time slider. Nothing flies, and nothing is kept."""
    configure_logging(verbose=verbose)
    paths = [path.absolute() for path in runs]
    found = list(given_runs(paths))
    if not found:
        raise ValueError(f"no recorded run in {', '.join(str(path) for path in runs)}: name the --out of a simulation")
    named = found[0].about.city
    try:
        folder = find_city(city or named.lower())
    except CityError:
        if city is not None:
            raise
        folder = find_city("kunshan")  # its outline is left out: the run says that it is of another
        err.print(f"the outline of {named} is not known here: --city FOLDER draws it", highlight=False)
    town = replace(load_city(folder), drones={})
    with tempfile.TemporaryDirectory() as data:
        settings = Settings(
            city=str(folder), host=host, port=port, data=Path(data), connections=[], database="", speed=1.0, runs=paths
        )
        asyncio.run(serve_engine(settings, town, demo=True, page="replay"))
