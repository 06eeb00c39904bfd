"""The compiled event loop: calls, drones and one clock, deciding as :func:`dispatch.decide.decide` does.

What a drone is asked, what it costs and who is chosen is the same as there: every drone that may be asked, its response
time in whole milliseconds, then its place in the alphabet; the battery must hold for the way out, the watch (or a
relay's least stint) and the way to some base; the most urgent class of incidents first, within a class as many as
possible in the least total time; a drone under way may be taken for a more urgent incident for a price. What differs is
where times come from: they are looked up (:mod:`simulator.city.world`), and a drone in the air stands at the nearest
node of a lattice. ``tests/simulator/city/test_same_decisions.py`` asks both the same 100,000 questions.

All functions are in this one file, for numba renews what it keeps on disk when the file of the outer function changes;
and none of them makes an array, so that they are compiled without numba's counting of references (``_nrt=False``) and
into one piece (``forceinline``): both together took nine tenths of the time. A run goes on where it stopped:
:func:`go` returns when it needs calls, when its outcomes must be taken, or before every decision where that is asked
for.
"""

from typing import Any

import numpy as np
from numba import njit

from simulator.city.state import (
    ASSIGNED,
    BROKEN,
    CALLS,
    CHECK,
    COMMANDED,
    DEAR,
    DECIDE,
    DECISIONS,
    DIVERTED,
    DOCKED,
    DONE,
    END,
    FAILURES,
    FREE,
    FULL,
    HANDOVER,
    HOME,
    IN_VAIN_S,
    LANDING,
    LAUNCHES,
    LEAVE,
    LOST,
    MERGED,
    MOVED_UP,
    NEVER,
    NEW_SCENE,
    NO_MS,
    OPEN,
    OUT,
    OUT_OF_SERVICE,
    PREEMPTED,
    REFUSALS,
    REFUSED,
    REFUSED_LAUNCHES,
    RELIEF_DUE,
    RELIEFS,
    ROOM,
    SCENE,
    SERVED,
    SLACK_WH,
    TOGETHER,
    UNFIT,
    UNKNOWN,
    WAITS,
    WATCHED,
    Array,
)

UNCOUNTED: Any = {"cache": True, "_nrt": False, "forceinline": True}


@njit(**UNCOUNTED)
def _draw(chance: float, drone: int, number: int) -> float:
    """A number in [0, 1) that only hangs on these three (Steele et al., SplitMix64, OOPSLA 2014)."""
    z = np.uint64(chance * 9007199254740992.0) ^ (np.uint64(drone + 1) * np.uint64(0x9E3779B97F4A7C15))
    z = z + np.uint64(number + 1) * np.uint64(0xD1B54A32D192ED03)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@njit(**UNCOUNTED)
def _set_next(tree: Array, drone: int, at_s: float) -> None:
    k = drone + len(tree) // 2
    tree[k] = at_s
    while k > 1:
        k //= 2
        tree[k] = min(tree[2 * k], tree[2 * k + 1])


@njit(**UNCOUNTED)
def _soonest(tree: Array) -> int:
    """The drone whose next instant is the first; the lower number of equals."""
    k, half = 1, len(tree) // 2
    while k < half:
        k = 2 * k if tree[2 * k] <= tree[2 * k + 1] else 2 * k + 1
    return k - half


@njit(**UNCOUNTED)
def _share(drone: Any, now_s: float) -> float:
    """What is left in its battery."""
    share: float = drone.share - drone.rate * (now_s - drone.share_at_s)
    return min(1.0, share)


@njit(**UNCOUNTED)
def _spend(drone: Any, now_s: float, rate: float) -> None:
    """From now on its battery loses ``rate`` a second."""
    drone.share = _share(drone, now_s)
    drone.share_at_s = now_s
    drone.rate = rate


@njit(**UNCOUNTED)
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


@njit(**UNCOUNTED)
def _set_idle(tables: Any, state: Any, drone: int) -> None:
    """Count a drone in or out of those that cover places, as it now stands."""
    idle = state.drones[drone].state == DOCKED and state.drones[drone].out_until_s <= state.g[0].now_s
    scene, kind = state.g[0].scene, state.drones[drone].kind
    idle = idle and tables.kinds[scene, kind].flies
    if idle == state.drones[drone].idle:
        return
    state.drones[drone].idle = idle
    _cover(tables, state, kind, state.drones[drone].at, 1 if idle else -1)


@njit(**UNCOUNTED)
def _cover(tables: Any, state: Any, kind: int, base: int, change: int) -> None:
    begins = tables.cover_at[state.g[0].scene, kind]
    for k in range(begins[base], begins[base + 1]):
        place = tables.cover[k]
        before = state.covered_by[place]
        state.covered_by[place] = before + change
        many = max(before, before + change)
        if many <= 2:
            if many == 1:
                state.g[0].share_1 += change * tables.places[place].weight
            else:
                state.g[0].share_2 += change * tables.places[place].weight


@njit(**UNCOUNTED)
def _loss(tables: Any, state: Any, kind: int, base: int, more: int) -> float:
    """What the last idle drone of ``base`` adds to expected coverage (``more`` 0), or one more there would (1).

    Daskin's MEXCLP (Transportation Science 17, 1983): the k-th drone that covers a place adds (1 - q) q^(k - 1) of it.
    """
    begins = tables.cover_at[state.g[0].scene, kind]
    total = 0.0
    for k in range(begins[base], begins[base + 1]):
        place = tables.cover[k]
        total += tables.places[place].weight * state.g[0].busy ** (state.covered_by[place] - 1 + more)
    return total * (1.0 - state.g[0].busy)


@njit(**UNCOUNTED)
def _set_at(tables: Any, state: Any, drone: int, base: int) -> None:
    """It stands at a base, or is to; -1: at none."""
    before, own = state.drones[drone].at, state.drones[drone].own
    if before >= 0 and before != own:
        state.taken[before] -= 1
        state.g[0].free_docks += state.taken[before] < tables.docks[before]
    if base >= 0 and base != own:
        state.g[0].free_docks -= state.taken[base] < tables.docks[base]
        state.taken[base] += 1
    state.drones[drone].at = base


@njit(**UNCOUNTED)
def _free_docks(tables: Any, state: Any, base: int, besides: int) -> int:
    """Docks that no drone but ``besides`` calls its own, stands on or is on its way to."""
    its_own = state.drones[besides].own == base or state.drones[besides].at == base
    return int(tables.docks[base] - state.taken[base] + its_own)


@njit(**UNCOUNTED)
def _home(tables: Any, state: Any, homes: Array, drone: int, within_wh: float) -> int:
    """The base to come home to, ``homes`` [b] being the ways from the place: its own, else the quickest within its
    energy with a free dock; -1: none within."""
    if within_wh < 0.0:
        return -1
    own = state.drones[drone].own
    if homes[own].s < NEVER and homes[own].wh <= within_wh:
        return int(own)
    best, best_s = -1, NEVER
    if state.g[0].free_docks == 0:  # but for its own
        stands = state.drones[drone].at
        if stands >= 0 and homes[stands].s < NEVER and homes[stands].wh <= within_wh:
            return int(stands)
        return -1
    for base in range(len(homes)):
        quicker = homes[base].s < best_s and homes[base].wh <= within_wh
        if quicker and (base == own or _free_docks(tables, state, base, drone) > 0):
            best, best_s = base, homes[base].s
    return best


@njit(**UNCOUNTED)
def _usable_wh(tables: Any, state: Any, scene: int, drone: int, now_s: float) -> float:
    kind = state.drones[drone].kind
    full_wh = tables.kinds[scene, kind].battery_wh * tables.kinds[scene, kind].capacity
    left: float = (_share(state.drones[drone], now_s) - tables.kinds[scene, kind].reserve) * full_wh
    return left


@njit(**UNCOUNTED)
def _left_s(incident: Any, now_s: float) -> float:
    """How much of its watch is left."""
    if np.isnan(incident.scene_s):
        return float(incident.watch_s)
    gap_s = incident.gap_s
    if not np.isnan(incident.gap_at_s):
        gap_s += now_s - incident.gap_at_s
    return max(0.0, incident.scene_s + incident.watch_s + gap_s - now_s)


@njit(**UNCOUNTED)
def _cost(
    price: Any, params: Array, tables: Any, state: Any, g: Any, kinds: Array, ways: Array, homes: Array, air: Array,
    number: int, drone: Any, slot: int, incident: Any, left_s: float, below: int,
) -> int:  # fmt: skip
    """What a drone costs for an incident, DEAR where it is out or costs as much as ``below``.

    In whole milliseconds times 1024 plus the drone's place in the alphabet, as the assignment of decide counts.
    ``kinds`` [a], ``ways`` [a, b], ``homes`` [a, l, b] and ``air`` [a, n] are of this scene and place.
    """
    doing, more_ms, level = drone.state, 0, 0
    kind = kinds[drone.kind]
    if not kind.flies or not (kind.fits >> incident.type) & 1:
        return DEAR
    if doing == DOCKED:
        if drone.out_until_s > g.now_s or g.in_air >= g.most_in_air:
            return DEAR
    elif doing != HOME:
        if g.preempt_ms < 0 or state.incidents[drone.inc].priority <= incident.priority:
            return DEAR
        more_ms = g.preempt_ms
    if doing <= COMMANDED:
        where = drone.at
        ms, way_wh = int(ways[drone.kind, where].ms), ways[drone.kind, where].wh
        level = ways[drone.kind, where].level
    else:
        where = node_of(tables.near, tables.raster, drone, g.now_s)
        ms, way_wh = int(air[drone.kind, where].ms), float(air[drone.kind, where].wh)
    if ms == NO_MS:
        return DEAR
    relieved = incident.state == WATCHED
    cost_ms = ms
    if not relieved:
        loss = _loss(tables, state, drone.kind, where, 0) if g.weighs and drone.idle else 0.0
        cost_ms = int(np.rint(price(params, int(incident.priority), ms, loss)))
        if (cost_ms + more_ms) * 1024 + number >= below:
            return DEAR
    for k in range(min(REFUSALS, incident.refusals)):
        if state.refused[slot, k] == number:
            return DEAR
    for k in range(g.checked):
        if state.checked[k].said == UNFIT and state.checked[k].slot == slot and state.checked[k].drone == number:
            return DEAR
    stint_s = min(left_s, g.stint_s)
    usable_wh = (_share(drone, g.now_s) - kind.reserve) * kind.battery_wh * kind.capacity
    landing_wh = tables.levels[g.scene, drone.kind, level].landing_wh
    within_wh = usable_wh - (way_wh + kind.hover_w * stint_s / 3600) - landing_wh
    base = _home(tables, state, homes[drone.kind, level], number, within_wh)
    if base < 0:
        return DEAR
    if relieved:
        spare_wh = within_wh - homes[drone.kind, level, base].wh
        stay_s = max(0.0, stint_s + 3600 * spare_wh / kind.hover_w)
        cost_ms = int(np.rint(1000.0 * (1.0 - min(1.0, stay_s / max(left_s, 1.0))))) + ms // 1000
    return (cost_ms + more_ms) * 1024 + number


@njit(**UNCOUNTED)
def _costs(price: Any, params: Array, tables: Any, state: Any, slot: int, costs: Array) -> int:
    """Who is cheapest for an incident, -1 where nobody is able; ``costs`` [d], where not empty, learns them all."""
    g, drones, incident = state.g[0], state.drones, state.incidents[slot]
    kinds = tables.kinds[g.scene]
    ways, air = tables.ways[g.scene, :, incident.place], tables.air[g.scene, :, incident.place]
    homes = tables.homes[g.scene, :, :, incident.place]
    left_s, best, best_cost = _left_s(incident, g.now_s), -1, DEAR
    near, raster, out_ms = tables.near, tables.raster, tables.out_ms[g.scene, :, incident.place]
    quick = g.dearer and len(costs) == 0 and incident.state != WATCHED
    for number in range(len(drones)):
        drone = drones[number]
        if drone.state >= SCENE:
            continue
        if quick and best_cost < DEAR:  # nearly all of them: who is farther is not asked
            if drone.state <= COMMANDED:
                ms = int(out_ms[drone.kind, drone.at])
            else:
                ms = int(air[drone.kind, node_of(near, raster, drone, g.now_s)].ms)
            if ms * 1024 + number >= best_cost:
                continue
        below = DEAR if len(costs) else best_cost
        cost = _cost(
            price, params, tables, state, g, kinds, ways, homes, air, number, drone, slot, incident, left_s, below
        )  # fmt: skip
        if len(costs):
            costs[number] = cost
        if cost < best_cost:
            best, best_cost = number, cost
    return best


@njit(**UNCOUNTED)
def _unsure(tables: Any, state: Any, slot: int, number: int) -> bool:
    """Whether a drone that would go may lack a way out of some leg of its way.

    Who comes home to where it started has it: out and all the way back is what its battery was asked for.
    """
    g, drone, incident = state.g[0], state.drones[number], state.incidents[slot]
    kind = tables.kinds[g.scene, drone.kind]
    usable_wh = (_share(drone, g.now_s) - kind.reserve) * kind.battery_wh * kind.capacity
    if drone.state <= COMMANDED:
        way = tables.ways[g.scene, drone.kind, incident.place, drone.at]
        back = tables.homes[g.scene, drone.kind, way.level, incident.place, drone.at]
        landing_wh = tables.levels[g.scene, drone.kind, way.level].landing_wh
        return bool(way.wh + back.wh + landing_wh + SLACK_WH > usable_wh)
    node = node_of(tables.near, tables.raster, drone, g.now_s)
    homes = tables.homes[g.scene, drone.kind, 0, tables.nodes[node].near_place]
    nearest_wh = NEVER
    for base in range(len(homes)):
        nearest_wh = min(nearest_wh, homes[base].wh)
    way_wh = float(tables.air[g.scene, drone.kind, incident.place, node].wh)
    landing_wh = tables.levels[g.scene, drone.kind, 0].landing_wh
    return bool(kind.sure * way_wh + nearest_wh + landing_wh + SLACK_WH > usable_wh)


@njit(**UNCOUNTED)
def _to_check(tables: Any, state: Any, count: int) -> bool:
    """Of those chosen, whom nobody has looked at closer and somebody must: added to ``checked``; whether there are."""
    g, found = state.g[0], False
    for k in range(count):
        slot, drone = state.asked[k], state.chosen[k]
        if drone < 0 or g.checked == len(state.checked) or not _unsure(tables, state, slot, drone):
            continue
        known = False
        for j in range(g.checked):
            known = known or (state.checked[j].slot == slot and state.checked[j].drone == drone)
        if not known:
            one = state.checked[g.checked]
            one.slot, one.drone, one.said = slot, drone, UNKNOWN
            g.checked += 1
            found = True
    return found


@njit(**UNCOUNTED)
def _match(costs: Array, rows: int, potential: Array, columns: Array, found: Array) -> None:
    """The assignment of the first ``rows`` to columns, as many as possible, then the cheapest; -1 where there is none.

    Shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987), DEAR being no offer. Every row has a column of
    its own behind the others, dearer than all offers together. ``potential`` and ``columns`` are scratch.
    """
    many, own = costs.shape[1], DEAR // (4 * (rows + 1))
    size = many + rows
    potential[: rows + 1] = 0.0
    for k in range(size + 1):
        columns[k].v, columns[k].row, columns[k].way = 0.0, 0, 0
    for row in range(1, rows + 1):
        columns[0].row, column = row, 0
        for k in range(size + 1):
            columns[k].least, columns[k].used = NEVER, False
        while True:
            columns[column].used = True
            here, step, following = columns[column].row, NEVER, 0
            for k in range(1, size + 1):
                if columns[k].used:
                    continue
                offer = float(costs[here - 1, k - 1]) if k <= many else float(own)
                if offer < DEAR:
                    offer -= potential[here] + columns[k].v
                    if offer < columns[k].least:
                        columns[k].least, columns[k].way = offer, column
                if columns[k].least < step:
                    step, following = columns[k].least, k
            for k in range(size + 1):
                if columns[k].used:
                    potential[columns[k].row] += step
                    columns[k].v -= step
                else:
                    columns[k].least -= step
            column = following
            if columns[column].row == 0:
                break
        while column != 0:
            columns[column].row = columns[columns[column].way].row
            column = columns[column].way
    found[:rows] = -1
    for k in range(1, many + 1):
        if columns[k].row > 0:
            found[columns[k].row - 1] = k - 1


@njit(**UNCOUNTED)
def _share_out(price: Any, params: Array, tables: Any, state: Any, count: int) -> None:
    """Of the first ``count`` of ``asked`` some want the same drone: the assignment of those that somebody is able for.

    Of no more than :data:`TOGETHER` at once, the first that called; the others wait for the next time.
    """
    able = 0
    for k in range(count):
        if state.chosen[k] >= 0 and able < TOGETHER:
            offers, rank = state.costs[able], min(k, 63)
            offers[:] = DEAR
            _costs(price, params, tables, state, state.asked[k], offers)
            for drone in range(len(offers)):
                if offers[drone] < DEAR:  # as dispatch.decide.assignment_cost
                    offers[drone] = ((offers[drone] // 1024) << 24) + (rank << 16) + (64 - rank) * drone
            able += 1
    _match(state.costs, able, state.potential, state.columns, state.found)
    able = 0
    for k in range(count):
        if state.chosen[k] >= 0:
            state.chosen[k] = state.found[able] if able < TOGETHER else -1
            able += 1


@njit(**UNCOUNTED)
def _choose(price: Any, params: Array, tables: Any, state: Any, count: int) -> None:
    """A drone for each of the first ``count`` of ``asked``, incidents of one class; -1 for who gets none."""
    conflict = False
    for k in range(count):
        drone = _costs(price, params, tables, state, state.asked[k], state.nothing)
        state.chosen[k] = drone
        for other in range(k if drone >= 0 else 0):
            conflict = conflict or state.chosen[other] == drone
    if conflict:
        _share_out(price, params, tables, state, count)


@njit(**UNCOUNTED)
def _wait(state: Any, slot: int) -> None:
    """Among those that wait, in the order of their calls."""
    k = state.g[0].waiting
    while k > 0 and state.incidents[state.waiting[k - 1]].call > state.incidents[slot].call:
        state.waiting[k] = state.waiting[k - 1]
        k -= 1
    state.waiting[k] = slot
    state.g[0].waiting += 1


@njit(**UNCOUNTED)
def _wait_no_more(state: Any, slot: int) -> None:
    kept = 0
    for k in range(state.g[0].waiting):
        if state.waiting[k] != slot:
            state.waiting[kept] = state.waiting[k]
            kept += 1
    state.g[0].waiting = kept


@njit(**UNCOUNTED)
def _leg(drone: Any, x: float, y: float, from_s: float, goal: Any, until_s: float) -> None:
    """It flies straight to ``goal``, a place or a node, as far as anybody asks where it is."""
    drone.from_x, drone.from_y, drone.from_s = x, y, from_s
    drone.to_x, drone.to_y, drone.until_s = goal.x, goal.y, until_s


@njit(**UNCOUNTED)
def _rate(tables: Any, scene: int, kind: int, watt: float) -> float:
    """The share of the battery that so much power takes in a second."""
    share: float = watt / (3600.0 * tables.kinds[scene, kind].battery_wh * tables.kinds[scene, kind].capacity)
    return share


@njit(**UNCOUNTED)
def _release(state: Any, drone: int) -> None:
    """It is nobody's any more."""
    if state.drones[drone].inc >= 0:
        state.drones[drone].busy_s += state.g[0].now_s
    state.drones[drone].inc = -1


@njit(**UNCOUNTED)
def _send(tables: Any, state: Any, drone: int, slot: int) -> None:
    """It goes to an incident, from its dock or from where it flies."""
    now_s, scene, kind, place = (
        state.g[0].now_s,
        state.g[0].scene,
        state.drones[drone].kind,
        state.incidents[slot].place,
    )
    doing = state.drones[drone].state
    before = state.drones[drone].inc
    if before >= 0:  # taken from a less urgent one
        state.happened[PREEMPTED] += 1
        state.incidents[before].robbed += 1
        if state.incidents[before].relief == drone:
            state.incidents[before].relief = -1
            state.incidents[before].due = True
            state.g[0].due += 1
        else:
            state.incidents[before].drone = -1
            state.incidents[before].state = WAITS
            _wait(state, before)
    else:
        state.drones[drone].busy_s -= now_s
    state.drones[drone].inc = slot
    if doing in (DOCKED, COMMANDED):
        if doing == DOCKED:
            state.g[0].in_air += 1
            state.drones[drone].away_s -= now_s
            state.happened[LAUNCHES] += 1
            state.drones[drone].sortie += 1
        state.drones[drone].state = COMMANDED
        state.drones[drone].launch_s = now_s + tables.kinds[scene, kind].launch_s
        _spend(state.drones[drone], now_s, 0.0)
        _set_next(state.tree, drone, state.drones[drone].launch_s)
        _set_idle(tables, state, drone)
    else:
        state.happened[DIVERTED] += 1
        node = node_of(tables.near, tables.raster, state.drones[drone], now_s)
        flies_s = tables.air[scene, kind, place, node].ms / 1000.0
        x, y = tables.nodes[node].x, tables.nodes[node].y
        state.drones[drone].state = OUT
        state.drones[drone].node = node
        _set_at(tables, state, drone, -1)
        state.drones[drone].level = 0
        _leg(state.drones[drone], x, y, now_s, tables.places[place], now_s + flies_s)
        _spend(
            state.drones[drone], now_s, _per_s(tables, scene, kind, tables.air[scene, kind, place, node].wh, flies_s)
        )
        _set_next(state.tree, drone, now_s + flies_s)
    if state.incidents[slot].state == WATCHED:
        state.incidents[slot].relief = drone
        state.incidents[slot].due = False
        state.g[0].due -= 1
    else:
        state.incidents[slot].drone = drone
        state.incidents[slot].state = ASSIGNED
        state.incidents[slot].decided_s = now_s
        _wait_no_more(state, slot)


@njit(**UNCOUNTED)
def _per_s(tables: Any, scene: int, kind: int, energy_wh: float, in_s: float) -> float:
    """The share of its battery that it loses in a second, if it loses so much energy in so long."""
    return _rate(tables, scene, kind, 3600.0 * energy_wh / max(in_s, 1e-3))


@njit(**UNCOUNTED)
def _take_off(tables: Any, state: Any, drone: int) -> bool:
    """It is off the ground, on its way; or it refused, or fails on the way: then it is broken, and the incident waits.

    Whether anything has to be decided.
    """
    now_s, scene, kind, slot = state.g[0].now_s, state.g[0].scene, state.drones[drone].kind, state.drones[drone].inc
    place, base = state.incidents[slot].place, state.drones[drone].at
    flies_s = tables.ways[scene, kind, place, base].ms / 1000.0 - tables.kinds[scene, kind].launch_s
    if tables.ways[scene, kind, place, base].ms == NO_MS:  # the weather or the zones have just changed
        _abandon(state, drone)
        _docked(tables, state, drone)
        return True
    if _draw(state.incidents[slot].chance, drone, 2 * state.drones[drone].sortie) < state.g[0].refuse:
        state.happened[REFUSED_LAUNCHES] += 1
        _fails(tables, state, drone)
        return True
    state.drones[drone].state = OUT
    state.drones[drone].node = base
    x, y = tables.nodes[base].x, tables.nodes[base].y
    level = tables.ways[scene, kind, place, base].level
    state.drones[drone].level = level
    begins_s = now_s + tables.levels[scene, kind, level].climb_s
    _leg(state.drones[drone], x, y, begins_s, tables.places[place], now_s + flies_s)
    _spend(state.drones[drone], now_s, _per_s(tables, scene, kind, tables.ways[scene, kind, place, base].wh, flies_s))
    state.incidents[slot].people_s += tables.ways[0, 0, place, base].people_s
    if _draw(state.incidents[slot].chance, drone, 2 * state.drones[drone].sortie + 1) < 1.0 - np.exp(
        -state.g[0].fail_per_s * flies_s
    ):
        state.drones[drone].why = LEAVE  # it will not arrive
    else:
        state.drones[drone].why = END
    _set_at(tables, state, drone, -1)
    _set_next(state.tree, drone, now_s + flies_s)
    return False


@njit(**UNCOUNTED)
def _due_no_more(state: Any, slot: int) -> None:
    if state.incidents[slot].due:
        state.incidents[slot].due = False
        state.g[0].due -= 1


@njit(**UNCOUNTED)
def _abandon(state: Any, drone: int) -> None:
    """The drone is taken off its incident, which waits for another where nobody else is there."""
    now_s, slot = state.g[0].now_s, state.drones[drone].inc
    _release(state, drone)
    if slot < 0:
        return
    if state.incidents[slot].relief == drone:
        state.incidents[slot].relief = -1
        state.incidents[slot].due = True
        state.g[0].due += 1
        return
    if state.incidents[slot].drone != drone:
        return
    state.incidents[slot].drone = -1
    if state.incidents[slot].state == WATCHED:
        state.incidents[slot].gap_at_s = now_s
    _due_no_more(state, slot)
    if state.incidents[slot].relief >= 0:
        state.incidents[slot].drone = state.incidents[slot].relief
        state.incidents[slot].relief = -1
        state.incidents[slot].state = ASSIGNED
    else:
        state.incidents[slot].state = WAITS
        _wait(state, slot)


@njit(**UNCOUNTED)
def _fails(tables: Any, state: Any, drone: int) -> None:
    """It is broken, stands at its own base when it is mended, and is not sent to this incident again."""
    slot = state.drones[drone].inc
    state.refused[slot, state.incidents[slot].refusals % REFUSALS] = drone
    state.incidents[slot].refusals += 1
    state.happened[FAILURES] += 1
    _abandon(state, drone)
    state.drones[drone].state = BROKEN
    _set_at(tables, state, drone, state.drones[drone].own)
    state.g[0].in_air -= 1
    state.drones[drone].away_s += state.g[0].now_s
    _spend(state.drones[drone], state.g[0].now_s, 0.0)
    _set_next(state.tree, drone, state.g[0].now_s + state.g[0].repair_s)


@njit(**UNCOUNTED)
def _arrive(tables: Any, state: Any, price: Any, params: Array, drone: int) -> bool:
    """It is on scene; whether anything has to be decided."""
    now_s, scene, kind, slot = state.g[0].now_s, state.g[0].scene, state.drones[drone].kind, state.drones[drone].inc
    if state.drones[drone].why == LEAVE:
        _fails(tables, state, drone)
        return True
    place = state.incidents[slot].place
    state.drones[drone].state = SCENE
    _spend(state.drones[drone], now_s, _rate(tables, scene, kind, tables.kinds[scene, kind].hover_w))
    if np.isnan(state.incidents[slot].scene_s):
        state.incidents[slot].scene_s = now_s
        state.incidents[slot].first = drone
        state.incidents[slot].node = state.drones[drone].node
        state.incidents[slot].launched_s = state.drones[drone].launch_s
    if not np.isnan(state.incidents[slot].gap_at_s):
        state.incidents[slot].gap_s += now_s - state.incidents[slot].gap_at_s
        state.incidents[slot].gap_at_s = np.nan
    if state.incidents[slot].relief == drone:  # the first is still there
        first = state.incidents[slot].drone
        state.drones[first].why = HANDOVER
        leaves_s = max(now_s, min(now_s + state.g[0].overlap_s, state.drones[first].leaves_s))
        _set_next(state.tree, first, leaves_s)
        state.incidents[slot].reliefs += 1
        state.happened[RELIEFS] += 1
    state.incidents[slot].state = WATCHED
    usable_wh = _usable_wh(tables, state, scene, drone, now_s)
    level = state.drones[drone].level
    spare_wh = usable_wh - tables.levels[scene, kind, level].landing_wh
    base = _home(tables, state, tables.homes[scene, kind, level, place], drone, spare_wh)
    stay_s = 0.0
    if base >= 0:
        stay_s = max(
            0.0,
            3600.0 * (spare_wh - tables.homes[scene, kind, level, place, base].wh) / tables.kinds[scene, kind].hover_w,
        )
    state.drones[drone].leaves_s = now_s + stay_s
    _plan_watch(tables, state, price, params, drone)
    return False


@njit(**UNCOUNTED)
def _plan_watch(tables: Any, state: Any, price: Any, params: Array, drone: int) -> None:
    """When the drone on scene is looked at next: at the end of its watch, or when a relief must be sent."""
    now_s, slot, kind = state.g[0].now_s, state.drones[drone].inc, state.drones[drone].kind
    scene, place = state.g[0].scene, state.incidents[slot].place
    end_s = now_s + _left_s(state.incidents[slot], now_s)
    if state.incidents[slot].relief == drone:  # it takes over when the first has gone
        state.drones[drone].why = END
        _set_next(state.tree, drone, end_s)
        return
    if end_s <= state.drones[drone].leaves_s:
        state.drones[drone].why = END
        _set_next(state.tree, drone, end_s)
        return
    state.incidents[slot].state = WAITS  # asked as if nobody were there: who would be quickest
    pick = _costs(price, params, tables, state, slot, state.nothing)
    state.incidents[slot].state = WATCHED
    flies_s = 180.0
    if pick >= 0:
        if state.drones[pick].state in (DOCKED, COMMANDED):
            flies_s = tables.ways[scene, kind, place, state.drones[pick].at].ms / 1000.0
        else:
            node = node_of(tables.near, tables.raster, state.drones[pick], now_s)
            flies_s = tables.air[scene, kind, place, node].ms / 1000.0
    lead_s = flies_s * tables.kinds[scene, kind].p90 + state.g[0].layer_s + state.g[0].overlap_s + state.g[0].retry_s
    state.drones[drone].why = RELIEF_DUE
    _set_next(state.tree, drone, max(now_s, state.drones[drone].leaves_s - lead_s))


@njit(**UNCOUNTED)
def _look(tables: Any, state: Any, price: Any, params: Array, drone: int, out: Array) -> bool:
    """A drone on scene has come to what it was to be looked at for; whether anything has to be decided."""
    now_s, slot, why = state.g[0].now_s, state.drones[drone].inc, state.drones[drone].why
    if why == END:
        if state.incidents[slot].relief == drone or _left_s(state.incidents[slot], now_s) > 1e-3:
            _plan_watch(tables, state, price, params, drone)
            if state.tree[drone + len(state.tree) // 2] > now_s:
                return False
        _clear(tables, state, slot, out)
        return True
    if why == RELIEF_DUE:
        state.drones[drone].why = LEAVE
        _set_next(state.tree, drone, max(now_s, state.drones[drone].leaves_s))
        if state.incidents[slot].relief < 0 and not state.incidents[slot].due:
            state.incidents[slot].due = True
            state.g[0].due += 1
        return True
    if why == HANDOVER:
        relief = state.incidents[slot].relief
        state.incidents[slot].drone, state.incidents[slot].relief = relief, -1
        _release(state, drone)
        _go_home(tables, state, drone, state.incidents[slot].place, slot)
        _plan_watch(tables, state, price, params, relief)
        return True
    if _left_s(state.incidents[slot], now_s) <= 1e-3:
        _clear(tables, state, slot, out)
        return True
    _abandon(state, drone)
    _go_home(tables, state, drone, state.incidents[slot].place, slot)
    return True


@njit(**UNCOUNTED)
def _go_home(tables: Any, state: Any, drone: int, place: int, slot: int) -> float:
    """It flies home from over a place; returns when it will be down."""
    now_s, scene, kind = state.g[0].now_s, state.g[0].scene, state.drones[drone].kind
    level = state.drones[drone].level
    spare_wh = _usable_wh(tables, state, scene, drone, now_s) - tables.levels[scene, kind, level].landing_wh
    base = _home(tables, state, tables.homes[scene, kind, level, place], drone, spare_wh)
    if base < 0:
        base = _home(tables, state, tables.homes[scene, kind, level, place], drone, NEVER)
    for other in range(len(tables.ways)):  # a zone was raised over it: it goes as it would have gone without
        if base < 0:
            scene = other
            base = _home(tables, state, tables.homes[scene, kind, level, place], drone, NEVER)
    if base < 0:  # none of this world's scenes leads home from there
        base = state.drones[drone].own
        flies_s, way_wh = 3600.0, 0.0
    else:
        flies_s, way_wh = (
            tables.homes[scene, kind, level, place, base].s,
            tables.homes[scene, kind, level, place, base].wh,
        )
    x, y = tables.places[place].x, tables.places[place].y
    if state.drones[drone].state != SCENE:
        x, y = (
            tables.nodes[node_of(tables.near, tables.raster, state.drones[drone], now_s)].x,
            tables.nodes[node_of(tables.near, tables.raster, state.drones[drone], now_s)].y,
        )
    _leg(state.drones[drone], x, y, now_s, tables.nodes[base], now_s + flies_s)
    state.drones[drone].state = HOME
    _set_at(tables, state, drone, base)
    _spend(state.drones[drone], now_s, _per_s(tables, scene, kind, way_wh, flies_s))
    _set_next(state.tree, drone, now_s + flies_s)
    if slot >= 0:
        state.incidents[slot].people_s += tables.ways[0, 0, place, base].people_s
    return float(now_s + flies_s + tables.levels[scene, kind, level].landing_s)


@njit(**UNCOUNTED)
def _back(tables: Any, state: Any, drone: int) -> None:
    """In the air and not on scene, it is called home from about where it is."""
    node = node_of(tables.near, tables.raster, state.drones[drone], state.g[0].now_s)
    _release(state, drone)
    _go_home(tables, state, drone, int(tables.nodes[node].near_place), -1)


@njit(**UNCOUNTED)
def _clear(tables: Any, state: Any, slot: int, out: Array) -> None:
    """The watch is over: all drones of the incident go home, and its row is written."""
    down_s = state.g[0].now_s
    for drone in (state.incidents[slot].drone, state.incidents[slot].relief):
        if drone < 0:
            continue
        _release(state, drone)
        if state.drones[drone].state == COMMANDED:
            _docked(tables, state, drone)
        elif state.drones[drone].state == OUT:
            _back(tables, state, drone)
        else:
            down_s = max(down_s, _go_home(tables, state, drone, state.incidents[slot].place, slot))
            state.incidents[slot].home = state.drones[drone].at
    _due_no_more(state, slot)
    write(state, slot, SERVED, down_s, out)


@njit(**UNCOUNTED)
def _docked(tables: Any, state: Any, drone: int) -> None:
    """It stands on a dock and charges; from the air or because its launch was called off."""
    now_s, kind = state.g[0].now_s, state.drones[drone].kind
    state.drones[drone].state = DOCKED
    state.g[0].in_air -= 1
    state.drones[drone].away_s += now_s
    _spend(state.drones[drone], now_s, -tables.kinds[state.g[0].scene, kind].charge)
    _set_next(state.tree, drone, NEVER)
    _set_idle(tables, state, drone)


@njit(**UNCOUNTED)
def write(state: Any, slot: int, fate: int, down_s: float, out: Array) -> None:
    """An incident has ended: its row, and its slot is free."""
    now_s, at_s = state.g[0].now_s, state.incidents[slot].at_s
    row = state.g[0].rows
    state.g[0].rows += 1
    first = state.incidents[slot].first
    out[row].call = state.incidents[slot].call
    out[row].at_s = at_s
    out[row].place = state.incidents[slot].place
    out[row].type = state.incidents[slot].type
    out[row].priority = state.incidents[slot].priority
    out[row].source = state.incidents[slot].source
    out[row].false_alarm = state.incidents[slot].false
    out[row].fate = fate
    out[row].queued = state.incidents[slot].queued
    out[row].drone = first
    out[row].base = state.drones[first].own if first >= 0 else -1
    out[row].node = state.incidents[slot].node
    out[row].home = state.incidents[slot].home
    out[row].decided_s = state.incidents[slot].decided_s - at_s
    out[row].launched_s = state.incidents[slot].launched_s - at_s
    out[row].on_scene_s = state.incidents[slot].scene_s - at_s
    out[row].cleared_s = now_s - at_s if fate == SERVED else np.nan
    out[row].returned_s = down_s - at_s if fate == SERVED else np.nan
    out[row].ended_s = np.nan if fate == OPEN else now_s - at_s
    out[row].ground_s = state.incidents[slot].ground_s
    out[row].reliefs = state.incidents[slot].reliefs
    out[row].gap_s = state.incidents[slot].gap_s
    out[row].robbed = state.incidents[slot].robbed
    out[row].people_s = state.incidents[slot].people_s
    state.incidents[slot].state = FREE
    state.free[state.g[0].free] = slot
    state.g[0].free += 1
    state.g[0].open -= 1
    state.g[0].sojourn_s += max(0.0, now_s - max(at_s, state.g[0].measured_from_s))


@njit(**UNCOUNTED)
def _give_up(state: Any, slot: int, out: Array) -> None:
    """Nobody came in time."""
    _wait_no_more(state, slot)
    write(state, slot, LOST if np.isnan(state.incidents[slot].scene_s) else SERVED, state.g[0].now_s, out)


@njit(**UNCOUNTED)
def _report(tables: Any, state: Any, call: Any, out: Array) -> bool:
    """A call comes in; whether anything has to be decided."""
    state.g[0].free -= 1
    slot = state.free[state.g[0].free]
    state.incidents[slot].state = WAITS
    state.incidents[slot].call = state.g[0].calls
    state.incidents[slot].at_s = call.at_s
    state.incidents[slot].place = call.place
    state.incidents[slot].type = call.type
    state.incidents[slot].priority = call.priority
    state.incidents[slot].source = call.source
    state.incidents[slot].false = call.false_alarm
    state.incidents[slot].watch_s = call.watch_s
    state.incidents[slot].ground_s = call.ground_s
    state.incidents[slot].chance = call.chance
    state.incidents[slot].drone = state.incidents[slot].relief = state.incidents[slot].first = -1
    state.incidents[slot].node = state.incidents[slot].home = -1
    state.incidents[slot].due = state.incidents[slot].queued = False
    state.incidents[slot].decided_s = state.incidents[slot].launched_s = state.incidents[
        slot
    ].scene_s = state.incidents[slot].gap_at_s = np.nan
    state.incidents[slot].gap_s = state.incidents[slot].people_s = 0.0
    state.incidents[slot].refusals = state.incidents[slot].reliefs = state.incidents[slot].robbed = 0
    state.g[0].calls += 1
    state.g[0].open += 1
    if call.merged:
        write(state, slot, MERGED, call.at_s, out)
        return False
    carried = False
    for kind in range(tables.kinds.shape[1]):
        carried = carried or (tables.kinds[0, kind].fits >> call.type) & 1 == 1
    if not (carried and tables.served[state.g[0].scene, call.place]):
        write(state, slot, REFUSED, call.at_s, out)
        return False
    _wait(state, slot)
    return True


@njit(**UNCOUNTED)
def _decide(price: Any, params: Array, tables: Any, state: Any, out: Array) -> bool:
    """Every incident that waits, and every one that needs a relief, class by class; false where it is to be asked
    again, somebody having been looked at closer."""
    before = 0
    if state.g[0].checked == 0:
        state.g[0].told = 0
    asked, chosen = state.asked, state.chosen
    while True:
        urgency = 128  # the most urgent class that is left
        for k in range(state.g[0].waiting):
            priority = state.incidents[state.waiting[k]].priority
            if priority > before and priority < urgency:
                urgency = priority
        if state.g[0].due > 0:
            for drone in range(len(state.drones)):
                slot = state.drones[drone].inc
                if slot >= 0 and state.incidents[slot].due and before < state.incidents[slot].priority < urgency:
                    urgency = state.incidents[slot].priority
        if urgency == 128:
            break
        before, count = urgency, 0
        for k in range(state.g[0].waiting):
            if state.incidents[state.waiting[k]].priority == urgency:
                asked[count] = state.waiting[k]
                count += 1
        if state.g[0].due > 0:
            for drone in range(len(state.drones)):
                slot = state.drones[drone].inc
                if slot >= 0 and state.incidents[slot].due and state.incidents[slot].priority == urgency:
                    k = count
                    while k > 0 and state.incidents[asked[k - 1]].call > state.incidents[slot].call:
                        asked[k] = asked[k - 1]
                        k -= 1
                    asked[k] = slot
                    count += 1
        _choose(price, params, tables, state, count)
        if state.g[0].checks and _to_check(tables, state, count):
            return False
        state.happened[DECISIONS] += count
        for k in range(count):
            if state.g[0].told < len(state.told):
                state.told[state.g[0].told].slot = asked[k]
                state.told[state.g[0].told].drone = chosen[k]
                state.g[0].told += 1
        for k in range(count):
            slot, drone = asked[k], chosen[k]
            if drone >= 0 and (state.drones[drone].state != DOCKED or state.g[0].in_air < state.g[0].most_in_air):
                _send(tables, state, drone, slot)
            elif state.incidents[slot].state == WAITS:
                state.incidents[slot].queued = True
    for k in range(state.g[0].waiting - 1, -1, -1):
        slot = state.waiting[k]
        if state.g[0].now_s - state.incidents[slot].at_s >= state.g[0].patience_s:
            _give_up(state, slot, out)
    state.g[0].checked = 0
    return True


@njit(**UNCOUNTED)
def set_scene(tables: Any, state: Any, scene: int) -> None:
    """Another wind, other zones: who may not fly in it comes home, and coverage is counted anew."""
    state.g[0].scene = scene
    state.covered_by[:] = 0
    state.g[0].share_1 = state.g[0].share_2 = 0.0
    for drone in range(len(state.drones)):
        state.drones[drone].idle = False
    for drone in range(len(state.drones)):
        if not tables.kinds[scene, state.drones[drone].kind].flies:
            slot = state.drones[drone].inc
            if state.drones[drone].state == COMMANDED:
                _abandon(state, drone)
                _docked(tables, state, drone)
            elif state.drones[drone].state == OUT:
                _abandon(state, drone)
                _back(tables, state, drone)
            elif state.drones[drone].state == SCENE:
                _abandon(state, drone)
                _go_home(tables, state, drone, state.incidents[slot].place, slot)
        _set_idle(tables, state, drone)


@njit(**UNCOUNTED)
def _move_up(tables: Any, state: Any) -> None:
    """One idle drone goes to where it adds the most to expected coverage, if that is enough."""
    scene, best_gain, mover, goal = state.g[0].scene, state.g[0].move_gain, -1, -1
    bases = len(tables.docks)
    for base in range(bases):
        for kind in range(tables.kinds.shape[1]):
            gain = _loss(tables, state, kind, base, 1)
            if gain <= best_gain:
                continue
            for drone in range(len(state.drones)):
                if not state.drones[drone].idle or state.drones[drone].kind != kind or state.drones[drone].at == base:
                    continue
                here = state.drones[drone].at
                worth = gain - _loss(tables, state, kind, here, 0)
                needs_wh = tables.shift[scene, kind, here, base].wh + tables.levels[scene, kind, 0].landing_wh
                if worth <= best_gain or needs_wh > 0.5 * _usable_wh(tables, state, scene, drone, state.g[0].now_s):
                    continue
                if base == state.drones[drone].own or _free_docks(tables, state, base, drone) > 0:
                    best_gain, mover, goal = worth, drone, base
    if mover < 0:
        return
    now_s, kind, here = state.g[0].now_s, state.drones[mover].kind, state.drones[mover].at
    flies_s = tables.shift[scene, kind, here, goal].s
    x, y = tables.nodes[here].x, tables.nodes[here].y
    begins_s = now_s + tables.kinds[scene, kind].launch_s + tables.levels[scene, kind, 0].climb_s
    state.drones[mover].level = 0
    _leg(state.drones[mover], x, y, begins_s, tables.nodes[goal], now_s + flies_s)
    state.drones[mover].state = HOME
    _set_idle(tables, state, mover)
    _set_at(tables, state, mover, goal)
    state.drones[mover].launch_s = now_s + tables.kinds[scene, kind].launch_s
    state.g[0].in_air += 1
    state.drones[mover].away_s -= now_s
    state.happened[MOVED_UP] += 1
    _spend(state.drones[mover], now_s, _per_s(tables, scene, kind, tables.shift[scene, kind, here, goal].wh, flies_s))
    _set_next(state.tree, mover, now_s + flies_s)


@njit(**UNCOUNTED)
def _pass_time(state: Any, until_s: float) -> None:
    """What is summed over time."""
    for_s = until_s - state.g[0].now_s
    if for_s > 0.0:
        state.g[0].seconds += for_s
        state.g[0].in_system_s += for_s * state.g[0].open
        state.g[0].waiting_s += for_s * state.g[0].waiting
        state.g[0].covered_1_s += for_s * state.g[0].share_1
        state.g[0].covered_2_s += for_s * state.g[0].share_2
    state.g[0].now_s = until_s


@njit(**UNCOUNTED)
def _change(tables: Any, state: Any, change: Any) -> None:
    """A new scene begins, or a drone is taken out of service or given back."""
    if change.what == NEW_SCENE:
        set_scene(tables, state, change.which)
        return
    drone = change.which
    if change.what == OUT_OF_SERVICE:
        state.drones[drone].out_until_s = max(state.drones[drone].out_until_s, change.until_s)
    _set_idle(tables, state, drone)


@njit(**UNCOUNTED)
def _forgive(state: Any, drone: int) -> None:
    """It is mended, and may be asked again for what waits since it failed."""
    for k in range(state.g[0].waiting):
        slot = state.waiting[k]
        for j in range(REFUSALS):
            if state.refused[slot, j] == drone:
                state.refused[slot, j] = -1


@njit(**UNCOUNTED)
def _next_of(drone: int, tables: Any, state: Any, price: Any, params: Array, out: Array) -> bool:
    """What comes next for one drone; whether anything has to be decided."""
    doing, kind = state.drones[drone].state, state.drones[drone].kind
    if doing == COMMANDED:
        return _take_off(tables, state, drone)
    if doing == OUT:
        return _arrive(tables, state, price, params, drone)
    if doing == SCENE:
        return _look(tables, state, price, params, drone, out)
    if doing == HOME:
        state.drones[drone].state = LANDING
        scene = state.g[0].scene
        level = tables.levels[scene, kind, state.drones[drone].level]
        landing_s, landing_wh = level.landing_s, level.landing_wh
        _spend(state.drones[drone], state.g[0].now_s, _per_s(tables, scene, kind, landing_wh, landing_s))
        _set_next(state.tree, drone, state.g[0].now_s + landing_s)
        return False
    if doing == BROKEN:
        _forgive(state, drone)
        state.g[0].in_air += 1
        state.drones[drone].away_s -= state.g[0].now_s
    _docked(tables, state, drone)
    return True


@njit(**UNCOUNTED)
def go(
    price: Any, params: Array, tables: Any, state: Any, calls: Any, out: Any,
    until_s: float, last: bool, pause: bool,
) -> int:  # fmt: skip
    """Goes on until it needs something: :data:`CALLS`, :data:`ROOM` for outcomes, a :data:`DECIDE` that is waited for
    (``pause``), slots for incidents (:data:`FULL`), or is :data:`DONE`.

    ``calls`` is the block that begins with call ``g.block_at`` of the run; ``last``: no other comes after it. The
    run ends at ``until_s``, what is open then stays so.
    """
    g, tree, changes = state.g[0], state.tree, tables.changes
    while True:
        if g.rows + g.waiting + 8 >= len(out):
            return ROOM
        if g.paused == 0:
            k = g.calls - g.block_at
            if k >= len(calls) and not last:
                return CALLS
            call_s = calls[k].at_s if k < len(calls) else NEVER
            drone = _soonest(tree)
            drone_s = tree[drone + len(tree) // 2]
            change_s = changes[g.change].at_s if g.change < len(changes) else NEVER
            at_s = min(call_s, drone_s, change_s, g.tick_s, g.batch_at_s, g.move_at_s)
            over = min(call_s, drone_s) == NEVER and (
                g.open == 0 or (change_s == NEVER and at_s > g.last_s + IN_VAIN_S)
            )
            if at_s >= until_s or (over and until_s == NEVER):
                _pass_time(state, max(g.now_s, until_s) if until_s < NEVER else g.now_s)
                return DONE
            _pass_time(state, at_s)
            if at_s == min(call_s, drone_s, change_s):
                g.last_s = at_s
            ask = False
            if at_s == drone_s:
                ask = _next_of(drone, tables, state, price, params, out)
            elif at_s == change_s:
                _change(tables, state, changes[g.change])
                g.change += 1
                ask = True
            elif at_s == call_s:
                if g.free == 0:
                    return FULL
                held = g.batch_s > 0.0 and calls[k].priority >= g.batch_from
                ask = _report(tables, state, calls[k], out)
                if held and ask:
                    ask = False
                    if g.batch_at_s == NEVER:
                        g.batch_at_s = at_s + g.batch_s
            elif at_s == g.tick_s:
                g.tick_s, ask = NEVER, True
            elif at_s == g.batch_at_s:
                g.batch_at_s, ask = NEVER, True
            else:
                g.move_at_s = at_s + g.move_s
                if g.waiting == 0:
                    _move_up(tables, state)
            if not (ask and g.waiting + g.due > 0):
                continue
            if pause:
                g.paused = 1
                return DECIDE
        g.paused = 0
        if not _decide(price, params, tables, state, out):
            g.paused = 1
            return CHECK
        if g.waiting + g.due > 0 and g.tick_s == NEVER:
            g.tick_s = g.now_s + g.retry_s


@njit(**UNCOUNTED)
def measure(state: Any) -> None:
    """From now on it is measured: what was summed before is forgotten."""
    now_s = state.g[0].now_s
    state.g[0].measured_from_s = now_s
    g = state.g[0]
    g.seconds = g.in_system_s = g.sojourn_s = g.waiting_s = g.covered_1_s = g.covered_2_s = 0.0
    state.happened[:] = 0
    for drone in range(len(state.drones)):
        state.drones[drone].busy_s = -now_s if state.drones[drone].inc >= 0 else 0.0
        state.drones[drone].away_s = 0.0 if state.drones[drone].state in (DOCKED, BROKEN) else -now_s
