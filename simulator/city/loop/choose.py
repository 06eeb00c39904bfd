"""Who goes: what every drone that may be asked costs for an incident, and a drone for each incident of one class."""

from typing import Any

import numpy as np

from simulator.city.loop.compiled import compiled
from simulator.city.loop.drones import cover_of_one, full_wh, home_for, node_of, usable_wh, way_out
from simulator.city.loop.incidents import left_s
from simulator.city.loop.state import (
    COMMANDED,
    DEAR,
    NEVER,
    NO_MS,
    NUMBERS,
    REFUSALS,
    SLACK_WH,
    TOGETHER,
    UNFIT,
    UNKNOWN,
    WAITS,
    WATCHED,
    Array,
)

EARLY_S = 1e-3
"""Batteries are asked so much before they should hold, for sums are rounded."""


@compiled
def _ruled_out(state: Any, slot: int, number: int) -> bool:
    """Whether a drone has failed this incident, or was looked at closer and has no way out of its way there."""
    for k in range(min(REFUSALS, state.incidents[slot].refusals)):
        if state.refused[slot, k] == number:
            return True
    for k in range(state.g[0].checked):
        one = state.checked[k]
        if one.said == UNFIT and one.slot == slot and one.drone == number:
            return True
    return False


@compiled
def _cost(
    price: Any, params: Array, tables: Any, state: Any, slot: int, number: int, watch_s: float, relief: bool, below: int
) -> int:
    """What a drone costs for an incident that has ``watch_s`` of its watch left, :data:`DEAR` where it is not able or
    costs as much as ``below``; ``relief``: it would take over from another.

    In whole milliseconds times :data:`NUMBERS` plus its own number, its place in the alphabet: of equals the first.
    """
    g, drone, incident = state.g[0], state.drones[number], state.incidents[slot]
    kind = tables.kinds[g.scene, drone.kind]
    stint_s, left_wh = min(watch_s, g.stint_s), usable_wh(tables, state, number)
    if left_wh < kind.hover_w * stint_s / 3600:  # quickly told, and where many wait the most frequent answer
        return DEAR
    ms, way_wh, level = way_out(tables, state, number, incident.place)
    if ms == NO_MS:
        return DEAR
    cost_ms, taken_ms = ms, g.preempt_ms if drone.inc >= 0 else 0
    if not relief:
        loss = cover_of_one(tables, state, drone.kind, drone.at, 0) if g.weighs and drone.idle else 0.0
        cost_ms = int(np.rint(price(params, int(incident.priority), ms, loss)))
        if (cost_ms + taken_ms) * NUMBERS + number >= below:
            return DEAR
    if _ruled_out(state, slot, number):
        return DEAR
    landing_wh = tables.levels[g.scene, drone.kind, level].landing_wh
    within_wh = left_wh - (way_wh + kind.hover_w * stint_s / 3600) - landing_wh
    base = home_for(tables, state, number, g.scene, level, incident.place, within_wh)
    if base < 0:
        return DEAR
    if relief:  # who can stay longest, then who is there first
        spare_wh = within_wh - tables.homes[g.scene, drone.kind, level, incident.place, base].wh
        stay_s = stint_s + 3600 * spare_wh / kind.hover_w
        cost_ms = int(np.rint(1000.0 * (1.0 - min(1.0, stay_s / max(watch_s, 1.0))))) + ms // 1000
    return (cost_ms + taken_ms) * NUMBERS + number


@compiled
def _asked(
    price: Any, params: Array, tables: Any, state: Any, slot: int, number: int, watch_s: float, relief: bool,
    best: int, costs: Array,
) -> int:  # fmt: skip
    """The less of ``best`` and what this drone costs, which ``costs`` learns where it is not empty."""
    if len(costs) == 0:
        return min(best, _cost(price, params, tables, state, slot, number, watch_s, relief, best))
    costs[number] = _cost(price, params, tables, state, slot, number, watch_s, relief, DEAR)
    return min(best, costs[number])


@compiled
def cheapest(price: Any, params: Array, tables: Any, state: Any, slot: int, relief: bool, costs: Array) -> int:
    """Who is cheapest for an incident, -1 where nobody is able. ``costs`` [d], where not empty and :data:`DEAR` before,
    learns what all who are able cost."""
    g, incident = state.g[0], state.incidents[slot]
    watch_s, best = left_s(incident, g.now_s), DEAR
    for k in range(g.about):
        number = state.about[k]
        drone = state.drones[number]
        kept = drone.inc >= 0 and (g.preempt_ms < 0 or state.incidents[drone.inc].priority <= incident.priority)
        if not kept and tables.kinds[g.scene, drone.kind].flies and fits(tables, g.scene, drone.kind, incident.type):
            best = _asked(price, params, tables, state, slot, number, watch_s, relief, best, costs)
    if g.in_air < g.most_in_air and (incident.state != WAITS or g.now_s >= incident.none_before_s):
        best = _docked_asked(price, params, tables, state, slot, watch_s, relief, best, costs)
    return best % NUMBERS if best < DEAR else -1


@compiled
def _docked_asked(
    price: Any, params: Array, tables: Any, state: Any, slot: int, watch_s: float, relief: bool, best: int, costs: Array
) -> int:
    """The less of ``best`` and what the drones on docks cost, asked from the nearest base on.

    An incident that waits in vain keeps when, at the soonest, one of them will have charged enough
    (``none_before_s``): until then they need not be asked again. :func:`foresee` counts in who comes later.
    """
    g, incident = state.g[0], state.incidents[slot]
    by_time = g.dearer and not relief and len(costs) == 0
    incident.none_before_s = NEVER
    for kind in range(tables.kinds.shape[1]):
        if not (tables.kinds[g.scene, kind].flies and fits(tables, g.scene, kind, incident.type)):
            continue
        ways, nearest = tables.ways[g.scene, kind, incident.place], tables.nearest[g.scene, kind, incident.place]
        for k in range(len(nearest)):
            base = nearest[k]
            ms = int(ways[base].ms)
            if ms == NO_MS or (by_time and ms * NUMBERS >= best):  # who is farther costs more
                break
            number = state.docked[base]
            while number >= 0:
                drone = state.drones[number]
                if drone.kind == kind and drone.out_until_s <= g.now_s:
                    best = _asked(price, params, tables, state, slot, number, watch_s, relief, best, costs)
                    if best == DEAR:
                        able_s = _able_s(tables, state, slot, number)
                        incident.none_before_s = min(incident.none_before_s, able_s)
                number = drone.beside
    if best < DEAR:
        incident.none_before_s = -NEVER
    return best


@compiled
def _able_s(tables: Any, state: Any, slot: int, number: int) -> float:
    """Before that instant the battery of a drone on a dock does not hold for an incident that waits."""
    g, drone, incident = state.g[0], state.drones[number], state.incidents[slot]
    kind = tables.kinds[g.scene, drone.kind]
    ms, way_wh, level = way_out(tables, state, number, incident.place)
    if ms == NO_MS or not fits(tables, g.scene, drone.kind, incident.type):
        return NEVER
    homes = tables.homes[g.scene, drone.kind, level, incident.place]
    home_wh = min(homes[drone.own].wh, homes[drone.at].wh)
    if g.spare_docks:  # then it may come down anywhere
        for base in range(len(homes)):
            home_wh = min(home_wh, homes[base].wh)
    stint_wh = kind.hover_w * min(left_s(incident, g.now_s), g.stint_s) / 3600
    needs_wh = way_wh + stint_wh + tables.levels[g.scene, drone.kind, level].landing_wh + home_wh
    lacks_wh = needs_wh - usable_wh(tables, state, number)
    if lacks_wh <= 0.0:
        return float(g.now_s)
    return float(g.now_s + lacks_wh / max(kind.charge * full_wh(kind), 1e-12) - EARLY_S)


@compiled
def foresee(tables: Any, state: Any, number: int) -> None:
    """It is on its dock, or in service again: who waits need not ask for it before its battery holds."""
    for k in range(state.g[0].wanting):
        incident = state.incidents[state.wanting[k]]
        if incident.none_before_s > state.g[0].now_s:
            able_s = _able_s(tables, state, state.wanting[k], number)
            incident.none_before_s = min(incident.none_before_s, able_s)


@compiled
def fits(tables: Any, scene: int, kind: int, type_: int) -> bool:
    """Whether an airframe carries what a type of incident asks for."""
    return bool((tables.kinds[scene, kind].fits >> type_) & 1)


@compiled
def _unsure(tables: Any, state: Any, slot: int, number: int) -> bool:
    """Whether a drone that would go may lack a way out of some leg of its way.

    Who comes home to where it started has it: out and all the way back is what its battery was asked for.
    """
    g, drone, place = state.g[0], state.drones[number], state.incidents[slot].place
    kind = tables.kinds[g.scene, drone.kind]
    _, way_wh, level = way_out(tables, state, number, place)
    if drone.state <= COMMANDED:
        needs_wh = way_wh + tables.homes[g.scene, drone.kind, level, place, drone.at].wh
    else:
        node = node_of(tables.near, tables.raster, drone, g.now_s)
        homes, nearest_wh = tables.homes[g.scene, drone.kind, level, tables.nodes[node].near_place], NEVER
        for base in range(len(homes)):
            nearest_wh = min(nearest_wh, homes[base].wh)
        needs_wh = kind.sure * way_wh + nearest_wh
    landing_wh = tables.levels[g.scene, drone.kind, level].landing_wh
    return bool(needs_wh + landing_wh + SLACK_WH > usable_wh(tables, state, number))


@compiled
def to_check(tables: Any, state: Any, count: int) -> bool:
    """Of those chosen, whom nobody has looked at closer and somebody must: added to ``checked``; whether there are."""
    g, before = state.g[0], state.g[0].checked
    for k in range(count):
        slot, number = state.asked[k], state.chosen[k]
        if number < 0 or g.checked == len(state.checked) or not _unsure(tables, state, slot, number):
            continue
        known = False
        for j in range(g.checked):
            known = known or (state.checked[j].slot == slot and state.checked[j].drone == number)
        if not known:
            one = state.checked[g.checked]
            one.slot, one.drone, one.said = slot, number, UNKNOWN
            g.checked += 1
    return bool(g.checked > before)


# --- a class at once ---


@compiled
def choose(price: Any, params: Array, tables: Any, state: Any, count: int) -> None:
    """A drone for each of the first ``count`` of ``asked``, incidents of one class; -1 for who gets none.

    Where some want the same drone, an assignment of the first :data:`TOGETHER` that anybody is able for; the others
    wait for the next time.
    """
    able, contested = 0, False
    for k in range(count):
        slot = state.asked[k]
        relief = state.incidents[slot].state == WATCHED
        full = contested and able >= TOGETHER
        number = -1 if full else cheapest(price, params, tables, state, slot, relief, state.nothing)
        state.chosen[k] = number
        for other in range(0 if number < 0 or contested else k):
            contested = contested or state.chosen[other] == number
        able += number >= 0
    if contested:
        _share_out(price, params, tables, state, count)


@compiled
def _share_out(price: Any, params: Array, tables: Any, state: Any, count: int) -> None:
    costs, rows = state.costs, 0
    for k in range(count):
        if state.chosen[k] >= 0 and rows < TOGETHER:
            slot, rank = state.asked[k], min(k, 63)
            costs[rows, :] = DEAR
            cheapest(price, params, tables, state, slot, state.incidents[slot].state == WATCHED, costs[rows])
            for number in range(costs.shape[1]):
                if costs[rows, number] < DEAR:  # as dispatch.decide.assignment_cost
                    costs[rows, number] = ((costs[rows, number] // NUMBERS) << 24) + (rank << 16) + (64 - rank) * number
            rows += 1
    many = 0  # who is able for any of them stands in front: where many wait, they are few
    for number in range(costs.shape[1]):
        offered = False
        for row in range(rows):
            costs[row, many] = costs[row, number]
            offered = offered or costs[row, number] < DEAR
        state.able[many] = number
        many += offered
    _match(costs, rows, many, state.potential, state.columns, state.found)
    rows = 0
    for k in range(count):
        if state.chosen[k] >= 0:
            found = state.found[rows] if rows < TOGETHER else -1
            state.chosen[k] = state.able[found] if found >= 0 else -1
            rows += 1


@compiled
def _match(costs: Array, rows: int, many: int, potential: Array, columns: Array, found: Array) -> None:
    """The assignment of the first ``rows`` to the first ``many`` columns, as many as possible, then the cheapest; -1
    where there is none.

    Shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987), DEAR being no offer. Every row has a column of
    its own behind the others, dearer than all offers together. ``potential`` and ``columns`` are scratch.
    """
    own, size = DEAR // (4 * (rows + 1)), many + rows
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
