"""The speed profile along a polyline as PX4's multicopter autopilot flies it, compiled.

Speeding up is an S-curve of bounded jerk (``VelocitySmoothing``): from speed u to p it takes ``Δ/a + a/j`` seconds, or
``2 √(Δ/j)`` where Δ = p - u is too small for full acceleration, at the mean speed (u + p) / 2.

Slowing down follows ``computeMaxSpeedFromDistance`` (``TrajMath.hpp``), which lets a distance d before a point allow
the speed v with ``v² + b v = 2 a d + const``, b = 4 a²/j. So ``g(v) = v² + b v`` is a potential: braking from p to q
takes ``(g(p) - g(q)) / 2a`` metres and, since dv/dt = -2 a v / (2 v + b), ``(p - q)/a + b/2a · ln(p/q)`` seconds.

A corner is passed as ``TrajectoryConstraints.hpp`` and ``PositionSmoothing.cpp`` have it: the speed *at* a waypoint is
``√(k a r tan(α/2))`` (α the angle between the legs, r the acceptance radius, k = MPC_XY_TRAJ_P), and no more than lets
the vehicle stop at the waypoint after it; but r before the waypoint the navigator already turns to the next one, and
the speed of that moment is kept until the turn is flown, some r behind the corner.

The way is cut into pieces of one speed limit each. A limit that acceleration does not reach does not bind: its piece is
flown as one with the next, so a point on a straight line costs nothing.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CORNER_GAIN = 0.5
"""PX4's default of MPC_XY_TRAJ_P."""

STILL_MPS = 0.3
"""Slower than this over its goal a drone hovers: braking to zero by PX4's rule would take for ever."""


CLOSE_ENOUGH_M = 0.01
ROUNDS = 60
"""How closely, and in how many guesses at most, the longest last leg is found."""


class Hubs(NamedTuple):
    """Where fastest ways from a start turn last: the start itself, and corners. The way to each is flown first."""

    here: Floats
    """Shape [h, 2]."""
    first: Ints
    """The legs of the way to hub i are ``first[i]`` up to ``first[i + 1]``. Shape [h + 1]."""
    lengths_m: Floats
    speeds_mps: Floats
    turns_deg: Floats
    """At the start of each leg."""
    came: Floats
    """The course of the last leg, a unit vector; (0, 0) for the start. Shape [h, 2]."""


class Craft(NamedTuple):
    """What the time along a way depends on: see :func:`geo.kernels.profile.profile_times`."""

    acceleration_mps2: float
    jerk_mps3: float
    acceptance_radius_m: float
    seen_from_m: float


@njit(cache=True, nogil=True)
def profile_times(
    lengths_m: Floats,
    speeds_mps: Floats,
    turns_deg: Floats,
    acceleration_mps2: float,
    jerk_mps3: float,
    acceptance_radius_m: float,
    seen_from_m: float,
    start_mps: float = 0.0,
) -> tuple[float, float, float]:
    """Seconds along a polyline to a halt: (until it brakes for the goal or sees it, until it sees it, in all).

    ``lengths_m`` and ``speeds_mps`` have one entry per leg, ``turns_deg[i]`` is the turn at the end of leg i (0 =
    straight on; an entry for the last leg is not looked at). The goal is seen from ``seen_from_m`` before it, measured
    along the way. It starts from rest or, flying already, with ``start_mps`` (or what of it can still be braked). A leg
    without speed takes for ever.
    """
    a, j = acceleration_mps2, jerk_mps3
    b = 4.0 * a * a / j
    legs = len(lengths_m)
    total_m = 0.0
    for i in range(legs):
        total_m += lengths_m[i]
    if total_m <= 0.0:
        return 0.0, 0.0, 0.0
    for i in range(legs):
        if not speeds_mps[i] > 0.0:
            return math.inf, math.inf, math.inf
    sight_m = max(0.0, total_m - seen_from_m)

    lengths, limits, pieces = _pieces(lengths_m, speeds_mps, turns_deg, a, b, acceptance_radius_m)
    ends = _end_speeds(lengths, limits, pieces, a, b)

    done_s, done_m, seen_s, braking_s = 0.0, 0.0, -1.0, 0.0
    speed, carried_m = 0.0, 0.0
    if start_mps > 0.0:
        speed = min(start_mps, limits[0], _speed_of(_potential(ends[0], b) + 2.0 * a * lengths[0], b))
    for k in range(pieces):
        length = carried_m + lengths[k]
        carried_m = 0.0
        reached = _sped_up_mps(speed, length, a, j)
        if reached < ends[k] and k < pieces - 1:
            carried_m = length  # still speeding up: this piece is flown as one with the next
            continue
        end = min(ends[k], reached)
        peak = _peak_mps(length, speed, limits[k], end, a, j, b)
        up_s, up_m = _speeding_up(speed, peak, a, j)
        braking_m = (_potential(peak, b) - _potential(end, b)) / (2.0 * a)
        braking_s = _braking_s(peak, end, a, b)
        level_m = max(0.0, length - up_m - braking_m)
        piece_s = up_s + level_m / peak + braking_s
        if sight_m <= 0.0:
            seen_s = 0.0
        elif seen_s < 0.0 and (sight_m <= done_m + length or k == pieces - 1):
            into_m = min(length, max(0.0, sight_m - done_m))
            if into_m <= up_m:
                seen_s = done_s + _s_curve_s(into_m, speed, peak, up_s, a, j)
            elif into_m <= up_m + level_m:
                seen_s = done_s + up_s + (into_m - up_m) / peak
            else:
                then = _speed_of(_potential(end, b) + 2.0 * a * (length - into_m), b)
                seen_s = done_s + piece_s - _braking_s(min(then, peak), end, a, b)
        done_s += piece_s
        done_m += length
        speed = end
    seen_s = min(seen_s, done_s)
    return min(seen_s, done_s - braking_s), seen_s, done_s


@njit(cache=True, nogil=True)
def profile_times_of_all(
    lengths_m: Floats,
    speeds_mps: Floats,
    turns_deg: Floats,
    first: Ints,
    acceleration_mps2: float,
    jerk_mps3: float,
    acceptance_radius_m: float,
    seen_from_m: float,
    starts_mps: Floats,
) -> Floats:
    """:func:`profile_times` of n polylines [n, 3], begun with the speeds ``starts_mps`` [n]; the legs of polyline i are
    ``first[i]`` up to ``first[i + 1]``."""
    times = np.empty((len(first) - 1, 3))
    for i in range(len(first) - 1):
        one = slice(first[i], first[i + 1])
        times[i, 0], times[i, 1], times[i, 2] = profile_times(
            lengths_m[one], speeds_mps[one], turns_deg[one],
            acceleration_mps2, jerk_mps3, acceptance_radius_m, seen_from_m, starts_mps[i],
        )  # fmt: skip
    return times


@njit(cache=True, nogil=True)
def corner_speed_mps(turn_deg: float, acceleration_mps2: float, acceptance_radius_m: float) -> float:
    """PX4's speed *at* a waypoint where the way turns (``computeMaxSpeedInWaypoint``), without other limits."""
    half_angle = math.radians(180.0 - min(abs(turn_deg), 180.0)) / 2.0
    return math.sqrt(CORNER_GAIN * acceleration_mps2 * acceptance_radius_m * min(math.tan(half_angle), 1e9))


@njit(cache=True, nogil=True)
def _pieces(
    lengths_m: Floats, speeds_mps: Floats, turns_deg: Floats, a: float, b: float, radius_m: float
) -> tuple[Floats, Floats, int]:
    """Lengths and speed limits of the pieces: each leg, and what lies within the radius of a corner that slows down."""
    legs = len(lengths_m)
    fastest = 0.0
    for i in range(legs):
        fastest = max(fastest, speeds_mps[i])
    corners, kept, slow = np.empty(legs), np.empty(legs), 0
    marks, count, at = np.empty(3 * legs), 0, 0.0
    for i in range(legs - 1):
        at += lengths_m[i]
        limit = corner_speed_mps(turns_deg[i], a, radius_m)
        limit = min(limit, _speed_of(2.0 * a * lengths_m[i + 1], b))
        limit = max(limit, _speed_of(2.0 * a * radius_m + limit * limit, b))
        if limit < fastest:
            corners[slow], kept[slow] = at, limit
            slow += 1
            marks[count], marks[count + 1], marks[count + 2] = max(0.0, at - radius_m), at, at + radius_m
            count += 3
        elif speeds_mps[i] != speeds_mps[i + 1]:
            marks[count] = at
            count += 1
    total = at + lengths_m[legs - 1]
    marks[:count].sort()
    lengths, limits, pieces = np.empty(count + 1), np.empty(count + 1), 0
    start, leg, leg_end, first = 0.0, 0, lengths_m[0], 0
    for k in range(count + 1):
        end = min(total, marks[k]) if k < count else total
        if end <= start and not (k == count and pieces == 0):
            continue
        middle = 0.5 * (start + end)
        while leg < legs - 1 and leg_end < middle:
            leg += 1
            leg_end += lengths_m[leg]
        limit = speeds_mps[leg]
        while first < slow and corners[first] + radius_m <= middle:
            first += 1
        c = first
        while c < slow and corners[c] - radius_m < middle:
            limit = min(limit, kept[c])
            c += 1
        lengths[pieces], limits[pieces] = end - start, limit
        pieces += 1
        start = end
    return lengths, limits, pieces


@njit(cache=True, nogil=True)
def _end_speeds(lengths: Floats, limits: Floats, pieces: int, a: float, b: float) -> Floats:
    """The highest speed at the end of each piece from which it can still brake for what comes."""
    ends = np.empty(pieces)
    ends[pieces - 1] = min(STILL_MPS, limits[pieces - 1])
    for k in range(pieces - 1, 0, -1):
        brakes = _speed_of(_potential(ends[k], b) + 2.0 * a * lengths[k], b)
        ends[k - 1] = min(limits[k - 1], limits[k], brakes)
    return ends


@njit(cache=True, nogil=True)
def _potential(speed: float, b: float) -> float:
    return speed * (speed + b)


@njit(cache=True, nogil=True)
def _speed_of(potential: float, b: float) -> float:
    return 0.5 * (math.sqrt(b * b + 4.0 * potential) - b)


@njit(cache=True, nogil=True)
def _braking_s(fast: float, slow: float, a: float, b: float) -> float:
    if fast <= slow:
        return 0.0
    return (fast - slow) / a + b / (2.0 * a) * math.log(fast / slow)


@njit(cache=True, nogil=True)
def _speeding_up(slow: float, fast: float, a: float, j: float) -> tuple[float, float]:
    """Seconds and metres of an S-curve from one speed to another."""
    change = max(0.0, fast - slow)
    seconds = change / a + a / j if change * j >= a * a else 2.0 * math.sqrt(change / j)
    return seconds, seconds * (slow + fast) / 2.0


@njit(cache=True, nogil=True)
def _sped_up_mps(slow: float, length: float, a: float, j: float) -> float:
    """The speed that an S-curve of ``length`` metres ends with."""
    little = a * a / j
    c = 2.0 * a * length + slow * slow - slow * little
    fast = 0.5 * (math.sqrt(max(0.0, little * little + 4.0 * c)) - little)
    if fast - slow >= little:
        return fast
    low, high = slow, slow + little
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _speeding_up(slow, middle, a, j)[1] < length:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, nogil=True)
def _peak_mps(length: float, start: float, limit: float, end: float, a: float, j: float, b: float) -> float:
    """The highest speed of a piece: speeding up from ``start`` and braking to ``end`` must fit its length."""
    low = max(start, end)
    if low >= limit or _needed_m(limit, start, end, a, j, b) <= length:
        return max(limit, low)
    little = a * a / j
    half = b + little
    c = 2.0 * a * length + start * start - start * little + _potential(end, b)
    peak = 0.25 * (math.sqrt(max(0.0, half * half + 8.0 * c)) - half)
    if peak - start >= little:
        return min(max(peak, low), limit)
    high = min(limit, start + little)
    if high <= low:
        return low
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _needed_m(middle, start, end, a, j, b) < length:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, nogil=True)
def _needed_m(peak: float, start: float, end: float, a: float, j: float, b: float) -> float:
    return _speeding_up(start, peak, a, j)[1] + (_potential(peak, b) - _potential(end, b)) / (2.0 * a)


@njit(cache=True, nogil=True)
def _s_curve_s(into_m: float, slow: float, fast: float, whole_s: float, a: float, j: float) -> float:
    """Seconds until an S-curve has covered ``into_m`` metres."""
    low, high = 0.0, whole_s
    for _ in range(50):
        middle = 0.5 * (low + high)
        if _s_curve_m(middle, slow, fast, whole_s, a, j) < into_m:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, nogil=True)
def _s_curve_m(at_s: float, slow: float, fast: float, whole_s: float, a: float, j: float) -> float:
    ramp_s = min(a / j, whole_s / 2.0)
    if at_s > whole_s / 2.0:  # the second half mirrors the first
        left_s = whole_s - at_s
        whole_m = whole_s * (slow + fast) / 2.0
        return whole_m - fast * left_s + _gained_m(left_s, ramp_s, j)
    return slow * at_s + _gained_m(at_s, ramp_s, j)


@njit(cache=True, nogil=True)
def _gained_m(at_s: float, ramp_s: float, j: float) -> float:
    """Metres beyond uniform motion: jerk up to ``ramp_s``, constant acceleration after it."""
    if at_s <= ramp_s:
        return j * at_s**3 / 6.0
    rest_s = at_s - ramp_s
    return j * ramp_s**3 / 6.0 + j * ramp_s * ramp_s / 2.0 * rest_s + j * ramp_s * rest_s * rest_s / 2.0


@njit(cache=True, nogil=True)
def longest_last_legs(
    hubs: Hubs, rays_hub: Ints, rays: Floats, rays_mps: Floats, craft: Craft, within_s: float
) -> Floats:
    """Metres along each ray [n] to the last goal that, flown to by way of the ray's hub, is seen within ``within_s``.

    ``rays`` are unit vectors [n, 2], flown at ``rays_mps`` [n]; 0 metres where that is no speed or the hub too far.
    """
    out = np.zeros(len(rays_hub))
    most = 1
    for h in range(len(hubs.here)):
        most = max(most, hubs.first[h + 1] - hubs.first[h] + 1)
    lengths, speeds, turns = np.empty(most), np.empty(most), np.zeros(most)
    for r in range(len(rays_hub)):
        h = rays_hub[r]
        if not rays_mps[r] > 0.0:
            continue
        before = hubs.first[h + 1] - hubs.first[h]
        for i in range(before):
            k = hubs.first[h] + i
            lengths[i], speeds[i] = hubs.lengths_m[k], hubs.speeds_mps[k]
            if i > 0:
                turns[i - 1] = hubs.turns_deg[k]
        if before:
            x, y, ux, uy = hubs.came[h, 0], hubs.came[h, 1], rays[r, 0], rays[r, 1]
            turns[before - 1] = math.degrees(math.atan2(abs(x * uy - y * ux), x * ux + y * uy))
        speeds[before] = rays_mps[r]
        legs = before + 1
        out[r] = _in_time_m(lengths[:legs], speeds[:legs], turns[:legs], craft, within_s)
    return out


@njit(cache=True, nogil=True)
def _in_time_m(lengths: Floats, speeds: Floats, turns: Floats, craft: Craft, within_s: float) -> float:
    """The longest last leg whose goal is seen in time; its place in ``lengths`` is written to.

    The time grows with the last leg, in the end by 1/speed a metre. So each guess is corrected as if it did so from
    there on; where that does not even halve what is open, the next guess is its middle.
    """
    last = len(lengths) - 1
    low, high = 0.0, craft.seen_from_m + speeds[last] * within_s
    lengths[last] = 1e-3
    seen_s = _seen_s(lengths, speeds, turns, craft)
    if seen_s > within_s:
        return 0.0
    guess = min(high, craft.seen_from_m / 2 + speeds[last] * (within_s - seen_s))
    for _ in range(ROUNDS):
        lengths[last] = guess
        left_s = within_s - _seen_s(lengths, speeds, turns, craft)
        was = high - low
        if left_s >= 0.0:
            low = guess
        else:
            high = guess
        if high - low < CLOSE_ENOUGH_M:
            break
        onward = guess + left_s * speeds[last]
        if abs(onward - guess) < CLOSE_ENOUGH_M / 2:
            onward = guess + math.copysign(CLOSE_ENOUGH_M / 2, left_s)  # close the gap from the other side
        guess = onward if low < onward < high and high - low <= 0.5 * was else 0.5 * (low + high)
        if low < onward < high and abs(left_s) * speeds[last] < 1.0:
            guess = onward
    return low


@njit(cache=True, nogil=True)
def _seen_s(lengths: Floats, speeds: Floats, turns: Floats, craft: Craft) -> float:
    return profile_times(
        lengths, speeds, turns,
        craft.acceleration_mps2, craft.jerk_mps3, craft.acceptance_radius_m, craft.seen_from_m,
    )[1]  # fmt: skip
