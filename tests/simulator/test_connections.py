"""An embedded vehicle is found and flown over every kind of link, and over all of them at once."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from dispatch.fleet.link import MavsdkLink, MavsdkVehicle
from simulator.mavlink import EmbeddedFleet, VehicleSpec
from tests.simulator.bridge import bridged
from tests.simulator.mavlink.flight import free_port

KINDS = ("udpin", "udpout", "tcpin", "tcpout", "serial")


def test_a_vehicle_is_found_and_flown_over_each_kind_of_link() -> None:
    asyncio.run(asyncio.wait_for(_fly_all(), 60))


async def _fly_all() -> None:
    urls: list[str] = []
    async with AsyncExitStack() as stack:
        for number, kind in enumerate(KINDS):
            spec = VehicleSpec(system_id=number + 1, latitude_deg=31.38, longitude_deg=120.95 + 0.001 * number)
            fleet = EmbeddedFleet([spec], port=free_port(), speed_factor=10)
            urls.append(fleet.url if kind == "udpin" else bridged(kind, int(fleet.url.rpartition(":")[2]), free_port()))
            if kind == "tcpout":
                await asyncio.sleep(0.2)  # it must listen before it is called
            await stack.enter_async_context(fleet)
        link = MavsdkLink(urls)
        stack.callback(link.close)
        await _until(lambda: len(link.discover()) == len(KINDS))
        vehicles = link.discover().values()
        await _until(lambda: all(vehicle.read().healthy for vehicle in vehicles))
        await asyncio.gather(*map(_up_and_down, vehicles))


async def _up_and_down(vehicle: MavsdkVehicle) -> None:
    await vehicle.set_parameters({"MIS_TAKEOFF_ALT": 5.0})
    await vehicle.arm()
    await vehicle.take_off()
    await _until(lambda: vehicle.read().in_air and vehicle.read().height_m > 3.0)
    await vehicle.land()
    await _until(lambda: not vehicle.read().in_air and not vehicle.read().armed)
    assert vehicle.read().age_s < 3.0


async def _until(holds: Callable[[], bool]) -> None:
    while True:
        if holds():
            return
        await asyncio.sleep(0.05)
