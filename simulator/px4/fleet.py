"""Several PX4 instances, each in a folder of its own; what was started here, and only that, is stopped."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.px4.build import Px4Build, Px4Error
from simulator.px4.instance import Px4Instance, Px4Spec, udp_port_is_free, wait_started

GROUND_STATION_PORT = 14550
"""All instances send their ground-station link there, to this machine only."""

GROUND_STATION_URL = f"udpin://127.0.0.1:{GROUND_STATION_PORT}"


GUARD = ("/bin/sh", "-c", "read -r _; kill -KILL 0")
"""Reads until this process closes the pipe or has died, however it died; then ends its own process group."""


class Px4Fleet:
    """Instances by system id. A context manager: leaving it stops them all and, if asked, keeps their flight logs.

    >>> with Px4Fleet(build, specs, logs=folder) as fleet:  # doctest: +SKIP
    ...     fleet[2].kill()
    ...     fleet.restart(2)
    """

    def __init__(self, build: Px4Build, specs: Iterable[Px4Spec], *, logs: Path | None = None) -> None:
        """``logs``: the folder that their ULogs are left in, named after the system id."""
        self._folder = Path(tempfile.mkdtemp(prefix="reach180-px4-"))
        self._logs = logs
        self._instances: dict[int, Px4Instance] = {}
        self._guard: subprocess.Popen[bytes] | None = None
        """The leader of the process group of all instances: they do not outlive us, even where we are killed."""
        try:
            for spec in specs:
                if spec.system_id in self._instances:
                    raise Px4Error(f"system id {spec.system_id} is asked for twice")
                folder = self._folder / str(spec.system_id)
                self._instances[spec.system_id] = Px4Instance(build, spec, folder)
        except Px4Error:
            shutil.rmtree(self._folder)
            raise

    def __getitem__(self, system_id: int) -> Px4Instance:
        return self._instances[system_id]

    def restart(self, system_id: int) -> None:
        """Start one again that was killed or has died, and wait until it is up."""
        self._start(self._instances[system_id])
        wait_started([self._instances[system_id]])

    def __enter__(self) -> Self:
        try:
            if not udp_port_is_free(GROUND_STATION_PORT):
                raise Px4Error(
                    f"UDP port {GROUND_STATION_PORT} is in use: another ground station listens where PX4 sends"
                )
            self._guard = subprocess.Popen(GUARD, stdin=subprocess.PIPE, process_group=0)  # noqa: S603 - a fixed one
            for instance in self._instances.values():
                self._start(instance)
            wait_started(self._instances.values())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, instance: Px4Instance) -> None:
        instance.start(self._guard.pid if self._guard is not None else 0)

    def stop(self) -> None:
        """Stop every instance, keep the flight logs and remove the working folders."""
        for instance in self._instances.values():
            instance.terminate()
        for instance in self._instances.values():
            instance.stop()
        if self._guard is not None:
            self._guard.communicate()
        if self._logs is not None:
            self._logs.mkdir(parents=True, exist_ok=True)
            for system_id, instance in self._instances.items():
                for number, log in enumerate(instance.logs()):
                    shutil.move(log, self._logs / f"{system_id}-{number:02d}.ulg")
        shutil.rmtree(self._folder, ignore_errors=True)
