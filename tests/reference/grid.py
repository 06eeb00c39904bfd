"""The grid: a legal way found without knowing any corner, by Dijkstra over a lattice with 48 headings, pulled taut.

Its time is an upper bound: the way is checked line by line against ground that holds all truly closed ground
(:func:`tests.reference.ground.closed` with ``outer=True``). So *bound ≤ fastest legal time ≤ grid*, and where both
agree within 1 % neither the bound nor the grid can be wrong by more.

A lattice alone is too long by its headings (2 % in calm air, far more against the wind), so the way is pulled taut: any
two of its points that see each other are joined, then every inner point is moved about as long as that saves time.
"""

import itertools
import math

import numba
import numpy as np
from numpy.typing import NDArray

from tests.reference.pace import Pace, leg_s
from tests.reference.segments import crosses, heights

STEPS = np.array([(x, y) for x in range(-4, 5) for y in range(-4, 5) if math.gcd(x, y) == 1])
"""48 headings."""


class Lattice:
    """A square lattice over ``places`` and closed ground, with the legs that are legal."""

    def __init__(self, walls: NDArray[np.float64], places: NDArray[np.float64], pitch_m: float, room_m: float) -> None:
        west, south = places.min(axis=0) - room_m
        east, north = places.max(axis=0) + room_m
        self.walls, self.pitch_m, self.corner = walls, pitch_m, np.array([west, south])
        self.columns, self.rows = int((east - west) / pitch_m) + 1, int((north - south) / pitch_m) + 1
        column, row = np.meshgrid(np.arange(self.columns), np.arange(self.rows))
        self.nodes = self.corner + pitch_m * np.stack([column, row], axis=-1).reshape(-1, 2)
        self.free_m = heights(walls, self.nodes)

    def way(self, start: NDArray[np.float64], goal: NDArray[np.float64], pace: Pace) -> NDArray[np.float64] | None:
        """A legal way [n, 2] from ``start`` to ``goal``, taut; None where the lattice finds none."""
        seconds = np.array([leg_s(float(x), float(y), pace) for x, y in self.pitch_m * STEPS])
        found = _search(
            self.walls,
            self.nodes,
            self.free_m,
            self.columns,
            self.rows,
            self.pitch_m,
            STEPS,
            seconds,
            start,
            goal,
            pace,
        )
        return None if len(found) == 0 else pulled(self.walls, found, pace, self.pitch_m)


def pulled(walls: NDArray[np.float64], way: NDArray[np.float64], pace: Pace, reach_m: float) -> NDArray[np.float64]:
    """The same way pulled taut; legal if ``way`` was, and no slower."""
    way = _joined(walls, way, pace)
    for _ in range(3):
        way = _moved(walls, way, pace, reach_m)
        way = _joined(walls, _halved(way), pace)
    return _moved(walls, way, pace, reach_m / 4)


def _halved(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way with points more: the middle of every leg, and places near its ends, where it may have to bend."""
    pieces = [way[:1]]
    for a, b in itertools.pairwise(way):
        far = math.hypot(*(b - a))
        shares = sorted({0.5, *(s for m in (15.0, 60.0) if far > 4 * m for s in (m / far, 1 - m / far))})
        pieces.append(np.array([a + share * (b - a) for share in (*shares, 1.0)]))
    return np.concatenate(pieces)


@numba.njit(cache=True)
def _search(walls, nodes, free_m, columns, rows, pitch_m, steps, seconds, start, goal, pace):
    """Dijkstra from ``start`` over the lattice to ``goal``; both are joined with the nodes within five pitches."""
    n = len(nodes)
    best = np.full(n, np.inf)
    before = np.full(n, -1)
    done = np.zeros(n, np.bool_)
    heap = [(0.0, -1)]
    heap.clear()
    near = 5 * pitch_m
    end_s, end = np.inf, -1
    if not crosses(walls, start[0], start[1], goal[0], goal[1]):
        end_s, end = leg_s(goal[0] - start[0], goal[1] - start[1], pace), -2
    for i in range(n):
        x, y = nodes[i]
        beside = abs(x - start[0]) <= near and abs(y - start[1]) <= near
        if free_m[i] > 0 and beside and not crosses(walls, start[0], start[1], x, y):
            best[i] = leg_s(x - start[0], y - start[1], pace)
            heap_push(heap, best[i], i)
    while len(heap):
        now, i = heap_pop(heap)
        if done[i]:
            continue
        if now >= end_s:
            break
        done[i] = True
        x, y = nodes[i]
        if abs(x - goal[0]) <= near and abs(y - goal[1]) <= near:
            total = now + leg_s(goal[0] - x, goal[1] - y, pace)
            if total < end_s and not crosses(walls, x, y, goal[0], goal[1]):
                end_s, end = total, i
        column, row = i % columns, i // columns
        for k in range(len(steps)):
            c, r = column + steps[k, 0], row + steps[k, 1]
            if c < 0 or r < 0 or c >= columns or r >= rows:
                continue
            j = r * columns + c
            if done[j] or free_m[j] <= 0 or now + seconds[k] >= best[j]:
                continue
            length = pitch_m * math.sqrt(steps[k, 0] ** 2 + steps[k, 1] ** 2)
            if free_m[i] + free_m[j] <= length and crosses(walls, x, y, nodes[j, 0], nodes[j, 1]):
                continue
            best[j] = now + seconds[k]
            before[j] = i
            heap_push(heap, best[j], j)
    if end == -1:
        return np.empty((0, 2))
    chain = [0]
    chain.clear()
    while end >= 0:
        chain.append(end)
        end = before[end]
    way = np.empty((len(chain) + 2, 2))
    way[0], way[-1] = start, goal
    for k in range(len(chain)):
        way[1 + k] = nodes[chain[len(chain) - 1 - k]]
    return way


@numba.njit(cache=True)
def heap_push(heap, key, item):
    """Add to a binary heap of (key, item)."""
    heap.append((key, item))
    k = len(heap) - 1
    while k > 0 and heap[(k - 1) // 2][0] > heap[k][0]:
        heap[(k - 1) // 2], heap[k] = heap[k], heap[(k - 1) // 2]
        k = (k - 1) // 2


@numba.njit(cache=True)
def heap_pop(heap):
    """Take the least of a binary heap."""
    least = heap[0]
    last = heap.pop()
    if len(heap):
        heap[0] = last
        k = 0
        while True:
            child = 2 * k + 1
            if child >= len(heap):
                break
            if child + 1 < len(heap) and heap[child + 1][0] < heap[child][0]:
                child += 1
            if heap[k][0] <= heap[child][0]:
                break
            heap[k], heap[child] = heap[child], heap[k]
            k = child
    return least


@numba.njit(cache=True)
def _joined(walls, way, pace):
    """The fastest choice among the points of ``way``, each joined with any later one that it sees."""
    n = len(way)
    best = np.full(n, np.inf)
    before = np.full(n, -1)
    best[0] = 0.0
    for j in range(1, n):
        for i in range(j):
            total = best[i] + leg_s(way[j, 0] - way[i, 0], way[j, 1] - way[i, 1], pace)
            if total < best[j] and (i == j - 1 or not crosses(walls, way[i, 0], way[i, 1], way[j, 0], way[j, 1])):
                best[j], before[j] = total, i
    count, k = 1, n - 1
    while k > 0:
        k = before[k]
        count += 1
    out = np.empty((count, 2))
    k = n - 1
    for c in range(count - 1, -1, -1):
        out[c] = way[k]
        k = before[k]
    return out


@numba.njit(cache=True)
def _moved(walls, way, pace, reach_m):
    """Every inner point moved, in 16 directions by ever smaller steps, as long as that is legal and saves time."""
    way = way.copy()
    step = reach_m
    while step > 0.02:
        for _ in range(30):
            moved = False
            for k in range(1, len(way) - 1):
                ax, ay = way[k - 1]
                bx, by = way[k + 1]
                x, y = way[k]
                now = leg_s(x - ax, y - ay, pace) + leg_s(bx - x, by - y, pace)
                for d in range(16):
                    px, py = x + step * math.cos(d * math.pi / 8), y + step * math.sin(d * math.pi / 8)
                    then = leg_s(px - ax, py - ay, pace) + leg_s(bx - px, by - py, pace)
                    if then < now - 1e-9 and not crosses(walls, ax, ay, px, py) and not crosses(walls, px, py, bx, by):
                        now, moved = then, True
                        way[k, 0], way[k, 1] = px, py
            if not moved:
                break
        step /= 2
    return way
