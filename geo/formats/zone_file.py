"""What every reader of zones gives, and how it refuses."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from geo.airspace import Geozone
from geo.geojson import Entry
from geo.schedule import DAY_S, Hours

T = TypeVar("T")

FOOT_M = 0.3048
MOST_ERRORS = 5
"""So many of a file's errors are told at once."""
ALMOST_MIDNIGHT_S = 23 * 3600 + 59 * 60
"""An end at 23:59 or later means midnight: who writes so means that the day is full."""


class ZoneFileError(ValueError):
    """A zone file that cannot be used; the message names the file, the place in it and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFile:
    """The zones of one file, in file order, the format it is in, and what was left out of it or read with care."""

    format: str
    zones: tuple[Geozone, ...]
    notes: tuple[str, ...] = ()


class Strict(BaseModel):
    """Part of a published format: types are taken as they stand, unknown members are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, alias_generator=to_camel)


class Open(BaseModel):
    """Part of a published format that may have further members."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False, alias_generator=to_camel)


def validated(type_: type[T], obj: object, where: str) -> T:
    """``obj`` as a value of ``type_``; the error names the JSON path and what was expected there."""
    adapter: TypeAdapter[T] = TypeAdapter(type_)
    try:
        return adapter.validate_python(obj)
    except ValidationError as error:
        wrong = []
        for one in error.errors(include_url=False)[:MOST_ERRORS]:
            path, found = _path(obj, one["loc"])
            reason = one["msg"].removeprefix("Value error, ")
            value = "" if one["type"] == "missing" else f" = {_short(found)}"
            wrong.append(f"{path}{value}: {reason[:1].lower()}{reason[1:]}")
        more = error.error_count() - len(wrong)
        raise ZoneFileError(f"{where}: {'; '.join(wrong)}{f' (and {more} more)' if more else ''}") from error


def entry(where: str, path: str, identifier: object = None) -> Entry:
    """A place in a file, for errors that a validation cannot find."""
    named = f" ({identifier!r})" if isinstance(identifier, str) else ""
    return Entry(f"{where}: {path}{named}", {}, ZoneFileError)


def numbered(zones: Sequence[Geozone]) -> tuple[Geozone, ...]:
    """The same zones with ids of their own: those that share the id ``x`` are called ``x/1``, ``x/2``...

    Raises :class:`ZoneFileError` where such a name is another zone's.
    """
    shared, given = Counter(zone.id for zone in zones), Counter[str]()
    named = []
    for zone in zones:
        given[zone.id] += 1
        named.append(replace(zone, id=f"{zone.id}/{given[zone.id]}") if shared[zone.id] > 1 else zone)
    twice = [id_ for id_, count in Counter(zone.id for zone in named).items() if count > 1]
    if twice:
        raise ZoneFileError(f"id {twice[0]!r} is a zone's own and that of a part of another")
    return tuple(named)


def metres(value: float | None, unit: str) -> float | None:
    """A height in M or FT as metres."""
    return value if value is None else float(value) * (FOOT_M if unit.upper() == "FT" else 1.0)


def end_of(seconds: float) -> float:
    """The end of daily hours, where almost midnight is midnight."""
    return float(DAY_S) if seconds >= ALMOST_MIDNIGHT_S else seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time of applicability, with the hours that hold in it; without hours it holds throughout."""

    from_s: float | None
    until_s: float | None
    hours: tuple[Hours, ...]


def in_force(zone: Geozone, periods: Sequence[Period]) -> Geozone:
    """``zone``, in force in any of ``periods``; always, where there are none."""
    if not periods:
        return zone
    if len(periods) == 1:
        (only,) = periods
        return replace(zone, valid_from_s=only.from_s, valid_until_s=only.until_s, hours=only.hours)
    bounded = [
        replace(hours, from_s=period.from_s, until_s=period.until_s)
        for period in periods
        for hours in period.hours or (Hours(),)
    ]
    return replace(zone, hours=tuple(bounded))


def require_band(where: Entry, zone: Geozone) -> Geozone:
    """``zone``; refuses a floor above its ceiling."""
    if zone.floor_m is None or zone.ceiling_m is None or zone.floor_reference != zone.ceiling_reference:
        return zone
    if zone.floor_m > zone.ceiling_m:
        raise where.fail(f"the lower limit {zone.floor_m:g} m lies above the upper {zone.ceiling_m:g} m")
    return zone


def _path(obj: object, loc: tuple[int | str, ...]) -> tuple[str, object]:
    """The JSON path of a validation's location, without the names of unions, and what stands there."""
    path, here = "$", obj
    for place in loc:
        if isinstance(here, dict) and place in here:
            path, here = f"{path}.{place}", here[place]
        elif isinstance(here, list) and isinstance(place, int) and place < len(here):
            path, here = f"{path}[{place}]", here[place]
    if loc and isinstance(here, dict) and isinstance(loc[-1], str) and not path.endswith(f".{loc[-1]}"):
        path, here = f"{path}.{loc[-1]}", None
    name = _named(obj, path)
    return (f"{path} ({name!r})" if name else path), here


def _named(obj: object, path: str) -> str | None:
    """The identifier of the feature that ``path`` leads into, if it has one."""
    if not isinstance(obj, dict):
        return None
    for member in ("features", "UASZoneList"):
        start = f"$.{member}["
        if path.startswith(start):
            feature: Any = obj[member][int(path[len(start) : path.index("]")])]
            properties = feature.get("properties") if isinstance(feature, dict) else None
            for holder in (properties, feature):
                if isinstance(holder, dict):
                    for key in ("identifier", "id", "name"):
                        if isinstance(holder.get(key), str):
                            return str(holder[key])
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
