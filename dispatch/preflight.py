"""The pre-flight checklist: whether a drone on the ground may be sent, point by point.

Every point is passed, failed, to be looked at (``warn``) or not told by the vehicle (``unknown``). A failed point keeps
the drone on the ground: :func:`blocked` is the reason that a decision gives for it. What a vehicle does not tell blocks
nothing, for many a good one is silent; ``reach180 doctor`` shows it, and the runbook says what to look at by hand.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from dispatch import reasons
from dispatch.model import Body, Drone, DroneState, Reason, Situation
from dispatch.planning import site_of, stands_on
from geo.airframe import Airframe

LEAST_FIRMWARE = (1, 15)
"""PX4 before 1.15 returns from a lost link otherwise (RTL_TYPE 2); all is measured on 1.16."""

GPS_3D = 3
LEAST_SATELLITES = 6
UNPOWERED_V = 3.0
"""Less than one cell: the autopilot is fed through its USB port and has no battery."""

CLOCK_OFF_S = 5.0
LOW_SHARE = 0.5


class Verdict(StrEnum):
    """What came of one point."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One point of the checklist. ``reason`` says what is wrong and what would mend it; ``told`` what was found."""

    code: str
    verdict: Verdict
    told: str = ""
    reason: Reason | None = None


def checklist(situation: Situation, drone_id: str) -> tuple[Check, ...]:
    """Every point for one drone, in the order in which they are mended."""
    drone, state = situation.drones[drone_id], situation.states.get(drone_id)
    why = situation.withdrawn.get(drone_id)
    service = _check("in_service", None if why is None else reasons.withdrawn(why))
    if state is None or state.position is None:
        return (service, _check("heard", reasons.never_seen()))
    silent_s = situation.now_s - state.seen_at_s
    live = state.connected and silent_s <= situation.rules.link_lost_s
    heard = _check("heard", None if live else reasons.no_link(silent_s), f"{max(0.0, silent_s):.1f} s ago")
    if state.in_air:
        return (service, heard)
    return (service, heard, *_on_ground(situation, drone, state))


def blocked(situation: Situation, state: DroneState) -> Reason | None:
    """Why a drone that is heard and stands on the ground may not be sent; None if nothing speaks against it."""
    points = _on_ground(situation, situation.drones[state.drone_id], state)
    return next((point.reason for point in points if point.verdict is Verdict.FAIL), None)


def _on_ground(situation: Situation, drone: Drone, state: DroneState) -> tuple[Check, ...]:
    airframe, body = situation.airframes[drone.airframe], state.body or Body()
    return (
        _check("place", _misplaced(situation, drone, state)),
        _check("airframe", _wrong_airframe(airframe, body), body.kind),
        _check("health", None if state.healthy else _not_ready(state.body)),
        _check("gps", _no_fix(body), _gps(body)),
        _check("power", _unpowered(body), "" if body.voltage_v is None else f"{body.voltage_v:.1f} V"),
        _worth_a_look("battery", state.battery_share < LOW_SHARE, f"{state.battery_share:.0%}"),
        _worth_a_look("firmware", _version(body) < LEAST_FIRMWARE, body.firmware),
        _worth_a_look("clock", abs(body.clock_off_s or 0.0) > CLOCK_OFF_S, _clock(body)),
        _worth_a_look("camera", body.camera is False, {None: "", True: "heard", False: "none heard"}[body.camera]),
    )


def _check(code: str, reason: Reason | None, told: str | None = None) -> Check:
    """Failed for a reason; not known where the vehicle had something to tell and did not (``told`` is empty)."""
    passed = Verdict.UNKNOWN if told == "" else Verdict.OK
    return Check(code=code, verdict=passed if reason is None else Verdict.FAIL, told=told or "", reason=reason)


def _worth_a_look(code: str, wrong: bool, told: str) -> Check:
    verdict = Verdict.UNKNOWN if not told else Verdict.WARN if wrong else Verdict.OK
    return Check(code=code, verdict=verdict, told=told)


def _misplaced(situation: Situation, drone: Drone, state: DroneState) -> Reason | None:
    """It stands at its own base, or where the engine itself brought it down."""
    site = site_of(situation, state)
    if site is None:
        return reasons.away()
    if site == drone.base_id:
        return None
    last = situation.sorties.get(drone.id)
    if last is not None and site == last.home_base_id:
        return None
    if last is not None and last.mission is not None and last.mission.back:
        landed = replace(
            state, position=last.mission.back[-1].position
        )  # where it goes by itself when its link is lost
        if stands_on(landed, situation.bases[site]):
            return None
    return reasons.misplaced(site, drone.base_id)


def _wrong_airframe(airframe: Airframe, body: Body) -> Reason | None:
    wrong = {"multirotor": {"fixed_wing", "rover", "submarine"}, "vtol": {"multicopter", "rover", "submarine"}}
    return reasons.wrong_airframe(body.kind, airframe) if body.kind in wrong[airframe.kind] else None


def _not_ready(body: Body | None) -> Reason:
    if body is not None and not body.prepared:
        return reasons.unprepared()
    return reasons.not_ready(body.failing if body is not None else ())


def _no_fix(body: Body) -> Reason | None:
    fix, satellites = body.gps_fix, body.satellites
    if fix is None or satellites is None:
        return None
    return reasons.no_fix(fix, satellites) if fix < GPS_3D or satellites < LEAST_SATELLITES else None


def _gps(body: Body) -> str:
    return "" if body.gps_fix is None else f"fix {body.gps_fix}, {body.satellites} satellites"


def _unpowered(body: Body) -> Reason | None:
    return reasons.unpowered(body.voltage_v) if body.voltage_v is not None and body.voltage_v < UNPOWERED_V else None


def _version(body: Body) -> tuple[int, ...]:
    return tuple(int(part) for part in body.firmware.split(".")) if body.firmware else (0,)


def _clock(body: Body) -> str:
    return "" if body.clock_off_s is None else f"{body.clock_off_s:+.1f} s"
