"""What is asked for: a closed union of placement models, each with its formulation and its paper.

y_j: drones (or a base) at site j; w_i: demand of point i; t_ij: flight time; N_i(T): sites with t_ij ≤ T. Every model
also keeps forced, forbidden and standing sites and Σ y ≤ p or Σ cost_j y_j ≤ budget. With several scenarios Σ runs over
all of them, weighted by their shares, and "every i" means in every scenario, unless :class:`WorstFirst` is asked.
"""

from dataclasses import dataclass
from typing import Literal

from dispatch.coverage.kernels.types import Floats


def _positive(what: str, number: float) -> None:
    if not 0 < number < float("inf"):
        raise ValueError(f"{what} is {number}: give more than 0")


def _times(times: int) -> None:
    if times < 1:
        raise ValueError(f"demand is to be covered {times} times: give 1 or more")


def _share(share: float) -> None:
    if not 0 < share <= 1:
        raise ValueError(f"the share of demand is {share}: give more than 0, at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """LSCP: the cheapest bases that cover every demand point within T, ``times`` times over; or a ``share`` of demand.

    min Σ cost_j y_j  subject to  Σ_{j ∈ N_i(T)} y_j ≥ times for every i with w_i > 0; with a share below 1 for points
    whose w_i come to that share of the whole (partial covering: M. S. Daskin and S. H. Owen, Geographical Analysis 31,
    1999).
    C. Toregas, R. Swain, C. ReVelle, L. Bergman, Operations Research 19 (1971); ``times`` above 1: backup coverage,
    M. S. Daskin and E. H. Stern, Transportation Science 15 (1981), K. Hogan and C. ReVelle, Management Science 32
    (1986).
    """

    within_s: float
    times: int = 1
    share: float = 1.0

    def __post_init__(self) -> None:
        _positive("within_s", self.within_s)
        _times(self.times)
        _share(self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxCover:
    """MCLP: the most demand within T, by ``times`` different bases.

    max Σ w_i z_i  subject to  times · z_i ≤ Σ_{j ∈ N_i(T)} y_j, z_i ∈ {0, 1}, y_j ≤ 1.
    R. Church and C. ReVelle, Papers of the Regional Science Association 32 (1974).
    """

    within_s: float
    times: int = 1

    def __post_init__(self) -> None:
        _positive("within_s", self.within_s)
        _times(self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """MEXCLP: the most expected coverage where each drone is busy for a share q of the time, whatever the others do.

    max Σ w_i Σ_k (1 - q) q^(k-1) z_ik  subject to  Σ_k z_ik ≤ Σ_{j ∈ N_i(T)} y_j; y_j up to the docks of site j, p
    counts drones. M. S. Daskin, Transportation Science 17 (1983).
    """

    within_s: float
    busy: float

    def __post_init__(self) -> None:
        _positive("within_s", self.within_s)
        if not 0 <= self.busy < 1:
            raise ValueError(f"the busy fraction is {self.busy}: give 0 or more, less than 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliable:
    """Queueing probabilistic LSCP: the fewest drones such that every call finds a free one within T, mostly.

    min Σ y_j  subject to  Σ_{j ∈ N_i(T)} y_j ≥ b_i for every i with w_i > 0; y_j up to the docks of site j. b_i is the
    least b with 1 - B(b, a_i) ≥ reliability, B Erlang's loss probability, a_i the load around point i: how busy drones
    are follows from the calls (``queue``), where MEXCLP takes one busy fraction for all.
    V. Marianov and C. ReVelle, Socio-Economic Planning Sciences 28 (1994); as a maximal problem EJOR 93 (1996).
    """

    within_s: float
    reliability: float
    calls_per_h: float
    """Of all demand together, in the mean of the scenarios; each point has its weight's share."""
    busy_s: float
    """How long a call holds a drone: out, on scene, home, and until it can fly again."""

    def __post_init__(self) -> None:
        _positive("within_s", self.within_s)
        _positive("calls_per_h", self.calls_per_h)
        _positive("busy_s", self.busy_s)
        if not 0 < self.reliability < 1:
            raise ValueError(f"the reliability is {self.reliability}: give more than 0, less than 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """p-median: the least mean flight time to the nearest base.

    min Σ w_i min_{j: y_j = 1} t_ij / Σ w_i. S. L. Hakimi, Operations Research 12 (1964). A point that no open base
    reaches counts ``unserved_s`` seconds, which must be told where some pair cannot be flown.
    """

    unserved_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Center:
    """p-center: the least worst flight time to the nearest base over points with demand.

    min max_{i: w_i > 0} min_{j: y_j = 1} t_ij. S. L. Hakimi, Operations Research 12 (1964); solved by covering
    decisions over the distinct times (E. Minieka, SIAM Review 12, 1970).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """The least T within which ``share`` of the demand is reached: the P90 response with ``share`` = 0.9.

    min T  subject to  MaxCover(T) ≥ share · Σ w_i; solved by covering decisions over the distinct times.
    """

    share: float = 0.9

    def __post_init__(self) -> None:
        _share(self.share)

    def goal(self, weights: Floats) -> float:
        """So much demand is to be reached; a hair less, for the rounding of sums."""
        return self.share * float(weights.sum()) * (1 - 1e-12)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstFirst:
    """The best for the worst district, or for the worst scenario.

    max min_g V_g(y), V_g the share of its demand that group g has covered (``MaxCover``, ``Expected``); or
    min max_g of its mean flight time (``Median``). Max-min location: A. T. Murray, V. Marianov; D. Serra and
    V. Marianov, Location Science 6 (1998) for the median over scenarios.
    """

    of: MaxCover | Expected | Median
    over: Literal["districts", "scenarios"]


Model = Cover | MaxCover | Expected | Reliable | Median | Center | Percentile | WorstFirst
