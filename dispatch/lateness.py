"""A drone that is late: how late, told from its pace, and who serves its incident then, in the same event.

Two paces are seen. What its plan counts for the part that is flown (speeding up and turning back included), by how long
that took, is slow to change and sure: by it a drone is found late. What its plan counts for the next few seconds at the
speed that it has is what the rest will take: by it the commander's question is answered, who is soonest now. Either
another drone goes at once, or a decision in the log says why the late one keeps its incident.
"""

from dataclasses import dataclass, replace

from dispatch import reasons, safety
from dispatch.contingency import lacking
from dispatch.decide import assess, decision_id, ranked
from dispatch.draft import Draft
from dispatch.handover import arrives_at_s, give_away
from dispatch.model import Decision, Incident, Option, Situation, Sortie, SortieState
from dispatch.sorties import LATE_S
from geo.airframe import Airframe
from geo.flight import FlightPlan, FlightTime, passed_s
from geo.wind import Wind, wind_along

KEPT = "late-kept"
"""The policy of a decision that leaves a late drone its incident."""

LATE_DEADLINES, LATE_SHARE = 2.0, 0.15
"""A drone is late if it will be there more than the greater of these after its time: so many ``command_deadline_s`` (16
s in real time; orders take wall time, so this stretches where time runs faster), the share of the whole flight."""

LEAST_FLOWN_DEADLINES, SLOWEST_SHARE = 1.5, 0.05
"""So many ``command_deadline_s`` it must have flown (12 s in real time), and no slower pace is believed."""

AHEAD_S = 5.0
"""So far its plan is looked ahead for the pace that it has now: a corner is passed by then."""

TOLD_STEP_S, TOLD_SHARE = 10.0, 0.15
"""Its time is told anew where it differs by more than the greater of these: seconds, the share of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a drone comes on along its way out. Paces are seconds of its plan a second, 1 at most."""

    promised_at_s: float
    """When it will see its scene, as planned."""
    now_s: float
    left_m: float
    rest_s: float
    """What its plan counts from here until it is there."""
    slew_s: float
    pace: float
    """Since it was told to fly."""
    pace_now: float

    def late_s(self, pace: float) -> float:
        """How much later than planned it will be there if the rest is flown at this pace."""
        return max(0.0, self.now_s + self.rest_s / pace + self.slew_s - self.promised_at_s)


def progress(
    sortie: Sortie, airframe: Airframe, left_m: float, speed_mps: float, now_s: float, least_flown_s: float
) -> Progress | None:
    """What is seen of a sortie en route with ``left_m`` of its way left; None where it has flown for less than
    ``least_flown_s``, too little to tell."""
    time, on_way_s = sortie.out.time, sortie.steps[-1].at_s if sortie.steps else 0.0
    flown_s = now_s - max(sortie.planned_at_s, on_way_s)
    if flown_s < least_flown_s:
        return None
    before_s = time.start_s + (time.turnout_s if sortie.planned_at_s >= on_way_s else 0.0)
    all_s = before_s + time.cruise_s + time.arrive_s
    planned_s = min(all_s, before_s + passed_s(sortie.out, airframe, left_m))
    return Progress(
        promised_at_s=sortie.planned_at_s + time.total_s,
        now_s=now_s,
        left_m=left_m,
        rest_s=all_s - planned_s,
        slew_s=time.slew_s,
        pace=_believed(planned_s / flown_s),
        pace_now=_believed(pace_ahead(sortie.out, airframe, left_m, speed_mps)),
    )


def pace_ahead(plan: FlightPlan, airframe: Airframe, left_m: float, speed_mps: float) -> float:
    """What the plan counts for the next metres by how long they take at this speed. Near a corner, where the plan is
    slow as well, a drone that keeps its plan has a pace of about 1, too."""
    ahead_m = min(left_m, speed_mps * AHEAD_S)
    if ahead_m <= 0.0:
        return 0.0
    counted_s = passed_s(plan, airframe, left_m - ahead_m) - passed_s(plan, airframe, left_m)
    return counted_s * speed_mps / ahead_m


def _believed(pace: float) -> float:
    return min(1.0, max(SLOWEST_SHARE, pace))


def keep_time(draft: Draft, sortie: Sortie) -> None:
    """A drone that is late: its time is told anew, and in the same event it is answered who serves its incident.

    Who comes on, if slowly, has the time that it needs: it is not given up where nobody is sooner.
    """
    if not _can_tell(draft, sortie):
        return
    seen, late_s, left_s = _seen(draft, sortie), 0.0, 0.0
    if seen is not None and _is_late(draft, sortie, seen):
        late_s, left_s = seen.late_s(seen.pace_now), seen.rest_s / seen.pace_now
    if abs(late_s - sortie.late_s) < max(TOLD_STEP_S, TOLD_SHARE * left_s):
        return
    sortie = replace(sortie, late_s=late_s)
    if seen is not None and seen.pace_now > SLOWEST_SHARE and sortie.deadline_at_s is not None:
        sortie = replace(sortie, deadline_at_s=max(sortie.deadline_at_s, arrives_at_s(sortie) + LATE_S))
    draft.put(sortie)
    if seen is not None and late_s >= _much_s(draft, sortie):
        _answer(draft, sortie, seen, say_kept=True)


def look_again(draft: Draft, sortie: Sortie) -> None:
    """A late drone was left its incident: another may be sooner since, being free again."""
    if not _can_tell(draft, sortie) or sortie.late_s < _much_s(draft, sortie):
        return
    seen = _seen(draft, sortie)
    if seen is not None:
        _answer(draft, sortie, seen, say_kept=False)


def _can_tell(draft: Draft, sortie: Sortie) -> bool:
    """Whether it is on its way out and is heard: the last speed of a silent drone is no news."""
    state = draft.states.get(sortie.drone_id)
    heard = state is not None and state.connected and state.position is not None
    return heard and sortie.state is SortieState.EN_ROUTE and not sortie.held and sortie.yields is None


def _seen(draft: Draft, sortie: Sortie) -> Progress | None:
    state = draft.states[sortie.drone_id]
    assert state.position is not None
    left_m = safety.left_m(draft.frame, draft.frame.xy(state.position), sortie.out)
    least_s = LEAST_FLOWN_DEADLINES * draft.rules.command_deadline_s
    return progress(sortie, draft.airframe(sortie.drone_id), left_m, state.ground_speed_mps, draft.now_s, least_s)


def _much_s(draft: Draft, sortie: Sortie) -> float:
    return max(LATE_DEADLINES * draft.rules.command_deadline_s, LATE_SHARE * sortie.out.time.total_s)


def _is_late(draft: Draft, sortie: Sortie, seen: Progress) -> bool:
    """By both paces, so that neither what is over nor a moment makes a drone late; once told so, by the first."""
    much_s = _much_s(draft, sortie)
    return seen.late_s(seen.pace) >= much_s and (sortie.late_s > 0.0 or seen.late_s(seen.pace_now) >= much_s)


def _answer(draft: Draft, sortie: Sortie, seen: Progress, *, say_kept: bool) -> None:
    """Who has the incident now: whoever else would be sent, if that drone is ``preempt_gain_s`` sooner over it than the
    late one, else the late one."""
    incident = draft.incidents.get(sortie.incident_id or "")
    if incident is None:
        return
    left_s = arrives_at_s(sortie) - draft.now_s
    on = replace(draft.situation, wind=_wind_seen(draft, sortie, seen))
    options = ranked(option for option in assess(on, incident, {}) if option.drone_id != sortie.drone_id)
    other = _soonest(on, incident, options, left_s - draft.rules.preempt_gain_s)
    if other is not None and other.time is not None:
        there_s = other.time.total_s
        why = f"{sortie.late_s:.0f} s late, there in {left_s:.0f} s: {other.drone_id} would be there in {there_s:.0f} s"
        give_away(draft, sortie, why)
    elif say_kept:
        itself = Option(
            drone_id=sortie.drone_id,
            time=FlightTime(cruise_s=max(0.0, left_s)),
            distance_m=seen.left_m,
            from_state=sortie.state.value,
        )
        decision = Decision(
            id=decision_id(incident),
            incident_id=incident.id,
            at_s=draft.now_s,
            drone_id=sortie.drone_id,
            options=ranked((itself, *options)),
            policy=KEPT,
            why=reasons.kept(sortie.drone_id, sortie.late_s, left_s, options, draft.rules.preempt_gain_s),
        )
        draft.decided(decision, on)


def _soonest(on: Situation, incident: Incident, options: tuple[Option, ...], within_s: float) -> Option | None:
    """The first of the ranked options that is taken from nobody, is there within that time and can break off anywhere;
    None where there is none."""
    for option in options:
        if option.out is not None or option.preempts is not None or option.time is None:
            continue
        if option.time.total_s >= within_s:
            return None
        if lacking(on, option.drone_id, incident.position) is None:
            return option
    return None


def _wind_seen(draft: Draft, sortie: Sortie, seen: Progress) -> Wind:
    """The wind that the others would meet: what holds the late drone up is taken for wind as long as it is one to fly
    in, and for the drone's own trouble beyond."""
    plan, place, wind = sortie.out, draft.states[sortie.drone_id].position, draft.situation.wind
    if not plan.legs or place is None or seen.pace_now == 1.0:
        return wind
    airframe, leg = draft.airframe(sortie.drone_id), plan.legs[safety.leg_on(draft.frame, draft.frame.xy(place), plan)]
    blows = wind_along(wind, leg.course_deg, airframe.airspeed_mps, seen.pace_now * leg.ground_speed_mps)
    return blows if blows.speed_mps <= airframe.wind_limit_mps else wind
