"""Hours of a geozone: on which days of the week, from when until when, by a clock or by the sun.

A clock is that of a time zone: an IANA name (its daylight-saving rules hold, through :mod:`zoneinfo`), ``"UTC"``, or
an offset such as ``"+08:00"``. Hours by the clock hold at every instant at which a clock on the wall there shows one
of them: twice in the hour that is lived twice in autumn, never in the hour that is left out in spring.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from geo.position import Position
from geo.sun import CIVIL_TWILIGHT_DEG, RISE_AND_SET_DEG, crossing_s

Weekday = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
EVERY_DAY: tuple[Weekday, ...] = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
Span = tuple[float, float]
"""Instants from the first until before the second, in seconds since 1970 (UTC)."""

DAY_S = 86_400
WEEK_S = 7 * DAY_S
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal() - _EPOCH_DAY - 3
_FIRST_DAY = date.min.toordinal() - _EPOCH_DAY + 3
_FARTHEST_OFFSET_S = 26 * 3600
_STEP_S = 3 * 3600
"""Two changes of a time zone's offset are farther apart than this."""


class SunEvent(StrEnum):
    """What the sun does at the zone's place, as ED-318 names it, in the order of a day."""

    MORNING_TWILIGHT = "BMCT"  # beginning of morning civil twilight
    SUNRISE = "SR"
    SUNSET = "SS"
    EVENING_TWILIGHT = "EECT"  # end of evening civil twilight


_ORDER = tuple(SunEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours that come back on ``days``. ``start`` and ``end`` are seconds after local midnight, or what the sun does.

    An ``end`` that is not after ``start`` is that of the next day; of the sun's events and a clock's time the ``end``
    is the first after ``start``. The day is the one on which the hours *start*; for the sun's events it is the day by
    the sun, whose noon is nearest. Nothing holds before ``from_s`` or from ``until_s`` on (seconds since 1970, UTC;
    ``None``: unbounded). Raises ``ValueError`` for an unknown time zone or a time that no clock shows.
    """

    days: tuple[Weekday, ...] = EVERY_DAY
    start: float | SunEvent = 0.0
    end: float | SunEvent = 86_400.0
    time_zone: str = "UTC"
    from_s: float | None = None
    until_s: float | None = None

    def __post_init__(self) -> None:
        if not self.days or not set(self.days) <= set(EVERY_DAY):
            raise ValueError(f"days {self.days} must be some of {', '.join(EVERY_DAY)}")
        if not isinstance(self.start, SunEvent) and not 0 <= self.start < DAY_S:
            raise ValueError(f"start {self.start} s must lie in [0, 86400) after midnight")
        if not isinstance(self.end, SunEvent) and not 0 <= self.end <= DAY_S:
            raise ValueError(f"end {self.end} s must lie in [0, 86400] after midnight")
        time_zone(self.time_zone)

    @property
    def by_sun(self) -> bool:
        """Whether the place matters."""
        return isinstance(self.start, SunEvent) or isinstance(self.end, SunEvent)

    def spans(self, from_s: float, until_s: float, place: Position) -> Iterator[Span]:
        """The spans in which the hours hold and which meet [from_s, until_s], in order of their days."""
        low_s = from_s if self.from_s is None else max(from_s, self.from_s)
        high_s = until_s if self.until_s is None else min(until_s, self.until_s)
        if low_s > high_s:
            return
        first = max(_FIRST_DAY, math.floor(low_s / DAY_S) - 3)  # hours of two days, and a day for the time zone
        last = min(_LAST_DAY, math.floor(high_s / DAY_S) + 2)
        for day in range(first, last + 1):
            for start_s, end_s in _opening(self, day, place):
                start_s = start_s if self.from_s is None else max(start_s, self.from_s)
                end_s = end_s if self.until_s is None else min(end_s, self.until_s)
                if start_s < end_s and start_s <= until_s and from_s < end_s:
                    yield start_s, end_s


def spans_of(hours: tuple[Hours, ...], from_s: float, until_s: float, place: Position) -> list[Span]:
    """The spans in which any of ``hours`` holds and which meet [from_s, until_s]: disjoint, in order.

    A span that goes on for more than a week beyond the window may be cut there.
    """
    if not 0 <= until_s - from_s <= WEEK_S or abs(from_s) > _LAST_DAY * DAY_S:
        return merged(span for one in hours for span in one.spans(from_s, until_s, place))
    held = _fortnight(hours, place, math.floor(from_s / WEEK_S))
    return [span for span in held if span[0] <= until_s and from_s < span[1]]


@lru_cache(maxsize=1024)
def _fortnight(hours: tuple[Hours, ...], place: Position, week: int) -> list[Span]:
    """All spans of two weeks and what reaches into them: a window of up to a week lies in the two from its start."""
    return merged(span for one in hours for span in one.spans(week * WEEK_S, (week + 2) * WEEK_S, place))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same instants as disjoint spans in order; spans that touch become one."""
    joined: list[Span] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        else:
            joined.append((start_s, end_s))
    return joined


@lru_cache(maxsize=64)
def time_zone(name: str) -> tzinfo:
    """The time zone of that name: IANA, ``UTC``, or an offset as ``+08:00``; raises ``ValueError`` for others."""
    if name in ("UTC", "Z"):
        return UTC
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        if ahead >= timedelta(hours=24):
            raise ValueError(f"time zone {name!r}: no place is that far from UTC")
        return timezone(ahead if sign == "+" else -ahead)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"time zone {name!r} is not known: an IANA name, UTC or an offset as +08:00") from error


@lru_cache(maxsize=8192)  # the same few days are asked for at every event
def _opening(hours: Hours, day: int, place: Position) -> tuple[Span, ...]:
    """The spans of ``hours`` that start on ``day`` (counted from 1970-01-01)."""
    if EVERY_DAY[(day + 3) % 7] not in hours.days:  # 1970-01-01 was a Thursday
        return ()
    zone, start, end = time_zone(hours.time_zone), hours.start, hours.end
    if not isinstance(start, SunEvent) and not isinstance(end, SunEvent):
        later = end + (DAY_S if end <= start else 0)
        return tuple(_on_the_wall(zone, day * DAY_S + start, day * DAY_S + later))
    start_s = _instant_s(start, day, place, zone, fold=0)
    if isinstance(start, SunEvent) and isinstance(end, SunEvent):
        ends_s = [_instant_s(end, day + (_ORDER.index(end) <= _ORDER.index(start)), place, zone, fold=1)]
    else:
        ends_s = [_instant_s(end, other, place, zone, fold=1) for other in range(day - 1, day + 3)]
    end_s = next((at_s for at_s in ends_s if at_s > start_s), start_s)
    return ((start_s, end_s),) if start_s < end_s else ()


def _instant_s(when: float | SunEvent, day: int, place: Position, zone: tzinfo, fold: int) -> float:
    match when:
        case SunEvent.MORNING_TWILIGHT:
            return crossing_s(day, place, CIVIL_TWILIGHT_DEG, rising=True)
        case SunEvent.SUNRISE:
            return crossing_s(day, place, RISE_AND_SET_DEG, rising=True)
        case SunEvent.SUNSET:
            return crossing_s(day, place, RISE_AND_SET_DEG, rising=False)
        case SunEvent.EVENING_TWILIGHT:
            return crossing_s(day, place, CIVIL_TWILIGHT_DEG, rising=False)
    wall = datetime(1970, 1, 1, tzinfo=zone) + timedelta(seconds=day * DAY_S + when)  # adding moves the clock's hands
    return wall.replace(fold=fold).timestamp()


def _on_the_wall(zone: tzinfo, start_s: float, end_s: float) -> Iterator[Span]:
    """When a clock on the wall shows a time in [start, end), both in local seconds since 1970-01-01 00:00."""
    if isinstance(zone, timezone):
        offset_s = _offset_s(zone, 0.0)
        yield start_s - offset_s, end_s - offset_s
        return
    at_s, until_s = math.floor(start_s) - _FARTHEST_OFFSET_S, math.ceil(end_s) + _FARTHEST_OFFSET_S
    begun_s, offset_s = float(at_s), _offset_s(zone, at_s)
    while at_s < until_s:
        next_s = min(at_s + _STEP_S, until_s)
        next_offset_s = _offset_s(zone, next_s)
        if next_offset_s != offset_s or next_s == until_s:
            changed_s = float(_change_s(zone, at_s, next_s)) if next_offset_s != offset_s else float(next_s)
            low_s, high_s = max(begun_s, start_s - offset_s), min(changed_s, end_s - offset_s)
            if low_s < high_s:
                yield low_s, high_s
            begun_s, offset_s = changed_s, next_offset_s
        at_s = next_s


def _offset_s(zone: tzinfo, at_s: float) -> float:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    assert offset is not None, "the zone knows its offset"
    return offset.total_seconds()


def _change_s(zone: tzinfo, low_s: int, high_s: int) -> int:
    """The second at which the offset changes between two whole seconds with different offsets."""
    before_s = _offset_s(zone, low_s)
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if _offset_s(zone, middle_s) == before_s:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s
