"""KML: what a Placemark can mean is read, what it cannot is refused by its name."""

import pytest

from geo.airspace import Area
from geo.datum import Datum
from geo.formats import kml
from geo.formats.zone_file import ZoneFileError
from tests.geo.formats.documents import kml as document
from tests.geo.formats.documents import polygon


def data(**values: str) -> str:
    inner = "".join(f'<Data name="{key}"><value>{value}</value></Data>' for key, value in values.items())
    return f"<ExtendedData>{inner}</ExtendedData>"


def test_a_polygon_with_a_hole_on_the_ground_is_closed_at_all_heights() -> None:
    (zone,) = kml.parse(document(), "z.kml").zones
    assert (zone.id, zone.name, zone.kind, zone.floor_m, zone.ceiling_m) == (
        "Stadium",
        "Stadium",
        "prohibited",
        None,
        None,
    )
    assert isinstance(zone.ground, Area)
    assert zone.ground.outline == ((2.5, 49.0), (2.7, 49.0), (2.7, 49.2), (2.5, 49.2))
    assert [len(hole) for hole in zone.ground.holes] == [3]


@pytest.mark.parametrize(("mode", "above"), [("relativeToGround", "AGL"), ("absolute", "AMSL")])
def test_an_extruded_polygon_reaches_up_to_its_altitude(mode: str, above: str) -> None:
    (zone,) = kml.parse(document(polygon(120.5, mode, "1")), "z.kml").zones
    assert (zone.floor_m, zone.ceiling_m, zone.ceiling_reference) == (None, 120.5, above)


def test_altitudes_of_ground_that_is_clamped_mean_nothing() -> None:
    assert kml.parse(document(polygon(120.5, "clampToGround", "1")), "z.kml").zones[0].ceiling_m is None


def test_the_parts_of_a_multigeometry_are_numbered() -> None:
    shape = f"<MultiGeometry>{polygon()}<MultiGeometry>{polygon()}</MultiGeometry></MultiGeometry>"
    assert [zone.id for zone in kml.parse(document(shape), "z.kml").zones] == ["Stadium/1", "Stadium/2"]


def test_kind_conditions_margin_and_time() -> None:
    inside = data(kind="conditional", conditions="ask first", margin_m="7.5", colour="red")
    inside += "<TimeSpan><begin>2027-01-01T00:00:00Z</begin><end>2027-01-02T08:00:00+08:00</end></TimeSpan>"
    (zone,) = kml.parse(document(inside=inside), "z.kml").zones
    assert (zone.kind, zone.conditions, zone.margin_m) == ("conditional", "ask first", 7.5)
    assert (zone.valid_from_s, zone.valid_until_s) == (1798761600.0, 1798761600.0 + 86_400)
    simple = (
        '<ExtendedData><SchemaData schemaUrl="#x"><SimpleData name="kind">inclusion</SimpleData>'
        "</SchemaData></ExtendedData>"
    )
    assert kml.parse(document(inside=simple), "z.kml").zones[0].kind == "inclusion"


def test_a_datum_that_the_caller_states_is_converted() -> None:
    text = document().replace(",49.", ",31.").replace(" 2.", " 120.").replace(">2.", ">120.")
    shifted, plain = kml.parse(text, "z.kml", datum=Datum.GCJ02), kml.parse(text, "z.kml")
    assert isinstance(shifted.zones[0].ground, Area)
    assert isinstance(plain.zones[0].ground, Area)
    assert 1e-3 < abs(shifted.zones[0].ground.outline[0][0] - plain.zones[0].ground.outline[0][0]) < 1e-2


def test_ids_are_those_of_the_placemarks_or_their_numbers() -> None:
    text = document().replace("<Placemark>", '<Placemark id="p7">')
    assert kml.parse(text, "z.kml").zones[0].id == "p7"
    assert kml.parse(document(name=""), "z.kml").zones[0].id == "placemark-1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<kml><Document>", "not well-formed XML"),
        ("<gpx></gpx>", "expected the element <kml>, found <gpx>"),
        ('<!DOCTYPE kml [<!ENTITY a "b">]><kml>&a;</kml>', "refused: XML with entities"),
        (document("<Point><coordinates>2,49</coordinates></Point>"), "Placemark 1 ('Stadium'): a Point encloses no"),
        (document("<LineString><coordinates>2,49 3,49</coordinates></LineString>"), "a LineString encloses no ground"),
        (document("<MultiGeometry></MultiGeometry>"), "an empty MultiGeometry"),
        (document(""), "it has 0 geometries"),
        (document(polygon() + polygon()), "it has 2 geometries"),
        (document("<Polygon></Polygon>"), "a Polygon with 0 outer boundaries"),
        (document(polygon(100, "relativeToGround")), "that is not extruded encloses nothing"),
        (document(polygon(100, "relativeToSeaFloor", "1")), "altitudeMode 'relativeToSeaFloor' must be one of"),
        (document(polygon(0, "relativeToGround", "1")), "it encloses nothing"),
        (document(polygon(100, "absolute", "1").replace("2.7,49.0,100", "2.7,49.0,90", 1)), "altitudes from 90 to 100"),
        (document().replace("2.7,49.0,0.0", "2.7;49.0", 1), "coordinate 2 '2.7;49.0' is not longitude,latitude"),
        (document().replace("2.7,49.0,0.0", "2.7", 1), "coordinate 2 '2.7' is not longitude,latitude"),
        (document().replace("2.7,49.0,0.0", "2.7,149.0,0", 1), "outside ±90°"),
        (document().replace(" 2.5,49.0,0.0<", "<"), "outline is not closed"),
        (document(inside=data(kind="nice")), "kind = 'nice' must be one of prohibited"),
        (document(inside=data(margin_m="wide")), "margin_m = 'wide' must be a number"),
        (document(inside=data(margin_m="-1")), "margin_m = '-1' must be a number"),
        (document(inside="<TimeStamp><when>2027</when></TimeStamp>"), "a TimeStamp is an instant"),
        (document(inside="<TimeSpan><begin>2027</begin></TimeSpan>"), "TimeSpan: begin '2027'"),
        (
            document(inside="<TimeSpan><begin>2027-01-02T00:00:00Z</begin><end>2027-01-01T00:00:00Z</end></TimeSpan>"),
            "begin must be before end",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(ZoneFileError) as caught:
        kml.parse(text, "z.kml")
    assert str(caught.value).startswith("z.kml: ")
    assert words in str(caught.value)
