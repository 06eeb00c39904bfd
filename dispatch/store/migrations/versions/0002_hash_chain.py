"""Every entry of the log bears the hash of itself and of the one before; those that are there get theirs now."""

import sqlalchemy as sa
from alembic import op

from dispatch.store.chain import GENESIS, link

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PAGE = 1000


def upgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    op.add_column("log", sa.Column("hash", sa.String, nullable=False, server_default=""))
    op.execute("DROP TRIGGER log_refuses_update" if sqlite else "ALTER TABLE log DISABLE TRIGGER log_refuses")
    _hash_all(connection)
    if sqlite:
        op.execute(
            "CREATE TRIGGER log_refuses_update BEFORE UPDATE ON log "
            "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        )
    else:
        op.execute("ALTER TABLE log ENABLE TRIGGER log_refuses")


def _hash_all(connection: sa.Connection) -> None:
    page = sa.text("SELECT seq, at_s, kind, subject_id, body FROM log WHERE seq > :seq ORDER BY seq LIMIT :page")
    last_seq, last_hash = 0, GENESIS
    while rows := connection.execute(page, {"seq": last_seq, "page": PAGE}).all():
        hashes = []
        for row in rows:
            last_seq, last_hash = row.seq, link(last_hash, row.seq, row.at_s, row.kind, row.subject_id, row.body)
            hashes.append({"seq": last_seq, "hash": last_hash})
        connection.execute(sa.text("UPDATE log SET hash = :hash WHERE seq = :seq"), hashes)


def downgrade() -> None:
    raise NotImplementedError("the log is never thrown away: restore a copy instead")
