"""What the clocks of many incidents say: medians, 90th percentiles, the share within the promise, gaps in watches."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.model import Clocks, Incident
from dispatch.watch import unwatched_s

STAGES = (
    ("decided", "reported_at_s", "decided_at_s"),
    ("launched", "reported_at_s", "launched_at_s"),
    ("on scene", "reported_at_s", "on_scene_at_s"),
    ("cleared", "reported_at_s", "cleared_at_s"),
    ("returned", "reported_at_s", "returned_at_s"),
)
"""Every clock counts from the report."""

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One clock over many incidents, in seconds from the report; NaN where none has it."""

    name: str
    count: int
    median_s: float
    p90_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with Wilson's 95 % interval (E. B. Wilson, JASA 22, 1927)."""

    count: int
    of: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Watches:
    """How well points were watched from the first arrival until they were cleared."""

    count: int
    reliefs: int
    gaps: int
    longest_gap_s: float
    watched_share: float | None
    """Of all those times together; None where there are none."""


def watches(incidents: Iterable[Incident]) -> Watches:
    """Reliefs and gaps of the incidents that somebody came to and that are cleared."""
    cleared = [i for i in incidents if i.clocks.on_scene_at_s is not None and i.clocks.cleared_at_s is not None]
    gaps = [gap for i in cleared for gap in i.gaps]
    longest_s = max((gap.until_at_s - gap.from_at_s for gap in gaps if gap.until_at_s is not None), default=0.0)
    wanted_s = sum((i.clocks.cleared_at_s or 0.0) - (i.clocks.on_scene_at_s or 0.0) for i in cleared)
    off_s = sum(unwatched_s(i, i.clocks.cleared_at_s or 0.0) for i in cleared)
    share = 1.0 - off_s / wanted_s if wanted_s > 0 else None
    return Watches(len(cleared), sum(i.reliefs for i in cleared), len(gaps), longest_s, share)


def stage_times(clocks: Iterable[Clocks]) -> tuple[StageTimes, ...]:
    """Every stage's median, 90th percentile and maximum."""
    all_clocks = list(clocks)
    stages = []
    for name, start, end in STAGES:
        spans = [getattr(c, end) - getattr(c, start) for c in all_clocks if getattr(c, end) is not None]
        stages.append(_stage(name, spans))
    return tuple(stages)


def within(clocks: Iterable[Clocks], promise_s: float) -> Share:
    """The share of all incidents that had a drone on scene within ``promise_s`` of the report."""
    all_clocks = list(clocks)
    met = sum(1 for c in all_clocks if c.on_scene_at_s is not None and c.on_scene_at_s - c.reported_at_s <= promise_s)
    return wilson(met, len(all_clocks))


def wilson(count: int, of: int) -> Share:
    """A share with its 95 % interval."""
    if of == 0:
        return Share(0, 0, math.nan, 0.0, 1.0)
    p, z2 = count / of, Z_95**2
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of**2))
    return Share(count, of, p, max(0.0, centre - half), min(1.0, centre + half))


def _stage(name: str, spans_s: Sequence[float]) -> StageTimes:
    if not spans_s:
        return StageTimes(name, 0, math.nan, math.nan, math.nan)
    median_s, p90_s = np.percentile(spans_s, [50, 90])
    return StageTimes(name, len(spans_s), float(median_s), float(p90_s), float(max(spans_s)))
