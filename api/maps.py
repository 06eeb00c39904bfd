"""Maps as pictures: arrival times over a city, with its bases, zones and outline. North is up, units are kilometres.

They are drawn from the city's own data only, in WGS-84; nothing of a map service is in them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from shapely.geometry.base import BaseGeometry

from api.rasters import Raster
from geo.route import Points

KM = 1000.0
DPI = 110
INK, ZONE, MARK = "#1b2733", "#8c1d40", "#d00000"
MAP_NOTE = "WGS-84. Drawn from its own data alone; without an approved map number: not for publication as a map."

Axes = Any
"""matplotlib tells no types."""


def field_map(
    raster: Raster,
    *,
    within_s: float,
    area: BaseGeometry,
    zones: Sequence[BaseGeometry],
    bases_xy: Points,
    base_ids: Sequence[str],
    title: str,
    subtitle: str,
) -> tuple[Figure, Axes]:
    """Arrival times as colours, blue before ``within_s`` and red after it, over the area's outline."""
    rows, columns = raster.seconds.shape
    west, north = raster.corner_xy
    extent = (west, west + columns * raster.cell_m, north - rows * raster.cell_m, north)
    wide_km, high_km = (extent[1] - extent[0]) / KM, (extent[3] - extent[2]) / KM
    height_in = float(np.clip(8.6 * high_km / wide_km, 5.0, 11.0))
    figure = Figure(figsize=(9.6, height_in + 1.2), dpi=DPI, layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.set_facecolor("#f4f2ec")
    shapely.prepare(area)
    inside = shapely.intersects_xy(shapely.buffer(area, raster.cell_m), *raster.centres_xy().T).reshape(rows, columns)
    told = np.where(np.isfinite(raster.seconds) & inside, raster.seconds, np.nan)
    latest_s = float(np.nanmax(told)) if np.isfinite(told).any() else 2 * within_s
    norm = TwoSlopeNorm(within_s, vmin=0.0, vmax=max(latest_s, within_s * 1.2))
    image = axes.imshow(
        told, extent=[edge / KM for edge in extent], cmap="RdYlBu_r", norm=norm, interpolation="nearest", zorder=1
    )
    image.set_clip_path(_patch(area, transform=axes.transData))
    draw_ground(axes, area, *zones)
    axes.plot(*(bases_xy.T / KM), "^", color=INK, markersize=6, markeredgecolor="white", markeredgewidth=0.6, zorder=7)
    for id_, (east_m, north_m) in zip(base_ids, bases_xy, strict=True):
        axes.annotate(
            id_,
            (east_m / KM, north_m / KM),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=6.5,
            color=INK,
            zorder=8,
            annotation_clip=True,
        )
    margin_km = 0.04 * max(wide_km, high_km)
    axes.set_xlim(extent[0] / KM - margin_km, extent[1] / KM + margin_km)
    axes.set_ylim(extent[2] / KM - margin_km, extent[3] / KM + margin_km)
    axes.set_aspect("equal")
    origin = raster.frame.origin
    axes.set_xlabel(f"km east of {origin.longitude_deg:.4f}°, {origin.latitude_deg:.4f}°", fontsize=8)
    axes.set_ylabel("km north", fontsize=8)
    axes.tick_params(labelsize=7)
    bar = figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02)
    bar.set_label("seconds from the decision until seen", fontsize=8)
    bar.set_ticks(_ticks(within_s, float(norm.vmax or within_s)))
    bar.ax.tick_params(labelsize=7)
    bar.ax.axhline(within_s, color=INK, linewidth=1.5)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=INK)
    axes.set_title(subtitle, fontsize=8.5, color=INK)
    figure.supxlabel(MAP_NOTE, fontsize=6.5, color="#555555")
    _scale_bar(axes, wide_km)
    _north_arrow(axes)
    return figure, axes


def draw_ground(axes: Axes, area: BaseGeometry, *zones: BaseGeometry) -> None:
    """The area's outline, and hatched what zones close."""
    axes.add_patch(_patch(area, fill=False, edgecolor=INK, linewidth=1.3, zorder=5))
    for ground in zones:
        axes.add_patch(
            _patch(ground, facecolor="none", edgecolor=ZONE, hatch="/////", linewidth=0.8, alpha=0.9, zorder=4)
        )


def certificate_map(
    axes: Axes,
    *,
    reached: BaseGeometry,
    bases_xy: Points,
    radius_m: float,
    worst_xy: tuple[float, float] | None,
    worst_told: str,
    sites_xy: Points | None,
) -> None:
    """Over a field map: the rim of what is reached in time, the bases' circles, the worst point, bases that would do.

    All of it lies within the map that is there already.
    """
    limits = axes.get_xlim(), axes.get_ylim()
    for base_xy in bases_xy:
        disc = shapely.Point(base_xy).buffer(radius_m, quad_segs=45)
        axes.add_patch(_patch(disc, fill=False, edgecolor="#555555", linewidth=0.5, alpha=0.35, zorder=3))
    if not reached.is_empty:
        axes.add_patch(_patch(reached, fill=False, edgecolor="#08306b", linewidth=1.2, zorder=6))
    if sites_xy is not None and len(sites_xy):
        axes.plot(
            *(sites_xy.T / KM), "o", markersize=4.5, markerfacecolor="none", markeredgecolor=INK, alpha=0.8, zorder=6
        )
    if worst_xy is not None:
        place = (worst_xy[0] / KM, worst_xy[1] / KM)
        axes.plot(*place, "*", color=MARK, markersize=15, markeredgecolor="white", zorder=9)
        right = place[0] < sum(limits[0]) / 2
        axes.annotate(
            worst_told,
            place,
            xytext=(12 if right else -12, -16),
            textcoords="offset points",
            ha="left" if right else "right",
            fontsize=8.5,
            color=MARK,
            fontweight="bold",
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "alpha": 0.85, "edgecolor": "none"},
            zorder=9,
        )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])
    keys = [
        Line2D([], [], marker="^", color="none", markerfacecolor=INK, markersize=7, label="base"),
        Line2D([], [], color="#555555", alpha=0.5, linewidth=0.8, label=f"{radius_m / KM:g} km about a base"),
        Line2D([], [], color="#08306b", linewidth=1.4, label="rim of what is reached in time"),
        Patch(facecolor="none", edgecolor=ZONE, hatch="/////", label="closed by a geozone, margin included"),
        Line2D([], [], marker="*", color="none", markerfacecolor=MARK, markersize=12, label="worst point"),
    ]
    if sites_xy is not None and len(sites_xy):
        told = f"{len(sites_xy)} more bases that would do"
        keys.append(Line2D([], [], marker="o", color="none", markerfacecolor="none", markeredgecolor=INK, label=told))
    axes.legend(handles=keys, loc="upper right", fontsize=7, framealpha=0.9)


def save(figure: Figure, path: Path) -> None:
    """Write the picture as PNG. Raises ``OSError``."""
    with mpl.rc_context({"hatch.linewidth": 0.5}):
        FigureCanvasAgg(figure)
        figure.savefig(path, format="png", dpi=DPI, metadata={"Software": "reach180"})


def _patch(ground: BaseGeometry, **looks: Any) -> PathPatch:
    parts = [part for part in shapely.get_parts(ground).tolist() if isinstance(part, shapely.Polygon)]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    paths = [Outline(np.asarray(ring.coords) / KM, closed=True) for ring in rings]
    return PathPatch(Outline.make_compound_path(*paths), **looks)


def _ticks(within_s: float, latest_s: float) -> list[float]:
    step = next((s for s in (10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0) if latest_s / s <= 14), latest_s / 10)
    regular = np.arange(0.0, latest_s + 1e-9, step).tolist()
    return sorted({within_s, *(tick for tick in regular if abs(tick - within_s) > step / 3)})


def _scale_bar(axes: Axes, wide_km: float) -> None:
    length_km = next(size for size in (50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05) if size <= wide_km / 4 or size == 0.05)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    x, y = west + 0.04 * (east - west), south + 0.035 * (north - south)
    axes.plot([x, x + length_km], [y, y], color=INK, linewidth=3, solid_capstyle="butt", zorder=10)
    axes.text(x + length_km / 2, y + 0.008 * (north - south), f"{length_km:g} km", ha="center", fontsize=7.5, zorder=10)


def _north_arrow(axes: Axes) -> None:
    axes.annotate(
        "N",
        xy=(0.045, 0.975),
        xytext=(0.045, 0.905),
        xycoords="axes fraction",
        ha="center",
        va="center",
        fontsize=11,
        fontweight="bold",
        color=INK,
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.6},
        zorder=10,
    )
