"""A drill begun from the command room: which there are, one at a time, stopped and scored."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dispatch.store import Role
from tests.api.drill.files import small_drill
from tests.api.site import Site, serving, settings_for, until
from tests.api.test_security import problem_of


def test_the_ready_ones_and_what_cannot_be_begun(operator: httpx.Client, viewer: httpx.Client) -> None:
    listed = viewer.get("/drills").json()
    assert [drill["name"] for drill in listed][:2] == ["chemical-fire", "market-fire"]
    assert all(drill["title_zh"] and drill["introduction_zh"] for drill in listed)
    assert problem_of(operator.post("/drills", json={"name": "moon"})) == "unknown_drill"
    assert problem_of(operator.post("/drills", json={"name": "market-fire"})) == "drill_does_not_fit"
    assert problem_of(viewer.get("/drills/last")) == "no_drill"
    assert problem_of(operator.post("/drills/last/stop")) == "no_drill"


@pytest.fixture
def own(tmp_path: Path, city_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that nobody else uses, with one drill, of its own city."""
    path = tmp_path / "small.toml"
    path.write_text(small_drill(city_folder), encoding="utf-8")
    for module in ("api.drill.running", "api.routers.drills"):
        monkeypatch.setattr(f"{module}.shipped", lambda: {"small": path})
    with serving(settings_for(tmp_path / "data", city_folder, speed=10.0)) as site:
        yield site


def test_it_is_begun_told_of_stopped_and_scored(own: Site) -> None:
    operator = own.client(Role.OPERATOR)
    begun = operator.post("/drills", json={"name": "small", "answers": True})
    assert begun.status_code == 202, begun.text
    assert begun.json()["state"] == "running"
    assert problem_of(operator.post("/drills", json={"name": "small"})) == "drill_running"
    until(lambda: "quay" in str(operator.get("/drills/last").json()["told"]), "the first inject", 60)
    played = operator.get("/drills/last").json()
    assert [inject["name"] for inject in played["injects"]] == ["quay"]
    assert {incident["note"] for incident in operator.get("/incidents").json()["incidents"]} == {""}
    stopped = operator.post("/drills/last/stop").json()
    assert stopped["state"] == "over"
    assert stopped["score"]["unfinished"] == "it was interrupted"
    assert stopped["score"]["passed"] is False
    assert own.engine.operations.failures == 0
