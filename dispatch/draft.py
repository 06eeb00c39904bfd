"""A situation while it is being advanced: the one mutable thing of the kernel, gone when ``advance`` returns."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from dispatch import watch
from dispatch.events import Command, OrderError, Outcome, Record, Weather, Withdrawal
from dispatch.model import (
    Base,
    Clocks,
    Decision,
    Drone,
    DroneState,
    Incident,
    IncidentStatus,
    Rules,
    Situation,
    Sortie,
    SortieState,
    Step,
    sortie_by_id,
)
from geo.airframe import Airframe
from geo.frame import LocalFrame

T = TypeVar("T")

OVER = frozenset({IncidentStatus.CLOSED, IncidentStatus.CANCELLED})


class Draft:
    """Collects the changes of one event. Reads see the changes made so far."""

    def __init__(self, situation: Situation, at_s: float) -> None:
        self.now_s = at_s
        self._base = replace(situation, now_s=at_s)
        self.incidents = dict(situation.incidents)
        self.sorties = dict(situation.sorties)
        self.states = dict(situation.states)
        self.zones = dict(situation.zones)
        self.grants = dict(situation.grants)
        self.withdrawn = dict(situation.withdrawn)
        self.reconsider = False
        self._records: dict[tuple[str, str], Record] = {}
        self._lifted: list[str] = []
        self._commands: list[Command] = []
        self._decided_on: dict[str, Situation] = {}

    @property
    def rules(self) -> Rules:
        """The city's rules."""
        return self._base.rules

    @property
    def frame(self) -> LocalFrame:
        """The city's metric plane."""
        return LocalFrame(self._base.centre)

    def knows(self, drone_id: str) -> bool:
        """Whether the drone is registered."""
        return drone_id in self._base.drones

    def airframe(self, drone_id: str) -> Airframe:
        """The airframe of a drone."""
        return self._base.airframes[self._base.drones[drone_id].airframe]

    def base(self, base_id: str) -> Base:
        """A base by its id."""
        return self._base.bases[base_id]

    def drone(self, drone_id: str) -> Drone:
        """A registered drone; raises :class:`OrderError` for one that is not."""
        if drone_id not in self._base.drones:
            raise OrderError("unknown_drone", f"there is no drone {drone_id!r}")
        return self._base.drones[drone_id]

    def sortie(self, sortie_id: str | None) -> Sortie | None:
        """A current or last sortie by its own id."""
        return sortie_by_id(self.sorties, sortie_id)

    def serving(self, incident: Incident) -> list[Sortie]:
        """The sorties that fly for ``incident``: the one that serves it, then its relief."""
        named = [self.sortie(sortie_id) for sortie_id in (incident.sortie_id, incident.relief_id)]
        return [sortie for sortie in named if sortie is not None and sortie.incident_id == incident.id]

    @property
    def situation(self) -> Situation:
        """The situation as drafted so far."""
        return replace(
            self._base,
            incidents=_frozen(self._base.incidents, self.incidents),
            sorties=_frozen(self._base.sorties, self.sorties),
            states=_frozen(self._base.states, self.states),
            zones=_frozen(self._base.zones, self.zones),
            grants=_frozen(self._base.grants, self.grants),
            withdrawn=_frozen(self._base.withdrawn, self.withdrawn),
        )

    def set_weather(self, weather: Weather) -> None:
        """Wind and rain from now on."""
        self._base = replace(self._base, wind=weather.wind, rain_mm_h=weather.rain_mm_h)
        self.note("weather", weather)
        self.reconsider = True

    def put(self, record: Incident | Sortie) -> None:
        """A new version of an incident or a sortie."""
        if isinstance(record, Incident):
            self.incidents[record.id] = record
        else:
            self.sorties[record.drone_id] = record
        self.note(record.id, record)

    def note(self, subject_id: str, record: Record) -> None:
        """Remember ``record``; of several versions in one event the last is kept, decisions are kept all."""
        self._records[type(record).__name__, subject_id] = record

    def observe(self, states: tuple[DroneState, ...]) -> None:
        """Telemetry is the truth."""
        for state in states:
            self.states[state.drone_id] = state

    def withdraw(self, drone_id: str, why: str, *, by_hand: bool = False) -> None:
        """Take a drone out of service. What it was first withdrawn for tells more than what follows from it."""
        if drone_id in self.withdrawn and not by_hand:
            return
        self.withdrawn[drone_id] = why
        self.note(drone_id, Withdrawal(drone_id=drone_id, why=why))

    def restore(self, drone_id: str) -> None:
        """Back into service."""
        self.withdrawn.pop(drone_id, None)
        self.note(drone_id, Withdrawal(drone_id=drone_id, why=""))
        self.reconsider = True

    def lift_zone(self, zone_id: str) -> None:
        """A geozone is gone."""
        del self.zones[zone_id]
        self._lifted.append(zone_id)

    def order(self, command: Command) -> None:
        """Order a vehicle, once everything is stored."""
        self._commands.append(command)

    def ordered(self, drone_id: str) -> bool:
        """Whether this event has brought the drone an order already."""
        return any(command.drone_id == drone_id for command in self._commands)

    def decided(self, decision: Decision, on: Situation) -> None:
        """Remember a decision and what it was made on."""
        self.note(decision.id, decision)
        self._decided_on[decision.id] = on
        incident = self.incidents[decision.incident_id]
        self.put(replace(incident, decisions=incident.decisions + 1))

    # ------------------------------------------------ small steps that many transitions share

    def step(self, sortie: Sortie, state: SortieState, why: str = "", *, within_s: float | None = None) -> Sortie:
        """The sortie in its next state; ``within_s`` from now it must have left it."""
        moved = replace(
            sortie,
            state=state,
            steps=(*sortie.steps, Step(state=state, at_s=self.now_s, why=why)),
            attempts=0,
            moving=False,
            held=False,
            circling=None,
            hovers=None,
            yields=None,
            deadline_at_s=None if within_s is None else self.now_s + within_s,
        )
        self.put(moved)
        return moved

    def clock(self, incident_id: str | None, **instants: float) -> None:
        """Set clocks of an incident that are not set yet."""
        incident = self.incidents.get(incident_id) if incident_id else None
        if incident is None:
            return
        unset = {k: v for k, v in instants.items() if getattr(incident.clocks, k) is None}
        if unset:
            clocks: Clocks = replace(incident.clocks, **unset)
            self.put(replace(incident, clocks=clocks))

    def reopen(self, sortie: Sortie, *, without: str | None = None) -> None:
        """The incident that ``sortie`` flies for is left by it; the drone ``without`` failed on it."""
        incident = self.incidents.get(sortie.incident_id) if sortie.incident_id else None
        if incident is None:
            return
        if without is not None and without not in incident.refused_drones:
            incident = replace(incident, refused_drones=(*incident.refused_drones, without))
        self.leave(incident, sortie.id)

    def leave(self, incident: Incident, sortie_id: str | None) -> None:
        """A sortie serves ``incident`` no longer: its relief does, if it has one, else it needs a drone again."""
        relief = self.sortie(incident.relief_id)
        if sortie_id == incident.relief_id:
            self.put(replace(incident, relief_id=None))
        elif relief is not None:
            self.take_over(incident, relief)
        else:
            self.put(replace(watch.lost(incident, self.now_s), status=IncidentStatus.OPEN, sortie_id=None))
        self.reconsider = True

    def take_over(self, incident: Incident, relief: Sortie) -> None:
        """The relief is the one that serves ``incident`` from now on, wherever it is by now."""
        there = relief.state is SortieState.ON_SCENE
        incident = replace(
            incident if there else watch.lost(incident, self.now_s),
            status=IncidentStatus.ON_SCENE if there else IncidentStatus.ASSIGNED,
            sortie_id=relief.id,
            relief_id=None,
            relay=None,
            reliefs=incident.reliefs + there,
            waits_because="",
        )
        self.put(incident)
        if there:
            self.put(replace(relief, deadline_at_s=self.now_s + watch.left_s(incident, self.now_s)))

    def outcome(self) -> Outcome:
        """What ``advance`` returns. Incidents and grants that are over leave the situation."""
        self.grants = {k: v for k, v in self.grants.items() if v.ends_at_s > self.now_s}
        self.incidents = {k: v for k, v in self.incidents.items() if v.status not in OVER}
        return Outcome(
            situation=self.situation,
            records=tuple(self._records.values()),
            lifted_zones=tuple(self._lifted),
            commands=tuple(self._commands),
            decided_on=MappingProxyType(self._decided_on),
        )


def _frozen(before: Mapping[str, T], after: dict[str, T]) -> Mapping[str, T]:
    """A read-only mapping in the order of its keys; the old one where nothing changed."""
    if before.keys() == after.keys() and all(before[k] is v for k, v in after.items()):
        return before
    return MappingProxyType({key: after[key] for key in sorted(after)})
