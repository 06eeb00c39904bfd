"""Geozones: which of them a flight must keep clear of, by height and time."""

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airspace import Area, Circle, Fence, Geozone, Grant, closed_during, zones_in_force
from geo.position import Position
from geo.schedule import Hours

SQUARE = ((0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.01))


def zone(**changes: Any) -> Geozone:
    return dataclasses.replace(Geozone(id="z", name="Z", ground=Area(outline=SQUARE)), **changes)


instants = st.none() | st.floats(-100, 100)


@pytest.mark.parametrize(("at_s", "holds"), [(99.9, False), (100.0, True), (199.9, True), (200.0, False)])
def test_a_zone_holds_from_its_first_instant_until_before_its_last(at_s: float, holds: bool) -> None:
    assert zone(valid_from_s=100.0, valid_until_s=200.0).holds_at(at_s) is holds


def test_a_zone_without_times_holds_always() -> None:
    assert zone().holds_at(-1e12)
    assert zone().holds_during(1e12, 2e12)


@given(instants, instants, st.floats(-100, 100), st.floats(0, 50), st.integers(0, 20))
def test_holding_at_an_instant_is_holding_during_any_span_round_it(
    valid_from: float | None, valid_until: float | None, start: float, length: float, twentieth: int
) -> None:
    one = zone(valid_from_s=valid_from, valid_until_s=valid_until)
    at_s = start + length * twentieth / 20
    if one.holds_at(at_s):
        assert one.holds_during(start, start + length)
    assert one.holds_during(at_s, at_s) is one.holds_at(at_s)


@pytest.mark.parametrize(
    ("from_s", "until_s", "holds"),
    [(0, 99, False), (0, 100, True), (150, 160, True), (199, 300, True), (200, 300, False), (0, 300, True)],
)
def test_a_span_touches_a_zone(from_s: float, until_s: float, holds: bool) -> None:
    assert zone(valid_from_s=100.0, valid_until_s=200.0).holds_during(from_s, until_s) is holds


@pytest.mark.parametrize(
    ("floor", "ceiling", "reference", "holds"),
    [
        (None, None, "AGL", True),
        (0.0, 120.0, "AGL", True),
        (61.0, None, "AGL", False),
        (60.0, None, "AGL", True),
        (None, 59.0, "AGL", False),
        (None, 60.0, "AGL", True),
        (None, 100.0, "AMSL", False),  # ends at the ground
        (None, 160.0, "AMSL", True),
        (161.0, None, "AMSL", False),
        (150.0, 170.0, "AMSL", True),
    ],
)
def test_heights_above_ground_of_100_m(floor: float | None, ceiling: float | None, reference: str, holds: bool) -> None:
    one = zone(floor_m=floor, ceiling_m=ceiling, floor_reference=reference, ceiling_reference=reference)
    assert one.holds_between(60.0, 60.0, 100.0) is holds


def test_a_band_is_met_where_any_part_of_it_is() -> None:
    one = zone(floor_m=100.0, ceiling_m=110.0)
    meets = [one.holds_between(low, high, 0.0) for low, high in [(0, 99), (0, 100), (105, 106), (110, 120), (111, 120)]]
    assert meets == [False, True, True, True, False]


def test_the_zones_of_a_flight_are_those_of_its_height_and_time_by_id() -> None:
    zones = [
        zone(id="c"),
        zone(id="a", valid_from_s=50.0),
        zone(id="later", valid_from_s=101.0),
        zone(id="over", valid_until_s=0.0),
        zone(id="above", floor_m=70.0),
        zone(id="below", ceiling_m=50.0),
        zone(id="b", floor_m=55.0, ceiling_m=65.0),
    ]
    for order in itertools.islice(itertools.permutations(zones), 0, 5040, 500):
        found = zones_in_force(order, 0.0, 100.0, 60.0, 0.0)
        assert [z.id for z in found] == ["a", "b", "c"]
    assert [z.id for z in zones_in_force(zones, 0.0, 100.0, 60.0, 0.0, 75.0)] == ["a", "above", "b", "c"]


def test_floor_and_ceiling_have_references_of_their_own() -> None:
    one = zone(floor_m=50.0, floor_reference="AGL", ceiling_m=180.0, ceiling_reference="AMSL")
    assert one.band_agl_m(100.0) == (50.0, 80.0)
    assert [one.holds_between(m, m, 100.0) for m in (49.0, 50.0, 80.0, 81.0)] == [False, True, True, False]


# ---------------------------------------------------------------- hours

MONDAY = 1_825_632_000.0  # 2027-11-08 00:00 UTC
OFFICE = Hours(days=("MON", "TUE", "WED", "THU", "FRI"), start=8 * 3600.0, end=17 * 3600.0)


def test_a_zone_with_hours_holds_only_in_them_and_only_while_it_is_valid() -> None:
    one = zone(hours=(OFFICE,), valid_from_s=MONDAY + 9 * 3600, valid_until_s=MONDAY + 7 * 86_400)
    held = [one.holds_at(MONDAY + h * 3600) for h in (8.5, 9, 16.99, 17, 24 + 8, 5 * 24 + 9, 7 * 24 + 9)]
    assert held == [False, True, True, False, True, False, False]
    assert one.spans(MONDAY, MONDAY + 86_400) == [(MONDAY + 9 * 3600, MONDAY + 17 * 3600)]


def test_of_several_hours_any_holds() -> None:
    lunch = Hours(days=("MON",), start=12 * 3600.0, end=18 * 3600.0)
    one = zone(hours=(OFFICE, lunch))
    assert one.spans(MONDAY, MONDAY + 86_400) == [(MONDAY + 8 * 3600, MONDAY + 18 * 3600)]


@given(st.integers(0, 14 * 24 * 60), st.integers(0, 48 * 60), st.integers(0, 7), st.integers(1, 12))
def test_a_window_meets_a_zone_where_any_of_its_minutes_does(begin: int, length: int, first: int, days: int) -> None:
    one = zone(
        hours=(OFFICE, Hours(days=("SAT",), start=22 * 3600.0, end=6 * 3600.0)),
        valid_from_s=MONDAY + first * 86_400 + 1800,
        valid_until_s=MONDAY + (first + days) * 86_400,
    )
    from_s = MONDAY + begin * 60
    brute = any(one.holds_at(from_s + minute * 60) for minute in range(length + 1))
    assert one.holds_during(from_s, from_s + length * 60) is brute


# ---------------------------------------------------------------- grants


def grant(from_s: float, until_s: float, **changes: Any) -> Grant:
    one = Grant(id="g", zone_id="z", authority="CAAC", reference="A-1", from_s=from_s, until_s=until_s)
    return dataclasses.replace(one, **changes)


@given(instants, instants, st.floats(-100, 100), st.floats(0, 50), st.booleans())
def test_a_zone_without_grants_is_closed_while_it_is_in_force(
    valid_from: float | None, valid_until: float | None, start: float, length: float, gated: bool
) -> None:
    kind = "authorisation" if gated else "prohibited"
    one = zone(kind=kind, valid_from_s=valid_from, valid_until_s=valid_until)
    assert closed_during(one, start, start + length) is one.holds_during(start, start + length)


@pytest.mark.parametrize("kind", ["authorisation", "conditional"])
def test_a_grant_opens_a_zone_for_as_long_as_it_is_valid(kind: str) -> None:
    one, leave = zone(kind=kind), [grant(100, 200)]
    closed = [closed_during(one, a, b, leave) for a, b in [(100, 199), (99, 150), (150, 200), (0, 99), (199, 199)]]
    assert closed == [False, True, True, True, False]


def test_a_prohibited_zone_is_opened_by_nothing() -> None:
    assert closed_during(zone(), 100, 110, [grant(0, 1000)])
    assert closed_during(zone(kind="inclusion"), 100, 110, [grant(0, 1000)])


def test_grants_that_follow_each_other_are_one_leave_and_a_gap_closes() -> None:
    one = zone(kind="authorisation")
    assert not closed_during(one, 100, 250, [grant(150, 300), grant(90, 150)])
    assert closed_during(one, 100, 250, [grant(151, 300), grant(90, 150)])


def test_a_revoked_grant_ends_when_it_was_revoked() -> None:
    one, revoked = zone(kind="authorisation"), grant(0, 1000, revoked_at_s=500.0)
    assert [closed_during(one, at, at, [revoked]) for at in (499.0, 500.0)] == [False, True]


def test_a_grant_for_a_zone_is_one_for_all_its_parts_and_no_other() -> None:
    leave = grant(0, 100)
    ids = ["z", "z/1", "z/12", "zz", "z1", "y"]
    opened = [leave.opens(zone(id=id_, kind="authorisation")) for id_ in ids]
    assert opened == [True, True, True, False, False, False]


def test_outside_its_hours_a_zone_needs_no_grant() -> None:
    one = zone(kind="authorisation", hours=(OFFICE,))
    morning = MONDAY + 8 * 3600
    assert not closed_during(one, morning - 600, morning - 1)
    assert closed_during(one, morning - 600, morning)
    assert not closed_during(one, morning - 600, morning + 600, [grant(morning, morning + 900)])


def test_the_zones_of_a_flight_leave_out_the_granted() -> None:
    zones = [zone(id="a"), zone(id="z", kind="authorisation"), zone(id="z2", kind="conditional")]
    found = zones_in_force(zones, 0.0, 100.0, 60.0, 0.0, None, [grant(0, 101)])
    assert [z.id for z in found] == ["a", "z2"]


# ---------------------------------------------------------------- inclusion


def test_inclusion_zones_in_force_are_one_fence() -> None:
    zones = [zone(id="b", kind="inclusion"), zone(id="a", kind="inclusion"), zone(id="c")]
    shut, fence = zones_in_force(zones, 0.0, 100.0, 60.0, 0.0)
    assert shut.id == "c"
    assert isinstance(fence, Fence)
    assert (fence.named, [z.id for z in fence.zones]) == (("a", "b"), ["a", "b"])


def test_an_inclusion_zone_that_is_not_in_force_binds_nobody() -> None:
    assert zones_in_force([zone(kind="inclusion", valid_from_s=101.0)], 0.0, 100.0, 60.0, 0.0) == ()


def test_where_one_inclusion_zone_follows_another_a_flight_stays_inside_both() -> None:
    zones = [zone(id="a", kind="inclusion", valid_until_s=50.0), zone(id="b", kind="inclusion", valid_from_s=50.0)]
    fences = zones_in_force(zones, 0.0, 100.0, 60.0, 0.0)
    assert [fence.id for fence in fences] == ["a", "b"]
    assert [fence.id for fence in zones_in_force(zones, 50.0, 100.0, 60.0, 0.0)] == ["b"]


def test_an_inclusion_zone_too_low_to_fly_in_leaves_nowhere_to_fly() -> None:
    (fence,) = zones_in_force([zone(id="a", kind="inclusion", ceiling_m=50.0)], 0.0, 100.0, 60.0, 0.0)
    assert isinstance(fence, Fence)
    assert (fence.named, fence.zones) == (("a",), ())


def test_the_middle_of_a_zone_lies_in_the_middle() -> None:
    assert zone().middle == Position(0.005, 0.005)
    assert zone(ground=Circle(centre=Position(3.0, 4.0), radius_m=9.0)).middle == Position(3.0, 4.0)
