"""Studies: common random numbers, one fold whatever the order, outages by name, outcomes kept as Parquet."""

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pytest

from dispatch.city import situation_of
from dispatch.city_folder import load_city
from dispatch.idle import idle
from dispatch.policies import PolicyError
from simulator.city.bare import bare_world
from simulator.city.fitted import Fitted, from_city
from simulator.city.loop.state import OUT_OF_SERVICE
from simulator.city.outages import Outages, with_drawn
from simulator.city.outcome_file import RecordedBase, read_about
from simulator.city.run import Trouble
from simulator.city.study import Case, RunResult, Scenario, Setting, Study, calls_of, recipe_of, results, run_one
from simulator.city.weather import Weather
from simulator.city.world import World
from simulator.local_time import HOURS_OF_WEEK
from tests.cities import write_city

FROM_S = 1_800_000_000.0
DAY_S = 86_400.0
CHANCE = np.random.default_rng(9)
OUT_S = CHANCE.uniform(30, 300, (12, 3))


def fitted(per_hour: float = 6.0) -> Fitted:
    """Calls on twelve places, of one type, watched for ten minutes."""
    return Fitted(
        time_zone="UTC",
        types=("call",),
        sources=("",),
        per_hour=np.full(HOURS_OF_WEEK, per_hour),
        type_shares=np.ones(1),
        place_shares=np.full((1, 12), 1 / 12),
        priority_shares=np.array([[0.1, 0.2, 0.3, 0.2, 0.2]]),
        source_shares=np.ones((1, 1)),
        false_shares=np.zeros(1),
        watch_s=np.array([[60.0, 600.0]]),
        repeat_after_s=np.zeros(1),
    )


LAYOUTS: Mapping[str, World] = {
    "two": bare_world(OUT_S, [0, 1], home_s=60.0),
    "four": bare_world(OUT_S, [0, 0, 1, 2], home_s=60.0),
}
STUDY = Study(
    layouts=LAYOUTS,
    scenarios={
        "calm": Scenario(calls=fitted()),
        "storm": Scenario(
            calls=fitted(9.0),
            trouble=Trouble(refused_share=0.1),
            outages=Outages(drone_fails_after_h=20.0, drone_repair_h=2.0),
        ),
    },
    policies=("nearest-able", "move-up"),
    places=LAYOUTS["two"].places,
    from_s=FROM_S,
    until_s=FROM_S + 3 * DAY_S,
    replications=3,
    seed=5,
)


@pytest.fixture(scope="module")
def told() -> dict[Case, RunResult]:
    return {case: run_of(STUDY, case) for case in STUDY.cases}


def run_of(study: Study, case: Case, record: Path | None = None) -> RunResult:
    return run_one(study, case.layout, case.policy, case.scenario, case.replication, record=record)


def test_all_settings_meet_the_same_calls_and_replications_do_not(told: dict[Case, RunResult]) -> None:
    demand = {case: run.tally.table[..., 0].tobytes() for case, run in told.items()}
    for scenario in STUDY.scenarios:
        each = [
            {of for case, of in demand.items() if case.scenario == scenario and case.replication == r}
            for r in range(STUDY.replications)
        ]
        assert [len(one) for one in each] == [1, 1, 1]
        assert len(set.union(*each)) == STUDY.replications
    assert told[Case("two", "calm", "nearest-able", 0)].kpis.to_bytes() != (
        told[Case("four", "calm", "nearest-able", 0)].kpis.to_bytes()
    )


def test_the_result_is_the_same_in_whatever_order_runs_are_told(told: dict[Case, RunResult]) -> None:
    whole = results(STUDY, told.items())
    back = results(STUDY, reversed(told.items()))
    assert tuple(whole) == tuple(back) == STUDY.settings
    for setting in STUDY.settings:
        assert whole[setting].to_bytes() == back[setting].to_bytes()
        runs = [told[Case(*setting, r)] for r in range(3)]
        assert whole[setting].tally.fates.sum() == sum(run.tally.fates.sum() for run in runs)
    with pytest.raises(ValueError, match="was not run"):
        results(STUDY, list(told.items())[:-1])


def test_another_process_does_the_same_from_a_pickle(told: dict[Case, RunResult]) -> None:
    case = STUDY.cases[-1]
    again = run_of(pickle.loads(pickle.dumps(STUDY)), case)
    assert again.kpis.to_bytes() == told[case].kpis.to_bytes()


def test_a_city_in_its_weather(tmp_path: Path) -> None:
    """Of a real city folder: its tables are made for each weather, and once where it is the same."""
    city = load_city(write_city(tmp_path / "probe"))
    model, places = from_city(city, cell_m=1000.0)
    calls = model.grown(200 / model.per_day)
    stormy = Weather(
        starts_s=FROM_S + np.array([0.0, 6 * 3600.0]),
        wind_from_deg=np.zeros(2),
        wind_speed_mps=np.array([2.0, 40.0]),
        gust_mps=np.zeros(2),
        rain_mm_h=np.zeros(2),
        temperature_c=np.full(2, 20.0),
    )
    study = Study(
        layouts={"today": idle(situation_of(city, FROM_S)), "again": idle(situation_of(city, FROM_S))},
        scenarios={"calm": Scenario(calls=calls), "stormy": Scenario(calls=calls, weather=stormy)},
        policies=("nearest-able",),
        places=places,
        from_s=FROM_S,
        until_s=FROM_S + 12 * 3600.0,
        warm_up_s=0.0,
        nodes=12,
    )
    assert recipe_of(study, "today", "calm") == recipe_of(study, "again", "calm") != recipe_of(study, "today", "stormy")
    cases = {case: run_of(study, case) for case in study.cases}
    calm, storm, again, _ = (run.kpis for run in cases.values())
    assert calm.to_bytes() == again.to_bytes()
    assert calm["on_scene_mean_s"] < 180.0
    assert calm.by_hour.met.sum() > 1.5 * storm.by_hour.met.sum() > 0  # who flies in 40 m/s?
    copied = pickle.loads(pickle.dumps(study))
    assert run_of(copied, study.cases[1]).kpis.to_bytes() == storm.to_bytes()


def test_a_longer_study_begins_with_the_shorter() -> None:
    longer = replace(STUDY, until_s=FROM_S + 5 * DAY_S, replications=4)
    short, long = (np.concatenate(list(calls_of(study, "calm", 2))) for study in (STUDY, longer))
    assert long[: len(short)].tobytes() == short.tobytes()
    assert len(long) > len(short)


def test_recorded_calls_keep_all_but_their_chance() -> None:
    calls = np.concatenate(list(calls_of(STUDY, "calm", 0)))
    study = replace(STUDY, scenarios={"was": Scenario(calls=calls, trouble=Trouble(refused_share=0.2))})
    first, second = (next(calls_of(study, "was", r)) for r in range(2))
    assert (first["chance"] != second["chance"]).all()
    for name in set(calls.dtype.names or ()) - {"chance"}:
        assert first[name].tobytes() == second[name].tobytes() == calls[name].tobytes()


def outages_of(world: World, outages: Outages, days: float) -> dict[str, list[tuple[float, float]]]:
    changes = with_drawn(world, outages, FROM_S, FROM_S + days * DAY_S, seed=3).tables.changes
    out = changes[changes["what"] == OUT_OF_SERVICE]
    return {
        name: [(float(one["at_s"]), float(one["until_s"])) for one in out[out["which"] == number]]
        for number, name in enumerate(world.drones)
    }


def test_a_drone_has_the_same_outages_in_every_layout() -> None:
    outages = Outages(drone_fails_after_h=30.0, drone_repair_h=10.0)
    few, many = (outages_of(world, outages, 100) for world in LAYOUTS.values())
    assert many | few == many
    assert len({str(spells) for spells in many.values()}) == 4


def test_outages_are_as_long_and_as_frequent_as_told() -> None:
    world = bare_world(OUT_S[:, :1], [0] * 40)
    outages = Outages(drone_fails_after_h=30.0, drone_repair_h=10.0, dock_fails_after_h=60.0, dock_repair_h=20.0)
    spells = outages_of(world, outages, 400)
    for one in spells.values():
        edges = np.array(one).reshape(-1)
        assert (np.diff(edges) > 0).all()
    out_s = sum(min(end, FROM_S + 400 * DAY_S) - begin for one in spells.values() for begin, end in one)
    assert out_s / (40 * 400 * DAY_S) == pytest.approx(1 - 0.75 * 0.75, abs=0.02)


def test_outcomes_are_kept_as_parquet(tmp_path: Path, told: dict[Case, RunResult]) -> None:
    case = Case("four", "storm", "move-up", 1)
    run_of(STUDY, case, tmp_path)
    other = replace(STUDY, layouts={"a/../b": LAYOUTS["two"]}, replications=1)
    run_one(other, "a/../b", "nearest-able", "calm", 0, record=tmp_path)
    table = ds.dataset(tmp_path, partitioning="hive").to_table()
    assert set(table["layout"].to_pylist()) == {"four", "a/../b"}
    mine = table.filter(ds.field("layout") == "four").to_pylist()
    measured = [row for row in mine if row["at_s"] >= STUDY.measured_from_s]
    assert len(measured) == told[case].tally.fates.sum()
    served = [row for row in measured if row["fate"] == "served"]
    assert {row["drone"] for row in served} == set(LAYOUTS["four"].drones)
    assert all(row["on_scene_s"] is not None for row in served)
    assert {row["type"] for row in mine} == {"call"}
    file = next(tmp_path.glob("layout=four/**/*.parquet"))
    about = read_about(file)
    assert (about.scenario, about.replication, about.seed) == ("storm", 1, 5)
    assert [drone.base for drone in about.drones] == ["base-0", "base-0", "base-1", "base-2"]
    assert about.bases[0] == RecordedBase(id="base-0", longitude_deg=None, latitude_deg=None)
    run_of(STUDY, case, tmp_path / "again")
    assert next((tmp_path / "again").glob("**/*.parquet")).read_bytes() == file.read_bytes()
    assert not list(tmp_path.glob("**/.*"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layouts": {}}, "without layouts"),
        ({"policies": ("nearest-able", "nearest-able")}, "named twice"),
        ({"replications": 0}, "replications = 0"),
        ({"until_s": FROM_S + DAY_S}, "nothing is measured"),
        ({"scenarios": {"x": Scenario(calls=next(calls_of(STUDY, "calm", 0)))}}, "leave nothing to chance"),
        ({"layouts": {"x": bare_world(OUT_S[:5], [0])}}, "places of its own"),
        ({"scenarios": {"x": Scenario(calls=replace(fitted(), types=("fire",)))}}, "of the types fire"),
    ],
)
def test_what_cannot_be_run_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(STUDY, **change)


def test_a_policy_that_is_not_known_is_refused_at_once() -> None:
    with pytest.raises(PolicyError, match="no policy 'best'"):
        replace(STUDY, policies=("best",))


def test_settings_and_cases_are_in_their_order() -> None:
    assert STUDY.settings[1] == Setting("two", "calm", "move-up")
    assert STUDY.cases[3] == Case("two", "calm", "move-up", 0)
    assert STUDY.cases[3].setting == STUDY.settings[1]
