"""A desert city for tests: nothing real, every distance arithmetic, every situation built in a line."""

import dataclasses
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from dispatch.model import (
    Base,
    Clocks,
    Drone,
    DroneState,
    Incident,
    IncidentStatus,
    Rules,
    Situation,
    Sortie,
    SortieState,
    Step,
)
from geo.airframe import Airframe
from geo.airspace import Area, Geozone
from geo.flight import FlightPlan, FlightTime
from geo.frame import LocalFrame
from geo.position import Position
from geo.wind import CALM, Wind
from geo.wing import Wing

CENTRE = Position(-115.0, 36.0)
FRAME = LocalFrame(CENTRE)
NOW_S = 1_000_000.0

QUAD = Airframe(
    name="quad",
    kind="multirotor",
    speed_mps=20.0,
    airspeed_mps=25.0,
    acceleration_mps2=4.0,
    climb_mps=5.0,
    descent_mps=5.0,
    takeoff_mps=5.0,
    landing_mps=1.0,
    dock_s=4.0,
    arm_s=2.0,
    battery_wh=150.0,
    reserve_share=0.2,
    hover_w=180.0,
    cruise_w=200.0,
    climb_w=300.0,
    charge_w=400.0,
    wind_limit_mps=12.0,
    rain_limit_mm_h=4.0,
    sensors=("visible", "thermal"),
    camera_half_angle_deg=30.0,
    source="made up",
)
VTOL = dataclasses.replace(
    QUAD,
    name="vtol",
    kind="vtol",
    speed_mps=10.0,
    wing=Wing(
        airspeed_mps=25.0, forward_s=6.0, forward_m=60.0, back_m=80.0, back_s=10.0, clearance_m=30.0, cruise_w=90.0
    ),
)
LIFTER = dataclasses.replace(QUAD, name="lifter", speed_mps=15.0, sensors=("visible", "speaker"), wind_limit_mps=10.0)

RULES = Rules()


def at(east_m: float, north_m: float) -> Position:
    """The place so many metres east and north of the centre."""
    return FRAME.position((east_m, north_m))


def base(id_: str, east_m: float, north_m: float, docks: int = 2, ground_amsl_m: float = 0.0) -> Base:
    """A base."""
    return Base(id=id_, name=id_, name_zh=id_, position=at(east_m, north_m), ground_amsl_m=ground_amsl_m, docks=docks)


def drone(id_: str, base_id: str, airframe: str = "quad", system_id: int = 1) -> Drone:
    """A drone."""
    return Drone(id=id_, airframe=airframe, base_id=base_id, system_id=system_id)


def incident(id_: str, east_m: float, north_m: float, priority: int = 2, **changes: Any) -> Incident:
    """An open incident that asks for a camera for a minute."""
    plain = Incident(
        id=id_,
        position=at(east_m, north_m),
        type="any",
        priority=priority,
        needs=("visible",),
        watch_s=60.0,
        clocks=Clocks(reported_at_s=NOW_S),
    )
    return dataclasses.replace(plain, **changes)


def box(id_: str, west: float, south: float, east: float, north: float, **changes: Any) -> Geozone:
    """A geozone between these metres, its margin 10 m."""
    ring = [(west, south), (east, south), (east, north), (west, north)]
    outline = tuple((p.longitude_deg, p.latitude_deg) for p in (at(*corner) for corner in ring))
    return dataclasses.replace(Geozone(id=id_, name=id_, ground=Area(outline=outline), margin_m=10.0), **changes)


def docked(one: Drone, bases: Mapping[str, Base], **changes: Any) -> DroneState:
    """A drone on its dock, charged and healthy."""
    plain = DroneState(
        drone_id=one.id,
        connected=True,
        healthy=True,
        position=bases[one.base_id].position,
        battery_share=1.0,
        mode="HOLD",
        seen_at_s=NOW_S,
    )
    return dataclasses.replace(plain, **changes)


def flying(drone_id: str, east_m: float, north_m: float, **changes: Any) -> DroneState:
    """A drone at cruise height."""
    plain = DroneState(
        drone_id=drone_id,
        connected=True,
        healthy=True,
        position=at(east_m, north_m),
        height_m=RULES.cruise_height_m,
        battery_share=0.9,
        armed=True,
        in_air=True,
        mode="HOLD",
        seen_at_s=NOW_S,
    )
    return dataclasses.replace(plain, **changes)


NOWHERE = FlightPlan(legs=(), height_m=RULES.cruise_height_m, time=FlightTime(cruise_s=60.0))


def sortie(drone_id: str, state: SortieState, incident_id: str | None = None, **changes: Any) -> Sortie:
    """A sortie in some state since now."""
    plain = Sortie(
        id=f"{drone_id}.1",
        drone_id=drone_id,
        incident_id=incident_id,
        decision_id=f"{incident_id}.1",
        state=state,
        out=NOWHERE,
        planned_at_s=NOW_S,
        home_base_id="B1",
        steps=(Step(state=state, at_s=NOW_S),),
    )
    return dataclasses.replace(plain, **changes)


def situation(
    bases: Iterable[Base] = (),
    drones: Iterable[Drone] = (),
    incidents: Iterable[Incident] = (),
    *,
    states: Iterable[DroneState] = (),
    sorties: Iterable[Sortie] = (),
    zones: Iterable[Geozone] = (),
    withdrawn: Mapping[str, str] | None = None,
    wind: Wind = CALM,
    rain_mm_h: float = 0.0,
    rules: Rules = RULES,
    airframes: Iterable[Airframe] = (QUAD, LIFTER),
    now_s: float = NOW_S,
) -> Situation:
    """A situation; drones without a given state stand on their docks. Incidents follow the sorties that serve them."""
    bases_by_id = {b.id: b for b in bases}
    drones_by_id = {d.id: d for d in drones}
    told = {state.drone_id: state for state in states}
    known = {d.id: told.get(d.id) or docked(d, bases_by_id) for d in drones_by_id.values()}
    under_way = {s.drone_id: s for s in sorties}
    serving = {s.incident_id: s for s in under_way.values() if s.incident_id}

    def served(one: Incident) -> Incident:
        by = serving.get(one.id)
        if by is None:
            return one
        status = IncidentStatus.ON_SCENE if by.state is SortieState.ON_SCENE else IncidentStatus.ASSIGNED
        return dataclasses.replace(one, status=status, sortie_id=by.id)

    return Situation(
        now_s=now_s,
        centre=CENTRE,
        ground_amsl_m=0.0,
        rules=rules,
        airframes=frozen({a.name: a for a in airframes}),
        types=frozen({}),
        bases=frozen(bases_by_id),
        drones=frozen(drones_by_id),
        states=frozen(known),
        incidents=frozen({i.id: served(i) for i in incidents}),
        sorties=frozen(under_way),
        zones=frozen({z.id: z for z in zones}),
        withdrawn=frozen(dict(withdrawn or {})),
        wind=wind,
        rain_mm_h=rain_mm_h,
    )


def frozen(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read-only, in the order of its keys."""
    return MappingProxyType({key: mapping[key] for key in sorted(mapping)})


def shuffled(one: Situation) -> Situation:
    """The same situation, every mapping filled in the opposite order."""
    changes = {
        field.name: MappingProxyType(dict(reversed(list(value.items()))))
        for field in dataclasses.fields(one)
        if isinstance(value := getattr(one, field.name), Mapping)
    }
    return dataclasses.replace(one, **changes)
