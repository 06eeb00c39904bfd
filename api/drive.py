"""Real or generated calls driven through the live engine, and what came of each."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from api.engine import Engine
from api.intake import IncidentIn, incident_of
from api.problems import Problem
from dispatch.clock import ScaledClock
from dispatch.model import Incident
from dispatch.sorties import AT_REST
from simulator.calls import Call

QUIET_GAP_S = 60.0
"""A pause longer than this in which nothing flies is skipped."""


@dataclass
class Driven:
    """The incidents that the calls became, and how many calls were refused for which reason."""

    incident_ids: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    first_unit_s: dict[str, float] = field(default_factory=dict)
    """What the first unit on the ground really took, by incident id, where the record tells."""

    def incidents(self, engine: Engine) -> list[Incident]:
        """What is known of them now."""
        now = engine.operations.situation.incidents
        found = (now.get(i) or engine.store.incident(i) for i in self.incident_ids)
        return [incident for incident in found if incident is not None]


async def drive(
    engine: Engine,
    calls: Sequence[Call],
    *,
    watch_s: float | None = None,
    on_progress: Callable[[Driven, int], None] = lambda _driven, _open: None,
    patience_s: float = 7200.0,
) -> Driven:
    """Report every call at its own time (engine time) and wait until every drone is back.

    Quiet gaps are skipped where the clock can skip; batteries charge through them. Gives up waiting for the last
    drones after ``patience_s`` of engine time.
    """
    driven = Driven()
    for call in calls:
        await _until(engine, call.at_s, driven, on_progress)
        await _report(engine, call, watch_s, driven)
        on_progress(driven, len(engine.operations.situation.incidents))
    deadline_s = engine.clock.now_s() + patience_s
    while engine.operations.situation.incidents and engine.clock.now_s() < deadline_s:
        await asyncio.sleep(0.1)
        on_progress(driven, len(engine.operations.situation.incidents))
    return driven


async def _report(engine: Engine, call: Call, watch_s: float | None, driven: Driven) -> None:
    body = IncidentIn(
        longitude_deg=call.position.longitude_deg,
        latitude_deg=call.position.latitude_deg,
        datum="WGS-84",
        type=call.type,
        priority=call.priority,
        watch_s=watch_s,
        note=call.note[:2000],
    )

    def make() -> Incident:
        return incident_of(body, engine.operations.situation, at_s=engine.clock.now_s(), source="replay")

    try:
        incident_id, _ = await engine.accept(make)
    except Problem as problem:
        driven.refused[problem.code] += 1
        return
    driven.incident_ids.append(incident_id)
    if call.first_unit_s is not None:
        driven.first_unit_s[incident_id] = call.first_unit_s


async def _until(engine: Engine, at_s: float, driven: Driven, on_progress: Callable[[Driven, int], None]) -> None:
    clock = engine.clock
    told_s = time.monotonic()
    while (left_s := at_s - clock.now_s()) > 0:
        if left_s > QUIET_GAP_S and _quiet(engine) and isinstance(clock, ScaledClock) and engine.embedded is not None:
            gap_s = left_s - QUIET_GAP_S / 2
            await engine.embedded.skip(gap_s)
            clock.skip(gap_s)
        await asyncio.sleep(min(0.1, left_s / clock.speed))
        if time.monotonic() - told_s > 0.5:
            told_s = time.monotonic()
            on_progress(driven, len(engine.operations.situation.incidents))


def _quiet(engine: Engine) -> bool:
    situation = engine.operations.situation
    flying = any(state.in_air or state.armed for state in situation.states.values())
    return not situation.incidents and not flying and all(s.state in AT_REST for s in situation.sorties.values())
