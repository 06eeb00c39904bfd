"""The sun: against sunrise and sunset from almanacs, and against its own height."""

import math
from datetime import UTC, date, datetime

import pytest

from geo.position import Position
from geo.sun import CIVIL_TWILIGHT_DEG, RISE_AND_SET_DEG, crossing_s

EPOCH = date(1970, 1, 1).toordinal()


def clock(at_s: float) -> str:
    return datetime.fromtimestamp(round(at_s / 60) * 60, UTC).strftime("%H:%M")


@pytest.mark.parametrize(
    ("place", "day", "rise", "set_"),
    [
        # London, 51.5 N: 21 June 2024 sunrise 04:43 BST, sunset 21:21 BST; 21 December 2024 08:04, 15:53 GMT
        (Position(-0.1278, 51.5074), date(2024, 6, 21), "03:43", "20:21"),
        (Position(-0.1278, 51.5074), date(2024, 12, 21), "08:04", "15:53"),
        # Shanghai: 21 June 2024 sunrise 04:50, sunset 19:01 (UTC+8)
        (Position(121.47, 31.23), date(2024, 6, 21), "20:50", "11:01"),
        # Quito at the equinox: about 12 hours and 7 minutes of day
        (Position(-78.47, -0.18), date(2024, 3, 20), "11:18", "23:25"),
    ],
)
def test_almanac(place: Position, day: date, rise: str, set_: str) -> None:
    for rising, known in ((True, rise), (False, set_)):
        found = clock(crossing_s(day.toordinal() - EPOCH, place, RISE_AND_SET_DEG, rising=rising))
        minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (found, known)]
        assert abs(minutes[0] - minutes[1]) <= 2, (found, known)


def test_noon_lies_between_and_a_day_is_a_day() -> None:
    place = Position(179.9, -40.0)
    for day in range(20_000, 20_400, 7):
        rise, set_, next_rise = (
            crossing_s(day, place, CIVIL_TWILIGHT_DEG, rising=True),
            crossing_s(day, place, CIVIL_TWILIGHT_DEG, rising=False),
            crossing_s(day + 1, place, CIVIL_TWILIGHT_DEG, rising=True),
        )
        assert rise < set_ < next_rise
        assert abs((rise + set_) / 2 - (day * 86_400 + 43_200 - place.longitude_deg * 240)) < 20 * 60
        assert next_rise - rise == pytest.approx(86_400, abs=180)


def test_at_the_pole_half_a_year_is_a_day() -> None:
    pole = Position(0.0, 90.0)
    summer, winter = (date(2027, month, 21).toordinal() - EPOCH for month in (6, 12))
    lengths = [
        crossing_s(day, pole, RISE_AND_SET_DEG, rising=False) - crossing_s(day, pole, RISE_AND_SET_DEG, rising=True)
        for day in (summer, winter)
    ]
    assert lengths[0] == pytest.approx(86_400, abs=60)
    assert lengths[1] == pytest.approx(0, abs=60)
    assert all(math.isfinite(length) for length in lengths)
