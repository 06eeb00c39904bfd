"""GeoJSON: what is read, what is refused and how the refusal names file, feature and reason."""

import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airspace import Area, Geozone
from geo.datum import Datum, from_wgs84
from geo.formats.own import parse_zones, zones_to_geojson
from geo.frame import inverse
from geo.geojson import Entry, GeoJSONError, parse_points, parse_polygons, unique
from geo.position import Position

KUNSHAN = Position(120.98, 31.385)
SQUARE = [[120.9, 31.3], [121.0, 31.3], [121.0, 31.4], [120.9, 31.4], [120.9, 31.3]]
HOLE = [[120.94, 31.34], [120.96, 31.34], [120.96, 31.36], [120.94, 31.34]]


def collection(*features, datum="WGS-84"):
    return {"type": "FeatureCollection", "datum": datum, "features": list(features)}


def feature(coordinates, kind="Polygon", **properties):
    return {
        "type": "Feature",
        "properties": {"id": "z1"} | properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def refusal(obj, parse=parse_zones, **options):
    with pytest.raises(GeoJSONError) as caught:
        parse(obj, "zones.geojson", **options)
    text = str(caught.value)
    assert text.startswith("zones.geojson")
    return text


def test_a_zone_with_everything():
    (zone,) = parse_zones(
        collection(
            feature(
                [SQUARE, HOLE],
                id="school",
                name="School",
                note="not read",
                floor_m=0,
                ceiling_m=120,
                height_reference="AMSL",
                valid_from="2027-06-07T08:00:00+08:00",
                valid_until="2027-06-09T00:00Z",
                margin_m=35,
            )
        ),
        "zones.geojson",
        KUNSHAN,
    )
    assert zone == Geozone(
        id="school",
        name="School",
        ground=Area(
            outline=((120.9, 31.3), (121.0, 31.3), (121.0, 31.4), (120.9, 31.4)),
            holes=(((120.94, 31.34), (120.96, 31.34), (120.96, 31.36)),),
        ),
        floor_m=0.0,
        ceiling_m=120.0,
        floor_reference="AMSL",
        ceiling_reference="AMSL",
        valid_from_s=1812326400.0,
        valid_until_s=1812499200.0,
        margin_m=35.0,
    )


def test_a_zone_with_nothing_but_its_id():
    (zone,) = parse_zones(collection(feature([SQUARE])), "zones.geojson")
    assert (zone.name, zone.floor_m, zone.ceiling_m, zone.valid_from_s, zone.margin_m) == ("z1", None, None, None, 20)


def test_the_parts_of_a_multipolygon_are_zones_of_their_own():
    east = [[lon + 0.2, lat] for lon, lat in SQUARE]
    zones = parse_zones(collection(feature([[SQUARE], [east]], "MultiPolygon")), "zones.geojson")
    assert [zone.id for zone in zones] == ["z1/1", "z1/2"]
    (alone,) = parse_zones(collection(feature([[SQUARE, HOLE]], "MultiPolygon")), "zones.geojson")
    assert alone.id == "z1"
    assert len(alone.ground.holes) == 1


def test_other_datums_are_converted():
    shifted = [[float(x) for x in from_wgs84(lon, lat, Datum.GCJ02)] for lon, lat in SQUARE]
    (zone,) = parse_zones(collection(feature([shifted]), datum="gcj02"), "zones.geojson", KUNSHAN)
    for found, true in zip(zone.ground.outline, SQUARE, strict=False):
        assert inverse(Position(*found), Position(*true))[1] < 1e-3


@pytest.mark.parametrize("datum", [None, "", "NAD27", 4326.5])
def test_the_datum_must_be_stated(datum):
    assert '"datum"' in refusal(collection(feature([SQUARE]), datum=datum))
    plain = collection(feature([SQUARE]))
    del plain["datum"]
    assert "not stated" in refusal(plain)


BOW_TIE = [[120.9, 31.3], [121.0, 31.4], [121.0, 31.3], [120.9, 31.4], [120.9, 31.3]]
OUTSIDE = [[lon + 1, lat] for lon, lat in HOLE]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (feature([SQUARE[:-1]]), "outline is not closed"),
        (feature([[SQUARE[0], SQUARE[1], SQUARE[0]]]), "outline has 2 corners"),
        (feature([[]]), "outline has 0 corners"),
        (feature(["ring"]), "outline must be a list"),
        (feature([SQUARE, HOLE[:-1]]), "hole 1 is not closed"),
        (feature([BOW_TIE]), "not a simple polygon: Self-intersection"),
        (feature([[SQUARE[0], SQUARE[1], [120.95, 31.3], SQUARE[0]]]), "not a simple polygon"),
        (feature([SQUARE, OUTSIDE]), "not a simple polygon: Hole lies outside"),
        (feature([[[float("nan"), 31.3], *SQUARE[1:-1], [float("nan"), 31.3]]]), "must be finite numbers"),
        (feature([[[10**400, 31.3], *SQUARE[1:]]]), "must be finite numbers"),
        (feature([[SQUARE[0], [math.nan, 31.3], *SQUARE[2:]]]), "must be finite numbers"),
        (feature([[SQUARE[0], [math.inf, 31.3], *SQUARE[2:]]]), "must be finite numbers"),
        (feature([[SQUARE[0], ["120", "31"], *SQUARE[2:]]]), "must be finite numbers"),
        (feature([[SQUARE[0], [120.0], *SQUARE[2:]]]), "must be [longitude, latitude]"),
        (feature([[[lat, lon] for lon, lat in SQUARE]]), "are latitude and longitude swapped?"),
        (feature([[[-179.9, 0.0], [179.9, 0.0], [179.9, 1.0], [-179.9, 0.0]]]), "crosses the antimeridian"),
        (feature([]), "polygon 1 has no rings"),
        (feature([], "MultiPolygon"), "without polygons"),
        (feature([120.9, 31.3], "Point"), "radius_m is missing"),
        (feature([120.9, 31.3], "Point", radius_m=0.5), "radius_m = 0.5 must be in"),
        (feature([SQUARE], radius_m=50), "radius_m belongs to a Point"),
        (feature([SQUARE[0], SQUARE[1]], "LineString"), "'LineString' must be a Polygon, a MultiPolygon, or a Point"),
        (feature([SQUARE], id=None), "id is missing"),
        (feature([SQUARE], id=7), "id = 7 must be text"),
        (feature([SQUARE], id=" "), "must be text, and not empty"),
        (feature([SQUARE], celing_m=3), "unknown key 'celing_m'"),
        (feature([SQUARE], floor_m=5, ceiling_m=4, height_reference="AGL"), "floor_m = 5.0 lies above"),
        (feature([SQUARE], floor_m="5", height_reference="AGL"), "floor_m = '5' must be a finite number"),
        (feature([SQUARE], ceiling_m=math.inf, height_reference="AGL"), "must be a finite number"),
        (feature([SQUARE], ceiling_m=True, height_reference="AGL"), "must be a finite number"),
        (feature([SQUARE], ceiling_m=50), "height_reference = None must say"),
        (feature([SQUARE], height_reference="AGI"), "height_reference = 'AGI' must say"),
        (feature([SQUARE], margin_m=-1), "margin_m = -1 must be in"),
        (feature([SQUARE], valid_from="2027-06-07T08:00:00"), "must state its time zone"),
        (feature([SQUARE], valid_from="June"), "is not an ISO 8601 time"),
        (feature([SQUARE], valid_from="2027-06-08T08:00Z", valid_until="2027-06-08T08:00Z"), "must be before"),
    ],
)
def test_a_broken_feature_is_named_with_the_reason(broken, why):
    whole = feature([SQUARE], id="whole")
    text = refusal(collection(whole, broken))
    assert text.startswith("zones.geojson: feature 2")
    assert why in text
    if isinstance(broken["properties"]["id"], str):
        assert repr(broken["properties"]["id"]) in text


@pytest.mark.parametrize(
    "obj",
    [None, [], {}, {"type": "Feature"}, {"type": "FeatureCollection", "datum": "WGS-84"}]
    + [collection(broken) for broken in (None, {"type": "Feature"}, {"type": "Feature", "properties": {}})],
)
def test_what_is_no_feature_collection(obj):
    refusal(obj)


def test_ids_are_unique_also_after_numbering():
    assert "id 'z1' is taken" in refusal(collection(feature([SQUARE]), feature([SQUARE])))
    parts = feature([[SQUARE], [[[lon + 0.2, lat] for lon, lat in SQUARE]]], "MultiPolygon")
    assert "id 'z1/2' is taken" in refusal(collection(feature([SQUARE], id="z1/2"), parts))


def test_a_swap_that_is_a_place_on_earth_is_found_by_the_centre():
    beach = Position(-75.978, 36.853)
    swapped = [[36.8, -76.0], [36.9, -76.0], [36.9, -75.9], [36.8, -76.0]]
    parse_zones(collection(feature([swapped])), "zones.geojson")  # nothing tells
    text = refusal(collection(feature([swapped])), near=beach)
    assert "latitude and longitude are swapped" in text
    assert "km from the city centre" in refusal(collection(feature([SQUARE])), near=beach)


def test_points():
    points = parse_points(
        collection(feature([120.95, 31.31, 12.0], "Point", docks=2)), "bases.geojson", KUNSHAN
    )  # the height is not used
    assert points[0].position == Position(120.95, 31.31)
    assert points[0].entry.whole("docks", low=1, high=3) == 2
    assert "'Polygon' must be a Point" in refusal(collection(feature([SQUARE])), parse_points)
    assert "swapped" in refusal(collection(feature([31.31, 120.95], "Point")), parse_points)
    assert "must be [longitude, latitude]" in refusal(collection(feature(None, "Point")), parse_points)


def test_polygons_know_their_part():
    found = parse_polygons(collection(feature([[SQUARE, HOLE]], "MultiPolygon")), "boundary.geojson")
    assert (found[0].part, found[0].parts, len(found[0].outline), len(found[0].holes)) == (1, 1, 4, 1)


def test_entries():
    entry = Entry("there", {"n": 2.5, "t": "x"})
    with pytest.raises(GeoJSONError, match=r"there: n = 2\.5 must be a whole number"):
        entry.whole("n", low=0, high=9)
    with pytest.raises(GeoJSONError, match="there: m is missing"):
        entry.number("m")
    assert entry.number("m", 3) == 3
    assert entry.text("u", "default") == "default"
    with pytest.raises(GeoJSONError, match="there: id 'a' is taken"):
        unique([("a", entry), ("a", entry)])


corner = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
height = st.none() | st.floats(0, 500)
instant = st.integers(0, 4_000_000_000)


@given(
    st.lists(
        st.builds(
            lambda at, size, low, high, above, start, length, margin, name: {
                "name": name,
                "ground": Area(
                    outline=tuple(
                        (120.9 + at[0] + size * x, 31.3 + at[1] + size * y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 2))
                    )
                ),
                "floor_m": low,
                "ceiling_m": None if high is None else (low or 0.0) + high,
                "floor_reference": above,
                "ceiling_reference": above,
                "valid_from_s": float(start),
                "valid_until_s": None if length is None else float(start + length),
                "margin_m": margin,
            },
            corner,
            st.floats(0.001, 0.1),
            height,
            height,
            st.sampled_from(["AGL", "AMSL"]),
            instant,
            st.none() | st.integers(1, 10**7),
            st.floats(0, 100),
            st.text(min_size=1).filter(str.strip),
        ),
        max_size=4,
    )
)
def test_zones_are_written_and_read_back_unchanged(fields):
    zones = tuple(Geozone(id=f"z{k}", **values) for k, values in enumerate(fields))
    text = json.dumps(zones_to_geojson(zones))
    assert parse_zones(json.loads(text), "zones.geojson", KUNSHAN) == zones


def test_parsing_leaves_its_input_alone():
    obj = collection(feature([SQUARE, HOLE]))
    before = copy.deepcopy(obj)
    parse_zones(obj, "zones.geojson")
    assert obj == before
