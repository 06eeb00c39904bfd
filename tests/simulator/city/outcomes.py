"""Outcomes by chance, of all fates, for what counts them."""

import numpy as np

from simulator.city.rows import OUTCOME, Fate, Outcomes, Places

PLACES = Places(
    xy_m=np.zeros((7, 2)),
    weights=np.full(7, 1 / 7),
    district=np.array([0, 0, 1, 1, 1, 2, 2], dtype=np.int32),
    districts=("north", "middle", "south"),
    people=np.zeros(7),
)
FROM_S, DAYS = 1_793_491_200.0, 14  # 2026-11-01 00:00 UTC: clocks go back in Chicago that day
UNTIL_S = FROM_S + DAYS * 86_400.0


def outcomes(seed: int, count: int) -> Outcomes:
    """``count`` rows as a run might leave them, from a day before FROM_S to a day after UNTIL_S."""
    chance = np.random.default_rng(seed)
    rows = np.zeros(count, dtype=OUTCOME)
    rows["call"] = np.arange(count)
    rows["at_s"] = chance.uniform(FROM_S - 86_400, UNTIL_S + 86_400, count)
    rows["place"] = chance.integers(0, len(PLACES), count)
    rows["priority"] = chance.integers(1, 6, count)
    rows["false_alarm"] = chance.random(count) < 0.2
    rows["fate"] = chance.choice([Fate.SERVED] * 6 + [Fate.LOST, Fate.REFUSED, Fate.MERGED, Fate.OPEN], count)
    rows["queued"] = chance.random(count) < 0.1
    came = (rows["fate"] == Fate.SERVED) | ((rows["fate"] == Fate.OPEN) & (chance.random(count) < 0.5))
    span_s = np.zeros(count)
    for clock, mean_s in (("decided", 5), ("launched", 20), ("on_scene", 140), ("cleared", 2000), ("returned", 200)):
        span_s = span_s + chance.gamma(1.5, mean_s / 1.5, count) * (chance.random(count) < 0.9)
        rows[f"{clock}_s"] = np.where(came, span_s, np.nan)
    ended = rows["fate"] == Fate.SERVED
    for clock in ("cleared", "returned"):
        rows[f"{clock}_s"][~ended] = np.nan
    rows["ground_s"] = np.where(chance.random(count) < 0.8, chance.gamma(3, 150, count), np.nan)
    rows["reliefs"] = np.where(came, chance.poisson(0.2, count), 0)
    rows["gap_s"] = np.where(rows["reliefs"] > 0, chance.exponential(20, count), 0)
    rows["robbed"] = chance.random(count) < 0.05
    rows["people_s"] = np.where(came, chance.exponential(60, count), 0)
    rows["drone"] = np.where(came, 0, -1)
    rows["base"] = rows["drone"]
    return rows
