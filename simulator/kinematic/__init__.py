"""Kinematic vehicles under a simulated clock: the engine's own lifecycle, without a wire and without waiting.

Vehicles are where geo's profile says they are. :class:`Room` is the loop: telemetry in, ``advance``, commands out, as
in :mod:`dispatch.operations`.
"""

from simulator.kinematic.room import Hear, Room
from simulator.kinematic.vehicle import Vehicle

__all__ = ["Hear", "Room", "Vehicle"]
