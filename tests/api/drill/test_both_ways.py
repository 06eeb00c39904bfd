"""One drill, played here and live with embedded vehicles over MAVLink: the same decisions, the same objectives met."""

import json
from pathlib import Path

from api.drill.form import load_drill
from api.drill.here import play
from api.drill.score import score_of
from tests.api.drill.files import small_drill
from tests.api.test_cli import ended, started

LIVE = ("--live", "--speed", "5", "--answers", "--port", "0")


def test_played_here_and_live_it_is_scored_the_same_way(tmp_path: Path, city_folder: Path) -> None:
    path, folder = tmp_path / "small.toml", tmp_path / "score"
    path.write_text(small_drill(city_folder), encoding="utf-8")
    drill = load_drill(path)
    one = score_of(drill, play(drill)).to_json()
    printed, said = ended(started("drill", path, *LIVE, "--out", folder), 240)
    two = json.loads((folder / "score.json").read_text(encoding="utf-8"))
    print([(result["asked"], result["found"]) for result in (*one["objectives"], *two["objectives"])])
    assert (one["vehicles"], two["vehicles"]) == ("kinematic", "embedded")
    assert [result["kind"] for result in one["objectives"] if not result["met"]] == []
    assert [result["met"] for result in two["objectives"]] == [result["met"] for result in one["objectives"]]
    for name in ("name", "outcome", "drone_id"):
        assert [incident[name] for incident in two["incidents"]] == [incident[name] for incident in one["incidents"]]
    assert (one["passed"], two["passed"]) == (True, True)
    assert "inject quay: Look at the quay." in said
    assert "passed" in printed
    assert [answer["name"] for answer in two["answers"]] == ["quay", "training"]
    assert (folder / "engine" / "reach180.db").is_file()
