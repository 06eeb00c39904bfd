"""Routes, rankings and fields of arrival times round 200 zones in wind, each beside a peer in the same run.

``python -m benchmarks flight_truth`` takes some four minutes, most of them the peers'. Ratios are what it is for:
seconds differ from machine to machine.
"""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import networkx as nx
import numpy as np
import pyvisgraph
import shapely
import skfmm
from rich.console import Console
from rich.table import Table

from dispatch.decide import decide
from dispatch.demand import remember
from dispatch.model import Base, Clocks, Drone, DroneState, Incident, Rules, Situation, Sortie, SortieState
from dispatch.outbound import flights_out
from geo.airframe import Airframe
from geo.airspace import Area, Geozone
from geo.certify import Demand
from geo.field import eta_field
from geo.flight import FlightPlan, FlightTime
from geo.flights import flown
from geo.frame import LocalFrame
from geo.kernels.grid import Floats
from geo.position import Position
from geo.route import Airways, Motion, Points, motion_of
from geo.wind import CALM, Wind

FRAME = LocalFrame(Position(121.0, 31.4))
ZONES, CORNERS, BASES, HALF_M = 200, 12, 100, 10_000.0
RUNS, SIDE, PLACES = 200, 600, 3900
WIND = Wind(6.0, 300.0)
NOW_S = 1_800_000_000.0
HOMEWARD_MPS = 18.0
QUAD = Airframe(
    name="quad", kind="multirotor", speed_mps=21.0, airspeed_mps=23.0, acceleration_mps2=3.0, climb_mps=5.0,
    descent_mps=4.0, takeoff_mps=5.0, landing_mps=1.0, dock_s=8.0, arm_s=3.0, battery_wh=500.0, reserve_share=0.2,
    hover_w=185.0, cruise_w=215.0, climb_w=300.0, charge_w=400.0, wind_limit_mps=12.0, rain_limit_mm_h=4.0,
    sensors=("visible",), camera_half_angle_deg=30.0, source="the demo's dock-quad with a battery that no zone empties",
)  # fmt: skip


def zones_of(count: int, seed: int = 1) -> tuple[Geozone, ...]:
    """``count`` zones of twelve corners each, strewn over 20 by 20 km."""
    chance = np.random.default_rng(seed)
    zones = []
    for number in range(count):
        turns = chance.uniform(0, 2 * math.pi) + np.linspace(0, 2 * math.pi, CORNERS, endpoint=False)
        radii = chance.uniform(100, 500) * chance.uniform(0.7, 1, CORNERS)
        ring = chance.uniform(-HALF_M, HALF_M, 2) + np.stack([np.cos(turns), np.sin(turns)], axis=1) * radii[:, None]
        outline = tuple((lon, lat) for lon, lat in FRAME.to_lonlat(ring).tolist())
        zones.append(Geozone(id=f"Z{number:03}", name="", ground=Area(outline=outline)))
    return tuple(zones)


def open_places(airways: Airways, count: int, chance: np.random.Generator) -> Points:
    """Places outside all zones. Shape [count, 2]."""
    places = chance.uniform(-HALF_M, HALF_M, (3 * count + 100, 2))
    return places[~airways.blocked(places, places)][:count]


def situation_of(zones: tuple[Geozone, ...], bases: Points, drones: Points, goal: Points, *, docked: bool) -> Situation:
    """An incident at ``goal``, and drones that stand on the bases in turn, or come home over these places at speed."""
    courses_deg = np.random.default_rng(3).uniform(0.0, 360.0, len(drones)).tolist()
    base = {
        f"B{k:03}": Base(id=f"B{k:03}", name="", name_zh="", position=FRAME.position(tuple(xy)), ground_amsl_m=0.0,
                         docks=len(drones))
        for k, xy in enumerate(bases.tolist())
    }  # fmt: skip
    names = list(base)
    fleet = {
        f"D{k:05}": Drone(id=f"D{k:05}", airframe="quad", base_id=names[k % len(names)], system_id=1)
        for k in range(len(drones))
    }
    states = {
        drone.id: DroneState(
            drone_id=drone.id, connected=True, healthy=True, battery_share=1.0, seen_at_s=NOW_S,
            position=base[drone.base_id].position if docked else FRAME.position(tuple(xy)),
            in_air=not docked, armed=not docked, height_m=0.0 if docked else 60.0,
            ground_speed_mps=0.0 if docked else HOMEWARD_MPS, course_deg=None if docked else course_deg,
        )
        for drone, xy, course_deg in zip(fleet.values(), drones.tolist(), courses_deg, strict=True)
    }  # fmt: skip
    sorties = {
        drone_id: Sortie(
            id=f"{drone_id}.1", drone_id=drone_id, incident_id=None, decision_id="", state=SortieState.RETURNING,
            out=FlightPlan(legs=(), height_m=60.0, time=FlightTime()), planned_at_s=NOW_S,
            home_base_id=fleet[drone_id].base_id,
        )
        for drone_id in fleet if not docked
    }  # fmt: skip
    incident = Incident(
        id="I1", position=FRAME.position(tuple(goal.tolist())), type="fire", priority=1, needs=("visible",),
        watch_s=300.0, clocks=Clocks(reported_at_s=NOW_S),
    )  # fmt: skip
    return Situation(
        now_s=NOW_S, centre=FRAME.origin, ground_amsl_m=0.0, rules=Rules(), airframes=MappingProxyType({"quad": QUAD}),
        types=MappingProxyType({}), bases=MappingProxyType(base), drones=MappingProxyType(fleet),
        states=MappingProxyType(states), incidents=MappingProxyType({"I1": incident}),
        sorties=MappingProxyType(sorties),
        zones=MappingProxyType({zone.id: zone for zone in zones}), wind=WIND,
    )  # fmt: skip


def seconds(work: Callable[..., Any], *given: Any) -> float:
    """Seconds that ``work`` took."""
    began_s = time.perf_counter()
    work(*given)
    return time.perf_counter() - began_s


# ---------------------------------------------------------------- peers


def networkx_query(airways: Airways, starts: Points, goal: Points, motion: Motion) -> Floats:
    """The obvious way: corners, starts and goal joined where shapely sees them, then Dijkstra by networkx."""
    closed = airways.closed_ground
    tree, points = shapely.STRtree(closed), np.vstack([airways.corners, goal, starts])
    n = len(airways.corners)
    graph: nx.DiGraph[int] = nx.DiGraph()
    for i in range(len(points)):
        others = np.arange(min(i, n + 1))  # starts are joined with corners and the goal, not with each other
        if not len(others):
            continue
        lines = shapely.linestrings(np.stack([np.broadcast_to(points[i], (len(others), 2)), points[others]], axis=1))
        clear = np.ones(len(others), dtype=bool)
        clear[tree.query(lines, predicate="intersects")[0]] = False
        for sign, flip in ((1.0, False), (-1.0, True)):
            leg_s = motion.leg_times_s(sign * (points[others] - points[i]))
            for j, took in zip(others[clear].tolist(), leg_s[clear].tolist(), strict=True):
                if not math.isnan(took):
                    graph.add_edge(*((j, i) if flip else (i, j)), weight=took)
    reached = nx.single_source_dijkstra_path_length(graph.reverse(copy=False), n)
    return np.array([reached.get(n + 1 + k, math.inf) for k in range(len(starts))])


def pyvisgraph_query(airways: Airways, starts: Points, goal: Points) -> list[float]:
    """pyvisgraph: a visibility graph of the zones, then one path for each start, in calm air: it knows no wind."""
    rings = [[pyvisgraph.Point(x, y) for x, y in p.exterior.coords[:-1]] for p in airways.closed_ground]
    graph = pyvisgraph.VisGraph()
    graph.build(rings, status=False)
    there = pyvisgraph.Point(*goal.tolist())
    lengths = []
    for start in starts.tolist():
        path = graph.shortest_path(pyvisgraph.Point(*start), there)
        lengths.append(sum(math.hypot(b.x - a.x, b.y - a.y) for a, b in itertools.pairwise(path)))
    return lengths


def fast_marching(airways: Airways, bases: Points, side: int, cells: Points) -> Floats:
    """scikit-fmm: one march for each base over the same grid, the least of all; it knows no wind and no turnout."""
    shut = airways.blocked(cells, cells).reshape(side, side)
    step_m = 2 * HALF_M / (side - 1)
    best = np.full((side, side), np.inf)
    for base in bases:
        phi = np.hypot(cells[:, 0] - base[0], cells[:, 1] - base[1]).reshape(side, side) - 2 * step_m
        took = skfmm.travel_time(np.ma.MaskedArray(phi, shut), np.full((side, side), QUAD.speed_mps), dx=step_m)
        best = np.minimum(best, np.ma.filled(took, np.inf))
    return best.ravel()


# ---------------------------------------------------------------- the table


def main(words: list[str]) -> None:
    """Measure and print; ``quick`` leaves out the slow peers."""
    quick = "quick" in words
    console, chance = Console(width=150), np.random.default_rng(2)
    table = Table(title=f"{ZONES} zones of {CORNERS} corners, wind {WIND.speed_mps:g} m/s", title_justify="left")
    for heading in ("what", "here", "peer", "peer's", "ratio"):
        table.add_column(heading, justify="left" if heading in ("what", "peer") else "right")

    def row(what: str, here: str, peer: str = "", peers: str = "", ratio: str = "") -> None:
        table.add_row(what, here, peer, peers, ratio)
        console.print(f"  {what}: {here} {peer} {peers} {ratio}", highlight=False)

    zones, motion = zones_of(ZONES), motion_of(QUAD, WIND)
    Airways(FRAME, zones[:3]).ways_to(np.zeros(2), np.ones((2, 2)), motion)  # compiled, or read from disk, once
    prepare_s = [seconds(Airways, FRAME, zones) for _ in range(10)]
    airways = Airways(FRAME, zones)
    row(f"prepare the airspace ({len(airways.corners)} corners)", ms(prepare_s))
    row("one zone lifted, and the first answer after it", ms([seconds(lifted, zones, k, motion) for k in range(20)]))

    bases = open_places(airways, BASES, chance)
    for count, docked in itertools.product((1000, 10_000), (True, False)):
        drones, goals = open_places(airways, count, chance), open_places(airways, RUNS + 1, chance)
        where = f"on {BASES} bases" if docked else "in the air, each elsewhere and at speed"
        asked = [situation_of(zones, bases, drones, goal, docked=docked) for goal in goals[:1]]
        asked += [elsewhere(asked[0], goal) for goal in goals[1:]]
        took_s = [seconds(flights_out, one, QUAD, list(one.states.values()), one.incidents["I1"].position)
                  for one in asked][1:]  # fmt: skip
        what = f"one incident, {count:,} drones {where}"
        if docked:
            row(f"{what}: timed and ranked, with climb and energy", ms(took_s))
        else:
            rank_s = [seconds(ranked, airways, motion, drones, goal) for goal in goals][1:]
            peer: tuple[str, ...] = ()
            if count == 1000 and not quick:
                peer_s = seconds(networkx_query, airways, drones, goals[0], motion)
                peer = "shapely + networkx, per query", f"{peer_s:.1f} s", f"{peer_s / np.median(rank_s):,.0f} ×"
            row(f"{what}: timed and ranked", ms(rank_s), *peer)
            row("    with climb and energy, out of a situation", ms(took_s))
        row("    decided: every drone explained in objects", ms([seconds(decide, one) for one in asked[:20]]))
        if docked:
            weighed = [by_coverage(one, open_places(airways, PLACES, np.random.default_rng(2))) for one in asked[:20]]
            first_s = seconds(decide, weighed[0])
            row(f"    by coverage-preserving, {PLACES:,} places: the first in this wind", ms([first_s]))
            row("        each after it", ms([seconds(decide, one) for one in weighed[1:]]))

    few, calm = Airways(FRAME, zones_of(20)), motion_of(QUAD, CALM)
    starts, goal = open_places(few, 20, chance), open_places(few, 1, chance)[0]
    here_s = seconds(lambda: Airways(FRAME, zones_of(20)).ways_to(goal, starts, calm))
    if not quick:
        try:
            peer_s = seconds(pyvisgraph_query, few, starts, goal)
            told = f"{peer_s:.1f} s", f"{peer_s / here_s:,.0f} ×"
        except UnboundLocalError as error:  # pyvisgraph 0.2.1 on zones that meet at one height
            told = "fails", type(error).__name__
        row("20 zones prepared and 20 ways, calm", f"{here_s * 1e3:.0f} ms", "pyvisgraph", *told)

    axis = np.linspace(-HALF_M, HALF_M, SIDE)
    cells = np.stack([grid.ravel() for grid in np.meshgrid(axis, axis)], axis=1)
    field_s = seconds(eta_field, airways, bases, np.zeros(BASES), QUAD, motion, 60.0, cells)
    row(f"ETA field, {BASES} bases, {SIDE} × {SIDE} cells, wind", f"{field_s:.1f} s")
    calm_s = seconds(eta_field, airways, bases, np.zeros(BASES), QUAD, calm, 60.0, cells)
    peer_s = seconds(fast_marching, airways, bases, SIDE, cells)
    row("the same in calm air", f"{calm_s:.1f} s", "scikit-fmm, a march per base", f"{peer_s:.1f} s",
        f"{peer_s / calm_s:.1f} ×")  # fmt: skip
    console.print(table)


def ranked(airways: Airways, motion: Motion, starts: Points, goal: Points) -> Floats:
    """Drones at ``starts`` in the order in which they see ``goal``."""
    fan = airways.fan(goal, starts, motion, towards=True)
    order: Floats = np.argsort(flown(fan, motion, QUAD, QUAD.footprint_radius_m(60.0)).seen_at_s)
    return order


def lifted(zones: tuple[Geozone, ...], k: int, motion: Motion) -> None:
    """The airspace without zone ``k``, and a question to it."""
    Airways(FRAME, zones[:k] + zones[k + 1 :]).tree(np.zeros(2), motion, towards=True)


def by_coverage(situation: Situation, places: Points) -> Situation:
    """The same, decided by coverage-preserving; all places count the same."""
    demand = remember(Demand(places_xy=places, weights=np.full(len(places), 1.0 / len(places))))
    return replace(situation, rules=replace(situation.rules, policy="coverage-preserving"), demand=demand)


def elsewhere(one: Situation, goal: Points) -> Situation:
    """The same with the incident at ``goal``."""
    incident = replace(one.incidents["I1"], position=FRAME.position(tuple(goal.tolist())))
    return replace(one, incidents=MappingProxyType({"I1": incident}))


def ms(took_s: list[float]) -> str:
    """Median, 99th percentile and worst, in milliseconds."""
    p50, p99, worst = np.percentile(took_s, [50, 99, 100]) * 1e3
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms ({len(took_s)} runs)"
