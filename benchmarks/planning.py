"""A plan from a file of half a million calls: reading, flight truth round zones in wind, the layout.

``python -m benchmarks planning [calls]``: calls strewn over forty towns on 60 by 60 km, a hexagonal grid of some 500
sites, 25 made-up zones, wind 5 m/s; sixty bases for 180 s. Seconds are processor seconds of one process
(``time.process_time``), compiled code included.
"""

import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from api.planning.demand import DemandSource
from api.planning.study import Study, prepare
from dispatch.coverage import TimeLimit
from dispatch.placement import Ask, posed, solved
from geo.frame import LocalFrame
from geo.position import Position

FRAME = LocalFrame(Position(8.0, 47.0))
HALF_M, LIMIT_S = 30_000.0, 60.0


def main(words: Sequence[str]) -> None:
    """Run it and print a table."""
    count = int(words[0]) if words else 500_000
    with tempfile.TemporaryDirectory() as scratch:
        study = _study(Path(scratch), count)
        table = Table(title=f"{count:,} calls", title_justify="left")
        for name in ("step", "processor s", "peak MB", ""):
            table.add_column(name, justify="left" if name in ("step", "") else "right")

        def step(name: str, began_s: float, told: str) -> float:
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            now_s = time.process_time()
            table.add_row(name, f"{now_s - began_s:.1f}", f"{peak_mb:.0f}", told)
            return now_s

        began_s = time.process_time()
        prepared = prepare(study)
        began_s = step("read", began_s, prepared.inputs[0].told)
        question = posed(prepared.ground, prepared.ask)
        pairs = len(question.problem.scenarios[0].travel.sites)
        told = f"{len(question.places_xy):,} places, {len(question.ground.sites)} sites, {pairs:,} flights in time"
        began_s = step("flight truth", began_s, told)
        layout = solved(question, prepared.ask, TimeLimit(LIMIT_S, time.process_time))
        step("layout, judged", began_s, f"{layout.clocks.within_share:.2%}, gap {layout.proof.gap:.3%}")
        Console(width=120).print(table)


def _study(folder: Path, count: int) -> Study:
    chance = np.random.default_rng(180)
    towns = chance.uniform(-0.8 * HALF_M, 0.8 * HALF_M, (40, 2))
    near = towns[chance.integers(0, 40, count)] + chance.normal(0, 2500, (count, 2))
    anywhere = chance.uniform(-HALF_M, HALF_M, (count, 2))
    xy = np.where((chance.random(count) < 0.7)[:, None], near, anywhere).clip(-HALF_M, HALF_M)
    lonlat = FRAME.to_lonlat(xy).round(5)
    columns = pa.table({"lon": lonlat[:, 0], "lat": lonlat[:, 1]}).replace_schema_metadata({"crs": "EPSG:4326"})
    pq.write_table(columns, folder / "calls.parquet")
    angles = np.linspace(0, 2 * np.pi, 13)
    features = []
    for k, (centre, radius_m) in enumerate(
        zip(chance.uniform(-0.8 * HALF_M, 0.8 * HALF_M, (25, 2)), chance.uniform(500, 2000, 25), strict=True)
    ):
        ring = FRAME.to_lonlat(centre + radius_m * np.column_stack([np.cos(angles), np.sin(angles)]))
        ring[-1] = ring[0]
        geometry = {"type": "Polygon", "coordinates": [ring.tolist()]}
        features.append({"type": "Feature", "properties": {"id": f"Z{k}", "name": f"Z{k}"}, "geometry": geometry})
    zones = folder / "zones.geojson"
    zones.write_text(json.dumps({"type": "FeatureCollection", "datum": "WGS-84", "features": features}))
    return Study(
        ask=Ask(p=60),
        demand=DemandSource(path=folder / "calls.parquet"),
        sites=("grid:2.9km",),
        airframe="dock-quad",
        zones=(zones,),
        wind="5@160",
    )
