"""Hours: exact against a clock on the wall that is looked at every minute."""

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.position import Position
from geo.schedule import EVERY_DAY, Hours, SunEvent, Weekday, merged, time_zone
from geo.sun import crossing_s

PLACE = Position(121.0, 31.3)
ZONES = ["UTC", "+05:45", "-09:30", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC).timestamp()
"""Clocks in Berlin go from 02:00 to 03:00."""
AUTUMN = datetime(2027, 10, 31, 1, tzinfo=UTC).timestamp()
"""Clocks in Berlin go from 03:00 to 02:00."""

minutes = st.integers(0, 24 * 60 - 1)
by_clock = st.builds(
    lambda days, start, end, zone: Hours(days=tuple(days), start=start * 60.0, end=end * 60.0, time_zone=zone),
    st.lists(st.sampled_from(EVERY_DAY), min_size=1, unique=True),
    minutes,
    minutes | st.just(24 * 60),
    st.sampled_from(ZONES),
)
moments = st.sampled_from([SPRING, AUTUMN, datetime(2027, 1, 1, tzinfo=UTC).timestamp()])


def shown(hours: Hours, at_s: float) -> bool:
    """Whether a clock on the wall shows one of the hours: the definition, word by word."""
    name = hours.time_zone
    zone = ZoneInfo(name) if "/" in name or name == "UTC" else timezone(_ahead(name))
    wall = datetime.fromtimestamp(at_s, zone)
    today, yesterday = EVERY_DAY[wall.weekday()], EVERY_DAY[wall.weekday() - 1]
    of_day_s = wall.hour * 3600 + wall.minute * 60 + wall.second
    if hours.start < hours.end:
        return today in hours.days and hours.start <= of_day_s < hours.end
    return (today in hours.days and of_day_s >= hours.start) or (yesterday in hours.days and of_day_s < hours.end)


def _ahead(name: str) -> timedelta:
    ahead = timedelta(hours=int(name[1:3]), minutes=int(name[4:]))
    return ahead if name[0] == "+" else -ahead


def covers(hours: Hours, from_s: float, until_s: float) -> bool:
    return any(True for _ in hours.spans(from_s, until_s, PLACE))


@given(by_clock, moments, st.integers(-3 * 24 * 60, 3 * 24 * 60), st.integers(0, 600))
@example(Hours(days=("SUN",), start=9000.0, end=9900.0, time_zone="Europe/Berlin"), SPRING, -60, 120)
@example(Hours(days=("SUN",), start=9000.0, end=9900.0, time_zone="Europe/Berlin"), AUTUMN, -60, 120)
@settings(max_examples=150)
def test_hours_hold_when_a_clock_shows_them(hours: Hours, moment: float, begin: int, length: int) -> None:
    from_s = moment + begin * 60
    truth = [shown(hours, from_s + minute * 60) for minute in range(length + 1)]
    assert [covers(hours, from_s + k * 60, from_s + k * 60) for k in range(0, length + 1, 7)] == truth[::7]
    assert covers(hours, from_s, from_s + length * 60) == any(truth)


@given(by_clock, moments, st.integers(-(10**5), 10**5), st.integers(1, 10**5))
def test_spans_are_those_that_meet_the_window(hours: Hours, moment: float, begin_s: int, length_s: int) -> None:
    from_s = moment + begin_s
    until_s = from_s + length_s
    for start_s, end_s in hours.spans(from_s, until_s, PLACE):
        assert start_s < end_s
        assert start_s <= until_s
        assert from_s < end_s
        assert shown(hours, start_s)
        assert not shown(hours, end_s) or covers(hours, end_s, end_s)


def test_hours_in_the_hour_left_out_never_hold_and_those_in_the_doubled_hour_hold_twice() -> None:
    half_past_two = Hours(days=("SUN",), start=2.5 * 3600, end=2.75 * 3600, time_zone="Europe/Berlin")
    assert list(half_past_two.spans(SPRING - 36_000, SPRING + 36_000, PLACE)) == []
    assert list(half_past_two.spans(AUTUMN - 36_000, AUTUMN + 36_000, PLACE)) == [
        (AUTUMN - 1800, AUTUMN - 900),
        (AUTUMN + 1800, AUTUMN + 2700),
    ]


def test_seasonal_hours_end_with_their_season() -> None:
    monday = datetime(2027, 11, 8, tzinfo=UTC).timestamp()
    always = Hours(from_s=monday + 100, until_s=monday + 200)
    assert list(always.spans(monday, monday + 1000, PLACE)) == [(monday + 100, monday + 200)]
    assert [covers(always, monday + k, monday + k) for k in (99, 100, 199, 200)] == [False, True, True, False]


@pytest.mark.parametrize("day", EVERY_DAY)
def test_a_weekday_is_that_day(day: Weekday) -> None:
    monday = datetime(2027, 11, 8, 12, tzinfo=UTC).timestamp()
    held = [covers(Hours(days=(day,)), monday + k * 86_400, monday + k * 86_400) for k in range(7)]
    assert held == [d == day for d in EVERY_DAY]


def test_hours_far_beyond_any_calendar_are_none_and_soon_told() -> None:
    for at_s in (-1e12, 1e12, -1e300, 1e300):
        assert not covers(Hours(), at_s, at_s)


# ---------------------------------------------------------------- by the sun

KUNSHAN_NOON = datetime(2027, 6, 21, 4, tzinfo=UTC).timestamp()


def test_from_sunset_to_sunrise_is_the_night() -> None:
    night = Hours(start=SunEvent.SUNSET, end=SunEvent.SUNRISE)
    (tonight,) = [span for span in night.spans(KUNSHAN_NOON, KUNSHAN_NOON + 86_400, PLACE) if span[0] > KUNSHAN_NOON]
    rise_s, set_s = (crossing_s(20_990, PLACE, -0.833, rising=rising) for rising in (True, False))
    assert not covers(night, rise_s + 1, set_s - 1)
    assert covers(night, set_s, set_s)
    assert 9 * 3600 < tonight[1] - tonight[0] < 10.5 * 3600


def test_the_sun_and_a_clock_make_one_span_to_whatever_comes_next() -> None:
    evening = Hours(start=20 * 3600.0, end=SunEvent.SUNRISE, time_zone="Asia/Shanghai")
    (span,) = evening.spans(KUNSHAN_NOON + 11 * 3600, KUNSHAN_NOON + 12 * 3600, PLACE)
    begin, end = (datetime.fromtimestamp(at_s, ZoneInfo("Asia/Shanghai")) for at_s in span)
    assert (begin.hour, begin.minute, begin.day) == (20, 0, 21)
    assert (end.hour, end.day) == (4, 22)


def test_where_the_sun_does_not_set_there_is_no_night_and_where_it_does_not_rise_no_day() -> None:
    tromso = Position(18.96, 69.65)
    night, day = Hours(start=SunEvent.SUNSET, end=SunEvent.SUNRISE), Hours(start=SunEvent.SUNRISE, end=SunEvent.SUNSET)
    summer, winter = (datetime(2027, month, 21, tzinfo=UTC).timestamp() for month in (6, 12))
    for sun_up, sun_down, at_s in ((day, night, summer), (night, day, winter)):
        held = merged(sun_up.spans(at_s, at_s + 86_400, tromso))
        assert sum(min(b, at_s + 86_400) - max(a, at_s) for a, b in held) == pytest.approx(86_400, abs=120)
        lost = [b - a for a, b in sun_down.spans(at_s + 3600, at_s + 82_800, tromso)]
        assert sum(lost) == pytest.approx(0, abs=120)


def test_twilight_is_wider_than_the_day() -> None:
    day = Hours(start=SunEvent.SUNRISE, end=SunEvent.SUNSET)
    light = Hours(start=SunEvent.MORNING_TWILIGHT, end=SunEvent.EVENING_TWILIGHT)
    ((rise, set_),) = day.spans(KUNSHAN_NOON, KUNSHAN_NOON, PLACE)
    ((dawn, dusk),) = light.spans(KUNSHAN_NOON, KUNSHAN_NOON, PLACE)
    assert 1200 < rise - dawn < 2400
    assert 1200 < dusk - set_ < 2400


# ---------------------------------------------------------------- what is none


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": ()},
        {"days": ("ANY",)},
        {"start": 86_400.0},
        {"start": -1.0},
        {"end": 86_401.0},
        {"time_zone": "Asia/Kunshan"},
        {"time_zone": "../etc"},
        {"time_zone": "+25:00"},
        {"time_zone": ""},
    ],
)
def test_hours_that_no_clock_shows_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|not known|that far"):
        Hours(**wrong)


def test_offsets_are_time_zones() -> None:
    assert time_zone("-03:30").utcoffset(None) == -timedelta(hours=3, minutes=30)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda s: (float(s[0]), float(s[0] + s[1])))))
def test_merged_spans_hold_the_same_instants(spans: list[tuple[float, float]]) -> None:
    joined = merged(spans)
    for half in range(140):
        at_s = half / 2
        assert any(a <= at_s < b for a, b in spans) == any(a <= at_s < b for a, b in joined)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(joined))
