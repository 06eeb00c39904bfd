"""How far policies stay behind the bound (:mod:`simulator.city.bound`), replication by replication."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.city.bound import TOLERANCE_S, Bound, waited
from simulator.city.intervals import Interval, t_interval
from simulator.city.rows import Outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What one run did, counted as the bound counts."""

    incidents: int
    """Reported while it was measured and taken on."""
    wait_s: float
    """Their mean wait: until a drone was on scene, or for as long as they were let."""
    within: int
    """Of these, seen within the promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """What a clairvoyant might have gained at most, over replications: seed by seed, for both had the same calls."""

    wait_s: Interval
    """The mean wait less that of the bound."""
    within_share: Interval
    """The bound's share within the promise less the policy's."""
    bound_wait_s: Interval
    bound_within_share: Interval


def waits(blocks: Sequence[Outcomes], *, from_s: float, until_s: float, patience_s: float, promise_s: float) -> Waits:
    """Of the outcomes of one run, those reported in [``from_s``, ``until_s``)."""
    kept = [rows[(rows["at_s"] >= from_s) & (rows["at_s"] < until_s)] for rows in blocks]
    soon_s = promise_s + TOLERANCE_S
    each_s = np.concatenate([waited(rows, until_s=until_s, patience_s=patience_s) for rows in kept])
    return Waits(
        incidents=len(each_s),
        wait_s=float(each_s.mean()) if len(each_s) else float("nan"),
        within=sum(int((rows["on_scene_s"] <= soon_s).sum()) for rows in kept),
    )


def regret(runs: Sequence[Waits], bounds: Sequence[Bound]) -> Regret:
    """Of one policy, a run and a bound for each replication. Raises ``ValueError`` where they had other calls."""
    if [run.incidents for run in runs] != [one.incidents for one in bounds]:
        raise ValueError("the runs and the bounds are not of the same calls")
    shares = np.array([one.within_share for one in bounds])
    means_s = np.array([one.wait_s for one in bounds])
    return Regret(
        wait_s=t_interval(np.array([run.wait_s for run in runs]) - means_s),
        within_share=t_interval(shares - [run.within / max(1, run.incidents) for run in runs]),
        bound_wait_s=t_interval(means_s),
        bound_within_share=t_interval(shares),
    )
