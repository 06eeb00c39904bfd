"""A simulation run: every layout under every policy, with all its replications, and what holds of the promise."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from api.simulating.prepare import Prepared, prepare
from api.simulating.study import Study
from dispatch.coverage.interrupt import listening
from simulator.city.experiment import Replications, Verdict, verdict
from simulator.city.outcome_file import remove_unfinished
from simulator.city.regret import Regret, bounds_of, regret, waits_of
from simulator.city.study import Case, RunResult, Setting, recipe_of, results, whole, world_of
from simulator.city.study import Study as CityStudy
from simulator.city.sweep import Progress, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who watches a study: hears what is done, and may end it."""

    tell: Callable[[str, float], None] = lambda _what, _share: None
    """Told what is done, and the share of it that is."""
    cancelled: Callable[[], bool] = lambda: False


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
    regret: Regret | None
    """How far it stays behind who knew all calls; None where that was not asked for, or not found out any more."""

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
        promised = self.prepared.asked.promised
        return {
            priority: verdict(arm.runs, promised=promised, within_s=self.promise_s, priority=priority)
            for priority in (None, *seen)
        }


def run(
    asked: Study,
    watch: Watch | None = None,
    *,
    record: Path | None = None,
    workers: int = 0,
    cluster: str | None = None,
    clock: Callable[[], float] = monotonic,
) -> Done:
    """Read, build, simulate, count; by whom it is done (``workers``, ``cluster``) is as in
    :func:`simulator.city.sweep.sweep`, and changes no figure.

    The first replication of each arm is written into the folder ``record``, to be looked at; who runs it must see that
    folder. Ctrl-C or ``watch.cancelled`` keeps the replications that all arms have; where there is none it raises
    ``KeyboardInterrupt``. Raises what :func:`~api.simulating.prepare.prepare` does, ``RunError`` and ``SweepError``,
    with what is wrong and where.
    """
    seen = watch or Watch()
    began_s = clock()
    with listening() as interrupt:

        def told(what: str, share: float) -> None:
            seen.tell(what, share)
            if interrupt.heard or seen.cancelled():
                raise KeyboardInterrupt

        def heard(one: Progress) -> None:
            if one.worlds < one.of_worlds:
                told("flight times", one.worlds / one.of_worlds)
            else:
                told("simulating", one.runs / one.of_runs)

        told("reading", 0.0)
        prepared = prepare(asked)
        study = prepared.study
        files: dict[Case, Path] = {}
        if record is not None:
            files = {Case(*one, 0): record / f"run-{k}.parquet" for k, one in enumerate(study.settings, 1)}

        def until_stopped() -> Iterator[tuple[Case, RunResult]]:
            try:
                yield from runs(
                    study, study.by_replication, workers=workers, cluster=cluster, record=files.get, tell=heard
                )
            except KeyboardInterrupt:
                return
            finally:
                for path in files.values():
                    remove_unfinished(path)

        together = results(study, whole(study, until_stopped()))
        if not together:
            raise KeyboardInterrupt
        regrets: dict[Setting, Regret] = {}
        if asked.regret:
            count = min(len(one.replications.seeds) for one in together.values())
            with contextlib.suppress(KeyboardInterrupt):
                regrets.update(_regrets(replace(study, replications=count), told))
    arms = tuple(
        Arm(
            layout=setting.layout,
            policy=setting.policy,
            runs=one.replications,
            by_place=one.tally.by_place,
            little_off=one.little_off,
            regret=regrets.get(setting),
        )
        for setting, one in together.items()
    )
    return Done(
        prepared=prepared,
        arms=arms,
        recorded=tuple(path for path in files.values() if path.exists()),
        stopped=len(arms[0].runs.seeds) < asked.replications,
        took_s=clock() - began_s,
    )


def _regrets(study: CityStudy, told: Callable[[str, float], None]) -> Iterator[tuple[Setting, Regret]]:
    """Of every setting, all its replications run again beside their bounds."""
    arms, done = len(study.settings) + len(study.layouts) * len(study.scenarios), 0
    for layout in study.layouts:
        for scenario in study.scenarios:
            told("bounds", done / arms)
            world = world_of(recipe_of(study, layout, scenario))
            bounds = bounds_of(world, study, scenario)
            done += 1
            for policy in study.policies:
                told("regret", done / arms)
                setting = Setting(layout, scenario, policy)
                runs = [waits_of(world, study, Case(*setting, r)) for r in range(study.replications)]
                done += 1
                yield setting, regret(runs, bounds)
