"""An incident goes from one drone to another while the first is still about: by an operator's word, because another
would be there much sooner, or because a drone that was given up for lost is heard again nearer to it."""

from dispatch.contingency import lacking
from dispatch.decide import assess, decision_id, ranked
from dispatch.draft import Draft
from dispatch.model import Decision, DroneState, Incident, IncidentStatus, Reason, Sortie, SortieState
from dispatch.sorties import LINK_LOST, adopt, go_home, send

LINK_REGAINED = "link-regained"
"""The policy of a decision for a drone that was given up for lost and is heard again."""

BY_ITSELF = frozenset({"RETURN_TO_LAUNCH", "LAND"})
"""Modes that an autopilot takes of its own accord; we never order the first."""


def hand_to(draft: Draft, incident: Incident, drone_id: str, policy: str, why: str) -> Reason | None:
    """Send this drone instead of the one that serves the incident, which comes home (once it is relieved, if it is on
    scene); why not, if it cannot go."""
    on = draft.situation
    options = assess(on, incident, {}, by_hand=drone_id)
    pick = next(option for option in options if option.drone_id == drone_id)
    out = pick.out or lacking(on, drone_id, incident.position)
    if out is not None:
        return out
    decision = Decision(
        id=decision_id(incident),
        incident_id=incident.id,
        at_s=draft.now_s,
        drone_id=drone_id,
        options=ranked(options),
        policy=policy,
        why=why,
    )
    relieves = incident.status is IncidentStatus.ON_SCENE and not incident.route
    for sortie in draft.serving(incident):
        if sortie.id == incident.relief_id or not relieves:
            go_home(draft, sortie, f"{drone_id} takes over {incident.id}")
    draft.decided(decision, on)
    send(draft, decision)
    return None


def another_can(draft: Draft, sortie: Sortie) -> bool:
    """Whether a drone that is free could serve the incident of ``sortie``."""
    incident = draft.incidents.get(sortie.incident_id or "")
    if incident is None:
        return False
    options = assess(draft.situation, incident, {})
    return any(o.out is None and o.preempts is None and o.drone_id != sortie.drone_id for o in options)


def give_away(draft: Draft, sortie: Sortie, why: str) -> None:
    """The incident is decided again without this drone, which comes home."""
    draft.reopen(sortie, without=sortie.drone_id)
    go_home(draft, sortie, why)


def arrives_at_s(sortie: Sortie) -> float:
    """When it is expected on scene: as planned, and as much later as its flight has shown since."""
    return sortie.planned_at_s + sortie.out.time.total_s + sortie.late_s


def take_back(draft: Draft, state: DroneState) -> None:
    """A drone that was given up for lost is heard again, and its autopilot still flies what it was told.

    It goes on with its incident if it will be there sooner than whoever was sent instead, who comes home; else it comes
    home itself.
    """
    lost = draft.sorties.get(state.drone_id)
    if lost is None or lost.state is not SortieState.FAILED or not lost.steps[-1].why.startswith(LINK_LOST):
        return
    incident = draft.incidents.get(lost.decision_id.rpartition(".")[0])
    if incident is None or incident.status not in (IncidentStatus.OPEN, IncidentStatus.ASSIGNED):
        return
    if not (state.in_air and state.armed) or state.mode in BY_ITSELF or state.position is None:
        return
    regained = adopt(draft, state.drone_id)
    other = draft.sortie(incident.sortie_id)
    left_s = float("inf") if other is None else arrives_at_s(other) - draft.now_s
    on, gain_s = draft.situation, draft.rules.reroute_gain_s
    options = assess(on, incident, {}, by_hand=state.drone_id)
    pick = next(option for option in options if option.drone_id == state.drone_id)
    nearer = pick.time is not None and pick.time.total_s + gain_s < left_s
    why = f"{state.drone_id} is heard again and is nearer"
    if not nearer or hand_to(draft, incident, state.drone_id, LINK_REGAINED, why) is not None:
        go_home(draft, regained, "link regained; another serves its incident")
