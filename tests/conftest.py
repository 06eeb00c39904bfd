"""One real engine for all tests of the ways in; see :mod:`tests.api.site`."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

from benchmarks._data import SHARED
from dispatch.store import Role
from tests.api.site import Site, serving, settings_for
from tests.cities import write_city

pytest_plugins = ["api.pytest_plugin", "pytester", "tests.postgresql"]
"""The first is also an entry point of the package, of the same name: without that installed it is found here."""

settings.register_profile("reach180", deadline=None)  # how long an example takes is the machine's affair, not a promise
settings.load_profile("reach180")

for name in [name for name in os.environ if name.startswith("REACH180_")]:
    if name not in ("REACH180_PX4", "REACH180_POSTGRESQL", "REACH180_HUNT", "REACH180_SHARED_DATA"):
        del os.environ[name]


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Path:
    """The file or folder of real data that the test's mark ``shared_data`` names, which is no part of the project. The
    test is skipped, by that name, where it is not there; another holds its promise on generated data."""
    mark = request.node.get_closest_marker("shared_data")
    assert mark is not None, "say which: @pytest.mark.shared_data(name)"
    path = SHARED / str(mark.args[0])
    if not path.exists():
        pytest.skip(f"shared data is not here: {mark.args[0]}")
    return path


@pytest.fixture(scope="session")
def city_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the made-up city of :mod:`tests.cities`."""
    return write_city(tmp_path_factory.mktemp("city") / "probe")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, city_folder: Path) -> Iterator[Site]:
    """The made-up city, its vehicles and its server, twenty times as fast as the wall."""
    with serving(settings_for(tmp_path_factory.mktemp("data"), city_folder)) as running:
        yield running


@pytest.fixture
def quiet_site(site: Site) -> Site:
    """The same, once every drone is home, able and without a task."""
    site.wait_for_rest(40)
    return site


@pytest.fixture
def nobody(site: Site) -> httpx.Client:
    """A client that is not logged in."""
    return site.client()


@pytest.fixture
def viewer(site: Site) -> httpx.Client:
    """A client that may look."""
    return site.client(Role.VIEWER)


@pytest.fixture
def operator(site: Site) -> httpx.Client:
    """A client that may act on incidents and drones."""
    return site.client(Role.OPERATOR)


@pytest.fixture
def planner(site: Site) -> httpx.Client:
    """A client that may raise zones."""
    return site.client(Role.PLANNER)


@pytest.fixture
def admin(site: Site) -> httpx.Client:
    """A client that may do everything."""
    return site.client(Role.ADMIN)
