"""The embedded fleet as a child process, for the command room's demo and for tests."""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from .control import Fault
from .spec import VehicleSpec, dump_fleet

READY_TIMEOUT_S: Final = 15.0
STOP_TIMEOUT_S: Final = 3.0
LINE_BYTES: Final = 1 << 22


class FleetError(RuntimeError):
    """The child process did not start, refused an order or is gone."""


class EmbeddedFleet:
    """Vehicles in a child process that send to ``udpin://127.0.0.1:port``.

    An async context manager. Leaving it ends the child for sure; the child also ends by itself when its
    parent dies, because its stdin ends.

    >>> async with EmbeddedFleet(specs, port=14550, speed_factor=10) as fleet:  # doctest: +SKIP
    ...     await fleet.wind(8.0, from_deg=270.0)
    """

    def __init__(
        self, specs: Sequence[VehicleSpec], *, port: int, speed_factor: float = 1.0, position_hz: float = 10.0
    ) -> None:
        self._specs = tuple(specs)
        self._port = port
        self._speed_factor = speed_factor
        self._position_hz = position_hz
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._socket_port = 0

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return None if self._process is None else self._process.pid

    @property
    def socket_port(self) -> int:
        """The port that the vehicles send from."""
        return self._socket_port

    @property
    def port(self) -> int:
        """The port that the vehicles send to."""
        return self._port

    @property
    def speed_factor(self) -> float:
        """How fast simulated time ran against the wall at the start."""
        return self._speed_factor

    @property
    def url(self) -> str:
        """What MAVSDK connects to."""
        return f"udpin://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the child and wait until it flies."""
        name = _write_spec(self._specs)
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "simulator.mavlink",
                *("--spec", name, "--port", str(self._port)),
                *("--speed", str(self._speed_factor), "--rate", str(self._position_hz)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=child_environment(),
                limit=LINE_BYTES,
            )
            self._socket_port = int((await self._read_line(READY_TIMEOUT_S))["port"])
        except BaseException:
            await self.stop()
            raise
        finally:
            os.unlink(name)

    async def stop(self) -> None:
        """End the child; kill it where it does not go by itself."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def wind(self, speed_mps: float, from_deg: float) -> None:
        """Set the uniform wind by where it comes from."""
        await self._order(op="wind", speed_mps=speed_mps, from_deg=from_deg)

    async def skip(self, seconds: float) -> None:
        """Advance simulated time at once; returns when it has passed."""
        await self._order(op="skip", seconds=seconds)

    async def speed(self, factor: float) -> None:
        """Set how fast simulated time runs against the wall."""
        await self._order(op="speed", factor=factor)

    async def fault(self, system_id: int, kind: Fault, value: float | bool | tuple[float, float] = True) -> None:
        """Break something: ``battery`` takes the share left, ``drift`` metres a second east and north that it is
        pushed by in the air, the others are switched on or off.
        """
        await self._order(op="fault", system_id=system_id, kind=kind, value=value)

    async def state(self) -> list[dict[str, Any]]:
        """What is true of every vehicle, in the order of the spec."""
        answer = await self._order(op="state")
        vehicles: list[dict[str, Any]] = answer["vehicles"]
        return vehicles

    async def now_s(self) -> float:
        """Simulated seconds since the start."""
        return float((await self._order(op="state"))["now_s"])

    async def _order(self, **order: Any) -> dict[str, Any]:
        async with self._one_at_a_time:
            process = self._process
            if process is None or process.stdin is None:
                raise FleetError("the fleet is not running")
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                await process.stdin.drain()
            except (BrokenPipeError, ConnectionResetError) as error:
                raise FleetError("the fleet is gone") from error
            answer = await self._read_line(None)
        if not answer.get("ok"):
            raise FleetError(str(answer.get("error")))
        return answer

    async def _read_line(self, timeout_s: float | None) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), timeout_s)
        except TimeoutError as error:
            raise FleetError(f"the fleet was not ready within {timeout_s:g} s") from error
        if not line:
            reason = (await process.stderr.read()).decode(errors="replace").strip()
            raise FleetError(f"the fleet ended: {reason or 'no reason given'}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _write_spec(specs: Sequence[VehicleSpec]) -> str:
    """A temporary file with the fleet's description."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="reach180-fleet-", suffix=".json", delete=False
    ) as file:
        file.write(dump_fleet(specs))
    return file.name


def child_environment() -> dict[str, str]:
    """The parent's environment, with this package importable whatever the working directory."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
