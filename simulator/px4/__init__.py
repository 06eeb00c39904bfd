"""Real PX4 as a simulation: SIH instances of a build that somebody else has made, started and stopped one by one.

SIH ("simulation in hardware") is PX4's own physics, so nothing but the build is needed. Measured on PX4 1.16.0; how PX4
is built is not known here.
"""

from simulator.px4.build import QUADROTOR, STANDARD_VTOL, Px4Build, Px4Error, named_build
from simulator.px4.fleet import GROUND_STATION_PORT, GROUND_STATION_URL, Px4Fleet
from simulator.px4.instance import Px4Instance, Px4Spec

__all__ = [
    "GROUND_STATION_PORT",
    "GROUND_STATION_URL",
    "QUADROTOR",
    "STANDARD_VTOL",
    "Px4Build",
    "Px4Error",
    "Px4Fleet",
    "Px4Instance",
    "Px4Spec",
    "named_build",
]
