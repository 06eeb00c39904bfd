"""Embedded cameras on gimbals over MAVLink: pointed at the scene, the stream told by the API, a stuck gimbal, none."""

import asyncio
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.engine import Engine, ready, running
from api.settings import Settings
from dispatch.city import City
from dispatch.city_folder import load_city
from dispatch.model import DroneState, Sortie
from dispatch.store import Role
from geo.position import Position
from simulator.embedded import POSITION_HZ, vehicle_specs
from simulator.mavlink import EmbeddedFleet
from tests.sitl.city import write_px4_city

SPEED = 5.0
URL = "rtsp://10.0.0.5:8554/d1"
TOLD = URL.replace("://", "://pilot:hunter2@")
NEAR_B1, NEAR_B2, BESIDE = Position(120.9560, 31.3808), Position(120.9624, 31.3806), Position(120.9552, 31.3806)


def fleet_of(city: City, *, port: int, speed: float) -> EmbeddedFleet:
    """D1 has a camera that tells of its stream, D2 has none."""
    d1, d2 = vehicle_specs(city)
    assert d1.camera, "its airframe has sensors"
    specs = dataclasses.replace(d1, video_url=TOLD), dataclasses.replace(d2, camera=False)
    return EmbeddedFleet(specs, port=port, speed_factor=speed, position_hz=POSITION_HZ)


def test_the_camera_points_and_its_stream_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = load_city(write_px4_city(tmp_path / "city"))
    city = dataclasses.replace(city, rules=dataclasses.replace(city.rules, command_deadline_s=3.0))
    monkeypatch.setattr("api.engine.embedded_fleet", fleet_of)
    settings = Settings(city=str(tmp_path / "city"), data=tmp_path, database="", speed=SPEED)

    async def fly() -> None:
        async with running(settings, city) as engine:
            assert await ready(engine) == 2
            engine.accounts.create("operator", "correct horse operator", Role.OPERATOR)
            account = engine.accounts.account("operator")
            assert account is not None
            headers = {"authorization": f"Bearer {engine.sessions.issue(account)}"}
            transport = httpx.ASGITransport(create_app(settings, engine))
            async with httpx.AsyncClient(transport=transport, base_url="http://here/api/v1", headers=headers) as client:
                await asyncio.wait_for(story(engine, client), 100)

    asyncio.run(fly())


async def story(engine: Engine, client: httpx.AsyncClient) -> None:
    """Both are called; then D1's gimbal goes home, sticks, and D1 is called again."""
    embedded = engine.embedded
    assert embedded is not None
    first = await report(client, NEAR_B1, watch_s=300.0)
    await report(client, NEAR_B2, watch_s=10.0)
    await until(lambda: (p := sortie(engine, "D1").pointing) is not None and p.seen)
    state = engine.operations.situation.states["D1"]
    assert off_deg(engine.city, state, NEAR_B1) < 10.0
    told = await sortie_view(client, "D1")
    assert (told["video_url"], told["camera"]["seen"], told["unpointed"]) == (URL, True, None)
    (drone,) = [d for d in (await client.get("/situation")).json()["drones"] if d["id"] == "D1"]
    assert drone["video_url"] == URL, "without credentials"

    await until(lambda: "on_scene" in [step.state for step in sortie(engine, "D2").steps[:-1]])
    blind = sortie(engine, "D2")
    assert (blind.pointing, blind.unpointed, blind.video_url) == (None, None, "")

    await client.post(f"/incidents/{first}/release")
    await until(lambda: engine.operations.situation.states["D1"].sight is None)  # it was let go of
    await asyncio.sleep(1.0)  # and turns back to the nose
    await embedded.fault(1, "gimbal_stuck")
    second = await report(client, BESIDE, watch_s=300.0)
    await until(lambda: sortie(engine, "D1").incident_id == second and sortie(engine, "D1").state == "on_scene")
    await until(lambda: sortie(engine, "D1").unpointed is not None)
    told = await sortie_view(client, "D1")
    assert (told["state"], told["camera"]["seen"], told["unpointed"]["code"]) == (
        "on_scene",
        False,
        "camera_not_pointing",
    )
    assert engine.operations.situation.withdrawn == {}


async def report(client: httpx.AsyncClient, place: Position, watch_s: float) -> str:
    body = {
        "longitude_deg": place.longitude_deg,
        "latitude_deg": place.latitude_deg,
        "datum": "WGS-84",
        "type": "fire",
        "watch_s": watch_s,
    }
    answer = await client.post("/incidents", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def sortie_view(client: httpx.AsyncClient, drone_id: str) -> dict[str, Any]:
    told = (await client.get("/situation")).json()
    (found,) = [one for one in told["sorties"] if one["drone_id"] == drone_id]
    return dict(found)


def sortie(engine: Engine, drone_id: str) -> Sortie:
    return engine.operations.situation.sorties[drone_id]


def off_deg(city: City, state: DroneState, scene: Position) -> float:
    """The angle between the camera's line of sight and the scene on the ground, out of what was told."""
    assert state.sight is not None
    assert state.position is not None
    east, north = city.frame.xy(scene) - city.frame.xy(state.position)
    far, down = math.hypot(east, north), state.height_m  # base and scene lie at one height
    pitch = math.radians(state.sight.pitch_deg)
    turned = math.radians(state.sight.bearing_deg) - math.atan2(east, north)
    along = math.cos(pitch) * math.cos(turned) * far - math.sin(pitch) * down
    return math.degrees(math.acos(min(1.0, along / math.hypot(far, down))))


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not so():  # noqa: ASYNC110 - a situation tells nobody
            await asyncio.sleep(0.05)
