"""The composition root: city, store, clock, vehicles and loop put together, and taken apart again in order."""

import asyncio
import contextlib
import socket
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata

import structlog

from api.jobs.runner import Jobs
from api.logins import Logins
from api.logs import configure_logging
from api.security import Sessions, session_key
from api.settings import Settings
from api.stream import Message, Stream, message
from api.views.airspace import zones_view
from api.views.decisions import decision_view
from api.views.fleet import drone_view
from api.views.incidents import incident_view
from api.views.situation import situation_view
from api.views.sorties import sortie_view
from dispatch.city import City, situation_of
from dispatch.city_folder import find_city, load_city
from dispatch.clock import Clock, ScaledClock, WallClock
from dispatch.events import Outcome, Reported, Weather, Withdrawal
from dispatch.fleet import Fleet
from dispatch.fleet.connection import parse_connections
from dispatch.fleet.link import MavsdkLink
from dispatch.model import Decision, Incident, IncidentStatus, Sortie
from dispatch.operations import Operations, Request, observe_hz, restored
from dispatch.rehearsal import rehearse
from dispatch.store import Accounts, AlreadyDone, Lead, Store, StoreError, take_lead
from geo.airspace import Geozone, Grant
from simulator.embedded import embedded_fleet
from simulator.mavlink.process import EmbeddedFleet

log = structlog.get_logger(__name__)

VERSION = metadata.version("reach180")
RECENT = 30
"""So many incidents that ended last are still told of in a situation."""

OVER = frozenset({IncidentStatus.CLOSED, IncidentStatus.CANCELLED})
DRONES_HZ = 4.0
LOOK_S = 0.5
"""So often an engine looks whether it leads, or may."""


@dataclass
class Engine:
    """A running engine, as the routers see it."""

    settings: Settings
    city: City
    store: Store
    accounts: Accounts
    sessions: Sessions
    logins: Logins
    clock: Clock
    operations: Operations
    fleet: Fleet
    embedded: EmbeddedFleet | None
    jobs: Jobs
    started_s: float
    seq: int
    stream: Stream = field(init=False)
    recent: deque[Incident] = field(init=False)
    """Those that ended last, the newest last."""
    why: dict[str, Decision] = field(init=False)
    """The last decision on every incident that is live or recent."""
    superseded: asyncio.Event = field(default_factory=asyncio.Event)
    """Another engine dispatches now: this one is to end."""
    version: str = VERSION

    def __post_init__(self) -> None:
        ended = self.store.incidents(status=OVER, limit=RECENT)
        self.recent = deque(row.value for row in reversed(ended))
        known = [*self.operations.situation.incidents.values(), *self.recent]
        self.why = {i.id: decision for i in known if (decision := self._stored_decision(i)) is not None}
        self.stream = Stream(self.snapshot)
        self._accepting = asyncio.Lock()
        self.operations.listen(self._publish)

    async def accept(self, make: Callable[[], Incident], once: Request | None = None) -> tuple[str, bool]:
        """Store and decide the incident that ``make`` makes; its id, and whether it is new.

        A request that was accepted before is not judged again: what it made then is the answer, whatever holds now.
        One at a time, so that the next id is only given to what will be stored.
        """
        async with self._accepting:
            if once is not None:
                done = await asyncio.to_thread(self.store.done_before, once.key, once.content_hash)
                if done is not None:
                    return done, False
            made = replace(make(), id=await asyncio.to_thread(self._free_id))
            event = Reported(at_s=made.clocks.reported_at_s, incident=made)
            try:
                await self.operations.ask(event, by=made.reported_by or made.source, request=once)
            except AlreadyDone as earlier:
                return earlier.incident_id, False
            return made.id, True

    def _free_id(self) -> str:
        """The next id that no incident has; a number that a failure left out is not made up for by counting."""
        while self.store.incident(incident_id := self.operations.next_incident_id()) is not None:
            pass
        return incident_id

    def last_decision(self, incident: Incident) -> Decision | None:
        """The last decision on ``incident``, out of the store if it ended long ago."""
        return self.why.get(incident.id) or self._stored_decision(incident)

    def _stored_decision(self, incident: Incident) -> Decision | None:
        return self.store.decision(f"{incident.id}.{incident.decisions}") if incident.decisions else None

    def snapshot(self) -> Message:
        """The whole situation as a message of the stream; incidents that ended lately are in it.

        To be called in the event loop, where situation, log number and what ended lately belong together.
        """
        situation = self.operations.situation
        view = situation_view(situation, self.seq, self.clock.speed, self.why)
        view.clock.now_at_s = self.clock.now_s()
        view.incidents += [incident_view(incident, situation, self.why.get(incident.id)) for incident in self.recent]
        return message("situation", view)

    async def tell(self) -> None:
        """Drones a few times a second and the clock once, until cancelled."""
        ticks, told = 0, None
        while True:
            await asyncio.sleep(1 / DRONES_HZ)
            if self.stream.clients == 0:
                continue
            situation = self.operations.situation
            drones = [drone_view(drone_id, situation).model_dump() for drone_id in situation.drones]
            self.stream.publish(message("drones", drones, passing=True))
            ticks += 1
            if ticks % round(DRONES_HZ) == 0:
                clock = {"now_at_s": self.clock.now_s(), "speed": self.clock.speed}
                self.stream.publish(message("clock", clock, passing=True))
                zones = zones_view(situation)  # by the clock zones come into force and grants end without an event
                if told is not None and zones != told:
                    self.stream.publish(message("zones", zones))
                told = zones

    async def lead(self, lead: Lead) -> None:
        """Look whether this engine leads still, until it does not."""
        while not self.superseded.is_set():
            await asyncio.sleep(LOOK_S)
            try:
                if not await asyncio.to_thread(lead.kept):
                    log.critical("superseded", term=lead.term)
                    self.superseded.set()
            except StoreError as error:  # nobody can tell: what cannot be stored is not ordered either
                log.error("database_lost", error=str(error))

    def _publish(self, outcome: Outcome, seq: int) -> None:
        if seq:
            self.seq = seq
        situation, zones_changed = outcome.situation, bool(outcome.lifted_zones)
        for record in outcome.records:
            match record:
                case Decision():
                    self.why[record.incident_id] = record
                    self.stream.publish(message("decision", decision_view(record)))
                case Sortie():
                    self.stream.publish(message("sortie", sortie_view(record)))
                case Geozone() | Grant():
                    zones_changed = True
                case Weather(wind=wind, rain_mm_h=rain):
                    blows = {"speed_mps": wind.speed_mps, "from_deg": wind.from_deg, "gust_mps": wind.gust_mps}
                    weather = {"wind": blows, "rain_mm_h": rain}
                    self.stream.publish(message("weather", weather))
                case Incident() | Withdrawal():
                    pass
        for record in outcome.records:  # incidents last: their drone and reason are known by then
            if isinstance(record, Incident):
                self.stream.publish(message("incident", incident_view(record, situation, self.why.get(record.id))))
                if record.status in OVER:
                    self.recent.append(record)
                    if len(self.recent) > RECENT:
                        self.why.pop(self.recent.popleft().id, None)
        if zones_changed:
            self.stream.publish(message("zones", zones_view(situation)))


@asynccontextmanager
async def running(settings: Settings, city: City | None = None, *, clock: Clock | None = None) -> AsyncIterator[Engine]:
    """A running engine. Without connections in ``settings`` the fleet is embedded vehicles.

    ``clock`` defaults to the wall's, or one that runs ``settings.speed`` times as fast; whoever gives one to vehicles
    of his own answers for it that they run as fast.

    On leaving, the loop stops first, then the vehicles are let go, then the store is closed.
    """
    if not structlog.is_configured():
        configure_logging()
    parse_connections(settings.connections)
    city = city or load_city(find_city(settings.city))
    # MAVSDK's callbacks wait for Python's global lock; at the usual 5 ms a busy loop makes MAVSDK drop some of them.
    sys.setswitchinterval(0.001)
    settings.data.mkdir(parents=True, exist_ok=True)
    if settings.connections and settings.speed != 1.0 and clock is None:
        raise ValueError("speed other than 1 needs embedded vehicles: real ones fly in real time")
    async with contextlib.AsyncExitStack() as stack:
        store = stack.enter_context(Store.open(settings.database_url))
        lead = await _taken_lead(store, city, standby=settings.standby)
        stack.callback(lead.release)
        clock = clock or _clock(settings, store)
        situation = restored(situation_of(city, clock.now_s(), settings.speed), store)
        rehearse(situation)  # before anything flies: its first time takes long
        operations = Operations(situation, store, clock)
        stack.push_async_callback(operations.close)
        embedded, urls = None, settings.connections
        if not urls and city.drones:  # without any it is there to look at what was recorded
            embedded = embedded_fleet(city, port=free_udp_port(), speed=settings.speed)
            await stack.enter_async_context(embedded)
            await embedded.wind(situation.wind.speed_mps, situation.wind.from_deg)
            urls = [embedded.url]
        link = MavsdkLink(urls, threads=max(32, 2 * len(city.drones)))
        hz, speed = observe_hz(settings.speed), settings.speed
        cruise_height_m = city.rules.cruise_height_m
        fleet = Fleet(link, city.drones, city.airframes, cruise_height_m, operations.refused, hz, speed=speed)
        stack.push_async_callback(fleet.close)
        operations.fly_with(fleet)
        jobs = Jobs(settings.data / "jobs", clock.now_s, settings.jobs_at_once)
        stack.push_async_callback(jobs.close)
        jobs.begin()
        accounts = Accounts(store)
        engine = Engine(
            settings=settings,
            city=city,
            store=store,
            accounts=accounts,
            sessions=Sessions(session_key(settings.secret, settings.data), settings.session_hours, accounts),
            logins=Logins(accounts, operations.note),
            clock=clock,
            operations=operations,
            fleet=fleet,
            embedded=embedded,
            jobs=jobs,
            started_s=time.monotonic(),
            seq=store.last_seq(),
        )
        stack.callback(engine.stream.close)
        for work in (operations.run(), engine.tell(), engine.lead(lead)):
            task = asyncio.create_task(work)
            task.add_done_callback(_cry_if_dead)
            stack.push_async_callback(_cancelled, task)
        yield engine


async def _taken_lead(store: Store, city: City, *, standby: bool) -> Lead:
    """The lead, at once or when it can be had. What takes long is done while waiting."""
    told = False
    while (lead := await asyncio.to_thread(take_lead, store, WallClock().now_s())) is None:
        if not standby:
            raise ValueError(
                f"{store.name}: another engine dispatches from it; with --standby this one waits, and takes over when "
                "that one ends"
            )
        if not told:
            log.warning("standing_by", database=store.name)
            rehearse(situation_of(city, WallClock().now_s()))
            told = True
        await asyncio.sleep(LOOK_S)
    return lead


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


def _clock(settings: Settings, store: Store) -> Clock:
    """The wall's clock; for embedded vehicles one that runs fast, if asked. Neither begins before the log ends."""
    now_s = WallClock().now_s()
    start_s = max([now_s, *(entry.at_s for entry in store.read(after_seq=store.last_seq() - 1))])
    if settings.connections and start_s > now_s:
        log.error("clock_behind_the_log", by_s=round(start_s - now_s, 1))
    if settings.connections or (settings.speed == 1.0 and start_s <= now_s):
        return WallClock(start_s)
    return ScaledClock(settings.speed, start_s)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _cry_if_dead(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("loop_died", exc_info=task.exception())
