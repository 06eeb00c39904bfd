"""A made-up city in which times are short and every distance is arithmetic: no real place, no real data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.frame import LocalFrame
from geo.position import Position

CENTRE = Position(10.5, 48.25)
"""Far from any shift of Chinese datums, and a place whichever way round its numbers are read."""

FRAME = LocalFrame(CENTRE)

BASES_M: Mapping[str, tuple[float, float]] = {"B1": (0.0, 0.0), "B2": (900.0, 0.0), "B3": (0.0, 900.0)}
"""Bases by id, in metres east and north of the centre."""

DRONES = {"D1": "B1", "D2": "B1", "D3": "B2", "D4": "B2", "H1": "B3"}
"""Drones by id, with their bases. All are ``sprinter``; H1 alone is a ``lifter``, which carries a loudspeaker."""

ZONE_ID = "depot"
ZONE_M = ((-700.0, -700.0), (-400.0, -400.0))
"""South-west and north-east corner of the one geozone."""

ZONE_MARGIN_M = 20.0

CITY_TOML = """
id = "probe"
name = "Probe"
name_zh = "试城"
ground_amsl_m = 300.0
time_zone = "Europe/Berlin"

[centre]
longitude_deg = {longitude_deg}
latitude_deg = {latitude_deg}
datum = "WGS-84"

[rules]
promise_s = 180.0
cruise_height_m = 40.0
{rules}

[[types]]
code = "fire"
name_en = "Fire"
name_zh = "火警"
priority = 1
needs = ["visible", "thermal"]
watch_s = 60

[[types]]
code = "crash"
name_en = "Traffic crash"
name_zh = "交通事故"
priority = 3
watch_s = 30

[[types]]
code = "patrol"
name_en = "Patrol"
name_zh = "巡逻"
priority = 5
watch_s = 10
"""

AIRFRAME_TOML = """
[{name}]
kind = "multirotor"
speed_mps = 20.0
airspeed_mps = 24.0
acceleration_mps2 = 5.0
climb_mps = 6.0
descent_mps = 6.0
takeoff_mps = 6.0
landing_mps = 2.0
dock_s = 2.0
arm_s = 2.0
battery_wh = 150.0
reserve_share = 0.2
hover_w = 185.0
cruise_w = 215.0
climb_w = 300.0
charge_w = 4000.0
wind_limit_mps = 12.0
rain_limit_mm_h = 4.0
sensors = {sensors}
camera_half_angle_deg = 30.0
source = "made up for tests"
"""

CALLS_TOML = """
calls_per_day = 100.0
hour_weights = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]
background_weight = 1.0

[type_weights]
fire = 1
crash = 1
"""


def place(east_m: float, north_m: float) -> dict[str, Any]:
    """The JSON of a place so many metres east and north of the centre, its datum stated."""
    position = FRAME.position((east_m, north_m))
    return {"longitude_deg": position.longitude_deg, "latitude_deg": position.latitude_deg, "datum": "WGS-84"}


def square(south_west_m: tuple[float, float], north_east_m: tuple[float, float]) -> list[list[float]]:
    """A closed ring of GeoJSON coordinates."""
    (west, south), (east, north) = south_west_m, north_east_m
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[p.longitude_deg, p.latitude_deg] for p in (FRAME.position(corner) for corner in corners)]


def zone(id_: str, south_west_m: tuple[float, float], north_east_m: tuple[float, float]) -> dict[str, Any]:
    """A FeatureCollection of one square geozone."""
    properties = {"id": id_, "name": f"Zone {id_}", "margin_m": ZONE_MARGIN_M}
    geometry = {"type": "Polygon", "coordinates": [square(south_west_m, north_east_m)]}
    return _collection([{"type": "Feature", "properties": properties, "geometry": geometry}])


def write_city(folder: Path, **rules: float | str) -> Path:
    """Write the city into ``folder``, which must not exist yet, with other ``rules`` if given, and return it."""
    folder.mkdir(parents=True)
    values = {
        "longitude_deg": CENTRE.longitude_deg,
        "latitude_deg": CENTRE.latitude_deg,
        "rules": "".join(f"{name} = {value}\n" for name, value in rules.items()),
    }
    (folder / "city.toml").write_text(CITY_TOML.format(**values), encoding="utf-8")
    airframes = {"sprinter": '["visible", "thermal"]', "lifter": '["visible", "thermal", "speaker"]'}
    (folder / "airframes.toml").write_text(
        "".join(AIRFRAME_TOML.format(name=name, sensors=sensors) for name, sensors in airframes.items())
    )
    (folder / "calls.toml").write_text(CALLS_TOML)
    boundary = {"type": "Polygon", "coordinates": [square((-1200.0, -1200.0), (1200.0, 1200.0))]}
    _write(folder / "boundary.geojson", [{"type": "Feature", "properties": {}, "geometry": boundary}])
    _write(
        folder / "bases.geojson",
        [
            {
                "type": "Feature",
                "properties": {"id": id_, "name": f"Base {id_}", "name_zh": f"{id_}基地", "docks": 3},
                "geometry": {"type": "Point", "coordinates": _lonlat(at_m)},
            }
            for id_, at_m in BASES_M.items()
        ],
    )
    (folder / "zones.geojson").write_text(json.dumps(zone(ZONE_ID, *ZONE_M)))
    rows = [
        f"{id_},{'lifter' if id_ == 'H1' else 'sprinter'},{base},{number}"
        for number, (id_, base) in enumerate(DRONES.items(), 1)
    ]
    (folder / "drones.csv").write_text("\n".join(["id,airframe,base_id,system_id", *rows]) + "\n")
    return folder


def _lonlat(at_m: tuple[float, float]) -> list[float]:
    position = FRAME.position(at_m)
    return [position.longitude_deg, position.latitude_deg]


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "datum": "WGS-84", "features": features}


def _write(path: Path, features: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(_collection(features)), encoding="utf-8")
