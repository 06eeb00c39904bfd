"""What a drill leaves: its score, and the report on its run with tracks, as ``reach180 sitl`` tells of one."""

import json
from pathlib import Path

from api.drill.score import Score
from api.sitl.job import leave
from api.sitl.record import Record
from api.sitl.report import report_of

SCORE = "score.json"


def leave_drill(folder: Path, record: Record, score: Score, command: str) -> None:
    """``score.json`` and the files of the report in ``folder``, made if need be. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCORE).write_text(json.dumps(score.to_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    leave(folder, report_of(record, command=command), record)
