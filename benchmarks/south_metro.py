"""Ground units alone against real clocks: call to arrival of a fire service, fitted on some days, checked on others.

``python -m benchmarks south_metro``. The records are not part of the project: ``REACH180_SHARED_DATA`` names the folder
of the data, else it is ``shared/data`` beside the repository. Told in docs/simulate-data.md.
"""

from collections.abc import Sequence

import numpy as np
from rich.console import Console

from benchmarks._data import SHARED
from dispatch.city_folder import find_city, load_city
from geo.frame import LocalFrame
from geo.position import Position
from simulator.city.ground import sent
from simulator.city.ground_fit import clock_quantiles_s, fit_units
from simulator.city.history import recorded
from simulator.city.places import places_of_records
from simulator.local_time import DAY_S
from simulator.records import read_calls

RECORDS = "calls/south_metro_co_2019.parquet"
TIME_ZONE = "America/Denver"
CELL_M = 250.0
SEED = 1
SHARES = np.array([0.5, 0.9])
GROUPS = {"emergent": (1,), "non-emergent": (4,), "all calls": (1, 2, 3, 4, 5)}


def main(_words: Sequence[str]) -> None:
    """Fit and check twice, and print Markdown."""
    console = Console(width=200, highlight=False)
    if not (SHARED / RECORDS).exists():
        console.print(f"{RECORDS} is not there; REACH180_SHARED_DATA names the folder of the data")
        return
    records = read_calls(SHARED / RECORDS, time_zone=TIME_ZONE)
    console.print(records.report())
    frame = LocalFrame(Position(float(np.median(records.longitude_deg)), float(np.median(records.latitude_deg))))
    places = places_of_records(records, frame, cell_m=CELL_M)
    history = recorded(records, places, frame, load_city(find_city("kunshan")).types)
    station = records.station[history.record]
    at_s, took_s = (history.calls[name].astype(np.float64) for name in ("at_s", "ground_s"))
    splits = {
        "fitted on April to June, checked on November and December": at_s
        < np.datetime64("2019-09-01", "s").astype(float),
        "fitted on every other day, checked on the others": np.floor(at_s / DAY_S) % 2 == 0,
    }
    worst = 0.0
    for name, use in splits.items():
        units, _ = fit_units(history, station, places, use=use)
        calls, _, _ = sent(history.calls, units, seed=SEED)
        first = (
            f"turnout {units.turnout_s[0]:.0f} s, {units.speed_mps[0]:.1f} m/s by road, spread {units.spread[0]:.2f}"
        )
        console.print(f"\n**{name}**; {units.road_m.shape[1]} stations with a unit each. Emergent: {first}\n")
        clocks = [f"{what} recorded | corrected | simulated |" for what in ("median", "P90")]
        console.print(f"| calls checked | | {clocks[0]} | {clocks[1]} |")
        console.print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
        for group, priorities in GROUPS.items():
            mine = ~use & np.isfinite(took_s) & np.isin(history.calls["priority"], priorities)
            raw_s, true_s = np.quantile(took_s[mine], SHARES), clock_quantiles_s(took_s[mine], SHARES)
            found_s = np.quantile(calls["ground_s"][mine].astype(np.float64), SHARES)
            off = found_s / true_s - 1
            worst = max(worst, float(np.abs(off).max()))
            cells = [f"{raw_s[k]:.0f} s | {true_s[k]:.0f} s | {found_s[k]:.0f} s | {off[k]:+.1%}" for k in (0, 1)]
            console.print(f"| {group} | {mine.sum():,} | {cells[0]} | {cells[1]} |")
    console.print(f"\nThe largest difference is {worst:.1%}; 10 % was promised.")
