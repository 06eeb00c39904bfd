"""The reach of the fleet as GeoJSON: which ground is seen within T seconds of a decision now."""

import json
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry import mapping

from dispatch.decide import AT_HOME, COMING_HOME
from dispatch.model import Situation
from dispatch.sky import airways_of
from geo.airframe import Airframe
from geo.flight import climb_time_s
from geo.position import Position
from geo.reach import reach
from geo.route import Airways, Motion, motion_of


def reach_now(situation: Situation, within_s: float, *, all_home: bool) -> str:
    """A FeatureCollection (text). With ``all_home`` every drone counts as docked, charged and free."""
    airways, rules = airways_of(situation, situation.rules.cruise_height_m), situation.rules
    features = []
    for base_id, drone_id, airframe, start, docked in _starts(situation, all_home=all_home):
        if situation.wind.speed_mps > airframe.wind_limit_mps or situation.rain_mm_h > airframe.rain_limit_mm_h:
            continue
        turnout_s = rules.decision_s + rules.uplink_s
        if docked:
            climb_s = climb_time_s(rules.cruise_height_m, airframe)
            turnout_s += airframe.dock_s + airframe.arm_s + climb_s
        polygon = _polygon(
            airways, start, airframe, motion_of(airframe, situation.wind), within_s - turnout_s, rules.cruise_height_m
        )
        if polygon is not None:
            properties = {"base_id": base_id, "drone_id": drone_id, "seconds": within_s}
            features.append({"type": "Feature", "geometry": json.loads(polygon), "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": features})


def _starts(situation: Situation, *, all_home: bool) -> Iterator[tuple[str | None, str, Airframe, Position, bool]]:
    """From where free drones would start: one per base and airframe, and those that are coming home."""
    told: set[tuple[str, str]] = set()
    for drone_id, drone in situation.drones.items():
        airframe, state = situation.airframes[drone.airframe], situation.states.get(drone_id)
        sortie = situation.sorties.get(drone_id)
        if all_home:
            free, docked = drone_id not in situation.withdrawn, True
        else:
            live = state is not None and state.connected and state.position is not None
            docked = live and (sortie is None or sortie.state in AT_HOME) and state is not None and state.healthy
            home = sortie is not None and sortie.state in COMING_HOME and not sortie.held
            free = drone_id not in situation.withdrawn and (docked or (live and home))
        if not free:
            continue
        if docked:
            if (drone.base_id, drone.airframe) not in told:
                told.add((drone.base_id, drone.airframe))
                yield drone.base_id, drone_id, airframe, situation.bases[drone.base_id].position, True
        elif state is not None and state.position is not None:
            yield None, drone_id, airframe, state.position, False


@lru_cache(maxsize=512)
def _polygon(
    airways: Airways, start: Position, airframe: Airframe, motion: Motion, flight_s: float, height_m: float
) -> str | None:
    ground = reach(airways, airways.frame.xy(start), airframe, motion, flight_s, height_m)
    if ground.is_empty:
        return None
    simple = shapely.simplify(ground, 5.0)
    lonlat = shapely.transform(simple, lambda points: np.round(airways.frame.to_lonlat(points), 6))
    return json.dumps(mapping(lonlat))
