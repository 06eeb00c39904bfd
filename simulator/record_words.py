"""The words of records, and what they mean here: names of columns, types of incident, priorities.

Columns are recognised by name, case and blanks aside (:data:`COLUMNS`). Types are told by fire service codes
(:data:`NFIRS`) or words (:data:`KEYWORDS`), priorities by numbers or words (:data:`PRIORITIES`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from dispatch.model import LEAST_URGENT, MOST_URGENT
from simulator.record_table import RecordsError, Source

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "time": (
        *("call_time", "call_time_utc", "call_911_local", "call_time_local", "received_local", "received"),
        *("received_at", "reported_at", "incident_time", "datetime", "date_time", "time", "timestamp", "at_s"),
    ),
    "longitude": ("longitude_deg", "longitude", "lon", "lng", "long", "x_lon"),
    "latitude": ("latitude_deg", "latitude", "lat", "y_lat"),
    # of these all that are there, the first that says something wins
    "type": (
        *("nfirs_type", "type", "call_type", "incident_type", "category", "service", "action", "nature"),
        *("title", "description"),
    ),
    "priority": ("priority", "response_type", "urgency"),
    # how long the first unit took, or when it arrived
    "first_unit_s": ("first_unit_s", "first_unit_response_s", "response_s", "response_time_s"),
    "first_unit_min": ("first_unit_min", "first_unit_response_min", "response_min", "response_time_min"),
    "arrival": ("arrival_local", "arrival_time", "arrival", "arrived_at", "on_scene_time", "on_scene_at"),
    # how long after the call the last unit left, or when it did
    "cleared_s": ("cleared_s", "active_s", "duration_s"),
    "cleared": ("clear_local", "cleared_local", "clear_time", "cleared_at", "cleared", "closed_at"),
    "source": ("source", "reported_by", "caller"),
    "station": ("station_first_due", "first_due_station", "station"),
}
"""What a call needs → the spellings of its column, the better first."""

NFIRS: Final[Mapping[str, str]] = {
    "1": "fire",
    "2": "fire",  # explosion, overheating
    "3": "medical",
    "322": "crash",
    "323": "crash",  # with a pedestrian
    "324": "crash",
    "34": "missing",  # searches
    "341": "missing",
    "36": "water",
    "4": "fire",  # leaks, wires, chemicals
    "463": "crash",  # clearing up after one
    "6": "fire",  # good intent: smoke scare, cancelled on the way
    "7": "fire",  # alarms
    "73": "fire",
}
"""Codes of the US National Fire Incident Reporting System, by their first digits; the longest that fits holds."""

NFIRS_NOTHING: Final = ("62", "7")
"""Its codes for calls to which there was nothing: no incident found on arrival, false alarms."""

NOTHING: Final = r"FALSE (ALARM|CALL)|UNFOUNDED|误报|誤報"
"""Words (in capitals) that tell the same."""

KEYWORDS: Final[Sequence[tuple[str, str]]] = (
    ("missing", r"MISSING|LOST PERSON|SEARCH FOR|走失|失踪|迷路|行方不明"),
    (
        "crime",
        r"ASSAULT|SHOOTING|SHOOTER|STABBING|ROBBERY|BURGLAR|THEFT|WEAPON|GUN\b|ASSAILANT|BOMB|WARRANT"
        r"|抢劫|盗窃|打架|斗殴|犯罪",
    ),
    (
        "fire",
        r"FIRES?\b|SMOKE|FLAMES?\b|BURNING|GAS\b|HAZ ?MAT|HAZARDOUS MAT|CHEMICAL|CARBON MONOXIDE|CRBN|FUEL"
        r"|AUTOMATIC ALARM|WATER ?FLOW|WIRES?\b|TRANSFORMER|EXPLOSION|ODOR|LEAK|COLLAPSE|SUBST"
        r"|火災|火灾|火警|ガス|警戒出動|燃气|爆炸",
    ),
    (
        "crash",
        r"CRASH|TRAFFIC|(DISABLED|MOTOR) VEHICLE|ACCIDENT|COLLISION|MOTORCYCLE|PEDESTRIAN|ROAD\b|HIGHWAY"
        r"|DERAILMENT|MVA\b|交通|车祸|追尾",
    ),
    (
        "water",
        r"WATER RESCUE|RESCUE - WATER|WATER RELATED|LAKE\b|BOAT|DROWN|FLOOD|水難|水难|溺水|落水|洪水|积水",
    ),
    ("crowd", r"CROWD|SPECIAL EVENT|DEMONSTRATION|PROTEST|GATHERING|RIOT|聚集|人群"),
    ("heat", r"HEAT SOURCE|HOT ?SPOT|热源"),
    ("drone", r"DRONE|UAV\b|UAS\b|无人机|黑飞"),
    ("patrol", r"PATROL|巡逻|巡查"),
    (
        "medical",
        r"EMS\b|MEDICAL|PATIENT|ALS\b|BLS\b|CARDIAC|STROKE|INJUR|VICTIM|BLEED|HEMORRHAG|UNCONSCIOUS|SEIZURE"
        r"|OVERDOSE|BREATH|RESPIRATORY|RESCUE|EXTRICATION|救急|救助|急救|医疗|受伤",
    ),
    ("crime", r"DISTURBANCE|POLICE|SUSPICIOUS|CRIME|警情|治安"),
)
"""Type of incident, and words that tell it (in capitals, at the start of a word); the first line that fits holds.

A vehicle on fire is a fire, a shooting is a crime before it is a wound, and any rescue without a better word
is medical.
"""

PRIORITIES: Final[Mapping[str, int]] = {
    "emergent": MOST_URGENT,
    "emergent initially, changing to non-emergent": MOST_URGENT,  # what it was when units were sent
    "emergency": MOST_URGENT,
    "high": MOST_URGENT,
    "medium": 3,
    "non-emergent": 4,
    "non-emergent initially, changing to emergent": 4,
    "non-emergency": 4,
    "low": LEAST_URGENT,
    "no response (walk-in, etc.)": LEAST_URGENT,
}
"""Priorities in words; whole numbers from 1 to 5 are taken as they are."""

OTHER_TYPE: Final = "medical"
"""Most calls of a city are, and it is a type that no drone may come late to."""


def choose_columns(source: Source, named: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Which columns tell what; for a key of :data:`COLUMNS` that none tells there is no entry."""
    for key, column in named.items():
        if key not in COLUMNS:
            raise RecordsError(f"columns: unknown key {key!r}; known are {', '.join(COLUMNS)}")
        if column not in source.names:
            raise RecordsError(f"{source.path.name}: no column {column!r}; there are {_list(source.names)}")
    plain: dict[str, list[str]] = {}
    for name in source.names:
        plain.setdefault(re.sub(r"[\s_]+", "_", name.strip().lower()), []).append(name)
    chosen: dict[str, tuple[str, ...]] = {}
    for key, spellings in COLUMNS.items():
        found = [name for spelling in spellings for name in plain.get(spelling, ())]
        if key in named:
            found = [named[key]]
        if found:
            chosen[key] = tuple(found) if key == "type" else (found[0],)
    for key in ("time", "longitude", "latitude"):
        if key not in chosen:
            raise RecordsError(
                f"{source.path.name}: row 0: no column for {key}: looked for {', '.join(COLUMNS[key])}; "
                f"there are {_list(source.names)}"
            )
    for (name,) in (chosen[key] for key in ("time", "longitude", "latitude")):
        if source.names.count(name) > 1:
            raise RecordsError(f"{source.path.name}: row 0: column {name!r} stands there twice")
    return chosen


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def type_of(names: Sequence[str], words: Sequence[str], explicit: Mapping[str, str]) -> str | None:
    """The type that the words of the columns ``names`` tell, ``explicit`` (case-folded) first; or ``None``."""
    for word in words:
        if word.casefold() in explicit:
            return explicit[word.casefold()]
    for name, word in zip(names, words, strict=True):
        if "nfirs" in name.lower():
            fitting = [digits for digits in NFIRS if word.startswith(digits)]
            if fitting:
                return NFIRS[max(fitting, key=len)]
            continue
        for code, pattern in KEYWORDS:
            if re.search(rf"(?:(?<![A-Z])(?:{pattern}))", word.upper()):
                return code
    return None


def is_false_alarm(names: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words of the columns ``names`` say that there was nothing."""
    return any(
        word.startswith(NFIRS_NOTHING) if "nfirs" in name.lower() else re.search(NOTHING, word.upper()) is not None
        for name, word in zip(names, words, strict=True)
    )


def priority_of(text: str) -> int:
    """1 to 5, or 0 for what tells none."""
    word = text.strip().casefold()
    if re.fullmatch(r"\d(\.0*)?", word) and MOST_URGENT <= int(word[0]) <= LEAST_URGENT:
        return int(word[0])
    return PRIORITIES.get(word, 0)
