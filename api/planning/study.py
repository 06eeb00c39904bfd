"""A study: which files and words a plan is made from, read, planned, and kept together so that it can be redone."""

import itertools
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.area import city_area, read_area
from api.given import airframes_of, metres, situation_at
from api.planning.demand import DemandSource, Raw, read_demand_file
from api.planning.features import PlanningError
from api.planning.inputs import Input, folder_sha256, input_of
from api.planning.nowhere import nowhere
from api.planning.sites import city_sites, grid_sites, read_sites
from api.planning.winds import read_wind_rose
from dispatch.city import City
from dispatch.city_folder import find_city, load_city
from dispatch.coverage import Cancelled, Either, Frontier, Progress, Stop, TimeLimit
from dispatch.coverage.warm import warm
from dispatch.placement import (
    Ask,
    AskError,
    Demand,
    Ground,
    Ignoring,
    Layer,
    Planned,
    Site,
    curve,
    ignored,
    posed,
    solved,
)
from dispatch.placement.plan import Work
from geo.airframe import Airframe
from geo.airspace import Geozone
from geo.datum import parse_datum
from geo.formats.read import read_zones
from geo.position import Position
from simulator.demand import modelled_demand

AROUND_M = 500.0
"""Without a city or an area, the area is what lies within this of the demand's and the sites' hull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """All that a plan is made from. ``sites`` are ``bases``, ``candidates``, ``grid:1km`` or files, one or more.

    Without a ``city`` the frame comes from the data, there are no zones but those of ``zones``, and the wind is calm.
    """

    ask: Ask
    city: str | None = None
    demand: DemandSource | None = None
    """None: the city's call model."""
    sites: tuple[str, ...] = ("bases", "candidates")
    standing: tuple[str, ...] = ()
    """Sites that have a base already, by id; ``bases``: those of the city, which join the sites."""
    forced: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    airframe: str | None = None
    area: Path | None = None
    zones: tuple[Path, ...] = ()
    datum: str | None = None
    """Of sites and zones that do not state theirs."""
    at: str | None = None
    wind: str | None = None
    """``6@300``; None: the city's."""
    wind_rose: Path | None = None
    hours: tuple[float, ...] = ()
    """The hours of the day at which bands begin: each is a scene with its own demand and the zones then in force."""
    limit_s: float = 60.0
    """For the layout; the same again for the frontier and for what ignoring wind and zones does."""
    frontier: tuple[int, int] | None = None
    """From so many to so many new bases."""
    ignoring: bool = False
    """Also say how the layout differs where wind and zones are ignored."""

    def __post_init__(self) -> None:
        if any(not 0 <= hour < 24 for hour in self.hours) or len(set(self.hours)) < len(self.hours):
            raise AskError(f"hours {list(self.hours)} must be different, from 0 to below 24")
        if not 0 <= self.limit_s < math.inf:
            raise AskError(f"the time limit is {self.limit_s} s: give 0 or more")
        if self.frontier is not None and not 0 <= self.frontier[0] <= self.frontier[1]:
            raise AskError(f"the frontier goes from {self.frontier[0]} to {self.frontier[1]} bases: give A..B, A ≤ B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who watches a study: hears what is done, and may end it."""

    work: Work = lambda _what, _share: None
    """Told what is prepared, and the share of it that is done."""
    tell: Callable[[str, Progress], None] = lambda _part, _progress: None
    """Told value and bound: of the ``layout``, the ``frontier``, or ``ignoring`` wind and zones."""
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How far it was after so many seconds of looking for the layout."""

    at_s: float
    value: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A study with its files read."""

    study: Study
    city: City
    area: BaseGeometry
    ground: Ground
    ask: Ask
    inputs: tuple[Input, ...]
    more_zones: tuple[str, ...]
    """The ids of the zones that the study's own files add."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Done:
    """A study and its plan."""

    prepared: Prepared
    planned: Planned
    moments: tuple[Moment, ...]
    frontier: Frontier | None
    ignoring: Ignoring | None
    took_s: float

    @property
    def stopped(self) -> bool:
        """Whether it was ended before all was done: by Ctrl-C, or cancelled."""
        study, steps = self.prepared.study, self.frontier
        missing = () if steps is None else steps.missing
        return (
            self.planned.layout.interrupted
            or (study.ignoring and self.ignoring is None)
            or (study.frontier is not None and steps is None)
            or any(one.why.startswith("stopped before") for one in missing)
        )


def run(study: Study, watch: Watch | None = None, clock: Callable[[], float] = monotonic) -> Done:
    """Read, pose, solve, judge.

    Ctrl-C, or ``watch.cancelled``, while it looks for a layout keeps the best so far. Raises ``ValueError`` (also
    :class:`PlanningError`, ``AskError``, ``InfeasibleError``, ``CityError``, ``RecordsError``) with what is wrong and
    where.
    """
    seen = watch or Watch()
    began_s = clock()
    seen.work("reading", 0.0)
    prepared = prepare(study)
    moments: list[Moment] = []

    def limit() -> Stop:
        return Either((TimeLimit(study.limit_s, clock), Cancelled(seen.cancelled)))

    seen.work("compiling", 0.0)
    warm()  # on a machine where nothing is compiled yet that takes longer than most layouts, and is not their time
    question = posed(prepared.ground, prepared.ask, seen.work)
    solving_s = clock()

    def heard(progress: Progress) -> None:
        if not moments or (moments[-1].value, moments[-1].bound) != (progress.value, progress.bound):
            moments.append(Moment(at_s=clock() - solving_s, value=progress.value, bound=progress.bound))
        seen.tell("layout", progress)

    layout = solved(question, prepared.ask, limit(), heard)
    planned = Planned(ask=prepared.ask, layout=layout, posed=question)
    over = layout.interrupted or seen.cancelled()
    curved = ignorant = None
    with suppress(KeyboardInterrupt):
        if study.frontier is not None and not over:
            means = range(study.frontier[0], study.frontier[1] + 1)
            curved = curve(planned, means, limit(), lambda progress: seen.tell("frontier", progress))
        if study.ignoring and not over and not seen.cancelled():
            ignorant = ignored(planned, limit(), lambda progress: seen.tell("ignoring", progress))
    return Done(
        prepared=prepared,
        planned=planned,
        moments=tuple(moments),
        frontier=curved,
        ignoring=ignorant,
        took_s=clock() - began_s,
    )


def prepare(study: Study) -> Prepared:
    """The files of a study read and checked. Raises as :func:`run` does."""
    inputs: list[Input] = []
    city = None if study.city is None else load_city(find_city(study.city))
    if city is not None and study.city is not None:
        inputs.append(Input(name=city.id, sha256=folder_sha256(find_city(study.city)), told=f"city {city.name}"))
    raw = _demand(study, city, inputs)
    town = city or nowhere(_middle(raw.demand))
    more_zones = _more_zones(study, town, inputs)
    town = replace(town, zones={**town.zones, **more_zones})
    situation = situation_at(town, study.at, study.wind)
    files = {name: read_sites(Path(name), study.datum) for name in study.sites if not _made(name)}
    inputs += [input_of(Path(name), f"{len(sites):,} sites") for name, sites in files.items()]
    area = _area(study, city, town, raw.demand, files)
    demand = raw.demand if study.area is None else _inside(study.area, area, raw.demand, town, inputs)
    hours = _hours_of(study, demand, situation.now_s, town)
    if not study.sites:
        raise PlanningError("no candidate site: give bases, candidates, grid:1km or a file of sites")
    sites = _marked(study, town, _sites(study, town, area, files))
    airframe = _airframe(study, town)
    ask = study.ask if study.wind_rose is None else replace(study.ask, winds=read_wind_rose(study.wind_rose))
    if study.wind_rose is not None:
        inputs.append(input_of(study.wind_rose, f"{len(ask.winds)} winds"))
    ground = Ground(situation=situation, airframe=airframe, sites=sites, demand=hours)
    return Prepared(
        study=study,
        city=town,
        area=area,
        ground=ground,
        ask=ask,
        inputs=tuple(inputs),
        more_zones=tuple(more_zones),
    )


# ---------------------------------------------------------------- what is read


def _demand(study: Study, city: City | None, inputs: list[Input]) -> Raw:
    if study.demand is not None:
        source = replace(study.demand, hours=study.hours)
        raw = read_demand_file(source, None if city is None else city.centre)
        inputs.append(input_of(study.demand.path, raw.told.removeprefix(f"{study.demand.path.name}: ")))
        return raw
    if city is None:
        raise PlanningError("no demand: give a file of it, or a city with a call model")
    modelled = modelled_demand(city)
    if modelled is None:
        raise PlanningError(f"no demand: {city.name} has no call model; give a file of demand")
    demand, told = modelled
    lonlat = city.frame.to_lonlat(demand.places_xy)
    return Raw(demand=Demand(lonlat=lonlat, weights=demand.weights[None, :]), told=told)


def _hours_of(study: Study, demand: Demand, now_s: float, city: City) -> Demand:
    """Demand with the instants at which each layer's geozones hold, where it is parted by hours."""
    if not study.hours:
        return demand
    zone = ZoneInfo(city.time_zone)
    midnight = datetime.fromtimestamp(now_s, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = sorted(study.hours)
    lengths = np.diff([*starts, starts[0] + 24.0])
    if study.demand is None:
        assert city.calls is not None, "it gave the demand"
        by_hour = np.array(city.calls.hour_weights) / sum(city.calls.hour_weights)
        inside = [
            [h for h in range(24) if (h - start) % 24 < length] for start, length in zip(starts, lengths, strict=True)
        ]
        parts = [float(by_hour[hours].sum()) * 24.0 / length for hours, length in zip(inside, lengths, strict=True)]
        demand = replace(
            demand,
            weights=np.concatenate([demand.weights * part for part in parts]),
            layers=tuple(
                Layer(name=f"{start:g}-{(start + length) % 24:g} h", share=float(length / 24))
                for start, length in zip(starts, lengths, strict=True)
            ),
        )
    middles = [
        midnight.timestamp() + (start + length / 2) % 24 * 3600 for start, length in zip(starts, lengths, strict=True)
    ]
    layers = tuple(replace(layer, at_s=at_s) for layer, at_s in zip(demand.layers, middles, strict=True))
    return replace(demand, layers=layers)


def _more_zones(study: Study, city: City, inputs: list[Input]) -> dict[str, Geozone]:
    zones: dict[str, Geozone] = {}
    for path in study.zones:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PlanningError(f"{path}: cannot be read: {error.strerror}") from error
        datum = None if study.datum is None else parse_datum(study.datum)
        found = read_zones(content, path.name, near=city.centre, datum=datum).zones
        for zone in found:
            if zone.id in zones or zone.id in city.zones:
                raise PlanningError(f"{path.name}: zone id {zone.id!r} is taken by another zone")
            zones[zone.id] = zone
        inputs.append(input_of(path, f"{len(found)} zones"))
    return zones


def _area(
    study: Study, city: City | None, town: City, demand: Demand, files: dict[str, tuple[Site, ...]]
) -> BaseGeometry:
    if study.area is not None:
        return read_area(study.area, town)
    if city is not None:
        return city_area(city)
    places = [site.position for sites in files.values() for site in sites]
    xy = town.frame.to_xy(*demand.lonlat.T)
    whole = np.concatenate([xy, town.frame.xy_of(places)]) if places else xy
    return shapely.MultiPoint(whole).convex_hull.buffer(AROUND_M)


def _inside(path: Path, area: BaseGeometry, demand: Demand, town: City, inputs: list[Input]) -> Demand:
    """The demand within the area that was asked about: what lies beyond is somebody else's."""
    kept = np.asarray(shapely.intersects_xy(area, *town.frame.to_xy(*demand.lonlat.T).T), dtype=bool)
    if not kept.any():
        raise PlanningError(f"{path.name}: none of the {len(demand):,} places of demand lies within the area")
    inputs.append(input_of(path, f"the area; {int((~kept).sum()):,} of {len(demand):,} places of demand lie beyond it"))
    districts = tuple(itertools.compress(demand.districts, kept.tolist()))
    return replace(demand, lonlat=demand.lonlat[kept], weights=demand.weights[:, kept], districts=districts)


def _sites(study: Study, town: City, area: BaseGeometry, files: dict[str, tuple[Site, ...]]) -> tuple[Site, ...]:
    sites: dict[str, Site] = {}
    for name in study.sites:
        if name in files:
            found = files[name]
        elif name.startswith("grid:"):
            found = grid_sites(town.frame, area, metres(name.removeprefix("grid:"), "grid:"))
        else:
            found = city_sites(town, name)
        for site in found:
            if site.id in sites:
                raise PlanningError(f"{name}: site id {site.id!r} is taken by another site")
            sites[site.id] = site
    if "bases" in study.standing and "bases" not in study.sites:
        sites |= {site.id: site for site in city_sites(town, "bases")}
    return tuple(sites.values())


def _marked(study: Study, town: City, sites: tuple[Site, ...]) -> tuple[Site, ...]:
    """The sites as the study marks them. Raises :class:`PlanningError` for an id that none has."""
    standing = set(study.standing) - {"bases"} | (set(town.bases) if "bases" in study.standing else set())
    known = {site.id for site in sites}
    marks = {"standing": standing, "forced": set(study.forced), "forbidden": set(study.forbidden)}
    for word, ids in marks.items():
        for id_ in sorted(ids - known):
            near = ", ".join(sorted(known)[:8])
            raise PlanningError(
                f"{word} site {id_!r}: no site has this id; there are {near}{' …' if len(known) > 8 else ''}"
            )
    return tuple(
        replace(
            site,
            standing=site.standing or site.id in standing,
            forced=site.forced or site.id in study.forced,
            forbidden=site.forbidden or site.id in study.forbidden,
        )
        for site in sites
    )


def _airframe(study: Study, town: City) -> Airframe:
    return airframes_of(town, None if study.airframe is None else [study.airframe])[0]


def _made(name: str) -> bool:
    return name in ("bases", "candidates") or name.startswith("grid:")


def _middle(demand: Demand) -> Position:
    """The middle of the demand's extent."""
    west, south = demand.lonlat.min(axis=0)
    east, north = demand.lonlat.max(axis=0)
    return Position(float(west + east) / 2, float(south + north) / 2)
