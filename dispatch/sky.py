"""Where one may fly now: the geozones in force, the heights a flight may choose from, and the airways at each.

One decision asks for the same again and again: what was told of the last few situations is remembered.
"""

from dataclasses import dataclass
from functools import lru_cache

from dispatch.model import Rules, Situation
from geo.airspace import Fence, Restriction, zones_in_force
from geo.frame import LocalFrame
from geo.position import Position
from geo.route import Airways, prepare

PASS_M = 5.0
"""A flight over or under a geozone keeps this far from its ceiling or floor: what the autopilot's height may be off."""


def frame_of(situation: Situation) -> LocalFrame:
    """The metric plane of the situation's city."""
    return LocalFrame(situation.centre)


def zones_now(situation: Situation) -> tuple[Restriction, ...]:
    """The geozones to keep clear of, and the fences to stay inside, at any height that flights may choose now."""
    low_m, high_m = _lowest_and_highest_m(situation.rules)
    return _zones_between(_Same(situation), low_m, max(high_m, highest_layer_m(situation.rules)))


def highest_layer_m(rules: Rules) -> float:
    """How high a drone may fly to keep clear of another: the city's highest height, where it has one."""
    return rules.highest_height_m or rules.highest_above_base_m


def airways_of(situation: Situation, height_m: float) -> Airways:
    """The airways at ``height_m`` above their bases for flights that begin now."""
    return _airways_between(_Same(situation), height_m, height_m)


def column_of(situation: Situation, height_m: float) -> Airways:
    """What closes the air from the ground to ``height_m``: where a drone may not climb or come down."""
    return _airways_between(_Same(situation), 0.0, height_m)


def between(situation: Situation, low_m: float, high_m: float) -> Airways:
    """What closes the air between two heights: where a drone in the air may not change from one to the other."""
    return _airways_between(_Same(situation), low_m, high_m)


def heights_m(situation: Situation) -> tuple[float, ...]:
    """The heights that a flight may choose from: the usual one, then those that pass just under or over a geozone.

    Of heights with the same zones in the way only the one nearest to the usual is kept.
    """
    return _heights_m(_Same(situation))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A situation as a key: equal to itself only, and told by identity."""

    situation: Situation

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.situation is other.situation

    def __hash__(self) -> int:
        return id(self.situation)


@lru_cache(maxsize=8)
def _heights_m(same: _Same) -> tuple[float, ...]:
    situation = same.situation
    usual_m = situation.rules.cruise_height_m
    low_m, high_m = _lowest_and_highest_m(situation.rules)
    if low_m == high_m:
        return (usual_m,)
    down_m, up_m = _bases_m(situation)
    others: set[float] = set()
    for rule in zones_now(situation):
        for zone in rule.zones if isinstance(rule, Fence) else (rule,):
            floor_m, ceiling_m = zone.band_agl_m(situation.ground_amsl_m)
            # over and under a zone to keep out of; within one to stay inside
            others |= {floor_m - PASS_M - up_m, ceiling_m + PASS_M - down_m}
            others |= {floor_m + PASS_M - down_m, ceiling_m - PASS_M - up_m}
    chosen, seen = [usual_m], {_zones_between(same, usual_m, usual_m)}
    for height_m in sorted(others, key=lambda height_m: (abs(height_m - usual_m), height_m)):
        if low_m <= height_m <= high_m and (zones := _zones_between(same, height_m, height_m)) not in seen:
            chosen.append(height_m)
            seen.add(zones)
    return tuple(chosen)


def closed_zone(situation: Situation, position: Position) -> Restriction | None:
    """The geozone or fence, margin included, that forbids hovering over ``position`` now; None where some height is
    legal."""
    forbids: Restriction | None = None
    for height_m in heights_m(situation):
        airways = airways_of(situation, height_m)
        rule = airways.closed_at(airways.frame.xy(position))
        if rule is None:
            return None
        forbids = forbids or rule
    return forbids


@lru_cache(maxsize=32)
def _airways_between(same: _Same, low_m: float, high_m: float) -> Airways:
    return prepare(frame_of(same.situation), _zones_between(same, low_m, high_m))


@lru_cache(maxsize=32)
def _zones_between(same: _Same, low_m: float, high_m: float) -> tuple[Restriction, ...]:
    """Drones keep their height above the base that they took off from, and bases stand at different heights."""
    situation = same.situation
    down_m, up_m = _bases_m(situation)
    return zones_in_force(
        situation.zones.values(),
        situation.now_s,
        situation.now_s + situation.rules.zone_horizon_s,
        low_m + down_m,
        situation.ground_amsl_m,
        high_m + up_m,
        situation.grants.values(),
    )


def _lowest_and_highest_m(rules: Rules) -> tuple[float, float]:
    usual_m, low_m, high_m = rules.cruise_height_m, rules.lowest_height_m, rules.highest_height_m
    return min(usual_m, low_m or usual_m), max(usual_m, high_m or usual_m)


def _bases_m(situation: Situation) -> tuple[float, float]:
    """How far the bases stand under and over the city's ground."""
    above_ground_m = [0.0, *(base.ground_amsl_m - situation.ground_amsl_m for base in situation.bases.values())]
    return min(above_ground_m), max(above_ground_m)
