"""Sums of a run: what cannot be is refused, and Little's law is looked after."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulator.city.totals import Count, LittleError, Totals, little

TOTALS = Totals(
    measured_s=3600.0,
    in_system_s=5400.0,
    sojourn_s=5400.0 + 1e-6,
    waiting_s=60.0,
    covered_s=np.array([3600.0, 3000.0, 1800.0]),
    busy_s=np.array([1800.0, 3600.0]),
    away_s=np.array([900.0, 1000.0]),
    counts=np.zeros(len(Count), dtype=np.int64),
)


def test_rounding_is_told_and_a_lost_second_is_not_let_through() -> None:
    assert 0 < little(TOTALS) < 1e-9
    with pytest.raises(LittleError, match=r"5400\.000000 s.*5401\.000000 s"):
        little(replace(TOTALS, sojourn_s=5401.0))
    with pytest.raises(LittleError):
        little(replace(TOTALS, sojourn_s=float("nan")))


def test_a_run_without_incidents_holds_little() -> None:
    assert little(replace(TOTALS, in_system_s=0.0, sojourn_s=0.0)) == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"covered_s": np.zeros(2)}, r"covered_s has the shape \(2,\)"),
        ({"away_s": np.zeros(3)}, r"away_s has the shape \(3,\)"),
        ({"counts": np.zeros(3, dtype=np.int64)}, "counts has the shape"),
        ({"measured_s": 0.0}, "nothing was measured"),
        ({"busy_s": np.array([0.0, 3601.0])}, "busy_s is not all between"),
        ({"busy_s": np.array([0.0, np.nan])}, "busy_s is not all between"),
        ({"away_s": np.array([-1.0, 0.0])}, "away_s is not all between"),
    ],
)
def test_sums_that_cannot_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TOTALS, **change)
