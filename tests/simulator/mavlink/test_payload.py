"""The gimbal of an embedded vehicle obeys who holds it, and nobody else lets go of it."""

from typing import Any

from simulator.mavlink.payload import GIMBAL, Payload
from simulator.mavlink.vehicle import Vehicle
from simulator.mavlink.wire import Packer, dialect, messages

from .flight import spec

ACCEPTED, DENIED = dialect.MAV_RESULT_ACCEPTED, dialect.MAV_RESULT_DENIED
OURS, OTHERS = (245, 190), (255, 190)


class Bench:
    """A camera and a gimbal without a network."""

    def __init__(self) -> None:
        self.outbox: list[bytes] = []
        self.payload = Payload(Vehicle(spec(camera=True)), self.outbox)

    def told(self, who: tuple[int, int], number: int, *params: float) -> list[Any]:
        """What goes out when ``who`` gives the gimbal a command."""
        seven = [*params, *[0.0] * (7 - len(params))]
        (order,) = messages(Packer(*who).pack(dialect.MAVLink_command_long_message(1, GIMBAL, number, 0, *seven)))
        self.outbox.clear()
        self.payload.handle(order)
        return list(messages(b"".join(self.outbox)))

    def holder(self, who: tuple[int, int], *params: float) -> tuple[int, int]:
        """Who holds it after ``who`` has configured it."""
        status, answer = self.told(who, dialect.MAV_CMD_DO_GIMBAL_MANAGER_CONFIGURE, *params)
        assert answer.result == ACCEPTED
        return status.primary_control_sysid, status.primary_control_compid

    def verdict(self, who: tuple[int, int]) -> int:
        """The answer to an order to look at a place."""
        place = (0.0, 0.0, 0.0, 0.0, 31.4, 121.0, 10.0)
        (answer,) = self.told(who, dialect.MAV_CMD_DO_SET_ROI_LOCATION, *place)
        return int(answer.result)


def test_it_obeys_only_its_holder() -> None:
    bench = Bench()
    assert bench.verdict(OURS) == DENIED
    assert bench.holder(OURS, *OURS) == OURS
    assert (bench.verdict(OURS), bench.verdict(OTHERS)) == (ACCEPTED, DENIED)
    assert bench.holder(OTHERS, -1, -1) == OURS
    assert bench.holder(OTHERS, *OTHERS) == OTHERS
    assert bench.verdict(OURS) == DENIED


def test_only_its_holder_lets_go_of_it() -> None:
    bench = Bench()
    bench.holder(OURS, *OURS)
    assert bench.holder(OTHERS, -3, -3) == OURS
    assert bench.verdict(OURS) == ACCEPTED
    assert bench.holder(OURS, -3, -3) == (0, 0)
    assert bench.verdict(OURS) == DENIED
