"""When the autopilot overrules its operator: lost link, empty battery, crossed fence.

A condensed form of PX4's failsafe framework. A condition that becomes true raises an action; before any
action but Hold the vehicle holds for COM_FAIL_ACT_T seconds (a goto under way goes on: it *is* Hold); a mode
commanded meanwhile takes over and the action is dropped until a new condition arises.
"""

from dataclasses import dataclass
from enum import IntEnum

from .modes import Mode
from .params import ParameterTable


class Action(IntEnum):
    """What a failsafe does; the greatest wins."""

    NONE = 0
    WARN = 1
    HOLD = 2
    RETURN = 3
    LAND = 4


class BatteryLevel(IntEnum):
    """PX4's battery warnings."""

    OK = 0
    LOW = 1
    CRITICAL = 2
    EMERGENCY = 3


MISSION_EXCEPTED = 1
"""The bit of COM_DLL_EXCEPT that lets a mission go on without a link."""

_MODES = {Action.HOLD: Mode.HOLD, Action.RETURN: Mode.RETURN, Action.LAND: Mode.LAND}
_LINK_ACTIONS = {1: Action.HOLD, 2: Action.RETURN, 3: Action.LAND}
_FENCE_ACTIONS = {1: Action.WARN, 2: Action.HOLD, 3: Action.RETURN, 5: Action.LAND}
_LOW_BATTERY_ACTIONS = {
    2: {BatteryLevel.CRITICAL: Action.LAND, BatteryLevel.EMERGENCY: Action.LAND},
    3: {BatteryLevel.CRITICAL: Action.RETURN, BatteryLevel.EMERGENCY: Action.LAND},
}


def battery_level(share: float, params: ParameterTable) -> BatteryLevel:
    """The warning that belongs to a remaining share of the battery."""
    if share < params["BAT_EMERGEN_THR"]:
        return BatteryLevel.EMERGENCY
    if share < params["BAT_CRIT_THR"]:
        return BatteryLevel.CRITICAL
    return BatteryLevel.LOW if share < params["BAT_LOW_THR"] else BatteryLevel.OK


@dataclass(frozen=True, slots=True)
class Conditions:
    """What may be wrong, seen at one moment."""

    link_lost: bool = False
    outside_fence: bool = False
    battery: BatteryLevel = BatteryLevel.OK


class Failsafe:
    """The failsafe state of one vehicle since it was armed.

    A battery that was already low at arming raises nothing until it gets worse.
    """

    def __init__(self, at_arming: Conditions | None = None) -> None:
        battery = at_arming.battery if at_arming else BatteryLevel.OK
        self._seen = Conditions(battery=battery)
        self._actions: dict[str, Action] = {}
        self._until_s = 0.0
        self._taken_over = False

    def commanded(self) -> None:
        """The operator changed the mode: whatever is active now is overruled."""
        if self._actions:
            self._taken_over = True

    def update(
        self, now_s: float, now: Conditions, intended: Mode, params: ParameterTable
    ) -> tuple[Mode | None, list[str]]:
        """The mode that overrules the operator's (or None), and what is to be said about it."""
        texts: list[str] = []
        before = self._seen
        self._seen = now
        if now == before and not self._actions:
            return None, texts
        link = _LINK_ACTIONS.get(int(params["NAV_DLL_ACT"]), Action.NONE)
        fence = _FENCE_ACTIONS.get(int(params["GF_ACTION"]), Action.NONE)
        flies_on = intended == Mode.MISSION and int(params["COM_DLL_EXCEPT"]) & MISSION_EXCEPTED
        if intended == Mode.LAND or flies_on:
            link = Action.NONE
        if now.link_lost and not before.link_lost:
            self._raise("link", link, now_s, params, texts)
        if now.outside_fence and not before.outside_fence:
            self._raise("fence", fence, now_s, params, texts)
        if now.battery > before.battery:
            texts.append(_BATTERY_TEXTS[now.battery])
            table = _LOW_BATTERY_ACTIONS.get(int(params["COM_LOW_BAT_ACT"]), {})
            self._raise("battery", table.get(now.battery, Action.WARN), now_s, params, texts)
        return self._override(now_s, intended), texts

    def _raise(self, cause: str, action: Action, now_s: float, params: ParameterTable, texts: list[str]) -> None:
        if action <= Action.WARN:
            return
        delay_s = params["COM_FAIL_ACT_T"] if action > Action.HOLD else 0.0
        if self._taken_over or not self._actions:
            self._actions = {}
            self._until_s = now_s + delay_s
        self._taken_over = False
        self._actions[cause] = action
        waits = self._until_s > now_s
        texts.append(
            f"Failsafe activated: entering Hold for {round(self._until_s - now_s)} seconds"
            if waits
            else "Failsafe activated"
        )

    def _override(self, now_s: float, intended: Mode) -> Mode | None:
        if self._taken_over or not self._actions:
            return None
        action = max(self._actions.values())
        if action == Action.RETURN and intended in (Mode.LAND, Mode.RETURN):
            return None
        if action == Action.LAND and intended == Mode.LAND:
            return None
        return Mode.HOLD if now_s < self._until_s else _MODES[action]


_BATTERY_TEXTS = {
    BatteryLevel.LOW: "Low battery level",
    BatteryLevel.CRITICAL: "Critical battery level",
    BatteryLevel.EMERGENCY: "Emergency battery level",
}
