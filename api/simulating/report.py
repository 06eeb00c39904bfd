"""A simulation as values for programs: what ``simulation.json`` holds and HTTP answers with."""

import dataclasses
import importlib.metadata
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from api.simulating.run import Arm, Done
from api.simulating.words import HEADLINES
from api.values import finite, settings
from simulator.city.experiment import Verdict, differences
from simulator.city.figures import FIGURES, INDEX, Figure
from simulator.city.intervals import Interval

VERSIONS = ("reach180", "numpy", "numba", "scipy")
"""What figures may depend on."""


def figures(done: Done) -> dict[str, Any]:
    """The whole simulation as JSON values; what is not known or has no end is null."""
    prepared = done.prepared
    zone = ZoneInfo(prepared.city.time_zone)
    begins, ends = (
        datetime.fromtimestamp(at_s, zone).isoformat(timespec="seconds")
        for at_s in (prepared.study.measured_from_s, prepared.study.until_s)
    )
    return {
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
        "city": prepared.city.id or None,
        "calls": prepared.calls_told,
        "ground_units": prepared.ground_told or None,
        "measured": {"from": begins, "until": ends, "warm_up_s": prepared.study.warm_up_s},
        "places": len(prepared.study.places),
        "promise": {"within_s": done.promise_s, "share": prepared.asked.promised},
        "seed": prepared.asked.seed,
        "replications": len(done.arms[0].runs.kpis),
        "stopped": done.stopped,
        "took_s": round(done.took_s, 2),
        "arms": [_arm(done, arm) for arm in done.arms],
        "headlines": [_told(FIGURES[INDEX[name]]) for name in HEADLINES],
        "differences": [_difference(done.arms[0], arm) for arm in done.arms[1:]],
        "inputs": [dataclasses.asdict(one) for one in prepared.inputs],
        "settings": settings(prepared.asked),
    }


def kpi_table(done: Done) -> pa.Table:
    """Every figure of every replication, a row each; null where a run cannot tell."""
    rows = [(arm, r, kpis) for arm in done.arms for r, kpis in enumerate(arm.runs.kpis)]
    columns: dict[str, pa.Array[Any]] = {
        "layout": pa.array([arm.layout for arm, _, _ in rows]),
        "policy": pa.array([arm.policy for arm, _, _ in rows]),
        "replication": pa.array([r for _, r, _ in rows]),
    }
    for figure in FIGURES:
        columns[figure.name] = pa.array([kpis[figure.name] for _, _, kpis in rows], pa.float64(), from_pandas=True)
    return pa.table(columns)


def _arm(done: Done, arm: Arm) -> dict[str, Any]:
    city = next(layout.city for layout in done.prepared.layouts if layout.name == arm.layout)
    return {
        "layout": arm.layout,
        "bases": len(city.bases),
        "drones": len(city.drones),
        "policy": arm.policy,
        "figures": {name: _interval(interval) for name, interval in arm.runs.intervals().items()},
        "promise": [_verdict(one) for one in done.verdicts(arm).values()],
        "within_share": {
            by: {key: _interval(one) for key, one in arm.runs.shares(by).items()}
            for by in ("priority", "hour", "district")
        },
        "little_off": arm.little_off,
        "regret": None
        if arm.regret is None
        else {
            "wait_s": _interval(arm.regret.wait_s),
            "within_share": _interval(arm.regret.within_share),
            "outside_share": _interval(arm.regret.outside_share),
        },
    }


def _difference(first: Arm, second: Arm) -> dict[str, Any]:
    return {
        "first": first.name,
        "second": second.name,
        "second_minus_first": {
            name: {**_interval(one.interval), "better": one.better, "correlation": finite(one.correlation, 3)}
            for name, one in differences(first.runs, second.runs).items()
        },
    }


def _told(figure: Figure) -> dict[str, str]:
    return {name: getattr(figure, name) for name in ("name", "unit", "better", "told")}


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "priority": one.priority,
        "status": one.status,
        "share": _interval(one.share),
        "replications_to_decide": one.more,
    }


def _interval(one: Interval) -> dict[str, Any]:
    return {
        "mean": finite(one.mean, 9),
        "low": finite(one.low, 9),
        "high": finite(one.high, 9),
        "replications": one.replications,
    }
