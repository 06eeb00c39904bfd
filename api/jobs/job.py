"""What a job is, as values."""

from dataclasses import dataclass
from enum import StrEnum

MOST_WORDS = 4000
"""A failure is told in so many characters at most."""


class JobState(StrEnum):
    """Where a job stands; the first two are not over."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"  # somebody ended it; what it had found by then is its result
    FAILED = "failed"  # it could not be done as asked, or its process died
    LOST = "lost"  # it ran when the engine stopped

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of job. ``target`` is ``package.module:function``, called in the child with an ``Errand``."""

    name: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job was after so many wall seconds of work. What is not known (yet) is None."""

    what: str
    seconds: float
    share: float | None = None
    """Of the present step."""
    value: float | None = None
    bound: float | None = None
    gap: float | None = None
    """|bound - value| as a share of the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no result. ``where`` names the part of the request that is wrong, as ``demand``."""

    code: str
    detail: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, as it was told last. Times are engine time, seconds since 1970 (UTC)."""

    id: str
    kind: str
    target: str
    name: str
    asked_by: str
    asked_at_s: float
    content_hash: str
    """Of request and files, to tell a repeat from a reuse of its key."""
    key: str | None = None
    state: JobState = JobState.QUEUED
    began_at_s: float | None = None
    ended_at_s: float | None = None
    cancel_asked: bool = False
    progress: tuple[Progress, ...] = ()
    """First to last; thinned."""
    failure: Failure | None = None


class JobError(Exception):
    """Raised by a job's work: it cannot be done as asked."""

    def __init__(self, code: str, detail: str, where: str = "") -> None:
        super().__init__(detail)
        self.failure = Failure(code=code, detail=detail[:MOST_WORDS], where=where)


class Stopped(Exception):  # noqa: N818 - no error: the cancelling was heard
    """Raised by a job's work when it was cancelled before there was anything to keep."""
