"""Geozones: where a drone may not be, or must stay; between which heights, when, and with whose leave."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from geo.position import Position
from geo.schedule import Hours, Span, merged, spans_of

Ring = tuple[tuple[float, float], ...]
"""A closed line of (longitude_deg, latitude_deg), WGS-84; the first point is not repeated at the end."""

ZoneKind = Literal["prohibited", "authorisation", "conditional", "inclusion"]
HeightReference = Literal["AGL", "AMSL"]
"""What a height is above: the ground below, or mean sea level."""

_ANYWHERE = Position(0.0, 0.0)
"""For hours by the clock alone, which are the same at every place."""

DEFAULT_MARGIN_M: dict[ZoneKind, float] = {
    "prohibited": 20.0,
    "authorisation": 20.0,
    "conditional": 10.0,
    "inclusion": 10.0,
}
"""Kept clear of a zone's edge where its source says nothing else: the drone's position and its way are not exact.

DJI's docks stop a task within 5 m of a custom flight area's edge and want 10 m between dock and edge.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Ground within a ring, less its holes."""

    outline: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Ground within ``radius_m`` (along the geodesic) of a place."""

    centre: Position
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Geozone:
    """A volume of airspace with a rule: its ground, a height band, and when it is in force.

    - *prohibited*: closed.
    - *authorisation*: closed, unless a :class:`Grant` is recorded that is valid then.
    - *conditional*: closed, unless a grant records that its ``conditions`` are met.
    - *inclusion*: drones stay inside the union of the inclusion zones in force.

    ``floor_m`` and ``ceiling_m`` are each above their own reference; ``None`` is unbounded. The zone is in force from
    ``valid_from_s`` until before ``valid_until_s`` (seconds since 1970, UTC; ``None``: unbounded) and, where there are
    ``hours``, only in any of those. ``margin_m`` is kept clear of its edge.
    """

    id: str
    name: str
    ground: Area | Circle
    kind: ZoneKind = "prohibited"
    conditions: str = ""
    floor_m: float | None = None
    floor_reference: HeightReference = "AGL"
    ceiling_m: float | None = None
    ceiling_reference: HeightReference = "AGL"
    valid_from_s: float | None = None
    valid_until_s: float | None = None
    hours: tuple[Hours, ...] = ()
    margin_m: float = DEFAULT_MARGIN_M["prohibited"]

    @property
    def middle(self) -> Position:
        """A place in the middle of the zone, by which the sun rises and sets for it."""
        if isinstance(self.ground, Circle):
            return self.ground.centre
        longitudes, latitudes = zip(*self.ground.outline, strict=True)
        return Position((min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2)

    def spans(self, from_s: float, until_s: float) -> list[Span]:
        """The spans in which the zone is in force and which meet [from_s, until_s]: disjoint, in order."""
        low_s = -math.inf if self.valid_from_s is None else self.valid_from_s
        high_s = math.inf if self.valid_until_s is None else self.valid_until_s
        if low_s >= high_s or low_s > until_s or from_s >= high_s:
            return []
        if not self.hours:
            return [(low_s, high_s)]
        place = self.middle if any(hours.by_sun for hours in self.hours) else _ANYWHERE
        held = spans_of(self.hours, max(from_s, low_s), min(until_s, high_s), place)
        clipped = [(max(low_s, start_s), min(high_s, end_s)) for start_s, end_s in held]
        return [(a, b) for a, b in clipped if a < b and a <= until_s and from_s < b]

    def holds_at(self, at_s: float) -> bool:
        """Whether the zone is in force at the instant ``at_s``."""
        return bool(self.spans(at_s, at_s))

    def holds_during(self, from_s: float, until_s: float) -> bool:
        """Whether the zone is in force at any instant of [from_s, until_s]."""
        return bool(self.spans(from_s, until_s))

    def holds_between(self, low_agl_m: float, high_agl_m: float, ground_amsl_m: float) -> bool:
        """Whether the zone reaches into the height band [low, high] above ground that lies at ``ground_amsl_m``."""
        floor_m, ceiling_m = self.band_agl_m(ground_amsl_m)
        return floor_m <= high_agl_m and low_agl_m <= ceiling_m

    def band_agl_m(self, ground_amsl_m: float) -> tuple[float, float]:
        """Floor and ceiling above ground that lies at ``ground_amsl_m``; infinite where unbounded."""
        floor_m = -math.inf if self.floor_m is None else self.floor_m
        ceiling_m = math.inf if self.ceiling_m is None else self.ceiling_m
        return (
            floor_m - (ground_amsl_m if self.floor_reference == "AMSL" else 0.0),
            ceiling_m - (ground_amsl_m if self.ceiling_reference == "AMSL" else 0.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave to fly in an authorisation zone, or word that the conditions of a conditional zone are met.

    It opens the zone ``zone_id``, and all parts ``zone_id/1``, ``zone_id/2``... of a zone read from one entry of a
    file, from ``from_s`` until before ``until_s``, or until it is revoked. ``authority`` gave it under its
    ``reference``; ``recorded_by`` is the account that entered it here.
    """

    id: str
    zone_id: str
    authority: str
    reference: str
    from_s: float
    until_s: float
    recorded_by: str = ""
    note: str = ""
    revoked_at_s: float | None = None
    revoked_by: str = ""

    @property
    def ends_at_s(self) -> float:
        """The instant from which it holds no longer."""
        return self.until_s if self.revoked_at_s is None else min(self.until_s, self.revoked_at_s)

    def names(self, zone: Geozone) -> bool:
        """Whether it is about this zone."""
        return zone.id == self.zone_id or zone.id.startswith(f"{self.zone_id}/")

    def opens(self, zone: Geozone) -> bool:
        """Whether it is about this zone, and this zone can be opened at all."""
        return self.names(zone) and zone.kind in ("authorisation", "conditional")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Drones stay inside the union of these inclusion zones; where there are none, they may be nowhere."""

    zones: tuple[Geozone, ...]
    named: tuple[str, ...]
    """The inclusion zones that are in force, also those that do not hold long or high enough to count."""

    @property
    def id(self) -> str:
        """The ids of its zones."""
        return "+".join(self.named)

    @property
    def name(self) -> str:
        """In words."""
        return f"outside {', '.join(self.named)}"

    @property
    def margin_m(self) -> float:
        """The widest margin of its zones, kept clear of the edge of their union."""
        return max((zone.margin_m for zone in self.zones), default=0.0)


Restriction = Geozone | Fence
"""Something that closes ground: a zone to keep out of, or a fence to stay inside."""


def restrictions(zones: Iterable[Geozone]) -> tuple[Restriction, ...]:
    """These zones as if all were in force and no grant given: the ones to keep out of, and one fence of the rest."""
    known = sorted(zones, key=lambda zone: zone.id)
    inside = tuple(zone for zone in known if zone.kind == "inclusion")
    shut = tuple(zone for zone in known if zone.kind != "inclusion")
    return (*shut, Fence(zones=inside, named=tuple(zone.id for zone in inside))) if inside else shut


def closed_during(zone: Geozone, from_s: float, until_s: float, grants: Iterable[Grant] = ()) -> bool:
    """Whether ``zone`` is in force, and opened by no grant, at any instant of [from_s, until_s]."""
    if not zone.hours and zone.kind == "prohibited":  # most zones, and quickly told
        low_s = from_s if zone.valid_from_s is None else zone.valid_from_s
        high_s = math.inf if zone.valid_until_s is None else zone.valid_until_s
        return low_s <= until_s and from_s < high_s and low_s < high_s
    held = zone.spans(from_s, until_s)
    leave = merged((grant.from_s, grant.ends_at_s) for grant in grants if grant.opens(zone)) if held else []
    for start_s, end_s in held:
        at_s = max(start_s, from_s)  # the first instant that no grant covers
        for from_grant_s, to_grant_s in leave:
            if from_grant_s <= at_s < to_grant_s:
                at_s = to_grant_s
        if at_s <= until_s and at_s < end_s:
            return True
    return False


def granted_until_s(zone: Geozone, at_s: float, grants: Iterable[Grant]) -> float | None:
    """Until when the grants that open ``zone`` at the instant ``at_s`` follow each other; ``None`` where none does."""
    leave = merged((grant.from_s, grant.ends_at_s) for grant in grants if grant.opens(zone))
    return next((end_s for start_s, end_s in leave if start_s <= at_s < end_s), None)


def zones_in_force(
    zones: Iterable[Geozone],
    from_s: float,
    until_s: float,
    height_m: float,
    ground_amsl_m: float,
    highest_m: float | None = None,
    grants: Iterable[Grant] = (),
) -> tuple[Restriction, ...]:
    """What a flight from the ground to ``height_m`` must respect in [from_s, until_s]: zones by id, then fences.

    A drone takes off and lands within its own base's site; on its way it is at ``height_m``, or anywhere up to
    ``highest_m`` where bases stand at different heights. Zones that end below that height are flown over. A zone that
    is open for a part of the time only is closed: a drone must never have to leave it in a hurry.
    """
    top_m = height_m if highest_m is None else highest_m
    known, recorded = sorted(zones, key=lambda zone: zone.id), tuple(grants)
    shut = tuple(
        zone
        for zone in known
        if zone.kind != "inclusion"
        and zone.holds_between(height_m, top_m, ground_amsl_m)
        and closed_during(zone, from_s, until_s, recorded)
    )
    fences = _fences(
        [zone for zone in known if zone.kind == "inclusion"], from_s, until_s, height_m, top_m, ground_amsl_m
    )
    return (*shut, *fences)


def _fences(
    zones: Sequence[Geozone], from_s: float, until_s: float, low_m: float, top_m: float, ground_amsl_m: float
) -> tuple[Fence, ...]:
    """One fence for each set of inclusion zones that are in force together at some instant of [from_s, until_s].

    Flights respect them all: whatever its time, the flight is then inside the union of those in force. A zone whose
    height band does not hold all of [low, top] is no place to fly there, yet it is in force.
    """
    held = {zone.id: (zone, zone.spans(from_s, until_s)) for zone in zones}
    instants = {from_s} | {
        at_s for _, spans in held.values() for span in spans for at_s in span if from_s <= at_s <= until_s
    }
    together = {
        tuple(id_ for id_, (_, spans) in held.items() if any(a <= at_s < b for a, b in spans)) for at_s in instants
    }
    found = []
    for ids in sorted(together - {()}):
        bands = {id_: held[id_][0].band_agl_m(ground_amsl_m) for id_ in ids}
        # a floor at the ground or below it is none: bases stand at different heights
        high_enough = tuple(held[id_][0] for id_ in ids if bands[id_][0] <= max(0.0, low_m) and top_m <= bands[id_][1])
        found.append(Fence(zones=high_enough, named=ids))
    return tuple(found)
