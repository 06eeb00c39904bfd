"""Is it true that any point of an area within R of a base is reached within T? With the worst point, and what is
missing.

*R is the reach of a base, T a property of the network.* The claim is about the ground of the area that lies within R
of some base. Of this, ground closed by a geozone is told apart: no drone may hover there, whatever its speed. The rest
is reached or not by polygons (:mod:`geo.reach`), the worst point is looked for in the field of arrival times
(:mod:`geo.field`), first on a grid and on every rim, then closer and closer round the worst places found.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.airframe import Airframe
from geo.field import eta_field
from geo.flight import FlightTime, Profile, climb_time_s, landing_energy_wh, response_time, timed_plan
from geo.frame import LocalFrame
from geo.reach import reach
from geo.route import Airways, Points, motion_of
from geo.wind import Wind

CLEAR_OF_CLOSED_M = 0.6
"""Open ground begins this far outside closed ground: ways turn 0.5 m outside its corners."""

BAND_M = 10.0
"""Ground that is missed by less than this is not told from ground that is reached: polygons are as good as that."""

TOP_SPEED_MPS = 340.0
"""No speed above this is looked for: it is the speed of sound."""

HALVINGS = 40

MOST_PLACES, UNDECIDED_S = 50, 0.05
"""A speed is found when no place of the field takes longer by more than this; after so many places it is given as it
stands."""

WORST_PLACES, FINEST_M = 6, 2.0
"""So many of the worst places are looked at closer, down to a grid this fine."""

Answer = Literal["true", "false", "partly", "void"]
Tell = Callable[[str, float], None]
"""Told what is being done and the share of the work that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One height above their bases that flights may choose: the airways there, and what closes the air below it.

    ``later_s`` is added to all that is flown at this level: so much must be saved for it to be chosen at all.
    """

    airways: Airways
    column: Airways
    height_m: float
    later_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Bases [b, 2] in the metres of the levels' frame, each with a charged drone that stands idle, and the day's wind.

    ``levels`` are the heights that a flight may choose from, the usual one first. ``decision_s`` and ``uplink_s`` pass
    before a dock opens.
    """

    levels: tuple[Level, ...]
    bases_xy: Points
    wind: Wind
    decision_s: float = 0.0
    uplink_s: float = 0.0

    @property
    def frame(self) -> LocalFrame:
        """The metric plane of the bases."""
        return self.levels[0].airways.frame

    def closed(self) -> BaseGeometry:
        """The ground that is closed at every level."""
        grounds = [shapely.union_all(level.airways.closed_ground) for level in self.levels]
        return shapely.intersection_all(grounds)

    def turnout_s(self, airframe: Airframe, level: Level | None = None) -> float:
        """Seconds from the decision being asked for until the height of ``level`` (the usual one) is reached."""
        still = timed_plan(
            (),
            airframe,
            height_m=(level or self.levels[0]).height_m,
            climb_from_m=0.0,
            decision_s=self.decision_s,
            uplink_s=self.uplink_s,
            sensor=False,
        )
        return still.time.turnout_s

    def likely_s(self, airframe: Airframe, p90_s: float) -> float:
        """The most likely response time of flights of which nine in ten keep ``p90_s``, by the airframe's own spreads;
        what gusts add is not in it. Negative where the turnout alone takes longer."""
        climb_s = climb_time_s(self.levels[0].height_m, airframe)

        def time(flying_s: float) -> FlightTime:
            along = Profile(flying_s, flying_s, flying_s)
            decision_s, uplink_s = self.decision_s, self.uplink_s
            return response_time(
                airframe, along, docked=True, climb_s=climb_s, decision_s=decision_s, uplink_s=uplink_s
            )

        low_s, high_s = 0.0, p90_s
        if time(low_s).p90_s > p90_s:
            return -1.0
        for _ in range(HALVINGS):
            middle_s = (low_s + high_s) / 2
            low_s, high_s = (middle_s, high_s) if time(middle_s).p90_s <= p90_s else (low_s, middle_s)
        return time(low_s).total_s

    def ready_s(self, airframe: Airframe, level: Level) -> float:
        """Seconds until a drone can fly on at ``level``, what must be saved to choose it included."""
        return max(self.turnout_s(airframe, level), self.turnout_s(airframe)) + level.later_s

    def eta(self, airframe: Airframe, points: Points) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Seconds until each of ``points`` [n, 2] is seen by ``airframe``, and from which base; see ``eta_field``."""
        seconds, base, _ = self.eta_and_level(airframe, points)
        return seconds, base

    def eta_and_level(
        self, airframe: Airframe, points: Points
    ) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
        """As :meth:`eta`, and the index of the level [n] that the drone flies at."""
        seconds, base = np.full(len(points), np.inf), np.full(len(points), -1, dtype=np.intp)
        chosen, motion = np.zeros(len(points), dtype=np.intp), motion_of(airframe, self.wind)
        for k, level in enumerate(self.levels):
            may_rise = np.flatnonzero([level.column.closed_at(place) is None for place in self.bases_xy])
            ready_s = np.full(len(may_rise), self.ready_s(airframe, level))
            starts = self.bases_xy[may_rise]
            there_s, start = eta_field(level.airways, starts, ready_s, airframe, motion, level.height_m, points)
            better = there_s < seconds
            seconds[better], chosen[better] = there_s[better], k
            base[better] = may_rise[start[better]]
        return seconds, base, chosen

    def reach(self, airframe: Airframe, base_xy: Points, within_s: float) -> BaseGeometry:
        """What one base reaches within ``within_s`` of the decision being asked for."""
        motion = motion_of(airframe, self.wind)
        grounds = [
            reach(level.airways, base_xy, airframe, motion, within_s - self.ready_s(airframe, level), level.height_m)
            for level in self.levels
            if level.column.closed_at(base_xy) is None
        ]
        return shapely.union_all(grounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Any point of ``area`` (metres) within ``radius_m`` of a base is reached within ``within_s``."""

    area: BaseGeometry
    within_s: float
    radius_m: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.within_s) and self.within_s > 0):
            raise ValueError(f"time {self.within_s} s must be a finite number > 0")
        if not (math.isfinite(self.radius_m) and self.radius_m > 0):
            raise ValueError(f"radius {self.radius_m} m must be a finite number > 0")
        if self.area.is_empty or self.area.area <= 0:
            raise ValueError("the area is empty")

    def claimed(self, bases_xy: Points) -> BaseGeometry:
        """The ground that the claim is about."""
        discs = shapely.buffer(shapely.points(bases_xy), self.radius_m, quad_segs=90)
        return shapely.intersection(self.area, shapely.union_all(discs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Where calls come from: places [n, 2] in metres, and how much each counts [n]."""

    places_xy: Points
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The place of open claimed ground that is seen last; ``base`` is −1 and the times infinite where none can."""

    place_xy: tuple[float, float]
    eta_s: float
    base: int
    distance_m: float
    """Length of the way to it."""
    spare_watch_s: float
    """How long a drone with a full battery could stay there and still come home; negative: it could not come home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What holds of a claim for one airframe. Areas are in square metres; shares are of the claimed ground.

    ``true``: all open ground of it is reached; ``partly``: some; ``false``: none (``why`` says why); ``void``: no
    ground of the area lies within the radius of a base.
    """

    airframe: Airframe
    answer: Answer
    why: str
    turnout_s: float
    area_m2: float
    claimed_m2: float
    closed_m2: float
    reached_m2: float
    reached_p90_m2: float
    """What nine flights of ten reach in time, gusts aside."""
    demand_share: float | None
    """Of the demand on claimed ground; None where none was given or none lies there."""
    worst: Worst | None
    reached: BaseGeometry
    missed: BaseGeometry

    @property
    def reached_share(self) -> float:
        """Share of the claimed ground, closed ground included, that is reached."""
        return self.reached_m2 / self.claimed_m2 if self.claimed_m2 else 0.0

    @property
    def p90_share(self) -> float:
        """Share of the claimed ground, closed ground included, that nine flights of ten reach in time."""
        return self.reached_p90_m2 / self.claimed_m2 if self.claimed_m2 else 0.0

    @property
    def open_share(self) -> float:
        """Share of the claimed ground that is open, and reached."""
        open_m2 = self.claimed_m2 - self.closed_m2
        return min(1.0, self.reached_m2 / open_m2) if open_m2 > 0 else 0.0


def certify(
    claim: Claim, network: Network, airframe: Airframe, demand: Demand | None, cells: Points, cell_m: float
) -> Verdict:
    """What holds of ``claim`` where every base has a drone of this ``airframe`` ready.

    ``cells`` [m, 2] is a grid of step ``cell_m`` over the area, on which the worst point is looked for first.
    """
    claimed = claim.claimed(network.bases_xy)
    open_ground = open_part(claimed, network)
    closed_m2 = claimed.area - open_ground.area
    turnout_s = network.turnout_s(airframe)
    fits = network.wind.speed_mps <= airframe.wind_limit_mps
    bases = network.bases_xy if fits else ()
    covered = shapely.union_all([network.reach(airframe, base, claim.within_s) for base in bases])
    surely_s = network.likely_s(airframe, claim.within_s)
    surely = shapely.union_all([network.reach(airframe, base, surely_s) for base in bases])
    reached = shapely.intersection(open_ground, covered)
    missed = shapely.difference(open_ground, covered)
    worst = worst_point(open_ground, network, airframe, cells, cell_m) if fits else None
    why = ""
    answer: Answer = "partly"
    if claimed.area <= 0:
        answer, why = "void", f"no ground of the area lies within {claim.radius_m:.0f} m of a base"
    elif not fits:
        answer = "false"
        why = f"the wind of {network.wind.speed_mps:g} m/s is above its limit of {airframe.wind_limit_mps:g} m/s"
    elif turnout_s >= claim.within_s:
        answer, why = "false", f"its turnout alone takes {turnout_s:.1f} s"
    elif reached.area <= 0:
        answer, why = "false", "no open ground is reached in time"
    elif worst is not None and worst.eta_s <= claim.within_s and thin(missed):
        answer = "true"
    return Verdict(
        airframe=airframe,
        answer=answer,
        why=why,
        turnout_s=turnout_s,
        area_m2=claim.area.area,
        claimed_m2=claimed.area,
        closed_m2=closed_m2,
        reached_m2=reached.area,
        reached_p90_m2=shapely.intersection(open_ground, surely).area,
        demand_share=_demand_share(demand, claimed, covered),
        worst=worst,
        reached=reached,
        missed=missed,
    )


def open_part(ground: BaseGeometry, network: Network) -> BaseGeometry:
    """What of ``ground`` is not closed by a geozone at every level."""
    closed = network.closed()
    return ground if closed.is_empty else shapely.difference(ground, shapely.buffer(closed, CLEAR_OF_CLOSED_M))


def thin(ground: BaseGeometry) -> bool:
    """Whether nothing of ``ground`` is wider than the undecided band."""
    return bool(shapely.is_empty(shapely.buffer(ground, -BAND_M / 2)))


def worst_point(
    open_ground: BaseGeometry, network: Network, airframe: Airframe, cells: Points, cell_m: float
) -> Worst | None:
    """The place of ``open_ground`` that is seen last; None where there is no ground.

    The worst is a local one of the field, found from ``cells`` of step ``cell_m`` and from the rims: a hollow behind
    zones that is smaller than a cell and touches no rim can hide from it. The polygons of :func:`certify` see it.
    """
    if open_ground.is_empty:
        return None
    held = shapely.buffer(open_ground, 0.01)
    shapely.prepare(held)
    points = np.concatenate([cells[shapely.intersects_xy(held, *cells.T)], _rim(open_ground, cell_m)])
    seconds, base = network.eta(airframe, points)
    worst = int(np.argmax(seconds))
    if np.isfinite(seconds[worst]):
        best = (float(seconds[worst]), points[worst], int(base[worst]))
        for start in _apart(points, seconds, 2 * cell_m):
            best = max(best, _climbed(held, open_ground, network, airframe, start, cell_m), key=lambda found: found[0])
    else:
        best = (math.inf, points[worst], -1)
    eta_s, place, k = best
    distance_m, spare_watch_s = _errand(network, airframe, k, place) if k >= 0 else (math.inf, -math.inf)
    return Worst(
        place_xy=(float(place[0]), float(place[1])),
        eta_s=eta_s,
        base=k,
        distance_m=distance_m,
        spare_watch_s=spare_watch_s,
    )


def speed_needed_mps(
    claim: Claim, network: Network, airframe: Airframe, cells: Points, cell_m: float
) -> tuple[float | None, str]:
    """The least speed that makes the claim true, all else equal; or None, and why no speed does.

    The speed is the one commanded over ground; the airspeed is as much above it as it is now. Found by bisection on
    the real flight time to the worst points, to 0.01 m/s, and confirmed on the whole field.
    """
    turnout_s = network.turnout_s(airframe)
    if turnout_s >= claim.within_s:
        return None, f"turnout alone takes {turnout_s:.1f} s"
    if network.wind.speed_mps > airframe.wind_limit_mps:
        return None, "it does not fly in this wind at any speed"
    open_ground = open_part(claim.claimed(network.bases_xy), network)
    if open_ground.is_empty:
        return None, "there is no open ground in the claim"
    places: list[tuple[float, float]] = []
    speed_mps = airframe.speed_mps
    for _ in range(MOST_PLACES):  # the worst place at one speed need not be the worst at another
        worst = worst_point(open_ground, network, faster(airframe, speed_mps), cells, cell_m)
        assert worst is not None
        if places and worst.eta_s <= claim.within_s + UNDECIDED_S:
            break
        if worst.base < 0:
            return None, "some open ground has no legal way to it"
        places.append(worst.place_xy)
        found = _least_speed_mps(claim.within_s, network, airframe, np.array(places))
        if found is None:
            brisk = f"speeding up and braking at {airframe.acceleration_mps2:g} m/s²"
            return None, f"even at {TOP_SPEED_MPS:.0f} m/s, {brisk} takes too long"
        speed_mps = found
    return speed_mps, ""


def faster(airframe: Airframe, speed_mps: float) -> Airframe:
    """The same aircraft at another commandable speed; its airspeed keeps its margin over it."""
    margin_mps = airframe.airspeed_mps - airframe.speed_mps
    return replace(airframe, speed_mps=speed_mps, airspeed_mps=max(0.1, speed_mps + margin_mps))


def _least_speed_mps(within_s: float, network: Network, airframe: Airframe, places: Points) -> float | None:
    """The least speed at which all ``places`` are seen in time, by bisection; None where none will do."""
    low, high = 0.1, TOP_SPEED_MPS

    def in_time(speed_mps: float) -> bool:
        return bool(network.eta(faster(airframe, speed_mps), places)[0].max() <= within_s)

    if not in_time(high):
        return None
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if in_time(middle) else (middle, high)
    return high


def _demand_share(demand: Demand | None, claimed: BaseGeometry, covered: BaseGeometry) -> float | None:
    if demand is None or claimed.is_empty:
        return None
    shapely.prepare([claimed, covered])
    x, y = demand.places_xy.T
    ours = shapely.intersects_xy(claimed, x, y)
    total = float(demand.weights[ours].sum())
    return float(demand.weights[ours & shapely.intersects_xy(covered, x, y)].sum()) / total if total > 0 else None


def _rim(ground: BaseGeometry, step_m: float) -> Points:
    """Points along every rim of ``ground``, its corners among them, at most ``step_m`` apart."""
    return np.asarray(shapely.get_coordinates(shapely.segmentize(shapely.boundary(ground), step_m)))


def _apart(points: Points, seconds: NDArray[np.float64], apart_m: float) -> list[Points]:
    """The worst of ``points`` that lie so far from each other, worst first."""
    left = np.argsort(-seconds, kind="stable")
    chosen: list[Points] = []
    while len(left) and len(chosen) < WORST_PLACES:
        chosen.append(points[left[0]])
        left = left[np.hypot(*(points[left] - chosen[-1]).T) > apart_m]
    return chosen


def _climbed(
    held: BaseGeometry, ground: BaseGeometry, network: Network, airframe: Airframe, start: Points, step_m: float
) -> tuple[float, Points, int]:
    """The worst place about ``start``, on finer and finer grids: its seconds, the place, the base that serves it."""
    offsets = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 7)), axis=-1).reshape(-1, 2)
    best = (-math.inf, start, -1)
    while step_m > FINEST_M:
        grid = best[1] + offsets * step_m
        window = shapely.box(*(best[1] - step_m), *(best[1] + step_m))
        rim = _rim(shapely.intersection(ground, window), step_m / 3)
        near = np.concatenate([best[1][None, :], grid, rim])
        near = near[shapely.intersects_xy(held, *near.T)]
        if not len(near):
            break
        seconds, base = network.eta(airframe, near)
        k = int(np.argmax(seconds))
        best = (float(seconds[k]), near[k], int(base[k]))
        if np.isinf(best[0]):
            break
        step_m /= 3
    return best


def _errand(network: Network, airframe: Airframe, base: int, place: Points) -> tuple[float, float]:
    """Metres of the way from a base to ``place``, and the seconds that a full battery leaves for watching there."""
    level = network.levels[int(network.eta_and_level(airframe, place[None, :])[2][0])]
    airways, motion, dock = level.airways, motion_of(airframe, network.wind), network.bases_xy[base]
    there, back = airways.ways_from(dock, place[None, :], motion)[0], airways.ways_from(place, dock[None, :], motion)[0]
    if there is None:
        return math.inf, -math.inf
    out = timed_plan(airways.legs(there, motion), airframe, height_m=level.height_m, climb_from_m=0.0)
    if back is None:
        return out.distance_m, -math.inf
    home_legs = airways.legs(back, motion)
    home = timed_plan(home_legs, airframe, height_m=level.height_m, climb_from_m=None, sensor=False)
    usable_wh = (1.0 - airframe.reserve_share) * airframe.battery_wh
    left_wh = usable_wh - out.energy_wh - home.energy_wh - landing_energy_wh(level.height_m, airframe)
    return out.distance_m, left_wh * 3600 / airframe.hover_w
