"""How many more bases would make a claim true: a number that is proven to be too few less one, and bases that do it.

The lower bound looks at the ground that is missed now. In open country, with no zone in the way, a base at b reaches a
convex set b + K (a disc in calm air); zones only take from it. So two missed points whose difference is not in K − K
can never be served by one new base, and as many bases are needed as there are missed points no two of which can share
one (a packing). Nor can a base reach more than the area of K.

The upper bound is a construction: sites on open ground are taken greedily (most missed cells first: Chvátal, Math. of
Operations Research 4, 1979) or in sweeps across the area, those that prove needless are dropped, and the result is
checked with exact polygons; the fewest are told. Where a new base brings ground into the claim that
was beyond the radius of all before, that ground must be reached too.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.airframe import Airframe
from geo.certify import BAND_M, Claim, Network, Tell, open_part, thin
from geo.route import Airways, Points, motion_of
from geo.wind import ground_speed_mps

MOST_BASES = 500
"""A construction that needs more than this is given up: the answer would be of no use."""

SITES, SWEEPS, SPARE = 3000, 1, 5
"""About so many places are tried for new bases, on so many sweeps beside the greedy choice; a sweep that needs so many
more than the best before it is given up."""

BEARINGS = 720
GROWN = 1.0 + (math.pi / BEARINGS) ** 2
"""What a polygon between so many bearings is grown by, to be no smaller than the round shape that it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """At least ``at_least`` more bases are needed (proven); ``sites_xy`` [n, 2] are bases that do it.

    ``sites_xy`` is None where no construction was found, and ``why`` then says why.
    """

    at_least: int
    sites_xy: Points | None
    why: str = ""

    @property
    def enough(self) -> int | None:
        """So many are enough: an upper bound."""
        return None if self.sites_xy is None else len(self.sites_xy)


def bases_missing(
    claim: Claim, network: Network, airframe: Airframe, missed: BaseGeometry, cells: Points, tell: Tell | None = None
) -> Missing:
    """How many more bases, each with this ``airframe`` ready, make ``claim`` true where ``missed`` is missed now.

    ``cells`` [m, 2] is a grid over the area. Raises ``ValueError`` for no missed ground that could be served.
    """
    if thin(missed):
        return Missing(at_least=0, sites_xy=np.empty((0, 2)))
    if network.turnout_s(airframe) >= claim.within_s:
        return Missing(at_least=1, sites_xy=None, why="turnout alone takes longer: no number of bases is enough")
    if network.wind.speed_mps > airframe.wind_limit_mps:
        return Missing(at_least=1, sites_xy=None, why="it does not fly in this wind: no number of bases is enough")
    shape = _in_open_country(claim, network, airframe)
    if shape is None:
        return Missing(at_least=1, sites_xy=None, why="a base reaches nothing in this time")
    surely = shapely.buffer(missed, -BAND_M / 2)
    at_least = max(
        _packing(_points_of(surely, cells), shape), math.ceil(surely.area / (shapely.area(_polygon(shape)) * GROWN))
    )
    # Ground that is left over for being thin must be reached too: so much earlier all beside it must be.
    sooner = replace(claim, within_s=max(1e-3, claim.within_s - BAND_M / _slowest_mps(airframe, network)))
    sites_xy = _constructed(sooner, network, airframe, shape, cells, tell)
    why = "" if sites_xy is not None else f"more than {MOST_BASES}, or ground that no base can reach"
    return Missing(at_least=at_least, sites_xy=sites_xy, why=why)


# ---------------------------------------------------------------- what one base reaches

Radii = NDArray[np.float64]
"""A convex set about the origin: its radius in metres at each of so many bearings, counterclockwise from east."""


def _in_open_country(claim: Claim, network: Network, airframe: Airframe) -> Radii | None:
    """What a base reaches where no zone stands in the way: a convex set that holds the true one."""
    nothing = Airways(network.frame, ())
    levels = tuple(replace(level, airways=nothing, column=nothing) for level in network.levels)
    ground = replace(network, levels=levels).reach(airframe, np.zeros(2), claim.within_s)
    if ground.is_empty or ground.area < 1.0:
        return None
    return _radii(shapely.convex_hull(ground))


def _slowest_mps(airframe: Airframe, network: Network) -> float:
    """The lowest speed over ground of the courses that can be flown in this wind."""
    motion = motion_of(airframe, network.wind)
    angles = np.arange(BEARINGS) * 2 * np.pi / BEARINGS
    courses = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    speeds = ground_speed_mps(courses, motion.wind, motion.airspeed_mps, motion.speed_limit_mps)
    return float(speeds[speeds > 0].min(initial=airframe.speed_mps))


def _radii(convex: BaseGeometry) -> Radii:
    """The radii of a convex polygon about the origin, which it holds."""
    corners = shapely.get_coordinates(shapely.orient_polygons(convex))[:-1]
    steps = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([steps[:, 1], -steps[:, 0]], axis=1)
    heights = (normals * corners).sum(axis=1)
    angles = np.arange(BEARINGS) * 2 * np.pi / BEARINGS
    along = normals @ np.stack([np.cos(angles), np.sin(angles)])
    ratios = np.where(along > 1e-12, heights[:, None] / np.where(along > 1e-12, along, 1.0), np.inf)
    radii: Radii = ratios.min(axis=0)
    return radii


def _polygon(radii: Radii) -> BaseGeometry:
    angles = np.arange(BEARINGS) * 2 * np.pi / BEARINGS
    return shapely.Polygon(radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _within(differences: Points, radii: Radii) -> NDArray[np.bool_]:
    """Which differences [..., 2] lie in the star-shaped set, the larger of the two next radii counting."""
    turns = np.arctan2(differences[..., 1], differences[..., 0]) / (2 * np.pi) * BEARINGS
    before = np.floor(turns).astype(np.intp) % BEARINGS
    radius = np.maximum(radii[before], radii[(before + 1) % BEARINGS]) * GROWN
    inside: NDArray[np.bool_] = np.hypot(differences[..., 0], differences[..., 1]) <= radius
    return inside


# ---------------------------------------------------------------- at least


def _packing(points: Points, shape: Radii) -> int:
    """Points of which no two can be served by one base: the most that some orders of picking find."""
    corners = shapely.get_coordinates(_polygon(shape))
    differences = (corners[:, None, :] - corners[None, ::4, :]).reshape(-1, 2)
    apart = _radii(shapely.convex_hull(shapely.MultiPoint(differences))) * GROWN**2
    most = 0
    for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):  # sweeps across the ground, each its own packing
        left = points[np.argsort(points @ np.array([np.cos(angle), np.sin(angle)]), kind="stable")]
        count = 0
        while len(left):
            count += 1
            left = left[~_within(left - left[0], apart)]
        most = max(most, count)
    return most


def _points_of(ground: BaseGeometry, cells: Points) -> Points:
    """Cells on ``ground``, and its corners."""
    shapely.prepare(ground)
    return np.concatenate([cells[shapely.intersects_xy(ground, *cells.T)], shapely.get_coordinates(ground)])


# ---------------------------------------------------------------- enough


def _constructed(
    claim: Claim, network: Network, airframe: Airframe, shape: Radii, cells: Points, tell: Tell | None
) -> Points | None:
    """The fewest bases that one of the rules of picking finds; None where none finds any."""
    open_area = open_part(claim.area, network)
    shapely.prepare(open_area)
    ground = cells[shapely.intersects_xy(open_area, *cells.T)]
    places = ground[:: max(1, len(ground) // SITES)]

    @cache
    def reach_from(east_m: float, north_m: float) -> BaseGeometry:
        return network.reach(airframe, np.array([east_m, north_m]), claim.within_s)

    now = shapely.union_all([network.reach(airframe, base, claim.within_s) for base in network.bases_xy])
    works = _Works(
        shape=shape,
        radius_m=claim.radius_m,
        places=places,
        cells=ground,
        serves=np.array([_within(ground - place, shape) for place in places]).reshape(len(places), len(ground)),
        reach_from=reach_from,
        unserved=shapely.difference(open_area, now),
        beyond=shapely.difference(open_area, claim.claimed(network.bases_xy)),
    )
    fewest: Points | None = None
    for k, angle in enumerate((None, *np.linspace(0, 2 * np.pi, SWEEPS, endpoint=False))):
        if tell is not None:
            tell("bases that would do", k / (1 + SWEEPS))
        sites = works.picked(angle, MOST_BASES if fewest is None else len(fewest) + SPARE)
        if sites is not None and (fewest is None or len(sites) < len(fewest)):
            fewest = sites
    return fewest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Works:
    """What picking sites works with: ``serves`` [places, cells] says which cell a place reaches in open country,
    ``unserved`` is the open ground of the area that no base reaches now, ``beyond`` that which is within the radius of
    none.
    """

    shape: Radii
    radius_m: float
    places: Points
    cells: Points
    serves: NDArray[np.bool_]
    reach_from: Callable[[float, float], BaseGeometry]
    unserved: BaseGeometry
    beyond: BaseGeometry

    def picked(self, angle: float | None, most: int) -> Points | None:
        """Sites that make the claim true, at most so many before the needless are dropped; None where there are none.

        Without an ``angle`` each next site is the one that reaches most of what is missed; with one, the best of those
        that reach the farthest missed point on that bearing, so that no strip along an edge is left for the end.
        """
        sites: list[Points] = []
        reached: list[BaseGeometry] = []
        unserved, beyond = self.unserved, self.beyond
        while not thin(missed := shapely.difference(unserved, beyond)):
            found = self._best(missed, angle) if len(sites) < most else None
            if found is None:
                return None
            sites.append(found[0])
            reached.append(found[1])
            unserved = shapely.difference(unserved, found[1])
            beyond = shapely.difference(beyond, shapely.Point(found[0]).buffer(self.radius_m, quad_segs=90))
        return self._without_needless(sites, reached)

    def _best(self, missed: BaseGeometry, angle: float | None) -> tuple[Points, BaseGeometry] | None:
        """The place that reaches most, and what it reaches; None where none reaches any.

        Places are judged as if in open country; the best few are then asked for what they really reach.
        """
        shapely.prepare(missed)
        counts = self.serves[:, shapely.intersects_xy(missed, *self.cells.T)].sum(axis=1)
        wide = shapely.buffer(missed, -BAND_M / 2)
        corners = shapely.get_coordinates(wide)
        bearing = np.array([np.cos(angle or 0.0), np.sin(angle or 0.0)])
        farthest = corners[int(np.argmax(corners @ bearing))]
        if angle is not None:
            counts = np.where(_within(farthest - self.places, self.shape), 1 + counts, 0)
        promising = [self.places[k] for k in np.argsort(-counts, kind="stable")[:2].tolist() if counts[k]]
        for candidates in (promising, [farthest, np.asarray(shapely.point_on_surface(wide).coords[0])]):
            reached = [self.reach_from(*place.tolist()) for place in candidates]
            gains_m2 = [float(shapely.intersection(missed, ground).area) for ground in reached]
            if gains_m2 and max(gains_m2) > 1.0:
                best = int(np.argmax(gains_m2))
                return candidates[best], reached[best]
        return None

    def _without_needless(self, sites: list[Points], reached: list[BaseGeometry]) -> Points:
        """The same without those whose ground the others reach too, the last taken looked at first."""
        kept = list(range(len(sites)))
        for k in reversed(range(len(sites))):
            alone = shapely.intersection(self.unserved, reached[k])
            others = [i for i in kept if i != k and reached[i].intersects(alone)]
            if thin(shapely.difference(alone, shapely.union_all([reached[i] for i in others]))):
                kept.remove(k)
        return np.reshape([sites[i] for i in kept], (-1, 2))
