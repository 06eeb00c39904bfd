"""Fastest ways through corners: the graph of taut legs, Dijkstra from a hub, and the best corner for each spoke.

A *hub* is the one end that many ways share (the goal of a fleet, or the base that a field is drawn from); *spokes* are
the other ends. ``towards`` says which way the ways are flown: spokes to hub, or hub to spokes.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from geo.kernels.grid import FAR_M, MOST_CELLS, Bools, Floats, Ground, Ints, file_edges

DIRECT = -1
"""Instead of a corner: the leg goes straight to the hub."""

NONE = -2
"""Instead of a corner: there is no legal way."""

GUESS, QUICKER, TAUT = range(3)
"""The rounds in which corners are offered to a spoke."""

TAUT_M = 0.91
"""A leg whose corner's neighbour lies this far on the wrong side still counts as taut. A drone may find itself between
a margin and the clearance at which ways turn, 0.5 m; and where a sharp tip is blunted at 1.5 times that, a leg may pass
between the tip and the one corner to the other: hypot(0.5, 0.75) m, and a hair."""

HAIR_M = 1e-6
"""What lies so near to a line lies on it."""

NO_HEADWAY_MPS = 1e-6


class Pace(NamedTuple):
    """How fast an aircraft gets along: see :func:`geo.wind.ground_speed_mps`."""

    east_mps: float
    north_mps: float
    airspeed_mps: float
    limit_mps: float
    gust_east_mps: float
    gust_north_mps: float


class Corners(NamedTuple):
    """Corners of closed ground where ways may turn, with their neighbours along the rim. Shapes [n, 2]."""

    here: Floats
    before: Floats
    after: Floats
    first_of_rim: Ints
    """Shape [rims + 1]: where each polygon's corners begin."""
    rim_of_edge: Ints
    """The polygon that each edge of the ground belongs to."""
    middle: Floats
    """A circle round each polygon's corners: its middle, shape [rims, 2]..."""
    radius_m: Floats
    """...and its radius."""


class Tree(NamedTuple):
    """Fastest ways between a hub and every corner."""

    times_s: Floats
    """Seconds, infinite where there is no way. Shape [n]."""
    onward: Ints
    """The next corner on the way to the hub, or :data:`DIRECT`, or :data:`NONE`. Shape [n]."""


def ground_of(edges: Floats) -> Ground:
    """The ground whose closed part is bounded by ``edges`` [e, 4] (rings of disjoint polygons, in any order)."""
    near = edges[np.abs(edges).max(axis=1) < FAR_M] if len(edges) else edges
    if not len(near):
        return Ground(edges, 0.0, 0.0, 1.0, 0, 0, np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))
    west, east = near[:, [0, 2]].min() - 1.0, near[:, [0, 2]].max() + 1.0
    south, north = near[:, [1, 3]].min() - 1.0, near[:, [1, 3]].max() + 1.0
    area_m2 = (east - west) * (north - south)
    cell_m = max(math.sqrt(area_m2 / min(MOST_CELLS, 4 * len(near) + 16)), 1.0)
    columns, rows = math.ceil((east - west) / cell_m), math.ceil((north - south) / cell_m)
    first, filed = file_edges(edges, west, south, cell_m, columns, rows)
    closed = _centres(edges, west, south, cell_m, columns, rows)
    return Ground(edges, float(west), float(south), float(cell_m), columns, rows, first, filed, closed)


@njit(cache=True, nogil=True)
def crosses(ground: Ground, ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether the leg from a to b touches an edge of closed ground."""
    return first_crossed(ground, ax, ay, bx, by) >= 0


@njit(cache=True, nogil=True)
def first_crossed(ground: Ground, ax: float, ay: float, bx: float, by: float) -> int:
    """An edge that the leg from a to b touches, in the first cell on the way that has one; -1 if it touches none."""
    if ground.columns == 0:
        return -1
    # clip to the grid (Liang and Barsky 1984)
    dx, dy = bx - ax, by - ay
    enter, leave = 0.0, 1.0
    east_m = ground.west_m + ground.columns * ground.cell_m
    north_m = ground.south_m + ground.rows * ground.cell_m
    for p, q in ((-dx, ax - ground.west_m), (dx, east_m - ax), (-dy, ay - ground.south_m), (dy, north_m - ay)):
        if p == 0.0:
            if q < 0.0:
                return -1
        elif p < 0.0:
            enter = max(enter, q / p)
        else:
            leave = min(leave, q / p)
    if enter > leave:
        return -1
    fx, fy = (ax + enter * dx - ground.west_m) / ground.cell_m, (ay + enter * dy - ground.south_m) / ground.cell_m
    column = min(max(int(fx), 0), ground.columns - 1)
    row = min(max(int(fy), 0), ground.rows - 1)
    step_x, step_y = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
    per_x = ground.cell_m / abs(dx) if dx != 0.0 else math.inf
    per_y = ground.cell_m / abs(dy) if dy != 0.0 else math.inf
    next_x = enter + ((column + 1 - fx) if dx > 0 else (fx - column)) * per_x if dx != 0.0 else math.inf
    next_y = enter + ((row + 1 - fy) if dy > 0 else (fy - row)) * per_y if dy != 0.0 else math.inf
    while True:
        cell = row * ground.columns + column
        for k in range(ground.first[cell], ground.first[cell + 1]):
            e = ground.filed[k]
            if _touch(ax, ay, bx, by, ground.edges[e, 0], ground.edges[e, 1], ground.edges[e, 2], ground.edges[e, 3]):
                return int(e)
        if next_x < next_y:
            if next_x > leave:
                return -1
            column += step_x
            if column < 0 or column >= ground.columns:
                return -1
            next_x += per_x
        else:
            if next_y > leave:
                return -1
            row += step_y
            if row < 0 or row >= ground.rows:
                return -1
            next_y += per_y


@njit(cache=True, nogil=True)
def is_closed(ground: Ground, x: float, y: float) -> bool:
    """Whether (x, y) lies in closed ground. On an edge either answer may come."""
    if len(ground.edges) == 0:
        return False
    column = math.floor((x - ground.west_m) / ground.cell_m)
    row = math.floor((y - ground.south_m) / ground.cell_m)
    if column < 0 or row < 0 or column >= ground.columns or row >= ground.rows:
        return _odd(ground.edges, x, y)
    cell = row * ground.columns + column
    first, last = ground.first[cell], ground.first[cell + 1]
    inside: bool = ground.centre_closed[cell]
    if first == last:
        return inside
    # From the cell's centre to the point, every edge that is crossed changes sides.
    cx, cy = ground.west_m + (column + 0.5) * ground.cell_m, ground.south_m + (row + 0.5) * ground.cell_m
    for k in range(first, last):
        e = ground.filed[k]
        x0, y0, x1, y1 = ground.edges[e, 0], ground.edges[e, 1], ground.edges[e, 2], ground.edges[e, 3]
        side_0, side_1 = _left(cx, cy, x, y, x0, y0), _left(cx, cy, x, y, x1, y1)
        side_c, side_p = _left(x0, y0, x1, y1, cx, cy), _left(x0, y0, x1, y1, x, y)
        if side_0 == 0.0 or side_1 == 0.0 or side_c == 0.0 or side_p == 0.0:
            return _odd(ground.edges, x, y)  # through a corner: count properly
        if (side_0 > 0) != (side_1 > 0) and (side_c > 0) != (side_p > 0):
            inside = not inside
    return inside


@njit(cache=True, nogil=True)
def blocked(ground: Ground, starts: Floats, ends: Floats) -> Bools:
    """Whether each leg start → end (shapes [n, 2]) touches closed ground."""
    hit = np.zeros(len(starts), dtype=np.bool_)
    for k in range(len(starts)):
        ax, ay, bx, by = starts[k, 0], starts[k, 1], ends[k, 0], ends[k, 1]
        hit[k] = crosses(ground, ax, ay, bx, by) or is_closed(ground, ax, ay)
    return hit


@njit(cache=True, nogil=True)
def over_ground_mps(cx: float, cy: float, east: float, north: float, airspeed: float, limit: float) -> float:
    """Highest speed over ground along the unit vector (cx, cy); 0 where the wind is too strong."""
    along = cx * east + cy * north
    across = cx * north - cy * east
    spare = airspeed * airspeed - across * across
    if spare < 0.0:
        return 0.0
    through_air = math.sqrt(spare)
    if along + through_air <= NO_HEADWAY_MPS or along - through_air > limit:
        return 0.0
    return min(along + through_air, limit)


@njit(cache=True, nogil=True)
def leg_s(dx: float, dy: float, pace: Pace) -> float:
    """Seconds for a straight leg (dx, dy) at cruise; infinite where the wind is too strong."""
    length = math.sqrt(dx * dx + dy * dy)
    if length == 0.0:
        return 0.0
    cx, cy = dx / length, dy / length
    speed = over_ground_mps(cx, cy, pace.east_mps, pace.north_mps, pace.airspeed_mps, pace.limit_mps)
    if speed <= 0.0:
        return math.inf
    if pace.gust_east_mps != pace.east_mps or pace.gust_north_mps != pace.north_mps:
        held = over_ground_mps(cx, cy, pace.gust_east_mps, pace.gust_north_mps, pace.airspeed_mps, pace.limit_mps)
        if held <= 0.0:
            return math.inf
    return length / speed


@njit(cache=True, nogil=True)
def is_taut(corners: Corners, k: int, px: float, py: float) -> bool:
    """Whether a leg between (px, py) and corner k leaves the closed ground at k on one side, so that a fastest way
    could turn there."""
    x, y = corners.here[k, 0], corners.here[k, 1]
    ux, uy = x - px, y - py
    bx, by = corners.before[k, 0] - x, corners.before[k, 1] - y
    ax, ay = corners.after[k, 0] - x, corners.after[k, 1] - y
    b, a = ux * by - uy * bx, ux * ay - uy * ax
    if (b >= 0.0) == (a >= 0.0):
        return True
    # how far a neighbour lies off the leg, or, where it is farther than the leg is long, the leg's start off its edge
    square = ux * ux + uy * uy
    off_b = b * b <= TAUT_M * TAUT_M * max(square, bx * bx + by * by)
    off_a = a * a <= TAUT_M * TAUT_M * max(square, ax * ax + ay * ay)
    return bool(off_b or off_a)


@njit(cache=True, nogil=True)
def joined(ground: Ground, corners: Corners, from_row: int, to_row: int) -> Bools:
    """Which of the corners [from_row, to_row) a taut legal leg joins with which later ones. Shape [rows, n]."""
    n = len(corners.here)
    see = np.zeros((to_row - from_row, n), dtype=np.bool_)
    for i in range(from_row, to_row):
        x, y = corners.here[i, 0], corners.here[i, 1]
        for j in range(i + 1, n):
            u, v = corners.here[j, 0], corners.here[j, 1]
            if is_taut(corners, j, x, y) and is_taut(corners, i, u, v):
                see[i - from_row, j] = not crosses(ground, x, y, u, v)
    return see


@njit(cache=True, nogil=True)
def weights_s(corners: Corners, first: Ints, others: Ints, pace: Pace, towards: bool) -> Floats:
    """Seconds of every leg of the graph: from the listed corner to the row's (``towards``), or the other way."""
    out = np.empty(len(others))
    sign = 1.0 if towards else -1.0
    for i in range(len(first) - 1):
        for k in range(first[i], first[i + 1]):
            j = others[k]
            dx, dy = corners.here[i, 0] - corners.here[j, 0], corners.here[i, 1] - corners.here[j, 1]
            out[k] = leg_s(sign * dx, sign * dy, pace)
    return out


@njit(cache=True, nogil=True)
def seeds_s(ground: Ground, corners: Corners, hub: Floats, pace: Pace, towards: bool) -> Floats:
    """Seconds straight between each corner and the hub (shape [2]); infinite where that leg is no use."""
    n, x, y = len(corners.here), hub[0], hub[1]
    out = np.full(n, np.inf)
    if is_closed(ground, x, y):
        return out
    sign = 1.0 if towards else -1.0
    for k in range(n):
        if is_taut(corners, k, x, y):
            u, v = corners.here[k, 0], corners.here[k, 1]
            if not crosses(ground, x, y, u, v):
                out[k] = leg_s(sign * (x - u), sign * (y - v), pace)
    return out


@njit(cache=True, nogil=True)
def grow_tree(first: Ints, others: Ints, weights: Floats, seeds: Floats) -> Tree:
    """Dijkstra 1959 over the corner graph from a hub that is ``seeds`` seconds from each corner."""
    n = len(seeds)
    times, onward = seeds.copy(), np.full(n, NONE, dtype=np.int64)
    key, node, size = np.empty(len(others) + n + 1), np.empty(len(others) + n + 1, dtype=np.int64), 0
    for i in range(n):
        if seeds[i] < math.inf:
            onward[i] = DIRECT
            size = _push(key, node, size, seeds[i], i)
    while size > 0:
        at, i = key[0], node[0]
        size = _pop(key, node, size)
        if at > times[i]:
            continue  # a quicker way was found meanwhile
        for k in range(first[i], first[i + 1]):
            j, reached = others[k], at + weights[k]
            if reached < times[j]:
                times[j], onward[j] = reached, i
                size = _push(key, node, size, reached, j)
    return Tree(times, onward)


@njit(cache=True, nogil=True)
def wraps_of(corners: Corners, tree: Tree, hub: Floats) -> Floats:
    """What the search for a spoke looks at of every corner k: x, y, seconds to the hub, e, v, |e|, |v|. Shape [n, 9].

    A fastest way bends at k only round the ground there: it comes in between the line e of the rim's edge that ends at
    k and the line v on which it goes on, else it could cut the corner. Both are turned so that (s - k) × e and
    v × (s - k) are not negative for such a spoke s, whichever side the ground is on. A line that goes on through the
    clearance, between both edges of a blunted tip, may have come round it on either side: there e and v are 0 and
    every spoke will do.
    """
    wraps = np.empty((len(corners.here), 9))
    for k in range(len(wraps)):
        x, y, onward = corners.here[k, 0], corners.here[k, 1], tree.onward[k]
        goal_x, goal_y = (corners.here[onward, 0], corners.here[onward, 1]) if onward >= 0 else (hub[0], hub[1])
        vx, vy = goal_x - x, goal_y - y
        bx, by = corners.before[k, 0] - x, corners.before[k, 1] - y
        ax, ay = corners.after[k, 0] - x, corners.after[k, 1] - y
        off_b, off_a = vx * by - vy * bx, vx * ay - vy * ax
        if off_b * off_a < 0.0 and min(abs(off_b), abs(off_a)) > HAIR_M * math.hypot(vx, vy):
            wraps[k] = x, y, tree.times_s[k], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            continue
        on_left = off_b + off_a >= 0.0
        ex, ey = (-bx, -by) if on_left else (ax, ay)
        if not on_left:
            vx, vy = -vx, -vy
        wraps[k] = x, y, tree.times_s[k], ex, ey, vx, vy, math.hypot(ex, ey), math.hypot(vx, vy)
    return wraps


@njit(cache=True, nogil=True)
def join_spokes(
    ground: Ground, corners: Corners, tree: Tree, hub: Floats, spokes: Floats, pace: Pace, towards: bool
) -> tuple[Floats, Ints]:
    """Seconds and first corner (from the spoke) of the fastest way between each of ``spokes`` [m, 2] and the hub.

    Corners are tried quickest first, so the first that is seen is the best of those offered. First a guess: offered
    are the corners of the zone that stands in the straight way, and of what stands in the way of those. Then all that
    could be quicker than the guess. Where two zones all but touch, corners are missing and a way may bend where no
    taut string would: where nothing was found, whatever is taut is offered.
    """
    m, sign = len(spokes), 1.0 if towards else -1.0
    times, via = np.full(m, np.inf), np.full(m, NONE, dtype=np.int64)
    if is_closed(ground, hub[0], hub[1]):
        return times, via
    wind = math.sqrt(pace.east_mps * pace.east_mps + pace.north_mps * pace.north_mps)
    top_mps = min(pace.limit_mps, pace.airspeed_mps + wind)
    rims = len(corners.radius_m)
    least_s = np.full(rims, np.inf)
    for rim in range(rims):
        for k in range(corners.first_of_rim[rim], corners.first_of_rim[rim + 1]):
            least_s[rim] = min(least_s[rim], tree.times_s[k])
    nearest_to_hub = np.argsort(least_s, kind="mergesort")
    wraps, looked_at = wraps_of(corners, tree, hub), np.full(rims, -1, dtype=np.int64)
    walls, whole_s, candidate = np.empty(8, dtype=np.int64), np.empty(len(wraps)), np.empty(len(wraps), dtype=np.int64)
    for s in range(m):
        x, y = spokes[s, 0], spokes[s, 1]
        if is_closed(ground, x, y):
            continue
        wall = first_crossed(ground, x, y, hub[0], hub[1])
        if wall < 0:
            # No way through a corner is faster than the straight line where that is legal.
            times[s] = leg_s(sign * (hub[0] - x), sign * (hub[1] - y), pace)
            if times[s] < math.inf:
                via[s] = DIRECT
                continue
        best, best_k, count, hit = math.inf, NONE, 0, 0
        for offer in (GUESS, QUICKER, TAUT):
            if offer == TAUT and best_k != NONE:
                break
            for rim in nearest_to_hub:
                slack_s = best - least_s[rim]
                if offer == GUESS or slack_s < 0.0 or least_s[rim] == math.inf:
                    break  # from here on all corners are farther from the hub than the best way found
                if offer == QUICKER and looked_at[rim] == s:
                    continue
                if slack_s < math.inf:
                    mx, my = corners.middle[rim, 0] - x, corners.middle[rim, 1] - y
                    reach_m = slack_s * top_mps + corners.radius_m[rim]
                    if mx * mx + my * my > reach_m * reach_m:
                        continue
                for k in range(corners.first_of_rim[rim], corners.first_of_rim[rim + 1]):
                    if offer == QUICKER or is_taut(corners, k, x, y):
                        whole = _whole_s(wraps, k, x, y, best, top_mps, sign, pace, offer == QUICKER)
                        if whole < best:
                            count = _push(whole_s, candidate, count, whole, k)
            while True:
                if offer == GUESS and wall >= 0 and looked_at[corners.rim_of_edge[wall]] != s:
                    rim = corners.rim_of_edge[wall]
                    looked_at[rim] = s
                    for k in range(corners.first_of_rim[rim], corners.first_of_rim[rim + 1]):
                        whole = _whole_s(wraps, k, x, y, best, top_mps, sign, pace, True)
                        if whole < best:
                            count = _push(whole_s, candidate, count, whole, k)
                if count == 0:
                    break
                whole, k = whole_s[0], candidate[0]
                count = _pop(whole_s, candidate, count)
                wall = _in_the_way(ground, walls, hit, x, y, wraps[k, 0], wraps[k, 1])
                if wall < 0:
                    best, best_k, count = whole, k, 0
                    break
                if hit == 0 or walls[(hit - 1) % len(walls)] != wall:
                    walls[hit % len(walls)], hit = wall, hit + 1
        times[s], via[s] = best, best_k
    return times, via


@njit(cache=True, nogil=True, inline="always")
def _whole_s(
    wraps: Floats, k: int, x: float, y: float, best: float, top_mps: float, sign: float, pace: Pace, wrapping: bool
) -> float:
    """Seconds between (x, y) and the hub by way of corner k; infinite where that is not under ``best``, or no way that
    is ``wrapping`` round the corner."""
    wx, wy = x - wraps[k, 0], y - wraps[k, 1]
    if wrapping:
        e, v = wx * wraps[k, 4] - wy * wraps[k, 3], wraps[k, 5] * wy - wraps[k, 6] * wx
        off_m = abs(wx) + abs(wy)
        if min(e + TAUT_M * max(off_m, wraps[k, 7]), v + TAUT_M * max(off_m, wraps[k, 8])) < 0.0:
            return math.inf
    reach_m = max(0.0, best - wraps[k, 2]) * top_mps
    if wx * wx + wy * wy > reach_m * reach_m:
        return math.inf
    whole_s: float = leg_s(-sign * wx, -sign * wy, pace) + wraps[k, 2]
    return whole_s


@njit(cache=True, nogil=True, inline="always")
def _in_the_way(ground: Ground, walls: Ints, hit: int, x: float, y: float, u: float, v: float) -> int:
    """An edge that the leg from (x, y) to (u, v) touches, or -1: what stood in the way of one leg often stands in that
    of the next, so the last ``hit`` ``walls`` are looked at first."""
    for w in range(min(hit, len(walls))):
        e = walls[w]
        if _touch(x, y, u, v, ground.edges[e, 0], ground.edges[e, 1], ground.edges[e, 2], ground.edges[e, 3]):
            return int(e)
    return first_crossed(ground, x, y, u, v)


@njit(cache=True, nogil=True)
def trace(corners: Corners, tree: Tree, hub: Floats, spokes: Floats, via: Ints, towards: bool) -> tuple[Floats, Ints]:
    """The polylines of ways in the order they are flown: points [p, 2], and where each begins [m + 1]."""
    m = len(spokes)
    first = np.zeros(m + 1, dtype=np.int64)
    for s in range(m):
        count, k = 0 if via[s] == NONE else 2, via[s]
        while k >= 0:
            count, k = count + 1, tree.onward[k]
        first[s + 1] = first[s] + count
    points = np.empty((first[m], 2))
    for s in range(m):
        if via[s] == NONE:
            continue
        at, step = (first[s], 1) if towards else (first[s + 1] - 1, -1)
        points[at] = spokes[s]
        k = via[s]
        while k >= 0:
            at += step
            points[at] = corners.here[k]
            k = tree.onward[k]
        points[at + step] = hub
    return points, first


@njit(cache=True, nogil=True)
def legs_along(points: Floats, first: Ints, pace: Pace) -> tuple[Floats, Floats, Floats, Ints]:
    """Length, ground speed and turn at the end (degrees; 0 = straight on) of every leg of these polylines, and where
    each polyline's legs begin [m + 1]. Legs of no length are left out."""
    m, most = len(first) - 1, len(points)
    lengths, speeds, turns = np.empty(most), np.empty(most), np.zeros(most)
    begins, leg = np.zeros(m + 1, dtype=np.int64), 0
    for s in range(m):
        last_x, last_y = 0.0, 0.0
        for p in range(first[s], first[s + 1] - 1):
            dx, dy = points[p + 1, 0] - points[p, 0], points[p + 1, 1] - points[p, 1]
            length = math.sqrt(dx * dx + dy * dy)
            if length > 0.0:
                if leg > begins[s]:
                    turns[leg - 1] = abs(math.degrees(math.atan2(last_x * dy - last_y * dx, last_x * dx + last_y * dy)))
                lengths[leg], speeds[leg] = length, length / leg_s(dx, dy, pace)
                last_x, last_y, leg = dx, dy, leg + 1
        begins[s + 1] = leg
    return lengths[:leg], speeds[:leg], turns[:leg], begins


@njit(cache=True, nogil=True)
def _push(key: Floats, node: Ints, size: int, at: float, i: int) -> int:
    """Puts an entry on a binary heap; returns its new size."""
    k = size
    while k > 0:
        up = (k - 1) // 2
        if key[up] <= at:
            break
        key[k], node[k] = key[up], node[up]
        k = up
    key[k], node[k] = at, i
    return size + 1


@njit(cache=True, nogil=True)
def _pop(key: Floats, node: Ints, size: int) -> int:
    """Takes the least entry off a binary heap; returns its new size."""
    size -= 1
    at, i = key[size], node[size]
    k = 0
    while True:
        down = 2 * k + 1
        if down >= size:
            break
        if down + 1 < size and key[down + 1] < key[down]:
            down += 1
        if key[down] >= at:
            break
        key[k], node[k] = key[down], node[down]
        k = down
    key[k], node[k] = at, i
    return size


@njit(cache=True, nogil=True)
def _left(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@njit(cache=True, nogil=True)
def _touch(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> bool:  # fmt: skip
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    c, d = _left(ax, ay, bx, by, cx, cy), _left(ax, ay, bx, by, dx, dy)
    if (c > 0 and d > 0) or (c < 0 and d < 0):
        return False
    a, b = _left(cx, cy, dx, dy, ax, ay), _left(cx, cy, dx, dy, bx, by)
    return not ((a > 0 and b > 0) or (a < 0 and b < 0))


@njit(cache=True, nogil=True)
def _odd(edges: Floats, x: float, y: float) -> bool:
    """Even-odd rule over all edges; half-open in y, so that a corner counts once."""
    inside = False
    for e in range(len(edges)):
        x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
    return inside


@njit(cache=True, nogil=True)
def _centres(edges: Floats, west: float, south: float, cell: float, columns: int, rows: int) -> Bools:
    """Whether the centre of each cell is closed ground: even-odd along each row, every edge looked at once a row."""
    closed = np.zeros(columns * rows, dtype=np.bool_)
    for row in range(rows):
        y = south + (row + 0.5) * cell
        flips = np.zeros(columns + 1, dtype=np.int64)
        for e in range(len(edges)):
            x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
            if (y0 > y) != (y1 > y):
                x = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                # all centres west of x change sides
                flips[min(max(math.ceil((x - west) / cell - 0.5), 0), columns)] += 1
        odd = 0
        for column in range(columns - 1, -1, -1):
            odd += flips[column + 1]
            closed[row * columns + column] = odd % 2 == 1
    return closed
