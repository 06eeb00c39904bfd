"""A desert city with kinematic vehicles, and everything that came of what happened there."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dispatch.events import Outcome, Reported
from dispatch.model import Decision, Incident, Situation, Sortie, SortieState
from geo.airspace import Geozone
from simulator.kinematic import Room
from tests.dispatch.sky import check
from tests.dispatch.worlds import base, drone, incident, situation


def desert(zones: Iterable[Geozone] = (), **more: Any) -> Situation:
    """Two bases 3 km apart, three drones."""
    drones = [drone("D1", "B1", system_id=1), drone("D2", "B1", system_id=2), drone("D3", "B2", system_id=3)]
    made = situation([base("B1", 0, 0), base("B2", 3000, 0)], drones, zones=zones, **more)
    return replace(made, states={})


class Heard:
    """A room with the last version of everything, every outcome checked."""

    def __init__(self, begin: Situation) -> None:
        self.room = Room(begin)
        self._before = self.room.situation
        self.incidents: dict[str, Incident] = {}
        self.sorties: dict[str, Sortie] = {}
        self.decisions: list[Decision] = []
        self.orders: list[tuple[float, str, str]] = []
        self.room.listen(self._hear)

    def report(self, id_: str, east_m: float, north_m: float, priority: int = 2, **changes: Any) -> None:
        """An incident comes in now."""
        case = incident(id_, east_m, north_m, priority, **changes)
        case = replace(case, clocks=replace(case.clocks, reported_at_s=self.room.now_s))
        self.room.submit(Reported(at_s=self.room.now_s, incident=case))

    def until_quiet(self, within_s: float = 3600.0) -> None:
        """Until every drone is back."""
        end_s = self.room.now_s + within_s
        while not self.room.quiet:
            assert self.room.now_s < end_s, {s.drone_id: s.state for s in self.room.situation.sorties.values()}
            self.room.step()

    def until_state(self, drone_id: str, state: SortieState, within_s: float = 900.0) -> Sortie:
        """Until the drone's sortie is in that state."""
        end_s = self.room.now_s + within_s
        while (found := self.room.situation.sorties.get(drone_id)) is None or found.state is not state:
            assert self.room.now_s < end_s, found
            self.room.step()
        return found

    def _hear(self, outcome: Outcome) -> None:
        check(self._before, outcome)
        self._before = outcome.situation
        for record in outcome.records:
            match record:
                case Incident():
                    self.incidents[record.id] = record
                case Sortie():
                    self.sorties[record.id] = record
                case Decision():
                    self.decisions.append(record)
                case _:
                    pass
        now_s = outcome.situation.now_s
        self.orders += [(now_s, command.drone_id, type(command).__name__) for command in outcome.commands]
