"""The compiled speed profile, against a vehicle moved step by step, and what must hold of any profile."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.kernels.profile import (
    CORNER_GAIN,
    STILL_MPS,
    corner_speed_mps,
    profile_times,
    profile_times_of_all,
)

A, J, R = 3.0, 15.0, 10.0
B = 4 * A**2 / J
Times = tuple[float, float, float]


def times(
    lengths: Sequence[float],
    speeds: Sequence[float],
    turns: Sequence[float] = (),
    seen_from_m: float = 0.0,
    *,
    a: float = A,
    j: float = J,
    start_mps: float = 0.0,
) -> Times:
    corners = np.array([*turns, 0.0])
    return profile_times(np.array(lengths, float), np.array(speeds, float), corners, a, j, R, seen_from_m, start_mps)


def straight_seen_s(length_m: float, v: float, a: float, j: float, seen_from_m: float = 0.0) -> float:
    """Arithmetic for one long leg: speed up to v, cruise, brake until the goal is seen (or the drone hovers)."""
    b = 4 * a**2 / j
    up_s = v / a + a / j
    then = max(STILL_MPS, (math.sqrt(b**2 + 4 * (2 * a * seen_from_m + STILL_MPS * (STILL_MPS + b))) - b) / 2)
    braking_m = (v * (v + b) - then * (then + b)) / (2 * a)
    braking_s = (v - then) / a + b / (2 * a) * math.log(v / then)
    return up_s + (length_m - seen_from_m - up_s * v / 2 - braking_m) / v + braking_s


def moved_s(lengths: Sequence[float], speeds: Sequence[float], turns: Sequence[float], dt_s: float = 0.01) -> float:
    """Seconds until a point stops that is moved in small steps: as fast as PX4's rule for a distance to every speed
    limit ahead allows, gaining speed with bounded acceleration and jerk.
    """
    ends = np.cumsum(lengths)
    limits: list[tuple[float, float, float]] = []  # from, to, speed
    for i, (end, speed) in enumerate(zip(ends, speeds, strict=True)):
        limits.append((end - lengths[i], end, speed))
        if i + 1 < len(lengths):
            half = math.radians(180 - turns[i]) / 2
            stops = (math.sqrt(B**2 + 8 * A * lengths[i + 1]) - B) / 2
            at = min(math.sqrt(CORNER_GAIN * A * R * math.tan(half)), stops)
            kept = max(at, (math.sqrt(B**2 + 4 * (2 * A * R + at**2)) - B) / 2)
            limits.append((end - R, end + R, kept))
    limits.append((ends[-1], math.inf, STILL_MPS))
    starts, stops, caps = (np.array(column) for column in zip(*limits, strict=True))
    place = speed = push = seconds = 0.0
    while place < ends[-1]:
        ahead = np.maximum(0.0, starts - place)
        rule = (np.sqrt(B**2 + 4 * (2 * A * ahead + caps * (caps + B))) - B) / 2
        limit = rule[stops >= place].min()
        wish = min(A, math.sqrt(2 * J * max(0.0, limit - speed)))
        push = min(push + J * dt_s, wish)
        faster = speed + push * dt_s
        if faster >= limit:
            faster, push = limit, 0.0
        place += (speed + faster) / 2 * dt_s
        speed = faster
        seconds += dt_s
    return seconds


Way = tuple[list[float], list[float], list[float]]


def ways(longest_m: float, slowest_mps: float) -> st.SearchStrategy[Way]:
    return st.integers(1, 5).flatmap(
        lambda n: st.tuples(
            st.lists(st.floats(0.5, longest_m), min_size=n, max_size=n),
            st.lists(st.floats(slowest_mps, 30), min_size=n, max_size=n),
            st.lists(st.floats(0, 179), min_size=n - 1, max_size=n - 1),
        )
    )


legs = ways(900, 2)

RESTART_S = 0.1 * A / J
"""Where a speed limit is reached just as it ends, the profile takes its acceleration back and starts it afresh."""


@settings(max_examples=20)
@given(ways(200, 8))
def test_it_takes_as_long_as_a_vehicle_moved_step_by_step(way: Way) -> None:
    assert times(*way)[2] == pytest.approx(moved_s(*way), rel=0.01, abs=0.25)


@given(legs, st.floats(0, 400))
def test_the_times_are_in_order(way: Way, seen_from_m: float) -> None:
    brake_s, seen_s, stop_s = times(*way, seen_from_m)
    assert 0 <= brake_s <= seen_s <= stop_s
    assert stop_s >= sum(length / speed for length, speed in zip(way[0], way[1], strict=True))


@given(legs, st.floats(0, 400), st.floats(0, 100))
def test_what_is_seen_from_farther_off_is_seen_no_later(way: Way, seen_from_m: float, more_m: float) -> None:
    assert times(*way, seen_from_m + more_m)[1] <= times(*way, seen_from_m)[1] + 1e-9


@settings(max_examples=300)
@given(legs, st.floats(0, 50), st.floats(0, 100))
def test_a_longer_last_leg_takes_longer(way: Way, seen_from_m: float, more_m: float) -> None:
    lengths, speeds, turns = way
    longer = times([*lengths[:-1], lengths[-1] + more_m], speeds, turns, seen_from_m)
    assert longer[1] >= times(*way, seen_from_m)[1] - 1e-9
    assert longer[2] >= times(*way)[2] - 1e-9


@given(st.floats(0.1, 3000), st.floats(0, 500), st.floats(1, 40), st.floats(0, 60), st.floats(0, 1))
def test_a_longer_straight_leg_takes_longer_from_any_speed(
    length: float, more_m: float, speed: float, seen_from_m: float, share: float
) -> None:
    less, more = (times([m], [speed], (), seen_from_m, start_mps=share * speed) for m in (length, length + more_m))
    assert more[1] >= less[1] - 1e-9
    assert more[2] >= less[2] - 1e-9
    assert less[2] <= times([length], [speed])[2] + 1e-9  # and who flies already is no later


@settings(max_examples=300)
@given(legs, st.data())
def test_a_point_on_a_straight_leg_never_saves_time(way: Way, data: st.DataObject) -> None:
    lengths, speeds, turns = way
    k = data.draw(st.integers(0, len(lengths) - 1))
    part = data.draw(st.floats(0.05, 0.95))
    split = [*lengths[:k], lengths[k] * part, lengths[k] * (1 - part), *lengths[k + 1 :]]
    cut = times(split, [*speeds[: k + 1], *speeds[k:]], [*turns[:k], 0.0, *turns[k:]], 30.0)
    whole = times(*way, 30.0)
    assert cut[1] >= whole[1] - RESTART_S
    assert cut[2] >= whole[2] - RESTART_S


@given(st.floats(0.02, 0.95), st.floats(2, 20))
def test_a_point_on_a_straight_line_costs_nothing_where_it_could_stop_at_the_next(part: float, speed: float) -> None:
    far_m = speed * (speed + B) / (2 * A)  # from here it would still stop at the goal
    whole = times([far_m * 3], [speed])
    first = min(part * far_m * 3, far_m * 2)
    assert times([first, far_m * 3 - first], [speed, speed], [0.0])[2] == pytest.approx(whole[2], abs=1e-6)


@settings(max_examples=200)
@given(legs, st.data())
def test_more_speed_or_a_gentler_turn_never_costs_time(way: Way, data: st.DataObject) -> None:
    lengths, speeds, turns = way
    k = data.draw(st.integers(0, len(lengths) - 1))
    faster = [*speeds[:k], speeds[k] * data.draw(st.floats(1, 2)), *speeds[k + 1 :]]
    assert times(lengths, faster, turns)[2] <= times(*way)[2] + RESTART_S
    if turns:
        k = data.draw(st.integers(0, len(turns) - 1))
        gentler = [*turns[:k], turns[k] * data.draw(st.floats(0, 1)), *turns[k + 1 :]]
        assert times(lengths, speeds, gentler)[2] <= times(*way)[2] + RESTART_S


@pytest.mark.parametrize("seen_from_m", [0.0, 17.0])
def test_a_long_leg_is_arithmetic(seen_from_m: float) -> None:
    brake_s, seen_s, stop_s = times([1000.0], [18.0], (), seen_from_m)
    assert seen_s == pytest.approx(straight_seen_s(1000.0, 18.0, A, J, seen_from_m))
    assert stop_s == pytest.approx(straight_seen_s(1000.0, 18.0, A, J))
    braking_s = (18 - STILL_MPS) / A + B / (2 * A) * math.log(18 / STILL_MPS)
    assert brake_s == pytest.approx(stop_s - braking_s)


def test_without_jerk_limit_it_is_the_textbook_trapezoid() -> None:
    assert times([1000.0], [20.0], j=1e12)[2] == pytest.approx(1000 / 20 + 20 / A - STILL_MPS / A, abs=1e-3)
    assert times([36.0], [20.0], j=1e12)[2] == pytest.approx(2 * math.sqrt(36 / A), abs=STILL_MPS / A)


def test_a_corner_is_passed_at_the_speed_of_the_moment_of_turning() -> None:
    at = corner_speed_mps(90.0, A, R)
    assert at == pytest.approx(math.sqrt(CORNER_GAIN * A * R))
    kept = (math.sqrt(B**2 + 4 * (2 * A * R + at**2)) - B) / 2
    v = 18.0
    slower_s = (v - kept) / A + B / (2 * A) * math.log(v / kept)
    slower_m = (v * (v + B) - kept * (kept + B)) / (2 * A)
    faster_s = (v - kept) / A + A / J
    faster_m = faster_s * (v + kept) / 2
    lost_s = slower_s + faster_s + 2 * R / kept - (slower_m + faster_m + 2 * R) / v
    assert times([500, 500], [v, v], [90])[2] == pytest.approx(times([1000], [v])[2] + lost_s)


def test_no_way_takes_no_time_and_no_speed_takes_for_ever() -> None:
    assert times([], []) == (0.0, 0.0, 0.0)
    assert times([0.0], [18.0]) == (0.0, 0.0, 0.0)
    assert times([0.0], [0.0]) == (0.0, 0.0, 0.0)
    assert times([100.0, 1.0], [18.0, 0.0], [0.0]) == (math.inf, math.inf, math.inf)


def test_what_lies_within_sight_is_seen_at_once() -> None:
    assert times([30.0], [20.0], (), 30.0)[1] == 0.0
    assert times([10.0, 15.0], [20.0, 20.0], [90.0], 30.0)[1] == 0.0


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    lengths, speeds, turns = np.array([300.0, 200.0, 50.0]), np.array([18.0, 12.0, 15.0]), np.array([60.0, 0.0, 0.0])
    first = np.array([0, 2, 2, 3])
    together = profile_times_of_all(lengths, speeds, turns, first, A, J, R, 17.0, np.zeros(3))
    one_by_one = [times([300, 200], [18, 12], [60], 17.0), times([], []), times([50], [15], (), 17.0)]
    assert together.tolist() == [list(one) for one in one_by_one]
