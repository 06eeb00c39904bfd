"""A plan in words: what was asked, what was found, how sure it is."""

import math

from api.certificate import share_words
from api.planning.study import Done
from dispatch.placement import Ask, Layout, OpenBase, Proof

MODELS = {
    "cover": "the fewest bases that keep the promise",
    "maxcover": "the most demand covered",
    "expected": "the most demand expected to be covered while drones are busy",
    "median": "the least mean response time",
    "center": "the least worst response time",
    "p90": "the least time within which the share is seen",
    "worst-district": "the best for the worst district",
    "worst-scenario": "the best for the worst scene",
}


def question(ask: Ask) -> str:
    """What was asked, in a sentence without its end."""
    promise = ask.promise
    share = "" if promise.share is None else f"{promise.share * 100:g} % of the demand "
    what = "drones" if ask.goal == "expected" else "bases"
    deep = f", by {promise.times} different bases" if promise.times > 1 else ""
    means = (
        f", {ask.p} new {what}" if ask.p is not None else f", budget {ask.budget:g}" if ask.budget is not None else ""
    )
    within = f"{share}within {promise.within_s:g} s{deep}" if ask.covers or share else ""
    return f"{MODELS[ask.goal]}{': ' + within if within else ''}{means}"


def amount(value: float, unit: str, layout: Layout) -> str:
    """A value of the model with its unit."""
    if not math.isfinite(value):
        return "none"
    match unit:
        case "s":
            return f"{value:,.1f} s"
        case "demand":
            return f"{share_words(min(1.0, value / layout.demand))} of the demand ({value:,.6g})"
        case "share of demand":
            return f"{share_words(value)} of its demand"
        case "bases":
            return f"{value:g} new bases"
        case _:
            return f"{unit} {value:g}"


def marginal_words(base: OpenBase, layout: Layout) -> str:
    """By how much the model's value would be worse without a base."""
    if not math.isfinite(base.marginal):
        return "no end"
    match layout.proof.unit:
        case "s":
            return f"{base.marginal:.1f} s"
        case "share of demand":
            return f"{base.marginal:.1%}"
        case _:  # of the fewest bases it is the demand that counts
            return f"{base.marginal / layout.demand:.1%}"


def proof_words(proof: Proof, layout: Layout) -> str:
    """Value, and how sure it is that no layout is better."""
    value, bound = (amount(number, proof.unit, layout) for number in (proof.value, proof.bound))
    if proof.status == "optimal":
        return f"{value}: proven, no layout is better"
    better = "has more than" if proof.unit in ("demand", "share of demand") else "does with less than"
    gap = f", gap {proof.gap:.2%}" if math.isfinite(proof.gap) else ""
    return f"{value}: the best found; proven is that no layout {better} {bound}{gap}"


def kept(layout: Layout) -> str:
    """What holds of the promise in the layout, by flight truth."""
    promise, clocks = layout.ask.promise, layout.clocks
    deep = f" by {promise.times} bases" if promise.times > 1 else ""
    told = f"{share_words(clocks.within_share)} of the demand is seen within {promise.within_s:g} s{deep}"
    if promise.times > 1:
        told += f", {share_words(clocks.once_share)} by one at least"
    if clocks.closed_share > 0:
        told += f"; {share_words(clocks.closed_share)} lies in closed zones, where no drone may hover"
    if clocks.unseen_share > 0:
        told += f"; {share_words(clocks.unseen_share)} is seen by nobody: too far for the battery, or too much wind"
    return told


def clock_words(layout: Layout) -> str:
    """Mean, median, P90 and worst response."""
    clocks = layout.clocks
    if not math.isfinite(clocks.mean_s):
        return "nothing is seen at all"
    return (
        f"response: mean {clocks.mean_s:.0f} s, median {clocks.median_s:.0f} s, 90 % within {clocks.p90_s:.0f} s, "
        f"worst {clocks.worst_s:.0f} s"
    )


def ignoring_words(done: Done) -> str:
    """How a plan that ignores wind and zones differs, and what it does in truth; empty where that was not asked."""
    told, layout = done.ignoring, done.planned.layout
    if told is None:
        return ""
    without, only_here = ", ".join(told.only_there) or "none", ", ".join(told.only_here) or "none"
    return (
        f"a plan that ignores wind and zones has {len(told.ids)} bases, this one {len(layout.bases)}; only there: "
        f"{without}; only here: {only_here}. It believes that it covers {share_words(told.promised_share)} and covers "
        f"{share_words(told.true_share)}, this one {share_words(layout.clocks.within_share)}"
    )


def ended(done: Done) -> str:
    """What is to be said where it was ended before its time; empty where it was not."""
    if done.stopped:
        return "Stopped by hand: this is the best so far, and the bound holds."
    return ""
