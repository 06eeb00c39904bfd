"""The clock of a run: calls, drones, changes of the world, and when it is decided who goes.

A run goes on where it stopped: :func:`go` returns when it needs calls, when its outcomes must be taken, or before every
decision where that is asked for.
"""

from typing import Any

import numpy as np

from simulator.city.loop.choose import choose, fits, foresee, to_check
from simulator.city.loop.compiled import compiled
from simulator.city.loop.drones import (
    cover_of_one,
    free_docks,
    next_s,
    set_at,
    set_idle,
    set_leg,
    set_next,
    set_state,
    soonest,
    spend,
    usable_wh,
)
from simulator.city.loop.incidents import give_up, wait, write
from simulator.city.loop.sorties import (
    abandon,
    arrive,
    call_home,
    docked,
    land,
    look,
    mended,
    send,
    take_off,
)
from simulator.city.loop.state import (
    BROKEN,
    CALLS,
    CHECK,
    COMMANDED,
    DECIDE,
    DECISIONS,
    DOCKED,
    DONE,
    FULL,
    HOME,
    IN_VAIN_S,
    LANDING,
    MERGED,
    MOVED_UP,
    NEVER,
    NEW_SCENE,
    OUT,
    OUT_OF_SERVICE,
    REFUSED,
    ROOM,
    SCENE,
    WAITS,
    Array,
)

LEAST_URGENT = 127
"""No class is less urgent."""


@compiled
def _report(tables: Any, state: Any, call: Any, out: Array) -> bool:
    """A call comes in; whether anything has to be decided."""
    g = state.g[0]
    g.free -= 1
    slot = state.free[g.free]
    incident = state.incidents[slot]
    incident.call, incident.at_s, incident.place = g.calls, call.at_s, call.place
    incident.type, incident.priority, incident.source = call.type, call.priority, call.source
    incident.false, incident.chance = call.false_alarm, call.chance
    incident.watch_s, incident.ground_s = call.watch_s, call.ground_s
    incident.drone = incident.relief = incident.first = incident.node = incident.home = -1
    incident.due = incident.queued = False
    incident.decided_s = incident.launched_s = incident.scene_s = incident.gap_at_s = np.nan
    incident.gap_s = incident.people_s = 0.0
    incident.refusals = incident.reliefs = incident.robbed = 0
    g.calls += 1
    g.open += 1
    carried = False
    for kind in range(tables.kinds.shape[1]):
        carried = carried or fits(tables, g.scene, kind, call.type)
    if call.merged:
        write(state, slot, MERGED, call.at_s, out)
        return False
    if not (carried and tables.served[g.scene, call.place]):
        write(state, slot, REFUSED, call.at_s, out)
        return False
    wait(state, slot)
    return True


@compiled
def _decide(price: Any, params: Array, tables: Any, state: Any, out: Array) -> bool:
    """A drone for every incident that wants one, class by class; false where it is to be asked again, somebody having
    been looked at closer."""
    g, asked, urgency = state.g[0], state.asked, 0
    if g.checked == 0:
        g.told = 0
    while True:
        before, urgency = urgency, LEAST_URGENT  # the most urgent class that is left
        for k in range(g.wanting):
            priority = state.incidents[state.wanting[k]].priority
            if before < priority < urgency:
                urgency = priority
        if urgency == LEAST_URGENT:
            break
        count = 0
        for k in range(g.wanting):
            if state.incidents[state.wanting[k]].priority == urgency:
                asked[count] = state.wanting[k]
                count += 1
        choose(price, params, tables, state, count)
        if g.checks and to_check(tables, state, count):
            return False
        state.happened[DECISIONS] += count
        for k in range(count):
            slot, number = asked[k], state.chosen[k]
            if g.told < len(state.told):
                state.told[g.told].slot, state.told[g.told].drone = slot, number
                g.told += 1
            if number >= 0 and (state.drones[number].state != DOCKED or g.in_air < g.most_in_air):
                send(tables, state, number, slot)
            elif state.incidents[slot].state == WAITS:
                state.incidents[slot].queued = True
    g.checked = 0
    for k in range(g.wanting - 1, -1, -1):
        incident = state.incidents[state.wanting[k]]
        if incident.state == WAITS and g.now_s - incident.at_s >= g.patience_s:
            give_up(state, state.wanting[k], out)
    return True


# --- the world changes ---


@compiled
def set_scene(tables: Any, state: Any, scene: int) -> None:
    """Another wind, other zones: who may not fly in it comes home, and coverage is counted anew."""
    state.g[0].scene = scene
    state.covered_by[:] = 0
    state.covered[:] = 0.0
    for k in range(state.g[0].wanting):
        state.incidents[state.wanting[k]].none_before_s = -NEVER
    for number in range(len(state.drones)):
        drone = state.drones[number]
        drone.idle = False
        if not tables.kinds[scene, drone.kind].flies and drone.state in (COMMANDED, OUT, SCENE):
            slot = drone.inc
            abandon(state, number)
            call_home(tables, state, number, slot)
        set_idle(tables, state, number)


@compiled
def _change(tables: Any, state: Any, change: Any) -> None:
    """A new scene begins, or a drone is taken out of service or given back."""
    if change.what == NEW_SCENE:
        set_scene(tables, state, change.which)
        return
    if change.what == OUT_OF_SERVICE:
        drone = state.drones[change.which]
        drone.out_until_s = max(drone.out_until_s, change.until_s)
    set_idle(tables, state, change.which)
    if state.drones[change.which].state == DOCKED:
        foresee(tables, state, change.which)


@compiled
def _move_up(tables: Any, state: Any) -> None:
    """One idle drone goes to where it adds the most to expected coverage, if that is enough."""
    g, mover, goal = state.g[0], -1, -1
    best_gain = g.move_gain
    for base in range(len(tables.docks)):
        for kind in range(tables.kinds.shape[1]):
            gain = cover_of_one(tables, state, kind, base, 1)
            if gain <= best_gain:
                continue
            for number in range(len(state.drones)):
                drone = state.drones[number]
                if not drone.idle or drone.kind != kind or drone.at == base:
                    continue
                worth = gain - cover_of_one(tables, state, kind, drone.at, 0)
                needs_wh = tables.shift[g.scene, kind, drone.at, base].wh + tables.levels[g.scene, kind, 0].landing_wh
                if worth <= best_gain or needs_wh > 0.5 * usable_wh(tables, state, number):
                    continue
                if base == drone.own or free_docks(tables, state, base, number) > 0:
                    best_gain, mover, goal = worth, number, base
    if mover >= 0:
        _shift(tables, state, mover, goal)


@compiled
def _shift(tables: Any, state: Any, number: int, goal: int) -> None:
    """From its dock it flies to another base."""
    g, drone = state.g[0], state.drones[number]
    kind, shift, here = tables.kinds[g.scene, drone.kind], tables.shift[g.scene, drone.kind, drone.at, goal], drone.at
    drone.level, drone.launch_s = 0, g.now_s + kind.launch_s
    begins_s = drone.launch_s + tables.levels[g.scene, drone.kind, 0].climb_s
    set_leg(drone, tables.nodes[here].x, tables.nodes[here].y, begins_s, tables.nodes[goal], g.now_s + shift.s)
    set_state(state, number, HOME)
    set_idle(tables, state, number)
    set_at(tables, state, number, goal)
    g.in_air += 1
    drone.away_s -= g.now_s
    state.happened[MOVED_UP] += 1
    spend(tables, state, number, shift.wh, shift.s)
    set_next(state.tree, number, g.now_s + shift.s)


# --- the clock ---


@compiled
def _pass_time(state: Any, until_s: float) -> None:
    """What is summed over time."""
    g = state.g[0]
    for_s = until_s - g.now_s
    if for_s > 0.0:
        g.seconds += for_s
        g.in_system_s += for_s * g.open
        g.waiting_s += for_s * g.waiting
        g.covered_1_s += for_s * state.covered[1]
        g.covered_2_s += for_s * state.covered[2]
    g.now_s = until_s


@compiled
def _next_of(number: int, tables: Any, state: Any, price: Any, params: Array, out: Array) -> bool:
    """What comes next for one drone; whether anything has to be decided."""
    doing = state.drones[number].state
    if doing == COMMANDED:
        return take_off(tables, state, number)
    if doing == OUT:
        return arrive(tables, state, price, params, number)
    if doing == HOME:
        land(tables, state, number)
        return False
    if doing == SCENE:
        look(tables, state, price, params, number, out)
    elif doing == LANDING:
        docked(tables, state, number)
    else:
        mended(tables, state, number)
    return True


@compiled
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
        if g.rows + g.waiting + 8 >= len(out):  # all that wait may be given up at once
            return ROOM
        if not g.paused:
            k = g.calls - g.block_at
            if k >= len(calls) and not last:
                return CALLS
            call_s = calls[k].at_s if k < len(calls) else NEVER
            number = soonest(tree)
            drone_s = next_s(tree, number)
            change_s = changes[g.change].at_s if g.change < len(changes) else NEVER
            at_s = min(call_s, drone_s, change_s, g.tick_s, g.batch_at_s, g.move_at_s)
            no_more = call_s == NEVER and drone_s == NEVER
            in_vain = g.open == 0 or (change_s == NEVER and at_s > g.last_s + IN_VAIN_S)
            if until_s == NEVER and no_more and in_vain:
                return DONE
            if at_s >= until_s:
                _pass_time(state, max(g.now_s, until_s))
                return DONE
            _pass_time(state, at_s)
            if at_s == min(call_s, drone_s, change_s):
                g.last_s = at_s
            ask = True
            if at_s == drone_s:
                ask = _next_of(number, tables, state, price, params, out)
            elif at_s == change_s:
                _change(tables, state, changes[g.change])
                g.change += 1
            elif at_s == call_s:
                if g.free == 0:
                    return FULL
                ask = _report(tables, state, calls[k], out)
                if ask and g.batch_s > 0.0 and calls[k].priority >= g.batch_from:
                    ask = False
                    g.batch_at_s = min(g.batch_at_s, at_s + g.batch_s)
            elif at_s == g.tick_s:
                g.tick_s = NEVER
            elif at_s == g.batch_at_s:
                g.batch_at_s = NEVER
            else:
                g.move_at_s, ask = at_s + g.move_s, False
                if g.waiting == 0:
                    _move_up(tables, state)
            if not ask or g.wanting == 0:
                continue
            if pause:
                g.paused = True
                return DECIDE
        g.paused = False
        if not _decide(price, params, tables, state, out):
            g.paused = True
            return CHECK
        if g.wanting > 0 and g.tick_s == NEVER:
            g.tick_s = g.now_s + g.retry_s


@compiled
def measure(state: Any) -> None:
    """From now on it is measured: what was summed before is forgotten."""
    g = state.g[0]
    g.measured_from_s = g.now_s
    g.seconds = g.in_system_s = g.sojourn_s = g.waiting_s = g.covered_1_s = g.covered_2_s = 0.0
    state.happened[:] = 0
    for number in range(len(state.drones)):
        drone = state.drones[number]
        drone.busy_s = -g.now_s if drone.inc >= 0 else 0.0
        drone.away_s = 0.0 if drone.state in (DOCKED, BROKEN) else -g.now_s
