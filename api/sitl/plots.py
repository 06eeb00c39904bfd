"""The plots of a report."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from api.sitl.audit import ground_of
from api.sitl.record import Record
from api.sitl.report import Report

INK, GOOD, BAD, ZONE = "#1b2733", "#1a7f4b", "#b3261e", "#8c1d40"


def map_of(record: Record, report: Report) -> Figure:
    """Tracks, bases, incidents and zones; a zone that was breached is red."""
    city, frame = record.city, record.city.frame
    figure = Figure(figsize=(10, 8), layout="constrained")
    axes: Any = figure.add_subplot()
    breached = {zone.zone_id for zone in report.zones if zone.breaches}
    for span in record.zones:
        ground = ground_of(frame, span.zone)
        rings = [np.asarray(ring.coords) for ring in (ground.exterior, *ground.interiors)]
        outline = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        colour = BAD if span.zone.id in breached else ZONE
        axes.add_patch(PathPatch(outline, facecolor=colour, edgecolor=colour, alpha=0.25))
    for number, (drone_id, samples) in enumerate(sorted(record.samples.items())):
        flown = [s for s in samples if s.in_air]
        if flown:
            xy = frame.to_xy([s.longitude_deg for s in flown], [s.latitude_deg for s in flown])
            axes.plot(*xy.T, ".", markersize=1.2, color=f"C{number % 10}", label=drone_id)
    bases = frame.xy_of([base.position for base in city.bases.values()])
    axes.plot(*bases.T, "^", color=INK, markersize=8, zorder=5)
    for base, place in zip(city.bases.values(), bases, strict=True):
        axes.annotate(base.id, place, xytext=(6, 4), textcoords="offset points", fontsize=8)
    names = {asked.incident_id: asked.planned.name for asked in record.asked}
    for incident in record.incidents.values():
        east, north = frame.xy(incident.position)
        axes.plot(east, north, "x", color=INK, markersize=5, zorder=4)
        told = names.get(incident.id, incident.id)
        axes.annotate(told, (east, north), xytext=(4, -8), textcoords="offset points", fontsize=6.5)
    axes.set_aspect("equal")
    axes.set_xlabel("m east")
    axes.set_ylabel("m north")
    axes.grid(alpha=0.2)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(markerscale=8, fontsize=8, loc="upper right")  # to look for the best place takes seconds
    return figure


def errors(report: Report) -> Figure | None:
    """Time on scene, predicted against flown, and the error of every clock; None where nobody came on scene."""
    flown = [(f.name, f.on_scene) for f in report.incidents if f.on_scene is not None]
    if not flown:
        return None
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left: Any = figure.add_subplot(1, 2, 1)
    predicted, took = [p.predicted_s for _, p in flown], [p.flown_s for _, p in flown]
    top = 1.08 * max(*predicted, *took)
    line = np.array([0.0, top])
    left.plot(line, line, color=INK, linewidth=0.8)
    for share in (0.03, 0.06):
        left.fill_between(line, line * (1 - share), line * (1 + share), color=GOOD, alpha=0.12, linewidth=0)
    left.plot(predicted, took, "o", markersize=4, color="#1f5fa8")
    left.set_xlim(0, top)
    left.set_ylim(0, top)
    left.set_xlabel("predicted, s")
    left.set_ylabel("flown, s")
    left.set_title("time on scene; bands: 3 % and 6 %", fontsize=9)
    right: Any = figure.add_subplot(1, 2, 2)
    clocks: dict[str, list[float]] = {}
    for finding in report.incidents:
        for pair in (*finding.clocks, *([finding.on_scene] if finding.on_scene else [])):
            clocks.setdefault(pair.name, []).append(pair.error_s)
    right.boxplot(list(clocks.values()), orientation="horizontal", tick_labels=list(clocks), whis=(0, 100))
    right.axvline(0, color=INK, linewidth=0.8)
    right.set_xlabel("flown − predicted, s")
    right.set_title("error clock by clock (box: quartiles, whiskers: all)", fontsize=9)
    return figure


def heights(record: Record) -> Figure:
    """Every drone's height over time, with the faults."""
    figure = Figure(figsize=(10, 2.8), layout="constrained")
    axes: Any = figure.add_subplot()
    for number, (drone_id, samples) in enumerate(sorted(record.samples.items())):
        instants = [s.at_s - record.began_at_s for s in samples]
        axes.plot(instants, [s.height_m for s in samples], linewidth=0.9, color=f"C{number % 10}", label=drone_id)
    for broken in record.broken:
        if broken.at_s is not None:
            axes.axvline(broken.at_s - record.began_at_s, color=BAD, linewidth=0.8, linestyle="--")
    axes.set_xlabel("s")
    axes.set_ylabel("m above home")
    axes.grid(alpha=0.2)
    if record.samples:
        axes.legend(fontsize=7, ncols=6, loc="upper right")
    return figure
