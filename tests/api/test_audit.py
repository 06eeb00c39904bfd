"""Who did what stands in the log, the log is found whole, and its decisions are made again the same."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from dispatch.audit import Action
from dispatch.codec import from_json
from dispatch.store import Role, verify
from tests.api.site import PASSWORD, Site, until
from tests.cities import place


def actions(site: Site, after_seq: int) -> list[tuple[str, str, str]]:
    entries = site.engine.store.read(after_seq=after_seq, kinds=["action"])
    done = [from_json(Action, entry.body) for entry in entries]
    return [(each.by, each.what, each.of) for each in done]


def command(site: Site, *words: str) -> tuple[int, str]:
    env = {"REACH180_DATA": str(site.engine.settings.data), "REACH180_CITY": site.engine.settings.city}
    told = CliRunner(env=env).invoke(app, list(words))
    return told.exit_code, told.output


def test_every_action_bears_its_callers_name(quiet_site: Site) -> None:
    site, begin = quiet_site, quiet_site.engine.store.last_seq()
    operator, planner = site.client(Role.OPERATOR), site.client(Role.PLANNER)
    drone_id = min(site.engine.city.drones)
    fire = operator.post("/incidents", json=place(1200, 700) | {"type": "fire"}).json()
    sortie_id = fire["sortie"]["id"] if fire.get("sortie") else fire["sortie_id"]
    until(lambda: operator.post(f"/sorties/{sortie_id}/hold").status_code == 200, "held")
    assert operator.post(f"/sorties/{sortie_id}/resume").status_code == 200
    assert operator.post(f"/drones/{drone_id}/withdraw", json={"why": "propeller"}).status_code == 200
    assert operator.post(f"/drones/{drone_id}/restore").status_code == 200
    weather = {"speed_mps": 1.0, "from_deg": 90.0, "gust_mps": 1.0, "rain_mm_h": 0.0}
    assert operator.put("/weather", json=weather).status_code == 200
    assert operator.post(f"/incidents/{fire['id']}/cancel").status_code == 200
    assert planner.post(f"/incidents/{fire['id']}/cancel").status_code == 409  # nothing happened: nothing is noted
    assert actions(site, begin) == [
        ("operator", "report", fire["id"]),
        ("operator", "hold", sortie_id),
        ("operator", "resume", sortie_id),
        ("operator", "withdraw", drone_id),
        ("operator", "restore", drone_id),
        ("operator", "tell weather", "weather"),
        ("operator", "cancel", fire["id"]),
    ]


def test_who_logged_in_and_who_failed_to(site: Site) -> None:
    begin = site.engine.store.last_seq()
    for password, status in (("not this one", 401), (PASSWORD.format("viewer"), 200)):
        body = {"username": "viewer", "password": password}
        assert site.client().post("/session", json=body).status_code == status
    assert site.client().post("/session", json={"username": "nobody", "password": "at all"}).status_code == 401
    until(lambda: len(actions(site, begin)) >= 2, "both noted")
    entries = [from_json(Action, entry.body) for entry in site.engine.store.read(after_seq=begin, kinds=["action"])]
    told = sorted((each.by, each.what, each.refused) for each in entries)
    assert told == [("viewer", "log in", ""), ("viewer", "log in", "wrong password")]
    assert all(json.loads(each.asked) == {"from": "127.0.0.1"} for each in entries)


def test_the_log_of_a_working_engine_is_whole_and_its_decisions_come_out_the_same(quiet_site: Site) -> None:
    site, operator = quiet_site, quiet_site.client(Role.OPERATOR)
    fire = operator.post("/incidents", json=place(1200, 700) | {"type": "fire"}).json()
    others = [drone_id for drone_id in sorted(site.engine.city.drones) if drone_id != fire["drone_id"]]
    path = f"/incidents/{fire['id']}/dispatch"
    assert any(operator.post(path, json={"drone_id": each}).status_code == 200 for each in others)
    assert operator.post(f"/incidents/{fire['id']}/cancel").status_code == 200
    site.wait_for_rest(40)  # what the engine logs meanwhile would be between the lines of a command in its process
    code, said = command(site, "explain", fire["id"], "--json")
    decisions = json.loads(said)
    assert (code, [each["differs"] for each in decisions]) == (0, [[]] * len(decisions))
    assert {"by-hand"} < {each["policy"] for each in decisions}

    code, head = command(site, "audit", "head")
    assert code == 0
    code, said = command(site, "audit", "verify", "--known", head.strip())
    assert code == 0, said
    assert "all as they were written" in said
    assert verify(site.engine.store).broken is None
    code, said = command(site, "audit", "list", "--of", fire["id"])
    assert [line.split("\t")[2:5] for line in said.splitlines()] == [
        ["operator", "report", fire["id"]],
        ["operator", "dispatch", fire["id"]],
        ["operator", "cancel", fire["id"]],
    ]


@pytest.mark.parametrize("known", ["", "7", "7:", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_a_head_that_is_none_is_refused(site: Site, known: str) -> None:
    code, said = command(site, "audit", "verify", "--known", known)
    assert code == 2
    assert "is not NUMBER:HASH" in said.replace("\n", " ")


def test_what_there_is_not_cannot_be_explained(site: Site) -> None:
    code, said = command(site, "explain", "I-999999")
    assert code == 2
    assert "no incident 'I-999999'" in said.replace("\n", " ")
