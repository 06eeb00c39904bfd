"""Vehicles a few lines long that obey the kernel's commands, and a loop that checks every outcome.

Events only: no clock runs, nothing is stored. What must hold after *any* event is :func:`check`.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dispatch.events import (
    Command,
    Event,
    Fly,
    FlyOrbit,
    Hold,
    Land,
    Launch,
    Observed,
    Outcome,
    PointCamera,
    Refused,
    Reported,
    RestCamera,
    StandDown,
    Ticked,
    Upload,
)
from dispatch.lifecycle import advance
from dispatch.model import (
    Decision,
    DroneState,
    Incident,
    IncidentStatus,
    Orbit,
    Sight,
    Situation,
    Sortie,
    SortieState,
)
from geo.position import Position
from tests.dispatch.worlds import FRAME

MODES = {
    "climb": "TAKEOFF",
    "fly": "MISSION",
    "hold": "HOLD",
    "land": "LAND",
    "rest": "HOLD",
    "return": "RETURN_TO_LAUNCH",
}
WAITING_FOR_A_VEHICLE = frozenset(SortieState) - {
    SortieState.LANDED,
    SortieState.CHARGING,
    SortieState.DONE,
    SortieState.FAILED,
}
ENDED = {SortieState.DONE, SortieState.FAILED}
ON_THE_WAY = {SortieState.DECIDED, SortieState.COMMANDED, SortieState.AIRBORNE, SortieState.EN_ROUTE}
CLOCKS = ("reported_at_s", "decided_at_s", "launched_at_s", "on_scene_at_s", "cleared_at_s", "returned_at_s")


def check(before: Situation, outcome: Outcome) -> None:
    """What holds after every event."""
    after = outcome.situation
    assert after.now_s >= before.now_s
    by_id = {sortie.id: sortie for sortie in after.sorties.values()}
    assert len(by_id) == len(after.sorties)
    for drone_id, sortie in after.sorties.items():
        assert sortie.drone_id == drone_id
        if sortie.incident_id is not None:
            of = after.incidents[sortie.incident_id]
            assert sortie.id in (of.sortie_id, of.relief_id), "a drone more than serves and relieves"
            assert sortie.state in ON_THE_WAY | {SortieState.ON_SCENE}
        assert (sortie.deadline_at_s is not None) == (sortie.state in WAITING_FOR_A_VEHICLE), sortie.state
        assert sortie.circling is None or (sortie.state is SortieState.ON_SCENE and not sortie.held)
        assert sortie.pointing is None or sortie.state is SortieState.ON_SCENE
        assert sortie.hovers is None or (sortie.state is SortieState.ON_SCENE and sortie.circling is None)
        instants = [step.at_s for step in sortie.steps]
        assert instants == sorted(instants)
        assert sortie.steps[-1].state is sortie.state
    for case in after.incidents.values():
        serving = by_id.get(case.sortie_id or "")
        match case.status:
            case IncidentStatus.OPEN:
                assert case.sortie_id is None
            case IncidentStatus.ASSIGNED:
                assert serving is not None
                assert serving.incident_id == case.id
                assert serving.state in ON_THE_WAY
            case IncidentStatus.ON_SCENE:
                assert serving is not None
                assert serving.incident_id == case.id
                assert serving.state is SortieState.ON_SCENE
            case IncidentStatus.CLEARED:
                assert serving is not None
                assert serving.state in WAITING_FOR_A_VEHICLE, "cleared, and nobody is coming home to close it"
            case _:
                raise AssertionError(f"{case.id} is {case.status} and still in the situation")
        _check_watch(before, after, case, by_id)
        told = [getattr(case.clocks, name) for name in CLOCKS]
        told = [instant for instant in told if instant is not None]
        assert told == sorted(told)
    for command in outcome.commands:
        ended_now = {r.id for r in outcome.records if isinstance(r, Sortie) and r.state in ENDED}
        assert command.sortie_id in ended_now | {after.sorties[command.drone_id].id}
        if isinstance(command, Fly):
            assert command.points
    _check_records(before, outcome)


def _check_watch(before: Situation, after: Situation, case: Incident, by_id: dict[str, Sortie]) -> None:
    """Who relieves whom, and every instant without eyes on the point is told of."""
    watched = case.status is IncidentStatus.ON_SCENE
    if case.relief_id is not None:
        relief = by_id[case.relief_id]
        assert watched
        assert relief.incident_id == case.id
        assert relief.id != case.sortie_id
        assert not case.route
    open_gaps = [gap for gap in case.gaps if gap.until_at_s is None]
    was_seen = case.clocks.on_scene_at_s is not None
    if watched or case.status is IncidentStatus.CLEARED or not was_seen:
        assert not open_gaps
    else:
        assert open_gaps == [case.gaps[-1]]
    assert case.relay is None or watched
    old = before.incidents.get(case.id)
    if old is not None and old.relief_id is not None:
        relief = next(s for s in before.sorties.values() if s.id == old.relief_id)
        left = {old.sortie_id, old.relief_id} - {s.id for s in after.sorties.values() if s.incident_id == case.id}
        over = case.status in (IncidentStatus.OPEN, IncidentStatus.CLEARED)
        assert over or len(left) < 2, "both are released, and the point is still to be watched"
        if relief.state is SortieState.ON_SCENE and relief.id not in left:
            assert watched or over, "the relief was there, and nobody watches"


def _check_records(before: Situation, outcome: Outcome) -> None:
    """Whatever changed is among the records, in its last version: a restart would find it."""
    after = outcome.situation
    kept = {(type(r).__name__, r.id): r for r in outcome.records if isinstance(r, Incident | Sortie | Decision)}
    assert sum(isinstance(r, Incident | Sortie | Decision) for r in outcome.records) == len(kept)
    for drone_id, sortie in after.sorties.items():
        if before.sorties.get(drone_id) != sortie:
            assert kept["Sortie", sortie.id] == sortie
    for incident_id, case in after.incidents.items():
        if before.incidents.get(incident_id) != case:
            assert kept["Incident", incident_id] == case
    for incident_id in set(before.incidents) - set(after.incidents):
        last = kept["Incident", incident_id]
        assert isinstance(last, Incident)
        assert last.status in (IncidentStatus.CLOSED, IncidentStatus.CANCELLED)
    decided = {r.id for r in outcome.records if isinstance(r, Decision)}
    assert set(outcome.decided_on) == decided


@dataclass
class Vehicle:
    """A drone that does what it is told at once and moves at constant speeds. ``faults`` are words."""

    state: DroneState
    speed_mps: float
    goals: list[tuple[float, float]] = field(default_factory=list)
    height_m: float = 0.0
    orbit: Orbit | None = None
    looks_at: tuple[Position, float] | None = None
    doing: str = "rest"
    arm_s: float = 2.0
    down_s: float = 0.0
    faults: set[str] = field(default_factory=set)
    drain: float = 0.0004
    """Share of the battery a second in the air."""

    def obey(self, command: Command) -> str | None:
        """Begin to do it; why not, if it refuses."""
        if "dead" in self.faults or "silent" in self.faults:
            return None
        name = type(command).__name__.lower()
        if f"refuse {name}" in self.faults:
            return f"{name} denied"
        if f"deaf to {name}" in self.faults:
            return None
        match command:
            case Launch(height_m=height_m):
                self.doing, self.height_m = "climb", height_m
            case Fly(points=points, height_m=height_m):
                if not self.state.armed:
                    return "not armed"
                self.doing, self.height_m = "fly", height_m
                self.goals = [tuple(FRAME.xy(point)) for point in points]
            case FlyOrbit(orbit=orbit):
                self.doing, self.orbit, self.height_m = "circle", orbit, orbit.height_m
            case Hold():
                self.doing = "hold"
            case Land():
                self.doing = "land"
            case PointCamera(at=place, amsl_m=amsl_m):
                self.looks_at = place, amsl_m
            case RestCamera():
                self.looks_at = None
            case StandDown():
                if not self.state.in_air:
                    self.doing, self.state = "rest", dataclasses.replace(self.state, armed=False)
        return None

    def move(self, seconds: float, now_s: float) -> None:
        """Time passes."""
        s = self.state
        (x, y), height_m, armed = FRAME.xy(s.position), s.height_m, s.armed  # type: ignore[arg-type]
        moved_m = 0.0
        if "dead" in self.faults:
            height_m, armed, self.doing = 0.0, False, "rest"
        if self.doing == "climb":
            self.arm_s -= 0.0 if armed else seconds
            armed = armed or self.arm_s <= 0
            top = 10.0 if "does not climb" in self.faults else self.height_m
            height_m = min(top, height_m + 5.0 * seconds) if armed else height_m
        if self.doing in ("fly", "return"):
            left = self.speed_mps * seconds
            while self.goals and left > 0:
                dx, dy = self.goals[0][0] - x, self.goals[0][1] - y
                far = math.hypot(dx, dy)
                part = min(1.0, left / far) if far > 0 else 1.0
                x, y, moved_m = x + dx * part, y + dy * part, moved_m + far * part
                left = left - far if part == 1.0 else 0.0
                if part == 1.0:
                    self.goals.pop(0)
            height_m += max(-5.0 * seconds, min(5.0 * seconds, self.height_m - height_m))
        if self.doing == "circle" and self.orbit is not None:
            middle, radius_m = FRAME.xy(self.orbit.centre), self.orbit.radius_m
            angle = math.atan2(y - middle[1], x - middle[0]) - self.orbit.speed_mps / radius_m * seconds
            x, y = middle[0] + radius_m * math.cos(angle), middle[1] + radius_m * math.sin(angle)
            moved_m = self.orbit.speed_mps * seconds
        if self.doing == "land":
            height_m = max(0.0, height_m - 5.0 * seconds)
        in_air = height_m > 0.3
        sight = None
        if s.body is not None and s.body.gimbal and in_air:
            sight = self._sight(x, y, height_m)
        self.down_s = 0.0 if in_air or not armed else self.down_s + seconds
        if self.doing == "land" and self.down_s >= 2.0 and "stays armed" not in self.faults:
            armed, self.doing, self.arm_s = False, "rest", 2.0
        share = s.battery_share - self.drain * seconds if in_air else s.battery_share + 0.0005 * seconds
        self.state = dataclasses.replace(
            s,
            position=FRAME.position((x, y)),
            height_m=height_m,
            armed=armed,
            in_air=in_air,
            mode=MODES.get(self.doing, "POSCTL"),  # a circle is a sub-mode of that
            sight=sight,
            ground_speed_mps=moved_m / seconds,
            battery_share=min(1.0, max(0.0, share)),
            seen_at_s=s.seen_at_s if "silent" in self.faults else now_s,
            connected="silent" not in self.faults,
        )

    def _sight(self, x: float, y: float, height_m: float) -> Sight:
        """Where its camera looks; its home is at sea level."""
        if self.looks_at is None or "stuck gimbal" in self.faults:
            return Sight(bearing_deg=0.0, pitch_deg=0.0)
        place, amsl_m = self.looks_at
        dx, dy = FRAME.xy(place) - (x, y)
        pitch_deg = math.degrees(math.atan2(amsl_m - height_m, math.hypot(dx, dy)))
        return Sight(bearing_deg=math.degrees(math.atan2(dx, dy)) % 360.0, pitch_deg=pitch_deg)


class Sky:
    """A situation, its vehicles, and everything that came of the events so far."""

    def __init__(self, situation: Situation, step_s: float = 1.0) -> None:
        self.situation, self.step_s = situation, step_s
        self.vehicles = {
            id_: Vehicle(state, situation.airframes[situation.drones[id_].airframe].speed_mps)
            for id_, state in situation.states.items()
        }
        self.commands: list[Command] = []
        self.versions: dict[str, list[Incident]] = {}
        self.sorties: dict[str, Sortie] = {}
        self.decisions: list[Decision] = []
        self.ended: set[str] = set()

    @property
    def now_s(self) -> float:
        """The instant of the last event."""
        return self.situation.now_s

    def give(self, event: Event) -> Outcome:
        """Advance, check, remember, perform; refusals are told at once."""
        before = self.situation
        outcome = advance(before, event)
        check(before, outcome)
        self.situation = outcome.situation
        for record in outcome.records:
            if isinstance(record, Incident):
                self.versions.setdefault(record.id, []).append(record)
            elif isinstance(record, Sortie):
                assert record.id not in self.ended, "a sortie that has ended goes on"
                self.sorties[record.id] = record
                if record.state in ENDED:
                    self.ended.add(record.id)
            elif isinstance(record, Decision):
                self.decisions.append(record)
        refusals = []
        for command in outcome.commands:
            self.commands.append(command)
            why = self.vehicles[command.drone_id].obey(command)
            if why is not None:
                order = type(command).__name__.lower()
                refusals.append((command, order, why))
        for command, order, why in refusals:
            self.give(
                Refused(at_s=self.now_s, drone_id=command.drone_id, sortie_id=command.sortie_id, order=order, why=why)
            )
        return outcome

    def report(self, *cases: Incident) -> None:
        """Incidents come in."""
        for case in cases:
            clocks = dataclasses.replace(case.clocks, reported_at_s=self.now_s)
            self.give(Reported(at_s=self.now_s, incident=dataclasses.replace(case, clocks=clocks)))

    def step(self) -> None:
        """Some time passes: vehicles move and are heard, deadlines are looked at."""
        at_s = self.now_s + self.step_s
        for vehicle in self.vehicles.values():
            vehicle.move(self.step_s, at_s)
        self.give(Observed(at_s=at_s, states=tuple(v.state for v in self.vehicles.values())))
        self.give(Ticked(at_s=at_s))

    def run(self, seconds: float) -> None:
        """So much time passes."""
        for _ in range(round(seconds / self.step_s)):
            self.step()

    def until(self, what: Callable[[], bool], within_s: float = 900.0) -> float:
        """Time passes until that is so; returns how much."""
        began_s = self.now_s
        while not what():
            assert self.now_s - began_s < within_s, f"not within {within_s} s: {self.told()}"
            self.step()
        return self.now_s - began_s

    def until_state(self, drone_id: str, state: SortieState, within_s: float = 900.0) -> Sortie:
        """Until the drone's sortie is in that state."""
        self.until(lambda: drone_id in self.situation.sorties and self.sortie(drone_id).state is state, within_s)
        return self.sortie(drone_id)

    def sortie(self, drone_id: str) -> Sortie:
        """A drone's current sortie."""
        return self.situation.sorties[drone_id]

    def incident(self, incident_id: str) -> Incident:
        """The last version of an incident, over or not."""
        return self.versions[incident_id][-1]

    def orders(self, drone_id: str) -> list[str]:
        """What a drone was told to do so far; what it was only given to carry is not among it."""
        told = [c for c in self.commands if c.drone_id == drone_id and not isinstance(c, Upload)]
        return [type(command).__name__ for command in told]

    def why(self, drone_id: str) -> str:
        """The steps of its current sortie with their reasons."""
        return "; ".join(f"{step.state}: {step.why}" for step in self.sortie(drone_id).steps)

    def told(self) -> str:
        """A few words about everything."""
        flights = [f"{s.drone_id} {s.state}" for s in self.situation.sorties.values()]
        cases = [f"{i.id} {i.status}" for i in self.situation.incidents.values()]
        return ", ".join([*flights, *cases])


def states_of(sortie: Sortie) -> Sequence[SortieState]:
    """The states that a sortie went through."""
    return [step.state for step in sortie.steps]


def fault(sky: Sky, drone_id: str, *words: str) -> None:
    """Something is wrong with a vehicle from now on."""
    sky.vehicles[drone_id].faults |= set(words)


def telemetry(sky: Sky, drone_id: str, **changes: Any) -> None:
    """Something is otherwise with a vehicle from now on."""
    vehicle = sky.vehicles[drone_id]
    vehicle.state = dataclasses.replace(vehicle.state, **changes)


def sky_of(situation: Situation, cases: Iterable[Incident] = ()) -> Sky:
    """A sky in which these are reported first."""
    sky = Sky(situation)
    sky.report(*cases)
    return sky
