"""What a bound lets drones do: the least times that the tables of a world hold, for one stream of calls."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulator.city.bound.chains import CELL_S, FAR_S, NOT, Fleet
from simulator.city.loop import state as words
from simulator.city.loop.state import Array
from simulator.city.rows import Calls
from simulator.city.run import Trouble
from simulator.city.world import World

Floats = NDArray[np.float64]

NO_WAY_HOME_S = 3600.0
"""How long the event loop lets a drone fly home that no scene has a way for."""


class Group(NamedTuple):
    """Drones that are alike: of one kind, from one base, or from any where docks are to spare."""

    drones: int
    fleet: Fleet


def scenes_begin(world: World) -> Array:
    """CHANGE, of scenes alone."""
    changes: Array = world.tables.changes[world.tables.changes["what"] == words.NEW_SCENE]
    return changes


def scenes_in_force(world: World, calls: Calls, for_s: float) -> NDArray[np.bool_]:
    """[c, scene] Whether it is in force at some time in the ``for_s`` after a call's report."""
    changes = scenes_begin(world)
    count = len(world.tables.kinds)
    ends_s = np.append(changes["at_s"][1:], np.inf)
    force = np.zeros((len(calls), count), np.bool_)
    force[calls["at_s"] < changes["at_s"][0], 0] = True
    for begin_s, end_s, scene in zip(changes["at_s"], ends_s, changes["which"], strict=True):
        force[(calls["at_s"] + for_s >= begin_s) & (calls["at_s"] < end_s), scene] = True
    return force


def groups(world: World, calls: Calls, trouble: Trouble, from_s: float, latest_s: float, moves: bool) -> list[Group]:
    """The fleet. ``latest_s`` after its report a call is decided on at the latest; ``moves``: idle drones are moved."""
    tables = world.tables
    own_docks = np.bincount(world.drone_base, minlength=len(world.bases))
    spare = bool((tables.docks > own_docks).any())
    # the longest flight out lies within an hour: no battery holds more
    force = scenes_in_force(world, calls, latest_s + NO_WAY_HOME_S)
    found = []
    for kind in np.unique(world.drone_kind).tolist():
        of_kind = world.drone_kind == kind
        if spare:
            docks = np.flatnonzero(tables.docks > 0)
            found.append((int(of_kind.sum()), kind, docks, docks if moves else docks[:0]))
            continue
        for base in np.unique(world.drone_base[of_kind]).tolist():
            at = np.array([base])
            found.append((int((of_kind & (world.drone_base == base)).sum()), kind, at, at[:0]))
    return [
        Group(drones, _fleet(world, calls, trouble, from_s, latest_s, force, kind, docks, moved))
        for drones, kind, docks, moved in found
    ]


def _fleet(
    world: World, calls: Calls, trouble: Trouble, from_s: float, latest_s: float, force: NDArray[np.bool_], kind: int,
    docks: NDArray[np.int64], moved: NDArray[np.int64],
) -> Fleet:  # fmt: skip
    """The least of the scenes in force and of all heights; ``moved``: docks between which idle drones fly."""
    tables, place = world.tables, calls["place"]
    fits = (tables.kinds["fits"][0, kind] >> calls["type"].astype(np.int64)) & 1 == 1
    air = tables.air["ms"][:, kind]
    out_ms = _out_ms(world, calls, kind, docks)
    if len(moved):
        _, between = _crossed(tables, tables.nodes["x"][moved], tables.nodes["y"][moved], moved)
        out_ms = np.minimum(out_ms, air[:, :, np.unique(between)].min(axis=2)[:, place].T)
    out_s = np.where(force & (out_ms != NOT), out_ms / 1000.0, np.inf).min(axis=1)
    homes_s = tables.homes["s"][:, kind][:, :, :, docks]  # [s, l, p, b]
    levels_s = tables.levels["landing_s"][:, kind]
    landed_s = (homes_s + levels_s[:, :, None, None]).min(axis=(0, 1, 3))
    landed_s = np.where(np.isfinite(landed_s), landed_s, NO_WAY_HOME_S + levels_s.min())
    if trouble.lost_per_hour > 0:
        landed_s = np.minimum(landed_s, trouble.repair_s)
    airborne_s = np.where(np.isfinite(homes_s), homes_s, NO_WAY_HOME_S).max(axis=(0, 1, 3))
    at_s = calls["at_s"] - from_s
    ends_s = at_s + calls["watch_s"]
    first = np.searchsorted(at_s, ends_s - latest_s)
    # reached so late, within a cell, and on its way home for so long after its watch
    flight_s = float(np.max(out_s, where=np.isfinite(out_s), initial=0.0)) + _longest_s(air)
    end = np.searchsorted(at_s, ends_s + latest_s + flight_s + CELL_S + airborne_s[place], side="right")
    begins = np.concatenate([[0], np.cumsum(end - first)])
    begin, nodes = _crossed(tables, tables.places["x"], tables.places["y"], docks)
    air_ms = np.full(int(begins[-1]), NOT, np.int32)
    _least_ms(air, force, place.astype(np.int64), fits, begin, nodes, first, begins, air_ms)
    return Fleet(
        out_s=np.where(fits, out_s, np.inf),
        docked_s=np.minimum(landed_s[place], FAR_S),
        homeward_s=airborne_s[place],
        grounded_s=_grounded_s(world, kind) - from_s,
        first=first,
        begins=begins,
        air_ms=air_ms,
    )


def longest_flight_s(group: Group) -> float:
    """Of those that its drones may make."""
    fleet = group.fleet
    out_s = float(np.max(fleet.out_s, where=np.isfinite(fleet.out_s), initial=0.0))
    return max(out_s, float(np.max(fleet.air_ms, where=fleet.air_ms != NOT, initial=0)) / 1000.0)


def _longest_s(air: Array) -> float:
    return float(np.max(air, where=air != NOT, initial=0)) / 1000.0


def _out_ms(world: World, calls: Calls, kind: int, docks: NDArray[np.int64]) -> NDArray[np.int32]:
    """[c, s] From the best of the docks, where a full battery is enough; NOT where none is."""
    tables, place = world.tables, calls["place"]
    kinds, ways, homes = tables.kinds[:, kind], tables.ways[:, kind], tables.homes[:, kind]
    full_wh = (1.0 - kinds["reserve"]) * kinds["battery_wh"] * kinds["capacity"]
    stint_s = np.minimum(calls["watch_s"], world.rules.relay_stint_s)
    least_wh = tables.levels["landing_wh"][:, kind].min() + kinds["hover_w"].min() * stint_s / 3600.0
    left_wh = full_wh.max() - least_wh - homes["wh"].min(axis=(0, 1, 3))[place]
    best = np.full((len(calls), len(ways)), NOT, np.int32)
    for scene in range(len(ways)):
        here = ways[scene][place][:, docks]
        can = (here["wh"] <= left_wh[:, None]) & (here["ms"] != words.NO_MS)
        best[:, scene] = np.where(can, here["ms"], NOT).min(axis=1)
    return best


def _grounded_s(world: World, kind: int) -> Floats:
    """When scenes begin in which a kind may not fly, having been allowed to."""
    changes = scenes_begin(world)
    flies = world.tables.kinds["flies"][changes["which"], kind]
    stops: Floats = changes["at_s"][~flies & np.append(True, flies[:-1])]
    return stops


def _crossed(tables: words.Tables, x: Floats, y: Floats, docks: NDArray[np.int64]) -> tuple[Array, Array]:
    """The nodes at which a drone may be taken to be that flies straight from one of ``x``, ``y`` to one of the docks:
    where those of each begin, and the nodes. Cells that a flight touches are all among them, and a few more."""
    begin = np.zeros(len(x) + 1, np.int64)
    held = np.zeros(0, np.int32)
    for fill in (False, True):
        if fill:
            held = np.zeros(int(begin[-1]), np.int32)
        _cross(tables.near, tables.raster, x, y, tables.nodes["x"][docks], tables.nodes["y"][docks], begin, held, fill)
    return begin, held


@njit(cache=True)
def _cross(
    near: Array, raster: Array, x: Array, y: Array, to_x: Array, to_y: Array, begin: Array, held: Array, fill: bool
) -> None:
    seen = np.full(near.max() + 1, -1, np.int64)
    count = 0
    for k in range(len(x)):
        for b in range(len(to_x)):
            samples = 1 + int(np.hypot(to_x[b] - x[k], to_y[b] - y[k]) / (0.5 * raster[2]))
            row_before = column_before = -1
            for sample in range(samples + 1):
                along = sample / samples
                row = int((y[k] + along * (to_y[b] - y[k]) - raster[1]) / raster[2])
                column = int((x[k] + along * (to_x[b] - x[k]) - raster[0]) / raster[2])
                row = min(max(row, 0), near.shape[0] - 1)
                column = min(max(column, 0), near.shape[1] - 1)
                if sample == 0:
                    row_before, column_before = row, column
                for i in range(min(row, row_before), max(row, row_before) + 1):
                    for j in range(min(column, column_before), max(column, column_before) + 1):
                        node = near[i, j]
                        if seen[node] != k:
                            seen[node] = k
                            if fill:
                                held[count] = node
                            count += 1
                row_before, column_before = row, column
        if not fill:
            begin[k + 1] = count


@njit(cache=True)
def _least_ms(
    air: Array, force: Array, place: Array, fits: Array, begin: Array, nodes: Array, first: Array, begins: Array,
    least: Array,
) -> None:  # fmt: skip
    for call in range(len(place)):
        for k in range(begins[call], begins[call + 1]):
            following = first[call] + k - begins[call]
            if not fits[following]:
                continue
            best = NOT
            for scene in range(air.shape[0]):
                if force[following, scene]:
                    for j in range(begin[place[call]], begin[place[call] + 1]):
                        best = min(best, air[scene, place[following], nodes[j]])
            least[k] = best
