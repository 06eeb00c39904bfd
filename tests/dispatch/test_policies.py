"""Policies in the engine: what a price may change, and what none may."""

import dataclasses
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.city import CityError, situation_of
from dispatch.city_folder import load_city
from dispatch.covering import in_time, losses
from dispatch.decide import decide
from dispatch.demand import CallsError, recall, remember
from dispatch.idle import idle
from dispatch.model import Drone, Incident, Rules, Situation, SortieState
from dispatch.outbound import flights_out
from geo.certify import Demand
from tests.cities import write_city
from tests.dispatch.strategies import situations
from tests.dispatch.worlds import QUAD, at, base, drone, incident, situation, sortie

BASES = [base("B1", 0, 0), base("B2", 600, 0)]
D1, D2, D3 = drone("D1", "B1"), drone("D2", "B2"), drone("D3", "B2")
PLACES = np.array([[float(x), float(y)] for x in range(-2000, 2001, 250) for y in range(-2000, 2001, 250)])


def ruled_by(one: Situation, policy: str, places: np.ndarray = PLACES, weights: np.ndarray | None = None) -> Situation:
    shares = np.ones(len(places)) if weights is None else weights
    demand = remember(Demand(places_xy=places, weights=shares / shares.sum()))
    return dataclasses.replace(one, rules=dataclasses.replace(one.rules, policy=policy), demand=demand)


def two_near_it(*, drones: Iterable[Drone] = (D1, D2, D3), incidents: Iterable[Incident] | None = None) -> Situation:
    """An incident a little nearer to the base with one drone than to the base with two; only the first covers the
    west."""
    west = np.array([[-1500.0, 0.0], [250.0, 0.0]])
    cases = [incident("I1", 250, 0)] if incidents is None else incidents
    rules = Rules(promise_s=110.0)
    return ruled_by(situation(BASES, drones, cases, rules=rules), "coverage-preserving", west, np.array([0.2, 0.8]))


def test_who_leaves_the_least_uncovered_goes_and_the_reason_tells_the_prices() -> None:
    one = two_near_it()
    (decision,) = decide(one)
    assert (decision.drone_id, decision.policy) == ("D2", "coverage-preserving")
    assert [option.drone_id for option in decision.options] == ["D2", "D3", "D1"]
    near, far = (next(o for o in decision.options if o.drone_id == id_) for id_ in ("D1", "D2"))
    assert near.time is not None
    assert far.time is not None
    assert near.time.total_s < far.time.total_s
    assert near.loss == pytest.approx(
        0.7 * 0.2 + 0.7 * 0.09 * 0.8
    )  # alone in the west, the third of three in the middle
    assert far.loss == pytest.approx(0.7 * 0.09 * 0.8)
    for option in (near, far):
        assert option.time is not None
        assert option.price_ms == round(round(1000 * option.time.total_s) + 5000 * 100 * option.loss)
    told = f"D1 would be there in {near.time.total_s:.0f} s, but counts {(near.price_ms or 0) / 1000:.0f} s by "
    assert told + "coverage-preserving, D2" in decision.why
    assert "19.0 % of expected coverage would leave with it, 5.0 % leaves with D2" in decision.why
    (plain,) = decide(dataclasses.replace(one, rules=dataclasses.replace(one.rules, policy="nearest-able")))
    assert plain.drone_id == "D1"
    assert "coverage" not in plain.why


def test_the_dial_at_nothing_is_the_nearest() -> None:
    one = two_near_it()
    (decision,) = decide(dataclasses.replace(one, rules=dataclasses.replace(one.rules, policy="coverage-preserving:0")))
    assert decision.drone_id == "D1"


def test_who_is_sent_to_the_more_urgent_covers_nothing_for_the_next() -> None:
    """Of two at one base the second is dearer, once the first has gone in the same call."""
    urgent, other = incident("I1", 700, 0, priority=1), incident("I2", 250, 0, priority=3)
    first, second = decide(two_near_it(incidents=[urgent, other]))
    assert first.drone_id == "D2"
    left = next(option for option in second.options if option.drone_id == "D3")
    assert left.loss == pytest.approx(0.7 * 0.3 * 0.8)


@settings(deadline=None)
@given(situations(), st.sampled_from(["coverage-preserving:0", "coverage-preserving", "coverage-preserving:1000"]))
def test_no_price_buys_a_drone_that_is_out_nor_leaves_one_unserved(one: Situation, policy: str) -> None:
    plain, priced = decide(one), decide(ruled_by(one, policy))
    urgent = min((decision_on.priority for decision_on in one.incidents.values()), default=0)

    def served(decisions: tuple) -> int:
        return sum(d.drone_id is not None for d in decisions if one.incidents[d.incident_id].priority == urgent)

    assert served(priced) == served(plain)
    for decision in priced:
        able = {option.drone_id for option in decision.options if option.out is None}
        assert decision.drone_id is None or decision.drone_id in able
    assert decide(ruled_by(one, policy)) == priced


@settings(deadline=None, max_examples=30)
@given(situations(with_zones=False), st.floats(0.05, 0.95))
def test_a_loss_is_what_expected_coverage_falls_by(one: Situation, busy: float) -> None:
    """Against the sum over all places of what k drones cover, with and without the one."""
    one = ruled_by(idle(one), "coverage-preserving", PLACES[::7])
    demand = recall(one.demand)

    def covered(ids: list[str]) -> float:
        count = np.zeros(len(demand.weights))
        for id_ in ids:
            airframe = one.airframes[one.drones[id_].airframe]
            count[in_time(one, airframe, demand.places_xy)[one.drones[id_].base_id]] += 1
        return float((demand.weights * (1 - busy**count)).sum())

    ids = sorted(one.drones)
    for id_, loss in losses(one, ids, busy).items():
        assert loss == pytest.approx(covered(ids) - covered([other for other in ids if other != id_]), abs=1e-12)


def test_in_time_is_when_a_flight_would_be_there() -> None:
    one = situation(BASES, [D1, D2], rules=Rules(promise_s=70.0))
    found = in_time(one, QUAD, PLACES)
    assert 20 < len(found["B1"]) < len(PLACES) - 20
    for (name, state), k in itertools.product(zip(("B1", "B2"), one.states.values(), strict=True), range(0, 289, 9)):
        there_s = flights_out(one, QUAD, [state], at(*PLACES[k])).total_s[0]
        assert (k in found[name]) == (there_s <= 70.0)


def test_first_come_takes_nobody_from_a_less_urgent_incident() -> None:
    late, urgent = incident("I1", 1500, 0, priority=4), incident("I2", 250, 0, priority=1)
    one = situation(BASES[:1], [D1], [late, urgent], sorties=[sortie("D1", SortieState.DECIDED, "I1")])
    assert decide(one)[0].drone_id == "D1"
    (decision, *_) = decide(ruled_by(one, "first-come"))
    assert decision.drone_id is None
    (option,) = decision.options
    assert option.out is not None
    assert option.out.change == "I1 is released"


def test_a_city_names_its_policy(tmp_path: Path) -> None:
    city = load_city(write_city(tmp_path / "one", policy='"coverage-preserving:8"'))
    assert city.rules.policy == "coverage-preserving:8"
    assert recall(city.demand).weights.sum() == pytest.approx(1.0)
    assert situation_of(city, 0.0).demand == city.demand
    plain = load_city(write_city(tmp_path / "two"))
    assert (plain.rules.policy, plain.demand) == ("nearest-able", "")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("nobody", r"city\.toml.*policy = 'nobody': no policy 'nobody'; there are nearest-able, "),
        ("batch", "'batch' lets incidents wait for others, which so far a simulation does"),
        ("move-up", "'move-up' moves idle drones"),
        ("coverage-preserving", r"needs a calls\.toml"),
    ],
)
def test_a_policy_that_the_engine_cannot_follow_is_refused_with_the_city(
    tmp_path: Path, policy: str, said: str
) -> None:
    folder = write_city(tmp_path / "town", policy=f'"{policy}"')
    (folder / "calls.toml").unlink()
    with pytest.raises(CityError, match=said):
        load_city(folder)


def test_without_its_demand_nothing_is_weighed_in_silence() -> None:
    one = two_near_it()
    with pytest.raises(CallsError, match="no demand is known"):
        decide(dataclasses.replace(one, demand=""))
    with pytest.raises(CallsError, match="demand 000000000000… is not known here"):
        decide(dataclasses.replace(one, demand="0" * 64))
