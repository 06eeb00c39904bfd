"""Geozones: which of them a flight must keep clear of, by height and time."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airspace import Geozone, zones_in_force

SQUARE = ((0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.01))


def zone(**changes: object) -> Geozone:
    return dataclasses.replace(Geozone(id="z", name="Z", outline=SQUARE), **changes)  # type: ignore[arg-type]


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
    one = zone(floor_m=floor, ceiling_m=ceiling, height_reference=reference)
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
