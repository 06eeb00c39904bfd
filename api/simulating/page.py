"""The report of a simulation: one HTML file with figures, intervals, verdicts, pictures, and all to redo it."""

import json
from datetime import datetime
from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from api.html import document, figure, table
from api.simulating import pictures
from api.simulating.report import VERSIONS, figures
from api.simulating.run import Arm, Done
from api.simulating.words import HEADLINES, NOTE, begun, better_words, between, first_words, promise_words, regret_words
from api.values import settings
from simulator.city.experiment import differences
from simulator.city.figures import FIGURES, INDEX


def page(done: Done, command: str) -> str:
    """The whole document."""
    parts = [
        _head(done),
        _headlines(done),
        _differences(done),
        figure("How soon a drone is on scene", pictures.arrivals_of(done)),
        _by(done, "priority", "By priority"),
        _by(done, "district", "By district"),
        figure("Within the promise by hour", pictures.hours_of(done)),
        *(figure(f"Where: {arm.name}", pictures.map_of(done, arm)) for arm in done.arms[: pictures.MOST_ARMS]),
        _all_figures(done),
        _law(done),
        _redo(done, command),
    ]
    return document(f"{done.prepared.city.name}: a simulation", parts)


def _head(done: Done) -> str:
    prepared = done.prepared
    zone = ZoneInfo(prepared.city.time_zone)
    begins, ends = (
        f"{datetime.fromtimestamp(at_s, zone):%Y-%m-%d %H:%M}"
        for at_s in (prepared.study.measured_from_s, prepared.study.until_s)
    )
    arms = "".join(_promises(done, arm) for arm in done.arms)
    stopped = '<p class="no">Stopped by hand: fewer replications than asked for.</p>' if done.stopped else ""
    ground = f" Ground units: {escape(prepared.ground_told)}." if prepared.ground_told else ""
    return (
        f"<h1>{escape(prepared.city.name)}: what a drone fleet would do</h1>"
        f'<p class="small">{escape(begun(done))}. Measured from {begins} until {ends} ({escape(str(zone))}), after '
        f"{prepared.study.warm_up_s / 3600:g} h of warm-up. Calls: {escape(prepared.calls_told)}, on "
        f"{len(prepared.study.places):,} places.{ground}</p>{stopped}{arms}"
        f'<p class="small">{escape(NOTE)}</p>'
    )


def _promises(done: Done, arm: Arm) -> str:
    looks = {"met": "ok", "not met": "no", "not yet decidable": ""}
    verdicts = list(done.verdicts(arm).values())
    first, *rest = (f'<span class="{looks[one.status]}">{escape(promise_words(one))}</span>' for one in verdicts)
    rest += [escape(told) for told in (first_words(arm), regret_words(arm)) if told is not None]
    lines = "".join(f"<li>{one}</li>" for one in rest)
    return f'<p class="verdict">{escape(arm.name)}: {first}</p><ul class="small">{lines}</ul>'


def _headlines(done: Done) -> str:
    return f"<h2>Figures</h2>{_figures(done, HEADLINES)}"


def _all_figures(done: Done) -> str:
    rest = tuple(one.name for one in FIGURES if one.name not in HEADLINES)
    told = table(("figure", "what it is"), ((one.name, one.told) for one in FIGURES))
    return (
        f"<details><summary>All other figures</summary>{_figures(done, rest)}</details>"
        f"<details><summary>What each figure is</summary>{told}</details>"
    )


def _figures(done: Done, names: tuple[str, ...]) -> str:
    every = [arm.runs.intervals() for arm in done.arms]
    rows = [
        (name, *(between(each[name], FIGURES[INDEX[name]].unit) for each in every))
        for name in names
        if any(each[name].replications for each in every)
    ]
    return table(("figure", *(f"#{arm.name}" for arm in done.arms)), rows)


def _differences(done: Done) -> str:
    first, *others = done.arms
    parts = []
    for arm in others:
        compared = differences(first.runs, arm.runs)
        rows = [
            (
                name,
                between(compared[name].interval, FIGURES[INDEX[name]].unit),
                better_words(compared[name], first.name, arm.name),
                f"{compared[name].correlation:.2f}".replace("nan", "–"),
            )
            for name in HEADLINES
            if compared[name].interval.replications
        ]
        head = ("figure", "#difference", "better", "#correlation")
        parts.append(f"<h2>{escape(arm.name)} against {escape(first.name)}</h2>{table(head, rows)}")
    if not parts:
        return ""
    return (
        "".join(parts) + '<p class="small">Differences are seed by seed: both had the same calls in each replication, '
        "which sharpens the interval where the correlation is near 1. Each interval is at 95 %: of twenty figures "
        "without a difference one will seem to have one.</p>"
    )


def _by(done: Done, by: Literal["priority", "district"], title: str) -> str:
    every = [arm.runs.shares(by) for arm in done.arms]
    keys = [key for key in every[0] if any(each[key].replications for each in every)]
    if len(keys) < 2:
        return ""
    rows = [(key, *(between(each[key], "share") for each in every)) for key in keys]
    return (
        f"<h2>{title}</h2>"
        + table((by, *(f"#{arm.name}" for arm in done.arms)), rows)
        + f'<p class="small">Of its incidents: a drone was on scene within {done.promise_s:g} s.</p>'
    )


def _law(done: Done) -> str:
    rows = [(arm.name, between(arm.runs.interval("in_system"), "1"), f"{arm.little_off:.1e}") for arm in done.arms]
    return (
        '<h2>Little\'s law</h2><p class="small">In every run the mean number of incidents under way (L) was summed '
        "from event to event, and again as the incidents' own stays (λW): both must be one number.</p>"
        + table(("", "#L", "#largest difference, as a share"), rows)
    )


def _redo(done: Done, command: str) -> str:
    prepared, runs = done.prepared, len(done.arms[0].runs.kpis)
    rows = [(one.name, one.told, one.sha256) for one in prepared.inputs]
    versions = ", ".join(f"{name} {told}" for name, told in figures(done)["versions"].items() if name in VERSIONS)
    asked = escape(json.dumps(settings(prepared.asked), ensure_ascii=False, indent=1))
    return (
        f"<h2>To do it again</h2><p><code>{escape(command)}</code></p>"
        + table(("input", "what was read", "SHA-256"), rows)
        + f'<p class="small">Seed {prepared.asked.seed}, {runs} replications. {escape(versions)}. Took '
        f"{done.took_s:.1f} s.</p>"
        f"<details><summary>Settings</summary><pre>{asked}</pre></details>"
    )
