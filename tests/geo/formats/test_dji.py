"""DJI custom flight areas: their margins, their switch, and the datum that they do not state."""

from typing import Any

import pytest

from geo.airspace import Area, Circle
from geo.datum import Datum, from_wgs84
from geo.formats import dji
from geo.formats.zone_file import ZoneFileError
from geo.position import Position
from tests.geo.formats.documents import changed
from tests.geo.formats.documents import dji as document

FIRST, SECOND = ("features", 0), ("features", 1)


def test_an_area_to_stay_in_and_one_to_stay_out_of() -> None:
    read = dji.parse(document(), "d.json", datum=Datum.WGS84)
    inside, outside = read.zones
    assert [(z.id, z.kind, z.margin_m) for z in (inside, outside)] == [
        ("geofence-1", "inclusion", 10.0),
        ("nfz-1", "prohibited", 10.0),
    ]
    assert isinstance(inside.ground, Area)
    assert len(inside.ground.outline) == 4
    assert outside.ground == Circle(centre=Position(2.6, 49.0), radius_m=55.5)
    assert read.notes == ("nfz-2: not enabled: left out",)


def test_without_a_datum_it_is_refused_and_says_why() -> None:
    with pytest.raises(ZoneFileError, match=r"d\.json: the datum is not stated.*GCJ-02"):
        dji.parse(document(), "d.json")


def test_the_datum_of_the_file_goes_before_the_callers_and_is_converted() -> None:
    lon, lat = (float(number) for number in from_wgs84(120.98, 31.385, Datum.GCJ02))
    shifted = changed(document() | {"datum": "GCJ-02"}, (*SECOND, "geometry", "coordinates"), [lon, lat])
    ground = dji.parse(shifted, "d.json", datum=Datum.WGS84).zones[1].ground
    assert isinstance(ground, Circle)
    assert ground.centre.longitude_deg == pytest.approx(120.98, abs=1e-7)
    assert ground.centre.latitude_deg == pytest.approx(31.385, abs=1e-7)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("features",), None, ["$.features"]),
        (("datum",), "NAD27", ['member "datum"']),
        ((*FIRST, "id"), None, ["$.features[0].id"]),
        ((*FIRST, "geofence_type"), "gfz", ["features[0].geofence_type", "'geofence-1'", "dfence"]),
        ((*FIRST, "geometry", "type"), "LineString", ["features[0].geometry"]),
        ((*FIRST, "geometry", "coordinates"), [[[2.58, 49.02], [2.61, 48.98]]], ["geofence-1", "corners"]),
        ((*FIRST, "properties", "enable"), "true", ["properties.enable"]),
        ((*SECOND, "properties", "radius"), 0, ["$.features[1] ('nfz-1')", "needs properties.radius"]),
        ((*SECOND, "properties", "subType"), "Ring", ["features[1].properties.subType"]),
        ((*SECOND, "geometry", "coordinates"), [49.0, 102.6], ["nfz-1", "outside ±90°"]),
    ],
)
def test_every_fault_is_refused_with_its_place(path: tuple[str | int, ...], value: Any, words: list[str]) -> None:
    with pytest.raises(ZoneFileError) as caught:
        dji.parse(changed(document(), path, value), "d.json", datum=Datum.WGS84)
    for word in ("d.json: ", *words):
        assert word in str(caught.value)
