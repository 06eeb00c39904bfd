"""``reach180 doctor``: it finds what was broken on purpose, and nothing where nothing is."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from api.doctor import Finding, examine
from api.settings import Settings
from dispatch.city_folder import load_city
from dispatch.preflight import Verdict
from simulator.embedded import vehicle_specs
from simulator.mavlink import EmbeddedFleet
from tests.api.site import settings_for
from tests.api.test_cli import typed
from tests.cities import write_city
from tests.simulator.mavlink.flight import free_port


def of(findings: list[Finding], area: str, verdict: Verdict) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings if (finding.area, finding.verdict) == (area, verdict)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "city"
    write_city(folder)
    return settings_for(tmp_path / "data", folder, port=0)


def test_a_good_site_has_nothing_wrong_and_a_broken_vehicle_is_named(settings: Settings, tmp_path: Path) -> None:
    specs = vehicle_specs(load_city(tmp_path / "city"))

    async def work() -> tuple[list[Finding], list[Finding]]:
        async with EmbeddedFleet(specs, port=free_port(), speed_factor=1.0) as fleet:
            live = settings.model_copy(update={"connections": [fleet.url]})
            good = await examine(live, 4.0)
            before = await fleet.state()
            await fleet.fault(specs[0].system_id, "gps_lost")
            await fleet.fault(specs[1].system_id, "dead")
            await asyncio.sleep(1.5)
            broken = await examine(live, 4.0)
            assert [v["armed"] for v in await fleet.state()] == [v["armed"] for v in before] == [False] * len(specs)
        return good, broken

    good, broken = asyncio.run(asyncio.wait_for(work(), 90))
    assert [finding for finding in good if finding.verdict is Verdict.FAIL] == []
    assert len([f for f in good if f.area == "links" and "there and back" in f.told]) == len(specs)
    wrong = of(broken, "drones", Verdict.FAIL)
    drones = list(load_city(tmp_path / "city").drones)
    assert f"{drones[1]}: heard" in wrong
    assert {f"{drones[0]}: health", f"{drones[0]}: gps"} <= set(wrong)
    assert "fix type 0" in wrong[f"{drones[0]}: gps"].told
    assert all(finding.remedy for finding in wrong.values())


def test_links_that_cannot_work_are_told_with_the_remedy(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        urls = [f"udpin://127.0.0.1:{port}", "serial:///dev/ttyNOT:57600", f"udpin://0.0.0.0:{free_port()}", "udp://:1"]
        found = asyncio.run(examine(settings.model_copy(update={"connections": urls}), 1.0))
    wrong = of(found, "links", Verdict.FAIL)
    assert "taken by another program" in wrong[urls[0]].told
    assert "plugged in" in wrong[urls[1]].told
    assert "nothing heard" in wrong[urls[2]].told
    assert "write udpin:// or udpout://" in wrong["connections"].told
    assert "signs nothing" in of(found, "links", Verdict.WARN)[urls[2]].told


def test_the_machine_and_the_city_are_looked_at(settings: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = asyncio.run(examine(settings.model_copy(update={"port": port, "city": str(tmp_path / "nowhere")})))
    assert "in use" in of(found, "machine", Verdict.FAIL)[f"port 127.0.0.1:{port}"].told
    assert len(of(found, "city", Verdict.FAIL)) == 1
    assert not (tmp_path / "data").exists(), "looking changes nothing"


def test_it_ends_with_0_or_1_and_speaks_json(settings: Settings, tmp_path: Path) -> None:
    env = {"REACH180_DATA": str(tmp_path / "data"), "REACH180_PORT": "0", "REACH180_CONNECTIONS": "[]"}
    well = typed("doctor", "--city", tmp_path / "city", "--json", env=env)
    assert well.exit_code == 0, well.output
    assert {finding["area"] for finding in json.loads(well.output)} == {"machine", "city", "links"}
    ill = typed("doctor", "--city", tmp_path / "city", "--connection", "serial:///dev/ttyNOT:57600", env=env)
    assert ill.exit_code == 1
    assert "plugged in" in " ".join(ill.output.split())
