"""Empty databases of a real PostgreSQL server."""

from collections.abc import Iterator

import pytest

from benchmarks._postgresql import empty_database, postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server."""
    with postgresql() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty database."""
    with empty_database(postgresql_server) as url:
        yield url
