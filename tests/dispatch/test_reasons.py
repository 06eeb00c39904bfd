"""Why a drone is out: each reason can be met, and what it says would change it does."""

import dataclasses
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from dispatch import reasons
from dispatch.decide import assess, decide
from dispatch.model import Body, Option, Rules, Situation, SortieState
from geo.wind import Wind
from tests.dispatch.worlds import (
    NOW_S,
    QUAD,
    at,
    base,
    box,
    docked,
    drone,
    flying,
    frozen,
    incident,
    situation,
    sortie,
)

B1 = base("B1", 0, 0)
D1 = drone("D1", "B1")
Change = Callable[[Situation], Situation]


@dataclass(frozen=True)
class Case:
    """A situation in which D1 is out for I1, and the change that its reason promises to be enough."""

    code: str
    says: str
    change: str
    before: Situation
    after: Change
    taken: tuple[tuple[str, str], ...] = ()
    by_hand: bool = False


def plain(**changes: Any) -> Situation:
    return dataclasses.replace(situation([B1], [D1], [incident("I1", 700, 0)]), **changes)


def with_state(one: Situation, **changes: Any) -> Situation:
    state = dataclasses.replace(one.states["D1"], **changes)
    return dataclasses.replace(one, states={**one.states, "D1": state})


def with_incident(one: Situation, id_: str = "I1", **changes: Any) -> Situation:
    case = dataclasses.replace(one.incidents[id_], **changes)
    return dataclasses.replace(one, incidents={**one.incidents, id_: case})


def now(**changes: Any) -> Change:
    return lambda one: dataclasses.replace(one, **changes)


def telling(**changes: object) -> Change:
    return lambda one: with_state(one, **changes)


def asking(**changes: object) -> Change:
    return lambda one: with_incident(one, **changes)


def doing(state: SortieState, priority: int = 2, **changes: object) -> Situation:
    """D1 flies for S1."""
    return situation(
        [B1],
        [D1],
        [incident("I1", 700, 0), incident("S1", 900, 0, priority=priority)],
        states=[flying("D1", 300, 0)],
        sorties=[sortie("D1", state, "S1", **changes)],
    )


def released(one: Situation) -> Situation:
    """S1 is released: D1 comes home."""
    rest = {k: v for k, v in one.incidents.items() if k != "S1"}
    return dataclasses.replace(one, incidents=rest, sorties={"D1": sortie("D1", SortieState.RETURNING)})


def landed(one: Situation) -> Situation:
    return dataclasses.replace(one, states={"D1": docked(D1, {"B1": B1})}, sorties={})


WALL = box("Z", 400, -300, 1000, 300)
SIDES = [(-60, 30, 60, 60), (-60, -60, 60, -30), (-60, -40, -30, 40), (30, -40, 60, 40)]
FENCE = {f"F{k}": box(f"F{k}", *sides) for k, sides in enumerate(SIDES)}
"""Four walls round the base."""

HARDY = dataclasses.replace(QUAD, wind_limit_mps=30.0, airspeed_mps=20.0)
"""Allowed to fly in wind that it makes no headway against."""

AWAY = situation(
    [B1], [D1], [incident("I1", 700, 0)], states=[flying("D1", 300, 0)], sorties=[sortie("D1", SortieState.RETURNING)]
)

CASES = [
    Case("withdrawn", "propeller check", "restore it", plain(withdrawn={"D1": "propeller check"}), now(withdrawn={})),
    Case(
        "never_seen",
        "not been heard",
        "power and link",
        plain(states=frozen({})),
        now(states={"D1": docked(D1, {"B1": B1})}),
    ),
    Case(
        "never_seen",
        "not been heard",
        "power and link",
        with_state(plain(), position=None, connected=False),
        telling(position=at(0, 0), connected=True),
    ),
    Case(
        "no_link",
        "no telemetry for 30 s",
        "link comes back",
        with_state(plain(), seen_at_s=NOW_S - 30),
        telling(seen_at_s=NOW_S),
    ),
    Case("no_link", "no telemetry", "link comes back", with_state(plain(), connected=False), telling(connected=True)),
    Case(
        "failed_before",
        "failed on this",
        "dispatch it by hand",
        with_incident(plain(), refused_drones=("D1",)),
        now(),
        by_hand=True,
    ),
    Case(
        "payload",
        "lacks drop, speaker",
        "fit the payload or drop the need",
        with_incident(plain(), needs=("drop", "speaker", "visible")),
        asking(needs=("visible",)),
    ),
    Case(
        "wind",
        "wind 12.5 m/s is over its limit of 12.0 m/s",
        "wind at or below 12.0 m/s",
        plain(wind=Wind(12.5, 90)),
        now(wind=Wind(12.0, 90)),
    ),
    Case(
        "rain",
        "rain 4.5 mm/h is over its limit of 4.0 mm/h",
        "rain at or below 4.0 mm/h",
        plain(rain_mm_h=4.5),
        now(rain_mm_h=4.0),
    ),
    Case("given_away", "goes to I0", "I0 is released", plain(), now(), taken=(("D1", "I0"),)),
    Case("busy", "busy: on_scene for S1", "S1 is released", doing(SortieState.ON_SCENE, priority=4), released),
    Case("busy", "busy: en_route for S1", "S1 is released", doing(SortieState.EN_ROUTE, priority=1), released),
    Case(
        "busy",
        "busy: en_route for S1",
        "this incident gets priority 1",
        doing(SortieState.EN_ROUTE, priority=2),
        asking(priority=1),
    ),
    Case(
        "busy",
        "held by an operator for S1",
        "S1 is released",
        doing(SortieState.EN_ROUTE, priority=4, held=True),
        released,
    ),
    Case(
        "busy",
        "held by an operator",
        "it is resumed",
        dataclasses.replace(AWAY, sorties={"D1": sortie("D1", SortieState.RETURNING, held=True)}),
        now(sorties={"D1": sortie("D1", SortieState.RETURNING)}),
    ),
    Case(
        "busy",
        "busy: landing",
        "it is home",
        dataclasses.replace(AWAY, sorties={"D1": sortie("D1", SortieState.LANDING)}),
        landed,
    ),
    Case("busy", "in the air without a sortie", "it is home", dataclasses.replace(AWAY, sorties={}), landed),
    Case("busy", "on the ground while returning", "it is home", with_state(AWAY, in_air=False), landed),
    Case(
        "away",
        "away from every base",
        "brought to a base",
        with_state(plain(), position=at(300, 0)),
        telling(position=at(20, 0)),
    ),
    Case(
        "not_ready", "not ready to arm", "health checks pass", with_state(plain(), healthy=False), telling(healthy=True)
    ),
    Case(
        "not_ready",
        "not ready to arm (compass, arming)",
        "health checks pass",
        with_state(plain(), healthy=False, body=Body(prepared=True, failing=("compass", "arming"))),
        telling(healthy=True),
    ),
    Case(
        "unprepared",
        "not set and read back",
        "it takes them",
        with_state(plain(), healthy=False, body=Body()),
        telling(healthy=True, body=Body(prepared=True)),
    ),
    Case(
        "misplaced",
        "stands at B2, is registered at B1",
        "brought to B1",
        with_state(situation([B1, base("B2", 300, 0)], [D1], [incident("I1", 700, 0)]), position=at(300, 0)),
        telling(position=at(0, 0)),
    ),
    Case(
        "wrong_airframe",
        "says that it is a rover",
        "drones.csv names its airframe",
        with_state(plain(), body=Body(prepared=True, kind="rover")),
        telling(body=Body(prepared=True, kind="multicopter")),
    ),
    Case(
        "no_fix",
        "fix type 2 with 9 satellites",
        "a 3D fix",
        with_state(plain(), body=Body(prepared=True, gps_fix=2, satellites=9)),
        telling(body=Body(prepared=True, gps_fix=3, satellites=9)),
    ),
    Case(
        "unpowered",
        "gives 0.4 V",
        "battery is in",
        with_state(plain(), body=Body(prepared=True, voltage_v=0.4)),
        telling(body=Body(prepared=True, voltage_v=15.9)),
    ),
    Case("no_way", "no legal way there", "a geozone is lifted", plain(zones={"Z": WALL}), now(zones={})),
    Case(
        "no_way",
        "in 24.0 m/s of wind",
        "the wind drops",
        plain(wind=Wind(24.0, 90), airframes={"quad": HARDY}),
        now(wind=Wind(5.0, 90)),
    ),
    Case(
        "no_way_home",
        "no legal way from there",
        "a geozone is lifted",
        dataclasses.replace(AWAY, zones=FENCE),
        now(zones={}),
    ),
    Case(
        "no_way_home",
        "to a free dock",
        "a dock gets free",
        dataclasses.replace(AWAY, bases={"B2": base("B2", 500, 0, docks=0)}),
        now(bases={"B2": base("B2", 500, 0, docks=1)}),
    ),
    Case(
        "no_way_home",
        "no legal way from there",
        "the wind drops",
        dataclasses.replace(AWAY, wind=Wind(24.0, 270), airframes={"quad": HARDY}),
        now(wind=Wind(5.0, 270)),
    ),
]


def d1(one: Situation, case: Case, *, after: bool = False) -> Option:
    taken = {} if after else dict(case.taken)
    options = assess(one, one.incidents["I1"], taken, by_hand="D1" if after and case.by_hand else None)
    return next(o for o in options if o.drone_id == "D1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.change}")
def test_what_would_change_it_does(case: Case) -> None:
    reason = d1(case.before, case).out
    assert reason is not None
    assert reason.code == case.code
    assert case.says in reason.text
    assert case.change in reason.change
    changed = d1(case.after(case.before), case, after=True)
    assert changed.out is None
    assert changed.time is not None


def test_a_failed_drone_that_flies_for_another_is_also_able_by_hand() -> None:
    one = with_incident(doing(SortieState.ON_SCENE, priority=1), refused_drones=("D1",))
    pick = next(o for o in assess(one, one.incidents["I1"], {}, by_hand="D1") if o.drone_id == "D1")
    assert pick.out is None
    assert pick.preempts == "S1"


# ---------------------------------------------------------------- energy


def energy_of(one: Situation) -> Option:
    return next(o for o in assess(one, one.incidents["I1"], {}) if o.drone_id == "D1")


@pytest.mark.parametrize("watch_s", [0.0, 60.0, 500.0, 1000.0])
@pytest.mark.parametrize("east_m", [0.0, 700.0, 3000.0])
def test_the_battery_that_is_asked_for_is_enough_and_a_percent_less_is_not(watch_s: float, east_m: float) -> None:
    one = with_incident(plain(), watch_s=watch_s, position=at(east_m, 0))
    short = energy_of(with_state(one, battery_share=0.05)).out
    assert short is not None
    assert short.code == "energy"
    asked = int(re.search(r"(\d+)% of battery", short.change).group(1)) / 100  # type: ignore[union-attr]
    assert energy_of(with_state(one, battery_share=asked)).out is None
    assert energy_of(with_state(one, battery_share=float(short.values["needed_share"]))).out is None
    less = energy_of(with_state(one, battery_share=asked - 0.011)).out
    assert less is not None
    needs, has = map(int, re.findall(r"(\d+)%", less.text))
    assert needs > has


def test_what_no_battery_is_enough_for_wants_a_shorter_watch_or_a_nearer_base() -> None:
    long = with_incident(dataclasses.replace(plain(), rules=Rules(relay_stint_s=7200.0)), watch_s=7200.0)
    reason = energy_of(long).out
    assert reason is not None
    assert (reason.code, reason.change) == ("out_of_reach", "a shorter watch")
    assert energy_of(with_incident(long, watch_s=60.0)).out is None
    far = with_incident(plain(), position=at(30_000, 0))
    reason = energy_of(far).out
    assert reason is not None
    assert (reason.code, reason.change) == ("out_of_reach", "a base nearer")
    near = dataclasses.replace(far, bases={"B1": base("B1", 29_000, 0)})
    assert energy_of(with_state(near, position=at(29_000, 0))).out is None


# ---------------------------------------------------------------- all of them


def test_every_reason_there_is_has_an_example_here() -> None:
    written = set(re.findall(r'"(\w+)"', " ".join(re.findall(r"\breason\(\s*\"\w+\"", inspect.getsource(reasons)))))
    energy = {"energy", "out_of_reach"}
    elsewhere = {"no_contingency"}  # asked only of a drone that would go: tests/dispatch/test_contingency.py
    elsewhere |= {"no_relief"}  # about all drones: tests/dispatch/test_relay.py
    assert written | energy == {case.code for case in CASES} | energy | elsewhere
    assert len(written) >= 12


def test_a_sentence_counts_the_reasons() -> None:
    drones = [D1, drone("D2", "B1"), drone("D3", "B1")]
    one = situation([B1], drones, [incident("I1", 700, 0)], withdrawn={"D1": "x", "D2": "y"})
    one = dataclasses.replace(one, states={**one.states, "D3": docked(drones[2], {"B1": B1}, healthy=False)})
    (decision,) = decide(one)
    assert decision.drone_id is None
    assert decision.why.startswith("no drone can go (not_ready 1, withdrawn 2)")


def test_a_sentence_says_why_a_faster_drone_stays() -> None:
    """D1 would be faster but is left to what it does, since the gain is small."""
    one = situation(
        [B1, base("B2", 1000, 0)],
        [D1, drone("D2", "B2")],
        [incident("I1", 700, 0), incident("S1", 900, 0, priority=4)],
        states=[flying("D1", 400, 300)],
        sorties=[sortie("D1", SortieState.EN_ROUTE, "S1")],
    )
    one = dataclasses.replace(one, rules=dataclasses.replace(one.rules, preempt_gain_s=60.0))
    (decision,) = decide(one)
    assert decision.drone_id == "D2"
    assert "D1 would be faster" in decision.why
