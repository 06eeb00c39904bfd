"""Real PX4 SITL instances (SIH quadrotors) for tests; the build is named by REACH180_PX4."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from geo.position import Position

AIRFRAME_PARAMETERS = {
    # SIH's default drag allows 10 m/s; with this it flies 19.8 m/s (measured on PX4 1.16.0)
    "SIH_KDV": "0.3",
}
GROUND_STATION_URL = "udpin://127.0.0.1:14550"
"""All instances send their ground-station link there."""


def px4_build() -> Path | None:
    """The build folder, or None where there is none."""
    named = os.environ.get("REACH180_PX4")
    return Path(named) if named and (Path(named) / "bin" / "px4").exists() else None


@contextmanager
def px4_vehicles(
    build: Path, homes: list[Position], ground_amsl_m: float = 3.0, logs: Path | None = None
) -> Iterator[None]:
    """One instance per home; the first has system id 1. Only what was started here is stopped.

    With ``logs`` each flight is logged and its ULog is left in that folder, named after the system id.
    """
    with ExitStack() as stack:
        for instance, home in enumerate(homes):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="reach180-px4-"))
            if logs is not None:
                stack.callback(_keep_logs, Path(folder), logs, instance + 1)
            environment = {
                **os.environ,
                "PX4_SIM_MODEL": "sihsim_quadx",
                "PX4_SIMULATOR": "sihsim",
                "PX4_HOME_LAT": str(home.latitude_deg),
                "PX4_HOME_LON": str(home.longitude_deg),
                "PX4_HOME_ALT": str(ground_amsl_m),
                "PX4_PARAM_SDLOG_MODE": "-1" if logs is None else "0",
                **{f"PX4_PARAM_{name}": value for name, value in AIRFRAME_PARAMETERS.items()},
            }
            process = subprocess.Popen(
                [build / "bin" / "px4", "-d", "-i", str(instance), build / "etc"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(_stop, process, instance)
        yield


def _keep_logs(folder: Path, logs: Path, system_id: int) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for number, log in enumerate(sorted(folder.rglob("*.ulg"))):
        shutil.move(log, logs / f"{system_id}-{number}.ulg")


def _stop(process: "subprocess.Popen[bytes]", instance: int) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    temporary = Path(tempfile.gettempdir())
    for leftover in (f"px4_lock-{instance}", f"px4-sock-{instance}"):
        path = temporary / leftover
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
