"""Which process dispatches from a store: one at a time, however many look into it.

It has a lock, which ends with the process. Who was cut off may not know yet that another has taken it; so each lead has
a number, its term, and what is appended in an earlier term than the newest is refused (a fencing token). As nothing is
ordered of a vehicle before it is stored, a dispatcher that was superseded orders nothing more.
"""

import os
import socket

from dispatch.audit import Action
from dispatch.store.appending import append_to, head_of, last_at_s, written
from dispatch.store.lock import Lock, lock_of
from dispatch.store.port import Change
from dispatch.store.projection import upsert
from dispatch.store.schema import meta
from dispatch.store.store import TERM, Store, term_of


class Lead:
    """The right to dispatch, as long as it is :meth:`kept`."""

    def __init__(self, store: Store, lock: Lock, term: int) -> None:
        self._store, self._lock, self.term = store, lock, term

    def kept(self) -> bool:
        """Whether this process leads still. A lock that went with its connection is taken again, unless another process
        was quicker or has led meanwhile. Raises :class:`StoreError` where that cannot be found out."""
        if not (self._lock.held() or self._lock.take()):
            return False
        if self._store.term_now() == self.term:
            return True
        self._lock.release()
        return False

    def release(self) -> None:
        """Let another lead."""
        self._lock.release()


def take_lead(store: Store, at_s: float) -> Lead | None:
    """The lead, noted in the log; None while another process has it. Raises :class:`StoreError`.

    From now on ``store`` appends in this term, and refuses to once there is a later one.
    """
    lock = lock_of(store.engine)
    if not lock.take():
        return None
    try:
        with store.writing() as connection:
            term = term_of(connection) + 1
            upsert(connection, meta, {"key": TERM, "value": str(term)})
            done = Action(by=f"engine {socket.gethostname()}:{os.getpid()}", what="take the lead", of=f"term {term}")
            change = Change(kind="action", subject_id=done.of, at_s=max(at_s, last_at_s(connection)), value=done)
            append_to(connection, head_of(connection), [written(change)])
    except BaseException:
        lock.release()
        raise
    store.term = term
    return Lead(store, lock, term)
