"""Incidents: those that want a drone, in the order of their calls, and the rows of those that have ended."""

from typing import Any

import numpy as np

from simulator.city.loop.compiled import compiled
from simulator.city.loop.state import FREE, LOST, NEVER, OPEN, SERVED, WAITS, Array


@compiled
def left_s(incident: Any, now_s: float) -> float:
    """How much of its watch is left: what nobody watched is made up for at the end."""
    if np.isnan(incident.scene_s):
        return float(incident.watch_s)
    gap_s = incident.gap_s
    if not np.isnan(incident.gap_at_s):
        gap_s += now_s - incident.gap_at_s
    return max(0.0, incident.scene_s + incident.watch_s + gap_s - now_s)


@compiled
def _want(state: Any, slot: int) -> None:
    """Among those that want a drone, in the order of their calls."""
    g = state.g[0]
    k = g.wanting
    while k > 0 and state.incidents[state.wanting[k - 1]].call > state.incidents[slot].call:
        state.wanting[k] = state.wanting[k - 1]
        k -= 1
    state.wanting[k] = slot
    g.wanting += 1


@compiled
def wait(state: Any, slot: int) -> None:
    """It has no drone."""
    incident = state.incidents[slot]
    incident.state, incident.none_before_s = WAITS, -NEVER
    state.g[0].waiting += 1
    _want(state, slot)


@compiled
def want_relief(state: Any, slot: int) -> None:
    """Whoever is over it cannot stay to the end."""
    if not state.incidents[slot].due:
        state.incidents[slot].due = True
        _want(state, slot)


@compiled
def want_no_more(state: Any, slot: int) -> None:
    """A drone was found for it, or it ends."""
    g, incident = state.g[0], state.incidents[slot]
    if incident.state == WAITS:
        g.waiting -= 1
    elif incident.due:
        incident.due = False
    else:
        return
    kept = 0
    for k in range(g.wanting):
        if state.wanting[k] != slot:
            state.wanting[kept] = state.wanting[k]
            kept += 1
    g.wanting = kept


@compiled
def write(state: Any, slot: int, fate: int, down_s: float, out: Array) -> None:
    """An incident has ended: its row, and its slot is free."""
    g, incident, row = state.g[0], state.incidents[slot], out[state.g[0].rows]
    at_s, served = incident.at_s, fate == SERVED
    row.call = incident.call
    row.at_s = at_s
    row.place = incident.place
    row.type = incident.type
    row.priority = incident.priority
    row.source = incident.source
    row.false_alarm = incident.false
    row.fate = fate
    row.queued = incident.queued
    row.drone = incident.first
    row.base = state.drones[incident.first].own if incident.first >= 0 else -1
    row.node = incident.node
    row.home = incident.home
    row.decided_s = incident.decided_s - at_s
    row.launched_s = incident.launched_s - at_s
    row.on_scene_s = incident.scene_s - at_s
    row.cleared_s = g.now_s - at_s if served else np.nan
    row.returned_s = down_s - at_s if served else np.nan
    row.ended_s = np.nan if fate == OPEN else g.now_s - at_s
    row.ground_s = incident.ground_s
    row.reliefs = incident.reliefs
    row.gap_s = incident.gap_s
    row.robbed = incident.robbed
    row.people_s = incident.people_s
    incident.state = FREE
    state.free[g.free] = slot
    g.free += 1
    g.rows += 1
    g.open -= 1
    g.sojourn_s += max(0.0, g.now_s - max(at_s, g.measured_from_s))


@compiled
def give_up(state: Any, slot: int, out: Array) -> None:
    """Nobody came in time."""
    want_no_more(state, slot)
    write(state, slot, LOST if np.isnan(state.incidents[slot].scene_s) else SERVED, state.g[0].now_s, out)
