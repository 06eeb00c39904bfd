"""The mission protocol, the vehicle's side: uploads and downloads of missions and fences.

MISSION_COUNT, then one MISSION_REQUEST_INT per item, then MISSION_ACK; and the same the other way round.
An unanswered request is repeated every 0.25 s and given up after 5 s, as PX4 does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from .items import Item
from .vehicle import Vehicle
from .wire import Message, dialect

RETRY_S: Final = 0.25
GIVE_UP_S: Final = 5.0
MISSION, FENCE, RALLY = 0, 1, 2
MOST_ITEMS: Final = {MISSION: 2000, FENCE: 64, RALLY: 32}
ACCEPTED, UNSUPPORTED, NO_SPACE, INVALID, INVALID_SEQUENCE = 0, 3, 4, 5, 13

Send = Callable[[Message], None]


@dataclass(slots=True)
class _Upload:
    """Items on their way in."""

    kind: int
    count: int
    system_id: int
    component_id: int
    started_s: float
    asked_s: float
    items: list[Item] = field(default_factory=list)


class MissionServer:
    """One vehicle's end of the mission protocol; ``now_s`` is wall time."""

    def __init__(self, vehicle: Vehicle, send: Send) -> None:
        self._vehicle = vehicle
        self._send = send
        self._upload: _Upload | None = None
        self._now_s = 0.0

    def handle(self, message: Message, now_s: float) -> bool:
        """Answer one message; False where it is none of ours."""
        handler = _HANDLERS.get(message.get_type())
        if handler is None:
            return False
        self._now_s = now_s
        handler(self, message)
        return True

    def tick(self, now_s: float) -> None:
        """Repeat an unanswered request, or give up."""
        upload = self._upload
        if upload is None or now_s - upload.asked_s < RETRY_S:
            return
        if now_s - upload.started_s > GIVE_UP_S:
            self._upload = None
            return
        upload.asked_s = now_s
        self._ask(upload)

    def _ask(self, upload: _Upload) -> None:
        self._send(
            dialect.MAVLink_mission_request_int_message(
                upload.system_id, upload.component_id, len(upload.items), upload.kind
            )
        )

    def _ack(self, message: Message, result: int, kind: int) -> None:
        self._send(
            dialect.MAVLink_mission_ack_message(message.get_srcSystem(), message.get_srcComponent(), result, kind)
        )

    def _on_count(self, message: Message) -> None:
        kind = message.mission_type
        if message.count > MOST_ITEMS.get(kind, 0):
            self._ack(message, NO_SPACE, kind)
        elif message.count == 0:
            self._ack(message, self._store(kind, ()), kind)
        else:
            sender = (message.get_srcSystem(), message.get_srcComponent())
            self._upload = _Upload(kind, message.count, *sender, self._now_s, self._now_s)
            self._ask(self._upload)

    def _on_item(self, message: Message) -> None:
        upload = self._upload
        if upload is None or message.mission_type != upload.kind:
            return
        if message.seq != len(upload.items):
            return  # a repeated item: the request for the right one goes out again by itself
        upload.items.append(
            Item(
                message.seq,
                message.frame,
                message.command,
                bool(message.autocontinue),
                message.param1,
                message.param2,
                message.param3,
                message.param4,
                message.x * 1e-7,
                message.y * 1e-7,
                message.z,
            )
        )
        upload.started_s = upload.asked_s = self._now_s
        if len(upload.items) < upload.count:
            self._ask(upload)
            return
        self._upload = None
        self._ack(message, self._store(upload.kind, tuple(upload.items)), upload.kind)

    def _store(self, kind: int, items: tuple[Item, ...]) -> int:
        if kind == MISSION:
            return ACCEPTED if self._vehicle.accept_mission(items) else UNSUPPORTED
        if kind == FENCE:
            return ACCEPTED if self._vehicle.plan.accept_fence(items) else INVALID
        if kind == RALLY:
            self._vehicle.plan.rally = items
        return ACCEPTED

    def _stored(self, kind: int) -> tuple[Item, ...]:
        plan = self._vehicle.plan
        return {MISSION: plan.mission, FENCE: plan.fence_items, RALLY: plan.rally}.get(kind, ())

    def _on_list(self, message: Message) -> None:
        kind = message.mission_type
        self._send(
            dialect.MAVLink_mission_count_message(
                message.get_srcSystem(), message.get_srcComponent(), len(self._stored(kind)), kind
            )
        )

    def _on_request(self, message: Message) -> None:
        items = self._stored(message.mission_type)
        if not 0 <= message.seq < len(items):
            self._ack(message, INVALID_SEQUENCE, message.mission_type)
            return
        item = items[message.seq]
        current = message.mission_type == MISSION and item.seq == self._vehicle.plan.index
        self._send(
            dialect.MAVLink_mission_item_int_message(
                message.get_srcSystem(),
                message.get_srcComponent(),
                item.seq,
                item.frame,
                item.command,
                int(current),
                int(item.autocontinue),
                item.param1,
                item.param2,
                item.param3,
                item.param4,
                round(item.latitude_deg * 1e7),
                round(item.longitude_deg * 1e7),
                item.z_m,
                message.mission_type,
            )
        )

    def _on_clear(self, message: Message) -> None:
        everything = 255
        for kind in (MISSION, FENCE, RALLY):
            if message.mission_type in (kind, everything):
                self._store(kind, ())
        self._ack(message, ACCEPTED, message.mission_type)

    def _on_set_current(self, message: Message) -> None:
        self._vehicle.set_mission_index(message.seq)

    def _on_ack(self, message: Message) -> None:
        if message.type != ACCEPTED and self._upload and message.mission_type == self._upload.kind:
            self._upload = None  # the sender cancelled


_HANDLERS: Final[dict[str, Callable[[MissionServer, Message], None]]] = {
    "MISSION_COUNT": MissionServer._on_count,
    "MISSION_ITEM_INT": MissionServer._on_item,
    "MISSION_REQUEST_LIST": MissionServer._on_list,
    "MISSION_REQUEST_INT": MissionServer._on_request,
    "MISSION_CLEAR_ALL": MissionServer._on_clear,
    "MISSION_SET_CURRENT": MissionServer._on_set_current,
    "MISSION_ACK": MissionServer._on_ack,
}
