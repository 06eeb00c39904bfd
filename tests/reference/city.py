"""Random cities, described in plain numbers: zones of awkward shapes, heights, times, wind, starts and goals."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from tests.reference.earth import Plane

LonLat = tuple[float, float]

PLACES: dict[str, LonLat] = {"Kunshan": (120.98, 31.385), "Tromsø": (18.9553, 69.6492), "Taveuni": (-179.995, -16.85)}
"""Taveuni's middle lies so near to the antimeridian that every city there is cut by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone as published: rings (outline first) of degrees, or a circle; closed, or to be stayed inside."""

    id: str
    rings: tuple[tuple[LonLat, ...], ...] = ()
    centre: LonLat | None = None
    radius_m: float = 0.0
    inside: bool = False
    margin_m: float = 0.0
    floor_m: float | None = None
    ceiling_m: float | None = None
    above: Literal["AGL", "AMSL"] = "AGL"
    from_s: float | None = None
    until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A case: everything that the fastest legal ways between ``starts`` and ``goals`` depend on."""

    seed: int
    place: str
    middle: LonLat
    zones: tuple[Zone, ...]
    starts: tuple[LonLat, ...]
    goals: tuple[LonLat, ...]
    height_m: float
    ground_amsl_m: float
    from_s: float
    until_s: float
    airspeed_mps: float
    speed_limit_mps: float
    """Over ground; infinite for a craft that flies by airspeed alone."""
    wind_mps: float
    wind_from_deg: float

    def in_force(self) -> tuple[Zone, ...]:
        """The zones that bind a flight at ``height_m`` in [from_s, until_s]."""
        held = []
        for zone in self.zones:
            lift_m = self.ground_amsl_m if zone.above == "AMSL" else 0.0
            too_low = zone.ceiling_m is not None and zone.ceiling_m - lift_m < self.height_m
            too_high = zone.floor_m is not None and zone.floor_m - lift_m > self.height_m
            over = zone.until_s is not None and zone.until_s <= self.from_s
            not_yet = zone.from_s is not None and zone.from_s > self.until_s
            if not (too_low or too_high or over or not_yet):
                held.append(zone)
        return tuple(held)


Metres = NDArray[np.float64]

SIDE_M = 2600.0
"""Zones stand about as far as this from the middle."""


def random_city(seed: int) -> City:
    """The city of this seed; the same for ever."""
    chance = np.random.default_rng([180, seed])
    place = list(PLACES)[seed % len(PLACES)]
    plane = Plane(PLACES[place])
    height_m, ground_m, from_s = float(chance.uniform(40, 120)), float(chance.uniform(-5, 400)), 1.8e9
    until_s = from_s + float(chance.uniform(60, 3600))
    airspeed = float(chance.uniform(12, 35))
    multirotor = chance.random() < 0.6
    limit = float(airspeed * chance.uniform(0.5, 1.0)) if multirotor else math.inf
    wind = 0.0 if chance.random() < 0.15 else float(airspeed * chance.uniform(0.0, 0.95))

    zones: list[Zone] = []
    grounds: list[Metres] = []
    for number in range(int(chance.integers(4, 26))):
        shape = _shape(chance, grounds)
        if isinstance(shape, float):
            middle = plane.lonlat(chance.uniform(-SIDE_M, SIDE_M, (1, 2)))[0]
            form = {"centre": (float(middle[0]), float(middle[1])), "radius_m": shape}
        else:
            grounds.append(shape[0])
            form = {"rings": tuple(plane.ring(ring) for ring in shape)}
        zones.append(Zone(id=f"z{number:02}", **form, **_rule(chance, height_m, ground_m, from_s, until_s)))  # type: ignore[arg-type]
    if chance.random() < 0.25:
        zones += _fence(chance, plane)
    city = City(
        seed=seed,
        place=place,
        middle=PLACES[place],
        zones=tuple(zones),
        starts=(),
        goals=(),
        height_m=height_m,
        ground_amsl_m=ground_m,
        from_s=from_s,
        until_s=until_s,
        airspeed_mps=airspeed,
        speed_limit_mps=limit,
        wind_mps=wind,
        wind_from_deg=float(chance.uniform(0, 360)),
    )
    return _with_ends(city, chance, plane)


def _rule(
    chance: np.random.Generator, height_m: float, ground_m: float, from_s: float, until_s: float
) -> dict[str, object]:
    """Margin, height band and validity: most bind, some do not."""
    rule: dict[str, object] = {"margin_m": float(chance.choice([0.0, 0.5, 5.0, 20.0, 50.0, chance.uniform(0, 100)]))}
    above = str(chance.choice(["AGL", "AMSL"]))
    lift_m = ground_m if above == "AMSL" else 0.0
    rule["above"] = above
    draw = chance.random()
    if draw < 0.3:
        rule["ceiling_m"] = lift_m + height_m + float(chance.uniform(1, 100))
    elif draw < 0.4:
        rule["floor_m"] = lift_m + height_m - float(chance.uniform(1, 100))
    elif draw < 0.5:  # flown over
        rule["ceiling_m"] = lift_m + height_m - float(chance.uniform(1, 30))
    elif draw < 0.55:  # flown under
        rule["floor_m"] = lift_m + height_m + float(chance.uniform(1, 30))
    draw = chance.random()
    if draw < 0.15:  # begins under way
        rule["from_s"] = float(chance.uniform(from_s, until_s))
    elif draw < 0.3:  # ends under way
        rule["until_s"] = float(chance.uniform(from_s + 1, until_s))
    elif draw < 0.37:  # is over
        rule["until_s"] = from_s - float(chance.uniform(0, 3600))
    return rule


def _fence(chance: np.random.Generator, plane: Plane) -> list[Zone]:
    """One or two overlapping areas to stay inside."""
    margin_m = float(chance.choice([0.0, 10.0, 60.0]))
    west, east = (SIDE_M * chance.uniform(1.0, 1.4, 2)).tolist()
    south, north = (SIDE_M * chance.uniform(1.0, 1.4, 2)).tolist()
    waist = float(chance.uniform(0.3, 0.9))
    areas = [
        np.array([(-west, -south), (0.35 * east, -south * waist), (0.3 * east, north), (-west, north * waist)]),
        np.array([(-0.2 * west, -south * waist), (east, -south), (east, north * waist), (-0.1 * west, north)]),
    ]
    whole = np.array([(-west, -south), (east, -south), (east, north), (-west, north)])
    chosen = areas if chance.random() < 0.6 else [whole]
    return [
        Zone(id=f"f{k}", rings=(plane.ring(area),), inside=True, margin_m=margin_m) for k, area in enumerate(chosen)
    ]


def _shape(chance: np.random.Generator, others: list[Metres]) -> list[Metres] | float:
    """Rings in metres, outline first, or the radius of a circle."""
    kinds = ["hull", "star", "star", "comb", "holed", "sliver", "wall", "circle", "touching", "over", "doubled"]
    kind = str(chance.choice(kinds))
    if kind == "circle":
        return float(chance.uniform(30, 600))
    if kind in ("touching", "over") and others:
        near = others[int(chance.integers(len(others)))]
        shift = (
            near[1] - near[0] if kind == "touching" else chance.uniform(-300, 300, 2)
        )  # an edge or a corner in common
        return [near + shift]
    for _ in range(100):
        rings = _rings(chance, kind)
        if shapely.Polygon(rings[0], rings[1:]).is_valid:
            return rings
    return _rings(chance, "wall")


def _rings(chance: np.random.Generator, kind: str) -> list[Metres]:
    at, turn = chance.uniform(-SIDE_M, SIDE_M, 2), chance.uniform(0, 2 * math.pi)
    spin = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    size = float(np.exp(chance.uniform(math.log(60), math.log(900))))
    holes: list[Metres] = []
    if kind == "hull":
        cloud = shapely.MultiPoint(chance.normal(0, size / 2, (int(chance.integers(3, 12)), 2)))
        outline = np.asarray(shapely.convex_hull(cloud).exterior.coords)[:-1]
    elif kind == "comb":
        teeth, deep = int(chance.integers(2, 5)), float(chance.uniform(0.3, 1.5)) * size
        x = np.linspace(0, size, 2 * teeth)
        top = np.repeat(x[1:-1], 2)
        y = np.where(np.arange(len(top)) % 4 < 2, np.where(np.arange(len(top)) % 2 == 0, deep, size / 10), 0.0)
        y = np.tile([deep, size / 10, size / 10, deep], teeth)[: len(top)]
        outline = np.concatenate([[(0, 0), (size, 0), (size, deep)], np.stack([top[::-1], y], axis=1), [(0, deep)]])
    elif kind == "sliver":
        width = float(np.exp(chance.uniform(math.log(0.02), math.log(5))))
        outline = np.array([(-size, 0), (size, 0), (size * chance.uniform(-1, 1), width)])
    elif kind == "wall":
        width = float(chance.uniform(1, 60))
        outline = np.array([(-size, -width), (size, -width), (size, width), (-size, width)])
    else:
        n = int(chance.integers(4, 16))
        radii = size * chance.uniform(0.35, 1.0, n)
        angles = (
            np.sort(chance.uniform(0, 2 * math.pi, n)) if kind == "star" else np.linspace(0, 2 * math.pi, n + 1)[:-1]
        )
        outline = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        if kind == "holed":
            holes = [0.55 * outline[::-1], *([] if chance.random() < 0.5 else [0.02 * outline + outline[0] * 0.8])]
        if kind == "doubled":  # the same corner twice, but for a hair
            k = int(chance.integers(n))
            hair = chance.normal(0, 10.0 ** chance.uniform(-7, -1), 2)
            outline = np.insert(outline, k, outline[k] + hair, axis=0)
    return [ring @ spin + at for ring in (outline, *holes)]


def _with_ends(city: City, chance: np.random.Generator, plane: Plane) -> City:
    """The same city with two bases and three goals on ground that is free by any reading of its margins."""
    from tests.reference.ground import closed

    ground = closed(city, plane, widen=1.6, more_m=1.5)
    shapely.prepare(ground)
    free: list[LonLat] = []
    for point in chance.uniform(-1.15 * SIDE_M, 1.15 * SIDE_M, (400, 2)):
        if len(free) < 5 and not shapely.intersects_xy(ground, *point):
            free.append(tuple(map(float, plane.lonlat(point[None, :])[0])))  # type: ignore[arg-type]
    return City(
        **{f: getattr(city, f) for f in City.__dataclass_fields__}
        | {"starts": tuple(free[:2]), "goals": tuple(free[2:])}
    )
