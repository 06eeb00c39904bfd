"""The MAVLink 2 wire: the only file that touches pymavlink, which has no types."""

from collections.abc import Iterator
from typing import Any, Final

from pymavlink.dialects.v20 import common

dialect: Final[Any] = common
Message = Any  # a pymavlink message object

AUTOPILOT: Final = 1  # MAV_COMP_ID_AUTOPILOT1
_STX2: Final = 0xFD
_STX1: Final = 0xFE
_SIGNED: Final = 0x01

_decoder: Final[Any] = common.MAVLink(None)


class Packer:
    """Turns messages of one component into bytes, numbering them."""

    def __init__(self, system_id: int, component_id: int = AUTOPILOT) -> None:
        self._mav: Any = common.MAVLink(None, srcSystem=system_id, srcComponent=component_id)

    def pack(self, message: Message) -> bytes:
        """One frame, ready to be sent; frames may be joined into one datagram."""
        frame = bytes(message.pack(self._mav))
        self._mav.seq = (self._mav.seq + 1) % 256
        return frame


def messages(datagram: bytes) -> Iterator[Message]:
    """The whole and undamaged messages in a datagram; anything else is passed over in silence."""
    start = 0
    while start < len(datagram):
        length = _frame_length(datagram, start)
        if length is None or start + length > len(datagram):
            start += 1
            continue
        try:
            message = _decoder.decode(bytearray(datagram[start : start + length]))
        except Exception:  # pymavlink raises what it likes on damaged frames
            message = None
        if message is None or message.get_type().startswith("UNKNOWN"):
            start += 1  # an unknown message has no checksum to trust its length by
            continue
        yield message
        start += length


def _frame_length(datagram: bytes, start: int) -> int | None:
    marker = datagram[start]
    if marker == _STX2 and start + 3 <= len(datagram):
        signature = 13 if datagram[start + 2] & _SIGNED else 0
        return 12 + datagram[start + 1] + signature
    if marker == _STX1 and start + 2 <= len(datagram):
        return 8 + datagram[start + 1]
    return None
