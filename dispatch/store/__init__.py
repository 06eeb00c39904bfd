"""What happened, kept: the one place that knows SQL.

The append-only log is the truth; every other table is its latest state, written in the same transaction. SQLite
unless a PostgreSQL URL is given. Synchronous and thread-safe: an asynchronous shell calls it through one thread.
"""

from dispatch.store.accounts import Account, AccountError, Accounts, Role
from dispatch.store.appending import Head
from dispatch.store.chain import Broken
from dispatch.store.lead import Lead, take_lead
from dispatch.store.port import (
    AlreadyDone,
    Change,
    ClockRow,
    ConflictError,
    IdempotencyMismatch,
    Kind,
    LogEntry,
    Stored,
    StoreError,
    SupersededError,
    TrackPoint,
)
from dispatch.store.store import Store
from dispatch.store.verification import Verdict, verify

__all__ = [
    "Account",
    "AccountError",
    "Accounts",
    "AlreadyDone",
    "Broken",
    "Change",
    "ClockRow",
    "ConflictError",
    "Head",
    "IdempotencyMismatch",
    "Kind",
    "Lead",
    "LogEntry",
    "Role",
    "Store",
    "StoreError",
    "Stored",
    "SupersededError",
    "TrackPoint",
    "Verdict",
    "take_lead",
    "verify",
]
