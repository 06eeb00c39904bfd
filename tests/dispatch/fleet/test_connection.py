"""Connection strings: what is taken, what is refused at the door, and with which words."""

import os
import pty
import socket
from pathlib import Path

import pytest

from dispatch.fleet import VehicleError
from dispatch.fleet.connection import (
    ConnectionStringError,
    obstacle,
    parse_connection,
    parse_connections,
)
from dispatch.fleet.link import MavsdkLink


@pytest.mark.parametrize(
    ("text", "exposed"),
    [
        ("serial:///dev/ttyUSB0:57600", False),
        ("serial_flowcontrol:///dev/serial/by-id/usb-FTDI:921600", False),
        ("udpin://127.0.0.1:14550", False),
        ("udpin://0.0.0.0:14550", True),
        ("udpout://192.168.7.10:14550", True),
        ("tcpin://10.0.0.5:5760", True),
        ("tcpout://localhost:5760", False),
        ("tcpout://router.lan:5760", True),
    ],
)
def test_each_kind_is_read_and_written_back(text: str, exposed: bool) -> None:
    connection = parse_connection(text)
    assert str(connection) == text
    assert connection.exposed is exposed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it must begin with one of serial://"),
        ("14550", "it must begin with one of serial://"),
        ("upd://0.0.0.0:14550", "it must begin with one of serial://"),
        ("udp://:14540", "write udpin:// or udpout://"),
        ("tcp://1.2.3.4:5760", "write tcpin:// or tcpout://"),
        ("raw://", "it must begin with"),
        ("udpin://0.0.0.0", "it must end in a colon and port"),
        ("udpin://0.0.0.0:145x", "it must end in a colon and port"),
        ("udpin://0.0.0.0:70000", "1 to 65535"),
        ("udpin://:14550", "the host ''"),
        ("udpin://localhost:14550", "in figures"),
        ("udpout://0.0.0.0:14550", "nobody can be called at 0.0.0.0"),
        ("udpout://::1:14550", "the host '::1'"),
        ("serial:///dev/ttyUSB0", "it must end in a colon and the baud rate"),
        ("serial://ttyUSB0:57600", "a whole path"),
        ("serial:///dev/ttyUSB0:57601", "must be one of 9600"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ConnectionStringError) as refused:
        parse_connection(text)
    assert says in str(refused.value)
    assert repr(text) in str(refused.value)
    with pytest.raises(ConnectionStringError):
        MavsdkLink([text])


@pytest.mark.parametrize(
    "pair",
    [
        ("udpin://127.0.0.1:14550", "udpin://127.0.0.1:14550"),
        ("udpin://127.0.0.1:14550", "udpin://0.0.0.0:14550"),
        ("serial:///dev/ttyUSB0:57600", "serial_flowcontrol:///dev/ttyUSB0:115200"),
        ("udpout://10.0.0.1:14550", "udpout://10.0.0.1:14550"),
    ],
)
def test_two_that_want_the_same_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(ConnectionStringError, match="takes the same port"):
        parse_connections(pair)


def test_what_does_not_get_in_each_others_way_is_taken() -> None:
    texts = ["udpin://127.0.0.1:14550", "udpin://127.0.0.1:14551", "tcpin://127.0.0.1:14550", "serial:///dev/a:57600"]
    assert [str(c) for c in parse_connections(texts)] == texts


def test_a_taken_port_is_an_error_and_not_silence(tmp_path: Path) -> None:
    for kind, type_ in (("udpin", socket.SOCK_DGRAM), ("tcpin", socket.SOCK_STREAM)):
        with socket.socket(socket.AF_INET, type_) as taken:
            taken.bind(("127.0.0.1", 0))
            if type_ == socket.SOCK_STREAM:
                taken.listen()
            text = f"{kind}://127.0.0.1:{taken.getsockname()[1]}"
            assert "is taken by another program" in (obstacle(parse_connection(text)) or "")
            with pytest.raises(VehicleError, match="is taken by another program"):
                MavsdkLink([text])
        assert obstacle(parse_connection(text)) is None


def test_a_port_that_one_link_holds_is_refused_to_another() -> None:
    """MAVSDK itself would bind it again, and one of the two would be deaf."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        text = f"udpin://127.0.0.1:{probe.getsockname()[1]}"
    link = MavsdkLink([text])
    try:
        with pytest.raises(VehicleError, match="is taken"):
            MavsdkLink([text])
    finally:
        link.close()


def test_a_serial_port_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_text("no port")
    assert "plugged in" in (obstacle(parse_connection("serial:///dev/ttyNOT:57600")) or "")
    assert "is no serial port" in (obstacle(parse_connection(f"serial://{file}:57600")) or "")
    with pytest.raises(VehicleError, match="plugged in"):
        MavsdkLink(["serial:///dev/ttyNOT:57600"])
    ours, theirs = pty.openpty()
    try:
        assert obstacle(parse_connection(f"serial://{os.ttyname(theirs)}:57600")) is None
    finally:
        os.close(ours)
        os.close(theirs)


def test_an_address_that_is_not_ours_and_a_name_that_nobody_has_are_told() -> None:
    assert "no address 203.0.113.7" in (obstacle(parse_connection("udpin://203.0.113.7:14550")) or "")
    assert "is not known" in (obstacle(parse_connection("tcpout://nobody.invalid:5760")) or "")
