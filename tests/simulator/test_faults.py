"""Faults by name, and the radio that falls silent; what each fault does is flown in tests/faults."""

import asyncio
import contextlib
import socket

import pytest

from simulator.faults import FAULTS, BatteryDrains, FaultError, GpsLost, LinkSilent, fault_of
from simulator.mavlink.wire import Packer, dialect
from simulator.radio import Radio, system_id_of
from tests.simulator.mavlink.flight import free_port


def test_a_fault_by_its_name_and_figures() -> None:
    assert fault_of("gps_lost", {}) == GpsLost()
    assert fault_of("link_silent", {"for_s": 5}) == LinkSilent(for_s=5.0)
    assert fault_of("battery_drains", {"to_share": 0.1}) == BatteryDrains(to_share=0.1)


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("explodes", {}, "unknown fault 'explodes': one of process_killed"),
        ("gps_lost", {"for_s": 1.0}, "unknown figure 'for_s'; it takes none"),
        ("link_silent", {}, "for_s is missing"),
        ("link_silent", {"for_s": 0.0}, "for_s = 0.0 must be > 0"),
        ("link_silent", {"for_s": True}, "for_s = True must be a number"),
        ("battery_drains", {"to_share": 15.0}, "must lie in 0 to 1"),
    ],
)
def test_a_fault_that_is_none(kind: str, values: dict[str, float], told: str) -> None:
    with pytest.raises(FaultError) as error:
        fault_of(kind, values)
    assert told in str(error.value)


def test_every_fault_has_a_name() -> None:
    assert len(set(FAULTS.values())) == len(FAULTS)


def heartbeat(system_id: int) -> bytes:
    return Packer(system_id).pack(dialect.MAVLink_heartbeat_message(2, 12, 0, 0, 3, 3))


def test_whose_frame_it_is() -> None:
    assert system_id_of(heartbeat(7)) == 7
    assert system_id_of(b"") is None
    assert system_id_of(b"\xfd\x00") is None
    assert system_id_of(b"hello") is None


def test_a_vehicle_is_silent_in_both_directions_and_the_other_is_not() -> None:
    asyncio.run(asyncio.wait_for(_silence(), 20))


async def _silence() -> None:
    with contextlib.ExitStack() as stack:
        engine, one, two = (stack.enter_context(_bound()) for _ in range(3))
        async with Radio(port=free_port(), engine_port=engine.getsockname()[1]) as radio:
            to = ("127.0.0.1", radio.port)

            async def heard() -> dict[int, tuple[str, int]]:
                senders: dict[int, tuple[str, int]] = {}
                for _ in range(10):
                    one.sendto(heartbeat(1), to)
                    two.sendto(heartbeat(2), to)
                    await asyncio.sleep(0.02)
                while True:
                    try:
                        datagram, sender = engine.recvfrom(2048)
                    except BlockingIOError:
                        return senders
                    senders[system_id_of(datagram) or 0] = sender

            async def answered(vehicle: socket.socket, sender: tuple[str, int]) -> bool:
                engine.sendto(b"to you", sender)
                await asyncio.sleep(0.05)
                try:
                    return vehicle.recv(2048) == b"to you"
                except BlockingIOError:
                    return False

            senders = await heard()
            assert set(senders) == {1, 2}
            assert senders[1] != senders[2]
            assert await answered(one, senders[1])
            radio.silence(1)
            assert set(await heard()) == {2}
            assert not await answered(one, senders[1])
            assert await answered(two, senders[2])
            radio.silence(1, False)
            assert await heard() == senders
            assert await answered(one, senders[1])


def _bound() -> socket.socket:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    own.setblocking(False)
    return own
