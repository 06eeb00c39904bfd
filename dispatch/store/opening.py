"""From a URL to an engine whose tables are those of this version, or a clear word why not."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from dispatch.store.port import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"

BUSY_S = 10.0
"""How long a writer waits for another process before it gives up."""

_APPLICATION_ID = int.from_bytes(b"r180")
"""The mark of our SQLite files."""

_WRITERS_LOCK = 180
"""PostgreSQL's name for our one-writer lock: log numbers must appear in the order of commits."""


def open_engine(url: str) -> Engine:
    """An engine for ``url``, its database at this version's schema. Raises :class:`StoreError`."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"not a database URL: {url!r}; like sqlite:///data/reach180.db") from error
    name = place(parsed)
    if parsed.get_backend_name() == "sqlite":
        _make_directory(parsed)
    with translated(name):
        engine = _engine(parsed, name)
        try:
            with writing(engine) as connection:
                _migrate(connection, name)
                if engine.dialect.name == "sqlite":
                    # a write, so that a file that is read-only says so now and not at the first incident
                    connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION_ID}")
        except BaseException:
            engine.dispose()
            raise
    return engine


def schema_version(url: str) -> tuple[str | None, str]:
    """The schema's version of a store that is there (None: there is none yet) and this program's; changes nothing."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"not a database URL: {url!r}") from error
    wanted = str(ScriptDirectory(str(MIGRATIONS)).get_current_head())
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return None, wanted
    name = place(parsed)
    with translated(name):
        engine = _engine(parsed, name)
        try:
            with engine.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision(), wanted
        finally:
            engine.dispose()


def place(url: URL) -> str:
    """What to call the database in messages: the file's path, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "a database in memory"
    return url.render_as_string(hide_password=True)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """The seam at which foreign errors become :class:`StoreError`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        why = getattr(error, "orig", None) or error  # without the statement and its parameters
        raise StoreError(f"{name}: {str(why).strip()}") from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the only writing one until it ends; committed unless an error leaves it."""
    with engine.execution_options(reach180_begin="BEGIN IMMEDIATE").begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
        yield connection


def _make_directory(url: URL) -> None:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise StoreError("what happened must outlive the process: name a file, like sqlite:///data/reach180.db")
    path = Path(url.database)
    try:
        # one level only: a longer missing path is more likely a mistake or a disk that is not mounted
        path.parent.mkdir(exist_ok=True)
    except FileNotFoundError as error:
        raise StoreError(f"{path}: the directory {path.parent.parent} does not exist") from error
    except OSError as error:
        raise StoreError(f"{path}: cannot make the directory {path.parent}: {error.strerror}") from error
    if path.is_dir():
        raise StoreError(f"{path}: is a directory, not a database file")


def _engine(url: URL, name: str) -> Engine:
    try:
        if url.get_backend_name() == "postgresql":
            return create_engine(url, pool_pre_ping=True)
        if url.get_backend_name() != "sqlite":
            raise StoreError(f"{name}: only SQLite and PostgreSQL are known")
        engine = create_engine(url, connect_args={"timeout": BUSY_S})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(f"{name}: its driver is not installed: {error}") from error

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            raise StoreError(f"{name}: cannot be written: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{name}: {error}") from error
        if mode != "wal":
            raise StoreError(f"{name}: its file system has no write-ahead log (journal mode {mode!r})")
        connection.execute("PRAGMA synchronous=FULL")  # what was acknowledged survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("reach180_begin", "BEGIN"))

    return engine


def _migrate(connection: Connection, name: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    if current is None and connection.dialect.name == "sqlite" and inspect(connection).get_table_names():
        raise StoreError(f"{name}: is the database of another program")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"{name}: was written by a later version of reach180: {error}") from error
