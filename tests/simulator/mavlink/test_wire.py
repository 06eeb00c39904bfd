"""Frames out of datagrams: whole ones are read, damage is passed over."""

import numpy as np

from simulator.mavlink.wire import Packer, dialect, messages


def ping(number: int) -> bytes:
    return Packer(7).pack(dialect.MAVLink_ping_message(number, number, 0, 0))


def test_several_messages_in_one_datagram() -> None:
    found = list(messages(ping(1) + ping(2)))
    assert [message.seq for message in found] == [1, 2]
    assert {message.get_srcSystem() for message in found} == {7}


def test_garbage_before_between_and_after_is_passed_over() -> None:
    datagram = b"\xfd\x09junk" + ping(1) + b"\xfe\xff" + ping(2) + b"\xfd"
    assert [message.seq for message in messages(datagram)] == [1, 2]


def test_a_broken_checksum_loses_one_message_only() -> None:
    broken = bytearray(ping(1))
    broken[-1] ^= 0xFF
    assert [message.seq for message in messages(bytes(broken) + ping(2))] == [2]


def test_random_bytes_raise_nothing() -> None:
    noise = np.random.default_rng(1)
    for length in (0, 1, 3, 12, 40, 300, 1400):
        assert list(messages(noise.bytes(length))) == []


def test_numbers_run_on_per_system() -> None:
    packer = Packer(3)
    numbers = []
    for _ in range(258):
        frame = packer.pack(dialect.MAVLink_ping_message(0, 0, 0, 0))
        numbers.append(frame[4])
    assert numbers[:2] == [0, 1]
    assert numbers[255:] == [255, 0, 1]
