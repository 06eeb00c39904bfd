"""A point that is watched longer than one drone can stay, for any kind of vehicle under the engine."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.drive import drive
from api.engine import Engine, ready
from api.tracks import Tracks
from dispatch.events import Outcome
from dispatch.model import DroneState, Incident, IncidentStatus
from geo.position import Position
from geo.separation import LEAST_VERTICAL_M, closest_approaches
from simulator.calls import Call

OVERLAP_S = 20.0
"""So long two must have been there together."""

SILENT_S = 3.0
"""A drone that was last heard longer ago than this is not known to see anything."""


@dataclass
class Eyes:
    """Which drones have the point in their footprint, and how high they fly, at every outcome: from telemetry alone."""

    engine: Engine
    point: Position
    rows: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def hear(self, outcome: Outcome, _seq: int) -> None:
        """What telemetry tells by now."""
        situation = outcome.situation
        there = {id_: state.height_m for id_, state in situation.states.items() if self._sees(state, situation.now_s)}
        self.rows.append((situation.now_s, there))

    def _sees(self, state: DroneState, now_s: float) -> bool:
        if not state.in_air or state.position is None or now_s - state.seen_at_s > SILENT_S:
            return False
        city = self.engine.city
        away_m = city.frame.distance_m(state.position, self.point)
        return away_m <= city.airframes[city.drones[state.drone_id].airframe].footprint_radius_m(state.height_m)


async def watched_by_two(engine: Engine, point: Position, watch_s: float, within_s: float) -> None:
    """Report, and let the drone on scene be relieved; what telemetry showed is audited, from take-off to landing."""
    assert await ready(engine, 60.0) == len(engine.city.drones)
    eyes, tracks = Eyes(engine, point), Tracks(engine.operations)
    engine.operations.listen(eyes.hear)
    call = Call(at_s=engine.clock.now_s() + 1, position=point, type="fire")
    driven = await asyncio.wait_for(drive(engine, [call], watch_s=watch_s), within_s)
    (incident,) = driven.incidents(engine)
    for sortie in sorted(engine.operations.situation.sorties.values(), key=lambda sortie: sortie.id):
        told = ", ".join(f"{step.state} {step.at_s - call.at_s:.0f} s {step.why}".strip() for step in sortie.steps)
        print(f"{sortie.drone_id} at {sortie.out.height_m:.0f} m: {told}")
    assert incident.status is IncidentStatus.CLOSED
    assert incident.reliefs == 1
    assert incident.gaps == ()
    audit(engine, eyes.rows, incident)
    (approach,) = closest_approaches(tracks.all())
    print(f"nearest: {approach.share:.2f} {approach}")
    assert not approach.too_near, str(approach)


def audit(engine: Engine, rows: Sequence[tuple[float, dict[str, float]]], incident: Incident) -> None:
    """Eyes were never off the point, two were on it for the overlap, and they were at different heights."""
    clocks = incident.clocks
    assert clocks.on_scene_at_s is not None
    assert clocks.cleared_at_s is not None
    watched = [(at_s, there) for at_s, there in rows if clocks.on_scene_at_s <= at_s < clocks.cleared_at_s]
    assert not [at_s for at_s, there in watched if not there], "nobody saw the point"
    both = [(at_s, sorted(there.values())) for at_s, there in watched if len(there) == 2]
    overlap_s = both[-1][0] - both[0][0]
    apart_m = min(high_m - low_m for _, (low_m, high_m) in both)
    print(f"watched {clocks.cleared_at_s - clocks.on_scene_at_s:.0f} s, both {overlap_s:.1f} s, {apart_m:.1f} m apart")
    assert overlap_s >= OVERLAP_S
    assert apart_m >= LEAST_VERTICAL_M
