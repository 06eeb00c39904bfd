"""Everything that moves, as server-sent events.

Events that the log holds carry its number as id; a client that reconnects with ``Last-Event-ID`` gets what it missed
from memory, or a fresh ``situation`` if it was away too long. Telemetry and the clock carry no id: only the latest
counts. Every client has a bounded queue; one that cannot keep up is given a fresh ``situation`` instead of a backlog.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from pydantic import BaseModel
from sse_starlette import ServerSentEvent

QUEUE_LENGTH = 1000
MEMORY = 5000


@dataclass(frozen=True, slots=True)
class Message:
    """One event of the stream; ``seq`` is None for what is not in the log."""

    event: str
    data: str
    seq: int | None

    def sse(self) -> ServerSentEvent:
        """As it goes over the wire."""
        return ServerSentEvent(data=self.data, event=self.event, id=None if self.seq is None else str(self.seq))


def message(event: str, payload: BaseModel | object, seq: int | None = None) -> Message:
    """A message of a view, or of anything that JSON can hold."""
    data = payload.model_dump_json() if isinstance(payload, BaseModel) else json.dumps(payload, ensure_ascii=False)
    return Message(event, data, seq)


class Stream:
    """Hands messages to every client that listens."""

    def __init__(self, snapshot: Callable[[], Message]) -> None:
        self._snapshot = snapshot
        self._memory: deque[Message] = deque(maxlen=MEMORY)
        self._queues: set[asyncio.Queue[Message | None]] = set()

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._queues)

    def publish(self, one: Message) -> None:
        """Hand ``one`` to everybody; never waits."""
        if one.seq is not None:
            self._memory.append(one)
        for queue in self._queues:
            try:
                queue.put_nowait(one)
            except asyncio.QueueFull:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(self._snapshot())

    def close(self) -> None:
        """End every client's stream."""
        for queue in self._queues:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def listen(self, last_seq: int | None) -> AsyncIterator[ServerSentEvent]:
        """What a client gets: what it missed, or the whole situation; then everything new."""
        queue: asyncio.Queue[Message | None] = asyncio.Queue(QUEUE_LENGTH)
        missed = self._missed(last_seq)
        self._queues.add(queue)
        try:
            for one in missed:
                yield one.sse()
            while (one_or_end := await queue.get()) is not None:
                yield one_or_end.sse()
        finally:
            self._queues.discard(queue)

    def _missed(self, last_seq: int | None) -> list[Message]:
        if last_seq is None or not self._memory or last_seq < (self._memory[0].seq or 0) - 1:
            return [self._snapshot()]
        return [one for one in self._memory if one.seq is not None and one.seq > last_seq]
