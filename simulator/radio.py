"""The radio between autopilots and the engine, as a UDP hop that can fall silent for one vehicle at a time.

For vehicles with a socket each, as every PX4 instance has. What a vehicle sends to :attr:`Radio.port` goes on to the
engine from a socket of that vehicle's own, and what the engine answers there goes back to it, so both directions are
cut by one switch. Frames are passed on as they are.
"""

import asyncio
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

_MARKER_2, _MARKER_1 = 0xFD, 0xFE
_SYSTEM_ID_AT: Final = {_MARKER_2: 5, _MARKER_1: 3}
_BUFFER_BYTES: Final = 1 << 20


def system_id_of(datagram: bytes) -> int | None:
    """The MAVLink system id of the frame that a datagram begins with; None where it begins with none."""
    at = _SYSTEM_ID_AT.get(datagram[0]) if datagram else None
    return datagram[at] if at is not None and at < len(datagram) else None


class Radio:
    """Listens on ``port`` for vehicles and passes on to the engine's MAVSDK at ``127.0.0.1:engine_port``.

    An async context manager.
    """

    def __init__(self, *, port: int, engine_port: int) -> None:
        self.port = port
        self._engine = ("127.0.0.1", engine_port)
        self._silent: set[int] = set()
        self._links: dict[tuple[str, int], _Link] = {}
        self._door: asyncio.DatagramTransport | None = None

    @property
    def url(self) -> str:
        """What MAVSDK is to listen on."""
        return f"udpin://{self._engine[0]}:{self._engine[1]}"

    def silence(self, system_id: int, on: bool = True) -> None:
        """Let nothing through to or from this vehicle; or everything again."""
        (self._silent.add if on else self._silent.discard)(system_id)

    def is_silent(self, system_id: int) -> bool:
        """Whether nothing is let through for this vehicle."""
        return system_id in self._silent

    async def __aenter__(self) -> Self:
        self._door = await _open(("127.0.0.1", self.port), self._from_vehicle)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for link in self._links.values():
            link.close()
        if self._door is not None:
            self._door.close()

    def _from_vehicle(self, datagram: bytes, sender: tuple[str, int]) -> None:
        link = self._links.get(sender)
        if link is None:
            if self._door is None:
                return
            link = self._links[sender] = _Link(self, self._door, sender)
        link.up(datagram, self._engine)


class _Link:
    """One vehicle's way through the radio."""

    def __init__(self, radio: Radio, door: asyncio.DatagramTransport, vehicle: tuple[str, int]) -> None:
        self._radio, self._door, self._vehicle = radio, door, vehicle
        self._system_id: int | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        self._transport = await _open(("127.0.0.1", 0), self._down)

    def up(self, datagram: bytes, engine: tuple[str, int]) -> None:
        """From the vehicle to the engine. What comes while the socket opens is lost, as on any radio."""
        self._system_id = system_id_of(datagram) or self._system_id
        if self._transport is not None and not self._cut():
            self._transport.sendto(datagram, engine)

    def _down(self, datagram: bytes, _sender: tuple[str, int]) -> None:
        if not self._cut():
            self._door.sendto(datagram, self._vehicle)

    def _cut(self) -> bool:
        return self._system_id is not None and self._radio.is_silent(self._system_id)

    def close(self) -> None:
        """Let go of the socket."""
        self._opening.cancel()
        if self._transport is not None:
            self._transport.close()


class _Hears(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes, Any], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._hear(data, addr)


async def _open(address: tuple[str, int], hear: Callable[[bytes, Any], None]) -> asyncio.DatagramTransport:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    own.setblocking(False)
    try:
        own.bind(address)
    except OSError:
        own.close()
        raise
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Hears(hear), sock=own)
    return transport
