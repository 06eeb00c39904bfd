"""The local plane against the ellipsoid: Kunshan, Tromsø, and Taveuni, where the antimeridian runs
through."""

import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.frame import FrameError, LocalFrame
from geo.position import Position

GEOD = Geod(ellps="WGS84")
CENTRES = {
    "Kunshan": Position(120.98, 31.385),
    "Tromsø": Position(18.9553, 69.6492),
    "Taveuni": Position(-179.98, -16.85),
    "Virginia Beach": Position(-75.978, 36.853),
}
centres = st.sampled_from(list(CENTRES.values()))
offsets = st.tuples(st.floats(0, 60_000), st.floats(0, 360))


def off(centre: Position, offset: tuple[float, float]) -> Position:
    lon, lat, _ = GEOD.fwd(centre.longitude_deg, centre.latitude_deg, offset[1], offset[0])
    return Position(lon, lat)


def truth(start: Position, end: Position) -> tuple[float, float]:
    bearing, _, metres = GEOD.inv(start.longitude_deg, start.latitude_deg, end.longitude_deg, end.latitude_deg)
    return bearing % 360, metres


@given(centres, offsets, offsets)
def test_distances_in_the_plane_are_true_within_60_km(centre, one, other):
    frame = LocalFrame(centre)
    start, end = off(centre, one), off(centre, other)
    plane_m = float(np.hypot(*(frame.xy(end) - frame.xy(start))))
    assert plane_m == pytest.approx(truth(start, end)[1], rel=2.5e-5, abs=1e-3)  # 0.1 % was asked


@given(centres, st.tuples(st.floats(1, 60_000), st.floats(0, 360)))
def test_bearings_and_distances_from_the_origin_are_exact(centre, offset):
    east, north = LocalFrame(centre).xy(off(centre, offset))
    assert math.hypot(east, north) == pytest.approx(offset[0], abs=1e-3)
    wrong = (math.degrees(math.atan2(east, north)) - offset[1] + 180) % 360 - 180
    assert abs(wrong) * offset[0] < 0.1  # degrees × metres


@given(centres, offsets, offsets)
def test_bearing_and_distance_agree_with_the_geodesic_everywhere(centre, one, other):
    frame = LocalFrame(centre)
    start, end = off(centre, one), off(centre, other)
    bearing, metres = truth(start, end)
    assert frame.distance_m(start, end) == pytest.approx(metres, rel=1e-3, abs=1e-6)
    if metres > 1:
        assert abs((frame.bearing_deg(start, end) - bearing + 180) % 360 - 180) < 0.36


@pytest.mark.parametrize("place", list(CENTRES))
def test_in_twelve_thousand_pairs_the_plane_errs_less_than_a_thousandth(place):
    """Distances, and bearings once the plane's north is turned to true north, over pairs within 60 km of the origin."""
    centre, chance, n = CENTRES[place], np.random.default_rng(180), 12_000
    full, frame = np.ones(n), LocalFrame(centre)
    ends = []
    for _ in range(2):
        away_m, course_deg = 60_000 * np.sqrt(chance.uniform(0, 1, n)), chance.uniform(0, 360, n)
        ends.append(GEOD.fwd(full * centre.longitude_deg, full * centre.latitude_deg, course_deg, away_m)[:2])
    (lon, lat), (to_lon, to_lat) = ends
    bearing_deg, _, metres = GEOD.inv(lon, lat, to_lon, to_lat)
    start = frame.to_xy(lon, lat)
    step, north = frame.to_xy(to_lon, to_lat) - start, frame.to_xy(lon, lat + 1e-4) - start
    assert np.abs(np.hypot(*step.T) / metres - 1).max() < 2e-5  # 1e-3 was asked
    plane_deg = np.degrees(np.arctan2(*step.T) - np.arctan2(*north.T))
    wrong_deg = np.abs((plane_deg - bearing_deg + 180) % 360 - 180)
    assert np.radians(wrong_deg).max() < 5e-5  # 1e-3 of a radian was asked
    for k in range(0, n, 400):
        one, two = Position(lon[k], lat[k]), Position(to_lon[k], to_lat[k])
        assert frame.distance_m(one, two) == pytest.approx(metres[k], rel=1e-9)
        assert abs((frame.bearing_deg(one, two) - bearing_deg[k] + 180) % 360 - 180) < 1e-6


def test_meridians_converge_at_tromso_and_the_bearing_knows():
    frame = LocalFrame(CENTRES["Tromsø"])
    start = off(frame.origin, (60_000, 90))
    end = Position(start.longitude_deg, start.latitude_deg + 0.1)  # due north
    assert frame.bearing_deg(start, end) == pytest.approx(0, abs=1e-6)
    east, north = frame.xy(end) - frame.xy(start)
    assert math.degrees(math.atan2(east, north)) == pytest.approx(-1.45, abs=0.1)  # the plane's north is the origin's


@given(centres, offsets)
def test_there_and_back(centre, offset):
    frame = LocalFrame(centre)
    here = off(centre, offset)
    assert truth(frame.position(frame.xy(here)), here)[1] < 1e-3


def test_the_antimeridian_is_no_edge():
    frame = LocalFrame(CENTRES["Taveuni"])
    west, east = Position(179.99, -16.85), Position(-179.95, -16.85)
    assert float(np.hypot(*(frame.xy(east) - frame.xy(west)))) == pytest.approx(6_394, rel=1e-3)
    assert frame.xy(Position(180.0, -17.0)) == pytest.approx(frame.xy(Position(-180.0, -17.0)))
    lonlat = frame.to_lonlat([[-10_000.0, 0.0], [10_000.0, 0.0]])
    assert lonlat[0, 0] > 179
    assert lonlat[1, 0] < -179
    assert frame.bearing_deg(west, east) == pytest.approx(90, abs=0.1)


def test_many_points_in_one_call():
    frame = LocalFrame(CENTRES["Kunshan"])
    positions = [frame.origin, Position(121.0, 31.4)]
    xy = frame.xy_of(positions)
    assert xy.shape == (2, 2)
    assert xy[0] == pytest.approx((0, 0), abs=1e-6)
    assert frame.to_lonlat(xy) == pytest.approx(np.array([[p.longitude_deg, p.latitude_deg] for p in positions]))
    assert frame.to_xy(120.98, 31.385).shape == (1, 2)
    assert frame.xy_of([]).shape == frame.to_lonlat(np.empty((0, 2))).shape == (0, 2)


def test_a_frame_is_a_value():
    one, same, other = LocalFrame(Position(1.0, 2.0)), LocalFrame(Position(1.0, 2.0)), LocalFrame(Position(2.0, 2.0))
    assert one == same != other
    assert len({one, same, other}) == 2
    assert pickle.loads(pickle.dumps(one)) == one


def test_several_frames_in_many_threads_give_the_same_numbers():
    frames = [LocalFrame(centre) for centre in CENTRES.values()]
    here = Position(121.0, 31.4)
    expected = [frame.xy(here) for frame in frames]

    def work(k: int) -> bool:
        return all(
            np.array_equal(frames[i % len(frames)].xy(here), expected[i % len(frames)]) for i in range(k, k + 300)
        )

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(48)))


def test_no_distance_has_bearing_0():
    here = Position(121.0, 31.4)
    assert LocalFrame(here).bearing_deg(here, here) == 0.0


@pytest.mark.parametrize("lon", [math.nan, math.inf, 200.0])
def test_coordinates_off_the_earth_are_refused_by_index(lon):
    with pytest.raises(FrameError, match=r"point 1: \(longitude, latitude\)"):
        LocalFrame(CENTRES["Kunshan"]).to_xy([121.0, lon], [31.0, 31.0])


def test_points_off_the_plane_are_refused_by_index():
    with pytest.raises(FrameError, match=r"point 0: \(east, north\)"):
        LocalFrame(CENTRES["Kunshan"]).to_lonlat([math.nan, 0.0])
