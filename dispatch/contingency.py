"""From every point of a sortie's way a legal way to *some* base, with the energy for it, that does not go on to the
goal: the goal may be what has closed.

One Dijkstra from all bases at once over the airways' corners, run against the wind's arrows, gives the return tree:
from every corner the seconds to the nearest base and the next corner towards it. A drone on a leg may turn back to
the leg's start or, on any leg but the last, go on to its end, and take the tree from there. On the last leg it may also
leave the leg for a corner or a base that it sees on the way. All of these are legal, so the best of them bounds the
nearest way home from above; where the bound fits the battery, so does the way.

Along a leg the two ends' bounds cross once, so the worst point is where they meet and no leg but the last is sampled: a
sortie costs a few lookups a leg. That is cheap for the drone that is chosen, and still too dear for a thousand that
are not: ``decide`` asks it of those it would send, and asks again where one falls out.

In a sky that stands still the way home that ``decide`` demands of every option implies this: from any point on the way,
going on over the goal and home is legal and fits, and pulled taut it gets no longer. It is asked all the same, of
another graph by another library: lives hang on it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from dispatch import reasons
from dispatch.model import Reason, Situation
from dispatch.outbound import ways_out
from dispatch.planning import usable_wh
from dispatch.sky import airways_of, column_of
from geo.airframe import Airframe
from geo.flight import FlightPlan, landing_energy_wh, timed_plan
from geo.position import Position
from geo.route import Airways, Motion, Points, Way, legs_of, motion_of

LEG_SAMPLES = 33
"""The last leg is looked at from so many points of it."""


@dataclass(frozen=True, slots=True, eq=False)
class ReturnTree:
    """The way to the nearest base from every corner of the airways."""

    base_ids: tuple[str, ...]
    sites: Points
    """Where the bases lie. Shape [b, 2]."""
    seconds: NDArray[np.float64]
    """Cruise to the nearest base per corner; infinite where none can be reached. Shape [n]."""
    base: Mapping[int, str]
    """The nearest base per corner that has one."""
    onward: Mapping[int, int]
    """The next corner on the way there; a corner that sees its base has none."""

    def chain(self, corner: int) -> list[int]:
        """The corners on the way to the nearest base, ``corner`` first."""
        way = [corner]
        while way[-1] in self.onward:
            way.append(self.onward[way[-1]])
        return way


@dataclass(frozen=True, slots=True, kw_only=True)
class Contingency:
    """The way out of the worst point of one leg."""

    leg: int
    base_id: str
    way: Points
    """From the worst point to the base. Shape [n, 2]."""
    spare_wh: float
    """What the battery then holds above its reserve, landed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Out:
    """A way to a base: seconds of cruise, and where it leads. ``from_s`` is how far into the leg it begins."""

    from_s: float
    seconds: float
    base_id: str
    way: Points

    @property
    def total_s(self) -> float:
        return self.from_s + self.seconds


@lru_cache(maxsize=64)
def return_tree(airways: Airways, motion: Motion, bases: tuple[tuple[str, tuple[float, float]], ...]) -> ReturnTree:
    """The return tree to ``bases`` (id, metres); the same question is answered once."""
    corners = airways.corners
    sites = np.array([place for _, place in bases]).reshape(-1, 2)
    graph: nx.DiGraph[int | str] = nx.DiGraph()
    graph.add_nodes_from(range(len(corners)))
    graph.add_weighted_edges_from((b, a, times["weight"]) for a, b, times in airways.graph(motion).edges(data=True))
    for (base_id, _), site in zip(bases, sites, strict=True):
        graph.add_node(base_id)
        seen = np.flatnonzero(airways.sees(site, corners)) if len(corners) else np.empty(0, dtype=np.intp)
        for corner, leg_s in zip(seen.tolist(), motion.leg_times_s(site - corners[seen]).tolist(), strict=True):
            if not math.isnan(leg_s):
                graph.add_edge(base_id, corner, weight=leg_s)
    seconds = np.full(len(corners), np.inf)
    base: dict[int, str] = {}
    onward: dict[int, int] = {}
    ways = nx.multi_source_dijkstra_path(graph, {base_id for base_id, _ in bases}) if bases else {}
    times = nx.multi_source_dijkstra_path_length(graph, {base_id for base_id, _ in bases}) if bases else {}
    for node, way in ways.items():
        if isinstance(node, int):
            seconds[node], base[node] = times[node], str(way[0])
            if isinstance(way[-2], int):
                onward[node] = way[-2]
    return ReturnTree(tuple(base_id for base_id, _ in bases), sites, seconds, base, onward)


def _out(airways: Airways, motion: Motion, tree: ReturnTree, point: Points) -> _Out | None:
    targets, n = np.vstack([airways.corners, tree.sites]), len(airways.corners)
    beyond_s = np.concatenate([tree.seconds, np.zeros(len(tree.sites))])
    leg_s = motion.leg_times_s(targets - point)
    via_s = np.where(np.isnan(leg_s), np.inf, leg_s) + beyond_s
    for k in np.argsort(via_s, kind="stable").tolist():  # the best that is seen: most often among the first few
        if math.isinf(via_s[k]):
            return None
        if airways.sees(point, targets[k : k + 1])[0]:
            if k >= n:
                return _Out(0.0, float(via_s[k]), tree.base_ids[k - n], np.vstack([point, targets[k]]))
            site = tree.sites[tree.base_ids.index(tree.base[k])]
            way = np.vstack([point, airways.corners[tree.chain(k)], site])
            return _Out(0.0, float(via_s[k]), tree.base[k], way)
    return None


def contingencies(
    airways: Airways, motion: Motion, tree: ReturnTree, plan: FlightPlan, airframe: Airframe, usable_wh: float
) -> list[Contingency | None]:
    """One per leg of ``plan``: the way out of its worst point for a drone that began it with ``usable_wh`` above its
    reserve. None for a leg on which there is a point without any way to a base.
    """
    if not plan.legs:
        return []
    corners = airways.frame.xy_of([plan.legs[0].start, *(leg.end for leg in plan.legs)])
    leg_s = np.array([leg.length_m / leg.ground_speed_mps for leg in plan.legs])
    cruise_wh_s = airframe.cruise_w / 3600
    before_wh = plan.energy_wh - float(leg_s.sum()) * cruise_wh_s  # the climb, and what corners and braking cost
    landing_wh = landing_energy_wh(plan.height_m, airframe)
    found: list[Contingency | None] = []
    for leg in range(len(plan.legs)):
        on_it_s, last = float(leg_s[leg]), leg == len(plan.legs) - 1
        ends, until_wh = corners[leg : leg + 2], before_wh + float(leg_s[:leg].sum()) * cruise_wh_s

        def told(out: _Out | None, leg: int = leg, until_wh: float = until_wh) -> Contingency | None:
            if out is None:
                return None
            legs = legs_of(Way(out.way, out.seconds), airways.frame, motion)
            home = timed_plan(legs, airframe, height_m=plan.height_m, climb_from_m=None, sensor=False)
            spent_wh = until_wh + out.from_s * cruise_wh_s + home.energy_wh + landing_wh
            return Contingency(leg=leg, base_id=out.base_id, way=out.way, spare_wh=usable_wh - spent_wh)

        worst = told(_worst(airways, motion, tree, ends, on_it_s, last=last))
        if last and (worst is None or worst.spare_wh < 0):  # to turn back is not enough: look closer
            back_s = float(motion.leg_times_s((ends[0] - ends[1])[None, :])[0])
            worst = told(_by_sight(airways, motion, tree, ends, on_it_s, back_s)) or worst
        found.append(worst)
    return found


def lacking(situation: Situation, drone_id: str, goal: Position) -> Reason | None:
    """Why the way that this drone would fly to ``goal`` may not be flown: a leg without a contingency. None: it may.

    Any base will do that it can come down on, its docks free or not: one tree then serves the whole fleet. Over terrain
    nothing is asked: the tree knows no ground, while the way over the goal and home was found to clear it.
    """
    state, airframe = situation.states[drone_id], situation.airframes[situation.drones[drone_id].airframe]
    plan = None if situation.terrain else ways_out(situation, airframe, [state], goal)[0]
    return None if plan is None else lacking_along(situation, drone_id, plan)


def lacking_along(situation: Situation, drone_id: str, plan: FlightPlan) -> Reason | None:
    """The same of one way that is already found."""
    if situation.terrain or not plan.legs:
        return None
    state, airframe = situation.states[drone_id], situation.airframes[situation.drones[drone_id].airframe]
    airways, motion = airways_of(situation, plan.height_m), motion_of(airframe, situation.wind)
    if airways.closed_at(airways.frame.xy(plan.legs[0].start)) is not None:
        plan = replace(plan, legs=plan.legs[1:])  # it leaves closed ground by the shortest way, whatever that costs
    sites = airways.frame.xy_of([base.position for _, base in sorted(situation.bases.items())])
    may_land = ~column_of(situation, plan.height_m).blocked(sites, sites)
    places = zip(sorted(situation.bases), sites.tolist(), may_land.tolist(), strict=True)
    open_to_it = tuple((id_, (x, y)) for id_, (x, y), open_ in places if open_)
    tree = return_tree(airways, motion, open_to_it)
    found = contingencies(airways, motion, tree, plan, airframe, usable_wh(state, airframe, situation.temperature_c))
    for number, out in enumerate(found, 1):
        if out is None or out.spare_wh < 0:
            return reasons.no_contingency(number, len(found), 0.0 if out is None else -out.spare_wh)
    return None


def _worst(
    airways: Airways, motion: Motion, tree: ReturnTree, ends: Points, leg_s: float, *, last: bool
) -> _Out | None:
    """Of the points of a leg the one from whose beginning the most is flown until a base is reached, and the way out
    from there; None where some point has none."""
    back_s = float(motion.leg_times_s((ends[0] - ends[1])[None, :])[0])
    start = None if math.isnan(back_s) else _out(airways, motion, tree, ends[0])
    end = None if last else _out(airways, motion, tree, ends[1])

    def back(share: float, start: _Out) -> _Out:
        here = ends[0] + share * (ends[1] - ends[0])
        return _Out(share * leg_s, share * back_s + start.seconds, start.base_id, np.vstack([here, start.way]))

    def on(share: float, end: _Out) -> _Out:
        here = ends[0] + share * (ends[1] - ends[0])
        return _Out(share * leg_s, (1 - share) * leg_s + end.seconds, end.base_id, np.vstack([here, end.way]))

    worst: _Out | None
    if start is not None and end is not None:
        # back costs share · back_s + start, on (1 − share) · leg_s + end: the worst is where both are equal
        share = min(1.0, max(0.0, (leg_s + end.seconds - start.seconds) / (back_s + leg_s)))
        worst = min(back(share, start), on(share, end), key=lambda out: out.seconds)
    elif start is not None:
        worst = back(1.0, start)
    else:
        worst = on(0.0, end) if end is not None else None
    return worst


def _by_sight(
    airways: Airways, motion: Motion, tree: ReturnTree, ends: Points, leg_s: float, back_s: float
) -> _Out | None:
    """The worst of some points of the last leg, from each of which the drone leaves it for what it sees; from between
    two of them it first turns back to the one before (or, where the wind forbids that, goes on to the next)."""
    step_s = (leg_s if math.isnan(back_s) else back_s) / (LEG_SAMPLES - 1)
    worst: _Out | None = None
    for share in np.linspace(0.0, 1.0, LEG_SAMPLES).tolist():
        out = _out(airways, motion, tree, ends[0] + share * (ends[1] - ends[0]))
        if out is None:
            return None
        here = replace(out, from_s=share * leg_s + step_s)
        worst = here if worst is None or here.total_s > worst.total_s else worst
    return worst
