"""What a flight log says of an airframe: robust fits of the fields of :class:`geo.airframe.Airframe`.

Every fit is a median with its spread (1.4826 × median absolute deviation, which is the standard deviation of normal
values and is not drawn by outliers; Rousseeuw and Croux 1993) and the number of samples behind it. What a log does
not show is not fitted, and the reason is told.

A speed or an acceleration that was *commanded* stays the commanded one where the flight kept to it: the fleet will
command it again. What the aircraft lacks of it goes into ``held_share`` and ``start_s``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.airframe import Airframe
from geo.flight import climb_time_s, profile

Floats = NDArray[np.float64]

ALOFT_M = 0.3
"""Higher than this above where it was armed it flies."""

STILL_MPS, HOVERING_MPS = 0.3, 1.0
NEAR_TOP_M = 2.0
"""A climb counts as done this much below its top, as dispatch counts it."""

LANDING_BELOW_M, DESCENT_ABOVE_M = 5.0, 10.0
SIGHT_M = 15.0
"""Flights are timed until this far from their end: the last metres' creep says nothing of the way."""

LEAST_WAY_M, LEAST_CLIMB_M = 50.0, 5.0
LEAST_SAMPLES = 20
KEPT_TO = 0.25
"""A flight that differs less than this share from what was commanded kept to it."""


class CalibrationError(ValueError):
    """A log that says nothing of an airframe; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightLog:
    """One flight log. Times are seconds of the log; arrays of one group have one length.

    ``commanded`` holds what the autopilot was told, by the airframe's field; ``orders_s`` the instants at which it was
    ordered to fly somewhere. Power is electric, infinite nowhere; empty where no current was logged.
    """

    name: str
    at_s: Floats
    east_m: Floats
    north_m: Floats
    height_m: Floats
    east_mps: Floats
    north_mps: Floats
    up_mps: Floats
    armed_s: Sequence[tuple[float, float]]
    orders_s: Sequence[float]
    commanded: dict[str, float]
    power_at_s: Floats
    power_w: Floats
    wind_east_mps: Floats
    wind_north_mps: Floats

    @property
    def speed_mps(self) -> Floats:
        """Speed over ground."""
        return np.hypot(self.east_mps, self.north_mps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One fitted field: its value, the spread of the samples, how many; ``None`` with the reason if it was not."""

    field: str
    value: float | None
    spread: float = 0.0
    samples: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The fitted airframe, what each field was fitted from, and how well it says the flights of the log again."""

    airframe: Airframe
    fits: tuple[Fit, ...]
    errors_share: tuple[float, ...]
    """Predicted less flown, as a share of flown, of every straight flight of the logs."""


def calibrate(logs: Sequence[FlightLog], base: Airframe, name: str) -> Calibration:
    """``base`` with every field that ``logs`` show fitted to them.

    Raises :class:`CalibrationError` for a log without a flight, and where nothing of an airframe can be seen.
    """
    for log in logs:
        _require_flight(log)
    frame = replace(base, name=name, source=base.source)
    fits: list[Fit] = []

    def take(fit: Fit) -> None:
        nonlocal frame
        fits.append(fit)
        if fit.value is not None:
            changed: dict[str, Any] = {fit.field: fit.value}
            frame = replace(frame, **changed)

    for fit in (*_speeds(logs, base), *_accelerations(logs), *_verticals(logs), *_powers(logs)):
        take(fit)
    take(_arming(logs, frame))
    if not any(fit.value is not None and fit.field != "jerk_mps3" for fit in fits):
        names, why = ", ".join(log.name for log in logs), "; ".join(fit.note for fit in fits if fit.value is None)
        raise CalibrationError(f"{names}: it flew, but nothing can be fitted: {why}")
    ways = [way for log in logs for way in _ways(log)]
    take(_start(ways, replace(frame, start_s=0.0)))
    errors = said_again(logs, frame)
    if len(errors) >= 3:
        share = float(np.std(errors))
        take(Fit(field="speed_sd_share", value=share, samples=len(errors), note="of the ways' times"))
    return Calibration(airframe=frame, fits=tuple(fits), errors_share=errors)


def said_again(logs: Sequence[FlightLog], frame: Airframe) -> tuple[float, ...]:
    """How ``frame`` says the straight flights of ``logs``: predicted less flown, as a share of flown."""
    ways = [way for log in logs for way in _ways(log)]
    return tuple((_predicted_s(way, frame) + frame.start_s) / way.flown_s - 1.0 for way in ways)


def wind_of(logs: Sequence[FlightLog]) -> tuple[float, float, float, int] | None:
    """The wind that the autopilots estimated: speed, where it blows from (degrees), spread, samples; None if none."""
    east = np.concatenate([log.wind_east_mps for log in logs])
    north = np.concatenate([log.wind_north_mps for log in logs])
    if not len(east):
        return None
    e, n = float(np.median(east)), float(np.median(north))
    spread = _spread(np.hypot(east - e, north - n))
    return float(np.hypot(e, n)), float(np.degrees(np.arctan2(-e, -n)) % 360.0), spread, len(east)


def _require_flight(log: FlightLog) -> None:
    if not log.armed_s:
        raise CalibrationError(f"{log.name}: no flight in it: the vehicle was never armed")
    highest = max((float(_above_m(log, span).max(initial=0.0)) for span in log.armed_s), default=0.0)
    if highest <= 1.0:
        raise CalibrationError(f"{log.name}: no flight in it: armed, but never higher than {highest:.1f} m")


def _within(log: FlightLog, span: tuple[float, float]) -> NDArray[np.bool_]:
    return (log.at_s >= span[0]) & (log.at_s <= span[1])


def _above_m(log: FlightLog, span: tuple[float, float]) -> Floats:
    heights = log.height_m[_within(log, span)]
    return heights - heights[0] if len(heights) else heights


def _aloft(log: FlightLog) -> NDArray[np.bool_]:
    aloft = np.zeros(len(log.at_s), dtype=bool)
    for span in log.armed_s:
        during = _within(log, span)
        if during.any():
            aloft |= during & (log.height_m > log.height_m[during][0] + ALOFT_M)
    return aloft


def _spread(values: Floats) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def _median(field: str, values: Floats, why_not: str, *, least: int = LEAST_SAMPLES, note: str = "") -> Fit:
    if len(values) < least:
        return Fit(field=field, value=None, samples=len(values), note=why_not)
    return Fit(field=field, value=float(np.median(values)), spread=_spread(values), samples=len(values), note=note)


def _commanded(logs: Sequence[FlightLog], field: str) -> float | None:
    told = {log.commanded[field] for log in logs if field in log.commanded}
    return told.pop() if len(told) == 1 else None


def _cruising(log: FlightLog) -> NDArray[np.bool_]:
    """Level flight within a tenth of the fastest that was flown, and not speeding up."""
    speed = log.speed_mps
    if not len(speed):
        return np.zeros(0, dtype=bool)
    fast = float(np.percentile(speed, 99))
    push = np.abs(np.gradient(speed, log.at_s)) if len(speed) > 2 else np.zeros(len(speed))
    return (speed > 0.9 * fast) & (speed > 2.0) & (np.abs(log.up_mps) < 0.5) & (push < 0.6) & _aloft(log)


def _speeds(logs: Sequence[FlightLog], base: Airframe) -> list[Fit]:
    cruise = np.concatenate([log.speed_mps[_cruising(log)] for log in logs])
    flown = _median("speed_mps", cruise, "no level flight at a steady speed")
    if flown.value is None:
        return [flown]
    told = _commanded(logs, "speed_mps")
    if told is None or abs(flown.value / told - 1.0) > KEPT_TO:
        fits = [replace(flown, note="as flown"), Fit(field="held_share", value=1.0, note="no command that it kept to")]
    else:
        share = min(1.0, flown.value / told)
        fits = [
            replace(flown, value=told, note=f"as commanded; flown at {flown.value:.2f}"),
            Fit(field="held_share", value=share, spread=flown.spread / told, samples=flown.samples),
        ]
    speed = fits[0].value or flown.value
    if base.airspeed_mps < speed:
        fits.append(Fit(field="airspeed_mps", value=speed, note="at least what was flown over ground"))
    return fits


def _accelerations(logs: Sequence[FlightLog]) -> list[Fit]:
    slopes = np.array([slope for log in logs for slope in _speeding_up(log)])
    flown = _median("acceleration_mps2", slopes, "it never sped up from a standstill to cruise", least=1)
    told = _commanded(logs, "acceleration_mps2")
    if flown.value is not None and told is not None and abs(flown.value / told - 1.0) <= KEPT_TO:
        flown = replace(flown, value=told, note=f"as commanded; flown at {flown.value:.2f}")
    jerk = _commanded(logs, "jerk_mps3")
    why = "as commanded" if jerk is not None else "no such parameter in the log"
    return [flown, Fit(field="jerk_mps3", value=jerk, samples=int(jerk is not None), note=why)]


def _speeding_up(log: FlightLog) -> list[float]:
    """The mean acceleration between a fifth and four fifths of the cruise speed, of every start from a standstill."""
    speed, cruising = log.speed_mps, _cruising(log)
    if not cruising.any():
        return []
    fast = float(np.median(speed[cruising]))
    slopes, low_s = [], None
    still = False
    for at_s, now in zip(log.at_s.tolist(), speed.tolist(), strict=True):
        if now < HOVERING_MPS:
            still, low_s = True, None
        elif still and low_s is None and now >= 0.2 * fast:
            low_s = at_s
        elif still and low_s is not None and now >= 0.8 * fast:
            slopes.append(0.6 * fast / max(at_s - low_s, 1e-3))
            still = False
    return slopes


def _verticals(logs: Sequence[FlightLog]) -> list[Fit]:
    ups, climbs, sinks, lands = [], [], [], []
    for log in logs:
        for span in log.armed_s:
            during, above = _within(log, span), _above_m(log, span)
            if len(above) < 3 or above.max() < 3.0:
                continue
            rate, top = log.up_mps[during], float(above.max())
            first = int(np.argmax(above > top - NEAR_TOP_M))
            middle = (above > 0.3 * top) & (above < top - NEAR_TOP_M)
            rising = np.arange(len(above)) <= first
            ups.append(rate[middle & rising])
            later = ~rising & (rate > 0.5)
            if later.any() and np.ptp(above[later]) > LEAST_CLIMB_M:
                climbs.append(rate[later][rate[later] > 0.8 * np.percentile(rate[later], 90)])
            falling = rate < -0.2
            sinks.append(-rate[falling & (above > DESCENT_ABOVE_M)])
            lands.append(-rate[falling & (above < LANDING_BELOW_M) & (above > 1.0)])
    none: Floats = np.empty(0)
    sink = np.concatenate([none, *sinks])
    sink = sink[sink > 0.8 * np.percentile(sink, 90)] if len(sink) else sink
    return [
        _median("takeoff_mps", np.concatenate([none, *ups]), "no climb of more than 3 m after arming"),
        _median("climb_mps", np.concatenate([none, *climbs]), "it never climbed again after its take-off"),
        _median("descent_mps", sink, f"no descent above {DESCENT_ABOVE_M:.0f} m"),
        _median("landing_mps", np.concatenate([none, *lands]), "no landing in the log"),
    ]


def _arming(logs: Sequence[FlightLog], frame: Airframe) -> Fit:
    """From arming until the climb is done, less what the climb itself takes."""
    waits = []
    for log in logs:
        for span in log.armed_s:
            above = _above_m(log, span)
            if len(above) < 3 or above.max() < 3.0:
                continue
            top = float(np.percentile(above, 90))
            done = log.at_s[_within(log, span)][int(np.argmax(above > top - NEAR_TOP_M))]
            waits.append(done - span[0] - climb_time_s(top, frame))
    return _median("arm_s", np.maximum(0.0, np.array(waits)), "no take-off", least=1, note="to the top, less the climb")


@dataclass(frozen=True, slots=True)
class _Way:
    """One straight flight from a standstill to a standstill."""

    length_m: float
    flown_s: float


def _ways(log: FlightLog) -> list[_Way]:
    """The straight flights that were ordered while hovering, timed from the order until close to their end."""
    speed, ways = log.speed_mps, []
    for order_s in log.orders_s:
        begin = int(np.searchsorted(log.at_s, order_s))
        if begin >= len(speed) or speed[begin] > HOVERING_MPS:
            continue
        moving = begin + np.flatnonzero(speed[begin:] > HOVERING_MPS)
        later = [s for s in log.orders_s if s > order_s + 1.0]
        before = int(np.searchsorted(log.at_s, later[0])) if later else len(speed)
        if not len(moving):
            continue
        halts = moving[0] + np.flatnonzero(speed[moving[0] : before] < STILL_MPS)
        if not len(halts):
            continue
        end = int(halts[0])
        east, north = log.east_m[begin : end + 1], log.north_m[begin : end + 1]
        length_m = float(np.hypot(east[-1] - east[0], north[-1] - north[0]))
        along_m = float(np.hypot(np.diff(east), np.diff(north)).sum())
        level = np.abs(log.height_m[begin] - log.height_m[end]) < NEAR_TOP_M
        if length_m < LEAST_WAY_M or along_m > 1.02 * length_m or not level:
            continue
        left_m = np.hypot(east - east[-1], north - north[-1])
        close = begin + int(np.argmax(left_m < SIGHT_M))
        ways.append(_Way(length_m, float(log.at_s[close]) - order_s))
    return ways


def _predicted_s(way: _Way, frame: Airframe) -> float:
    return profile([way.length_m], [frame.speed_mps * frame.held_share], [], frame, SIGHT_M).seen_at_s


def _start(ways: Sequence[_Way], frame: Airframe) -> Fit:
    late = np.array([way.flown_s - _predicted_s(way, frame) for way in ways])
    why = f"no straight flight of {LEAST_WAY_M:.0f} m that was ordered while hovering"
    fit = _median("start_s", late, why, least=1, note="what straight flights took longer than their profile")
    return fit if fit.value is None else replace(fit, value=max(0.0, fit.value))


def _powers(logs: Sequence[FlightLog]) -> list[Fit]:
    phases: dict[str, list[Floats]] = {"hover_w": [], "cruise_w": [], "climb_w": []}
    for log in logs:
        if not len(log.power_w):
            continue
        speed, up = np.interp(log.power_at_s, log.at_s, log.speed_mps), np.interp(log.power_at_s, log.at_s, log.up_mps)
        aloft = np.interp(log.power_at_s, log.at_s, _aloft(log).astype(float)) > 0.99
        cruising = np.interp(log.power_at_s, log.at_s, _cruising(log).astype(float)) > 0.99
        phases["hover_w"].append(log.power_w[aloft & (speed < HOVERING_MPS) & (np.abs(up) < 0.3)])
        phases["cruise_w"].append(log.power_w[aloft & cruising])
        fast_up = float(np.percentile(up[aloft], 99)) if aloft.any() else 0.0
        phases["climb_w"].append(log.power_w[aloft & (up > max(0.5, 0.8 * fast_up)) & (speed < HOVERING_MPS)])
    none: Floats = np.empty(0)
    why = "no battery current was logged" if not any(len(log.power_w) for log in logs) else "too little of it was flown"
    return [_median(field, np.concatenate([none, *watts]), why) for field, watts in phases.items()]
