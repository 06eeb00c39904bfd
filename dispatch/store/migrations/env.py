"""Alembic runs this: the migrations go over the connection that the store has opened (see dispatch.store.opening)."""

from alembic import context

from dispatch.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
