"""All vehicles of a fleet in one simulated time: rows of the dynamics' arrays and their autopilots."""

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

import numpy as np

from .dynamics import STEP_S, Kind, Limits, Setpoint, State, rest, step
from .navigation import OFF, Target
from .spec import VehicleSpec
from .vehicle import Vehicle

DOCK_RADIUS_M: Final = 2.0


class World:
    """The simulated fleet; :meth:`advance` moves it on in time."""

    def __init__(self, fleet: Sequence[VehicleSpec]) -> None:
        count = len(fleet)
        self.vehicles = tuple(Vehicle(spec) for spec in fleet)
        self.index = {spec.system_id: row for row, spec in enumerate(fleet)}
        self.now_s = 0.0
        self.dead = np.zeros(count, dtype=np.bool_)
        self.wind_mps = np.zeros(2)
        self.push_mps = np.zeros((count, 2))
        """What carries a vehicle off, east and north, that its autopilot does not hold against."""
        self.state = State(
            position_m=np.zeros((count, 3)),
            velocity_mps=np.zeros((count, 3)),
            acceleration_mps2=np.zeros((count, 3)),
            yaw_rad=np.zeros(count),
            energy_wh=np.array([spec.battery_wh * spec.battery_share for spec in fleet]),
            power_w=np.zeros(count),
        )
        self.setpoint = Setpoint(
            kind=np.zeros(count, dtype=np.int8),
            target_m=np.zeros((count, 3)),
            next_m=np.zeros((count, 3)),
            acceptance_m=np.full(count, 10.0),
            cruise_mps=np.full(count, 5.0),
            yaw_rad=np.full(count, math.nan),
            charging=np.ones(count, dtype=np.bool_),
            wing=np.zeros(count, dtype=np.bool_),
            acceleration_mps2=np.zeros(count),
        )
        self.limits = Limits(**{entry.name: np.zeros(count) for entry in fields(Limits)})
        self._versions = [-1] * count
        self._targets: list[Target] = [OFF] * count
        self._docks_m = [vehicle.frame for vehicle in self.vehicles]
        for row in range(count):
            self._read_parameters(row)

    @property
    def quiet(self) -> bool:
        """Whether every vehicle stands switched off."""
        moving = self.setpoint.kind.any() or self.state.position_m[:, 2].any()
        return not moving and not any(vehicle.armed for vehicle in self.vehicles)

    def set_wind(self, speed_mps: float, from_deg: float) -> None:
        """Uniform wind, named like a weather report: where it comes from, clockwise from north."""
        towards = math.radians(from_deg + 180.0)
        self.wind_mps = np.array([speed_mps * math.sin(towards), speed_mps * math.cos(towards)])

    def advance(self, seconds: float) -> None:
        """Move on by a whole number of steps (or, while all stand switched off, by any time at once)."""
        while seconds > 1e-9:
            if self.quiet:
                self.now_s += seconds
                self.state = rest(self.state, self.setpoint, self.limits, seconds)
                self.observe()
                return
            self._step()
            seconds -= STEP_S

    def _step(self) -> None:
        for row, vehicle in enumerate(self.vehicles):
            if vehicle.params.version != self._versions[row]:
                self._read_parameters(row)
        self.state = step(self.state, self.setpoint, self.limits, self.wind_mps, STEP_S)
        aloft = self.state.position_m[:, 2] > 0.0
        self.state.position_m[aloft, :2] += self.push_mps[aloft] * STEP_S
        self.now_s += STEP_S
        self.observe()
        for row, vehicle in enumerate(self.vehicles):
            if self.dead[row]:
                self._write_setpoint(row, OFF)
                continue
            vehicle.update()
            spent = vehicle.sense.share <= 0.0
            self._write_setpoint(row, OFF if spent else vehicle.target)

    def observe(self) -> None:
        """Let every vehicle sense where it is now."""
        state = self.state
        rows = zip(
            self.vehicles,
            state.position_m.tolist(),
            state.velocity_mps.tolist(),
            state.acceleration_mps2.tolist(),
            state.yaw_rad.tolist(),
            (state.energy_wh / self.limits.battery_wh).tolist(),
            state.power_w.tolist(),
            strict=True,
        )
        wind = (float(self.wind_mps[0]), float(self.wind_mps[1]))
        for vehicle, place, velocity, acceleration, yaw, share, power in rows:
            sense = vehicle.sense
            sense.now_s = self.now_s
            sense.place_m = place
            sense.velocity_mps = velocity
            sense.acceleration_mps2 = acceleration
            sense.yaw_rad = yaw
            sense.share = share
            sense.power_w = power
            sense.wind_mps = wind

    def set_battery(self, row: int, share: float) -> None:
        """Set the charge of one vehicle."""
        self.state.energy_wh[row] = share * self.limits.battery_wh[row]
        self.observe()

    def restart(self, row: int) -> None:
        """Bring a dead vehicle back as a freshly started autopilot on its dock."""
        for array in (self.state.position_m, self.state.velocity_mps, self.state.acceleration_mps2):
            array[row] = 0.0
        self.observe()
        self.vehicles[row].reboot()
        self.dead[row] = False
        self._write_setpoint(row, OFF)

    def _write_setpoint(self, row: int, target: Target) -> None:
        if target is self._targets[row]:
            return
        self._targets[row] = target
        setpoint = self.setpoint
        setpoint.kind[row] = target.kind
        setpoint.target_m[row] = target.place_m
        setpoint.next_m[row] = target.next_m if target.next_m is not None else target.place_m
        setpoint.acceptance_m[row] = target.acceptance_m
        setpoint.cruise_mps[row] = target.speed_mps
        setpoint.yaw_rad[row] = target.yaw_rad
        setpoint.wing[row] = target.wing
        setpoint.acceleration_mps2[row] = target.acceleration_mps2 or 0.0
        if target.kind == Kind.OFF:
            setpoint.charging[row] = self._on_dock(row)

    def _on_dock(self, row: int) -> bool:
        """Whether a vehicle stands on a dock: the start of any vehicle of the fleet."""
        east, north, _ = self.state.position_m[row]
        latitude, longitude = self.vehicles[row].frame.globe(float(east), float(north))
        return any(math.hypot(*dock.local(latitude, longitude)) <= DOCK_RADIUS_M for dock in self._docks_m)

    def _read_parameters(self, row: int) -> None:
        vehicle, limits = self.vehicles[row], self.limits
        params, spec = vehicle.params, vehicle.spec
        self._versions[row] = params.version
        limits.airspeed_max_mps[row] = spec.airspeed_max_mps
        limits.held_share[row] = spec.held_share
        limits.speed_mps[row] = params["MPC_XY_VEL_MAX"]
        limits.acceleration_mps2[row] = params["MPC_ACC_HOR"]
        limits.jerk_mps3[row] = params["MPC_JERK_AUTO"]
        limits.corner_gain[row] = params["MPC_XY_TRAJ_P"]
        limits.climb_mps[row] = min(params["MPC_Z_V_AUTO_UP"], params["MPC_Z_VEL_MAX_UP"])
        limits.descent_mps[row] = min(params["MPC_Z_V_AUTO_DN"], params["MPC_Z_VEL_MAX_DN"])
        limits.climb_mps2[row] = params["MPC_ACC_UP_MAX"]
        limits.descent_mps2[row] = params["MPC_ACC_DOWN_MAX"]
        limits.takeoff_mps[row] = params["MPC_TKO_SPEED"]
        limits.takeoff_ramp_s[row] = params["MPC_TKO_RAMP_T"]
        limits.landing_mps[row] = params["MPC_LAND_SPEED"]
        limits.slow_from_m[row] = params["MPC_LAND_ALT1"]
        limits.slow_to_m[row] = params["MPC_LAND_ALT2"]
        limits.creep_from_m[row] = params["MPC_LAND_ALT3"]
        limits.creep_mps[row] = params["MPC_LAND_CRWL"]
        limits.yaw_rate_rps[row] = math.radians(params["MPC_YAWRAUTO_MAX"])
        limits.battery_wh[row] = spec.battery_wh
        limits.hover_w[row] = spec.hover_w
        limits.cruise_w[row] = spec.cruise_w
        limits.wing_w[row] = spec.wing_w
        limits.climb_w[row] = spec.climb_w
        limits.charge_w[row] = spec.charge_w
