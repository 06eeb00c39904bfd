"""One drill, played here and live with embedded vehicles over MAVLink: the same decisions, the same objectives met."""

import asyncio
from pathlib import Path

from api.drill.form import load_drill
from api.drill.here import play
from api.drill.live import play_live
from api.drill.score import score_of
from api.engine import ready, running
from api.sitl.record import Record
from tests.api.drill.files import small_drill
from tests.api.site import settings_for

SPEED = 5.0


def test_played_here_and_live_it_is_scored_the_same_way(tmp_path: Path, city_folder: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(small_drill(city_folder), encoding="utf-8")
    drill = load_drill(path)
    told: list[str] = []

    async def live() -> Record:
        async with running(settings_for(tmp_path / "data", city_folder, speed=SPEED), drill.scenario.city) as engine:
            assert await ready(engine) == len(engine.city.drones)
            return await play_live(engine, drill, answers=True, tell=told.append)

    here, there = play(drill), asyncio.run(live())
    assert (here.vehicles, there.vehicles) == ("kinematic", "embedded")
    one, two = score_of(drill, here), score_of(drill, there)
    print([(result.asked, result.found) for result in (*one.objectives, *two.objectives)])
    assert [result.kind for result in one.objectives if not result.met] == []
    assert [result.met for result in two.objectives] == [result.met for result in one.objectives]
    assert [(i.name, i.outcome, i.drone_id) for i in two.incidents] == [
        (i.name, i.outcome, i.drone_id) for i in one.incidents
    ]
    assert (one.passed, two.passed) == (True, True)
    assert any("inject quay: Look at the quay." in line for line in told)
    assert [answer.name for answer in two.answers] == ["quay", "training"]
