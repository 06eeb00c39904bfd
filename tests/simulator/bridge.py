"""Carries an embedded fleet's datagrams over another kind of link: a serial line, TCP, or UDP the other way round."""

import contextlib
import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Callable
from functools import partial

Read, Write = Callable[[], bytes], Callable[[bytes], object]


def bridged(kind: str, fleet_port: int, port: int) -> str:
    """Carry between UDP ``fleet_port``, to which the fleet sends, and a link of ``kind``; its connection string.

    TCP and UDP links meet at ``port``. Its threads end with the program.
    """
    near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    near.bind(("127.0.0.1", fleet_port))
    fleet: list[tuple[str, int]] = []

    def from_fleet() -> bytes:
        datagram, address = near.recvfrom(65_536)
        fleet[:] = [address]
        return datagram

    def to_fleet(data: bytes) -> None:
        if fleet:
            near.sendto(data, fleet[0])

    def run() -> None:
        read, write = open_end()
        threading.Thread(target=_carry, args=(read, to_fleet), daemon=True).start()
        _carry(from_fleet, write)

    if kind == "serial":
        ours, theirs = pty.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        url = f"serial://{os.ttyname(theirs)}:57600"
        open_end = partial(_terminal, ours)
    else:
        open_end = partial(_ENDS[kind], port)
        url = f"{kind}://127.0.0.1:{port}"
    threading.Thread(target=run, daemon=True).start()
    return url


def _carry(read: Read, write: Write) -> None:
    with contextlib.suppress(OSError):  # the other side has gone
        while True:
            write(read())


def _terminal(file: int) -> tuple[Read, Write]:
    return lambda: os.read(file, 4096), lambda data: os.write(file, data)


def _we_answer(port: int) -> tuple[Read, Write]:
    """The far end of ``udpout``: nothing goes out before somebody has called."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind(("127.0.0.1", port))
    caller: list[tuple[str, int]] = []

    def read() -> bytes:
        data, address = end.recvfrom(65_536)
        caller[:] = [address]
        return data

    return read, lambda data: end.sendto(data, caller[0]) if caller else None


def _we_call(port: int) -> tuple[Read, Write]:
    """The far end of ``tcpin``."""
    with contextlib.suppress(ConnectionRefusedError):
        end = socket.create_connection(("127.0.0.1", port))
        return lambda: end.recv(4096), end.sendall
    time.sleep(0.05)
    return _we_call(port)


def _we_listen(port: int) -> tuple[Read, Write]:
    """The far end of ``tcpout``."""
    with socket.create_server(("127.0.0.1", port)) as door:
        end, _ = door.accept()
    return lambda: end.recv(4096), end.sendall


_ENDS = {"udpout": _we_answer, "tcpin": _we_call, "tcpout": _we_listen}
