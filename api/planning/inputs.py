"""What a plan was made from, by name and hash: so that it can be redone, and seen whether it was."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing that was read."""

    name: str
    sha256: str
    told: str


def input_of(path: Path, told: str) -> Input:
    """A file that was read."""
    return Input(name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), told=told)


def folder_sha256(folder: Path) -> str:
    """One hash for all files of a folder, by name and content."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        whole.update(file.relative_to(folder).as_posix().encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
