"""The tables, in types that SQLite and PostgreSQL share. A change here needs a migration beside it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

_SEQ = BigInteger().with_variant(Integer, "sqlite")


def _seq() -> Column[int]:
    """Where in the log the row's version stands."""
    return Column("seq", _SEQ, ForeignKey("log.seq"), nullable=False)


log = Table(
    "log",
    metadata,
    # numbered by the writer, 1, 2, 3, ... without gaps: a missing number is a missing entry, and a trigger says so
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("at_s", Double, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String, nullable=False),
    Index("log_by_kind", "kind", "seq"),
    Index("log_by_subject", "subject_id", "seq"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String, primary_key=True),
    _seq(),
    Column("type", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("longitude_deg", Double, nullable=False),
    Column("latitude_deg", Double, nullable=False),
    Column("source", String, nullable=False),
    Column("sortie_id", String),
    Column("reported_at_s", Double, nullable=False),
    Column("decided_at_s", Double),
    Column("launched_at_s", Double),
    Column("on_scene_at_s", Double),
    Column("cleared_at_s", Double),
    Column("returned_at_s", Double),
    Column("body", Text, nullable=False),
    Index("incidents_by_seq", "seq"),
    Index("incidents_by_status", "status", "seq"),
    Index("incidents_by_report", "reported_at_s"),
)

sorties = Table(
    "sorties",
    metadata,
    Column("id", String, primary_key=True),
    _seq(),
    Column("drone_id", String, nullable=False),
    Column("incident_id", String),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("sorties_by_seq", "seq"),
    Index("sorties_by_state", "state", "seq"),
    Index("sorties_by_drone", "drone_id", "seq"),
    Index("sorties_by_incident", "incident_id", "seq"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", String, primary_key=True),
    _seq(),
    Column("incident_id", String, nullable=False),
    Column("at_s", Double, nullable=False),
    Column("drone_id", String),
    Column("policy", String, nullable=False),
    Column("inputs_hash", String, nullable=False),
    Column("inputs", LargeBinary),  # canonical JSON of the situation, zlib
    Column("body", Text, nullable=False),
    Index("decisions_by_incident", "incident_id", "seq"),
)

facts = Table(
    "facts",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject_id", String, primary_key=True),
    _seq(),
    Column("body", Text, nullable=False),
)

tracks = Table(
    "tracks",
    metadata,
    Column("drone_id", String, primary_key=True),
    Column("at_s", Double, primary_key=True),
    Column("sortie_id", String),
    Column("longitude_deg", Double, nullable=False),
    Column("latitude_deg", Double, nullable=False),
    Column("height_m", Double, nullable=False),
    Column("ground_speed_mps", Double, nullable=False),
    Column("battery_share", Double, nullable=False),
    Index("tracks_by_sortie", "sortie_id", "at_s"),
    sqlite_with_rowid=False,  # the key is the table: half the size
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String, primary_key=True),
    Column("request_hash", String, nullable=False),
    Column("incident_id", String, nullable=False),
    Column("at_s", Double, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("username", String, primary_key=True),
    Column("password_hash", String, nullable=False),
    Column("role", String, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at_s", Double, nullable=False),
    Column("changed_at_s", Double, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)
