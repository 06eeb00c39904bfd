"""Flies a scenario: real PX4 or embedded vehicles, the live engine, the timetable; then stops what it started."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import structlog

from api.engine import Engine, free_udp_port, ready, running
from api.intake import IncidentIn, incident_of
from api.problems import Problem
from api.settings import Settings
from api.sitl.record import Asked, Broken, Record, Recorder
from api.sitl.scenario import PlannedFault, PlannedIncident, PlannedOrder, PlannedWeather, Scenario
from dispatch.clock import ScaledClock
from dispatch.events import Cancel, OrderError, Release, WeatherChanged, ZoneLifted, ZoneRaised
from dispatch.model import Incident, IncidentStatus, Sortie, SortieState
from dispatch.sorties import AT_REST
from geo.airspace import Geozone
from simulator.embedded import vehicle_specs
from simulator.faults import EmbeddedFaults, InjectionError, Injector, LinkSilent, Px4Faults
from simulator.px4 import (
    GROUND_STATION_PORT,
    GROUND_STATION_URL,
    QUADROTOR,
    STANDARD_VTOL,
    Px4Build,
    Px4Error,
    Px4Fleet,
    Px4Spec,
)
from simulator.radio import Radio

log = structlog.get_logger(__name__)

T = TypeVar("T")

READY_WITHIN_S = 90.0
LEAD_S = 1.0
POLL_S = 0.05
LOAD_EVERY_S = 5.0
HOPELESS_S = 30.0
SCENARIO = "scenario"
"""Who asks for what a scenario tells."""

"""An incident that nobody flies for, with all drones at rest, is waited for so long (engine time)."""

MODELS = {"multirotor": QUADROTOR, "vtol": STANDARD_VTOL}


Tell = Callable[[str], None]


class RunError(RuntimeError):
    """A run that could not begin; the message says what was not ready."""


@dataclass
class Run:
    """One run under way; ``asked`` tells what became of the incidents that were reported so far, by name."""

    engine: Engine
    scenario: Scenario
    injector: Injector
    recorder: Recorder
    tell: Tell
    began_at_s: float = 0.0
    asked: dict[str, Asked] = field(default_factory=dict)
    broken: dict[str, Broken] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)

    async def at(self, at_s: float) -> None:
        """Wait until so many seconds of the scenario have passed."""
        left_s = self.began_at_s + at_s - self.engine.clock.now_s()
        await asyncio.sleep(max(0.0, left_s) / self.engine.clock.speed)

    @property
    def now_s(self) -> float:
        """Seconds of the scenario that have passed."""
        return self.engine.clock.now_s() - self.began_at_s


Entry = Callable[[Run], Coroutine[Any, Any, None]]
"""What happens in a run at its own time."""


async def fly(
    scenario: Scenario,
    folder: Path,
    *,
    build: Px4Build | None,
    tell: Tell = lambda _what: None,
) -> Record:
    """Fly ``scenario`` on PX4 instances of ``build``, or on embedded vehicles without one, and record it.

    ``folder``, an absolute path, takes the engine's log (``engine.db``) and, of PX4, the ULogs. When it is cancelled
    (Ctrl-C) the vehicles are stopped and what was seen until then is returned, marked as unfinished. Raises
    :class:`Px4Error` or :class:`RunError` where the vehicles do not get ready.
    """
    if build is not None and scenario.blows:
        raise RunError("PX4's SIH has no wind: fly this scenario with --embedded, or without wind")
    async with _vehicles(scenario, folder, build) as (engine, make_injector, not_ready):
        tell(f"{len(scenario.city.drones)} vehicles started; waiting until they are ready to arm")
        count = await ready(engine, READY_WITHIN_S)
        if count < len(scenario.city.drones):
            raise RunError(f"{count} of {len(scenario.city.drones)} vehicles are ready to arm{not_ready(engine)}")
        return await play(engine, scenario, make_injector(engine), tell, "PX4 SIH" if build is not None else "embedded")


async def play(
    engine: Engine, scenario: Scenario, injector: Injector, tell: Tell, vehicles: str, *, more: Sequence[Entry] = ()
) -> Record:
    """What a scenario plans, and what else is planned (``more``), in an engine that runs and whose vehicles are ready;
    ``vehicles`` names their kind. Leaves engine and vehicles running; ends the ``injector``.
    """
    _warm_up(engine, scenario)
    run = Run(engine, scenario, injector, Recorder(), tell)
    run.recorder.begin(engine.operations.situation)
    engine.operations.listen(run.recorder.hear)
    run.began_at_s = engine.clock.now_s() + LEAD_S * engine.clock.speed
    tasks = [asyncio.create_task(_note_load(run))]
    tasks += [asyncio.create_task(_fault(run, p)) for p in scenario.faults if p.at_s is None]
    try:
        await _timetable(run, more)
        unfinished = await _all_back(run)
    except asyncio.CancelledError:
        unfinished = "it was interrupted"
        if (task := asyncio.current_task()) is not None:
            task.uncancel()  # what follows is the orderly end
    finally:
        await _ended(tasks)
        engine.operations.unlisten(run.recorder.hear)
        await run.injector.close()
    return record_of(run, vehicles, unfinished)


@contextlib.asynccontextmanager
async def _vehicles(
    scenario: Scenario, folder: Path, build: Px4Build | None
) -> AsyncIterator[tuple[Engine, Callable[[Engine], Injector], Callable[[Engine], str]]]:
    """The engine with its vehicles; a maker of their faults; and the last words of those that are not ready."""
    city = scenario.city
    async with contextlib.AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reach180-sitl-")))
        given: dict[str, Any] = {"city": city.id, "data": data, "speed": scenario.speed}
        given["database"] = f"sqlite:///{folder / 'engine.db'}"
        if build is None:
            settings = Settings(**given, connections=[])
            engine = await stack.enter_async_context(running(settings, city))
            fleet = engine.embedded
            assert fleet is not None
            specs = {spec.system_id: spec for spec in vehicle_specs(city)}
            yield engine, lambda _: EmbeddedFaults(fleet, specs), lambda _: ""
            return
        instances = Px4Fleet(build, px4_specs(scenario), logs=folder / "ulogs")
        url, radio = GROUND_STATION_URL, None
        if any(isinstance(planned.fault, LinkSilent) for planned in scenario.faults):
            radio = Radio(port=GROUND_STATION_PORT, engine_port=free_udp_port())
            url = radio.url
        await asyncio.to_thread(instances.__enter__)
        stack.push_async_callback(asyncio.to_thread, instances.stop)
        if radio is not None:
            await stack.enter_async_context(radio)
        settings = Settings(**given, connections=[url])
        clock = None if scenario.speed == 1.0 else ScaledClock(scenario.speed)
        engine = await stack.enter_async_context(running(settings, city, clock=clock))

        def last_words(engine: Engine) -> str:
            states = engine.operations.situation.states
            late = [d for d in city.drones.values() if d.id not in states or not states[d.id].healthy]
            return "".join(f"\n{instances[drone.system_id]}{instances[drone.system_id].last_words()}" for drone in late)

        yield engine, lambda _: Px4Faults(build, instances, radio), last_words


def px4_specs(scenario: Scenario) -> list[Px4Spec]:
    """The instances of a scenario's drones, each on its base."""
    city, specs = scenario.city, []
    for drone in city.drones.values():
        base = city.bases[drone.base_id]
        specs.append(
            Px4Spec(
                system_id=drone.system_id,
                home=base.position,
                ground_amsl_m=base.ground_amsl_m,
                model=MODELS[city.airframes[drone.airframe].kind],
                speed_factor=scenario.speed,
            )
        )
    return specs


# ---------------------------------------------------------------- the timetable


async def _timetable(run: Run, more: Sequence[Entry]) -> None:
    """Everything that the scenario plans, each entry at its time; the first that cannot be done ends the run."""
    scenario = run.scenario
    async with asyncio.TaskGroup() as group:
        group.create_task(_incidents(run))
        for entry in more:
            group.create_task(entry(run))
        for zone in scenario.zones:
            group.create_task(_at(run, zone.at_s, _raise, zone.zone))
            if zone.lift_at_s is not None:
                group.create_task(_at(run, zone.lift_at_s, _lift, zone.zone.id))
        for at_s, zone_id in scenario.lifts:
            group.create_task(_at(run, at_s, _lift, zone_id))
        for weather in scenario.winds:
            group.create_task(_at(run, weather.at_s, _blow, weather))
        for order in scenario.orders:
            group.create_task(_at(run, order.at_s, _order, order))
        for planned in scenario.faults:
            if planned.at_s is not None:
                group.create_task(_fault(run, planned))


async def _at(run: Run, at_s: float, do: Callable[[Run, T], Awaitable[None]], what: T) -> None:
    await run.at(at_s)
    await do(run, what)


async def _incidents(run: Run) -> None:
    for planned in run.scenario.incidents:
        await run.at(planned.at_s)
        await _report(run, planned)


async def _report(run: Run, planned: PlannedIncident) -> None:
    body, operations = planned.body, run.engine.operations

    try:
        incident_id, _ = await run.engine.accept(lambda: _made(run.engine, body))
    except Problem as problem:
        run.asked[planned.name] = Asked(planned=planned, refused=problem.code)
        run.tell(f"{run.now_s:6.0f} s  {planned.name}: refused, {problem}")
        return
    run.asked[planned.name] = Asked(planned=planned, incident_id=incident_id)
    incident = operations.situation.incidents.get(incident_id)
    sortie = _sortie_for(run, incident_id)
    told = f"{sortie.drone_id} goes" if sortie else f"waits: {incident.waits_because if incident else 'over'}"
    run.tell(f"{run.now_s:6.0f} s  {planned.name}: {told}")


def _made(engine: Engine, body: IncidentIn) -> Incident:
    return incident_of(body, engine.operations.situation, at_s=engine.clock.now_s(), source=SCENARIO)


def _warm_up(engine: Engine, scenario: Scenario) -> None:
    """Consider the first incident once: a decision right after the start takes seconds, which load code and airways."""
    with contextlib.suppress(Problem):
        engine.operations.consider(_made(engine, scenario.incidents[0].body))


async def _raise(run: Run, zone: Geozone) -> None:
    await run.engine.operations.ask(ZoneRaised(at_s=run.engine.clock.now_s(), zone=zone), by=SCENARIO)


async def _lift(run: Run, zone_id: str) -> None:
    await run.engine.operations.ask(ZoneLifted(at_s=run.engine.clock.now_s(), zone_id=zone_id), by=SCENARIO)


async def _blow(run: Run, weather: PlannedWeather) -> None:
    operations, wind = run.engine.operations, weather.wind
    if run.engine.embedded is not None:
        await run.engine.embedded.wind(wind.speed_mps, wind.from_deg)
    rain_mm_h = operations.situation.rain_mm_h if weather.rain_mm_h is None else weather.rain_mm_h
    await operations.ask(WeatherChanged(at_s=run.engine.clock.now_s(), wind=wind, rain_mm_h=rain_mm_h), by=SCENARIO)


async def _order(run: Run, planned: PlannedOrder) -> None:
    order, incident = planned.order, planned.incident
    asked = run.asked.get(incident)
    if asked is None or asked.incident_id is None:
        run.tell(f"{run.now_s:6.0f} s  {order} {incident}: it was not reported, or refused")
        return
    event = (Release if order == "release" else Cancel)(at_s=run.engine.clock.now_s(), incident_id=asked.incident_id)
    try:
        await run.engine.operations.ask(event, by=SCENARIO)
    except OrderError as error:
        run.tell(f"{run.now_s:6.0f} s  {order} {incident}: {error}")


async def _fault(run: Run, planned: PlannedFault) -> None:
    drone_id = planned.drone_id
    if planned.at_s is not None:
        await run.at(planned.at_s)
    else:
        sortie = await _in_moment(run, planned)
        if sortie is None:
            why = f"nobody who flew for {planned.incident} came to be {planned.state and planned.state.value}"
            run.broken[planned.name] = Broken(planned=planned, not_injected=why)
            return
        drone_id = sortie.drone_id
        await run.at(run.now_s + planned.after_s)
    assert drone_id is not None
    situation = run.engine.operations.situation
    flying, system_id = situation.sorties.get(drone_id), situation.drones[drone_id].system_id
    at_s = run.engine.clock.now_s()
    try:
        await run.injector.inject(system_id, planned.fault)
    except InjectionError as error:
        run.broken[planned.name] = Broken(planned=planned, drone_id=drone_id, not_injected=str(error))
        return
    incident_id = flying.incident_id if flying is not None else None
    run.broken[planned.name] = Broken(planned=planned, at_s=at_s, drone_id=drone_id, incident_id=incident_id)
    run.tell(f"{run.now_s:6.0f} s  {planned.name} on {drone_id}")
    if planned.mend_after_s is not None:
        await run.at(run.now_s + planned.mend_after_s)
        await run.injector.mend(system_id)


async def _in_moment(run: Run, planned: PlannedFault) -> Sortie | None:
    """The sortie that flies for the incident, once it is in that state; None where it never comes to that."""
    while True:
        asked = run.asked.get(planned.incident or "")
        if asked is not None:
            if asked.incident_id is None:
                return None
            for sortie in run.engine.operations.situation.sorties.values():
                served = sortie.incident_id == asked.incident_id
                if planned.state is SortieState.RETURNING:
                    versions = run.recorder.sorties.get(sortie.id, [])
                    served = any(version.incident_id == asked.incident_id for _, version in versions)
                if served and sortie.state is planned.state:
                    return sortie
            if asked.incident_id not in run.engine.operations.situation.incidents:
                return None
        await asyncio.sleep(POLL_S)


async def _note_load(run: Run) -> None:
    while True:
        run.loads.append(os.getloadavg()[0])
        await asyncio.sleep(LOAD_EVERY_S)


async def _ended(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel what still waits; a defect in one of them is not kept quiet."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


# ---------------------------------------------------------------- the end


async def _all_back(run: Run) -> str:
    """Wait until every drone is back; why that was given up, if it was."""
    clock, operations = run.engine.clock, run.engine.operations
    deadline_s, hopeless_s = clock.now_s() + run.scenario.patience_s, None
    while clock.now_s() < deadline_s:
        situation = operations.situation
        flying = any(state.connected and (state.in_air or state.armed) for state in situation.states.values())
        at_rest = not flying and all(sortie.state in AT_REST for sortie in situation.sorties.values())
        if at_rest and not situation.incidents:
            return ""
        waiting = all(i.status in (IncidentStatus.OPEN, IncidentStatus.CLEARED) for i in situation.incidents.values())
        if not (at_rest and waiting):
            hopeless_s = None
        elif hopeless_s is None:
            hopeless_s = clock.now_s() + HOPELESS_S
        elif clock.now_s() > hopeless_s:
            return ""
        await asyncio.sleep(2 * POLL_S)
    return f"not all was over {run.scenario.patience_s:g} s after the last entry"


def _sortie_for(run: Run, incident_id: str) -> Sortie | None:
    sorties = run.engine.operations.situation.sorties.values()
    return next((sortie for sortie in sorties if sortie.incident_id == incident_id), None)


def record_of(run: Run, vehicles: str, unfinished: str) -> Record:
    """What was seen of a run until now; ``unfinished`` says why that is not the whole, if it is not."""
    asked = [run.asked.get(p.name, Asked(planned=p, refused="not reported")) for p in run.scenario.incidents]
    never = "the run was over before"
    broken = [run.broken.get(p.name, Broken(planned=p, not_injected=never)) for p in run.scenario.faults]
    operations = run.engine.operations
    return replace(
        run.recorder.record(run.scenario, vehicles, run.began_at_s, operations.situation),
        ended_at_s=run.engine.clock.now_s(),
        asked=tuple(asked),
        broken=tuple(broken),
        unfinished=unfinished,
        defects=operations.failures,
        load=sum(run.loads) / max(1, len(run.loads)) / (os.cpu_count() or 1),
    )


__all__ = ["HOPELESS_S", "Entry", "Px4Error", "Run", "RunError", "Tell", "fly", "play", "px4_specs", "record_of"]
