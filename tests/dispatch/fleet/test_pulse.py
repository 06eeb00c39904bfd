"""A vehicle's own clock tells a restart, and two vehicles that speak as one."""

import itertools

from dispatch.fleet.pulse import SETTLE_S, TWINS_S, Pulse


def after(*heard: tuple[float, float]) -> Pulse:
    """The pulse after these clocks (own seconds) at these instants (wall seconds)."""
    pulse = Pulse()
    for clock_s, at_s in heard:
        pulse = pulse.heard(clock_s, at_s)
    return pulse


def test_a_clock_that_goes_on_is_one_vehicle_however_fast_and_after_any_silence() -> None:
    pulse = after((1, 0), (2, 1), (42, 3), (42, 4), (41.8, 5), (9000, 500))
    assert not pulse.twins
    assert pulse.trusted(500)


def test_a_vehicle_without_a_clock_is_trusted() -> None:
    assert after((0, 0), (0, 1), (0, 2)).trusted(2)


def test_a_clock_that_goes_back_once_is_a_vehicle_started_again() -> None:
    pulse = after((100, 0), (101, 1), (3, 10))
    assert not pulse.twins
    assert not pulse.trusted(10.5)  # it may yet be two
    assert pulse.heard(3 + SETTLE_S, 10 + SETTLE_S).trusted(10 + SETTLE_S)


def test_a_clock_that_goes_back_and_forth_is_two_vehicles_until_one_is_gone() -> None:
    pulse = after((100, 0), (3, 0.2), (100.4, 0.4), (3.6, 0.8))
    assert pulse.twins
    assert not pulse.trusted(0.8 + TWINS_S - 1)
    for second in itertools.count(1):
        pulse = pulse.heard(3.6 + second, 0.8 + second)
        if not pulse.twins:
            break
    assert second == TWINS_S
    assert pulse.trusted(0.8 + second)


def test_two_restarts_far_apart_are_no_twins() -> None:
    assert not after((100, 0), (3, 10), (12, 20), (2, 30)).twins
