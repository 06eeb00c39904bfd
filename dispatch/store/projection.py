"""What a change does to the tables of the latest state, beside its line in the log."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.model import Decision, Incident, Sortie
from dispatch.store.port import Change, StoreError
from dispatch.store.rows import decision_row, incident_row, sortie_row
from dispatch.store.schema import decisions, facts, incidents, sorties
from geo.airspace import Geozone, Grant


def project(connection: Connection, seq: int, change: Change, body: str) -> None:
    """Write the state after ``change``, which stands in the log as number ``seq``."""
    row = {"seq": seq, "body": body}
    match change.kind, change.value:
        case "incident", Incident(id=change.subject_id):
            upsert(connection, incidents, incident_row(change.value) | row)
        case "sortie", Sortie(id=change.subject_id):
            upsert(connection, sorties, sortie_row(change.value) | row)
        case "decision", Decision(id=change.subject_id):
            # a decision is taken once: it has no later versions
            connection.execute(decisions.insert(), decision_row(change.value, change.inputs) | row)
        case "zone_lifted", _:
            _forget(connection, "zone", change.subject_id)
        case "zone" | "grant" | "withdrawal" | "weather" as kind, None:
            _forget(connection, kind, change.subject_id)
        case (
            ("zone", Geozone(id=change.subject_id))
            | ("grant", Grant(id=change.subject_id))
            | ("withdrawal" | "weather", _)
        ):
            upsert(connection, facts, {"kind": change.kind, "subject_id": change.subject_id} | row)
        case "action", _:
            pass  # who asked for what: the log is its place
        case kind, value:
            what = f"{type(value).__name__} {getattr(value, 'id', '')!r}"
            raise StoreError(f"a change of {kind} {change.subject_id!r} cannot hold the {what}")


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert ``row``, or put it in the place of the one with its key."""
    statement = _dialect(connection).insert(table)
    keys = [column.name for column in table.primary_key]
    new = {name: statement.excluded[name] for name in row if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), row)


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those of ``rows`` whose key is not there yet."""
    connection.execute(_dialect(connection).insert(table).on_conflict_do_nothing(), rows)


def _dialect(connection: Connection) -> ModuleType:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _forget(connection: Connection, kind: str, subject_id: str) -> None:
    connection.execute(delete(facts).where(facts.c.kind == kind, facts.c.subject_id == subject_id))
