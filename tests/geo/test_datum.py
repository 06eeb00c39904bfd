"""Datums: golden values, exact inverses, the edge of the box, spellings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import Datum, DatumError, from_wgs84, parse_datum, position_of, to_wgs84
from geo.frame import inverse
from geo.position import Position, PositionError

# WGS-84, GCJ-02 and BD-09 of the same place, by coord-convert 0.2.1, an independent implementation.
GOLDEN = [
    ("Kunshan", (120.98, 31.385), (120.984323915029, 31.382973181526), (120.990793342499, 31.389078691236)),
    ("Beijing", (116.3975, 39.9087), (116.403743572652, 39.910103499345), (116.410116586473, 39.916442749631)),
    ("Urumqi", (87.6168, 43.8256), (87.619649949469, 43.826805393111), (87.626099770816, 43.832949794793)),
    ("Sanya", (109.5083, 18.2479), (109.512394364633, 18.246207234867), (109.518944274563, 18.25194653609)),
    ("Mohe", (122.5386, 52.9721), (122.545628574972, 52.97361279083), (122.552098542544, 52.979698810217)),
    ("Lhasa", (91.1322, 29.6604), (91.133743324879, 29.65767958995), (91.140342762186, 29.663425674028)),
    # the formula has the root of |longitude − 105°|: its slope is infinite there
    ("105° E", (105.0, 29.5), (105.002980367232, 29.497241875211), (105.009375063388, 29.503548031405)),
    ("Kashgar", (75.9938, 39.4704), (75.996768273345, 39.4706390723), (76.003301008724, 39.476555616854)),
    ("Fuyuan", (134.3079, 48.3647), (134.315621312544, 48.367111497909), (134.322170252285, 48.372997068248)),
]

CHINA = st.tuples(st.floats(73.5, 135.1), st.floats(3.8, 53.6))
SHIFTED = st.sampled_from([Datum.GCJ02, Datum.BD09])


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return inverse(Position(*one), Position(*other))[1]


def scalar(pair: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


@pytest.mark.parametrize(("name", "wgs84", "gcj02", "bd09"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_agrees_with_an_independent_implementation(name, wgs84, gcj02, bd09):
    for datum, there in ((Datum.GCJ02, gcj02), (Datum.BD09, bd09)):
        assert apart_m(scalar(from_wgs84(*wgs84, datum)), there) < 1e-5
        assert apart_m(scalar(to_wgs84(*there, datum)), wgs84) < 1e-5


@given(CHINA, SHIFTED)
def test_there_and_back_is_exact_anywhere_in_china(here, datum):
    assert apart_m(scalar(to_wgs84(*from_wgs84(*here, datum), datum)), here) < 1e-3
    assert apart_m(scalar(from_wgs84(*to_wgs84(*here, datum), datum)), here) < 1e-3


@given(CHINA)
def test_a_wrong_datum_is_off_by_what_the_error_text_says(here):
    assert apart_m(scalar(from_wgs84(*here, Datum.GCJ02)), here) < 750
    assert 600 < apart_m(scalar(from_wgs84(*here, Datum.BD09)), here) < 1600


def test_kunshan_offset_is_the_known_473_m():
    lon, lat = np.meshgrid(np.linspace(120.82, 121.14, 30), np.linspace(31.12, 31.53, 30))
    east, north = from_wgs84(lon, lat, Datum.GCJ02)
    metres = np.hypot((east - lon) * 111_320 * np.cos(np.radians(lat)), (north - lat) * 110_900)
    assert metres.mean() == pytest.approx(473, abs=10)


def test_arrays_keep_their_shape_and_are_not_aliased():
    lon = np.full((3, 4), 121.0)
    for datum in Datum:
        east, north = from_wgs84(lon, 31.0, datum)
        assert east.shape == north.shape == (3, 4)
        east[:] = 0
        assert lon[0, 0] == 121.0
    assert to_wgs84([], [], Datum.BD09)[0].shape == (0,)


@pytest.mark.parametrize("place", [(-75.98, 36.85), (18.96, 69.65), (-179.9, -16.8), (180.0, 90.0), (0.0, 0.0)])
@pytest.mark.parametrize("datum", list(Datum))
def test_outside_the_box_all_datums_are_one(place, datum):
    assert scalar(from_wgs84(*place, datum)) == place
    assert scalar(to_wgs84(*place, datum)) == place


@given(st.floats(0, 1), st.sampled_from(["west", "east", "south", "north"]), st.floats(0, 0.03), SHIFTED)
def test_the_inverse_is_consistent_at_the_edge_of_the_box(along, side, inside_deg, datum):
    lon, lat = 72.004 + along * (137.8347 - 72.004), 0.8293 + along * (55.8271 - 0.8293)
    here = {
        "west": (72.004 + inside_deg, lat),
        "east": (137.8347 - inside_deg, lat),
        "south": (lon, 0.8293 + inside_deg),
        "north": (lon, 55.8271 - inside_deg),
    }[side]
    assert apart_m(scalar(to_wgs84(*from_wgs84(*here, datum), datum)), here) < 1e-3


@given(st.floats(72.5, 137.3), st.sampled_from([0.80, 55.86]), SHIFTED)
def test_two_kilometres_outside_the_box_the_inverse_is_the_identity(lon, lat, datum):
    assert scalar(to_wgs84(lon, lat, datum)) == (lon, lat)


def test_position_of_converts_one_pair():
    _, wgs84, gcj02, bd09 = GOLDEN[0]
    assert position_of(*wgs84, Datum.WGS84) == Position(*wgs84)
    for datum, there in ((Datum.GCJ02, gcj02), (Datum.BD09, bd09)):
        found = position_of(*there, datum)
        assert apart_m((found.longitude_deg, found.latitude_deg), wgs84) < 1e-5
    with pytest.raises(PositionError, match="swapped"):
        position_of(31.385, 120.98, Datum.GCJ02)


@pytest.mark.parametrize("text", ["WGS84", "wgs-84", "WGS 84", "EPSG:4326", "OGC:CRS84", "CGCS2000", " wgs_84 "])
def test_spellings_of_wgs84(text):
    assert parse_datum(text) is Datum.WGS84


@pytest.mark.parametrize(
    ("text", "datum"),
    [("gcj02", Datum.GCJ02), ("GCJ-02", Datum.GCJ02), ("火星坐标系", Datum.GCJ02), ("bd09ll", Datum.BD09)]
    + [(datum.value, datum) for datum in Datum],
)
def test_spellings_of_the_others(text, datum):
    assert parse_datum(text) is datum


@pytest.mark.parametrize("text", [None, "", "  "])
def test_an_unstated_datum_is_refused_with_the_reason(text):
    with pytest.raises(DatumError, match=r"not stated.*up to 700 m"):
        parse_datum(text)


@pytest.mark.parametrize("text", ["NAD83", "EPSG:3857", "BD09MC", "yes"])
def test_an_unknown_datum_is_refused(text):
    with pytest.raises(DatumError, match=f"unknown datum '{text}'"):
        parse_datum(text)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 181.0])
@pytest.mark.parametrize("convert", [to_wgs84, from_wgs84])
def test_coordinates_that_are_none_are_refused_by_index(convert, bad):
    with pytest.raises(DatumError, match="coordinate 1: "):
        convert([121.0, bad], [31.0, 31.0], Datum.GCJ02)


def test_longitudes_and_latitudes_must_pair():
    with pytest.raises(DatumError, match="do not pair"):
        to_wgs84([121.0, 122.0], [31.0, 31.0, 31.0], Datum.GCJ02)
