"""Which recorded runs an engine knows: those of its simulation jobs, and those in folders that it was given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from api.jobs.runner import Jobs
from simulator.city.outcome_file import OutcomeFileError, RecordedRun, read_about


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRun:
    """A recorded run by the name that it is asked for with."""

    id: str
    job_id: str | None
    path: Path
    about: RecordedRun


def known_runs(jobs: Jobs, folders: Sequence[Path]) -> Iterator[KnownRun]:
    """Every recorded run: those of the newest job first, then those of ``folders`` with all that is in them.

    A run is told by where it is from and its number there, from 1 on.
    """
    for job in jobs.all():
        paths = jobs.results(job.id)
        yield from _runs(job.id, job.id, [path for path in paths if path.suffix == ".parquet"])
    yield from given_runs(folders)


def given_runs(folders: Sequence[Path]) -> Iterator[KnownRun]:
    """The runs in these files, and in folders with all that is in them."""
    for number, folder in enumerate(folders, 1):
        found = [folder] if folder.is_file() else list(folder.rglob("*.parquet"))
        yield from _runs(f"given-{number}", None, found)


def known_run(jobs: Jobs, folders: Sequence[Path], run_id: str) -> KnownRun | None:
    """The run of that name."""
    return next((run for run in known_runs(jobs, folders) if run.id == run_id), None)


def _runs(source: str, job_id: str | None, paths: list[Path]) -> Iterator[KnownRun]:
    number = 0
    for path in sorted(paths, key=lambda path: (path.parent, len(path.name), path.name)):  # run-2 before run-10
        about = _about(path)
        if about is not None:
            number += 1
            yield KnownRun(id=f"{source}.{number}", job_id=job_id, path=path, about=about)


def _about(path: Path) -> RecordedRun | None:
    """What the run in a file was; None where there is none in it."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, OutcomeFileError):
        return None


@lru_cache(maxsize=2048)
def _read(path: Path, _changed_ns: int) -> RecordedRun:
    return read_about(path)
