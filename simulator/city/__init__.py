"""The city simulator: a year of calls through the engine's own decisions, under a simulated clock.

Calls come in blocks (:data:`CALL`), a world of tables says what flies where and how long that takes, a policy is chosen
by name, and every incident leaves one row (:data:`OUTCOME`). Told in ``docs/simulate.md``.
"""

from simulator.city.rows import CALL, OUTCOME, Calls, Fate, Outcomes, Places
from simulator.city.totals import Count, Totals

__all__ = ["CALL", "OUTCOME", "Calls", "Count", "Fate", "Outcomes", "Places", "Totals"]
