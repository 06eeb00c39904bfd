"""Fault scenarios: what goes wrong, how soon it is known, how soon another drone is sent, and how it ends.

Embedded vehicles in real time by default; ``python -m benchmarks faults px4`` flies real PX4, whose build is named by
REACH180_PX4; further words name the scenarios. Every scenario is written once, for either kind of vehicle.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api.engine import Engine, free_udp_port, ready, running
from api.intake import IncidentIn, new_incident
from api.settings import Settings
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.clock import ScaledClock
from dispatch.events import Outcome, Withdrawal, ZoneRaised
from dispatch.lateness import KEPT
from dispatch.model import Base, Decision, Drone, Incident, IncidentStatus, IncidentType, Rules, Sortie, SortieState
from geo.airspace import Area, Geozone
from geo.wind import CALM
from simulator.embedded import embedded_fleet, vehicle_specs
from simulator.faults import (
    ArmingRefused,
    BatteryDrains,
    Drift,
    EmbeddedFaults,
    Fault,
    GpsLost,
    Headwind,
    Injector,
    LinkSilent,
    OrdersRefused,
    ProcessKilled,
    Px4Faults,
    Rebooted,
    Twin,
)
from simulator.px4 import GROUND_STATION_PORT, Px4Fleet, Px4Spec, named_build
from simulator.radio import Radio

BASES_M = {"A": (0.0, 0.0), "B": (450.0, 0.0), "C": (-600.0, 0.0), "D": (0.0, -700.0), "E": (450.0, -700.0)}
"""Metres east and north of the centre, one drone each; the scene is nearest to A, then to B."""

SCENE_M = (60.0, 420.0)
WATCH_S = 20.0
HEIGHT_M = 30.0
GIVE_UP_S = 240.0
"""Of engine time: an incident that nobody serves by then never will be, as things stand."""

KINDS = ("embedded", "px4")


def field(drones: int, speed: float) -> City:
    """A plain of so many bases; what waits for a vehicle's answer is as long in wall time as in real time."""
    city = load_city(find_city("kunshan"))
    frame = city.frame
    ids = list(BASES_M)[:drones]
    bases = {
        id_: Base(id=id_, name=id_, name_zh=id_, position=frame.position(BASES_M[id_]), ground_amsl_m=3.0, docks=2)
        for id_ in ids
    }
    fleet = {id_: Drone(id=id_, airframe="px4-x500", base_id=id_, system_id=n) for n, id_ in enumerate(ids, 1)}
    fire = IncidentType(code="fire", name_en="Fire", name_zh="火警", priority=1, watch_s=WATCH_S * speed)
    plain = Rules()
    rules = replace(
        plain,
        cruise_height_m=HEIGHT_M,
        command_deadline_s=plain.command_deadline_s * speed,
        link_lost_s=plain.link_lost_s * speed,
    )
    return replace(
        city,
        bases=bases,
        drones=fleet,
        zones={},
        types={"fire": fire},
        rules=rules,
        wind=CALM,
        rain_mm_h=0.0,
        terrain="",
        ground_amsl_m=3.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one scenario. Times are seconds of the wall since the fault, None where nothing was to be seen."""

    name: str
    detected_s: float | None
    replaced_s: float | None
    """Since it was detected: the first command to another drone."""
    kept_s: float | None
    """Since it was detected: a decision in the log that leaves the drone its incident, being the soonest still."""
    outcome: str
    served: tuple[str, ...]
    """The drones that were on scene, in the order of the incidents; empty strings where none was."""


_NOTHING_WRONG = ("sent on", "the watch is over", "charged", "found in the air")


class Run:
    """A field with its engine and vehicles, and everything that happened since the fault."""

    def __init__(self, engine: Engine, faults: Injector, speed: float, long_silence_s: float) -> None:
        self.engine, self.faults, self.speed, self.long_silence_s = engine, faults, speed, long_silence_s
        self.incidents: list[str] = []
        self.victim = ""
        self.began_s: float | None = None
        self._before: Sortie | None = None
        """The victim's sortie as it was then: what was wrong with it already is no sign of the fault."""
        self._heard: list[tuple[float, Outcome]] = []
        self.sorties: dict[str, Sortie] = {}
        self.hear(engine)

    def hear(self, engine: Engine) -> None:
        """Listen to this engine from now on."""
        self.engine = engine
        engine.operations.listen(self._listen)

    def _listen(self, outcome: Outcome, _seq: int) -> None:
        self._heard.append((time.monotonic(), outcome))
        self.sorties |= {record.id: record for record in outcome.records if isinstance(record, Sortie)}

    async def report(self, *places_m: tuple[float, float]) -> None:
        """Incidents at these places, in the same instant."""
        engine = self.engine
        for place_m in places_m or (SCENE_M,):
            position = engine.city.frame.position(place_m)
            body = IncidentIn(
                longitude_deg=position.longitude_deg, latitude_deg=position.latitude_deg, datum="WGS-84", type="fire"
            )
            at_s = engine.clock.now_s()
            make = partial(new_incident, body, engine.operations.situation, at_s=at_s, position=position)
            incident_id, _ = await engine.accept(make)
            self.incidents.append(incident_id)

    async def until(self, so: Callable[[], bool], within_s: float = GIVE_UP_S) -> bool:
        """Wait for it, so long in engine time at most; whether it came."""
        deadline_s = time.monotonic() + within_s / self.speed + 10.0
        while not so():
            if time.monotonic() > deadline_s:
                return False
            await asyncio.sleep(0.02)
        return True

    def incident(self, number: int = 0) -> Incident:
        """An incident as it stands."""
        id_ = self.incidents[number]
        found = self.engine.operations.situation.incidents.get(id_) or self.engine.store.incident(id_)
        assert found is not None
        return found

    def sortie(self, drone_id: str) -> Sortie | None:
        """A drone's sortie."""
        return self.engine.operations.situation.sorties.get(drone_id)

    def first(self) -> str:
        """The drone that serves the first incident now."""
        sortie_id = self.incident().sortie_id or ""
        return sortie_id.rpartition(".")[0]

    async def state(self, *states: SortieState) -> None:
        """Wait until the drone of the first incident is so far; a drone en route until it moves."""

        def there() -> bool:
            sortie = self.sortie(self.first())
            return (
                sortie is not None
                and sortie.state in states
                and (sortie.state is not SortieState.EN_ROUTE or sortie.moving)
            )

        assert await self.until(there), f"{self.first()} is not {' or '.join(states)}"

    def begin(self) -> None:
        """It happens to the drone of the first incident, now."""
        self.victim = self.first()
        self._before = self.sortie(self.victim)
        self.began_s = time.monotonic()

    async def happen(self, fault: Fault) -> None:
        """The fault happens to the drone of the first incident, now."""
        self.begin()
        await self.faults.inject(self.engine.city.drones[self.victim].system_id, fault)

    async def over(self) -> None:
        """Wait until every incident has been served, or nobody will."""
        done = (IncidentStatus.CLEARED, IncidentStatus.CLOSED)
        await self.until(lambda: all(self.incident(n).status in done for n in range(len(self.incidents))))

    def result(self, name: str) -> Result:
        """What came of it."""
        detected_s = next((at_s for at_s, told in self._since() if self._knows(told)), None)
        known = [entry for entry in self._since() if detected_s is not None and entry[0] >= detected_s]
        replaced_s = next((at_s for at_s, told in known if self._sends_another(told)), None)
        kept_s = next((at_s for at_s, told in known if self._keeps(told)), None)
        served = tuple(self._served_by(number) for number in range(len(self.incidents)))
        began_s = self.began_s or 0.0
        return Result(
            name=name,
            detected_s=None if detected_s is None else detected_s - began_s,
            replaced_s=None if replaced_s is None or detected_s is None else replaced_s - detected_s,
            kept_s=None if kept_s is None or detected_s is None else kept_s - detected_s,
            outcome="; ".join(self._told(number, by) for number, by in enumerate(served)),
            served=served,
        )

    def _since(self) -> list[tuple[float, Outcome]]:
        return [entry for entry in self._heard if self.began_s is not None and entry[0] >= self.began_s]

    def _knows(self, told: Outcome) -> bool:
        """Whether the engine knows of something wrong with the victim: it is withdrawn, failed, astray, late, or told
        again."""
        for record in told.records:
            match record:
                case Withdrawal(drone_id=self.victim):
                    return True
                case Sortie(drone_id=self.victim):
                    now = [step.why for step in record.steps if step.at_s >= told.situation.now_s and step.why]
                    odd = [sign for sign in _odd(record) if self._before is None or sign not in _odd(self._before)]
                    if odd or any(not why.startswith(_NOTHING_WRONG) for why in now):
                        return True
                case _:
                    pass
        return False

    def _sends_another(self, told: Outcome) -> bool:
        serving = {s.drone_id for s in told.situation.sorties.values() if s.incident_id in self.incidents}
        return any(c.drone_id in serving and c.drone_id != self.victim for c in told.commands)

    def _keeps(self, told: Outcome) -> bool:
        return any(isinstance(r, Decision) and r.policy == KEPT and r.drone_id == self.victim for r in told.records)

    def _served_by(self, number: int) -> str:
        incident = self.incident(number)
        return (incident.sortie_id or "").rpartition(".")[0] if incident.clocks.cleared_at_s else ""

    def _told(self, number: int, by: str) -> str:
        incident, why = self.incident(number), self.engine.operations.situation.withdrawn.get(self.victim, "")
        status = f"served by {by}" if by else f"unserved ({incident.status.value}): {incident.waits_because}"
        return f"{status}; {self.victim} out of service: {why}" if why else status


def _odd(sortie: Sortie) -> list[tuple[str, float]]:
    """What is not as it should be with a sortie: its drone astray, late, or told again."""
    signs = ("astray", sortie.astray_since_s), ("late", sortie.late_s), ("told again", sortie.attempts)
    return [(name, value) for name, value in signs if value]


Story = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story, the drones that it needs, and the kinds of vehicle that can play it."""

    name: str
    story: Story
    drones: int = 3
    kinds: tuple[str, ...] = KINDS
    replaced: bool | None = True
    """Whether another drone is to be sent, or must not be; None: whoever is the soonest, and it must be said."""


def _at(state: SortieState, fault: Fault) -> Story:
    async def story(run: Run) -> None:
        await run.report()
        await run.state(state)
        await run.happen(fault)
        await run.over()

    return story


async def _silent_long(run: Run) -> None:
    await run.report()
    await run.state(SortieState.EN_ROUTE)
    await run.happen(LinkSilent(for_s=run.long_silence_s))
    await run.over()


async def _silent_short(run: Run) -> None:
    await run.report()
    await run.state(SortieState.EN_ROUTE)
    await run.happen(LinkSilent(for_s=5.0))
    await run.over()


async def _drift(run: Run) -> None:
    """Pushed through its way's margin into a zone; the push ends once the engine knows."""
    frame = run.engine.city.frame
    east_m, _ = SCENE_M
    corners = [(east_m + 60, 120.0), (east_m + 260, 120.0), (east_m + 260, 330.0), (east_m + 60, 330.0)]
    ring = tuple((p.longitude_deg, p.latitude_deg) for p in map(frame.position, corners))
    zone = Geozone(id="beside", name="beside its way", ground=Area(outline=ring))
    await run.engine.operations.submit(ZoneRaised(at_s=run.engine.clock.now_s(), zone=zone))
    await run.report()
    await run.state(SortieState.EN_ROUTE)
    await run.happen(Drift(east_mps=12.0))
    await run.until(lambda: any(run._knows(told) for _, told in run._since()), 30)
    await run.faults.mend(run.engine.city.drones[run.victim].system_id)
    await run.over()


async def _zone(run: Run) -> None:
    await run.report()
    await run.state(SortieState.EN_ROUTE)
    frame = run.engine.city.frame
    corners = [(-40.0, 300.0), (120.0, 300.0), (120.0, 330.0), (-40.0, 330.0)]
    ring = tuple((p.longitude_deg, p.latitude_deg) for p in map(frame.position, corners))
    run.begin()
    zone = Geozone(id="now", name="raised", ground=Area(outline=ring))
    await run.engine.operations.submit(ZoneRaised(at_s=run.engine.clock.now_s(), zone=zone))
    await run.over()


async def _two(run: Run) -> None:
    await run.report(SCENE_M, (-200.0, 380.0))
    await run.over()


async def _restart(run: Run) -> None:
    """Five drones in the air when the engine dies: the next one adopts them."""
    places = [(60.0, 420.0), (500.0, 350.0), (-600.0, 400.0), (40.0, -1050.0), (480.0, -1050.0)]
    await run.report(*places[: len(run.engine.city.drones)])

    def all_fly() -> bool:
        states = run.engine.operations.situation.states.values()
        return sum(state.in_air and state.height_m > HEIGHT_M / 2 for state in states) == len(run.incidents)

    assert await run.until(all_fly)
    run.began_s = time.monotonic()
    raise _EngineDies


class _EngineDies(Exception):  # noqa: N818 - it is no error, it is the story
    """The engine ends here and another takes up its log."""


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="killed on the ground", story=_at(SortieState.COMMANDED, ProcessKilled())),
        Scenario(name="killed en route", story=_at(SortieState.EN_ROUTE, ProcessKilled())),
        Scenario(name="killed on scene", story=_at(SortieState.ON_SCENE, ProcessKilled())),
        Scenario(name="link silent for 5 s", story=_silent_short, replaced=False),
        Scenario(name="link silent for 60 s", story=_silent_long),
        Scenario(name="arming refused", story=_at(SortieState.COMMANDED, ArmingRefused())),
        Scenario(name="GPS lost en route", story=_at(SortieState.EN_ROUTE, GpsLost())),
        Scenario(name="battery drains en route", story=_at(SortieState.EN_ROUTE, BatteryDrains(to_share=0.21))),
        Scenario(
            name="headwind en route",
            story=_at(SortieState.EN_ROUTE, Headwind(speed_mps=12.0, from_deg=0.0)),
            replaced=None,
        ),
        Scenario(name="drift into a zone", story=_drift, kinds=("embedded",), replaced=False),
        Scenario(name="zone raised on the way", story=_zone, replaced=False),
        Scenario(name="mission refused", story=_at(SortieState.AIRBORNE, OrdersRefused())),
        Scenario(name="started again en route", story=_at(SortieState.EN_ROUTE, Rebooted())),
        Scenario(name="two with one system id", story=_at(SortieState.EN_ROUTE, Twin()), kinds=("embedded",)),
        Scenario(name="two incidents in a second", story=_two, replaced=False),
        Scenario(name="engine restarted, five in the air", story=_restart, drones=5, replaced=False),
    )
}


@asynccontextmanager
async def vehicles(kind: str, city: City, speed: float) -> AsyncIterator[tuple[str, Injector]]:
    """The vehicles of a city, what MAVSDK is to listen on, and how they are broken."""
    if kind == "embedded":
        specs = {spec.system_id: spec for spec in vehicle_specs(city)}
        async with embedded_fleet(city, port=free_udp_port(), speed=speed) as fleet:
            faults = EmbeddedFaults(fleet, specs)
            try:
                yield fleet.url, faults
            finally:
                await faults.close()
        return
    build = named_build()
    if build is None:
        raise SystemExit("REACH180_PX4 names no PX4 build")
    homes = {drone.system_id: city.bases[drone.base_id] for drone in city.drones.values()}
    specs_px4 = [
        Px4Spec(
            system_id=n,
            home=base.position,
            ground_amsl_m=base.ground_amsl_m,
            parameters={"SIM_BAT_DRAIN": 1200.0, "SIM_BAT_MIN_PCT": 30.0, "SDLOG_MODE": -1},
        )
        for n, base in homes.items()
    ]
    with Px4Fleet(build, specs_px4) as instances:
        async with Radio(port=GROUND_STATION_PORT, engine_port=free_udp_port()) as radio:
            px4_faults = Px4Faults(build, instances, radio)
            try:
                yield radio.url, px4_faults
            finally:
                await px4_faults.close()


async def fly(
    scenario: Scenario, kind: str, folder: Path, *, speed: float = 1.0, long_silence_s: float = 60.0
) -> tuple[Result, Run]:
    """Play one scenario. ``speed`` is for embedded vehicles; silences last as long whatever it is."""
    city = field(scenario.drones, speed)
    clock = ScaledClock(speed) if speed != 1.0 else None
    async with vehicles(kind, city, speed) as (url, faults):
        settings = Settings(city="kunshan", data=folder, connections=[url], database="", speed=1.0, secret="")
        async with running(settings, city, clock=clock) as engine:
            assert await ready(engine, 60.0) == len(city.drones), "not every vehicle is ready"
            run = Run(engine, faults, speed, long_silence_s)
            try:
                await scenario.story(run)
            except _EngineDies:
                pass
            else:
                return run.result(scenario.name), run
        async with running(settings, city, clock=clock) as engine:
            run.hear(engine)
            await run.over()
            return run.result(scenario.name), run


def table(kind: str, results: list[Result]) -> Table:
    """The results, a line each."""
    made = Table(title=f"faults, {kind} vehicles")
    for head in ("", "known after", "another sent after", "kept after", "outcome"):
        made.add_column(head, justify="right" if head.endswith("after") else "left")
    for result in results:
        made.add_row(result.name, *map(_seconds, (result.detected_s, result.replaced_s, result.kept_s)), result.outcome)
    return made


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def main(arguments: list[str]) -> None:
    """Run them one after the other and print the table."""
    kind = "px4" if "px4" in arguments else "embedded"
    named = [name for name in arguments if name not in KINDS]
    unknown = [name for name in named if name not in SCENARIOS]
    if unknown:
        sys.exit(f"no scenario {unknown[0]!r}; there are: {', '.join(SCENARIOS)}")
    results = []
    for scenario in SCENARIOS.values():
        if kind in scenario.kinds and (not named or scenario.name in named):
            with tempfile.TemporaryDirectory() as folder:
                result, _ = asyncio.run(fly(scenario, kind, Path(folder)))
            results.append(result)
            print(result, file=sys.stderr, flush=True)
    Console(width=160).print(table(kind, results))
