"""A build of PX4 for simulation: a folder with ``bin/px4`` and its startup scripts."""

import os
from dataclasses import dataclass
from pathlib import Path

BUILD_VARIABLE = "REACH180_PX4"
"""The environment variable that names the build for tests."""

QUADROTOR, STANDARD_VTOL = "sihsim_quadx", "sihsim_standard_vtol"


class Px4Error(RuntimeError):
    """PX4 could not be run; the message says which instance, why, and what it last said."""


@dataclass(frozen=True, slots=True)
class Px4Build:
    """A build, checked when it is named: raises :class:`Px4Error` for a folder that is none."""

    root: Path

    def __post_init__(self) -> None:
        for part in (self.binary, self.scripts / "init.d-posix" / "rcS"):
            if not part.is_file():
                raise Px4Error(
                    f"{self.root} is no PX4 SITL build: it has no {part.relative_to(self.root)} "
                    "(such a build is the folder build/px4_sitl_default of PX4's sources)"
                )

    @property
    def binary(self) -> Path:
        """The program."""
        return self.root / "bin" / "px4"

    @property
    def scripts(self) -> Path:
        """The startup scripts."""
        return self.root / "etc"

    def models(self) -> tuple[str, ...]:
        """The SIH models that it can start."""
        files = (self.scripts / "init.d-posix" / "airframes").glob("*_sihsim_*")
        return tuple(sorted(file.name.partition("_")[2] for file in files if not file.suffix))


def named_build() -> Px4Build | None:
    """The build that the environment names; None where it names none.

    Raises :class:`Px4Error` where it names what is no build: tests that were asked for must not be skipped in silence.
    """
    named = os.environ.get(BUILD_VARIABLE)
    return Px4Build(Path(named).resolve()) if named else None
