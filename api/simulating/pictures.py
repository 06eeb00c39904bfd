"""The pictures of a simulation: how soon drones come, at what hour, and where. Drawn from its data alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from api.area import city_area
from api.maps import INK, KM, MAP_NOTE, draw_ground
from api.simulating.run import Arm, Done
from dispatch.city import situation_of
from dispatch.sky import airways_of
from simulator.city.intervals import Interval
from simulator.city.tally import Cell

DPI = 110
COLOURS = ("#00508a", "#c2571a", "#2e7d4f", "#8c1d40", "#7a6a00", "#5b4b8a", "#3c6e91", "#555555")
MOST_ARMS = len(COLOURS)
"""So many arms are drawn in one picture; tables have all."""


def arrivals_of(done: Done) -> Figure:
    """The share of incidents with a drone on scene within so many seconds: the mean, and all replications."""
    figure, axes = _axes(4.2)
    latest_s = 60
    for arm, colour in zip(done.arms, COLOURS, strict=False):
        each = np.array([run.reached.sum(axis=0) / max(1, run.by_priority.incidents.sum()) for run in arm.runs.kpis])
        mean = each.mean(axis=0)
        seconds = np.arange(each.shape[1])
        axes.fill_between(seconds, each.min(axis=0), each.max(axis=0), color=colour, alpha=0.2, linewidth=0)
        axes.plot(seconds, mean, color=colour, linewidth=1.5, label=arm.name)
        latest_s = max(latest_s, int(np.argmax(mean >= 0.995 * mean[-1])))
    axes.axvline(done.promise_s, color=INK, linewidth=1, linestyle="--")
    axes.axhline(done.prepared.asked.promised, color=INK, linewidth=1, linestyle="--")
    axes.set_xlim(0, max(1.3 * done.promise_s, 1.1 * latest_s))
    axes.set_ylim(0, 1)
    axes.set_xlabel("seconds from report to on scene; dashed: the promise; shaded: all replications")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(fontsize=8, loc="lower right")
    return figure


def hours_of(done: Done) -> Figure:
    """The share within the promise by the hour of the day, with intervals."""
    figure, axes = _axes(3.4)
    for k, (arm, colour) in enumerate(zip(done.arms, COLOURS, strict=False)):
        shares = arm.runs.shares("hour")
        _intervals(axes, shares, 0.12 * k - 0.06 * min(len(done.arms), MOST_ARMS), colour, arm.name)
    axes.axhline(done.prepared.asked.promised, color=INK, linewidth=1, linestyle="--")
    axes.set_xticks(range(0, 24, 2))
    axes.set_xlabel(f"hour of the day, {done.prepared.city.time_zone}")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(fontsize=8)
    return figure


def map_of(done: Done, arm: Arm) -> Figure:
    """Each place by the share of its incidents within the promise, the bases, what zones close."""
    prepared = done.prepared
    layout = next(one for one in prepared.layouts if one.name == arm.layout)
    city = layout.city
    xy, incidents = prepared.study.places.xy_m / KM, arm.by_place[:, Cell.INCIDENTS]
    bases = city.frame.xy_of([base.position for base in city.bases.values()]) / KM
    low, high = (reach(np.vstack([xy, bases]), axis=0) for reach in (np.min, np.max))
    wide, tall = np.maximum(high - low, 0.1)
    figure = Figure(figsize=(9.2, float(np.clip(8.2 * tall / wide, 4.5, 11.0)) + 0.8), dpi=DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_facecolor("#f4f2ec")
    situation = situation_of(city, prepared.study.measured_from_s)
    draw_ground(axes, city_area(city), *airways_of(situation, city.rules.cruise_height_m).closed_ground)
    some = incidents > 0
    shares = arm.by_place[some, Cell.MET] / incidents[some]
    sizes = np.clip(40.0 * incidents[some] / np.quantile(incidents[some], 0.95), 3.0, 90.0)
    dots = axes.scatter(*xy[some].T, s=sizes, c=shares, cmap="RdYlBu", vmin=0, vmax=1, linewidths=0, zorder=3)
    axes.plot(*bases.T, "^", color=INK, markersize=6, markeredgecolor="white", zorder=7, linestyle="none", label="base")
    bar = figure.colorbar(dots, ax=axes, shrink=0.7, pad=0.02, format=PercentFormatter(1.0))
    bar.set_label(
        f"incidents with a drone on scene within {done.promise_s:g} s; dots by how many incidents", fontsize=8
    )
    margin = 0.04 * max(wide, tall)
    axes.set_xlim(low[0] - margin, high[0] + margin)
    axes.set_ylim(low[1] - margin, high[1] + margin)
    axes.set_aspect("equal")
    axes.set_xlabel("km east of the city's centre", fontsize=8)
    axes.set_ylabel("km north", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(loc="upper right", fontsize=7, framealpha=0.9)
    axes.set_title(arm.name, fontsize=10, color=INK)
    figure.supxlabel(MAP_NOTE, fontsize=6.5, color="#555555")
    return figure


def _axes(height_in: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8.6, height_in), dpi=DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    axes.grid(alpha=0.25)
    return figure, axes


def _intervals(axes: Any, shares: Mapping[str, Interval], aside: float, colour: str, label: str) -> None:
    known = [(k, one) for k, one in enumerate(shares.values()) if one.replications]
    at = [k + aside for k, _ in known]
    mean = np.array([one.mean for _, one in known])
    low = [0.0 if np.isinf(one.low) else one.mean - one.low for _, one in known]
    high = [0.0 if np.isinf(one.high) else one.high - one.mean for _, one in known]
    axes.errorbar(at, mean, yerr=[low, high], fmt="o", color=colour, markersize=3, linewidth=1, label=label)
