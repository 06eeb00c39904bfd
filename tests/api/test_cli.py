"""The command line, as it is typed: what it prints, what it refuses with which words, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from dispatch.kpi import stage_times
from dispatch.store import Accounts, Role, Store
from tests.cities import DRONES, FRAME, place, write_city
from tests.geo.formats import documents

ROOT = Path(__file__).parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def typed(*words: object, env: Mapping[str, str] | None = None, said: str | None = None) -> Result:
    """What a command gives, run in this process."""
    return CliRunner().invoke(app, [str(word) for word in words], input=said, env=env)


def started(*words: object, **env: str) -> "subprocess.Popen[str]":
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **env},
    )


def ended(process: "subprocess.Popen[str]", timeout_s: float = 60) -> tuple[str, str]:
    """What it printed and what it said beside; fails unless it went well."""
    printed, said = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, said
    return ANSI.sub("", printed), said


def test_help_names_every_command() -> None:
    told = typed("--help")
    assert told.exit_code == 0
    for command in (
        *("demo", "serve", "doctor", "decide", "replay", "sitl", "certify", "field", "calibrate", "basemap", "city"),
        *("zones", "drill", "account"),
    ):
        assert re.search(rf"\b{command}\b", told.output)
        assert typed(command, "--help").exit_code == 0
    assert typed("fly").exit_code == 2


# ---------------------------------------------------------------- decide


def scenario(city_folder: Path, **others: Any) -> dict[str, Any]:
    """A scenario with two incidents, one of which only H1 can serve."""
    incidents = [
        place(300, 300) | {"type": "fire"},
        place(-300, 500) | {"type": "crash", "needs": ["speaker"], "watch_s": 10},
    ]
    return {"city": str(city_folder), "incidents": incidents, **others}


def written(folder: Path, content: object) -> Path:
    """A scenario file; text and bytes as they are."""
    path = folder / "scenario.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_decide_explains_every_drone(tmp_path: Path, city_folder: Path) -> None:
    drones = {"D1": {"battery_share": 0.21}, "D2": {"withdrawn": "propeller check"}, "D3": {"healthy": False}}
    path = written(tmp_path, scenario(city_folder, drones=drones))
    told = typed("decide", path, "--json")
    assert told.exit_code == 0
    fire, loud = json.loads(told.stdout)
    assert [fire["incident_id"], loud["incident_id"]] == ["I-000001", "I-000002"]
    assert {option["drone_id"] for option in fire["options"]} == set(DRONES)
    outs = {option["drone_id"]: option["out"] and option["out"]["code"] for option in fire["options"]}
    assert (outs["D1"], outs["D2"], outs["D3"]) == ("energy", "withdrawn", "not_ready")
    assert loud["drone_id"] == "H1"
    assert re.fullmatch(r"[0-9a-f]{64}", fire["inputs_hash"])

    table = typed("decide", path, env={"COLUMNS": "240"})
    assert table.exit_code == 0
    assert fire["why"] in table.output
    for drone_id in DRONES:
        assert table.output.count(drone_id) >= 2
    assert "propeller check" in table.output
    assert f"{fire['options'][0]['time']['total_s']:.1f}" in table.output


def test_decide_gives_the_same_bytes_again(tmp_path: Path, city_folder: Path) -> None:
    path = written(tmp_path, scenario(city_folder, wind={"speed_mps": 6, "from_deg": 300}))
    outputs = [typed("decide", path, "--json").stdout_bytes for _ in range(2)]
    process = started("decide", path, "--json", PYTHONHASHSEED="7")
    outputs.append(ended(process)[0].encode())
    assert outputs[0] == outputs[1] == outputs[2]

    toml = tmp_path / "scenario.toml"
    points = "".join(
        f"[[incidents]]\n{''.join(f'{key} = {json.dumps(value)}' + chr(10) for key, value in incident.items())}"
        for incident in scenario(city_folder)["incidents"]
    )
    toml.write_text(f'city = "{city_folder}"\nwind = {{ speed_mps = 6.0, from_deg = 300.0 }}\n{points}')
    assert typed("decide", toml, "--json").stdout_bytes == outputs[0]


def _first(city_folder: Path, **others: Any) -> dict[str, Any]:
    good = scenario(city_folder)
    return good | {"incidents": [good["incidents"][0] | others]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "Expecting property name"),
        ("", "Expecting value"),
        ("[]", "valid dictionary"),
        (b"\xff\xfe", "codec can't decode"),
        ("[" * 100_000, "recursion"),
        (lambda c: {"city": str(c)}, "incidents: Field required"),
        (lambda c: scenario(c, incidents=[]), "incidents: List should have at least 1"),
        (lambda c: scenario(c, city="atlantis"), "no city 'atlantis'"),
        (lambda c: scenario(c, rain=1), "rain: Extra inputs"),
        (lambda c: scenario(c, rain_mm_h=-1), "rain_mm_h: "),
        (lambda c: scenario(c, wind={"speed_mps": float("nan"), "from_deg": 0}), "wind.speed_mps: "),
        (lambda c: scenario(c, drones={"D99": {}}), "drones.D99: there is no such drone"),
        (lambda c: scenario(c, drones={"D1": {"battery_share": 40}}), "drones.D1.battery_share: "),
        (lambda c: _first(c, datum=""), "incidents.0: the datum is not stated"),
        (lambda c: _first(c, priority=6), "incidents.0.priority: "),
        (lambda c: _first(c, type="ufo"), "incidents.0: there is no incident type 'ufo'"),
        (lambda c: _first(c, **place(-550, -550)), "incidents.0: (10.49"),
        (lambda c: _first(c, **place(30_000, 0)), "incidents.0: no drone of the fleet"),
        (lambda c: _first(c, longitude_deg=48.25, latitude_deg=10.5), "swapped?"),
    ],
)
def test_a_bad_scenario_ends_with_one_line(tmp_path: Path, city_folder: Path, content: Any, says: str) -> None:
    path = written(tmp_path, content(city_folder) if callable(content) else content)
    told = typed("decide", path)
    assert told.exit_code == 2
    assert told.stdout == ""
    (line,) = told.stderr.splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert str(path) in line or "no city" in line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        told = typed("decide", path)
        assert told.exit_code == 2
        assert len(told.stderr.splitlines()) == 1
        assert str(path) in told.stderr


def test_square_brackets_in_an_error_are_told(tmp_path: Path) -> None:
    """Words in brackets are names of tables here, not colours."""
    folder = write_city(tmp_path / "city", promise_minutes=3.0)
    told = typed("decide", written(tmp_path, scenario(folder)))
    assert told.exit_code == 2
    assert "[rules]" in told.stderr
    assert "promise_minutes" in told.stderr


# ---------------------------------------------------------------- accounts


def test_accounts(tmp_path: Path) -> None:
    env = {"REACH180_DATA": str(tmp_path / "data")}

    def account(*words: str, said: str | None = None) -> Result:
        return typed("account", *words, env=env, said=said)

    assert account("list").stdout == ""
    added = account("add", "Kim", "--role", "admin", said="correct horse\ncorrect horse\n")
    assert added.exit_code == 0
    assert added.stdout.splitlines()[-1] == "kim may log in as admin"
    assert "correct horse" not in added.output
    assert account("add", "lee", "--role", "viewer", "--password", "battery staple").exit_code == 0
    assert [line.split() for line in account("list").stdout.splitlines()] == [["kim", "admin"], ["lee", "viewer"]]
    assert account("disable", "lee").exit_code == 0
    assert account("list").stdout.splitlines()[1].split() == ["lee", "viewer", "disabled"]
    with Store.open(f"sqlite:///{tmp_path}/data/reach180.db") as store:
        assert Accounts(store).verify("lee", "battery staple") is None
        assert Accounts(store).verify("kim", "correct horse") is not None
    assert account("enable", "lee").exit_code == 0
    assert account("password", "lee", "--password", "another staple").exit_code == 0
    with Store.open(f"sqlite:///{tmp_path}/data/reach180.db") as store:
        assert Accounts(store).verify("lee", "battery staple") is None
        assert Accounts(store).verify("lee", "another staple") is not None

    for words, says in (
        (("add", "kim", "--password", "whatever else"), "taken"),
        (("add", "max", "--password", "short"), "at least 10"),
        (("disable", "nobody"), "no account 'nobody'"),
        (("disable", "kim"), "last admin"),
    ):
        refused = account(*words)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("error: ")
        assert says in refused.stderr
        assert "whatever else" not in refused.output
    assert account("add", "max", "--role", "king", "--password", "whatever else").exit_code == 2
    assert account("add", "max", said="one password\nanother password\n").exit_code != 0


# ---------------------------------------------------------------- the engine in a process of its own


def test_demo_agrees_with_its_database(tmp_path: Path, city_folder: Path) -> None:
    options = {"incidents": 2, "every-s": 2, "watch-s": 2, "speed": 20, "seed": 27, "city": city_folder}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    told = typed("demo", "--headless", "--data", tmp_path / "data", *words, env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    printed = told.stdout
    assert f"{len(DRONES)} of {len(DRONES)} drones ready; 2 incidents at 20" in printed
    assert "2 incidents, 2 returned" in printed
    assert "on scene within 180 s: 2 of 2 (100%" in printed

    with Store.open(f"sqlite:///{tmp_path}/data/reach180.db") as store:
        rows = store.clocks()
        assert [row.status.value for row in rows] == ["closed", "closed"]
        told = {cells[0]: cells[1:] for cells in _cells(printed)}
        for stage in stage_times([row.clocks for row in rows]):
            times = [f"{value:,.1f} s" for value in (stage.median_s, stage.p90_s, stage.max_s)]
            assert told[stage.name] == [str(stage.count), *times]
        assert all(store.decisions_of(row.id) for row in rows)


def _cells(printed: str) -> Iterator[list[str]]:
    for line in printed.splitlines():
        if line.startswith("│"):
            yield [cell.strip() for cell in line.strip("│").split("│")]


def test_replay_of_records(tmp_path: Path, city_folder: Path) -> None:
    lines = ["received,longitude,latitude,type,priority,first_unit_s"]
    calls = [
        (200, 200, "STRUCTURE FIRE"),
        (-550, -550, "CRASH"),
        (300, -300, "CRASH"),
        (-300, 300, "CRASH"),
        (0, 700, "FIRE"),
    ]
    for number, (east_m, north_m, kind) in enumerate(calls):
        at = datetime(2025, 5, 17, 12, 0, 2 * number, tzinfo=UTC).isoformat()
        position = FRAME.position((east_m, north_m))
        lines.append(f"{at},{position.longitude_deg},{position.latitude_deg},{kind},{number % 3 + 1},400")
    records = tmp_path / "calls.csv"
    records.write_text("\n".join(lines) + "\n")

    words = ("replay", records, "--city", city_folder, "--speed", 20, "--watch-s", 2, "--json")
    told = typed(*words, "--datum", "WGS-84")
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert figures["calls"] == 4
    assert figures["refused"] == {"inside_geozone": 1}
    assert figures["promise_s"] == 180
    assert [stage["name"] for stage in figures["stages"]] == ["decided", "launched", "on scene", "cleared", "returned"]
    assert all(stage["n"] == 4 and stage["median_s"] <= stage["p90_s"] <= stage["max_s"] for stage in figures["stages"])
    assert (figures["within_promise"]["share"], figures["within_promise"]["n"]) == (1.0, 4)
    assert (figures["first_on_scene"]["share"], figures["first_on_scene"]["n"]) == (1.0, 4)
    assert figures["first_on_scene"]["median_gain_s"] > 200
    assert "5 rows read, 5 calls" in told.stderr

    unstated = typed("replay", records, "--city", city_folder)
    assert unstated.exit_code == 2
    assert "datum" in unstated.stderr
    assert "Traceback" not in unstated.output


def test_serve_answers_at_once_keeps_secrets_and_ends_in_order(tmp_path: Path, city_folder: Path) -> None:
    env = {"REACH180_DATA": str(tmp_path / "data"), "REACH180_SPEED": "20", "REACH180_CITY": str(city_folder)}
    password, wrong = "correct horse battery", "wrong horse battery"
    with Store.open(f"sqlite:///{tmp_path}/data/reach180.db") as store:
        Accounts(store).create("kim", password, Role.ADMIN)
    process = started("serve", "--port", "0", "--verbose", **env)
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()))
    reader.start()
    try:
        assert process.stdout is not None
        printed = ""
        while (found := re.search(r"http://127\.0\.0\.1:\d+", printed)) is None:
            line = process.stdout.readline()
            assert line, said
            printed += line
        with httpx.Client(base_url=f"{found[0]}/api/v1") as client:
            took_s = []
            for _ in range(20):
                began_s = time.perf_counter()
                assert client.get("/health").status_code == 200
                took_s.append(time.perf_counter() - began_s)
            assert min(took_s) < 0.03, "every answer waits for an acknowledgement: is TCP_NODELAY set?"
            assert client.post("/session", json={"username": "kim", "password": wrong}).status_code == 401
            token = client.post("/session", json={"username": "kim", "password": password}).json()["token"]
            assert client.post("/decide", json={"type": 1}).status_code == 422
            listening = {"authorization": f"Bearer {token}"}
            with client.stream("GET", "/stream", headers=listening) as response:
                lines = response.iter_lines()
                assert next(lines) == "event: situation" or next(lines) == "event: situation"
                process.send_signal(signal.SIGTERM)
                began_s = time.monotonic()
                for _ in lines:  # to its end, and not cut off
                    pass
                assert time.monotonic() - began_s < 1
        printed += process.stdout.read()
        assert process.wait(5) == 0, said
    finally:
        process.kill()
        process.wait()
        reader.join()
    everything = printed + "".join(said)
    assert "vehicle_heard" in everything  # it was verbose
    for secret in (password, wrong, token, (tmp_path / "data" / "session.key").read_text()):
        assert secret not in everything
    assert "Traceback" not in everything


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("serve", "--port", "99999"), "65535"),
        (("serve", "--host", "256.0.0.1", "--port", "0"), "cannot listen on 256.0.0.1"),
        (("serve", "--city", "atlantis"), "no city 'atlantis'"),
        (("demo", "--city", "atlantis"), "no city 'atlantis'"),
        (("demo", "--speed", "51"), "50"),
        (("replay", "nothing.csv", "--city", "kunshan"), "nothing.csv"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, city_folder: Path, words: tuple[str, ...], says: str) -> None:
    if "256.0.0.1" in words:
        words = (*words, "--city", str(city_folder))
    told = typed(*words, env={"REACH180_DATA": str(tmp_path), "REACH180_SPEED": "20"})
    assert told.exit_code == 2
    assert says in ANSI.sub("", told.stderr)
    assert "Traceback" not in told.output


# ---------------------------------------------------------------- geozones


def test_zones_of_any_format_are_told_and_written(tmp_path: Path) -> None:
    files = []
    for name, text in documents.ALL.items():
        files.append(tmp_path / f"{name}.txt".replace(" ", "-"))
        files[-1].write_text(text)
    result = typed("zones", *files, "--out", tmp_path / "all.geojson")
    assert result.exit_code == 0, result.stderr
    for words in (
        "ED-318.txt: ED-318, 3 zones",
        "NFZ6547/1",
        "50 m AGL – 150 m AMSL",
        "16:00–17:30",
        "22:00–SR",
        "r 3500 m, 38.5 km²",
        "authorisation",
        "note: nfz-2: not enabled: left out",
    ):
        assert words in result.stdout, words
    again = typed("zones", tmp_path / "all.geojson")
    assert "all.geojson: GeoJSON, 11 zones" in again.stdout
    assert typed("zones", tmp_path / "ED-318.txt", "--out", tmp_path / "fence.plan").exit_code == 0
    assert "QGroundControl plan, 3 zones" in typed("zones", tmp_path / "fence.plan").stdout


def test_zones_that_are_wrong_end_with_one_line(tmp_path: Path, city_folder: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(documents.ALL["ED-318"])
    bad.write_text(documents.ALL["ED-318"].replace("REQ_AUTHORIZATION", "PERHAPS"))
    silent = tmp_path / "dji.json"
    silent.write_text(json.dumps(documents.dji()))
    for words, says in (
        ((good, bad), "bad.json: $.features[0].properties.type ('NFZ6547') = 'PERHAPS'"),
        ((good, "--city", city_folder), "lie more than 100 km from the city centre"),
        ((good, good, "--out", tmp_path / "x.geojson"), "x.geojson: id 'ABC1234' is in two of the files"),
        ((silent,), "dji.json: the datum is not stated"),
        ((tmp_path / "none.json",), "none.json"),
    ):
        result = typed("zones", *words)
        assert result.exit_code == 2
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
    assert not (tmp_path / "x.geojson").exists()
    assert typed("zones", silent, "--datum", "wgs84").exit_code == 0
