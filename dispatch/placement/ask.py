"""What a planner asks, as values: a promise, means, demand, sites, and the states of the world that count."""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dispatch.coverage import Center, Cover, Expected, MaxCover, Median, Model, Percentile, WorstFirst
from geo.airframe import Airframe
from geo.position import Position
from geo.wind import CALM, Wind

Floats = NDArray[np.float64]

Goal = Literal["cover", "maxcover", "expected", "median", "center", "p90", "worst-district", "worst-scenario"]
"""What is to be best: see ``dispatch.coverage.models``; ``cover`` asks for the fewest bases, the others what so many
bases can do."""

GOALS: tuple[Goal, ...] = get_args(Goal)


class AskError(ValueError):
    """A question that cannot be asked; the message says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """``share`` of the demand is seen within ``within_s`` by ``times`` different bases. None: as much as can be, or
    all where the fewest bases are asked for."""

    within_s: float = 180.0
    share: float | None = None
    times: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.within_s < math.inf:
            raise AskError(f"the promised time is {self.within_s} s: give more than 0")
        if self.share is not None and not 0 < self.share <= 1:
            raise AskError(f"the promised share is {self.share}: give more than 0, at most 1 (0.9 is 90 %)")
        if self.times < 1:
            raise AskError(f"demand is to be covered {self.times} times: give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a base stands or could stand."""

    id: str
    name: str
    position: Position
    docks: int = 1
    cost: float = 1.0
    standing: bool = False
    """Stands already: part of every layout, counts against neither ``p`` nor the budget."""
    forced: bool = False
    forbidden: bool = False
    made: bool = False
    """Made by the engine: left out without complaint where no drone may rise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Demand at one time: an hour of the day, a year of growth."""

    name: str = ""
    share: float = 1.0
    at_s: float | None = None
    """The instant whose geozones hold (seconds since 1970); None: the situation's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """Where calls come from: places, and how much each counts in every layer."""

    lonlat: Floats
    """WGS-84 degrees. Shape [n, 2]."""
    weights: Floats
    """Shape [layers, n]."""
    layers: tuple[Layer, ...] = (Layer(),)
    districts: tuple[str, ...] = ()
    """The district of each place; none: they are not told."""

    def __post_init__(self) -> None:
        if self.lonlat.ndim != 2 or self.lonlat.shape[1] != 2 or not len(self.lonlat):
            raise AskError("there is no demand")
        if self.weights.shape != (len(self.layers), len(self.lonlat)):
            raise AskError(f"weights have shape {self.weights.shape} for {len(self.layers)} layers of demand")
        if self.districts and len(self.districts) != len(self.lonlat):
            raise AskError(f"{len(self.districts)} districts for {len(self.lonlat)} places")

    def __len__(self) -> int:
        return len(self.lonlat)

    def merged(self) -> "Demand":
        """Places with equal coordinates (and district) as one, their weights added: exact. From west to east; places
        without any weight are left out."""
        kept = np.flatnonzero((self.weights > 0).any(axis=0))
        if not len(kept):
            raise AskError("no place of demand has any weight")
        _, district = np.unique(np.array(self.districts or ("",) * len(self)), return_inverse=True)
        keys = np.column_stack([self.lonlat, district])[kept]
        _, of, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        of, group = kept[of], group.reshape(-1)
        weights: Floats = np.stack([np.bincount(group, layer[kept], len(of)) for layer in self.weights]).astype(float)
        return Demand(
            lonlat=self.lonlat[of],
            weights=weights,
            layers=self.layers,
            districts=tuple(self.districts[k] for k in of.tolist()) if self.districts else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A wind, and how often it blows beside the others."""

    wind: Wind = CALM
    share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share < math.inf:
            raise AskError(f"a wind of {self.wind.speed_mps:g} m/s has the share {self.share}: give more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The question. ``p`` counts new bases (drones for ``expected``); ``budget`` bounds the new bases' costs."""

    goal: Goal = "maxcover"
    promise: Promise = field(default_factory=Promise)
    p: int | None = None
    budget: float | None = None
    busy: float = 0.3
    """For ``expected``: the share of the time that a drone is busy."""
    winds: tuple[Blow, ...] = ()
    """Empty: the situation's own."""
    cutoff_s: float | None = None
    """Flights longer than this are not looked at; None: what the goal needs, see :mod:`dispatch.placement.scenes`."""

    def __post_init__(self) -> None:
        if self.goal not in GOALS:
            raise AskError(f"unknown model {self.goal!r}; known are {', '.join(GOALS)}")
        if self.goal != "cover" and self.p is None and self.budget is None:
            raise AskError(f"{self.goal} asks what so many bases can do: give p or a budget")
        if self.promise.times > 1 and self.goal not in ("cover", "maxcover"):
            raise AskError(f"{self.goal} knows no depth: ask cover or maxcover for {self.promise.times} bases")
        if self.promise.share is not None and self.goal not in ("cover", "p90"):
            raise AskError(f"a promised share asks for the fewest bases: say cover, not {self.goal}")
        if self.cutoff_s is not None and not self.cutoff_s > 0:
            raise AskError(f"the longest flight is {self.cutoff_s} s: give more than 0")
        if self.cutoff_s is not None and self.covers and self.cutoff_s < self.promise.within_s:
            raise AskError(f"the longest flight is {self.cutoff_s:g} s, less than the promised time")

    @property
    def covers(self) -> bool:
        """Whether only flights within the promised time count."""
        return self.goal not in ("median", "center", "p90")

    def model(self, unserved_s: float) -> Model:
        """The placement model; ``unserved_s`` is what a place counts, for mean times, that no base reaches."""
        within_s, times = self.promise.within_s, self.promise.times
        match self.goal:
            case "cover":
                share = 1.0 if self.promise.share is None else self.promise.share
                return Cover(within_s=within_s, times=times, share=share)
            case "maxcover":
                return MaxCover(within_s=within_s, times=times)
            case "expected":
                return Expected(within_s=within_s, busy=self.busy)
            case "median":
                return Median(unserved_s=unserved_s)
            case "center":
                return Center()
            case "p90":
                return Percentile(share=0.9 if self.promise.share is None else self.promise.share)
            case "worst-district":
                return WorstFirst(of=MaxCover(within_s=within_s), over="districts")
            case "worst-scenario":
                return WorstFirst(of=MaxCover(within_s=within_s), over="scenarios")


def endurance_s(airframe: Airframe, turnout_s: float) -> float:
    """Until when a drone can be somewhere and still fly home as far as it came, in still air."""
    usable_wh = (1.0 - airframe.reserve_share) * airframe.battery_wh
    return turnout_s + usable_wh * 3600 / airframe.cruise_w / 2
