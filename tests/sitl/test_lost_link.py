"""Real PX4 whose link is cut under way: it comes home round the zones by itself."""

import asyncio
import threading
import time

import pytest
from pymavlink import mavutil

from api.pytest_plugin import Px4Fleets
from dispatch.fleet.link import MavsdkLink
from geo.position import Position
from simulator.px4 import GROUND_STATION_URL
from tests.sitl.lost import CASES, FRAME, HOME, PX4_X500, Track, fly_until_cut, judge, until

pytestmark = [pytest.mark.px4, pytest.mark.xdist_group("px4")]

SDK_PORT = 14540
HOME_WITHIN_S = 150.0


def test_real_px4_comes_home_legally_when_nobody_speaks_to_it_any_more(px4_fleet: Px4Fleets) -> None:
    cut_at_s: dict[int, float] = {}

    async def fly(number: int, case: str) -> None:
        link = MavsdkLink([f"udpin://127.0.0.1:{SDK_PORT + number}"])

        async def cut() -> None:
            await asyncio.to_thread(link.close)
            cut_at_s[number + 1] = time.monotonic()

        await fly_until_cut(link, number + 1, case, PX4_X500, cut)

    async def fly_all(listener: Listener) -> None:
        listening = asyncio.create_task(asyncio.to_thread(listener.run))
        try:
            await asyncio.gather(*(fly(number, case) for number, case in enumerate(CASES)))
            await until(lambda: all(listener.is_down(*cut) for cut in cut_at_s.items()), HOME_WITHIN_S)
        finally:
            listener.stopped.set()
            await listening

    with px4_fleet([HOME] * len(CASES)):
        listener = Listener()
        asyncio.run(fly_all(listener))
    for number, case in enumerate(CASES):
        judge(case, listener.track(number + 1, cut_at_s[number + 1]))


class Listener:
    """Hears all vehicles on their ground-station link and says nothing, not even that it is there."""

    def __init__(self) -> None:
        self._wire = mavutil.mavlink_connection(GROUND_STATION_URL.replace("udpin://", "udpin:"))
        self._heard: dict[int, list[tuple[float, float, float, float]]] = {}
        self.stopped = threading.Event()

    def run(self) -> None:
        """Listen until stopped."""
        while not self.stopped.is_set():
            message = self._wire.recv_match(type="GLOBAL_POSITION_INT", blocking=True, timeout=0.5)
            if message is not None:
                east, north = FRAME.xy(Position(message.lon / 1e7, message.lat / 1e7))
                entry = (time.monotonic(), float(east), float(north), message.relative_alt / 1e3)
                self._heard.setdefault(message.get_srcSystem(), []).append(entry)
        self._wire.close()

    def track(self, system_id: int, since_s: float) -> Track:
        """Where it was from then on."""
        return [(east, north, up) for at_s, east, north, up in self._heard[system_id] if at_s >= since_s]

    def is_down(self, system_id: int, since_s: float) -> bool:
        """Whether it has stood on the ground for some seconds."""
        last = self.track(system_id, since_s)[-20:]
        return len(last) == 20 and time.monotonic() - since_s > 20 and all(up < 0.7 for _, _, up in last)
