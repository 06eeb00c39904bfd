"""A record made by hand: one drone flies round a corner to one incident and home, all at round numbers."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from api.sitl.record import Asked, Record, ZoneSpan
from api.sitl.scenario import Scenario, find_scenario, load_sitl
from api.tracks import Sample
from dispatch.model import Clocks, Decision, Incident, IncidentStatus, Option, Sortie, SortieState, Step
from geo.airspace import Area, Geozone
from geo.flight import FlightPlan, FlightTime, Leg
from geo.position import Position

T0 = 1_000_000.0
TIME = FlightTime(decision_s=1.0, uplink_s=0.5, arm_s=2.5, climb_s=14.0, start_s=1.0, cruise_s=29.0, arrive_s=2.0)
TOTAL_S = 50.0
HOME = FlightTime(start_s=1.0, cruise_s=30.0, arrive_s=4.0)

CORNER_M, GOAL_M = (200.0, 0.0), (200.0, 300.0)
AIRBORNE_S, EN_ROUTE_S, CORNER_S, ON_SCENE_S = 4.0, 19.0, 33.0, 52.0
RELEASED_S, LANDING_S, LANDED_S = 60.0, 96.0, 119.0


def scenario() -> Scenario:
    """The shipped one, cut down to its first incident and its first two drones."""
    whole = load_sitl(find_scenario(Path("proving-ground")), vehicles=2)
    return replace(whole, incidents=whole.incidents[:1])


def leg(start: Position, end: Position, length_m: float, course_deg: float) -> Leg:
    return Leg(start=start, end=end, length_m=length_m, course_deg=course_deg, ground_speed_mps=17.64)


def sortie_versions(asked: Scenario) -> tuple[tuple[float, Sortie], ...]:
    """Decided, airborne, en route, on scene, returning, landed."""
    frame = asked.city.frame
    base, corner, goal = (frame.position(xy) for xy in ((0.0, 0.0), CORNER_M, GOAL_M))
    out = FlightPlan(legs=(leg(base, corner, 200.0, 90.0), leg(corner, goal, 300.0, 0.0)), height_m=40.0, time=TIME)
    home = FlightPlan(legs=(leg(goal, base, 360.6, 213.7),), height_m=40.0, time=HOME)
    first = Sortie(
        id="D1.1",
        drone_id="D1",
        incident_id="I-000001",
        decision_id="I-000001.1",
        state=SortieState.DECIDED,
        out=out,
        planned_at_s=T0,
        home_base_id="B1",
        from_base_id="B1",
        steps=(Step(state=SortieState.DECIDED, at_s=T0),),
    )
    versions = [(T0, first)]
    for state, at_s in (
        (SortieState.AIRBORNE, AIRBORNE_S),
        (SortieState.EN_ROUTE, EN_ROUTE_S),
        (SortieState.ON_SCENE, ON_SCENE_S),
        (SortieState.RELEASED, RELEASED_S),
        (SortieState.RETURNING, RELEASED_S),
        (SortieState.LANDING, LANDING_S),
        (SortieState.LANDED, LANDED_S),
    ):
        before = versions[-1][1]
        after = replace(before, state=state, steps=(*before.steps, Step(state=state, at_s=T0 + at_s)))
        if state is SortieState.RELEASED:
            after = replace(after, incident_id=None, home=home)
        versions.append((T0 + at_s, after))
    return tuple(versions)


def samples(asked: Scenario) -> tuple[Sample, ...]:
    """Five a second: up, along the legs at constant speed, a hover, straight back, down."""
    instants = np.arange(0.0, 130.0, 0.2)
    ends = (EN_ROUTE_S, CORNER_S, ON_SCENE_S, RELEASED_S, LANDING_S)
    east = np.interp(instants, ends, (0.0, 200.0, 200.0, 200.0, 0.0))
    north = np.interp(instants, ends, (0.0, 0.0, 300.0, 300.0, 0.0))
    up = np.interp(instants, (AIRBORNE_S, EN_ROUTE_S, LANDING_S, LANDED_S), (0.0, 40.0, 40.0, 0.0))
    places = asked.city.frame.to_lonlat(np.column_stack([east, north]))
    return tuple(
        Sample(
            at_s=T0 + float(at_s),
            longitude_deg=float(lon),
            latitude_deg=float(lat),
            height_m=float(height_m),
            home_amsl_m=488.0,
            ground_speed_mps=0.0,
            battery_share=1.0,
            mode="MISSION",
            armed=AIRBORNE_S - 2 <= at_s <= LANDED_S + 2,
            in_air=AIRBORNE_S <= at_s <= LANDED_S,
        )
        for at_s, (lon, lat), height_m in zip(instants, places, up, strict=True)
    )


def zone(asked: Scenario, id_: str, west_m: float, south_m: float, size_m: float = 50.0) -> Geozone:
    """A square."""
    corners = [(0.0, 0.0), (size_m, 0.0), (size_m, size_m), (0.0, size_m)]
    ring = [asked.city.frame.position((west_m + x, south_m + y)) for x, y in corners]
    return Geozone(id=id_, name=id_, ground=Area(outline=tuple((p.longitude_deg, p.latitude_deg) for p in ring)))


def record() -> Record:
    """The whole run."""
    asked = scenario()
    clocks = Clocks(
        reported_at_s=T0, decided_at_s=T0, launched_at_s=T0 + AIRBORNE_S, on_scene_at_s=T0 + ON_SCENE_S,
        cleared_at_s=T0 + RELEASED_S, returned_at_s=T0 + LANDED_S,
    )  # fmt: skip
    incident = Incident(
        id="I-000001", position=asked.city.frame.position(GOAL_M), type="fire", priority=1, needs=("visible",),
        watch_s=8.0, clocks=clocks, status=IncidentStatus.CLOSED, sortie_id="D1.1",
    )  # fmt: skip
    decision = Decision(
        id="I-000001.1", incident_id="I-000001", at_s=T0, drone_id="D1",
        options=(Option(drone_id="D1", time=TIME),), policy="nearest", why="",
    )  # fmt: skip
    return Record(
        scenario=asked,
        vehicles="by hand",
        began_at_s=T0 - 5.0,
        ended_at_s=T0 + 130.0,
        asked=(Asked(planned=asked.incidents[0], incident_id="I-000001"),),
        broken=(),
        incidents=MappingProxyType({"I-000001": incident}),
        decisions=MappingProxyType({"I-000001": (decision,)}),
        sorties=MappingProxyType({"D1.1": sortie_versions(asked)}),
        samples=MappingProxyType({"D1": samples(asked)}),
        zones=(ZoneSpan(zone=zone(asked, "far", 300.0, 100.0), from_s=T0 - 10.0),),
    )
