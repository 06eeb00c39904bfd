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

    async def __call__(self, order: Callable[..., T], *values: object) -> T:
        """One call at a time. A call in its thread cannot be recalled: where its order is dropped, the next one waits
        until it has ended (at the latest by its own time-out), or the dropped order could reach the vehicle last.
        """
        await self._turn.acquire()
        call = asyncio.get_running_loop().run_in_executor(self._pool, partial(order, *values))
        call.add_done_callback(self._end_turn)
        try:
            return await asyncio.shield(call)
        except MavsdkError as error:
            said = self._said()
            told = getattr(getattr(error, "result", None), "name", type(error).__name__)
            kind = NoAnswerError if told in UNANSWERED else VehicleError
            raise kind(f"{told}{'; it says: ' + '; '.join(said) if said else ''}") from error

    def _end_turn(self, call: "asyncio.Future[T]") -> None:
        self._turn.release()
        if not call.cancelled():
            call.exception()  # looked at, so that nobody complains if the order was dropped
