"""A small city for SITL: two bases with a drone each, and a geozone between one of them and the second incident."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

CITY = """
id = "px4-field"
name = "PX4 field"
name_zh = "PX4 试飞场"
time_zone = "Asia/Shanghai"
ground_amsl_m = 3.0

[centre]
longitude_deg = 120.96
latitude_deg = 31.38
datum = "WGS-84"

[rules]
cruise_height_m = 30.0

[weather]
wind_mps = 0.0
wind_from_deg = 0.0
rain_mm_h = 0.0

[[types]]
code = "fire"
name_en = "Fire"
name_zh = "火警"
priority = 1
needs = ["visible"]
watch_s = 5.0

[[types]]
code = "blaze"
name_en = "Blaze"
name_zh = "大火"
priority = 1
needs = ["visible"]
orbit_radius_m = 14
"""


BASES = {"B1": (120.9560, 31.3800), "B2": (120.9630, 31.3800)}
ZONE = [[120.9640, 31.3790], [120.9650, 31.3790], [120.9650, 31.3812], [120.9640, 31.3812], [120.9640, 31.3790]]
BOUNDARY = [[120.94, 31.36], [120.98, 31.36], [120.98, 31.40], [120.94, 31.40], [120.94, 31.36]]


def write_px4_city(
    folder: Path, airframe: str = "px4-x500", more_zones: Mapping[str, list[list[float]]] = MappingProxyType({})
) -> Path:
    """Write the folder and return it."""
    folder.mkdir(parents=True)
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    bases = [
        _feature({"type": "Point", "coordinates": place}, id=id_, name=id_, name_zh=id_, docks=1)
        for id_, place in BASES.items()
    ]
    (folder / "bases.geojson").write_text(_collection(bases), encoding="utf-8")
    boundary = [_feature({"type": "Polygon", "coordinates": [BOUNDARY]})]
    (folder / "boundary.geojson").write_text(_collection(boundary), encoding="utf-8")
    zones = [
        _feature({"type": "Polygon", "coordinates": [ring]}, id=id_, name=id_, margin_m=20)
        for id_, ring in {"Z1": ZONE, **more_zones}.items()
    ]
    (folder / "zones.geojson").write_text(_collection(zones), encoding="utf-8")
    drones = f"id,airframe,base_id,system_id\nD1,{airframe},B1,1\nD2,{airframe},B2,2\n"
    (folder / "drones.csv").write_text(drones, encoding="utf-8")
    return folder


def _feature(geometry: dict[str, object], **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collection(features: list[dict[str, object]]) -> str:
    return json.dumps({"type": "FeatureCollection", "datum": "WGS-84", "features": features})
