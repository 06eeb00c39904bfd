"""Claims are answered as arithmetic and single plans answer them, and what is said to make them true does."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.airspace import Geozone
from geo.certify import Claim, Demand, Level, Network, certify, faster, speed_needed_mps
from geo.flight import timed_plan
from geo.missing import bases_missing
from geo.route import legs_of, motion_of
from geo.wind import CALM, Wind
from tests.geo.fields import airways, fields, square, zone
from tests.geo.test_flight import QUAD

HEIGHT_M, CELL_M = 60.0, 60.0
AREA = shapely.box(-600, -600, 600, 600)


def grid(area: shapely.Polygon = AREA, step_m: float = CELL_M) -> np.ndarray:
    """Cells over an area."""
    west, south, east, north = area.bounds
    axes = np.arange(west, east + 1, step_m), np.arange(south, north + 1, step_m)
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)


def network(*bases: tuple[float, float], zones: tuple[Geozone, ...] = (), wind: Wind = CALM) -> Network:
    """Bases at these metres."""
    air = airways(*zones)
    level = Level(airways=air, column=air, height_m=HEIGHT_M)
    return Network(levels=(level,), bases_xy=np.reshape(bases, (-1, 2)).astype(float), wind=wind)


TURNOUT_S = network((0.0, 0.0)).turnout_s(QUAD)


def claim(flight_s: float, radius_m: float = 5000.0, area: shapely.Polygon = AREA) -> Claim:
    """A claim of so many seconds after turnout."""
    return Claim(area=area, within_s=TURNOUT_S + flight_s, radius_m=radius_m)


def test_in_open_country_the_worst_point_is_the_farthest_corner() -> None:
    one = network((-100.0, -100.0))
    verdict = certify(claim(20.0), one, QUAD, None, grid(), CELL_M)
    assert verdict.worst is not None
    assert verdict.worst.place_xy == pytest.approx((600, 600), abs=0.1)
    assert verdict.worst.distance_m == pytest.approx(math.hypot(700, 700), abs=0.1)
    assert (verdict.answer, verdict.worst.base) == ("partly", 0)
    assert verdict.turnout_s == pytest.approx(TURNOUT_S)
    assert verdict.worst.spare_watch_s > 300


def test_the_share_is_that_of_a_disc_and_so_is_that_of_demand() -> None:
    one = network((0.0, 0.0))
    verdict = certify(claim(20.0), one, QUAD, None, grid(), CELL_M)
    rim = one.reach(QUAD, np.zeros(2), TURNOUT_S + 20.0)
    assert verdict.reached_share == pytest.approx(rim.area / 1200**2, rel=1e-6)
    places = np.random.default_rng(1).uniform(-700, 700, (20_000, 2))
    weights = np.where(places[:, 0] < 0, 3.0, 1.0)
    demand = Demand(places_xy=places, weights=weights)
    weighed = certify(claim(20.0), one, QUAD, demand, grid(), CELL_M)
    assert weighed.demand_share == pytest.approx(verdict.reached_share, abs=0.01)
    nobody = certify(claim(20.0), one, QUAD, Demand(places_xy=places, weights=0 * weights), grid(), CELL_M)
    assert nobody.demand_share is None


def test_nine_flights_of_ten_reach_less_and_as_much_as_their_p90_says() -> None:
    vague = dataclasses.replace(QUAD, dock_sd_s=2.0, arm_sd_s=1.0, climb_sd_share=0.1, speed_sd_share=0.05)
    one, asked = network((0.0, 0.0)), claim(20.0)
    likely_s = one.likely_s(vague, asked.within_s)
    assert likely_s < asked.within_s - 2.0
    verdict = certify(asked, one, vague, None, grid(), CELL_M)
    assert verdict.p90_share == pytest.approx(one.reach(vague, np.zeros(2), likely_s).area / 1200**2, rel=1e-6)
    far_m = math.sqrt(verdict.reached_p90_m2 / math.pi)
    way = one.levels[0].airways.ways_from(np.zeros(2), np.array([[far_m, 0.0]]), motion_of(vague, CALM))[0]
    assert way is not None
    legs = legs_of(way, one.frame, motion_of(vague, CALM))
    at_the_rim = timed_plan(legs, vague, height_m=HEIGHT_M, climb_from_m=0.0).time
    assert at_the_rim.p90_s == pytest.approx(asked.within_s, abs=0.2)
    sure = dataclasses.replace(QUAD, dock_sd_s=0.0, arm_sd_s=0.0, climb_sd_share=0.0, speed_sd_share=0.0)
    exact = certify(asked, one, sure, None, grid(), CELL_M)
    assert exact.p90_share == pytest.approx(exact.reached_share, rel=1e-6)
    assert one.likely_s(vague, TURNOUT_S) < 0


def test_with_time_enough_it_is_true_and_ground_beyond_the_radius_is_not_asked_for() -> None:
    assert certify(claim(60.0), network((0.0, 0.0)), QUAD, None, grid(), CELL_M).answer == "true"
    near = certify(claim(20.0, radius_m=250.0), network((0.0, 0.0)), QUAD, None, grid(), CELL_M)
    assert near.answer == "true"
    assert near.claimed_m2 == pytest.approx(math.pi * 250**2, rel=1e-3)
    far = certify(claim(60.0, radius_m=100.0), network((2000.0, 0.0)), QUAD, None, grid(), CELL_M)
    assert (far.answer, far.worst, far.demand_share) == ("void", None, None)


def test_no_time_and_too_much_wind_make_it_false() -> None:
    late = certify(claim(-1.0), network((0.0, 0.0)), QUAD, None, grid(), CELL_M)
    assert late.answer == "false"
    assert "turnout" in late.why
    storm = network((0.0, 0.0), wind=Wind(QUAD.wind_limit_mps + 1, 90))
    blown = certify(claim(60.0), storm, QUAD, None, grid(), CELL_M)
    assert (blown.answer, blown.worst) == ("false", None)
    assert "wind" in blown.why
    for why, there in (("turnout", network((0.0, 0.0))), ("wind", storm)):
        found, said = speed_needed_mps(claim(-1.0 if why == "turnout" else 60.0), there, QUAD, grid(), CELL_M)
        assert found is None
        assert why in said


def test_closed_ground_is_told_apart_and_a_courtyard_is_the_worst_point() -> None:
    depot = network((-400.0, -400.0), zones=(zone(square(100)),))
    verdict = certify(claim(90.0), depot, QUAD, None, grid(), CELL_M)
    assert verdict.answer == "true"
    assert verdict.closed_m2 == pytest.approx(200**2, rel=0.02)
    assert verdict.open_share == pytest.approx(1.0, abs=1e-3)
    assert verdict.reached_share < 0.98
    yard = network((-400.0, -400.0), zones=(zone(square(200), holes=[square(120)]),))
    cut_off = certify(claim(90.0), yard, QUAD, None, grid(), CELL_M)
    assert cut_off.answer == "partly"
    assert cut_off.worst is not None
    assert (cut_off.worst.eta_s, cut_off.worst.base) == (math.inf, -1)
    assert speed_needed_mps(claim(90.0), yard, QUAD, grid(), CELL_M) == (
        None,
        "some open ground has no legal way to it",
    )


@settings(max_examples=6)
@given(fields(), st.floats(0, 10), st.floats(0, 360), st.integers(0, 2**32 - 1))
def test_no_open_point_is_worse_than_the_worst(
    zones: tuple[Geozone, ...], wind_mps: float, from_deg: float, seed: int
) -> None:
    bases = ((-590.0, -590.0), (590.0, 100.0))
    there = network(*bases, zones=zones, wind=Wind(wind_mps, from_deg))
    if any(there.levels[0].airways.closed_at(np.array(base)) for base in bases):
        return
    verdict = certify(claim(30.0), there, QUAD, None, grid(), CELL_M)
    assert verdict.worst is not None
    points = np.random.default_rng(seed).uniform(-600, 600, (300, 2))
    seconds, _ = there.eta(QUAD, points)
    legal = np.array([there.levels[0].airways.closed_at(point) is None for point in points])
    open_m2 = verdict.claimed_m2 - verdict.closed_m2
    assert open_m2 == pytest.approx(1200**2 * legal.mean(), abs=1200**2 * 0.15)
    # Found from a grid of 60 m: a hollow between its points may be so much deeper as the way across a cell takes.
    assert seconds[legal].max() <= verdict.worst.eta_s + CELL_M / 8.0
    inside = shapely.intersects_xy(verdict.reached, *points.T)
    missed = shapely.intersects_xy(verdict.missed, *points.T)
    assert not (inside & missed).any()


@settings(max_examples=4)
@given(st.floats(0, 8), st.floats(0, 360), st.floats(15, 45))
def test_the_speed_needed_is_the_least_that_makes_it_true(wind_mps: float, from_deg: float, flight_s: float) -> None:
    there = network((-300.0, 0.0), (350.0, 200.0), zones=(zone(square(80, 0, 100)),), wind=Wind(wind_mps, from_deg))
    asked = claim(flight_s)
    found, why = speed_needed_mps(asked, there, QUAD, grid(), CELL_M)
    if found is None:
        assert "speeding up" in why
        return
    assert certify(asked, there, faster(QUAD, found + 0.05), None, grid(), CELL_M).answer == "true"
    slower = certify(asked, there, faster(QUAD, max(0.2, found - 0.05)), None, grid(), CELL_M)
    assert slower.worst is not None
    assert slower.worst.eta_s > asked.within_s


def test_speeding_up_alone_can_take_too_long() -> None:
    far = shapely.box(-600, -600, 3000, 600)
    found, why = speed_needed_mps(claim(20.0, area=far), network((0.0, 0.0)), QUAD, grid(far), CELL_M)
    assert found is None
    assert "speeding up" in why


@pytest.mark.parametrize("wind", [CALM, Wind(8, 250)])
def test_the_bases_said_to_be_enough_make_it_true(wind: Wind) -> None:
    there = network((-300.0, 0.0), zones=(zone(square(80, 200, 100)),), wind=wind)
    asked = claim(14.0)
    first = certify(asked, there, QUAD, None, grid(), CELL_M)
    missing = bases_missing(asked, there, QUAD, first.missed, grid())
    assert missing.sites_xy is not None
    assert missing.enough is not None
    assert 1 <= missing.at_least <= missing.enough
    more = dataclasses.replace(there, bases_xy=np.concatenate([there.bases_xy, missing.sites_xy]))
    assert certify(asked, more, QUAD, None, grid(), CELL_M).answer == "true"
    fewer = dataclasses.replace(there, bases_xy=more.bases_xy[:-1])
    assert certify(asked, fewer, QUAD, None, grid(), CELL_M).answer == "partly"


def test_new_bases_must_also_reach_what_they_bring_into_the_claim() -> None:
    there, asked = network((-500.0, -500.0)), claim(14.0, radius_m=500.0)
    first = certify(asked, there, QUAD, None, grid(), CELL_M)
    missing = bases_missing(asked, there, QUAD, first.missed, grid())
    assert missing.sites_xy is not None
    more = dataclasses.replace(there, bases_xy=np.concatenate([there.bases_xy, missing.sites_xy]))
    verdict = certify(asked, more, QUAD, None, grid(), CELL_M)
    assert verdict.answer == "true"
    assert verdict.claimed_m2 > first.claimed_m2


def test_of_a_strip_the_bound_is_arithmetic() -> None:
    """Discs of radius r along a thin strip of length L: at least L / 2r, and the construction finds about as many."""
    strip, alone = shapely.box(0, -15, 6000, 15), network((0.0, 0.0))
    asked = Claim(area=strip, within_s=TURNOUT_S + 30.0, radius_m=9000.0)
    radius_m = alone.reach(QUAD, np.zeros(2), asked.within_s).bounds[2]
    cells = grid(strip, 20.0)
    first = certify(asked, alone, QUAD, None, cells, 20.0)
    missing = bases_missing(asked, alone, QUAD, first.missed, cells)
    exact = math.ceil((6000 - radius_m) / (2 * radius_m))
    assert missing.enough is not None
    assert exact - 1 <= missing.at_least <= exact <= missing.enough <= exact + 1


def test_what_no_number_of_bases_helps() -> None:
    late = claim(-1.0)
    missing = bases_missing(late, network((0.0, 0.0)), QUAD, AREA, grid())
    assert missing.enough is None
    assert "turnout" in missing.why
    done = bases_missing(claim(60.0), network((0.0, 0.0)), QUAD, shapely.Polygon(), grid())
    assert (done.at_least, done.enough) == (0, 0)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"within_s": 0.0}, "time"), ({"within_s": math.nan}, "time"), ({"radius_m": -8000.0}, "radius")],
)
def test_a_claim_that_says_nothing_is_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        dataclasses.replace(claim(20.0), **change)
    with pytest.raises(ValueError, match="area"):
        dataclasses.replace(claim(20.0), area=shapely.Polygon())


def test_ground_that_can_be_flown_over_is_not_closed_and_what_lies_behind_is_reached_sooner() -> None:
    wall = zone([(100, -700), (200, -700), (200, 700), (100, 700)])
    low = network((0.0, 0.0), zones=(wall,))
    over = Level(airways=airways(), column=airways(), height_m=2 * HEIGHT_M, later_s=2.0)
    both = dataclasses.replace(low, levels=(*low.levels, over))
    one, two = (certify(claim(40.0), there, QUAD, None, grid(), CELL_M) for there in (low, both))
    assert one.closed_m2 == pytest.approx(100 * 1200, rel=0.02)
    assert two.closed_m2 == 0.0
    assert two.reached_share > one.reached_share
    place = np.array([(400.0, 0.0)])
    (round_s,), (over_s,) = low.eta(QUAD, place)[0], both.eta(QUAD, place)[0]
    alone = dataclasses.replace(low, levels=(over,))
    assert over_s == alone.eta(QUAD, place)[0][0] < round_s
    assert both.eta_and_level(QUAD, place)[2].tolist() == [1]
    assert both.eta_and_level(QUAD, -place)[2].tolist() == [0]


def test_a_base_whose_air_is_closed_on_the_way_up_does_not_count_at_that_height() -> None:
    low = network((0.0, 0.0))
    over = Level(airways=airways(), column=airways(zone(square(50))), height_m=2 * HEIGHT_M)
    place = np.array([(400.0, 0.0)])
    assert dataclasses.replace(low, levels=(over,)).eta(QUAD, place)[0].tolist() == [math.inf]
    assert dataclasses.replace(low, levels=(over,)).reach(QUAD, np.zeros(2), 100.0).is_empty
    assert dataclasses.replace(low, levels=(*low.levels, over)).eta_and_level(QUAD, place)[2].tolist() == [0]
