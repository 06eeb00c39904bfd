"""What is left over, given to OR-Tools: mixed-integer models through MathOpt, in slices, so that a stop is heard.

SCIP is asked: it keeps a bound from the first second on. (HiGHS comes with OR-Tools as well; ``highspy`` beside it in
one process breaks both.) A slice that does not suffice is asked again with twice the effort, so that at most as much
is lost as was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers.gscip.gscip_pb2 import GScipParameters

from dispatch.coverage.kernels.types import Floats, Ints, Sites
from dispatch.coverage.levels import Choice, Levels
from dispatch.coverage.stop import left_s
from dispatch.coverage.telling import Told

MOST_ENTRIES = 200_000
"""Who has more pairs of site and point does not ask here: the model alone would take longer than any patience."""


class Effort(NamedTuple):
    """How long SCIP may work at a time: nodes, so that the same question has the same answer, and seconds at most."""

    nodes: int = 1000
    seconds: float = 30.0

    def twice(self) -> "Effort":
        """The next slice's."""
        return Effort(2 * self.nodes, 2 * self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """What a slice of solving brought. ``y`` is None where no choice better than asked for was found."""

    y: Ints | None
    bound: float
    """No choice is better than this; -inf (maximising) or +inf (minimising) where none is as good as asked for."""
    done: bool


def maximised(given: Levels, choice: Choice, better_than: float, effort: Effort, told: Told) -> Slice:
    """A choice of more value than ``better_than``, the best, or none; as far as ``effort`` carries."""
    model = mathopt.Model()
    y = choice_variables(model, choice)
    return _solved(model, y, levels_objective(model, given, y), better_than, effort, told, maximise=True)


def choice_variables(model: mathopt.Model, choice: Choice) -> list[mathopt.Variable]:
    """y, and what it may use."""
    y = [model.add_integer_variable(lb=int(a), ub=int(b)) for a, b in zip(choice.low, choice.high, strict=True)]
    if float(choice.uses @ choice.high) > choice.most:
        model.add_linear_constraint(
            mathopt.fast_sum([float(u) * v for u, v in zip(choice.uses, y, strict=True) if u]) <= choice.most
        )
    return y


def levels_objective(model: mathopt.Model, given: Levels, y: Sequence[mathopt.LinearTypes]) -> mathopt.LinearSum:
    """The value of ``given`` as an expression: z_l ≤ z_before + new sites, the short rows of Elloumi (2010)."""
    terms = []
    for i in range(len(given.chains) - 1):
        before: list[mathopt.LinearTypes] = []
        for level in range(int(given.chains[i]), int(given.chains[i + 1])):
            new = [y[j] for j in given.sites[given.levels[level] : given.levels[level + 1]].tolist()]
            parts = [model.add_variable(lb=0.0, ub=1.0) for _ in given.slopes]
            model.add_linear_constraint(mathopt.fast_sum(parts) <= mathopt.fast_sum(before + new))
            terms += [float(given.gains[level] * slope) * part for slope, part in zip(given.slopes, parts, strict=True)]
            before = [*parts]
    return given.base + mathopt.fast_sum(terms)


def covering(
    first: Ints, sites: Sites, needs: Ints, choice: Choice, better_than: float, effort: Effort, told: Told
) -> Slice:
    """The least use of a choice in which every row has ``needs`` open sites, less than ``better_than``, or none."""
    model = mathopt.Model()
    y = choice_variables(model, choice)
    for i in range(len(first) - 1):
        row = [y[j] for j in sites[first[i] : first[i + 1]].tolist()]
        model.add_linear_constraint(mathopt.fast_sum(row) >= int(needs[i]))
    used = mathopt.fast_sum([float(u) * v for u, v in zip(choice.uses, y, strict=True)])
    return _solved(model, y, used, better_than, effort, told, maximise=False)


def covered_deeply(given: Levels, times: int, choice: Choice, better_than: float, effort: Effort, told: Told) -> Slice:
    """The choice with the most gains of rows (one level a point) that have ``times`` open sites each."""
    model = mathopt.Model()
    y = choice_variables(model, choice)
    return _solved(model, y, _deep_objective(model, given, times, y), better_than, effort, told, maximise=True)


def gaining_deeply(
    given: Levels, times: int, goal: float, choice: Choice, better_than: float, effort: Effort, told: Told
) -> Slice:
    """The least use of a choice that gains ``goal`` so, less than ``better_than``, or none."""
    model = mathopt.Model()
    y = choice_variables(model, choice)
    model.add_linear_constraint(_deep_objective(model, given, times, y) >= goal)
    used = mathopt.fast_sum([float(u) * v for u, v in zip(choice.uses, y, strict=True)])
    return _solved(model, y, used, better_than, effort, told, maximise=False)


def _deep_objective(model: mathopt.Model, given: Levels, times: int, y: list[mathopt.Variable]) -> mathopt.LinearSum:
    """The gains of rows that have ``times`` open sites as an expression: times · z ≤ open sites, z 0 or 1."""
    terms = []
    for i, gain in enumerate(given.gains.tolist()):
        z = model.add_binary_variable()
        row = [y[j] for j in given.sites[given.levels[i] : given.levels[i + 1]].tolist()]
        model.add_linear_constraint(times * z <= mathopt.fast_sum(row))
        terms.append(gain * z)
    return given.base + mathopt.fast_sum(terms)


def worst_of(
    groups: list[Levels], scale: Floats, shift: Floats, choice: Choice, better_than: float, effort: Effort, told: Told
) -> Slice:
    """The choice with the greatest min_g (shift_g + scale_g · value_g)."""
    model = mathopt.Model()
    y = choice_variables(model, choice)
    worst = model.add_variable(lb=-float("inf"))
    for levels, a, b in zip(groups, scale, shift, strict=True):
        model.add_linear_constraint(worst <= float(b) + float(a) * levels_objective(model, levels, y))
    return _solved(model, y, worst, better_than, effort, told, maximise=True)


def rostered(
    hours: list[Levels], shares: Floats, fixed: Choice, together: Choice, mobile: int, moves: int | None, price: float,
    better_than: float, effort: Effort, told: Told,
) -> Slice:  # fmt: skip
    """Fixed bases and mobile units by hour (see ``hours``); ``y`` of the slice has them one after the other."""
    model = mathopt.Model()
    y = choice_variables(model, fixed)
    z = [[model.add_integer_variable(lb=0, ub=min(int(b), mobile)) for b in together.high] for _ in hours]
    terms: list[mathopt.LinearTypes] = []
    for k, (levels, share) in enumerate(zip(hours, shares.tolist(), strict=True)):
        both = [a + b for a, b in zip(y, z[k], strict=True)]
        for here, most in zip(both, together.high.tolist(), strict=True):
            model.add_linear_constraint(here <= most)
        model.add_linear_constraint(mathopt.fast_sum(z[k]) <= mobile)
        terms.append(share * levels_objective(model, levels, both))
        came = [model.add_variable(lb=0.0) for _ in z[k]]
        for arrivals, now, before in zip(came, z[k], z[k - 1], strict=True):
            model.add_linear_constraint(arrivals >= now - before)
        if moves is not None:
            model.add_linear_constraint(mathopt.fast_sum(came) <= moves)
        terms.append(-price * mathopt.fast_sum(came))
    every = [*y, *(unit for hour in z for unit in hour)]
    return _solved(model, every, mathopt.fast_sum(terms), better_than, effort, told, maximise=True)


def _solved(
    model: mathopt.Model,
    y: list[mathopt.Variable],
    objective: mathopt.LinearTypes,
    better_than: float,
    effort: Effort,
    told: Told,
    *,
    maximise: bool,
) -> Slice:
    """One slice. What is no better than ``better_than`` is cut off by a row: MathOpt 9.15 cannot read SCIP's cutoff.

    Nor can it read SCIP's word where a solution misses that row within SCIP's tolerance: then the row is left out.
    """
    wanted = objective >= better_than if maximise else objective <= better_than
    row = model.add_linear_constraint(wanted) if np.isfinite(better_than) else None
    if maximise:
        model.maximize(objective)
    else:
        model.minimize(objective)
    seconds = max(0.0, min(effort.seconds, left_s(told.stop)))
    scip = GScipParameters()
    scip.bool_params["misc/catchctrlc"] = told.interrupt.listening  # then SCIP hears it itself, and hands over its best
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=seconds),
        node_limit=effort.nodes,
        relative_gap_tolerance=0.0,
        absolute_gap_tolerance=0.0,
        gscip=scip,
    )
    try:
        result = mathopt.solve(model, mathopt.SolverType.GSCIP, params=parameters)
    except (AttributeError, RuntimeError):  # the first comes of MathOpt's own translation of its error
        if row is None:
            raise
        model.delete_linear_constraint(row)
        result = mathopt.solve(model, mathopt.SolverType.GSCIP, params=parameters)
        if result.termination.reason == mathopt.TerminationReason.OPTIMAL and not (
            result.objective_value() >= better_than if maximise else result.objective_value() <= better_than
        ):
            return Slice(y=None, bound=-np.inf if maximise else np.inf, done=True)
    reason = result.termination.reason
    if reason in (mathopt.TerminationReason.INFEASIBLE, mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED):
        return Slice(y=None, bound=-np.inf if maximise else np.inf, done=True)
    found = np.rint(result.variable_values(y)).astype(np.int64) if result.has_primal_feasible_solution() else None
    bound = result.termination.objective_bounds.dual_bound
    if reason == mathopt.TerminationReason.OPTIMAL:
        return Slice(y=found, bound=bound, done=True)
    if reason in (mathopt.TerminationReason.FEASIBLE, mathopt.TerminationReason.NO_SOLUTION_FOUND):
        told.interrupt.heard |= result.termination.limit == mathopt.Limit.INTERRUPTED
        return Slice(y=found, bound=bound, done=False)
    raise RuntimeError(f"SCIP ended with {reason}: {result.termination.detail}")
