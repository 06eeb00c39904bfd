"""The process: one UDP socket for all vehicles, a loop that keeps simulated to wall time, and its control.

Simulated time runs ``factor`` times as fast as the wall. The loop advances it in whole steps, never gains
or loses time against the wall, and after a stall (or where the factor asks for more than the machine can
compute) makes up for at most ``CATCH_UP_S`` of wall time.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

from .control import listen
from .dynamics import STEP_S
from .protocol import Protocol
from .spec import VehicleSpec
from .wire import Message, dialect, messages
from .world import World

TICK_S: Final = 0.025
BUSY_S: Final = 0.05  # of computing between two looks at the wire
CATCH_UP_S: Final = 1.0
DATAGRAM_BYTES: Final = 1200
_GROUND_STATION = dialect.MAV_TYPE_GCS


class Fleet:
    """The vehicles of one process on the wire: ``own`` is a bound, non-blocking UDP socket."""

    def __init__(
        self, fleet: Sequence[VehicleSpec], own: socket.socket, port: int, factor: float, position_hz: float
    ) -> None:
        self.world = World(fleet)
        self.silent: set[int] = set()
        self.stopped = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self._socket = own
        self._address = ("127.0.0.1", port)
        self._protocols = [
            Protocol(vehicle, position_hz, row / len(self.world.vehicles))
            for row, vehicle in enumerate(self.world.vehicles)
        ]
        self._owed_s = 0.0
        self.set_factor(factor)
        self._heard_s: list[float | None] = [None] * len(fleet)
        self._skip_s = 0.0
        self._skipped: asyncio.Future[None] | None = None

    # ------------------------------------------------------------------ wire

    def receive(self) -> None:
        """Take in all datagrams that wait, and answer."""
        now_s = time.monotonic()
        while True:
            try:
                datagram = self._socket.recv(65_536)
            except OSError:  # nothing left, or nobody listens at the other end
                break
            for message in messages(datagram):
                self._route(message, now_s)
        self._flush()

    def _route(self, message: Message, now_s: float) -> None:
        if message.get_type() == "HEARTBEAT":
            if message.type == _GROUND_STATION:
                self._heard_s = [now_s if self.on_air(row) else heard_s for row, heard_s in enumerate(self._heard_s)]
            return
        target = getattr(message, "target_system", 0)
        row = self.world.index.get(target)
        if target and row is None:
            return
        for chosen in [row] if row is not None else range(len(self._protocols)):
            if self.on_air(chosen):
                self._protocols[chosen].handle(message, now_s)

    def on_air(self, row: int) -> bool:
        """Whether a vehicle can be heard and can hear."""
        return not self.world.dead[row] and row not in self.silent

    def _flush(self) -> None:
        """Send what has collected, several messages in a datagram."""
        datagram = bytearray()
        for protocol in self._protocols:
            for frame in protocol.outbox:
                if len(datagram) + len(frame) > DATAGRAM_BYTES:
                    self._send(datagram)
                    datagram.clear()
                datagram += frame
            protocol.outbox.clear()
        if datagram:
            self._send(datagram)

    def _send(self, datagram: bytearray) -> None:
        with contextlib.suppress(OSError):  # as on any radio: what cannot be sent now is lost
            self._socket.sendto(datagram, self._address)

    # ------------------------------------------------------------------ time

    def set_factor(self, factor: float) -> None:
        """Let simulated time run ``factor`` times as fast as the wall."""
        self._factor = factor
        for protocol in self._protocols:
            protocol.set_pace(factor)

    async def skip(self, seconds: float) -> None:
        """Advance simulated time by ``seconds`` as fast as it can be computed."""
        self._skip_s += seconds
        if self._skipped is None:
            self._skipped = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._skipped)

    async def run(self) -> None:
        """Keep time until :attr:`stopped` is set."""
        last_s = time.monotonic()
        next_s = last_s
        while not self.stopped.is_set():
            now_s = time.monotonic()
            owed_s = self._owed_s + (now_s - last_s) * self._factor
            self._owed_s = min(owed_s, CATCH_UP_S * self._factor)
            last_s = now_s
            self._watch_link(now_s)
            self._pass_time(now_s + BUSY_S)
            for row, protocol in enumerate(self._protocols):
                if self.on_air(row):
                    protocol.tick(now_s)
            self._flush()
            next_s = max(next_s + TICK_S, time.monotonic())
            await asyncio.sleep(next_s - time.monotonic())

    def _pass_time(self, until_s: float) -> None:
        """Let the time that is owed or to be skipped pass, as far as it can be computed until then."""
        while (due_s := self._owed_s + self._skip_s) >= STEP_S and time.monotonic() < until_s:
            piece_s = due_s if self.world.quiet else STEP_S
            self.world.advance(piece_s)
            skipped_s = min(piece_s, self._skip_s)
            self._skip_s -= skipped_s
            self._owed_s -= piece_s - skipped_s
        if self._skipped is not None and self._skip_s < STEP_S:
            self._owed_s, self._skip_s = self._owed_s + self._skip_s, 0.0
            self._skipped.set_result(None)
            self._skipped = None

    def _watch_link(self, now_s: float) -> None:
        """A link is lost after COM_DL_LOSS_T of *wall* time: heartbeats are wall-time traffic."""
        for row, vehicle in enumerate(self.world.vehicles):
            heard_s = self._heard_s[row]
            vehicle.link_lost = heard_s is None or now_s - heard_s > vehicle.params["COM_DL_LOSS_T"]


async def serve(fleet: Sequence[VehicleSpec], port: int, factor: float, position_hz: float) -> None:
    """Fly a fleet until stdin ends, quit is asked for or a signal arrives."""
    loop = asyncio.get_running_loop()
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    own.bind(("127.0.0.1", 0))
    own.setblocking(False)
    endpoint = Fleet(fleet, own, port, factor, position_hz)
    loop.add_reader(own, endpoint.receive)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, endpoint.stopped.set)
    listen(endpoint)
    ready = {"ready": True, "vehicles": len(fleet), "port": own.getsockname()[1]}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    try:
        await endpoint.run()
    finally:
        loop.remove_reader(own)
        own.close()
