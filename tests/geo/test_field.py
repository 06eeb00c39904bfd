"""The field of arrival times says what single plans say."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.airspace import Geozone
from geo.field import eta_field
from geo.flight import timed_plan
from geo.route import Motion, legs_of
from geo.wind import Wind
from tests.geo.fields import airways, fields, in_the_west, motion, square, xy, zone
from tests.geo.test_flight import QUAD as PLAIN

HEIGHT_M = 60.0
QUAD = dataclasses.replace(PLAIN, start_s=0.7, slew_s=0.4)

winds = st.builds(Wind, st.floats(0, 12), st.floats(0, 360))
in_wind = winds.map(lambda wind: motion(QUAD.speed_mps, QUAD.airspeed_mps, wind))


def planned_s(zones: tuple[Geozone, ...], start: np.ndarray, cell: np.ndarray, how: Motion) -> float:
    """Seconds of one single plan, infinite where there is none."""
    field = airways(*zones)
    way = field.ways_from(start, cell[None, :], how)[0]
    if way is None:
        return math.inf
    plan = timed_plan(legs_of(way, field.frame, how), QUAD, height_m=HEIGHT_M, climb_from_m=None)
    return plan.time.total_s


@settings(max_examples=40)
@given(fields(), st.lists(in_the_west, min_size=1, max_size=4), in_wind, st.integers(0, 2**32 - 1))
def test_every_cell_has_the_time_of_its_best_single_plan(
    zones: tuple[Geozone, ...], starts: list[tuple[float, float]], how: Motion, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    starts_xy, ready_s = np.array(starts), chance.uniform(0, 40, len(starts))
    cells = np.concatenate([chance.uniform(-600, 600, (20, 2)), starts_xy])
    seconds, base = eta_field(airways(*zones), starts_xy, ready_s, QUAD, how, HEIGHT_M, cells)
    for cell, takes_s, k in zip(cells, seconds, base, strict=True):
        told = [
            float(ready) + planned_s(zones, start, cell, how) for start, ready in zip(starts_xy, ready_s, strict=True)
        ]
        if math.isinf(min(told)):
            assert math.isinf(takes_s)
            assert k == -1
        else:
            assert takes_s == pytest.approx(min(told), abs=1e-6)
            assert told[k] == pytest.approx(min(told), abs=1e-6)


def test_nothing_asked_nothing_told() -> None:
    nowhere, one = np.empty((0, 2)), xy(0, 0)[None, :]
    seconds, base = eta_field(airways(), nowhere, np.empty(0), QUAD, motion(), HEIGHT_M, one)
    assert (seconds[0], base[0]) == (math.inf, -1)
    seconds, base = eta_field(airways(), one, np.zeros(1), QUAD, motion(), HEIGHT_M, nowhere)
    assert len(seconds) == len(base) == 0


def test_closed_ground_and_a_courtyard_are_never_seen() -> None:
    wall = zone(square(300), holes=[square(200)])
    cells = np.array([(0.0, 0.0), (250.0, 0.0), (400.0, 0.0)])
    seconds, base = eta_field(airways(wall), xy(500, 0)[None, :], np.array([12.0]), QUAD, motion(), HEIGHT_M, cells)
    assert seconds[:2].tolist() == [math.inf, math.inf]
    assert base.tolist() == [-1, -1, 0]
    assert 12.0 < seconds[2] < 30.0


def test_the_base_that_is_ready_first_wins_where_both_are_as_far() -> None:
    starts, ready_s = np.array([(-300.0, 0.0), (300.0, 0.0)]), np.array([20.0, 15.0])
    seconds, base = eta_field(airways(), starts, ready_s, QUAD, motion(), HEIGHT_M, np.array([(0.0, 0.0)]))
    alone, _ = eta_field(airways(), starts[1:], ready_s[1:], QUAD, motion(), HEIGHT_M, np.array([(0.0, 0.0)]))
    assert base[0] == 1
    assert seconds[0] == alone[0]


def test_of_equal_times_the_first_base_is_told() -> None:
    starts = np.array([(300.0, 0.0), (-300.0, 0.0)])
    _, base = eta_field(airways(), starts, np.full(2, 10.0), QUAD, motion(), HEIGHT_M, np.array([(0.0, 0.0)]))
    assert base[0] == 0
