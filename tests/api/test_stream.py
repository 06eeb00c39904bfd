"""The stream: everything once, in order, whatever the line does; and no client that harms the engine."""

import contextlib
import json
import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sse_starlette import ServerSentEvent

from api.stream import BACKLOG, MEMORY, Message, Stream, message
from api.views.decisions import DecisionView
from api.views.fleet import DroneView
from api.views.incidents import IncidentView
from api.views.situation import SituationView
from api.views.sorties import SortieView
from dispatch.store import Role
from tests.api.site import Site, until
from tests.api.test_security import problem_of
from tests.cities import DRONES, place, zone

STORM, CALM = {"speed_mps": 20.0, "from_deg": 270.0}, {"speed_mps": 0.0, "from_deg": 0.0}
TELEMETRY = frozenset({"drones", "clock"})


@dataclass(frozen=True)
class Event:
    """One event as a browser sees it."""

    event: str
    data: Any
    id: str | None

    @property
    def number(self) -> int:
        """The part of the id that counts."""
        assert self.id is not None
        return int(self.id.rpartition("-")[2])


def events(response: httpx.Response) -> Iterator[Event]:
    """The events of a stream, as they come."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line.startswith(":"):
            continue  # a ping
        if line:
            fields[name] = value
        elif "event" in fields:
            yield Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
            fields = {}


@contextlib.contextmanager
def listening(client: httpx.Client, last_id: str | None = None) -> Iterator[Iterator[Event]]:
    """The events since ``last_id``, for as long as the block lasts."""
    headers = {} if last_id is None else {b"last-event-id": last_id.encode()}
    with client.stream("GET", "/stream", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


def logged(found: Iterator[Event], until_marked: str) -> list[Event]:
    """All events but telemetry, up to the change of weather that carries this mark."""
    seen = []
    for event in found:
        if event.event not in TELEMETRY:
            seen.append(event)
        if event.event == "weather" and str(event.data["rain_mm_h"]) == until_marked:
            return seen
    raise AssertionError("the stream ended")


@pytest.fixture
def marks(operator: httpx.Client) -> Iterator[Any]:
    """Orders a change of weather that is told apart from all others, and returns its mark; nothing flies meanwhile."""
    count = 0

    def mark() -> str:
        nonlocal count
        count += 1
        rain = count / 1024
        operator.put("/weather", json=STORM | {"rain_mm_h": rain}).raise_for_status()
        return str(rain)

    yield mark
    for incident in operator.get("/incidents?status=open").json()["incidents"]:
        operator.post(f"/incidents/{incident['id']}/cancel")
    operator.put("/weather", json=CALM)


def report(client: httpx.Client) -> str:
    """Report an incident that waits for the storm to pass."""
    answer = client.post("/incidents", json=place(200, 400) | {"type": "crash"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


# ---------------------------------------------------------------- what comes


def test_first_the_situation_then_what_moves(site: Site, viewer: httpx.Client) -> None:
    with listening(viewer) as stream:
        first = next(stream)
        assert first.event == "situation"
        picture = SituationView.model_validate(first.data)
        assert {drone.id for drone in picture.drones} == set(DRONES)
        assert picture.clock.speed == site.engine.clock.speed
        seen: dict[str, list[Any]] = {"drones": [], "clock": []}
        began_s = time.monotonic()
        while len(seen["clock"]) < 2 or len(seen["drones"]) < 5:
            event = next(stream)
            if event.event in TELEMETRY:
                assert event.id is None  # so that a client comes back to what counts
                seen[event.event].append(event.data)
            assert time.monotonic() - began_s < 5
    assert all({DroneView.model_validate(drone).id for drone in drones} == set(DRONES) for drones in seen["drones"])
    assert seen["clock"][0]["now_at_s"] < seen["clock"][1]["now_at_s"]
    assert seen["drones"][0][0]["seen_at_s"] < seen["drones"][-1][0]["seen_at_s"]


def test_events_come_in_order_each_with_an_id_of_its_own(
    operator: httpx.Client, planner: httpx.Client, viewer: httpx.Client, marks: Any
) -> None:
    with listening(viewer) as stream:
        first = next(stream)
        marks()
        incident_id = report(operator)
        planner.post("/zones", json=zone("brief", (-2000, 2000), (-1900, 2100))).raise_for_status()
        planner.delete("/zones/brief").raise_for_status()
        operator.post(f"/incidents/{incident_id}/cancel").raise_for_status()
        seen = logged(stream, marks())
    numbers = [event.number for event in seen]
    assert numbers == list(range(first.number + 1, first.number + 1 + len(seen)))
    about = [e for e in seen if e.event in ("decision", "incident") and incident_id in json.dumps(e.data)]
    assert [event.event for event in about] == ["decision", "incident", "incident"]
    assert DecisionView.model_validate(about[0].data).drone_id is None
    assert IncidentView.model_validate(about[1].data).why == about[0].data["why"]
    assert about[2].data["status"] == "cancelled"
    zones = [{f["properties"]["id"] for f in e.data["features"]} for e in seen if e.event == "zones"]
    assert [("brief" in ids) for ids in zones] == [True, False]
    with listening(viewer) as stream:
        recent = {i["id"]: i for i in next(stream).data["incidents"]}
    assert recent[incident_id]["status"] == "cancelled"  # over, and still told of once


def test_a_flight_is_told_step_by_step(quiet_site: Site, operator: httpx.Client, viewer: httpx.Client) -> None:
    states: list[str] = []
    with listening(viewer) as stream:
        made = operator.post("/incidents", json=place(150, 0) | {"type": "crash", "watch_s": 0}).json()
        for event in stream:
            if event.event == "sortie" and event.data["id"] == made["sortie_id"]:
                states.append(SortieView.model_validate(event.data).state.value)
            if event.event == "incident" and event.data["id"] == made["id"] and event.data["status"] == "closed":
                break
    told = [state for k, state in enumerate(states) if states[k - 1 : k] != [state]]
    order = ["decided", "commanded", "airborne", "en_route", "on_scene", "returning", "landing", "charging"]
    assert [state for state in told if state in order] == order


# ---------------------------------------------------------------- coming back


def test_who_comes_back_gets_exactly_what_it_missed(operator: httpx.Client, viewer: httpx.Client, marks: Any) -> None:
    with listening(viewer) as stream:
        next(stream)
        report(operator)
        whole = logged(stream, marks())
        for _ in range(2):
            operator.post(f"/incidents/{report(operator)}/cancel")
        whole += logged(stream, marks())
    assert len(whole) >= 8
    for k, left_at in enumerate(whole[:-1]):  # also between two events of one entry of the log
        with listening(viewer, left_at.id) as stream:
            assert logged(stream, str(whole[-1].data["rain_mm_h"])) == whole[k + 1 :]
    with listening(viewer, whole[-1].id) as stream:
        assert next(stream).event in TELEMETRY  # nothing was missed, so nothing is repeated


@pytest.mark.parametrize(
    "stale",
    ["", "7", "1-1", "{run}-999999999", "{run}--1", "{run}-", "{run}-x", "{run}-" + "9" * 400, "ffffffff-1", "{run}-٣"],
)
def test_an_id_that_says_nothing_to_us_gets_the_situation(site: Site, viewer: httpx.Client, stale: str) -> None:
    """Of another run of the engine, of the future, or none: the picture is whole again at once."""
    with listening(viewer) as stream:
        run = str(next(stream).id).rpartition("-")[0]
    with listening(viewer, stale.format(run=run)) as stream:
        assert next(stream).event == "situation"


# ---------------------------------------------------------------- slow clients; the stream by itself


def _picture() -> Message:
    return message("situation", {"whole": True})


async def _some(stream: AsyncGenerator[ServerSentEvent], count: int) -> list[ServerSentEvent]:
    return [await anext(stream) for _ in range(count)]


@pytest.mark.anyio
async def test_a_slow_client_gets_a_fresh_situation_and_never_old_telemetry() -> None:
    stream = Stream(_picture)
    slow, quick = stream.listen(), stream.listen()
    assert [(await anext(client)).event for client in (slow, quick)] == ["situation"] * 2
    for number in range(BACKLOG + 10):
        stream.publish(message("drones", number, passing=True))
        stream.publish(message("incident", number))
        if number:
            assert (await anext(quick)).data == str(number - 1)
            continue
        assert (await anext(quick)).event == "incident"
        assert (await anext(quick)).event == "drones"
        stream.publish(message("incident", number))
    held = next(client for client in stream._clients if client.backlog and len(client.backlog) > 5)
    assert len(held.backlog) <= BACKLOG
    assert len(held.latest) == 1
    first = await anext(slow)
    assert first.event == "situation"
    rest = await _some(slow, len(held.backlog) + len(held.latest))
    assert [one.event for one in rest].count("incident") == len(rest) - 1
    assert (rest[-1].event, rest[-1].data) == ("drones", str(BACKLOG + 9))


@pytest.mark.anyio
async def test_memory_has_an_end() -> None:
    stream = Stream(_picture)
    for number in range(MEMORY + 5):
        stream.publish(message("incident", number))
    run = stream._run
    kept = stream.listen(f"{run}-5")
    assert (await anext(kept)).data == "5"
    forgotten = stream.listen(f"{run}-4")
    fresh = await anext(forgotten)
    assert (fresh.event, fresh.id) == ("situation", f"{run}-{MEMORY + 5}")


@pytest.mark.anyio
async def test_a_closed_stream_ends_old_and_new_clients() -> None:
    stream = Stream(_picture)
    client = stream.listen()
    await anext(client)
    stream.close()
    assert [event async for event in client] == []
    assert [event async for event in stream.listen()] == []
    assert stream.clients == 0


def test_a_client_that_reads_nothing_holds_up_nobody(
    site: Site, operator: httpx.Client, viewer: httpx.Client, marks: Any
) -> None:
    """Its socket is full after a while; the engine, and whoever reads, does not wait for it."""
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(site.client(Role.VIEWER).stream("GET", "/stream"))
        until(lambda: site.engine.stream.clients >= 5, "they listen")
        marks()
        with listening(viewer) as stream:
            next(stream)
            began_s = time.monotonic()
            made = [report(operator) for _ in range(20)]
            seen = logged(stream, marks())
            assert time.monotonic() - began_s < 5
        assert [e.data["id"] for e in seen if e.event == "incident" and e.data["status"] == "open"][-20:] == made
    until(lambda: site.engine.stream.clients == 0, "they are gone")


# ---------------------------------------------------------------- who may listen


def test_nobody_listens_without_a_session(site: Site, nobody: httpx.Client) -> None:
    for headers in ({}, {"authorization": f"Bearer {uuid.uuid4()}"}):
        answer = nobody.get("/stream", headers=headers)
        assert answer.status_code == 401
        assert problem_of(answer) in ("not_logged_in", "invalid_session")
    assert site.engine.stream.clients == 0
