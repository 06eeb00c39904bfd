"""A city's fleet as embedded vehicles: each drone of the register stands on its base, charged."""

from dispatch.city import City
from simulator.mavlink.process import EmbeddedFleet
from simulator.mavlink.spec import VehicleSpec

POSITION_HZ, FAST_POSITION_HZ = 10.0, 20.0
"""Positions a second of wall time; more where time runs fast, so that the clocks stay sharp."""


def vehicle_specs(city: City) -> tuple[VehicleSpec, ...]:
    """One vehicle per drone, able to do what its airframe promises. Speeds are set over MAVLink, as on real PX4."""
    specs = []
    for drone in city.drones.values():
        airframe, base = city.airframes[drone.airframe], city.bases[drone.base_id]
        specs.append(
            VehicleSpec(
                system_id=drone.system_id,
                latitude_deg=base.position.latitude_deg,
                longitude_deg=base.position.longitude_deg,
                altitude_m=base.ground_amsl_m,
                airspeed_max_mps=airframe.airspeed_mps,
                held_share=airframe.held_share,
                battery_wh=airframe.battery_wh,
                hover_w=airframe.hover_w,
                cruise_w=airframe.cruise_w,
                climb_w=airframe.climb_w,
                charge_w=airframe.charge_w,
                wing_w=0.0 if airframe.wing is None else airframe.wing.cruise_w,
                camera=bool(airframe.sensors),
            )
        )
    return tuple(specs)


def embedded_fleet(city: City, *, port: int, speed: float) -> EmbeddedFleet:
    """The fleet, ready to be started; it sends to ``udpin://127.0.0.1:port``."""
    hz = POSITION_HZ if speed <= 1 else FAST_POSITION_HZ
    return EmbeddedFleet(vehicle_specs(city), port=port, speed_factor=speed, position_hz=hz)
