"""A study: which files and words a simulation is made from, read, run, and kept together so that it can be redone."""

import contextlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from api.given import wind_of
from api.planning.inputs import Input, input_of
from api.simulating.layouts import Layout, read_layouts
from dispatch.city import City, situation_of
from dispatch.coverage.interrupt import listening
from dispatch.demand import CELL_M
from dispatch.idle import idle
from dispatch.policies import Policy, policy_of
from simulator.city.experiment import Replications, Verdict, verdict
from simulator.city.fitted import Fitted, fit, from_city, generate
from simulator.city.history import recorded
from simulator.city.kpi import Kpis, kpis
from simulator.city.outcome_file import OutcomeFile, RecordedRun, bases_of, drones_of
from simulator.city.places import places_of_records
from simulator.city.rows import Calls, Outcomes, Places
from simulator.city.run import NO_TROUBLE, Trouble, simulate
from simulator.city.tally import Tally
from simulator.city.totals import little
from simulator.city.warm_up import WARM_UP_S
from simulator.city.weather import read_weather, steady, timeline
from simulator.city.world import World, build
from simulator.local_time import DAY_S, days_covered, local_s
from simulator.records import read_calls

DAYS = 28.0
WEEK = 7
REPLICATIONS = 20
USUAL = ("nearest-able",)

SCENARIO = "asked"
"""A simulation has one scenario: what is asked for."""


class SimulationError(ValueError):
    """A simulation that cannot be meant; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSource:
    """Which records, and what is made of them."""

    path: Path
    fitted: bool = True
    """Calls are drawn from a model fitted to the records, and not replayed."""
    datum: str | None = None
    time_zone: str | None = None
    """Of times that state none; None: the city's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """All that a simulation is made from. ``plans`` are cities and layouts as in :func:`read_layouts`."""

    plans: tuple[str, ...]
    policies: tuple[str, ...] = USUAL
    city: str | None = None
    calls: CallSource | None = None
    """None: the city's own call model."""
    growth: float = 1.0
    """So many times the calls, where they are drawn."""
    begins: str | None = None
    """The first measured local day or instant, ISO 8601; None: the Monday after the records, or 2026-01-05."""
    ends: str | None = None
    days: float | None = None
    """How long is measured, where ``ends`` is not given."""
    warm_up_s: float = WARM_UP_S
    """Simulated before that, and not measured."""
    replications: int = REPLICATIONS
    seed: int = 1
    """Of the first replication; the others have the numbers after it."""
    promised: float = 0.9
    """The share of incidents that is to have a drone on scene within the city's promise."""
    wind: str | None = None
    """``6@300``; None: the city's."""
    weather: Path | None = None
    trouble: Trouble = NO_TROUBLE
    cell_m: float = CELL_M
    """Calls lie on the middles of cells of this size."""

    def __post_init__(self) -> None:
        if not self.plans or not self.policies:
            raise SimulationError("nothing to simulate: give a city or a layout, and a policy")
        if len(set(self.policies)) < len(self.policies):
            raise SimulationError(f"policies {', '.join(self.policies)}: one is named twice")
        if self.replications < 1 or self.seed < 0:
            raise SimulationError(f"{self.replications} replications from seed {self.seed}: give 1 or more, from 0 on")
        if not (0 < self.promised <= 1 and 0 <= self.warm_up_s < math.inf and 0 <= self.growth < math.inf):
            raise SimulationError(
                f"promised {self.promised} (above 0, at most 1), warm-up {self.warm_up_s} s and growth {self.growth} "
                "(finite and ≥ 0) cannot be"
            )
        if self.weather is not None and self.wind is not None:
            raise SimulationError("give a wind or a file of weather, not both")
        if self.ends is not None and self.days is not None:
            raise SimulationError("give an end or a number of days, not both")
        if self.days is not None and not 0 < self.days <= 3660:
            raise SimulationError(f"{self.days} days: give more than 0, at most ten years")
        replayed = self.calls is not None and not self.calls.fitted
        if replayed and self.growth != 1:
            raise SimulationError("records that are replayed do not grow: fit a model to them")
        by_chance = self.trouble.refused_share > 0 or self.trouble.lost_per_hour > 0
        if replayed and self.replications > 1 and not by_chance:
            raise SimulationError(
                "records that are replayed are the same in every replication, and nothing else is left to chance: ask "
                "for one replication, or fit a model to the records"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who watches a study: hears what is done, and may end it."""

    tell: Callable[[str, float], None] = lambda _what, _share: None
    """Told what is done, and the share of it that is."""
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when on it is simulated, and what of it is measured; seconds since 1970 (UTC)."""

    from_s: float
    measured_from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A study with its files read. ``calls_of(seed)`` are the calls of a replication, in blocks."""

    study: Study
    layouts: tuple[Layout, ...]
    policies: tuple[Policy, ...]
    places: Places
    span: Span
    calls_of: Callable[[int], Iterable[Calls]]
    calls_told: str
    inputs: tuple[Input, ...]

    @property
    def city(self) -> City:
        """The city that all layouts are of."""
        return self.layouts[0].city


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arm:
    """A layout under a policy, with all its replications."""

    layout: str
    policy: str
    runs: Replications
    by_place: NDArray[np.int64]
    """[place, Cell] of all replications together."""
    little_off: float
    """The most by which the two sides of Little's law differed in a replication, as a share of them."""

    @property
    def name(self) -> str:
        return f"{self.layout}, {self.policy}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Done:
    """A study and its runs. The first arm is what the others are compared with."""

    prepared: Prepared
    arms: tuple[Arm, ...]
    recorded: tuple[Path, ...]
    """The files of the first replication of each arm, where they were asked for."""
    stopped: bool
    took_s: float

    @property
    def promise_s(self) -> float:
        return self.prepared.city.rules.promise_s

    def verdicts(self, arm: Arm) -> dict[int | None, Verdict]:
        """Whether the promise holds, for all incidents (None) and for each priority that there is."""
        seen = [p + 1 for p in range(5) if any(run.by_priority.incidents[p] for run in arm.runs.kpis)]
        promised = self.prepared.study.promised
        return {
            priority: verdict(arm.runs, promised=promised, within_s=self.promise_s, priority=priority)
            for priority in (None, *seen)
        }


@dataclass(slots=True)
class _Runs:
    """An arm while it grows."""

    layout: Layout
    policy: Policy
    world: World
    kpis: list[Kpis] = field(default_factory=list)
    by_place: list[NDArray[np.int64]] = field(default_factory=list)
    little_off: float = 0.0


def run(
    study: Study, watch: Watch | None = None, *, record: Path | None = None, clock: Callable[[], float] = monotonic
) -> Done:
    """Read, build, simulate, count.

    The first replication of each arm is written into the folder ``record``, to be looked at. Ctrl-C or
    ``watch.cancelled`` keeps the replications that all arms have; where there is none it raises ``KeyboardInterrupt``.
    Raises ``ValueError`` (also :class:`SimulationError`, ``CityError``, ``RecordsError``) and ``RunError`` with what is
    wrong and where.
    """
    seen = watch or Watch()
    began_s = clock()
    with listening() as interrupt:

        def stop() -> bool:
            return interrupt.heard or seen.cancelled()

        def told(what: str, share: float) -> None:
            seen.tell(what, share)
            if stop():
                raise KeyboardInterrupt

        told("reading", 0.0)
        prepared = prepare(study)
        worlds = [_world(prepared, layout, told) for layout in prepared.layouts]
        arms = [
            _Runs(layout=layout, policy=policy, world=world)
            for layout, world in zip(prepared.layouts, worlds, strict=True)
            for policy in prepared.policies
        ]
        files: list[Path] = []
        for k in range(study.replications):
            try:
                for number, arm in enumerate(arms):
                    told("simulating", (k + number / len(arms)) / study.replications)
                    file = None if record is None or k else record / f"run-{number + 1}.parquet"
                    _replicate(prepared, arm, k, file)
                    files += [] if file is None else [file]
            except KeyboardInterrupt:
                break
        whole = min(len(arm.kpis) for arm in arms)
        if not whole:
            raise KeyboardInterrupt
    seeds = tuple(range(study.seed, study.seed + whole))
    return Done(
        prepared=prepared,
        arms=tuple(
            Arm(
                layout=arm.layout.name,
                policy=arm.policy.name,
                runs=Replications(seeds=seeds, kpis=tuple(arm.kpis[:whole])),
                by_place=np.sum(arm.by_place[:whole], axis=0),
                little_off=arm.little_off,
            )
            for arm in arms
        ),
        recorded=tuple(files),
        stopped=whole < study.replications,
        took_s=clock() - began_s,
    )


def prepare(study: Study) -> Prepared:
    """The files of a study read and checked. Raises as :func:`run` does."""
    policies = tuple(policy_of(name) for name in study.policies)
    layouts, inputs = read_layouts(study.plans, study.city)
    city = layouts[0].city
    zone = ZoneInfo(city.time_zone)
    if study.calls is None:
        model, places = from_city(city, cell_m=study.cell_m)
        span = _span(study, zone, None)
        told = f"the call model of {city.name}: {model.per_day * study.growth:,.1f} incidents a day"
        return Prepared(
            study=study, layouts=layouts, policies=policies, places=places, span=span,
            calls_of=_drawn(model.grown(study.growth), span), calls_told=told, inputs=inputs,
        )  # fmt: skip
    source = study.calls
    records = read_calls(source.path, time_zone=source.time_zone or city.time_zone, datum=source.datum)
    if not city.types:
        raise SimulationError(f"{city.name} has no incident types: name the city that {study.plans[0]} is for")
    places = places_of_records(records, city.frame, named=city.places, cell_m=study.cell_m)
    history = recorded(records, places, city.frame, city.types, seed=study.seed)
    if not len(history):
        raise SimulationError(f"{source.path.name}: no call of a type that {city.name} has")
    left = "".join(f"; {tally.count:,} {tally.reason} ({tally.example})" for tally in (*records.refused, *history.told))
    inputs = (*inputs, input_of(source.path, f"{len(history):,} calls of {records.read:,} rows{left}"))
    span = _span(study, zone, history.calls)
    if source.fitted:
        covered_days = len(days_covered(local_s(history.calls["at_s"], zone)))
        if covered_days < WEEK:
            raise SimulationError(
                f"{source.path.name}: calls of {covered_days} days; a model needs those of every hour of a week. "
                "They can be replayed"
            )
        model = fit(history, places, time_zone=city.time_zone).grown(study.growth)
        calls_of = _drawn(model, span)
        told = f"a model fitted to {source.path.name}: {model.per_day:,.1f} incidents a day"
    else:
        calls_of = _replayed(history.calls, span)
        told = f"{source.path.name}, replayed"
    return Prepared(
        study=study, layouts=layouts, policies=policies, places=places, span=span, calls_of=calls_of, calls_told=told,
        inputs=inputs,
    )  # fmt: skip


def _drawn(model: Fitted, span: Span) -> Callable[[int], Iterable[Calls]]:
    return lambda seed: generate(model, span.from_s, span.until_s, seed=seed)


def _replayed(calls: Calls, span: Span) -> Callable[[int], Iterable[Calls]]:
    """The calls of the span; what the records leave to chance is drawn by the seed."""
    low, high = np.searchsorted(calls["at_s"], [span.from_s, span.until_s])
    if low == high:
        raise SimulationError("no call of the records lies in the time that is to be simulated")

    def of(seed: int) -> Iterable[Calls]:
        rows = calls[low:high].copy()
        rows["chance"] = np.random.default_rng(seed).random(len(rows))
        return (rows,)

    return of


def _span(study: Study, zone: ZoneInfo, calls: Calls | None) -> Span:
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
    span = Span(from_s=begins.timestamp() - study.warm_up_s, measured_from_s=begins.timestamp(), until_s=until_s)
    if not 0 <= span.from_s <= span.measured_from_s < span.until_s:
        raise SimulationError(
            f"nothing is left to measure from {begins:%Y-%m-%d %H:%M} until "
            f"{datetime.fromtimestamp(until_s, zone):%Y-%m-%d %H:%M}, after {study.warm_up_s / 3600:g} h of warm-up"
        )
    return span


def _instant(text: str, zone: ZoneInfo, what: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise SimulationError(f"{what} {text!r} is not an ISO 8601 time, as 2027-06-07 or 2027-06-07T12:00") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def _world(prepared: Prepared, layout: Layout, told: Callable[[str, float], None]) -> World:
    """The layout's tables, in each scene of the weather that is given."""
    study, span = prepared.study, prepared.span
    situation = idle(situation_of(layout.city, span.from_s))
    if study.wind is not None:
        situation = replace(situation, wind=wind_of(study.wind))
    if study.weather is None:
        weather = steady(situation, span.from_s)
    else:
        weather = read_weather(study.weather, time_zone=layout.city.time_zone)
    scenes = timeline(situation, weather, span.from_s, span.until_s)
    what = f"flight times of {layout.name}, {len(scenes.scenes)} scenes of weather and zones"
    return build(
        [scene.of(situation) for scene in scenes.scenes],
        prepared.places,
        scene_from_s=scenes.starts_s,
        scene_is=scenes.scene,
        tell=lambda share: told(what, share),
    )


def _replicate(prepared: Prepared, arm: _Runs, replication: int, file: Path | None) -> None:
    """One replication, counted; and written row by row where there is a file."""
    span, city = prepared.span, prepared.city
    tally = Tally(
        prepared.places,
        promise_s=city.rules.promise_s,
        from_s=span.measured_from_s,
        until_s=span.until_s,
        time_zone=city.time_zone,
    )
    sink: Callable[[Outcomes], None] = tally.add
    with contextlib.ExitStack() as stack:
        if file is not None:
            about = RecordedRun(
                city=city.name,
                layout=arm.layout.name,
                scenario=SCENARIO,
                policy=arm.policy.name,
                replication=replication,
                seed=prepared.study.seed,
                from_s=span.from_s,
                measured_from_s=span.measured_from_s,
                until_s=span.until_s,
                time_zone=city.time_zone,
                promise_s=city.rules.promise_s,
                bases=bases_of(arm.world),
                drones=drones_of(arm.world),
            )
            recorder = stack.enter_context(OutcomeFile(file, arm.world, about))

            def sink(rows: Outcomes) -> None:
                tally.add(rows)
                recorder.write(rows)

        totals = simulate(
            arm.world,
            prepared.calls_of(prepared.study.seed + replication),
            arm.policy,
            sink,
            from_s=span.from_s,
            until_s=span.until_s,
            measured_from_s=span.measured_from_s,
            trouble=prepared.study.trouble,
        )
    arm.little_off = max(arm.little_off, little(totals))
    arm.kpis.append(kpis(tally, totals))
    arm.by_place.append(tally.by_place.copy())
