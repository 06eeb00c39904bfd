"""A city as the tables that the event loop looks times up in: flight truth, asked for once per scene.

Response times from docks and from a lattice of places in the air are those of :func:`dispatch.outbound.flights_out`, so
that they are to the millisecond what a decision counts with; ways home are those of
:func:`dispatch.planning.ways_home`. A scene is a wind, a weather and the zones in force.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dispatch import reasons
from dispatch.covering import in_time
from dispatch.model import DroneState, Rules, Situation
from dispatch.outbound import flights_out
from dispatch.planning import ways_home
from dispatch.relay import layer_s
from dispatch.sky import airways_of, closed_zone, column_of, frame_of, heights_m
from geo.airframe import Airframe
from geo.flight import climb_time_s, descent_s, flight_energy_wh, landing_energy_wh
from geo.flights import flown
from geo.position import Position
from geo.route import Points, motion_of
from geo.wind import Wind
from simulator.city.loop.state import (
    AIR,
    BACK,
    BACK_IN_SERVICE,
    CHANGE,
    KIND,
    LEVEL,
    NEW_SCENE,
    NO_MS,
    NODE,
    OUT_OF_SERVICE,
    PLACE,
    SHIFT,
    WAY,
    Tables,
)
from simulator.city.rows import Places

Floats = NDArray[np.float64]

MOST_NODES = 1200
"""The lattice of a drone's places in the air has no more nodes: its step grows with the city."""

RASTER_SHARE = 4
"""The nearest node is looked up on a raster so many times finer than the lattice."""

MOST_DRONES, MOST_TYPES = 1024, 62
"""What the event loop has room for in a price, and in a mask of bits."""

SAMPLES = 24
"""Points of a straight flight at which it is asked whether people live below."""

CAMERA_M = 500.0
"""People within this of a flight's ground track are flown over, where no finer cells tell."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A city, ready to be simulated. Names are in the order of the tables' numbers."""

    places: Places
    tables: Tables
    drone_base: NDArray[np.int64]
    """[d] Where each drone belongs, a number of ``bases``."""
    drone_kind: NDArray[np.int64]
    """[d] Its airframe, a number of ``airframes``."""
    situations: tuple[Situation, ...]
    """One for each scene, all drones charged and idle on their docks."""
    bases: tuple[str, ...]
    drones: tuple[str, ...]
    airframes: tuple[str, ...]
    types: tuple[str, ...]
    rules: Rules
    layer_s: float
    """How long a climb to the next layer takes, as :func:`dispatch.relay.layer_s` tells."""
    node_positions: tuple[Position, ...]
    place_positions: tuple[Position, ...]


def records(kind: np.dtype[np.void], shape: int | tuple[int, ...], **columns: object) -> NDArray[np.void]:
    """Records of ``kind``, whose fields are zero where no column says otherwise."""
    made = np.zeros(shape, kind)
    for name, values in columns.items():
        made[name] = values
    return made


def build(
    situations: Sequence[Situation],
    places: Places,
    *,
    scene_from_s: Floats | None = None,
    scene_is: NDArray[np.int32] | None = None,
    nodes: int = MOST_NODES,
    tell: Callable[[float], None] = lambda _share: None,
) -> World:
    """The world of ``situations``, one for each scene; ``scene_is[h]`` holds from ``scene_from_s[h]`` (seconds since
    1970) on, the first scene all the time where neither is given.

    Raises ``ValueError`` for a city without drones, or scenes that do not fit each other.
    """
    first = situations[0]
    if not first.drones:
        raise ValueError("the city has no drones: nothing can be simulated")
    if len(first.drones) > MOST_DRONES:
        raise ValueError(f"{len(first.drones):,} drones: no more than {MOST_DRONES:,} can be simulated")
    if len(first.types) > MOST_TYPES:
        raise ValueError(f"{len(first.types)} incident types: no more than {MOST_TYPES} can be simulated")
    if any(one.bases != first.bases or one.drones != first.drones for one in situations):
        raise ValueError("all scenes of a world have the same bases and drones")
    frame = frame_of(first)
    base_ids, drone_ids, kinds = tuple(sorted(first.bases)), tuple(sorted(first.drones)), _kinds(first)
    types = tuple(sorted(first.types))
    positions = tuple(Position(lon, lat) for lon, lat in frame.to_lonlat(places.xy_m).tolist())
    bases_xy = frame.xy_of([first.bases[id_].position for id_ in base_ids])
    node_xy, near, raster = _lattice(first, bases_xy, places.xy_m, nodes)
    node_positions = tuple(first.bases[id_].position for id_ in base_ids) + tuple(
        Position(lon, lat) for lon, lat in frame.to_lonlat(node_xy[len(base_ids) :]).tolist()
    )
    scenes: list[list[_Flights]] = []
    for s, situation in enumerate(situations):
        scenes.append([])
        for a, kind in enumerate(kinds):

            def done(share: float, before: float = s * len(kinds) + a) -> None:
                tell((before + share) / (len(situations) * len(kinds)))

            scenes[s].append(_flights(situation, first.airframes[kind], base_ids, node_positions, positions, done))
    _fill_levels(scenes)
    airframes = [first.airframes[kind] for kind in kinds]
    ways = np.stack([[one.ways for one in row] for row in scenes])
    ways["people_s"] = _people_s(places, bases_xy, airframes[0])
    cover, cover_at = _cover(situations, airframes, places.xy_m)
    tables = Tables(
        ways=ways,
        nearest=nearest(ways["ms"]),
        homes=np.stack([[one.homes for one in row] for row in scenes]),
        levels=np.stack([[one.levels for one in row] for row in scenes]),
        air=np.stack([[one.air for one in row] for row in scenes]),
        shift=np.stack([[one.shift for one in row] for row in scenes]),
        kinds=np.stack([[one.kind for one in row] for row in scenes]),
        served=_served(situations, scenes, airframes, positions),
        places=records(PLACE, len(places), x=places.xy_m[:, 0], y=places.xy_m[:, 1], weight=places.weights),
        nodes=records(
            NODE, len(node_xy), x=node_xy[:, 0], y=node_xy[:, 1], near_place=cKDTree(places.xy_m).query(node_xy)[1]
        ),
        near=near,
        raster=raster,
        docks=np.array([first.bases[id_].docks for id_ in base_ids]),
        cover=cover,
        cover_at=cover_at,
        changes=_scenes_begin(scene_from_s, scene_is),
    )
    return World(
        places=places,
        tables=tables,
        drone_base=np.array([base_ids.index(first.drones[id_].base_id) for id_ in drone_ids]),
        drone_kind=np.array([kinds.index(first.drones[id_].airframe) for id_ in drone_ids]),
        situations=tuple(situations),
        bases=base_ids,
        drones=drone_ids,
        airframes=kinds,
        types=types,
        rules=first.rules,
        layer_s=layer_s(first),
        node_positions=node_positions,
        place_positions=positions,
    )


class _Flights(NamedTuple):
    """What one airframe can do in one scene, as in :class:`Tables` but for the first two axes."""

    ways: NDArray[np.void]
    homes: NDArray[np.void]
    levels: NDArray[np.void]
    air: NDArray[np.void]
    shift: NDArray[np.void]
    kind: NDArray[np.void]


def nearest(ms: NDArray[np.int32]) -> NDArray[np.int16]:
    """The bases in the order of how soon a drone comes from them, for each of ``ms`` [s, a, p, b]."""
    return np.stack([np.argsort(scene, axis=-1, kind="stable").astype(np.int16) for scene in ms])


def _scenes_begin(from_s: Floats | None, which: NDArray[np.int32] | None) -> NDArray[np.void]:
    if from_s is None or which is None:
        return records(CHANGE, 1, at_s=-np.inf, what=NEW_SCENE)
    return records(CHANGE, len(from_s), at_s=from_s, what=NEW_SCENE, which=which)


def _kinds(situation: Situation) -> tuple[str, ...]:
    return tuple(sorted({drone.airframe for drone in situation.drones.values()}))


def _flights(
    situation: Situation,
    airframe: Airframe,
    base_ids: tuple[str, ...],
    nodes: Sequence[Position],
    places: Sequence[Position],
    done: Callable[[float], None],
) -> _Flights:
    some = next(id_ for id_, drone in sorted(situation.drones.items()) if drone.airframe == airframe.name)
    height_m, bases = situation.rules.cruise_height_m, [situation.bases[id_] for id_ in base_ids]
    docked = [_state(some, base.position, None) for base in bases]
    states = docked + [_state(some, place, height_m) for place in nodes]
    count, shape = len(bases), (len(places), len(states))
    ms, energy_wh, shares = np.full(shape, NO_MS, np.int32), np.zeros(shape), list[float]()
    heights = np.array((height_m,) if situation.terrain else heights_m(situation))
    level = np.zeros((len(places), count), np.int64)
    for k, place in enumerate(places):
        flights = flights_out(situation, airframe, states, place)
        legal = np.isfinite(flights.rows["seen_s"])
        ms[k, legal] = np.rint(flights.total_s[legal] * 1000)
        energy_wh[k, legal] = flights.energy_wh[legal]
        level[k] = (flights.rows["height_m"][:count, None] == heights).argmax(axis=1)
        if len(shares) < SAMPLES and legal[0]:
            shares.append(flights.time(0).p90_s / flights.time(0).total_s)
        if k % 100 == 0:
            done(k / len(places))
    frame = frame_of(situation)
    places_xy = frame.xy_of(list(places))
    homes = [_homes(situation, airframe, base_ids, places_xy, float(height)) for height in heights]
    shift = _homes(situation, airframe, base_ids, frame.xy_of([base.position for base in bases]), height_m)
    up_s = climb_time_s(height_m, airframe)
    launch_s = situation.rules.decision_s + situation.rules.uplink_s + airframe.dock_s + airframe.arm_s
    return _Flights(
        ways=records(WAY, level.shape, ms=ms[:, :count], level=level, wh=energy_wh[:, :count]),
        homes=np.stack(homes),
        levels=records(
            LEVEL,
            len(heights),
            climb_s=[climb_time_s(height, airframe) for height in heights.tolist()],
            landing_s=[descent_s(height, airframe) for height in heights.tolist()],
            landing_wh=[landing_energy_wh(height, airframe) for height in heights.tolist()],
        ),
        air=records(AIR, (len(places), len(nodes)), ms=ms[:, count:], wh=energy_wh[:, count:]),
        shift=records(
            SHIFT, shift.shape, s=shift["s"] + launch_s + up_s, wh=shift["wh"] + up_s * airframe.climb_w / 3600
        ),
        kind=records(
            KIND,
            (),
            flies=reasons.weather(situation.wind, situation.rain_mm_h, airframe) is None,
            fits=_fits(situation, airframe),
            launch_s=launch_s,
            sure=_sure(airframe, situation.wind),
            p90=float(np.mean(shares)) if shares else 1.0,
            battery_wh=airframe.battery_wh,
            capacity=airframe.capacity_share(situation.temperature_c),
            reserve=airframe.reserve_share,
            hover_w=airframe.hover_w,
            charge=airframe.charge_w / (3600.0 * airframe.battery_wh),
        ),
    )


def _sure(airframe: Airframe, wind: Wind) -> float:
    """A way and the same way back take no more than so many times the energy of the way; a tenth for its corners."""
    fastest_mps = min(airframe.speed_mps, airframe.airspeed_mps + wind.speed_mps)
    slowest_mps = min(airframe.speed_mps, airframe.airspeed_mps - wind.speed_mps)
    return 1.1 * (1.0 + fastest_mps / slowest_mps) if slowest_mps > 0 else np.inf


def _fits(situation: Situation, airframe: Airframe) -> int:
    """A bit for each incident type, in the order of their codes: whether the airframe carries what it asks for."""
    codes = sorted(situation.types)
    return sum(1 << k for k, code in enumerate(codes) if set(situation.types[code].needs) <= set(airframe.sensors))


def _state(drone_id: str, place: Position, height_m: float | None) -> DroneState:
    """A drone on its dock, or in the air at rest."""
    return DroneState(
        drone_id=drone_id,
        connected=True,
        healthy=True,
        position=place,
        battery_share=1.0,
        in_air=height_m is not None,
        height_m=height_m or 0.0,
    )


def _fill_levels(scenes: list[list[_Flights]]) -> None:
    """As many heights in every scene: those that it has not are never flown."""
    most = max(len(one.levels) for row in scenes for one in row)
    for row in scenes:
        for k, one in enumerate(row):
            missing = most - len(one.levels)
            levels = np.concatenate([one.levels, np.repeat(one.levels[:1], missing)])
            homes = np.concatenate([one.homes, np.repeat(one.homes[:1], missing, axis=0)])
            row[k] = one._replace(levels=levels, homes=homes)


def _homes(
    situation: Situation, airframe: Airframe, base_ids: tuple[str, ...], places_xy: Points, height_m: float
) -> NDArray[np.void]:
    """BACK [p, b]: seconds and energy from over every place until over every base, infinite where there is no way."""
    frame = frame_of(situation)
    homes = records(BACK, (len(places_xy), len(base_ids)), s=np.inf, wh=np.inf)
    if situation.terrain:
        for k, here in enumerate(places_xy):
            for base_id, plan in ways_home(situation, airframe, here, height_m).items():
                homes[k, base_ids.index(base_id)] = plan.time.total_s, plan.energy_wh
        return homes
    airways, motion = airways_of(situation, height_m), motion_of(airframe, situation.wind)
    sites = frame.xy_of([situation.bases[id_].position for id_ in base_ids])
    shut = column_of(situation, height_m).blocked(sites, sites)
    for column in np.flatnonzero(~shut).tolist():
        along = flown(airways.fan(sites[column], places_xy, motion, towards=True), motion, airframe)
        homes["s"][:, column] = along.seen_at_s + np.where(along.seen_at_s > 0, airframe.start_s, 0.0)
        homes["wh"][:, column] = flight_energy_wh(airframe, np.zeros(len(places_xy)), along.stop_at_s, along.winged_s)
    return homes


def _lattice(
    situation: Situation, bases_xy: Points, places_xy: Points, most: int
) -> tuple[Floats, NDArray[np.int32], Floats]:
    """The nodes [n, 2], bases first; the nearest node of every cell of a raster; and the raster's corner and cell."""
    around = np.vstack([bases_xy, places_xy])
    low, high = around.min(axis=0), around.max(axis=0)
    east_m, north_m = np.maximum(high - low, 1.0)
    airways = airways_of(situation, situation.rules.cruise_height_m)
    step_m = max(50.0, float(np.sqrt(east_m * north_m / max(1, most - len(bases_xy)))))
    while True:
        east, north = (np.arange(a, b + step_m, step_m) for a, b in zip(low, high, strict=True))
        grid = np.stack(np.meshgrid(east, north), axis=-1).reshape(-1, 2)
        if len(grid) + len(bases_xy) <= max(most, len(bases_xy) + 4):
            break
        step_m *= 1.05
    nodes = np.vstack([bases_xy, grid[~airways.blocked(grid, grid)]])
    cell_m = step_m / RASTER_SHARE
    columns, rows = (int(np.ceil(size / cell_m)) + 1 for size in (east_m, north_m))
    centres = np.stack(
        np.meshgrid(low[0] + cell_m * (np.arange(columns) + 0.5), low[1] + cell_m * (np.arange(rows) + 0.5)), -1
    )
    near = cKDTree(nodes).query(centres.reshape(-1, 2))[1].reshape(rows, columns)
    return nodes, near.astype(np.int32), np.array([low[0], low[1], cell_m])


def _cover(
    situations: Sequence[Situation], airframes: list[Airframe], places_xy: Points
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The places that each base reaches in time, one after the other, and where those of a base begin [s, a, b + 1]."""
    bases = len(situations[0].bases)
    begins, parts, total = np.zeros((len(situations), len(airframes), bases + 1), np.int64), [], 0
    for s, situation in enumerate(situations):
        for a, airframe in enumerate(airframes):
            for b, places in enumerate(in_time(situation, airframe, places_xy).values()):
                begins[s, a, b] = total
                parts.append(places.astype(np.int32))
                total += len(places)
            begins[s, a, bases] = total
    return np.concatenate(parts), begins


def _served(
    situations: Sequence[Situation], scenes: list[list[_Flights]], airframes: list[Airframe], places: Sequence[Position]
) -> NDArray[np.bool_]:
    """Where hovering is legal in a scene, and a charged drone could go, watch a stint and come home in some scene.
    Shape [s, p]."""
    reached = np.zeros(len(places), np.bool_)
    stint_s = min([situations[0].rules.relay_stint_s, *(kind.watch_s for kind in situations[0].types.values())])
    height_m = situations[0].rules.cruise_height_m
    for row in scenes:
        for flights, airframe in zip(row, airframes, strict=True):
            usable_wh = airframe.battery_wh * (1 - airframe.reserve_share) - landing_energy_wh(height_m, airframe)
            usable_wh -= airframe.hover_w * stint_s / 3600
            ways = flights.ways
            out_wh = np.where(ways["ms"] == NO_MS, np.inf, ways["wh"]).min(axis=1)
            reached |= out_wh + flights.homes["wh"].min(axis=(0, 2)) <= usable_wh
    legal = [[closed_zone(situation, place) is None for place in places] for situation in situations]
    return np.array(legal, np.bool_) & reached


def _people_s(places: Places, bases_xy: Points, airframe: Airframe) -> NDArray[np.float32]:
    """How long a straight flight between a place and a base is over inhabited ground. Shape [p, b]."""
    seconds = np.zeros((len(places), len(bases_xy)), np.float32)
    inhabited = places.people > 0
    if not inhabited.any():
        return seconds
    tree = cKDTree(places.xy_m[inhabited])
    along = (np.arange(SAMPLES) + 0.5) / SAMPLES
    for b, base in enumerate(bases_xy):
        ways = places.xy_m - base
        samples = base + along[None, :, None] * ways[:, None, :]
        over = np.isfinite(tree.query(samples, distance_upper_bound=CAMERA_M)[0]).mean(axis=1)
        seconds[:, b] = over * np.hypot(*ways.T) / airframe.speed_mps
    return seconds


def with_outages(world: World, at_s: Floats, drone: NDArray[np.int64], until_s: Floats) -> World:
    """The same world in which drones are out of service on the ground from ``at_s`` ``until_s``, [o] each."""
    changes = np.concatenate(
        [
            world.tables.changes,
            records(CHANGE, len(at_s), at_s=at_s, what=OUT_OF_SERVICE, which=drone, until_s=until_s),
            records(CHANGE, len(at_s), at_s=until_s, what=BACK_IN_SERVICE, which=drone, until_s=np.nan),
        ]
    )
    order = np.argsort(changes["at_s"], kind="stable")
    return replace(world, tables=world.tables._replace(changes=changes[order]))
