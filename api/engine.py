"""The composition root: city, store, clock, vehicles and loop put together, and taken apart again in order."""

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import metadata

import structlog

from api.security import Sessions, session_key
from api.settings import Settings
from api.stream import Message, Stream, message
from api.views import decision_view, drone_view, incident_view, situation_view, sortie_view, zones_view
from dispatch.city import City, find_city, load_city
from dispatch.clock import Clock, ScaledClock, WallClock
from dispatch.events import Outcome, Weather, Withdrawal
from dispatch.fleet import Fleet
from dispatch.fleet.link import MavsdkLink
from dispatch.model import Decision, Incident, IncidentStatus, Sortie
from dispatch.operations import Operations, restored, situation_of
from dispatch.store import Accounts, Store
from geo.airspace import Geozone
from simulator.embedded import embedded_fleet
from simulator.mavlink.process import EmbeddedFleet

log = structlog.get_logger(__name__)

VERSION = metadata.version("reach180")
RECENT = 30
DRONES_HZ = 4.0


@dataclass
class Engine:
    """A running engine, as the routers see it."""

    settings: Settings
    city: City
    store: Store
    accounts: Accounts
    sessions: Sessions
    clock: Clock
    operations: Operations
    embedded: EmbeddedFleet | None
    started_s: float
    recent: deque[Incident]
    why: dict[str, Decision]
    seq: int
    stream: Stream = field(init=False)
    version: str = VERSION

    def __post_init__(self) -> None:
        self.stream = Stream(self.snapshot)
        self.operations.listen(self._publish)

    def snapshot(self) -> Message:
        """The whole situation as a message of the stream; incidents that ended lately are in it."""
        view = situation_view(self.operations.situation, self.seq, self.clock.speed, self.why)
        view.clock.now_at_s = self.clock.now_s()
        live = {incident.id for incident in view.incidents}
        ended = [i for i in self.recent if i.id not in live]
        view.incidents += [incident_view(i, self.operations.situation, self.why) for i in ended]
        return message("situation", view, self.seq)

    async def tell(self) -> None:
        """Drones a few times a second and the clock once, until cancelled."""
        ticks = 0
        while True:
            await asyncio.sleep(1 / DRONES_HZ)
            if self.stream.clients == 0:
                continue
            situation = self.operations.situation
            drones = [drone_view(drone_id, situation).model_dump() for drone_id in situation.drones]
            self.stream.publish(message("drones", drones))
            ticks += 1
            if ticks % round(DRONES_HZ) == 0:
                self.stream.publish(message("clock", {"now_at_s": self.clock.now_s(), "speed": self.clock.speed}))

    def _publish(self, outcome: Outcome, seq: int) -> None:
        if seq:
            self.seq = seq
        situation, zones_changed = outcome.situation, bool(outcome.lifted_zones)
        for record in outcome.records:
            match record:
                case Decision():
                    self.why[record.incident_id] = record
                    self.stream.publish(message("decision", decision_view(record), seq))
                case Sortie():
                    self.stream.publish(message("sortie", sortie_view(record), seq))
                case Geozone():
                    zones_changed = True
                case Weather(wind=wind, rain_mm_h=rain):
                    weather = {"wind": {"speed_mps": wind.speed_mps, "from_deg": wind.from_deg}, "rain_mm_h": rain}
                    self.stream.publish(message("weather", weather, seq))
                case Incident() | Withdrawal():
                    pass
        for record in outcome.records:  # incidents last: their drone and reason are known by then
            if isinstance(record, Incident):
                if record.status in (IncidentStatus.CLOSED, IncidentStatus.CANCELLED):
                    self.recent.append(record)
                self.stream.publish(message("incident", incident_view(record, situation, self.why), seq))
        if zones_changed:
            self.stream.publish(message("zones", zones_view(situation), seq))


@asynccontextmanager
async def running(settings: Settings, city: City | None = None, *, clock: Clock | None = None) -> AsyncIterator[Engine]:
    """A running engine. Without connections in ``settings`` the fleet is embedded vehicles.

    ``clock`` defaults to the wall's, or one that runs ``settings.speed`` times as fast.

    On leaving, the loop stops first, then the vehicles are let go, then the store is closed.
    """
    city = city or load_city(find_city(settings.city))
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.connections and settings.speed != 1.0:
        raise ValueError("speed other than 1 needs embedded vehicles: real ones fly in real time")
    clock = clock or (WallClock() if settings.speed == 1.0 else ScaledClock(settings.speed))
    async with contextlib.AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.database_url))
        situation = restored(situation_of(city, clock.now_s(), settings.speed), store)
        operations = Operations(situation, store, clock)
        stack.push_async_callback(operations.close)
        embedded, urls = None, settings.connections
        if not urls:
            embedded = embedded_fleet(city, port=free_udp_port(), speed=settings.speed)
            await stack.enter_async_context(embedded)
            await embedded.wind(situation.wind.speed_mps, situation.wind.from_deg)
            urls = [embedded.url]
        link = MavsdkLink(urls, threads=max(32, 2 * len(city.drones)))
        fleet = Fleet(link, city.drones, city.airframes, city.rules.cruise_height_m, operations.refused)
        stack.push_async_callback(fleet.close)
        operations.fly_with(fleet)
        accounts = Accounts(store)
        engine = Engine(
            settings=settings,
            city=city,
            store=store,
            accounts=accounts,
            sessions=Sessions(session_key(settings.secret, settings.data), settings.session_hours, accounts),
            clock=clock,
            operations=operations,
            embedded=embedded,
            started_s=time.monotonic(),
            recent=deque((row.value for row in reversed(store.incidents(limit=RECENT))), maxlen=RECENT),
            why={i: d[-1] for i in situation.incidents if (d := store.decisions_of(i))},
            seq=store.last_seq(),
        )
        stack.callback(engine.stream.close)
        for work in (operations.run(), engine.tell()):
            task = asyncio.create_task(work)
            task.add_done_callback(_cry_if_dead)
            stack.push_async_callback(_cancelled, task)
        yield engine


async def ready(engine: Engine, timeout_s: float = 30.0) -> int:
    """Wait until every registered drone is ready to arm, or the time is over; how many are."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        states = engine.operations.situation.states.values()
        count = sum(state.healthy for state in states)
        if count == len(engine.city.drones) or time.monotonic() > deadline_s:
            return count
        await asyncio.sleep(0.1)


def free_udp_port() -> int:
    """A UDP port of this machine that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _cry_if_dead(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("loop_died", exc_info=task.exception())
