"""Whether the log is still what was written, and whether the other tables tell what it tells."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from dispatch.store.appending import Head
from dispatch.store.chain import GENESIS, Broken, first_broken
from dispatch.store.port import Kind, StoreError
from dispatch.store.rows import decision_inputs
from dispatch.store.schema import decisions, incidents, log, sorties
from dispatch.store.store import Store

PAGE = 1000
LATEST: tuple[tuple[Kind, Table], ...] = (("incident", incidents), ("sortie", sorties), ("decision", decisions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``broken`` is the first entry that is not as it was written, or that another table contradicts; None: all is well
    up to and with ``head``."""

    head: Head
    broken: Broken | None


def verify(store: Store, known: Head | None = None) -> Verdict:
    """Go through the whole log of a ``store``, and what its other tables make of it. Raises :class:`StoreError`.

    ``known`` is where the log once ended, kept elsewhere: without it nobody can tell a log from one that was cut off at
    its end, or written anew from some entry on.
    """
    head, hash_then = Head(0, GENESIS), None
    while page := store.read(after_seq=head.seq, limit=PAGE):
        broken = first_broken(page, head.seq, head.hash)
        if broken is not None:
            return Verdict(head=head, broken=broken)
        if known is not None:
            hash_then = next((entry.hash for entry in page if entry.seq == known.seq), hash_then)
        head = Head(page[-1].seq, page[-1].hash)
    if known is not None and head.seq < known.seq:
        missing = Broken(seq=head.seq + 1, why=f"it is missing: the log once ended with entry {known.seq}")
        return Verdict(head=head, broken=missing)
    if known is not None and known.seq > 0 and hash_then != known.hash:
        anew = Broken(seq=known.seq, why="its hash is not the one that was kept: it or one before it was written anew")
        return Verdict(head=head, broken=anew)
    with store.reading() as connection:
        found = [bad for kind, table in LATEST if (bad := _contradicted(connection, kind, table)) is not None]
        found += _inputs_changed(connection)
    return Verdict(head=head, broken=min(found, key=lambda bad: bad.seq, default=None))


def _contradicted(connection: Connection, kind: Kind, table: Table) -> Broken | None:
    """The first subject whose row is not its last entry in the log."""
    last = select(log.c.subject_id, func.max(log.c.seq).label("seq")).where(log.c.kind == kind)
    newest = last.group_by(log.c.subject_id).subquery()
    rows = newest.join(log, log.c.seq == newest.c.seq).outerjoin(table, table.c.id == newest.c.subject_id)
    wrong = table.c.id.is_(None) | (table.c.seq != log.c.seq) | (table.c.body != log.c.body)
    query = select(log.c.seq, log.c.subject_id).select_from(rows).where(wrong).order_by(log.c.seq).limit(1)
    row = connection.execute(query).first()
    return (
        None if row is None else Broken(seq=row.seq, why=f"the table {table.name} tells {row.subject_id!r} otherwise")
    )


def _inputs_changed(connection: Connection) -> Iterator[Broken]:
    """The first decision whose kept inputs are not those that its entry bears the hash of."""
    columns = select(decisions.c.seq, decisions.c.id, decisions.c.inputs, decisions.c.inputs_hash, decisions.c.body)
    kept: Select[Any] = columns.where(decisions.c.inputs.is_not(None)).order_by(decisions.c.seq)
    for row in connection.execution_options(yield_per=PAGE).execute(kept):
        try:
            decision_inputs(row)
        except StoreError as error:
            yield Broken(seq=row.seq, why=str(error))
            return
        if f'"inputs_hash":"{row.inputs_hash}"' not in row.body:
            yield Broken(seq=row.seq, why=f"the inputs kept of decision {row.id!r} are not those that it names")
            return
