"""The most value that a choice can have, with proof: local search, bounds by the relaxation, fixing, branch and bound.

1. Greedy and swaps give a choice at once (``kernels.swap``).
2. The relaxation's bound is climbed down in slices (``kernels.ascent``); its y is what the search's kicks draw from.
3. Reduced costs settle sites: one whose opening (or closing) would push the bound below the value in hand is fixed, and
   the levels are written anew without it (Cordeau, Furini and Ljubić, EJOR 275, 2019, do the same with Benders cuts).
4. The rest is a search tree, the best bound first, every node bounded by the same method from its parent's prices;
   nodes that are small enough go to OR-Tools whole (``rest``).
"""

import heapq
import itertools
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.coverage import rest
from dispatch.coverage.kernels.ascent import climb, knapsack
from dispatch.coverage.kernels.swap import search
from dispatch.coverage.kernels.types import Floats, Ints
from dispatch.coverage.levels import Choice, Levels, without_dominated
from dispatch.coverage.telling import Enough, Told

ROUNDING = 1e-9
"""Bounds are raised by this share of themselves: more than the rounding of any sum here."""

PROVEN = 1e-7
"""Where values are not multiples of anything, better by no more than this share is no better."""

KICKS, ROUNDS, PATIENCE, SEARCHED = 10, 60, 6, 500_000
"""Kicks of the local search at once; how many rounds of them at most, before the tree; so many of them in a row without
a better choice are enough, or so many entries looked at (but one round at least). In the tree a round goes on at every
so many nodes."""

OFTEN = 5

WALKED, FEWEST, MOST = 60_000_000, 40, 1000
"""The relaxation takes so many entries at once, in so many steps at least and at most; then the stop is asked."""

CONVERGED, UNLIKELY, ROOT_STEPS, NODE_STEPS = 1e-5, 0.03, 10_000, 300
"""The relaxation is done when its bound and its value are this near, as a share; or within this share of what the bound
is still above the value in hand; or after so many steps, at the root and at another node."""

SMALL, EFFORT = 2500, rest.Effort(nodes=500)
"""Nodes with so many entries left go to OR-Tools whole, with so much effort."""

KEPT_NUMBERS = 200_000_000
"""More numbers than this are not kept as prices of open nodes."""

SURELY = 3
"""A level with so many open sites in the best layout before it has one in every good one."""

SHRUNK = 0.6
"""Levels are written anew when only this share of their entries is still in play."""


class Warm(NamedTuple):
    """Where a question that differs only in its means may begin: a layout, and the relaxation's y, prices and balance.

    Any prices give a true bound under any means, so the next question's first bound is had for one walk.
    """

    y: Ints
    relaxed: Floats | None = None
    lam: NDArray[np.float32] | None = None
    omega: float = 1.0


class Found(NamedTuple):
    """The best choice found, its value, and what none exceeds."""

    y: Ints
    value: float
    bound: float
    nodes: int
    warm: Warm

    @property
    def proven(self) -> bool:
        """Whether value and bound meet."""
        return self.bound <= self.value + PROVEN * abs(self.value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A part of the choice, and what is known of it."""

    bound: float
    levels: Levels
    choice: Choice
    y: Floats
    lam: NDArray[np.float32] | None = None
    omega: float = 1.0
    tried: float = np.inf
    """With so many entries OR-Tools was asked already, and had no answer in time."""


def maximise(levels: Levels, choice: Choice, told: Told, *, goal: float = np.inf, warm: Warm | None = None) -> Found:
    """The best of ``choice``, as far as ``told`` lets it.

    Reaching ``goal``, or proving that it cannot be reached, is enough.
    """
    return _Search(levels=levels, choice=choice, told=told, goal=goal).run(warm or Warm(choice.low))


@dataclass(slots=True)
class _Search:
    """The work in hand: the best so far survives whatever ends it."""

    levels: Levels
    choice: Choice
    told: Told
    goal: float
    y: Ints = field(init=False)
    warm: Warm = field(init=False)
    root: Node = field(init=False)
    value: float = -np.inf
    bound: float = np.inf
    nodes: int = 0
    quantum: float = field(init=False)
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def run(self, warm: Warm) -> Found:
        self.warm = warm
        self.quantum = self.levels.quantum
        self.y = self.choice.low.copy()
        self.value = self._value(self.y)
        self.bound = self._ceiling(self.levels.base + float(self.levels.gains.sum() * self.levels.slopes.sum()))
        with self.told.until_stopped():
            self._grow(warm)
        return Found(self.y, self.value, max(self.bound, self.value), self.nodes, self.warm._replace(y=self.y))

    def _grow(self, warm: Warm) -> None:
        self._searched(self.levels, self.choice, warm.y, np.ones(len(warm.y)), kicks=0)
        self._ask("first")
        choice = without_dominated(self.levels, self.choice)
        levels = self._short(choice)
        lam = warm.lam if warm.lam is not None and len(warm.lam) == len(levels.gains) else None
        relaxed = self.y.astype(np.float64) if warm.relaxed is None else warm.relaxed
        root = Node(bound=self.bound, levels=levels, choice=choice, y=relaxed, lam=lam, omega=warm.omega)
        order = itertools.count()
        heap = [(-root.bound, next(order), root)]
        kept = 0 if lam is None else len(lam)
        while heap:
            node = heapq.heappop(heap)[2]
            if node.bound <= self._allowed():
                break
            self.bound = node.bound
            self._ask("proof")
            self.nodes += 1
            kept -= 0 if node.lam is None else len(node.lam)
            for child in self._children(node):
                if kept > KEPT_NUMBERS:
                    child = replace(child, lam=None)
                kept += 0 if child.lam is None else len(child.lam)
                heapq.heappush(heap, (-child.bound, next(order), child))
        self.bound = self.value if self.quantum else self._allowed()
        self._ask("proof")

    def _short(self, choice: Choice) -> Levels:
        """The levels for ``choice``; of a chain of many only those up to the third base of the best layout.

        What lies beyond counts as gained, so bounds stay bounds; values are always those of the whole question.
        """
        whole = self.levels
        if len(whole.chains) > len(whole.gains):  # one level a chain
            return whole.among(choice)
        new = np.add.reduceat(np.append(self.y[whole.sites], 0), whole.levels[:-1])
        before = np.cumsum(new) - new
        at_start = np.append(before, 0)[whole.chains[:-1]]
        return whole.among(choice, before - np.repeat(at_start, np.diff(whole.chains)) >= SURELY)

    def _children(self, node: Node) -> list[Node]:
        """What is left of a node: nothing, or its halves."""
        root = self.nodes == 1
        node, prices, exact = self._relaxed(node, root=root)
        if root:
            self.warm = Warm(self.y, node.y, node.lam, node.omega)
        if node.bound <= self._allowed():
            return []
        if root or self.nodes % OFTEN == 0:
            self._searched(node.levels, node.choice, rounded(node.y, node.choice), node.y, KICKS * root)
        if root:
            self.root, failed = node, 0
            patience = max(1, min(PATIENCE, SEARCHED // max(1, len(node.levels.sites))))
            for _ in range(ROUNDS):
                self._ask("search")
                failed = 0 if self._kicked(node.y) else failed + 1
                if failed >= patience or node.bound <= self._allowed():
                    break
        elif self.nodes % OFTEN == 0:
            self._kicked(node.y)
        if node.bound <= self._allowed():
            return []
        choice = settled(node.choice, prices, exact, self._allowed())
        if choice is None:
            return []
        node = replace(node, choice=choice)
        if not choice.free.any():
            self._take(choice.low)
            return []
        left = int(choice.free[node.levels.sites].sum())
        if left <= SHRUNK * len(node.levels.sites):
            node = replace(node, levels=self._short(choice), lam=None)
            if root:  # with fewer sites the relaxation is done anew, and settles more
                self.nodes += 1
                return [node] if left else self._children(node)
        if left <= min(SMALL, node.tried / 2):
            part = rest.maximised(self.levels.among(choice), choice, self._allowed(), EFFORT, self.told)
            if part.y is not None:
                self._take(part.y)
            if part.done:
                return []
            node = replace(node, bound=min(node.bound, self._ceiling(part.bound)), tried=float(left))
        return halves(node, prices)

    def _kicked(self, relaxed: Floats) -> bool:
        """Whether a round of kicks from the best choice, by the odds of a relaxed one, has found a better one."""
        before = self.value
        whole = self.root
        self._searched(whole.levels, whole.choice, self.y, relaxed + 0.1 * relaxed.mean(), kicks=KICKS)
        return self.value > before

    def _relaxed(self, node: Node, *, root: bool) -> tuple[Node, Floats, float]:
        """The node with its bound, relaxed y and level prices; the sites' prices, and their bound before rounding."""
        levels, choice = node.levels, node.choice
        low, high = choice.low.astype(np.float64), choice.high.astype(np.float64)
        y = np.clip(node.y, low, high)
        lam = first_prices(levels, y) if node.lam is None else node.lam.astype(np.float64)
        omega, exact, prices = node.omega, np.inf, np.zeros(len(y))
        relaxed_y, best_lam = y, lam
        at_once = int(np.clip(WALKED / max(1, len(levels.sites)), FEWEST, MOST))
        left = ROOT_STEPS if root or node.lam is None else NODE_STEPS
        while left > 0:
            bound, trial_lam, trial_prices, _, trial_y, omega, steps = climb(
                levels.chains, levels.levels, levels.sites, levels.gains, levels.slopes,
                low, high, choice.uses, choice.most, lam, y, omega, min(left, at_once), CONVERGED,
                self._allowed() - levels.base, UNLIKELY,
            )  # fmt: skip
            left -= steps
            if bound + levels.base < exact:
                exact, prices, best_lam = bound + levels.base, trial_prices, trial_lam
            relaxed_y = trial_y
            node = replace(node, bound=min(node.bound, self._ceiling(exact)))
            if self.nodes == 1:
                self.bound = node.bound
            if node.bound <= self._allowed() or steps < min(left + steps, at_once):
                break
            if root:
                self._searched(levels, choice, rounded(trial_y, choice), trial_y + 0.1 * trial_y.mean(), kicks=2)
            self._ask("bound")
        return replace(node, lam=best_lam.astype(np.float32), y=relaxed_y, omega=omega), prices, exact

    def _searched(self, levels: Levels, choice: Choice, start: Ints, odds: Floats, kicks: int) -> None:
        y = np.clip(start, choice.low, choice.high)
        if float(choice.uses @ y) > choice.most * (1 + 1e-12):
            y = choice.low.copy()
        _, y = search(
            levels.chains, levels.levels, levels.sites, levels.gains, levels.steps,
            choice.low, choice.high, choice.uses, choice.most, y, odds, kicks, self.chance,
        )  # fmt: skip
        self._take(y)

    def _take(self, y: Ints) -> None:
        """Keep it if it is the best; its value is that of the whole question."""
        value = self._value(y)
        if value > self.value + ROUNDING * abs(self.value):
            self.y, self.value = y.copy(), value

    def _value(self, y: Ints) -> float:
        return self.levels.gained(y)

    def _ceiling(self, bound: float) -> float:
        """The greatest value that a choice can have under a relaxed bound."""
        bound += ROUNDING * abs(bound)
        return float(np.floor(bound / self.quantum + 1e-6) * self.quantum) if self.quantum else bound

    def _allowed(self) -> float:
        """A part whose relaxed bound is no more than this holds nothing better than what is in hand."""
        return self.value + ((1 - 1e-5) * self.quantum if self.quantum else PROVEN * abs(self.value))

    def _ask(self, stage: str) -> None:
        """Tell how far it is, and hear the stop."""
        self.told.ask(stage, self.value, max(self.bound, self.value))
        if self.value >= self.goal or self.bound < self.goal < np.inf:
            raise Enough


def first_prices(levels: Levels, y: Floats) -> Floats:
    """Level prices to start from: the whole gain where nothing is open, nothing where two are."""
    count = np.zeros(len(levels.gains))
    new = np.add.reduceat(np.append(y[levels.sites], 0.0), levels.levels[:-1]) if len(count) else count
    total = np.cumsum(new)
    before = np.repeat(np.append(0.0, total)[levels.chains[:-1]], np.diff(levels.chains))
    count = total - before
    low, high = 0.0, float(levels.slopes[0])
    prices: Floats = levels.gains * np.clip(high * (1.5 - count), low, high)
    return prices


def rounded(y: Floats, choice: Choice) -> Ints:
    """Whole numbers near ``y`` that the choice allows: what is settled, then the largest first as long as it fits."""
    whole = choice.low.copy()
    left = choice.most - float(choice.uses @ whole)
    for j in np.argsort(-(y - whole), kind="stable").tolist():
        while y[j] - whole[j] > 0.3 and whole[j] < choice.high[j] and choice.uses[j] <= left + 1e-12:
            whole[j] += 1
            left -= choice.uses[j]
    return whole


def settled(choice: Choice, prices: Floats, bound: float, allowed: float) -> Choice | None:
    """The choice without what reduced costs rule out; None where nothing is left.

    For every price θ ≥ 0 of use, ``bound`` + what θ makes it worse is a bound too, and each step of a site away from
    what its price less θ · use asks for lowers it by that difference.
    """
    low, high = choice.low.copy(), choice.high.copy()
    ratio = np.where(choice.uses > 0, prices / np.maximum(choice.uses, 1e-300), np.inf)
    order = np.argsort(-ratio, kind="stable")
    room = choice.uses[order] * (high - low)[order]
    left = choice.most - float(choice.uses @ low) - np.cumsum(room)
    critical = int(np.argmax(left < -1e-12)) if (left < -1e-12).any() else len(order)
    around = {max(0.0, float(ratio[order[k]])) for k in (critical - 1, critical) if 0 <= k < len(order)} - {np.inf}
    if critical == len(order):
        around = {0.0}
    own = float(prices @ low) + _greedy(prices, choice)
    for theta in around:
        reduced = prices - theta * choice.uses
        at = np.where(reduced > 0, choice.high, choice.low)
        dual = theta * choice.most + float(reduced @ at)
        slack = bound + max(0.0, dual - own) - allowed
        if slack < 0:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.floor(np.where(reduced != 0, slack / np.abs(reduced), np.inf) + 1e-9)
        steps = np.minimum(steps, (choice.high - choice.low).astype(np.float64))
        high = np.where(reduced < 0, np.minimum(high, choice.low + steps), high).astype(np.int64)
        low = np.where(reduced > 0, np.maximum(low, choice.high - steps), low).astype(np.int64)
    if (low > high).any() or float(choice.uses @ low) > choice.most * (1 + 1e-12):
        return None
    left_over = choice.most - float(choice.uses @ low)
    high = np.where((high > low) & (choice.uses > left_over * (1 + 1e-12) + 1e-12), low, high)
    return replace(choice, low=low, high=high)


def _greedy(prices: Floats, choice: Choice) -> float:
    """What the knapsack adds to ``prices`` · low."""
    low, high = choice.low.astype(np.float64), choice.high.astype(np.float64)
    return knapsack(prices, low, high, choice.uses, choice.most) - float(prices @ low)


def halves(node: Node, prices: Floats) -> list[Node]:
    """The node parted at the site whose relaxed y is least settled, weighted by its price."""
    choice = node.choice
    part = node.y - np.floor(node.y)
    score = np.where(choice.free, (part * (1 - part) + 1e-6) * np.maximum(prices, 1e-12), -1.0)
    j = int(np.argmax(score))
    cut = int(np.clip(np.floor(node.y[j]), choice.low[j], choice.high[j] - 1))
    up, down = choice.low.copy(), choice.high.copy()
    up[j], down[j] = cut + 1, cut
    both = (replace(choice, low=up), replace(choice, high=down))
    return [replace(node, choice=half) for half in both if float(choice.uses @ half.low) <= choice.most * (1 + 1e-12)]
