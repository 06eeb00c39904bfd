"""One trace through kinematic vehicles under a simulated clock and through embedded ones over MAVLink: the same
decisions."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from api.drive import drive
from api.engine import ready, running
from api.intake import IncidentIn, incident_of
from dispatch.city import City, situation_of
from dispatch.city_folder import load_city
from dispatch.events import Outcome, Reported
from dispatch.model import Decision, Incident, IncidentStatus
from simulator.calls import Call
from simulator.kinematic import Room
from tests.api.site import settings_for
from tests.cities import FRAME

SPEED, WATCH_S = 5.0, 20.0

CLEAR_S = 8.0
"""The two kinds of vehicle differ by a second or two in their turnout, and at this speed by the orders' way."""

TRACE = [
    (5.0, (700.0, 300.0), "fire"),  # the nearest of the east
    (12.0, (820.0, 260.0), "crash"),  # its neighbour, for the first is on its way
    (20.0, (-350.0, 900.0), "fire"),
    (24.0, (-300.0, -200.0), "crash"),
    (60.0, (650.0, 500.0), "fire"),  # those of the east fly, watch or come home
    (66.0, (500.0, 100.0), "fire"),
    (75.0, (-150.0, 700.0), "fire"),
    (200.0, (80.0, 700.0), "crash"),  # all are back
]
"""When, where (metres from the middle), what. Short of drones from the fifth on: who comes home is sent on."""


def sent(decisions: Sequence[Decision]) -> list[tuple[int, str | None]]:
    """Who was sent to which incident, in order; by the number of the report, for ids differ."""
    number = {id_: n for n, id_ in enumerate(sorted({d.incident_id for d in decisions}))}
    made = [(number[d.incident_id], d.drone_id) for d in decisions]
    return [pair for pair, before in zip(made, [None, *made], strict=False) if pair != before]


def clear_by_s(decision: Decision) -> float:
    """How much sooner the first is there than the next that does not stand beside it on the same base."""
    times = [option.time.total_s for option in decision.options if option.time is not None and option.out is None]
    return min((t - times[0] for t in times if t - times[0] > 0.01), default=CLEAR_S)


def embedded(city: City, folder: Path, data: Path) -> tuple[list[Decision], list[Incident]]:
    """The trace through the live engine with embedded vehicles."""
    decisions: list[Decision] = []

    def hear(outcome: Outcome, _seq: int) -> None:
        decisions.extend(r for r in outcome.records if isinstance(r, Decision))

    async def fly() -> list[Incident]:
        async with running(settings_for(data, folder, speed=SPEED), city) as engine:
            assert await ready(engine) == len(city.drones)
            engine.operations.listen(hear)
            begin_s = engine.clock.now_s()
            calls = [Call(at_s=begin_s + at_s, position=FRAME.position(xy), type=kind) for at_s, xy, kind in TRACE]
            driven = await asyncio.wait_for(drive(engine, calls, watch_s=WATCH_S), 240)
            assert engine.operations.failures == 0
            return driven.incidents(engine)

    return decisions, asyncio.run(fly())


def kinematic(city: City) -> tuple[list[Decision], list[Incident]]:
    """The same through the same lifecycle with kinematic vehicles."""
    decisions: list[Decision] = []
    incidents: dict[str, Incident] = {}
    room = Room(situation_of(city, 1_800_000_000.0))
    begin_s = room.now_s

    def hear(outcome: Outcome) -> None:
        decisions.extend(r for r in outcome.records if isinstance(r, Decision))
        incidents.update({r.id: r for r in outcome.records if isinstance(r, Incident)})

    room.listen(hear)
    for n, (at_s, xy, kind) in enumerate(TRACE):
        room.run_until(begin_s + at_s)
        position = FRAME.position(xy)
        body = IncidentIn(
            longitude_deg=position.longitude_deg,
            latitude_deg=position.latitude_deg,
            datum="WGS-84",
            type=kind,
            watch_s=WATCH_S,
        )
        made = incident_of(body, room.situation, at_s=room.now_s, source="trace", incident_id=f"I-{n:06d}")
        room.submit(Reported(at_s=room.now_s, incident=made))
    while not room.quiet:
        assert room.now_s < begin_s + 3600
        room.step()
    return decisions, list(incidents.values())


def test_the_same_drone_goes_to_every_incident(tmp_path: Path, city_folder: Path) -> None:
    city = load_city(city_folder)
    live, here = embedded(city, city_folder, tmp_path), kinematic(city)
    assert sent(here[0]) == sent(live[0])
    assert len({drone_id for _, drone_id in sent(here[0])}) >= 4
    assert min(map(clear_by_s, here[0])) >= CLEAR_S, "who goes hangs on a moment: this trace shows nothing"
    for case, other in zip(here[1], live[1], strict=True):
        assert (case.status, other.status) == (IncidentStatus.CLOSED, IncidentStatus.CLOSED)
        print(case.id, f"on scene after {on_scene_s(case):.1f} s here, {on_scene_s(other):.1f} s live")


def on_scene_s(case: Incident) -> float:
    """Seconds from the report until somebody was there."""
    assert case.clocks.on_scene_at_s is not None
    return case.clocks.on_scene_at_s - case.clocks.reported_at_s
