"""The pytest plugin that comes with reach180: real PX4 for other people's test suites.

A test that takes ``px4_fleet`` flies real PX4 where the environment variable ``REACH180_PX4`` names a build, and is
skipped with that reason elsewhere::

    def test_everybody_is_served(px4_fleet):
        report = px4_fleet.fly("my-scenario.toml")
        assert report.passed

Nothing heavy is imported before a test asks for it: pytest loads this file in every project that has reach180.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from api.sitl.report import Report
    from geo.position import Position
    from simulator.px4 import Px4Build, Px4Fleet

WITHOUT = "REACH180_PX4 names no PX4 build"


class Px4Fleets:
    """What the fixture gives: fleets of a build, and scenarios flown by them."""

    def __init__(self, build: "Px4Build", folder: Path) -> None:
        self.build = build
        self._folder = folder
        self._flown = 0

    def __call__(
        self,
        homes: "Sequence[Position]",
        *,
        ground_amsl_m: float = 0.0,
        logs: Path | None = None,
        model: str | None = None,
    ) -> "Px4Fleet":
        """A vehicle at each home, the first with system id 1; they fly while the ``with`` block runs. ``model`` is
        PX4's name of what they are: a quadrotor unless it is told."""
        from simulator.px4 import QUADROTOR, Px4Fleet, Px4Spec

        specs = [
            Px4Spec(system_id=number, home=home, ground_amsl_m=ground_amsl_m, model=model or QUADROTOR)
            for number, home in enumerate(homes, 1)
        ]
        return Px4Fleet(self.build, specs, logs=logs)

    def fly(
        self,
        scenario: str | Path,
        *,
        to: Path | None = None,
        vehicles: int | None = None,
        speed: float | None = None,
        against: Path | None = None,
    ) -> "Report":
        """Fly a scenario (a file, or the name of a shipped one) through the live engine; its report.

        The report's files are left in ``to``, or in a folder of the test's ``tmp_path``.
        """
        from api.sitl.job import fly_and_report

        self._flown += 1
        folder = to if to is not None else self._folder / f"sitl-{self._flown}"
        return fly_and_report(
            scenario, folder, build=self.build, vehicles=vehicles, speed=speed, against=against, command="pytest"
        )


@pytest.fixture
def px4_fleet(tmp_path: Path) -> Px4Fleets:
    """Fleets of real PX4; the test is skipped by name where there is no build."""
    from simulator.px4 import named_build

    build = named_build()
    if build is None:
        pytest.skip(WITHOUT)
    return Px4Fleets(build, tmp_path)
