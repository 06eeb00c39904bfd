"""Ways through space and time, and where two of them come too near, compiled.

A way is rows of (east, north, AMSL, seconds to the next row, instant before which it is not left, radius of the disc
that is flown there); east and north that are NaN mean where the aircraft is now. It is cut into short *pieces*: a
straight line in space and the span of time in which the aircraft may be on it, widened by how far the prediction may
be off by then: rows of (from, until, east, north, AMSL of its start, the same of its end, radius). Two pieces clash
where their spans meet and the lines come nearer than allowed, wherever on them the two aircraft are: that errs on the
safe side by the length of a piece.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


OFF_HEIGHT_M, CHANGE_MPS = 3.0, 3.0
"""Farther than this from the height of its leg an aircraft climbs or descends first, so fast."""

PIECE_S = 2.0
"""A piece lasts no longer than this, unless the aircraft stays where it is."""


@njit(cache=True, nogil=True)
def pieces_of(
    rows: Floats,
    first: Ints,
    search: Ints,
    grounded: NDArray[np.bool_],
    here: Floats,
    at_s: Floats,
    sure_s: Floats,
    drift: Floats,
    horizon_s: float,
) -> tuple[Floats, Ints]:
    """The pieces of many ways from now on, and where those of each begin [k + 1].

    The rows of way i are ``rows[first[i]:first[i + 1]]``. The aircraft is at ``here[i]`` (east, north, AMSL) at
    ``at_s[i]``; it goes on from the nearest point of its first ``search[i]`` legs. One that is ``grounded`` is not in
    the air until it leaves its first row. The prediction is off by ``sure_s[i]`` now and by ``drift[i]`` seconds more
    for every second ahead. What lies more than ``horizon_s`` ahead is left out.
    """
    ways = len(first) - 1
    out = np.empty((256, 9))
    begins = np.zeros(ways + 1, dtype=np.int64)
    n = 0
    for i in range(ways):
        low, high = first[i], first[i + 1]
        hx, hy, hz = here[i, 0], here[i, 1], here[i, 2]
        leg, share = _nearest(rows[low:high], search[i], hx, hy, hz)
        t, now = at_s[i], at_s[i]
        x, y, z = hx, hy, hz
        level = leg + 1 < high - low and rows[low + leg, 2] == rows[low + leg + 1, 2]
        if search[i] > 0 and level and abs(hz - rows[low + leg, 2]) > OFF_HEIGHT_M:  # it changes its height first
            z = rows[low + leg, 2]
            to_s = t + abs(hz - z) / CHANGE_MPS
            out = _room(out, n)
            _put(out, n, t, to_s, x, y, hz, x, y, z, rows[low + leg, 5], now, sure_s[i], drift[i])
            t, n = to_s, n + 1
        for k in range(low + leg, high):
            # at row k (on the first round: on the leg that leaves it), then along the leg to the next
            if k > low + leg:
                share = 0.0
            row_x = hx if math.isnan(rows[k, 0]) else rows[k, 0]
            row_y = hy if math.isnan(rows[k, 1]) else rows[k, 1]
            if share == 0.0 and rows[k, 4] > t:  # it stays here
                if not (grounded[i] and k == low):
                    out = _room(out, n)
                    _put(out, n, t, rows[k, 4], x, y, z, x, y, z, rows[k, 5], now, sure_s[i], drift[i])
                    n += 1
                t = rows[k, 4]
            if t - now > horizon_s:
                break
            lasts = rows[k, 3] * (1.0 - share)
            if k + 1 < high:
                tx = hx if math.isnan(rows[k + 1, 0]) else rows[k + 1, 0]
                ty = hy if math.isnan(rows[k + 1, 1]) else rows[k + 1, 1]
                tz = rows[k + 1, 2]
            else:
                tx, ty, tz = row_x if share == 0.0 else x, row_y if share == 0.0 else y, z
            still = abs(tx - x) + abs(ty - y) + abs(tz - z) < 0.5
            cuts = 1 if still else max(1, math.ceil(lasts / PIECE_S))
            if lasts > 0.0 or not still:
                for c in range(cuts):
                    a, b = c / cuts, (c + 1) / cuts
                    out = _room(out, n)
                    _put(
                        out, n, t + a * lasts, t + b * lasts,
                        x + a * (tx - x), y + a * (ty - y), z + a * (tz - z),
                        x + b * (tx - x), y + b * (ty - y), z + b * (tz - z),
                        rows[k, 5], now, sure_s[i], drift[i],
                    )  # fmt: skip
                    n += 1
                    if t + b * lasts - now > horizon_s:
                        break
            t += lasts
            x, y, z = tx, ty, tz
        begins[i + 1] = n
    return out[:n].copy(), begins


@njit(cache=True, nogil=True)
def _nearest(rows: Floats, search: int, hx: float, hy: float, hz: float) -> tuple[int, float]:
    """The leg among the first ``search`` that is nearest to here, and how far along it (share) here is."""
    best, leg, at = math.inf, 0, 0.0
    for k in range(min(search, len(rows) - 1)):
        ax, ay, az = rows[k, 0], rows[k, 1], rows[k, 2]
        bx, by, bz = rows[k + 1, 0], rows[k + 1, 1], rows[k + 1, 2]
        ax, ay = (hx if math.isnan(ax) else ax), (hy if math.isnan(ay) else ay)
        bx, by = (hx if math.isnan(bx) else bx), (hy if math.isnan(by) else by)
        dx, dy, dz = bx - ax, by - ay, bz - az
        square = dx * dx + dy * dy + dz * dz
        share = 0.0
        if square > 0.0:
            share = min(1.0, max(0.0, ((hx - ax) * dx + (hy - ay) * dy + (hz - az) * dz) / square))
        ex, ey, ez = ax + share * dx - hx, ay + share * dy - hy, az + share * dz - hz
        far = ex * ex + ey * ey + ez * ez
        if far <= best:
            best, leg, at = far, k, share
    if at >= 1.0:
        return leg + 1, 0.0
    return leg, at


@njit(cache=True, nogil=True)
def _room(out: Floats, n: int) -> Floats:
    if n < len(out):
        return out
    more = np.empty((2 * len(out), 9))
    more[:n] = out[:n]
    return more


@njit(cache=True, nogil=True)
def _put(
    out: Floats, n: int, from_s: float, until_s: float,
    x0: float, y0: float, z0: float, x1: float, y1: float, z1: float, r: float,
    now: float, sure_s: float, drift: float,
) -> None:  # fmt: skip
    out[n, 0] = max(now, from_s - sure_s - drift * max(0.0, from_s - now))
    out[n, 1] = until_s + sure_s + drift * max(0.0, until_s - now)
    out[n, 2], out[n, 3], out[n, 4] = x0, y0, z0
    out[n, 5], out[n, 6], out[n, 7] = x1, y1, z1
    out[n, 8] = r


@njit(cache=True, nogil=True)
def least_wait_s(mine: Floats, others: Floats, horizontal_m: float, vertical_m: float, most_s: float) -> float:
    """The least delay of ``mine`` with which no piece of it clashes with one of ``others``; infinite above ``most_s``.

    A pair of pieces that come too near in space forbids the delays that bring their spans together: an interval. The
    answer is the first instant from 0 on that no interval covers.
    """
    lows, highs = np.empty(256), np.empty(256)
    n, count = 0, len(mine)
    boxes = np.empty((count, 6))  # of every piece: east, north, AMSL from and to
    whole = np.array([math.inf, -math.inf, math.inf, -math.inf, math.inf, -math.inf, math.inf, -math.inf])
    for i in range(count):
        for axis in range(3):
            r = mine[i, 8] + horizontal_m if axis < 2 else vertical_m
            a, b = mine[i, 2 + axis], mine[i, 5 + axis]
            boxes[i, 2 * axis], boxes[i, 2 * axis + 1] = min(a, b) - r, max(a, b) + r
            whole[2 * axis] = min(whole[2 * axis], min(a, b) - r)
            whole[2 * axis + 1] = max(whole[2 * axis + 1], max(a, b) + r)
        whole[6], whole[7] = min(whole[6], mine[i, 0]), max(whole[7], mine[i, 1])
    for j in range(len(others)):
        begins, ends, r = others[j, 0], others[j, 1], others[j, 8]
        west, east = min(others[j, 2], others[j, 5]) - r, max(others[j, 2], others[j, 5]) + r
        south, north = min(others[j, 3], others[j, 6]) - r, max(others[j, 3], others[j, 6]) + r
        under, over = min(others[j, 4], others[j, 7]), max(others[j, 4], others[j, 7])
        if west > whole[1] or east < whole[0] or south > whole[3] or north < whole[2]:
            continue
        if under > whole[5] or over < whole[4] or ends < whole[6] or begins > whole[7] + most_s:
            continue
        for i in range(count):
            if under > boxes[i, 5] or over < boxes[i, 4] or west > boxes[i, 1] or east < boxes[i, 0]:
                continue
            if south > boxes[i, 3] or north < boxes[i, 2]:
                continue
            low, high = begins - mine[i, 1], ends - mine[i, 0]
            if high <= 0.0 or low > most_s or not _near(mine[i], others[j], horizontal_m, vertical_m):
                continue
            if n == len(lows):
                lows, highs = np.concatenate((lows, np.empty(n))), np.concatenate((highs, np.empty(n)))
            lows[n], highs[n] = low, high
            n += 1
    wait = 0.0
    for k in np.argsort(lows[:n]):
        if lows[k] >= wait and lows[k] > 0.0:
            break
        wait = max(wait, highs[k])
    return wait if wait <= most_s else math.inf


@njit(cache=True, nogil=True)
def clashes(pieces: Floats, first: Ints, horizontal_m: float, vertical_m: float) -> tuple[Ints, Floats]:
    """All pairs of ways of which pieces clash [k, 2], the lower index first, and from when on [k]."""
    pairs, when = np.empty((16, 2), dtype=np.int64), np.empty(16)
    n, ways = 0, len(first) - 1
    boxes = np.empty((ways, 6))
    for i in range(ways):
        boxes[i, 0::2], boxes[i, 1::2] = math.inf, -math.inf
        for p in range(first[i], first[i + 1]):
            for axis in range(3):
                r = pieces[p, 8] if axis < 2 else 0.0
                a, b = pieces[p, 2 + axis], pieces[p, 5 + axis]
                boxes[i, 2 * axis] = min(boxes[i, 2 * axis], a - r, b - r)
                boxes[i, 2 * axis + 1] = max(boxes[i, 2 * axis + 1], a + r, b + r)
    for i in range(ways):
        for j in range(i + 1, ways):
            if (
                boxes[i, 0] - boxes[j, 1] > horizontal_m
                or boxes[j, 0] - boxes[i, 1] > horizontal_m
                or boxes[i, 2] - boxes[j, 3] > horizontal_m
                or boxes[j, 2] - boxes[i, 3] > horizontal_m
                or boxes[i, 4] - boxes[j, 5] > vertical_m
                or boxes[j, 4] - boxes[i, 5] > vertical_m
            ):
                continue
            begins = math.inf
            for p in range(first[i], first[i + 1]):
                for q in range(first[j], first[j + 1]):
                    from_s = max(pieces[p, 0], pieces[q, 0])
                    if from_s >= begins or from_s >= min(pieces[p, 1], pieces[q, 1]):
                        continue
                    if _near(pieces[p], pieces[q], horizontal_m, vertical_m):
                        begins = from_s
            if begins < math.inf:
                if n == len(when):
                    pairs, when = np.concatenate((pairs, pairs)), np.concatenate((when, when))
                pairs[n, 0], pairs[n, 1], when[n] = i, j, begins
                n += 1
    return pairs[:n].copy(), when[:n].copy()


@njit(cache=True, nogil=True)
def _near(p: Floats, q: Floats, horizontal_m: float, vertical_m: float) -> bool:
    """Whether two pieces, wherever on them the aircraft are, come nearer than both limits."""
    if min(q[4], q[7]) - max(p[4], p[7]) >= vertical_m or min(p[4], p[7]) - max(q[4], q[7]) >= vertical_m:
        return False
    limit = horizontal_m + p[8] + q[8]
    near: bool = _apart2(p[2], p[3], p[5], p[6], q[2], q[3], q[5], q[6]) < limit * limit
    return near


@njit(cache=True, nogil=True)
def _apart2(ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float) -> float:
    """The square of the distance between the segments ab and cd."""
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    cross = ux * vy - uy * vx
    if cross != 0.0:
        wx, wy = cx - ax, cy - ay
        s, t = (wx * vy - wy * vx) / cross, (wx * uy - wy * ux) / cross
        if 0.0 <= s <= 1.0 and 0.0 <= t <= 1.0:
            return 0.0
    return min(
        _from_segment2(ax, ay, cx, cy, dx, dy),
        _from_segment2(bx, by, cx, cy, dx, dy),
        _from_segment2(cx, cy, ax, ay, bx, by),
        _from_segment2(dx, dy, ax, ay, bx, by),
    )


@njit(cache=True, nogil=True)
def _from_segment2(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    ux, uy = bx - ax, by - ay
    square = ux * ux + uy * uy
    share = 0.0
    if square > 0.0:
        share = min(1.0, max(0.0, ((px - ax) * ux + (py - ay) * uy) / square))
    ex, ey = ax + share * ux - px, ay + share * uy - py
    return ex * ex + ey * ey
