"""A track is where geo's own times say, and ends at rest over its last point."""

from dataclasses import replace

import numpy as np
import pytest

from geo.flight import passed_s, timed_plan
from geo.route import Way, legs_of, motion_of
from geo.wind import CALM, Wind
from simulator.kinematic.track import track_of
from tests.dispatch.worlds import FRAME, QUAD, VTOL

BENT = np.array([[0.0, 0.0], [900.0, 0.0], [900.0, 500.0], [200.0, 1400.0]])
WIND = Wind(8.0, 300.0)


@pytest.mark.parametrize(("wind", "start_mps"), [(CALM, 0.0), (CALM, 15.0), (WIND, 0.0)])
def test_it_is_where_the_plan_says(wind: Wind, start_mps: float) -> None:
    track = track_of(FRAME, BENT, QUAD, wind, 100.0, start_mps)
    assert track is not None
    legs = legs_of(Way(BENT, 0.0), FRAME, motion_of(QUAD, wind))
    plan = timed_plan(legs, QUAD, height_m=60.0, climb_from_m=None, sensor=False, start_mps=start_mps)
    assert track.ends_at_s - 100.0 == pytest.approx(plan.time.cruise_s + plan.time.arrive_s, abs=1e-6)
    for left_m in np.linspace(5.0, plan.distance_m - 5.0, 60).tolist():
        at_s = 100.0 + passed_s(plan, QUAD, left_m)
        assert plan.distance_m - track.gone(at_s) == pytest.approx(left_m, abs=0.4)
        ahead = track.left(at_s)
        way = np.vstack([track.place(at_s), ahead])
        assert np.hypot(*np.diff(way, axis=0).T).sum() == pytest.approx(left_m, abs=0.4)
    assert track.place(track.ends_at_s) == pytest.approx(BENT[-1])
    assert track.place(99.0) == pytest.approx(BENT[0])
    assert track.speed_mps(track.ends_at_s) == 0.0


def test_speed_and_course() -> None:
    track = track_of(FRAME, BENT[:2], QUAD, CALM, 0.0)
    assert track is not None
    middle_s = track.ends_at_s / 2
    assert track.speed_mps(middle_s) == pytest.approx(QUAD.speed_mps, rel=1e-3)
    assert track.course_deg(middle_s) == pytest.approx(90.0)
    assert track.speed_mps(-1.0) == 0.0


def test_no_headway_is_no_way() -> None:
    stuck = track_of(FRAME, BENT[:2], QUAD, Wind(40.0, 90.0), 10.0)
    assert stuck is not None
    assert stuck.place(1e6) == pytest.approx(BENT[0])
    assert track_of(FRAME, BENT[[0, 0]], QUAD, CALM, 0.0) is None


def test_a_vtol_is_on_its_wing_where_the_plan_says() -> None:
    motion, wings = motion_of(VTOL, WIND), [False, False, True]
    track = track_of(FRAME, BENT, VTOL, WIND, 0.0, wings=wings)
    assert track is not None
    *hovering, last = legs_of(Way(BENT, 0.0), FRAME, motion)
    (mps,) = motion.wings_mps(np.diff(BENT, axis=0)[-1:])
    legs = (*hovering, replace(last, wing_mps=float(mps), wing_gust_mps=float(mps)))
    plan = timed_plan(legs, VTOL, height_m=60.0, climb_from_m=None, sensor=False)
    assert track.ends_at_s == pytest.approx(plan.time.cruise_s + plan.time.arrive_s, abs=1e-6)
    assert track.speed_mps(track.ends_at_s - 20.0) == pytest.approx(mps, rel=1e-2)
