"""How long a point is watched: what was asked for, what is left of it, and when nobody was there.

``watch_s`` counts from the first arrival; what nobody watched is made up for at the end.
"""

import math
from dataclasses import replace

from dispatch.model import Gap, Incident, IncidentStatus, Rules


def unwatched_s(incident: Incident, now_s: float) -> float:
    """For how long nobody was on scene since somebody first was."""
    return sum((now_s if gap.until_at_s is None else gap.until_at_s) - gap.from_at_s for gap in incident.gaps)


def stays(incident: Incident) -> tuple[float, float]:
    """For how long, and until when, somebody who is there or comes there now is expected to stay: the one or the other.

    The end of the watch is certain. That a drone must leave before is only foreseen, and a relief may not count on it.
    """
    began_s = incident.clocks.on_scene_at_s
    if began_s is None or incident.route:
        return incident.watch_s, -math.inf
    if incident.gaps and (gap := incident.gaps[-1]).until_at_s is None:
        return left_s(incident, gap.from_at_s), -math.inf
    return 0.0, began_s + incident.watch_s + unwatched_s(incident, began_s)


def left_s(incident: Incident, now_s: float) -> float:
    """How much of the watch is left. A patrol flies its points and watches the last all over again."""
    began_s = incident.clocks.on_scene_at_s
    if began_s is None or incident.route:
        return incident.watch_s
    return max(0.0, began_s + incident.watch_s + unwatched_s(incident, now_s) - now_s)


def stint_s(incident: Incident, now_s: float, rules: Rules) -> float:
    """How long one drone must be able to watch to be sent: the rest, or a relay's least stint of it.

    A patrol is one drone's work.
    """
    left = left_s(incident, now_s)
    return left if incident.route else min(left, rules.relay_stint_s)


def wants_relief(incident: Incident, now_s: float) -> bool:
    """Whether another drone must be sent now, so that it is on scene before the one there has to leave."""
    due = incident.relay is not None and now_s >= incident.relay.call_at_s
    return due and incident.status is IncidentStatus.ON_SCENE and incident.relief_id is None


def waits(incident: Incident, now_s: float) -> bool:
    """Whether a drone is to be decided for it now: it has none, or needs the next."""
    return incident.status is IncidentStatus.OPEN or wants_relief(incident, now_s)


def lost(incident: Incident, now_s: float) -> Incident:
    """Nobody is on scene any more."""
    if incident.status is not IncidentStatus.ON_SCENE:
        return incident
    return replace(incident, gaps=(*incident.gaps, Gap(from_at_s=now_s)), relay=None)


def found(incident: Incident, now_s: float) -> Incident:
    """Somebody is on scene (again)."""
    closed = tuple(replace(gap, until_at_s=now_s) if gap.until_at_s is None else gap for gap in incident.gaps)
    return replace(incident, gaps=closed)
