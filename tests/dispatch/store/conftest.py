"""A store of each kind, and values to put into it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispatch.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that does not exist yet (SQLite) or is empty (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/reach180.db"
    return str(request.getfixturevalue("postgresql_url"))


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
