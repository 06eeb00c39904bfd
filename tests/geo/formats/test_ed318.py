"""ED-318: every valid part is understood, every invalid one is refused with its place and the reason."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from geo.airspace import Area, Circle
from geo.formats import ed318
from geo.formats.zone_file import ZoneFileError
from geo.position import Position
from geo.schedule import Hours, SunEvent
from tests.geo.formats.documents import changed
from tests.geo.formats.documents import ed318 as document

FIRST = ("features", 0, "properties")
LAYER = ("features", 0, "geometry", "geometries", 0, "layer")
SCHEDULE = (*FIRST, "limitedApplicability", 0, "schedule", 0)


def refusal(document: Any) -> str:
    with pytest.raises(ZoneFileError) as caught:
        ed318.parse(document, "z.json")
    text = str(caught.value)
    assert text.startswith("z.json: ")
    return text


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_layers_are_zones_with_a_band_each() -> None:
    high, low, circle = ed318.parse(document(), "z.json").zones
    assert [z.id for z in (high, low, circle)] == ["NFZ6547/1", "NFZ6547/2", "ABC1234"]
    assert (high.floor_m, high.floor_reference, high.ceiling_m, high.ceiling_reference) == (50, "AGL", 150, "AMSL")
    assert (low.floor_m, low.ceiling_m, low.ceiling_reference) == (0, pytest.approx(164 * 0.3048), "AGL")
    assert (high.kind, circle.kind, high.name, circle.name) == ("authorisation", "prohibited", "One", "ABC1234")
    assert high.conditions == "call the tower"
    assert isinstance(high.ground, Area)
    assert len(high.ground.outline) == 4
    assert circle.ground == Circle(centre=Position(2.64, 49.12), radius_m=3500.0)
    assert (circle.floor_m, circle.ceiling_m) == (None, 150)


def test_times_are_an_interval_and_hours() -> None:
    zone = ed318.parse(document(), "z.json").zones[0]
    assert (zone.valid_from_s, zone.valid_until_s) == (at("2026-12-31T16:00:00Z"), at("2027-12-31T15:00:00Z"))
    assert zone.hours == (
        Hours(start=16 * 3600.0, end=17.5 * 3600.0),
        Hours(days=("SAT", "SUN"), start=22 * 3600.0, end=SunEvent.SUNRISE, time_zone="+02:00"),
    )
    saturday = datetime(2027, 6, 5, 21, tzinfo=UTC).timestamp()  # 23:00 at +02:00, the sun rises at 03:50 UTC
    assert [zone.holds_at(saturday + h * 3600) for h in (-2, 0, 6.5, 7.2)] == [False, True, True, False]


def test_several_periods_are_hours_of_their_own() -> None:
    periods = [
        {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2027-02-01T00:00:00Z"},
        {"startDateTime": "2027-03-01T00:00:00Z", "schedule": [{"day": ["MON"]}]},
    ]
    zone = ed318.parse(document(limitedApplicability=periods), "z.json").zones[0]
    assert (zone.valid_from_s, zone.valid_until_s) == (None, None)
    held = [zone.holds_at(at(f"2027-{day}T12:00:00Z")) for day in ("01-31", "02-01", "03-01", "03-02", "03-08")]
    assert held == [True, False, True, False, True]


def test_an_end_in_another_offset_is_the_same_instant() -> None:
    schedule = [{"day": ["MON"], "startTime": "08:00:00+02:00", "endTime": "15:00:00Z"}]
    zone = ed318.parse(document(limitedApplicability=[{"schedule": schedule}]), "z.json").zones[0]
    assert zone.hours == (Hours(days=("MON",), start=8 * 3600.0, end=17 * 3600.0, time_zone="+02:00"),)


def test_what_restricts_nothing_is_left_out_and_said() -> None:
    read = ed318.parse(document(type="NO_RESTRICTION"), "z.json")
    assert [z.id for z in read.zones] == ["ABC1234"]
    assert read.notes == ("NFZ6547: no restriction, closes nothing: left out",)


def test_kinds() -> None:
    kinds = [
        ed318.parse(document(type=type_), "z.json").zones[0].kind for type_ in ("PROHIBITED", "CONDITIONAL", "USPACE")
    ]
    assert kinds == ["prohibited", "conditional", "authorisation"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("type",), "Features", ["$.type", "FeatureCollection"]),
        (("features",), None, ["$.features", "required"]),
        (("metadata", "validFrom"), {"not": "a time"}, ["$.metadata.validFrom", "instant"]),
        (("metadata", "validFrom"), "yesterday", ["$.metadata.validFrom"]),
        ((*FIRST, "identifier"), "TOOLONGX", ["$.features[0].properties.identifier", "at most 7"]),
        ((*FIRST, "identifier"), None, ["$.features[0].properties.identifier", "required"]),
        ((*FIRST, "country"), "FR", ["properties.country", "'NFZ6547'", "at least 3"]),
        ((*FIRST, "type"), "REQ_AUTHORISATION", ["properties.type", "'NFZ6547'", "REQ_AUTHORIZATION"]),
        ((*FIRST, "variant"), None, ["properties.variant", "required"]),
        ((*FIRST, "zoneAuthority"), [], ["properties.zoneAuthority", "at least 1"]),
        ((*FIRST, "zoneAuthority", 0, "purpose"), None, ["zoneAuthority[0].purpose"]),
        ((*FIRST, "name", 0, "lang"), None, ["properties.name[0].lang", "required"]),
        ((*FIRST, "reason"), ["WHIM"], ["properties.reason[0]"]),
        ((*FIRST, "colour"), "red", ["properties.colour", "not permitted"]),
        ((*FIRST, "region"), "one", ["properties.region"]),
        ((*SCHEDULE, "day"), [], ["schedule[0].day"]),
        ((*SCHEDULE, "day"), ["MONDAY"], ["schedule[0].day[0]"]),
        ((*SCHEDULE, "startTime"), "16:00:00", ["schedule[0].startTime", "offset"]),
        ((*SCHEDULE, "startTime"), "25:00:00Z", ["schedule[0].startTime"]),
        ((*SCHEDULE, "startEvent"), "SR", ["features[0] ('NFZ6547')", "a time and an event"]),
        ((*FIRST, "limitedApplicability", 0, "startDateTime"), "2028-01-01T00:00:00Z", ["NFZ6547", "must be before"]),
        ((*FIRST, "limitedApplicability", 0, "endDateTime"), "2028-01-01T00:00:00", ["endDateTime"]),
        ((*LAYER, "uom"), "yd", ["layer.uom"]),
        ((*LAYER, "upper"), "high", ["layer.upper"]),
        ((*LAYER, "upper"), True, ["layer.upper"]),
        ((*LAYER, "upperReference"), "WGS84", ["NFZ6547", "geoid"]),
        ((*LAYER, "lowerReference"), None, ["NFZ6547", "lowerReference = None must say"]),
        ((*LAYER, "upperReference"), "STD", ["layer.upperReference"]),
        (("features", 0, "geometry", "geometries", 1, "layer", "lower"), 165, ["NFZ6547", "lies above the upper"]),
        (("features", 0, "geometry", "type"), "LineString", ["$.features[0].geometry", "LineString"]),
        (("features", 0, "geometry", "geometries"), [], ["geometries"]),
        (("features", 0, "geometry", "geometries", 0, "coordinates", 0, 1), [2.6, 98.0], ["NFZ6547", "outside ±90°"]),
        (("features", 0, "geometry", "geometries", 0, "coordinates", 0, 4), [2.5, 49.0], ["not closed"]),
        (("features", 1, "geometry", "extent"), None, ["$.features[1].geometry.extent", "'ABC1234'"]),
        (("features", 1, "geometry", "extent", "radius"), -1, ["extent.radius", "greater than 0"]),
        (("features", 1, "geometry", "extent", "subType"), "Sphere", ["extent.subType"]),
        (("features", 1, "properties"), {}, ["$.features[1].properties"]),
    ],
)
def test_every_fault_is_refused_with_its_place_and_the_reason(
    path: tuple[str | int, ...], value: Any, words: list[str]
) -> None:
    text = refusal(changed(document(), path, value))
    for word in words:
        assert word in text, text


def test_several_faults_are_told_together() -> None:
    twice = changed(changed(document(), (*FIRST, "type"), "X"), (*FIRST, "variant"), "Y")
    text = refusal(twice)
    assert "properties.type" in text
    assert "properties.variant" in text


# ---------------------------------------------------------------- the published examples


@pytest.mark.shared_data("geozones")
@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Collection", ["NFZ6547/1", "NFZ6547/2", "ABC1234"]),
        ("GeoZone_2_Layers", ["NFZ6547/1", "NFZ6547/2"]),
        ("GeoZone_Circle", ["ABC1234"]),
        ("GeoZone_with_extension", ["ABC1234"]),
    ],
)
def test_published_examples_load(shared: Path, name: str, ids: list[str]) -> None:
    read = ed318.parse(json.loads((shared / f"ed318_Example_{name}.json").read_text()), name)
    assert [zone.id for zone in read.zones] == ids


@pytest.mark.shared_data("geozones")
def test_the_published_invalid_example_is_refused_with_each_place(shared: Path) -> None:
    obj = json.loads((shared / "ed318_InvalidExample_GeoZone_2_Layers.json").read_text())
    text = refusal(obj)
    for place in ("$.metadata.validFrom", "$.features[0].properties.type", "$.features[0].properties.name[0].lang"):
        assert place in text
