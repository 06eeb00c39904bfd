"""How far policies stay behind the bound (:mod:`simulator.city.bound`), replication by replication."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.policies import policy_of
from simulator.city.bound import TOLERANCE_S, Bound, bound, waited
from simulator.city.intervals import Interval, t_interval
from simulator.city.outages import with_drawn
from simulator.city.rows import Outcomes
from simulator.city.run import simulate
from simulator.city.study import Case, Study, calls_of, seed_of
from simulator.city.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What one run did, counted as the bound counts."""

    incidents: int
    """Reported while it was measured and taken on."""
    wait_s: float
    """Their mean wait: until a drone was on scene, or for as long as they were let."""
    within: int
    """Of these, seen within the promise."""
    outside: int
    """Of these, those whose drone was taken away, relieved, or left before the end: the bound allows for none of it."""

    @property
    def within_share(self) -> float:
        """``within`` of ``incidents``."""
        return self.within / self.incidents if self.incidents else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """What a clairvoyant might have gained at most, over replications: seed by seed, for both had the same calls."""

    wait_s: Interval
    """The mean wait less that of the bound."""
    within_share: Interval
    """The bound's share within the promise less the policy's."""
    outside_share: Interval
    """Of incidents; where it is 0 nobody of the policy's kind could be better than the bound."""


def bounds_of(world: World, study: Study, scenario: str) -> tuple[Bound, ...]:
    """For each replication of a study in that world, what none of its policies could better."""
    moves = any(policy_of(policy).move_up_s > 0 for policy in study.policies)
    return tuple(
        bound(
            world,
            calls_of(study, scenario, replication),
            from_s=study.from_s,
            until_s=study.until_s,
            measured_from_s=study.measured_from_s,
            trouble=study.scenarios[scenario].trouble,
            moves=moves,
        )
        for replication in range(study.replications)
    )


def waits_of(world: World, study: Study, case: Case) -> Waits:
    """One run of a study in that world."""
    trouble, told = study.scenarios[case.scenario].trouble, list[Outcomes]()
    outages, seed = study.scenarios[case.scenario].outages, seed_of(study, case.replication)
    simulate(
        with_drawn(world, outages, study.from_s, study.until_s, seed=seed),
        calls_of(study, case.scenario, case.replication),
        policy_of(case.policy),
        told.append,
        from_s=study.from_s,
        until_s=study.until_s,
        trouble=trouble,
    )
    rows = np.concatenate(told)
    rows = rows[(rows["at_s"] >= study.measured_from_s) & (rows["at_s"] < study.until_s)]
    each_s = waited(rows, until_s=study.until_s, patience_s=trouble.patience_s)
    return Waits(
        incidents=len(each_s),
        wait_s=float(each_s.mean()) if len(each_s) else float("nan"),
        within=int((rows["on_scene_s"] <= world.rules.promise_s + TOLERANCE_S).sum()),
        outside=int(((rows["robbed"] > 0) | (rows["reliefs"] > 0) | (rows["gap_s"] > 0)).sum()),
    )


def regret(runs: Sequence[Waits], bounds: Sequence[Bound]) -> Regret:
    """Of one policy, a run and a bound for each replication. Raises ``ValueError`` where they had other calls."""
    if [run.incidents for run in runs] != [one.incidents for one in bounds]:
        raise ValueError("the runs and the bounds are not of the same calls")
    both = list(zip(runs, bounds, strict=True))
    return Regret(
        wait_s=t_interval([run.wait_s - one.wait_s for run, one in both]),
        within_share=t_interval([one.within_share - run.within_share for run, one in both]),
        outside_share=t_interval([run.outside / run.incidents if run.incidents else float("nan") for run in runs]),
    )
