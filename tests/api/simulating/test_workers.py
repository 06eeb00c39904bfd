"""A simulation by more than one process: the same bytes, and Ctrl-C keeps what is whole."""

import json
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.simulating import run as module
from api.simulating.report import kpi_table
from api.simulating.run import Watch, run
from api.simulating.study import Study
from simulator.city.study import Case, RunResult, whole
from simulator.city.study import Study as CityStudy
from tests.api.simulating.test_simulate import QUICK, said
from tests.cities import write_city


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_city(tmp_path_factory.mktemp("workers") / "probe")


def test_two_workers_write_what_one_process_writes(city: Path, tmp_path: Path) -> None:
    asked = (city, "--policy", "nearest-able", "--policy", "first-come", *QUICK, "--refused", "0.1")
    said(*asked, "--out", tmp_path / "one")
    said(*asked, "--out", tmp_path / "two", "--workers", "2")
    for name in ("kpis.parquet", "run-1.parquet", "run-2.parquet", "map.png"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name
    one, two = (json.loads((tmp_path / who / "simulation.json").read_text()) for who in ("one", "two"))
    for told in (one, two):
        del told["command"], told["took_s"]
    assert one == two


def test_ctrl_c_keeps_whole_replications_of_workers_too(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a terminal sends it, once a replication is whole: to this process and to all that it has started."""
    study = Study(
        plans=(str(city),), policies=("nearest-able", "first-come"), replications=2000, days=1, warm_up_s=0, growth=20
    )
    before = children()
    seen: list[Case] = []
    interrupted: set[int] = set()

    def watched(study: CityStudy, told: Iterable[tuple[Case, RunResult]]) -> Iterator[tuple[Case, RunResult]]:
        for case, one in whole(study, told):
            seen.append(case)
            yield case, one

    def tell(what: str, share: float) -> None:
        if seen and not interrupted:
            interrupted.update(children() - before)
            for pid in (*interrupted, os.getpid()):
                os.kill(pid, signal.SIGINT)

    monkeypatch.setattr(module, "whole", watched)
    done = run(study, Watch(tell=tell), record=tmp_path, workers=2)
    assert len(interrupted) == 2
    assert children() <= before
    kept = len(done.arms[0].runs.kpis)
    assert done.stopped
    assert 1 <= kept < study.replications
    alone = run(replace(study, replications=kept), record=tmp_path / "alone")
    assert kpi_table(done).equals(kpi_table(alone))
    assert [arm.by_place.tobytes() for arm in done.arms] == [arm.by_place.tobytes() for arm in alone.arms]
    assert [path.read_bytes() for path in done.recorded] == [path.read_bytes() for path in alone.recorded]
    assert len(done.recorded) == 2


def children() -> set[int]:
    """The processes that this one has spawned, without Python's own tracker of what they share."""
    pids = {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}
    return {pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}
