"""At which height, and after which wait, a drone leaves its dock so that it meets no other.

Two drones are kept 30 m apart horizontally or 10 m in height all along their predicted ways (:mod:`dispatch.traffic`).
The newcomer yields: it takes the lowest layer (the height that it would fly at alone, and every ``layer_step_m`` above
it) at which its own way comes near nobody's, or waits on its dock, whichever sees its goal sooner. A drone that stands
on its dock for a less urgent incident is no obstacle: it yields when its own turn comes. Nor is the descent of one that
still flies home: it waits beside its base for its turn (:mod:`dispatch.separation`).
"""

import math
from collections.abc import Iterator
from dataclasses import replace

from dispatch.contingency import lacking_along
from dispatch.model import Incident, Rules, Situation, Sortie, SortieState
from dispatch.outbound import way_at
from dispatch.planning import errand, home_amsl_m, home_for, usable_wh
from dispatch.sky import highest_layer_m
from dispatch.traffic import Array, traffic
from dispatch.watch import stint_s
from geo.flight import FlightPlan, landing_energy_wh
from geo.kernels.traffic import least_wait_s
from geo.separation import LEAST_HORIZONTAL_M, LEAST_VERTICAL_M

TRACKING_M = 5.0
"""How far a drone may be off the line of its plan: it cuts a corner by up to 7 m (acceptance radius 10 m), on a leg PX4
stays within 1 m, and satellites place it within 2 to 3 m."""

HEIGHT_M = 1.5
"""How far its height may be off: PX4 was never more than 0.4 m above its height; barometers drift by a metre."""

APART_M = LEAST_HORIZONTAL_M + 2 * TRACKING_M
APART_IN_HEIGHT_M = LEAST_VERTICAL_M + 2 * HEIGHT_M
"""What plans keep: the limits, and the errors of both drones."""

MOST_WAIT_S = 120.0
"""A wait is looked for up to this; after it the drone looks again."""

WAIT_STEP_S = 0.5

LOW_SHARE = 0.05
"""So much of a battery above its reserve is little."""

LOOKS_AHEAD_S = 60.0
"""So far ahead a drone looks before it is told to take off; what lies behind that was looked at when it was sent."""


def parted(situation: Situation, sortie: Sortie, incident: Incident, plan: FlightPlan) -> FlightPlan:
    """``plan``, or the same flight higher up or later, such that it meets nobody.

    ``sortie`` stands on its dock until its deadline. Only heights are offered at which the flight is legal, clears the
    terrain, has a contingency and fits the battery. Where nothing is free the wait is :data:`MOST_WAIT_S`.
    """
    others = _first_to_go(situation, sortie, incident)
    if not len(others):
        return plan
    best, sooner_s = replace(plan, time=replace(plan.time, wait_s=MOST_WAIT_S)), math.inf
    for layer in _layers(situation, sortie.drone_id, incident, plan):
        higher_s = layer.time.total_s - plan.time.total_s
        if higher_s >= sooner_s:
            break
        mine = _pieces(situation, replace(sortie, out=layer, mission=None))
        wait_s = float(least_wait_s(mine, others, APART_M, APART_IN_HEIGHT_M, MOST_WAIT_S))
        wait_s = math.ceil(wait_s / WAIT_STEP_S) * WAIT_STEP_S if math.isfinite(wait_s) else math.inf
        if wait_s + higher_s < sooner_s:
            best, sooner_s = replace(layer, time=replace(layer.time, wait_s=wait_s)), wait_s + higher_s
    return best


def clear_to_go(situation: Situation, sortie: Sortie, incident: Incident) -> bool:
    """Whether the sortie, which stands on its open dock, meets nobody at first if it goes as planned."""
    others = _first_to_go(situation, sortie, incident, LOOKS_AHEAD_S)
    mine = _pieces(situation, sortie, LOOKS_AHEAD_S)
    return not len(others) or least_wait_s(mine, others, APART_M, APART_IN_HEIGHT_M, MOST_WAIT_S) <= 0.0


def heights_from(rules: Rules, lowest_m: float) -> list[float]:
    """The layers that a drone may choose from whose flight alone would be at ``lowest_m``."""
    room_m = highest_layer_m(rules) - lowest_m
    return [lowest_m + k * rules.layer_step_m for k in range(1 + max(0, int(room_m / rules.layer_step_m + 1e-9)))]


def _layers(situation: Situation, drone_id: str, incident: Incident, plan: FlightPlan) -> Iterator[FlightPlan]:
    """``plan``, then the same flight in higher and higher layers."""
    yield plan
    airframe, state = situation.airframes[situation.drones[drone_id].airframe], situation.states[drone_id]
    for height_m in heights_from(situation.rules, plan.height_m)[1:]:
        layer = way_at(situation, airframe, state, incident.position, height_m)
        if layer is None or not fits(situation, drone_id, incident, layer):
            continue
        if lacking_along(situation, drone_id, layer) is None:
            yield layer


def fits(situation: Situation, drone_id: str, incident: Incident, plan: FlightPlan) -> bool:
    """Whether out, watch and home at this height fit the battery less the reserve."""
    airframe, state = situation.airframes[situation.drones[drone_id].airframe], situation.states[drone_id]
    task = errand(situation, airframe, incident, plan.height_m, home_amsl_m(situation, state))
    if task is None:
        return False
    there_wh = plan.energy_wh + task.on_scene_wh(stint_s(incident, situation.now_s, situation.rules), airframe)
    spare_wh = usable_wh(state, airframe, situation.temperature_c) - there_wh
    spare_wh -= landing_energy_wh(plan.height_m, airframe)
    home = home_for(situation, drone_id, task.homes, spare_wh)
    return home is not None and task.homes[home].energy_wh <= spare_wh


def _first_to_go(situation: Situation, sortie: Sortie, incident: Incident, within_s: float = math.inf) -> Array:
    """The pieces of all that a drone on its dock keeps clear of."""
    mine = _turn(incident, sortie)

    def goes_first(drone_id: str) -> bool:
        other = situation.sorties.get(drone_id)
        if drone_id == sortie.drone_id:
            return False
        if other is None or other.state is not SortieState.DECIDED:
            return True
        its = situation.incidents.get(other.incident_id or "")
        return its is not None and _turn(its, other) < mine

    ahead = traffic(situation, filter(goes_first, situation.drones))
    low = [id_ for id_ in ahead.drone_ids if low_on_battery(situation, id_)]
    return ahead.without_descents(but=low).pieces(within_s)[0]


def low_on_battery(situation: Situation, drone_id: str) -> bool:
    """Whether a drone in the air has so little above its reserve that it goes before all others."""
    airframe = situation.airframes[situation.drones[drone_id].airframe]
    return situation.states[drone_id].battery_share <= airframe.reserve_share + LOW_SHARE


def _turn(incident: Incident, sortie: Sortie) -> tuple[int, float, str]:
    """Whose turn it is of drones on their docks: the most urgent, then the first decided; no two are equal."""
    return incident.priority, sortie.steps[0].at_s if sortie.steps else math.inf, sortie.drone_id


def _pieces(situation: Situation, sortie: Sortie, within_s: float = math.inf) -> Array:
    alone = traffic(replace(situation, sorties={sortie.drone_id: sortie}), [sortie.drone_id])
    return alone.without_descents().pieces(within_s)[0]
