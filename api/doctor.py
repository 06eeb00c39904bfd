"""What is wrong, in words, with the remedy: the machine, the city, the links, each drone. Sends no flight command.

It opens links of its own, so it hears nothing where an engine has them. As any ground station it sends heartbeats, and
to learn the round trip it reads one parameter a few times.
"""

import asyncio
import contextlib
import ctypes
import itertools
import math
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType

import geo.kernels
from api.settings import Settings
from dispatch.city import City, CityError, situation_of
from dispatch.city_folder import find_city, load_city
from dispatch.clock import WallClock
from dispatch.fleet import VehicleError
from dispatch.fleet.connection import Connection, ConnectionStringError, obstacle, parse_connection, parse_connections
from dispatch.fleet.link import MavsdkLink, MavsdkVehicle
from dispatch.fleet.vehicle import Reading
from dispatch.model import Body, DroneState
from dispatch.preflight import Verdict, checklist
from dispatch.store import StoreError
from dispatch.store.opening import schema_version

LEAST_FREE_BYTES, FEW_FREE_BYTES = 200e6, 2e9
LISTEN_S, POLL_S, PINGS = 5.0, 0.02, 5
LATE_S, SELDOM_HZ = 0.5, 1.0
_UNSYNCHRONISED = 5
"""What Linux's adjtimex answers where nobody keeps the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: in which area, what, what came of it, what was found, and what to do."""

    area: str
    what: str
    verdict: Verdict
    told: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One vehicle on one link. Round trips are of a parameter read; ``silence_s`` is the longest between two words."""

    reading: Reading
    body: Body
    rate_hz: float
    silence_s: float
    round_trips_s: tuple[float, ...]
    unanswered: int


async def examine(settings: Settings, listen_s: float = LISTEN_S) -> list[Finding]:
    """Look at everything; takes ``listen_s`` and a little."""
    findings = list(_machine(settings))
    try:
        city: City | None = load_city(find_city(settings.city))
    except (CityError, OSError) as error:
        city = None
        findings.append(_bad("city", settings.city, str(error), "mend the file that is named"))
    if city is not None:
        findings.append(_good("city", city.id, f"{len(city.drones)} drones at {len(city.bases)} bases"))
    return findings + await _links(settings.connections, city, listen_s)


def _good(area: str, what: str, told: str) -> Finding:
    return Finding(area=area, what=what, verdict=Verdict.OK, told=told)


def _bad(area: str, what: str, told: str, remedy: str, verdict: Verdict = Verdict.FAIL) -> Finding:
    return Finding(area=area, what=what, verdict=verdict, told=told, remedy=remedy)


# ---------------------------------------------------------------- the machine


def _machine(settings: Settings) -> Iterator[Finding]:
    version = platform.python_version()
    old = sys.version_info < (3, 11)
    yield _bad("machine", "Python", version, "Python 3.11 or later") if old else _good("machine", "Python", version)
    kept = list(Path(geo.kernels.__path__[0]).glob("__pycache__/*.nbi"))
    if kept:
        yield _good("machine", "compiled loops", f"{len(kept)} on disk")
    else:
        later = "the first decision will wait for the compiler; run any reach180 decide once (make build does)"
        yield _bad("machine", "compiled loops", "none on disk", later, Verdict.WARN)
    yield _port(settings.host, settings.port)
    yield from _data(settings)
    yield _clock()


def _port(host: str, port: int) -> Finding:
    what = f"port {host}:{port}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return _bad("machine", what, str(error.strerror), "end what listens there (an engine?), or choose another")
    return _good("machine", what, "free")


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            yield _good("machine", "data folder", f"{folder} can be written")
    except OSError as error:
        yield _bad("machine", "data folder", f"{there}: {error.strerror}", "give this user leave to write there")
    free = shutil.disk_usage(there).free
    room = f"{free / 1e9:.1f} GB free"
    if free < FEW_FREE_BYTES:
        verdict = Verdict.FAIL if free < LEAST_FREE_BYTES else Verdict.WARN
        yield _bad("machine", "disk", room, "make room: the log only grows", verdict)
    else:
        yield _good("machine", "disk", room)
    try:
        found, wanted = schema_version(settings.database_url)
    except StoreError as error:
        yield _bad("machine", "store", str(error), "see that the database runs and its address is right")
        return
    if found in (None, wanted):
        yield _good("machine", "store", "none yet: it will be made" if found is None else f"version {found}")
    else:
        later = "the next engine start brings it to this version: keep a copy before"
        yield _bad("machine", "store", f"version {found}, this program writes {wanted}", later, Verdict.WARN)


def _clock() -> Finding:
    """Whether somebody keeps this machine's time (Linux); incidents and zones go by it."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return Finding(area="machine", what="time", verdict=Verdict.UNKNOWN, told="cannot be asked here")
    if state == _UNSYNCHRONISED:
        return _bad("machine", "time", "not synchronised", "run chrony or another NTP client", Verdict.WARN)
    return _good("machine", "time", "synchronised")


# ---------------------------------------------------------------- links and drones


async def _links(texts: Sequence[str], city: City | None, listen_s: float) -> list[Finding]:
    if not texts:
        return [_good("links", "connections", "none: the engine flies embedded vehicles")]
    findings: list[Finding] = []
    try:
        parse_connections(texts)
    except ConnectionStringError as error:
        findings.append(_bad("links", "connections", str(error), "write it as docs/hardware.md shows"))
    listened = await asyncio.gather(*(_link(text, listen_s) for text in texts))
    heard: dict[int, Heard] = {}
    for found, on_link in listened:
        findings += found
        heard.update(on_link)
    return findings + _drones(city, heard) if city is not None else findings


async def _link(text: str, listen_s: float) -> tuple[list[Finding], dict[int, Heard]]:
    try:
        connection = parse_connection(text)
    except ConnectionStringError:
        return [], {}  # told already
    findings = [_unsigned(connection)] if connection.exposed else []
    if (why := obstacle(connection)) is not None:
        return [*findings, _bad("links", text, why, "until then nothing is heard on it")], {}
    try:
        link = MavsdkLink([text])
    except VehicleError as error:
        return [*findings, _bad("links", text, str(error), "see that the device or host is there")], {}
    try:
        heard = await _listen(link, listen_s)
        if not heard:
            remedy = (
                "power, cable or radio, baud rate, and that the vehicle sends here (MAV_0_CONFIG, MAV_0_REMOTE_PRT)"
            )
            findings.append(_bad("links", text, f"nothing heard in {listen_s:g} s", remedy))
        return findings + [_quality(text, system_id, one) for system_id, one in sorted(heard.items())], heard
    finally:
        link.close()


def _unsigned(connection: Connection) -> Finding:
    told = "open to a network, and MAVSDK 4 signs nothing: whoever reaches it may fly the drones"
    remedy = "bind 127.0.0.1 behind a VPN or a router that checks signatures (docs/hardware.md)"
    return _bad("links", str(connection), told, remedy, Verdict.WARN)


async def _listen(link: MavsdkLink, listen_s: float) -> dict[int, Heard]:
    """Everybody on a link, how often each is heard, and how long an answer takes."""
    began_s = time.monotonic()
    clocks_s: dict[int, float] = {}
    at_s: dict[int, list[float]] = {}
    while (now_s := time.monotonic()) - began_s < listen_s:
        for system_id, vehicle in link.discover().items():
            clock_s = vehicle.read().clock_s
            if clock_s != clocks_s.get(system_id):
                clocks_s[system_id] = clock_s
                at_s.setdefault(system_id, []).append(now_s)
        await asyncio.sleep(POLL_S)
    return {
        system_id: await _heard(vehicle, at_s.get(system_id, []), now_s)
        for system_id, vehicle in link.discover().items()
    }


async def _heard(vehicle: MavsdkVehicle, at_s: Sequence[float], until_s: float) -> Heard:
    trips_s: list[float] = []
    for _ in range(PINGS):
        began_s = time.monotonic()
        with contextlib.suppress(VehicleError):
            await vehicle.ping()
            trips_s.append(time.monotonic() - began_s)
    with contextlib.suppress(VehicleError):
        await vehicle.learn_firmware()
    gaps_s = [two - one for one, two in itertools.pairwise((*at_s, until_s))]
    return Heard(
        reading=vehicle.read(),
        body=vehicle.body(),
        rate_hz=len(at_s) / max(until_s - at_s[0], POLL_S) if at_s else 0.0,
        silence_s=max(gaps_s, default=math.inf),
        round_trips_s=tuple(trips_s),
        unanswered=PINGS - len(trips_s),
    )


def _quality(text: str, system_id: int, heard: Heard) -> Finding:
    trip = f"{median(heard.round_trips_s) * 1000:.0f} ms there and back" if heard.round_trips_s else "no answer"
    told = (
        f"system {system_id} heard at {heard.rate_hz:.1f} Hz, at most {heard.silence_s:.1f} s apart, {trip}, "
        f"{heard.unanswered} of {PINGS} questions unanswered"
    )
    if heard.unanswered:
        return _bad("links", text, told, "it is heard and does not hear: the way there, or a second ground station")
    if median(heard.round_trips_s) > LATE_S or heard.rate_hz < SELDOM_HZ:
        return _bad("links", text, told, "a better antenna or place, a higher baud rate, fewer streams", Verdict.WARN)
    return _good("links", text, told)


def _drones(city: City, heard: Mapping[int, Heard]) -> list[Finding]:
    """Each registered drone's checklist, as the engine will see it once it has set the parameters."""
    now_s = WallClock().now_s()
    states = {
        drone.id: _state(drone.id, heard[drone.system_id], now_s)
        for drone in city.drones.values()
        if drone.system_id in heard
    }
    situation = replace(situation_of(city, now_s), states=MappingProxyType(states))
    findings = [
        Finding(
            area="drones",
            what=f"{drone_id}: {check.code}",
            verdict=check.verdict,
            told=check.reason.text if check.reason is not None else check.told,
            remedy=check.reason.change if check.reason is not None else "",
        )
        for drone_id in city.drones
        for check in checklist(situation, drone_id)
    ]
    known = {drone.system_id for drone in city.drones.values()}
    remedy = "name it in drones.csv, or set its MAV_SYS_ID"
    strangers = [
        _bad("drones", f"system {id_}", "heard, but no drone of this city", remedy, Verdict.WARN)
        for id_ in sorted(set(heard) - known)
    ]
    return findings + strangers


def _state(drone_id: str, heard: Heard, now_s: float) -> DroneState:
    """What the fleet would make of it; the parameters are the engine's to set, so they are not asked for here."""
    reading = heard.reading
    return DroneState(
        drone_id=drone_id,
        connected=True,
        healthy=reading.healthy,
        position=reading.position,
        height_m=reading.height_m,
        battery_share=reading.battery_share,
        armed=reading.armed,
        in_air=reading.in_air,
        mode=reading.mode,
        seen_at_s=now_s - reading.age_s,
        body=replace(heard.body, prepared=True),
    )
