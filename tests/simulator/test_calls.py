"""Generated calls: the same for a seed, at the right hours, of the right types, at legal places."""

import dataclasses
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.city import City, HotSpot
from dispatch.city_folder import find_city, load_city
from dispatch.demand import CallsError
from geo.airspace import Area, Geozone
from simulator.calls import generate_calls
from simulator.fit_calls import FitError, fit_hour_weights, main

FROM_S = 1_800_000_000.0  # 2027-01-15 08:00 UTC
YEAR_H = 365 * 24


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(find_city("kunshan"))


@pytest.fixture(scope="module")
def year(city):
    return generate_calls(city, FROM_S, hours=YEAR_H, seed=180)


def with_calls(city: City, **changes) -> City:
    return dataclasses.replace(city, calls=dataclasses.replace(city.calls, **changes))


def test_the_same_seed_gives_the_same_calls_and_another_others(city, year):
    assert generate_calls(city, FROM_S, hours=YEAR_H, seed=180) == year
    assert generate_calls(city, FROM_S, hours=24, seed=181) != generate_calls(city, FROM_S, hours=24, seed=180)


@settings(max_examples=20)
@given(count=st.integers(0, 3000), hours=st.floats(0, 500))
def test_a_longer_run_begins_with_a_shorter_one(city, year, count, hours):
    assert generate_calls(city, FROM_S, count=count, seed=180) == year[:count]
    short = generate_calls(city, FROM_S, hours=hours, seed=180)
    assert short == tuple(call for call in year if call.at_s < FROM_S + hours * 3600)


def test_zones_do_not_move_other_calls_in_time(city, year):
    bare = generate_calls(dataclasses.replace(city, zones={}), FROM_S, count=1000, seed=180)
    assert [(call.at_s, call.type) for call in bare] == [(call.at_s, call.type) for call in year[:1000]]


def test_calls_come_in_order_and_in_the_number_that_the_city_says(city, year):
    times = [call.at_s for call in year]
    assert times == sorted(times)
    assert times[0] >= FROM_S
    assert times[-1] < FROM_S + YEAR_H * 3600
    expected = city.calls.calls_per_day * 365
    assert len(year) == pytest.approx(expected, abs=5 * expected**0.5)


def test_hours_follow_local_time(city, year):
    zone = ZoneInfo(city.time_zone)
    counts = Counter(datetime.fromtimestamp(call.at_s, zone).hour for call in year)
    weights = np.array(city.calls.hour_weights)
    expected = weights / weights.sum() * len(year)
    observed = np.array([counts[hour] for hour in range(24)])
    assert ((observed - expected) ** 2 / expected).sum() < 49.7  # chi-square, 23 degrees of freedom, 0.1 %
    assert abs(int(observed.argmin()) - 4) <= 1
    assert abs(int(observed.argmax()) - 16) <= 1


def test_gaps_within_an_hour_of_one_rate_are_exponential(city):
    flat = with_calls(city, hour_weights=(1.0,) * 24)
    times = np.array([call.at_s for call in generate_calls(flat, FROM_S, count=20_000, seed=3)])
    gaps_s = np.diff(times)
    mean_s = 86_400 / city.calls.calls_per_day
    assert gaps_s.mean() == pytest.approx(mean_s, rel=0.04)
    assert np.quantile(gaps_s, [0.5, 0.9]) == pytest.approx(mean_s * np.log([2, 10]), rel=0.05)


def test_an_hour_of_no_weight_has_no_calls(city):
    weights = tuple(0.0 if hour < 12 else 1.0 for hour in range(24))
    zone = ZoneInfo(city.time_zone)
    calls = generate_calls(with_calls(city, hour_weights=weights), FROM_S, count=2000, seed=1)
    assert min(datetime.fromtimestamp(call.at_s, zone).hour for call in calls) == 12


def test_types_follow_their_weights(city, year):
    counts = Counter(call.type for call in year)
    total = sum(city.calls.type_weights.values())
    for code, weight in city.calls.type_weights.items():
        expected = len(year) * weight / total
        assert counts[code] == pytest.approx(expected, abs=5 * expected**0.5)
    assert set(counts) <= set(city.types)
    assert {call.priority for call in year} == {call.first_unit_s for call in year} == {None}


def test_places_lie_within_the_boundary_and_outside_zones(city, year):
    frame = city.frame
    xy = frame.xy_of([call.position for call in year])
    area = shapely.Polygon(frame.to_xy(*np.array(city.boundary[0]).T)).buffer(0.01)
    assert shapely.contains_xy(area, xy).all()
    height_m = city.rules.cruise_height_m
    for zone in city.zones.values():
        if zone.holds_between(height_m, height_m, city.ground_amsl_m):
            closed = shapely.Polygon(frame.to_xy(*np.array(zone.ground.outline).T)).buffer(zone.margin_m - 0.01)
            assert not shapely.contains_xy(closed, xy).any(), zone.id


def test_calls_cluster_where_the_city_says(city):
    spot = HotSpot(place_id="lujia", position=city.places[3].position, weight=3.0, radius_m=300.0)
    calls = generate_calls(with_calls(city, hot_spots=(spot,), background_weight=1.0), FROM_S, count=8000, seed=2)
    xy = city.frame.xy_of([call.position for call in calls]) - city.frame.xy(spot.position)
    away_m = np.hypot(*xy.T)
    assert (away_m < 3 * 300).mean() == pytest.approx(0.75 * 0.989, abs=0.02)
    assert np.median(away_m[away_m < 900]) == pytest.approx(300 * 1.177, rel=0.04)


def test_what_cannot_be_generated_is_refused(city):
    with pytest.raises(CallsError, match="either hours or count"):
        generate_calls(city, FROM_S, seed=1)
    with pytest.raises(CallsError, match="either hours or count"):
        generate_calls(city, FROM_S, hours=1, count=1, seed=1)
    with pytest.raises(CallsError, match="must be finite"):
        generate_calls(city, FROM_S, hours=-1, seed=1)
    with pytest.raises(CallsError, match="must be finite"):
        generate_calls(city, float("nan"), count=1, seed=1)
    with pytest.raises(CallsError, match="'kunshan' has no call model"):
        generate_calls(dataclasses.replace(city, calls=None), FROM_S, count=1, seed=1)
    none = with_calls(city, calls_per_day=0.0)
    assert generate_calls(none, FROM_S, hours=24, seed=1) == ()
    with pytest.raises(CallsError, match="calls_per_day is 0"):
        generate_calls(none, FROM_S, count=1, seed=1)


def test_a_city_without_open_ground_is_refused(city):
    box = ((120.0, 30.5), (122.0, 30.5), (122.0, 32.0), (120.0, 32.0))
    shut = dataclasses.replace(city, zones={"all": Geozone(id="all", name="All", ground=Area(outline=box))})
    with pytest.raises(CallsError, match="zones cover all"):
        generate_calls(shut, FROM_S, count=1, seed=1)
    far = HotSpot(place_id="sea", position=city.airports[3].position, weight=1.0, radius_m=100.0)
    lost = with_calls(city, hot_spots=(far,), background_weight=0.0)
    with pytest.raises(CallsError, match="hot spot 'sea': no open ground"):
        generate_calls(lost, FROM_S, count=1, seed=1)


def test_weights_are_fitted_from_records(tmp_path, capsys):
    local = ["2025-03-01T16:00:00", "2025-03-01T16:30:00", "2025-03-01T04:10:00"]
    utc = ["2025-03-01T22:00:00", "2025-03-01T22:30:00", "2025-03-01T10:10:00"]  # Houston is UTC−6 in winter
    pq.write_table(
        pa.table(
            {
                "there": pa.array(np.array(local, "datetime64[us]")),
                "call_time": pa.array(np.array(utc, "datetime64[us]")).cast(pa.timestamp("us", tz="UTC")),
                "words": local,
            }
        ),
        tmp_path / "calls.parquet",
    )
    file = str(tmp_path / "calls.parquet")
    assert main([file]) == 0
    lines = capsys.readouterr().out.splitlines()
    weights = lines[1].removeprefix("hour_weights = [").removesuffix("]").split(", ")
    assert (weights[4], weights[16]) == ("8.000", "16.000")
    assert sum(map(float, weights)) == pytest.approx(24)
    assert main([file, "--column", "there"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == lines[1]
    for options, why in (
        ([file, "--column", "words"], "holds string, not times"),
        ([file, "--column", "nothing"], "no column 'nothing'; there are there, call_time, words"),
        ([file, "--time-zone", "Mars"], "'Mars' is not a time zone"),
        ([str(tmp_path / "none.parquet")], "none.parquet"),
    ):
        assert main(options) == 1
        assert why in capsys.readouterr().err


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(FitError, match="no calls"):
        fit_hour_weights(np.array([], dtype=int))
    with pytest.raises(FitError, match="0 to 23"):
        fit_hour_weights(np.array([24]))
