"""The one way into the log: an entry, bound to the one before it, and the latest state that it makes."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from dispatch.codec import to_json
from dispatch.store.chain import GENESIS, link
from dispatch.store.port import Change
from dispatch.store.projection import project
from dispatch.store.schema import log


class Head(NamedTuple):
    """The last entry of the log."""

    seq: int
    hash: str


def head_of(connection: Connection) -> Head:
    """Where the log ends; before its first entry, number 0."""
    row = connection.execute(select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)).first()
    return Head(0, GENESIS) if row is None else Head(row.seq, row.hash)


def last_at_s(connection: Connection) -> float:
    """When the last entry happened; 0 before the first."""
    at_s: float | None = connection.execute(select(log.c.at_s).order_by(log.c.seq.desc()).limit(1)).scalar_one_or_none()
    return at_s or 0.0


def written(change: Change) -> tuple[Change, str]:
    """A change with the canonical JSON of its value, which takes its time: to be had before a transaction begins."""
    return change, to_json(change.value)


def append_to(connection: Connection, head: Head, entries: Sequence[tuple[Change, str]]) -> Head:
    """Append changes, as :func:`written`, after ``head``. Returns where the log then ends."""
    for change, body in entries:
        seq, at_s, kind, subject_id = head.seq + 1, float(change.at_s), change.kind, change.subject_id
        head = Head(seq, link(head.hash, seq, at_s, kind, subject_id, body))
        row = {"seq": seq, "at_s": at_s, "kind": kind, "subject_id": subject_id, "body": body, "hash": head.hash}
        connection.execute(log.insert(), row)
        project(connection, seq, change, body)
    return head
