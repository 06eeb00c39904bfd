"""Instants and times of day as texts write them."""

import re
from datetime import UTC, datetime

from geo.schedule import DAY_S

_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?")


def instant_s(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 instant with its zone; ``ValueError`` says what is wrong with any other."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not an ISO 8601 time") from error
    if instant.tzinfo is None:
        raise ValueError("must state its time zone, as 2027-06-07T08:00:00+08:00")
    return instant.timestamp()


def iso(at_s: float | None) -> str | None:
    """An instant as ISO 8601 in UTC."""
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat()


def time_of_day_s(text: str) -> float:
    """Seconds after midnight of ``HH:MM`` or ``HH:MM:SS``, up to ``24:00``; ``ValueError`` says what is wrong."""
    found = _TIME.fullmatch(text)
    if found is not None:
        hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0)
        at_s = hours * 3600 + minutes * 60 + seconds
        if minutes < 60 and seconds < 60 and at_s <= DAY_S:
            return at_s
    raise ValueError("is no time of day as 08:30 or 08:30:00")


def time_of_day(at_s: float) -> str:
    """``HH:MM:SS``, with as many decimals as it has (six at most)."""
    seconds = f"{at_s % 60:09.6f}".rstrip("0").rstrip(".")
    return f"{int(at_s // 3600):02d}:{int(at_s % 3600 // 60):02d}:{seconds}"
