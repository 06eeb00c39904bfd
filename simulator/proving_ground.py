"""The proving ground: a made-up city for PX4's simulated quadrotor, and thirty incidents for it out of a seed.

``python -m simulator.proving_ground`` writes the city's files and the scenario again, byte for byte.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.city import City
from dispatch.city_folder import load_city
from geo.airspace import restrictions
from geo.flight import timed_plan
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import motion_of, prepare
from geo.wind import CALM

SEED, COUNT = 180, 30
EVERY_S, FIRST_S = 42.0, 5.0
WATCH_S = 8.0
SHORTEST_S, LONGEST_S = 20.0, 110.0
HALF_M = 1900.0
DETOUR = 2
"""Every so manyth incident lies behind a zone, as seen from the base that is nearest to it in time."""

HERE = Path(__file__).parent
CENTRE = Position(8.5456, 47.3977)
"""Where PX4 SITL stands by default. The zones are made up."""

FRAME = LocalFrame(CENTRE)
BASES_M: Mapping[str, tuple[float, float]] = {
    "B1": (0.0, 0.0),
    "B2": (-1150.0, 850.0),
    "B3": (1100.0, 950.0),
    "B4": (-950.0, -1050.0),
    "B5": (1200.0, -900.0),
    "B6": (60.0, 1650.0),
}
SPARE = "B6"
"""The incidents are planned as if it were not there; its drone leaves another free most of the time."""

ZONES_M: Mapping[str, Sequence[tuple[float, float]]] = {
    "Z1": ((150.0, 120.0), (520.0, 200.0), (480.0, 420.0), (210.0, 380.0)),
    "Z2": ((-620.0, -80.0), (-300.0, -160.0), (-260.0, 180.0), (-560.0, 220.0)),
    "Z3": ((-760.0, 1020.0), (-520.0, 980.0), (-540.0, 1420.0), (-800.0, 1380.0)),
    "Z4": ((760.0, -620.0), (1120.0, -640.0), (1080.0, -420.0), (740.0, -440.0)),
    "Z5": ((-420.0, -1320.0), (-180.0, -1360.0), (-200.0, -780.0), (-440.0, -760.0)),
    "Z6": ((1280.0, 560.0), (1560.0, 540.0), (1520.0, 760.0), (1300.0, 780.0)),
}
CIRCLE_M, RADIUS_M = (250.0, -620.0), 160.0
MARGIN_M = 20.0

CITY = """id = "proving-ground"
name = "Proving ground"
name_zh = "试验场"
time_zone = "Europe/Zurich"
ground_amsl_m = 488.0

[centre]
longitude_deg = {longitude_deg}
latitude_deg = {latitude_deg}
datum = "WGS-84"

[rules]
cruise_height_m = 40.0
decision_s = 0.1                # the vehicles are on this machine: measured
uplink_s = 0.8                  # mission and fence, read back, until it arms

[[types]]
code = "fire"
name_en = "Fire"
name_zh = "火警"
priority = 1
needs = ["visible"]
watch_s = 60.0
"""

HEAD = """# Thirty incidents on the proving ground, seven geozones between.
# Written by: python -m simulator.proving_ground
name = "proving-ground"
city = "proving-ground"
watch_s = {watch_s}

[limits]                        # of the time on scene, as shares of what was predicted
median_error_share = 0.03
p95_error_share = 0.06
bias_share = 0.02
"""

INCIDENT = """
[[incidents]]
at_s = {at_s:.1f}
longitude_deg = {longitude_deg:.6f}
latitude_deg = {latitude_deg:.6f}
datum = "WGS-84"
type = "fire"
"""


def write_city(folder: Path) -> None:
    """The files of the city."""
    folder.mkdir(parents=True, exist_ok=True)
    centre = {"longitude_deg": CENTRE.longitude_deg, "latitude_deg": CENTRE.latitude_deg}
    (folder / "city.toml").write_text(CITY.format(**centre), encoding="utf-8")
    edge = HALF_M + 200.0
    corners = [(-edge, -edge), (edge, -edge), (edge, edge), (-edge, edge)]
    _write(folder / "boundary.geojson", [_feature("Polygon", [_ring(corners)])])
    bases = [
        _feature("Point", _lonlat(at_m), id=id_, name=f"Base {id_}", name_zh=f"{id_}基地", docks=1)
        for id_, at_m in BASES_M.items()
    ]
    _write(folder / "bases.geojson", bases)
    zones = [
        _feature("Polygon", [_ring(corners)], id=id_, name=f"Zone {id_}", margin_m=MARGIN_M)
        for id_, corners in ZONES_M.items()
    ]
    circle = _feature("Point", _lonlat(CIRCLE_M), id="Z7", name="Circle Z7", radius_m=RADIUS_M, margin_m=MARGIN_M)
    _write(folder / "zones.geojson", [*zones, circle])
    rows = [f"D{number},px4-x500,{base},{number}" for number, base in enumerate(BASES_M, 1)]
    (folder / "drones.csv").write_text("\n".join(["id,airframe,base_id,system_id", *rows]) + "\n", encoding="utf-8")


def write_scenario(path: Path, city: City) -> None:
    """The scenario: incidents whose nearest bases take turns, so that drones are mostly free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = HEAD.format(watch_s=WATCH_S)
    for number, place in enumerate(places(city)):
        at = FRAME.position(place)
        at_s = FIRST_S + number * EVERY_S
        text += INCIDENT.format(at_s=at_s, longitude_deg=at.longitude_deg, latitude_deg=at.latitude_deg)
    path.write_text(text, encoding="utf-8")


def places(city: City) -> list[NDArray[np.float64]]:
    """Where the incidents are, in metres east and north."""
    chance = np.random.default_rng(SEED)
    airframe = city.airframes["px4-x500"]
    motion, airways = motion_of(airframe, CALM), prepare(FRAME, restrictions(city.zones.values()))
    bases = [np.array(at_m) for base_id, at_m in BASES_M.items() if base_id != SPARE]
    found: list[NDArray[np.float64]] = []
    turns = [chance.permutation(len(bases)) for _ in range(COUNT // len(bases) + 1)]
    order = np.concatenate(turns)
    while len(found) < COUNT:
        place = np.round(chance.uniform(-HALF_M, HALF_M, 2), 1)
        if airways.closed_at(place) is not None:
            continue
        times, bends = [], []
        for base in bases:
            way = airways.ways_from(base, place[None, :], motion)[0]
            assert way is not None, "every place is reached from every base"
            plan = timed_plan(
                airways.legs(way, motion), airframe, height_m=city.rules.cruise_height_m, climb_from_m=0.0
            )
            times.append(plan.time.total_s)
            bends.append(len(way.points) > 2)
        nearest = int(np.argmin(times))
        turn = nearest == order[len(found)] and SHORTEST_S <= times[nearest] <= LONGEST_S
        if turn and (bends[nearest] or len(found) % DETOUR):
            found.append(place)
    return found


def _lonlat(at_m: tuple[float, float]) -> list[float]:
    position = FRAME.position(at_m)
    return [round(position.longitude_deg, 7), round(position.latitude_deg, 7)]


def _ring(corners: Sequence[tuple[float, float]]) -> list[list[float]]:
    return [_lonlat(corner) for corner in (*corners, corners[0])]


def _feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def _write(path: Path, features: list[dict[str, Any]]) -> None:
    collection = {"type": "FeatureCollection", "datum": "WGS-84", "features": features}
    path.write_text(json.dumps(collection, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Write it all."""
    folder = HERE / "cities" / "proving-ground"
    write_city(folder)
    write_scenario(HERE / "scenarios" / "proving-ground.toml", load_city(folder))


if __name__ == "__main__":
    main()
