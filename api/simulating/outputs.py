"""The files of a simulation: JSON, Parquet, pictures, and the report (:mod:`api.simulating.page`)."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from api.maps import save
from api.simulating.page import page
from api.simulating.pictures import map_of
from api.simulating.report import figures, kpi_table
from api.simulating.run import Done

REPORT, FIGURES, KPIS, MAP = "simulation.html", "simulation.json", "kpis.parquet", "map.png"


def write_all(folder: Path, done: Done, command: str) -> tuple[Path, ...]:
    """Write every file of a simulation into ``folder``, made if need be; which they are, the recorded runs among them.

    Raises ``OSError``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT).write_text(page(done, command), encoding="utf-8")
    told = json.dumps({**figures(done), "command": command}, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / FIGURES).write_text(told + "\n", encoding="utf-8")
    pq.write_table(kpi_table(done), folder / KPIS)
    save(map_of(done, done.arms[0]), folder / MAP)
    return (*(folder / name for name in (REPORT, FIGURES, KPIS, MAP)), *done.recorded)
