"""Whatever happens, in whatever order: the promises that hold after every event.

Random calls, orders, faults, zones and weather over a small fleet of simple vehicles. :func:`tests.dispatch.sky.check`
looks at every outcome; here the same event is also advanced again, and over the situation in another order.
"""

import dataclasses
import math
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dispatch.codec import to_json
from dispatch.events import (
    Assign,
    Cancel,
    Event,
    GrantRecorded,
    GrantRevoked,
    HoldHere,
    Observed,
    OrderError,
    Outcome,
    Recall,
    Refused,
    Release,
    Restore,
    Resume,
    Ticked,
    WeatherChanged,
    Withdraw,
    ZoneLifted,
    ZoneRaised,
)
from dispatch.lifecycle import advance
from dispatch.model import IncidentStatus, IncidentType, SortieState
from dispatch.sorties import IN_FLIGHT
from geo.airspace import Circle, Grant, ZoneKind
from geo.schedule import Hours
from geo.wind import Wind
from tests.dispatch.sky import Sky
from tests.dispatch.worlds import at, base, box, drone, frozen, incident, shuffled, situation

BASES = [base("B1", 0, 0, docks=2), base("B2", 1500, 0, docks=2)]
FLEET = [drone("D1", "B1"), drone("D2", "B1", "lifter"), drone("D3", "B2")]
FIRE = IncidentType(code="fire", name_en="Fire", name_zh="火警", priority=1, needs=("visible",), orbit_radius_m=25.0)
DRONES = [one.id for one in FLEET]
FAULTS = [
    "refuse launch",
    "refuse fly",
    "refuse flyorbit",
    "refuse land",
    "deaf to launch",
    "deaf to fly",
    "deaf to flyorbit",
    "deaf to land",
    "does not climb",
    "stays armed",
    "silent",
    "dead",
]
metres = st.integers(-4, 20).map(lambda hundred: 100.0 * hundred)
drones = st.sampled_from(DRONES)


def bytes_of(outcome: Outcome) -> str:
    """All that came of an event, as text."""
    return "\n".join([to_json(outcome.situation), *map(to_json, outcome.records), *map(repr, outcome.commands)])


class CheckedSky(Sky):
    """A sky that advances every event three times: as it is, again, and with every mapping in another order."""

    def give(self, event: Event) -> Outcome:
        before = self.situation
        told = to_json(before)
        outcome = super().give(event)
        once = advance(before, event)
        assert to_json(before) == told
        assert bytes_of(advance(before, event)) == bytes_of(once)
        assert bytes_of(advance(shuffled(before), event)) == bytes_of(once)
        return outcome


def test_two_that_are_called_off_at_once_are_so_in_any_order() -> None:
    sky = CheckedSky(situation(BASES, FLEET))
    sky.report(incident("I1", 600, 0), incident("I2", 1300, 600))
    sky.run(30)
    outcome = sky.give(WeatherChanged(at_s=sky.now_s, wind=Wind(13.0, 0.0), rain_mm_h=0.0))
    assert len({command.drone_id for command in outcome.commands}) == 2


class Anything(RuleBasedStateMachine):
    """A fleet to which anything may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.sky = CheckedSky(dataclasses.replace(situation(BASES, FLEET), types=frozen({"fire": FIRE})), step_s=2.0)
        self.reported = 0

    def order(self, make: Callable[[float], Event]) -> None:
        """An order either is carried out or raises OrderError and changes nothing."""
        before = self.sky.situation
        try:
            self.sky.give(make(self.sky.now_s))
        except OrderError:
            assert self.sky.situation is before

    @initialize()
    def first(self) -> None:
        self.sky.step()

    @rule(seconds=st.sampled_from([1, 4, 10, 30]))
    def time_passes(self, seconds: int) -> None:
        for _ in range(math.ceil(seconds / self.sky.step_s)):
            self.sky.step()

    @rule(seconds=st.floats(0, 4))
    def nothing_is_heard(self, seconds: float) -> None:
        self.sky.give(Ticked(at_s=self.sky.now_s + seconds))

    @rule(
        east=metres,
        north=metres,
        priority=st.integers(1, 4),
        further=st.booleans(),
        watch_s=st.integers(0, 40) | st.just(5000),
        kind=st.sampled_from(["any", "fire"]),
    )
    def report(self, east: float, north: float, priority: int, further: bool, watch_s: int, kind: str) -> None:
        self.reported += 1
        route = (at(north, east),) if further else ()
        case = incident(f"I{self.reported}", east, north, priority=priority, watch_s=float(watch_s), route=route)
        self.sky.report(dataclasses.replace(case, type=kind))

    @precondition(lambda self: self.sky.situation.incidents)
    @rule(which=st.integers(0, 9), kind=st.sampled_from(["release", "cancel"]))
    def end_an_incident(self, which: int, kind: str) -> None:
        known = [*self.sky.situation.incidents, "I0"]
        id_ = known[which % len(known)]
        make = Release if kind == "release" else Cancel
        self.order(lambda at_s: make(at_s=at_s, incident_id=id_))

    @precondition(lambda self: self.sky.situation.incidents)
    @rule(which=st.integers(0, 9), drone_id=drones)
    def choose_a_drone(self, which: int, drone_id: str) -> None:
        known = [*self.sky.situation.incidents, "I0"]
        self.order(lambda at_s: Assign(at_s=at_s, incident_id=known[which % len(known)], drone_id=drone_id))

    @precondition(lambda self: self.sky.situation.sorties)
    @rule(which=st.integers(0, 9), make=st.sampled_from([Recall, Resume]))
    def order_a_sortie(self, which: int, make: Callable[..., Event]) -> None:
        known = [sortie.id for sortie in self.sky.situation.sorties.values()]
        self.order(lambda at_s: make(at_s=at_s, sortie_id=known[which % len(known)]))

    @precondition(lambda self: any(s.state in IN_FLIGHT for s in self.sky.situation.sorties.values()))
    @rule(which=st.integers(0, 9))
    def hold_one_that_flies(self, which: int) -> None:
        known = [sortie.id for sortie in self.sky.situation.sorties.values() if sortie.state in IN_FLIGHT]
        self.order(lambda at_s: HoldHere(at_s=at_s, sortie_id=known[which % len(known)]))

    @precondition(lambda self: any(sortie.held for sortie in self.sky.situation.sorties.values()))
    @rule()
    def resume_all(self) -> None:
        for sortie in self.sky.situation.sorties.values():
            if sortie.held:
                self.order(lambda at_s, id_=sortie.id: Resume(at_s=at_s, sortie_id=id_))  # type: ignore[misc]

    @precondition(lambda self: self.sky.situation.sorties)
    @rule(which=st.integers(0, 9), order=st.sampled_from(["launch", "fly", "flyorbit", "hold", "land", "standdown"]))
    def an_order_is_refused(self, which: int, order: str) -> None:
        known = list(self.sky.situation.sorties.values())
        told = known[which % len(known)]
        self.sky.give(Refused(at_s=self.sky.now_s, drone_id=told.drone_id, sortie_id=told.id, order=order, why="busy"))

    @rule(drone_id=drones)
    def out_of_service(self, drone_id: str) -> None:
        self.order(lambda at_s: Withdraw(at_s=at_s, drone_id=drone_id, why="look at it"))

    @precondition(lambda self: self.sky.situation.withdrawn)
    @rule()
    def all_back_into_service(self) -> None:
        for drone_id in self.sky.situation.withdrawn:
            self.order(lambda at_s, id_=drone_id: Restore(at_s=at_s, drone_id=id_))  # type: ignore[misc]

    @rule(
        id_=st.sampled_from(["Y", "Z"]),
        kind=st.sampled_from(["prohibited", "prohibited", "authorisation", "conditional", "inclusion"]),
        west=metres,
        south=metres,
        width=st.sampled_from([50, 300, 900]),
        circle=st.booleans(),
        daily=st.booleans(),
    )
    def a_zone_is_raised(
        self, id_: str, kind: ZoneKind, west: float, south: float, width: int, circle: bool, daily: bool
    ) -> None:
        zone = dataclasses.replace(box(id_, west, south, west + width, south + width), kind=kind)
        if circle:
            zone = dataclasses.replace(zone, ground=Circle(centre=at(west, south), radius_m=float(width)))
        if daily:  # it comes into force within some minutes, less the horizon
            starts_s = (self.sky.now_s + self.sky.situation.rules.zone_horizon_s + 120) % 86_400
            zone = dataclasses.replace(zone, hours=(Hours(start=starts_s, end=(starts_s + 7200) % 86_400),))
        self.sky.give(ZoneRaised(at_s=self.sky.now_s, zone=zone))

    @precondition(lambda self: self.sky.situation.zones)
    @rule(id_=st.sampled_from(["Y", "Z"]), lasts_s=st.sampled_from([60.0, 1860.0, 7200.0]))
    def a_grant_is_recorded(self, id_: str, lasts_s: float) -> None:
        now_s = self.sky.now_s
        grant = Grant(
            id=f"G{now_s:.0f}", zone_id=id_, authority="tower", reference="7", from_s=now_s, until_s=now_s + lasts_s
        )
        self.order(lambda at_s: GrantRecorded(at_s=at_s, grant=grant))

    @precondition(lambda self: self.sky.situation.grants)
    @rule()
    def all_grants_are_revoked(self) -> None:
        for grant_id in self.sky.situation.grants:
            self.order(lambda at_s, id_=grant_id: GrantRevoked(at_s=at_s, grant_id=id_, by="x"))  # type: ignore[misc]

    @precondition(lambda self: self.sky.situation.zones)
    @rule(id_=st.sampled_from(["Y", "Z"]))
    def a_zone_is_lifted(self, id_: str) -> None:
        self.order(lambda at_s: ZoneLifted(at_s=at_s, zone_id=id_))

    @rule(wind_mps=st.sampled_from([0.0, 5.0, 11.0, 11.5, 13.0]), from_deg=st.sampled_from([0.0, 80.0, 230.0]))
    def the_weather_changes(self, wind_mps: float, from_deg: float) -> None:
        self.sky.give(WeatherChanged(at_s=self.sky.now_s, wind=Wind(wind_mps, from_deg), rain_mm_h=0.0))

    @rule(drone_id=drones, word=st.sampled_from(FAULTS))
    def something_breaks(self, drone_id: str, word: str) -> None:
        self.sky.vehicles[drone_id].faults.add(word)

    @rule(drone_id=drones, share=st.sampled_from([0.0, 0.1, 0.22, 0.4]))
    def a_battery_drops(self, drone_id: str, share: float) -> None:
        vehicle = self.sky.vehicles[drone_id]
        vehicle.state = dataclasses.replace(vehicle.state, battery_share=share)

    @rule(drone_id=drones)
    def all_is_well_again(self, drone_id: str) -> None:
        self.sky.vehicles[drone_id].faults.clear()

    @rule(drone_id=drones)
    def one_alone_is_heard(self, drone_id: str) -> None:
        self.sky.give(Observed(at_s=self.sky.now_s, states=(self.sky.vehicles[drone_id].state,)))

    @invariant()
    def what_waits_has_been_decided(self) -> None:
        for case in self.sky.situation.incidents.values():
            if case.status is IncidentStatus.OPEN:
                assert case.waits_because

    def teardown(self) -> None:
        """Once everything works again, every story comes to its end."""
        for vehicle in self.sky.vehicles.values():
            vehicle.faults.clear()
        for id_ in list(self.sky.situation.zones):
            self.sky.give(ZoneLifted(at_s=self.sky.now_s, zone_id=id_))
        self.sky.give(WeatherChanged(at_s=self.sky.now_s, wind=Wind(), rain_mm_h=0.0))
        for sortie in list(self.sky.situation.sorties.values()):
            if sortie.held:
                self.sky.give(Resume(at_s=self.sky.now_s, sortie_id=sortie.id))
        for case in list(self.sky.situation.incidents.values()):
            if case.watch_s > 1000:
                self.order(lambda at_s, id_=case.id: Cancel(at_s=at_s, incident_id=id_))  # type: ignore[misc]
        plain = Sky(self.sky.situation, step_s=2.0)
        plain.vehicles = self.sky.vehicles
        plain.ended = self.sky.ended
        ending = {SortieState.CHARGING, SortieState.DONE, SortieState.FAILED}
        plain.until(lambda: all(s.state in ending for s in plain.situation.sorties.values()), 3000)
        assert all(i.status is IncidentStatus.OPEN for i in plain.situation.incidents.values())


Anything.TestCase.settings = settings(max_examples=25, stateful_step_count=25)
TestAnything = Anything.TestCase
