"""What a drone does from its launch until it is down, and what becomes of its incident."""

from typing import Any

import numpy as np

from simulator.city.loop.choose import cheapest, foresee
from simulator.city.loop.compiled import compiled
from simulator.city.loop.drones import (
    draw,
    home_for,
    lose,
    node_of,
    set_at,
    set_idle,
    set_leg,
    set_next,
    set_state,
    spend,
    usable_wh,
    way_out,
)
from simulator.city.loop.incidents import left_s, wait, want_no_more, want_relief, write
from simulator.city.loop.state import (
    ASSIGNED,
    BROKEN,
    COMMANDED,
    DIVERTED,
    DOCKED,
    END,
    FAILS,
    FAILURES,
    HANDOVER,
    HOME,
    LANDING,
    LAUNCHES,
    LEAVE,
    NEVER,
    NO_MS,
    OUT,
    PREEMPTED,
    REFUSALS,
    REFUSED_LAUNCHES,
    RELIEF_DUE,
    RELIEFS,
    SCENE,
    SERVED,
    WATCHED,
    Array,
)

OVER_S = 1e-3
"""A watch of which so little is left is over: instants since 1970 are told to a quarter of a microsecond."""


# --- out ---


@compiled
def send(tables: Any, state: Any, number: int, slot: int) -> None:
    """It goes to an incident, from its dock or from where it flies."""
    g, drone, incident = state.g[0], state.drones[number], state.incidents[slot]
    if drone.inc >= 0:
        _rob(state, number)
    else:
        drone.busy_s -= g.now_s
    drone.inc = slot
    if drone.state <= COMMANDED:
        if drone.state == DOCKED:
            g.in_air += 1
            drone.away_s -= g.now_s
            drone.sortie += 1
            state.happened[LAUNCHES] += 1
        set_state(state, number, COMMANDED)
        set_idle(tables, state, number)
        lose(drone, g.now_s, 0.0)
        drone.launch_s = g.now_s + tables.kinds[g.scene, drone.kind].launch_s
        set_next(state.tree, number, drone.launch_s)
    else:
        _divert(tables, state, number)
    want_no_more(state, slot)
    if incident.state == WATCHED:
        incident.relief = number
    else:
        incident.drone = number
        incident.state = ASSIGNED
        incident.decided_s = g.now_s


@compiled
def _rob(state: Any, number: int) -> None:
    """It is taken from a less urgent incident, which wants another."""
    slot = state.drones[number].inc
    incident = state.incidents[slot]
    state.happened[PREEMPTED] += 1
    incident.robbed += 1
    if incident.relief == number:
        incident.relief = -1
        want_relief(state, slot)
    else:
        incident.drone = -1
        wait(state, slot)


@compiled
def _divert(tables: Any, state: Any, number: int) -> None:
    """In the air it turns to the incident that it now flies for."""
    g, drone = state.g[0], state.drones[number]
    place, node = state.incidents[drone.inc].place, node_of(tables.near, tables.raster, drone, g.now_s)
    ms, way_wh, level = way_out(tables, state, number, place)
    flies_s = ms / 1000.0
    if drone.state == HOME:
        drone.why = END
    state.happened[DIVERTED] += 1
    set_state(state, number, OUT)
    set_at(tables, state, number, -1)
    drone.node, drone.level = node, level
    set_leg(drone, tables.nodes[node].x, tables.nodes[node].y, g.now_s, tables.places[place], g.now_s + flies_s)
    spend(tables, state, number, way_wh, flies_s)
    set_next(state.tree, number, g.now_s + flies_s)


@compiled
def take_off(tables: Any, state: Any, number: int) -> bool:
    """It is off the ground, on its way; or it cannot, or refuses, and its incident waits for another.

    Whether anything has to be decided.
    """
    g, drone = state.g[0], state.drones[number]
    incident, base = state.incidents[drone.inc], drone.at
    ms, way_wh, level = way_out(tables, state, number, incident.place)
    if ms == NO_MS:  # the weather or the zones have just changed
        abandon(state, number)
        docked(tables, state, number)
        return True
    if draw(incident.chance, number, 2 * drone.sortie) < g.refuse:
        state.happened[REFUSED_LAUNCHES] += 1
        _fail(tables, state, number)
        return True
    flies_s = ms / 1000.0 - tables.kinds[g.scene, drone.kind].launch_s
    lost_share = 1.0 - np.exp(-g.fail_per_s * flies_s)
    drone.why = FAILS if draw(incident.chance, number, 2 * drone.sortie + 1) < lost_share else END
    set_state(state, number, OUT)
    set_at(tables, state, number, -1)
    drone.node, drone.level = base, level
    begins_s = g.now_s + tables.levels[g.scene, drone.kind, level].climb_s
    node, place = tables.nodes[base], tables.places[incident.place]
    set_leg(drone, node.x, node.y, begins_s, place, g.now_s + flies_s)
    spend(tables, state, number, way_wh, flies_s)
    incident.people_s += tables.ways[g.scene, drone.kind, incident.place, base].people_s
    set_next(state.tree, number, g.now_s + flies_s)
    return False


@compiled
def _fail(tables: Any, state: Any, number: int) -> None:
    """It is broken, stands at its own base when it is mended, and is not sent to this incident again.

    Its incident waits for another.
    """
    g, drone = state.g[0], state.drones[number]
    incident = state.incidents[drone.inc]
    state.refused[drone.inc, incident.refusals % REFUSALS] = number
    incident.refusals += 1
    state.happened[FAILURES] += 1
    abandon(state, number)
    set_state(state, number, BROKEN)
    set_at(tables, state, number, drone.own)
    g.in_air -= 1
    drone.away_s += g.now_s
    lose(drone, g.now_s, 0.0)
    set_next(state.tree, number, g.now_s + g.repair_s)


# --- on scene ---


@compiled
def arrive(tables: Any, state: Any, price: Any, params: Array, number: int) -> bool:
    """It is on scene, or was lost on its way; whether anything has to be decided."""
    g, drone = state.g[0], state.drones[number]
    if drone.why == FAILS:
        _fail(tables, state, number)
        return True
    incident, kind = state.incidents[drone.inc], tables.kinds[g.scene, drone.kind]
    set_state(state, number, SCENE)
    spend(tables, state, number, kind.hover_w / 3600.0, 1.0)
    if np.isnan(incident.scene_s):
        incident.scene_s, incident.launched_s = g.now_s, drone.launch_s
        incident.first, incident.node = number, drone.node
    if not np.isnan(incident.gap_at_s):
        incident.gap_s += g.now_s - incident.gap_at_s
        incident.gap_at_s = np.nan
    if incident.relief == number:  # the first is still there
        first = state.drones[incident.drone]
        first.why = HANDOVER
        set_next(state.tree, incident.drone, max(g.now_s, min(g.now_s + g.overlap_s, first.leaves_s)))
        incident.reliefs += 1
        state.happened[RELIEFS] += 1
    incident.state = WATCHED
    spare_wh = usable_wh(tables, state, number) - tables.levels[g.scene, drone.kind, drone.level].landing_wh
    base = home_for(tables, state, number, g.scene, drone.level, incident.place, spare_wh)
    drone.leaves_s = g.now_s
    if base >= 0:
        home_wh = tables.homes[g.scene, drone.kind, drone.level, incident.place, base].wh
        drone.leaves_s += 3600.0 * (spare_wh - home_wh) / kind.hover_w
    _plan_watch(tables, state, price, params, number)
    return False


@compiled
def _plan_watch(tables: Any, state: Any, price: Any, params: Array, number: int) -> None:
    """When the drone on scene is looked at next: at the end of its watch, or when a relief must be sent."""
    g, drone = state.g[0], state.drones[number]
    incident = state.incidents[drone.inc]
    end_s = g.now_s + left_s(incident, g.now_s)
    if incident.relief == number or end_s <= drone.leaves_s:  # a relief's watch is planned when the first has gone
        drone.why = END
        set_next(state.tree, number, end_s)
        return
    pick = cheapest(price, params, tables, state, drone.inc, False, state.nothing)
    flies_s = g.promise_s  # as dispatch.relay where nobody can come
    if pick >= 0:
        ms, _, _ = way_out(tables, state, pick, incident.place)
        flies_s = ms / 1000.0 * tables.kinds[g.scene, state.drones[pick].kind].p90
    drone.why = RELIEF_DUE
    set_next(state.tree, number, max(g.now_s, drone.leaves_s - flies_s - g.layer_s - g.overlap_s - g.retry_s))


@compiled
def look(tables: Any, state: Any, price: Any, params: Array, number: int, out: Array) -> None:
    """A drone on scene has come to what it was to be looked at for."""
    g, drone = state.g[0], state.drones[number]
    slot, incident = drone.inc, state.incidents[drone.inc]
    over = left_s(incident, g.now_s) <= OVER_S
    if drone.why == HANDOVER:
        incident.drone, incident.relief = incident.relief, -1
        _release(state, number)
        go_home(tables, state, number, incident.place, slot)
        _plan_watch(tables, state, price, params, incident.drone)
    elif over:
        _clear(tables, state, slot, out)
    elif drone.why == END:  # there was a gap since, or who else was there has gone
        _plan_watch(tables, state, price, params, number)
    elif drone.why == RELIEF_DUE:
        drone.why = LEAVE
        set_next(state.tree, number, max(g.now_s, drone.leaves_s))
        if incident.relief < 0:
            want_relief(state, slot)
    else:
        abandon(state, number)
        go_home(tables, state, number, incident.place, slot)


@compiled
def _look_now(state: Any, number: int) -> None:
    """Who else was on scene has gone: its watch is planned anew."""
    state.drones[number].why = END
    set_next(state.tree, number, state.g[0].now_s)


@compiled
def _release(state: Any, number: int) -> None:
    """It is nobody's any more."""
    state.drones[number].busy_s += state.g[0].now_s
    state.drones[number].inc = -1


@compiled
def abandon(state: Any, number: int) -> None:
    """It is taken off its incident, which wants another where nobody else is there."""
    slot = state.drones[number].inc
    incident = state.incidents[slot]
    _release(state, number)
    if incident.relief == number:
        incident.relief = -1
        want_relief(state, slot)
        if state.drones[incident.drone].why == HANDOVER:
            _look_now(state, incident.drone)
        return
    want_no_more(state, slot)
    incident.drone, incident.relief = incident.relief, -1
    if incident.drone >= 0 and state.drones[incident.drone].state == SCENE:
        _look_now(state, incident.drone)
        return
    if incident.state == WATCHED:
        incident.gap_at_s = state.g[0].now_s
    if incident.drone < 0:
        wait(state, slot)
    else:
        incident.state = ASSIGNED


@compiled
def _clear(tables: Any, state: Any, slot: int, out: Array) -> None:
    """The watch is over: all drones of the incident go home, and its row is written."""
    incident, down_s = state.incidents[slot], state.g[0].now_s
    for number in (incident.drone, incident.relief):
        if number >= 0:
            _release(state, number)
            down_s = max(down_s, call_home(tables, state, number, slot))
    want_no_more(state, slot)
    write(state, slot, SERVED, down_s, out)


# --- home ---


@compiled
def call_home(tables: Any, state: Any, number: int, slot: int) -> float:
    """It was given to an incident, and goes home from wherever it is. Returns when it will be down."""
    drone = state.drones[number]
    if drone.state == COMMANDED:
        docked(tables, state, number)
        return float(state.g[0].now_s)
    if drone.state == SCENE:
        return go_home(tables, state, number, state.incidents[slot].place, slot)
    node = node_of(tables.near, tables.raster, drone, state.g[0].now_s)
    return go_home(tables, state, number, tables.nodes[node].near_place, -1)


@compiled
def go_home(tables: Any, state: Any, number: int, place: int, slot: int) -> float:
    """It flies home from over or near a place, from over its incident where ``slot`` is not -1. Returns when it will be
    down."""
    g, drone = state.g[0], state.drones[number]
    scene, kind, level = g.scene, drone.kind, drone.level
    landing = tables.levels[scene, kind, level]
    within_wh = usable_wh(tables, state, number) - landing.landing_wh
    base = home_for(tables, state, number, scene, level, place, within_wh)
    if base < 0:
        base = home_for(tables, state, number, scene, level, place, NEVER)
    for other in range(len(tables.ways)):  # a zone was raised over it: it goes as it would have gone without
        if base < 0:
            scene = other
            base = home_for(tables, state, number, scene, level, place, NEVER)
    flies_s, way_wh = 3600.0, 0.0  # where none of this world's scenes leads home from there
    if base >= 0:
        back = tables.homes[scene, kind, level, place, base]
        flies_s, way_wh = back.s, back.wh
    else:
        base = drone.own
    x, y = tables.places[place].x, tables.places[place].y
    if drone.state != SCENE:
        node = tables.nodes[node_of(tables.near, tables.raster, drone, g.now_s)]
        x, y = node.x, node.y
    set_leg(drone, x, y, g.now_s, tables.nodes[base], g.now_s + flies_s)
    set_state(state, number, HOME)
    set_at(tables, state, number, base)
    spend(tables, state, number, way_wh, flies_s)
    set_next(state.tree, number, g.now_s + flies_s)
    if slot >= 0:
        state.incidents[slot].people_s += tables.ways[scene, kind, place, base].people_s
        state.incidents[slot].home = base
    return float(g.now_s + flies_s + landing.landing_s)


@compiled
def land(tables: Any, state: Any, number: int) -> None:
    """It is over its base, and comes down."""
    g, drone = state.g[0], state.drones[number]
    level = tables.levels[g.scene, drone.kind, drone.level]
    set_state(state, number, LANDING)
    spend(tables, state, number, level.landing_wh, level.landing_s)
    set_next(state.tree, number, g.now_s + level.landing_s)


@compiled
def docked(tables: Any, state: Any, number: int) -> None:
    """It is on a dock; from the air, or because its launch was called off."""
    state.g[0].in_air -= 1
    state.drones[number].away_s += state.g[0].now_s
    _charge(tables, state, number)


@compiled
def mended(tables: Any, state: Any, number: int) -> None:
    """It stands on its own dock again, and may be asked again for what waits since it failed."""
    for k in range(state.g[0].wanting):
        for j in range(REFUSALS):
            if state.refused[state.wanting[k], j] == number:
                state.refused[state.wanting[k], j] = -1
    _charge(tables, state, number)


@compiled
def _charge(tables: Any, state: Any, number: int) -> None:
    g, drone = state.g[0], state.drones[number]
    set_state(state, number, DOCKED)
    lose(drone, g.now_s, -tables.kinds[g.scene, drone.kind].charge)
    set_next(state.tree, number, NEVER)
    set_idle(tables, state, number)
    foresee(tables, state, number)
