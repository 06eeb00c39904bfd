"""What may go wrong with a vehicle, and how it is made to: one closed union, injected into either kind.

Durations are wall time: links, answers and heartbeats live there, however fast simulated time runs.

What PX4 1.16 under SIH cannot be made to do raises :class:`InjectionError`, which says so: SIH has no wind, so nothing
pushes it off its way, and a second instance cannot take a system id that is taken.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any, Final, Protocol, assert_never

from simulator.mavlink import EmbeddedFleet, VehicleSpec
from simulator.px4 import Px4Build, Px4Fleet
from simulator.radio import Radio


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessKilled:
    """The autopilot's process dies: no telemetry, no answers, the motors stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSilent:
    """Nothing passes between vehicle and engine for so long, in either direction."""

    for_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmingRefused:
    """A preflight check does not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpsLost:
    """No satellite any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryDrains:
    """The battery is down to this share, at once or as fast as the simulation drains it."""

    to_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Headwind:
    """A wind that nobody has told of. PX4 under SIH has none: there the drag grows until it flies as much slower."""

    speed_mps: float
    from_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Something pushes the vehicle off its way."""

    east_mps: float = 0.0
    north_mps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersRefused:
    """Gotos and missions are acknowledged or refused, and not flown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebooted:
    """The autopilot starts again, on its dock: without mission and fence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Another vehicle is switched on that has the same system id."""


Fault = (
    ProcessKilled
    | LinkSilent
    | ArmingRefused
    | GpsLost
    | BatteryDrains
    | Headwind
    | Drift
    | OrdersRefused
    | Rebooted
    | Twin
)

FAULTS: Final[Mapping[str, type[Fault]]] = MappingProxyType(
    {
        "process_killed": ProcessKilled,
        "link_silent": LinkSilent,
        "arming_refused": ArmingRefused,
        "gps_lost": GpsLost,
        "battery_drains": BatteryDrains,
        "headwind": Headwind,
        "drift": Drift,
        "orders_refused": OrdersRefused,
        "rebooted": Rebooted,
        "twin": Twin,
    }
)
"""The faults by the names that scenario files use."""


class FaultError(ValueError):
    """A fault that is none, or that lacks a figure; the message says what and which there are."""


class InjectionError(RuntimeError):
    """This kind of vehicle cannot be made to do that."""


def fault_of(kind: str, values: Mapping[str, float]) -> Fault:
    """The fault of that name with its figures. Raises :class:`FaultError`."""
    made = FAULTS.get(kind)
    if made is None:
        raise FaultError(f"unknown fault {kind!r}: one of {', '.join(FAULTS)}")
    known = {field.name: field for field in fields(made)}
    for name, value in values.items():
        if name not in known:
            raise FaultError(f"fault {kind}: unknown figure {name!r}; it takes {', '.join(known) or 'none'}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FaultError(f"fault {kind}: {name} = {value!r} must be a number")
    for name, field in known.items():
        if name not in values and field.default is MISSING:
            raise FaultError(f"fault {kind}: {name} is missing")
    if kind == "battery_drains" and not 0 <= values["to_share"] <= 1:
        raise FaultError(f"fault {kind}: to_share = {values['to_share']!r} must lie in 0 to 1")
    if kind == "link_silent" and not values["for_s"] > 0:
        raise FaultError(f"fault {kind}: for_s = {values['for_s']!r} must be > 0")
    arguments: dict[str, Any] = {name: float(value) for name, value in values.items()}
    return made(**arguments)


class Injector(Protocol):
    """Breaks vehicles of one kind."""

    async def inject(self, system_id: int, fault: Fault) -> None:
        """Let it happen to this vehicle now. Raises :class:`InjectionError`."""
        ...

    async def mend(self, system_id: int) -> None:
        """Undo what can be undone: a dead vehicle starts again on its dock."""
        ...

    async def close(self) -> None:
        """End what was started here, and only that."""
        ...


class EmbeddedFaults:
    """Faults of embedded vehicles. Their radio is in their process: all of them share one socket."""

    def __init__(self, fleet: EmbeddedFleet, specs: Mapping[int, VehicleSpec]) -> None:
        self._fleet, self._specs = fleet, specs
        self._later: set[asyncio.Task[None]] = set()
        self._twins: list[EmbeddedFleet] = []

    async def inject(self, system_id: int, fault: Fault) -> None:
        """Let it happen to this vehicle now; a headwind blows on all."""
        fleet = self._fleet
        match fault:
            case ProcessKilled():
                await fleet.fault(system_id, "dead")
            case LinkSilent(for_s=for_s):
                await fleet.fault(system_id, "silent")
                self._then(for_s, lambda: fleet.fault(system_id, "silent", False))
            case ArmingRefused():
                await fleet.fault(system_id, "refuse_arm")
            case GpsLost():
                await fleet.fault(system_id, "gps_lost")
            case BatteryDrains(to_share=share):
                await fleet.fault(system_id, "battery", share)
            case Headwind(speed_mps=speed_mps, from_deg=from_deg):
                await fleet.wind(speed_mps, from_deg)
            case Drift(east_mps=east_mps, north_mps=north_mps):
                await fleet.fault(system_id, "drift", (east_mps, north_mps))
            case OrdersRefused():
                await fleet.fault(system_id, "refuse_goto")
                await fleet.fault(system_id, "refuse_mission")
            case Rebooted():
                await fleet.fault(system_id, "dead")
                await fleet.fault(system_id, "revive")
            case Twin():
                twin = EmbeddedFleet([self._specs[system_id]], port=fleet.port, speed_factor=fleet.speed_factor)
                await twin.start()
                self._twins.append(twin)
            case _:
                assert_never(fault)

    async def mend(self, system_id: int) -> None:
        """Everything is as before; the wind drops for all."""
        await self._fleet.wind(0.0, 0.0)
        await self._fleet.fault(system_id, "drift", (0.0, 0.0))
        await self._fleet.fault(system_id, "revive")

    async def close(self) -> None:
        """End the twins, and what was to happen later."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        for twin in self._twins:
            await twin.stop()

    def _then(self, after_s: float, what: Callable[[], Any]) -> None:
        async def wait() -> None:
            await asyncio.sleep(after_s)
            await what()

        task = asyncio.create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


SIH_TOP_SPEED_MPS = 10.0
"""What SIH's quadrotor flies at SIH_KDV 1 (measured); it falls as the drag grows."""

_PX4_HEALTHY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SIM_GPS_USED": "10",
        "SIM_BAT_MIN_PCT": "50",
        "SIM_BAT_DRAIN": "60",
        "COM_ARM_ODID": "0",
        "SIH_KDV": "0.3",
        "MIS_TKO_LAND_REQ": "0",
    }
)


class Px4Faults:
    """Faults of PX4 instances under SIH: parameters over the instance's own socket, its process, and the radio."""

    def __init__(self, build: Px4Build, fleet: Px4Fleet, radio: Radio | None = None) -> None:
        self._set_program = build.root / "bin" / "px4-param"
        self._fleet, self._radio = fleet, radio
        self._later: list[asyncio.TimerHandle] = []

    async def inject(self, system_id: int, fault: Fault) -> None:
        """Let it happen to this instance now."""
        match fault:
            case ProcessKilled():
                self._fleet[system_id].kill()
            case LinkSilent(for_s=for_s):
                if self._radio is None:
                    raise InjectionError("a link falls silent only where a Radio is between")
                radio = self._radio
                radio.silence(system_id)
                self._later.append(asyncio.get_running_loop().call_later(for_s, radio.silence, system_id, False))
            case ArmingRefused():
                await self._set(system_id, COM_ARM_ODID="2")
            case GpsLost():
                await self._set(system_id, SIM_GPS_USED="0")
            case BatteryDrains(to_share=share):
                await self._set(system_id, SIM_BAT_MIN_PCT=f"{share * 100:g}", SIM_BAT_DRAIN="5")
            case Headwind(speed_mps=speed_mps):
                slower_mps = max(1.0, SIH_TOP_SPEED_MPS - speed_mps)
                await self._set(system_id, SIH_KDV=f"{SIH_TOP_SPEED_MPS / slower_mps:g}")
            case Drift():
                raise InjectionError("SIH 1.16 has no wind: nothing pushes a vehicle off its way")
            case OrdersRefused():
                await self._set(system_id, MIS_TKO_LAND_REQ="1")
            case Rebooted():
                self._fleet[system_id].kill()
                await asyncio.to_thread(self._fleet.restart, system_id)
            case Twin():
                raise InjectionError("PX4 SITL takes its system id from its instance number, which is taken")
            case _:
                assert_never(fault)

    async def mend(self, system_id: int) -> None:
        """Parameters as they were at the start, and a process that was killed started again."""
        if not self._fleet[system_id].running:
            await asyncio.to_thread(self._fleet.restart, system_id)
        await self._set(system_id, **_PX4_HEALTHY)

    async def close(self) -> None:
        """Links that are silent stay so."""
        for timer in self._later:
            timer.cancel()

    async def _set(self, system_id: int, **values: str) -> None:
        for name, value in values.items():
            process = await asyncio.create_subprocess_exec(
                self._set_program,
                *("--instance", str(system_id - 1), "set", name, value),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            told, _ = await process.communicate()
            if process.returncode:
                raise InjectionError(f"instance {system_id - 1}: {name} = {value}: {told.decode(errors='replace')}")
