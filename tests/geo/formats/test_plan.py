"""QGroundControl plans: read, and written so that they are read back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.airspace import Area, Circle, Geozone
from geo.formats import plan
from geo.formats.zone_file import ZoneFileError
from geo.position import Position
from tests.geo.formats.documents import changed
from tests.geo.formats.documents import plan as document

POLYGON = ("geoFence", "polygons", 0)
CIRCLE = ("geoFence", "circles", 0)


def test_a_fence_of_a_polygon_to_stay_in_and_a_circle_to_stay_out_of() -> None:
    inside, outside = plan.parse(document(), "site.plan").zones
    assert inside == Geozone(
        id="site-polygon-1",
        name="site-polygon-1",
        kind="inclusion",
        ground=Area(outline=((2.5, 49.0), (2.7, 49.0), (2.6, 49.1))),
        margin_m=10.0,
    )
    assert outside == Geozone(
        id="site-circle-1",
        name="site-circle-1",
        ground=Circle(centre=Position(2.6, 49.05), radius_m=120.5),
        margin_m=20.0,
    )


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("fileType",), "Mission", ["$.fileType"]),
        (("geoFence",), None, ["$.geoFence", "required"]),
        (("geoFence", "version"), 1, ["$.geoFence.version"]),
        ((*POLYGON, "polygon"), [[49.0, 2.5], [49.0, 2.7]], ["polygons[0].polygon", "at least 3"]),
        ((*POLYGON, "polygon", 0), ["49", 2.5], ["polygons[0].polygon[0][0]"]),
        ((*POLYGON, "polygon", 0), [2.5, 149.0], []),
        ((*POLYGON, "polygon", 0), [149.0, 2.5], ["$.geoFence.polygons[0]", "outside ±90°"]),
        ((*POLYGON, "inclusion"), "yes", ["polygons[0].inclusion"]),
        ((*CIRCLE, "circle", "radius"), 0, ["circles[0].circle.radius"]),
        ((*CIRCLE, "circle", "center"), None, ["circles[0].circle.center"]),
    ],
)
def test_every_fault_is_refused_with_its_place(path: tuple[str | int, ...], value: Any, words: list[str]) -> None:
    spoiled = changed(document(), path, value)
    if not words:
        assert plan.parse(spoiled, "p").zones[0].ground.outline[0] == (149.0, 2.5)  # type: ignore[union-attr]
        return
    with pytest.raises(ZoneFileError) as caught:
        plan.parse(spoiled, "p")
    for word in ("p: ", *words):
        assert word in str(caught.value)


def test_a_swapped_pair_is_found_by_the_city() -> None:
    with pytest.raises(ZoneFileError, match=r"polygons\[0\].*latitude and longitude are swapped"):
        plan.parse(document(), "p", near=Position(49.0, 2.5))


circles = st.builds(
    Circle,
    centre=st.builds(Position, st.floats(-179, 179), st.floats(-80, 80)),
    radius_m=st.floats(1, 5000),
)
areas = st.builds(
    lambda lon, lat, size: Area(outline=((lon, lat), (lon + size, lat), (lon, lat + size))),
    st.floats(-170, 170),
    st.floats(-70, 70),
    st.floats(0.01, 1),
)


@given(st.lists(areas, max_size=3), st.lists(circles, max_size=3), st.booleans())
def test_a_fence_is_written_and_read_back_unchanged(areas: list[Area], circles: list[Circle], inclusion: bool) -> None:
    kind, margin_m = ("inclusion", 10.0) if inclusion else ("prohibited", 20.0)
    zones = tuple(
        Geozone(id=id_, name=id_, ground=ground, kind=kind, margin_m=margin_m)  # type: ignore[arg-type]
        for id_, ground in (
            *((f"f-polygon-{k}", area) for k, area in enumerate(areas, 1)),
            *((f"f-circle-{k}", circle) for k, circle in enumerate(circles, 1)),
        )
    )
    text = json.dumps(plan.zones_to_plan(zones))
    assert plan.parse(json.loads(text), "f.plan").zones == zones


def test_a_hole_cannot_be_written() -> None:
    holed = Area(outline=((0, 0), (9, 0), (0, 9)), holes=(((1, 1), (2, 1), (1, 2)),))
    with pytest.raises(ZoneFileError, match="'z' has a hole"):
        plan.zones_to_plan([Geozone(id="z", name="z", ground=holed)])
