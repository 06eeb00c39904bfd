"""What happens to a sortie when its vehicle does not do in time what it was told, refuses it, or falls silent."""

from dataclasses import replace

from dispatch import circling, relay
from dispatch.draft import Draft
from dispatch.events import Hold, Land, Refused, StandDown
from dispatch.handover import another_can, give_away
from dispatch.model import DroneState, Sortie, SortieState
from dispatch.orders import order_way
from dispatch.sorties import (
    LATE_S,
    LINK_LOST,
    ON_GROUND_AFTER,
    ON_GROUND_BEFORE,
    fail,
    go_home,
    land,
    launch_when_clear,
    release,
    way_home,
    way_out,
)

TRIES = 3
"""So often a vehicle is told the same before the next worse step is taken."""

PATIENCE_SHARE = 1 / 8
"""Of ``command_deadline_s``: so long something must be wrong before it is acted upon (1 s in real time)."""


def supervise(draft: Draft, sortie: Sortie) -> None:
    """The next step for a sortie whose link is lost or whose deadline has passed."""
    if sortie.state in ON_GROUND_AFTER:
        return
    state, rules = draft.states.get(sortie.drone_id), draft.rules
    if state is None:  # the engine has just started: the silence counts from now, and vehicles need time to be found
        state = DroneState(drone_id=sortie.drone_id, seen_at_s=draft.now_s + LATE_S)
        draft.observe((state,))
    silent_s = draft.now_s - state.seen_at_s
    if silent_s > rules.link_lost_s:
        if sortie.incident_id is not None:
            if sortie.state in ON_GROUND_BEFORE:
                draft.order(StandDown(drone_id=sortie.drone_id, sortie_id=sortie.id))
            fail(draft, sortie, f"{LINK_LOST}: silent for {silent_s:.0f} s")
        elif sortie.deadline_at_s is not None and draft.now_s > sortie.deadline_at_s + LATE_S:
            draft.withdraw(sortie.drone_id, "link lost on its way home")
            fail(draft, sortie, "link lost on its way home")
        return
    if circling.overdue(draft, sortie):
        circling.again(draft, sortie)
        return
    # for the operator, for another drone, or to be heard for the first time
    waits = sortie.held or sortie.yields is not None or state.position is None
    if waits or sortie.deadline_at_s is None or draft.now_s < sortie.deadline_at_s:
        return
    match sortie.state:
        case SortieState.DECIDED:
            launch_when_clear(draft, sortie)
        case SortieState.COMMANDED:
            _no_start(draft, sortie, "did not take off in time")
        case SortieState.AIRBORNE:
            draft.reopen(sortie, without=sortie.drone_id)
            draft.withdraw(sortie.drone_id, "did not climb to its cruise height")
            land(draft, sortie, "does not climb")
        case SortieState.EN_ROUTE | SortieState.RETURNING | SortieState.LANDING:
            again(draft, sortie, "did not do what it was told")
        case SortieState.ON_SCENE if relay.is_relief(draft, sortie):
            if not relay.hand_over(draft, sortie):
                again(draft, sortie, "is not over the scene")
        case SortieState.ON_SCENE:
            release(draft, sortie, "the watch is over")
        case SortieState.RELEASED:
            go_home(draft, sortie, "a way home has opened")
        case _:
            pass


def refused(draft: Draft, event: Refused) -> None:
    """A vehicle refused an order outright: no need to wait for the deadline. Where it did not answer because it is not
    heard at all, its silence is what is watched."""
    sortie, state = draft.sorties.get(event.drone_id), draft.states.get(event.drone_id)
    if sortie is None or sortie.id != event.sortie_id:
        return
    silent_s = 0.0 if state is None else draft.now_s - state.seen_at_s
    if not event.answered and silent_s > PATIENCE_SHARE * draft.rules.command_deadline_s:
        return
    why = f"{event.order} refused: {event.why}"
    hovers = sortie.held or sortie.yields is not None or sortie.state is SortieState.RELEASED
    if event.order in ("hold", "standdown") or hovers:
        if hovers and event.order == "hold" and sortie.attempts + 1 < TRIES:
            draft.put(replace(sortie, attempts=sortie.attempts + 1))
            draft.order(Hold(drone_id=sortie.drone_id, sortie_id=sortie.id))
        return
    match sortie.state:
        case SortieState.ON_SCENE if event.order == "flyorbit":
            circling.again(draft, sortie)
        case SortieState.DECIDED | SortieState.COMMANDED:
            _no_start(draft, sortie, why)
        case SortieState.EN_ROUTE if event.answered and another_can(draft, sortie):
            give_away(draft, sortie, why)  # its autopilot has been asked several times already
        case SortieState.EN_ROUTE | SortieState.ON_SCENE | SortieState.RETURNING | SortieState.LANDING:
            again(draft, sortie, why)
        case _:
            pass


def _no_start(draft: Draft, sortie: Sortie, why: str) -> None:
    draft.order(StandDown(drone_id=sortie.drone_id, sortie_id=sortie.id))
    draft.withdraw(sortie.drone_id, why)
    fail(draft, sortie, why)


def again(draft: Draft, sortie: Sortie, why: str) -> None:
    """Tell it once more; when that has not helped often enough, take the next worse step."""
    if sortie.attempts + 1 < TRIES:
        tried = replace(sortie, attempts=sortie.attempts + 1, moving=False)
        match sortie.state:
            case SortieState.LANDING:
                state = draft.states[sortie.drone_id]
                down = state.armed and not state.in_air
                draft.put(replace(tried, deadline_at_s=draft.now_s + LATE_S))
                draft.order((StandDown if down else Land)(drone_id=sortie.drone_id, sortie_id=sortie.id))
            case SortieState.ON_SCENE:  # its watch goes on meanwhile
                if relay.is_relief(draft, tried):
                    tried = replace(tried, deadline_at_s=draft.now_s + draft.rules.relay_overlap_s)
                draft.put(tried)
                order_way(draft, tried, tried.out)
            case SortieState.EN_ROUTE if (out := way_out(draft, sortie)) is not None:
                tried = replace(tried, out=out, planned_at_s=draft.now_s)
                draft.put(replace(tried, deadline_at_s=draft.now_s + draft.rules.command_deadline_s))
                order_way(draft, tried, out)
            case SortieState.RETURNING if (found := way_home(draft, sortie)) is not None:
                base_id, home = found
                tried = replace(tried, home_base_id=base_id, home=home)
                draft.put(replace(tried, deadline_at_s=draft.now_s + draft.rules.command_deadline_s))
                order_way(draft, tried, home)
            case _:
                draft.reopen(sortie)
                go_home(draft, sortie, f"{why}: no legal way left")
    elif sortie.state in (SortieState.EN_ROUTE, SortieState.ON_SCENE):
        draft.reopen(sortie, without=sortie.drone_id)
        go_home(draft, sortie, f"{why}, {TRIES} times")
    else:
        draft.withdraw(sortie.drone_id, f"{sortie.state.value}: {why}, {TRIES} times")
        fail(draft, sortie, f"{why}, {TRIES} times")
