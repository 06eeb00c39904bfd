"""The live loop: telemetry and requests in; advance, **store, then perform**; everything that changed out.

One lock makes events happen one after the other. The order inside it is law: nothing is ordered of a vehicle, and
nobody is told that something was accepted, before it is on the disk.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

import structlog

from dispatch import relief
from dispatch.audit import Action, action
from dispatch.clock import Clock
from dispatch.codec import fingerprint_of_json, to_json
from dispatch.decide import assess, decide, ranked
from dispatch.events import (
    Asked,
    Event,
    Happened,
    Observed,
    Outcome,
    Record,
    Refused,
    Reported,
    Ticked,
    Weather,
    Withdrawal,
)
from dispatch.fleet import Fleet
from dispatch.lifecycle import advance, next_deadline_s
from dispatch.model import Decision, DroneState, Incident, Situation, Sortie, SortieState
from dispatch.store import Change, Kind, Store, TrackPoint
from geo.airspace import Geozone, Grant

log = structlog.get_logger(__name__)
T = TypeVar("T")

OBSERVE_HZ = 5.0
FAST_OBSERVE_HZ = 20.0
"""Where engine time runs faster than the wall, telemetry is looked at more often, for the sake of the clocks."""
TICK_PERIOD_S = 0.5
TRACK_PERIOD_S = 1.0


def observe_hz(speed: float) -> float:
    """How often telemetry is looked at, and asked for, at that clock's speed."""
    return OBSERVE_HZ if speed <= 1 else FAST_OBSERVE_HZ


OnChange = Callable[[Outcome, int], None]
"""Told of every outcome after it was stored, with the number of the log's last entry."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked: an idempotency key with the hash of what was asked, or none."""

    key: str
    content_hash: str


def restored(situation: Situation, store: Store) -> Situation:
    """``situation`` with what the log remembers: incidents, sorties, zones, grants, service, weather."""
    weather = store.facts("weather", Weather).get("weather")
    withdrawn = store.facts("withdrawal", Withdrawal)
    zones = dict(situation.zones)
    lifts: tuple[Kind, ...] = ("zone_lifted",)
    for lifted in store.read(kinds=lifts, limit=1_000_000):
        zones.pop(lifted.subject_id, None)
    zones.update(store.facts("zone", Geozone))
    grants = store.facts("grant", Grant)
    ours = store.open_sorties()  # of drones and bases that the city still has; the incidents of others are taken up
    sorties = [
        _given_time(s, situation) for s in ours if s.drone_id in situation.drones and s.home_base_id in situation.bases
    ]
    return replace(
        situation,
        incidents=_frozen({incident.id: incident for incident in store.open_incidents()}),
        sorties=_frozen({s.drone_id: s for s in sorties}),
        withdrawn=_frozen({id_: withdrawal.why for id_, withdrawal in withdrawn.items() if withdrawal.why}),
        zones=_frozen(zones),
        grants=_frozen({id_: grant for id_, grant in grants.items() if grant.ends_at_s > situation.now_s}),
        wind=weather.wind if weather else situation.wind,
        rain_mm_h=weather.rain_mm_h if weather else situation.rain_mm_h,
    )


class Operations:
    """The engine of one city."""

    def __init__(self, situation: Situation, store: Store, clock: Clock) -> None:
        relief.make_ready(situation)
        self.situation = situation
        self.store = store
        self.clock = clock
        self.decision_times_s: deque[float] = deque(maxlen=10_000)
        self.failures = 0
        """Events of the loop that ended in an error; anything but 0 is a defect."""
        self._fleet: Fleet | None = None
        self._listeners: list[OnChange] = []
        self._lock = asyncio.Lock()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._next_incident = store.count_incidents() + 1
        self._tracked_at_s = 0.0
        self._refusals: set[asyncio.Task[Outcome]] = set()

    def fly_with(self, fleet: Fleet) -> None:
        """The vehicles that carry out commands."""
        self._fleet = fleet

    def listen(self, listener: OnChange) -> None:
        """Tell ``listener`` of every outcome from now on."""
        self._listeners.append(listener)

    def unlisten(self, listener: OnChange) -> None:
        """Tell ``listener`` no more."""
        self._listeners.remove(listener)

    def next_incident_id(self) -> str:
        """A new incident's id; ids count up and sort by age."""
        number, self._next_incident = self._next_incident, self._next_incident + 1
        return f"I-{number:06d}"

    async def ask(self, event: Asked, *, by: str, request: Request | None = None) -> Outcome:
        """As :meth:`submit`, for what ``by`` asks: an account's name, or the part of the program that acts on its own.
        The log says so, whatever came of it.

        Raises :class:`dispatch.events.OrderError` for an order that cannot be carried out; nothing is stored then.
        """
        return await self._advance(event, (action(event, by),), request)

    async def submit(self, event: Happened) -> Outcome:
        """Advance by one event, store what came of it, then perform it.

        Raises the store's errors; the situation is then as before.
        """
        return await self._advance(event, (), None)

    async def note(self, done: Action) -> None:
        """Keep in the log what somebody did that is no event of the situation."""
        change = _action_change(done, self.clock.now_s())
        async with self._lock:
            await asyncio.get_running_loop().run_in_executor(self._writer, self.store.append, [change])

    async def _advance(self, event: Event, actions: tuple[Action, ...], request: Request | None) -> Outcome:
        async with self._lock:
            started_s = time.perf_counter()
            outcome, inputs = _sealed(advance(self.situation, event))
            if any(isinstance(record, Decision) for record in outcome.records):
                self.decision_times_s.append(time.perf_counter() - started_s)
            changes = [_action_change(done, event.at_s) for done in actions] + _changes(event, outcome, inputs)
            seq = await self._store(changes, event, request)
            self.situation = outcome.situation
            if self._fleet is not None:
                for command in outcome.commands:
                    self._fleet.perform(command)
            for listener in tuple(self._listeners):
                listener(outcome, seq)
            return outcome

    def consider(self, incident: Incident) -> Decision:
        """Who would go to ``incident`` now: a decision that is neither stored nor carried out."""
        now = replace(self.situation, now_s=self.clock.now_s())
        with_it = replace(now, incidents=_frozen({**now.incidents, incident.id: incident}))
        made = next((d for d in decide(with_it) if d.incident_id == incident.id), None)
        if made is not None:
            return made
        options = ranked(assess(now, incident, {}))
        return Decision(
            id=incident.id, incident_id=incident.id, at_s=now.now_s, drone_id=None, options=options, policy="", why=""
        )

    def refused(self, drone_id: str, sortie_id: str, order: str, why: str, answered: bool) -> None:
        """A vehicle refused: the fleet's way to tell, from inside the event loop."""
        at_s = self.clock.now_s()
        event = Refused(at_s=at_s, drone_id=drone_id, sortie_id=sortie_id, order=order, why=why, answered=answered)
        task = asyncio.create_task(self.submit(event))
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)

    async def run(self) -> None:
        """Observe and tick until cancelled."""
        period_s = 1 / observe_hz(self.clock.speed)
        next_tick_s = 0.0
        while True:
            began_s = time.monotonic()
            try:
                await self._observe()
                if began_s >= next_tick_s or self.clock.now_s() >= next_deadline_s(self.situation):
                    next_tick_s = began_s + TICK_PERIOD_S
                    await self.submit(Ticked(at_s=self.clock.now_s()))
            except Exception:
                # The loop outlives whatever it meets: drones in the air need it. Health tells of it.
                self.failures += 1
                log.exception("event_failed")
            await asyncio.sleep(max(0.0, began_s + period_s - time.monotonic()))

    async def close(self) -> None:
        """Finish what is being written."""
        await asyncio.gather(*self._refusals, return_exceptions=True)
        self._writer.shutdown(wait=True)

    async def _observe(self) -> None:
        if self._fleet is None:
            return
        now_s = self.clock.now_s()
        states = self._fleet.states(now_s, self.clock.speed)
        if states:
            await self.submit(Observed(at_s=now_s, states=states))
            await self._track(now_s, states)

    async def _track(self, now_s: float, states: tuple[DroneState, ...]) -> None:
        if time.monotonic() - self._tracked_at_s < TRACK_PERIOD_S:
            return
        self._tracked_at_s = time.monotonic()
        points = [
            TrackPoint(
                drone_id=state.drone_id,
                sortie_id=sortie.id if sortie else None,
                at_s=now_s,
                position=state.position,
                height_m=state.height_m,
                ground_speed_mps=state.ground_speed_mps,
                battery_share=state.battery_share,
            )
            for state in states
            if state.in_air and state.position is not None
            for sortie in (self.situation.sorties.get(state.drone_id),)
        ]
        if points:
            await asyncio.get_running_loop().run_in_executor(self._writer, self.store.add_track, points)

    async def _store(self, changes: Sequence[Change], event: Event, request: Request | None) -> int:
        if not changes:
            return 0
        idempotency = None
        if request is not None and isinstance(event, Reported):
            idempotency = (request.key, request.content_hash, event.incident.id)
        append = self.store.append
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: append(changes, idempotency=idempotency))


def _given_time(sortie: Sortie, situation: Situation) -> Sortie:
    """Deadlines that passed while nobody watched the vehicle count from now: it may have done all it was told. How long
    a scene is watched is no such deadline."""
    if sortie.deadline_at_s is None or sortie.state is SortieState.ON_SCENE:
        return sortie
    at_least_s = situation.now_s + situation.rules.command_deadline_s
    return replace(sortie, deadline_at_s=max(sortie.deadline_at_s, at_least_s))


def _sealed(outcome: Outcome) -> tuple[Outcome, Mapping[str, str]]:
    """The outcome with every decision carrying the hash of what it was made on, and those inputs as JSON."""
    inputs = {id_: to_json(situation) for id_, situation in outcome.decided_on.items()}
    records: tuple[Record, ...] = tuple(
        replace(record, inputs_hash=fingerprint_of_json(inputs[record.id])) if isinstance(record, Decision) else record
        for record in outcome.records
    )
    return replace(outcome, records=records), inputs


def _action_change(done: Action, at_s: float) -> Change:
    return Change(kind="action", subject_id=done.of, at_s=at_s, value=done)


def _changes(event: Event, outcome: Outcome, inputs: Mapping[str, str]) -> list[Change]:
    records = [_change(record, event, inputs) for record in outcome.records]
    lifted = [
        Change(kind="zone_lifted", subject_id=zone_id, at_s=event.at_s, value=None) for zone_id in outcome.lifted_zones
    ]
    return records + lifted


def _change(record: Record, event: Event, inputs: Mapping[str, str]) -> Change:
    match record:
        case Incident():
            return Change(kind="incident", subject_id=record.id, at_s=event.at_s, value=record)
        case Sortie():
            return Change(kind="sortie", subject_id=record.id, at_s=event.at_s, value=record)
        case Decision():
            made_on = inputs[record.id]
            return Change(kind="decision", subject_id=record.id, at_s=event.at_s, value=record, inputs=made_on)
        case Geozone():
            return Change(kind="zone", subject_id=record.id, at_s=event.at_s, value=record)
        case Grant():
            return Change(kind="grant", subject_id=record.id, at_s=event.at_s, value=record)
        case Withdrawal():
            return Change(kind="withdrawal", subject_id=record.drone_id, at_s=event.at_s, value=record)
        case Weather():
            return Change(kind="weather", subject_id="weather", at_s=event.at_s, value=record)


def _frozen(mapping: Mapping[str, T]) -> Mapping[str, T]:
    return MappingProxyType({key: mapping[key] for key in sorted(mapping)})
