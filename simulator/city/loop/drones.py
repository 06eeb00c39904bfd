"""Drones as the event loop sees them: when something comes next, batteries, docks, where they are, what they cover."""

from typing import Any

import numpy as np

from simulator.city.loop.compiled import compiled
from simulator.city.loop.state import COMMANDED, DOCKED, NEVER, SCENE, Array


@compiled
def draw(chance: float, number: int, nth: int) -> float:
    """A number in [0, 1) that only hangs on these three (Steele et al., SplitMix64, OOPSLA 2014)."""
    z = np.uint64(chance * 9007199254740992.0) ^ (np.uint64(number + 1) * np.uint64(0x9E3779B97F4A7C15))
    z = z + np.uint64(nth + 1) * np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


# --- what comes next ---


@compiled
def set_next(tree: Array, number: int, at_s: float) -> None:
    """Something comes next for this drone at ``at_s``."""
    k = number + len(tree) // 2
    tree[k] = at_s
    while k > 1:
        k //= 2
        tree[k] = min(tree[2 * k], tree[2 * k + 1])


@compiled
def next_s(tree: Array, number: int) -> float:
    return float(tree[number + len(tree) // 2])


@compiled
def soonest(tree: Array) -> int:
    """The drone whose next instant is the first; the lower number of equals."""
    k, half = 1, len(tree) // 2
    while k < half:
        k = 2 * k if tree[2 * k] <= tree[2 * k + 1] else 2 * k + 1
    return k - half


# --- batteries ---


@compiled
def _share(drone: Any, now_s: float) -> float:
    """What is left in its battery."""
    return min(1.0, drone.share - drone.share_per_s * (now_s - drone.share_at_s))


@compiled
def full_wh(kind: Any) -> float:
    """What a full battery holds at this temperature."""
    return kind.battery_wh * kind.capacity


@compiled
def lose(drone: Any, now_s: float, share_per_s: float) -> None:
    """From now on its battery loses this share of it every second."""
    drone.share = _share(drone, now_s)
    drone.share_at_s, drone.share_per_s = now_s, share_per_s


@compiled
def spend(tables: Any, state: Any, number: int, wh: float, in_s: float) -> None:
    """From now on its battery loses as much as ``wh`` in ``in_s``."""
    g, drone = state.g[0], state.drones[number]
    lose(drone, g.now_s, wh / max(in_s, 1e-3) / full_wh(tables.kinds[g.scene, drone.kind]))


@compiled
def usable_wh(tables: Any, state: Any, number: int) -> float:
    """What is left in its battery above the reserve."""
    g, drone = state.g[0], state.drones[number]
    kind = tables.kinds[g.scene, drone.kind]
    return (_share(drone, g.now_s) - kind.reserve) * full_wh(kind)


# --- docks ---


@compiled
def set_at(tables: Any, state: Any, number: int, base: int) -> None:
    """It stands at a base, or is to; -1: at none. A dock of its own is kept for it wherever it is."""
    drone = state.drones[number]
    before = drone.at
    if before >= 0 and before != drone.own:
        state.taken[before] -= 1
        state.g[0].free_docks += state.taken[before] < tables.docks[before]
    if base >= 0 and base != drone.own:
        state.g[0].free_docks -= state.taken[base] < tables.docks[base]
        state.taken[base] += 1
    drone.at = base


@compiled
def free_docks(tables: Any, state: Any, base: int, besides: int) -> int:
    """Docks that no drone but ``besides`` calls its own, stands on or is on its way to."""
    holds = state.drones[besides].own == base or state.drones[besides].at == base
    return int(tables.docks[base] - state.taken[base] + holds)


@compiled
def home_for(tables: Any, state: Any, number: int, scene: int, level: int, place: int, within_wh: float) -> int:
    """The base to come home to from a place: its own, else the quickest with a free dock; -1: none ``within_wh``."""
    drone = state.drones[number]
    homes, own = tables.homes[scene, drone.kind, level, place], drone.own
    if within_wh < 0.0:
        return -1
    if homes[own].s < NEVER and homes[own].wh <= within_wh:
        return int(own)
    first, end = 0, len(homes)
    if state.g[0].free_docks == 0:  # but for the one that it stands on, or is on its way to
        first, end = max(0, drone.at), drone.at + 1
    best, best_s = -1, NEVER
    for base in range(first, end):
        quicker = homes[base].s < best_s and homes[base].wh <= within_wh
        if quicker and free_docks(tables, state, base, number) > 0:
            best, best_s = base, homes[base].s
    return best


# --- where they are ---


@compiled
def set_state(state: Any, number: int, doing: int) -> None:
    """What it does from now on. Who is docked is in the line of its base, who may be sent on is in ``about``."""
    g, drone = state.g[0], state.drones[number]
    if drone.state == DOCKED:
        if state.docked[drone.at] == number:
            state.docked[drone.at] = drone.beside
        else:
            other = state.docked[drone.at]
            while state.drones[other].beside != number:
                other = state.drones[other].beside
            state.drones[other].beside = drone.beside
    elif drone.state < SCENE:
        g.about -= 1
        last = state.about[g.about]
        state.about[drone.spot] = last
        state.drones[last].spot = drone.spot
    drone.state = doing
    if doing == DOCKED:
        drone.beside = state.docked[drone.at]
        state.docked[drone.at] = number
    elif doing < SCENE:
        drone.spot = g.about
        state.about[g.about] = number
        g.about += 1


@compiled
def set_leg(drone: Any, x: float, y: float, from_s: float, goal: Any, until_s: float) -> None:
    """It flies straight to ``goal``, a place or a node, as far as anybody asks where it is."""
    drone.from_x, drone.from_y, drone.from_s = x, y, from_s
    drone.to_x, drone.to_y, drone.until_s = goal.x, goal.y, until_s


@compiled
def node_of(near: Array, raster: Array, drone: Any, now_s: float) -> int:
    """The lattice's node where a drone in the air is taken to be."""
    x, y = drone.to_x, drone.to_y
    if now_s < drone.until_s:
        along = max(0.0, (now_s - drone.from_s) / (drone.until_s - drone.from_s))
        x = drone.from_x + along * (drone.to_x - drone.from_x)
        y = drone.from_y + along * (drone.to_y - drone.from_y)
    row = min(max(int((y - raster[1]) / raster[2]), 0), near.shape[0] - 1)
    column = min(max(int((x - raster[0]) / raster[2]), 0), near.shape[1] - 1)
    return int(near[row, column])


@compiled
def way_out(tables: Any, state: Any, number: int, place: int) -> tuple[int, float, int]:
    """Milliseconds until it sees a place (``NO_MS``: it cannot go there), energy until it hovers there, and the number
    of the height: from the dock that it stands on, or from the node where it is taken to be."""
    g, drone = state.g[0], state.drones[number]
    if drone.state <= COMMANDED:
        way = tables.ways[g.scene, drone.kind, place, drone.at]
        return int(way.ms), float(way.wh), int(way.level)
    air = tables.air[g.scene, drone.kind, place, node_of(tables.near, tables.raster, drone, g.now_s)]
    return int(air.ms), float(air.wh), 0


# --- what they cover ---


@compiled
def set_idle(tables: Any, state: Any, number: int) -> None:
    """Count a drone in or out of those that cover places, as it now stands."""
    g, drone = state.g[0], state.drones[number]
    idle = drone.state == DOCKED and drone.out_until_s <= g.now_s and tables.kinds[g.scene, drone.kind].flies
    if idle == drone.idle:
        return
    drone.idle = idle
    change, begins = 1 if idle else -1, tables.cover_at[g.scene, drone.kind]
    for k in range(begins[drone.at], begins[drone.at + 1]):
        place = tables.cover[k]
        many = state.covered_by[place]
        state.covered_by[place] = many + change
        state.covered[max(many, many + change)] += change * tables.places[place].weight


@compiled
def cover_of_one(tables: Any, state: Any, kind: int, base: int, more: int) -> float:
    """What the last idle drone of ``base`` adds to expected coverage (``more`` 0), or one more there would (1).

    Daskin's MEXCLP (Transportation Science 17, 1983): the k-th drone that covers a place adds (1 - q) q^(k - 1) of it.
    """
    begins = tables.cover_at[state.g[0].scene, kind]
    total = 0.0
    for k in range(begins[base], begins[base + 1]):
        place = tables.cover[k]
        total += tables.places[place].weight * state.adds[state.covered_by[place] + more]
    return total
