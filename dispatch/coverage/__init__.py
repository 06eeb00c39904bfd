"""Where bases must stand: placement models solved with proof.

``place(problem, model, stop, tell)`` is pure: the problem is data (``problem``), what is asked for one of a closed
union (``models``), stopping a value that is called (``stop``), and the answer tells the layout, its value, what no
layout exceeds, and whether the two meet (``answer``). Knows numbers: demand weights, flight times, costs. Must not
know files, clocks, maps, wind or zones: flight times come from whoever asks.

How it is solved: ``levels`` is what most models are underneath, ``branch`` finds and proves, ``setcover`` covers all,
``center`` and ``percentile`` ask covering questions over the distinct times, ``worst`` is about groups, ``rest`` hands
what is left to OR-Tools, ``kernels`` are the compiled loops. Told in docs/placement.md.
"""

from dispatch.coverage.answer import Answer, Layout, Progress, Status, Tell
from dispatch.coverage.country import open_country
from dispatch.coverage.frontier import Frontier, Missing, Step, frontier
from dispatch.coverage.hours import Hour, Roster, by_hour
from dispatch.coverage.losses import Loss, Regret, losses, regrets, worth
from dispatch.coverage.models import Center, Cover, Expected, MaxCover, Median, Model, Percentile, Reliable, WorstFirst
from dispatch.coverage.place import place
from dispatch.coverage.problem import Candidates, InfeasibleError, Problem, Scenario, Travel
from dispatch.coverage.stop import Cancelled, Either, Gap, Never, NoImprovement, Part, Stop, TimeLimit

__all__ = [
    "Answer",
    "Cancelled",
    "Candidates",
    "Center",
    "Cover",
    "Either",
    "Expected",
    "Frontier",
    "Gap",
    "Hour",
    "InfeasibleError",
    "Layout",
    "Loss",
    "MaxCover",
    "Median",
    "Missing",
    "Model",
    "Never",
    "NoImprovement",
    "Part",
    "Percentile",
    "Problem",
    "Progress",
    "Regret",
    "Reliable",
    "Roster",
    "Scenario",
    "Status",
    "Step",
    "Stop",
    "Tell",
    "TimeLimit",
    "Travel",
    "WorstFirst",
    "by_hour",
    "frontier",
    "losses",
    "open_country",
    "place",
    "regrets",
    "worth",
]
