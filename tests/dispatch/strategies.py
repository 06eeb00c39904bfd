"""Random situations of the desert city: drones at rest, charging, lost, flying for somebody or on their way home."""

import dataclasses

from hypothesis import strategies as st

from dispatch.model import Incident, Situation, SortieState
from geo.airspace import Geozone
from geo.wind import Wind
from tests.dispatch.worlds import NOW_S, base, box, docked, drone, flying, incident, situation, sortie

metres = st.integers(-1500, 1500)
places = st.tuples(metres, metres)
shares = st.sampled_from([0.1, 0.4, 0.7, 0.9, 1.0])

KINDS = ["docked"] * 4 + ["out"] * 3 + ["home", "silent", "withdrawn", "unfit"]
FLYING_FOR = [SortieState.AIRBORNE, SortieState.EN_ROUTE, SortieState.ON_SCENE]


@st.composite
def incidents(draw: st.DrawFn, id_: str) -> Incident:
    """An open incident somewhere."""
    return incident(
        id_,
        *draw(places),
        priority=draw(st.integers(1, 4)),
        needs=draw(st.sampled_from([("visible",), ("visible",), ("visible",), ("thermal",), ("speaker", "visible")])),
        watch_s=draw(st.sampled_from([0.0, 60.0, 600.0])),
    )


moves = st.just({}) | st.fixed_dictionaries(
    {"ground_speed_mps": st.floats(0, 20), "course_deg": st.sampled_from([0.0, 45.0, 90.0, 200.0])}
)
"""How a drone in the air moves: not at all, or somewhere."""


@st.composite
def zones(draw: st.DrawFn, id_: str) -> Geozone:
    """A rectangle somewhere."""
    (west, south), width, height = draw(places), draw(st.integers(50, 1500)), draw(st.integers(50, 1500))
    return box(id_, west, south, west + width, south + height)


@st.composite
def situations(draw: st.DrawFn, *, most_drones: int = 5, most_open: int = 4, with_zones: bool = True) -> Situation:
    """A whole situation."""
    bases = [base(f"B{k}", *draw(places), docks=draw(st.integers(1, 3))) for k in range(draw(st.integers(1, 3)))]
    by_id = {b.id: b for b in bases}
    drones, states, sorties, cases, withdrawn = [], [], [], [], {}
    for k in range(draw(st.integers(0, most_drones) | st.integers(2, most_drones))):
        one = drone(f"D{k}", draw(st.sampled_from(sorted(by_id))), draw(st.sampled_from(["quad", "quad", "lifter"])))
        drones.append(one)
        match draw(st.sampled_from(KINDS)):
            case "out":
                state = draw(st.sampled_from(FLYING_FOR))
                served = draw(incidents(f"S{k}"))
                cases.append(served)
                sorties.append(sortie(one.id, state, served.id, held=draw(st.integers(0, 9)) == 0))
                states.append(flying(one.id, *draw(places), battery_share=draw(shares), **draw(moves)))
            case "home":
                sorties.append(sortie(one.id, SortieState.RETURNING))
                states.append(flying(one.id, *draw(places), battery_share=draw(shares), **draw(moves)))
            case "silent":
                states.append(docked(one, by_id, seen_at_s=NOW_S - 60))
            case "unfit":
                states.append(docked(one, by_id, healthy=False))
            case "withdrawn":
                withdrawn[one.id] = "propeller check"
            case _:
                states.append(docked(one, by_id, battery_share=draw(st.sampled_from([1.0, 1.0, 0.6, 0.3]))))
    cases += [draw(incidents(f"I{k}")) for k in range(draw(st.integers(0, most_open)))]
    return situation(
        bases,
        drones,
        cases,
        states=states,
        sorties=sorties,
        withdrawn=withdrawn,
        zones=[draw(zones(f"Z{k}")) for k in range(draw(st.integers(0, 2)))] if with_zones else (),
        wind=draw(st.sampled_from([Wind()] * 3 + [Wind(9.0, 250.0), Wind(11.0, 30.0), Wind(13.0, 100.0)])),
        rain_mm_h=draw(st.sampled_from([0.0] * 4 + [5.0])),
    )


def with_incident(one: Situation, another: Incident) -> Situation:
    """The situation with one more open incident."""
    return dataclasses.replace(one, incidents={**one.incidents, another.id: another})
