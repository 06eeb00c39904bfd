"""A lock on a store that ends with the process that has it: of a file beside an SQLite database, or of a session with
PostgreSQL."""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from dispatch.store.opening import translated

NUMBER = 181
"""PostgreSQL's name for it; 180 is the writers'."""

DEAD_AFTER_S = 3
"""Both ends of a connection to PostgreSQL find out within about so long that the other's machine is gone."""

_TCP = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": DEAD_AFTER_S}
_HERE = _TCP | {"keepalives": 1, "connect_timeout": DEAD_AFTER_S, "tcp_user_timeout": 1000 * DEAD_AFTER_S}
_THERE = {f"tcp_{name}": value for name, value in _TCP.items()} | {"tcp_user_timeout": 1000 * DEAD_AFTER_S}


class Lock(Protocol):
    """One process at a time has it."""

    def take(self) -> bool:
        """Take it, unless another process has it. Raises :class:`StoreError` where that cannot be found out."""

    def held(self) -> bool:
        """Whether it is held still, as far as can be seen from here."""

    def release(self) -> None:
        """Let it go."""


def lock_of(engine: Engine) -> Lock:
    """The lock of the store that ``engine`` opens."""
    return FileLock(Path(f"{engine.url.database}.lock")) if engine.dialect.name == "sqlite" else SessionLock(engine)


class FileLock:
    """The kernel lets it go when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """As :meth:`Lock.take`."""
        with translated(str(self._path)):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
            except BaseException:
                os.close(file)
                raise
        self._file = file
        return True

    def held(self) -> bool:
        """As :meth:`Lock.held`."""
        return self._file is not None

    def release(self) -> None:
        """As :meth:`Lock.release`."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class SessionLock:
    """PostgreSQL lets it go when the session's connection ends, or is found dead."""

    def __init__(self, engine: Engine) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in _THERE.items())
        self._name = engine.url.render_as_string(hide_password=True)
        alone = _HERE | {"options": options}
        self._engine = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=alone)
        self._session: Connection | None = None

    def take(self) -> bool:
        """As :meth:`Lock.take`."""
        self.release()
        with translated(self._name):
            session = self._engine.connect()
            try:
                taken = bool(session.execute(select(func.pg_try_advisory_lock(NUMBER))).scalar_one())
            except BaseException:
                session.invalidate()
                raise
        if taken:
            self._session = session
        else:
            session.close()
        return taken

    def held(self) -> bool:
        """As :meth:`Lock.held`; asks the server."""
        if self._session is None:
            return False
        try:
            self._session.execute(select(1))
        except SQLAlchemyError:
            self.release()
        return self._session is not None

    def release(self) -> None:
        """As :meth:`Lock.release`."""
        if self._session is not None:
            self._session.invalidate()  # the connection is closed and not kept: the lock ends with it
            self._session.close()
            self._session = None
