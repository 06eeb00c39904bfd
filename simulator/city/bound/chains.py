"""The compiled part of :mod:`simulator.city.bound`: what one drone can earn at most, calls having prices.

Time is in cells of ``step_s``. An instant that lies somewhere in a cell is taken for every instant of it at once, so
that rounding makes a drone's life easier and never harder.
"""

from typing import Any, NamedTuple

import numpy as np

from simulator.city.loop.compiled import compiled
from simulator.city.loop.state import Array

FAR_S = 400.0
"""Who is farther from home at the end of a watch is taken to be docked after so long: it seldom pays to go there."""

CELL_S = 30.0
"""Cells are no longer."""

NOT = np.iinfo(np.int32).max
"""Milliseconds of a way that there is not."""


class Asked(NamedTuple):
    """What is asked of a stream of ``c`` calls. Times are seconds after the beginning of the run."""

    at_s: Array  # [c] in order
    watch_s: Array  # [c]
    counts: Array  # [c] 1.0: its cost counts; 0.0: it is warm-up
    latest_s: float  # so long after its report a call is decided on at the latest
    until_s: float  # the end of the run
    per_s: float  # what a second costs until a drone is on scene
    within_s: float  # what it costs where it takes longer than ``within_s``
    late: float
    step_s: float


class Fleet(NamedTuple):
    """What drones of one kind that belong to one base can do."""

    out_s: Array  # [c] from the dock until on scene; infinite where they cannot
    docked_s: Array  # [c] from the end of a watch until docked, at least; at most FAR_S
    homeward_s: Array  # [c] for so long after the end of a watch one may be in the air, at most
    grounded_s: Array  # in order: from then on they may not fly for a while
    first: Array  # [c] the calls that may follow a call out of the air: from this one on
    begins: Array  # [c + 1] where those of a call begin in ``air_ms``
    air_ms: Array  # from its way home until on scene at the call that follows, at least; NOT: they cannot


class Found(NamedTuple):
    """What is found, backwards in time: the most that can still be earned."""

    docked: Array  # [cells + 1] from a dock
    there: Array  # [c, most + 1] from a call on, where it is reached so many cells after its report
    later: Array  # [c, most + 1] the same, where it is reached then or later


@compiled
def _gain(asked: Any, price: Array, call: int, on_scene_s: float) -> float:
    """A call's price less what it costs to be on scene at that instant."""
    took_s = max(0.0, on_scene_s - asked.at_s[call])
    cost = asked.per_s * took_s
    if took_s > asked.within_s:
        cost += asked.late
    gain: float = price[call] - asked.counts[call] * cost
    return gain


@compiled
def _worth(asked: Any, price: Array, found: Any, call: int, on_scene_s: float) -> float:
    """What it is worth to be on scene at a call, at that instant or later."""
    cell = int(on_scene_s // asked.step_s) - int(asked.at_s[call] // asked.step_s)
    worth: float = _gain(asked, price, call, on_scene_s) + found.later[call, cell]
    return worth


@compiled
def _by_air(asked: Any, fleet: Any, price: Array, found: Any, call: int, following: int, free_s: float) -> float:
    """What it is worth to fly from one call to another without landing; minus infinity where that cannot be."""
    way_ms = fleet.air_ms[fleet.begins[call] + following - fleet.first[call]]
    on_scene_s = max(free_s, asked.at_s[following]) + way_ms / 1000.0
    if following == call or way_ms == NOT or on_scene_s > asked.until_s:
        return -np.inf
    worth: float = _worth(asked, price, found, following, on_scene_s)
    return worth


@compiled
def _from_dock(asked: Any, fleet: Any, price: Array, found: Any, call: int, free_s: float) -> float:
    on_scene_s = max(free_s, asked.at_s[call]) + fleet.out_s[call]
    if on_scene_s > asked.until_s:
        return -np.inf
    worth: float = _worth(asked, price, found, call, on_scene_s)
    return worth


@compiled
def _free_s(asked: Any, fleet: Any, call: int, cell: int) -> float:
    """When a drone that reaches a call in that cell has watched it, at the soonest."""
    there_s = max(cell * asked.step_s, asked.at_s[call])
    free_s: float = there_s + asked.watch_s[call]
    k = np.searchsorted(fleet.grounded_s, there_s)
    return min(free_s, fleet.grounded_s[k]) if k < len(fleet.grounded_s) else free_s


@compiled
def _followers(asked: Any, fleet: Any, call: int, cell: int, free_s: float) -> tuple[int, int]:
    """The calls that a drone may be sent to on its way home from one: none where the weather sent it home."""
    watched_s = max(cell * asked.step_s, asked.at_s[call]) + asked.watch_s[call]
    if free_s < watched_s:
        return 0, 0
    last_s = (cell + 1) * asked.step_s + asked.watch_s[call] + fleet.homeward_s[call]
    low = np.searchsorted(asked.at_s, free_s - asked.latest_s)
    high = np.searchsorted(asked.at_s, last_s, side="right")
    known = fleet.first[call] + fleet.begins[call + 1] - fleet.begins[call]
    return max(low, fleet.first[call]), min(high, known)


@compiled
def _after(asked: Any, fleet: Any, price: Array, found: Any, call: int, cell: int, ceiling: float) -> float:
    """The most that can be earned after a call that is reached in that cell; nothing can be worth more than
    ``ceiling``."""
    free_s = _free_s(asked, fleet, call, cell)
    best: float = found.docked[min(len(found.docked) - 1, int((free_s + fleet.docked_s[call]) // asked.step_s))]
    first, end = _followers(asked, fleet, call, cell, free_s)
    for following in range(first, end):
        if _gain(asked, price, following, free_s) + ceiling > best:
            best = max(best, _by_air(asked, fleet, price, found, call, following, free_s))
    return best


@compiled
def earn(asked: Any, fleet: Any, price: Array, found: Any) -> float:
    """Fill ``found``; the most that one drone can earn that stands on its dock at the beginning."""
    cells, most, step_s = len(found.docked) - 1, found.there.shape[1] - 1, asked.step_s
    found.docked[cells] = 0.0
    home = int(FAR_S // step_s) + 1
    low = high = len(asked.at_s)
    most_after = 0.0  # the most that it is worth to be on scene anywhere in a cell after this
    for cell in range(cells - 1, -1, -1):
        while high > 0 and asked.at_s[high - 1] >= (cell + 1) * step_s:
            high -= 1
        low = min(low, high)
        while low > 0 and int(asked.at_s[low - 1] // step_s) + most >= cell:
            low -= 1
        ceiling, floor = max(found.docked[cell + 1], most_after), found.docked[min(cells, cell + home)]
        for call in range(low, high):
            after = cell - int(asked.at_s[call] // step_s)
            if after > most:
                continue
            gain = _gain(asked, price, call, cell * step_s)
            best = -np.inf
            if gain + ceiling > floor:
                best = _after(asked, fleet, price, found, call, cell, ceiling)
            found.there[call, after] = found.later[call, after] = best
            if after < most and cell + 1 < cells:
                waits = found.later[call, after + 1] - asked.counts[call] * asked.per_s * step_s
                found.later[call, after] = max(best, found.there[call, after + 1], waits)
            most_after = max(most_after, gain + found.later[call, after])
        best = found.docked[cell + 1]
        for call in range(low, high):
            if cell * step_s - asked.at_s[call] <= asked.latest_s:
                best = max(best, _from_dock(asked, fleet, price, found, call, cell * step_s))
        found.docked[cell] = best
    return float(found.docked[0])


@compiled
def follow(asked: Any, fleet: Any, price: Array, found: Any, many: int, visits: Array) -> None:
    """Count the calls that a drone visits which earns the most, ``many`` times each."""
    cells, most, step_s = len(found.docked) - 1, found.there.shape[1] - 1, asked.step_s
    cell = 0
    while cell < cells:
        if found.docked[cell] <= found.docked[cell + 1]:
            cell += 1
            continue
        low = np.searchsorted(asked.at_s, cell * step_s - asked.latest_s)
        high = np.searchsorted(asked.at_s, (cell + 1) * step_s)
        call, best, there_s = -1, -np.inf, 0.0
        for one in range(low, high):
            worth = _from_dock(asked, fleet, price, found, one, cell * step_s)
            if worth > best:
                call, best, there_s = one, worth, max(cell * step_s, asked.at_s[one]) + fleet.out_s[one]
        while call >= 0:
            visits[call] += many
            begins = int(asked.at_s[call] // step_s)
            cell = int(there_s // step_s)
            while cell - begins < most and cell + 1 < cells:
                here, later = found.there[call, cell - begins], found.later[call, cell - begins]
                if later <= here:
                    break
                cell += 1
                if later <= found.there[call, cell - begins]:
                    break
            free_s = _free_s(asked, fleet, call, cell)
            home = min(cells, int((free_s + fleet.docked_s[call]) // step_s))
            best, here = found.docked[home], call
            first, end = _followers(asked, fleet, here, cell, free_s)
            call, cell = -1, home
            for one in range(first, end):
                worth = _by_air(asked, fleet, price, found, here, one, free_s)
                if worth > best:
                    way_ms = fleet.air_ms[fleet.begins[here] + one - fleet.first[here]]
                    call, best, there_s = one, worth, max(free_s, asked.at_s[one]) + way_ms / 1000.0
