"""Embedded vehicles whose link is cut under way come home round the zones as real PX4 does (tests/sitl)."""

import asyncio
from collections.abc import Awaitable, Callable

from dispatch.fleet.link import MavsdkLink
from geo.position import Position
from simulator.mavlink import EmbeddedFleet, VehicleSpec
from tests.simulator.mavlink.flight import free_port
from tests.sitl.lost import CASES, FRAME, HOME, PX4_X500, Track, fly_until_cut, judge
from tests.sitl.lost_vtol import ABOVE_M, fly_until_fast

SPEED = 5.0
LOSS_S = 3
"""Wall time: MAVSDK's heartbeats are a second apart."""


def test_embedded_vehicles_come_home_legally_when_nobody_speaks_to_them_any_more() -> None:
    asyncio.run(asyncio.wait_for(_fly(), 90))


async def _fly() -> None:
    specs = [
        VehicleSpec(
            system_id=number + 1,
            latitude_deg=HOME.latitude_deg,
            longitude_deg=HOME.longitude_deg,
            params={"COM_DL_LOSS_T": LOSS_S},
        )
        for number in range(len(CASES))
    ]
    tracks: dict[int, Track] = {}
    async with EmbeddedFleet(specs, port=free_port(), speed_factor=SPEED) as fleet:
        link = MavsdkLink([fleet.url])

        def cut(number: int) -> Callable[[], Awaitable[None]]:
            async def silence() -> None:
                await fleet.fault(number + 1, "silent")
                tracks[number] = []

            return silence

        watching = asyncio.create_task(_watch(fleet, tracks, len(CASES)))
        await asyncio.gather(*(fly_until_cut(link, n + 1, case, PX4_X500, cut(n)) for n, case in enumerate(CASES)))
        await watching
        link.close()
    for number, case in enumerate(CASES):
        judge(case, tracks[number])


async def _watch(fleet: EmbeddedFleet, tracks: dict[int, Track], count: int) -> None:
    """What is true of those that are silent, until all of them stand disarmed."""
    while True:
        truths = await fleet.state()
        for number, track in tracks.items():
            truth = truths[number]
            east, north = FRAME.xy(Position(truth["longitude_deg"], truth["latitude_deg"]))
            track.append((float(east), float(north), float(truth["up_m"])))
        if len(tracks) == count and not any(truth["armed"] for truth in truths):
            return
        await asyncio.sleep(0.02)


def test_an_embedded_vtol_flies_its_mission_to_the_end_and_lands() -> None:
    asyncio.run(asyncio.wait_for(_fly_vtol(), 90))


async def _fly_vtol() -> None:
    spec = VehicleSpec(
        system_id=1,
        latitude_deg=HOME.latitude_deg,
        longitude_deg=HOME.longitude_deg,
        wing_w=100.0,
        params={"COM_DL_LOSS_T": LOSS_S},
    )
    tracks: dict[int, Track] = {}
    async with EmbeddedFleet([spec], port=free_port(), speed_factor=SPEED) as fleet:
        link = MavsdkLink([fleet.url])

        async def silence() -> None:
            await fleet.fault(1, "silent")
            tracks[0] = []

        await fly_until_fast(link, 1, silence)
        await _watch(fleet, tracks, 1)
        link.close()
    judge("on its wing", tracks[0], ABOVE_M)
