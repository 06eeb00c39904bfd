"""The mission that a vehicle carries leads home legally from wherever it is told to hold."""

import itertools

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dispatch.fleet.px4 import (
    HOVERING,
    LAND,
    LAND_START,
    LOITER,
    LOITER_TIME,
    ON_WING,
    SPEED,
    TRANSITION,
    WAYPOINT,
    mission_items,
)
from dispatch.mission import Mission, Waypoint, leads_home, lines_of, mission_of, nearest_is_legal, samples
from geo.airspace import restrictions
from geo.flight import FlightPlan, timed_plan
from geo.route import Airways, legs_of, motion_of, prepare
from geo.wind import CALM
from tests.dispatch.worlds import FRAME, QUAD, VTOL, at, box

PLACES = st.tuples(st.floats(-1500, 1500), st.floats(-1500, 1500))
WALLS = st.lists(
    st.tuples(st.floats(-1200, 1200), st.floats(-1200, 1200), st.floats(30, 700), st.floats(30, 700)), max_size=5
)
HEIGHT_M = 60.0


def plan(airways: Airways, start: tuple[float, float], goal: tuple[float, float]) -> FlightPlan | None:
    motion = motion_of(QUAD, CALM)
    way = airways.ways_from(np.array(start), np.array([goal]), motion)[0]
    if way is None:
        return None
    return timed_plan(legs_of(way, FRAME, motion), QUAD, height_m=HEIGHT_M, climb_from_m=None, sensor=False)


def carried(airways: Airways, start: tuple[float, float], goal: tuple[float, float]) -> Mission | None:
    out, back = plan(airways, start, goal), plan(airways, goal, start)
    if out is None or back is None or not out.legs:
        return None
    here = Waypoint(position=at(*start), height_m=HEIGHT_M)
    return mission_of(airways, here, out, back, at(*start), QUAD.speed_mps)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(walls=WALLS, start=PLACES, goal=PLACES)
def test_wherever_it_holds_the_nearest_item_can_be_flown_to(
    walls: list[tuple[float, float, float, float]], start: tuple[float, float], goal: tuple[float, float]
) -> None:
    zones = restrictions([box(f"Z{k}", x, y, x + w, y + h) for k, (x, y, w, h) in enumerate(walls)])
    airways = prepare(FRAME, zones)
    mission = carried(airways, start, goal)
    assume(mission is not None)
    assert mission is not None
    out, back = (FRAME.xy_of(line) for line in lines_of(mission))
    way = np.vstack([[start], out, back[1:]])
    assert not airways.blocked(way[:-1], way[1:]).any()
    heights = [HEIGHT_M, *(w.height_m for w in (*mission.points, *mission.back))]
    flown = np.column_stack([way, heights])
    for a, b in itertools.pairwise(flown):
        if not np.array_equal(a[:2], b[:2]):
            assert nearest_is_legal(airways, samples(a, b), flown[1:]).all()
    assert leads_home(airways, np.vstack([[start], out]), HEIGHT_M, mission)


def test_a_mission_whose_way_back_is_cut_leads_home_no_more() -> None:
    mission = carried(prepare(FRAME, ()), (0.0, 0.0), (1000.0, 0.0))
    assert mission is not None
    across = prepare(FRAME, restrictions([box("Z", 300, -100, 400, 100)]))
    ahead = np.array([[700.0, 0.0], [1000.0, 0.0]])
    assert leads_home(prepare(FRAME, ()), ahead, HEIGHT_M, mission)
    assert not leads_home(across, ahead, HEIGHT_M, mission)


def test_px4_is_given_a_hold_a_landing_marker_and_the_landing() -> None:
    mission = carried(prepare(FRAME, restrictions([box("Z", 400, -300, 500, 200)])), (0.0, 0.0), (1000.0, 0.0))
    assert mission is not None
    items = mission_items(mission)
    commands = [item.command for item in items]
    assert commands.count(SPEED) == 1
    assert commands.index(SPEED) == 1
    assert [c for c in commands if c != WAYPOINT] == [SPEED, LOITER, LAND_START, LAND]
    held = commands.index(LOITER)
    assert commands[held - 1] == WAYPOINT
    assert items[held - 1].position == items[held].position, "behind a corner the hold's own line is 2 m wide only"
    assert commands[-1] == LAND
    assert items[-1].position == at(0.0, 0.0)
    assert items[-1].height_m == 0.0


def test_without_a_way_back_there_is_no_landing() -> None:
    here = Waypoint(position=at(0, 0), height_m=HEIGHT_M)
    out = plan(prepare(FRAME, ()), (0.0, 0.0), (100.0, 0.0))
    assert out is not None
    mission = mission_of(prepare(FRAME, ()), here, out, None, None, 20.0)
    assert mission.back == ()
    assert [item.command for item in mission_items(mission)] == [LOITER, SPEED]


def winged(zones: Airways, start: tuple[float, float], goal: tuple[float, float], hold_s: float | None) -> Mission:
    """The mission of a VTOL there and back."""
    motion, ends = motion_of(VTOL, CALM), np.array([start, goal])
    out, back = (zones.ways_from(a, b[None], motion)[0] for a, b in (ends, ends[::-1]))
    assert out is not None
    assert back is not None
    there, home = (
        timed_plan(zones.legs(way, motion), VTOL, height_m=HEIGHT_M, climb_from_m=None, sensor=False)
        for way in (out, back)
    )
    here = Waypoint(position=at(*start), height_m=HEIGHT_M)
    return mission_of(zones, here, there, home, at(*start), VTOL.speed_mps, hold_s)


def test_a_vtol_transitions_where_its_leg_begins_and_is_back_before_it_holds_and_before_it_lands() -> None:
    mission = winged(prepare(FRAME, ()), (0.0, 0.0), (2000.0, 0.0), 40.0)
    items = mission_items(mission)
    commands = [(item.command, item.params[0]) if item.command == TRANSITION else item.command for item in items]
    on_wing = [WAYPOINT, (TRANSITION, ON_WING), WAYPOINT, (TRANSITION, HOVERING), WAYPOINT]
    assert commands == [WAYPOINT, SPEED, *on_wing[1:], LOITER_TIME, LAND_START, *on_wing, LAND]
    places = [item.position for item in items if item.command == WAYPOINT]
    home, scene = at(0.0, 0.0), at(2000.0, 0.0)
    assert places == [home, scene, scene, scene, home, home]
    assert next(item.params[0] for item in items if item.command == LOITER_TIME) == 40.0


def test_a_vtol_that_goes_round_a_zone_does_so_hovering() -> None:
    zones = prepare(FRAME, restrictions([box("Z", 900, -300, 1000, 300)]))
    mission = winged(zones, (0.0, 0.0), (2000.0, 0.0), 40.0)
    assert TRANSITION not in [item.command for item in mission_items(mission)]
    assert len(mission.points) == 3


def test_a_vtol_without_a_way_back_lands_where_it_holds() -> None:
    here = Waypoint(position=at(0, 0), height_m=HEIGHT_M)
    items = mission_items(Mission(points=(here,), back=(), speed_mps=10.0, hold_s=30.0))
    assert [item.command for item in items] == [LOITER_TIME, SPEED, LAND]
    assert items[-1].position == here.position


def test_a_vtol_comes_home_if_its_way_back_is_clear() -> None:
    """It returns along its mission only: where the nearest item lies is nothing to it."""
    mission = winged(prepare(FRAME, ()), (0.0, 0.0), (2000.0, 0.0), 40.0)
    ahead = np.array([[700.0, 0.0], [2000.0, 0.0]])
    assert leads_home(prepare(FRAME, ()), ahead, HEIGHT_M, mission)
    assert not leads_home(prepare(FRAME, restrictions([box("Z", 300, -100, 400, 100)])), ahead, HEIGHT_M, mission)
