"""Where every drone will be, and when: the predicted ways of all sorties, as arrays for :mod:`geo.kernels.traffic`.

A way is what the sortie's plans say from here on: the climb at its base, the legs out, the time on scene, the way home
that its vehicle carries, and the descent. Heights are AMSL, for bases stand at different heights. Where a drone is on
its way is for telemetry to say: the prediction goes on from there. A drone that nobody hears or commands is expected
to fly the mission that it carries.
"""

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dispatch.mission import Mission
from dispatch.model import Base, Incident, Situation, Sortie, SortieState
from dispatch.orbit import ALLOWANCE_M, asked_radius_m
from dispatch.orders import no_way
from dispatch.planning import patrol_points, way_along, way_back
from dispatch.sky import frame_of
from dispatch.watch import stays
from geo.airframe import Airframe
from geo.flight import FINAL_DESCENT_M, FlightPlan, Leg, climb_time_s, vertical_s
from geo.frame import LocalFrame
from geo.kernels.traffic import pieces_of

Array = NDArray[np.float64]

ON_GROUND = frozenset({SortieState.DECIDED, SortieState.COMMANDED})
COMMANDED = ON_GROUND | {
    SortieState.AIRBORNE,
    SortieState.EN_ROUTE,
    SortieState.ON_SCENE,
    SortieState.RELEASED,
    SortieState.RETURNING,
    SortieState.LANDING,
}

SURE_S, DRIFT = 2.0, 0.03
"""How far off a prediction may be: seconds now, and for every second ahead. The airframes' speed varies by 3 %."""

UNKNOWN_S, UNKNOWN_DRIFT = 15.0, 0.1
"""The same of a drone that nobody hears: PX4 waits 10 s for its ground station before it goes home."""

STAYS_S = 600.0
"""A drone that is held is expected where it is for so long."""

OVER_BASE_S = 3.0
"""From arriving over its base until it comes down: it must be still, and is told."""

OVER_BASE_M = 45.0
"""Nearer than this to its base a drone on its way home comes down: to wait there would close the base to all."""

WAITS_BESIDE_M = 70.0
"""Here, at the latest, it waits for its turn."""

DOWN_S = 7.0
"""From when it should touch the ground until a drone counts as landed, if its airframe does not say more: PX4 creeps
the last metre and is sure of the ground 4 s after it has touched it."""

_BELOW = 3
"""Rows of a descent that lie below the height at which a drone arrives."""

Row = tuple[float, float, float, float, float, float]
NEVER, HERE = -math.inf, math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One predicted way; see :func:`geo.kernels.traffic.pieces_of`."""

    rows: Array
    search: int = 0
    grounded: bool = False
    sure_s: float = SURE_S
    drift: float = DRIFT
    lands: bool = False
    """Whether it ends with the rows of a descent that has not begun."""
    homeward: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Predicted ways with where their drones are now."""

    drone_ids: tuple[str, ...]
    ways: tuple[Way, ...]
    here: Array
    """East, north, AMSL. Shape [n, 3]."""
    at_s: Array

    def without_descents(self, but: Container[str] = ()) -> "Traffic":
        """The same up to where they wait for their turn to come down; those that are over their base by now, and these,
        come down."""

        def cut(drone_id: str, way: Way, here: Array) -> Way:
            over_base = bool(np.hypot(*(way.rows[-1, :2] - here[:2])) < OVER_BASE_M)
            if not way.lands or (way.homeward and over_base) or drone_id in but:
                return way
            return _until_its_turn(way)

        ways = tuple(map(cut, self.drone_ids, self.ways, self.here))
        return replace(self, ways=ways)

    def pieces(self, horizon_s: float = math.inf, sure_s: float | None = None) -> tuple[Array, NDArray[np.int64]]:
        """All pieces of the next ``horizon_s``, and where those of each way begin. With ``sure_s`` drones under command
        are taken to be known so well."""
        first = np.zeros(len(self.ways) + 1, dtype=np.int64)
        first[1:] = np.cumsum([len(way.rows) for way in self.ways])
        return pieces_of(
            np.concatenate([way.rows for way in self.ways]) if self.ways else np.empty((0, 6)),
            first,
            np.array([way.search for way in self.ways], dtype=np.int64),
            np.array([way.grounded for way in self.ways], dtype=np.bool_),
            self.here,
            self.at_s,
            np.array([way.sure_s if sure_s is None or way.sure_s > SURE_S else sure_s for way in self.ways]),
            np.array([way.drift for way in self.ways]),
            horizon_s,
        )


@lru_cache(maxsize=1024)
def _until_its_turn(way: Way) -> Way:
    """A way up to where it waits beside its base."""
    rows = way.rows[:-_BELOW].copy()
    rows[-1, 3] = 0.0
    if len(rows) > 1:
        back = rows[-2, :2] - rows[-1, :2]
        far_m = float(np.hypot(*back))
        if far_m > WAITS_BESIDE_M:
            rows[-1, :2] += back * (WAITS_BESIDE_M / far_m)
            rows[-2, 3] *= 1 - WAITS_BESIDE_M / far_m
    return replace(way, rows=rows, lands=False)


def traffic(situation: Situation, drone_ids: Iterable[str]) -> Traffic:
    """The predicted ways of those of these drones that are in the air or about to be."""
    found = [(id_, way) for id_ in drone_ids if (way := way_of(situation, id_)) is not None]
    states = [situation.states[id_] for id_, _ in found]
    here = np.empty((len(found), 3))
    if found:
        here[:, :2] = frame_of(situation).xy_of([s.position for s in states if s.position is not None])
        here[:, 2] = [base_amsl_m(situation, s.drone_id) + s.height_m for s in states]
    at_s = np.array(
        [situation.now_s if way.sure_s < UNKNOWN_S else s.seen_at_s for s, (_, way) in zip(states, found, strict=True)]
    )
    return Traffic(tuple(id_ for id_, _ in found), tuple(way for _, way in found), here, at_s)


def base_amsl_m(situation: Situation, drone_id: str) -> float:
    """The ground (AMSL) that the heights of a drone's sortie are above."""
    return _ground_amsl_m(situation, drone_id, situation.sorties.get(drone_id))


def _ground_amsl_m(situation: Situation, drone_id: str, sortie: Sortie | None) -> float:
    base_id = sortie.from_base_id if sortie is not None else None
    return situation.bases[base_id or situation.drones[drone_id].base_id].ground_amsl_m


def way_of(situation: Situation, drone_id: str) -> Way | None:
    """The predicted way of a drone; None of one on the ground that is not about to fly."""
    state, sortie = situation.states.get(drone_id), situation.sorties.get(drone_id)
    if state is None or state.position is None:
        return None
    if sortie is not None and sortie.state in ON_GROUND:
        return _known(_Same(situation, sortie))
    if not state.in_air:
        return None
    if sortie is None:
        return _hovering()
    if sortie.state not in COMMANDED or not state.connected:
        return _alone(situation, sortie)
    return _hovering() if sortie.held or sortie.yields is not None else _known(_Same(situation, sortie))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A sortie with what its way depends on, as a key: equal where all are the same objects."""

    situation: Situation
    sortie: Sortie

    @property
    def incident(self) -> Incident | None:
        return self.situation.incidents.get(self.sortie.incident_id or "")

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Same)
            and self.sortie is other.sortie
            and self.incident is other.incident
            and self.situation.bases is other.situation.bases
        )

    def __hash__(self) -> int:
        return id(self.sortie)


@lru_cache(maxsize=1024)
def _known(same: _Same) -> Way:
    return planned_way(same.situation, same.sortie)


def planned_way(situation: Situation, sortie: Sortie) -> Way:
    """The way of a sortie under command, out of its plans."""
    frame, airframe = frame_of(situation), situation.airframes[situation.drones[sortie.drone_id].airframe]
    ground_m = _ground_amsl_m(situation, sortie.drone_id, sortie)
    up_m = ground_m + sortie.out.height_m
    match sortie.state:
        case SortieState.LANDING:
            base = situation.bases[sortie.home_base_id]
            return Way(np.array(_descent(HERE, HERE, up_m, base.ground_amsl_m, airframe)), search=3)
        case SortieState.RETURNING:
            home = _legs(frame, sortie.home, up_m, airframe) if sortie.home is not None else []
            down = _down(frame, situation.bases[sortie.home_base_id], up_m, airframe)
            return Way(np.array([*home, *down]), search=len(home), lands=True, homeward=True)
        case SortieState.RELEASED:
            return _hovering()
    grounded = sortie.state in ON_GROUND
    rows: list[Row] = []
    if grounded or sortie.state is SortieState.AIRBORNE:
        off_s = lift_off_s(sortie, airframe) if grounded else NEVER
        rows.append((HERE, HERE, ground_m, climb_time_s(sortie.out.height_m, airframe), off_s, 0.0))
    incident = situation.incidents.get(sortie.incident_id or "")
    if incident is None:  # called home in its climb
        return Way(np.array([*rows, (HERE, HERE, up_m, STAYS_S, NEVER, 0.0)]), search=len(rows))
    out = _legs(frame, sortie.out, up_m, airframe)
    search = 0 if grounded else len(rows) or len(out)
    rows += out or [(HERE, HERE, up_m, 0.0, NEVER, 0.0)]
    if sortie.state is SortieState.ON_SCENE:
        place = _end(frame, sortie.out)
        stays_s, until_s = (0.0, sortie.deadline_at_s or NEVER) if incident.route else stays(incident)
    else:
        on = _way_on(situation, sortie, incident, airframe)
        rows += _legs(frame, on, up_m, airframe)
        place, (stays_s, until_s) = _end(frame, on if on.legs else sortie.out), stays(incident)
    rows.append((*place, up_m, stays_s, until_s, _disc_m(situation, sortie, incident)))
    back = _back(situation, sortie, ground_m, airframe)
    return Way(np.array([*rows, *back]), search=search, grounded=grounded, lands=bool(back))


def lift_off_s(sortie: Sortie, airframe: Airframe) -> float:
    """When a drone on the ground is expected to leave it."""
    if sortie.state is SortieState.DECIDED and sortie.deadline_at_s is not None:
        return sortie.deadline_at_s + airframe.arm_s
    return sortie.steps[-1].at_s + airframe.arm_s if sortie.steps else sortie.planned_at_s


def _hovering() -> Way:
    return Way(np.array([(HERE, HERE, 0.0, STAYS_S, NEVER, 0.0)]))


def _alone(situation: Situation, sortie: Sortie) -> Way:
    """Nobody hears it or commands it: it flies its mission to the end and lands."""
    rows: list[Row] = []
    if sortie.mission is not None:
        ground_m = _ground_amsl_m(situation, sortie.drone_id, sortie)
        airframe = situation.airframes[situation.drones[sortie.drone_id].airframe]
        rows = _missioned(frame_of(situation), sortie.mission, ground_m, airframe, whole=True)
    rows = rows or [(HERE, HERE, 0.0, STAYS_S, NEVER, 0.0)]
    return Way(np.array(rows), search=len(rows) - 1, sure_s=UNKNOWN_S, drift=UNKNOWN_DRIFT)


def _legs(frame: LocalFrame, plan: FlightPlan, up_m: float, airframe: Airframe) -> list[Row]:
    """A row for the start of every leg. What speeding up and braking cost is spent on the first and the last."""
    if not plan.legs:
        return []
    starts = frame.xy_of([leg.start for leg in plan.legs])
    lasts_s = [_lasts_s(leg, airframe) for leg in plan.legs]
    lasts_s[0] += plan.time.start_s + plan.legs[0].ground_speed_mps / (2 * airframe.acceleration_mps2)
    lasts_s[-1] += plan.legs[-1].ground_speed_mps / (2 * airframe.acceleration_mps2)
    return [(x, y, up_m, s, NEVER, 0.0) for (x, y), s in zip(starts.tolist(), lasts_s, strict=True)]


def _lasts_s(leg: Leg, airframe: Airframe) -> float:
    if airframe.wing is not None and leg.wing_mps > 0:
        return airframe.wing.times_s(leg.length_m, leg.wing_mps)[2]
    return leg.length_m / leg.ground_speed_mps


def _disc_m(situation: Situation, sortie: Sortie, incident: Incident) -> float:
    """The radius of the disc that is its own over its scene; 0 where it hovers there."""
    if sortie.hovers is not None:
        return 0.0
    radius_m = sortie.circling.orbit.radius_m if sortie.circling else asked_radius_m(situation, incident)
    return radius_m + ALLOWANCE_M if radius_m > 0 else 0.0


def _way_on(situation: Situation, sortie: Sortie, incident: Incident, airframe: Airframe) -> FlightPlan:
    """From a patrol's first point through its further ones; nowhere for a point."""
    height_m = sortie.out.height_m
    found = way_along(situation, airframe, patrol_points(incident), height_m) if incident.route else None
    return found or no_way(height_m)


def _end(frame: LocalFrame, plan: FlightPlan) -> tuple[float, float]:
    """Where a plan leads to."""
    if not plan.legs:
        return HERE, HERE
    x, y = frame.xy(plan.legs[-1].end)
    return float(x), float(y)


def _back(situation: Situation, sortie: Sortie, ground_m: float, airframe: Airframe) -> list[Row]:
    """The way home from its scene: what its vehicle carries, else what it would be given."""
    frame, height_m = frame_of(situation), sortie.out.height_m
    if sortie.mission is not None:
        return _missioned(frame, sortie.mission, ground_m, airframe, whole=False)
    end = patrol_points(situation.incidents[sortie.incident_id or ""])[-1]
    found = way_back(situation, sortie.drone_id, end, height_m, math.inf)
    if found is None:
        return []
    up_m = ground_m + height_m
    return [*_legs(frame, found[1], up_m, airframe), *_down(frame, situation.bases[found[0]], up_m, airframe)]


def _missioned(frame: LocalFrame, mission: Mission, ground_m: float, airframe: Airframe, *, whole: bool) -> list[Row]:
    """A mission's way back, or all of it, and the descent at its end."""
    if not mission.back:
        return []
    *through, landing = [*mission.points, *mission.back] if whole else [mission.points[-1], *mission.back]
    xy = frame.xy_of([point.position for point in (*through, landing)])
    up_m = [ground_m + point.height_m for point in through]
    lengths_m = np.hypot(*np.diff(xy, axis=0).T)
    lasts_s = lengths_m / mission.speed_mps
    if airframe.wing is not None:
        winged = np.array([point.wing for point in (*through, landing)[1:]], dtype=bool)
        lasts_s[winged] = [airframe.wing.times_s(m, airframe.wing.airspeed_mps)[2] for m in lengths_m[winged].tolist()]
    rows = [(x, y, z, s, NEVER, 0.0) for (x, y), z, s in zip(xy.tolist(), up_m, lasts_s.tolist(), strict=False)]
    x, y = xy[-1].tolist()
    if rows and np.hypot(rows[-1][0] - x, rows[-1][1] - y) < 1.0:
        rows.pop()  # the end of the way home is over the landing
    return [*rows, *_descent(x, y, up_m[-1], ground_m, airframe)]


def _down(frame: LocalFrame, base: Base, up_m: float, airframe: Airframe) -> list[Row]:
    x, y = frame.xy(base.position)
    return _descent(float(x), float(y), up_m, base.ground_amsl_m, airframe)


def _descent(x: float, y: float, up_m: float, ground_m: float, airframe: Airframe) -> list[Row]:
    """From over a base at ``up_m`` AMSL to its ground."""
    low_m = min(up_m, ground_m + FINAL_DESCENT_M)
    fast_s = vertical_s(up_m - low_m, airframe.descent_mps, airframe.acceleration_mps2)
    return [
        (x, y, up_m, OVER_BASE_S, NEVER, 0.0),
        (x, y, up_m, fast_s, NEVER, 0.0),
        (x, y, low_m, (low_m - ground_m) / airframe.landing_mps, NEVER, 0.0),
        (x, y, ground_m, max(DOWN_S, airframe.touch_s), NEVER, 0.0),
    ]
