"""A study: which files and words a simulation is made from, kept together so that it can be redone."""

import math
from dataclasses import dataclass
from pathlib import Path

from api.simulating.ground import FittedUnits, GroundSource
from dispatch.demand import CELL_M
from simulator.city.outages import NO_OUTAGES, Outages
from simulator.city.run import NO_TROUBLE, Trouble
from simulator.city.study import by_chance
from simulator.city.warm_up import WARM_UP_S

REPLICATIONS = 20
USUAL = ("nearest-able",)


class SimulationError(ValueError):
    """A simulation that cannot be meant; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSource:
    """Which records, and what is made of them."""

    path: Path
    fitted: bool = True
    """Calls are drawn from a model fitted to the records, and not replayed."""
    datum: str | None = None
    time_zone: str | None = None
    """Of times that state none; None: the city's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """All that a simulation is made from. ``plans`` are cities and layouts as in :func:`read_layouts`."""

    plans: tuple[str, ...]
    policies: tuple[str, ...] = USUAL
    city: str | None = None
    calls: CallSource | None = None
    """None: the city's own call model."""
    growth: float = 1.0
    """So many times the calls, where they are drawn."""
    begins: str | None = None
    """The first measured local day or instant, ISO 8601; None: the Monday after the records, or 2026-01-05."""
    ends: str | None = None
    days: float | None = None
    """How long is measured, where ``ends`` is not given."""
    warm_up_s: float = WARM_UP_S
    """Simulated before that, and not measured."""
    replications: int = REPLICATIONS
    seed: int = 1
    """All chance hangs on it, and on the number of the replication."""
    promised: float = 0.9
    """The share of incidents that is to have a drone on scene within the city's promise."""
    wind: str | None = None
    """``6@300``; None: the city's."""
    wind_rose: Path | None = None
    """Winds of it are drawn hour by hour, the same in all replications."""
    weather: Path | None = None
    ground: GroundSource | None = None
    """None: when units on the ground come is what records tell of it."""
    trouble: Trouble = NO_TROUBLE
    outages: Outages = NO_OUTAGES
    regret: bool = False
    """Every run is held against what no dispatcher could better who knew all calls (:mod:`simulator.city.bound`)."""
    cell_m: float = CELL_M
    """Calls lie on the middles of cells of this size."""

    def __post_init__(self) -> None:
        if not self.plans or not self.policies:
            raise SimulationError("nothing to simulate: give a city or a layout, and a policy")
        if len(set(self.policies)) < len(self.policies):
            raise SimulationError(f"policies {', '.join(self.policies)}: one is named twice")
        if self.replications < 1 or self.seed < 0:
            raise SimulationError(f"{self.replications} replications from seed {self.seed}: give 1 or more, from 0 on")
        if not (0 < self.promised <= 1 and 0 <= self.warm_up_s < math.inf and 0 <= self.growth < math.inf):
            raise SimulationError(
                f"promised {self.promised} (above 0, at most 1), warm-up {self.warm_up_s} s and growth {self.growth} "
                "(finite and ≥ 0) cannot be"
            )
        if sum(one is not None for one in (self.wind, self.wind_rose, self.weather)) > 1:
            raise SimulationError("give a wind, a wind rose or a file of weather, not both")
        if self.ends is not None and self.days is not None:
            raise SimulationError("give an end or a number of days, not both")
        if self.days is not None and not 0 < self.days <= 3660:
            raise SimulationError(f"{self.days} days: give more than 0, at most ten years")
        replayed = self.calls is not None and not self.calls.fitted
        if replayed and self.growth != 1:
            raise SimulationError("records that are replayed do not grow: fit a model to them")
        chance = by_chance(self.trouble, self.outages) or self.ground is not None
        if replayed and self.replications > 1 and not chance:
            raise SimulationError(
                "records that are replayed are the same in every replication, and nothing else is left to chance: ask "
                "for one replication, or fit a model to the records"
            )
        if isinstance(self.ground, FittedUnits) and self.calls is None:
            raise SimulationError("ground units are fitted to records: there are none")
