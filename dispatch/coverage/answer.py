"""What comes back: the layout, its value, how good it could be at best, and whether that is proven."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["optimal", "stopped"]
"""``optimal`` only where value and bound meet; ``stopped``: the best found when it was told to stop."""


def gap_of(value: float, bound: float) -> float:
    """|bound - value| as a share of the value; infinite where one of them is missing."""
    if math.isinf(value) or math.isinf(bound):
        return math.inf
    return abs(bound - value) / max(abs(value), 1e-12) if value != bound else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is: told again and again while it works. Value and bound are the model's (see :class:`Answer`)."""

    stage: str
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How far the bound is from the value, as a share of the value."""
        return gap_of(self.value, self.bound)


Tell = Callable[[Progress], None]


class Layout(Protocol):
    """Where bases are, and with how many drones: an answer, a step of a frontier, or one's own."""

    @property
    def open_sites(self) -> tuple[int, ...]:
        """Sites with a base, by number."""
        ...

    @property
    def drones(self) -> tuple[int, ...]:
        """How many drones each of them has."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A layout and its proof.

    No layout is better than ``bound``: above the value where the model asks for the most, below it where it asks for
    the least. Proven up to the arithmetic of 64-bit numbers; see docs/placement.md.
    """

    open_sites: tuple[int, ...]
    """Sites with a base, those that stand already among them, by number."""
    drones: tuple[int, ...]
    """How many drones each of them has."""
    value: float
    unit: str
    bound: float
    status: Status
    nodes: int = 0
    """Parts of the search tree that were looked at."""
    interrupted: bool = False
    """Ctrl-C ended it."""

    @property
    def gap(self) -> float:
        """How far the bound is from the value, as a share of the value."""
        return gap_of(self.value, self.bound)
