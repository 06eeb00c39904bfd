"""The orbit over a scene: as wide as was asked for where that is legal, else narrower, else none and why."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from dispatch.mission import Mission, Waypoint, nearest_is_legal, places_of
from dispatch.model import IncidentType, Orbit, Reason, Situation
from dispatch.orbit import (
    ALLOWANCE_M,
    LEAST_RADIUS_M,
    NARROWER,
    SPEED_MPS,
    clear_m,
    comes_home,
    disc,
    orbit_over,
    rings,
    speed_mps,
    stays_legal,
)
from dispatch.sky import airways_of
from geo.airspace import Circle, Geozone
from geo.route import prepare
from geo.wind import CALM, Wind
from tests.dispatch.worlds import FRAME, QUAD, RULES, VTOL, at, base, box, drone, flying, frozen, incident, situation

HEIGHT_M = RULES.cruise_height_m
ASKED_M = 25.0
FIRE = IncidentType(code="any", name_en="Fire", name_zh="火警", priority=1, needs=("visible",), orbit_radius_m=ASKED_M)
HERE = flying("D1", 0, 0)
CASE = incident("I1", 0, 0)


def home_by(*corners: tuple[float, float]) -> Mission:
    """Over the scene, then home by these corners."""
    back = (*(Waypoint(position=at(*c), height_m=HEIGHT_M) for c in corners[:-1]),)
    landing = Waypoint(position=at(*corners[-1]), height_m=0.0)
    return Mission(points=(Waypoint(position=at(0, 0), height_m=HEIGHT_M),), back=(*back, landing), speed_mps=20.0)


HOME = home_by((0, -800))


def world(*zones: Geozone, kind: IncidentType = FIRE, **changes: Any) -> Situation:
    """One drone over one incident, a base 800 m south."""
    here = situation([base("B1", 0, -800)], [drone("D1", "B1")], [CASE], states=[HERE], zones=zones)
    return dataclasses.replace(here, types=frozen({kind.code: kind}), **changes)


def over(*zones: Geozone, mission: Mission = HOME, height_m: float = HEIGHT_M, **changes: Any) -> Orbit | Reason:
    """The orbit in such a world."""
    return orbit_over(world(*zones, **changes), QUAD, HERE, CASE, height_m, mission)


def orbit(*zones: Geozone, **changes: Any) -> Orbit:
    """The same where there is one."""
    found = over(*zones, **changes)
    assert isinstance(found, Orbit), found
    return found


def code(*zones: Geozone, **changes: Any) -> str:
    """The code of why there is none."""
    found = over(*zones, **changes)
    assert isinstance(found, Reason), found
    assert all(str(value) for value in found.values.values())
    return found.code


def test_in_the_open_it_is_as_wide_as_was_asked_for() -> None:
    found = orbit()
    assert found == Orbit(centre=at(0, 0), radius_m=ASKED_M, speed_mps=5.0, height_m=HEIGHT_M)


def test_a_zone_beside_the_scene_narrows_it_to_what_is_clear() -> None:
    near = box("Z", 30, -100, 100, 100)  # its margin begins 20 m east
    assert orbit(near).radius_m == pytest.approx(20 - ALLOWANCE_M, abs=0.01)
    assert stays_legal(world(near), orbit(near))
    assert not stays_legal(world(near), orbit())


def test_too_near_to_a_zone_it_hovers_and_names_it() -> None:
    found = over(box("Y", 300, 0, 400, 100), box("Z", 20, -100, 100, 100))
    assert isinstance(found, Reason)
    assert found.code == "orbit_zone"
    assert found.values == {"zone_id": "Z", "radius_m": pytest.approx(7.0, abs=0.1)}
    assert "Z" in found.text


def test_it_stays_inside_an_inclusion_zone() -> None:
    inside = dataclasses.replace(box("F", -30, -1000, 1000, 1000), kind="inclusion")
    assert orbit(inside).radius_m == pytest.approx(20 - ALLOWANCE_M, abs=0.01)


def test_a_zone_that_is_flown_over_is_none() -> None:
    assert orbit(box("Z", 30, -100, 100, 100, ceiling_m=40.0)).radius_m == ASKED_M


def test_the_point_stays_in_the_picture() -> None:
    low = orbit(height_m=30.0)
    assert low.radius_m == pytest.approx(QUAD.footprint_radius_m(30.0) - ALLOWANCE_M)
    assert code(height_m=15.0) == "orbit_footprint"


def test_it_leans_little_and_holds_its_circle_against_the_wind() -> None:
    assert speed_mps(100.0, QUAD, CALM) == SPEED_MPS
    assert speed_mps(9.0, QUAD, CALM) == pytest.approx(3.0)
    assert speed_mps(100.0, QUAD, Wind(22.0, 0.0)) == pytest.approx(3.0)
    assert code(wind=Wind(10.0, 0.0, 24.5)) == "orbit_wind"


def test_what_is_no_multirotor_hovers() -> None:
    found = orbit_over(world(), VTOL, HERE, CASE, HEIGHT_M, HOME)
    assert isinstance(found, Reason)
    assert found.code == "orbit_airframe"


def test_without_a_way_home_it_hovers() -> None:
    assert code(mission=dataclasses.replace(HOME, back=())) == "orbit_way_home"


def test_the_way_home_narrows_it_where_its_first_corner_lies_behind_a_zone() -> None:
    """From the east of a wide circle the nearest item is the corner, and a tip of the zone stands between."""
    tip = box("Z", 36, -30, 38, -4, margin_m=0.0)
    corner = home_by((45, 0), (45, -800))
    wide = orbit(tip)
    assert wide.radius_m == ASKED_M
    narrow = over(tip, mission=corner)
    assert isinstance(narrow, Reason) or narrow.radius_m < ASKED_M


def test_rings_leave_no_place_of_the_disc_farther_off_than_asked() -> None:
    line = shapely.LineString(rings(np.array([100.0, -50.0]), 40.0, 10.0))
    assert shapely.Point(100, -50).buffer(40.0 + ALLOWANCE_M).difference(line.buffer(10.01)).area < 1e-6


metres = st.floats(-90, 90)


@st.composite
def beside(draw: st.DrawFn) -> tuple[Geozone, ...]:
    """Some zones round a scene at the origin."""
    zones = []
    for k in range(draw(st.integers(1, 4))):
        east, north, margin_m = draw(metres), draw(metres), draw(st.sampled_from([0.0, 5.0, 20.0]))
        if draw(st.booleans()):
            zones.append(
                Geozone(
                    id=f"z{k}",
                    name="z",
                    ground=Circle(centre=at(east, north), radius_m=draw(st.floats(1, 40))),
                    margin_m=margin_m,
                )
            )
        else:
            wide, high = draw(st.floats(1, 80)), draw(st.floats(1, 80))
            zones.append(box(f"z{k}", east, north, east + wide, north + high, margin_m=margin_m))
    return tuple(zones)


@given(beside(), st.floats(LEAST_RADIUS_M, 60.0), st.lists(st.tuples(metres, metres), min_size=1, max_size=4))
def test_whatever_lies_round_it_the_disc_is_clear_and_leads_home(
    zones: tuple[Geozone, ...], asked_m: float, corners: list[tuple[float, float]]
) -> None:
    kind = dataclasses.replace(FIRE, orbit_radius_m=asked_m)
    mission = home_by(*corners, (corners[-1][0], -800.0))
    here = world(*zones, kind=kind)
    airways = airways_of(here, HEIGHT_M)
    found = orbit_over(here, QUAD, HERE, CASE, HEIGHT_M, mission)
    if isinstance(found, Reason):
        return
    assert LEAST_RADIUS_M <= found.radius_m <= asked_m
    reach_m = found.radius_m + ALLOWANCE_M
    closed = shapely.union_all(airways.closed_ground)
    assert shapely.Point(0, 0).distance(closed) >= reach_m - 1e-6
    chance = np.random.default_rng(7)
    away_m, angle = 0.998 * reach_m * np.sqrt(chance.random(400)), chance.uniform(0, 2 * math.pi, 400)
    heights_m = HEIGHT_M + chance.uniform(-2.0, 2.0, 400)
    places = np.stack([away_m * np.cos(angle), away_m * np.sin(angle), heights_m], axis=1)
    items = np.vstack([places_of(FRAME, mission.points), places_of(FRAME, mission.back)])
    assert nearest_is_legal(airways, places, items).all()


def test_the_disc_holds_the_circle_and_clear_ground_is_measured_to_the_nearest() -> None:
    assert disc(np.zeros(2), 10.0).buffer(1e-9).contains(shapely.Point(0, 0).buffer(10.0, quad_segs=64))
    empty = prepare(FRAME, ())
    assert math.isinf(clear_m(empty, np.zeros(2)))
    assert comes_home(empty, np.zeros(2), 25.0, HEIGHT_M, HOME)
    assert NARROWER < 1
