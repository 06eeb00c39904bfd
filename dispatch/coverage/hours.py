"""Pre-deployment: fixed bases the same in all hours, and mobile units that may stand elsewhere each hour.

max Σ_h share_h V_h(y + z_h) - price · Σ_h moves_h  subject to  Σ y ≤ p, Σ_j z_jh ≤ mobile, y_j + z_jh ≤ docks_j (1
where bases count), moves_h = Σ_j max(0, z_j,h+1 - z_jh) ≤ moves; the hour after the last is the first. V_h is the
coverage of hour h (``MaxCover`` or ``Expected``). Multi-period location with relocations: J. F. Repede and J. J.
Bernardo, EJOR 75 (1994); M. Gendreau, G. Laporte and F. Semet, Parallel Computing 27 (2001).

Units that stay where the static problem puts them are a roster at once, and every hour at its best alone is a bound,
both by ``branch``; OR-Tools has what lies between.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from dispatch.coverage import rest
from dispatch.coverage.answer import Status, Tell, gap_of
from dispatch.coverage.asked import asked, counts_drones
from dispatch.coverage.branch import PROVEN, maximise
from dispatch.coverage.interrupt import listening
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels, stacked
from dispatch.coverage.models import Expected, MaxCover
from dispatch.coverage.place import unheard
from dispatch.coverage.problem import Problem
from dispatch.coverage.stop import Never, Part, Stop
from dispatch.coverage.telling import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """Where the mobile units stand in one hour."""

    name: str
    open_sites: tuple[int, ...]
    drones: tuple[int, ...]
    arrivals: int
    """Units that were elsewhere in the hour before."""
    value: float
    """Demand of this hour that is covered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Fixed bases, mobile units by hour, and what no roster exceeds."""

    open_sites: tuple[int, ...]
    """Sites with a fixed base, those that stand already among them."""
    drones: tuple[int, ...]
    hours: tuple[Hour, ...]
    value: float
    """Mean demand covered, by the hours' shares, less the price of all moves."""
    bound: float
    gap: float
    status: Status
    interrupted: bool = False


def by_hour(
    problem: Problem,
    model: MaxCover | Expected,
    mobile: int,
    *,
    moves: int | None = None,
    price: float = 0.0,
    stop: Stop | None = None,
    tell: Tell | None = None,
) -> Roster:
    """The best roster for the problem's scenarios, taken as the hours of a day in their order.

    ``p`` counts fixed bases; ``mobile`` units come on top. At most ``moves`` of them change their place from one hour
    to the next, and each move costs ``price`` of the value. Ctrl-C and ``stop`` leave the best so far, as in ``place``.
    Raises ``ValueError``.
    """
    if mobile < 0 or (moves is not None and moves < 0) or not 0 <= price < np.inf:
        raise ValueError(f"{mobile} mobile units, {moves} moves at {price} each: give 0 or more")
    if problem.budget is not None:
        raise ValueError("a roster counts bases: give p and no budget")
    if isinstance(model, MaxCover) and model.times > 1:
        raise ValueError("a roster covers once: give times = 1, or Expected")
    fixed = problem.choice(counting_drones=counts_drones(model))
    total = sum(scenario.share for scenario in problem.scenarios)
    shares = np.array([scenario.share / total for scenario in problem.scenarios])
    together = replace(fixed, most=min(fixed.most + mobile, float(fixed.high.sum())))
    most = int(together.most - problem.candidates.standing.sum())
    hours = [asked(replace(problem, scenarios=(scenario,), p=most), model).levels for scenario in problem.scenarios]
    with listening() as interrupt:
        told = Told(stop or Never(), tell or unheard, interrupt=interrupt)
        search = _Search(
            hours=hours,
            shares=shares,
            fixed=fixed,
            together=together,
            mobile=mobile,
            moves=moves,
            price=price,
            told=told,
        )
        with told.until_stopped():
            search.run()
    return search.roster([scenario.name for scenario in problem.scenarios])


@dataclass(slots=True, kw_only=True)
class _Search:
    """The work in hand: ``y`` [sites] and ``z`` [hours, sites] are the best roster so far."""

    hours: list[Levels]
    shares: Floats
    fixed: Choice
    together: Choice
    mobile: int
    moves: int | None
    price: float
    told: Told
    y: Ints = field(init=False)
    z: Ints = field(init=False)
    value: float = field(init=False)
    bound: float = np.inf

    def __post_init__(self) -> None:
        self.y = self.fixed.low.copy()
        self.z = np.zeros((len(self.hours), len(self.y)), np.int64)
        self.value = self._value(self.y, self.z)

    def run(self) -> None:
        """Raises :class:`~dispatch.coverage.telling.Enough` where it is told to stop."""
        mean = stacked(
            [replace(h, gains=h.gains * s, base=h.base * s) for h, s in zip(self.hours, self.shares, strict=True)]
        )
        y = maximise(mean, self.fixed, self._quiet(0.2)).y
        both = maximise(mean, replace(self.together, low=y), self._quiet(0.2)).y
        self._take(y, np.tile(both - y, (len(self.hours), 1)))
        self._ask("first")
        bounds = [maximise(levels, self.together, self._quiet(0.5 / len(self.hours))).bound for levels in self.hours]
        self.bound = float(self.shares @ bounds)
        self._ask("bound")
        effort = rest.Effort()
        while not self.proven and sum(len(h.sites) for h in self.hours) <= rest.MOST_ENTRIES:
            better = self.value + PROVEN * abs(self.value)
            part = rest.rostered(
                self.hours, self.shares, self.fixed, self.together, self.mobile, self.moves, self.price, better, effort,
                self.told,
            )  # fmt: skip
            if part.y is not None:
                table = part.y.reshape(1 + len(self.hours), -1)
                self._take(table[0], table[1:])
            self.bound = max(self.value, better) if part.done else min(self.bound, part.bound + 1e-9 * abs(part.bound))
            effort = effort.twice()
            self._ask("proof")

    @property
    def proven(self) -> bool:
        """Whether value and bound meet, as near as they ever do."""
        return self.bound <= self.value + 2 * PROVEN * abs(self.value)

    def roster(self, names: list[str]) -> Roster:
        """The best so far."""
        arrivals = np.maximum(self.z - np.roll(self.z, 1, axis=0), 0).sum(axis=1)
        hours = []
        for name, levels, z, came in zip(names, self.hours, self.z, arrivals.tolist(), strict=True):
            sites = np.flatnonzero(z)
            drones = tuple(z[sites].tolist())
            value = levels.gained(self.y + z)
            hours.append(Hour(name=name, open_sites=tuple(sites.tolist()), drones=drones, arrivals=came, value=value))
        opened = np.flatnonzero(self.y)
        bound = max(self.value, min(self.bound, self._all()))
        return Roster(
            open_sites=tuple(opened.tolist()), drones=tuple(self.y[opened].tolist()), hours=tuple(hours),
            value=self.value, bound=bound, gap=gap_of(self.value, bound),
            status="optimal" if self.proven else "stopped", interrupted=self.told.interrupt.heard,
        )  # fmt: skip

    def _quiet(self, share: float) -> Told:
        """For a question on the way: a share of the time, and nothing told."""
        return Told(Part(self.told.stop, share), unheard, interrupt=self.told.interrupt)

    def _take(self, y: Ints, z: Ints) -> None:
        value = self._value(y, z)
        if value > self.value:
            self.y, self.z, self.value = y, z, value

    def _value(self, y: Ints, z: Ints) -> float:
        moved = float(np.maximum(z - np.roll(z, 1, axis=0), 0).sum())
        return (
            float(self.shares @ [h.gained(y + here) for h, here in zip(self.hours, z, strict=True)])
            - self.price * moved
        )

    def _all(self) -> float:
        """All that could be gained."""
        return float(self.shares @ [h.base + h.gains.sum() * h.slopes.sum() for h in self.hours])

    def _ask(self, stage: str) -> None:
        self.told.ask(stage, self.value, max(self.value, min(self.bound, self._all())))
