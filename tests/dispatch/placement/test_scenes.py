"""The flight times of a plan are those of the decision kernel, and what no drone can do is told."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.model import Situation
from dispatch.outbound import flights_out
from dispatch.placement import Ask, AskError, Blow, Demand, Ground, Layer, Promise, Site, ignored, plan, posed
from dispatch.placement.scenes import scenes_of, travel_of
from geo.position import Position
from geo.terrain import recall
from geo.wind import Wind
from tests.dispatch.test_relief import hilly, ridge
from tests.dispatch.worlds import FRAME, QUAD, at, base, box, docked, drone, situation

MIDDLE = box("Z1", -300, -1500, 300, 1500)


def ground_of(one: Situation, sites: dict[str, tuple[float, float]], places: np.ndarray, **changes: Any) -> Ground:
    """Sites by name and places of weight 1, both in metres."""
    given_sites = tuple(Site(id=id_, name=id_, position=at(*xy), **changes) for id_, xy in sites.items())
    demand = Demand(lonlat=FRAME.to_lonlat(places), weights=np.ones((1, len(places))))
    return Ground(situation=one, airframe=QUAD, sites=given_sites, demand=demand)


def kernel_s(one: Situation, site: Site, ground_amsl_m: float, place: Position) -> float:
    """What the decision kernel says of a drone that stands there."""
    stands = dataclasses.replace(base("B", 0, 0, ground_amsl_m=ground_amsl_m), position=site.position)
    flier = drone("D", "B")
    alone = dataclasses.replace(one, bases={"B": stands}, drones={"D": flier}, incidents={})
    return float(flights_out(alone, QUAD, [docked(flier, {"B": stands})], place).total_s[0])


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1), st.builds(Wind, st.floats(0, 11), st.floats(0, 360)), st.booleans())
def test_every_pair_has_the_time_that_the_decision_kernel_says(seed: int, wind: Wind, hills: bool) -> None:
    chance = np.random.default_rng(seed)
    one = dataclasses.replace(hilly(ridge(100.0)) if hills else situation(), wind=wind)
    one = dataclasses.replace(one, zones={MIDDLE.id: MIDDLE}, bases={}, drones={}, states={}, incidents={})
    sites = {f"S{k}": tuple(xy) for k, xy in enumerate(chance.uniform(400, 4000, (3, 2)).tolist())}
    places = chance.uniform(-4000, 4000, (12, 2))
    ground = ground_of(one, sites, places)
    (scene,) = scenes_of(ground, Ask(p=1))
    table = travel_of(ground, scene, places, np.inf).table()
    heights = recall(one.terrain).ground.at(FRAME.to_lonlat(np.array(list(sites.values())))) if hills else np.zeros(3)
    for i, place in enumerate(places):
        for j, site in enumerate(ground.sites):
            expected_s = kernel_s(one, site, float(heights[j]), at(*place))
            assert table[i, j] == pytest.approx(expected_s, abs=0.06 if hills else 1e-6)


def test_a_cut_off_leaves_out_what_takes_longer_and_nothing_else() -> None:
    places = np.random.default_rng(1).uniform(-5000, 5000, (4000, 2))
    ground = ground_of(situation(wind=Wind(6.0, 250.0), zones=[MIDDLE]), {"A": (900, 0), "B": (-3000, 200)}, places)
    (scene,) = scenes_of(ground, Ask(p=1))
    whole, some = (travel_of(ground, scene, places, within_s).table() for within_s in (np.inf, 120.0))
    assert np.array_equal(some, np.where(whole <= 120.0, whole, np.inf))
    assert 0 < np.isfinite(some).sum() < np.isfinite(whole).sum()


def test_equal_places_are_one_and_nothing_is_lost() -> None:
    chance = np.random.default_rng(2)
    lonlat = np.round(chance.uniform(0, 1, (500, 2)), 1)
    weights = chance.uniform(0, 3, (2, 500))
    weights[:, :7] = 0.0
    districts = tuple(chance.choice(["n", "s"], 500).tolist())
    layers = (Layer(name="now"), Layer(name="later"))
    merged = Demand(lonlat=lonlat, weights=weights, layers=layers, districts=districts).merged()
    assert len(merged) < 250
    assert merged.weights.sum(axis=1) == pytest.approx(weights.sum(axis=1))
    for k in range(len(merged)):
        same = (lonlat == merged.lonlat[k]).all(axis=1) & (np.array(districts) == merged.districts[k])
        assert merged.weights[:, k] == pytest.approx(weights[:, same].sum(axis=1))


def test_a_site_in_a_zone_is_refused_by_name_and_one_of_our_making_dropped() -> None:
    places, one = np.array([[900.0, 0.0]]), situation(zones=[MIDDLE])
    with pytest.raises(AskError, match=r"site 'A' \(A\) lies in zone 'Z1' \(.*\) or within .* no drone may rise there"):
        posed(ground_of(one, {"A": (0, 0), "B": (900, 0)}, places), Ask(p=1))
    with pytest.raises(AskError, match=r"site 'A'.* no drone may rise there\. Closed so are 2: A,C"):
        posed(ground_of(one, {"A": (0, 0), "B": (900, 0), "C": (0, 99)}, places), Ask(p=1))
    made = posed(ground_of(one, {"A": (0, 0), "B": (900, 0)}, places, made=True), Ask(p=1))
    assert [site.id for site in made.dropped] == ["A"]
    assert [site.id for site in made.ground.sites] == ["B"]


def test_who_ignores_zones_may_choose_a_site_in_one_and_gets_nothing_from_it() -> None:
    places = np.array([[-700.0, 0.0], [700.0, 0.0]])
    ground = ground_of(situation(zones=[MIDDLE]), {"A": (0, 0), "B": (1100, 0)}, places, made=True)
    planned = plan(ground, Ask(p=1, promise=Promise(within_s=60.0)))
    there = ignored(planned)
    assert (there.only_there, there.only_here) == (("A",), ("B",))
    assert (there.promised_share, there.true_share) == (1.0, 0.0)
    assert planned.layout.clocks.within_share == 0.5


def test_demand_in_a_zone_counts_as_not_covered_and_stops_no_cover() -> None:
    places = np.array([[900.0, 0.0], [1000.0, 0.0], [0.0, 0.0]])
    ground = ground_of(situation(zones=[MIDDLE]), {"B": (900, 0)}, places)
    asks = (Ask(goal="maxcover", p=1), Ask(goal="cover"), Ask(goal="center", p=1), Ask(goal="median", p=1))
    for ask in asks:
        found = plan(ground, ask).layout
        assert found.clocks.closed_share == pytest.approx(1 / 3)
        assert found.clocks.within_share == pytest.approx(2 / 3)
        assert found.uncovered.closed.tolist() == [True]
        assert found.clocks.worst_s < 60


def test_winds_count_by_their_shares_and_one_too_strong_grounds_the_fleet() -> None:
    places = np.array([[3000.0, 0.0]])
    sites = {"B": (0.0, 0.0)}
    winds = (Blow(wind=Wind(0.0, 0.0), share=3.0), Blow(wind=Wind(20.0, 0.0), share=1.0))
    found = plan(ground_of(situation(), sites, places), Ask(p=1, winds=winds, promise=Promise(within_s=300.0))).layout
    assert found.clocks.within_share == pytest.approx(0.75)
    assert found.proof.value == pytest.approx(0.75)
    with pytest.raises(AskError, match="a wind of 20 m/s is above the limit of quad: 12 m/s"):
        plan(ground_of(situation(), sites, places), Ask(p=1, winds=winds[1:]))


def test_an_infeasible_promise_names_the_time_that_would_do_and_the_place() -> None:
    places = np.array([[500.0, 0.0], [4000.0, 0.0]])
    ground = ground_of(situation(), {"A": (0, 0), "B": (100, 0)}, places)
    with pytest.raises(ValueError, match=r"T must be (\d+\.?\d*) s at least.*Demand point 1 lies at 35\.99") as told:
        plan(ground, Ask(goal="cover", promise=Promise(within_s=100.0)))
    needed_s = float(str(told.value).split("T must be ")[1].split(" s")[0])
    later = plan(ground, Ask(goal="cover", promise=Promise(within_s=needed_s + 0.01))).layout
    assert later.proof.status == "optimal"
    assert later.new_bases == 1


def test_bases_are_told_what_is_lost_without_them() -> None:
    places = np.array([[0.0, 0.0], [0.0, 100.0], [3000.0, 0.0], [1500.0, 0.0]])
    ground = ground_of(situation(), {"A": (0, 0), "B": (3000, 0)}, places)
    found = plan(ground, Ask(p=2, promise=Promise(within_s=105.0))).layout
    told = {one.site.id: one for one in found.bases}
    assert (told["A"].covered, told["B"].covered) == (3.0, 2.0)
    assert (told["A"].lost, told["B"].lost) == (2.0, 1.0)
    assert told["A"].first + told["B"].first == 4.0
    assert (told["A"].marginal, told["B"].marginal) == (2.0, 1.0)
    assert told["A"].later_s > told["B"].later_s > 0
    mean = plan(ground, Ask(goal="median", p=2)).layout
    for one in mean.bases:
        assert one.marginal == pytest.approx(one.later_s)


def test_a_zone_that_is_in_force_at_night_counts_at_night_only() -> None:
    night = dataclasses.replace(MIDDLE, valid_from_s=50_000.0)
    places = np.array([[0.0, 0.0], [900.0, 0.0]])
    ground = ground_of(situation(zones=[night]), {"B": (900, 0)}, places)
    layers = (Layer(name="day", share=3.0, at_s=0.0), Layer(name="night", share=1.0, at_s=60_000.0))
    demand = Demand(lonlat=ground.demand.lonlat, weights=np.ones((2, 2)), layers=layers)
    found = plan(dataclasses.replace(ground, demand=demand), Ask(p=1)).layout
    assert found.scenes == ("day", "night")
    assert found.demand == pytest.approx(2.0)
    assert found.clocks.closed_share == pytest.approx(1 / 8)
    assert found.clocks.within_share == pytest.approx(7 / 8)
    assert found.proof.value == pytest.approx(2.0 * 7 / 8)


def test_in_blocks_or_at_once_a_layout_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.random.default_rng(4).uniform(-5000, 5000, (2600, 2))
    ground = ground_of(situation(wind=Wind(4.0, 20.0), zones=[MIDDLE]), {"A": (900, 0), "B": (-3000, 200)}, places)
    at_once = plan(ground, Ask(p=2)).layout
    monkeypatch.setattr("dispatch.placement.scenes.PAIRS_AT_ONCE", 1)
    in_blocks = plan(ground, Ask(p=2)).layout
    assert dataclasses.astuple(in_blocks.clocks) == pytest.approx(dataclasses.astuple(at_once.clocks))
    for one, other in zip(in_blocks.bases, at_once.bases, strict=True):
        assert dataclasses.astuple(one)[1:] == pytest.approx(dataclasses.astuple(other)[1:])
    whole = sum(one.first for one in at_once.bases)
    assert at_once.clocks.mean_s == pytest.approx(sum(one.mean_s * one.first for one in at_once.bases) / whole)


def test_over_hills_a_plan_is_judged_by_the_same_times() -> None:
    one = dataclasses.replace(hilly(ridge(100.0)), bases={}, drones={}, states={}, incidents={})
    found = plan(ground_of(one, {"A": (0, 0)}, np.array([[3000.0, 100.0]])), Ask(goal="center", p=1)).layout
    expected_s = kernel_s(one, found.bases[0].site, 0.0, at(3000.0, 100.0))
    assert found.proof.value == pytest.approx(expected_s, abs=0.06)
    assert found.clocks.worst_s == pytest.approx(found.proof.value)
