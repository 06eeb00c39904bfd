"""Two real cities planned: coverage by number of bases, drones beside the first units, and what wind and zones change.

``python -m benchmarks studies virginia-beach`` or ``houston``, and after it a folder for the pictures. The data are not
part of the project: ``REACH180_SHARED_DATA`` names their folder, else it is ``shared/data`` beside the repository. Told
in docs/studies.md. Limits are processor seconds, so that a busy machine changes no figure.

Three planners are compared. One draws *circles*: cruise speed times T. One knows the flight in *still air* without
zones. One plans in *truth*: wind and zones. All three layouts are judged by truth.
"""

import csv
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from api.maps import INK, KM, MAP_NOTE, draw_ground
from api.planning.demand import DemandSource
from api.planning.study import Prepared, Study, prepare
from api.planning.winds import read_wind_rose
from benchmarks._data import SHARED
from dispatch.coverage import Candidates, Either, Frontier, Gap, MaxCover, Problem, Step, TimeLimit, Travel, frontier
from dispatch.placement import Ask, Ground, Posed, posed
from dispatch.placement.ask import endurance_s
from dispatch.placement.scenes import Floats, closed_sites, ignoring, pairs_of, scenes_of
from dispatch.sky import frame_of
from geo.pairs import Near

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
WITHIN_S = 180.0
CALL_TAKING_MIN = 1.0
"""What passes, in the harder of two comparisons, between the call and the decision to fly."""

ELSEWHERE_M = 500.0
"""A site of another layout that is nearer is the same place for a planner."""

MOST_LISTED = 60
"""Where layouts may be larger, the sites that change are not listed but drawn."""

COLOURS = {"circles": "#9a9a9a", "still air": "#c2571a", "truth": "#00508a"}


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """What is studied, and how long each of the frontiers may take."""

    demand: str
    sites: str
    """A file of the data, or a grid."""
    zones: str
    wind: str
    most: int
    sizes: tuple[int, ...]
    """The numbers of bases that are told in detail."""
    gap: float
    limit_s: float
    rose: str | None = None
    first_units: bool = False


CITIES = {
    "virginia-beach": City(
        demand="virginia_beach/ohca.csv", sites="virginia_beach/bases.csv", zones="virginia-beach-zones.geojson",
        wind="8@315", rose="virginia-beach-winds.csv", most=40, sizes=(3, 5, 8, 10, 13, 16), gap=0.0, limit_s=120.0,
        first_units=True,
    ),
    "houston": City(
        demand="calls/houston_2025.parquet", sites="grid:3.2km", zones="houston-zones.geojson", wind="8@160",
        most=120, sizes=(10, 20, 30, 40, 60, 80, 120), gap=0.002, limit_s=100.0,
    ),
}  # fmt: skip


def main(words: Sequence[str]) -> None:
    """Study one city and print its tables as Markdown; draw its pictures where a folder is named."""
    if not words or words[0] not in CITIES:
        raise SystemExit(f"which city? {', '.join(CITIES)}")
    name, city = words[0], CITIES[words[0]]
    if not (SHARED / city.demand).exists():
        raise SystemExit(f"shared data is not here: {city.demand} (REACH180_SHARED_DATA names their folder)")
    pictures = Path(words[1]) if len(words) > 1 else None
    study(name, city, pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One planner's layouts by the number of bases, and what they cover in truth."""

    planner: str
    frontier: Frontier
    true: dict[int, float]
    """Share of the demand that each layout covers in truth."""
    ids: dict[int, frozenset[str]]

    def step(self, bases: int) -> Step:
        """The step of so many bases."""
        return next(step for step in self.frontier.steps if step.means == bases)


def study(name: str, city: City, pictures: Path | None) -> dict[str, Curve]:
    """All of one city, told and drawn; the layouts of every planner."""
    prepared = prepare(study_of(city))
    for one in prepared.inputs:
        say(one.told)
    ask = prepared.ask
    ground, closed = without_closed(prepared.ground, ask)
    true = posed(ground, ask)
    calm_ground, calm_ask = ignoring(prepared.ground, ask)
    calm = posed(calm_ground, calm_ask)
    demand = float(true.problem.scenarios[0].weights.sum())
    say(f"{demand:,.0f} calls at {len(true.places_xy):,} places, {len(prepared.ground.sites)} sites, of them in zones: "
        f"{', '.join(closed) or 'none'}")  # fmt: skip
    say(f"calls in zones: {float(true.problem.scenarios[0].weights[true.closed[0]].sum()) / demand:.2%}\n")
    problems = {
        "circles": problem_of_circles(calm, WITHIN_S),
        "still air": calm.problem,
        "truth": true.problem,
    }
    curves = {planner: curve_of(planner, city, problem, calm, true) for planner, problem in problems.items()}
    tell_frontier(curves, demand)
    sites_xy = frame_of(true.ground.situation).xy_of([site.position for site in prepared.ground.sites])
    at_xy = {site.id: xy for site, xy in zip(prepared.ground.sites, sites_xy, strict=True)}
    tell_differences(city, curves, demand, at_xy)
    if city.rose is not None:
        tell_rose(city, curves, calm, ground, ask)
    told = first_units(city, curves, calm, true) if city.first_units else None
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        draw_frontier(curves, demand).savefig(pictures / f"study-{name}-frontier.png")
        draw_layouts(city, curves, true, prepared).savefig(pictures / f"study-{name}-layouts.png")
        if told is not None:
            told.savefig(pictures / f"study-{name}-first-units.png")
    return curves


def study_of(city: City) -> Study:
    """The study as ``reach180 plan`` would read it."""
    grid = city.sites.startswith("grid:")
    return Study(
        ask=Ask(p=1),
        demand=DemandSource(path=SHARED / city.demand, datum="WGS-84"),
        sites=(city.sites if grid else str(SHARED / city.sites),),
        datum="WGS-84",
        airframe="dock-quad",
        zones=(EXAMPLES / city.zones,),
        wind=city.wind,
        at="2026-06-01T12:00",
    )


def without_closed(ground: Ground, ask: Ask) -> tuple[Ground, tuple[str, ...]]:
    """The ground with those sites forbidden from which no drone may rise, and which they are."""
    closed = closed_sites(ground, scenes_of(ground, ask))
    sites = tuple(replace(site, forbidden=site.forbidden or site.id in closed) for site in ground.sites)
    return replace(ground, sites=sites), tuple(closed)


def problem_of_circles(calm: Posed, within_s: float) -> Problem:
    """Who is covered as circles have it that are as wide as the drone cruises in ``within_s``."""
    near, reach_m = Near(calm.places_xy), calm.ground.airframe.speed_mps * within_s
    found = [near(site_xy, reach_m) for site_xy in calm.scenes[0].network.bases_xy]
    places = np.concatenate(found)
    sites = np.repeat(np.arange(len(found)), [len(one) for one in found])
    travel = Travel.of_pairs(
        places, sites, np.full(len(places), within_s), demand_count=len(calm.places_xy), site_count=len(found)
    )
    return Problem.of(calm.problem.scenarios[0].weights, travel, Candidates.of(len(found)))


def curve_of(planner: str, city: City, problem: Problem, planned: Posed, true: Posed) -> Curve:
    """The frontier of one planner, judged by truth."""
    began_s = time.process_time()
    ground = true.ground if planner == "truth" else planned.ground
    most = min(city.most, sum(not site.forbidden for site in ground.sites))
    stop = Either((TimeLimit(city.limit_s, time.process_time), Gap(city.gap)))
    free = replace(problem, p=None, budget=None)
    found = frontier(free, MaxCover(within_s=WITHIN_S), range(1, most + 1), stop=stop)
    ids = {int(s.means): frozenset(ground.sites[k].id for k in s.open_sites) for s in found.steps}
    say(f"{planner}: {len(found.steps)} steps in {time.process_time() - began_s:.0f} processor seconds")
    return Curve(planner=planner, frontier=found, true=covered_in(true, ids), ids=ids)


def covered_in(true: Posed, ids: dict[int, frozenset[str]]) -> dict[int, float]:
    """The share of the demand, in the mean of all scenes, that each layout covers; sites that are closed do not."""
    at = {site.id: k for k, site in enumerate(true.ground.sites) if not site.forbidden}
    told = {}
    for bases, layout in ids.items():
        is_open = np.zeros(len(true.ground.sites), np.bool_)
        is_open[[at[id_] for id_ in layout if id_ in at]] = True
        covered = whole = 0.0
        for scenario in true.problem.scenarios:
            first, sites = scenario.travel.within(WITHIN_S)
            rows = np.repeat(np.arange(len(first) - 1), np.diff(first))
            seen = np.bincount(rows[is_open[sites]], minlength=len(first) - 1) > 0
            covered += scenario.share * float(scenario.weights[seen].sum())
            whole += scenario.share * float(scenario.weights.sum())
        told[bases] = covered / whole
    return told


# ---------------------------------------------------------------- what is told


def say(line: str) -> None:
    """A line as it is."""
    Console(width=200).print(line, highlight=False, markup=False, soft_wrap=True)


def say_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A Markdown table."""
    say(f"\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        say(f"| {' | '.join(row)} |")
    say("")


def tell_frontier(curves: dict[str, Curve], demand: float) -> None:
    """Coverage, bound and gap for every number of bases."""
    still, true = curves["still air"], curves["truth"]
    rows = []
    for step in still.frontier.steps:
        bases = int(step.means)
        row = [str(bases), f"{step.value / demand:.2%}", gap_words(step)]
        mine = next((one for one in true.frontier.steps if one.means == bases), None)
        rows.append(row + (["–", "–"] if mine is None else [f"{mine.value / demand:.2%}", gap_words(mine)]))
    say_table(("bases", "still air, no zones", "gap", "wind and zones", "gap"), rows)


def gap_words(step: Step) -> str:
    """How sure a step is."""
    return "proven" if step.status == "optimal" else f"{step.gap:.2%}"


def tell_differences(city: City, curves: dict[str, Curve], demand: float, xy: dict[str, Floats]) -> None:
    """What each planner believes and gets, and which sites change."""
    rows, changes = [], []
    true, still = curves["truth"], curves["still air"]
    for bases in city.sizes:
        row = [str(bases)]
        for planner in ("circles", "still air"):
            curve = curves[planner]
            row += [f"{curve.step(bases).value / demand:.1%}", f"{curve.true[bases]:.1%}"]
        regained = [f"{(true.true[bases] - curves[planner].true[bases]) * 100:+.1f}" for planner in COLOURS][:2]
        out, new = still.ids[bases] - true.ids[bases], true.ids[bases] - still.ids[bases]
        far = sum(min(np.hypot(*(xy[id_] - xy[one])) for one in still.ids[bases]) > ELSEWHERE_M for id_ in new)
        rows.append([*row, f"{true.true[bases]:.1%}", *regained, f"{len(new)}, {far}"])
        changes.append((str(bases), in_order(out), in_order(new)))
    header = ("bases", "circles believe", "circles get", "still air believes", "still air gets", "truth gets",
              "points over circles", "points over still air",
              f"sites that change, by more than {ELSEWHERE_M:g} m")  # fmt: skip
    say_table(header, rows)
    if len(true.ids) < MOST_LISTED:
        say_table(("bases", "only in still air", "only in truth"), changes)


def in_order(ids: Iterable[str]) -> str:
    """Ids as a list, numbers by their size."""
    return ", ".join(sorted(ids, key=lambda id_: (len(id_), id_))) or "–"


def tell_rose(city: City, curves: dict[str, Curve], calm: Posed, ground: Ground, ask: Ask) -> None:
    """The same for a whole wind rose: layouts made for it, for one wind, and for still air."""
    assert city.rose is not None, "asked only where there is one"
    rose = posed(ground, replace(ask, winds=read_wind_rose(EXAMPLES / city.rose)))
    mine = curve_of("truth", city, rose.problem, calm, rose)
    others = {planner: covered_in(rose, curve.ids) for planner, curve in curves.items()}
    rows = [
        (str(bases), *(f"{others[planner][bases]:.1%}" for planner in COLOURS), f"{mine.true[bases]:.1%}",
         gap_words(mine.step(bases)))
        for bases in city.sizes
    ]  # fmt: skip
    say_table(("bases", "circles get", "still air gets", "one wind gets", "the rose's layout gets", "gap"), rows)


def first_units(city: City, curves: dict[str, Curve], calm: Posed, true: Posed) -> Figure:
    """The drone beside the first unit, call by call, of all calls whose unit's time is known."""
    with (SHARED / city.demand).open(encoding="utf-8") as lines:
        calls = list(csv.DictReader(lines))
    unit_min = np.array([float(call["first_unit_response_min"]) for call in calls])
    lonlat = np.array([(float(call["lon"]), float(call["lat"])) for call in calls])
    known = unit_min > 0
    unit_min, lonlat = unit_min[known], lonlat[known]
    say(f"{len(calls):,} calls, {int((~known).sum()):,} with a time of 0 left out")
    say(f"first unit: median {np.median(unit_min):.2f} min, 90 % within {np.quantile(unit_min, 0.9):.2f} min")
    rows = []
    figure = Figure(figsize=(8.6, 4.4), dpi=100, layout="constrained")
    axes: Any = figure.add_subplot()
    axes.plot(
        np.sort(unit_min),
        np.arange(1, len(unit_min) + 1) / len(unit_min),
        color=INK,
        linewidth=2,
        label="first unit, as it was",
    )
    for world, planned, curve in (("still air", calm, curves["still air"]), ("wind and zones", true, curves["truth"])):
        for bases in (*city.sizes, max(curve.ids)):
            drone_min = minutes_to(planned, curve.step(bases).open_sites, lonlat)
            row = [world, str(bases)]
            for later_min in (0.0, CALL_TAKING_MIN):
                row += beside(drone_min + later_min, unit_min)
            rows.append(row)
            if bases in city.sizes[1::3]:
                colour = COLOURS["still air" if planned is calm else "truth"]
                seen = np.sort(drone_min[np.isfinite(drone_min)])
                axes.plot(seen, np.arange(1, len(seen) + 1) / len(drone_min), color=colour, linewidth=1,
                          alpha=min(1.0, 0.4 + 0.05 * bases), label=f"{bases} bases, {world}")  # fmt: skip
    header = ("drone first", "gained there (median)", "first of both: median", "90 % within")
    say_table(("world", "bases", *header, *(f"{one}, +{CALL_TAKING_MIN:g} min" for one in header)), rows)
    axes.set_xlim(0, 15)
    axes.set_ylim(0, 1)
    axes.set_xlabel("minutes")
    axes.set_ylabel("share of calls")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7, loc="lower right")
    return figure


def beside(drone_min: Floats, unit_min: Floats) -> list[str]:
    """Share of calls where the drone is first, the median that it gains there, and who is first: median and P90."""
    first = drone_min < unit_min
    either = np.minimum(drone_min, unit_min)
    gained = np.median((unit_min - drone_min)[first]) if first.any() else np.nan
    return [f"{first.mean():.1%}", f"{gained:.1f}", f"{np.median(either):.1f}", f"{np.quantile(either, 0.9):.1f}"]


def minutes_to(planned: Posed, opened: tuple[int, ...], lonlat: Floats) -> Floats:
    """Minutes until the first drone of these sites sees each place; infinite where none does that can fly home."""
    (scene,) = planned.scenes
    places_xy = frame_of(scene.situation).to_xy(*lonlat.T)
    airframe = planned.ground.airframe
    longest_s = endurance_s(airframe, scene.network.turnout_s(airframe))
    pairs = pairs_of(airframe, scene, opened, places_xy, longest_s)
    nearest_s: Floats = np.full(len(lonlat), np.inf)
    np.minimum.at(nearest_s, pairs.place, pairs.seconds)
    return nearest_s / 60.0


# ---------------------------------------------------------------- pictures


def draw_frontier(curves: dict[str, Curve], demand: float) -> Figure:
    """What each planner believes and gets, by the number of bases."""
    figure = Figure(figsize=(8.6, 4.6), dpi=100, layout="constrained")
    axes: Any = figure.add_subplot()
    for planner, curve in curves.items():
        colour, steps = COLOURS[planner], curve.frontier.steps
        bases = [int(step.means) for step in steps]
        if planner != "truth":
            believed = [step.value / demand for step in steps]
            axes.plot(bases, believed, "--", color=colour, linewidth=1.2, label=f"{planner}: believed")
        axes.plot(bases, [curve.true[p] for p in bases], color=colour, linewidth=2, label=f"{planner}: in truth")
    steps = curves["truth"].frontier.steps
    axes.fill_between([s.means for s in steps], [s.value / demand for s in steps], [s.bound / demand for s in steps],
                      color=COLOURS["truth"], alpha=0.3, label="what no layout exceeds in truth")  # fmt: skip
    axes.set_xlabel("bases")
    axes.set_ylabel(f"share of calls seen within {WITHIN_S:g} s")
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="lower right")
    return figure


def draw_layouts(city: City, curves: dict[str, Curve], true: Posed, prepared: Prepared) -> Figure:
    """Where the layout for truth and that for still air stand, of a middle number of bases."""
    bases = city.sizes[len(city.sizes) // 2]
    frame = frame_of(true.ground.situation)
    figure = Figure(figsize=(8.6, 8.2), dpi=90, layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_facecolor("#f4f2ec")
    draw_ground(axes, prepared.area, true.scenes[0].network.closed())
    shown = np.random.default_rng(1).permutation(len(true.places_xy))[:8000]
    axes.scatter(*(true.places_xy[shown].T / KM), s=2, color="#3c6e91", alpha=0.3, linewidths=0, label="calls")
    ids = {planner: curves[planner].ids[bases] for planner in ("still air", "truth")}
    both = ids["truth"] & ids["still air"]
    for chosen, marker, colour, told in (
        (both, "o", INK, "in both layouts"),
        (ids["still air"] - both, "X", COLOURS["still air"], "only in still air"),
        (ids["truth"] - both, "^", COLOURS["truth"], "only in wind and zones"),
    ):
        xy = frame.xy_of([site.position for site in prepared.ground.sites if site.id in chosen])
        axes.plot(*(xy.T / KM), marker, color=colour, markersize=9, markeredgecolor="white", linestyle="none",
                  label=told)  # fmt: skip
    axes.autoscale()
    axes.set_aspect("equal")
    axes.set_xlabel(f"km east of {frame.origin.longitude_deg:.4f}°, {frame.origin.latitude_deg:.4f}°", fontsize=8)
    axes.set_ylabel("km north", fontsize=8)
    axes.set_title(
        f"{bases} bases. Zones (hatched) are schematic circles; wind {city.wind.replace('@', ' m/s from ')}°"
    )
    axes.legend(fontsize=8)
    figure.supxlabel(MAP_NOTE, fontsize=6.5, color="#555555")
    return figure
