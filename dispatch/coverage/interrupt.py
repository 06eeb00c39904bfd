"""Ctrl-C as a flag: a ``KeyboardInterrupt`` raised where a compiled loop hands over its arrays ends the process."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType


@dataclass(slots=True)
class Interrupt:
    """Whether Ctrl-C is listened for, and was heard."""

    listening: bool = False
    heard: bool = False


@contextmanager
def listening() -> Iterator[Interrupt]:
    """Within, Ctrl-C only sets the flag; a second one raises ``KeyboardInterrupt`` as ever.

    Python tells the main thread alone of signals: in another nothing is changed, nor where somebody else listens.
    """
    ours = current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    interrupt = Interrupt(listening=ours)
    if not ours:
        yield interrupt
        return

    def hear(number: int, frame: FrameType | None) -> None:
        if interrupt.heard:
            signal.default_int_handler(number, frame)
        interrupt.heard = True

    signal.signal(signal.SIGINT, hear)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
