"""What an earlier version wrote into the log is read as what it meant."""

import json

import pytest

from dispatch.codec import CodecError, from_json, to_json
from dispatch.events import Weather
from dispatch.model import Situation
from geo.airspace import Area, Geozone
from tests.dispatch.worlds import box, situation

RING = [[121.0, 31.0], [121.1, 31.0], [121.1, 31.1]]
HOLE = [[121.05, 31.02], [121.06, 31.02], [121.06, 31.03]]
ZONE_OF_0_1 = {
    "ceiling_m": 120.0,
    "floor_m": None,
    "height_reference": "AMSL",
    "holes": [HOLE],
    "id": "z1",
    "margin_m": 20.0,
    "name": "stadium",
    "outline": RING,
    "valid_from_s": None,
    "valid_until_s": 200.0,
}


def test_a_zone_of_0_1_is_a_prohibited_area() -> None:
    zone = from_json(Geozone, json.dumps(ZONE_OF_0_1))
    corners, hole = (tuple((lon, lat) for lon, lat in ring) for ring in (RING, HOLE))
    assert zone == Geozone(
        id="z1",
        name="stadium",
        ground=Area(outline=corners, holes=(hole,)),
        ceiling_m=120.0,
        floor_reference="AMSL",
        ceiling_reference="AMSL",
        valid_until_s=200.0,
    )


def test_a_situation_of_0_1_is_read() -> None:
    today = situation([], [], zones=[box("Z", 0, 0, 100, 100)])
    words = json.loads(to_json(today))
    del words["grants"]
    del words["demand"]
    del words["rules"]["policy"]
    zone = words["zones"]["Z"]
    words["zones"]["Z"] = {key: zone[key] for key in ZONE_OF_0_1 if key in zone} | {
        "outline": zone["ground"]["outline"],
        "holes": [],
        "height_reference": "AGL",
    }
    assert from_json(Situation, json.dumps(words)) == today


def test_what_is_wrong_in_any_form_is_refused_with_the_place() -> None:
    for type_, words, place in (
        (Geozone, ZONE_OF_0_1 | {"margin_m": "wide"}, "margin_m"),
        (Weather, {"wind": {"speed_mps": "strong"}, "rain_mm_h": 0.0}, "wind.speed_mps"),
    ):
        with pytest.raises(CodecError, match=place):
            from_json(type_, json.dumps(words))
