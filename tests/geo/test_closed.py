"""Closed ground: it holds all that its zone and margin hold, and little more."""

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.airspace import Area, Circle, Fence, Geozone, restrictions
from geo.closed import CIRCLE_EXCESS_M, MOST_SIDES, closed_ground, polygons_of, sides_of
from geo.frame import LocalFrame
from geo.position import Position
from tests.geo.fields import FRAME, ring, square, zone

GEOD = Geod(ellps="WGS84")


def circle(east_m: float, north_m: float, radius_m: float, **changes: Any) -> Geozone:
    centre = FRAME.position((east_m, north_m))
    return Geozone(id="c", name="c", ground=Circle(centre=centre, radius_m=radius_m), **changes)


def inclusion(id_: str, points: list[tuple[float, float]], margin_m: float = 10.0) -> Geozone:
    return Geozone(id=id_, name=id_, kind="inclusion", ground=Area(outline=ring(points)), margin_m=margin_m)


@given(
    st.sampled_from([Position(120.9, 31.3), Position(18.96, 69.65), Position(179.95, -16.5)]),
    st.floats(0, 50_000),
    st.floats(0, 360),
    st.floats(1, 10_000),
    st.sampled_from([0.0, 20.0]),
)
def test_a_circle_is_closed_to_its_margin_on_the_geodesic_and_little_beyond(
    origin: Position, away_m: float, bearing_deg: float, radius_m: float, margin_m: float
) -> None:
    frame = LocalFrame(origin)
    lon, lat, _ = GEOD.fwd(origin.longitude_deg, origin.latitude_deg, bearing_deg, away_m)
    one = Geozone(id="c", name="c", ground=Circle(centre=Position(lon, lat), radius_m=radius_m), margin_m=margin_m)
    ground = closed_ground(frame, one)
    edge_m = radius_m + margin_m
    courses = np.arange(0, 360, 3.7)
    full = np.ones(len(courses))
    for reach_m, inside in ((edge_m - 0.05, True), (_corner_m(edge_m) + 0.05, False)):
        lons, lats, _ = GEOD.fwd(lon * full, lat * full, courses, reach_m * full)
        held = shapely.contains_xy(ground, *frame.to_xy(lons, lats).T)
        assert held.all() if inside else not held.any()


def _corner_m(radius_m: float) -> float:
    return radius_m / math.cos(math.pi / sides_of(radius_m))


@given(st.floats(1, 100_000))
def test_a_polygon_stands_out_half_a_metre_or_has_the_most_sides(radius_m: float) -> None:
    excess_m = _corner_m(radius_m) - radius_m
    assert sides_of(radius_m) <= MOST_SIDES
    assert excess_m <= CIRCLE_EXCESS_M + 1e-9 or sides_of(radius_m) == MOST_SIDES


def test_an_area_is_closed_with_its_margin_but_its_hole_is_open() -> None:
    ground = closed_ground(FRAME, zone(square(100), holes=[square(50)], margin_m=10))
    held = [ground.intersects(shapely.Point(x, 0)) for x in (0, 39, 41, 100, 109, 111)]
    assert held == [False, False, True, True, True, False]


def test_a_fence_closes_all_but_the_union_of_its_zones_less_the_margin() -> None:
    (fence,) = restrictions([inclusion("a", square(100)), inclusion("b", square(100, 150))])
    assert isinstance(fence, Fence)
    ground = closed_ground(FRAME, fence)
    open_at = [
        not ground.intersects(shapely.Point(x, 0)) for x in (-101, -91, -89, 0, 75, 100, 239, 241, 5000, 200_000)
    ]
    assert open_at == [False, False, True, True, True, True, True, False, False, False]


def test_zones_that_touch_make_one_place_to_fly() -> None:
    (fence,) = restrictions([inclusion("a", square(100)), inclusion("b", square(100, 200))])
    assert not closed_ground(FRAME, fence).intersects(shapely.LineString([(0, 0), (200, 0)]))


def test_a_circle_to_stay_inside_is_never_wider_than_it_is() -> None:
    inside = circle(3000, 4000, 800, kind="inclusion", margin_m=10.0)
    (fence,) = restrictions([inside])
    ground = closed_ground(FRAME, fence)
    middle = shapely.Point(3000, 4000)
    (hole,) = [ring for polygon in polygons_of(ground) for ring in polygon.interiors]
    assert shapely.Polygon(hole).contains(middle)
    assert max(math.dist(corner, (3000, 4000)) for corner in hole.coords) <= 790 + 0.1
    assert shapely.distance(hole, middle) >= 790 - 1.0


def test_a_fence_without_zones_closes_everything() -> None:
    nowhere = Fence(zones=(), named=("a",))
    assert closed_ground(FRAME, nowhere).contains(shapely.Point(0, 0))
    assert (nowhere.id, nowhere.margin_m) == ("a", 0.0)


@pytest.mark.parametrize("kind", ["prohibited", "authorisation", "conditional"])
def test_every_other_kind_closes_its_own_ground(kind: str) -> None:
    (rule,) = restrictions([circle(0, 0, 50, kind=kind)])
    assert closed_ground(FRAME, rule).contains(shapely.Point(0, 60))
    assert not closed_ground(FRAME, rule).intersects(shapely.Point(0, 90))
