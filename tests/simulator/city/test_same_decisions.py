"""The compiled loop chooses the drone that ``decide`` chooses, every time, over more than 100,000 calls.

At every decision of a run the engine's own picture of that instant is drawn and decided on.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from dispatch.city import City, situation_of
from dispatch.city_folder import find_city, load_city
from dispatch.decide import decide
from dispatch.demand import remember
from dispatch.idle import idle
from dispatch.model import Decision, Situation
from dispatch.policies import BUILT_IN, Policy, policy_of
from geo.certify import Demand
from geo.wind import Wind
from simulator.calls import generate_calls
from simulator.city.loop import state as words
from simulator.city.picture import incident_id, picture
from simulator.city.rows import CALL, Calls, Places
from simulator.city.run import Run, Trouble
from simulator.city.world import World, build

AT_S = 1_795_000_000.0
NEAREST = BUILT_IN["nearest-able"]
PARTS, CALLS = 8, 12_800
"""So many runs of so many calls, each with seeds of its own; run side by side where tests are."""


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(find_city("kunshan"))


def small(city: City, bases: int) -> Situation:
    """The city with so many of its bases, and the drones that stand there."""
    situation = idle(situation_of(city, AT_S))
    kept = sorted(situation.bases)[:: max(1, len(situation.bases) // bases)][:bases]
    drones = {id_: drone for id_, drone in situation.drones.items() if drone.base_id in kept}
    return replace(
        situation,
        bases={id_: situation.bases[id_] for id_ in kept},
        drones=drones,
        states={id_: situation.states[id_] for id_ in drones},
    )


@pytest.fixture(scope="module")
def world(city: City) -> World:
    calm = small(city, 4)
    windy = replace(calm, wind=Wind(8.0, 250.0, 10.0), temperature_c=-5.0)
    stormy = replace(calm, wind=Wind(16.0, 20.0))
    places = generate_calls(city, AT_S, count=150, seed=3)
    xy_m = city.frame.xy_of([call.position for call in places])
    count = len(xy_m)
    return build(
        [calm, windy, stormy],
        Places(
            xy_m=xy_m,
            weights=np.full(count, 1 / count),
            district=np.zeros(count, np.int32),
            districts=("all",),
            people=np.zeros(count),
        ),
        scene_from_s=AT_S + 3600.0 * np.array([-1e6, 5, 20, 21, 40, 60]),
        scene_is=np.array([0, 1, 2, 0, 1, 0]),
        nodes=120,
    )


def calls_of(world: World, count: int, gap_s: float, seed: int) -> Calls:
    chance = np.random.default_rng(seed)
    calls = np.zeros(count, CALL)
    calls["at_s"] = AT_S + np.cumsum(chance.exponential(gap_s, count))
    calls["place"] = chance.integers(0, len(world.places), count)
    calls["type"] = chance.integers(0, len(world.types), count)
    calls["priority"] = chance.integers(1, 6, count)
    calls["watch_s"] = chance.exponential(500.0, count)
    calls["chance"] = chance.random(count)
    calls["ground_s"] = np.nan
    return calls


def ruled_by(world: World, policy: Policy) -> World:
    """The same city, whose engine decides by that policy."""
    demand = remember(Demand(places_xy=world.places.xy_m, weights=world.places.weights))
    rules = replace(world.rules, policy=policy.name)
    return replace(world, situations=tuple(replace(one, rules=rules, demand=demand) for one in world.situations))


def compared(
    world: World, calls: Calls, policy: Policy, trouble: Trouble
) -> Iterator[tuple[str, str | None, Decision]]:
    """Every decision of a run: the incident, whom the loop chose, what ``decide`` says."""
    run = Run(ruled_by(world, policy), policy, lambda _rows: None, from_s=AT_S, trouble=trouble)
    run.give(calls, last=True)
    code = run.go(pause=True)
    while code == words.DECIDE:
        asked = {one.incident_id: one for one in decide(picture(run.world, run.state))}
        call_of = run.state.incidents["call"].copy()
        code = run.go(pause=True)
        told = run.state.told[: run.state.g[0]["told"]]
        chosen = {
            incident_id(call_of[one["slot"]]): None if one["drone"] < 0 else world.drones[one["drone"]] for one in told
        }
        assert set(chosen) == set(asked), "the same incidents are decided"
        for incident in sorted(chosen):
            yield incident, chosen[incident], asked[incident]


class Alike(NamedTuple):
    """How many decisions both made alike, how many of them send a drone, and how many for its price not the nearest."""

    decisions: int
    given: int
    dearer: int


def same(world: World, calls: Calls, policy: Policy, trouble: Trouble) -> Alike:
    decisions = given = dearer = 0
    for incident, chosen, asked in compared(world, calls, policy, trouble):
        assert chosen == asked.drone_id, f"decision {decisions} on {incident}"
        decisions += 1
        given += chosen is not None
        dearer += f" by {policy.name}, " in asked.why
    print(f"{policy.name}: {len(calls)} calls, {decisions} decisions, {given} with a drone, {dearer} by its price")
    return Alike(decisions, given, dearer)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_same_drone_every_time(world: World, part: int) -> None:
    """From quiet (most find a drone on its dock) to busy; batteries, reliefs, pre-emption, three weathers. The busiest
    part goes by what would be left uncovered, too: by the same price, to the millisecond."""
    gap_s, policy = 900.0 + 150.0 * part, NEAREST if part else policy_of("coverage-preserving:20")
    alike = same(world, calls_of(world, CALLS, gap_s, seed=part), policy, Trouble(patience_s=60.0))
    assert alike.decisions > CALLS
    assert alike.given > 0.9 * CALLS
    assert (alike.dearer > 100) == (part == 0)


def test_where_launches_are_refused_and_drones_are_lost(world: World) -> None:
    trouble = Trouble(refused_share=0.05, lost_per_hour=1.0, repair_s=1800, patience_s=900.0)
    same(world, calls_of(world, 1000, 250.0, seed=11), NEAREST, trouble)


@pytest.mark.parametrize(("gap_s", "policy"), [(60.0, "nearest-able"), (90.0, "first-come"), (120.0, "batch")])
def test_where_a_queue_forms(world: World, gap_s: float, policy: str) -> None:
    alike = same(world, calls_of(world, 100, gap_s, seed=round(gap_s)), BUILT_IN[policy], Trouble(patience_s=900.0))
    assert alike.decisions > 500
