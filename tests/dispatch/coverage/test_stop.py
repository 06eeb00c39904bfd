"""When to stop, without a solver."""

import math

from dispatch.coverage import Cancelled, Either, Gap, Never, NoImprovement, Progress, TimeLimit
from dispatch.coverage.stop import left_s


def at(value: float, bound: float) -> Progress:
    return Progress(stage="proof", value=value, bound=bound)


def test_a_gap_is_a_share_of_the_value() -> None:
    assert Gap(0.1)(at(100, 110))
    assert not Gap(0.09)(at(100, 110))
    assert not Gap(0.5)(at(math.inf, 3))


def test_time_is_over_by_the_clock_that_was_given() -> None:
    now_s = [5.0]
    stop = TimeLimit(10, lambda: now_s[0])
    assert (stop(at(0, 1)), left_s(stop)) == (False, 10)
    now_s[0] = 15.0
    assert (stop(at(0, 1)), left_s(stop)) == (True, 0)


def test_no_improvement_counts_steps_in_which_nothing_moved() -> None:
    stop = NoImprovement(2)
    assert [stop(at(v, 9)) for v in (1, 1, 2, 2, 2)] == [False, False, False, False, True]
    stop = NoImprovement(2)
    assert not any(stop(at(1, 9 - k)) for k in range(5))


def test_any_of_several_stops_and_the_strictest_clock_counts() -> None:
    asked = [False]
    stop = Either((Never(), Cancelled(lambda: asked[0]), TimeLimit(3, lambda: 0.0), TimeLimit(2, lambda: 0.0)))
    assert (stop(at(0, 1)), left_s(stop)) == (False, 2)
    asked[0] = True
    assert stop(at(0, 1))
    assert left_s(Never()) == math.inf
