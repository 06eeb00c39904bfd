"""The real thing on a free port, in a thread: embedded vehicles in a child process, MAVSDK, SQLite, uvicorn."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from api.app import create_app
from api.cli.serve import listening
from api.engine import Engine, ready, running
from api.settings import Settings
from dispatch.city import City
from dispatch.clock import Clock
from dispatch.store import Role

T = TypeVar("T")

SPEED = 20.0
PASSWORD = "correct horse {}"
ROLES = tuple(Role)


@dataclass
class Site:
    """A running engine with its server, and what tests ask of them from another thread."""

    engine: Engine
    url: str
    loop: asyncio.AbstractEventLoop
    server: uvicorn.Server
    _clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work`` in the engine's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def client(self, role: Role | None = None) -> httpx.Client:
        """A client without cookies, logged in by token if a role is given."""
        client = self._clients.enter_context(httpx.Client(base_url=f"{self.url}/api/v1", timeout=20))
        if role is not None:
            client.headers["authorization"] = f"Bearer {self.token(role.value)}"
        return client

    def token(self, username: str) -> str:
        """A session token of that account."""
        account = self.engine.accounts.account(username)
        assert account is not None
        return self.engine.sessions.issue(account)

    def footprint(self) -> tuple[int, int]:
        """How many incidents there are and where the log ends: what a refused request must leave as it was."""
        return self.engine.store.count_incidents(), self.engine.store.last_seq()

    def wait_for_rest(self, timeout_s: float) -> None:
        """Until every drone is docked, charged and able, and nothing waits: the log does not grow by itself."""
        until(lambda: not self.unrest(), "every drone at rest", timeout_s, self.unrest)

    def unrest(self) -> list[str]:
        """What keeps the log growing, in words."""
        situation = self.engine.operations.situation
        still = [
            f"{state.drone_id}: {state.mode}, {state.height_m:.0f} m, armed {state.armed}, healthy {state.healthy}"
            for state in situation.states.values()
            if state.in_air or state.armed or not state.healthy
        ]
        over = [
            f"{sortie.id}: " + "; ".join(f"{step.at_s:.1f} {step.state.value} {step.why}" for step in sortie.steps)
            for sortie in situation.sorties.values()
            if sortie.state not in ("done", "failed")
        ]
        return [*still, *over, *(f"{i.id}: {i.status.value} {i.waits_because}" for i in situation.incidents.values())]


def until(
    found: Callable[[], T | None], what: str, timeout_s: float = 20.0, instead: Callable[[], object] = lambda: ""
) -> T:
    """The first truthy answer of ``found``; fails the test if there is none in time, and tells what is ``instead``."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline_s, f"not within {timeout_s:g} s: {what}; {instead()}"
        time.sleep(0.02)


@contextlib.contextmanager
def serving(
    settings: Settings, *, city: City | None = None, clock: Clock | None = None, wait_ready: bool = True
) -> Iterator[Site]:
    """The engine with its server and one account per role, named after it, until the block is left."""
    started: dict[str, Any] = {}
    up = threading.Event()

    async def live() -> None:
        async with running(settings, city, clock=clock) as engine:
            if wait_ready:
                assert await ready(engine) == len(engine.city.drones)
            for role in ROLES:
                if engine.accounts.account(role.value) is None:
                    engine.accounts.create(role.value, PASSWORD.format(role.value), role)
            with listening("127.0.0.1", 0) as listener:
                config = uvicorn.Config(
                    create_app(settings, engine),
                    log_level="warning",
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=2,
                )
                server = uvicorn.Server(config)
                port = listener.getsockname()[1]
                url, loop = f"http://127.0.0.1:{port}", asyncio.get_running_loop()
                started["site"] = Site(engine=engine, url=url, loop=loop, server=server)
                serve = asyncio.create_task(server.serve([listener]))
                while not server.started and not serve.done():  # noqa: ASYNC110 - a flag is all that uvicorn gives
                    await asyncio.sleep(0.01)
                started["stop"] = stop = asyncio.Event()
                up.set()
                await asyncio.wait({serve, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
                engine.stream.close()
                server.should_exit = True
                await serve

    def work() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            started["error"] = error
        finally:
            up.set()

    thread = threading.Thread(target=work, name="site")
    thread.start()
    up.wait(60)
    try:
        if "error" in started:
            raise started["error"]
        yield started["site"]
    finally:
        if "stop" in started:
            started["site"]._clients.close()
            started["site"].loop.call_soon_threadsafe(started["stop"].set)
        thread.join(30)
    if "error" in started:
        raise started["error"]


def settings_for(folder: Path, city_folder: Path, **others: Any) -> Settings:
    """Settings of an engine of its own in ``folder``, whatever the environment says."""
    values: Mapping[str, Any] = {
        "city": str(city_folder),
        "data": folder,
        "database": "",
        "connections": [],
        "speed": SPEED,
        "secret": "",
    }
    return Settings(**{**values, **others})
