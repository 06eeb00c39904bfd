"""The ways that the drones of a recorded run flew: found again by the code that they were planned with.

A record has clocks and places, and no lines. The way out is the engine's own answer
(:func:`dispatch.outbound.ways_out`) in the wind and the zones of the moment, from where the drone set out to its
incident; its time is the recorded one. The way home is :func:`dispatch.planning.ways_home`. Of an incident whose drone
was relieved the record does not say who came after it: then only the first flight out is told.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache

from api.simulating.recording import Recording, Row
from dispatch.model import DroneState
from dispatch.outbound import ways_out
from dispatch.planning import ways_home
from dispatch.sky import frame_of
from geo.flight import FlightPlan
from geo.position import Position
from geo.terrain import TerrainError

WAYS_KEPT = 1 << 14

_TURN = threading.Lock()
"""One question at a time finds ways: the engine beside it has to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """A flight between two instants (seconds since 1970), level at its height: rising and coming down are not in it."""

    from_s: float
    until_s: float
    line: tuple[Position, ...]
    """From its beginning to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flights:
    """How an incident's first drone came, and how it went home; None where that is not known."""

    out: Flown | None = None
    home: Flown | None = None


def flights_of(told: Recording, row: Row) -> Flights:
    """The flights of one incident of a window."""
    if row["drone"] is None:
        return Flights()
    at_s, place = row["at_s"], Position(row["longitude_deg"], row["latitude_deg"])
    setting_out = Position(row["from_longitude_deg"], row["from_latitude_deg"])
    docked = row["launched_s"] >= row["decided_s"]
    begins_s = at_s + (row["launched_s"] if docked else min(row["decided_s"], row["on_scene_s"]))
    with _TURN:
        out = _out(told, told.sky.scene_at(begins_s), row["drone"], setting_out, place, docked)
        if out is None:
            return Flights()
        on_scene_s = at_s + row["on_scene_s"]
        came = _flown(out, on_scene_s - (out.time.total_s - out.time.turnout_s), on_scene_s)
        if row["home"] is None or row["reliefs"] or row["cleared_s"] is None:
            return Flights(out=came)
        cleared_s = at_s + row["cleared_s"]
        home = _home(told, told.sky.scene_at(cleared_s), row["drone"], place, row["home"], out.height_m)
    went = None if home is None else _flown(home, cleared_s, cleared_s + home.time.total_s)
    return Flights(out=came, home=went)


def _flown(plan: FlightPlan, from_s: float, until_s: float) -> Flown | None:
    if not plan.legs:
        return None  # its base is where the incident is
    line = (plan.legs[0].start, *(leg.end for leg in plan.legs))
    return Flown(from_s=from_s, until_s=until_s, line=line)


@lru_cache(maxsize=WAYS_KEPT)
def _out(told: Recording, scene: int, drone: str, start: Position, goal: Position, docked: bool) -> FlightPlan | None:
    situation = told.situations[scene]
    state = DroneState(
        drone_id=drone,
        connected=True,
        healthy=True,
        position=start,
        battery_share=1.0,
        in_air=not docked,
        height_m=0.0 if docked else situation.rules.cruise_height_m,
        seen_at_s=situation.now_s,
    )
    airframe = situation.airframes[situation.drones[drone].airframe]
    try:
        return ways_out(situation, airframe, [state], goal)[0]
    except TerrainError:  # of a city that this engine has not read
        return None


@lru_cache(maxsize=WAYS_KEPT)
def _home(told: Recording, scene: int, drone: str, start: Position, base: str, height_m: float) -> FlightPlan | None:
    situation = told.situations[scene]
    airframe = situation.airframes[situation.drones[drone].airframe]
    here = frame_of(situation).xy(start)
    return ways_home(situation, airframe, here, height_m, base_ids=(base,)).get(base)
