"""The fence that a vehicle is given: the zones' own edges, nearest first, no more than it can hold."""

import math

import numpy as np
import shapely

from dispatch.fleet.px4 import fence_items
from dispatch.geofence import FenceCircle, FencePolygon, Geofence, fitted, geofence_of
from geo.airspace import Area, Circle, Geozone, restrictions
from tests.dispatch.worlds import FRAME, at, box

HERE = np.array([0.0, 0.0])
WAY = [[at(0, 0), at(1000, 0)]]


def ring(*corners_m: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return tuple((p.longitude_deg, p.latitude_deg) for p in (at(*corner) for corner in corners_m))


def polygon(area: FencePolygon) -> shapely.Polygon:
    return shapely.Polygon(FRAME.xy_of(area.corners))


def test_a_fence_is_drawn_at_the_zones_own_edge() -> None:
    (area,) = geofence_of(FRAME, restrictions([box("Z", 400, 100, 500, 200)]), HERE, WAY).areas
    assert isinstance(area, FencePolygon)
    assert not area.inside
    assert polygon(area).symmetric_difference(shapely.box(400, 100, 500, 200)).area < 1.0


def test_a_circle_stays_one_and_comes_after_all_polygons() -> None:
    round_one = Geozone(id="A", name="A", ground=Circle(centre=at(500, 60), radius_m=30.0))
    fence = geofence_of(FRAME, restrictions([round_one, box("Z", 400, 300, 500, 400)]), HERE, WAY)
    assert [type(area) for area in fence.areas] == [FenceCircle, FencePolygon], "nearest first"
    assert [item.command for item in fence_items(fence)] == [5002] * 4 + [5004]
    assert fence_items(fence)[-1].params[0] == 30.0


def test_a_hole_stays_open() -> None:
    zone = Geozone(
        id="Z",
        name="Z",
        ground=Area(
            outline=ring((100, 100), (500, 100), (500, 500), (100, 500)),
            holes=(ring((200, 200), (300, 200), (300, 300), (200, 300)),),
        ),
    )
    fence = geofence_of(FRAME, (zone,), HERE, WAY)
    closed = shapely.union_all([polygon(area) for area in fence.areas if isinstance(area, FencePolygon)])
    assert not closed.buffer(-0.01).contains(shapely.Point(250, 250))
    assert math.isclose(closed.area, 400**2 - 100**2, rel_tol=1e-3)


def test_inclusion_zones_are_one_area_to_stay_in() -> None:
    rooms = [box(f"I{k}", x, -500, x + 900, 500, kind="inclusion") for k, x in enumerate((-300, 500))]
    (area,) = geofence_of(FRAME, restrictions(rooms), HERE, WAY).areas
    assert isinstance(area, FencePolygon)
    assert area.inside
    assert polygon(area).symmetric_difference(shapely.box(-300, -500, 1400, 500)).area < 1.0


def test_a_zone_is_left_out_while_the_drone_is_in_it_and_where_its_way_passes_over_it() -> None:
    zones = restrictions(
        [box("in", -50, -50, 50, 50), box("over", 400, -50, 500, 50), box("beside", 400, 90, 500, 150)]
    )
    fence = geofence_of(FRAME, zones, HERE, WAY)
    assert {area.zone_id for area in fence.areas} == {"beside"}
    assert (fence.within, fence.over) == (("in",), ("over",))


def test_of_too_many_zones_the_nearest_go_up_whole_and_the_others_are_named() -> None:
    zones = restrictions([box(f"Z{k:02}", 400, 60 + 100 * k, 450, 120 + 100 * k) for k in range(20)])
    fence = geofence_of(FRAME, zones, HERE, WAY)
    assert fence.points == 80
    held = fitted(fence, 64)
    assert held.points == 64
    assert {area.zone_id for area in held.areas} == {f"Z{k:02}" for k in range(16)}
    assert held.no_room == tuple(f"Z{k:02}" for k in range(16, 20))


def test_a_shape_of_many_corners_is_rounded_by_less_than_its_margin() -> None:
    angles = np.linspace(0, 2 * math.pi, 200, endpoint=False)
    many = ring(*((600 + 300 * math.cos(a), 500 + 300 * math.sin(a)) for a in angles.tolist()))
    zone = Geozone(id="Z", name="Z", ground=Area(outline=many), margin_m=20.0)
    held = fitted(geofence_of(FRAME, (zone,), HERE, WAY), 64)
    (area,) = held.areas
    assert isinstance(area, FencePolygon)
    assert 8 <= len(area.corners) <= 64
    true = shapely.Polygon([FRAME.xy(at(600 + 300 * math.cos(a), 500 + 300 * math.sin(a))) for a in angles.tolist()])
    assert shapely.hausdorff_distance(true.exterior, polygon(area).exterior) <= 5.0 + 0.1


def test_nothing_is_a_fence_too() -> None:
    assert geofence_of(FRAME, (), None, []) == Geofence()
