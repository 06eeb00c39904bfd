"""One way in for all formats: the content says which it is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.closed import area_m2
from geo.datum import Datum
from geo.formats.read import FORMATS, read_zones
from geo.formats.zone_file import ZoneFileError, numbered
from geo.position import Position
from tests.geo.formats import documents
from tests.geo.formats.test_plan import document as plan


def test_every_format_is_tried_here() -> None:
    assert sorted(documents.ALL) == sorted(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("coded", [str, str.encode, lambda text: b"\xef\xbb\xbf \n" + text.encode()])
def test_the_content_says_which_format_it_is(name: str, coded: type) -> None:
    read = read_zones(coded(documents.ALL[name]), "file")
    assert read.format == name
    assert read.zones


@pytest.mark.parametrize("name", FORMATS)
def test_a_place_far_from_the_city_is_refused_in_every_format(name: str) -> None:
    with pytest.raises(ZoneFileError, match=r"^file: .*km from the city centre"):
        read_zones(documents.ALL[name], "file", near=Position(120.98, 31.385))


@pytest.mark.parametrize("name", ["ED-318", "ED-269", "DJI custom flight area"])
def test_a_spoiled_file_is_still_known_and_refused_as_what_it_is(name: str) -> None:
    obj = json.loads(documents.ALL[name])
    obj["features"].append("no feature")
    with pytest.raises(ZoneFileError, match=rf"\$\.features\[{len(obj['features']) - 1}\]"):
        read_zones(json.dumps(obj), "file")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("id,lon,lat", "neither JSON nor KML"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("[1]", "a format that is not known: a JSON list; known are GeoJSON, ED-318"),
        ("{}", "a format that is not known: a JSON object of nothing"),
        ('{"zones": [], "airports": []}', "a JSON object of airports, zones"),
        (b"PK\x03\x04", "if it is KMZ, unpack it"),
        (b"\xff\xfe{", "not UTF-8"),
        ("<html></html>", "expected the element <kml>"),
        (json.dumps(documents.own() | {"datum": "NAD27"}), 'member "datum"'),
    ],
)
def test_what_is_not_known_is_refused_plainly(content: str | bytes, words: str) -> None:
    with pytest.raises(ZoneFileError) as caught:
        read_zones(content, "file")
    assert str(caught.value).startswith("file: ")
    assert words in str(caught.value)


def test_a_datum_told_by_the_caller_is_for_files_that_state_none() -> None:
    silent = documents.own()
    del silent["datum"]
    with pytest.raises(ZoneFileError, match="not stated"):
        read_zones(json.dumps(silent), "file")
    told = read_zones(json.dumps(silent), "file", datum=Datum.WGS84)
    assert told.zones == read_zones(documents.ALL["GeoJSON"], "file", datum=Datum.GCJ02).zones


def test_a_plan_without_a_fence_is_known_as_a_plan() -> None:
    silent = plan()
    del silent["geoFence"]
    with pytest.raises(ZoneFileError, match=r"\$\.geoFence: field required"):
        read_zones(json.dumps(silent), "file")


def test_a_number_that_is_anothers_name_is_refused() -> None:
    (zone,) = read_zones(documents.ALL["GeoJSON"], "file").zones
    assert [z.id for z in numbered([zone, zone])] == ["z1/1", "z1/2"]
    (other,) = read_zones(json.dumps(documents.own(id="z1/2")), "file").zones
    with pytest.raises(ZoneFileError, match="'z1/2'"):
        numbered([zone, zone, other])


# ---------------------------------------------------------------- anything at all

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9) | st.just("1e999"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(obj: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    inner = obj.items() if isinstance(obj, dict) else enumerate(obj) if isinstance(obj, list) else ()
    found = [place for key, value in inner for place in places(value, (*path, key))]
    return [path, *found] if path else found


@given(st.data(), st.sampled_from([name for name in FORMATS if name != "KML"]))
@settings(max_examples=400)
def test_whatever_stands_anywhere_is_read_or_refused_in_words(data: st.DataObject, name: str) -> None:
    """One place of a valid file is changed for anything; nothing but a zone or a refusal may come of it."""
    document = json.loads(documents.ALL[name])
    path = data.draw(st.sampled_from(places(document)))
    spoiled = documents.changed(document, path, data.draw(VALUES))
    try:
        zones = read_zones(json.dumps(spoiled), "file").zones
    except ZoneFileError as error:
        assert str(error).startswith(("file: ", "id "))  # noqa: PT017
    else:
        assert all(area_m2(zone) > 0 for zone in zones)


@given(st.text(alphabet="<>/kml \"='&;", max_size=60))
@settings(max_examples=100)
def test_whatever_looks_like_xml_is_read_or_refused_in_words(tail: str) -> None:
    with pytest.raises(ZoneFileError, match=r"^file: "):
        read_zones("<" + tail, "file")
