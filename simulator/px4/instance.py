"""One PX4 SIH instance: a process with its own working folder, system id, ports, home and parameters."""

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from geo.position import Position
from simulator.px4.build import QUADROTOR, STANDARD_VTOL, Px4Build, Px4Error

MODEL_PARAMETERS: Mapping[str, Mapping[str, float]] = {
    # SIH's default drag allows 10 m/s; with this it flies 19.8 m/s
    QUADROTOR: {"SIH_KDV": 0.3},
    # at the default of 0.6 it comes to 11 m/s of 12 within half a minute; 12 take all of its thrust
    STANDARD_VTOL: {"FW_THR_TRIM": 1.0},
}

LOCAL_PORTS = (18570, 14580, 14280, 13030, 19450)
"""The UDP ports that instance 0 binds (px4-rc.mavlink): ground station, SDK, payload, gimbal, display."""

LAST_INSTANCE = 249
"""System ids go up to 250, and instance N has system id N + 1."""

STARTED = "Startup script returned successfully"
START_WITHIN_S = 60.0
"""1.4 s for one; 26 at once on two cores took 17 s."""

STOP_WITHIN_S = 5.0
POLL_S = 0.05
LAST_LINES = 12

_TEMPORARY = Path(os.sep, "tmp")
"""Where PX4 keeps its lock and socket, whatever TMPDIR says."""

LOGGING: Mapping[str, float] = {
    "SDLOG_MODE": 0,  # one log per flight, from arming to disarming
    "SDLOG_PROFILE": 1,  # SITL's own default logs what estimators need for a replay too: 400 kB a second and instance
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Px4Spec:
    """One vehicle: who it is, where it stands, what it is.

    ``parameters`` are set at its start, over those of its model; ``speed_factor`` is simulated seconds per second of
    the wall (5 gave 5.00, 20 gave 19.7 with one instance).
    """

    system_id: int
    home: Position
    ground_amsl_m: float = 0.0
    model: str = QUADROTOR
    speed_factor: float = 1.0
    parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def instance(self) -> int:
        """PX4's number of it."""
        return self.system_id - 1

    @property
    def local_ports(self) -> tuple[int, ...]:
        """The UDP ports that it binds."""
        return tuple(port + self.instance for port in LOCAL_PORTS)


class Px4Instance:
    """A PX4 process in ``folder``, which keeps its parameters from one start to the next, as an autopilot does."""

    def __init__(self, build: Px4Build, spec: Px4Spec, folder: Path) -> None:
        if not 0 <= spec.instance <= LAST_INSTANCE:
            raise Px4Error(f"system_id = {spec.system_id}: PX4 SITL has system ids 1 to {LAST_INSTANCE + 1}")
        if spec.model not in build.models():
            known = ", ".join(build.models()) or "(none)"
            raise Px4Error(f"this PX4 build has no model {spec.model!r}; there are: {known}")
        self.spec = spec
        self._build = build
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, group: int = 0) -> None:
        """Start its process in that process group (0: one of its own); :func:`wait_started` waits until it is up.

        Raises :class:`Px4Error` where another PX4 with this number runs, or a port is taken.
        """
        if self.running:
            raise Px4Error(f"{self}: is running already")
        self._clear_away_what_a_killed_one_left()
        for port in self.spec.local_ports:
            if not udp_port_is_free(port):
                raise Px4Error(f"{self}: UDP port {port} is in use")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._starts += 1
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(  # noqa: S603 - the program that the user named
                [self._build.binary, "-d", "-i", str(self.spec.instance), self._build.scripts],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                process_group=group,  # not ours: Ctrl-C is for whoever started it, who then stops it in order
            )

    def has_started(self) -> bool:
        """Whether its startup script is through; :class:`Px4Error` with its last words if it died over it."""
        if STARTED in self._said():
            return True
        if not self.running:
            raise Px4Error(f"{self}: ended while it started{self.last_words()}")
        return False

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._clear_away_what_a_killed_one_left()

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self._process is not None and self.running:
            self._process.terminate()

    def stop(self) -> None:
        """End it in order, its log closed; kill it where it does not go."""
        self.terminate()
        if self._process is not None:
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()
            else:
                self._clear_away_what_a_killed_one_left()

    def logs(self) -> list[Path]:
        """Its flight logs (ULog), the oldest first."""
        return sorted((self.folder / "log").rglob("*.ulg"))

    def last_words(self) -> str:
        """The last lines of its console, to be put behind a message."""
        lines = [line for line in self._said().splitlines() if line.strip()][-LAST_LINES:]
        return "; it said last:\n" + "\n".join(f"    {line}" for line in lines) if lines else "; it said nothing"

    def __str__(self) -> str:
        return f"PX4 instance {self.spec.instance} (system id {self.spec.system_id}, {self.spec.model})"

    @property
    def _console(self) -> Path:
        return self.folder / f"console-{self._starts}.txt"

    def _said(self) -> str:
        return self._console.read_text(encoding="utf-8", errors="replace") if self._console.exists() else ""

    def _environment(self) -> dict[str, str]:
        spec = self.spec
        parameters = {**LOGGING, **MODEL_PARAMETERS.get(spec.model, {}), **spec.parameters}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PX4_")}
        environment |= {
            "PX4_SIM_MODEL": spec.model,
            "PX4_SIMULATOR": "sihsim",
            "PX4_HOME_LAT": repr(spec.home.latitude_deg),
            "PX4_HOME_LON": repr(spec.home.longitude_deg),
            "PX4_HOME_ALT": repr(spec.ground_amsl_m),
            **{f"PX4_PARAM_{name}": f"{value:.9g}" for name, value in parameters.items()},
        }
        if spec.speed_factor != 1.0:
            environment["PX4_SIM_SPEED_FACTOR"] = f"{spec.speed_factor:g}"
        return environment

    def _clear_away_what_a_killed_one_left(self) -> None:
        """Remove a lock and a socket that nobody holds; without that PX4 does not start again."""
        lock = _TEMPORARY / f"px4_lock-{self.spec.instance}"
        if lock.is_file():
            with lock.open("ab") as file:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise Px4Error(f"{self}: another PX4 with this instance number is running") from error
        for left in (lock, _TEMPORARY / f"px4-sock-{self.spec.instance}"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def wait_started(instances: Collection[Px4Instance], within_s: float = START_WITHIN_S) -> None:
    """Wait until all have started; :class:`Px4Error` about the first that dies or does not get there in time."""
    deadline_s = time.monotonic() + within_s
    while waiting := [instance for instance in instances if not instance.has_started()]:
        if time.monotonic() > deadline_s:
            raise Px4Error(f"{waiting[0]}: did not start within {within_s:g} s{waiting[0].last_words()}")
        time.sleep(POLL_S)


def udp_port_is_free(port: int) -> bool:
    """Whether nobody on this machine has bound it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
