"""Small values for the store."""

from dataclasses import replace

from dispatch.codec import fingerprint, to_json
from dispatch.model import (
    Clocks,
    Decision,
    Incident,
    IncidentStatus,
    Option,
    Reason,
    Rules,
    Situation,
    Sortie,
    SortieState,
    Step,
)
from dispatch.store import Change, TrackPoint
from geo.airspace import Area, Geozone
from geo.flight import FlightEnergy, FlightPlan, FlightTime, Leg
from geo.position import Position

HERE, THERE = Position(121.1, 31.2), Position(121.123456789, 31.3)

PLAN = FlightPlan(
    legs=(Leg(start=HERE, end=THERE, length_m=11_000.1, course_deg=12.5, ground_speed_mps=1 / 3),),
    height_m=60.0,
    time=FlightTime(decision_s=1.0, climb_s=0.1 + 0.2, cruise_s=100.0),
    energy=FlightEnergy(climb_wh=1.4, cruise_wh=30.0),
)
STADIUM = Area(outline=((121.0, 31.0), (121.1, 31.0), (121.1, 31.1)))
ZONE = Geozone(id="z1", name="stadium", ground=STADIUM, ceiling_m=120.0)


def incident(id_: str = "i1", at_s: float = 100.0, status: IncidentStatus = IncidentStatus.OPEN) -> Incident:
    return Incident(
        id=id_,
        position=THERE,
        type="fire",
        priority=1,
        needs=("visible",),
        watch_s=300.0,
        clocks=Clocks(reported_at_s=at_s, decided_at_s=at_s + 0.7),
        status=status,
        note="三号楼 ✈ \x00",
    )


def sortie(id_: str = "s1", incident_id: str = "i1", state: SortieState = SortieState.DECIDED) -> Sortie:
    return Sortie(
        id=id_,
        drone_id="d1",
        incident_id=incident_id,
        decision_id="x1",
        state=state,
        out=PLAN,
        planned_at_s=100.7,
        home_base_id="b1",
        steps=(Step(state=SortieState.DECIDED, at_s=100.7),),
    )


SITUATION = Situation(
    now_s=100.7,
    centre=HERE,
    ground_amsl_m=3.0,
    rules=Rules(),
    airframes={},
    types={},
    bases={},
    drones={},
    states={},
    incidents={"i1": incident()},
    sorties={},
    zones={"z1": ZONE},
)


def decision(id_: str = "x1", incident_id: str = "i1") -> Decision:
    return Decision(
        id=id_,
        incident_id=incident_id,
        at_s=100.7,
        drone_id="d1",
        options=(
            Option(drone_id="d1", time=PLAN.time, distance_m=11_000.1),
            Option(drone_id="d2", out=Reason(code="battery", text="t", change="c", values={"has": 0.4, "z": "z1"})),
        ),
        policy="nearest",
        why="first there",
        inputs_hash=fingerprint(SITUATION),
    )


def change_of(value: Incident | Sortie | Decision | Geozone, at_s: float = 100.0) -> Change:
    kinds = {Incident: "incident", Sortie: "sortie", Decision: "decision", Geozone: "zone"}
    change = Change(kind=kinds[type(value)], subject_id=value.id, at_s=at_s, value=value)  # type: ignore[arg-type]
    return replace(change, inputs=to_json(SITUATION)) if isinstance(value, Decision) else change


def track_point(at_s: float, drone_id: str = "d1", sortie_id: str | None = "s1") -> TrackPoint:
    return TrackPoint(
        drone_id=drone_id,
        sortie_id=sortie_id,
        at_s=at_s,
        position=THERE,
        height_m=59.9,
        ground_speed_mps=14.2,
        battery_share=0.77,
    )
