"""The dispatcher is killed with five drones in the air, and a standby takes over: time without one, what is lost.

``python -m benchmarks failover`` makes a database in the PostgreSQL server of ``REACH180_POSTGRESQL``, or in one that
it starts (it comes with the packages for tests). Two engines (``reach180 serve``, one with ``--standby``) are processes
of their own, and so are the vehicles, which fly on in real time. A second round does it with SQLite, whose lock is a
file's.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks._postgresql import empty_database, postgresql
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.model import SortieState
from dispatch.store import Accounts, Role, Store, verify
from simulator.embedded import embedded_fleet

INCIDENTS, AWAY_M = 5, 400.0
WATCH_S = 15.0
READY_S, FLOWN_S, POLL_S = 90.0, 240.0, 0.05
PASSWORD = "a password for one drill"

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one drill told; seconds of wall time from the kill on."""

    answers_s: float
    """Until the standby answered over HTTP."""
    decides_s: float
    """Until a new incident had its decision."""
    lost: int
    """Incidents that were accepted and are not there, or never came to their end."""
    launched_twice: int
    """How often a drone took off for an incident for which one had taken off."""
    broken: str
    """What is wrong with the log; empty: nothing."""


async def drill(
    where: str, folder: Path, database: str, bodies: Sequence[Body], late: Body, ends: Sequence[str] = ("closed",)
) -> Result:
    """Kill the dispatcher of a city (its name or folder) once all ``bodies`` have a drone in the air; report ``late``
    to the standby, and wait until every incident is in one of the states ``ends``. ``folder`` keeps the data."""
    city = load_city(find_city(where))
    with Store.open(database) as store:
        Accounts(store, by="drill").create("operator", PASSWORD, Role.OPERATOR)
    port = _free_port(socket.SOCK_DGRAM)
    async with embedded_fleet(city, port=port, speed=1.0) as vehicles:
        environment = {
            **os.environ,
            "REACH180_CITY": where,
            "REACH180_DATA": str(folder),
            "REACH180_DATABASE": database,
            "REACH180_CONNECTIONS": f'["{vehicles.url}"]',
            "REACH180_SECRET": secrets.token_urlsafe(48),
        }
        async with AsyncExitStack() as stack:
            first, dispatcher = await stack.enter_async_context(_serving(environment))
            await _until("all drones ready", READY_S, lambda: _all_ready(first, len(city.drones)))
            second, _ = await stack.enter_async_context(_serving(environment, "--standby"))  # it leads who comes first
            first.headers["authorization"] = await _token(first)
            second.headers["authorization"] = first.headers["authorization"]
            made = [(await first.post("/incidents", json=body)).raise_for_status().json()["id"] for body in bodies]
            await _until("a drone in the air for each", FLOWN_S, lambda: _all_airborne(first, made))
            dispatcher.send_signal(signal.SIGKILL)
            killed_s = time.monotonic()
            await _until("the standby answers", READY_S, lambda: _answers(second))
            answers_s = time.monotonic() - killed_s
            fresh = (await second.post("/incidents", json=late)).raise_for_status().json()
            decides_s = time.monotonic() - killed_s
            ids = [*made, fresh["id"]]
            with contextlib.suppress(TimeoutError):
                await _until(f"every incident {ends[0]}", FLOWN_S, lambda: _all_ended(second, ids, ends))
            there = {id_: (await second.get(f"/incidents/{id_}")) for id_ in ids}
    lost = sum(answer.status_code != 200 or answer.json()["status"] not in ends for answer in there.values())
    with Store.open(database) as store:
        sorties = [row.value for row in store.sorties(limit=1000)]
        told = verify(store)
    took_off = [  # an incident for each time that a drone took off for it
        sortie.decision_id.rpartition(".")[0]
        for sortie in sorties
        for step in sortie.steps
        if step.state is SortieState.AIRBORNE
    ]
    twice = len(took_off) - len(set(took_off))
    why = "" if told.broken is None else f"{told.broken.seq}: {told.broken.why}"
    return Result(answers_s=answers_s, decides_s=decides_s, lost=lost, launched_twice=twice, broken=why)


@asynccontextmanager
async def _serving(
    environment: dict[str, str], *words: str
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
    """An engine in a process of its own, and a client that asks it."""
    port = _free_port(socket.SOCK_STREAM)
    command = (sys.executable, "-m", "api.cli", "serve", "--port", str(port), *words)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=20) as client:
            yield client, process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until(what: str, within_s: float, is_so: Callable[[], Awaitable[bool]]) -> None:
    until_s = time.monotonic() + within_s
    while True:
        with contextlib.suppress(httpx.TransportError):
            if await is_so():
                return
        if time.monotonic() > until_s:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        await asyncio.sleep(POLL_S)


async def _token(client: httpx.AsyncClient) -> str:
    answer = await client.post("/session", json={"username": "operator", "password": PASSWORD})
    return f"Bearer {answer.raise_for_status().json()['token']}"


async def _answers(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health")).status_code == 200


async def _all_ready(client: httpx.AsyncClient, count: int) -> bool:
    return bool((await client.get("/health")).json()["drones_ready"] == count)


async def _all_airborne(client: httpx.AsyncClient, ids: list[str]) -> bool:
    told = [(await client.get(f"/incidents/{id_}")).json() for id_ in ids]
    return all(each["clocks"]["launched_at_s"] is not None for each in told)


async def _all_ended(client: httpx.AsyncClient, ids: list[str], ends: Sequence[str]) -> bool:
    told = [(await client.get(f"/incidents/{id_}")).json() for id_ in ids]
    return all(each["status"] in ends for each in told)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def near(city: City, base_id: str, away_m: float = AWAY_M) -> Body:
    """A crash so far north of a base."""
    position = city.bases[base_id].position
    return {
        "longitude_deg": position.longitude_deg,
        "latitude_deg": position.latitude_deg + away_m / 111_195.0,
        "datum": "WGS-84",
        "type": "crash",
        "watch_s": WATCH_S,
    }


def main(_words: list[str]) -> None:
    """Both databases, one after the other."""
    city = load_city(find_city("kunshan"))
    bases = sorted(city.bases)
    bodies, late = [near(city, base_id) for base_id in bases[:INCIDENTS]], near(city, bases[INCIDENTS])
    table = Table(title=f"{INCIDENTS} drones of {city.name} in the air, the dispatcher killed")
    for name in ("database", "standby answers, s", "decides, s", "incidents lost", "launched twice", "log"):
        table.add_column(name, justify="left" if name in ("database", "log") else "right")
    with tempfile.TemporaryDirectory() as folder, postgresql() as server, empty_database(server) as url:
        for name, database in (("PostgreSQL", url), ("SQLite", f"sqlite:///{folder}/drill.db")):
            told = asyncio.run(drill("kunshan", Path(folder) / name, database, bodies, late))
            cells = (f"{told.answers_s:.1f}", f"{told.decides_s:.1f}", str(told.lost), str(told.launched_twice))
            table.add_row(name, *cells, told.broken or "whole")
    Console().print(table)
