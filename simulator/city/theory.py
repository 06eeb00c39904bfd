"""What queueing theory says of simple cities: Erlang's formulas, and Larson's hypercube of drones that help each other.

The simulator is held against these where they are exact (Poisson reports, exponential times); a planner may ask them
first, for they cost nothing. Sources: A. K. Erlang, *Solution of some problems in the theory of probabilities of
significance in automatic telephone exchanges* (1917); D. Gross et al., *Fundamentals of Queueing Theory* (4th ed.,
2008), ch. 2; R. C. Larson, *A hypercube queuing model for facility location and redistricting in urban emergency
services*, Computers & Operations Research 1 (1974), 67–95.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from dispatch.coverage.queue import loss_probability

MOST_SERVERS: Final = 12
"""Of a hypercube: 4,096 states. Their number doubles with every drone."""


def erlang_b(servers: int, load: float) -> float:
    """The share of calls that find all ``servers`` busy and go away (M/G/c/c), offered ``load`` erlangs.

    It holds for any distribution of the service time. Raises ``ValueError``.
    """
    if servers < 0 or not (math.isfinite(load) and load >= 0):
        raise ValueError(f"{servers} servers and a load of {load} erlangs: neither may be below 0")
    return float(loss_probability(servers, load))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """M/M/c: Poisson calls, exponential service, ``servers`` alike, one line, first come first served.

    Raises ``ValueError`` where the line would grow without end.
    """

    servers: int
    rate_per_s: float
    service_s: float
    """The mean."""

    def __post_init__(self) -> None:
        if self.servers < 1 or not (self.rate_per_s > 0 and self.service_s > 0):
            raise ValueError(f"no queue: {self.servers} servers, {self.rate_per_s} calls/s, {self.service_s} s each")
        if self.load >= self.servers:
            raise ValueError(f"{self.load:g} erlangs on {self.servers} servers: the line grows without end")

    @property
    def load(self) -> float:
        """What is offered, in erlangs: how many servers are busy on average."""
        return self.rate_per_s * self.service_s

    @property
    def waits_share(self) -> float:
        """The share of calls that wait at all (Erlang C)."""
        blocked = erlang_b(self.servers, self.load)
        return blocked / (1 - self.load / self.servers * (1 - blocked))

    @property
    def mean_wait_s(self) -> float:
        """Of all calls, those that do not wait counted as 0."""
        return self.waits_share / self._drain_per_s

    def waits_longer_share(self, wait_s: float) -> float:
        """The share of calls that wait longer than ``wait_s``."""
        return self.waits_share * math.exp(-self._drain_per_s * wait_s)

    def wait_quantile_s(self, share: float) -> float:
        """What ``share`` of all calls do not wait longer than; 0 where so many do not wait at all."""
        if not 0 <= share < 1:
            raise ValueError(f"a share of {share} has no quantile")
        return max(0.0, math.log(self.waits_share / (1 - share)) / self._drain_per_s)

    @property
    def _drain_per_s(self) -> float:
        return self.servers / self.service_s - self.rate_per_s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypercube:
    """The steady state of drones that help each other, exact (Larson 1974)."""

    workloads: NDArray[np.float64]
    """[drones] the share of time that each is busy."""
    dispatches: NDArray[np.float64]
    """[drones, atoms] f_nj: of all dispatches, the share that sends drone n to atom j; sums to 1."""
    lost_share: float
    """Of all calls: those that found no drone free and went away; 0 where they wait."""
    waits_share: float
    """Of all calls: those that wait; 0 where they go away."""
    mean_wait_s: float
    """Of all calls, those that do not wait counted as 0."""
    states: NDArray[np.float64]
    """[2 ** drones] how likely it is that just those drones are busy whose bits are set; where calls wait, the last
    is that of all busy, whatever the line."""

    def mean_travel_s(self, travel_s: NDArray[np.float64]) -> float:
        """The mean over all dispatches, of ``travel_s`` [drones, atoms]."""
        return float(np.sum(self.dispatches * travel_s, where=self.dispatches > 0))


def hypercube(
    rates_per_s: NDArray[np.float64], preferences: NDArray[np.integer], service_s: NDArray[np.float64], *, waits: bool
) -> Hypercube:
    """Solve for atoms of demand with Poisson calls and drones with exponential service.

    ``rates_per_s`` [atoms]; ``preferences`` [atoms, drones] names the drones for each atom, best first: the first that
    is free goes; ``service_s`` [drones] are mean times, travel in them, that do not depend on the atom. With ``waits``
    a call that finds all busy waits in one line, first come first served; else it goes away. Without ``waits`` a list
    may be shorter, filled up with −1: those drones never go there.

    The balance of the 2ⁿ states is solved directly (sparse LU). Where calls wait, the chain beyond "all busy" is a
    line with constant rates, so its probabilities fall geometrically and only the last state's weight changes. Raises
    ``ValueError`` for shapes and lists that cannot be, more than ``MOST_SERVERS`` drones, or a line without end.
    """
    rates, means_s = np.asarray(rates_per_s, dtype=np.float64), np.asarray(service_s, dtype=np.float64)
    drones, atoms = len(means_s), len(rates)
    lists = np.asarray(preferences)
    _check(rates, lists, means_s, waits=waits)

    states = 1 << drones
    # Who goes, for every state and atom: the first of the list whose bit is not set; −1: nobody.
    goes = np.full((states, atoms), -1)
    everything = np.arange(states)
    for ranked in lists.T[::-1]:
        free = (ranked[None, :] >= 0) & ((everything[:, None] >> np.maximum(ranked, 0)[None, :] & 1) == 0)
        goes = np.where(free, ranked[None, :], goes)
    weights = _balanced(goes, rates, means_s)

    total, drain = float(rates.sum()), float((1 / means_s).sum())
    weights[-1] /= (1 - total / drain) if waits else 1
    weights /= weights.sum()

    busy = np.array([weights[everything >> n & 1 == 1].sum() for n in range(drones)])
    at_once = np.array([weights @ (goes == n) * rates / total for n in range(drones)])
    waits_share = float(weights[-1]) if waits else 0.0
    # Who waits is served by whoever is free first, wherever the call came from.
    served = at_once + waits_share * np.outer(1 / means_s / drain, rates / total)
    return Hypercube(
        workloads=busy,
        dispatches=served / served.sum(),
        lost_share=0.0 if waits else 1 - float(served.sum()),
        waits_share=waits_share,
        mean_wait_s=waits_share / (drain - total) if waits else 0.0,
        states=weights,
    )


def _balanced(
    goes: NDArray[np.integer], rates: NDArray[np.float64], means_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights of all states, that of "all free" being 1, at which as much flows into every state as out of it."""
    states, drones = len(goes), len(means_s)
    everything = np.arange(states)
    flows = []  # (from, to, rate)
    for n in range(drones):
        flows.append((everything, everything | 1 << n, (goes == n) @ rates))
        busy = everything[everything >> n & 1 == 1]
        flows.append((busy, busy ^ 1 << n, np.full(len(busy), 1 / means_s[n])))
    source, target, rate = (np.concatenate(part) for part in zip(*flows, strict=True))
    inflow = sparse.coo_array((rate, (target, source)), shape=(states, states)).tocsc()
    outflow = sparse.diags_array(np.bincount(source, weights=rate, minlength=states))
    balance = (outflow - inflow).tocsc()
    weights = np.ones(states)
    weights[1:] = spsolve(balance[1:, 1:], -balance[1:, [0]].toarray().ravel())
    return weights


def _check(
    rates: NDArray[np.float64], lists: NDArray[np.integer], means_s: NDArray[np.float64], *, waits: bool
) -> None:
    drones, atoms = len(means_s), len(rates)
    if not 1 <= drones <= MOST_SERVERS:
        raise ValueError(f"{drones} drones: a hypercube is solved for 1 to {MOST_SERVERS}")
    if lists.shape != (atoms, drones):
        raise ValueError(f"preferences have the shape {lists.shape}, not {(atoms, drones)} (atoms, drones)")
    if not (np.all(rates >= 0) and rates.sum() > 0 and np.all(np.isfinite(rates))):
        raise ValueError("rates_per_s must be finite, not below 0 and not all 0")
    if not (np.all(means_s > 0) and np.all(np.isfinite(means_s))):
        raise ValueError("service_s must be finite and above 0")
    for atom, ranked in enumerate(lists.tolist()):
        named = [n for n in ranked if n != -1]
        if len(set(named)) < len(named) or any(not 0 <= n < drones for n in named) or ranked[: len(named)] != named:
            raise ValueError(f"preferences of atom {atom} are {ranked}: each drone once, −1 only at the end")
        if waits and len(named) < drones:
            raise ValueError(f"preferences of atom {atom} are {ranked}: where calls wait, every drone goes everywhere")
    if waits and rates.sum() >= (1 / means_s).sum():
        raise ValueError(f"{rates.sum():g} calls/s are more than {drones} drones can serve: the line grows without end")
