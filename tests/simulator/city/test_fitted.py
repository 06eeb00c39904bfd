"""Calls of a model: what was put in is found again, and neither spans nor blocks change a call."""

import dataclasses
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.city_folder import find_city, load_city
from dispatch.demand import CallsError
from geo.frame import LocalFrame
from geo.position import Position
from simulator.city.fitted import Fitted, fit, from_city, generate
from simulator.city.history import History, recorded
from simulator.city.places import nearest, places_of_records
from simulator.city.rows import CALL, Calls, Places
from simulator.demand import modelled_demand
from simulator.local_time import DAY_S, HOURS_OF_WEEK, days_covered, hours_of_week, local_s
from simulator.records import read_calls

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_S = 1_736_118_000.0  # 2025-01-06 00:00 in Berlin
WEEK_S = 7 * DAY_S
WEEKS = 26

PLACES = Places(
    xy_m=np.array([(0.0, 0.0), (900.0, 0.0), (0.0, 900.0), (900.0, 900.0)]),
    weights=np.array([0.4, 0.3, 0.2, 0.1]),
    district=np.zeros(4, np.int32),
    districts=("",),
    people=np.zeros(4),
)


MODEL = Fitted(
    time_zone="Europe/Berlin",
    types=("crash", "fire", "water"),
    sources=("", "camera", "phone"),
    per_hour=(4.0 + 3.0 * np.sin(np.arange(HOURS_OF_WEEK) / HOURS_OF_WEEK * 14 * np.pi))
    * np.where(np.arange(HOURS_OF_WEEK) < 120, 1.0, 1.5),
    type_shares=np.array([0.5, 0.4, 0.1]),
    place_shares=np.array([[0.4, 0.3, 0.2, 0.1], [0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 1.0]]),
    priority_shares=np.array([[0.2, 0.0, 0.8, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.5, 0.0]]),
    source_shares=np.array([[0.0, 0.3, 0.7], [0.1, 0.6, 0.3], [0.0, 0.0, 1.0]]),
    false_shares=np.array([0.0, 0.4, 0.05]),
    watch_s=np.array([[60.0, 120.0, 600.0], [300.0, 900.0, 7200.0], [30.0, 30.0, 30.0]]),
    repeats=0.25,
    repeat_after_s=np.array([5.0, 60.0, 1200.0]),
)


def calls_of(model: Fitted, from_s: float, until_s: float, *, seed: int = 1, rows: int = 65_536) -> Calls:
    return np.concatenate([np.empty(0, CALL), *generate(model, from_s, until_s, seed=seed, rows=rows)])


def history_of(calls: Calls) -> History:
    """As if every row were a record; a repeat is of the latest event of its place and type that is no repeat."""
    event = np.arange(len(calls))
    last: dict[tuple[int, int], int] = {}
    for k, (merged, *where) in enumerate(zip(calls["merged"], calls["place"], calls["type"], strict=True)):
        key = (int(where[0]), int(where[1]))
        if merged:
            event[k] = last[key]
        else:
            last[key] = k
    return History(
        calls=calls,
        types=MODEL.types,
        sources=MODEL.sources,
        record=np.arange(len(calls)),
        event=event,
        lost=0,
        told=(),
    )


@pytest.fixture(scope="module")
def half_a_year() -> Calls:
    return calls_of(MODEL, MONDAY_S, MONDAY_S + WEEKS * WEEK_S)


@pytest.fixture(scope="module")
def refitted(half_a_year: Calls) -> Fitted:
    return fit(history_of(half_a_year), PLACES, time_zone="Europe/Berlin", prior_calls=0.0)


# --- the same calls, whatever is asked ---


@settings(max_examples=40)
@given(
    start_h=st.floats(0.0, 60.0),
    hours=st.floats(0.0, 60.0),
    rows=st.integers(1, 700),
    seed=st.integers(0, 3),
)
def test_a_span_holds_what_a_longer_one_has_there_in_blocks_of_any_size(
    start_h: float, hours: float, rows: int, seed: int
) -> None:
    from_s = MONDAY_S + start_h * 3600
    until_s = from_s + hours * 3600
    longer = calls_of(MODEL, MONDAY_S, MONDAY_S + 6 * DAY_S, seed=seed)
    expected = longer[(longer["at_s"] >= from_s) & (longer["at_s"] < until_s)]
    blocks = list(generate(MODEL, from_s, until_s, seed=seed, rows=rows))
    assert np.concatenate([np.empty(0, CALL), *blocks]).tobytes() == expected.tobytes()
    assert all(len(block) == rows for block in blocks[:-1])
    assert (np.diff(longer["at_s"]) >= 0).all()


def test_another_seed_gives_other_calls_and_each_cause_has_its_own_chance() -> None:
    one, other = (calls_of(MODEL, MONDAY_S, MONDAY_S + DAY_S, seed=seed) for seed in (1, 2))
    assert one.tobytes() != other.tobytes()
    moved = dataclasses.replace(MODEL, place_shares=MODEL.place_shares[:, ::-1], watch_s=MODEL.watch_s[:, :1])
    elsewhere = calls_of(moved, MONDAY_S, MONDAY_S + DAY_S)
    for name in ("at_s", "type", "priority", "source", "false_alarm", "merged", "chance"):
        assert (elsewhere[name] == one[name]).all()
    assert (elsewhere["place"] != one["place"]).any()


# --- what was put in is found again ---


def test_rates_are_found_again_within_the_poisson_error(half_a_year: Calls, refitted: Fitted) -> None:
    expected = MODEL.per_hour * WEEKS
    z = (refitted.per_hour * WEEKS - expected) / np.sqrt(expected)
    assert (z**2).sum() == pytest.approx(HOURS_OF_WEEK, abs=4 * np.sqrt(2 * HOURS_OF_WEEK))  # chi-squared
    events = half_a_year[~half_a_year["merged"]]
    assert len(events) == pytest.approx(expected.sum(), abs=4 * np.sqrt(expected.sum()))
    assert refitted.per_day == pytest.approx(len(events) / (WEEKS * 7), rel=0.001)


def test_shares_and_times_are_found_again(half_a_year: Calls, refitted: Fitted) -> None:
    least = 0.1 * len(half_a_year)  # of the rarest type
    for name in ("type_shares", "place_shares", "priority_shares", "source_shares", "false_shares"):
        truth, found = getattr(MODEL, name), getattr(refitted, name)
        assert np.allclose(found, truth, atol=4 * 0.5 / np.sqrt(least)), name
        assert ((found == 0) == (truth == 0)).all(), name
    assert refitted.watch_s[:, [0, 50, 100]] == pytest.approx(MODEL.watch_s, rel=0.08)
    assert refitted.repeats == pytest.approx(MODEL.repeats, rel=0.08)
    assert refitted.repeat_after_s[50] == pytest.approx(60.0, rel=0.15)


def test_a_repeat_is_of_an_event_before_it(half_a_year: Calls) -> None:
    some = half_a_year[:2000]
    events = {(row["type"], row["place"], row["watch_s"]): row["at_s"] for row in some if not row["merged"]}
    for row in some[some["merged"]]:
        before_s = row["at_s"] - events[row["type"], row["place"], row["watch_s"]]
        assert row["type"] == 2 or 5.0 <= before_s <= 1200.0  # all of "water" are watched alike


def test_growth_multiplies_events() -> None:
    grown = MODEL.grown(2.0).grown(1.5)
    assert grown.per_day == pytest.approx(3 * MODEL.per_day)
    count = len(calls_of(dataclasses.replace(grown, repeats=0.0), MONDAY_S, MONDAY_S + WEEK_S))
    assert count == pytest.approx(21 * MODEL.per_day, abs=4 * np.sqrt(21 * MODEL.per_day))


def test_a_types_own_places_count_beside_the_demand_of_all(half_a_year: Calls) -> None:
    water = np.count_nonzero((half_a_year["type"] == 2) & ~half_a_year["merged"])
    found = fit(history_of(half_a_year), PLACES, time_zone="Europe/Berlin", prior_calls=100.0)
    assert found.place_shares[2, 0] == pytest.approx(40.0 / (water + 100.0))


# --- clocks ---


def test_hours_are_those_of_the_wall_when_clocks_change() -> None:
    two_to_three = np.zeros(HOURS_OF_WEEK)
    two_to_three[6 * 24 + 2] = 1000.0  # Sunday
    model = dataclasses.replace(MODEL, per_hour=two_to_three, repeats=0.0)
    for day, hours in (("2025-03-23", 1), ("2025-03-30", 0), ("2025-10-26", 2)):
        from_s = float(np.datetime64(day, "s").astype(np.int64)) - 2 * 3600
        calls = calls_of(model, from_s, from_s + DAY_S)
        assert len(calls) == pytest.approx(1000 * hours, abs=4 * np.sqrt(1000 * hours))
        assert set(hours_of_week(local_s(calls["at_s"], BERLIN)).tolist()) <= {146}
    # an hour that the clock showed once in two weeks, and once more in a third, was there twice
    spring = calls_of(model, MONDAY_S + 10 * WEEK_S, MONDAY_S + 12 * WEEK_S)  # the second Sunday has none
    every_day = np.zeros(14, CALL)  # so that all days are covered
    every_day["priority"] = 1
    every_day["at_s"] = MONDAY_S + 10 * WEEK_S + np.arange(14) * DAY_S + 12 * 3600
    both = np.sort(np.concatenate([spring, every_day]), order="at_s")
    found = fit(history_of(both), PLACES, time_zone="Europe/Berlin")
    assert found.per_hour[146] == len(spring)


def test_days_without_calls_are_a_hole_only_where_chance_makes_none() -> None:
    day_s = DAY_S * np.array([10, 11, 13])
    assert days_covered(day_s).tolist() == [10, 11, 12, 13]
    assert days_covered(np.repeat(day_s, 30)).tolist() == [10, 11, 13]


# --- a city's own model ---


def test_the_built_in_city_has_calls_at_once() -> None:
    city = load_city(find_city("kunshan"))
    model, places = from_city(city)
    assert city.calls is not None
    days = 120
    calls = calls_of(model, MONDAY_S, MONDAY_S + days * DAY_S)
    expected = city.calls.calls_per_day * days
    assert len(calls) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    by_hour = np.bincount(hours_of_week(local_s(calls["at_s"], ZoneInfo(city.time_zone))) % 24, minlength=24)
    weights = np.array(city.calls.hour_weights) / sum(city.calls.hour_weights)
    assert ((by_hour - expected * weights) ** 2 / (expected * weights)).sum() < 24 + 4 * np.sqrt(48)
    told = {code: city.types[code] for code in model.types}
    for code, row in zip(np.array(model.types)[calls["type"]], calls, strict=True):
        assert (row["priority"], row["watch_s"]) == (told[code].priority, told[code].watch_s)
    assert "patrol" in model.types
    assert "patrol" not in np.array(model.types)[calls["type"]]  # a type that its model does not weigh
    # where: the same as the calls that the city's vehicles fly to
    sample, _ = modelled_demand(city) or pytest.fail("Kunshan has a call model")
    place, far_m = nearest(places, sample.places_xy)
    assert far_m.max() < 500
    drawn = np.bincount(places.district[place], minlength=len(places.districts)) / len(place)
    assert drawn == pytest.approx(np.bincount(places.district, places.weights), abs=4 * 0.5 / np.sqrt(len(place)))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="place_shares must sum to 1"):
        dataclasses.replace(MODEL, place_shares=MODEL.place_shares * 0.9)
    with pytest.raises(ValueError, match=r"per_hour \(24,\)"):
        dataclasses.replace(MODEL, per_hour=np.ones(24))
    with pytest.raises(ValueError, match="'Mars/Olympus' is not known"):
        dataclasses.replace(MODEL, time_zone="Mars/Olympus")
    with pytest.raises(ValueError, match="growth = -1"):
        MODEL.grown(-1.0)
    with pytest.raises(ValueError, match="rows = 0"):
        generate(MODEL, 0.0, 1.0, seed=1, rows=0)
    with pytest.raises(ValueError, match="no calls"):
        fit(history_of(np.empty(0, CALL)), PLACES, time_zone="UTC")
    city = dataclasses.replace(load_city(find_city("kunshan")), calls=None)
    with pytest.raises(CallsError, match=r"needs a calls\.toml"):
        from_city(city)


# --- real calls ---


@pytest.mark.shared_data("calls/houston_2025.parquet")
def test_houston_has_the_week_that_it_was_fitted_to(shared: Path) -> None:
    records = read_calls(shared)
    frame = LocalFrame(Position(float(np.median(records.longitude_deg)), float(np.median(records.latitude_deg))))
    places = places_of_records(records, frame)
    history = recorded(records, places, frame, load_city(find_city("kunshan")).types)
    model = fit(history, places, time_zone="America/Chicago")
    zone = ZoneInfo("America/Chicago")
    half_s = float(np.median(records.at_s))
    shown_s = local_s(records.at_s, zone)
    real = np.bincount(hours_of_week(shown_s), minlength=HOURS_OF_WEEK)
    made = np.concatenate(list(generate(model, records.at_s[0], records.at_s[-1], seed=1)))
    made_s = local_s(made["at_s"], zone)
    covered = np.isin(made_s // DAY_S, days_covered(shown_s))
    assert 1 - covered.mean() == pytest.approx(3 / 365, rel=0.1)  # three days are missing from the records
    drawn = np.bincount(hours_of_week(made_s[covered]), minlength=HOURS_OF_WEEK)
    z = (drawn - real) / np.sqrt(real)
    assert (z**2).sum() < HOURS_OF_WEEK + 4 * np.sqrt(2 * HOURS_OF_WEEK)
    by_hour = model.per_hour.reshape(7, 24).mean(axis=0)
    assert by_hour[16] > 2.5 * by_hour[4]
    # half the year foretells the week of the other half
    first, second = (
        np.bincount(hours_of_week(local_s(records.at_s[half], zone)), minlength=HOURS_OF_WEEK)
        for half in (records.at_s < half_s, records.at_s >= half_s)
    )
    assert np.corrcoef(first, second)[0, 1] > 0.98
    where = np.bincount(made["place"], minlength=len(places))
    expected = model.type_shares @ model.place_shares * len(made)
    assert np.corrcoef(expected, places.weights)[0, 1] > 0.98  # the next cell's middle may be nearer than the own one's
    assert ((where - expected) ** 2 / expected).sum() == pytest.approx(len(places), abs=5 * np.sqrt(2 * len(places)))
