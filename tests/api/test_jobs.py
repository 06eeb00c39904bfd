"""Jobs: done in a child, cancelled with the best so far, killed, lost by a restart, refused, deleted."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.jobs import runner
from api.jobs.job import Job, JobState, Kind
from api.jobs.runner import Jobs, TooManyJobsError
from dispatch.store import IdempotencyMismatch, Role
from simulator.mavlink.process import child_environment
from tests.api.site import Site, until
from tests.api.test_security import problem_of

SOON = json.dumps({"points": 300, "sites": 30, "p": 4, "within_s": 200})
LONG = json.dumps({**json.loads(SOON), "linger": True})

COVER, WAIT, WRONG, BROKEN = (
    Kind(name=name, target=f"tests.api.work:{name}") for name in ("cover", "wait", "wrong", "broken")
)


def ask(site: Site, kind: Kind, request: str = "{}", **others: Any) -> str:
    """The id of a new job on the engine."""
    inputs = others.pop("inputs", {})
    made, _ = site.run(site.engine.jobs.create(kind, request, inputs, name="a test's", by="planner", **others))
    return made.id


def over(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it is over."""

    def found() -> dict[str, Any] | None:
        told: dict[str, Any] = client.get(f"/jobs/{job_id}").json()
        return told if told["state"] not in ("queued", "running") else None

    return until(found, f"{job_id} over", 180, lambda: client.get(f"/jobs/{job_id}").json())


@pytest.fixture(scope="module")
def done(site: Site) -> str:
    """A job that is over and has a result."""
    job_id = ask(site, COVER, SOON, key="a key of mine", inputs={"a.csv": b"1"})
    assert over(site.client(Role.VIEWER), job_id)["state"] == "done"
    return job_id


def test_a_job_is_done_in_a_child_and_tells_how_it_goes(site: Site, viewer: httpx.Client, done: str) -> None:
    job_id = done
    told = viewer.get(f"/jobs/{job_id}").json()
    assert told["state"] == "done"
    assert told["failure"] is None
    assert told["request"] == json.loads(SOON)
    assert [one["name"] for one in told["results"]] == ["layout.json"]
    answer = viewer.get(f"/jobs/{job_id}/results/layout.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="layout.json"'
    layout = answer.json()
    assert layout["status"] == "optimal"
    assert len(layout["open_sites"]) == 4
    last = told["progress"]
    assert (last["value"], last["bound"], last["gap"]) == (layout["value"], layout["bound"], 0.0)
    assert told["course"][-1] == last
    assert told["asked_at_s"] <= told["began_at_s"] <= told["ended_at_s"]
    assert job_id in [one["id"] for one in viewer.get("/jobs").json()]
    log = (site.engine.jobs.root / job_id / "worker.log").read_text()
    assert "a library prints" in log  # and did not disturb what the child tells


def test_cancelled_it_keeps_the_best_so_far(site: Site, viewer: httpx.Client, planner: httpx.Client) -> None:
    job_id = ask(site, COVER, LONG)
    until(lambda: (viewer.get(f"/jobs/{job_id}").json()["progress"] or {}).get("gap"), "value and bound", 60)
    assert viewer.post(f"/jobs/{job_id}/cancel").status_code == 403
    assert planner.post(f"/jobs/{job_id}/cancel").json()["cancel_asked"] is True
    told = over(viewer, job_id)
    assert told["state"] == "cancelled"
    layout = viewer.get(f"/jobs/{job_id}/results/layout.json").json()
    assert layout["status"] == "stopped"
    assert len(layout["open_sites"]) == 4
    assert layout["value"] < layout["bound"]
    assert planner.post(f"/jobs/{job_id}/cancel").json()["state"] == "cancelled"  # again: it stays as it is


def test_a_worker_that_is_killed_fails_its_job_only(site: Site, viewer: httpx.Client) -> None:
    job_id, other = ask(site, WAIT), ask(site, WRONG, inputs={"calls.csv": b"x"})
    os.kill(pid_of(site.engine.jobs, job_id), signal.SIGKILL)
    told = over(viewer, job_id)
    assert told["state"] == "failed"
    assert told["failure"]["code"] == "worker_lost"
    assert "SIGKILL" in told["failure"]["detail"]
    assert told["results"] == []  # what it had half written is none
    assert over(viewer, other)["failure"]["code"] == "invalid_demand"


def test_what_is_wrong_is_told_and_what_nobody_foresaw_is_not(site: Site, viewer: httpx.Client) -> None:
    told = over(viewer, ask(site, WRONG, inputs={"calls.csv": b"x"}))
    assert told["failure"] == {"code": "invalid_demand", "detail": "calls.csv: row 7: no weight", "where": "demand"}
    broken = over(viewer, ask(site, BROKEN))
    assert broken["failure"]["code"] == "internal"
    assert "told to nobody" not in json.dumps(broken)


def test_deleted_it_is_gone_with_its_process(site: Site, viewer: httpx.Client, planner: httpx.Client) -> None:
    job_id = ask(site, WAIT)
    pid = pid_of(site.engine.jobs, job_id)
    assert viewer.delete(f"/jobs/{job_id}").status_code == 403
    assert planner.delete(f"/jobs/{job_id}").status_code == 204
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert problem_of(viewer.get(f"/jobs/{job_id}")) == "unknown_job"
    assert problem_of(planner.delete(f"/jobs/{job_id}")) == "unknown_job"
    assert not [path for path in site.engine.jobs.root.iterdir() if job_id in path.name]


def test_only_results_are_read(viewer: httpx.Client, done: str) -> None:
    for name in ("..%2frequest.json", "request.json", "%2e%2e%2fjob.json", "nothing"):
        assert viewer.get(f"/jobs/{done}/results/{name}").status_code == 404, name


def test_the_same_key_makes_one_job(site: Site, done: str) -> None:
    assert ask(site, COVER, SOON, key="a key of mine", inputs={"a.csv": b"1"}) == done
    for other in ({"request": LONG}, {"inputs": {"a.csv": b"2"}}, {"inputs": {"b.csv": b"1"}}):
        with pytest.raises(IdempotencyMismatch):
            ask(site, COVER, **{"request": SOON, "inputs": {"a.csv": b"1"}, "key": "a key of mine", **other})


# ---------------------------------------------------------------- the queue itself


def with_jobs(root: Path, work: Callable[[Jobs], Awaitable[None]], at_once: int = 1) -> None:
    """Do ``work`` with the jobs of a run of the engine of their own."""

    async def run() -> None:
        jobs = Jobs(root, time.time, at_once)
        jobs.begin()
        try:
            await work(jobs)
        finally:
            await jobs.close()

    asyncio.run(run())


async def asked(jobs: Jobs, kind: Kind, request: str = "{}") -> Job:
    """A new job."""
    return (await jobs.create(kind, request, {}, name="", by="me"))[0]


async def reached(jobs: Jobs, job_id: str, *states: JobState) -> Job:
    """The job once it stands there."""
    for _ in range(1500):
        job = jobs.job(job_id)
        assert job is not None
        if job.state in states:
            return job
        await asyncio.sleep(0.02)
    raise AssertionError(f"not {states}: {jobs.job(job_id)}")


def pid_of(jobs: Jobs, job_id: str) -> int:
    """The process of a job of the kind ``wait``."""
    path = jobs.root / job_id / "pid"
    return int(until(lambda: path.exists() and path.read_text(), "its process"))


def test_the_others_wait_and_a_restart_says_what_was_lost(tmp_path: Path) -> None:
    ids: dict[str, str] = {}

    async def first(jobs: Jobs) -> None:
        ids["done"] = (await asked(jobs, COVER, SOON)).id
        await reached(jobs, ids["done"], JobState.DONE)
        ids["ran"] = (await asked(jobs, WAIT)).id
        await reached(jobs, ids["ran"], JobState.RUNNING)
        ids["waited"] = (await asked(jobs, COVER, SOON)).id
        ids["struck"] = (await asked(jobs, COVER, SOON)).id
        await asyncio.sleep(0.1)
        assert (await jobs.cancel(ids["struck"])).state is JobState.CANCELLED
        waits = jobs.job(ids["waited"])
        assert waits is not None
        assert waits.state is JobState.QUEUED

    async def second(jobs: Jobs) -> None:
        lost = jobs.job(ids["ran"])
        assert lost is not None
        assert lost.state is JobState.LOST
        assert lost.failure is not None
        assert "when the engine stopped" in lost.failure.detail
        assert lost.ended_at_s is not None
        assert (await reached(jobs, ids["waited"], JobState.DONE)).failure is None
        struck, done = jobs.job(ids["struck"]), jobs.job(ids["done"])
        assert struck is not None
        assert struck.state is JobState.CANCELLED
        assert done is not None
        assert done.progress[-1].gap == 0.0
        assert json.loads(jobs.results(ids["done"])[0].read_text())["status"] == "optimal"

    with_jobs(tmp_path, first)
    pid = pid_of_kept(tmp_path, ids["ran"])
    if pid is not None:  # its process ended with the engine
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    (tmp_path / ".unfinished-J-0").mkdir()
    (tmp_path / "J-torn").mkdir()
    with_jobs(tmp_path, second)
    assert not (tmp_path / ".unfinished-J-0").exists()


def pid_of_kept(root: Path, job_id: str) -> int | None:
    path = root / job_id / "pid"
    return int(path.read_text()) if path.exists() else None


def test_cancelling_while_it_starts_is_heard(tmp_path: Path) -> None:
    async def work(jobs: Jobs) -> None:
        job = await asked(jobs, WAIT)
        await reached(jobs, job.id, JobState.RUNNING)
        await jobs.cancel(job.id)
        ended = await reached(jobs, job.id, JobState.CANCELLED)
        assert ended.failure is None
        assert jobs.results(job.id) == []

    with_jobs(tmp_path, work)


def test_there_is_an_end_to_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MOST_WAITING", 2)
    monkeypatch.setattr(runner, "MOST_KEPT", 4)

    async def work(jobs: Jobs) -> None:
        running = await asked(jobs, WAIT)
        await reached(jobs, running.id, JobState.RUNNING)
        waiting = [await asked(jobs, WAIT) for _ in range(2)]
        with pytest.raises(TooManyJobsError, match="2 jobs wait already"):
            await asked(jobs, WAIT)
        for job in waiting:
            await jobs.cancel(job.id)
        await jobs.cancel((await asked(jobs, WAIT)).id)
        with pytest.raises(TooManyJobsError, match="4 jobs are kept already: delete some"):
            await asked(jobs, WAIT)
        await jobs.delete(waiting[0].id)
        await asked(jobs, WAIT)

    with_jobs(tmp_path, work)


def test_a_worker_goes_with_its_engine(tmp_path: Path) -> None:
    """Also when the engine is killed and cannot end it: then its standard input ends."""
    (tmp_path / "request.json").write_text("{}")
    command = [sys.executable, "-m", "api.jobs.worker", WAIT.target, str(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environment())
    assert child.stdin is not None
    assert child.stdout is not None
    assert b"waiting" in child.stdout.readline()
    assert os.getpriority(os.PRIO_PROCESS, child.pid) >= os.getpriority(os.PRIO_PROCESS, 0)
    child.stdin.close()
    assert child.wait(10) == 1
    child.stdout.close()
