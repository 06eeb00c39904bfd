"""Drones and docks that fail on the ground and are mended: drawn for each by its own name, so that a drone has the same
outages in every layout that has it, whatever it flies there and whoever decides.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.city.world import World, with_outages
from simulator.local_time import HOUR_S

Floats = NDArray[np.float64]

_OUTAGES = 101
"""The branch of a seed that is drawn from here; no other part of the simulator takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """How often a drone and a dock fail and how long each is out, on average; both times are exponential.

    Infinite hours: never. Raises ``ValueError`` for hours that are not above 0, or no finite time of repair.
    """

    drone_fails_after_h: float = math.inf
    drone_repair_h: float = 24.0
    dock_fails_after_h: float = math.inf
    dock_repair_h: float = 24.0

    def __post_init__(self) -> None:
        for name in ("drone_fails_after_h", "drone_repair_h", "dock_fails_after_h", "dock_repair_h"):
            hours = getattr(self, name)
            if not hours > 0 or (name.endswith("repair_h") and math.isinf(hours)):
                raise ValueError(f"{name} = {hours}: it must be above 0, and a repair must end")


NO_OUTAGES = Outages()


def with_drawn(world: World, outages: Outages, from_s: float, until_s: float, *, seed: int) -> World:
    """The same world with its outages of [from_s, until_s).

    A dock that is out keeps its drone on the ground: a base's first dock is that of its first drone by id, and so on. A
    drone in the air when it fails flies on to the end of its sortie (who is lost in flight:
    :class:`~simulator.city.run.Trouble`).
    """
    if outages == NO_OUTAGES:
        return world
    begins_s: list[Floats] = []
    ends_s: list[Floats] = []
    numbers: list[NDArray[np.int64]] = []
    at_base = [0] * len(world.bases)
    for number, drone in enumerate(world.drones):
        base = int(world.drone_base[number])
        at_base[base] += 1
        of_drone, of_dock = _chance(seed, f"drone {drone}"), _chance(seed, f"dock {world.bases[base]} {at_base[base]}")
        begin_s, end_s = _merged(
            _spells(outages.drone_fails_after_h, outages.drone_repair_h, from_s, until_s, of_drone),
            _spells(outages.dock_fails_after_h, outages.dock_repair_h, from_s, until_s, of_dock),
        )
        begins_s.append(begin_s)
        ends_s.append(end_s)
        numbers.append(np.full(len(begin_s), number, np.int64))
    return with_outages(world, np.concatenate(begins_s), np.concatenate(numbers), np.concatenate(ends_s))


def _chance(seed: int, name: str) -> np.random.Generator:
    word = np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_OUTAGES, *word)))


def _spells(after_h: float, repair_h: float, from_s: float, until_s: float, chance: np.random.Generator) -> Floats:
    """Beginnings and ends [n, 2] of what is out; at the beginning nothing is."""
    spells: list[tuple[float, float]] = []
    at_s = from_s
    while math.isfinite(after_h):
        at_s += chance.exponential(after_h * HOUR_S)
        if at_s >= until_s:
            break
        mended_s = at_s + chance.exponential(repair_h * HOUR_S)
        spells.append((at_s, mended_s))
        at_s = mended_s
    return np.array(spells, np.float64).reshape(-1, 2)


def _merged(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Where either is out: beginnings, and ends, of spells that do not touch."""
    spells = np.concatenate([one, other])
    spells = spells[np.argsort(spells[:, 0], kind="stable")]
    ends_s = np.maximum.accumulate(spells[:, 1])
    first = np.ones(len(spells), np.bool_)
    first[1:] = spells[1:, 0] > ends_s[:-1]
    last = np.roll(first, -1)
    return spells[first, 0], ends_s[last]
