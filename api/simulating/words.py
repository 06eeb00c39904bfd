"""A simulation in words: figures with their intervals, what holds of the promise."""

import math
from dataclasses import replace

from api.simulating.run import Arm, Done
from simulator.city.experiment import Difference, Verdict
from simulator.city.intervals import Interval

HEADLINES = (
    "within_share", "on_scene_mean_s", "on_scene_median_s", "on_scene_p90_s", "on_scene_max_s", "queued_share",
    "lost_share", "first_share", "gained_mean_s", "watched_share", "worst_districts_share", "busy_share",
    "covered_share", "covered_twice_share", "waiting",
)  # fmt: skip
"""The figures that the command line shows, and the report before all the others."""


def number(value: float, unit: str) -> str:
    """A figure with its unit; a dash where it is not known."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    match unit:
        case "share":
            return f"{value:.1%}"
        case "s":
            return f"{value:,.1f} s"
        case "1":
            return f"{value:,.4g}"
        case _:
            return f"{value:,.4g} {unit}"


def between(interval: Interval, unit: str) -> str:
    """A mean with its interval; where one run alone tells it, only what that run had."""
    mean = number(interval.mean, unit)
    if interval.replications < 2:
        return mean
    return f"{mean} [{number(interval.low, unit)}, {number(interval.high, unit)}]"


def promise_words(one: Verdict) -> str:
    """What a promise comes to, in a sentence without its end."""
    who = "all incidents" if one.priority is None else f"priority {one.priority}"
    kept = f"{one.promised * 100:g} % within {one.within_s:g} s"
    told = f"{who}: {kept} is {one.status}, {between(one.share, 'share')}"
    if one.more is not None:
        told += f"; about {one.more:,} replications more would decide it"
    return told


def first_words(arm: Arm) -> str | None:
    """What drones gain over units on the ground, in a sentence without its end; None where these are not known."""
    first, gained_s = arm.runs.interval("first_share"), arm.runs.interval("gained_mean_s")
    if not first.replications:
        return None
    gained_min = replace(gained_s, mean=gained_s.mean / 60, low=gained_s.low / 60, high=gained_s.high / 60)
    return (
        f"a drone is there before the first ground unit at {between(first, 'share')} of incidents to which one comes, "
        f"and gains {between(gained_min, 'min')} on average"
    )


def regret_words(arm: Arm) -> str | None:
    """How far a policy stays behind who knew all calls, in a sentence without its end; None where that is not known."""
    one = arm.regret
    if one is None:
        return None
    told = (
        f"who knew all calls beforehand could have been {between(one.wait_s, 's')} sooner at most on average, and "
        f"within the promise at {between(one.within_share, 'share')} more incidents at most"
    )
    if one.outside_share.mean > 0:
        told += (
            f"; not proven for {number(one.outside_share.mean, 'share')} of them, whose drone was taken away, relieved "
            "or left early, which the bound does not allow for"
        )
    return told


def better_words(one: Difference, first: str, second: str) -> str:
    """Who is better in a figure; empty where neither less nor more is, or where the replications cannot tell."""
    match one.better:
        case "first":
            return first
        case "second":
            return second
        case None if one.interval.low == one.interval.high == 0.0:
            return "the same"
        case None:
            return "not shown" if one.interval.holds(0.0) else ""


NOTE = (
    "The mean over the replications, and in brackets where the truth about this model lies in 95 % of all such "
    "intervals (Student's t). How well the model is the city is not in it."
)


def begun(done: Done) -> str:
    """What was run, in a sentence without its end."""
    runs = len(done.arms[0].runs.kpis)
    layouts = dict.fromkeys(arm.layout for arm in done.arms)
    policies = dict.fromkeys(arm.policy for arm in done.arms)
    count = f"{runs} replications" if runs > 1 else "one replication"
    return f"{count} of {', '.join(layouts)} under {', '.join(policies)}"
