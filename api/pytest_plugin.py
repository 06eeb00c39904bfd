"""The pytest plugin that comes with reach180: real PX4 for other people's test suites.

A test that takes ``px4_fleet`` flies real PX4 where the environment variable ``REACH180_PX4`` names a build, and is
skipped with that reason elsewhere::

    def test_three_stand_at_home(px4_fleet):
        with px4_fleet([Position(120.956, 31.38)] * 3) as fleet:
            assert fleet[3].running

Nothing heavy is imported before a test asks for it: pytest loads this file in every project that has reach180.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from geo.position import Position
    from simulator.px4 import Px4Build, Px4Fleet

WITHOUT = "REACH180_PX4 names no PX4 build"


class Px4Fleets:
    """What the fixture gives: fleets of a build."""

    def __init__(self, build: "Px4Build") -> None:
        self.build = build

    def __call__(
        self, homes: "Sequence[Position]", *, ground_amsl_m: float = 0.0, logs: Path | None = None
    ) -> "Px4Fleet":
        """A quadrotor at each home, the first with system id 1; they fly while the ``with`` block runs."""
        from simulator.px4 import Px4Fleet, Px4Spec

        specs = [
            Px4Spec(system_id=number, home=home, ground_amsl_m=ground_amsl_m) for number, home in enumerate(homes, 1)
        ]
        return Px4Fleet(self.build, specs, logs=logs)


@pytest.fixture
def px4_fleet() -> Px4Fleets:
    """Fleets of real PX4; the test is skipped by name where there is no build."""
    from simulator.px4 import named_build

    build = named_build()
    if build is None:
        pytest.skip(WITHOUT)
    return Px4Fleets(build)
