"""The child process: found at once, flown together, gone for sure."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from simulator.mavlink import EmbeddedFleet, FleetError

from .flight import flying, free_port, in_loop, poll, spec


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@in_loop
async def test_twenty_vehicles_are_found_and_flown_at_once() -> None:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    async with flying(*(spec(number) for number in range(1, 21))) as (fleet, drones):
        assert loop.time() - begun_s < 10.0
        assert [drone.system_id for drone in drones] == list(range(1, 21))
        await asyncio.gather(*(drone.action.arm() for drone in drones))
        await asyncio.gather(*(drone.action.takeoff() for drone in drones))
        await asyncio.gather(*(drone.goto(30.0, 0.0, 20.0) for drone in drones))
        await poll(fleet.state, lambda states: all(state["north_m"] > 25.0 for state in states))
        await asyncio.gather(*(drone.action.return_to_launch() for drone in drones))
        await poll(fleet.state, lambda states: not any(state["armed"] for state in states))
        assert all(abs(state["north_m"]) < 0.5 for state in await fleet.state())


@in_loop
async def test_simulated_time_keeps_its_factor() -> None:
    async with EmbeddedFleet([spec()], port=free_port(), speed_factor=20.0) as fleet:
        loop = asyncio.get_running_loop()
        wall_s, simulated_s = loop.time(), await fleet.now_s()
        await asyncio.sleep(1.0)
        gained_s = await fleet.now_s() - simulated_s
        assert gained_s / (loop.time() - wall_s) == pytest.approx(20.0, rel=0.1)
        await fleet.speed(0.0)
        stopped_s = await fleet.now_s()
        await asyncio.sleep(0.2)
        assert await fleet.now_s() - stopped_s < 1.0


@in_loop
async def test_leaving_ends_the_child_also_after_an_error() -> None:
    fleet = EmbeddedFleet([spec()], port=free_port())

    async def fail() -> None:
        async with fleet:
            pids.append(fleet.pid or 0)
            assert alive(pids[0])
            raise ZeroDivisionError

    pids: list[int] = []
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not alive(pids[0])


@in_loop
async def test_a_child_that_is_gone_is_told() -> None:
    async with EmbeddedFleet([spec()], port=free_port()) as fleet:
        assert fleet.pid
        os.kill(fleet.pid, signal.SIGKILL)
        with pytest.raises(FleetError, match="the fleet"):
            await fleet.state()


def test_the_child_does_not_outlive_its_parent() -> None:
    parent = subprocess.run(
        [sys.executable, "-c", ORPHANAGE, str(free_port())],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    child = int(parent.stdout)
    for _ in range(100):
        if not alive(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("an orphan was left")


ORPHANAGE = """
import asyncio, os, sys
from simulator.mavlink import EmbeddedFleet, VehicleSpec

async def main():
    spec = VehicleSpec(system_id=1, latitude_deg=31.0, longitude_deg=121.0)
    fleet = EmbeddedFleet([spec], port=int(sys.argv[1]))
    await fleet.start()
    print(fleet.pid, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["quit", "end of stdin", "SIGTERM"])
def test_the_process_ends_cleanly(how: str, tmp_path: "os.PathLike[str]") -> None:
    from simulator.mavlink.spec import dump_fleet

    file = os.path.join(tmp_path, "fleet.json")
    with open(file, "w", encoding="utf-8") as handle:
        handle.write(dump_fleet([spec()]))
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator.mavlink", "--spec", file, "--port", str(free_port())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    assert '"ready": true' in process.stdout.readline()
    if how == "quit":
        process.stdin.write('{"op": "quit"}\n')
        process.stdin.flush()
    elif how == "end of stdin":
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0
    assert process.stderr.read() == ""
    process.stdout.close()
    process.stderr.close()
