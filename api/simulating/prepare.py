"""A simulation's files read and checked, and made a study of the simulator's own."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from api.given import wind_of
from api.planning.inputs import Input, input_of
from api.planning.winds import read_wind_rose
from api.simulating.ground import Ground, StatedUnits, fitted, stated
from api.simulating.layouts import Layout, read_layouts
from api.simulating.study import CallSource, SimulationError, Study
from dispatch.city import City, situation_of
from dispatch.idle import idle
from dispatch.model import Situation
from dispatch.policies import policy_of
from simulator.city.fitted import Fitted, fit, from_city
from simulator.city.history import History, recorded
from simulator.city.places import places_of_records
from simulator.city.rows import Calls, Places
from simulator.city.study import Scenario
from simulator.city.study import Study as CityStudy
from simulator.city.weather import Weather, drawn, read_weather
from simulator.local_time import DAY_S, days_covered, local_s
from simulator.records import Records, read_calls

DAYS = 28.0
WEEK = 7

SCENARIO = "asked"
"""A simulation has one scenario: what is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """What is asked for, with its files read, and the study that it comes to."""

    asked: Study
    layouts: tuple[Layout, ...]
    study: CityStudy
    calls_told: str
    ground_told: str
    """Empty where there are no units on the ground."""
    inputs: tuple[Input, ...]

    @property
    def city(self) -> City:
        """The city that all layouts are of."""
        return self.layouts[0].city


class _Demand(NamedTuple):
    """Calls, drawn or recorded, on their places; and the records that they come from, if any."""

    calls: Calls | Fitted
    places: Places
    told: str
    past: tuple[Records, History] | None = None


class _Span(NamedTuple):
    """Seconds since 1970 (UTC)."""

    begins_s: float
    """Of what is measured."""
    until_s: float


def prepare(asked: Study) -> Prepared:
    """The files of a study read and checked.

    Raises ``ValueError`` (also :class:`~api.simulating.study.SimulationError`, ``CityError``, ``RecordsError``) with
    what is wrong and where.
    """
    for policy in asked.policies:
        policy_of(policy)
    layouts, inputs = read_layouts(asked.plans, asked.city)
    city = layouts[0].city
    demand, read = _demand(asked, city)
    span = _span(asked, ZoneInfo(city.time_zone), None if demand.past is None else demand.past[1].calls)
    from_s = span.begins_s - asked.warm_up_s
    situations = {one.name: idle(situation_of(one.city, from_s)) for one in layouts}
    if asked.wind is not None:
        situations = {name: replace(one, wind=wind_of(asked.wind)) for name, one in situations.items()}
    weather, blown = _weather(asked, situations[layouts[0].name], city, from_s, span.until_s)
    ground = _ground(asked, city, demand)
    scenario = Scenario(
        calls=demand.calls,
        weather=weather,
        units=None if ground is None else ground.units,
        trouble=asked.trouble,
        outages=asked.outages,
    )
    study = CityStudy(
        layouts=situations,
        scenarios={SCENARIO: scenario},
        policies=asked.policies,
        places=demand.places,
        from_s=from_s,
        until_s=span.until_s,
        warm_up_s=asked.warm_up_s,
        replications=asked.replications,
        seed=asked.seed,
        time_zone=city.time_zone,
        city=city.name,
    )
    return Prepared(
        asked=asked,
        layouts=layouts,
        study=study,
        calls_told=demand.told,
        ground_told="" if ground is None else ground.told,
        inputs=(*inputs, *read, *blown, *(() if ground is None else ground.inputs)),
    )


def _demand(asked: Study, city: City) -> tuple[_Demand, tuple[Input, ...]]:
    if asked.calls is None:
        model, places = from_city(city, cell_m=asked.cell_m)
        model = model.grown(asked.growth)
        told = f"the call model of {city.name}: {model.per_day:,.1f} incidents a day"
        return _Demand(calls=model, places=places, told=told), ()
    source = asked.calls
    if not city.types:
        raise SimulationError(f"{city.name} has no incident types: name the city that {asked.plans[0]} is for")
    records = read_calls(source.path, time_zone=source.time_zone or city.time_zone, datum=source.datum)
    places = places_of_records(records, city.frame, named=city.places, cell_m=asked.cell_m)
    history = recorded(records, places, city.frame, city.types, seed=asked.seed)
    if not len(history):
        raise SimulationError(f"{source.path.name}: no call of a type that {city.name} has")
    left = "".join(f"; {tally.count:,} {tally.reason} ({tally.example})" for tally in (*records.refused, *history.told))
    read = input_of(source.path, f"{len(history):,} calls of {records.read:,} rows{left}")
    calls, told = _calls(source, history, places, city, asked.growth)
    return _Demand(calls=calls, places=places, told=told, past=(records, history)), (read,)


def _calls(
    source: CallSource, history: History, places: Places, city: City, growth: float
) -> tuple[Calls | Fitted, str]:
    """The records themselves, or a model fitted to them."""
    if not source.fitted:
        return history.calls, f"{source.path.name}, replayed"
    covered_days = len(days_covered(local_s(history.calls["at_s"], ZoneInfo(city.time_zone))))
    if covered_days < WEEK:
        raise SimulationError(
            f"{source.path.name}: calls of {covered_days} days; a model needs those of every hour of a week. "
            "They can be replayed"
        )
    model = fit(history, places, time_zone=city.time_zone).grown(growth)
    return model, f"a model fitted to {source.path.name}: {model.per_day:,.1f} incidents a day"


def _ground(asked: Study, city: City, demand: _Demand) -> Ground | None:
    if asked.ground is None:
        return None
    if isinstance(asked.ground, StatedUnits):
        return stated(asked.ground, city, demand.places)
    assert demand.past is not None, "a study whose units are fitted has calls"
    return fitted(*demand.past, demand.places)


def _weather(
    asked: Study, situation: Situation, city: City, from_s: float, until_s: float
) -> tuple[Weather | None, tuple[Input, ...]]:
    """The weather of a file, or drawn out of a wind rose; None: the city's own all the time."""
    if asked.weather is not None:
        weather = read_weather(asked.weather, time_zone=city.time_zone)
        return weather, (input_of(asked.weather, f"{len(weather):,} hours of weather"),)
    if asked.wind_rose is not None:
        blows = read_wind_rose(asked.wind_rose)
        weather = drawn(blows, situation, from_s, until_s, seed=asked.seed)
        return weather, (input_of(asked.wind_rose, f"{len(blows)} winds, drawn by the hour"),)
    return None, ()


def _span(study: Study, zone: ZoneInfo, calls: Calls | None) -> _Span:
    """What is simulated. Records that are replayed are so from their first midnight to their last."""
    replayed = study.calls is not None and not study.calls.fitted
    if study.begins is not None:
        begins = _instant(study.begins, zone, "--from")
    elif calls is None:
        begins = datetime(2026, 1, 5, tzinfo=zone)  # a Monday like any other: a model's weeks are alike
    else:
        told = datetime.fromtimestamp(float(calls["at_s"][0 if replayed else -1]), zone)
        midnight = told.replace(hour=0, minute=0, second=0, microsecond=0)
        warm_up = timedelta(seconds=study.warm_up_s)
        begins = midnight + warm_up if replayed else midnight + timedelta(days=7 - midnight.weekday())
    if study.ends is not None:
        until_s = _instant(study.ends, zone, "--until").timestamp()
    elif study.days is None and replayed and calls is not None:
        until_s = float(calls["at_s"][-1]) + 1.0
    else:
        until_s = begins.timestamp() + (DAYS if study.days is None else study.days) * DAY_S
    span = _Span(begins_s=begins.timestamp(), until_s=until_s)
    if not study.warm_up_s <= span.begins_s < span.until_s:
        raise SimulationError(
            f"nothing is left to measure from {begins:%Y-%m-%d %H:%M} until "
            f"{datetime.fromtimestamp(until_s, zone):%Y-%m-%d %H:%M}, after {study.warm_up_s / 3600:g} h of warm-up"
        )
    if replayed and calls is not None:
        low, high = np.searchsorted(calls["at_s"], [span.begins_s - study.warm_up_s, until_s])
        if low == high:
            raise SimulationError("no call of the records lies in the time that is to be simulated")
    return span


def _instant(text: str, zone: ZoneInfo, what: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise SimulationError(f"{what} {text!r} is not an ISO 8601 time, as 2027-06-07 or 2027-06-07T12:00") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)
