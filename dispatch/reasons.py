"""Why a drone is out, and what would change that; and a decision in one sentence.

Each reason has a code (for translations), its figures, and plain English text.
"""

import math
from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

from dispatch.model import MOST_URGENT, Incident, Option, Reason
from geo.airframe import Airframe
from geo.wind import Wind


def reason(code: str, text: str, change: str, **values: float | str) -> Reason:
    """A reason with its figures."""
    return Reason(code=code, text=text, change=change, values=MappingProxyType(values))


def withdrawn(why: str) -> Reason:
    """Taken out of service by a person or by the engine after a failure."""
    return reason("withdrawn", f"out of service: {why}", "restore it", why=why)


def never_seen() -> Reason:
    """Registered, but its autopilot has not been heard."""
    return reason("never_seen", "its autopilot has not been heard yet", "power and link of the vehicle")


def no_link(silent_s: float) -> Reason:
    """The autopilot has gone silent."""
    return reason("no_link", f"no telemetry for {silent_s:.0f} s", "the link comes back", silent_s=round(silent_s, 1))


def failed_before() -> Reason:
    """It was sent to this incident once and failed, or a person took it off."""
    return reason("failed_before", "failed on this incident or was taken off it", "dispatch it by hand")


def payload(missing: Sequence[str]) -> Reason:
    """It lacks a sensor or payload that the incident needs."""
    names = ", ".join(missing)
    return reason("payload", f"lacks {names}", "fit the payload or drop the need", missing=names)


def wind(speed_mps: float, limit_mps: float) -> Reason:
    """Above the airframe's wind limit."""
    return reason(
        "wind",
        f"wind {speed_mps:.1f} m/s is over its limit of {limit_mps:.1f} m/s",
        f"wind at or below {limit_mps:.1f} m/s",
        speed_mps=speed_mps,
        limit_mps=limit_mps,
    )


def rain(rate_mm_h: float, limit_mm_h: float) -> Reason:
    """Above the airframe's rain limit."""
    return reason(
        "rain",
        f"rain {rate_mm_h:.1f} mm/h is over its limit of {limit_mm_h:.1f} mm/h",
        f"rain at or below {limit_mm_h:.1f} mm/h",
        rate_mm_h=rate_mm_h,
        limit_mm_h=limit_mm_h,
    )


def weather(wind_now: Wind, rain_mm_h: float, airframe: Airframe) -> Reason | None:
    """Wind or rain above the airframe's limit; None within both."""
    if wind_now.speed_mps > airframe.wind_limit_mps:
        return wind(wind_now.speed_mps, airframe.wind_limit_mps)
    if rain_mm_h > airframe.rain_limit_mm_h:
        return rain(rain_mm_h, airframe.rain_limit_mm_h)
    return None


def given_away(incident_id: str) -> Reason:
    """Another incident of the same decision got it."""
    return reason("given_away", f"goes to {incident_id}", f"{incident_id} is released", incident_id=incident_id)


def busy(doing: str, incident_id: str = "", its_priority: int = MOST_URGENT) -> Reason:
    """On a sortie that may not be taken from it; from its incident only one more urgent than ``its_priority`` may."""
    if not incident_id:
        return reason("busy", f"busy: {doing}", "it is home", doing=doing, incident_id="")
    change = f"{incident_id} is released"
    if its_priority > MOST_URGENT:
        change += f", or this incident gets priority {its_priority - 1}"
    return reason("busy", f"busy: {doing} for {incident_id}", change, doing=doing, incident_id=incident_id)


def held(incident_id: str) -> Reason:
    """Stopped in the air by an operator."""
    about, change = (f" for {incident_id}", f"{incident_id} is released") if incident_id else ("", "it is resumed")
    doing = "held by an operator"
    return reason("busy", f"busy: {doing}{about}", change, doing=doing, incident_id=incident_id)


def not_ready(failing: Sequence[str] = ()) -> Reason:
    """Its autopilot does not pass its own arming checks; ``failing`` names those that it tells of."""
    names = ", ".join(failing)
    text = "its autopilot reports that it is not ready to arm"
    return reason("not_ready", f"{text} ({names})" if names else text, "its health checks pass", failing=names)


def unprepared() -> Reason:
    """Its parameters (speeds, what it does when its link is lost, its fence) are not set and read back yet."""
    return reason(
        "unprepared",
        "its parameters are not set and read back",
        "it takes them: look for parameters_not_set in the log",
    )


def misplaced(base_id: str, registered_id: str) -> Reason:
    """It stands at another base than the one it is registered at, and the engine did not bring it there."""
    return reason(
        "misplaced",
        f"stands at {base_id}, is registered at {registered_id}",
        f"it is brought to {registered_id}, or drones.csv says where it is",
        base_id=base_id,
        registered_id=registered_id,
    )


def wrong_airframe(kind: str, airframe: Airframe) -> Reason:
    """It says that it is another kind of aircraft than it is registered as."""
    return reason(
        "wrong_airframe",
        f"says that it is a {kind}, is registered as {airframe.name} ({airframe.kind})",
        "drones.csv names its airframe, or its system id",
        kind=kind,
        airframe=airframe.name,
    )


def no_fix(fix: int, satellites: int) -> Reason:
    """Its satellite receiver does not know where it is."""
    return reason(
        "no_fix",
        f"its GPS has fix type {fix} with {satellites} satellites",
        "a 3D fix with 6 satellites: open sky, antenna",
        fix=fix,
        satellites=satellites,
    )


def unpowered(voltage_v: float) -> Reason:
    """It runs without its battery."""
    return reason(
        "unpowered", f"its battery gives {voltage_v:.1f} V", "its battery is in and switched on", voltage_v=voltage_v
    )


def away() -> Reason:
    """It stands where no base is: nobody knows what is round it, and no dock opens."""
    return reason("away", "stands on the ground away from every base", "it is brought to a base")


def no_way(wind_mps: float) -> Reason:
    """No legal way out, or the wind allows no headway."""
    return reason(
        "no_way",
        f"no legal way there in {wind_mps:.1f} m/s of wind",
        "a geozone is lifted or the wind drops",
        wind_mps=wind_mps,
    )


def no_way_home() -> Reason:
    """No legal way from there to a base with a free dock."""
    return reason(
        "no_way_home",
        "no legal way from there to a free dock",
        "a geozone is lifted, the wind drops or a dock gets free",
    )


def no_contingency(leg: int, legs: int, lacks_wh: float) -> Reason:
    """Should it have to break off on this leg of its way, it could not reach a base: ``lacks_wh`` more are needed, or
    (0) there is no legal way."""
    missing = f"its battery lacks {lacks_wh:.0f} Wh" if lacks_wh else "there is no legal way"
    return reason(
        "no_contingency",
        f"breaking off on leg {leg} of {legs} it could reach no base: {missing}",
        "a geozone is lifted, the wind drops or its battery is fuller",
        leg=leg,
        legs=legs,
        lacks_wh=round(lacks_wh, 1),
    )


def energy(needed_wh: float, watch_wh: float, battery_share: float, airframe: Airframe) -> Reason:
    """Out, watch and home do not fit the battery less its reserve; ``watch_wh`` of it is the watch's."""
    needed_share = needed_wh / airframe.battery_wh + airframe.reserve_share
    least_share = needed_share - watch_wh / airframe.battery_wh
    needed, has = math.ceil(needed_share * 100), math.floor(battery_share * 100 + 1e-6)  # never "needs 43%, has 43%"
    text = f"needs {needed}% of its battery for the way out, the watch, the way home and the reserve, has {has}%"
    if needed_share <= 1:
        code, change = "energy", f"{needed}% of battery"
    else:
        code, change = "out_of_reach", "a shorter watch" if least_share < battery_share else "a base nearer"
    return reason(
        code,
        text,
        change,
        needed_share=math.ceil(needed_share * 1e4) / 1e4,
        battery_share=math.floor(battery_share * 1e4) / 1e4,
    )


def no_relief(drone_id: str, options: Sequence[Option]) -> Reason:
    """Nobody could take over from ``drone_id``, which must leave the scene in time; ``options`` are ranked."""
    outs = [o for o in options if o.out is not None and o.drone_id != drone_id]
    near = next((o for o in outs if o.time is not None), outs[0] if outs else None)  # it lacks no more than energy
    change = f"{near.drone_id}: {near.out.change}" if near is not None and near.out is not None else "another drone"
    text = f"nobody can take over from {drone_id} when it must leave ({_counted(outs)})"
    return reason("no_relief", text, change, drone_id=drone_id)


def _counted(options: Sequence[Option]) -> str:
    counts = Counter(option.out.code for option in options if option.out is not None)
    return ", ".join(f"{code} {n}" for code, n in sorted(counts.items())) or "no drones"


def kept(drone_id: str, late_s: float, left_s: float, others: Sequence[Option], gain_s: float) -> str:
    """Why a late drone goes on with its incident: no other (``others`` are ranked) would be ``gain_s`` sooner there."""
    told = f"{drone_id} is {late_s:.0f} s late, there in {left_s:.0f} s, and keeps it: "
    near = next((o for o in others if o.out is None and o.preempts is None and o.time is not None), None)
    if near is None or near.time is None:
        return told + f"no other can go ({_counted(others)})"
    return told + f"{near.drone_id} would be there in {near.time.total_s:.0f} s, and must be {gain_s:.0f} s sooner"


def sentence(
    incident: Incident,
    pick: Option | None,
    options: Sequence[Option],
    robbed_by: str | None,
    relieves: str | None = None,
    policy: str = "",
) -> str:
    """The decision in one sentence; ``relieves`` is the drone on scene, where a relief was to be decided."""
    lost = f"its drone was taken for {robbed_by}, which is more urgent; " if robbed_by else ""
    if pick is None or pick.time is None:
        if relieves is not None:
            return f"{lost}{no_relief(relieves, options).text}; it is decided again when that changes"
        return f"{lost}no drone can go ({_counted(options)}); it waits and is decided again when that changes"
    if relieves is not None:
        told = f"{lost}{pick.drone_id} relieves {relieves}: over {incident.id} in {pick.time.total_s:.0f} s"
        return told + (f", taken from {pick.preempts}, which is less urgent" if pick.preempts else "")
    faster = [o for o in options if o.out is None and o.time is not None and o.time.total_s < pick.time.total_s - 0.001]
    told = f"{lost}{pick.drone_id} goes: over {incident.id} in {pick.time.total_s:.0f} s"
    if pick.preempts:
        told += f", taken from {pick.preempts}, which is less urgent"
    dearer = [o for o in faster if (o.price_ms or 0) > (pick.price_ms or 0)]
    faster = [o for o in faster if o not in dearer]
    if dearer:
        told += "; " + _dearer(min(dearer, key=lambda o: (o.price_ms or 0, o.drone_id)), pick, policy)
    if faster:
        names = ", ".join(sorted(o.drone_id for o in faster)[:3])
        told += f"; {names} would be faster but serve others or would be taken from them"
    return told


def _dearer(other: Option, pick: Option, policy: str) -> str:
    """Why a faster drone stays: what it counts by the policy."""
    assert other.time is not None
    counts, picks = (round((one.price_ms or 0) / 1000) for one in (other, pick))
    told = f"{other.drone_id} would be there in {other.time.total_s:.0f} s, but counts {counts} s by {policy}, "
    told += f"{pick.drone_id} {picks} s"
    if other.loss == pick.loss:
        return told
    return told + (
        f": {100 * other.loss:.1f} % of expected coverage would leave with it, "
        f"{100 * pick.loss:.1f} % leaves with {pick.drone_id}"
    )
