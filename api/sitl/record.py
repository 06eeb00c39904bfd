"""What was seen of a run: every version of every sortie, every sample of telemetry, every zone's time in force."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from api.sitl.scenario import PlannedFault, PlannedIncident, Scenario
from api.tracks import Sample, keep
from dispatch.city import City
from dispatch.events import Command, Fly, Launch, Outcome, Withdrawal
from dispatch.model import Decision, Incident, IncidentStatus, Situation, Sortie, SortieState
from geo.airspace import Geozone


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpan:
    """A zone of the situation, from when to when; ``until_s`` None: to the end."""

    zone: Geozone
    from_s: float
    until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An incident of the scenario and what it became: an id, or why it was refused at the door."""

    planned: PlannedIncident
    incident_id: str | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A fault of the scenario and what it became: whose, in which sortie for which incident, or why it was not."""

    planned: PlannedFault
    at_s: float | None = None
    drone_id: str = ""
    incident_id: str | None = None
    not_injected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A moment at which the engine took note that something is wrong with a drone; or gave it up for its incident."""

    at_s: float
    drone_id: str
    what: str
    gives_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A whole run. Instants are engine time; ``began_at_s`` is that of the scenario's 0."""

    scenario: Scenario
    vehicles: str
    began_at_s: float
    ended_at_s: float
    asked: tuple[Asked, ...]
    broken: tuple[Broken, ...]
    incidents: Mapping[str, Incident]
    decisions: Mapping[str, tuple[Decision, ...]]
    sorties: Mapping[str, tuple[tuple[float, Sortie], ...]]
    """Every version of every sortie by its id, with when it was made."""
    launched: tuple[tuple[float, str], ...] = ()
    """When a drone was commanded to start or to fly somewhere, and which sortie's it was."""
    samples: Mapping[str, tuple[Sample, ...]]
    zones: tuple[ZoneSpan, ...]
    notices: tuple[Notice, ...] = ()
    in_air: tuple[str, ...] = ()
    """Drones that were in the air at the end."""
    unfinished: str = ""
    """Why the run was given up before its end; empty: it was not."""
    defects: int = 0
    """Events of the engine's loop that ended in an error."""
    load: float = 0.0
    """The machine's mean load in this time, by processor: above 1 it did not keep up."""

    @property
    def city(self) -> City:
        """The city as it was at the beginning."""
        return self.scenario.city


@dataclass
class Recorder:
    """Listens to an engine (:meth:`dispatch.operations.Operations.listen`) and keeps what it hears."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    decisions: dict[str, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    sorties: dict[str, list[tuple[float, Sortie]]] = field(default_factory=lambda: defaultdict(list))
    launched: list[tuple[float, str]] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    zones: list[ZoneSpan] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    _able: dict[str, tuple[bool, bool]] = field(default_factory=dict)

    def begin(self, situation: Situation) -> None:
        """Take down what holds already."""
        self.zones = [ZoneSpan(zone=zone, from_s=situation.now_s) for zone in situation.zones.values()]

    def hear(self, outcome: Outcome, _seq: int) -> None:
        """Take down one outcome."""
        now_s = outcome.situation.now_s
        for record in outcome.records:
            match record:
                case Incident():
                    self.incidents[record.id] = record
                case Decision():
                    self.decisions[record.incident_id].append(record)
                case Sortie():
                    self._sortie(outcome.situation, record)
                case Geozone():
                    self._end_zone(record.id, now_s)
                    self.zones.append(ZoneSpan(zone=record, from_s=now_s))
                case Withdrawal(drone_id=drone_id, why=why) if why:
                    self.notices.append(Notice(at_s=now_s, drone_id=drone_id, what=f"withdrawn: {why}", gives_up=True))
                case _:
                    pass
        for zone_id in outcome.lifted_zones:
            self._end_zone(zone_id, now_s)
        self.launched += [(now_s, command.sortie_id) for command in outcome.commands if _sends(command)]
        self._health(outcome.situation)
        keep(self.samples, outcome.situation)

    def record(self, scenario: Scenario, vehicles: str, began_at_s: float, end: Situation) -> Record:
        """What was heard until ``end``, as a record; what became of incidents and faults is not known here."""
        return Record(
            scenario=scenario,
            vehicles=vehicles,
            began_at_s=began_at_s,
            ended_at_s=end.now_s,
            asked=(),
            broken=(),
            incidents=dict(self.incidents),
            decisions={id_: tuple(made) for id_, made in self.decisions.items()},
            sorties={id_: tuple(versions) for id_, versions in self.sorties.items()},
            launched=tuple(self.launched),
            samples={id_: tuple(kept) for id_, kept in self.samples.items()},
            zones=tuple(self.zones),
            notices=tuple(self.notices),
            in_air=tuple(sorted(s.drone_id for s in end.states.values() if s.connected and s.in_air)),
        )

    def _sortie(self, situation: Situation, sortie: Sortie) -> None:
        now_s, versions = situation.now_s, self.sorties[sortie.id]
        before = versions[-1][1] if versions else None
        versions.append((now_s, sortie))
        if before is None:
            return
        if sortie.attempts > before.attempts:
            again = f"told again ({sortie.state.value})"
            self.notices.append(Notice(at_s=now_s, drone_id=sortie.drone_id, what=again))
        incident = situation.incidents.get(before.incident_id or "")
        unserved = incident is not None and incident.status not in (IncidentStatus.CLEARED, IncidentStatus.CANCELLED)
        if sortie.state is SortieState.FAILED or (unserved and sortie.incident_id != before.incident_id):
            why = next((step.why for step in reversed(sortie.steps) if step.why), sortie.state.value)
            self.notices.append(Notice(at_s=now_s, drone_id=sortie.drone_id, what=why, gives_up=True))

    def _end_zone(self, zone_id: str, now_s: float) -> None:
        for i, span in enumerate(self.zones):
            if span.zone.id == zone_id and span.until_s is None:
                self.zones[i] = ZoneSpan(zone=span.zone, from_s=span.from_s, until_s=now_s)

    def _health(self, situation: Situation) -> None:
        for drone_id, state in situation.states.items():
            able = (state.connected, state.healthy)
            before = self._able.get(drone_id, able)
            self._able[drone_id] = able
            for had, has, what in zip(before, able, ("link lost", "not healthy"), strict=True):
                if had and not has:
                    self.notices.append(Notice(at_s=situation.now_s, drone_id=drone_id, what=what))


def _sends(command: Command) -> bool:
    return isinstance(command, Launch | Fly)
