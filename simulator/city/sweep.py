"""All runs of a study: in this process, in processes of this machine, or on a Dask cluster, with the same result.

Each layout's tables are made once, by one worker, and handed to those that need them. Whatever is lost with a worker is
made again by another: the scheduler knows of every table and every run what it is made of. What comes back is put
together in the study's order.
"""

import logging
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import dask
from distributed import (
    CancelledError,
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Security,
    as_completed,
)
from distributed.comm import CommClosedError

from simulator.background import step_back
from simulator.city.outcome_file import outcome_path
from simulator.city.study import (
    Case,
    Recipe,
    Results,
    RunResult,
    Study,
    made,
    recipe_of,
    results,
    run_in,
)
from simulator.city.world import World

CONNECT_WITHIN_S = 10.0
"""So long a cluster may take to answer, and to have a worker."""


LOOK_EVERY_S = 0.1
"""So often it is seen whether workers have done something."""


class SweepError(RuntimeError):
    """A sweep that workers could not do; the message says which cluster or which run, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sweep is."""

    worlds: float
    """Tables of layouts that are made; one that is made in this process counts as far as it is."""
    of_worlds: int
    runs: int
    of_runs: int


Tell = Callable[[Progress], None]
"""Is told whenever something is done, and now and then while it waits for workers. What it raises ends the sweep."""

Record = Callable[[Case], Path | None]
"""The file that keeps the outcomes of a run, if any."""


def sweep(
    study: Study,
    *,
    workers: int = 0,
    cluster: str | None = None,
    record: Path | None = None,
    tell: Tell = lambda _progress: None,
) -> Results:
    """All runs of a study, the same to the byte whoever does them: this process (``workers`` 0 or 1), so many processes
    of this machine, or the workers of the Dask ``cluster`` at an address such as ``tcp://host:8786``.

    A script that asks for workers must be one that can be imported (``if __name__ == "__main__":``), for each begins by
    importing it. ``record``: as for :func:`~simulator.city.study.run_one`; workers of a cluster must share that folder.
    Raises :class:`SweepError`, and what a run raises.
    """
    return results(study, runs(study, study.cases, workers=workers, cluster=cluster, record=_below(record), tell=tell))


def sweep_on(
    client: Client, study: Study, *, record: Path | None = None, tell: Tell = lambda _progress: None
) -> Results:
    """As :func:`sweep`, on the workers of a client."""
    return results(study, _on(client, study, study.cases, _below(record), tell))


def runs(
    study: Study,
    cases: Sequence[Case],
    *,
    workers: int = 0,
    cluster: str | None = None,
    record: Record = lambda _case: None,
    tell: Tell = lambda _progress: None,
) -> Iterator[tuple[Case, RunResult]]:
    """Runs of a study, done by whom :func:`sweep` says, each as soon as it is done; those named first begin first.

    This process keeps the tables of a layout until the last of ``cases`` that needs them. Raises as :func:`sweep` does.
    """
    if cluster is not None:
        with connected(cluster) as client:
            yield from _on(client, study, cases, record, tell)
    elif workers > 1:
        with local_workers(workers) as client:
            yield from _on(client, study, cases, record, tell)
    else:
        yield from _here(study, cases, record, tell)


def _below(folder: Path | None) -> Record:
    """Every run has its file below ``folder``."""
    return lambda case: None if folder is None else outcome_path(folder, **case._asdict())


def _here(study: Study, cases: Sequence[Case], record: Record, tell: Tell) -> Iterator[tuple[Case, RunResult]]:
    recipes = _recipes(study)
    needed = Counter(recipes[case.layout, case.scenario] for case in cases)
    of_worlds, made_worlds, done = len(needed), 0, 0
    worlds: dict[Recipe, World] = {}

    def grown(share: float = 0.0) -> None:
        tell(Progress(worlds=made_worlds + share, of_worlds=of_worlds, runs=done, of_runs=len(cases)))

    grown()
    for case in cases:
        recipe = recipes[case.layout, case.scenario]
        if recipe not in worlds:
            worlds[recipe] = made(recipe, grown)
            made_worlds += 1
            grown()
        yield case, run_in(worlds[recipe], study, case, record=record(case))
        done += 1
        needed[recipe] -= 1
        if not needed[recipe]:
            del worlds[recipe]
        grown()


def _recipes(study: Study) -> dict[tuple[str, str], Recipe]:
    """By layout and scenario. Those that are equal are one world."""
    return {(layout, scenario): recipe_of(study, layout, scenario) for layout, scenario, _ in study.settings}


def _on(
    client: Client, study: Study, cases: Sequence[Case], record: Record, tell: Tell
) -> Iterator[tuple[Case, RunResult]]:
    recipes = _recipes(study)
    worlds: dict[Recipe, Future] = {}
    asked: dict[Future, Case] = {}
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
        # Not scattered: what is scattered is lost with its worker, while a task's arguments stay with the scheduler.
        held = client.submit(_same, study, pure=False)
        for number, case in enumerate(cases):
            recipe = recipes[case.layout, case.scenario]
            if recipe not in worlds:
                worlds[recipe] = client.submit(made, recipe, pure=False)
            run = client.submit(_run, worlds[recipe], held, case, record(case), pure=False, priority=-number)
            asked[run] = case
    pending, of_worlds, of_runs = as_completed([*worlds.values(), *asked], loop=client.loop), len(worlds), len(asked)
    worlds.clear()  # one is kept by the scheduler while a run needs it, and no longer
    made_worlds = runs = 0
    while not pending.is_empty():
        tell(Progress(worlds=made_worlds, of_worlds=of_worlds, runs=runs, of_runs=of_runs))
        if not pending.has_ready():
            time.sleep(LOOK_EVERY_S)
            continue
        future = next(pending)
        case_done = asked.pop(future, None)
        _check(future, "the tables of a layout" if case_done is None else str(case_done))
        if case_done is None:
            made_worlds += 1
        else:
            runs += 1
            yield case_done, _told(future, case_done)
    tell(Progress(worlds=made_worlds, of_worlds=of_worlds, runs=runs, of_runs=of_runs))


def _same(study: Study) -> Study:
    return study


def _run(world: World, study: Study, case: Case, record: Path | None) -> RunResult:
    return run_in(world, study, case, record=record)


def _check(future: Future, what: str) -> None:
    if future.status == "cancelled":
        raise SweepError(f"{what}: the cluster is gone")
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        raise SweepError(f"{what}: one worker after the other died over it; mostly it is memory that they lack")
    if error is not None:
        raise error


def _told(future: Future, case: Case) -> RunResult:
    try:
        told: RunResult = future.result()
    except (CancelledError, CommClosedError) as error:
        raise SweepError(f"{case}: the cluster is gone") from error
    return told


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the cluster at ``address``, whose workers have our release. Raises :class:`SweepError`."""
    try:
        client = Client(address, timeout=CONNECT_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SweepError(f"no Dask scheduler answers at {address!r}: {error}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_WITHIN_S)
            releases = set(client.run(_release).values())
        except TimeoutError as error:
            raise SweepError(f"cluster {address!r} has no workers") from error
        except ImportError as error:
            raise SweepError(f"the workers of {address!r} cannot run reach180: {error}") from error
        if releases != {_release()}:
            raise SweepError(
                f"the workers of {address!r} have reach180 {', '.join(sorted(releases))}, here it is {_release()}"
            )
        yield client


def _release() -> str:
    return version("reach180")


@contextmanager
def local_workers(count: int) -> Iterator[Client]:
    """A client of ``count`` processes of this machine, of one thread and low priority each; they end with the context,
    and with this process however it ends. Nobody but this process can give them work. Raises :class:`SweepError`.
    """
    quiet: dict[str, list[str]] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
    with TemporaryDirectory(prefix="reach180-sweep-") as folder, dask.config.set(quiet):
        # Ctrl-C goes to all processes of a terminal. Those of the workers, and of those that replace them, inherit that
        # it is blocked; who asked for them hears of it, and ends them.
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                host="127.0.0.1",
                protocol="tls",
                security=Security.temporary(),
                dashboard_address="127.0.0.1:0",  # which serves nothing: there are no routes
                memory_limit=None,
                local_directory=folder,
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:
            raise SweepError(
                f"{count} worker processes could not be started: {error} (a script that asks for workers does so below "
                'if __name__ == "__main__":)'
            ) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        with cluster, Client(cluster, set_as_default=False) as client:
            client.register_worker_callbacks(step_back)  # of those too that replace one that died
            yield client
