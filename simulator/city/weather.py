"""Weather by the hour and zones by their schedules, as a few scenes: a flight time is looked up for each scene.

A scene is a wind, rain, a temperature and the zones that are closed *now* for the decision kernel, which is whatever
holds at any instant of the coming ``zone_horizon_s`` (told in docs/airspace.md). A timeline says which scene holds
when: it changes at an hour of the weather, and to the second where a zone opens or closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from dispatch.model import Situation
from dispatch.placement import Blow
from dispatch.sky import zones_now
from geo.airspace import Restriction
from geo.schedule import time_zone as zone_of
from geo.wind import Wind
from simulator.local_time import HOUR_S
from simulator.record_table import instants_s, numbers, open_source
from simulator.record_words import COLUMNS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COLUMN_NAMES = ("wind_from_deg", "wind_speed_mps", "gust_mps", "rain_mm_h", "temperature_c")
NEEDED = COLUMN_NAMES[:2]

LONGEST_HOLE_S = 6 * HOUR_S
"""A row of weather holds until the next one, but no longer than this."""

WEATHERS = 16
"""How many weathers are told apart, unless somebody says otherwise."""

DEGREES_LIKE_1_MPS = 5.0
"""Where hours of like weather are put together, so many °C count as much as 1 m/s of wind."""

HELD_H = 6.0
"""How long a wind drawn from a wind rose holds, on average."""


class WeatherError(ValueError):
    """Weather that cannot be used; the message names the file, the row and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weather:
    """What the weather is from each of ``starts_s`` (rising, seconds since 1970, UTC) until the next; all [n]."""

    starts_s: Floats
    wind_from_deg: Floats
    wind_speed_mps: Floats
    gust_mps: Floats
    rain_mm_h: Floats
    temperature_c: Floats

    def __len__(self) -> int:
        return len(self.starts_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A wind, rain, a temperature, and the zones closed: those that hold within the zone horizon after ``now_s``."""

    wind: Wind
    rain_mm_h: float
    temperature_c: float
    now_s: float
    zones: tuple[Restriction, ...]

    def of(self, situation: Situation) -> Situation:
        """The situation in this scene."""
        return replace(
            situation, wind=self.wind, rain_mm_h=self.rain_mm_h, temperature_c=self.temperature_c, now_s=self.now_s
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """Which of ``scenes`` holds from each of ``starts_s`` [n] until the next: ``scene`` [n]."""

    starts_s: Floats
    scene: NDArray[np.int32]
    scenes: tuple[Scene, ...]

    def at(self, at_s: Floats | float) -> NDArray[np.int32]:
        """The scene at each instant; before the first one it is the first."""
        return self.scene[np.maximum(np.searchsorted(self.starts_s, at_s, side="right") - 1, 0)]


def read_weather(path: Path, *, time_zone: str | None = None) -> Weather:
    """Weather out of CSV or Parquet: a time (spelt as in call records, or ``hour``), ``wind_from_deg``,
    ``wind_speed_mps``, and if there are such columns ``gust_mps``, ``rain_mm_h`` (else 0) and ``temperature_c`` (else
    20).

    Local times need ``time_zone``. Rows may stand in any order; an empty gust is none. Raises :class:`WeatherError` for
    a row with something missing or impossible, and a hole of more than six hours;
    :class:`~simulator.record_table.RecordsError` for a file that cannot be read.
    """
    try:
        zone = None if time_zone is None else zone_of(time_zone)
    except ValueError as error:
        raise WeatherError(f"{path.name}: {error}") from error
    source = open_source(path)
    spelt = {name.strip().lower(): name for name in source.names}
    times = [name for name in ("hour", "hour_utc", "time_utc", *COLUMNS["time"]) if name in spelt]
    lacking = [name for name in NEEDED if name not in spelt]
    if not times or lacking:
        raise WeatherError(
            f"{path.name}: no column {', '.join(lacking or ['time'])}; there are {', '.join(source.names)}"
        )
    table = source.load([spelt[name] for name in (times[0], *COLUMN_NAMES) if name in spelt])
    if source.malformed:
        raise WeatherError(f"{path.name}: a row has a wrong number of columns: {source.malformed[0]}")
    at_s = instants_s(source, spelt[times[0]], table[spelt[times[0]]], zone)[0]
    usual = {"gust_mps": 0.0, "rain_mm_h": 0.0, "temperature_c": 20.0}
    columns: dict[str, Floats] = {}
    for name in COLUMN_NAMES:
        columns[name] = np.full(len(at_s), usual.get(name, np.nan))
        if name in spelt:
            columns[name], missing, _ = numbers(table[spelt[name]])
            if name == "gust_mps":
                columns[name][missing] = 0.0  # stations write gusts only where there are some
    low = {"wind_from_deg": -360.0, "temperature_c": -90.0}
    high = {"wind_from_deg": 360.0, "temperature_c": 60.0}
    for name, values in {times[0]: at_s, **columns}.items():
        with np.errstate(invalid="ignore"):
            wrong = ~((values >= low.get(name, 0.0)) & (values <= high.get(name, np.inf)) & np.isfinite(values))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise WeatherError(
                f"{path.name}: row {row + 1}: {name} = {table[spelt[name]][row].as_py()!r} cannot be used"
            )
    if not len(at_s):
        raise WeatherError(f"{path.name}: no row below the header")
    order = np.argsort(at_s, kind="stable")
    gaps_s = np.diff(at_s[order])
    if (gaps_s == 0).any():
        raise WeatherError(f"{path.name}: row {order[1:][gaps_s == 0][0] + 1}: its time stands there twice")
    if (gaps_s > LONGEST_HOLE_S).any():
        row = int(order[:-1][gaps_s > LONGEST_HOLE_S][0])
        raise WeatherError(f"{path.name}: row {row + 1}: more than {LONGEST_HOLE_S / HOUR_S:.0f} h to the next")
    return Weather(starts_s=at_s[order], **{name: values[order] for name, values in columns.items()})


def steady(situation: Situation, from_s: float) -> Weather:
    """The situation's own weather, for ever."""
    wind = situation.wind
    values = (wind.from_deg, wind.speed_mps, wind.gust_mps, situation.rain_mm_h, situation.temperature_c)
    columns = dict(zip(COLUMN_NAMES, (np.array([value]) for value in values), strict=True))
    return Weather(starts_s=np.array([from_s]), **columns)


def drawn(
    blows: Sequence[Blow], situation: Situation, from_s: float, until_s: float, *, seed: int, held_h: float = HELD_H
) -> Weather:
    """Winds of a wind rose hour by hour, each held for ``held_h`` hours on average (geometric); rain and temperature
    are the situation's. A longer span begins with the shorter. Raises :class:`WeatherError`.
    """
    if not blows or not held_h >= 1 or not from_s < until_s:
        raise WeatherError(
            f"{len(blows)} winds held for {held_h} h from {from_s} until {until_s}: give some, 1 h or more"
        )
    hours = np.arange(int(np.ceil((until_s - from_s) / HOUR_S)))
    change, choice = (np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(2))
    changes = change.random(len(hours)) < 1.0 / held_h
    changes[0] = True
    upto = np.cumsum([blow.share for blow in blows])
    chosen = np.searchsorted(upto / upto[-1], choice.random(len(hours)), side="right")
    which = chosen[np.maximum.accumulate(np.where(changes, hours, 0))]
    winds = np.array([(blow.wind.from_deg, blow.wind.speed_mps, blow.wind.gust_mps) for blow in blows])[which]
    return Weather(
        starts_s=(from_s + hours * HOUR_S).astype(np.float64),
        wind_from_deg=winds[:, 0],
        wind_speed_mps=winds[:, 1],
        gust_mps=winds[:, 2],
        rain_mm_h=np.full(len(hours), situation.rain_mm_h),
        temperature_c=np.full(len(hours), situation.temperature_c),
    )


def timeline(
    situation: Situation, weather: Weather, from_s: float, until_s: float, *, weathers: int = WEATHERS
) -> Timeline:
    """The scenes of [from_s, until_s) over a city, in order of when they first hold.

    Hours of like weather are put together, at most ``weathers`` of them, and more only where limits ask for it: no
    airframe that may fly in an hour may not fly in its scene, or the other way round. Raises :class:`WeatherError`
    where the weather does not cover the span.
    """
    last_s = weather.starts_s[-1] + (np.inf if len(weather) == 1 else LONGEST_HOLE_S)
    if not weather.starts_s[0] <= from_s < until_s <= last_s:
        raise WeatherError(
            f"the weather is known from {weather.starts_s[0]:.0f} until {last_s:.0f} (seconds since 1970), not from "
            f"{from_s:.0f} until {until_s:.0f}"
        )
    hours, of_hour = _alike(weather, situation, weathers)
    starts_s = np.unique(np.concatenate([weather.starts_s, _changes_s(situation, from_s, until_s), [from_s]]))
    starts_s = starts_s[(starts_s >= from_s) & (starts_s < until_s)]
    now = of_hour[np.searchsorted(weather.starts_s, starts_s, side="right") - 1]
    known: dict[tuple[int, tuple[Restriction, ...]], int] = {}
    scenes: list[Scene] = []
    scene = np.empty(len(starts_s), np.int32)
    zones: tuple[Restriction, ...] = ()
    for k, (at_s, of) in enumerate(zip(starts_s.tolist(), now.tolist(), strict=True)):
        zones = zones_now(replace(situation, now_s=at_s))
        number = known.setdefault((of, zones), len(scenes))
        if number == len(scenes):
            scenes.append(replace(hours[of], now_s=at_s, zones=zones))
        scene[k] = number
    begins = np.concatenate([[True], scene[1:] != scene[:-1]])
    return Timeline(starts_s=starts_s[begins], scene=scene[begins], scenes=tuple(scenes))


def _changes_s(situation: Situation, from_s: float, until_s: float) -> list[float]:
    """Every instant at which the zones closed now may change: where one begins or ends, or its beginning or end comes
    within the horizon; and the same of grants."""
    horizon_s = situation.rules.zone_horizon_s
    spans = [span for zone in situation.zones.values() for span in zone.spans(from_s, until_s + horizon_s)]
    spans += [(grant.from_s, grant.ends_at_s) for grant in situation.grants.values()]
    return [edge_s - ahead_s for span in spans for edge_s in span for ahead_s in (0.0, horizon_s)]


def _alike(weather: Weather, situation: Situation, most: int) -> tuple[list[Scene], Ints]:
    """Weathers (their zones not told yet), and which one each row has."""
    airframes = situation.airframes.values()
    wind_limits = sorted({airframe.wind_limit_mps for airframe in airframes})
    rain_limits = sorted({airframe.rain_limit_mm_h for airframe in airframes})
    classes = np.column_stack(
        [np.searchsorted(wind_limits, weather.wind_speed_mps), np.searchsorted(rain_limits, weather.rain_mm_h)]
    )
    distinct, of_class = np.unique(classes, axis=0, return_inverse=True)
    towards = np.radians(weather.wind_from_deg)
    east, north = weather.wind_speed_mps * np.sin(towards), weather.wind_speed_mps * np.cos(towards)
    gusts = np.maximum(weather.gust_mps - weather.wind_speed_mps, 0.0)
    like = np.column_stack([east, north, gusts, weather.temperature_c / DEGREES_LIKE_1_MPS])
    scenes: list[Scene] = []
    which = np.empty(len(weather), np.int64)
    for k in range(len(distinct)):
        mine = np.flatnonzero(of_class == k)
        grounded = distinct[k, 0] == len(wind_limits) or distinct[k, 1] == len(rain_limits)
        count = 1 if grounded else max(1, most * len(mine) // len(weather))
        for rows in _clusters(like[mine], count):
            which[mine[rows]] = len(scenes)
            scenes.append(_mean(weather, mine[rows], east, north))
    return scenes, which


def _clusters(like: Floats, count: int) -> list[Ints]:
    """The rows of at most so many groups that are each alike."""
    distinct, which = np.unique(like, axis=0, return_inverse=True)
    if len(distinct) > count:
        chance = np.random.default_rng(0)  # where to begin; the same hours always give the same groups
        which = kmeans2(like, count, iter=50, minit="++", rng=chance, missing="warn")[1]
    return [rows for rows in (np.flatnonzero(which == k) for k in range(which.max() + 1)) if len(rows)]


def _mean(weather: Weather, rows: Ints, east: Floats, north: Floats) -> Scene:
    """The mean of some hours. Of speeds, so that a mean of hours above a limit is above it, whatever the directions."""
    from_deg = float(np.degrees(np.arctan2(east[rows].mean(), north[rows].mean()))) % 360.0
    speed_mps, gust_mps, rain_mm_h, temperature_c = (
        float(np.clip(values[rows].mean(), values[rows].min(), values[rows].max()))  # rounding passes no limit
        for values in (weather.wind_speed_mps, weather.gust_mps, weather.rain_mm_h, weather.temperature_c)
    )
    wind = Wind(speed_mps, from_deg, gust_mps)
    return Scene(wind=wind, rain_mm_h=rain_mm_h, temperature_c=temperature_c, now_s=0.0, zones=())
