"""The pictures of a plan: its map, what every further base buys, how value and bound met. Drawn from its data alone."""

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from api.maps import INK, KM, MAP_NOTE, draw_ground
from api.planning.study import Done

DPI = 110
SEEN, MISSED, BASE = "#3c6e91", "#c2571a", "#00508a"


def map_of(done: Done) -> Figure:
    """Demand that is covered and that is not, the bases with what each sees first, sites left out, zones."""
    layout, posed, prepared = done.planned.layout, done.planned.posed, done.prepared
    frame = prepared.city.frame
    west, south, east, north = prepared.area.bounds
    height_in = float(np.clip(8.6 * (north - south) / max(1.0, east - west), 5.0, 11.0))
    figure = Figure(figsize=(9.2, height_in + 0.8), dpi=DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_facecolor("#f4f2ec")
    draw_ground(axes, prepared.area, posed.scenes[0].network.closed())
    missed = {tuple(place) for place in layout.uncovered.lonlat.tolist()}
    lonlat, weights = posed.ground.demand.lonlat, posed.ground.demand.weights.mean(axis=0)
    short = np.array([tuple(place) in missed for place in lonlat.tolist()])
    largest = 24.0 * min(1.0, math.sqrt(2000.0 / len(weights)))
    sizes = np.clip(largest * weights / max(float(np.quantile(weights, 0.99)), 1e-12), 0.6, 60.0)
    missing = "not covered in some scene" if len(posed.scenes) > 1 else "not covered"
    for mark, colour, told in ((~short, SEEN, "covered as promised"), (short, MISSED, missing)):
        if mark.any():
            axes.scatter(*(posed.places_xy[mark].T / KM), s=sizes[mark], color=colour, alpha=0.55, linewidths=0,
                         zorder=3, label=f"demand {told}", rasterized=True)  # fmt: skip
    ground = posed.ground.sites
    others = [k for k in range(len(ground)) if k not in layout.open_sites]
    xy = frame.xy_of([site.position for site in ground])
    if others:
        axes.plot(*(xy[others].T / KM), "o", markersize=3, markerfacecolor="none", markeredgecolor=INK, alpha=0.45,
                  zorder=5, label="site not chosen")  # fmt: skip
    for standing, marker, told in ((False, "^", "new base"), (True, "s", "base that stands")):
        chosen = [k for k in layout.open_sites if ground[k].standing is standing]
        if chosen:
            axes.plot(*(xy[chosen].T / KM), marker, color=BASE, markersize=9, markeredgecolor="white", zorder=8,
                      linestyle="none", label=told)  # fmt: skip
    for k in layout.open_sites:
        axes.annotate(ground[k].id, xy[k] / KM, xytext=(6, 4), textcoords="offset points", fontsize=7, color=INK,
                      zorder=9, annotation_clip=True)  # fmt: skip
    margin = 0.03 * max(east - west, north - south)
    axes.set_xlim((west - margin) / KM, (east + margin) / KM)
    axes.set_ylim((south - margin) / KM, (north + margin) / KM)
    axes.set_aspect("equal")
    origin = frame.origin
    axes.set_xlabel(f"km east of {origin.longitude_deg:.4f}°, {origin.latitude_deg:.4f}°", fontsize=8)
    axes.set_ylabel("km north", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(loc="upper right", fontsize=7, framealpha=0.9)
    figure.supxlabel(MAP_NOTE, fontsize=6.5, color="#555555")
    return figure


def frontier_of(done: Done) -> Figure | None:
    """Value and bound against new bases; None without a frontier of two steps."""
    if done.frontier is None or len(done.frontier.steps) < 2:
        return None
    steps, unit = done.frontier.steps, done.frontier.unit
    whole = done.planned.layout.demand if unit == "demand" else 1.0
    figure = Figure(figsize=(8.6, 4.2), dpi=DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    p = [step.means for step in steps]
    axes.plot(p, [step.value / whole for step in steps], "o-", color=BASE, markersize=3.5, label="best layout")
    axes.fill_between(p, [step.value / whole for step in steps], [step.bound / whole for step in steps],
                      color=MISSED, alpha=0.3, label="what no layout exceeds")  # fmt: skip
    axes.set_xlabel("new bases")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("share of demand" if unit in ("demand", "share of demand") else unit)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8)
    return figure


def meeting_of(done: Done) -> Figure | None:
    """Value and bound over the seconds of looking; None where it was done at once."""
    moments = [m for m in done.moments if math.isfinite(m.value) and math.isfinite(m.bound)]
    if len(moments) < 2 or moments[-1].at_s < 0.5:
        return None
    figure = Figure(figsize=(8.6, 3.2), dpi=DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    at_s = [m.at_s for m in moments]
    axes.step(at_s, [m.value for m in moments], where="post", color=BASE, label="best layout")
    axes.step(at_s, [m.bound for m in moments], where="post", color=MISSED, label="what no layout exceeds")
    axes.set_xlabel("seconds")
    axes.set_ylabel(done.planned.layout.proof.unit)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8)
    return figure


def times_of(done: Done) -> Figure:
    """How much of the demand each base sees first, and what would be lost without it."""
    bases = sorted(done.planned.layout.bases, key=lambda base: -base.first)[:60]
    whole = max(done.planned.layout.demand, 1e-12)
    figure = Figure(figsize=(8.6, max(2.0, 0.22 * len(bases) + 1.0)), dpi=DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    rows = np.arange(len(bases))
    axes.barh(rows, [base.first / whole for base in bases], color=SEEN, label="sees first")
    axes.barh(rows, [base.lost / whole for base in bases], height=0.35, color=MISSED, label="lost without it")
    axes.set_yticks(rows, [base.site.id for base in bases], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("share of demand")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.25, axis="x")
    axes.legend(fontsize=8)
    return figure
