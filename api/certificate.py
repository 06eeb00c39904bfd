"""The answer to "any point within R of a base is reached within T?" for people and for programs.

What is computed is :mod:`geo.certify` and :mod:`geo.missing`; here a city becomes a claim, and verdicts become words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.area import grid_over
from api.rasters import Raster, cell_centres
from dispatch.outbound import GO_ROUND_S
from geo.airframe import Airframe
from geo.certify import Claim, Demand, Network, Tell, Verdict, certify, speed_needed_mps
from geo.missing import Missing, bases_missing

CELLS = 20_000
"""The worst point is looked for on about so many cells first."""

FINEST_CELL_M, COARSEST_CELL_M = 10.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """One airframe's verdict, what would make the claim true, and the arrival times for a picture."""

    verdict: Verdict
    speed_mps: float | None
    speed_why: str
    missing: Missing
    raster: Raster


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a certificate is about, in words that stand above it."""

    city: str
    hills: bool
    """Whether the city has terrain, which the figures do not count."""
    area: str
    at: str
    demand: str | None
    command: str


def cell_for(claim: Claim) -> float:
    """The step of a grid of about :data:`CELLS` cells over the area."""
    west, south, east, north = claim.area.bounds
    return float(np.clip(np.sqrt((east - west) * (north - south) / CELLS), FINEST_CELL_M, COARSEST_CELL_M))


def certified(
    claim: Claim,
    network: Network,
    airframe: Airframe,
    demand: Demand | None,
    tell: Tell,
    *,
    cell_m: float,
    more: bool = True,
) -> Certified:
    """The verdict on ``claim`` for one airframe, the worst point looked for first on cells of ``cell_m``.

    Without ``more`` neither speed nor bases are looked for.
    """
    shape, corner_xy = grid_over(claim.area, cell_m)
    cells = cell_centres(shape, corner_xy, cell_m)
    tell("arrival times", 0.0)
    seconds, base = network.eta(airframe, cells)
    tell("reach polygons and the worst point", 0.15)
    verdict = certify(claim, network, airframe, demand, cells, cell_m)
    speed_mps, why, missing = None, "", Missing(at_least=0, sites_xy=np.empty((0, 2)))
    if more and verdict.answer != "void":
        tell("the speed that would do", 0.3)
        speed_mps, why = speed_needed_mps(claim, network, airframe, cells, cell_m)
        if verdict.answer != "true":
            tell("the bases that would do", 0.5)
            inner = _part(tell, 0.5, 1.0)
            missing = bases_missing(claim, network, airframe, verdict.missed, cells, inner)
    tell("done", 1.0)
    raster = Raster(
        frame=network.frame,
        corner_xy=corner_xy,
        cell_m=cell_m,
        seconds=seconds.reshape(shape),
        base=base.reshape(shape),
    )
    return Certified(verdict=verdict, speed_mps=speed_mps, speed_why=why, missing=missing, raster=raster)


def _part(tell: Tell, low: float, high: float) -> Callable[[str, float], None]:
    return lambda what, share: tell(what, low + (high - low) * share)


# ---------------------------------------------------------------- for programs


def figures(one: Certified, claim: Claim, network: Network, base_ids: Sequence[str]) -> dict[str, Any]:
    """The verdict as JSON values. Positions are [longitude, latitude], WGS-84; what is not known is null."""
    verdict, frame = one.verdict, network.frame
    worst = verdict.worst

    def place(xy: Any) -> list[float]:
        return [round(float(number), 6) for number in frame.to_lonlat(np.asarray(xy, dtype=float))[0]]

    def finite(value: float, digits: int = 1) -> float | None:
        return round(float(value), digits) if np.isfinite(value) else None

    return {
        "airframe": verdict.airframe.name,
        "answer": verdict.answer,
        "why": verdict.why or None,
        "within_s": claim.within_s,
        "radius_m": claim.radius_m,
        "turnout_s": finite(verdict.turnout_s),
        "area_km2": round(verdict.area_m2 / 1e6, 3),
        "claimed_share_of_area": round(verdict.claimed_m2 / verdict.area_m2, 6),
        "closed_share_of_claimed": round(verdict.closed_m2 / verdict.claimed_m2, 6) if verdict.claimed_m2 else None,
        "reached_share_of_claimed": round(verdict.reached_share, 6),
        "reached_share_of_claimed_p90": round(verdict.p90_share, 6),
        "reached_share_of_open": round(verdict.open_share, 6),
        "reached_share_of_demand": None if verdict.demand_share is None else round(verdict.demand_share, 6),
        "worst": None
        if worst is None
        else {
            "position": place(worst.place_xy),
            "seconds": finite(worst.eta_s),
            "base_id": base_ids[worst.base] if worst.base >= 0 else None,
            "distance_m": finite(worst.distance_m),
            "spare_watch_s": finite(worst.spare_watch_s),
        },
        "speed_needed_mps": None if one.speed_mps is None else round(one.speed_mps, 2),
        "speed_why_none": one.speed_why or None,
        "more_bases_at_least": one.missing.at_least,
        "more_bases_enough": one.missing.enough,
        "more_bases_why_none": one.missing.why or None,
        "more_bases_sites": None if one.missing.sites_xy is None else [place(site) for site in one.missing.sites_xy],
    }


# ---------------------------------------------------------------- for people


def verdict_words(verdict: Verdict) -> str:
    """The answer in a few words."""
    match verdict.answer:
        case "true":
            closed = verdict.closed_m2 / verdict.claimed_m2
            return "TRUE" + (f" of all open ground ({closed:.1%} is closed)" if closed > 0.0005 else "")
        case "partly":
            return f"FALSE; true for {share_words(verdict.reached_share)} of the area"
        case "false":
            return f"FALSE: {verdict.why}"
        case "void":
            return f"VOID: {verdict.why}"


def share_words(share: float) -> str:
    """A share in per cent; what is not whole is never rounded to 100 %, nor what is something to 0 %."""
    if 0.999 < share < 1.0:
        return "more than 99.9 %"
    if 0.0 < share < 0.001:
        return "less than 0.1 %"
    return f"{share * 100:.1f} %"


def worst_words(verdict: Verdict, base_ids: Sequence[str]) -> str:
    """When the worst point is seen, and from which base."""
    worst = verdict.worst
    if worst is None:
        return "–"
    if worst.base < 0:
        return "never: no legal way"
    return f"{worst.eta_s:.0f} s from {base_ids[worst.base]}, {worst.distance_m / 1000:.2f} km away"


def speed_words(one: Certified) -> str:
    """The speed that would make it true."""
    if one.verdict.answer == "void":
        return "–"
    if one.speed_mps is None:
        return f"no speed: {one.speed_why}"
    return f"{one.speed_mps:.1f} m/s (now {one.verdict.airframe.speed_mps:g})"


def bases_words(missing: Missing) -> str:
    """How many more bases would make it true."""
    if missing.enough is None:
        return f"at least {missing.at_least}; {missing.why}"
    if missing.enough == missing.at_least:
        return f"{missing.enough}"
    return f"at least {missing.at_least}, {missing.enough} are enough"


def markdown(
    setting: Setting,
    claim: Claim,
    network: Network,
    base_ids: Sequence[str],
    all_certified: Sequence[Certified],
    picture_of: Callable[[str], str],
) -> str:
    """The certificate as Markdown; ``picture_of`` gives the path of an airframe's picture."""
    km, first = claim.radius_m / 1000, all_certified[0].verdict
    wind = network.wind
    lines = [
        f"# Is any point within {km:g} km of a base reached within {claim.within_s:g} s?",
        "",
        f"{setting.city}, {setting.area}: {first.area_m2 / 1e6:,.1f} km², {len(base_ids)} bases. Wind "
        f"{wind.speed_mps:g} m/s from {wind.from_deg:g}°. Geozones as in force at {setting.at}. Made by",
        "",
        "```",
        setting.command,
        "```",
        "",
        "| airframe | the claim is | area | area, P90 | demand | worst point | speed needed | more bases needed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in all_certified:
        verdict = one.verdict
        demand = "–" if verdict.demand_share is None else share_words(verdict.demand_share)
        cells = (
            f"`{verdict.airframe.name}`",
            verdict_words(verdict).split(";")[0],
            share_words(verdict.reached_share),
            share_words(verdict.p90_share),
            demand,
            worst_words(verdict, base_ids),
            speed_words(one),
            bases_words(one.missing),
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## How to read this", "", *_notes(setting, claim, network, first)]
    for one in all_certified:
        verdict = one.verdict
        lines += ["", f"## {verdict.airframe.name}", "", *_story(one, network, base_ids), ""]
        lines.append(f"![{verdict.airframe.name}: arrival times]({picture_of(verdict.airframe.name)})")
    return "\n".join(lines) + "\n"


def _notes(setting: Setting, claim: Claim, network: Network, verdict: Verdict) -> list[str]:
    km = claim.radius_m / 1000
    demand = f"*Demand* is {setting.demand}, those on claimed ground." if setting.demand else "No demand was given."
    hills = ["- **Terrain is not counted**: climbing over hills takes longer than is told here."] * setting.hills
    return [
        f"- The claim is about the ground of the area within {km:g} km of some base: "
        f"{share_words(verdict.claimed_m2 / verdict.area_m2)} of it. {km:g} km is the reach of a base, "
        f"{claim.within_s:g} s a property of the network.",
        f"- A point is reached when the camera's footprint covers it within {claim.within_s:g} s of the decision being "
        "asked for, with dock, arming, climb, corners, wind and the ways round geozones counted. Every base has "
        f"one charged, idle drone of the airframe. It cruises at {network.levels[0].height_m:g} m above its base, or "
        f"passes over or under a zone where the city allows that and it saves more than {GO_ROUND_S:g} s.",
        f"- {share_words(verdict.closed_m2 / verdict.claimed_m2 if verdict.claimed_m2 else 0.0)} of the claimed ground "
        "is closed by geozones: no drone may hover there. It counts as not reached in the share of the area, and does "
        f"not make the claim false. {demand}",
        "- *Area* goes by the most likely time, *P90* by the time that nine flights of ten keep (the airframe's "
        "spreads of dock, arming, climb and speed; gusts are not in it).",
        "- *Speed needed*: the least speed over ground to command for the claim to be true, all else equal "
        "(acceleration too; the airspeed keeps its margin over it), found by bisection on the flight time.",
        *hills,
        "- *More bases*: *at least* is proven (missed points no two of which one base can serve, and the area that a "
        "base reaches in open country). *Enough* is a construction checked with the reach polygons: open circles on "
        "the map, anywhere on open ground, whoever owns it. Better ones may exist between the two numbers.",
    ]


def _story(one: Certified, network: Network, base_ids: Sequence[str]) -> list[str]:
    verdict, worst = one.verdict, one.verdict.worst
    frame = network.frame
    lines = [f"**{verdict_words(verdict)}.** Turnout takes {verdict.turnout_s:.1f} s."]
    if worst is not None and worst.base >= 0:
        lon, lat = frame.to_lonlat(np.array(worst.place_xy))[0]
        watch = (
            f"a full battery leaves {worst.spare_watch_s / 60:.0f} min for watching"
            if worst.spare_watch_s >= 0
            else "a full battery does **not** bring it home from there"
        )
        lines[0] += (
            f" The worst point is {lat:.5f}° N, {lon:.5f}° E: seen after {worst.eta_s:.1f} s from "
            f"{base_ids[worst.base]}, {worst.distance_m / 1000:.2f} km away; {watch}."
        )
    elif worst is not None:
        lon, lat = frame.to_lonlat(np.array(worst.place_xy))[0]
        lines[0] += f" No drone can come to {lat:.5f}° N, {lon:.5f}° E: there is no legal way in this wind."
    if verdict.answer not in ("true", "void"):
        speed = (
            f"At {one.speed_mps:.1f} m/s in place of {verdict.airframe.speed_mps:g} m/s it would be true."
            if one.speed_mps is not None
            else f"No speed makes it true: {one.speed_why}."
        )
        lines[0] += f" {speed} More bases: {bases_words(one.missing)}."
    return lines
