"""The watch over drones in the air: plans keep them apart (:mod:`dispatch.layers`), and plans err.

Twice a second the predicted ways of all drones are looked at for the next seconds, from where telemetry has them. Where
two would meet, the one whose turn is later yields: it holds, well before the place, until the other has passed. A
total order says whose turn it is, so no two wait for each other. Where holding would not help (the other stays where
it is, or comes towards it) the drone changes to a layer that is free, on the spot. Every hold has a deadline, at which
such a layer is looked for again. It is only ended when the way ahead is free for longer than what it was begun for.
"""

from dataclasses import replace

import numpy as np

from dispatch.contingency import lacking_along
from dispatch.draft import Draft
from dispatch.events import Hold
from dispatch.layers import fits, heights_from, low_on_battery
from dispatch.model import Situation, Sortie, SortieState, Yielding
from dispatch.outbound import AT_CRUISE_HEIGHT_M, way_at
from dispatch.sky import between, frame_of
from dispatch.sorties import fly_out, go_home, replan, way_home
from dispatch.traffic import OVER_BASE_M, STAYS_S, Array, traffic
from geo.kernels.traffic import clashes, least_wait_s
from geo.separation import LEAST_HORIZONTAL_M, LEAST_VERTICAL_M

WATCH_S = 0.5

AHEAD_S, CLEAR_S = 20.0, 35.0
"""So far ahead drones must be apart, and so far ahead before one that waits goes on. At 20 m/s a drone needs 6 s and
60 m to stop."""

NOW_S = 1.0
"""How far off, in seconds, a drone's place on its way may be while it is heard."""

WATCHED_M, WATCHED_IN_HEIGHT_M = LEAST_HORIZONTAL_M + 5.0, LEAST_VERTICAL_M + 2.0
"""What the watch keeps: less than what plans keep, so that it leaves alone what goes to plan."""

HOLD_S = 30.0
"""After so long a hold another layer is looked for, and again after as long."""

LEAST_HOLD_S = 3.0
OBEYS_S = 8.0
"""A drone that is told to hold and still moves after this is told again."""

STILL_MPS = 1.0
REACTS_S = 1.0

_MOVES = frozenset({SortieState.EN_ROUTE, SortieState.RETURNING})
_ON_DOCK = frozenset({SortieState.DECIDED})


def keep_apart(draft: Draft) -> None:
    """Who would come too near to another within seconds holds or changes its height; who waited goes on."""
    for drone_id in sorted(draft.sorties):
        if draft.sorties[drone_id].yields is not None:
            _wait_or_go(draft, draft.sorties[drone_id])
    situation = draft.situation
    ahead = traffic(situation, situation.drones)
    if len(ahead.drone_ids) < 2:
        return
    pieces, first = ahead.pieces(AHEAD_S, NOW_S)
    pairs, when_s = clashes(pieces, first, WATCHED_M, WATCHED_IN_HEIGHT_M)
    for k in np.argsort(when_s, kind="stable").tolist():
        here, there = sorted((ahead.drone_ids[n] for n in pairs[k].tolist()), key=lambda id_: _turn(situation, id_))
        waiting = draft.sorties.get(there)
        if waiting is None or waiting.yields is None:
            _yield(draft, there, here)
        elif not _change_layer(draft, waiting, f"makes way for {here}") and when_s[k] > draft.now_s + NOW_S:
            _yield(draft, here, there)  # where it waits it is in the way, and cannot leave: it goes first


def _turn(situation: Situation, drone_id: str) -> tuple[int, int, float, str]:
    """Whose turn it is: who cannot wait, the low on battery, the most urgent, the earlier. No two are equal."""
    sortie, state = situation.sorties.get(drone_id), situation.states[drone_id]
    if sortie is None or not _can_wait(situation, sortie):
        return 0, 0, 0.0, drone_id
    began_s = sortie.steps[0].at_s if sortie.steps else 0.0
    if state.in_air and low_on_battery(situation, drone_id):
        return 1, 0, began_s, drone_id
    incident = situation.incidents.get(sortie.incident_id or "")
    return (3, 0, began_s, drone_id) if incident is None else (2, incident.priority, began_s, drone_id)


def _can_wait(situation: Situation, sortie: Sortie) -> bool:
    """Whether the drone can be told to wait: it stands on its dock, or flies along and is heard, not over its base."""
    if sortie.state in _ON_DOCK:
        return True
    state = situation.states[sortie.drone_id]
    if sortie.state not in _MOVES or sortie.held or not state.connected or state.position is None:
        return False
    if sortie.state is SortieState.EN_ROUTE or sortie.yields is not None:
        return True
    base = situation.bases[sortie.home_base_id]
    return frame_of(situation).distance_m(state.position, base.position) > OVER_BASE_M


def _yield(draft: Draft, drone_id: str, to: str) -> None:
    sortie = draft.sorties.get(drone_id)
    if sortie is None or sortie.state not in _MOVES or sortie.yields is not None or draft.ordered(drone_id):
        return  # on its dock it waits by itself; else both are past waiting
    if not _can_wait(draft.situation, sortie):
        return
    waits_in_vain = _relieves(draft, sortie, to) or not _may_stop(draft, sortie)
    if waits_in_vain and _change_layer(draft, sortie, f"keeps clear of {to}"):
        return
    waits = Yielding(to=to, since_s=draft.now_s, until_s=draft.now_s + HOLD_S)
    draft.put(replace(sortie, yields=waits, moving=False, attempts=0))
    draft.order(Hold(drone_id=drone_id, sortie_id=sortie.id))


def _wait_or_go(draft: Draft, sortie: Sortie) -> None:
    """The next step of a drone that waits."""
    waits, state = sortie.yields, draft.states[sortie.drone_id]
    assert waits is not None
    if sortie.state not in _MOVES or sortie.held:
        draft.put(replace(sortie, yields=None))
        return
    waited_s, why = draft.now_s - waits.since_s, f"has let {waits.to} pass"
    if waited_s < LEAST_HOLD_S or not state.connected:
        return
    if _free(draft, replace(sortie, yields=None), CLEAR_S):
        _go_on(draft, sortie, why)
    elif draft.now_s >= waits.until_s:
        if _change_layer(draft, sortie, f"keeps clear of {waits.to}"):
            return
        if _free(draft, replace(sortie, yields=None), CLEAR_S, of_waiting=False):
            _go_on(draft, sortie, f"its turn is before those that wait with it, {waits.to} among them")
        else:
            draft.put(replace(sortie, yields=replace(waits, until_s=draft.now_s + HOLD_S)))
    elif state.ground_speed_mps > STILL_MPS and waited_s % OBEYS_S < WATCH_S and waited_s > OBEYS_S:
        draft.order(Hold(drone_id=sortie.drone_id, sortie_id=sortie.id))


def _go_on(draft: Draft, sortie: Sortie, why: str) -> None:
    sortie = replace(sortie, yields=None)
    draft.put(sortie)
    if sortie.state is SortieState.EN_ROUTE:
        replan(draft, sortie, why)
    else:
        go_home(draft, sortie, why)


def _relieves(draft: Draft, sortie: Sortie, drone_id: str) -> bool:
    """Whether ``drone_id`` is on scene where this drone flies to, and stays until it is there."""
    incident = draft.incidents.get(sortie.incident_id or "")
    first = draft.sortie(incident.sortie_id) if incident is not None and incident.relief_id == sortie.id else None
    return first is not None and first.drone_id == drone_id


def _may_stop(draft: Draft, sortie: Sortie) -> bool:
    """Whether nobody whose turn it is comes by where this drone would come to a halt."""
    pieces = _pieces(draft.situation, sortie, AHEAD_S)
    speed_mps = draft.states[sortie.drone_id].ground_speed_mps
    halts_s = draft.now_s + REACTS_S + speed_mps / (2 * draft.airframe(sortie.drone_id).acceleration_mps2)
    at = int(np.argmin(np.abs((pieces[:, 0] + pieces[:, 1]) / 2 - halts_s)))
    halt = pieces[at].copy()
    halt[2:8] = np.tile((pieces[at, 2:5] + pieces[at, 5:8]) / 2, 2)
    halt[:2] = draft.now_s, draft.now_s + STAYS_S
    return _apart(draft, sortie, halt[None, :], CLEAR_S)


def _free(draft: Draft, sortie: Sortie, ahead_s: float, *, of_waiting: bool = True) -> bool:
    """Whether the way of this sortie is free of those whose turn is before its own, and of all that wait.

    Without ``of_waiting``, of those in the air only whose turn is before its own: of drones that stopped too near to
    each other and wait for each other, the first in turn is always free, and leaves; who stands on a dock can wait.
    """
    return _apart(draft, sortie, _pieces(draft.situation, sortie, ahead_s), ahead_s, of_waiting=of_waiting)


def _apart(draft: Draft, sortie: Sortie, mine: Array, ahead_s: float, *, of_waiting: bool = True) -> bool:
    situation = draft.situation
    turn = _turn(situation, sortie.drone_id)
    waiting = {id_ for id_, other in situation.sorties.items() if other.yields is not None}
    before = [
        id_
        for id_ in situation.drones
        if id_ != sortie.drone_id
        and (_turn(situation, id_) < turn or (of_waiting and id_ in waiting))
        and (of_waiting or situation.states[id_].in_air)
    ]
    others, _ = traffic(situation, before).pieces(ahead_s, NOW_S)
    return not len(others) or least_wait_s(mine, others, WATCHED_M, WATCHED_IN_HEIGHT_M, STAYS_S) <= 0.0


def _pieces(situation: Situation, sortie: Sortie, ahead_s: float) -> Array:
    one = replace(situation, sorties={sortie.drone_id: sortie})
    return traffic(one, [sortie.drone_id]).pieces(ahead_s, NOW_S)[0]


def _change_layer(draft: Draft, sortie: Sortie, why: str) -> bool:
    """Go on in the nearest layer that is free, if there is one."""
    situation, state = draft.situation, draft.states[sortie.drone_id]
    changing = abs(state.height_m - sortie.out.height_m) > AT_CRUISE_HEIGHT_M
    if state.position is None or (changing and sortie.yields is None) or draft.ordered(sortie.drone_id):
        return False
    here = draft.frame.xy(state.position)[None, :]
    lowest_m = min(draft.rules.cruise_height_m, sortie.out.height_m)
    heights = [h for h in heights_from(draft.rules, lowest_m) if abs(h - sortie.out.height_m) > AT_CRUISE_HEIGHT_M]
    for height_m in sorted(heights, key=lambda h: (abs(h - sortie.out.height_m), h)):
        low_m, high_m = sorted((height_m, state.height_m))
        if between(situation, low_m, high_m).blocked(here, here)[0]:
            continue
        changed = _at_height(draft, sortie, height_m)
        if changed is not None and _free(draft, changed, CLEAR_S):
            draft.put(changed)
            if changed.state is SortieState.EN_ROUTE:
                fly_out(draft, changed, f"{why}: {height_m:.0f} m")
            else:
                go_home(draft, changed, f"{why}: {height_m:.0f} m")
            return True
    return False


def _at_height(draft: Draft, sortie: Sortie, height_m: float) -> Sortie | None:
    """The sortie as it goes on at another height from here; None where it cannot."""
    situation, state = draft.situation, draft.states[sortie.drone_id]
    airframe = draft.airframe(sortie.drone_id)
    sortie = replace(sortie, yields=None, mission=None)
    if sortie.state is SortieState.RETURNING:
        sortie = replace(sortie, out=replace(sortie.out, height_m=height_m))
        found = way_home(draft, sortie)
        return None if found is None else replace(sortie, home_base_id=found[0], home=found[1])
    incident = situation.incidents.get(sortie.incident_id or "")
    plan = way_at(situation, airframe, state, incident.position, height_m) if incident is not None else None
    if incident is None or plan is None or not fits(situation, sortie.drone_id, incident, plan):
        return None
    if lacking_along(situation, sortie.drone_id, plan) is not None:
        return None
    return replace(sortie, out=plan, planned_at_s=draft.now_s)
