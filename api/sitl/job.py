"""A scenario file in, a report folder out: what the command line and the pytest plugin share."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from api.engine import VERSION
from api.flight_log import armed_spans_s, software_of
from api.sitl.audit import armed_s
from api.sitl.record import Record
from api.sitl.report import Report, compared, read_report, report_of, write_files
from api.sitl.run import Tell, fly
from api.sitl.scenario import find_scenario, load_sitl
from simulator.px4 import Px4Build


def fly_and_report(
    scenario: str | Path,
    folder: Path,
    *,
    build: Px4Build | None,
    vehicles: int | None = None,
    speed: float | None = None,
    against: Path | None = None,
    command: str = "",
    tell: Tell = lambda _what: None,
) -> Report:
    """Fly a scenario (a file, or the name of one that is shipped) and leave its report in ``folder``.

    Without ``build`` embedded vehicles fly. Ctrl-C and SIGTERM end the run in order, with a report on what was flown
    until then. Raises ``ValueError`` for a scenario, another report or a folder that cannot be used, before anything is
    started; :class:`simulator.px4.Px4Error` and :class:`api.sitl.run.RunError` where the vehicles do not get ready.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is not empty; the report wants a folder of its own")
    asked = load_sitl(find_scenario(scenario), vehicles=vehicles, speed=speed)
    other = read_report(against) if against is not None else None
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        record = asyncio.run(_until_ended(fly(asked, folder, build=build, tell=tell)))
    except asyncio.CancelledError:  # before anything flew
        raise KeyboardInterrupt from None
    logs = sorted((folder / "ulogs").glob("*.ulg"))
    software = f"reach180 {VERSION}" + (f", {software_of(logs[0])}" if logs else "")
    names = [str(log.relative_to(folder)) for log in logs]
    report = report_of(record, command=command, software=software, logs=names, pace=_pace(record, logs))
    if other is not None and against is not None:
        report = compared(report, other, str(against))
    leave(folder, report, record)
    return report


def _pace(record: Record, logs: Sequence[Path]) -> float | None:
    """Simulated seconds per second, of all flights together: by their logs, against how long the drones were armed.

    Of one flight it is not told: that a drone is armed is heard once a second, which is 1 % of a short one.
    """
    simulated_s = flown_s = 0.0
    for drone in record.city.drones.values():
        flown = armed_s(record.samples.get(drone.id, ()))
        written = [log for log in logs if log.stem.startswith(f"{drone.system_id}-")]
        simulated = [span_s for log in written for span_s in armed_spans_s(log)]
        if len(flown) == len(simulated):
            simulated_s, flown_s = simulated_s + sum(simulated), flown_s + sum(flown)
    return simulated_s / flown_s if flown_s > 0 else None


def leave(folder: Path, report: Report, record: Record) -> None:
    """All files of a report."""
    from api.sitl.page import page  # matplotlib is slow to import, and a scenario that is refused needs none

    write_files(folder, report, record)
    (folder / "report.html").write_text(page(report, record), encoding="utf-8")


async def _until_ended(flying: Coroutine[Any, Any, Record]) -> Record:
    """Fly; SIGTERM ends it as Ctrl-C does."""
    task = asyncio.create_task(flying)
    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread: nobody signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    return await task
