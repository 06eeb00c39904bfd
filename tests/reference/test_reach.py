"""Reach polygons against the engine's own plans: inside is seen in time, outside is not, but for a narrow band.

``REACH180_HUNT=10000 pytest tests/reference/test_reach.py`` asks for 10,000 points and prints the widest band.
"""

import numpy as np
import shapely

from geo.flight import timed_plan
from geo.reach import reach
from geo.route import legs_of
from tests.reference.city import random_city
from tests.reference.engine import Engine
from tests.reference.hunt import how_many

POINTS = how_many(1200)
POINTS_PER_CITY = 200
BAND_M = 10.0


def test_points_inside_are_seen_in_time_and_points_outside_are_not() -> None:
    asked = inside = 0
    undecided_m = [0.0]
    for seed in range(POINTS // POINTS_PER_CITY):
        city, chance = random_city(seed), np.random.default_rng([181, seed])
        engine = Engine(city)
        start, within_s = engine.xy(city.starts)[0], float(chance.uniform(20, 240))
        ground = reach(engine.airways, start, engine.airframe, engine.motion, within_s, city.height_m)
        west, south, east, north = ground.buffer(100).bounds
        points = np.stack(
            [chance.uniform(west, east, POINTS_PER_CITY), chance.uniform(south, north, POINTS_PER_CITY)], 1
        )
        held = shapely.intersects_xy(ground, *points.T)
        wrong = held != (_seen_s(engine, start, points) <= within_s)
        off_m = shapely.distance(shapely.boundary(ground), shapely.points(points[wrong]))
        assert (off_m <= BAND_M).all(), f"city {seed}: {off_m.max():.1f} m off the rim"
        undecided_m += off_m.tolist()
        asked, inside = asked + len(points), inside + int(held.sum())
    print(f"\n{asked} points, {inside} inside")
    print(f"{len(undecided_m) - 1} undecided, up to {max(undecided_m):.2f} m off the rim")
    assert asked / 4 < inside < asked * 3 / 4 + 1


def _seen_s(engine: Engine, start: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Seconds until each of ``points`` is seen, as plans say; infinite without a legal way."""
    times = np.full(len(points), np.inf)
    for k, way in enumerate(engine.airways.ways_from(start, points, engine.motion)):
        if way is not None:
            legs = legs_of(way, engine.frame, engine.motion)
            plan = timed_plan(legs, engine.airframe, height_m=engine.city.height_m, climb_from_m=None)
            times[k] = plan.time.total_s
    return times
