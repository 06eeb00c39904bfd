"""Our own GeoJSON: kinds, circles and hours. Polygons and their faults are in :mod:`tests.geo.test_geojson`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airspace import Area, Circle, Geozone
from geo.formats.own import parse_zones, zones_to_geojson
from geo.geojson import GeoJSONError
from geo.position import Position
from geo.schedule import EVERY_DAY, Hours, SunEvent
from tests.geo.formats.documents import own


def circle(radius_m: float = 250.0, **properties: Any) -> dict[str, Any]:
    obj = own(radius_m=radius_m, **properties)
    obj["features"][0]["geometry"] = {"type": "Point", "coordinates": [2.6, 49.0]}
    return obj


def only(**properties: Any) -> Geozone:
    (zone,) = parse_zones(own(**properties), "z")
    return zone


def refusal(obj: dict[str, Any]) -> str:
    with pytest.raises(GeoJSONError) as caught:
        parse_zones(obj, "z")
    return str(caught.value)


def test_a_point_with_a_radius_is_a_circle() -> None:
    (zone,) = parse_zones(circle(), "z")
    assert zone.ground == Circle(centre=Position(2.6, 49.0), radius_m=250.0)


def test_the_margin_is_that_of_the_kind_unless_stated() -> None:
    kinds = ("prohibited", "authorisation", "conditional", "inclusion")
    assert [only(kind=kind).margin_m for kind in kinds] == [20.0, 20.0, 10.0, 10.0]
    assert only(kind="inclusion", margin_m=0).margin_m == 0.0


def test_each_limit_has_its_reference() -> None:
    zone = only(floor_m=10, floor_reference="AGL", ceiling_m=90, height_reference="AMSL")
    assert (zone.floor_reference, zone.ceiling_reference) == ("AGL", "AMSL")


def test_hours() -> None:
    zone = only(
        hours=[
            {"days": ["FRI", "MON"], "start": "08:00", "end": "18:30:15", "time_zone": "Asia/Shanghai"},
            {"start": "SS", "end": "SR", "from": "2027-01-01T00:00:00Z", "until": "2028-01-01T00:00:00Z"},
        ]
    )
    assert zone.hours == (
        Hours(days=("MON", "FRI"), start=28_800.0, end=66_615.0, time_zone="Asia/Shanghai"),
        Hours(start=SunEvent.SUNSET, end=SunEvent.SUNRISE, from_s=1798761600.0, until_s=1830297600.0),
    )


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"kind": "closed"}, "kind = 'closed' must be one of prohibited"),
        ({"hours": "always"}, "hours must be a list"),
        ({"hours": [{"start": "08:00"}]}, "hours 1: time_zone is missing"),
        ({"hours": [{"start": "08:00", "time_zone": "Mars/North"}]}, "hours 1: time zone 'Mars/North' is not known"),
        ({"hours": [{"start": "8", "time_zone": "UTC"}]}, "hours 1: start = '8' is no time of day"),
        ({"hours": [{"start": "24:00", "time_zone": "UTC"}]}, "start 86400.0 s must lie in"),
        ({"hours": [{"start": "SS", "end": "SR", "days": ["ANY"]}]}, "days = ['ANY'] must be a list of MON"),
        ({"hours": [{"start": "SS", "end": "SR", "day": ["MON"]}]}, "unknown key 'day'"),
        ({"hours": [{"start": "SS", "end": "SR", "from": "2027"}]}, "from = '2027'"),
        ({"ceiling_m": 5, "floor_reference": "AGL"}, "height_reference = None must say"),
        ({"ceiling_m": 5, "ceiling_reference": "STD"}, "ceiling_reference = 'STD' must say"),
    ],
)
def test_faults_are_refused_with_their_place(properties: dict[str, Any], words: str) -> None:
    text = refusal(own(**properties))
    assert text.startswith("z: feature 1 ('z1')")
    assert words in text


grounds = st.builds(
    Circle,
    centre=st.builds(Position, st.floats(-179, 179), st.floats(-80, 80)),
    radius_m=st.floats(1, 5000),
) | st.builds(
    lambda lon, lat: Area(outline=((lon, lat), (lon + 1, lat), (lon, lat + 1))),
    st.floats(-170, 170),
    st.floats(-70, 70),
)
whole = st.integers(-(10**9), 4 * 10**9).map(float)
hours = st.builds(
    Hours,
    days=st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda days: tuple(d for d in EVERY_DAY if d in days)),
    start=st.integers(0, 86_399).map(float) | st.sampled_from(SunEvent),
    end=st.integers(0, 86_400).map(float) | st.sampled_from(SunEvent),
    time_zone=st.sampled_from(["UTC", "Europe/Oslo", "+08:00"]),
    from_s=st.none() | whole,
    until_s=st.none() | whole,
)
references = st.sampled_from(["AGL", "AMSL"])


@given(
    st.builds(
        Geozone,
        id=st.just("z1"),
        name=st.text(min_size=1).filter(str.strip),
        ground=grounds,
        kind=st.sampled_from(["prohibited", "authorisation", "conditional", "inclusion"]),
        conditions=st.text().filter(lambda text: not text or bool(text.strip())),
        floor_m=st.none() | st.floats(-50, 50),
        floor_reference=references,
        ceiling_m=st.none() | st.floats(51, 500),
        ceiling_reference=references,
        hours=st.lists(hours, max_size=3).map(tuple),
        margin_m=st.floats(0, 100),
    )
)
def test_a_zone_is_written_and_read_back_unchanged(zone: Geozone) -> None:
    assert parse_zones(json.loads(json.dumps(zones_to_geojson([zone]))), "z") == (zone,)
