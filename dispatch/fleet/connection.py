"""The ways to reach a vehicle: connection strings, checked before anything is opened.

======================================  ==================================================================
``serial:///dev/ttyUSB0:57600``         a radio or autopilot on a serial port (``serial_flowcontrol://``: RTS/CTS)
``udpin://127.0.0.1:14550``             vehicles send to this port of ours
``udpout://192.168.7.10:14550``         we send to theirs; they answer
``tcpin://127.0.0.1:5760``              they call us
``tcpout://192.168.7.10:5760``          we call them
======================================  ==================================================================

These are MAVSDK 4's, less what it calls out of date (``udp://``, ``tcp://``). MAVSDK itself refuses in one word, and
binds one UDP port twice without complaint, which leaves one of the two deaf.
"""

import errno
import ipaddress
import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass

SERIAL = ("serial", "serial_flowcontrol")
LISTENING = ("udpin", "tcpin")
CALLING = ("udpout", "tcpout")
OUT_OF_DATE = {"udp": "udpin:// or udpout://", "tcp": "tcpin:// or tcpout://"}
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 921600, 1000000, 1500000, 2000000, 3000000)
"""Those that MAVSDK and serial drivers both know."""
ANYWHERE = "0.0.0.0"  # noqa: S104 - to name it, not to bind it


class ConnectionStringError(ValueError):
    """A connection string that cannot be used; the message holds it and says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One way to reach vehicles. ``place`` is a device's path for serial ports, else a host; ``number`` is the baud
    rate, else the port."""

    kind: str
    place: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind}://{self.place}:{self.number}"

    @property
    def exposed(self) -> bool:
        """Whether strangers on a network can send to it: MAVLink has no door of its own, who reaches it may fly."""
        return self.kind not in SERIAL and not _loopback(self.place)


def parse_connection(text: str) -> Connection:
    """A connection out of a string; raises :class:`ConnectionStringError`."""

    def wrong(why: str) -> ConnectionStringError:
        return ConnectionStringError(f"connection {text!r}: {why}")

    kind, separator, rest = text.strip().partition("://")
    if kind in OUT_OF_DATE:
        raise wrong(f"{kind}:// does not say who calls whom: write {OUT_OF_DATE[kind]}")
    if not separator or kind not in (*SERIAL, *LISTENING, *CALLING):
        raise wrong(f"it must begin with one of {', '.join(f'{k}://' for k in (*SERIAL, *LISTENING, *CALLING))}")
    place, separator, number = rest.rpartition(":")
    if not separator or not number.isascii() or not number.isdecimal():
        raise wrong("it must end in a colon and the baud rate" if kind in SERIAL else "it must end in a colon and port")
    if kind in SERIAL:
        if not place.startswith("/"):
            raise wrong("the serial port must be a whole path, as in serial:///dev/ttyUSB0:57600")
        if int(number) not in BAUDS:
            raise wrong(f"the baud rate must be one of {', '.join(map(str, BAUDS))}")
    else:
        if not 1 <= int(number) <= 65_535:
            raise wrong("the port must lie in 1 to 65535")
        if not place or ":" in place or "/" in place or any(map(str.isspace, place)):
            raise wrong(f"the host {place!r} must be a name or an IPv4 address")
        if kind in LISTENING and _address(place) is None:
            raise wrong(f"{kind} listens on an address of this machine, in figures: 127.0.0.1, or {ANYWHERE} for all")
        if kind in CALLING and place == ANYWHERE:
            raise wrong(f"nobody can be called at {ANYWHERE}")
    return Connection(kind=kind, place=place, number=int(number))


def parse_connections(texts: Sequence[str]) -> tuple[Connection, ...]:
    """All of them, or :class:`ConnectionStringError` for the first that is wrong or takes what another has taken."""
    found: list[Connection] = []
    for text in texts:
        connection = parse_connection(text)
        rival = next((other for other in found if _clash(connection, other)), None)
        if rival is not None:
            raise ConnectionStringError(f"connection {text!r}: {rival} takes the same port")
        found.append(connection)
    return tuple(found)


def obstacle(connection: Connection) -> str | None:
    """What stands in the way of opening it now, with the remedy; None where nothing is seen to."""
    if connection.kind in SERIAL:
        return _serial_obstacle(connection.place)
    if connection.kind in LISTENING:
        return _port_obstacle(connection)
    try:
        socket.getaddrinfo(connection.place, connection.number, socket.AF_INET)
    except OSError as error:
        return f"the name {connection.place!r} is not known ({error.strerror}): check it, or write the address"
    return None


def _serial_obstacle(path: str) -> str | None:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return f"there is no {path}: is the radio or autopilot plugged in?"
    if not stat.S_ISCHR(mode):
        return f"{path} is no serial port"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"no leave to open {path}: put this user into the group that owns it (often dialout), log in again"
    return None


def _port_obstacle(connection: Connection) -> str | None:
    """A bind of our own: MAVSDK binds UDP ports that another MAVSDK has already."""
    tcp = connection.kind == "tcpin"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as probe:
        if tcp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((connection.place, connection.number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {connection.number} is taken by another program (an engine, a ground station?): end it"
            if error.errno == errno.EADDRNOTAVAIL:
                return f"this machine has no address {connection.place}"
            return str(error.strerror)
    return None


def _clash(one: Connection, other: Connection) -> bool:
    if one.kind in SERIAL or other.kind in SERIAL:
        return one.place == other.place
    if one.kind in CALLING or one.kind != other.kind:
        return one == other
    return one.number == other.number and (one.place == other.place or ANYWHERE in (one.place, other.place))


def _address(host: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback
