"""ED-269, as national authorities publish it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from geo.airspace import Area, Circle
from geo.formats import ed269
from geo.formats.zone_file import ZoneFileError
from geo.position import Position
from tests.geo.formats.documents import changed
from tests.geo.formats.documents import ed269 as document

ZONE = ("features", 0)
VOLUME = (*ZONE, "geometry", 0)


def test_feet_circles_hours_and_conditions() -> None:
    read = ed269.parse(document(), "z.json")
    concert, park = read.zones
    assert (concert.id, concert.kind, concert.conditions) == ("Concert", "conditional", "below the trees")
    assert concert.ground == Circle(centre=Position(6.9, 46.4), radius_m=3000.0)
    assert (concert.ceiling_m, concert.ceiling_reference) == (pytest.approx(121.92), "AMSL")
    assert (concert.floor_m, concert.floor_reference) == (0.0, "AGL")
    assert "read as metres" in read.notes[0]
    assert (park.name, park.kind, park.ceiling_m, park.hours) == ("Park", "authorisation", None, ())
    assert isinstance(park.ground, Area)


def test_hours_in_one_period_and_a_month_without_hours_in_another() -> None:
    concert = ed269.parse(document(), "z.json").zones[0]
    instants = {
        datetime(2027, 6, 19, 23, 59, 59, 500_000, UTC): True,  # a Saturday; 23:59:59 is meant as midnight
        datetime(2027, 6, 19, 16, 59, tzinfo=UTC): False,
        datetime(2027, 6, 21, 18, tzinfo=UTC): False,  # a Monday
        datetime(2028, 6, 17, 18, tzinfo=UTC): False,  # a Saturday after the first period
        datetime(2029, 1, 3, 4, tzinfo=UTC): True,
        datetime(2029, 2, 1, tzinfo=UTC): False,
    }
    assert {when: concert.holds_at(when.timestamp()) for when in instants} == instants


def test_services_send_a_list_of_zones() -> None:
    obj = {"formatVersion": "1.0.0", "UASZoneList": document()["features"]}
    assert [zone.id for zone in ed269.parse(obj, "z.json").zones] == ["Concert", "Park"]


def test_zones_that_share_an_identifier_are_numbered() -> None:
    obj = changed(document(), ("features", 1, "identifier"), "Concert")
    assert [zone.id for zone in ed269.parse(obj, "z.json").zones] == ["Concert/1", "Concert/2"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("features",), None, ["$.features", "required"]),
        ((*ZONE, "identifier"), None, ["$.features[0].identifier"]),
        ((*ZONE, "country"), "CH", ["features[0].country", "'Concert'"]),
        ((*ZONE, "restriction"), "NEVER", ["features[0].restriction", "'Concert'", "PROHIBITED"]),
        ((*ZONE, "type"), "RARE", ["features[0].type"]),
        ((*ZONE, "applicability"), [], ["features[0].applicability"]),
        ((*ZONE, "zoneAuthority"), [], ["features[0].zoneAuthority"]),
        ((*ZONE, "geometry"), [], ["features[0].geometry"]),
        ((*ZONE, "applicability", 0, "schedule", 0, "day"), ["SA"], ["schedule[0].day[0]"]),
        ((*ZONE, "applicability", 0, "schedule", 0, "startTime"), "17:00", ["schedule[0].startTime", "offset"]),
        ((*ZONE, "applicability", 0, "endDateTime"), "2026-06-15T09:00:00Z", ["Concert", "must be before"]),
        ((*VOLUME, "uomDimensions"), "KM", ["geometry[0].uomDimensions"]),
        ((*VOLUME, "upperLimit"), "high", ["geometry[0].upperLimit"]),
        ((*VOLUME, "upperVerticalReference"), "WGS84", ["Concert", "geoid"]),
        ((*VOLUME, "upperVerticalReference"), None, ["Concert", "must say what the limit is above"]),
        ((*VOLUME, "horizontalProjection", "radius"), 0, ["horizontalProjection.radius"]),
        ((*VOLUME, "horizontalProjection", "center"), [46.4, 96.9], ["Concert", "outside ±90°"]),
        ((*VOLUME, "horizontalProjection", "type"), "Ellipse", ["horizontalProjection", "Ellipse"]),
        (("features", 1, "geometry", 0, "lowerLimit"), 10, []),
    ],
)
def test_every_fault_is_refused_with_its_place_and_the_reason(
    path: tuple[str | int, ...], value: Any, words: list[str]
) -> None:
    spoiled = changed(document(), path, value)
    if not words:
        assert ed269.parse(spoiled, "z.json").zones[1].floor_m == 10
        return
    with pytest.raises(ZoneFileError) as caught:
        ed269.parse(spoiled, "z.json")
    for word in ("z.json: ", *words):
        assert word in str(caught.value)


def test_a_floor_above_its_ceiling_is_refused() -> None:
    spoiled = changed(document(), ("features", 1, "geometry", 0, "upperLimit"), 5)
    with pytest.raises(ZoneFileError, match=r"Park.*lower limit 9 m lies above the upper 5 m"):
        ed269.parse(changed(spoiled, ("features", 1, "geometry", 0, "lowerLimit"), 9), "z.json")


@pytest.mark.shared_data("geozones")
def test_published_files_load(shared: Path) -> None:
    read = ed269.parse(json.loads((shared / "ed269_geo-awareness-che-1.json").read_text()), "che")
    assert [zone.id for zone in read.zones] == [
        "Montreux Concert Area",
        *(f"Flugplatz Reichenbach/{k}" for k in (1, 2, 3)),
        *(f"Lausanne Airport/{k}" for k in (1, 2, 3)),
        "MONTREUX Wildlife Preserve",
        "Gantrisch Nature Park",
    ]
    assert sum(isinstance(zone.ground, Circle) for zone in read.zones) == 4
    assert read.zones[-1].ceiling_m == pytest.approx(250 * 0.3048)
    assert read.notes == ("Gantrisch Nature Park: no restriction, closes nothing: left out",)
    (sample,) = ed269.parse(json.loads((shared / "ed269_che_sample.json").read_text()), "sample").zones
    assert (sample.id, sample.kind, sample.floor_m, sample.ceiling_m) == ("LSXX", "authorisation", 0.0, None)
