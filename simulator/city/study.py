"""What is to be simulated, as one value, and one run of it: layouts, scenarios and policies with the same chance.

All chance of replication r hangs on the study's seed and on r alone: its calls and its outages are the same in every
layout, under every policy and in every scenario (common random numbers), so that a difference is one of what was
changed. A run depends on nothing but the study and its own :class:`Case`; whoever does the runs, in whatever order,
:func:`results` is the same to the byte.
"""

import copyreg
import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dispatch.model import Situation
from dispatch.policies import policy_of
from geo.terrain import Terrain, recall, remember
from simulator.city.experiment import Replications
from simulator.city.fitted import Fitted, generate
from simulator.city.ground import Units, by_road
from simulator.city.history import ROWS
from simulator.city.kpi import Kpis, kpis
from simulator.city.outages import NO_OUTAGES, Outages, with_drawn
from simulator.city.outcome_file import OutcomeFile, RecordedRun, bases_of, drones_of, outcome_path
from simulator.city.rows import CALL, Calls, Outcomes, Places
from simulator.city.run import NO_TROUBLE, Trouble, simulate
from simulator.city.tally import Tally
from simulator.city.totals import Totals, little
from simulator.city.warm_up import WARM_UP_S
from simulator.city.weather import WEATHERS, Weather, steady, timeline
from simulator.city.world import MOST_NODES, World, build

_CHANCE = 102
"""The branch of a seed that is drawn from here; no other part of the simulator takes it."""

WORLDS_KEPT = 2
"""Worlds that a process keeps; each may have hundreds of megabytes."""


def _read_only(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


copyreg.pickle(MappingProxyType, lambda mapping: (_read_only, (dict(mapping),)))  # situations are made of them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """What happens to a city.

    Recorded ``calls`` are the same in every replication but for the ``chance`` of each, which is drawn anew. Without
    ``weather`` it is the layout's own; ``units`` on the ground, where given, tell the calls' ``ground_s``.
    """

    calls: Calls | Fitted
    weather: Weather | None = None
    units: Units | None = None
    trouble: Trouble = NO_TROUBLE
    outages: Outages = NO_OUTAGES


def by_chance(trouble: Trouble, outages: Outages) -> bool:
    """Whether any of it differs between replications of the same calls."""
    return trouble.refused_share > 0 or trouble.lost_per_hour > 0 or outages != NO_OUTAGES


class Setting(NamedTuple):
    """What is compared: names of a study's layout, scenario and policy."""

    layout: str
    scenario: str
    policy: str


class Case(NamedTuple):
    """One run."""

    layout: str
    scenario: str
    policy: str
    replication: int

    @property
    def setting(self) -> Setting:
        """What it is a replication of."""
        return Setting(self.layout, self.scenario, self.policy)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """Every layout in every scenario under every policy, so many ``replications`` of each.

    A layout is a city with its bases and drones (its situation, all of them idle), or a world of bare tables. Calls lie
    on ``places``. A run goes from ``from_s`` until ``until_s`` (seconds since 1970, UTC), and is measured from
    ``warm_up_s`` after its beginning on; hours are told by the clock of ``time_zone``. ``policies`` are named as for
    :func:`~dispatch.policies.policy_of`. Weather is put together to at most ``weathers``; ``nodes`` as for
    :func:`~simulator.city.world.build`.

    Raises ``ValueError`` for what cannot be run, ``PolicyError`` for a policy that is not known.
    """

    layouts: Mapping[str, Situation | World]
    scenarios: Mapping[str, Scenario]
    policies: tuple[str, ...]
    places: Places
    from_s: float
    until_s: float
    warm_up_s: float = WARM_UP_S
    replications: int = 1
    seed: int = 0
    time_zone: str = "UTC"
    weathers: int = WEATHERS
    nodes: int = MOST_NODES
    city: str = ""
    """Its name, for who reads recorded runs."""

    def __post_init__(self) -> None:
        for name in ("layouts", "scenarios", "policies"):
            if not getattr(self, name):
                raise ValueError(f"a study without {name}: nothing can be run")
        if len(set(self.policies)) < len(self.policies):
            raise ValueError(f"a policy is named twice: {', '.join(self.policies)}")
        if self.replications < 1 or self.seed < 0:
            raise ValueError(f"replications = {self.replications} must be at least 1, seed = {self.seed} at least 0")
        if not (np.isfinite(self.until_s) and self.warm_up_s >= 0 and self.measured_from_s < self.until_s):
            raise ValueError(
                f"from {self.from_s} s until {self.until_s} s with a warm-up of {self.warm_up_s} s: nothing is measured"
            )
        for policy in self.policies:
            policy_of(policy)
        for name, scenario in self.scenarios.items():
            self._check(name, scenario)

    @property
    def measured_from_s(self) -> float:
        """The end of the warm-up."""
        return self.from_s + self.warm_up_s

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All that are compared, in their order."""
        return tuple(
            Setting(layout, scenario, policy)
            for layout in self.layouts
            for scenario in self.scenarios
            for policy in self.policies
        )

    @property
    def cases(self) -> tuple[Case, ...]:
        """All runs, in their order: replications are innermost, layouts outermost."""
        return tuple(Case(*setting, r) for setting in self.settings for r in range(self.replications))

    @property
    def by_replication(self) -> tuple[Case, ...]:
        """All runs in the order for who may stop before the last: replications are outermost."""
        return tuple(Case(*setting, r) for r in range(self.replications) for setting in self.settings)

    def _check(self, name: str, scenario: Scenario) -> None:
        """Whether its calls are of these layouts, and its replications more than one run told again."""
        for layout, city in self.layouts.items():
            types = city.types if isinstance(city, World) else tuple(sorted(city.types))
            if isinstance(city, World) and (scenario.weather is not None or len(city.places) != len(self.places)):
                raise ValueError(f"layout {layout!r} is of bare tables: it has no weather, and places of its own")
            if isinstance(scenario.calls, Fitted) and scenario.calls.types != types:
                raise ValueError(
                    f"scenario {name!r} has calls of the types {', '.join(scenario.calls.types)}, layout {layout!r} "
                    f"of {', '.join(types)}"
                )
        if isinstance(scenario.calls, Fitted):
            if scenario.calls.place_shares.shape[1] != len(self.places):
                raise ValueError(f"scenario {name!r} has calls on other places than the study's {len(self.places)}")
            return
        if scenario.calls.dtype != CALL:
            raise ValueError(f"scenario {name!r}: calls are no rows of CALL")
        chance = by_chance(scenario.trouble, scenario.outages) or scenario.units is not None
        if self.replications > 1 and not chance:
            raise ValueError(
                f"scenario {name!r}: recorded calls without trouble or outages leave nothing to chance, so that "
                f"{self.replications} replications were all one run; ask for one, or fit a model to the calls"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunResult:
    """What one run tells."""

    kpis: Kpis
    tally: Tally
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """All replications of one setting: their figures, everything counted together, and the sums of each."""

    replications: Replications
    tally: Tally
    totals: tuple[Totals, ...]

    @property
    def little_off(self) -> float:
        """The most by which the two sides of Little's law differed in a run, as a share of them."""
        return max(little(one) for one in self.totals)

    def to_bytes(self) -> bytes:
        """All of it; runs that are the same give the same."""
        parts = [run.to_bytes() for run in self.replications.kpis]
        sums = [np.concatenate([np.atleast_1d(part) for part in asdict(one).values()]).tobytes() for one in self.totals]
        return b"".join([repr(self.replications.seeds).encode(), *parts, self.tally.to_bytes(), *sums])


Results = Mapping[Setting, Runs]


def run_one(
    study: Study, layout: str, policy: str, scenario: str, replication: int, *, record: Path | None = None
) -> RunResult:
    """One run. Its world is built, unless this process has built it lately.

    ``record``: the folder below which the outcomes of all calls are kept as Parquet, in
    ``layout=…/scenario=…/policy=…/replication=…/outcomes.parquet`` (:mod:`simulator.city.outcome_file`). Raises
    ``ValueError``, ``RunError``, ``OSError``.
    """
    case = Case(layout, scenario, policy, replication)
    file = None if record is None else outcome_path(record, **case._asdict())
    return run_in(world_of(recipe_of(study, layout, scenario)), study, case, record=file)


def run_in(world: World, study: Study, case: Case, *, record: Path | None = None) -> RunResult:
    """As :func:`run_one`, in a world that is there; ``record`` is the very file."""
    scenario = study.scenarios[case.scenario]
    seed = seed_of(study, case.replication)
    world = with_drawn(world, scenario.outages, study.from_s, study.until_s, seed=seed)
    tally = _tally(study, world.rules.promise_s)
    file = None if record is None else OutcomeFile(record, world, _about(study, case, world))
    with file or nullcontext():

        def sink(rows: Outcomes) -> None:
            tally.add(rows)
            if file is not None:
                file.write(rows)

        totals = simulate(
            world,
            calls_of(study, case.scenario, case.replication),
            policy_of(case.policy),
            sink,
            from_s=study.from_s,
            until_s=study.until_s,
            measured_from_s=study.measured_from_s,
            trouble=scenario.trouble,
        )
    return RunResult(kpis=kpis(tally, totals), tally=tally, totals=totals)


def _about(study: Study, case: Case, world: World) -> RecordedRun:
    return RecordedRun(
        **case._asdict(),
        city=study.city,
        seed=study.seed,
        from_s=study.from_s,
        measured_from_s=study.measured_from_s,
        until_s=study.until_s,
        time_zone=study.time_zone,
        promise_s=world.rules.promise_s,
        bases=bases_of(world),
        drones=drones_of(world),
    )


def _tally(study: Study, promise_s: float) -> Tally:
    return Tally(
        study.places,
        promise_s=promise_s,
        from_s=study.measured_from_s,
        until_s=study.until_s,
        time_zone=study.time_zone,
    )


def seed_of(study: Study, replication: int) -> int:
    """What all chance of a replication hangs on."""
    low, high = np.random.SeedSequence(study.seed, spawn_key=(_CHANCE, replication)).generate_state(2, np.uint64)
    return int(low) | int(high) << 64


def calls_of(study: Study, scenario: str, replication: int) -> Iterator[Calls]:
    """The calls of a replication, whatever the layout and the policy."""
    told, seed = study.scenarios[scenario], seed_of(study, replication)
    if isinstance(told.calls, Fitted):
        blocks = generate(told.calls, study.from_s, study.until_s, seed=seed)
    else:
        blocks = _recorded(told.calls, study.from_s, study.until_s, seed)
    return blocks if told.units is None else by_road(blocks, told.units, seed=seed)


def _recorded(calls: Calls, from_s: float, until_s: float, seed: int) -> Iterator[Calls]:
    chance = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_CHANCE,)))
    low, high = np.searchsorted(calls["at_s"], [from_s, until_s]).tolist()
    for begin in range(low, high, ROWS):
        rows = calls[begin : min(begin + ROWS, high)].copy()
        rows["chance"] = chance.random(len(rows))
        yield rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a world is made of. Two that are made of the same are equal: ``digest`` is of all the rest."""

    digest: str
    layout: Situation | World = field(compare=False)
    weather: Weather | None = field(compare=False)
    places: Places = field(compare=False)
    from_s: float = field(compare=False)
    until_s: float = field(compare=False)
    weathers: int = field(compare=False)
    nodes: int = field(compare=False)
    terrain: Terrain | None = field(compare=False)
    """That the layout names: another process must be told it."""


def recipe_of(study: Study, layout: str, scenario: str) -> Recipe:
    """What the world of a layout in a scenario is made of. Raises ``TerrainError`` for terrain never read."""
    city = study.layouts[layout]
    terrain = recall(city.terrain) if isinstance(city, Situation) and city.terrain else None
    weather = study.scenarios[scenario].weather
    parts = (city, weather, study.places, study.from_s, study.until_s, study.weathers, study.nodes)
    return Recipe(
        digest=hashlib.sha256(pickle.dumps(parts, protocol=5)).hexdigest(),
        layout=city,
        weather=weather,
        places=study.places,
        from_s=study.from_s,
        until_s=study.until_s,
        weathers=study.weathers,
        nodes=study.nodes,
        terrain=terrain,
    )


@lru_cache(maxsize=WORLDS_KEPT)
def world_of(recipe: Recipe) -> World:
    """As :func:`made`; this process keeps the last few."""
    return made(recipe)


def made(recipe: Recipe, tell: Callable[[float], None] = lambda _share: None) -> World:
    """The world that a recipe is of; ``tell`` hears how much of it is done. Raises ``ValueError``, ``WeatherError``."""
    city = recipe.layout
    if isinstance(city, World):
        return city
    if recipe.terrain is not None:
        remember(recipe.terrain)
    weather = recipe.weather or steady(city, recipe.from_s)
    line = timeline(city, weather, recipe.from_s, recipe.until_s, weathers=recipe.weathers)
    scenes = [scene.of(city) for scene in line.scenes]
    return build(scenes, recipe.places, scene_from_s=line.starts_s, scene_is=line.scene, nodes=recipe.nodes, tell=tell)


def whole(study: Study, told: Iterable[tuple[Case, RunResult]]) -> Iterator[tuple[Case, RunResult]]:
    """Of the runs that are ``told`` those of replications that every setting has, from the first one on.

    The others are held back: who ends half-way compares nobody with what another alone has met.
    """
    held: dict[int, list[tuple[Case, RunResult]]] = {}
    upto = 0
    for case, run in told:
        held.setdefault(case.replication, []).append((case, run))
        while len(held.get(upto, ())) == len(study.settings):
            yield from held.pop(upto)
            upto += 1


def results(study: Study, told: Iterable[tuple[Case, RunResult]]) -> Results:
    """The runs that are ``told`` put together, in the study's order, in whatever order they come.

    All settings must have the same replications, the first one and those after it, though not all that the study asks
    for; where nothing is told, nothing is put together. Raises ``ValueError`` where one is missing.
    """
    runs: dict[Setting, dict[int, tuple[Kpis, Totals]]] = {setting: {} for setting in study.settings}
    tallies: dict[Setting, Tally] = {}
    for case, run in told:
        runs[case.setting][case.replication] = run.kpis, run.totals
        tally = tallies.setdefault(case.setting, _tally(study, run.tally.promise_s))
        tally.merge(run.tally)  # of whole numbers, in whatever order
    if not tallies:
        return {}
    count = 1 + max(r for told_of in runs.values() for r in told_of)
    for setting, told_of in runs.items():
        for r in range(count):
            if r not in told_of:
                raise ValueError(f"{Case(*setting, r)} was not run")
    return {
        setting: Runs(
            replications=Replications(seeds=tuple(range(count)), kpis=tuple(told_of[r][0] for r in range(count))),
            tally=tallies[setting],
            totals=tuple(told_of[r][1] for r in range(count)),
        )
        for setting, told_of in runs.items()
    }
