"""The log, its projections, tracks, idempotency, accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_SQLITE = (
    """
    CREATE TRIGGER log_refuses_update BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
    """,
    """
    CREATE TRIGGER log_refuses_delete BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
    """,
    # also closes the side door INSERT OR REPLACE, which deletes without a DELETE trigger
    """
    CREATE TRIGGER log_has_no_gaps BEFORE INSERT ON log
    WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM log)
    BEGIN SELECT RAISE(ABORT, 'the log is numbered without gaps'); END
    """,
)

_POSTGRESQL = (
    """
    CREATE FUNCTION log_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$
    """,
    """
    CREATE FUNCTION log_has_no_gaps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM log) THEN
        RAISE EXCEPTION 'the log is numbered without gaps';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER log_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuses()
    """,
    """
    CREATE TRIGGER log_has_no_gaps BEFORE INSERT ON log
    FOR EACH ROW EXECUTE FUNCTION log_has_no_gaps()
    """,
)


def _seq() -> sa.Column[int]:
    return sa.Column("seq", _SEQ, sa.ForeignKey("log.seq"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "log",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("log_by_kind", "log", ["kind", "seq"])
    op.create_index("log_by_subject", "log", ["subject_id", "seq"])
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)

    op.create_table(
        "incidents",
        sa.Column("id", sa.String, primary_key=True),
        _seq(),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("longitude_deg", sa.Double, nullable=False),
        sa.Column("latitude_deg", sa.Double, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("sortie_id", sa.String),
        sa.Column("reported_at_s", sa.Double, nullable=False),
        sa.Column("decided_at_s", sa.Double),
        sa.Column("launched_at_s", sa.Double),
        sa.Column("on_scene_at_s", sa.Double),
        sa.Column("cleared_at_s", sa.Double),
        sa.Column("returned_at_s", sa.Double),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("incidents_by_seq", "incidents", ["seq"])
    op.create_index("incidents_by_status", "incidents", ["status", "seq"])
    op.create_index("incidents_by_report", "incidents", ["reported_at_s"])

    op.create_table(
        "sorties",
        sa.Column("id", sa.String, primary_key=True),
        _seq(),
        sa.Column("drone_id", sa.String, nullable=False),
        sa.Column("incident_id", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("sorties_by_seq", "sorties", ["seq"])
    op.create_index("sorties_by_state", "sorties", ["state", "seq"])
    op.create_index("sorties_by_drone", "sorties", ["drone_id", "seq"])
    op.create_index("sorties_by_incident", "sorties", ["incident_id", "seq"])

    op.create_table(
        "decisions",
        sa.Column("id", sa.String, primary_key=True),
        _seq(),
        sa.Column("incident_id", sa.String, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("drone_id", sa.String),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("inputs_hash", sa.String, nullable=False),
        sa.Column("inputs", sa.LargeBinary),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("decisions_by_incident", "decisions", ["incident_id", "seq"])

    op.create_table(
        "facts",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("subject_id", sa.String, primary_key=True),
        _seq(),
        sa.Column("body", sa.Text, nullable=False),
    )

    op.create_table(
        "tracks",
        sa.Column("drone_id", sa.String, primary_key=True),
        sa.Column("at_s", sa.Double, primary_key=True),
        sa.Column("sortie_id", sa.String),
        sa.Column("longitude_deg", sa.Double, nullable=False),
        sa.Column("latitude_deg", sa.Double, nullable=False),
        sa.Column("height_m", sa.Double, nullable=False),
        sa.Column("ground_speed_mps", sa.Double, nullable=False),
        sa.Column("battery_share", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("tracks_by_sortie", "tracks", ["sortie_id", "at_s"])

    op.create_table(
        "idempotency",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("request_hash", sa.String, nullable=False),
        sa.Column("incident_id", sa.String, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False),
    )

    op.create_table(
        "accounts",
        sa.Column("username", sa.String, primary_key=True),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at_s", sa.Double, nullable=False),
        sa.Column("changed_at_s", sa.Double, nullable=False),
    )

    op.create_table(
        "meta",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the log is never thrown away: restore a copy instead")
