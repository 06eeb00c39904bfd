"""Plays a drill in a running engine with embedded vehicles: trainees sit in its command room."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from api.drill.form import Drill, Inject
from api.drill.here import ROOM
from api.engine import Engine
from api.intake import incident_of
from api.problems import Problem
from api.sitl.record import Record
from api.sitl.run import Entry, Run, RunError, Tell, play
from api.sitl.scenario import PlannedFault
from api.stream import message
from dispatch.events import OrderError, Release, WeatherChanged, ZoneRaised
from simulator.embedded import vehicle_specs
from simulator.faults import EmbeddedFaults, LinkSilent

VEHICLES = "embedded"

Misfit = Literal["real_vehicles", "other_city"]


async def play_live(
    engine: Engine,
    drill: Drill,
    *,
    answers: bool = False,
    tell: Tell = lambda _what: None,
    begun: Callable[[Run], None] = lambda _run: None,
) -> Record:
    """Play ``drill`` in ``engine``, whose vehicles are ready, and return what was seen of it. Injects go into the
    stream, and to ``tell``; with ``answers`` they are answered as their entries say, by nobody. ``begun`` is given the
    run as it begins.

    Raises :class:`api.sitl.run.RunError` where it does not fit (:func:`require_fit`).
    """
    require_fit(engine, drill)
    city, operations = drill.scenario.city, engine.operations
    assert engine.embedded is not None
    await engine.embedded.wind(city.wind.speed_mps, city.wind.from_deg)
    if (operations.situation.wind, operations.situation.rain_mm_h) != (city.wind, city.rain_mm_h):
        now_s = engine.clock.now_s()
        await operations.ask(WeatherChanged(at_s=now_s, wind=city.wind, rain_mm_h=city.rain_mm_h), by=ROOM)
    faults = tuple(_in_wall_time(planned, engine.clock.speed) for planned in drill.scenario.faults)
    injector = EmbeddedFaults(engine.embedded, {spec.system_id: spec for spec in vehicle_specs(engine.city)})

    async def hand_over(run: Run) -> None:
        begun(run)

    entries = [hand_over, *(_told(inject, answers=answers) for inject in drill.injects)]
    return await play(engine, replace(drill.scenario, faults=faults), injector, tell, VEHICLES, more=entries)


def misfit(engine: Engine, drill: Drill) -> Misfit | None:
    """Why ``drill`` cannot be played in ``engine``: it flies other vehicles than embedded ones, or another city's."""
    city = drill.scenario.city
    if engine.embedded is None:
        return "real_vehicles"
    if city.id != engine.city.id or not set(city.drones) <= set(engine.city.drones):
        return "other_city"
    return None


def require_fit(engine: Engine, drill: Drill) -> None:
    """Raises :class:`api.sitl.run.RunError` where there is a :func:`misfit`."""
    city = drill.scenario.city
    match misfit(engine, drill):
        case "real_vehicles":
            raise RunError("a drill is for embedded vehicles: this engine flies others")
        case "other_city":
            raise RunError(f"the drill is for the drones of {city.id}; this engine flies those of {engine.city.id}")
        case None:
            pass


def _in_wall_time(planned: PlannedFault, speed: float) -> PlannedFault:
    """Faults of links live in wall time; a drill counts in its own."""
    fault = planned.fault
    return replace(planned, fault=LinkSilent(for_s=fault.for_s / speed)) if isinstance(fault, LinkSilent) else planned


def _told(inject: Inject, *, answers: bool) -> Entry:
    async def tell(run: Run) -> None:
        await run.at(inject.at_s)
        run.tell(f"{run.now_s:6.0f} s  inject {inject.name}: {inject.text_en}")
        told = {"name": inject.name, "text_en": inject.text_en, "text_zh": inject.text_zh}
        run.engine.stream.publish(message("inject", told))
        if answers and inject.answer is not None:
            await run.at(inject.at_s + inject.answer.after_s)
            try:
                await _answer(run, inject)
            except (OrderError, Problem) as error:
                run.tell(f"{run.now_s:6.0f} s  answer to {inject.name}: {error}")

    return tell


async def _answer(run: Run, inject: Inject) -> None:
    engine, answer = run.engine, inject.answer
    assert answer is not None
    if answer.report is not None:
        body = answer.report
        await engine.accept(
            lambda: incident_of(body, engine.operations.situation, at_s=engine.clock.now_s(), source=ROOM)
        )
    elif inject.zone is not None:
        await engine.operations.ask(ZoneRaised(at_s=engine.clock.now_s(), zone=inject.zone), by=ROOM)
    elif answer.release is not None:
        asked = run.asked.get(answer.release)
        if asked is None or asked.incident_id is None:
            run.tell(f"{run.now_s:6.0f} s  release {answer.release}: it was not reported, or refused")
            return
        await engine.operations.ask(Release(at_s=engine.clock.now_s(), incident_id=asked.incident_id), by=ROOM)
