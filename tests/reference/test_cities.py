"""Random cities: no route is faster than can be, none is slower by 1 %, none enters a zone.

``REACH180_HUNT=300 pytest tests/reference/test_cities.py`` judges 300 cities and prints what it found.
"""

import numpy as np
import pytest

from tests.reference.city import random_city
from tests.reference.hunt import how_many
from tests.reference.verdict import Verdict, judged

CITIES = how_many(20)
ROUNDING = 1e-6
"""Two projections and two wind triangles agree this well."""


HAIR_M = 1e-3
LEAST_M, TANGENTS_M = 11.0, 2.5
"""The least disc of an orbit, and by how much margins stand out at their corners."""


@pytest.fixture(scope="module")
def verdicts() -> dict[int, Verdict]:
    """What the reference says of every city."""
    return {seed: judged(random_city(seed)) for seed in range(CITIES)}


def test_no_way_is_faster_than_the_bound(verdicts: dict[int, Verdict]) -> None:
    for seed, verdict in verdicts.items():
        assert (verdict.engine_s >= verdict.bound_s * (1 - ROUNDING)).all(), f"city {seed}"


def test_every_way_is_within_one_percent_of_the_bound(verdicts: dict[int, Verdict]) -> None:
    cramped = []
    for seed, verdict in verdicts.items():
        slow = verdict.engine_s > 1.01 * verdict.bound_s
        assert (verdict.engine_s <= 1.01 * verdict.cramped_s).all(), f"city {seed}"
        if slow.any():
            cramped.append(seed)
    assert len(cramped) <= 0.01 * CITIES + 1, f"cities {cramped} hang on a gap of less than a metre"


def test_the_times_are_those_of_the_routes(verdicts: dict[int, Verdict]) -> None:
    for seed, verdict in verdicts.items():
        legal = np.isfinite(verdict.engine_s)
        np.testing.assert_allclose(verdict.flown_s[legal], verdict.engine_s[legal], rtol=ROUNDING, err_msg=str(seed))


def test_no_route_or_hover_enters_a_zone_or_its_margin(verdicts: dict[int, Verdict]) -> None:
    for seed, verdict in verdicts.items():
        assert verdict.room_m > 0.0, f"city {seed}: {verdict.room_m:.3f} m into the margin of {verdict.nearest}"


def test_no_orbit_enters_a_zone_or_its_margin(verdicts: dict[int, Verdict]) -> None:
    for seed, verdict in verdicts.items():
        for circled, room_m in zip(verdict.circled, verdict.disc_room_m, strict=True):
            assert room_m > -HAIR_M, f"city {seed}: {room_m:.3f} m into a margin, circling at {circled.radius_m:.1f} m"


def test_from_all_over_an_orbit_the_flight_to_the_nearest_item_is_legal(verdicts: dict[int, Verdict]) -> None:
    for seed, verdict in verdicts.items():
        assert verdict.astray_room_m > -HAIR_M, f"city {seed}: {verdict.astray_room_m:.3f} m into a margin"


def test_where_there_is_room_there_is_an_orbit(verdicts: dict[int, Verdict]) -> None:
    """No hover because of a zone that lies farther off than the tangents of its margin can make it seem."""
    for seed, verdict in verdicts.items():
        for circled, room_m in zip(verdict.circled, verdict.disc_room_m, strict=True):
            assert circled.why in ("", "orbit_zone", "orbit_way_home", "orbit_wind")
            assert circled.why != "orbit_zone" or room_m < LEAST_M + TANGENTS_M, f"city {seed}"


def test_the_grid_is_never_faster_than_the_bound_and_the_engine_never_slower_than_the_grid(
    verdicts: dict[int, Verdict],
) -> None:
    for seed, verdict in verdicts.items():
        assert (verdict.grid_s >= verdict.bound_s * (1 - ROUNDING)).all(), f"city {seed}: the reference is wrong"
        fair_s = np.maximum(1.01 * verdict.grid_s, np.where(np.isfinite(verdict.cramped_s), 0.0, np.inf))
        assert (verdict.engine_s <= fair_s).all(), f"city {seed}: the grid found a better way"


def test_bound_and_grid_agree(verdicts: dict[int, Verdict]) -> None:
    """A bound that is far too low, or a grid that misses ways, would make the tests above say little."""
    both = [(v.bound_s, v.grid_s) for v in verdicts.values()]
    bound_s, grid_s = (np.concatenate(column) for column in zip(*both, strict=True))
    known = np.isfinite(bound_s) & np.isfinite(grid_s)
    apart = grid_s[known] / bound_s[known] - 1
    assert np.isfinite(bound_s).sum() - known.sum() <= 0.01 * len(bound_s)
    assert np.median(apart) < 1e-3
    assert np.quantile(apart, 0.99) < 0.01


def test_the_cities_are_worth_asking_about(verdicts: dict[int, Verdict]) -> None:
    flights = sum(len(v.engine_s) for v in verdicts.values())
    bends = sum(v.bends for v in verdicts.values())
    assert flights >= 8 * CITIES
    assert bends >= flights / 2
    finite = [(v.engine_s / v.bound_s - 1)[np.isfinite(v.engine_s)] for v in verdicts.values()]
    apart = np.concatenate([(v.grid_s / v.bound_s - 1)[np.isfinite(v.grid_s)] for v in verdicts.values()])
    cramped = [s for s, v in verdicts.items() if (v.engine_s > 1.01 * v.bound_s).any()]
    excess = np.concatenate(finite)
    nowhere = sum(int(np.isinf(v.bound_s).sum()) for v in verdicts.values())
    print(f"\n{CITIES} cities: {flights} flights, {bends} bends, {nowhere} flights without a legal way")
    print(
        f"engine over bound: median {np.median(excess):.1e}, 99 % {np.quantile(excess, 0.99):.1e}; over 1 %: {cramped}"
    )
    print(f"grid over bound: median {np.median(apart):.1e}, 99 % {np.quantile(apart, 0.99):.1e}")
    circled = [c for v in verdicts.values() for c in v.circled]
    flown = [c.radius_m for c in circled if c.radius_m]
    assert len(flown) > len(circled) / 2
    print(f"{len(flown)} orbits of {min(flown):.0f} to {max(flown):.0f} m, {len(circled) - len(flown)} hovers")
    discs_m = [room for v in verdicts.values() for room in v.disc_room_m]
    astray_m = min(v.astray_room_m for v in verdicts.values())
    print(f"least room of their discs {min(discs_m):.3f} m, of flights to the nearest item {astray_m:.3f} m")
    print(f"least room beyond a margin {min(v.room_m for v in verdicts.values()):.3f} m")
