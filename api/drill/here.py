"""Plays a drill here: kinematic vehicles under a simulated clock, as fast as it is computed."""

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from api.drill.form import Drill, Inject
from api.intake import IncidentIn, incident_of
from api.problems import Problem
from api.sitl.record import Asked, Broken, Record, Recorder
from api.sitl.run import HOPELESS_S, Tell
from api.sitl.scenario import PlannedFault, PlannedIncident, PlannedOrder, PlannedWeather
from dispatch.city import situation_of
from dispatch.events import (
    Cancel,
    Event,
    OrderError,
    Outcome,
    Release,
    Reported,
    WeatherChanged,
    ZoneLifted,
    ZoneRaised,
)
from dispatch.model import IncidentStatus, SortieState
from dispatch.sorties import AT_REST
from geo.airspace import Geozone
from simulator.faults import InjectionError
from simulator.kinematic import Room
from simulator.kinematic.faults import inject, mend

BEGINS_AT_S = 1_893_456_000.0
"""A drill begins at this instant (2030-01-01, 00:00 UTC) and so is the same whenever it is played: the zones of a city
keep hours."""

LEAD_S = 5.0
"""Vehicles are heard so long before the first entry."""

ROOM = "room"
"""The source of what a room without people reports."""


@dataclass
class _Play:
    """One drill under way."""

    drill: Drill
    room: Room
    recorder: Recorder
    tell: Tell
    began_at_s: float
    asked: dict[str, Asked] = field(default_factory=dict)
    broken: dict[str, Broken] = field(default_factory=dict)
    to_do: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    moments: list[PlannedFault] = field(default_factory=list)
    """Faults that wait for a moment of a sortie."""
    reports: int = 0
    entries: int = 0

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Do it so many seconds into the drill; what is to be done at one instant, in the order of being told."""
        self.entries += 1
        heapq.heappush(self.to_do, (self.began_at_s + at_s, self.entries, do))

    @property
    def now_s(self) -> float:
        """Seconds of the drill that have passed."""
        return self.room.now_s - self.began_at_s

    def say(self, what: str) -> None:
        """Tell whoever looks on."""
        self.tell(f"{self.now_s:6.0f} s  {what}")


def play(
    drill: Drill,
    *,
    answers: bool = True,
    speed: float = math.inf,
    tell: Tell = lambda _what: None,
    watch: Callable[[float], bool] = lambda _now_s: False,
) -> Record:
    """Play ``drill`` and return what was seen of it. The same drill gives the same record, to the byte.

    ``answers``: whether injects are answered, as their entries say, by a room without people. ``speed`` simulated
    seconds pass in a second at most. ``watch`` is asked again and again, with the seconds that have passed, whether to
    end it early.
    """
    scenario = drill.scenario
    room = Room(situation_of(scenario.city, BEGINS_AT_S))
    run = _Play(drill, room, Recorder(), tell, began_at_s=BEGINS_AT_S + LEAD_S)
    run.recorder.begin(room.situation)

    def hear(outcome: Outcome) -> None:
        run.recorder.hear(outcome, 0)

    room.listen(hear)
    _plan(run, answers=answers)
    return _record(run, _until_over(run, speed, watch))


def _plan(run: _Play, *, answers: bool) -> None:
    scenario = run.drill.scenario
    for planned in scenario.incidents:
        run.at(planned.at_s, partial(_report, run, planned))
    for raised in scenario.zones:
        run.at(raised.at_s, partial(_raise, run, raised.zone))
        if raised.lift_at_s is not None:
            run.at(raised.lift_at_s, partial(_lift, run, raised.zone.id))
    for at_s, zone_id in scenario.lifts:
        run.at(at_s, partial(_lift, run, zone_id))
    for weather in scenario.winds:
        run.at(weather.at_s, partial(_blow, run, weather))
    for order in scenario.orders:
        run.at(order.at_s, partial(_order, run, order))
    for fault in scenario.faults:
        if fault.at_s is None:
            run.moments.append(fault)
        else:
            run.at(fault.at_s, partial(_break, run, fault, fault.drone_id or ""))
    for message in run.drill.injects:
        run.at(message.at_s, partial(run.say, f"inject {message.name}: {message.text_en}"))
        if answers and message.answer is not None:
            run.at(message.at_s + message.answer.after_s, partial(_answer, run, message))


def _until_over(run: _Play, speed: float, watch: Callable[[float], bool]) -> str:
    """Let time pass until every drone is back; why that was given up, if it was."""
    room, hopeless_s = run.room, math.inf
    last_s = max((at_s for at_s, _, _ in run.to_do), default=run.began_at_s)
    began_s, began_at_s = time.monotonic(), room.now_s
    while True:
        if watch(run.now_s):
            return "it was interrupted"
        _look_for_moments(run)
        if run.to_do and run.to_do[0][0] <= room.now_s:
            heapq.heappop(run.to_do)[2]()
            continue
        if not run.to_do:
            if not _at_rest(room):
                hopeless_s = math.inf
            elif not room.situation.incidents or room.now_s >= hopeless_s:
                return ""
            else:
                hopeless_s = min(hopeless_s, room.now_s + HOPELESS_S)
            if room.now_s > last_s + run.drill.scenario.patience_s:
                return f"not all was over {run.drill.scenario.patience_s:g} s after the last entry"
        room.step(run.to_do[0][0] if run.to_do else math.inf)
        if speed < math.inf:
            time.sleep(max(0.0, began_s + (room.now_s - began_at_s) / speed - time.monotonic()))


def _at_rest(room: Room) -> bool:
    """Whether nothing flies, and whoever waits for a drone waits in vain."""
    situation = room.situation
    return (
        all(vehicle.rests for vehicle in room.vehicles.values())
        and all(sortie.state in AT_REST for sortie in situation.sorties.values())
        and all(i.status in (IncidentStatus.OPEN, IncidentStatus.CLEARED) for i in situation.incidents.values())
    )


# ---------------------------------------------------------------- what happens


def _report(run: _Play, planned: PlannedIncident) -> None:
    try:
        incident_id = _submit_report(run, planned.body, "scenario")
    except Problem as problem:
        run.asked[planned.name] = Asked(planned=planned, refused=problem.code)
        run.say(f"{planned.name}: refused, {problem}")
        return
    run.asked[planned.name] = Asked(planned=planned, incident_id=incident_id)
    sorties = run.room.situation.sorties.values()
    sent = next((sortie.drone_id for sortie in sorties if sortie.incident_id == incident_id), None)
    waits = run.room.situation.incidents[incident_id].waits_because
    run.say(f"{planned.name}: {sent} goes" if sent else f"{planned.name}: waits: {waits}")


def _submit_report(run: _Play, body: IncidentIn, source: str) -> str:
    room = run.room
    incident_id = f"I-{run.reports + 1:06d}"
    incident = incident_of(body, room.situation, at_s=room.now_s, source=source, incident_id=incident_id)
    run.reports += 1
    room.submit(Reported(at_s=room.now_s, incident=incident))
    return incident_id


def _raise(run: _Play, zone: Geozone) -> None:
    known = zone.id in run.room.situation.zones
    run.room.submit(ZoneRaised(at_s=run.room.now_s, zone=zone))
    if not known:
        run.say(f"zone {zone.id} is raised")


def _lift(run: _Play, zone_id: str) -> None:
    _try(run, ZoneLifted(at_s=run.room.now_s, zone_id=zone_id), f"zone {zone_id} is lifted")


def _blow(run: _Play, weather: PlannedWeather) -> None:
    room = run.room
    rain_mm_h = room.situation.rain_mm_h if weather.rain_mm_h is None else weather.rain_mm_h
    room.blow(weather.wind)
    room.submit(WeatherChanged(at_s=room.now_s, wind=weather.wind, rain_mm_h=rain_mm_h))
    run.say(f"wind {weather.wind.speed_mps:g} m/s from {weather.wind.from_deg:g}°, rain {rain_mm_h:g} mm/h")


def _order(run: _Play, planned: PlannedOrder) -> None:
    asked = run.asked.get(planned.incident)
    if asked is None or asked.incident_id is None:
        run.say(f"{planned.order} {planned.incident}: it was not reported, or refused")
        return
    event = (Release if planned.order == "release" else Cancel)(at_s=run.room.now_s, incident_id=asked.incident_id)
    _try(run, event, f"{planned.order} {planned.incident}")


def _try(run: _Play, event: Event, what: str) -> None:
    try:
        run.room.submit(event)
    except OrderError as error:
        what = f"{what}: {error}"
    run.say(what)


def _answer(run: _Play, message: Inject) -> None:
    answer = message.answer
    assert answer is not None
    if answer.report is not None:
        try:
            _submit_report(run, answer.report, ROOM)
            run.say(f"answer to {message.name}: a report")
        except Problem as problem:
            run.say(f"answer to {message.name}: refused, {problem}")
    elif message.zone is not None:
        _raise(run, message.zone)
    elif answer.release is not None:
        _order(run, PlannedOrder(at_s=message.at_s, order="release", incident=answer.release))


# ---------------------------------------------------------------- faults


def _break(run: _Play, planned: PlannedFault, drone_id: str) -> None:
    room = run.room
    flying = room.situation.sorties.get(drone_id)
    try:
        inject(room, drone_id, planned.fault)
    except InjectionError as error:
        run.broken[planned.name] = Broken(planned=planned, drone_id=drone_id, not_injected=str(error))
        return
    incident_id = flying.incident_id if flying is not None else None
    run.broken[planned.name] = Broken(planned=planned, at_s=room.now_s, drone_id=drone_id, incident_id=incident_id)
    run.say(f"{planned.name} on {drone_id}")
    if planned.mend_after_s is not None:
        run.at(run.now_s + planned.mend_after_s, partial(mend, room, drone_id))


def _look_for_moments(run: _Play) -> None:
    """Faults whose moment has come happen so many seconds later."""
    for planned in tuple(run.moments):
        asked = run.asked.get(planned.incident or "")
        if asked is None:
            continue
        drone_id = _in_moment(run, planned, asked.incident_id)
        if drone_id is not None:
            run.moments.remove(planned)
            run.at(run.now_s + planned.after_s, partial(_break, run, planned, drone_id))


def _in_moment(run: _Play, planned: PlannedFault, incident_id: str | None) -> str | None:
    """Who flies for the incident and is in that state now."""
    for sortie in run.room.situation.sorties.values():
        served = sortie.incident_id == incident_id
        if planned.state is SortieState.RETURNING:
            served = any(version.incident_id == incident_id for _, version in run.recorder.sorties.get(sortie.id, []))
        if served and incident_id is not None and sortie.state is planned.state:
            return sortie.drone_id
    return None


def _record(run: _Play, unfinished: str) -> Record:
    scenario, heard, situation = run.drill.scenario, run.recorder, run.room.situation
    asked = [run.asked.get(p.name, Asked(planned=p, refused="not reported")) for p in scenario.incidents]
    never = "nobody who flew for its incident came to be in that state"
    broken = [run.broken.get(p.name, Broken(planned=p, not_injected=never)) for p in scenario.faults]
    record = heard.record(scenario, "kinematic", run.began_at_s, situation)
    return replace(record, asked=tuple(asked), broken=tuple(broken), unfinished=unfinished)
