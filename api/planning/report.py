"""A plan as values for programs: what ``plan.json`` holds and HTTP answers with."""

import dataclasses
import importlib.metadata
from typing import Any

from api.given import told_at
from api.planning.study import Done
from api.values import finite, settings
from dispatch.coverage import Frontier
from dispatch.placement import Clocks, Ignoring

MOST_UNCOVERED = 1000
"""So many uncovered places are listed, the heaviest first; the CSV has them all."""


def figures(done: Done) -> dict[str, Any]:
    """The whole plan as JSON values; what is not known or has no end is null. Degrees are WGS-84."""
    layout, ground, prepared = done.planned.layout, done.planned.posed.ground, done.prepared
    proof, promise = layout.proof, layout.ask.promise
    return {
        "program": f"reach180 {importlib.metadata.version('reach180')}",
        "city": prepared.city.id or None,
        "at": told_at(ground.situation, prepared.city),
        "airframe": ground.airframe.name,
        "model": layout.ask.goal,
        "within_s": promise.within_s,
        "share": promise.share,
        "times": promise.times,
        "p": layout.ask.p,
        "budget": layout.ask.budget,
        "value": finite(proof.value),
        "unit": proof.unit,
        "bound": finite(proof.bound),
        "gap": finite(proof.gap, 9),
        "status": proof.status,
        "stopped": done.stopped,
        "took_s": finite(done.took_s, 2),
        "new_bases": layout.new_bases,
        "cost": finite(layout.cost),
        "demand": finite(layout.demand),
        "places": layout.places,
        "sites": layout.sites,
        "sites_dropped": list(layout.dropped),
        "scenes": list(layout.scenes),
        "clocks": clocks(layout.clocks),
        "bases": base_figures(done),
        "uncovered": {
            "places": len(layout.uncovered.weights),
            "demand": finite(float(layout.uncovered.weights.sum())),
            "heaviest": uncovered_figures(done, MOST_UNCOVERED),
        },
        "frontier": None if done.frontier is None else frontier_figures(done.frontier, done),
        "ignoring": None if done.ignoring is None else ignoring_figures(done.ignoring),
        "moments": [[finite(m.at_s, 2), finite(m.value), finite(m.bound)] for m in done.moments],
        "inputs": [dataclasses.asdict(one) for one in prepared.inputs],
        "settings": settings(prepared.study),
    }


def base_figures(done: Done) -> list[dict[str, Any]]:
    """Every base of the layout."""
    return [
        {
            "id": base.site.id,
            "name": base.site.name,
            "longitude": round(base.site.position.longitude_deg, 7),
            "latitude": round(base.site.position.latitude_deg, 7),
            "drones": base.drones,
            "docks": base.site.docks,
            "standing": base.site.standing,
            "cost": finite(base.site.cost),
            "first": finite(base.first),
            "covered": finite(base.covered),
            "lost": finite(base.lost),
            "marginal": finite(base.marginal),
            "mean_s": finite(base.mean_s, 1),
            "later_s": finite(base.later_s, 2),
        }
        for base in done.planned.layout.bases
    ]


def uncovered_figures(done: Done, most: int | None = None) -> list[dict[str, Any]]:
    """Uncovered places, the heaviest first."""
    uncovered = done.planned.layout.uncovered
    return [
        {
            "longitude": round(lonlat[0], 7),
            "latitude": round(lonlat[1], 7),
            "weight": finite(weight),
            "seconds": finite(seconds, 1),
            "in_zone": closed,
        }
        for lonlat, weight, seconds, closed in list(
            zip(
                uncovered.lonlat.tolist(),
                uncovered.weights.tolist(),
                uncovered.seconds.tolist(),
                uncovered.closed.tolist(),
                strict=True,
            )
        )[:most]
    ]


def clocks(of: Clocks) -> dict[str, float | None]:
    """Response times in seconds, shares of all demand."""
    return {
        field.name: finite(getattr(of, field.name), 2 if field.name.endswith("_s") else 6)
        for field in dataclasses.fields(of)
    }


def frontier_figures(frontier: Frontier, done: Done) -> dict[str, Any]:
    """Every step with the sites it opens, and what is missing."""
    ids = [site.id for site in done.planned.posed.ground.sites]
    return {
        "unit": frontier.unit,
        "steps": [
            {
                "p": int(step.means),
                "value": finite(step.value),
                "bound": finite(step.bound),
                "gap": finite(step.gap, 9),
                "status": step.status,
                "open": [ids[k] for k in step.open_sites],
            }
            for step in frontier.steps
        ],
        "missing": [{"p": int(one.means), "why": one.why} for one in frontier.missing],
    }


def ignoring_figures(ignoring: Ignoring) -> dict[str, Any]:
    """What a plan that ignores wind and zones would promise, and do."""
    return {**dataclasses.asdict(ignoring), "clocks": clocks(ignoring.clocks)}
