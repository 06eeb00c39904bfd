"""What goes into the store and what comes out of it."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from dispatch.model import Clocks, IncidentStatus
from geo.position import Position

T = TypeVar("T")

Kind = Literal[
    "incident", "sortie", "decision", "zone", "zone_lifted", "grant", "withdrawal", "weather", "action"
]  # fmt: skip


class StoreError(Exception):
    """The store cannot do what was asked of it; the message names the file or the record."""


class ConflictError(StoreError):
    """Somebody else appended first: read on from ``expected_seq`` and decide again."""

    def __init__(self, expected_seq: int, last_seq: int) -> None:
        super().__init__(f"expected the log to end at {expected_seq}, but it ends at {last_seq}")
        self.expected_seq, self.last_seq = expected_seq, last_seq


class SupersededError(StoreError):
    """Another process has taken over as dispatcher: this one may append nothing more."""

    def __init__(self, term: int) -> None:
        super().__init__(f"another engine dispatches now: the lead of term {term} is over")


class AlreadyDone(StoreError):  # noqa: N818 - an answer, not a failure
    """The same request was done before; nothing was written. ``incident_id`` is what it made then."""

    def __init__(self, key: str, incident_id: str) -> None:
        super().__init__(f"request {key!r} was done before: incident {incident_id!r}")
        self.incident_id = incident_id


class IdempotencyMismatch(StoreError):  # noqa: N818 - named after what is wrong
    """The key was used before for a request with other content; nothing was written."""

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key!r} was used before for another request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened, to be appended to the log.

    ``value`` is the new version of the subject: an Incident, Sortie, Decision or Geozone, or for the other kinds any
    value that :mod:`dispatch.codec` can write. A fact (zone, grant, withdrawal, weather) whose value is ``None``
    holds no longer; ``zone_lifted`` ends the zone whatever its value. An ``action`` (who asked for what) is only
    logged. ``inputs`` is the canonical JSON of the situation that a decision was taken on.
    """

    kind: Kind
    subject_id: str
    at_s: float
    value: object
    inputs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the log. ``body`` is the canonical JSON of the change's value, ``hash`` binds it to all before it
    (:mod:`dispatch.store.chain`)."""

    seq: int
    at_s: float
    kind: Kind
    subject_id: str
    body: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[T]):
    """The latest version of a value, and where in the log it stands."""

    seq: int
    value: T


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPoint:
    """Where a drone was. ``height_m`` is above its home."""

    drone_id: str
    sortie_id: str | None
    at_s: float
    position: Position
    height_m: float
    ground_speed_mps: float
    battery_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """One incident as reports count it."""

    id: str
    type: str
    priority: int
    status: IncidentStatus
    source: str
    position: Position
    clocks: Clocks
