"""What one run tells, as values that stay: figures, tables by priority, hour and district, the curve of arrivals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.city.figures import FIGURES, INDEX, STATISTICS, Seen
from simulator.city.tally import CLOCKS, HOURS, PRIORITIES, Cell, Tally
from simulator.city.totals import Totals, little

REACHED_S: Final = 1800
"""Up to how many seconds :attr:`Kpis.reached` goes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Incidents by priority, hour or district, a row each."""

    keys: tuple[str, ...]
    incidents: NDArray[np.int64]
    met: NDArray[np.int64]
    """A drone was on scene within the promise."""
    share: NDArray[np.float64]
    """``met`` of ``incidents``; nan where there are none."""
    mean_s: NDArray[np.float64]
    """From report to on scene, of those that a drone came to; nan where none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kpis:
    """What one run tells; ``kpis["on_scene_p90_s"]`` is one figure."""

    promise_s: float
    values: NDArray[np.float64]
    """[figures] in the order of :data:`~simulator.city.figures.FIGURES`; nan where a run cannot tell."""
    by_priority: Table
    by_hour: Table
    by_district: Table
    clocks_s: NDArray[np.float64]
    """[priority − 1, clock, 4] mean, median, P90 and maximum of :data:`~simulator.city.tally.CLOCKS`."""
    reached: NDArray[np.int64]
    """[priority − 1, REACHED_S + 1] incidents with a drone on scene within so many seconds; beyond 819 s, of some up to
    0.8 s less (:mod:`simulator.city.histogram`)."""

    def __getitem__(self, name: str) -> float:
        return float(self.values[INDEX[name]])

    def within(self, within_s: float, priority: int | None = None) -> tuple[int, int]:
        """How many incidents, of one priority or all, had a drone on scene within ``within_s``; and of how many.

        Raises ``ValueError`` for what is no full second up to ``REACHED_S``.
        """
        if within_s != int(within_s) or not 0 <= within_s <= REACHED_S:
            raise ValueError(f"within {within_s} s: the curve of arrivals has full seconds from 0 to {REACHED_S}")
        rows = slice(None) if priority is None else slice(priority - 1, priority)
        return int(self.reached[rows, int(within_s)].sum()), int(self.by_priority.incidents[rows].sum())

    def to_bytes(self) -> bytes:
        """All of it; two runs that are the same give the same."""
        arrays = [self.values, self.clocks_s, self.reached]
        for table in (self.by_priority, self.by_hour, self.by_district):
            arrays += [table.incidents, table.met, table.share, table.mean_s]
        return repr(self.promise_s).encode() + b"".join(array.tobytes() for array in arrays)


def kpis(tally: Tally, totals: Totals) -> Kpis:
    """What a run tells. Raises ``LittleError`` where it miscounted, ``ValueError`` where both measured other times.

    A tally without an end goes with a loop that ends when the last incident has.
    """
    window_s = tally.until_s - tally.from_s
    if math.isfinite(window_s) and not math.isclose(totals.measured_s, window_s, rel_tol=1e-9, abs_tol=1e-3):
        raise ValueError(
            f"the loop measured {totals.measured_s} s, the tally those from {tally.from_s} s until {tally.until_s} s"
        )
    little(totals)
    seen = Seen(tally, totals)
    clocks = [[tally.spread(clock, priority + 1) for clock in CLOCKS] for priority in range(PRIORITIES)]
    arrivals = [spreads[CLOCKS.index("on_scene")] for spreads in clocks]
    return Kpis(
        promise_s=tally.promise_s,
        values=np.array([figure.of(seen) for figure in FIGURES], dtype=np.float64),
        by_priority=_table(range(1, PRIORITIES + 1), tally.table.sum(axis=(1, 2))),
        by_hour=_table(range(HOURS), tally.table.sum(axis=(0, 2))),
        by_district=_table(tally.places.districts, seen.by_district),
        clocks_s=np.array([[[of(spread) for _, _, of in STATISTICS] for spread in spreads] for spreads in clocks]),
        reached=np.array([spread.reached(np.arange(REACHED_S + 1)) for spread in arrivals]),
    )


def _table(keys: Iterable[object], cells: NDArray[np.int64]) -> Table:
    incidents, met, arrived = (cells[:, key] for key in (Cell.INCIDENTS, Cell.MET, Cell.ARRIVED))
    with np.errstate(invalid="ignore"):
        share, mean_s = met / incidents, cells[:, Cell.RESPONSE_MS] / arrived / 1000
    return Table(keys=tuple(map(str, keys)), incidents=incidents, met=met, share=share, mean_s=mean_s)
