"""MAVSDK's blocking calls to one vehicle: one at a time, each in a thread."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from mavsdk.exceptions import MavsdkError

from dispatch.fleet.vehicle import NoAnswerError, VehicleError

T = TypeVar("T")

UNANSWERED = frozenset({"TIMEOUT", "CONNECTION_ERROR", "NO_SYSTEM"})
"""MAVSDK's words for an order that nobody answered."""

LONGEST_S = 30.0
"""A call that takes longer (wall time) is given up. MAVSDK ends each by its own time-outs, long before; but one that
did not would keep every later order from its vehicle."""


class Calls:
    """Calls that wait for each other; those of two such objects do not."""

    def __init__(self, pool: ThreadPoolExecutor, said: Callable[[], Sequence[str]] = tuple) -> None:
        """``said`` gives what the vehicle said in words meanwhile, for the error."""
        self._pool, self._said = pool, said
        self._turn = asyncio.Lock()

    async def settled(self) -> None:
        """Wait until no call is under way, not even one whose order was dropped: it may reach the vehicle yet."""
        async with self._turn:
            pass

    async def __call__(self, order: Callable[..., T], *values: object, within_s: float = LONGEST_S) -> T:
        """One call at a time. A call in its thread cannot be recalled: where its order is dropped, the next one waits
        until it has ended, or the dropped order could reach the vehicle last; but no longer than ``within_s``.
        """
        await self._turn.acquire()
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._pool, partial(order, *values))
        turn = asyncio.ensure_future(asyncio.wait({call}, timeout=within_s))
        turn.add_done_callback(lambda _: self._turn.release())
        call.add_done_callback(_look_at)
        try:
            await asyncio.shield(turn)
            if not call.done():
                call.cancel()  # where all threads are taken it has not begun, and never shall
                raise NoAnswerError(f"{getattr(order, '__name__', order)} did not end within {within_s:g} s")
            return call.result()
        except MavsdkError as error:
            said = self._said()
            told = getattr(getattr(error, "result", None), "name", type(error).__name__)
            kind = NoAnswerError if told in UNANSWERED else VehicleError
            raise kind(f"{told}{'; it says: ' + '; '.join(said) if said else ''}") from error


def _look_at(call: "asyncio.Future[T]") -> None:
    """So that nobody complains of its error if the order was dropped."""
    if not call.cancelled():
        call.exception()
