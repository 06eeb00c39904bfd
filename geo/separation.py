"""How near aircraft came to each other: an audit of their tracks, which knows nothing of why they flew so.

Two are apart where they are 30 m apart horizontally *or* 10 m in height. How near a pair came is told by one number
a moment, its *share* of that: the larger of horizontal distance / 30 m and difference in height / 10 m. At 1 or more
they are apart.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_HORIZONTAL_M = 30.0
LEAST_VERTICAL_M = 10.0

STEP_S = 0.1
"""Between two samples of a track the aircraft is taken to fly straight; a pair is looked at this often."""

MOST_SILENT_S = 2.0
"""Over a longer gap in a track nothing is claimed of it."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Where one aircraft was while it was in the air: instants (rising), metres east and north, metres AMSL.

    All of shape [n]. Where it stood on the ground between two flights there are no samples. Raises ``ValueError`` for
    arrays of unlike length and for instants that do not rise.
    """

    name: str
    at_s: Array
    east_m: Array
    north_m: Array
    amsl_m: Array

    @classmethod
    def of(cls, name: str, samples: ArrayLike) -> "Track":
        """A track out of rows (instant, east, north, AMSL), shape [n, 4]."""
        rows = np.asarray(samples, dtype=np.float64).reshape(-1, 4)
        return cls(name, *np.ascontiguousarray(rows.T))

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.at_s, self.east_m, self.north_m, self.amsl_m)}
        if len(shapes) != 1 or len(self.at_s.shape) != 1:
            raise ValueError(f"track {self.name!r}: its arrays are of shapes {sorted(shapes)}; they must be one [n]")
        if np.any(np.diff(self.at_s) <= 0):
            raise ValueError(f"track {self.name!r}: its instants must rise")

    def at(self, instants_s: Array) -> Array:
        """East, north and AMSL at these instants, shape [k, 3]; NaN where the track tells nothing."""
        places = np.full((len(instants_s), 3), np.nan)
        if len(self.at_s) == 0:
            return places
        after = np.clip(np.searchsorted(self.at_s, instants_s), 0, len(self.at_s) - 1)
        before = np.where(self.at_s[after] == instants_s, after, after - 1)
        known = (instants_s >= self.at_s[0]) & (instants_s <= self.at_s[-1])
        known &= self.at_s[after] - self.at_s[before] <= MOST_SILENT_S
        for column, values in enumerate((self.east_m, self.north_m, self.amsl_m)):
            places[known, column] = np.interp(instants_s[known], self.at_s, values)
        return places


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """The moment at which two aircraft were nearest to each other while both were in the air."""

    one: str
    other: str
    at_s: float
    horizontal_m: float
    vertical_m: float

    @property
    def share(self) -> float:
        """How far apart they were as a share of what they must be; less than 1 is too near."""
        return max(self.horizontal_m / LEAST_HORIZONTAL_M, self.vertical_m / LEAST_VERTICAL_M)

    @property
    def too_near(self) -> bool:
        """Whether they were nearer than they may be."""
        return self.share < 1.0

    def __str__(self) -> str:
        return (
            f"{self.one} and {self.other}: {self.horizontal_m:.1f} m and {self.vertical_m:.1f} m in height "
            f"at {self.at_s:.1f} s"
        )


def closest_approach(one: Track, other: Track) -> Approach | None:
    """The nearest moment of two tracks; None where they were never in the air at once."""
    if len(one.at_s) == 0 or len(other.at_s) == 0:
        return None
    from_s, until_s = max(one.at_s[0], other.at_s[0]), min(one.at_s[-1], other.at_s[-1])
    if from_s > until_s:
        return None
    sampled = [at_s[(at_s >= from_s) & (at_s <= until_s)] for at_s in (one.at_s, other.at_s)]
    instants_s = np.unique(np.concatenate([*sampled, np.arange(from_s, until_s, STEP_S)]))
    apart = one.at(instants_s) - other.at(instants_s)
    horizontal_m, vertical_m = np.hypot(apart[:, 0], apart[:, 1]), np.abs(apart[:, 2])
    shares = np.maximum(horizontal_m / LEAST_HORIZONTAL_M, vertical_m / LEAST_VERTICAL_M)
    if np.isnan(shares).all():
        return None
    k = int(np.nanargmin(shares))
    return Approach(
        one=one.name,
        other=other.name,
        at_s=float(instants_s[k]),
        horizontal_m=float(horizontal_m[k]),
        vertical_m=float(vertical_m[k]),
    )


def closest_approaches(tracks: Sequence[Track]) -> list[Approach]:
    """The nearest moment of every pair that was in the air at once, the nearest pair first."""
    found = (closest_approach(one, other) for one, other in itertools.combinations(tracks, 2))
    return sorted((approach for approach in found if approach is not None), key=lambda approach: approach.share)
