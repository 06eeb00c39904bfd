"""The queue of jobs: so many at once, each in a child process of its own; the others wait their turn.

What is over stays readable until it is deleted. After a restart of the engine jobs that waited are queued again; one
that ran is ``lost``, and says so.
"""

import asyncio
import contextlib
import hashlib
import json
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from api.jobs import folder
from api.jobs.job import Failure, Job, JobState, Kind, Progress
from api.jobs.worker import CANCEL
from dispatch.store import IdempotencyMismatch
from simulator.mavlink.process import child_environment

log = structlog.get_logger(__name__)

MOST_KEPT = 200
MOST_WAITING = 20
MOST_PROGRESS = 240
"""More points of progress than this are thinned: every second one goes."""

LINE_BYTES = 1 << 20
LOST = Failure(code="lost", detail="it ran when the engine stopped: ask again")


class TooManyJobsError(ValueError):
    """No room for another job; the message says what to do."""


class Jobs:
    """The jobs of an engine. Everything that changes is called in the event loop."""

    def __init__(self, root: Path, now_s: Callable[[], float], at_once: int) -> None:
        self.root = root
        self._now_s = now_s
        self._turns = asyncio.Semaphore(at_once)
        self._creating = asyncio.Lock()
        self._jobs = {job.id: job for job in folder.load(root)}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._children: dict[str, asyncio.subprocess.Process] = {}

    # ---------------------------------------------------------------- looking

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        return sorted(self._jobs.values(), key=lambda job: job.asked_at_s, reverse=True)

    def job(self, job_id: str) -> Job | None:
        """One job as it stands."""
        return self._jobs.get(job_id)

    def request(self, job_id: str) -> str:
        """The JSON that it was asked with."""
        return (self.root / job_id / folder.REQUEST).read_text(encoding="utf-8")

    def results(self, job_id: str) -> list[Path]:
        """Its result files."""
        return folder.results(self.root, job_id)

    # ---------------------------------------------------------------- acting

    def begin(self) -> None:
        """Go on where the last run of the engine stopped."""
        for job in reversed(self.all()):
            if job.state is JobState.RUNNING:
                self._change(job.id, state=JobState.LOST, failure=LOST)
            elif job.state is JobState.QUEUED:
                self._queue(job.id)

    async def create(
        self,
        kind: Kind,
        request: str,
        inputs: Mapping[str, bytes],
        *,
        context: str = "",
        name: str,
        by: str,
        key: str | None = None,
    ) -> tuple[Job, bool]:
        """A new job, on disk and queued; or the one that the same request with this ``key`` made before (False).

        ``context`` is what the work must know of the engine and nobody is shown, such as its city.
        Raises :class:`~dispatch.store.IdempotencyMismatch` and :class:`TooManyJobsError`.
        """
        content_hash = await asyncio.to_thread(_content_hash, kind, request, inputs)
        async with self._creating:
            before = next((job for job in self._jobs.values() if key is not None and job.key == key), None)
            if before is not None:
                if before.content_hash != content_hash:
                    raise IdempotencyMismatch(str(key))
                return before, False
            self._check_room()
            job = Job(
                id=f"J-{secrets.token_hex(4)}",
                kind=kind.name,
                target=kind.target,
                name=name,
                asked_by=by,
                asked_at_s=self._now_s(),
                content_hash=content_hash,
                key=key,
            )
            await asyncio.to_thread(folder.create, self.root, job, request, inputs, context)
            self._jobs[job.id] = job
            self._queue(job.id)
            return job, True

    async def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; what it has found so far stays. One that waits ends at once, one that is over is left."""
        job = self._jobs[job_id]
        if not job.state.over:
            job = self._change(job_id, cancel_asked=True)
            child = self._children.get(job_id)
            if child is not None:
                await _say(child, CANCEL)
            elif job.state is JobState.QUEUED:
                await self._end(job_id)
                job = self._change(job_id, state=JobState.CANCELLED)
        return job

    async def delete(self, job_id: str) -> None:
        """End it, whatever it does, and remove all its files."""
        await self._end(job_id)
        if self._jobs.pop(job_id, None) is not None:
            await asyncio.to_thread(folder.remove, self.root, job_id)

    async def close(self) -> None:
        """End every child; on disk the jobs stay as they were, so that the next run knows what was lost."""
        tasks = list(self._tasks.values())
        for task in tasks:  # all before any is waited for, or one that waits would get the turn of one that ended
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---------------------------------------------------------------- within

    def _check_room(self) -> None:
        waiting = sum(job.state is JobState.QUEUED for job in self._jobs.values())
        if waiting >= MOST_WAITING:
            raise TooManyJobsError(f"{waiting} jobs wait already: let them end, or cancel some")
        if len(self._jobs) >= MOST_KEPT:
            raise TooManyJobsError(f"{len(self._jobs)} jobs are kept already: delete some")

    def _queue(self, job_id: str) -> None:
        self._tasks[job_id] = asyncio.create_task(self._live(job_id))

    async def _end(self, job_id: str) -> None:
        task = self._tasks.pop(job_id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _live(self, job_id: str) -> None:
        async with self._turns:
            self._change(job_id, state=JobState.RUNNING, began_at_s=self._now_s())
            try:
                failure = await self._work(job_id)
            except Exception as error:  # whatever it is, the job must not look as if it ran
                log.error("job_broke", job=job_id, exc_info=error)
                failure = Failure(code="internal", detail="its process could not be run; why is in the engine's log")
            cancelled = self._jobs[job_id].cancel_asked
            state = JobState.FAILED if failure else JobState.CANCELLED if cancelled else JobState.DONE
            self._change(job_id, state=state, failure=failure)
        self._tasks.pop(job_id, None)

    async def _work(self, job_id: str) -> Failure | None:
        """Run the child to its end; why it failed, if it did."""
        here = self.root / job_id
        with (here / folder.LOG).open("ab") as errors:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "api.jobs.worker", self._jobs[job_id].target, str(here)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=child_environment(),
                limit=LINE_BYTES,
            )
        self._children[job_id] = child
        try:
            if self._jobs[job_id].cancel_asked:  # while it was being started
                await _say(child, CANCEL)
            failure = await self._listen(job_id, child)
            code = await child.wait()
        finally:
            del self._children[job_id]
            if child.returncode is None:
                child.kill()
                await child.wait()
        if code != 0 and failure is None:
            failure = Failure(code="worker_lost", detail=f"its process ended with {_ended(code)}")
        return failure

    async def _listen(self, job_id: str, child: asyncio.subprocess.Process) -> Failure | None:
        failure = None
        assert child.stdout is not None
        async for line in child.stdout:
            match json.loads(line):
                case {"progress": one}:
                    self._note(job_id, Progress(**one))
                case {"failure": one}:
                    failure = Failure(**one)
        return failure

    def _note(self, job_id: str, progress: Progress) -> None:
        told = (*self._jobs[job_id].progress, progress)
        if len(told) > MOST_PROGRESS:
            told = (*told[:-1:2], progress)
        self._jobs[job_id] = replace(self._jobs[job_id], progress=told)

    def _change(self, job_id: str, **changes: Any) -> Job:
        job = replace(self._jobs[job_id], **changes)
        if job.state.over and job.ended_at_s is None:
            job = replace(job, ended_at_s=self._now_s())
        self._jobs[job_id] = job
        try:
            folder.save(self.root, job)
        except OSError as error:
            log.error("job_not_saved", job=job_id, why=str(error))
        return job


async def _say(child: asyncio.subprocess.Process, word: bytes) -> None:
    assert child.stdin is not None
    with contextlib.suppress(ConnectionError):
        child.stdin.write(word + b"\n")
        await child.stdin.drain()


def _ended(code: int) -> str:
    if code >= 0:
        return f"code {code}"
    hint = ": was memory short?" if -code == signal.SIGKILL else ""
    return f"{signal.Signals(-code).name}{hint}"


def _content_hash(kind: Kind, request: str, inputs: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256(f"{kind.name}\0{request}\0".encode())
    for name, content in sorted(inputs.items()):
        whole.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\0".encode())
    return whole.hexdigest()
