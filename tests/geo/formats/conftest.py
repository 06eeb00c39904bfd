"""Published zone files, which are no part of the project."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared_data(request: pytest.FixtureRequest) -> Path:
    """The folder or file that the marker ``shared_data(name)`` names; the test is skipped where it is absent."""
    (name,) = request.node.get_closest_marker("shared_data").args
    folder = Path(__file__).parents[4] / "shared" / "data"
    path = Path(os.environ.get("REACH180_SHARED_DATA", folder)) / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return path
