"""Standard VTOLs under the engine, for any kind of vehicle: a long way on the wing beside a zone, and a bent one."""

import asyncio
from dataclasses import replace
from pathlib import Path

import shapely

from api.drive import drive
from api.engine import Engine, ready
from dispatch.city import City
from dispatch.city_folder import load_city
from dispatch.events import Outcome, ZoneRaised
from dispatch.model import Incident, IncidentStatus, Sortie, SortieState
from geo.airspace import Area, Geozone
from geo.closed import closed_ground
from geo.flight import FlightPlan
from geo.position import Position
from simulator.calls import Call
from tests.sitl.city import write_px4_city

STRAIGHT = Position(120.9560, 31.3860)
"""665 m north of base B1, nothing between."""

ORDER_S = 0.5
"""What passes of the wall's time until a vehicle obeys."""

BEHIND = Position(120.9668, 31.3803)
"""Behind the zone beside base B2."""

BESIDE = [[120.95644, 31.3810], [120.9570, 31.3810], [120.9570, 31.3850], [120.95644, 31.3850], [120.95644, 31.3810]]
"""Along the straight way: its margin of 20 m begins 22 m beside it."""

ACROSS = ((120.9550, 31.3838), (120.9572, 31.3838), (120.9572, 31.3842), (120.9550, 31.3842))
"""Across the straight way, 420 m north of the base."""


def write_vtol_city(folder: Path) -> City:
    """Two bases with a VTOL each."""
    return load_city(write_px4_city(folder, "px4-vtol", {"Z2": BESIDE}))


def write_mixed_scenario(folder: Path) -> Path:
    """A VTOL with a long way, beside it a quadrotor that goes round a zone; the scenario's file."""
    write_px4_city(folder / "city", more_zones={"Z2": BESIDE})
    drones = folder / "city" / "drones.csv"
    drones.write_text(drones.read_text(encoding="utf-8").replace("D1,px4-x500", "D1,px4-vtol"), encoding="utf-8")
    incidents = "".join(
        f"""
[[incidents]]
at_s = {at_s}
name = "{name}"
longitude_deg = {place.longitude_deg}
latitude_deg = {place.latitude_deg}
datum = "WGS-84"
type = "fire"
"""
        for at_s, name, place in ((5, "behind", BEHIND), (6, "straight", STRAIGHT))
    )
    scenario = folder / "mixed.toml"
    scenario.write_text(f'city = "city"\nwatch_s = 5.0\n{incidents}', encoding="utf-8")
    return scenario


async def there_and_back(engine: Engine) -> None:
    """One flies straight and on its wing, the other round a zone and hovering; both come home when it was said."""
    fastest_mps = dict.fromkeys(engine.city.drones, 0.0)

    def hear(outcome: Outcome, _seq: int) -> None:
        for id_, state in outcome.situation.states.items():
            fastest_mps[id_] = max(fastest_mps[id_], state.ground_speed_mps)

    engine.operations.listen(hear)
    assert await ready(engine, 60.0) == len(engine.city.drones)
    now_s = engine.clock.now_s()
    calls = [Call(at_s=now_s + 1 + k, position=place, type="fire") for k, place in enumerate((STRAIGHT, BEHIND))]
    driven = await asyncio.wait_for(drive(engine, calls, watch_s=5.0), 600)
    straight, behind = driven.incidents(engine)
    for incident, on_wing in ((straight, True), (behind, False)):
        sortie = kept_its_times(engine, incident)
        assert any(leg.wing_mps > 0 for leg in sortie.out.legs) is on_wing
        assert (fastest_mps[sortie.drone_id] > 9.0) is on_wing
        audit(engine, sortie)


def kept_its_times(engine: Engine, incident: Incident) -> Sortie:
    """Out and home as predicted: within 6 % or 4 s, and what orders take of the wall's time where it runs fast."""
    assert incident.status is IncidentStatus.CLOSED
    sortie = engine.store.sortie(incident.sortie_id or "")
    assert sortie is not None
    assert sortie.home is not None
    clocks = incident.clocks
    assert clocks.on_scene_at_s is not None
    predicted_s = engine.store.decisions_of(incident.id)[-1].options[0].time.total_s
    flown_s = clocks.on_scene_at_s - clocks.reported_at_s
    steps = {step.state: step.at_s for step in sortie.steps}
    home_s, home_flown_s = sortie.home.time.total_s, steps[SortieState.LANDING] - steps[SortieState.RETURNING]
    print(
        f"{sortie.drone_id}: on scene after {flown_s:.1f} s, predicted {predicted_s:.1f} s "
        f"({flown_s / predicted_s - 1:+.1%}); over its base after {home_flown_s:.1f} s, predicted {home_s:.1f} s "
        f"({home_flown_s / home_s - 1:+.1%})"
    )
    latency_s = ORDER_S * (engine.clock.speed - 1.0)
    assert abs(flown_s - predicted_s) < max(4.0, 0.06 * predicted_s) + latency_s
    assert abs(home_flown_s - home_s) < max(4.0, 0.06 * home_s) + latency_s
    return sortie


def audit(engine: Engine, sortie: Sortie, zones: tuple[Geozone, ...] = ()) -> None:
    """It was in no zone."""
    frame = engine.city.frame
    flown = shapely.LineString([frame.xy(point.position) for point in engine.store.track(sortie_id=sortie.id)])
    kept = {
        zone.id: flown.distance(closed_ground(frame, replace(zone, margin_m=0.0)))
        for zone in (*engine.city.zones.values(), *zones)
    }
    beside_m = max(_beside_m(engine, flown, plan) for plan in (sortie.out, sortie.home) if plan)
    print(f"{sortie.drone_id}: at least {kept} m from zones, at most {beside_m:.1f} m beside its way")
    assert all(metres > 1.0 for metres in kept.values())


def _beside_m(engine: Engine, flown: shapely.LineString, plan: FlightPlan) -> float:
    places = [leg.start for leg in plan.legs] + [leg.end for leg in plan.legs[-1:]]
    way = shapely.LineString(engine.city.frame.xy_of(places))
    return float(max(way.distance(shapely.Point(point)) for point in flown.coords))


async def sent_round(engine: Engine) -> None:
    """A zone is raised across the way of a VTOL on its wing: it hovers before it, and goes round."""
    assert await ready(engine, 60.0) == len(engine.city.drones)
    zone = Geozone(id="now", name="now", ground=Area(outline=ACROSS))
    call = Call(at_s=engine.clock.now_s() + 1, position=STRAIGHT, type="fire")
    driving = asyncio.create_task(drive(engine, [call], watch_s=5.0))
    sortie = await _on_its_wing(engine)
    await engine.operations.ask(ZoneRaised(at_s=engine.clock.now_s(), zone=zone), by="test")
    driven = await asyncio.wait_for(driving, 600)
    (incident,) = driven.incidents(engine)
    assert incident.status is IncidentStatus.CLOSED
    flown = engine.store.sortie(sortie.id)
    assert flown is not None
    assert len(sortie.out.legs) == 1 < len(flown.out.legs)
    audit(engine, flown, (zone,))


async def _on_its_wing(engine: Engine) -> Sortie:
    """The sortie, once it flies fast."""
    async with asyncio.timeout(120):
        while True:
            for sortie in engine.operations.situation.sorties.values():
                state = engine.operations.situation.states[sortie.drone_id]
                if sortie.state is SortieState.EN_ROUTE and state.ground_speed_mps > 11.0:
                    return sortie
            await asyncio.sleep(0.1)
