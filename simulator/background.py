"""Long work beside an engine that decides on lives: it takes the processor's and the memory's leavings."""

import contextlib
import os
from pathlib import Path

NICENESS = 10


def step_back() -> None:
    """This process, and what it starts, has low priority from now on; asked for twice it is as once."""
    os.nice(max(0, NICENESS - os.nice(0)))
    with contextlib.suppress(OSError):  # Linux: where memory runs out, this process is ended and not the engine
        Path("/proc/self/oom_score_adj").write_text("1000")
