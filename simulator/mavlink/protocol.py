"""MAVLink in and out for one vehicle: streams, commands, parameters; missions go to the mission server.

What goes out collects in ``outbox``; the fleet puts it on the wire. All times here are wall time.
"""

import math
from collections.abc import Callable
from typing import Final

from . import telemetry
from .command import Command
from .modes import Verdict, mode_of
from .orbit import LEAST_RADIUS_M
from .params import PARAMETERS, Parameter, ParameterError, value_from_wire, wire_value
from .payload import CAMERA, GIMBAL, Payload
from .telemetry import STREAMS
from .transfer import MissionServer
from .vehicle import Vehicle
from .wire import AUTOPILOT, Message, Packer, dialect

COMMANDER_ACK_S: Final = 0.004  # PX4's second answer to DO_SET_MODE comes this much after the first
FASTEST_S: Final = 0.02
FASTEST_HEARTBEAT_HZ: Final = 4.0
TEXT_BYTES: Final = 50

_HEARTBEAT = dialect.MAVLINK_MSG_ID_HEARTBEAT
_LANDED = dialect.MAVLINK_MSG_ID_EXTENDED_SYS_STATE
_POSITION = dialect.MAVLINK_MSG_ID_GLOBAL_POSITION_INT
_MISSION_CURRENT = dialect.MAVLINK_MSG_ID_MISSION_CURRENT
_PARAM_TYPES = {"int": dialect.MAV_PARAM_TYPE_INT32, "float": dialect.MAV_PARAM_TYPE_REAL32}
_KINDS = {number: kind for kind, number in _PARAM_TYPES.items()}


class Protocol:
    """The MAVLink face of one vehicle."""

    def __init__(self, vehicle: Vehicle, position_hz: float, phase: float) -> None:
        self.vehicle = vehicle
        self.outbox: list[bytes] = []
        self._packer = Packer(vehicle.spec.system_id)
        self._later: list[tuple[float, Message]] = []
        self._missions = MissionServer(vehicle, self.send)
        self._payload = Payload(vehicle, self.outbox) if vehicle.spec.camera else None
        self._intervals = {number: seconds for number, (_, seconds) in STREAMS.items()}
        self._intervals[_POSITION] = 1.0 / position_hz
        self._phase = phase
        self._due: dict[int, float] = {}
        self._told: tuple[object, ...] = ()
        self._text_number = 0

    def send(self, message: Message) -> None:
        """Queue a message."""
        self.outbox.append(self._packer.pack(message))

    def set_pace(self, factor: float) -> None:
        """Beat faster where simulated time runs faster, up to 4 Hz, as PX4 in lockstep would.

        It matters to newcomers: MAVSDK takes the first heartbeat to note a new system and only the second to
        learn that it speaks PX4; what it is told to do in between goes out in another dialect.
        """
        self._intervals[_HEARTBEAT] = 1.0 / min(max(factor, 1.0), FASTEST_HEARTBEAT_HZ)
        if self._payload is not None:
            self._payload.set_pace(factor)

    # ------------------------------------------------------------------ out

    def tick(self, now_s: float) -> None:
        """Queue whatever is due now."""
        if not self._due:
            self._due = {n: now_s + self._phase * s for n, s in self._intervals.items() if s > 0.0}
            self._due[_HEARTBEAT] = now_s
        self._tell_changes(now_s)
        for number, due_s in self._due.items():
            if now_s >= due_s:
                interval_s = self._intervals[number]
                self._due[number] = max(due_s + interval_s, now_s - interval_s)
                self.send(STREAMS[number][0](self.vehicle))
        if self._later:
            waiting, self._later = self._later, []
            for entry in waiting:
                if now_s >= entry[0]:
                    self.send(entry[1])
                else:
                    self._later.append(entry)
        self._missions.tick(now_s)
        if self._payload is not None:
            self._payload.tick(now_s)
        for severity, text in self.vehicle.texts:
            self._send_text(severity.value, text)
        self.vehicle.texts.clear()

    def _tell_changes(self, now_s: float) -> None:
        """Mode, arming, landing and mission progress are told at once, not at the next second."""
        vehicle = self.vehicle
        landed = telemetry.landed_state(vehicle)
        told = (vehicle.armed, vehicle.active_mode, landed, vehicle.plan.index, vehicle.plan.finished)
        if self._told and told != self._told:
            for number in (_HEARTBEAT, _LANDED, _MISSION_CURRENT):
                self._due[number] = now_s
        self._told = told
        for seq in vehicle.plan.reached:
            self.send(dialect.MAVLink_mission_item_reached_message(seq))
        vehicle.plan.reached.clear()

    def _send_text(self, severity: int, text: str) -> None:
        raw = text.encode()
        if len(raw) <= TEXT_BYTES:
            self.send(dialect.MAVLink_statustext_message(severity, raw))
            return
        self._text_number = self._text_number % 65_535 + 1
        for chunk in range(0, len(raw) // TEXT_BYTES + 1):
            part = raw[chunk * TEXT_BYTES : (chunk + 1) * TEXT_BYTES]
            self.send(dialect.MAVLink_statustext_message(severity, part, self._text_number, chunk))

    # ------------------------------------------------------------------ in

    def handle(self, message: Message, now_s: float) -> None:
        """Answer a message that is for this vehicle."""
        component = getattr(message, "target_component", 0)
        if component in (CAMERA, GIMBAL) and self._payload is not None:
            self._payload.handle(message)
        if component not in (0, AUTOPILOT):
            return
        kind = message.get_type()
        if kind in ("COMMAND_LONG", "COMMAND_INT"):
            self._on_command(Command(message), now_s)
        elif handler := _MESSAGES.get(kind):
            handler(self, message)
        else:
            self._missions.handle(message, now_s)

    def _on_command(self, command: Command, now_s: float) -> None:
        handler = _COMMANDS.get(command.number)
        if handler is None:
            self._ack(command, Verdict.UNSUPPORTED)
        elif command.number == dialect.MAV_CMD_DO_SET_MODE:
            # first the MAVLink receiver says yes to anything, then the commander says what is true
            self._ack(command, Verdict.ACCEPTED)
            self._later.append((now_s + COMMANDER_ACK_S, command.answer(handler(self, command))))
        else:
            self._ack(command, handler(self, command))

    def _ack(self, command: Command, verdict: Verdict) -> None:
        self.send(command.answer(verdict))

    def _set_mode(self, command: Command) -> Verdict:
        base, main, sub = (int(command.number_or_none(position) or 0) for position in (1, 2, 3))
        mode = mode_of(main, sub) if base & dialect.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED else None
        return Verdict.REJECTED if mode is None else self.vehicle.set_mode(mode)

    def _arm(self, command: Command) -> Verdict:
        forced = command.params[1] == 21_196
        if command.params[0] == 1:
            return self.vehicle.arm()  # PX4 checks also where force is asked for from outside
        return self.vehicle.disarm(force=forced) if command.params[0] == 0 else Verdict.UNSUPPORTED

    def _reposition(self, command: Command) -> Verdict:
        speed = command.number_or_none(1)
        yaw = command.number_or_none(4)
        return self.vehicle.goto(
            command.number_or_none(5),
            command.number_or_none(6),
            command.number_or_none(7),
            math.nan if yaw is None else yaw,
            speed if speed is not None and speed > 0.0 else None,
            change_mode=bool(int(command.number_or_none(2) or 0) & 1),
        )

    def _orbit(self, command: Command) -> Verdict:
        place = [command.number_or_none(position) for position in (5, 6, 7)]
        latitude, longitude, altitude = (value or 0.0 for value in place)
        return self.vehicle.orbit(
            None if None in place else (latitude, longitude, altitude),
            command.number_or_none(1) or LEAST_RADIUS_M,
            command.number_or_none(2) or 1.0,
            int(command.number_or_none(3) or 0),
        )

    def _set_home(self, command: Command) -> Verdict:
        if command.params[0] == 1:
            return self.vehicle.set_home(None)
        place = [command.number_or_none(position) for position in (5, 6, 7)]
        if None in place:
            return Verdict.DENIED
        latitude, longitude, altitude = (value or 0.0 for value in place)
        return self.vehicle.set_home((latitude, longitude, altitude))

    def _terminate(self, command: Command) -> Verdict:
        if not (self.vehicle.armed and command.params[0] > 0.5):
            return Verdict.DENIED
        return self.vehicle.disarm(force=True, reason="flight termination")

    def _set_current_item(self, command: Command) -> Verdict:
        index = command.number_or_none(1)
        known = index is not None and self.vehicle.set_mission_index(int(index))
        return Verdict.ACCEPTED if known else Verdict.DENIED

    def _request_message(self, command: Command) -> Verdict:
        number = command.number_or_none(1)
        if number is None or int(number) not in STREAMS:
            return Verdict.DENIED
        self.send(STREAMS[int(number)][0](self.vehicle))
        return Verdict.ACCEPTED

    def _set_interval(self, command: Command) -> Verdict:
        number, interval_us = command.number_or_none(1), command.number_or_none(2)
        if number is None or interval_us is None or int(number) not in STREAMS:
            return Verdict.DENIED
        message_id = int(number)
        if message_id == _HEARTBEAT:
            return Verdict.ACCEPTED
        if interval_us < 0.0:
            self._due.pop(message_id, None)
            return Verdict.ACCEPTED
        default_s = STREAMS[message_id][1]
        interval_s = max(interval_us * 1e-6, FASTEST_S) if interval_us > 0.0 else default_s
        self._intervals[message_id] = interval_s
        if interval_s > 0.0:
            self._due[message_id] = 0.0
        return Verdict.ACCEPTED

    # ------------------------------------------------------------------ parameters and clocks

    def _send_parameter(self, index: int, parameter: Parameter, value: float) -> None:
        self.send(
            dialect.MAVLink_param_value_message(
                parameter.name.encode(),
                wire_value(parameter, value),
                _PARAM_TYPES[parameter.kind],
                len(PARAMETERS),
                index,
            )
        )

    def _on_param_read(self, message: Message) -> None:
        index = message.param_index
        try:
            if index < 0:
                index = self.vehicle.params.index(message.param_id)
            parameter = PARAMETERS[index]
        except (ParameterError, IndexError):
            return  # PX4 1.16 does not answer
        self._send_parameter(index, parameter, self.vehicle.params[parameter.name])

    def _on_param_list(self, _message: Message) -> None:
        for index, parameter, value in self.vehicle.params:
            self._send_parameter(index, parameter, value)

    def _on_param_set(self, message: Message) -> None:
        params = self.vehicle.params
        try:
            index = params.index(message.param_id)
            parameter = PARAMETERS[index]
            if _KINDS.get(message.param_type) != parameter.kind:
                return
            params.set(parameter.name, value_from_wire(parameter.kind, message.param_value))
        except ParameterError:
            return
        self._send_parameter(index, parameter, params[parameter.name])

    def _on_ping(self, message: Message) -> None:
        if message.target_system == 0:
            sender = (message.get_srcSystem(), message.get_srcComponent())
            self.send(dialect.MAVLink_ping_message(message.time_usec, message.seq, *sender))

    def _on_timesync(self, message: Message) -> None:
        if message.tc1 == 0:
            boot_ns = int((self.vehicle.sense.now_s - self.vehicle.sense.booted_s) * 1e9)
            self.send(dialect.MAVLink_timesync_message(boot_ns, message.ts1))


_MESSAGES: Final[dict[str, Callable[[Protocol, Message], None]]] = {
    "PARAM_REQUEST_READ": Protocol._on_param_read,
    "PARAM_REQUEST_LIST": Protocol._on_param_list,
    "PARAM_SET": Protocol._on_param_set,
    "PING": Protocol._on_ping,
    "TIMESYNC": Protocol._on_timesync,
}

_COMMANDS: Final[dict[int, Callable[[Protocol, Command], Verdict]]] = {
    dialect.MAV_CMD_COMPONENT_ARM_DISARM: Protocol._arm,
    dialect.MAV_CMD_NAV_TAKEOFF: lambda p, c: p.vehicle.takeoff(c.number_or_none(7)),
    dialect.MAV_CMD_NAV_LAND: lambda p, _: p.vehicle.land(),
    dialect.MAV_CMD_NAV_RETURN_TO_LAUNCH: lambda p, _: p.vehicle.return_home(),
    dialect.MAV_CMD_DO_SET_MODE: Protocol._set_mode,
    dialect.MAV_CMD_DO_REPOSITION: Protocol._reposition,
    dialect.MAV_CMD_DO_ORBIT: Protocol._orbit,
    dialect.MAV_CMD_DO_VTOL_TRANSITION: lambda p, c: p.vehicle.transition(int(c.number_or_none(1) or 0)),
    dialect.MAV_CMD_DO_CHANGE_SPEED: lambda p, c: p.vehicle.change_speed(c.number_or_none(2) or 0.0),
    dialect.MAV_CMD_DO_SET_HOME: Protocol._set_home,
    dialect.MAV_CMD_DO_FLIGHTTERMINATION: Protocol._terminate,
    dialect.MAV_CMD_DO_SET_MISSION_CURRENT: Protocol._set_current_item,
    dialect.MAV_CMD_MISSION_START: lambda p, _: p.vehicle.start_mission(),
    dialect.MAV_CMD_PREFLIGHT_REBOOT_SHUTDOWN: lambda _p, _c: Verdict.DENIED,
    dialect.MAV_CMD_REQUEST_MESSAGE: Protocol._request_message,
    dialect.MAV_CMD_SET_MESSAGE_INTERVAL: Protocol._set_interval,
}
