"""From ground, demand and sites to a placement problem: flight times in every scene, a scene being demand in a wind.

Flight times are flight truth: turnout and flight until the camera sees the place, round or over the zones in force, in
the scene's wind, over the terrain (:mod:`geo.pairs`, :mod:`dispatch.hills`). Only flights up to a cut-off are
listed: the promised time where a goal asks for nothing beyond it, else half of what the battery lasts, for who flies
longer cannot come home the same way.

Demand within closed ground is never seen. It counts in shares, as not covered; in mean and worst times, and where all
demand is to be covered, it cannot count and is told.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

from dispatch.coverage import Candidates, Problem, Scenario, Travel
from dispatch.coverage.center import nth_nearest_s
from dispatch.model import Base, Situation
from dispatch.network import network_of, pairs_within
from dispatch.placement.ask import Ask, AskError, Blow, Demand, Floats, Layer, Site, endurance_s
from dispatch.sky import frame_of
from geo.airframe import Airframe
from geo.certify import Network
from geo.pairs import Pairs
from geo.terrain import recall
from geo.wind import CALM

PAIRS_AT_ONCE = 4_000_000
"""Places are taken so many pairs at a time: what is needed beside the result stays small."""

MOST_PLACES_AT_ONCE = 50_000

MOST_PAIRS = 150_000_000
"""Flight times in all, twelve bytes each: more are refused, for the solver needs several times as much."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is planned over: a city's rules, zones, terrain and weather (its own bases do not count), what flies, where
    bases could stand, where calls come from."""

    situation: Situation
    airframe: Airframe
    sites: tuple[Site, ...]
    demand: Demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One layer of demand in one wind: ``situation`` has the sites for bases."""

    name: str
    share: float
    layer: int
    situation: Situation
    flies: bool
    """Whether the wind is within the airframe's limit."""

    @property
    def network(self) -> Network:
        """The sites as a network."""
        return network_of(self.situation)

    @property
    def sky(self) -> tuple[object, ...]:
        """What flight times hang on: equal for scenes that share them."""
        network = self.network
        levels = tuple((one.height_m, one.airways.zones, one.column.zones) for one in network.levels)
        return self.flies, network.wind, levels


def scenes_of(ground: Ground, ask: Ask) -> tuple[Scene, ...]:
    """Every layer of demand in every wind. Raises :class:`AskError` where no wind lets the airframe fly."""
    winds = ask.winds or (Blow(wind=ground.situation.wind),)
    limit_mps = ground.airframe.wind_limit_mps
    if all(blow.wind.speed_mps > limit_mps for blow in winds):
        least_mps = min(blow.wind.speed_mps for blow in winds)
        raise AskError(f"a wind of {least_mps:g} m/s is above the limit of {ground.airframe.name}: {limit_mps:g} m/s")
    bases = _as_bases(ground.situation, ground.sites)
    total = sum(blow.share for blow in winds) * sum(layer.share for layer in ground.demand.layers)
    return tuple(
        Scene(
            name=_name(layer, blow, len(winds)),
            share=layer.share * blow.share / total,
            layer=k,
            situation=replace(
                ground.situation,
                bases=bases,
                wind=blow.wind,
                now_s=ground.situation.now_s if layer.at_s is None else layer.at_s,
            ),
            flies=blow.wind.speed_mps <= limit_mps,
        )
        for k, layer in enumerate(ground.demand.layers)
        for blow in winds
    )


def closed_sites(ground: Ground, scenes: tuple[Scene, ...]) -> dict[str, str]:
    """The sites from which no drone may rise in any scene, by id, and the zone that closes each in the first."""
    frame = frame_of(ground.situation)
    xy = frame.xy_of([site.position for site in ground.sites])
    columns = [scene.network.levels[0].column for scene in {scene.sky: scene for scene in scenes}.values()]
    closed: dict[str, str] = {}
    for site, here in zip(ground.sites, xy, strict=True):
        rules = [column.closed_at(here) for column in columns]
        if all(rule is not None for rule in rules):
            rule = rules[0]
            assert rule is not None, "all are some"
            closed[site.id] = f"zone {rule.id!r} ({rule.name}) or within {rule.margin_m:.0f} m of it"
    return closed


def usable(ground: Ground, scenes: tuple[Scene, ...]) -> tuple[Ground, tuple[Site, ...]]:
    """The ground without the sites of our making from which no drone may rise in any scene, and which they are.

    Raises :class:`AskError` for the planner's own sites that are among them, all in one, with the first's zone, and
    where none is left.
    """
    if not ground.sites:
        raise AskError("there is no candidate site")
    closed = closed_sites(ground, scenes)
    wrong = [site for site in ground.sites if site.id in closed and not site.made and not site.forbidden]
    if wrong:
        also = f". Closed so are {len(wrong)}: {','.join(site.id for site in wrong)}" if len(wrong) > 1 else ""
        raise AskError(
            f"site {wrong[0].id!r} ({wrong[0].name}) lies in {closed[wrong[0].id]}: no drone may rise there{also}"
        )
    kept = tuple(site for site in ground.sites if site.id not in closed or not site.made)
    if not kept:
        raise AskError("there is no candidate site outside the zones")
    return replace(ground, sites=kept), tuple(site for site in ground.sites if site.made and site.id in closed)


def cutoff_s(ground: Ground, ask: Ask, scene: Scene) -> float:
    """The longest flight that is looked at."""
    if ask.cutoff_s is not None:
        return ask.cutoff_s
    if ask.covers:
        return ask.promise.within_s
    return endurance_s(ground.airframe, scene.network.turnout_s(ground.airframe))


def closed_to(scene: Scene, places_xy: Floats) -> Bools:
    """Which places [n, 2] lie in ground that is closed at every height: no drone may hover there."""
    closed = scene.network.closed()
    if closed.is_empty:
        return np.zeros(len(places_xy), np.bool_)
    shapely.prepare(closed)
    return np.asarray(shapely.intersects_xy(closed, *places_xy.T), np.bool_)


def travel_of(
    ground: Ground,
    scene: Scene,
    places_xy: Floats,
    within_s: float,
    tell: Callable[[float], None] = lambda _share: None,
) -> Travel:
    """The flight times of ``scene`` from all sites to ``places_xy`` [n, 2], as far as they are ``within_s``.

    In blocks of places; ``tell`` hears the share that is done. Raises :class:`AskError` for more than
    :data:`MOST_PAIRS`.
    """
    count = len(ground.sites)
    parts, pairs = [], 0
    for part in blocks(len(places_xy), count):
        block = places_xy[part]
        found = pairs_of(ground.airframe, scene, tuple(range(count)), block, within_s)
        pairs += len(found.place)
        if pairs > MOST_PAIRS:
            raise AskError(
                f"more than {MOST_PAIRS:,} flight times of {len(places_xy):,} places and {count:,} sites within "
                f"{within_s:g} s: give a shorter longest flight, or fewer places"
            )
        parts.append(Travel.of_pairs(found.place, found.site, found.seconds, demand_count=len(block), site_count=count))
        tell(part.stop / len(places_xy))
    return Travel.stacked(parts)


def blocks(places: int, sites: int) -> list[slice]:
    """Places in blocks of so many that all their pairs are no more than :data:`PAIRS_AT_ONCE`, more or less."""
    step = int(np.clip(PAIRS_AT_ONCE // max(1, sites), 1000, MOST_PLACES_AT_ONCE))
    return [slice(low, min(low + step, places)) for low in range(0, places, step)]


def pairs_of(airframe: Airframe, scene: Scene, sites: tuple[int, ...], places_xy: Floats, within_s: float) -> Pairs:
    """The response times from some of the sites, by their place in ``sites``."""
    if not scene.flies:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    bases = tuple(scene.situation.bases.values())
    return pairs_within(scene.situation, airframe, [bases[k] for k in sites], places_xy, within_s)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """A placement problem, and what stands behind its numbers."""

    ground: Ground
    scenes: tuple[Scene, ...]
    problem: Problem
    places_xy: Floats
    closed: tuple[Bools, ...]
    """For each scene which places are in closed ground."""
    unserved_s: float
    """What a place counts in mean times that no base reaches within the cut-off."""
    dropped: tuple[Site, ...]
    """Sites of the engine's making that lie in closed ground."""


def posed(ground: Ground, ask: Ask, tell: Callable[[str, float], None] = lambda _what, _share: None) -> Posed:
    """The problem that ``ask`` is over ``ground``. Raises :class:`AskError` and ``ValueError``."""
    demand = ground.demand.merged()
    ground, dropped = usable(replace(ground, demand=demand), scenes_of(ground, ask))
    _require_sites(ground.sites, ask)
    scenes = scenes_of(ground, ask)
    frame = frame_of(ground.situation)
    places_xy = frame.to_xy(*demand.lonlat.T)
    travels: dict[tuple[object, ...], Travel] = {}
    closed: dict[tuple[object, ...], Bools] = {}
    for k, scene in enumerate(scenes):
        if scene.sky in travels:
            continue

        def done(share: float, before: int = k) -> None:
            tell("flight times", (before + share) / len(scenes))

        closed[scene.sky] = closed_to(scene, places_xy)
        travel = travel_of(ground, scene, places_xy, cutoff_s(ground, ask, scene), done)
        if ask.goal == "cover":
            travel = _with_lacking(ground, ask, scene, travel, places_xy, closed[scene.sky])
        travels[scene.sky] = travel
    spares = not ask.covers or (ask.goal == "cover" and ask.promise.share in (None, 1.0))
    scenarios = []
    for scene in scenes:
        weights = demand.weights[scene.layer]
        if spares:
            weights = np.where(closed[scene.sky], 0.0, weights)
        scenarios.append(Scenario(weights=weights, travel=travels[scene.sky], name=scene.name, share=scene.share))
    if ask.goal != "worst-scenario":
        scenarios = _joined(scenarios)
    longest_s = max(float(travel.times_s.max(initial=0.0)) for travel in travels.values())
    return Posed(
        ground=ground,
        scenes=scenes,
        problem=Problem(
            candidates=_candidates(ground.sites),
            scenarios=tuple(scenarios),
            p=ask.p,
            budget=ask.budget,
            districts=demand.districts,
        ),
        places_xy=places_xy,
        closed=tuple(closed[scene.sky] for scene in scenes),
        unserved_s=max(longest_s, *(cutoff_s(ground, ask, scene) for scene in scenes)),
        dropped=dropped,
    )


def ignoring(ground: Ground, ask: Ask) -> tuple[Ground, Ask]:
    """The same in still air and without any zone."""
    situation = replace(ground.situation, zones=MappingProxyType({}), wind=CALM)
    layers = tuple(replace(layer, at_s=None) for layer in ground.demand.layers)
    demand = replace(ground.demand, layers=layers)
    return replace(ground, situation=situation, demand=demand), replace(ask, winds=())


def _with_lacking(ground: Ground, ask: Ask, scene: Scene, travel: Travel, places_xy: Floats, closed: Bools) -> Travel:
    """The same; where the promise is out of reach of all sites together, with all flights to the places that lack
    them, so that the answer can say what time would do."""
    may_open = np.array([not site.forbidden for site in ground.sites], np.int64)
    in_time = np.isfinite(nth_nearest_s(travel, may_open, ask.promise.times))
    weights = ground.demand.weights[scene.layer]
    share = 1.0 if ask.promise.share is None else ask.promise.share
    wanted = share * float(weights[~closed].sum() if share == 1.0 else weights.sum())
    lacking = np.flatnonzero(~in_time & ~closed & (weights > 0))
    if float(weights[in_time].sum()) >= wanted * (1 - 1e-9) or len(lacking) * len(ground.sites) > PAIRS_AT_ONCE:
        return travel
    longer = travel_of(ground, scene, places_xy[lacking], np.inf)
    rows = np.repeat(np.arange(len(places_xy)), np.diff(travel.first))
    kept = ~np.isin(rows, lacking)
    more = lacking[np.repeat(np.arange(len(lacking)), np.diff(longer.first))]
    return Travel.of_pairs(
        np.concatenate([rows[kept], more]),
        np.concatenate([travel.sites[kept], longer.sites]),
        np.concatenate([travel.times_s[kept], longer.times_s]),
        demand_count=len(places_xy),
        site_count=len(ground.sites),
    )


def _joined(scenarios: list[Scenario]) -> list[Scenario]:
    """Scenarios that share their flight times as one: exact wherever scenarios count by their shares."""
    joined: dict[int, Scenario] = {}
    for one in scenarios:
        other = joined.get(id(one.travel))
        if other is None:
            joined[id(one.travel)] = one
            continue
        share = one.share + other.share
        weights = (one.weights * one.share + other.weights * other.share) / share
        joined[id(one.travel)] = replace(other, weights=weights, share=share, name=f"{other.name}; {one.name}")
    return list(joined.values())


def _require_sites(sites: tuple[Site, ...], ask: Ask) -> None:
    openable = sum(not site.forbidden and not site.standing for site in sites)
    if ask.goal != "expected" and ask.p is not None and ask.p > openable:
        raise AskError(
            f"p is {ask.p}, but only {openable} of {len(sites)} sites can be opened (forbidden and standing ones left "
            "out)"
        )


def _as_bases(situation: Situation, sites: tuple[Site, ...]) -> MappingProxyType[str, Base]:
    bases = {
        site.id: Base(
            id=site.id,
            name=site.name,
            name_zh=site.name,
            position=site.position,
            ground_amsl_m=_ground_amsl_m(situation, site),
            docks=site.docks,
        )
        for site in sites
    }
    if len(bases) < len(sites):
        twice = next(site.id for k, site in enumerate(sites) if site.id in {one.id for one in sites[:k]})
        raise AskError(f"two sites have the id {twice!r}")
    return MappingProxyType(bases)


def _ground_amsl_m(situation: Situation, site: Site) -> float:
    """Where a city has terrain, the ground there, not the highest about it: a base that stands lower flies higher."""
    if not situation.terrain:
        return situation.ground_amsl_m
    lonlat = np.array([[site.position.longitude_deg, site.position.latitude_deg]])
    there_m = float(recall(situation.terrain).ground.at(lonlat)[0])
    if np.isnan(there_m):
        raise AskError(f"site {site.id!r} ({site.name}): the terrain there is unknown")
    return there_m


def _candidates(sites: tuple[Site, ...]) -> Candidates:
    return Candidates.of(
        len(sites),
        names=[site.id for site in sites],
        docks=[site.docks for site in sites],
        costs=[site.cost for site in sites],
        standing=[k for k, site in enumerate(sites) if site.standing],
        forced=[k for k, site in enumerate(sites) if site.forced],
        forbidden=[k for k, site in enumerate(sites) if site.forbidden],
    )


def _name(layer: Layer, blow: Blow, winds: int) -> str:
    wind = f"wind {blow.wind.speed_mps:g} m/s from {blow.wind.from_deg:g}°" if winds > 1 else ""
    return ", ".join(filter(None, (layer.name, wind)))
