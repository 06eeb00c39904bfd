"""The child process of one job: ``python -m api.jobs.worker TARGET FOLDER``.

It hears ``cancel`` on its standard input and tells one JSON object a line on its standard output; when its standard
input ends, the engine is gone, and it goes too. It takes the processor's and the memory's leavings: the engine's
decisions come first.
"""

import contextlib
import importlib
import json
import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from api.jobs.folder import CONTEXT, INPUTS, REQUEST, RESULTS, UNFINISHED
from api.jobs.job import Failure, JobError, Progress, Stopped
from simulator.background import step_back

CANCEL = b"cancel"
TELL_EVERY_S = 0.2


@dataclass(slots=True)
class Errand:
    """What a job's work is given: the request, its files, where results go, whom to tell, and whether to stop."""

    folder: Path
    results: Path
    """Where result files are written; they become the job's when the work returns."""
    out: TextIO
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _began_s: float = field(default_factory=time.monotonic)
    _told_s: float = -math.inf
    _untold: Progress | None = None
    _stage: str = ""

    @property
    def request(self) -> str:
        """The request's JSON."""
        return (self.folder / REQUEST).read_text(encoding="utf-8")

    @property
    def context(self) -> str:
        """What the work must know of the engine."""
        return (self.folder / CONTEXT).read_text(encoding="utf-8")

    @property
    def inputs(self) -> Path:
        """The folder of the files that came with the request."""
        return self.folder / INPUTS

    def cancel(self) -> None:
        """Somebody asks to stop."""
        self._cancelled.set()

    def cancelled(self) -> bool:
        """Whether somebody has asked to stop. What was found so far is to be kept."""
        return self._cancelled.is_set()

    def tell(self, what: str, *, share: float | None = None, value: float = math.nan, bound: float = math.nan) -> None:
        """Tell how far it is. Cheap: at most a few times a second something is sent."""
        if what != self._stage:
            self.flush()  # the last word of the step before
        gap = abs(bound - value) / max(abs(value), 1e-12)
        now_s = time.monotonic()
        self._untold = Progress(
            what=what,
            seconds=round(now_s - self._began_s, 2),
            share=share,
            value=_finite(value),
            bound=_finite(bound),
            gap=_finite(gap),
        )
        if what != self._stage or now_s - self._told_s >= TELL_EVERY_S:
            self._stage, self._told_s = what, now_s
            self.flush()

    def flush(self) -> None:
        """Send what was held back."""
        if self._untold is not None:
            self.send(progress=self._untold)
            self._untold = None

    def send(self, **one: Progress | Failure) -> None:
        """One line to the engine."""
        self.out.write(json.dumps({name: asdict(value) for name, value in one.items()}, ensure_ascii=False) + "\n")
        self.out.flush()

    def listen(self) -> None:
        """Hear the engine until it is gone; by the bare file, for a buffered one is locked when Python ends."""
        with contextlib.suppress(OSError):
            while heard := os.read(0, 4096):
                if CANCEL in heard:
                    self.cancel()
        os._exit(1)


def main(target: str, folder: Path) -> None:
    """Do the work of one job."""
    step_back()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log and not among the lines
    made = folder / f"{UNFINISHED}{RESULTS}"
    made.mkdir(exist_ok=True)
    errand = Errand(folder=folder, results=made, out=out)
    threading.Thread(target=errand.listen, daemon=True).start()
    try:
        _work(target)(errand)
        made.rename(folder / RESULTS)
    except Stopped:
        pass
    except JobError as error:
        errand.send(failure=error.failure)
    except Exception:
        traceback.print_exc()
        errand.send(failure=Failure(code="internal", detail="an error that nobody foresaw; it is in worker.log"))
    errand.flush()


def _work(target: str) -> Callable[[Errand], Any]:
    module, _, name = target.partition(":")
    found: Callable[[Errand], Any] = getattr(importlib.import_module(module), name)
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
