"""Rays from the points where fastest ways turn: how far along each a goal is still seen in time, and in sight."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from geo.kernels.grid import Floats, Ints
from geo.kernels.profile import profile_times
from geo.kernels.ways import Pace, leg_s

CLOSE_ENOUGH_M = 0.01
ROUNDS = 60


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
def ray_lengths(
    edges: Floats, hubs: Hubs, rays_hub: Ints, rays_rad: Floats, pace: Pace, craft: Craft, within_s: float
) -> Floats:
    """Metres along each ray [n] (its hub, its angle from east) to the last goal that is in sight of the hub and, flown
    to by way of it, seen within ``within_s``; 0 where there is none."""
    out = np.zeros(len(rays_rad))
    most = 1
    for h in range(len(hubs.here)):
        most = max(most, hubs.first[h + 1] - hubs.first[h] + 1)
    lengths, speeds, turns = np.empty(most), np.empty(most), np.zeros(most)
    for r in range(len(rays_rad)):
        h = rays_hub[r]
        ux, uy = math.cos(rays_rad[r]), math.sin(rays_rad[r])
        per_m_s = leg_s(ux, uy, pace)
        if not per_m_s < math.inf:
            continue
        before = hubs.first[h + 1] - hubs.first[h]
        for i in range(before):
            k = hubs.first[h] + i
            lengths[i], speeds[i] = hubs.lengths_m[k], hubs.speeds_mps[k]
            if i > 0:
                turns[i - 1] = hubs.turns_deg[k]
        if before:
            x, y = hubs.came[h, 0], hubs.came[h, 1]
            turns[before - 1] = math.degrees(math.atan2(abs(x * uy - y * ux), x * ux + y * uy))
        speeds[before] = 1.0 / per_m_s
        legs = before + 1
        out[r] = _in_time_m(lengths[:legs], speeds[:legs], turns[:legs], craft, within_s)
        out[r] = _in_sight_m(edges, hubs.here[h, 0], hubs.here[h, 1], ux, uy, out[r])
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


@njit(cache=True, nogil=True)
def _in_sight_m(edges: Floats, x: float, y: float, ux: float, uy: float, length: float) -> float:
    """How far a ray of at most ``length`` runs before it meets an edge."""
    for e in range(len(edges)):
        ax, ay = edges[e, 0] - x, edges[e, 1] - y
        bx, by = edges[e, 2] - x, edges[e, 3] - y
        a, b = ux * ay - uy * ax, ux * by - uy * bx
        if (a > 0.0 and b > 0.0) or (a < 0.0 and b < 0.0):
            continue
        if a == b:
            at = min(ux * ax + uy * ay, ux * bx + uy * by)
        else:
            share = a / (a - b)
            at = ux * (ax + share * (bx - ax)) + uy * (ay + share * (by - ay))
        if 0.0 <= at < length:
            length = at
    return length
