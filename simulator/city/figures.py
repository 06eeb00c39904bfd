"""The registry of figures: what each is, its unit, whether less of it is better, and how it is computed.

A figure is a function of one run; its docstring is its definition. ``python -m simulator.city.figures`` prints them as
the table in ``docs/kpis.md``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.city.equity import gini, worst_share
from simulator.city.histogram import Spread
from simulator.city.rows import Fate
from simulator.city.tally import SPANS, Cell, Sum, Tally
from simulator.city.totals import Count, Totals

Better = Literal["less", "more", "neither"]
DAY_S: Final = 86_400.0


class Seen:
    """One run as figures read it."""

    __slots__ = ("_cells", "_fates", "_sums", "by_district", "by_place", "of", "totals")

    def __init__(self, tally: Tally, totals: Totals) -> None:
        self.totals = totals
        self.of = {span: tally.spread(span) for span in SPANS}
        """The distribution of each of :data:`~simulator.city.tally.SPANS`."""
        self.by_district: NDArray[np.int64] = tally.table.sum(axis=(0, 1))
        """[district, Cell]"""
        self.by_place = tally.by_place
        self._cells, self._sums = self.by_district.sum(axis=0), tally.sums.sum(axis=0)
        self._fates = tally.fates.sum(axis=(0, 1, 2))

    def cell(self, key: Cell) -> int:
        return int(self._cells[key])

    def fate(self, fate: Fate) -> int:
        return int(self._fates[fate])

    def sum(self, what: Sum) -> int:
        return int(self._sums[what])

    @property
    def days(self) -> float:
        return self.totals.measured_s / DAY_S

    def per_incident(self, count: float) -> float:
        return ratio(count, self.cell(Cell.INCIDENTS))

    def per_drone(self, seconds: NDArray[np.float64]) -> float:
        return ratio(math.fsum(seconds), len(seconds) * self.totals.measured_s)


def ratio(part: float, whole: float) -> float:
    """nan of nothing."""
    return part / whole if whole else math.nan


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a run tells; nan where it cannot."""

    name: str
    unit: str
    better: Better
    told: str
    """Its definition, in words."""
    of: Callable[[Seen], float]


STATISTICS: Final[tuple[tuple[str, str, Callable[[Spread], float]], ...]] = (
    ("mean", "Mean", lambda spread: spread.mean_s),
    ("median", "Median", lambda spread: spread.quantile_s(0.5)),
    ("p90", "90th percentile", lambda spread: spread.quantile_s(0.9)),
    ("max", "Longest", lambda spread: spread.max_s),
)

_figures: list[Figure] = []


def _figure(unit: str, better: Better) -> Callable[[Callable[[Seen], float]], Callable[[Seen], float]]:
    """Enter a function under its name, its docstring being the definition."""

    def enter(of: Callable[[Seen], float]) -> Callable[[Seen], float]:
        _figures.append(Figure(of.__name__, unit, better, " ".join((of.__doc__ or "").split()), of))
        return of

    return enter


def _statistics(span: str, better: Better, told: str) -> None:
    """Enter mean, median, P90 and maximum of a distribution."""
    for short, long, of in STATISTICS:
        _figures.append(Figure(f"{span}_{short}_s", "s", better, f"{long}: {told}.", partial(_read, span, of)))


def _read(span: str, of: Callable[[Spread], float], seen: Seen) -> float:
    return of(seen.of[span])


def _per_day(count: Count, better: Better, told: str) -> None:
    """Enter an event that a loop counts."""
    name = f"{count.name.lower()}_per_day"
    _figures.append(Figure(name, "1/day", better, told, lambda seen: float(seen.totals.counts[count]) / seen.days))


def _ended(fate: Fate, told: str) -> None:
    """Enter the share of incidents that nobody came to, by why."""
    name = f"{fate.name.lower()}_share"
    _figures.append(
        Figure(name, "share", "less", f"Of incidents: {told}.", lambda seen: seen.per_incident(seen.fate(fate)))
    )


@_figure("1", "neither")
def incidents(seen: Seen) -> float:
    """Calls that are not one more report of another."""
    return seen.cell(Cell.INCIDENTS)


@_figure("1", "neither")
def merged(seen: Seen) -> float:
    """Calls that are one more report of a known incident."""
    return seen.fate(Fate.MERGED)


@_figure("share", "more")
def within_share(seen: Seen) -> float:
    """Of incidents: a drone was on scene within the promise. Those lost, refused or open count as incidents."""
    return seen.per_incident(seen.cell(Cell.MET))


@_figure("share", "less")
def queued_share(seen: Seen) -> float:
    """Of incidents: no drone was able when it was reported."""
    return seen.per_incident(seen.cell(Cell.QUEUED))


_ended(Fate.LOST, "given up, nobody having come")
_ended(Fate.REFUSED, "no drone of the fleet could ever serve it")
_ended(Fate.OPEN, "still open when the run ended")

_statistics("decided", "less", "from report until the drone that came was decided")
_statistics("launched", "less", "from report until that drone was off the ground, 0 where it was before")
_statistics("on_scene", "less", "from report until on scene, of incidents that a drone came to")
_statistics("cleared", "neither", "from report until the last drone left")
_statistics("returned", "neither", "from report until the last drone was down")


@_figure("s", "less")
def lateness_s(seen: Seen) -> float:
    """Σ max(0, on scene − promise) over incidents that a drone came to."""
    return seen.sum(Sum.LATE_MS) / 1000


@_figure("s", "less")
def lateness_mean_s(seen: Seen) -> float:
    """Lateness per incident that a drone came to."""
    return ratio(seen.sum(Sum.LATE_MS) / 1000, seen.cell(Cell.ARRIVED))


@_figure("share", "more")
def first_share(seen: Seen) -> float:
    """Of incidents where the arrival of the first ground unit is known: a drone was there before it."""
    return 1 - ratio(seen.of["gained"].within(0), seen.of["gained"].count)


_statistics("gained", "more", "lead of a drone over the first ground unit, 0 where it had none")


@_figure("share", "more")
def seen_through_share(seen: Seen) -> float:
    """Of incidents: false alarms that a drone saw before any ground unit was there."""
    return seen.per_incident(seen.sum(Sum.SEEN_THROUGH))


@_figure("share", "more")
def watched_share(seen: Seen) -> float:
    """Of the time from the first arrival until cleared: a drone watched."""
    return 1 - ratio(seen.of["gap"].sum_s, seen.sum(Sum.WATCHED_MS) / 1000)


_statistics("gap", "less", "time without a watch after the first arrival, of incidents that a drone came to")


@_figure("1", "less")
def robbed_per_incident(seen: Seen) -> float:
    """How often a drone was taken from it for a more urgent one, per incident."""
    return seen.per_incident(seen.sum(Sum.ROBBED))


@_figure("s", "less")
def overflight_mean_s(seen: Seen) -> float:
    """Flight over inhabited ground, out and home, per incident."""
    return seen.per_incident(seen.sum(Sum.PEOPLE_MS) / 1000)


@_figure("min/day", "less")
def overflight_min_per_day(seen: Seen) -> float:
    """Flight over inhabited ground, out and home, per day."""
    return seen.sum(Sum.PEOPLE_MS) / 60_000 / seen.days


@_figure("share", "more")
def worst_districts_share(seen: Seen) -> float:
    """``within_share`` of the tenth of all incidents that lies in the districts served worst."""
    return worst_share(seen.by_district[:, Cell.MET], seen.by_district[:, Cell.INCIDENTS])


@_figure("share", "more")
def worst_places_share(seen: Seen) -> float:
    """The same by places. Where a place has few incidents, partly chance, and too low."""
    return worst_share(seen.by_place[:, Cell.MET], seen.by_place[:, Cell.INCIDENTS])


@_figure("1", "less")
def gini_districts(seen: Seen) -> float:
    """Gini's coefficient of the districts' mean times from report to on scene, weighted by their incidents."""
    with np.errstate(invalid="ignore"):
        mean_ms = seen.by_district[:, Cell.RESPONSE_MS] / seen.by_district[:, Cell.ARRIVED]
    return gini(mean_ms, seen.by_district[:, Cell.INCIDENTS])


@_figure("share", "less")
def busy_share(seen: Seen) -> float:
    """Of the time: a drone is given to an incident, on its way or there. Mean of the drones."""
    return seen.per_drone(seen.totals.busy_s)


@_figure("share", "less")
def busiest_share(seen: Seen) -> float:
    """The same of the busiest drone."""
    return float(seen.totals.busy_s.max(initial=0.0)) / seen.totals.measured_s


@_figure("share", "neither")
def away_share(seen: Seen) -> float:
    """Of the time: a drone is not on its dock. Mean of the drones."""
    return seen.per_drone(seen.totals.away_s)


@_figure("1", "less")
def in_system(seen: Seen) -> float:
    """Incidents that are reported and neither cleared nor lost: mean over time (Little's L)."""
    return seen.totals.in_system_s / seen.totals.measured_s


@_figure("1", "less")
def waiting(seen: Seen) -> float:
    """Of these, without a drone over them or on its way: mean over time."""
    return seen.totals.waiting_s / seen.totals.measured_s


@_figure("share", "more")
def covered_share(seen: Seen) -> float:
    """Of demand: within the promise of an idle drone. Mean over time."""
    return float(seen.totals.covered_s[1]) / seen.totals.measured_s


@_figure("share", "more")
def covered_twice_share(seen: Seen) -> float:
    """Of demand: within the promise of two idle drones. Mean over time."""
    return float(seen.totals.covered_s[2]) / seen.totals.measured_s


_per_day(Count.DECISIONS, "neither", "How often it was asked who goes.")
_per_day(Count.LAUNCHES, "neither", "Take-offs.")
_per_day(Count.REFUSED_LAUNCHES, "less", "Drones that were sent and did not leave their dock.")
_per_day(Count.FAILURES, "less", "Drones lost in the air.")
_per_day(Count.DIVERTED, "neither", "Drones in the air that were given an incident.")
_per_day(Count.PREEMPTED, "neither", "Of these, taken from a less urgent one.")
_per_day(Count.RELIEFS, "neither", "Drones that took over from another.")
_per_day(Count.MOVED_UP, "neither", "Idle drones sent to another base.")

FIGURES: Final = tuple(_figures)
INDEX: Final = {figure.name: place for place, figure in enumerate(FIGURES)}


def as_markdown() -> str:
    """The registry as a table."""
    rows = [f"| `{figure.name}` | {figure.unit} | {figure.better} | {figure.told} |" for figure in FIGURES]
    return "\n".join(["| figure | unit | better | what it is |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    print(as_markdown())
