"""``reach180 serve`` and ``reach180 demo``: the engine with its command room."""

import asyncio
import contextlib
import secrets
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
import uvicorn
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.app import WEB, create_app
from api.cli.common import clocks_table, err, out, plain_errors, watched_sentence
from api.drive import Driven, drive
from api.engine import Engine, ready, running
from api.logs import configure_logging
from api.settings import Settings
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.clock import WallClock
from dispatch.kpi import stage_times, watches, within
from dispatch.model import IncidentStatus
from dispatch.store import Accounts, Role, StoreError
from simulator.calls import Call, generate_calls

DEMO_USER = "demo"
BACKLOG = 2048  # uvicorn's own


@plain_errors
def serve(
    city: Annotated[str | None, typer.Option(help="a built-in city's name or a city folder")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port to listen on; 0 takes a free one")] = None,
    connection: Annotated[
        list[str] | None, typer.Option(help="MAVSDK connection URL of real vehicles, e.g. udpin://0.0.0.0:14550")
    ] = None,
    standby: Annotated[
        bool | None, typer.Option("--standby", help="wait while another engine dispatches, then take over")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """Run the engine for a real site; set up by REACH180_… variables and these options."""
    configure_logging(verbose=verbose)
    settings = Settings()
    given = {"city": city, "host": host, "port": port, "connections": connection, "standby": standby}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    asyncio.run(serve_engine(settings))


@plain_errors
def demo(
    city: Annotated[str, typer.Option(help="a built-in city's name or a city folder")] = "kunshan",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port to listen on; 0 takes a free one")] = 8180,
    speed: Annotated[float, typer.Option(min=0.1, max=50, help="engine seconds per second")] = 1.0,
    data: Annotated[
        Path | None, typer.Option(help="folder of the database; var/demo, or a new one for each headless run")
    ] = None,
    headless: Annotated[bool, typer.Option(help="no browser and no human: run generated incidents and exit")] = False,
    incidents: Annotated[int, typer.Option(min=1, max=10_000, help="how many incidents (headless)")] = 20,
    every_s: Annotated[
        float, typer.Option(min=0.0, help="mean pause between incidents, engine time (headless)")
    ] = 30.0,
    watch_s: Annotated[float, typer.Option(min=0.0, help="time on scene, engine time (headless)")] = 60.0,
    seed: Annotated[int, typer.Option(help="which incidents (headless)")] = 180,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what happens")] = False,
) -> None:
    """The whole engine on embedded vehicles: nothing else need be installed."""
    configure_logging(verbose=verbose)
    town = load_city(find_city(city))
    if headless:
        now_s = WallClock().now_s()
        folder = data or Path("var") / f"headless-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now_s))}"
        settings = Settings(city=city, speed=speed, data=folder, connections=[], database="")
        calls = paced_calls(town, now_s, incidents, every_s, seed)
        raise typer.Exit(asyncio.run(_headless(settings, town, calls, watch_s)))
    data = data or Path("var/demo")
    settings = Settings(city=city, host=host, port=port, speed=speed, data=data, connections=[], database="")
    asyncio.run(serve_engine(settings, town, demo=True))


def paced_calls(city: City, from_s: float, count: int, every_s: float, seed: int) -> list[Call]:
    """Places and types of the city's call model at exponential pauses of mean ``every_s``: a busy time."""
    calls = generate_calls(city, from_s, count=count, seed=seed)
    pauses_s = np.random.default_rng(seed).exponential(every_s, count) if every_s > 0 else np.zeros(count)
    at_s = from_s + np.cumsum(pauses_s)
    return [
        Call(at_s=float(at), position=call.position, type=call.type, priority=call.priority, note=call.note)
        for at, call in zip(at_s, calls, strict=True)
    ]


async def serve_engine(
    settings: Settings,
    city: City | None = None,
    *,
    demo: bool = False,
    page: str = "",
    meanwhile: Callable[[Engine], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Run the engine with its command room until it is stopped, or ``meanwhile`` is over: when it is stopped first,
    that is cancelled. ``demo`` makes an account with a password for this run; ``page`` is where people are sent."""
    began_s = time.monotonic()
    if not (WEB / "index.html").exists():
        err.print("[yellow]the command room is not built (make build): only the API is served[/]")
    async with running(settings, city) as engine:
        count = await ready(engine)
        with listening(settings.host, settings.port) as listener:
            host, port = listener.getsockname()[:2]
            config = uvicorn.Config(
                create_app(settings, engine),
                log_level="warning",
                timeout_graceful_shutdown=2,
                access_log=False,
                server_header=False,
            )
            server = uvicorn.Server(config)
            password = _demo_account(engine.accounts) if demo else None
            told_to = out if meanwhile is None else err  # what that prints may be for programs
            _welcome(told_to, engine, f"http://{host}:{port}/", page, count, time.monotonic() - began_s, password)
            for stop in (signal.SIGINT, signal.SIGTERM):
                # Beside uvicorn's own handler. Streams have no end of their own; and uvicorn raises the signal once
                # more when it is done, which would end us before the vehicles and the store are let go.
                asyncio.get_running_loop().add_signal_handler(stop, engine.stream.close)
            serving = asyncio.create_task(server.serve([listener]))
            work = asyncio.create_task(engine.superseded.wait() if meanwhile is None else meanwhile(engine))
            await asyncio.wait((serving, work), return_when=asyncio.FIRST_COMPLETED)
            engine.stream.close()
            server.should_exit = True
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await serving
        if engine.superseded.is_set():
            raise StoreError(f"{engine.store.name}: another engine has taken over; this one has ended")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on this address already, so that who reads the address can call it at once. That it is TCP
    must be said: else asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for the other side's delayed
    acknowledgement."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ValueError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def _demo_account(accounts: Accounts) -> str:
    """A password for this run only; the one of the last run holds no longer."""
    password = secrets.token_urlsafe(9)
    if accounts.account(DEMO_USER) is None:
        accounts.create(DEMO_USER, password, Role.ADMIN)
    else:
        accounts.set_password(DEMO_USER, password)
    return password


def _welcome(
    told_to: Console, engine: Engine, address: str, page: str, count: int, took_s: float, password: str | None
) -> None:
    lines = [
        f"[bold]{engine.city.name} {engine.city.name_zh}[/]: {count} of {len(engine.city.drones)} drones ready "
        f"on {len(engine.city.bases)} bases after {took_s:.1f} s",
        f"command room   [bold cyan]{address}{page}[/]",
        f"API            {address}api/v1/openapi.json",
        f"database       {engine.store.name}",
    ]
    if password is not None:
        lines += [f"user           [bold]{DEMO_USER}[/]", f"password       [bold]{password}[/]   (for this run only)"]
    elif not engine.accounts.all():
        lines.append("[yellow]no account yet: reach180 account add NAME --role admin[/]")
    told_to.print(Panel("\n".join(lines), title="reach180", expand=False), highlight=False)


async def _headless(settings: Settings, city: City, calls: list[Call], watch_s: float) -> int:
    began_s = time.monotonic()
    async with running(settings, city) as engine:
        count = await ready(engine)
        out.print(f"{count} of {len(city.drones)} drones ready; {len(calls)} incidents at {settings.speed:g} ×")
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err
        ) as bar:
            work = bar.add_task("reported", total=len(calls))

            def show(driven: Driven, waiting: int) -> None:
                reported = len(driven.incident_ids) + driven.refused.total()
                done = reported - waiting
                bar.update(work, completed=max(0, done), description=f"{reported} reported, {done} returned")

            driven = await drive(engine, calls, watch_s=watch_s, on_progress=show)
        stored = [i for id_ in driven.incident_ids if (i := engine.store.incident(id_)) is not None]
        returned = [i for i in stored if i.status is IncidentStatus.CLOSED and i.clocks.returned_at_s is not None]
        clocks = [i.clocks for i in stored]
        out.print(clocks_table(stage_times(clocks), f"{len(stored)} incidents, {len(returned)} returned"))
        share = within(clocks, city.rules.promise_s)
        out.print(
            f"on scene within {city.rules.promise_s:.0f} s: {share.count} of {share.of} ({share.share:.0%}, "
            f"95 % interval {share.low:.0%} to {share.high:.0%}); calls refused: {dict(driven.refused) or 'none'}; "
            f"{time.monotonic() - began_s:.0f} s of wall time; database: {engine.store.name}"
        )
        if told := watched_sentence(watches(stored)):
            out.print(told)
        return 0 if len(returned) == len(calls) else 1
