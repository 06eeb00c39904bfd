"""``reach180 basemap``: an offline base map out of an OpenStreetMap extract."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from api.basemap import make_basemap
from api.cli.common import err, out, plain_errors
from api.settings import Settings


@plain_errors
def basemap(
    extract: Annotated[Path, typer.Argument(help="an .osm.pbf file")],
    to: Annotated[Path | None, typer.Option(help="where to write it; the engine's data folder if left out")] = None,
) -> None:
    """Make the offline base map that the command room draws under its own layers."""
    settings = Settings()
    target = to or settings.basemap_path
    target.parent.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    with Progress(console=err) as bar:
        work = bar.add_task(extract.name, total=1.0)
        made = make_basemap(extract, target, lambda what, share: bar.update(work, description=what, completed=share))
    out.print(f"{target}: {target.stat().st_size / 1e6:.1f} MB in {time.monotonic() - began_s:.1f} s; {made}")
