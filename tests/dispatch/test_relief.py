"""Flights over hills: no leg of a sortie nearer to the ground than its clearance, nothing over the unknown, and a city
without terrain as before."""

import dataclasses
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin

from dispatch.city import CityError, situation_of
from dispatch.city_folder import load_city
from dispatch.codec import from_json, to_json
from dispatch.decide import decide
from dispatch.events import Launch, Observed, Reported, Ticked
from dispatch.lifecycle import advance
from dispatch.model import Situation, SortieState
from dispatch.outbound import ways_out
from dispatch.planning import ways_home
from geo.flight import timed_plan
from geo.position import Position
from geo.terrain import Raster, Terrain, TerrainError, recall, remember
from tests.cities import CENTRE as CITY_CENTRE
from tests.cities import write_city
from tests.dispatch.worlds import (
    CENTRE,
    FRAME,
    NOW_S,
    QUAD,
    RULES,
    at,
    base,
    box,
    drone,
    flying,
    incident,
    situation,
    sortie,
)
from tests.geo.test_terrain import independently_m, sampled

STEP_DEG, POINTS = 0.0005, 260
"""Some 45 m by 55 m, over 12 km by 14 km."""


def terrain(heights: np.ndarray) -> Terrain:
    """A raster about the desert city."""
    north, west = CENTRE.latitude_deg + POINTS / 2 * STEP_DEG, CENTRE.longitude_deg - POINTS / 2 * STEP_DEG
    return Terrain(Raster(heights.astype(np.float32), west, north, STEP_DEG, STEP_DEG))


def ridge(top_m: float, *, east_m: float = 1500.0) -> Terrain:
    """A plain at sea level with a ridge from north to south."""
    columns = (np.arange(POINTS) - POINTS / 2) * STEP_DEG * 111_320 * math.cos(math.radians(CENTRE.latitude_deg))
    return terrain(np.tile(top_m * np.exp(-(((columns - east_m) / 200.0) ** 2)), (POINTS, 1)))


def hilly(over: Terrain, **changes: Any) -> Situation:
    """A drone at B1 (0, 0), another at B2 beyond the ridge, an incident between ridge and B2."""
    rules = dataclasses.replace(RULES, highest_above_base_m=400.0)
    bases = (base("B1", 0, 0), base("B2", 5000, 0))
    plain = situation(bases, [drone("D1", "B1")], [incident("I1", 3000, 100)], rules=rules)
    return dataclasses.replace(plain, terrain=remember(over), **changes)


def out_m(one: Situation) -> float | None:
    """The height of D1's way to I1; None where there is none."""
    plan = ways_out(one, QUAD, [one.states["D1"]], one.incidents["I1"].position)[0]
    return None if plan is None else plan.height_m


def test_over_a_ridge_a_flight_rises_as_high_as_it_must_and_climbs_for_so_long() -> None:
    assert out_m(hilly(ridge(20.0))) == 60.0
    assert out_m(hilly(ridge(100.0))) == 130.0
    high, low = hilly(ridge(100.0)), hilly(ridge(20.0))
    plans = [ways_out(one, QUAD, [one.states["D1"]], one.incidents["I1"].position)[0] for one in (high, low)]
    assert plans[0] is not None
    assert plans[1] is not None
    assert plans[0].time.climb_s - plans[1].time.climb_s == pytest.approx(70.0 / QUAD.takeoff_mps, abs=0.5)


def test_a_place_on_the_ridge_is_seen_from_as_high_as_the_drone_is_above_it() -> None:
    """130 m above its base it is 30 m above the ridge: what its camera sees there is no larger than that."""
    one = hilly(ridge(100.0))
    on_top = dataclasses.replace(one, incidents={"I1": incident("I1", 1500, 0)})
    plan = ways_out(on_top, QUAD, [one.states["D1"]], at(1500, 0))[0]
    assert plan is not None
    assert plan.height_m == 130.0
    plain = timed_plan(plan.legs, QUAD, height_m=130.0, climb_from_m=0.0, decision_s=1.0, uplink_s=0.5)
    assert plan.time.total_s > plain.time.total_s + 1.0
    en_route = dataclasses.replace(sortie("D1", SortieState.EN_ROUTE, "I1"), out=plan, from_base_id="B1", moving=True)
    for away_m, state in ((40.0, SortieState.EN_ROUTE), (15.0, SortieState.ON_SCENE)):
        told = flying("D1", 1500 - away_m, 0, height_m=130.0, ground_speed_mps=5.0)
        flying_there = situation(
            one.bases.values(), one.drones.values(), on_top.incidents.values(), sorties=[en_route], rules=one.rules
        )
        flying_there = dataclasses.replace(flying_there, terrain=one.terrain)
        after = advance(flying_there, Observed(at_s=NOW_S, states=(told,))).situation
        assert after.sorties["D1"].state is state


def test_above_a_base_that_stands_high_a_flight_need_not_rise() -> None:
    over = ridge(100.0)
    raised = dataclasses.replace(hilly(over), bases={"B1": base("B1", 0, 0, ground_amsl_m=100.0)})
    assert out_m(raised) == 60.0


def test_a_ridge_higher_than_may_be_flown_over_closes_the_way_and_the_option_says_so() -> None:
    one = hilly(ridge(380.0))
    assert out_m(one) is None
    (decision,) = decide(one)
    assert decision.drone_id is None
    (option,) = decision.options
    assert option.out is not None


def test_unknown_ground_is_never_flown_over() -> None:
    heights = np.zeros((POINTS, POINTS))
    heights[:, 160] = np.nan
    one = hilly(terrain(heights))
    assert out_m(one) is None
    near = dataclasses.replace(one, incidents={"I1": incident("I1", 800, 0)})
    assert out_m(near) == 60.0
    far = dataclasses.replace(one, incidents={"I1": incident("I1", -9000, 0)})
    assert out_m(far) is None, "beyond the raster's edge"


def test_at_its_height_other_zones_are_in_the_way() -> None:
    corridor = box("heli", 1200, -400, 1800, 400, floor_m=100.0, ceiling_m=300.0)
    one = dataclasses.replace(hilly(ridge(100.0)), zones={"heli": corridor})
    plan = ways_out(one, QUAD, [one.states["D1"]], one.incidents["I1"].position)[0]
    assert plan is not None
    assert plan.height_m == 130.0
    assert len(plan.legs) > 1, "it goes round the corridor above the ridge"


def test_a_drone_in_the_air_keeps_its_height_and_goes_where_that_is_enough() -> None:
    one = hilly(ridge(100.0))
    out = dataclasses.replace(sortie("D1", SortieState.EN_ROUTE, "I1"), from_base_id="B1")
    low = dataclasses.replace(one, states={"D1": flying("D1", 500, 0)}, sorties={"D1": out})
    assert out_m(low) is None
    homes = ways_home(low, QUAD, FRAME.xy(at(500, 0)), 60.0, 0.0)
    assert sorted(homes) == ["B1"]
    assert sorted(ways_home(low, QUAD, FRAME.xy(at(500, 0)), 130.0, 0.0)) == ["B1", "B2"]


def test_the_launch_is_ordered_at_that_height_and_the_base_is_remembered() -> None:
    one = hilly(ridge(100.0))
    quiet = dataclasses.replace(one, incidents={})
    outcome = advance(quiet, Reported(at_s=NOW_S, incident=incident("I1", 3000, 100)))
    outcome = advance(outcome.situation, Ticked(at_s=NOW_S + QUAD.dock_s + 0.1))
    (launch,) = [command for command in outcome.commands if isinstance(command, Launch)]
    assert launch.height_m == 130.0
    flown = outcome.situation.sorties["D1"]
    assert (flown.out.height_m, flown.from_base_id) == (130.0, "B1")


@settings(max_examples=15)
@given(st.integers(0, 5), st.floats(-4000, 4000), st.floats(-4000, 4000), st.floats(0, 200))
def test_no_leg_out_or_home_comes_nearer_than_the_clearance(
    seed: int, east_m: float, north_m: float, base_m: float
) -> None:
    over = _random_hills(seed)
    rules = dataclasses.replace(RULES, highest_above_base_m=500.0)
    bases = (base("B1", 0, 0, ground_amsl_m=base_m), base("B2", -2500, 2000, ground_amsl_m=0.0))
    zones = [box("Z", 300, -1500, 900, 1500), box("Y", -1500, 300, -500, 900)]
    one = situation(bases, [drone("D1", "B1")], [incident("I1", east_m, north_m)], rules=rules, zones=zones)
    one = dataclasses.replace(one, terrain=remember(over))
    plan = ways_out(one, QUAD, [one.states["D1"]], at(east_m, north_m))[0]
    if plan is None:
        return
    homes = ways_home(one, QUAD, np.array([east_m, north_m]), plan.height_m, base_m)
    assert "B1" in homes, "what was flown over outwards is flown over homewards"
    for flight in (one for one in (plan, *homes.values()) if one.legs):
        corners = [FRAME.xy(place) for place in (flight.legs[0].start, *(leg.end for leg in flight.legs))]
        for start, end in itertools.pairwise(corners):
            for aside_m in (-20.0, 0.0, 20.0):
                ground_m = independently_m(over.ground, FRAME.to_lonlat(sampled(start, end, aside_m)))
                assert base_m + plan.height_m >= ground_m.max() + 30.0 - 1e-2


_HILLS: dict[int, Terrain] = {}


def _random_hills(seed: int) -> Terrain:
    if seed not in _HILLS:
        chance = np.random.default_rng(seed)
        i, j = np.mgrid[0:POINTS, 0:POINTS] / POINTS
        waves = [
            np.sin(2 * math.pi * (a * i + b * j) + c)
            for a, b, c in chance.uniform((-4, -4, 0), (4, 4, 2 * math.pi), (6, 3))
        ]
        heights = 35.0 * np.sum(waves, axis=0) + chance.normal(0, 4, (POINTS, POINTS))
        _HILLS[seed] = terrain(heights)
    return _HILLS[seed]


def test_terrain_is_a_name_in_what_is_written_down() -> None:
    one = hilly(ridge(100.0))
    text = to_json(one)
    assert len(text) < 10_000
    again = from_json(Situation, text)
    assert again.terrain == one.terrain
    assert out_m(again) == 130.0
    assert remember(ridge(100.0)) == one.terrain, "the same hills have the same name"
    assert remember(ridge(101.0)) != one.terrain
    assert remember(recall(one.terrain)) == one.terrain
    with pytest.raises(TerrainError, match="not known here"):
        recall("0" * 64)


# ---------------------------------------------------------------- city folders


def city(folder: Path, table: str, heights: np.ndarray) -> Path:
    """The made-up city with a terrain."""
    path = write_city(folder / "hills")
    toml = path / "city.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("[[types]]", f"[terrain]\n{table}\n[[types]]", 1))
    step = 0.0005
    corner = CITY_CENTRE.longitude_deg - 100 * step, CITY_CENTRE.latitude_deg + 100 * step
    how = {"crs": "EPSG:4326", "transform": from_origin(*corner, step, step), "dtype": "float32", "nodata": -9999}
    with rasterio.open(path / "dem.tif", "w", driver="GTiff", width=200, height=200, count=1, **how) as file:
        file.write(heights.astype(np.float32), 1)
    return path


PLAIN = np.full((200, 200), 305.0)


def test_a_city_folder_names_its_terrain(tmp_path: Path) -> None:
    folder = city(tmp_path, 'file = "dem.tif"\nheight_reference = "AMSL"\nobstacles_m = 25.0', PLAIN)
    town = load_city(folder)
    assert recall(town.terrain).obstacles_m == 25.0
    here = situation_of(town, 1_798_200_000.0)
    goal = Position(CITY_CENTRE.longitude_deg + 0.005, CITY_CENTRE.latitude_deg)
    state = dataclasses.replace(flying("D1", 0, 0), in_air=False, position=CITY_CENTRE)
    plan = ways_out(here, town.airframes["sprinter"], [state], goal)[0]
    assert plan is not None
    assert plan.height_m == 60.0, "5 m of ground above the base's, 25 m of houses, 30 m of clearance"
    assert load_city(write_city(tmp_path / "flat")).terrain == ""


@pytest.mark.parametrize(
    ("table", "heights", "said"),
    [
        ('file = "dem.tif"', PLAIN, "height_reference"),
        ('file = "dem.tif"\nheight_reference = "ellipsoid"', PLAIN, "AMSL"),
        ('file = "dem.tif"\nheight_reference = "AMSL"\nvoids = "ignore"', PLAIN, "voids"),
        ('file = "dem.tif"\nheight_reference = "AMSL"\ncolour = "green"', PLAIN, "colour"),
        ('file = "none.tif"\nheight_reference = "AMSL"', PLAIN, "none.tif"),
        ('file = "dem.tif"\nheight_reference = "AMSL"', PLAIN - 200.0, "base 'B1'"),
        ('file = "dem.tif"\nheight_reference = "AMSL"', np.where(np.eye(200) > 0, PLAIN, -9999.0), "unknown"),
    ],
)
def test_a_terrain_that_cannot_be_trusted_is_refused(
    tmp_path: Path, table: str, heights: np.ndarray, said: str
) -> None:
    with pytest.raises(CityError, match=said):
        load_city(city(tmp_path, table, heights))
