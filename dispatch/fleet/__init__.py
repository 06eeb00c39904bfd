"""The vehicles: one MAVSDK for the whole fleet, each drone its own system id.

:mod:`dispatch.fleet.vehicle` is the port (what a vehicle can be told and what it tells), :mod:`dispatch.fleet.link`
the one file that knows MAVSDK, :mod:`dispatch.fleet.connection` the strings that say how vehicles are reached,
:mod:`dispatch.fleet.px4` the ways of PX4, each with the measurement that found it, and :mod:`dispatch.fleet.fleet`
carries out the kernel's commands and gathers telemetry.
"""

from dispatch.fleet.fleet import Fleet
from dispatch.fleet.vehicle import Reading, Vehicle, VehicleError

__all__ = ["Fleet", "Reading", "Vehicle", "VehicleError"]
