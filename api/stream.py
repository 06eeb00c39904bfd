"""Everything that moves, as server-sent events.

Events of what the log holds are numbered; their id says the run of the engine and the number. A client that reconnects
with ``Last-Event-ID`` gets exactly what it missed, from memory, or a fresh ``situation`` if it was away too long or
saw another run. Telemetry and the clock have no id: of each only the latest counts. So a client that cannot keep up
has a bounded backlog, and what it sees of the drones is never old; where the backlog is full, a fresh ``situation``
takes its place.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from itertools import islice

from pydantic import BaseModel
from sse_starlette import ServerSentEvent

BACKLOG = 1000
MEMORY = 5000


@dataclass(frozen=True, slots=True)
class Message:
    """One event of the stream. Passing events (telemetry, clock) are superseded by the next of their name."""

    event: str
    data: str
    passing: bool = False
    id: str | None = None

    def sse(self) -> ServerSentEvent:
        """As it goes over the wire."""
        return ServerSentEvent(data=self.data, event=self.event, id=self.id)


def message(event: str, payload: BaseModel | object, *, passing: bool = False) -> Message:
    """A message of a view, or of anything that JSON can hold."""
    data = payload.model_dump_json() if isinstance(payload, BaseModel) else json.dumps(payload, ensure_ascii=False)
    return Message(event, data, passing)


@dataclass(eq=False, slots=True)
class _Client:
    """What one client has still to be sent."""

    backlog: deque[Message]
    latest: dict[str, Message] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self) -> Message | None:
        if self.backlog:
            return self.backlog.popleft()
        return self.latest.pop(next(iter(self.latest))) if self.latest else None


class Stream:
    """Hands messages to every client that listens."""

    def __init__(self, snapshot: Callable[[], Message]) -> None:
        self._snapshot = snapshot
        self._run = secrets.token_hex(4)
        self._count = 0
        self._memory: deque[Message] = deque(maxlen=MEMORY)
        self._clients: set[_Client] = set()
        self._closed = False

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._clients)

    def publish(self, one: Message) -> None:
        """Hand ``one`` to everybody; never waits."""
        if not one.passing:
            self._count += 1
            one = replace(one, id=self._id(self._count))
            self._memory.append(one)
        for client in self._clients:
            if one.passing:
                client.latest[one.event] = one
            elif len(client.backlog) < BACKLOG:
                client.backlog.append(one)
            else:
                client.backlog = deque([self._situation()])
                client.latest.clear()
            client.woken.set()

    def close(self) -> None:
        """End every client's stream; there are no new ones."""
        self._closed = True
        for client in self._clients:
            client.woken.set()

    async def listen(self, last_id: str | None = None) -> AsyncGenerator[ServerSentEvent]:
        """What a client gets: what it missed since ``last_id``, or the whole situation; then everything new."""
        client = _Client(self._missed(last_id))
        self._clients.add(client)
        try:
            while not self._closed:
                one = client.next()
                if one is not None:
                    yield one.sse()
                else:
                    client.woken.clear()
                    await client.woken.wait()
        finally:
            self._clients.discard(client)

    def _missed(self, last_id: str | None) -> deque[Message]:
        run, _, number = (last_id or "").partition("-")
        if run != self._run or not number.isdecimal() or len(number) > 18:
            return deque([self._situation()])
        missed = self._count - int(number)
        if not 0 <= missed <= len(self._memory):
            return deque([self._situation()])
        return deque(islice(self._memory, len(self._memory) - missed, None))

    def _situation(self) -> Message:
        """The whole picture; what was published until now is in it."""
        return replace(self._snapshot(), id=self._id(self._count))

    def _id(self, number: int) -> str:
        return f"{self._run}-{number}"
