"""The store: append to the log, read the log, ask for the latest state."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, Table, delete, func, select

from dispatch.codec import from_json
from dispatch.model import Decision, Incident, IncidentStatus, Sortie, SortieState
from dispatch.store.appending import Head, append_to, head_of, written
from dispatch.store.opening import open_engine, place, translated, writing
from dispatch.store.port import (
    AlreadyDone,
    Change,
    ClockRow,
    ConflictError,
    IdempotencyMismatch,
    Kind,
    LogEntry,
    Stored,
    SupersededError,
    TrackPoint,
)
from dispatch.store.projection import insert_missing, upsert
from dispatch.store.rows import clock_row, decision_inputs, track_point, track_row
from dispatch.store.schema import decisions, facts, idempotency, incidents, log, meta, sorties, tracks

T = TypeVar("T")

TERM = "dispatcher's term"

_OVER = (IncidentStatus.CLOSED, IncidentStatus.CANCELLED)
_ENDED = (SortieState.DONE, SortieState.FAILED)


class Store:
    """What happened, kept. Safe to share among threads; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = place(engine.url)
        self.term: int | None = None
        """In which lead this process appends (:mod:`dispatch.store.lead`); None: it does not dispatch."""
        self._one_writer = threading.Lock()  # within this process; between processes the database queues them

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at ``url`` (``sqlite:///data/reach180.db``, ``postgresql://...``), made or brought up to date.

        Raises :class:`StoreError`, naming the place, if it cannot be used.
        """
        return cls(open_engine(url))

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that alone may write; all of it is kept, or nothing."""
        with translated(self.name), self._one_writer, writing(self.engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of everything."""
        with translated(self.name), self.engine.begin() as connection:
            yield connection

    # ---------------------------------------------------------------- the log

    def append(
        self,
        changes: Sequence[Change],
        *,
        expected_seq: int | None = None,
        idempotency: tuple[str, str, str] | None = None,
    ) -> int:
        """Append ``changes`` in their order and return the last number of the log. On return they are on the disk.

        ``expected_seq``: raise :class:`ConflictError` unless the log ends there. ``idempotency`` is (key, hash of
        the request, incident id): a key that was used raises :class:`AlreadyDone` for the same hash and
        :class:`IdempotencyMismatch` for another. :class:`SupersededError`: another process dispatches now. Whatever is
        raised, nothing is written.
        """
        if idempotency is not None and not changes:
            raise ValueError("an idempotency key without anything to append")
        entries = [written(change) for change in changes]
        with self.writing() as connection:
            if idempotency is not None:
                _claim(connection, *idempotency, at_s=changes[-1].at_s)
            if self.term is not None and term_of(connection) != self.term:
                raise SupersededError(self.term)
            head = head_of(connection)
            if expected_seq not in (None, head.seq):
                raise ConflictError(expected_seq, head.seq)
            return append_to(connection, head, entries).seq

    def done_before(self, key: str, request_hash: str) -> str | None:
        """The incident that the same request made before; raises :class:`IdempotencyMismatch` for another one."""
        with self.reading() as connection:
            return _done(connection, key, request_hash)

    def head(self) -> Head:
        """Where the log ends, and the hash that all of it hangs on."""
        with self.reading() as connection:
            return head_of(connection)

    def last_seq(self) -> int:
        """The number of the log's last entry, 0 while it is empty."""
        with self.reading() as connection:
            return head_of(connection).seq

    def read(self, after_seq: int = 0, limit: int = 1000, kinds: Collection[Kind] | None = None) -> list[LogEntry]:
        """The entries after ``after_seq`` in order, at most ``limit``; of ``kinds`` only, if given."""
        query = select(log).where(log.c.seq > after_seq).order_by(log.c.seq).limit(limit)
        if kinds is not None:
            query = query.where(log.c.kind.in_(kinds))
        return [LogEntry(**row._mapping) for row in self._rows(query)]

    # ---------------------------------------------------------------- incidents and sorties

    def incident(self, incident_id: str) -> Incident | None:
        """The latest version of one incident."""
        return self._one(incidents, incident_id, Incident)

    def incidents(
        self,
        status: IncidentStatus | Collection[IncidentStatus] | None = None,
        limit: int = 100,
        before_seq: int | None = None,
    ) -> list[Stored[Incident]]:
        """The incidents that changed last, newest first; ``before_seq`` (the last row's) asks for the next page."""
        query = _page(incidents, limit, before_seq)
        if status is not None:
            wanted = {status} if isinstance(status, IncidentStatus) else status
            query = query.where(incidents.c.status.in_([each.value for each in wanted]))
        return self._versions(query, Incident)

    def open_incidents(self) -> list[Incident]:
        """The incidents that are not over, in the order of their reports."""
        query = (
            select(incidents.c.body)
            .where(incidents.c.status.not_in([status.value for status in _OVER]))
            .order_by(incidents.c.reported_at_s, incidents.c.id)
        )
        return [from_json(Incident, row.body) for row in self._rows(query)]

    def count_incidents(self) -> int:
        """How many incidents there ever were."""
        row = self._first(select(func.count()).select_from(incidents))
        return 0 if row is None else int(row[0])

    def sortie(self, sortie_id: str) -> Sortie | None:
        """The latest version of one sortie."""
        return self._one(sorties, sortie_id, Sortie)

    def sorties(
        self,
        state: SortieState | Collection[SortieState] | None = None,
        *,
        drone_id: str | None = None,
        incident_id: str | None = None,
        limit: int = 100,
        before_seq: int | None = None,
    ) -> list[Stored[Sortie]]:
        """The sorties that changed last, newest first; ``before_seq`` (the last row's) asks for the next page."""
        query = _page(sorties, limit, before_seq)
        if state is not None:
            wanted = {state} if isinstance(state, SortieState) else state
            query = query.where(sorties.c.state.in_([each.value for each in wanted]))
        if drone_id is not None:
            query = query.where(sorties.c.drone_id == drone_id)
        if incident_id is not None:
            query = query.where(sorties.c.incident_id == incident_id)
        return self._versions(query, Sortie)

    def open_sorties(self) -> list[Sortie]:
        """The sorties that are neither done nor failed, by drone; what a restart compares with telemetry."""
        query = (
            select(sorties.c.body)
            .where(sorties.c.state.not_in([state.value for state in _ENDED]))
            .order_by(sorties.c.drone_id, sorties.c.seq)
        )
        return [from_json(Sortie, row.body) for row in self._rows(query)]

    # ---------------------------------------------------------------- decisions, facts, tracks

    def decision(self, decision_id: str) -> Decision | None:
        """One decision."""
        return self._one(decisions, decision_id, Decision)

    def decisions_of(self, incident_id: str) -> list[Decision]:
        """The decisions on one incident, first to last."""
        query = select(decisions.c.body).where(decisions.c.incident_id == incident_id).order_by(decisions.c.seq)
        return [from_json(Decision, row.body) for row in self._rows(query)]

    def decision_inputs(self, decision_id: str) -> str | None:
        """The canonical JSON of the situation that a decision was taken on, checked against its fingerprint."""
        columns = select(decisions.c.id, decisions.c.inputs, decisions.c.inputs_hash)
        row = self._first(columns.where(decisions.c.id == decision_id))
        return None if row is None or row.inputs is None else decision_inputs(row)

    def facts(self, kind: Kind, type_: type[T]) -> dict[str, T]:
        """What holds now, by subject: the zones, the withdrawals, the weather."""
        query = select(facts).where(facts.c.kind == kind).order_by(facts.c.subject_id)
        return {row.subject_id: from_json(type_, row.body) for row in self._rows(query)}

    def add_track(self, points: Sequence[TrackPoint]) -> None:
        """Keep where drones were. A point of a drone and an instant that is there already stays as it is."""
        if not points:
            return
        with self.writing() as connection:
            insert_missing(connection, tracks, [track_row(point) for point in points])

    def track(
        self,
        *,
        drone_id: str | None = None,
        sortie_id: str | None = None,
        from_s: float | None = None,
        until_s: float | None = None,
        limit: int = 10_000,
    ) -> list[TrackPoint]:
        """The first ``limit`` points of [from_s, until_s] in order of time, of one drone or of one sortie."""
        if (drone_id is None) == (sortie_id is None):
            raise ValueError("a track is that of one drone_id or of one sortie_id")
        whose = tracks.c.sortie_id == sortie_id if drone_id is None else tracks.c.drone_id == drone_id
        query = select(tracks).where(whose).order_by(tracks.c.at_s).limit(limit)
        if from_s is not None:
            query = query.where(tracks.c.at_s >= from_s)
        if until_s is not None:
            query = query.where(tracks.c.at_s <= until_s)
        return [track_point(row) for row in self._rows(query)]

    def forget_tracks(self, before_s: float) -> int:
        """Drop the points before ``before_s``: the one thing here that may be forgotten. Returns how many."""
        with self.writing() as connection:
            return connection.execute(delete(tracks).where(tracks.c.at_s < before_s)).rowcount

    # ---------------------------------------------------------------- reports, odds and ends

    def clocks(self, from_s: float | None = None, until_s: float | None = None) -> list[ClockRow]:
        """The clocks of the incidents reported in [from_s, until_s), in order of report."""
        query = select(incidents).order_by(incidents.c.reported_at_s, incidents.c.id)
        if from_s is not None:
            query = query.where(incidents.c.reported_at_s >= from_s)
        if until_s is not None:
            query = query.where(incidents.c.reported_at_s < until_s)
        return [clock_row(row) for row in self._rows(query)]

    def term_now(self) -> int:
        """The newest lead's number; 0 before the first."""
        with self.reading() as connection:
            return term_of(connection)

    def meta(self, key: str) -> str | None:
        """A word that somebody set about this store."""
        row = self._first(select(meta.c.value).where(meta.c.key == key))
        return None if row is None else str(row.value)

    def set_meta(self, key: str, value: str) -> None:
        """Set a word about this store."""
        with self.writing() as connection:
            upsert(connection, meta, {"key": key, "value": value})

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with self.reading() as connection:
            return connection.execute(query).all()

    def _first(self, query: Select[Any]) -> Row[Any] | None:
        with self.reading() as connection:
            return connection.execute(query).first()

    def _one(self, table: Table, id_: str, type_: type[T]) -> T | None:
        row = self._first(select(table.c.body).where(table.c.id == id_))
        return None if row is None else from_json(type_, row.body)

    def _versions(self, query: Select[Any], type_: type[T]) -> list[Stored[T]]:
        return [Stored(seq=row.seq, value=from_json(type_, row.body)) for row in self._rows(query)]


def term_of(connection: Connection) -> int:
    """The newest lead's number; 0 before the first."""
    value = connection.execute(select(meta.c.value).where(meta.c.key == TERM)).scalar_one_or_none()
    return 0 if value is None else int(value)


def _claim(connection: Connection, key: str, request_hash: str, incident_id: str, *, at_s: float) -> None:
    done = _done(connection, key, request_hash)
    if done is not None:
        raise AlreadyDone(key, done)
    row = {"key": key, "request_hash": request_hash, "incident_id": incident_id, "at_s": at_s}
    connection.execute(idempotency.insert(), row)


def _done(connection: Connection, key: str, request_hash: str) -> str | None:
    row = connection.execute(select(idempotency).where(idempotency.c.key == key)).first()
    if row is not None and row.request_hash != request_hash:
        raise IdempotencyMismatch(key)
    return None if row is None else str(row.incident_id)


def _page(table: Table, limit: int, before_seq: int | None) -> Select[Any]:
    query = select(table.c.seq, table.c.body).order_by(table.c.seq.desc()).limit(limit)
    return query if before_seq is None else query.where(table.c.seq < before_seq)
