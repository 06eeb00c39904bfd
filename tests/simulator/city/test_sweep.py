"""Sweeps: the same bytes whoever does the runs, whoever dies over them; and nobody who outlives them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from simulator.background import NICENESS
from simulator.city import sweep as module
from simulator.city.study import Results, Scenario, calls_of
from simulator.city.sweep import Progress, SweepError, local_workers, sweep, sweep_on
from tests.simulator.city.test_study import STUDY


def bytes_of(results: Results) -> dict[object, bytes]:
    return {setting: runs.to_bytes() for setting, runs in results.items()}


@pytest.fixture(scope="module")
def here() -> Results:
    return sweep(STUDY)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with local_workers(2) as client:
        yield client


def test_two_workers_tell_what_one_process_tells(here: Results, client: Client, tmp_path: Path) -> None:
    told: list[Progress] = []
    there = sweep_on(client, STUDY, record=tmp_path, tell=told.append)
    assert bytes_of(there) == bytes_of(here)
    assert list(there) == list(here)
    runs = len(STUDY.cases)
    assert told[0] == Progress(worlds=0, of_worlds=2, runs=0, of_runs=runs)
    assert told[-1] == Progress(worlds=2, of_worlds=2, runs=runs, of_runs=runs)
    assert len(list(tmp_path.glob("**/*.parquet"))) == runs
    assert all(nice >= NICENESS for nice in client.run(os.nice, 0).values())


def test_a_worker_killed_half_way_changes_no_figure(here: Results, client: Client) -> None:
    before = set(client.run(os.getpid).values())
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.runs == progress.of_runs // 2 and not killed:
            killed.append(min(before))
            os.kill(killed[0], signal.SIGKILL)

    assert bytes_of(sweep_on(client, STUDY, tell=kill)) == bytes_of(here)
    client.wait_for_workers(2, timeout=60)
    after = client.run(lambda: (os.getpid(), os.nice(0))).values()
    assert killed[0] not in {pid for pid, _ in after}
    assert all(nice >= NICENESS for _, nice in after)


def test_what_a_run_raises_comes_back_as_it_is(client: Client) -> None:
    calls = next(calls_of(STUDY, "calm", 0))
    calls["place"][7] = 99
    wrong = replace(STUDY, scenarios={"wrong": Scenario(calls=calls)}, replications=1)
    for run in (lambda: sweep(wrong), lambda: sweep_on(client, wrong)):
        with pytest.raises(ValueError, match="place 99 is none of 0 to 11"):
            run()


def test_who_is_told_may_end_it(client: Client) -> None:
    class EnoughError(Exception):
        pass

    def enough(progress: Progress) -> None:
        if progress.runs:
            raise EnoughError

    for run in (lambda: sweep(STUDY, tell=enough), lambda: sweep_on(client, STUDY, tell=enough)):
        with pytest.raises(EnoughError):
            run()


def test_a_cluster_is_asked_by_its_address(here: Results) -> None:
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        assert bytes_of(sweep(STUDY, cluster=cluster.scheduler_address)) == bytes_of(here)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:9", "no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
        ("carrier-pigeon://coop", "no Dask scheduler answers at 'carrier-pigeon://coop'"),
    ],
)
def test_an_address_at_which_nobody_is(monkeypatch: pytest.MonkeyPatch, address: str, said: str) -> None:
    monkeypatch.setattr(module, "CONNECT_WITHIN_S", 1.0)
    with pytest.raises(SweepError, match=said):
        sweep(STUDY, cluster=address)


def test_a_cluster_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_WITHIN_S", 1.0)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None) as cluster,
        pytest.raises(SweepError, match="has no workers"),
    ):
        sweep(STUDY, cluster=cluster.scheduler_address)


ORPHAN = """
import os, time
from simulator.city.sweep import local_workers
if __name__ == "__main__":
    with local_workers(1) as client:
        print(*client.run(os.getpid).values(), flush=True)
        time.sleep(600)
"""


def test_workers_end_with_the_process_that_asked_for_them_however_it_ends(tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    root = Path(module.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        assert Path(f"/proc/{worker}").exists()
        process.kill()
    until_s = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until_s:
        time.sleep(0.2)
    assert not Path(f"/proc/{worker}").exists()
