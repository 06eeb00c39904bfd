"""The log's entries bound to one another: each bears a hash of itself and of the one before.

Whoever changes, drops or swaps an entry must write every later one anew, and the log then no longer ends in the hash
that was told before: keep that hash (``reach180 audit head``) where the database's owner cannot reach it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.codec import to_json
from dispatch.store.port import LogEntry

GENESIS = "0" * 64
"""What the first entry follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first entry that is not what was written, and what is wrong with it."""

    seq: int
    why: str


def link(previous: str, seq: int, at_s: float, kind: str, subject_id: str, body: str) -> str:
    """The hash of an entry that follows the one whose hash is ``previous``: SHA-256, in hexadecimal, of the canonical
    JSON of them all, so that no two entries have one text."""
    return hashlib.sha256(to_json((previous, seq, at_s, kind, subject_id, body)).encode()).hexdigest()


def first_broken(entries: Iterable[LogEntry], last_seq: int = 0, last_hash: str = GENESIS) -> Broken | None:
    """The first of ``entries`` that does not follow the one before it, or None: the chain is whole.

    They follow the entry ``last_seq`` with its ``last_hash``.
    """
    for entry in entries:
        if entry.seq != last_seq + 1:
            return Broken(seq=last_seq + 1, why=f"it is missing: entry {last_seq} is followed by {entry.seq}")
        if entry.hash != link(last_hash, entry.seq, entry.at_s, entry.kind, entry.subject_id, entry.body):
            what = f"{entry.kind} {entry.subject_id!r} of {entry.at_s:.3f} s"
            return Broken(seq=entry.seq, why=f"{what} is not what was written after entry {last_seq}")
        last_seq, last_hash = entry.seq, entry.hash
    return None
