"""The report of a plan: one HTML file with its map, proof, frontier and tables, and all that is needed to redo it."""

import json
from html import escape

from api.certificate import share_words
from api.given import told_at
from api.html import document, figure, table
from api.planning import pictures
from api.planning.report import uncovered_figures
from api.planning.study import Done
from api.planning.words import amount, clock_words, ended, ignoring_words, kept, marginal_words, proof_words, question
from api.values import settings

SHOWN = 100
"""So many uncovered places stand in the report."""


def page(done: Done, command: str) -> str:
    """The whole document."""
    name = done.prepared.city.name if done.prepared.study.city else "A plan"
    parts = [
        _head(done, name),
        figure("The layout", pictures.map_of(done)),
        _bases(done),
        figure("What each base is good for", pictures.times_of(done)),
        figure("What every further base buys", pictures.frontier_of(done)),
        _frontier(done),
        _ignoring(done),
        figure("How value and bound met", pictures.meeting_of(done)),
        _uncovered(done),
        _redo(done, command),
    ]
    return document(f"{name}: where bases must stand", parts)


def _head(done: Done, name: str) -> str:
    layout, ground = done.planned.layout, done.planned.posed.ground
    wind = ground.situation.wind
    proven = layout.proof.status == "optimal"
    scenes = f"{len(layout.scenes)} scenes (layers of demand, winds)" if len(layout.scenes) > 1 else (
        f"wind {wind.speed_mps:g} m/s from {wind.from_deg:g}°"
    )  # fmt: skip
    rows = [
        f"<h1>{escape(name)}: {len(layout.bases)} bases, {layout.new_bases} of them new</h1>",
        f'<p class="small">Asked: {escape(question(layout.ask))}. {layout.places:,} places of demand, '
        f"{layout.sites:,} sites, airframe {escape(ground.airframe.name)}, {escape(scenes)}, geozones as in force at "
        f"{escape(told_at(ground.situation, done.prepared.city))}.</p>",
        f'<p class="verdict {"ok" if proven else ""}">{escape(proof_words(layout.proof, layout))}</p>',
        f"<p>{escape(kept(layout))}. {escape(clock_words(layout))}.</p>",
    ]
    if told := ended(done):
        rows.append(f'<p class="no">{escape(told)}</p>')
    if layout.dropped:
        rows.append(f'<p class="small">{len(layout.dropped)} sites of the grid lie in zones and were left out.</p>')
    return "\n".join(rows)


def _bases(done: Done) -> str:
    layout = done.planned.layout
    whole = max(layout.demand, 1e-12)
    rows = [
        (base.site.id, base.site.name, "stands" if base.site.standing else "new", str(base.drones),
         f"{base.site.position.latitude_deg:.5f}, {base.site.position.longitude_deg:.5f}",
         f"{base.first / whole:.1%}", f"{base.covered / whole:.1%}", f"{base.lost / whole:.1%}",
         f"{base.mean_s:.0f}" if base.first > 0 else "–", f"{base.later_s:.1f}",
         marginal_words(base, layout), f"{base.site.cost:g}")
        for base in sorted(layout.bases, key=lambda base: -base.first)
    ]  # fmt: skip
    return (
        '<h2>Bases</h2><p class="small"><i>Sees first</i>: demand nearer to it in time than to any other base. '
        "<i>Covers</i>: demand within the promised time. <i>Lost without it</i>: demand that would no longer be "
        "covered as deep as promised. <i>Later</i>: how much later all demand would be seen in the mean without it. "
        "<i>Value lost</i>: by how much what was asked for would be worse without it.</p>"
        + table(
            ("site", "name", "", "#drones", "latitude, longitude", "#sees first", "#covers", "#lost without it",
             "#mean s", "#later s", "#value lost", "#cost"),
            rows,
        )
    )  # fmt: skip


def _frontier(done: Done) -> str:
    if done.frontier is None:
        return ""
    layout, unit = done.planned.layout, done.frontier.unit
    rows = []
    before: float | None = None
    for step in done.frontier.steps:
        buys = "" if before is None else amount(abs(step.value - before), unit, layout)
        rows.append((f"{step.means:g}", amount(step.value, unit, layout), buys,
                     "proven" if step.status == "optimal" else f"gap {step.gap:.2%}"))  # fmt: skip
        before = step.value
    rows += [(f"{one.means:g}", "–", "", one.why) for one in done.frontier.missing]
    return table(("#new bases", "best layout", "the last base buys", "proof"), rows)


def _ignoring(done: Done) -> str:
    told = done.ignoring
    if told is None:
        return ""
    layout = done.planned.layout
    rows = [
        ("this plan, in truth", share_words(layout.clocks.within_share), f"{layout.clocks.mean_s:.0f}",
         f"{layout.clocks.p90_s:.0f}"),
        ("a plan that ignores wind and zones, as it believes", share_words(told.promised_share), "", ""),
        ("that plan, in truth", share_words(told.true_share), f"{told.clocks.mean_s:.0f}", f"{told.clocks.p90_s:.0f}"),
    ]  # fmt: skip
    return (
        "<h2>If wind and zones were ignored</h2>"
        + table(("", "#covered as promised", "#mean s", "#P90 s"), rows)
        + f"<p>{escape(ignoring_words(done))}.</p>"
    )


def _uncovered(done: Done) -> str:
    layout = done.planned.layout
    count = len(layout.uncovered.weights)
    if not count:
        return "<h2>Uncovered places</h2><p>None.</p>"
    rows = [
        (f"{place['latitude']:.5f}, {place['longitude']:.5f}", f"{place['weight']:,.6g}",
         "–" if place["seconds"] is None else f"{place['seconds']:.0f}", "in a closed zone" if place["in_zone"] else "")
        for place in uncovered_figures(done, SHOWN)
    ]  # fmt: skip
    return (
        f'<h2>Uncovered places</h2><p class="small">{count:,} places are not covered as promised in some scene; the '
        f"{min(count, SHOWN)} heaviest. All are in uncovered.csv.</p>"
        + table(("latitude, longitude", "#demand", "#first drone after s", ""), rows)
    )


def _redo(done: Done, command: str) -> str:
    rows = [(one.name, one.told, one.sha256) for one in done.prepared.inputs]
    asked = escape(json.dumps(settings(done.prepared.study), ensure_ascii=False, indent=1))
    return (
        "<h2>To do it again</h2>"
        f"<p><code>{escape(command)}</code></p>"
        + table(("input", "what was read", "SHA-256"), rows)
        + f"<details><summary>Settings</summary><pre>{asked}</pre></details>"
        f'<p class="small">Took {done.took_s:.1f} s. Flight times count turnout, climb, corners, wind and the ways '
        "round zones; whether a drone is free, and what gusts add, is not in them.</p>"
    )
