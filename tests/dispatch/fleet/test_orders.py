"""Orders to a vehicle that flies in another process: none overtakes another, and a restart is seen."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import resources

import pytest

from dispatch.events import Fly, Land, Launch, StandDown, Upload
from dispatch.fleet import Fleet
from dispatch.fleet.calls import Calls
from dispatch.fleet.link import MavsdkLink
from dispatch.fleet.vehicle import NoAnswerError
from dispatch.geofence import Geofence
from dispatch.mission import Mission, Waypoint
from dispatch.model import Drone, DroneState
from geo.airframe import parse_airframes
from geo.position import Position
from simulator.mavlink import EmbeddedFleet, VehicleSpec
from tests.simulator.mavlink.flight import free_port

HOME = Position(120.956, 31.38)
SPEC = VehicleSpec(system_id=1, latitude_deg=HOME.latitude_deg, longitude_deg=HOME.longitude_deg)
QUAD = parse_airframes((resources.files("geo") / "airframes.toml").read_text(encoding="utf-8"))["px4-x500"]
DRONE = Drone(id="D1", airframe=QUAD.name, base_id="B1", system_id=1)
HERE = Waypoint(position=HOME, height_m=30.0)
MISSION = Mission(points=(HERE,), back=(HERE, Waypoint(position=HOME, height_m=0.0)), speed_mps=10.0)
LAUNCH = Launch(drone_id="D1", sortie_id="D1.1", height_m=30.0, mission=MISSION, geofence=Geofence())
FLY = Fly(drone_id="D1", sortie_id="D1.1", mission=replace(MISSION, points=(HERE, HERE)), geofence=Geofence())
"""It stays where it is, and has passed its first item at once."""


@contextlib.asynccontextmanager
async def flying(speed: float = 5.0) -> AsyncIterator[tuple[EmbeddedFleet, Fleet, list[str]]]:
    """A vehicle, the fleet that knows it, and what was refused."""
    refused: list[str] = []
    async with EmbeddedFleet([SPEC], port=free_port(), speed_factor=speed) as vehicles:
        fleet = Fleet(
            MavsdkLink([vehicles.url]), {"D1": DRONE}, {QUAD.name: QUAD}, 30.0, lambda *told: refused.append(told[2])
        )
        try:
            await state_of(fleet, lambda state: state.healthy)
            yield vehicles, fleet, refused
        finally:
            await fleet.close()


async def state_of(fleet: Fleet, found: Callable[[DroneState], bool], within_s: float = 20.0) -> DroneState:
    """What is told of the drone, once that is so."""
    async with asyncio.timeout(within_s):
        while True:
            for state in fleet.states(0.0, 1.0):
                if found(state):
                    return state
            await asyncio.sleep(0.05)


async def until(so: Callable[[dict[str, object]], bool], vehicles: EmbeddedFleet, within_s: float = 10.0) -> None:
    """Wait until that is true of the vehicle."""
    async with asyncio.timeout(within_s):
        while not so((await vehicles.state())[0]):  # noqa: ASYNC110 - it is looked at, it tells nobody
            await asyncio.sleep(0.01)


def test_a_dropped_order_does_not_reach_the_vehicle_after_the_next() -> None:
    """The link fails as arming is asked for, and the order is dropped. MAVSDK asks again from its thread all the same:
    the vehicle arms once the link is back, and must then still hear that it is to stand down."""

    async def work() -> None:
        async with flying(1.0) as (vehicles, fleet, _):
            await vehicles.fault(1, "silent")
            arming = asyncio.create_task(fleet._vehicles["D1"].arm())
            await asyncio.sleep(0.1)
            arming.cancel()
            await asyncio.gather(arming, return_exceptions=True)
            fleet.perform(StandDown(drone_id="D1", sortie_id="D1.1"))
            await vehicles.fault(1, "silent", False)
            said: list[str] = []

            def stands_down(true: dict[str, object]) -> bool:
                said.extend(fleet._vehicles["D1"].messages())
                return not true["armed"] and any(text.startswith("Disarmed by external") for text in said)

            await until(stands_down, vehicles)
            assert [text.split()[0] for text in said] == ["Armed", "Disarmed"]  # it did come through, and then the next

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_vehicle_that_was_started_again_is_prepared_afresh() -> None:
    async def work() -> None:
        async with flying() as (vehicles, fleet, _):
            fleet.perform(LAUNCH)
            await state_of(fleet, lambda state: state.in_air)
            await vehicles.fault(1, "dead")
            await state_of(fleet, lambda state: not state.connected)
            await vehicles.fault(1, "revive")
            state = await state_of(fleet, lambda state: state.connected)
            assert not state.healthy
            state = await state_of(fleet, lambda state: state.healthy)
            assert not state.armed
            assert not state.twins
            fleet.perform(LAUNCH)  # what it held before is not counted on
            await state_of(fleet, lambda state: state.in_air)
            assert (await vehicles.state())[0]["mission_items"]

    asyncio.run(asyncio.wait_for(work(), 60))


def test_two_vehicles_with_one_system_id_are_seen_and_then_not_mixed() -> None:
    async def work() -> None:
        async with flying() as (vehicles, fleet, _):
            fleet.perform(LAUNCH)
            await state_of(fleet, lambda state: state.height_m > 10)
            twin = EmbeddedFleet([SPEC], port=vehicles.port, speed_factor=5.0)
            async with twin:
                async with asyncio.timeout(15):
                    while True:
                        (state,) = fleet.states(0.0, 1.0)
                        if state.twins:
                            break
                        await asyncio.sleep(0.05)
                assert not state.healthy
                last = state
                for _ in range(20):
                    (state,) = fleet.states(0.0, 1.0)
                    assert (state.position, state.in_air) == (last.position, last.in_air), "a mixture was believed"
                    await asyncio.sleep(0.05)
            state = await state_of(fleet, lambda state: not state.twins and state.healthy, 30)
            assert state.in_air

    asyncio.run(asyncio.wait_for(work(), 60))


def test_an_order_ends_all_that_came_before_it() -> None:
    """Also behind an upload that was dropped before it had begun to wait: else two orders would take turns."""

    async def work() -> None:
        async with flying() as (_, fleet, refused):
            fleet.perform(LAUNCH)
            await state_of(fleet, lambda state: state.height_m > 25)
            fleet.perform(FLY)
            (first,) = fleet._tasks["D1"]
            await asyncio.sleep(0.001)
            assert not first.done()
            fleet.perform(Upload(drone_id="D1", sortie_id="D1.1", mission=MISSION, geofence=Geofence()))
            fleet.perform(Land(drone_id="D1", sortie_id="D1.1"))
            await state_of(fleet, lambda state: state.mode == "LAND")
            assert first.cancelled()
            await state_of(fleet, lambda state: not state.armed)
            assert not refused

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_mission_that_was_flown_is_flown_again_from_its_first_item() -> None:
    """Over its first item it has passed it before it tells: who waits to be told that item waits for ever."""

    async def work() -> None:
        async with flying() as (_, fleet, refused):
            fleet.perform(LAUNCH)
            await state_of(fleet, lambda state: state.height_m > 25)
            for _ in range(2):
                fleet.perform(FLY)
                await state_of(fleet, lambda state: state.mode == "MISSION")
                await asyncio.wait_for(asyncio.gather(*fleet._tasks["D1"]), 10)
                assert fleet._aboard["D1"].verified
            fleet.perform(Land(drone_id="D1", sortie_id="D1.1"))
            await state_of(fleet, lambda state: not state.armed)
            assert not refused

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_call_without_end_keeps_no_other_from_its_vehicle() -> None:
    released, begun = threading.Event(), threading.Event()

    def without_end() -> None:
        begun.set()
        released.wait(30)

    async def work() -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            call = Calls(pool)
            dropped = asyncio.create_task(call(without_end, within_s=0.3))
            await asyncio.to_thread(begun.wait, 5)
            dropped.cancel()
            with pytest.raises(NoAnswerError, match="never_begun did not end within"):
                await call(never_begun, within_s=0.2)
            await asyncio.wait_for(call.settled(), 1)
            released.set()
            assert await call(lambda: "heard") == "heard"
        assert not late

    late: list[bool] = []

    def never_begun() -> None:
        late.append(True)

    asyncio.run(asyncio.wait_for(work(), 30))
