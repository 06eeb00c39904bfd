"""The layouts of ``studies`` lived in: calls come, drones are busy, policies differ, predicted coverage is checked.

``python -m benchmarks city_studies virginia-beach`` or ``houston``; with ``regret`` behind it, how far policies stay
behind the bound of :mod:`simulator.city.bound`, in shorter runs. The data are those of :mod:`benchmarks.studies`.
Told in docs/city-studies.md.

The check goes down a ladder, on the same calls: what the plan says of the calls' own points; of the middles of cells on
which simulated calls lie; what a simulated drone does when each call comes alone; when drones are busy, but charge in
a second; when they charge as they do. Each step has one cause.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from api.planning.study import prepare
from benchmarks._data import SHARED
from benchmarks.studies import CITIES, WITHIN_S, say, say_table, study_of, without_closed
from benchmarks.studies import City as Planned
from dispatch.city import City, situation_of
from dispatch.city_folder import find_city, load_city
from dispatch.coverage import Either, Gap, MaxCover, TimeLimit, frontier
from dispatch.idle import idle
from dispatch.model import Base, Drone
from dispatch.placement import posed
from dispatch.policies import policy_of
from simulator.city.experiment import differences
from simulator.city.fitted import Fitted, fit
from simulator.city.history import recorded
from simulator.city.intervals import Interval, t_interval
from simulator.city.places import places_of_records
from simulator.city.regret import bounds_of, regret, waits_of
from simulator.city.rows import Calls, Outcomes, Places
from simulator.city.run import Trouble, simulate
from simulator.city.study import Case, Results, Scenario, Setting, Study, calls_of, results, run_in
from simulator.city.world import World, build
from simulator.local_time import DAY_S
from simulator.records import Records, read_calls

POLICIES = (
    "nearest-able", "first-come", "preemptive", "coverage-preserving:5", "coverage-preserving:20", "move-up", "batch",
)  # fmt: skip
USUAL = POLICIES[0]
REPLICATIONS, REGRET_REPLICATIONS = 10, 4
REGRET_WARM_UP_S = 4 * 3600.0
SEED = 1
TROUBLE = Trouble(patience_s=1800.0)
"""Who has waited half an hour is given up: units on the ground are there long before."""

APART_S = 6 * 3600.0
"""Calls so far apart meet a fleet that is home and charged."""

SHOWN = {
    "within_share": "≤ 180 s", "on_scene_mean_s": "mean", "on_scene_median_s": "median", "on_scene_p90_s": "P90",
    "queued_share": "queued", "lost_share": "given up", "busy_share": "busy",
}  # fmt: skip
LESS_URGENT = ("MINOR", "HAZARD", "ALARM", "DETECTOR")
"""Words of Houston's types that are taken for priority 3; its feed has no priorities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A city's layout, and how many calls it meets."""

    time_zone: str
    bases: int
    cell_m: float
    nodes: int
    days: dict[float, float]
    """How long is measured, by how many times the recorded calls come."""
    regret_days: dict[float, float]
    """The same, where policies are held against the bound."""
    drones: tuple[int, ...]
    """Compared: so many at each base, and as many docks, as ``reach180 plan`` writes them; so nobody moves up."""


LOADS = {
    "virginia-beach": Load(
        time_zone="America/New_York", bases=10, cell_m=500.0, nodes=800, days={1.0: 90.0, 150.0: 14.0},
        regret_days={1.0: 90.0, 150.0: 2.0}, drones=(1, 2, 3),
    ),
    "houston": Load(
        time_zone="America/Chicago", bases=40, cell_m=1000.0, nodes=400, days={1.0: 7.0}, regret_days={1.0: 1.0},
        drones=(2, 3),
    ),
}  # fmt: skip


def main(words: Sequence[str]) -> None:
    """Simulate one city and print its tables as Markdown."""
    if not words or words[0] not in LOADS:
        raise SystemExit(f"which city? {', '.join(LOADS)}")
    planned, load = CITIES[words[0]], LOADS[words[0]]
    if not (SHARED / planned.demand).exists():
        raise SystemExit(f"shared data is not here: {planned.demand} (REACH180_SHARED_DATA names their folder)")
    began_s = time.process_time()
    predicted, city, bases = layout(planned, load.bases)
    records = read_calls(SHARED / planned.demand, time_zone=load.time_zone, datum="WGS-84")
    records = replace(records, priority=urgency(records))
    places = places_of_records(records, city.frame, cell_m=load.cell_m)
    history = recorded(records, places, city.frame, city.types, watch_recorded=False)
    model = fit(history, places, time_zone=load.time_zone)
    worlds = staffed(city, bases, places, load)
    say(f"{load.bases} bases, {len(places):,} places, {model.per_day:,.1f} calls a day; ready after "
        f"{time.process_time() - began_s:.0f} processor seconds")  # fmt: skip
    if words[1:] == ["regret"]:
        for growth, days in load.regret_days.items():
            regretted(worlds, model.grown(growth), places, days, load.time_zone)
            say(f"{time.process_time() - began_s:.0f} processor seconds")
        return
    for growth, days in load.days.items():
        simulated(worlds, model.grown(growth), places, days, load.time_zone, predicted, began_s)


def layout(planned: Planned, bases: int) -> tuple[float, City, dict[str, Base]]:
    """The coverage of the best layout of so many bases, as step 4's study makes it; its city and its bases."""
    prepared = prepare(study_of(planned))
    ground, _ = without_closed(prepared.ground, prepared.ask)
    true = posed(ground, prepared.ask)
    stop = Either((TimeLimit(planned.limit_s, time.process_time), Gap(planned.gap)))
    free = replace(true.problem, p=None, budget=None)
    step = frontier(free, MaxCover(within_s=WITHIN_S), [bases], stop=stop).steps[0]
    known = true.scenes[0].situation.bases
    opened = [true.ground.sites[k].id for k in step.open_sites]
    types = load_city(find_city("kunshan")).types
    city = replace(prepared.city, wind=ground.situation.wind, types=types)
    return step.value / float(true.problem.scenarios[0].weights.sum()), city, {id_: known[id_] for id_ in opened}


def urgency(records: Records) -> NDArray[np.int8]:
    """The records' priorities; 3 where nothing is told but words that are no emergency's."""
    minor = np.array([any(word in note for word in LESS_URGENT) for _, note in records.kinds])
    priority: NDArray[np.int8] = np.where((records.priority == 0) & minor[records.kind], 3, records.priority)
    return priority.astype(np.int8)


def staffed(city: City, bases: dict[str, Base], places: Places, load: Load) -> dict[str, World]:
    """The layout as worlds with 1, 2 or 3 drones at each base: flight times are worked out once."""
    most = max(load.drones)
    drones = {
        id_: Drone(id=id_, airframe="dock-quad", base_id=base, system_id=1)  # nothing here speaks MAVLink
        for base in bases
        for id_ in (f"{base}-{k + 1}" for k in range(most))
    }
    town = replace(city, bases={id_: replace(base, docks=most) for id_, base in bases.items()}, drones=drones)
    world = build([idle(situation_of(town, 0.0))], places, nodes=load.nodes)
    return {str(count): with_drones(world, count) for count in load.drones}


def with_drones(world: World, count: int) -> World:
    """The same with the first ``count`` drones, and as many docks, at each base."""
    kept = [k for k, id_ in enumerate(world.drones) if int(id_.rsplit("-", 1)[1]) <= count]
    return replace(
        world,
        drones=tuple(world.drones[k] for k in kept),
        drone_base=world.drone_base[kept],
        drone_kind=world.drone_kind[kept],
        tables=world.tables._replace(docks=np.full_like(world.tables.docks, count)),
    )


def charging_in_a_second(world: World) -> World:
    """The same with batteries that are full a second after the landing."""
    kinds = world.tables.kinds.copy()
    kinds["charge"] = 1.0
    return replace(world, tables=world.tables._replace(kinds=kinds))


def study_for(
    worlds: dict[str, World], model: Fitted, places: Places, days: float, time_zone: str, warm_up_s: float,
    replications: int,
) -> Study:  # fmt: skip
    """Every policy in every world."""
    from_s = float(np.datetime64("2026-06-01T05:00", "s").astype(np.int64))
    return Study(
        layouts=worlds,
        scenarios={"calls": Scenario(calls=model, trouble=TROUBLE)},
        policies=POLICIES,
        places=places,
        from_s=from_s,
        until_s=from_s + warm_up_s + days * DAY_S,
        warm_up_s=warm_up_s,
        replications=replications,
        seed=SEED,
        time_zone=time_zone,
    )


def simulated(
    worlds: dict[str, World], model: Fitted, places: Places, days: float, time_zone: str, predicted: float,
    began_s: float,
) -> None:  # fmt: skip
    """Policies compared, and the prediction checked, under one load."""
    study = study_for(worlds, model, places, days, time_zone, DAY_S, REPLICATIONS)
    say(
        f"\n**{model.per_day:,.1f} calls a day**, {days:g} days measured after one of warm-up, "
        f"{REPLICATIONS} replications"
    )
    told = ((case, run_in(worlds[case.layout], study, case)) for case in study.cases)
    found = results(study, told)
    say_policies(found)
    say_check(study, worlds, model, predicted)
    say(f"{time.process_time() - began_s:.0f} processor seconds")


def say_policies(found: Results) -> None:
    """Every policy's figures with intervals, and its paired differences to the usual one."""
    rows, paired = [], []
    for setting, runs in found.items():
        here = runs.replications
        head = [setting.layout, setting.policy]
        rows.append(head + [words(name, here.interval(name)) for name in SHOWN])
        if setting.policy != USUAL:
            usual = found[Setting(setting.layout, setting.scenario, USUAL)].replications
            off = differences(usual, here)
            paired.append(head + [words(name, off[name].interval, signed=True) for name in SHOWN])
    header = ("drones a base", "policy", *SHOWN.values())
    say_table(header, rows)
    say(f"Differences to {USUAL}, call for call (common random numbers):")
    say_table(header, paired)


def words(figure: str, interval: Interval, *, signed: bool = False) -> str:
    """A mean with the half width of its 95 % interval: shares in points of a hundred, times in seconds."""
    share = figure.endswith("_share")
    mean, half = (value * (100.0 if share else 1.0) for value in (interval.mean, (interval.high - interval.low) / 2))
    return f"{mean:{'+' if signed else ''}.2f} ± {half:.2f}{' %' if share and not signed else ''}"


# ---------------------------------------------------------------- the regret


def regretted(worlds: dict[str, World], model: Fitted, places: Places, days: float, time_zone: str) -> None:
    """Every policy against the bound, on the same calls."""
    study = study_for(worlds, model, places, days, time_zone, REGRET_WARM_UP_S, REGRET_REPLICATIONS)
    say(f"\n**{model.per_day:,.1f} calls a day**, {days:g} days measured after 4 h of warm-up, "
        f"{REGRET_REPLICATIONS} replications")  # fmt: skip
    header = ("drones a base", "policy", "mean wait", "bound", "regret", "≤ 180 s", "bound", "regret", "outside")
    for name, world in worlds.items():
        bounds, rows = bounds_of(world, study, "calls"), []
        bound_words = (
            words("_s", t_interval([one.wait_s for one in bounds])),
            words("_share", t_interval([one.within_share for one in bounds])),
        )
        for policy in POLICIES:
            runs = [waits_of(world, study, Case(name, "calls", policy, r)) for r in range(study.replications)]
            found = regret(runs, bounds)
            rows.append([
                name, policy, words("_s", t_interval([one.wait_s for one in runs])),
                bound_words[0], words("_s", found.wait_s, signed=True),
                words("_share", t_interval([one.within_share for one in runs])),
                bound_words[1], words("_share", found.within_share, signed=True),
                words("_share", found.outside_share),
            ])  # fmt: skip
        say_table(header, rows)


# ---------------------------------------------------------------- the check


def say_check(study: Study, worlds: dict[str, World], model: Fitted, predicted: float) -> None:
    """From predicted coverage to the simulated share, a cause for each step."""
    in_time = next(iter(worlds.values())).tables.ways["ms"][0, 0].min(axis=1) <= WITHIN_S * 1000
    weights = model.type_shares @ model.place_shares
    snapped = float(weights[in_time].sum())
    say(f"Predicted on the calls' own points {predicted:.2%}, on the middles of cells {snapped:.2%}")
    rows, why = [], []
    for name, world in worlds.items():
        rungs: list[list[float]] = []
        missed: list[list[float]] = []
        for r in range(study.replications):
            calls = np.concatenate(list(calls_of(study, "calls", r)))
            counts = calls["at_s"] >= study.measured_from_s
            covered = in_time[calls["place"]]
            alone = outcomes(world, spread_out(calls, study.from_s), study.from_s)
            charged = outcomes(charging_in_a_second(world), calls, study.from_s, study.until_s)
            real = outcomes(world, calls, study.from_s, study.until_s)
            rungs.append([float(one[counts].mean()) for one in (covered, *map(met, (alone, charged, real)))])
            missed.append([float(one[counts].mean()) for one in reasons(covered, real)])
        steps = np.array(rungs)
        rows.append([name, *(words("_share", t_interval(steps[:, k])) for k in range(steps.shape[1])),
                     *(words("_share", t_interval(off), signed=True) for off in np.diff(steps).T)])  # fmt: skip
        why.append([name, *(words("_share", t_interval(one)) for one in np.array(missed).T)])
    say_table(("drones a base", "of these calls covered", "each alone", "busy", "busy and charging",
               "alone − covered", "being busy", "charging"), rows)  # fmt: skip
    say("Of all calls, those that the plan covers and that were not seen in time, and the others:")
    say_table(("drones a base", "covered, no drone able at all", "covered, a farther drone sent",
               "covered, its drone taken away", "not covered, and yet in time"), why)  # fmt: skip


def spread_out(calls: Calls, from_s: float) -> Calls:
    """The same calls, one at a time."""
    rows = calls.copy()
    rows["at_s"] = from_s + APART_S * np.arange(len(rows))
    return rows


def outcomes(world: World, calls: Calls, from_s: float, until_s: float = np.inf) -> Outcomes:
    """What became of each call under the usual policy, in the order of the calls."""
    told: list[Outcomes] = []
    simulate(world, [calls], policy_of(USUAL), told.append, from_s=from_s, until_s=until_s, trouble=TROUBLE)
    rows = np.concatenate(told)
    return rows[np.argsort(rows["call"])]


def met(rows: Outcomes) -> NDArray[np.bool_]:
    """Which were seen in time."""
    seen: NDArray[np.bool_] = np.rint(rows["on_scene_s"].astype(np.float64) * 1000) <= WITHIN_S * 1000
    return seen


def reasons(covered: NDArray[np.bool_], rows: Outcomes) -> tuple[NDArray[np.bool_], ...]:
    """Masks of the columns of the second table."""
    late = covered & ~met(rows)
    queued, robbed = rows["queued"], rows["robbed"] > 0
    farther = late & ~queued & ~robbed
    return late & queued, farther, late & robbed & ~queued, ~covered & met(rows)
