"""``reach180 simulate`` on a small city: what it says, what it writes, what it refuses, and how it ends."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from api.planning.layout_file import read_layout
from api.simulating.run import Watch, run
from api.simulating.study import CallSource, SimulationError, Study
from simulator.city.figures import FIGURES
from simulator.city.outcome_file import ABOUT, OutcomeFileError, read_about
from tests.api.test_cli import ANSI, typed
from tests.cities import FRAME, place, write_city

QUICK = ("--days", "1", "--warm-up", "1h", "--replications", "3", "--growth", "20")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_city(tmp_path_factory.mktemp("simulate") / "probe")


def layout(folder: Path, city: Path, *bases: tuple[str, float, float, int]) -> Path:
    """A layout as ``reach180 plan`` writes it, of bases (id, metres east and north, drones)."""
    features = []
    for id_, east_m, north_m, drones in bases:
        at = place(east_m, north_m)
        point = {"type": "Point", "coordinates": [at["longitude_deg"], at["latitude_deg"]]}
        properties = {"id": id_, "name": id_, "docks": 1, "drones": drones}
        features.append({"type": "Feature", "properties": properties, "geometry": point})
    plan = {
        "city": str(city),
        "centre": [FRAME.origin.longitude_deg, FRAME.origin.latitude_deg],
        "airframe": "sprinter",
        "within_s": 60.0,
        "wind": "0@0",
        "at_s": 1_800_000_000.0,
        "area": {"type": "Polygon", "coordinates": [[[10.4, 48.2], [10.6, 48.2], [10.6, 48.3], [10.4, 48.2]]]},
        "zones": {"type": "FeatureCollection", "datum": "WGS-84", "features": []},
    }
    folder.mkdir(exist_ok=True)
    path = folder / "layout.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "datum": "WGS-84", "plan": plan, "features": features}))
    return path


def records(path: Path, days: int = 8, *, wrong: str = "") -> Path:
    """Calls every half an hour from 2026-03-02 on, about the city."""
    rng = np.random.default_rng(4)
    lines = ["time,longitude,latitude,type"]
    for k in range(48 * days):
        at = place(*rng.uniform(-800, 800, 2))
        minute = 30 * (k % 2) + 5
        when = f"2026-03-{2 + k // 48:02d}T{k // 2 % 24:02d}:{minute:02d}:00"
        lines.append(f"{when},{at['longitude_deg']},{at['latitude_deg']},fire")
    path.write_text("\n".join([*lines, *([wrong] if wrong else [])]) + "\n")
    return path


def said(*words: object) -> str:
    """What the command prints; fails unless it went well."""
    told = typed("simulate", *words)
    assert told.exit_code == 0, told.output
    return ANSI.sub("", told.output)


def test_two_layouts_under_two_policies(city: Path, tmp_path: Path) -> None:
    one = layout(tmp_path / "one", city, ("B1", 0, 0, 1))
    two = layout(tmp_path / "two", city, ("B1", 0, 0, 2), ("B9", 700, 700, 1))
    assert read_layout(two).drones == {"B1": 2, "B9": 1}
    arms = ("--policy", "nearest-able", "--policy", "first-come")
    printed = said(one, two, *arms, *QUICK, "--out", tmp_path / "out")
    assert "two, first-come: all incidents: 90 % within 180 s is" in printed
    told = json.loads((tmp_path / "out" / "simulation.json").read_text())
    assert [(arm["layout"], arm["policy"]) for arm in told["arms"]] == [
        (name, policy) for name in ("one", "two") for policy in ("nearest-able", "first-come")
    ]
    shares = [arm["figures"]["within_share"] for arm in told["arms"]]
    assert shares[2]["low"] > shares[0]["high"]  # three drones do more than one
    between = next(one for one in told["differences"] if one["second"] == "two, nearest-able")["second_minus_first"]
    assert between["within_share"]["better"] == "second"
    assert between["within_share"]["low"] > 0
    assert (told["seed"], told["replications"]) == (1, 3)
    assert all(arm["little_off"] < 1e-6 for arm in told["arms"])
    verdicts = {(arm["layout"], one["priority"]): one["status"] for arm in told["arms"] for one in arm["promise"]}
    assert verdicts["one", None] == "not met"
    assert {len(one["sha256"]) for one in told["inputs"]} == {64}

    kpis = pq.read_table(tmp_path / "out" / "kpis.parquet")
    assert kpis.num_rows == 4 * 3
    assert set(kpis.column_names) == {"layout", "policy", "replication", *(figure.name for figure in FIGURES)}
    means = np.array(kpis["within_share"].to_pylist()).reshape(4, 3).mean(axis=1)
    assert means.tolist() == pytest.approx([share["mean"] for share in shares])

    report = (tmp_path / "out" / "simulation.html").read_text()
    assert report.count("data:image/png;base64,") == 2 + 4
    assert 'src="http' not in report
    for words in ("two, nearest-able against one, nearest-able", "Little's law", "Seed 1, 3 replications", "not met"):
        assert words in report


def test_a_run_as_a_file(city: Path, tmp_path: Path) -> None:
    done = run(Study(plans=(str(city),), replications=1, days=1, warm_up_s=3600, growth=5), record=tmp_path)
    (path,) = done.recorded
    rows = pq.read_table(path)
    about = read_about(path)
    measured = rows.filter(np.array(rows["at_s"]) >= about.measured_from_s)
    kpis = done.arms[0].runs.kpis[0]
    assert measured.num_rows == kpis["incidents"] + kpis["merged"] > 300
    on_scene = np.array(measured["on_scene_s"].to_pylist(), dtype=np.float64)
    assert np.mean(on_scene <= kpis.promise_s) == pytest.approx(kpis["within_share"], abs=1e-9)
    assert (about.city, about.policy, about.replication, about.seed) == ("Probe", "nearest-able", 0, 1)
    assert (about.measured_from_s - about.from_s, about.until_s - about.measured_from_s) == (3600.0, 86_400.0)
    assert (about.time_zone, about.promise_s) == ("Europe/Berlin", kpis.promise_s)
    assert {base.id for base in about.bases} == {"B1", "B2", "B3"}
    (middle,) = ((one.longitude_deg, one.latitude_deg) for one in about.bases if one.id == "B1")
    assert middle == (FRAME.origin.longitude_deg, FRAME.origin.latitude_deg)
    came = {(row["drone"], row["base"]) for row in rows.select(["drone", "base"]).to_pylist()} - {(None, None)}
    assert came <= {(drone.id, drone.base) for drone in about.drones}
    places = FRAME.to_lonlat(done.prepared.study.places.xy_m)[rows["place"].to_numpy()]
    assert np.column_stack([rows["longitude_deg"], rows["latitude_deg"]]) == pytest.approx(places, abs=1e-9)
    setting_out = np.column_stack([rows["from_longitude_deg"], rows["from_latitude_deg"]])[rows["node"].to_numpy() == 0]
    assert len(setting_out) > 10  # from the first node, which is the first base
    assert setting_out == pytest.approx(np.broadcast_to(middle, setting_out.shape), abs=1e-9)
    assert set(rows["home"].to_pylist()) <= {"B1", "B2", "B3", None}
    assert set(rows["fate"].to_pylist()) <= {"served", "lost", "refused", "merged", "open"}
    other = tmp_path / "other.parquet"
    pq.write_table(rows.replace_schema_metadata({}), other)
    with pytest.raises(OutcomeFileError, match=r"other.parquet: no run of reach180: its metadata"):
        read_about(other)
    other.write_text("call,at_s")
    with pytest.raises(OutcomeFileError, match=r"other.parquet: no run of reach180 that can be read"):
        read_about(other)
    pq.write_table(rows.replace_schema_metadata({ABOUT: b'{"city": "Probe"}'}), other)
    with pytest.raises(OutcomeFileError, match=r"other.parquet: .*not a RecordedRun: layout: Field required"):
        read_about(other)


def test_the_same_seed_gives_the_same_figures(city: Path) -> None:
    def told() -> Any:
        figures = json.loads(said(city, *QUICK, "--refused", "0.2", "--lost", "1", "--patience", "5min", "--json"))
        return [figures["arms"], figures["seed"]]

    assert told() == told()


def test_records_are_replayed_or_fitted(city: Path, tmp_path: Path) -> None:
    calls = records(tmp_path / "calls.csv")
    asked = (city, "--calls", calls, "--datum", "WGS-84")
    once = json.loads(said(*asked, "--replications", "1", "--warm-up", "6h", "--json"))
    assert once["calls"] == "calls.csv, replayed"
    (arm,) = once["arms"]
    assert arm["figures"]["incidents"]["mean"] == 48 * 8 - 2 * 6
    assert arm["promise"][0]["status"] == "not yet decidable"  # one run is no sample
    fitted = json.loads(said(*asked, "--replications", "4", "--days", "2", "--json"))
    assert fitted["calls"].startswith("a model fitted to calls.csv: 48.")
    assert fitted["measured"]["from"].startswith("2026-03-16T00:00")
    assert fitted["arms"][0]["figures"]["incidents"]["mean"] == pytest.approx(96, rel=0.2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--policy", "best"), "no policy 'best'; there are nearest-able"),
        (("--days", "0"), "0.0 days"),
        (("--from", "noon"), "--from 'noon' is not an ISO 8601 time"),
        (("--from", "2026-03-02", "--until", "2026-03-01"), "nothing is left to measure"),
        (("--replications", "0"), "0 replications"),
        (("--share", "2"), "promised 2.0"),
        (("--refused", "1.5"), "--refused 1.5"),
        (("--pilots", "0"), "--pilots"),
        (("--repair", "soon"), "--repair 'soon' must be a time"),
        (("--wind", "6@300", "--weather", "weather.csv"), "not both"),
        (("--weather", "weather.csv"), "weather.csv"),
        (("--cell", "0m"), "--cell"),
        (("--wind-rose", "rose.csv"), "rose.csv: cannot be read"),
        (("--wind-rose", "rose.csv", "--wind", "6@300"), "not both"),
        (("--stations", "s.csv"), "say their turnout and their speed along the road"),
        (("--stations", "s.csv", "--turnout", "90s", "--road-speed", "0"), "road_mps = 0 must be finite and above 0"),
        (("--stations", "s.csv", "--turnout", "90s", "--road-speed", "12"), "s.csv"),
        (("--stations", "candidates", "--turnout", "90s", "--road-speed", "12"), "Probe has no candidates"),
        (("--stations", "records"), "ground units are fitted to records: there are none"),
        (("--stations", "records", "--turnout", "90s"), "have all their figures from there"),
        (("--turnout", "90s"), "say where they stand"),
        (("--turnout", "soon", "--stations", "s.csv"), "--turnout 'soon' must be a time"),
        (("--drone-fails", "0h"), "--drone-fails must be above 0"),
        (("--dock-repair", "never"), "--dock-repair 'never' must be a time"),
        (("--workers", "0"), "--workers must be at least 1"),
        (("--workers", "2", "--cluster", "tcp://127.0.0.1:9"), "give one of them"),
        (("nowhere-town",), "no city 'nowhere-town'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(city: Path, words: tuple[str, ...], says: str) -> None:
    told = typed("simulate", city, *words)
    assert told.exit_code == 2, told.output
    assert says in ANSI.sub("", told.output)


def test_wrong_records_name_file_and_reason(city: Path, tmp_path: Path) -> None:
    told = typed("simulate", city, "--calls", records(tmp_path / "calls.csv"))
    assert told.exit_code == 2
    assert "calls.csv" in told.output
    assert "datum" in told.output
    short = records(tmp_path / "short.csv", days=2)
    told = typed("simulate", city, "--calls", short, "--datum", "WGS-84")
    assert "short.csv: calls of 2 days; a model needs those of every hour of a week" in ANSI.sub("", told.output)
    with pytest.raises(SimulationError, match="same in every replication"):
        Study(plans=(str(city),), calls=CallSource(path=tmp_path / "calls.csv", fitted=False), replications=3)
    printed = said(
        city, "--calls", records(tmp_path / "calls.csv", wrong="2026-03-10T10:00:00,here,there,fire"), "--datum",
        "WGS-84", "--replications", "1",
    )  # fmt: skip
    assert "384 calls of 385 rows" in printed


def test_layouts_of_two_cities_are_not_compared(city: Path, tmp_path: Path) -> None:
    other = write_city(tmp_path / "other", relay_stint_s=500.0)
    told = typed("simulate", city, other)
    assert told.exit_code == 2
    assert "are not of one city: rules differs" in ANSI.sub("", told.output)


def test_stopped_it_keeps_the_replications_that_all_have(city: Path) -> None:
    heard: list[float] = []

    def cancelled() -> bool:
        return len(heard) >= 6  # in the second replication of the second policy

    watch = Watch(tell=lambda what, share: heard.append(share) if what == "simulating" else None, cancelled=cancelled)
    study = Study(
        plans=(str(city),), policies=("nearest-able", "first-come"), replications=9, days=1, warm_up_s=3600, growth=2
    )
    done = run(study, watch)
    assert done.stopped
    assert [len(arm.runs.kpis) for arm in done.arms] == [2, 2]
    for stage in ("reading", "flight times"):  # before there is anything to keep
        reached: list[str] = []
        watch = Watch(
            tell=lambda what, _, seen=reached: seen.append(what), cancelled=lambda at=stage, seen=reached: at in seen
        )
        with pytest.raises(KeyboardInterrupt):
            run(study, watch)
