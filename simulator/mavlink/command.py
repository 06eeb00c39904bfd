"""COMMAND_LONG and COMMAND_INT in one shape, and the answer to either."""

import math

from .modes import Verdict
from .wire import Message, dialect


class Command:
    """Seven parameters, positions in degrees, NaN for unset."""

    def __init__(self, message: Message) -> None:
        self.number: int = message.command
        self.system_id: int = message.get_srcSystem()
        self.component_id: int = message.get_srcComponent()
        head = [message.param1, message.param2, message.param3, message.param4]
        if message.get_type() == "COMMAND_INT":
            unset = 2**31 - 1
            x = math.nan if message.x == unset else message.x * 1e-7
            y = math.nan if message.y == unset else message.y * 1e-7
            self.params = [*head, x, y, message.z]
        else:
            self.params = [*head, message.param5, message.param6, message.param7]

    def number_or_none(self, position: int) -> float | None:
        """Parameter ``position`` (from 1), or None where it is not a number."""
        value = self.params[position - 1]
        return value if math.isfinite(value) else None

    def answer(self, verdict: Verdict) -> Message:
        """COMMAND_ACK, for whoever gave the command."""
        return dialect.MAVLink_command_ack_message(self.number, verdict.value, 0, 0, self.system_id, self.component_id)
