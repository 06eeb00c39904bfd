"""From a planner's data to a layout: flight truth posed as a placement problem, solved with proof, and judged.

``plan(ground, ask, stop, tell, work)`` is all. ``ask`` holds what a planner asks as values, ``scenes`` makes it a
problem of :mod:`dispatch.coverage` with the flight times of :mod:`geo.pairs` (over terrain :mod:`dispatch.hills`),
``layout`` says what the layout is good for. Knows no file and no clock. Told in docs/plan.md.
"""

from dispatch.placement.ask import GOALS, Ask, AskError, Blow, Demand, Goal, Layer, Promise, Site
from dispatch.placement.layout import Clocks, Layout, OpenBase, Proof, Uncovered
from dispatch.placement.plan import Ignoring, Planned, curve, ignored, plan, solved
from dispatch.placement.scenes import Ground, Posed, Scene, posed

__all__ = [
    "GOALS",
    "Ask",
    "AskError",
    "Blow",
    "Clocks",
    "Demand",
    "Goal",
    "Ground",
    "Ignoring",
    "Layer",
    "Layout",
    "OpenBase",
    "Planned",
    "Posed",
    "Promise",
    "Proof",
    "Scene",
    "Site",
    "Uncovered",
    "curve",
    "ignored",
    "plan",
    "posed",
    "solved",
]
