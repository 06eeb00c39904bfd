"""The embedded vehicle: a small autopilot that a MAVSDK client cannot tell from PX4.

The simulation sits *behind the wire*. The command room's demo and the tests speak real MAVSDK over real UDP
to many of these vehicles in one child process, so everything that may go wrong between an order and its
effect (a refused arming, an accepted goto that is not flown, a link that falls silent) goes wrong here in
the same way and through the same code as with an aircraft. PX4 itself is flown by ``simulator.px4``, where a
build of it is at hand.

What it knows
    MAVLink 2 and the habits of PX4 1.16, each found in its sources or measured on its SIH quadrotor: modes,
    arming, takeoff ramp, trajectories, missions, fences, failsafes, parameters with their types. Wind, and
    what it leaves of a ground speed. Watt-hours, and docks that charge.

What it must not know
    Incidents, decisions, sorties, bases: nothing of ``dispatch`` and nothing of ``geo``. It imports no other
    package of ours. It does not import MAVSDK either: that is the other end of the wire.

The way of a step
    ``fleet`` keeps simulated to wall time and owns the one UDP socket. ``world`` moves all vehicles at once
    with ``dynamics`` (pure, numpy), lets each ``vehicle`` sense where it is and collects the setpoint that it
    leaves. A vehicle is a commander: it grants modes, arms, and overrules its operator by ``failsafe``; what
    a mode asks of the motors stands in ``navigation`` and ``mission``, what the ground does in ``ground``,
    what was uploaded in ``plan``. ``protocol``, ``transfer`` and ``telemetry`` are its MAVLink face, ``wire``
    the only file that touches pymavlink. ``control`` obeys JSON lines on stdin; ``process`` is the other end
    of those and what other packages use::

        async with EmbeddedFleet([VehicleSpec(system_id=1, latitude_deg=31.38, longitude_deg=120.95)],
                                 port=14550, speed_factor=10) as fleet:
            await fleet.wind(8.0, from_deg=270.0)

Time
    Every time-out of the autopilot runs in simulated time. MAVLink rates and the watch for ground station
    heartbeats run in wall time, since the client lives there.

Where it differs from PX4 1.16 (measured side by side): it takes off to 29 m in 20.5 s against 22.5 s, since
PX4's SIH lags behind a climb above 2.3 m/s; it flies 400 m at 15 m/s in 34 s against 35 s, lands from 29 m in
30.5 s against 31.9 s. Heartbeats tell a change of mode at once, not within a second. Not simulated: manual
and offboard flight, follow-me, avoidance, files over MAVLink, pictures (a camera tells of its stream and is turned);
camera and gimbal items of a mission are taken and passed over.
"""

from .control import Fault
from .process import EmbeddedFleet, FleetError
from .spec import SpecError, VehicleSpec

__all__ = ["EmbeddedFleet", "Fault", "FleetError", "SpecError", "VehicleSpec"]
