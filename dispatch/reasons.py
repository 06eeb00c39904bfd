"""Why a drone is out, and what would change that; and a decision in one sentence.

Each reason has a code (for translations), its figures, and plain English text.
"""

from collections.abc import Sequence
from types import MappingProxyType

from dispatch.model import Incident, Option, Reason
from geo.airframe import Airframe


def _reason(code: str, text: str, change: str, **values: float | str) -> Reason:
    return Reason(code=code, text=text, change=change, values=MappingProxyType(values))


def withdrawn(why: str) -> Reason:
    """Taken out of service by a person or by the engine after a failure."""
    return _reason("withdrawn", f"out of service: {why}", "restore it", why=why)


def never_seen() -> Reason:
    """Registered, but its autopilot has not been heard."""
    return _reason("never_seen", "its autopilot has not been heard yet", "power and link of the vehicle")


def no_link(silent_s: float) -> Reason:
    """The autopilot has gone silent."""
    return _reason("no_link", f"no telemetry for {silent_s:.0f} s", "the link comes back", silent_s=round(silent_s, 1))


def failed_before() -> Reason:
    """It was sent to this incident once and failed."""
    return _reason("failed_before", "failed on this incident before", "dispatch it by hand")


def payload(missing: Sequence[str]) -> Reason:
    """It lacks a sensor or payload that the incident needs."""
    names = ", ".join(missing)
    return _reason("payload", f"lacks {names}", "fit the payload or drop the need", missing=names)


def wind(speed_mps: float, limit_mps: float) -> Reason:
    """Above the airframe's wind limit."""
    return _reason(
        "wind",
        f"wind {speed_mps:.1f} m/s is over its limit of {limit_mps:.1f} m/s",
        f"wind at or below {limit_mps:.1f} m/s",
        speed_mps=speed_mps,
        limit_mps=limit_mps,
    )


def rain(rate_mm_h: float, limit_mm_h: float) -> Reason:
    """Above the airframe's rain limit."""
    return _reason(
        "rain",
        f"rain {rate_mm_h:.1f} mm/h is over its limit of {limit_mm_h:.1f} mm/h",
        f"rain at or below {limit_mm_h:.1f} mm/h",
        rate_mm_h=rate_mm_h,
        limit_mm_h=limit_mm_h,
    )


def given_away(incident_id: str) -> Reason:
    """Another incident of the same decision got it."""
    return _reason("given_away", f"goes to {incident_id}", f"{incident_id} is released", incident_id=incident_id)


def busy(doing: str, incident_id: str) -> Reason:
    """On a sortie that may not be taken from it."""
    about = f" for {incident_id}" if incident_id else ""
    change = f"{incident_id} is released, or this incident gets a higher priority" if incident_id else "it is home"
    return _reason("busy", f"busy: {doing}{about}", change, doing=doing, incident_id=incident_id)


def not_ready() -> Reason:
    """Its autopilot does not pass its own arming checks."""
    return _reason("not_ready", "its autopilot reports that it is not ready to arm", "its health checks pass")


def no_way(wind_mps: float) -> Reason:
    """No legal way out, or the wind allows no headway."""
    return _reason(
        "no_way",
        f"no legal way there in {wind_mps:.1f} m/s of wind",
        "a geozone is lifted or the wind drops",
        wind_mps=wind_mps,
    )


def no_way_home() -> Reason:
    """No legal way from there to a base with a free dock."""
    return _reason("no_way_home", "no legal way from there to a free dock", "a geozone is lifted or a dock gets free")


def energy(needed_wh: float, battery_share: float, airframe: Airframe) -> Reason:
    """Out, watch and home do not fit the battery less its reserve."""
    needed_share = needed_wh / airframe.battery_wh + airframe.reserve_share
    text = (
        f"needs {needed_share:.0%} of its battery for the way out, the watch, the way home and the reserve, "
        f"has {battery_share:.0%}"
    )
    change = f"{needed_share:.0%} of battery" if needed_share <= 1 else "a shorter watch, or a base nearer"
    code = "energy" if needed_share <= 1 else "out_of_reach"
    return _reason(code, text, change, needed_share=round(needed_share, 4), battery_share=round(battery_share, 4))


def sentence(incident: Incident, pick: Option | None, options: Sequence[Option], robbed_by: str | None) -> str:
    """The decision in one sentence."""
    lost = f"its drone was taken for {robbed_by}, which is more urgent; " if robbed_by else ""
    if pick is None or pick.time is None:
        counts: dict[str, int] = {}
        for option in options:
            if option.out is not None:
                counts[option.out.code] = counts.get(option.out.code, 0) + 1
        told = ", ".join(f"{code} {n}" for code, n in sorted(counts.items()))
        return f"{lost}no drone can go ({told or 'no drones'}); it waits and is decided again when that changes"
    faster = [o for o in options if o.out is None and o.time is not None and o.time.total_s < pick.time.total_s - 0.001]
    told = f"{lost}{pick.drone_id} goes: over {incident.id} in {pick.time.total_s:.0f} s"
    if pick.preempts:
        told += f", taken from {pick.preempts}, which is less urgent"
    if faster:
        names = ", ".join(sorted(o.drone_id for o in faster)[:3])
        told += f"; {names} would be faster but serve others or would be taken from them"
    return told
