"""What a job is on disk: ``job.json``, ``request.json``, ``context``, ``inputs/``, ``results/`` and the
child's ``worker.log``.

A folder appears whole, under its final name, or not at all; so do the results.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog

from api.jobs.job import Job
from dispatch.codec import CodecError, from_json, to_json

log = structlog.get_logger(__name__)

JOB, REQUEST, CONTEXT, INPUTS, RESULTS, LOG = "job.json", "request.json", "context", "inputs", "results", "worker.log"
UNFINISHED = ".unfinished-"


def create(root: Path, job: Job, request: str, inputs: Mapping[str, bytes], context: str) -> None:
    """Make the folder of a new job. ``inputs`` are files by relative paths that are safe as such."""
    made = root / f"{UNFINISHED}{job.id}"
    (made / INPUTS).mkdir(parents=True)
    (made / JOB).write_text(to_json(job), encoding="utf-8")
    (made / REQUEST).write_text(request, encoding="utf-8")
    (made / CONTEXT).write_text(context, encoding="utf-8")
    for name, content in inputs.items():
        path = made / INPUTS / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    made.rename(root / job.id)


def save(root: Path, job: Job) -> None:
    """Write down how the job stands, in place of what was written before."""
    made = root / job.id / f"{UNFINISHED}{JOB}"
    made.write_text(to_json(job), encoding="utf-8")
    made.replace(root / job.id / JOB)


def load(root: Path) -> Iterator[Job]:
    """The jobs that are there; what was left half made is removed, what cannot be read is told and left alone."""
    root.mkdir(parents=True, exist_ok=True)
    for folder in sorted(root.iterdir()):
        if folder.name.startswith(UNFINISHED):
            shutil.rmtree(folder, ignore_errors=True)
            continue
        try:
            yield from_json(Job, (folder / JOB).read_bytes())
        except (OSError, CodecError) as error:
            log.error("job_unreadable", job=folder.name, why=str(error))


def remove(root: Path, job_id: str) -> None:
    """The job and all its files are gone."""
    doomed = root / f"{UNFINISHED}{job_id}"
    (root / job_id).rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def results(root: Path, job_id: str) -> list[Path]:
    """The result files, by name; none before it is over."""
    folder = root / job_id / RESULTS
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
