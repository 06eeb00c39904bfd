"""How well any dispatcher could have done who knew all calls beforehand: bounds that tell a policy's regret.

**What is bounded.** Of the incidents of a run that are reported in [``measured_from_s``, ``until_s``) and taken on:

- the mean *wait*, from the report until a drone is on scene. An incident that was given up, or still open when the run
  ended, waited as long as it was let (:func:`waited`), so that nobody gets short waits by giving up;
- how many see a drone within the promise.

**For whom it holds.** For every way to send the drones of a world that see their errands through: a drone on its dock,
or in the air on its way home, is sent to an incident that was reported, at once or later; it is not taken for another
before it is there; it watches until the watch ends, then flies home. So for all policies of the simulator but where
one pre-empts (then there are incidents of several priorities) or where a drone is relieved or leaves for want of
energy (then watches are longer than what a battery that is not full holds: ``relay_stint_s`` at least). Such a run
may in principle be better than the bound: a drone taken from another incident starts from the air, and an empty one
may be first and leave the watch to another. Drones that are moved up are allowed for with ``moves``.

**Why it is one.** Let a policy be of that kind. What a drone does is then a chain of incidents, and:

1. its times are no shorter than what is counted with here. From its dock it takes the table's time, from the report or
   from when it is docked on, whichever is later. From its way home it takes no less than the least time from any node
   that the straight flight crosses, again from the report or the end of its watch on, and only an incident that it
   was sent to before it came down. Where several scenes are in force while an incident is open, all times are the
   least of those. It is docked no sooner than after the least flight home and landing (or a repair, where drones
   are lost). Where all docks have a drone of their own, home is its own base; where docks are to spare every drone
   may come down, and stand, wherever it is best. Energy is asked of the first flight alone, with a full battery;
   charging, pilots, refused and failed launches, outages and waits for batches are left out. All this only adds
   to what drones may do, so the policy's chains are among those that are counted with;
2. whatever price p(i) ≥ 0 is set on each incident i that costs no more than leaving it alone, each chain costs at
   least as much as the cheapest: Σ over its incidents (cost − p) ≥ −E, where E is what one drone can earn at most.
   Each incident is in one chain at most, and one that is in none costs what it costs to leave it alone, p(i) at least.
   Summed over drones: cost of the policy ≥ Σ p(i) − Σ E(drone). That is weak duality (Lagrange), true for any prices,
   so nothing hangs on how well they are chosen; :func:`ascend` looks for good ones.

E is found by dynamic programming backwards in time (:mod:`simulator.city.bound.chains`). Its clock has cells; a state
is "at some time in this cell", worth as much as the best instant of it, and one may always arrive later. So cells make
E too large at most, and the bound too low.

With no drone busy when it is wanted the first prices, the quickest flight from any dock to each incident, already give
the sum of those flights: what sending the nearest reaches.

A run is bounded as a whole, from its first call on (what comes in the warm-up costs nothing, and may be served). A
shorter window (``calls`` of it, ``from_s`` its beginning) is bounded as well where all drones stand on their docks, as
they do after a quiet hour; for the middle of a busy day the bound would lack drones that are in the air.
Weather that grounds a kind is taken to last until its drones are down.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.city.bound.chains import CELL_S, Asked, Found, earn, follow
from simulator.city.bound.fleet import Group, groups, longest_flight_s, scenes_begin
from simulator.city.rows import Calls, Fate, Outcomes
from simulator.city.run import NO_TROUBLE, Trouble
from simulator.city.world import World

Floats = NDArray[np.float64]

LONGEST_WAIT_S = 3600.0
"""Where calls have more patience, the bound holds for dispatchers who decide on each within this."""

SLACK_S = 60.0
"""Who has waited as long as he may is given up at the next decision, which comes within this."""

ROUNDS = 60
TOLERANCE_S = 5e-4
"""An outcome's seconds are single floats, and count to the millisecond."""


class BoundError(ValueError):
    """A stream of calls that cannot be bounded; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What no dispatcher could better; shares and means of no incidents are nan."""

    incidents: int
    """Reported while it was measured and taken on."""
    wait_s: float
    """Of these, the mean wait is at least so long."""
    within: int
    """Of these, no more see a drone within the promise."""

    @property
    def within_share(self) -> float:
        """``within`` of ``incidents``."""
        return self.within / self.incidents if self.incidents else float("nan")


def bound(
    world: World,
    blocks: Iterable[Calls],
    *,
    from_s: float,
    until_s: float,
    measured_from_s: float | None = None,
    trouble: Trouble = NO_TROUBLE,
    moves: bool = False,
    rounds: int = ROUNDS,
) -> Bound:
    """Bounds for the calls of a run in a world, as they are given to :func:`~simulator.city.run.simulate`.

    ``moves``: idle drones may be moved to other bases. More ``rounds`` make it tighter. Raises :class:`BoundError`.
    """
    calls = np.concatenate(list(blocks))
    calls = calls[(calls["at_s"] < until_s) & taken_on(world, calls)]
    counts = calls["at_s"] >= (from_s if measured_from_s is None else measured_from_s)
    incidents = int(counts.sum())
    if not incidents:
        return Bound(incidents=0, wait_s=float("nan"), within=0)
    patience_s = min(trouble.patience_s, LONGEST_WAIT_S)
    latest_s = patience_s + SLACK_S
    fleet = groups(world, calls, trouble, from_s, latest_s, moves)
    asked = Asked(
        at_s=calls["at_s"] - from_s,
        watch_s=calls["watch_s"].astype(np.float64),
        counts=counts.astype(np.float64),
        latest_s=latest_s,
        until_s=until_s - from_s,
        per_s=1.0,
        within_s=np.inf,
        late=0.0,
        step_s=_step_s(calls, fleet),
    )
    promise_s = world.rules.promise_s + TOLERANCE_S
    nearest_s = np.min([group.fleet.out_s for group in fleet], axis=0)
    alone_s = np.where(counts, np.minimum(trouble.patience_s, asked.until_s - asked.at_s), 0.0)
    wait_s = ascend(asked, fleet, alone_s, nearest_s, rounds=rounds)
    late = asked._replace(per_s=0.0, within_s=promise_s, late=1.0)
    far = nearest_s > promise_s  # missed by everybody: dear where nobody is busy, a mere lure where too many calls wait
    missed = max(ascend(late, fleet, asked.counts, np.where(far, dear, 0.0), rounds=rounds) for dear in (1.0, 0.5))
    return Bound(
        incidents=incidents,
        wait_s=max(0.0, wait_s / incidents),
        within=incidents - int(np.ceil(max(0.0, missed) - 1e-6)),
    )


def ascend(asked: Asked, fleet: list[Group], alone: Floats, begin: Floats, *, rounds: int) -> float:
    """The largest lower bound on the cost that so many ``rounds`` find, ``alone`` [c] being what it costs to send
    nobody to a call and ``begin`` [c] the first prices.

    Subgradient steps of Polyak's length towards a target a little above the best (Held, Wolfe and Crowder, Mathematical
    Programming 6, 1974), in a direction that remembers the last (Camerini, Fratta and Maffioli, Mathematical
    Programming Study 3, 1975).
    """
    price = np.minimum(alone, begin)
    best, best_price = -np.inf, price
    direction = np.zeros_like(price)
    ahead, since = 0.2, 0
    room = [_room(asked, group) for group in fleet]
    for _ in range(rounds):
        visits = np.zeros(len(price))
        value = float(price.sum())
        for group, found in zip(fleet, room, strict=True):
            earned = earn(asked, group.fleet, price, found)
            value -= group.drones * earned
            if earned > 0:
                follow(asked, group.fleet, price, found, group.drones, visits)
        since += 1
        if value > best:
            since = 0 if value > best + 1e-4 * abs(best) else since
            best, best_price = value, price
        if since > 4:
            ahead, since = ahead / 2, 0
            price, direction = best_price, np.zeros_like(price)
            continue
        gradient = 1.0 - visits
        blocked = ((price >= alone) & (gradient > 0)) | ((price <= 0) & (gradient < 0))
        gradient[blocked] = 0.0
        if not gradient.any():
            break
        direction = gradient + 0.8 * direction
        size = float(direction @ direction)
        target = best + ahead * max(abs(best), 0.05 * float(alone.sum()))
        price = np.clip(price + (target - value) / max(size, 1e-12) * direction, 0.0, alone)
    return best


def _room(asked: Asked, group: Group) -> Found:
    cells = int(asked.until_s // asked.step_s) + 1
    most = int((asked.latest_s + longest_flight_s(group)) // asked.step_s) + 2
    shape = (len(asked.at_s), most + 1)
    return Found(docked=np.zeros(cells + 1), there=np.zeros(shape), later=np.zeros(shape))


def _step_s(calls: Calls, fleet: list[Group]) -> float:
    """Cells so short that nobody is done with a call, and at the next or docked, in the cell in which he came."""
    shortest_s = CELL_S
    for _, one in fleet:
        least_ms = one.air_ms.min(initial=round(CELL_S * 1000))
        shortest_s = min(shortest_s, float(calls["watch_s"].min()) + min(least_ms / 1000.0, one.docked_s.min()))
        if len(one.grounded_s):
            shortest_s = min(shortest_s, float(one.docked_s.min()))
    if shortest_s < 1.0:
        raise BoundError("calls that a drone is done with in less than a second: there is no bound for them")
    return shortest_s


def taken_on(world: World, calls: Calls) -> NDArray[np.bool_]:
    """[c] Which calls are incidents that some drone could serve; the others are merged, or refused at the door."""
    changes = scenes_begin(world)
    scene = changes["which"][np.maximum(0, np.searchsorted(changes["at_s"], calls["at_s"], side="right") - 1)]
    carried = np.bitwise_or.reduce(world.tables.kinds["fits"][0])
    fits = (carried >> calls["type"].astype(np.int64)) & 1 == 1
    taken: NDArray[np.bool_] = ~calls["merged"] & fits & world.tables.served[scene, calls["place"]]
    return taken


def waited(rows: Outcomes, *, until_s: float, patience_s: float) -> Floats:
    """[i] How long each incident that was taken on waited for a drone, or was let wait where none came."""
    rows = rows[(rows["fate"] != Fate.MERGED) & (rows["fate"] != Fate.REFUSED)]
    let_s = np.minimum(patience_s, until_s - rows["at_s"])
    waits: Floats = np.where(np.isnan(rows["on_scene_s"]), let_s, rows["on_scene_s"])
    return waits
